/* A post: who fits it best and why, how challenged its organisation is, which packages it may offer, who was
   refused. */
#include "page_plan.h"

#include <string.h>

enum { SHORTLIST_ROWS = 10 };

static void put_facts(struct page *page, const json_t *post)
{
    put(page, "<dl class=\"nhsuk-summary-list wm-facts\">");
    fact(page, "Grade", say_word(page, text_at(post, "grade")));
    fact(page, "Salary", known_at(post, "salary_gbp") ? say_pounds(page, number_at(post, "salary_gbp")) : "Not known");
    fact(page, "Starts", say_date(page, text_at(post, "starts")));
    fact(page, "Openings", say_number(page, number_at(post, "openings")));
    fact(page, "Region", text_at(post, "region"));
    put(page, "</dl>");
}

/* ---- How challenged ---- */

static const char *signal_raw(struct page *page, const json_t *signal)
{
    const char *name = text_at(signal, "name");
    const json_t *raw = at(signal, "raw");
    if (raw == NULL)
        return "Not known";
    if (json_is_string(raw))
        return say_word(page, json_string_value(raw));
    if (strcmp(name, "vacancy") == 0)
        return say_count(page, json_integer_value(raw), "day", "days");
    if (json_is_integer(raw))
        return say_number(page, json_integer_value(raw));
    return page_words(page, "%.2f", json_number_value(raw));
}

static void put_severity(struct page *page, const json_t *severity)
{
    static const char *const columns[] = {"Signal", "Published value", "As of", "#Adds", NULL};
    const json_t *signal;
    size_t i;
    put(page, "<section aria-labelledby=\"severity-heading\"><h2 class=\"nhsuk-heading-m\" id=\"severity-heading\">");
    if (!true_at(severity, "known"))
        put(page, "Nothing published says how challenged this organisation is</h2><p>A stand-in of %.2f is used.</p>",
            real_at(severity, "value"));
    else
        put(page,
            "How challenged the organisation is: %.2f of 1</h2><p class=\"wm-reading\">Published signals, each from 0 "
            "(best) to 1 (worst), "
            "older ones "
            "counting less. %s of the evidence is there and fresh.%s</p>",
            real_at(severity, "value"), say_percent(page, real_at(severity, "evidence"), 0),
            true_at(severity, "in_deficit") ? " The trust is in deficit, so it cannot be in a better segment than 3."
                                            : "");
    table_begin(page, "signals", "What makes up how challenged it is", columns);
    json_array_foreach (at(severity, "signals"), i, signal) {
        double part = real_at(signal, "part"), all = real_at(severity, "value");
        row_begin(page);
        cell_text(page, say_word(page, text_at(signal, "name")));
        cell_text(page, signal_raw(page, signal));
        cell_date(page, text_at(signal, "as_of"));
        if (known_at(signal, "part"))
            cell_bar(page, part, page_words(page, "%.3f", part), all > 0 ? part / all : 0, "fill");
        else
            cell_none(page, "not known");
        row_end(page);
    }
    table_end(page);
    put(page, "</section>");
}

/* ---- The shortlist ---- */

static void cell_part(struct page *page, double value, const char *text, double most)
{
    cell_bar(page, value, text, most > 0 ? value / most : 0, "fill");
}

static void put_match(struct page *page, const json_t *row, const char *post, double most, double chance)
{
    const char *leader = text_at(row, "leader_id");
    row_begin(page);
    cell_number(page, (double)number_at(row, "rank"), say_number(page, number_at(row, "rank")));
    cell_under(page, page_words(page, "/posts/%s/leaders/%s", say_url(page, post), say_url(page, leader)), leader,
               say_word(page, text_at(row, "grade")));
    cell_part(page, real_at(row, "expected_benefit"), say_benefit(page, real_at(row, "expected_benefit")), most);
    cell_part(page, real_at(row, "parts/fit"), say_percent(page, real_at(row, "parts/fit"), 0), 1);
    cell_part(page, real_at(row, "parts/accept"), say_percent(page, real_at(row, "parts/accept"), 1), chance);
    cell_part(page, real_at(row, "evidence"), say_percent(page, real_at(row, "evidence"), 0), 1);
    cell_terms(page, text_at(row, "package_id"), text_at(row, "mentor_id"));
    cell_cost(page, row);
    if (known_at(row, "distance_km"))
        cell_number(page, real_at(row, "distance_km"), page_words(page, "%.0f km", real_at(row, "distance_km")));
    else
        cell_none(page, "not known");
    if (known_at(row, "margin"))
        cell_number(page, real_at(row, "margin"), page_words(page, "+%s", say_benefit(page, real_at(row, "margin"))));
    else
        cell_none(page, "nobody comes after");
    row_end(page);
}

/* ---- What the newest plan does with it ---- */

