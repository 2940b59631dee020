/*
 * Answers for people and for spreadsheets.
 *
 * A view reads the JSON that was served and writes headings, sentences and tables. Every text it takes from the answer is
 * made by text(), which cleans it, so that nothing from data can reach a terminal in another way. Texts live as long as
 * the view: they are kept in a list and freed at its end.
 */
#include "client_view.h"

#include "client_options.h"
#include "client_value.h"
#include "jsonrpc.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 16 << 20, COLUMNS_MAX = 256, PATH_CAP = 128, LEFT_OUT_NAMED = 6 };

struct kept {
    struct kept *before;
    char text[];
};

struct view {
    struct buf *out;
    const struct screen *screen;
    struct kept *kept;
};

typedef void view_function(struct view *view, struct slice result);

static view_function show_shortlist, show_opportunities, show_explanation, show_comparison, show_info, show_list, show_row, show_any;

static const struct {
    const char *method;
    view_function *show;
    const char *rows; /* where the table is that --csv gives; NULL: path,value of everything */
    const char *row;  /* what of an item makes a record; "": all of it */
} views[] = {
    {"match.shortlist", show_shortlist, "rows", ""},
    {"match.opportunities", show_opportunities, "rows", ""},
    {"match.explain", show_explanation, "packages", ""},
    {"match.compare_packages", show_comparison, "packages", ""},
    {"dataset.info", show_info, "tables", ""},
    {"dataset.list", show_list, "rows", "row"},
    {"dataset.get", show_row, "row", ""},
    {"system.errors", show_any, "errors", ""},
};

/* ---- Texts ---- */

/* Takes what `made` holds as a text of the view. */
static const char *keep(struct view *view, struct buf *made)
{
    struct kept *kept = made->failed ? NULL : malloc(sizeof *kept + made->len + 1);
    if (!kept) {
        view->out->failed = true;
        buf_fini(made);
        return "";
    }
    memcpy(kept->text, made->len ? made->at : "", made->len);
    kept->text[made->len] = '\0';
    kept->before = view->kept;
    view->kept = kept;
    buf_fini(made);
    return kept->text;
}

static void forget(struct view *view)
{
    while (view->kept) {
        struct kept *before = view->kept->before;
        free(view->kept);
        view->kept = before;
    }
}

static const char *say(struct view *view, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *say(struct view *view, const char *format, ...)
{
    char *made;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&made, format, arguments);
    va_end(arguments);
    struct buf copy;
    buf_init(&copy, TEXT_MAX_BYTES);
    if (len >= 0)
        buf_put(&copy, made, (size_t)len);
    else
        copy.failed = true;
    if (len >= 0)
        free(made);
    return keep(view, &copy);
}

/* A list of scalars has commas between; other containers are shown as JSON. */
static void put_raw(struct buf *out, struct slice value)
{
    struct items items = value_items(value);
    struct slice item;
    bool first = true;
    if (!items.any) {
        value_put(out, value);
        return;
    }
    while (value_next(&items, &item)) {
        if (!first)
            buf_text(out, ", ");
        first = false;
        value_put(out, item);
    }
}

/* A value as text for people, clean; "" for null and absent. */
static const char *text_of(struct view *view, struct slice value)
{
    struct buf raw, clean;
    buf_init(&raw, TEXT_MAX_BYTES);
    buf_init(&clean, TEXT_MAX_BYTES);
    put_raw(&raw, value);
    text_clean(&clean, raw.len ? raw.at : "", raw.len);
    clean.failed = clean.failed || raw.failed;
    buf_fini(&raw);
    return keep(view, &clean);
}

static const char *text(struct view *view, struct slice object, const char *path)
{
    return text_of(view, value_at(object, path));
}

static const char *key_text(struct view *view, struct slice key)
{
    struct buf clean;
    buf_init(&clean, TEXT_MAX_BYTES);
    text_clean(&clean, key.at, key.len);
    return keep(view, &clean);
}

/* 0.8312 as "0.83"; "" when it is no number. */
static const char *decimal(struct view *view, struct slice object, const char *path, int decimals)
{
    double number = value_number(value_at(object, path));
    return isnan(number) ? "" : say(view, "%.*f", decimals, number);
}

static const char *percent(struct view *view, struct slice object, const char *path)
{
    double number = value_number(value_at(object, path));
    return isnan(number) ? "" : say(view, "%.1f%%", 100 * number);
}

static const char *grouped(struct view *view, int64_t number)
{
    char digits[32], shown[48];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)(number < 0 ? -number : number)), at = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            shown[at++] = ',';
        shown[at++] = digits[i];
    }
    return say(view, "%s%.*s", number < 0 ? "-" : "", at, shown);
}

static const char *whole(struct view *view, struct slice object, const char *path)
{
    struct slice value = value_at(object, path);
    return value_missing(value) ? "" : grouped(view, value_whole(value));
}

static const char *pounds(struct view *view, struct slice object, const char *path)
{
    struct slice value = value_at(object, path);
    int64_t number = value_whole(value);
    return value_missing(value) ? "" : say(view, "%s£%s", number < 0 ? "-" : "", grouped(view, number < 0 ? -number : number));
}

static bool true_at(struct slice object, const char *path)
{
    return value_true(value_at(object, path));
}

static void heading(struct view *view, const char *words)
{
    text_heading(view->out, view->screen, words);
}

static void paragraph(struct view *view, const char *words)
{
    text_paragraph(view->out, view->screen, 0, STYLE_PLAIN, words);
}

static void point(struct view *view, const char *words)
{
    text_paragraph(view->out, view->screen, 2, STYLE_PLAIN, words);
}

static void gap(struct view *view)
{
    buf_char(view->out, '\n');
}

