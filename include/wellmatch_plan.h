/*
 * Allocation: the best choice within limits, with a proof of how good it is, and what each limit is worth.
 *
 * The part of libwellmatch's public face that follows wellmatch.h, under the same conventions. Order: explicit problems
 * and their solutions; then plans, which are the same made of a dataset: what is scarce, the question, the answer, the
 * reasons, the check, the difference between two plans.
 */
#ifndef WELLMATCH_PLAN_H
#define WELLMATCH_PLAN_H

#include "wellmatch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Explicit problems: groups, options, limits ------------------------------------------------------------------- */

/*
 * Every group takes at most one of its options (a `must` group exactly one), each resource's limit holds for the sum of
 * what the chosen options use, and the sum of their values is to be greatest (or least). The text format:
 *
 *     wellmatch-problem 1
 *     sense max                    # or min; max when not said
 *     resource NAME LIMIT [must]   # must: all of it is to be used; otherwise at most that
 *     group NAME [must]
 *     option VALUE NAME [RESOURCE=USE ...]     # of the group above
 *     lock GROUP OPTION            # the group takes this option
 *     forbid GROUP OPTION
 *
 * A '#' at the start of a word begins a comment; names have no blanks, no controls and no '='. Numbers are decimal, 1e-9
 * allowed. Limits and uses are from 0 to 10^12 and exact to 1e-6 (more decimals are a fault); values are within 10^9 and
 * rounded to 1e-9, halves away from zero. Lines of resources, locks and forbids may stand anywhere.
 */
struct wm_problem;

/*
 * Reads a problem; every fault of the text is added to `faults` (may be NULL), sorted. `name` is what faults call the
 * file. The text is not kept. Free with wm_problem_free. Errors: WM_EDATA (see faults), WM_ELIMIT, WM_EMEMORY.
 */
WM_API int wm_problem_parse(const char *name, const char *bytes, size_t len, struct wm_faults *faults,
                            struct wm_problem **out);
WM_API void wm_problem_free(struct wm_problem *problem); /* NULL is allowed */
WM_API bool wm_problem_minimises(const struct wm_problem *problem);
/* How many; options are numbered through all groups, in the order of the text. The names are NULL out of range. */
WM_API size_t wm_problem_groups(const struct wm_problem *problem);
WM_API size_t wm_problem_options(const struct wm_problem *problem);
WM_API size_t wm_problem_resources(const struct wm_problem *problem);
WM_API const char *wm_problem_group_name(const struct wm_problem *problem, size_t group);
WM_API const char *wm_problem_option_name(const struct wm_problem *problem, size_t option);
WM_API const char *wm_problem_resource_name(const struct wm_problem *problem, size_t resource);
/* By name; WM_EUNKNOWN when there is none. */
WM_API int wm_problem_find_option(const struct wm_problem *problem, const char *group, const char *option,
                                  size_t *group_out, size_t *option_out);
WM_API int wm_problem_find_resource(const struct wm_problem *problem, const char *name, size_t *resource);
/*
 * The problem in its text format, in pieces, to `put`; reading it again gives the same problem. Ends early when put says
 * false.
 */
WM_API void wm_problem_write(const struct wm_problem *problem, bool (*put)(void *arg, const char *bytes, size_t len),
                             void *arg);

/* ---- Solving an explicit problem --------------------------------------------------------------------------------- */

enum { WM_NO_OPTION = -1 };

enum wm_plan_status {
    WM_PLAN_OPTIMAL,    /* gap at most 1e-9 */
    WM_PLAN_WITHIN_GAP, /* gap at most what was asked; of a plan where nothing was: the work is done, this is left */
    WM_PLAN_DEADLINE,   /* the best so far: stopped, or short of the gap asked for; or no plan found yet */
    WM_PLAN_INFEASIBLE  /* locks and musts cannot all hold: see `conflicts` */
};
WM_API const char *wm_plan_status_name(enum wm_plan_status status); /* "optimal", "within_gap", ... */

struct wm_progress {
    const char *phase; /* "prices", "plan", "search", "conflict" */
    bool found;        /* `value` and `gap` are of a plan */
    double value, bound, gap;
    size_t nodes, open; /* of the search, visited and still to visit */
};

