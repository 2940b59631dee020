/* What every view of a plan is put together from: names as a reader knows them, numbers in words, small members. */
#include "encode_plan_parts.h"

#include "encode_parts.h"
#include "jsonrpc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- Names ---- */

void plan_cell_text(const struct wm_dataset *dataset, enum wm_table table, size_t row, const char *column, char *out,
                    size_t cap)
{
    int index = wm_column_find(dataset, table, column);
    assert(index >= 0);
    out[0] = '\0';
    (void)wm_cell_text(dataset, table, row, (size_t)index, out, cap);
}

/* A post's region: its own, else its organisation's. */
void plan_region_of_post(const struct wm_dataset *dataset, size_t post, char *out, size_t cap)
{
    plan_cell_text(dataset, WM_POSTS, post, "region", out, cap);
    if (*out == '\0')
        plan_cell_text(dataset, WM_ORGANISATIONS, (size_t)encode_organisation_of(dataset, WM_POSTS, post), "region",
                       out, cap);
}

const char *plan_post_id(const struct wm_dataset *dataset, size_t row)
{
    return wm_row_id(dataset, WM_POSTS, row);
}

const char *plan_leader_id(const struct wm_dataset *dataset, size_t row)
{
    return wm_row_id(dataset, WM_LEADERS, row);
}

/* "opening of V00001 (Chief nurse, X NHS Trust)", "mentor hour of M0007 (North West)", ... */
void plan_name_resource(const struct wm_dataset *dataset, size_t resource, char *out, size_t cap)
{
    size_t row;
    char a[PLAN_NAME_CAP], b[PLAN_NAME_CAP];
    switch (wm_resource_at(dataset, resource, &row)) {
    case WM_RESOURCE_POST:
        plan_cell_text(dataset, WM_POSTS, row, "title", a, sizeof a);
        plan_cell_text(dataset, WM_ORGANISATIONS, (size_t)encode_organisation_of(dataset, WM_POSTS, row), "name", b,
                       sizeof b);
        snprintf(out, cap, "%s, %s", a, b);
        break;
    case WM_RESOURCE_BUDGET:
        plan_cell_text(dataset, WM_BUDGETS, row, "scope", a, sizeof a);
        plan_cell_text(dataset, WM_BUDGETS, row, "code", b, sizeof b);
        snprintf(out, cap, "%s %s", a, b);
        break;
    case WM_RESOURCE_PACKAGE:
        plan_cell_text(dataset, WM_PACKAGES, row, "name", out, cap);
        break;
    case WM_RESOURCE_MENTOR:
        plan_cell_text(dataset, WM_MENTORS, row, "region", out, cap);
        break;
    default:
        snprintf(out, cap, "moves away from the base plan");
    }
}

/* 1234567 as "1,234,567". */
void plan_write_grouped(int64_t n, char *out, size_t cap)
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
void plan_write_more(const struct wm_dataset *dataset, size_t resource, int64_t amount, char *out, size_t cap)
{
    size_t row;
    enum wm_resource_kind kind = wm_resource_at(dataset, resource, &row);
    char name[2 * PLAN_NAME_CAP + 4], count[40];
    static const char *const things[][2] = {[WM_RESOURCE_POST] = {"opening of", "openings of"},
                                            [WM_RESOURCE_PACKAGE] = {"piece of", "pieces of"},
                                            [WM_RESOURCE_MENTOR] = {"mentor hour of", "mentor hours of"}};
    plan_name_resource(dataset, resource, name, sizeof name);
    plan_write_grouped(amount, count, sizeof count);
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
void plan_write_nano(int64_t nano, char *out, size_t cap)
{
    uint64_t size = nano < 0 ? 0 - (uint64_t)nano : (uint64_t)nano;
    snprintf(out, cap, "%s%" PRIu64 ".%09" PRIu64, nano < 0 ? "-" : "", size / 1000000000, size % 1000000000);
}

/* "L000001 at V00001 with P02 and M0007" */
void plan_write_placement(const struct wm_dataset *dataset, const struct wm_placement *at, char *out, size_t cap)
{
    snprintf(out, cap, "%s at %s with %s%s%s", plan_leader_id(dataset, at->leader), plan_post_id(dataset, at->post),
             wm_row_id(dataset, WM_PACKAGES, at->package), at->mentor == WM_NO_ROW ? "" : " and ",
             at->mentor == WM_NO_ROW ? "" : wm_row_id(dataset, WM_MENTORS, (size_t)at->mentor));
}

/* ---- Small members ---- */

void plan_put_resource(struct buf *buf, const struct wm_dataset *dataset, size_t resource)
{
    size_t row;
    bool none = resource >= wm_resource_count(dataset);
    json_put_text(buf, "resource", none ? NULL : plan_resource_name(wm_resource_at(dataset, resource, &row)));
    json_put_text(buf, "of", none ? NULL : plan_resource_id(dataset, resource));
}

void plan_put_post_place(struct buf *buf, const struct wm_dataset *dataset, size_t post)
{
    char region[PLAN_NAME_CAP];
    plan_region_of_post(dataset, post, region, sizeof region);
    json_put_text(buf, "post", plan_post_id(dataset, post));
    encode_member(buf, dataset, WM_POSTS, post, "title");
    encode_named(buf, "organisation", dataset, WM_ORGANISATIONS,
                 (size_t)encode_organisation_of(dataset, WM_POSTS, post), "name");
    json_put_text(buf, "region", region);
}
