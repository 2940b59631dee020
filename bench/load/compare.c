/*
 * Runs differ from each other without any change, so medians alone say little: Mann and Whitney's test (rank.c) tells how
 * likely ranks this uneven would be by chance. Below 5% a difference counts; else it is written as ~. Ten figures are
 * tested, so that without any change one in every two comparisons shows one of them by chance: look at its size.
 */
#include "compare.h"

#include "client_table.h"
#include "rank.h"
#include "report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define P_SIGNIFICANT 0.05

enum { RUNS_LEAST = 4 /* on both sides: 3 and 3 cannot be significant, whatever they are */ };

/* Where a figure stands in a run; with `is_time` less is better, and it is written in its unit. */
static const struct figure {
    const char *title, *object, *member;
    bool more_is_better;
} figures[] = {
    {"p50 us", "latency_us", "p50", false},
    {"p75 us", "latency_us", "p75", false},
    {"p90 us", "latency_us", "p90", false},
    {"p99 us", "latency_us", "p99", false},
    {"p99.9 us", "latency_us", "p99.9", false},
    {"p99.99 us", "latency_us", "p99.99", false},
    {"max us", "latency_us", "max", false},
    {"answered/s", NULL, "achieved_rate", true},
    {"service CPU us/request", "service", "cpu_us_per_request", false},
    {"refused", NULL, "refused", false},
};

struct side {
    const char *path;
    json_t *root;
    const json_t *runs;
};

static bool open_side(struct side *side, const char *path, char *error)
{
    json_error_t where;
    side->path = path;
    side->root = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    side->runs = json_object_get(side->root, "runs");
    if (!side->root) {
        snprintf(error, COMPARE_ERROR_CAP, "%.120s: %.150s", path, where.text);
        return false;
    }
    size_t n = json_array_size(side->runs);
    if (json_integer_value(json_object_get(side->root, "wellmatch_bench")) == REPORT_FORMAT && n >= 1 &&
        n <= RANK_VALUES_MAX)
        return true;
    snprintf(error, COMPARE_ERROR_CAP, "%.200s is no result that 'wellmatch-bench --json' wrote", path);
    return false;
}

/* The figure of every run; 0: not all have it. */
static size_t values_of(const struct side *side, const struct figure *figure, double values[RANK_VALUES_MAX])
{
    size_t i;
    json_t *run;
    json_array_foreach (side->runs, i, run) {
        const json_t *object = figure->object ? json_object_get(run, figure->object) : run;
        const json_t *value = json_object_get(object, figure->member);
        if (!json_is_number(value))
            return 0;
        values[i] = json_number_value(value);
    }
    return json_array_size(side->runs);
}

static void put_number(struct table *table, double value)
{
    char text[40];
    snprintf(text, sizeof text, value >= 1000 ? "%.0f" : "%.4g", value);
    table_cell(table, STYLE_PLAIN, text);
}

/* A row; true: it is significantly worse by more than the threshold. */
static bool put_figure(struct table *table, const struct figure *figure, const struct side sides[2], double threshold)
{
    double a[RANK_VALUES_MAX], b[RANK_VALUES_MAX], u;
    char text[60];
    size_t n_a = values_of(&sides[0], figure, a), n_b = values_of(&sides[1], figure, b);
    if (n_a == 0 || n_b == 0)
        return false;
    double p = rank_test(a, n_a, b, n_b, &u), before = rank_median(a, n_a), after = rank_median(b, n_b);
    double change = before > 0 ? after / before - 1 : after > 0 ? 1 : 0;
    bool significant = p < P_SIGNIFICANT, worse = figure->more_is_better ? change < 0 : change > 0;
    bool too_much = significant && worse && (change < 0 ? -change : change) > threshold;
    table_cell(table, STYLE_PLAIN, figure->title);
    put_number(table, before);
    put_number(table, after);
    snprintf(text, sizeof text, significant ? "%+.1f%%" : "~", change * 100);
    table_cell(table, STYLE_PLAIN, text);
    snprintf(text, sizeof text, "p=%.3f n=%zu+%zu", p, n_a, n_b);
    table_cell(table, STYLE_PLAIN, text);
    table_cell(table, STYLE_PLAIN, too_much ? "WORSE" : !significant || change == 0 ? "" : worse ? "worse" : "better");
    return too_much;
}

