/* What the files that read a question share: its tables, and how a list is read. */
#ifndef API_PLAN_QUESTION_PARTS_H
#define API_PLAN_QUESTION_PARTS_H

#include "plan_question.h"

enum { PLAN_POINTER_MAX = 200 /* bytes of a pointer into the policy */ };

/* plan_params.c */
extern const struct param plan_lock_members[], plan_forbid_members[], plan_limit_members[], plan_edit_members[];

struct plan_builder {
    struct plan_question *question;
    const struct wm_dataset *dataset;
    const struct params *params;
    const struct plan_base *base; /* NULL: none */
    struct buf *error;
};

/* What one item of a list becomes. */
typedef int plan_read_item(struct plan_builder *build, const struct params *item, const struct place *place,
                           struct slice raw, void *out);
/* Reads every item of a list, each into the next `size` bytes of `out`. 0, or the code of the error put. */
int plan_read_list(struct plan_builder *build, const char *name, const struct param *members, plan_read_item *read,
                   void *out, size_t size);
size_t plan_count_items(struct slice array); /* at == NULL: 0 */

/* plan_policy.c: sets the question's dataset: the one at hand, or that under the policy asked for. */
int plan_set_dataset(struct plan_builder *build, struct wm_dataset *dataset);

#endif
