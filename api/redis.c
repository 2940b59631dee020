/*
 * The connection to Redis and its circuit breaker, on hiredis and libuv.
 *
 * The happy path: on_timer -> start_attempt (-> on_resolved) -> connect_to -> send_greeting -> on_reply
 * -> take_greeting -> serve; then redis_get and redis_set send, and on_reply answers in the order of sending.
 *
 *   phase      breaker     timer
 *   RESTING    open        end of the back-off, then an attempt
 *   RESOLVING  half open   limit of the look-up
 *   GREETING   half open   deadline of the oldest command (connecting counts as waiting for the first)
 *   SERVING    closed      the same, while commands wait
 *   DROPPING   open        the context is being freed, by us
 *   CLOSING    open        the handles are on their way out
 *
 * The ways it fails all come to rest(): an attempt refused; a wrong password or a server that loads (the greeting is
 * answered by an error); the connection lost (on_gone); the oldest command late, and a run of error replies (drop).
 * Rests grow from 250 ms to 30 s until a command is answered well. Commands that wait when a connection ends are
 * settled in on_gone and nowhere else, since hiredis 0.14 and 1.x differ in when they say so themselves.
 */
#include "redis.h"

#include "log.h"
#include "redis_url.h"
#include "redis_uv.h"
#include "wellmatch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REST_MIN_MS = 250,
    REST_MAX_MS = 30000,
    RESOLVE_MS = 2000,
    ERRORS_MAX = 8,   /* error replies to look-ups in a row that open the breaker */
    GREETINGS_MAX = 3 /* AUTH, SELECT, PING */
};

enum phase { RESTING, RESOLVING, GREETING, SERVING, DROPPING, CLOSING };
enum kind { KIND_AUTH, KIND_SELECT, KIND_PING, KIND_GET, KIND_SET };

struct command {
    enum kind kind;
    uint64_t deadline_ms;
    size_t bytes; /* of the value being stored */
    redis_answer *answer;
    void *arg;
};

struct redis {
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_getaddrinfo_t resolver;
    bool resolver_busy;
    unsigned handles; /* timer and polls that are not closed yet */
    struct redis_url url;
    unsigned timeout_ms;
    bool optional;
    uint64_t random;

    enum phase phase;
    redisAsyncContext *context; /* from connect_to until on_gone */
    unsigned failures;          /* rests since a command was last answered well */
    unsigned errors_in_a_row;
    bool overdue; /* the oldest command was late when last looked at */

    /* Commands without an answer, in the order of sending: a circle of in_flight_max + GREETINGS_MAX places. */
    struct command *commands;
    size_t first, n, in_flight_max;
    size_t bytes_unanswered;

    uint64_t errors, timeouts, stored, connects;
    char last_error[sizeof((struct cache_stats *)NULL)->last_error];
    bool said_open, said_closed; /* what the log last told */

