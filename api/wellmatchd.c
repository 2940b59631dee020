/*
 * wellmatchd: options, data, listeners, loop, drain. main is the list of steps; the signals come after it.
 *
 * The way out is one way: SIGTERM -> stop accepting -> answer what is in flight -> close connections, cache and the
 * rest -> the loop runs dry -> the plan being solved stops -> exit 0. The drain timer and a second signal only take away
 * the waiting; a plan that has not stopped by then ends with the process.
 */
#include "config.h"
#include "conn.h"
#include "job.h"
#include "listener.h"
#include "log.h"
#include "planning.h"
#include "workers.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_INTERNAL = 1, EXIT_USAGE = 2, EXIT_LISTEN = 3 };

enum {
    DESCRIPTORS_OWN = 48, /* besides connections: standard ones, listeners, loop, Redis, files of a reload, refusals */
    POSTS_TRIED = 100,    /* for the commands of the banner */
    MOMENT_MS = 1000,     /* for a thread to end that has nothing to do */
    SIGNALS = 3
};

struct daemon {
    struct config config;
    const char *program; /* argv[0] */
    uv_loop_t loop;
    struct service service;
    uv_signal_t signals[SIGNALS];
    uv_timer_t drain;
    uint64_t drain_until; /* ms of uv_hrtime; 0: at once */
    bool ended;           /* everything is being closed */
};

static struct wm_dataset *load(const struct config *config);
static void print_faults(const char *data, const struct wm_faults *faults);
static int serve(struct daemon *daemon, struct wm_dataset *dataset);
static int64_t patience_ms(const struct daemon *daemon);
static void set_threads(const struct config *config);
static size_t raise_descriptors(const struct config *config);
static int open_all(struct daemon *daemon);
static void watch_signals(struct daemon *daemon);
static void on_signal(uv_signal_t *handle, int number);
static void begin_drain(struct daemon *daemon);
static void on_drained(void *arg);
static void on_drain_over(uv_timer_t *timer);
static void end(struct daemon *daemon);
static void on_cache_closed(void *arg);
static void on_redis_known(void *arg, bool answered);
static void print_banner(const struct daemon *daemon, const char *redis);
static void print_commands(const struct daemon *daemon);
static bool find_example(const struct wm_dataset *dataset, const char **post, const char **leader);
static void client_path(const char *program, char *out, size_t cap);

int main(int argc, char *argv[])
{
    static struct daemon daemon;
    daemon.program = argv[0];
    switch (config_read(argc, argv, environ, &daemon.config, stdout, stderr)) {
    case CONFIG_EXIT:
        return EXIT_DONE;
    case CONFIG_BAD:
        return EXIT_USAGE;
    }
    struct wm_dataset *dataset = load(&daemon.config);
    int code = EXIT_USAGE;
    if (dataset && daemon.config.check_only) {
        config_print(&daemon.config, stdout);
        printf("The data is good: dataset %s, policy %s.\n", wm_dataset_digest(dataset), wm_policy_digest(dataset));
        wm_dataset_unref(dataset);
        code = EXIT_DONE;
    } else if (dataset) {
        code = serve(&daemon, dataset);
    }
    config_fini(&daemon.config);
    return code;
}

/* ---- Before the loop --------------------------------------------------------------------------------------------- */

static struct wm_dataset *load(const struct config *config)
{
    struct wm_faults *faults = NULL;
    struct wm_dataset *dataset = NULL;
    int code = wm_faults_new(WM_FAULTS_SHOWN, &faults);
    if (code == WM_OK)
        code = wm_dataset_load(config->data, faults, &dataset);
    if (code == WM_EMEMORY)
        fprintf(stderr, "wellmatchd: out of memory while loading %s\n", config->data);
    else if (code)
        print_faults(config->data, faults);
    wm_faults_free(faults);
    return dataset;
}