struct wm_solve_options {
    double gap;              /* stop at this gap; 0: prove the optimum, to 1e-9 */
    bool (*stop)(void *arg); /* asked often, at least every few milliseconds' work; true ends it. NULL: never */
    void (*progress)(void *arg, const struct wm_progress *progress); /* told at each step forward; NULL: nobody */
    /*
     * Calls part(context, i) for every i below n, each once, in any order on any threads, and returns when all are done.
     * NULL: one after another. The answer is the same.
     */
    void (*parallel)(void *arg, size_t n, void (*part)(void *context, size_t i), void *context);
    void *arg;
};
#define WM_SOLVE_INIT             \
    {                             \
        0, NULL, NULL, NULL, NULL \
    }

struct wm_conflict {  /* a lock (group and option), a must of a group (WM_NO_OPTION), or a must of a resource */
    int64_t group;    /* -1: a resource is meant */
    int64_t option;   /* WM_NO_OPTION: the group is a must */
    int64_t resource; /* -1: a group is meant */
};

struct wm_solution {
    enum wm_plan_status status;
    bool found;         /* there is a plan: `choices` and `value` count */
    double value;       /* sum of the chosen values, exact before it was rounded to a double */
    bool bounded;       /* `bound` and `gap` count: false only when infeasible */
    double bound;       /* no plan is better: the least of what the prices and the search prove */
    double price_bound; /* what the prices alone prove; wm_solution_verify works it out again */
    double gap;         /* |bound - value| / max(|bound|, |value|), 0 when both are 0; 1 without a plan */
    size_t n_groups;
    const int64_t *choices; /* [n_groups] option, WM_NO_OPTION for none */
    size_t n_resources;
    const double
        *prices;  /* [n_resources] value gained (or, minimising, saved) by one more unit, near here: 0 or more, but
                           of any sign for a resource that must be used in full */
    size_t nodes; /* visited by the search */
    size_t n_conflicts; /* infeasible: drop any one of these and the others can hold */
    const struct wm_conflict *conflicts;
    bool conflicts_least; /* false: stopped before the set was at its least */
};

/*
 * The best plan, proven as far as `options` (NULL: WM_SOLVE_INIT) let it. Infeasible and stopped are answers, not errors.
 * The same problem gives the same plan, bit for bit, when `stop` does not end it. One thread; any number of calls at
 * once. The plan passed wm_solution_verify before it is given out. Free with wm_solution_free.
 * Errors: WM_EARGUMENT (gap is negative or NaN), WM_EMEMORY.
 */
WM_API int wm_solve(const struct wm_problem *problem, const struct wm_solve_options *options, struct wm_solution **out);
WM_API void wm_solution_free(struct wm_solution *plan); /* NULL is allowed */

struct wm_solution_verdict {
    bool feasible;   /* one option a group at most, musts, locks, forbids and every limit, in integers */
    double value;    /* added up again, in integers */
    bool bounded;    /* false: a must or lock leaves some group without any option */
    double bound;    /* proven by the prices alone, rounded to the safe side: no plan is better */
    size_t n_faults; /* limits and rules broken */
    size_t resource; /* the first limit broken; n_resources: none */
    size_t group;    /* the first group whose rule is broken; n_groups: none */
    size_t price;    /* the first resource whose price is none, and counted as 0; n_resources: all are prices */
};

/*
 * Judges a plan by code that shares nothing with the solver: choices[n_groups] (option, WM_NO_OPTION) and
 * prices[n_resources]. Infinite and NaN prices count as 0, negative ones too unless the resource is a must: the bound holds
 * all the same, and `price` says which was the first.
 * WM_EUNKNOWN: a choice is no option of the problem. WM_EMEMORY: no scratch for sums.
 */
WM_API int wm_solution_verify(const struct wm_problem *problem, const int64_t *choices, const double *prices,
                              struct wm_solution_verdict *out);

/* ---- Plans: what is scarce ---------------------------------------------------------------------------------------- */

/*
 * A plan gives each leader at most one option: a post, a package on it and, where the package has mentor hours, a mentor.
 * Each option uses one opening of its post, local pounds of its organisation's pot, central pounds of the national, the
 * regional and the ICB's pot (those that are stated), one of the package's stock (where it is stated) and hours of its
 * mentor; with a cap on moves, one move unless the base plan has the same leader at the same post. Its value is the
 * expected benefit (1e-9) that wm_explain_pair shows for leader, post, package and mentor. All is integers.
 *
 * Which options there are: the leader passes every hard rule for the post; the package is not barred by segment, premium
 * cap or relocation cap; the mentor has the post's role and is in its region or remote. Bars of stock, hours and money
 * are the limits' to apply. A post whose severity is unknown takes part only when the question names it.
 */
