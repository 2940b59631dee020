/*
 * From a problem to an assignment (assign.c) and back.
 *
 * Locks come first: what a locked group takes is taken off the limits, whatever it uses. Options that are forbidden, or use
 * more than is left, cannot be chosen; a resource that could serve everybody at their greediest is no bound. If every option
 * then uses at most one resource, and each resource is used alike by all, limits are openings: floor(left / use). Several
 * will do if they nest, so that who uses the one always uses the other (a project and its supervisor): nest.c solves these.
 *
 * A group's best option that uses nothing, or nothing at all, is what it can fall back on: weights count from there, and a
 * group that need not go further may stay without an edge. A group that must choose and has nothing to fall back on is a row
 * that must; its weights count from its best one. Weights are divided by what divides them all where they are great.
 *
 * An assignment is solved from its columns, so they should be few: groups are rows, unless openings are single and groups
 * no more. Where all groups must and there are just as many openings, all of these are filled in any plan: then columns must,
 * too, so that they bid; prices may then all be moved by the same amount, and are moved until none is negative.
 */
#include "matching.h"
#include "assign.h"
#include "internal.h"
#include "nest.h"

#include <string.h>

#define NOTHING UINT32_MAX

struct reduced {
    const struct wm_problem *p;
    uint32_t *held;  /* [n_groups] the option a lock asks for, NOTHING */
    int64_t *left;   /* [n_resources] when locks are served */
    int64_t *use;    /* [n_resources] by each option that uses it; 0: by none */
    bool *loose;     /* [n_resources] can serve everybody */
    uint32_t *users; /* [n_resources] options that use it, where they nest */
    uint32_t *above; /* [n_resources] the one that all its users use, too; NOTHING: there is none */
    uint32_t *where; /* [n_options] the scarce resource it uses, the innermost of those that nest; n_resources: none;
                        NOTHING: it cannot be chosen */
    uint32_t *room;  /* [n_resources] openings */
    bool *must;      /* [n_resources] full in any plan that holds */
    uint32_t *fall;  /* [n_groups] the best option without a use, NOTHING: none */
    int64_t *base;   /* [n_groups] what weights count from */
    bool *row_must;  /* [n_groups] */
    bool turned;     /* groups are columns */
    bool all_full;   /* `must` follows from the musts of groups */
    uint32_t *first; /* [columns + 1] */
    uint32_t *row;   /* [n_edges] */
    int64_t *weight; /* [n_edges] */
    int64_t divisor; /* of all weights, taken out */
};

/* ---- can it be one? ---- */

static bool allocate(struct reduced *x, struct arena *arena)
{
    size_t groups = x->p->n_groups + 1, resources = x->p->n_resources + 1;
    x->held = arena_alloc(arena, groups, sizeof *x->held);
    x->fall = arena_alloc(arena, groups, sizeof *x->fall);
    x->base = arena_alloc(arena, groups, sizeof *x->base);
    x->row_must = arena_alloc(arena, groups, sizeof *x->row_must);
    x->left = arena_alloc(arena, resources, sizeof *x->left);
    x->use = arena_alloc(arena, resources, sizeof *x->use);
    x->loose = arena_alloc(arena, resources, sizeof *x->loose);
    x->room = arena_alloc(arena, resources, sizeof *x->room);
    x->must = arena_alloc(arena, resources, sizeof *x->must);
    x->users = arena_alloc(arena, resources, sizeof *x->users);
    x->above = arena_alloc(arena, resources, sizeof *x->above);
    x->where = arena_alloc(arena, x->p->n_options + 1, sizeof *x->where);
    return x->held && x->fall && x->base && x->row_must && x->left && x->use && x->loose && x->room && x->must &&
           x->users && x->above && x->where;
}

