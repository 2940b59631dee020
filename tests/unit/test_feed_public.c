/*
 * What is published of counts of persons: the rules one by one, then brute force. Every small plan there can be is
 * published; somebody who knows the rules and has all of the public cells, totals too, asks which plans could have given
 * them. No hidden count of 1 to 7 may be the same in all of these.
 */
#include "feed_public.h"

#include "wellmatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CELLS_MAX = 8, PLANS_MAX = 2000000 };

/* ---- The rules ---- */

static void test_round(void **state)
{
    (void)state;
    for (int64_t n = 0; n <= 7; n++) {
        assert_int_equal(feed_round(n).status, FEED_SUPPRESSED);
        assert_true(feed_round(n).shown == WM_MISSING);
    }
    static const int64_t pairs[][2] = {{8, 10}, {10, 10}, {12, 10}, {13, 15}, {17, 15}, {18, 20}, {102, 100}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_int_equal(feed_round(pairs[i][0]).status, FEED_ROUNDED);
        assert_int_equal(feed_round(pairs[i][0]).shown, pairs[i][1]);
    }
}

static void test_less(void **state)
{
    (void)state;
    assert_int_equal(feed_less(feed_exact(64), feed_exact(58)).shown, 6);
    assert_int_equal(feed_less(feed_exact(64), feed_exact(58)).status, FEED_EXACT);
    assert_int_equal(feed_less(feed_exact(64), feed_round(58)).shown, 5); /* 64 - 60, rounded: nothing new */
    assert_int_equal(feed_less(feed_exact(64), feed_round(58)).status, FEED_ROUNDED);
    assert_int_equal(feed_less(feed_exact(64), feed_round(3)).status, FEED_SUPPRESSED);
    assert_int_equal(feed_less(feed_exact(59), feed_round(58)).shown, 0); /* never below none */
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(feed_status_name(FEED_EXACT), "exact");
    assert_string_equal(feed_status_name(FEED_ROUNDED), "rounded");
    assert_string_equal(feed_status_name(FEED_ZERO), "zero");
    assert_string_equal(feed_status_name(FEED_SUPPRESSED), "suppressed");
}

/* One opening each: a zero beside a hidden count would tell all. */
static void test_zero_is_hidden_too(void **state)
{
    const int64_t counts[] = {0, 1, 0}, caps[] = {1, 1, 0};
    struct feed_count out[3], total;
    const struct feed_group group = {3, counts, caps, out};
    (void)state;
    feed_protect(&group, 1, 1, 2, &total);
    assert_int_equal(out[0].status, FEED_SUPPRESSED);
    assert_int_equal(out[1].status, FEED_SUPPRESSED);
    assert_int_equal(out[2].status, FEED_ZERO); /* nothing there to fill */
    assert_int_equal(total.status, FEED_SUPPRESSED);
}

/* 60 organisations with an opening each, all but two filled: the total is told, 2 or 3 off, and pins nobody. */
static void test_total_of_many_small(void **state)
{
    int64_t counts[60], caps[60];
    struct feed_count out[60], total;
    const struct feed_group group = {60, counts, caps, out};
    (void)state;
    for (size_t i = 0; i < 60; i++) {
        counts[i] = i >= 2;
        caps[i] = 1;
    }
    feed_protect(&group, 1, 58, 60, &total);
    assert_int_equal(total.status, FEED_ROUNDED);
    assert_int_equal(total.shown, 55); /* not 60: that would be 58 to 60, near the most there can be */
    for (size_t i = 0; i < 60; i++)
        assert_int_equal(out[i].status, FEED_SUPPRESSED);
    counts[0] = counts[1] = 1; /* all are filled: nothing else is published */
    feed_protect(&group, 1, 60, 60, &total);
    assert_int_equal(total.shown, 55);
}

/* ---- Budgets that are used up ---- */