    void (*decided)(void *arg, bool answered); /* NULL once called */
    void *decided_arg;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* Life */
static void on_timer_closed(uv_handle_t *handle);
static void on_poll_closed(void *arg);
static void end_when_closed(struct redis *redis);
/* Attempts and rests */
static void on_timer(uv_timer_t *timer);
static void start_attempt(struct redis *redis);
static bool is_numeric(const char *host);
static void start_look_up(struct redis *redis);
static void on_resolved(uv_getaddrinfo_t *resolver, int status, struct addrinfo *list);
static bool pick_address(const struct addrinfo *list, unsigned turn, char out[INET6_ADDRSTRLEN]);
static void connect_to(struct redis *redis, const char *host);
static bool send_greeting(struct redis *redis);
static void serve(struct redis *redis);
static void fail_attempt(struct redis *redis, uint64_t *counter, const char *reason);
static void rest(struct redis *redis);
static unsigned rest_ms(struct redis *redis);
static void decide(struct redis *redis, bool answered);
/* The end of a connection */
static void drop(struct redis *redis, uint64_t *counter, const char *reason);
static void on_gone(void *arg, const char *reason);
static void settle_commands(struct redis *redis);
/* Commands */
static bool send_command(struct redis *redis, struct command command, const char *format, ...);
static struct command take_oldest(struct redis *redis);
static void check_oldest(struct redis *redis);
static void on_reply(redisAsyncContext *context, void *reply, void *arg);
static void take_greeting(struct redis *redis, enum kind kind, const redisReply *reply);
static void take_get(struct redis *redis, const struct command *command, const redisReply *reply);
static void take_set(struct redis *redis, const redisReply *reply);
static void take_error(struct redis *redis, const redisReply *reply);
static void answered_well(struct redis *redis);
static void set_error(struct redis *redis, const char *reason);
static uint64_t now_ms(void);

int redis_new(uv_loop_t *loop, const struct redis_options *options, struct redis **out, char *error, size_t error_cap)
{
    struct redis_url url;
    if (redis_url_parse(options->url, &url, error, error_cap))
        return WM_EARGUMENT;
    struct redis *redis = calloc(1, sizeof *redis);
    if (!redis)
        goto no_memory;
    redis->commands = calloc((size_t)options->in_flight_max + GREETINGS_MAX, sizeof *redis->commands);
    if (!redis->commands)
        goto no_commands;
    redis->loop = loop;
    redis->url = url;
    redis->timeout_ms = options->timeout_ms;
    redis->in_flight_max = options->in_flight_max;
    redis->optional = options->optional;
    redis->random = options->seed;
    redis->decided = options->decided;
    redis->decided_arg = options->arg;
    redis->phase = RESTING;
    redis->timer.data = redis->resolver.data = redis;
    uv_timer_init(loop, &redis->timer);
    uv_timer_start(&redis->timer, on_timer, 0, 0);
    redis->handles = 1;
    *out = redis;
    return WM_OK;

no_commands:
    free(redis);
no_memory:
    snprintf(error, error_cap, "out of memory for the connection to Redis");
    return WM_EMEMORY;
}

void redis_close(struct redis *redis, void (*closed)(void *arg), void *arg)
{
    redis->phase = CLOSING;
    redis->closed = closed;
    redis->closed_arg = arg;
    decide(redis, false);
    uv_close((uv_handle_t *)&redis->timer, on_timer_closed);
    if (redis->resolver_busy)
        uv_cancel((uv_req_t *)&redis->resolver); /* may be too late; on_resolved comes either way */
    if (redis->context)
        redisAsyncFree(redis->context); /* inside on_reply hiredis puts it off to the end of the callback */
}

bool redis_ready(const struct redis *redis)
{
    return redis->phase == SERVING && redis->n < redis->in_flight_max;
}

bool redis_get(struct redis *redis, struct slice key, redis_answer *answer, void *arg)
{
    struct command command = {.kind = KIND_GET, .answer = answer, .arg = arg};
    return redis_ready(redis) && send_command(redis, command, "GET %b", key.at, key.len);
}

bool redis_set(struct redis *redis, struct slice key, struct slice value, unsigned expiry_s)
{
    struct command command = {.kind = KIND_SET, .bytes = value.len};
    return redis_ready(redis) && value.len <= REDIS_VALUE_MAX - redis->bytes_unanswered &&
           send_command(redis, command, "SET %b %b EX %u", key.at, key.len, value.at, value.len, expiry_s);
}

void redis_stats(const struct redis *redis, struct cache_stats *out)
{
    out->redis_errors = redis->errors;
    out->redis_timeouts = redis->timeouts;
    out->redis_stored = redis->stored;
    out->redis_connects = redis->connects;
    out->redis_in_flight = redis->phase == SERVING ? redis->n : 0;
    out->breaker = redis->phase == SERVING                                 ? BREAKER_CLOSED
                   : redis->phase == RESOLVING || redis->phase == GREETING ? BREAKER_HALF_OPEN
                                                                           : BREAKER_OPEN;
    memcpy(out->last_error, redis->last_error, sizeof out->last_error);
}

/* ---- Life ---- */

static void on_timer_closed(uv_handle_t *handle)
{
    struct redis *redis = handle->data;
    redis->handles--;
    end_when_closed(redis);
}

static void on_poll_closed(void *arg)
{
    struct redis *redis = arg;
    redis->handles--;
    end_when_closed(redis);
}

static void end_when_closed(struct redis *redis)
{
    if (redis->phase != CLOSING || redis->handles > 0 || redis->resolver_busy)
        return;
    void (*closed)(void *arg) = redis->closed;
    void *arg = redis->closed_arg;
    free(redis->commands);
    free(redis);
    closed(arg);
}

/* ---- Attempts and rests ---- */

static void on_timer(uv_timer_t *timer)
{
    struct redis *redis = timer->data;
    if (redis->phase == RESTING) {
        start_attempt(redis);
    } else if (redis->phase == RESOLVING) {
        fail_attempt(redis, &redis->timeouts, "looking up the host takes too long");
    } else {
        check_oldest(redis);
    }
}

static void start_attempt(struct redis *redis)
{
    /* hiredis resolves names by waiting, which a loop cannot; so it is only ever given numbers. */
    if (redis->url.local || is_numeric(redis->url.host))
        connect_to(redis, redis->url.host);
    else
        start_look_up(redis);
}

static bool is_numeric(const char *host)
{
    struct in6_addr number;
    return uv_inet_pton(AF_INET, host, &number) == 0 || uv_inet_pton(AF_INET6, host, &number) == 0;
}

static void start_look_up(struct redis *redis)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    if (redis->resolver_busy) { /* with an earlier attempt: there is no stopping it */
        fail_attempt(redis, &redis->errors, "the host is still being looked up");
        return;
    }
    int failed = uv_getaddrinfo(redis->loop, &redis->resolver, on_resolved, redis->url.host, NULL, &hints);
    if (failed) {
        fail_attempt(redis, &redis->errors, uv_strerror(failed));
        return;
    }
    redis->resolver_busy = true;
    redis->phase = RESOLVING;
    uv_timer_start(&redis->timer, on_timer, RESOLVE_MS, 0);
}

