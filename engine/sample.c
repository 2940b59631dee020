/*
 * Where prices begin: a large country is first priced in miniature. Every so-manieth post and leader, with limits cut to the
 * same part, is a country of its own whose prices are found in a moment; they are near enough for the first candidates and
 * spare the whole its longest way. They prove nothing, so nothing has to be exact here: hours and pounds are cut as if they
 * could be shared, and demands are left out.
 *
 * A sample that is itself large begins in a sample of its own. And of a large country its sample prices leaders, too, also
 * those who are not in it: by what they could get at its posts.
 */
#include "country.h"

#include <string.h>

#define FINE_ENOUGH 1e-2

enum {
    PAIRS_LEAST = 1000000,
    PAIRS_WANTED = 200000,
    STRIDE_MOST = 5, /* the sample of a larger country is itself begun in a sample */
    ASK_EVERY = 256  /* posts, whether to stop */
};

static size_t stride_for(size_t n_pairs)
{
    size_t stride = 2;
    while (stride < STRIDE_MOST && n_pairs / (stride * stride) > PAIRS_WANTED)
        stride++;
    return stride;
}

static int sample_pairs(struct country *c, struct country *part)
{
    size_t stride = part->stride;
    const struct pairs *all = &c->all;
    struct pairs *few = &part->all;
    size_t most = 0;
    *few = (struct pairs){.n_posts = all->n_posts};
    for (size_t j = 0; j < all->n_posts; j += stride)
        most += all->first[j + 1] - all->first[j];
    few->first = arena_alloc(part->arena, all->n_posts + 1, sizeof *few->first);
    few->lane = arena_alloc(part->arena, most + 1, sizeof *few->lane);
    few->benefit_micro = arena_alloc(part->arena, most + 1, sizeof *few->benefit_micro);
    few->common_micro = arena_alloc(part->arena, most + 1, sizeof *few->common_micro);
    if (!few->first || !few->lane || !few->benefit_micro || !few->common_micro)
        return WM_EMEMORY;
    for (size_t j = 0; j < all->n_posts; j++) {
        few->first[j] = few->n;
        few->stopped |= j % ASK_EVERY == 0 && country_stops(c);
        for (size_t i = all->first[j]; !few->stopped && j % stride == 0 && i < all->first[j + 1]; i++)
            if (all->lane[i] % stride == 0) {
                few->lane[few->n] = all->lane[i];
                few->benefit_micro[few->n] = all->benefit_micro[i];
                few->common_micro[few->n++] = all->common_micro[i];
            }
    }
    few->first[all->n_posts] = few->n;
    return few->stopped ? WM_OK : price_most(few, part->arena, &part->s, &part->options);
}

/* `share` is by how much fewer posts and leaders there are than in `c`. */
static int sample_country(struct country *c, struct country *part, size_t share)
{
    const struct scenario *s = &c->plain;
    struct arena *arena = part->arena;
    part->s = *s;
    part->s.limit = arena_alloc(arena, s->n_resources, sizeof *part->s.limit);
    part->s.menus = arena_alloc(arena, s->n_posts + 1, sizeof *part->s.menus);
    part->s.must_fill = arena_alloc(arena, s->n_posts + 1, sizeof *part->s.must_fill);
    part->s.lock_of_lane = arena_alloc(arena, s->n_lanes + 1, sizeof *part->s.lock_of_lane);
    if (!part->s.limit || !part->s.menus || !part->s.must_fill || !part->s.lock_of_lane)
        return WM_EMEMORY;
    for (size_t j = 0; j < s->n_posts; j += part->stride)
        part->s.menus[j] = s->menus[j];
    for (size_t i = 0; i < s->n_lanes; i++)
        part->s.lock_of_lane[i] = -1;
    for (size_t r = 0; r < s->n_resources; r++)
        part->s.limit[r] = r < s->n_posts || s->limit[r] == LIMIT_NONE ? s->limit[r] : s->limit[r] / (int64_t)share;
    part->plain = part->s;
    int status = sample_pairs(c, part);
    if (status == WM_OK)
        status = country_lay_out(part);
    for (size_t r = 0; status == WM_OK && r < s->n_resources; r++)
        part->room[r] = part->s.limit[r]; /* a share of an hour is worth its share here */
    return status;
}

/*
 * What each leader could get beyond its price at the posts of the sample, where these prices are known: roughly what it is
 * worth to all. Candidates then are whom a post could have, not those whom every post wants.
 */
static int price_leaders(struct country *c, struct country *part)
{
    struct scan scan;
    struct pricing *pricing = pricing_new(part->arena, &part->s, part->price, &part->options);
    int64_t *nothing = arena_alloc(part->arena, c->s.n_lanes + 1, sizeof *nothing);
    if (!pricing || !nothing)
        return WM_EMEMORY;
    int status = price_scan(&scan, part->arena, pricing, &c->all, part->price, nothing, 0, 1, &part->options);
    part->stopped |= scan.stopped;
    for (size_t f = 0; status == WM_OK && f < scan.n_found; f++)
        if (scan.found[f].reduced > c->lane_price[scan.found[f].lane])
            c->lane_price[scan.found[f].lane] = scan.found[f].reduced;
    c->spread = status == WM_OK && !scan.stopped;
    return status;
}

int sample_prices(struct country *c)
{
    struct arena arena;
    if (c->all.n < PAIRS_LEAST)
        return WM_OK;
    arena_init(&arena, SIZE_MAX);
    size_t share = stride_for(c->all.n);
    struct country part = {.dataset = c->dataset,
                           .request = c->request,
                           .options = c->options,
                           .arena = &arena,
                           .stride = share * (c->stride > 0 ? c->stride : 1),
                           .fine = FINE_ENOUGH};
    part.options.progress = NULL;
    int status = sample_country(c, &part, share);
    part.stopped = part.all.stopped;
    if (status == WM_OK && !part.stopped)
        status = sample_prices(&part);
    if (status == WM_OK && !part.stopped)
        status = country_price(&part);
    if (status == WM_OK && part.priced && !part.stopped && country_is_large(c))
        status = price_leaders(c, &part);
    c->stopped |= part.stopped;
    if (status == WM_OK && part.priced) {
        memcpy(c->price + c->s.n_posts, part.price + c->s.n_posts,
               (c->s.n_resources - c->s.n_posts) * sizeof *c->price);
        c->sampled = true;
    }
    arena_fini(&arena);
    return status;
}
