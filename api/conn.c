/*
 * One connection, in the order it runs: conn_open -> on_read -> take_bytes -> take_line -> take_request (or take_batch)
 * -> a method, or job.c and later answer_waiter -> give -> reply (or put_member) -> flush_all -> on_written.
 *
 * Replies collect in `out` and are written once in a turn of the loop, all of them with one call. What the kernel does
 * not take at once is handed to libuv and nothing more is written until that has gone.
 *
 * Ways it fails: the peer is gone (read or write error: closed, its jobs find nobody), it does not read (its requests
 * are held up at the high water mark; after stall_s without progress it is closed), its requests take the loop for too
 * long at a time (held up until the next turn), memory runs out (closed, logged).
 */
#include "conn.h"
#include "batch.h"
#include "frame.h"
#include "job.h"
#include "jsonrpc.h"
#include "log.h"
#include "params.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

enum {
    READ_BYTES = 65536,
    OUT_KEEP = 65536,   /* room that a buffer without content may keep */
    ERROR_BYTES = 2048, /* an error with an id of any length: room kept beyond the output ceiling for each in flight */
    KEEPALIVE_S = 60,
    REFUSED_MAX = 16,    /* connections beyond the ceiling that are being told so */
    REFUSED_MS = 1000,   /* how long they may take to read it */
    ENVELOPE_BYTES = 34, /* {"jsonrpc":"2.0","id":,"result":} and LF or comma */
    RETRY_AFTER_S = 1,
    TURN_NS = 5000000 /* of the loop for one connection, before others have theirs */
};

struct conn {
    struct service *service;
    uint32_t slot, generation;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } peer;
    uv_timer_t stall; /* runs while libuv has output that the peer does not take */
    int n_handles;
    struct frame frame;
    struct buf out;     /* replies of this turn */
    struct buf writing; /* given to libuv */
    uv_write_t write;
    size_t writing_left; /* when the stall timer last looked */
    struct buf held;     /* read, but not looked at yet */
    bool held_up;        /* not reading: output is at its high water mark, or the turn is over */
    bool ended;          /* the peer sends no more; it may still read */
    bool refused;        /* beyond the ceiling of connections */
    bool deaf;           /* refused, or spoke HTTP: is told so, and nothing else is read */
    bool spoke;          /* its first line has come */
    bool closing;
    bool dirty; /* in the list of those to look after at the end of this turn */
    struct conn *prev, *next;
    uint64_t turn_at; /* when this turn's first bytes came */
    size_t in_flight;
    struct batch *batches;
};

struct conns {
    struct service *service;
    size_t n_slots, n_free, n_open, n_refused;
    struct conn **at;     /* [n_slots] NULL: free */
    uint32_t *generation; /* [n_slots] */
    uint32_t *free_slots; /* [n_free] */
    struct conn *dirty;   /* list, oldest first */
    size_t n_dirty;
    uv_check_t check;     /* after the poll: what reads and workers produced */
    uv_prepare_t prepare; /* before it: what timers produced */
    uv_idle_t idle;       /* runs while something is left for the next turn: the poll must not wait */
    void (*drained)(void *arg);
    void *drained_arg;
    bool quiet;       /* draining and nothing was left to do a turn ago */
    struct buf error; /* scratch: an error object */
    struct buf body;  /* scratch: the result of a method that runs on the loop */
    struct log_limit log_refused, log_stalled, log_failed;
    char read[READ_BYTES]; /* one is enough: a read is looked through before the next */
};

/* Who asked: what a reply needs beside its body. */
struct asker {
    struct slice id;
    struct batch *batch; /* NULL: a single request */
    size_t member;
    struct method_metrics *metrics; /* NULL: no method was reached */
    uint64_t at;
};

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out);
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *read);
static void on_end(struct conn *conn);
static void take_bytes(struct conn *conn, const char *bytes, size_t len);
static void hold_up(struct conn *conn, const char *bytes, size_t len);
static void resume(struct conn *conn);
static void take_line(struct conn *conn, const char *line, size_t len);
static bool is_http(const char *line, size_t len);
static void turn_away_http(struct conn *conn, struct asker *asker);
static void take_overlong(struct conn *conn);
static void take_batch(struct conn *conn, struct message *message, uint64_t at);
static void take_members(struct conn *conn, struct batch *batch, const struct request *requests, size_t n, uint64_t at);
static void take_request(struct conn *conn, const struct request *request, struct asker *asker);
static void take_reload(struct conn *conn, const struct method *method, const struct request *request,
                        const struct asker *asker);
