/*
 * What is said on a connection that speaks HTTP, in the order it runs: conn_http_take -> take_request -> check -> the
 * route's handler (or its methods, or a worker) -> finish -> send. conn.c has the bytes and writes what lies in `out`.
 *
 * One request of a connection is answered at a time, so that answers come in the order of their requests: while one waits
 * for a method or a worker, what follows it is not looked at. Those that are answered at once use the loop's one exchange;
 * one that waits is copied into an exchange of its own, which a worker may keep beyond its connection.
 *
 * Ways it fails: the request is none (told, and the connection ends: nothing behind it can be trusted), it comes too
 * slowly (408), the asker is not whom it seems (421, 403), the service is full or drains (503). Each is told before the
 * connection closes, with the peer's bytes read on for a moment so that a reset does not take the answer away.
 */
#include "conn_state.h"

#include "http.h"
#include "job.h"
#include "jsonrpc.h"
#include "reply.h"
#include "routes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    HAND_OVER_MIN = 32768, /* smaller bodies are copied behind their heads */
    GZIP_ON_LOOP = 8192,   /* compressing so much takes about 200 us */
    DATE_NS = 5000000,
    IDLES = 2 /* in stall_s: how long a connection may say nothing between requests */
};

/* Of names, addresses, ports and brackets. */
#define AUTHORITY_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]"

struct exchange {
    struct service *service;
    uint32_t slot, generation; /* of the connection */
    const struct route *route; /* NULL: none was reached */
    unsigned allow;
    struct http_request request;
    struct http_target target;
    struct route_call call;
    struct reply reply;
    /* Of one that waits: */
    char authority[HTTP_AUTHORITY_CAP];
    struct wm_dataset *dataset; /* a reference of its own */
    struct method_host host;    /* what a worker may use */
    struct buf text;            /* head and body */
    size_t n_results, n_open;   /* n_open counts one more while methods are being asked */
    struct {
        int code;
        struct buf body;
    } results[ROUTE_ASKS_MAX];
    bool made; /* the reply is, and only has to be compressed */
    uv_work_t work;
};

struct conn_http {
    struct http parser;
    struct exchange *waits; /* NULL: none, or the waiting one is /rpc's */
    bool rpc;               /* a message to /rpc is being answered */
    size_t authority_len;   /* of the last Host that was found to be ours: most peers send but one */
    char authority[HTTP_AUTHORITY_CAP];
    uint64_t begun_at; /* when the first byte of a request came that has not ended; 0: none */
};

static void take_request(struct conn *conn);
static int check(const struct conn *conn, struct exchange *exchange, const char **reason);
static void put_refusal(struct exchange *exchange, int status, const char *reason);
static int check_asker(const struct conn *conn, const struct http_request *request, const char **reason);
static int check_origin(const struct conn_http *http, const struct http_request *request, const char **reason);
static void take_rpc(struct conn *conn);
static void begin_stream(struct conn *conn, struct exchange *exchange);
static void wait_for_it(struct conn *conn, struct exchange *scratch);
static struct exchange *hold(const struct conn *conn, struct exchange *scratch);
static void ask_methods(struct conn *conn, struct exchange *exchange);
static void on_all_results(struct conn *conn, struct exchange *exchange);
static void make_reply(struct exchange *exchange);
static void work_or_refuse(struct conn *conn, struct exchange *exchange);
static bool take_worker(struct service *service);
static void begin_work(struct conn *conn, struct exchange *exchange);
static void on_work(uv_work_t *work);
static void on_worked(uv_work_t *work, int status);
static void finish(struct conn *conn, struct exchange *exchange);
static bool compress_on_worker(struct conn *conn, struct exchange *exchange);
static void send_reply(struct conn *conn, struct exchange *exchange);
static void put_head(struct conn *conn, const struct exchange *exchange, size_t body_len);
static void end_request(struct conn *conn, int status, bool close);
static void fault(struct conn *conn, int status, const char *reason);
static void exchange_free(struct exchange *exchange);
static const char *date_of(struct conns *conns, int64_t *seconds);

/* ---- A connection ------------------------------------------------------------------------------------------------ */

int conns_http_init(struct conns *conns)
{
    conns->exchange = calloc(1, sizeof *conns->exchange);
    if (!conns->exchange)
        return -1;
    conns->exchange->service = conns->service;
    return 0;
}

void conns_http_fini(struct conns *conns)
{
    free(conns->exchange);
}

