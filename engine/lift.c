/*
 * Problems small enough to be written down are lifted out of the country and given to the exact solver (solve.c): the
 * columns that may still be in a better plan, and the demands that seem to contradict each other.
 *
 * Which columns may: at prices that prove a bound over every pair, a plan that takes a column falls short of the bound by
 * at least what the column falls short of its leader's and post's prices (Dantzig, Fulkerson and Johnson 1954, reduced
 * cost fixing). So columns short by more than bound less plan are in no better plan, and what the search proves of the
 * others it proves of the whole problem.
 *
 * Of the passes of allocate.c these are lifted: the demands (lift_demands), the columns that fall least short where a plan
 * is looked for (lift_nearest), all that may still be in a better plan (lift_search). And, for passes that make a plan
 * part by part, what a dive has left (lift_rest, dive.c) and a part of a plan (lift_columns, polish.c).
 */
#include "country.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIFTED_MOST = 1000000, /* columns of an exact search */
    NEAREST_MOST = 8000,   /* of those that fall least short: a search among them finds good plans */
    LISTED_MOST = 300000,  /* columns they are chosen from */
    EFFORT_NEAREST = 80000,
    EFFORT_SEARCH = 60000,
    REST_MOST = 8000, /* of what a dive leaves */
    FEW_PARTS = 20    /* of a large country few columns are left once the gap is this part of one placement's value */
};

/* The exact solver tells of its own progress; it is passed on as the run's. */
struct relay {
    struct country *c;
    size_t effort; /* so often it may ask whether to stop; 0: no ceiling */
    size_t asked;
};

static bool relay_stop(void *arg)
{
    struct relay *relay = arg;
    relay->asked++;
    return country_stops(relay->c) || (relay->effort > 0 && relay->asked > relay->effort);
}

static void relay_search(void *arg, const struct wm_progress *progress)
{
    struct country *c = ((struct relay *)arg)->c;
    struct wm_progress own = *progress;
    own.phase = c->phase;
    own.found = c->found;
    double value = (double)c->value_nano / NANO, bound = (double)c->proven_nano / NANO;
    own.value = progress->found && progress->value > value ? progress->value : value;
    own.found |= progress->found;
    own.bound = progress->bound < bound ? progress->bound : bound;
    own.gap = own.found && own.bound > 0 ? (own.bound - own.value) / own.bound : !own.found;
    if (c->options.progress)
        c->options.progress(c->options.arg, &own);
}

/* Of a part only the plan counts. */
static void relay_plan(void *arg, const struct wm_progress *progress)
{
    struct wm_progress own = *progress;
    own.bound = HUGE_VAL;
    relay_search(arg, &own);
}

/* ---- the columns left ---- */

struct lifted {
    const int64_t *left; /* [n_resources] of the limits */
    struct wm_problem *problem;
    uint32_t *resource_at; /* [n_resources] number in the problem, UINT32_MAX: not there */
};

static bool is_lump(const struct country *c, size_t r)
{
    return c->n_lumps > 0 && r >= c->s.first_mentor && r < c->s.moves &&
           c->lump_at[r - c->s.first_mentor] != UINT32_MAX;
}

static int add_limits(struct country *c, struct arena *arena, struct lifted *l)
{
    const struct scenario *s = &c->plain;
    int status = WM_OK;
    uint32_t n = 0;
    l->resource_at = arena_alloc(arena, s->n_resources, sizeof *l->resource_at);
    if (!l->resource_at)
        return WM_EMEMORY;
    for (size_t r = 0; r < s->n_resources && status == WM_OK; r++) {
        bool counts = r < s->n_posts ? s->menus[r].n > 0 : c->scarce_at[r] != UINT32_MAX || is_lump(c, r);
        l->resource_at[r] = counts ? n++ : UINT32_MAX;
        if (counts)
            status =
                problem_add_resource(l->problem, NULL, l->left[r], r < s->n_posts && s->must_fill[r] && l->left[r] > 0);
    }
    return status;
}

static int add_column(struct country *c, struct lifted *l, const struct column *column)
{
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(&c->plain, &column->pick, r, a);
    int status = problem_add_option(l->problem, NULL, column->value_nano);
    for (size_t u = 0; u < n && status == WM_OK; u++)
        if (l->resource_at[r[u]] != UINT32_MAX)
            status = problem_add_use(l->problem, l->resource_at[r[u]], a[u]);
    return status;
}

