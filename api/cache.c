/*
 * The two steps of the cache: the in-process one (lru.c) answers at once, the shared one (redis.c) later or not at all.
 *
 * A value travels to Redis as a record that proves itself, since anybody may write there:
 *     "WMC1", key_len (4 bytes), value_len (8 bytes), XXH3-128 of key and value (16 bytes), key, value
 * numbers little-endian, under "wellmatch:1:" and the hexadecimal SHA-256 of the key. What differs anywhere is a miss.
 *
 * A shared get: cache_get_shared -> start_get -> redis_get -> on_answer -> finish_get. One that cannot be sent, or
 * whose connection ends, waits in `misses` for on_next_turn, so that `found` never runs inside the call that asked nor
 * while a connection is being taken apart.
 */
#include "cache.h"

#include "lru.h"
#include "redis.h"
#include "wellmatch.h"

#include <assert.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { HEADER_LEN = 32, NAME_LEN = 12 + 64 };

static const struct slice nothing = {NULL, 0};

struct get {
    struct cache *cache;
    struct get *next; /* in free_gets or misses */
    char *key;        /* NULL when it was not sent */
    size_t key_len;
    cache_found *found;
    void *arg;
};

struct cache {
    struct lru *lru;     /* NULL: none */
    struct redis *redis; /* NULL: none, or closed */
    bool redis_configured;
    unsigned expiry_s;

    /* One for each command in flight, so that a get that can be answered never lacks memory. */
    struct get *gets, *free_gets;
    size_t n_gets;

    uv_idle_t next_turn; /* active while something below waits to be told */
    struct get *misses, **misses_end;
    bool decided, answered;                     /* by Redis, the first time */
    void (*on_first)(void *arg, bool answered); /* NULL once called */
    void *on_first_arg;

    bool closing;
    void (*closed)(void *arg);
    void *closed_arg;

    uint64_t local_hits, local_misses, redis_hits, redis_misses, redis_corrupt, redis_skipped;
};

static bool make_gets(struct cache *cache, size_t n);
static void on_decided(void *arg, bool answered);
static void on_redis_closed(void *arg);
static void on_closed(uv_handle_t *handle);
static void wake(struct cache *cache);
static void on_next_turn(uv_idle_t *idle);
static bool start_get(struct get *get, const char *key, size_t key_len);
static void on_answer(void *arg, enum redis_outcome outcome, struct slice record);
static void miss_later(struct get *get);
static void finish_get(struct get *get, struct slice value);
static void put_shared(struct cache *cache, struct slice key, struct slice value);
static void name_of(struct slice key, char name[NAME_LEN + 1]);
static void seal_record(char *record, struct slice key, struct slice value);
static struct slice open_record(struct slice record, struct slice key);
static void put_number(char *at, size_t len, uint64_t value);
static XXH128_canonical_t checksum(const char *body, size_t len);

int cache_new(uv_loop_t *loop, const struct cache_options *options, struct cache **out, char *error, size_t error_cap)
{
    struct cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        goto no_memory;
    if (options->bytes_max > 0 && !(cache->lru = lru_new(options->bytes_max, options->seed)))
        goto no_lru;
    if (options->redis_url) {
        assert(options->timeout_ms > 0 && options->expiry_s > 0 && options->in_flight_max > 0);
        if (!make_gets(cache, options->in_flight_max))
            goto no_gets;
        struct redis_options redis = {.url = options->redis_url,
                                      .timeout_ms = options->timeout_ms,
                                      .in_flight_max = options->in_flight_max,
                                      .seed = options->seed,
                                      .optional = options->redis_optional,
                                      .decided = on_decided,
                                      .arg = cache};
        int failed = redis_new(loop, &redis, &cache->redis, error, error_cap);
        if (failed) {
            free(cache->gets);
            lru_free(cache->lru);
            free(cache);
            return failed;
        }
    }
    cache->redis_configured = cache->redis != NULL;
    cache->decided = !cache->redis;
    cache->expiry_s = options->expiry_s;
    cache->misses_end = &cache->misses;
    cache->next_turn.data = cache;
    uv_idle_init(loop, &cache->next_turn);
    *out = cache;
    return WM_OK;

no_gets:
    lru_free(cache->lru);
no_lru:
    free(cache);
no_memory:
    snprintf(error, error_cap, "out of memory for the cache");
    return WM_EMEMORY;
}

static bool make_gets(struct cache *cache, size_t n)
{
    cache->gets = calloc(n, sizeof *cache->gets);
    if (!cache->gets)
        return false;
    cache->n_gets = n;
    for (size_t i = n; i-- > 0;) {
        cache->gets[i].next = cache->free_gets;
        cache->free_gets = &cache->gets[i];
    }
    return true;
}

void cache_on_first_answer(struct cache *cache, void (*fn)(void *arg, bool answered), void *arg)
{
    cache->on_first = fn;
    cache->on_first_arg = arg;
    if (cache->decided)
        wake(cache);
}

