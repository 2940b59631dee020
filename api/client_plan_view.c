/*
 * Views of plans. A planner reads the first sentence aloud and stops at the first doubt, so each part begins with what
 * it means and what is not shown is counted.
 */
#include "client_plan_view.h"

#include "wellmatch_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RANKED_MAX = 5, SCARCE_MAX = 20, OPENINGS_MAX = 5 };

#define MOST_TOLD 10.0 /* a ceiling past so many times the price tells nothing */

static void show_regions(struct page *page, struct slice totals);
static void show_placements(struct page *page, struct slice plan, size_t rows_max);
static void show_unfilled(struct page *page, struct slice plan, size_t rows_max);
static void show_scarce(struct page *page, struct slice prices, size_t rows_max);
static void show_means(struct page *page, struct slice totals);
static void show_unplaced(struct page *page, struct slice plan);

/* ---- Sentences ---- */

static const char *proof_text(struct page *page, struct slice plan)
{
    struct slice status = value_at(plan, "status");
    double gap = value_number(value_at(plan, "gap"));
    if (value_is(status, "optimal"))
        return "No plan within these limits is worth more: that is proven.";
    if (value_is(status, "within_gap"))
        return page_say(page, "It is proven to be within %s of the best there can be.", page_share(page, gap));
    if (value_is(value_at(plan, "state"), "cancelled"))
        return page_say(page, "Stopped: this is the best plan so far, and it is within %s of the best there can be.",
                        page_share(page, gap));
    if (value_is(value_at(plan, "ended_by"), "work"))
        return page_say(
            page, "The search ended at its own limit of work, not the clock's: this plan is within %s of the best.",
            page_share(page, gap));
    return page_say(page, "It was stopped before the best was proven: this plan is within %s of it.",
                    page_share(page, gap));
}

/*
 * How much of the bound anybody can prove again, and how much is the search's, so that the gap here and that of a check
 * are not two answers to one question.
 */
static const char *source_text(struct page *page, struct slice plan)
{
    double value = value_number(value_at(plan, "value")), priced = value_number(value_at(plan, "priced_bound"));
    if (isnan(value) || isnan(priced) || value_missing(value_at(plan, "bound")))
        return "";
    if (priced <= value_number(value_at(plan, "bound")))
        return "The prices alone prove it, and 'wellmatch check' repeats that.";
    return page_say(page,
                    "The prices alone prove at most %s (gap %s), which 'wellmatch check' repeats; the rest the search "
                    "has proven.",
                    page_decimal(page, plan, "priced_bound", 6), page_share(page, (priced - value) / fabs(priced)));
}

/* `marked`: the placements are below, and those it is about have a mark. */
static void tell_costs(struct page *page, struct slice plan, bool marked)
{
    size_t approvals = 0;
    struct items rows = value_items(value_at(plan, "placements"));
    for (struct slice row; value_next(&rows, &row);)
        approvals += value_true_at(row, "needs_approval");
    const char *approval = "";
    if (approvals)
        approval = page_say(page, " The salary of %zu placement%s%s needs approval.", approvals,
                            page_plural((double)approvals, "", "s"), marked ? " (marked !)" : "");
    page_paragraph(page, page_say(page, "It costs organisations %s and central budgets %s.%s",
                                  page_pounds(page, plan, "local_cost_gbp"),
                                  page_pounds(page, plan, "central_cost_gbp"), approval));
}

void plan_show_headline(struct page *page, struct slice plan, bool marked)
{
    bool optimal = value_is(value_at(plan, "status"), "optimal");
    if (!value_true_at(plan, "found")) {
        const char *bound = page_decimal(page, plan, "bound", 3);
        const char *limit = *bound ? page_say(page, "; none is worth more than %s", bound) : "";
        text_paragraph(page->out, page->screen, 0, STYLE_BAD,
                       value_is(value_at(plan, "state"), "cancelled")
                           ? page_say(page, "Stopped before a first plan was found%s.", limit)
                           : page_say(page, "No plan was found in the time%s; --time-limit S allows more.", limit));
        return;
    }
    int64_t openings = value_whole(value_at(plan, "openings")),
            filled = (int64_t)value_count(value_at(plan, "placements"));
    text_paragraph(page->out, page->screen, 0, optimal ? STYLE_GOOD : STYLE_HEADING,
                   page_say(page, "%s of %s opening%s filled; expected benefit %s of at most %s (gap %s).",
                            page_grouped(page, filled), page_grouped(page, openings),
                            page_plural((double)openings, "", "s"), page_decimal(page, plan, "value", 6),
                            page_decimal(page, plan, "bound", 6),
                            page_share(page, value_number(value_at(plan, "gap")))));
    page_paragraph(page, page_join(page, proof_text(page, plan), " ", source_text(page, plan)));
    int64_t musts = value_whole(value_at(plan, "must_fill_unfilled"));
    if (musts > 0)
        text_paragraph(page->out, page->screen, 0, STYLE_BAD,
                       page_say(page, "%s post%s that must be filled %s not.", page_grouped(page, musts),
                                page_plural((double)musts, "", "s"), page_plural((double)musts, "is", "are")));
    tell_costs(page, plan, marked);
}

