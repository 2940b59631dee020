/*
 * Answers for people and for spreadsheets: which view a method has, and the views of matches.
 * A view reads the JSON as it was served; a member that is not there leaves a gap, never a fault.
 */
#include "client_view.h"

#include "client_options.h"
#include "client_plan_verdict.h"
#include "client_rows.h"
#include "jsonrpc.h"

#include <math.h>
#include <string.h>

typedef void view_function(struct page *page, struct slice result);

static view_function show_shortlist, show_opportunities, show_explanation, show_comparison;

static const struct {
    const char *method;
    view_function *show;
    const char *rows; /* where the table is that --csv gives; NULL: path,value of everything */
    const char *row;  /* what of an item makes a record; "": all of it */
} views[] = {
    {"match.shortlist", show_shortlist, "rows", ""},     {"match.opportunities", show_opportunities, "rows", ""},
    {"match.explain", show_explanation, "packages", ""}, {"match.compare_packages", show_comparison, "packages", ""},
    {"dataset.info", rows_show_info, "tables", ""},      {"dataset.list", rows_show_list, "rows", "row"},
    {"dataset.get", rows_show_row, "row", ""},           {"system.errors", rows_show_any, "errors", ""},
    {"plan.list", plan_show_list, "jobs", ""},
};

/* ---- Sentences that several views share ---- */

static void tell_post(struct page *page, struct slice post)
{
    const char *facts = page_say(page, "%s, %s at %s (%s), %s; %s, starts %s", page_text(page, post, "post_id"),
                                 page_text(page, post, "title"), page_text(page, post, "organisation"),
                                 page_text(page, post, "ods_code"), page_text(page, post, "region"),
                                 page_text(page, post, "grade"), page_text(page, post, "starts"));
    int64_t openings = value_whole(value_at(post, "openings"));
    const char *salary = page_pounds(page, post, "salary_gbp");
    facts = page_join(page, facts, ", salary ", salary);
    page_paragraph(page, openings > 1 ? page_say(page, "%s, %lld openings.", facts, (long long)openings)
                                      : page_say(page, "%s.", facts));
}

static void tell_leader(struct page *page, struct slice leader)
{
    const char *grade = page_text(page, leader, "grade"), *place = page_text(page, leader, "organisation");
    const char *facts =
        page_say(page, "%s, %s", page_text(page, leader, "leader_id"), *grade ? grade : "grade unknown");
    if (*place)
        facts = page_say(page, "%s, now at %s (%s)", facts, place, page_text(page, leader, "ods_code"));
    facts = page_join(page, facts, "; has held ", page_text(page, leader, "roles"));
    facts = page_join(page, facts, "; salary ", page_pounds(page, leader, "salary_gbp"));
    facts = page_join(page, facts, "; ready from ", page_text(page, leader, "ready_from"));
    page_paragraph(page, page_say(page, "%s.", facts));
}

static void tell_severity(struct page *page, struct slice severity)
{
    if (value_missing(severity))
        return;
    if (!value_true_at(severity, "known")) {
        page_paragraph(page, page_say(page, "Severity is unknown: there is no public signal; %s of 1 stands in.",
                                      page_decimal(page, severity, "value", 2)));
        return;
    }
    const char *parts = "";
    struct items signals = value_items(value_at(severity, "signals"));
    for (struct slice signal; value_next(&signals, &signal);)
        if (value_true_at(signal, "present"))
            parts = page_join(
                page, parts, " + ",
                page_say(page, "%s %s", page_text(page, signal, "name"), page_decimal(page, signal, "part", 3)));
    page_paragraph(page,
                   page_say(page, "Severity %s of 1 = %s. %s of the evidence is there and fresh.",
                            page_decimal(page, severity, "value", 3), parts, page_percent(page, severity, "evidence")));
}

