/*
 * The client's way to an answer: one request out and one reply in over TCP or a unix socket, or, with a dataset loaded
 * here, the same methods called in this process. The caller cannot tell which, except by the time it takes.
 */
#ifndef API_CLIENT_LINK_H
#define API_CLIENT_LINK_H

#include "frame.h"
#include "json.h"
#include "wellmatch.h"

enum { LINK_ERROR_CAP = 512 };

enum link_status {
    LINK_OK = 0,
    LINK_FAILED = 1,     /* memory, or another failure on this side */
    LINK_INPUT = 2,      /* the address is none, the dataset has faults, the request is too long */
    LINK_UNREACHABLE = 3 /* nobody listens, no answer in time, or what came is no answer */
};

struct link {
    int fd;                     /* -1: no service */
    struct wm_dataset *dataset; /* not NULL: answers here */
    const char *url;            /* borrowed; for messages */
    int64_t timeout_ms;         /* of connecting, and again of waiting for an answer */
    struct frame frame;
    struct buf line;            /* the request, then the reply */
    char error[LINK_ERROR_CAP]; /* after a failure: one sentence, not cleaned for a terminal */
};

struct link_answer {
    int code;           /* 0: `value` is the result; else it is the error object with this code */
    struct slice value; /* as it came, byte for byte; valid until the next call or link_close */
};

/* Each opens one way (`url` is borrowed); on failure nothing is left to close and link->error says why. */
enum link_status link_open(struct link *link, const char *url, int64_t timeout_ms);
enum link_status link_open_data(struct link *link, const char *dir, struct wm_faults *faults);
void link_close(struct link *link);

/* Asks `method`; `params` is a JSON object or array as the user wrote it, or absent. LINK_OK also for an error answer. */
enum link_status link_call(struct link *link, const char *method, struct slice params, struct link_answer *out);

#endif
