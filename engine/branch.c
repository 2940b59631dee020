/*
 * Branch and bound (Land and Doig 1960) over the linear relaxation: the search that closes the gap.
 *
 * A node splits some options from others that exclude them: within a group ("this leader takes that post, or not"), or
 * within a limit that has room for one of them only ("that post comes with this package, or not, whoever takes it"), or it
 * splits a limit that counts ("at most three of this package, or at least four"). The coarser the question, the more both
 * halves say; a single option is the last resort. Which split: that whose two halves' bounds fall most, seen by a few pivots
 * into each (strong branching, Applegate and others 1995) until enough was seen to guess it (reliability branching,
 * Achterberg, Koch and Martin 2005). From a node the search dives into the half that falls less, with the simplex method
 * going on from where it is; the other half waits with a copy of the basis, and the waiting node of the highest bound is
 * next when the dive ends. Every bound is one of prices, see descend.c.
 *
 * It ends for certain: each split leaves both halves with fewer options or a narrower limit, and a node whose groups have
 * one option each is judged in integers, whatever the simplex method says about it. Order is by bound, then by number: the
 * same every time.
 */
#include "model.h"

#include <math.h>
#include <string.h>

#define FRACTION 1e-6

enum {
    TRIED_MOST = 8,    /* splits tried by pivots, per node */
    TRIED_FIRST = 30,  /* and at the root */
    IDLE_MOST = 4,     /* splits that were no better, in succession */
    CONSIDERED = 100,  /* splits ranked, per node */
    RELIABLE = 4,      /* trials of each half before a guess is as good, */
    RELIABLE_ROW = 40, /* or of splits by the same row */
    PIVOTS_TRIED = 20, /* into each half */
    KNOWN_SLOTS = 1 << 14,
    LOOK_EVERY = 600, /* nodes between searches near the best plan */
    PLANS_EVERY = 50  /* nodes between plans made from shares; also at each power of two */
};

#define OF_ROW (UINT32_C(1) << 31)
#define ANY_OWNER (UINT32_MAX - 1)

struct split {
    uint32_t owner; /* a group; or OF_ROW | a row with room for one of its options, or that counts */
    uint32_t row;   /* inside are options with a use of it of `least` or more; NO_ROW: see below */
    int64_t least;  /* NO_ROW: of a group, the one option; of a row, at least so much of it is used, or less */
};

struct node {
    double bound;
    uint32_t parent; /* NO_PARENT: the root */
    struct split split;
    bool inside; /* which half */
    struct waiting *waiting;
};

struct waiting {          /* how to go on from a node */
    struct waiting *next; /* when free */
    struct basis basis;
};

#define NO_PARENT UINT32_MAX

struct known { /* by how much bounds fell, per share moved, at splits of one owner and row */
    uint32_t owner, row;
    uint32_t n[2];
    double sum[2];
};

struct option_split {
    struct split split;
    double inside, score; /* share inside, 0 to 1 */
};

struct search {
    const struct model *model;
    struct arena *arena;
    struct run *run;
    struct simplex lp;
    struct trial trial;
    struct plan plan;
    uint8_t *always; /* [n_options] banned everywhere, by the root's prices */
    uint8_t *before; /* [n_options] bans before a trial */
    double *share;   /* [n_options] */
    double *shortfall;
    uint32_t *whole;                  /* [n_groups] scratch */
    int64_t *counts;                  /* [n_rows] the use of every option, if all are the same; else 0 */
    uint8_t *packs;                   /* [n_rows] room for one option only */
    uint32_t *shape_first;            /* [n_shapes + 1] options by shape */
    uint32_t *shape_options;          /* [n_options] */
    uint32_t *row_first, *row_shapes; /* shapes by row */
    double *activity;                 /* [n_rows] scratch */
    struct option_split *ranked;      /* [CONSIDERED] */
    struct known *known;              /* [KNOWN_SLOTS] by hash */
    struct known average;             /* of all */
    struct node *nodes;               /* every node made: children point at parents */
    size_t n_nodes, nodes_cap;
    uint32_t *heap; /* [nodes_cap] waiting, the highest bound first */
    size_t n_heap;
    struct waiting *free;
    double root_bound, *root_prices, *root_shortfall, *root_share, fixed_at;
    size_t looked, look_next; /* nodes when plans near the best were looked for, and will be */
    bool brief;
    double left; /* highest bound that was given up without looking further */
};

