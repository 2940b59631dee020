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
    if (us < 1)
        return "1 µs"; /* "within" it, everywhere: nothing takes no time */
    if (us < 1000)
        return page_words(page, "%lld µs", (long long)us);
    if (us < 1000000)
        return page_words(page, "%.1f ms", (double)us / 1e3);
    return page_words(page, "%.1f s", (double)us / 1e6);
}

/* What a method answers, in words. */
static const char *method_words(struct page *page, const char *name)
{
    static const char *const words[][2] = {
        {"match.shortlist", "Who fits a post best"},
        {"match.shortlists", "Who fits each of several posts best"},
        {"match.opportunities", "Where a leader fits best"},
        {"match.explain", "Why a leader fits a post, or does not"},
        {"match.compare_packages", "Packages side by side"},
        {"plan.allocate", "Start a plan"},
        {"plan.wait", "Wait for a plan"},
        {"plan.get", "A part of a plan"},
        {"plan.list", "All plans"},
        {"plan.cancel", "Stop a plan"},
        {"plan.compare", "Two plans side by side"},
        {"plan.check", "Check a plan from elsewhere"},
        {"plan.what_if", "A plan with something changed"},
        {"dataset.info", "What data is loaded"},
        {"dataset.get", "One row of the data"},
        {"dataset.list", "Rows of the data"},
        {"dataset.reload", "Load the data anew"},
        {"system.ping", "Is it there?"},
        {"system.info", "What service this is"},
        {"system.stats", "How the service does"},
        {"system.errors", "What errors there are"},
        {"rpc.discover", "What can be asked"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], name) == 0)
            return words[i][1];
    return say_word(page, name);
}

static int64_t answered(json_t *methods)
{
    const json_t *method;
    const char *name;
    int64_t n = 0;
    json_object_foreach (methods, name, method)
        n += number_at(method, "requests");
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

/* A question that is answered when a plan is ready, however fast the service is. */
static bool waits(const char *method)
{
    return strcmp(method, "plan.wait") == 0;
}

static void put_methods(struct page *page, json_t *methods)
{
    static const char *const columns[] = {"Question",    "#Asked",      "#Refused", "#Half within",
                                          "#90% within", "#99% within", NULL};
    const json_t *method, *slowest = NULL;
    const char *name;
    const json_t *shortlist = json_object_get(methods, "match.shortlist");
    json_object_foreach (methods, name, method)
        if (number_at(method, "latency_us/n") && !waits(name) &&
            number_at(method, "latency_us/p99") >= number_at(slowest, "latency_us/p99"))
            slowest = method;
    put(page, "<section aria-labelledby=\"latency-heading\"><h2 class=\"nhsuk-heading-m\" id=\"latency-heading\">");
    if (number_at(shortlist, "latency_us/n"))
        put(page, "99%% of shortlists are answered within %s</h2>",
            say_micro(page, number_at(shortlist, "latency_us/p99")));
    else if (slowest)
        put(page, "99%% of questions of every kind are answered within %s</h2>",
            say_micro(page, number_at(slowest, "latency_us/p99")));
    else
        put(page, "Nothing has been asked yet</h2>");
    table_begin(page, "latency", "Time to answer, by question, since the service was started", columns);
    json_object_foreach (methods, name, method) {
        static const char *const marks[] = {"latency_us/p50", "latency_us/p90", "latency_us/p99"};
        row_begin(page);
        cell_under(page, NULL, method_words(page, name), name);
        cell_number(page, (double)number_at(method, "requests"), say_number(page, number_at(method, "requests")));
        cell_number(page, (double)number_at(method, "errors"), say_number(page, number_at(method, "errors")));
        for (size_t i = 0; i < 3; i++)
            if (number_at(method, "latency_us/n") == 0)
                cell_none(page, "not known yet");
            else
                cell_number(page, (double)number_at(method, marks[i]), say_micro(page, number_at(method, marks[i])));
        row_end(page);
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

static bool redis_away(const json_t *stats)
{
    return true_at(stats, "redis/configured") && strcmp(text_at(stats, "redis/breaker"), "closed") != 0;
}

static const char *headline(const json_t *stats)
{
    if (number_at(stats, "counters/connections_refused") || number_at(stats, "plans/refused"))
        return "The service has had to turn questions away";
    if (redis_away(stats))
        return "The service answers, without its shared cache";
    return "The service is well: it has turned nobody away";
}

static const char *say_kernel(const char *kernel)
{
    return strcmp(kernel, "avx512") == 0 ? "AVX-512" : strcmp(kernel, "avx2") == 0 ? "AVX2" : kernel;
}

static void put_state(struct page *page, const json_t *info, const json_t *stats)
{
    int64_t plans = number_at(stats, "plans/running") + number_at(stats, "plans/queued");
    put(page,
        "<section aria-labelledby=\"state-heading\"><h2 class=\"nhsuk-heading-m\" id=\"state-heading\">%s now</h2><dl "
        "class=\"nhsuk-summary-list wm-facts\">",
        plans ? say_count(page, plans, "plan is being made", "plans are being made") : "No plan is being made");
    fact(page, "Redis, a shared cache", redis_words(page, at(stats, "redis")));
    fact(page, "Connections now", say_number(page, number_at(stats, "counters/connections_now")));
    fact(page, "Connections refused", say_number(page, number_at(stats, "counters/connections_refused")));
    fact(page, "Plans being made", say_number(page, number_at(stats, "plans/running")));
    fact(page, "Plans waiting", say_number(page, number_at(stats, "plans/queued")));
    fact(page, "Plans kept", say_number(page, number_at(stats, "plans/kept")));
    fact(page, "Memory", page_words(page, "%s MB", say_number(page, number_at(stats, "process/rss_bytes") / 1000000)));
    fact(page, "Processor's instructions", say_kernel(text_at(info, "kernel")));
    put(page, "</dl></section>");
}

void page_service(struct page *page)
{
    const json_t *info = page_ask(page, "system.info", "{}"), *stats = page_ask(page, "system.stats", "{}");
    if (info == NULL || stats == NULL) {
        page_error(page, page_failed(page, "system.stats", "{}"));
        return;
    }
    page_head(page, "/service", headline(stats), NULL, 0);
    put_figures(page, info, stats);
    put_methods(page, at(stats, "methods"));
    put_state(page, info, stats);
    page_foot(page);
}