int conn_http_init(struct conn *conn)
{
    conn->http = calloc(1, sizeof *conn->http);
    if (!conn->http)
        return -1;
    http_init(&conn->http->parser);
    conn->read_at = uv_hrtime();
    return 0;
}

/* An exchange at work is its worker's to free. */
void conn_http_fini(struct conn *conn)
{
    if (!conn->http)
        return;
    http_fini(&conn->http->parser);
    exchange_free(conn->http->waits);
    free(conn->http);
}

bool conn_http_waits(const struct conn *conn)
{
    return conn->http->waits || conn->http->rpc || conn->in_flight > 0;
}

void conn_http_take(struct conn *conn, const char *bytes, size_t len)
{
    struct conns *conns = conn->service->conns;
    struct conn_http *http = conn->http;
    while (!conn->stream) {
        switch (http_next(&http->parser, &bytes, &len)) {
        case HTTP_MORE:
            if (http->begun_at == 0 && http_is_open(&http->parser))
                http->begun_at = conn->turn_at;
            return;
        case HTTP_CONTINUE:
            buf_text(conn_out(conn), "HTTP/1.1 100 Continue\r\n\r\n");
            conn_flush(conn);
            continue;
        case HTTP_WHOLE:
            http->begun_at = 0;
            take_request(conn);
            break;
        case HTTP_BAD:
            fault(conn, http->parser.status, http->parser.reason);
            break;
        }
        conns->now = uv_hrtime();
        if (conn->closing || conn->deaf)
            return;
        if (conn_http_waits(conn) || conn->writing.len > 0 || conn_is_pressed(conn)) {
            conn_hold_up(conn, bytes, len);
            return;
        }
    }
}

void conn_http_end(struct conn *conn)
{
    if (conn->stream)
        conn_close(conn); /* nobody waits for the end of what has none */
    else if (http_is_open(&conn->http->parser))
        fault(conn, 400, "the request ends before its end");
}

/* Only what nobody works at can be late: a request that does not end, and a peer that begins none. */
void conn_http_look(struct conn *conn, uint64_t now, uint64_t patience)
{
    struct conn_http *http = conn->http;
    if (conn->deaf || conn->stream || conn_http_waits(conn))
        return;
    if (http->begun_at > 0 && now - http->begun_at > patience)
        fault(conn, 408, "the request took too long to come");
    else if (http->begun_at == 0 && !conn->held_up && conn_queued(conn) == 0 && now - conn->read_at > IDLES * patience)
        conn_close(conn);
}

void conn_http_refuse(struct conn *conn)
{
    fault(conn, 503, "there are as many connections as there may be");
}

void conns_http_tell_shutting_down(struct conns *conns)
{
    for (size_t i = 0; i < conns->n_slots; i++) {
        struct conn *conn = conns->at[i];
        if (conn && conn->http && !conn->closing && !conn->deaf && conn_http_waits(conn))
            fault(conn, 503, "the service is shutting down");
    }
}

/* ---- A request --------------------------------------------------------------------------------------------------- */

static void take_request(struct conn *conn)
{
    struct service *service = conn->service;
    struct exchange *exchange = service->conns->exchange;
    const char *reason = NULL;
    exchange->slot = conn->slot;
    exchange->generation = conn->generation;
    exchange->route = NULL;
    exchange->allow = 0;
    exchange->request = conn->http->parser.request;
    exchange->made = false;
    reply_init(&exchange->reply, conn_output_max(conn));
    metrics_add(&service->metrics, http_requests, 1);

    int status = check(conn, exchange, &reason);
    const struct route *route = exchange->route;
    if (status) {
        put_refusal(exchange, status, reason);
        finish(conn, exchange);
    } else if (route->flags & ROUTE_RPC) {
        take_rpc(conn);
    } else if (route->flags & ROUTE_EVENTS && exchange->request.verb == VERB_GET) {
        begin_stream(conn, exchange);
    } else if (!route->handle || route->flags & ROUTE_WORKER) {
        wait_for_it(conn, exchange);
    } else {
        route->handle(&exchange->call, &exchange->reply);
        finish(conn, exchange);
    }
}