/* ---- waiting nodes ---- */

static bool before(const struct search *s, uint32_t a, uint32_t b)
{
    return s->nodes[a].bound != s->nodes[b].bound ? s->nodes[a].bound > s->nodes[b].bound : a > b;
}

static void push(struct search *s, uint32_t node)
{
    size_t at = s->n_heap++;
    for (; at > 0 && before(s, node, s->heap[(at - 1) / 2]); at = (at - 1) / 2)
        s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = node;
}

static uint32_t pop(struct search *s)
{
    uint32_t top = s->heap[0], moving = s->heap[--s->n_heap];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < s->n_heap; at = child) {
        if (child + 1 < s->n_heap && before(s, s->heap[child + 1], s->heap[child]))
            child++;
        if (!before(s, s->heap[child], moving))
            break;
        s->heap[at] = s->heap[child];
    }
    if (s->n_heap > 0)
        s->heap[at] = moving;
    return top;
}

static bool make_room(struct search *s)
{
    if (s->n_nodes + 2 <= s->nodes_cap)
        return true;
    size_t cap = s->nodes_cap ? 2 * s->nodes_cap : 1024;
    struct node *nodes = arena_alloc(s->arena, cap, sizeof *nodes);
    uint32_t *heap = arena_alloc(s->arena, cap, sizeof *heap);
    if (!nodes || !heap || cap > UINT32_MAX / 2)
        return false;
    if (s->n_nodes) {
        memcpy(nodes, s->nodes, s->n_nodes * sizeof *nodes);
        memcpy(heap, s->heap, s->n_heap * sizeof *heap);
    }
    s->nodes = nodes;
    s->heap = heap;
    s->nodes_cap = cap;
    return true;
}

static struct waiting *save_basis(struct search *s)
{
    struct waiting *waiting = s->free;
    if (waiting) {
        s->free = waiting->next;
    } else {
        waiting = arena_alloc(s->arena, 1, sizeof *waiting);
        if (!waiting || !basis_init(&waiting->basis, s->arena, s->model))
            return NULL;
    }
    simplex_save(&s->lp, &waiting->basis);
    return waiting;
}

/* ---- splits ---- */

static int64_t use_of(const struct model *m, uint32_t o, uint32_t row)
{
    uint32_t k = m->shape_of[o];
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
        if (m->use_row[u] == row)
            return m->use[u];
    return 0;
}

static bool is_inside(const struct model *m, const struct split *split, uint32_t o)
{
    return split->row == NO_ROW ? o == split->least : use_of(m, o, split->row) >= split->least;
}

/* Options inside a row that has room for one: some one of them is taken, or none. */
static void narrow_row(struct search *s, const struct split *split, bool inside)
{
    const struct model *m = s->model;
    uint32_t row = split->owner & ~OF_ROW;
    int64_t least = INT64_MAX;
    if (split->row == NO_ROW) { /* a count */
        double to = (double)(inside ? split->least : split->least - s->counts[row]) / m->row_scale[row];
        if (inside)
            s->lp.low[row] = to > s->lp.low[row] ? to : s->lp.low[row];
        else
            s->lp.high[row] = to < s->lp.high[row] ? to : s->lp.high[row];
        return;
    }
    for (uint32_t i = s->row_first[row]; i < s->row_first[row + 1]; i++) {
        uint32_t k = s->row_shapes[i], o = s->shape_options[s->shape_first[k]];
        bool in = is_inside(m, split, o);
        int64_t use = use_of(m, o, row);
        least = in && use < least ? use : least;
        if (in != inside)
            for (uint32_t j = s->shape_first[k]; j < s->shape_first[k + 1]; j++)
                s->lp.banned[s->shape_options[j]] = 1;
    }
    double to = (double)least / m->row_scale[row];
    if (inside)
        s->lp.low[row] = to > s->lp.low[row] ? to : s->lp.low[row];
}

