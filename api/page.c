/* A page in the making: what it has asked for and what it was given. */
#include "page.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- Life ---- */

struct page_scrap {
    struct page_scrap *next;
    _Alignas(max_align_t) char bytes[];
};

static void *scrap(struct page *page, size_t size)
{
    struct page_scrap *new = malloc(sizeof *new + size);
    if (new == NULL)
        return NULL;
    new->next = page->scraps;
    page->scraps = new;
    return new->bytes;
}

struct page *page_new(const struct page_asked *asked)
{
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL)
        return NULL;
    page->asked = *asked;
    buf_init(&page->html, PAGE_HTML_MAX);
    return page;
}

void page_free(struct page *page)
{
    if (page == NULL)
        return;
    for (struct page_call *call = page->calls, *next; call; call = next) {
        next = call->next;
        json_decref(call->body);
        free(call);
    }
    for (struct page_scrap *kept = page->scraps, *next; kept; kept = next) {
        next = kept->next;
        free(kept);
    }
    json_decref(page->kept);
    buf_fini(&page->html);
    free(page);
}

void *page_room(struct page *page, size_t size)
{
    void *room = scrap(page, size);
    if (room == NULL)
        page->html.failed = page->html.starved = true;
    return room;
}

/* ---- Asking ---- */

static struct page_call *call_of(struct page *page, const char *method, const char *params)
{
    struct page_call **link = &page->calls;
    for (; *link; link = &(*link)->next)
        if (strcmp((*link)->method, method) == 0 && strcmp((*link)->params, params) == 0)
            return *link;
    struct page_call *call = calloc(1, sizeof *call);
    size_t size = strlen(params) + 1;
    char *kept = page_room(page, size);
    if (call == NULL || kept == NULL) {
        free(call);
        page->html.failed = page->html.starved = true;
        return NULL;
    }
    call->method = method; /* a literal */
    call->params = memcpy(kept, params, size);
    return *link = call;
}

const json_t *page_ask(struct page *page, const char *method, const char *params)
{
    const struct page_call *call = call_of(page, method, params);
    if (call && !call->given)
        page->waits = true;
    return call && call->given && call->code == 0 ? call->body : NULL;
}

const json_t *page_failed(struct page *page, const char *method, const char *params)
{
    const struct page_call *call = call_of(page, method, params);
    return call && call->given && call->code != 0 ? call->body : NULL;
}

json_t *page_keep(struct page *page, json_t *made)
{
    if (page->kept == NULL)
        page->kept = json_array();
    if (made && json_array_append_new(page->kept, made) == 0)
        return made;
    page->html.failed = page->html.starved = true;
    return NULL;
}

const struct page_call *page_open(const struct page *page, size_t index)
{
    for (const struct page_call *call = page->calls; call; call = call->next)
        if (!call->given && index-- == 0)
            return call;
    return NULL;
}

void page_give(struct page *page, size_t index, int code, struct slice body)
{
    struct page_call *call = page->calls;
    for (; call; call = call->next)
        if (!call->given && index-- == 0)
            break;
    assert(call != NULL);
    call->given = true;
    call->code = code;
    call->body = body.len ? json_loadb(body.at, body.len, 0, NULL) : NULL;
    if (call->body == NULL && code == 0)
        call->code = -1;
}

bool page_make(struct page *page)
{
    buf_cut(&page->html, 0);
    page->waits = page->opened = page->faulty = false;
    page->status = 200;
    page->location = NULL;
    page->refresh_s = 0;
    page->asked.write(page);
    /* A page without memory, or past its ceiling, is made: there is nothing more to wait for. */
    return page->html.failed || !page->waits;
}