/* 0, or the status of what is wrong with it. */
static int check(const struct conn *conn, struct exchange *exchange, const char **reason)
{
    struct service *service = conn->service;
    struct route_call *call = &exchange->call;
    const struct http_request *request = &exchange->request;
    const char *unreadable = NULL;
    bool read = http_read_target(request->target, &exchange->target, &unreadable);
    int status = check_asker(conn, request, reason);
    if (status)
        return status;
    *reason = unreadable;
    if (!read)
        return 400;
    const struct route *route = route_find(request->verb, &exchange->target, call->part, &exchange->allow);
    *reason = exchange->allow ? "this path does not have that method" : "there is nothing at this path";
    if (!route)
        return exchange->allow ? 405 : 404;
    exchange->route = route;
    call->route = route;
    call->dataset = service->snapshot.dataset;
    call->host = &service->host;
    call->request = request;
    call->target = &exchange->target;
    call->authority = conn->http->authority;
    call->draining = service->draining;
    date_of(service->conns, &call->now_s);
    *reason = "the service is shutting down";
    if (service->draining && !(route->flags & ROUTE_DRAINS))
        return 503;
    *reason = "the Content-Type has to be application/json";
    struct slice type = request->header[HTTP_H_CONTENT_TYPE];
    if (route->flags & ROUTE_JSON && !http_type_is(type, "application/json"))
        return 415;
    *reason = "the Content-Type has to be application/x-www-form-urlencoded";
    if (route->flags & ROUTE_FORM && !http_type_is(type, "application/x-www-form-urlencoded"))
        return 415;
    return route->flags & ROUTE_FORM && !http_read_form(request->body, &exchange->target, reason) ? 400 : 0;
}

/* As a page to a person's browser, but for what only programs ask for. */
static void put_refusal(struct exchange *exchange, int status, const char *reason)
{
    struct slice accept = exchange->request.header[HTTP_H_ACCEPT];
    const struct route *route = exchange->route;
    bool page = route ? route->flags & ROUTE_PAGE : !route_is_for_programs(&exchange->target);
    if (page && http_list_has(accept, "text/html"))
        page_put_refusal(status, reason, &exchange->reply);
    else
        reply_fault(&exchange->reply, status, reason);
}

/* A web page elsewhere can make a browser send requests here, and can give its own name our address. */
static int check_asker(const struct conn *conn, const struct http_request *request, const char **reason)
{
    struct slice host = request->header[HTTP_H_HOST];
    struct conn_http *http = conn->http;
    if (host.len != http->authority_len || memcmp(host.at, http->authority, host.len) != 0) {
        *reason = "the Host is not one of this service; --http-host NAME adds one";
        http->authority_len = 0;
        if (host.len >= HTTP_AUTHORITY_CAP || strspn(host.at, AUTHORITY_CHARACTERS) < host.len)
            return 400;
        memcpy(http->authority, host.at, host.len);
        http->authority[host.len] = '\0';
        if (!conn_is_own_host(conn, http->authority))
            return 421;
        http->authority_len = host.len;
    }
    return request->verb == VERB_GET || request->verb == VERB_HEAD ? 0 : check_origin(http, request, reason);
}

static int check_origin(const struct conn_http *http, const struct http_request *request, const char **reason)
{
    struct slice origin = request->header[HTTP_H_ORIGIN], site = request->header[HTTP_H_SEC_FETCH_SITE];
    size_t len = http->authority_len;
    *reason = "a page of another origin may not do this";
    if (site.at && !http_type_is(site, "same-origin") && !http_type_is(site, "none"))
        return 403;
    if (!origin.at)
        return 0;
    size_t scheme = origin.len > 8 && strncasecmp(origin.at, "https://", 8) == 0  ? 8
                    : origin.len > 7 && strncasecmp(origin.at, "http://", 7) == 0 ? 7
                                                                                  : 0;
    bool own = scheme > 0 && origin.len == scheme + len && strncasecmp(origin.at + scheme, http->authority, len) == 0;
    return own ? 0 : 403;
}

/* ---- /rpc -------------------------------------------------------------------------------------------------------- */

static void take_rpc(struct conn *conn)
{
    struct slice body = conn->http->parser.request.body;
    conn->http->rpc = true;
    conn_take_message(conn, body.at, body.len);
    if (conn->http->rpc && conn->in_flight == 0 && !conn->closing) { /* notifications only */
        struct exchange *exchange = conn->service->conns->exchange;
        exchange->reply.status = 204;
        send_reply(conn, exchange);
    }
}

