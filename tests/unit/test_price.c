/* What pairs are worth at prices, which stick out, and the bound: against loops over every option in wide integers. */
#include "fault.h"
#include "gen.h"
#include "price_kernel.h"
#include "real.h"
#include "request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

__extension__ typedef __int128 sum128;

static const char *const kernels[] = {"baseline", "avx2", "avx512"};

/* ---- a world to price ---- */

struct world {
    struct gen_set set;
    struct wm_dataset *dataset;
    struct drawn_request drawn;
    struct arena arena;
    struct scenario s;
    struct pairs pairs;
    int64_t *prices, *lane_price;
};

/* Small numbers, 0 often; now and then as much as there may be. */
static int64_t draw_price(uint64_t *state, int64_t high)
{
    uint64_t kind = gen_below(state, 40);
    if (kind == 0)
        return PRICE_MAX + (int64_t)gen_below(state, 2);
    if (kind == 1)
        return INT64_MIN + (int64_t)gen_below(state, 2) * PRICE_MAX;
    return kind < 12 ? 0 : (int64_t)gen_below(state, kind < 16 ? 4 : (uint64_t)high);
}

static void draw_prices(struct world *w, uint64_t *state, bool extreme)
{
    const struct scenario *s = &w->s;
    for (size_t r = 0; r < s->n_resources; r++) {
        int64_t high = r < s->first_budget    ? 50000000000000
                       : r < s->first_package ? 2000000000
                       : r < s->first_mentor  ? 20000000000000
                       : r < s->moves         ? 1000000000000
                                              : 20000000000000;
        int64_t price = draw_price(state, high);
        bool wild = price >= PRICE_MAX || price < 0;
        w->prices[r] = wild && !extreme ? 0 : price;
        if (r < s->n_posts && s->must_fill[r] && gen_below(state, 2))
            w->prices[r] = -(int64_t)gen_below(state, 60000000000000);
    }
}

static void lay_out(struct world *w)
{
    assert_int_equal(scenario_init(&w->s, &w->arena, w->dataset, &w->drawn.request), WM_OK);
    assert_int_equal(pairs_find(&w->pairs, &w->arena, &w->s, NULL), WM_OK);
}

/* Locks that can hold: on pairs that there are, with any package or one from the menu. */
static void lock_some(struct world *w, uint64_t state)
{
    size_t n = 0;
    for (; n < 3 && w->pairs.n > 0; n++) {
        size_t pair = gen_below(&state, w->pairs.n), post = 0;
        while (w->pairs.first[post + 1] <= pair)
            post++;
        const struct menu *menu = &w->s.menus[post];
        struct wm_plan_rule *lock = &w->drawn.locks[n];
        *lock = (struct wm_plan_rule){(int32_t)w->dataset->leaders.row_of_lane[w->pairs.lane[pair]], (int32_t)post,
                                      WM_NO_ROW, WM_NO_ROW};
        if (menu->n > 0 && gen_below(&state, 2)) {
            const struct menu_entry *entry = &menu->entries[gen_below(&state, menu->n)];
            lock->package = (int32_t)entry->package;
            lock->mentor = entry->mentor;
        }
    }
    w->drawn.request.locks = w->drawn.locks;
    w->drawn.request.n_locks = n;
    lay_out(w);
}

enum { PLAIN, STEEP, /* a policy as steep as it may be */ FREE /* no locks, nothing that must be filled */ };

