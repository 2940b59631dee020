/* Feeds of what there is to hand out: openings by organisation, packages, mentors' hours, and what more would be worth. */
#include "feed_parts.h"
#include "feed_tally.h"

#include "encode_parts.h"

#include <stdlib.h>
#include <string.h>

enum { NULLABLE = FEED_NULLABLE, RESTRICTED = FEED_RESTRICTED | FEED_NULLABLE };

static void put_count(struct feed_cell *cells, struct feed_count count)
{
    feed_put_number(&cells[0], count.shown);
    feed_put_text(&cells[1], feed_status_name(count.status));
}

/* ---- organisation ---- */

#define ORGANISATION_COLUMNS(X)                                                                                    \
    FEED_STAMPS(X)                                                                                                 \
    X(ods_code, TEXT, 0, "", 0, "The organisation.")                                                               \
    X(organisation, TEXT, 0, "", 0, "Its name.")                                                                   \
    X(type, TEXT, 0, "", NULLABLE, "What kind of care it gives.")                                                  \
    X(region, TEXT, 0, "", NULLABLE, "Its region.")                                                                \
    X(icb_code, TEXT, 0, "", NULLABLE, "Its integrated care board.")                                               \
    X(icb, TEXT, 0, "", NULLABLE, "The board's name.")                                                             \
    X(latitude, NUMBER, 5, "degrees", NULLABLE, "WGS 84, north.")                                                  \
    X(longitude, NUMBER, 5, "degrees", NULLABLE, "WGS 84, east.")                                                  \
    X(oversight_segment, INTEGER, 0, "1-5", NULLABLE, "5 is most challenged.")                                     \
    X(openings, INTEGER, 0, "openings", 0, "Openings of its posts in the plan.")                                   \
    X(filled, INTEGER, 0, "leaders", NULLABLE, "Leaders placed there; rounded, it may be more than the openings.") \
    X(filled_status, TEXT, 0, "", 0, "exact, rounded, zero or suppressed.")                                        \
    X(filled_ratio, NUMBER, 6, "0-1", NULLABLE, "filled of openings, as shown.")                                   \
    X(value, NUMBER, 9, "expected benefit", RESTRICTED, "Expected benefit of those placed there.")                 \
    X(local_cost_gbp, NUMBER, 2, "GBP", RESTRICTED, "Of its own money.")                                           \
    X(central_cost_gbp, NUMBER, 2, "GBP", RESTRICTED, "Of national, regional and ICB money, spent there.")

enum {
#define X(name, ...) ORGANISATION_##name,
    ORGANISATION_COLUMNS(X)
#undef X
        ORGANISATION_COUNT
};
static const struct feed_column organisation_columns[] = {ORGANISATION_COLUMNS(FEED_COLUMN)};

static int open_organisations(struct feed_rows *rows)
{
    struct feed_tally *tally = feed_tally_new(rows->view);
    rows->state = tally;
    rows->n = tally ? tally->n_listed : 0;
    return tally ? WM_OK : WM_EMEMORY;
}

static void put_organisation(struct feed_rows *rows, size_t i, struct feed_cell *cells)
{
    const struct wm_dataset *dataset = rows->view->plan.dataset;
    const struct feed_tally *tally = rows->state;
    const struct feed_sums *sums = &tally->organisations[tally->listed[i]];
    int64_t row = (int64_t)tally->listed[i];
    feed_put_id(&cells[ORGANISATION_ods_code], dataset, WM_ORGANISATIONS, row);
    feed_put_cell(&cells[ORGANISATION_organisation], dataset, WM_ORGANISATIONS, row, "name");
    feed_put_cell(&cells[ORGANISATION_type], dataset, WM_ORGANISATIONS, row, "type");
    feed_put_cell(&cells[ORGANISATION_region], dataset, WM_ORGANISATIONS, row, "region");
    feed_put_cell(&cells[ORGANISATION_icb_code], dataset, WM_ORGANISATIONS, row, "icb_code");
    feed_put_cell(&cells[ORGANISATION_icb], dataset, WM_ORGANISATIONS, row, "icb_name");
    feed_put_cell(&cells[ORGANISATION_latitude], dataset, WM_ORGANISATIONS, row, "latitude");
    feed_put_cell(&cells[ORGANISATION_longitude], dataset, WM_ORGANISATIONS, row, "longitude");
    feed_put_cell(&cells[ORGANISATION_oversight_segment], dataset, WM_ORGANISATIONS, row, "oversight_segment");
    feed_put_number(&cells[ORGANISATION_openings], sums->openings);
    put_count(&cells[ORGANISATION_filled], sums->shown);
    feed_put_ratio(&cells[ORGANISATION_filled_ratio], sums->shown.shown, sums->openings);
    feed_put_number(&cells[ORGANISATION_value], sums->value_nano);
    feed_put_gbp(&cells[ORGANISATION_local_cost_gbp], sums->local_cost_gbp);
    feed_put_gbp(&cells[ORGANISATION_central_cost_gbp], sums->central_cost_gbp);
}

