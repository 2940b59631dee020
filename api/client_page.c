/* Texts are kept in a list and freed with the page; formatting makes new ones instead of changing old ones. */
#include "client_page.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 16 << 20, LEFT_OUT_NAMED = 6 };

struct kept {
    struct kept *before;
    char text[];
};

/* ---- Texts ---- */

/* Room for a text of `len` bytes, kept by the page; NULL when there is no memory, which fails the page. */
static char *new_text(struct page *page, size_t len)
{
    struct kept *kept = len < TEXT_MAX_BYTES ? malloc(sizeof *kept + len + 1) : NULL;
    if (!kept) {
        page->out->failed = true;
        return NULL;
    }
    kept->before = page->kept;
    page->kept = kept;
    kept->text[len] = '\0';
    return kept->text;
}

/* Takes what `made` holds as a text of the page. */
static const char *keep(struct page *page, struct buf *made)
{
    char *text = new_text(page, made->failed ? TEXT_MAX_BYTES : made->len);
    if (text && made->len > 0)
        memcpy(text, made->at, made->len);
    buf_fini(made);
    return text ? text : "";
}

void page_end(struct page *page)
{
    while (page->kept) {
        struct kept *before = page->kept->before;
        free(page->kept);
        page->kept = before;
    }
}

const char *page_say(struct page *page, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    char *text = new_text(page, len < 0 ? TEXT_MAX_BYTES : (size_t)len);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text ? text : "";
}

/* A list of scalars has commas between; other containers are shown as JSON. */
static void put_raw(struct buf *out, struct slice value)
{
    struct items items = value_items(value);
    struct slice item;
    bool first = true;
    if (!items.any) {
        value_put(out, value);
        return;
    }
    while (value_next(&items, &item)) {
        if (!first)
            buf_text(out, ", ");
        first = false;
        value_put(out, item);
    }
}

/* A value as text for people, clean; "" for null and absent. */
const char *page_value(struct page *page, struct slice value)
{
    struct buf raw, clean;
    buf_init(&raw, TEXT_MAX_BYTES);
    buf_init(&clean, TEXT_MAX_BYTES);
    put_raw(&raw, value);
    text_clean(&clean, raw.len ? raw.at : "", raw.len);
    clean.failed = clean.failed || raw.failed;
    buf_fini(&raw);
    return keep(page, &clean);
}

const char *page_text(struct page *page, struct slice object, const char *path)
{
    return page_value(page, value_at(object, path));
}

const char *page_key(struct page *page, struct slice key)
{
    struct buf clean;
    buf_init(&clean, TEXT_MAX_BYTES);
    text_clean(&clean, key.at, key.len);
    return keep(page, &clean);
}

/* 0.8312 as "0.83"; "" when it is no number. */
const char *page_decimal(struct page *page, struct slice object, const char *path, int decimals)
{
    double number = value_number(value_at(object, path));
    return isnan(number) ? "" : page_say(page, "%.*f", decimals, number);
}

const char *page_percent(struct page *page, struct slice object, const char *path)
{
    double number = value_number(value_at(object, path));
    return isnan(number) ? "" : page_say(page, "%.1f%%", 100 * number);
}

const char *page_share(struct page *page, double share)
{
    double percent = 100 * share;
    if (percent == 0)
        return "0%";
    return percent < 0.0001 ? "under 0.0001%" : page_say(page, "%.3g%%", percent);
}

const char *page_plural(double n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

const char *page_grouped(struct page *page, int64_t number)
{
    char digits[32], shown[48];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)(number < 0 ? -number : number)), at = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            shown[at++] = ',';
        shown[at++] = digits[i];
    }
    return page_say(page, "%s%.*s", number < 0 ? "-" : "", at, shown);
}

const char *page_whole(struct page *page, struct slice object, const char *path)
{
    struct slice value = value_at(object, path);
    return value_missing(value) ? "" : page_grouped(page, value_whole(value));
}

const char *page_pounds(struct page *page, struct slice object, const char *path)
{
    struct slice value = value_at(object, path);
    int64_t number = value_whole(value);
    return value_missing(value)
               ? ""
               : page_say(page, "%s£%s", number < 0 ? "-" : "", page_grouped(page, number < 0 ? -number : number));
}

void page_heading(struct page *page, const char *words)
{
    text_heading(page->out, page->screen, words);
}

void page_paragraph(struct page *page, const char *words)
{
    text_paragraph(page->out, page->screen, 0, STYLE_PLAIN, words);
}

void page_point(struct page *page, const char *words)
{
    text_paragraph(page->out, page->screen, 2, STYLE_PLAIN, words);
}

void page_gap(struct page *page)
{
    buf_char(page->out, '\n');
}

/* The table, and what there was no room for. */
void page_table(struct page *page, struct table *table, enum narrowing narrowing)
{
    table_put(table, page->screen, 0, narrowing, page->out);
    const char *names = table->n_left_out > LEFT_OUT_NAMED ? page_say(page, "%zu columns", table->n_left_out) : "";
    for (size_t c = 0; c < table->n_columns && table->n_left_out <= LEFT_OUT_NAMED && table->n_left_out > 0; c++)
        if (table->left_out[c])
            names = page_join(page, names, ", ", table->columns[c].title);
    if (table->n_left_out > 0)
        page_paragraph(
            page, page_say(page, "Left out for want of room: %s. A wider terminal shows more, --json all.", names));
    table_fini(table);
}

/* `words` after `before`, with `between` when both are something. */
const char *page_join(struct page *page, const char *before, const char *between, const char *words)
{
    return page_say(page, "%s%s%s", before, *before && *words ? between : "", words);
}

void page_left_out(struct page *page, size_t shown, size_t n, const char *what)
{
    if (n > shown)
        page_paragraph(page, page_say(page, "... and %s more %s: --json has all.",
                                      page_grouped(page, (int64_t)(n - shown)), what));
}

void page_revisions(struct page *page, struct slice result)
{
    if (value_missing(value_at(result, "dataset")))
        return;
    page_gap(page);
    text_paragraph(page->out, page->screen, 0, STYLE_FAINT,
                   page_say(page, "dataset %.12s  policy %.12s", page_text(page, result, "dataset"),
                            page_text(page, result, "policy")));
}
