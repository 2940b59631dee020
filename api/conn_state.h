/*
 * What conn.c (life, reading, turns), conn_write.c (writing), conn_rpc.c (JSON-RPC) and conn_http.c (HTTP) know of a
 * connection and of all of them, and what each does for the others. For these files only.
 */
#ifndef API_CONN_STATE_H
#define API_CONN_STATE_H

#include "conn.h"
#include "batch.h"
#include "frame.h"

enum {
    READ_BYTES = 65536,
    WRITE_BYTES = 1 << 18, /* so many in one turn are written before its end, while a cache still holds them */
    SPARES = 4,
    BORROWED_MAX = 64,
    ERROR_BYTES = 2048 /* an error with an id of any length: room kept beyond the output ceiling for each in flight */
};

struct conn_http;
struct http_target;
struct stream;
struct watch;
struct exchange;

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
    struct conn_http *http; /* NULL: it speaks JSON-RPC, a message a line */
    struct stream *stream;  /* NULL: it is not at /events */
    struct frame frame;
    struct buf out;     /* replies of this turn; no memory between turns */
    struct buf writing; /* given to libuv */
    uv_write_t write;
    size_t writing_left; /* when the stall timer last looked */
    size_t unsent;       /* counted among what all peers have not taken */
    struct buf held;     /* read, but not looked at yet */
    bool held_up;        /* not reading: output is at its high water mark, or the turn is over */
    bool ended;          /* the peer sends no more; it may still read */
    bool local;          /* of a unix socket */
    bool refused;        /* beyond the ceiling of connections */
    bool deaf;           /* what it says now is not looked at: once `out` is written, it ends */
    bool spoke;          /* its first line has come */
    bool closing;
    bool dirty; /* in the list of those to look after at the end of this turn */
    struct conn *prev, *next;
    uint64_t turn_at; /* when this turn's first bytes came */
    uint64_t read_at; /* when bytes last came */
    size_t in_flight;
    struct batch *batches;
};

/*
 * Large kept answers are not copied into `out` but written from where the cache has them: after `after` bytes of it comes
 * `body`. They are borrowed only from one known answer to the next, and by the connection that is being read.
 */
struct borrowed {
    size_t after;
    struct slice body;
};

struct conns {
    struct service *service;
    size_t n_slots, n_free, n_refused;
    struct conn **at;     /* [n_slots] NULL: free */
    uint32_t *generation; /* [n_slots] */
    uint32_t *free_slots; /* [n_free] */
    struct conn *dirty;   /* list, oldest first */
    size_t n_dirty;
    uint64_t round_at;    /* when the first of this turn of the loop was listened to; 0: nobody was yet */
    uint64_t now;         /* uv_hrtime, last read: what came in a turn is timed from one answer to the next */
    uv_check_t check;     /* after the poll: what reads and workers produced */
    uv_prepare_t prepare; /* before it: what timers produced */
    uv_timer_t sweep;     /* looks for peers that do not end a line */
    uv_idle_t idle;       /* runs while something is left for the next turn: the poll must not wait */
    unsigned n_kept;      /* answers that were known at once */
    const struct method *last_method;
    void (*drained)(void *arg);
    void *drained_arg;
    bool quiet;                  /* draining and nothing was left to do a turn ago */
    const struct conn *borrower; /* NULL: nothing is borrowed */
    size_t n_borrowed, borrowed_bytes;
    struct borrowed borrowed[BORROWED_MAX];
    struct buf spares[SPARES]; /* empty output buffers with room, the one used last at the end */
    size_t n_spares;
    struct buf error;          /* scratch: an error object */
    struct buf body;           /* scratch: the result of a method that runs on the loop */
    struct exchange *exchange; /* conn_http.c's: of the request that is answered at once */
    struct watch *watch;       /* conn_events.c's: what happens, for all loops */
    struct stream *streams;    /* conn_events.c's: the connections at /events */
    uv_timer_t tick;           /* runs while there are any */
    struct buf head;           /* scratch: a message on its way into an HTTP answer */
    uint64_t date_at;          /* `now` as the clock was looked at for it */
    int64_t date_s;            /* when `date` was written */
    char date[32];
    struct log_limit log_refused, log_stalled, log_failed;
    char read[READ_BYTES]; /* one is enough: a read is looked through before the next */
};

/* ---- conn.c ------------------------------------------------------------------------------------------------------ */

void conn_close(struct conn *conn);
/* Logs the reason and closes. */
void conn_fail(struct conn *conn, const char *reason);
/* Closes a peer that keeps us waiting; `what` there is `n` of is logged. */
void conn_give_up(struct conn *conn, const char *what, size_t n);
/* Stops reading; these bytes, which have been read, are looked at later. */
void conn_hold_up(struct conn *conn, const char *bytes, size_t len);
/* Whether it is to be held up: too much output waits, or others want their turn. */
bool conn_is_pressed(const struct conn *conn);
/* To be looked after at the end of this turn: has something to be written, read or closed. */
void conn_touch(struct conn *conn);
/* Tells all loops how much of its output the peer leaves to us; conn_touch does. */
void conn_count_unsent(struct conn *conn);

