/* Making a plan: the form with budgets and aim, the job while it is solved, and stopping it. */
#include "page_places.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGETS_MAX = 64, BUDGET_MAX_GBP = 1000000000 };

struct pot { /* a budget that the form lets change */
    const char *id, *name, *typed;
    int64_t amount, wanted; /* pounds; wanted: as typed */
    bool wrong;
};

struct run {
    struct pot pots[BUDGETS_MAX];
    size_t n_pots, n_wrong;
    struct places places;
    const char *aim, *region, *time;
    bool exact, again;
    bool nothing; /* no post is as asked for */
};

/* ---- Reading ---- */

/* Pounds as people type them: £325,000 or 325 000. -1: that is no amount. */
static int64_t read_pounds(const char *typed)
{
    int64_t pounds = 0;
    bool digits = false;
    if (strncmp(typed, "£", strlen("£")) == 0)
        typed += strlen("£");
    for (; *typed; typed++) {
        if (*typed == ',' || *typed == ' ')
            continue;
        if (*typed < '0' || *typed > '9' || pounds > BUDGET_MAX_GBP)
            return -1;
        pounds = pounds * 10 + (*typed - '0');
        digits = true;
    }
    return digits && pounds <= BUDGET_MAX_GBP ? pounds : -1;
}

static void read_pots(struct page *page, struct run *run)
{
    const json_t *list = page_ask(
        page, "dataset.list", "{\"kind\":\"budget\",\"filter\":{\"scope\":[\"national\",\"region\"]},\"limit\":64}");
    const json_t *item;
    size_t i;
    json_array_foreach (at(list, "rows"), i, item) {
        if (run->n_pots == BUDGETS_MAX)
            break;
        struct pot *pot = &run->pots[run->n_pots++];
        bool national = strcmp(text_at(item, "row/scope"), "national") == 0;
        pot->id = text_at(item, "id");
        pot->name = national ? "National" : text_at(item, "row/code");
        pot->amount = pot->wanted = number_at(item, "row/amount_gbp");
        pot->typed = page_field(page, pot->id);
        if (!page->asked.sent || *pot->typed == '\0')
            pot->typed = page_words(page, "%lld", (long long)pot->amount);
        pot->wanted = read_pounds(pot->typed);
        pot->wrong = pot->wanted < 0;
        run->n_wrong += pot->wrong;
    }
}

static void read_form(struct page *page, struct run *run)
{
    bool sent = page->asked.sent;
    read_pots(page, run);
    places_ask(page, NULL, &run->places);
    run->aim = page_field(page, "aim");
    run->region = page_field(page, "region");
    run->time = sent ? page_field(page, "time") : "60";
    run->exact = !sent || strcmp(page_field(page, "gap"), "1") != 0;
    run->again = !sent || *page_field(page, "again");
}

/* ---- The question ---- */

static bool takes_part(const struct run *run, const json_t *post)
{
    const char *ods_code = text_at(post, "ods_code");
    const struct place *place = NULL;
    for (size_t i = 0; i < run->places.n && place == NULL; i++)
        if (strcmp(run->places.at[i].ods_code, ods_code) == 0)
            place = &run->places.at[i];
    const char *region = known_at(post, "region") ? text_at(post, "region") : place ? place->region : "";
    return (strcmp(run->aim, "challenged") != 0 || (place && place->segment >= 4)) &&
           (*run->region == '\0' || strcmp(run->region, region) == 0);
}

static void put_posts(struct page *page, struct run *run, struct buf *out)
{
    if (strcmp(run->aim, "challenged") != 0 && *run->region == '\0')
        return;
    const json_t *part, *item;
    size_t next = 0, i, n = 0;
    json_put_key(out, "posts");
    json_open(out, '[');
    while ((part = ask_rows(page, "dataset.list", "\"kind\":\"post\",\"columns\":[\"ods_code\",\"region\"]", &next)) !=
           NULL)
        json_array_foreach (at(part, "rows"), i, item)
            if (takes_part(run, at(item, "row"))) {
                const char *id = text_at(item, "id");
                json_item(out);
                buf_json_string(out, id, strlen(id));
                n++;
            }
    json_close(out, ']');
    run->nothing = n == 0;
}

