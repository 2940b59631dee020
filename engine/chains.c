/*
 * Better plans by moves that may break limits for a while: local search with ejection chains, after Yagiura, Ibaraki and
 * Glover, "An ejection chain approach for the generalized assignment problem" (2004), for options of any shape.
 *
 * What a plan breaks costs a fine, so much for each unit over a limit. A group moves to the option that is best with fines;
 * or it pushes into a limit that has no room, and another group that is in it gives way. When no such move gains, fines of
 * limits that are broken rise (or all fall, when none is), a few groups are moved at random, and it begins again, from the
 * better of the two plans by fines: so the search goes to and fro across the border of what holds, which is where good
 * plans are. Only groups in limits that changed are looked at again. Fines begin at the relaxation's
 * prices, and of each group only options whose net worth at these prices falls short by less than the gap take part, for
 * none of the others is in a better plan; of these the first CANDIDATES.
 *
 * Every plan on the way that breaks nothing is offered; integers judge it there. Work is counted in options looked at, and
 * chance is a fixed sequence: the same problem gives the same plans.
 */
#include "model.h"

#include <math.h>
#include <string.h>

enum {
    CANDIDATES = 8,
    COARSE_ROUNDS = 100, /* of single moves alone, at first */
    PUSHED = 6,          /* options a group tries to push into, a turn */
    SEEN_MOST = 150,     /* groups asked to give way, for one option: those that came to the row last */
    SHAKEN = 5,          /* options a group is shaken to */

    PATIENCE = 40,    /* rounds without a better plan, before it goes on from the best */
    STOP_EVERY = 2000 /* options looked at, between questions to the caller */
};

#define FINE_UP_COARSE 0.5
#define FINE_UP 0.02
#define FINE_DOWN 0.02
#define EXACT 1e-12

bool chains_init(struct chains *c, struct arena *arena, const struct model *m)
{
    *c = (struct chains){.model = m, .chance = 1};
    c->slot_first = arena_alloc(arena, m->n_groups + 1, sizeof *c->slot_first);
    if (!c->slot_first)
        return false;
    for (size_t g = 0; g < m->n_groups; g++) {
        size_t most = 0;
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++) {
            size_t n = m->first_use[m->shape_of[o] + 1] - m->first_use[m->shape_of[o]];
            most = n > most ? n : most;
        }
        c->slot_first[g + 1] = c->slot_first[g] + most;
    }
    size_t slots = c->slot_first[m->n_groups];
    c->slot_group = arena_alloc(arena, slots + 1, sizeof *c->slot_group);
    c->next = arena_alloc(arena, slots + 1, sizeof *c->next);
    c->prev = arena_alloc(arena, slots + 1, sizeof *c->prev);
    c->head = arena_alloc(arena, m->n_rows + 1, sizeof *c->head);
    c->used = arena_alloc(arena, m->n_rows + 1, sizeof *c->used);
    c->fine = arena_alloc(arena, m->n_rows + 1, sizeof *c->fine);
    c->choice = arena_alloc(arena, m->n_groups + 1, sizeof *c->choice);
    c->queued = arena_alloc(arena, m->n_groups + 1, 1);
    c->home = arena_alloc(arena, m->n_groups + 1, sizeof *c->home);
    c->home_used = arena_alloc(arena, m->n_rows + 1, sizeof *c->home_used);
    c->order = arena_alloc(arena, m->n_groups + 1, sizeof *c->order);
    c->listed = arena_alloc(arena, (m->n_groups + 1) * CANDIDATES, sizeof *c->listed);
    c->n_listed = arena_alloc(arena, m->n_groups + 1, sizeof *c->n_listed);
    if (!c->slot_group || !c->next || !c->prev || !c->head || !c->used || !c->fine || !c->choice || !c->order ||
        !c->queued || !c->home || !c->home_used || !c->listed || !c->n_listed)
        return false;
    for (uint32_t g = 0; g < m->n_groups; g++)
        for (size_t i = c->slot_first[g]; i < c->slot_first[g + 1]; i++)
            c->slot_group[i] = g;
    return true;
}

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint32_t chance(struct chains *c, size_t below)
{
    uint64_t z = c->chance += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((z ^ (z >> 31)) >> 32) * below >> 32);
}

/* ---- what is taken ---- */

static double over(const struct model *m, size_t r, double used)
{
    return used > m->high[r] + EXACT ? used - m->high[r] : used < m->low[r] - EXACT ? m->low[r] - used : 0;
}

