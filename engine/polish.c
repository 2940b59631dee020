/*
 * A plan made better part by part. What a plan falls short of the bound is the sum of what its parts fall short: columns
 * that are not the best for their leader and post, openings with a price that stay open, priced hours and pounds that stay
 * unused. Around the places where most is lost some dozens of posts are taken out - those that compete for the same leaders,
 * mentors and money - and filled again by the exact solver, all else staying as it is (large neighbourhood search: Shaw
 * 1998; here steered by prices instead of chance). No part can come out worse.
 *
 * A near part is the post where most is lost and those that compete with it; a far one is what chains of exchanges that
 * begin there can reach, those first that fall least short on the way: what costs more than was lost mends nothing.
 */
#include "draft.h"

#include <stdlib.h>
#include <string.h>

enum {
    STEPS_LOSS = 20, /* of a loss: what each exchange on the way counts */
    SPREAD = 10,     /* columns of a post that tell what it competes for */
    USERS_MOST = 25  /* of a resource, for its users to be of the same part */
};

struct polish {
    struct draft *d;
    struct parts parts;
    double wanted;      /* gap */
    uint32_t *by_short; /* [n] columns by post, then by shortfall */
    wide *loss;         /* [n_posts] femto */
    bool *tried;        /* [n_posts] as the middle of a part, since something changed there */
    bool *in_part;      /* [n_posts] */
    uint32_t *post;     /* [parts.posts] of the part */
    size_t n_posts;
    size_t *first_user; /* [n_resources + 2] posts that use it now */
    uint32_t *user;
    wide *reach;             /* [n_posts] what exchanges cost on the way to it */
    bool *asked;             /* [n_resources] whoever uses it was asked to give way */
    wide *used;              /* [n_resources] of the priced scenario */
    struct column *column;   /* the part's */
    int64_t *taken_out;      /* [n_lanes] columns */
    int64_t *left;           /* [n_resources] */
    struct pick *was, *pick; /* [n_lanes] the part's, before and after */
};

/* ---- what is lost where ---- */

/* By limits as they are where exchanges ask what fits; else as they are priced. */
static void list_users(struct polish *p)
{
    const struct draft *d = p->d;
    const struct scenario *s = p->parts.far ? &d->c->plain : &d->c->s;
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    memset(p->first_user, 0, (s->n_resources + 2) * sizeof *p->first_user);
    for (size_t i = 0; i < s->n_lanes; i++)
        for (size_t u = 0, n = d->chosen[i] < 0 ? 0 : pick_uses(s, &d->column[d->chosen[i]].pick, r, a); u < n; u++)
            p->first_user[r[u] + 2]++;
    for (size_t k = 2; k < s->n_resources + 2; k++)
        p->first_user[k] += p->first_user[k - 1];
    for (size_t i = 0; i < s->n_lanes; i++)
        for (size_t u = 0, n = d->chosen[i] < 0 ? 0 : pick_uses(s, &d->column[d->chosen[i]].pick, r, a); u < n; u++)
            p->user[p->first_user[r[u] + 1]++] = d->column[d->chosen[i]].pick.post;
}

static void add_used(struct polish *p)
{
    const struct draft *d = p->d;
    const struct scenario *s = &d->c->s;
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    memset(p->used, 0, s->n_resources * sizeof *p->used);
    for (size_t i = 0; i < s->n_lanes; i++)
        for (size_t u = 0, n = d->chosen[i] < 0 ? 0 : pick_uses(s, &d->column[d->chosen[i]].pick, r, a); u < n; u++)
            p->used[r[u]] += a[u];
}

/* What has become less scarce than before still counts as before: it waits for somebody to use it. */
static int64_t price_of(const struct country *c, uint32_t r)
{
    return c->price_before && c->price_before[r] > c->price[r] ? c->price_before[r] : c->price[r];
}

/* What is unused of a scarce resource is blamed on the post that could use it with the least shortfall. */
static void blame_unused(struct polish *p)
{
    const struct draft *d = p->d;
    const struct country *c = d->c;
    const struct scenario *s = &c->s;
    for (size_t j = 0; j < s->n_posts; j++)
        for (size_t at = d->first[j], seen = 0; at < d->first[j + 1] && seen < SPREAD; at++, seen++) {
            const struct column *column = &d->column[p->by_short[at]];
            uint32_t r[USES_MAX + 1];
            int64_t a[USES_MAX + 1];
            wide worth = 0;
            if (d->chosen[column->pick.lane] == p->by_short[at])
                continue;
            for (size_t u = 1, n = pick_uses(s, &column->pick, r, a); u < n; u++)
                if (c->scarce_at[r[u]] != UINT32_MAX && c->room[r[u]] - p->used[r[u]] >= a[u])
                    worth += (wide)price_of(c, r[u]) * a[u];
            worth -= column->short_femto;
            p->loss[j] = worth > p->loss[j] ? worth : p->loss[j];
        }
}

