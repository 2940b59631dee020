/* Everything measured, one JSON object: what compare reads, and what a script would. Latencies are in microseconds. */
#include "report.h"

#include "jsonrpc.h"
#include "machine.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

static void put_decimal(struct buf *out, const char *key, double value, int decimals)
{
    json_put_key(out, key);
    buf_format(out, "%.*f", decimals, value);
}

static void put_known(struct buf *out, const char *key, double value, int decimals)
{
    if (value < 0)
        json_put_null(out, key);
    else
        put_decimal(out, key, value, decimals);
}

static void put_latencies(struct buf *out, const char *key, const struct latencies *latencies)
{
    json_put_key(out, key);
    json_open(out, '{');
    json_put_integer(out, "n", (int64_t)latencies->n);
    if (latencies->n == 0) { /* nothing is known of them, which is not 0 */
        json_close(out, '}');
        return;
    }
    put_decimal(out, "min", (double)latencies->min_ns / 1e3, 3);
    put_decimal(out, "mean", latencies_mean(latencies) / 1e3, 3);
    for (size_t i = 0; i < QUANTILES; i++) /* the names need no escaping either */
        put_decimal(out, report_quantiles[i].name,
                    (double)latencies_quantile(latencies, report_quantiles[i].share) / 1e3, 3);
    put_decimal(out, "max", (double)latencies->max_ns / 1e3, 3);
    json_close(out, '}');
}

