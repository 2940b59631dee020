/*
 * Lays a request over a dataset: checks it, numbers the resources, sets their limits, notes who takes part, and writes
 * each post's menu - every package with every mentor who could go with it, what that uses and its share of the logit.
 *
 * What no leader may take is left out of the menus here, once: packages that policy bars or the question leaves out,
 * entries that alone are more than a limit, and whatever a forbid rules out for everybody. What rules out an entry for
 * one leader only (locks, forbids that name a leader) is asked of scenario_allows, and lane_ruled tells for whom to
 * ask.
 */
#include "scenario.h"
#include "real.h"
#include "score.h"

#include <stdlib.h>

/* ---- numbers of resources ---- */

const char *wm_resource_kind_name(enum wm_resource_kind kind)
{
    static const char *const names[WM_RESOURCE_KINDS] = {"post", "budget", "package", "mentor", "moves"};
    return (unsigned)kind < WM_RESOURCE_KINDS ? names[kind] : "unknown";
}

static size_t rows_of(const struct wm_dataset *dataset, enum wm_resource_kind kind)
{
    static const enum wm_table tables[] = {WM_POSTS, WM_BUDGETS, WM_PACKAGES, WM_MENTORS};
    return kind == WM_RESOURCE_MOVES ? 1 : dataset->tables[tables[kind]].n_rows;
}

size_t wm_resource_count(const struct wm_dataset *dataset)
{
    size_t n = 0;
    for (int kind = 0; kind < WM_RESOURCE_KINDS; kind++)
        n += rows_of(dataset, (enum wm_resource_kind)kind);
    return n;
}

size_t wm_resource_index(const struct wm_dataset *dataset, enum wm_resource_kind kind, size_t row)
{
    for (int before = 0; before < (int)kind; before++)
        row += rows_of(dataset, (enum wm_resource_kind)before);
    return row;
}

enum wm_resource_kind wm_resource_at(const struct wm_dataset *dataset, size_t resource, size_t *row)
{
    for (int kind = 0; kind < WM_RESOURCE_KINDS; kind++) {
        size_t n = rows_of(dataset, (enum wm_resource_kind)kind);
        if (resource < n) {
            *row = resource;
            return (enum wm_resource_kind)kind;
        }
        resource -= n;
    }
    *row = 0;
    return WM_RESOURCE_KINDS;
}

/* ---- the request: rows and arguments ---- */

static bool rows_known(const struct wm_dataset *dataset, enum wm_table table, const uint32_t *rows, size_t n)
{
    for (size_t i = 0; rows != NULL && i < n; i++)
        if (rows[i] >= dataset->tables[table].n_rows)
            return false;
    return true;
}

static bool row_known(const struct wm_dataset *dataset, enum wm_table table, int32_t row)
{
    return row >= WM_NO_ROW && row < (int64_t)dataset->tables[table].n_rows;
}

static bool rules_known(const struct wm_dataset *dataset, const struct wm_plan_rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!row_known(dataset, WM_LEADERS, rules[i].leader) || !row_known(dataset, WM_POSTS, rules[i].post) ||
            !row_known(dataset, WM_PACKAGES, rules[i].package) || !row_known(dataset, WM_MENTORS, rules[i].mentor))
            return false;
    return true;
}

static bool base_known(const struct wm_dataset *dataset, const struct wm_placement *base, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (base[i].leader >= dataset->tables[WM_LEADERS].n_rows || base[i].post >= dataset->tables[WM_POSTS].n_rows ||
            base[i].package >= dataset->tables[WM_PACKAGES].n_rows || !row_known(dataset, WM_MENTORS, base[i].mentor))
            return false;
    return true;
}

static bool limits_known(const struct wm_dataset *dataset, const struct wm_limit_change *limits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned)limits[i].kind >= WM_RESOURCE_KINDS || limits[i].row >= rows_of(dataset, limits[i].kind))
            return false;
    return true;
}

