/* What a plan comes to by region, organisation, package, mentor and budget. */
#include "encode_plan_parts.h"

#include "encode_parts.h"
#include "jsonrpc.h"

#include <stdlib.h>
#include <string.h>

struct tally {
    int64_t openings, filled, value_nano, local_cost_gbp, central_cost_gbp;
};

static void put_tally(struct buf *buf, const struct tally *tally)
{
    json_put_integer(buf, "openings", tally->openings);
    json_put_integer(buf, "filled", tally->filled);
    encode_nano(buf, "value", tally->value_nano);
    json_put_integer(buf, "local_cost_gbp", tally->local_cost_gbp);
    json_put_integer(buf, "central_cost_gbp", tally->central_cost_gbp);
}

/* The index of a post's region in the vocabulary. */
static size_t region_index(const struct wm_dataset *dataset, size_t post)
{
    char word[PLAN_NAME_CAP];
    size_t i = 0, n = wm_vocabulary_count(dataset, "region");
    plan_region_of_post(dataset, post, word, sizeof word);
    while (i < n && strcmp(wm_vocabulary_word(dataset, "region", i), word) != 0)
        i++;
    return i;
}

/* Adds up by region and by organisation. */
static void add_up(const struct plan_view *view, struct tally *regions, struct tally *organisations)
{
    const struct wm_dataset *dataset = view->dataset;
    const struct wm_plan *plan = view->answer->plan;
    for (size_t post = 0; post < wm_table_rows(dataset, WM_POSTS); post++) {
        int64_t limit = plan->limits[wm_resource_index(dataset, WM_RESOURCE_POST, post)];
        if (!plan_takes_post(view->question, post) || limit == WM_MISSING)
            continue;
        regions[region_index(dataset, post)].openings += limit;
        organisations[encode_organisation_of(dataset, WM_POSTS, post)].openings += limit;
    }
    for (size_t i = 0; i < plan->n_placements; i++) {
        size_t post = plan->placements[i].post;
        const struct plan_terms *terms = &view->answer->terms[i];
        struct tally *tallies[] = {&regions[region_index(dataset, post)],
                                   &organisations[encode_organisation_of(dataset, WM_POSTS, post)]};
        for (size_t k = 0; k < 2; k++) {
            tallies[k]->filled++;
            tallies[k]->value_nano += terms->value_nano;
            tallies[k]->local_cost_gbp += terms->local_cost_gbp;
            tallies[k]->central_cost_gbp += terms->central_cost_gbp;
        }
    }
}