/* ---- The whole plan ---- */

void plan_show(struct page *page, struct slice plan, size_t rows_max)
{
    plan_show_headline(page, plan, true);
    if (!value_true_at(plan, "found")) {
        page_revisions(page, plan);
        return;
    }
    struct slice totals = value_at(plan, "totals");
    show_regions(page, totals);
    show_placements(page, plan, rows_max);
    show_unfilled(page, plan, rows_max);
    show_scarce(page, value_at(plan, "prices"), rows_max);
    show_means(page, totals);
    show_unplaced(page, plan);
    page_revisions(page, plan);
}

static void region_cells(struct page *page, struct table *table, enum style style, struct slice row, const char *name)
{
    table_cell(table, style, name);
    table_cell(table, style, page_whole(page, row, "openings"));
    table_cell(table, style, page_whole(page, row, "filled"));
    table_cell(table, style, page_decimal(page, row, "value", 6));
    table_cell(table, style, page_pounds(page, row, "local_cost_gbp"));
    table_cell(table, style, page_pounds(page, row, "central_cost_gbp"));
}

static void show_regions(struct page *page, struct slice totals)
{
    static const struct column columns[] = {{"region", false, 0, 12}, {"openings", true, 0, 0},
                                            {"filled", true, 0, 0},   {"benefit", true, 0, 0},
                                            {"local", true, 0, 0},    {"central", true, 0, 0}};
    struct table table;
    struct items rows = value_items(value_at(totals, "by_region"));
    table_init(&table, columns, 6);
    for (struct slice row; value_next(&rows, &row);)
        region_cells(page, &table, STYLE_PLAIN, row, page_text(page, row, "region"));
    page_gap(page);
    page_table(page, &table, NARROW_WRAP);
}

/* Placements region by region, the regions in the order of the totals; a region is named on its first row only. */
static void show_placements(struct page *page, struct slice plan, size_t rows_max)
{
    static const struct column columns[] = {
        {"region", false, 0, 10}, {"post", false, 0, 0},    {"title", false, 2, 14}, {"organisation", false, 3, 14},
        {"leader", false, 0, 0},  {"package", false, 0, 0}, {"mentor", false, 0, 0}, {"benefit", true, 0, 0},
        {"chance", true, 1, 0},   {"local", true, 4, 0},    {"central", true, 5, 0},
    };
    struct table table;
    struct slice placements = value_at(plan, "placements");
    struct items regions = value_items(value_at(plan, "totals/by_region"));
    size_t shown = 0, n = value_count(placements);
    table_init(&table, columns, sizeof columns / sizeof *columns);
    for (struct slice region; shown < rows_max && value_next(&regions, &region);) {
        const char *name = page_text(page, region, "region");
        struct items rows = value_items(placements);
        bool first = true;
        for (struct slice row; shown < rows_max && value_next(&rows, &row);) {
            if (!value_is(value_at(row, "region"), name))
                continue;
            table_cell(&table, STYLE_HEADING, first ? name : "");
            table_cell(&table, STYLE_PLAIN, page_text(page, row, "post"));
            table_cell(&table, STYLE_PLAIN, page_text(page, row, "title"));
            table_cell(&table, STYLE_PLAIN, page_text(page, row, "organisation"));
            table_cell(&table, STYLE_PLAIN, page_text(page, row, "leader"));
            table_cell(&table, STYLE_PLAIN,
                       page_say(page, "%s%s", page_text(page, row, "package"),
                                value_true_at(row, "needs_approval") ? " !" : ""));
            table_cell(&table, STYLE_PLAIN, page_text(page, row, "mentor"));
            table_cell(&table, STYLE_PLAIN, page_decimal(page, row, "value", 5));
            table_cell(&table, STYLE_PLAIN, page_percent(page, row, "accept"));
            table_cell(&table, STYLE_PLAIN, page_pounds(page, row, "local_cost_gbp"));
            table_cell(&table, STYLE_PLAIN, page_pounds(page, row, "central_cost_gbp"));
            first = false;
            shown++;
        }
    }
    if (shown > 0)
        page_heading(page, "Placements");
    page_table(page, &table, NARROW_CUT);
    page_left_out(page, shown, n, "placements");
    if (shown > 0)
        page_paragraph(page,
                       "benefit = severity x fit x chance: what the plan adds up. chance: of a yes on these terms.");
}