static void print_faults(const char *data, const struct wm_faults *faults)
{
    size_t n = wm_faults_count(faults), n_kept = wm_faults_kept(faults);
    for (size_t i = 0; i < n_kept; i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        const char *expected = fault->expected ? fault->expected : "";
        fprintf(stderr, "%s:%ld:%ld: %s%s%s\n", fault->file, fault->line, fault->column, fault->what,
                *expected ? "; " : "", expected);
    }
    if (n > n_kept)
        fprintf(stderr, "... and %zu more\n", n - n_kept);
    fprintf(stderr, "wellmatchd: the data in %s has %zu fault%s, so nothing is served; correct %s and start again\n",
            data, n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
}

static int serve(struct daemon *daemon, struct wm_dataset *dataset)
{
    struct service *service = &daemon->service;
    enum log_level level;
    if (log_level_parse(daemon->config.log, &level))
        log_set_level(level);
    signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of write, not the end */
    set_threads(&daemon->config);
    if (uv_loop_init(&daemon->loop) || service_init(service, &daemon->loop, &daemon->config, dataset)) {
        fprintf(stderr, "wellmatchd: out of memory or descriptors\n");
        return EXIT_INTERNAL;
    }
    service->connections_max = raise_descriptors(&daemon->config);
    int code = conns_init(service) ? EXIT_INTERNAL : open_all(daemon);
    if (service->conns && code != EXIT_DONE)
        end(daemon);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    if (!planning_end(service, patience_ms(daemon))) {
        log_event(LOG_WARNING, "plan_cut", NULL);
        log_event(LOG_INFO, "stopped", "exit", log_number(code), NULL);
        fflush(NULL);
        _exit(code); /* and with the process goes the thread that solves, and what it reads */
    }
    planning_fini(service);
    if (service->conns)
        conns_fini(service);
    service_fini(service);
    int busy = uv_loop_close(&daemon->loop);
    assert(!busy);
    log_event(LOG_INFO, "stopped", "exit", log_number(code), NULL);
    return code;
}

/* What is left of the time to drain; a thread that only waits for work is given a moment in any case. */
static int64_t patience_ms(const struct daemon *daemon)
{
    uint64_t now = uv_hrtime() / 1000000;
    return daemon->drain_until > now + MOMENT_MS ? (int64_t)(daemon->drain_until - now) : MOMENT_MS;
}

/* Before libuv starts its pool. One more than scores, so that loading the data again takes no worker from them. */
static void set_threads(const struct config *config)
{
    size_t n = config->threads > 0 ? (size_t)config->threads : workers_processors();
    setenv("UV_THREADPOOL_SIZE", log_number((long long)n + 1), 1);
}

/* As many descriptors as the connections need, if the system lets us; returns for how many connections they suffice. */
static size_t raise_descriptors(const struct config *config)
{
    struct rlimit limit;
    size_t wanted = (size_t)config->connections_max;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return wanted;
    if (limit.rlim_cur < wanted + DESCRIPTORS_OWN) {
        limit.rlim_cur = limit.rlim_max < wanted + DESCRIPTORS_OWN ? limit.rlim_max : wanted + DESCRIPTORS_OWN;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted + DESCRIPTORS_OWN)
        return wanted;
    size_t possible = limit.rlim_cur > DESCRIPTORS_OWN ? (size_t)limit.rlim_cur - DESCRIPTORS_OWN : 1;
    log_event(LOG_WARNING, "connections_lowered", "wanted", log_number((long long)wanted), "possible",
              log_number((long long)possible), "descriptors", log_number((long long)limit.rlim_cur), NULL);
    return possible;
}

static int open_all(struct daemon *daemon)
{
    struct service *service = &daemon->service;
    const struct config *config = &daemon->config;
    char error[LISTENER_ERROR_CAP];

    uv_timer_init(&daemon->loop, &daemon->drain);
    daemon->drain.data = daemon;
    watch_signals(daemon);
    if (planning_init(service)) {
        fprintf(stderr, "wellmatchd: out of memory, threads or descriptors\n");
        return EXIT_INTERNAL;
    }

    struct cache_options options = CACHE_OPTIONS_INIT;
    options.bytes_max = (size_t)config->cache_mib << 20;
    options.redis_url = strcmp(config->redis, "none") == 0 ? NULL : config->redis;
    options.redis_optional = !config->redis_asked;
    options.timeout_ms = (unsigned)config->redis_timeout_ms;
    options.expiry_s = (unsigned)config->redis_expiry_s;
    options.seed = uv_hrtime() ^ (uint64_t)getpid();
    if (cache_new(&daemon->loop, &options, &service->cache, error, sizeof error)) {
        fprintf(stderr, "wellmatchd: --redis: %s\n", error);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < config->n_listen; i++)
        if (listener_open(service, config->listen[i], error)) {
            fprintf(stderr, "wellmatchd: %s\n", error);
            return EXIT_LISTEN;
        }
    cache_on_first_answer(service->cache, on_redis_known, daemon);
    return EXIT_DONE;
}

/* ---- Signals and the way out ------------------------------------------------------------------------------------- */

static void watch_signals(struct daemon *daemon)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(&daemon->loop, &daemon->signals[i]);
        daemon->signals[i].data = daemon;
        uv_signal_start(&daemon->signals[i], on_signal, numbers[i]);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;
    if (number == SIGHUP && !daemon->service.draining)
        service_reload(&daemon->service, NULL);
    else if (number != SIGHUP && !daemon->service.draining)
        begin_drain(daemon);
    else if (number != SIGHUP)
        on_drain_over(&daemon->drain);
}