static void take_half(struct search *s, const struct split *split, bool inside)
{
    const struct model *m = s->model;
    if (split->owner & OF_ROW) {
        narrow_row(s, split, inside);
        return;
    }
    for (uint32_t o = m->first[split->owner]; o < m->first[split->owner + 1]; o++)
        if (is_inside(m, split, o) != inside)
            s->lp.banned[o] = 1;
}

static void take_path(struct search *s, uint32_t node)
{
    const struct model *m = s->model;
    memcpy(s->lp.banned, s->always, m->n_options);
    memcpy(s->lp.low, m->low, m->n_rows * sizeof *m->low);
    memcpy(s->lp.high, m->high, m->n_rows * sizeof *m->high);
    for (; s->nodes[node].parent != NO_PARENT; node = s->nodes[node].parent)
        take_half(s, &s->nodes[node].split, s->nodes[node].inside);
}

static void give_up(struct search *s, double bound)
{
    s->left = bound > s->left ? bound : s->left;
}

/* ---- what is known of splits ---- */

static struct known *slot_of(struct search *s, uint32_t owner, uint32_t row)
{
    uint64_t h = (owner * UINT64_C(0x9e3779b97f4a7c15)) ^ (row * UINT64_C(0xbf58476d1ce4e5b9));
    h ^= h >> 31;
    for (size_t i = h & (KNOWN_SLOTS - 1), n = 0; n < 32; i = (i + 1) & (KNOWN_SLOTS - 1), n++) {
        struct known *k = &s->known[i];
        if (k->n[0] + k->n[1] > 0 && (k->owner != owner || k->row != row))
            continue;
        k->owner = owner;
        k->row = row;
        return k;
    }
    return NULL;
}

static void learn_at(struct known *k, bool inside, double each)
{
    if (!k)
        return;
    k->n[inside]++;
    k->sum[inside] += each;
}

static void learn(struct search *s, const struct split *split, bool inside, double fall, double moved)
{
    double each = (fall < 1e6 ? fall : 1e6) / (moved > FRACTION ? moved : FRACTION);
    learn_at(slot_of(s, split->owner, split->row), inside, each);
    learn_at(slot_of(s, ANY_OWNER, split->row), inside, each);
    learn_at(&s->average, inside, each);
}

/* Of this split, if it was seen; else of the row, else of all. */
static double guess(struct search *s, const struct split *split, bool inside)
{
    const struct known *own = slot_of(s, split->owner, split->row), *row = slot_of(s, ANY_OWNER, split->row);
    const struct known *k = own && own->n[inside] ? own : row && row->n[inside] ? row : &s->average;
    return k->n[inside] ? k->sum[inside] / k->n[inside] : 1;
}

static bool is_reliable(struct search *s, const struct split *split)
{
    const struct known *own = slot_of(s, split->owner, split->row), *row = slot_of(s, ANY_OWNER, split->row);
    return (own && own->n[0] >= RELIABLE && own->n[1] >= RELIABLE) ||
           (row && row->n[0] >= RELIABLE_ROW && row->n[1] >= RELIABLE_ROW);
}

static double score_of(double a, double b)
{
    double least = 1e-9;
    return (a > least ? a : least) * (b > least ? b : least);
}

/* ---- candidates ---- */

