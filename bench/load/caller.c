/*
 * connect -> flush (try to write; what the kernel does not take waits for its callback) and read, independently of each
 * other. A connection that ends loses what is in flight, and is made anew a little later; what was not sent yet stays.
 */
#include "caller.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 100, RING_FIRST = 64, RING_MAX = 1 << 24 };

static void on_connect(uv_connect_t *connect, int status);
static void on_close(uv_handle_t *handle);
static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf);
static void lose(struct caller *caller, int status);

/* ---- Life ---- */

static bool open_link(struct caller *caller)
{
    int failed;
    caller->connect.data = caller;
    if (caller->server) {
        failed = uv_tcp_init(caller->loop, &caller->link.tcp);
        if (!failed) {
            uv_tcp_nodelay(&caller->link.tcp, 1);
            failed = uv_tcp_connect(&caller->connect, &caller->link.tcp, caller->server, on_connect);
        }
    } else {
        failed = uv_pipe_init(caller->loop, &caller->link.local, 0);
        if (!failed)
            uv_pipe_connect(&caller->connect, &caller->link.local, caller->path, on_connect);
    }
    caller->link.handle.data = caller;
    caller->open = true;
    if (failed)
        lose(caller, failed);
    return !failed;
}

bool caller_start(struct caller *caller)
{
    frame_init(&caller->frame, ANSWER_BYTES_MAX);
    caller->retry.data = caller->write.data = caller;
    return uv_timer_init(caller->loop, &caller->retry) == 0 && open_link(caller);
}

void caller_end(struct caller *caller)
{
    caller->ending = true;
    caller->up = false;
    if (caller->open && !uv_is_closing(&caller->link.handle))
        uv_close(&caller->link.handle, on_close);
    if (caller->retry.data && !uv_is_closing((uv_handle_t *)&caller->retry))
        uv_close((uv_handle_t *)&caller->retry, NULL);
}

void caller_fini(struct caller *caller)
{
    frame_fini(&caller->frame);
    free(caller->ring);
}

static void on_retry(uv_timer_t *timer)
{
    open_link(timer->data);
}

static void on_close(uv_handle_t *handle)
{
    struct caller *caller = handle->data;
    caller->open = false;
    caller->writing = false;
    if (!caller->ending)
        uv_timer_start(&caller->retry, on_retry, RETRY_MS, 0);
}

/* The connection has ended: nothing that was in flight will be answered. */
static void lose(struct caller *caller, int status)
{
    if (caller->ending || uv_is_closing(&caller->link.handle))
        return;
    for (; caller->head < caller->sent; caller->head++) {
        const struct asked *asked = &caller->ring[caller->head & (caller->cap - 1)];
        if (asked->due == CALLER_DONE)
            continue;
        caller->n_open--;
        caller->hooks->lost(caller->hooks->context, asked);
    }
    caller->up = false;
    frame_fini(&caller->frame);
    frame_init(&caller->frame, ANSWER_BYTES_MAX);
    uv_close(&caller->link.handle, on_close);
    caller->hooks->connected(caller->hooks->context, caller, status);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    const struct caller *caller = handle->data;
    (void)suggested;
    *buf = uv_buf_init(caller->read_room, CALLER_READ_BYTES);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct caller *caller = connect->data;
    if (status == 0)
        status = uv_read_start(&caller->link.stream, on_alloc, on_read);
    if (status != 0) {
        lose(caller, status);
        return;
    }
    caller->up = true;
    caller->hooks->connected(caller->hooks->context, caller, 0);
    caller_flush(caller);
}

/* ---- Asking ---- */

bool caller_add(struct caller *caller, const struct asked *asked)
{
    if (caller->tail - caller->head == caller->cap) {
        size_t cap = caller->cap ? 2 * caller->cap : RING_FIRST;
        struct asked *more = cap <= RING_MAX ? malloc(cap * sizeof *more) : NULL;
        if (!more)
            return false;
        for (uint64_t i = caller->head; i < caller->tail; i++)
            more[i & (cap - 1)] = caller->ring[i & (caller->cap - 1)];
        free(caller->ring);
        caller->ring = more;
        caller->cap = cap;
    }
    caller->ring[caller->tail++ & (caller->cap - 1)] = *asked;
    caller->n_open++;
    return true;
}

static void on_written(uv_write_t *write, int status)
{
    struct caller *caller = write->data;
    caller->writing = false;
    if (status == 0)
        caller_flush(caller);
    else if (status != UV_ECANCELED)
        lose(caller, status);
}

