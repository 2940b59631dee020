/*
 * What the passes of a solve share: solve.c runs them, field.c narrows and searches, conflict.c runs them again with less
 * asked for, conclude.c makes an answer of what they found.
 */
#ifndef WM_PASSES_H
#define WM_PASSES_H

#include "model.h"

#define ARENA_BYTES_MAX ((size_t)8 << 30)
#define GAP_PROVEN 1e-9

enum {
    OPTIONS_FIRST = 6, /* to begin a relaxation with, for each group and resource */
    SIFT_ROUNDS = 30
};

/* The parts of a solve that follow each other, each on the model that the last one left. */
struct passes {
    struct run *run;
    struct arena *arena;
    struct model whole;
    double *prices; /* [whole.n_rows] the best so far */
    double bound;   /* in worth of `whole`: what they prove */
    double out;     /* and of plans with options that were left out as no better */
    uint8_t *keep;  /* [whole.n_options] */
};

/* ---- solve.c ---- */

/* *possible false: proven that locks and musts cannot all hold. Prices (NULL: not wanted) are of the problem's resources. */
int passes_run(struct run *run, const struct demands *demands, struct arena *arena, const double *start, double *prices,
               bool *possible);
/* A better bound on the model, in worth, becomes the run's. */
void passes_note(struct run *run, const struct model *m, double bound);
/* How much each option's net worth falls short of its group's best, at these prices. */
int passes_shortfalls(const struct model *m, struct arena *arena, const double *prices, double **out);
/*
 * In keep[] the options to begin with: those whose net worth at rough prices falls least short of their group's best, some
 * for every group and row. Every group's best is among them.
 */
int passes_options(const struct model *m, struct arena *arena, const double *prices, size_t each, uint8_t *keep);
/* Orders doubles, rising, for qsort. */
int passes_by_size(const void *left, const void *right);

/* ---- the others ---- */

/* What the relaxation's prices leave, to the proof or the stop. *possible false: nothing holds. */
int field_search(struct passes *p, bool *possible);
/* The smallest set of demands that cannot all hold, into *plan. */
int conflict_find(struct run *run, struct demands *demands, struct arena *arena, struct wm_solution *plan);
/* The answer from what was found, into *plan; `prices` become as low as they prove the same with. */
int answer_conclude(const struct run *run, double *prices, struct arena *arena, struct wm_solution *plan);

#endif
