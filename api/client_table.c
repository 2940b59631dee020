/*
 * Text for people, and CSV.
 *
 * A terminal obeys control characters wherever they come from, so text from data passes text_clean before it is shown.
 */
#include "client_table.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum {
    GAP = 2,                   /* blanks between columns */
    TABLE_TEXT_MAX = 64 << 20, /* bytes of all cells */
    TABLE_CELLS_MAX = 4 << 20,
    STACKED_LEAST = 12, /* cells a value gets beside its title, however narrow the terminal */
    REPLACEMENT = 0xFFFD
};

static const char *const escapes[] = {
    [STYLE_PLAIN] = "",        [STYLE_HEADING] = "\033[1m", [STYLE_FAINT] = "\033[2m",
    [STYLE_GOOD] = "\033[32m", [STYLE_BAD] = "\033[31m",    [STYLE_UNSURE] = "\033[33m",
};

void text_locale(void)
{
    /* What we print is UTF-8 whatever the user's locale, so widths are those of UTF-8; C.UTF-8 is part of the C library. */
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
}

/* ---- Characters ---- */

/* Reads one character of at least one byte; a malformed one counts as one byte of U+FFFD. */
static size_t decode(const char *bytes, size_t len, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)bytes[0];
    size_t n = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    uint32_t value = n == 1 ? first : n ? first & (0x7FU >> n) : 0;
    for (size_t i = 1; i < n; i++) {
        if (i >= len || ((unsigned char)bytes[i] & 0xC0) != 0x80) {
            n = 0;
            break;
        }
        value = value << 6 | ((unsigned char)bytes[i] & 0x3F);
    }
    if (n == 0 || value < least[n] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
        *character = REPLACEMENT;
        return 1;
    }
    *character = value;
    return n;
}

/* Controls of C0 and C1, separators that break lines, and marks that turn the direction of what follows. */
static bool steers(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void text_clean(struct buf *out, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = decode(bytes + i, len - i, &c);
        if (c == '\n')
            buf_text(out, "\\n");
        else if (c == '\t')
            buf_text(out, "\\t");
        else if (steers(c))
            buf_format(out, "\\u%04x", (unsigned)c);
        else if (c == REPLACEMENT)
            buf_text(out, "\xEF\xBF\xBD");
        else
            buf_put(out, bytes + i, n);
        i += n;
    }
}

void text_clean_json(struct buf *out, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = decode(bytes + i, len - i, &c);
        if (c >= 0x20 && steers(c)) /* inside a string: a JSON text holds these nowhere else */
            buf_format(out, "\\u%04x", (unsigned)c);
        else
            buf_put(out, bytes + i, n);
        i += n;
    }
}

static size_t character_width(uint32_t c)
{
    if (c < 0x7F)
        return 1;
    int width = wcwidth((wchar_t)c);
    return width < 0 ? 1 : (size_t)width;
}

size_t text_width(const char *bytes, size_t len)
{
    size_t width = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        i += decode(bytes + i, len - i, &c);
        width += character_width(c);
    }
    return width;
}

/* How many bytes fit into `width` cells. */
static size_t bytes_within(const char *bytes, size_t len, size_t width)
{
    size_t used = 0, i = 0;
    while (i < len) {
        uint32_t c;
        size_t n = decode(bytes + i, len - i, &c);
        used += character_width(c);
        if (used > width)
            break;
        i += n;
    }
    return i;
}

/* What is still to be shown of a cell. */
struct rest {
    const char *text;
    size_t len;
    enum style style;
};

static void put_blanks(struct buf *out, size_t n)
{
    static const char blanks[] = "                                ";
    for (; n > 0; n -= n < sizeof blanks - 1 ? n : sizeof blanks - 1)
        buf_put(out, blanks, n < sizeof blanks - 1 ? n : sizeof blanks - 1);
}

static void put_styled(struct buf *out, const struct screen *screen, enum style style, const char *text, size_t len)
{
    bool coloured = screen->colour && style != STYLE_PLAIN && len > 0;
    if (coloured)
        buf_text(out, escapes[style]);
    buf_put(out, text, len);
    if (coloured)
        buf_text(out, "\033[0m");
}

/* ---- Headings and paragraphs ---- */

void text_styled(struct buf *out, const struct screen *screen, enum style style, const char *text)
{
    put_styled(out, screen, style, text, strlen(text));
}

void text_heading(struct buf *out, const struct screen *screen, const char *text)
{
    if (out->len > 0)
        buf_char(out, '\n');
    if (screen->width && text_width(text, strlen(text)) > screen->width) {
        text_paragraph(out, screen, 0, STYLE_HEADING, text);
        return;
    }
    text_styled(out, screen, STYLE_HEADING, text);
    buf_char(out, '\n');
}

