/*
 * One post against all leaders: the query's filters and the hard rules as bits, then scores for those who are left, a
 * batch at a time. Shortlists and explanations are made of these.
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

static void filter_by_words(const struct leader_bits *bits, const uint64_t *const bitmaps[VOCABULARY_MAX],
                            uint64_t words, uint64_t *filtered)
{
    for (size_t w = 0; w < bits->n_words; w++) {
        uint64_t holds = 0;
        for (uint64_t left = words; left != 0; left &= left - 1)
            if (bitmaps[__builtin_ctzll(left)] != NULL)
                holds |= bitmaps[__builtin_ctzll(left)][w];
        filtered[w] |= bits->everybody[w] & ~holds;
    }
}

static void filter_by_distance(const struct wm_dataset *dataset, const struct sweep *s, int64_t within_m,
                               uint64_t *filtered)
{
    const struct leader_columns *c = &dataset->leaders;
    for (size_t lane = 0; lane < c->n; lane += LANES) {
        int32_t distance_hm[LANES];
        dataset->kernel->distance(c, lane, &s->post, distance_hm);
        for (size_t i = 0; i < LANES && lane + i < c->n; i++) {
            bool measured = c->located[lane + i] && s->terms->located;
            uint64_t far = !measured || distance_hm[i] * INT64_C(100) > within_m;
            filtered[(lane + i) / 64] |= far << (lane + i) % 64;
        }
    }
}

static void filter_by_rows(const struct wm_dataset *dataset, const struct wm_query *q, uint64_t *among,
                           uint64_t *filtered)
{
    const uint32_t *lane_of_row = dataset->leaders.lane_of_row;
    for (size_t i = 0; q->among != NULL && i < q->n_among; i++)
        among[lane_of_row[q->among[i]] / 64] |= UINT64_C(1) << lane_of_row[q->among[i]] % 64;
    for (size_t w = 0; q->among != NULL && w < dataset->bits.n_words; w++)
        filtered[w] |= dataset->bits.everybody[w] & ~among[w];
    for (size_t i = 0; q->without != NULL && i < q->n_without; i++)
        filtered[lane_of_row[q->without[i]] / 64] |= UINT64_C(1) << lane_of_row[q->without[i]] % 64;
}

/* Whom the query leaves out; NULL without memory. */
static const uint64_t *filter(const struct wm_dataset *dataset, const struct wm_query *q, const struct sweep *s,
                              struct arena *arena)
{
    const struct leader_bits *bits = &dataset->bits;
    uint64_t *filtered = arena_alloc(arena, bits->n_words + 1, sizeof *filtered);
    uint64_t *among = arena_alloc(arena, bits->n_words + 1, sizeof *among);
    if (filtered == NULL || among == NULL)
        return NULL;
    if (q->grades)
        filter_by_words(bits, (const uint64_t *const *)bits->grade, q->grades, filtered);
    if (q->sectors)
        filter_by_words(bits, (const uint64_t *const *)bits->sector, q->sectors, filtered);
    if (q->within_m != WM_MISSING)
        filter_by_distance(dataset, s, q->within_m, filtered);
    filter_by_rows(dataset, q, among, filtered);
    return filtered;
}

/* ---- the sweep ---- */

/* Scores of the `n` leaders in `lanes`, rising. */
static void rank_batch(const struct wm_dataset *dataset, struct sweep *s, const uint32_t lanes[BATCH_LANES], size_t n)
{
    int32_t preference_micro[BATCH_LANES] = {0}, expected_nano[BATCH_LANES], offer[BATCH_LANES];
    const struct preference *named = s->terms->preferred;
    for (size_t i = 0; i < n && s->n_passed < s->terms->n_preferred; i++) {
        while (s->n_passed < s->terms->n_preferred && named[s->n_passed].lane < lanes[i])
            s->n_passed++;
        if (s->n_passed < s->terms->n_preferred && named[s->n_passed].lane == lanes[i])
            preference_micro[i] = named[s->n_passed].logit_micro;
    }
    dataset->kernel->rank(&dataset->leaders, lanes, n, &s->post, preference_micro, expected_nano, offer);
    for (size_t i = 0; i < n; i++)
        s->ranked[s->n_ranked++] = (struct ranked){expected_nano[i], dataset->leaders.row_of_lane[lanes[i]], lanes[i],
                                                   s->post.offer[offer[i]]};
}

static void rank_stretch(const struct wm_dataset *dataset, struct sweep *s, size_t from_word, size_t to_word)
{
    uint32_t lanes[BATCH_LANES];
    size_t n = 0;
    for (size_t w = from_word; w < to_word; w++)
        for (uint64_t left = s->sieve.eligible[w]; left != 0; left &= left - 1) {
            lanes[n++] = (uint32_t)(w * 64 + (size_t)__builtin_ctzll(left));
            if (n == BATCH_LANES) {
                rank_batch(dataset, s, lanes, n);
                n = 0;
            }
        }
    if (n > 0)
        rank_batch(dataset, s, lanes, n);
}

int sweep_begin(const struct wm_dataset *dataset, size_t post, const struct wm_query *query, struct arena *arena,
                struct sweep *out)
{
    const struct leader_columns *c = &dataset->leaders;
    *out = (struct sweep){.arena = arena, .terms = &dataset->posts[post]};
    out->offers = query_offers(dataset, out->terms, query, arena);
    if (out->offers == NULL)
        return WM_EMEMORY;
    kernel_post_fill(dataset, out->terms, out->offers, &out->post);
    out->sieve = (struct sieve){.leaders = c,
                                .bits = &dataset->bits,
                                .post = &out->post,
                                .excluders = c->excluders[out->terms->organisation],
                                .excluders_end = c->excluders[out->terms->organisation + 1],
                                .eligible = arena_alloc(arena, dataset->bits.n_words + 1, sizeof(uint64_t))};
    if (out->sieve.eligible == NULL)
        return WM_EMEMORY;
    if (needs_filter(query) && (out->sieve.filtered = filter(dataset, query, out, arena)) == NULL)
        return WM_EMEMORY;
    return WM_OK;
}

/* All posts see a stretch of leaders while it is in the cache, then the next; twice, since a list is as long as it gets. */
int sweeps_run(const struct wm_dataset *dataset, struct sweep sweeps[], size_t n)
{
    size_t n_words = dataset->bits.n_words;
    for (size_t from = 0, to; from < n_words; from = to) {
        to = from + STRETCH_WORDS < n_words ? from + STRETCH_WORDS : n_words;
        for (size_t i = 0; i < n; i++)
            dataset->kernel->sieve(&sweeps[i].sieve, from, to);
    }
    for (size_t i = 0; i < n; i++) {
        struct sweep *s = &sweeps[i];
        s->ranked = arena_alloc(s->arena, s->sieve.n_eligible + 1, sizeof *s->ranked);
        if (s->ranked == NULL)
            return WM_EMEMORY;
    }
    for (size_t from = 0, to; from < n_words; from = to) {
        to = from + STRETCH_WORDS < n_words ? from + STRETCH_WORDS : n_words;
        for (size_t i = 0; i < n; i++)
            rank_stretch(dataset, &sweeps[i], from, to);
    }
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