/* The table, and what there was no room for. Ends the table. */
static void put_table(struct view *view, struct table *table, enum narrowing narrowing)
{
    struct buf names;
    table_put(table, view->screen, 0, narrowing, view->out);
    buf_init(&names, TEXT_MAX_BYTES);
    for (size_t c = 0; c < table->n_columns && table->n_left_out > 0; c++)
        if (table->left_out[c])
            buf_format(&names, "%s%s", names.len > 0 ? ", " : "", table->columns[c].title);
    buf_char(&names, '.');
    if (table->n_left_out > LEFT_OUT_NAMED)
        paragraph(view, say(view, "Left out for want of room: %zu columns. A wider terminal shows more, --json all.", table->n_left_out));
    else if (table->n_left_out > 0)
        paragraph(view, say(view, "Left out for want of room: %s A wider terminal shows more, --json all.", keep(view, &names)));
    buf_fini(&names);
    table_fini(table);
}

/* `words` after `before`, with `between` when both are something. */
static const char *join(struct view *view, const char *before, const char *between, const char *words)
{
    return say(view, "%s%s%s", before, *before && *words ? between : "", words);
}

/* ---- Sentences that several views share ---- */

static void tell_post(struct view *view, struct slice post)
{
    const char *facts = say(view, "%s, %s at %s (%s), %s; %s, starts %s", text(view, post, "post_id"), text(view, post, "title"),
                            text(view, post, "organisation"), text(view, post, "ods_code"), text(view, post, "region"),
                            text(view, post, "grade"), text(view, post, "starts"));
    int64_t openings = value_whole(value_at(post, "openings"));
    const char *salary = pounds(view, post, "salary_gbp");
    facts = join(view, facts, ", salary ", salary);
    paragraph(view, openings > 1 ? say(view, "%s, %lld openings.", facts, (long long)openings) : say(view, "%s.", facts));
}

static void tell_leader(struct view *view, struct slice leader)
{
    const char *grade = text(view, leader, "grade"), *place = text(view, leader, "organisation");
    const char *facts = say(view, "%s, %s", text(view, leader, "leader_id"), *grade ? grade : "grade unknown");
    if (*place)
        facts = say(view, "%s, now at %s (%s)", facts, place, text(view, leader, "ods_code"));
    facts = join(view, facts, "; has held ", text(view, leader, "roles"));
    facts = join(view, facts, "; salary ", pounds(view, leader, "salary_gbp"));
    facts = join(view, facts, "; ready from ", text(view, leader, "ready_from"));
    paragraph(view, say(view, "%s.", facts));
}

static void tell_severity(struct view *view, struct slice severity)
{
    if (value_missing(severity))
        return;
    if (!true_at(severity, "known")) {
        paragraph(view, say(view, "Severity is unknown: there is no public signal; %s of 1 stands in.", decimal(view, severity, "value", 2)));
        return;
    }
    const char *parts = "";
    struct items signals = value_items(value_at(severity, "signals"));
    for (struct slice signal; value_next(&signals, &signal);)
        if (true_at(signal, "present"))
            parts = join(view, parts, " + ", say(view, "%s %s", text(view, signal, "name"), decimal(view, signal, "part", 3)));
    paragraph(view, say(view, "Severity %s of 1 = %s. %s of the evidence is there and fresh.", decimal(view, severity, "value", 3), parts,
                        percent(view, severity, "evidence")));
}

static void tell_refusals(struct view *view, struct slice result, const char *what)
{
    static const struct column columns[] = {{"rule", false, 0, 0}, {"refused", true, 0, 0}, {"by it alone", true, 2, 0}, {"data missing", true, 3, 0},
                                            {"meaning", false, 1, 20}};
    struct table table;
    struct items rules = value_items(value_at(result, "refused"));
    if (value_count(value_at(result, "refused")) == 0)
        return;
    heading(view, say(view, "Refused %s, by the first rule that does", what));
    table_init(&table, columns, 5);
    for (struct slice rule; value_next(&rules, &rule);) {
        table_cell(&table, STYLE_PLAIN, text(view, rule, "rule"));
        table_cell(&table, STYLE_PLAIN, whole(view, rule, "refused"));
        table_cell(&table, STYLE_PLAIN, whole(view, rule, "only"));
        table_cell(&table, STYLE_PLAIN, whole(view, rule, "unknown"));
        table_cell(&table, STYLE_PLAIN, text(view, rule, "meaning"));
    }
    put_table(view, &table, NARROW_WRAP);
}

/* Which ranks of how many are shown, and how to see the next. */
static void tell_page(struct view *view, struct slice result, const char *what)
{
    int64_t eligible = value_whole(value_at(result, "eligible")), considered = value_whole(value_at(result, "considered"));
    int64_t offset = value_whole(value_at(result, "offset")), n = (int64_t)value_count(value_at(result, "rows"));
    const char *sentence = say(view, "%s of %s %s%s eligible", grouped(view, eligible), grouped(view, considered), what,
                               considered == 1 ? " is" : "s are");
    if (n > 0)
        sentence = say(view, "%s; here are ranks %s to %s", sentence, grouped(view, offset + 1), grouped(view, offset + n));
    else if (eligible > 0)
        sentence = say(view, "%s; no rank is that far down", sentence);
    if (!value_missing(value_at(result, "next_offset")))
        sentence = say(view, "%s (--offset %s goes on)", sentence, text(view, result, "next_offset"));
    paragraph(view, say(view, "%s.", sentence));
}

static void tell_revisions(struct view *view, struct slice result)
{
    if (value_missing(value_at(result, "dataset")))
        return;
    gap(view);
    text_paragraph(view->out, view->screen, 0, STYLE_FAINT,
                   say(view, "dataset %.12s  policy %.12s", text(view, result, "dataset"), text(view, result, "policy")));
}

/* ---- Shortlist ---- */