static int by_leader(const void *left, const void *right)
{
    const struct pick *a = &((const struct column *)left)->pick, *b = &((const struct column *)right)->pick;
    if (a->lane != b->lane)
        return a->lane < b->lane ? -1 : 1;
    if (a->post != b->post)
        return a->post < b->post ? -1 : 1;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

/* Units are whatever the problem counts in, so pounds, pieces and hours go in as its smallest ones. */
static int write_down(struct country *c, struct arena *arena, struct column *columns, size_t n, struct lifted *l)
{
    const struct scenario *s = &c->plain;
    struct problem_room room = {n + 1, n + 1, s->n_resources + 1, 0, (n + 1) * (USES_MAX + 1)};
    int status = problem_new(&room, false, &l->problem);
    if (status == WM_OK)
        status = add_limits(c, arena, l);
    qsort(columns, n, sizeof *columns, by_leader);
    for (size_t i = 0; i < n && status == WM_OK; i++) {
        uint32_t lane = columns[i].pick.lane;
        if (i == 0 || columns[i - 1].pick.lane != lane)
            status = problem_add_group(l->problem, NULL, s->lock_of_lane[lane] >= 0);
        if (status == WM_OK)
            status = add_column(c, l, &columns[i]);
    }
    return status;
}

static int offer_solution(struct country *c, struct arena *arena, const struct wm_solution *solution,
                          const struct column *columns)
{
    struct pick *picks = arena_alloc(arena, c->picks_most + 1, sizeof *picks);
    size_t n = 0;
    wide value = 0;
    if (!picks)
        return WM_EMEMORY;
    c->nodes += solution->nodes;
    for (size_t g = 0; g < solution->n_groups && solution->found; g++)
        if (solution->choices[g] != WM_NO_OPTION) {
            picks[n++] = columns[solution->choices[g]].pick;
            value += columns[solution->choices[g]].value_nano;
        }
    if (solution->found)
        country_offer(c, picks, n, value);
    return WM_OK;
}

/* Every plan's value is whole: a bound between two of them is the lower one. */
static void note_proof(struct country *c, double bound)
{
    double nano = bound * NANO, slack = 1e-3 + fabs(nano) * 0x1p-48;
    wide proven = (wide)floor(nano + slack);
    proven = proven < c->value_nano ? c->value_nano : proven;
    c->proven_nano = proven < c->proven_nano ? proven : c->proven_nano;
}

/* Where the solver begins: the plan there is, as far as its columns are here, and the prices. After write_down. */
static int start_from(const struct country *c, struct arena *arena, const struct column *columns, size_t n,
                      const struct pick *picks, size_t n_plan, const struct lifted *l, struct solve_start *start)
{
    size_t n_resources = c->plain.n_resources, group = 0, at = 0;
    struct column *plan = arena_alloc(arena, n_plan + 1, sizeof *plan);
    int64_t *choices = arena_alloc(arena, n + 1, sizeof *choices);
    int64_t *femto = arena_alloc(arena, n_resources, sizeof *femto);
    double *prices = arena_alloc(arena, n_resources, sizeof *prices);
    if (!plan || !choices || !femto || !prices)
        return WM_EMEMORY;
    for (size_t i = 0; i < n_plan; i++)
        plan[i].pick = picks[i];
    qsort(plan, n_plan, sizeof *plan, by_leader);
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || columns[i - 1].pick.lane != columns[i].pick.lane;
        group += i > 0 && first;
        if (first)
            choices[group] = WM_NO_OPTION;
        while (at < n_plan && by_leader(&plan[at], &columns[i]) < 0)
            at++;
        if (at < n_plan && by_leader(&plan[at], &columns[i]) == 0)
            choices[group] = (int64_t)i;
    }
    country_plain_prices(c, femto);
    for (size_t r = 0; r < n_resources; r++)
        if (l->resource_at[r] != UINT32_MAX)
            prices[l->resource_at[r]] = (double)femto[r] * ((double)MICRO / ((double)NANO * NANO_IN_FEMTO));
    *start = (struct solve_start){choices, prices};
    return WM_OK;
}