static void take_scoring(struct conn *conn, const struct method *method, const struct request *request,
                         const struct asker *asker);
static void take_light(struct conn *conn, const struct method *method, const struct request *request,
                       const struct asker *asker);
static struct waiter *wait_for(struct conn *conn, const struct asker *asker);
static void answer_waiter(struct service *service, struct waiter *waiter, int code, struct slice body);
static void give(struct conn *conn, const struct asker *asker, int code, struct slice body);
static void reply(struct conn *conn, struct slice id, int code, struct slice body);
static void reply_line(struct conn *conn, const struct batch *batch);
static void put_member(struct conn *conn, struct batch *batch, size_t i, int code, struct slice body);
static struct slice error_too_large(struct conns *conns, size_t limit, const char *what);
static struct slice error_overloaded(struct conns *conns, const char *what, int64_t limit);
static void put_shutting_down(struct buf *error, const struct service *service);
static struct slice error_plain(struct conns *conns, int code, const char *reason);
static struct slice scratch(const struct buf *buf);
static void touch(struct conn *conn);
static void untouch(struct conn *conn);
static void on_check(uv_check_t *check);
static void on_prepare(uv_prepare_t *prepare);
static void keep_turning(struct conns *conns);
static void on_idle(uv_idle_t *idle);
static void flush_all(struct conns *conns);
static void flush(struct conn *conn);
static void give_to_libuv(struct conn *conn, size_t written);
static void on_written(uv_write_t *write, int status);
static void on_stall(uv_timer_t *timer);
static size_t queued(const struct conn *conn);
static size_t output_max(const struct conn *conn);
static void settle(struct conn *conn);
static void say_farewell(struct conn *conn);
static void fail(struct conn *conn, const char *reason);
static void conn_close(struct conn *conn);
static void on_closed(uv_handle_t *handle);
static void look_for_end(struct conns *conns);
static bool is_busy(const struct conns *conns);

static const struct slice null_id = {"null", 4};

/* ---- All connections --------------------------------------------------------------------------------------------- */

int conns_init(struct service *service)
{
    struct conns *conns = calloc(1, sizeof *conns);
    if (!conns)
        return -1;
    conns->service = service;
    conns->n_slots = conns->n_free = service->connections_max + REFUSED_MAX;
    conns->at = calloc(conns->n_slots, sizeof *conns->at);
    conns->generation = calloc(conns->n_slots, sizeof *conns->generation);
    conns->free_slots = calloc(conns->n_slots, sizeof *conns->free_slots);
    if (!conns->at || !conns->generation || !conns->free_slots) {
        free(conns->at);
        free(conns->generation);
        free(conns->free_slots);
        free(conns);
        return -1;
    }
    for (size_t i = 0; i < conns->n_slots; i++)
        conns->free_slots[i] = (uint32_t)(conns->n_slots - 1 - i);
    buf_init(&conns->error, ANSWER_MAX_BYTES);
    buf_init(&conns->body, ANSWER_MAX_BYTES);

    uv_check_init(service->loop, &conns->check);
    uv_prepare_init(service->loop, &conns->prepare);
    uv_idle_init(service->loop, &conns->idle);
    conns->check.data = conns->prepare.data = conns->idle.data = conns;
    uv_check_start(&conns->check, on_check);
    uv_prepare_start(&conns->prepare, on_prepare);
    service->conns = conns;
    service->answer = answer_waiter;
    return 0;
}

void conns_drain(struct service *service, void (*done)(void *arg), void *arg)
{
    service->draining = true;
    service->conns->drained = done;
    service->conns->drained_arg = arg;
}

/* At the end of a turn while draining: one more must pass with nothing new, so that what was on its way is read. */
static void look_for_end(struct conns *conns)
{
    bool was_quiet = conns->quiet;
    conns->quiet = !is_busy(conns);
    if (was_quiet && conns->quiet) {
        void (*drained)(void *arg) = conns->drained;
        conns->drained = NULL;
        drained(conns->drained_arg);
    }
}

