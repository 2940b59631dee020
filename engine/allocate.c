/*
 * Who should go where, for a whole country: the passes from a question to a plan with its proof. Read wm_plan_make first.
 *
 *   1 scenario   what may be chosen, what it uses, what the limits are                              scenario.c
 *   2 demands    a plan that meets locks and musts, or those of them that contradict each other      lift.c
 *   3 pairs      leader and post that pass every hard rule                                           pairs.c
 *   4 early      some plan at once, for whoever stops it; and again as prices improve                early.c
 *   5 prices     of all that is scarce: a large country's first from one in miniature (sample.c);    country.c lumps.c
 *                a bundle over assignments of the pairs that matter; scans over every pair find      bundle.c assign.c
 *                those that were overlooked and prove the bound. With a plan from before, from it    price_scan.c base.c
 *   6 plan       shares settled bit by bit where nothing good is there yet; then plans from          dive.c draft.c
 *                shares and prices, improved part by part; of a country that is not large, a         polish.c lift.c
 *                search among the columns that fall least short
 *   7 search     options that fall short by more than the gap are out; the rest is searched          lift.c solve.c
 *   8 verify     feasibility, value and bound again, by code that knows nothing of all this          verify.c
 */
#include "country.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)8 << 30)
#define GAP_PROVEN 1e-9
#define GAP_KEPT 2e-2 /* a base plan within this is worked on, not made anew */

struct answer { /* what wm_plan_free frees: the plan and all that it points at */
    struct wm_plan plan;
    struct arena arena;
};

static int make(struct country *c, struct answer *answer);
static int find_pairs(struct country *c);
static void start_prices(struct country *c);
static int conclude(struct country *c, struct answer *answer);

/* ---- the run ---- */

bool country_stops(struct country *c)
{
    if (!c->stopped && c->options.stop && c->options.stop(c->options.arg))
        c->stopped = true;
    return c->stopped;
}

wide country_priced_nano(const struct country *c)
{
    wide nano = c->bound_femto / NANO_IN_FEMTO;
    return nano + (c->bound_femto > nano * NANO_IN_FEMTO);
}

static double gap_of(wide bound, wide value)
{
    double size = (double)(bound > 0 ? bound : -bound);
    return bound == value ? 0 : size > 0 ? (double)(bound - value) / size : 1;
}

double country_gap(const struct country *c)
{
    return c->found ? gap_of(c->proven_nano, c->value_nano) : 1;
}

double country_wanted(const struct country *c)
{
    double usual = c->all.n <= SMALL_PAIRS ? 0 : c->all.n < PAIRS_HUGE ? GAP_LARGE : GAP_HUGE;
    return c->options.gap > 0 ? c->options.gap : usual;
}

bool country_is_large(const struct country *c)
{
    return c->all.n >= PAIRS_LARGE;
}

bool country_is_enough(const struct country *c)
{
    return c->all.n >= PAIRS_HUGE && !c->rough && country_gap(c) <= country_wanted(c);
}

void country_tell(struct country *c)
{
    if (c->priced && country_priced_nano(c) < c->proven_nano)
        c->proven_nano = country_priced_nano(c);
    if (!c->options.progress)
        return;
    c->options.progress(c->options.arg, &(struct wm_progress){.phase = c->phase,
                                                              .found = c->found,
                                                              .value = c->found ? (double)c->value_nano / NANO : 0,
                                                              .bound = (double)c->proven_nano / NANO,
                                                              .gap = country_gap(c),
                                                              .nodes = c->nodes});
}

int64_t pick_value_nano(const struct scenario *s, const struct pick *pick)
{
    return scenario_value(s, pick->lane, pick->post, &s->menus[pick->post].entries[pick->entry]);
}

size_t pick_uses(const struct scenario *s, const struct pick *pick, uint32_t r[USES_MAX + 1], int64_t a[USES_MAX + 1])
{
    const struct menu_entry *entry = &s->menus[pick->post].entries[pick->entry];
    size_t n = entry->n_uses;
    memcpy(r, entry->resource, n * sizeof *r);
    memcpy(a, entry->use, n * sizeof *a);
    if (scenario_is_move(s, pick->lane, pick->post)) {
        r[n] = (uint32_t)s->moves;
        a[n++] = 1;
    }
    return n;
}

