/*
 * Which locks and musts cannot all hold: only they can make a problem infeasible, since taking nothing is always within
 * limits. The conflict that is named is irreducible: each of its members was seen to be needed, by solving without it
 * (deletion filter, Chinneck and Dravnieks 1991, halving as in QuickXplain, Junker 2004).
 */
#include "passes.h"
#include "internal.h"

#include <math.h>
#include <string.h>

/* Whether these demands can all hold; not stopped only. */
static int holds_together(struct run *run, const struct demands *demands, bool *possible)
{
    struct run trial = {.problem = run->problem,
                        .options = {.stop = run->options.stop, .arg = run->options.arg},
                        .stopped = run->stopped,
                        .phase = "conflict",
                        .any = true,
                        .bound = HUGE_VAL};
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    trial.best = arena_alloc(&arena, run->problem->n_groups + 1, sizeof *trial.best);
    trial.used = arena_alloc(&arena, run->problem->n_resources + 1, sizeof *trial.used);
    int status = trial.best && trial.used ? passes_run(&trial, demands, &arena, NULL, NULL, possible) : WM_EMEMORY;
    arena_fini(&arena);
    run->nodes += trial.nodes;
    if (status == WM_OK && trial.stopped && *possible && !trial.found)
        run->stopped = true;
    run->phase = "conflict";
    run_tell(run);
    return status;
}

static bool *demand(const struct wm_problem *p, struct demands *demands, size_t i)
{
    if (i < p->n_locks)
        return &demands->lock[i];
    i -= p->n_locks;
    return i < p->n_groups ? &demands->must[i] : &demands->exact[i - p->n_groups];
}

static struct wm_conflict conflict_of(const struct wm_problem *p, size_t i)
{
    if (i < p->n_locks)
        return (struct wm_conflict){p->locks[i].group, p->locks[i].option, -1};
    i -= p->n_locks;
    return i < p->n_groups ? (struct wm_conflict){(int64_t)i, WM_NO_OPTION, -1}
                           : (struct wm_conflict){-1, WM_NO_OPTION, (int64_t)(i - p->n_groups)};
}

/*
 * Leaves out stretches of demands, as long as the rest still conflicts; a stretch that is needed is tried again in
 * halves, and one demand that is needed stays.
 */
int conflict_find(struct run *run, struct demands *demands, struct arena *arena, struct wm_solution *plan)
{
    const struct wm_problem *p = run->problem;
    size_t n = p->n_locks + p->n_groups + p->n_resources, n_left = 0, stretch = 1;
    uint32_t *left = arena_alloc(arena, n + 1, sizeof *left);
    struct wm_conflict *conflicts = arena_alloc(arena, n + 1, sizeof *conflicts);
    if (!left || !conflicts)
        return WM_EMEMORY;
    for (size_t i = 0; i < n; i++)
        if (*demand(p, demands, i))
            left[n_left++] = (uint32_t)i;
    while (2 * stretch < n_left)
        stretch *= 2;
    for (; stretch > 0 && !run->stopped; stretch /= 2)
        for (size_t at = 0; at < n_left && !run->stopped;) {
            size_t end = at + stretch < n_left ? at + stretch : n_left;
            bool possible = true;
            for (size_t i = at; i < end; i++)
                *demand(p, demands, left[i]) = false;
            int status = holds_together(run, demands, &possible);
            if (status != WM_OK)
                return status;
            if (possible) { /* or not known: stopped */
                for (size_t i = at; i < end; i++)
                    *demand(p, demands, left[i]) = true;
                at = end;
            } else {
                memmove(left + at, left + end, (n_left - end) * sizeof *left);
                n_left -= end - at;
            }
        }
    for (size_t i = 0; i < n_left; i++)
        conflicts[i] = conflict_of(p, left[i]);
    *plan = (struct wm_solution){.status = WM_PLAN_INFEASIBLE,
                                 .gap = 1,
                                 .n_conflicts = n_left,
                                 .conflicts = conflicts,
                                 .conflicts_least = !run->stopped};
    return WM_OK;
}
