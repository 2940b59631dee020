/*
 * The method type and the table of all methods. A method turns params into a result; it knows no socket, no loop and
 * no Redis, so the daemon, the client with --data, tests and fuzzers all call the same functions.
 */
#ifndef API_METHOD_H
#define API_METHOD_H

#include "buf.h"
#include "json.h"
#include "wellmatch.h"

struct plan_job;
struct plans;

/* What the process around a method offers; everything may be NULL (the client with --data has no service). */
struct method_host {
    void *self;
    void (*put_info)(void *self, struct buf *result); /* adds members to system.info: listeners, uptime_s, redis, ... */
    void (*put_stats)(void *self, struct buf *result); /* the members of system.stats */
    void (*put_ceilings)(void *self,
                         struct buf *result); /* adds members to x-ceilings of rpc.discover: connections_max, ... */
    void (*put_metrics)(void *self, bool open, struct buf *text); /* what /metrics tells; `open`: as OpenMetrics */
    void (*put_checks)(void *self, struct buf *text);             /* what /readyz?verbose tells: a line each */
    bool feeds_restricted;                                        /* feeds that name leaders are served */
    struct plans *plans; /* NULL: plan.* is method_not_found, but for what needs none */
};

/* What a method wants of whoever called it, beside its answer; the job is held, and the caller's to release. */
struct method_wish {
    struct plan_job *job; /* NULL: nothing */
    bool follow;          /* send this caller plan.progress of the job */
    bool cancelled;       /* METHOD_LATER: answered with the job's state, not with its plan */
    int64_t timeout_ms;   /* METHOD_LATER: of waiting; negative: none */
};

struct method_call {
    struct wm_dataset *dataset; /* held by the caller for the length of the call */
    const struct method_host *host;
    struct slice params;      /* raw bytes, already checked JSON; at == NULL: none */
    struct method_wish *wish; /* empty; NULL: nothing can be granted */
};

enum { METHOD_LATER = 1 /* no answer yet: it follows when wish->job has come to its end */ };

enum param_type {
    PARAM_ID,
    PARAM_TEXT,
    PARAM_INTEGER,
    PARAM_NUMBER,
    PARAM_NANO, /* a number to 1e-9 */
    PARAM_BOOL,
    PARAM_CHOICE, /* one of a few names */
    PARAM_IDS,
    PARAM_WORDS,
    PARAM_OBJECT,
    PARAM_LIST /* of objects */
};

struct param {
    const char *name;
    enum param_type type;
    bool required;
    /* PARAM_INTEGER; PARAM_NUMBER in thousandths, PARAM_NANO in 1e-9; PARAM_IDS, PARAM_WORDS, PARAM_LIST: how many;
       PARAM_TEXT: bytes, where max is not 0 */
    int64_t min, max;
    const char *initial; /* JSON text of the default; NULL when there is none */
    const char *about;
    /* PARAM_OBJECT, each item of PARAM_LIST: what it may hold, ended by a NULL name; NULL: the method looks itself */
    const struct param *members;
    /* PARAM_ID(S): the kind ("post"); PARAM_WORDS: the vocabulary ("region"); PARAM_TEXT: "kind" or NULL; PARAM_CHOICE:
       the names, a blank between; where it is NULL the method looks itself */
    const char *of;
};

enum {
    METHOD_PURE = 1,     /* a function of (dataset digest, policy digest, ledger, params): may be cached and shared */
    METHOD_SCORES = 2,   /* its cost grows with the leaders or posts: may go to a worker thread */
    METHOD_RELOAD = 4,   /* dataset.reload: the daemon carries it out, `run` is NULL */
    METHOD_PLANS = 8,    /* reads or adds to host->plans: on a worker thread */
    METHOD_LONG = 16,    /* of these, takes seconds on large data: one at a time */
    METHOD_WAITS = 32,   /* may answer METHOD_LATER; at once otherwise */
    METHOD_ACTS = 64,    /* has an effect: carried out as a notification too */
    METHOD_GATHERS = 128 /* tells of the service: the daemon adds up what all its loops count, first */
};

struct method {
    const char *name;
    size_t name_len;
    const char *summary;
    const struct param *params; /* in positional order, ended by a NULL name */
    int flags;
    /*
     * Writes the result object (0), or a whole error object (its code), or nothing (METHOD_LATER). A full `out` is the
     * caller's to turn into too_large.
     */
    int (*run)(const struct method_call *call, struct buf *out);
    const char *example; /* params of a worked example on the sample data */
};

const struct method *method_table(size_t *n);
const struct method *method_find(struct slice raw_name); /* raw inside of the JSON string; NULL when there is none */
/* The same among those that only routes ask, whose result is text: "/metrics", "/openmetrics". */
const struct method *method_find_own(const char *name);
/* The method_not_found error object, with the nearest names. */
void method_put_unknown(struct buf *error, struct slice raw_name);

/*
 * Runs a method with a result ceiling of ANSWER_MAX_BYTES (less the envelope): `out` holds the result (0) or an error
 * object (its code), never half of either. Any thread.
 */
int method_run(const struct method *method, const struct method_call *call, struct buf *out);
/* About how many leader-post pairs a call will score: what decides between loop and worker thread. */
size_t method_pairs(const struct method *method, const struct wm_dataset *dataset);

#endif
