/*
 * From the best prices to the proof, or to the stop: what may still be in a better plan (the field) is narrowed, cut and
 * searched. Read field_search, at the end; passes 4 to 7 of solve.c.
 */
#include "passes.h"
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDENED = 4, /* options that join the core, of one group at once */
    CUT_ROUNDS = 150,
    CUT_IDLE = 3,
    NEAR_ROW = 4,          /* options in the first short search, for each row; one more for each group */
    NEAR_NODES = 100,      /* of it */
    NEAR_NODES_MOST = 3200 /* and of the last */
};

static bool fits_alone(const struct model *m, uint32_t k)
{
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
        if (m->use[u] > m->limit[m->use_row[u]])
            return false;
    return true;
}

/* In keep[] the options that a better plan may still have, by these prices; `out` bounds the plans with another. */
static int choose_left(struct passes *p)
{
    const struct model *m = &p->whole;
    double *below, cutoff = run_cutoff(p->run, m), slack = 1e-9 * (1 + fabs(p->bound));
    if (passes_shortfalls(m, p->arena, p->prices, &below) != WM_OK)
        return WM_EMEMORY;
    for (size_t o = 0; o < m->n_options; o++) {
        double most = p->bound - below[o] + slack;
        p->keep[o] = below[o] == 0 || most >= cutoff;
        if (!p->keep[o])
            p->out = most > p->out ? most : p->out;
        p->keep[o] = p->keep[o] && fits_alone(m, m->shape_of[o]);
    }
    for (size_t g = 0; g < m->n_groups; g++)
        if (!memchr(p->keep + m->first[g], true, m->first[g + 1] - m->first[g]))
            p->keep[m->first[g]] = true; /* a group keeps something, if it breaks a limit */
    return WM_OK;
}

/*
 * What may still be in a better plan (the field), and the few options of it that the relaxation is solved with (the core).
 * Both are made anew when cuts come or options go.
 */
struct stage {
    struct arena arena; /* of all below */
    struct model field, core;
    uint8_t *in;              /* [field options] is in the core */
    struct renumbering cored; /* from field to core */
    struct simplex lp;        /* of the core */
    double *prices, *cost;    /* [field rows], [field shapes] */
    double *share;            /* [field options] */
    double *core_share;       /* [core options] */
    double *below;            /* [field options] how much each falls short of its group's best */
    uint8_t *keep, *wider;    /* [field options] of the next stage: its field, its core */
    double bound;             /* of the field, by these prices */
};

static void stage_free(struct stage *stage)
{
    if (stage)
        arena_fini(&stage->arena);
    free(stage);
}

/* The relaxation of what the old field's options and rows became goes on from where that of the old core was. */
static bool adopt_core(struct simplex *lp, const struct stage *old, const struct renumbering *to, struct arena *arena)
{
    struct renumbering all = {arena_alloc(arena, old->core.n_options + 1, sizeof *all.option),
                              arena_alloc(arena, old->core.n_rows + 1, sizeof *all.row)};
    if (!all.option || !all.row)
        return false;
    for (size_t o = 0; o < old->field.n_options; o++)
        if (old->in[o])
            all.option[old->cored.option[o]] = to->option[o];
    for (size_t r = 0; r < old->field.n_rows; r++)
        if (old->cored.row[r] != NO_ROW)
            all.row[old->cored.row[r]] = to->row[r];
    return simplex_adopt(lp, &old->lp, &all);
}

/* The core of a stage whose field and `in` are made, and its relaxation; from `old`'s, renumbered, or from scratch. */
static int make_core(struct stage *s, const struct stage *old, struct renumbering *to)
{
    const struct model *m = &s->field;
    int status = model_narrow(m, s->in, NULL, false, &s->arena, &s->core, &s->cored);
    s->prices = arena_alloc(&s->arena, m->n_rows + 1, sizeof *s->prices);
    s->cost = arena_alloc(&s->arena, m->n_shapes + 1, sizeof *s->cost);
    s->share = arena_alloc(&s->arena, m->n_options + 1, sizeof *s->share);
    s->core_share = arena_alloc(&s->arena, m->n_options + 1, sizeof *s->core_share);
    s->below = arena_alloc(&s->arena, m->n_options + 1, sizeof *s->below);
    s->keep = arena_alloc(&s->arena, m->n_options + 1, sizeof *s->keep);
    s->wider = arena_alloc(&s->arena, m->n_options + 1, sizeof *s->wider);
    if (status != WM_OK || !s->prices || !s->cost || !s->share || !s->core_share || !s->below || !s->keep ||
        !s->wider || !simplex_init(&s->lp, &s->arena, &s->core))
        return WM_EMEMORY;
    if (!old)
        return simplex_begin(&s->lp) ? WM_OK : WM_EMEMORY;
    for (size_t o = 0; o < old->field.n_options; o++) /* past the field to the core */
        to->option[o] = to->option[o] == NO_OPTION ? NO_OPTION : s->cored.option[to->option[o]];
    for (size_t r = 0; r < old->field.n_rows; r++)
        to->row[r] = to->row[r] == NO_ROW ? NO_ROW : s->cored.row[to->row[r]];
    return adopt_core(&s->lp, old, to, &s->arena) ? WM_OK : WM_EMEMORY;
}

