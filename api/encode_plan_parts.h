/* Names, sentences and small members that the views of a plan share (encode_plan.h). */
#ifndef API_ENCODE_PLAN_PARTS_H
#define API_ENCODE_PLAN_PARTS_H

#include "encode_plan.h"

enum { PLAN_TEXT_CAP = 640, PLAN_NAME_CAP = 256, PLAN_WHY_CAP = 3 * PLAN_TEXT_CAP, PLAN_FIX_CAP = 3 * PLAN_TEXT_CAP };

/* What a page is written from. */
struct plan_view {
    const struct wm_dataset *dataset;
    const struct plan_question *question;
    const struct plan_answer *answer;
};

void plan_cell_text(const struct wm_dataset *dataset, enum wm_table table, size_t row, const char *column, char *out,
                    size_t cap);
/* A post's region: its own, else its organisation's. */
void plan_region_of_post(const struct wm_dataset *dataset, size_t post, char *out, size_t cap);
const char *plan_post_id(const struct wm_dataset *dataset, size_t row);
const char *plan_leader_id(const struct wm_dataset *dataset, size_t row);

/* "Chief nurse, X NHS Trust", "region Midlands", "North West" */
void plan_name_resource(const struct wm_dataset *dataset, size_t resource, char *out, size_t cap);
/* 1234567 as "1,234,567" */
void plan_write_grouped(int64_t n, char *out, size_t cap);
/* "one more mentor hour of M0007 (North West)", "GBP 100,000 more in region Midlands" */
void plan_write_more(const struct wm_dataset *dataset, size_t resource, int64_t amount, char *out, size_t cap);
/* 12345 (1e-9) as "0.000012345" */
void plan_write_nano(int64_t nano, char *out, size_t cap);
/* "L000001 at V00001 with P02 and M0007" */
void plan_write_placement(const struct wm_dataset *dataset, const struct wm_placement *at, char *out, size_t cap);

/* "opening", "GBP", "piece", "hour", "move" */
const char *plan_unit_name(enum wm_resource_kind kind);

/* The members resource and of; both null past the last resource. */
void plan_put_resource(struct buf *buf, const struct wm_dataset *dataset, size_t resource);
/* post, title, organisation, region */
void plan_put_post_place(struct buf *buf, const struct wm_dataset *dataset, size_t post);

/* encode_plan_reasons.c: in a sentence each, why a post or leader is left out, and the cheapest fix ("": none is known). */
void plan_write_why(const struct plan_view *view, const struct wm_left_out *out, bool is_post, char *text, size_t cap);
void plan_write_fix(const struct wm_dataset *dataset, const struct wm_fix *fix, char *text, size_t cap);
bool plan_lacks_resource(const struct wm_left_out *out); /* resource and short_by count */
/* And one row of unfilled, of unplaced. */
void plan_put_unfilled_row(struct buf *buf, const struct plan_view *view, size_t i);
void plan_put_unplaced_row(struct buf *buf, const struct plan_view *view, size_t i);
/* encode_plan_totals.c: the lists of totals, what there are in all, next_offset. */
void plan_put_totals(struct buf *buf, const struct plan_view *view, size_t offset, size_t limit);

#endif