static void world_init(struct world *w, uint64_t seed, int kind)
{
    gen_make(&(struct gen_options){.seed = seed,
                                   .leaders = 20 + seed * 11 % 60,
                                   .posts = 6,
                                   .packages = 6,
                                   .mentors = 10,
                                   .missing_pct = (unsigned)(seed % 3 * 5),
                                   .twins = seed % 9 == 8,
                                   .narrow = seed % 2 == 0},
             &w->set);
    if (kind == STEEP) {
        const struct wm_source *policy = NULL;
        for (size_t i = 0; i < w->set.n; i++)
            policy = strcmp(w->set.sources[i].name, "policy.json") == 0 ? &w->set.sources[i] : policy;
        char *text = strdup(policy->bytes);
        char *distance = strstr(strstr(text, "\"distance_per_100km\""), "0.9"), *base = strstr(text, "-3.2");
        assert_true(distance != NULL && base != NULL);
        memcpy(distance, "20 ", 3);
        memcpy(base, "9.5 ", 4);
        for (char *at = text; (at = strstr(at, "\"effect\": {\"value\": ")) != NULL;) {
            at += strlen("\"effect\": {\"value\": ");
            at[0] = '1';
            at[1] = '9';
            for (at += 2; *at != ','; at++)
                *at = ' ';
        }
        gen_replace(&w->set, "policy.json", text, strlen(text));
        free(text);
    }
    w->dataset = gen_build(&w->set);
    request_draw(&w->drawn, w->dataset, seed);
    if (seed % 4 == 0)
        w->drawn.request = (struct wm_plan_request)WM_PLAN_REQUEST_INIT;
    if (kind == FREE)
        w->drawn.request.n_locks = w->drawn.request.n_must_fill = 0;
    arena_init(&w->arena, SIZE_MAX);
    lay_out(w);
    if (seed % 4 == 1 && kind != FREE)
        lock_some(w, seed);
    w->prices = calloc(w->s.n_resources, sizeof *w->prices);
    w->lane_price = calloc(w->s.n_lanes + 1, sizeof *w->lane_price);
}

static void world_drop(struct world *w)
{
    free(w->prices);
    free(w->lane_price);
    arena_fini(&w->arena);
    wm_dataset_unref(w->dataset);
    gen_free(&w->set);
}

/* ---- the same by loops ---- */

#define MOST_COST ((sum128)1 << 61)

static sum128 counted(const struct scenario *s, const int64_t *prices, size_t r)
{
    sum128 price = prices[r], most = (sum128)1 << 60;
    bool must = r < s->n_posts && s->must_fill[r];
    if (s->limit[r] == LIMIT_NONE || (price < 0 && !must))
        return 0;
    return price > most ? most : price < -most ? -most : price;
}

static sum128 least_of(sum128 a, sum128 b)
{
    return a < b ? a : b;
}

struct worth {
    bool any;
    sum128 worth;
    size_t entry;
};

static struct worth plain_worth(const struct world *w, size_t post, size_t lane)
{
    const struct scenario *s = &w->s;
    struct worth best = {.any = false};
    for (size_t e = 0; e < s->menus[post].n; e++) {
        const struct menu_entry *entry = &s->menus[post].entries[e];
        if (!scenario_allows(s, lane, post, entry))
            continue;
        bool move = scenario_is_move(s, lane, post);
        sum128 penalty = move ? (sum128)s->move_penalty_nano * NANO_IN_FEMTO : 0, cost = 0;
        sum128 value = (sum128)scenario_value(s, lane, post, entry) * NANO_IN_FEMTO + penalty;
        for (size_t u = 0; u < entry->n_uses; u++)
            if (entry->resource[u] != post)
                cost += counted(s, w->prices, entry->resource[u]) * entry->use[u];
        sum128 surcharge = move ? penalty + counted(s, w->prices, s->moves) : 0;
        sum128 worth = value - least_of(cost, MOST_COST) - least_of(surcharge, MOST_COST);
        if (!best.any || worth > best.worth)
            best = (struct worth){true, worth, e};
    }
    return best;
}

struct expected_scan {
    sum128 excess;
    size_t n;
    struct found *found;
};

static int by_post(const void *a, const void *b)
{
    const struct found *p = a, *q = b;
    if (p->post != q->post)
        return p->post < q->post ? -1 : 1;
    if (p->reduced != q->reduced)
        return p->reduced > q->reduced ? -1 : 1;
    return p->lane < q->lane ? -1 : p->lane > q->lane;
}

