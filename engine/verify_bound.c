/*
 * What prices prove, over every option of every pair that passes the hard rules (Geoffrion 1974): for any prices p that
 * are 0 or more on limits that may be left slack,
 *
 *     sum over limits of p * limit  +  sum over leaders of the most that any option is worth: value - sum of p * use
 *
 * is at least the value of every plan. An option that by itself is past a limit is in no plan, and left out. A leader
 * may be left unplaced, so the most is at least 0; one who is locked takes an option of the lock, whatever it is worth.
 * A post that must be filled uses all of its limit, so its price may be negative.
 *
 * Of a limit counts only what uses can add up to: of money the multiples of what divides all costs, of a mentor's hours
 * what whole packages fill. A mentor may also have a price for each size of package in place of one by the hour; in the
 * sum above then stands the most that any packing of the hours brings, found by dynamic programming.
 *
 * Prices and sums are integers of 1e-15 in 128 bits, so nothing is rounded before the end. To look at every option
 * without scoring each, three one-sided steps, none of which can lose the best:
 *   - of the mentors for a post only those count who are cheaper, at these prices, than all who are better: the value
 *     rises with the mentor's quality and with nothing else of the mentor;
 *   - the chance that the leader accepts is first taken from a table that is never too low (accept_above);
 *   - an option that by this cannot beat what its leader has already, is not scored. The others are, by score_pair.
 * Leaders who are locked, or whom a forbid names, are looked at option by option without any of this.
 *
 * Posts are shared out among the parts of a parallel call; each keeps the most per leader, and the greatest of the
 * parts' counts, so that the order does not matter.
 */
#include "verify.h"
#include "real.h"
#include "score.h"

#include <stdlib.h>
#include <string.h>

#define PRICE_MOST (INT64_C(1) << 60) /* a thousand times what any placement is worth */
#define COST_MOST (INT64_C(1) << 61)  /* beyond it no price of a post makes up for it: see look_at_pair */

enum {
    PARTS = 8,              /* scratch of one a part: a few bytes a leader */
    BATCH_PLACES = 1 << 21, /* leaders times posts between two questions whether to stop */
    PACKING_MOST = 4096,
    STEP_BITS = 12, /* of the table: 4096 micro, 0.4% of a small chance */
    TABLE_FROM = -20 * MICRO,
    TABLE_N = 40 * MICRO / (1 << STEP_BITS) + 2
};

struct mentor_price {
    int32_t mentor;
    int64_t quality_micro;
};

struct entry { /* a package, with one of the mentors who can be best; of one package by falling quality and cost */
    int32_t mentor, mentor_logit;
    int64_t cost; /* all but the opening and the move; at most COST_MOST */
};

struct group { /* the entries of one package */
    uint32_t package;
    size_t first, n;
};

struct part {                  /* scratch of one thread at a time */
    int64_t *most;             /* [n_padded] the best worth of each leader, 0 or more; not of locked ones */
    int32_t *preference_micro; /* [n_padded] of the post at hand, else 0 */
    uint32_t *excluded;        /* [n_padded] 1 + the post at hand, where the leader excludes the organisation */
    /* Of the post at hand. */
    struct mentor_price *mentors;
    struct entry *entries;
    struct group *groups;
    const struct wm_plan_rule **forbids;
    size_t n_mentors, n_groups, n_forbids;
    int64_t cost_least, logit_most; /* over its entries: no option costs less, no mentor adds more */
    sum128 *locked;                 /* [n_locked] the best worth of an option of the lock */
    bool *possible;                 /* [n_locked] there is one */
};

struct named { /* locks or forbids by the leader they name */
    const struct wm_plan_rule *rules;
    uint32_t *first; /* [n_padded + 2] of lane i: which[first[i]] up to which[first[i + 1]] */
    uint32_t *which; /* those that name nobody follow from first[n_padded] to n */
    size_t n;
};

struct bounding {
    const struct question *q;
    const int64_t *price;      /* [n_resources] fair ones */
    const int64_t *hours_cost; /* [n_mentors][n_packages] what a package's hours cost of a mentor */
    sum128 move_cost;          /* penalty and price of a move */
    int64_t *divisor;          /* [n_resources] of all that options use of it; 0: none does */
    sum128 hours_most;         /* what the mentors' hours add to the bound */
    uint32_t *accept_above;    /* [TABLE_N] 1e-6 */
    int32_t *wants;            /* [lanes][n_packages] what the package adds to the logit, 1e-6 */
    int32_t *wants_most;       /* [lanes] the most that any does */
    uint64_t *block_roles;     /* [blocks] held by anybody in it */
    uint8_t *lane_in;          /* [n_padded] */
    int32_t *locked_of_lane;   /* [n_padded] number among the locked, -1: none */
    struct named locks, forbids;
    size_t n_locked;
    struct part parts[PARTS];
    size_t n_parts, batch_from, batch; /* posts */
};