void country_offer(struct country *c, const struct pick *picks, size_t n, wide value_nano)
{
    if (c->found && value_nano <= c->value_nano)
        return;
    c->found = true;
    c->rough = false;
    c->value_nano = value_nano;
    c->n_picks = n;
    memcpy(c->picks, picks, n * sizeof *picks);
    country_tell(c);
}

/* ---- the passes ---- */

int wm_plan_make(const struct wm_dataset *dataset, const struct wm_plan_request *request,
                 const struct wm_solve_options *options, struct wm_plan **out)
{
    static const struct wm_solve_options usual = WM_SOLVE_INIT;
    static const struct wm_plan_request everything = WM_PLAN_REQUEST_INIT;
    struct arena scratch;
    struct country c = {.dataset = dataset,
                        .request = request ? request : &everything,
                        .options = options ? *options : usual,
                        .arena = &scratch};
    if (!(c.options.gap >= 0))
        return WM_EARGUMENT;
    struct answer *answer = calloc(1, sizeof *answer);
    if (!answer)
        return WM_EMEMORY;
    arena_init(&scratch, ARENA_BYTES_MAX);
    arena_init(&answer->arena, ARENA_BYTES_MAX);
    int status = scenario_init(&c.s, &scratch, dataset, c.request);
    if (status == WM_OK)
        status = make(&c, answer);
    arena_fini(&scratch);
    if (status == WM_OK)
        *out = &answer->plan;
    else
        wm_plan_free(&answer->plan);
    return status;
}

void wm_plan_free(struct wm_plan *plan)
{
    if (!plan)
        return;
    struct answer *answer = (struct answer *)(void *)plan; /* its first member */
    arena_fini(&answer->arena);
    free(answer);
}

#define NEAR 1.2 /* times the gap that is wanted: as near as that, parts made anew do the rest */

/* Another plan from the beginning; the better of the two stays. Nothing is told meanwhile: it begins far behind. */
static int plan_anew(struct country *c, size_t way)
{
    wide value = c->value_nano;
    size_t n = c->n_picks;
    struct pick *best = arena_alloc(c->arena, c->picks_most + 1, sizeof *best);
    struct wm_solve_options options = c->options;
    if (!best)
        return WM_EMEMORY;
    memcpy(best, c->picks, n * sizeof *best);
    c->options.progress = NULL;
    c->found = false;
    int status = dive_plan(c, way);
    if (status == WM_OK && c->found && !c->stopped)
        status = draft_plans(c);
    c->options = options;
    country_offer(c, best, n, value);
    country_tell(c);
    return status;
}

/*
 * Where a dive ends is a matter of luck: what is settled too early costs a placement or two, and not every part of the plan
 * that is made anew finds back. So while the gap is missed, another dive is tried; in a large country, where parts find far
 * more than dives differ by, after the plan of the one before was made as good as it gets.
 */
static int make_plans(struct country *c)
{
    double asked = country_wanted(c), wanted = asked > 0 ? asked : GAP_LARGE;
    bool dives = c->picks_most > ROUND_PLACES && (c->rough || country_gap(c) > GAP_KEPT);
    bool large = c->picks_most > LARGE_PLACES;
    int status = WM_OK;
    for (size_t way = 0; way < (large ? 1 : DIVES_MOST) && dives && status == WM_OK && !country_stops(c); way++)
        if (way == 0 || country_gap(c) > NEAR * wanted)
            status = dive_plan(c, way);
    if (status == WM_OK && !c->stopped && !country_is_enough(c))
        status = draft_plans(c);
    for (size_t way = 1; way < DIVES_LARGE && dives && large && status == WM_OK && c->found; way++) {
        if (country_gap(c) <= wanted || country_stops(c))
            break;
        status = plan_anew(c, way);
    }
    return status;
}

