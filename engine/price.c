/*
 * What every pair is worth at given prices, exactly: each menu is cut down to the lines that can be best for somebody,
 * and of those the kernel finds the best for sixteen pairs at a time.
 *
 * A value grows with the logit, so within a package a mentor who is worse and no cheaper than another is never the best
 * (Pareto); with most mentors free of charge few lines are left. The order of lines is that of the menu and only what
 * is better replaces, so that ties go to the lower entry. Leaders whom locks or forbids name are priced by the whole
 * menu.
 *
 * All is integers of 1e-15. Costs and surcharges end at 2^61: a pair's worth then lies above -2^62, and what is taken
 * off it later (two prices of at most 2^60) cannot leave 64 bits.
 */
#include "price_kernel.h"
#include "real.h"
#include "score.h"

#include <string.h>

enum {
    PARTS_LEAST = 64,
    PAIRS_A_PART = 50000 /* at most, or about: between two questions whether to stop lie a few parts */
};

#define COST_MAX (INT64_C(1) << 61)

static int64_t at_most(__int128_t x, int64_t most)
{
    return x > most ? most : (int64_t)x;
}

/* ---- prices ---- */

int64_t price_counted(const struct scenario *s, size_t resource, int64_t price)
{
    bool signs = resource < s->n_posts && s->must_fill[resource];
    if (s->limit[resource] == LIMIT_NONE || (price < 0 && !signs))
        return 0;
    return price > PRICE_MAX ? PRICE_MAX : price < -PRICE_MAX ? -PRICE_MAX : price;
}

int64_t price_bound_nano(const struct scenario *s, const int64_t *prices, __int128_t excess)
{
    __int128_t sum = excess;
    for (size_t r = 0; r < s->n_resources; r++)
        if (s->limit[r] != LIMIT_NONE)
            sum += (__int128_t)price_counted(s, r, prices[r]) * s->limit[r];
    __int128_t nano = sum / NANO_IN_FEMTO; /* towards 0: up already when below it */
    nano += sum > 0 && nano * NANO_IN_FEMTO < sum;
    return nano > INT64_MAX ? INT64_MAX : nano < INT64_MIN ? INT64_MIN : (int64_t)nano;
}

/* ---- lines ---- */

static __int128_t cost_of(const struct pricing *p, const struct menu_entry *entry, size_t n_uses)
{
    __int128_t cost = 0;
    for (size_t u = 1; u < n_uses; u++) /* the first is the post's own opening */
        cost += (__int128_t)p->prices[entry->resource[u]] * entry->use[u];
    return cost;
}

static void add_line(struct pricing *p, size_t post, size_t e, int64_t cost)
{
    const struct menu_entry *entry = &p->scenario->menus[post].entries[e];
    p->lines[p->first_line[post] + p->n_lines[post]++] = (struct line){
        cost, real_exp(-(entry->constant_micro * 1e-6)), entry->constant_micro, entry->package, (uint32_t)e};
}

/*
 * The entries [from, to) of one package. Mentors come by falling quality: each stays who is cheaper than all before,
 * and nobody is cheaper than free.
 */
static void add_package(struct pricing *p, size_t post, size_t from, size_t to)
{
    const struct menu_entry *entries = p->scenario->menus[post].entries, *first = &entries[from];
    bool mentored = first->mentor != WM_NO_ROW;
    __int128_t rest = cost_of(p, first, first->n_uses - mentored);
    int64_t least = INT64_MAX;
    for (size_t e = from; e < to; e++) {
        const struct menu_entry *entry = &entries[e];
        int64_t price = mentored ? p->prices[entry->resource[entry->n_uses - 1]] : 0;
        int64_t cost = at_most(rest + (__int128_t)price * (mentored ? entry->use[entry->n_uses - 1] : 0), COST_MAX);
        if (cost >= least)
            continue;
        add_line(p, post, e, cost);
        least = cost;
        if (price == 0)
            return;
    }
}

static void add_menu(struct pricing *p, size_t post)
{
    const struct menu *menu = &p->scenario->menus[post];
    for (size_t from = 0, to; from < menu->n; from = to) {
        for (to = from + 1; to < menu->n && menu->entries[to].package == menu->entries[from].package;)
            to++;
        add_package(p, post, from, to);
    }
}