/* The next stage: of the field's options in keep[], with more rows; those `in` are the core. */
static int next_stage(struct stage **stage, const uint8_t *in, const struct rows *rows)
{
    struct stage *old = *stage, *new = calloc(1, sizeof *new); /* what holds an arena is not in it */
    struct renumbering to;
    if (!new)
        return WM_EMEMORY;
    arena_init(&new->arena, ARENA_BYTES_MAX);
    int status = model_narrow(&old->field, old->keep, rows, true, &new->arena, &new->field, &to);
    new->in = status == WM_OK ? arena_alloc(&new->arena, new->field.n_options + 1, 1) : NULL;
    status = new->in ? WM_OK : WM_EMEMORY;
    for (size_t o = 0; o < old->field.n_options && status == WM_OK; o++)
        if (to.option[o] != NO_OPTION)
            new->in[to.option[o]] = in[o];
    if (status == WM_OK)
        status = make_core(new, old, &to);
    stage_free(old);
    *stage = new;
    return status;
}

/* What is left after the passes before, as the first stage. */
static int first_stage(struct passes *p, struct stage **out)
{
    struct stage *s = *out = calloc(1, sizeof *s);
    if (!s)
        return WM_EMEMORY;
    arena_init(&s->arena, ARENA_BYTES_MAX);
    struct renumbering to;
    int status = choose_left(p);
    if (status == WM_OK)
        status = model_narrow(&p->whole, p->keep, NULL, true, &s->arena, &s->field, &to);
    if (status != WM_OK)
        return status;
    double *prices = arena_alloc(&s->arena, s->field.n_rows + 1, sizeof *prices);
    s->in = arena_alloc(&s->arena, s->field.n_options + 1, 1);
    if (!prices || !s->in)
        return WM_EMEMORY;
    for (size_t r = 0; r < p->whole.n_rows; r++)
        if (to.row[r] != NO_ROW)
            prices[to.row[r]] = p->prices[r] * (p->whole.value_scale / s->field.value_scale) *
                                (s->field.row_scale[to.row[r]] / p->whole.row_scale[r]);
    status = passes_options(&s->field, &s->arena, prices, OPTIONS_FIRST, s->in);
    return status == WM_OK ? make_core(s, NULL, NULL) : status;
}

/* A bound on what is left, in worth of the model, becomes the passes'. */
static void lower_bound(struct passes *p, const struct model *m, double bound)
{
    bound *= m->value_scale / p->whole.value_scale;
    p->bound = bound < p->bound ? bound : p->bound;
    passes_note(p->run, &p->whole, p->bound > p->out ? p->bound : p->out);
}

/* Prices, costs, shares and shortfalls of the whole field from the core's relaxation; the field's bound by them. */
static void look_around(struct stage *s)
{
    const struct model *m = &s->field, *core = &s->core;
    double unit = core->value_scale / m->value_scale;
    memset(s->prices, 0, m->n_rows * sizeof *s->prices);
    for (size_t r = 0; r < m->n_rows; r++) {
        uint32_t at = s->cored.row[r];
        double price = at == NO_ROW ? 0 : s->lp.prices[at];
        if (price > 0 || m->least[r] > 0)
            s->prices[r] = price * unit * (m->row_scale[r] / core->row_scale[at]);
    }
    s->bound = price_bound(m, NULL, s->prices, s->cost);
    shape_costs(m, s->prices, s->cost);
    for (size_t g = 0; g < m->n_groups; g++) {
        double best = -HUGE_VAL;
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++) {
            s->below[o] = m->worth[o] - s->cost[m->shape_of[o]];
            best = s->below[o] > best ? s->below[o] : best;
        }
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++)
            s->below[o] = best - s->below[o];
    }
}

/* Into keep[]: the options of the field that a better plan may have, and how many; `out` bounds the plans with another. */
static size_t keep_better(struct passes *p, struct stage *s)
{
    const struct model *m = &s->field;
    uint8_t *keep = s->keep;
    double cutoff = run_cutoff(p->run, m), slack = 1e-9 * (1 + fabs(s->bound)),
           scale = m->value_scale / p->whole.value_scale;
    size_t n = 0;
    for (size_t o = 0; o < m->n_options; o++) {
        double most = s->bound - s->below[o] + slack;
        keep[o] = most >= cutoff || s->below[o] <= 0 || (s->in[o] && s->lp.is_basic[s->cored.option[o]]);
        n += keep[o];
        if (!keep[o])
            p->out = most * scale > p->out ? most * scale : p->out;
    }
    return n;
}