static struct expected_scan plain_scan(const struct world *w, const int64_t *post_price, int64_t tolerance,
                                       size_t each_most)
{
    const struct pairs *pairs = &w->pairs;
    struct expected_scan out = {0, 0, calloc(pairs->n + 1, sizeof *out.found)};
    struct found *all = calloc(pairs->n + 1, sizeof *all);
    struct worth *best = calloc(w->s.n_lanes + 1, sizeof *best); /* entry: the post */
    size_t n = 0, rank = 0;
    for (size_t post = 0; post < pairs->n_posts; post++)
        for (size_t i = pairs->first[post]; i < pairs->first[post + 1]; i++) {
            size_t lane = pairs->lane[i];
            struct worth here = plain_worth(w, post, lane);
            sum128 over = here.worth - post_price[post], reduced = over - w->lane_price[lane];
            if (!here.any)
                continue;
            if (!best[lane].any || over > best[lane].worth)
                best[lane] = (struct worth){true, over, post};
            if (reduced > tolerance)
                all[n++] = (struct found){(uint32_t)post, (uint32_t)lane, (int64_t)reduced};
        }
    qsort(all, n, sizeof *all, by_post);
    for (size_t i = 0; i < n; i++) {
        rank = i > 0 && all[i].post == all[i - 1].post ? rank + 1 : 0;
        if (rank < each_most || best[all[i].lane].entry == all[i].post)
            out.found[out.n++] = all[i];
    }
    for (size_t lane = 0; lane < w->s.n_lanes; lane++)
        if (best[lane].any && (best[lane].worth > 0 || w->s.lock_of_lane[lane] >= 0))
            out.excess += best[lane].worth;
    free(best);
    free(all);
    return out;
}

/* ---- pairs ---- */

static const struct wm_solve_options every_way[] = {
    WM_SOLVE_INIT, {.parallel = parts_backwards}, {.parallel = parts_on_threads}};
enum { WAYS = sizeof every_way / sizeof *every_way };

static void check_pairs(const struct world *w, const struct pricing *pricing, const struct wm_solve_options *options)
{
    int64_t *worth = calloc(w->pairs.n + 1, sizeof *worth);
    uint16_t *entry = calloc(w->pairs.n + 1, sizeof *entry);
    price_pairs(pricing, &w->pairs, worth, entry, options);
    for (size_t post = 0; post < w->pairs.n_posts; post++)
        for (size_t i = w->pairs.first[post]; i < w->pairs.first[post + 1]; i++) {
            struct worth plain = plain_worth(w, post, w->pairs.lane[i]);
            assert_true(plain.any == (worth[i] != WORTH_NONE));
            assert_int_equal(entry[i], plain.any ? plain.entry : UINT16_MAX);
            if (plain.any)
                assert_true(plain.worth == worth[i]);
        }
    free(worth);
    free(entry);
}

static void pairs_are_worth_what_loops_say(void **state)
{
    (void)state;
    size_t n = 0, n_steep = 0;
    for (uint64_t seed = 0; seed < 24; seed++) {
        struct world w;
        uint64_t draws = seed;
        world_init(&w, seed, seed % 6 == 5 ? STEEP : PLAIN);
        n_steep += w.s.large_logits;
        draw_prices(&w, &draws, false);
        struct pricing *pricing = pricing_new(&w.arena, &w.s, w.prices, NULL);
        assert_non_null(pricing);
        for (int round = 0; round < 8; round++) {
            assert_true(wm_dataset_use_kernel(w.dataset, kernels[round % 3]) == WM_OK || round % 3 > 0);
            if (round == 5)
                assert_non_null(pricing = pricing_new(&w.arena, &w.s, w.prices, NULL));
            check_pairs(&w, pricing, &every_way[round % WAYS]);
            draw_prices(&w, &draws, round > 4);
            pricing_set(pricing, w.prices, NULL);
        }
        n += w.pairs.n;
        world_drop(&w);
    }
    assert_true(n > 1000);
    assert_in_range(n_steep, 1, 4);
}

