/* lru.c against a plain list: the ceiling, the order in which entries go, and every allocation failing in turn. */
#include "fault.h"
#include "lru.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct slice get(struct lru *lru, const char *key)
{
    return lru_get(lru, key, strlen(key));
}

static void put(struct lru *lru, const char *key, const char *value)
{
    lru_put(lru, key, strlen(key), value, strlen(value));
}

static void assert_value(struct lru *lru, const char *key, const char *value)
{
    struct slice found = get(lru, key);
    assert_non_null(found.at);
    assert_int_equal(found.len, strlen(value));
    assert_memory_equal(found.at, value, found.len);
}

static struct lru_stats stats_of(const struct lru *lru)
{
    struct lru_stats stats;
    lru_stats(lru, &stats);
    return stats;
}

static void keeps_what_was_put(void **state)
{
    (void)state;
    struct lru *lru = lru_new(1 << 20, 1);
    assert_null(get(lru, "a").at);
    put(lru, "a", "one");
    put(lru, "b", "");
    assert_value(lru, "a", "one");
    assert_value(lru, "b", ""); /* empty, but there */
    put(lru, "a", "two");
    assert_value(lru, "a", "two");
    assert_int_equal(stats_of(lru).entries, 2);
    lru_free(lru);
}

static void keys_are_bytes(void **state)
{
    (void)state;
    struct lru *lru = lru_new(1 << 20, 1);
    lru_put(lru, "k\0a", 3, "first", 5);
    lru_put(lru, "k\0b", 3, "second", 6);
    lru_put(lru, "k", 1, "third", 5);
    assert_memory_equal(lru_get(lru, "k\0a", 3).at, "first", 5);
    assert_memory_equal(lru_get(lru, "k\0b", 3).at, "second", 6);
    assert_memory_equal(lru_get(lru, "k", 1).at, "third", 5);
    assert_null(lru_get(lru, "k\0", 2).at);
    lru_free(lru);
}

/* What n entries of one size take, by trying. */
static size_t bytes_of(size_t n, size_t value_len)
{
    char value[256] = {0};
    struct lru *lru = lru_new(1 << 20, 1);
    for (size_t i = 0; i < n; i++)
        lru_put(lru, (const char *)&i, sizeof i, value, value_len);
    size_t bytes = stats_of(lru).bytes;
    lru_free(lru);
    return bytes;
}

static void least_recently_used_goes_first(void **state)
{
    (void)state;
    char value[100] = {0};
    struct lru *lru = lru_new(bytes_of(3, sizeof value), 1);
    for (size_t i = 0; i < 3; i++)
        lru_put(lru, (const char *)&i, sizeof i, value, sizeof value);
    assert_int_equal(stats_of(lru).entries, 3);
    size_t zero = 0, one = 1, two = 2, three = 3;
    assert_non_null(lru_get(lru, (const char *)&zero, sizeof zero).at); /* now 1 is the oldest */
    lru_put(lru, (const char *)&three, sizeof three, value, sizeof value);
    assert_int_equal(stats_of(lru).evictions, 1);
    assert_null(lru_get(lru, (const char *)&one, sizeof one).at);
    assert_non_null(lru_get(lru, (const char *)&two, sizeof two).at);
    assert_non_null(lru_get(lru, (const char *)&zero, sizeof zero).at);
    assert_non_null(lru_get(lru, (const char *)&three, sizeof three).at);
    lru_free(lru);
}

static void what_cannot_fit_is_not_kept(void **state)
{
    (void)state;
    static char huge[5000];
    struct lru *lru = lru_new(4096, 1);
    put(lru, "a", "one");
    put(lru, "b", "two");
    lru_put(lru, "c", 1, huge, sizeof huge);
    assert_null(get(lru, "c").at);
    assert_value(lru, "a", "one"); /* nothing went for its sake */
    lru_put(lru, "a", 1, huge, sizeof huge);
    assert_null(get(lru, "a").at); /* never an old value under a key that was put anew */
    assert_value(lru, "b", "two");
    lru_put(lru, "d", 1, huge, SIZE_MAX); /* refused by its length alone */
    assert_null(get(lru, "d").at);
    lru_free(lru);

    lru = lru_new(1, 1);
    put(lru, "a", "one");
    assert_null(get(lru, "a").at);
    assert_int_equal(stats_of(lru).entries, 0);
    lru_free(lru);
    lru_free(NULL);
}

/* ---- Random puts and gets, beside a list that is plain enough to be right ---- */

enum { ORACLE_KEYS = 400 };