enum wm_resource_kind {
    WM_RESOURCE_POST,    /* openings; row of WM_POSTS */
    WM_RESOURCE_BUDGET,  /* GBP; row of WM_BUDGETS */
    WM_RESOURCE_PACKAGE, /* pieces in stock; row of WM_PACKAGES */
    WM_RESOURCE_MENTOR,  /* hours; row of WM_MENTORS */
    WM_RESOURCE_MOVES,   /* placements that the base plan does not have; row 0 */
    WM_RESOURCE_KINDS
};
WM_API const char *
wm_resource_kind_name(enum wm_resource_kind kind); /* "post", "budget", "package", "mentor", "moves" */

/* Resources are numbered: posts, budgets, packages, mentors, each in the order of rows, then moves. */
WM_API size_t wm_resource_count(const struct wm_dataset *dataset);
WM_API size_t wm_resource_index(const struct wm_dataset *dataset, enum wm_resource_kind kind, size_t row);
WM_API enum wm_resource_kind wm_resource_at(const struct wm_dataset *dataset, size_t resource, size_t *row);

/* ---- Plans: the question ------------------------------------------------------------------------------------------ */

struct wm_placement {
    uint32_t leader, post, package; /* rows */
    int32_t mentor;                 /* row; WM_NO_ROW when the package has no mentor hours */
};

struct wm_plan_rule { /* a lock or a forbid: rows, WM_NO_ROW for any */
    int32_t leader, post, package, mentor;
};

struct wm_limit_change {
    enum wm_resource_kind kind;
    uint32_t row;
    bool relative; /* amount is added to the limit (a result below 0 counts as 0); otherwise it is the limit */
    int64_t amount;
};

struct wm_plan_request {
    const uint32_t *posts; /* rows: only these, also where severity is unknown; NULL: all where it is known */
    size_t n_posts;
    const uint32_t *leaders; /* rows: only these; NULL: all */
    size_t n_leaders;
    const uint32_t *packages; /* rows: only these; NULL: all */
    size_t n_packages;
    const uint32_t *without_posts, *without_leaders, *without_mentors;
    size_t n_without_posts, n_without_leaders, n_without_mentors;
    const struct wm_plan_rule *locks; /* leader and post are stated: this placement must be, on these terms */
    size_t n_locks;
    const struct wm_plan_rule *forbids; /* no placement may match; at least one of the four is stated */
    size_t n_forbids;
    const uint32_t *must_fill; /* rows of posts: every opening */
    size_t n_must_fill;
    const struct wm_limit_change *limits; /* in order */
    size_t n_limits;
    /* Re-planning. What the base plan places is kept where it is as good; a move is a placement of a leader at a post
       that the base plan does not have. */
    const struct wm_placement *base;
    size_t n_base;
    int64_t move_penalty_nano;  /* taken off the value of a move, 0 or more */
    int64_t moves_max;          /* WM_MISSING: no cap */
    const int64_t *start_femto; /* [wm_resource_count] prices of an earlier plan to start from; NULL: none */
    const struct wm_package_price *start_packages; /* and its package prices, if any */
    size_t n_start_packages;
};
#define WM_PLAN_REQUEST_INIT    \
    {                           \
        .moves_max = WM_MISSING \
    }

/* ---- Plans: the answer -------------------------------------------------------------------------------------------- */

enum wm_demand_kind { WM_DEMAND_LOCK, WM_DEMAND_MUST_FILL };
struct wm_demand { /* a member of a conflict */
    enum wm_demand_kind kind;
    size_t index; /* in the request's locks or must_fill */
};

/*
 * What a proof consists of. Where a mentor's hours do not come out even (60 hours; packages of 40 and of 20), a price by
 * the hour promises too much. The price of a package of so many hours then stands in place of hours * price, and what the
 * mentor adds to the bound is the most that any whole packing of the hours brings at these prices (Guignard and Kim 1987).
 */
struct wm_package_price {
    uint32_t mentor; /* row */
    int64_t hours;
    int64_t price_femto;
};

struct wm_prices {
    const int64_t *femto; /* [wm_resource_count] */
    size_t n_packages;
    const struct wm_package_price *packages; /* [n_packages] */
};