static void on_resolved(uv_getaddrinfo_t *resolver, int status, struct addrinfo *list)
{
    struct redis *redis = resolver->data;
    char host[INET6_ADDRSTRLEN];
    bool found = status == 0 && pick_address(list, redis->failures, host);
    uv_freeaddrinfo(list);
    redis->resolver_busy = false;
    if (redis->phase == CLOSING)
        end_when_closed(redis);
    else if (redis->phase == RESOLVING && found)
        connect_to(redis, host);
    else if (redis->phase == RESOLVING)
        fail_attempt(redis, &redis->errors, status ? uv_strerror(status) : "the host has no address");
}

/* Attempts in a row take the addresses in turn, IPv4 first. */
static bool pick_address(const struct addrinfo *list, unsigned turn, char out[INET6_ADDRSTRLEN])
{
    const struct addrinfo *found[16];
    unsigned n = 0;
    for (const struct addrinfo *at = list; at && n < 16; at = at->ai_next)
        if (at->ai_family == AF_INET)
            found[n++] = at;
    for (const struct addrinfo *at = list; at && n < 16; at = at->ai_next)
        if (at->ai_family == AF_INET6)
            found[n++] = at;
    return n > 0 && uv_ip_name(found[turn % n]->ai_addr, out, INET6_ADDRSTRLEN) == 0;
}

static void connect_to(struct redis *redis, const char *host)
{
    redisAsyncContext *context =
        redis->url.local ? redisAsyncConnectUnix(redis->url.path) : redisAsyncConnect(host, redis->url.port);
    if (!context) {
        fail_attempt(redis, &redis->errors, "out of memory");
        return;
    }
    struct redis_uv_events events = {on_gone, on_poll_closed, redis};
    int failed = context->err ? 0 : redis_uv_attach(redis->loop, context, REDIS_VALUE_MAX, &events);
    if (context->err || failed) {
        char reason[sizeof context->c.errstr];
        snprintf(reason, sizeof reason, "%s", failed ? uv_strerror(failed) : context->errstr);
        redisAsyncFree(context);
        fail_attempt(redis, &redis->errors, reason);
        return;
    }
    redis->context = context;
    redis->handles++;
    redis->phase = GREETING;
    uv_timer_stop(&redis->timer);
    if (!send_greeting(redis))
        drop(redis, &redis->errors, "out of memory");
}

