/*
 * wellmatch-bench: puts a running service under a planned load and tells what its users would have seen.
 *
 * In reading order: settings.c (what is asked for), survey.c (what the service has to ask about), questions.c,
 * drive.c (the load itself, on connections of caller.c, answers judged by answers.c), run.c and report_*.c.
 */
#include "compare.h"
#include "drive.h"
#include "report.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

enum exit_code {
    EXIT_DONE = 0,
    EXIT_INTERNAL = 1,
    EXIT_INPUT = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_WRONG = 7, /* a wrong answer came */
    EXIT_WORSE = 8,
    EXIT_INTERRUPTED = 130
};

struct bench {
    struct settings settings;
    struct survey survey;
    struct questions questions;
    struct answers answers;
    struct addrinfo *found; /* NULL: a unix socket */
    struct report report;
    FILE *text; /* where people read */
};

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("wellmatch-bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* Writes the buffer and empties it; false: it could not be made or written. */
static bool flush_to(FILE *file, struct buf *buf)
{
    bool written = !buf->failed && (buf->len == 0 || fwrite(buf->at, buf->len, 1, file) == 1) && fflush(file) == 0;
    buf_clear(buf);
    return written;
}

static bool write_file(const char *path, void (*put)(const struct report *report, struct buf *out),
                       const struct report *report)
{
    struct buf out;
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdout : fopen(path, "w");
    if (!file) {
        complain("cannot write %s: %s", path, strerror(errno));
        return false;
    }
    buf_init(&out, REPORT_BYTES_MAX);
    put(report, &out);
    bool written = flush_to(file, &out);
    if (!standard)
        written = fclose(file) == 0 && written;
    buf_fini(&out);
    if (!written)
        complain("cannot write %s", path);
    return written;
}

/* Asked before the load, which may take an hour. What is there stays as it is until there is something to write. */
static bool can_write(const char *path)
{
    if (!path || strcmp(path, "-") == 0)
        return true;
    bool is_there = access(path, F_OK) == 0;
    FILE *file = fopen(path, "a");
    if (!file) {
        complain("cannot write %s: %s", path, strerror(errno));
        return false;
    }
    fclose(file);
    if (!is_there)
        remove(path);
    return true;
}

/* ---- One run, many runs, a search ---- */

/* Runs once at `rate` and puts the run into *out, also after a wrong answer. */
static enum exit_code run_once(struct bench *bench, double rate, struct run **out)
{
    struct drive_order order = {
        &bench->settings, rate, &bench->questions, &bench->answers, bench->found ? bench->found->ai_addr : NULL,
        bench->text};
    int error = 0;
    if (!run_new(out)) {
        complain("there is not enough memory");
        return EXIT_INTERNAL;
    }
    enum drive_status status = drive(&order, *out, &error);
    if (status == DRIVE_OK)
        return EXIT_DONE;
    bool interrupted = (*out)->interrupted;
    run_free(*out);
    *out = NULL;
    if (interrupted)
        return EXIT_INTERRUPTED;
    complain(status == DRIVE_MEMORY ? "there is not enough memory" : "the service cannot be reached: %s",
             uv_strerror(error));
    return status == DRIVE_MEMORY ? EXIT_INTERNAL : EXIT_UNREACHABLE;
}

static enum exit_code verdict(const struct run *run)
{
    return run->wrong > 0 ? EXIT_WRONG : run->interrupted ? EXIT_INTERRUPTED : run->gone ? EXIT_UNREACHABLE : EXIT_DONE;
}

static enum exit_code run_all(struct bench *bench, struct buf *out)
{
    enum exit_code code = EXIT_DONE;
    struct report *report = &bench->report;
    for (unsigned i = 0; i < bench->settings.runs && code == EXIT_DONE; i++) {
        struct run *run;
        if (bench->settings.runs > 1)
            fprintf(bench->text, "\nRun %u of %u\n", i + 1, bench->settings.runs);
        code = run_once(bench, bench->settings.rate, &run);
        if (!run)
            break;
        report->runs[report->n_runs++] = run;
        report_put_run(report, run, out);
        flush_to(bench->text, out);
        code = verdict(run);
    }
    return code;
}

/* Keeps the run of the highest rate that kept the goal; the first one when none has. */
static void keep_best(struct report *report, struct run *run, bool kept)
{
    if (report->n_runs == 1 && !kept && run->wrong == 0) {
        run_free(run);
        return;
    }
    if (report->n_runs == 1)
        run_free(report->runs[0]);
    report->runs[0] = run;
    report->n_runs = 1;
}

static enum exit_code search_rate(struct bench *bench, struct buf *out)
{
    struct report *report = &bench->report;
    const struct goal *goal = &bench->settings.goal;
    FILE *text = bench->text;
    enum exit_code code = EXIT_DONE;
    for (double rate; code == EXIT_DONE && (rate = search_next(&report->search, bench->settings.rate)) > 0;) {
        struct run *run;
        struct latencies all;
        char why[120];
        bench->text = NULL; /* a line a step is enough */
        code = run_once(bench, rate, &run);
        bench->text = text;
        if (!run)
            break;
        code = verdict(run);
        run_latencies(run, &all);
        bool kept = code == EXIT_DONE && run_keeps(run, goal->share, goal->under_ns);
        bool limited = run_bottleneck(run, why, sizeof why) != NULL;
        report->steps[report->search.n_steps] =
            (struct search_step){rate, run_achieved(run), latencies_quantile(&all, goal->share), kept, limited};
        search_learn(&report->search, rate, kept, limited);
        report_put_step(report, report->search.n_steps - 1, out);
        flush_to(text, out);
        keep_best(report, run, kept);
    }
    if (report->n_runs > 0) {
        report_put_search(report, out);
        report_put_run(report, report->runs[0], out);
        flush_to(text, out);
    }
    return code;
}

/* ---- Before and after ---- */

static enum exit_code find_server(struct bench *bench)
{
    const struct address *address = &bench->settings.address;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char port[16];
    if (address->local)
        return EXIT_DONE;
    snprintf(port, sizeof port, "%u", address->port);
    int failed = getaddrinfo(address->host, port, &hints, &bench->found);
    if (!failed)
        return EXIT_DONE;
    bench->found = NULL;
    complain("the host %s is not known: %s", address->host, gai_strerror(failed));
    return EXIT_UNREACHABLE;
}

/* Connections need descriptors; the soft limit may be below what is allowed. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum exit_code prepare(struct bench *bench)
{
    char error[LINK_ERROR_CAP];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    bench->report = (struct report){.settings = &bench->settings, .survey = &bench->survey, .started = now.tv_sec};
    answers_init(&bench->answers);
    raise_descriptors();
    enum link_status status = survey_make(&bench->survey, &bench->settings, error);
    if (status != LINK_OK) {
        complain("%s", error);
        return status == LINK_UNREACHABLE ? EXIT_UNREACHABLE : status == LINK_INPUT ? EXIT_INPUT : EXIT_INTERNAL;
    }
    /* Questions that nobody asked before, in an earlier run neither: numbered from the microseconds of the clock. */
    uint64_t fresh = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    if (!questions_init(&bench->questions, &bench->settings, &bench->survey.posts, &bench->survey.leaders,
                        fresh % UINT64_C(100000000000) + 1)) {
        complain("there is not enough memory");
        return EXIT_INTERNAL;
    }
    return find_server(bench);
}

