/* Adds up a plan for feeds. Both ways of counting placements are of the same persons, so they are protected together. */
#include "feed_tally.h"

#include "encode_parts.h"
#include "feed_parts.h"

#include <assert.h>
#include <stdlib.h>

size_t feed_organisation_of_post(const struct wm_dataset *dataset, size_t post)
{
    int64_t row = encode_organisation_of(dataset, WM_POSTS, post);
    assert(row != WM_NO_ROW);
    return (size_t)row;
}

void feed_put_count(struct feed_cell cells[2], struct feed_count count)
{
    feed_put_number(&cells[0], count.shown);
    feed_put_text(&cells[1], feed_status_name(count.status));
}

static void add_openings(const struct plan_view *view, struct feed_tally *tally)
{
    const struct wm_plan *plan = view->answer->plan;
    for (size_t post = 0; post < wm_table_rows(view->dataset, WM_POSTS); post++) {
        int64_t limit = plan->limits[wm_resource_index(view->dataset, WM_RESOURCE_POST, post)];
        if (limit == WM_MISSING || !plan_takes_post(view->question, post))
            continue;
        tally->n_posts++;
        tally->all.openings += limit;
        tally->organisations[feed_organisation_of_post(view->dataset, post)].openings += limit;
    }
}

static void add_placements(const struct plan_view *view, struct feed_tally *tally)
{
    const struct wm_plan *plan = view->answer->plan;
    for (size_t i = 0; i < plan->n_placements; i++) {
        const struct plan_terms *terms = &view->answer->terms[i];
        struct feed_sums *sums[] = {
            &tally->all, &tally->packages[plan->placements[i].package],
            &tally->organisations[feed_organisation_of_post(view->dataset, plan->placements[i].post)]};
        for (size_t k = 0; k < sizeof sums / sizeof sums[0]; k++) {
            sums[k]->filled++;
            sums[k]->value_nano += terms->value_nano;
            sums[k]->local_cost_gbp += terms->local_cost_gbp;
            sums[k]->central_cost_gbp += terms->central_cost_gbp;
        }
    }
}

/* The most placements that everybody knows there can be: openings; a package's stock. */
static int64_t cap_of_package(const struct plan_view *view, const struct feed_tally *tally, size_t package)
{
    int64_t stock = view->answer->plan->limits[wm_resource_index(view->dataset, WM_RESOURCE_PACKAGE, package)];
    return stock == WM_MISSING || stock > tally->all.openings ? tally->all.openings : stock;
}

static struct feed_group group_of(const struct feed_sums *sums, size_t n, int64_t *numbers, struct feed_count *out)
{
    for (size_t i = 0; i < n; i++)
        numbers[i] = sums[i].filled;
    return (struct feed_group){n, numbers, numbers + n, out};
}

static void hand_out(struct feed_sums *sums, size_t n, const struct feed_count *shown)
{
    for (size_t i = 0; i < n; i++)
        sums[i].shown = shown[i];
}

/* False: no memory. */
static bool protect(const struct plan_view *view, struct feed_tally *tally)
{
    size_t n = tally->n_organisations, m = tally->n_packages;
    int64_t *numbers = calloc(2 * (n + m) + 1, sizeof *numbers);
    struct feed_count *shown = calloc(n + m + 1, sizeof *shown);
    if (numbers && shown) {
        const struct feed_group groups[] = {group_of(tally->organisations, n, numbers, shown),
                                            group_of(tally->packages, m, numbers + 2 * n, shown + n)};
        for (size_t i = 0; i < n; i++)
            numbers[n + i] = tally->organisations[i].openings;
        for (size_t i = 0; i < m; i++)
            numbers[2 * n + m + i] = cap_of_package(view, tally, i);
        feed_protect(groups, 2, tally->all.filled, tally->all.openings, &tally->all.shown);
        hand_out(tally->organisations, n, shown);
        hand_out(tally->packages, m, shown + n);
    }
    bool done = numbers && shown;
    free(numbers);
    free(shown);
    return done;
}

static void show_exactly(struct feed_sums *sums, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sums[i].shown = feed_exact(sums[i].filled);
}

struct feed_tally *feed_tally_new(const struct feed_view *view)
{
    size_t n = wm_table_rows(view->plan.dataset, WM_ORGANISATIONS), m = wm_table_rows(view->plan.dataset, WM_PACKAGES);
    struct feed_tally *tally =
        calloc(1, sizeof *tally + (n + m) * sizeof *tally->organisations + n * sizeof *tally->listed);
    if (tally == NULL)
        return NULL;
    tally->n_organisations = n;
    tally->n_packages = m;
    tally->organisations = (struct feed_sums *)(tally + 1);
    tally->packages = tally->organisations + n;
    tally->listed = (size_t *)(tally->packages + m);
    add_openings(&view->plan, tally);
    add_placements(&view->plan, tally);
    for (size_t i = 0; i < n; i++)
        if (tally->organisations[i].openings > 0 || tally->organisations[i].filled > 0)
            tally->listed[tally->n_listed++] = i;
    if (view->restricted) {
        show_exactly(&tally->all, 1);
        show_exactly(tally->organisations, n + m);
    } else if (!protect(&view->plan, tally)) {
        free(tally);
        return NULL;
    }
    return tally;
}
