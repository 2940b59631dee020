/*
 * What one step more of each scarce thing would be worth: the range that prices prove, and, for the worthiest, what
 * came of solving the question again with that much more.
 *
 * With prices p and what they prove (priced), no plan of the question with `step` more of resource r is worth more than
 *
 *     priced + what r's term rises by + what options that only now are within the limit by themselves stick out by
 *
 * (newcomers): the same prices prove it, as nothing else changes in the sum that is the bound. The term is p_r * limit, of
 * which only counts what uses add up to: it rises by p_r * step, and at most by what did not count before besides
 * (question_rises). So the best rises by at most that
 * less the plan's value; and by at least 0, since every plan still holds, or by what a fix of the report adds over the
 * bound. A plan made anew narrows both ends: its value is a plan's, its bound is no less than the best.
 *
 * Of a post that must be filled only the price is told, also one below 0, which is what the demand costs: one more of its
 * openings is one more to be filled, which is another question.
 */
#include "reasons.h"
#include "verify.h"

#include <stdlib.h>

enum { BUDGET_STEP_GBP = 100000 };
/* Where the plan itself is not proven to the end, nor is what is solved again: the last thousandth takes most of the time. */
#define GAP_AGAIN 1e-3

static int64_t step_of(enum wm_resource_kind kind)
{
    return kind == WM_RESOURCE_BUDGET ? BUDGET_STEP_GBP : 1;
}

static bool must_be_filled(const struct wm_plan_request *request, size_t post)
{
    for (size_t i = 0; i < request->n_must_fill; i++)
        if (request->must_fill[i] == post)
            return true;
    return false;
}

static __int128_t price_of_step(const struct wm_worth *w)
{
    return (__int128_t)w->price_femto * w->step;
}

/* What is told of a step, in 1e-15: what solving again showed, else what the price says. */
static __int128_t told_of_step(const struct wm_worth *w)
{
    return w->resolved ? (__int128_t)w->resolved_nano * NANO_IN_FEMTO : price_of_step(w);
}

static int worthiest_first(const void *left, const void *right)
{
    const struct wm_worth *a = left, *b = right;
    if (a->resolved != b->resolved)
        return a->resolved ? -1 : 1;
    __int128_t p = told_of_step(a), q = told_of_step(b);
    if (p != q)
        return p > q ? -1 : 1;
    return (a->resource > b->resource) - (a->resource < b->resource);
}

static int64_t added(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : INT64_MIN) : sum;
}

static int64_t nano_above(__int128_t femto)
{
    __int128_t nano = (femto + NANO_IN_FEMTO - 1) / NANO_IN_FEMTO; /* of what is not below 0 */
    return nano > INT64_MAX ? INT64_MAX : (int64_t)nano;
}

/* ---- what is known without solving ---- */

