/*
 * cache.c and redis.c against a real redis-server that is absent, stopped, killed, full, locked or tampered with, and
 * against a server that says what no Redis should. Everything is seen through api/cache.h: answers, counters, states.
 */
#include "cache.h"
#include "fault.h"
#include "log.h"
#include "redis_server.h"
#include "wellmatch.h"

#include <dlfcn.h>
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    WATCHDOG_MS = 60000, /* a wait that long has failed; nothing is ever measured by it */
    PATIENT_MS = 20000,  /* a timeout that healthy servers are never near */
    HASTY_MS = 60        /* one that is meant to run out */
};

/* ---- Looking up hosts, which can be held up ---- */

static atomic_bool look_ups_held;
static uv_sem_t look_ups_gate;

/* libuv calls this one, on a thread of its pool, instead of the C library's. */
__attribute__((visibility("default"))) int getaddrinfo(const char *host, const char *service,
                                                       const struct addrinfo *hints, struct addrinfo **out)
{
    union {
        void *symbol;
        int (*function)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    } next = {dlsym(RTLD_NEXT, "getaddrinfo")};
    if (atomic_load(&look_ups_held))
        uv_sem_wait(&look_ups_gate);
    return next.function(host, service, hints, out);
}

static void look_ups_hold(void)
{
    uv_sem_init(&look_ups_gate, 0);
    atomic_store(&look_ups_held, true);
}

static void look_ups_release(void)
{
    atomic_store(&look_ups_held, false);
    for (int i = 0; i < 8; i++)
        uv_sem_post(&look_ups_gate);
}

/* ---- A loop with a cache on it ---- */

struct rig {
    uv_loop_t loop;
    uv_timer_t watchdog;
    struct cache *cache;
    unsigned n_closed, n_first;
    bool first_answered;
};

struct answer { /* what a get came to */
    struct rig *rig;
    unsigned n;
    bool hit, after_closed;
    char *bytes;
    size_t len;
};

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    fprintf(stderr, "what the test waits for does not happen\n");
    abort();
}

static void rig_start(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    uv_loop_init(&rig->loop);
    uv_timer_init(&rig->loop, &rig->watchdog);
    uv_timer_start(&rig->watchdog, on_watchdog, WATCHDOG_MS, 0);
}

static void on_first(void *arg, bool answered)
{
    struct rig *rig = arg;
    rig->n_first++;
    rig->first_answered = answered;
}

static int try_open(struct rig *rig, const struct cache_options *options)
{
    char error[256] = "";
    int failed = cache_new(&rig->loop, options, &rig->cache, error, sizeof error);
    assert_true(!failed || error[0]);
    rig->n_first = rig->n_closed = 0;
    if (!failed)
        cache_on_first_answer(rig->cache, on_first, rig);
    return failed;
}

static void open_cache(struct rig *rig, const char *url, unsigned timeout_ms)
{
    struct cache_options options = CACHE_OPTIONS_INIT;
    options.redis_url = url;
    options.timeout_ms = timeout_ms;
    assert_int_equal(try_open(rig, &options), 0);
    assert_int_equal(rig->n_first, 0);
}

static void on_closed(void *arg)
{
    struct rig *rig = arg;
    rig->n_closed++;
    rig->cache = NULL;
}

static struct cache_stats stats_of(const struct rig *rig)
{
    struct cache_stats stats;
    cache_stats(rig->cache, &stats);
    return stats;
}

#define UNTIL(rig, condition)                  \
    do {                                       \
        while (!(condition))                   \
            uv_run(&(rig)->loop, UV_RUN_ONCE); \
    } while (0)

static void close_cache(struct rig *rig)
{
    cache_close(rig->cache, on_closed, rig);
    UNTIL(rig, rig->n_closed);
    assert_int_equal(rig->n_closed, 1);
}

/* Nothing may be left on the loop. */
static void rig_end(struct rig *rig)
{
    if (rig->cache)
        close_cache(rig);
    uv_close((uv_handle_t *)&rig->watchdog, NULL);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
}

static void on_found(void *arg, struct slice value)
{
    struct answer *answer = arg;
    answer->n++;
    answer->hit = value.at != NULL;
    answer->after_closed = answer->rig->n_closed > 0;
    answer->len = value.len;
    answer->bytes = value.at ? malloc(value.len + 1) : NULL;
    if (answer->bytes)
        memcpy(answer->bytes, value.at, value.len);
}

static void ask(struct rig *rig, const char *key, struct answer *answer)
{
    memset(answer, 0, sizeof *answer);
    answer->rig = rig;
    cache_get_shared(rig->cache, key, strlen(key), on_found, answer);
    assert_int_equal(answer->n, 0); /* never inside the call */
}

static void put(struct rig *rig, const char *key, const char *value)
{
    cache_put(rig->cache, key, strlen(key), value, strlen(value));
}

static bool shared_has(struct rig *rig, const char *key, const char *value)
{
    struct answer answer;
    ask(rig, key, &answer);
    UNTIL(rig, answer.n);
    bool same = answer.hit && answer.len == strlen(value) && memcmp(answer.bytes, value, answer.len) == 0;
    assert_true(same || !answer.hit); /* a wrong answer is worse than none */
    free(answer.bytes);
    return same;
}

static bool local_has(struct rig *rig, const char *key)
{
    return cache_get_local(rig->cache, key, strlen(key)).at != NULL;
}

static redisReply *ask_server(const struct redis_server *server, const char *a, const char *b, const char *c)
{
    const char *argv[] = {a, b, c};
    return redis_server_ask(server, 1 + (b != NULL) + (c != NULL), argv, NULL);
}

/* The one key in the server's database. */
static void only_key(const struct redis_server *server, char out[128])
{
    redisReply *keys = ask_server(server, "KEYS", "*", NULL);
    assert_int_equal(keys->elements, 1);
    snprintf(out, 128, "%s", keys->element[0]->str);
    freeReplyObject(keys);
}

/* ---- Without Redis ---- */

static void without_redis(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    struct cache_options options = CACHE_OPTIONS_INIT;
    assert_int_equal(try_open(&rig, &options), 0);
    assert_int_equal(rig.n_first, 0);
    UNTIL(&rig, rig.n_first);
    assert_false(rig.first_answered);
    assert_false(cache_shared_ready(rig.cache));
    put(&rig, "key", "value");
    struct slice value = cache_get_local(rig.cache, "key", 3);
    assert_int_equal(value.len, 5);
    assert_memory_equal(value.at, "value", 5);
    assert_false(shared_has(&rig, "key", "value"));
    struct cache_stats stats = stats_of(&rig);
    assert_false(stats.redis_configured);
    assert_int_equal(stats.local_hits, 1);
    assert_int_equal(stats.local_entries, 1);
    assert_int_equal(stats.redis_skipped, 0);
    rig_end(&rig);
}