/* Keeps the CONSIDERED best, each once, best first. */
static void keep_split(struct search *s, size_t *n, const struct option_split *new)
{
    for (size_t i = 0; i < *n; i++) {
        const struct split *a = &s->ranked[i].split, *b = &new->split;
        if (a->owner == b->owner && a->row == b->row && a->least == b->least)
            return;
    }
    size_t at = *n < CONSIDERED ? (*n)++ : CONSIDERED;
    if (at == CONSIDERED && s->ranked[--at].score >= new->score)
        return;
    for (; at > 0 && s->ranked[at - 1].score < new->score; at--)
        s->ranked[at] = s->ranked[at - 1];
    s->ranked[at] = *new;
}

static void consider(struct search *s, struct split split, double inside, size_t *n)
{
    if (inside <= FRACTION || inside >= 1 - FRACTION)
        return;
    double score = score_of(guess(s, &split, true) * (1 - inside), guess(s, &split, false) * inside);
    keep_split(s, n, &(struct option_split){split, inside, score});
}

/* By the share of the owner's options (those listed) with at least that much of some row. */
static double share_inside(const struct search *s, const struct split *split, const uint32_t *list, size_t n_list)
{
    double in = 0;
    for (size_t i = 0; i < n_list; i++)
        if (is_inside(s->model, split, list[i]))
            in += s->share[list[i]];
    return in;
}

static void consider_list(struct search *s, uint32_t owner, const uint32_t *list, size_t n_list, size_t *n)
{
    const struct model *m = s->model;
    for (size_t i = 0; i < n_list; i++) {
        uint32_t o = list[i], k = m->shape_of[o];
        if (s->share[o] >= 1 - FRACTION)
            continue;
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++) {
            if ((owner & ~OF_ROW) == m->use_row[u] && (owner & OF_ROW) && s->counts[m->use_row[u]])
                continue; /* as a count, below */
            struct split any = {owner, m->use_row[u], 1}, much = {owner, m->use_row[u], m->use[u]};
            consider(s, any, share_inside(s, &any, list, n_list), n);
            if (!s->counts[m->use_row[u]])
                consider(s, much, share_inside(s, &much, list, n_list), n);
        }
        if (!(owner & OF_ROW))
            consider(s, (struct split){owner, NO_ROW, o}, s->share[o], n);
    }
}

/* Options with a share, by group and then by row with room for one. */
static void consider_all(struct search *s, size_t *n)
{
    const struct model *m = s->model;
    uint32_t list[64];
    for (size_t p = 0; p < m->n_rows; p++) { /* groups that are split have an option beside their key */
        uint32_t basic = s->lp.basic[p];
        if (basic & SLACK || s->share[basic] <= FRACTION)
            continue;
        uint32_t g = m->group_of[basic];
        size_t n_list = 0;
        for (uint32_t o = m->first[g]; o < m->first[g + 1] && n_list < 64; o++)
            if (s->share[o] > FRACTION)
                list[n_list++] = o;
        if (list[0] == basic || list[1] == basic) /* once for the group, nearly always */
            consider_list(s, g, list, n_list, n);
    }
    for (uint32_t r = 0; r < m->n_rows; r++) {
        size_t n_list = 0;
        double uses = 0;
        bool split = false;
        if (!s->packs[r] && !s->counts[r])
            continue;
        for (uint32_t i = s->row_first[r]; i < s->row_first[r + 1]; i++)
            for (uint32_t j = s->shape_first[s->row_shapes[i]]; j < s->shape_first[s->row_shapes[i] + 1]; j++) {
                uint32_t o = s->shape_options[j];
                if (s->share[o] <= FRACTION)
                    continue;
                uses += s->share[o];
                split |= s->share[o] < 1 - FRACTION;
                if (n_list < 64)
                    list[n_list++] = o;
            }
        if (!split)
            continue;
        if (s->counts[r])
            consider(s, (struct split){OF_ROW | r, NO_ROW, ((int64_t)floor(uses) + 1) * s->counts[r]},
                     uses - floor(uses), n);
        if (s->packs[r])
            consider_list(s, OF_ROW | r, list, n_list, n);
    }
}