struct wm_plan {
    enum wm_plan_status status;
    bool found;          /* there is a plan; false: infeasible, or stopped before locks and musts were met */
    int64_t value_nano;  /* sum of the placements' values, less penalties of moves */
    int64_t bound_nano;  /* no plan is worth more: what prices and search prove together, rounded up */
    int64_t priced_nano; /* what the prices alone prove, over every pair of the dataset: wm_plan_verify repeats it */
    double gap;          /* (bound - value) / bound, 0 when both are 0; 1 without a plan */
    size_t n_placements;
    struct wm_placement *placements; /* [n_placements] in the order of posts, then leaders */
    size_t n_resources;
    int64_t *limits; /* [n_resources] WM_MISSING: none */
    int64_t *used;   /* [n_resources] */
    /*
     * [n_resources] value in 1e-15 of one more unit (opening, GBP, piece, hour, move), near here; 0 or more, but below 0
     * for a post that must be filled at a loss.
     */
    int64_t *prices_femto;
    size_t n_package_prices;
    struct wm_package_price *package_prices; /* [n_package_prices] by mentor, then hours */
    size_t eligible_pairs;                   /* leader and post that pass the hard rules */
    size_t options_priced;                   /* options (pair, package, mentor) that the last scan looked at */
    size_t nodes;                            /* of the search */
    size_t n_conflict;
    struct wm_demand *conflict; /* infeasible: drop any one of these and the others can hold */
    bool conflict_least;        /* false: stopped before the set was at its least */
    bool stopped;               /* by the caller; else a gap that was asked for may be out of its own reach */
};

/*
 * The best plan, proven as far as `options` (NULL: WM_SOLVE_INIT) let it: gap 0 asks for the optimum where the problem is
 * small enough to prove it and for 0.1% beyond (0.5% past 20 million eligible pairs); between them it ends after so much
 * work. Equal input gives an equal plan, bit for bit, whatever the kernel and the threads, when `stop` does not end it.
 * Infeasible and stopped are answers.
 * The plan has passed wm_plan_verify.
 * Free with wm_plan_free. Errors: WM_EUNKNOWN (a row out of range), WM_EARGUMENT (a lock without leader or post, a forbid
 * of nothing, a negative penalty, limit or gap), WM_EMEMORY, WM_EINTERNAL (the plan did not pass; to be reported).
 */
WM_API int wm_plan_make(const struct wm_dataset *dataset, const struct wm_plan_request *request,
                        const struct wm_solve_options *options, struct wm_plan **out);
WM_API void wm_plan_free(struct wm_plan *plan); /* NULL is allowed */

/* The same question written out in full as an explicit problem (names are ids): for comparison with other solvers.
   WM_ELIMIT past 20 million options; else as wm_plan_make. */
WM_API int wm_plan_problem(const struct wm_dataset *dataset, const struct wm_plan_request *request,
                           struct wm_problem **out);

/* ---- Plans: the check --------------------------------------------------------------------------------------------- */

struct wm_plan_verdict {
    bool feasible;      /* no fault */
    size_t n_faults;    /* rules, limits, locks, forbids and musts broken; each is told to `faults` */
    int64_t value_nano; /* added up again, from scores made anew */
    bool bounded;       /* prices were given, each lock leaves its leader an option, and `stop` did not end it */
    int64_t bound_nano; /* proven by the prices alone over every option of every pair, rounded up */
    double gap;         /* as wm_plan's; 1 without a bound */
};

/*
 * Judges a plan by code that shares nothing with the solver but the scores themselves. `prices` may be NULL; a negative one
 * counts as 0 unless its post must be filled, one of a resource without limit as 0, and none as more than 2^60. Of a
 * limit counts what the uses there are can add up to. Of `options` (may be NULL) `parallel` and `stop` count, both for the bound alone: faults are always
 * told in full. A fault's `file` is "plan", its line counts placements from 1 (0: the plan as a whole).
 * WM_EUNKNOWN (a row out of range), WM_EARGUMENT (the request), WM_EMEMORY.
 */
WM_API int wm_plan_verify(const struct wm_dataset *dataset, const struct wm_plan_request *request,
                          const struct wm_placement *placements, size_t n_placements, const struct wm_prices *prices,
                          const struct wm_solve_options *options, struct wm_faults *faults,
                          struct wm_plan_verdict *out);

/* One placement as an answer shows it, every part kept. WM_EUNKNOWN: a row out of range. */
WM_API int wm_placement_match(const struct wm_dataset *dataset, const struct wm_placement *placement,
                              struct wm_match *out);

/* ---- Plans: reasons, prices, fixes -------------------------------------------------------------------------------- */

#define WM_REASONS(X)                                                                           \
    X(not_asked, "left out by the question")                                                    \
    X(severity_unknown, "no public signal about the organisation; name the post to include it") \
    X(not_eligible, "no pair passes the hard rules")                                            \
    X(forbidden, "every option is forbidden, or locks leave no room")                           \
    X(money, "a budget is short")                                                               \
    X(mentor, "mentor hours are short")                                                         \
    X(stock, "the package's stock is short")                                                    \
    X(moves, "the cap on moves is reached, or a move is worth less than its penalty")           \
    X(outbid, "worth more elsewhere: others are placed with more benefit")                      \
    X(no_value, "no option adds any benefit")                                                   \
    X(not_settled, "the solver was stopped before this was settled")
