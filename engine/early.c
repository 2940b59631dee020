/*
 * A plan at once, so that whoever stops the solver has one. Before there are prices the post with the most to gain takes
 * whom it gains most by, and so on. Then there are assignments: one at some prices places each leader once and no post too
 * often, but heeds limits only as far as prices do, so its placements are taken in the order of their value, each on its
 * own terms or, where those no longer fit, on the best that do.
 *
 * Good prices make it better, so it is made again as prices improve. It is a rough one: what works on a plan that is nearly
 * right (dive.c, draft.c) begins without it. What locks and musts ask for it leaves to others (lift_demands).
 */
#include "country.h"

#include <stdlib.h>
#include <string.h>

enum {
    ASK_EVERY = 32,    /* posts, whether to stop */
    FIRST_ANYWAY = 256 /* posts that are filled also for who stops it: some plan is better than none */
};

struct offered {
    struct pick pick;
    int64_t value_nano;
};

struct rough { /* a plan in the making */
    const struct scenario *s;
    int64_t *left; /* [n_resources] of the limits; LIMIT_NONE */
    bool *placed;  /* [n_lanes] */
    struct pick *picks;
    size_t n;
    wide value;
};

static int rough_init(struct rough *p, const struct country *c, struct arena *arena)
{
    const struct scenario *s = &c->plain;
    *p = (struct rough){.s = s};
    p->left = arena_alloc(arena, s->n_resources, sizeof *p->left);
    p->placed = arena_alloc(arena, s->n_lanes + 1, sizeof *p->placed);
    p->picks = arena_alloc(arena, c->picks_most + 1, sizeof *p->picks);
    if (!p->left || !p->placed || !p->picks)
        return WM_EMEMORY;
    memcpy(p->left, s->limit, s->n_resources * sizeof *p->left);
    return WM_OK;
}

static bool fits(const struct rough *p, const struct pick *pick)
{
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(p->s, pick, r, a);
    for (size_t u = 0; u < n; u++)
        if (p->left[r[u]] != LIMIT_NONE && a[u] > p->left[r[u]])
            return false;
    return true;
}

static void take(struct rough *p, const struct offered *offered)
{
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(p->s, &offered->pick, r, a);
    for (size_t u = 0; u < n; u++)
        p->left[r[u]] -= p->left[r[u]] == LIMIT_NONE ? 0 : a[u];
    p->placed[offered->pick.lane] = true;
    p->picks[p->n++] = offered->pick;
    p->value += offered->value_nano;
}

/* The pair on the best terms that still fit; false: none that are worth anything. */
static bool take_best(struct rough *p, uint32_t lane, uint32_t post)
{
    const struct menu *menu = &p->s->menus[post];
    struct offered best = {.value_nano = 0};
    for (size_t k = 0; k < menu->n; k++) {
        struct offered other = {{lane, post, (uint16_t)k}, 0};
        if (!fits(p, &other.pick) || !scenario_allows(p->s, lane, post, &menu->entries[k]))
            continue;
        other.value_nano = pick_value_nano(p->s, &other.pick);
        if (other.value_nano > best.value_nano)
            best = other;
    }
    if (best.value_nano > 0)
        take(p, &best);
    return best.value_nano > 0;
}

static void offer(struct country *c, const struct rough *p)
{
    if (c->found && p->value <= c->value_nano)
        return;
    country_offer(c, p->picks, p->n, p->value);
    c->rough = true;
}

static bool is_wanted(const struct country *c)
{
    return (!c->found || c->rough) && c->plain.n_locks + c->request->n_must_fill == 0;
}

static int by_value(const void *left, const void *right)
{
    const struct offered *a = left, *b = right;
    if (a->value_nano != b->value_nano)
        return a->value_nano > b->value_nano ? -1 : 1;
    if (a->pick.post != b->pick.post)
        return a->pick.post < b->pick.post ? -1 : 1;
    return (a->pick.lane > b->pick.lane) - (a->pick.lane < b->pick.lane);
}

/* ---- before there are prices ---- */

/* The pair of the post that could gain most, of leaders without a place; false: none that gains. */
static bool best_of_post(const struct pairs *pairs, uint32_t post, const bool *placed, struct offered *out)
{
    *out = (struct offered){{0, post, 0}, 0};
    for (size_t i = pairs->first[post]; i < pairs->first[post + 1]; i++)
        if (!placed[pairs->lane[i]] && pairs->most_nano[i] > out->value_nano)
            *out = (struct offered){{pairs->lane[i], post, 0}, pairs->most_nano[i]};
    return out->value_nano > 0;
}

/* Is stopped while it is at work; who stopped it before has been left few pairs, and is not asked any more. */
static bool stops_early(struct country *c, bool asks)
{
    return asks && country_stops(c);
}

int early_first(struct country *c)
{
    struct arena arena;
    struct rough p;
    size_t n = 0;
    bool asks = !c->stopped;
    if (!is_wanted(c))
        return WM_OK;
    arena_init(&arena, SIZE_MAX);
    struct offered *posts = arena_alloc(&arena, c->plain.n_posts + 1, sizeof *posts), best;
    int status = rough_init(&p, c, &arena);
    if (status == WM_OK && posts) {
        for (uint32_t j = 0; j < c->all.n_posts && (j % ASK_EVERY > 0 || !stops_early(c, asks)); j++)
            n += c->plain.menus[j].n > 0 && best_of_post(&c->all, j, p.placed, &posts[n]);
        qsort(posts, n, sizeof *posts, by_value);
        for (size_t i = 0; i < n && (i % ASK_EVERY > 0 || i < FIRST_ANYWAY || !stops_early(c, asks)); i++) {
            uint32_t post = posts[i].pick.post;
            while (p.left[post] > 0 && best_of_post(&c->all, post, p.placed, &best) &&
                   take_best(&p, best.pick.lane, post))
                ;
        }
        offer(c, &p);
    }
    arena_fini(&arena);
    return posts ? status : WM_EMEMORY;
}

/* ---- from the placements of one look ---- */

int early_plan(struct country *c, const struct pick *picks, size_t n)
{
    struct arena arena;
    struct rough p;
    if (!is_wanted(c))
        return WM_OK;
    arena_init(&arena, SIZE_MAX);
    struct offered *offered = arena_alloc(&arena, n + 1, sizeof *offered);
    int status = rough_init(&p, c, &arena);
    if (status == WM_OK && offered) {
        for (size_t i = 0; i < n; i++)
            offered[i] = (struct offered){picks[i], pick_value_nano(p.s, &picks[i])};
        qsort(offered, n, sizeof *offered, by_value);
        for (size_t i = 0; i < n; i++)
            if (offered[i].value_nano > 0 && fits(&p, &offered[i].pick))
                take(&p, &offered[i]);
            else
                take_best(&p, offered[i].pick.lane, offered[i].pick.post);
        offer(c, &p);
    }
    arena_fini(&arena);
    return offered ? status : WM_EMEMORY;
}