static void without_anything(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    struct cache_options options = CACHE_OPTIONS_INIT;
    options.bytes_max = 0;
    assert_int_equal(try_open(&rig, &options), 0);
    put(&rig, "key", "value");
    assert_false(local_has(&rig, "key"));
    assert_int_equal(stats_of(&rig).local_bytes, 0);
    rig_end(&rig);
}

static void wrong_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *says;
    } cases[] = {
        {"", "redis://HOST:PORT"},
        {"http://127.0.0.1:6379", "redis://HOST:PORT"},
        {"redis:/127.0.0.1", "redis://HOST:PORT"},
        {"rediss://127.0.0.1:6379", "TLS"},
        {"redis://", "names a host"},
        {"redis://:6379", "names a host"},
        {"redis://127.0.0.1:", "1 to 65535"},
        {"redis://127.0.0.1:0", "1 to 65535"},
        {"redis://127.0.0.1:65536", "1 to 65535"},
        {"redis://127.0.0.1:6379x", "1 to 65535"},
        {"redis://127.0.0.1:99999999999999999999", "1 to 65535"},
        {"redis://::1:6379", "brackets"},
        {"redis://[::1:6379", "brackets"},
        {"redis://[::1]6379", "brackets"},
        {"redis://127.0.0.1/one", "number of a Redis database"},
        {"redis://127.0.0.1/1/2", "number of a Redis database"},
        {"redis://127.0.0.1/-1", "number of a Redis database"},
        {"redis://s3cret@127.0.0.1", "colon and the password"},
        {"redis://:@127.0.0.1", "colon and the password"},
        {"redis://:s3cret%4@127.0.0.1", "%25"},
        {"redis://:s3cret%zz@127.0.0.1", "%25"},
        {"redis://:s3cret%00@127.0.0.1", "%25"},
        {"redis+unix:", "1 to 106"},
        {"redis+unix:/s3cret/"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "1 to 106"},
    };
    struct rig rig;
    rig_start(&rig);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cache_options options = CACHE_OPTIONS_INIT;
        options.redis_url = cases[i].url;
        char error[256] = "";
        assert_int_equal(cache_new(&rig.loop, &options, &rig.cache, error, sizeof error), WM_EARGUMENT);
        if (!strstr(error, cases[i].says))
            fail_msg("%s: %s", cases[i].url, error);
        assert_null(strstr(error, "s3cret"));
        assert_null(rig.cache);
    }
    rig_end(&rig); /* nothing is left behind */
}

/* ---- With a healthy Redis ---- */

static void a_value_is_shared(void **state)
{
    (void)state;
    struct redis_server server;
    redis_server_start(&server, false, NULL);
    struct rig one, two;
    rig_start(&one);
    rig_start(&two);
    open_cache(&one, server.url, PATIENT_MS);
    open_cache(&two, server.url, PATIENT_MS);
    UNTIL(&one, one.n_first);
    UNTIL(&two, two.n_first);
    assert_true(one.first_answered && two.first_answered);
    assert_true(cache_shared_ready(one.cache));

    assert_false(shared_has(&one, "key", "value"));
    put(&one, "key", "value");
    UNTIL(&one, stats_of(&one).redis_stored == 1);
    assert_false(local_has(&two, "key"));
    assert_true(shared_has(&two, "key", "value"));
    assert_true(local_has(&two, "key")); /* a value found is kept locally */

    struct cache_stats stats = stats_of(&one);
    assert_int_equal(stats.redis_misses, 1);
    assert_int_equal(stats.redis_errors + stats.redis_timeouts + stats.redis_skipped + stats.redis_corrupt, 0);
    assert_int_equal(stats.redis_connects, 1);
    assert_int_equal(stats.redis_in_flight, 0);
    assert_int_equal(stats.breaker, BREAKER_CLOSED);
    assert_string_equal(stats.last_error, "");
    assert_int_equal(stats_of(&two).redis_hits, 1);
    rig_end(&one);
    rig_end(&two);
    redis_server_end(&server);
}

static void names_and_lives(void **state)
{
    (void)state;
    struct redis_server server;
    redis_server_start(&server, false, NULL);
    struct rig rig;
    rig_start(&rig);
    open_cache(&rig, server.url, PATIENT_MS);
    UNTIL(&rig, rig.n_first);
    put(&rig, "abc", "value");
    UNTIL(&rig, stats_of(&rig).redis_stored == 1);
    char name[128];
    only_key(&server, name);
    /* The SHA-256 of "abc" is an example of FIPS 180-2. */
    assert_string_equal(name, "wellmatch:1:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    /* Lives spread over a tenth, the same for the same key. */
    long long least = 1 << 30, most = 0;
    for (int i = 0; i < 50; i++) {
        char key[16];
        snprintf(key, sizeof key, "key %d", i);
        put(&rig, key, "value");
    }
    UNTIL(&rig, stats_of(&rig).redis_stored == 51);
    redisReply *keys = ask_server(&server, "KEYS", "*", NULL);
    assert_int_equal(keys->elements, 51);
    for (size_t i = 0; i < keys->elements; i++) {
        redisReply *life = ask_server(&server, "TTL", keys->element[i]->str, NULL);
        least = life->integer < least ? life->integer : least;
        most = life->integer > most ? life->integer : most;
        freeReplyObject(life);
    }
    freeReplyObject(keys);
    assert_true(least > 86400 - 300 && most <= 86400 + 8640);
    assert_true(most - least > 2000);
    rig_end(&rig);
    redis_server_end(&server);
}

static void bytes_and_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16383, 16384, 16385, 900000, 3000000};
    char *bytes = malloc(5000000);
    for (size_t i = 0; i < 5000000; i++)
        bytes[i] = (char)(i * i >> 7);
    struct redis_server server;
    redis_server_start(&server, false, NULL);
    struct rig writer, reader;
    rig_start(&writer);
    rig_start(&reader);
    open_cache(&writer, server.url, PATIENT_MS);
    open_cache(&reader, server.url, PATIENT_MS);
    UNTIL(&writer, writer.n_first);
    UNTIL(&reader, reader.n_first);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char key[8] = "k\0\r\n$1 ";
        key[7] = (char)i;
        cache_put(writer.cache, key, sizeof key, bytes, sizes[i]);
        UNTIL(&writer, stats_of(&writer).redis_stored == i + 1);
        struct answer answer = {.rig = &reader};
        cache_get_shared(reader.cache, key, sizeof key, on_found, &answer);
        UNTIL(&reader, answer.n);
        assert_true(answer.hit);
        assert_int_equal(answer.len, sizes[i]);
        assert_memory_equal(answer.bytes, bytes, sizes[i]);
        free(answer.bytes);
    }
    cache_put(writer.cache, "k", 1, bytes, 5000000); /* past what is ever sent */
    assert_int_equal(stats_of(&writer).redis_skipped, 1);
    assert_int_equal(stats_of(&writer).redis_in_flight, 0);
    rig_end(&writer);
    rig_end(&reader);
    redis_server_end(&server);
    free(bytes);
}