static void find_losses(struct polish *p)
{
    const struct draft *d = p->d;
    const struct country *c = d->c;
    list_users(p);
    add_used(p);
    memset(p->loss, 0, c->s.n_posts * sizeof *p->loss);
    blame_unused(p);
    for (size_t j = 0; j < c->s.n_posts; j++)
        if (c->price[j] > 0)
            p->loss[j] += (wide)c->price[j] * (c->plain.limit[j] - d->used[j]);
    for (size_t i = 0; i < c->s.n_lanes; i++)
        if (d->chosen[i] != NO_COLUMN)
            p->loss[d->column[d->chosen[i]].pick.post] += d->column[d->chosen[i]].short_femto;
}

/* ---- a part ---- */

static void add_post(struct polish *p, uint32_t post)
{
    if (p->in_part[post] || p->n_posts == p->parts.posts)
        return;
    p->in_part[post] = true;
    p->post[p->n_posts++] = post;
}

/* Whoever holds what the columns of this post would use. */
static void add_rivals(struct polish *p, uint32_t post)
{
    const struct draft *d = p->d;
    const struct country *c = d->c;
    for (size_t at = d->first[post], seen = 0; at < d->first[post + 1] && seen < SPREAD; at++, seen++) {
        const struct column *column = &d->column[p->by_short[at]];
        uint32_t r[USES_MAX + 1];
        int64_t a[USES_MAX + 1];
        int64_t held = d->chosen[column->pick.lane];
        if (held != NO_COLUMN)
            add_post(p, d->column[held].pick.post);
        for (size_t u = 1, n = pick_uses(&c->s, &column->pick, r, a); u < n; u++) {
            size_t from = p->first_user[r[u]], to = p->first_user[r[u] + 1];
            for (size_t k = from; c->price[r[u]] > 0 && to - from <= USERS_MOST && k < to; k++)
                add_post(p, p->user[k]);
        }
    }
}

static int64_t use_of(const struct scenario *s, const struct pick *pick, uint32_t resource)
{
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1], use = 0;
    for (size_t u = 0, n = pick_uses(s, pick, r, a); u < n; u++)
        use = r[u] == resource ? a[u] : use;
    return use;
}

/* What the post falls short at least with a column that takes nothing of a resource, or leaving its opening empty. */
static wide cost_of_yielding(const struct polish *p, uint32_t post, uint32_t resource)
{
    const struct draft *d = p->d;
    for (size_t at = d->first[post]; at < d->first[post + 1]; at++) {
        const struct column *column = &d->column[p->by_short[at]];
        if (column->short_femto >= d->c->price[post])
            break;
        if (d->chosen[column->pick.lane] != p->by_short[at] && use_of(&d->c->plain, &column->pick, resource) == 0)
            return column->short_femto;
    }
    return d->c->price[post];
}

static void reach(struct polish *p, uint32_t post, wide cost)
{
    if (p->reach[post] < 0 || cost < p->reach[post])
        p->reach[post] = cost;
}

/* Who would have to give way for the columns of this post, and what that would cost. */
static void reach_rivals(struct polish *p, uint32_t post, wide step, wide most)
{
    const struct draft *d = p->d;
    const struct scenario *s = &d->c->plain;
    for (size_t at = d->first[post]; at < d->first[post + 1]; at++) {
        const struct column *column = &d->column[p->by_short[at]];
        uint32_t r[USES_MAX + 1];
        int64_t a[USES_MAX + 1], held = d->chosen[column->pick.lane];
        wide cost = p->reach[post] + column->short_femto + step;
        if (cost > most)
            break;
        if (held == p->by_short[at])
            continue;
        if (held != NO_COLUMN)
            reach(p, d->column[held].pick.post, cost);
        for (size_t u = 1, n = pick_uses(s, &column->pick, r, a); u < n; u++) {
            if (p->asked[r[u]] || s->limit[r[u]] == LIMIT_NONE || s->limit[r[u]] - d->used[r[u]] >= a[u])
                continue;
            p->asked[r[u]] = true;
            for (size_t k = p->first_user[r[u]]; k < p->first_user[r[u] + 1]; k++)
                reach(p, p->user[k], cost + cost_of_yielding(p, p->user[k], r[u]));
        }
    }
}