/* Text of an answer as a sentence: it begins large and ends in a full stop. */
static const char *sentence(struct page *page, struct slice row, const char *path)
{
    const char *text = page_text(page, row, path);
    size_t len = strlen(text);
    if (len == 0)
        return "";
    char first = text[0] >= 'a' && text[0] <= 'z' ? (char)(text[0] - 'a' + 'A') : text[0];
    return page_say(page, "%c%s%s", first, text + 1, strchr(".!?", text[len - 1]) ? "" : ".");
}

static void show_unfilled(struct page *page, struct slice plan, size_t rows_max)
{
    struct slice list = value_at(plan, "unfilled");
    struct items rows = value_items(list);
    size_t shown = 0, n = value_count(list);
    for (struct slice row; shown < rows_max && value_next(&rows, &row); shown++) {
        if (shown == 0)
            page_heading(page, "Posts that stay open, and the cheapest way to fill each");
        int64_t openings = value_whole(value_at(row, "openings"));
        const char *more = openings > 1 ? page_say(page, ", %lld openings", (long long)openings) : "";
        const char *fix = sentence(page, row, "fix/text");
        page_point(page,
                   page_say(page, "%s, %s at %s (%s)%s. %s%s%s", page_text(page, row, "post"),
                            page_text(page, row, "title"), page_text(page, row, "organisation"),
                            page_text(page, row, "region"), more, sentence(page, row, "why"), *fix ? " " : "", fix));
    }
    page_left_out(page, shown, n, "posts");
}

/* "one more mentor hour of M1 (Midlands)": what the sentence as served says before its number. */
static const char *more_text(struct page *page, struct slice row)
{
    const char *text = page_text(page, row, "text"), *end = NULL;
    for (const char *at = strstr(text, ": "); at; at = strstr(at + 1, ": "))
        end = at;
    return end ? page_say(page, "%.*s", (int)(end - text), text) : text;
}

/* A price is a slope: what was seen by solving again says more, and else the most that it can come to. */
static const char *price_text(struct page *page, struct slice row)
{
    double resolved = value_number(value_at(row, "resolved")), most = value_number(value_at(row, "gain_most"));
    double price = value_number(value_at(row, "price_femto")) / 1e15 * value_number(value_at(row, "step"));
    const char *more = more_text(page, row);
    if (!isnan(resolved))
        return page_say(page, "%s: %+.6f, solved again", more, resolved);
    if (most > price && most < MOST_TOLD * price)
        return page_say(page, "%s: %+.6f by its price, at most %+.6f", more, price, most);
    return page_say(page, "%s: %+.6f by its price", more, price);
}

/* So little that it would show as nothing. */
static bool shows_as_zero(struct slice row)
{
    double resolved = value_number(value_at(row, "resolved"));
    double price = value_number(value_at(row, "price_femto")) / 1e15 * value_number(value_at(row, "step"));
    return fabs(isnan(resolved) ? price : resolved) < 5e-7;
}

/* Openings apart: each filled post has one to offer, and they would crowd out what a planner can buy. */
static void show_prices(struct page *page, struct slice prices, bool openings, const char *heading, size_t rows_max)
{
    struct items rows = value_items(prices);
    size_t shown = 0, n = 0;
    for (struct slice row; value_next(&rows, &row);) {
        if (value_is(value_at(row, "resource"), "openings") != openings || shows_as_zero(row))
            continue;
        if (n++ == 0)
            page_heading(page, heading);
        if (shown < rows_max) {
            page_point(page, price_text(page, row));
            shown++;
        }
    }
    page_left_out(page, shown, n, "prices");
}

static void show_scarce(struct page *page, struct slice prices, size_t rows_max)
{
    show_prices(page, prices, false, "What is scarce, and what more of it would add to the expected benefit",
                rows_max < SCARCE_MAX ? rows_max : SCARCE_MAX);
    show_prices(page, prices, true, "Posts where one more opening would add most",
                rows_max < OPENINGS_MAX ? rows_max : OPENINGS_MAX);
}

