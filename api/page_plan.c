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
    json_array_foreach(limits, i, limit)
    {
        bool money = strcmp(text_at(limit, "resource"), "budget") == 0, to = known_at(limit, "to");
        int64_t amount = number_at(limit, to ? "to" : "add");
        put(page, "<li>%s %s: %s%s</li>", say_lower(page, text_at(limit, "resource")), text_at(limit, "of"),
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
           "Posts filled", "");
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
    put(page, "<tr><td class=\"nhsuk-table__cell\"><a href=\"/posts/%s\">%s</a><span class=\"wm-under\">%s</span></td>",
        say_url(page, post), text_at(row, "title"), post);
    put(page, "<td class=\"nhsuk-table__cell\">%s<span class=\"wm-under\">%s</span></td>", text_at(row, "organisation"),
        text_at(row, "region"));
    cell_link(page, page_words(page, "/posts/%s/leaders/%s", say_url(page, post), say_url(page, leader)), leader);
    cell_text(page, text_at(row, "package"));
    cell_text(page, known_at(row, "mentor") ? text_at(row, "mentor") : "None");
    cell_number(page, real_at(row, "accept"), say_percent(page, real_at(row, "accept"), 1));
    cell_number(page, real_at(row, "expected"), say_benefit(page, real_at(row, "expected")));
    int64_t cost = number_at(row, "local_cost_gbp") + number_at(row, "central_cost_gbp");
    put(page, "<td class=\"nhsuk-table__cell wm-number\" data-value=\"%lld\">%s", (long long)cost,
        say_pounds(page, cost));
    if (true_at(row, "needs_approval"))
        put(page, "<span class=\"wm-under\">needs approval</span>");
    put(page, "</td></tr>");
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
    json_array_foreach(regions, i, row)
    {
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

static void put_placements(struct page *page, const char *plan, const json_t *totals)
{
    static const char *const columns[] = {
        "Post", "Organisation", "Leader", "Package", "Mentor", "#Chance of a yes", "#Expected benefit", "#Cost", NULL};
    const char *members = page_words(page, "\"plan\":%s,\"part\":\"placements\"", say_json(page, plan));
    size_t from = page_number(page, "placements", 4000000), shown = 0, matched = 0, next = 0, i;
    const json_t *part, *row;
    put(page, "<section aria-labelledby=\"placements-heading\"><h2 class=\"nhsuk-heading-m\" "
              "id=\"placements-heading\">Who goes where</h2>");
    put_filters(page, plan, at(totals, "by_region"));
    size_t start = page->html.len;
    table_begin(page, "placements", "Placements", columns);
    while ((part = ask_rows(page, "plan.get", members, &next)) != NULL)
        json_array_foreach(at(part, "rows"), i, row)
        {
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
    if (page->asked.restricted)
        put(page,
            "<p class=\"wm-export\">Download placements as <a href=\"/feeds/v1/allocation.csv?run=%s&amp;bom=1\">CSV "
            "for Excel</a> or "
            "<a href=\"/feeds/v1/allocation.json?run=%s\">JSON</a></p>",
            say_url(page, plan), say_url(page, plan));
    put(page, "</section>");
}

/* ---- What stays open ---- */

static const char *reason_words(const char *reason)
{
    static const char *const words[][2] = {
        {"not_asked", "Left out of the question"},
        {"severity_unknown", "Nothing is known of the organisation"},
        {"not_eligible", "The rules refuse every pair"},
        {"forbidden", "Forbidden by the question"},
        {"money", "Money runs out"},
        {"mentor", "Mentors run out"},
        {"stock", "A package runs out"},
        {"moves", "Too many moves"},
        {"outbid", "Worth more elsewhere"},
        {"no_value", "No benefit is expected"},
        {"not_settled", "Stopped before it was settled"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], reason) == 0)
            return words[i][1];
    return reason;
}

/* Why in plain words, from who and what came nearest. */
static void cell_why(struct page *page, const json_t *row)
{
    const char *reason = text_at(row, "reason"), *leader = text_at(row, "nearest/leader"),
               *post = text_at(row, "nearest/post");
    put(page, "<td class=\"nhsuk-table__cell\">%s", reason_words(reason));
    if (strcmp(reason, "outbid") == 0 && *leader && known_at(row, "rival_post"))
        put(page, "<span class=\"wm-under\">%s came nearest and goes to %s</span>", leader, text_at(row, "rival_post"));
    else if (strcmp(reason, "outbid") == 0 && *post && known_at(row, "rival"))
        put(page, "<span class=\"wm-under\">Came nearest at %s, where %s does more</span>", post,
            text_at(row, "rival"));
    else if (number_at(row, "short_by") > 0)
        put(page, "<span class=\"wm-under\">%s short of %s</span>",
            strcmp(reason, "money") == 0 ? say_pounds(page, number_at(row, "short_by"))
                                         : say_number(page, number_at(row, "short_by")),
            text_at(row, "of"));
    put(page, "</td>");
}

static void put_step(struct page *page, const json_t *fix)
{
    const char *resource = text_at(fix, "resource"), *of = text_at(fix, "of");
    int64_t more = number_at(fix, "add");
    const char *what = strcmp(resource, "budget") == 0
                           ? page_words(page, "%s more in the budget %s", say_pounds(page, more), of)
                       : strcmp(resource, "openings") == 0
                           ? page_words(page, "%s at %s", say_count(page, more, "more opening", "more openings"), of)
                       : strcmp(resource, "mentor_hours") == 0
                           ? page_words(page, "%s of %s", say_count(page, more, "more hour", "more hours"), of)
                           : page_words(page, "%s more of %s", say_number(page, more), of);
    put(page, "%s: %s then goes to %s with %s", what, text_at(fix, "placement/leader"), text_at(fix, "placement/post"),
        text_at(fix, "placement/package"));
    if (known_at(fix, "placement/mentor"))
        put(page, " and %s", text_at(fix, "placement/mentor"));
}

static void cell_fix(struct page *page, const json_t *row)
{
    const json_t *fix = at(row, "fix"), *change = json_array_get(at(fix, "changes"), 0);
    /* A change of a leader's row is about that leader, whoever came nearest. */
    bool of_leader = strcmp(text_at(change, "kind"), "leader") == 0;
    const char *leader = of_leader ? text_at(change, "id") : text_at(fix, "leader"), *post = text_at(fix, "post");
    if (fix == NULL) {
        put(page, "<td class=\"nhsuk-table__cell wm-quiet\">No single step is known</td>");
        return;
    }
    put(page, "<td class=\"nhsuk-table__cell\">");
    if (strcmp(text_at(fix, "kind"), "limit") == 0)
        put_step(page, fix);
    else if (json_array_size(at(fix, "changes")))
        put(page, "%s", say_changes(page, at(fix, "changes"), true_at(fix, "together")));
    else
        put(page, "%s", say_sentence(page, text_at(fix, "text")));
    if (*leader && *post)
        put(page, ". <a class=\"wm-nowrap\" href=\"/posts/%s/leaders/%s\">%s at %s</a>", say_url(page, post),
            say_url(page, leader), leader, post);
    put(page, "</td>");
}

static void put_unfilled(struct page *page, const char *plan, const json_t *summary)
{
    static const char *const columns[] = {"Post", "Organisation", "Why it stays open", "Cheapest way to fill it", NULL};
    size_t from = page_number(page, "unfilled", 4000000), i, shown;
    const json_t *row,
        *part = page_ask(page, "plan.get",
                         page_words(page, "{\"plan\":%s,\"part\":\"unfilled\",\"limit\":%d,\"offset\":%zu}",
                                    say_json(page, plan), PAGE_ROWS, from));
    int64_t open = number_at(summary, "openings") - number_at(summary, "placements");
    shown = json_array_size(at(part, "rows"));
    put(page,
        "<section aria-labelledby=\"unfilled-heading\"><h2 class=\"nhsuk-heading-m\" id=\"unfilled-heading\">%s "
        "open</h2>",
        say_count(page, open, "post stays", "posts stay"));
    if (shown) {
        table_begin(page, "unfilled", "Posts that stay open, and the cheapest way to fill each", columns);
        json_array_foreach(at(part, "rows"), i, row)
        {
            put(page,
                "<tr><td class=\"nhsuk-table__cell\"><a href=\"/posts/%s\">%s</a><span "
                "class=\"wm-under\">%s</span></td>",
                say_url(page, text_at(row, "post")), text_at(row, "title"), text_at(row, "post"));
            put(page, "<td class=\"nhsuk-table__cell\">%s<span class=\"wm-under\">%s</span></td>",
                text_at(row, "organisation"), text_at(row, "region"));
            cell_why(page, row);
            cell_fix(page, row);
            put(page, "</tr>");
        }
        table_end(page);
    }
    pages(page, page_words(page, "/plans/%s", say_url(page, plan)), "unfilled", from, shown, number_at(part, "total"),
          "open posts");
    put(page, "</section>");
}

static void put_unplaced(struct page *page, const char *plan)
{
    static const char *const columns[] = {"Leader", "Why", "What would help", NULL};
    size_t from = page_number(page, "unplaced", 4000000), i, shown;
    const json_t *row,
        *part = page_ask(page, "plan.get",
                         page_words(page, "{\"plan\":%s,\"part\":\"unplaced\",\"limit\":%d,\"offset\":%zu}",
                                    say_json(page, plan), PAGE_ROWS, from));
    shown = json_array_size(at(part, "rows"));
    put(page,
        "<section aria-labelledby=\"unplaced-heading\"><h2 class=\"nhsuk-heading-m\" id=\"unplaced-heading\">%s "
        "without a place</h2>",
        say_count(page, number_at(part, "total"), "leader", "leaders"));
    if (shown) {
        table_begin(page, "unplaced", "Leaders without a place, and what would help", columns);
        json_array_foreach(at(part, "rows"), i, row)
        {
            put(page, "<tr>");
            cell_text(page, text_at(row, "leader"));
            cell_why(page, row);
            cell_fix(page, row);
            put(page, "</tr>");
        }
        table_end(page);
    }
    pages(page, page_words(page, "/plans/%s", say_url(page, plan)), "unplaced", from, shown, number_at(part, "total"),
          "leaders");
    put(page, "</section>");
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
    size_t first = 0;
    const json_t *totals =
        ask_rows(page, "plan.get", page_words(page, "\"plan\":%s,\"part\":\"totals\"", say_json(page, plan)), &first);
    put_placements(page, plan, totals);
    put_unfilled(page, plan, summary);
    plan_put_limits(page, plan);
    put_unplaced(page, plan);
    page_foot(page);
}

/* ---- All plans ---- */

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
    page_head(page, "/plans", "Plans", NULL, 0);
    put(page, "<p class=\"wm-reading\">Plans are kept for an hour after they were last used.</p>");
    table_begin(page, "plans", "Plans that are kept, the newest first", columns);
    json_array_foreach(at(list, "jobs"), i, job)
    {
        const char *state = text_at(job, "state");
        bool ended = strcmp(state, "queued") != 0 && strcmp(state, "running") != 0;
        const char *id = known_at(job, "plan") && ended ? text_at(job, "plan") : text_at(job, "job");
        put(page, "<tr>");
        cell_link(page,
                  page_words(page, "/%s/%s", ended && known_at(job, "plan") ? "plans" : "jobs", say_url(page, id)), id);
        put(page, "<td class=\"nhsuk-table__cell\">");
        tag(page, ended ? "grey" : "blue", strcmp(state, "done") == 0 ? "Ready" : say_word(page, state));
        put(page, "</td>");
        if (known_at(job, "value"))
            cell_number(page, real_at(job, "value"), page_words(page, "%.3f", real_at(job, "value")));
        else
            cell_none(page, "none yet");
        if (known_at(job, "gap"))
            cell_number(page, real_at(job, "gap"), say_percent(page, real_at(job, "gap"), 2));
        else
            cell_none(page, "not known");
        put(page, "<td class=\"nhsuk-table__cell\" data-value=\"%lld\">%s</td>",
            (long long)number_at(job, "elapsed_ms"), say_length(page, number_at(job, "elapsed_ms")));
        put(page, "<td class=\"nhsuk-table__cell\" data-value=\"%lld\">%s ago</td></tr>",
            (long long)number_at(job, "age_s"), say_length(page, 1000 * number_at(job, "age_s")));
    }
    table_end(page);
    put(page,
        "<p><a class=\"nhsuk-button\" href=\"/plans/new\" role=\"button\" draggable=\"false\">Make a plan</a></p>");
    page_foot(page);
}
