/*
 * A small made-up country with every option of every pair written down, from the public tables and explanations alone,
 * and random questions and plans about it: the plain loops that plans are tested against.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "gen.h"
#include "wellmatch_plan.h"

/* Wide enough for any sum. */
__extension__ typedef __int128 wide_sum;

struct option {
    struct wm_placement placement;
    int64_t value_nano;
    size_t n_uses, resource[8];
    int64_t use[8];
};

struct world {
    struct gen_set set;
    struct wm_dataset *dataset;
    size_t n_posts, n_leaders, n_packages, n_mentors, n_budgets, n_resources;
    struct option *options;
    size_t n_options, cap;
};

enum { RULES = 6, LISTED = 6 };

struct asked { /* a question with room for its lists */
    struct wm_plan_request request;
    struct wm_plan_rule locks[RULES], forbids[RULES];
    struct wm_limit_change limits[RULES];
    uint32_t without_posts[LISTED], without_leaders[LISTED], without_mentors[LISTED], must_fill[LISTED], posts[64];
    struct wm_placement base[LISTED];
};

void world_init(struct world *w, const struct gen_options *options);
void world_drop(struct world *w);

/* A random question: locks, forbids, changed limits, rows left out, musts, a base with moves. */
void world_ask(const struct world *w, uint64_t *state, struct asked *a);
/* [n_resources] after the question's changes; WM_MISSING: none. */
void world_limits(const struct world *w, const struct wm_plan_request *r, int64_t *limit);

bool world_matches(const struct wm_plan_rule *rule, const struct wm_placement *p);
bool world_listed(const uint32_t *rows, size_t n, uint32_t row);
bool world_is_locked(const struct wm_plan_request *r, size_t leader);
/* May this option be part of a plan at all, as far as the question goes? */
bool world_may_be(const struct world *w, const struct wm_plan_request *r, const struct wm_placement *p);
/* Within every limit by itself, moves apart. */
bool world_stands(const struct option *option, const int64_t *limit);
/* `capped`: moves have a limit. */
bool world_is_move(const struct wm_plan_request *r, const struct wm_placement *p, bool capped);
void world_use(struct option *o, size_t resource, int64_t amount);

/* Options added where they fit, in a random order, those of locked leaders first, into plan[n_leaders]. */
size_t world_plan(const struct world *w, uint64_t *state, const struct wm_plan_request *r, const int64_t *limit,
                  struct wm_placement *plan, wide_sum *value);
/* Every lock kept and every must filled. */
bool world_keeps(const struct wm_plan_request *r, const int64_t *limit, const struct wm_placement *plan, size_t n);

#endif
