/*
 * What the files of the solver share: the problem as it is solved (the model), its linear relaxation, plans under way,
 * and the run with its caller's wishes. Only the files named in solve.c include this.
 */
#ifndef WM_MODEL_H
#define WM_MODEL_H

#include "factor.h"
#include "problem.h"

#define NO_OPTION UINT32_MAX

/*
 * The problem to be made greatest. Taking nothing is an option of its own, without uses, so that every group takes
 * exactly one. Options of one shape use the same of everything: what prices ask of a shape is worked out once. Rows are
 * limits: first those of resources that a plan could break, then what is added to them (see cuts.c), which every plan
 * keeps that keeps the others. Integers decide, the doubles beside them only steer: they are the integers over powers of
 * two that bring values and each row's uses to at most 1.
 */
struct model {
    size_t n_groups, n_options, n_shapes, n_rows;
    size_t n_resources;   /* rows that are resources: the first */
    uint32_t *first;      /* [n_groups + 1] */
    uint32_t *group_of;   /* [n_options] */
    uint32_t *shape_of;   /* [n_options] */
    int64_t *value;       /* [n_options] in 1e-9 */
    double *worth;        /* [n_options] */
    uint32_t *option_was; /* [n_options] in the problem; NO_OPTION: takes nothing */
    uint32_t *first_use;  /* [n_shapes + 1] */
    uint32_t *use_row;    /* [uses] */
    int64_t *use;         /* [uses] more than 0 */
    double *coef;         /* [uses] */
    int64_t *limit;       /* [n_rows] a row's sum of uses is at most that, */
    int64_t *least;       /* [n_rows] and at least this */
    double *high, *low;   /* [n_rows] the same, scaled */
    double *row_scale;    /* [n_rows] use = coef * row_scale */
    uint32_t *row_was;    /* [n_resources] in the problem */
    double value_scale;   /* value = worth * value_scale */
    int64_t quantum;      /* every value is a multiple of it, 1 or more */
};

/* ---- The run: the caller's wishes, and the best so far ---- */

struct run {
    const struct wm_problem *problem;
    struct wm_solve_options options;
    bool stopped; /* stays true once the caller said so */
    const char *phase;
    bool found;
    wide best_value; /* of `best`, in 1e-9, made to be greatest */
    uint32_t *best;  /* [problem's groups] options of the problem, NO_OPTION: nothing */
    wide *used;      /* [problem's resources] scratch */
    double bound;    /* proven, in 1e-9; HUGE_VAL at first */
    size_t nodes, open;
    size_t nodes_most; /* a search ends there; 0: no ceiling */
    bool any;          /* one plan is enough, whatever it is worth */
    bool settled;      /* the best plan is proven: only prices are wanted */
};

bool run_stops(struct run *run);
void run_tell(struct run *run);
/* A plan that holds, as options of `model`: becomes the best if it is better. True: it did. */
bool run_offer(struct run *run, const struct model *model, const uint32_t *choice);
/* A bound below this, in worth, leaves nothing to look for; -HUGE_VAL while there is no plan. */
double run_cutoff(const struct run *run, const struct model *model);

/* ---- model.c ---- */

/* Which locks and musts count. The search for a conflict leaves some out. */
struct demands {
    bool *lock;  /* [problem's locks] */
    bool *must;  /* [problem's groups] */
    bool *exact; /* [problem's resources] */
};

/* *possible false: some group has no option left. Without `values`, any value at all: to tell options apart. */
int model_build(const struct wm_problem *problem, const struct demands *demands, bool values, struct arena *arena,
                struct model *out, bool *possible);

struct
    rows { /* to be added: row i is the sum of use[] of option[], both from first[i] to first[i + 1], at most limit[i] */
    size_t n;
    size_t *first; /* [n + 1] */
    uint32_t *option;
    int64_t *use, *limit;
    const uint8_t *idle; /* [n_rows of the model] rows to be left out, not resources; NULL: none */
};

struct renumbering {  /* from a model to the narrower one; NO_OPTION and NO_ROW: left out */
    uint32_t *option; /* [n_options] */
    uint32_t *row;    /* [n_rows], then the rows added */
};

/*
 * The model of the options that keep[n_options] marks (NULL: all), with more rows (NULL: none). Every group keeps one.
 * `tighten`: with its limits as low as its options let them be; else prices of it are prices of m.
 */
int model_narrow(const struct model *m, const uint8_t *keep, const struct rows *more, bool tighten, struct arena *arena,
                 struct model *out, struct renumbering *renumbering);

/* ---- descend.c: what prices prove, and good ones quickly ---- */

/* Part of a model: options that are out and rows that are narrower. NULL: as the model has it. */
struct part {
    const uint8_t *banned;    /* [n_options] */
    const double *low, *high; /* [n_rows] */
};