/* A message, without its LF. */
static void send_rpc(struct conn *conn, const struct buf *text)
{
    struct exchange *exchange = conn->service->conns->exchange;
    exchange->route = NULL;
    exchange->request = conn->http->parser.request;
    reply_init(&exchange->reply, conn_output_max(conn));
    if (text->failed)
        reply_fault(&exchange->reply, 503, "out of memory");
    else if (conn_queued(conn) + text->len > conn_output_max(conn))
        reply_fault(&exchange->reply, 503, "answers of this connection wait to be read");
    if (exchange->reply.status != 200) {
        finish(conn, exchange);
        return;
    }
    exchange->reply.type = "application/json";
    put_head(conn, exchange, text->len + 1);
    buf_put(&conn->out, text->at, text->len);
    buf_char(&conn->out, '\n');
    end_request(conn, 200, false);
}

void conn_http_give(struct conn *conn, size_t member, struct slice id, int code, struct slice body)
{
    struct exchange *exchange = conn->http->waits;
    if (!exchange) {
        struct buf *head = &conn->service->conns->head;
        buf_clear(head);
        jsonrpc_put_reply(head, id, code, body);
        send_rpc(conn, head);
        return;
    }
    exchange->results[member].code = code;
    buf_init(&exchange->results[member].body, ANSWER_MAX_BYTES);
    buf_put(&exchange->results[member].body, body.at, body.len);
    if (--exchange->n_open == 0)
        on_all_results(conn, exchange);
}

void conn_http_give_batch(struct conn *conn, const struct batch *batch)
{
    struct buf *line = &conn->service->conns->head;
    buf_clear(line);
    batch_write(batch, line);
    send_rpc(conn, line);
}

/* ---- /events ----------------------------------------------------------------------------------------------------- */

/* A body without a length, which ends with the connection. */
static void begin_stream(struct conn *conn, struct exchange *exchange)
{
    struct slice last = exchange->request.header[HTTP_H_LAST_EVENT_ID];
    int64_t now_s;
    buf_format(conn_out(conn),
               "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
               "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
               date_of(conn->service->conns, &now_s));
    if (conn->out.failed || conn_events_begin(conn, &exchange->target, last))
        conn_fail(conn, "out of memory");
    reply_fini(&exchange->reply);
    conn_touch(conn);
}

/* ---- What is not answered at once -------------------------------------------------------------------------------- */

static void wait_for_it(struct conn *conn, struct exchange *scratch)
{
    struct exchange *exchange = hold(conn, scratch);
    if (!exchange) {
        reply_fault(&scratch->reply, 503, "out of memory");
        finish(conn, scratch);
        return;
    }
    conn->http->waits = exchange;
    if (exchange->route->ask)
        ask_methods(conn, exchange);
    else
        work_or_refuse(conn, exchange);
}

/* A copy that depends on nobody. */
static struct exchange *hold(const struct conn *conn, struct exchange *scratch)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    const struct http *parser = &conn->http->parser;
    const char *reason;
    if (!exchange)
        return NULL;
    exchange->service = scratch->service;
    exchange->slot = scratch->slot;
    exchange->generation = scratch->generation;
    exchange->route = scratch->route;
    exchange->made = scratch->made;
    exchange->reply = scratch->reply;
    memcpy(exchange->authority, conn->http->authority, sizeof exchange->authority);
    buf_init(&exchange->text, HTTP_HEAD_MAX + HTTP_BODY_MAX);
    http_copy(parser, &exchange->text, &exchange->request);
    if (exchange->text.failed || !http_read_target(exchange->request.target, &exchange->target, &reason) ||
        (exchange->route->flags & ROUTE_FORM && !http_read_form(exchange->request.body, &exchange->target, &reason))) {
        buf_init(&exchange->reply.body, 0);
        exchange_free(exchange);
        return NULL;
    }
    buf_init(&scratch->reply.body, 0); /* it is the copy's now */
    exchange->dataset = wm_dataset_ref(conn->service->snapshot.dataset);
    exchange->host.plans = conn->service->host.plans;
    exchange->host.feeds_restricted = conn->service->host.feeds_restricted;
    exchange->call = scratch->call;
    exchange->call.dataset = exchange->dataset;
    exchange->call.host = &exchange->host;
    exchange->call.request = &exchange->request;
    exchange->call.target = &exchange->target;
    exchange->call.authority = exchange->authority;
    unsigned allow;
    route_find(exchange->request.verb, &exchange->target, exchange->call.part, &allow);
    return exchange;
}

