/* The report for people: what was asked of whom, how many came back, how late, and at whose cost. */
#include "report.h"

#include "client_table.h"
#include "jsonrpc.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_CAP = 32 };

const struct quantile_name report_quantiles[QUANTILES] = {
    {"p50", 0.5},     {"p75", 0.75},      {"p90", 0.9},         {"p99", 0.99},
    {"p99.9", 0.999}, {"p99.99", 0.9999}, {"p99.999", 0.99999},
};

static const struct screen plain = {0, false};

const char *report_loop(const struct settings *settings)
{
    return settings->closed ? "CLOSED load" : "open load";
}

/* 1,234,567 */
static const char *grouped(uint64_t number, char out[NUMBER_CAP])
{
    char digits[NUMBER_CAP];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number), len = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[len++] = ',';
        out[len++] = digits[i];
    }
    out[len] = '\0';
    return out;
}

static const char *rate_text(double rate, char out[NUMBER_CAP])
{
    if (rate >= 100)
        return grouped((uint64_t)(rate + 0.5), out);
    snprintf(out, NUMBER_CAP, "%.3g", rate);
    return out;
}

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

/* ---- Head ---- */

void report_put_head(const struct report *report, struct buf *out)
{
    const struct settings *settings = report->settings;
    const struct survey *survey = report->survey;
    char address[ADDRESS_TEXT_MAX], mix[512], number[NUMBER_CAP];
    address_format(&settings->address, address);
    mix_format(&settings->mix, mix, sizeof mix);
    buf_format(out, "wellmatch-bench %s: %s on %s", WM_VERSION, report_loop(settings), address);
    if (*survey->version)
        buf_format(out, " (wellmatch %s, %s kernel, dataset %.12s, policy %.12s)", survey->version, survey->kernel,
                   survey->dataset, survey->policy);
    buf_text(out, "\n  ");
    if (settings->closed)
        buf_format(out,
                   "%u kept open on each of %u connections: slow answers slow the asking, so they count too little",
                   settings->depth, settings->connections);
    else if (settings->find_max)
        buf_format(out, "looking for the highest rate that keeps %s; %u connections, bursts of %u, %s arrivals",
                   settings->goal.text, settings->connections, settings->depth,
                   settings->poisson ? "Poisson" : "constant");
    else
        buf_format(out, "%s requests/s planned, %s arrivals; %u connections, bursts of %u",
                   rate_text(settings->rate, number), settings->poisson ? "Poisson" : "constant", settings->connections,
                   settings->depth);
    buf_format(out, "\n  %.3g s after %.3g s of warm-up; seed %llu; mix %s; ", seconds(settings->duration_ns),
               seconds(settings->warmup_ns), (unsigned long long)settings->seed, mix);
    if (settings->distinct)
        buf_format(out, "%llu different questions a method\n", (unsigned long long)settings->distinct);
    else
        buf_text(out, "no question twice\n");
}

/* ---- A run ---- */

static void put_row(struct table *table, const char *name, const struct latencies *latencies)
{
    char text[NUMBER_CAP];
    table_cell(table, STYLE_PLAIN, name);
    table_cell(table, STYLE_PLAIN, grouped(latencies->n, text));
    for (size_t i = 0; i <= QUANTILES; i++) {
        uint64_t ns = i < QUANTILES ? latencies_quantile(latencies, report_quantiles[i].share) : latencies->max_ns;
        snprintf(text, sizeof text, "%.3f", (double)ns / 1e6);
        table_cell(table, STYLE_PLAIN, latencies->n ? text : "");
    }
}

static void put_latencies(const struct run *run, struct buf *out)
{
    struct column columns[QUANTILES + 3] = {{.title = "ms"}, {.title = "n", .right = true}};
    struct table table;
    struct latencies all;
    size_t n_methods = 0;
    for (size_t i = 0; i < QUANTILES; i++)
        columns[i + 2] = (struct column){.title = report_quantiles[i].name, .right = true};
    columns[QUANTILES + 2] = (struct column){.title = "max", .right = true};
    table_init(&table, columns, QUANTILES + 3);
    run_latencies(run, &all);
    put_row(&table, "latency", &all);
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        n_methods += run->results[i].n > 0;
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT && n_methods > 1; i++)
        if (run->results[i].n > 0)
            put_row(&table, load_methods[i].name, &run->results[i]);
    if (run->waiting.n > 0)
        put_row(&table, "unanswered", &run->waiting);
    if (run->refusals.n > 0)
        put_row(&table, "refusals", &run->refusals);
    table_put(&table, &plain, 2, NARROW_CUT, out);
    table_fini(&table);
}

static void put_counts(const struct run *run, struct buf *out)
{
    char planned[NUMBER_CAP], results[NUMBER_CAP], a[NUMBER_CAP], b[NUMBER_CAP];
    buf_format(out, "\n  requests   %s %s, %s with a result", grouped(run->planned, planned),
               run->rate > 0 ? "planned" : "asked", grouped(run_results(run), results));
    for (size_t i = 0; i < run->n_codes; i++)
        buf_format(out, ", %s errors (%d %s)", grouped(run->codes[i].n, a), run->codes[i].code,
                   rpc_error_name(run->codes[i].code) ? rpc_error_name(run->codes[i].code) : "error");
    if (run->unanswered > 0)
        buf_format(out, ", %s without an answer", grouped(run->unanswered, a));
    if (run->not_sent > 0)
        buf_format(out, " (%s of them the service's socket did not take)", grouped(run->not_sent, a));
    if (run->lost_connections > 0)
        buf_format(out, "\n  lost       %s connections, and %s requests with them", grouped(run->lost_connections, a),
                   grouped(run->lost, b));
    if (run->rate > 0)
        buf_format(out, "\n  rate       %s/s planned, %s/s answered with a result\n", rate_text(run->rate, a),
                   rate_text(run_achieved(run), b));
    else
        buf_format(out, "\n  rate       %s/s in a closed loop\n", rate_text(run_achieved(run), a));
}

