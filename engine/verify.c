/*
 * Judges a plan without the solver: reads dataset and question anew (verify.h), tells every rule and limit that is
 * broken by name, adds the value up from scores made again, and has verify_bound.c work out what the prices prove.
 *
 * Shared with the rest of the engine are the scores of a single pair, the verdicts of the hard rules, and the costs and
 * policy bars of a package on a post: what shortlists and explanations show. Everything that decides a plan - who takes
 * part, which options there are, what they use, the limits after the question's changes, locks, forbids, musts and
 * moves - is read here a second time. All in integers.
 */
#include "verify.h"
#include "match.h"
#include "real.h"
#include "rules.h"

#include <stdio.h>

/* ---- the question ---- */

static bool rows_known(const uint32_t *rows, size_t n, size_t n_rows)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i] >= n_rows)
            return false;
    return true;
}

static bool rule_known(const struct question *q, const struct wm_plan_rule *rule)
{
    return rule->leader < (int64_t)q->n_leaders && rule->post < (int64_t)q->n_posts &&
           rule->package < (int64_t)q->n_packages && rule->mentor < (int64_t)q->n_mentors &&
           rule->leader >= WM_NO_ROW && rule->post >= WM_NO_ROW && rule->package >= WM_NO_ROW &&
           rule->mentor >= WM_NO_ROW;
}

static bool placement_known(const struct question *q, const struct wm_placement *placement)
{
    return placement->leader < q->n_leaders && placement->post < q->n_posts && placement->package < q->n_packages &&
           placement->mentor >= WM_NO_ROW && placement->mentor < (int64_t)q->n_mentors;
}

static size_t rows_of_kind(const struct question *q, enum wm_resource_kind kind, size_t *first)
{
    switch (kind) {
    case WM_RESOURCE_POST:
        *first = 0;
        return q->n_posts;
    case WM_RESOURCE_BUDGET:
        *first = q->first_budget;
        return q->first_package - q->first_budget;
    case WM_RESOURCE_PACKAGE:
        *first = q->first_package;
        return q->n_packages;
    case WM_RESOURCE_MENTOR:
        *first = q->first_mentor;
        return q->n_mentors;
    case WM_RESOURCE_MOVES:
        *first = q->moves;
        return 1;
    case WM_RESOURCE_KINDS:
        break;
    }
    *first = 0;
    return 0;
}

static int check_rows(const struct question *q)
{
    const struct wm_plan_request *r = q->request;
    bool known = rows_known(r->posts, r->posts ? r->n_posts : 0, q->n_posts) &&
                 rows_known(r->leaders, r->leaders ? r->n_leaders : 0, q->n_leaders) &&
                 rows_known(r->packages, r->packages ? r->n_packages : 0, q->n_packages) &&
                 rows_known(r->without_posts, r->n_without_posts, q->n_posts) &&
                 rows_known(r->without_leaders, r->n_without_leaders, q->n_leaders) &&
                 rows_known(r->without_mentors, r->n_without_mentors, q->n_mentors) &&
                 rows_known(r->must_fill, r->n_must_fill, q->n_posts);
    for (size_t i = 0; i < r->n_locks; i++)
        known = known && rule_known(q, &r->locks[i]);
    for (size_t i = 0; i < r->n_forbids; i++)
        known = known && rule_known(q, &r->forbids[i]);
    for (size_t i = 0; i < r->n_base; i++)
        known = known && placement_known(q, &r->base[i]);
    for (size_t i = 0; i < r->n_limits; i++) {
        size_t first;
        known = known && r->limits[i].row < rows_of_kind(q, r->limits[i].kind, &first);
    }
    return known ? WM_OK : WM_EUNKNOWN;
}

