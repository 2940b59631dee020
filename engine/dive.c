/*
 * A plan from prices by diving: of the fractional answer what is all but settled is settled, the limits shrink by it, and
 * what is left - a smaller country with fewer scarce things - is priced again, until nothing is left.
 *
 * Rounding everything at once leaves hours and pounds that fit nobody; pricing again after each part turns the rest towards
 * what can still be used: uses that no longer fit leave the menus, limits are cut to what uses can add up to.
 * (Diving: Wolsey, Integer Programming, 2nd edition 2020, section 13; here on Lagrangian prices instead of a simplex basis.)
 */
#include "country.h"

#include <stdlib.h>
#include <string.h>

#define TOLERANCE 1e-4 /* of the prices of what is left, relative */
#define GAP_LAST 1e-3

enum { ROUNDS_MOST = 40, LOOKS_EACH = 60, EFFORT_LAST = 20000 };

/* How a dive goes about it, in the order in which they are tried. */
static const struct way {
    double settled;   /* a share that counts as settled */
    size_t least;     /* of what is left, one part in so many is settled each round in any case */
    size_t last_most; /* so many openings are left to the exact solver */
} ways[DIVES_MOST] = {{0.95, 8, 100}, {0.95, 8, 200}, {0.95, 16, 100}, {0.95, 30, 100}};

struct dive {
    struct country *c;
    const struct way *way;
    int64_t *left;      /* [n_resources] of the limits; LIMIT_NONE */
    bool *placed;       /* [n_lanes] */
    struct pick *picks; /* [picks_most] settled */
    size_t n;
    wide value;
};

static int rest_of(const struct dive *d, struct arena *arena, struct country *rest, uint16_t ***entry_was);
static size_t settle(struct dive *d, const struct country *rest, uint16_t **entry_was);
static int settle_rest(struct dive *d, struct country *rest, uint16_t **entry_was);
static bool holds(const struct dive *d);

static int dive(struct country *c, const struct way *way)
{
    struct dive d = {.c = c, .way = way};
    const struct scenario *s = &c->plain;
    d.left = arena_alloc(c->arena, s->n_resources, sizeof *d.left);
    d.placed = arena_alloc(c->arena, s->n_lanes + 1, sizeof *d.placed);
    d.picks = arena_alloc(c->arena, c->picks_most + 1, sizeof *d.picks);
    if (!d.left || !d.placed || !d.picks)
        return WM_EMEMORY;
    memcpy(d.left, s->limit, s->n_resources * sizeof *d.left);
    int status = WM_OK;
    size_t settled = settle(&d, c, NULL);
    int64_t *price = arena_alloc(c->arena, s->n_resources, sizeof *price);
    if (!price)
        return WM_EMEMORY;
    country_plain_prices(c, price);
    for (int round = 0; round < ROUNDS_MOST && status == WM_OK && !c->stopped; round++) {
        struct arena arena;
        struct country rest;
        uint16_t **entry_was;
        arena_init(&arena, SIZE_MAX);
        status = rest_of(&d, &arena, &rest, &entry_was);
        settled = 0;
        if (status == WM_OK && rest.all.n > 0) {
            memcpy(rest.price, price, s->n_resources * sizeof *price);
            status = country_lump(&rest);
            if (status == WM_OK)
                status = country_relax(&rest, TOLERANCE, LOOKS_EACH);
            c->looks += rest.looks;
            c->stopped |= rest.stopped;
            bool last = rest.picks_most <= way->last_most && rest.priced;
            if (status == WM_OK && last)
                status = settle_rest(&d, &rest, entry_was);
            else if (status == WM_OK)
                settled = settle(&d, &rest, entry_was);
            country_plain_prices(&rest, price);
        }
        arena_fini(&arena);
        if (settled == 0)
            break;
    }
    if (status == WM_OK && holds(&d))
        country_offer(c, d.picks, d.n, d.value);
    return status;
}

int dive_plan(struct country *c, size_t way)
{
    c->phase = "plan";
    return dive(c, &ways[way]);
}

/* ---- what is left ---- */

/* Entries that still fit, and where they stood in the whole menu. */
static int cut_menus(const struct dive *d, struct arena *arena, struct country *rest, uint16_t **was)
{
    const struct scenario *s = &d->c->plain;
    for (size_t j = 0; j < s->n_posts; j++) {
        const struct menu *menu = &s->menus[j];
        rest->s.menus[j].n = 0;
        if (menu->n == 0 || d->left[j] == 0)
            continue;
        struct menu_entry *entries = arena_alloc(arena, menu->n, sizeof *entries);
        was[j] = arena_alloc(arena, menu->n, sizeof **was);
        if (!entries || !was[j])
            return WM_EMEMORY;
        size_t n = 0;
        for (size_t k = 0; k < menu->n; k++) {
            bool fits = true;
            for (size_t u = 0; u < menu->entries[k].n_uses && fits; u++)
                fits = menu->entries[k].use[u] <= d->left[menu->entries[k].resource[u]];
            if (fits) {
                was[j][n] = (uint16_t)k;
                entries[n++] = menu->entries[k];
            }
        }
        rest->s.menus[j] = (struct menu){n, entries};
    }
    return WM_OK;
}