/* ---- scans ---- */

/* What a leader gets: nothing, just what the best pair leaves, about that, or far too much. */
static void draw_lane_prices(struct world *w, const int64_t *post_price, uint64_t *state)
{
    uint64_t kind = gen_below(state, 4);
    memset(w->lane_price, 0, w->s.n_lanes * sizeof *w->lane_price);
    for (size_t post = 0; kind > 0 && post < w->pairs.n_posts; post++)
        for (size_t i = w->pairs.first[post]; i < w->pairs.first[post + 1]; i++) {
            struct worth worth = plain_worth(w, post, w->pairs.lane[i]);
            sum128 over = worth.worth - post_price[post];
            int64_t *price = &w->lane_price[w->pairs.lane[i]];
            if (worth.any && over > *price && over < (sum128)1 << 59)
                *price = (int64_t)over;
        }
    for (size_t lane = 0; lane < w->s.n_lanes; lane++) {
        if (kind == 2)
            w->lane_price[lane] = w->lane_price[lane] / 16 * (int64_t)gen_below(state, 32);
        if (kind == 3 && gen_below(state, 3) == 0)
            w->lane_price[lane] += (int64_t)gen_below(state, 5000000) - 2000000;
        if (w->s.lock_of_lane[lane] >= 0 && gen_below(state, 2))
            w->lane_price[lane] = -(int64_t)gen_below(state, 40000000000000);
    }
}

static void check_scan(struct world *w, const struct pricing *pricing, const int64_t *post_price, int64_t tolerance,
                       size_t each_most)
{
    struct expected_scan plain = plain_scan(w, post_price, tolerance, each_most);
    int32_t *most_nano = w->pairs.most_nano;
    for (size_t way = 0; way < WAYS + 1; way++) {
        struct arena arena;
        struct scan scan;
        arena_init(&arena, SIZE_MAX);
        w->pairs.most_nano = way == WAYS ? NULL : most_nano; /* a list that does not know it */
        assert_int_equal(price_scan(&scan, &arena, pricing, &w->pairs, post_price, w->lane_price, tolerance, each_most,
                                    &every_way[way % WAYS]),
                         WM_OK);
        assert_true(scan.excess == plain.excess);
        assert_int_equal(scan.n_found, plain.n);
        for (size_t i = 0; i < plain.n; i++) {
            assert_int_equal(scan.found[i].post, plain.found[i].post);
            assert_int_equal(scan.found[i].lane, plain.found[i].lane);
            assert_int_equal(scan.found[i].reduced, plain.found[i].reduced);
        }
        size_t options = 0;
        for (size_t post = 0; post < w->pairs.n_posts; post++)
            options += (w->pairs.first[post + 1] - w->pairs.first[post]) * w->s.menus[post].n;
        assert_int_equal(scan.options, options);
        arena_fini(&arena);
    }
    w->pairs.most_nano = most_nano;
    free(plain.found);
}

static void check_bound(const struct world *w, sum128 excess)
{
    sum128 sum = excess;
    for (size_t r = 0; r < w->s.n_resources; r++)
        if (w->s.limit[r] != LIMIT_NONE)
            sum += counted(&w->s, w->prices, r) * w->s.limit[r];
    sum128 nano = price_bound_nano(&w->s, w->prices, excess);
    if (nano == INT64_MAX || nano == INT64_MIN)
        return;
    assert_true(nano * NANO_IN_FEMTO >= sum && (nano - 1) * NANO_IN_FEMTO < sum);
}

