/*
 * HTTP on a real loop over a socket pair, with every allocation failing in turn, on the loop and on its workers: whoever
 * asks gets a whole reply, 200 or a 5xx in words, or the end of the connection; never half of one, never silence. And the
 * next who asks is answered. Listeners who do not read, and a full queue.
 */
#include "conn.h"
#include "config.h"
#include "job.h"
#include "planning.h"
#include "reload.h"

#include "fault.h"
#include "small.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    ROUNDS_MAX = 400 /* turns of the loop until a reply counts as not coming */,
    REPLY_MAX = 1 << 20,
    WAIT_S = 120,
    WORKERS = 2 /* of libuv, as set_up asks for */
};

#define H "Host: localhost\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\n" H
#define POST(target, type, length) \
    "POST " target " HTTP/1.1\r\n" H "Content-Type: application/" type "\r\nContent-Length: " length "\r\n\r\n"

static struct {
    struct config config;
    struct loops *loops;
    struct service *service;
    struct wm_dataset *dataset;
} the;

static struct reply_read {
    size_t len;
    bool ended;
    bool bodiless; /* it answers a HEAD */
    char text[REPLY_MAX + 1];
} reply;

/* ---- A service ---- */

static int set_up(void **state)
{
    (void)state;
    char *argv[] = {(char[]){"wellmatchd"}, (char[]){"--data"},    (char[]){"-"}, (char[]){"--redis"},
                    (char[]){"none"},       (char[]){"--threads"}, (char[]){"1"}, NULL},
         *envp[] = {NULL};
    struct cache_options options = CACHE_OPTIONS_INIT;
    struct small small;
    char faults[1024], error[1024];
    alarm(WAIT_S);
    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    setenv("UV_THREADPOOL_SIZE", "2", 1);
    log_set_level(LOG_ERROR);
    fault_install();
    assert_int_equal(config_read(7, argv, envp, &the.config, stdout, stderr), CONFIG_RUN);
    small_init(&small);
    assert_int_equal(small_build(&small, &the.dataset, faults, sizeof faults), WM_OK);
    small_fini(&small);
    assert_int_equal(loops_new(1, &the.loops), 0);
    struct service *service = the.service = aligned_alloc(APART_BYTES, sizeof *service);
    assert_int_equal(service_init(service, the.loops, 0, &the.config, wm_dataset_ref(the.dataset)), 0);
    assert_int_equal(conns_init(service), 0);
    assert_int_equal(planning_init(service), 0);
    assert_int_equal(cache_new(service->loop, &options, &service->cache, error, sizeof error), 0);
    assert_int_equal(loops_start(the.loops), 0);
    return 0;
}

static void on_cache_closed(void *arg)
{
    ((struct service *)arg)->cache = NULL;
}

static int tear_down(void **state)
{
    (void)state;
    struct service *service = the.service;
    conns_close(service);
    planning_close(service);
    job_cancel_all(service);
    reload_cancel(service);
    cache_close(service->cache, on_cache_closed, service);
    loops_close(the.loops);
    loops_run(the.loops);
    assert_true(planning_end(service, WAIT_S * 1000));
    planning_fini(service);
    conns_fini(service);
    service_fini(service);
    loops_free(the.loops);
    free(service);
    wm_dataset_unref(the.dataset);
    config_fini(&the.config);
    return 0;
}

/* ---- A peer ---- */

static int connect_peer(void)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    conn_open(the.service, ends[0], true, true);
    reply.len = 0;
    reply.ended = false;
    return ends[1];
}

static bool is_whole(void)
{
    const char *end = strstr(reply.text, "\r\n\r\n"), *length = strcasestr(reply.text, "\r\nContent-Length: ");
    if (!end || reply.bodiless)
        return end != NULL;
    if (strstr(reply.text, "Content-Type: text/event-stream"))
        return strstr(end, "retry: 2000\n\n") != NULL;
    return reply.len >= (size_t)(end + 4 - reply.text) + (length ? strtoul(length + 18, NULL, 10) : 0);
}