static bool all_known(const struct wm_dataset *dataset, const struct wm_plan_request *r)
{
    return rows_known(dataset, WM_POSTS, r->posts, r->n_posts) &&
           rows_known(dataset, WM_LEADERS, r->leaders, r->n_leaders) &&
           rows_known(dataset, WM_PACKAGES, r->packages, r->n_packages) &&
           rows_known(dataset, WM_POSTS, r->without_posts, r->n_without_posts) &&
           rows_known(dataset, WM_LEADERS, r->without_leaders, r->n_without_leaders) &&
           rows_known(dataset, WM_MENTORS, r->without_mentors, r->n_without_mentors) &&
           rows_known(dataset, WM_POSTS, r->must_fill, r->n_must_fill) && rules_known(dataset, r->locks, r->n_locks) &&
           rules_known(dataset, r->forbids, r->n_forbids) && base_known(dataset, r->base, r->n_base) &&
           limits_known(dataset, r->limits, r->n_limits);
}

static bool arguments_good(const struct wm_plan_request *r)
{
    bool good = r->move_penalty_nano >= 0 && (r->moves_max >= 0 || r->moves_max == WM_MISSING);
    for (size_t i = 0; i < r->n_locks; i++)
        good = good && r->locks[i].leader != WM_NO_ROW && r->locks[i].post != WM_NO_ROW;
    for (size_t i = 0; i < r->n_forbids; i++) {
        const struct wm_plan_rule *f = &r->forbids[i];
        good = good &&
               !(f->leader == WM_NO_ROW && f->post == WM_NO_ROW && f->package == WM_NO_ROW && f->mentor == WM_NO_ROW);
    }
    for (size_t i = 0; i < r->n_limits; i++)
        good = good && (r->limits[i].relative || r->limits[i].amount >= 0);
    return good;
}

/* ---- limits and who takes part ---- */

static void set_limits(struct scenario *s, enum wm_resource_kind kind, enum wm_table table, const char *column)
{
    const int64_t *cells = s->dataset->tables[table].cells[table_column(&s->dataset->tables[table], column)];
    int64_t *limit = s->limit + wm_resource_index(s->dataset, kind, 0);
    for (size_t row = 0; row < s->dataset->tables[table].n_rows; row++)
        limit[row] = cells[row] == WM_MISSING ? LIMIT_NONE : cells[row];
}

/* More of what has no limit is no limit; sums end at the greatest limit there is, and at 0. */
static int64_t changed_limit(int64_t limit, const struct wm_limit_change *change)
{
    if (change->relative && limit == LIMIT_NONE)
        return limit;
    int64_t sum = change->amount;
    if (change->relative && __builtin_add_overflow(limit, change->amount, &sum))
        return LIMIT_NONE - 1; /* a limit is not below 0, so only upwards */
    return sum < 0 ? 0 : sum < LIMIT_NONE ? sum : LIMIT_NONE - 1;
}

static void fill_limits(struct scenario *s)
{
    const struct wm_plan_request *r = s->request;
    set_limits(s, WM_RESOURCE_POST, WM_POSTS, "openings");
    set_limits(s, WM_RESOURCE_BUDGET, WM_BUDGETS, "amount_gbp");
    set_limits(s, WM_RESOURCE_PACKAGE, WM_PACKAGES, "stock");
    set_limits(s, WM_RESOURCE_MENTOR, WM_MENTORS, "hours");
    s->limit[s->moves] = r->moves_max == WM_MISSING ? LIMIT_NONE : r->moves_max;
    for (size_t i = 0; i < r->n_limits; i++) {
        int64_t *limit = &s->limit[wm_resource_index(s->dataset, r->limits[i].kind, r->limits[i].row)];
        *limit = changed_limit(*limit, &r->limits[i]);
    }
    s->move_penalty_nano = r->move_penalty_nano;
    s->has_moves = s->limit[s->moves] != LIMIT_NONE || r->move_penalty_nano > 0;
}

/* All n, or those listed; then not those left out. `place` turns a row into where it stands (NULL: there already). */
static void mark(uint8_t *in, size_t n, const uint32_t *only, size_t n_only, const uint32_t *without, size_t n_without,
                 const uint32_t *place)
{
    for (size_t i = 0; only == NULL && i < n; i++)
        in[i] = 1;
    for (size_t i = 0; only != NULL && i < n_only; i++)
        in[place != NULL ? place[only[i]] : only[i]] = 1;
    for (size_t i = 0; i < n_without; i++)
        in[place != NULL ? place[without[i]] : without[i]] = 0;
}

