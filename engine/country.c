/*
 * Prices for a country: what each scarce thing is worth, and what that proves.
 *
 * For prices on all that is scarce but posts, what is left is an assignment of leaders to posts, each pair at the worth of
 * its best terms after paying for them; the sum of what all limits cost and of that assignment bounds every plan
 * (Lagrangian duality: Geoffrion 1974). The least such bound is looked for with a bundle (bundle.c) on the pairs that
 * matter (candidates); each look prices them (price.c) and solves the assignment anew from where it stood (assign.c). Then
 * a scan over every pair finds those that would do better than the candidates know: column generation, Gilmore and
 * Gomory 1961. They are added, and so on with finer tolerance, until the scan finds next to nothing.
 *
 * The bound that is kept is the scan's: prices of resources and posts, all integers, and for each leader the most that is
 * left to it over every pair. It holds whatever the bundle and the candidates did.
 */
#include "country.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FINE 1e-4 /* relative: prices are good enough when the bound is within this of the master's value */
#define FINE_WARM 2e-5
#define COARSE_SAMPLED 1e-2
#define PROMISE 0.2         /* of the value: the length of the bundle's first step */
#define PROMISE_SPREAD 0.03 /* from the prices of a large sample */
#define NEAR 0.05           /* of the tolerance: so far from the best are assignments of a large country */
#define COARSE 1e-2         /* where tolerances begin */
#define PRICE_MOST 4e15     /* femto: no use of anything is worth as much, since no value is above 1 */
#define NANO_FEMTO ((wide)NANO_IN_FEMTO)
#define LOOSE 0.2 /* of what a plan leaves unused at its prices: of one resource as much was hardly left by choice */
#define STRIDE_LOOSE 10

enum {
    CUTS_MOST = 250,
    CANDIDATES_FIRST = 40, /* a post */
    CANDIDATES_WARM = 12,
    CANDIDATES_SAMPLED = 20,
    CANDIDATES_EACH = 20, /* a post and scan, afterwards */
    ROUNDS_MOST = 30,
    LOOKS_MOST = 400, /* a round */
    LOOKS_WARM = 16,
    ROOM_NEAR = 32 /* openings of any post, that an auction is as quick with as with one */
};

struct master {
    struct country *c;
    struct arena scratch; /* of one look */
    struct arena pool;    /* of the candidates as they are now */
    struct pairs near;    /* candidates */
    uint32_t *first_edge; /* [n_posts + 1] of the assignment: where each post's candidates begin */
    struct assign assign;
    int64_t *worth, *weight;
    uint16_t *entry;
    uint32_t *room; /* [n_posts] */
    bool *row_must, *column_must;
    bool leant;          /* on the plan there was: see lean_on_plan */
    bool early;          /* a rough plan is wanted while prices are looked for */
    bool solved, usable; /* the assignment was, last time; and musts could be met within range */
    struct bundle *bundle;
    size_t looks_most;  /* before the tolerance has to do */
    double *at, *slope; /* [n_scarce] */
    int64_t *price;     /* [n_resources] of the last look */
    double value;       /* of the last look, femto */
    double below;   /* and by how much its choices fall short of it: 0 but where assignments are only near the best */
    double slack;   /* relative: so much they may; 0: nothing */
    double least;   /* of all before the first scan */
    size_t *n_seen; /* [CUTS_MOST] picks of the assignment that made the cut */
    struct pick *seen; /* [CUTS_MOST][picks_most] */
    struct pick *now;  /* [picks_most] of the last look */
    size_t n_now;
};

static int master_init(struct master *m, struct country *c);
static void master_fini(struct master *m);
static int first_candidates(struct master *m);
static int resume(struct master *m, double wanted);
static int add_candidates(struct master *m, const struct scan *scan);
static int look(struct master *m, const double *x);
static void take_plan(struct master *m);
static int descend(struct master *m, double tolerance);
static int certify(struct master *m, double tolerance, double *violation);
static int keep_shares(struct master *m);
static int keep_near(struct master *m);
static int given_candidates(struct master *m, const struct pairs *all);
static void keep_prices(struct master *m);

