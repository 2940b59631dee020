/*
 * What is said on a connection, in the order it runs: conn_take_line -> take_request (or take_batch) -> a method, or
 * job.c and later conn_answer -> give -> reply (or put_member). Replies collect in the connection's `out`, which conn.c
 * writes.
 */
#include "conn_state.h"
#include "job.h"
#include "jsonrpc.h"
#include "params.h"
#include "planning.h"
#include "reload.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    BEHIND_BYTES = 65536, /* a connection with so much unread is told of no progress */
    ENVELOPE_BYTES = 34,  /* {"jsonrpc":"2.0","id":,"result":} and LF or comma */
    RETRY_AFTER_S = 1,
    KEPT_TOGETHER = 8 /* kept answers between two looks at the clock, each of which takes a twentieth of a ping */
};

/* Who asked: what a reply needs beside its body. */
struct asker {
    struct slice id;
    struct batch *batch; /* NULL: a single request */
    size_t member;
    struct method_metrics *metrics; /* NULL: no method was reached */
    uint64_t at;
    bool kept; /* the answer stays where it is until the next that is not known is looked for */
};

static bool is_http(const char *line, size_t len);
static void turn_away_http(struct conn *conn, struct asker *asker);
static inline bool take_known(struct conn *conn, const struct request *request, struct asker *asker);
static inline const struct method *find_method(struct conns *conns, struct slice name);
static void take_batch(struct conn *conn, struct message *message, uint64_t at);
static void take_members(struct conn *conn, struct batch *batch, const struct request *requests, size_t n, uint64_t at);
static void take_request(struct conn *conn, const struct request *request, struct asker *asker);
static void take_common(struct conn *conn, const struct method *method, const struct request *request,
                        const struct asker *asker);
static void take_scoring(struct conn *conn, const struct method *method, const struct request *request,
                         const struct asker *asker);
static void take_planning(struct conn *conn, const struct method *method, const struct request *request,
                          const struct asker *asker);
static void take_waiting(struct conn *conn, const struct method *method, const struct request *request,
                         const struct asker *asker);
static void take_light(struct conn *conn, const struct method *method, const struct request *request,
                       const struct asker *asker);
static void take_notification(struct service *service, const struct method *method, const struct request *request);
static struct waiter *wait_for(struct conn *conn, const struct asker *asker);
static void give(struct conn *conn, const struct asker *asker, int code, struct slice body);
static void reply(struct conn *conn, struct slice id, int code, struct slice body, bool kept);
static void reply_line(struct conn *conn, const struct batch *batch);
static void put_member(struct conn *conn, struct batch *batch, size_t i, int code, struct slice body);
static int refuse_output(struct conn *conn, size_t len, struct slice *error);
static struct slice error_too_large(struct conns *conns, size_t limit, const char *what);
static struct slice error_overloaded(struct conns *conns, const char *what, int64_t limit);
static struct slice error_queue(struct service *service);
static void put_shutting_down(struct buf *error, const struct service *service);
static struct slice error_plain(struct conns *conns, int code, const char *reason);
static struct slice scratch(const struct buf *buf);

static const struct slice null_id = {"null", 4};

/* ---- Requests ---------------------------------------------------------------------------------------------------- */

void conn_take_line(struct conn *conn, const char *line, size_t len)
{
    struct message message;
    struct request request;
    struct asker asker = {.at = conn->service->conns->now};
    metrics_add(&conn->service->metrics, messages, 1);
    bool first = !conn->spoke;
    conn->spoke = true;
    if (jsonrpc_slice(line, len, &request) && take_known(conn, &request, &asker))
        return;
    if (conn->service->conns->borrower)
        conn_flush(conn); /* from here on the cache may let go of what is borrowed */
    if (conn->closing)
        return;
    if (first && is_http(line, len)) {
        turn_away_http(conn, &asker);
        return;
    }
    jsonrpc_read(line, len, &message);
    if (message.batch) {
        take_batch(conn, &message, asker.at);
    } else {
        jsonrpc_next(&message, &request);
        take_request(conn, &request, &asker);
    }
    conn->service->conns->now = uv_hrtime(); /* it took time even where no answer is given yet */
}