const struct feed_table feed_organisation = {
    .name = "organisation",
    .about = "Openings and how far they are filled, by organisation.",
    .row = "an organisation with an opening",
    .n_columns = ORGANISATION_COUNT,
    .columns = organisation_columns,
    .open = open_organisations,
    .put = put_organisation,
};

/* ---- package_use ---- */

#define PACKAGE_COLUMNS(X)                                                                              \
    FEED_STAMPS(X)                                                                                      \
    X(package_id, TEXT, 0, "", 0, "The incentive package.")                                             \
    X(package, TEXT, 0, "", 0, "Its name.")                                                             \
    X(stock, INTEGER, 0, "pieces", NULLABLE, "How often it may be given; unknown: no limit is stated.") \
    X(mentor_hours, INTEGER, 0, "hours", NULLABLE, "Of a mentor, in each.")                             \
    X(used, INTEGER, 0, "leaders", NULLABLE, "Leaders who get it.")                                     \
    X(used_status, TEXT, 0, "", 0, "exact, rounded, zero or suppressed.")                               \
    X(used_ratio, NUMBER, 6, "0-1", NULLABLE, "used of stock, as shown.")                               \
    X(value, NUMBER, 9, "expected benefit", RESTRICTED, "Expected benefit of those who get it.")        \
    X(local_cost_gbp, NUMBER, 2, "GBP", RESTRICTED, "What it comes to, of organisations' money.")       \
    X(central_cost_gbp, NUMBER, 2, "GBP", RESTRICTED, "What it comes to, of national, regional and ICB money.")

enum {
#define X(name, ...) PACKAGE_##name,
    PACKAGE_COLUMNS(X)
#undef X
        PACKAGE_COUNT
};
static const struct feed_column package_columns[] = {PACKAGE_COLUMNS(FEED_COLUMN)};

static int open_packages(struct feed_rows *rows)
{
    struct feed_tally *tally = feed_tally_new(rows->view);
    rows->state = tally;
    rows->n = tally ? tally->n_packages : 0;
    return tally ? WM_OK : WM_EMEMORY;
}

static void put_package(struct feed_rows *rows, size_t i, struct feed_cell *cells)
{
    const struct wm_dataset *dataset = rows->view->plan.dataset;
    const struct feed_tally *tally = rows->state;
    const struct feed_sums *sums = &tally->packages[i];
    int64_t row = (int64_t)i,
            stock = rows->view->plan.answer->plan->limits[wm_resource_index(dataset, WM_RESOURCE_PACKAGE, i)];
    feed_put_id(&cells[PACKAGE_package_id], dataset, WM_PACKAGES, row);
    feed_put_cell(&cells[PACKAGE_package], dataset, WM_PACKAGES, row, "name");
    feed_put_number(&cells[PACKAGE_stock], stock);
    feed_put_cell(&cells[PACKAGE_mentor_hours], dataset, WM_PACKAGES, row, "mentor_hours");
    put_count(&cells[PACKAGE_used], sums->shown);
    feed_put_ratio(&cells[PACKAGE_used_ratio], sums->shown.shown, stock);
    feed_put_number(&cells[PACKAGE_value], sums->value_nano);
    feed_put_gbp(&cells[PACKAGE_local_cost_gbp], sums->local_cost_gbp);
    feed_put_gbp(&cells[PACKAGE_central_cost_gbp], sums->central_cost_gbp);
}

const struct feed_table feed_package_use = {
    .name = "package_use",
    .about = "How often each package is given, and its stock.",
    .row = "an incentive package",
    .n_columns = PACKAGE_COUNT,
    .columns = package_columns,
    .open = open_packages,
    .put = put_package,
};

/* ---- mentor_load ---- */

#define MENTOR_COLUMNS(X)                                                 \
    FEED_STAMPS(X)                                                        \
    X(mentor_id, TEXT, 0, "", 0, "The mentor.")                           \
    X(ods_code, TEXT, 0, "", NULLABLE, "Where they are.")                 \
    X(region, TEXT, 0, "", NULLABLE, "Their region.")                     \
    X(remote, BOOLEAN, 0, "", NULLABLE, "Whether they mentor from afar.") \
    X(hours, INTEGER, 0, "hours", NULLABLE, "They have to give.")         \
    X(hours_used, INTEGER, 0, "hours", 0, "The plan asks of them.")       \
    X(hours_left, INTEGER, 0, "hours", NULLABLE, "The rest.")             \
    X(used_ratio, NUMBER, 6, "0-1", NULLABLE, "hours_used of hours.")     \
    X(mentees, INTEGER, 0, "leaders", 0, "Leaders they mentor.")          \
    X(price, NUMBER, 15, "expected benefit an hour", 0, "What one more hour would be worth, near here.")