int country_relax(struct country *c, double tolerance, size_t looks_most)
{
    struct master m;
    int status = master_init(&m, c);
    m.looks_most = looks_most;
    if (status == WM_OK)
        status = given_candidates(&m, &c->all);
    if (status == WM_OK)
        status = descend(&m, tolerance);
    if (status == WM_OK && !c->stopped && m.usable) {
        status = keep_shares(&m);
        memcpy(m.at, bundle_centre(m.bundle), c->n_scarce * sizeof *m.at);
        if (status == WM_OK)
            status = look(&m, m.at);
        if (status == WM_OK && !c->stopped && m.usable)
            keep_prices(&m);
    }
    master_fini(&m);
    return status;
}

static bool may_be_near(const struct country *c)
{
    bool may = country_is_large(c) && c->s.n_locks + c->request->n_must_fill == 0;
    for (size_t j = 0; j < c->s.n_posts && may; j++)
        may = c->s.limit[j] <= ROOM_NEAR;
    return may;
}

int country_price(struct country *c)
{
    struct master m;
    double fine = c->fine > 0 ? c->fine : FINE, violation = 0;
    double tolerance = c->warm ? FINE_WARM : c->sampled ? COARSE_SAMPLED : COARSE;
    double wanted = country_wanted(c);
    c->phase = "prices";
    int status = master_init(&m, c);
    m.early = c->fine == 0;
    if (c->warm)
        m.looks_most = LOOKS_WARM;
    if (status == WM_OK)
        status = c->warm ? resume(&m, wanted) : first_candidates(&m);
    for (int round = 0; round < ROUNDS_MOST && status == WM_OK && m.near.first; round++) {
        m.slack = may_be_near(c) ? NEAR * tolerance : 0;
        status = descend(&m, tolerance);
        if (status != WM_OK || !m.usable || c->stopped)
            break;
        status = certify(&m, tolerance, &violation);
        if (status != WM_OK || c->stopped || (tolerance <= fine && violation <= fine * m.value) ||
            (!c->rough && country_gap(c) <= wanted / 2))
            break;
        tolerance = tolerance / 5 > fine ? tolerance / 5 : fine;
    }
    if (status == WM_OK && c->priced)
        status = keep_shares(&m);
    if (status == WM_OK && c->priced && m.near.first)
        status = keep_near(&m);
    c->candidates = m.near.n;
    master_fini(&m);
    return status;
}

/* ---- the master ---- */

/* About how much one use takes of a resource, and how many openings could use it. */
static void typical_uses(const struct country *c, double *each, double *openings)
{
    const struct scenario *s = &c->s;
    for (size_t j = 0; j < s->n_posts; j++) {
        for (size_t k = 0; k < s->menus[j].n; k++) {
            const struct menu_entry *e = &s->menus[j].entries[k];
            for (size_t u = 0; u < e->n_uses; u++) {
                each[e->resource[u]] += (double)e->use[u] * (double)s->limit[j];
                openings[e->resource[u]] += (double)s->limit[j];
            }
        }
    }
    for (size_t r = 0; r < s->n_resources; r++)
        each[r] = openings[r] > 0 ? each[r] / openings[r] : 1;
}

/*
 * Where the plan from before leaves a lot of what had a price, the question has changed: that price goes far, the others
 * hardly move.
 */
static void lengthen_steps(struct master *m, double *scale)
{
    const struct country *c = m->c;
    double unused = 0;
    memcpy(m->price, c->price, c->s.n_resources * sizeof *m->price);
    take_plan(m);
    for (size_t i = 0; i < c->n_scarce; i++)
        unused += m->at[i] * m->slope[i];
    for (size_t i = 0; i < c->n_scarce; i++)
        if (m->at[i] * m->slope[i] > LOOSE * unused)
            scale[i] *= STRIDE_LOOSE;
}

