/*
 * The pricing kernel, written once in plain C and compiled once an instruction set (price_base.c, price_v3.c,
 * price_v4.c), as the scoring kernel is: pairs are the lanes, lines of the menu the loop.
 *
 * The scoring kernel takes one power of e an offer: accept = 1 / (1 + e^-logit), in 1e-6, rounded. Here that power is a
 * product of three that are known before: of the pair (distance, preference), of leader and package (wants), of the
 * line (base, severity, mentor); so one power a pair serves all its lines. The product differs from the scoring
 * kernel's power: its arguments, at most 50 each, are right to 2.2e-16 of themselves (the constant 1e-6 and one
 * rounding), a power adds 4e-16 and a product 1.1e-16, so that the three factors together and the scoring kernel's own
 * power differ by less than 1e-13, and the chance in 1e-6 by less than 1e6 * 0.25 * 1e-13 < 1e-7. Where it lies DOUBT
 * or farther from where rounding turns, the rounded chance is therefore the scoring kernel's, and all that follows is
 * integers or the same operations. The few others (two in a million) are told to the caller, who works them out in the
 * scoring kernel's way.
 */
#include "price_kernel.h"
#include "real.h"

/* Told not to unroll, gcc keeps the loop whole until its vectoriser sees it; unrolled early it stays scalar. */
#define EACH_LANE _Pragma("GCC unroll 1") for (int i = 0; i < LANES; i++)

#define DOUBT 1e-6

static uint32_t bits_of(const int32_t flags[LANES])
{
    uint32_t bits = 0;
    EACH_LANE
        bits |= (uint32_t)(flags[i] != 0) << i;
    return bits;
}

static uint32_t block_best(const struct line *lines, size_t n, const double *against, size_t n_packages,
                           const uint32_t lane[LANES], const int32_t benefit_micro[LANES],
                           const int32_t common_micro[LANES], int64_t worth[LANES], uint32_t line[LANES])
{
    int32_t value[LANES], at[LANES], unsure[LANES], chosen[LANES];
    int64_t best[LANES];
    double benefit[LANES], common[LANES], base[LANES];
    EACH_LANE {
        int32_t bounded = common_micro[i] < -PART_MICRO_MAX ? -PART_MICRO_MAX : common_micro[i];
        bounded = bounded > PART_MICRO_MAX ? PART_MICRO_MAX : bounded;
        unsure[i] = bounded != common_micro[i];
        common[i] = real_exp(-(bounded * 1e-6));
    }
    EACH_LANE
        benefit[i] = benefit_micro[i];
    EACH_LANE {
        at[i] = (int32_t)lane[i] * (int32_t)n_packages; /* signed, as gathers want their places */
        best[i] = INT64_MIN;
        chosen[i] = 0;
    }
    for (size_t l = 0; l < n; l++) {
        if (l == 0 || lines[l].package != lines[l - 1].package) {
            const double *of_package = against + lines[l].package;
            EACH_LANE
                base[i] = common[i] * of_package[at[i]];
        }
        double line_against = lines[l].against;
        EACH_LANE {
            double chance = 1e6 / (1.0 + base[i] * line_against) + 0.5;
            double accept_micro = (int32_t)chance;
            double rest = chance - accept_micro;
            unsure[i] |= (rest < DOUBT) | (rest > 1.0 - DOUBT);
            value[i] = (int32_t)((benefit[i] * accept_micro + 500.25) * 1e-3);
        }
        int64_t cost = lines[l].cost;
        EACH_LANE {
            int64_t here = (int64_t)value[i] * 1000000 - cost;
            chosen[i] = here > best[i] ? (int32_t)l : chosen[i];
            best[i] = here > best[i] ? here : best[i];
        }
    }
    EACH_LANE
        worth[i] = best[i];
    EACH_LANE
        line[i] = (uint32_t)chosen[i];
    return bits_of(unsure);
}

static uint32_t block_may(const int32_t most_nano[LANES], int32_t floor_nano, const int32_t *least_nano,
                          const uint32_t lane[LANES])
{
    int32_t may[LANES];
    EACH_LANE
        may[i] = most_nano[i] - floor_nano >= least_nano[(int32_t)lane[i]];
    return bits_of(may);
}
