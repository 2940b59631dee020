/*
 * What is said about plans: two side by side, one judged, those there are, and wishes that have none. Values are compared
 * as integers of 1e-9, as they were served.
 */
#include "client_plan_verdict.h"

#include "client_moves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIMITS_TOLD = 5 };

struct limits { /* of one kind, as a plan's totals have them */
    const char *rows, *keys[2], *amount, *what;
    bool pounds;
};

/* ---- The difference between two plans ---- */

static const char *place_text(struct page *page, struct slice row)
{
    if (!row.at)
        return "";
    const char *mentor = page_text(page, row, "mentor");
    return page_say(page, "%s %s%s%s, %s", page_text(page, row, "post"), page_text(page, row, "package"),
                    *mentor ? " " : "", mentor, page_decimal(page, row, "value", 5));
}

static void show_moves(struct page *page, const struct moves *moves, const char *const names[2], size_t rows_max)
{
    static const char *const kinds[] = {"placed now", "no place now", "another post", "other terms"};
    const struct column columns[] = {
        {"leader", false, 0, 0}, {"what", false, 1, 0}, {names[0], false, 0, 12}, {names[1], false, 0, 12}};
    struct table table;
    size_t shown = 0;
    table_init(&table, columns, 4);
    for (; shown < moves->n && shown < rows_max; shown++) {
        const struct move *move = &moves->at[shown];
        table_cell(&table, STYLE_PLAIN, page_value(page, move->leader));
        table_cell(&table, STYLE_PLAIN, kinds[move->kind]);
        table_cell(&table, STYLE_PLAIN, place_text(page, move->before));
        table_cell(&table, STYLE_PLAIN, place_text(page, move->after));
    }
    if (shown > 0)
        page_heading(page, "Moves (post, package, mentor, benefit)");
    page_table(page, &table, NARROW_WRAP);
    page_left_out(page, shown, moves->n, "moves");
}

static int64_t nano(struct slice plan, const char *member)
{
    int64_t value;
    struct slice at = value_at(plan, member);
    return at.at && json_kind(at) == '0' && json_number_scaled(at, 9, &value) != NUMBER_TOO_BIG ? value : 0;
}

/* Plans that are not proven best leave room: for the best of each the difference lies between these. */
static void tell_range(struct page *page, struct slice a, struct slice b)
{
    struct slice bound_a = value_at(a, "bound"), bound_b = value_at(b, "bound");
    if (value_missing(bound_a) || value_missing(bound_b))
        return;
    int64_t least = nano(b, "value") - nano(a, "bound"), most = nano(b, "bound") - nano(a, "value");
    if (most > least)
        page_paragraph(page, page_say(page, "Not both are proven best: between the best of each it is %+.6f to %+.6f.",
                                      (double)least / 1e9, (double)most / 1e9));
}

static void tell_money(struct page *page, struct slice a, struct slice b)
{
    static const char *const members[] = {"local_cost_gbp", "central_cost_gbp"};
    int64_t change[2];
    for (int i = 0; i < 2; i++)
        change[i] = value_whole(value_at(b, members[i])) - value_whole(value_at(a, members[i]));
    if (change[0] == 0 && change[1] == 0)
        page_paragraph(page, "It costs the same.");
    else
        page_paragraph(page, page_say(page, "It costs organisations %s£%s and central budgets %s£%s.",
                                      change[0] < 0 ? "-" : "+", page_grouped(page, llabs(change[0])),
                                      change[1] < 0 ? "-" : "+", page_grouped(page, llabs(change[1]))));
}

/* "budget region:Midlands £260,000 to £0": of a limit that is another in the second plan. */
static const char *limit_text(struct page *page, const struct limits *limits, struct slice a, struct slice b)
{
    struct slice rows[2] = {a, b};
    const char *amounts[2], *unit = limits->pounds ? "£" : "";
    for (int i = 0; i < 2; i++) {
        const char *whole = page_whole(page, rows[i], limits->amount);
        amounts[i] = *whole ? page_say(page, "%s%s", unit, whole) : "no limit";
    }
    return page_say(page, "%s %s%s%s %s to %s", limits->what, page_text(page, a, limits->keys[0]),
                    limits->keys[1] ? ":" : "", limits->keys[1] ? page_text(page, a, limits->keys[1]) : "", amounts[0],
                    amounts[1]);
}

