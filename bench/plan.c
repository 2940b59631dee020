/*
 * Plans in this process, timed: the whole of it, phase by phase, again after one change, and the prices against
 * solving again.
 *
 *   plan make DIR [OPTIONS]     one plan
 *   plan warm DIR [OPTIONS]     a plan, then after each of a few single changes: from scratch, and from the plan
 *   plan worth DIR [OPTIONS]    every price that wm_plan_explain backs, against a new solve with that much more
 *   plan write DIR FILE         the problem in full, for other solvers
 *     -j N   threads (1)   -g GAP (0)   -s SECONDS at most, of wall time (600)   -n N prices for `worth` (10)
 *
 * Prints JSON. Times are of this process's processor, all threads together, beside wall time; memory is the peak since
 * the start, which includes the dataset. A phase's time is what passed up to each report of progress that names it.
 */
#include "stopwatch.h"
#include "threads.h"
#include "wellmatch_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PHASES_MAX = 16 };

struct watch {
    size_t threads; /* first: run_parts reads it */
    double deadline;
    struct stopwatch last;
    size_t n_phases;
    struct {
        const char *name;
        double cpu;
        size_t reports;
    } phases[PHASES_MAX];
};

struct setting {
    struct wm_dataset *dataset;
    double gap, seconds;
    size_t threads, n_prices;
};

static void die(const char *what)
{
    fprintf(stderr, "plan: %s\n", what);
    exit(1);
}

/* ---- One solve ---- */

static bool stop_at_deadline(void *arg)
{
    return seconds_of(CLOCK_MONOTONIC) > ((const struct watch *)arg)->deadline;
}

static void note_phase(struct watch *watch, const char *name)
{
    double cpu = stopwatch_since(watch->last).cpu;
    size_t i = 0;
    while (i < watch->n_phases && strcmp(watch->phases[i].name, name) != 0)
        i++;
    if (i == PHASES_MAX)
        return;
    if (i == watch->n_phases)
        watch->phases[watch->n_phases++].name = name;
    watch->phases[i].cpu += cpu;
    watch->phases[i].reports++;
    watch->last = stopwatch_now();
}

static void on_progress(void *arg, const struct wm_progress *progress)
{
    note_phase(arg, progress->phase);
}

static double peak_mib(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)used.ru_maxrss / 1024;
}

static struct watch watch_new(const struct setting *setting)
{
    return (struct watch){.threads = setting->threads,
                          .deadline = seconds_of(CLOCK_MONOTONIC) + setting->seconds,
                          .last = stopwatch_now()};
}

static struct wm_solve_options options_of(const struct setting *setting, struct watch *watch)
{
    return (struct wm_solve_options){.gap = setting->gap,
                                     .stop = stop_at_deadline,
                                     .progress = on_progress,
                                     .parallel = setting->threads > 1 ? run_parts : NULL,
                                     .arg = watch};
}

static struct wm_plan *solve(const struct setting *setting, const struct wm_plan_request *request, struct watch *watch,
                             struct stopwatch *taken)
{
    struct wm_plan *plan;
    *watch = watch_new(setting);
    struct wm_solve_options options = options_of(setting, watch);
    struct stopwatch start = stopwatch_now();
    int code = wm_plan_make(setting->dataset, request, &options, &plan);
    *taken = stopwatch_since(start);
    if (code != WM_OK)
        die(wm_error_text(code));
    note_phase(watch, "the rest"); /* from the last report to the end: the check, above all */
    return plan;
}

static void print_plan(const struct wm_plan *plan, struct stopwatch taken)
{
    printf("\"status\": \"%s\", \"value\": %.9f, \"bound\": %.9f, \"gap\": %.3g, \"cpu\": %.4f, \"wall\": %.4f, "
           "\"placements\": %zu, \"nodes\": %zu",
           wm_plan_status_name(plan->status), (double)plan->value_nano * 1e-9, (double)plan->bound_nano * 1e-9,
           plan->gap, taken.cpu, taken.wall, plan->n_placements, plan->nodes);
}

/* ---- make ---- */

