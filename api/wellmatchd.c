/*
 * wellmatchd: options, data, listeners, loops, drain. main is the list of steps; the signals come after it.
 *
 * Each event loop has a thread and everything a request needs; they share the sealed dataset, the plans and the pool of
 * workers. The first has this thread, the signals and the loading.
 *
 * The way out is one way, and each step of it an errand to all loops: SIGTERM -> stop accepting -> answer what is in
 * flight -> close connections, cache and the rest -> the loops run dry -> the plan being solved stops -> exit 0. The
 * drain timer and a second signal only take away the waiting; a plan that has not stopped by then ends with the process.
 */
#include "config.h"
#include "conn.h"
#include "job.h"
#include "listener.h"
#include "log.h"
#include "loops.h"
#include "planning.h"
#include "reload.h"
#include "workers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_INTERNAL = 1, EXIT_USAGE = 2, EXIT_LISTEN = 3 };

enum {
    DESCRIPTORS_OWN = 48,  /* besides connections: standard ones, listeners, loop, Redis, files of a reload, refusals */
    DESCRIPTORS_LOOP = 24, /* of each further loop, besides its listeners: its own, refusals */
    POSTS_TRIED = 100,     /* for the commands of the banner */
    MOMENT_MS = 1000,      /* for a thread to end that has nothing to do */
    SIGNALS = 3
};

struct drained {
    struct errand errand; /* tells that a loop has nothing left to answer */
    struct daemon *daemon;
    struct service *service;
};

struct cut {
    struct errand errand;
    struct daemon *daemon;
    uint64_t unanswered;
    size_t unsent;
};

struct daemon {
    struct config config;
    const char *program; /* argv[0] */
    struct loops *loops;
    struct service *services; /* [loops->n] */
    size_t n_open;            /* of these, that have been opened, if only in part */
    uv_signal_t signals[SIGNALS];
    uv_timer_t drain;
    uint64_t drain_until; /* ms of uv_hrtime; 0: at once */
    bool draining;
    bool cutting;                    /* the time to drain is over */
    bool ended;                      /* everything is being closed */
    struct errand begin, end;        /* of draining; of everything */
    uint64_t in_flight, connections; /* as draining began, on all loops */
    struct drained *drained;         /* [loops->n] */
    size_t n_drained;
    struct cut cut;
};

static struct wm_dataset *load(const struct config *config);
static void print_faults(const char *data, const struct wm_faults *faults);
static int serve(struct daemon *daemon, struct wm_dataset *dataset);
static size_t count_loops(const struct config *config);
static int open_all(struct daemon *daemon, struct wm_dataset *dataset);
static int open_service(struct daemon *daemon, size_t i, struct wm_dataset *dataset);
static int open_cache(struct daemon *daemon, struct service *service);
static int open_listeners(struct daemon *daemon, struct service *service);
static void close_service(struct service *service);
static int64_t patience_ms(const struct daemon *daemon);
static void set_threads(const struct config *config);
static size_t raise_descriptors(const struct config *config, size_t n_loops);
static void watch_signals(struct daemon *daemon);
static void forget_signals(struct daemon *daemon);
static void on_signal(uv_signal_t *handle, int number);
static void begin_drain(struct daemon *daemon);
static void visit_begin(struct errand *errand, struct service *service);
static void home_begin(struct errand *errand, struct service *service);
static void on_drained(void *arg);
static void visit_drained(struct errand *errand, struct service *service);
static void home_drained(struct errand *errand, struct service *service);
static void on_drain_over(uv_timer_t *timer);
static void cut(struct daemon *daemon);
static void visit_cut(struct errand *errand, struct service *service);
static void home_cut(struct errand *errand, struct service *service);
static void end(struct daemon *daemon);
static void visit_end(struct errand *errand, struct service *service);
static void home_end(struct errand *errand, struct service *service);
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
                *expected ? "; expected " : "", expected);
    }
    if (n > n_kept)
        fprintf(stderr, "... and %zu more\n", n - n_kept);
    fprintf(stderr, "wellmatchd: the data in %s has %zu fault%s, so nothing is served; correct %s and start again\n",
            data, n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
}