static int new_bundle(struct master *m)
{
    const struct country *c = m->c;
    size_t n = c->s.n_resources;
    double *each = arena_alloc(&m->scratch, n, sizeof *each), *openings = arena_alloc(&m->scratch, n, sizeof *openings);
    double *scale = arena_alloc(&m->scratch, c->n_scarce + 1, sizeof *scale);
    double *most = arena_alloc(&m->scratch, c->n_scarce + 1, sizeof *most);
    if (!each || !openings || !scale || !most)
        return WM_EMEMORY;
    typical_uses(c, each, openings);
    for (size_t i = 0; i < c->n_scarce; i++) {
        size_t r = c->scarce[i];
        double users = (double)c->room[r] / each[r] + 1;
        scale[i] = 1 / (each[r] * sqrt(users));
        most[i] = PRICE_MOST;
        m->at[i] = (double)c->price[r];
    }
    if (c->warm && c->found)
        lengthen_steps(m, scale);
    m->bundle = bundle_new(c->arena, c->n_scarce, CUTS_MOST, scale, most, m->at, c->spread ? PROMISE_SPREAD : PROMISE);
    return m->bundle ? WM_OK : WM_EMEMORY;
}

static int master_init(struct master *m, struct country *c)
{
    const struct scenario *s = &c->s;
    *m = (struct master){.c = c, .looks_most = LOOKS_MOST};
    arena_init(&m->scratch, SIZE_MAX);
    arena_init(&m->pool, SIZE_MAX);
    m->room = arena_alloc(c->arena, s->n_posts + 1, sizeof *m->room);
    m->row_must = arena_alloc(c->arena, s->n_lanes + 1, sizeof *m->row_must);
    m->column_must = s->must_fill;
    m->at = arena_alloc(c->arena, c->n_scarce + 1, sizeof *m->at);
    m->slope = arena_alloc(c->arena, c->n_scarce + 1, sizeof *m->slope);
    m->price = arena_alloc(c->arena, s->n_resources + 1, sizeof *m->price);
    m->n_seen = arena_alloc(c->arena, CUTS_MOST, sizeof *m->n_seen);
    m->seen = arena_alloc(c->arena, (size_t)CUTS_MOST * (c->picks_most + 1), sizeof *m->seen);
    m->now = arena_alloc(c->arena, c->picks_most + 1, sizeof *m->now);
    if (!m->room || !m->row_must || !m->at || !m->slope || !m->price || !m->n_seen || !m->seen || !m->now)
        return WM_EMEMORY;
    for (size_t j = 0; j < s->n_posts; j++)
        m->room[j] =
            s->menus[j].n == 0 ? 0 : (uint32_t)(s->limit[j] < (int64_t)s->n_lanes ? s->limit[j] : (int64_t)s->n_lanes);
    for (size_t i = 0; i < s->n_lanes; i++)
        m->row_must[i] = s->lock_of_lane[i] >= 0;
    return new_bundle(m);
}

static void master_fini(struct master *m)
{
    arena_fini(&m->scratch);
    arena_fini(&m->pool);
}

static void clear(struct arena *arena)
{
    arena_fini(arena);
    arena_init(arena, SIZE_MAX);
}

/* ---- one look: the function's value and slope at prices ---- */

static void weigh_pairs(struct master *m)
{
    const struct scenario *s = &m->c->s;
    for (size_t j = 0; j < s->n_posts; j++)
        for (size_t e = m->near.first[j]; e < m->near.first[j + 1]; e++) {
            int64_t worth = m->worth[e];
            bool asked = s->must_fill[j] || m->row_must[m->near.lane[e]];
            m->weight[e] = worth == WORTH_NONE || (worth <= 0 && !asked) ? ASSIGN_FORBIDDEN : worth;
        }
}

/* The slope that follows from what is chosen: each limit less what is used of it. */
static void read_slope(struct master *m)
{
    const struct country *c = m->c;
    country_limits(c, m->price, m->slope);
    for (size_t i = 0; i < m->n_now; i++) {
        uint32_t r[USES_MAX + 1];
        int64_t a[USES_MAX + 1];
        size_t n = pick_uses(&c->s, &m->now[i], r, a);
        for (size_t u = 0; u < n; u++)
            if (c->scarce_at[r[u]] != UINT32_MAX)
                m->slope[c->scarce_at[r[u]]] -= (double)a[u];
    }
}

