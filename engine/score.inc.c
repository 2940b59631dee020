/*
 * The scoring kernel, written once in plain C and compiled once an instruction set (score_base.c, score_v3.c,
 * score_v4.c): candidates are the lanes, criteria the loop. Every result is an integer in micro or nano, reached by
 * single IEEE operations or integer arithmetic, with no sum across lanes and no contraction, so all builds give the
 * same bits.
 *
 * Formulas: domain.md section 3. fit = sum_d w_d min(1, skill_d / need_d); logit = base - severity - distance + wants +
 * mentor + preference; accept = 1 / (1 + e^-logit); expected benefit = severity * fit * accept.
 */
#include "score.h"
#include "real.h"

/* Told not to unroll, gcc keeps the loop whole until its vectoriser sees it; unrolled early it stays scalar. */
#define EACH_LANE _Pragma("GCC unroll 1") for (int i = 0; i < LANES; i++)

/* ---- one lane's arithmetic, the same wherever a block's lanes are from ---- */

static inline float lane_square(float x, float y, float z, const struct kernel_post *post)
{
    float dx = x - post->x, dy = y - post->y, dz = z - post->z;
    return dx * dx + dy * dy + dz * dz;
}

static inline int32_t lane_distance(float x, float y, float z, const struct kernel_post *post)
{
    return real_arc_hm(lane_square(x, y, z, post));
}

/* What distance takes off the logit. */
static inline int32_t lane_cost(int32_t distance_hm, int32_t travel_hm, int32_t located, const struct kernel_post *post)
{
    int32_t excess = distance_hm - (travel_hm > 0 ? travel_hm : 0); /* unknown: all of the way counts */
    excess = excess > 0 ? excess : 0;
    return (located & post->located) ? excess * post->distance_micro_per_hm : post->unknown_distance_micro;
}

/* The half added before a division by a power of ten is off the integers by a little, so that rounding the
   reciprocal can never tip an exact one down. Products of two micro numbers are integers below 2^53: exact. */
static inline int32_t lane_benefit(int32_t fit_micro, const struct kernel_post *post)
{
    return (int32_t)((fit_micro * post->severity_micro + 500000.25) * 1e-6);
}

/* ---- passes over a block ---- */

static void block_distance(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                           int32_t distance_hm[LANES])
{
    const float *x = leaders->x + lane, *y = leaders->y + lane, *z = leaders->z + lane;
    EACH_LANE
        distance_hm[i] = lane_distance(x[i], y[i], z[i], post);
}

/* Bit 0 of each lane: the set holds `bit` (0 for an unknown set); bit 1: the set is unknown. */
static void read_sets(const uint64_t *sets, uint64_t bit, uint32_t out[LANES])
{
    EACH_LANE
        out[i] = (uint32_t)((sets[i] & bit) != 0) | (uint32_t)(sets[i] >> 63) << 1;
}

/* Notes rule `RULE` of lane i: `no` refuses for cause, `unsure` (0 or 1 each) for want of data, and outweighs `no`. */
#define NOTE(RULE, no, unsure)                                                 \
    do {                                                                       \
        not_known[i] |= (uint32_t)(unsure) << WM_RULE_##RULE;                  \
        not_met[i] |= ((uint32_t)(no) | (uint32_t)(unsure)) << WM_RULE_##RULE; \
    } while (0)