/* By how much fines grow when shape k comes (sign 1) or goes (-1). */
static double fines(const struct chains *c, uint32_t k, double sign)
{
    const struct model *m = c->model;
    double sum = 0;
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++) {
        uint32_t r = m->use_row[u];
        if (r >= m->n_resources)
            continue;
        double now = c->used[r];
        sum += c->fine[r] * (over(m, r, now + sign * m->coef[u]) - over(m, r, now));
    }
    return sum;
}

static void change(struct chains *c, uint32_t k, double sign)
{
    const struct model *m = c->model;
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++) {
        uint32_t r = m->use_row[u];
        if (r >= m->n_resources)
            continue;
        c->n_broken -= over(m, r, c->used[r]) > 0;
        c->used[r] += sign * m->coef[u];
        c->n_broken += over(m, r, c->used[r]) > 0;
    }
}

/* The groups that use a row are a list, through a slot for each use of a group's choice. */
static void link_uses(struct chains *c, uint32_t g, uint32_t o)
{
    const struct model *m = c->model;
    uint32_t k = m->shape_of[o];
    size_t slot = c->slot_first[g];
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++, slot++) {
        uint32_t *head = &c->head[m->use_row[u]];
        c->next[slot] = *head;
        c->prev[slot] = NO_SLOT;
        if (*head != NO_SLOT)
            c->prev[*head] = (uint32_t)slot;
        *head = (uint32_t)slot;
    }
}

static void unlink_uses(struct chains *c, uint32_t g, uint32_t o)
{
    const struct model *m = c->model;
    uint32_t k = m->shape_of[o];
    size_t slot = c->slot_first[g];
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++, slot++) {
        uint32_t next = c->next[slot], prev = c->prev[slot];
        if (prev == NO_SLOT)
            c->head[m->use_row[u]] = next;
        else
            c->next[prev] = next;
        if (next != NO_SLOT)
            c->prev[next] = prev;
    }
}

/* Group g is to be looked at, after those that wait already. */
static void queue(struct chains *c, uint32_t g)
{
    size_t n = c->model->n_groups, at = c->queue_first + c->n_queue;
    if (c->queued[g])
        return;
    c->queued[g] = 1;
    c->order[at < n ? at : at - n] = g;
    c->n_queue++;
}

/* Groups in rows of shape k may have moves now. */
static void awaken(struct chains *c, uint32_t k)
{
    const struct model *m = c->model;
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
        for (uint32_t slot = c->head[m->use_row[u]]; slot != NO_SLOT && c->n_queue < m->n_groups; slot = c->next[slot])
            queue(c, c->slot_group[slot]);
}

/* Group g, whose choice was taken away by change() and stands in no list, takes o. */
static void settle(struct chains *c, uint32_t g, uint32_t o)
{
    const struct model *m = c->model;
    if (o != c->choice[g]) {
        awaken(c, m->shape_of[o]);
        awaken(c, m->shape_of[c->choice[g]]);
        unlink_uses(c, g, c->choice[g]);
        link_uses(c, g, o);
        c->worth += m->worth[o] - m->worth[c->choice[g]];
        c->choice[g] = o;
    }
    change(c, m->shape_of[o], 1);
}

static void offer(struct chains *c, struct run *run)
{
    if (c->n_broken == 0 && c->worth > c->best_worth + EXACT && run_offer(run, c->model, c->choice)) {
        c->best_worth = c->worth;
        c->idle = 0;
    }
}

/* ---- moves ---- */

struct push { /* the best so far: h gives way and takes `instead` */
    uint32_t option, group, instead;
    double gain;
};

/* The row of shape k whose fine is highest. NO_ROW: it breaks none. */
static uint32_t worst_row(const struct chains *c, uint32_t k)
{
    const struct model *m = c->model;
    uint32_t worst = NO_ROW;
    double most = 0;
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++) {
        uint32_t r = m->use_row[u];
        double cost = r < m->n_resources ? c->fine[r] * over(m, r, c->used[r]) : 0;
        if (cost > most) {
            most = cost;
            worst = r;
        }
    }
    return worst;
}