static void many_at_once(void **state)
{
    (void)state;
    enum { N = 1000 };
    static struct answer answers[N];
    struct redis_server server;
    redis_server_start(&server, false, NULL);
    struct rig rig;
    rig_start(&rig);
    struct cache_options options = CACHE_OPTIONS_INIT;
    options.redis_url = server.url;
    options.timeout_ms = PATIENT_MS;
    options.bytes_max = 0;
    assert_int_equal(try_open(&rig, &options), 0);
    UNTIL(&rig, rig.n_first);
    char key[32], value[32];
    for (int i = 0; i < N; i += 2) {
        snprintf(key, sizeof key, "key %d", i);
        snprintf(value, sizeof value, "value %d", i);
        put(&rig, key, value);
    }
    UNTIL(&rig, stats_of(&rig).redis_stored == N / 2);
    for (int i = 0; i < N; i++) {
        snprintf(key, sizeof key, "key %d", i);
        assert_true(cache_shared_ready(rig.cache));
        ask(&rig, key, &answers[i]);
    }
    assert_int_equal(stats_of(&rig).redis_in_flight, N);
    UNTIL(&rig, stats_of(&rig).redis_in_flight == 0);
    for (int i = 0; i < N; i++) {
        snprintf(value, sizeof value, "value %d", i);
        assert_int_equal(answers[i].n, 1);
        assert_int_equal(answers[i].hit, i % 2 == 0);
        if (answers[i].hit)
            assert_memory_equal(answers[i].bytes, value, answers[i].len);
        free(answers[i].bytes);
    }
    rig_end(&rig);
    redis_server_end(&server);
}

static void by_name_with_password_and_database(void **state)
{
    (void)state;
    static const char *const locked[] = {"--requirepass", "s3cret@/%", NULL};
    struct redis_server server;
    redis_server_start(&server, true, locked);
    snprintf(server.client, sizeof server.client, "s3cret@/%%");
    char url[128];
    struct rig rig;
    rig_start(&rig);
    snprintf(url, sizeof url, "redis://:s3cret%%40%%2F%%25@localhost:%d/3", server.port);
    open_cache(&rig, url, PATIENT_MS);
    UNTIL(&rig, rig.n_first);
    /* localhost may be looked up as ::1 first, where this server does not listen */
    UNTIL(&rig, cache_shared_ready(rig.cache));
    put(&rig, "key", "value");
    UNTIL(&rig, stats_of(&rig).redis_stored == 1);
    assert_true(shared_has(&rig, "key", "value"));
    redisReply *info = ask_server(&server, "INFO", "keyspace", NULL);
    assert_non_null(strstr(info->str, "db3:keys=1"));
    freeReplyObject(info);
    close_cache(&rig);

    snprintf(url, sizeof url, "redis://default:s3cret%%40%%2F%%25@127.0.0.1:%d", server.port);
    open_cache(&rig, url, PATIENT_MS);
    UNTIL(&rig, rig.n_first);
    assert_true(rig.first_answered);
    rig_end(&rig);
    redis_server_end(&server);
}

/* ---- Redis that refuses ---- */

static void assert_refused(const char *url, const char *says)
{
    struct rig rig;
    rig_start(&rig);
    open_cache(&rig, url, PATIENT_MS);
    UNTIL(&rig, rig.n_first);
    assert_false(rig.first_answered);
    assert_false(cache_shared_ready(rig.cache));
    assert_false(shared_has(&rig, "key", "value"));
    struct cache_stats stats = stats_of(&rig);
    if (!strstr(stats.last_error, says))
        fail_msg("%s: %s", url, stats.last_error);
    assert_null(strstr(stats.last_error, "s3cret"));
    assert_int_equal(stats.breaker, BREAKER_OPEN);
    assert_int_equal(stats.redis_errors, 1);
    assert_int_equal(stats.redis_connects, 0);
    assert_true(stats.redis_skipped > 0);
    UNTIL(&rig, stats_of(&rig).redis_errors == 2); /* it goes on trying */
    assert_int_equal(rig.n_first, 1);
    rig_end(&rig);
}

static void absent(void **state)
{
    (void)state;
    char url[64];
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", free_port());
    assert_refused(url, "Connection refused");
    snprintf(url, sizeof url, "redis://localhost:%d", free_port());
    assert_refused(url, "refused");
    assert_refused("redis+unix:/nowhere/redis.sock", "No such file");
}

static void locked(void **state)
{
    (void)state;
    static const char *const options[] = {"--requirepass", "right", NULL};
    struct redis_server server;
    char url[96];
    redis_server_start(&server, true, options);
    snprintf(url, sizeof url, "redis://:s3cret@127.0.0.1:%d", server.port);
    assert_refused(url, "password refused: WRONGPASS");
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", server.port);
    assert_refused(url, "NOAUTH");
    snprintf(url, sizeof url, "redis://:right@127.0.0.1:%d/500", server.port);
    assert_refused(url, "database refused: ERR DB index is out of range");
    redis_server_end(&server);
}

static void full(void **state)
{
    (void)state;
    static const char *const options[] = {"--maxmemory", "1b", "--maxmemory-policy", "noeviction", NULL};
    struct redis_server server;
    redis_server_start(&server, false, options);
    struct rig rig;
    rig_start(&rig);
    open_cache(&rig, server.url, PATIENT_MS);
    UNTIL(&rig, rig.n_first);
    for (unsigned i = 1; i <= 20; i++) {
        put(&rig, "key", "value");
        assert_false(shared_has(&rig, "key", "value"));
        assert_int_equal(stats_of(&rig).redis_errors, i);
    }
    struct cache_stats stats = stats_of(&rig);
    assert_int_equal(stats.redis_stored, 0);
    assert_int_equal(stats.redis_misses, 20);
    assert_non_null(strstr(stats.last_error, "OOM"));
    assert_true(local_has(&rig, "key"));
    for (int i = 0; i < 30; i++) /* what it holds could still be read: however many, they open nothing */
        put(&rig, "key", "value");
    UNTIL(&rig, stats_of(&rig).redis_errors == 50);
    assert_int_equal(stats_of(&rig).breaker, BREAKER_CLOSED);
    assert_int_equal(stats_of(&rig).redis_connects, 1);
    rig_end(&rig);
    redis_server_end(&server);
}

