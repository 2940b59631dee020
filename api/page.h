/*
 * The pages that people read: from a path and the results of methods to a text of HTML. No HTTP, no engine, no clock:
 * a page asks for results by name and params until it has all of them, so whoever makes one may get them from a cache,
 * a worker or a test.
 *
 *     struct page *page = page_new(&asked);
 *     while (!page_make(page))
 *         for (size_t i = 0; page_open(page, i); i++) ... run it ... page_give(page, i, code, body);
 *     page->status, page->location, page->html
 *
 * A page function runs from its top each time; page_ask gives what is there already. Written are only literal texts
 * with %-places, and what goes into a place is escaped: there is no way to put a text unescaped.
 */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "buf.h"
#include "json.h"

#include <jansson.h>

struct page;

enum { PAGE_IDS = 2, PAGE_HTML_MAX = 4 << 20, PAGE_ROWS = 50 /* of a long table on one page */ };

/* What is asked of a page. All texts are the caller's, for the page's life. */
struct page_asked {
    void (*write)(struct page *page); /* which page: one of those at the end */
    const char *id[PAGE_IDS];         /* what it is about: a post, a leader, a plan, a job */
    /* A member of the query, or of a form that was sent; NULL: there is none of that name. */
    const char *(*field)(const void *self, const char *name);
    const void *self;
    bool sent;         /* a form was sent: POST */
    int refused;       /* of page_refusal: the status; its id is the reason */
    const char *nonce; /* a text that no other page has: tells a form sent twice */
    bool restricted;   /* tables that name leaders may be downloaded */
};

struct page_call { /* a result that a page asked for */
    struct page_call *next;
    const char *method, *params;
    bool given;
    int code; /* 0: a result; else an error object's */
    json_t *body;
};

struct page_scrap; /* memory of the page's texts, freed with it */

struct page {
    struct page_asked asked;
    struct page_call *calls;
    bool waits;  /* something asked for is not there yet: what is written is thrown away */
    bool opened; /* the head is written */
    bool faulty; /* what was sent cannot be taken as it is: the title says so first */
    int status;
    const char *location; /* of a 303; else NULL */
    int refresh_s;        /* without scripts the page asks again after so long; 0: it does not */
    struct buf html;
    struct page_scrap *scraps;
    json_t *kept;               /* an array of what page_keep was given */
    const char *const *columns; /* of the table that is being written, and the one whose cell comes next */
    size_t column;
};

/* ---- For who serves pages ---- */

struct page *page_new(const struct page_asked *asked); /* NULL: out of memory */
void page_free(struct page *page);
/* True when it is made. False: the results of page_open(page, 0), (page, 1) ... are needed first. */
bool page_make(struct page *page);
const struct page_call *page_open(const struct page *page, size_t index); /* NULL: there are no more */
/* The result or the error object of the index-th open one. What is no JSON counts as an error inside. */
void page_give(struct page *page, size_t index, int code, struct slice body);

/* ---- For pages: asking ---- */

/* The result of a method, or NULL: not there yet (page->waits), or it failed; then page_failed has its error object. */
const json_t *page_ask(struct page *page, const char *method, const char *params);
const json_t *page_failed(struct page *page, const char *method, const char *params);
/* A value that the page has made and lives as long as it does; may be NULL. */
json_t *page_keep(struct page *page, json_t *made);
/* A member of the query or the form; "" when it is not there. */
const char *page_field(struct page *page, const char *name);
size_t page_number(struct page *page, const char *name, size_t max); /* 0 when it is no number */

/* Reading results: a path of names, '/' between; what is missing or null is NULL, 0, "", false. */
json_t *at(const json_t *json, const char *path);
const char *text_at(const json_t *json, const char *path);
int64_t number_at(const json_t *json, const char *path);
double real_at(const json_t *json, const char *path);
bool true_at(const json_t *json, const char *path);
bool known_at(const json_t *json, const char *path);

/* ---- For pages: writing ---- */