/* Runs the loop until a reply is there, or the end of the connection. */
static void listen_for_reply(int peer)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        ssize_t n = read(peer, reply.text + reply.len, REPLY_MAX - reply.len);
        reply.ended = n == 0;
        reply.len += n > 0 ? (size_t)n : 0;
        reply.text[reply.len] = '\0';
        if (reply.ended || is_whole())
            return;
        uv_run(the.service->loop, UV_RUN_ONCE);
    }
    fail_msg("no reply, and no end");
}

/* The status of the reply to a request that comes in two pieces, cut at `cut`; 0: the connection ended without any. */
static int ask(const char *request, size_t cut)
{
    int peer = connect_peer();
    size_t len = strlen(request);
    reply.bodiless = strncmp(request, "HEAD", 4) == 0;
    if (cut > 0) {
        send(peer, request, cut, MSG_NOSIGNAL);
        uv_run(the.service->loop, UV_RUN_NOWAIT);
    }
    send(peer, request + cut, len - cut, MSG_NOSIGNAL); /* which fails where the connection has ended already */
    listen_for_reply(peer);
    close(peer);
    if (reply.len > 0 && !is_whole())
        fail_msg("half a reply (%zu bytes, ended %d) to %.60s: %.300s", reply.len, reply.ended, request, reply.text);
    return reply.len > 0 ? atoi(reply.text + sizeof "HTTP/1.1") : 0;
}

/* ---- Memory ---- */

static const struct {
    const char *request;
    int status; /* when memory is there */
} asked[] = {
    {POST("/rpc", "json", "46") "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.ping\"}", 200},
    {GET("/livez") "\r\n", 200},
    {"HEAD /readyz?verbose HTTP/1.1\r\n" H "\r\n", 200},
    {GET("/nothing") "\r\n", 404},
    {GET("/nothing") "Accept: text/html\r\n\r\n", 404},
    {GET("/livez") "A : b\r\n\r\n", 400},
    {GET("/openapi.json") "\r\n", 200},
    {GET("/openapi.json") "Accept-Encoding: gzip\r\n\r\n", 200},
    {GET("/openrpc.json") "Accept-Encoding: gzip\r\n\r\n", 200},
    {GET("/metrics") "Accept-Encoding: gzip\r\n\r\n", 200},
    {GET("/events") "\r\n", 200},
    {GET("/feeds/v1/") "\r\n", 200},
    {GET("/feeds/v1/run.csv") "\r\n", 200},
    {GET("/feeds/v1/run.schema.json") "\r\n", 200},
    {GET("/service") "\r\n", 200},
    {GET("/") "Accept-Encoding: gzip\r\n\r\n", 200},
    {GET("/posts/nobody") "\r\n", 404},
    {POST("/rpc", "json", "41") "{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\"} ", 204},
    {POST("/rpc", "json",
          "74") "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"match.shortlist\",\"params\":{\"post\":\"P1\"}}",
     200},
    {POST("/rpc", "json", "48") "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.ping\"}]", 200},
    {POST("/jobs/none/cancel", "x-www-form-urlencoded", "3") "a=b", 404},
};

static void check_memory(const char *request, int status, size_t cut)
{
    for (size_t n = 1;; n++) {
        fault_after(n);
        int got = ask(request, cut);
        size_t seen = fault_count();
        fault_off();
        if (got != status && got != 0 && got != 303 && got < 500)
            fail_msg("%d instead of %d when allocation %zu fails, for %.60s", got, status, n, request);
        const char *body = reply.len > 0 ? strstr(reply.text, "\r\n\r\n") + 4 : "none";
        if (got != 204 && got != 303 && !reply.bodiless && strlen(body) < 2)
            fail_msg("%d and no word of it when allocation %zu fails, for %.60s", got, n, request);
        assert_int_equal(ask(GET("/livez") "\r\n", 0), 200);
        if (seen < n)
            break;
    }
}

static void test_every_allocation_fails_in_turn(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const char *request = asked[i].request;
        check_memory(request, asked[i].status, 0);
        check_memory(request, asked[i].status, strlen(request) - 3);
        assert_int_equal(ask(request, 0), asked[i].status);
    }
    for (int i = 0; i < 100 && the.service->metrics.counter[METRIC_in_flight_now] > 0; i++)
        uv_run(the.service->loop, UV_RUN_ONCE);
    assert_int_equal(the.service->metrics.counter[METRIC_in_flight_now], 0);
    assert_int_equal(atomic_load(&the.loops->jobs), 0);
}