static int check_arguments(const struct wm_plan_request *r)
{
    bool good = r->move_penalty_nano >= 0 && (r->moves_max >= 0 || r->moves_max == WM_MISSING);
    for (size_t i = 0; i < r->n_locks; i++)
        good = good && r->locks[i].leader != WM_NO_ROW && r->locks[i].post != WM_NO_ROW;
    for (size_t i = 0; i < r->n_forbids; i++) {
        const struct wm_plan_rule *f = &r->forbids[i];
        good = good &&
               (f->leader != WM_NO_ROW || f->post != WM_NO_ROW || f->package != WM_NO_ROW || f->mentor != WM_NO_ROW);
    }
    for (size_t i = 0; i < r->n_limits; i++)
        good = good && (r->limits[i].relative || r->limits[i].amount >= 0);
    return good ? WM_OK : WM_EARGUMENT;
}

/* in[n]: all, or those listed; then without those left out. */
static bool *taking_part(struct arena *arena, size_t n, const uint32_t *only, size_t n_only, const uint32_t *without,
                         size_t n_without)
{
    bool *in = arena_alloc(arena, n + 1, sizeof *in);
    if (in == NULL)
        return NULL;
    for (size_t i = 0; only == NULL && i < n; i++)
        in[i] = true;
    for (size_t i = 0; only != NULL && i < n_only; i++)
        in[only[i]] = true;
    for (size_t i = 0; i < n_without; i++)
        in[without[i]] = false;
    return in;
}

static void read_limits(struct question *q)
{
    const struct table *tables = q->dataset->tables;
    const struct wm_plan_request *r = q->request;
    for (size_t j = 0; j < q->n_posts; j++)
        q->limit[j] = tables[WM_POSTS].cells[table_column(&tables[WM_POSTS], "openings")][j];
    for (size_t b = q->first_budget; b < q->first_package; b++)
        q->limit[b] = tables[WM_BUDGETS].cells[table_column(&tables[WM_BUDGETS], "amount_gbp")][b - q->first_budget];
    for (size_t k = 0; k < q->n_packages; k++)
        q->limit[q->first_package + k] = tables[WM_PACKAGES].cells[table_column(&tables[WM_PACKAGES], "stock")][k];
    for (size_t m = 0; m < q->n_mentors; m++)
        q->limit[q->first_mentor + m] = tables[WM_MENTORS].cells[table_column(&tables[WM_MENTORS], "hours")][m];
    q->limit[q->moves] = r->moves_max;
    for (size_t i = 0; i < r->n_limits; i++) {
        const struct wm_limit_change *change = &r->limits[i];
        size_t first;
        rows_of_kind(q, change->kind, &first);
        int64_t *limit = &q->limit[first + change->row];
        if (!change->relative)
            *limit = change->amount;
        else if (*limit != NO_LIMIT && __builtin_add_overflow(*limit, change->amount, limit))
            *limit = INT64_MAX;
        if (*limit != NO_LIMIT && *limit < 0)
            *limit = 0;
    }
}

static void number_resources(struct question *q)
{
    const struct table *tables = q->dataset->tables;
    q->n_posts = tables[WM_POSTS].n_rows;
    q->n_leaders = tables[WM_LEADERS].n_rows;
    q->n_packages = tables[WM_PACKAGES].n_rows;
    q->n_mentors = tables[WM_MENTORS].n_rows;
    q->first_budget = q->n_posts;
    q->first_package = q->first_budget + tables[WM_BUDGETS].n_rows;
    q->first_mentor = q->first_package + q->n_packages;
    q->moves = q->first_mentor + q->n_mentors;
    q->n_resources = q->moves + 1;
    q->hours = tables[WM_PACKAGES].cells[table_column(&tables[WM_PACKAGES], "mentor_hours")];
    const struct table *mentors = &tables[WM_MENTORS];
    q->roles = mentors->cells[table_column(mentors, "roles")];
    q->region = mentors->cells[table_column(mentors, "region")];
    q->remote = mentors->cells[table_column(mentors, "remote")];
    q->expertise = mentors->cells[table_column(mentors, "expertise")];
}