void pricing_set(struct pricing *p, const int64_t *prices, const struct wm_solve_options *options)
{
    const struct scenario *s = p->scenario;
    (void)options; /* too little work to share */
    for (size_t r = 0; r < s->n_resources; r++)
        p->prices[r] = price_counted(s, r, prices[r]);
    p->surcharge =
        s->has_moves ? at_most((__int128_t)s->move_penalty_nano * NANO_IN_FEMTO + p->prices[s->moves], COST_MAX) : 0;
    memset(p->n_lines, 0, s->n_posts * sizeof *p->n_lines);
    for (size_t post = 0; post < s->n_posts; post++)
        add_menu(p, post);
}

/* ---- what does not change with prices ---- */

static const struct price_kernel *kernel_beside(const struct kernel *kernel)
{
#if defined(__x86_64__)
    if (kernel == &kernel_avx512)
        return &price_avx512;
    if (kernel == &kernel_avx2)
        return &price_avx2;
#endif
    (void)kernel;
    return &price_baseline;
}

struct pricing *pricing_new(struct arena *arena, const struct scenario *s, const int64_t *prices,
                            const struct wm_solve_options *options)
{
    size_t n = 0, n_packages = s->first_mentor - s->first_package;
    for (size_t post = 0; post < s->n_posts; post++)
        n += s->menus[post].n;
    struct pricing *p = arena_alloc(arena, 1, sizeof *p);
    if (p == NULL)
        return NULL;
    *p = (struct pricing){.scenario = s,
                          .kernel = kernel_beside(s->dataset->kernel),
                          .n_packages = n_packages,
                          .lines = arena_alloc(arena, n + 1, sizeof *p->lines),
                          .first_line = arena_alloc(arena, s->n_posts + 1, sizeof *p->first_line),
                          .n_lines = arena_alloc(arena, s->n_posts + 1, sizeof *p->n_lines),
                          .prices = arena_alloc(arena, s->n_resources, sizeof *p->prices)};
    if (p->lines == NULL || p->first_line == NULL || p->n_lines == NULL || p->prices == NULL)
        return NULL;
    for (size_t post = 0; post < s->n_posts; post++)
        p->first_line[post + 1] = p->first_line[post] + s->menus[post].n;
    pricing_set(p, prices, options);
    return p;
}

/* ---- worth ---- */

static void price_plainly(const struct pricing *p, size_t post, struct batch *b, size_t i)
{
    const struct line *lines = p->lines + p->first_line[post];
    const int32_t *wants = p->scenario->wants_micro + b->lane[i] * p->n_packages;
    b->worth[i] = INT64_MIN;
    for (uint32_t l = 0; l < p->n_lines[post]; l++) {
        int32_t logit = b->common_micro[i] + lines[l].constant_micro + wants[lines[l].package];
        int64_t worth = scenario_value_nano(b->benefit_micro[i], logit) * NANO_IN_FEMTO - lines[l].cost;
        if (worth > b->worth[i]) {
            b->worth[i] = worth;
            b->line[i] = l;
        }
    }
}

void pricing_batch(const struct pricing *p, size_t post, struct batch *b)
{
    uint32_t unsure = UINT32_MAX;
    if (!p->scenario->large_logits)
        unsure = p->kernel->best(p->lines + p->first_line[post], p->n_lines[post], p->scenario->wants_against,
                                 p->n_packages, b->lane, b->benefit_micro, b->common_micro, b->worth, b->line);
    for (size_t i = 0; unsure != 0 && i < b->n; i++)
        if (unsure >> i & 1)
            price_plainly(p, post, b, i);
}

/* The best of all may be barred to this leader, so all of the menu is looked at. */
int64_t pricing_by_rules(const struct pricing *p, size_t post, const struct batch *b, size_t i, uint16_t *entry)
{
    const struct menu *menu = &p->scenario->menus[post];
    const int32_t *wants = p->scenario->wants_micro + b->lane[i] * p->n_packages;
    int64_t best = WORTH_NONE;
    *entry = UINT16_MAX;
    for (size_t e = 0; e < menu->n; e++) {
        const struct menu_entry *m = &menu->entries[e];
        if (!scenario_allows(p->scenario, b->lane[i], post, m))
            continue;
        int64_t value =
            scenario_value_nano(b->benefit_micro[i], b->common_micro[i] + m->constant_micro + wants[m->package]);
        int64_t worth = value * NANO_IN_FEMTO - at_most(cost_of(p, m, m->n_uses), COST_MAX);
        if (worth > best) {
            best = worth;
            *entry = (uint16_t)e;
        }
    }
    return best;
}

