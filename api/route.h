/*
 * What an HTTP route is: a method, a path, and a function that makes the reply. Such a function knows no socket and no
 * loop. There are two kinds, and a route has one of them:
 *
 * handle   makes the reply from what the call has. On the loop, where it may take some 100 us; with ROUTE_WORKER on a
 *          worker thread, where it may take its time and allocate megabytes.
 * ask, then render   `ask` names methods with their params; they run like any other request, through the same cache and
 *          jobs, on workers where they score; when all have answered, `render` makes the reply from their results. Pages
 *          are made this way. Both on the loop (render: with ROUTE_WORKER on a worker).
 *
 * Everything about HTTP itself is done once for all of them: HEAD, 405 with Allow, 304, gzip, lengths, security headers,
 * keep-alive, ceilings, drain. A function may return after having set reply->status and nothing else; a body that failed
 * (out of memory, past its ceiling) becomes a 500.
 *
 * To add routes: write them as an array in a file of your own (route_NAME.c), declare it in routes.h, name it in routes.c.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "http.h"
#include "method.h"

enum {
    ROUTE_PARTS_MAX = 4,
    ROUTE_ASKS_MAX = 16,
    ROUTE_ASK_BYTES = 1 << 18, /* params of all asks of one call */
    ROUTE_REASON_CAP = 160
};

enum {
    ROUTE_WORKER = 1,  /* handle or render run on a worker thread: they see the call, nothing of the loop */
    ROUTE_PAGE = 2,    /* answers HTML: the security headers of a page (CSP, frame-ancestors, Referrer-Policy) */
    ROUTE_LIVE = 4,    /* tells of now: never cached by anybody, no ETag */
    ROUTE_FORM = 8,    /* POST takes application/x-www-form-urlencoded; its fields are found by route_query */
    ROUTE_JSON = 16,   /* POST takes application/json, in call->body */
    ROUTE_DRAINS = 32, /* answered while the service drains */
    ROUTE_EVENTS = 64, /* /events: the connection becomes a stream; conn_events.c */
    ROUTE_RPC = 128    /* /rpc: the body goes to the dispatch of the JSON socket */
};

struct route;

/* Borrowed, all of it, for the length of handle, ask or render. */
struct route_call {
    const struct route *route;
    struct wm_dataset *dataset;     /* the same from ask to render */
    const struct method_host *host; /* host->plans: stored plans, found and held with plans.h, from any thread */
    const struct http_request *request;
    const struct http_target *target;  /* path segments and query, decoded; see route_query */
    const char *part[ROUTE_PARTS_MAX]; /* what {name}s of the pattern matched, in order */
    const char *authority;             /* the Host header: "127.0.0.1:7346"; checked, fit to be put into a URL */
    int64_t now_s;                     /* seconds since 1970 as the request came; the same from ask to render */
    bool draining;
};

/* NULL: absent. A name without = has the value "". */
const char *route_query(const struct route_call *call, const char *name);

/* Methods to run, in the order of their results. */
struct route_asks {
    size_t n;
    struct {
        const char *method;
        size_t from, len; /* of its params in `params`; len 0: none */
    } ask[ROUTE_ASKS_MAX];
    struct buf params; /* JSON objects, one after the other; ceiling ROUTE_ASK_BYTES */
};
/*
 * Adds a method, whose params are what has been written into asks->params since the last one (nothing: none):
 *     json_open(&asks->params, '{'); json_put_text(&asks->params, "post", id); json_close(&asks->params, '}');
 *     route_ask(asks, "match.shortlist");
 */
void route_ask(struct route_asks *asks, const char *method);

/* What a method answered. */
struct route_result {
    int code;          /* 0: `body` is the result object; else its error object, {"code":..,"message":..,"data":..} */
    struct slice body; /* checked JSON, as on the wire */
};

/* Begins as 200, no body, "text/plain; charset=utf-8". */
struct reply {
    int status;
    const char *type; /* Content-Type; lives as long as the program */
    struct buf
        body; /* owned by the reply; its ceiling is config's output_mib. Any size: large ones are written piece by piece */
    struct slice fixed;      /* in place of `body`: bytes that live as long as the program */
    struct slice fixed_gzip; /* the same, compressed already; at == NULL: compressed when worth it */
    char etag[72];           /* without quotes; "": for 200 to a GET made from the body's bytes, but for ROUTE_LIVE */
    int64_t last_modified_s; /* seconds since 1970; 0: not told */
    int max_age_s;           /* 0: a cache asks each time; > 0: may keep it so long (immutable assets: a year) */
    int retry_after_s;       /* 503, 429; 0: not told */
    char location[512];      /* 303, 308; "": none. Path and query, begins with / */
    char filename[96];       /* Content-Disposition: attachment; "": shown in place. [A-Za-z0-9._-] only */
    bool gzipped;            /* reply.c's: `body` (or fixed_gzip in place of `fixed`) is gzip */
};

typedef void route_handle(const struct route_call *call, struct reply *reply);
/* False: a reply was made instead, nothing is asked. No asks at all: render is called at once. */
typedef bool route_asking(const struct route_call *call, struct route_asks *asks, struct reply *reply);
typedef void route_render(const struct route_call *call, const struct route_result *results, size_t n_results,
                          struct reply *reply);

struct route_param { /* of the query or form, for /openapi.json */
    const char *name, *about;
    const char *type; /* "string", "integer", "boolean" */
    bool required;
};

struct route {
    enum http_verb verb; /* VERB_GET answers HEAD too */
    /* Segments, each literal or {name}: "/feeds/v1/{file}". A path ending in / is another one than without. */
    const char *pattern;
    int flags;
    const char *summary;              /* a sentence for /openapi.json */
    const char *type;                 /* the usual Content-Type, for /openapi.json */
    const struct route_param *params; /* ended by a NULL name; NULL: none */
    route_handle *handle;
    route_asking *ask;
    route_render *render;
};

/* {"type":"about:blank","title":"Not Found","status":404,"detail":"..."}: a refusal (RFC 9457). Empties the body first. */
void reply_fault(struct reply *reply, int status, const char *reason);

/* ---- The table (routes.c) ---- */

struct route_set {
    const struct route *at;
    size_t n;
};
/* All sets of routes, in the order of the files in routes.h. */
const struct route_set *const *route_sets(size_t *n);

/*
 * The route of a verb and path, with what its {name}s matched in `part`. NULL: none; then *allow is a mask of
 * 1 << enum http_verb for the verbs that the path has (0: there is no such path).
 */
const struct route *route_find(enum http_verb verb, const struct http_target *target, const char *part[ROUTE_PARTS_MAX],
                               unsigned *allow);
/* Whether paths that begin like this one are for programs: a route that is no page does. */
bool route_is_for_programs(const struct http_target *target);

#endif