/* False: locks that cannot hold. */
static bool serve_locks(struct reduced *x)
{
    const struct wm_problem *p = x->p;
    memset(x->held, 0xff, p->n_groups * sizeof *x->held);
    memcpy(x->left, p->limit_micro, p->n_resources * sizeof *x->left);
    for (size_t l = 0; l < p->n_locks; l++) {
        uint32_t g = p->locks[l].group, o = p->locks[l].option;
        if (x->held[g] == o)
            continue;
        if (x->held[g] != NOTHING || p->forbidden[o])
            return false;
        x->held[g] = o;
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
            if (__builtin_sub_overflow(x->left[p->use_resource[u]], p->use_micro[u], &x->left[p->use_resource[u]]) ||
                x->left[p->use_resource[u]] < 0)
                return false;
    }
    return true;
}

/* May option o of a group without a lock be chosen at all? */
static bool possible(const struct reduced *x, uint32_t o)
{
    const struct wm_problem *p = x->p;
    if (p->forbidden[o])
        return false;
    for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
        if (p->use_micro[u] > x->left[p->use_resource[u]])
            return false;
    return true;
}

/* Which resources could serve every group's greediest option. */
static bool find_loose(struct reduced *x, struct arena *arena)
{
    const struct wm_problem *p = x->p;
    wide *asked = arena_alloc(arena, p->n_resources + 1, sizeof *asked);
    int64_t *greed = arena_alloc(arena, p->n_resources + 1, sizeof *greed); /* of the last group that was seen */
    uint32_t *last = arena_alloc(arena, p->n_resources + 1, sizeof *last);
    if (!asked || !greed || !last)
        return false;
    memset(last, 0xff, p->n_resources * sizeof *last);
    for (uint32_t o = 0; o < p->n_options; o++) {
        uint32_t g = p->group_of[o];
        if (x->held[g] != NOTHING || !possible(x, o))
            continue;
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++) {
            uint32_t r = p->use_resource[u];
            if (last[r] != g)
                greed[r] = 0;
            last[r] = g;
            if (p->use_micro[u] > greed[r]) {
                asked[r] += p->use_micro[u] - greed[r];
                greed[r] = p->use_micro[u];
            }
        }
    }
    for (size_t r = 0; r < p->n_resources; r++)
        x->loose[r] = !p->resource_must[r] && asked[r] <= x->left[r];
    return true;
}

/* Notes which scarce resource option o uses. False: several, or not as others do. */
static bool note_use(struct reduced *x, uint32_t o)
{
    const struct wm_problem *p = x->p;
    x->where[o] = (uint32_t)p->n_resources;
    for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++) {
        uint32_t r = p->use_resource[u];
        if (x->loose[r])
            continue;
        if (x->where[o] != p->n_resources || (x->use[r] && x->use[r] != p->use_micro[u]))
            return false;
        x->use[r] = p->use_micro[u];
        x->where[o] = r;
    }
    return true;
}

/* Does every option use one scarce resource at most, and each the same of it? */
static bool is_simple(struct reduced *x)
{
    const struct wm_problem *p = x->p;
    memset(x->use, 0, p->n_resources * sizeof *x->use);
    for (uint32_t g = 0; g < p->n_groups; g++)
        for (uint32_t o = p->first_option[g]; o < p->first_option[g + 1]; o++) {
            x->where[o] = NOTHING;
            if (x->held[g] == NOTHING && possible(x, o) && !note_use(x, o))
                return false;
        }
    return true;
}

/* ---- do limits nest? ---- */

/* Of two that an option uses, is r the outer one? The one with more users is. */
static bool is_outside(const struct reduced *x, uint32_t r, uint32_t other)
{
    return x->users[r] != x->users[other] ? x->users[r] > x->users[other] : r < other;
}

/* The innermost scarce resource that option o uses below the limit `under` (NOTHING: any); NOTHING: it uses none. */
static uint32_t innermost(const struct reduced *x, uint32_t o, uint32_t under)
{
    const struct wm_problem *p = x->p;
    uint32_t inner = NOTHING;
    for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++) {
        uint32_t r = p->use_resource[u];
        if (!x->loose[r] && (under == NOTHING || is_outside(x, r, under)) &&
            (inner == NOTHING || is_outside(x, inner, r)))
            inner = r;
    }
    return inner;
}