/* ---- all pairs of a list ---- */

void pairs_part(const struct pairs *pairs, size_t part, size_t n, size_t *from, size_t *to)
{
    size_t *ends[] = {from, to};
    for (size_t i = 0; i < 2; i++) { /* the first post that begins at or behind this share of the pairs */
        size_t share = pairs->n / n * (part + i) + pairs->n % n * (part + i) / n, low = 0, high = pairs->n_posts;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (pairs->first[middle] < share)
                low = middle + 1;
            else
                high = middle;
        }
        *ends[i] = part + i == n ? pairs->n_posts : low;
    }
}

struct work {
    const struct pricing *pricing;
    const struct pairs *pairs;
    int64_t *worth;
    uint16_t *entry;
    int32_t *most_nano; /* NULL: worth and entry are asked for */
    size_t n_parts;
};

static void take_batch(struct batch *b, const struct pairs *pairs, size_t at, size_t n)
{
    b->n = n;
    if (n == LANES) { /* nearly always: copies of known size need no call */
        memcpy(b->lane, pairs->lane + at, sizeof b->lane);
        memcpy(b->benefit_micro, pairs->benefit_micro + at, sizeof b->benefit_micro);
        memcpy(b->common_micro, pairs->common_micro + at, sizeof b->common_micro);
        return;
    }
    memcpy(b->lane, pairs->lane + at, n * sizeof *b->lane);
    memcpy(b->benefit_micro, pairs->benefit_micro + at, n * sizeof *b->benefit_micro);
    memcpy(b->common_micro, pairs->common_micro + at, n * sizeof *b->common_micro);
}

static void price_post(const struct work *w, size_t post)
{
    const struct pairs *pairs = w->pairs;
    struct batch b = {.n = 0};
    for (size_t at = pairs->first[post], end = pairs->first[post + 1]; at < end; at += LANES) {
        take_batch(&b, pairs, at, end - at < LANES ? end - at : LANES);
        if (w->pricing->n_lines[post] > 0)
            pricing_batch(w->pricing, post, &b);
        for (size_t i = 0; i < b.n; i++) {
            if (w->pricing->n_lines[post] == 0 && w->most_nano == NULL) {
                w->worth[at + i] = WORTH_NONE;
                w->entry[at + i] = UINT16_MAX;
            } else if (w->most_nano == NULL) {
                w->worth[at + i] = pricing_settle(w->pricing, post, &b, i, &w->entry[at + i]);
            } else if (w->pricing->n_lines[post] > 0) {
                w->most_nano[at + i] = (int32_t)(b.worth[i] / NANO_IN_FEMTO);
            }
        }
    }
}

static void price_part(void *context, size_t part)
{
    const struct work *w = context;
    size_t from, to;
    pairs_part(w->pairs, part, w->n_parts, &from, &to);
    for (size_t post = from; post < to; post++)
        price_post(w, post);
}

static size_t parts_of(const struct pairs *pairs)
{
    return PARTS_LEAST + pairs->n / PAIRS_A_PART;
}

bool price_pairs(const struct pricing *pricing, const struct pairs *pairs, int64_t *worth, uint16_t *entry,
                 const struct wm_solve_options *options)
{
    struct work work = {pricing, pairs, worth, entry, NULL, parts_of(pairs)};
    return each_part_or_stop(options, work.n_parts, price_part, &work);
}

/* At no prices at all nothing is dear, and the best mentor is the best. */
int price_most(struct pairs *pairs, struct arena *arena, const struct scenario *s,
               const struct wm_solve_options *options)
{
    struct arena scratch;
    arena_init(&scratch, SIZE_MAX);
    int64_t *nothing = arena_alloc(&scratch, s->n_resources, sizeof *nothing);
    struct pricing *pricing = nothing != NULL ? pricing_new(&scratch, s, nothing, options) : NULL;
    int32_t *most_nano = arena_alloc(arena, pairs->n + LANES, sizeof *most_nano);
    if (pricing != NULL && most_nano != NULL) {
        struct work work = {pricing, pairs, NULL, NULL, most_nano, parts_of(pairs)};
        pairs->stopped = !each_part_or_stop(options, work.n_parts, price_part, &work);
        pairs->most_nano = most_nano;
    }
    arena_fini(&scratch);
    return pairs->most_nano != NULL ? WM_OK : WM_EMEMORY;
}