int question_read(struct question *q, struct arena *arena, const struct wm_dataset *dataset,
                  const struct wm_plan_request *request)
{
    *q = (struct question){.dataset = dataset, .request = request};
    number_resources(q);
    int code = check_rows(q);
    code = code == WM_OK ? check_arguments(request) : code;
    if (code != WM_OK)
        return code;
    const struct wm_plan_request *r = request;
    q->post_in = taking_part(arena, q->n_posts, r->posts, r->n_posts, r->without_posts, r->n_without_posts);
    q->leader_in = taking_part(arena, q->n_leaders, r->leaders, r->n_leaders, r->without_leaders, r->n_without_leaders);
    q->package_in = taking_part(arena, q->n_packages, r->packages, r->n_packages, NULL, 0);
    q->mentor_in = taking_part(arena, q->n_mentors, NULL, 0, r->without_mentors, r->n_without_mentors);
    q->must_fill = arena_alloc(arena, q->n_posts + 1, sizeof *q->must_fill);
    q->base_post = arena_alloc(arena, q->n_leaders + 1, sizeof *q->base_post);
    q->limit = arena_alloc(arena, q->n_resources, sizeof *q->limit);
    if (q->post_in == NULL || q->leader_in == NULL || q->package_in == NULL || q->mentor_in == NULL ||
        q->must_fill == NULL || q->base_post == NULL || q->limit == NULL)
        return WM_EMEMORY;
    for (size_t j = 0; r->posts == NULL && j < q->n_posts; j++)
        q->post_in[j] = q->post_in[j] && dataset->posts[j].severity.known;
    for (size_t i = 0; i < r->n_must_fill; i++)
        q->must_fill[r->must_fill[i]] = true;
    for (size_t i = 0; i < q->n_leaders; i++)
        q->base_post[i] = WM_NO_ROW;
    for (size_t i = 0; i < r->n_base; i++)
        q->base_post[r->base[i].leader] = (int32_t)r->base[i].post;
    read_limits(q);
    return WM_OK;
}

/* ---- options ---- */

enum wm_offer_bar question_bar(const struct question *q, size_t post, size_t package)
{
    enum wm_offer_bar bar = q->dataset->posts[post].offers[package].bar;
    return bar == WM_OFFER_BAR_segment || bar == WM_OFFER_BAR_premium_cap || bar == WM_OFFER_BAR_relocation_cap
               ? bar
               : WM_OFFER_BAR_none;
}

bool question_knows_role(const struct question *q, size_t post, size_t mentor)
{
    return q->roles[mentor] >> q->dataset->posts[post].role & 1;
}

bool question_reaches(const struct question *q, size_t post, size_t mentor)
{
    return q->region[mentor] == q->dataset->posts[post].region || q->remote[mentor] == 1;
}

int64_t question_quality_micro(const struct question *q, size_t post, size_t mentor)
{
    const struct policy *policy = &q->dataset->policy;
    const struct post_terms *terms = &q->dataset->posts[post];
    int64_t overlap = 0; /* of what the mentor is strong in with what the post needs */
    for (size_t d = 0; d < policy->n_domains; d++)
        overlap += q->expertise[mentor] >> d & 1 ? terms->weight_micro[d] : 0;
    double place = q->region[mentor] == terms->region ? 1 : policy->mentor.remote;
    double rest = policy->mentor.place * place + policy->mentor.free;
    return real_round(policy->mentor.expertise * (double)overlap + rest * MICRO);
}

struct wm_offer question_offer(const struct question *q, size_t post, size_t package, int32_t mentor)
{
    struct wm_offer offer = q->dataset->posts[post].offers[package];
    offer.bar = WM_OFFER_BAR_none;
    offer.short_by_gbp = 0;
    offer.mentor = mentor;
    offer.mentor_quality_micro = mentor == WM_NO_ROW ? 0 : question_quality_micro(q, post, (size_t)mentor);
    return offer;
}

bool question_matches(const struct wm_plan_rule *rule, const struct wm_placement *placement)
{
    return (rule->leader == WM_NO_ROW || rule->leader == (int64_t)placement->leader) &&
           (rule->post == WM_NO_ROW || rule->post == (int64_t)placement->post) &&
           (rule->package == WM_NO_ROW || rule->package == (int64_t)placement->package) &&
           (rule->mentor == WM_NO_ROW || rule->mentor == placement->mentor);
}