/* Counts users. False: some use more than others. */
static bool count_users(struct reduced *x)
{
    const struct wm_problem *p = x->p;
    memset(x->use, 0, p->n_resources * sizeof *x->use);
    for (uint32_t o = 0; o < p->n_options; o++) {
        if (x->held[p->group_of[o]] != NOTHING || !possible(x, o))
            continue;
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++) {
            uint32_t r = p->use_resource[u];
            if (x->loose[r])
                continue;
            if (x->use[r] && x->use[r] != p->use_micro[u])
                return false;
            x->use[r] = p->use_micro[u];
            x->users[r]++;
        }
    }
    return true;
}

/* Notes what is above each of the resources that option o uses. False: another option says otherwise. */
static bool note_nest(struct reduced *x, uint32_t o, bool *seen)
{
    for (uint32_t r = innermost(x, o, NOTHING), up; r != NOTHING; r = up) {
        up = innermost(x, o, r);
        if (seen[r])
            return x->above[r] == up; /* and so is all above that */
        seen[r] = true;
        x->above[r] = up;
    }
    return true;
}

/* Does whoever uses the one scarce resource of two also use the other, wherever some option uses both? */
static bool is_nest(struct reduced *x, struct arena *arena, int *status)
{
    const struct wm_problem *p = x->p;
    bool *seen = arena_alloc(arena, p->n_resources + 1, sizeof *seen);
    *status = seen ? WM_OK : WM_EMEMORY;
    if (!seen || memchr(p->resource_must, true, p->n_resources) || !count_users(x))
        return false;
    memset(x->above, 0xff, p->n_resources * sizeof *x->above);
    for (uint32_t o = 0; o < p->n_options; o++) {
        x->where[o] = NOTHING;
        if (x->held[p->group_of[o]] != NOTHING || !possible(x, o))
            continue;
        if (!note_nest(x, o, seen))
            return false;
        uint32_t inner = innermost(x, o, NOTHING);
        x->where[o] = inner == NOTHING ? (uint32_t)p->n_resources : inner;
    }
    return true;
}

/* Of a simple one: resources with an opening for every group are loose, too. Are there any? */
static bool has_plenty(struct reduced *x)
{
    bool any = false;
    for (size_t r = 0; r < x->p->n_resources; r++)
        if (x->use[r] && !x->p->resource_must[r] && x->left[r] / x->use[r] >= (int64_t)x->p->n_groups)
            any = x->loose[r] = true;
    return any;
}

/* False: a resource that must be used up cannot be. */
static bool count_openings(struct reduced *x)
{
    const struct wm_problem *p = x->p;
    for (size_t r = 0; r < p->n_resources; r++) {
        int64_t left = x->left[r], use = x->use[r];
        if (p->resource_must[r] && (use ? left % use || left / use > (int64_t)p->n_groups : left > 0))
            return false;
        int64_t room = use ? left / use : 0;
        x->room[r] = (uint32_t)(room < (int64_t)p->n_groups ? room : (int64_t)p->n_groups);
        x->must[r] = p->resource_must[r] && room;
    }
    return true;
}

/* ---- the edges ---- */

static int64_t worth(const struct wm_problem *p, uint32_t o)
{
    return p->minimise ? -p->value_nano[o] : p->value_nano[o];
}

/* What group g can fall back on, and what its weights count from. */
static void find_base(struct reduced *x, uint32_t g)
{
    const struct wm_problem *p = x->p;
    uint32_t fall = NOTHING, best = NOTHING;
    for (uint32_t o = p->first_option[g]; o < p->first_option[g + 1]; o++) {
        if (x->where[o] == NOTHING)
            continue;
        if (best == NOTHING || worth(p, o) > worth(p, best))
            best = o;
        if (x->where[o] == p->n_resources && (fall == NOTHING || worth(p, o) > worth(p, fall)))
            fall = o;
    }
    if (!p->must[g] && fall != NOTHING && worth(p, fall) <= 0)
        fall = NOTHING;
    x->fall[g] = fall;
    x->row_must[g] = p->must[g] && fall == NOTHING;
    x->base[g] = fall != NOTHING ? worth(p, fall) : x->row_must[g] && best != NOTHING ? worth(p, best) : 0;
}