/* Solves among columns from the plan and prices there are, within all limits; a better plan is offered. */
static int solve_whole(struct country *c, struct arena *arena, struct column *columns, size_t n,
                       const struct wm_solve_options *options, struct wm_solution **out)
{
    struct lifted l = {.left = c->room};
    struct solve_start start;
    *out = NULL;
    int status = write_down(c, arena, columns, n, &l);
    if (status == WM_OK)
        status = start_from(c, arena, columns, n, c->picks, c->found ? c->n_picks : 0, &l, &start);
    if (status == WM_OK)
        status = solve_from(l.problem, &start, options, out);
    wm_problem_free(l.problem);
    if (status == WM_OK)
        status = offer_solution(c, arena, *out, columns);
    return status;
}

int lift_search(struct country *c)
{
    struct arena arena;
    struct column *columns;
    size_t n = 0;
    bool all = false;
    wide open = c->found ? c->bound_femto - c->value_nano * NANO_IN_FEMTO : (wide)1 << 62;
    open = open < (wide)1 << 62 ? open : (wide)1 << 62;
    if (c->found && c->value_nano >= c->proven_nano)
        return WM_OK;
    if (c->all.n > SMALL_PAIRS && open > c->bound_femto / (wide)(FEW_PARTS * (c->picks_most + 1)))
        return WM_OK;
    arena_init(&arena, SIZE_MAX);
    int status = country_columns(c, (int64_t)open, LIFTED_MOST, &arena, &columns, &n, &all);
    if (status == WM_OK && all) {
        c->phase = "search";
        struct relay relay = {c, EFFORT_SEARCH, 0};
        struct wm_solution *solution;
        struct wm_solve_options options = {c->options.gap, relay_stop, relay_search, NULL, &relay};
        status = solve_whole(c, &arena, columns, n, &options, &solution);
        if (status == WM_OK && solution->bounded)
            note_proof(c, solution->bound);
        wm_solution_free(solution);
    }
    arena_fini(&arena);
    return status;
}

static int by_shortfall(const void *left, const void *right)
{
    const struct column *a = left, *b = right;
    if (a->short_femto != b->short_femto)
        return a->short_femto < b->short_femto ? -1 : 1;
    return by_leader(left, right);
}

/* The columns that fall least short, NEAREST_MOST at most, and those of the plan there is. */
static int nearest_columns(struct country *c, struct arena *arena, struct column **out, size_t *n)
{
    struct column *listed, *kept = arena_alloc(arena, NEAREST_MOST + c->n_picks + 1, sizeof *kept);
    bool all = false;
    int status = kept ? WM_OK : WM_EMEMORY;
    *n = 0;
    for (wide most = c->bound_femto / 64; status == WM_OK && !all && !c->stopped && most > 0; most /= 2) {
        struct arena attempt;
        arena_init(&attempt, SIZE_MAX);
        status =
            country_columns(c, (int64_t)(most < INT64_MAX ? most : INT64_MAX), LISTED_MOST, &attempt, &listed, n, &all);
        if (status == WM_OK && all) {
            qsort(listed, *n, sizeof *listed, by_shortfall);
            *n = *n < NEAREST_MOST ? *n : NEAREST_MOST;
            memcpy(kept, listed, *n * sizeof *kept);
        }
        arena_fini(&attempt);
    }
    qsort(kept, *n, sizeof *kept, by_leader);
    size_t n_near = *n;
    for (size_t i = 0; c->found && i < c->n_picks; i++) {
        struct column own;
        country_column(c, &c->picks[i], &own);
        if (!bsearch(&own, kept, n_near, sizeof *kept, by_leader))
            kept[(*n)++] = own;
    }
    *out = kept;
    return status;
}

int lift_nearest(struct country *c)
{
    struct arena arena;
    struct column *columns;
    struct wm_solution *solution = NULL;
    size_t n = 0;
    struct relay relay = {c, EFFORT_NEAREST, 0};
    struct wm_solve_options options = {c->options.gap, relay_stop, relay_plan, NULL, &relay};
    c->phase = "plan";
    arena_init(&arena, SIZE_MAX);
    int status = nearest_columns(c, &arena, &columns, &n);
    if (status == WM_OK && n > 0)
        status = solve_whole(c, &arena, columns, n, &options, &solution);
    wm_solution_free(solution);
    arena_fini(&arena);
    return status;
}

