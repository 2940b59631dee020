/* The command line of wellmatch-bench: one table that parsing, help and the man page's order come from. */
#ifndef LOAD_SETTINGS_H
#define LOAD_SETTINGS_H

#include "address.h"
#include "buf.h"
#include "goal.h"
#include "mix.h"

enum {
    SETTINGS_ERROR_CAP = 320,
    CONNECTIONS_MAX = 10000,
    DEPTH_MAX = 1024,
    RUNS_MAX = 100,
    DISTINCT_MAX = 1000000 /* questions of one method that are kept written out */
};

/* id, name, letter, value as help shows it (NULL: none), what it does */
#define LOAD_OPTIONS(X)                                                                                                \
    X(url, "url", 'u', "ADDRESS",                                                                                      \
      "tcp://HOST:PORT, HOST:PORT or unix:PATH; else $WELLMATCH_URL, else " ADDRESS_DEFAULT)                           \
    X(rate, "rate", 'r', "N", "open load: N requests a second are planned, answered or not (1000)")                    \
    X(arrivals, "arrivals", 0, "HOW", "open load: 'constant' gaps, or 'poisson' as of independent callers (constant)") \
    X(closed, "closed", 0, NULL, "closed load instead: ask again when answered; waiting hides slow answers")           \
    X(connections, "connections", 'c', "N", "connections (8)")                                                         \
    X(pipeline, "pipeline", 'P', "N", "requests that fall due together on a connection; --closed: kept open (1)")      \
    X(duration, "duration", 'd', "TIME", "how long to measure: 10, 0.5s, 500ms (10)")                                  \
    X(warmup, "warmup", 0, "TIME", "load before that, not counted (1)")                                                \
    X(grace, "grace", 0, "TIME", "how long to wait for late answers at the end (5)")                                   \
    X(mix, "mix", 'm', "NAME=W,...", "methods and their weights (shortlist=1); the names are below")                   \
    X(distinct, "distinct", 0, "N", "different questions of a method, or 'all': none asked twice (100)")               \
    X(limit, "limit", 0, "N", "rows to ask for, where a method has a limit (its own default)")                         \
    X(seed, "seed", 0, "N", "of which question comes when (1)")                                                        \
    X(runs, "runs", 'n', "N", "repeats, all kept in one JSON file, for 'compare' (1)")                                 \
    X(find_max, "find-max", 0, "GOAL", "look for the highest rate that keeps a goal such as 'p99<5ms'")                \
    X(json, "json", 0, "FILE", "write everything measured as JSON; - is standard output")                              \
    X(hgrm, "hgrm", 0, "FILE", "write the latencies as HdrHistogram's percentile text")                                \
    X(threshold, "threshold", 0, "SHARE", "compare: how much worse is too much: 5% or 0.05 (5%)")                      \
    X(help, "help", 'h', NULL, "this text")                                                                            \
    X(version, "version", 'V', NULL, "the version")

enum load_command { LOAD_RUN, LOAD_COMPARE, LOAD_HELP, LOAD_VERSION };

struct settings {
    enum load_command command;
    struct address address;
    double rate; /* requests a second; 0 in a closed load */
    bool closed, poisson;
    unsigned connections, depth, runs;
    uint64_t duration_ns, warmup_ns, grace_ns;
    struct mix mix;
    uint64_t distinct; /* 0: no question twice */
    unsigned limit;    /* 0: the method's own */
    uint64_t seed;
    bool find_max;
    struct goal goal;
    const char *json_path, *hgrm_path; /* borrowed from argv; NULL: not asked for */
    double threshold;
    const char *files[2]; /* of compare */
};

/* False: `error` is a sentence. */
bool settings_read(int argc, char *const argv[], struct settings *out, char error[SETTINGS_ERROR_CAP]);
void settings_help(struct buf *out);
/* The members that shape a load, into an open object: two runs compare when these are equal. */
void settings_put(const struct settings *settings, struct buf *out);

#endif
