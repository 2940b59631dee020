/*
 * Assignment within nested capacities, by shortest augmenting paths (Jewell 1962, Busacker and Gowen 1960) with prices that
 * keep every step's cost at 0 or more (Edmonds and Karp 1972, Tomizawa 1971): a flow of least cost from groups through places
 * and the places above them out of each root, one group at a time.
 *
 * A price stands at every place for all that a seat there costs, its own room and the room above. A search from a group
 * goes, always by what is least given up: to a place; from a place up, if it has room; down into a place whose seats are
 * taken (one of those is given up, which makes room above); from a place to those who sit in it, and on to where else these
 * could be. It ends at a root with room or at somebody who may as well go without. What was passed on the way costs more
 * from then on, by as much as it was nearer than the end, and everybody on the path moves on by one. Most groups find room at
 * once; the rest look only at what is nearer than their end. So thousands take well under a second where the simplex
 * method, which looks at all limits at each pivot, took twenty.
 *
 * After every search the flow is the best for the groups served so far, and the prices prove it. A group is never sent
 * without by mistake: who goes without has nothing that is worth more than its price, and prices only rise. Ties go to the
 * lower number, so the answer is the same every time.
 */
#include "nest.h"
#include "internal.h"

#include <string.h>

enum { ASK_EVERY = 64 /* groups */ };

enum via { VIA_GROUP, VIA_CHILD, VIA_PARENT };

struct step { /* how a place was reached */
    int64_t far;
    uint32_t from; /* a group (by `edge`), or a place */
    uint32_t edge;
    enum via via;
};

struct waiting {
    int64_t far;
    uint32_t place;
};

struct state {
    struct nest *nest;
    uint32_t *child_first, *child;       /* [n_places + 1], by parent */
    uint32_t *taken;                     /* [n_places] of its room */
    int64_t *price;                      /* [n_places] of a seat: of its room and all above */
    uint32_t *sits, *next, *before;      /* [n_places], [n_groups]: who took an edge into a place, a list */
    struct step *step;                   /* [n_places] */
    uint32_t *reached, *settled, search; /* [n_places] stamps */
    uint32_t *passed;                    /* [n_passed] places settled */
    size_t n_passed;
    struct waiting *heap;
    size_t n_heap, heap_cap;
    struct arena *arena;
    int64_t end_far;               /* INT64_MAX: no end yet */
    uint32_t end_place, end_group; /* a root; or who goes without */
};

int64_t nest_weight_most(size_t n_groups, size_t n_places)
{
    return (INT64_MAX / 8) / (int64_t)(n_groups + n_places + 1); /* a path passes each once, a price is one's length */
}

/* ---- setting out ---- */

static bool list_children(struct state *s)
{
    const struct nest *n = s->nest;
    uint32_t *first = s->child_first = arena_alloc(s->arena, n->n_places + 2, sizeof *first);
    s->child = arena_alloc(s->arena, n->n_places + 1, sizeof *s->child);
    if (!first || !s->child)
        return false;
    for (size_t p = 0; p < n->n_places; p++)
        if (n->parent[p] != NEST_NONE)
            first[n->parent[p] + 2]++;
    for (size_t p = 2; p < n->n_places + 2; p++)
        first[p] += first[p - 1];
    for (uint32_t p = 0; p < n->n_places; p++)
        if (n->parent[p] != NEST_NONE)
            s->child[first[n->parent[p] + 1]++] = p;
    return true;
}