/* May come from the middle of freeing a connection. */
static void on_decided(void *arg, bool answered)
{
    struct cache *cache = arg;
    cache->decided = true;
    cache->answered = answered;
    wake(cache);
}

void cache_close(struct cache *cache, void (*closed)(void *arg), void *arg)
{
    cache->closing = true;
    cache->closed = closed;
    cache->closed_arg = arg;
    if (cache->redis)
        redis_close(cache->redis, on_redis_closed, cache);
    wake(cache);
}

static void on_redis_closed(void *arg)
{
    struct cache *cache = arg;
    cache->redis = NULL;
    wake(cache);
}

static void on_closed(uv_handle_t *handle)
{
    struct cache *cache = handle->data;
    void (*closed)(void *arg) = cache->closed;
    void *arg = cache->closed_arg;
    lru_free(cache->lru);
    free(cache->gets);
    free(cache);
    closed(arg);
}

static void wake(struct cache *cache)
{
    uv_idle_start(&cache->next_turn, on_next_turn);
}

static void on_next_turn(uv_idle_t *idle)
{
    struct cache *cache = idle->data;
    uv_idle_stop(idle);
    /* Those asked for by `found` here wait for the turn after. */
    struct get *misses = cache->misses;
    cache->misses = NULL;
    cache->misses_end = &cache->misses;
    while (misses) {
        struct get *get = misses;
        misses = get->next;
        finish_get(get, nothing);
    }
    void (*on_first)(void *arg, bool answered) = cache->decided ? cache->on_first : NULL;
    if (on_first) {
        cache->on_first = NULL;
        on_first(cache->on_first_arg, cache->answered);
    }
    if (cache->closing && !cache->redis && !cache->misses)
        uv_close((uv_handle_t *)idle, on_closed);
}

/* ---- Getting ---- */

struct slice cache_get_local(struct cache *cache, const char *key, size_t key_len)
{
    struct slice value = cache_try_local(cache, key, key_len);
    cache->local_misses += !value.at;
    return value;
}

struct slice cache_try_local(struct cache *cache, const char *key, size_t key_len)
{
    struct slice value = cache->lru ? lru_get(cache->lru, key, key_len) : nothing;
    cache->local_hits += value.at != NULL;
    return value;
}

bool cache_shared_ready(const struct cache *cache)
{
    return cache->redis && redis_ready(cache->redis) && cache->free_gets;
}

void cache_get_shared(struct cache *cache, const char *key, size_t key_len, cache_found *found, void *arg)
{
    struct get *get = cache->free_gets;
    if (get)
        cache->free_gets = get->next;
    else
        get = malloc(sizeof *get);
    if (!get) { /* past the ceiling and out of memory: there is nothing left to wait in */
        found(arg, nothing);
        return;
    }
    *get = (struct get){.cache = cache, .key_len = key_len, .found = found, .arg = arg};
    if (!start_get(get, key, key_len)) {
        cache->redis_skipped += cache->redis_configured;
        miss_later(get);
    }
}

static bool start_get(struct get *get, const char *key, size_t key_len)
{
    char name[NAME_LEN + 1];
    if (!get->cache->redis || !redis_ready(get->cache->redis) || !(get->key = malloc(key_len + 1)))
        return false;
    memcpy(get->key, key, key_len);
    name_of((struct slice){key, key_len}, name);
    return redis_get(get->cache->redis, (struct slice){name, NAME_LEN}, on_answer, get);
}

static void on_answer(void *arg, enum redis_outcome outcome, struct slice record)
{
    struct get *get = arg;
    struct cache *cache = get->cache;
    if (outcome == REDIS_FAILED) {
        miss_later(get);
        return;
    }
    struct slice value = nothing;
    if (outcome == REDIS_FOUND)
        value = open_record(record, (struct slice){get->key, get->key_len});
    if (value.at && cache->lru)
        lru_put(cache->lru, get->key, get->key_len, value.at, value.len);
    cache->redis_hits += value.at != NULL;
    cache->redis_misses += outcome == REDIS_ABSENT;
    cache->redis_corrupt += outcome == REDIS_FOUND && !value.at;
    finish_get(get, value);
}

static void miss_later(struct get *get)
{
    get->next = NULL;
    *get->cache->misses_end = get;
    get->cache->misses_end = &get->next;
    wake(get->cache);
}

/* The place is given back first, so that `found` may ask again. */
static void finish_get(struct get *get, struct slice value)
{
    struct cache *cache = get->cache;
    cache_found *found = get->found;
    void *arg = get->arg;
    free(get->key);
    if (get >= cache->gets && get < cache->gets + cache->n_gets) {
        get->next = cache->free_gets;
        cache->free_gets = get;
    } else {
        free(get);
    }
    found(arg, value);
}

