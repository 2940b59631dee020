/*
 * What is computed once, when a dataset is sealed: the leaders as kernel columns, and of each post its severity, the
 * weights of its needs, its offers and who named it as a preference. Formulas: domain.md section 3.
 */
#include "internal.h"
#include "real.h"
#include "score.h"

#include <stdlib.h>

static int64_t cell(const struct wm_dataset *dataset, enum wm_table table, size_t row, int column)
{
    return dataset->tables[table].cells[column][row];
}

static int column_of(const struct wm_dataset *dataset, enum wm_table table, const char *prefix, const char *name)
{
    char full[160];
    size_t n = 0;
    for (const char *p = prefix; *p != '\0'; p++)
        full[n++] = *p;
    for (const char *p = name; *p != '\0' && n < sizeof full - 1; p++)
        full[n++] = *p;
    full[n] = '\0';
    return table_column(&dataset->tables[table], full);
}

/* A point on the unit sphere; false when either coordinate is unknown. Cells are in 1e-5 degrees. */
static bool unit_vector(int64_t latitude, int64_t longitude, float *x, float *y, float *z)
{
    if (latitude == WM_MISSING || longitude == WM_MISSING)
        return false;
    double radians = 3.14159265358979323846 / 180.0 * 1e-5;
    double phi = (double)latitude * radians, lambda = (double)longitude * radians;
    *x = (float)(real_cos(phi) * real_cos(lambda));
    *y = (float)(real_cos(phi) * real_sin(lambda));
    *z = (float)real_sin(phi);
    return true;
}

/* ---- leaders ---- */

struct lane_key {
    uint64_t roles;
    uint32_t row;
};

static int compare_lane_keys(const void *a, const void *b)
{
    const struct lane_key *p = a, *q = b;
    if (p->roles != q->roles)
        return p->roles < q->roles ? -1 : 1;
    return p->row < q->row ? -1 : p->row > q->row;
}

static uint64_t set_cell(int64_t value)
{
    return value == WM_MISSING ? UNKNOWN_SET : (uint64_t)value;
}

static int32_t day_cell(int64_t value)
{
    return value == WM_MISSING ? DAY_UNKNOWN : (int32_t)value;
}

static int allocate_columns(struct wm_dataset *dataset)
{
    struct leader_columns *c = &dataset->leaders;
    struct arena *arena = &dataset->arena;
    c->n = dataset->tables[WM_LEADERS].n_rows;
    c->n_padded = (c->n + LANES - 1) / LANES * LANES;
    size_t n = c->n_padded > 0 ? c->n_padded : LANES;
    bool ok = (c->row_of_lane = arena_alloc(arena, n, sizeof *c->row_of_lane)) &&
              (c->lane_of_row = arena_alloc(arena, n, sizeof *c->lane_of_row));
    for (size_t d = 0; ok && d < dataset->policy.n_domains; d++)
        ok = (c->skill[d] = arena_alloc(arena, n, sizeof *c->skill[d])) &&
             (c->evidence_micro[d] = arena_alloc(arena, n, sizeof *c->evidence_micro[d]));
    for (size_t t = 0; ok && t < dataset->policy.n_components; t++)
        ok = (c->want[t] = arena_alloc(arena, n, sizeof *c->want[t]));
    float **reals[] = {&c->x, &c->y, &c->z};
    for (size_t i = 0; ok && i < sizeof reals / sizeof *reals; i++)
        ok = (*reals[i] = arena_alloc(arena, n, sizeof **reals[i]));
    uint64_t **sets[] = {&c->roles, &c->accreditations, &c->regions, &c->sectors};
    for (size_t i = 0; ok && i < sizeof sets / sizeof *sets; i++)
        ok = (*sets[i] = arena_alloc(arena, n, sizeof **sets[i]));
    int32_t **integers[] = {&c->travel_hm,  &c->grade,  &c->accredited_until, &c->fit_and_proper_until,
                            &c->ready_from, &c->located};
    for (size_t i = 0; ok && i < sizeof integers / sizeof *integers; i++)
        ok = (*integers[i] = arena_alloc(arena, n, sizeof **integers[i]));
    ok = ok && (c->skill_missing = arena_alloc(arena, n, sizeof *c->skill_missing)) &&
         (c->want_missing = arena_alloc(arena, n, sizeof *c->want_missing));
    return ok ? WM_OK : WM_EMEMORY;
}

