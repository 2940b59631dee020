/* One CSV file to one sealed table. */
#ifndef WM_TABLE_H
#define WM_TABLE_H

#include "internal.h"

struct table_context {
    struct arena *arena; /* of the dataset: what the table keeps */
    struct wm_faults *faults;
    const struct policy *policy;
    const struct table *tables;   /* [WM_TABLES] those read before; references lead only to them */
    bool complete[WM_TABLES_ALL]; /* every row of the file was understood, so that an unknown id is really unknown */
    size_t effort;                /* ids that may still be compared to name the nearest one, over all files */
};

/*
 * Reads a file into `out`, which has its columns when this returns WM_OK, and its rows as far as they have no fault. The
 * number of faults tells whether it may be used. Sets context->complete[table]. WM_EMEMORY.
 */
int table_read(struct table_context *context, enum wm_table table, const struct wm_source *source, struct table *out);

/* Row by id, WM_EUNKNOWN when there is none. */
int table_find(const struct table *table, const char *id, size_t *row);

#endif