/* ---- Redis that lies ---- */

static void tampered(void **state)
{
    (void)state;
    struct redis_server server;
    redis_server_start(&server, false, NULL);
    struct rig rig;
    rig_start(&rig);
    struct cache_options options = CACHE_OPTIONS_INIT;
    options.redis_url = server.url;
    options.timeout_ms = PATIENT_MS;
    options.bytes_max = 0;
    assert_int_equal(try_open(&rig, &options), 0);
    UNTIL(&rig, rig.n_first);
    put(&rig, "key", "value");
    UNTIL(&rig, stats_of(&rig).redis_stored == 1);
    char name[128];
    only_key(&server, name);
    redisReply *record = ask_server(&server, "GET", name, NULL);
    assert_int_equal(record->len, 32 + 3 + 5);

    uint64_t corrupt = 0;
    for (size_t i = 0; i <= record->len; i++) { /* each byte wrong in turn, each length too short, and one too long */
        for (int shorten = 0; shorten < 2; shorten++) {
            char bytes[64];
            memcpy(bytes, record->str, record->len);
            bytes[i] = (char)(bytes[i] ^ 1 << i % 8);
            const char *argv[] = {"SET", name, bytes};
            size_t len[] = {3, strlen(name), shorten ? i : record->len + (i == record->len)};
            if (len[2] == record->len && shorten)
                continue; /* that is the record as it was */
            freeReplyObject(redis_server_ask(&server, 3, argv, len));
            assert_false(shared_has(&rig, "key", "value"));
            assert_int_equal(stats_of(&rig).redis_corrupt, ++corrupt);
        }
    }
    put(&rig, "key", "value");
    assert_true(shared_has(&rig, "key", "value")); /* what was wrong is overwritten */

    /* A good record under another name: of another key, of the same length. */
    freeReplyObject(ask_server(&server, "FLUSHALL", NULL, NULL));
    put(&rig, "kez", "value");
    UNTIL(&rig, stats_of(&rig).redis_stored == 3);
    char other[128];
    only_key(&server, other);
    freeReplyObject(ask_server(&server, "RENAME", other, name));
    assert_false(shared_has(&rig, "key", "value"));
    assert_int_equal(stats_of(&rig).redis_corrupt, ++corrupt);

    /* Another type of value. */
    freeReplyObject(ask_server(&server, "DEL", name, NULL));
    freeReplyObject(ask_server(&server, "LPUSH", name, "x"));
    assert_false(shared_has(&rig, "key", "value"));
    assert_int_equal(stats_of(&rig).redis_corrupt, corrupt);
    assert_int_equal(stats_of(&rig).redis_errors, 1);
    assert_non_null(strstr(stats_of(&rig).last_error, "WRONGTYPE"));
    put(&rig, "key", "value");
    assert_true(shared_has(&rig, "key", "value"));
    assert_int_equal(stats_of(&rig).redis_connects, 1);
    freeReplyObject(record);
    rig_end(&rig);
    redis_server_end(&server);
}

/* Says `script` to a GET, and what is right to a greeting. */
static const char *answer_get(struct fake_redis *fake, const redisReply *command)
{
    return fake_command_is(command, "PING") ? "+PONG\r\n" : fake->script;
}

/* Says `script` to everything. */
static const char *answer_all(struct fake_redis *fake, const redisReply *command)
{
    (void)command;
    return fake->script;
}

/* As answer_get, and then `script` once more where nobody asked. */
static const char *answer_too_much(struct fake_redis *fake, const redisReply *command)
{
    static char text[256];
    snprintf(text, sizeof text, "%s%s", fake_command_is(command, "PING") ? "+PONG\r\n" : "$-1\r\n",
             fake_command_is(command, "PING") ? "" : fake->script);
    return text;
}

/* The connection ends over it, the get misses, and Redis is tried again after the back-off. */
static void assert_get_ends(const char *(*answer)(struct fake_redis *, const redisReply *), const char *script,
                            bool and_recovers)
{
    struct rig rig;
    struct fake_redis fake;
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer);
    fake.script = script;
    open_cache(&rig, fake.url, PATIENT_MS);
    UNTIL(&rig, rig.n_first);
    assert_true(rig.first_answered);
    assert_false(shared_has(&rig, "key", "value"));
    UNTIL(&rig, stats_of(&rig).breaker == BREAKER_OPEN);
    assert_int_equal(stats_of(&rig).redis_errors, 1);
    assert_int_equal(stats_of(&rig).redis_timeouts, 0);
    assert_true(stats_of(&rig).last_error[0]);
    if (and_recovers) {
        UNTIL(&rig, cache_shared_ready(rig.cache));
        assert_int_equal(fake.n_connections, 2);
    }
    fake_redis_end(&fake);
    rig_end(&rig);
}

static void garbage_to_a_get(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "\r\n",
        "+OK\r\n",
        ":1\r\n",
        "*0\r\n",
        "*1\r\n$1\r\na\r\n",
        "*-1\r\n*-1\r\n",
        "*2147483647\r\n",
        "$-2\r\n",
        "$x\r\n",
        "$99999999999999999999\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n",
        "\xff\xfe",
        ":x\r\n",
        FAKE_HANG_UP,
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        assert_get_ends(answer_get, scripts[i], i < 2);
}

static void answers_to_no_question(void **state)
{
    (void)state;
    static const char *const scripts[] = {"+OK\r\n",           "$1\r\na\r\n", "$-1\r\n", ":1\r\n",
                                          "-ERR too many\r\n", "*0\r\n",      "?"};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        assert_get_ends(answer_too_much, scripts[i], i < 1);
}

static void an_endless_answer(void **state)
{
    (void)state;
    enum { LEN = 5 << 20 };
    char *script = malloc(LEN + 1);
    memset(script, 'x', LEN);
    memcpy(script, "$900000000\r\n", 12);
    script[LEN] = '\0';
    assert_get_ends(answer_get, script, false);
    free(script);
}

static void garbage_to_the_greeting(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",       "+OK\r\n",   "$4\r\nPONG\r\n", "*0\r\n", "-LOADING s3cr\xfft\r\n",
        "-ERR max number of clients reached\r\n", FAKE_HANG_UP};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        struct rig rig;
        struct fake_redis fake;
        rig_start(&rig);
        fake_redis_start(&rig.loop, &fake, answer_all);
        fake.script = scripts[i];
        open_cache(&rig, fake.url, PATIENT_MS);
        UNTIL(&rig, rig.n_first);
        assert_false(rig.first_answered);
        assert_int_equal(stats_of(&rig).redis_errors, 1);
        assert_int_equal(stats_of(&rig).redis_connects, 0);
        for (const char *at = stats_of(&rig).last_error; *at; at++)
            assert_true(*at >= ' ' && *at <= '~'); /* it will stand in JSON */
        if (i < 1)
            UNTIL(&rig, fake.n_connections == 3); /* it goes on trying */
        fake_redis_end(&fake);
        rig_end(&rig);
    }
}