/* What is made already needs no worker but to be shorter. */
static void test_a_full_queue_costs_the_compression_only(void **state)
{
    (void)state;
    size_t full = (size_t)the.config.queue_max;
    atomic_store(&the.loops->jobs, full);
    assert_int_equal(ask(GET("/openapi.json") "Accept-Encoding: gzip\r\n\r\n", 0), 200);
    assert_null(strstr(reply.text, "Content-Encoding"));
    assert_int_equal(ask(GET("/openrpc.json") "Accept-Encoding: gzip\r\n\r\n", 0), 200);
    assert_null(strstr(reply.text, "Content-Encoding"));
    assert_int_equal(ask(GET("/feeds/v1/run.csv") "\r\n", 0), 503);
    assert_int_equal(atomic_load(&the.loops->jobs), full);
    atomic_store(&the.loops->jobs, 0);
    assert_int_equal(ask(GET("/openapi.json") "Accept-Encoding: gzip\r\n\r\n", 0), 200);
    assert_non_null(strstr(reply.text, "\r\nContent-Encoding: gzip\r\n"));
}

/* ---- Who listens and does not read ---- */

enum { NEWS = 10, NEWS_BYTES = 50000, A_TICK = 2, LISTENED_MAX = 1 << 20 };

struct listener {
    int peer;
    size_t len;
    bool ended;
    char text[LISTENED_MAX + 1];
};

static void hear(struct listener *listener)
{
    ssize_t n;
    while ((n = read(listener->peer, listener->text + listener->len, LISTENED_MAX - listener->len)) > 0)
        listener->len += (size_t)n;
    listener->ended |= n == 0;
    listener->text[listener->len] = '\0';
}

static size_t count(const char *text, const char *word)
{
    size_t n = 0;
    for (; (text = strstr(text, word)) != NULL; text++)
        n++;
    return n;
}

static struct listener *begin_listening(const char *more)
{
    struct listener *listener = calloc(1, sizeof *listener);
    char request[256];
    listener->peer = connect_peer();
    int len = snprintf(request, sizeof request, GET("/events?types=reload") "%s\r\n", more);
    assert_int_equal(send(listener->peer, request, (size_t)len, MSG_NOSIGNAL), len);
    while (!strstr(listener->text, "retry: 2000\n\n")) {
        uv_run(the.service->loop, UV_RUN_ONCE);
        hear(listener);
    }
    return listener;
}

static void stop_listening(struct listener *listener)
{
    close(listener->peer);
    free(listener);
}

/* Tells so many times what is long, and waits until `listener` has heard `total` of it. */
static void tell(size_t n, struct listener *listener, size_t total)
{
    static char news[NEWS_BYTES];
    memset(news, '7', sizeof news);
    for (size_t i = 0; i < n; i++)
        the.service->notice(the.service, (struct slice){news, sizeof news});
    while (count(listener->text, "event: reload\n") < total || strcmp(listener->text + listener->len - 2, "\n\n")) {
        uv_run(the.service->loop, UV_RUN_ONCE);
        hear(listener);
    }
}

static void test_who_does_not_read_is_let_go_of_and_comes_back(void **state)
{
    (void)state;
    const uint64_t *dropped = &the.service->metrics.counter[METRIC_http_streams_dropped];
    struct listener *good = begin_listening(""), *bad = begin_listening("");
    for (size_t i = 0; i < NEWS; i += A_TICK)
        tell(A_TICK, good, i + A_TICK);
    assert_int_equal(*dropped, 1);
    assert_int_equal(count(good->text, "event: reload\n"), NEWS);
    while (!bad->ended) { /* what it was sent before is there */
        hear(bad);
        uv_run(the.service->loop, UV_RUN_NOWAIT);
    }

    /* The last event that came whole is the last that its client knows of. */
    char *whole = bad->text + bad->len;
    while (memcmp(whole - 2, "\n\n", 2) != 0)
        whole--;
    *whole = '\0';
    size_t heard = count(bad->text, "event: reload\n");
    assert_in_range(heard, 1, NEWS - 1);
    const char *id = bad->text;
    for (const char *next; (next = strstr(id + 1, "\nid: ")) != NULL;)
        id = next;
    char more[64];
    snprintf(more, sizeof more, "Last-Event-ID: %.*s\r\n", (int)strcspn(id + 5, "\n"), id + 5);
    struct listener *back = begin_listening(more);
    tell(1, back, NEWS + 1 - heard);
    assert_int_equal(heard + count(back->text, "event: reload\n"), NEWS + 1);
    assert_null(strstr(back->text, "event: missed"));
    assert_int_equal(*dropped, 1);
    stop_listening(good);
    stop_listening(bad);
    stop_listening(back);
}