/* ---- prices ---- */

/* No price on what has no limit, none below 0 but for a must, none beyond PRICE_MOST. */
static int64_t *fair_prices(const struct question *q, struct arena *arena, const int64_t *given)
{
    int64_t *price = arena_alloc(arena, q->n_resources, sizeof *price);
    for (size_t r = 0; price != NULL && r < q->n_resources; r++) {
        int64_t least = r < q->n_posts && q->must_fill[r] ? -PRICE_MOST : 0;
        if (q->limit[r] != NO_LIMIT)
            price[r] = given[r] < least ? least : given[r] > PRICE_MOST ? PRICE_MOST : given[r];
    }
    return price;
}

/* Of the limit, what uses can add up to. */
static int64_t usable(const struct bounding *b, size_t r)
{
    return b->divisor[r] > 1 ? b->q->limit[r] - b->q->limit[r] % b->divisor[r] : b->q->limit[r];
}

static int64_t capped(sum128 cost)
{
    return cost > COST_MOST ? COST_MOST : (int64_t)cost;
}

/* What a package costs on a post at these prices, mentor, opening and move apart. */
static sum128 package_cost(const struct bounding *b, size_t post, size_t package)
{
    struct wm_placement placement = {0, (uint32_t)post, (uint32_t)package, WM_NO_ROW};
    struct use uses[PLACEMENT_USES_MAX];
    size_t n = question_uses(b->q, &placement, uses);
    sum128 cost = 0;
    for (size_t u = 0; u < n; u++)
        if (uses[u].resource != post && uses[u].resource != b->q->moves)
            cost += (sum128)b->price[uses[u].resource] * uses[u].amount;
    return cost;
}

/* Whether the placement by itself is within every limit, moves apart: else no plan holds it. */
static bool can_stand(const struct question *q, size_t post, size_t package, int32_t mentor)
{
    struct wm_placement placement = {0, (uint32_t)post, (uint32_t)package, mentor};
    struct use uses[PLACEMENT_USES_MAX];
    size_t n = question_uses(q, &placement, uses);
    for (size_t u = 0; u < n; u++)
        if (uses[u].resource != q->moves && q->limit[uses[u].resource] != NO_LIMIT &&
            uses[u].amount > q->limit[uses[u].resource])
            return false;
    return true;
}

/* ---- the entries of a post ---- */

/* The forbids that name nobody and may speak of this post, into part->forbids. */
static void list_forbids(const struct bounding *b, struct part *part, size_t post)
{
    const struct named *named = &b->forbids;
    part->n_forbids = 0;
    for (size_t i = named->first[b->q->dataset->leaders.n_padded]; i < named->n; i++) {
        const struct wm_plan_rule *rule = &named->rules[named->which[i]];
        if (rule->post == WM_NO_ROW || rule->post == (int32_t)post)
            part->forbids[part->n_forbids++] = rule;
    }
}

static bool forbidden_to_all(const struct part *part, size_t post, size_t package, int32_t mentor)
{
    struct wm_placement placement = {0, (uint32_t)post, (uint32_t)package, mentor};
    for (size_t i = 0; i < part->n_forbids; i++)
        if (question_matches(part->forbids[i], &placement))
            return true;
    return false;
}

static int better_first(const void *left, const void *right)
{
    const struct mentor_price *a = left, *b = right;
    if (a->quality_micro != b->quality_micro)
        return a->quality_micro > b->quality_micro ? -1 : 1;
    return (a->mentor > b->mentor) - (a->mentor < b->mentor);
}

/* All mentors who may support the post, the best first. */
static void list_mentors(const struct bounding *b, struct part *part, size_t post)
{
    const struct question *q = b->q;
    part->n_mentors = 0;
    for (size_t m = 0; m < q->n_mentors; m++)
        if (q->mentor_in[m] && question_knows_role(q, post, m) && question_reaches(q, post, m))
            part->mentors[part->n_mentors++] = (struct mentor_price){(int32_t)m, question_quality_micro(q, post, m)};
    qsort(part->mentors, part->n_mentors, sizeof *part->mentors, better_first);
}