static void a_password_is_never_repeated(void **state)
{
    (void)state;
    struct rig rig;
    struct fake_redis fake;
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer_all);
    fake.script = "-ERR unknown command 'AUTH', with args beginning with: 's3cret'\r\n";
    /* The same socket by TCP, since passwords stand in such addresses only. */
    uv_tcp_t listener;
    struct sockaddr_in address;
    int len = sizeof address;
    char url[64];
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(&rig.loop, &listener);
    assert_int_equal(uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0), 0);
    fake_redis_listen(&fake, (uv_stream_t *)&listener);
    uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &len);
    snprintf(url, sizeof url, "redis://:s3cret@127.0.0.1:%d", ntohs(address.sin_port));
    open_cache(&rig, url, PATIENT_MS);
    UNTIL(&rig, rig.n_first);
    assert_string_equal(stats_of(&rig).last_error, "password refused: ERR");
    uv_close((uv_handle_t *)&listener, NULL);
    fake_redis_end(&fake);
    rig_end(&rig);
}

static void a_run_of_errors(void **state)
{
    (void)state;
    struct rig rig;
    struct fake_redis fake;
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer_get);
    fake.script = "-LOADING Redis is loading the dataset in memory\r\n";
    open_cache(&rig, fake.url, PATIENT_MS);
    UNTIL(&rig, rig.n_first);
    for (unsigned i = 1; i <= 8; i++) {
        assert_int_equal(stats_of(&rig).breaker, BREAKER_CLOSED);
        assert_false(shared_has(&rig, "key", "value"));
        assert_int_equal(stats_of(&rig).redis_errors, i);
    }
    assert_int_equal(stats_of(&rig).breaker, BREAKER_OPEN);
    UNTIL(&rig, stats_of(&rig).breaker == BREAKER_HALF_OPEN);
    assert_false(cache_shared_ready(rig.cache)); /* while it is being tried */
    UNTIL(&rig, stats_of(&rig).breaker == BREAKER_CLOSED);
    fake.script = "$-1\r\n";
    assert_false(shared_has(&rig, "key", "value"));
    assert_int_equal(stats_of(&rig).redis_misses, 1);
    fake_redis_end(&fake);
    rig_end(&rig);
}

/* ---- Redis that is slow ---- */

static void never_answering(void **state)
{
    (void)state;
    struct rig rig;
    struct fake_redis fake;
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer_all); /* script NULL: silent */
    open_cache(&rig, fake.url, HASTY_MS);
    UNTIL(&rig, rig.n_first);
    assert_false(rig.first_answered);
    assert_int_equal(stats_of(&rig).redis_timeouts, 1);
    assert_int_equal(stats_of(&rig).redis_errors, 0);
    assert_int_equal(stats_of(&rig).breaker, BREAKER_OPEN);
    UNTIL(&rig, fake.n_pings == 3);
    fake_redis_end(&fake);
    rig_end(&rig);
}

static void a_late_answer_finds_nobody(void **state)
{
    (void)state;
    struct rig rig;
    struct fake_redis fake;
    struct answer answers[5];
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer_get);
    open_cache(&rig, fake.url, HASTY_MS);
    UNTIL(&rig, cache_shared_ready(rig.cache));
    struct cache_stats before = stats_of(&rig);
    for (int i = 0; i < 5; i++)
        ask(&rig, "key", &answers[i]);
    UNTIL(&rig, answers[4].n);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(answers[i].n, 1);
        assert_false(answers[i].hit);
    }
    struct cache_stats stats = stats_of(&rig);
    assert_int_equal(stats.redis_timeouts, before.redis_timeouts + 1);
    assert_int_equal(stats.breaker, BREAKER_OPEN);
    assert_int_equal(stats.redis_in_flight, 0);
    fake_redis_say(&fake, "$5\r\nvalue\r\n"); /* too late, to a connection that is gone */
    UNTIL(&rig, cache_shared_ready(rig.cache));
    fake.script = "$-1\r\n";
    assert_false(shared_has(&rig, "key", "value"));
    for (int i = 0; i < 5; i++)
        assert_int_equal(answers[i].n, 1);
    fake_redis_end(&fake);
    rig_end(&rig);
}

static void a_busy_loop_is_not_a_slow_redis(void **state)
{
    (void)state;
    struct rig rig;
    struct fake_redis fake;
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer_get);
    fake.script = "$-1\r\n";
    open_cache(&rig, fake.url, 400);
    UNTIL(&rig, cache_shared_ready(rig.cache));
    uint64_t timeouts = stats_of(&rig).redis_timeouts;
    for (unsigned i = 1; i <= 2; i++) {
        struct answer answer;
        ask(&rig, "key", &answer);
        usleep(450000); /* this thread computes: past the deadline, before anything was even sent */
        UNTIL(&rig, answer.n);
        assert_int_equal(stats_of(&rig).redis_misses, i);
        assert_int_equal(stats_of(&rig).redis_timeouts, timeouts);
    }
    fake_redis_end(&fake);
    rig_end(&rig);
}

static void stopped_and_continued(void **state)
{
    (void)state;
    struct redis_server server;
    redis_server_start(&server, false, NULL);
    struct rig rig;
    struct answer answers[10];
    rig_start(&rig);
    struct cache_options options = CACHE_OPTIONS_INIT;
    options.redis_url = server.url;
    options.timeout_ms = 500;
    options.bytes_max = 0;
    assert_int_equal(try_open(&rig, &options), 0);
    UNTIL(&rig, cache_shared_ready(rig.cache));
    put(&rig, "key", "value");
    UNTIL(&rig, stats_of(&rig).redis_stored == 1);
    uint64_t connects = stats_of(&rig).redis_connects, timeouts = stats_of(&rig).redis_timeouts;

    redis_server_signal(&server, SIGSTOP);
    for (int i = 0; i < 10; i++)
        ask(&rig, "key", &answers[i]);
    UNTIL(&rig, answers[9].n);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(answers[i].n, 1);
        assert_false(answers[i].hit);
    }
    assert_int_equal(stats_of(&rig).redis_timeouts, timeouts + 1);
    assert_false(cache_shared_ready(rig.cache));
    UNTIL(&rig, stats_of(&rig).redis_timeouts == timeouts + 2); /* connecting works, greeting does not */
    redis_server_signal(&server, SIGCONT);
    UNTIL(&rig, cache_shared_ready(rig.cache));
    assert_int_equal(stats_of(&rig).redis_connects, connects + 1);
    assert_true(shared_has(&rig, "key", "value"));
    rig_end(&rig);
    redis_server_end(&server);
}

