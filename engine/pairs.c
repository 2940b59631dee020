/*
 * All leader-post pairs that pass every hard rule, quickly: what refuses most and costs least comes first.
 *
 * Nine pairs in ten fall by role and grade alone, and those rules know of a post only its role and grade. So for each
 * role and grade that posts ask for, the leaders who pass both are copied into columns of their own (a pool), and the
 * kernels for distance and rules that shortlists use run over the post's pool alone. Two passes: the first notes who
 * passes as a bit set and counts, the second writes pairs where the counts say. Both in parallel by posts; every post
 * has its own places, so that nothing depends on who comes first.
 */
#include "pairs.h"
#include "price.h"
#include "score.h"

#include <string.h>

enum {
    PARTS_LEAST = 64, /* of the posts, in order: more than there are threads, so that all finish together */
    ASKED_EVERY = 8,  /* parts, whether to stop */
    PLACES_A_PART =
        1 << 20 /* leaders times posts: so that it is asked every few milliseconds, however many there are */
};

typedef uint16_t lane_bits; /* one bit a lane of a block */
_Static_assert(LANES == 16, "a block's lanes are the bits of lane_bits");

struct pool {                      /* the leaders who pass role and grade */
    struct leader_columns columns; /* as far as `admit` and `parts` read; row_of_lane: the dataset's lane */
    uint64_t role_bit;
    int32_t grade_lowest, grade_highest;
};

struct search {
    const struct scenario *scenario;
    struct pool *pools;
    uint32_t *pool_of_post; /* [n_posts] */
    size_t *first_block;    /* [n_posts + 1] where a post's blocks stand in `passed` */
    lane_bits *passed;
    struct pairs *pairs;
    size_t n_parts;
};

void each_part(const struct wm_solve_options *options, size_t n, void (*part)(void *context, size_t i), void *context)
{
    if (options != NULL && options->parallel != NULL) {
        options->parallel(options->arg, n, part, context);
        return;
    }
    for (size_t i = 0; i < n; i++)
        part(context, i);
}

struct some_parts {
    void (*part)(void *context, size_t i);
    void *context;
    size_t from;
};

static void one_of_some(void *context, size_t i)
{
    const struct some_parts *some = context;
    some->part(some->context, some->from + i);
}

bool each_part_or_stop(const struct wm_solve_options *options, size_t n, void (*part)(void *context, size_t i),
                       void *context)
{
    for (size_t from = 0; from < n; from += ASKED_EVERY) {
        struct some_parts some = {part, context, from};
        if (options != NULL && options->stop != NULL && options->stop(options->arg))
            return false;
        each_part(options, n - from < ASKED_EVERY ? n - from : ASKED_EVERY, one_of_some, &some);
    }
    return true;
}

/* By doubling steps, then halving. */
size_t lanes_seek(const uint32_t *lanes, size_t n, size_t at, uint32_t lane)
{
    size_t step = 1;
    while (at + step < n && lanes[at + step] < lane) {
        at += step;
        step *= 2;
    }
    size_t end = at + step < n ? at + step : n;
    while (at < end) {
        size_t middle = at + (end - at) / 2;
        if (lanes[middle] < lane)
            at = middle + 1;
        else
            end = middle;
    }
    return at;
}

/* ---- pools ---- */

static bool in_pool(const struct scenario *s, const struct pool *pool, size_t lane)
{
    const struct leader_columns *c = &s->dataset->leaders;
    return s->lane_in[lane] && (c->roles[lane] & pool->role_bit) && c->grade[lane] >= 0 &&
           c->grade[lane] >= pool->grade_lowest && c->grade[lane] <= pool->grade_highest;
}

/*
 * The pool's lanes of a column. What pads the last block stays 0: at home nowhere, willing to move nowhere, so refused.
 */
#define GATHER(column)                                                             \
    do {                                                                           \
        to->column = arena_alloc(arena, to->n_padded + LANES, sizeof *to->column); \
        ok = ok && to->column != NULL;                                             \
        for (size_t i = 0; ok && i < to->n; i++)                                   \
            to->column[i] = from->column[to->row_of_lane[i]];                      \
    } while (0)

