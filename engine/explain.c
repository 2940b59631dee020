/* Everything about one pair: rules with verdicts, every package side by side, and the rank in the post's shortlist. */
#include "match.h"
#include "rules.h"

struct explanation_block {
    struct wm_explanation answer;
    struct arena arena;
};

static int64_t cost(const struct wm_offer *offer)
{
    return offer->local_cost_gbp + offer->central_cost_gbp;
}

/* The cheapest offer among those allowed, or of all when none is. */
static size_t cheapest(const struct wm_offer *offers, size_t n)
{
    size_t best = n;
    bool any = false;
    for (size_t k = 0; k < n; k++)
        any |= offers[k].bar == WM_OFFER_BAR_none;
    for (size_t k = 0; k < n; k++)
        if ((!any || offers[k].bar == WM_OFFER_BAR_none) && (best == n || cost(&offers[k]) < cost(&offers[best])))
            best = k;
    return best;
}

/* The offer a shortlist would choose: the kernel's choice for this lane. */
static size_t best_offer(const struct wm_dataset *dataset, const struct sweep *sweep, size_t lane)
{
    if (sweep->post.n_offers == 0)
        return cheapest(sweep->offers, dataset->tables[WM_PACKAGES].n_rows);
    uint32_t lanes[BATCH_LANES] = {(uint32_t)lane};
    int32_t preference_micro[BATCH_LANES] = {pair_preference_micro(sweep->terms, lane)}, expected_nano[BATCH_LANES],
            offer[BATCH_LANES];
    dataset->kernel->rank(&dataset->leaders, lanes, 1, &sweep->post, preference_micro, expected_nano, offer);
    return sweep->post.offer[offer[0]];
}

static bool dominates(const struct wm_package_row *a, const struct wm_package_row *b)
{
    int64_t p = cost(&a->offer), q = cost(&b->offer), x = a->score.accept_micro, y = b->score.accept_micro;
    return a != b && a->offer.bar == WM_OFFER_BAR_none && p <= q && x >= y &&
           (p < q || x > y || a->offer.package < b->offer.package);
}

static void fill_packages(const struct wm_dataset *dataset, const struct post_terms *terms, size_t lane, size_t best,
                          struct wm_explanation *out)
{
    for (size_t k = 0; k < out->n_packages; k++) {
        out->packages[k].offer = terms->offers[k];
        out->packages[k].best = k == best && terms->offers[k].bar == WM_OFFER_BAR_none;
        score_pair(dataset, terms, lane, &terms->offers[k], &out->packages[k].score);
    }
    const struct wm_package_row *base = &out->packages[cheapest(terms->offers, out->n_packages)];
    for (size_t k = 0; k < out->n_packages; k++) {
        struct wm_package_row *row = &out->packages[k];
        int64_t pounds = cost(&row->offer) - cost(&base->offer);
        row->gain_micro = row->score.accept_micro - base->score.accept_micro;
        row->gbp_per_point =
            row->gain_micro > 0 && pounds >= 0 ? (pounds * 10000 + row->gain_micro / 2) / row->gain_micro : WM_MISSING;
        for (size_t other = 0; other < out->n_packages; other++)
            row->dominated |= row->offer.bar == WM_OFFER_BAR_none && dominates(&out->packages[other], row);
    }
}

static void fill_rank(const struct sweep *sweep, size_t lane, struct wm_explanation *out)
{
    const struct ranked *own = NULL;
    out->eligible_count = sweep->n_ranked;
    for (size_t i = 0; i < sweep->n_ranked; i++)
        if (sweep->ranked[i].lane == lane)
            own = &sweep->ranked[i];
    if (own == NULL)
        return;
    int32_t next = -1;
    out->rank = 1;
    for (size_t i = 0; i < sweep->n_ranked; i++) {
        const struct ranked *r = &sweep->ranked[i];
        if (r->expected_nano > own->expected_nano || (r->expected_nano == own->expected_nano && r->row < own->row))
            out->rank++;
        else if (r != own && r->expected_nano > next)
            next = r->expected_nano;
    }
    if (next >= 0)
        out->match.margin_nano = own->expected_nano - next;
}

static int fill_explanation(const struct wm_dataset *dataset, size_t lane, size_t post, struct arena *arena,
                            struct wm_explanation *out)
{
    struct sweep sweep;
    out->n_packages = dataset->tables[WM_PACKAGES].n_rows;
    out->packages = arena_alloc(arena, out->n_packages, sizeof *out->packages);
    if (out->packages == NULL || sweep_begin(dataset, post, NULL, arena, &sweep) != WM_OK ||
        sweeps_run(dataset, &sweep, 1) != WM_OK)
        return WM_EMEMORY;
    uint16_t refused, unknown;
    pair_rules(dataset, sweep.terms, &sweep.post, lane, &refused, &unknown);
    for (int rule = 0; rule < WM_RULE_COUNT; rule++)
        rule_tell(dataset, post, lane, (enum wm_rule)rule, refused, unknown, &out->rules[rule]);
    out->eligible = refused == 0;
    out->severity = sweep.terms->severity;
    size_t best = best_offer(dataset, &sweep, lane);
    match_fill(dataset, post, lane, &sweep.offers[best], &out->match);
    fill_packages(dataset, sweep.terms, lane, best, out);
    fill_rank(&sweep, lane, out);
    return WM_OK;
}

int wm_explain_pair(const struct wm_dataset *dataset, size_t leader, size_t post, struct wm_explanation **out)
{
    if (leader >= dataset->leaders.n || post >= dataset->tables[WM_POSTS].n_rows)
        return WM_EUNKNOWN;
    struct arena arena;
    arena_init(&arena, ((size_t)256 << 10) + 64 * dataset->leaders.n_padded);
    struct explanation_block *block = arena_alloc(&arena, 1, sizeof *block);
    int code = block == NULL
                   ? WM_EMEMORY
                   : fill_explanation(dataset, dataset->leaders.lane_of_row[leader], post, &arena, &block->answer);
    if (code != WM_OK) {
        arena_fini(&arena);
        return code;
    }
    block->arena = arena;
    *out = &block->answer;
    return WM_OK;
}

void wm_explanation_free(struct wm_explanation *explanation)
{
    if (explanation == NULL)
        return;
    struct arena arena = ((struct explanation_block *)explanation)->arena; /* the block lies in it */
    arena_fini(&arena);
}
