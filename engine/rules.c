/*
 * The hard rules of one pair in words: verdict, the facts that decided, and the smallest change that would turn a
 * refusal. The verdicts themselves are the kernel's, so that an explanation can never disagree with a shortlist.
 */
#include "rules.h"

#include <stdio.h>
#include <string.h>

struct pair {
    const struct wm_dataset *dataset;
    const struct post_terms *terms;
    const struct leader_columns *c;
    size_t post, lane;
    int32_t distance_hm; /* -1 unknown */
};

static const char *word_of(const struct pair *p, const char *vocabulary, int index)
{
    const struct vocabulary *v = policy_vocabulary(&p->dataset->policy, vocabulary);
    return index >= 0 && v != NULL && (size_t)index < v->n ? v->words[index].name : "unknown";
}

static struct wm_change *leader_change(const struct pair *p, struct wm_rule_outcome *out, const char *column,
                                       enum wm_type type)
{
    struct wm_change *change = &out->changes[out->n_changes++];
    *change = (struct wm_change){WM_LEADERS, wm_row_id(p->dataset, WM_LEADERS, p->c->row_of_lane[p->lane]),
                                 column,     type,
                                 WM_MISSING, WM_MISSING,
                                 WM_MISSING, NULL,
                                 false};
    return change;
}

/* The date in `column` has to be at least `to`. */
static void change_day(const struct pair *p, struct wm_rule_outcome *out, const char *column, int32_t from)
{
    struct wm_change *change = leader_change(p, out, column, WM_DATE);
    change->to = p->terms->starts;
    if (from != DAY_UNKNOWN) {
        change->from = from;
        change->by = (int64_t)p->terms->starts - from;
    }
}

static const char *day_text(int32_t day, char buf[11])
{
    wm_date_format(day, buf);
    return buf;
}

static void tell_role(const struct pair *p, struct wm_rule_outcome *out)
{
    const char *role = word_of(p, "role", p->terms->role);
    if (out->verdict == WM_PASSED) {
        snprintf(out->note, sizeof out->note, "has held the role %s", role);
        return;
    }
    snprintf(out->note, sizeof out->note,
             out->verdict == WM_REFUSED ? "the post is %s, which is not among the roles held"
                                        : "the post is %s; the roles held are unknown",
             role);
    leader_change(p, out, "roles", WM_WORDS)->word = role;
}

static void tell_grade(const struct pair *p, struct wm_rule_outcome *out)
{
    int64_t up = p->dataset->policy.rules.grade_steps_up, down = p->dataset->policy.rules.grade_steps_down;
    int grade = p->c->grade[p->lane], wanted = p->terms->grade;
    snprintf(out->note, sizeof out->note, "leader's grade %s, post's grade %s; at most %lld step%s up and %lld down",
             word_of(p, "grade", grade), word_of(p, "grade", wanted), (long long)up, up == 1 ? "" : "s",
             (long long)down);
    if (out->verdict == WM_PASSED)
        return;
    struct wm_change *change = leader_change(p, out, "grade", WM_WORD);
    int64_t lowest = wanted - up > 0 ? wanted - up : 0, highest = wanted + down;
    change->to = grade < 0 ? wanted : grade < lowest ? lowest : highest;
    if (grade >= 0) {
        change->from = grade;
        change->by = change->to - grade;
    }
}

static void tell_accreditation(const struct pair *p, struct wm_rule_outcome *out)
{
    char until[11], starts[11];
    if (p->terms->accreditation < 0) {
        snprintf(out->note, sizeof out->note, "none is required");
        return;
    }
    const char *required = word_of(p, "accreditation", p->terms->accreditation);
    uint64_t held = p->c->accreditations[p->lane];
    int32_t day = p->c->accredited_until[p->lane];
    bool holds = held >> p->terms->accreditation & 1;
    day_text(p->terms->starts, starts);
    if (held & UNKNOWN_SET)
        snprintf(out->note, sizeof out->note, "%s is required on %s; whether it is held is unknown", required, starts);
    else if (holds && day == DAY_UNKNOWN)
        snprintf(out->note, sizeof out->note, "%s is required on %s; it is held, until when is unknown", required,
                 starts);
    else if (holds)
        snprintf(out->note, sizeof out->note, "%s is required on %s; it is held until %s", required, starts,
                 day_text(day, until));
    else
        snprintf(out->note, sizeof out->note, "%s is required and not held", required);
    if (out->verdict == WM_PASSED)
        return;
    if (!holds)
        leader_change(p, out, "accreditation", WM_WORDS)->word = required;
    if (day < p->terms->starts) /* an unknown day is the smallest number */
        change_day(p, out, "accredited_until", day);
    out->together = out->n_changes > 1;
}

