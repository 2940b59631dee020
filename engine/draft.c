/*
 * Plans from prices: the fractional answer rounded, repaired and improved over the columns that fall little short.
 *
 * Columns are taken greedily, those with the greatest share first, then those that fall least short of their leader's and
 * post's prices; whatever does not fit any more is passed over. Then the plan is improved by putting a column in by force:
 * the leader leaves its place, somebody makes room at the post, and both gaps are filled again as well as limits allow;
 * what gains stays. Integers decide what fits.
 */
#include "draft.h"

#include <stdlib.h>
#include <string.h>

/* Columns that fall short by more, of a placement's worth, are not looked at. */
#define SHORT 0.02
#define SHORT_WARM 0.003
#define SHORT_FAR 0.3

enum {
    COLUMNS_MOST = 1500000,
    PART_POSTS = 45,
    PART_POSTS_LARGE = 80,
    PART_POSTS_WARM = 30,
    PARTS_MOST = 500,
    PARTS_LARGE = 40,
    PARTS_FAR = 75,
    PART_POSTS_FAR = 30,
    PAIRS_FAR = 40, /* of a post */
    MENTORS_FAR = 3,
    COLUMNS_FAR = 100,
    COLUMNS_NEAR = 60,
    EFFORT = 8000,      /* of one part */
    PLACES_PART = 5,    /* openings for each part that is made anew */
    ASK_EVERY = 64,     /* columns between questions whether to stop */
    STEPS_MOST = 300000 /* columns looked at in improving one plan */
};

static int draft_init(struct draft *d, struct country *c, bool far, struct arena *arena);
static int mend(struct country *c);
static double wanted(const struct country *c);
static void fill_open_posts(struct draft *d);
static void take_found(struct draft *d);
static void take_greedily(struct draft *d);
static void improve(struct draft *d);
static void offer(struct draft *d, struct pick *picks);

int draft_plans(struct country *c)
{
    struct draft d;
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    c->phase = "plan";
    int status = draft_init(&d, c, false, &arena);
    struct pick *picks = arena_alloc(&arena, c->picks_most + 1, sizeof *picks);
    if (status == WM_OK && !picks)
        status = WM_EMEMORY;
    if (status == WM_OK) {
        if (c->found && !c->rough)
            take_found(&d);
        else
            take_greedily(&d);
        offer(&d, picks);
        if (!c->warm)
            improve(&d);
        fill_open_posts(&d);
        offer(&d, picks);
        size_t parts = c->picks_most / PLACES_PART;
        bool large = c->picks_most > LARGE_PLACES;
        size_t most = large && !c->warm ? PARTS_LARGE : PARTS_MOST;
        const struct parts way = {.most = parts < most ? parts : most,
                                  .posts = c->warm ? PART_POSTS_WARM
                                           : large ? PART_POSTS_LARGE
                                                   : PART_POSTS,
                                  .columns = COLUMNS_NEAR,
                                  .effort = EFFORT};
        if (c->picks_most > ROUND_PLACES)
            status = polish(&d, wanted(c), &way);
        offer(&d, picks);
    }
    arena_fini(&arena);
    if (status == WM_OK && c->found && !c->warm && c->picks_most > LARGE_PLACES && country_gap(c) > wanted(c) &&
        !country_stops(c))
        status = mend(c);
    return status;
}

/*
 * Where the gap is still missed, what is lost is a handful of placements, hours or pounds, and nothing near the prices mends
 * them: parts around these losses, of columns from far around.
 */
static int mend(struct country *c)
{
    struct draft d;
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    int status = draft_init(&d, c, true, &arena);
    struct pick *picks = arena_alloc(&arena, c->picks_most + 1, sizeof *picks);
    if (status == WM_OK && !picks)
        status = WM_EMEMORY;
    const struct parts way = {
        .most = PARTS_FAR, .posts = PART_POSTS_FAR, .columns = COLUMNS_FAR, .effort = EFFORT, .far = true};
    if (status == WM_OK) {
        take_found(&d);
        status = polish(&d, wanted(c), &way);
        offer(&d, picks);
    }
    arena_fini(&arena);
    return status;
}

static double wanted(const struct country *c)
{
    return c->options.gap > 0 ? c->options.gap : GAP_LARGE;
}

/* ---- columns ---- */