enum {
#define X(name, ...) MENTOR_##name,
    MENTOR_COLUMNS(X)
#undef X
        MENTOR_COUNT
};
static const struct feed_column mentor_columns[] = {MENTOR_COLUMNS(FEED_COLUMN)};

/* state: how many each mentors. */
static int open_mentors(struct feed_rows *rows)
{
    const struct plan_view *view = &rows->view->plan;
    const struct wm_plan *plan = view->answer->plan;
    size_t n = wm_table_rows(view->dataset, WM_MENTORS);
    int64_t *mentees = calloc(n + 1, sizeof *mentees);
    if (mentees == NULL)
        return WM_EMEMORY;
    for (size_t i = 0; i < plan->n_placements; i++)
        if (plan->placements[i].mentor != WM_NO_ROW)
            mentees[plan->placements[i].mentor]++;
    rows->n = n;
    rows->state = mentees;
    return WM_OK;
}

static void put_mentor(struct feed_rows *rows, size_t i, struct feed_cell *cells)
{
    const struct wm_dataset *dataset = rows->view->plan.dataset;
    const struct wm_plan *plan = rows->view->plan.answer->plan;
    const int64_t *mentees = rows->state;
    size_t resource = wm_resource_index(dataset, WM_RESOURCE_MENTOR, i);
    int64_t row = (int64_t)i, hours = plan->limits[resource], used = plan->used[resource];
    feed_put_id(&cells[MENTOR_mentor_id], dataset, WM_MENTORS, row);
    feed_put_cell(&cells[MENTOR_ods_code], dataset, WM_MENTORS, row, "ods_code");
    feed_put_cell(&cells[MENTOR_region], dataset, WM_MENTORS, row, "region");
    feed_put_cell(&cells[MENTOR_remote], dataset, WM_MENTORS, row, "remote");
    feed_put_number(&cells[MENTOR_hours], hours);
    feed_put_number(&cells[MENTOR_hours_used], used);
    feed_put_number(&cells[MENTOR_hours_left], hours == WM_MISSING ? WM_MISSING : hours - used);
    feed_put_ratio(&cells[MENTOR_used_ratio], used, hours);
    feed_put_number(&cells[MENTOR_mentees], mentees[i]);
    feed_put_number(&cells[MENTOR_price], plan->prices_femto[resource]);
}

const struct feed_table feed_mentor_load = {
    .name = "mentor_load",
    .about = "What the plan asks of each mentor.",
    .row = "a mentor",
    .restricted = true,
    .n_columns = MENTOR_COUNT,
    .columns = mentor_columns,
    .open = open_mentors,
    .put = put_mentor,
};

/* ---- shadow_price ---- */

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

/*
 * A price above nothing says that the limit is used up, and so how many use it: the public profile has those of money
 * alone, national and regional. Which rows there are must tell no count either, so it is decided by what everybody knows:
 * that 8 or more are placed in all, and that there are 8 openings or more that may be paid from it.
 */
static bool may_be_public(const struct plan_view *view, size_t resource)
{
    size_t row;
    int64_t openings = 0;
    const struct wm_plan *plan = view->answer->plan;
    if (wm_resource_at(view->dataset, resource, &row) != WM_RESOURCE_BUDGET)
        return false;
    for (size_t post = 0; post < wm_table_rows(view->dataset, WM_POSTS); post++) {
        int64_t limit = plan->limits[wm_resource_index(view->dataset, WM_RESOURCE_POST, post)];
        if (limit != WM_MISSING && plan_takes_post(view->question, post) && pays_for(view->dataset, row, post))
            openings += limit;
    }
    return openings > FEED_HIDDEN_MAX;
}

/* Whether the public profile has any price: the number of those placed is told. False also when there is no memory. */
static bool has_public_prices(const struct feed_view *view, int *code)
{
    struct feed_tally *tally = feed_tally_new(view);
    bool told = tally && tally->all.shown.status == FEED_ROUNDED;
    *code = tally ? WM_OK : WM_EMEMORY;
    free(tally);
    return told;
}

/* state: the places in the report's list of those that are shown. */
static int open_prices(struct feed_rows *rows)
{
    const struct plan_view *view = &rows->view->plan;
    const struct wm_plan_report *report = view->answer->report;
    size_t n = report ? report->n_worth : 0;
    size_t *shown = calloc(n + 1, sizeof *shown);
    if (shown == NULL)
        return WM_EMEMORY;
    rows->state = shown;
    int code = WM_OK;
    bool all = rows->view->restricted, some = all || has_public_prices(rows->view, &code);
    for (size_t i = 0; i < n && some; i++)
        if (all || may_be_public(view, report->worth[i].resource))
            shown[rows->n++] = i;
    return code;
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
    feed_put_number(&cells[PRICE_price], worth->price_femto);
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