static void fill_parts(struct scenario *s)
{
    const struct wm_plan_request *r = s->request;
    const uint32_t *lane_of_row = s->dataset->leaders.lane_of_row;
    mark(s->post_in, s->n_posts, r->posts, r->n_posts, r->without_posts, r->n_without_posts, NULL);
    mark(s->lane_in, s->n_lanes, r->leaders, r->n_leaders, r->without_leaders, r->n_without_leaders, lane_of_row);
    mark(s->package_in, s->first_mentor - s->first_package, r->packages, r->n_packages, NULL, 0, NULL);
    mark(s->mentor_in, s->moves - s->first_mentor, NULL, 0, r->without_mentors, r->n_without_mentors, NULL);
    for (size_t j = 0; r->posts == NULL && j < s->n_posts; j++)
        s->post_in[j] &= s->dataset->posts[j].severity.known;
    for (size_t i = 0; i < r->n_must_fill; i++)
        s->must_fill[r->must_fill[i]] = true;
    for (size_t lane = 0; lane < s->n_lanes; lane++)
        s->base_post[lane] = UINT32_MAX;
    for (size_t i = 0; i < r->n_base; i++)
        s->base_post[lane_of_row[r->base[i].leader]] = r->base[i].post;
}

/* ---- locks and forbids ---- */

static struct scenario_rule rule_in_lanes(const struct scenario *s, const struct wm_plan_rule *rule)
{
    int32_t lane =
        rule->leader == WM_NO_ROW ? WM_NO_ROW : (int32_t)s->dataset->leaders.lane_of_row[(uint32_t)rule->leader];
    return (struct scenario_rule){lane, rule->post, rule->package, rule->mentor};
}

static void fill_rules(struct scenario *s)
{
    const struct wm_plan_request *r = s->request;
    s->n_locks = r->n_locks;
    s->n_forbids = r->n_forbids;
    for (size_t lane = 0; lane <= s->n_lanes; lane++)
        s->lock_of_lane[lane] = s->forbid_of_lane[lane] = -1;
    for (size_t i = s->n_locks; i-- > 0;) { /* backwards, so that each leader's chain runs forwards */
        s->locks[i] = rule_in_lanes(s, &r->locks[i]);
        s->lock_next[i] = s->lock_of_lane[s->locks[i].lane];
        s->lock_of_lane[s->locks[i].lane] = (int32_t)i;
        s->lane_ruled[s->locks[i].lane] = 1;
    }
    for (size_t i = s->n_forbids; i-- > 0;) {
        s->forbids[i] = rule_in_lanes(s, &r->forbids[i]);
        size_t lane = s->forbids[i].lane == WM_NO_ROW ? s->n_lanes : (size_t)s->forbids[i].lane;
        s->forbid_next[i] = s->forbid_of_lane[lane];
        s->forbid_of_lane[lane] = (int32_t)i;
        s->lane_ruled[lane] = 1;
    }
}

/* Does the rule speak of this post and entry? (The caller has seen to the leader.) */
static bool rule_matches(const struct scenario_rule *rule, size_t post, const struct menu_entry *entry)
{
    return (rule->post == WM_NO_ROW || rule->post == (int64_t)post) &&
           (rule->package == WM_NO_ROW || rule->package == (int64_t)entry->package) &&
           (rule->mentor == WM_NO_ROW || rule->mentor == entry->mentor);
}

/* By what is said of this leader; lane n_lanes: of all. */
static bool forbidden(const struct scenario *s, size_t lane, size_t post, const struct menu_entry *entry)
{
    for (int32_t i = s->forbid_of_lane[lane]; i >= 0; i = s->forbid_next[i])
        if (rule_matches(&s->forbids[i], post, entry))
            return true;
    return false;
}

bool scenario_allows(const struct scenario *s, size_t lane, size_t post, const struct menu_entry *entry)
{
    if (!s->lane_ruled[lane])
        return true;
    for (int32_t i = s->lock_of_lane[lane]; i >= 0; i = s->lock_next[i])
        if (!rule_matches(&s->locks[i], post, entry))
            return false;
    return !forbidden(s, lane, post, entry);
}