bool question_is_move(const struct question *q, size_t leader, size_t post)
{
    bool counts = q->limit[q->moves] != NO_LIMIT || q->request->move_penalty_nano > 0;
    return counts && q->base_post[leader] != (int32_t)post;
}

int64_t question_value(const struct question *q, const struct wm_placement *placement)
{
    struct wm_offer offer = question_offer(q, placement->post, placement->package, placement->mentor);
    struct wm_score score;
    score_pair(q->dataset, &q->dataset->posts[placement->post], q->dataset->leaders.lane_of_row[placement->leader],
               &offer, &score);
    bool moves = question_is_move(q, placement->leader, placement->post);
    return score.expected_nano - (moves ? q->request->move_penalty_nano : 0);
}

static void add_use(struct use *out, size_t *n, size_t resource, int64_t amount)
{
    if (amount > 0)
        out[(*n)++] = (struct use){resource, amount};
}

size_t question_uses(const struct question *q, const struct wm_placement *placement, struct use out[PLACEMENT_USES_MAX])
{
    const struct post_terms *terms = &q->dataset->posts[placement->post];
    const struct wm_offer *offer = &terms->offers[placement->package];
    size_t n = 0;
    add_use(out, &n, placement->post, 1);
    for (int pot = 0; pot < POT_COUNT; pot++)
        if (terms->pots[pot] != WM_NO_ROW)
            add_use(out, &n, q->first_budget + (size_t)terms->pots[pot],
                    pot == POT_ORGANISATION ? offer->local_cost_gbp : offer->central_cost_gbp);
    add_use(out, &n, q->first_package + placement->package, 1);
    if (placement->mentor != WM_NO_ROW)
        add_use(out, &n, q->first_mentor + (size_t)placement->mentor, q->hours[placement->package]);
    add_use(out, &n, q->moves, question_is_move(q, placement->leader, placement->post));
    return n;
}

/* ---- faults ---- */

enum { PHRASE_MAX = 320 };

struct check {
    const struct question *q;
    const struct wm_placement *placements;
    size_t n;
    struct arena *arena;
    struct wm_faults *faults;
    size_t n_faults;
};

static const char *id(const struct check *c, enum wm_table table, size_t row)
{
    return wm_row_id(c->q->dataset, table, row);
}

static void tell(struct check *c, size_t line, const char *what, const char *expected)
{
    c->n_faults++;
    fault_add(c->faults, "plan", (long)line, 0, expected, "%s", what);
}

static void tell_left_out(struct check *c, size_t line, enum wm_table table, size_t row, const char *expected)
{
    char what[PHRASE_MAX];
    snprintf(what, sizeof what, "%s %s takes no part", wm_table_kind(table), id(c, table, row));
    tell(c, line, what, expected);
}

static void check_taking_part(struct check *c, size_t line, const struct wm_placement *p)
{
    const struct question *q = c->q;
    const char *asked = "only what the question asks for";
    if (!q->leader_in[p->leader])
        tell_left_out(c, line, WM_LEADERS, p->leader, asked);
    if (!q->post_in[p->post])
        tell_left_out(c, line, WM_POSTS, p->post,
                      q->request->posts == NULL && !q->dataset->posts[p->post].severity.known
                          ? "a post whose severity is unknown is named by the question"
                          : asked);
    if (!q->package_in[p->package])
        tell_left_out(c, line, WM_PACKAGES, p->package, asked);
    if (p->mentor != WM_NO_ROW && !q->mentor_in[p->mentor])
        tell_left_out(c, line, WM_MENTORS, (size_t)p->mentor, asked);
}