static void run_make(const struct setting *setting)
{
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    struct watch watch;
    struct stopwatch taken;
    double before = peak_mib();
    struct wm_plan *plan = solve(setting, &request, &watch, &taken);
    printf("{");
    print_plan(plan, taken);
    printf(
        ", \"posts\": %zu, \"leaders\": %zu, \"eligible_pairs\": %zu, \"options_priced\": %zu, \"dataset_mib\": %.1f, "
        "\"peak_mib\": %.1f, \"phases\": {",
        wm_table_rows(setting->dataset, WM_POSTS), wm_table_rows(setting->dataset, WM_LEADERS), plan->eligible_pairs,
        plan->options_priced, before, peak_mib());
    for (size_t i = 0; i < watch.n_phases; i++)
        printf("%s\"%s\": {\"cpu\": %.4f, \"reports\": %zu}", i ? ", " : "", watch.phases[i].name, watch.phases[i].cpu,
               watch.phases[i].reports);
    printf("}}\n");
    wm_plan_free(plan);
}

/* ---- warm ---- */

struct change {
    const char *name;
    struct wm_limit_change limit;
    bool leaves; /* instead of the limit: the leader placed in the middle of the plan is gone */
};

/* The resource of this kind with the highest price. */
static uint32_t dearest(const struct wm_dataset *dataset, const struct wm_plan *plan, enum wm_resource_kind kind)
{
    uint32_t best = 0;
    int64_t highest = -1;
    for (size_t r = 0; r < plan->n_resources; r++) {
        size_t row;
        if (wm_resource_at(dataset, r, &row) == kind && plan->prices_femto[r] > highest) {
            highest = plan->prices_femto[r];
            best = (uint32_t)row;
        }
    }
    return best;
}

static size_t placements_that_move(const struct wm_plan *a, const struct wm_plan *b)
{
    struct wm_move *moves = calloc(a->n_placements + b->n_placements + 1, sizeof *moves);
    if (!moves)
        die("no memory");
    size_t n = wm_plan_compare(a->placements, a->n_placements, b->placements, b->n_placements, moves);
    free(moves);
    return n;
}

static void print_change(const struct setting *setting, const struct wm_plan *first, double first_cpu,
                         const struct change *change)
{
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    struct watch watch;
    struct stopwatch cold, warm;
    if (change->leaves) {
        request.without_leaders = &first->placements[first->n_placements / 2].leader;
        request.n_without_leaders = 1;
    } else {
        request.limits = &change->limit;
        request.n_limits = 1;
    }
    struct wm_plan *anew = solve(setting, &request, &watch, &cold);
    request.base = first->placements;
    request.n_base = first->n_placements;
    request.start_femto = first->prices_femto;
    request.start_packages = first->package_prices;
    request.n_start_packages = first->n_package_prices;
    struct wm_plan *again = solve(setting, &request, &watch, &warm);
    size_t moved = placements_that_move(first, again), moved_anew = placements_that_move(first, anew);
    printf("{\"change\": \"%s\", \"first_cpu\": %.4f, \"moved\": %zu, \"share_moved\": %.5f, \"cold_moved\": %zu, "
           "\"ratio\": %.4f, \"cold\": {",
           change->name, first_cpu, moved, (double)moved / (double)(first->n_placements ? first->n_placements : 1),
           moved_anew, warm.cpu / cold.cpu);
    print_plan(anew, cold);
    printf("}, \"warm\": {");
    print_plan(again, warm);
    printf("}}");
    wm_plan_free(anew);
    wm_plan_free(again);
}

static void run_warm(const struct setting *setting)
{
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    struct watch watch;
    struct stopwatch taken;
    struct wm_plan *first = solve(setting, &request, &watch, &taken);
    if (first->n_placements == 0)
        die("the plan places nobody");
    struct wm_limit_change hours = {WM_RESOURCE_MENTOR, dearest(setting->dataset, first, WM_RESOURCE_MENTOR), true, 20};
    struct wm_limit_change money = {WM_RESOURCE_BUDGET, dearest(setting->dataset, first, WM_RESOURCE_BUDGET), true,
                                    100000};
    const struct change changes[] = {{"20 mentor hours more", hours, false},
                                     {"GBP 100,000 more", money, false},
                                     {"a placed leader leaves", {0}, true}};
    printf("[");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        printf("%s", i ? ",\n " : "");
        print_change(setting, first, taken.cpu, &changes[i]);
    }
    printf("]\n");
    wm_plan_free(first);
}

/* ---- worth ---- */