static bool same_text(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* What the one plan may use and the other not: so that a limit that was cut to nothing, or mistyped, is seen. */
static void tell_limits(struct page *page, struct slice a, struct slice b)
{
    static const struct limits all[] = {{"totals/budgets", {"scope", "code"}, "amount_gbp", "budget", true},
                                        {"totals/by_package", {"package", NULL}, "stock", "stock of", false},
                                        {"totals/by_mentor", {"mentor", NULL}, "hours", "hours of", false}};
    const char *list = "";
    size_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct items of_a = value_items(value_at(a, all[i].rows)), of_b = value_items(value_at(b, all[i].rows));
        struct slice row_a, row_b;
        while (value_next(&of_a, &row_a) && value_next(&of_b, &row_b)) {
            bool same = true; /* plans of other data have other rows, of which nothing is told */
            for (int k = 0; k < 2 && all[i].keys[k]; k++)
                same = same && same_text(value_at(row_a, all[i].keys[k]), value_at(row_b, all[i].keys[k]));
            if (same && !same_text(value_at(row_a, all[i].amount), value_at(row_b, all[i].amount)) && n++ < LIMITS_TOLD)
                list = page_join(page, list, "; ", limit_text(page, &all[i], row_a, row_b));
        }
    }
    if (n > 0)
        page_paragraph(page, page_say(page, "Limits: %s%s.", list,
                                      n > LIMITS_TOLD ? page_say(page, ", and %zu more", n - LIMITS_TOLD) : ""));
}

void plan_show_difference(struct page *page, struct slice a, struct slice b, const char *const names[2],
                          size_t rows_max)
{
    struct moves moves;
    if (!moves_between(a, b, &moves)) {
        page->out->failed = page->out->starved = true;
        return;
    }
    int64_t change = nano(b, "value") - nano(a, "value");
    text_paragraph(page->out, page->screen, 0,
                   change < 0   ? STYLE_BAD
                   : change > 0 ? STYLE_GOOD
                                : STYLE_HEADING,
                   page_say(page, "Expected benefit %s (%s) to %s (%s): %+.6f.", page_decimal(page, a, "value", 6),
                            names[0], page_decimal(page, b, "value", 6), names[1], (double)change / 1e9));
    tell_range(page, a, b);
    tell_money(page, a, b);
    tell_limits(page, a, b);
    if (moves.n == 0)
        page_paragraph(page, "Nobody moves.");
    else
        page_paragraph(page,
                       page_say(page,
                                "%zu leader%s: %zu placed who had no place, %zu without a place who had one, %zu to "
                                "another post, %zu on other terms.",
                                moves.n, page_plural((double)moves.n, "", "s"), moves.counts[MOVE_PLACED],
                                moves.counts[MOVE_UNPLACED], moves.counts[MOVE_POST], moves.counts[MOVE_TERMS]));
    show_moves(page, &moves, names, rows_max);
    moves_free(&moves);
}

static void put_or_null(struct buf *out, const char *key, struct slice value)
{
    json_put_key(out, key);
    if (value.at)
        buf_put(out, value.at, value.len);
    else
        buf_text(out, "null");
}