static void put_service(const struct run *run, struct buf *out)
{
    char number[NUMBER_CAP];
    double cpu = run_server_cpu_us(run);
    if (cpu < 0) {
        buf_text(out, "  service    does not tell its processor time\n");
        return;
    }
    uint64_t hits = (uint64_t)(run->after.cache_hits - run->before.cache_hits);
    uint64_t misses = (uint64_t)(run->after.cache_misses - run->before.cache_misses);
    buf_format(out, "  service    %.2f us of processor time a request, %.0f%% of a processor; %.1f MiB", cpu,
               run_server_share(run) * 100, (double)run->after.rss_bytes / (1 << 20));
    if (hits + misses > 0)
        buf_format(out, "; cache %.1f%% hits of %s", 100 * (double)hits / (double)(hits + misses),
                   grouped(hits + misses, number));
    buf_char(out, '\n');
}

static void put_client(const struct run *run, struct buf *out)
{
    char why[120];
    buf_format(out, "  this side  %.0f%% of a processor", run_own_share(run) * 100);
    if (run->rate > 0)
        buf_format(out, "; sends late by p50 %.3f, p99 %.3f, max %.3f ms",
                   (double)latencies_quantile(&run->late, 0.5) / 1e6,
                   (double)latencies_quantile(&run->late, 0.99) / 1e6, (double)run->late.max_ns / 1e6);
    buf_char(out, '\n');
    if (run_bottleneck(run, why, sizeof why))
        buf_format(out, "  CAUTION    the client was the bottleneck, not the service: %s\n", why);
}

static void put_checks(const struct run *run, struct buf *out)
{
    char a[NUMBER_CAP];
    if (run->wrong > 0) {
        buf_format(out, "  WRONG      %s wrong answer%s:\n", grouped(run->wrong, a),
                   run->wrong == 1 ? "" : "s; the first");
        const char *line = run->why_wrong.at, *all = line + run->why_wrong.len;
        for (const char *end; line < all && (end = memchr(line, '\n', (size_t)(all - line))) != NULL; line = end + 1)
            buf_format(out, "    %.*s\n", (int)(end - line), line);
        return;
    }
    buf_format(out, "  checked    every id; %s answers against an earlier one to the same question: all the same\n",
               grouped(run->compared, a));
    if (run->unknown > 0)
        buf_format(out, "             %s were not compared: too many different questions\n", grouped(run->unknown, a));
}

void report_put_run(const struct report *report, const struct run *run, struct buf *out)
{
    buf_char(out, '\n');
    if (report->settings->closed)
        buf_text(out, "  CLOSED load: requests that slow answers kept from being made are not in these latencies.\n\n");
    put_latencies(run, out);
    put_counts(run, out);
    put_service(run, out);
    put_client(run, out);
    put_checks(run, out);
    if (run->gone)
        buf_text(out, "  GONE       at the end not one connection was up: the service has gone away\n");
    if (run->interrupted)
        buf_text(out, "  STOPPED    by Ctrl-C; this is what was seen until then\n");
    if (run->overflowed)
        buf_text(out, "  STOPPED    because more requests waited than can be kept; the service is far behind\n");
}

/* ---- The search ---- */

void report_put_step(const struct report *report, size_t step, struct buf *out)
{
    const struct search_step *at = &report->steps[step];
    if (step == 0)
        buf_format(out, "\n  step    rate/s  answered/s  %8.*s ms  %s\n",
                   (int)strcspn(report->settings->goal.text, "<"), report->settings->goal.text,
                   report->settings->goal.text);
    buf_format(out, "  %4zu %9.0f %11.0f %12.3f  %s%s\n", step + 1, at->rate, at->achieved,
               (double)at->quantile_ns / 1e6, at->kept ? "kept" : "not kept",
               at->limited ? " (the client was the bottleneck)" : "");
}

void report_put_search(const struct report *report, struct buf *out)
{
    char number[NUMBER_CAP];
    const struct search *search = &report->search;
    const char *goal = report->settings->goal.text;
    bool limited = false; /* at the lowest rate that was too much: then it may not have been the service's doing */
    for (size_t i = 0; i < search->n_steps; i++)
        limited |= report->steps[i].limited && !report->steps[i].kept && report->steps[i].rate == search->failed;
    if (search->kept == 0)
        buf_format(out, "\n  No rate that was tried keeps %s.\n", goal);
    else
        buf_format(out, "\n  %s requests/s is the highest rate tried that keeps %s%s.\n",
                   rate_text(search->kept, number), goal, search->failed == 0 ? "; nothing tried was too much" : "");
    if (limited)
        buf_text(out, "  CAUTION    above it the client was the bottleneck: the service may do better.\n");
}
