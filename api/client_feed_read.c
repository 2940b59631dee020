/*
 * Feeds taken apart, strictly: JSON by the reader that the service uses, CSV by the grammar of RFC 4180 letter by letter,
 * so that what Excel or pandas would silently put right is a fault here.
 */
#include "client_feed_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOM_BYTES = 3 };

static bool has_bom(const char *bytes, size_t len)
{
    return len >= BOM_BYTES && memcmp(bytes, "\xef\xbb\xbf", BOM_BYTES) == 0;
}

/* How many bytes follow this one in its character, and in which range the first of them must be. -1: it begins none. */
static int follow(unsigned char c, unsigned char *from, unsigned char *to)
{
    *from = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80; /* else it would not be the shortest form */
    *to = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;   /* nor surrogates, nor past U+10FFFF */
    return c < 0x80 ? 0 : c < 0xc2 ? -1 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : -1;
}

static bool is_utf8(const char *bytes, size_t len)
{
    unsigned char from, to;
    for (size_t i = 0; i < len;) {
        int n = follow((unsigned char)bytes[i++], &from, &to);
        if (n < 0 || (size_t)n > len - i)
            return false;
        for (; n > 0; n--, i++, from = 0x80, to = 0xbf)
            if ((unsigned char)bytes[i] < from || (unsigned char)bytes[i] > to)
                return false;
    }
    return true;
}

void feed_check_bytes(struct feed_check *check, const char *bytes, size_t len)
{
    bool bom = has_bom(bytes, len);
    feed_check_look(check, FEED_RULE_text);
    feed_check_look(check, FEED_RULE_form);
    if (check->excel)
        feed_check_look(check, FEED_RULE_guard);
    if (bom && !check->excel)
        feed_check_fault(check, FEED_RULE_text, 0, NULL, "begins with a byte order mark");
    if (!bom && check->excel)
        feed_check_fault(check, FEED_RULE_text, 0, NULL, "bom=1 was asked for, but there is no byte order mark");
    if (!is_utf8(bytes, len))
        feed_check_fault(check, FEED_RULE_text, 0, NULL, "is not UTF-8");
    if (bom) {
        bytes += BOM_BYTES;
        len -= BOM_BYTES;
    }
    if (check->csv)
        feed_read_csv(check, bytes, len);
    else
        feed_read_json(check, bytes, len);
    feed_check_columns(check);
}

/* ---- JSON ---- */

static enum feed_kind kind_of(char kind)
{
    return kind == 'n'   ? FEED_KIND_NULL
           : kind == '"' ? FEED_KIND_TEXT
           : kind == '0' ? FEED_KIND_NUMBER
                         : FEED_KIND_BOOLEAN;
}

static void copy_value(struct slice value, struct feed_value *out)
{
    out->kind = kind_of(json_kind(value));
    if (out->kind == FEED_KIND_TEXT)
        (void)json_string_copy(json_string_raw(value), out->text, sizeof out->text);
    else
        snprintf(out->text, sizeof out->text, "%.*s", (int)(value.len < FEED_VALUE_CAP ? value.len : 0), value.at);
}

static bool name_columns(struct feed_check *check, struct slice row)
{
    struct json_walk walk;
    struct slice key, value;
    char name[sizeof check->columns[0].name];
    json_walk_start(&walk, row);
    while (json_walk_member(&walk, &key, &value)) {
        (void)json_string_copy(key, name, sizeof name);
        if (!feed_check_name(check, name))
            return false;
    }
    return true;
}

/* Its members beside the columns of the first row. False: they are others. */
static bool read_members(struct feed_check *check, size_t row, struct slice object, struct feed_value *values)
{
    struct json_walk walk;
    struct slice key, value;
    size_t n = 0;
    json_walk_start(&walk, object);
    for (; json_walk_member(&walk, &key, &value); n++) {
        const char *expected = n < check->n_columns ? check->columns[n].name : NULL;
        if (!expected || !json_string_is(key, expected)) {
            feed_check_fault(check, FEED_RULE_keys, row, NULL, "has '%.*s' where the first row has %s%s%s",
                             (int)(key.len < 100 ? key.len : 100), key.at, expected ? "'" : "",
                             expected ? expected : "no more", expected ? "'" : "");
            return false;
        }
        char kind = json_kind(value);
        if (kind == '{' || kind == '[') {
            feed_check_fault(check, FEED_RULE_form, row, expected, "holds %s: rows are flat",
                             kind == '{' ? "an object" : "an array");
            return false;
        }
        copy_value(value, &values[n]);
    }
    if (n < check->n_columns)
        feed_check_fault(check, FEED_RULE_keys, row, check->columns[n].name, "is missing");
    return n == check->n_columns;
}

static void judge_values(struct feed_check *check, size_t row, const struct feed_value *values)
{
    for (size_t i = 0; i < check->n_columns; i++)
        feed_check_value(check, row, i, values[i].kind, values[i].text);
    feed_check_row(check, row, values);
}

