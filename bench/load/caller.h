/*
 * One connection of a load: requests are given to it when they fall due, and it writes them as soon as the socket takes
 * them, many in one write, waiting for no answer. It knows which are in flight and finds them again by id, in any order.
 */
#ifndef LOAD_CALLER_H
#define LOAD_CALLER_H

#include "answers.h"
#include "frame.h"
#include "questions.h"

#include <uv.h>

enum { CALLER_WRITE_BYTES = 64 << 10, CALLER_READ_BYTES = 256 << 10, ANSWER_BYTES_MAX = 1 << 20 };

struct asked {
    uint64_t due; /* CALLER_DONE: answered already */
    struct question question;
};
#define CALLER_DONE UINT64_MAX

struct caller;

/* What a caller tells its owner; `context` comes first. NULL is allowed for read, stray, wrong and written. */
struct caller_hooks {
    void *context;
    /* Writes a request with this id and its LF. */
    size_t (*encode)(void *context, const struct asked *asked, uint64_t id, char out[QUESTION_CAP]);
    /* After all answers of one read. */
    void (*read)(void *context, struct caller *caller, uint64_t n_bytes);
    void (*answered)(void *context, struct caller *caller, const struct asked *asked, const struct answer *answer,
                     uint64_t now);
    /* An error that belongs to no request. */
    void (*stray)(void *context, int code);
    /* A line that is no answer to anything asked here. */
    void (*wrong)(void *context, const char *what, struct slice line);
    void (*written)(void *context, uint64_t n_bytes);
    /* The connection is there; or (status below 0) it failed or ended: `lost` was told of each request in flight. */
    void (*connected)(void *context, struct caller *caller, int status);
    void (*lost)(void *context, const struct asked *asked);
};

struct caller {
    const struct caller_hooks *hooks;
    uv_loop_t *loop;
    const struct sockaddr *server; /* borrowed; NULL: unix socket */
    const char *path;
    uint64_t index, n_indices; /* ids of this caller are base + sequence * n_indices + index */
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t local;
    } link;
    uv_connect_t connect;
    uv_write_t write;
    uv_timer_t retry;
    bool up, writing, ending, open; /* open: the link is a handle of the loop */
    /* Requests by sequence number: answered < head <= in flight < sent <= to be sent < tail. A ring of `cap`. */
    struct asked *ring;
    uint64_t head, sent, tail;
    uint64_t n_open; /* without an answer, sent or not */
    size_t cap;
    struct frame frame;
    char *read_room;                /* CALLER_READ_BYTES, shared by all callers of a loop */
    char bytes[CALLER_WRITE_BYTES]; /* what is being written */
};

/* `caller` is zeroed but for hooks, loop, server or path, index, n_indices, read_room. Connects; tells when it has. */
bool caller_start(struct caller *caller);
/* Closes everything; the loop must run on until its handles are closed, then caller_fini. */
void caller_end(struct caller *caller);
void caller_fini(struct caller *caller);

/* Adds a request; it is written by the next caller_flush. False: no memory. */
bool caller_add(struct caller *caller, const struct asked *asked);
void caller_flush(struct caller *caller);
/* Calls `each` for all requests without an answer. */
void caller_each_open(const struct caller *caller, void (*each)(void *context, const struct asked *asked),
                      void *context);

#endif
