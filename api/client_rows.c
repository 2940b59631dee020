/*
 * Rows of any kind, and answers of any shape: their columns are found in the rows themselves, so that a new method or
 * column needs nothing here.
 */
#include "client_rows.h"

#include "client_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 16 << 20, COLUMNS_MAX = 256, PATH_CAP = 128 };

/* ---- Rows of any kind: the columns are found in the rows themselves ---- */

/* Paths of the leaves of the objects in an array, each once, in the order in which they are first met. */
struct paths {
    char at[COLUMNS_MAX][PATH_CAP];
    size_t n;
};

/* A list of scalars is a leaf; a list of anything else too, shown as JSON. */
static void add_paths(struct paths *paths, const char *before, struct slice value)
{
    struct items members = value_members(value);
    for (struct slice key, each; value_next_member(&members, &key, &each);) {
        char path[PATH_CAP];
        int len = snprintf(path, sizeof path, "%s%s%.*s", before, *before ? "/" : "", (int)key.len, key.at);
        if (len < 0 || (size_t)len >= sizeof path)
            continue;
        if (json_kind(each) == '{' && value_count(each) > 0) {
            add_paths(paths, path, each);
            continue;
        }
        size_t i = 0;
        while (i < paths->n && strcmp(paths->at[i], path) != 0)
            i++;
        if (i == paths->n && paths->n < COLUMNS_MAX)
            memcpy(paths->at[paths->n++], path, sizeof path);
    }
}

/* Items of an array, or members of an object: then `key` tells them apart. */
struct rows {
    struct items items, members;
    const char *part; /* what of each makes a row; "": all of it */
    struct slice key, row;
};

static struct rows rows_of(struct slice container, const char *part)
{
    return (struct rows){.items = value_items(container), .members = value_members(container), .part = part};
}

static bool next_row(struct rows *rows)
{
    struct slice each;
    if (!value_next(&rows->items, &each) && !value_next_member(&rows->members, &rows->key, &each))
        return false;
    rows->row = value_at(each, rows->part);
    return true;
}

static struct paths *paths_of(struct page *page, struct slice container, const char *part)
{
    struct paths *paths = calloc(1, sizeof *paths);
    if (!paths) {
        page->out->failed = true;
        return NULL;
    }
    for (struct rows rows = rows_of(container, part); next_row(&rows);)
        add_paths(paths, "", rows.row);
    return paths;
}

static void show_rows(struct page *page, struct slice container, const char *part, enum narrowing narrowing)
{
    struct paths *paths = paths_of(page, container, part);
    struct column *columns = calloc(COLUMNS_MAX + 1, sizeof *columns);
    if (!paths || !columns || paths->n == 0) {
        page->out->failed = page->out->failed || !columns;
        goto done;
    }
    struct table table;
    size_t keyed = json_kind(container) == '{'; /* then the first column is the key */
    table_init(&table, columns, keyed + paths->n);
    for (struct rows rows = rows_of(container, part); next_row(&rows);) {
        if (keyed)
            table_cell(&table, STYLE_PLAIN, page_key(page, rows.key));
        for (size_t i = 0; i < paths->n; i++) {
            struct slice value = value_at(rows.row, paths->at[i]);
            columns[keyed + i].right = columns[keyed + i].right || (value.at && json_kind(value) == '0');
            table_cell(&table, STYLE_PLAIN, page_value(page, value));
        }
    }
    columns[0].title = "";
    for (size_t i = 0; i < paths->n; i++) {
        struct column *column = &columns[keyed + i];
        column->title = page_key(page, (struct slice){paths->at[i], strlen(paths->at[i])});
        column->spare = keyed + i > 0;
        column->least = column->right ? 0 : 16;
    }
    page_table(page, &table, narrowing);
done:
    free(columns);
    free(paths);
}