static void put_limits(const struct run *run, struct buf *out)
{
    json_put_key(out, "limits");
    json_open(out, '[');
    for (size_t i = 0; i < run->n_pots; i++) {
        const struct pot *pot = &run->pots[i];
        if (pot->wanted == pot->amount)
            continue;
        json_item(out);
        json_open(out, '{');
        json_put_text(out, "resource", "budget");
        json_put_text(out, "of", pot->id);
        json_put_integer(out, "to", pot->wanted);
        json_close(out, '}');
    }
    json_close(out, ']');
}

/* FNV-1a: tells one question from another, so that a form sent twice is one job and a form changed and sent again is
   another. */
static uint64_t digest(const char *text)
{
    uint64_t hash = 14695981039346656037u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

static const char *question(struct page *page, struct run *run)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    json_open(&out, '{');
    put_posts(page, run, &out);
    put_limits(run, &out);
    json_put_fixed(&out, "gap", run->exact ? 0 : 10, 3);
    int64_t seconds = strtoll(run->time, NULL, 10);
    json_put_integer(&out, "deadline_ms", 1000 * (seconds < 1 ? 60 : seconds > 3600 ? 3600 : seconds));
    if (!run->again)
        json_put_integer(&out, "resolve", 0);
    buf_char(&out, '\0');
    const char *text = out.failed ? "{" : page_words(page, "%s", out.at);
    buf_fini(&out);
    const char *key = page_field(page, "key");
    if (*key && strlen(key) < 100)
        text = page_words(page, "%s,\"idempotency_key\":%s", text,
                          say_json(page, page_words(page, "%s-%llx", key, (unsigned long long)digest(text))));
    return page_words(page, "%s}", text);
}

/* ---- The form ---- */

static void put_faults(struct page *page, const struct run *run, const json_t *error)
{
    if (run->n_wrong == 0 && !run->nothing && error == NULL)
        return;
    put(page,
        "<div class=\"nhsuk-error-summary\" data-module=\"nhsuk-error-summary\"><div role=\"alert\"><h2 "
        "class=\"nhsuk-error-summary__heading\">There is a problem</h2><div class=\"nhsuk-error-summary__body\"><ul "
        "class=\"nhsuk-list nhsuk-error-summary__list\">");
    for (size_t i = 0; i < run->n_pots; i++)
        if (run->pots[i].wrong)
            put(page, "<li><a href=\"#budget-%zu\">Enter the %s budget in whole pounds, such as 325,000</a></li>", i,
                run->pots[i].name);
    if (run->nothing)
        put(page, "<li><a href=\"#region\">No post is both in this region and at such a trust. Choose another "
                  "region</a></li>");
    if (strcmp(text_at(error, "message"), "overloaded") == 0)
        put(page, "<li><a href=\"#make\">Too many plans are waiting. Try again in a few seconds</a></li>");
    else if (error)
        put(page, "<li><a href=\"#make\">The plan could not be started: %s%s</a></li>", text_at(error, "data/expected"),
            text_at(error, "data/reason"));
    put(page, "</ul></div></div></div>");
}

static void put_radio(struct page *page, const char *name, const char *value, const char *text, const char *hint,
                      bool checked)
{
    put(page,
        "<div class=\"nhsuk-radios__item\"><input class=\"nhsuk-radios__input\" id=\"%s-%s\" name=\"%s\" "
        "type=\"radio\" "
        "value=\"%s\" aria-describedby=\"%s-%s-hint\"",
        name, value, name, value, name, value);
    if (checked)
        put(page, " checked");
    put(page,
        "><label class=\"nhsuk-label nhsuk-radios__label\" for=\"%s-%s\">%s</label><div class=\"nhsuk-hint "
        "nhsuk-radios__hint\" "
        "id=\"%s-%s-hint\">%s</div></div>",
        name, value, text, name, value, hint);
}

static void begin_fieldset(struct page *page, const char *legend, const char *hint)
{
    put(page,
        "<div class=\"nhsuk-form-group\"><fieldset class=\"nhsuk-fieldset\"><legend class=\"nhsuk-fieldset__legend "
        "nhsuk-fieldset__legend--m\">%s</legend>",
        legend);
    if (*hint)
        put(page, "<p class=\"nhsuk-hint\">%s</p>", hint);
}