/* ---- wants ---- */

static bool is_large(int32_t part_micro)
{
    return part_micro < -PART_MICRO_MAX || part_micro > PART_MICRO_MAX;
}

static void fill_wants(struct scenario *s)
{
    const struct wm_dataset *dataset = s->dataset;
    size_t n_packages = s->first_mentor - s->first_package, n = dataset->policy.n_components;
    for (size_t k = 0; k < n_packages; k++)
        for (size_t t = 0; t < n; t++) {
            int32_t amount = dataset->amounts[k * n + t];
            for (size_t lane = 0; amount != 0 && lane < s->n_lanes; lane++)
                s->wants_micro[lane * n_packages + k] += dataset->leaders.want[t][lane] * amount;
        }
    for (size_t i = 0; i < s->n_lanes * n_packages; i++) {
        bool large = is_large(s->wants_micro[i]);
        s->large_logits |= large;
        s->wants_against[i] = large ? 0 : real_exp(-(s->wants_micro[i] * 1e-6));
    }
}

/* ---- menus ---- */

static bool barred_by_policy(const struct wm_offer *offer)
{
    return offer->bar == WM_OFFER_BAR_segment || offer->bar == WM_OFFER_BAR_premium_cap ||
           offer->bar == WM_OFFER_BAR_relocation_cap;
}

static void add_use(struct menu_entry *entry, size_t resource, int64_t use)
{
    if (use <= 0)
        return;
    entry->resource[entry->n_uses] = (uint32_t)resource;
    entry->use[entry->n_uses++] = use;
}

static int by_row(const void *a, const void *b)
{
    int32_t p = *(const int32_t *)a, q = *(const int32_t *)b;
    return p < q ? -1 : p > q;
}

/* A package without a mentor: opening, money, stock. */
static struct menu_entry entry_of(const struct scenario *s, size_t post, const struct wm_offer *offer)
{
    const struct post_terms *terms = &s->dataset->posts[post];
    struct menu_entry entry = {.package = offer->package, .mentor = WM_NO_ROW};
    int32_t pots[POT_COUNT];
    for (int pot = 0; pot < POT_COUNT; pot++)
        pots[pot] = terms->pots[pot];
    qsort(pots, POT_COUNT, sizeof *pots, by_row);
    add_use(&entry, post, 1);
    for (int i = 0; i < POT_COUNT; i++)
        if (pots[i] != WM_NO_ROW)
            add_use(&entry, s->first_budget + (size_t)pots[i],
                    pot_use(offer, pots[i] == terms->pots[POT_ORGANISATION] ? POT_ORGANISATION : POT_NATIONAL));
    if (s->limit[s->first_package + offer->package] != LIMIT_NONE)
        add_use(&entry, s->first_package + offer->package, 1);
    entry.constant_micro = offer_constant_micro(s->dataset, terms, 0, NULL);
    return entry;
}

/* Within every limit by itself, and not forbidden to all: otherwise no plan could hold it. */
static bool can_stand(const struct scenario *s, size_t post, const struct menu_entry *entry)
{
    for (size_t u = 0; u < entry->n_uses; u++)
        if (entry->use[u] > s->limit[entry->resource[u]])
            return false;
    return !forbidden(s, s->n_lanes, post, entry);
}

struct kitchen { /* scratch for one menu */
    size_t n_mentors;
    struct mentor_for *mentors; /* of the post, by falling quality */
    size_t n;
    struct menu_entry *entries;
};

static int by_quality(const void *a, const void *b)
{
    const struct mentor_for *p = a, *q = b;
    if (p->quality_micro != q->quality_micro)
        return p->quality_micro > q->quality_micro ? -1 : 1;
    return p->mentor < q->mentor ? -1 : 1;
}

static void find_mentors(const struct scenario *s, size_t post, struct kitchen *kitchen)
{
    size_t n = mentors_for(s->dataset, &s->dataset->posts[post], kitchen->mentors);
    kitchen->n_mentors = 0;
    for (size_t i = 0; i < n; i++)
        if (s->mentor_in[kitchen->mentors[i].mentor])
            kitchen->mentors[kitchen->n_mentors++] = kitchen->mentors[i];
    qsort(kitchen->mentors, kitchen->n_mentors, sizeof *kitchen->mentors, by_quality);
}