static int make(struct country *c, struct answer *answer)
{
    bool conflict = false;
    c->phase = "pairs";
    c->plain = c->s;
    country_tell(c);
    int status = country_lay_out(c);
    if (status == WM_OK && c->request->start_femto)
        start_prices(c);
    if (status == WM_OK && c->s.n_locks + c->request->n_must_fill > 0)
        status = lift_demands(c, &answer->arena, &answer->plan, &conflict);
    if (status == WM_OK && !conflict)
        status = find_pairs(c);
    if (status == WM_OK && !conflict && c->request->n_base == 0 && c->all.n > SMALL_PAIRS)
        status = early_first(c);
    if (status == WM_OK && !conflict && !c->warm && !c->stopped)
        status = sample_prices(c);
    if (status == WM_OK && !conflict)
        status = country_lump(c);
    if (status == WM_OK && !conflict && c->request->n_base > 0)
        status = base_plan(c);
    if (status == WM_OK && !conflict && !c->stopped)
        status = country_price(c);
    if (status == WM_OK && c->priced && !c->stopped)
        status = make_plans(c);
    if (status == WM_OK && c->priced && !c->stopped && c->picks_most > ROUND_PLACES && c->all.n <= SMALL_PAIRS)
        status = lift_nearest(c);
    if (status == WM_OK && c->priced && !c->stopped)
        status = lift_search(c);
    if (status == WM_OK && !conflict && !c->found && c->stopped)
        status = early_first(c);
    answer->plan.status = conflict ? WM_PLAN_INFEASIBLE : WM_PLAN_DEADLINE;
    return status == WM_OK ? conclude(c, answer) : status;
}

/* Who stops this gets the pairs of a few leaders, those of the base plan among them: enough for some plan. */
static int find_pairs(struct country *c)
{
    int status = c->stopped ? WM_OK : pairs_find(&c->all, c->arena, &c->s, &c->options);
    c->stopped |= c->all.stopped;
    if (status != WM_OK || !c->stopped)
        return status;
    struct scenario thin = c->s;
    struct wm_solve_options options = c->options;
    size_t stride = 1 + thin.n_lanes * thin.n_posts / FEW_PAIRS;
    thin.lane_in = arena_alloc(c->arena, thin.n_lanes + LANES, sizeof *thin.lane_in);
    if (!thin.lane_in)
        return WM_EMEMORY;
    for (size_t i = 0; i < thin.n_lanes; i++)
        thin.lane_in[i] = c->s.lane_in[i] && (i % stride == 0 || thin.base_post[i] != UINT32_MAX);
    options.stop = NULL;
    c->few = stride > 1;
    return pairs_find(&c->all, c->arena, &thin, &options);
}