static int by_place(const void *left, const void *right)
{
    const struct pick *a = left, *b = right;
    if (a->post != b->post)
        return a->post < b->post ? -1 : 1;
    if (a->lane != b->lane)
        return a->lane < b->lane ? -1 : 1;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

static int column_by_place(const void *left, const void *right)
{
    return by_place(&((const struct column *)left)->pick, &((const struct column *)right)->pick);
}

/* Musts first, then the greatest share, then the least shortfall. */
static int by_promise(const void *left, const void *right, void *arg)
{
    const struct draft *d = arg;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const struct column *p = &d->column[a], *q = &d->column[b];
    const struct scenario *s = &d->c->plain;
    bool p_must = s->lock_of_lane[p->pick.lane] >= 0 || s->must_fill[p->pick.post];
    bool q_must = s->lock_of_lane[q->pick.lane] >= 0 || s->must_fill[q->pick.post];
    if (p_must != q_must)
        return p_must ? -1 : 1;
    if (d->weight[a] != d->weight[b])
        return d->weight[a] > d->weight[b] ? -1 : 1;
    if (p->short_femto != q->short_femto)
        return p->short_femto < q->short_femto ? -1 : 1;
    return (a > b) - (a < b);
}

/* The columns found, and those of the plan there is, each once, by place. */
static int keep_columns(struct draft *d, struct arena *arena, const struct column *columns)
{
    struct country *c = d->c;
    struct column *kept = arena_alloc(arena, d->n + c->n_picks + 1, sizeof *kept);
    if (!kept)
        return WM_EMEMORY;
    memcpy(kept, columns, d->n * sizeof *kept);
    for (size_t i = 0; c->found && i < c->n_picks; i++)
        country_column(c, &c->picks[i], &kept[d->n++]);
    qsort(kept, d->n, sizeof *kept, column_by_place);
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++) {
        if (n > 0 && by_place(&kept[n - 1].pick, &kept[i].pick) == 0) {
            kept[n - 1].short_femto =
                kept[i].short_femto < kept[n - 1].short_femto ? kept[i].short_femto : kept[n - 1].short_femto;
            continue;
        }
        kept[n++] = kept[i];
    }
    d->n = n;
    d->column = kept;
    return WM_OK;
}

static int find_columns(struct draft *d, struct arena *arena)
{
    struct country *c = d->c;
    struct column *columns;
    bool all = false;
    double each = (double)c->bound_femto / (double)(c->picks_most + 1);
    double most = c->all.n <= SMALL_PAIRS ? 1e18 : each * (c->warm ? SHORT_WARM : SHORT);
    for (; !all; most /= 4) {
        struct arena attempt;
        arena_init(&attempt, SIZE_MAX);
        int status = country_columns(c, (int64_t)most, COLUMNS_MOST, &attempt, &columns, &d->n, &all);
        if (status == WM_OK && (all || c->stopped || most <= each * 1e-7)) {
            all = true;
            status = keep_columns(d, arena, columns);
        }
        arena_fini(&attempt);
        if (status != WM_OK)
            return status;
    }
    return WM_OK;
}

static int find_columns_far(struct draft *d, struct arena *arena)
{
    struct country *c = d->c;
    struct column *columns;
    struct arena attempt;
    double most = SHORT_FAR * (double)c->bound_femto / (double)(c->picks_most + 1);
    arena_init(&attempt, SIZE_MAX);
    const struct column_counts each = {.pairs = PAIRS_FAR, .mentors = MENTORS_FAR, .columns = COLUMNS_FAR};
    int status = country_columns_far(c, (int64_t)most, &each, &attempt, &columns, &d->n);
    if (status == WM_OK)
        status = keep_columns(d, arena, columns);
    arena_fini(&attempt);
    return status;
}