static void show_packages(struct page *page, struct slice totals)
{
    static const struct column columns[] = {
        {"package", false, 0, 0}, {"name", false, 0, 12}, {"used", true, 0, 0}, {"stock", true, 0, 0}};
    struct table table;
    struct items rows = value_items(value_at(totals, "by_package"));
    table_init(&table, columns, 4);
    for (struct slice row; value_next(&rows, &row);) {
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "package"));
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "name"));
        table_cell(&table, STYLE_PLAIN, page_whole(page, row, "used"));
        table_cell(&table, STYLE_PLAIN,
                   value_missing(value_at(row, "stock")) ? "no limit" : page_whole(page, row, "stock"));
    }
    if (table.n_cells > 0)
        page_heading(page, "Packages");
    page_table(page, &table, NARROW_WRAP);
}

/* What a scope's pots come to together, those with nothing taken included. */
struct pots {
    size_t n, touched;
    int64_t amount, used, least_left;
    const char *least; /* the code of the touched pot with the least left */
};

static struct pots pots_of(struct page *page, struct slice budgets, const char *scope)
{
    struct pots pots = {0};
    struct items rows = value_items(budgets);
    for (struct slice row; value_next(&rows, &row);) {
        int64_t used = value_whole(value_at(row, "used_gbp")), left = value_whole(value_at(row, "left_gbp"));
        if (!value_is(value_at(row, "scope"), scope))
            continue;
        pots.n++;
        pots.amount += value_whole(value_at(row, "amount_gbp"));
        pots.used += used;
        if (used > 0 && (pots.touched++ == 0 || left < pots.least_left)) {
            pots.least_left = left;
            pots.least = page_text(page, row, "code");
        }
    }
    return pots;
}

static void tell_pots(struct page *page, struct slice budgets, const char *scope, const char *words)
{
    struct pots pots = pots_of(page, budgets, scope);
    if (pots.touched > 0)
        page_paragraph(
            page, page_say(page, "%zu of %zu budgets of %s are drawn on, £%s of £%s; the least is left with %s: £%s.",
                           pots.touched, pots.n, words, page_grouped(page, pots.used), page_grouped(page, pots.amount),
                           pots.least, page_grouped(page, pots.least_left)));
}

/* The nation and its regions a row each; the many pots of ICBs and organisations in a sentence. */
static void show_budgets(struct page *page, struct slice totals)
{
    static const struct column columns[] = {
        {"budget", false, 0, 12}, {"amount", true, 0, 0}, {"used", true, 0, 0}, {"left", true, 0, 0}};
    struct table table;
    struct slice budgets = value_at(totals, "budgets");
    struct items rows = value_items(budgets);
    table_init(&table, columns, 4);
    for (struct slice row; value_next(&rows, &row);) {
        struct slice scope = value_at(row, "scope");
        if (!value_is(scope, "national") && !value_is(scope, "region"))
            continue;
        table_cell(&table, STYLE_PLAIN, page_text(page, row, "code"));
        table_cell(&table, STYLE_PLAIN, page_pounds(page, row, "amount_gbp"));
        table_cell(&table, STYLE_PLAIN, page_pounds(page, row, "used_gbp"));
        table_cell(&table, STYLE_PLAIN, page_pounds(page, row, "left_gbp"));
    }
    if (value_count(budgets) > 0)
        page_heading(page, "Money");
    page_table(page, &table, NARROW_WRAP);
    tell_pots(page, budgets, "icb", "ICBs");
    tell_pots(page, budgets, "organisation", "organisations");
}

static void show_mentors(struct page *page, struct slice totals)
{
    int64_t used = 0, hours = 0;
    size_t busy = 0, full = 0, n = 0;
    struct items rows = value_items(value_at(totals, "by_mentor"));
    for (struct slice row; value_next(&rows, &row); n++) {
        int64_t taken = value_whole(value_at(row, "hours_used")), given = value_whole(value_at(row, "hours"));
        used += taken;
        hours += given;
        busy += taken > 0;
        full += taken > 0 && taken == given;
    }
    if (n == 0)
        return;
    page_heading(page, "Mentors");
    page_paragraph(page, page_say(page,
                                  "%zu of %zu mentors have somebody, %zu of them with no hour left; %s of %s hours "
                                  "are taken.",
                                  busy, n, full, page_grouped(page, used), page_grouped(page, hours)));
}

