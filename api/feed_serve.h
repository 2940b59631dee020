/* What is asked of /feeds/v1/: a file and a query -> a reply, from the plans that are kept. No HTTP, no loop. Any thread. */
#ifndef API_FEED_SERVE_H
#define API_FEED_SERVE_H

#include "plans.h"

struct feed_pair { /* of the query, decoded; each name once */
    const char *name, *value;
};

struct feed_ask {
    const char *file; /* "allocation.csv"; "": the list */
    size_t n_query;
    const struct feed_pair *query;
    const char *authority; /* HOST:PORT that the service was reached by, for Power Query */
    bool restricted;       /* the operator turned on the profile that names leaders */
};

enum { FEED_RETRY_AFTER_S = 5, FEED_ETAG_CAP = 24 };

struct feed_reply {
    int status; /* 200, 400, 403, 404, 410, 500, 503 */
    const char *type;
    char etag[FEED_ETAG_CAP]; /* without quotes; "": none */
    int64_t finished_at;      /* of the plan, seconds since 1970; 0: of none */
    int retry_after_s;        /* 0: not told */
    struct buf body;          /* initialised by the caller, with its ceiling; a refusal is application/problem+json */
};

/*
 * `dataset` is the one that answers now; `plans` may be NULL: none are kept. `known` (may be NULL) is asked whether the
 * caller has what the tag names already: then no body is written.
 */
void feed_answer(const struct feed_ask *ask, struct plans *plans, const struct wm_dataset *dataset,
                 bool (*known)(void *arg, const char *etag), void *arg, struct feed_reply *reply);

#endif
