/*
 * Files to bytes, and CSV bytes to records. The only engine file that opens files.
 *
 * libcsv takes care of quoting, strictly. It reports no positions, so it is fed one physical line at a time: whatever
 * it calls back for ends on that line. It would also drop blanks around cells and take a lone CR for a line end; both
 * are switched off, for a blank or a stray CR in the data is something to tell the planner, not to hide.
 *
 * A record that cannot be read is most often an unbalanced quote. Reading then goes back to the line after the one
 * where the record began, so that one slip does not swallow the rows after it.
 */
#include "csv_records.h"
#include "text.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Records ---- */

struct reading {
    struct csv_parser parser;
    struct wm_faults *faults;
    const char *file;
    on_record *record_done;
    void *context;
    struct record *record;
    char *text; /* [RECORD_BYTES_MAX + CELLS_MAX] of the cells so far */
    size_t text_len, record_bytes;
    long line, cell_line; /* being fed; where the next cell begins */
    bool open;            /* a record has begun */
    int status;
};

enum fed { FED, BROKEN };

static int begin(struct reading *reading);
static enum fed feed_line(struct reading *reading, const char *line, size_t len);
static enum fed feed(struct reading *reading, const char *bytes, size_t len);
static enum fed finish(struct reading *reading);
static void on_cell(void *bytes, size_t len, void *context);
static void on_row(int terminator, void *context);
static int no_blank(unsigned char c);
static int line_feed(unsigned char c);