static void put_pots(struct page *page, const struct run *run)
{
    begin_fieldset(page, "How much money is there?",
                   "In whole pounds. The amounts are those of the data; change them to see what would come of it.");
    put(page, "<div class=\"wm-pots\">");
    for (size_t i = 0; i < run->n_pots; i++) {
        const struct pot *pot = &run->pots[i];
        put(page, "<div class=\"nhsuk-form-group%s\"><label class=\"nhsuk-label\" for=\"budget-%zu\">%s</label>",
            pot->wrong ? " nhsuk-form-group--error" : "", i, pot->name);
        if (pot->wrong)
            put(page,
                "<span class=\"nhsuk-error-message\" id=\"budget-%zu-error\"><span "
                "class=\"nhsuk-u-visually-hidden\">Error: </span>Enter "
                "whole pounds</span>",
                i);
        put(page,
            "<div class=\"nhsuk-input-wrapper\"><div class=\"nhsuk-input-wrapper__prefix\" "
            "aria-hidden=\"true\">£</div><input "
            "class=\"nhsuk-input nhsuk-input--width-10 wm-number%s\" id=\"budget-%zu\" name=\"%s\" "
            "inputmode=\"numeric\" "
            "autocomplete=\"off\" spellcheck=\"false\" value=\"%s\"",
            pot->wrong ? " nhsuk-input--error" : "", i, pot->id,
            pot->wrong ? pot->typed : say_number(page, pot->wanted));
        if (pot->wrong)
            put(page, " aria-invalid=\"true\" aria-describedby=\"budget-%zu-error\"", i);
        put(page, "></div></div>");
    }
    put(page, "</div></fieldset></div>");
}

static void put_regions(struct page *page, const struct run *run)
{
    struct region regions[REGIONS_MAX];
    size_t n = places_regions(page, NULL, &run->places, regions);
    put(page, "<div class=\"nhsuk-form-group\"><label class=\"nhsuk-label nhsuk-label--m\" "
              "for=\"region\">Where?</label><select "
              "class=\"nhsuk-select\" id=\"region\" name=\"region\"><option value=\"\">All of England</option>");
    for (size_t i = 0; i < n; i++) {
        put(page, "<option value=\"%s\"", regions[i].name);
        if (strcmp(regions[i].name, run->region) == 0)
            put(page, " selected");
        put(page, ">%s</option>", regions[i].name);
    }
    put(page, "</select></div>");
}

static void put_time(struct page *page, const struct run *run)
{
    static const char *const times[][2] = {
        {"10", "10 seconds"}, {"60", "1 minute"}, {"300", "5 minutes"}, {"1800", "30 minutes"}};
    put(page, "<div class=\"nhsuk-form-group\"><label class=\"nhsuk-label nhsuk-label--m\" for=\"time\">How long may "
              "it take?</label><div "
              "class=\"nhsuk-hint\" id=\"time-hint\">When the time is up you get the best plan so far, and how near "
              "the best it is.</div>"
              "<select class=\"nhsuk-select\" id=\"time\" name=\"time\" aria-describedby=\"time-hint\">");
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        put(page, "<option value=\"%s\"", times[i][0]);
        if (strcmp(times[i][0], run->time) == 0)
            put(page, " selected");
        put(page, ">%s</option>", times[i][1]);
    }
    put(page, "</select></div>");
}

