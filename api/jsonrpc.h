/*
 * JSON-RPC 2.0: line -> requests, result -> reply. Batches and ids; no I/O. Source: jsonrpc.org specification
 * 2013-01-04.
 */
#ifndef API_JSONRPC_H
#define API_JSONRPC_H

#include "buf.h"
#include "json.h"

enum {
    LINE_MAX_BYTES = 1 << 20, /* one message, LF not counted */
    BATCH_MAX = 1000,
    ANSWER_MAX_BYTES = 900000,             /* one reply line; a widely used client drops messages over 1,000,000 */
    ID_MAX_BYTES = 1024,                   /* an id is echoed, so its length is a part of the answer's */
    MEMBERS_MAX = 32,                      /* of one request object, those we do not know counted */
    ENVELOPE_MAX_BYTES = ID_MAX_BYTES + 64 /* what a reply has around its result */
};

/* code, name, whether the client may try again, what it means, what `data` holds */
#define RPC_ERRORS(X)                                                                                                 \
    X(RPC_PARSE, -32700, "parse_error", false, "The text is not JSON.", "offset, reason")                             \
    X(RPC_REQUEST, -32600, "invalid_request", false, "The JSON is not a request object.", "reason")                   \
    X(RPC_METHOD, -32601, "method_not_found", false, "There is no such method.", "method, nearest")                   \
    X(RPC_PARAMS, -32602, "invalid_params", false, "A parameter is wrong.", "pointer, expected, got, nearest")        \
    X(RPC_INTERNAL, -32603, "internal_error", true, "The service failed; the log line has the reason.", "reason")     \
    X(RPC_OVERLOADED, -32000, "overloaded", true, "A queue is full.", "retry_after_s, queue_depth, what, limit")      \
    X(RPC_SHUTTING_DOWN, -32001, "shutting_down", true, "The service is draining; ask another.", "drain_s")           \
    X(RPC_TOO_LARGE, -32002, "too_large", false, "A stated ceiling was passed.", "limit, what")                       \
    X(RPC_NOT_AUTHORISED, -32003, "not_authorised", false, "The caller may not do this.", "role_needed")              \
    X(RPC_DEADLINE, -32004, "deadline_exceeded", true, "No answer by the deadline asked for.",                        \
      "job, state, value, best_bound, gap, phase, elapsed_ms")                                                        \
    X(RPC_UNKNOWN, 1001, "unknown_reference", false, "There is no such row, job or plan.",                            \
      "pointer, id, kind, nearest, is_a")                                                                             \
    X(RPC_INVALID_DATA, 1002, "invalid_data", false, "The data has faults; the running data stays.", "faults, count") \
    X(RPC_INFEASIBLE, 1003, "infeasible", false, "Locks and posts that must be filled cannot all hold.",              \
      "job, plan, conflict, least, relaxations")                                                                      \
    X(RPC_STALE, 1004, "stale", true, "The caller's revision is old.", "current, asked_of, remedy")                   \
    X(RPC_GONE, 1005, "gone", false, "The job or plan has expired.", "id, kind, expired_at, remedy")

enum {
#define X(code, value, name, retry, text, data) code = value,
    RPC_ERRORS(X)
#undef X
};

const char *rpc_error_name(int code); /* "invalid_params"; also the `message` of the wire's error object */

struct request {
    int code;            /* 0, or the error that this message earns */
    struct slice id;     /* raw bytes; at == NULL: a notification; errors without a usable id carry "null" */
    struct slice method; /* raw inside of the string */
    struct slice params; /* raw object or array; absent: at == NULL */
    size_t offset;       /* RPC_PARSE: where */
    const char *reason;  /* one sentence for data.reason */
    size_t limit;        /* RPC_TOO_LARGE: the ceiling that was passed; `reason` names what */
};

struct message { /* one line */
    bool batch;
    size_t n;              /* members: 1 unless a batch; an empty batch or a bad text is one request with a code */
    struct json_walk walk; /* batch: what jsonrpc_next reads on */
    struct request first;
};

/* Reads a line (without LF, trailing CR cut off). Never fails: what is wrong becomes requests that carry a code. */
void jsonrpc_read(const char *line, size_t len, struct message *out);
/*
 * The same for the usual single request, in one pass and without checking params: true, and they are bounded by their
 * brackets, the id is there and fit to be echoed. False: jsonrpc_read has to look.
 */
bool jsonrpc_slice(const char *line, size_t len, struct request *out);
/* The next member; false at the end. For a single message gives `first` once. */
bool jsonrpc_next(struct message *message, struct request *out);

/* {"jsonrpc":"2.0","id":ID,"result":BODY}, no LF; with a code other than 0 BODY is a whole error object, under "error". */
void jsonrpc_put_reply(struct buf *buf, struct slice id, int code, struct slice body);
/* What stands before BODY; after it comes one '}'. */
void jsonrpc_put_head(struct buf *buf, struct slice id, int code);
/* The error object of a request that carries a code. */
void jsonrpc_put_fault(struct buf *error, const struct request *request);
/* Opens an error object: {"code":C,"message":"name","data":{ ... the caller puts members, then rpc_error_close. */
void rpc_error_open(struct buf *error, int code);
void rpc_error_close(struct buf *error);

#endif
