/*
 * Writes plans as JSON members. A reader finds each shape of api/PROTOCOL.md as one function here, and the sentences
 * beside the numbers: a reason, a fix or a price says in words what its members say.
 */
#include "encode_plan.h"

#include "encode_parts.h"
#include "jsonrpc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_CAP = 640, NAME_CAP = 256, PAGE_TAIL = 64 };

/* What a page is written from. */
struct view {
    const struct wm_dataset *dataset;
    const struct plan_question *question;
    const struct plan_answer *answer;
};

/* ---- Names ---- */

static void cell_text(const struct wm_dataset *dataset, enum wm_table table, size_t row, const char *column, char *out,
                      size_t cap)
{
    int index = wm_column_find(dataset, table, column);
    assert(index >= 0);
    out[0] = '\0';
    (void)wm_cell_text(dataset, table, row, (size_t)index, out, cap);
}

/* A post's region: its own, else its organisation's. */
static void region_of_post(const struct wm_dataset *dataset, size_t post, char *out, size_t cap)
{
    cell_text(dataset, WM_POSTS, post, "region", out, cap);
    if (*out == '\0')
        cell_text(dataset, WM_ORGANISATIONS, (size_t)encode_organisation_of(dataset, WM_POSTS, post), "region", out,
                  cap);
}

static const char *post_id(const struct wm_dataset *dataset, size_t row)
{
    return wm_row_id(dataset, WM_POSTS, row);
}

static const char *leader_id(const struct wm_dataset *dataset, size_t row)
{
    return wm_row_id(dataset, WM_LEADERS, row);
}

/* "opening of V00001 (Chief nurse, X NHS Trust)", "mentor hour of M0007 (North West)", ... */
static void name_resource(const struct wm_dataset *dataset, size_t resource, char *out, size_t cap)
{
    size_t row;
    char a[NAME_CAP], b[NAME_CAP];
    switch (wm_resource_at(dataset, resource, &row)) {
    case WM_RESOURCE_POST:
        cell_text(dataset, WM_POSTS, row, "title", a, sizeof a);
        cell_text(dataset, WM_ORGANISATIONS, (size_t)encode_organisation_of(dataset, WM_POSTS, row), "name", b,
                  sizeof b);
        snprintf(out, cap, "%s, %s", a, b);
        break;
    case WM_RESOURCE_BUDGET:
        cell_text(dataset, WM_BUDGETS, row, "scope", a, sizeof a);
        cell_text(dataset, WM_BUDGETS, row, "code", b, sizeof b);
        snprintf(out, cap, "%s %s", a, b);
        break;
    case WM_RESOURCE_PACKAGE:
        cell_text(dataset, WM_PACKAGES, row, "name", out, cap);
        break;
    case WM_RESOURCE_MENTOR:
        cell_text(dataset, WM_MENTORS, row, "region", out, cap);
        break;
    default:
        snprintf(out, cap, "moves away from the base plan");
    }
}

static const char *unit_of(enum wm_resource_kind kind)
{
    static const char *const units[] = {[WM_RESOURCE_POST] = "opening",
                                        [WM_RESOURCE_BUDGET] = "GBP",
                                        [WM_RESOURCE_PACKAGE] = "piece",
                                        [WM_RESOURCE_MENTOR] = "hour",
                                        [WM_RESOURCE_MOVES] = "move"};
    return units[kind];
}