enum wm_reason {
#define X(name, text) WM_REASON_##name,
    WM_REASONS(X)
#undef X
        WM_REASON_COUNT
};
WM_API const char *wm_reason_name(enum wm_reason reason);
WM_API const char *wm_reason_text(enum wm_reason reason);

enum wm_fix_kind {
    WM_FIX_NONE,  /* nothing of one step is known to help */
    WM_FIX_LIMIT, /* `amount` more of `resource`, and `placement` is added to the plan as it stands: seen to hold */
    WM_FIX_RULE   /* `rule`'s changes, and the pair of `placement` passes every hard rule */
};

struct wm_fix {
    enum wm_fix_kind kind;
    size_t resource;
    int64_t amount;
    struct wm_placement placement; /* of a rule: on the best terms that are left for the pair, if any are */
    int64_t gain_nano;             /* of the plan, at least */
    struct wm_rule_outcome rule;
};

struct wm_left_out {
    uint32_t row; /* the post, or the leader */
    enum wm_reason reason;
    size_t openings;             /* of a post, still open */
    bool has_nearest;            /* there is an option that came nearest: */
    struct wm_placement nearest; /* at the plan's prices */
    int64_t nearest_nano;        /* its value */
    int32_t
        rival; /* a post's: the post that its nearest leader got; a leader's: who holds the nearest post; or WM_NO_ROW */
    int64_t margin_nano; /* by how much the nearest falls short at the plan's prices; 0 or more */
    size_t resource;     /* reasons money, mentor, stock: which */
    int64_t short_by;    /* and how much more it would take */
    struct wm_fix fix;
};

struct wm_worth { /* of a resource with a price */
    size_t resource;
    int64_t price_femto; /* above 0; but of any sign for: */
    bool must;    /* a post that must be filled: only its price is told, below 0 what each opening costs the plan */
    int64_t step; /* of how many more units this tells */
    int64_t least_nano; /* the best plan's value would rise by at least this */
    /* And at most by this: price * step + (priced - value), more where uses then add up to more of the limit or the step
       lets in options that were past it by themselves, less where it was solved again. */
    int64_t most_nano;
    /* The problem was solved again with `step` more: to the gap asked for, or to 0.1% if the plan is not proven to that. */
    bool resolved;
    int64_t resolved_nano; /* the rise that was seen, from least to most */
};

struct wm_plan_report {
    size_t n_unfilled;
    struct wm_left_out *unfilled; /* posts with openings left, in the order of rows */
    size_t n_unplaced;
    struct wm_left_out *unplaced; /* leaders, in the order of rows */
    size_t n_worth;
    struct wm_worth
        *worth; /* by the rise that was seen, then those not solved again by price * step; ties by resource */
};

/*
 * Why everybody and everything else was left out, what would change that, and what each scarce thing is worth. Solves
 * again for the `resolve_max` worthiest resources. `plan` is wm_plan_make's of the same dataset and request. Free with
 * wm_plan_report_free. Errors: as wm_plan_make.
 */
WM_API int wm_plan_explain(const struct wm_dataset *dataset, const struct wm_plan_request *request,
                           const struct wm_plan *plan, size_t resolve_max, const struct wm_solve_options *options,
                           struct wm_plan_report **out);
WM_API void wm_plan_report_free(struct wm_plan_report *report); /* NULL is allowed */

/* ---- Plans: the difference ---------------------------------------------------------------------------------------- */

enum wm_move_kind {
    WM_MOVE_PLACED,   /* not placed before */
    WM_MOVE_UNPLACED, /* placed before, and no more */
    WM_MOVE_POST,     /* another post */
    WM_MOVE_TERMS     /* the same post, another package or mentor */
};

struct wm_move {
    enum wm_move_kind kind;
    uint32_t leader;
    struct wm_placement before, after; /* as far as there is one */
};

/* The moves from plan `a` to plan `b`, by leader, into moves[n_a + n_b]; returns how many. Leaders come once in a plan. */
WM_API size_t wm_plan_compare(const struct wm_placement *a, size_t n_a, const struct wm_placement *b, size_t n_b,
                              struct wm_move *moves);

#ifdef __cplusplus
}
#endif
#endif
