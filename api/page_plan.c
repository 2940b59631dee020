/* A plan: what it reaches and costs, who goes where, what money and mentors are used, what stays open, who has no
   place. */
#include "page_plan.h"

#include <ctype.h>
#include <string.h>

/* ---- The sentence and the figures ---- */

static const char *headline(struct page *page, const json_t *summary)
{
    int64_t placements = number_at(summary, "placements"), openings = number_at(summary, "openings");
    if (openings == 0)
        return "This plan has no posts to fill";
    if (placements == openings)
        return page_words(page, "The plan fills every one of %s", say_count(page, openings, "post", "posts"));
    return page_words(page, "The plan fills %s of %s", say_number(page, placements),
                      say_count(page, openings, "post", "posts"));
}

static void put_proof(struct page *page, const json_t *summary)
{
    const char *status = text_at(summary, "status");
    put(page, "<p class=\"nhsuk-lede-text wm-lede\">");
    if (strcmp(status, "optimal") == 0)
        put(page, "No plan within these limits is worth more: that is proven.");
    else
        put(page, "No plan within these limits is worth more by over %s.",
            say_percent(page, real_at(summary, "gap"), 2));
    if (strcmp(status, "deadline") == 0)
        put(page, " It is the best that was found by the time it was stopped.");
    put(page, "</p>");
}

/* What was asked for beyond all posts and the data's own limits. */
static void put_asked(struct page *page, const json_t *asked)
{
    const json_t *limits = at(asked, "limits"), *limit;
    size_t i, n = json_array_size(at(asked, "posts"));
    if (n == 0 && json_array_size(limits) == 0)
        return;
    put(page, "<div class=\"nhsuk-inset-text\"><p>What was asked for:</p><ul class=\"nhsuk-list nhsuk-list--bullet\">");
    if (n)
        put(page, "<li>only %s</li>", say_count(page, (int64_t)n, "post", "posts"));
    json_array_foreach (limits, i, limit) {
        bool money = strcmp(text_at(limit, "resource"), "budget") == 0, to = known_at(limit, "to");
        int64_t amount = number_at(limit, to ? "to" : "add");
        put(page, "<li>%s: %s%s</li>",
            say_upper(page, scarce_name(page, text_at(limit, "resource"), text_at(limit, "of"))),
            money ? say_pounds(page, amount) : say_number(page, amount), to ? "" : " more");
    }
    put(page, "</ul></div>");
}

static void put_figures(struct page *page, const json_t *summary)
{
    int64_t local = number_at(summary, "local_cost_gbp"), central = number_at(summary, "central_cost_gbp");
    put(page, "<dl class=\"wm-figures\">");
    figure(page,
           page_words(page, "%s of %s", say_number(page, number_at(summary, "placements")),
                      say_number(page, number_at(summary, "openings"))),
           "Posts filled",
           number_at(summary, "openings") == number_at(summary, "placements")
               ? "none stays open"
               : page_words(page, "%s open",
                            say_count(page, number_at(summary, "openings") - number_at(summary, "placements"), "stays",
                                      "stay")));
    figure(page, page_words(page, "%.3f", real_at(summary, "value")), "Expected benefit",
           page_words(page, "of at most %.3f", real_at(summary, "bound")));
    figure(page, say_pounds(page, local + central), "Cost",
           page_words(page, "%s local, %s central", say_pounds(page, local), say_pounds(page, central)));
    figure(page, say_length(page, number_at(summary, "elapsed_ms")), "Time to make",
           true_at(summary, "verified") ? "checked independently" : "");
    put(page, "</dl><details class=\"nhsuk-details\"><summary class=\"nhsuk-details__summary\"><span "
              "class=\"nhsuk-details__summary-text\">What benefit, bound, gap and price mean</span></summary><div "
              "class=\"nhsuk-details__text\"><dl class=\"wm-words\">"
              "<dt>Expected benefit</dt><dd>How challenged the organisation is, times how well the leader fits, times "
              "the chance of a yes, "
              "added up over all placements.</dd>"
              "<dt>Bound</dt><dd>A value that no plan within the limits can exceed.</dd>"
              "<dt>Gap</dt><dd>How far this plan is below the bound. At 0%% it is the best there is.</dd>"
              "<dt>Price</dt><dd>What a little more of something scarce would add to the expected "
              "benefit.</dd></dl></div></details>");
}