static bool is_busy(const struct conns *conns)
{
    bool busy = conns->service->metrics.counter[METRIC_in_flight_now] > 0 || conns->n_dirty > 0;
    for (size_t i = 0; i < conns->n_slots && !busy; i++) {
        const struct conn *conn = conns->at[i];
        busy = conn && !conn->closing && !conn->deaf && queued(conn) > 0;
    }
    return busy;
}

size_t conns_cut(struct service *service)
{
    struct conns *conns = service->conns;
    size_t unsent = 0;
    struct buf error;
    buf_init(&error, ERROR_BYTES);
    put_shutting_down(&error, service);
    job_answer_all(service, RPC_SHUTTING_DOWN, scratch(&error));
    buf_fini(&error);
    flush_all(conns);
    for (size_t i = 0; i < conns->n_slots; i++)
        if (conns->at[i] && !conns->at[i]->closing)
            unsent += queued(conns->at[i]);
    return unsent;
}

void conns_close(struct service *service)
{
    struct conns *conns = service->conns;
    conns->drained = NULL;
    service->stopping = true;
    for (size_t i = 0; i < conns->n_slots; i++)
        if (conns->at[i])
            conn_close(conns->at[i]);
    uv_close((uv_handle_t *)&conns->check, NULL);
    uv_close((uv_handle_t *)&conns->prepare, NULL);
    uv_close((uv_handle_t *)&conns->idle, NULL);
}