static void killed_and_restarted(void **state)
{
    (void)state;
    struct redis_server server;
    redis_server_start(&server, false, NULL);
    struct rig rig;
    struct answer answers[10];
    rig_start(&rig);
    open_cache(&rig, server.url, PATIENT_MS);
    UNTIL(&rig, cache_shared_ready(rig.cache));
    put(&rig, "key", "value");
    UNTIL(&rig, stats_of(&rig).redis_stored == 1);

    redis_server_signal(&server, SIGSTOP); /* so that the gets are under way when it dies */
    for (int i = 0; i < 10; i++)
        ask(&rig, "key", &answers[i]);
    uv_run(&rig.loop, UV_RUN_NOWAIT);
    redis_server_kill(&server);
    UNTIL(&rig, answers[9].n);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(answers[i].n, 1);
        assert_false(answers[i].hit);
    }
    assert_int_equal(stats_of(&rig).breaker, BREAKER_OPEN);
    assert_int_equal(stats_of(&rig).redis_timeouts, 0);
    UNTIL(&rig, stats_of(&rig).redis_errors == 3);
    redis_server_restart(&server, NULL);
    UNTIL(&rig, cache_shared_ready(rig.cache));
    assert_int_equal(rig.n_first, 1);
    assert_false(shared_has(&rig, "key", "value")); /* it came back empty */
    put(&rig, "key", "value");
    assert_true(shared_has(&rig, "key", "value"));
    rig_end(&rig);
    redis_server_end(&server);
}

/* ---- Ceilings ---- */

static void in_flight_ceiling(void **state)
{
    (void)state;
    struct rig rig;
    struct fake_redis fake;
    struct answer answers[10];
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer_get); /* silent to gets */
    struct cache_options options = CACHE_OPTIONS_INIT;
    options.redis_url = fake.url;
    options.timeout_ms = PATIENT_MS;
    options.in_flight_max = 4;
    assert_int_equal(try_open(&rig, &options), 0);
    UNTIL(&rig, rig.n_first);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cache_shared_ready(rig.cache), i < 4);
        ask(&rig, "key", &answers[i]);
    }
    assert_int_equal(stats_of(&rig).redis_in_flight, 4);
    assert_int_equal(stats_of(&rig).redis_skipped, 6);
    put(&rig, "key", "value");
    assert_int_equal(stats_of(&rig).redis_skipped, 7);
    UNTIL(&rig, answers[9].n);
    for (int i = 0; i < 10; i++)
        assert_int_equal(answers[i].n, i >= 4);
    cache_close(rig.cache, on_closed, &rig);
    for (int i = 0; i < 10; i++)
        assert_int_equal(answers[i].n, i >= 4); /* not inside the call */
    UNTIL(&rig, rig.n_closed);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(answers[i].n, 1);
        assert_false(answers[i].hit);
        assert_false(answers[i].after_closed); /* pending gets end first */
    }
    fake_redis_end(&fake);
    rig_end(&rig);
}

static void unsent_ceiling(void **state)
{
    (void)state;
    static char value[900000];
    struct rig rig;
    struct fake_redis fake;
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer_get); /* takes everything, acknowledges nothing */
    open_cache(&rig, fake.url, PATIENT_MS);
    UNTIL(&rig, rig.n_first);
    for (int i = 0; i < 10; i++)
        cache_put(rig.cache, (const char *)&i, sizeof i, value, sizeof value);
    assert_int_equal(stats_of(&rig).redis_in_flight, 4);
    assert_int_equal(stats_of(&rig).redis_skipped, 6);
    assert_true(cache_shared_ready(rig.cache)); /* gets still go */
    UNTIL(&rig, fake.n_commands == 5);
    assert_int_equal(stats_of(&rig).redis_skipped, 6);
    fake_redis_end(&fake);
    rig_end(&rig);
}

/* ---- Closing, whatever is going on ---- */

static const char *const close_scripts[] = {NULL,        "$-1\r\n",    "-ERR no\r\n",
                                            "+what\r\n", FAKE_HANG_UP, "$5\r\nvalue\r\n"};

static void on_tick(uv_timer_t *timer)
{
    (void)timer; /* lets a turn of an idle loop end */
}

static void assert_closes_after(const char *url, struct rig *rig, unsigned turns)
{
    struct answer answers[6];
    uv_timer_t tick;
    uv_timer_init(&rig->loop, &tick);
    uv_timer_start(&tick, on_tick, 3, 3);
    open_cache(rig, url, HASTY_MS);
    unsigned asked = 0;
    for (unsigned i = 0; i < turns; i++) {
        if (asked < 4 && (i % 3 == 0 || cache_shared_ready(rig->cache)))
            ask(rig, "key", &answers[asked++]);
        uv_run(&rig->loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&tick, NULL);
    ask(rig, "key", &answers[asked++]);
    cache_close(rig->cache, on_closed, rig);
    ask(rig, "key", &answers[asked++]); /* in vain, but answered */
    UNTIL(rig, rig->n_closed);
    uv_run(&rig->loop, UV_RUN_NOWAIT); /* tick's close is told by now */
    for (unsigned i = 0; i < asked; i++) {
        assert_int_equal(answers[i].n, 1);
        assert_false(answers[i].hit);
        assert_false(answers[i].after_closed);
    }
    assert_int_equal(rig->n_first, 1);
}

static void close_at_every_turn(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof close_scripts / sizeof *close_scripts; s++) {
        for (int greets = 0; greets < 2; greets++) {
            struct rig rig;
            struct fake_redis fake;
            rig_start(&rig);
            fake_redis_start(&rig.loop, &fake, greets ? answer_get : answer_all);
            fake.script = close_scripts[s];
            for (unsigned turns = 0; turns < 40; turns += turns < 14 ? 1 : 13)
                assert_closes_after(fake.url, &rig, turns);
            fake_redis_end(&fake);
            rig_end(&rig);
        }
    }
}

static void close_while_looking_up(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    for (unsigned turns = 0; turns < 4; turns++)
        assert_closes_after("redis://localhost:1", &rig, turns);
    /* .invalid never resolves (RFC 6761); how long that takes is the resolver's affair */
    for (unsigned turns = 0; turns < 3; turns++)
        assert_closes_after("redis://nowhere.invalid", &rig, turns);
    rig_end(&rig);
}