static void show_shortlist(struct view *view, struct slice result)
{
    static const struct column columns[] = {
        {"rank", true, 0, 0},    {"leader", false, 0, 0},  {"benefit", true, 0, 0},  {"margin", true, 2, 0}, {"fit", true, 1, 0},
        {"chance", true, 0, 0},  {"evidence", true, 5, 0}, {"package", false, 0, 0}, {"mentor", false, 0, 0}, {"local", true, 0, 0},
        {"central", true, 0, 0}, {"km", true, 4, 0},       {"missing", false, 3, 10},
    };
    struct table table;
    tell_post(view, value_at(result, "post"));
    tell_severity(view, value_at(result, "post/severity"));
    tell_page(view, result, "leader");

    table_init(&table, columns, sizeof columns / sizeof *columns);
    struct items rows = value_items(value_at(result, "rows"));
    bool approval = false;
    for (struct slice row; value_next(&rows, &row);) {
        bool approve = true_at(row, "needs_approval");
        approval = approval || approve;
        table_cell(&table, STYLE_PLAIN, whole(view, row, "rank"));
        table_cell(&table, STYLE_PLAIN, text(view, row, "leader_id"));
        table_cell(&table, STYLE_PLAIN, decimal(view, row, "expected_benefit", 5));
        table_cell(&table, STYLE_PLAIN, decimal(view, row, "margin", 5));
        table_cell(&table, STYLE_PLAIN, decimal(view, row, "parts/fit", 2));
        table_cell(&table, STYLE_PLAIN, percent(view, row, "parts/accept"));
        table_cell(&table, STYLE_PLAIN, percent(view, row, "evidence"));
        table_cell(&table, STYLE_PLAIN, say(view, "%s%s", text(view, row, "package_id"), approve ? " !" : ""));
        table_cell(&table, STYLE_PLAIN, text(view, row, "mentor_id"));
        table_cell(&table, STYLE_PLAIN, pounds(view, row, "local_cost_gbp"));
        table_cell(&table, STYLE_PLAIN, pounds(view, row, "central_cost_gbp"));
        table_cell(&table, STYLE_PLAIN, decimal(view, row, "distance_km", 0));
        table_cell(&table, STYLE_FAINT, text(view, row, "missing"));
    }
    bool any = table.n_cells > 0;
    if (any)
        gap(view);
    put_table(view, &table, NARROW_WRAP);
    if (any) {
        gap(view);
        paragraph(view, "benefit = severity x fit x chance; margin: above the next in rank; evidence: how much of the skill is appraisal, the "
                        "rest is the mean of the grade.");
        if (approval)
            paragraph(view, "! the salary with this package's premium needs approval.");
    }

    struct items offers = value_items(value_at(result, "packages"));
    any = false;
    for (struct slice offer; value_next(&offers, &offer);) {
        if (true_at(offer, "allowed"))
            continue;
        if (!any)
            heading(view, "Packages that may not be offered");
        any = true;
        const char *shortfall = pounds(view, offer, "short_by_gbp");
        point(view, say(view, "%s, %s: %s%s%s.", text(view, offer, "package_id"), text(view, offer, "name"), text(view, offer, "bar_text"),
                        *shortfall ? ", short by " : "", shortfall));
    }
    tell_refusals(view, result, "leaders");
    tell_revisions(view, result);
}

/* ---- Changes ---- */

/* "set ready_from of leader L1 from 2026-10-01 to 2026-09-01 (30 days)" */
static const char *change_text(struct view *view, struct slice change)
{
    const char *column = text(view, change, "column"), *kind = text(view, change, "kind"), *id = text(view, change, "id");
    const char *word = text(view, change, "word");
    if (value_is(value_at(change, "action"), "add"))
        return say(view, "add %s to %s of %s %s", word, column, kind, id);
    if (value_is(value_at(change, "action"), "remove"))
        return say(view, "take %s out of %s of %s %s", word, column, kind, id);
    const char *from = text(view, change, "from"), *by = text(view, change, "by"), *unit = text(view, change, "unit");
    const char *sentence = say(view, "set %s of %s %s%s%s to %s", column, kind, id, *from ? " from " : "", from, text(view, change, "to"));
    return *by ? say(view, "%s (%s%s%s)", sentence, by, *unit ? " " : "", unit) : sentence;
}

/* The changes of one rule in one sentence; "" when there is none. */
static const char *changes_text(struct view *view, struct slice rule)
{
    const char *sentence = "", *between = true_at(rule, "together") ? ", and " : ", or ";
    struct items changes = value_items(value_at(rule, "changes"));
    for (struct slice change; value_next(&changes, &change);)
        sentence = join(view, sentence, between, change_text(view, change));
    return sentence;
}

/* ---- Opportunities ---- */

static const char *gaps_text(struct view *view, struct slice row)
{
    const char *sentence = "";
    struct items gaps = value_items(value_at(row, "gaps"));
    for (struct slice each; value_next(&gaps, &each);)
        sentence = join(view, sentence, ", ", say(view, "%s %s", text(view, each, "domain"), decimal(view, each, "short", 2)));
    return sentence;
}

/* The readiness gap of every post on the page. */
static void show_gaps(struct view *view, struct slice result)
{
    static const struct column columns[] = {{"rank", true, 0, 0}, {"post", false, 0, 0}, {"domain and shortfall, the one that weighs most first", false, 0, 24}};
    struct table table;
    struct items rows = value_items(value_at(result, "rows"));
    table_init(&table, columns, 3);
    for (struct slice row; value_next(&rows, &row);) {
        if (value_count(value_at(row, "gaps")) == 0)
            continue;
        table_cell(&table, STYLE_PLAIN, whole(view, row, "rank"));
        table_cell(&table, STYLE_PLAIN, text(view, row, "post/post_id"));
        table_cell(&table, STYLE_PLAIN, gaps_text(view, row));
    }
    if (table.n_cells > 0)
        heading(view, "Skill short of the post's need, in points of 5");
    put_table(view, &table, NARROW_WRAP);
}

static void show_near_misses(struct view *view, struct slice result)
{
    struct items rows = value_items(value_at(result, "near_misses"));
    bool any = false;
    for (struct slice row; value_next(&rows, &row);) {
        if (!any)
            heading(view, "Just out of reach: one rule refuses");
        any = true;
        const char *changes = changes_text(view, value_at(row, "rule"));
        point(view, say(view, "%s, %s at %s, benefit %s: %s. %s%s", text(view, row, "post/post_id"), text(view, row, "post/title"),
                        text(view, row, "post/organisation"), decimal(view, row, "expected_benefit", 5), text(view, row, "rule/note"),
                        *changes ? "To pass: " : "", *changes ? say(view, "%s.", changes) : ""));
    }
}