static bool fill_pool(const struct scenario *s, struct pool *pool, struct arena *arena)
{
    const struct leader_columns *from = &s->dataset->leaders;
    struct leader_columns *to = &pool->columns;
    size_t n = 0;
    for (size_t lane = 0; lane < s->n_lanes; lane++)
        n += in_pool(s, pool, lane);
    to->n_padded = (n + LANES - 1) / LANES * LANES;
    to->row_of_lane = arena_alloc(arena, to->n_padded + LANES, sizeof *to->row_of_lane);
    if (to->row_of_lane == NULL)
        return false;
    for (size_t lane = 0; lane < s->n_lanes; lane++)
        if (in_pool(s, pool, lane))
            to->row_of_lane[to->n++] = (uint32_t)lane;
    bool ok = true;
    GATHER(x);
    GATHER(y);
    GATHER(z);
    GATHER(travel_hm);
    GATHER(accreditations);
    GATHER(regions);
    GATHER(accredited_until);
    GATHER(fit_and_proper_until);
    GATHER(ready_from);
    GATHER(located);
    for (size_t d = 0; d < s->dataset->policy.n_domains; d++)
        GATHER(skill[d]);
    return ok;
}

/* One pool for each role and grade of a post that takes part; `pool_of_post` is filled. */
static bool fill_pools(struct search *search, struct arena *arena)
{
    const struct scenario *s = search->scenario;
    const struct policy *policy = &s->dataset->policy;
    uint32_t *pool_at = arena_alloc(arena, VOCABULARY_MAX * VOCABULARY_MAX, sizeof *pool_at); /* number + 1 */
    search->pools = arena_alloc(arena, VOCABULARY_MAX * VOCABULARY_MAX, sizeof *search->pools);
    search->pool_of_post = arena_alloc(arena, s->n_posts + 1, sizeof *search->pool_of_post);
    if (pool_at == NULL || search->pools == NULL || search->pool_of_post == NULL)
        return false;
    uint32_t n = 0;
    for (size_t post = 0; post < s->n_posts; post++) {
        const struct post_terms *terms = &s->dataset->posts[post];
        uint32_t *at = &pool_at[terms->role * VOCABULARY_MAX + terms->grade];
        if (!s->post_in[post])
            continue;
        if (*at == 0) {
            search->pools[n] = (struct pool){.role_bit = UINT64_C(1) << terms->role,
                                             .grade_lowest = (int32_t)(terms->grade - policy->rules.grade_steps_up),
                                             .grade_highest = (int32_t)(terms->grade + policy->rules.grade_steps_down)};
            if (!fill_pool(s, &search->pools[n], arena))
                return false;
            *at = ++n;
        }
        search->pool_of_post[post] = *at - 1;
    }
    return true;
}

/* ---- the first pass: who passes ---- */

static void drop_excluders(const struct search *search, size_t post, const struct pool *pool, lane_bits *passed)
{
    const uint32_t *const *excluders = search->scenario->dataset->leaders.excluders;
    size_t organisation = search->scenario->dataset->posts[post].organisation, at = 0;
    for (const uint32_t *lane = excluders[organisation]; lane < excluders[organisation + 1]; lane++) {
        at = lanes_seek(pool->columns.row_of_lane, pool->columns.n, at, *lane);
        if (at == pool->columns.n)
            return;
        if (pool->columns.row_of_lane[at] == *lane)
            passed[at / LANES] &= (lane_bits) ~(1u << at % LANES);
    }
}

static void find_post(const struct search *search, size_t post)
{
    const struct wm_dataset *dataset = search->scenario->dataset;
    const struct pool *pool = &search->pools[search->pool_of_post[post]];
    lane_bits *passed = search->passed + search->first_block[post];
    struct kernel_post asked;
    kernel_post_fill(dataset, &dataset->posts[post], dataset->posts[post].offers, &asked);
    for (size_t block = 0; block * LANES < pool->columns.n; block++)
        passed[block] = (lane_bits)dataset->kernel->admit(&pool->columns, block * LANES, &asked);
    drop_excluders(search, post, pool, passed);
    size_t n = 0;
    for (size_t block = 0; block * LANES < pool->columns.n; block++)
        for (unsigned left = passed[block]; left != 0; left &= left - 1)
            n++;
    search->pairs->first[post + 1] = n;
}

/* ---- the second pass: what they are worth, all offers apart ---- */

static void write_post(const struct search *search, size_t post)
{
    const struct wm_dataset *dataset = search->scenario->dataset;
    const struct post_terms *terms = &dataset->posts[post];
    const struct pool *pool = &search->pools[search->pool_of_post[post]];
    const lane_bits *passed = search->passed + search->first_block[post];
    struct pairs *pairs = search->pairs;
    size_t at = pairs->first[post];
    struct kernel_post asked;
    kernel_post_fill(dataset, terms, terms->offers, &asked);
    for (size_t block = 0; block * LANES < pool->columns.n; block++) {
        int32_t benefit_micro[LANES], cost_micro[LANES];
        if (passed[block] == 0)
            continue;
        dataset->kernel->parts(&pool->columns, block * LANES, &asked, benefit_micro, cost_micro);
        for (unsigned left = passed[block]; left != 0; left &= left - 1, at++) {
            unsigned i = (unsigned)__builtin_ctz(left);
            pairs->lane[at] = pool->columns.row_of_lane[block * LANES + i];
            pairs->benefit_micro[at] = benefit_micro[i];
            pairs->common_micro[at] = -cost_micro[i];
        }
    }
}

