/* The same question the other way round: the best posts for a leader, what stands between, and the nearest misses. */
#include "match.h"
#include "rules.h"

#include <stdlib.h>

struct opportunities_block {
    struct wm_opportunities answer;
    struct arena arena;
};

struct tour { /* one leader against all posts */
    const struct wm_dataset *dataset;
    const struct wm_query *query;
    size_t lane;
    uint8_t *marks;              /* [posts] */
    uint16_t *refused, *unknown; /* [posts], of the posts that were considered, in their order */
    size_t n_considered;
    struct ranked *ranked, *near; /* .row and .lane both hold the post */
    size_t n_ranked, n_near;
};

/* Refusals that a person can turn by training, paperwork, a date or a promotion. */
static const uint16_t closable = 1u << WM_RULE_grade | 1u << WM_RULE_accreditation | 1u << WM_RULE_fit_and_proper |
                                 1u << WM_RULE_ready | 1u << WM_RULE_place;

static bool post_filtered(const struct tour *t, size_t post)
{
    const struct wm_query *q = t->query;
    const struct post_terms *terms = &t->dataset->posts[post];
    if (q->regions && (terms->region < 0 || !(q->regions >> terms->region & 1)))
        return true;
    if (q->within_m != WM_MISSING) {
        int32_t distance = pair_distance_hm(t->dataset, terms, t->lane);
        if (distance < 0 || distance * INT64_C(100) > q->within_m)
            return true;
    }
    return (q->among != NULL && !(t->marks[post] & MARK_AMONG)) || (t->marks[post] & MARK_WITHOUT);
}

static struct ranked score_post(const struct tour *t, size_t post, const struct kernel_post *kernel_post)
{
    const struct wm_dataset *dataset = t->dataset;
    size_t from = t->lane / LANES * LANES, i = t->lane % LANES;
    int32_t distance[LANES], preference[LANES] = {0};
    struct kernel_scores scores;
    preference[i] = pair_preference_micro(&dataset->posts[post], t->lane);
    dataset->kernel->distance(&dataset->leaders, from, kernel_post, distance);
    dataset->kernel->score(&dataset->leaders, from, kernel_post, distance, preference, &scores);
    return (struct ranked){scores.expected_nano[i], (uint32_t)post, (uint32_t)post,
                           kernel_post->offer[scores.offer[i]]};
}

static int visit_post(struct tour *t, size_t post, struct arena *arena)
{
    const struct post_terms *terms = &t->dataset->posts[post];
    struct kernel_post kernel_post;
    const struct wm_offer *offers = query_offers(t->dataset, terms, t->query, arena);
    uint16_t refused, unknown;
    if (offers == NULL)
        return WM_EMEMORY;
    kernel_post_fill(t->dataset, terms, offers, &kernel_post);
    pair_rules(t->dataset, terms, &kernel_post, t->lane, &refused, &unknown);
    if (post_filtered(t, post))
        refused |= 1u << WM_RULE_filter;
    t->refused[t->n_considered] = refused;
    t->unknown[t->n_considered++] = unknown;
    if (refused == 0)
        t->ranked[t->n_ranked++] = score_post(t, post, &kernel_post);
    else if ((refused & (refused - 1)) == 0 && (refused & closable))
        t->near[t->n_near++] = score_post(t, post, &kernel_post);
    return WM_OK;
}

static int take_tour(struct tour *t, struct arena *arena, struct wm_opportunities *out)
{
    size_t n = t->dataset->tables[WM_POSTS].n_rows;
    const struct wm_query *q = t->query;
    t->marks = arena_alloc(arena, n + 1, 1);
    t->refused = arena_alloc(arena, n + 1, sizeof *t->refused);
    t->unknown = arena_alloc(arena, n + 1, sizeof *t->unknown);
    t->ranked = arena_alloc(arena, n + 1, sizeof *t->ranked);
    t->near = arena_alloc(arena, n + 1, sizeof *t->near);
    if (t->marks == NULL || t->refused == NULL || t->unknown == NULL || t->ranked == NULL || t->near == NULL)
        return WM_EMEMORY;
    for (size_t i = 0; q->among != NULL && i < q->n_among; i++)
        t->marks[q->among[i]] |= MARK_AMONG;
    for (size_t i = 0; q->without != NULL && i < q->n_without; i++)
        t->marks[q->without[i]] |= MARK_WITHOUT;
    for (size_t post = 0; post < n; post++) {
        if (!t->dataset->posts[post].severity.known && !(t->marks[post] & MARK_AMONG))
            out->severity_unknown++;
        else if (visit_post(t, post, arena) != WM_OK)
            return WM_EMEMORY;
    }
    out->considered = n;
    out->eligible = t->n_ranked;
    refusals_count(t->refused, t->unknown, t->n_considered, &out->refusals);
    return WM_OK;
}