static void close_while_a_look_up_is_held(void **state)
{
    (void)state;
    for (unsigned turns = 0; turns < 4; turns++) {
        struct rig rig;
        struct answer answer;
        rig_start(&rig);
        look_ups_hold();
        open_cache(&rig, "redis://localhost:1", PATIENT_MS);
        for (unsigned i = 0; i < turns; i++)
            uv_run(&rig.loop, UV_RUN_NOWAIT);
        ask(&rig, "key", &answer);
        cache_close(rig.cache, on_closed, &rig);
        for (unsigned i = 0; i < 20; i++)
            uv_run(&rig.loop, UV_RUN_NOWAIT);
        assert_int_equal(answer.n, 1);
        look_ups_release();
        UNTIL(&rig, rig.n_closed);
        assert_int_equal(rig.n_first, 1);
        assert_false(rig.first_answered);
        rig_end(&rig);
    }
}

static void a_slow_look_up(void **state)
{
    (void)state;
    struct redis_server server;
    redis_server_start(&server, true, NULL);
    char url[64];
    snprintf(url, sizeof url, "redis://localhost:%d", server.port);
    struct rig rig;
    rig_start(&rig);
    look_ups_hold();
    open_cache(&rig, url, PATIENT_MS);
    UNTIL(&rig, rig.n_first);
    assert_false(rig.first_answered);
    assert_int_equal(stats_of(&rig).redis_timeouts, 1);
    UNTIL(&rig, stats_of(&rig).redis_errors == 1); /* tried again while the first look-up still waits */
    assert_non_null(strstr(stats_of(&rig).last_error, "still being looked up"));
    look_ups_release();
    UNTIL(&rig, cache_shared_ready(rig.cache));
    rig_end(&rig);
    redis_server_end(&server);
}

static void on_found_twice(void *arg, struct slice value)
{
    struct answer *answer = arg;
    on_found(answer, value);
    if (answer->n < 3)
        cache_get_shared(answer->rig->cache, "key", 3, on_found_twice, answer);
}

/* Even then every get is answered before `closed`. */
static void ask_again_while_closing(void **state)
{
    (void)state;
    static const char *const urls[] = {NULL, "redis+unix:/nowhere"};
    for (int i = 0; i < 2; i++) {
        struct rig rig;
        rig_start(&rig);
        struct cache_options options = CACHE_OPTIONS_INIT;
        options.redis_url = urls[i];
        struct answer answer = {.rig = &rig};
        assert_int_equal(try_open(&rig, &options), 0);
        cache_get_shared(rig.cache, "key", 3, on_found_twice, &answer);
        cache_close(rig.cache, on_closed, &rig);
        UNTIL(&rig, rig.n_closed);
        assert_int_equal(answer.n, 3);
        assert_false(answer.after_closed);
        rig_end(&rig);
    }
}

static void on_found_close(void *arg, struct slice value)
{
    on_found(arg, value);
    struct answer *answer = arg;
    if (!answer->rig->n_closed && answer->n == 1)
        cache_close(answer->rig->cache, on_closed, answer->rig);
}

/* `found` comes from a reply, from a dying connection or from the next turn; closing is allowed in each. */
static void close_inside_found(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof close_scripts / sizeof *close_scripts; s++) {
        struct rig rig;
        struct fake_redis fake;
        rig_start(&rig);
        fake_redis_start(&rig.loop, &fake, answer_get);
        fake.script = close_scripts[s];
        for (int ready = 0; ready < 2; ready++) {
            struct answer first = {.rig = &rig}, second = {.rig = &rig};
            open_cache(&rig, fake.url, HASTY_MS);
            if (ready)
                UNTIL(&rig, cache_shared_ready(rig.cache));
            cache_get_shared(rig.cache, "a", 1, on_found_close, &first);
            cache_get_shared(rig.cache, "b", 1, on_found, &second);
            UNTIL(&rig, rig.n_closed);
            assert_int_equal(first.n + second.n, 2);
            assert_false(first.after_closed || second.after_closed);
            free(first.bytes);
            free(second.bytes);
        }
        fake_redis_end(&fake);
        rig_end(&rig);
    }
}

static void on_first_close(void *arg, bool answered)
{
    struct rig *rig = arg;
    on_first(rig, answered);
    cache_close(rig->cache, on_closed, rig);
}

static void close_inside_first_answer(void **state)
{
    (void)state;
    struct rig rig;
    struct fake_redis fake;
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer_get);
    open_cache(&rig, fake.url, HASTY_MS);
    cache_on_first_answer(rig.cache, on_first_close, &rig);
    UNTIL(&rig, rig.n_closed);
    assert_int_equal(rig.n_first, 1);

    struct cache_options options = CACHE_OPTIONS_INIT; /* and the same without Redis */
    assert_int_equal(try_open(&rig, &options), 0);
    cache_on_first_answer(rig.cache, on_first_close, &rig);
    UNTIL(&rig, rig.n_closed);
    assert_int_equal(rig.n_first, 1);
    fake_redis_end(&fake);
    rig_end(&rig);
}

static void on_found_again(void *arg, struct slice value)
{
    struct answer *answer = arg;
    on_found(answer, value);
    free(answer->bytes);
    if (answer->n < 20) {
        cache_put(answer->rig->cache, "key", 3, "value", 5);
        cache_get_shared(answer->rig->cache, "key", 3, on_found_again, answer);
    }
}

/* Whoever asks again from `found` is served, also when the one place in flight is the one just left. */
static void ask_again_inside_found(void **state)
{
    (void)state;
    struct redis_server server;
    redis_server_start(&server, false, NULL);
    struct rig rig;
    rig_start(&rig);
    struct cache_options options = CACHE_OPTIONS_INIT;
    options.redis_url = server.url;
    options.timeout_ms = PATIENT_MS;
    options.in_flight_max = 2;
    assert_int_equal(try_open(&rig, &options), 0);
    UNTIL(&rig, rig.n_first);
    struct answer answer = {.rig = &rig};
    cache_get_shared(rig.cache, "key", 3, on_found_again, &answer);
    UNTIL(&rig, answer.n == 20);
    assert_true(answer.hit);
    struct cache_stats stats = stats_of(&rig);
    assert_int_equal(stats.redis_hits, 19);
    assert_int_equal(stats.redis_misses, 1);
    assert_int_equal(stats.redis_skipped, 0);
    rig_end(&rig);
    redis_server_end(&server);
}

/* ---- Memory ---- */