/* hiredis holds these back until the socket is connected: their deadline is that of connecting, too. */
static bool send_greeting(struct redis *redis)
{
    const struct redis_url *url = &redis->url;
    struct command auth = {.kind = KIND_AUTH}, database = {.kind = KIND_SELECT}, ping = {.kind = KIND_PING};
    if (url->user[0] && !send_command(redis, auth, "AUTH %s %s", url->user, url->password))
        return false;
    if (!url->user[0] && url->password[0] && !send_command(redis, auth, "AUTH %s", url->password))
        return false;
    if (url->database != 0 && !send_command(redis, database, "SELECT %d", url->database))
        return false;
    return send_command(redis, ping, "PING");
}

static void serve(struct redis *redis)
{
    redis->phase = SERVING;
    redis->errors_in_a_row = 0;
    redis->connects++;
    log_event(redis->said_closed ? LOG_DEBUG : LOG_INFO, "redis_breaker", "state", "closed", NULL);
    redis->said_closed = true;
    redis->said_open = false;
    decide(redis, true);
}

static void fail_attempt(struct redis *redis, uint64_t *counter, const char *reason)
{
    ++*counter;
    set_error(redis, reason);
    rest(redis);
}

static void rest(struct redis *redis)
{
    unsigned ms = rest_ms(redis);
    redis->failures++;
    redis->phase = RESTING;
    uv_timer_start(&redis->timer, on_timer, ms, 0);
    /* Said once; that it is still so after each further attempt is for those who debug. */
    bool news = !redis->said_open && !(redis->optional && redis->connects == 0);
    log_event(news ? LOG_WARNING : LOG_DEBUG, "redis_breaker", "state", "open", "reason", redis->last_error, "retry_ms",
              log_number((long long)ms), NULL);
    redis->said_open = true;
    redis->said_closed = false;
    decide(redis, false);
}

/* Twice as long each time; up to a quarter less, so that replicas do not all come back in the same moment. */
static unsigned rest_ms(struct redis *redis)
{
    unsigned ms = REST_MAX_MS;
    if (redis->failures < 7 && REST_MIN_MS << redis->failures < REST_MAX_MS)
        ms = REST_MIN_MS << redis->failures;
    /* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014 */
    uint64_t z = redis->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return ms - (unsigned)(z % (ms / 4 + 1));
}

static void decide(struct redis *redis, bool answered)
{
    void (*decided)(void *arg, bool answered) = redis->decided;
    redis->decided = NULL;
    if (decided)
        decided(redis->decided_arg, answered);
}

/* ---- The end of a connection ---- */

/* on_gone follows: inside this call, or at the end of the hiredis callback we are in. */
static void drop(struct redis *redis, uint64_t *counter, const char *reason)
{
    ++*counter;
    redis->phase = DROPPING;
    set_error(redis, reason);
    redisAsyncFree(redis->context);
}

static void on_gone(void *arg, const char *reason)
{
    struct redis *redis = arg;
    redis->context = NULL;
    settle_commands(redis);
    if (redis->phase == CLOSING)
        return;
    if (redis->phase != DROPPING) {
        redis->errors++;
        set_error(redis, reason);
    }
    rest(redis);
}

static void settle_commands(struct redis *redis)
{
    while (redis->n > 0) {
        struct command command = take_oldest(redis);
        if (command.answer)
            command.answer(command.arg, REDIS_FAILED, (struct slice){NULL, 0});
    }
}

/* ---- Commands ---- */

static bool send_command(struct redis *redis, struct command command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int failed = redisvAsyncCommand(redis->context, on_reply, redis, format, arguments);
    va_end(arguments);
    if (failed)
        return false;
    size_t room = redis->in_flight_max + GREETINGS_MAX;
    assert(redis->n < room);
    command.deadline_ms = now_ms() + redis->timeout_ms;
    redis->commands[(redis->first + redis->n) % room] = command;
    redis->n++;
    redis->bytes_unanswered += command.bytes;
    if (!uv_is_active((uv_handle_t *)&redis->timer))
        uv_timer_start(&redis->timer, on_timer, redis->timeout_ms, 0);
    return true;
}

static struct command take_oldest(struct redis *redis)
{
    assert(redis->n > 0);
    struct command command = redis->commands[redis->first];
    redis->first = (redis->first + 1) % (redis->in_flight_max + GREETINGS_MAX);
    redis->n--;
    redis->bytes_unanswered -= command.bytes;
    redis->overdue = false;
    return command;
}

