/* CSV bytes to records, one call a record, each cell with its line. (Not csv.h, so that libcsv's <csv.h> stays reachable.) */
#ifndef WM_CSV_RECORDS_H
#define WM_CSV_RECORDS_H

#include "internal.h"

/* `len` of a source without bytes: the file is there but could not be read, and the fault that says why is in the list. */
#define SOURCE_UNREADABLE SIZE_MAX

enum {
    CELLS_MAX = 128, /* cells kept of one record; more are counted */
    RECORD_BYTES_MAX = 65536,
    BROKEN_MAX = 100 /* records that cannot be read before the rest of a file is given up */
};

struct record_cell {
    const char *text; /* NUL-terminated, though a NUL may also be within */
    size_t len;
    long line; /* on which the cell begins */
};

struct record {
    long line;
    size_t n_cells; /* in the file; at most CELLS_MAX are in `cells` */
    struct record_cell cells[CELLS_MAX];
};

/* Returns WM_OK to go on; anything else ends the reading. The record is valid during the call. */
typedef int on_record(void *context, const struct record *record);

/*
 * Reads RFC 4180 with LF or CRLF; a leading byte order mark and empty lines are skipped. A record that cannot be read
 * is one fault, and reading goes on with the line after its first; `n_broken` counts them. Line ends in a quoted cell
 * come out as LF. WM_EMEMORY, or what on_record returned.
 */
int csv_records(struct arena *scratch, const struct wm_source *source, struct wm_faults *faults, on_record *record_done,
                void *context, size_t *n_broken);

#endif
