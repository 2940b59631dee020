/* What the files of tables (feed_*.c) are put together from: columns as X-macros, and cells. */
#ifndef API_FEED_PARTS_H
#define API_FEED_PARTS_H

#include "feed.h"

/*
 * A table's columns are one list, X(name, type, decimals, unit, flags, about), from which its enum and its array are made,
 * so that a cell is found by the name of its column. Every list begins with these.
 */
#define FEED_STAMPS(X)                                                                   \
    X(run_id, TEXT, 0, "", 0, "The plan that this row is of.")                           \
    X(data_date, DATE, 0, "", 0, "The day that the data speaks of: the policy's as_of.") \
    X(generated_at, TIMESTAMP, 0, "", 0, "When the plan was finished, UTC.")
enum { FEED_STAMP_run_id, FEED_STAMP_data_date, FEED_STAMP_generated_at, FEED_STAMP_COUNT };

#define FEED_COLUMN(name, type, decimals, unit, flags, about) {#name, FEED_##type, decimals, unit, flags, about},

/* Each leaves the cell unknown for WM_MISSING, NULL, "" and WM_NO_ROW. */
void feed_put_number(struct feed_cell *cell, int64_t number);
void feed_put_gbp(struct feed_cell *cell, int64_t pounds);
void feed_put_bool(struct feed_cell *cell, bool value);
void feed_put_text(struct feed_cell *cell, const char *text);
void feed_put_id(struct feed_cell *cell, const struct wm_dataset *dataset, enum wm_table table, int64_t row);
/* The data's own cell, brought to the decimals of the feed's column. */
void feed_put_cell(struct feed_cell *cell, const struct wm_dataset *dataset, enum wm_table table, int64_t row,
                   const char *column);
/* part / whole to six digits; unknown when either is, or nothing is whole. */
void feed_put_ratio(struct feed_cell *cell, int64_t part, int64_t whole);

#define X(name) extern const struct feed_table feed_##name;
FEED_TABLES(X)
#undef X

#endif