/* Can group g's option o on a scarce resource be of use? Then its weight. */
static inline bool weigh(const struct reduced *x, uint32_t g, uint32_t o, int64_t *weight)
{
    if (x->where[o] >= x->p->n_resources)
        return false;
    *weight = worth(x->p, o) - x->base[g];
    return *weight > 0 || x->row_must[g] || x->must[x->where[o]];
}

/* Of several options of one group on one resource the best counts. Edges by group, in the order of options. */
static int edges_by_group(struct reduced *x, struct arena *arena)
{
    const struct wm_problem *p = x->p;
    uint32_t n = 0, *at = arena_alloc(arena, p->n_resources + 1, sizeof *at); /* the last edge of each resource */
    x->first = arena_alloc(arena, p->n_groups + 1, sizeof *x->first);
    x->weight = arena_alloc(arena, p->n_options, sizeof *x->weight);
    x->row = x->where; /* an edge is put down where options were read before */
    if (!x->first || !x->weight || !at)
        return WM_EMEMORY;
    for (uint32_t g = 0; g < p->n_groups; g++) {
        x->first[g] = n;
        for (uint32_t o = p->first_option[g]; o < p->first_option[g + 1]; o++) {
            int64_t weight;
            if (!weigh(x, g, o, &weight))
                continue;
            uint32_t r = x->where[o], before = at[r];
            if (before >= x->first[g] && before < n && x->row[before] == r) {
                x->weight[before] = weight > x->weight[before] ? weight : x->weight[before];
                continue;
            }
            x->row[n] = r;
            x->weight[n] = weight;
            at[r] = n++;
        }
    }
    x->first[p->n_groups] = n;
    return WM_OK;
}

/* One edge for those of the same group and resource, which stand side by side. */
static void join_twins(struct reduced *x)
{
    uint32_t n = 0;
    for (size_t r = 0, from = 0; r < x->p->n_resources; r++) {
        size_t to = x->first[r + 1];
        x->first[r] = n;
        for (size_t e = from; e < to; e++) {
            if (n > x->first[r] && x->row[n - 1] == x->row[e]) {
                x->weight[n - 1] = x->weight[e] > x->weight[n - 1] ? x->weight[e] : x->weight[n - 1];
                continue;
            }
            x->row[n] = x->row[e];
            x->weight[n++] = x->weight[e];
        }
        from = to;
    }
    x->first[x->p->n_resources] = n;
}

/* The same by resource, and by group there: counted first, then put down. */
static int edges_by_resource(struct reduced *x, struct arena *arena)
{
    const struct wm_problem *p = x->p;
    uint32_t *end =
        arena_alloc(arena, p->n_resources + 2, sizeof *end); /* of each resource, one behind while counting */
    if (!end)
        return WM_EMEMORY;
    x->first = end;
    int64_t weight;
    for (uint32_t g = 0; g < p->n_groups; g++)
        for (uint32_t o = p->first_option[g]; o < p->first_option[g + 1]; o++)
            if (weigh(x, g, o, &weight))
                end[x->where[o] + 2]++;
    for (size_t r = 0; r < p->n_resources; r++)
        end[r + 2] += end[r + 1];
    x->row = arena_alloc(arena, end[p->n_resources + 1], sizeof *x->row);
    x->weight = arena_alloc(arena, end[p->n_resources + 1], sizeof *x->weight);
    if (!x->row || !x->weight)
        return WM_EMEMORY;
    for (uint32_t g = 0; g < p->n_groups; g++)
        for (uint32_t o = p->first_option[g]; o < p->first_option[g + 1]; o++)
            if (weigh(x, g, o, &weight)) {
                uint32_t edge = end[x->where[o] + 1]++;
                x->row[edge] = g;
                x->weight[edge] = weight;
            }
    join_twins(x);
    return WM_OK;
}

static int64_t common_divisor(int64_t x, int64_t y)
{
    while (y) {
        int64_t rest = x % y;
        x = y;
        y = rest;
    }
    return x;
}