static void tell_fit_and_proper(const struct pair *p, struct wm_rule_outcome *out)
{
    char until[11], starts[11];
    int32_t day = p->c->fit_and_proper_until[p->lane];
    if (!p->terms->board_role) {
        snprintf(out->note, sizeof out->note, "not a board role");
        return;
    }
    day_text(p->terms->starts, starts);
    if (day == DAY_UNKNOWN)
        snprintf(out->note, sizeof out->note,
                 "a board role: the check has to hold on %s; until when it holds is unknown", starts);
    else
        snprintf(out->note, sizeof out->note, "a board role: the check has to hold on %s; it holds until %s", starts,
                 day_text(day, until));
    if (out->verdict != WM_PASSED)
        change_day(p, out, "fit_and_proper_until", day);
}

/* Whether what must be in date on the start day still is on a later one. */
static bool papers_hold_on(const struct pair *p, int32_t day)
{
    int accreditation = p->terms->accreditation;
    bool accredited = (p->c->accreditations[p->lane] >> (accreditation < 0 ? 0 : accreditation) & 1) &&
                      p->c->accredited_until[p->lane] >= day;
    return (accreditation < 0 || accredited) && (!p->terms->board_role || p->c->fit_and_proper_until[p->lane] >= day);
}

static void tell_ready(const struct pair *p, struct wm_rule_outcome *out)
{
    char from[11], starts[11];
    int32_t day = p->c->ready_from[p->lane];
    day_text(p->terms->starts, starts);
    if (day == DAY_UNKNOWN)
        snprintf(out->note, sizeof out->note, "from when is unknown; the post starts on %s", starts);
    else
        snprintf(out->note, sizeof out->note, "ready from %s; the post starts on %s", day_text(day, from), starts);
    if (out->verdict == WM_PASSED)
        return;
    change_day(p, out, "ready_from", day);
    if (day != DAY_UNKNOWN && papers_hold_on(p, day)) /* or the post can wait */
        out->changes[out->n_changes++] =
            (struct wm_change){WM_POSTS, wm_row_id(p->dataset, WM_POSTS, p->post), "starts", WM_DATE, p->terms->starts,
                               day,      (int64_t)day - p->terms->starts,          NULL,     false};
}

enum { COMMUTE_KM = 30 }; /* a longer way to travel by up to this is a smaller change than a region to move to */

static void tell_place(const struct pair *p, struct wm_rule_outcome *out)
{
    const char *region = word_of(p, "region", p->terms->region);
    uint64_t willing = p->c->regions[p->lane];
    int64_t travel_km = p->c->travel_hm[p->lane] / 10, needed_km = (p->distance_hm + 9) / 10;
    const char *stance = willing & UNKNOWN_SET                                        ? "has not said about moving to"
                         : p->terms->region >= 0 && (willing >> p->terms->region & 1) ? "is willing to move to"
                                                                                      : "is not willing to move to";
    bool limit_known = p->c->travel_hm[p->lane] >= 0;
    if (p->distance_hm >= 0 && !limit_known)
        snprintf(out->note, sizeof out->note, "%s %s; lives %d.%d km away, how far they would travel is unknown",
                 stance, region, p->distance_hm / 10, p->distance_hm % 10);
    else if (p->distance_hm >= 0)
        snprintf(out->note, sizeof out->note, "%s %s; lives %d.%d km away and would travel %lld km", stance, region,
                 p->distance_hm / 10, p->distance_hm % 10, (long long)travel_km);
    else
        snprintf(out->note, sizeof out->note, "%s %s; the distance is unknown", stance, region);
    if (out->verdict == WM_PASSED)
        return;
    leader_change(p, out, "regions_willing", WM_WORDS)->word = region;
    if (p->distance_hm < 0)
        return;
    struct wm_change *travel = leader_change(p, out, "travel_km", WM_INTEGER);
    travel->to = needed_km;
    if (limit_known) {
        travel->from = travel_km;
        travel->by = needed_km - travel_km;
    }
    if (limit_known && travel->by <= COMMUTE_KM) {
        struct wm_change first = *travel;
        *travel = out->changes[0];
        out->changes[0] = first;
    }
}