static void on_drained(void *arg)
{
    *(bool *)arg = true;
}

/* It is told that there is no more; whether it ever reads so far is its own affair. */
static void test_who_does_not_read_does_not_hold_up_the_drain(void **state)
{
    (void)state;
    bool drained = false;
    struct listener *good = begin_listening(""), *bad = begin_listening("");
    int filled = 0;
    for (size_t told = 0; told < NEWS / 2 && filled == 0; told++) {
        tell(1, good, told + 1);
        uv_run(the.service->loop, UV_RUN_NOWAIT);
        filled = atomic_load(&the.loops->unsent) > 0;
    }
    assert_true(filled); /* something of it waits here */
    conns_drain(the.service, on_drained, &drained);
    for (int i = 0; i < ROUNDS_MAX && !drained; i++)
        uv_run(the.service->loop, UV_RUN_NOWAIT);
    assert_true(drained);
    hear(good);
    assert_true(good->ended);
    stop_listening(good);
    stop_listening(bad);
}

/* ---- Who waits for a worker when the time to drain is over ---- */

static uv_sem_t held, freed;

static void hold_worker(uv_work_t *work)
{
    (void)work;
    uv_sem_post(&held);
    uv_sem_wait(&freed);
}

/* Takes every thread of libuv's pool, which has UV_THREADPOOL_SIZE of them. */
static void hold_workers(uv_work_t works[], size_t n)
{
    uv_sem_init(&held, 0);
    uv_sem_init(&freed, 0);
    for (size_t i = 0; i < n; i++)
        uv_queue_work(the.service->loop, &works[i], hold_worker, NULL);
    for (size_t i = 0; i < n; i++)
        uv_sem_wait(&held);
}

static void free_workers(size_t n)
{
    for (size_t i = 0; i < n; i++)
        uv_sem_post(&freed);
    while (the.service->metrics.counter[METRIC_workers_now] > 0)
        uv_run(the.service->loop, UV_RUN_ONCE);
    uv_sem_destroy(&held);
    uv_sem_destroy(&freed);
}

static void test_who_waits_for_a_worker_is_told_at_the_end(void **state)
{
    (void)state;
    static uv_work_t works[WORKERS];
    hold_workers(works, WORKERS);
    int peer = connect_peer();
    static const char request[] = GET("/posts") "\r\n" GET("/livez") "\r\n";
    assert_int_equal(send(peer, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    while (the.service->metrics.counter[METRIC_workers_now] == 0)
        uv_run(the.service->loop, UV_RUN_ONCE);
    conns_cut(the.service);
    listen_for_reply(peer);
    assert_int_equal(atoi(reply.text + sizeof "HTTP/1.1"), 503);
    assert_non_null(strstr(reply.text, "\r\nConnection: close\r\n"));
    free_workers(WORKERS);
    listen_for_reply(peer);
    assert_null(strstr(reply.text, "200 OK")); /* it comes too late, and nothing follows */
    close(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_queue_costs_the_compression_only),
        cmocka_unit_test(test_who_does_not_read_is_let_go_of_and_comes_back),
        cmocka_unit_test(test_every_allocation_fails_in_turn),
        cmocka_unit_test(test_who_waits_for_a_worker_is_told_at_the_end),
        cmocka_unit_test(test_who_does_not_read_does_not_hold_up_the_drain), /* the last, as nothing is begun then */
    };
    return cmocka_run_group_tests_name("conn_http", tests, set_up, tear_down);
}