static void read_assignment(struct master *m)
{
    const struct country *c = m->c;
    m->n_now = 0;
    for (size_t j = 0; j < c->s.n_posts; j++)
        for (size_t e = m->near.first[j]; e < m->near.first[j + 1]; e++)
            if (m->assign.edge_of_row[m->near.lane[e]] == e)
                m->now[m->n_now++] = (struct pick){m->near.lane[e], (uint32_t)j, m->entry[e]};
    read_slope(m);
}

/* As if the plan there is had been the answer of a look. */
static void take_plan(struct master *m)
{
    const struct country *c = m->c;
    m->n_now = c->n_picks;
    memcpy(m->now, c->picks, c->n_picks * sizeof *m->now);
    read_slope(m);
}

/* Of a large country a little less than the best will do as long as tolerances are larger. */
static bool assign(struct master *m)
{
    const struct country *c = m->c;
    double value = m->value > 0 ? m->value : c->found ? (double)(c->value_nano * NANO_FEMTO) : 0;
    double step = m->slack * value / (double)(c->picks_most + 1);
    if (step >= 1)
        return assign_near(&m->assign, m->weight, (int64_t)step, c->options.stop, c->options.arg);
    return assign_solve(&m->assign, m->weight, c->options.stop, c->options.arg);
}

/* Prices are rounded to whole femto before anything is done with them. */
static int look(struct master *m, const double *x)
{
    struct country *c = m->c;
    const struct scenario *s = &c->s;
    for (size_t i = 0; i < c->n_scarce; i++) {
        m->price[c->scarce[i]] = (int64_t)floor(x[i] + 0.5);
        m->at[i] = (double)m->price[c->scarce[i]];
    }
    clear(&m->scratch);
    struct pricing *pricing = pricing_new(&m->scratch, s, m->price, &c->options);
    if (!pricing)
        return WM_EMEMORY;
    m->usable = false;
    c->stopped |= !price_pairs(pricing, &m->near, m->worth, m->entry, &c->options);
    if (c->stopped)
        return WM_OK;
    weigh_pairs(m);
    m->solved = assign(m);
    m->usable = m->solved && m->assign.feasible;
    c->stopped |= !m->solved && !m->assign.out_of_range;
    c->looks++;
    if (!m->usable)
        return WM_OK;
    wide value = 0;
    for (size_t i = 0; i < s->n_lanes; i++)
        value += m->assign.row_price[i];
    for (size_t j = 0; j < s->n_posts; j++)
        value += (wide)m->assign.column_price[j] * m->room[j];
    wide chosen = 0;
    for (size_t i = 0; i < s->n_lanes; i++)
        chosen += m->assign.edge_of_row[i] == ASSIGN_NONE ? 0 : m->weight[m->assign.edge_of_row[i]];
    m->below = (double)(value - chosen);
    m->value = (double)(value + country_limits(c, m->price, NULL));
    read_assignment(m);
    return WM_OK;
}

/* The picks of the last look go beside their cut. */
static void remember(struct master *m)
{
    size_t slot = bundle_slot(m->bundle);
    m->n_seen[slot] = m->n_now;
    memcpy(m->seen + slot * m->c->picks_most, m->now, m->n_now * sizeof *m->now);
}

/* What the candidates alone say: prices of everything, and the value, which bounds all plans made of them. */
static void keep_prices(struct master *m)
{
    struct country *c = m->c;
    memcpy(c->price, m->price, c->s.n_resources * sizeof *c->price);
    memcpy(c->price, m->assign.column_price, c->s.n_posts * sizeof *c->price);
    memcpy(c->lane_price, m->assign.row_price, c->s.n_lanes * sizeof *c->lane_price);
    c->bound_femto = (wide)m->value;
    c->priced = true;
}

/*
 * The plan from before knows a slope too: at any prices the function is no less than its value and what it leaves of the
 * limits. Near the prices it was made at, next to nothing is left of what has a price; so this one slope tells what else
 * takes hundreds of looks: that prices are right but where the question has changed.
 */
static void lean_on_plan(struct master *m)
{
    const struct country *c = m->c;
    double worth = (double)(c->value_nano * NANO_FEMTO);
    m->leant = true;
    take_plan(m);
    for (size_t i = 0; i < c->n_scarce; i++)
        worth += m->at[i] * m->slope[i];
    bundle_lean(m->bundle, m->value - worth, m->slope);
    remember(m);
}

