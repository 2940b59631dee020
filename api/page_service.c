/* The service: how much it is asked, how fast it answers, what its caches spare; live where scripts run. */
#include "page.h"

#include <string.h>

static const char *per_second(struct page *page, double rate)
{
    return rate < 10 ? page_words(page, "%.1f", rate) : say_number(page, (int64_t)(rate + 0.5));
}

/* Microseconds as people read them: 86 µs, 1.2 ms, 9.0 s. */
static const char *say_micro(struct page *page, int64_t us)
{
    if (us < 1000)
        return page_words(page, "%lld µs", (long long)us);
    if (us < 1000000)
        return page_words(page, "%.1f ms", (double)us / 1e3);
    return page_words(page, "%.1f s", (double)us / 1e6);
}

static int64_t answered(json_t *methods)
{
    const json_t *method;
    const char *name;
    int64_t n = 0;
    json_object_foreach(methods, name, method) n += number_at(method, "requests");
    return n;
}

static void put_figures(struct page *page, const json_t *info, const json_t *stats)
{
    int64_t requests = answered(at(stats, "methods")), uptime = number_at(stats, "uptime_s");
    int64_t hits = number_at(stats, "cache/local_hits") + number_at(stats, "cache/redis_hits");
    int64_t looked = number_at(stats, "cache/local_hits") + number_at(stats, "cache/local_misses");
    put(page, "<dl class=\"wm-figures\" data-service>");
    put(page,
        "<div class=\"wm-figure\"><dt class=\"wm-figure__label\">Requests a second</dt><dd "
        "class=\"wm-figure__value\"><span "
        "data-live=\"rate\">%s</span><span class=\"wm-figure__note\" data-live=\"rate-note\">on average since it was "
        "started</span></dd></div>",
        per_second(page, uptime > 0 ? (double)requests / (double)uptime : (double)requests));
    put(page,
        "<div class=\"wm-figure\"><dt class=\"wm-figure__label\">Requests</dt><dd class=\"wm-figure__value\"><span "
        "data-live=\"requests\">%s</span>"
        "<span class=\"wm-figure__note\">since it was started</span></dd></div>",
        say_number(page, requests));
    put(page,
        "<div class=\"wm-figure\"><dt class=\"wm-figure__label\">Answered from the cache</dt><dd "
        "class=\"wm-figure__value\"><span "
        "data-live=\"hits\">%s</span><span class=\"wm-figure__note\">of questions that can be</span></dd></div>",
        looked ? say_percent(page, (double)hits / (double)looked, 0) : "None yet");
    figure(page, say_length(page, 1000 * uptime), "Running for",
           page_words(page, "version %s", text_at(info, "version")));
    put(page, "</dl>");
    put(page, "<figure class=\"wm-chart\" hidden><figcaption>Requests a second, the last two minutes</figcaption><svg "
              "class=\"wm-chart__svg\" "
              "data-rate-chart viewBox=\"0 0 640 160\" aria-hidden=\"true\" focusable=\"false\"></svg></figure>");
}

static void put_methods(struct page *page, json_t *methods)
{
    static const char *const columns[] = {"Question",    "#Asked",      "#Refused", "#Half within",
                                          "#90% within", "#99% within", NULL};
    const json_t *method;
    const char *name;
    const json_t *shortlist = json_object_get(methods, "match.shortlist");
    put(page, "<section aria-labelledby=\"latency-heading\"><h2 class=\"nhsuk-heading-m\" id=\"latency-heading\">");
    if (number_at(shortlist, "latency_us/n"))
        put(page, "99%% of shortlists are answered within %s</h2>",
            say_micro(page, number_at(shortlist, "latency_us/p99")));
    else
        put(page, "How fast it answers</h2>");
    table_begin(page, "latency", "Time to answer, by question, since the service was started", columns);
    json_object_foreach(methods, name, method)
    {
        static const char *const marks[] = {"latency_us/p50", "latency_us/p90", "latency_us/p99"};
        put(page, "<tr data-method=\"%s\"><td class=\"nhsuk-table__cell\"><code>%s</code></td>", name, name);
        cell_number(page, (double)number_at(method, "requests"), say_number(page, number_at(method, "requests")));
        cell_number(page, (double)number_at(method, "errors"), say_number(page, number_at(method, "errors")));
        for (size_t i = 0; i < 3; i++)
            cell_number(page, (double)number_at(method, marks[i]), say_micro(page, number_at(method, marks[i])));
        put(page, "</tr>");
    }
    table_end(page);
    put(page, "</section>");
}

static const char *redis_words(struct page *page, const json_t *redis)
{
    if (!true_at(redis, "configured"))
        return "Not used";
    if (strcmp(text_at(redis, "breaker"), "closed") == 0)
        return "Answers";
    return page_words(page, "Away%s%s. Answers are the same, only slower at times",
                      known_at(redis, "last_error") ? ": " : "", text_at(redis, "last_error"));
}

static void put_state(struct page *page, const json_t *info, const json_t *stats)
{
    put(page,
        "<section aria-labelledby=\"state-heading\"><h2 class=\"nhsuk-heading-m\" id=\"state-heading\">%s</h2><dl "
        "class=\"nhsuk-summary-list wm-facts\">",
        number_at(stats, "counters/connections_refused") || number_at(stats, "plans/refused")
            ? "It has had to turn questions away"
            : "It has turned nobody away");
    fact(page, "Redis, a shared cache", redis_words(page, at(stats, "redis")));
    fact(page, "Connections now", say_number(page, number_at(stats, "counters/connections_now")));
    fact(page, "Connections refused", say_number(page, number_at(stats, "counters/connections_refused")));
    fact(page, "Plans being made", say_number(page, number_at(stats, "plans/running")));
    fact(page, "Plans waiting", say_number(page, number_at(stats, "plans/queued")));
    fact(page, "Plans kept", say_number(page, number_at(stats, "plans/kept")));
    fact(page, "Memory", page_words(page, "%s MB", say_number(page, number_at(stats, "process/rss_bytes") / 1000000)));
    fact(page, "Processor's kernel", text_at(info, "kernel"));
    put(page, "</dl></section>");
}

void page_service(struct page *page)
{
    const json_t *info = page_ask(page, "system.info", "{}"), *stats = page_ask(page, "system.stats", "{}");
    if (info == NULL || stats == NULL) {
        page_error(page, page_failed(page, "system.stats", "{}"));
        return;
    }
    page_head(page, "/service", "Service", NULL, 0);
    put_figures(page, info, stats);
    put_methods(page, at(stats, "methods"));
    put_state(page, info, stats);
    page_foot(page);
}