static void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    for (size_t i = 0; i < exchange->n_results; i++)
        buf_fini(&exchange->results[i].body);
    reply_fini(&exchange->reply);
    buf_fini(&exchange->text);
    wm_dataset_unref(exchange->dataset);
    free(exchange);
}

static void ask_methods(struct conn *conn, struct exchange *exchange)
{
    struct route_asks asks = {.n = 0};
    buf_init(&asks.params, ROUTE_ASK_BYTES);
    bool asked = exchange->route->ask(&exchange->call, &asks, &exchange->reply);
    if (asked && asks.params.failed) {
        reply_fault(&exchange->reply, 500, "out of memory");
        asked = false;
    }
    if (!asked) {
        buf_fini(&asks.params);
        finish(conn, exchange);
        return;
    }
    exchange->n_results = asks.n;
    exchange->n_open = asks.n + 1;
    for (size_t i = 0; i < asks.n && !conn->closing; i++)
        conn_ask(conn, i, asks.ask[i].method,
                 (struct slice){asks.ask[i].len > 0 ? asks.params.at + asks.ask[i].from : NULL, asks.ask[i].len});
    buf_fini(&asks.params);
    if (!conn->closing && --exchange->n_open == 0)
        on_all_results(conn, exchange);
}

static void on_all_results(struct conn *conn, struct exchange *exchange)
{
    if (exchange->route->flags & ROUTE_WORKER) {
        work_or_refuse(conn, exchange);
        return;
    }
    exchange->call.host = &conn->service->host;
    make_reply(exchange);
    finish(conn, exchange);
}

static void make_reply(struct exchange *exchange)
{
    const struct route *route = exchange->route;
    struct route_result results[ROUTE_ASKS_MAX];
    if (route->handle) {
        route->handle(&exchange->call, &exchange->reply);
        return;
    }
    for (size_t i = 0; i < exchange->n_results; i++) {
        const struct buf *body = &exchange->results[i].body;
        results[i] = (struct route_result){exchange->results[i].code, {body->at, body->len}};
        if (body->failed || body->len == 0) {
            reply_fault(&exchange->reply, 500, "out of memory");
            return;
        }
    }
    route->render(&exchange->call, results, exchange->n_results, &exchange->reply);
}

static void work_or_refuse(struct conn *conn, struct exchange *exchange)
{
    if (take_worker(conn->service)) {
        begin_work(conn, exchange);
        return;
    }
    put_refusal(exchange, 503, "the queue is full");
    finish(conn, exchange);
}

/* A place among those who work or wait to; on_worked gives it back. */
static bool take_worker(struct service *service)
{
    return quota_take(&service->loops->jobs, (size_t)service->config->queue_max);
}

/* While it is at work the exchange is not its connection's, which may close meanwhile. */
static void begin_work(struct conn *conn, struct exchange *exchange)
{
    struct service *service = conn->service;
    conn->http->waits = NULL;
    conn->in_flight++;
    metrics_add(&service->metrics, in_flight_now, 1);
    metrics_add(&service->metrics, jobs_now, 1);
    metrics_add(&service->metrics, workers_now, 1);
    atomic_fetch_add(&service->loops->workers, 1);
    exchange->call.host = &exchange->host;
    exchange->work.data = exchange;
    uv_queue_work(service->loop, &exchange->work, on_work, on_worked); /* fails only without a callback */
}

static void on_work(uv_work_t *work)
{
    struct exchange *exchange = work->data;
    if (!exchange->made) {
        make_reply(exchange);
        reply_settle(&exchange->reply, exchange->route, &exchange->request);
        exchange->made = true;
    }
    if (reply_wants_gzip(&exchange->reply, &exchange->request))
        reply_gzip(&exchange->reply);
}

static void on_worked(uv_work_t *work, int status)
{
    struct exchange *exchange = work->data;
    struct service *service = exchange->service;
    struct conn *conn = service->conns->at[exchange->slot];
    metrics_sub(&service->metrics, in_flight_now, 1);
    metrics_sub(&service->metrics, jobs_now, 1);
    metrics_sub(&service->metrics, workers_now, 1);
    metrics_add(&service->metrics, computed_on_worker, status == 0);
    atomic_fetch_sub(&service->loops->workers, 1);
    quota_give(&service->loops->jobs);
    bool gone = !conn || conn->generation != exchange->generation || conn->closing;
    if (!gone)
        conn->in_flight--;
    if (gone || conn->deaf) { /* deaf: it has been told that there is no time */
        metrics_add(&service->metrics, dropped, 1);
        exchange_free(exchange);
        return;
    }
    conn->http->waits = exchange;
    service->conns->now = uv_hrtime();
    send_reply(conn, exchange);
}