/* Of one package, those entries that can be best for anybody whom no lock or forbid names. */
static size_t list_package(const struct bounding *b, struct part *part, size_t post, size_t package,
                           struct entry *entries)
{
    const struct question *q = b->q;
    sum128 cost = package_cost(b, post, package);
    if (q->hours[package] == 0) {
        entries[0] = (struct entry){WM_NO_ROW, 0, capped(cost)};
        return !forbidden_to_all(part, post, package, WM_NO_ROW);
    }
    size_t n = 0;
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < part->n_mentors; i++) {
        const struct mentor_price *m = &part->mentors[i];
        int64_t hours_cost = b->hours_cost[(size_t)m->mentor * q->n_packages + package];
        if (hours_cost >= least || q->hours[package] > q->limit[q->first_mentor + (size_t)m->mentor] ||
            forbidden_to_all(part, post, package, m->mentor))
            continue;
        least = hours_cost;
        int64_t logit = real_round(q->dataset->policy.accept.mentor * (double)m->quality_micro);
        entries[n++] = (struct entry){m->mentor, (int32_t)logit, capped(cost + hours_cost)};
    }
    return n;
}

static bool package_offered(const struct question *q, size_t post, size_t package)
{
    return q->package_in[package] && question_bar(q, post, package) == WM_OFFER_BAR_none &&
           can_stand(q, post, package, WM_NO_ROW);
}

static void list_entries(const struct bounding *b, struct part *part, size_t post)
{
    size_t at = 0;
    list_mentors(b, part, post);
    part->n_groups = 0;
    part->cost_least = COST_MOST;
    part->logit_most = 0;
    for (size_t k = 0; k < b->q->n_packages; k++) {
        size_t n = package_offered(b->q, post, k) ? list_package(b, part, post, k, part->entries + at) : 0;
        if (n > 0)
            part->groups[part->n_groups++] = (struct group){(uint32_t)k, at, n};
        for (size_t end = at + n; at < end; at++) {
            const struct entry *entry = &part->entries[at];
            part->cost_least = entry->cost < part->cost_least ? entry->cost : part->cost_least;
            part->logit_most = entry->mentor_logit > part->logit_most ? entry->mentor_logit : part->logit_most;
        }
    }
}

/* ---- one pair ---- */

struct pair {
    size_t post, lane;
    int64_t benefit_micro;
    int64_t common_micro; /* of the logit: all but package and mentor */
    int64_t toll; /* of the opening and the move, to be taken off every option; at most PRICE_MOST + COST_MOST */
};

/* No option with this logit is worth more, in 1e-15; costs apart. */
static int64_t value_above(const struct bounding *b, const struct pair *pair, int64_t logit_micro)
{
    int64_t at = logit_micro <= TABLE_FROM ? 0 : (logit_micro - TABLE_FROM) >> STEP_BITS;
    int64_t accept = b->accept_above[at < TABLE_N ? at : TABLE_N - 1];
    return (pair->benefit_micro * accept + 500) * 1000;
}

static struct wm_placement placement_of(const struct bounding *b, const struct pair *pair, size_t package,
                                        int32_t mentor)
{
    return (struct wm_placement){b->q->dataset->leaders.row_of_lane[pair->lane], (uint32_t)pair->post,
                                 (uint32_t)package, mentor};
}

/* By score_pair, without the penalty of a move, which the toll has. */
static int64_t value_femto(const struct bounding *b, const struct pair *pair, size_t package, int32_t mentor)
{
    struct wm_offer offer = question_offer(b->q, pair->post, package, mentor);
    struct wm_score score;
    score_pair(b->q->dataset, &b->q->dataset->posts[pair->post], pair->lane, &offer, &score);
    return score.expected_nano * FEMTO_IN_NANO;
}

/*
 * Raises the leader's most by the pair's best option. A value is below 2^51, a toll at least -2^60: what costs
 * COST_MOST is worth less than nothing, so that capping a cost there changes no answer and no sum leaves 64 bits.
 */
