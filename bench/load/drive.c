/*
 * The loop of a run: connect -> warm up -> measure -> wait for what is late -> close.
 *
 * Open load: the plan is made of due times alone, which nothing that the service does can move. Before the loop
 * sleeps, everything that has fallen due is handed to the connections in turn, each of which writes its share at once;
 * then a timerfd is set to the next due time, because libuv's own timers count in milliseconds. A request's latency
 * counts from when it was due: late sends, full sockets and answers that never come are all in it, so that a service
 * that stalls pays for every request that fell due meanwhile (Gil Tene calls the opposite coordinated omission).
 *
 * Closed load: every connection has so many requests open and asks again when answered. What was never asked because an
 * answer was slow is missing from its figures; every output says so.
 */
#include "drive.h"

#include "caller.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "arrivals.h"

enum {
    PLAN_AT_ONCE = 4096, /* requests handed out in one turn of the loop: answers get their turn as well */
    OPEN_MAX = 1 << 24,  /* requests without an answer; past that the run ends */
    INTERVAL_MS = 1000,
    ONE_CTRL_C_NS = 200000000, /* some senders signal a process and then its group: that is one Ctrl-C */
    STATS_AT_END_MS = 2000     /* how long to wait for the service's own figures when nothing else is awaited */
};

enum stage { CONNECTING, ASKING, WAITING, ENDED };
enum moment { AT_BEGIN, AT_END }; /* of measuring, when the service is asked for its figures */

struct driver {
    const struct drive_order *order;
    const struct settings *settings;
    struct run *run;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_poll_t alarm_poll;
    int alarm; /* timerfd */
    uv_timer_t interval, begin, end;
    uv_signal_t interrupt;
    uint64_t interrupted_at;
    struct caller_hooks hooks, control_hooks;
    struct caller **callers; /* [n + 1], the last one for system.stats */
    size_t n, n_up, turn;
    struct arrivals arrivals;
    enum stage stage;
    enum drive_status status;
    int error;
    uint64_t start, count_from, stop_at, last_answer; /* uv_hrtime */
    uint64_t next_due;                                /* open: of the next arrival */
    uint64_t armed_for;                               /* what the alarm is set to */
    uint64_t open;                                    /* requests without an answer */
    double own_cpu_before;
    bool counting;
    unsigned stats_open;
    struct latencies recent; /* since the last interval line */
    uint64_t recent_planned, recent_refused;
    unsigned intervals;
    char *read_room;
};

static void finish(struct driver *driver);
static void on_interval(uv_timer_t *timer);
static void stop_asking(struct driver *driver);

static double own_cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- Asking ---- */

static bool is_counted(const struct driver *driver, uint64_t due)
{
    return due >= driver->count_from;
}

/* Hands a request to a connection; `now` is when this program got to it. */
static void give(struct driver *driver, struct caller *caller, uint64_t due, uint64_t now)
{
    struct asked asked = {due, questions_draw(driver->order->questions)};
    if (driver->open >= OPEN_MAX || !caller_add(caller, &asked)) {
        driver->run->overflowed = true;
        stop_asking(driver);
        return;
    }
    driver->open++;
    driver->recent_planned++;
    if (is_counted(driver, due)) {
        driver->run->planned++;
        latencies_add(&driver->run->late, now - due);
    } else {
        driver->run->warmup++;
    }
}

/* Open load: everything that has fallen due, a burst to a connection. */
static void give_due(struct driver *driver)
{
    uint64_t now = uv_hrtime();
    size_t n = 0, first = driver->turn;
    while (driver->stage == ASKING && driver->next_due <= now && driver->next_due < driver->stop_at &&
           n < PLAN_AT_ONCE) {
        for (unsigned i = 0; i < driver->settings->depth && driver->stage == ASKING; i++, n++)
            give(driver, driver->callers[driver->turn], driver->next_due, now);
        driver->turn = (driver->turn + 1) % driver->n;
        driver->next_due = driver->start + arrivals_next(&driver->arrivals);
    }
    size_t bursts = (n + driver->settings->depth - 1) / driver->settings->depth;
    for (size_t i = 0; i < bursts && i < driver->n; i++)
        caller_flush(driver->callers[(first + i) % driver->n]);
    if (now >= driver->stop_at && driver->next_due >= driver->stop_at)
        stop_asking(driver);
}

