/*
 * Counts of persons, fit to be published: 1 to 7 are hidden, larger ones are rounded to 5, and what is left says no more
 * about a hidden one, however it is added up and subtracted, also by somebody who knows these rules. Pure.
 */
#ifndef API_FEED_PUBLIC_H
#define API_FEED_PUBLIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FEED_HIDDEN_MAX = 7, FEED_ROUNDED_TO = 5 };

enum feed_status {
    FEED_EXACT,     /* the restricted profile: as counted */
    FEED_ROUNDED,   /* 8 or more, to the nearest 5 */
    FEED_ZERO,      /* nothing there to be counted */
    FEED_SUPPRESSED /* not shown: 0 to 7, or others could be worked out from it */
};
const char *feed_status_name(enum feed_status status); /* "exact", ... */

struct feed_count {
    enum feed_status status;
    int64_t shown; /* WM_MISSING when suppressed */
};

/* One way of dividing a total into counts, each with the most that everybody knows it can be (WM_MISSING: unlimited). */
struct feed_group {
    size_t n;
    const int64_t *counts, *caps; /* [n] */
    struct feed_count *out;       /* [n] */
};

/*
 * Counts of the same persons divided in `n_groups` ways (1 or more), the important one first, and their total.
 *
 * A count of 7 or less is suppressed, zeros too: where one opening is known of, "zero" beside "hidden" would tell all. A
 * count that cannot be but zero is told. A total that is shown leaves every hidden count of the first group at least five
 * values, or all it could have at all: near the ends of what the group allows it is moved to where that holds, or it is
 * suppressed. A further group that would take that away again is suppressed as a whole. The tests go through all small
 * plans: also who knows these rules, and has every cell and the total, finds no hidden count of 1 to 7.
 */
void feed_protect(const struct feed_group *groups, size_t n_groups, int64_t total, int64_t cap, struct feed_count *out);

struct feed_count feed_exact(int64_t count);
struct feed_count feed_round(int64_t count); /* by itself: suppressed to 7, else rounded */
/* A number less a count, as anybody could work it out from what is shown. */
struct feed_count feed_less(struct feed_count whole, struct feed_count part);

/*
 * Whether it may be said that a budget is used up, so that the dearest placement no longer fits in: that takes some number
 * of placements, which must leave 8 of its openings in doubt, and it must be possible without any one of the packages
 * whose count is hidden. It is decided by what everybody knows: the limit, the openings that may be paid from it, and of
 * each package what it costs, how often it can be given, and whether its count is hidden.
 */
struct feed_price_list {
    size_t n;
    const int64_t *costs, *caps; /* [n] */
    const bool *hidden;          /* [n] */
};
bool feed_may_be_used_up(int64_t limit_gbp, int64_t openings, const struct feed_price_list *packages);

#endif