/* Lanes by (roles, row): leaders who can be matched to the same posts share blocks. */
static int order_lanes(struct wm_dataset *dataset)
{
    struct leader_columns *c = &dataset->leaders;
    int column = table_column(&dataset->tables[WM_LEADERS], "roles");
    struct lane_key *keys = arena_alloc(&dataset->arena, c->n + 1, sizeof *keys);
    if (keys == NULL)
        return WM_EMEMORY;
    for (size_t row = 0; row < c->n; row++)
        keys[row] = (struct lane_key){set_cell(cell(dataset, WM_LEADERS, row, column)), (uint32_t)row};
    qsort(keys, c->n, sizeof *keys, compare_lane_keys);
    for (size_t lane = 0; lane < c->n; lane++) {
        c->row_of_lane[lane] = keys[lane].row;
        c->lane_of_row[keys[lane].row] = (uint32_t)lane;
        c->roles[lane] = keys[lane].roles;
    }
    for (size_t lane = c->n; lane < c->n_padded; lane++)
        c->grade[lane] = -1; /* roles 0 already keep the padding out */
    return WM_OK;
}

/*
 * skill = (n * age * score + n0 * prior(grade)) / (n * age + n0): few or old appraisals shrink to the grade's mean
 * (the conjugate normal estimate; Efron and Morris 1975). An unknown grade has no mean to lend: its prior counts as 0.
 */
static void derive_skills(struct wm_dataset *dataset)
{
    const struct policy *policy = &dataset->policy;
    const struct table *table = &dataset->tables[WM_LEADERS];
    struct leader_columns *c = &dataset->leaders;
    int appraisals = table_column(table, "appraisals"), appraised_on = table_column(table, "appraised_on"),
        grade = table_column(table, "grade");
    int scores[WM_DOMAINS_MAX];
    for (size_t d = 0; d < policy->n_domains; d++)
        scores[d] = column_of(dataset, WM_LEADERS, "score_", policy->domains[d].name);

    for (size_t row = 0; row < c->n; row++) {
        size_t lane = c->lane_of_row[row];
        int64_t n = cell(dataset, WM_LEADERS, row, appraisals), day = cell(dataset, WM_LEADERS, row, appraised_on);
        int64_t rank = cell(dataset, WM_LEADERS, row, grade);
        double n0 = policy->skill.prior_appraisals;
        double fresh = n == WM_MISSING || day == WM_MISSING
                           ? 0
                           : (double)n * real_decay((double)(policy->as_of - day), policy->skill.half_life_days);
        for (size_t d = 0; d < policy->n_domains; d++) {
            int64_t score = cell(dataset, WM_LEADERS, row, scores[d]);
            double evidence = score == WM_MISSING ? 0 : fresh, prior = rank == WM_MISSING ? 0 : policy->prior[rank][d];
            double weight = evidence + n0;
            double skill =
                weight > 0 ? (evidence * (score == WM_MISSING ? 0 : (double)score / 10.0) + n0 * prior) / weight : 0;
            c->skill[d][lane] = (int32_t)real_round(skill * 1e4);
            c->evidence_micro[d][lane] = weight > 0 ? (int32_t)real_round(evidence / weight * MICRO) : 0;
            if (!(evidence > 0))
                c->skill_missing[lane] |= (uint16_t)(1u << d);
        }
    }
}

static void derive_wants(struct wm_dataset *dataset)
{
    struct leader_columns *c = &dataset->leaders;
    for (size_t t = 0; t < dataset->policy.n_components; t++) {
        int column = column_of(dataset, WM_LEADERS, "want_", dataset->policy.components[t].name);
        for (size_t row = 0; row < c->n; row++) {
            int64_t want = cell(dataset, WM_LEADERS, row, column);
            c->want[t][c->lane_of_row[row]] = want == WM_MISSING ? 0 : (int32_t)want;
            if (want == WM_MISSING)
                c->want_missing[c->lane_of_row[row]] |= (uint16_t)(1u << t);
        }
    }
}