static void show_means(struct page *page, struct slice totals)
{
    show_packages(page, totals);
    show_budgets(page, totals);
    show_mentors(page, totals);
}

/* Hundreds of leaders, thousands: counted by reason. */
static void show_unplaced(struct page *page, struct slice plan)
{
    static const struct column columns[] = {{"leaders", true, 0, 0}, {"because", false, 0, 20}};
    size_t counts[WM_REASON_COUNT] = {0}, n = 0;
    struct items rows = value_items(value_at(plan, "unplaced"));
    for (struct slice row; value_next(&rows, &row); n++)
        for (enum wm_reason reason = 0; reason < WM_REASON_COUNT; reason++)
            counts[reason] += value_is(value_at(row, "reason"), wm_reason_name(reason));
    if (n == 0)
        return;
    struct table table;
    table_init(&table, columns, 2);
    for (enum wm_reason reason = 0; reason < WM_REASON_COUNT; reason++)
        if (counts[reason] > 0) {
            table_cell(&table, STYLE_PLAIN, page_grouped(page, (int64_t)counts[reason]));
            table_cell(&table, STYLE_PLAIN, wm_reason_text(reason));
        }
    page_heading(page, "Leaders without a place");
    page_table(page, &table, NARROW_WRAP);
    page_paragraph(page, "'--explain LEADER' says why of each, '--explain POST' how a post came to be filled.");
}

/* ---- Why one post or leader ---- */

static struct slice row_of(struct slice rows, const char *member, const char *id)
{
    struct items items = value_items(rows);
    for (struct slice row; value_next(&items, &row);)
        if (value_is(value_at(row, member), id))
            return row;
    return (struct slice){0};
}

enum plan_knows plan_knows(struct slice plan, const char *id)
{
    struct slice placements = value_at(plan, "placements");
    if (row_of(placements, "post", id).at || row_of(value_at(plan, "unfilled"), "post", id).at)
        return PLAN_KNOWS_POST;
    return row_of(placements, "leader", id).at || row_of(value_at(plan, "unplaced"), "leader", id).at
               ? PLAN_KNOWS_LEADER
               : PLAN_KNOWS_NOT;
}

static const char *terms_of(struct page *page, struct slice row)
{
    const char *mentor = page_text(page, row, "mentor");
    return page_say(page, "package %s%s%s", page_text(page, row, "package"), *mentor ? " and mentor " : "", mentor);
}

static void tell_placement(struct page *page, struct slice row)
{
    text_paragraph(page->out, page->screen, 0, STYLE_GOOD,
                   page_say(page, "%s takes %s, %s at %s (%s), with %s.", page_text(page, row, "leader"),
                            page_text(page, row, "post"), page_text(page, row, "title"),
                            page_text(page, row, "organisation"), page_text(page, row, "region"), terms_of(page, row)));
    page_paragraph(page, page_say(page,
                                  "Expected benefit %s = severity %s x fit %s x chance %s. It costs %s locally and %s "
                                  "centrally%s.",
                                  page_decimal(page, row, "expected", 6), page_decimal(page, row, "severity", 3),
                                  page_decimal(page, row, "fit", 3), page_percent(page, row, "accept"),
                                  page_pounds(page, row, "local_cost_gbp"), page_pounds(page, row, "central_cost_gbp"),
                                  value_true_at(row, "needs_approval") ? ", and the salary needs approval" : ""));
    const char *missing = page_text(page, row, "missing");
    if (*missing)
        page_paragraph(page, page_say(page, "Not known of this match: %s.", missing));
}

static void tell_left_out_row(struct page *page, struct slice row, bool post)
{
    if (post)
        text_paragraph(page->out, page->screen, 0, STYLE_BAD,
                       page_say(page, "%s, %s at %s (%s), has %s opening%s left.", page_text(page, row, "post"),
                                page_text(page, row, "title"), page_text(page, row, "organisation"),
                                page_text(page, row, "region"), page_whole(page, row, "openings"),
                                page_plural(value_number(value_at(row, "openings")), "", "s")));
    else
        text_paragraph(page->out, page->screen, 0, STYLE_BAD,
                       page_say(page, "%s has no place in the plan.", page_text(page, row, "leader")));
    page_paragraph(page, sentence(page, row, "why"));
    const char *fix = sentence(page, row, "fix/text");
    page_paragraph(page, *fix ? fix : "No single change is known that would help.");
}