/* No share is between 0 and 1: any group that has more than one option left, the first of them against the rest. */
static bool split_any(const struct search *s, struct split *out)
{
    const struct model *m = s->model;
    for (uint32_t g = 0; g < m->n_groups; g++) {
        size_t n = 0;
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++)
            if (!s->lp.banned[o] && ++n == 1)
                *out = (struct split){g, NO_ROW, o};
        if (n > 1)
            return true;
    }
    return false;
}

/* A few pivots into one half: by how much the bound falls, HUGE_VAL when nothing better is left there. */
static enum lp_status try_half(struct search *s, const struct split *split, bool inside, double *fall, double *left)
{
    const struct model *m = s->model;
    double was = s->lp.bound, low = 0, high = 0;
    uint32_t row = split->owner & ~OF_ROW;
    memcpy(s->before, s->lp.banned, m->n_options);
    if (split->owner & OF_ROW) {
        low = s->lp.low[row];
        high = s->lp.high[row];
    }
    take_half(s, split, inside);
    double cutoff = run_cutoff(s->run, m);
    enum lp_status status = simplex_solve(&s->lp, cutoff, PIVOTS_TRIED, s->run);
    *fall = status == LP_INFEASIBLE || s->lp.bound < cutoff ? HUGE_VAL : was > s->lp.bound ? was - s->lp.bound : 0;
    *left = s->lp.bound;
    simplex_back(&s->lp, &s->trial);
    memcpy(s->lp.banned, s->before, m->n_options);
    if (split->owner & OF_ROW) {
        s->lp.low[row] = low;
        s->lp.high[row] = high;
    }
    return status;
}

enum choice { CHOICE_SPLIT, CHOICE_NONE, CHOICE_NARROWED, CHOICE_STOPPED, CHOICE_STARVED };

/*
 * The split to go on with; `inside` is the half whose bound falls less. NARROWED: a half was seen to hold nothing better, so
 * that the node is the other half of *out.
 */
static enum choice choose_split(struct search *s, struct split *out, bool *inside)
{
    size_t n = 0, tried = 0, idle = 0, most = s->brief ? 2 : s->n_nodes == 1 ? TRIED_FIRST : TRIED_MOST;
    double best = -1;
    consider_all(s, &n);
    *inside = true;
    if (n == 0)
        return split_any(s, out) ? CHOICE_SPLIT : CHOICE_NONE;
    for (size_t i = 0; i < n && (idle < IDLE_MOST || (s->n_nodes == 1 && !s->brief)); i++) {
        const struct split *split = &s->ranked[i].split;
        double in = s->ranked[i].inside, falls[2] = {guess(s, split, false) * in, guess(s, split, true) * (1 - in)};
        if (tried < most && !is_reliable(s, split)) {
            tried++;
            if (!simplex_try(&s->lp, &s->trial))
                return CHOICE_STARVED;
            for (int half = 0; half < 2; half++) {
                double left;
                enum lp_status status = try_half(s, split, half, &falls[half], &left);
                if (status == LP_STOPPED || status == LP_STARVED)
                    return status == LP_STOPPED ? CHOICE_STOPPED : CHOICE_STARVED;
                if (falls[half] == HUGE_VAL) {
                    *out = *split;
                    *inside = !half;
                    give_up(s, left);
                    return CHOICE_NARROWED;
                }
                learn(s, split, half, falls[half], half ? 1 - in : in);
            }
        }
        double score = score_of(falls[0], falls[1]);
        idle++;
        if (score > best * (1 + 1e-9)) {
            best = score;
            idle = 0;
            *out = *split;
            *inside = falls[1] <= falls[0];
        }
    }
    return CHOICE_SPLIT;
}

/* ---- nodes ---- */