/* A loop a rule, so that each becomes vector code; all of a block's state stays in registers or the first cache. */
static void block_rules(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                        const int32_t distance_hm[LANES], uint16_t refused[LANES], uint16_t unknown[LANES])
{
    uint32_t not_met[LANES] = {0}, not_known[LANES] = {0}, set[LANES];

    read_sets(leaders->roles + lane, post->role_bit, set);
    EACH_LANE
        NOTE(role, ~set[i] & 1, set[i] >> 1);

    const int32_t *grade = leaders->grade + lane;
    EACH_LANE
        NOTE(grade, (grade[i] < post->grade_lowest) | (grade[i] > post->grade_highest), grade[i] < 0);

    if (post->accreditation_bit != 0) {
        const int32_t *until = leaders->accredited_until + lane;
        read_sets(leaders->accreditations + lane, post->accreditation_bit, set);
        EACH_LANE
            NOTE(accreditation, (~set[i] & 1) | (until[i] < post->starts),
                 set[i] >> 1 | (set[i] & (until[i] == DAY_UNKNOWN)));
    }
    if (post->board_role) {
        const int32_t *until = leaders->fit_and_proper_until + lane;
        EACH_LANE
            NOTE(fit_and_proper, until[i] < post->starts, until[i] == DAY_UNKNOWN);
    }

    const int32_t *ready = leaders->ready_from + lane;
    EACH_LANE
        NOTE(ready, ready[i] > post->starts, ready[i] == DAY_UNKNOWN);

    const int32_t *travel = leaders->travel_hm + lane, *located = leaders->located + lane;
    read_sets(leaders->regions + lane, post->region_bit, set);
    EACH_LANE {
        uint32_t measured = (uint32_t)located[i] & (uint32_t)post->located;
        uint32_t no = ~(set[i] | (measured & (distance_hm[i] <= travel[i]))) & 1;
        NOTE(place, no, no & (set[i] >> 1 | (measured ^ 1) | (travel[i] < 0)));
    }

    EACH_LANE {
        refused[i] = (uint16_t)not_met[i];
        unknown[i] = (uint16_t)not_known[i];
    }
}

static uint32_t block_admit(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post)
{
    int32_t distance_hm[LANES];
    uint32_t no[LANES], set[LANES];
    const int32_t *ready = leaders->ready_from + lane;
    EACH_LANE
        no[i] = (uint32_t)(ready[i] > post->starts) | (uint32_t)(ready[i] == DAY_UNKNOWN);
    if (post->accreditation_bit != 0) { /* an unknown day is before any other */
        const int32_t *until = leaders->accredited_until + lane;
        read_sets(leaders->accreditations + lane, post->accreditation_bit, set);
        EACH_LANE
            no[i] |= ~set[i] | (uint32_t)(until[i] < post->starts);
    }
    if (post->board_role) {
        const int32_t *until = leaders->fit_and_proper_until + lane;
        EACH_LANE
            no[i] |= (uint32_t)(until[i] < post->starts);
    }
    const int32_t *travel = leaders->travel_hm + lane, *located = leaders->located + lane;
    block_distance(leaders, lane, post, distance_hm);
    read_sets(leaders->regions + lane, post->region_bit, set);
    EACH_LANE
        no[i] |= ~(set[i] | ((uint32_t)(located[i] & post->located) & (uint32_t)(distance_hm[i] <= travel[i])));
    uint32_t bits = 0;
    EACH_LANE
        bits |= (~no[i] & 1) << i;
    return bits;
}

/* ---- scores of LANES or BATCH_LANES neighbours; `n` is a constant wherever these are called ---- */

#define OF_MANY static inline __attribute__((always_inline)) void
#define EACH_OF_N _Pragma("GCC unroll 1") for (size_t i = 0; i < n; i++)

/*
 * fit = the sum of the domains' parts, each rounded to an integer: a sum that starts at 1.5 * 2^52 has no digits behind
 * the point, so adding a part to it rounds that part (cf. real_exp).
 */
OF_MANY lanes_fit(const struct leader_columns *leaders, size_t lane, size_t n, const struct kernel_post *post,
                  int32_t fit_micro[])
{
    const double to_integer = 6755399441055744.0;
    double sum[BATCH_LANES];
    EACH_OF_N
        sum[i] = to_integer;
    for (size_t d = 0; d < post->n_domains; d++) {
        const int32_t *skill = leaders->skill[d] + lane;
        double per_skill = post->weight_per_skill[d], weight = post->weight[d];
        if (!(weight > 0))
            continue;
        EACH_OF_N {
            double part = skill[i] * per_skill;
            sum[i] += part < weight ? part : weight;
        }
    }
    EACH_OF_N
        fit_micro[i] = (int32_t)(sum[i] - to_integer);
}

