/*
 * One post against all leaders, in passes over blocks of lanes: distance, hard rules, the query's filters, then scores
 * for the blocks in which anybody is left. Shortlists, explanations and opportunities are all made of these.
 */
#include "match.h"

#include <stdlib.h>
#include <string.h>

/* ---- filters ---- */

static bool needs_filter(const struct wm_query *q)
{
    return q != NULL &&
           (q->grades || q->sectors || q->within_m != WM_MISSING || q->among != NULL || q->without != NULL);
}

static bool lane_filtered(const struct wm_dataset *dataset, const struct wm_query *q, const struct sweep *s,
                          const uint8_t *marks, size_t lane)
{
    const struct leader_columns *c = &dataset->leaders;
    bool measured = c->located[lane] && s->terms->located;
    return (q->grades && (c->grade[lane] < 0 || !(q->grades >> c->grade[lane] & 1))) ||
           (q->sectors && !(q->sectors & c->sectors[lane])) ||
           (q->within_m != WM_MISSING && (!measured || s->distance_hm[lane] * INT64_C(100) > q->within_m)) ||
           (q->among != NULL && !(marks[lane] & MARK_AMONG)) || (marks[lane] & MARK_WITHOUT);
}

static int apply_filter(const struct wm_dataset *dataset, const struct wm_query *q, struct arena *arena,
                        struct sweep *s)
{
    const struct leader_columns *c = &dataset->leaders;
    uint8_t *marks = arena_alloc(arena, c->n_padded + 1, 1);
    if (marks == NULL)
        return WM_EMEMORY;
    for (size_t i = 0; q->among != NULL && i < q->n_among; i++)
        marks[c->lane_of_row[q->among[i]]] |= MARK_AMONG;
    for (size_t i = 0; q->without != NULL && i < q->n_without; i++)
        marks[c->lane_of_row[q->without[i]]] |= MARK_WITHOUT;
    for (size_t lane = 0; lane < c->n; lane++)
        if (lane_filtered(dataset, q, s, marks, lane))
            s->refused[lane] |= 1u << WM_RULE_filter;
    return WM_OK;
}

/* ---- the sweep ---- */

static void refuse(const struct wm_dataset *dataset, struct sweep *s)
{
    const struct leader_columns *c = &dataset->leaders;
    for (size_t lane = 0; lane < c->n_padded; lane += LANES) {
        dataset->kernel->distance(c, lane, &s->post, s->distance_hm + lane);
        dataset->kernel->rules(c, lane, &s->post, s->distance_hm + lane, s->refused + lane, s->unknown + lane);
    }
    const uint32_t *const *excluders = c->excluders;
    for (const uint32_t *lane = excluders[s->terms->organisation]; lane < excluders[s->terms->organisation + 1]; lane++)
        s->refused[*lane] |= 1u << WM_RULE_excluded;
    if (s->post.n_offers == 0)
        for (size_t lane = 0; lane < c->n; lane++)
            s->refused[lane] |= 1u << WM_RULE_package;
}

static bool block_empty(const uint16_t refused[LANES])
{
    int left = 0;
    for (int i = 0; i < LANES; i++)
        left += refused[i] == 0;
    return left == 0;
}

static void score(const struct wm_dataset *dataset, struct sweep *s)
{
    const struct leader_columns *c = &dataset->leaders;
    for (size_t lane = 0; lane < c->n_padded; lane += LANES) {
        if (block_empty(s->refused + lane))
            continue;
        struct kernel_scores scores;
        dataset->kernel->score(c, lane, &s->post, s->distance_hm + lane, s->preference_micro + lane, &scores);
        for (size_t i = 0; i < LANES; i++)
            if (s->refused[lane + i] == 0)
                s->ranked[s->n_ranked++] = (struct ranked){scores.expected_nano[i], c->row_of_lane[lane + i],
                                                           (uint32_t)(lane + i), s->post.offer[scores.offer[i]]};
    }
}

