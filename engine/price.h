/*
 * The scan: what every pair is worth at given prices. Integers of 1e-15 (femto) throughout, so that the bound it proves
 * is exact and the same on every machine.
 */
#ifndef WM_PRICE_H
#define WM_PRICE_H

#include "pairs.h"

#define NANO_IN_FEMTO INT64_C(1000000)
#define WORTH_NONE INT64_MIN /* no entry is possible */

/*
 * A price as it counts, everywhere below: not above 2^60; of a resource without limit 0; not below 0, but for a post
 * that must be filled, where it is not below -2^60.
 */
#define PRICE_MAX (INT64_C(1) << 60)
int64_t price_counted(const struct scenario *scenario, size_t resource, int64_t price);

/*
 * Each post's menu at given prices, cut down to what can be best for somebody: within a package a worse mentor stays
 * only while cheaper than all better ones.
 */
struct pricing;

/*
 * prices[n_resources] in 1e-15 of one unit; those of posts do not count here. In the arena. NULL: no memory.
 * pricing_set does the same again at other prices in the memory it has, so that many prices cost no more than one.
 */
struct pricing *pricing_new(struct arena *arena, const struct scenario *scenario, const int64_t *prices,
                            const struct wm_solve_options *options);
void pricing_set(struct pricing *pricing, const int64_t *prices, const struct wm_solve_options *options);

/*
 * For each pair of `pairs` the entry of the greatest worth = value - sum of price * use over all resources but the
 * post's own openings (ties: the lower entry), into worth[n] and entry[n] (index in the post's menu; UINT16_MAX:
 * WORTH_NONE). Exact, but that no entry counts as dearer than 2^61, nor a move (its price and penalty): what costs more
 * than two thousand times what anything can be worth is never taken. In parallel by posts. False: the caller stopped it.
 */
bool price_pairs(const struct pricing *pricing, const struct pairs *pairs, int64_t *worth, uint16_t *entry,
                 const struct wm_solve_options *options);

/* Fills pairs->most_nano, in the arena, or pairs->stopped says so. pairs_find has done it for its own. WM_EMEMORY. */
int price_most(struct pairs *pairs, struct arena *arena, const struct scenario *scenario,
               const struct wm_solve_options *options);

struct scan {
    /*
     * Sum over leaders of the best over pairs of worth - post price, not below 0; but a leader who is locked counts
     * with that best also where it is below 0, as every plan places him (0 when locks leave nothing: no plan can be).
     */
    __int128_t excess;
    bool stopped;   /* by the caller: nothing was found, and `excess` is past everything */
    size_t options; /* looked at: pairs times entries of their menus, also those that a sharper test made needless */
    size_t n_found;
    struct found {
        uint32_t post, lane;
        int64_t reduced;
    } * found; /* by post, then reduced falling, then lane */
};

/*
 * Scans all pairs: worth - post_price[j], against lane_price[i]. Finds up to each_most pairs a post (and for each
 * leader the one that sticks out most; ties: the lower post) whose reduced = worth - post_price - lane_price is above
 * `tolerance`; and the sum that with sum of price * limit over all resources bounds every plan. Quick one-sided tests
 * first, the exact value for what passes: fast where lane_price is near what the leaders get. `found` is in the arena,
 * which keeps nothing else of it. WM_EMEMORY.
 */
int price_scan(struct scan *out, struct arena *arena, const struct pricing *pricing, const struct pairs *pairs,
               const int64_t *post_price, const int64_t *lane_price, int64_t tolerance, size_t each_most,
               const struct wm_solve_options *options);

/*
 * The certified bound in 1e-9, rounded up: sum of price * limit over all resources, posts with their own price among
 * them, and the excess of a scan at those prices.
 */
int64_t price_bound_nano(const struct scenario *scenario, const int64_t *prices, __int128_t excess);

#endif