/* Writes a literal text; %s (escaped), %d, %zu, %lld, %.1f, %.2f, %.3f and %% are its places. */
#define put(page, ...) page_put((page), "" __VA_ARGS__)
void page_put(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Memory that lives as long as the page; NULL once there is none, which the page then says by html.failed. */
void *page_room(struct page *page, size_t size);
/* Texts of that memory, "" without any. */
const char *page_words(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *say_number(struct page *page, int64_t number);                                   /* 36,000 */
const char *say_count(struct page *page, int64_t number, const char *one, const char *many); /* 1 post */
const char *say_pounds(struct page *page, int64_t pounds);                                   /* £29,750 */
const char *say_percent(struct page *page, double share, int decimals);                      /* 6.0% */
const char *say_benefit(struct page *page, double benefit);                                  /* 0.0369 */
const char *say_date(struct page *page, const char *iso);                                    /* 4 May 2026 */
const char *say_word(struct page *page, const char *word);                                   /* Band 9 */
const char *say_upper(struct page *page, const char *text);                                  /* with a capital */
const char *say_inside(struct page *page, const char *text); /* without, as within a sentence; HR director stays */
/* A sentence of the engine, its dates and words of vocabularies as people write them. */
const char *say_sentence(struct page *page, const char *sentence);
const char *say_words(struct page *page, const json_t *words); /* a, b and c */
const char *say_lower(struct page *page, const char *word);    /* band 9 */
const char *say_rule(struct page *page, const char *rule);     /* Role held before */
const char *say_url(struct page *page, const char *id);        /* an id as a part of a URL */
const char *say_json(struct page *page, const char *text);     /* a text as a JSON string, for params */
const char *say_length(struct page *page, int64_t ms);         /* 9 seconds */
/* "extend the fit and proper person check of L000169 to ..."; and several as one sentence, without its stop
   (page_change.c). */
const char *say_change(struct page *page, const json_t *change);
const char *say_changes(struct page *page, const json_t *changes, bool together);
const char *say_kind(struct page *page, const char *kind, int64_t number);

/* ---- For pages: parts that all have (page_parts.c) ---- */

struct crumb {
    const char *href, *text;
};

/* The head of a page to its h1 (a literal caption may stand above it), with the way to it; `here` is the entry of
   the navigation. */
void page_head(struct page *page, const char *here, const char *title, const struct crumb *crumbs, size_t n);
/* The same in two: what went wrong with a form stands between them. */
void page_top(struct page *page, const char *here, const char *title, const struct crumb *crumbs, size_t n);
void page_title(struct page *page, const char *title);
void page_foot(struct page *page);
/* A whole page that says that something failed; `error` is what the method said. */
void page_error(struct page *page, const json_t *error);
void page_not_found(struct page *page, const char *what);
/* The page of a plan that there is not yet. */
void page_no_plan(struct page *page, const char *here, const char *title);

/* A table that scrolls inside itself where the window is narrow, and whose rows are cards where it is narrower still:
   each cell knows the name of its column. Names of columns end by NULL; '#' before a name: numbers; '-': it cannot be
   sorted by. The caption states what the table shows. */
void table_begin(struct page *page, const char *id, const char *caption, const char *const columns[]);
void table_end(struct page *page);
void row_begin(struct page *page);
void row_end(struct page *page);
/* A cell to write into: classes beyond those of all, and what it is sorted by; NULL: by what it says. */
void cell_begin(struct page *page, const char *classes, const char *key);
void cell_end(struct page *page);
/* One cell of numbers: shown as `text`, sorted by `value`. */
void cell_number(struct page *page, double value, const char *text);
void cell_text(struct page *page, const char *text);
void cell_link(struct page *page, const char *href, const char *text);
void cell_none(struct page *page, const char *why); /* unknown: a dash, said as `why` */
void cell_date(struct page *page, const char *iso); /* "": unknown */
/* A link with what stands under it, or a text with it: a post and its reference. */
void cell_under(struct page *page, const char *href, const char *text, const char *under);
void cell_bar(struct page *page, double value, const char *text, double share, const char *tone);
/* What a placement costs, and whether its salary needs approval. */
void cell_cost(struct page *page, const json_t *placement);

/* A bar of `share` (0 to 1) of its width, with what it says beside it. */
void bar(struct page *page, double share, const char *tone);
/* A figure of the row of figures: value, and what it is. */
void figure(struct page *page, const char *value, const char *label, const char *note);
/* A row of a list of names and values. */
void fact(struct page *page, const char *name, const char *value);
void tag(struct page *page, const char *tone, const char *text);
/* Links to the pages before and after of a long table: `base` is a path and query to which offset is added under
   `name`. */
void pages(struct page *page, const char *base, const char *name, size_t offset, size_t rows, int64_t total,
           const char *what);

/* What a segment is called: "Segment 4", "No segment". */
const char *say_segment(struct page *page, const json_t *segment);

/* ---- For pages: what ids are called (page_names.c); the id itself where no name is known ---- */

const char *package_name(struct page *page, const char *id);
void cell_terms(struct page *page, const char *package, const char *mentor); /* mentor "": none */
const char *organisation_name(struct page *page, const char *ods_code);
const char *post_title(struct page *page, const char *id);
const char *post_place(struct page *page, const char *id); /* the name of its organisation, or "" */
const char *budget_name(struct page *page, const char *scope, const char *code);
/* Something scarce, within a sentence: "the budget of Stockport NHS Foundation Trust". */
const char *scarce_name(struct page *page, const char *resource, const char *of);

/* ---- The pages, one a file ---- */

void page_overview(struct page *page);
void page_posts(struct page *page);
void page_post(struct page *page);
void page_pair(struct page *page);
void page_plans(struct page *page);
void page_plan(struct page *page);
void page_run(struct page *page);
void page_job(struct page *page);
void page_cancel(struct page *page);
void page_service(struct page *page);
void page_data(struct page *page);
void page_refusal(struct page *page); /* what was asked for is no page: why, and the way home */

#endif