void conns_fini(struct service *service)
{
    struct conns *conns = service->conns;
    assert(conns->n_free == conns->n_slots);
    service->conns = NULL;
    buf_fini(&conns->error);
    buf_fini(&conns->body);
    free(conns->at);
    free(conns->generation);
    free(conns->free_slots);
    free(conns);
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

void conn_open(struct service *service, int fd, bool local)
{
    struct conns *conns = service->conns;
    bool refused = conns->n_open >= service->connections_max;
    struct conn *conn = conns->n_free > 0 ? calloc(1, sizeof *conn) : NULL;
    if (refused)
        metrics_add(&service->metrics, connections_refused, 1);
    if (refused && log_due(&conns->log_refused))
        log_event(LOG_WARNING, "connection_refused", "connections", log_number((long long)conns->n_open), "suppressed",
                  log_number(log_suppressed(&conns->log_refused)), NULL);
    if (!conn) {
        close(fd);
        return;
    }
    conn->service = service;
    conn->refused = conn->deaf = refused;
    conn->slot = conns->free_slots[--conns->n_free];
    conn->generation = ++conns->generation[conn->slot];
    conns->at[conn->slot] = conn;
    *(refused ? &conns->n_refused : &conns->n_open) += 1;
    metrics_add(&service->metrics, connections_now, !refused);
    metrics_add(&service->metrics, connections_accepted, !refused);
    frame_init(&conn->frame, LINE_MAX_BYTES);
    buf_init(&conn->out, output_max(conn) + ((size_t)service->config->in_flight_max + 1) * ERROR_BYTES);
    buf_init(&conn->held, READ_BYTES);

    uv_timer_init(service->loop, &conn->stall);
    conn->n_handles = 2;
    int failed;
    if (local) {
        uv_pipe_init(service->loop, &conn->peer.pipe, 0);
        failed = uv_pipe_open(&conn->peer.pipe, fd);
    } else {
        uv_tcp_init(service->loop, &conn->peer.tcp);
        failed = uv_tcp_open(&conn->peer.tcp, fd);
    }
    conn->peer.handle.data = conn->stall.data = conn->write.data = conn;
    if (failed) {
        close(fd);
        conn_close(conn);
        return;
    }
    if (!local) {
        uv_tcp_nodelay(&conn->peer.tcp, 1);
        uv_tcp_keepalive(&conn->peer.tcp, 1, KEEPALIVE_S);
    }
    if (refused)
        reply(conn, null_id, RPC_OVERLOADED, error_overloaded(conns, "connections", (int64_t)service->connections_max));
    uv_read_start(&conn->peer.stream, on_alloc, on_read);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct conn *conn = handle->data;
    (void)size;
    *out = uv_buf_init(conn->service->conns->read, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *read)
{
    struct conn *conn = stream->data;
    if (n == UV_EOF) {
        on_end(conn);
    } else if (n < 0) {
        conn_close(conn);
    } else if (n > 0 && !conn->deaf) {
        metrics_add(&conn->service->metrics, bytes_in, n);
        conn->turn_at = uv_hrtime();
        take_bytes(conn, read->base, (size_t)n);
    }
}

/* The peer has said all it will, and may be waiting for the answers with its other half open. */
static void on_end(struct conn *conn)
{
    const char *line;
    size_t len;
    conn->ended = true;
    enum frame_event event = conn->deaf ? FRAME_MORE : frame_end(&conn->frame, &line, &len);
    if (event == FRAME_LINE)
        take_line(conn, line, len);
    else if (event == FRAME_TOO_LONG)
        take_overlong(conn);
    touch(conn);
}

static void take_bytes(struct conn *conn, const char *bytes, size_t len)
{
    for (;;) {
        const char *line;
        size_t line_len;
        switch (frame_next(&conn->frame, &bytes, &len, &line, &line_len)) {
        case FRAME_MORE:
            return;
        case FRAME_LINE:
            take_line(conn, line, line_len);
            break;
        case FRAME_TOO_LONG:
            take_overlong(conn);
            break;
        case FRAME_MEMORY:
            fail(conn, "out of memory");
            break;
        }
        if (conn->closing || conn->deaf)
            return;
        if (queued(conn) > output_max(conn) / 2 || uv_hrtime() - conn->turn_at > TURN_NS) {
            hold_up(conn, bytes, len);
            return;
        }
    }
}

static void hold_up(struct conn *conn, const char *bytes, size_t len)
{
    conn->held_up = true;
    uv_read_stop(&conn->peer.stream);
    buf_put(&conn->held, bytes, len);
    if (conn->held.failed)
        fail(conn, "out of memory");
    touch(conn);
}

static void resume(struct conn *conn)
{
    struct buf held = conn->held;
    buf_init(&conn->held, READ_BYTES);
    conn->held_up = false;
    conn->turn_at = uv_hrtime();
    take_bytes(conn, held.at, held.len);
    buf_fini(&held);
    if (!conn->closing && !conn->held_up)
        uv_read_start(&conn->peer.stream, on_alloc, on_read);
}

/* ---- Requests ---------------------------------------------------------------------------------------------------- */

static void take_line(struct conn *conn, const char *line, size_t len)
{
    struct message message;
    struct asker asker = {.at = uv_hrtime()};
    metrics_add(&conn->service->metrics, messages, 1);
    bool first = !conn->spoke;
    conn->spoke = true;
    if (first && is_http(line, len)) {
        turn_away_http(conn, &asker);
        return;
    }
    jsonrpc_read(line, len, &message);
    if (message.batch) {
        take_batch(conn, &message, asker.at);
    } else {
        struct request request;
        jsonrpc_next(&message, &request);
        take_request(conn, &request, &asker);
    }
}

static bool is_http(const char *line, size_t len)
{
    return len >= 14 && memcmp(line + len - 9, " HTTP/1.", 8) == 0;
}

/*
 * A web page can make a browser send a request of its choice here, and one line of it could be JSON: nothing after a
 * line of HTTP is read.
 */
static void turn_away_http(struct conn *conn, struct asker *asker)
{
    struct buf *error = &conn->service->conns->error;
    const struct request request = {.code = RPC_PARSE,
                                    .reason = "this is HTTP; the socket takes JSON-RPC, one request a line"};
    buf_clear(error);
    jsonrpc_put_fault(error, &request);
    asker->id = null_id;
    give(conn, asker, request.code, scratch(error));
    conn->deaf = true;
    touch(conn);
}

static void take_overlong(struct conn *conn)
{
    struct asker asker = {.id = null_id, .at = uv_hrtime()};
    give(conn, &asker, RPC_TOO_LARGE, error_too_large(conn->service->conns, LINE_MAX_BYTES, "line"));
}

static void take_batch(struct conn *conn, struct message *message, uint64_t at)
{
    size_t n = 0;
    struct request *requests = malloc(message->n * sizeof *requests);
    if (!requests) {
        fail(conn, "out of memory");
        return;
    }
    while (n < message->n && jsonrpc_next(message, &requests[n]))
        n++;
    metrics_add(&conn->service->metrics, batches, 1);

    struct batch *batch = NULL;
    int code = batch_new(requests, n, &batch);
    if (code == RPC_TOO_LARGE) {
        struct asker asker = {.id = null_id, .at = at};
        give(conn, &asker, code,
             error_too_large(conn->service->conns, ANSWER_MAX_BYTES, "answer: the ids alone fill it"));
    } else if (code) {
        fail(conn, "out of memory");
    } else {
        take_members(conn, batch, requests, n, at);
    }
    free(requests);
}

/* A batch of notifications has no member that is answered, and leaves no line. */
static void take_members(struct conn *conn, struct batch *batch, const struct request *requests, size_t n, uint64_t at)
{
    struct asker asker = {.batch = batch, .at = at};
    bool answered = batch->n > 0;
    if (answered)
        DL_APPEND(conn->batches, batch);
    for (size_t i = 0; i < n && !conn->closing; i++) {
        take_request(conn, &requests[i], &asker);
        asker.member += requests[i].id.at != NULL;
    }
    if (!answered)
        batch_free(batch);
}

static void take_request(struct conn *conn, const struct request *request, struct asker *asker)
{
    struct service *service = conn->service;
    struct conns *conns = service->conns;
    const struct method *method = request->code ? NULL : method_find(request->method);
    asker->id = request->id;
    asker->metrics = method ? &service->metrics.methods[method - method_table(&(size_t){0})] : NULL;
    if (method)
        asker->metrics->requests++;

    buf_clear(&conns->error);
    if (request->code) {
        jsonrpc_put_fault(&conns->error, request);
        give(conn, asker, request->code, scratch(&conns->error));
    } else if (!request->id.at) {
        /* Never answered. Only loading has an effect; nobody would see the result of anything else. */
        metrics_add(&service->metrics, notifications, 1);
        if (method && method->flags & METHOD_RELOAD && !service->draining)
            service_reload(service, NULL);
    } else if (!method) {
        method_put_unknown(&conns->error, request->method);
        give(conn, asker, RPC_METHOD, scratch(&conns->error));
    } else if (service->draining) {
        put_shutting_down(&conns->error, service);
        give(conn, asker, RPC_SHUTTING_DOWN, scratch(&conns->error));
    } else if (method->flags & METHOD_RELOAD) {
        take_reload(conn, method, request, asker);
    } else if ((method->flags & METHOD_PURE) && (method->flags & METHOD_SCORES)) {
        take_scoring(conn, method, request, asker);
    } else {
        take_light(conn, method, request, asker);
    }
}

static void take_reload(struct conn *conn, const struct method *method, const struct request *request,
                        const struct asker *asker)
{
    struct service *service = conn->service;
    struct conns *conns = service->conns;
    struct method_call call = {.dataset = service->snapshot.dataset, .params = request->params};
    struct params params;
    int code = params_read(&call, method->params, &params, &conns->error);
    if (code) {
        give(conn, asker, code, scratch(&conns->error));
        return;
    }
    params_fini(&params);
    struct waiter *waiter = wait_for(conn, asker);
    if (waiter)
        service_reload(service, waiter);
}

static void take_scoring(struct conn *conn, const struct method *method, const struct request *request,
                         const struct asker *asker)
{
    struct service *service = conn->service;
    struct slice key = job_key(service, method, request->params);
    struct slice known = key.at ? cache_get_local(service->cache, key.at, key.len) : (struct slice){NULL, 0};
    if (known.at) {
        give(conn, asker, 0, known);
        return;
    }
    struct waiter *waiter = key.at ? wait_for(conn, asker) : NULL;
    if (!key.at)
        give(conn, asker, RPC_INTERNAL, error_plain(service->conns, RPC_INTERNAL, "out of memory"));
    else if (waiter && !job_start(service, method, key, request->params.len, waiter))
        answer_waiter(service, waiter, RPC_OVERLOADED,
                      error_overloaded(service->conns, "queue", service->config->queue_max));
}

/* Costs less than keeping it would, or tells of now: computed on the loop, each time. */
static void take_light(struct conn *conn, const struct method *method, const struct request *request,
                       const struct asker *asker)
{
    struct service *service = conn->service;
    struct conns *conns = service->conns;
    struct method_call call = {.dataset = service->snapshot.dataset, .host = &service->host, .params = request->params};
    buf_clear(&conns->body);
    int code = method_run(method, &call, &conns->body);
    give(conn, asker, code, scratch(&conns->body));
}

/* NULL: the connection has too many in flight (it was told so), or memory is short. */
static struct waiter *wait_for(struct conn *conn, const struct asker *asker)
{
    struct service *service = conn->service;
    if (conn->in_flight >= (size_t)service->config->in_flight_max) {
        give(conn, asker, RPC_OVERLOADED,
             error_overloaded(service->conns, "requests in flight on this connection", service->config->in_flight_max));
        return NULL;
    }
    struct waiter *waiter = malloc(sizeof *waiter + asker->id.len);
    if (!waiter) {
        fail(conn, "out of memory");
        return NULL;
    }
    *waiter = (struct waiter){.slot = conn->slot,
                              .generation = conn->generation,
                              .batch = asker->batch,
                              .member = asker->member,
                              .metrics = asker->metrics,
                              .asked_at = asker->at,
                              .id_len = asker->id.len};
    memcpy(waiter->id, asker->id.at, asker->id.len);
    conn->in_flight++;
    metrics_add(&service->metrics, in_flight_now, 1);
    return waiter;
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static void answer_waiter(struct service *service, struct waiter *waiter, int code, struct slice body)
{
    struct conn *conn = service->conns->at[waiter->slot];
    metrics_sub(&service->metrics, in_flight_now, 1);
    if (conn && conn->generation == waiter->generation && !conn->closing) {
        struct asker asker = {.id = {waiter->id, waiter->id_len},
                              .batch = waiter->batch,
                              .member = waiter->member,
                              .metrics = waiter->metrics,
                              .at = waiter->asked_at};
        conn->in_flight--;
        give(conn, &asker, code, body);
    } else {
        metrics_add(&service->metrics, dropped, 1);
    }
    free(waiter);
}

static void give(struct conn *conn, const struct asker *asker, int code, struct slice body)
{
    struct metrics *metrics = &conn->service->metrics;
    if (conn->closing)
        return;
    if (body.len == 0) {
        code = RPC_INTERNAL;
        body = error_plain(conn->service->conns, code, "out of memory");
    }
    if (code)
        metrics_error(metrics, code);
    if (asker->metrics)
        metrics_answer(asker->metrics, code, (uv_hrtime() - asker->at) / 1000);
    if (asker->batch)
        put_member(conn, asker->batch, asker->member, code, body);
    else
        reply(conn, asker->id, code, body);
}

static void reply(struct conn *conn, struct slice id, int code, struct slice body)
{
    if (queued(conn) + ENVELOPE_BYTES + id.len + body.len > output_max(conn)) {
        code = RPC_TOO_LARGE;
        body = error_too_large(conn->service->conns, output_max(conn), "answers of this connection waiting to be read");
        metrics_error(&conn->service->metrics, code);
    }
    jsonrpc_put_reply(&conn->out, id, code, body);
    buf_char(&conn->out, '\n');
    if (conn->out.failed)
        fail(conn, "out of memory");
    touch(conn);
}

static void put_member(struct conn *conn, struct batch *batch, size_t i, int code, struct slice body)
{
    size_t replaced = 0;
    if (batch_put(batch, i, code, body, &replaced)) {
        fail(conn, "out of memory");
        return;
    }
    for (; replaced > 0; replaced--)
        metrics_error(&conn->service->metrics, RPC_TOO_LARGE);
    if (batch->n_open > 0)
        return;
    DL_DELETE(conn->batches, batch);
    reply_line(conn, batch);
    batch_free(batch);
}

static void reply_line(struct conn *conn, const struct batch *batch)
{
    if (queued(conn) + batch_len(batch) + 1 > output_max(conn)) {
        reply(conn, null_id, RPC_TOO_LARGE,
              error_too_large(conn->service->conns, output_max(conn), "answers of this connection waiting to be read"));
        return;
    }
    batch_write(batch, &conn->out);
    buf_char(&conn->out, '\n');
    if (conn->out.failed)
        fail(conn, "out of memory");
    touch(conn);
}

/* Error objects in the scratch: valid until the next one. */

static struct slice error_too_large(struct conns *conns, size_t limit, const char *what)
{
    buf_clear(&conns->error);
    rpc_error_open(&conns->error, RPC_TOO_LARGE);
    json_put_integer(&conns->error, "limit", (int64_t)limit);
    json_put_text(&conns->error, "what", what);
    rpc_error_close(&conns->error);
    return scratch(&conns->error);
}

static struct slice error_overloaded(struct conns *conns, const char *what, int64_t limit)
{
    buf_clear(&conns->error);
    rpc_error_open(&conns->error, RPC_OVERLOADED);
    json_put_integer(&conns->error, "retry_after_s", RETRY_AFTER_S);
    json_put_integer(&conns->error, "queue_depth", (int64_t)conns->service->metrics.counter[METRIC_jobs_now]);
    json_put_text(&conns->error, "what", what);
    json_put_integer(&conns->error, "limit", limit);
    rpc_error_close(&conns->error);
    return scratch(&conns->error);
}

static void put_shutting_down(struct buf *error, const struct service *service)
{
    rpc_error_open(error, RPC_SHUTTING_DOWN);
    json_put_integer(error, "drain_s", service->config->drain_s);
    rpc_error_close(error);
}

static struct slice error_plain(struct conns *conns, int code, const char *reason)
{
    buf_clear(&conns->error);
    rpc_error_open(&conns->error, code);
    json_put_text(&conns->error, "reason", reason);
    rpc_error_close(&conns->error);
    return scratch(&conns->error);
}

static struct slice scratch(const struct buf *buf)
{
    return (struct slice){buf->at, buf->failed ? 0 : buf->len};
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* To be looked after at the end of this turn. */
static void touch(struct conn *conn)
{
    struct conns *conns = conn->service->conns;
    if (conn->dirty || conn->closing)
        return;
    conn->dirty = true;
    DL_APPEND(conns->dirty, conn);
    conns->n_dirty++;
}

static void untouch(struct conn *conn)
{
    struct conns *conns = conn->service->conns;
    if (!conn->dirty)
        return;
    conn->dirty = false;
    DL_DELETE(conns->dirty, conn);
    conns->n_dirty--;
}

static void on_check(uv_check_t *check)
{
    struct conns *conns = check->data;
    flush_all(conns);
    if (conns->drained)
        look_for_end(conns);
    keep_turning(conns);
}

static void on_prepare(uv_prepare_t *prepare)
{
    flush_all(prepare->data);
    keep_turning(prepare->data);
}

static void keep_turning(struct conns *conns)
{
    if (conns->service->stopping)
        return; /* the handle is closed */
    if (conns->n_dirty > 0 || (conns->drained && !is_busy(conns)))
        uv_idle_start(&conns->idle, on_idle);
    else
        uv_idle_stop(&conns->idle);
}

/* Each of those touched, once; whoever is touched meanwhile has the next turn. */
static void flush_all(struct conns *conns)
{
    for (size_t n = conns->n_dirty; n > 0 && conns->dirty; n--) {
        struct conn *conn = conns->dirty;
        untouch(conn);
        flush(conn);
        if (conn->held_up && !conn->closing && queued(conn) <= output_max(conn) / 4)
            resume(conn);
        settle(conn);
    }
}

/* Its being there is enough: the loop does not wait for news. */
static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void flush(struct conn *conn)
{
    if (conn->closing || conn->writing.len > 0 || conn->out.len == 0)
        return;
    uv_buf_t all = uv_buf_init(conn->out.at, (unsigned)conn->out.len);
    int n = uv_try_write(&conn->peer.stream, &all, 1);
    if (n < 0 && n != UV_EAGAIN) {
        conn_close(conn);
        return;
    }
    size_t written = n > 0 ? (size_t)n : 0;
    metrics_add(&conn->service->metrics, writes, 1);
    metrics_add(&conn->service->metrics, bytes_out, written);
    if (written < conn->out.len)
        give_to_libuv(conn, written);
    else if (conn->out.cap > OUT_KEEP)
        buf_fini(&conn->out);
    else
        buf_clear(&conn->out);
}

/* What the kernel did not take is libuv's until on_written; replies of later turns collect in a new buffer. */
static void give_to_libuv(struct conn *conn, size_t written)
{
    conn->writing = conn->out;
    buf_init(&conn->out, conn->writing.max);
    conn->writing_left = conn->writing.len - written;
    uv_buf_t rest = uv_buf_init(conn->writing.at + written, (unsigned)conn->writing_left);
    if (uv_write(&conn->write, &conn->peer.stream, &rest, 1, on_written))
        fail(conn, "write");
    else
        uv_timer_start(&conn->stall, on_stall, (uint64_t)conn->service->config->stall_s * 1000, 0);
}

static void on_written(uv_write_t *write, int status)
{
    struct conn *conn = write->data;
    if (status < 0) {
        conn_close(conn);
        return;
    }
    metrics_add(&conn->service->metrics, bytes_out, conn->writing_left);
    buf_fini(&conn->writing);
    uv_timer_stop(&conn->stall);
    touch(conn);
}

/* A peer may be slow; one that took nothing at all since the timer last looked is not coming back. */
static void on_stall(uv_timer_t *timer)
{
    struct conn *conn = timer->data;
    struct conns *conns = conn->service->conns;
    size_t left = uv_stream_get_write_queue_size(&conn->peer.stream);
    if (!conn->deaf && left < conn->writing_left) {
        metrics_add(&conn->service->metrics, bytes_out, conn->writing_left - left);
        conn->writing_left = left;
        uv_timer_start(&conn->stall, on_stall, (uint64_t)conn->service->config->stall_s * 1000, 0);
        return;
    }
    metrics_add(&conn->service->metrics, connections_stalled, !conn->deaf);
    if (!conn->deaf && log_due(&conns->log_stalled))
        log_event(LOG_WARNING, "connection_stalled", "unread_bytes", log_number((long long)queued(conn)), "suppressed",
                  log_number(log_suppressed(&conns->log_stalled)), NULL);
    conn_close(conn);
}

static size_t queued(const struct conn *conn)
{
    return conn->out.len + (conn->writing.len > 0 ? uv_stream_get_write_queue_size(&conn->peer.stream) : 0);
}

static size_t output_max(const struct conn *conn)
{
    return (size_t)conn->service->config->output_mib << 20;
}

/* ---- Closing ----------------------------------------------------------------------------------------------------- */

/* Closes a connection that has nothing to do any more. */
static void settle(struct conn *conn)
{
    if (conn->closing || queued(conn) > 0)
        return;
    if (conn->ended && conn->in_flight == 0)
        conn_close(conn);
    else if (conn->deaf)
        say_farewell(conn);
}

/*
 * The refusal is written. Closing now would reset a connection whose peer has sent something, and might take the
 * refusal with it: say that there is no more, drop what comes, and go when the peer does, or soon.
 */
static void say_farewell(struct conn *conn)
{
    uv_os_fd_t fd;
    if (uv_fileno(&conn->peer.handle, &fd) == 0)
        shutdown(fd, SHUT_WR);
    uv_timer_start(&conn->stall, on_stall, REFUSED_MS, 0);
}

static void fail(struct conn *conn, const char *reason)
{
    struct conns *conns = conn->service->conns;
    if (!conn->closing && log_due(&conns->log_failed))
        log_event(LOG_ERROR, "connection_failed", "reason", reason, "suppressed",
                  log_number(log_suppressed(&conns->log_failed)), NULL);
    conn_close(conn);
}

static void conn_close(struct conn *conn)
{
    if (conn->closing)
        return;
    untouch(conn);
    conn->closing = true;
    uv_close(&conn->peer.handle, on_closed);
    uv_close((uv_handle_t *)&conn->stall, on_closed);
}

static void on_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    struct conns *conns = conn->service->conns;
    if (--conn->n_handles > 0)
        return;
    conns->at[conn->slot] = NULL;
    conns->free_slots[conns->n_free++] = conn->slot;
    *(conn->refused ? &conns->n_refused : &conns->n_open) -= 1;
    metrics_sub(&conn->service->metrics, connections_now, !conn->refused);
    while (conn->batches) {
        struct batch *batch = conn->batches;
        DL_DELETE(conn->batches, batch);
        batch_free(batch);
    }
    frame_fini(&conn->frame);
    buf_fini(&conn->out);
    buf_fini(&conn->writing);
    buf_fini(&conn->held);
    free(conn);
}