/* Into wider[]: the core, and of each group the first few of the options that would do better; returns how many of these. */
static size_t widen_core(struct stage *s)
{
    const struct model *m = &s->field;
    uint8_t *in = s->wider;
    size_t n = 0;
    memcpy(in, s->in, m->n_options);
    for (size_t g = 0; g < m->n_groups; g++) {
        double best = HUGE_VAL;
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++)
            best = s->in[o] && s->below[o] < best ? s->below[o] : best;
        for (int taken = 0; taken < WIDENED; taken++) {
            size_t next = SIZE_MAX;
            for (size_t o = m->first[g]; o < m->first[g + 1]; o++)
                if (!in[o] && s->below[o] < best - 1e-9 && (next == SIZE_MAX || s->below[o] < s->below[next]))
                    next = o;
            if (next == SIZE_MAX)
                break;
            in[next] = true;
            n++;
        }
    }
    return n;
}

enum relaxed { RELAXED, RELAXED_NOTHING_LEFT, RELAXED_NOT, RELAXED_STARVED };

/*
 * The field's relaxation, by the core's: options of the field that would do better join the core, until none would. (Those
 * that nearly would join with them.)
 */
static enum relaxed relax_stage(struct passes *p, struct stage **stage)
{
    for (int round = 0; round < SIFT_ROUNDS; round++) {
        struct stage *s = *stage;
        enum lp_status solved = simplex_solve(&s->lp, -HUGE_VAL, 0, p->run);
        if (solved == LP_STARVED)
            return RELAXED_STARVED;
        if (solved == LP_STOPPED)
            return RELAXED_NOT;
        bool all = s->core.n_options == s->field.n_options;
        if (solved == LP_INFEASIBLE && all)
            return RELAXED_NOTHING_LEFT;
        look_around(s);
        lower_bound(p, &s->field, s->bound);
        size_t violated = solved == LP_INFEASIBLE ? 1 : widen_core(s);
        if (solved == LP_INFEASIBLE)
            memset(s->wider, true, s->field.n_options);
        if (violated == 0)
            return solved == LP_OPTIMAL ? RELAXED : RELAXED_NOT;
        keep_better(p, s);
        if (next_stage(stage, s->wider, NULL) != WM_OK)
            return RELAXED_STARVED;
    }
    return RELAXED_NOT;
}

/* Shares of the field's options. */
static void spread_shares(struct stage *s)
{
    simplex_shares(&s->lp, s->core_share);
    for (size_t o = 0; o < s->field.n_options; o++)
        s->share[o] = s->in[o] ? s->core_share[s->cored.option[o]] : 0;
}

/* What cannot be in a better plan, by the relaxation's prices, and rows that do not bind, go; cuts come. */
static int cut_once(struct passes *p, struct stage **stage, bool *more)
{
    struct stage *s = *stage;
    struct arena scratch;
    struct rows rows;
    arena_init(&scratch, ARENA_BYTES_MAX);
    uint8_t *idle = arena_alloc(&scratch, s->field.n_rows + 1, 1);
    spread_shares(s);
    int status = idle ? cuts_find(&s->field, s->share, p->run, &scratch, &rows) : WM_EMEMORY;
    if (status == WM_OK && (*more = rows.n > 0)) {
        keep_better(p, s);
        for (size_t r = s->field.n_resources; r < s->field.n_rows; r++)
            idle[r] = s->cored.row[r] == NO_ROW || s->lp.slack[s->cored.row[r]] == SLACK_BASIC;
        rows.idle = idle;
        status = next_stage(stage, s->in, &rows);
    }
    arena_fini(&scratch);
    return status;
}

/* Cuts in rounds, as long as they lower the bound. *open is false when nothing better is left, proven. */
static int strengthen(struct passes *p, struct stage **stage, bool *open)
{
    struct run *run = p->run;
    double before = HUGE_VAL;
    int idle = 0;
    for (int round = 0; round < CUT_ROUNDS; round++) {
        bool more = false;
        enum relaxed relaxed = relax_stage(p, stage);
        if (relaxed == RELAXED_STARVED)
            return WM_EMEMORY;
        if (relaxed == RELAXED_NOTHING_LEFT)
            p->bound = -HUGE_VAL;
        *open = p->bound >= run_cutoff(run, &p->whole);
        if (!*open || run->stopped || relaxed != RELAXED)
            break;
        double gap = p->bound - (run->found ? (double)run->best_value / p->whole.value_scale : 0);
        double worth = 0.01 * gap < 2e-5 * fabs(p->bound) ? 0.01 * gap : 2e-5 * fabs(p->bound);
        idle = before - p->bound < worth ? idle + 1 : 0;
        before = p->bound;
        if (idle > CUT_IDLE)
            break;
        int status = cut_once(p, stage, &more);
        if (status != WM_OK)
            return status;
        if (!more)
            break;
    }
    return WM_OK;
}