static int serve(struct daemon *daemon, struct wm_dataset *dataset)
{
    enum log_level level;
    if (log_level_parse(daemon->config.log, &level))
        log_set_level(level);
    signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of write, not the end */
    set_threads(&daemon->config);
    int code = open_all(daemon, dataset);
    wm_dataset_unref(dataset); /* the loops have theirs */
    if (!daemon->loops)
        return code;
    loops_run(daemon->loops);
    if (daemon->n_open > 0 && !planning_end(&daemon->services[0], patience_ms(daemon))) {
        log_event(LOG_WARNING, "plan_cut", NULL);
        log_event(LOG_INFO, "stopped", "exit", log_number(code), NULL);
        fflush(NULL);
        _exit(code); /* and with the process goes the thread that solves, and what it reads */
    }
    while (daemon->n_open > 0) {
        struct service *service = &daemon->services[--daemon->n_open];
        planning_fini(service);
        if (service->conns)
            conns_fini(service);
        service_fini(service);
    }
    loops_free(daemon->loops);
    free(daemon->services);
    free(daemon->drained);
    log_event(LOG_INFO, "stopped", "exit", log_number(code), NULL);
    return code;
}

/*
 * Opens every loop and starts them, or gives an exit code and lets what was opened close: in loops_run, on this thread
 * alone.
 */
static int open_all(struct daemon *daemon, struct wm_dataset *dataset)
{
    size_t n = count_loops(&daemon->config);
    int code = EXIT_DONE;
    daemon->services = aligned_alloc(APART_BYTES, n * sizeof *daemon->services);
    daemon->drained = calloc(n, sizeof *daemon->drained);
    if (!daemon->services || !daemon->drained || loops_new(n, &daemon->loops)) {
        free(daemon->services);
        free(daemon->drained);
        fprintf(stderr, "wellmatchd: out of memory or descriptors\n");
        return EXIT_INTERNAL;
    }
    watch_signals(daemon); /* before anybody can connect, and might send one */
    for (size_t i = 0; i < n && code == EXIT_DONE; i++)
        code = open_service(daemon, i, dataset);
    if (code == EXIT_DONE && loops_start(daemon->loops)) {
        fprintf(stderr,
                "wellmatchd: %zu event loops need as many threads, which cannot be had; ask for fewer with "
                "--loops\n",
                n);
        code = EXIT_INTERNAL;
    }
    if (code == EXIT_DONE) {
        listener_tell(&daemon->services[0]); /* now that whoever connects may be any loop's */
        cache_on_first_answer(daemon->services[0].cache, on_redis_known, daemon);
        return EXIT_DONE;
    }
    forget_signals(daemon);
    for (size_t i = 0; i < daemon->n_open; i++)
        close_service(&daemon->services[i]);
    loops_close(daemon->loops);
    return code;
}

static size_t count_loops(const struct config *config)
{
    size_t n = config->loops > 0 ? (size_t)config->loops : workers_processors();
    return n < LOOPS_MAX ? n : LOOPS_MAX;
}

/* The first loop opens the sockets, the others join it. */
static int open_service(struct daemon *daemon, size_t i, struct wm_dataset *dataset)
{
    struct service *service = &daemon->services[i];
    if (service_init(service, daemon->loops, i, &daemon->config, wm_dataset_ref(dataset))) {
        fprintf(stderr, "wellmatchd: out of memory\n");
        return EXIT_INTERNAL;
    }
    daemon->n_open = i + 1;
    service->connections_max =
        i == 0 ? raise_descriptors(&daemon->config, daemon->loops->n) : daemon->services[0].connections_max;
    if (conns_init(service) || planning_init(service)) {
        fprintf(stderr, "wellmatchd: out of memory, threads or descriptors\n");
        return EXIT_INTERNAL;
    }
    int code = open_cache(daemon, service);
    return code ? code : open_listeners(daemon, service);
}

static int open_cache(struct daemon *daemon, struct service *service)
{
    const struct config *config = &daemon->config;
    char error[LISTENER_ERROR_CAP];
    struct cache_options options = CACHE_OPTIONS_INIT;
    options.bytes_max = ((size_t)config->cache_mib << 20) / daemon->loops->n;
    options.redis_url = strcmp(config->redis, "none") == 0 ? NULL : config->redis;
    options.redis_optional = !config->redis_asked;
    options.timeout_ms = (unsigned)config->redis_timeout_ms;
    options.expiry_s = (unsigned)config->redis_expiry_s;
    options.seed = uv_hrtime() ^ (uint64_t)getpid();
    if (cache_new(service->loop, &options, &service->cache, error, sizeof error) == 0)
        return EXIT_DONE;
    fprintf(stderr, "wellmatchd: --redis: %s\n", error);
    return EXIT_USAGE;
}