static int64_t more(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* What placements of the report's fixes add for at most a step of each resource: gain[n_resources]. */
static void gains_of_fixes(const struct wm_plan_report *report, const struct wm_dataset *dataset, int64_t *gain)
{
    for (size_t i = 0; i < report->n_unfilled + report->n_unplaced; i++) {
        const struct wm_fix *fix =
            i < report->n_unfilled ? &report->unfilled[i].fix : &report->unplaced[i - report->n_unfilled].fix;
        size_t row;
        if (fix->kind == WM_FIX_LIMIT && fix->amount <= step_of(wm_resource_at(dataset, fix->resource, &row)))
            gain[fix->resource] = more(gain[fix->resource], fix->gain_nano);
    }
}

/* ---- newcomers: options that the step lets stand by themselves ---- */

struct newcomer {
    uint32_t resource;
    const struct menu_entry *entry;
};

/* Whether the entry alone is past one limit only, and a step of it would do: which. */
static bool is_newcomer(const struct survey *v, const struct menu_entry *entry, uint32_t *resource)
{
    size_t n = 0;
    for (size_t u = 0; u < entry->n_uses; u++) {
        int64_t limit = v->plan->limits[entry->resource[u]];
        size_t row;
        if (limit == WM_MISSING || entry->use[u] <= limit)
            continue;
        if (entry->use[u] - limit > step_of(wm_resource_at(v->dataset, entry->resource[u], &row)))
            return false;
        *resource = entry->resource[u];
        n++;
    }
    return n == 1;
}

static int by_resource(const void *left, const void *right)
{
    const struct newcomer *a = left, *b = right;
    if (a->resource != b->resource)
        return a->resource < b->resource ? -1 : 1;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

/* A use at the plan's prices: of a mentor's hours by the package, where packages have a price. */
static __int128_t cost_of_use(const struct survey *v, uint32_t resource, int64_t use)
{
    const struct wm_plan *plan = v->plan;
    size_t from = 0, to = resource >= v->s.first_mentor && resource < v->s.moves ? plan->n_package_prices : 0;
    struct wm_package_price wanted = {resource - (uint32_t)v->s.first_mentor, use, 0};
    while (from < to) {
        size_t at = from + (to - from) / 2;
        const struct wm_package_price *p = &plan->package_prices[at];
        if (p->mentor == wanted.mentor && p->hours == wanted.hours)
            return p->price_femto;
        if (p->mentor < wanted.mentor || (p->mentor == wanted.mentor && p->hours < wanted.hours))
            from = at + 1;
        else
            to = at;
    }
    return (__int128_t)plan->prices_femto[resource] * use;
}

static __int128_t gain_of(const struct survey *v, size_t post, size_t i, const struct menu_entry *entry)
{
    __int128_t gain = (__int128_t)survey_value(v, post, i, survey_logit(v, i, entry)) * NANO_IN_FEMTO;
    for (size_t u = 0; u < entry->n_uses; u++)
        gain -= cost_of_use(v, entry->resource[u], entry->use[u]);
    return gain - (scenario_is_move(&v->s, v->pairs.lane[i], post) ? v->plan->prices_femto[v->s.moves] : 0);
}

/* How much less a newcomer may cost than by the prices of units, which the survey's worth is at. */
static __int128_t most_eased(const struct survey *v, const struct newcomer *newcomers, size_t n)
{
    __int128_t most = 0;
    for (size_t e = 0; e < n; e++) {
        const struct menu_entry *entry = newcomers[e].entry;
        __int128_t eased = 0;
        for (size_t u = 0; u < entry->n_uses; u++)
            eased += (__int128_t)v->plan->prices_femto[entry->resource[u]] * entry->use[u] -
                     cost_of_use(v, entry->resource[u], entry->use[u]);
        most = eased > most ? eased : most;
    }
    return most;
}

/* By how much the best of one resource's newcomers on a post sticks out, above each leader's floor. */
static __int128_t excess_at_post(const struct survey *v, size_t post, const struct newcomer *newcomers, size_t n,
                                 const __int128_t *floor)
{
    __int128_t excess = 0, price = v->plan->prices_femto[post] - most_eased(v, newcomers, n);
    for (size_t i = v->pairs.first[post]; i < v->pairs.first[post + 1]; i++) {
        size_t lane = v->pairs.lane[i];
        __int128_t most = 0;
        if (v->worth[i] == WORTH_NONE || v->worth[i] - price <= floor[lane])
            continue; /* not even the pair's best sticks out */
        for (size_t e = 0; e < n; e++) {
            __int128_t over = gain_of(v, post, i, newcomers[e].entry) - floor[lane];
            if (over > most && scenario_allows(&v->s, lane, post, newcomers[e].entry))
                most = over;
        }
        excess += most;
    }
    return excess;
}

/* floor[n_lanes]: what each leader counts for in the bound at least: the gain of the place; 0, if not locked. */
static void find_floors(const struct survey *v, __int128_t *floor)
{
    for (size_t post = 0; post < v->pairs.n_posts; post++)
        for (size_t i = v->pairs.first[post]; i < v->pairs.first[post + 1]; i++) {
            size_t lane = v->pairs.lane[i];
            const struct wm_placement *p = v->placed[lane];
            const struct menu *menu = &v->s.menus[post];
            for (size_t e = 0; e < menu->n && p != NULL && p->post == post; e++)
                if (menu->entries[e].package == p->package && menu->entries[e].mentor == p->mentor)
                    floor[lane] = gain_of(v, post, i, &menu->entries[e]);
            if (v->s.lock_of_lane[lane] < 0 && floor[lane] < 0)
                floor[lane] = 0;
        }
}

/* excess[n_resources]: what newcomers add to the bound, at most. */
static int find_excess(const struct survey *v, struct arena *arena, __int128_t *excess)
{
    size_t largest = 0;
    for (size_t post = 0; post < v->s.n_posts; post++)
        largest = v->s.menus[post].n > largest ? v->s.menus[post].n : largest;
    struct newcomer *newcomers = arena_alloc(arena, largest + 1, sizeof *newcomers);
    __int128_t *floor = arena_alloc(arena, v->s.n_lanes + 1, sizeof *floor);
    if (newcomers == NULL || floor == NULL)
        return WM_EMEMORY;
    find_floors(v, floor);
    for (size_t post = 0; post < v->s.n_posts; post++) {
        const struct menu *menu = &v->s.menus[post];
        size_t n = 0;
        for (size_t e = 0; e < menu->n; e++)
            if (is_newcomer(v, &menu->entries[e], &newcomers[n].resource))
                newcomers[n++].entry = &menu->entries[e];
        qsort(newcomers, n, sizeof *newcomers, by_resource);
        for (size_t from = 0, to; from < n; from = to) {
            for (to = from + 1; to < n && newcomers[to].resource == newcomers[from].resource; to++)
                ;
            excess[newcomers[from].resource] += excess_at_post(v, post, newcomers + from, to - from, floor);
        }
    }
    return WM_OK;
}

/* ---- solving again ---- */

struct again {
    const struct wm_dataset *dataset;
    const struct wm_plan_request *request;
    const struct wm_plan *plan;
    struct wm_solve_options options;
    struct wm_limit_change *limits; /* [n_limits + 1] the request's, and one more */
};

/*
 * The request with one more change of limits, begun from the plan's prices and, unless the question counts moves from a
 * base of its own, from its placements.
 */
static struct wm_plan_request request_again(const struct again *again, const struct wm_worth *w)
{
    struct wm_plan_request request = *again->request;
    size_t row;
    enum wm_resource_kind kind = wm_resource_at(again->dataset, w->resource, &row);
    again->limits[request.n_limits] = (struct wm_limit_change){kind, (uint32_t)row, true, w->step};
    request.limits = again->limits;
    request.n_limits++;
    request.start_femto = again->plan->prices_femto;
    request.start_packages = again->plan->package_prices;
    request.n_start_packages = again->plan->n_package_prices;
    if (request.move_penalty_nano == 0 && again->plan->limits[again->plan->n_resources - 1] == WM_MISSING) {
        request.base = again->plan->placements;
        request.n_base = again->plan->n_placements;
    }
    return request;
}

/*
 * The old plan holds still, and so does the old plan with a fix added: neither is worth more than the best, and the
 * better of them stands where the new plan, made in the same time but by another path, is worth less.
 */
static int resolve(const struct again *again, int64_t gain_of_fix, struct wm_worth *w)
{
    struct wm_plan_request request = request_again(again, w);
    struct wm_plan *plan;
    int code = wm_plan_make(again->dataset, &request, &again->options, &plan);
    if (code != WM_OK)
        return code;
    if (plan->found) {
        int64_t old = again->plan->value_nano, value = more(plan->value_nano, added(old, gain_of_fix));
        w->resolved = true;
        w->resolved_nano = value - old;
        w->least_nano = more(w->least_nano, value - again->plan->bound_nano);
        int64_t most = plan->bound_nano - old;
        w->most_nano = most < w->most_nano ? most : w->most_nano;
    }
    wm_plan_free(plan);
    return WM_OK;
}

static bool stopped(const struct wm_solve_options *options)
{
    return options->stop != NULL && options->stop(options->arg);
}

static int resolve_worthiest(struct wm_plan_report *report, struct again *again, const int64_t *gain,
                             size_t resolve_max)
{
    int code = WM_OK;
    again->options.progress = NULL; /* it would tell of another question */
    if (again->plan->status != WM_PLAN_OPTIMAL && again->options.gap < GAP_AGAIN)
        again->options.gap = GAP_AGAIN;
    for (size_t i = 0; i < report->n_worth && resolve_max > 0 && code == WM_OK && !stopped(&again->options); i++) {
        if (report->worth[i].must)
            continue;
        code = resolve(again, gain[report->worth[i].resource], &report->worth[i]);
        resolve_max--;
    }
    qsort(report->worth, report->n_worth, sizeof *report->worth, worthiest_first);
    return code;
}

/* ---- the list ---- */

/* rise[n_resources]: of what the prices prove, with a step more of each. */
static int find_rises(const struct survey *v, const struct wm_plan_request *request, struct arena *arena,
                      __int128_t *rise)
{
    const struct wm_plan *plan = v->plan;
    const struct wm_prices prices = {plan->prices_femto, plan->n_package_prices, plan->package_prices};
    struct question q;
    int64_t *step = arena_alloc(arena, plan->n_resources + 1, sizeof *step);
    int code = step != NULL ? question_read(&q, arena, v->dataset, request) : WM_EMEMORY;
    for (size_t r = 0, row; code == WM_OK && r < plan->n_resources; r++)
        step[r] = step_of(wm_resource_at(v->dataset, r, &row));
    return code == WM_OK ? question_rises(&q, arena, &prices, step, rise) : code;
}

/* What the prices prove: the check of the plan has told, unless the plan was cut short and too large for a check of that. */
static int find_priced(const struct survey *v, const struct wm_plan_request *request,
                       const struct wm_solve_options *options, struct arena *arena, int64_t *priced_nano)
{
    const struct wm_plan *plan = v->plan;
    struct wm_solve_options in_full = options ? *options : (struct wm_solve_options)WM_SOLVE_INIT;
    const struct wm_prices prices = {plan->prices_femto, plan->n_package_prices, plan->package_prices};
    struct question q;
    sum128 bound = 0;
    bool bounded = false;
    *priced_nano = plan->priced_nano;
    if (!plan->stopped || (plan->eligible_pairs > 0 && plan->eligible_pairs <= PAIRS_PROMPT))
        return WM_OK;
    in_full.stop = NULL;
    int code = question_read(&q, arena, v->dataset, request);
    if (code == WM_OK)
        code = question_bound(&q, arena, &prices, false, &in_full, &bound, &bounded);
    *priced_nano = bounded ? nano_above(bound) : INT64_MAX;
    return code;
}

static void list_worth(const struct survey *v, struct wm_plan_report *report, const struct wm_plan_request *request,
                       int64_t priced_nano, const int64_t *gain, const __int128_t *rise, const __int128_t *excess)
{
    const struct wm_plan *plan = v->plan;
    for (size_t r = 0; r < plan->n_resources; r++) {
        size_t row;
        enum wm_resource_kind kind = wm_resource_at(v->dataset, r, &row);
        bool must = kind == WM_RESOURCE_POST && must_be_filled(request, row);
        if ((must ? plan->prices_femto[r] == 0 : plan->prices_femto[r] <= 0) || plan->limits[r] == WM_MISSING)
            continue;
        struct wm_worth *w = &report->worth[report->n_worth++];
        *w =
            (struct wm_worth){.resource = r, .price_femto = plan->prices_femto[r], .step = step_of(kind), .must = must};
        if (must)
            continue;
        w->most_nano = added(nano_above(rise[r] + excess[r]), added(priced_nano, -plan->value_nano));
        w->least_nano = more(0, added(gain[r], plan->value_nano - plan->bound_nano));
    }
    qsort(report->worth, report->n_worth, sizeof *report->worth, worthiest_first);
}

int survey_worth(const struct survey *v, struct wm_plan_report *report, struct arena *arena,
                 const struct wm_plan_request *request, size_t resolve_max, const struct wm_solve_options *options)
{
    struct arena scratch;
    arena_init(&scratch, SIZE_MAX);
    size_t n = v->plan->n_resources;
    int64_t priced_nano, *gain = arena_alloc(&scratch, n + 1, sizeof *gain);
    __int128_t *rise = arena_alloc(&scratch, n + 1, sizeof *rise);
    __int128_t *excess = arena_alloc(&scratch, n + 1, sizeof *excess);
    struct again again = {v->dataset, request, v->plan, options ? *options : (struct wm_solve_options)WM_SOLVE_INIT,
                          arena_alloc(&scratch, request->n_limits + 1, sizeof *again.limits)};
    report->worth = arena_alloc(arena, n + 1, sizeof *report->worth);
    int code = WM_EMEMORY;
    if (gain == NULL || rise == NULL || excess == NULL || again.limits == NULL || report->worth == NULL)
        goto done;
    for (size_t i = 0; i < request->n_limits; i++)
        again.limits[i] = request->limits[i];
    code = find_rises(v, request, &scratch, rise);
    code = code == WM_OK ? find_priced(v, request, options, &scratch, &priced_nano) : code;
    code = code == WM_OK ? find_excess(v, &scratch, excess) : code;
    if (code != WM_OK)
        goto done;
    gains_of_fixes(report, v->dataset, gain);
    list_worth(v, report, request, priced_nano, gain, rise, excess);
    code = resolve_worthiest(report, &again, gain, resolve_max);
done:
    arena_fini(&scratch);
    return code;
}
