/* Small pieces of answers that encode.c and encode_plan.c both write. For these two files only. */
#ifndef API_ENCODE_PARTS_H
#define API_ENCODE_PARTS_H

#include "encode.h"

/* "key": value in 1e-6, in 1e-9, as it is; null for WM_MISSING. */
void encode_micro(struct buf *buf, const char *key, int64_t value);
void encode_nano(struct buf *buf, const char *key, int64_t value);
void encode_integer(struct buf *buf, const char *key, int64_t value);
/* "key": the id of a row; null for WM_NO_ROW. */
void encode_row_id(struct buf *buf, const struct wm_dataset *dataset, const char *key, enum wm_table table,
                   int64_t row);
/* "key": the cell of a column by its name. */
void encode_named(struct buf *buf, const char *key, const struct wm_dataset *dataset, enum wm_table table, size_t row,
                  const char *column);
/* The row of the organisation that a post or leader row names in ods_code, or WM_NO_ROW. */
int64_t encode_organisation_of(const struct wm_dataset *dataset, enum wm_table table, size_t row);
void encode_missing_names(struct buf *buf, uint32_t missing);
void encode_by_domain(struct buf *buf, const char *key, const struct wm_dataset *dataset, const int64_t *values,
                      int decimals);
/* note, together and changes of a rule that refuses: what would make it pass */
void encode_rule_note(struct buf *buf, const struct wm_dataset *dataset, const struct wm_rule_outcome *rule);

/*
 * A page ends where its answer would be too large, after at least one row: true when the row that began at `before`
 * does not fit with `tail` bytes behind it, and is cut off again.
 */
bool encode_page_full(struct buf *buf, size_t before, size_t n_before, size_t tail);
/* Where the next page begins; null after the last. */
void encode_next_offset(struct buf *buf, size_t offset, size_t n, size_t all);

#endif