static void derive_rule_columns(struct wm_dataset *dataset)
{
    const struct table *table = &dataset->tables[WM_LEADERS];
    struct leader_columns *c = &dataset->leaders;
    int accreditation = table_column(table, "accreditation"), until = table_column(table, "accredited_until");
    int proper = table_column(table, "fit_and_proper_until"), ready = table_column(table, "ready_from"),
        grade = table_column(table, "grade");
    int latitude = table_column(table, "latitude"), longitude = table_column(table, "longitude"),
        travel = table_column(table, "travel_km");
    int regions = table_column(table, "regions_willing"), sectors = table_column(table, "sectors");
    for (size_t row = 0; row < c->n; row++) {
        size_t lane = c->lane_of_row[row];
        c->accreditations[lane] = set_cell(cell(dataset, WM_LEADERS, row, accreditation));
        c->regions[lane] = set_cell(cell(dataset, WM_LEADERS, row, regions));
        c->sectors[lane] = set_cell(cell(dataset, WM_LEADERS, row, sectors));
        c->accredited_until[lane] = day_cell(cell(dataset, WM_LEADERS, row, until));
        c->fit_and_proper_until[lane] = day_cell(cell(dataset, WM_LEADERS, row, proper));
        c->ready_from[lane] = day_cell(cell(dataset, WM_LEADERS, row, ready));
        int64_t rank = cell(dataset, WM_LEADERS, row, grade), km = cell(dataset, WM_LEADERS, row, travel);
        c->grade[lane] = rank == WM_MISSING ? -1 : (int32_t)rank;
        c->travel_hm[lane] = km == WM_MISSING ? -1 : (int32_t)km * 10;
        c->located[lane] =
            unit_vector(cell(dataset, WM_LEADERS, row, latitude), cell(dataset, WM_LEADERS, row, longitude),
                        &c->x[lane], &c->y[lane], &c->z[lane]);
    }
}

/* Calls visit for each ';'-separated id of a references cell that stands in `table`. */
static void each_reference(const struct wm_dataset *dataset, const char *list, enum wm_table table,
                           void (*visit)(void *arg, size_t position, size_t row), void *arg)
{
    if (list == NULL)
        return;
    char id[64];
    for (size_t position = 0; *list != '\0'; position++) {
        size_t len = 0, row;
        for (; *list != '\0' && *list != ';'; list++)
            if (len < sizeof id - 1)
                id[len++] = *list;
        id[len] = '\0';
        list += *list == ';';
        if (wm_row_find(dataset, table, id, &row) == WM_OK)
            visit(arg, position, row);
    }
}

struct exclusions {
    uint32_t *count; /* [organisations + 2] */
    uint32_t **next; /* where the next lane of an organisation goes; NULL while counting */
    uint32_t lane;
};

static void visit_exclusion(void *arg, size_t position, size_t row)
{
    struct exclusions *e = arg;
    (void)position;
    if (e->next == NULL)
        e->count[row]++;
    else
        *e->next[row]++ = e->lane;
}

/* Turns each leader's excluded organisations round: for each organisation the lanes that exclude it, ascending. */
static int derive_exclusions(struct wm_dataset *dataset)
{
    const struct table *table = &dataset->tables[WM_LEADERS];
    struct leader_columns *c = &dataset->leaders;
    size_t n = dataset->tables[WM_ORGANISATIONS].n_rows, total = 0;
    int column = table_column(table, "organisations_excluded");
    struct exclusions e = {arena_alloc(&dataset->arena, n + 1, sizeof *e.count), NULL, 0};
    uint32_t **next = arena_alloc(&dataset->arena, n + 1, sizeof *next);
    c->excluders = arena_alloc(&dataset->arena, n + 1, sizeof *c->excluders);
    if (e.count == NULL || next == NULL || c->excluders == NULL)
        return WM_EMEMORY;
    for (size_t lane = 0; lane < c->n; lane++)
        each_reference(dataset, table_text(table, c->row_of_lane[lane], column), WM_ORGANISATIONS, visit_exclusion, &e);
    for (size_t o = 0; o < n; o++)
        total += e.count[o];
    uint32_t *lanes = arena_alloc(&dataset->arena, total + 1, sizeof *lanes);
    if (lanes == NULL)
        return WM_EMEMORY;
    for (size_t o = 0, at = 0; o <= n; o++) {
        next[o] = lanes + at;
        c->excluders[o] = lanes + at;
        at += e.count[o];
    }
    e.next = next;
    for (size_t lane = 0; lane < c->n; lane++) {
        e.lane = (uint32_t)lane;
        each_reference(dataset, table_text(table, c->row_of_lane[lane], column), WM_ORGANISATIONS, visit_exclusion, &e);
    }
    return WM_OK;
}

static int derive_leaders(struct wm_dataset *dataset)
{
    if (allocate_columns(dataset) != WM_OK || order_lanes(dataset) != WM_OK)
        return WM_EMEMORY;
    derive_skills(dataset);
    derive_wants(dataset);
    derive_rule_columns(dataset);
    return bits_derive(dataset) == WM_OK ? derive_exclusions(dataset) : WM_EMEMORY;
}

