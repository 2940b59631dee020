/*
 * The client's way to an answer: one request out and one reply in over TCP or a unix socket, or, with a dataset loaded
 * here, the same methods called in this process. The caller cannot tell which, except by the time it takes.
 */
#ifndef API_CLIENT_LINK_H
#define API_CLIENT_LINK_H

#include "frame.h"
#include "json.h"
#include "wellmatch.h"

#include <signal.h>

enum { LINK_ERROR_CAP = 512, LINK_READ_BYTES = 64 << 10 };

struct plans;

enum link_status {
    LINK_OK = 0,
    LINK_FAILED = 1,      /* memory, or another failure on this side */
    LINK_INPUT = 2,       /* the address is none, the dataset has faults, the request is too long */
    LINK_UNREACHABLE = 3, /* nobody listens, no answer in time, or what came is no answer */
    LINK_INTERRUPTED = -1 /* `interrupted` was set while waiting; the next call passes over the answer that was due */
};

struct link {
    int fd;                     /* -1: no service */
    struct wm_dataset *dataset; /* not NULL: answers here */
    struct plans *plans;        /* made here, each by the call that asks for it */
    const char *url;            /* borrowed; for messages */
    int64_t timeout_ms;         /* of connecting, and again of waiting for an answer */
    uint64_t calls;             /* made: the id of each, so that an answer nobody waits for any more is told apart */
    /* What the service tells on its own while an answer is awaited: its method (raw) and params. NULL: passed over. */
    void (*on_notice)(void *context, struct slice method, struct slice params);
    void *context;
    const volatile sig_atomic_t *interrupted; /* ends waiting for an answer, and solving here; NULL: nothing does */
    struct frame frame;
    char bytes[LINK_READ_BYTES];
    const char *unread; /* in `bytes`: read from the socket and not looked at yet */
    size_t unread_len;
    struct buf line;            /* the request, then the reply */
    char error[LINK_ERROR_CAP]; /* after a failure: one sentence, not cleaned for a terminal */
};

struct link_answer {
    int code;           /* 0: `value` is the result; else it is the error object with this code */
    struct slice value; /* as it came, byte for byte; valid until the next call or link_close */
};

/* Each opens one way (`url` is borrowed, and the link stays where it is); on failure nothing is left to close and link->error says why. */
enum link_status link_open(struct link *link, const char *url, int64_t timeout_ms);
enum link_status link_open_data(struct link *link, const char *dir, struct wm_faults *faults);
void link_close(struct link *link);

/* Asks `method`; `params` is a JSON object or array as the user wrote it, or absent. LINK_OK also for an error answer. */
enum link_status link_call(struct link *link, const char *method, struct slice params, struct link_answer *out);

#endif