/* The rise that `step` more of the resource brings, solved from scratch: between what both gaps allow. */
static void print_worth(const struct setting *setting, const struct wm_plan *plan, const struct wm_worth *worth)
{
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    struct watch watch;
    struct stopwatch taken;
    size_t row;
    enum wm_resource_kind kind = wm_resource_at(setting->dataset, worth->resource, &row);
    struct wm_limit_change more = {kind, (uint32_t)row, true, worth->step};
    request.limits = &more;
    request.n_limits = 1;
    struct wm_plan *again = solve(setting, &request, &watch, &taken);
    int64_t least = again->value_nano - plan->bound_nano, most = again->bound_nano - plan->value_nano;
    double slope = (double)worth->price_femto * 1e-15 * (double)worth->step;
    printf("{\"kind\": \"%s\", \"row\": %zu, \"step\": %" PRId64 ", \"slope\": %.9f, \"least\": %.9f, \"most\": %.9f, "
           "\"resolved\": %s, \"resolved_value\": %.9f, \"seen_least\": %.9f, \"seen_most\": %.9f, \"inside\": %s}",
           wm_resource_kind_name(kind), row, worth->step, slope, (double)worth->least_nano * 1e-9,
           (double)worth->most_nano * 1e-9, worth->resolved ? "true" : "false", (double)worth->resolved_nano * 1e-9,
           (double)least * 1e-9, (double)most * 1e-9,
           most >= worth->least_nano && least <= worth->most_nano ? "true" : "false");
    wm_plan_free(again);
}

static void run_worth(const struct setting *setting)
{
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    struct watch watch;
    struct stopwatch taken;
    struct wm_plan *plan = solve(setting, &request, &watch, &taken);
    struct wm_plan_report *report;
    watch = watch_new(setting);
    struct wm_solve_options options = options_of(setting, &watch);
    struct stopwatch start = stopwatch_now();
    int code = wm_plan_explain(setting->dataset, &request, plan, setting->n_prices, &options, &report);
    struct stopwatch explained = stopwatch_since(start);
    if (code != WM_OK)
        die(wm_error_text(code));
    printf("{\"plan_cpu\": %.4f, \"explain_cpu\": %.4f, \"gap\": %.3g, \"priced\": %zu, \"prices\": [\n ", taken.cpu,
           explained.cpu, plan->gap, report->n_worth);
    for (size_t i = 0; i < report->n_worth && i < setting->n_prices; i++) {
        printf("%s", i ? ",\n " : "");
        print_worth(setting, plan, &report->worth[i]);
    }
    printf("]}\n");
    wm_plan_report_free(report);
    wm_plan_free(plan);
}

/* ---- write ---- */

static bool put(void *file, const char *bytes, size_t len)
{
    return fwrite(bytes, 1, len, file) == len;
}

static void run_write(const struct setting *setting, const char *path)
{
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    struct wm_problem *problem;
    FILE *file = fopen(path, "w");
    int code = wm_plan_problem(setting->dataset, &request, &problem);
    if (code != WM_OK || !file)
        die(code != WM_OK ? wm_error_text(code) : path);
    wm_problem_write(problem, put, file);
    if (fclose(file) != 0)
        die(path);
    printf("{\"groups\": %zu, \"options\": %zu, \"resources\": %zu}\n", wm_problem_groups(problem),
           wm_problem_options(problem), wm_problem_resources(problem));
    wm_problem_free(problem);
}

int main(int argc, char *argv[])
{
    struct setting setting = {.gap = 0, .seconds = 600, .threads = 1, .n_prices = 10};
    int option;
    while ((option = getopt(argc, argv, "j:g:s:n:")) != -1) {
        if (option == 'j')
            setting.threads = strtoul(optarg, NULL, 10);
        else if (option == 'g')
            setting.gap = strtod(optarg, NULL);
        else if (option == 's')
            setting.seconds = strtod(optarg, NULL);
        else if (option == 'n')
            setting.n_prices = strtoul(optarg, NULL, 10);
        else
            return 2;
    }
    if (argc - optind < 2 || setting.threads < 1 || setting.threads > THREADS_MAX)
        die("usage: plan make|warm|worth DIR, plan write DIR FILE; -j 1 to 64 threads -g GAP -s SECONDS -n PRICES");
    const char *what = argv[optind];
    int code = wm_dataset_load(argv[optind + 1], NULL, &setting.dataset);
    if (code != WM_OK)
        die(wm_error_text(code));
    if (strcmp(what, "make") == 0)
        run_make(&setting);
    else if (strcmp(what, "warm") == 0)
        run_warm(&setting);
    else if (strcmp(what, "worth") == 0)
        run_worth(&setting);
    else if (strcmp(what, "write") == 0 && argc - optind == 3)
        run_write(&setting, argv[optind + 2]);
    else
        die("expected make, warm, worth or write");
    wm_dataset_unref(setting.dataset);
    return 0;
}