/* 1234567 as "1,234,567". */
static void write_grouped(int64_t n, char *out, size_t cap)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%" PRId64, n), start = n < 0;
    size_t at = 0;
    for (int i = 0; i < len && at + 2 < cap; i++) {
        if (i > start && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

/* "one more mentor hour of M0007 (North West)", "GBP 100,000 more in region Midlands" */
static void write_more(const struct wm_dataset *dataset, size_t resource, int64_t amount, char *out, size_t cap)
{
    size_t row;
    enum wm_resource_kind kind = wm_resource_at(dataset, resource, &row);
    char name[2 * NAME_CAP + 4], count[40];
    static const char *const things[][2] = {[WM_RESOURCE_POST] = {"opening of", "openings of"},
                                            [WM_RESOURCE_PACKAGE] = {"piece of", "pieces of"},
                                            [WM_RESOURCE_MENTOR] = {"mentor hour of", "mentor hours of"}};
    name_resource(dataset, resource, name, sizeof name);
    write_grouped(amount, count, sizeof count);
    const char *number = amount == 1 ? "one" : count;
    if (kind == WM_RESOURCE_BUDGET)
        snprintf(out, cap, "GBP %s more in %s", count, name);
    else if (kind == WM_RESOURCE_MOVES)
        snprintf(out, cap, "%s more move%s", number, amount == 1 ? "" : "s");
    else
        snprintf(out, cap, "%s more %s %s (%s)", number, things[kind][amount != 1], plan_resource_id(dataset, resource),
                 name);
}

/* 12345 (1e-9) as "0.000012345". */
static void write_nano(int64_t nano, char *out, size_t cap)
{
    uint64_t size = nano < 0 ? 0 - (uint64_t)nano : (uint64_t)nano;
    snprintf(out, cap, "%s%" PRIu64 ".%09" PRIu64, nano < 0 ? "-" : "", size / 1000000000, size % 1000000000);
}

/* "L000001 at V00001 with P02 and M0007" */
static void write_placement(const struct wm_dataset *dataset, const struct wm_placement *at, char *out, size_t cap)
{
    snprintf(out, cap, "%s at %s with %s%s%s", leader_id(dataset, at->leader), post_id(dataset, at->post),
             wm_row_id(dataset, WM_PACKAGES, at->package), at->mentor == WM_NO_ROW ? "" : " and ",
             at->mentor == WM_NO_ROW ? "" : wm_row_id(dataset, WM_MENTORS, (size_t)at->mentor));
}

/* ---- Small members ---- */

static void put_placement_members(struct buf *buf, const struct wm_dataset *dataset, const struct wm_placement *at)
{
    json_put_text(buf, "leader", leader_id(dataset, at->leader));
    json_put_text(buf, "post", post_id(dataset, at->post));
    encode_row_id(buf, dataset, "package", WM_PACKAGES, at->package);
    encode_row_id(buf, dataset, "mentor", WM_MENTORS, at->mentor);
}

static void put_placement(struct buf *buf, const char *key, const struct wm_dataset *dataset,
                          const struct wm_placement *at)
{
    json_put_key(buf, key);
    json_open(buf, '{');
    put_placement_members(buf, dataset, at);
    json_close(buf, '}');
}

static void put_resource(struct buf *buf, const struct wm_dataset *dataset, size_t resource)
{
    size_t row;
    bool none = resource >= wm_resource_count(dataset);
    json_put_text(buf, "resource", none ? NULL : plan_resource_name(wm_resource_at(dataset, resource, &row)));
    json_put_text(buf, "of", none ? NULL : plan_resource_id(dataset, resource));
}

static void put_post_place(struct buf *buf, const struct wm_dataset *dataset, size_t post)
{
    char region[NAME_CAP];
    region_of_post(dataset, post, region, sizeof region);
    json_put_text(buf, "post", post_id(dataset, post));
    encode_member(buf, dataset, WM_POSTS, post, "title");
    encode_named(buf, "organisation", dataset, WM_ORGANISATIONS,
                 (size_t)encode_organisation_of(dataset, WM_POSTS, post), "name");
    json_put_text(buf, "region", region);
}

/* ---- Summary ---- */

static void put_request(struct buf *buf, const struct plan_question *question)
{
    json_put_key(buf, "request");
    buf_put(buf, question->text.at, question->text.len - 1);
    json_put_integer(buf, "deadline_ms", question->deadline_ms);
    json_close(buf, '}');
}

static void put_moves(struct buf *buf, const size_t moves[4])
{
    static const char *const names[] = {[WM_MOVE_PLACED] = "placed",
                                        [WM_MOVE_UNPLACED] = "unplaced",
                                        [WM_MOVE_POST] = "post",
                                        [WM_MOVE_TERMS] = "terms"};
    json_open(buf, '{');
    for (size_t i = 0; i < 4; i++)
        json_put_integer(buf, names[i], (int64_t)moves[i]);
    json_close(buf, '}');
}

static void put_change(struct buf *buf, const struct plan_question *question, const struct plan_answer *answer)
{
    bool based = question->base[0] != '\0';
    json_put_text(buf, "base", based ? question->base : NULL);
    if (!based || !answer || !answer->plan->found) {
        json_put_null(buf, "change");
        return;
    }
    json_put_key(buf, "change");
    json_open(buf, '{');
    encode_nano(buf, "value", answer->plan->value_nano - question->base_nano);
    json_put_key(buf, "moves");
    put_moves(buf, answer->moves);
    json_close(buf, '}');
}

void encode_plan_summary(struct buf *buf, const struct plan_label *label, const struct plan_question *question,
                         const struct plan_answer *answer)
{
    static const struct plan_answer nothing;
    const struct wm_plan *plan = answer ? answer->plan : NULL;
    const struct plan_answer *sums = answer ? answer : &nothing;
    bool found = plan && plan->found;
    json_put_text(buf, "job", label->job);
    json_put_text(buf, "plan", label->plan);
    json_put_text(buf, "state", label->state);
    json_put_text(buf, "status", wm_plan_status_name(plan ? plan->status : WM_PLAN_DEADLINE));
    json_put_bool(buf, "found", found);
    encode_nano(buf, "value", found ? plan->value_nano : WM_MISSING);
    encode_nano(buf, "bound", plan ? plan->bound_nano : WM_MISSING);
    if (plan)
        json_put_fixed(buf, "gap", (int64_t)(plan->gap * 1e9 + 0.5), 9);
    else
        json_put_null(buf, "gap");
    encode_nano(buf, "priced_bound", plan ? plan->priced_nano : WM_MISSING);
    json_put_integer(buf, "elapsed_ms", label->elapsed_ms);
    json_put_bool(buf, "verified", found);
    json_put_integer(buf, "placements", found ? (int64_t)plan->n_placements : 0);
    json_put_integer(buf, "unfilled", sums->report ? (int64_t)sums->report->n_unfilled : 0);
    json_put_integer(buf, "unplaced", sums->report ? (int64_t)sums->report->n_unplaced : 0);
    json_put_integer(buf, "openings", (int64_t)sums->openings);
    json_put_integer(buf, "must_fill_unfilled", (int64_t)sums->must_fill_unfilled);
    json_put_integer(buf, "local_cost_gbp", sums->local_cost_gbp);
    json_put_integer(buf, "central_cost_gbp", sums->central_cost_gbp);
    json_put_integer(buf, "eligible_pairs", plan ? (int64_t)plan->eligible_pairs : 0);
    json_put_integer(buf, "options_priced", plan ? (int64_t)plan->options_priced : 0);
    json_put_integer(buf, "nodes", plan ? (int64_t)plan->nodes : 0);
    put_request(buf, question);
    put_change(buf, question, answer);
}

/* ---- Conflict ---- */

static void put_relaxation(struct buf *error, const struct plan_question *question, const struct wm_demand *demand)
{
    const struct wm_plan_request *request = &question->request;
    const struct wm_dataset *dataset = question->dataset;
    char text[TEXT_CAP];
    if (demand->kind == WM_DEMAND_LOCK) {
        const struct wm_plan_rule *lock = &request->locks[demand->index];
        snprintf(text, sizeof text, "drop the lock of %s at %s", leader_id(dataset, (size_t)lock->leader),
                 post_id(dataset, (size_t)lock->post));
    } else {
        snprintf(text, sizeof text, "do not insist that %s is filled",
                 post_id(dataset, request->must_fill[demand->index]));
    }
    json_item(error);
    buf_json_string(error, text, strlen(text));
}

static void put_demand(struct buf *error, const struct plan_question *question, const struct wm_demand *demand)
{
    const struct wm_plan_request *request = &question->request;
    const struct wm_dataset *dataset = question->dataset;
    json_open(error, '{');
    if (demand->kind == WM_DEMAND_LOCK) {
        const struct wm_plan_rule *lock = &request->locks[demand->index];
        json_put_text(error, "kind", "lock");
        encode_row_id(error, dataset, "leader", WM_LEADERS, lock->leader);
        encode_row_id(error, dataset, "post", WM_POSTS, lock->post);
        encode_row_id(error, dataset, "package", WM_PACKAGES, lock->package);
        encode_row_id(error, dataset, "mentor", WM_MENTORS, lock->mentor);
    } else {
        json_put_text(error, "kind", "must_fill");
        json_put_text(error, "post", post_id(dataset, request->must_fill[demand->index]));
    }
    json_close(error, '}');
}

void encode_plan_conflict(struct buf *error, const struct plan_label *label, const struct plan_question *question,
                          const struct wm_plan *plan)
{
    rpc_error_open(error, RPC_INFEASIBLE);
    json_put_text(error, "job", label->job);
    json_put_text(error, "plan", label->plan);
    json_put_key(error, "conflict");
    json_open(error, '[');
    for (size_t i = 0; i < plan->n_conflict; i++)
        put_demand(error, question, &plan->conflict[i]);
    json_close(error, ']');
    json_put_bool(error, "least", plan->conflict_least);
    json_put_key(error, "relaxations");
    json_open(error, '[');
    for (size_t i = 0; i < plan->n_conflict; i++)
        put_relaxation(error, question, &plan->conflict[i]);
    json_close(error, ']');
    rpc_error_close(error);
}

/* ---- Placements ---- */

static void put_placement_row(struct buf *buf, const struct view *view, size_t i)
{
    const struct wm_placement *at = &view->answer->plan->placements[i];
    struct wm_match match;
    if (wm_placement_match(view->dataset, at, &match) != WM_OK) {
        buf->failed = buf->starved = true;
        return;
    }
    const struct wm_score *score = &match.score;
    json_put_text(buf, "leader", leader_id(view->dataset, at->leader));
    put_post_place(buf, view->dataset, at->post);
    encode_row_id(buf, view->dataset, "package", WM_PACKAGES, at->package);
    encode_row_id(buf, view->dataset, "mentor", WM_MENTORS, at->mentor);
    encode_nano(buf, "value", view->answer->terms[i].value_nano);
    encode_nano(buf, "expected", score->expected_nano);
    encode_by_domain(buf, "parts", view->dataset, score->expected_part_nano, 9);
    encode_micro(buf, "benefit", score->benefit_micro);
    encode_micro(buf, "severity", score->severity_micro);
    encode_micro(buf, "fit", score->fit_micro);
    encode_micro(buf, "accept", score->accept_micro);
    json_put_integer(buf, "local_cost_gbp", match.offer.local_cost_gbp);
    json_put_integer(buf, "central_cost_gbp", match.offer.central_cost_gbp);
    json_put_bool(buf, "needs_approval", match.offer.needs_approval);
    encode_missing_names(buf, match.missing);
}

/* ---- Who and what is left out ---- */

static bool has_resource(const struct wm_left_out *out)
{
    return out->reason == WM_REASON_money || out->reason == WM_REASON_mentor || out->reason == WM_REASON_stock;
}

/* One sentence: the reason with its names and numbers. */
static void write_why(const struct view *view, const struct wm_left_out *out, bool is_post, char *text, size_t cap)
{
    char nearest[TEXT_CAP], margin[40], name[2 * NAME_CAP + 4], amount[40];
    const struct wm_dataset *dataset = view->dataset;
    const char *rival = out->rival == WM_NO_ROW ? NULL
                        : is_post               ? post_id(dataset, (size_t)out->rival)
                                                : leader_id(dataset, (size_t)out->rival);
    write_nano(out->margin_nano, margin, sizeof margin);
    if (out->has_nearest)
        write_placement(dataset, &out->nearest, nearest, sizeof nearest);
    if (has_resource(out) && out->resource < wm_resource_count(dataset)) {
        name_resource(dataset, out->resource, name, sizeof name);
        write_grouped(out->short_by, amount, sizeof amount);
        snprintf(text, cap, "%s: %s (%s) lacks %s%s%s%s", wm_reason_text(out->reason),
                 plan_resource_id(dataset, out->resource), name, amount, out->reason == WM_REASON_money ? " GBP" : "",
                 out->has_nearest ? " for " : "", out->has_nearest ? nearest : "");
    } else if (out->reason == WM_REASON_outbid && out->has_nearest) {
        bool short_of_it = out->margin_nano > 0;
        snprintf(text, cap, "%s came nearest and %s%s%s%s", nearest,
                 short_of_it ? "falls short by " : "is worth as much at the plan's prices", short_of_it ? margin : "",
                 !rival    ? ""
                 : is_post ? "; the leader goes to "
                           : "; the post goes to ",
                 rival ? rival : "");
    } else if (out->has_nearest) {
        snprintf(text, cap, "%s; %s came nearest", wm_reason_text(out->reason), nearest);
    } else {
        snprintf(text, cap, "%s", wm_reason_text(out->reason));
    }
}

static void put_limit_fix(struct buf *buf, const struct wm_dataset *dataset, const struct wm_fix *fix)
{
    char more[TEXT_CAP], who[TEXT_CAP], gain[40], text[3 * TEXT_CAP];
    write_more(dataset, fix->resource, fix->amount, more, sizeof more);
    write_placement(dataset, &fix->placement, who, sizeof who);
    write_nano(fix->gain_nano, gain, sizeof gain);
    snprintf(text, sizeof text, "%s places %s: at least +%s", more, who, gain);
    json_put_text(buf, "kind", "limit");
    put_resource(buf, dataset, fix->resource);
    json_put_integer(buf, "add", fix->amount);
    put_placement(buf, "placement", dataset, &fix->placement);
    encode_nano(buf, "gain", fix->gain_nano);
    json_put_text(buf, "text", text);
}

static void put_rule_fix(struct buf *buf, const struct wm_dataset *dataset, const struct wm_left_out *out, bool is_post)
{
    const struct wm_rule_outcome *rule = &out->fix.rule;
    const struct wm_placement *pair = out->has_nearest ? &out->nearest : &out->fix.placement;
    char text[TEXT_CAP];
    snprintf(text, sizeof text, "%s could take %s, but %s", leader_id(dataset, is_post ? pair->leader : out->row),
             post_id(dataset, is_post ? out->row : pair->post), rule->note);
    json_put_text(buf, "kind", "rule");
    json_put_text(buf, "leader", leader_id(dataset, is_post ? pair->leader : out->row));
    json_put_text(buf, "post", post_id(dataset, is_post ? out->row : pair->post));
    json_put_text(buf, "rule", wm_rule_name(rule->rule));
    json_put_text(buf, "note", rule->note);
    json_put_bool(buf, "together", rule->together);
    json_put_key(buf, "changes");
    json_open(buf, '[');
    for (size_t i = 0; i < rule->n_changes; i++)
        encode_change(buf, dataset, &rule->changes[i]);
    json_close(buf, ']');
    json_put_text(buf, "text", text);
}

static void put_fix(struct buf *buf, const struct wm_dataset *dataset, const struct wm_left_out *out, bool is_post)
{
    if (out->fix.kind == WM_FIX_NONE) {
        json_put_null(buf, "fix");
        return;
    }
    json_put_key(buf, "fix");
    json_open(buf, '{');
    if (out->fix.kind == WM_FIX_LIMIT)
        put_limit_fix(buf, dataset, &out->fix);
    else
        put_rule_fix(buf, dataset, out, is_post);
    json_close(buf, '}');
}

static void put_nearest(struct buf *buf, const struct wm_dataset *dataset, const struct wm_left_out *out, bool is_post)
{
    if (!out->has_nearest) {
        json_put_null(buf, "nearest");
        return;
    }
    json_put_key(buf, "nearest");
    json_open(buf, '{');
    if (is_post)
        json_put_text(buf, "leader", leader_id(dataset, out->nearest.leader));
    else
        json_put_text(buf, "post", post_id(dataset, out->nearest.post));
    encode_row_id(buf, dataset, "package", WM_PACKAGES, out->nearest.package);
    encode_row_id(buf, dataset, "mentor", WM_MENTORS, out->nearest.mentor);
    encode_nano(buf, "value", out->nearest_nano);
    json_close(buf, '}');
}

/* From the reason on, the members of a post and of a leader are the same but for who the rival is. */
static void put_left_out(struct buf *buf, const struct view *view, const struct wm_left_out *out, bool is_post)
{
    char why[3 * TEXT_CAP];
    write_why(view, out, is_post, why, sizeof why);
    json_put_text(buf, "reason", wm_reason_name(out->reason));
    json_put_text(buf, "why", why);
    put_nearest(buf, view->dataset, out, is_post);
    encode_row_id(buf, view->dataset, is_post ? "rival_post" : "rival", is_post ? WM_POSTS : WM_LEADERS, out->rival);
    encode_nano(buf, "margin", out->margin_nano);
    put_resource(buf, view->dataset, has_resource(out) ? out->resource : SIZE_MAX);
    json_put_integer(buf, "short_by", has_resource(out) ? out->short_by : 0);
    put_fix(buf, view->dataset, out, is_post);
}

static void put_unfilled_row(struct buf *buf, const struct view *view, size_t i)
{
    const struct wm_left_out *out = &view->answer->report->unfilled[i];
    put_post_place(buf, view->dataset, out->row);
    json_put_integer(buf, "openings", (int64_t)out->openings);
    put_left_out(buf, view, out, true);
}

static void put_unplaced_row(struct buf *buf, const struct view *view, size_t i)
{
    const struct wm_left_out *out = &view->answer->report->unplaced[i];
    json_put_text(buf, "leader", leader_id(view->dataset, out->row));
    put_left_out(buf, view, out, false);
}

/* ---- Prices ---- */

/* price * step in 1e-9; half away from zero. */
static int64_t value_of_step(const struct wm_worth *worth)
{
    __extension__ __int128 femto = (__int128)worth->price_femto * worth->step;
    return (int64_t)((femto + (femto < 0 ? -500000 : 500000)) / 1000000);
}

/* What a package of so many hours costs of a mentor whose hours do not come out even; empty for all others. */
static void put_package_prices(struct buf *buf, const struct view *view, size_t resource)
{
    const struct wm_plan *plan = view->answer->plan;
    size_t row;
    bool mentor = wm_resource_at(view->dataset, resource, &row) == WM_RESOURCE_MENTOR;
    json_put_key(buf, "packages");
    json_open(buf, '[');
    for (size_t i = 0; mentor && i < plan->n_package_prices; i++)
        if (plan->package_prices[i].mentor == row) {
            json_item(buf);
            json_open(buf, '{');
            json_put_integer(buf, "hours", plan->package_prices[i].hours);
            json_put_integer(buf, "price_femto", plan->package_prices[i].price_femto);
            json_close(buf, '}');
        }
    json_close(buf, ']');
}

static void put_price_row(struct buf *buf, const struct view *view, size_t i)
{
    const struct wm_worth *worth = &view->answer->report->worth[i];
    const struct wm_plan *plan = view->answer->plan;
    size_t row;
    char name[2 * NAME_CAP + 4], more[TEXT_CAP], gain[40], text[TEXT_CAP + 100];
    int64_t told = worth->resolved ? worth->resolved_nano : value_of_step(worth);
    name_resource(view->dataset, worth->resource, name, sizeof name);
    write_more(view->dataset, worth->resource, worth->step, more, sizeof more);
    write_nano(told, gain, sizeof gain);
    snprintf(text, sizeof text, "%s: %s%s%s", more, told < 0 ? "" : "+", gain,
             worth->resolved ? ", seen by solving again" : "");
    put_resource(buf, view->dataset, worth->resource);
    json_put_text(buf, "name", name);
    json_put_integer(buf, "price_femto", worth->price_femto);
    json_put_text(buf, "unit", unit_of(wm_resource_at(view->dataset, worth->resource, &row)));
    json_put_integer(buf, "step", worth->step);
    encode_nano(buf, "gain_least", worth->least_nano);
    encode_nano(buf, "gain_most", worth->most_nano);
    encode_nano(buf, "resolved", worth->resolved ? worth->resolved_nano : WM_MISSING);
    encode_integer(buf, "limit", plan->limits[worth->resource]);
    json_put_integer(buf, "used", plan->used[worth->resource]);
    json_put_text(buf, "text", text);
    put_package_prices(buf, view, worth->resource);
}

/* ---- Totals ---- */

struct tally {
    int64_t openings, filled, value_nano, local_cost_gbp, central_cost_gbp;
};

static void put_tally(struct buf *buf, const struct tally *tally)
{
    json_put_integer(buf, "openings", tally->openings);
    json_put_integer(buf, "filled", tally->filled);
    encode_nano(buf, "value", tally->value_nano);
    json_put_integer(buf, "local_cost_gbp", tally->local_cost_gbp);
    json_put_integer(buf, "central_cost_gbp", tally->central_cost_gbp);
}

/* The index of a post's region in the vocabulary. */
static size_t region_index(const struct wm_dataset *dataset, size_t post)
{
    char word[NAME_CAP];
    size_t i = 0, n = wm_vocabulary_count(dataset, "region");
    region_of_post(dataset, post, word, sizeof word);
    while (i < n && strcmp(wm_vocabulary_word(dataset, "region", i), word) != 0)
        i++;
    return i;
}

/* Adds up by region and by organisation. */
static void add_up(const struct view *view, struct tally *regions, struct tally *organisations)
{
    const struct wm_dataset *dataset = view->dataset;
    const struct wm_plan *plan = view->answer->plan;
    for (size_t post = 0; post < wm_table_rows(dataset, WM_POSTS); post++) {
        int64_t limit = plan->limits[wm_resource_index(dataset, WM_RESOURCE_POST, post)];
        if (!plan_takes_post(view->question, post) || limit == WM_MISSING)
            continue;
        regions[region_index(dataset, post)].openings += limit;
        organisations[encode_organisation_of(dataset, WM_POSTS, post)].openings += limit;
    }
    for (size_t i = 0; i < plan->n_placements; i++) {
        size_t post = plan->placements[i].post;
        const struct plan_terms *terms = &view->answer->terms[i];
        struct tally *tallies[] = {&regions[region_index(dataset, post)],
                                   &organisations[encode_organisation_of(dataset, WM_POSTS, post)]};
        for (size_t k = 0; k < 2; k++) {
            tallies[k]->filled++;
            tallies[k]->value_nano += terms->value_nano;
            tallies[k]->local_cost_gbp += terms->local_cost_gbp;
            tallies[k]->central_cost_gbp += terms->central_cost_gbp;
        }
    }
}

static void put_by_region(struct buf *buf, const struct wm_dataset *dataset, const struct tally *regions)
{
    json_put_key(buf, "by_region");
    json_open(buf, '[');
    for (size_t i = 0; i < wm_vocabulary_count(dataset, "region"); i++) {
        json_open(buf, '{');
        json_put_text(buf, "region", wm_vocabulary_word(dataset, "region", i));
        put_tally(buf, &regions[i]);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

static void put_by_package(struct buf *buf, const struct view *view)
{
    const struct wm_plan *plan = view->answer->plan;
    json_put_key(buf, "by_package");
    json_open(buf, '[');
    for (size_t row = 0; row < wm_table_rows(view->dataset, WM_PACKAGES); row++) {
        int64_t used = 0;
        for (size_t i = 0; i < plan->n_placements; i++)
            used += plan->placements[i].package == row;
        json_open(buf, '{');
        encode_row_id(buf, view->dataset, "package", WM_PACKAGES, (int64_t)row);
        encode_member(buf, view->dataset, WM_PACKAGES, row, "name");
        json_put_integer(buf, "used", used);
        encode_integer(buf, "stock", plan->limits[wm_resource_index(view->dataset, WM_RESOURCE_PACKAGE, row)]);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

static void put_mentor_total(struct buf *buf, const struct view *view, size_t row)
{
    size_t resource = wm_resource_index(view->dataset, WM_RESOURCE_MENTOR, row);
    encode_row_id(buf, view->dataset, "mentor", WM_MENTORS, (int64_t)row);
    encode_member(buf, view->dataset, WM_MENTORS, row, "region");
    json_put_integer(buf, "hours_used", view->answer->plan->used[resource]);
    encode_integer(buf, "hours", view->answer->plan->limits[resource]);
}

static void put_budget_total(struct buf *buf, const struct view *view, size_t row)
{
    size_t resource = wm_resource_index(view->dataset, WM_RESOURCE_BUDGET, row);
    int64_t amount = view->answer->plan->limits[resource], used = view->answer->plan->used[resource];
    encode_member(buf, view->dataset, WM_BUDGETS, row, "scope");
    encode_member(buf, view->dataset, WM_BUDGETS, row, "code");
    encode_integer(buf, "amount_gbp", amount);
    json_put_integer(buf, "used_gbp", used);
    encode_integer(buf, "left_gbp", amount == WM_MISSING ? WM_MISSING : amount - used);
}

/* A page of one of the long lists. */
static void put_total_page(struct buf *buf, const char *key, const struct view *view, enum wm_table table,
                           void (*put)(struct buf *, const struct view *, size_t), size_t offset, size_t limit)
{
    size_t n = wm_table_rows(view->dataset, table), end = offset > n || limit > n - offset ? n : offset + limit;
    json_put_key(buf, key);
    json_open(buf, '[');
    for (size_t row = offset; row < end && !buf->failed; row++) {
        json_open(buf, '{');
        put(buf, view, row);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

/* Organisations where there is an opening or a placement. */
static size_t put_by_organisation(struct buf *buf, const struct view *view, const struct tally *organisations,
                                  size_t offset, size_t limit)
{
    size_t n = 0;
    json_put_key(buf, "by_organisation");
    json_open(buf, '[');
    for (size_t row = 0; row < wm_table_rows(view->dataset, WM_ORGANISATIONS) && !buf->failed; row++) {
        if (organisations[row].openings == 0 && organisations[row].filled == 0)
            continue;
        if (n >= offset && n - offset < limit) {
            json_open(buf, '{');
            encode_row_id(buf, view->dataset, "ods_code", WM_ORGANISATIONS, (int64_t)row);
            encode_named(buf, "organisation", view->dataset, WM_ORGANISATIONS, row, "name");
            put_tally(buf, &organisations[row]);
            json_close(buf, '}');
        }
        n++;
    }
    json_close(buf, ']');
    return n;
}

/* The lists of regions and packages are short and whole; of the others each page has the same stretch. */
static void put_totals(struct buf *buf, const struct view *view, size_t offset, size_t limit)
{
    size_t n_regions = wm_vocabulary_count(view->dataset, "region");
    size_t n_organisations = wm_table_rows(view->dataset, WM_ORGANISATIONS);
    struct tally *tallies = calloc(n_regions + 1 + n_organisations, sizeof *tallies);
    if (tallies == NULL) {
        buf->failed = buf->starved = true;
        return;
    }
    struct tally *organisations = tallies + n_regions + 1;
    add_up(view, tallies, organisations);
    put_by_region(buf, view->dataset, tallies);
    put_by_package(buf, view);
    size_t total = put_by_organisation(buf, view, organisations, offset, limit);
    free(tallies);
    put_total_page(buf, "by_mentor", view, WM_MENTORS, put_mentor_total, offset, limit);
    put_total_page(buf, "budgets", view, WM_BUDGETS, put_budget_total, offset, limit);
    size_t n_mentors = wm_table_rows(view->dataset, WM_MENTORS), n_budgets = wm_table_rows(view->dataset, WM_BUDGETS);
    total = total > n_mentors ? total : n_mentors;
    total = total > n_budgets ? total : n_budgets;
    json_put_integer(buf, "total", (int64_t)total);
    encode_next_offset(buf, offset, limit, total);
}

/* ---- Pages ---- */

static void put_rows(struct buf *buf, const struct view *view, void (*put)(struct buf *, const struct view *, size_t),
                     size_t total, size_t offset, size_t limit)
{
    size_t n = 0;
    json_put_integer(buf, "total", (int64_t)total);
    json_put_key(buf, "rows");
    json_open(buf, '[');
    for (; n < limit && offset < total && n < total - offset && !buf->failed; n++) {
        size_t before = buf->len;
        json_open(buf, '{');
        put(buf, view, offset + n);
        json_close(buf, '}');
        if (encode_page_full(buf, before, n, PAGE_TAIL))
            break;
    }
    json_close(buf, ']');
    encode_next_offset(buf, offset, n, total);
}

void encode_plan_page(struct buf *buf, const struct plan_question *question, const struct plan_answer *answer,
                      enum plan_part part, size_t offset, size_t limit)
{
    static const char *const names[] = {
#define X(name) #name,
        PLAN_PARTS(X)
#undef X
    };
    const struct view view = {question->dataset, question, answer};
    const struct wm_plan_report *report = answer->report;
    json_put_text(buf, "part", names[part]);
    json_put_integer(buf, "offset", (int64_t)offset);
    json_put_integer(buf, "limit", (int64_t)limit);
    switch (part) {
    case PLAN_PART_placements:
        put_rows(buf, &view, put_placement_row, answer->plan->n_placements, offset, limit);
        break;
    case PLAN_PART_unfilled:
        put_rows(buf, &view, put_unfilled_row, report ? report->n_unfilled : 0, offset, limit);
        break;
    case PLAN_PART_unplaced:
        put_rows(buf, &view, put_unplaced_row, report ? report->n_unplaced : 0, offset, limit);
        break;
    case PLAN_PART_prices:
        put_rows(buf, &view, put_price_row, report ? report->n_worth : 0, offset, limit);
        break;
    default:
        put_totals(buf, &view, offset, limit);
    }
}

/* ---- Two plans ---- */

static void put_side(struct buf *buf, const char *key, const struct wm_dataset *dataset, const struct wm_placement *at,
                     bool is_there)
{
    if (!is_there) {
        json_put_null(buf, key);
        return;
    }
    json_put_key(buf, key);
    json_open(buf, '{');
    json_put_text(buf, "post", post_id(dataset, at->post));
    encode_row_id(buf, dataset, "package", WM_PACKAGES, at->package);
    encode_row_id(buf, dataset, "mentor", WM_MENTORS, at->mentor);
    json_close(buf, '}');
}

static void put_move_rows(struct buf *buf, const struct wm_dataset *dataset, const struct wm_move *moves, size_t total,
                          size_t offset, size_t limit)
{
    static const char *const kinds[] = {[WM_MOVE_PLACED] = "placed",
                                        [WM_MOVE_UNPLACED] = "unplaced",
                                        [WM_MOVE_POST] = "post",
                                        [WM_MOVE_TERMS] = "terms"};
    size_t n = 0;
    json_put_integer(buf, "total", (int64_t)total);
    json_put_key(buf, "moves");
    json_open(buf, '[');
    for (; n < limit && offset < total && n < total - offset && !buf->failed; n++) {
        const struct wm_move *move = &moves[offset + n];
        size_t before = buf->len;
        json_open(buf, '{');
        json_put_text(buf, "kind", kinds[move->kind]);
        json_put_text(buf, "leader", leader_id(dataset, move->leader));
        put_side(buf, "before", dataset, &move->before, move->kind != WM_MOVE_PLACED);
        put_side(buf, "after", dataset, &move->after, move->kind != WM_MOVE_UNPLACED);
        json_close(buf, '}');
        if (encode_page_full(buf, before, n, PAGE_TAIL))
            break;
    }
    json_close(buf, ']');
    encode_next_offset(buf, offset, n, total);
}

int encode_plan_comparison(struct buf *buf, const struct wm_dataset *dataset, const struct wm_plan *a,
                           const struct wm_plan *b, size_t offset, size_t limit)
{
    struct wm_move *moves = calloc(a->n_placements + b->n_placements + 1, sizeof *moves);
    if (moves == NULL)
        return WM_EMEMORY;
    size_t n = wm_plan_compare(a->placements, a->n_placements, b->placements, b->n_placements, moves), counts[4] = {0};
    for (size_t i = 0; i < n; i++)
        counts[moves[i].kind]++;
    encode_nano(buf, "value_a", a->value_nano);
    encode_nano(buf, "value_b", b->value_nano);
    encode_nano(buf, "difference", b->value_nano - a->value_nano);
    json_put_key(buf, "counts");
    put_moves(buf, counts);
    json_put_integer(buf, "offset", (int64_t)offset);
    json_put_integer(buf, "limit", (int64_t)limit);
    put_move_rows(buf, dataset, moves, n, offset, limit);
    free(moves);
    return WM_OK;
}

/* ---- Verdict ---- */

void encode_plan_verdict(struct buf *buf, const struct wm_faults *faults, const struct wm_plan_verdict *verdict)
{
    json_put_bool(buf, "feasible", verdict->feasible);
    json_put_integer(buf, "count", (int64_t)verdict->n_faults);
    json_put_key(buf, "faults");
    json_open(buf, '[');
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        json_open(buf, '{');
        encode_integer(buf, "placement", fault->line > 0 ? fault->line - 1 : WM_MISSING);
        json_put_text(buf, "what", fault->what);
        json_put_text(buf, "expected", fault->expected);
        json_close(buf, '}');
    }
    json_close(buf, ']');
    encode_nano(buf, "value", verdict->value_nano);
    encode_nano(buf, "bound", verdict->bounded ? verdict->bound_nano : WM_MISSING);
    if (verdict->bounded)
        json_put_fixed(buf, "gap", (int64_t)(verdict->gap * 1e9 + (verdict->gap < 0 ? -0.5 : 0.5)), 9);
    else
        json_put_null(buf, "gap");
}