/* Until a scan has been over every pair, the best prices of a look are what a stop leaves to be checked. */
static void guess_prices(struct master *m)
{
    struct country *c = m->c;
    if (c->priced || !m->early || (c->guessed && m->value >= m->least))
        return;
    c->guessed = true;
    m->least = m->value;
    memcpy(c->price, m->price, c->s.n_resources * sizeof *c->price);
    memcpy(c->price, m->assign.column_price, c->s.n_posts * sizeof *c->price);
}

/* Looks until the model promises less than a share of `tolerance`. */
static int descend(struct master *m, double tolerance)
{
    struct country *c = m->c;
    for (size_t i = 0; i < m->looks_most && !country_stops(c); i++) {
        bundle_next(m->bundle, m->at);
        if (c->looks > 0 && i > 0 && bundle_promise(m->bundle) <= tolerance / 4 * fabs(bundle_value(m->bundle)))
            return WM_OK;
        int status = look(m, m->at);
        if (status != WM_OK || c->stopped || !m->usable)
            return status;
        bundle_tell(m->bundle, m->at, m->value, m->below, m->slope);
        remember(m);
        if (c->warm && c->found && !m->leant)
            lean_on_plan(m);
        guess_prices(m);
        if (m->early && (c->looks & (c->looks - 1)) == 0 && (status = early_plan(c, m->now, m->n_now)) != WM_OK)
            return status;
    }
    return WM_OK;
}

/* ---- the scan: what the prices prove, and whom they overlooked ---- */

/* The bound at the centre over every pair; *violation is by how much the candidates' value falls short of it. */
static int certify(struct master *m, double tolerance, double *violation)
{
    struct country *c = m->c;
    const struct scenario *s = &c->s;
    memcpy(m->at, bundle_centre(m->bundle), c->n_scarce * sizeof *m->at);
    int status = look(m, m->at);
    if (status != WM_OK || c->stopped || !m->usable)
        return status;
    if (m->early && (status = early_plan(c, m->now, m->n_now)) != WM_OK)
        return status;
    struct pricing *pricing = pricing_new(&m->scratch, s, m->price, &c->options);
    int64_t *post_price = m->price, *lane_price = arena_alloc(&m->scratch, s->n_lanes + 1, sizeof *lane_price);
    if (!pricing || !lane_price)
        return WM_EMEMORY;
    for (size_t j = 0; j < s->n_posts; j++)
        post_price[j] = m->assign.column_price[j];
    memcpy(lane_price, m->assign.row_price, s->n_lanes * sizeof *lane_price);
    struct scan scan;
    double each = m->value / (double)(c->picks_most + 1);
    status = price_scan(&scan, &m->scratch, pricing, &c->all, post_price, lane_price, (int64_t)(tolerance / 2 * each),
                        CANDIDATES_EACH, &c->options);
    c->stopped |= scan.stopped;
    if (status != WM_OK || c->stopped)
        return status;
    c->scans++;
    c->options_priced = scan.options;
    wide bound = country_limits(c, m->price, NULL) + scan.excess;
    for (size_t j = 0; j < s->n_posts; j++)
        bound += (wide)post_price[j] * m->room[j];
    if (!c->priced || bound < c->bound_femto) {
        c->priced = true;
        c->bound_femto = bound;
        memcpy(c->price, m->price, s->n_resources * sizeof *c->price);
        memcpy(c->lane_price, lane_price, s->n_lanes * sizeof *lane_price);
        country_tell(c);
    }
    *violation = (double)bound - m->value;
    if (scan.n_found == 0)
        return WM_OK;
    status = add_candidates(m, &scan);
    if (status != WM_OK)
        return status;
    status = look(m, m->at);
    if (status == WM_OK && !c->stopped && m->usable) {
        bundle_refresh(m->bundle, m->value, m->below, m->slope);
        remember(m);
    }
    return status;
}

/* ---- candidates ---- */

static int by_lane(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    if (a->post != b->post)
        return a->post < b->post ? -1 : 1;
    return (a->lane > b->lane) - (a->lane < b->lane);
}