int sweep_post(const struct wm_dataset *dataset, size_t post, const struct wm_query *query, struct arena *arena,
               struct sweep *out)
{
    const struct leader_columns *c = &dataset->leaders;
    *out = (struct sweep){.terms = &dataset->posts[post]};
    out->offers = query_offers(dataset, out->terms, query, arena);
    out->refused = arena_alloc(arena, c->n_padded + 1, sizeof *out->refused);
    out->unknown = arena_alloc(arena, c->n_padded + 1, sizeof *out->unknown);
    out->distance_hm = arena_alloc(arena, c->n_padded + 1, sizeof *out->distance_hm);
    out->preference_micro = arena_alloc(arena, c->n_padded + 1, sizeof *out->preference_micro);
    if (out->offers == NULL || out->refused == NULL || out->unknown == NULL || out->distance_hm == NULL ||
        out->preference_micro == NULL)
        return WM_EMEMORY;
    kernel_post_fill(dataset, out->terms, out->offers, &out->post);
    for (size_t i = 0; i < out->terms->n_preferred; i++)
        out->preference_micro[out->terms->preferred[i].lane] = out->terms->preferred[i].logit_micro;

    refuse(dataset, out);
    if (needs_filter(query) && apply_filter(dataset, query, arena, out) != WM_OK)
        return WM_EMEMORY;
    size_t eligible = 0;
    for (size_t lane = 0; lane < c->n; lane++)
        eligible += out->refused[lane] == 0;
    out->ranked = arena_alloc(arena, eligible + 1, sizeof *out->ranked);
    if (out->ranked == NULL)
        return WM_EMEMORY;
    if (eligible > 0)
        score(dataset, out);
    return WM_OK;
}

/* ---- counting refusals ---- */

void refusals_count(const uint16_t *refused, const uint16_t *unknown, size_t n, struct wm_refusals *out)
{
    uint32_t histogram[1u << WM_RULE_COUNT] = {0};
    for (size_t i = 0; i < n; i++) {
        histogram[refused[i]]++;
        unsigned first = refused[i] & -(unsigned)refused[i];
        if (first & unknown[i])
            out->unknown[__builtin_ctz(first)]++;
    }
    for (unsigned set = 1; set < 1u << WM_RULE_COUNT; set++) {
        unsigned first = (unsigned)__builtin_ctz(set);
        out->refused[first] += histogram[set];
        if ((set & (set - 1)) == 0)
            out->only[first] += histogram[set];
    }
}

/* ---- ranking ---- */

static bool ranks_before(const struct ranked *a, const struct ranked *b)
{
    return a->expected_nano != b->expected_nano ? a->expected_nano > b->expected_nano : a->row < b->row;
}

static int compare_ranked(const void *a, const void *b)
{
    return ranks_before(a, b) ? -1 : 1; /* rows differ, so no two are equal */
}

