/*
 * Text for people: cleaned of control characters, measured in terminal cells, wrapped to the terminal and set in
 * columns; and CSV for spreadsheets. Writes into buffers, never to a terminal itself.
 */
#ifndef API_CLIENT_TABLE_H
#define API_CLIENT_TABLE_H

#include "buf.h"

struct screen {
    size_t width; /* cells in a line; 0: no terminal, so nothing is wrapped, cut or dropped */
    bool colour;
};

enum style { STYLE_PLAIN, STYLE_HEADING, STYLE_FAINT, STYLE_GOOD, STYLE_BAD, STYLE_UNSURE };

/* Wide and combining characters are measured with wcwidth; call once before the rest of this file. */
void text_locale(void);

/*
 * Appends bytes that came from data or from the network in a form that cannot steer a terminal: controls, line and
 * paragraph separators and direction overrides become \n, \t or \u001b, and what is no UTF-8 becomes U+FFFD.
 */
void text_clean(struct buf *out, const char *bytes, size_t len);
/* The same for text that is JSON already: what a strict JSON text may still hold raw is written as a JSON escape. */
void text_clean_json(struct buf *out, const char *bytes, size_t len);
/* Cells that clean UTF-8 takes on a terminal. */
size_t text_width(const char *bytes, size_t len);

/* Clean text in a style, without a line end. */
void text_styled(struct buf *out, const struct screen *screen, enum style style, const char *text);
/* A heading on a line of its own, with a blank line before it unless it is the first thing on the page. */
void text_heading(struct buf *out, const struct screen *screen, const char *text);
/* A paragraph and its line end; on a terminal wrapped at blanks, later lines two cells further in. */
void text_paragraph(struct buf *out, const struct screen *screen, size_t indent, enum style style, const char *text);

/*
 * A table that is too wide for the terminal has its widest columns narrowed; if that does not do, it loses columns, those
 * with the highest `spare` first; if that does not do either, each row becomes a block of "title  value" lines.
 */
enum narrowing {
    NARROW_WRAP, /* cells of narrowed columns are wrapped, so that nothing of them is lost */
    NARROW_CUT   /* a line a row: they are cut, and end in an ellipsis */
};

struct column {
    const char *title; /* "" for all columns: no headings */
    bool right;        /* numbers */
    unsigned spare;    /* 0: never left out */
    size_t least;      /* cells to which the column may be narrowed; 0: never */
};

struct cell {
    size_t at, len;
    enum style style;
};

/* Rows are filled cell by cell, from left to right. */
struct table {
    const struct column *columns; /* borrowed until table_fini */
    size_t n_columns;
    struct buf text;
    struct cell *cells; /* [n_cells], row by row */
    size_t n_cells, cells_cap;
    bool *left_out; /* [n_columns] columns for which there was no room; set by table_put */
    size_t n_left_out;
    bool failed; /* memory */
};

void table_init(struct table *table, const struct column *columns, size_t n_columns);
void table_fini(struct table *table);
void table_cell(struct table *table, enum style style, const char *text); /* clean text */
/* Appends the table: headings, then rows; a table without rows puts nothing. A failure marks `out` as failed. */
void table_put(struct table *table, const struct screen *screen, size_t indent, enum narrowing narrowing,
               struct buf *out);

/* RFC 4180: one field with the comma that is due before it, quoted when it must be; and the end of a record, CR LF. */
void csv_field(struct buf *out, bool first, const char *text, size_t len);
void csv_end(struct buf *out);

#endif