/*
 * The hot path: a usual request whose answer is kept. Its params have not been checked, but byte for byte the same ones
 * were when the answer was found. False: nothing has happened.
 */
static inline bool take_known(struct conn *conn, const struct request *request, struct asker *asker)
{
    struct service *service = conn->service;
    const struct method *method = find_method(service->conns, request->method);
    if (!method || !(method->flags & METHOD_PURE) || service->draining)
        return false;
    struct slice key = job_key(service, method, request->params);
    struct slice known = key.at ? cache_try_local(service->cache, key.at, key.len) : (struct slice){NULL, 0};
    if (!known.at)
        return false;
    asker->id = request->id;
    asker->metrics = &service->metrics.methods[method - method_table(&(size_t){0})];
    asker->metrics->requests++;
    asker->kept = true;
    give(conn, asker, 0, known);
    return true;
}

/* Most ask for what was asked for before. */
static inline const struct method *find_method(struct conns *conns, struct slice name)
{
    const struct method *last = conns->last_method;
    if (!last || name.len != last->name_len || memcmp(name.at, last->name, name.len) != 0)
        conns->last_method = last = method_find(name);
    return last;
}

/* Told apart from a line: nobody wonders whether it is HTTP, and whether it was answered at all is seen by the caller. */
void conn_take_message(struct conn *conn, const char *text, size_t len)
{
    struct message message;
    struct request request;
    struct asker asker = {.at = conn->service->conns->now};
    metrics_add(&conn->service->metrics, messages, 1);
    if (len > 0 && text[len - 1] == '\n')
        len--; /* a file's last; the usual has none */
    if (jsonrpc_slice(text, len, &request) && take_known(conn, &request, &asker))
        return;
    jsonrpc_read(text, len, &message);
    if (message.batch) {
        take_batch(conn, &message, asker.at);
    } else {
        jsonrpc_next(&message, &request);
        take_request(conn, &request, &asker);
    }
}

void conn_ask(struct conn *conn, size_t member, const char *method, struct slice params)
{
    const struct request request = {.id = null_id, .method = {method, strlen(method)}, .params = params};
    struct asker asker = {.member = member, .id = null_id, .at = conn->service->conns->now};
    const struct method *own = method_find_own(method);
    if (own)
        take_common(conn, own, &request, &asker);
    else
        take_request(conn, &request, &asker);
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
    conn_touch(conn);
}

void conn_take_overlong(struct conn *conn)
{
    struct asker asker = {.id = null_id, .at = conn->service->conns->now};
    give(conn, &asker, RPC_TOO_LARGE, error_too_large(conn->service->conns, LINE_MAX_BYTES, "line"));
}

void conn_refuse(struct conn *conn)
{
    struct service *service = conn->service;
    reply(conn, null_id, RPC_OVERLOADED,
          error_overloaded(service->conns, "connections", (int64_t)service->connections_max), false);
}

static void take_batch(struct conn *conn, struct message *message, uint64_t at)
{
    size_t n = 0;
    struct request *requests = malloc(message->n * sizeof *requests);
    if (!requests) {
        conn_fail(conn, "out of memory");
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
        conn_fail(conn, "out of memory");
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
        metrics_add(&service->metrics, notifications, 1);
        if (method && !service->draining)
            take_notification(service, method, request);
    } else if (!method) {
        method_put_unknown(&conns->error, request->method);
        give(conn, asker, RPC_METHOD, scratch(&conns->error));
    } else if (service->draining) {
        put_shutting_down(&conns->error, service);
        give(conn, asker, RPC_SHUTTING_DOWN, scratch(&conns->error));
    } else if (method->flags & (METHOD_RELOAD | METHOD_GATHERS)) {
        take_common(conn, method, request, asker);
    } else if (method->flags & METHOD_PLANS) {
        take_planning(conn, method, request, asker);
    } else if (method->flags & METHOD_WAITS) {
        take_waiting(conn, method, request, asker);
    } else if ((method->flags & METHOD_PURE) && (method->flags & METHOD_SCORES)) {
        take_scoring(conn, method, request, asker);
    } else {
        take_light(conn, method, request, asker);
    }
}