static void look_at_pair(const struct bounding *b, struct part *part, const struct pair *pair)
{
    int64_t *most = &part->most[pair->lane];
    const int32_t *wants = b->wants + pair->lane * b->q->n_packages;
    int64_t logit_most = pair->common_micro + b->wants_most[pair->lane] + part->logit_most;
    if (value_above(b, pair, logit_most) - part->cost_least - pair->toll <= *most)
        return; /* not even the best of everything at the price of the cheapest */
    for (size_t g = 0; g < part->n_groups; g++) {
        const struct group *group = &part->groups[g];
        const struct entry *entries = part->entries + group->first;
        int64_t logit = pair->common_micro + wants[group->package];
        if (value_above(b, pair, logit + entries[0].mentor_logit) - entries[group->n - 1].cost - pair->toll <= *most)
            continue;
        for (size_t e = 0; e < group->n; e++) {
            int64_t cost = entries[e].cost + pair->toll;
            if (value_above(b, pair, logit + entries[e].mentor_logit) - cost <= *most)
                continue;
            int64_t worth = value_femto(b, pair, group->package, entries[e].mentor) - cost;
            *most = worth > *most ? worth : *most;
        }
    }
}

/* ---- one pair whom a lock or a forbid names: option by option ---- */

static bool is_named(const struct named *named, size_t lane)
{
    return named->first[lane] < named->first[lane + 1];
}

static bool allowed(const struct bounding *b, const struct part *part, size_t lane,
                    const struct wm_placement *placement)
{
    for (uint32_t i = b->forbids.first[lane]; i < b->forbids.first[lane + 1]; i++)
        if (question_matches(&b->forbids.rules[b->forbids.which[i]], placement))
            return false;
    for (uint32_t i = b->locks.first[lane]; i < b->locks.first[lane + 1]; i++)
        if (!question_matches(&b->locks.rules[b->locks.which[i]], placement))
            return false;
    return !forbidden_to_all(part, placement->post, placement->package, placement->mentor);
}

static void look_at_option(const struct bounding *b, struct part *part, const struct pair *pair, size_t package,
                           int32_t mentor, sum128 cost)
{
    struct wm_placement placement = placement_of(b, pair, package, mentor);
    int32_t locked = b->locked_of_lane[pair->lane];
    if (!can_stand(b->q, pair->post, package, mentor) || !allowed(b, part, pair->lane, &placement))
        return;
    bool moves = question_is_move(b->q, placement.leader, pair->post);
    sum128 worth = value_femto(b, pair, package, mentor) - cost - b->price[pair->post] - (moves ? b->move_cost : 0);
    if (locked < 0) {
        part->most[pair->lane] = worth > part->most[pair->lane] ? (int64_t)worth : part->most[pair->lane];
        return;
    }
    part->locked[locked] = part->possible[locked] && part->locked[locked] > worth ? part->locked[locked] : worth;
    part->possible[locked] = true;
}

static void look_closely(const struct bounding *b, struct part *part, const struct pair *pair)
{
    const struct question *q = b->q;
    for (uint32_t i = b->locks.first[pair->lane]; i < b->locks.first[pair->lane + 1]; i++)
        if (b->locks.rules[b->locks.which[i]].post != (int32_t)pair->post)
            return;
    for (size_t k = 0; k < q->n_packages; k++) {
        if (!package_offered(q, pair->post, k))
            continue;
        sum128 cost = package_cost(b, pair->post, k);
        if (q->hours[k] == 0)
            look_at_option(b, part, pair, k, WM_NO_ROW, cost);
        for (size_t i = 0; q->hours[k] > 0 && i < part->n_mentors; i++)
            look_at_option(b, part, pair, k, part->mentors[i].mentor,
                           cost + b->hours_cost[(size_t)part->mentors[i].mentor * q->n_packages + k]);
    }
}

/* ---- one post ---- */

/* What the kernel is to score: fit, and the logit without package and mentor, as of an offer that adds nothing. */
static void bare_post(const struct question *q, size_t post, struct kernel_post *out)
{
    const struct post_terms *terms = &q->dataset->posts[post];
    kernel_post_fill(q->dataset, terms, terms->offers, out);
    out->n_offers = 1;
    out->constant_micro[0] = 0;
    memset(out->amount[0], 0, sizeof out->amount[0]);
}

static void mark_lanes(const struct question *q, struct part *part, size_t post)
{
    const struct post_terms *terms = &q->dataset->posts[post];
    const uint32_t *const *excluders = q->dataset->leaders.excluders;
    for (const uint32_t *lane = excluders[terms->organisation]; lane < excluders[terms->organisation + 1]; lane++)
        part->excluded[*lane] = (uint32_t)post + 1;
    for (size_t i = 0; i < terms->n_preferred; i++)
        part->preference_micro[terms->preferred[i].lane] = terms->preferred[i].logit_micro;
}

/* The logit of what is the same for every leader, as score_pair has it. */
static int64_t constant_micro(const struct question *q, size_t post)
{
    double base = q->dataset->policy.accept.base * MICRO;
    return (base < 0 ? -real_round(-base) : real_round(base)) + q->dataset->posts[post].severity_logit_micro;
}