static int open_listeners(struct daemon *daemon, struct service *service)
{
    const struct config *config = &daemon->config;
    char error[LISTENER_ERROR_CAP];
    int failed = service->index > 0 ? listener_join(service, &daemon->services[0], error) : 0;
    for (size_t i = 0; i < config->n_listen && service->index == 0 && !failed; i++)
        failed = listener_open(service, config->listen[i], false, error);
    if (service->index == 0 && !failed && strcmp(config->http, "none") != 0)
        failed = listener_open(service, config->http, true, error);
    if (!failed)
        return EXIT_DONE;
    fprintf(stderr, "wellmatchd: %s\n", error);
    return EXIT_LISTEN;
}

/* What is left of the time to drain; a thread that only waits for work is given a moment in any case. */
static int64_t patience_ms(const struct daemon *daemon)
{
    uint64_t now = uv_hrtime() / 1000000;
    return daemon->drain_until > now + MOMENT_MS ? (int64_t)(daemon->drain_until - now) : MOMENT_MS;
}

/*
 * Before libuv starts its pool, which all loops share. One more than scores, so that loading the data again takes no
 * worker from them.
 */
static void set_threads(const struct config *config)
{
    size_t n = config->threads > 0 ? (size_t)config->threads : workers_processors();
    setenv("UV_THREADPOOL_SIZE", log_number((long long)n + 1), 1);
}

/* As many descriptors as the connections need, if the system lets us; returns for how many connections they suffice. */
static size_t raise_descriptors(const struct config *config, size_t n_loops)
{
    struct rlimit limit;
    size_t wanted = (size_t)config->connections_max;
    size_t own = DESCRIPTORS_OWN + (n_loops - 1) * (DESCRIPTORS_LOOP + config->n_listen);
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return wanted;
    if (limit.rlim_cur < wanted + own) {
        limit.rlim_cur = limit.rlim_max < wanted + own ? limit.rlim_max : wanted + own;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted + own)
        return wanted;
    size_t possible = limit.rlim_cur > own ? (size_t)limit.rlim_cur - own : 1;
    log_event(LOG_WARNING, "connections_lowered", "wanted", log_number((long long)wanted), "possible",
              log_number((long long)possible), "descriptors", log_number((long long)limit.rlim_cur), NULL);
    return possible;
}

/* ---- Signals and the way out ------------------------------------------------------------------------------------- */

static void watch_signals(struct daemon *daemon)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    uv_loop_t *loop = &daemon->loops->at[0].uv;
    uv_timer_init(loop, &daemon->drain);
    daemon->drain.data = daemon;
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(loop, &daemon->signals[i]);
        daemon->signals[i].data = daemon;
        uv_signal_start(&daemon->signals[i], on_signal, numbers[i]);
    }
}