void text_paragraph(struct buf *out, const struct screen *screen, size_t indent, enum style style, const char *text)
{
    size_t used = indent; /* cells of the line so far */
    bool fresh = true;    /* nothing but the indent is on it */
    put_blanks(out, indent);
    while (*text) {
        size_t len = strcspn(text, " ");
        size_t width = text_width(text, len);
        if (!fresh && screen->width && used + 1 + width > screen->width) {
            buf_char(out, '\n');
            put_blanks(out, indent + GAP);
            used = indent + GAP;
        } else if (!fresh) {
            buf_char(out, ' ');
            used++;
        }
        put_styled(out, screen, style, text, len);
        used += width;
        fresh = false;
        text += len;
        text += *text == ' ';
    }
    buf_char(out, '\n');
}

/* ---- Tables ---- */

void table_init(struct table *table, const struct column *columns, size_t n_columns)
{
    *table = (struct table){.columns = columns, .n_columns = n_columns};
    buf_init(&table->text, TABLE_TEXT_MAX);
    table->left_out = calloc(n_columns, sizeof *table->left_out);
    table->failed = !table->left_out;
}

void table_fini(struct table *table)
{
    buf_fini(&table->text);
    free(table->cells);
    free(table->left_out);
}

void table_cell(struct table *table, enum style style, const char *text)
{
    if (table->n_cells == table->cells_cap) {
        size_t cap = table->cells_cap ? 2 * table->cells_cap : 64;
        struct cell *cells = cap > TABLE_CELLS_MAX ? NULL : realloc(table->cells, cap * sizeof *cells);
        if (!cells) {
            table->failed = true;
            return;
        }
        table->cells = cells;
        table->cells_cap = cap;
    }
    size_t len = strlen(text);
    table->cells[table->n_cells++] = (struct cell){table->text.len, len, style};
    buf_put(&table->text, text, len);
    table->failed = table->failed || table->text.failed;
}

static const char *cell_text(const struct table *table, const struct cell *cell)
{
    return cell->len > 0 ? table->text.at + cell->at : "";
}

/*
 * Takes from *text the piece that fits into `width` cells: up to a blank when it is wrapped and there is one. What is left stays in
 * *text. A character wider than the column is taken whole, so that there is always an end.
 */
static size_t take_piece(const char **text, size_t *len, size_t width)
{
    size_t fits = bytes_within(*text, *len, width), piece = fits;
    if (fits == 0 && *len > 0) {
        uint32_t c;
        piece = fits = decode(*text, *len, &c);
    }
    if (fits < *len)
        for (size_t i = fits + 1; i-- > 1;)
            if ((*text)[i] == ' ') {
                piece = i;
                break;
            }
    *text += piece;
    *len -= piece;
    while (*len > 0 && **text == ' ') {
        ++*text;
        --*len;
    }
    return piece;
}

/* The first `len` bytes of a cell set to `width`, with an ellipsis when `cut`. */
static void put_cell(const struct table *table, const struct screen *screen, const char *text, size_t len, bool cut,
                     enum style style, size_t column, size_t width, struct buf *out)
{
    size_t natural = text_width(text, len) + cut, blanks = width > natural ? width - natural : 0;
    if (table->columns[column].right)
        put_blanks(out, blanks);
    put_styled(out, screen, style, text, len);
    if (cut)
        buf_text(out, "…");
    if (!table->columns[column].right)
        put_blanks(out, blanks);
    put_blanks(out, GAP);
}

/* One row, its cells wrapped over as many lines as the tallest takes, or cut to one. `rest` is what is left of each. */
static void put_row(const struct table *table, const struct screen *screen, size_t indent, enum narrowing narrowing,
                    const size_t *widths, struct rest *rest, struct buf *out)
{
    bool more = true;
    while (more && !out->failed) {
        more = false;
        put_blanks(out, indent);
        for (size_t c = 0; c < table->n_columns; c++) {
            if (table->left_out[c])
                continue;
            const char *text = rest[c].text;
            bool cut = narrowing == NARROW_CUT && text_width(text, rest[c].len) > widths[c];
            size_t piece = cut ? bytes_within(text, rest[c].len, widths[c] - 1)
                               : take_piece(&rest[c].text, &rest[c].len, widths[c]);
            put_cell(table, screen, text, piece, cut, rest[c].style, c, widths[c], out);
            more = more || (!cut && rest[c].len > 0);
        }
        while (!out->failed && out->len > 0 && out->at[out->len - 1] == ' ')
            buf_cut(out, out->len - 1);
        buf_char(out, '\n');
    }
}

static void put_rows(const struct table *table, const struct screen *screen, size_t indent, enum narrowing narrowing,
                     const size_t *widths, struct rest *rest, struct buf *out)
{
    bool titled = false;
    for (size_t c = 0; c < table->n_columns; c++) {
        rest[c] = (struct rest){table->columns[c].title, strlen(table->columns[c].title), STYLE_HEADING};
        titled = titled || rest[c].len > 0;
    }
    if (titled)
        put_row(table, screen, indent, narrowing, widths, rest, out);
    for (size_t row = 0; row + table->n_columns <= table->n_cells && !out->failed; row += table->n_columns) {
        for (size_t c = 0; c < table->n_columns; c++) {
            const struct cell *cell = &table->cells[row + c];
            rest[c] = (struct rest){cell_text(table, cell), cell->len, cell->style};
        }
        put_row(table, screen, indent, narrowing, widths, rest, out);
    }
}

