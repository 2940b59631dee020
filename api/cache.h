/*
 * Answers kept: first in this process (bounded in bytes, least recently used goes first), then in Redis, shared by
 * replicas. Optional for correctness: whatever Redis does (absent, slow, restarted, full, lying), the caller gets a hit
 * that was checked, or a miss.
 *
 * The key is all that an answer depends on: dataset digest, policy digest, ledger revision, method, raw params.
 *
 * One loop, its thread only. The process must ignore SIGPIPE: hiredis writes to sockets whose other end may be gone.
 */
#ifndef API_CACHE_H
#define API_CACHE_H

#include "buf.h"
#include "json.h"

#include <uv.h>

struct cache;

struct cache_options {
    size_t bytes_max;       /* of the in-process cache, keys and bookkeeping counted; 0: none */
    const char *redis_url;  /* redis://[:password@]host:port[/db], redis+unix:PATH, or NULL: none */
    unsigned timeout_ms;    /* connect, and each command: past it Redis counts as gone */
    unsigned expiry_s;      /* life of a value in Redis; each gets up to 10% jitter, taken from its key */
    unsigned in_flight_max; /* commands waiting for Redis; more are misses at once */
    uint64_t seed;          /* of the back-off's jitter */
    bool redis_optional;    /* nobody asked for Redis by name: that it was never there is no warning */
};
#define CACHE_OPTIONS_INIT                         \
    {                                              \
        64u << 20, NULL, 50, 86400, 1024, 1, false \
    }

/* Closed: Redis is in use; open: left alone for a while; half open: one attempt decides. */
enum breaker { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

#define CACHE_COUNTERS(X) \
    X(local_hits)         \
    X(local_misses)       \
    X(local_evictions)    \
    X(local_entries)      \
    X(local_bytes)        \
    X(redis_hits)         \
    X(redis_misses)       \
    X(redis_errors)       \
    X(redis_timeouts)     \
    X(redis_corrupt)      \
    X(redis_skipped)      \
    X(redis_stored)       \
    X(redis_connects)     \
    X(redis_in_flight)

struct cache_stats {
#define X(name) uint64_t name;
    CACHE_COUNTERS(X)
#undef X
    bool redis_configured;
    enum breaker breaker;
    char last_error[128]; /* what Redis last said or failed with; "" if never */
};

/* The loop is borrowed. Errors: a sentence in `error`; nothing is left behind. */
int cache_new(uv_loop_t *loop, const struct cache_options *options, struct cache **out, char *error, size_t error_cap);
/*
 * `fn` is called once, on the loop, never inside this call: when Redis first answered (true), when the first attempt
 * was refused or timed out, and when none is configured or the cache is closed before that (false). One `fn` a cache.
 */
void cache_on_first_answer(struct cache *cache, void (*fn)(void *arg, bool answered), void *arg);
/* Closes handles; `closed` is called on the loop when memory is gone. Pending gets end as misses first, not inside. */
void cache_close(struct cache *cache, void (*closed)(void *arg), void *arg);

/* The in-process step. The bytes are valid until the next cache call; at == NULL: not there. */
struct slice cache_get_local(struct cache *cache, const char *key, size_t key_len);
/* The same for a first look, after which cache_get_local is asked: a miss is not counted. */
struct slice cache_try_local(struct cache *cache, const char *key, size_t key_len);
/* Keeps an answer in that step only. Copies. */
void cache_put_local(struct cache *cache, const char *key, size_t key_len, const char *value, size_t value_len);
/*
 * The shared step: `found` is called exactly once, on the loop, never inside this call, with the value (valid during
 * its call) or at == NULL. A value found is also kept locally. (Only a get that cache_shared_ready would have advised
 * against, and for which there is no memory to wait in, is told at once.)
 */
typedef void cache_found(void *arg, struct slice value);
void cache_get_shared(struct cache *cache, const char *key, size_t key_len, cache_found *found, void *arg);
/* True when a shared get could be answered at all: configured, breaker not open, room in flight. */
bool cache_shared_ready(const struct cache *cache);
/* Keeps a computed answer, in both steps. Copies. Failure to keep is no error. */
void cache_put(struct cache *cache, const char *key, size_t key_len, const char *value, size_t value_len);
void cache_stats(const struct cache *cache, struct cache_stats *out);
/* Adds what another cache tells to `sum`, which began as zeroes. The breaker and error are of the one that fares worst. */
void cache_stats_sum(struct cache_stats *sum, const struct cache_stats *other);

#endif
