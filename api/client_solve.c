/*
 * An explicit problem, solved or checked here. The engine knows no clock, no thread and no file: all three are given to
 * it from here.
 */
#include "client_solve.h"

#include "client_progress.h"
#include "client_solution.h"
#include "workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FAULTS_KEPT = 1000, TELL_MS = 100 };

#define FILE_BYTES_MAX ((size_t)4 << 30)

struct solving {
    int64_t start_ns, limit_ns; /* limit below 0: none */
    int64_t told_ns;
    struct progress_line line;
    const volatile sig_atomic_t *interrupted;
    struct workers *workers;
};

static enum exit_code solve(struct client *client, const struct wm_problem *problem, int64_t start_ns);
static enum exit_code check(struct client *client, const struct wm_problem *problem, const char *path);

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static enum exit_code refuse(const char *path, int status)
{
    client_complain("%s: %s", path, wm_error_text(status));
    return status == WM_EMEMORY ? EXIT_INTERNAL : EXIT_INPUT;
}

static enum exit_code tell_faults(const struct wm_faults *faults)
{
    struct buf lines;
    buf_init(&lines, OUTPUT_MAX_BYTES);
    client_list_faults(faults, FAULTS_KEPT, &lines);
    client_write(&lines, STDERR_FILENO);
    buf_fini(&lines);
    return EXIT_INPUT;
}

/* The problem in the file; NULL when it has been told what is wrong. */
static struct wm_problem *read_problem(const char *path, enum exit_code *code)
{
    struct wm_faults *faults = NULL;
    struct wm_problem *problem = NULL;
    struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    *code = client_read_file(path, &text) ? EXIT_DONE : text.starved ? EXIT_INTERNAL : EXIT_INPUT;
    if (*code == EXIT_DONE) {
        int status = wm_faults_new(FAULTS_KEPT, &faults);
        if (!status)
            status = wm_problem_parse(path, text.at ? text.at : "", text.len, faults, &problem);
        if (status)
            *code = status == WM_EDATA ? tell_faults(faults) : refuse(path, status);
    }
    wm_faults_free(faults);
    buf_fini(&text);
    return problem;
}

enum exit_code run_solve(struct client *client)
{
    const char *plan = options_value(&client->options, OPTION_check);
    int64_t start_ns = now_ns();
    enum exit_code code;
    struct wm_problem *problem = read_problem(client->options.words[1], &code);
    if (problem)
        code = plan ? check(client, problem, plan) : solve(client, problem, start_ns);
    wm_problem_free(problem);
    return code;
}

/* ---- Solving ---- */

static bool on_stop(void *arg)
{
    const struct solving *solving = arg;
    return *solving->interrupted || (solving->limit_ns >= 0 && now_ns() - solving->start_ns >= solving->limit_ns);
}

static void on_progress(void *arg, const struct wm_progress *progress)
{
    struct solving *solving = arg;
    int64_t now = now_ns();
    if (now - solving->told_ns < TELL_MS * INT64_C(1000000))
        return;
    solving->told_ns = now;
    struct progress_state state = {.found = progress->found,
                                   .bounded = progress->found,
                                   .value = progress->value,
                                   .bound = progress->bound,
                                   .gap = progress->gap,
                                   .nodes = progress->nodes,
                                   .elapsed_ms = (now - solving->start_ns) / 1000000};
    snprintf(state.phase, sizeof state.phase, "%s", progress->phase);
    progress_tell(&solving->line, &state);
}

static void on_parallel(void *arg, size_t n, void (*part)(void *context, size_t i), void *context)
{
    const struct solving *solving = arg;
    workers_run(solving->workers, n, part, context);
}

/* The time that was given counts from before the file was read, the time that is told does not. */
static enum exit_code solve(struct client *client, const struct wm_problem *problem, int64_t start_ns)
{
    const struct options *given = &client->options;
    int64_t limit_ms = options_milliseconds(given, OPTION_time_limit, -1);
    int64_t read_ns = now_ns();
    struct solving solving = {.start_ns = start_ns,
                              .limit_ns = limit_ms < 0 ? -1 : limit_ms * 1000000,
                              .interrupted = client_catch_interrupt()};
    struct wm_solve_options options = {options_number(given, OPTION_gap, 0), on_stop, on_progress, on_parallel,
                                       &solving};
    struct wm_solution *plan;
    solving.told_ns = solving.start_ns;
    progress_start(&solving.line);
    if (workers_new(workers_processors(), 0, &solving.workers))
        solving.workers = NULL; /* alone then: the answer is the same */
    int status = wm_solve(problem, &options, &plan);
    int64_t took_ns = now_ns() - read_ns;
    workers_free(solving.workers);
    progress_end(&solving.line);
    if (status) {
        client_complain("%s: %s", given->words[1], wm_error_text(status));
        return status == WM_EARGUMENT ? EXIT_INPUT : EXIT_INTERNAL;
    }
    (client->json ? solution_put_json : solution_put_text)(&client->out, problem, plan, took_ns);
    enum exit_code code = plan->status == WM_PLAN_INFEASIBLE ? EXIT_INFEASIBLE
                          : plan->status == WM_PLAN_DEADLINE ? EXIT_DEADLINE
                                                             : EXIT_DONE;
    wm_solution_free(plan);
    return code;
}

/* ---- Checking ---- */

static enum exit_code judge(struct client *client, const struct wm_problem *problem, const char *path, int64_t *choices,
                            double *prices)
{
    struct buf text;
    struct wm_solution_verdict verdict;
    size_t offset;
    const char *reason;
    char error[SOLUTION_ERROR_CAP];
    enum exit_code code = EXIT_INPUT;
    buf_init(&text, FILE_BYTES_MAX);
    if (client_read_file(path, &text)) {
        struct slice plan = {text.at ? text.at : "", text.len};
        if (json_check(plan.at, plan.len, &offset, &reason) != JSON_OK)
            client_complain("%s: not JSON: at byte %zu, %s", path, offset, reason);
        else if (!solution_read(problem, plan, choices, prices, error))
            client_complain("%s: %s", path, error);
        else if (wm_solution_verify(problem, choices, prices, &verdict) != WM_OK)
            code = refuse(path, WM_EMEMORY);
        else if (solution_put_verdict(&client->out, client->json, problem, plan, &verdict))
            code = EXIT_DONE;
    }
    buf_fini(&text);
    return code;
}

static enum exit_code check(struct client *client, const struct wm_problem *problem, const char *path)
{
    int64_t *choices = calloc(wm_problem_groups(problem) + 1, sizeof *choices);
    double *prices = calloc(wm_problem_resources(problem) + 1, sizeof *prices);
    enum exit_code code = choices && prices ? judge(client, problem, path, choices, prices) : refuse(path, WM_EMEMORY);
    free(prices);
    free(choices);
    return code;
}