static void set_alarm(struct driver *driver)
{
    uint64_t due = driver->next_due < driver->stop_at ? driver->next_due : driver->stop_at;
    struct itimerspec at = {.it_value = {(time_t)(due / 1000000000), (long)(due % 1000000000)}};
    if (driver->armed_for == due && due > uv_hrtime())
        return;
    driver->armed_for = due;
    timerfd_settime(driver->alarm, TFD_TIMER_ABSTIME, &at, NULL); /* also forgets that it has gone off */
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct driver *driver = prepare->data;
    if (driver->stage == ASKING && driver->order->rate > 0) {
        give_due(driver);
        if (driver->stage == ASKING)
            set_alarm(driver);
    }
    if (driver->stage == WAITING && driver->open == 0 && driver->stats_open == 0)
        finish(driver);
}

/* The loop is awake, which is all that was wanted: on_prepare does the rest. */
static void on_alarm(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

/* Closed load: fills a connection up to its depth. */
static void ask_again(struct driver *driver, struct caller *caller, unsigned n)
{
    uint64_t now = uv_hrtime();
    for (unsigned i = 0; i < n && driver->stage == ASKING; i++)
        give(driver, caller, now, now);
    caller_flush(caller);
}

static size_t encode(void *context, const struct asked *asked, uint64_t id, char out[QUESTION_CAP])
{
    const struct driver *driver = context;
    return questions_write(driver->order->questions, asked->question, id, out);
}

static void on_written(void *context, uint64_t n_bytes)
{
    struct driver *driver = context;
    driver->run->bytes_out += n_bytes;
}

/* ---- Answers ---- */

static void check(struct driver *driver, const struct asked *asked, const struct answer *answer)
{
    struct answers *answers = driver->order->answers;
    char request[QUESTION_CAP];
    if (!load_methods[asked->question.method].pure ||
        answers_check(answers, questions_topic(driver->order->questions, asked->question), answer) ||
        answers->wrong > 1)
        return;
    size_t len = questions_write(driver->order->questions, asked->question, answer->id, request);
    answers_tell_request(answers, (struct slice){request, len - 1});
}

static void on_answer(void *context, struct caller *caller, const struct asked *asked, const struct answer *answer,
                      uint64_t now)
{
    struct driver *driver = context;
    struct run *run = driver->run;
    uint64_t latency = now > asked->due ? now - asked->due : 0;
    (void)caller;
    driver->open--;
    driver->last_answer = now;
    if (answer->code == 0) {
        latencies_add(&driver->recent, latency);
        check(driver, asked, answer);
    } else {
        driver->recent_refused++;
    }
    if (!is_counted(driver, asked->due))
        return;
    if (answer->code == 0) {
        latencies_add(&run->results[asked->question.method], latency);
    } else {
        latencies_add(&run->refusals, latency);
        run->refused++;
        run_count_code(run, answer->code);
    }
}

static void on_read(void *context, struct caller *caller, uint64_t n_bytes)
{
    struct driver *driver = context;
    driver->run->bytes_in += n_bytes;
    if (driver->order->rate > 0 || driver->stage != ASKING || !caller->up)
        return;
    if (caller->n_open < driver->settings->depth)
        ask_again(driver, caller, driver->settings->depth - (unsigned)caller->n_open);
}

/* Counted whenever it comes, since it belongs to no due time. */
static void on_stray(void *context, int code)
{
    struct driver *driver = context;
    run_count_code(driver->run, code);
}

static void on_wrong(void *context, const char *what, struct slice line)
{
    struct driver *driver = context;
    answers_blame(driver->order->answers, what, line);
}

/* ---- The service's own figures, on a connection of their own ---- */

static void ask_stats(struct driver *driver, enum moment moment)
{
    struct caller *control = driver->callers[driver->n];
    struct asked asked = {uv_hrtime(), {LOAD_stats, moment}};
    if (!control->up || !caller_add(control, &asked))
        return;
    driver->stats_open++;
    caller_flush(control);
}

static size_t encode_stats(void *context, const struct asked *asked, uint64_t id, char out[QUESTION_CAP])
{
    (void)context;
    (void)asked;
    return (size_t)snprintf(out, QUESTION_CAP, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"system.stats\"}\n",
                            (unsigned long long)id);
}

static void on_stats(void *context, struct caller *caller, const struct asked *asked, const struct answer *answer,
                     uint64_t now)
{
    struct driver *driver = context;
    struct service_state *into = asked->question.number == AT_BEGIN ? &driver->run->before : &driver->run->after;
    json_t *root = json_loadb(answer->line.at, answer->line.len, 0, NULL);
    double user, system;
    json_int_t local = 0, remote = 0;
    (void)caller;
    driver->stats_open--;
    into->at_ns = now;
    into->known =
        root && json_unpack(root, "{s:{s:{s:F,s:F,s:I},s:{s:I,s:I,s:I}}}", "result", "process", "cpu_user_s", &user,
                            "cpu_system_s", &system, "rss_bytes", &into->rss_bytes, "counters", "messages",
                            &into->messages, "computed_on_loop", &local, "computed_on_worker", &remote) == 0;
    into->cpu_s = into->known ? user + system : 0;
    into->computed = (int64_t)(local + remote);
    if (root)
        json_unpack(root, "{s:{s:{s:I,s:I}}}", "result", "cache", "local_hits", &into->cache_hits, "local_misses",
                    &into->cache_misses);
    json_decref(root);
}

/* ---- Stages ---- */

static void on_begin(uv_timer_t *timer)
{
    struct driver *driver = timer->data;
    if (driver->stage != ASKING)
        return;
    driver->own_cpu_before = own_cpu();
    driver->counting = true;
    ask_stats(driver, AT_BEGIN);
}

static void on_end_of_asking(uv_timer_t *timer)
{
    stop_asking(timer->data);
}

static void on_end_of_grace(uv_timer_t *timer)
{
    finish(timer->data);
}

static void start_asking(struct driver *driver)
{
    const struct settings *settings = driver->settings;
    driver->stage = ASKING;
    uv_update_time(&driver->loop);
    driver->start = uv_hrtime();
    driver->count_from = driver->start + settings->warmup_ns;
    driver->stop_at = driver->count_from + settings->duration_ns;
    uv_timer_start(&driver->begin, on_begin, settings->warmup_ns / 1000000, 0);
    uv_timer_start(&driver->interval, on_interval, INTERVAL_MS, INTERVAL_MS);
    if (driver->order->rate > 0) {
        arrivals_start(&driver->arrivals, driver->order->rate / settings->depth, settings->poisson, settings->seed);
        driver->next_due = driver->start + arrivals_next(&driver->arrivals);
        uv_poll_start(&driver->alarm_poll, UV_READABLE, on_alarm);
        return;
    }
    uv_timer_start(&driver->end, on_end_of_asking, (settings->warmup_ns + settings->duration_ns) / 1000000, 0);
    for (size_t i = 0; i < driver->n; i++)
        ask_again(driver, driver->callers[i], settings->depth);
}

/* The plan is done, or given up: what is open has the grace to come. */
static void stop_asking(struct driver *driver)
{
    uint64_t now = uv_hrtime(), end = now < driver->stop_at ? now : driver->stop_at;
    if (driver->stage != ASKING)
        return;
    driver->stage = WAITING;
    driver->run->seconds = end > driver->count_from ? (double)(end - driver->count_from) / 1e9 : 0;
    driver->run->own_cpu_s = driver->counting ? own_cpu() - driver->own_cpu_before : 0;
    uv_poll_stop(&driver->alarm_poll);
    if (driver->counting)
        ask_stats(driver, AT_END);
    uint64_t grace = driver->settings->grace_ns / 1000000;
    if (driver->open == 0 && grace < STATS_AT_END_MS)
        grace = STATS_AT_END_MS;
    uv_timer_start(&driver->end, on_end_of_grace, grace, 0);
}

static void count_open(void *context, const struct asked *asked)
{
    struct driver *driver = context;
    uint64_t now = uv_hrtime();
    if (!is_counted(driver, asked->due))
        return;
    driver->run->unanswered++;
    latencies_add(&driver->run->waiting, now > asked->due ? now - asked->due : 0);
}

static void close_all(struct driver *driver)
{
    uv_handle_t *const handles[] = {(uv_handle_t *)&driver->prepare,  (uv_handle_t *)&driver->alarm_poll,
                                    (uv_handle_t *)&driver->interval, (uv_handle_t *)&driver->begin,
                                    (uv_handle_t *)&driver->end,      (uv_handle_t *)&driver->interrupt};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        uv_close(handles[i], NULL);
    for (size_t i = 0; i <= driver->n; i++)
        if (driver->callers[i])
            caller_end(driver->callers[i]);
}

static void finish(struct driver *driver)
{
    struct run *run = driver->run;
    if (driver->stage == ENDED)
        return;
    if (driver->recent_planned + driver->recent.n > 0)
        on_interval(&driver->interval); /* what is left of a second */
    driver->stage = ENDED;
    run->gone = true;
    for (size_t i = 0; i < driver->n; i++) {
        const struct caller *caller = driver->callers[i];
        if (!caller)
            continue;
        run->gone &= !caller->up;
        caller_each_open(caller, count_open, driver);
        run->not_sent += caller->tail - caller->sent;
    }
    if (driver->last_answer > driver->count_from)
        run->until_last_s = (double)(driver->last_answer - driver->count_from) / 1e9;
    close_all(driver);
}

static void give_up(struct driver *driver, enum drive_status status, int error)
{
    if (driver->stage == ENDED)
        return;
    driver->status = status;
    driver->error = error;
    driver->stage = ENDED;
    close_all(driver);
}

static void on_connected(void *context, struct caller *caller, int status)
{
    struct driver *driver = context;
    if (status == 0 && driver->stage == CONNECTING && ++driver->n_up == driver->n + 1)
        start_asking(driver);
    else if (status == 0 && driver->stage == ASKING && driver->order->rate <= 0 && caller->index < driver->n)
        ask_again(driver, caller, driver->settings->depth);
    if (status == 0)
        return;
    if (driver->stage == CONNECTING) {
        give_up(driver, DRIVE_UNREACHABLE, status);
        return;
    }
    if (caller->index < driver->n)
        driver->run->lost_connections++;
}

/* What a lost connection owed counts as unanswered, but with no latency: it would flatter. */
static void on_lost(void *context, const struct asked *asked)
{
    struct driver *driver = context;
    driver->open--;
    if (is_counted(driver, asked->due)) {
        driver->run->lost++;
        driver->run->unanswered++;
    }
}

static void on_stats_lost(void *context, const struct asked *asked)
{
    struct driver *driver = context;
    (void)asked;
    driver->stats_open--;
}

static void on_interrupt(uv_signal_t *interrupt, int number)
{
    struct driver *driver = interrupt->data;
    (void)number;
    driver->run->interrupted = true;
    uint64_t now = uv_hrtime(), since = now - driver->interrupted_at;
    if (driver->interrupted_at != 0 && since < ONE_CTRL_C_NS)
        return;
    driver->interrupted_at = now;
    if (driver->stage == CONNECTING)
        give_up(driver, DRIVE_UNREACHABLE, UV_ECANCELED);
    else if (driver->stage == ASKING)
        stop_asking(driver);
    else
        finish(driver);
}

/* ---- Every second ---- */

static void on_interval(uv_timer_t *timer)
{
    struct driver *driver = timer->data;
    FILE *out = driver->order->progress;
    const struct latencies *recent = &driver->recent;
    /* By the plan: at the end of this second counting may have begun, which is not what its line is of. */
    bool is_warming = driver->intervals * (uint64_t)INTERVAL_MS * 1000000 < driver->settings->warmup_ns;
    if (out) {
        if (driver->intervals % 20 == 0)
            fprintf(out, "%s\n  second   planned  answered   p50 ms   p99 ms   max ms    open  refused    lost\n",
                    driver->order->rate > 0 ? "" : "\n  CLOSED load: what was never asked is not in these latencies");
        fprintf(out, "%8u %9llu %9llu %8.3f %8.3f %8.3f %7llu %8llu %7llu%s%s\n", driver->intervals + 1,
                (unsigned long long)driver->recent_planned, (unsigned long long)recent->n,
                (double)latencies_quantile(recent, 0.5) / 1e6, (double)latencies_quantile(recent, 0.99) / 1e6,
                (double)recent->max_ns / 1e6, (unsigned long long)driver->open,
                (unsigned long long)driver->recent_refused, (unsigned long long)driver->run->lost,
                driver->order->rate > 0 ? "" : "  closed",
                is_warming                    ? "  warm-up"
                : driver->recent_planned == 0 ? "  waiting"
                                              : "");
        fflush(out);
    }
    driver->intervals++;
    latencies_clear(&driver->recent);
    driver->recent_planned = driver->recent_refused = 0;
}

/* ---- Before and after ---- */

static bool make_callers(struct driver *driver)
{
    driver->callers = calloc(driver->n + 1, sizeof(struct caller *));
    driver->read_room = malloc(CALLER_READ_BYTES);
    if (!driver->callers || !driver->read_room)
        return false;
    for (size_t i = 0; i <= driver->n; i++) {
        struct caller *caller = calloc(1, sizeof *caller);
        if (!caller)
            return false;
        caller->hooks = i < driver->n ? &driver->hooks : &driver->control_hooks;
        caller->loop = &driver->loop;
        caller->server = driver->order->server;
        caller->path = driver->settings->address.path;
        caller->index = i;
        caller->n_indices = driver->n + 1;
        caller->read_room = driver->read_room;
        driver->callers[i] = caller;
    }
    return true;
}

static bool make_handles(struct driver *driver)
{
    uv_loop_init(&driver->loop);
    driver->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); /* which uv_hrtime reads too */
    uv_prepare_init(&driver->loop, &driver->prepare);
    uv_timer_init(&driver->loop, &driver->interval);
    uv_timer_init(&driver->loop, &driver->begin);
    uv_timer_init(&driver->loop, &driver->end);
    uv_signal_init(&driver->loop, &driver->interrupt);
    driver->prepare.data = driver->interval.data = driver->begin.data = driver->end.data = driver;
    driver->interrupt.data = driver->alarm_poll.data = driver;
    if (driver->alarm < 0 || uv_poll_init(&driver->loop, &driver->alarm_poll, driver->alarm) != 0)
        return false;
    uv_prepare_start(&driver->prepare, on_prepare);
    uv_signal_start(&driver->interrupt, on_interrupt, SIGINT);
    return true;
}

