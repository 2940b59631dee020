/*
 * An explicit problem as it was read: groups of options, what each option is worth and uses, and the limits. Integers
 * throughout: a value counts 1e-9, a limit or a use 1e-6, so that sums are exact and two readers agree to the last digit.
 */
#ifndef WM_PROBLEM_H
#define WM_PROBLEM_H

#include "wellmatch_plan.h"
#include "arena.h"

/* Wide enough for any sum of values or uses: totals never wrap. (A name, because the plain spelling is no ISO C.) */
__extension__ typedef __int128 wide;

struct names { /* open addressing; a slot holds index + 1, 0 is free */
    uint32_t *slots;
    size_t n_slots;
};

struct lock {
    uint32_t group, option;
};

struct problem_room {
    size_t groups, options, resources, locks, uses;
};

struct wm_problem {
    struct arena arena;
    bool minimise;
    size_t n_groups, n_options, n_resources, n_locks;
    const char **group_name, **option_name, **resource_name;
    uint32_t *first_option; /* [n_groups + 1] options of group g stand from [g] to [g + 1] */
    uint32_t *first_use;    /* [n_options + 1] */
    uint32_t *group_of;     /* [n_options] */
    uint32_t *use_resource; /* [uses] */
    int64_t *use_micro;     /* [uses] above 0 */
    int64_t *value_nano;    /* [n_options] */
    int64_t *limit_micro;   /* [n_resources] 0 or more */
    bool *resource_must;    /* [n_resources] all of it is to be used */
    bool *must;             /* [n_groups] */
    bool *forbidden;        /* [n_options] */
    struct lock *locks;     /* [n_locks] each once, in the order of the file */
    struct names groups, options, resources;
    struct problem_room room;
};

/*
 * A problem made in code. Room is a ceiling: what is never filled costs no memory, what does not fit is WM_ELIMIT. Names are
 * copied; NULL: it has none, and its number is written instead ("g0", "o17", "r3": the problem's own numbering). Else
 * WM_EARGUMENT (a name that cannot be written, or that stands already), WM_EMEMORY. After a failure the problem is only
 * to be freed.
 */
int problem_new(const struct problem_room *room, bool minimise, struct wm_problem **out);
/* Resources, groups and options are numbered from 0 in the order in which they come. */
int problem_add_resource(struct wm_problem *p, const char *name, int64_t limit_micro, bool must);
int problem_add_group(struct wm_problem *p, const char *name, bool must);
/* An option of the last group; uses follow, each resource once. A use of 0 is none. */
int problem_add_option(struct wm_problem *p, const char *name, int64_t value_nano);
int problem_add_use(struct wm_problem *p, size_t resource, int64_t use_micro);
/* By numbers; said twice is said once. */
int problem_lock(struct wm_problem *p, size_t option);
void problem_forbid(struct wm_problem *p, size_t option);

/* What is known before a problem is solved. */
struct solve_start {
    const int64_t *choices; /* [n_groups] a plan that may hold: its value prunes when it does. NULL: none */
    const double *prices;   /* [n_resources] to start from, in the problem's units. NULL: none */
};

/* wm_solve, from there (NULL: from nothing). The answer is as good; which of equal plans it is may differ. */
int solve_from(const struct wm_problem *problem, const struct solve_start *start,
               const struct wm_solve_options *options, struct wm_solution **out);

#endif