/* Group g stands at o, for `so_far`: who, of the groups in the row that it breaks most, could best give way? */
static void look_for_room(struct chains *c, uint32_t g, uint32_t o, double so_far, struct push *best)
{
    const struct model *m = c->model;
    uint32_t row = worst_row(c, m->shape_of[o]), slot = row == NO_ROW ? NO_SLOT : c->head[row];
    for (int seen = 0; slot != NO_SLOT && seen < SEEN_MOST; slot = c->next[slot], seen++) {
        uint32_t h = c->slot_group[slot], was = c->choice[h];
        if (h == g || c->n_listed[h] < 2)
            continue;
        double freed = -fines(c, m->shape_of[was], -1) - m->worth[was];
        change(c, m->shape_of[was], -1);
        for (size_t i = 0; i < c->n_listed[h]; i++) {
            uint32_t d = c->listed[h * CANDIDATES + i];
            if (d == was || so_far + freed + m->worth[d] <= best->gain)
                continue;
            double gain = so_far + freed + m->worth[d] - fines(c, m->shape_of[d], 1);
            if (gain > best->gain)
                *best = (struct push){o, h, d, gain};
        }
        change(c, m->shape_of[was], 1);
        c->steps += c->n_listed[h] + 2;
    }
}

/* One move of group g that gains; false: there is none. */
static bool move_group(struct chains *c, uint32_t g)
{
    const struct model *m = c->model;
    uint32_t was = c->choice[g], best = was, n = (uint32_t)c->n_listed[g];
    double nets[CANDIDATES], most, now;
    if (n < 2)
        return false;
    change(c, m->shape_of[was], -1);
    now = most = m->worth[was] - fines(c, m->shape_of[was], 1);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t o = c->listed[g * CANDIDATES + i];
        nets[i] = o == was ? -HUGE_VAL : m->worth[o] - fines(c, m->shape_of[o], 1);
        if (nets[i] > most + EXACT) {
            most = nets[i];
            best = o;
        }
    }
    c->steps += n + 2;
    if (best != was) {
        settle(c, g, best);
        return true;
    }
    struct push push = {.gain = EXACT, .group = NO_OPTION};
    for (int tried = c->coarse ? PUSHED : 0; tried < PUSHED; tried++) {
        uint32_t next = NO_OPTION;
        for (uint32_t i = 0; i < n; i++)
            if (nets[i] > -HUGE_VAL && next == NO_OPTION)
                next = i;
        if (next == NO_OPTION)
            break;
        uint32_t o = c->listed[g * CANDIDATES + next];
        change(c, m->shape_of[o], 1);
        look_for_room(c, g, o, nets[next] - now, &push);
        change(c, m->shape_of[o], -1);
        nets[next] = -HUGE_VAL;
    }
    settle(c, g, push.group == NO_OPTION ? was : push.option);
    if (push.group == NO_OPTION)
        return false;
    change(c, m->shape_of[c->choice[push.group]], -1);
    settle(c, push.group, push.instead);
    return true;
}

/* Until no group that waits has a move that gains. */
static void climb(struct chains *c, size_t most, struct run *run)
{
    size_t asked = c->steps;
    while (c->n_queue > 0 && c->steps < most) {
        uint32_t g = c->order[c->queue_first];
        c->queue_first = c->queue_first + 1 < c->model->n_groups ? c->queue_first + 1 : 0;
        c->n_queue--;
        c->queued[g] = 0;
        if (move_group(c, g)) {
            queue(c, g);
            offer(c, run);
        }
        if (c->steps - asked >= STOP_EVERY) {
            asked = c->steps;
            if (run_stops(run))
                return;
        }
    }
}

/* ---- rounds ---- */

static void change_fines(struct chains *c)
{
    const struct model *m = c->model;
    double most = 0, up = c->coarse ? FINE_UP_COARSE : FINE_UP;
    for (size_t r = 0; r < m->n_resources; r++) {
        double by = over(m, r, c->used[r]);
        most = by > most ? by : most;
    }
    for (size_t r = 0; r < m->n_resources; r++)
        c->fine[r] *= most > 0 ? 1 + up * over(m, r, c->used[r]) / most : 1 - FINE_DOWN;
}

static void shake(struct chains *c)
{
    const struct model *m = c->model;
    size_t n = 1 + chance(c, 4);
    for (size_t i = 0; i < n; i++) {
        uint32_t g = chance(c, m->n_groups);
        if (c->n_listed[g] < 2)
            continue;
        uint32_t o = c->listed[g * CANDIDATES + chance(c, c->n_listed[g] < SHAKEN ? c->n_listed[g] : SHAKEN)];
        change(c, m->shape_of[c->choice[g]], -1);
        settle(c, g, o);
    }
}