/* False when cache_new said that it had no memory. */
static bool session(const struct redis_server *server, const char *value)
{
    struct rig rig;
    struct answer answer = {.rig = &rig};
    struct cache_options options = CACHE_OPTIONS_INIT;
    options.redis_url = server->url;
    options.timeout_ms = PATIENT_MS;
    rig_start(&rig);
    bool open = try_open(&rig, &options) == 0;
    if (open) {
        UNTIL(&rig, rig.n_first);
        put(&rig, "key", value);
        cache_get_shared(rig.cache, "key", 3, on_found, &answer);
        assert_int_equal(answer.n, 0);
        UNTIL(&rig, answer.n);
        assert_int_equal(answer.n, 1);
        if (answer.bytes)
            assert_memory_equal(answer.bytes, value, answer.len);
        free(answer.bytes);
    }
    rig_end(&rig);
    return open;
}

static void every_allocation_fails(void **state)
{
    (void)state;
    struct redis_server server;
    redis_server_start(&server, false, NULL);
    size_t n = 1, refusals = 0;
    for (bool failed = true; failed; n++) {
        fault_after(n);
        refusals += !session(&server, "value");
        failed = fault_count() >= n;
        fault_off();
        assert_true(n < 100);
    }
    assert_true(refusals >= 4); /* cache, local table, gets, connection, commands */
    assert_true(n > refusals + 5);
    assert_true(session(&server, "value"));
    redis_server_end(&server);
}

/* A miss with no memory to wait in is the one that is told at once. */
static void no_memory_to_wait_in(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    struct cache_options options = CACHE_OPTIONS_INIT;
    struct answer answer = {.rig = &rig};
    assert_int_equal(try_open(&rig, &options), 0);
    assert_false(cache_shared_ready(rig.cache));
    fault_after(1);
    cache_get_shared(rig.cache, "key", 3, on_found, &answer);
    fault_off();
    assert_int_equal(answer.n, 1);
    assert_false(answer.hit);
    rig_end(&rig);
    assert_int_equal(answer.n, 1);
}

/* ---- What the log says ---- */

/* The back-off as the log tells it: twice as long each time, less up to a quarter that the seed decides. */
static void read_rests(uint64_t seed, bool optional, int rests[3])
{
    struct rig rig;
    FILE *file = tmpfile();
    int errors = dup(STDERR_FILENO);
    char line[512];
    assert_non_null(file);
    rig_start(&rig);
    struct cache_options options = CACHE_OPTIONS_INIT;
    options.redis_url = "redis+unix:/nowhere";
    options.seed = seed;
    options.redis_optional = optional;
    dup2(fileno(file), STDERR_FILENO);
    log_set_level(LOG_DEBUG);
    assert_int_equal(try_open(&rig, &options), 0);
    UNTIL(&rig, stats_of(&rig).redis_errors == 3);
    log_set_level(LOG_ERROR);
    dup2(errors, STDERR_FILENO);
    close(errors);
    rewind(file);
    for (int i = 0; i < 3; i++) {
        assert_non_null(fgets(line, sizeof line, file));
        assert_non_null(strstr(line, i == 0 && !optional ? " warning event=redis_breaker state=open"
                                                         : " debug event=redis_breaker state=open"));
        const char *at = strstr(line, "retry_ms=");
        assert_non_null(at);
        rests[i] = atoi(at + strlen("retry_ms="));
        assert_in_range(rests[i], (250 << i) * 3 / 4, 250 << i);
    }
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
    rig_end(&rig);
}

static void rests_grow(void **state)
{
    (void)state;
    int one[3], same[3], other[3];
    read_rests(1, false, one);
    read_rests(1, true, same); /* nobody has asked for it: the first refusal is no warning either */
    read_rests(2, false, other);
    assert_memory_equal(one, same, sizeof one);
    assert_true(memcmp(one, other, sizeof one) != 0);
    assert_true(one[1] != 2 * one[0] || one[2] != 2 * one[1]);
}

static int quiet(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_ERROR);
    return 0;
}

static void sums_tell_of_the_worst(void **state)
{
    (void)state;
    struct cache_stats sum = {0};
    const struct cache_stats good = {.local_hits = 3, .redis_configured = true, .last_error = "long ago"};
    const struct cache_stats trying = {.local_hits = 4, .redis_configured = true, .breaker = BREAKER_HALF_OPEN};
    const struct cache_stats gone = {
        .redis_in_flight = 5, .redis_configured = true, .breaker = BREAKER_OPEN, .last_error = "refused"};
    cache_stats_sum(&sum, &good);
    cache_stats_sum(&sum, &trying);
    assert_int_equal(sum.breaker, BREAKER_HALF_OPEN);
    assert_string_equal(sum.last_error, "long ago");
    cache_stats_sum(&sum, &gone);
    cache_stats_sum(&sum, &trying);
    assert_int_equal(sum.breaker, BREAKER_OPEN);
    assert_string_equal(sum.last_error, "refused");
    assert_true(sum.redis_configured);
    assert_int_equal(sum.local_hits, 11);
    assert_int_equal(sum.redis_in_flight, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_redis),
        cmocka_unit_test(without_anything),
        cmocka_unit_test(wrong_urls),
        cmocka_unit_test(a_value_is_shared),
        cmocka_unit_test(names_and_lives),
        cmocka_unit_test(bytes_and_sizes),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(by_name_with_password_and_database),
        cmocka_unit_test(absent),
        cmocka_unit_test(locked),
        cmocka_unit_test(full),
        cmocka_unit_test(tampered),
        cmocka_unit_test(garbage_to_a_get),
        cmocka_unit_test(answers_to_no_question),
        cmocka_unit_test(an_endless_answer),
        cmocka_unit_test(garbage_to_the_greeting),
        cmocka_unit_test(a_password_is_never_repeated),
        cmocka_unit_test(a_run_of_errors),
        cmocka_unit_test(never_answering),
        cmocka_unit_test(a_late_answer_finds_nobody),
        cmocka_unit_test(a_busy_loop_is_not_a_slow_redis),
        cmocka_unit_test(stopped_and_continued),
        cmocka_unit_test(killed_and_restarted),
        cmocka_unit_test(in_flight_ceiling),
        cmocka_unit_test(unsent_ceiling),
        cmocka_unit_test(close_at_every_turn),
        cmocka_unit_test(close_while_looking_up),
        cmocka_unit_test(close_while_a_look_up_is_held),
        cmocka_unit_test(a_slow_look_up),
        cmocka_unit_test(ask_again_while_closing),
        cmocka_unit_test(close_inside_found),
        cmocka_unit_test(close_inside_first_answer),
        cmocka_unit_test(ask_again_inside_found),
        cmocka_unit_test(every_allocation_fails),
        cmocka_unit_test(no_memory_to_wait_in),
        cmocka_unit_test(rests_grow),
        cmocka_unit_test(sums_tell_of_the_worst),
    };
    return cmocka_run_group_tests(tests, quiet, NULL);
}