/* Room for n pairs and an assignment over them. */
static int new_pool(struct master *m, size_t n, struct arena *arena, struct pairs *near)
{
    *near = (struct pairs){.n_posts = m->c->s.n_posts};
    near->first = arena_alloc(arena, near->n_posts + 1, sizeof *near->first);
    m->first_edge = arena_alloc(arena, near->n_posts + 1, sizeof *m->first_edge);
    near->lane = arena_alloc(arena, n + 1, sizeof *near->lane);
    near->benefit_micro = arena_alloc(arena, n + 1, sizeof *near->benefit_micro);
    near->common_micro = arena_alloc(arena, n + 1, sizeof *near->common_micro);
    m->worth = arena_alloc(arena, n + 1, sizeof *m->worth);
    m->weight = arena_alloc(arena, n + 1, sizeof *m->weight);
    m->entry = arena_alloc(arena, n + 1, sizeof *m->entry);
    return near->first && m->first_edge && near->lane && near->benefit_micro && near->common_micro && m->worth &&
                   m->weight && m->entry
               ? WM_OK
               : WM_EMEMORY;
}

static void copy_pair(struct pairs *to, const struct pairs *from, size_t at)
{
    to->lane[to->n] = from->lane[at];
    to->benefit_micro[to->n] = from->benefit_micro[at];
    to->common_micro[to->n++] = from->common_micro[at];
}

/* Where musts or locks are, all pairs have to be gone through. */
static bool any_asked(const struct country *c, size_t post)
{
    return c->s.n_locks > 0 || c->s.must_fill[post];
}

/* Of the post's pairs from `at` on, the first that is a candidate, was found, or belongs in any case; `end`: none. */
static size_t next_pair(const struct master *m, size_t post, size_t at, size_t known, size_t known_end,
                        const struct found *found, const struct found *found_end)
{
    const struct pairs *all = &m->c->all;
    size_t end = all->first[post + 1];
    if (at < end && any_asked(m->c, post))
        while (at < end && !m->c->s.must_fill[post] && !m->row_must[all->lane[at]] &&
               (known == known_end || m->near.lane[known] != all->lane[at]) &&
               (found == found_end || found->lane != all->lane[at]))
            at++;
    else if (known == known_end && found == found_end)
        at = end;
    else {
        uint32_t lane = known < known_end ? m->near.lane[known] : UINT32_MAX;
        lane = found < found_end && found->lane < lane ? found->lane : lane;
        at = at < end ? at + lanes_seek(all->lane + at, end - at, 0, lane) : end;
    }
    return at;
}

/* The candidates there are and those that were found, in order; pairs of musts and locks always belong. */
static void merge(struct master *m, const struct found *found, size_t n_found, struct pairs *out, uint32_t *edge_now)
{
    const struct pairs *all = &m->c->all;
    const struct found *end = found + n_found;
    for (size_t j = 0; j < all->n_posts; j++) {
        const struct found *here_end = found;
        size_t e = m->near.first ? m->near.first[j] : 0, e_end = m->near.first ? m->near.first[j + 1] : 0;
        while (here_end < end && here_end->post == j)
            here_end++;
        out->first[j] = out->n;
        for (size_t at = all->first[j]; (at = next_pair(m, j, at, e, e_end, found, here_end)) < all->first[j + 1];
             at++) {
            if (e < e_end && m->near.lane[e] == all->lane[at])
                edge_now[e++] = (uint32_t)out->n;
            while (found < here_end && found->lane == all->lane[at])
                found++;
            copy_pair(out, all, at);
        }
    }
    out->first[all->n_posts] = out->n;
}