struct oracle {
    bool there[ORACLE_KEYS];
    unsigned version[ORACLE_KEYS];
    uint64_t used[ORACLE_KEYS]; /* moment of the last use */
    uint64_t now;
};

static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    return *random ^= *random << 17;
}

static size_t make_value(char *value, unsigned key, unsigned version)
{
    size_t len = (key * 37 + version * 101) % 600;
    memset(value, (int)(key + version), len);
    return len;
}

/* Whatever went must have been the longest unused: nothing unused for longer may still be there. */
static void oracle_follow(struct oracle *oracle, struct lru *lru, size_t entries)
{
    size_t left = 0;
    for (unsigned key = 0; key < ORACLE_KEYS; key++)
        left += oracle->there[key];
    for (; left > entries; left--) {
        unsigned oldest = ORACLE_KEYS;
        for (unsigned key = 0; key < ORACLE_KEYS; key++)
            if (oracle->there[key] && (oldest == ORACLE_KEYS || oracle->used[key] < oracle->used[oldest]))
                oldest = key;
        oracle->there[oldest] = false;
        assert_null(lru_get(lru, (const char *)&oldest, sizeof oldest).at);
    }
    assert_int_equal(left, entries);
}

static void follows_the_oracle(void **state)
{
    (void)state;
    static const size_t ceilings[] = {900, 4000, 20000, 60000, 1 << 20};
    for (size_t c = 0; c < sizeof ceilings / sizeof *ceilings; c++) {
        uint64_t random = 0x9e3779b97f4a7c15u + c;
        struct oracle *oracle = calloc(1, sizeof *oracle);
        struct lru *lru = lru_new(ceilings[c], random);
        char value[600];
        for (int step = 0; step < 20000; step++) {
            unsigned key = (unsigned)(next_random(&random) % ORACLE_KEYS);
            oracle->now++;
            if (next_random(&random) % 3 == 0) {
                size_t len = make_value(value, key, ++oracle->version[key]);
                uint64_t evictions = stats_of(lru).evictions;
                lru_put(lru, (const char *)&key, sizeof key, value, len);
                oracle->there[key] = true;
                oracle->used[key] = oracle->now;
                struct lru_stats stats = stats_of(lru);
                assert_true(stats.bytes <= ceilings[c]);
                oracle_follow(oracle, lru, stats.entries);
                assert_true(oracle->there[key] || stats.entries == 0);
                assert_true(stats.evictions >= evictions);
            } else {
                struct slice found = lru_get(lru, (const char *)&key, sizeof key);
                size_t len = make_value(value, key, oracle->version[key]);
                assert_true(oracle->there[key] == (found.at != NULL));
                if (found.at) {
                    assert_int_equal(found.len, len);
                    assert_memory_equal(found.at, value, len);
                    oracle->used[key] = oracle->now;
                }
            }
        }
        if (ceilings[c] == 1 << 20)
            assert_int_equal(stats_of(lru).evictions, 0);
        else
            assert_true(stats_of(lru).evictions > 0);
        lru_free(lru);
        free(oracle);
    }
}

/* One allocation fails: that of an entry, or of the table at its birth or growth. Only the put it belongs to is lost. */
static void every_allocation_fails(void **state)
{
    (void)state;
    enum { N = 500 };
    size_t n = 1;
    for (bool failed = true; failed; n++) {
        struct lru *lru = lru_new(1 << 20, 1);
        assert_non_null(lru);
        fault_after(n);
        for (unsigned key = 0; key < N; key++)
            lru_put(lru, (const char *)&key, sizeof key, (const char *)&key, sizeof key);
        failed = fault_count() >= n;
        fault_off();
        size_t kept = 0;
        for (unsigned key = 0; key < N; key++) {
            struct slice found = lru_get(lru, (const char *)&key, sizeof key);
            assert_true(!found.at || (found.len == sizeof key && memcmp(found.at, &key, sizeof key) == 0));
            kept += found.at != NULL;
        }
        assert_int_equal(kept, failed ? N - 1 : N);
        assert_int_equal(stats_of(lru).entries, kept);
        assert_int_equal(stats_of(lru).evictions, 0);
        lru_free(lru);
    }
    assert_true(n > N + 2); /* the table grew meanwhile */
    fault_after(1);
    assert_null(lru_new(1 << 20, 1));
    fault_off();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_put),
        cmocka_unit_test(keys_are_bytes),
        cmocka_unit_test(least_recently_used_goes_first),
        cmocka_unit_test(what_cannot_fit_is_not_kept),
        cmocka_unit_test(follows_the_oracle),
        cmocka_unit_test(every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