/* Never answered. Nobody would see the result of what has no effect. */
static void take_notification(struct service *service, const struct method *method, const struct request *request)
{
    if (method->flags & METHOD_RELOAD) {
        reload_ask(service, NULL);
    } else if (method->flags & METHOD_ACTS && method->flags & METHOD_PLANS) {
        planning_ask(service, method, request->params, NULL);
    } else if (method->flags & METHOD_ACTS) {
        struct buf *body = &service->conns->body;
        struct method_call call = {
            .dataset = service->snapshot.dataset, .host = &service->host, .params = request->params};
        buf_clear(body);
        method_run(method, &call, body);
    }
}

/* A method that takes no params, and is carried out on all loops. */
static void take_common(struct conn *conn, const struct method *method, const struct request *request,
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
    if (waiter && method->flags & METHOD_RELOAD)
        reload_ask(service, waiter);
    else if (waiter)
        service_gather(service, method, waiter);
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
        conn_answer(service, waiter, RPC_OVERLOADED, error_queue(service));
}

static void take_planning(struct conn *conn, const struct method *method, const struct request *request,
                          const struct asker *asker)
{
    struct service *service = conn->service;
    struct waiter *waiter = wait_for(conn, asker);
    if (waiter && !planning_ask(service, method, request->params, waiter))
        conn_answer(service, waiter, RPC_OVERLOADED,
                    error_overloaded(service->conns, "queue", service->config->queue_max));
}

/* Answered at once where that can be. */
static void take_waiting(struct conn *conn, const struct method *method, const struct request *request,
                         const struct asker *asker)
{
    struct service *service = conn->service;
    struct conns *conns = service->conns;
    struct method_wish wish = {0};
    struct waiter *waiter = wait_for(conn, asker);
    struct method_call call = {
        .dataset = service->snapshot.dataset, .host = &service->host, .params = request->params, .wish = &wish};
    if (!waiter)
        return;
    buf_clear(&conns->body);
    int code = method_run(method, &call, &conns->body);
    if (code == METHOD_LATER)
        planning_wait(service, &wish, waiter);
    else
        conn_answer(service, waiter, code, scratch(&conns->body));
}

/*
 * Costs less than keeping it would, or tells of now: computed on the loop, each time. Only what never changes while the
 * data stays is kept in this process.
 */
static void take_light(struct conn *conn, const struct method *method, const struct request *request,
                       const struct asker *asker)
{
    struct service *service = conn->service;
    struct conns *conns = service->conns;
    struct method_call call = {.dataset = service->snapshot.dataset, .host = &service->host, .params = request->params};
    buf_clear(&conns->body);
    int code = method_run(method, &call, &conns->body);
    bool constant = method->flags & METHOD_PURE && method->params->name == NULL;
    struct slice key = code == 0 && constant ? job_key(service, method, request->params) : (struct slice){NULL, 0};
    if (key.at && !cache_try_local(service->cache, key.at, key.len).at)
        cache_put_local(service->cache, key.at, key.len, conns->body.at, conns->body.len);
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
        conn_fail(conn, "out of memory");
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

void conn_answer(struct service *service, struct waiter *waiter, int code, struct slice body)
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
        if (conn->out.len >= WRITE_BYTES)
            conn_flush(conn); /* there may be hundreds more: from here on it shows whether they are read */
    } else {
        metrics_add(&service->metrics, dropped, 1);
    }
    free(waiter);
}

enum service_told conn_tell(struct service *service, uint32_t slot, uint32_t generation, struct slice line)
{
    struct conn *conn = service->conns->at[slot];
    if (!conn || conn->generation != generation || conn->closing || conn->http)
        return SERVICE_GONE;
    if (conn_queued(conn) + line.len > BEHIND_BYTES)
        return SERVICE_BEHIND;
    buf_put(conn_out(conn), line.at, line.len);
    buf_char(&conn->out, '\n');
    if (conn->out.failed)
        conn_fail(conn, "out of memory");
    conn_touch(conn);
    return SERVICE_TOLD;
}

void conns_tell_planners(struct service *service)
{
    struct buf error;
    buf_init(&error, ERROR_BYTES);
    put_shutting_down(&error, service);
    planning_drain(service, RPC_SHUTTING_DOWN, scratch(&error));
    buf_fini(&error);
}