static void scans_find_what_loops_find(void **state)
{
    (void)state;
    size_t n_found = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct world w;
        uint64_t draws = seed + 1000;
        world_init(&w, seed, seed % 10 == 9 ? STEEP : PLAIN);
        int64_t *post_price = calloc(w.s.n_posts, sizeof *post_price);
        for (int round = 0; round < 10; round++) {
            static const int64_t tolerances[] = {0, -1, 3000000000000, -5000000000000, 1, -PRICE_MAX};
            static const size_t each_most[] = {3, 0, 1, SIZE_MAX, 20};
            (void)wm_dataset_use_kernel(w.dataset, kernels[(size_t)round % 3]);
            draw_prices(&w, &draws, round > 6);
            struct pricing *pricing = pricing_new(&w.arena, &w.s, w.prices, NULL);
            for (size_t post = 0; post < w.s.n_posts; post++)
                post_price[post] = price_counted(&w.s, post, w.prices[post]);
            draw_lane_prices(&w, post_price, &draws);
            check_scan(&w, pricing, post_price, tolerances[round % 6], each_most[round % 5]);
            struct expected_scan plain = plain_scan(&w, post_price, 0, SIZE_MAX);
            check_bound(&w, plain.excess);
            n_found += plain.n;
            free(plain.found);
        }
        free(post_price);
        world_drop(&w);
    }
    assert_true(n_found > 1000);
}

/* ---- the bound ---- */

/* The best plan of two leaders at most, by loops: no prices may prove less. */
static sum128 best_of_two(const struct world *w)
{
    const struct scenario *s = &w->s;
    sum128 best = 0;
    for (size_t p = 0; p < s->n_posts; p++)
        for (size_t q = p; q < s->n_posts; q++)
            for (size_t i = w->pairs.first[p]; i < w->pairs.first[p + 1]; i++)
                for (size_t j = w->pairs.first[q]; j < w->pairs.first[q + 1]; j++)
                    for (size_t e = 0; e < s->menus[p].n; e++)
                        for (size_t f = 0; f < s->menus[q].n; f++) {
                            const struct menu_entry *a = &s->menus[p].entries[e], *b = &s->menus[q].entries[f];
                            size_t lane = w->pairs.lane[i], other = w->pairs.lane[j];
                            if (lane == other || !scenario_allows(s, lane, p, a) || !scenario_allows(s, other, q, b))
                                continue;
                            bool fits = true;
                            for (size_t u = 0; u < a->n_uses; u++)
                                for (size_t v = 0; v < b->n_uses; v++)
                                    fits = fits && (a->resource[u] != b->resource[v] ||
                                                    a->use[u] + b->use[v] <= s->limit[a->resource[u]]);
                            int64_t moves = scenario_is_move(s, lane, p) + scenario_is_move(s, other, q);
                            if (!fits || moves > s->limit[s->moves])
                                continue;
                            sum128 value = scenario_value(s, lane, p, a) + scenario_value(s, other, q, b);
                            best = value > best ? value : best;
                        }
    return best;
}

static void no_plan_is_worth_more_than_the_bound(void **state)
{
    (void)state;
    size_t n = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct world w;
        uint64_t draws = seed;
        world_init(&w, seed, FREE);
        if (w.pairs.n > 120) {
            world_drop(&w);
            continue;
        }
        sum128 best = best_of_two(&w);
        for (int round = 0; round < 20; round++) {
            struct scan scan;
            draw_prices(&w, &draws, false);
            struct pricing *pricing = pricing_new(&w.arena, &w.s, w.prices, NULL);
            assert_int_equal(price_scan(&scan, &w.arena, pricing, &w.pairs, w.prices, w.lane_price, 0, 5, NULL), WM_OK);
            assert_true(price_bound_nano(&w.s, w.prices, scan.excess) >= best);
        }
        n += best > 0;
        world_drop(&w);
    }
    assert_true(n > 5);
}

