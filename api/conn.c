/*
 * One connection, in the order it runs: conn_open -> on_read -> take_bytes -> conn_take_line (in conn_rpc.c: requests
 * to replies, now or later; or conn_http_take, in conn_http.c) -> conn_touch -> flush_all -> conn_flush (in conn_write.c).
 *
 * Replies collect in `out`; those to one read are written when it has been looked through, those that come later at the
 * end of the turn, all with one call.
 *
 * Ways it fails: the peer is gone (read or write error: closed, its jobs find nobody), it does not read (its requests
 * are held up at the high water mark, its own or that of all; after stall_s without progress it is closed), it never
 * ends a line (closed after stall_s), its requests take the loop for too
 * long at a time (held up until the next turn), memory runs out (closed, logged).
 */
#include "conn_state.h"
#include "job.h"
#include "jsonrpc.h"
#include "log.h"
#include "planning.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

enum {
    KEEPALIVE_S = 60,
    REFUSED_MAX = 16,   /* connections beyond the ceiling that are being told so, of one loop */
    REFUSED_MS = 1000,  /* how long they may take to read it */
    TURN_NS = 1000000,  /* of the loop for one connection, before others have theirs */
    ROUND_NS = 3000000, /* for all; those after that have only */
    SLICE_NS = 20000,
    SLICE_BYTES = 1 << 16, /* of answers */
    FLUSH_NS = 3000000,    /* for writing to all, and for those held up */
    FLUSHES = 8,           /* between looks at the clock */
    SWEEPS = 4             /* in stall_s */
};

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out);
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *read);
static void on_end(struct conn *conn);
static void begin_turn(struct conn *conn);
static inline bool is_pressed(const struct conn *conn);
static bool had_its_turn(const struct conn *conn);
static bool is_behind(const struct conn *conn);
static void on_sweep(uv_timer_t *timer);
static void take_bytes(struct conn *conn, const char *bytes, size_t len);
static void take_lines(struct conn *conn, const char *bytes, size_t len);
static void resume(struct conn *conn);
static void untouch(struct conn *conn);
static void on_check(uv_check_t *check);
static void on_prepare(uv_prepare_t *prepare);
static void keep_turning(struct conns *conns);
static void on_idle(uv_idle_t *idle);
static bool is_over(const struct conn *conn);
static void flush_all(struct conns *conns, bool resuming, uint64_t until);
static void settle(struct conn *conn);
static void say_farewell(struct conn *conn);
static void on_closed(uv_handle_t *handle);
static void look_for_end(struct conns *conns);
static bool is_busy(const struct conns *conns);

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
    if (!conns->at || !conns->generation || !conns->free_slots || conns_http_init(conns) || conns_events_init(conns)) {
        conns_http_fini(conns);
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
    buf_init(&conns->head, ANSWER_MAX_BYTES + ENVELOPE_MAX_BYTES);

    uv_check_init(service->loop, &conns->check);
    uv_prepare_init(service->loop, &conns->prepare);
    uv_idle_init(service->loop, &conns->idle);
    uv_timer_init(service->loop, &conns->sweep);
    conns->check.data = conns->prepare.data = conns->idle.data = conns->sweep.data = conns;
    uv_check_start(&conns->check, on_check);
    uv_prepare_start(&conns->prepare, on_prepare);
    uint64_t sweep_ms = (uint64_t)service->config->stall_s * 1000 / SWEEPS;
    uv_timer_start(&conns->sweep, on_sweep, sweep_ms, sweep_ms);
    service->conns = conns;
    service->answer = conn_answer;
    service->tell = conn_tell;
    return 0;
}

void conns_drain(struct service *service, void (*done)(void *arg), void *arg)
{
    service->draining = true;
    conns_tell_planners(service);
    conns_events_drain(service->conns);
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
        bool may_end = !conn || conn->closing || conn->refused || conn->stream || (conn->deaf && !conn->http);
        busy = !may_end && conn_queued(conn) > 0;
    }
    return busy;
}