/* Options that prices rule out, given the best plan so far. */
static void fix_options(struct search *s, double bound, const double *shortfall, uint8_t *banned, double cutoff)
{
    double slack = 1e-9 * (1 + fabs(bound));
    for (size_t o = 0; o < s->model->n_options; o++)
        if (!banned[o] && bound - shortfall[o] + slack < cutoff) {
            banned[o] = 1;
            give_up(s, bound - shortfall[o] + slack);
        }
}

static void fix_everywhere(struct search *s, double cutoff)
{
    if (cutoff <= s->fixed_at)
        return;
    s->fixed_at = cutoff;
    fix_options(s, s->root_bound, s->root_shortfall, s->always, cutoff);
}

/* The plan of whole shares, when they are whole. */
static bool offer_whole(struct search *s)
{
    const struct model *m = s->model;
    for (uint32_t g = 0; g < m->n_groups; g++) {
        s->whole[g] = s->lp.key[g];
        if (s->share[s->whole[g]] >= 1 - FRACTION && !s->lp.banned[s->whole[g]])
            continue;
        uint32_t most = m->first[g];
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++)
            most = s->share[o] > s->share[most] ? o : most;
        if (s->share[most] < 1 - FRACTION || s->lp.banned[most])
            return false;
        s->whole[g] = most;
    }
    run_offer(s->run, m, s->whole);
    return true;
}

/* One option a group is left: the integers say whether that is a plan. */
static void offer_only(struct search *s)
{
    const struct model *m = s->model;
    for (uint32_t g = 0; g < m->n_groups; g++)
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++)
            if (!s->lp.banned[o])
                s->whole[g] = o;
    run_offer(s->run, m, s->whole);
}

static void make_plan(struct search *s)
{
    simplex_shortfalls(&s->lp, s->shortfall);
    for (size_t o = 0; o < s->model->n_options; o++)
        s->plan.score[o] = s->share[o] - 1e-3 * s->shortfall[o];
    if (plan_make(&s->plan, s->always, s->run))
        run_offer(s->run, s->model, s->plan.choice);
}

static bool time_for_plan(size_t node)
{
    return (node & (node - 1)) == 0 || node % PLANS_EVERY == 0;
}

/* Adds the two halves of `parent`; the one to dive into is the last. */
static int add_children(struct search *s, uint32_t parent, const struct split *split, bool inside, double bound)
{
    struct waiting *waiting = make_room(s) ? save_basis(s) : NULL;
    if (!waiting)
        return WM_EMEMORY;
    s->nodes[s->n_nodes++] = (struct node){bound, parent, *split, !inside, waiting};
    push(s, (uint32_t)s->n_nodes - 1);
    s->nodes[s->n_nodes++] = (struct node){bound, parent, *split, inside, NULL};
    return WM_OK;
}

/* The node is one half of itself: the other holds nothing better. */
static int add_child(struct search *s, uint32_t parent, const struct split *split, bool inside, double bound)
{
    if (!make_room(s))
        return WM_EMEMORY;
    s->nodes[s->n_nodes++] = (struct node){bound, parent, *split, inside, NULL};
    return WM_OK;
}

