/* Plans -> JSON: the members of each answer of plan.*, in one fixed order and spelling. */
#ifndef API_ENCODE_PLAN_H
#define API_ENCODE_PLAN_H

#include "plan_answer.h"

/* What a summary says besides the answer. */
struct plan_label {
    const char *job, *plan; /* ids; NULL: none */
    const char *state;
    int64_t elapsed_ms;
};

#define PLAN_PARTS(X) X(summary) X(placements) X(unfilled) X(unplaced) X(prices) X(totals)
enum plan_part {
#define X(name) PLAN_PART_##name,
    PLAN_PARTS(X)
#undef X
        PLAN_PART_COUNT
};

/* Members of an open object. `answer` may be NULL in a summary: cancelled before it was begun. */
void encode_plan_summary(struct buf *buf, const struct plan_label *label, const struct plan_question *question,
                         const struct plan_answer *answer);
/* part, offset, limit, total, its rows (or totals), next_offset. */
void encode_plan_page(struct buf *buf, const struct plan_question *question, const struct plan_answer *answer,
                      enum plan_part part, size_t offset, size_t limit);
/* A whole error object, 1003, of an answer that is infeasible. */
void encode_plan_conflict(struct buf *error, const struct plan_label *label, const struct plan_question *question,
                          const struct wm_plan *plan);

/* Two plans of the same tables: the page of moves, with its counts. WM_EMEMORY. */
int encode_plan_comparison(struct buf *buf, const struct wm_dataset *dataset, const struct wm_plan *a,
                           const struct wm_plan *b, size_t offset, size_t limit);
/* value, bound and gap are the verdict's; null where nothing bounds it. */
void encode_plan_verdict(struct buf *buf, const struct wm_faults *faults, const struct wm_plan_verdict *verdict);

#endif
