/*
 * The question of a plan: params of plan.allocate, plan.what_if and plan.check -> what wm_plan_make takes, and one
 * canonical text of it, so that equal questions are known to be equal however they were written. Any thread.
 */
#ifndef API_PLAN_QUESTION_H
#define API_PLAN_QUESTION_H

#include "params.h"
#include "wellmatch_plan.h"

enum {
    PLAN_ID_CAP = 64,
    PLAN_IDS_MAX = 100000,        /* rows of one list; a line is full before */
    PLAN_TEXT_MAX_BYTES = 600000, /* canonical text: a summary repeats it */
    PLAN_DEADLINE_MIN_MS = 100,
    PLAN_DEADLINE_MAX_MS = 3600000,
    PLAN_DEADLINE_MS = 60000,
    PLAN_RESOLVE_MAX = 1000
};

struct plan_question {
    struct wm_dataset *dataset;     /* a reference: what was loaded, or that under the policy asked for */
    struct wm_plan_request request; /* its arrays are the question's own */
    int64_t gap_nano;
    int64_t deadline_ms; /* of solving; not part of the digest: a plan that kept it is the same with any other */
    size_t resolve;
    char base[PLAN_ID_CAP]; /* the plan it changes; "": none */
    int64_t base_nano;      /* its value */
    struct buf text;        /* JSON object, in the order of the parameters, deadline_ms apart */
    struct buf edits;       /* items of `policy`, those of the base first */
    char digest[17];        /* hex, of dataset, policy and text */
    void *owned[16];        /* the arrays above */
    size_t n_owned;
};

/* A plan that is changed: all borrowed for the call. */
struct plan_base {
    const char *id;
    const struct plan_question *question;
    const struct wm_plan *plan;
};

extern const struct param plan_allocate_params[], plan_what_if_params[], plan_check_params[];

/*
 * The question in `params` (read with one of the tables above, or any that has the names of a question), laid over
 * `base` when there is one. Under `policy` the dataset is revised, which takes as long as deriving it: not on a loop.
 * 0, and plan_question_free when done; else the code of the error object put. `dataset` is what params were read with
 * (base: of the same tables).
 */
int plan_question_read(struct wm_dataset *dataset, const struct params *params, const struct plan_base *base,
                       struct plan_question **out, struct buf *error);
void plan_question_free(struct plan_question *question); /* NULL is allowed */

/* True when both ask the same of the same data; ids and digests may meet by accident, texts cannot. */
bool plan_question_same(const struct plan_question *a, const struct plan_question *b);

/* How a resource is called on the wire: "openings", "budget", "stock", "mentor_hours", "moves". */
const char *plan_resource_name(enum wm_resource_kind kind);
/* The id of what it is of: a post, budget, package, mentor; NULL for moves. */
const char *plan_resource_id(const struct wm_dataset *dataset, size_t resource);

/*
 * [{leader, post, package, mentor}] (`name` is placements, or base) and [{resource, of, price_femto, hours}] of
 * plan.check. The placements are malloc'd (one more than needed, never NULL on success).
 */
extern const struct param plan_placement_members[], plan_base_members[], plan_price_members[];
int plan_placements_read(const struct wm_dataset *dataset, const struct params *params, const char *name,
                         struct wm_placement **out, size_t *n, struct buf *error);
struct plan_prices {
    struct wm_prices prices; /* of the two below */
    int64_t *femto;
    struct wm_package_price *packages;
};
int plan_prices_read(const struct wm_dataset *dataset, const struct params *params, struct plan_prices *out,
                     struct buf *error);
void plan_prices_fini(struct plan_prices *prices); /* of zeros, or as read */

#endif