size_t conns_cut(struct service *service)
{
    struct conns *conns = service->conns;
    size_t unsent = 0;
    conns_tell_shutting_down(service);
    conns_http_tell_shutting_down(conns);
    flush_all(conns, false, UINT64_MAX);
    for (size_t i = 0; i < conns->n_slots; i++)
        if (conns->at[i] && !conns->at[i]->closing)
            unsent += conn_queued(conns->at[i]);
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
    conns_events_close(conns);
    uv_close((uv_handle_t *)&conns->check, NULL);
    uv_close((uv_handle_t *)&conns->prepare, NULL);
    uv_close((uv_handle_t *)&conns->idle, NULL);
    uv_close((uv_handle_t *)&conns->sweep, NULL);
}

void conns_fini(struct service *service)
{
    struct conns *conns = service->conns;
    assert(conns->n_free == conns->n_slots);
    service->conns = NULL;
    buf_fini(&conns->error);
    buf_fini(&conns->body);
    buf_fini(&conns->head);
    conns_http_fini(conns);
    conns_events_fini(conns);
    while (conns->n_spares > 0)
        buf_fini(&conns->spares[--conns->n_spares]);
    free(conns->at);
    free(conns->generation);
    free(conns->free_slots);
    free(conns);
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

void conn_open(struct service *service, int fd, bool local, bool http)
{
    struct conns *conns = service->conns;
    bool refused = !quota_take(&service->loops->connections, service->connections_max);
    bool room = conns->n_free > 0 && !(refused && conns->n_refused == REFUSED_MAX);
    struct conn *conn = room ? calloc(1, sizeof *conn) : NULL;
    if (conn && http && conn_http_init(conn)) {
        free(conn);
        conn = NULL;
    }
    if (refused)
        metrics_add(&service->metrics, connections_refused, 1);
    if (refused && log_due(&conns->log_refused))
        log_event(LOG_WARNING, "connection_refused", "connections", log_number((long long)service->connections_max),
                  "suppressed", log_number(log_suppressed(&conns->log_refused)), NULL);
    if (!conn) {
        if (!refused)
            quota_give(&service->loops->connections);
        close(fd);
        return;
    }
    conn->service = service;
    conn->local = local;
    conn->refused = conn->deaf = refused;
    conn->slot = conns->free_slots[--conns->n_free];
    conn->generation = ++conns->generation[conn->slot];
    conns->at[conn->slot] = conn;
    conns->n_refused += refused;
    metrics_add(&service->metrics, connections_now, !refused);
    metrics_add(&service->metrics, connections_accepted, !refused);
    frame_init(&conn->frame, LINE_MAX_BYTES);
    buf_init(&conn->out, conn_output_max(conn) + ((size_t)service->config->in_flight_max + 1) * ERROR_BYTES);
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
    if (refused && http)
        conn_http_refuse(conn);
    else if (refused)
        conn_refuse(conn);
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
        begin_turn(conn);
        conn->read_at = conn->turn_at;
        take_bytes(conn, read->base, (size_t)n);
    }
}

/* The peer has said all it will, and may be waiting for the answers with its other half open. */
static void on_end(struct conn *conn)
{
    const char *line;
    size_t len;
    conn->ended = true;
    conn->service->conns->now = uv_hrtime();
    enum frame_event event = conn->deaf || conn->http ? FRAME_MORE : frame_end(&conn->frame, &line, &len);
    if (conn->http && !conn->deaf)
        conn_http_end(conn);
    else if (event == FRAME_LINE)
        conn_take_line(conn, line, len);
    else if (event == FRAME_TOO_LONG)
        conn_take_overlong(conn);
    conn_flush(conn);
    conn_touch(conn);
}

static void begin_turn(struct conn *conn)
{
    struct conns *conns = conn->service->conns;
    conns->now = conn->turn_at = uv_hrtime();
    if (conns->round_at == 0)
        conns->round_at = conns->now;
}

static void take_bytes(struct conn *conn, const char *bytes, size_t len)
{
    if (!conn->http)
        take_lines(conn, bytes, len);
    else if (!conn->deaf)
        conn_http_take(conn, bytes, len);
    conn_flush(conn);
}

