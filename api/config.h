/*
 * Settings of wellmatchd from one table of options: a file (--config, JSON), then WELLMATCH_* environment, then flags;
 * later wins. Help, man page facts, --check-config and error messages come from the same table.
 */
#ifndef API_CONFIG_H
#define API_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { LISTEN_MAX = 16, LOOPS_MAX = 64, CONFIG_SETTINGS = 22 };

struct config {
    const char *data; /* folder of the dataset */
    size_t n_listen;
    const char *listen[LISTEN_MAX]; /* tcp://HOST:PORT (IPv6 in [ ]; port 0 = any free one), unix:PATH */
    const char *http;               /* HOST:PORT, unix:PATH or none */
    const char *http_host;          /* names that a Host header may have besides, commas between */
    const char *feeds;              /* public, or restricted: feeds that name leaders are served too */
    const char *redis;              /* redis://HOST:PORT, redis+unix:PATH or none */
    bool redis_asked;               /* by file, environment or flag, not by default */
    int64_t redis_timeout_ms, redis_expiry_s;
    int64_t cache_mib;
    int64_t connections_max, in_flight_max /* of one connection */, queue_max /* requests computing or waiting */;
    int64_t queue_ms;                  /* the longest that one may be expected to wait for a worker */
    int64_t output_mib;                /* queued output of one connection */
    int64_t output_total_mib;          /* of all */
    int64_t stall_s;                   /* a peer that takes none of its queued output for so long is closed */
    int64_t drain_s;                   /* how long SIGTERM waits for requests in flight */
    int64_t loops;                     /* event loops; 0: one a processor */
    int64_t threads;                   /* workers that score; 0: one a processor */
    int64_t plan_threads;              /* that share the solving of one plan; 0: one a processor */
    int64_t plan_nice;                 /* how much nicer they are; 20: they run when nothing else wants to */
    const char *log;                   /* error, warning, info, debug */
    bool check_only;                   /* --check-config */
    const char *from[CONFIG_SETTINGS]; /* where each setting's value came from */
    struct config_text *texts;         /* owns the texts above */
};

enum {
    CONFIG_RUN = 0,
    CONFIG_EXIT = 1 /* help, version: printed, exit 0 */,
    CONFIG_BAD = 2 /* said on stderr, exit 2 */
};

/*
 * Reads file, environment and flags. Messages name the place ("--listen", "WELLMATCH_REDIS", "file.json: /listen/0")
 * and the remedy; every fault is told, not the first alone.
 */
int config_read(int argc, char *const argv[], char *const envp[], struct config *out, FILE *output, FILE *errors);
void config_fini(struct config *config);
/* The settings as they now stand, a line each, and where each came from. */
void config_print(const struct config *config, FILE *out);

#endif
