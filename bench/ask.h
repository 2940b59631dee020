/* The two ways in which a shortlist of ten is asked for while it is timed: of the engine, and of the method with its JSON. */
#ifndef WM_ASK_H
#define WM_ASK_H

#include "jsonrpc.h"
#include "method.h"

#include <stdio.h>
#include <string.h>

static inline bool ask_engine(struct wm_dataset *dataset, size_t post)
{
    struct wm_query query = WM_QUERY_INIT;
    struct wm_shortlist *shortlist;
    query.subject = post;
    if (wm_shortlist_make(dataset, &query, &shortlist) != WM_OK)
        return false;
    wm_shortlist_free(shortlist);
    return true;
}

static inline bool ask_method(struct wm_dataset *dataset, size_t post)
{
    const struct method *method = method_find((struct slice){"match.shortlist", strlen("match.shortlist")});
    char params[64];
    snprintf(params, sizeof params, "{\"post\":\"%s\"}", wm_row_id(dataset, WM_POSTS, post));
    struct method_call call = {.dataset = dataset, .params = {params, strlen(params)}};
    struct buf out;
    buf_init(&out, ANSWER_MAX_BYTES);
    bool good = method_run(method, &call, &out) == 0;
    buf_fini(&out);
    return good;
}

#endif