static void add_entry(const struct scenario *s, size_t post, struct kitchen *kitchen, const struct menu_entry *entry)
{
    if (can_stand(s, post, entry))
        kitchen->entries[kitchen->n++] = *entry;
}

static void add_package(const struct scenario *s, size_t post, struct kitchen *kitchen, const struct wm_offer *offer)
{
    int64_t hours = table_cell(&s->dataset->tables[WM_PACKAGES], offer->package, "mentor_hours");
    struct menu_entry entry = entry_of(s, post, offer);
    if (hours <= 0) {
        add_entry(s, post, kitchen, &entry);
        return;
    }
    add_use(&entry, s->first_mentor, hours);
    for (size_t i = 0; i < kitchen->n_mentors; i++) {
        const struct mentor_for *m = &kitchen->mentors[i];
        entry.mentor = (int32_t)m->mentor;
        entry.mentor_quality_micro = m->quality_micro;
        entry.constant_micro = offer_constant_micro(s->dataset, &s->dataset->posts[post], m->quality_micro, NULL);
        entry.resource[entry.n_uses - 1] = (uint32_t)(s->first_mentor + m->mentor);
        add_entry(s, post, kitchen, &entry);
    }
}

static int write_menu(struct scenario *s, struct arena *arena, size_t post, struct kitchen *kitchen)
{
    size_t n_packages = s->first_mentor - s->first_package;
    const struct wm_offer *offers = s->dataset->posts[post].offers;
    find_mentors(s, post, kitchen);
    kitchen->n = 0;
    for (size_t k = 0; k < n_packages; k++)
        if (s->package_in[k] && !barred_by_policy(&offers[k]))
            add_package(s, post, kitchen, &offers[k]);
    if (kitchen->n > MENU_MAX)
        return WM_ELIMIT;
    if (kitchen->n == 0)
        return WM_OK;
    struct menu_entry *entries = arena_alloc(arena, kitchen->n, sizeof *entries);
    if (entries == NULL)
        return WM_EMEMORY;
    for (size_t e = 0; e < kitchen->n; e++) {
        entries[e] = kitchen->entries[e];
        s->large_logits |= is_large(entries[e].constant_micro);
    }
    s->menus[post] = (struct menu){kitchen->n, entries};
    return WM_OK;
}

static int write_menus(struct scenario *s, struct arena *arena)
{
    struct arena scratch;
    size_t n_packages = s->first_mentor - s->first_package, n_mentors = s->moves - s->first_mentor;
    arena_init(&scratch, SIZE_MAX);
    struct kitchen kitchen = {.mentors = arena_alloc(&scratch, n_mentors + 1, sizeof *kitchen.mentors),
                              .entries = arena_alloc(&scratch, n_packages * (n_mentors + 1), sizeof *kitchen.entries)};
    int code = kitchen.mentors == NULL || kitchen.entries == NULL ? WM_EMEMORY : WM_OK;
    for (size_t post = 0; post < s->n_posts && code == WM_OK; post++)
        if (s->post_in[post])
            code = write_menu(s, arena, post, &kitchen);
    arena_fini(&scratch);
    return code;
}

/* ---- all together ---- */