void conns_tell_shutting_down(struct service *service)
{
    struct buf error;
    buf_init(&error, ERROR_BYTES);
    put_shutting_down(&error, service);
    job_answer_all(service, RPC_SHUTTING_DOWN, scratch(&error));
    planning_answer_all(service, RPC_SHUTTING_DOWN, scratch(&error));
    buf_fini(&error);
}

static void give(struct conn *conn, const struct asker *asker, int code, struct slice body)
{
    struct metrics *metrics = &conn->service->metrics;
    struct conns *conns = conn->service->conns;
    if (conn->closing)
        return;
    if (body.len == 0) {
        code = RPC_INTERNAL;
        body = error_plain(conns, code, "out of memory");
    }
    if (!asker->kept || ++conns->n_kept % KEPT_TOGETHER == 0)
        conns->now = uv_hrtime();
    if (code)
        metrics_error(metrics, code);
    if (asker->metrics)
        metrics_answer(asker->metrics, code, (conns->now - asker->at) / 1000);
    if (asker->batch)
        put_member(conn, asker->batch, asker->member, code, body);
    else if (conn->http)
        conn_http_give(conn, asker->member, asker->id, code, body);
    else
        reply(conn, asker->id, code, body, asker->kept);
}

static void reply(struct conn *conn, struct slice id, int code, struct slice body, bool kept)
{
    struct slice error;
    int refused = refuse_output(conn, ENVELOPE_BYTES + id.len + body.len, &error);
    if (refused == RPC_TOO_LARGE || (refused && code == 0)) { /* errors are small, and there are not many */
        code = refused;
        body = error;
        metrics_error(&conn->service->metrics, code);
        kept = false;
    }
    struct buf *out = conn_out(conn);
    jsonrpc_put_head(out, id, code);
    if (!kept || !conn_borrow(conn, body))
        buf_put(out, body.at, body.len);
    buf_put(out, "}\n", 2);
    if (conn->out.failed)
        conn_fail(conn, "out of memory");
    conn_touch(conn);
}

static void put_member(struct conn *conn, struct batch *batch, size_t i, int code, struct slice body)
{
    size_t replaced = 0;
    if (batch_put(batch, i, code, body, &replaced)) {
        conn_fail(conn, "out of memory");
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
    if (conn->http) {
        conn_http_give_batch(conn, batch);
        return;
    }
    struct slice error;
    int refused = refuse_output(conn, batch_len(batch) + 1, &error);
    if (refused) {
        reply(conn, null_id, refused, error, false);
        return;
    }
    batch_write(batch, conn_out(conn));
    buf_char(&conn->out, '\n');
    if (conn->out.failed)
        conn_fail(conn, "out of memory");
    conn_touch(conn);
}

/*
 * Peers may be slow to read, up to ceilings: the code of what stands in place of an answer beyond one, or 0. A peer that
 * takes what is written to it is not told of the ceiling of all.
 */
static int refuse_output(struct conn *conn, size_t len, struct slice *error)
{
    struct conns *conns = conn->service->conns;
    if (conn_queued(conn) + len > conn_output_max(conn)) {
        *error = error_too_large(conns, conn_output_max(conn), "answers of this connection waiting to be read");
        return RPC_TOO_LARGE;
    }
    if (conn_is_crowded(conn, len)) {
        *error = error_overloaded(conns, "bytes of answers to all connections waiting to be read",
                                  (int64_t)conn_output_total_max(conn));
        return RPC_OVERLOADED;
    }
    return 0;
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
    uint64_t wait_s = job_wait_ms(conns->service) / 1000;
    json_put_integer(&conns->error, "retry_after_s", (int64_t)(wait_s > RETRY_AFTER_S ? wait_s : RETRY_AFTER_S));
    json_put_integer(&conns->error, "queue_depth", (int64_t)atomic_load(&conns->service->loops->jobs));
    json_put_text(&conns->error, "what", what);
    json_put_integer(&conns->error, "limit", limit);
    rpc_error_close(&conns->error);
    return scratch(&conns->error);
}

static struct slice error_queue(struct service *service)
{
    const struct config *config = service->config;
    if (job_wait_ms(service) > (uint64_t)config->queue_ms)
        return error_overloaded(service->conns, "milliseconds to wait", config->queue_ms);
    return error_overloaded(service->conns, "queue", config->queue_max);
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