static void look_at_block(const struct bounding *b, struct part *part, size_t post, const struct kernel_post *bare,
                          size_t from, int64_t constant)
{
    const struct wm_dataset *dataset = b->q->dataset;
    int32_t distance[LANES];
    uint16_t refused[LANES], unknown[LANES];
    struct kernel_scores scores;
    bool any = false;
    dataset->kernel->distance(&dataset->leaders, from, bare, distance);
    dataset->kernel->rules(&dataset->leaders, from, bare, distance, refused, unknown);
    for (size_t i = 0; i < LANES; i++) {
        refused[i] |= !b->lane_in[from + i] || part->excluded[from + i] == post + 1;
        any |= refused[i] == 0;
    }
    if (!any)
        return;
    dataset->kernel->score(&dataset->leaders, from, bare, distance, part->preference_micro + from, &scores);
    int64_t severity_micro = dataset->posts[post].severity.used_micro;
    for (size_t i = 0; i < LANES; i++) {
        size_t lane = from + i;
        if (refused[i])
            continue;
        struct pair pair = {post, lane, (scores.fit_micro[i] * severity_micro + MICRO / 2) / MICRO,
                            constant + scores.logit_micro[i], b->price[post]};
        if (question_is_move(b->q, dataset->leaders.row_of_lane[lane], post))
            pair.toll += capped(b->move_cost);
        if (is_named(&b->locks, lane) || is_named(&b->forbids, lane))
            look_closely(b, part, &pair);
        else
            look_at_pair(b, part, &pair);
    }
}

static void look_at_post(const struct bounding *b, struct part *part, size_t post)
{
    const struct question *q = b->q;
    const struct post_terms *terms = &q->dataset->posts[post];
    struct kernel_post bare;
    if (!q->post_in[post])
        return;
    list_forbids(b, part, post);
    list_entries(b, part, post);
    bare_post(q, post, &bare);
    mark_lanes(q, part, post);
    int64_t constant = constant_micro(q, post);
    for (size_t from = 0; from < q->dataset->leaders.n_padded; from += LANES)
        if (b->block_roles[from / LANES] & bare.role_bit)
            look_at_block(b, part, post, &bare, from, constant);
    for (size_t i = 0; i < terms->n_preferred; i++)
        part->preference_micro[terms->preferred[i].lane] = 0;
}

static void look_at_part(void *context, size_t i)
{
    struct bounding *b = context;
    size_t end = b->batch_from + b->batch < b->q->n_posts ? b->batch_from + b->batch : b->q->n_posts;
    for (size_t post = b->batch_from + i; post < end; post += b->n_parts)
        look_at_post(b, &b->parts[i], post);
}

/* ---- hours ---- */

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The divisors of what packages cost, and who of the mentors could have which package: reach[n_mentors][n_packages]. */
static void look_at_uses(struct bounding *b, bool *reach)
{
    const struct question *q = b->q;
    for (size_t post = 0; post < q->n_posts; post++) {
        bool any = false;
        for (size_t k = 0; q->post_in[post] && k < q->n_packages; k++) {
            struct wm_placement placement = {0, (uint32_t)post, (uint32_t)k, WM_NO_ROW};
            struct use uses[PLACEMENT_USES_MAX];
            if (!package_offered(q, post, k))
                continue;
            any |= q->hours[k] > 0;
            size_t n = question_uses(q, &placement, uses);
            for (size_t u = 0; u < n; u++)
                if (uses[u].resource >= q->first_budget && uses[u].resource < q->first_mentor)
                    b->divisor[uses[u].resource] = common_divisor(uses[u].amount, b->divisor[uses[u].resource]);
        }
        for (size_t m = 0; any && m < q->n_mentors; m++)
            if (q->mentor_in[m] && question_knows_role(q, post, m) && question_reaches(q, post, m))
                for (size_t k = 0; k < q->n_packages; k++)
                    reach[m * q->n_packages + k] |=
                        q->hours[k] > 0 && q->hours[k] <= q->limit[q->first_mentor + m] && package_offered(q, post, k);
    }
}

/*
 * The most that whole packages of mentor `m` bring within `limit` hours. Past PACKING_MOST units of hours the best price an
 * hour stands for all of them, which is never less.
 */
