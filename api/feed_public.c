/*
 * Disclosure control by intervals. What is published of a count is an interval: rounded, 2 to either side; suppressed,
 * 0 to 7 or to what there is room for. The counts of a group add up to the total, which is all that connects them, so what
 * can be worked out of a hidden count is exact arithmetic: with the total in [lo, hi] and the group's ends adding up to
 * [A, B], a count of [0, u] lies in [max(0, u - (B - lo)), min(u, hi - A)]. Keeping hi - A and B - lo at 4 or more keeps at
 * least five values of each, or all of [0, u].
 *
 * The rule of 1 to 7 and of rounding to 5 is the one NHS England publishes hospital activity by
 * (Disclosure control methodology for Hospital Episode Statistics and Emergency Care Data Sets).
 */
#include "feed_public.h"

#include "wellmatch.h"

#include <assert.h>

enum { MARGIN = 4, APART = 5, HALF = 2, FIRST_SHOWN = FEED_HIDDEN_MAX + 1, UNLIMITED = 1 << 30 };

struct span {
    int64_t lo, hi;
};

const char *feed_status_name(enum feed_status status)
{
    static const char *const names[] = {
        [FEED_EXACT] = "exact", [FEED_ROUNDED] = "rounded", [FEED_ZERO] = "zero", [FEED_SUPPRESSED] = "suppressed"};
    return names[status];
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t nearest_5(int64_t count)
{
    return (count + HALF) / FEED_ROUNDED_TO * FEED_ROUNDED_TO;
}

struct feed_count feed_exact(int64_t count)
{
    return (struct feed_count){FEED_EXACT, count};
}

struct feed_count feed_round(int64_t count)
{
    if (count <= FEED_HIDDEN_MAX)
        return (struct feed_count){FEED_SUPPRESSED, WM_MISSING};
    return (struct feed_count){FEED_ROUNDED, nearest_5(count)};
}

struct feed_count feed_less(struct feed_count whole, struct feed_count part)
{
    if (whole.status == FEED_SUPPRESSED || part.status == FEED_SUPPRESSED)
        return (struct feed_count){FEED_SUPPRESSED, WM_MISSING};
    int64_t left = most(0, whole.shown - part.shown);
    if (whole.status == FEED_EXACT && part.status == FEED_EXACT)
        return feed_exact(left);
    return (struct feed_count){FEED_ROUNDED, nearest_5(left)};
}

/* What everybody knows of a count from what is published of it. */
static struct span span_of(struct feed_count count, int64_t cap)
{
    int64_t room = cap == WM_MISSING ? UNLIMITED : cap;
    switch (count.status) {
    case FEED_ZERO:
        return (struct span){0, 0};
    case FEED_SUPPRESSED:
        return (struct span){0, least(FEED_HIDDEN_MAX, room)};
    default:
        return (struct span){most(FIRST_SHOWN, count.shown - HALF), least(count.shown + HALF, room)};
    }
}

static void publish_group(const struct feed_group *group)
{
    for (size_t i = 0; i < group->n; i++)
        group->out[i] = group->caps[i] == 0 ? (struct feed_count){FEED_ZERO, 0} : feed_round(group->counts[i]);
}

static void withhold_group(const struct feed_group *group)
{
    for (size_t i = 0; i < group->n; i++)
        group->out[i] = (struct feed_count){FEED_SUPPRESSED, WM_MISSING};
}

static struct span add_up(const struct feed_group *group)
{
    struct span sum = {0, 0};
    for (size_t i = 0; i < group->n; i++) {
        struct span span = span_of(group->out[i], group->caps[i]);
        sum.lo += span.lo;
        sum.hi += span.hi;
    }
    return sum;
}

static bool hides(const struct feed_group *group)
{
    for (size_t i = 0; i < group->n; i++)
        if (group->out[i].status == FEED_SUPPRESSED)
            return true;
    return false;
}

/* What everybody knows: where the total is; and where it must be able to be, so that what is hidden stays so. */
struct known {
    struct span ends, reach;
};

static struct known with(struct known known, const struct feed_group *group)
{
    struct span sum = add_up(group);
    int64_t margin = least(MARGIN, sum.hi - sum.lo);
    known.ends = (struct span){most(known.ends.lo, sum.lo), least(known.ends.hi, sum.hi)};
    if (hides(group))
        known.reach = (struct span){most(known.reach.lo, sum.lo + margin), least(known.reach.hi, sum.hi - margin)};
    return known;
}

/*
 * The total, and what is known then. Shown, it stands for [shown - 2, shown + 2], and for all beyond where it was moved:
 * that must be up to reach.lo at least, and down to reach.hi.
 */
static struct feed_count publish_total(int64_t total, struct known *known)
{
    int64_t low = most(known->reach.lo, FIRST_SHOWN + HALF) - HALF,
            high = least(known->reach.hi, known->ends.hi) + HALF;
    low = (low + FEED_ROUNDED_TO - 1) / FEED_ROUNDED_TO * FEED_ROUNDED_TO;
    high = high / FEED_ROUNDED_TO * FEED_ROUNDED_TO;
    struct feed_count told = {FEED_SUPPRESSED, WM_MISSING};
    if (low > high || high < FIRST_SHOWN + HALF)
        return told; /* whatever it is */
    if (total <= FEED_HIDDEN_MAX) {
        known->ends.hi = least(known->ends.hi, FEED_HIDDEN_MAX);
        return told;
    }
    told = (struct feed_count){FEED_ROUNDED, least(high, most(low, nearest_5(total)))};
    known->ends.lo = most(known->ends.lo, told.shown == low ? FIRST_SHOWN : told.shown - HALF);
    known->ends.hi = told.shown == high ? known->ends.hi : least(known->ends.hi, told.shown + HALF);
    return told;
}

/* What is known of a total from the most that each group can hold, nothing being published yet. */
static struct known before(const struct feed_group *groups, size_t n_groups, int64_t cap)
{
    int64_t most_ever = cap == WM_MISSING ? UNLIMITED : cap, room = UNLIMITED;
    for (size_t i = 0; i < n_groups; i++) {
        int64_t sum = 0;
        for (size_t k = 0; k < groups[i].n; k++)
            sum += groups[i].caps[k] == WM_MISSING ? UNLIMITED : groups[i].caps[k];
        most_ever = least(most_ever, sum);
        room = least(room, sum - least(MARGIN, sum));
    }
    return (struct known){{0, most_ever}, {0, room}};
}

void feed_protect(const struct feed_group *groups, size_t n_groups, int64_t total, int64_t cap, struct feed_count *out)
{
    assert(n_groups > 0);
    struct known known = before(groups + 1, n_groups - 1, cap);
    for (size_t i = 0; i < n_groups; i++) {
        publish_group(&groups[i]);
        const struct known more = with(known, &groups[i]);
        /* APART more than must be: that a group is withheld tells something too, so many plans must look like that. */
        bool clash = i == 0 ? n_groups > 1 && more.ends.lo > known.reach.hi - APART
                            : more.ends.hi < more.reach.lo + APART || more.ends.lo > more.reach.hi - APART;
        if (clash)
            withhold_group(&groups[i]);
        if (!clash)
            known = more;
        else if (i == 0)
            known = before(groups, n_groups, cap);
        if (i == 0)
            *out = publish_total(total, &known);
    }
    if (cap == 0)
        *out = (struct feed_count){FEED_ZERO, 0};
}

/* ---- Budgets ---- */

/* The dearest package that costs less than `below`, which is its cost from then on; those of one cost are taken together. */
static int64_t next_dearest(const struct feed_price_list *packages, size_t without, int64_t *below)
{
    int64_t cost = 0, pieces = 0;
    for (size_t i = 0; i < packages->n; i++)
        if (i != without && packages->costs[i] < *below)
            cost = most(cost, packages->costs[i]);
    for (size_t i = 0; i < packages->n; i++)
        if (i != without && packages->costs[i] == cost)
            pieces += least(packages->caps[i], UNLIMITED);
    *below = cost;
    return pieces;
}

/* The fewest placements that cost `gbp` or more, dearest first; UNLIMITED: no number of them does. */
static int64_t fewest_for(int64_t gbp, const struct feed_price_list *packages, size_t without)
{
    int64_t n = 0, cost = INT64_MAX;
    while (gbp > 0) {
        int64_t pieces = next_dearest(packages, without, &cost);
        if (cost == 0)
            return UNLIMITED;
        pieces = least(pieces, (gbp + cost - 1) / cost);
        n += pieces;
        gbp -= pieces * cost;
    }
    return n;
}

bool feed_may_be_used_up(int64_t limit_gbp, int64_t openings, const struct feed_price_list *packages)
{
    int64_t dearest = INT64_MAX;
    (void)next_dearest(packages, SIZE_MAX, &dearest);
    int64_t spent = limit_gbp - dearest + 1; /* or more */
    if (fewest_for(spent, packages, SIZE_MAX) > openings - FIRST_SHOWN)
        return false;
    for (size_t i = 0; i < packages->n; i++)
        if (packages->hidden[i] && fewest_for(spent, packages, i) > openings)
            return false;
    return true;
}
