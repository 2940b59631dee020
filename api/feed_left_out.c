/* Feeds of what a plan leaves out: unfilled posts and unmatched leaders, each with its reason and the cheapest fix. */
#include "feed_parts.h"
#include "feed_tally.h"

#include "encode_parts.h"

enum { NULLABLE = FEED_NULLABLE };

/* From the reason on, both tables have the same columns, but for whom they name as nearest and as rival. */
#define REASON_COLUMNS(X, nearest, nearest_about, rival, rival_about)                                                 \
    X(reason, TEXT, 0, "", 0, "The reason's name.")                                                                   \
    X(reason_text, TEXT, 0, "", 0, "What the name means.")                                                            \
    X(why, TEXT, 0, "", 0, "The reason in a sentence, with its names and numbers.")                                   \
    X(nearest, TEXT, 0, "", NULLABLE, nearest_about)                                                                  \
    X(nearest_package_id, TEXT, 0, "", NULLABLE, "With which package.")                                               \
    X(nearest_mentor_id, TEXT, 0, "", NULLABLE, "With which mentor.")                                                 \
    X(nearest_value, NUMBER, 9, "expected benefit", NULLABLE, "What that would be worth.")                            \
    X(rival, TEXT, 0, "", NULLABLE, rival_about)                                                                      \
    X(margin, NUMBER, 9, "expected benefit", NULLABLE, "By how much it falls short at the plan's prices.")            \
    X(scarce, TEXT, 0, "", NULLABLE, "What is short: budget, stock or mentor_hours.")                                 \
    X(scarce_id, TEXT, 0, "", NULLABLE, "Of which budget, package or mentor.")                                        \
    X(short_by, INTEGER, 0, "GBP, pieces or hours", NULLABLE, "How much more it would take.")                         \
    X(fix_kind, TEXT, 0, "", NULLABLE, "The cheapest fix is more of something (limit), or a change of facts (rule).") \
    X(fix, TEXT, 0, "", NULLABLE, "The fix in a sentence.")                                                           \
    X(fix_gain, NUMBER, 9, "expected benefit", NULLABLE, "What it adds to the plan, at least.")

/* Counted from the first of them, so that one function fills them for both. */
#define PLACE(name, ...) AT_##name,
enum { REASON_COLUMNS(PLACE, nearest_id, "", rival_id, "") AT_COUNT };

static void put_scarce(struct feed_cell *at, const struct wm_dataset *dataset, const struct wm_left_out *out)
{
    size_t row;
    if (!plan_lacks_resource(out) || out->resource >= wm_resource_count(dataset))
        return;
    feed_put_text(&at[AT_scarce], plan_resource_name(wm_resource_at(dataset, out->resource, &row)));
    feed_put_text(&at[AT_scarce_id], plan_resource_id(dataset, out->resource));
    feed_put_number(&at[AT_short_by], out->short_by);
}

static void put_nearest(struct feed_cell *at, const struct wm_dataset *dataset, const struct wm_left_out *out,
                        bool is_post)
{
    if (!out->has_nearest)
        return;
    feed_put_id(&at[AT_nearest_id], dataset, is_post ? WM_LEADERS : WM_POSTS,
                is_post ? out->nearest.leader : out->nearest.post);
    feed_put_id(&at[AT_nearest_package_id], dataset, WM_PACKAGES, out->nearest.package);
    feed_put_id(&at[AT_nearest_mentor_id], dataset, WM_MENTORS, out->nearest.mentor);
    feed_put_number(&at[AT_nearest_value], out->nearest_nano);
    feed_put_number(&at[AT_margin], out->margin_nano);
}

static void put_reason(struct feed_cell *at, const struct plan_view *view, const struct wm_left_out *out, bool is_post)
{
    char text[PLAN_WHY_CAP];
    feed_put_text(&at[AT_reason], wm_reason_name(out->reason));
    feed_put_text(&at[AT_reason_text], wm_reason_text(out->reason));
    plan_write_why(view, out, is_post, text, sizeof text);
    feed_put_text(&at[AT_why], text);
    put_nearest(at, view->dataset, out, is_post);
    feed_put_id(&at[AT_rival_id], view->dataset, is_post ? WM_POSTS : WM_LEADERS, out->rival);
    put_scarce(at, view->dataset, out);
    if (out->fix.kind == WM_FIX_NONE)
        return;
    plan_write_fix(view->dataset, &out->fix, text, sizeof text);
    feed_put_text(&at[AT_fix_kind], out->fix.kind == WM_FIX_LIMIT ? "limit" : "rule");
    feed_put_text(&at[AT_fix], text);
    if (out->fix.kind == WM_FIX_LIMIT)
        feed_put_number(&at[AT_fix_gain], out->fix.gain_nano);
}

/* ---- unfilled ---- */

#define UNFILLED_COLUMNS(X)                                                                        \
    FEED_STAMPS(X)                                                                                 \
    X(post_id, TEXT, 0, "", 0, "The post.")                                                        \
    X(post_title, TEXT, 0, "", 0, "Its title.")                                                    \
    X(role, TEXT, 0, "", 0, "Its role.")                                                           \
    X(post_grade, TEXT, 0, "", NULLABLE, "Its grade.")                                             \
    X(starts_date, DATE, 0, "", NULLABLE, "When it starts.")                                       \
    X(days_vacant, INTEGER, 0, "days", NULLABLE, "How long it has been vacant.")                   \
    X(ods_code, TEXT, 0, "", 0, "Its organisation.")                                               \
    X(organisation, TEXT, 0, "", 0, "The organisation's name.")                                    \
    X(region, TEXT, 0, "", NULLABLE, "The post's region.")                                         \
    X(oversight_segment, INTEGER, 0, "1-5", NULLABLE, "The organisation's; 5 is most challenged.") \
    X(openings, INTEGER, 0, "openings", NULLABLE, "Of the post in the plan.")                      \
    X(unfilled_openings, INTEGER, 0, "openings", 0, "Of these, still open.")                       \
    REASON_COLUMNS(X, nearest_leader_id, "The leader who came nearest.", rival_post_id, "The post they get instead.")

