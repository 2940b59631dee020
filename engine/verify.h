/*
 * A question as the check reads it, apart from how the solver reads it (scenario.h): what takes part, what is limited,
 * what an option uses and is worth. Only verify.c and verify_bound.c include this, and neither includes anything of the
 * solver.
 */
#ifndef WM_VERIFY_H
#define WM_VERIFY_H

#include "internal.h"
#include "wellmatch_plan.h"

/* Wide enough for sums of values, uses and prices. (A name, because the plain spelling is no ISO C.) */
__extension__ typedef __int128 sum128;

#define NO_LIMIT WM_MISSING
#define FEMTO_IN_NANO 1000000

struct question {
    const struct wm_dataset *dataset;
    const struct wm_plan_request *request;
    size_t n_posts, n_leaders, n_packages, n_mentors;
    size_t first_budget, first_package, first_mentor, moves, n_resources; /* posts are the first resources */
    int64_t *limit;                                                       /* [n_resources] or NO_LIMIT */
    bool *post_in, *leader_in, *package_in, *mentor_in;                   /* by row: takes part */
    bool *must_fill;                                                      /* [n_posts] */
    int32_t *base_post;                                                   /* [n_leaders] or WM_NO_ROW */
    const int64_t *hours;                                                 /* [n_packages] a mentor's, for each */
    const int64_t *roles, *region, *remote, *expertise;                   /* [n_mentors] */
};

/* WM_OK, WM_EUNKNOWN, WM_EARGUMENT or WM_EMEMORY. */
int question_read(struct question *q, struct arena *arena, const struct wm_dataset *dataset,
                  const struct wm_plan_request *request);

/* The first of segment, premium and relocation that bars the package from the post, or none. */
enum wm_offer_bar question_bar(const struct question *q, size_t post, size_t package);
/* Whether a mentor knows the post's role, and is in its region or remote. */
bool question_knows_role(const struct question *q, size_t post, size_t mentor);
bool question_reaches(const struct question *q, size_t post, size_t mentor);
int64_t question_quality_micro(const struct question *q, size_t post, size_t mentor);

/* The package on the post with this mentor (WM_NO_ROW: none), costs and quality filled in. */
struct wm_offer question_offer(const struct question *q, size_t post, size_t package, int32_t mentor);
/* Whether a lock or forbid speaks of this placement. */
bool question_matches(const struct wm_plan_rule *rule, const struct wm_placement *placement);
/* Whether the base plan does not have this leader at this post, and the question counts such moves. */
bool question_is_move(const struct question *q, size_t leader, size_t post);
/* Expected benefit in 1e-9, by score_pair, less the penalty of a move. */
int64_t question_value(const struct question *q, const struct wm_placement *placement);

struct use {
    size_t resource;
    int64_t amount;
};
enum { PLACEMENT_USES_MAX = 8 };
/* What a placement uses, its post's opening first; returns how many. */
size_t question_uses(const struct question *q, const struct wm_placement *placement,
                     struct use out[PLACEMENT_USES_MAX]);

/*
 * verify_bound.c: what the prices alone prove, in 1e-15; `plainly`: by the price of each unit and all of each limit, as
 * if uses could add up to anything, which tests compare with plain loops. *bounded is false when a lock leaves its leader
 * no option, or when options->stop ended it. WM_EMEMORY.
 */
int question_bound(const struct question *q, struct arena *arena, const struct wm_prices *prices, bool plainly,
                   const struct wm_solve_options *options, sum128 *bound, bool *bounded);
/*
 * By how much that bound rises at most, in 1e-15, with step[r] more of resource r alone: rise[n_resources]; options that
 * only now are within the limit by themselves apart. WM_EMEMORY.
 */
int question_rises(const struct question *q, struct arena *arena, const struct wm_prices *prices, const int64_t *step,
                   sum128 *rise);

#endif