static void forget_signals(struct daemon *daemon)
{
    for (size_t i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&daemon->signals[i], NULL);
    uv_close((uv_handle_t *)&daemon->drain, NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;
    if (number == SIGHUP && !daemon->draining)
        reload_ask(&daemon->services[0], NULL);
    else if (number != SIGHUP && !daemon->draining)
        begin_drain(daemon);
    else if (number != SIGHUP)
        cut(daemon);
}

/* ---- Draining: every loop begins, and tells when it has nothing left to answer ---- */

static void begin_drain(struct daemon *daemon)
{
    daemon->draining = true;
    daemon->drain_until = uv_hrtime() / 1000000 + (uint64_t)daemon->config.drain_s * 1000;
    for (size_t i = 0; i < daemon->loops->n; i++)
        daemon->drained[i] =
            (struct drained){{.visit = visit_drained, .home = home_drained}, daemon, &daemon->services[i]};
    uv_timer_start(&daemon->drain, on_drain_over, (uint64_t)daemon->config.drain_s * 1000, 0);
    daemon->begin = (struct errand){.visit = visit_begin, .home = home_begin};
    loops_send(daemon->loops, 0, &daemon->begin);
}

static void visit_begin(struct errand *errand, struct service *service)
{
    struct daemon *daemon = (struct daemon *)(void *)((char *)errand - offsetof(struct daemon, begin));
    daemon->in_flight += service->metrics.counter[METRIC_in_flight_now];
    daemon->connections += service->metrics.counter[METRIC_connections_now];
    listener_close_all(service);
    conns_drain(service, on_drained, &daemon->drained[service->index]);
}

static void home_begin(struct errand *errand, struct service *service)
{
    const struct daemon *daemon = (struct daemon *)(void *)((char *)errand - offsetof(struct daemon, begin));
    (void)service;
    log_event(LOG_INFO, "draining", "in_flight", log_number((long long)daemon->in_flight), "connections",
              log_number((long long)daemon->connections), NULL);
}

static void on_drained(void *arg)
{
    struct drained *drained = arg;
    loops_send(drained->daemon->loops, drained->service->index, &drained->errand);
}

static void visit_drained(struct errand *errand, struct service *service)
{
    struct daemon *daemon = ((struct drained *)(void *)errand)->daemon;
    if (service->index == 0 && ++daemon->n_drained == daemon->loops->n)
        end(daemon);
}

static void home_drained(struct errand *errand, struct service *service)
{
    (void)errand;
    (void)service;
}

static void on_drain_over(uv_timer_t *timer)
{
    cut(timer->data);
}

static void cut(struct daemon *daemon)
{
    if (daemon->cutting || daemon->ended)
        return;
    daemon->cutting = true;
    daemon->drain_until = 0;
    daemon->cut.errand = (struct errand){.visit = visit_cut, .home = home_cut};
    daemon->cut.daemon = daemon;
    loops_send(daemon->loops, 0, &daemon->cut.errand);
}

static void visit_cut(struct errand *errand, struct service *service)
{
    struct cut *cut = (struct cut *)(void *)errand;
    cut->unanswered += service->metrics.counter[METRIC_in_flight_now];
    cut->unsent += conns_cut(service);
}

static void home_cut(struct errand *errand, struct service *service)
{
    const struct cut *cut = (const struct cut *)(const void *)errand;
    (void)service;
    log_event(LOG_WARNING, "drain_cut", "unanswered", log_number((long long)cut->unanswered), "unsent_bytes",
              log_number((long long)cut->unsent), NULL);
    end(cut->daemon);
}

/* ---- The end: every loop closes what it has, and runs dry once what is being computed has come back ---- */

static void end(struct daemon *daemon)
{
    if (daemon->ended)
        return;
    daemon->ended = true;
    forget_signals(daemon);
    daemon->end = (struct errand){.visit = visit_end, .home = home_end};
    loops_send(daemon->loops, 0, &daemon->end);
}

static void visit_end(struct errand *errand, struct service *service)
{
    (void)errand;
    close_service(service);
}

static void home_end(struct errand *errand, struct service *service)
{
    (void)errand;
    loops_close(service->loops);
}

static void close_service(struct service *service)
{
    listener_close_all(service);
    if (service->conns)
        conns_close(service);
    planning_close(service);
    job_cancel_all(service);
    reload_cancel(service);
    if (service->cache)
        cache_close(service->cache, on_cache_closed, service);
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
    const struct wm_dataset *dataset = daemon->services[0].snapshot.dataset;
    char as_of[11];
    wm_date_format(wm_policy_as_of(dataset), as_of);
    printf("wellmatchd %s serves %s\n ", WM_VERSION, daemon->config.data);
    for (enum wm_table table = 0; table < WM_TABLES; table++) {
        size_t n = wm_table_rows(dataset, table);
        printf("%s %zu %s%s", table ? "," : "", n, wm_table_kind(table), n == 1 ? "" : "s");
    }
    printf("\n  dataset %s, policy %s (%s, as of %s), %s kernel\n", wm_dataset_digest(dataset),
           wm_policy_digest(dataset), wm_policy_version(dataset), as_of, wm_dataset_kernel(dataset));
    for (const struct bound *at = daemon->services[0].listeners; at; at = at->next)
        printf("  listening on %s\n", at->address);
    if (daemon->loops->n > 1)
        printf("  %zu event loops\n", daemon->loops->n);
    printf("  Redis: %s\n", redis);
    print_commands(daemon);
    fflush(stdout);
}

static const struct bound *first_bound(const struct daemon *daemon, bool http)
{
    const struct bound *at = daemon->services[0].listeners;
    while (at && (strncmp(at->address, "http:", 5) == 0) != http)
        at = at->next;
    return at;
}

/* What works as it stands: commands with a post that has somebody on its shortlist, and the pages. */
static void print_commands(const struct daemon *daemon)
{
    const struct wm_dataset *dataset = daemon->services[0].snapshot.dataset;
    const struct bound *at = first_bound(daemon, false), *pages = first_bound(daemon, true);
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
    if (pages)
        printf("Or open %s/ in a browser\n", pages->address);
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
