/* The columns of the eight CSV files, in the order in which they are sealed, digested and shown. */
#ifndef WM_SCHEMA_H
#define WM_SCHEMA_H

#include "internal.h"

/*
 * The columns of a table under a policy: need_, score_ and want_ stand once for each domain or component, and for none
 * while the policy could not be read. Lengths of ids stand in min and max. WM_EMEMORY.
 */
int schema_columns(struct arena *arena, enum wm_table table, const struct policy *policy, struct wm_column **out,
                   size_t *n);

/* A column that the policy does not expand, or NULL. */
const struct wm_column *schema_column(enum wm_table table, const char *name);

/* True for need_x, score_x and want_x in a table that has such columns: the policy decides which of them there are. */
bool schema_is_expanded(enum wm_table table, const char *heading);

/* Whether a file without a single row makes no sense. */
bool schema_must_have_rows(enum wm_table table);

/* The table of a file name such as "posts.csv", or -1. */
int schema_table(const char *file);

#endif