void feed_read_json(struct feed_check *check, const char *bytes, size_t len)
{
    size_t offset;
    const char *reason;
    struct json_walk walk;
    struct slice row;
    struct feed_value *values = NULL;
    if (json_check(bytes, len, &offset, &reason) != JSON_OK) {
        feed_check_fault(check, FEED_RULE_form, 0, NULL, "is no JSON: at byte %zu, %s", offset, reason);
        return;
    }
    while (len > 0 && strchr(" \t\r\n", *bytes)) {
        bytes++;
        len--;
    }
    if (*bytes != '[') {
        feed_check_fault(check, FEED_RULE_form, 0, NULL, "is no array");
        return;
    }
    feed_check_look(check, FEED_RULE_keys);
    json_walk_start(&walk, (struct slice){bytes, len});
    while (!check->starved && json_walk_item(&walk, &row)) {
        check->n_rows++;
        if (json_kind(row) != '{') {
            feed_check_fault(check, FEED_RULE_form, check->n_rows, NULL, "is no object");
            continue;
        }
        if (!values && name_columns(check, row)) {
            values = calloc(check->n_columns + 1, sizeof *values);
            check->starved = values == NULL;
        }
        if (values && read_members(check, check->n_rows, row, values))
            judge_values(check, check->n_rows, values);
    }
    free(values);
}

/* ---- CSV ---- */

struct csv_walk {
    const char *at, *end;
    struct feed_check *check;
    size_t row;    /* 0: the header */
    bool line_end; /* the cell was its line's last */
    bool broken;   /* nothing behind can be told apart */
};

/* A quoted cell, from its first quote; what is past the cap is passed over. */
static void read_quoted(struct csv_walk *walk, struct buf *cell)
{
    for (walk->at++; walk->at < walk->end; walk->at++) {
        if (*walk->at == '"' && (++walk->at == walk->end || *walk->at != '"'))
            return;
        buf_char(cell, *walk->at);
    }
    feed_check_fault(walk->check, FEED_RULE_form, walk->row, NULL, "a quote is opened and not closed");
    walk->broken = true;
}

static void read_bare(struct csv_walk *walk, struct buf *cell)
{
    for (; walk->at < walk->end && !strchr(",\r\n", *walk->at); walk->at++) {
        if (*walk->at == '"' || *walk->at == '\0') {
            feed_check_fault(walk->check, FEED_RULE_form, walk->row, NULL, "a %s stands in a cell that is not quoted",
                             *walk->at ? "quote" : "NUL");
            walk->broken = true;
            return;
        }
        buf_char(cell, *walk->at);
    }
}

/* What follows a cell: a comma, or CRLF. */
static void read_end(struct csv_walk *walk)
{
    size_t left = (size_t)(walk->end - walk->at);
    walk->line_end = true;
    if (left >= 1 && *walk->at == ',') {
        walk->at++;
        walk->line_end = false;
    } else if (left >= 2 && memcmp(walk->at, "\r\n", 2) == 0) {
        walk->at += 2;
    } else if (left == 0) {
        feed_check_fault(walk->check, FEED_RULE_form, walk->row, NULL, "the last line has no CRLF");
    } else if (*walk->at == '\n') {
        feed_check_fault(walk->check, FEED_RULE_form, walk->row, NULL, "the line ends in LF; expected CRLF");
        walk->at++;
    } else {
        feed_check_fault(walk->check, FEED_RULE_form, walk->row, NULL, "expected a comma or CRLF behind a cell");
        walk->broken = true;
    }
}

static void read_cell(struct csv_walk *walk, struct buf *cell)
{
    buf_clear(cell);
    bool quoted = walk->at < walk->end && *walk->at == '"';
    if (quoted)
        read_quoted(walk, cell);
    else
        read_bare(walk, cell);
    if (!walk->broken)
        read_end(walk);
}

static bool read_header(struct csv_walk *walk, struct buf *cell)
{
    char name[sizeof walk->check->columns[0].name];
    do {
        read_cell(walk, cell);
        snprintf(name, sizeof name, "%.*s", (int)cell->len, cell->at ? cell->at : "");
        if (walk->broken || !feed_check_name(walk->check, name))
            return false;
    } while (!walk->line_end);
    return true;
}

static void read_row(struct csv_walk *walk, struct buf *cell, struct feed_value *values)
{
    size_t n = 0, all = walk->check->n_columns;
    do {
        read_cell(walk, cell);
        if (n < all) {
            values[n].kind = cell->len == 0 ? FEED_KIND_NULL : FEED_KIND_TEXT;
            snprintf(values[n].text, sizeof values[n].text, "%.*s", (int)cell->len, cell->at ? cell->at : "");
        }
        n++;
    } while (!walk->line_end && !walk->broken);
    if (walk->broken)
        return;
    if (n == all)
        judge_values(walk->check, walk->row, values);
    else
        feed_check_fault(walk->check, FEED_RULE_keys, walk->row, NULL, "has %zu cells; the header has %zu", n, all);
}

void feed_read_csv(struct feed_check *check, const char *bytes, size_t len)
{
    struct csv_walk walk = {.at = bytes, .end = bytes + len, .check = check};
    struct buf cell;
    struct feed_value *values = NULL;
    buf_init(&cell, FEED_VALUE_CAP - 1); /* past its ceiling it keeps what it has */
    feed_check_look(check, FEED_RULE_keys);
    if (len == 0)
        feed_check_fault(check, FEED_RULE_form, 0, NULL, "is empty: without rows there is a header still");
    else if (read_header(&walk, &cell))
        values = calloc(check->n_columns, sizeof *values);
    check->starved = check->starved || (len > 0 && !walk.broken && !values);
    while (values && walk.at < walk.end && !walk.broken) {
        walk.row = ++check->n_rows;
        read_row(&walk, &cell, values);
    }
    free(values);
    buf_fini(&cell);
}