static void put_by_region(struct buf *buf, const struct wm_dataset *dataset, const struct tally *regions)
{
    json_put_key(buf, "by_region");
    json_open(buf, '[');
    for (size_t i = 0; i < wm_vocabulary_count(dataset, "region"); i++) {
        json_open(buf, '{');
        json_put_text(buf, "region", wm_vocabulary_word(dataset, "region", i));
        put_tally(buf, &regions[i]);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

static void put_by_package(struct buf *buf, const struct plan_view *view)
{
    const struct wm_plan *plan = view->answer->plan;
    json_put_key(buf, "by_package");
    json_open(buf, '[');
    for (size_t row = 0; row < wm_table_rows(view->dataset, WM_PACKAGES); row++) {
        int64_t used = 0;
        for (size_t i = 0; i < plan->n_placements; i++)
            used += plan->placements[i].package == row;
        json_open(buf, '{');
        encode_row_id(buf, view->dataset, "package", WM_PACKAGES, (int64_t)row);
        encode_member(buf, view->dataset, WM_PACKAGES, row, "name");
        json_put_integer(buf, "used", used);
        encode_integer(buf, "stock", plan->limits[wm_resource_index(view->dataset, WM_RESOURCE_PACKAGE, row)]);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

static void put_mentor_total(struct buf *buf, const struct plan_view *view, size_t row)
{
    size_t resource = wm_resource_index(view->dataset, WM_RESOURCE_MENTOR, row);
    encode_row_id(buf, view->dataset, "mentor", WM_MENTORS, (int64_t)row);
    encode_member(buf, view->dataset, WM_MENTORS, row, "region");
    json_put_integer(buf, "hours_used", view->answer->plan->used[resource]);
    encode_integer(buf, "hours", view->answer->plan->limits[resource]);
}

static void put_budget_total(struct buf *buf, const struct plan_view *view, size_t row)
{
    size_t resource = wm_resource_index(view->dataset, WM_RESOURCE_BUDGET, row);
    int64_t amount = view->answer->plan->limits[resource], used = view->answer->plan->used[resource];
    encode_member(buf, view->dataset, WM_BUDGETS, row, "scope");
    encode_member(buf, view->dataset, WM_BUDGETS, row, "code");
    encode_integer(buf, "amount_gbp", amount);
    json_put_integer(buf, "used_gbp", used);
    encode_integer(buf, "left_gbp", amount == WM_MISSING ? WM_MISSING : amount - used);
}

/* A page of one of the long lists. */
static void put_total_page(struct buf *buf, const char *key, const struct plan_view *view, enum wm_table table,
                           void (*put)(struct buf *, const struct plan_view *, size_t), size_t offset, size_t limit)
{
    size_t n = wm_table_rows(view->dataset, table), end = offset > n || limit > n - offset ? n : offset + limit;
    json_put_key(buf, key);
    json_open(buf, '[');
    for (size_t row = offset; row < end && !buf->failed; row++) {
        json_open(buf, '{');
        put(buf, view, row);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

/* Organisations where there is an opening or a placement. */
static size_t put_by_organisation(struct buf *buf, const struct plan_view *view, const struct tally *organisations,
                                  size_t offset, size_t limit)
{
    size_t n = 0;
    json_put_key(buf, "by_organisation");
    json_open(buf, '[');
    for (size_t row = 0; row < wm_table_rows(view->dataset, WM_ORGANISATIONS) && !buf->failed; row++) {
        if (organisations[row].openings == 0 && organisations[row].filled == 0)
            continue;
        if (n >= offset && n - offset < limit) {
            json_open(buf, '{');
            encode_row_id(buf, view->dataset, "ods_code", WM_ORGANISATIONS, (int64_t)row);
            encode_named(buf, "organisation", view->dataset, WM_ORGANISATIONS, row, "name");
            put_tally(buf, &organisations[row]);
            json_close(buf, '}');
        }
        n++;
    }
    json_close(buf, ']');
    return n;
}

/* The lists of regions and packages are short and whole; of the others each page has the same stretch. */
void plan_put_totals(struct buf *buf, const struct plan_view *view, size_t offset, size_t limit)
{
    size_t n_regions = wm_vocabulary_count(view->dataset, "region");
    size_t n_organisations = wm_table_rows(view->dataset, WM_ORGANISATIONS);
    struct tally *tallies = calloc(n_regions + 1 + n_organisations, sizeof *tallies);
    if (tallies == NULL) {
        buf->failed = buf->starved = true;
        return;
    }
    struct tally *organisations = tallies + n_regions + 1;
    add_up(view, tallies, organisations);
    put_by_region(buf, view->dataset, tallies);
    put_by_package(buf, view);
    size_t total = put_by_organisation(buf, view, organisations, offset, limit);
    free(tallies);
    put_total_page(buf, "by_mentor", view, WM_MENTORS, put_mentor_total, offset, limit);
    put_total_page(buf, "budgets", view, WM_BUDGETS, put_budget_total, offset, limit);
    size_t n_mentors = wm_table_rows(view->dataset, WM_MENTORS), n_budgets = wm_table_rows(view->dataset, WM_BUDGETS);
    total = total > n_mentors ? total : n_mentors;
    total = total > n_budgets ? total : n_budgets;
    json_put_integer(buf, "total", (int64_t)total);
    encode_next_offset(buf, offset, limit, total);
}