static void test_used_up(void **state)
{
    static const struct {
        int64_t limit, openings, costs[3], caps[3];
        bool told, shown; /* expected; whether all counts are */
    } budgets[] = {
        {100, 20, {10, 5, 0}, {99, 99, 99}, true, false},   /* 10 placements at 10, or 19 at 5, of 20 */
        {100, 18, {10, 5, 0}, {99, 99, 99}, false, false},  /* without the first there would have to be 19 */
        {100, 18, {10, 5, 0}, {99, 99, 99}, true, true},    /* but then that one's count is there to see */
        {100, 17, {10, 0, 0}, {99, 99, 99}, false, true},   /* none but the first can have used it up */
        {100, 18, {10, 10, 0}, {99, 99, 99}, true, false},  /* 10 at least, and 8 in doubt */
        {100, 17, {10, 10, 0}, {99, 99, 99}, false, false}, /* of 17 that would say too much */
        {100, 30, {10, 10, 0}, {99, 4, 99}, false, false},  /* without the first there are not enough of the second */
        {5, 8, {10, 10, 0}, {99, 99, 99}, true, false},     /* less than one costs: it says nothing */
        {5, 7, {10, 10, 0}, {99, 99, 99}, false, false},
        {100, 900, {0, 0, 0}, {99, 99, 99}, false, false}, /* nothing costs anything: it cannot be */
    };
    (void)state;
    for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++) {
        const bool shown = budgets[i].shown, hidden[] = {!shown, !shown, !shown};
        const struct feed_price_list packages = {3, budgets[i].costs, budgets[i].caps, hidden};
        if (feed_may_be_used_up(budgets[i].limit, budgets[i].openings, &packages) != budgets[i].told)
            fail_msg("budget %zu", i);
    }
}

/* Whether a plan of n[0..2] uses the budget up. */
static bool uses_up(const int64_t *n, const int64_t *costs, int64_t limit, int64_t dearest)
{
    int64_t spent = n[0] * costs[0] + n[1] * costs[1] + n[2] * costs[2];
    return spent <= limit && spent > limit - dearest;
}

/*
 * Where it is told that a budget is used up, every package whose count is hidden may still be used never, and the placements be any number but for
 * so many that 8 of the openings stay in doubt: by going through all plans.
 */
static void test_used_up_pins_nothing(void **state)
{
    static const int64_t prices[] = {0, 1, 2, 3, 5};
    size_t told = 0;
    (void)state;
    for (size_t draw = 0; draw < 125; draw++) {
        const int64_t costs[3] = {prices[draw % 5], prices[draw / 5 % 5], prices[draw / 25]}, caps[3] = {12, 3, 20};
        int64_t dearest = costs[0] > costs[1] ? costs[0] : costs[1];
        dearest = costs[2] > dearest ? costs[2] : dearest;
        const bool hidden[3] = {draw % 2, draw % 3 > 0, true};
        for (int64_t limit = 1; limit < 40; limit += 4)
            for (int64_t openings = 8; openings < 24; openings += 5) {
                if (!feed_may_be_used_up(limit, openings, &(struct feed_price_list){3, costs, caps, hidden}))
                    continue;
                int64_t fewest = openings + 1, least[3] = {99, 99, 99}, n[3];
                told++;
                for (n[0] = 0; n[0] <= caps[0]; n[0]++)
                    for (n[1] = 0; n[1] <= caps[1]; n[1]++)
                        for (n[2] = 0; n[2] <= caps[2] && n[0] + n[1] + n[2] <= openings; n[2]++) {
                            if (!uses_up(n, costs, limit, dearest))
                                continue;
                            fewest = n[0] + n[1] + n[2] < fewest ? n[0] + n[1] + n[2] : fewest;
                            for (size_t k = 0; k < 3; k++)
                                least[k] = n[k] < least[k] ? n[k] : least[k];
                        }
                assert_true(fewest <= openings - 8);
                for (size_t k = 0; k < 3; k++)
                    assert_true(!hidden[k] || least[k] == 0);
            }
    }
    assert_true(told > 100);
}

/* ---- Brute force ---- */

struct system { /* two ways of dividing one total */
    size_t n, m;
    int64_t caps[CELLS_MAX]; /* of the first, then the second */
    bool told[2];            /* which of them is published */
};

struct outcome { /* a plan, and what is published of it */
    int8_t counts[CELLS_MAX];
    int16_t shown[CELLS_MAX + 1];
};

static int by_shown(const void *a, const void *b)
{
    return memcmp(((const struct outcome *)a)->shown, ((const struct outcome *)b)->shown,
                  sizeof(int16_t[CELLS_MAX + 1]));
}