static sum128 pack(const struct bounding *b, size_t m, int64_t limit, const bool *reach, sum128 *best)
{
    const struct question *q = b->q;
    const int64_t *cost = b->hours_cost + m * q->n_packages;
    int64_t unit = 0, dearest = 0;
    for (size_t k = 0; k < q->n_packages; k++)
        if (reach[k]) {
            int64_t an_hour = cost[k] / q->hours[k] + (cost[k] % q->hours[k] > 0);
            unit = common_divisor(q->hours[k], unit);
            dearest = an_hour > dearest ? an_hour : dearest;
        }
    if (unit == 0)
        return 0;
    if (limit / unit > PACKING_MOST)
        return (sum128)dearest * limit;
    best[0] = 0;
    for (int64_t u = 1; u <= limit / unit; u++) {
        best[u] = best[u - 1];
        for (size_t k = 0; k < q->n_packages; k++)
            if (reach[k] && q->hours[k] / unit <= u && best[u - q->hours[k] / unit] + cost[k] > best[u])
                best[u] = best[u - q->hours[k] / unit] + cost[k];
    }
    return best[limit / unit];
}

/* What a package's hours cost of each mentor, and what uses of the rest have in common; reach[n_mentors][n_packages]. */
static int fill_uses(struct bounding *b, struct arena *arena, const struct wm_prices *prices, bool *reach)
{
    const struct question *q = b->q;
    int64_t *cost = arena_alloc(arena, q->n_mentors * q->n_packages + 1, sizeof *cost);
    b->divisor = arena_alloc(arena, q->n_resources, sizeof *b->divisor);
    b->hours_cost = cost;
    if (reach == NULL || cost == NULL || b->divisor == NULL)
        return WM_EMEMORY;
    for (size_t m = 0; m < q->n_mentors; m++)
        for (size_t k = 0; k < q->n_packages; k++)
            cost[m * q->n_packages + k] = capped((sum128)b->price[q->first_mentor + m] * q->hours[k]);
    for (size_t i = 0; i < prices->n_packages; i++) {
        const struct wm_package_price *p = &prices->packages[i];
        for (size_t k = 0; p->mentor < q->n_mentors && k < q->n_packages; k++)
            if (q->hours[k] == p->hours && p->hours > 0)
                cost[p->mentor * q->n_packages + k] = p->price_femto < 0           ? 0
                                                      : p->price_femto > COST_MOST ? COST_MOST
                                                                                   : p->price_femto;
    }
    look_at_uses(b, reach);
    return WM_OK;
}

/* `plainly`: all of each limit counts, and hours by the hour. */
static int fill_hours(struct bounding *b, struct arena *arena, const struct wm_prices *prices, bool plainly)
{
    const struct question *q = b->q;
    bool *reach = arena_alloc(arena, q->n_mentors * q->n_packages + 1, sizeof *reach);
    sum128 *best = arena_alloc(arena, PACKING_MOST + 1, sizeof *best);
    int code = fill_uses(b, arena, prices, reach);
    if (code != WM_OK || best == NULL)
        return WM_EMEMORY;
    if (plainly)
        memset(b->divisor, 0, q->n_resources * sizeof *b->divisor);
    for (size_t m = 0; m < q->n_mentors; m++) {
        int64_t limit = q->limit[q->first_mentor + m];
        b->hours_most += plainly ? limit == NO_LIMIT ? 0 : (sum128)b->price[q->first_mentor + m] * limit
                                 : pack(b, m, limit, reach + m * q->n_packages, best);
    }
    return WM_OK;
}

/*
 * A step more of one limit changes one term of the sum: of money and pieces all of it is counted, also what uses do not
 * add up to; hours are packed anew, with packages that only now are within them.
 */
int question_rises(const struct question *q, struct arena *arena, const struct wm_prices *prices, const int64_t *step,
                   sum128 *rise)
{
    struct bounding *b = arena_alloc(arena, 1, sizeof *b);
    bool *reach = arena_alloc(arena, q->n_mentors * q->n_packages + 1, sizeof *reach);
    sum128 *best = arena_alloc(arena, PACKING_MOST + 1, sizeof *best);
    if (b == NULL || best == NULL)
        return WM_EMEMORY;
    b->q = q;
    b->price = fair_prices(q, arena, prices->femto);
    if (b->price == NULL || fill_uses(b, arena, prices, reach) != WM_OK)
        return WM_EMEMORY;
    for (size_t r = 0; r < q->n_resources; r++) {
        int64_t limit = q->limit[r];
        if (limit == NO_LIMIT)
            continue;
        if (r < q->first_mentor || r >= q->moves) {
            rise[r] = (sum128)b->price[r] * ((sum128)limit + step[r] - usable(b, r));
            continue;
        }
        bool *of_mentor = reach + (r - q->first_mentor) * q->n_packages;
        rise[r] = -pack(b, r - q->first_mentor, limit, of_mentor, best);
        for (size_t k = 0; k < q->n_packages; k++)
            of_mentor[k] |= q->hours[k] > limit && q->hours[k] - limit <= step[r];
        rise[r] += pack(b, r - q->first_mentor, limit + step[r], of_mentor, best);
    }
    return WM_OK;
}