void plan_put_difference(struct buf *out, struct slice a, struct slice b)
{
    struct moves moves;
    if (!moves_between(a, b, &moves)) {
        out->failed = out->starved = true;
        return;
    }
    json_open(out, '{');
    put_or_null(out, "value_a", value_at(a, "value"));
    put_or_null(out, "value_b", value_at(b, "value"));
    json_put_fixed(out, "difference", nano(b, "value") - nano(a, "value"), 9);
    json_put_key(out, "counts");
    json_open(out, '{');
    for (enum move_kind kind = 0; kind < MOVE_KINDS; kind++)
        json_put_integer(out, move_kind_name(kind), (int64_t)moves.counts[kind]);
    json_close(out, '}');
    json_put_key(out, "moves");
    json_open(out, '[');
    for (size_t i = 0; i < moves.n; i++) {
        json_item(out);
        json_open(out, '{');
        json_put_text(out, "kind", move_kind_name(moves.at[i].kind));
        put_or_null(out, "leader", moves.at[i].leader);
        put_or_null(out, "before", moves.at[i].before);
        put_or_null(out, "after", moves.at[i].after);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_close(out, '}');
    moves_free(&moves);
}

/* ---- Verdicts, lists, conflicts ---- */

static bool value_agrees(struct slice plan, struct slice verdict)
{
    return value_missing(value_at(plan, "value")) || nano(plan, "value") == nano(verdict, "value");
}

static bool bound_agrees(struct slice plan, struct slice verdict)
{
    return value_missing(value_at(plan, "priced_bound")) || value_missing(value_at(plan, "prices")) ||
           nano(plan, "priced_bound") == nano(verdict, "bound");
}

bool plan_holds(struct slice plan, struct slice verdict)
{
    return value_true_at(verdict, "feasible") && value_agrees(plan, verdict) && bound_agrees(plan, verdict);
}

void plan_put_verdict(struct buf *out, struct slice plan, struct slice verdict)
{
    buf_put(out, verdict.at, verdict.len);
    if (out->failed)
        return;
    buf_cut(out, out->len - 1); /* its closing bracket */
    json_put_bool(out, "value_agrees", value_agrees(plan, verdict));
    json_put_bool(out, "bound_agrees", bound_agrees(plan, verdict));
    json_put_bool(out, "holds", plan_holds(plan, verdict));
    json_close(out, '}');
    buf_char(out, '\n');
}

static void tell_faults(struct page *page, struct slice list)
{
    struct items faults = value_items(list);
    size_t n = value_count(list);
    if (n > 0)
        page_heading(page, page_say(page, "%zu fault%s", n, page_plural((double)n, "", "s")));
    for (struct slice fault; value_next(&faults, &fault);) {
        const char *what = page_text(page, fault, "what"), *expected = page_text(page, fault, "expected");
        page_point(page, page_say(page, "%s%s%s.", what, *expected ? "; " : "", expected));
    }
}

/* What the plan may move, as it was judged. */
static void tell_moves(struct page *page, struct slice plan)
{
    struct slice request = value_at(plan, "request"), most = value_at(request, "moves_max");
    double penalty = value_number(value_at(request, "move_penalty"));
    const char *base = page_text(page, plan, "base");
    if (value_missing(most) && !(penalty > 0))
        return;
    const char *cap = value_missing(most) ? "" : page_say(page, ": at most %s", page_whole(page, request, "moves_max"));
    const char *cost = penalty > 0 ? page_say(page, "%s each takes %s off the value", *cap ? ", and" : ":",
                                              page_decimal(page, request, "move_penalty", 9))
                                   : "";
    page_paragraph(
        page, page_say(page, "Moves are counted from %s%s%s%s.", *base ? "plan " : "the base plan", base, cap, cost));
}

void plan_show_verdict(struct page *page, struct slice plan, struct slice verdict)
{
    const char *bound = page_decimal(page, verdict, "bound", 9);
    const char *sentence = plan_holds(plan, verdict) ? "The plan holds: every rule and limit is kept."
                           : value_true_at(verdict, "feasible")
                               ? "The plan does not hold: it keeps every rule and limit, but is not what it says."
                               : "The plan does not hold.";
    text_paragraph(page->out, page->screen, 0, plan_holds(plan, verdict) ? STYLE_GOOD : STYLE_BAD, sentence);
    const char *claimed =
        value_agrees(plan, verdict) ? "" : page_say(page, "; it says %s", page_decimal(page, plan, "value", 9));
    page_paragraph(
        page, page_say(page, "Its value, added up again: %s%s.", page_decimal(page, verdict, "value", 9), claimed));
    claimed =
        bound_agrees(plan, verdict) ? "" : page_say(page, "; it says %s", page_decimal(page, plan, "priced_bound", 9));
    tell_moves(page, plan);
    if (*bound)
        page_paragraph(page,
                       page_say(page,
                                "Proven here by its prices alone, over every option there is: no plan is worth more "
                                "than %s%s. To that, the plan's gap is %s.",
                                bound, claimed, page_share(page, value_number(value_at(verdict, "gap")))));
    if (*bound && nano(plan, "bound") < nano(verdict, "bound") && !value_missing(value_at(plan, "gap")))
        page_paragraph(page,
                       page_say(page,
                                "Its maker says that a search has proven more: no plan is worth more than %s, a gap of "
                                "%s. That is not repeated here.",
                                page_decimal(page, plan, "bound", 9),
                                page_share(page, value_number(value_at(plan, "gap")))));
    if (!*bound)
        page_paragraph(page, "It comes without prices, so nothing is said of how much better another could be.");
    tell_faults(page, value_at(verdict, "faults"));
}

void plan_show_list(struct page *page, struct slice result)
{
    static const struct column columns[] = {{"job", false, 0, 0},    {"plan", false, 0, 0},   {"state", false, 0, 0},
                                            {"status", false, 0, 0}, {"benefit", true, 0, 0}, {"gap", true, 0, 0},
                                            {"took", true, 1, 0},    {"age", true, 2, 0}};
    struct table table;
    struct items jobs = value_items(value_at(result, "jobs"));
    table_init(&table, columns, 8);
    for (struct slice job; value_next(&jobs, &job);) {
        double gap = value_number(value_at(job, "gap"));
        table_cell(&table, STYLE_PLAIN, page_text(page, job, "job"));
        table_cell(&table, STYLE_PLAIN, page_text(page, job, "plan"));
        table_cell(&table, STYLE_PLAIN, page_text(page, job, "state"));
        table_cell(&table, STYLE_PLAIN, page_text(page, job, "status"));
        table_cell(&table, STYLE_PLAIN, page_decimal(page, job, "value", 6));
        table_cell(&table, STYLE_PLAIN, isnan(gap) ? "" : page_share(page, gap));
        table_cell(&table, STYLE_PLAIN, page_say(page, "%.1f s", value_number(value_at(job, "elapsed_ms")) / 1000));
        table_cell(&table, STYLE_PLAIN, page_say(page, "%s s", page_whole(page, job, "age_s")));
    }
    if (table.n_cells == 0)
        page_paragraph(page, "No plan has been asked for within the hour: 'wellmatch allocate' makes one.");
    page_table(page, &table, NARROW_WRAP);
    page_revisions(page, result);
}

static bool is_demand(struct slice side)
{
    struct slice kind = value_at(side, "kind");
    return value_is(kind, "lock") || value_is(kind, "must_fill");
}

/* Several demands against each other, or one against the sides that are named after it. */
void plan_put_conflict(struct buf *out, struct slice error)
{
    static const struct screen plain = {0, false};
    struct page page = {out, &plain, NULL};
    struct slice data = value_at(error, "data"), conflict = value_at(data, "conflict"), side;
    struct items sides = value_items(conflict), relaxations = value_items(value_at(data, "relaxations"));
    size_t n = value_count(conflict), n_demands = 0;
    while (value_next(&sides, &side))
        n_demands += is_demand(side);
    sides = value_items(conflict);
    if (n == 0)
        buf_text(out,
                 "wellmatch: no plan: not all locks and posts that must be filled can hold; which was not found in "
                 "the time\n");
    else if (n_demands == 1 && value_next(&sides, &side))
        buf_format(out, "wellmatch: no plan: %s, which cannot hold%s\n", page_text(&page, side, "text"),
                   n > 1 ? ":" : " within the limits");
    else
        buf_format(out, "wellmatch: no plan: these %zu cannot all hold%s\n", n,
                   value_true_at(data, "least") ? "; without any one of them the others can" : "");
    while (value_next(&sides, &side))
        buf_format(out, "  %s\n", page_text(&page, side, "text"));
    const char *before = "What would help: ";
    for (struct slice text; value_next(&relaxations, &text); before = "or: ")
        buf_format(out, "%s%s\n", before, page_value(&page, text));
    page_end(&page);
}