/* The highest logit over the offers, and whose it is, of what the offers have in `common`. */
OF_MANY lanes_offers(const struct leader_columns *leaders, size_t lane, size_t n, const struct kernel_post *post,
                     const int32_t common[], int32_t best[], int32_t chosen[])
{
    EACH_OF_N {
        best[i] = INT32_MIN;
        chosen[i] = 0;
    }
    for (size_t k = 0; k < post->n_offers; k++) {
        int32_t logit[BATCH_LANES], constant = post->constant_micro[k];
        EACH_OF_N
            logit[i] = common[i] + constant;
        const int32_t *want[WM_COMPONENTS_MAX];
        int32_t amount[WM_COMPONENTS_MAX];
        size_t n_wants = 0, t = 0;
        for (size_t component = 0; component < post->n_components; component++)
            if (post->amount[k][component] != 0) {
                want[n_wants] = leaders->want[component] + lane;
                amount[n_wants++] = post->amount[k][component];
            }
        for (; t + 2 <= n_wants; t += 2) /* two at a time: half as many sums are put down and taken up again */
            EACH_OF_N
                logit[i] += want[t][i] * amount[t] + want[t + 1][i] * amount[t + 1];
        if (t < n_wants)
            EACH_OF_N
                logit[i] += want[t][i] * amount[t];
        EACH_OF_N {
            chosen[i] = logit[i] > best[i] ? (int32_t)k : chosen[i];
            best[i] = logit[i] > best[i] ? logit[i] : best[i];
        }
    }
}

/* Chance and expected benefit. */
OF_MANY lanes_expected(const struct kernel_post *post, size_t n, const int32_t fit_micro[], const int32_t logit_micro[],
                       int32_t accept_micro[], int32_t expected_nano[])
{
    double shifted[BATCH_LANES], r[BATCH_LANES], p[BATCH_LANES];
    EACH_OF_N {
        int32_t bounded = logit_micro[i] < -700 * MICRO ? -700 * MICRO : logit_micro[i]; /* integers: gcc makes no
                                                                                            vector of the other */
        bounded = bounded > 700 * MICRO ? 700 * MICRO : bounded;
        r[i] = real_exp_reduce(bounded * -1e-6, &shifted[i]);
        p[i] = real_exp_terms[0];
    }
    for (int term = 1; term < REAL_EXP_TERMS; term++) {
        double addend = real_exp_terms[term];
        EACH_OF_N
            p[i] = p[i] * r[i] + addend;
    }
    EACH_OF_N {
        double accept = 1.0 / (1.0 + real_exp_scale(p[i], shifted[i]));
        accept_micro[i] = (int32_t)(accept * 1e6 + 0.5);
        expected_nano[i] = (int32_t)(((double)lane_benefit(fit_micro[i], post) * accept_micro[i] + 500.25) * 1e-3);
    }
}

static void block_parts(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                        int32_t benefit_micro[LANES], int32_t cost_micro[LANES])
{
    int32_t fit[LANES], distance_hm[LANES];
    lanes_fit(leaders, lane, LANES, post, fit);
    const int32_t *travel = leaders->travel_hm + lane, *located = leaders->located + lane;
    block_distance(leaders, lane, post, distance_hm);
    EACH_LANE
        benefit_micro[i] = lane_benefit(fit[i], post);
    EACH_LANE
        cost_micro[i] = lane_cost(distance_hm[i], travel[i], located[i], post);
}

static void block_score(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                        const int32_t distance_hm[LANES], const int32_t preference_micro[LANES],
                        struct kernel_scores *out)
{
    int32_t common[LANES];
    const int32_t *travel = leaders->travel_hm + lane, *located = leaders->located + lane;
    lanes_fit(leaders, lane, LANES, post, out->fit_micro);
    EACH_LANE
        common[i] = preference_micro[i] - lane_cost(distance_hm[i], travel[i], located[i], post);
    lanes_offers(leaders, lane, LANES, post, common, out->logit_micro, out->offer);
    lanes_expected(post, LANES, out->fit_micro, out->logit_micro, out->accept_micro, out->expected_nano);
}

/* ---- leaders from anywhere ---- */