/* ---- Replies ----------------------------------------------------------------------------------------------------- */

/* The reply is made: completes and sends it, by a worker where it is long and has to be compressed. */
static void finish(struct conn *conn, struct exchange *exchange)
{
    reply_settle(&exchange->reply, exchange->route, &exchange->request);
    exchange->made = true;
    if (reply_wants_gzip(&exchange->reply, &exchange->request)) {
        bool ready = exchange->reply.fixed_gzip.at || reply_body(&exchange->reply).len <= GZIP_ON_LOOP;
        if (ready)
            reply_gzip(&exchange->reply);
        else if (compress_on_worker(conn, exchange))
            return;
    }
    send_reply(conn, exchange);
}

/* False: there is no worker or no memory to be had, and the reply goes as it is. */
static bool compress_on_worker(struct conn *conn, struct exchange *exchange)
{
    if (!take_worker(conn->service))
        return false;
    struct exchange *held = exchange->dataset ? exchange : hold(conn, exchange);
    if (held)
        begin_work(conn, held);
    else
        quota_give(&conn->service->loops->jobs);
    return held != NULL;
}

static void send_reply(struct conn *conn, struct exchange *exchange)
{
    struct reply *reply = &exchange->reply;
    struct slice body = reply_body(reply);
    struct loops *loops = conn->service->loops;
    bool sent = reply->status != 304 && reply->status != 204 && exchange->request.verb != VERB_HEAD;
    if (sent && body.len > HAND_OVER_MIN && atomic_load(&loops->unsent) + body.len > conn_output_total_max(conn) / 2) {
        reply_fault(reply, 503, "too many answers wait to be read");
        body = reply_body(reply);
    }
    put_head(conn, exchange, body.len);
    int status = reply->status;
    if (sent && body.len > HAND_OVER_MIN && !reply->fixed.at)
        conn_hand_over(conn, &reply->body);
    else if (sent)
        buf_put(&conn->out, body.at, body.len);
    reply_fini(reply);
    bool held = exchange == conn->http->waits;
    if (held) {
        conn->http->waits = NULL;
        exchange_free(exchange);
    }
    end_request(conn, status, false);
}

static void put_head(struct conn *conn, const struct exchange *exchange, size_t body_len)
{
    struct service *service = conn->service;
    int64_t now_s;
    const struct reply_terms terms = {
        .request = &exchange->request,
        .body_len = body_len,
        .date = date_of(service->conns, &now_s),
        .close = conn->deaf || service->draining || !conn->http->parser.request.keep_alive,
        .allow = exchange->allow,
    };
    reply_put_head(conn_out(conn), &exchange->reply, exchange->route, &terms);
    if (terms.close)
        conn->deaf = true;
}

static void end_request(struct conn *conn, int status, bool close)
{
    struct metrics *metrics = &conn->service->metrics;
    metrics_add(metrics, http_refused, status >= 400 && status < 500);
    metrics_add(metrics, http_failed, status >= 500);
    conn->http->rpc = false;
    conn->deaf |= close;
    conn->read_at = conn->service->conns->now;
    if (conn->out.failed)
        conn_fail(conn, "out of memory");
    conn_touch(conn);
}

/* Told to a peer with whom there is no going on. */
static void fault(struct conn *conn, int status, const char *reason)
{
    struct exchange *exchange = conn->service->conns->exchange;
    conn->service->conns->now = uv_hrtime();
    exchange->route = NULL;
    exchange->allow = 0;
    memset(&exchange->request, 0, sizeof exchange->request);
    exchange->request.minor = 1;
    reply_init(&exchange->reply, conn_output_max(conn));
    reply_fault(&exchange->reply, status, reason);
    conn->deaf = true;
    conn->http->begun_at = 0;
    send_reply(conn, exchange);
}

/* Written once a second; the clock is looked at once in a while. */
static const char *date_of(struct conns *conns, int64_t *seconds)
{
    if (conns->now - conns->date_at >= DATE_NS) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
        conns->date_at = conns->now;
        if (now.tv_sec != conns->date_s) {
            conns->date_s = now.tv_sec;
            http_date_format(now.tv_sec, conns->date);
        }
    }
    *seconds = conns->date_s;
    return conns->date;
}