static void tell_refusals(struct page *page, struct slice result, const char *what)
{
    static const struct column columns[] = {{"rule", false, 0, 0},
                                            {"refused", true, 0, 0},
                                            {"by it alone", true, 2, 0},
                                            {"data missing", true, 3, 0},
                                            {"meaning", false, 1, 20}};
    struct table table;
    struct items rules = value_items(value_at(result, "refused"));
    if (value_count(value_at(result, "refused")) == 0)
        return;
    page_heading(page, page_say(page, "Refused %s, by the first rule that does", what));
    table_init(&table, columns, 5);
    for (struct slice rule; value_next(&rules, &rule);) {
        table_cell(&table, STYLE_PLAIN, page_text(page, rule, "rule"));
        table_cell(&table, STYLE_PLAIN, page_whole(page, rule, "refused"));
        table_cell(&table, STYLE_PLAIN, page_whole(page, rule, "only"));
        table_cell(&table, STYLE_PLAIN, page_whole(page, rule, "unknown"));
        table_cell(&table, STYLE_PLAIN, page_text(page, rule, "meaning"));
    }
    page_table(page, &table, NARROW_WRAP);
}

/* Which ranks of how many are shown, and how to see the next. */
static void tell_page(struct page *page, struct slice result, const char *what)
{
    int64_t eligible = value_whole(value_at(result, "eligible")),
            considered = value_whole(value_at(result, "considered"));
    int64_t offset = value_whole(value_at(result, "offset")), n = (int64_t)value_count(value_at(result, "rows"));
    const char *sentence = page_say(page, "%s of %s %s%s eligible", page_grouped(page, eligible),
                                    page_grouped(page, considered), what, considered == 1 ? " is" : "s are");
    if (n > 0)
        sentence = page_say(page, "%s; here are ranks %s to %s", sentence, page_grouped(page, offset + 1),
                            page_grouped(page, offset + n));
    else if (eligible > 0)
        sentence = page_say(page, "%s; no rank is that far down", sentence);
    if (!value_missing(value_at(result, "next_offset")))
        sentence = page_say(page, "%s (--offset %s goes on)", sentence, page_text(page, result, "next_offset"));
    page_paragraph(page, page_say(page, "%s.", sentence));
}

/* ---- Shortlist ---- */

static void show_shortlist(struct page *page, struct slice result)
{
    static const struct column columns[] = {
        {"rank", true, 0, 0},      {"leader", false, 0, 0}, {"benefit", true, 0, 0},  {"margin", true, 2, 0},
        {"fit", true, 1, 0},       {"chance", true, 0, 0},  {"evidence", true, 5, 0}, {"package", false, 0, 0},
        {"mentor", false, 0, 0},   {"local", true, 0, 0},   {"central", true, 0, 0},  {"km", true, 4, 0},
        {"missing", false, 3, 10},
    };
    struct table table;
    tell_post(page, value_at(result, "post"));
    tell_severity(page, value_at(result, "post/severity"));
    tell_page(page, result, "leader");

    table_init(&table, columns, sizeof columns / sizeof *columns);
    struct items rows = value_items(value_at(result, "rows"));
    bool approval = false;
    for (struct slice row; value_next(&rows, &row);) {
        bool approve = value_true_at(row, "needs_approval");
        approval = approval || approve;
        table_cell(&table, STYLE_PLAIN, page_whole(page, row, "rank"));
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "leader_id"));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, row, "expected_benefit", 5));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, row, "margin", 5));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, row, "parts/fit", 2));
        table_cell(&table, STYLE_PLAIN, page_percent(page, row, "parts/accept"));
        table_cell(&table, STYLE_PLAIN, page_percent(page, row, "evidence"));
        table_cell(&table, STYLE_PLAIN,
                   page_say(page, "%s%s", page_text(page, row, "package_id"), approve ? " !" : ""));
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "mentor_id"));
        table_cell(&table, STYLE_PLAIN, page_pounds(page, row, "local_cost_gbp"));
        table_cell(&table, STYLE_PLAIN, page_pounds(page, row, "central_cost_gbp"));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, row, "distance_km", 0));
        table_cell(&table, STYLE_FAINT, page_text(page, row, "missing"));
    }
    bool any = table.n_cells > 0;
    if (any)
        page_gap(page);
    page_table(page, &table, NARROW_WRAP);
    if (any) {
        page_gap(page);
        page_paragraph(page, "benefit = severity x fit x chance; margin: above the next in rank; evidence: how much of "
                             "the skill is appraisal, the "
                             "rest is the mean of the grade.");
        if (approval)
            page_paragraph(page, "! the salary with this package's premium needs approval.");
    }

    struct items offers = value_items(value_at(result, "packages"));
    any = false;
    for (struct slice offer; value_next(&offers, &offer);) {
        if (value_true_at(offer, "allowed"))
            continue;
        if (!any)
            page_heading(page, "Packages that may not be offered");
        any = true;
        const char *shortfall = page_pounds(page, offer, "short_by_gbp");
        page_point(page, page_say(page, "%s, %s: %s%s%s.", page_text(page, offer, "package_id"),
                                  page_text(page, offer, "name"), page_text(page, offer, "bar_text"),
                                  *shortfall ? ", short by " : "", shortfall));
    }
    tell_refusals(page, result, "leaders");
    page_revisions(page, result);
}