/* Distance to score of `n` neighbours. */
OF_MANY lanes_rank(const struct leader_columns *leaders, size_t lane, size_t n, const struct kernel_post *post,
                   const int32_t preference_micro[], int32_t expected_nano[], int32_t offer[])
{
    const float *x = leaders->x + lane, *y = leaders->y + lane, *z = leaders->z + lane;
    const int32_t *travel = leaders->travel_hm + lane, *located = leaders->located + lane;
    int32_t fit[BATCH_LANES], common[BATCH_LANES], best[BATCH_LANES], accept[BATCH_LANES];
    EACH_OF_N
        common[i] = preference_micro[i] - lane_cost(lane_distance(x[i], y[i], z[i], post), travel[i], located[i], post);
    lanes_fit(leaders, lane, n, post, fit);
    lanes_offers(leaders, lane, n, post, common, best, offer);
    lanes_expected(post, n, fit, best, accept, expected_nano);
}

static void batch_rank(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                       const int32_t preference_micro[BATCH_LANES], int32_t expected_nano[BATCH_LANES],
                       int32_t offer[BATCH_LANES])
{
    lanes_rank(leaders, lane, BATCH_LANES, post, preference_micro, expected_nano, offer);
}

static void block_rank(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                       const int32_t preference_micro[LANES], int32_t expected_nano[LANES], int32_t offer[LANES])
{
    lanes_rank(leaders, lane, LANES, post, preference_micro, expected_nano, offer);
}

/* Leaders who do not stand together, put side by side: columns of their own, of what a score reads. */
struct gathered {
    struct leader_columns columns;
    int32_t skill[WM_DOMAINS_MAX][BATCH_LANES], want[WM_COMPONENTS_MAX][BATCH_LANES], travel_hm[BATCH_LANES],
        located[BATCH_LANES];
    float x[BATCH_LANES], y[BATCH_LANES], z[BATCH_LANES];
};

/* What `lanes` hold of a column. */
#define GATHER(column, from)       \
    for (size_t i = 0; i < n; i++) \
    (column)[i] = (from)[lanes[i]]

static void gather_leaders(const struct leader_columns *from, const uint32_t lanes[], size_t n,
                           const struct kernel_post *post, struct gathered *to)
{
    struct leader_columns *c = &to->columns;
    for (size_t d = 0; d < post->n_domains; d++) {
        c->skill[d] = to->skill[d];
        if (post->weight[d] > 0)
            GATHER(to->skill[d], from->skill[d]);
    }
    for (size_t t = 0; t < post->n_components; t++) {
        c->want[t] = to->want[t];
        if (post->wanted >> t & 1)
            GATHER(to->want[t], from->want[t]);
    }
    GATHER(to->x, from->x);
    GATHER(to->y, from->y);
    GATHER(to->z, from->z);
    GATHER(to->travel_hm, from->travel_hm);
    GATHER(to->located, from->located);
    c->x = to->x;
    c->y = to->y;
    c->z = to->z;
    c->travel_hm = to->travel_hm;
    c->located = to->located;
}

static void any_rank(const struct leader_columns *leaders, const uint32_t *lanes, size_t n,
                     const struct kernel_post *post, const int32_t preference_micro[BATCH_LANES],
                     int32_t expected_nano[BATCH_LANES], int32_t offer[BATCH_LANES])
{
    if (n == BATCH_LANES && lanes[n - 1] - lanes[0] == n - 1) {
        batch_rank(leaders, lanes[0], post, preference_micro, expected_nano, offer);
        return;
    }
    struct gathered side_by_side;
    uint32_t all[BATCH_LANES]; /* the rest of the last block is filled up with the first leader */
    size_t blocks = (n + LANES - 1) / LANES;
    for (size_t i = 0; i < blocks * LANES; i++)
        all[i] = lanes[i < n ? i : 0];
    gather_leaders(leaders, all, blocks * LANES, post, &side_by_side);
    if (n > BATCH_LANES - LANES) {
        batch_rank(&side_by_side.columns, 0, post, preference_micro, expected_nano, offer);
        return;
    }
    for (size_t at = 0; at < blocks * LANES; at += LANES)
        block_rank(&side_by_side.columns, at, post, preference_micro + at, expected_nano + at, offer + at);
}