/* What prices of an earlier plan still make sense of: what cannot run out any more has none, or the bound would lack it. */
static void start_prices(struct country *c)
{
    for (size_t r = 0; r < c->s.n_resources; r++)
        if (r < c->s.n_posts || c->scarce_at[r] != UINT32_MAX)
            c->price[r] = price_counted(&c->s, r, c->request->start_femto[r]);
    c->warm = true;
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

struct demand { /* what there could be of uses of one resource */
    wide most;  /* all openings taken by the greatest */
    int64_t largest, divisor;
};

static void add_demand(const struct scenario *s, size_t post, int64_t places, struct demand *demand)
{
    const struct menu *menu = &s->menus[post];
    for (size_t k = 0; k < menu->n; k++)
        for (size_t u = 0; u < menu->entries[k].n_uses; u++) {
            struct demand *d = &demand[menu->entries[k].resource[u]];
            int64_t use = menu->entries[k].use[u];
            d->divisor = common_divisor(use, d->divisor);
            d->largest = use > d->largest ? use : d->largest;
        }
    for (size_t k = 0; k < menu->n; k++)
        for (size_t u = 0; u < menu->entries[k].n_uses; u++) {
            struct demand *d = &demand[menu->entries[k].resource[u]];
            d->most += (wide)d->largest * places;
            d->largest = 0; /* once a post */
        }
}

/*
 * The most that could ever be used of each resource tells which ones can run out. And of a limit only so much counts as
 * uses can add up to: if a mentor's packages take 20 or 40 hours, then 30 hours are as good as 20, and saying so makes all
 * bounds tighter (Chvatal 1973; the simplest rounding there is).
 */
int country_lay_out(struct country *c)
{
    const struct scenario *s = &c->s;
    size_t n = s->n_resources;
    wide openings = 0;
    c->n_scarce = 0;
    struct demand *demand = arena_alloc(c->arena, n, sizeof *demand);
    c->room = arena_alloc(c->arena, n, sizeof *c->room);
    c->unit = arena_alloc(c->arena, n, sizeof *c->unit);
    c->scarce = arena_alloc(c->arena, n, sizeof *c->scarce);
    c->scarce_at = arena_alloc(c->arena, n, sizeof *c->scarce_at);
    if (!c->price) {
        c->price = arena_alloc(c->arena, n, sizeof *c->price);
        c->lane_price = arena_alloc(c->arena, s->n_lanes + 1, sizeof *c->lane_price);
    }
    if (!demand || !c->room || !c->unit || !c->scarce || !c->scarce_at || !c->price || !c->lane_price)
        return WM_EMEMORY;
    for (size_t j = 0; j < s->n_posts; j++) {
        int64_t places = s->limit[j] < (int64_t)s->n_lanes ? s->limit[j] : (int64_t)s->n_lanes;
        add_demand(s, j, places, demand);
        openings += s->menus[j].n > 0 ? places : 0;
    }
    c->picks_most = (size_t)(openings < (wide)s->n_lanes ? openings : (wide)s->n_lanes);
    demand[s->moves].most = s->has_moves ? (wide)c->picks_most : 0;
    c->picks = arena_alloc(c->arena, c->picks_most + 1, sizeof *c->picks);
    if (!c->picks)
        return WM_EMEMORY;
    for (size_t r = 0; r < n; r++) {
        c->unit[r] = demand[r].divisor > 1 ? demand[r].divisor : 1;
        c->room[r] = s->limit[r] == LIMIT_NONE ? LIMIT_NONE : s->limit[r] / c->unit[r] * c->unit[r];
        c->scarce_at[r] = UINT32_MAX;
        if (r < s->n_posts || s->limit[r] == LIMIT_NONE || demand[r].most <= s->limit[r])
            continue;
        c->scarce_at[r] = (uint32_t)c->n_scarce;
        c->scarce[c->n_scarce++] = (uint32_t)r;
    }
    c->proven_nano = (wide)c->picks_most * NANO; /* no value is above 1 */
    return WM_OK;
}

/* ---- the answer ---- */

static int by_post(const void *left, const void *right)
{
    const struct wm_placement *a = left, *b = right;
    if (a->post != b->post)
        return a->post < b->post ? -1 : 1;
    return (a->leader > b->leader) - (a->leader < b->leader);
}

static int64_t clamp(wide value)
{
    return value > INT64_MAX ? INT64_MAX : value < -INT64_MAX ? -INT64_MAX : (int64_t)value;
}

static void write_placements(const struct country *c, struct wm_plan *plan)
{
    plan->n_placements = c->found ? c->n_picks : 0;
    for (size_t i = 0; i < plan->n_placements; i++) {
        const struct pick *pick = &c->picks[i];
        const struct menu_entry *entry = &c->plain.menus[pick->post].entries[pick->entry];
        plan->placements[i] = (struct wm_placement){c->dataset->leaders.row_of_lane[pick->lane], pick->post,
                                                    entry->package, entry->mentor};
        uint32_t r[USES_MAX + 1];
        int64_t a[USES_MAX + 1];
        size_t n = pick_uses(&c->plain, pick, r, a);
        for (size_t u = 0; u < n; u++)
            plan->used[r[u]] += a[u];
    }
    qsort(plan->placements, plan->n_placements, sizeof *plan->placements, by_post);
}

static void write_prices(const struct country *c, struct wm_plan *plan)
{
    country_plain_prices(c, plan->prices_femto);
    for (size_t l = 0; l < c->n_lumps; l++)
        for (uint32_t i = 0; i < c->lump[l].n; i++) {
            uint32_t slot = c->lump[l].first + i;
            plan->package_prices[plan->n_package_prices++] = (struct wm_package_price){
                c->lump[l].resource - (uint32_t)c->s.first_mentor,
                c->slot_units[slot - c->n_plain] * c->unit[c->lump[l].resource], c->price[slot]};
        }
}

/* What the solver says of its plan is only said after the check has found the same. */
static int check(struct country *c, struct wm_plan *plan)
{
    struct wm_plan_verdict verdict;
    const struct wm_prices prices = {plan->prices_femto, plan->n_package_prices, plan->package_prices};
    struct wm_solve_options options = c->options;
    if (c->found && (!c->stopped || ((c->priced || c->guessed) && c->all.n <= PAIRS_PROMPT)))
        options.stop = NULL; /* also of a plan that was cut short it is said what its prices prove */
    int status =
        wm_plan_verify(c->dataset, c->request, plan->placements, plan->n_placements, &prices, &options, NULL, &verdict);
    if (status != WM_OK)
        return status;
    if (c->found && (!verdict.feasible || verdict.value_nano != plan->value_nano))
        return WM_EINTERNAL;
    plan->priced_nano = clamp(c->proven_nano);
    if (verdict.bounded) {
        plan->priced_nano = verdict.bound_nano;
        if (c->proven_nano > verdict.bound_nano)
            c->proven_nano = verdict.bound_nano;
    }
    return WM_OK;
}

/* A search that ended by itself has come as near as it can: enough, unless it was told how near it should come. */
static enum wm_plan_status status_of(const struct country *c, double gap)
{
    double asked = country_wanted(c), wanted = asked > 0 ? asked : GAP_PROVEN;
    if (c->found && gap <= GAP_PROVEN)
        return WM_PLAN_OPTIMAL;
    bool enough = gap <= wanted || (c->options.gap <= 0 && !c->stopped);
    return c->found && enough ? WM_PLAN_WITHIN_GAP : WM_PLAN_DEADLINE;
}

static int conclude(struct country *c, struct answer *answer)
{
    const struct scenario *s = &c->plain;
    struct wm_plan *plan = &answer->plan;
    plan->n_resources = s->n_resources;
    plan->placements = arena_alloc(&answer->arena, c->n_picks + 1, sizeof *plan->placements);
    plan->limits = arena_alloc(&answer->arena, s->n_resources, sizeof *plan->limits);
    plan->used = arena_alloc(&answer->arena, s->n_resources, sizeof *plan->used);
    plan->prices_femto = arena_alloc(&answer->arena, s->n_resources, sizeof *plan->prices_femto);
    plan->package_prices =
        arena_alloc(&answer->arena, c->s.n_resources - s->n_resources + 1, sizeof *plan->package_prices);
    if (!plan->placements || !plan->limits || !plan->used || !plan->prices_femto || !plan->package_prices)
        return WM_EMEMORY;
    plan->eligible_pairs = c->few ? 0 : c->all.n;
    plan->options_priced = c->options_priced;
    plan->nodes = c->nodes;
    for (size_t r = 0; r < s->n_resources; r++)
        plan->limits[r] = s->limit[r] == LIMIT_NONE ? WM_MISSING : s->limit[r];
    plan->gap = 1;
    if (plan->status == WM_PLAN_INFEASIBLE)
        return WM_OK;
    if (c->priced || c->guessed)
        write_prices(c, plan);
    write_placements(c, plan);
    plan->found = c->found;
    plan->value_nano = c->found ? clamp(c->value_nano) : 0;
    c->phase = "verify";
    country_tell(c);
    int status = check(c, plan);
    plan->bound_nano = clamp(c->proven_nano);
    plan->gap = country_gap(c);
    plan->status = status_of(c, plan->gap);
    plan->stopped = c->stopped;
    country_tell(c);
    return status;
}