/* ---- Changes ---- */

/* "set ready_from of leader L1 from 2026-10-01 to 2026-09-01 (30 days)" */
static const char *change_text(struct page *page, struct slice change)
{
    const char *column = page_text(page, change, "column"), *kind = page_text(page, change, "kind"),
               *id = page_text(page, change, "id");
    const char *word = page_text(page, change, "word");
    if (value_is(value_at(change, "action"), "add"))
        return page_say(page, "add %s to %s of %s %s", word, column, kind, id);
    if (value_is(value_at(change, "action"), "remove"))
        return page_say(page, "take %s out of %s of %s %s", word, column, kind, id);
    const char *from = page_text(page, change, "from"), *by = page_text(page, change, "by"),
               *unit = page_text(page, change, "unit");
    const char *sentence = page_say(page, "set %s of %s %s%s%s to %s", column, kind, id, *from ? " from " : "", from,
                                    page_text(page, change, "to"));
    return *by ? page_say(page, "%s (%s%s%s)", sentence, by, *unit ? " " : "", unit) : sentence;
}

/* The changes of one rule in one sentence; "" when there is none. */
static const char *changes_text(struct page *page, struct slice rule)
{
    const char *sentence = "", *between = value_true_at(rule, "together") ? ", and " : ", or ";
    struct items changes = value_items(value_at(rule, "changes"));
    for (struct slice change; value_next(&changes, &change);)
        sentence = page_join(page, sentence, between, change_text(page, change));
    return sentence;
}

/* ---- Opportunities ---- */

static const char *gaps_text(struct page *page, struct slice row)
{
    const char *sentence = "";
    struct items gaps = value_items(value_at(row, "gaps"));
    for (struct slice each; value_next(&gaps, &each);)
        sentence =
            page_join(page, sentence, ", ",
                      page_say(page, "%s %s", page_text(page, each, "domain"), page_decimal(page, each, "short", 2)));
    return sentence;
}

/* The readiness gap of every post on the page. */
static void show_gaps(struct page *page, struct slice result)
{
    static const struct column columns[] = {{"rank", true, 0, 0},
                                            {"post", false, 0, 0},
                                            {"domain and shortfall, the one that weighs most first", false, 0, 24}};
    struct table table;
    struct items rows = value_items(value_at(result, "rows"));
    table_init(&table, columns, 3);
    for (struct slice row; value_next(&rows, &row);) {
        if (value_count(value_at(row, "gaps")) == 0)
            continue;
        table_cell(&table, STYLE_PLAIN, page_whole(page, row, "rank"));
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "post/post_id"));
        table_cell(&table, STYLE_PLAIN, gaps_text(page, row));
    }
    if (table.n_cells > 0)
        page_heading(page, "Skill short of the post's need, in points of 5");
    page_table(page, &table, NARROW_WRAP);
}

static void show_near_misses(struct page *page, struct slice result)
{
    struct items rows = value_items(value_at(result, "near_misses"));
    bool any = false;
    for (struct slice row; value_next(&rows, &row);) {
        if (!any)
            page_heading(page, "Just out of reach: one rule refuses");
        any = true;
        const char *changes = changes_text(page, value_at(row, "rule"));
        page_point(page, page_say(page, "%s, %s at %s, benefit %s: %s. %s%s", page_text(page, row, "post/post_id"),
                                  page_text(page, row, "post/title"), page_text(page, row, "post/organisation"),
                                  page_decimal(page, row, "expected_benefit", 5), page_text(page, row, "rule/note"),
                                  *changes ? "To pass: " : "", *changes ? page_say(page, "%s.", changes) : ""));
    }
}