static void show_opportunities(struct view *view, struct slice result)
{
    static const struct column columns[] = {
        {"rank", true, 0, 0},      {"post", false, 0, 0},  {"title", false, 0, 12},  {"organisation", false, 0, 12}, {"benefit", true, 0, 0},
        {"fit", true, 3, 0},       {"chance", true, 0, 0}, {"package", false, 0, 0}, {"mentor", false, 4, 0},        {"km", true, 5, 0},
        {"missing", false, 6, 10},
    };
    struct table table;
    tell_leader(view, value_at(result, "leader"));
    tell_page(view, result, "post");
    int64_t unknown = value_whole(value_at(result, "severity_unknown"));
    if (unknown > 0)
        paragraph(view, say(view, "%s post%s left out, as nothing public is known of the organisation's severity; --among names %s to include.",
                            grouped(view, unknown), unknown == 1 ? " is" : "s are", unknown == 1 ? "it" : "those"));

    table_init(&table, columns, sizeof columns / sizeof *columns);
    struct items rows = value_items(value_at(result, "rows"));
    for (struct slice row; value_next(&rows, &row);) {
        table_cell(&table, STYLE_PLAIN, whole(view, row, "rank"));
        table_cell(&table, STYLE_PLAIN, text(view, row, "post/post_id"));
        table_cell(&table, STYLE_PLAIN, text(view, row, "post/title"));
        table_cell(&table, STYLE_PLAIN, text(view, row, "post/organisation"));
        table_cell(&table, STYLE_PLAIN, decimal(view, row, "expected_benefit", 5));
        table_cell(&table, STYLE_PLAIN, decimal(view, row, "parts/fit", 2));
        table_cell(&table, STYLE_PLAIN, percent(view, row, "parts/accept"));
        table_cell(&table, STYLE_PLAIN, text(view, row, "package_id"));
        table_cell(&table, STYLE_PLAIN, text(view, row, "mentor_id"));
        table_cell(&table, STYLE_PLAIN, decimal(view, row, "distance_km", 0));
        table_cell(&table, STYLE_FAINT, text(view, row, "missing"));
    }
    bool any = table.n_cells > 0;
    if (any)
        gap(view);
    put_table(view, &table, NARROW_WRAP);
    if (any) {
        gap(view);
        paragraph(view, "benefit = severity x fit x chance.");
    }
    show_gaps(view, result);
    show_near_misses(view, result);
    tell_refusals(view, result, "posts");
    tell_revisions(view, result);
}

/* ---- Packages side by side ---- */

static const char *standing_of(struct view *view, struct slice row, enum style *style)
{
    const char *shortfall = pounds(view, row, "short_by_gbp");
    *style = STYLE_PLAIN;
    if (!true_at(row, "allowed")) {
        *style = STYLE_BAD;
        return say(view, "%s%s%s", text(view, row, "bar_text"), *shortfall ? ", short by " : "", shortfall);
    }
    const char *standing = true_at(row, "best") ? "best" : true_at(row, "dominated") ? "another is cheaper and as good" : "";
    if (true_at(row, "best"))
        *style = STYLE_GOOD;
    return true_at(row, "needs_approval") ? join(view, standing, "; ", "salary needs approval") : standing;
}

static void show_packages(struct view *view, struct slice result)
{
    static const struct column columns[] = {
        {"package", false, 0, 0}, {"name", false, 0, 12},    {"chance", true, 0, 0},  {"gain", true, 1, 0},    {"local", true, 0, 0},
        {"central", true, 0, 0},  {"per point", true, 0, 0}, {"benefit", true, 2, 0}, {"mentor", false, 3, 0}, {"standing", false, 0, 14},
    };
    static const struct column held_columns[] = {
        {"package", false, 0, 0}, {"premium", true, 0, 0}, {"relocation", true, 0, 0}, {"development", true, 0, 0}, {"flexible", true, 0, 0},
        {"return", true, 0, 0},   {"peers", false, 0, 0},  {"mentoring", true, 0, 0},
    };
    struct table table, held;
    table_init(&table, columns, sizeof columns / sizeof *columns);
    table_init(&held, held_columns, sizeof held_columns / sizeof *held_columns);
    struct items rows = value_items(value_at(result, "packages"));
    for (struct slice row; value_next(&rows, &row);) {
        enum style style;
        const char *standing = standing_of(view, row, &style);
        double gain = value_number(value_at(row, "gain"));
        enum style faint = true_at(row, "allowed") ? STYLE_PLAIN : STYLE_FAINT;
        table_cell(&table, faint, text(view, row, "package_id"));
        table_cell(&table, faint, text(view, row, "name"));
        table_cell(&table, faint, percent(view, row, "accept"));
        table_cell(&table, faint, isnan(gain) ? "" : say(view, "%+.1f", 100 * gain));
        table_cell(&table, faint, pounds(view, row, "local_cost_gbp"));
        table_cell(&table, faint, pounds(view, row, "central_cost_gbp"));
        table_cell(&table, faint, pounds(view, row, "gbp_per_point"));
        table_cell(&table, faint, decimal(view, row, "expected_benefit", 5));
        table_cell(&table, faint, text(view, row, "mentor_id"));
        table_cell(&table, style, standing);

        struct slice holds = value_at(row, "holds");
        table_cell(&held, faint, text(view, row, "package_id"));
        table_cell(&held, faint, say(view, "%s%%", decimal(view, holds, "pay_premium_pct", 1)));
        table_cell(&held, faint, pounds(view, holds, "relocation_gbp"));
        table_cell(&held, faint, say(view, "%s days", whole(view, holds, "development_days")));
        table_cell(&held, faint, say(view, "%s days", whole(view, holds, "flexible_days")));
        table_cell(&held, faint, say(view, "%s months", whole(view, holds, "return_right_months")));
        table_cell(&held, faint, true_at(holds, "peer_network") ? "yes" : "no");
        table_cell(&held, faint, say(view, "%s hours", whole(view, holds, "mentor_hours")));
    }
    heading(view, "Packages side by side");
    put_table(view, &table, NARROW_WRAP);
    paragraph(view, "gain: percentage points of chance above the cheapest allowed package; per point: pounds above it for each such point.");
    heading(view, "What each holds");
    put_table(view, &held, NARROW_WRAP);
}