static int cut_pairs(const struct dive *d, struct arena *arena, struct country *rest)
{
    const struct pairs *near = &d->c->near;
    struct pairs *all = &rest->all;
    *all = (struct pairs){.n_posts = near->n_posts};
    size_t n = 0;
    for (size_t j = 0; j < near->n_posts; j++)
        n += rest->s.menus[j].n > 0 ? near->first[j + 1] - near->first[j] : 0;
    all->first = arena_alloc(arena, near->n_posts + 1, sizeof *all->first);
    all->lane = arena_alloc(arena, n + 1, sizeof *all->lane);
    all->benefit_micro = arena_alloc(arena, n + 1, sizeof *all->benefit_micro);
    all->common_micro = arena_alloc(arena, n + 1, sizeof *all->common_micro);
    if (!all->first || !all->lane || !all->benefit_micro || !all->common_micro)
        return WM_EMEMORY;
    for (size_t j = 0; j < near->n_posts; j++) {
        all->first[j] = all->n;
        for (size_t i = near->first[j]; i < near->first[j + 1] && rest->s.menus[j].n > 0; i++)
            if (!d->placed[near->lane[i]]) {
                all->lane[all->n] = near->lane[i];
                all->benefit_micro[all->n] = near->benefit_micro[i];
                all->common_micro[all->n++] = near->common_micro[i];
            }
    }
    all->first[near->n_posts] = all->n;
    return WM_OK;
}

/* The country that is left once what is settled is taken out. */
static int rest_of(const struct dive *d, struct arena *arena, struct country *rest, uint16_t ***entry_was)
{
    const struct scenario *s = &d->c->plain;
    *rest = (struct country){
        .dataset = d->c->dataset, .request = d->c->request, .options = d->c->options, .arena = arena, .s = *s};
    rest->options.progress = NULL;
    rest->s.limit = d->left;
    rest->s.menus = arena_alloc(arena, s->n_posts + 1, sizeof *rest->s.menus);
    rest->s.must_fill = arena_alloc(arena, s->n_posts + 1, sizeof *rest->s.must_fill);
    rest->s.lock_of_lane = arena_alloc(arena, s->n_lanes + 1, sizeof *rest->s.lock_of_lane);
    *entry_was = arena_alloc(arena, s->n_posts + 1, sizeof **entry_was);
    if (!rest->s.menus || !rest->s.must_fill || !rest->s.lock_of_lane || !*entry_was)
        return WM_EMEMORY;
    for (size_t j = 0; j < s->n_posts; j++)
        rest->s.must_fill[j] = s->must_fill[j] && d->left[j] > 0;
    for (size_t i = 0; i < s->n_lanes; i++)
        rest->s.lock_of_lane[i] = d->placed[i] ? -1 : s->lock_of_lane[i];
    int status = cut_menus(d, arena, rest, *entry_was);
    if (status == WM_OK)
        status = cut_pairs(d, arena, rest);
    rest->plain = rest->s;
    return status == WM_OK ? country_lay_out(rest) : status;
}

/* ---- settling ---- */

static bool take(struct dive *d, const struct pick *pick)
{
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(&d->c->plain, pick, r, a);
    if (d->placed[pick->lane])
        return false;
    for (size_t u = 0; u < n; u++)
        if (d->left[r[u]] != LIMIT_NONE && a[u] > d->left[r[u]])
            return false;
    for (size_t u = 0; u < n; u++)
        d->left[r[u]] -= d->left[r[u]] == LIMIT_NONE ? 0 : a[u];
    d->placed[pick->lane] = true;
    d->picks[d->n++] = *pick;
    d->value += pick_value_nano(&d->c->plain, pick);
    return true;
}

static int by_weight(const void *left, const void *right, void *arg)
{
    const double *weight = arg;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    if (weight[a] != weight[b])
        return weight[a] > weight[b] ? -1 : 1;
    return (a > b) - (a < b);
}

/* Takes the greatest shares: all that are settled, and a part of what is left in any case. How many were taken. */
static size_t settle(struct dive *d, const struct country *rest, uint16_t **entry_was)
{
    uint32_t *order = arena_alloc(rest->arena, rest->n_shares + 1, sizeof *order);
    size_t taken = 0, least = rest->picks_most / d->way->least + 1;
    if (!order)
        return 0;
    for (size_t i = 0; i < rest->n_shares; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, rest->n_shares, sizeof *order, by_weight, rest->weight);
    for (size_t i = 0; i < rest->n_shares; i++) {
        struct pick pick = rest->share[order[i]];
        if (rest->weight[order[i]] < d->way->settled && taken >= least)
            break;
        if (entry_was)
            pick.entry = entry_was[pick.post][pick.entry];
        taken += take(d, &pick);
    }
    return taken;
}

/* All that is left at once. */
static int settle_rest(struct dive *d, struct country *rest, uint16_t **entry_was)
{
    size_t n = 0;
    struct pick *picks = arena_alloc(rest->arena, rest->picks_most + 1, sizeof *picks);
    int status = picks ? lift_rest(rest, GAP_LAST, EFFORT_LAST, picks, &n) : WM_EMEMORY;
    for (size_t i = 0; i < n && status == WM_OK; i++) {
        picks[i].entry = entry_was[picks[i].post][picks[i].entry];
        take(d, &picks[i]);
    }
    return status;
}

static bool holds(const struct dive *d)
{
    const struct scenario *s = &d->c->plain;
    for (size_t j = 0; j < s->n_posts; j++)
        if (s->must_fill[j] && d->left[j] > 0)
            return false;
    for (size_t i = 0; i < s->n_lanes; i++)
        if (s->lock_of_lane[i] >= 0 && !d->placed[i])
            return false;
    return true;
}