static void show_opportunities(struct page *page, struct slice result)
{
    static const struct column columns[] = {
        {"rank", true, 0, 0},    {"post", false, 0, 0}, {"title", false, 0, 12},   {"organisation", false, 0, 12},
        {"benefit", true, 0, 0}, {"fit", true, 3, 0},   {"chance", true, 0, 0},    {"package", false, 0, 0},
        {"mentor", false, 4, 0}, {"km", true, 5, 0},    {"missing", false, 6, 10},
    };
    struct table table;
    tell_leader(page, value_at(result, "leader"));
    tell_page(page, result, "post");
    int64_t unknown = value_whole(value_at(result, "severity_unknown"));
    if (unknown > 0)
        page_paragraph(page, page_say(page,
                                      "%s post%s left out, as nothing public is known of the organisation's severity; "
                                      "--among names %s to include.",
                                      page_grouped(page, unknown), unknown == 1 ? " is" : "s are",
                                      unknown == 1 ? "it" : "those"));

    table_init(&table, columns, sizeof columns / sizeof *columns);
    struct items rows = value_items(value_at(result, "rows"));
    for (struct slice row; value_next(&rows, &row);) {
        table_cell(&table, STYLE_PLAIN, page_whole(page, row, "rank"));
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "post/post_id"));
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "post/title"));
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "post/organisation"));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, row, "expected_benefit", 5));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, row, "parts/fit", 2));
        table_cell(&table, STYLE_PLAIN, page_percent(page, row, "parts/accept"));
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "package_id"));
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "mentor_id"));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, row, "distance_km", 0));
        table_cell(&table, STYLE_FAINT, page_text(page, row, "missing"));
    }
    bool any = table.n_cells > 0;
    if (any)
        page_gap(page);
    page_table(page, &table, NARROW_WRAP);
    if (any) {
        page_gap(page);
        page_paragraph(page, "benefit = severity x fit x chance.");
    }
    show_gaps(page, result);
    show_near_misses(page, result);
    tell_refusals(page, result, "posts");
    page_revisions(page, result);
}

/* ---- Packages side by side ---- */

static const char *standing_of(struct page *page, struct slice row, enum style *style)
{
    const char *shortfall = page_pounds(page, row, "short_by_gbp");
    *style = STYLE_PLAIN;
    if (!value_true_at(row, "allowed")) {
        *style = STYLE_BAD;
        return page_say(page, "%s%s%s", page_text(page, row, "bar_text"), *shortfall ? ", short by " : "", shortfall);
    }
    const char *standing = value_true_at(row, "best")        ? "best"
                           : value_true_at(row, "dominated") ? "another is cheaper and as good"
                                                             : "";
    if (value_true_at(row, "best"))
        *style = STYLE_GOOD;
    return value_true_at(row, "needs_approval") ? page_join(page, standing, "; ", "salary needs approval") : standing;
}