int csv_records(struct arena *scratch, const struct wm_source *source, struct wm_faults *faults, on_record *record_done,
                void *context, size_t *n_broken)
{
    struct reading reading = {
        .faults = faults, .file = source->name, .record_done = record_done, .context = context, .line = 1};
    *n_broken = 0;
    reading.record = arena_alloc(scratch, 1, sizeof *reading.record);
    reading.text = arena_alloc(scratch, 1, RECORD_BYTES_MAX + CELLS_MAX);
    if (!reading.record || !reading.text || begin(&reading) != WM_OK)
        return WM_EMEMORY;

    const char *at = source->bytes, *end = at + source->len, *resume = at;
    if (source->len >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    while ((at < end || reading.open) && reading.status == WM_OK) {
        enum fed fed;
        if (at < end) {
            const char *feed_at = memchr(at, '\n', (size_t)(end - at));
            const char *next = feed_at ? feed_at + 1 : end;
            if (!reading.open)
                resume = next;
            fed = feed_line(&reading, at, (size_t)(next - at));
            at = next;
        } else {
            fed = finish(&reading);
        }
        if (fed == FED) {
            reading.line++;
        } else if (++*n_broken == BROKEN_MAX) {
            fault_add(faults, reading.file, reading.record->line, 0, "",
                      "%d records cannot be read; the rest of the file is not checked", BROKEN_MAX);
            break;
        } else {
            at = resume;
            reading.line = reading.record->line + 1;
            csv_free(&reading.parser);
            if (begin(&reading) != WM_OK)
                return WM_EMEMORY;
        }
    }
    csv_free(&reading.parser);
    return reading.status;
}

static int begin(struct reading *reading)
{
    reading->open = false;
    if (csv_init(&reading->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return WM_EMEMORY;
    csv_set_realloc_func(&reading->parser, realloc);
    csv_set_free_func(&reading->parser, free);
    csv_set_blk_size(&reading->parser, RECORD_BYTES_MAX);
    csv_set_space_func(&reading->parser, no_blank);
    csv_set_term_func(&reading->parser, line_feed);
    return WM_OK;
}

static enum fed feed_line(struct reading *reading, const char *line, size_t len)
{
    bool crlf = len >= 2 && line[len - 2] == '\r' && line[len - 1] == '\n';
    if (!reading->open) {
        if (crlf ? len == 2 : len == 1 && *line == '\n')
            return FED;
        reading->open = true;
        reading->record->line = reading->cell_line = reading->line;
        reading->record->n_cells = 0;
        reading->text_len = reading->record_bytes = 0;
    }
    reading->record_bytes += len;
    if (reading->record_bytes > RECORD_BYTES_MAX) {
        bool quoted = reading->line > reading->record->line;
        fault_add(reading->faults, reading->file, quoted ? reading->cell_line : reading->line,
                  quoted ? (long)reading->record->n_cells + 1 : 0,
                  quoted ? "a closing quotation mark" : "a shorter row",
                  quoted ? "a quoted cell is not closed within %d bytes" : "the row is longer than %d bytes",
                  RECORD_BYTES_MAX);
        return BROKEN;
    }
    if (!crlf)
        return feed(reading, line, len);
    return feed(reading, line, len - 2) == FED ? feed(reading, "\n", 1) : BROKEN;
}

static enum fed feed(struct reading *reading, const char *bytes, size_t len)
{
    if (csv_parse(&reading->parser, bytes, len, on_cell, on_row, reading) == len || reading->status != WM_OK)
        return FED;
    if (csv_error(&reading->parser) != CSV_EPARSE) {
        reading->status = WM_EMEMORY;
        return FED;
    }
    fault_add(reading->faults, reading->file, reading->cell_line, (long)reading->record->n_cells + 1,
              "the whole cell in quotation marks, and each one within it doubled",
              reading->parser.quoted ? "the cell goes on after its closing quotation mark"
                                     : "a quotation mark inside a cell that does not begin with one");
    return BROKEN;
}

static enum fed finish(struct reading *reading)
{
    if (csv_fini(&reading->parser, on_cell, on_row, reading) == 0)
        return FED;
    fault_add(reading->faults, reading->file, reading->cell_line, (long)reading->record->n_cells + 1,
              "a closing quotation mark", "a quoted cell is not closed by the end of the file");
    return BROKEN;
}

static void on_cell(void *bytes, size_t len, void *context)
{
    struct reading *reading = context;
    struct record *record = reading->record;
    if (record->n_cells < CELLS_MAX) { /* cells and their ends fit: all come from at most RECORD_BYTES_MAX bytes */
        char *text = reading->text + reading->text_len;
        if (len)
            memcpy(text, bytes, len);
        text[len] = '\0';
        reading->text_len += len + 1;
        record->cells[record->n_cells] = (struct record_cell){text, len, reading->cell_line};
    }
    record->n_cells++;
    reading->cell_line = reading->line;
}

static void on_row(int terminator, void *context)
{
    struct reading *reading = context;
    (void)terminator;
    reading->open = false;
    if (reading->status == WM_OK)
        reading->status = reading->record_done(reading->context, reading->record);
}

static int no_blank(unsigned char c)
{
    (void)c;
    return 0;
}

static int line_feed(unsigned char c)
{
    return c == '\n';
}

/* ---- Files ---- */

#define SOURCES_BYTES_MAX ((size_t)16 << 30)

struct wm_sources {
    struct arena arena;
    size_t n;
    struct wm_source list[WM_TABLES_ALL + 1];
};

static int read_file(int directory, const char *name, struct arena *arena, struct wm_faults *faults,
                     struct wm_source *out);
static int refuse(struct wm_faults *faults, const char *name, const char *expected, const char *reason);

int wm_sources_read(const char *dir, bool apart, struct wm_faults *faults, struct wm_sources **out)
{
    int directory = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return refuse(faults, dir, "a folder", strerrordesc_np(errno));
    int status = WM_EMEMORY;
    struct wm_sources *sources = calloc(1, sizeof *sources);
    if (!sources)
        goto close_directory;
    arena_init(&sources->arena, SOURCES_BYTES_MAX);

    status = read_file(directory, "policy.json", &sources->arena, faults, &sources->list[sources->n++]);
    for (int table = 0; table < (apart ? WM_TABLES_ALL : WM_TABLES) && status == WM_OK; table++)
        status = read_file(directory, wm_table_name((enum wm_table)table), &sources->arena, faults,
                           &sources->list[sources->n++]);
    if (status == WM_OK)
        *out = sources;
    else
        wm_sources_free(sources);
close_directory:
    close(directory);
    return status;
}

void wm_sources_free(struct wm_sources *sources)
{
    if (!sources)
        return;
    arena_fini(&sources->arena);
    free(sources);
}

const struct wm_source *wm_sources_list(const struct wm_sources *sources, size_t *n)
{
    *n = sources->n;
    return sources->list;
}

/*
 * A file that is absent is no error here: its bytes stay NULL. One that cannot be read is a fault, and no reason to
 * leave the others unread. Not waiting on open keeps a named pipe from hanging us. WM_EMEMORY.
 */
static int read_file(int directory, const char *name, struct arena *arena, struct wm_faults *faults,
                     struct wm_source *out)
{
    *out = (struct wm_source){name, NULL, 0};
    int file = openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 && errno == ENOENT)
        return WM_OK;

    int status = WM_OK;
    struct stat about;
    const char *wrong = NULL;
    char *bytes = NULL, beyond;
    size_t len = 0;
    ssize_t got = 1;
    if (file < 0 || fstat(file, &about) != 0)
        wrong = strerrordesc_np(errno);
    else if (S_ISDIR(about.st_mode))
        wrong = "it is a directory";
    else if (!S_ISREG(about.st_mode))
        wrong = "it is not a regular file";
    else if (!(bytes = arena_alloc(arena, (size_t)about.st_size + 1, 1)))
        status = WM_EMEMORY;
    while (bytes && !wrong && got != 0) {
        bool full = len == (size_t)about.st_size;
        got = full ? read(file, &beyond, 1) : read(file, bytes + len, (size_t)about.st_size - len);
        if (got < 0 && errno != EINTR)
            wrong = strerrordesc_np(errno);
        else if (got > 0 && full)
            wrong = "it grew while it was read";
        else if (got > 0)
            len += (size_t)got;
    }
    if (file >= 0)
        close(file);
    if (wrong) {
        refuse(faults, name, "a file that can be read", wrong);
        out->len = SOURCE_UNREADABLE;
    } else if (status == WM_OK) {
        *out = (struct wm_source){name, bytes, len};
    }
    return status;
}

static int refuse(struct wm_faults *faults, const char *name, const char *expected, const char *reason)
{
    fault_add(faults, name, 0, 0, expected, "cannot be read: %s", reason);
    return WM_EREAD;
}