static void put_stacked(const struct table *table, const struct screen *screen, size_t indent, struct buf *out)
{
    size_t widest = 0;
    for (size_t c = 0; c < table->n_columns; c++) {
        size_t width = text_width(table->columns[c].title, strlen(table->columns[c].title));
        widest = width > widest ? width : widest;
    }
    size_t taken = indent + widest + GAP,
           room = screen->width > taken + STACKED_LEAST ? screen->width - taken : STACKED_LEAST;
    for (size_t i = 0; i < table->n_cells && !out->failed; i++) {
        size_t c = i % table->n_columns;
        const struct cell *cell = &table->cells[i];
        const char *title = table->columns[c].title;
        if (i > 0 && c == 0)
            buf_char(out, '\n');
        if (cell->len == 0)
            continue;
        put_blanks(out, indent);
        text_styled(out, screen, STYLE_FAINT, title);
        put_blanks(out, widest - text_width(title, strlen(title)) + GAP);
        const char *text = cell_text(table, cell);
        for (size_t len = cell->len; len > 0;) {
            const char *piece = text;
            size_t piece_len = take_piece(&text, &len, room);
            put_styled(out, screen, cell->style, piece, piece_len);
            buf_char(out, '\n');
            put_blanks(out, len > 0 ? indent + widest + GAP : 0);
        }
    }
}

static void measure(const struct table *table, size_t *widths)
{
    for (size_t c = 0; c < table->n_columns; c++)
        widths[c] = text_width(table->columns[c].title, strlen(table->columns[c].title));
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t c = i % table->n_columns, width = text_width(cell_text(table, &table->cells[i]), table->cells[i].len);
        widths[c] = width > widths[c] ? width : widths[c];
    }
}

/* Narrows columns, the widest first, until those shown fit into `room`; false when they cannot. */
static bool narrow(const struct table *table, size_t *widths, size_t room)
{
    size_t total = 0;
    for (size_t c = 0; c < table->n_columns; c++)
        total += table->left_out[c] ? 0 : widths[c] + (total > 0 ? GAP : 0);
    while (total > room) {
        size_t widest = table->n_columns;
        for (size_t c = 0; c < table->n_columns; c++)
            if (!table->left_out[c] && table->columns[c].least && widths[c] > table->columns[c].least &&
                (widest == table->n_columns || widths[c] > widths[widest]))
                widest = c;
        if (widest == table->n_columns)
            return false;
        widths[widest]--;
        total--;
    }
    return true;
}

/* Leaves out the column that can best be spared, the last of equals; false when there is none. */
static bool spare_one(struct table *table)
{
    size_t spared = table->n_columns;
    for (size_t c = 0; c < table->n_columns; c++)
        if (!table->left_out[c] && table->columns[c].spare &&
            (spared == table->n_columns || table->columns[c].spare >= table->columns[spared].spare))
            spared = c;
    if (spared == table->n_columns)
        return false;
    table->left_out[spared] = true;
    table->n_left_out++;
    return true;
}

void table_put(struct table *table, const struct screen *screen, size_t indent, enum narrowing narrowing,
               struct buf *out)
{
    size_t n = table->n_columns;
    size_t *widths = calloc(n, sizeof *widths);
    struct rest *rest = calloc(n, sizeof *rest);
    if (table->failed || !widths || !rest) {
        out->failed = true;
        goto done;
    }
    measure(table, widths);
    bool fits = true;
    if (screen->width) {
        size_t room = screen->width > indent ? screen->width - indent : 0;
        fits = narrow(table, widths, room);
        while (!fits && spare_one(table)) {
            measure(table, widths);
            fits = narrow(table, widths, room);
        }
    }
    if (!fits) { /* nothing need be left out of blocks */
        memset(table->left_out, 0, n * sizeof *table->left_out);
        table->n_left_out = 0;
    }
    if (table->n_cells >= n && fits)
        put_rows(table, screen, indent, narrowing, widths, rest, out);
    else if (table->n_cells >= n)
        put_stacked(table, screen, indent, out);
done:
    free(rest);
    free(widths);
}

/* ---- CSV ---- */

void csv_field(struct buf *out, bool first, const char *text, size_t len)
{
    if (!first)
        buf_char(out, ',');
    bool quote = false;
    for (size_t i = 0; i < len && !quote; i++)
        quote = text[i] == ',' || text[i] == '"' || text[i] == '\r' || text[i] == '\n';
    /* Blanks at the ends are content, but some readers strip them unless quoted. */
    quote = quote || (len > 0 && (text[0] == ' ' || text[len - 1] == ' '));
    if (!quote) {
        buf_put(out, text, len);
        return;
    }
    buf_char(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            buf_char(out, '"');
        buf_char(out, text[i]);
    }
    buf_char(out, '"');
}

void csv_end(struct buf *out)
{
    buf_text(out, "\r\n");
}
