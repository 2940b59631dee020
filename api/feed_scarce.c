/* Feeds of what there is to hand out: openings by organisation, packages, mentors' hours. */
#include "feed_parts.h"
#include "feed_tally.h"

#include "encode_parts.h"

#include <stdlib.h>

enum { NULLABLE = FEED_NULLABLE, RESTRICTED = FEED_RESTRICTED | FEED_NULLABLE };

/* The columns that both tables of sums end with: count, status, ratio to `whole`, value, both costs. */
enum { SUMS_COLUMNS = 6 };
static void put_sums(struct feed_cell at[SUMS_COLUMNS], const struct feed_sums *sums, int64_t whole)
{
    feed_put_count(&at[0], sums->shown);
    feed_put_ratio(&at[2], sums->shown.shown, whole);
    feed_put_number(&at[3], sums->value_nano);
    feed_put_gbp(&at[4], sums->local_cost_gbp);
    feed_put_gbp(&at[5], sums->central_cost_gbp);
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
_Static_assert(ORGANISATION_central_cost_gbp - ORGANISATION_filled == SUMS_COLUMNS - 1, "put_sums");
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
    put_sums(&cells[ORGANISATION_filled], sums, sums->openings);
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
_Static_assert(PACKAGE_central_cost_gbp - PACKAGE_used == SUMS_COLUMNS - 1, "put_sums");
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
    put_sums(&cells[PACKAGE_used], sums, stock);
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
