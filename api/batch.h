/*
 * The answers of one batch until they make one line; no I/O. Were the line longer than an answer may be, members are
 * replaced by errors from the first on that does not fit behind those before it, so that the same answers always give
 * the same line whatever the order they came in, and what is kept meanwhile stays within twice the ceiling.
 */
#ifndef API_BATCH_H
#define API_BATCH_H

#include "jsonrpc.h"

struct batch_member;

struct batch {
    struct batch *prev, *next; /* the owner's list */
    size_t n, n_open;          /* members that are answered at all, and those whose answer is not there yet */
    size_t spare;              /* what the ceiling leaves for extras when every member is an error */
    size_t extra_sum;          /* of those that are there */
    size_t error_len;          /* of a member that no longer fits, id not counted */
    char *ids;
    struct batch_member *members;
};

/*
 * A batch for those of `requests` that have an id. 0; RPC_TOO_LARGE when the ids alone would fill an answer;
 * RPC_INTERNAL when out of memory.
 */
int batch_new(const struct request *requests, size_t n, struct batch **out);
void batch_free(struct batch *batch);

/* Takes the answer of member i (code 0: a result) and adds to *replaced how many gave way. -1 when out of memory. */
int batch_put(struct batch *batch, size_t i, int code, struct slice body, size_t *replaced);

/* Once n_open is 0: the line, without LF, and its length. */
size_t batch_len(const struct batch *batch);
void batch_write(const struct batch *batch, struct buf *out);

#endif