/* ---- posts ---- */

/* w_d in proportion to need * (1 + boost * how bad the organisation's signals for that domain are). */
static void derive_weights(const struct wm_dataset *dataset, size_t post, struct post_terms *terms)
{
    const struct policy *policy = &dataset->policy;
    int64_t raw[WM_DOMAINS_MAX], weight[WM_DOMAINS_MAX];
    for (size_t d = 0; d < policy->n_domains; d++) {
        const struct policy_domain *domain = &policy->domains[d];
        int64_t need = cell(dataset, WM_POSTS, post, column_of(dataset, WM_POSTS, "need_", domain->name));
        if (need == WM_MISSING) {
            terms->missing |= 1u << WM_MISSING_BIT_needs;
            terms->unstated |= 1u << d;
        }
        terms->need_micro[d] = need == WM_MISSING ? 0 : (int32_t)need * (MICRO / 10);
        double level = 0;
        int present = 0;
        for (size_t s = 0; s < domain->n_signals; s++)
            if (terms->severity.present[domain->signals[s]]) {
                level += (double)terms->severity.level_micro[domain->signals[s]];
                present++;
            }
        double raised = 1.0 + (present > 0 ? policy->fit.boost * level / present / MICRO : 0);
        raw[d] = real_round(terms->need_micro[d] * raised * 1e3);
        if (terms->need_micro[d] > 0)
            terms->needed |= 1u << d;
    }
    apportion(MICRO, raw, policy->n_domains, weight);
    for (size_t d = 0; d < policy->n_domains; d++)
        if (terms->need_micro[d] > 0) {
            terms->weight_micro[d] = (int32_t)weight[d];
            terms->weight_per_skill[d] = (double)weight[d] / (terms->need_micro[d] / 100.0);
        }
}

static int index_cell(int64_t value)
{
    return value == WM_MISSING ? -1 : (int)value;
}

/* The segment rules go by: the one a recovery programme stands for, else the published one; 0 when neither is known. */
static int effective_segment(const struct wm_dataset *dataset, size_t organisation)
{
    const struct table *table = &dataset->tables[WM_ORGANISATIONS];
    int64_t programme = cell(dataset, WM_ORGANISATIONS, organisation, table_column(table, "recovery_programme"));
    int64_t segment = cell(dataset, WM_ORGANISATIONS, organisation, table_column(table, "oversight_segment"));
    if (programme != WM_MISSING && dataset->policy.programme_segment[programme] > 0)
        return dataset->policy.programme_segment[programme];
    return segment == WM_MISSING ? 0 : (int)segment;
}

static void derive_post(struct wm_dataset *dataset, size_t post, const int32_t *engagement_level)
{
    const struct table *table = &dataset->tables[WM_POSTS], *organisations = &dataset->tables[WM_ORGANISATIONS];
    struct post_terms *terms = &dataset->posts[post];
    (void)wm_row_find(dataset, WM_ORGANISATIONS, table_text(table, post, table_column(table, "ods_code")),
                      &terms->organisation);
    severity_derive(dataset, post, engagement_level, &terms->severity);
    if (!terms->severity.known)
        terms->missing |= 1u << WM_MISSING_BIT_severity;
    terms->severity_logit_micro =
        -(int32_t)real_round(dataset->policy.accept.severity * (double)terms->severity.used_micro);
    derive_weights(dataset, post, terms);

    int64_t region = cell(dataset, WM_POSTS, post, table_column(table, "region"));
    if (region == WM_MISSING)
        region = cell(dataset, WM_ORGANISATIONS, terms->organisation, table_column(organisations, "region"));
    terms->region = index_cell(region);
    terms->role = index_cell(cell(dataset, WM_POSTS, post, table_column(table, "role")));
    terms->grade = index_cell(cell(dataset, WM_POSTS, post, table_column(table, "grade")));
    terms->accreditation = index_cell(cell(dataset, WM_POSTS, post, table_column(table, "accreditation_required")));
    terms->board_role = cell(dataset, WM_POSTS, post, table_column(table, "board_role")) == 1;
    terms->starts = (int32_t)cell(dataset, WM_POSTS, post, table_column(table, "starts"));
    terms->segment = effective_segment(dataset, terms->organisation);
    if (terms->segment == 0)
        terms->missing |= 1u << WM_MISSING_BIT_segment;
    terms->located =
        unit_vector(cell(dataset, WM_ORGANISATIONS, terms->organisation, table_column(organisations, "latitude")),
                    cell(dataset, WM_ORGANISATIONS, terms->organisation, table_column(organisations, "longitude")),
                    &terms->x, &terms->y, &terms->z);
}