static int add_candidates(struct master *m, const struct scan *scan)
{
    const struct scenario *s = &m->c->s;
    struct arena pool;
    struct pairs near;
    struct assign before = m->assign;
    arena_init(&pool, SIZE_MAX);
    size_t most = m->near.n + scan->n_found;
    for (size_t j = 0; j < s->n_posts; j++)
        for (size_t at = m->c->all.first[j]; any_asked(m->c, j) && at < m->c->all.first[j + 1]; at++)
            most += s->must_fill[j] || m->row_must[m->c->all.lane[at]];
    int status = new_pool(m, most, &pool, &near);
    uint32_t *edge_now = arena_alloc(&m->scratch, m->near.n + 1, sizeof *edge_now);
    uint32_t *edge_of_row = arena_alloc(&m->scratch, s->n_lanes + 1, sizeof *edge_of_row);
    if (status == WM_OK && edge_now && edge_of_row) {
        qsort(scan->found, scan->n_found, sizeof *scan->found, by_lane);
        merge(m, scan->found, scan->n_found, &near, edge_now);
        for (size_t j = 0; j <= s->n_posts; j++)
            m->first_edge[j] = (uint32_t)near.first[j];
        status = assign_init(&m->assign, &pool, s->n_lanes, s->n_posts, m->first_edge, near.lane, m->room, m->row_must,
                             m->column_must);
    } else {
        status = WM_EMEMORY;
    }
    if (status == WM_OK && m->solved) {
        for (size_t i = 0; i < s->n_lanes; i++) /* what is chosen stays a candidate */
            edge_of_row[i] = before.edge_of_row[i] == ASSIGN_NONE ? ASSIGN_NONE : edge_now[before.edge_of_row[i]];
        assign_start(&m->assign, before.column_price, edge_of_row);
        if (m->slack > 0)
            memcpy(m->assign.row_price, before.row_price, s->n_lanes * sizeof *before.row_price);
    }
    arena_fini(&m->pool);
    m->pool = pool;
    m->near = near;
    return status;
}

/* At prices from before whoever is worth nearly the price is of interest: nearly by a fair part of a placement's value. */
static int64_t first_slack(const struct country *c)
{
    return c->found ? (int64_t)(c->value_nano * NANO_FEMTO / (wide)(5 * c->n_picks + 1)) : 0;
}

/* The best few of each post, and the best of each leader, at the prices we start from. */
static int first_candidates(struct master *m)
{
    struct country *c = m->c;
    if (c->near.n > 0)
        return given_candidates(m, &c->near);
    struct pricing *pricing = pricing_new(&m->scratch, &c->s, c->price, &c->options);
    int64_t *post_price = arena_alloc(&m->scratch, c->s.n_posts + 1, sizeof *post_price);
    struct scan scan;
    if (!pricing || !post_price)
        return WM_EMEMORY;
    memcpy(post_price, c->price, c->s.n_posts * sizeof *post_price);
    int status = price_scan(&scan, &m->scratch, pricing, &c->all, post_price, c->lane_price, 0,
                            c->sampled ? CANDIDATES_SAMPLED : CANDIDATES_FIRST, &c->options);
    c->scans++;
    c->stopped |= scan.stopped;
    return status == WM_OK && !c->stopped ? add_candidates(m, &scan) : status;
}

/*
 * From prices of before: what they prove now is seen at once, since with prices of posts the rest is each leader's best. If
 * the plan there is comes near enough to it, that is all; else whoever is worth nearly what they cost are the candidates.
 */
static int resume(struct master *m, double wanted)
{
    struct country *c = m->c;
    const struct scenario *s = &c->s;
    struct pricing *pricing = pricing_new(&m->scratch, s, c->price, &c->options);
    struct scan scan;
    int64_t *before = arena_alloc(c->arena, s->n_resources, sizeof *before);
    if (!pricing || !before)
        return WM_EMEMORY;
    memcpy(before, c->price, s->n_resources * sizeof *before);
    c->price_before = before;
    int status = price_scan(&scan, &m->scratch, pricing, &c->all, c->price, c->lane_price, 0, 1, &c->options);
    c->stopped |= scan.stopped;
    if (status != WM_OK || c->stopped)
        return status;
    for (size_t f = 0; f < scan.n_found; f++)
        if (scan.found[f].reduced > c->lane_price[scan.found[f].lane])
            c->lane_price[scan.found[f].lane] = scan.found[f].reduced;
    c->options_priced = scan.options;
    c->bound_femto = country_limits(c, c->price, NULL) + scan.excess;
    for (size_t j = 0; j < s->n_posts; j++)
        c->bound_femto += (wide)c->price[j] * m->room[j];
    c->priced = true;
    c->scans += 2;
    country_tell(c);
    if (country_gap(c) <= wanted || country_stops(c))
        return WM_OK;
    status = price_scan(&scan, &m->scratch, pricing, &c->all, c->price, c->lane_price, -first_slack(c), CANDIDATES_WARM,
                        &c->options);
    c->stopped |= scan.stopped;
    if (status != WM_OK || c->stopped)
        return status;
    if (status == WM_OK)
        status = add_candidates(m, &scan);
    if (status == WM_OK)
        assign_start(&m->assign, c->price, NULL);
    return status;
}

