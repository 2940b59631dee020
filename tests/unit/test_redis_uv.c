/* redis_uv.c alone: however a connection ends, `gone` comes once, `closed` after it, and each command hears of it. */
#include "redis_server.h"
#include "redis_uv.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WATCHDOG_MS = 60000, ANSWER_MAX = 1000 };

struct rig {
    uv_loop_t loop;
    uv_timer_t watchdog;
    redisAsyncContext *context; /* NULL once gone */
    unsigned n_gone, n_closed, n_replies, n_nothing;
    char reason[128];
    bool free_in_reply;
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

static void rig_end(struct rig *rig)
{
    uv_close((uv_handle_t *)&rig->watchdog, NULL);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
}

static void on_gone(void *arg, const char *reason)
{
    struct rig *rig = arg;
    rig->n_gone++;
    rig->context = NULL;
    snprintf(rig->reason, sizeof rig->reason, "%s", reason);
}

static void on_closed(void *arg)
{
    struct rig *rig = arg;
    assert_int_equal(rig->n_gone, 1);
    rig->n_closed++;
}

static void on_reply(redisAsyncContext *context, void *reply, void *arg)
{
    struct rig *rig = arg;
    rig->n_replies += reply != NULL;
    rig->n_nothing += reply == NULL;
    if (reply && rig->free_in_reply)
        redisAsyncFree(context);
}

static void attach(struct rig *rig, redisAsyncContext *context)
{
    struct redis_uv_events events = {on_gone, on_closed, rig};
    assert_non_null(context);
    assert_int_equal(context->err, 0);
    assert_int_equal(redis_uv_attach(&rig->loop, context, ANSWER_MAX, &events), 0);
    rig->context = context;
}

static void ask(struct rig *rig)
{
    assert_int_equal(redisAsyncCommand(rig->context, on_reply, rig, "GET key"), REDIS_OK);
}

static void until_closed(struct rig *rig)
{
    while (!rig->n_closed)
        uv_run(&rig->loop, UV_RUN_ONCE);
    assert_int_equal(rig->n_gone, 1);
    assert_int_equal(rig->n_closed, 1);
}

static const char *answer(struct fake_redis *fake, const redisReply *command)
{
    (void)command;
    return fake->script;
}

static void refused(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    attach(&rig, redisAsyncConnect("127.0.0.1", free_port()));
    ask(&rig);
    ask(&rig);
    until_closed(&rig);
    assert_string_equal(rig.reason, "Connection refused");
    assert_int_equal(rig.n_replies, 0);
    assert_int_equal(rig.n_nothing, 2);
    rig_end(&rig);
}

static void no_descriptor(void **state)
{
    (void)state;
    struct rig rig;
    struct redis_uv_events events = {on_gone, on_closed, &rig};
    rig_start(&rig);
    redisAsyncContext *context = redisAsyncConnectUnix("/nowhere/redis.sock");
    assert_non_null(context);
    assert_int_not_equal(context->err, 0);
    assert_true(redis_uv_attach(&rig.loop, context, ANSWER_MAX, &events) < 0);
    redisAsyncFree(context);
    rig_end(&rig);
    assert_int_equal(rig.n_gone + rig.n_closed, 0);
}

static void freed_from_outside(void **state)
{
    (void)state;
    for (int turns = 0; turns < 6; turns++) {
        struct rig rig;
        struct fake_redis fake;
        rig_start(&rig);
        fake_redis_start(&rig.loop, &fake, answer); /* silent */
        attach(&rig, redisAsyncConnectUnix(fake.path));
        ask(&rig);
        for (int i = 0; i < turns; i++)
            uv_run(&rig.loop, UV_RUN_NOWAIT);
        redisAsyncFree(rig.context);
        assert_int_equal(rig.n_gone, 1);
        assert_int_equal(rig.n_nothing, 1);
        until_closed(&rig);
        fake_redis_end(&fake);
        rig_end(&rig);
    }
}

static void freed_in_a_reply(void **state)
{
    (void)state;
    struct rig rig;
    struct fake_redis fake;
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer);
    fake.script = "$-1\r\n";
    attach(&rig, redisAsyncConnectUnix(fake.path));
    rig.free_in_reply = true;
    for (int i = 0; i < 3; i++)
        ask(&rig);
    until_closed(&rig);
    assert_int_equal(rig.n_replies, 1);
    assert_int_equal(rig.n_nothing, 2);
    fake_redis_end(&fake);
    rig_end(&rig);
}

static void ended_by_the_server(void **state)
{
    (void)state;
    static const struct {
        const char *script, *reason;
        unsigned n_replies;
    } cases[] = {
        {FAKE_HANG_UP, "Server closed the connection", 0},
        {"what?\r\n", "Protocol error", 0},
        {"$3\r\nyes\r\n+OK\r\n", "an answer to no question", 1},
        {"$3\r\nyes\r\n:1\r\n", "an answer to no question", 1},
        {"$3\r\nyes\r\n$-1\r\n", "an answer to no question", 1},
        {"$3\r\nyes\r\n-ERR too many clients\r\n", "ERR too many clients", 1},
        {"*1\r\n$1\r\na\r\n", "an answer is an array", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig;
        struct fake_redis fake;
        rig_start(&rig);
        fake_redis_start(&rig.loop, &fake, answer);
        fake.script = cases[i].script;
        attach(&rig, redisAsyncConnectUnix(fake.path));
        ask(&rig);
        until_closed(&rig);
        if (!strstr(rig.reason, cases[i].reason))
            fail_msg("%s: %s", cases[i].reason, rig.reason);
        assert_int_equal(rig.n_replies, cases[i].n_replies);
        assert_int_equal(rig.n_replies + rig.n_nothing, 1);
        fake_redis_end(&fake);
        rig_end(&rig);
    }
}

/* An answer may be as long as it was said to be, however much longer the one after it is. */
static void too_long(void **state)
{
    (void)state;
    char script[40000];
    struct rig rig;
    struct fake_redis fake;
    rig_start(&rig);
    fake_redis_start(&rig.loop, &fake, answer);
    snprintf(script, sizeof script, "$900\r\n%0900d\r\n", 0);
    fake.script = script;
    attach(&rig, redisAsyncConnectUnix(fake.path));
    ask(&rig);
    while (!rig.n_replies)
        uv_run(&rig.loop, UV_RUN_ONCE);
    assert_int_equal(rig.n_gone, 0);
    snprintf(script, sizeof script, "$50000\r\n%035000d", 0);
    ask(&rig);
    until_closed(&rig);
    assert_string_equal(rig.reason, "an answer is too long");
    assert_int_equal(rig.n_nothing, 1);
    fake_redis_end(&fake);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),          cmocka_unit_test(no_descriptor),       cmocka_unit_test(freed_from_outside),
        cmocka_unit_test(freed_in_a_reply), cmocka_unit_test(ended_by_the_server), cmocka_unit_test(too_long),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