/*
 * An upper bound on the sum of worths of every plan of the part, rounded to the safe side, at prices of which those count 0
 * that are negative where the row has no least. -HUGE_VAL when a group has no option left. cost[n_shapes] is scratch.
 */
double price_bound(const struct model *model, const struct part *part, const double *prices, double *cost);
/* Prices near the best by subgradient steps, into prices[n_rows] (zeroed by the caller); returns their bound. WM_EMEMORY
 * < 0 by *status. */
double price_descend(const struct model *model, struct arena *arena, struct run *run, double *prices, int *status);
/* What each shape costs at these prices, into cost[n_shapes]. */
void shape_costs(const struct model *model, const double *prices, double *cost);

/* ---- simplex.c, basis.c: the linear relaxation ---- */

enum lp_status {
    LP_OPTIMAL,
    LP_CUT,        /* the bound fell to the cutoff */
    LP_INFEASIBLE, /* no plan, proven by prices */
    LP_STALLED,    /* numbers or patience ran out: prices are as good as they are, shares may break limits */
    LP_STOPPED,
    LP_STARVED /* no memory */
};

enum slack { SLACK_BASIC, SLACK_NONE, SLACK_ALL }; /* none left over: at the row's high; all that may be: at its low */

struct simplex {
    const struct model *model;
    uint8_t *banned;                      /* [n_options] these three are for the caller to change between solves */
    double *low, *high;                   /* [n_rows] */
    uint32_t *key;                        /* [n_groups] the basic option that stands for its group's row */
    uint32_t *basic;                      /* [n_rows] other basic options, or SLACK | row */
    uint8_t *is_basic;                    /* [n_options] keys too */
    uint8_t *slack;                       /* [n_rows] */
    struct factor factor;                 /* of the columns of `basic`, less their keys' */
    double *x;                            /* [n_rows] of basic */
    double *weight;                       /* [n_rows] of basic: about the squared length of its row of the inverse */
    double *key_x;                        /* [n_groups] how much there is of the key */
    double *most;                         /* [n_rows] how much there may be of what is basic */
    double *prices;                       /* [n_rows] */
    double *cost, *alpha;                 /* [n_shapes] at the prices; along the row */
    double *row, *column, *scratch, *tau; /* [n_rows] */
    uint32_t *touched;                    /* [n_rows] */
    uint32_t *replaced;                   /* [n_rows] */
    uint32_t *open_first, *open; /* [n_groups + 1] options that are not banned, by group, since the last solve began */
    uint32_t *open_shapes;       /* [n_open_shapes] theirs and those of keys */
    size_t n_open_shapes, n_open_uses;
    uint32_t *by_shape_first, *by_shape; /* the same options, by shape */
    uint32_t *asked;                     /* [n_asked] shapes of which the row asks anything, if `few` */
    size_t n_asked;
    bool few;
    uint32_t *shape_seen, seen;   /* [n_shapes] stamps */
    struct candidate *candidates; /* [n_options + n_rows] */
    size_t *row_first;            /* [n_rows + 1] the uses by row */
    uint32_t *row_shape;
    double *row_coef;
    size_t *column_first; /* [n_rows + 1] scratch: columns to factor */
    uint32_t *column_row;
    double *column_value;
    size_t column_room;
    size_t pivots, since_fresh;
    double bound; /* after a solve: proven by the prices over what is left */
};

#define SLACK (UINT32_C(1) << 31)

bool simplex_init(struct simplex *s, struct arena *arena, const struct model *model);
/* From scratch: every limit slack, every group at its best option. False: no memory. */
bool simplex_begin(struct simplex *s);
/* Solves from where it stands, after bans and limits changed or not, in so many pivots at most (0: no ceiling). */
enum lp_status simplex_solve(struct simplex *s, double cutoff, size_t pivots_most, struct run *run);
/* Shares of options, into share[n_options]. */
void simplex_shares(const struct simplex *s, double *share);
/* How much each option falls short of its group's key at the prices, 0 or more, into short[n_options]. */
void simplex_shortfalls(const struct simplex *s, double *shortfall);

/* The basis, to go on from later. [basis_size(model)] numbers. */
struct basis {
    uint32_t *key, *basic; /* [n_groups], [n_rows] */
    uint8_t *slack;        /* [n_rows] */
    float *weight;         /* [n_rows] */
};
bool basis_init(struct basis *basis, struct arena *arena, const struct model *model);
void simplex_save(const struct simplex *s, struct basis *basis);
bool simplex_load(struct simplex *s, const struct basis *basis);
/* The basis of another model, renumbered: what was left out gives way to slacks, every group's key must have stayed. */
bool simplex_adopt(struct simplex *s, const struct simplex *from, const struct renumbering *to);