int lift_columns(struct country *c, const int64_t *left, struct column *columns, size_t n_columns,
                 const struct pick *plan, size_t n_plan, double gap, size_t effort, struct pick *picks, size_t *n)
{
    struct arena arena;
    struct relay relay = {c, effort, 0};
    struct lifted l = {.left = left};
    struct solve_start start;
    struct wm_solution *solution = NULL;
    struct wm_solve_options options = {gap, relay_stop, NULL, NULL, &relay};
    arena_init(&arena, SIZE_MAX);
    *n = 0;
    int status = write_down(c, &arena, columns, n_columns, &l);
    if (status == WM_OK && plan)
        status = start_from(c, &arena, columns, n_columns, plan, n_plan, &l, &start);
    if (status == WM_OK)
        status = solve_from(l.problem, plan ? &start : NULL, &options, &solution);
    for (size_t g = 0; solution && solution->found && g < solution->n_groups; g++)
        if (solution->choices[g] != WM_NO_OPTION)
            picks[(*n)++] = columns[solution->choices[g]].pick;
    c->nodes += solution ? solution->nodes : 0;
    wm_solution_free(solution);
    wm_problem_free(l.problem);
    arena_fini(&arena);
    return status;
}

int lift_rest(struct country *rest, double gap, size_t effort, struct pick *picks, size_t *n)
{
    struct arena arena;
    struct column *columns;
    size_t n_columns = 0;
    bool all = false;
    int status = WM_OK;
    *n = 0;
    arena_init(&arena, SIZE_MAX);
    for (wide most = rest->bound_femto / 16; status == WM_OK && !all && !rest->stopped && most > 0; most /= 2)
        status = country_columns(rest, (int64_t)(most < INT64_MAX ? most : INT64_MAX), REST_MOST, &arena, &columns,
                                 &n_columns, &all);
    if (status == WM_OK && all && n_columns > 0)
        status = lift_columns(rest, rest->room, columns, n_columns, NULL, 0, gap, effort, picks, n);
    arena_fini(&arena);
    return status;
}

/* ---- demands: a plan that meets them, or those that contradict each other ---- */

/*
 * The demands as a problem of their own: each lock is a resource of which exactly 1 is to be used, by options that it
 * speaks of; posts that must be filled are resources to be used in full. Only the leaders and posts that are concerned are
 * in it, and of the ways to fill a post those that use least.
 */
struct demands {
    struct country *c;
    struct scenario free; /* without locks, which are resources here */
    struct pairs pairs;
    uint8_t *spare; /* [n_posts] of entries: bytes from first_entry[j]; 1: another entry uses no more of anything */
    size_t *first_entry;   /* [n_posts + 1] */
    uint32_t *at;          /* [n_resources] in the problem */
    size_t first_lock;     /* resource of lock 0 */
    struct column *option; /* [options] */
    size_t n_options;
    struct wm_problem *problem;
};

static bool uses_no_more(const struct menu_entry *a, const struct menu_entry *b)
{
    for (size_t u = 0; u < a->n_uses; u++) {
        bool covered = false;
        for (size_t v = 0; v < b->n_uses && !covered; v++)
            covered = a->resource[u] == b->resource[v] && a->use[u] <= b->use[v];
        if (!covered)
            return false;
    }
    return true;
}

/* Of entries that use the same the first one stays. */
static void mark_spare(const struct menu *menu, uint8_t *spare)
{
    for (size_t k = 0; k < menu->n; k++)
        for (size_t other = 0; other < menu->n && !spare[k]; other++)
            spare[k] = other != k && !spare[other] && uses_no_more(&menu->entries[other], &menu->entries[k]) &&
                       (other < k || !uses_no_more(&menu->entries[k], &menu->entries[other]));
}

static bool lock_speaks(const struct scenario_rule *lock, const struct pick *pick, const struct menu_entry *entry)
{
    return lock->lane == (int32_t)pick->lane && lock->post == (int32_t)pick->post &&
           (lock->package == WM_NO_ROW || lock->package == (int32_t)entry->package) &&
           (lock->mentor == WM_NO_ROW || lock->mentor == entry->mentor);
}