static int draft_init(struct draft *d, struct country *c, bool far, struct arena *arena)
{
    const struct scenario *s = &c->plain;
    *d = (struct draft){.c = c};
    int status = far ? find_columns_far(d, arena) : find_columns(d, arena);
    if (status != WM_OK)
        return status;
    d->first = arena_alloc(arena, s->n_posts + 2, sizeof *d->first);
    d->first_of_lane = arena_alloc(arena, s->n_lanes + 2, sizeof *d->first_of_lane);
    d->by_lane = arena_alloc(arena, d->n + 1, sizeof *d->by_lane);
    d->order = arena_alloc(arena, d->n + 1, sizeof *d->order);
    d->weight = arena_alloc(arena, d->n + 1, sizeof *d->weight);
    d->chosen = arena_alloc(arena, s->n_lanes + 1, sizeof *d->chosen);
    d->taken = arena_alloc(arena, s->n_posts + 1, sizeof *d->taken);
    d->used = arena_alloc(arena, s->n_resources, sizeof *d->used);
    if (!d->first || !d->first_of_lane || !d->by_lane || !d->order || !d->weight || !d->chosen || !d->taken || !d->used)
        return WM_EMEMORY;
    size_t share = 0;
    for (size_t i = 0; i < d->n; i++) {
        d->first[d->column[i].pick.post + 1]++;
        d->first_of_lane[d->column[i].pick.lane + 2]++;
        d->order[i] = (uint32_t)i;
        while (share < c->n_shares && by_place(&c->share[share], &d->column[i].pick) < 0)
            share++;
        if (share < c->n_shares && by_place(&c->share[share], &d->column[i].pick) == 0)
            d->weight[i] = c->weight[share];
    }
    for (size_t j = 0; j < s->n_posts; j++)
        d->first[j + 1] += d->first[j];
    for (size_t i = 1; i <= s->n_lanes; i++)
        d->first_of_lane[i + 1] += d->first_of_lane[i];
    for (size_t i = 0; i < d->n; i++)
        d->by_lane[d->first_of_lane[d->column[i].pick.lane + 1]++] = (uint32_t)i;
    if (!c->warm || !c->found) /* a plan from before is not made anew, and not gone through column by column */
        qsort_r(d->order, d->n, sizeof *d->order, by_promise, d);
    return WM_OK;
}

/* ---- taking and leaving ---- */

static bool fits(const struct draft *d, const struct column *column)
{
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(&d->c->plain, &column->pick, r, a);
    for (size_t u = 0; u < n; u++)
        if (d->c->plain.limit[r[u]] != LIMIT_NONE && a[u] > d->c->plain.limit[r[u]] - d->used[r[u]])
            return false;
    return true;
}

static void use(struct draft *d, const struct column *column, int sign)
{
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(&d->c->plain, &column->pick, r, a);
    for (size_t u = 0; u < n; u++)
        d->used[r[u]] += sign * a[u];
    d->value += sign * column->value_nano;
}

void draft_take(struct draft *d, int64_t column)
{
    if (column == NO_COLUMN)
        return;
    use(d, &d->column[column], 1);
    d->chosen[d->column[column].pick.lane] = column;
}

void draft_leave(struct draft *d, int64_t column)
{
    if (column == NO_COLUMN)
        return;
    use(d, &d->column[column], -1);
    d->chosen[d->column[column].pick.lane] = NO_COLUMN;
}

static void clear(struct draft *d)
{
    for (size_t i = 0; i < d->c->plain.n_lanes; i++)
        d->chosen[i] = NO_COLUMN;
    memset(d->used, 0, d->c->plain.n_resources * sizeof *d->used);
    d->value = 0;
}

/* The plan there is. */
static void take_found(struct draft *d)
{
    const struct country *c = d->c;
    clear(d);
    for (size_t i = 0; i < c->n_picks; i++) {
        size_t at = d->first[c->picks[i].post];
        while (by_place(&d->column[at].pick, &c->picks[i]) != 0)
            at++;
        draft_take(d, (int64_t)at);
    }
}

static void take_greedily(struct draft *d)
{
    const struct scenario *s = &d->c->plain;
    clear(d);
    for (size_t i = 0; i < d->n; i++) {
        const struct column *column = &d->column[d->order[i]];
        bool asked = s->lock_of_lane[column->pick.lane] >= 0 || s->must_fill[column->pick.post];
        if (d->chosen[column->pick.lane] == NO_COLUMN && (column->value_nano > 0 || asked) && fits(d, column))
            draft_take(d, d->order[i]);
    }
}

/* ---- improvement ---- */