/* The rows of a part of a plan that are of this post, written by `put_one`. How many there are. */
static size_t put_rows_of(struct page *page, const char *plan, const char *part_name, const char *post,
                          void (*put_one)(struct page *page, const json_t *row))
{
    const char *members = page_words(page, "\"plan\":%s,\"part\":\"%s\"", say_json(page, plan), part_name);
    const json_t *part, *row;
    size_t next = 0, n = 0, i;
    while ((part = ask_rows(page, "plan.get", members, &next)) != NULL)
        json_array_foreach (at(part, "rows"), i, row)
            if (strcmp(text_at(row, "post"), post) == 0) {
                put_one(page, row);
                n++;
            }
    return n;
}

static void put_placed(struct page *page, const json_t *row)
{
    const char *leader = text_at(row, "leader");
    put(page, "<p>The newest plan places <a href=\"/posts/%s/leaders/%s\">%s</a> here, on %s%s%s.</p>",
        say_url(page, text_at(row, "post")), say_url(page, leader), leader,
        say_inside(page, package_name(page, text_at(row, "package"))), known_at(row, "mentor") ? ", with mentor " : "",
        text_at(row, "mentor"));
}

static void put_open(struct page *page, const json_t *row)
{
    if (!plan_asked(row)) {
        put(page, "<p>The newest plan was not asked about this post.</p>");
        return;
    }
    put(page, "<p>The newest plan leaves it open. %s.</p><p>Cheapest way to fill it: ", plan_why(page, row));
    plan_put_fix(page, row);
    put(page, ".</p>");
}

static void put_in_plan(struct page *page, const char *post)
{
    const char *running, *plan = newest_plan(page, &running);
    if (plan == NULL)
        return;
    put(page, "<div class=\"nhsuk-inset-text wm-in-plan\">");
    size_t n = put_rows_of(page, plan, "placements", post, put_placed);
    n += put_rows_of(page, plan, "unfilled", post, put_open);
    if (n == 0)
        put(page, "<p>The newest plan was not asked about this post.</p>");
    put(page, "<p><a href=\"/plans/%s\">See the plan</a></p></div>", say_url(page, plan));
}

/* ---- The list ---- */

/* Where nobody may take a post: the rule that alone stands between it and the most leaders. */
static void put_nobody(struct page *page, const json_t *list)
{
    const json_t *row, *nearest = NULL;
    size_t i;
    json_array_foreach (at(list, "refused"), i, row)
        if (number_at(row, "only") > number_at(nearest, "only"))
            nearest = row;
    put(page, "<p class=\"wm-reading\">");
    if (nearest)
        put(page, "For %s only one rule stands in the way: %s. A change there would help soonest. ",
            say_count(page, number_at(nearest, "only"), "leader", "leaders"),
            say_inside(page, say_rule(page, text_at(nearest, "rule"))));
    put(page, "All rules that refuse somebody are below. A plan names the cheapest way to fill the post.</p>");
}

static void put_shortlist(struct page *page, const json_t *list, const char *post)
{
    static const char *const columns[] = {
        "#Rank", "Leader",    "#Expected benefit", "#Fit", "#Chance of a yes", "#Evidence", "Package and mentor",
        "#Cost", "#Distance", "#Ahead of next",    NULL};
    const json_t *rows = at(list, "rows"), *row;
    double most = 0, chance = 0;
    size_t i, n = json_array_size(rows);
    json_array_foreach (rows, i, row) {
        most = real_at(row, "expected_benefit") > most ? real_at(row, "expected_benefit") : most;
        chance = real_at(row, "parts/accept") > chance ? real_at(row, "parts/accept") : chance;
    }
    int64_t eligible = number_at(list, "eligible"), considered = number_at(list, "considered");
    put(page, "<section aria-labelledby=\"shortlist-heading\"><h2 class=\"nhsuk-heading-m\" id=\"shortlist-heading\">");
    if (eligible == 0)
        put(page, "None of %s leaders may take this post</h2>", say_number(page, considered));
    else
        put(page, "%s of %s leaders may take this post</h2>", say_number(page, eligible), say_number(page, considered));
    if (eligible == 0)
        put_nobody(page, list);
    if (n) {
        put(page,
            "<p class=\"wm-reading\">Expected benefit is how challenged the organisation is, times how well the leader "
            "fits, times the chance that they say yes. Each is shown with the package and mentor that do most for "
            "them, "
            "as if the others were not there. Evidence is the share of the fit that comes from appraisals; for the "
            "rest "
            "the mean of the grade stands in.</p>");
        table_begin(page, "shortlist", "Leaders ranked by expected benefit", columns);
        json_array_foreach (rows, i, row)
            put_match(page, row, post, most, chance);
        table_end(page);
    }
    size_t offset = (size_t)number_at(list, "offset");
    if (offset > 0 || known_at(list, "next_offset")) {
        put(page,
            "<nav class=\"wm-pages\" aria-label=\"Pages of the shortlist\"><p class=\"wm-pages__where\">%s of %s "
            "leaders</p><ul class=\"wm-pages__list\">",
            n ? page_words(page, "%s to %s", say_number(page, (int64_t)offset + 1),
                           say_number(page, (int64_t)(offset + n)))
              : "None",
            say_number(page, eligible));
        if (offset > 0)
            put(page,
                "<li><a class=\"wm-pages__link\" rel=\"prev\" href=\"/posts/%s?from=%zu#shortlist\">Previous "
                "page</a></li>",
                say_url(page, post), offset > SHORTLIST_ROWS ? offset - SHORTLIST_ROWS : 0);
        if (known_at(list, "next_offset"))
            put(page,
                "<li><a class=\"wm-pages__link\" rel=\"next\" href=\"/posts/%s?from=%lld#shortlist\">Next "
                "page</a></li>",
                say_url(page, post), (long long)number_at(list, "next_offset"));
        put(page, "</ul></nav>");
    }
    put(page, "</section>");
}