static int demands_init(struct demands *d, struct country *c, struct arena *arena, struct wm_plan_request *request)
{
    const struct scenario *s = &c->plain;
    *request = *c->request;
    request->n_locks = 0;
    *d = (struct demands){.c = c};
    int status = scenario_init(&d->free, arena, c->dataset, request);
    if (status != WM_OK)
        return status;
    for (size_t j = 0; j < s->n_posts; j++) {
        bool concerned = s->must_fill[j];
        for (size_t l = 0; l < s->n_locks && !concerned; l++)
            concerned = s->locks[l].post == (int32_t)j;
        d->free.post_in[j] &= concerned;
    }
    status = pairs_find(&d->pairs, arena, &d->free, &c->options);
    d->first_entry = arena_alloc(arena, s->n_posts + 1, sizeof *d->first_entry);
    d->at = arena_alloc(arena, s->n_resources, sizeof *d->at);
    if (status != WM_OK || !d->first_entry || !d->at)
        return status != WM_OK ? status : WM_EMEMORY;
    for (size_t j = 0; j < s->n_posts; j++)
        d->first_entry[j + 1] = d->first_entry[j] + (d->free.post_in[j] ? d->free.menus[j].n : 0);
    d->spare = arena_alloc(arena, d->first_entry[s->n_posts] + 1, 1);
    if (!d->spare)
        return WM_EMEMORY;
    for (size_t j = 0; j < s->n_posts; j++)
        if (d->free.post_in[j])
            mark_spare(&d->free.menus[j], d->spare + d->first_entry[j]);
    return WM_OK;
}

/* Whatever could serve a demand. */
static bool could_serve(const struct demands *d, const struct pick *pick)
{
    const struct scenario *s = &d->c->plain;
    const struct menu_entry *entry = &d->free.menus[pick->post].entries[pick->entry];
    if (!scenario_allows(&d->free, pick->lane, pick->post, entry))
        return false;
    for (int32_t l = s->lock_of_lane[pick->lane]; l >= 0; l = s->lock_next[l])
        if (lock_speaks(&s->locks[l], pick, entry))
            return true;
    return s->must_fill[pick->post] && !d->spare[d->first_entry[pick->post] + pick->entry];
}

static int list_options(struct demands *d, struct arena *arena)
{
    size_t most = 0;
    for (size_t j = 0; j < d->pairs.n_posts; j++)
        most += (d->pairs.first[j + 1] - d->pairs.first[j]) * d->free.menus[j].n;
    d->option = arena_alloc(arena, most + 1, sizeof *d->option);
    if (!d->option)
        return WM_EMEMORY;
    for (uint32_t j = 0; j < d->pairs.n_posts; j++)
        for (size_t i = d->pairs.first[j]; i < d->pairs.first[j + 1]; i++)
            for (size_t k = 0; k < d->free.menus[j].n; k++) {
                struct pick pick = {d->pairs.lane[i], j, (uint16_t)k};
                if (could_serve(d, &pick))
                    d->option[d->n_options++] = (struct column){pick, pick_value_nano(&d->free, &pick), 0};
            }
    qsort(d->option, d->n_options, sizeof *d->option, by_leader);
    return WM_OK;
}

static int add_demand_resources(struct demands *d)
{
    const struct scenario *s = &d->c->plain;
    const int64_t most = INT64_C(1000000000000000000); /* what a problem may limit; no sum of uses comes near */
    uint32_t n = 0;
    int status = WM_OK;
    for (size_t r = 0; r < s->n_resources && status == WM_OK; r++) {
        d->at[r] = s->limit[r] == LIMIT_NONE ? UINT32_MAX : n++;
        if (d->at[r] != UINT32_MAX)
            status = problem_add_resource(d->problem, NULL, s->limit[r] < most ? s->limit[r] : most,
                                          r < s->n_posts && s->must_fill[r]);
    }
    d->first_lock = n;
    for (size_t l = 0; l < s->n_locks && status == WM_OK; l++)
        status = problem_add_resource(d->problem, NULL, 1, true);
    return status;
}