void rows_show_list(struct page *page, struct slice result)
{
    show_rows(page, value_at(result, "rows"), "row", NARROW_CUT);
    int64_t offset = value_whole(value_at(result, "offset")), n = (int64_t)value_count(value_at(result, "rows"));
    struct slice all = value_at(result, "matched");
    page_gap(page);
    const char *sentence =
        n > 0 ? page_say(page, "Rows %s to %s", page_grouped(page, offset + 1), page_grouped(page, offset + n))
              : "No rows";
    if (!value_missing(all))
        sentence = page_say(page, "%s of %s", sentence, page_grouped(page, value_whole(all)));
    if (!value_missing(value_at(result, "next_offset")))
        sentence = page_say(page, "%s; --offset %s goes on", sentence, page_text(page, result, "next_offset"));
    page_paragraph(page, page_say(page, "%s.", sentence));
    page_revisions(page, result);
}

/* ---- What is loaded ---- */

void rows_show_info(struct page *page, struct slice result)
{
    static const struct column columns[] = {
        {"kind", false, 0, 0}, {"rows", true, 0, 0}, {"columns", true, 0, 0}, {"file", false, 0, 0}};
    struct table table;
    struct items tables = value_items(value_at(result, "tables"));
    table_init(&table, columns, 4);
    for (struct slice each; value_next(&tables, &each);) {
        table_cell(&table, STYLE_PLAIN, page_text(page, each, "kind"));
        table_cell(&table, STYLE_PLAIN, page_whole(page, each, "rows"));
        table_cell(&table, STYLE_PLAIN, page_say(page, "%zu", value_count(value_at(each, "columns"))));
        table_cell(&table, STYLE_PLAIN, page_text(page, each, "file"));
    }
    page_paragraph(page, page_say(page, "Policy %s, as of %s.", page_text(page, result, "policy_version"),
                                  page_text(page, result, "as_of")));
    page_gap(page);
    page_table(page, &table, NARROW_WRAP);
    page_heading(page, "Words that data and filters may use");
    struct items vocabularies = value_members(value_at(result, "vocabularies"));
    for (struct slice key, words; value_next_member(&vocabularies, &key, &words);)
        page_point(page, page_say(page, "%s: %s", page_key(page, key), page_value(page, words)));
    page_point(page, page_say(page, "domains: %s", page_text(page, result, "domains")));
    page_point(page, page_say(page, "package components: %s", page_text(page, result, "components")));
    page_revisions(page, result);
}

/* ---- Any answer: scalars first, then what holds more ---- */

static bool is_leaf(struct slice value)
{
    char kind = json_kind(value);
    if (kind != '{' && kind != '[')
        return true;
    struct items items = value_items(value);
    for (struct slice item; value_next(&items, &item);)
        if (json_kind(item) == '{' || json_kind(item) == '[')
            return false;
    return kind == '[' || value_count(value) == 0;
}

/* Items that are no rows: lists in a list. */
static void show_others(struct page *page, struct slice array)
{
    struct items items = value_items(array);
    for (struct slice item; value_next(&items, &item);)
        if (json_kind(item) != '{')
            page_point(page, page_value(page, item));
}

/* Members that are all objects with something in them are rows, too. */
static bool is_table(struct slice object)
{
    struct items members = value_members(object);
    for (struct slice key, value; value_next_member(&members, &key, &value);)
        if (json_kind(value) != '{' || value_count(value) == 0)
            return false;
    return value_count(object) > 0;
}