/* Takes out what divides all weights, if they are so great that prices could go out of range. */
static void scale(struct reduced *x, size_t columns)
{
    int64_t most = 0, divisor = 0;
    size_t n = x->first[columns];
    for (size_t e = 0; e < n; e++) {
        int64_t size = x->weight[e] < 0 ? -x->weight[e] : x->weight[e];
        most = size > most ? size : most;
    }
    x->divisor = 1;
    if (most < ASSIGN_WEIGHT_MOST / 2 / (int64_t)(columns + 1))
        return;
    for (size_t e = 0; e < n && divisor != 1; e++)
        divisor = common_divisor(x->weight[e] < 0 ? -x->weight[e] : x->weight[e], divisor);
    for (size_t e = 0; e < n && divisor > 1; e++)
        x->weight[e] /= divisor;
    x->divisor = divisor > 1 ? divisor : 1;
}

/* Which side are columns, and must all openings be filled because all groups must be served? */
static void choose_sides(struct reduced *x)
{
    const struct wm_problem *p = x->p;
    size_t openings = 0, served = 0, musts = 0, resources = 0;
    bool single = true;
    for (size_t r = 0; r < p->n_resources; r++) {
        openings += x->room[r];
        resources += x->room[r] > 0;
        single &= x->room[r] <= 1;
    }
    for (size_t g = 0; g < p->n_groups; g++) {
        served += x->held[g] == NOTHING;
        musts += x->row_must[g];
    }
    x->turned = single && served <= resources;
    x->all_full = musts == served && openings == served;
}

static int make_edges(struct reduced *x, struct arena *arena)
{
    const struct wm_problem *p = x->p;
    for (uint32_t g = 0; g < p->n_groups; g++)
        if (x->held[g] == NOTHING)
            find_base(x, g);
    choose_sides(x);
    size_t columns = x->turned ? p->n_groups : p->n_resources;
    int status = x->turned ? edges_by_group(x, arena) : edges_by_resource(x, arena);
    if (status == WM_OK)
        scale(x, columns);
    return status;
}

/* ---- solving ---- */

static int set_up(const struct reduced *x, struct arena *arena, struct assign *a)
{
    const struct wm_problem *p = x->p;
    for (size_t r = 0; r < p->n_resources; r++)
        x->must[r] |= x->all_full && x->room[r];
    if (!x->turned)
        return assign_init(a, arena, p->n_groups, p->n_resources, x->first, x->row, x->room, x->row_must, x->must);
    uint32_t *single = arena_alloc(arena, p->n_groups + 1, sizeof *single);
    if (!single)
        return WM_EMEMORY;
    for (size_t g = 0; g < p->n_groups; g++)
        single[g] = x->held[g] == NOTHING;
    return assign_init(a, arena, p->n_resources, p->n_groups, x->first, x->row, single, x->must, x->row_must);
}

/* Prices of openings that must be filled only because groups must be served: no lower than they need be. */
static int64_t least_price(const struct reduced *x, const int64_t *price)
{
    int64_t least = 0;
    for (size_t r = 0; r < x->p->n_resources && x->all_full; r++)
        if (x->room[r] && !x->p->resource_must[r] && price[r] < least)
            least = price[r];
    return least;
}

/* The option that an edge of group g and resource r (the innermost that it uses) was. */
static uint32_t option_on(const struct reduced *x, uint32_t g, uint32_t r)
{
    const struct wm_problem *p = x->p;
    uint32_t best = NOTHING;
    for (uint32_t o = p->first_option[g]; o < p->first_option[g + 1]; o++)
        if ((best == NOTHING || worth(p, o) > worth(p, best)) && innermost(x, o, NOTHING) == r && possible(x, o))
            best = o;
    return best;
}

static void add_values(const struct wm_problem *p, struct matching *out)
{
    for (uint32_t g = 0; g < p->n_groups; g++)
        if (out->choice[g] != NOTHING)
            out->value_nano += p->value_nano[out->choice[g]];
}

/* An opening's price by the unit of what it uses. */
static double unit_price(const struct reduced *x, size_t r, int64_t opening)
{
    return x->use[r] ? (double)opening * (double)x->divisor / NANO / ((double)x->use[r] / MICRO) : 0;
}