/* ---- setting up ---- */

static int fill_accept(struct bounding *b, struct arena *arena)
{
    b->accept_above = arena_alloc(arena, TABLE_N, sizeof *b->accept_above);
    for (size_t i = 0; b->accept_above != NULL && i < TABLE_N; i++) {
        double upper = (double)(TABLE_FROM + (int64_t)(i + 1) * (1 << STEP_BITS)) * 1e-6;
        b->accept_above[i] =
            (uint32_t)(1.0 / (1.0 + real_exp(-upper)) * 1e6) + 2; /* 1e6 is 1: never reached from below */
    }
    return b->accept_above == NULL ? WM_EMEMORY : WM_OK;
}

static int fill_lanes(struct bounding *b, struct arena *arena)
{
    const struct leader_columns *c = &b->q->dataset->leaders;
    size_t n_components = b->q->dataset->policy.n_components, n_packages = b->q->n_packages;
    b->wants = arena_alloc(arena, (c->n + 1) * n_packages, sizeof *b->wants);
    b->block_roles = arena_alloc(arena, c->n_padded / LANES + 1, sizeof *b->block_roles);
    b->lane_in = arena_alloc(arena, c->n_padded + 1, sizeof *b->lane_in);
    b->locked_of_lane = arena_alloc(arena, c->n_padded + 1, sizeof *b->locked_of_lane);
    b->wants_most = arena_alloc(arena, c->n + 1, sizeof *b->wants_most);
    if (b->wants == NULL || b->wants_most == NULL || b->block_roles == NULL || b->lane_in == NULL ||
        b->locked_of_lane == NULL)
        return WM_EMEMORY;
    for (size_t lane = 0; lane < c->n; lane++) {
        b->lane_in[lane] = b->q->leader_in[c->row_of_lane[lane]];
        b->block_roles[lane / LANES] |= c->roles[lane];
        for (size_t k = 0; k < n_packages; k++) {
            int32_t *wants = &b->wants[lane * n_packages + k];
            for (size_t t = 0; t < n_components; t++)
                *wants += c->want[t][lane] * b->q->dataset->amounts[k * n_components + t];
            b->wants_most[lane] = k == 0 || *wants > b->wants_most[lane] ? *wants : b->wants_most[lane];
        }
    }
    for (size_t lane = 0; lane < c->n_padded; lane++)
        b->locked_of_lane[lane] = -1;
    const struct wm_plan_request *r = b->q->request;
    for (size_t i = 0; i < r->n_locks; i++) {
        int32_t *locked = &b->locked_of_lane[c->lane_of_row[r->locks[i].leader]];
        *locked = *locked < 0 ? (int32_t)b->n_locked++ : *locked;
    }
    return WM_OK;
}

static int fill_named(const struct bounding *b, struct arena *arena, const struct wm_plan_rule *rules, size_t n,
                      struct named *out)
{
    const struct leader_columns *c = &b->q->dataset->leaders;
    *out = (struct named){rules, arena_alloc(arena, c->n_padded + 2, sizeof *out->first),
                          arena_alloc(arena, n + 1, sizeof *out->which), n};
    if (out->first == NULL || out->which == NULL)
        return WM_EMEMORY;
    for (size_t i = 0; i < n; i++)
        out->first[rules[i].leader == WM_NO_ROW ? c->n_padded : c->lane_of_row[rules[i].leader]]++;
    for (size_t lane = 0; lane <= c->n_padded;
         lane++) /* ends of lanes, which the filling counts down to their starts */
        out->first[lane + 1] += out->first[lane];
    for (size_t i = n; i-- > 0;)
        out->which[--out->first[rules[i].leader == WM_NO_ROW ? c->n_padded : c->lane_of_row[rules[i].leader]]] =
            (uint32_t)i;
    return WM_OK;
}