static void start_callers(struct driver *driver)
{
    for (size_t i = 0; i <= driver->n && driver->stage == CONNECTING; i++)
        caller_start(driver->callers[i]);
}

enum drive_status drive(const struct drive_order *order, struct run *run, int *error)
{
    struct driver *driver = calloc(1, sizeof *driver);
    if (!driver)
        return DRIVE_MEMORY;
    const struct answers before = *order->answers;
    driver->order = order;
    driver->settings = order->settings;
    driver->run = run;
    run->rate = order->rate;
    driver->n = order->settings->connections;
    driver->hooks = (struct caller_hooks){.context = driver,
                                          .encode = encode,
                                          .read = on_read,
                                          .answered = on_answer,
                                          .stray = on_stray,
                                          .wrong = on_wrong,
                                          .written = on_written,
                                          .connected = on_connected,
                                          .lost = on_lost};
    driver->control_hooks = (struct caller_hooks){.context = driver,
                                                  .encode = encode_stats,
                                                  .answered = on_stats,
                                                  .connected = on_connected,
                                                  .lost = on_stats_lost};
    bool made = make_callers(driver) && make_handles(driver);
    if (made) {
        start_callers(driver);
        uv_run(&driver->loop, UV_RUN_DEFAULT);
        uv_loop_close(&driver->loop);
        close(driver->alarm);
    }
    for (size_t i = 0; driver->callers && i <= driver->n; i++) {
        if (driver->callers[i])
            caller_fini(driver->callers[i]);
        free(driver->callers[i]);
    }
    enum drive_status status = made ? driver->status : DRIVE_MEMORY;
    *error = driver->error;
    free((void *)driver->callers);
    free(driver->read_room);
    free(driver);
    run->compared = order->answers->compared - before.compared;
    run->unknown = order->answers->unknown - before.unknown;
    run->wrong = order->answers->wrong - before.wrong;
    buf_put(&run->why_wrong, order->answers->why.at, order->answers->why.len);
    return status;
}