static void put_errors(struct buf *out, const struct run *run)
{
    json_put_key(out, "errors");
    json_open(out, '[');
    for (size_t i = 0; i < run->n_codes; i++) {
        json_open(out, '{');
        json_put_integer(out, "code", run->codes[i].code);
        json_put_text(out, "name", rpc_error_name(run->codes[i].code));
        json_put_integer(out, "n", (int64_t)run->codes[i].n);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void put_service(struct buf *out, const struct run *run)
{
    json_put_key(out, "service");
    json_open(out, '{');
    put_known(out, "cpu_us_per_request", run_server_cpu_us(run), 4);
    put_known(out, "cpu_share", run_server_share(run), 4);
    if (run->before.known && run->after.known) {
        json_put_integer(out, "messages", run->after.messages - run->before.messages - 1);
        json_put_integer(out, "rss_bytes", run->after.rss_bytes);
        json_put_integer(out, "cache_hits", run->after.cache_hits - run->before.cache_hits);
        json_put_integer(out, "cache_misses", run->after.cache_misses - run->before.cache_misses);
        json_put_integer(out, "computed", run->after.computed - run->before.computed);
    }
    json_close(out, '}');
}

static void put_client(struct buf *out, const struct run *run)
{
    char why[120];
    const char *bottleneck = run_bottleneck(run, why, sizeof why);
    json_put_key(out, "client");
    json_open(out, '{');
    put_decimal(out, "cpu_share", run_own_share(run), 4);
    put_latencies(out, "late_us", &run->late);
    json_put_bool(out, "bottleneck", bottleneck != NULL);
    json_put_text(out, "why", bottleneck);
    json_close(out, '}');
}

static void put_checks(struct buf *out, const struct run *run)
{
    json_put_key(out, "checks");
    json_open(out, '{');
    json_put_integer(out, "compared", (int64_t)run->compared);
    json_put_integer(out, "not_compared", (int64_t)run->unknown);
    json_put_integer(out, "wrong", (int64_t)run->wrong);
    json_put_key(out, "first_wrong");
    if (run->why_wrong.len > 0)
        buf_json_string(out, run->why_wrong.at, run->why_wrong.len);
    else
        buf_text(out, "null");
    json_close(out, '}');
}

static void put_run(struct buf *out, const struct run *run)
{
    struct latencies all;
    run_latencies(run, &all);
    json_open(out, '{');
    json_put_text(out, "loop", run->rate > 0 ? "open" : "closed");
    if (run->rate > 0)
        put_decimal(out, "planned_rate", run->rate, 3);
    else
        json_put_null(out, "planned_rate");
    put_decimal(out, "achieved_rate", run_achieved(run), 3);
    put_decimal(out, "seconds", run->seconds, 6);
    json_put_integer(out, "planned", (int64_t)run->planned);
    json_put_integer(out, "results", (int64_t)run_results(run));
    json_put_integer(out, "refused", (int64_t)run->refused);
    json_put_integer(out, "unanswered", (int64_t)run->unanswered);
    json_put_integer(out, "lost", (int64_t)run->lost);
    json_put_integer(out, "not_sent", (int64_t)run->not_sent);
    json_put_integer(out, "warmup_requests", (int64_t)run->warmup);
    json_put_integer(out, "lost_connections", (int64_t)run->lost_connections);
    json_put_integer(out, "bytes_out", (int64_t)run->bytes_out);
    json_put_integer(out, "bytes_in", (int64_t)run->bytes_in);
    put_latencies(out, "latency_us", &all);
    json_put_key(out, "methods");
    json_open(out, '{');
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        if (run->results[i].n > 0)
            put_latencies(out, load_methods[i].name, &run->results[i]);
    json_close(out, '}');
    put_latencies(out, "refusals_us", &run->refusals);
    put_errors(out, run);
    put_service(out, run);
    put_client(out, run);
    put_checks(out, run);
    json_put_bool(out, "interrupted", run->interrupted);
    json_put_bool(out, "gone", run->gone);
    json_put_bool(out, "overflowed", run->overflowed);
    json_close(out, '}');
}

static void put_search(struct buf *out, const struct report *report)
{
    json_put_key(out, "find_max");
    json_open(out, '{');
    json_put_text(out, "goal", report->settings->goal.text);
    put_known(out, "rate", report->search.kept > 0 ? report->search.kept : -1, 3);
    json_put_key(out, "steps");
    json_open(out, '[');
    for (size_t i = 0; i < report->search.n_steps; i++) {
        const struct search_step *step = &report->steps[i];
        json_open(out, '{');
        put_decimal(out, "rate", step->rate, 3);
        put_decimal(out, "achieved_rate", step->achieved, 3);
        put_decimal(out, "quantile_us", (double)step->quantile_ns / 1e3, 3);
        json_put_bool(out, "kept", step->kept);
        json_put_bool(out, "client_bottleneck", step->limited);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_close(out, '}');
}

static void put_service_identity(struct buf *out, const struct survey *survey)
{
    json_put_key(out, "service");
    json_open(out, '{');
    json_put_text(out, "version", *survey->version ? survey->version : NULL);
    json_put_text(out, "kernel", *survey->kernel ? survey->kernel : NULL);
    json_put_text(out, "dataset", *survey->dataset ? survey->dataset : NULL);
    json_put_text(out, "policy", *survey->policy ? survey->policy : NULL);
    json_close(out, '}');
}

static void put_config(struct buf *out, const struct settings *settings)
{
    char digest[17];
    json_put_key(out, "config");
    size_t start = out->len;
    json_open(out, '{');
    settings_put(settings, out);
    json_close(out, '}');
    uint64_t hash = out->failed ? 0 : XXH3_64bits(out->at + start, out->len - start);
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)hash);
    json_put_text(out, "config_digest", digest);
}

void report_put_json(const struct report *report, struct buf *out)
{
    char text[ADDRESS_TEXT_MAX];
    struct tm day;
    json_open(out, '{');
    json_put_integer(out, "wellmatch_bench", REPORT_FORMAT);
    json_put_text(out, "version", WM_VERSION);
    json_put_text(out, "loop", report->settings->closed ? "closed" : "open");
    gmtime_r(&report->started, &day);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &day);
    json_put_text(out, "started", text);
    address_format(&report->settings->address, text);
    json_put_text(out, "address", text);
    put_service_identity(out, report->survey);
    machine_put(out);
    put_config(out, report->settings);
    if (report->settings->find_max)
        put_search(out, report);
    json_put_key(out, "runs");
    json_open(out, '[');
    for (size_t i = 0; i < report->n_runs; i++)
        put_run(out, report->runs[i]);
    json_close(out, ']');
    json_close(out, '}');
    buf_char(out, '\n');
}