/* Every hard rule but `package`, which sees offers as a shortlist does; its bars are check_terms' and the limits'. */
static void check_rules(struct check *c, size_t line, const struct wm_placement *p)
{
    const struct wm_dataset *dataset = c->q->dataset;
    const struct post_terms *terms = &dataset->posts[p->post];
    struct kernel_post post;
    uint16_t refused, unknown;
    size_t lane = dataset->leaders.lane_of_row[p->leader];
    kernel_post_fill(dataset, terms, terms->offers, &post);
    pair_rules(dataset, terms, &post, lane, &refused, &unknown);
    for (int rule = 0; rule < WM_RULE_COUNT; rule++) {
        if (rule == WM_RULE_package || !(refused >> rule & 1))
            continue;
        struct wm_rule_outcome outcome;
        char what[PHRASE_MAX], expected[PHRASE_MAX];
        rule_tell(dataset, p->post, lane, (enum wm_rule)rule, refused, unknown, &outcome);
        snprintf(what, sizeof what, "leader %s at post %s: %s", id(c, WM_LEADERS, p->leader), id(c, WM_POSTS, p->post),
                 outcome.note);
        snprintf(expected, sizeof expected, "the rule %s passes", wm_rule_name((enum wm_rule)rule));
        tell(c, line, what, expected);
    }
}

static void check_mentor(struct check *c, size_t line, const struct wm_placement *p)
{
    char what[PHRASE_MAX];
    const char *package = id(c, WM_PACKAGES, p->package), *post = id(c, WM_POSTS, p->post);
    int64_t hours = c->q->hours[p->package];
    if (hours > 0 && p->mentor == WM_NO_ROW) {
        snprintf(what, sizeof what, "package %s has no mentor", package);
        tell(c, line, what, "a mentor, as the package has mentor hours");
    }
    if (p->mentor == WM_NO_ROW)
        return;
    const char *mentor = id(c, WM_MENTORS, (size_t)p->mentor);
    if (hours == 0) {
        snprintf(what, sizeof what, "package %s has mentor %s", package, mentor);
        tell(c, line, what, "no mentor, as the package has no mentor hours");
        return;
    }
    snprintf(what, sizeof what, "mentor %s for post %s", mentor, post);
    if (!question_knows_role(c->q, p->post, (size_t)p->mentor))
        tell(c, line, what, "a mentor who can speak from the post's role");
    if (!question_reaches(c->q, p->post, (size_t)p->mentor))
        tell(c, line, what, "a mentor in the post's region, or a remote one");
}

static void check_terms(struct check *c, size_t line, const struct wm_placement *p)
{
    enum wm_offer_bar bar = question_bar(c->q, p->post, p->package);
    if (bar != WM_OFFER_BAR_none) {
        char what[PHRASE_MAX];
        snprintf(what, sizeof what, "package %s on post %s: %s", id(c, WM_PACKAGES, p->package),
                 id(c, WM_POSTS, p->post), wm_offer_bar_text(bar));
        tell(c, line, what, "a package that the policy allows there");
    }
    check_mentor(c, line, p);
}

/* "leader L1, post P1, package any, mentor any", as far as a rule says. */
static void rule_phrase(const struct check *c, const struct wm_plan_rule *rule, char *out, size_t cap)
{
    const struct {
        enum wm_table table;
        int32_t row;
    } parts[] = {
        {WM_LEADERS, rule->leader}, {WM_POSTS, rule->post}, {WM_PACKAGES, rule->package}, {WM_MENTORS, rule->mentor}};
    size_t len = 0;
    out[0] = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].row != WM_NO_ROW && len < cap)
            len += (size_t)snprintf(out + len, cap - len, "%s%s %s", len ? ", " : "", wm_table_kind(parts[i].table),
                                    id(c, parts[i].table, (size_t)parts[i].row));
}

static void check_forbids(struct check *c, size_t line, const struct wm_placement *p)
{
    for (size_t i = 0; i < c->q->request->n_forbids; i++) {
        if (!question_matches(&c->q->request->forbids[i], p))
            continue;
        char rule[PHRASE_MAX], what[PHRASE_MAX + 64];
        rule_phrase(c, &c->q->request->forbids[i], rule, sizeof rule);
        snprintf(what, sizeof what, "forbid %zu is broken: %s", i + 1, rule);
        tell(c, line, what, "no placement that the question forbids");
    }
}

