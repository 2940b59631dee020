/*
 * A request laid over a dataset: what may be chosen, what it uses, and what the limits are. The solver (allocate.c and
 * what it calls), the reports and wm_plan_problem all read this; verify.c does not.
 */
#ifndef WM_SCENARIO_H
#define WM_SCENARIO_H

#include "internal.h"
#include "wellmatch_plan.h"

enum {
    USES_MAX = 7, /* one opening, one local and three central pots, stock or hours, hours; moves stand apart */
    MENU_MAX = 65535,
    PART_MICRO_MAX = 50 * MICRO /* of a logit: products of three powers of such parts stay within a double's range */
};
#define LIMIT_NONE INT64_MAX

/* One package on a post, with one of the mentors who could go with it: the same for every leader but for the value. */
struct menu_entry {
    uint32_t package;
    int32_t mentor;         /* WM_NO_ROW: none needed */
    int32_t constant_micro; /* of the logit: base, severity, mentor's quality */
    int32_t mentor_quality_micro;
    uint32_t n_uses;
    uint32_t resource[USES_MAX]; /* of the plan's numbering, rising: the post's own opening first, the mentor last */
    int64_t use[USES_MAX];       /* more than 0 */
};

/* All that may be offered on a post: by package, then falling mentor quality, then mentor. */
struct menu {
    size_t n;
    const struct menu_entry *entries;
};

struct scenario {
    const struct wm_dataset *dataset;
    const struct wm_plan_request *request;
    size_t n_resources, n_posts, n_lanes;
    size_t first_budget, first_package, first_mentor, moves; /* numbers of resources; posts begin at 0 */
    int64_t *limit;                                          /* [n_resources] after the request's changes; LIMIT_NONE */
    struct menu *menus;                                      /* [n_posts] n = 0: nothing can be offered */
    uint8_t *lane_in;                                        /* [padded lanes] leaders that take part */
    uint8_t *post_in;                                        /* [n_posts] */
    uint8_t *package_in;                                     /* [packages] */
    uint8_t *mentor_in;                                      /* [mentors] */
    bool *must_fill;                                         /* [n_posts] */
    /*
     * [n_lanes][packages] logit that the package's components add for the leader; and e^-that, as long as parts of
     * logits are within PART_MICRO_MAX.
     */
    int32_t *wants_micro;
    double *wants_against;
    bool large_logits;   /* a part here, or a constant in a menu, is not within it */
    uint32_t *base_post; /* [n_lanes] post the base plan gives this leader, UINT32_MAX: none */
    bool has_moves;      /* a cap or a penalty is asked for */
    int64_t move_penalty_nano;
    /* Locks and forbids in lanes, as the request has them; `lane` WM_NO_ROW: any. */
    size_t n_locks, n_forbids;
    struct scenario_rule {
        int32_t lane, post, package, mentor;
    } * locks, *forbids;
    int32_t *lock_of_lane;   /* [n_lanes] the first lock, -1: none */
    int32_t *lock_next;      /* [n_locks] the next lock of the same leader, -1: none */
    int32_t *forbid_of_lane; /* [n_lanes + 1] likewise; the last: the first forbid that names no leader */
    int32_t *forbid_next;    /* [n_forbids] */
    uint8_t
        *lane_ruled; /* [padded lanes] a lock or forbid names this leader: menus alone do not tell what is allowed */
};

/*
 * Checks the request and lays it over the dataset. WM_OK, what wm_plan_make says of a request, or WM_ELIMIT (a menu).
 */
int scenario_init(struct scenario *s, struct arena *arena, const struct wm_dataset *dataset,
                  const struct wm_plan_request *request);
/*
 * May this leader take this entry of this post, as far as locks and forbids go? Hard rules are pairs.c's. Entries that
 * nobody may take stand in no menu, so that this is always true of a leader who is not ruled (lane_ruled).
 */
bool scenario_allows(const struct scenario *s, size_t lane, size_t post, const struct menu_entry *entry);
/* Value in 1e-9 of one entry for one leader, exactly wm_explain_pair's; the penalty of a move is taken off. */
int64_t scenario_value(const struct scenario *s, size_t lane, size_t post, const struct menu_entry *entry);
/* Would this leader at this post be a move that counts (against the cap, or for a penalty)? */
bool scenario_is_move(const struct scenario *s, size_t lane, size_t post);
/* What a pair's value is made of beside the entry: severity * fit, and the logit of distance and preference. */
void scenario_pair(const struct scenario *s, size_t lane, size_t post, int32_t *benefit_micro, int32_t *common_micro);
/* The logit that the package's components add for this leader. */
int32_t scenario_wants_micro(const struct scenario *s, size_t lane, size_t package);
/* The value of these in 1e-9, by score_pair's arithmetic; the penalty of a move is not in it. */
int64_t scenario_value_nano(int32_t benefit_micro, int32_t logit_micro);
#endif