static bool init(struct state *s)
{
    struct nest *n = s->nest;
    size_t places = n->n_places + 1, groups = n->n_groups + 1;
    n->edge_of = arena_alloc(s->arena, groups, sizeof *n->edge_of);
    n->price = arena_alloc(s->arena, places, sizeof *n->price);
    s->taken = arena_alloc(s->arena, places, sizeof *s->taken);
    s->price = arena_alloc(s->arena, places, sizeof *s->price);
    s->sits = arena_alloc(s->arena, places, sizeof *s->sits);
    s->next = arena_alloc(s->arena, groups, sizeof *s->next);
    s->before = arena_alloc(s->arena, groups, sizeof *s->before);
    s->step = arena_alloc(s->arena, places, sizeof *s->step);
    s->reached = arena_alloc(s->arena, places, sizeof *s->reached);
    s->settled = arena_alloc(s->arena, places, sizeof *s->settled);
    s->passed = arena_alloc(s->arena, places, sizeof *s->passed);
    /* a place waits once for each time it was reached by a nearer way: from each edge, its parent, its children */
    s->heap_cap = (size_t)n->first[n->n_groups] + 2 * places;
    s->heap = arena_alloc(s->arena, s->heap_cap, sizeof *s->heap);
    if (!n->edge_of || !n->price || !s->taken || !s->price || !s->sits || !s->next || !s->before || !s->step ||
        !s->reached || !s->settled || !s->passed || !s->heap)
        return false;
    memset(n->edge_of, 0xff, n->n_groups * sizeof *n->edge_of);
    memset(s->sits, 0xff, n->n_places * sizeof *s->sits);
    return list_children(s);
}

/* ---- the search ---- */

static bool nearer(const struct waiting *a, const struct waiting *b)
{
    return a->far != b->far ? a->far < b->far : a->place < b->place;
}

static void push(struct state *s, struct waiting new)
{
    size_t at = s->n_heap++;
    for (; at > 0 && nearer(&new, &s->heap[(at - 1) / 2]); at = (at - 1) / 2)
        s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = new;
}

static struct waiting pop(struct state *s)
{
    struct waiting top = s->heap[0], moving = s->heap[--s->n_heap];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < s->n_heap; at = child) {
        if (child + 1 < s->n_heap && nearer(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!nearer(&s->heap[child], &moving))
            break;
        s->heap[at] = s->heap[child];
    }
    s->heap[at] = moving;
    return top;
}

static void reach(struct state *s, uint32_t place, struct step step)
{
    if (step.far >= s->end_far || (s->reached[place] == s->search && step.far >= s->step[place].far))
        return;
    s->reached[place] = s->search;
    s->step[place] = step;
    push(s, (struct waiting){step.far, place});
}

/* Whoever has `have` at `far`, to each place it could be. */
static void reach_from_group(struct state *s, uint32_t g, int64_t far, int64_t have)
{
    const struct nest *n = s->nest;
    for (uint32_t e = n->first[g]; e < n->first[g + 1]; e++)
        if (e != n->edge_of[g])
            reach(s, n->place[e], (struct step){far + have + s->price[n->place[e]] - n->weight[e], g, e, VIA_GROUP});
}

static void end_at(struct state *s, int64_t far, uint32_t place, uint32_t group)
{
    if (far >= s->end_far)
        return;
    s->end_far = far;
    s->end_place = place;
    s->end_group = group;
}

static void settle(struct state *s, uint32_t p, int64_t far)
{
    const struct nest *n = s->nest;
    uint32_t up = n->parent[p];
    s->settled[p] = s->search;
    s->passed[s->n_passed++] = p;
    if (s->taken[p] < n->room[p] && up == NEST_NONE)
        end_at(s, far - s->price[p], p, NEST_NONE);
    else if (s->taken[p] < n->room[p])
        reach(s, up, (struct step){far + s->price[up] - s->price[p], p, NEST_NONE, VIA_CHILD});
    for (uint32_t c = s->child_first[p]; c < s->child_first[p + 1]; c++)
        if (s->taken[s->child[c]] > 0)
            reach(s, s->child[c], (struct step){far + s->price[s->child[c]] - s->price[p], p, NEST_NONE, VIA_PARENT});
    for (uint32_t g = s->sits[p]; g != NEST_NONE; g = s->next[g]) {
        int64_t have = n->weight[n->edge_of[g]] - s->price[p];
        if (!n->must[g])
            end_at(s, far + have, p, g);
        reach_from_group(s, g, far, have);
    }
}

/* What group g gets at these prices, without regard to room; INT64_MIN: it has no edge. */
static int64_t best_of(const struct state *s, uint32_t g)
{
    const struct nest *n = s->nest;
    int64_t best = INT64_MIN;
    for (uint32_t e = n->first[g]; e < n->first[g + 1]; e++) {
        int64_t net = n->weight[e] - s->price[n->place[e]];
        best = net > best ? net : best;
    }
    return best;
}