static void put_form(struct page *page, const struct run *run)
{
    bool challenged = strcmp(run->aim, "challenged") == 0;
    put(page,
        "<form class=\"wm-run\" method=\"post\" action=\"/plans/new\" novalidate data-once><input type=\"hidden\" "
        "name=\"key\" "
        "value=\"%s\">",
        *page_field(page, "key") ? page_field(page, "key") : page->asked.nonce);
    begin_fieldset(page, "Which posts should the plan fill?", "");
    put(page, "<div class=\"nhsuk-radios\">");
    put_radio(page, "aim", "all", "All posts", "The most benefit for the country as a whole", !challenged);
    put_radio(page, "aim", "challenged", "Only those at the most challenged trusts",
              "Trusts in oversight segment 4 or 5, which need leaders most", challenged);
    put(page, "</div></fieldset></div>");
    put_regions(page, run);
    put_pots(page, run);
    begin_fieldset(page, "How good must it be?", "");
    put(page, "<div class=\"nhsuk-radios\">");
    put_radio(page, "gap", "0", "The best there is", "Goes on until nothing better is proven to exist, or time is up",
              run->exact);
    put_radio(page, "gap", "1", "Within 1% of the best", "Ends sooner. Good enough for trying things out", !run->exact);
    put(page, "</div></fieldset></div>");
    put_time(page, run);
    put(page,
        "<div class=\"nhsuk-form-group\"><div class=\"nhsuk-checkboxes\"><div class=\"nhsuk-checkboxes__item\"><input "
        "class=\"nhsuk-checkboxes__input\" id=\"again\" name=\"again\" type=\"checkbox\" value=\"yes\"%s><label "
        "class=\"nhsuk-label nhsuk-checkboxes__label\" for=\"again\">Also find out what more money and mentors would "
        "add</label></div>"
        "</div></div>",
        run->again ? " checked" : "");
    put(page, "<button class=\"nhsuk-button\" id=\"make\" type=\"submit\" data-module=\"nhsuk-button\" "
              "data-prevent-double-click=\"true\">Make the plan</button></form>");
}

void page_run(struct page *page)
{
    static const struct crumb crumbs[] = {{"/", "Overview"}, {"/plans", "Plans"}};
    struct run run = {0};
    const json_t *error = NULL;
    read_form(page, &run);
    if (page->asked.sent && run.n_wrong == 0 && !page->waits) {
        const char *params = question(page, &run);
        if (!page->waits && !run.nothing) {
            const json_t *job = page_ask(page, "plan.allocate", params);
            error = page_failed(page, "plan.allocate", params);
            if (job) {
                page->status = 303;
                page->location = page_words(page, "/jobs/%s", say_url(page, text_at(job, "job")));
                return;
            }
        }
    }
    bool faulty = run.n_wrong || run.nothing || error;
    page->faulty = faulty;
    page_top(page, "/plans/new", "Make a plan", crumbs, 2);
    page->status = faulty ? 422 : 200;
    put_faults(page, &run, error);
    page_title(page, "Make a plan");
    put(page, "<p class=\"wm-reading\">A plan says who should go where, with which package and mentor. It recommends: "
              "a named person decides.</p>");
    put_form(page, &run);
    page_foot(page);
}

/* ---- The job ---- */

static const char *phase_words(const char *phase)
{
    static const char *const words[][2] = {
        {"pairs", "Finding who may take which post"},
        {"prices", "Pricing what is scarce"},
        {"plan", "Making a first plan"},
        {"search", "Looking for a better plan"},
        {"verify", "Checking the plan"},
        {"conflict", "Finding what contradicts what"},
        {"reasons", "Finding reasons and fixes"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], phase) == 0)
            return words[i][1];
    return "Waiting for its turn";
}

/* As job.js writes it: a bound may be a thousand times the plan at first. */
static const char *say_value(struct page *page, double value)
{
    if (value < 100)
        return page_words(page, "%.4f", value);
    long long tenths = llround(value * 10);
    return page_words(page, "%s.%lld", say_number(page, tenths / 10), tenths % 10);
}

static const char *known_real(struct page *page, const json_t *from, const char *name)
{
    return known_at(from, name) ? say_value(page, real_at(from, name)) : "not known yet";
}