/* What naming the post adds to the logit. */
static void add_preferences(const struct search *search, size_t post)
{
    const struct post_terms *terms = &search->scenario->dataset->posts[post];
    size_t first = search->pairs->first[post], n = search->pairs->first[post + 1] - first, at = 0;
    for (size_t i = 0; i < terms->n_preferred && at < n; i++) {
        at = lanes_seek(search->pairs->lane + first, n, at, terms->preferred[i].lane);
        if (at < n && search->pairs->lane[first + at] == terms->preferred[i].lane)
            search->pairs->common_micro[first + at] += terms->preferred[i].logit_micro;
    }
}

/* ---- all together ---- */

static void each_post_of(void *context, size_t part, void (*visit)(const struct search *search, size_t post))
{
    const struct search *search = context;
    size_t n = search->scenario->n_posts;
    for (size_t post = n * part / search->n_parts; post < n * (part + 1) / search->n_parts; post++)
        if (search->scenario->post_in[post])
            visit(search, post);
}

static void find_part(void *context, size_t part)
{
    each_post_of(context, part, find_post);
}

static void write_part(void *context, size_t part)
{
    each_post_of(context, part, write_post);
    each_post_of(context, part, add_preferences);
}

static bool allocate_blocks(struct search *search, struct arena *scratch)
{
    const struct scenario *s = search->scenario;
    search->first_block = arena_alloc(scratch, s->n_posts + 1, sizeof *search->first_block);
    if (search->first_block == NULL)
        return false;
    for (size_t post = 0; post < s->n_posts; post++) {
        size_t n = s->post_in[post] ? search->pools[search->pool_of_post[post]].columns.n_padded / LANES : 0;
        search->first_block[post + 1] = search->first_block[post] + n;
    }
    search->passed = arena_alloc(scratch, search->first_block[s->n_posts] + 1, sizeof *search->passed);
    return search->passed != NULL;
}

/* Room for a block more than there is, so that kernels may read whole blocks. */
static bool allocate_pairs(struct pairs *pairs, struct arena *arena)
{
    for (size_t post = 0; post < pairs->n_posts; post++)
        pairs->first[post + 1] += pairs->first[post];
    pairs->n = pairs->first[pairs->n_posts];
    pairs->lane = arena_alloc(arena, pairs->n + LANES, sizeof *pairs->lane);
    pairs->benefit_micro = arena_alloc(arena, pairs->n + LANES, sizeof *pairs->benefit_micro);
    pairs->common_micro = arena_alloc(arena, pairs->n + LANES, sizeof *pairs->common_micro);
    return pairs->lane != NULL && pairs->benefit_micro != NULL && pairs->common_micro != NULL;
}

int pairs_find(struct pairs *out, struct arena *arena, const struct scenario *scenario,
               const struct wm_solve_options *options)
{
    struct search search = {.scenario = scenario,
                            .pairs = out,
                            .n_parts = PARTS_LEAST + scenario->n_lanes * scenario->n_posts / PLACES_A_PART};
    struct arena scratch;
    int code = WM_EMEMORY;
    arena_init(&scratch, SIZE_MAX); /* sized by rows, which a dataset bounds */
    *out = (struct pairs){.n_posts = scenario->n_posts};
    out->first = arena_alloc(arena, out->n_posts + 1, sizeof *out->first);
    if (out->first == NULL || !fill_pools(&search, &scratch) || !allocate_blocks(&search, &scratch))
        goto done;
    out->stopped = !each_part_or_stop(options, search.n_parts, find_part, &search);
    if (!out->stopped && !allocate_pairs(out, arena))
        goto done;
    out->stopped = out->stopped || !each_part_or_stop(options, search.n_parts, write_part, &search);
    code = out->stopped ? WM_OK : price_most(out, arena, scenario, options);
    if (out->stopped) {
        out->n = 0;
        memset(out->first, 0, (out->n_posts + 1) * sizeof *out->first);
    }
done:
    arena_fini(&scratch);
    return code;
}