static void take_lines(struct conn *conn, const char *bytes, size_t len)
{
    struct conns *conns = conn->service->conns;
    for (;;) {
        const char *line;
        size_t line_len;
        switch (frame_next(&conn->frame, &bytes, &len, &line, &line_len)) {
        case FRAME_MORE:
            return;
        case FRAME_LINE:
            conn_take_line(conn, line, line_len);
            break;
        case FRAME_TOO_LONG:
            conn_take_overlong(conn);
            break;
        case FRAME_MEMORY:
            conn_fail(conn, "out of memory");
            break;
        }
        if (conn->out.len + conns->borrowed_bytes >= WRITE_BYTES) {
            conn_flush(conn);
            conns->now = uv_hrtime(); /* writing so much takes longer than many an answer */
        }
        if (conn->closing || conn->deaf)
            return;
        if (is_pressed(conn)) {
            conn_hold_up(conn, bytes, len);
            return;
        }
    }
}

static inline bool is_pressed(const struct conn *conn)
{
    return conn_queued(conn) > conn_output_max(conn) / 2 || is_behind(conn) || had_its_turn(conn);
}

bool conn_is_pressed(const struct conn *conn)
{
    return is_pressed(conn);
}

/* So that with any number of connections that ask for all they can, each is soon listened to again. */
static bool had_its_turn(const struct conn *conn)
{
    const struct conns *conns = conn->service->conns;
    if (conns->now - conns->round_at <= ROUND_NS)
        return conns->now - conn->turn_at > TURN_NS;
    return conns->now - conn->turn_at > SLICE_NS || conn->out.len + conns->borrowed_bytes > SLICE_BYTES;
}

/* It does not take what is written to it: a little more is kept for it, and less when too much waits for peers like it. */
static bool is_behind(const struct conn *conn)
{
    return conn->writing.len > 0 && (conn->out.len >= WRITE_BYTES ||
                                     atomic_load(&conn->service->loops->unsent) > conn_output_total_max(conn) / 2);
}

/* What has begun takes memory; a peer that sent nothing of a line for so long is not going to end it. */
static void on_sweep(uv_timer_t *timer)
{
    struct conns *conns = timer->data;
    uint64_t patience = (uint64_t)conns->service->config->stall_s * 1000000000, now = uv_hrtime();
    for (size_t i = 0; i < conns->n_slots; i++) {
        struct conn *conn = conns->at[i];
        if (conn && !conn->closing && conn->http)
            conn_http_look(conn, now, patience);
        else if (conn && !conn->closing && !conn->held_up && frame_is_open(&conn->frame) &&
                 now - conn->read_at > patience)
            conn_give_up(conn, "unended_line_bytes", conn->frame.partial.len);
    }
}

void conn_hold_up(struct conn *conn, const char *bytes, size_t len)
{
    conn->held_up = true;
    uv_read_stop(&conn->peer.stream);
    buf_put(&conn->held, bytes, len);
    if (conn->held.failed)
        conn_fail(conn, "out of memory");
    conn_touch(conn);
}

static void resume(struct conn *conn)
{
    struct buf held = conn->held;
    buf_init(&conn->held, READ_BYTES);
    conn->held_up = false;
    begin_turn(conn);
    take_bytes(conn, held.at, held.len);
    buf_fini(&held);
    if (!conn->closing && !conn->held_up)
        uv_read_start(&conn->peer.stream, on_alloc, on_read);
}

/* ---- Turns ------------------------------------------------------------------------------------------------------- */