/* amount_t(package) = effect * min(1, amount / full), in 1e-4 logit points. */
static int derive_amounts(struct wm_dataset *dataset)
{
    const struct policy *policy = &dataset->policy;
    const struct table *table = &dataset->tables[WM_PACKAGES];
    dataset->amounts = arena_alloc(&dataset->arena, table->n_rows * policy->n_components + 1, sizeof *dataset->amounts);
    if (dataset->amounts == NULL)
        return WM_EMEMORY;
    for (size_t t = 0; t < policy->n_components; t++) {
        const struct policy_component *component = &policy->components[t];
        int column = table_column(table, component->column);
        for (size_t k = 0; k < table->n_rows; k++) {
            int64_t amount = cell(dataset, WM_PACKAGES, k, column);
            double share = amount == WM_MISSING ? 0 : (double)amount / (double)component->full;
            dataset->amounts[k * policy->n_components + t] =
                (int32_t)real_round(component->effect * (share < 1 ? share : 1) * 1e4);
        }
    }
    return WM_OK;
}

/* ---- preferences ---- */

struct preferences {
    const struct wm_dataset *dataset;
    struct preference *list; /* NULL while counting */
    size_t n;
    uint32_t lane;
};

static void visit_preference(void *arg, size_t position, size_t row)
{
    struct preferences *p = arg;
    const struct policy *policy = &p->dataset->policy;
    double worth = policy->accept.preference_first - (double)position * policy->accept.preference_step;
    if (!(worth > 0))
        return;
    if (p->list != NULL)
        p->list[p->n] = (struct preference){(uint32_t)row, p->lane, (int32_t)real_round(worth * MICRO)};
    p->n++;
}

static int compare_preferences(const void *a, const void *b)
{
    const struct preference *p = a, *q = b;
    if (p->post != q->post)
        return p->post < q->post ? -1 : 1;
    return p->lane < q->lane ? -1 : p->lane > q->lane;
}

static void visit_all_preferences(struct preferences *p)
{
    const struct leader_columns *c = &p->dataset->leaders;
    const struct table *table = &p->dataset->tables[WM_LEADERS];
    int column = table_column(table, "preferences");
    p->n = 0;
    for (size_t lane = 0; lane < c->n; lane++) {
        p->lane = (uint32_t)lane;
        each_reference(p->dataset, table_text(table, c->row_of_lane[lane], column), WM_POSTS, visit_preference, p);
    }
}

static int derive_preferences(struct wm_dataset *dataset)
{
    struct preferences p = {dataset, NULL, 0, 0};
    visit_all_preferences(&p);
    p.list = arena_alloc(&dataset->arena, p.n + 1, sizeof *p.list);
    if (p.list == NULL)
        return WM_EMEMORY;
    visit_all_preferences(&p);
    qsort(p.list, p.n, sizeof *p.list, compare_preferences);
    for (size_t i = 0; i < p.n; i++) {
        struct post_terms *terms = &dataset->posts[p.list[i].post];
        if (terms->n_preferred++ == 0)
            terms->preferred = &p.list[i];
    }
    return WM_OK;
}

int dataset_derive(struct wm_dataset *dataset)
{
    size_t n_posts = dataset->tables[WM_POSTS].n_rows, n_packages = dataset->tables[WM_PACKAGES].n_rows;
    int32_t *engagement_level;
    dataset->kernel = kernel_best();
    dataset->posts = arena_alloc(&dataset->arena, n_posts + 1, sizeof *dataset->posts);
    struct wm_offer *offers = arena_alloc(&dataset->arena, n_posts * n_packages + 1, sizeof *offers);
    if (dataset->posts == NULL || offers == NULL || derive_leaders(dataset) != WM_OK ||
        derive_amounts(dataset) != WM_OK ||
        severity_engagement_levels(dataset, &dataset->arena, &engagement_level) != WM_OK)
        return WM_EMEMORY;
    for (size_t post = 0; post < n_posts; post++) {
        struct post_terms *terms = &dataset->posts[post];
        derive_post(dataset, post, engagement_level);
        terms->offers = offers + post * n_packages;
        offers_derive(dataset, terms, post, terms->offers);
    }
    return derive_preferences(dataset);
}