static int16_t spelt(struct feed_count count)
{
    return (int16_t)(count.status == FEED_SUPPRESSED ? -1 : count.status == FEED_ZERO ? 0 : count.shown);
}

static void publish(const struct system *system, struct outcome *at)
{
    int64_t counts[CELLS_MAX], total = 0, cap = 0;
    struct feed_count out[CELLS_MAX], sum;
    for (size_t i = 0; i < system->n + system->m; i++)
        counts[i] = at->counts[i];
    for (size_t i = 0; i < system->n; i++) {
        total += counts[i];
        cap += system->caps[i];
    }
    const struct feed_group groups[] = {{system->n, counts, system->caps, out},
                                        {system->m, counts + system->n, system->caps + system->n, out + system->n}};
    memset(at->shown, 0, sizeof at->shown);
    feed_protect(groups + !system->told[0], (size_t)system->told[0] + system->told[1], total, cap, &sum);
    for (size_t i = 0; i < system->n; i++)
        at->shown[i] = system->told[0] ? spelt(out[i]) : 0;
    for (size_t i = system->n; i < system->n + system->m; i++)
        at->shown[i] = system->told[1] ? spelt(out[i]) : 0;
    at->shown[CELLS_MAX] = spelt(sum);
}

/* The next assignment of counts, as an odometer; false: that was all. */
static bool step(const struct system *system, int8_t *counts)
{
    for (size_t i = 0; i < system->n + system->m; i++) {
        if (counts[i] < system->caps[i]) {
            counts[i]++;
            return true;
        }
        counts[i] = 0;
    }
    return false;
}

static bool adds_up(const struct system *system, const int8_t *counts)
{
    int difference = 0;
    for (size_t i = 0; i < system->n + system->m; i++)
        difference += i < system->n ? counts[i] : -counts[i];
    return system->m == 0 || difference == 0;
}

static size_t all_plans(const struct system *system, struct outcome *plans)
{
    size_t n = 0;
    int8_t counts[CELLS_MAX] = {0};
    do {
        if (!adds_up(system, counts))
            continue;
        assert_true(n < PLANS_MAX);
        memcpy(plans[n].counts, counts, sizeof counts);
        publish(system, &plans[n++]);
    } while (step(system, counts));
    return n;
}

static void tell(const struct system *system, const struct outcome *alike, size_t n, size_t cell)
{
    char text[200];
    int len = snprintf(text, sizeof text, "total %d;", alike[0].shown[CELLS_MAX]);
    for (size_t i = 0; i < system->n + system->m; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, " %d(%d)", alike[0].shown[i], alike[0].counts[i]);
    fail_msg("cell %zu is known, %zu plans look like this: %s", cell, n, text);
}

/* Of the plans that look alike no hidden count of 1 to 7 is the same in all; nor is the hidden total. */
static void judge_alike(const struct system *system, const struct outcome *alike, size_t n)
{
    for (size_t cell = 0; cell < system->n + system->m; cell++) {
        int8_t first = alike[0].counts[cell];
        bool differs = alike[0].shown[cell] != -1 || first < 1 || first > 7;
        for (size_t i = 1; i < n && !differs; i++)
            differs = alike[i].counts[cell] != first;
        if (!differs)
            tell(system, alike, n, cell);
    }
    int lowest = 1000, highest = -1;
    for (size_t i = 0; i < n; i++) {
        int total = 0;
        for (size_t cell = 0; cell < system->n; cell++)
            total += alike[i].counts[cell];
        lowest = total < lowest ? total : lowest;
        highest = total > highest ? total : highest;
    }
    if (lowest == highest && lowest >= 1 && lowest <= 7)
        fail_msg("the total of %zu + %zu is known to be %d", system->n, system->m, lowest);
}

static void judge(const struct system *system, struct outcome *plans)
{
    size_t n = all_plans(system, plans), begin = 0;
    qsort(plans, n, sizeof *plans, by_shown);
    for (size_t i = 1; i <= n; i++)
        if (i == n || by_shown(&plans[begin], &plans[i]) != 0) {
            judge_alike(system, plans + begin, i - begin);
            begin = i;
        }
}