static int check_twice(struct check *c)
{
    uint32_t *line_of = arena_alloc(c->arena, c->q->n_leaders + 1, sizeof *line_of);
    if (line_of == NULL)
        return WM_EMEMORY;
    for (size_t i = 0; i < c->n; i++) {
        uint32_t *first = &line_of[c->placements[i].leader];
        if (*first != 0) {
            char what[PHRASE_MAX];
            snprintf(what, sizeof what, "leader %s is placed twice, first as placement %u",
                     id(c, WM_LEADERS, c->placements[i].leader), *first);
            tell(c, i + 1, what, "one placement a leader");
        } else {
            *first = (uint32_t)i + 1;
        }
    }
    return WM_OK;
}

static void check_locks(struct check *c)
{
    for (size_t i = 0; i < c->q->request->n_locks; i++) {
        bool kept = false;
        for (size_t p = 0; p < c->n && !kept; p++)
            kept = question_matches(&c->q->request->locks[i], &c->placements[p]);
        if (kept)
            continue;
        char rule[PHRASE_MAX], what[PHRASE_MAX + 64];
        rule_phrase(c, &c->q->request->locks[i], rule, sizeof rule);
        snprintf(what, sizeof what, "lock %zu is not kept: %s", i + 1, rule);
        tell(c, 0, what, "a placement as the lock says");
    }
}

static void tell_over(struct check *c, size_t resource, sum128 used)
{
    static const char *const units[] = {[WM_RESOURCE_POST] = "openings",
                                        [WM_RESOURCE_BUDGET] = "GBP",
                                        [WM_RESOURCE_PACKAGE] = "pieces",
                                        [WM_RESOURCE_MENTOR] = "hours",
                                        [WM_RESOURCE_MOVES] = "moves"};
    static const enum wm_table tables[] = {[WM_RESOURCE_POST] = WM_POSTS,
                                           [WM_RESOURCE_BUDGET] = WM_BUDGETS,
                                           [WM_RESOURCE_PACKAGE] = WM_PACKAGES,
                                           [WM_RESOURCE_MENTOR] = WM_MENTORS};
    enum wm_resource_kind kind = WM_RESOURCE_MOVES;
    size_t first;
    for (rows_of_kind(c->q, kind, &first); resource < first; rows_of_kind(c->q, kind, &first))
        kind = (enum wm_resource_kind)(kind - 1);
    char name[PHRASE_MAX] = "moves", what[2 * PHRASE_MAX], expected[PHRASE_MAX];
    if (kind != WM_RESOURCE_MOVES)
        snprintf(name, sizeof name, "%s %s", wm_table_kind(tables[kind]), id(c, tables[kind], resource - first));
    long long limit = (long long)c->q->limit[resource];
    snprintf(what, sizeof what, "%s: %lld %s used of %lld", name, (long long)used, units[kind], limit);
    snprintf(expected, sizeof expected, "at most %lld; %lld fewer", limit, (long long)(used - limit));
    tell(c, 0, what, expected);
}

static int check_limits(struct check *c)
{
    const struct question *q = c->q;
    sum128 *used = arena_alloc(c->arena, q->n_resources, sizeof *used);
    if (used == NULL)
        return WM_EMEMORY;
    for (size_t i = 0; i < c->n; i++) {
        struct use uses[PLACEMENT_USES_MAX];
        size_t n = question_uses(q, &c->placements[i], uses);
        for (size_t u = 0; u < n; u++)
            used[uses[u].resource] += uses[u].amount;
    }
    for (size_t r = 0; r < q->n_resources; r++)
        if (q->limit[r] != NO_LIMIT && used[r] > q->limit[r])
            tell_over(c, r, used[r]);
    for (size_t j = 0; j < q->n_posts; j++) {
        if (!q->must_fill[j] || used[j] >= q->limit[j])
            continue;
        char what[PHRASE_MAX];
        snprintf(what, sizeof what, "post %s must be filled: %lld of %lld openings are", id(c, WM_POSTS, j),
                 (long long)used[j], (long long)q->limit[j]);
        tell(c, 0, what, "every opening filled");
    }
    return WM_OK;
}

