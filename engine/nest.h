/*
 * Assignment where capacities nest: a project has places, its supervisor has fewer than all his projects together, the
 * department fewer than all of its people. Integers throughout, so that optimum and prices are exact.
 */
#ifndef WM_NEST_H
#define WM_NEST_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>

#define NEST_NONE UINT32_MAX

struct nest {
    size_t n_groups, n_places;
    const uint32_t *first;  /* [n_groups + 1] edges of group g stand from [g] to [g + 1] */
    const uint32_t *place;  /* [edges] */
    const int64_t *weight;  /* [edges] */
    const uint32_t *parent; /* [n_places] who is in a place is in its parent, too; NEST_NONE: there is none */
    const uint32_t *room;   /* [n_places] */
    const bool *must;       /* [n_groups] takes exactly one edge; the others at most one, worth 0 without */

    /* The answer. */
    uint32_t *edge_of; /* [n_groups] or NEST_NONE */
    int64_t *price;    /* [n_places] of room for one more, 0 or more */
    bool feasible;     /* false: the musts cannot all hold */
    bool stopped;      /* `stop` said so: the rest counts for nothing */
};

/* Weights up to here, either sign, cannot take prices out of range. */
int64_t nest_weight_most(size_t n_groups, size_t n_places);

/*
 * The greatest sum of weights. The duals prove it: no group would rather have another edge (weight less the prices of the
 * place and all places above it), and only full places have a price. Parents form a forest. WM_EMEMORY.
 */
int nest_solve(struct nest *nest, struct arena *arena, bool (*stop)(void *arg), void *arg);

#endif