/* Pairs known beforehand. */
static int given_candidates(struct master *m, const struct pairs *all)
{
    struct scan scan = {.n_found = all->n, .found = arena_alloc(&m->scratch, all->n + 1, sizeof *scan.found)};
    if (!scan.found)
        return WM_EMEMORY;
    for (uint32_t j = 0; j < all->n_posts; j++)
        for (size_t i = all->first[j]; i < all->first[j + 1]; i++)
            scan.found[i] = (struct found){j, all->lane[i], 0};
    return add_candidates(m, &scan);
}

/* ---- what is handed on: shares and columns ---- */

struct weighted {
    struct pick pick;
    double weight;
};

static int by_pick(const void *left, const void *right)
{
    const struct pick *a = &((const struct weighted *)left)->pick, *b = &((const struct weighted *)right)->pick;
    if (a->post != b->post)
        return a->post < b->post ? -1 : 1;
    if (a->lane != b->lane)
        return a->lane < b->lane ? -1 : 1;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

/* The mixture of assignments by the bundle's weights: nearly within all limits, and nearly worth the bound. */
static int keep_shares(struct master *m)
{
    struct country *c = m->c;
    const double *weight;
    size_t slots = bundle_weights(m->bundle, &weight), n = 0;
    for (size_t k = 0; k < slots; k++)
        n += weight[k] > 0 ? m->n_seen[k] : 0;
    clear(&m->scratch);
    struct weighted *list = arena_alloc(&m->scratch, n + 1, sizeof *list);
    c->share = arena_alloc(c->arena, n + 1, sizeof *c->share);
    c->weight = arena_alloc(c->arena, n + 1, sizeof *c->weight);
    if (!list || !c->share || !c->weight)
        return WM_EMEMORY;
    n = 0;
    for (size_t k = 0; k < slots; k++)
        for (size_t i = 0; weight[k] > 0 && i < m->n_seen[k]; i++)
            list[n++] = (struct weighted){m->seen[k * c->picks_most + i], weight[k]};
    qsort(list, n, sizeof *list, by_pick);
    c->n_shares = 0;
    for (size_t i = 0; i < n; i++) {
        bool same = i > 0 && by_pick(&list[i - 1], &list[i]) == 0;
        c->n_shares += !same;
        c->share[c->n_shares - 1] = list[i].pick;
        c->weight[c->n_shares - 1] += list[i].weight;
    }
    return WM_OK;
}

static int keep_near(struct master *m)
{
    struct country *c = m->c;
    struct pairs *near = &c->near;
    *near = m->near;
    size_t n_first = (near->n_posts + 1) * sizeof *near->first, n = near->n + 1;
    near->first = arena_alloc(c->arena, near->n_posts + 1, sizeof *near->first);
    near->lane = arena_alloc(c->arena, n, sizeof *near->lane);
    near->benefit_micro = arena_alloc(c->arena, n, sizeof *near->benefit_micro);
    near->common_micro = arena_alloc(c->arena, n, sizeof *near->common_micro);
    if (!near->first || !near->lane || !near->benefit_micro || !near->common_micro)
        return WM_EMEMORY;
    memcpy(near->first, m->near.first, n_first);
    memcpy(near->lane, m->near.lane, near->n * sizeof *near->lane);
    memcpy(near->benefit_micro, m->near.benefit_micro, near->n * sizeof *near->benefit_micro);
    memcpy(near->common_micro, m->near.common_micro, near->n * sizeof *near->common_micro);
    return WM_OK;
}