/* What one more opening of the post would be worth. */
static void tell_price(struct page *page, struct slice plan, const char *post)
{
    struct items rows = value_items(value_at(plan, "prices"));
    for (struct slice row; value_next(&rows, &row);)
        if (value_is(value_at(row, "resource"), "openings") && value_is(value_at(row, "of"), post))
            page_paragraph(page, page_say(page, "Worth having: %s.", price_text(page, row)));
}

/* "V00013, benefit 0.03110", "no place", "here": where the plan has a leader, or who has a post. */
static const char *standing_of(struct page *page, struct slice placements, const char *member, const char *other,
                               const char *id, const char *here)
{
    const char *words = "";
    struct items rows = value_items(placements);
    for (struct slice row; value_next(&rows, &row);)
        if (value_is(value_at(row, member), id)) {
            const char *who = page_text(page, row, other);
            bool is_here = strcmp(who, here) == 0;
            words = page_join(page, words, "; ",
                              page_say(page, "%s with %s, benefit %s", is_here ? "here" : who, terms_of(page, row),
                                       page_decimal(page, row, "value", 5)));
        }
    return *words ? words : strcmp(member, "leader") == 0 ? "no place" : "open";
}

static void show_ranked(struct page *page, struct slice plan, struct slice ranked, const char *id, bool post)
{
    static const struct column columns[] = {
        {"rank", true, 0, 0}, {"", false, 0, 0}, {"benefit", true, 0, 0}, {"in the plan", false, 0, 20}};
    struct column named[4];
    memcpy(named, columns, sizeof named);
    named[1].title = post ? "leader" : "post";
    struct slice placements = value_at(plan, "placements");
    struct items rows = value_items(value_at(ranked, "rows"));
    struct table table;
    size_t n = 0;
    table_init(&table, named, 4);
    for (struct slice row; n < RANKED_MAX && value_next(&rows, &row); n++) {
        const char *other = page_text(page, row, post ? "leader_id" : "post/post_id");
        table_cell(&table, STYLE_PLAIN, page_whole(page, row, "rank"));
        table_cell(&table, STYLE_PLAIN, other);
        table_cell(&table, STYLE_PLAIN, page_decimal(page, row, "expected_benefit", 5));
        table_cell(&table, STYLE_PLAIN,
                   post ? standing_of(page, placements, "leader", "post", other, id)
                        : standing_of(page, placements, "post", "leader", other, id));
    }
    if (n > 0)
        page_heading(page, post ? "The best for this post, if it were the only one, and where the plan has them"
                                : "The best posts for this leader, if there were no others, and who has them");
    page_table(page, &table, NARROW_WRAP);
}

bool plan_show_reason(struct page *page, struct slice plan, const char *id, struct slice ranked)
{
    enum plan_knows knows = plan_knows(plan, id);
    bool post = knows == PLAN_KNOWS_POST;
    const char *member = post ? "post" : "leader";
    if (knows == PLAN_KNOWS_NOT)
        return false;
    struct items rows = value_items(value_at(plan, "placements"));
    for (struct slice row; value_next(&rows, &row);)
        if (value_is(value_at(row, member), id))
            tell_placement(page, row);
    struct slice left_out = row_of(value_at(plan, post ? "unfilled" : "unplaced"), member, id);
    if (left_out.at)
        tell_left_out_row(page, left_out, post);
    if (post)
        tell_price(page, plan, id);
    show_ranked(page, plan, ranked, id, post);
    page_revisions(page, plan);
    return true;
}

void plan_put_reason(struct buf *out, struct slice plan, const char *id)
{
    bool post = plan_knows(plan, id) == PLAN_KNOWS_POST;
    const char *member = post ? "post" : "leader";
    struct items rows = value_items(value_at(plan, "placements"));
    json_open(out, '{');
    json_put_text(out, member, id);
    json_put_key(out, "placements");
    json_open(out, '[');
    for (struct slice row; value_next(&rows, &row);)
        if (value_is(value_at(row, member), id)) {
            json_item(out);
            buf_put(out, row.at, row.len);
        }
    json_close(out, ']');
    struct slice left_out = row_of(value_at(plan, post ? "unfilled" : "unplaced"), member, id);
    json_put_key(out, post ? "unfilled" : "unplaced");
    if (left_out.at)
        buf_put(out, left_out.at, left_out.len);
    else
        buf_text(out, "null");
    json_close(out, '}');
}