/* To the nearest end from group g, and prices along. False: there is none. */
static bool search(struct state *s, uint32_t g, int64_t best)
{
    s->search++;
    s->n_heap = s->n_passed = 0;
    s->end_far = INT64_MAX;
    if (!s->nest->must[g])
        end_at(s, best, NEST_NONE, g);
    reach_from_group(s, g, 0, best);
    while (s->n_heap > 0 && s->heap[0].far < s->end_far) {
        struct waiting top = pop(s);
        if (s->settled[top.place] != s->search)
            settle(s, top.place, top.far);
    }
    if (s->end_far == INT64_MAX)
        return false;
    for (size_t i = 0; i < s->n_passed; i++)
        s->price[s->passed[i]] += s->end_far - s->step[s->passed[i]].far;
    return true;
}

/* ---- moving on ---- */

static void leave(struct state *s, uint32_t g)
{
    uint32_t before = s->before[g], next = s->next[g];
    if (before != NEST_NONE)
        s->next[before] = next;
    else
        s->sits[s->nest->place[s->nest->edge_of[g]]] = next;
    if (next != NEST_NONE)
        s->before[next] = before;
    s->nest->edge_of[g] = NEST_NONE;
}

static void join(struct state *s, uint32_t g, uint32_t edge)
{
    uint32_t p = s->nest->place[edge], next = s->sits[p];
    s->nest->edge_of[g] = edge;
    s->before[g] = NEST_NONE;
    s->next[g] = next;
    if (next != NEST_NONE)
        s->before[next] = g;
    s->sits[p] = g;
}

/* From the end of the search back to its group. */
static void move_all(struct state *s, uint32_t start)
{
    const struct nest *n = s->nest;
    uint32_t at = s->end_place, g = s->end_group;
    if (g == start)
        return;
    if (g != NEST_NONE)
        leave(s, g);
    else
        s->taken[at]++;
    for (g = NEST_NONE; g != start;) {
        const struct step *step = &s->step[at];
        if (step->via == VIA_GROUP) {
            g = step->from;
            uint32_t was = n->edge_of[g];
            if (was != NEST_NONE)
                leave(s, g);
            join(s, g, step->edge);
            at = was != NEST_NONE ? n->place[was] : NEST_NONE;
        } else {
            if (step->via == VIA_CHILD)
                s->taken[step->from]++; /* one more goes up from there */
            else
                s->taken[at]--;
            at = step->from;
        }
    }
}

/* What a place costs beyond those above it; an empty one that is cheaper than these costs as much. */
static void own_prices(struct state *s)
{
    const struct nest *n = s->nest;
    size_t n_queue = 0;
    for (uint32_t p = 0; p < n->n_places; p++)
        if (n->parent[p] == NEST_NONE)
            s->passed[n_queue++] = p;
    for (size_t i = 0; i < n_queue; i++) {
        uint32_t p = s->passed[i], up = n->parent[p];
        int64_t above = up == NEST_NONE ? 0 : s->price[up];
        s->price[p] = s->price[p] > above ? s->price[p] : above;
        n->price[p] = s->price[p] - above;
        for (uint32_t c = s->child_first[p]; c < s->child_first[p + 1]; c++)
            s->passed[n_queue++] = s->child[c];
    }
}

int nest_solve(struct nest *nest, struct arena *arena, bool (*stop)(void *arg), void *arg)
{
    struct state s = {.nest = nest, .arena = arena};
    if (!init(&s))
        return WM_EMEMORY;
    nest->feasible = true;
    for (uint32_t g = 0; g < nest->n_groups && nest->feasible && !nest->stopped; g++) {
        int64_t best = best_of(&s, g);
        if (!nest->must[g] && best <= 0)
            continue;
        nest->feasible = best != INT64_MIN && search(&s, g, best);
        if (nest->feasible)
            move_all(&s, g);
        nest->stopped = g % ASK_EVERY == 0 && stop && stop(arg);
    }
    own_prices(&s);
    return WM_OK;
}