/*
 * All commands have the same time, so only the oldest can be the first late one. The answer may lie unread in the
 * socket because this very loop was busy, so a late command gets a second look after the loop has polled once more.
 */
static void check_oldest(struct redis *redis)
{
    if (redis->n == 0)
        return;
    uint64_t deadline_ms = redis->commands[redis->first].deadline_ms, now = now_ms();
    if (now < deadline_ms) {
        uv_timer_start(&redis->timer, on_timer, deadline_ms - now, 0);
    } else if (!redis->overdue) {
        redis->overdue = true;
        uv_timer_start(&redis->timer, on_timer, redis->timeout_ms / 4 + 1, 0);
    } else {
        drop(redis, &redis->timeouts,
             redis->phase == GREETING ? "no answer to the greeting in time" : "no answer in time");
    }
}

static void on_reply(redisAsyncContext *context, void *reply, void *arg)
{
    struct redis *redis = arg;
    (void)context;
    if (!reply)
        return; /* the connection is ending: see on_gone */
    struct command command = take_oldest(redis);
    if (command.kind == KIND_GET)
        take_get(redis, &command, reply);
    else if (command.kind == KIND_SET)
        take_set(redis, reply);
    else
        take_greeting(redis, command.kind, reply);
}

static void take_greeting(struct redis *redis, enum kind kind, const redisReply *reply)
{
    static const char *const due[] = {[KIND_AUTH] = "OK", [KIND_SELECT] = "OK", [KIND_PING] = "PONG"};
    static const char *const refused[] = {
        [KIND_AUTH] = "password refused", [KIND_SELECT] = "database refused", [KIND_PING] = "not ready"};
    if (reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, due[kind]) == 0) {
        if (kind == KIND_PING)
            serve(redis);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        char reason[sizeof redis->last_error];
        /* An old server repeats a command that it does not know, password and all: only the first word is kept. */
        int shown = (int)(kind == KIND_AUTH ? strcspn(reply->str, " ") : sizeof reason);
        snprintf(reason, sizeof reason, "%s: %.*s", refused[kind], shown, reply->str);
        drop(redis, &redis->errors, reason);
    } else {
        drop(redis, &redis->errors, "not an answer of Redis to the greeting");
    }
}

static void take_get(struct redis *redis, const struct command *command, const redisReply *reply)
{
    struct slice value = {NULL, 0};
    enum redis_outcome outcome = REDIS_FAILED;
    if (reply->type == REDIS_REPLY_STRING) {
        value = (struct slice){reply->str, (size_t)reply->len};
        outcome = REDIS_FOUND;
        answered_well(redis);
    } else if (reply->type == REDIS_REPLY_NIL) {
        outcome = REDIS_ABSENT;
        answered_well(redis);
    } else {
        take_error(redis, reply);
    }
    command->answer(command->arg, outcome, value);
}

static void take_set(struct redis *redis, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_STATUS) {
        redis->stored++;
        answered_well(redis);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        redis->errors++; /* full, say: what it holds can still be read, so this opens no breaker */
        set_error(redis, reply->str);
    } else {
        take_error(redis, reply);
    }
}

/* An error: one command failed; many in a row: Redis is of no use. Any other kind: the answers no longer match. */
static void take_error(struct redis *redis, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR) {
        drop(redis, &redis->errors, "an answer to some other question");
    } else if (++redis->errors_in_a_row == ERRORS_MAX) {
        drop(redis, &redis->errors, reply->str);
    } else {
        redis->errors++;
        set_error(redis, reply->str);
    }
}

static void answered_well(struct redis *redis)
{
    redis->errors_in_a_row = 0;
    redis->failures = 0;
}

/* It will stand in JSON and in the log, so it is made plain ASCII here. */
static void set_error(struct redis *redis, const char *reason)
{
    size_t n = 0;
    for (; reason[n] && n + 1 < sizeof redis->last_error; n++)
        redis->last_error[n] = reason[n] >= ' ' && reason[n] <= '~' ? reason[n] : '?';
    redis->last_error[n] = '\0';
}

/* The loop's own clock stands still while a callback computes, and would make fresh commands look late. */
static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}