static void release(struct bench *bench)
{
    for (size_t i = 0; i < bench->report.n_runs; i++)
        run_free(bench->report.runs[i]);
    questions_fini(&bench->questions);
    answers_fini(&bench->answers);
    survey_free(&bench->survey);
    if (bench->found)
        freeaddrinfo(bench->found);
}

static enum exit_code load(struct bench *bench)
{
    struct buf out;
    const struct settings *settings = &bench->settings;
    bool standard = (settings->json_path && strcmp(settings->json_path, "-") == 0) ||
                    (settings->hgrm_path && strcmp(settings->hgrm_path, "-") == 0);
    bench->text = standard ? stderr : stdout;
    if (!can_write(settings->json_path) || !can_write(settings->hgrm_path))
        return EXIT_INPUT;
    enum exit_code code = prepare(bench);
    if (code == EXIT_DONE) {
        buf_init(&out, REPORT_BYTES_MAX);
        report_put_head(&bench->report, &out);
        flush_to(bench->text, &out);
        code = settings->find_max ? search_rate(bench, &out) : run_all(bench, &out);
        buf_fini(&out);
    }
    if (bench->report.n_runs > 0) {
        bool written = (!settings->json_path || write_file(settings->json_path, report_put_json, &bench->report)) &&
                       (!settings->hgrm_path || write_file(settings->hgrm_path, report_put_hgrm, &bench->report));
        code = written || code != EXIT_DONE ? code : EXIT_INTERNAL;
    }
    release(bench);
    return code;
}

static enum exit_code compare(const struct settings *settings)
{
    struct buf out;
    char error[COMPARE_ERROR_CAP];
    bool worse;
    buf_init(&out, REPORT_BYTES_MAX);
    enum exit_code code = EXIT_INPUT;
    if (!compare_files(settings->files[0], settings->files[1], settings->threshold, &out, &worse, error))
        complain("%s", error);
    else
        code = !flush_to(stdout, &out) ? EXIT_INTERNAL : worse ? EXIT_WORSE : EXIT_DONE;
    buf_fini(&out);
    return code;
}

static enum exit_code help(void)
{
    struct buf out;
    buf_init(&out, REPORT_BYTES_MAX);
    settings_help(&out);
    bool written = flush_to(stdout, &out);
    buf_fini(&out);
    return written ? EXIT_DONE : EXIT_INTERNAL;
}

int main(int argc, char *argv[])
{
    static struct bench bench;
    char error[SETTINGS_ERROR_CAP];
    signal(SIGPIPE, SIG_IGN);
    if (!settings_read(argc, argv, &bench.settings, error)) {
        complain("%s", error);
        return EXIT_INPUT;
    }
    switch (bench.settings.command) {
    case LOAD_HELP:
        return help();
    case LOAD_VERSION:
        puts("wellmatch-bench " WM_VERSION);
        return EXIT_DONE;
    case LOAD_COMPARE:
        return compare(&bench.settings);
    case LOAD_RUN:
        break;
    }
    return load(&bench);
}