/* ---- Explanation ---- */

static void tell_verdict(struct view *view, struct slice result)
{
    const char *leader = text(view, result, "leader/leader_id"), *refused = "";
    if (true_at(result, "eligible")) {
        text_paragraph(view->out, view->screen, 0, STYLE_GOOD,
                       say(view, "%s is eligible, and ranks %s of %s for this post.", leader, whole(view, result, "rank"),
                           whole(view, result, "eligible_count")));
        return;
    }
    struct items rules = value_items(value_at(result, "rules"));
    for (struct slice rule; value_next(&rules, &rule);)
        if (!value_is(value_at(rule, "verdict"), "passed"))
            refused = join(view, refused, ", ", text(view, rule, "rule"));
    text_paragraph(view->out, view->screen, 0, STYLE_BAD, say(view, "%s is not eligible: %s.", leader, refused));
}

/* "mentor +0.48, pay +0.23": the terms of one sign. */
static const char *terms_text(struct view *view, struct slice terms, const char *before, bool rising)
{
    struct items members = value_members(terms);
    for (struct slice key, value; value_next_member(&members, &key, &value);) {
        double amount = value_number(value);
        bool is_sum = key.len == 5 && memcmp(key.at, "logit", 5) == 0;
        if (!is_sum && !isnan(amount) && amount != 0.0 && (amount > 0) == rising)
            before = join(view, before, ", ", say(view, "%s %+.2f", key_text(view, key), amount));
    }
    return before;
}

static void tell_match(struct view *view, struct slice result)
{
    struct slice match = value_at(result, "match"), parts = value_at(match, "accept_parts");
    const char *mentor = text(view, match, "mentor_id"), *quality = decimal(view, match, "mentor_quality", 2);
    const char *terms = say(view, "%s %s%s%s", true_at(result, "eligible") ? "With package" : "If it were offered package",
                            text(view, match, "package_id"), *mentor ? " and mentor " : "", mentor);
    if (*quality)
        terms = say(view, "%s (quality %s of 1)", terms, quality);
    gap(view);
    paragraph(view, say(view, "Expected benefit %s = severity %s x fit %s x chance %s.", text(view, match, "expected_benefit"),
                        text(view, match, "parts/severity"), text(view, match, "parts/fit"), text(view, match, "parts/accept")));
    paragraph(view, say(view, "%s the chance is %s; it costs %s locally and %s centrally%s.", terms, percent(view, match, "parts/accept"),
                        pounds(view, match, "local_cost_gbp"), pounds(view, match, "central_cost_gbp"),
                        true_at(match, "needs_approval") ? ", and the salary needs approval" : ""));
    const char *distance = decimal(view, match, "distance_km", 0), *margin = text(view, match, "margin");
    paragraph(view, say(view, "%s%s%s from home; %s of the skill is appraisal, the rest is the mean of the grade.",
                        *distance ? distance : "An unknown distance", *distance ? " km" : "", "", percent(view, match, "evidence")));
    if (*margin)
        paragraph(view, say(view, "The margin to the next in rank is %s.", margin));
    const char *up = terms_text(view, value_at(parts, "wants"), terms_text(view, parts, "", true), true);
    const char *down = terms_text(view, value_at(parts, "wants"), terms_text(view, parts, "", false), false);
    paragraph(view, say(view, "What raises the chance: %s. What lowers it: %s. (Terms of a logit; together %s.)", *up ? up : "nothing",
                        *down ? down : "nothing", decimal(view, parts, "logit", 2)));
}

static void show_rules(struct view *view, struct slice result)
{
    static const struct column columns[] = {{"rule", false, 0, 0}, {"verdict", false, 0, 0}, {"why", false, 0, 24}};
    struct table table;
    struct items rules = value_items(value_at(result, "rules"));
    table_init(&table, columns, 3);
    for (struct slice rule; value_next(&rules, &rule);) {
        struct slice verdict = value_at(rule, "verdict");
        enum style style = value_is(verdict, "passed") ? STYLE_GOOD : value_is(verdict, "refused") ? STYLE_BAD : STYLE_UNSURE;
        table_cell(&table, STYLE_PLAIN, text(view, rule, "rule"));
        table_cell(&table, style, text_of(view, verdict));
        table_cell(&table, STYLE_PLAIN, text(view, rule, "note"));
    }
    heading(view, "Rules");
    put_table(view, &table, NARROW_WRAP);

    if (true_at(result, "eligible"))
        return;
    heading(view, "Smallest change that would make them eligible");
    rules = value_items(value_at(result, "rules"));
    for (struct slice rule; value_next(&rules, &rule);) {
        if (value_is(value_at(rule, "verdict"), "passed"))
            continue;
        const char *changes = changes_text(view, rule);
        point(view, say(view, "%s: %s.", text(view, rule, "rule"), *changes ? changes : "no change of one or two cells does it"));
    }
}

/* The digits of the parts are those served: they add up to the last one. */
static void show_domains(struct view *view, struct slice result)
{
    static const struct column columns[] = {{"domain", false, 0, 14}, {"need", true, 0, 0},     {"skill", true, 0, 0},        {"evidence", true, 0, 0},
                                            {"weight", true, 0, 0},   {"fit part", true, 0, 0}, {"benefit part", true, 0, 0}};
    struct table table;
    struct items domains = value_items(value_at(result, "domains"));
    table_init(&table, columns, 7);
    for (struct slice domain; value_next(&domains, &domain);) {
        bool is_short = value_number(value_at(domain, "skill")) < value_number(value_at(domain, "need"));
        table_cell(&table, STYLE_PLAIN, text(view, domain, "domain"));
        table_cell(&table, STYLE_PLAIN, decimal(view, domain, "need", 1));
        table_cell(&table, is_short ? STYLE_UNSURE : STYLE_PLAIN, decimal(view, domain, "skill", 2));
        table_cell(&table, STYLE_PLAIN, percent(view, domain, "evidence"));
        table_cell(&table, STYLE_PLAIN, decimal(view, domain, "weight", 3));
        table_cell(&table, STYLE_PLAIN, text(view, domain, "fit_part"));
        table_cell(&table, STYLE_PLAIN, text(view, domain, "expected_part"));
    }
    const char *const sums[] = {"together", "", "", "", "", text(view, result, "match/parts/fit"), text(view, result, "match/expected_benefit")};
    for (size_t i = 0; i < 7; i++)
        table_cell(&table, STYLE_HEADING, sums[i]);
    heading(view, "Domains");
    put_table(view, &table, NARROW_WRAP);
}