/* The posts that exchanges beginning at the seed can reach for the least (Dijkstra 1959), each exchange a step. */
static void gather_far(struct polish *p, uint32_t seed)
{
    const struct scenario *s = &p->d->c->plain;
    wide most = p->loss[seed], step = most / STEPS_LOSS;
    memset(p->in_part, 0, s->n_posts * sizeof *p->in_part);
    memset(p->asked, 0, s->n_resources * sizeof *p->asked);
    for (size_t j = 0; j < s->n_posts; j++)
        p->reach[j] = -1;
    p->reach[seed] = 0;
    p->n_posts = 0;
    for (uint32_t next = seed; next < s->n_posts && p->n_posts < p->parts.posts;) {
        add_post(p, next);
        reach_rivals(p, next, step, 2 * most);
        next = (uint32_t)s->n_posts;
        for (uint32_t j = 0; j < s->n_posts; j++)
            if (!p->in_part[j] && p->reach[j] >= 0 && (next == s->n_posts || p->reach[j] < p->reach[next]))
                next = j;
    }
}

static void gather(struct polish *p, uint32_t seed)
{
    if (p->parts.far) {
        gather_far(p, seed);
        return;
    }
    memset(p->in_part, 0, p->d->c->s.n_posts * sizeof *p->in_part);
    p->n_posts = 0;
    add_post(p, seed);
    for (size_t i = 0; i < p->n_posts && p->n_posts < p->parts.posts; i++)
        add_rivals(p, p->post[i]);
}

static size_t take_out(struct polish *p)
{
    struct draft *d = p->d;
    size_t n = 0;
    for (size_t i = 0; i < d->c->s.n_lanes; i++) {
        int64_t column = d->chosen[i];
        if (column == NO_COLUMN || !p->in_part[d->column[column].pick.post])
            continue;
        draft_leave(d, column);
        p->taken_out[n++] = column;
    }
    return n;
}

/*
 * In a plan from before nobody is moved for less than what the gap leaves open of a placement's value: what there is counts
 * for so much more.
 */
static int64_t worth_of_staying(const struct polish *p)
{
    const struct country *c = p->d->c;
    return c->warm ? (int64_t)(p->wanted * (double)c->proven_nano / (double)(c->n_picks + 1)) : 0;
}

/* The columns that could fill the part: what was taken out, and for each post those that fall least short. */
static size_t list_columns(struct polish *p, size_t n_out)
{
    const struct draft *d = p->d;
    int64_t stay = worth_of_staying(p);
    size_t n = 0;
    for (size_t i = 0; i < n_out; i++) {
        p->column[n] = d->column[p->taken_out[i]];
        p->column[n++].value_nano += stay;
    }
    for (size_t k = 0; k < p->n_posts; k++)
        for (size_t at = d->first[p->post[k]], seen = 0; at < d->first[p->post[k] + 1] && seen < p->parts.columns;
             at++) {
            const struct column *column = &d->column[p->by_short[at]];
            bool out = false;
            if (d->chosen[column->pick.lane] != NO_COLUMN)
                continue;
            for (size_t i = 0; i < n_out && !out; i++)
                out = p->taken_out[i] == p->by_short[at];
            if (!out)
                p->column[n++] = *column;
            seen++;
        }
    return n;
}

static int64_t column_of(const struct draft *d, const struct pick *pick)
{
    size_t at = d->first[pick->post];
    while (d->column[at].pick.lane != pick->lane || d->column[at].pick.entry != pick->entry)
        at++;
    return (int64_t)at;
}

/* Makes the part around a post anew; *gained if the plan is better for it. */
static int redo(struct polish *p, uint32_t seed, bool *gained)
{
    struct draft *d = p->d;
    const struct scenario *s = &d->c->plain;
    size_t n = 0;
    wide was = d->value;
    gather(p, seed);
    size_t n_out = take_out(p), n_columns = list_columns(p, n_out);
    for (size_t r = 0; r < s->n_resources; r++)
        p->left[r] = s->limit[r] == LIMIT_NONE ? LIMIT_NONE : s->limit[r] - d->used[r];
    for (size_t i = 0; i < n_out; i++)
        p->was[i] = d->column[p->taken_out[i]].pick;
    int status = lift_columns(d->c, p->left, p->column, n_columns, p->was, n_out, 1e-6, p->parts.effort, p->pick, &n);
    for (size_t i = 0; i < n; i++)
        draft_take(d, column_of(d, &p->pick[i]));
    *gained = status == WM_OK && d->value > was;
    if (*gained)
        return status;
    for (size_t i = 0; i < n; i++)
        draft_leave(d, column_of(d, &p->pick[i]));
    for (size_t i = 0; i < n_out; i++)
        draft_take(d, p->taken_out[i]);
    return status;
}