/* What both sides should have in common, and what it is called where they have not. */
static const struct common {
    const char *object, *called, *members[13];
} commons[] = {
    {"config",
     "load",
     {"loop", "transport", "rate", "arrivals", "connections", "pipeline", "duration_s", "warmup_s", "mix", "distinct",
      "limit", "find_max"}},
    {"service", "data", {"dataset", "policy"}},
    {"machine", "machine", {"processor", "processors"}},
};

static void put_difference(const struct common *common, const char *member, const struct side sides[2], struct buf *out)
{
    const json_t *p = json_object_get(json_object_get(sides[0].root, common->object), member),
                 *q = json_object_get(json_object_get(sides[1].root, common->object), member);
    if (p == q || (p && q && json_equal(p, q)))
        return;
    char *before = json_dumps(p, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9)),
         *after = json_dumps(q, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    buf_format(out, "  CAUTION: not the same %s: %s was %s and is %s\n", common->called, member,
               before ? before : "nothing", after ? after : "nothing");
    free(before);
    free(after);
}

static void put_differences(const struct side sides[2], struct buf *out)
{
    for (size_t i = 0; i < sizeof commons / sizeof *commons; i++)
        for (const char *const *member = commons[i].members; *member; member++)
            put_difference(&commons[i], *member, sides, out);
}

static void put_side(const struct side *side, struct buf *out)
{
    const json_t *service = json_object_get(side->root, "service");
    const char *version = json_string_value(json_object_get(service, "version"));
    const char *loop = json_string_value(json_object_get(side->root, "loop"));
    size_t i, limited = 0;
    json_t *run;
    json_array_foreach (side->runs, i, run)
        limited += json_is_true(json_object_get(json_object_get(run, "client"), "bottleneck"));
    buf_format(out, "  %s: %s, %zu run%s, service %s\n", side->path,
               loop && strcmp(loop, "closed") == 0 ? "CLOSED load" : "open load", i, i == 1 ? "" : "s",
               version ? version : "unknown");
    if (limited > 0)
        buf_format(out, "  CAUTION: in %zu of them the client was the bottleneck, not the service\n", limited);
}

bool compare_files(const char *before, const char *after, double threshold, struct buf *out, bool *worse,
                   char error[COMPARE_ERROR_CAP])
{
    static const struct column columns[] = {{.title = ""},
                                            {.title = "before", .right = true},
                                            {.title = "after", .right = true},
                                            {.title = "change", .right = true},
                                            {.title = "test"},
                                            {.title = ""}};
    static const struct screen plain = {0, false};
    struct side sides[2] = {{.root = NULL}};
    struct table table;
    bool opened = open_side(&sides[0], before, error) && open_side(&sides[1], after, error);
    *worse = false;
    if (opened) {
        put_side(&sides[0], out);
        put_side(&sides[1], out);
        put_differences(sides, out);
        buf_char(out, '\n');
        table_init(&table, columns, sizeof columns / sizeof *columns);
        for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
            *worse |= put_figure(&table, &figures[i], sides, threshold);
        table_put(&table, &plain, 2, NARROW_CUT, out);
        table_fini(&table);
        buf_format(out, "\n  Medians; ~: not significant (Mann-Whitney U, two-sided p of %.2f or more).\n",
                   P_SIGNIFICANT);
        if (json_array_size(sides[0].runs) < RUNS_LEAST || json_array_size(sides[1].runs) < RUNS_LEAST)
            buf_format(out, "  Too few runs to tell anything: make at least %d on each side with --runs.\n",
                       RUNS_LEAST);
        if (*worse)
            buf_format(out, "  WORSE by more than %.3g%%.\n", threshold * 100);
    }
    json_decref(sides[0].root);
    json_decref(sides[1].root);
    return opened;
}