static void show_signals(struct view *view, struct slice severity)
{
    static const struct column columns[] = {{"signal", false, 0, 0}, {"level", true, 0, 0}, {"share", true, 0, 0}, {"part", true, 0, 0}, {"as of", false, 0, 0}};
    struct table table;
    struct items signals = value_items(value_at(severity, "signals"));
    table_init(&table, columns, 5);
    for (struct slice signal; value_next(&signals, &signal);) {
        bool present = true_at(signal, "present");
        table_cell(&table, present ? STYLE_PLAIN : STYLE_FAINT, text(view, signal, "name"));
        table_cell(&table, STYLE_PLAIN, decimal(view, signal, "level", 2));
        table_cell(&table, STYLE_PLAIN, decimal(view, signal, "share", 3));
        table_cell(&table, STYLE_PLAIN, text(view, signal, "part"));
        table_cell(&table, STYLE_FAINT, present ? text(view, signal, "as_of") : "unknown");
    }
    heading(view, "Severity");
    tell_severity(view, severity);
    put_table(view, &table, NARROW_WRAP);
}

static void show_explanation(struct view *view, struct slice result)
{
    tell_leader(view, value_at(result, "leader"));
    tell_post(view, value_at(result, "post"));
    gap(view);
    tell_verdict(view, result);
    tell_match(view, result);
    show_rules(view, result);
    show_packages(view, result);
    show_domains(view, result);
    show_signals(view, value_at(result, "post/severity"));
    struct items missing = value_items(value_at(result, "missing"));
    bool any = false;
    for (struct slice each; value_next(&missing, &each);) {
        if (!any)
            heading(view, "What was missing");
        any = true;
        point(view, say(view, "%s: %s.", text(view, each, "name"), text(view, each, "meaning")));
    }
    tell_revisions(view, result);
}

static void show_comparison(struct view *view, struct slice result)
{
    tell_leader(view, value_at(result, "leader"));
    tell_post(view, value_at(result, "post"));
    if (!true_at(result, "eligible"))
        paragraph(view, "This leader is not eligible for this post; 'wellmatch explain' says why.");
    show_packages(view, result);
    tell_revisions(view, result);
}

/* ---- Rows of any kind: the columns are found in the rows themselves ---- */

/* Paths of the leaves of the objects in an array, each once, in the order in which they are first met. */
struct paths {
    char at[COLUMNS_MAX][PATH_CAP];
    size_t n;
};

/* A list of scalars is a leaf; a list of anything else too, shown as JSON. */
static void add_paths(struct paths *paths, const char *before, struct slice value)
{
    struct items members = value_members(value);
    for (struct slice key, each; value_next_member(&members, &key, &each);) {
        char path[PATH_CAP];
        int len = snprintf(path, sizeof path, "%s%s%.*s", before, *before ? "/" : "", (int)key.len, key.at);
        if (len < 0 || (size_t)len >= sizeof path)
            continue;
        if (json_kind(each) == '{' && value_count(each) > 0) {
            add_paths(paths, path, each);
            continue;
        }
        size_t i = 0;
        while (i < paths->n && strcmp(paths->at[i], path) != 0)
            i++;
        if (i == paths->n && paths->n < COLUMNS_MAX)
            memcpy(paths->at[paths->n++], path, sizeof path);
    }
}

/* Items of an array, or members of an object: then `key` tells them apart. */
struct rows {
    struct items items, members;
    const char *part; /* what of each makes a row; "": all of it */
    struct slice key, row;
};

static struct rows rows_of(struct slice container, const char *part)
{
    return (struct rows){.items = value_items(container), .members = value_members(container), .part = part};
}

static bool next_row(struct rows *rows)
{
    struct slice each;
    if (!value_next(&rows->items, &each) && !value_next_member(&rows->members, &rows->key, &each))
        return false;
    rows->row = value_at(each, rows->part);
    return true;
}

static struct paths *paths_of(struct view *view, struct slice container, const char *part)
{
    struct paths *paths = calloc(1, sizeof *paths);
    if (!paths) {
        view->out->failed = true;
        return NULL;
    }
    for (struct rows rows = rows_of(container, part); next_row(&rows);)
        add_paths(paths, "", rows.row);
    return paths;
}

static void show_rows(struct view *view, struct slice container, const char *part, enum narrowing narrowing)
{
    struct paths *paths = paths_of(view, container, part);
    struct column *columns = calloc(COLUMNS_MAX + 1, sizeof *columns);
    if (!paths || !columns || paths->n == 0) {
        view->out->failed = view->out->failed || !columns;
        goto done;
    }
    struct table table;
    size_t keyed = json_kind(container) == '{'; /* then the first column is the key */
    table_init(&table, columns, keyed + paths->n);
    for (struct rows rows = rows_of(container, part); next_row(&rows);) {
        if (keyed)
            table_cell(&table, STYLE_PLAIN, key_text(view, rows.key));
        for (size_t i = 0; i < paths->n; i++) {
            struct slice value = value_at(rows.row, paths->at[i]);
            columns[keyed + i].right = columns[keyed + i].right || (value.at && json_kind(value) == '0');
            table_cell(&table, STYLE_PLAIN, text_of(view, value));
        }
    }
    columns[0].title = "";
    for (size_t i = 0; i < paths->n; i++) {
        struct column *column = &columns[keyed + i];
        column->title = key_text(view, (struct slice){paths->at[i], strlen(paths->at[i])});
        column->spare = keyed + i > 0;
        column->least = column->right ? 0 : 16;
    }
    put_table(view, &table, narrowing);
done:
    free(columns);
    free(paths);
}

