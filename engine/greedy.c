/*
 * Plans: taken greedily by scores that know the prices, repaired, and improved by exchange. Integers decide what fits.
 *
 * Improvement goes round the groups in order until a round changes nothing: a group moves to a better option that fits;
 * or to one that fits once another group gives way, which then takes the best it can, if both together gain. The work is
 * bounded by counted steps, not by time, so that the same problem gives the same plan.
 */
#include "model.h"

#include <stdlib.h>

enum { STEPS_AN_OPTION = 20, STEPS_LEAST = 300000, ROOM_SHARE = 8 };

bool plan_init(struct plan *plan, struct arena *arena, const struct model *m)
{
    *plan = (struct plan){.model = m, .steps_most = STEPS_LEAST + STEPS_AN_OPTION * m->n_options};
    plan->choice = arena_alloc(arena, m->n_groups + 1, sizeof *plan->choice);
    plan->used = arena_alloc(arena, m->n_rows + 1, sizeof *plan->used);
    plan->order = arena_alloc(arena, m->n_options + 1, sizeof *plan->order);
    plan->score = arena_alloc(arena, m->n_options + 1, sizeof *plan->score);
    return plan->choice && plan->used && plan->order && plan->score;
}

static bool fits(const struct plan *plan, uint32_t o)
{
    const struct model *m = plan->model;
    for (size_t u = m->first_use[m->shape_of[o]]; u < m->first_use[m->shape_of[o] + 1]; u++)
        if (m->use[u] > m->limit[m->use_row[u]] - plan->used[m->use_row[u]])
            return false;
    return true;
}

static void add(struct plan *plan, uint32_t o, int sign)
{
    const struct model *m = plan->model;
    for (size_t u = m->first_use[m->shape_of[o]]; u < m->first_use[m->shape_of[o] + 1]; u++)
        plan->used[m->use_row[u]] += sign * m->use[u];
}

static void take(struct plan *plan, uint32_t g, uint32_t o)
{
    if (plan->choice[g] != NO_OPTION)
        add(plan, plan->choice[g], -1);
    else
        plan->n_missing--;
    plan->choice[g] = o;
    add(plan, o, 1);
}

static void drop(struct plan *plan, uint32_t g)
{
    add(plan, plan->choice[g], -1);
    plan->choice[g] = NO_OPTION;
    plan->n_missing++;
}

static int by_score(const void *left, const void *right, void *scores)
{
    const double *score = scores;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    if (score[a] != score[b])
        return score[a] > score[b] ? -1 : 1;
    return (a > b) - (a < b);
}

static void take_greedily(struct plan *plan, const uint8_t *banned)
{
    const struct model *m = plan->model;
    size_t n = 0;
    for (uint32_t g = 0; g < m->n_groups; g++)
        plan->choice[g] = NO_OPTION;
    for (size_t r = 0; r < m->n_rows; r++)
        plan->used[r] = 0;
    plan->n_missing = m->n_groups;
    for (uint32_t o = 0; o < m->n_options; o++)
        if (!banned || !banned[o])
            plan->order[n++] = o;
    qsort_r(plan->order, n, sizeof *plan->order, by_score, plan->score);
    for (size_t i = 0; i < n && plan->n_missing > 0; i++) {
        uint32_t g = m->group_of[plan->order[i]];
        if (plan->choice[g] == NO_OPTION && fits(plan, plan->order[i]))
            take(plan, g, plan->order[i]);
    }
}

/* The option of g worth most that fits (the first of equals); NO_OPTION: none. */
static uint32_t best_that_fits(const struct plan *plan, const uint8_t *banned, uint32_t g)
{
    const struct model *m = plan->model;
    uint32_t best = NO_OPTION;
    for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++)
        if (!(banned && banned[o]) && (best == NO_OPTION || m->value[o] > m->value[best]) && fits(plan, o))
            best = o;
    return best;
}