static void begin_drain(struct daemon *daemon)
{
    struct service *service = &daemon->service;
    daemon->drain_until = uv_hrtime() / 1000000 + (uint64_t)daemon->config.drain_s * 1000;
    log_event(LOG_INFO, "draining", "in_flight", log_number((long long)service->metrics.counter[METRIC_in_flight_now]),
              "connections", log_number((long long)service->metrics.counter[METRIC_connections_now]), NULL);
    listener_close_all(service);
    conns_drain(service, on_drained, daemon);
    uv_timer_start(&daemon->drain, on_drain_over, (uint64_t)daemon->config.drain_s * 1000, 0);
}

static void on_drained(void *arg)
{
    end(arg);
}

static void on_drain_over(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    daemon->drain_until = 0;
    uint64_t unanswered = daemon->service.metrics.counter[METRIC_in_flight_now];
    size_t unsent = conns_cut(&daemon->service);
    log_event(LOG_WARNING, "drain_cut", "unanswered", log_number((long long)unanswered), "unsent_bytes",
              log_number((long long)unsent), NULL);
    end(daemon);
}

/* Closes everything; the loop runs dry once what is being computed has come back. */
static void end(struct daemon *daemon)
{
    struct service *service = &daemon->service;
    if (daemon->ended)
        return;
    daemon->ended = true;
    listener_close_all(service);
    conns_close(service);
    planning_close(service);
    job_cancel_all(service);
    service_cancel_reload(service);
    if (service->cache)
        cache_close(service->cache, on_cache_closed, service);
    for (size_t i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&daemon->signals[i], NULL);
    uv_close((uv_handle_t *)&daemon->drain, NULL);
}

static void on_cache_closed(void *arg)
{
    struct service *service = arg;
    service->cache = NULL;
}

/* ---- What is said at the start ----------------------------------------------------------------------------------- */

/* Redis has answered, or has not within the time a command may take: everything there is to tell is known. */
static void on_redis_known(void *arg, bool answered)
{
    const struct daemon *daemon = arg;
    if (!daemon->ended)
        print_banner(daemon, strcmp(daemon->config.redis, "none") == 0
                                 ? "not asked for; answers are kept in this process"
                             : answered ? "answering; answers are kept there too"
                                        : "not answering; answers are kept in this process only");
}

static void print_banner(const struct daemon *daemon, const char *redis)
{
    const struct wm_dataset *dataset = daemon->service.snapshot.dataset;
    char as_of[11];
    wm_date_format(wm_policy_as_of(dataset), as_of);
    printf("wellmatchd %s serves %s\n ", WM_VERSION, daemon->config.data);
    for (enum wm_table table = 0; table < WM_TABLES; table++) {
        size_t n = wm_table_rows(dataset, table);
        printf("%s %zu %s%s", table ? "," : "", n, wm_table_kind(table), n == 1 ? "" : "s");
    }
    printf("\n  dataset %s, policy %s (%s, as of %s), %s kernel\n", wm_dataset_digest(dataset),
           wm_policy_digest(dataset), wm_policy_version(dataset), as_of, wm_dataset_kernel(dataset));
    for (const struct bound *at = daemon->service.listeners; at; at = at->next)
        printf("  listening on %s\n", at->address);
    printf("  Redis: %s\n", redis);
    print_commands(daemon);
    fflush(stdout);
}

/* Commands that work as they stand: with a post that has somebody on its shortlist. */
static void print_commands(const struct daemon *daemon)
{
    const struct wm_dataset *dataset = daemon->service.snapshot.dataset;
    const struct bound *at = daemon->service.listeners;
    char client[4096 + ADDRESS_TEXT_MAX + 8];
    client_path(daemon->program, client, 4096);
    if (at && strcmp(at->address, ADDRESS_DEFAULT) != 0) {
        size_t len = strlen(client);
        snprintf(client + len, sizeof client - len, " -u %s", at->address);
    }
    const char *post, *leader;
    if (find_example(dataset, &post, &leader))
        printf("Try\n  %s shortlist %s\n  %s explain %s %s\n  %s opportunities %s\n", client, post, client, leader,
               post, client, leader);
}

static bool find_example(const struct wm_dataset *dataset, const char **post, const char **leader)
{
    struct wm_query query = WM_QUERY_INIT;
    bool found = false;
    query.limit = 1;
    for (; !found && query.subject < wm_table_rows(dataset, WM_POSTS) && query.subject < POSTS_TRIED; query.subject++) {
        struct wm_shortlist *shortlist;
        if (wm_shortlist_make(dataset, &query, &shortlist))
            return false;
        found = shortlist->n_rows > 0;
        if (found) {
            *post = wm_row_id(dataset, WM_POSTS, query.subject);
            *leader = wm_row_id(dataset, WM_LEADERS, shortlist->rows[0].leader);
        }
        wm_shortlist_free(shortlist);
    }
    return found;
}

/* The client lies beside the daemon. */
static void client_path(const char *program, char *out, size_t cap)
{
    const char *slash = strrchr(program, '/');
    snprintf(out, cap, "%.*swellmatch", slash ? (int)(slash - program + 1) : 0, program);
}