static void show_list(struct view *view, struct slice result)
{
    show_rows(view, value_at(result, "rows"), "row", NARROW_CUT);
    int64_t offset = value_whole(value_at(result, "offset")), n = (int64_t)value_count(value_at(result, "rows"));
    struct slice all = value_at(result, "matched");
    gap(view);
    const char *sentence = n > 0 ? say(view, "Rows %s to %s", grouped(view, offset + 1), grouped(view, offset + n)) : "No rows";
    if (!value_missing(all))
        sentence = say(view, "%s of %s", sentence, grouped(view, value_whole(all)));
    if (!value_missing(value_at(result, "next_offset")))
        sentence = say(view, "%s; --offset %s goes on", sentence, text(view, result, "next_offset"));
    paragraph(view, say(view, "%s.", sentence));
    tell_revisions(view, result);
}

/* ---- What is loaded ---- */

static void show_info(struct view *view, struct slice result)
{
    static const struct column columns[] = {{"kind", false, 0, 0}, {"rows", true, 0, 0}, {"columns", true, 0, 0}, {"file", false, 0, 0}};
    struct table table;
    struct items tables = value_items(value_at(result, "tables"));
    table_init(&table, columns, 4);
    for (struct slice each; value_next(&tables, &each);) {
        table_cell(&table, STYLE_PLAIN, text(view, each, "kind"));
        table_cell(&table, STYLE_PLAIN, whole(view, each, "rows"));
        table_cell(&table, STYLE_PLAIN, say(view, "%zu", value_count(value_at(each, "columns"))));
        table_cell(&table, STYLE_PLAIN, text(view, each, "file"));
    }
    paragraph(view, say(view, "Policy %s, as of %s.", text(view, result, "policy_version"), text(view, result, "as_of")));
    gap(view);
    put_table(view, &table, NARROW_WRAP);
    heading(view, "Words that data and filters may use");
    struct items vocabularies = value_members(value_at(result, "vocabularies"));
    for (struct slice key, words; value_next_member(&vocabularies, &key, &words);)
        point(view, say(view, "%s: %s", key_text(view, key), text_of(view, words)));
    point(view, say(view, "domains: %s", text(view, result, "domains")));
    point(view, say(view, "package components: %s", text(view, result, "components")));
    tell_revisions(view, result);
}

/* ---- Any answer: scalars first, then what holds more ---- */

static bool is_leaf(struct slice value)
{
    char kind = json_kind(value);
    if (kind != '{' && kind != '[')
        return true;
    struct items items = value_items(value);
    for (struct slice item; value_next(&items, &item);)
        if (json_kind(item) == '{' || json_kind(item) == '[')
            return false;
    return kind == '[' || value_count(value) == 0;
}

/* Items that are no rows: lists in a list. */
static void show_others(struct view *view, struct slice array)
{
    struct items items = value_items(array);
    for (struct slice item; value_next(&items, &item);)
        if (json_kind(item) != '{')
            point(view, text_of(view, item));
}

/* Members that are all objects with something in them are rows, too. */
static bool is_table(struct slice object)
{
    struct items members = value_members(object);
    for (struct slice key, value; value_next_member(&members, &key, &value);)
        if (json_kind(value) != '{' || value_count(value) == 0)
            return false;
    return value_count(object) > 0;
}

static void show_members(struct view *view, const char *path, struct slice object)
{
    static const struct column columns[] = {{"", false, 0, 0}, {"", false, 0, 24}};
    struct table table;
    table_init(&table, columns, 2);
    struct items members = value_members(object);
    for (struct slice key, value; value_next_member(&members, &key, &value);) {
        if (!is_leaf(value))
            continue;
        bool missing = value_missing(value);
        table_cell(&table, STYLE_FAINT, key_text(view, key));
        table_cell(&table, missing ? STYLE_FAINT : STYLE_PLAIN, missing ? "unknown" : text_of(view, value));
    }
    if (table.n_cells > 0 && *path)
        heading(view, path);
    put_table(view, &table, NARROW_WRAP);

    members = value_members(object);
    for (struct slice key, value; value_next_member(&members, &key, &value);) {
        if (is_leaf(value))
            continue;
        const char *below = say(view, "%s%s%s", path, *path ? " " : "", key_text(view, key));
        if (json_kind(value) == '{' && !is_table(value)) {
            show_members(view, below, value);
            continue;
        }
        heading(view, below);
        show_rows(view, value, "", NARROW_WRAP);
        if (json_kind(value) == '[')
            show_others(view, value);
    }
}

static void show_row(struct view *view, struct slice result)
{
    show_members(view, "", value_at(result, "row"));
    tell_revisions(view, result);
}

static void show_any(struct view *view, struct slice result)
{
    if (json_kind(result) == '{')
        show_members(view, "", result);
    else
        paragraph(view, text_of(view, result));
}

void view_result(struct buf *out, const struct screen *screen, const char *method, struct slice result)
{
    struct view view = {out, screen, NULL};
    view_function *show = show_any;
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (strcmp(views[i].method, method) == 0)
            show = views[i].show;
    show(&view, result);
    forget(&view);
}

/* ---- CSV ---- */

/* Lists of scalars have semicolons between, as in the data files; lists of objects are given as JSON. */
static void put_csv_value(struct buf *out, bool terminal, bool first, struct slice value)
{
    struct buf raw, clean;
    buf_init(&raw, TEXT_MAX_BYTES);
    buf_init(&clean, TEXT_MAX_BYTES);
    struct items items = value_items(value);
    if (items.any && is_leaf(value)) {
        bool any = false;
        for (struct slice item; value_next(&items, &item); any = true) {
            if (any)
                buf_char(&raw, ';');
            value_put(&raw, item);
        }
    } else {
        value_put(&raw, value);
    }
    if (terminal)
        text_clean(&clean, raw.len ? raw.at : "", raw.len);
    const struct buf *shown = terminal ? &clean : &raw;
    csv_field(out, first, shown->len ? shown->at : "", shown->len);
    out->failed = out->failed || raw.failed || clean.failed;
    buf_fini(&raw);
    buf_fini(&clean);
}