/* Whether taking away group h's choice leaves room for o everywhere. */
static bool gives_room(const struct plan *plan, uint32_t h, uint32_t o)
{
    const struct model *m = plan->model;
    uint32_t c = plan->choice[h];
    for (size_t u = m->first_use[m->shape_of[o]]; u < m->first_use[m->shape_of[o] + 1]; u++) {
        int64_t lacking = m->use[u] - (m->limit[m->use_row[u]] - plan->used[m->use_row[u]]);
        for (size_t v = m->first_use[m->shape_of[c]]; v < m->first_use[m->shape_of[c] + 1] && lacking > 0; v++)
            if (m->use_row[v] == m->use_row[u])
                lacking -= m->use[v];
        if (lacking > 0)
            return false;
    }
    return true;
}

/*
 * Group g, without a choice now, takes o, and one other group gives way for it and takes what it can: done when that
 * gains more than `cost` in all, with the best of the groups that could give way. Otherwise nothing changes.
 */
static bool push_out(struct plan *plan, const uint8_t *banned, uint32_t g, uint32_t o, wide cost, size_t *steps)
{
    const struct model *m = plan->model;
    uint32_t who = NO_OPTION, instead = NO_OPTION;
    for (uint32_t h = 0; h < m->n_groups; h++) {
        ++*steps;
        if (h == g || plan->choice[h] == NO_OPTION || !gives_room(plan, h, o))
            continue;
        uint32_t before = plan->choice[h];
        drop(plan, h);
        take(plan, g, o);
        uint32_t other = best_that_fits(plan, banned, h);
        drop(plan, g);
        take(plan, h, before);
        *steps += m->first[h + 1] - m->first[h];
        if (other == NO_OPTION)
            continue;
        wide gain = (wide)m->value[o] + m->value[other] - m->value[before];
        if (gain > cost) {
            cost = gain;
            who = h;
            instead = other;
        }
    }
    if (who == NO_OPTION)
        return false;
    drop(plan, who);
    take(plan, g, o);
    take(plan, who, instead);
    return true;
}

/* Room for the groups that found none, at whatever cost, while there is patience. */
static void find_room(struct plan *plan, const uint8_t *banned, struct run *run, size_t *steps)
{
    const struct model *m = plan->model;
    for (uint32_t g = 0; g < m->n_groups && plan->n_missing > 0; g++)
        for (uint32_t o = m->first[g]; o < m->first[g + 1] && plan->choice[g] == NO_OPTION; o++)
            if (*steps >= plan->steps_most / ROOM_SHARE || run_stops(run))
                return;
            else if (!(banned && banned[o]))
                push_out(plan, banned, g, o, -((wide)1 << 100), steps);
}

static bool improve_group(struct plan *plan, const uint8_t *banned, uint32_t g, size_t *steps)
{
    const struct model *m = plan->model;
    uint32_t now = plan->choice[g];
    drop(plan, g);
    uint32_t best = best_that_fits(plan, banned, g);
    *steps += m->first[g + 1] - m->first[g];
    if (best != NO_OPTION && m->value[best] > m->value[now]) {
        take(plan, g, best);
        return true;
    }
    for (uint32_t o = m->first[g]; o < m->first[g + 1] && *steps < plan->steps_most; o++)
        if (!(banned && banned[o]) && m->value[o] > m->value[now] && push_out(plan, banned, g, o, m->value[now], steps))
            return true;
    take(plan, g, now);
    return false;
}

bool plan_make(struct plan *plan, const uint8_t *banned, struct run *run)
{
    const struct model *m = plan->model;
    size_t steps = 0;
    take_greedily(plan, banned);
    if (plan->n_missing > 0)
        find_room(plan, banned, run, &steps);
    if (plan->n_missing > 0)
        return false;
    for (bool better = true; better && steps < plan->steps_most;) {
        better = false;
        for (uint32_t g = 0; g < m->n_groups && steps < plan->steps_most && !run_stops(run); g++)
            better |= improve_group(plan, banned, g, &steps);
        if (run->stopped)
            break;
    }
    return true;
}
