/*
 * A page for people in the making: texts taken from an answer, and the headings, sentences and tables made of them. Every
 * text from an answer is cleaned here, so that nothing from data can steer a terminal. Texts live as long as the page.
 */
#ifndef API_CLIENT_PAGE_H
#define API_CLIENT_PAGE_H

#include "client_table.h"
#include "client_value.h"

struct kept;

struct page {
    struct buf *out; /* failed: memory, or its ceiling */
    const struct screen *screen;
    struct kept *kept; /* the texts, last first */
};

void page_end(struct page *page); /* frees the texts; what was put into `out` stays */

/* Texts. Each gives "" for a value that is null or absent, and when there is no memory. */
const char *page_say(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `words` after `before`, with `between` when both are something. */
const char *page_join(struct page *page, const char *before, const char *between, const char *words);
const char *page_value(struct page *page, struct slice value); /* lists with commas between */
const char *page_text(struct page *page, struct slice object, const char *path);
const char *page_key(struct page *page, struct slice key);
const char *page_decimal(struct page *page, struct slice object, const char *path, int decimals); /* 0.8312: "0.83" */
const char *page_percent(struct page *page, struct slice object, const char *path);               /* 0.8312: "83.1%" */
const char *page_grouped(struct page *page, int64_t number);                                      /* "12,345" */
const char *page_whole(struct page *page, struct slice object, const char *path);                 /* "12,345" */
const char *page_pounds(struct page *page, struct slice object, const char *path);                /* "£12,345" */
const char *page_share(struct page *page, double share);                                          /* 0.8312: "83.1%" */
const char *page_plural(double n, const char *one, const char *many);

/* What the page is made of. */
void page_heading(struct page *page, const char *words);
void page_paragraph(struct page *page, const char *words);
void page_point(struct page *page, const char *words); /* a paragraph further in */
void page_gap(struct page *page);
void page_table(struct page *page, struct table *table, enum narrowing narrowing); /* ends the table */
/* That of n rows only so many are shown; nothing when all are. */
void page_left_out(struct page *page, size_t shown, size_t n, const char *what);
void page_revisions(struct page *page, struct slice result);

#endif