/* Gives `n` bytes to the kernel; false: some are left to a callback, or the connection is lost. */
static bool write_bytes(struct caller *caller, size_t n)
{
    uv_buf_t buf = uv_buf_init(caller->bytes, (unsigned)n);
    int taken = uv_try_write(&caller->link.stream, &buf, 1);
    if (taken < 0 && taken != UV_EAGAIN) {
        lose(caller, taken);
        return false;
    }
    if (caller->hooks->written)
        caller->hooks->written(caller->hooks->context, n);
    if (taken == (int)n)
        return true;
    size_t done = taken > 0 ? (size_t)taken : 0;
    buf = uv_buf_init(caller->bytes + done, (unsigned)(n - done));
    caller->writing = true;
    int failed = uv_write(&caller->write, &caller->link.stream, &buf, 1, on_written);
    if (failed) {
        caller->writing = false;
        lose(caller, failed);
    }
    return false;
}

void caller_flush(struct caller *caller)
{
    while (caller->up && !caller->writing && caller->sent < caller->tail) {
        size_t n = 0;
        while (caller->sent < caller->tail && n + QUESTION_CAP <= CALLER_WRITE_BYTES) {
            uint64_t id = QUESTION_ID_BASE + caller->sent * caller->n_indices + caller->index;
            const struct asked *asked = &caller->ring[caller->sent++ & (caller->cap - 1)];
            n += caller->hooks->encode(caller->hooks->context, asked, id, caller->bytes + n);
        }
        if (!write_bytes(caller, n))
            return;
    }
}

/* ---- Answers ---- */

/* The request in flight with this id, or NULL. */
static struct asked *find_asked(const struct caller *caller, uint64_t id)
{
    uint64_t offset = id - QUESTION_ID_BASE, sequence = offset / caller->n_indices;
    if (id == 0 || offset % caller->n_indices != caller->index || sequence < caller->head || sequence >= caller->sent)
        return NULL;
    struct asked *asked = &caller->ring[sequence & (caller->cap - 1)];
    return asked->due == CALLER_DONE ? NULL : asked;
}

static void blame(const struct caller *caller, const char *what, struct slice line)
{
    if (caller->hooks->wrong)
        caller->hooks->wrong(caller->hooks->context, what, line);
}

static void take_line(struct caller *caller, const char *line, size_t len, uint64_t now)
{
    const struct caller_hooks *hooks = caller->hooks;
    struct answer answer;
    enum answer_kind kind = answer_read(line, len, &answer);
    if (kind == ANSWER_STRAY && hooks->stray)
        hooks->stray(hooks->context, answer.code);
    if (kind == ANSWER_STRAY || kind == ANSWER_NOTICE)
        return;
    struct asked *open = kind == ANSWER_OURS ? find_asked(caller, answer.id) : NULL;
    if (!open) {
        blame(caller,
              kind == ANSWER_BROKEN ? "A line is no answer of JSON-RPC 2.0."
                                    : "An answer has an id that nothing on its connection waits for.",
              answer.line);
        return;
    }
    struct asked asked = *open;
    open->due = CALLER_DONE;
    caller->n_open--;
    while (caller->head < caller->sent && caller->ring[caller->head & (caller->cap - 1)].due == CALLER_DONE)
        caller->head++;
    hooks->answered(hooks->context, caller, &asked, &answer, now);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct caller *caller = stream->data;
    const char *bytes = buf->base, *line;
    uint64_t now = uv_hrtime();
    if (len < 0) {
        lose(caller, (int)len);
        return;
    }
    size_t left = (size_t)len, line_len;
    for (enum frame_event event; caller->up;) {
        event = frame_next(&caller->frame, &bytes, &left, &line, &line_len);
        if (event == FRAME_MORE)
            break;
        if (event == FRAME_LINE)
            take_line(caller, line, line_len, now);
        else
            blame(caller, "A line is longer than any answer may be.", (struct slice){"", 0});
    }
    if (caller->hooks->read)
        caller->hooks->read(caller->hooks->context, caller, (uint64_t)len);
}

void caller_each_open(const struct caller *caller, void (*each)(void *context, const struct asked *asked),
                      void *context)
{
    for (uint64_t i = caller->head; i < caller->tail; i++) {
        const struct asked *asked = &caller->ring[i & (caller->cap - 1)];
        if (asked->due != CALLER_DONE)
            each(context, asked);
    }
}