/* ---- Who goes where ---- */

static bool holds(const char *text, const char *part)
{
    size_t len = strlen(part);
    for (; *text; text++) {
        size_t i = 0;
        while (i < len && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            i++;
        if (i == len)
            return true;
    }
    return len == 0;
}

static bool lets_through(struct page *page, const json_t *row)
{
    const char *region = page_field(page, "region"), *words = page_field(page, "words");
    return (!*region || strcmp(region, text_at(row, "region")) == 0) &&
           (!*page_field(page, "approval") || true_at(row, "needs_approval")) &&
           (holds(text_at(row, "organisation"), words) || holds(text_at(row, "title"), words) ||
            holds(text_at(row, "leader"), words) || holds(text_at(row, "post"), words));
}

static void put_placement(struct page *page, const json_t *row)
{
    const char *post = text_at(row, "post"), *leader = text_at(row, "leader");
    row_begin(page);
    cell_under(page, page_words(page, "/posts/%s", say_url(page, post)), text_at(row, "title"), post);
    cell_under(page, NULL, text_at(row, "organisation"), text_at(row, "region"));
    cell_link(page, page_words(page, "/posts/%s/leaders/%s", say_url(page, post), say_url(page, leader)), leader);
    cell_terms(page, text_at(row, "package"), text_at(row, "mentor"));
    cell_number(page, real_at(row, "accept"), say_percent(page, real_at(row, "accept"), 1));
    cell_number(page, real_at(row, "expected"), say_benefit(page, real_at(row, "expected")));
    cell_cost(page, row);
    row_end(page);
}

static void put_filters(struct page *page, const char *plan, const json_t *regions)
{
    const json_t *row;
    size_t i;
    put(page,
        "<form class=\"wm-filters\" method=\"get\" action=\"/plans/%s#placements\"><div class=\"wm-filter\"><label "
        "class=\"nhsuk-label\" "
        "for=\"region\">Region</label><select class=\"nhsuk-select\" id=\"region\" name=\"region\"><option "
        "value=\"\">All regions</option>",
        say_url(page, plan));
    json_array_foreach (regions, i, row) {
        const char *name = text_at(row, "region");
        put(page, "<option value=\"%s\"", name);
        if (strcmp(name, page_field(page, "region")) == 0)
            put(page, " selected");
        put(page, ">%s</option>", name);
    }
    put(page,
        "</select></div><div class=\"wm-filter\"><label class=\"nhsuk-label\" for=\"words\">Post, organisation or "
        "leader</label><input "
        "class=\"nhsuk-input\" id=\"words\" name=\"words\" type=\"text\" autocomplete=\"off\" maxlength=\"100\" "
        "value=\"%s\"></div>",
        page_field(page, "words"));
    put(page, "<div class=\"wm-filter wm-filter--check\"><div class=\"nhsuk-checkboxes__item\"><input "
              "class=\"nhsuk-checkboxes__input\" id=\"approval\" "
              "name=\"approval\" type=\"checkbox\" value=\"yes\"");
    if (*page_field(page, "approval"))
        put(page, " checked");
    put(page,
        "><label class=\"nhsuk-label nhsuk-checkboxes__label\" for=\"approval\">Salary needs "
        "approval</label></div></div>"
        "<button class=\"nhsuk-button nhsuk-button--secondary wm-filters__go\" type=\"submit\">Show</button></form>");
}

/* "58 placements, 14 of them in the Midlands; 8 salaries need approval". */
static void put_heading(struct page *page, const char *members, const json_t *regions)
{
    const json_t *part, *row, *most = NULL;
    size_t next = 0, i;
    int64_t approvals = 0, all = 0;
    json_array_foreach (regions, i, row) {
        all += number_at(row, "filled");
        most = number_at(row, "filled") > number_at(most, "filled") ? row : most;
    }
    while ((part = ask_rows(page, "plan.get", members, &next)) != NULL)
        json_array_foreach (at(part, "rows"), i, row)
            approvals += true_at(row, "needs_approval");
    put(page,
        "<section aria-labelledby=\"placements-heading\"><h2 class=\"nhsuk-heading-m\" "
        "id=\"placements-heading\">%s",
        say_count(page, all, "placement", "placements"));
    if (most && all > 1)
        put(page, ", %s of them in %s", say_number(page, number_at(most, "filled")),
            in_region(page, text_at(most, "region")));
    if (approvals)
        put(page, "; %s approval", say_count(page, approvals, "salary needs", "salaries need"));
    put(page, "</h2>");
}

static void put_placements(struct page *page, const char *plan, const json_t *totals)
{
    static const char *const columns[] = {
        "Post", "Organisation", "Leader", "Package and mentor", "#Chance of a yes", "#Expected benefit", "#Cost", NULL};
    const char *members = page_words(page, "\"plan\":%s,\"part\":\"placements\"", say_json(page, plan));
    size_t from = page_number(page, "placements", 4000000), shown = 0, matched = 0, next = 0, i;
    const json_t *part, *row;
    put_heading(page, members, at(totals, "by_region"));
    put_filters(page, plan, at(totals, "by_region"));
    size_t start = page->html.len;
    table_begin(page, "placements", "Who goes where, and on which terms", columns);
    while ((part = ask_rows(page, "plan.get", members, &next)) != NULL)
        json_array_foreach (at(part, "rows"), i, row) {
            if (!lets_through(page, row))
                continue;
            if (matched++ >= from && shown < PAGE_ROWS) {
                put_placement(page, row);
                shown++;
            }
        }
    table_end(page);
    if (matched == 0 && !page->html.failed) {
        buf_cut(&page->html, start);
        put(page, "<p>No placement is like that. <a href=\"/plans/%s#placements-heading\">Show all</a></p>",
            say_url(page, plan));
    }
    pages(page,
          page_words(page, "/plans/%s?region=%s&words=%s&approval=%s", say_url(page, plan),
                     say_url(page, page_field(page, "region")), say_url(page, page_field(page, "words")),
                     say_url(page, page_field(page, "approval"))),
          "placements", from, shown, (int64_t)matched, "placements");
    plan_put_download(page, plan, "allocation", "Placements", true);
    put(page, "</section>");
}

/* ---- The page ---- */

/* Why a table may not be downloaded; NULL: it may. */
static const char *why_not(struct page *page, const char *plan, bool of_persons)
{
    const json_t *summary = page_ask(page, "plan.get", page_words(page, "{\"plan\":%s}", say_json(page, plan)));
    if (page->asked.restricted)
        return NULL;
    if (of_persons)
        return "each row tells of a person";
    return known_at(summary, "base") ? "what this plan changes tells of single persons" : NULL;
}

void plan_put_download(struct page *page, const char *plan, const char *table, const char *what, bool of_persons)
{
    const char *why = why_not(page, plan, of_persons);
    if (why)
        put(page,
            "<p class=\"wm-export\">%s cannot be downloaded, because %s. Whoever runs the service can allow it, with "
            "<code>--feeds restricted</code>.</p>",
            what, why);
    else
        put(page,
            "<p class=\"wm-export\">%s to download: <a href=\"/feeds/v1/%s.csv?run=%s&amp;bom=1\">CSV for Excel</a> or "
            "<a href=\"/feeds/v1/%s.json?run=%s\">JSON</a></p>",
            what, table, say_url(page, plan), table, say_url(page, plan));
}

/* The way to the parts of a long page. */
static void put_contents(struct page *page, const json_t *summary)
{
    int64_t open = number_at(summary, "openings") - number_at(summary, "placements");
    put(page,
        "<nav class=\"wm-contents\" aria-label=\"On this page\"><ul class=\"wm-contents__list\">"
        "<li><a href=\"#placements-heading\">Who goes where</a></li>"
        "<li><a href=\"#unfilled-heading\">%s open</a></li><li><a href=\"#money-heading\">Money</a></li>"
        "<li><a href=\"#mentors-heading\">Mentors</a></li><li><a href=\"#unplaced-heading\">%s without a "
        "place</a></li></ul></nav>",
        say_count(page, open, "post stays", "posts stay"),
        say_count(page, number_at(summary, "unplaced"), "leader", "leaders"));
}

static void put_stale(struct page *page, const json_t *summary)
{
    const json_t *now = page_ask(page, "dataset.info", "{}");
    if (now && strcmp(text_at(now, "dataset"), text_at(summary, "dataset")) != 0)
        put(page, "<p class=\"nhsuk-inset-text\">This plan was made from other data than what is loaded now. "
                  "<a href=\"/plans/new\">Make a new one</a></p>");
}

void page_plan(struct page *page)
{
    static const struct crumb crumbs[] = {{"/", "Overview"}, {"/plans", "Plans"}};
    const char *plan = page->asked.id[0];
    const char *params = page_words(page, "{\"plan\":%s}", say_json(page, plan));
    const json_t *summary = page_ask(page, "plan.get", params);
    if (summary == NULL) {
        page_error(page, page_failed(page, "plan.get", params));
        return;
    }
    page_head(page, "/plans", headline(page, summary), crumbs, 2);
    put_stale(page, summary);
    put_proof(page, summary);
    put_asked(page, at(summary, "request"));
    put_figures(page, summary);
    put_contents(page, summary);
    size_t first = 0;
    const json_t *totals =
        ask_rows(page, "plan.get", page_words(page, "\"plan\":%s,\"part\":\"totals\"", say_json(page, plan)), &first);
    put_placements(page, plan, totals);
    plan_put_unfilled(page, plan, summary);
    plan_put_limits(page, plan);
    plan_put_unplaced(page, plan);
    page_foot(page);
}

/* ---- All plans ---- */

/* "58 of 64 posts filled". */
static const char *plan_words(struct page *page, const char *plan)
{
    const json_t *summary = page_ask(page, "plan.get", page_words(page, "{\"plan\":%s}", say_json(page, plan)));
    return page_words(page, "%s of %s filled", say_number(page, number_at(summary, "placements")),
                      say_count(page, number_at(summary, "openings"), "post", "posts"));
}

void page_plans(struct page *page)
{
    static const char *const columns[] = {"Plan", "State", "#Expected benefit", "#Gap", "Made in", "Asked", NULL};
    const json_t *list = page_ask(page, "plan.list", "{}"), *job;
    size_t i, n = json_array_size(at(list, "jobs"));
    if (list == NULL) {
        page_error(page, page_failed(page, "plan.list", "{}"));
        return;
    }
    if (n == 0) {
        page_no_plan(page, "/plans", "Plans");
        page_foot(page);
        return;
    }
    page_head(page, "/plans", page_words(page, "%s kept", say_count(page, (int64_t)n, "plan is", "plans are")), NULL,
              0);
    put(page, "<p class=\"wm-reading\">Plans are kept for an hour after they were last used.</p>");
    table_begin(page, "plans", "Plans that are kept, the newest first", columns);
    json_array_foreach (at(list, "jobs"), i, job) {
        const char *state = text_at(job, "state");
        bool ended = strcmp(state, "queued") != 0 && strcmp(state, "running") != 0;
        bool made = ended && known_at(job, "plan");
        const char *id = text_at(job, made ? "plan" : "job");
        row_begin(page);
        cell_under(page, page_words(page, "/%s/%s", made ? "plans" : "jobs", say_url(page, id)),
                   made ? plan_words(page, id) : "A plan that is being made", id);
        cell_begin(page, "", NULL);
        tag(page, ended ? "grey" : "blue", strcmp(state, "done") == 0 ? "Ready" : say_word(page, state));
        cell_end(page);
        if (known_at(job, "value"))
            cell_number(page, real_at(job, "value"), page_words(page, "%.3f", real_at(job, "value")));
        else
            cell_none(page, "none yet");
        if (known_at(job, "gap"))
            cell_number(page, real_at(job, "gap"), say_percent(page, real_at(job, "gap"), 2));
        else
            cell_none(page, "not known");
        cell_begin(page, "", page_words(page, "%lld", (long long)number_at(job, "elapsed_ms")));
        put(page, "%s", say_length(page, number_at(job, "elapsed_ms")));
        cell_end(page);
        cell_begin(page, "", page_words(page, "%lld", (long long)number_at(job, "age_s")));
        put(page, "%s ago", say_length(page, 1000 * number_at(job, "age_s")));
        cell_end(page);
        row_end(page);
    }
    table_end(page);
    put(page,
        "<p class=\"wm-go\"><a class=\"nhsuk-button\" href=\"/plans/new\" role=\"button\" draggable=\"false\">Make "
        "a plan</a></p>");
    page_foot(page);
}
