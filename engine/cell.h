/* One cell: from text to a number as it is stored, and back to the one canonical text. */
#ifndef WM_CELL_H
#define WM_CELL_H

#include "internal.h"

enum { REFERENCES_MAX = 1000 }; /* ids in one cell */

/* What a cell of one column may be, looked up once a file. */
struct cell_rules {
    const struct wm_column *column;
    const struct vocabulary *vocabulary; /* WM_WORD(S); NULL while the policy could not be read: any word passes */
    const struct table *target;          /* what an id refers to; NULL: any id passes */
    bool upper_case;                     /* WM_ID: only A-Z and 0-9 */
    int32_t as_of;                       /* words must be valid on this day; INT32_MIN: not checked */
    size_t *effort;                      /* ids that may still be compared to name the nearest one */
};

struct cell_place {
    struct wm_faults *faults;
    const char *file;
    long line, number;
};

/*
 * Checks a cell and, when it is fine, gives its number: WM_MISSING when empty; 0 for text, ids and references, whose
 * text is the caller's to keep. False after adding a fault. `text` is NUL-terminated.
 */
bool cell_parse(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                int64_t *value);

/* True for the types whose cells are text and not numbers. */
bool cell_is_text(enum wm_type type);

/* The canonical text, as wm_cell_text. `text` is the cell's text for a text type. */
size_t cell_format(const struct wm_column *column, const struct vocabulary *vocabulary, int64_t value, const char *text,
                   char *buf, size_t cap);

#endif
