/*
 * hiredis on libuv. The happy path: attach, hiredis asks for write events, the socket turns writable (connected), and
 * from then on hiredis is called for whatever the poll reports.
 *
 * How it ends, always through on_cleanup, which hiredis calls once for each context:
 *   - hiredis met an error or the end of the stream while reading or writing;
 *   - poll reports an error (a refused connection): libuv has stopped polling, hiredis is called to read the socket's
 *     error, and if it finds none the context is freed here;
 *   - an answer is of a kind or size that is never asked for: the reader is made to fail;
 *   - the owner calls redisAsyncFree.
 * The watch outlives the context: it is freed in the close callback of its poll handle.
 */
#include "redis_uv.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#if HIREDIS_MAJOR >= 1
typedef size_t array_len; /* the type of an argument that changed between versions */
#else
typedef int array_len;
#endif

struct watch {
    uv_poll_t poll;
    int interest;               /* UV_READABLE, UV_WRITABLE: what hiredis waits for */
    redisAsyncContext *context; /* NULL once hiredis has let go */
    size_t answer_max;
    const redisReplyObjectFunctions *plain; /* hiredis's own makers of replies */
    redisReplyObjectFunctions guarded;      /* and ours, which refuse what nobody asked for */
    char reason[64];                        /* why we ended it; "" when hiredis knows */
    struct redis_uv_events events;
};

static void on_poll(uv_poll_t *poll, int status, int events);
static void on_poll_error(struct watch *watch, int status);
static void add_read(void *data);
static void del_read(void *data);
static void add_write(void *data);
static void del_write(void *data);
static void set_interest(struct watch *watch, int interest);
static void on_cleanup(void *data);
static void on_close(uv_handle_t *handle);
static void guard_reader(struct watch *watch);
static bool is_expected(const redisReadTask *task);
static void *make_string(const redisReadTask *task, char *text, size_t len);
static void *make_integer(const redisReadTask *task, long long value);
static void *make_nil(const redisReadTask *task);
static void *refuse_array(const redisReadTask *task, array_len n);
#if HIREDIS_MAJOR >= 1
static void *refuse_double(const redisReadTask *task, double value, char *text, size_t len);
static void *refuse_bool(const redisReadTask *task, int value);
#endif
static void *refuse(const redisReadTask *task, const char *reason);

int redis_uv_attach(uv_loop_t *loop, redisAsyncContext *context, size_t answer_max,
                    const struct redis_uv_events *events)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return UV_ENOMEM;
    int failed = uv_poll_init(loop, &watch->poll, context->c.fd);
    if (failed) {
        free(watch);
        return failed;
    }
    watch->poll.data = watch;
    watch->context = context;
    watch->answer_max = answer_max;
    watch->events = *events;
    guard_reader(watch);
    context->ev.data = watch;
    context->ev.addRead = add_read;
    context->ev.delRead = del_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    context->ev.cleanup = on_cleanup;
    return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    if (status < 0) {
        on_poll_error(watch, status);
        return;
    }
    if (events & UV_READABLE)
        redisAsyncHandleRead(watch->context);
    /* Reading may have freed the context. */
    if (watch->context && (events & UV_WRITABLE))
        redisAsyncHandleWrite(watch->context);
    if (watch->context && watch->context->c.reader->len - watch->context->c.reader->pos > watch->answer_max) {
        snprintf(watch->reason, sizeof watch->reason, "an answer is too long");
        redisAsyncFree(watch->context);
    }
}

/* A read gives hiredis what was sent before the error, and the error; should it see none, this is still the end. */
static void on_poll_error(struct watch *watch, int status)
{
    watch->interest = 0;
    redisAsyncHandleRead(watch->context);
    if (watch->context) {
        snprintf(watch->reason, sizeof watch->reason, "%s", uv_strerror(status));
        redisAsyncFree(watch->context);
    }
}

static void add_read(void *data)
{
    struct watch *watch = data;
    set_interest(watch, watch->interest | UV_READABLE);
}

static void del_read(void *data)
{
    struct watch *watch = data;
    set_interest(watch, watch->interest & ~UV_READABLE);
}

static void add_write(void *data)
{
    struct watch *watch = data;
    set_interest(watch, watch->interest | UV_WRITABLE);
}

static void del_write(void *data)
{
    struct watch *watch = data;
    set_interest(watch, watch->interest & ~UV_WRITABLE);
}

/* Should libuv fail to start, the owner's deadline of the oldest command ends the connection. */
static void set_interest(struct watch *watch, int interest)
{
    if (interest == watch->interest)
        return;
    watch->interest = interest;
    if (interest)
        uv_poll_start(&watch->poll, interest, on_poll);
    else
        uv_poll_stop(&watch->poll);
}

static void on_cleanup(void *data)
{
    struct watch *watch = data;
    const char *reason = watch->reason[0] ? watch->reason : watch->context->c.errstr;
    watch->context = NULL;
    /* Before hiredis closes the socket, whose number the next connection may get. */
    uv_close((uv_handle_t *)&watch->poll, on_close);
    watch->events.gone(watch->events.arg, reason);
}

static void on_close(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct redis_uv_events events = watch->events;
    free(watch);
    events.closed(events.arg);
}

/* ---- What a server may say ---- */

static void guard_reader(struct watch *watch)
{
    redisReader *reader = watch->context->c.reader;
    watch->plain = reader->fn;
    watch->guarded = *reader->fn;
    watch->guarded.createString = make_string;
    watch->guarded.createInteger = make_integer;
    watch->guarded.createNil = make_nil;
    watch->guarded.createArray = refuse_array;
#if HIREDIS_MAJOR >= 1
    watch->guarded.createDouble = refuse_double;
    watch->guarded.createBool = refuse_bool;
#endif
    reader->fn = &watch->guarded;
    reader->privdata = watch;
}

/*
 * True when a command waits for this answer. hiredis itself takes an error without one (a server that is full says so
 * before it closes), and asserts on anything else.
 */
static bool is_expected(const redisReadTask *task)
{
    const struct watch *watch = task->privdata;
    return task->type == REDIS_REPLY_ERROR || watch->context->replies.head != NULL;
}

static void *make_string(const redisReadTask *task, char *text, size_t len)
{
    const struct watch *watch = task->privdata;
    return is_expected(task) ? watch->plain->createString(task, text, len) : refuse(task, "an answer to no question");
}

static void *make_integer(const redisReadTask *task, long long value)
{
    const struct watch *watch = task->privdata;
    return is_expected(task) ? watch->plain->createInteger(task, value) : refuse(task, "an answer to no question");
}

static void *make_nil(const redisReadTask *task)
{
    const struct watch *watch = task->privdata;
    return is_expected(task) ? watch->plain->createNil(task) : refuse(task, "an answer to no question");
}

/* No command of ours is answered by an array; refusing them also keeps their announced sizes from being believed. */
static void *refuse_array(const redisReadTask *task, array_len n)
{
    (void)n;
    return refuse(task, "an answer is an array");
}

#if HIREDIS_MAJOR >= 1
static void *refuse_double(const redisReadTask *task, double value, char *text, size_t len)
{
    (void)value, (void)text, (void)len;
    return refuse(task, "an answer is a fraction");
}

static void *refuse_bool(const redisReadTask *task, int value)
{
    (void)value;
    return refuse(task, "an answer is a truth value");
}
#endif

/* hiredis takes NULL for want of memory and ends the connection; the reason told is ours. */
static void *refuse(const redisReadTask *task, const char *reason)
{
    struct watch *watch = task->privdata;
    snprintf(watch->reason, sizeof watch->reason, "%s", reason);
    return NULL;
}
