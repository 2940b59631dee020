/*
 * The scoring kernel's contract: what it reads of a post, what it writes of a block, and the choice among its builds.
 */
#ifndef WM_SCORE_H
#define WM_SCORE_H

#include "internal.h"

/* A post as the kernel reads it: only the offers that may be made and could be anybody's best, cheapest first. */
struct kernel_post {
    size_t n_domains, n_components, n_offers;
    double weight_per_skill[WM_DOMAINS_MAX], weight[WM_DOMAINS_MAX]; /* the first leans up: see LEAN_UP */
    float x, y, z;
    int32_t located;
    int32_t distance_micro_per_hm, unknown_distance_micro; /* both >= 0: taken off the logit */
    double severity_micro;
    int32_t constant_micro[OFFERS_MAX]; /* base, severity and mentor terms of the logit */
    int32_t amount[OFFERS_MAX][WM_COMPONENTS_MAX];
    uint32_t offer[OFFERS_MAX]; /* index into post_terms.offers */
    uint32_t wanted;            /* bit a component that is in an offer */

    uint64_t role_bit, region_bit, accreditation_bit; /* accreditation_bit 0: none required */
    int32_t grade_lowest, grade_highest, starts, board_role;
};

/*
 * Added to a share of a weight before it is cut to an integer: rounds halves up. A part differs from a half by 1e-5 or
 * not at all (its denominator is a need in 1e-4), and is right to 1e-9, so that 1e-7 more can only tip exact halves.
 */
#define HALF_UP 0.5000001

/*
 * The kernel rounds to the nearest integer, which takes an exact half to the even one. Weights that lean up by so little
 * tip exact halves up, and nothing else: a part of 1e6 at most gains 4e-6.
 */
#define LEAN_UP (1.0 + 0x1p-38)

struct kernel_scores {
    int32_t expected_nano[LANES]; /* what ranks */
    int32_t fit_micro[LANES], logit_micro[LANES], accept_micro[LANES];
    int32_t offer[LANES]; /* index into kernel_post.offer; the cheapest of those with the highest logit */
};

enum {
    BATCH_LANES = 64
}; /* leaders ranked at a time, from wherever they stand: enough to keep the divider and others busy */

enum { STRETCH_WORDS = 31 * TILE_WORDS }; /* at most judged in one call: what the counters of bits hold */

/* One post's hard rules over all leaders, a stretch after the other: what is asked, and what was found so far. */
struct sieve {
    const struct leader_columns *leaders;
    const struct leader_bits *bits;
    const struct kernel_post *post;
    const uint32_t *excluders, *excluders_end; /* lanes still to come that exclude the organisation, rising */
    const uint64_t *filtered;                  /* [n_words] whom the query leaves out; NULL: nobody */
    uint64_t *eligible;                        /* [n_words] found */
    size_t n_eligible;
    struct wm_refusals refusals; /* all 0 at first */
};

/* Passes over the block that starts at `lane` (a multiple of LANES), unless said otherwise. */
struct kernel {
    const char *name;
    /* Hectometres from home to post by great circle; meaningless where either is not located. */
    void (*distance)(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                     int32_t distance_hm[LANES]);
    /*
     * The rules role to place, as bits 1 << WM_RULE_...; `unknown` marks those that could not be judged; it is part of
     * `refused`.
     */
    void (*rules)(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                  const int32_t distance_hm[LANES], uint16_t refused[LANES], uint16_t unknown[LANES]);
    /* `preference_micro` is added to the logit. n_offers >= 1. */
    void (*score)(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                  const int32_t distance_hm[LANES], const int32_t preference_micro[LANES], struct kernel_scores *out);
    /* Who passes every rule, and who was refused by which: in the next words, whole tiles, up to STRETCH_WORDS. */
    void (*sieve)(struct sieve *sieve, size_t from_word, size_t to_word);
    /*
     * Of any `n` lanes, 1 to BATCH_LANES: what `score` would find, as far as it ranks. All arrays have room for BATCH_LANES;
     * preferences from `n` on are read too.
     */
    void (*rank)(const struct leader_columns *leaders, const uint32_t *lanes, size_t n, const struct kernel_post *post,
                 const int32_t preference_micro[BATCH_LANES], int32_t expected_nano[BATCH_LANES],
                 int32_t offer[BATCH_LANES]);
    /*
     * Of leaders whose role and grade pass: whom the rules accreditation to place let pass too, bit i for `lane` + i.
     */
    uint32_t (*admit)(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post);
    /*
     * Benefit (severity * fit), and what distance takes off the logit: of a score all that no offer changes, but
     * preference.
     */
    void (*parts)(const struct leader_columns *leaders, size_t lane, const struct kernel_post *post,
                  int32_t benefit_micro[LANES], int32_t cost_micro[LANES]);
};

extern const struct kernel kernel_baseline;
#if defined(__x86_64__)
extern const struct kernel kernel_avx2, kernel_avx512;
#endif

const struct kernel *kernel_best(void); /* the widest this machine can run */

/* What the kernel reads of a post, with the offers among `offers` that are not barred. */
void kernel_post_fill(const struct wm_dataset *dataset, const struct post_terms *terms, const struct wm_offer *offers,
                      struct kernel_post *out);

/*
 * What of the logit is the same for every leader: base, severity, mentor (of a quality in 1e-6); noted in `out` unless
 * NULL.
 */
int32_t offer_constant_micro(const struct wm_dataset *dataset, const struct post_terms *terms, int64_t mentor_quality,
                             struct wm_score *out);

/* score.c: one pair in full, every part, by the kernel's arithmetic; the totals are the kernel's, bit for bit. */
void score_pair(const struct wm_dataset *dataset, const struct post_terms *terms, size_t lane,
                const struct wm_offer *offer, struct wm_score *out);
int32_t pair_distance_hm(const struct wm_dataset *dataset, const struct post_terms *terms,
                         size_t lane);                                      /* -1 unknown */
int32_t pair_preference_micro(const struct post_terms *terms, size_t lane); /* what naming the post adds to the logit */

/*
 * Shares of `total` in proportion to raw[] >= 0, adding up to it exactly: largest remainder, ties to the lower index.
 * All shares are 0 when raw[] is. total * raw[i] must fit 63 bits. n is at most WM_DOMAINS_MAX.
 */
void apportion(int64_t total, const int64_t *raw, size_t n, int64_t *out);

#endif