static void test_nothing_is_worked_out(void **state)
{
    static const struct system systems[] = {
        {1, 0, {1}, {true, false}},
        {1, 0, {7}, {true, false}},
        {1, 0, {20}, {true, false}},
        {2, 0, {1, 1}, {true, false}},
        {2, 0, {4, 4}, {true, false}},
        {2, 0, {7, 7}, {true, false}},
        {2, 0, {5, 30}, {true, false}},
        {3, 0, {7, 7, 7}, {true, false}},
        {3, 0, {1, 12, 12}, {true, false}},
        {3, 0, {25, 25, 25}, {true, false}},
        {4, 0, {2, 9, 9, 13}, {true, false}},
        {4, 0, {7, 14, 14, 14}, {true, false}},
        {8, 0, {1, 1, 2, 2, 3, 3, 1, 1}, {true, false}},
        {7, 0, {7, 7, 5, 3, 1, 1, 2}, {true, false}},
        {4, 2, {1, 1, 9, 9}, {true, true}},
        {3, 2, {1, 5, 12}, {true, true}},
        {3, 3, {6, 6, 6, 18, 18, 18}, {true, true}},
        {4, 2, {3, 3, 3, 3, 12, 12}, {true, true}},
        {4, 3, {3, 3, 3, 13, 9, 9, 9}, {true, true}},
        {2, 2, {20, 20, 40, 40}, {true, true}},
        {2, 3, {13, 13, 13, 13, 13}, {true, true}},
        {6, 2, {2, 2, 2, 2, 2, 2, 12, 12}, {true, true}},
        {2, 3, {16, 16, 32, 32, 32}, {true, true}},
        {2, 3, {30, 30, 9, 8, 60}, {true, true}},
        {3, 3, {9, 9, 9, 20, 20, 20}, {true, true}},
        {3, 2, {14, 14, 14, 42, 42}, {true, true}},
        {1, 3, {40, 40, 40, 40}, {true, true}},
        {2, 4, {12, 12, 24, 24, 24, 24}, {true, true}},
        {4, 3, {8, 8, 8, 8, 32, 32, 32}, {true, true}},
        {3, 2, {1, 1, 22, 24, 24}, {true, true}},
        {5, 2, {1, 1, 1, 12, 12, 27, 27}, {true, true}},
        {3, 1, {1, 9, 13, 27}, {true, true}},
        {3, 1, {8, 2, 13, 27}, {true, true}},
        {4, 1, {13, 13, 2, 5, 33}, {true, true}},
        {3, 2, {6, 6, 6, 18, 18}, {false, true}},
    };
    struct outcome *plans = calloc(PLANS_MAX, sizeof *plans);
    (void)state;
    assert_non_null(plans);
    for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++) {
        struct system system = systems[i];
        for (size_t cell = system.n; cell < system.n + system.m; cell++)
            system.caps[cell] = system.caps[cell] == 0 ? 12 : system.caps[cell];
        judge(&system, plans);
    }
    free(plans);
}

/* And systems drawn by chance, as many as take a second. */
static void test_nothing_is_worked_out_anywhere(void **state)
{
    enum { SYSTEMS = 120, SIZE_MOST = 60000 };
    static const int64_t caps[] = {1, 2, 3, 5, 7, 8, 9, 12, 13, 14, 18, 22, 27};
    struct outcome *plans = calloc(PLANS_MAX, sizeof *plans);
    unsigned seed = 1;
    (void)state;
    assert_non_null(plans);
    for (size_t drawn = 0; drawn < SYSTEMS;) {
        struct system system = {.told = {true, true}};
        double size = 1;
        system.n = 1 + (seed = seed * 1103515245u + 12345u) / 65536 % 4;
        system.m = (seed = seed * 1103515245u + 12345u) / 65536 % 4;
        system.told[1] = system.m > 0;
        for (size_t i = 0; i < system.n + system.m; i++) {
            system.caps[i] = caps[(seed = seed * 1103515245u + 12345u) / 65536 % (sizeof caps / sizeof caps[0])];
            size *= (double)system.caps[i] + 1;
        }
        if (size > SIZE_MOST)
            continue;
        judge(&system, plans);
        drawn++;
    }
    free(plans);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_less),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_zero_is_hidden_too),
        cmocka_unit_test(test_total_of_many_small),
        cmocka_unit_test(test_used_up),
        cmocka_unit_test(test_used_up_pins_nothing),
        cmocka_unit_test(test_nothing_is_worked_out),
        cmocka_unit_test(test_nothing_is_worked_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