static void put_progress(struct page *page, const char *job, const json_t *data)
{
    put(page,
        "<div class=\"wm-job\" data-job=\"%s\"><p class=\"nhsuk-lede-text\" role=\"status\" data-live=\"phase\">%s</p>",
        job, phase_words(text_at(data, "phase")));
    put(page,
        "<dl class=\"wm-figures\"><div class=\"wm-figure\"><dt class=\"wm-figure__label\">Best plan so far</dt><dd "
        "class=\"wm-figure__value\"><span "
        "data-live=\"value\">%s</span><span class=\"wm-figure__note\">expected benefit</span></dd></div>",
        known_real(page, data, "value"));
    put(page,
        "<div class=\"wm-figure\"><dt class=\"wm-figure__label\">Bound</dt><dd class=\"wm-figure__value\"><span "
        "data-live=\"bound\">%s</span><span "
        "class=\"wm-figure__note\">no plan can exceed it</span></dd></div>",
        known_real(page, data, "best_bound"));
    put(page,
        "<div class=\"wm-figure\"><dt class=\"wm-figure__label\">Gap</dt><dd class=\"wm-figure__value\"><span "
        "data-live=\"gap\">%s</span><span "
        "class=\"wm-figure__note\">how much better a plan could still be</span></dd></div>",
        known_at(data, "gap") ? say_percent(page, real_at(data, "gap"), 2) : "not known yet");
    put(page,
        "<div class=\"wm-figure\"><dt class=\"wm-figure__label\">Time so far</dt><dd class=\"wm-figure__value\" "
        "data-live=\"time\">%s</dd></div></dl>",
        say_length(page, number_at(data, "elapsed_ms")));
    put(page, "<figure class=\"wm-chart\" hidden><figcaption>Value of the best plan so far, closing in on the "
              "bound</figcaption><svg class=\"wm-chart__svg\" "
              "data-chart viewBox=\"0 0 640 220\" aria-hidden=\"true\" focusable=\"false\"></svg></figure>");
    put(page, "<noscript><p>This page asks again every 2 seconds.</p></noscript>");
    put(page,
        "<form method=\"post\" action=\"/jobs/%s/cancel\"><button class=\"nhsuk-button nhsuk-button--secondary\" "
        "type=\"submit\">Stop, and keep "
        "the best so far</button></form></div>",
        say_url(page, job));
}

static void put_conflict(struct page *page, const json_t *error)
{
    const json_t *demand;
    size_t i;
    put(page, "<p>What was asked for cannot all hold. Any one of these may go and the others can hold:</p><ul "
              "class=\"nhsuk-list "
              "nhsuk-list--bullet\">");
    json_array_foreach (at(error, "data/conflict"), i, demand)
        put(page, "<li>%s</li>", text_at(demand, "text"));
    put(page, "</ul>");
}

void page_job(struct page *page)
{
    static const struct crumb crumbs[] = {{"/", "Overview"}, {"/plans", "Plans"}};
    const char *job = page->asked.id[0];
    const char *params = page_words(page, "{\"job\":%s}", say_json(page, job));
    const json_t *summary = page_ask(page, "plan.get", params), *error = page_failed(page, "plan.get", params);
    if (known_at(summary, "plan")) {
        page->status = 303;
        page->location = page_words(page, "/plans/%s", say_url(page, text_at(summary, "plan")));
        return;
    }
    const char *said = text_at(error, "message");
    bool running = strcmp(said, "deadline_exceeded") == 0, conflict = strcmp(said, "infeasible") == 0;
    if (!running && !conflict && summary == NULL) {
        page_error(page, error);
        return;
    }
    page->refresh_s = running ? 2 : 0;
    page_head(page, "/plans",
              running    ? "A plan is being made"
              : conflict ? "There is no such plan"
                         : "Stopped before there was a plan",
              crumbs, 2);
    if (running)
        put_progress(page, job, at(error, "data"));
    else if (conflict)
        put_conflict(page, error);
    else
        put(page, "<p>It was stopped before a plan was found that meets what was asked for.</p>");
    if (!running)
        put(page, "<p><a class=\"nhsuk-button\" href=\"/plans/new\" role=\"button\" draggable=\"false\">Make another "
                  "plan</a></p>");
    page_foot(page);
}

void page_cancel(struct page *page)
{
    const char *job = page->asked.id[0];
    const char *params = page_words(page, "{\"job\":%s}", say_json(page, job));
    page_ask(page, "plan.cancel", params);
    const json_t *error = page_failed(page, "plan.cancel", params);
    if (error) {
        page_error(page, error);
        return;
    }
    page->status = 303;
    page->location = page_words(page, "/jobs/%s", say_url(page, job));
}