/* ---- Putting ---- */

void cache_put(struct cache *cache, const char *key, size_t key_len, const char *value, size_t value_len)
{
    cache_put_local(cache, key, key_len, value, value_len);
    if (cache->redis)
        put_shared(cache, (struct slice){key, key_len}, (struct slice){value, value_len});
}

void cache_put_local(struct cache *cache, const char *key, size_t key_len, const char *value, size_t value_len)
{
    if (cache->lru)
        lru_put(cache->lru, key, key_len, value, value_len);
}

static void put_shared(struct cache *cache, struct slice key, struct slice value)
{
    char *record = NULL;
    bool fits = key.len <= REDIS_VALUE_MAX - HEADER_LEN && value.len <= REDIS_VALUE_MAX - HEADER_LEN - key.len;
    size_t record_len = HEADER_LEN + key.len + value.len;
    bool sent = false;
    if (fits && redis_ready(cache->redis) && (record = malloc(record_len)) != NULL) {
        char name[NAME_LEN + 1];
        name_of(key, name);
        seal_record(record, key, value);
        /* So that what was stored together does not end together. */
        unsigned jitter = (unsigned)(XXH3_64bits(name, NAME_LEN) % (cache->expiry_s / 10 + 1));
        sent = redis_set(cache->redis, (struct slice){name, NAME_LEN}, (struct slice){record, record_len},
                         cache->expiry_s + jitter);
    }
    cache->redis_skipped += !sent;
    free(record);
}

void cache_stats(const struct cache *cache, struct cache_stats *out)
{
    struct lru_stats local = {0, 0, 0};
    if (cache->lru)
        lru_stats(cache->lru, &local);
    *out = (struct cache_stats){
        .local_hits = cache->local_hits,
        .local_misses = cache->local_misses,
        .local_evictions = local.evictions,
        .local_entries = local.entries,
        .local_bytes = local.bytes,
        .redis_hits = cache->redis_hits,
        .redis_misses = cache->redis_misses,
        .redis_corrupt = cache->redis_corrupt,
        .redis_skipped = cache->redis_skipped,
        .redis_configured = cache->redis_configured,
        .breaker = BREAKER_OPEN,
    };
    if (cache->redis)
        redis_stats(cache->redis, out);
}

void cache_stats_sum(struct cache_stats *sum, const struct cache_stats *other)
{
    static const int badness[] = {[BREAKER_CLOSED] = 0, [BREAKER_HALF_OPEN] = 1, [BREAKER_OPEN] = 2};
#define X(name) sum->name += other->name;
    CACHE_COUNTERS(X)
#undef X
    bool worse = badness[other->breaker] > badness[sum->breaker];
    if (other->last_error[0] && (worse || !sum->last_error[0]))
        memcpy(sum->last_error, other->last_error, sizeof sum->last_error);
    if (worse)
        sum->breaker = other->breaker;
    sum->redis_configured |= other->redis_configured;
}

/* ---- Records ---- */

static void name_of(struct slice key, char name[NAME_LEN + 1])
{
    memcpy(name, "wellmatch:1:", 12);
    SHA256Data((const uint8_t *)key.at, key.len, name + 12);
}

static void seal_record(char *record, struct slice key, struct slice value)
{
    memcpy(record + HEADER_LEN, key.at, key.len);
    if (value.len > 0)
        memcpy(record + HEADER_LEN + key.len, value.at, value.len);
    XXH128_canonical_t sum = checksum(record + HEADER_LEN, key.len + value.len);
    memcpy(record, "WMC1", 4);
    put_number(record + 4, 4, key.len);
    put_number(record + 8, 8, value.len);
    memcpy(record + 16, &sum, 16);
}

/* The value, inside the record; nothing unless it is whole and was stored under this very key. */
static struct slice open_record(struct slice record, struct slice key)
{
    char lengths[16];
    if (record.len < HEADER_LEN + key.len)
        return nothing;
    struct slice value = {record.at + HEADER_LEN + key.len, record.len - HEADER_LEN - key.len};
    memcpy(lengths, "WMC1", 4);
    put_number(lengths + 4, 4, key.len);
    put_number(lengths + 8, 8, value.len);
    if (memcmp(record.at, lengths, 16) != 0 || memcmp(record.at + HEADER_LEN, key.at, key.len) != 0)
        return nothing;
    XXH128_canonical_t sum = checksum(record.at + HEADER_LEN, record.len - HEADER_LEN);
    return memcmp(record.at + 16, &sum, 16) == 0 ? value : nothing;
}

static void put_number(char *at, size_t len, uint64_t value)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (char)(value >> 8 * i);
}

static XXH128_canonical_t checksum(const char *body, size_t len)
{
    XXH128_canonical_t sum;
    XXH128_canonicalFromHash(&sum, XXH3_128bits(body, len));
    return sum;
}
