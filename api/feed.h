/*
 * Feeds: stored plans as flat tables for dashboards. A feed is a table of columns and a source of rows; JSON, CSV, pages,
 * schemas and the public profile are written once for all of them (feed_write.c, feed.c). The promise of v1: columns are
 * only ever appended; tests/unit/feed_columns.txt holds it. Nothing here solves, waits or knows of HTTP. Any thread.
 *
 * To add a table: its columns as an X-macro and its rows in a file feed_NAME.c, its name in FEED_TABLES.
 */
#ifndef API_FEED_H
#define API_FEED_H

#include "encode_plan_parts.h"

#define FEED_TABLES(X) \
    X(run)             \
    X(allocation)      \
    X(score_term) X(unfilled) X(unmatched_leader) X(organisation) X(package_use) X(mentor_load) X(shadow_price)

enum feed_type { FEED_TEXT, FEED_INTEGER, FEED_NUMBER, FEED_DATE, FEED_TIMESTAMP, FEED_BOOLEAN };
const char *feed_type_name(enum feed_type type); /* "text", ... */

enum {
    FEED_NULLABLE = 1,   /* may be unknown: null in JSON, an empty cell in CSV */
    FEED_RESTRICTED = 2, /* tells of persons: null in the public profile */
    FEED_TEXT_CAP = 2048
};

struct feed_column {
    const char *name;
    enum feed_type type;
    int decimals; /* FEED_NUMBER: always so many */
    const char *unit;
    int flags;
    const char *about;
};

struct feed_cell {
    const struct feed_column *column;
    bool known;
    int64_t number; /* scaled by 10^decimals; days or seconds since 1970; 0 or 1 */
    char text[FEED_TEXT_CAP];
};

/* The plan that is shown, and to whom; all borrowed. */
struct feed_view {
    struct plan_view plan;
    const char *run;     /* what it is called in this profile */
    int64_t finished_at; /* seconds since 1970 */
    int64_t elapsed_ms;
    bool restricted; /* the profile that may name leaders */
};

struct feed_rows;
struct feed_table {
    const char *name;
    const char *about; /* one sentence */
    const char *row;   /* what one row is */
    bool restricted;   /* served in the restricted profile only: its rows are persons, or as good as that */
    size_t n_columns;
    const struct feed_column *columns;
    /* Sets n, and state where it keeps something (malloc'd, freed by feed_rows_close). WM_OK or WM_EMEMORY. */
    int (*open)(struct feed_rows *rows);
    /* Fills cells[n_columns], all unknown before, but for the first FEED_STAMP_COUNT. */
    void (*put)(struct feed_rows *rows, size_t i, struct feed_cell *cells);
};
extern const struct feed_table *const feed_tables[];
extern const size_t feed_table_count;
const struct feed_table *feed_find(const char *name); /* NULL: there is none */

struct feed_rows {
    const struct feed_table *table;
    const struct feed_view *view;
    size_t n;
    void *state;
    struct feed_cell *cells; /* of the row that was asked for last */
};
/* `view` NULL: there is no plan yet, and no row. WM_OK, then feed_rows_close; or WM_EMEMORY. */
int feed_rows_open(const struct feed_table *table, const struct feed_view *view, struct feed_rows *out);
const struct feed_cell *feed_rows_get(struct feed_rows *rows, size_t i); /* i < n */
void feed_rows_close(struct feed_rows *rows);

/* ---- Writers: feed_write.c. Rows first ... first + n - 1, as far as there are any ---- */

void feed_write_json(struct buf *out, struct feed_rows *rows, size_t first, size_t n);
/* `excel`: begins with a BOM, and text that a spreadsheet would take for a formula is led by an apostrophe. */
void feed_write_csv(struct buf *out, struct feed_rows *rows, size_t first, size_t n, bool excel);
/* A JSON Schema of the rows; and the columns as a bare array of flat objects, with units and profiles. */
void feed_write_schema(struct buf *out, const struct feed_table *table);
void feed_write_columns(struct buf *out, const struct feed_table *table);
/* A query to paste into Power BI or Excel; `authority` is HOST:PORT. */
void feed_write_pq(struct buf *out, const struct feed_table *table, const char *authority);
/* All tables: a bare array of flat objects too. */
void feed_write_index(struct buf *out, bool restricted);

#endif