static int check_plan(struct check *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct wm_placement *p = &c->placements[i];
        check_taking_part(c, i + 1, p);
        check_rules(c, i + 1, p);
        check_terms(c, i + 1, p);
        check_forbids(c, i + 1, p);
    }
    check_locks(c);
    if (check_twice(c) != WM_OK || check_limits(c) != WM_OK)
        return WM_EMEMORY;
    if (c->faults != NULL)
        faults_sort(c->faults);
    return WM_OK;
}

/* ---- the verdict ---- */

static int64_t saturate(sum128 x)
{
    return x > INT64_MAX ? INT64_MAX : x < INT64_MIN ? INT64_MIN : (int64_t)x;
}

static int64_t nano_above(sum128 femto)
{
    sum128 down = femto / FEMTO_IN_NANO; /* towards 0: up already when below it */
    return saturate(femto > 0 && down * FEMTO_IN_NANO < femto ? down + 1 : down);
}

static double gap_of(int64_t bound, int64_t value)
{
    if (bound == value)
        return 0;
    double b = (double)(bound < 0 ? -(double)bound : (double)bound), v = value < 0 ? -(double)value : (double)value;
    return ((double)bound - (double)value) / (b > v ? b : v);
}

static int judge(struct check *c, const struct wm_prices *prices, const struct wm_solve_options *options,
                 struct wm_plan_verdict *out)
{
    *out = (struct wm_plan_verdict){.gap = 1};
    if (check_plan(c) != WM_OK)
        return WM_EMEMORY;
    sum128 value = 0, bound = 0;
    for (size_t i = 0; i < c->n; i++)
        value += question_value(c->q, &c->placements[i]);
    out->n_faults = c->n_faults;
    out->feasible = c->n_faults == 0;
    out->value_nano = saturate(value);
    if (prices == NULL)
        return WM_OK;
    if (question_bound(c->q, c->arena, prices, false, options, &bound, &out->bounded) != WM_OK)
        return WM_EMEMORY;
    if (out->bounded) {
        out->bound_nano = nano_above(bound);
        out->gap = gap_of(out->bound_nano, out->value_nano);
    }
    return WM_OK;
}

int wm_plan_verify(const struct wm_dataset *dataset, const struct wm_plan_request *request,
                   const struct wm_placement *placements, size_t n_placements, const struct wm_prices *prices,
                   const struct wm_solve_options *options, struct wm_faults *faults, struct wm_plan_verdict *out)
{
    struct arena arena;
    struct question q;
    struct wm_plan_verdict verdict;
    arena_init(&arena, SIZE_MAX); /* everything taken is sized by rows, which a dataset bounds */
    int code = question_read(&q, &arena, dataset, request);
    for (size_t i = 0; i < n_placements && code == WM_OK; i++)
        code = placement_known(&q, &placements[i]) ? WM_OK : WM_EUNKNOWN;
    struct check check = {&q, placements, n_placements, &arena, faults, 0};
    code = code == WM_OK ? judge(&check, prices, options, &verdict) : code;
    if (code == WM_OK)
        *out = verdict;
    arena_fini(&arena);
    return code;
}

int wm_placement_match(const struct wm_dataset *dataset, const struct wm_placement *placement, struct wm_match *out)
{
    struct question q = {.dataset = dataset};
    number_resources(&q);
    if (!placement_known(&q, placement))
        return WM_EUNKNOWN;
    struct wm_offer offer = question_offer(&q, placement->post, placement->package, placement->mentor);
    match_fill(dataset, placement->post, dataset->leaders.lane_of_row[placement->leader], &offer, out);
    return WM_OK;
}