/* The heap's root is the one that ranks last: the first to give way. */
static void sift_down(struct ranked *heap, size_t n, size_t at)
{
    struct ranked moving = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && ranks_before(&heap[child], &heap[child + 1]))
            child++;
        if (!ranks_before(&moving, &heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

void ranked_select(struct ranked *ranked, size_t n_ranked, size_t n)
{
    n = n < n_ranked ? n : n_ranked;
    for (size_t i = n / 2; i > 0; i--)
        sift_down(ranked, n, i - 1);
    for (size_t i = n; n > 0 && i < n_ranked; i++)
        if (ranks_before(&ranked[i], &ranked[0])) {
            struct ranked out = ranked[0];
            ranked[0] = ranked[i];
            ranked[i] = out;
            sift_down(ranked, n, 0);
        }
    qsort(ranked, n, sizeof *ranked, compare_ranked);
}

/* ---- queries ---- */

static int check_rows(const struct wm_dataset *dataset, enum wm_table table, const uint32_t *rows, size_t n)
{
    if (n > WM_FILTER_IDS_MAX)
        return WM_EARGUMENT;
    for (size_t i = 0; rows != NULL && i < n; i++)
        if (rows[i] >= dataset->tables[table].n_rows)
            return WM_EUNKNOWN;
    return WM_OK;
}

int query_check(const struct wm_dataset *dataset, const struct wm_query *query, enum wm_table subjects,
                enum wm_table others)
{
    if (query->limit < 1 || query->limit > WM_LIMIT_MAX)
        return WM_EARGUMENT;
    if (query->subject >= dataset->tables[subjects].n_rows)
        return WM_EUNKNOWN;
    int code = check_rows(dataset, WM_PACKAGES, query->packages, query->n_packages);
    if (code == WM_OK)
        code = check_rows(dataset, others, query->among, query->n_among);
    return code == WM_OK ? check_rows(dataset, others, query->without, query->n_without) : code;
}

static bool asked(const struct wm_query *q, uint32_t package)
{
    if (q->packages == NULL)
        return true;
    for (size_t i = 0; i < q->n_packages; i++)
        if (q->packages[i] == package)
            return true;
    return false;
}

const struct wm_offer *query_offers(const struct wm_dataset *dataset, const struct post_terms *terms,
                                    const struct wm_query *q, struct arena *arena)
{
    if (q == NULL ||
        (q->packages == NULL && q->max_local_cost_gbp == WM_MISSING && q->max_central_cost_gbp == WM_MISSING))
        return terms->offers;
    size_t n = dataset->tables[WM_PACKAGES].n_rows;
    struct wm_offer *offers = arena_alloc(arena, n + 1, sizeof *offers);
    if (offers == NULL)
        return NULL;
    memcpy(offers, terms->offers, n * sizeof *offers);
    for (size_t k = 0; k < n; k++) {
        if (offers[k].bar != WM_OFFER_BAR_none)
            continue;
        if (!asked(q, (uint32_t)k))
            offers[k].bar = WM_OFFER_BAR_not_asked;
        else if ((q->max_local_cost_gbp != WM_MISSING && offers[k].local_cost_gbp > q->max_local_cost_gbp) ||
                 (q->max_central_cost_gbp != WM_MISSING && offers[k].central_cost_gbp > q->max_central_cost_gbp))
            offers[k].bar = WM_OFFER_BAR_cost_limit;
    }
    return offers;
}

/* ---- one match in full ---- */

static uint32_t pair_missing(const struct wm_dataset *dataset, const struct post_terms *terms, size_t lane)
{
    const struct leader_columns *c = &dataset->leaders;
    uint32_t missing = terms->missing;
    if (c->skill_missing[lane] & terms->needed)
        missing |= 1u << WM_MISSING_BIT_skills;
    if (c->want_missing[lane])
        missing |= 1u << WM_MISSING_BIT_wants;
    if (!c->located[lane] || !terms->located)
        missing |= 1u << WM_MISSING_BIT_distance;
    if (c->travel_hm[lane] < 0)
        missing |= 1u << WM_MISSING_BIT_travel;
    return missing;
}

void match_fill(const struct wm_dataset *dataset, size_t post, size_t lane, const struct wm_offer *offer,
                struct wm_match *out)
{
    const struct post_terms *terms = &dataset->posts[post];
    const struct leader_columns *c = &dataset->leaders;
    *out = (struct wm_match){
        .leader = c->row_of_lane[lane], .post = (uint32_t)post, .offer = *offer, .margin_nano = WM_MISSING};
    score_pair(dataset, terms, lane, offer, &out->score);
    int32_t distance = pair_distance_hm(dataset, terms, lane);
    out->distance_m = distance < 0 ? WM_MISSING : distance * INT64_C(100);
    out->missing = pair_missing(dataset, terms, lane);
    for (size_t d = 0; d < dataset->policy.n_domains; d++) {
        out->skill_micro[d] = c->skill[d][lane] * INT64_C(100);
        out->need_micro[d] = terms->unstated >> d & 1 ? WM_MISSING : terms->need_micro[d];
        out->weight_micro[d] = terms->weight_micro[d];
        out->evidence_micro[d] = c->evidence_micro[d][lane];
    }
}