/* ---- conn_write.c ------------------------------------------------------------------------------------------------ */

/* What replies are put into. */
struct buf *conn_out(struct conn *conn);
/* Has `body` written after what is in `out` now, without copying it; false: the caller has to. */
bool conn_borrow(struct conn *conn, struct slice body);
/* Has `body` written after what is in `out`: for long ones, which are taken, and copied only in need. */
void conn_hand_over(struct conn *conn, struct buf *body);
/* Writes what is queued, as far as the kernel takes it; whatever is borrowed is borrowed no more. */
void conn_flush(struct conn *conn);
/* Gives it up unless it takes something within `ms`. */
void conn_await_reader(struct conn *conn, uint64_t ms);

/* Bytes of replies that the peer has not taken, and the most there may be. */
static inline size_t conn_queued(const struct conn *conn)
{
    const struct conns *conns = conn->service->conns;
    return conn->out.len + (conns->borrower == conn ? conns->borrowed_bytes : 0) +
           (conn->writing.len > 0 ? uv_stream_get_write_queue_size(&conn->peer.stream) : 0);
}

static inline size_t conn_output_max(const struct conn *conn)
{
    return (size_t)conn->service->config->output_mib << 20;
}

/* The most that all connections may have in them which peers do not take; and whether this one is such, and that is reached. */
static inline size_t conn_output_total_max(const struct conn *conn)
{
    return (size_t)conn->service->config->output_total_mib << 20;
}

static inline bool conn_is_crowded(const struct conn *conn, size_t len)
{
    return conn->writing.len > 0 && atomic_load(&conn->service->loops->unsent) + len > conn_output_total_max(conn);
}

/* ---- conn_rpc.c: each may close the connection ------------------------------------------------------------------- */

/* A whole line, without LF: what it asks is answered now, or by conn_answer later. */
void conn_take_line(struct conn *conn, const char *line, size_t len);
/* The same for a message that came in another way: the body of a POST to /rpc. */
void conn_take_message(struct conn *conn, const char *text, size_t len);
/* A method that a page asks; the answer goes to conn_http_give, now or later. */
void conn_ask(struct conn *conn, size_t member, const char *method, struct slice params);
/* A line beyond the ceiling. */
void conn_take_overlong(struct conn *conn);
/* Tells a peer beyond the ceiling of connections. */
void conn_refuse(struct conn *conn);
/* service->answer */
void conn_answer(struct service *service, struct waiter *waiter, int code, struct slice body);
/* service->tell */
enum service_told conn_tell(struct service *service, uint32_t slot, uint32_t generation, struct slice line);
/* Tells everybody who waits for a plan, who must not hold up the drain. */
void conns_tell_planners(struct service *service);
/* Tells everybody who still waits. */
void conns_tell_shutting_down(struct service *service);

/* ---- conn_http.c ------------------------------------------------------------------------------------------------- */

int conns_http_init(struct conns *conns); /* 0, or -1: out of memory; likewise below */
void conns_http_fini(struct conns *conns);
int conn_http_init(struct conn *conn);
void conn_http_fini(struct conn *conn);
/* Bytes, in place of lines. */
void conn_http_take(struct conn *conn, const char *bytes, size_t len);
/* The peer sends no more. */
void conn_http_end(struct conn *conn);
/* Whether an answer is being found: nothing else is looked at meanwhile. */
bool conn_http_waits(const struct conn *conn);
/* Ends what takes longer than `patience`. */
void conn_http_look(struct conn *conn, uint64_t now, uint64_t patience);
void conn_http_refuse(struct conn *conn);
/* Tells whoever still waits for a worker, at the end of the drain. */
void conns_http_tell_shutting_down(struct conns *conns);
/* The answer to a message of /rpc, or the result of a method that a page asked. */
void conn_http_give(struct conn *conn, size_t member, struct slice id, int code, struct slice body);
void conn_http_give_batch(struct conn *conn, const struct batch *batch);

/* ---- conn_host.c ------------------------------------------------------------------------------------------------- */

bool conn_is_own_host(const struct conn *conn, const char *authority);

/* ---- conn_events.c ----------------------------------------------------------------------------------------------- */

int conns_events_init(struct conns *conns); /* 0, or -1: out of memory; likewise below */
void conns_events_drain(struct conns *conns);
void conns_events_close(struct conns *conns);
void conns_events_fini(struct conns *conns); /* the first loop's is the last */
/* The head is written; from here on the connection is told what happens. `last`: the Last-Event-ID; at NULL: none. */
int conn_events_begin(struct conn *conn, const struct http_target *target, struct slice last);
void conn_events_fini(struct conn *conn);

#endif