/* Domains in which the leader falls short, the one that costs most fit first. */
static void fill_gaps(const struct wm_dataset *dataset, struct wm_opportunity *row)
{
    int64_t lost[WM_DOMAINS_MAX];
    for (size_t d = 0; d < dataset->policy.n_domains; d++) {
        int64_t need = dataset->posts[row->match.post].need_micro[d], short_micro = need - row->match.skill_micro[d];
        int64_t lost_here = row->match.weight_micro[d] - row->match.score.fit_part_micro[d];
        if (short_micro <= 0)
            continue;
        size_t at = row->n_gaps++;
        for (; at > 0 && lost[at - 1] < lost_here; at--) {
            row->gaps[at] = row->gaps[at - 1];
            lost[at] = lost[at - 1];
        }
        row->gaps[at] = (struct wm_gap){(uint32_t)d, short_micro};
        lost[at] = lost_here;
    }
}

/* One that may be made: the query's bars do not matter any more. */
static const struct wm_offer *offer_of(const struct tour *t, const struct ranked *r)
{
    return &t->dataset->posts[r->row].offers[r->offer];
}

static int fill_rows(struct tour *t, struct arena *arena, struct wm_opportunities *out)
{
    const struct wm_query *q = t->query;
    size_t n = t->n_ranked, offset = q->offset < n ? q->offset : n;
    out->n_rows = q->limit < n - offset ? q->limit : n - offset;
    out->rows = arena_alloc(arena, out->n_rows + 1, sizeof *out->rows);
    if (out->rows == NULL)
        return WM_EMEMORY;
    ranked_select(t->ranked, n, offset + out->n_rows + 1);
    for (size_t i = 0; i < out->n_rows; i++) {
        const struct ranked *r = &t->ranked[offset + i];
        match_fill(t->dataset, r->row, t->lane, offer_of(t, r), &out->rows[i].match);
        if (offset + i + 1 < n)
            out->rows[i].match.margin_nano = r->expected_nano - r[1].expected_nano;
        fill_gaps(t->dataset, &out->rows[i]);
    }
    return WM_OK;
}

static int fill_near_misses(struct tour *t, struct arena *arena, struct wm_opportunities *out)
{
    out->n_near = t->n_near < WM_NEAR_MISSES_MAX ? t->n_near : WM_NEAR_MISSES_MAX;
    out->near_misses = arena_alloc(arena, out->n_near + 1, sizeof *out->near_misses);
    if (out->near_misses == NULL)
        return WM_EMEMORY;
    ranked_select(t->near, t->n_near, out->n_near);
    for (size_t i = 0; i < out->n_near; i++) {
        const struct ranked *r = &t->near[i];
        const struct post_terms *terms = &t->dataset->posts[r->row];
        struct kernel_post kernel_post;
        uint16_t refused, unknown;
        kernel_post_fill(t->dataset, terms, terms->offers, &kernel_post);
        pair_rules(t->dataset, terms, &kernel_post, t->lane, &refused, &unknown);
        match_fill(t->dataset, r->row, t->lane, offer_of(t, r), &out->near_misses[i].match);
        rule_tell(t->dataset, r->row, t->lane, (enum wm_rule)__builtin_ctz(refused), refused, unknown,
                  &out->near_misses[i].rule);
    }
    return WM_OK;
}

int wm_opportunities_make(const struct wm_dataset *dataset, const struct wm_query *query, struct wm_opportunities **out)
{
    int code = query_check(dataset, query, WM_LEADERS, WM_POSTS);
    if (code != WM_OK)
        return code;
    struct arena arena;
    size_t n_posts = dataset->tables[WM_POSTS].n_rows, n_packages = dataset->tables[WM_PACKAGES].n_rows;
    arena_init(&arena, ((size_t)256 << 10) + n_posts * (128 + n_packages * sizeof(struct wm_offer)) * 2 +
                           2 * query->limit * sizeof(struct wm_opportunity));
    struct opportunities_block *block = arena_alloc(&arena, 1, sizeof *block);
    struct tour tour = {.dataset = dataset, .query = query, .lane = dataset->leaders.lane_of_row[query->subject]};
    code = block == NULL ? WM_EMEMORY : take_tour(&tour, &arena, &block->answer);
    if (code == WM_OK)
        code = fill_rows(&tour, &arena, &block->answer);
    if (code == WM_OK)
        code = fill_near_misses(&tour, &arena, &block->answer);
    if (code != WM_OK) {
        arena_fini(&arena);
        return code;
    }
    block->arena = arena;
    *out = &block->answer;
    return WM_OK;
}

void wm_opportunities_free(struct wm_opportunities *opportunities)
{
    if (opportunities == NULL)
        return;
    struct arena arena = ((struct opportunities_block *)opportunities)->arena; /* the block lies in it */
    arena_fini(&arena);
}