static void show_members(struct page *page, const char *path, struct slice object)
{
    static const struct column columns[] = {{"", false, 0, 0}, {"", false, 0, 24}};
    struct table table;
    table_init(&table, columns, 2);
    struct items members = value_members(object);
    for (struct slice key, value; value_next_member(&members, &key, &value);) {
        if (!is_leaf(value))
            continue;
        bool missing = value_missing(value);
        table_cell(&table, STYLE_FAINT, page_key(page, key));
        table_cell(&table, missing ? STYLE_FAINT : STYLE_PLAIN, missing ? "unknown" : page_value(page, value));
    }
    if (table.n_cells > 0 && *path)
        page_heading(page, path);
    page_table(page, &table, NARROW_WRAP);

    members = value_members(object);
    for (struct slice key, value; value_next_member(&members, &key, &value);) {
        if (is_leaf(value))
            continue;
        const char *below = page_say(page, "%s%s%s", path, *path ? " " : "", page_key(page, key));
        if (json_kind(value) == '{' && !is_table(value)) {
            show_members(page, below, value);
            continue;
        }
        page_heading(page, below);
        show_rows(page, value, "", NARROW_WRAP);
        if (json_kind(value) == '[')
            show_others(page, value);
    }
}

void rows_show_row(struct page *page, struct slice result)
{
    show_members(page, "", value_at(result, "row"));
    page_revisions(page, result);
}

void rows_show_any(struct page *page, struct slice result)
{
    if (json_kind(result) == '{')
        show_members(page, "", result);
    else
        page_paragraph(page, page_value(page, result));
}

/* ---- CSV ---- */

static void put_csv_text(struct buf *out, bool terminal, bool first, const char *text, size_t len)
{
    struct buf clean;
    if (!terminal) {
        csv_field(out, first, text, len);
        return;
    }
    buf_init(&clean, TEXT_MAX_BYTES);
    text_clean(&clean, text, len);
    csv_field(out, first, clean.len > 0 ? clean.at : "", clean.len);
    out->failed = out->failed || clean.failed;
    buf_fini(&clean);
}

/* Lists of scalars have semicolons between, as in the data files; lists of objects are given as JSON. */
static void put_csv_value(struct buf *out, bool terminal, bool first, struct slice value)
{
    struct buf raw;
    struct items items = value_items(value);
    struct slice item;
    buf_init(&raw, TEXT_MAX_BYTES);
    if (!items.any || !is_leaf(value))
        value_put(&raw, value);
    else
        for (size_t i = 0; value_next(&items, &item); i++) {
            if (i > 0)
                buf_char(&raw, ';');
            value_put(&raw, item);
        }
    put_csv_text(out, terminal, first, raw.len > 0 ? raw.at : "", raw.len);
    out->failed = out->failed || raw.failed;
    buf_fini(&raw);
}

void rows_put_csv(struct page *page, bool terminal, struct slice array, const char *part)
{
    struct paths *paths = paths_of(page, array, part);
    if (!paths)
        return;
    for (size_t c = 0; c < paths->n; c++)
        put_csv_text(page->out, terminal, c == 0, paths->at[c], strlen(paths->at[c]));
    if (paths->n > 0)
        csv_end(page->out);
    for (struct rows rows = rows_of(array, part); next_row(&rows) && paths->n > 0;) {
        for (size_t c = 0; c < paths->n; c++)
            put_csv_value(page->out, terminal, c == 0, value_at(rows.row, paths->at[c]));
        csv_end(page->out);
    }
    free(paths);
}

void rows_put_csv_leaves(struct page *page, bool terminal, const char *path, struct slice value)
{
    struct items members = value_members(value), items = value_items(value);
    struct slice key, each;
    if (page->out->failed)
        return;
    if (value_missing(value) || is_leaf(value)) {
        put_csv_text(page->out, terminal, true, path, strlen(path));
        put_csv_value(page->out, terminal, false, value);
        csv_end(page->out);
        return;
    }
    while (value_next_member(&members, &key, &each))
        rows_put_csv_leaves(page, terminal, page_say(page, "%s%s%.*s", path, *path ? "/" : "", (int)key.len, key.at),
                            each);
    for (size_t i = 0; value_next(&items, &each); i++)
        rows_put_csv_leaves(page, terminal, page_say(page, "%s%s%zu", path, *path ? "/" : "", i), each);
}