/* From a node down, always into the better half, until nothing is left of it. */
static int dive(struct search *s, uint32_t node)
{
    struct run *run = s->run;
    for (;;) {
        enum lp_status status = simplex_solve(&s->lp, run_cutoff(run, s->model), 0, run);
        double bound = s->lp.bound < s->nodes[node].bound ? s->lp.bound : s->nodes[node].bound;
        if (status == LP_STARVED)
            return WM_EMEMORY;
        if (status == LP_STOPPED) {
            s->nodes[node].bound = bound;
            give_up(s, bound);
            return WM_OK;
        }
        run->nodes++;
        if (status == LP_INFEASIBLE)
            return WM_OK;
        simplex_shares(&s->lp, s->share);
        if (s->n_nodes == 1) {
            s->root_bound = s->lp.bound;
            simplex_shortfalls(&s->lp, s->root_shortfall);
            simplex_shares(&s->lp, s->root_share);
            memcpy(s->root_prices, s->lp.prices, s->model->n_rows * sizeof *s->root_prices);
        }
        if (status != LP_CUT && !offer_whole(s) && time_for_plan(run->nodes))
            make_plan(s);
        double cutoff = run_cutoff(run, s->model);
        fix_everywhere(s, cutoff);
        if (bound < cutoff) {
            give_up(s, bound);
            return WM_OK;
        }
        simplex_shortfalls(&s->lp, s->shortfall);
        fix_options(s, s->lp.bound, s->shortfall, s->lp.banned, cutoff);
        struct split split;
        bool inside;
        switch (choose_split(s, &split, &inside)) {
        case CHOICE_NONE:
            offer_only(s);
            return WM_OK;
        case CHOICE_STOPPED:
            give_up(s, bound);
            return WM_OK;
        case CHOICE_STARVED:
            return WM_EMEMORY;
        case CHOICE_NARROWED:
            if (add_child(s, node, &split, inside, bound) != WM_OK)
                return WM_EMEMORY;
            break;
        case CHOICE_SPLIT:
            if (add_children(s, node, &split, inside, bound) != WM_OK)
                return WM_EMEMORY;
            break;
        }
        node = (uint32_t)s->n_nodes - 1;
        take_half(s, &split, inside);
    }
}

/* ---- setting out ---- */

static bool list_shapes(struct search *s)
{
    const struct model *m = s->model;
    size_t n_uses = m->first_use[m->n_shapes];
    uint32_t *shape = arena_alloc(s->arena, m->n_shapes + 2, sizeof *shape);
    uint32_t *row = arena_alloc(s->arena, m->n_rows + 2, sizeof *row);
    s->shape_options = arena_alloc(s->arena, m->n_options + 1, sizeof *s->shape_options);
    s->row_shapes = arena_alloc(s->arena, n_uses + 1, sizeof *s->row_shapes);
    if (!shape || !row || !s->shape_options || !s->row_shapes)
        return false;
    for (size_t o = 0; o < m->n_options; o++)
        shape[m->shape_of[o] + 2]++;
    for (size_t k = 2; k < m->n_shapes + 2; k++)
        shape[k] += shape[k - 1];
    for (uint32_t o = 0; o < m->n_options; o++)
        s->shape_options[shape[m->shape_of[o] + 1]++] = o;
    for (size_t u = 0; u < n_uses; u++)
        row[m->use_row[u] + 2]++;
    for (size_t r = 2; r < m->n_rows + 2; r++)
        row[r] += row[r - 1];
    for (uint32_t k = 0; k < m->n_shapes; k++)
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
            s->row_shapes[row[m->use_row[u] + 1]++] = k;
    s->shape_first = shape;
    s->row_first = row;
    return true;
}

/* Which rows count, and which have room for one option. */
static void judge_rows(struct search *s)
{
    const struct model *m = s->model;
    for (size_t r = 0; r < m->n_rows; r++)
        s->packs[r] = r < m->n_resources;
    for (size_t u = 0; u < m->first_use[m->n_shapes]; u++) {
        uint32_t r = m->use_row[u];
        s->counts[r] = s->counts[r] == 0 || s->counts[r] == m->use[u] ? m->use[u] : -1;
        s->packs[r] &= m->use[u] == m->limit[r]; /* see lower_limits in model.c */
    }
    for (size_t r = 0; r < m->n_rows; r++)
        s->counts[r] = s->counts[r] > 0 && r < m->n_resources ? s->counts[r] : 0;
}