static int add_demand_option(struct demands *d, const struct column *option)
{
    const struct scenario *s = &d->c->plain;
    const struct menu_entry *entry = &d->free.menus[option->pick.post].entries[option->pick.entry];
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(&d->free, &option->pick, r, a);
    int status = problem_add_option(d->problem, NULL, option->value_nano);
    for (size_t u = 0; u < n && status == WM_OK; u++)
        if (d->at[r[u]] != UINT32_MAX)
            status = problem_add_use(d->problem, d->at[r[u]], a[u]);
    for (int32_t l = s->lock_of_lane[option->pick.lane]; l >= 0 && status == WM_OK; l = s->lock_next[l])
        if (lock_speaks(&s->locks[l], &option->pick, entry))
            status = problem_add_use(d->problem, d->first_lock + (size_t)l, 1);
    return status;
}

static int write_demands(struct demands *d)
{
    const struct scenario *s = &d->c->plain;
    struct problem_room room = {d->n_options + 1, d->n_options + 1, s->n_resources + s->n_locks + 1, 0,
                                (d->n_options + 1) * (USES_MAX + 1) + d->n_options * s->n_locks};
    int status = problem_new(&room, false, &d->problem);
    if (status == WM_OK)
        status = add_demand_resources(d);
    for (size_t i = 0; i < d->n_options && status == WM_OK; i++) {
        if (i == 0 || d->option[i - 1].pick.lane != d->option[i].pick.lane)
            status = problem_add_group(d->problem, NULL, false);
        if (status == WM_OK)
            status = add_demand_option(d, &d->option[i]);
    }
    return status;
}

/* From resources of the problem back to the question's locks and posts. */
static void name_conflict(const struct demands *d, const struct wm_solution *solution, struct wm_demand *out)
{
    const struct wm_plan_request *request = d->c->request;
    for (size_t i = 0; i < solution->n_conflicts; i++) {
        size_t resource = (size_t)solution->conflicts[i].resource, index = 0;
        if (resource >= d->first_lock) {
            out[i] = (struct wm_demand){WM_DEMAND_LOCK, resource - d->first_lock};
            continue;
        }
        while (d->at[request->must_fill[index]] != resource)
            index++;
        out[i] = (struct wm_demand){WM_DEMAND_MUST_FILL, index};
    }
}

int lift_demands(struct country *c, struct arena *answer, struct wm_plan *plan, bool *conflict)
{
    struct arena arena;
    struct demands d = {0};
    struct wm_plan_request request;
    struct wm_solution *solution = NULL;
    struct relay relay = {c, 0, 0};
    struct wm_solve_options options = {1, relay_stop, NULL, NULL, &relay};
    c->phase = "conflict";
    country_tell(c);
    arena_init(&arena, SIZE_MAX);
    *conflict = false;
    int status = demands_init(&d, c, &arena, &request);
    struct pick *picks = arena_alloc(&arena, c->picks_most + 1, sizeof *picks);
    c->stopped |= d.pairs.stopped;
    if (status == WM_OK)
        status = picks ? list_options(&d, &arena) : WM_EMEMORY;
    if (status == WM_OK)
        status = write_demands(&d);
    if (status == WM_OK && !c->stopped)
        status = wm_solve(d.problem, &options, &solution);
    if (status == WM_OK && solution && solution->status == WM_PLAN_INFEASIBLE) {
        *conflict = true;
        plan->n_conflict = solution->n_conflicts;
        plan->conflict_least = solution->conflicts_least;
        plan->conflict = arena_alloc(answer, solution->n_conflicts + 1, sizeof *plan->conflict);
        if (plan->conflict)
            name_conflict(&d, solution, plan->conflict);
        else
            status = WM_EMEMORY;
    } else if (status == WM_OK && solution && solution->found) {
        size_t n = 0;
        wide value = 0;
        for (size_t g = 0; g < solution->n_groups; g++)
            if (solution->choices[g] != WM_NO_OPTION) {
                picks[n++] = d.option[solution->choices[g]].pick;
                value += d.option[solution->choices[g]].value_nano;
            }
        country_offer(c, picks, n, value);
    }
    wm_solution_free(solution);
    wm_problem_free(d.problem);
    arena_fini(&arena);
    return status;
}