static void show_packages(struct page *page, struct slice result)
{
    static const struct column columns[] = {
        {"package", false, 0, 0}, {"name", false, 0, 12},     {"chance", true, 0, 0},    {"gain", true, 1, 0},
        {"local", true, 0, 0},    {"central", true, 0, 0},    {"per point", true, 0, 0}, {"benefit", true, 2, 0},
        {"mentor", false, 3, 0},  {"standing", false, 0, 14},
    };
    static const struct column held_columns[] = {
        {"package", false, 0, 0}, {"premium", true, 0, 0}, {"relocation", true, 0, 0}, {"development", true, 0, 0},
        {"flexible", true, 0, 0}, {"return", true, 0, 0},  {"peers", false, 0, 0},     {"mentoring", true, 0, 0},
    };
    struct table table, held;
    table_init(&table, columns, sizeof columns / sizeof *columns);
    table_init(&held, held_columns, sizeof held_columns / sizeof *held_columns);
    struct items rows = value_items(value_at(result, "packages"));
    for (struct slice row; value_next(&rows, &row);) {
        enum style style;
        const char *standing = standing_of(page, row, &style);
        double gain = value_number(value_at(row, "gain"));
        enum style faint = value_true_at(row, "allowed") ? STYLE_PLAIN : STYLE_FAINT;
        table_cell(&table, faint, page_text(page, row, "package_id"));
        table_cell(&table, faint, page_text(page, row, "name"));
        table_cell(&table, faint, page_percent(page, row, "accept"));
        table_cell(&table, faint, isnan(gain) ? "" : page_say(page, "%+.1f", 100 * gain));
        table_cell(&table, faint, page_pounds(page, row, "local_cost_gbp"));
        table_cell(&table, faint, page_pounds(page, row, "central_cost_gbp"));
        table_cell(&table, faint, page_pounds(page, row, "gbp_per_point"));
        table_cell(&table, faint, page_decimal(page, row, "expected_benefit", 5));
        table_cell(&table, faint, page_text(page, row, "mentor_id"));
        table_cell(&table, style, standing);

        struct slice holds = value_at(row, "holds");
        table_cell(&held, faint, page_text(page, row, "package_id"));
        table_cell(&held, faint, page_say(page, "%s%%", page_decimal(page, holds, "pay_premium_pct", 1)));
        table_cell(&held, faint, page_pounds(page, holds, "relocation_gbp"));
        table_cell(&held, faint, page_say(page, "%s days", page_whole(page, holds, "development_days")));
        table_cell(&held, faint, page_say(page, "%s days", page_whole(page, holds, "flexible_days")));
        table_cell(&held, faint, page_say(page, "%s months", page_whole(page, holds, "return_right_months")));
        table_cell(&held, faint, value_true_at(holds, "peer_network") ? "yes" : "no");
        table_cell(&held, faint, page_say(page, "%s hours", page_whole(page, holds, "mentor_hours")));
    }
    page_heading(page, "Packages side by side");
    page_table(page, &table, NARROW_WRAP);
    page_paragraph(page, "gain: percentage points of chance above the cheapest allowed package; per point: pounds "
                         "above it for each such point.");
    page_heading(page, "What each holds");
    page_table(page, &held, NARROW_WRAP);
}

/* ---- Explanation ---- */

static void tell_verdict(struct page *page, struct slice result)
{
    const char *leader = page_text(page, result, "leader/leader_id"), *refused = "";
    if (value_true_at(result, "eligible")) {
        text_paragraph(page->out, page->screen, 0, STYLE_GOOD,
                       page_say(page, "%s is eligible, and ranks %s of %s for this post.", leader,
                                page_whole(page, result, "rank"), page_whole(page, result, "eligible_count")));
        return;
    }
    struct items rules = value_items(value_at(result, "rules"));
    for (struct slice rule; value_next(&rules, &rule);)
        if (!value_is(value_at(rule, "verdict"), "passed"))
            refused = page_join(page, refused, ", ", page_text(page, rule, "rule"));
    text_paragraph(page->out, page->screen, 0, STYLE_BAD, page_say(page, "%s is not eligible: %s.", leader, refused));
}

/* "mentor +0.48, pay +0.23": the terms of one sign. */
static const char *terms_text(struct page *page, struct slice terms, const char *before, bool rising)
{
    struct items members = value_members(terms);
    for (struct slice key, value; value_next_member(&members, &key, &value);) {
        double amount = value_number(value);
        bool is_sum = key.len == 5 && memcmp(key.at, "logit", 5) == 0;
        if (!is_sum && !isnan(amount) && amount != 0.0 && (amount > 0) == rising)
            before = page_join(page, before, ", ", page_say(page, "%s %+.2f", page_key(page, key), amount));
    }
    return before;
}

