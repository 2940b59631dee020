/* A reply on its way to bytes: conditions, compression, the head. No I/O; any thread. */
#ifndef API_REPLY_H
#define API_REPLY_H

#include "route.h"

enum { REPLY_HEAD_MAX = 2048, REPLY_GZIP_MIN = 1024 };

void reply_init(struct reply *reply, size_t body_max);
void reply_fini(struct reply *reply);

/*
 * After the handler: a body that failed becomes a 500, a 200 to a GET gets its ETag, and what the asker has already
 * becomes a 304. `route` NULL: no route was reached.
 */
void reply_settle(struct reply *reply, const struct route *route, const struct http_request *request);
/* Whether the reply is worth compressing for this asker, and has not been. */
bool reply_wants_gzip(const struct reply *reply, const struct http_request *request);
/* Replaces body by its gzip, and says so; left alone when memory is short or it would not be smaller. */
void reply_gzip(struct reply *reply);
/* What is sent behind the head: body, or fixed bytes. */
struct slice reply_body(const struct reply *reply);

struct reply_terms { /* what the connection adds */
    const struct http_request *request;
    size_t body_len;  /* of what follows, or would follow a GET */
    const char *date; /* now, as HTTP writes it */
    bool close;       /* the connection ends behind this */
    unsigned allow;   /* 405: mask of 1 << enum http_verb */
};
void reply_put_head(struct buf *out, const struct reply *reply, const struct route *route,
                    const struct reply_terms *terms);

#endif
