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

#include <math.h>

/* Told not to unroll, gcc keeps the loop whole until its vectoriser sees it; unrolled early it stays scalar. */
#define EACH_LANE _Pragma("GCC unroll 1") for (int i = 0; i < LANES; i++)

#define EARTH_HM 63710.088f /* IUGG mean radius, 6371.0088 km */

/* ---- one lane's arithmetic, the same wherever a block's lanes are from ---- */

static inline int32_t lane_distance(float x, float y, float z, const struct kernel_post *post)
{
    float dx = x - post->x, dy = y - post->y, dz = z - post->z;
    float chord = sqrtf(dx * dx + dy * dy + dz * dz);
    float s =
        chord * chord * 0.25f; /* arc = 2 asin(chord / 2): its series is exact to 1e-7 within the United Kingdom */
    float arc = chord * (1.0f + s * (1.0f / 6.0f + s * (3.0f / 40.0f + s * (15.0f / 336.0f))));
    return (int32_t)(arc * EARTH_HM + 0.5f);
}

static inline int32_t lane_fit_part(int32_t skill, double per_skill, double weight)
{
    double part = skill * per_skill;
    part = part < weight ? part : weight;
    return (int32_t)(part + HALF_UP);
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

/*
 * fit = the sum of the domains' parts. Two loops, because gcc would join the rounds of two domains if there were one,
 * and not make a vector of that.
 */
static inline void block_fit(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                             int32_t fit_micro[LANES])
{
    int32_t fit[LANES] = {0};
    for (size_t d = 0; d < post->n_domains; d++) {
        const int32_t *skill = leaders->skill[d] + lane;
        double per_skill = post->weight_per_skill[d], weight = post->weight[d];
        int32_t part[LANES];
        EACH_LANE
            part[i] = lane_fit_part(skill[i], per_skill, weight);
        EACH_LANE
            fit[i] += part[i];
    }
    EACH_LANE
        fit_micro[i] = fit[i];
}

static void block_parts(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                        int32_t benefit_micro[LANES], int32_t cost_micro[LANES])
{
    int32_t fit[LANES], distance_hm[LANES];
    block_fit(leaders, lane, post, fit);
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
    int32_t fit[LANES], common[LANES], best[LANES], chosen[LANES];
    block_fit(leaders, lane, post, fit);
    const int32_t *travel = leaders->travel_hm + lane, *located = leaders->located + lane;
    EACH_LANE {
        common[i] = preference_micro[i] - lane_cost(distance_hm[i], travel[i], located[i], post);
        best[i] = INT32_MIN;
        chosen[i] = 0;
    }

    for (size_t k = 0; k < post->n_offers; k++) {
        int32_t logit[LANES];
        EACH_LANE
            logit[i] = common[i] + post->constant_micro[k];
        for (size_t t = 0; t < post->n_components; t++) {
            int32_t amount = post->amount[k][t];
            if (amount == 0)
                continue;
            const int32_t *want = leaders->want[t] + lane;
            EACH_LANE
                logit[i] += want[i] * amount;
        }
        EACH_LANE {
            chosen[i] = logit[i] > best[i] ? (int32_t)k : chosen[i];
            best[i] = logit[i] > best[i] ? logit[i] : best[i];
        }
    }

    EACH_LANE {
        int32_t bounded =
            best[i] < -700 * MICRO ? -700 * MICRO : best[i]; /* integers: gcc makes no vector of the other */
        bounded = bounded > 700 * MICRO ? 700 * MICRO : bounded;
        double logit = bounded * 1e-6;
        double accept = 1.0 / (1.0 + real_exp(-logit));
        int32_t accept_micro = (int32_t)(accept * 1e6 + 0.5);
        int32_t benefit_micro = lane_benefit(fit[i], post);
        out->expected_nano[i] = (int32_t)(((double)benefit_micro * accept_micro + 500.25) * 1e-3);
        out->fit_micro[i] = fit[i];
        out->logit_micro[i] = best[i];
        out->accept_micro[i] = accept_micro;
        out->offer[i] = chosen[i];
    }
}