static void tell_excluded(const struct pair *p, struct wm_rule_outcome *out)
{
    const char *organisation = wm_row_id(p->dataset, WM_ORGANISATIONS, p->terms->organisation);
    snprintf(out->note, sizeof out->note, out->verdict == WM_PASSED ? "has not excluded %s" : "has excluded %s",
             organisation);
    if (out->verdict == WM_PASSED)
        return;
    struct wm_change *change = leader_change(p, out, "organisations_excluded", WM_REFERENCES);
    change->word = organisation;
    change->remove = true;
}

/* The pots that are short for an offer, as cells to raise; how many there are, and their sum. */
static size_t short_pots(const struct pair *p, const struct wm_offer *offer, struct wm_change changes[POT_COUNT],
                         int64_t *sum)
{
    size_t n = 0;
    *sum = 0;
    for (int pot = 0; pot < POT_COUNT; pot++) {
        int64_t amount = pot_amount(p->dataset, p->terms, (enum pot)pot), use = pot_use(offer, (enum pot)pot);
        if (amount == WM_MISSING || use <= amount)
            continue;
        const char *id = wm_row_id(p->dataset, WM_BUDGETS, (size_t)p->terms->pots[pot]);
        changes[n++] =
            (struct wm_change){WM_BUDGETS, id, "amount_gbp", WM_INTEGER, amount, use, use - amount, NULL, false};
        *sum += use - amount;
    }
    return n;
}

/* No package: of those that only money bars, the one that the least would open. */
static void tell_package(const struct pair *p, struct wm_rule_outcome *out)
{
    size_t n = p->dataset->tables[WM_PACKAGES].n_rows, allowed = 0;
    int64_t least = INT64_MAX;
    for (size_t k = 0; k < n; k++) {
        const struct wm_offer *offer = &p->terms->offers[k];
        struct wm_change changes[POT_COUNT];
        int64_t sum;
        allowed += offer->bar == WM_OFFER_BAR_none;
        if (offer->bar != WM_OFFER_BAR_local_budget && offer->bar != WM_OFFER_BAR_central_budget)
            continue;
        size_t n_short = short_pots(p, offer, changes, &sum);
        if (n_short > WM_CHANGES_MAX || sum >= least)
            continue;
        least = sum;
        out->n_changes = n_short;
        out->together = n_short > 1;
        memcpy(out->changes, changes, n_short * sizeof *changes);
    }
    snprintf(out->note, sizeof out->note, "%zu of %zu packages may be used for this post", allowed, n);
    if (out->verdict == WM_PASSED) {
        out->n_changes = 0;
        out->together = false;
    }
}

static void tell_filter(const struct pair *p, struct wm_rule_outcome *out)
{
    (void)p;
    snprintf(out->note, sizeof out->note, "no filter was asked for");
}

static void (*const tellers[WM_RULE_COUNT])(const struct pair *p, struct wm_rule_outcome *out) = {
#define X(name, text) tell_##name,
    WM_RULES(X)
#undef X
};

static bool excludes(const struct wm_dataset *dataset, size_t organisation, size_t lane)
{
    for (const uint32_t *p = dataset->leaders.excluders[organisation]; p < dataset->leaders.excluders[organisation + 1];
         p++)
        if (*p == lane)
            return true;
    return false;
}

void pair_rules(const struct wm_dataset *dataset, const struct post_terms *terms, const struct kernel_post *post,
                size_t lane, uint16_t *refused, uint16_t *unknown)
{
    int32_t distance[LANES];
    uint16_t block_refused[LANES], block_unknown[LANES];
    size_t from = lane / LANES * LANES;
    dataset->kernel->distance(&dataset->leaders, from, post, distance);
    dataset->kernel->rules(&dataset->leaders, from, post, distance, block_refused, block_unknown);
    *refused = block_refused[lane % LANES];
    *unknown = block_unknown[lane % LANES];
    if (excludes(dataset, terms->organisation, lane))
        *refused |= 1u << WM_RULE_excluded;
    if (post->n_offers == 0)
        *refused |= 1u << WM_RULE_package;
}

void rule_tell(const struct wm_dataset *dataset, size_t post, size_t lane, enum wm_rule rule, uint16_t refused,
               uint16_t unknown, struct wm_rule_outcome *out)
{
    const struct post_terms *terms = &dataset->posts[post];
    struct pair pair = {dataset, terms, &dataset->leaders, post, lane, pair_distance_hm(dataset, terms, lane)};
    *out = (struct wm_rule_outcome){.rule = rule};
    out->verdict = unknown >> rule & 1 ? WM_UNJUDGED : refused >> rule & 1 ? WM_REFUSED : WM_PASSED;
    tellers[rule](&pair, out);
}