/* ---- Packages and refusals ---- */

static void put_packages(struct page *page, const json_t *packages)
{
    static const char *const columns[] = {"Package",     "#Local cost",        "#Central cost",
                                          "Best mentor", "May it be offered?", NULL};
    const json_t *package;
    size_t i, allowed = 0;
    json_array_foreach (packages, i, package)
        allowed += true_at(package, "allowed");
    put(page,
        "<section aria-labelledby=\"packages-heading\"><h2 class=\"nhsuk-heading-m\" id=\"packages-heading\">%s of %s "
        "packages may be "
        "offered</h2>",
        say_number(page, (int64_t)allowed), say_number(page, (int64_t)json_array_size(packages)));
    table_begin(page, "packages", "Packages for this post", columns);
    json_array_foreach (packages, i, package) {
        row_begin(page);
        cell_under(page, NULL, text_at(package, "name"), text_at(package, "package_id"));
        cell_number(page, (double)number_at(package, "local_cost_gbp"),
                    say_pounds(page, number_at(package, "local_cost_gbp")));
        cell_number(page, (double)number_at(package, "central_cost_gbp"),
                    say_pounds(page, number_at(package, "central_cost_gbp")));
        cell_text(page, known_at(package, "mentor_id") ? text_at(package, "mentor_id") : "None");
        if (true_at(package, "allowed"))
            cell_text(page, true_at(package, "needs_approval") ? "Yes, with approval of the salary" : "Yes");
        else
            cell_text(page, page_words(page, "No: %s", text_at(package, "bar_text")));
        row_end(page);
    }
    table_end(page);
    put(page, "</section>");
}

static void put_refused(struct page *page, const json_t *list)
{
    static const char *const columns[] = {"Rule", "#Refused", "#By this rule alone", "#For missing data", NULL};
    const json_t *refused = at(list, "refused"), *row, *first = NULL;
    int64_t most = 0, all = 0;
    size_t i;
    json_array_foreach (refused, i, row) {
        all += number_at(row, "refused");
        if (number_at(row, "refused") > most) {
            most = number_at(row, "refused");
            first = row;
        }
    }
    if (first == NULL)
        return;
    put(page,
        "<section aria-labelledby=\"refused-heading\"><h2 class=\"nhsuk-heading-m\" id=\"refused-heading\">The rule "
        "that "
        "refuses most: %s (%s of %s refused)</h2>",
        say_inside(page, say_rule(page, text_at(first, "rule"))), say_number(page, most), say_number(page, all));
    table_begin(page, "refused", "Leaders refused, by the first rule that does so", columns);
    json_array_foreach (refused, i, row) {
        double refusals = (double)number_at(row, "refused");
        row_begin(page);
        cell_under(page, NULL, say_rule(page, text_at(row, "rule")), say_upper(page, text_at(row, "meaning")));
        cell_bar(page, refusals, say_number(page, number_at(row, "refused")), refusals / (double)most, "quiet");
        cell_number(page, (double)number_at(row, "only"), say_number(page, number_at(row, "only")));
        cell_number(page, (double)number_at(row, "unknown"), say_number(page, number_at(row, "unknown")));
        row_end(page);
    }
    table_end(page);
    put(page, "</section>");
}

void page_post(struct page *page)
{
    static const struct crumb crumbs[] = {{"/", "Overview"}, {"/posts", "Posts"}};
    const char *id = page->asked.id[0];
    const char *params = page_words(page, "{\"post\":%s,\"limit\":%d,\"offset\":%zu}", say_json(page, id),
                                    SHORTLIST_ROWS, page_number(page, "from", 4000000));
    const json_t *list = page_ask(page, "match.shortlist", params), *post = at(list, "post");
    if (list == NULL) {
        page_error(page, page_failed(page, "match.shortlist", params));
        return;
    }
    page_head(page, "/posts", text_at(post, "title"), crumbs, 2);
    put(page,
        "<p class=\"wm-subtitle\"><a href=\"/posts?organisation=%s\">%s</a> <span class=\"wm-quiet\">%s</span></p>",
        say_url(page, text_at(post, "ods_code")), text_at(post, "organisation"), id);
    put_facts(page, post);
    put_in_plan(page, id);
    put_shortlist(page, list, id);
    put_severity(page, at(post, "severity"));
    put_packages(page, at(list, "packages"));
    put_refused(page, list);
    page_foot(page);
}