/* Into keep[]: so many of the field's options, those that fall least short; ties and what is basic come on top. */
static int keep_nearest(struct stage *s, size_t wanted, struct arena *arena)
{
    size_t n = s->field.n_options;
    double *sorted = arena_alloc(arena, n + 1, sizeof *sorted);
    if (!sorted)
        return WM_EMEMORY;
    memcpy(sorted, s->below, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, passes_by_size);
    double most = sorted[wanted < n ? wanted : n - 1];
    for (size_t o = 0; o < n; o++)
        s->keep[o] = s->below[o] <= most || (s->in[o] && s->lp.is_basic[s->cored.option[o]]);
    return WM_OK;
}

/* Good plans soon: a short search among few options. *ended: all of them were looked at. */
static int search_nearest(struct passes *p, struct stage *s, size_t wanted, size_t nodes, bool *ended)
{
    struct arena scratch;
    struct model some;
    struct simplex lp;
    struct renumbering to;
    double bound = HUGE_VAL;
    arena_init(&scratch, ARENA_BYTES_MAX);
    p->run->phase = "plan";
    p->run->nodes_most = p->run->nodes + nodes;
    int status = keep_nearest(s, wanted, &scratch);
    if (status == WM_OK)
        status = model_narrow(&s->field, s->keep, NULL, true, &scratch, &some, &to);
    if (status == WM_OK && (!simplex_init(&lp, &scratch, &some) || !adopt_core(&lp, s, &to, &scratch)))
        status = WM_EMEMORY;
    if (status == WM_OK)
        status = branch_search(&some, &lp, &scratch, p->run, &bound, NULL);
    *ended = p->run->nodes < p->run->nodes_most;
    p->run->nodes_most = 0;
    p->run->phase = "search";
    arena_fini(&scratch);
    return status;
}

/* The field, as narrow as it is now, to the end. */
static int search_field(struct passes *p, struct stage **stage)
{
    keep_better(p, *stage);
    int status = next_stage(stage, (*stage)->keep, NULL);
    if (status != WM_OK)
        return status;
    struct stage *s = *stage;
    double bound = p->bound * (p->whole.value_scale / s->field.value_scale);
    struct around around;
    status = around_init(&around, &s->arena, &s->core)
                 ? branch_search(&s->core, &s->lp, &s->arena, p->run, &bound, &around)
                 : WM_EMEMORY;
    p->bound = bound * (s->field.value_scale / p->whole.value_scale);
    return status;
}

/*
 * Better plans narrow the field, and a narrow field is searched soon: so first a few options are searched, those that the
 * prices think most of, then more of them, and for longer, until the field is not much larger.
 */
static int search_near(struct passes *p, struct stage *s)
{
    struct run *run = p->run;
    size_t wanted = s->field.n_groups + NEAR_ROW * s->field.n_rows, nodes = NEAR_NODES;
    struct around around;
    int status = around_init(&around, &s->arena, &s->field) ? WM_OK : WM_EMEMORY;
    spread_shares(s);
    while (status == WM_OK && nodes <= NEAR_NODES_MOST && !run_stops(run) && p->bound >= run_cutoff(run, &p->whole)) {
        bool ended = false;
        if (keep_better(p, s) <= wanted + wanted / 2)
            break;
        wide before = run->best_value;
        status = search_nearest(p, s, wanted, nodes, &ended);
        if (status == WM_OK && !ended)
            status = around_run(&around, s->prices, s->below, s->share, s->bound, nodes, run);
        wanted = ended ? 2 * wanted : wanted + wanted / 4;
        if (!ended && run->best_value == before)
            nodes *= 2;
    }
    return status;
}

int field_search(struct passes *p, bool *possible)
{
    struct run *run = p->run;
    struct stage *stage = NULL;
    bool open = true;
    run->phase = "search";
    int status = first_stage(p, &stage);
    if (status == WM_OK)
        status = strengthen(p, &stage, &open);
    if (status == WM_OK && open)
        status = search_near(p, stage);
    if (status == WM_OK && open && !run->stopped && p->bound >= run_cutoff(run, &p->whole))
        status = search_field(p, &stage);
    *possible = run->found || run->stopped;
    stage_free(stage);
    return status;
}