static void take_answer(const struct reduced *x, const struct assign *a, struct matching *out)
{
    const struct wm_problem *p = x->p;
    const int64_t *price = x->turned ? a->row_price : a->column_price;
    int64_t least = least_price(x, price);
    for (uint32_t g = 0; g < p->n_groups; g++)
        out->choice[g] = x->held[g] != NOTHING ? x->held[g] : x->fall[g];
    for (uint32_t i = 0; i < a->n_rows; i++)
        if (a->edge_of_row[i] != ASSIGN_NONE) {
            uint32_t column = assign_column(a, i), g = x->turned ? column : i, r = x->turned ? i : column;
            out->choice[g] = option_on(x, g, r);
        }
    add_values(p, out);
    for (size_t r = 0; r < p->n_resources; r++)
        out->price[r] = unit_price(x, r, price[r] - (x->room[r] ? least : 0));
}

/* Limits that nest. */
static int solve_nest(struct reduced *x, struct arena *arena, bool (*stop)(void *arg), void *arg, struct matching *out)
{
    const struct wm_problem *p = x->p;
    for (uint32_t g = 0; g < p->n_groups; g++)
        if (x->held[g] == NOTHING)
            find_base(x, g);
    int status = edges_by_group(x, arena);
    if (status != WM_OK)
        return status;
    scale(x, p->n_groups);
    int64_t most = nest_weight_most(p->n_groups, p->n_resources);
    for (size_t e = 0; e < x->first[p->n_groups]; e++)
        if (x->weight[e] > most || x->weight[e] < -most)
            return WM_OK;
    struct nest nest = {.n_groups = p->n_groups,
                        .n_places = p->n_resources,
                        .first = x->first,
                        .place = x->row,
                        .weight = x->weight,
                        .parent = x->above,
                        .room = x->room,
                        .must = x->row_must};
    status = nest_solve(&nest, arena, stop, arg);
    if (status != WM_OK)
        return status;
    out->is_one = true;
    out->stopped = nest.stopped;
    out->feasible = nest.feasible;
    if (nest.stopped || !nest.feasible)
        return WM_OK;
    for (uint32_t g = 0; g < p->n_groups; g++) {
        uint32_t e = nest.edge_of[g];
        out->choice[g] = x->held[g] != NOTHING ? x->held[g] : e != NEST_NONE ? option_on(x, g, x->row[e]) : x->fall[g];
    }
    add_values(p, out);
    for (size_t r = 0; r < p->n_resources; r++)
        out->price[r] = unit_price(x, r, nest.price[r]);
    return WM_OK;
}

int matching_solve(const struct wm_problem *p, struct arena *arena, bool (*stop)(void *arg), void *arg,
                   struct matching *out)
{
    struct reduced x = {.p = p};
    struct assign a;
    *out = (struct matching){.choice = arena_alloc(arena, p->n_groups + 1, sizeof *out->choice),
                             .price = arena_alloc(arena, p->n_resources + 1, sizeof *out->price)};
    if (!out->choice || !out->price || !allocate(&x, arena))
        return WM_EMEMORY;
    if (!serve_locks(&x)) {
        out->is_one = true;
        return WM_OK;
    }
    bool simple = is_simple(&x);
    if (!simple && !find_loose(&x, arena)) /* it takes longer, and is seldom needed */
        return WM_EMEMORY;
    int status = WM_OK;
    if ((!simple || has_plenty(&x)) && !is_simple(&x)) {
        bool nests = is_nest(&x, arena, &status) && count_openings(&x);
        return nests ? solve_nest(&x, arena, stop, arg, out) : status;
    }
    out->is_one = true;
    if (!count_openings(&x))
        return WM_OK;
    status = make_edges(&x, arena);
    status = status ? status : set_up(&x, arena, &a);
    if (status != WM_OK)
        return status;
    if (!assign_solve(&a, x.weight, stop, arg)) {
        out->stopped = !a.out_of_range;
        out->is_one = out->stopped;
        return WM_OK;
    }
    out->feasible = a.feasible;
    if (a.feasible)
        take_answer(&x, &a, out);
    return WM_OK;
}