static int fill_parts(struct bounding *b, struct arena *arena)
{
    size_t n_padded = b->q->dataset->leaders.n_padded, n_packages = b->q->n_packages, n_mentors = b->q->n_mentors;
    for (size_t i = 0; i < b->n_parts; i++) {
        struct part *part = &b->parts[i];
        part->most = arena_alloc(arena, n_padded + 1, sizeof *part->most);
        part->preference_micro = arena_alloc(arena, n_padded + 1, sizeof *part->preference_micro);
        part->excluded = arena_alloc(arena, n_padded + 1, sizeof *part->excluded);
        part->mentors = arena_alloc(arena, n_mentors + 1, sizeof *part->mentors);
        part->entries = arena_alloc(arena, n_packages * (n_mentors + 1), sizeof *part->entries);
        part->groups = arena_alloc(arena, n_packages + 1, sizeof *part->groups);
        part->forbids = arena_alloc(arena, b->forbids.n + 1, sizeof *part->forbids);
        part->locked = arena_alloc(arena, b->n_locked + 1, sizeof *part->locked);
        part->possible = arena_alloc(arena, b->n_locked + 1, sizeof *part->possible);
        if (part->most == NULL || part->preference_micro == NULL || part->excluded == NULL || part->mentors == NULL ||
            part->entries == NULL || part->groups == NULL || part->forbids == NULL || part->locked == NULL ||
            part->possible == NULL)
            return WM_EMEMORY;
    }
    return WM_OK;
}

/* ---- the sum ---- */

/* False when stopped. */
static bool look_at_posts(struct bounding *b, const struct wm_solve_options *options)
{
    for (b->batch_from = 0; b->batch_from < b->q->n_posts; b->batch_from += b->batch) {
        if (options != NULL && options->stop != NULL && options->stop(options->arg))
            return false;
        if (options != NULL && options->parallel != NULL)
            options->parallel(options->arg, b->n_parts, look_at_part, b);
        else
            look_at_part(b, 0);
    }
    return true;
}

/* The most that a locked leader's options are worth; false when there is none. */
static bool locked_most(const struct bounding *b, size_t locked, sum128 *most)
{
    bool any = false;
    for (size_t i = 0; i < b->n_parts; i++)
        if (b->parts[i].possible[locked] && (!any || b->parts[i].locked[locked] > *most)) {
            *most = b->parts[i].locked[locked];
            any = true;
        }
    return any;
}

/* False when a lock leaves no option, or the sum is past any number: limits and prices may be as large as they like. */
static bool add_up(const struct bounding *b, sum128 *out)
{
    const struct question *q = b->q;
    bool fits = true;
    *out = b->hours_most;
    for (size_t r = 0; r < q->n_resources; r++)
        if (q->limit[r] != NO_LIMIT && (r < q->first_mentor || r >= q->moves))
            fits = fits && !__builtin_add_overflow(*out, (sum128)b->price[r] * usable(b, r), out);
    for (size_t lane = 0; lane < q->dataset->leaders.n; lane++) {
        int64_t most = 0;
        for (size_t i = 0; i < b->n_parts; i++)
            most = b->parts[i].most[lane] > most ? b->parts[i].most[lane] : most;
        fits = fits && !__builtin_add_overflow(*out, (sum128)most, out);
    }
    for (size_t l = 0; l < b->n_locked; l++) {
        sum128 most = 0;
        fits = fits && locked_most(b, l, &most) && !__builtin_add_overflow(*out, most, out);
    }
    return fits;
}

int question_bound(const struct question *q, struct arena *arena, const struct wm_prices *prices, bool plainly,
                   const struct wm_solve_options *options, sum128 *bound, bool *bounded)
{
    struct bounding *b = arena_alloc(arena, 1, sizeof *b);
    if (b == NULL)
        return WM_EMEMORY;
    b->q = q;
    b->n_parts = options != NULL && options->parallel != NULL ? PARTS : 1;
    b->batch = PARTS + BATCH_PLACES / (q->dataset->leaders.n + 1);
    b->price = fair_prices(q, arena, prices->femto);
    if (b->price == NULL || fill_hours(b, arena, prices, plainly) != WM_OK || fill_accept(b, arena) != WM_OK ||
        fill_lanes(b, arena) != WM_OK ||
        fill_named(b, arena, q->request->locks, q->request->n_locks, &b->locks) != WM_OK ||
        fill_named(b, arena, q->request->forbids, q->request->n_forbids, &b->forbids) != WM_OK ||
        fill_parts(b, arena) != WM_OK)
        return WM_EMEMORY;
    b->move_cost = (sum128)q->request->move_penalty_nano * FEMTO_IN_NANO + b->price[q->moves];
    *bounded = look_at_posts(b, options) && add_up(b, bound);
    return WM_OK;
}