static void tell_match(struct page *page, struct slice result)
{
    struct slice match = value_at(result, "match"), parts = value_at(match, "accept_parts");
    const char *mentor = page_text(page, match, "mentor_id"), *quality = page_decimal(page, match, "mentor_quality", 2);
    const char *terms =
        page_say(page, "%s %s%s%s", value_true_at(result, "eligible") ? "With package" : "If it were offered package",
                 page_text(page, match, "package_id"), *mentor ? " and mentor " : "", mentor);
    if (*quality)
        terms = page_say(page, "%s (quality %s of 1)", terms, quality);
    page_gap(page);
    page_paragraph(page, page_say(page, "Expected benefit %s = severity %s x fit %s x chance %s.",
                                  page_text(page, match, "expected_benefit"), page_text(page, match, "parts/severity"),
                                  page_text(page, match, "parts/fit"), page_text(page, match, "parts/accept")));
    page_paragraph(page, page_say(page, "%s the chance is %s; it costs %s locally and %s centrally%s.", terms,
                                  page_percent(page, match, "parts/accept"), page_pounds(page, match, "local_cost_gbp"),
                                  page_pounds(page, match, "central_cost_gbp"),
                                  value_true_at(match, "needs_approval") ? ", and the salary needs approval" : ""));
    const char *distance = page_decimal(page, match, "distance_km", 0), *margin = page_text(page, match, "margin");
    page_paragraph(page,
                   page_say(page, "%s%s%s from home; %s of the skill is appraisal, the rest is the mean of the grade.",
                            *distance ? distance : "An unknown distance", *distance ? " km" : "", "",
                            page_percent(page, match, "evidence")));
    if (*margin)
        page_paragraph(page, page_say(page, "The margin to the next in rank is %s.", margin));
    const char *up = terms_text(page, value_at(parts, "wants"), terms_text(page, parts, "", true), true);
    const char *down = terms_text(page, value_at(parts, "wants"), terms_text(page, parts, "", false), false);
    page_paragraph(page,
                   page_say(page, "What raises the chance: %s. What lowers it: %s. (Terms of a logit; together %s.)",
                            *up ? up : "nothing", *down ? down : "nothing", page_decimal(page, parts, "logit", 2)));
}

static void show_rules(struct page *page, struct slice result)
{
    static const struct column columns[] = {{"rule", false, 0, 0}, {"verdict", false, 0, 0}, {"why", false, 0, 24}};
    struct table table;
    struct items rules = value_items(value_at(result, "rules"));
    table_init(&table, columns, 3);
    for (struct slice rule; value_next(&rules, &rule);) {
        struct slice verdict = value_at(rule, "verdict");
        enum style style = value_is(verdict, "passed")    ? STYLE_GOOD
                           : value_is(verdict, "refused") ? STYLE_BAD
                                                          : STYLE_UNSURE;
        table_cell(&table, STYLE_PLAIN, page_text(page, rule, "rule"));
        table_cell(&table, style, page_value(page, verdict));
        table_cell(&table, STYLE_PLAIN, page_text(page, rule, "note"));
    }
    page_heading(page, "Rules");
    page_table(page, &table, NARROW_WRAP);

    if (value_true_at(result, "eligible"))
        return;
    page_heading(page, "Smallest change that would make them eligible");
    rules = value_items(value_at(result, "rules"));
    for (struct slice rule; value_next(&rules, &rule);) {
        if (value_is(value_at(rule, "verdict"), "passed"))
            continue;
        const char *changes = changes_text(page, rule);
        page_point(page, page_say(page, "%s: %s.", page_text(page, rule, "rule"),
                                  *changes ? changes : "no change of one or two cells does it"));
    }
}

/* The digits of the parts are those served: they add up to the last one. */
static void show_domains(struct page *page, struct slice result)
{
    static const struct column columns[] = {
        {"domain", false, 0, 14}, {"need", true, 0, 0},     {"skill", true, 0, 0},       {"evidence", true, 0, 0},
        {"weight", true, 0, 0},   {"fit part", true, 0, 0}, {"benefit part", true, 0, 0}};
    struct table table;
    struct items domains = value_items(value_at(result, "domains"));
    table_init(&table, columns, 7);
    for (struct slice domain; value_next(&domains, &domain);) {
        bool is_short = value_number(value_at(domain, "skill")) < value_number(value_at(domain, "need"));
        table_cell(&table, STYLE_PLAIN, page_text(page, domain, "domain"));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, domain, "need", 1));
        table_cell(&table, is_short ? STYLE_UNSURE : STYLE_PLAIN, page_decimal(page, domain, "skill", 2));
        table_cell(&table, STYLE_PLAIN, page_percent(page, domain, "evidence"));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, domain, "weight", 3));
        table_cell(&table, STYLE_PLAIN, page_text(page, domain, "fit_part"));
        table_cell(&table, STYLE_PLAIN, page_text(page, domain, "expected_part"));
    }
    const char *const sums[] = {"together",
                                "",
                                "",
                                "",
                                "",
                                page_text(page, result, "match/parts/fit"),
                                page_text(page, result, "match/expected_benefit")};
    for (size_t i = 0; i < 7; i++)
        table_cell(&table, STYLE_HEADING, sums[i]);
    page_heading(page, "Domains");
    page_table(page, &table, NARROW_WRAP);
}

