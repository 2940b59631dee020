/*
 * Writes plans as JSON members. A reader finds each shape of api/PROTOCOL.md as one function here, and the sentences
 * beside the numbers: a reason, a fix or a price says in words what its members say.
 */
#include "encode_plan.h"

#include "encode_parts.h"
#include "encode_plan_parts.h"
#include "jsonrpc.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_TAIL = 64 };

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
    if (plan && plan->status == WM_PLAN_DEADLINE)
        json_put_text(buf, "ended_by", plan->stopped ? "stop" : "work");
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

/* ---- Placements ---- */

static void put_placement_row(struct buf *buf, const struct plan_view *view, size_t i)
{
    const struct wm_placement *at = &view->answer->plan->placements[i];
    struct wm_match match;
    if (wm_placement_match(view->dataset, at, &match) != WM_OK) {
        buf->failed = buf->starved = true;
        return;
    }
    const struct wm_score *score = &match.score;
    json_put_text(buf, "leader", plan_leader_id(view->dataset, at->leader));
    plan_put_post_place(buf, view->dataset, at->post);
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

/* ---- Prices ---- */

const char *plan_unit_name(enum wm_resource_kind kind)
{
    static const char *const units[] = {[WM_RESOURCE_POST] = "opening",
                                        [WM_RESOURCE_BUDGET] = "GBP",
                                        [WM_RESOURCE_PACKAGE] = "piece",
                                        [WM_RESOURCE_MENTOR] = "hour",
                                        [WM_RESOURCE_MOVES] = "move"};
    return units[kind];
}

/* price * step in 1e-9; half away from zero. */
static int64_t value_of_step(const struct wm_worth *worth)
{
    __extension__ __int128 femto = (__int128)worth->price_femto * worth->step;
    return (int64_t)((femto + (femto < 0 ? -500000 : 500000)) / 1000000);
}

/* What a package of so many hours costs of a mentor whose hours do not come out even; empty for all others. */
static void put_package_prices(struct buf *buf, const struct plan_view *view, size_t resource)
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

static void put_price_row(struct buf *buf, const struct plan_view *view, size_t i)
{
    const struct wm_worth *worth = &view->answer->report->worth[i];
    const struct wm_plan *plan = view->answer->plan;
    size_t row;
    char name[2 * PLAN_NAME_CAP + 4], more[PLAN_TEXT_CAP], gain[40], text[PLAN_TEXT_CAP + 100];
    int64_t told = worth->resolved ? worth->resolved_nano : value_of_step(worth);
    plan_name_resource(view->dataset, worth->resource, name, sizeof name);
    plan_write_more(view->dataset, worth->resource, worth->step, more, sizeof more);
    plan_write_nano(told, gain, sizeof gain);
    snprintf(text, sizeof text, "%s%s: %s%s%s", more, worth->must ? ", which must be filled" : "", told < 0 ? "" : "+",
             gain, worth->resolved ? ", seen by solving again" : ", by its price; not solved again");
    plan_put_resource(buf, view->dataset, worth->resource);
    json_put_text(buf, "name", name);
    json_put_integer(buf, "price_femto", worth->price_femto);
    json_put_text(buf, "unit", plan_unit_name(wm_resource_at(view->dataset, worth->resource, &row)));
    json_put_integer(buf, "step", worth->step);
    encode_nano(buf, "gain_least", worth->must ? WM_MISSING : worth->least_nano);
    encode_nano(buf, "gain_most", worth->must ? WM_MISSING : worth->most_nano);
    encode_nano(buf, "resolved", worth->resolved ? worth->resolved_nano : WM_MISSING);
    encode_integer(buf, "limit", plan->limits[worth->resource]);
    json_put_integer(buf, "used", plan->used[worth->resource]);
    json_put_text(buf, "text", text);
    put_package_prices(buf, view, worth->resource);
}

/* ---- Pages ---- */

static void put_rows(struct buf *buf, const struct plan_view *view,
                     void (*put)(struct buf *, const struct plan_view *, size_t), size_t total, size_t offset,
                     size_t limit)
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
    const struct plan_view view = {question->dataset, question, answer};
    const struct wm_plan_report *report = answer->report;
    json_put_text(buf, "part", names[part]);
    json_put_integer(buf, "offset", (int64_t)offset);
    json_put_integer(buf, "limit", (int64_t)limit);
    switch (part) {
    case PLAN_PART_placements:
        put_rows(buf, &view, put_placement_row, answer->plan->n_placements, offset, limit);
        break;
    case PLAN_PART_unfilled:
        put_rows(buf, &view, plan_put_unfilled_row, report ? report->n_unfilled : 0, offset, limit);
        break;
    case PLAN_PART_unplaced:
        put_rows(buf, &view, plan_put_unplaced_row, report ? report->n_unplaced : 0, offset, limit);
        break;
    case PLAN_PART_prices:
        put_rows(buf, &view, put_price_row, report ? report->n_worth : 0, offset, limit);
        break;
    default:
        plan_put_totals(buf, &view, offset, limit);
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
    json_put_text(buf, "post", plan_post_id(dataset, at->post));
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
        json_put_text(buf, "leader", plan_leader_id(dataset, move->leader));
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