/* The best column of a leader that fits now, NO_COLUMN when none does. */
static int64_t best_for_lane(struct draft *d, uint32_t lane)
{
    int64_t best = NO_COLUMN, value = 0;
    for (size_t at = d->first_of_lane[lane]; at < d->first_of_lane[lane + 1]; at++) {
        const struct column *column = &d->column[d->by_lane[at]];
        d->steps++;
        if (column->value_nano > value && fits(d, column)) {
            best = d->by_lane[at];
            value = column->value_nano;
        }
    }
    return best;
}

/* The best column of a post for a leader who has none, that fits now. */
static int64_t best_for_post(struct draft *d, uint32_t post)
{
    int64_t best = NO_COLUMN, value = 0;
    if (d->used[post] >= d->c->plain.limit[post])
        return NO_COLUMN;
    for (size_t i = d->first[post]; i < d->first[post + 1]; i++) {
        const struct column *column = &d->column[i];
        d->steps++;
        if (column->value_nano > value && d->chosen[column->pick.lane] == NO_COLUMN && fits(d, column)) {
            best = (int64_t)i;
            value = column->value_nano;
        }
    }
    return best;
}

static void fill_open_posts(struct draft *d)
{
    for (uint32_t j = 0; j < d->c->s.n_posts; j++)
        for (int64_t best = best_for_post(d, j); best != NO_COLUMN; best = best_for_post(d, j))
            draft_take(d, best);
}

/* Who holds the post with the least value, the column's own leader apart. */
static int64_t weakest(const struct draft *d, uint32_t post, uint32_t lane)
{
    int64_t worst = NO_COLUMN;
    for (size_t i = d->first[post]; i < d->first[post + 1]; i++)
        if (d->chosen[d->column[i].pick.lane] == (int64_t)i && d->column[i].pick.lane != lane &&
            d->c->s.lock_of_lane[d->column[i].pick.lane] < 0 &&
            (worst == NO_COLUMN || d->column[i].value_nano < d->column[worst].value_nano))
            worst = (int64_t)i;
    return worst;
}

/* Puts a column in by force; true when the plan gained. */
static bool force(struct draft *d, int64_t wanted)
{
    const struct column *column = &d->column[wanted];
    const struct scenario *s = &d->c->plain;
    uint32_t post = column->pick.post, lane = column->pick.lane;
    int64_t own = d->chosen[lane], other = NO_COLUMN;
    wide was = d->value;
    if (own == wanted)
        return false;
    if (own != NO_COLUMN && s->must_fill[d->column[own].pick.post] && d->column[own].pick.post != post)
        return false;
    draft_leave(d, own);
    if (d->used[post] >= s->limit[post]) {
        other = weakest(d, post, lane);
        draft_leave(d, other);
    }
    if (!fits(d, column)) {
        draft_take(d, other);
        draft_take(d, own);
        return false;
    }
    draft_take(d, wanted);
    int64_t again = other == NO_COLUMN ? NO_COLUMN : best_for_lane(d, d->column[other].pick.lane);
    draft_take(d, again);
    int64_t filled = own == NO_COLUMN ? NO_COLUMN : best_for_post(d, d->column[own].pick.post);
    draft_take(d, filled);
    if (d->value > was)
        return true;
    draft_leave(d, filled);
    draft_leave(d, again);
    draft_leave(d, wanted);
    draft_take(d, other);
    draft_take(d, own);
    return false;
}

static void improve(struct draft *d)
{
    fill_open_posts(d);
    d->steps = 0;
    for (bool gained = true; gained && d->steps < STEPS_MOST && !country_stops(d->c);) {
        gained = false;
        for (size_t i = 0; i < d->n && d->steps < STEPS_MOST && (i % ASK_EVERY > 0 || !country_stops(d->c)); i++)
            gained |= force(d, d->order[i]);
    }
    fill_open_posts(d);
}

/* ---- a plan that holds is offered ---- */

static void offer(struct draft *d, struct pick *picks)
{
    struct country *c = d->c;
    const struct scenario *s = &c->plain;
    size_t n = 0;
    for (size_t j = 0; j < s->n_posts; j++)
        if (s->must_fill[j] && d->used[j] < s->limit[j])
            return;
    for (size_t i = 0; i < s->n_lanes; i++) {
        if (d->chosen[i] == NO_COLUMN && s->lock_of_lane[i] >= 0)
            return;
        if (d->chosen[i] != NO_COLUMN)
            picks[n++] = d->column[d->chosen[i]].pick;
    }
    country_offer(c, picks, n, d->value);
}
