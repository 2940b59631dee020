/*
 * shadow_price: what more of each scarce thing would be worth. A price above nothing says that its limit is used up, and so
 * how many use it: the public profile has those of money alone, national and regional. Which rows there are must tell no
 * count either, so that is decided by what everybody knows (feed_may_be_used_up). And a price is a difference between two
 * persons' expected benefits, over a difference of costs: with all its digits, who knows the scores of one would know it
 * again, so the public ones have two.
 */
#include "feed_parts.h"
#include "feed_tally.h"

#include "encode_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { RESTRICTED = FEED_RESTRICTED | FEED_NULLABLE, NULLABLE = FEED_NULLABLE };

#define PRICE_COLUMNS(X)                                                                                           \
    FEED_STAMPS(X)                                                                                                 \
    X(resource, TEXT, 0, "", 0, "budget; restricted also openings, stock, mentor_hours and moves.")                \
    X(resource_id, TEXT, 0, "", NULLABLE, "Of which budget, post, package or mentor.")                             \
    X(name, TEXT, 0, "", 0, "What that is called.")                                                                \
    X(unit, TEXT, 0, "", 0, "GBP, opening, piece, hour or move.")                                                  \
    X(price, NUMBER, 15, "expected benefit a unit", 0, "What one more unit would be worth, near here.")            \
    X(step, INTEGER, 0, "units", 0, "The gains are of so many more units.")                                        \
    X(gain_least, NUMBER, 9, "expected benefit", RESTRICTED, "The best plan's value would rise by at least this.") \
    X(gain_most, NUMBER, 9, "expected benefit", RESTRICTED, "And at most by this.")                                \
    X(gain_resolved, NUMBER, 9, "expected benefit", RESTRICTED, "The rise that was seen by solving again.")        \
    X(limit_units, INTEGER, 0, "units", NULLABLE, "How much there is.")                                            \
    X(used_units, INTEGER, 0, "units", RESTRICTED, "How much of it the plan uses.")

enum {
#define X(name, ...) PRICE_##name,
    PRICE_COLUMNS(X)
#undef X
        PRICE_COUNT
};
static const struct feed_column price_columns[] = {PRICE_COLUMNS(FEED_COLUMN)};

/* Whether a placement at this post is paid from this budget, too. */
static bool pays_for(const struct wm_dataset *dataset, size_t budget, size_t post)
{
    char scope[PLAN_NAME_CAP], code[PLAN_NAME_CAP], region[PLAN_NAME_CAP];
    plan_cell_text(dataset, WM_BUDGETS, budget, "scope", scope, sizeof scope);
    plan_cell_text(dataset, WM_BUDGETS, budget, "code", code, sizeof code);
    plan_region_of_post(dataset, post, region, sizeof region);
    return strcmp(scope, "national") == 0 || (strcmp(scope, "region") == 0 && strcmp(code, region) == 0);
}

static int64_t openings_paid_from(const struct plan_view *view, size_t budget)
{
    int64_t openings = 0;
    const struct wm_plan *plan = view->answer->plan;
    for (size_t post = 0; post < wm_table_rows(view->dataset, WM_POSTS); post++) {
        int64_t limit = plan->limits[wm_resource_index(view->dataset, WM_RESOURCE_POST, post)];
        if (limit != WM_MISSING && plan_takes_post(view->question, post) && pays_for(view->dataset, budget, post))
            openings += limit;
    }
    return openings;
}

/* What everybody knows of the packages. One allocation, which begins with this struct; NULL: no memory. */
struct known_packages {
    struct feed_price_list list;
    int64_t numbers[];
};

static struct known_packages *known_packages_new(const struct plan_view *view, const struct feed_tally *tally)
{
    size_t n = tally->n_packages;
    struct known_packages *known = calloc(1, sizeof *known + n * (2 * sizeof known->numbers[0] + sizeof(bool)));
    int column = wm_column_find(view->dataset, WM_PACKAGES, "central_cost_gbp");
    assert(column >= 0);
    if (known == NULL)
        return NULL;
    int64_t *costs = known->numbers, *caps = costs + n;
    bool *hidden = (bool *)(caps + n);
    for (size_t i = 0; i < n; i++) {
        int64_t stock = view->answer->plan->limits[wm_resource_index(view->dataset, WM_RESOURCE_PACKAGE, i)];
        costs[i] = wm_cell_number(view->dataset, WM_PACKAGES, i, (size_t)column);
        caps[i] = stock == WM_MISSING ? INT64_MAX : stock;
        hidden[i] = tally->packages[i].shown.status == FEED_SUPPRESSED;
    }
    known->list = (struct feed_price_list){n, costs, caps, hidden};
    return known;
}