/* What a plan is worth less its fines. */
static double fined(const struct chains *c, double worth, const double *used)
{
    for (size_t r = 0; r < c->model->n_resources; r++)
        worth -= c->fine[r] * over(c->model, r, used[r]);
    return worth;
}

/* The plan at hand becomes the one to start from, or gives way to it. */
static void go_home(struct chains *c, bool here)
{
    const struct model *m = c->model;
    if (here) {
        c->home_worth = c->worth;
        memcpy(c->home, c->choice, m->n_groups * sizeof *c->home);
        memcpy(c->home_used, c->used, m->n_rows * sizeof *c->used);
        return;
    }
    for (uint32_t g = 0; g < m->n_groups; g++) {
        if (c->choice[g] == c->home[g])
            continue;
        change(c, m->shape_of[c->choice[g]], -1);
        unlink_uses(c, g, c->choice[g]);
        link_uses(c, g, c->home[g]);
        c->choice[g] = c->home[g];
        change(c, m->shape_of[c->choice[g]], 1);
    }
    c->worth = c->home_worth;
}

/* Of each group the options that fall least short at the prices, by less than the gap. */
static void list_candidates(struct chains *c, const double *below, double most)
{
    const struct model *m = c->model;
    for (size_t g = 0; g < m->n_groups; g++) {
        uint32_t *list = c->listed + g * CANDIDATES;
        size_t n = 0;
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++) {
            if (below[o] > most && below[o] > 0)
                continue;
            size_t at = n < CANDIDATES ? n++ : CANDIDATES;
            if (at == CANDIDATES && below[list[--at]] <= below[o])
                continue;
            for (; at > 0 && below[list[at - 1]] > below[o]; at--)
                list[at] = list[at - 1];
            list[at] = o;
        }
        c->n_listed[g] = n;
    }
}

/* The best plan, where the model has its options still; else what the prices think best. */
static void go_to_best(struct chains *c, const struct run *run)
{
    const struct model *m = c->model;
    memset(c->used, 0, m->n_rows * sizeof *c->used);
    memset(c->head, 0xff, m->n_rows * sizeof *c->head);
    c->worth = 0;
    c->n_broken = 0;
    for (size_t r = 0; r < m->n_resources; r++)
        c->n_broken += over(m, r, 0) > 0;
    for (uint32_t g = 0; g < m->n_groups; g++) {
        c->choice[g] = c->n_listed[g] ? c->listed[g * CANDIDATES] : m->first[g];
        for (uint32_t o = m->first[g]; run->found && o < m->first[g + 1]; o++)
            if (m->option_was[o] == run->best[g])
                c->choice[g] = o;
        link_uses(c, g, c->choice[g]);
        change(c, m->shape_of[c->choice[g]], 1);
        c->worth += m->worth[c->choice[g]];
    }
}

static void first_fines(struct chains *c, const double *prices)
{
    const struct model *m = c->model;
    double all = 0;
    for (size_t r = 0; r < m->n_resources; r++)
        all += fabs(prices[r]);
    double least = m->n_resources ? 0.1 * all / (double)m->n_resources + 1e-6 : 0;
    for (size_t r = 0; r < m->n_resources; r++)
        c->fine[r] = 1.5 * fabs(prices[r]) + least;
}

void chains_run(struct chains *c, const double *prices, const double *below, double bound, size_t steps,
                struct run *run)
{
    const struct model *m = c->model;
    size_t most = c->steps + steps;
    int coarse = 0;
    bool found_first = !run->found; /* then any plan is what is wanted */
    c->best_worth = run->found ? (double)run->best_value / m->value_scale : -HUGE_VAL;
    list_candidates(c, below, run->found ? bound - c->best_worth : HUGE_VAL);
    if (!c->began) {
        first_fines(c, prices);
        c->began = true;
    }
    go_to_best(c, run);
    go_home(c, true);
    c->coarse = !run->found; /* far from what holds, single moves go a long way */
    for (uint32_t g = 0; g < m->n_groups; g++)
        queue(c, g);
    c->idle = 0;
    while (c->steps < most && !run_stops(run) && !(found_first && run->found)) {
        climb(c, most, run);
        c->coarse = c->coarse && c->n_broken > 0 && ++coarse < COARSE_ROUNDS;
        go_home(c, fined(c, c->worth, c->used) >= fined(c, c->home_worth, c->home_used));
        change_fines(c);
        if (++c->idle >= PATIENCE && run->found) {
            c->idle = 0;
            go_to_best(c, run);
            go_home(c, true);
        }
        shake(c);
        c->steps++;
    }
}