static void show_signals(struct page *page, struct slice severity)
{
    static const struct column columns[] = {{"signal", false, 0, 0}, {"published", false, 1, 0},
                                            {"level", true, 0, 0},   {"share", true, 0, 0},
                                            {"part", true, 0, 0},    {"as of", false, 0, 0}};
    struct table table;
    struct items signals = value_items(value_at(severity, "signals"));
    table_init(&table, columns, 6);
    for (struct slice signal; value_next(&signals, &signal);) {
        bool present = value_true_at(signal, "present");
        table_cell(&table, present ? STYLE_PLAIN : STYLE_FAINT, page_text(page, signal, "name"));
        table_cell(&table, STYLE_PLAIN, page_text(page, signal, "raw"));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, signal, "level", 2));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, signal, "share", 3));
        table_cell(&table, STYLE_PLAIN, page_text(page, signal, "part"));
        table_cell(&table, STYLE_FAINT, present ? page_text(page, signal, "as_of") : "unknown");
    }
    page_heading(page, "Severity");
    tell_severity(page, severity);
    if (*page_text(page, severity, "recovery_programme") != '\0')
        page_paragraph(
            page, page_say(page, "Recovery programme on record: %s.", page_text(page, severity, "recovery_programme")));
    if (value_true_at(severity, "in_deficit"))
        page_paragraph(page, "In deficit: the segment cannot be better than 3, whatever the league score.");
    page_table(page, &table, NARROW_WRAP);
}

static void show_explanation(struct page *page, struct slice result)
{
    tell_leader(page, value_at(result, "leader"));
    tell_post(page, value_at(result, "post"));
    page_gap(page);
    tell_verdict(page, result);
    tell_match(page, result);
    show_rules(page, result);
    show_packages(page, result);
    show_domains(page, result);
    show_signals(page, value_at(result, "post/severity"));
    struct items missing = value_items(value_at(result, "missing"));
    bool any = false;
    for (struct slice each; value_next(&missing, &each);) {
        if (!any)
            page_heading(page, "What was missing");
        any = true;
        page_point(page, page_say(page, "%s: %s.", page_text(page, each, "name"), page_text(page, each, "meaning")));
    }
    page_revisions(page, result);
}

static void show_comparison(struct page *page, struct slice result)
{
    tell_leader(page, value_at(result, "leader"));
    tell_post(page, value_at(result, "post"));
    if (!value_true_at(result, "eligible"))
        page_paragraph(page, "This leader is not eligible for this post; 'wellmatch explain' says why.");
    show_packages(page, result);
    page_revisions(page, result);
}

void view_result(struct buf *out, const struct screen *screen, const char *method, struct slice result)
{
    struct page page = {out, screen, NULL};
    view_function *show = rows_show_any;
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (strcmp(views[i].method, method) == 0)
            show = views[i].show;
    show(&page, result);
    page_end(&page);
}

void view_csv(struct buf *out, bool terminal, const char *method, struct slice result)
{
    struct page page = {out, NULL, NULL};
    const char *rows = NULL, *part = "";
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (strcmp(views[i].method, method) == 0) {
            rows = views[i].rows;
            part = views[i].row;
        }
    struct slice table = rows ? value_at(result, rows) : (struct slice){0};
    if (table.at && json_kind(table) == '[') {
        rows_put_csv(&page, terminal, table, part);
    } else {
        buf_text(out, "path,value\r\n");
        rows_put_csv_leaves(&page, terminal, "", table.at ? table : result);
    }
    page_end(&page);
}
