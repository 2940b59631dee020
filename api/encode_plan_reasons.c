/* Who and what a plan leaves out: the reason, what came nearest, the cheapest fix; in members and in a sentence. */
#include "encode_plan_parts.h"

#include "encode_parts.h"
#include "jsonrpc.h"

#include <stdio.h>

static void put_placement_members(struct buf *buf, const struct wm_dataset *dataset, const struct wm_placement *at)
{
    json_put_text(buf, "leader", plan_leader_id(dataset, at->leader));
    json_put_text(buf, "post", plan_post_id(dataset, at->post));
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

/* ---- Who and what is left out ---- */

bool plan_lacks_resource(const struct wm_left_out *out)
{
    return out->reason == WM_REASON_money || out->reason == WM_REASON_mentor || out->reason == WM_REASON_stock;
}

/* One sentence: the reason with its names and numbers. */
void plan_write_why(const struct plan_view *view, const struct wm_left_out *out, bool is_post, char *text, size_t cap)
{
    char nearest[PLAN_TEXT_CAP], margin[40], name[2 * PLAN_NAME_CAP + 4], amount[40];
    const struct wm_dataset *dataset = view->dataset;
    const char *rival = out->rival == WM_NO_ROW ? NULL
                        : is_post               ? plan_post_id(dataset, (size_t)out->rival)
                                                : plan_leader_id(dataset, (size_t)out->rival);
    plan_write_nano(out->margin_nano, margin, sizeof margin);
    if (out->has_nearest)
        plan_write_placement(dataset, &out->nearest, nearest, sizeof nearest);
    if (plan_lacks_resource(out) && out->resource < wm_resource_count(dataset)) {
        plan_name_resource(dataset, out->resource, name, sizeof name);
        plan_write_grouped(out->short_by, amount, sizeof amount);
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

void plan_write_fix(const struct wm_dataset *dataset, const struct wm_fix *fix, char *text, size_t cap)
{
    char more[PLAN_TEXT_CAP], who[PLAN_TEXT_CAP], gain[40];
    text[0] = '\0';
    if (fix->kind == WM_FIX_LIMIT) {
        plan_write_more(dataset, fix->resource, fix->amount, more, sizeof more);
        plan_write_placement(dataset, &fix->placement, who, sizeof who);
        plan_write_nano(fix->gain_nano, gain, sizeof gain);
        snprintf(text, cap, "%s places %s: at least +%s", more, who, gain);
    } else if (fix->kind == WM_FIX_RULE) {
        snprintf(text, cap, "%s could take %s, but %s", plan_leader_id(dataset, fix->placement.leader),
                 plan_post_id(dataset, fix->placement.post), fix->rule.note);
    }
}

static void put_limit_fix(struct buf *buf, const struct wm_dataset *dataset, const struct wm_fix *fix)
{
    json_put_text(buf, "kind", "limit");
    plan_put_resource(buf, dataset, fix->resource);
    json_put_integer(buf, "add", fix->amount);
    put_placement(buf, "placement", dataset, &fix->placement);
    encode_nano(buf, "gain", fix->gain_nano);
}

static void put_rule_fix(struct buf *buf, const struct wm_dataset *dataset, const struct wm_fix *fix)
{
    json_put_text(buf, "kind", "rule");
    json_put_text(buf, "leader", plan_leader_id(dataset, fix->placement.leader));
    json_put_text(buf, "post", plan_post_id(dataset, fix->placement.post));
    json_put_text(buf, "rule", wm_rule_name(fix->rule.rule));
    encode_rule_note(buf, dataset, &fix->rule);
}

static void put_fix(struct buf *buf, const struct wm_dataset *dataset, const struct wm_fix *fix)
{
    char text[PLAN_FIX_CAP];
    if (fix->kind == WM_FIX_NONE) {
        json_put_null(buf, "fix");
        return;
    }
    json_put_key(buf, "fix");
    json_open(buf, '{');
    if (fix->kind == WM_FIX_LIMIT)
        put_limit_fix(buf, dataset, fix);
    else
        put_rule_fix(buf, dataset, fix);
    plan_write_fix(dataset, fix, text, sizeof text);
    json_put_text(buf, "text", text);
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
        json_put_text(buf, "leader", plan_leader_id(dataset, out->nearest.leader));
    else
        json_put_text(buf, "post", plan_post_id(dataset, out->nearest.post));
    encode_row_id(buf, dataset, "package", WM_PACKAGES, out->nearest.package);
    encode_row_id(buf, dataset, "mentor", WM_MENTORS, out->nearest.mentor);
    encode_nano(buf, "value", out->nearest_nano);
    json_close(buf, '}');
}

/* From the reason on, the members of a post and of a leader are the same but for who the rival is. */
static void put_left_out(struct buf *buf, const struct plan_view *view, const struct wm_left_out *out, bool is_post)
{
    char why[PLAN_WHY_CAP];
    plan_write_why(view, out, is_post, why, sizeof why);
    json_put_text(buf, "reason", wm_reason_name(out->reason));
    json_put_text(buf, "why", why);
    put_nearest(buf, view->dataset, out, is_post);
    encode_row_id(buf, view->dataset, is_post ? "rival_post" : "rival", is_post ? WM_POSTS : WM_LEADERS, out->rival);
    encode_nano(buf, "margin", out->margin_nano);
    plan_put_resource(buf, view->dataset, plan_lacks_resource(out) ? out->resource : SIZE_MAX);
    json_put_integer(buf, "short_by", plan_lacks_resource(out) ? out->short_by : 0);
    put_fix(buf, view->dataset, &out->fix);
}

void plan_put_unfilled_row(struct buf *buf, const struct plan_view *view, size_t i)
{
    const struct wm_left_out *out = &view->answer->report->unfilled[i];
    plan_put_post_place(buf, view->dataset, out->row);
    json_put_integer(buf, "openings", (int64_t)out->openings);
    put_left_out(buf, view, out, true);
}

void plan_put_unplaced_row(struct buf *buf, const struct plan_view *view, size_t i)
{
    const struct wm_left_out *out = &view->answer->report->unplaced[i];
    json_put_text(buf, "leader", plan_leader_id(view->dataset, out->row));
    put_left_out(buf, view, out, false);
}