static bool allocate(struct scenario *s, struct arena *arena)
{
    const struct wm_plan_request *r = s->request;
    size_t n_padded = s->dataset->leaders.n_padded + LANES;
    return (s->limit = arena_alloc(arena, s->n_resources, sizeof *s->limit)) &&
           (s->menus = arena_alloc(arena, s->n_posts + 1, sizeof *s->menus)) &&
           (s->lane_in = arena_alloc(arena, n_padded, 1)) && (s->post_in = arena_alloc(arena, s->n_posts + 1, 1)) &&
           (s->package_in = arena_alloc(arena, s->first_mentor - s->first_package + 1, 1)) &&
           (s->mentor_in = arena_alloc(arena, s->moves - s->first_mentor + 1, 1)) &&
           (s->wants_micro =
                arena_alloc(arena, s->n_lanes * (s->first_mentor - s->first_package) + 1, sizeof *s->wants_micro)) &&
           (s->wants_against =
                arena_alloc(arena, s->n_lanes * (s->first_mentor - s->first_package) + 1, sizeof *s->wants_against)) &&
           (s->must_fill = arena_alloc(arena, s->n_posts + 1, sizeof *s->must_fill)) &&
           (s->base_post = arena_alloc(arena, s->n_lanes + 1, sizeof *s->base_post)) &&
           (s->locks = arena_alloc(arena, r->n_locks + 1, sizeof *s->locks)) &&
           (s->forbids = arena_alloc(arena, r->n_forbids + 1, sizeof *s->forbids)) &&
           (s->lock_of_lane = arena_alloc(arena, s->n_lanes + 1, sizeof *s->lock_of_lane)) &&
           (s->lock_next = arena_alloc(arena, r->n_locks + 1, sizeof *s->lock_next)) &&
           (s->forbid_of_lane = arena_alloc(arena, s->n_lanes + 1, sizeof *s->forbid_of_lane)) &&
           (s->forbid_next = arena_alloc(arena, r->n_forbids + 1, sizeof *s->forbid_next)) &&
           (s->lane_ruled = arena_alloc(arena, n_padded, 1));
}

int scenario_init(struct scenario *s, struct arena *arena, const struct wm_dataset *dataset,
                  const struct wm_plan_request *request)
{
    *s = (struct scenario){.dataset = dataset,
                           .request = request,
                           .n_resources = wm_resource_count(dataset),
                           .n_posts = dataset->tables[WM_POSTS].n_rows,
                           .n_lanes = dataset->leaders.n,
                           .first_budget = wm_resource_index(dataset, WM_RESOURCE_BUDGET, 0),
                           .first_package = wm_resource_index(dataset, WM_RESOURCE_PACKAGE, 0),
                           .first_mentor = wm_resource_index(dataset, WM_RESOURCE_MENTOR, 0),
                           .moves = wm_resource_index(dataset, WM_RESOURCE_MOVES, 0)};
    if (!all_known(dataset, request))
        return WM_EUNKNOWN;
    if (!arguments_good(request))
        return WM_EARGUMENT;
    if (!allocate(s, arena))
        return WM_EMEMORY;
    fill_limits(s);
    fill_parts(s);
    fill_rules(s);
    fill_wants(s);
    return write_menus(s, arena);
}

/* ---- values ---- */

bool scenario_is_move(const struct scenario *s, size_t lane, size_t post)
{
    return s->has_moves && s->base_post[lane] != post;
}

int64_t scenario_value(const struct scenario *s, size_t lane, size_t post, const struct menu_entry *entry)
{
    const struct post_terms *terms = &s->dataset->posts[post];
    struct wm_offer offer = {
        .package = entry->package, .mentor = entry->mentor, .mentor_quality_micro = entry->mentor_quality_micro};
    struct wm_score score;
    score_pair(s->dataset, terms, lane, &offer, &score);
    return score.expected_nano - (scenario_is_move(s, lane, post) ? s->move_penalty_nano : 0);
}

void scenario_pair(const struct scenario *s, size_t lane, size_t post, int32_t *benefit_micro, int32_t *common_micro)
{
    const struct wm_offer none = {.mentor = WM_NO_ROW};
    struct wm_score score;
    score_pair(s->dataset, &s->dataset->posts[post], lane, &none, &score);
    *benefit_micro = (int32_t)score.benefit_micro;
    *common_micro =
        (int32_t)(score.logit_term_micro[WM_ACCEPT_distance] + score.logit_term_micro[WM_ACCEPT_preference]);
}

int32_t scenario_wants_micro(const struct scenario *s, size_t lane, size_t package)
{
    return s->wants_micro[lane * (s->first_mentor - s->first_package) + package];
}

int64_t scenario_value_nano(int32_t benefit_micro, int32_t logit_micro)
{
    double logit = logit_micro * 1e-6;
    logit = logit < -700.0 ? -700.0 : logit > 700.0 ? 700.0 : logit;
    int64_t accept_micro = (int64_t)(1.0 / (1.0 + real_exp(-logit)) * 1e6 + 0.5);
    return (benefit_micro * accept_micro + 500) / 1000;
}