static void put_csv_rows(struct view *view, bool terminal, struct slice array, const char *part)
{
    struct paths *paths = paths_of(view, array, part);
    if (!paths)
        return;
    for (size_t c = 0; c < paths->n; c++)
        csv_field(view->out, c == 0, paths->at[c], strlen(paths->at[c]));
    if (paths->n > 0)
        csv_end(view->out);
    for (struct rows rows = rows_of(array, part); next_row(&rows) && paths->n > 0;) {
        for (size_t c = 0; c < paths->n; c++)
            put_csv_value(view->out, terminal, c == 0, value_at(rows.row, paths->at[c]));
        csv_end(view->out);
    }
    free(paths);
}

static void put_csv_leaves(struct view *view, bool terminal, const char *path, struct slice value)
{
    struct items members = value_members(value), items = value_items(value);
    struct slice key, each;
    if (view->out->failed)
        return;
    if (value_missing(value) || is_leaf(value)) {
        csv_field(view->out, true, path, strlen(path));
        put_csv_value(view->out, terminal, false, value);
        csv_end(view->out);
        return;
    }
    while (value_next_member(&members, &key, &each))
        put_csv_leaves(view, terminal, say(view, "%s%s%.*s", path, *path ? "/" : "", (int)key.len, key.at), each);
    for (size_t i = 0; value_next(&items, &each); i++)
        put_csv_leaves(view, terminal, say(view, "%s%s%zu", path, *path ? "/" : "", i), each);
}

void view_csv(struct buf *out, bool terminal, const char *method, struct slice result)
{
    struct view view = {out, NULL, NULL};
    const char *rows = NULL, *part = "";
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (strcmp(views[i].method, method) == 0) {
            rows = views[i].rows;
            part = views[i].row;
        }
    struct slice table = rows ? value_at(result, rows) : (struct slice){0};
    if (table.at && json_kind(table) == '[') {
        put_csv_rows(&view, terminal, table, part);
    } else {
        buf_text(out, "path,value\r\n");
        put_csv_leaves(&view, terminal, "", table.at ? table : result);
    }
    forget(&view);
}

/* ---- Errors ---- */

static const char *meaning_of(int code)
{
    switch (code) {
#define X(name_, value, name, retry, words, data) \
    case value:                                   \
        return words;
        RPC_ERRORS(X)
#undef X
    default:
        return "The service answered with an error this client does not know.";
    }
}

static const char *nearest_text(struct view *view, struct slice data)
{
    struct slice nearest = value_at(data, "nearest");
    const char *names = text_of(view, nearest);
    if (!*names)
        return "";
    return say(view, "; the nearest %s %s", value_count(nearest) > 1 ? "are" : "is", names);
}

/* What a pointer means to the person: the option that sets it, else the parameter: "/filters/regions/0" is filters/regions/0. */
static const char *subject_text(struct view *view, const char *pointer)
{
    char name[32];
    const char *option = options_name_of(pointer, name);
    return option ? say(view, "%s", option) : *pointer == '/' ? pointer + 1 : "the parameters";
}

static const char *wrong_parameter(struct view *view, struct slice data)
{
    const char *pointer = text(view, data, "pointer"), *expected = text(view, data, "expected"), *nearest = nearest_text(view, data);
    struct slice got = value_at(data, "got");
    const char *last = strrchr(pointer, '/');
    if (last && got.at && value_is(got, last + 1) && *nearest) /* a name, not a value */
        return say(view, "there is no parameter '%s'; expected %s%s", last + 1, expected, nearest);
    const char *quote = got.at && json_kind(got) == '"' ? "'" : "";
    return say(view, "%s is %s%s%s; expected %s%s", subject_text(view, pointer), quote, value_missing(got) ? "missing" : text_of(view, got), quote,
               *expected ? expected : "something else", nearest);
}

/* Any other error: what it means, then what the service says about it. */
static const char *other_error(struct view *view, struct slice error, int code)
{
    const char *sentence = meaning_of(code);
    struct items members = value_members(value_at(error, "data"));
    for (struct slice key, value; value_next_member(&members, &key, &value);)
        if (is_leaf(value) && !value_missing(value))
            sentence = say(view, "%s %s: %s.", sentence, key_text(view, key), text_of(view, value));
    return sentence;
}

/* One sentence for what a person did wrong, by the names they used. */
static const char *error_text(struct view *view, struct slice error, int code)
{
    struct slice data = value_at(error, "data");
    char name[32];
    const char *option = options_name_of(text(view, data, "pointer"), name), *count = whole(view, data, "count");
    switch (code) {
    case RPC_UNKNOWN:
        return say(view, "%s%sthere is no %s '%s'%s", option ? option : "", option ? ": " : "", text(view, data, "kind"), text(view, data, "id"),
                   nearest_text(view, data));
    case RPC_METHOD:
        return say(view, "there is no method '%s'%s", text(view, data, "method"), nearest_text(view, data));
    case RPC_PARAMS:
        return wrong_parameter(view, data);
    case RPC_INVALID_DATA:
        return say(view, "the data has %s fault%s; the running data stays", count, strcmp(count, "1") == 0 ? "" : "s");
    default:
        return other_error(view, error, code);
    }
}

void view_error(struct buf *out, struct slice error, int code)
{
    struct view view = {out, NULL, NULL};
    struct items faults = value_items(value_at(error, "data/faults"));
    for (struct slice fault; value_next(&faults, &fault);) {
        const char *what = text(&view, fault, "what"), *expected = text(&view, fault, "expected");
        buf_format(out, "%s:%s:%s: ", text(&view, fault, "file"), text(&view, fault, "line"), text(&view, fault, "column"));
        buf_format(out, "%s%s%s\n", *what ? what : text(&view, fault, "text"), *expected ? "; " : "", expected);
    }
    buf_format(out, "wellmatch: %s\n", error_text(&view, error, code));
    forget(&view);
}