static void bounds_are_rounded_up_and_saturate(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 0, PLAIN);
    assert_int_equal(price_bound_nano(&w.s, w.prices, 0), 0);
    assert_int_equal(price_bound_nano(&w.s, w.prices, 1), 1);
    assert_int_equal(price_bound_nano(&w.s, w.prices, NANO_IN_FEMTO), 1);
    assert_int_equal(price_bound_nano(&w.s, w.prices, NANO_IN_FEMTO + 1), 2);
    assert_int_equal(price_bound_nano(&w.s, w.prices, -1), 0);
    assert_int_equal(price_bound_nano(&w.s, w.prices, -NANO_IN_FEMTO - 1), -1);
    assert_int_equal(price_bound_nano(&w.s, w.prices, (sum128)1 << 100), INT64_MAX);
    assert_int_equal(price_bound_nano(&w.s, w.prices, -((sum128)1 << 100)), INT64_MIN);
    w.prices[0] = 3;
    assert_int_equal(price_bound_nano(&w.s, w.prices, NANO_IN_FEMTO), 2);
    world_drop(&w);
}

/* ---- the kernel ---- */

/*
 * Pairs made up so that every logit in a range comes by: where the kernel's product of powers is near the point where a
 * chance is rounded the other way, it must have said so.
 */
static void kernels_are_right_wherever_rounding_turns(void **state)
{
    (void)state;
    enum { N = 400000 };
    struct world w;
    size_t post = 0;
    world_init(&w, 4, PLAIN);
    while (w.s.menus[post].n == 0)
        post++;
    struct pairs *p = &w.pairs;
    *p = (struct pairs){.n_posts = w.s.n_posts, .n = N};
    p->first = calloc(p->n_posts + 1, sizeof *p->first);
    p->lane = calloc(N, sizeof *p->lane);
    p->benefit_micro = calloc(N, sizeof *p->benefit_micro);
    p->common_micro = calloc(N, sizeof *p->common_micro);
    int64_t *worth = calloc(N, sizeof *worth);
    uint16_t *entry = calloc(N, sizeof *entry);
    for (size_t j = post; j < p->n_posts; j++)
        p->first[j + 1] = N;
    uint64_t draws = 1;
    for (size_t i = 0; i < N; i++) {
        p->lane[i] = (uint32_t)gen_below(&draws, w.s.n_lanes);
        p->benefit_micro[i] = (int32_t)gen_below(&draws, MICRO + 1);
        p->common_micro[i] = i % 100 == 0 ? (int32_t)gen_below(&draws, 900 * MICRO) - 450 * MICRO
                                          : (int32_t)gen_below(&draws, 12 * MICRO) - 4 * MICRO;
    }
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        if (wm_dataset_use_kernel(w.dataset, kernels[k]) != WM_OK)
            continue;
        struct pricing *pricing = pricing_new(&w.arena, &w.s, w.prices, NULL);
        price_pairs(pricing, p, worth, entry, NULL);
        for (size_t i = 0; i < N; i++) {
            int64_t best = -1;
            for (size_t e = 0; e < w.s.menus[post].n; e++) {
                const struct menu_entry *m = &w.s.menus[post].entries[e];
                int32_t logit =
                    p->common_micro[i] + m->constant_micro + scenario_wants_micro(&w.s, p->lane[i], m->package);
                int64_t value = scenario_value_nano(p->benefit_micro[i], logit);
                best = value > best ? value : best;
            }
            assert_int_equal(worth[i], best * NANO_IN_FEMTO);
        }
    }
    free(p->first);
    free(p->lane);
    free(p->benefit_micro);
    free(p->common_micro);
    free(worth);
    free(entry);
    world_drop(&w);
}

