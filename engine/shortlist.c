/* The best k leaders for a post, by a total order: expected benefit, then id. */
#include "match.h"

#include <string.h>

struct shortlist_block { /* what wm_shortlist_free frees: the answer first, so that its address is the block's */
    struct wm_shortlist answer;
    struct arena arena;
};

/* Scratch for the whole sweep and the rows of the answer. */
static size_t arena_ceiling(const struct wm_dataset *dataset, const struct wm_query *query)
{
    return ((size_t)64 << 10) + 64 * (dataset->leaders.n_padded + dataset->tables[WM_PACKAGES].n_rows * 4) +
           2 * query->limit * sizeof(struct wm_match);
}

static int fill_rows(const struct wm_dataset *dataset, const struct wm_query *query, struct sweep *sweep,
                     struct wm_shortlist *out)
{
    size_t n = sweep->n_ranked, offset = query->offset < n ? query->offset : n;
    out->n_rows = query->limit < n - offset ? query->limit : n - offset;
    out->rows = arena_alloc(sweep->arena, out->n_rows + 1, sizeof *out->rows);
    if (out->rows == NULL)
        return WM_EMEMORY;
    ranked_select(sweep->ranked, n, offset + out->n_rows + 1); /* one more, for the last margin */
    for (size_t i = 0; i < out->n_rows; i++) {
        const struct ranked *r = &sweep->ranked[offset + i];
        match_fill(dataset, query->subject, r->lane, &sweep->offers[r->offer], &out->rows[i]);
        if (offset + i + 1 < n)
            out->rows[i].margin_nano = r->expected_nano - r[1].expected_nano;
    }
    return WM_OK;
}

static int fill_shortlist(const struct wm_dataset *dataset, const struct wm_query *query, struct sweep *sweep,
                          struct wm_shortlist *out)
{
    out->considered = dataset->leaders.n;
    out->eligible = sweep->n_ranked;
    out->refusals = sweep->sieve.refusals;
    out->severity = sweep->terms->severity;
    out->n_offers = dataset->tables[WM_PACKAGES].n_rows;
    out->offers = arena_alloc(sweep->arena, out->n_offers + 1, sizeof *out->offers);
    if (out->offers == NULL)
        return WM_EMEMORY;
    memcpy(out->offers, sweep->offers, out->n_offers * sizeof *out->offers);
    return fill_rows(dataset, query, sweep, out);
}

/* A block whose sweep has not begun to pass over the leaders. */
static int begin(const struct wm_dataset *dataset, const struct wm_query *query, struct sweep *sweep,
                 struct shortlist_block **out)
{
    struct arena arena;
    arena_init(&arena, arena_ceiling(dataset, query));
    struct shortlist_block *block = arena_alloc(&arena, 1, sizeof *block);
    if (block == NULL) {
        arena_fini(&arena);
        return WM_EMEMORY;
    }
    block->arena = arena;
    *out = block;
    return sweep_begin(dataset, query->subject, query, &block->arena, sweep);
}

/* Up to WM_SHORTLISTS_TOGETHER; on failure the blocks begun so far are left to the caller. */
static int make_together(const struct wm_dataset *dataset, const struct wm_query *queries, size_t n,
                         struct wm_shortlist **out)
{
    struct sweep sweeps[WM_SHORTLISTS_TOGETHER];
    int code = WM_OK;
    for (size_t i = 0; i < n && code == WM_OK; i++) {
        struct shortlist_block *block = NULL;
        code = begin(dataset, &queries[i], &sweeps[i], &block);
        out[i] = block == NULL ? NULL : &block->answer;
    }
    if (code == WM_OK)
        code = sweeps_run(dataset, sweeps, n);
    for (size_t i = 0; i < n && code == WM_OK; i++)
        code = fill_shortlist(dataset, &queries[i], &sweeps[i], out[i]);
    return code;
}

int wm_shortlists_make(const struct wm_dataset *dataset, const struct wm_query *queries, size_t n,
                       struct wm_shortlist **out)
{
    int code = WM_OK;
    for (size_t i = 0; i < n; i++) {
        code = query_check(dataset, &queries[i], WM_POSTS, WM_LEADERS);
        if (code != WM_OK)
            return code;
    }
    memset(out, 0, n * sizeof *out);
    for (size_t from = 0; from < n && code == WM_OK; from += WM_SHORTLISTS_TOGETHER) {
        size_t some = n - from < WM_SHORTLISTS_TOGETHER ? n - from : WM_SHORTLISTS_TOGETHER;
        code = make_together(dataset, queries + from, some, out + from);
    }
    for (size_t i = 0; i < n && code != WM_OK; i++) {
        wm_shortlist_free(out[i]);
        out[i] = NULL;
    }
    return code;
}

int wm_shortlist_make(const struct wm_dataset *dataset, const struct wm_query *query, struct wm_shortlist **out)
{
    struct wm_shortlist *made;
    int code = wm_shortlists_make(dataset, query, 1, &made);
    if (code == WM_OK)
        *out = made;
    return code;
}

void wm_shortlist_free(struct wm_shortlist *shortlist)
{
    if (shortlist == NULL)
        return;
    struct arena arena = ((struct shortlist_block *)shortlist)->arena; /* the block lies in it */
    arena_fini(&arena);
}
