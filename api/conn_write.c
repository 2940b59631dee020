/*
 * What replies collect in, and how they leave: conn_out (and conn_borrow, conn_hand_over) -> conn_flush -> what the kernel
 * did not take at once: give_to_libuv -> on_written, and nothing more is written until that has gone.
 *
 * A peer that does not read is waited for: as long as it takes something every stall_s.
 */
#include "conn_state.h"

#include <assert.h>

enum {
    SPARE_BYTES_MAX = 1 << 20, /* room that a spare buffer may have */
    BORROW_MIN = 2048          /* smaller answers are copied sooner than described */
};

static void write_borrowed(struct conn *conn);
static void keep_rest(struct conn *conn, const uv_buf_t *parts, size_t n, size_t taken);
static void give_back(struct conn *conn);
static void give_to_libuv(struct conn *conn, size_t written);
static void on_written(uv_write_t *write, int status);
static uint64_t stall_ms(const struct conn *conn);
static void on_stall(uv_timer_t *timer);

void conn_flush(struct conn *conn)
{
    if (conn->service->conns->borrower == conn)
        write_borrowed(conn);
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
    else
        give_back(conn);
}

/* Own bytes and borrowed ones in turn; what the kernel does not take is copied into `out`, as if it had been so from the start. */
static void write_borrowed(struct conn *conn)
{
    struct conns *conns = conn->service->conns;
    uv_buf_t parts[2 * BORROWED_MAX + 1];
    size_t n = 0, from = 0;
    for (size_t i = 0; i < conns->n_borrowed; i++) {
        const struct borrowed *borrowed = &conns->borrowed[i];
        parts[n++] = uv_buf_init(conn->out.at + from, (unsigned)(borrowed->after - from));
        parts[n++] = uv_buf_init((char *)(uintptr_t)borrowed->body.at, (unsigned)borrowed->body.len);
        from = borrowed->after;
    }
    parts[n++] = uv_buf_init(conn->out.at + from, (unsigned)(conn->out.len - from));
    size_t total = conn->out.len + conns->borrowed_bytes;
    conns->borrower = NULL;
    conns->n_borrowed = conns->borrowed_bytes = 0;
    if (conn->closing)
        return;

    int written = uv_try_write(&conn->peer.stream, parts, (unsigned)n);
    if (written < 0 && written != UV_EAGAIN) {
        conn_close(conn);
        return;
    }
    size_t taken = written > 0 ? (size_t)written : 0;
    metrics_add(&conn->service->metrics, writes, 1);
    metrics_add(&conn->service->metrics, bytes_out, taken);
    if (taken == total)
        give_back(conn);
    else
        keep_rest(conn, parts, n, taken);
}

static void keep_rest(struct conn *conn, const uv_buf_t *parts, size_t n, size_t taken)
{
    struct buf rest;
    buf_init(&rest, conn->out.max);
    for (size_t i = 0; i < n; i++) {
        size_t skipped = taken < parts[i].len ? taken : parts[i].len;
        buf_put(&rest, parts[i].base + skipped, parts[i].len - skipped);
        taken -= skipped;
    }
    if (rest.failed) {
        buf_fini(&rest);
        conn_fail(conn, "out of memory");
        return;
    }
    give_back(conn);
    conn->out = rest;
    give_to_libuv(conn, 0);
}

bool conn_borrow(struct conn *conn, struct slice body)
{
    struct conns *conns = conn->service->conns;
    if (body.len < BORROW_MIN || conn->writing.len > 0 || conns->n_borrowed == BORROWED_MAX)
        return false;
    assert(!conns->borrower || conns->borrower == conn);
    conns->borrower = conn;
    conns->borrowed[conns->n_borrowed++] = (struct borrowed){conn->out.len, body};
    conns->borrowed_bytes += body.len;
    return true;
}

/* What came before goes its way first, if only to libuv: then `out` is free, unless libuv has something already. */
void conn_hand_over(struct conn *conn, struct buf *body)
{
    size_t max = conn->out.max;
    conn_flush(conn);
    if (conn->closing)
        return;
    if (conn->out.len > 0) {
        buf_put(&conn->out, body->at, body->len);
        return;
    }
    buf_fini(&conn->out);
    conn->out = *body;
    conn->out.max = max > body->len ? max : body->len;
    buf_init(body, 0);
}

/* One buffer serves all connections, one after the other, where each takes what is written to it. */
struct buf *conn_out(struct conn *conn)
{
    struct conns *conns = conn->service->conns;
    if (conn->out.cap == 0 && conns->n_spares > 0) {
        size_t max = conn->out.max;
        conn->out = conns->spares[--conns->n_spares];
        conn->out.max = max;
    }
    return &conn->out;
}

static void give_back(struct conn *conn)
{
    struct conns *conns = conn->service->conns;
    size_t max = conn->out.max;
    if (conn->out.cap > SPARE_BYTES_MAX || conns->n_spares == SPARES) {
        buf_fini(&conn->out);
        return;
    }
    buf_clear(&conn->out);
    conns->spares[conns->n_spares++] = conn->out;
    buf_init(&conn->out, max);
}

/* What the kernel did not take is libuv's until on_written; replies of later turns collect in a new buffer. */
static void give_to_libuv(struct conn *conn, size_t written)
{
    conn->writing = conn->out;
    buf_init(&conn->out, conn->writing.max);
    conn_count_unsent(conn);
    conn->writing_left = conn->writing.len - written;
    uv_buf_t rest = uv_buf_init(conn->writing.at + written, (unsigned)conn->writing_left);
    if (uv_write(&conn->write, &conn->peer.stream, &rest, 1, on_written))
        conn_fail(conn, "write");
    else
        conn_await_reader(conn, stall_ms(conn));
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
    conn_touch(conn);
}

void conn_await_reader(struct conn *conn, uint64_t ms)
{
    uv_timer_start(&conn->stall, on_stall, ms, 0);
}

static uint64_t stall_ms(const struct conn *conn)
{
    return (uint64_t)conn->service->config->stall_s * 1000;
}

/* A peer may be slow; one that took nothing at all since the timer last looked is not coming back. */
static void on_stall(uv_timer_t *timer)
{
    struct conn *conn = timer->data;
    size_t left = uv_stream_get_write_queue_size(&conn->peer.stream);
    if (conn->writing.len > 0 && !conn->refused && left < conn->writing_left) {
        metrics_add(&conn->service->metrics, bytes_out, conn->writing_left - left);
        conn->writing_left = left;
        conn_await_reader(conn, stall_ms(conn));
        return;
    }
    conn_give_up(conn, "unread_bytes", conn_queued(conn));
}