void conn_touch(struct conn *conn)
{
    struct conns *conns = conn->service->conns;
    conn_count_unsent(conn);
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

/* What a peer has not taken, and what was put behind that since: all of it counts towards the ceiling of all. */
void conn_count_unsent(struct conn *conn)
{
    size_t unsent = conn->writing.len > 0 ? conn->writing.len + conn->out.len : 0;
    if (unsent != conn->unsent)
        atomic_fetch_add(&conn->service->loops->unsent, unsent - conn->unsent); /* it wraps round, both ways */
    conn->unsent = unsent;
}

static void on_check(uv_check_t *check)
{
    struct conns *conns = check->data;
    job_end_turn(conns->service);
    flush_all(conns, true, uv_hrtime() + FLUSH_NS);
    conns->round_at = 0;
    if (conns->drained)
        look_for_end(conns);
    keep_turning(conns);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct conns *conns = prepare->data;
    if (uv_is_active((uv_handle_t *)&conns->idle))
        return; /* the poll does not wait, and after it there is time again */
    flush_all(conns, false, UINT64_MAX);
    keep_turning(conns);
}

static void keep_turning(struct conns *conns)
{
    if (conns->service->stopping)
        return; /* the handle is closed */
    if (conns->n_dirty > 0 || conns->service->late.first || (conns->drained && !is_busy(conns)))
        uv_idle_start(&conns->idle, on_idle);
    else
        uv_idle_stop(&conns->idle);
}

/*
 * Each of those touched, once, as far as there is time; whoever is left, or is touched meanwhile, has the next turn. Those
 * held up go on after the poll only, so that all others have been listened to since their last turn.
 */
static void flush_all(struct conns *conns, bool resuming, uint64_t until)
{
    for (size_t n = conns->n_dirty; n > 0 && conns->dirty; n--) {
        if (n % FLUSHES == 0 && uv_hrtime() > until)
            return;
        struct conn *conn = conns->dirty;
        untouch(conn);
        conn_flush(conn);
        bool ready = conn->held_up && is_over(conn);
        if (ready && !conn->closing && resuming)
            resume(conn);
        else if (ready)
            conn_touch(conn);
        settle(conn);
    }
}

/* What held it up. */
static bool is_over(const struct conn *conn)
{
    return conn_queued(conn) <= conn_output_max(conn) / 4 && !is_behind(conn) &&
           !(conn->http && !conn->deaf && (conn->writing.len > 0 || conn_http_waits(conn)));
}

/* Its being there is enough: the loop does not wait for news. */
static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

/* ---- Closing ----------------------------------------------------------------------------------------------------- */

/* Closes a connection that has nothing to do any more. */
static void settle(struct conn *conn)
{
    if (conn->closing || conn_queued(conn) > 0)
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
    conn_await_reader(conn, REFUSED_MS);
}

void conn_fail(struct conn *conn, const char *reason)
{
    struct conns *conns = conn->service->conns;
    if (!conn->closing && log_due(&conns->log_failed))
        log_event(LOG_ERROR, "connection_failed", "reason", reason, "suppressed",
                  log_number(log_suppressed(&conns->log_failed)), NULL);
    conn_close(conn);
}

void conn_give_up(struct conn *conn, const char *what, size_t n)
{
    struct conns *conns = conn->service->conns;
    metrics_add(&conn->service->metrics, connections_stalled, !conn->deaf);
    if (!conn->deaf && log_due(&conns->log_stalled))
        log_event(LOG_WARNING, "connection_stalled", what, log_number((long long)n), "suppressed",
                  log_number(log_suppressed(&conns->log_stalled)), NULL);
    conn_close(conn);
}

void conn_close(struct conn *conn)
{
    if (conn->closing)
        return;
    untouch(conn);
    conn->closing = true;
    planning_forget(conn->service, conn->slot, conn->generation);
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
    conns->n_refused -= conn->refused;
    if (!conn->refused)
        quota_give(&conn->service->loops->connections);
    metrics_sub(&conn->service->metrics, connections_now, !conn->refused);
    while (conn->batches) {
        struct batch *batch = conn->batches;
        DL_DELETE(conn->batches, batch);
        batch_free(batch);
    }
    conn_events_fini(conn);
    conn_http_fini(conn);
    frame_fini(&conn->frame);
    buf_fini(&conn->out);
    buf_fini(&conn->writing);
    conn_count_unsent(conn);
    buf_fini(&conn->held);
    free(conn);
}