static bool may_be_public(const struct plan_view *view, const struct feed_price_list *packages, size_t resource)
{
    size_t row;
    return wm_resource_at(view->dataset, resource, &row) == WM_RESOURCE_BUDGET &&
           feed_may_be_used_up(view->answer->plan->limits[resource], openings_paid_from(view, row), packages);
}

/* None where the number of those placed is not told. */
static int list_public_prices(const struct feed_view *view, size_t *shown, size_t *n)
{
    const struct wm_plan_report *report = view->plan.answer->report;
    struct feed_tally *tally = feed_tally_new(view);
    struct known_packages *known = tally ? known_packages_new(&view->plan, tally) : NULL;
    for (size_t i = 0; known && i < report->n_worth && tally->all.shown.status == FEED_ROUNDED; i++)
        if (may_be_public(&view->plan, &known->list, report->worth[i].resource))
            shown[(*n)++] = i;
    int code = known ? WM_OK : WM_EMEMORY;
    free(known);
    free(tally);
    return code;
}

/* state: the places in the report's list of those that are shown. */
static int open_prices(struct feed_rows *rows)
{
    const struct wm_plan_report *report = rows->view->plan.answer->report;
    size_t n = report ? report->n_worth : 0;
    size_t *shown = calloc(n + 1, sizeof *shown);
    if (shown == NULL)
        return WM_EMEMORY;
    rows->state = shown;
    if (!rows->view->restricted)
        return n > 0 ? list_public_prices(rows->view, shown, &rows->n) : WM_OK;
    for (; rows->n < n; rows->n++)
        shown[rows->n] = rows->n;
    return WM_OK;
}

/* A price has 15 decimals; of those above nothing the public profile shows so many digits. */
static int64_t shown_price(const struct feed_view *view, int64_t femto)
{
    enum { FIRST_TOO_LONG = 100 };
    int64_t unit = 1;
    while (!view->restricted && femto / unit >= FIRST_TOO_LONG)
        unit *= 10;
    return (femto + unit / 2) / unit * unit;
}

static void put_price(struct feed_rows *rows, size_t i, struct feed_cell *cells)
{
    const struct plan_view *view = &rows->view->plan;
    const size_t *shown = rows->state;
    const struct wm_worth *worth = &view->answer->report->worth[shown[i]];
    const struct wm_plan *plan = view->answer->plan;
    size_t row;
    char name[2 * PLAN_NAME_CAP + 4];
    enum wm_resource_kind kind = wm_resource_at(view->dataset, worth->resource, &row);
    plan_name_resource(view->dataset, worth->resource, name, sizeof name);
    feed_put_text(&cells[PRICE_resource], plan_resource_name(kind));
    feed_put_text(&cells[PRICE_resource_id], plan_resource_id(view->dataset, worth->resource));
    feed_put_text(&cells[PRICE_name], name);
    feed_put_text(&cells[PRICE_unit], plan_unit_name(kind));
    feed_put_number(&cells[PRICE_price], shown_price(rows->view, worth->price_femto));
    feed_put_number(&cells[PRICE_step], worth->step);
    feed_put_number(&cells[PRICE_gain_least], worth->must ? WM_MISSING : worth->least_nano);
    feed_put_number(&cells[PRICE_gain_most], worth->must ? WM_MISSING : worth->most_nano);
    feed_put_number(&cells[PRICE_gain_resolved], worth->resolved ? worth->resolved_nano : WM_MISSING);
    feed_put_number(&cells[PRICE_limit_units], plan->limits[worth->resource]);
    feed_put_number(&cells[PRICE_used_units], plan->used[worth->resource]);
}

const struct feed_table feed_shadow_price = {
    .name = "shadow_price",
    .about = "What more of each scarce thing would be worth.",
    .row = "a limit with a price",
    .n_columns = PRICE_COUNT,
    .columns = price_columns,
    .open = open_prices,
    .put = put_price,
};