/* Near where a chance is rounded the other way, and only there, a kernel says that it is not sure. */
static void kernels_tell_where_rounding_turns(void **state)
{
    (void)state;
    static const struct price_kernel *const builds[] = {
        &price_baseline,
#if defined(__x86_64__)
        &price_avx2,
        &price_avx512
#endif
    };
    const struct line line = {.against = 1};
    const double against = 1;
    size_t n_near = 0;
    struct world w;
    world_init(&w, 4, PLAIN);
    for (size_t k = 0; k < sizeof builds / sizeof *builds; k++) {
        if (wm_dataset_use_kernel(w.dataset, kernels[k]) != WM_OK)
            continue;
        for (int32_t from = -4 * MICRO; from < 0; from += LANES) {
            uint32_t lane[LANES] = {0}, best[LANES];
            int32_t benefit[LANES], common[LANES];
            int64_t worth[LANES];
            for (int i = 0; i < LANES; i++) {
                benefit[i] = MICRO;
                common[i] = from + i;
            }
            uint32_t unsure = builds[k]->best(&line, 1, &against, 1, lane, benefit, common, worth, best);
            for (int i = 0; i < LANES; i++) {
                double chance = 1e6 / (1.0 + real_exp(-(common[i] * 1e-6))) + 0.5;
                double rest = chance - (double)(int64_t)chance;
                bool near = rest < 0.9e-6 || rest > 1 - 0.9e-6, far = rest > 1.1e-6 && rest < 1 - 1.1e-6;
                assert_true(near ? unsure >> i & 1 : !far || !(unsure >> i & 1));
                n_near += near;
            }
        }
    }
    assert_true(n_near > 3);
    world_drop(&w);
}

/* ---- memory ---- */

static bool give_up(void *arg)
{
    (void)arg;
    return true;
}

/* Nothing is proven by a scan that was stopped. */
static void a_stopped_scan_proves_nothing(void **state)
{
    (void)state;
    struct world w;
    struct scan scan;
    struct wm_solve_options options = WM_SOLVE_INIT;
    options.stop = give_up;
    world_init(&w, 4, PLAIN);
    struct pricing *pricing = pricing_new(&w.arena, &w.s, w.prices, NULL);
    assert_int_equal(price_scan(&scan, &w.arena, pricing, &w.pairs, w.prices, w.lane_price, -1, 3, &options), WM_OK);
    assert_true(scan.stopped && scan.n_found == 0 && scan.excess > (__int128_t)1 << 90);
    assert_int_equal(price_scan(&scan, &w.arena, pricing, &w.pairs, w.prices, w.lane_price, -1, 3, NULL), WM_OK);
    assert_true(!scan.stopped);
    world_drop(&w);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct world w;
    struct pricing *pricing = NULL;
    struct arena arena;
    struct scan scan;
    world_init(&w, 4, PLAIN);
    for (size_t n = 1; pricing == NULL; n++) {
        arena_init(&arena, SIZE_MAX);
        fault_after(n);
        pricing = pricing_new(&arena, &w.s, w.prices, NULL);
        fault_off();
        arena_fini(&arena);
        assert_true(n < 1000);
    }
    pricing = pricing_new(&w.arena, &w.s, w.prices, NULL);
    int code = WM_EMEMORY;
    for (size_t n = 1; code != WM_OK; n++) {
        arena_init(&arena, SIZE_MAX);
        fault_after(n);
        code = price_scan(&scan, &arena, pricing, &w.pairs, w.prices, w.lane_price, -1, 3, NULL);
        fault_off();
        arena_fini(&arena);
        assert_true(code == WM_OK || code == WM_EMEMORY);
        assert_true(n < 1000);
    }
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_worth_what_loops_say),
        cmocka_unit_test(scans_find_what_loops_find),
        cmocka_unit_test(no_plan_is_worth_more_than_the_bound),
        cmocka_unit_test(bounds_are_rounded_up_and_saturate),
        cmocka_unit_test(kernels_are_right_wherever_rounding_turns),
        cmocka_unit_test(kernels_tell_where_rounding_turns),
        cmocka_unit_test(a_stopped_scan_proves_nothing),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