/* A trial: remembers all, so that simplex_back returns to it. One at a time, and of a few pivots (TRIAL_MOST). */
enum { TRIAL_MOST = 40 };
struct trial {
    uint32_t *key, *basic;
    uint8_t *slack;
    double *x, *weight, *prices, *cost;
    struct factor_mark mark;
    double bound;
    size_t since_fresh;
};
bool trial_init(struct trial *trial, struct arena *arena, const struct model *model);
bool simplex_try(struct simplex *s, struct trial *trial);
void simplex_back(struct simplex *s, const struct trial *trial);

/* ---- cuts.c ---- */

/* Rows that every plan keeps, and that these shares break; none: rows->n is 0. */
int cuts_find(const struct model *m, const double *share, struct run *run, struct arena *arena, struct rows *rows);

/* ---- greedy.c: plans from scores ---- */

struct plan {
    const struct model *model;
    uint32_t *choice;  /* [n_groups] option of the model, NO_OPTION while none */
    int64_t *used;     /* [n_rows] */
    uint32_t *order;   /* [n_options] scratch */
    double *score;     /* [n_options] */
    size_t n_missing;  /* groups without an option */
    size_t steps_most; /* of improvement, in one plan */
};

bool plan_init(struct plan *plan, struct arena *arena, const struct model *model);
/*
 * Takes options by score[] (the best first, ties by number) where they fit, finds room for groups that are left, then
 * improves by exchange. True when it holds: every group has one of its options.
 */
bool plan_make(struct plan *plan, const uint8_t *banned, struct run *run);

/* ---- chains.c: better plans by ejection chains ---- */

#define NO_SLOT UINT32_MAX

struct chains {
    const struct model *model;
    uint32_t *listed;             /* [n_groups * CANDIDATES] options that take part */
    size_t *n_listed;             /* [n_groups] */
    uint32_t *choice;             /* [n_groups] the plan at hand, which may break limits */
    double *used;                 /* [n_rows] by it */
    size_t n_broken;              /* limits */
    double worth, best_worth;     /* of it; of the best that breaks none */
    double *fine;                 /* [n_rows] for a unit over the limit */
    uint32_t *head, *next, *prev; /* [n_rows], [slots]: the groups in a row, NO_SLOT at the end */
    uint32_t *slot_group;
    size_t *slot_first; /* [n_groups + 1] */
    uint32_t *order;    /* [n_groups] a ring: those that wait to be looked at */
    uint8_t *queued;
    size_t queue_first, n_queue;
    uint32_t *home; /* [n_groups] the plan that is shaken */
    double home_worth, *home_used;
    size_t steps, idle;
    uint64_t chance;
    bool began, coarse;
};

bool chains_init(struct chains *chains, struct arena *arena, const struct model *model);
/*
 * Looks at so many options, from the best plan on; `run` gets better plans. Prices, the bound they prove and how much each
 * option falls short at them are of the model.
 */
void chains_run(struct chains *chains, const double *prices, const double *below, double bound, size_t steps,
                struct run *run);

/* ---- around.c: better plans near the best ---- */

enum around_kind { AROUND_SHARES, AROUND_ROWS, AROUND_ANY, AROUND_CHAINS, AROUND_KINDS };

struct around { /* how plans are looked for, from call to call */
    struct chains chains;
    const struct model *model;
    uint8_t *keep;           /* [n_options] */
    uint8_t *idle;           /* [n_rows] */
    uint8_t *free, *open;    /* [n_groups], [n_rows] */
    uint32_t *choice, *list; /* [n_groups] the best plan; those set free */
    size_t n_free;
    double *second;                 /* [n_groups] how far another option than the plan's falls short */
    size_t *n_users;                /* [n_rows] groups of the plan */
    double most;                    /* options that fall short by more are in no better plan */
    double wanted_of[AROUND_KINDS]; /* groups to set free */
    wide told_value;
    double luck, luck_least;
    uint64_t chance;
    size_t turn;
};

bool around_init(struct around *around, struct arena *arena, const struct model *model);
/*
 * Looks for better plans than the best for about so many nodes. The relaxation's prices, how much options fall short at them, its
 * shares and its bound are of the model.
 */
int around_run(struct around *around, const double *prices, const double *below, const double *share, double bound,
               size_t nodes, struct run *run);

/* ---- branch.c: the search that closes the gap ---- */

/*
 * Searches `model` to the end or the stop; `run` gets better plans, *bound what is proven of the rest. `start`: a relaxation
 * of it to go on from, or NULL. `around`, of the same model: looks for plans between nodes; NULL: nobody does.
 */
int branch_search(const struct model *model, const struct simplex *start, struct arena *arena, struct run *run,
                  double *bound, struct around *around);

/* The gap between a bound and a value, as the header defines it. */
double plan_gap(double bound, double value);

#endif