/* ---- all of it ---- */

static int by_shortfall(const void *left, const void *right, void *arg)
{
    const struct draft *d = arg;
    const struct column *a = &d->column[*(const uint32_t *)left], *b = &d->column[*(const uint32_t *)right];
    if (a->pick.post != b->pick.post)
        return a->pick.post < b->pick.post ? -1 : 1;
    if (a->short_femto != b->short_femto)
        return a->short_femto < b->short_femto ? -1 : 1;
    return (a > b) - (a < b);
}

static int polish_init(struct polish *p, struct draft *d, struct arena *arena, double wanted, const struct parts *parts)
{
    const struct scenario *s = &d->c->s;
    size_t lanes = s->n_lanes + 1;
    *p = (struct polish){.d = d, .wanted = wanted, .parts = *parts};
    p->by_short = arena_alloc(arena, d->n + 1, sizeof *p->by_short);
    p->loss = arena_alloc(arena, s->n_posts + 1, sizeof *p->loss);
    p->tried = arena_alloc(arena, s->n_posts + 1, sizeof *p->tried);
    p->in_part = arena_alloc(arena, s->n_posts + 1, sizeof *p->in_part);
    p->post = arena_alloc(arena, parts->posts, sizeof *p->post);
    p->first_user = arena_alloc(arena, s->n_resources + 2, sizeof *p->first_user);
    p->user = arena_alloc(arena, lanes * (USES_MAX + 1), sizeof *p->user);
    p->reach = arena_alloc(arena, s->n_posts + 1, sizeof *p->reach);
    p->asked = arena_alloc(arena, s->n_resources, sizeof *p->asked);
    p->used = arena_alloc(arena, s->n_resources, sizeof *p->used);
    p->column = arena_alloc(arena, parts->posts * parts->columns + lanes, sizeof *p->column);
    p->taken_out = arena_alloc(arena, lanes, sizeof *p->taken_out);
    p->left = arena_alloc(arena, s->n_resources, sizeof *p->left);
    p->was = arena_alloc(arena, lanes, sizeof *p->was);
    p->pick = arena_alloc(arena, lanes, sizeof *p->pick);
    if (!p->by_short || !p->loss || !p->tried || !p->in_part || !p->post || !p->first_user || !p->user || !p->used ||
        !p->reach || !p->asked || !p->column || !p->taken_out || !p->left || !p->was || !p->pick)
        return WM_EMEMORY;
    for (size_t i = 0; i < d->n; i++)
        p->by_short[i] = (uint32_t)i;
    qsort_r(p->by_short, d->n, sizeof *p->by_short, by_shortfall, d);
    return WM_OK;
}

/* The post where most is lost and that was not tried yet; n_posts when nothing is worth another try. */
static uint32_t worst(const struct polish *p)
{
    uint32_t n = (uint32_t)p->d->c->s.n_posts, at = n;
    for (uint32_t j = 0; j < n; j++)
        if (!p->tried[j] && p->loss[j] > 0 && (at == n || p->loss[j] > p->loss[at]))
            at = j;
    return at;
}

int polish(struct draft *d, double wanted, const struct parts *parts)
{
    struct country *c = d->c;
    struct polish p;
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    int status = polish_init(&p, d, &arena, wanted, parts);
    if (status == WM_OK)
        find_losses(&p);
    for (size_t part = 0; part < parts->most && status == WM_OK && !country_stops(c); part++) {
        double bound = (double)c->proven_nano;
        uint32_t seed = worst(&p);
        bool gained;
        if (seed == c->s.n_posts || bound - (double)d->value <= wanted * bound)
            break;
        status = redo(&p, seed, &gained);
        p.tried[seed] = true;
        if (!gained)
            continue;
        find_losses(&p);
        for (size_t i = 0; i < p.n_posts; i++)
            p.tried[p.post[i]] = p.post[i] == seed;
    }
    arena_fini(&arena);
    return status;
}