enum {
#define X(name, ...) UNFILLED_##name,
    UNFILLED_COLUMNS(X)
#undef X
        UNFILLED_COUNT
};
static const struct feed_column unfilled_columns[] = {UNFILLED_COLUMNS(FEED_COLUMN)};

static int open_unfilled(struct feed_rows *rows)
{
    const struct wm_plan_report *report = rows->view->plan.answer->report;
    rows->n = report ? report->n_unfilled : 0;
    return WM_OK;
}

static void put_unfilled(struct feed_rows *rows, size_t i, struct feed_cell *cells)
{
    char region[PLAN_NAME_CAP];
    const struct plan_view *view = &rows->view->plan;
    const struct wm_dataset *dataset = view->dataset;
    const struct wm_left_out *out = &view->answer->report->unfilled[i];
    int64_t row = out->row, organisation = (int64_t)feed_organisation_of_post(dataset, out->row);
    plan_region_of_post(dataset, out->row, region, sizeof region);
    feed_put_id(&cells[UNFILLED_post_id], dataset, WM_POSTS, row);
    feed_put_cell(&cells[UNFILLED_post_title], dataset, WM_POSTS, row, "title");
    feed_put_cell(&cells[UNFILLED_role], dataset, WM_POSTS, row, "role");
    feed_put_cell(&cells[UNFILLED_post_grade], dataset, WM_POSTS, row, "grade");
    feed_put_cell(&cells[UNFILLED_starts_date], dataset, WM_POSTS, row, "starts");
    feed_put_cell(&cells[UNFILLED_days_vacant], dataset, WM_POSTS, row, "days_vacant");
    feed_put_cell(&cells[UNFILLED_ods_code], dataset, WM_POSTS, row, "ods_code");
    feed_put_cell(&cells[UNFILLED_organisation], dataset, WM_ORGANISATIONS, organisation, "name");
    feed_put_text(&cells[UNFILLED_region], region);
    feed_put_cell(&cells[UNFILLED_oversight_segment], dataset, WM_ORGANISATIONS, organisation, "oversight_segment");
    feed_put_number(&cells[UNFILLED_openings],
                    view->answer->plan->limits[wm_resource_index(dataset, WM_RESOURCE_POST, out->row)]);
    feed_put_number(&cells[UNFILLED_unfilled_openings], (int64_t)out->openings);
    put_reason(&cells[UNFILLED_reason], view, out, true);
}

const struct feed_table feed_unfilled = {
    .name = "unfilled",
    .about = "Posts that stay open, why, and the cheapest fix. Which posts stay open tells which are taken.",
    .row = "a post with an opening left",
    .restricted = true,
    .n_columns = UNFILLED_COUNT,
    .columns = unfilled_columns,
    .open = open_unfilled,
    .put = put_unfilled,
};

/* ---- unmatched_leader ---- */

#define UNMATCHED_COLUMNS(X)                                          \
    FEED_STAMPS(X)                                                    \
    X(leader_id, TEXT, 0, "", 0, "The leader.")                       \
    X(grade, TEXT, 0, "", NULLABLE, "Their grade now.")               \
    X(ods_code, TEXT, 0, "", NULLABLE, "Where they are now.")         \
    X(organisation, TEXT, 0, "", NULLABLE, "Its name.")               \
    X(ready_from_date, DATE, 0, "", NULLABLE, "When they can begin.") \
    REASON_COLUMNS(X, nearest_post_id, "The post that came nearest.", rival_leader_id, "Who gets it instead.")

enum {
#define X(name, ...) UNMATCHED_##name,
    UNMATCHED_COLUMNS(X)
#undef X
        UNMATCHED_COUNT
};
static const struct feed_column unmatched_columns[] = {UNMATCHED_COLUMNS(FEED_COLUMN)};

static int open_unmatched(struct feed_rows *rows)
{
    const struct wm_plan_report *report = rows->view->plan.answer->report;
    rows->n = report ? report->n_unplaced : 0;
    return WM_OK;
}

static void put_unmatched(struct feed_rows *rows, size_t i, struct feed_cell *cells)
{
    const struct plan_view *view = &rows->view->plan;
    const struct wm_left_out *out = &view->answer->report->unplaced[i];
    int64_t organisation = encode_organisation_of(view->dataset, WM_LEADERS, out->row);
    feed_put_id(&cells[UNMATCHED_leader_id], view->dataset, WM_LEADERS, out->row);
    feed_put_cell(&cells[UNMATCHED_grade], view->dataset, WM_LEADERS, out->row, "grade");
    feed_put_cell(&cells[UNMATCHED_ods_code], view->dataset, WM_LEADERS, out->row, "ods_code");
    feed_put_cell(&cells[UNMATCHED_organisation], view->dataset, WM_ORGANISATIONS, organisation, "name");
    feed_put_cell(&cells[UNMATCHED_ready_from_date], view->dataset, WM_LEADERS, out->row, "ready_from");
    put_reason(&cells[UNMATCHED_reason], view, out, false);
}

const struct feed_table feed_unmatched_leader = {
    .name = "unmatched_leader",
    .about = "Leaders without a post, why, and the cheapest fix.",
    .row = "a leader not placed",
    .restricted = true,
    .n_columns = UNMATCHED_COUNT,
    .columns = unmatched_columns,
    .open = open_unmatched,
    .put = put_unmatched,
};