static bool init(struct search *s)
{
    const struct model *m = s->model;
    s->always = arena_alloc(s->arena, m->n_options + 1, 1);
    s->before = arena_alloc(s->arena, m->n_options + 1, 1);
    s->share = arena_alloc(s->arena, m->n_options + 1, sizeof *s->share);
    s->shortfall = arena_alloc(s->arena, m->n_options + 1, sizeof *s->shortfall);
    s->root_shortfall = arena_alloc(s->arena, m->n_options + 1, sizeof *s->root_shortfall);
    s->root_prices = arena_alloc(s->arena, m->n_rows + 1, sizeof *s->root_prices);
    s->root_share = arena_alloc(s->arena, m->n_options + 1, sizeof *s->root_share);
    s->whole = arena_alloc(s->arena, m->n_groups + 1, sizeof *s->whole);
    s->counts = arena_alloc(s->arena, m->n_rows + 1, sizeof *s->counts);
    s->packs = arena_alloc(s->arena, m->n_rows + 1, sizeof *s->packs);
    s->ranked = arena_alloc(s->arena, CONSIDERED, sizeof *s->ranked);
    s->known = arena_alloc(s->arena, KNOWN_SLOTS, sizeof *s->known);
    if (!s->always || !s->before || !s->share || !s->shortfall || !s->root_shortfall || !s->root_share ||
        !s->root_prices || !s->whole || !s->counts || !s->packs || !s->ranked || !s->known || !list_shapes(s) ||
        !plan_init(&s->plan, s->arena, m) || !simplex_init(&s->lp, s->arena, m) ||
        !trial_init(&s->trial, s->arena, m) || !make_room(s))
        return false;
    judge_rows(s);
    return true;
}

/* Between nodes: better plans near the best, for a share of the nodes. */
static int look_around_best(struct search *s, struct around *around)
{
    struct run *run = s->run;
    if (run->nodes < s->look_next)
        return WM_OK;
    size_t spent = run->nodes - s->looked;
    int status = around_run(around, s->root_prices, s->root_shortfall, s->root_share, s->root_bound, spent, run);
    s->looked = run->nodes;
    s->look_next = run->nodes + LOOK_EVERY;
    return status;
}

int branch_search(const struct model *m, const struct simplex *start, struct arena *arena, struct run *run,
                  double *bound, struct around *around)
{
    struct search s = {.model = m, .arena = arena, .run = run, .left = -HUGE_VAL, .fixed_at = -HUGE_VAL};
    struct basis basis;
    s.brief = !start;
    if (!init(&s) || !basis_init(&basis, arena, m))
        return WM_EMEMORY;
    if (start)
        simplex_save(start, &basis);
    if (!(start ? simplex_load(&s.lp, &basis) : simplex_begin(&s.lp)))
        return WM_EMEMORY;
    s.nodes[s.n_nodes++] = (struct node){.bound = *bound, .parent = NO_PARENT};
    s.looked = run->nodes;
    s.look_next = run->nodes + LOOK_EVERY;
    int status = dive(&s, 0);
    while (status == WM_OK && s.n_heap > 0) {
        run->open = s.n_heap;
        double top = s.nodes[s.heap[0]].bound;
        bool enough = run->nodes_most && run->nodes >= run->nodes_most;
        if (run_stops(run) || enough || top < run_cutoff(run, m)) {
            give_up(&s, top);
            break;
        }
        double highest = (top > s.left ? top : s.left) * m->value_scale;
        if (run->nodes_most == 0) /* otherwise this is a part of the problem only */
            run->bound = highest < run->bound ? highest : run->bound;
        if (run->nodes % 64 == 0)
            run_tell(run);
        if (around && (status = look_around_best(&s, around)) != WM_OK)
            break;
        uint32_t node = pop(&s);
        take_path(&s, node);
        bool loaded = simplex_load(&s.lp, &s.nodes[node].waiting->basis);
        s.nodes[node].waiting->next = s.free;
        s.free = s.nodes[node].waiting;
        status = loaded ? dive(&s, node) : WM_EMEMORY;
    }
    /* What was left open below the next possible value is worth no more than the plan at hand. */
    double value = (double)run->best_value / m->value_scale, next = (double)(run->best_value + m->quantum);
    next = (next - fabs(next) * 0x1p-50) / m->value_scale;
    *bound = run->found && s.left < next ? value : s.left;
    return status;
}
