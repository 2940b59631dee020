/*
 * One connection to Redis, kept by itself: it connects, greets, notices trouble, rests for a while and tries again.
 * Callers see a get that is answered or not, and never wait for longer than the timeout.
 */
#ifndef API_REDIS_H
#define API_REDIS_H

#include "cache.h"
#include "json.h"

struct redis;

struct redis_options {
    const char *url;
    unsigned timeout_ms;    /* connect, and each command */
    unsigned in_flight_max; /* commands without an answer */
    uint64_t seed;          /* of the back-off's jitter */
    bool optional;          /* nobody asked for it by name: that it was never there is no warning */
    void (*decided)(void *arg,
                    bool answered); /* once: the first attempt's outcome; may come from inside any call but redis_new */
    void *arg;
};

enum { REDIS_VALUE_MAX = 4 << 20 }; /* bytes of one value, and of all values sent but not yet acknowledged */

/* Starts connecting on the loop's next turn. 0, WM_EMEMORY or WM_EARGUMENT with a sentence in `error`. */
int redis_new(uv_loop_t *loop, const struct redis_options *options, struct redis **out, char *error, size_t error_cap);
/* Gets without an answer end as failures; `closed` is called on the loop when memory is gone. */
void redis_close(struct redis *redis, void (*closed)(void *arg), void *arg);

/* Connected, greeted, and room for a command. */
bool redis_ready(const struct redis *redis);

enum redis_outcome { REDIS_FOUND, REDIS_ABSENT, REDIS_FAILED };
/*
 * Called once for each get that was sent, never inside redis_get. REDIS_FOUND: the bytes are valid during the call, and
 * anything may be called. REDIS_FAILED: no call into this file but redis_ready and redis_stats.
 */
typedef void redis_answer(void *arg, enum redis_outcome outcome, struct slice value);
/* False: not sent (not ready, no memory), `answer` is never called. */
bool redis_get(struct redis *redis, struct slice key, redis_answer *answer, void *arg);
/* Stores and forgets: how it went is counted. False: not sent. */
bool redis_set(struct redis *redis, struct slice key, struct slice value, unsigned expiry_s);
/* Fills in what is known here: redis_errors, _timeouts, _stored, _connects, _in_flight, breaker, last_error. */
void redis_stats(const struct redis *redis, struct cache_stats *out);

#endif
