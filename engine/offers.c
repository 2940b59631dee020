/* Every package on one post: what it costs, who would mentor, and the first thing that bars it. The same for every leader. */
#include "internal.h"
#include "real.h"

static int64_t cell(const struct wm_dataset *dataset, enum wm_table table, size_t row, const char *column)
{
    const struct table *t = &dataset->tables[table];
    return t->cells[table_column(t, column)][row];
}

struct mentors { /* [n] each */
    size_t n;
    const int64_t *roles, *region, *remote, *hours, *expertise;
};

static struct mentors mentors_of(const struct wm_dataset *dataset)
{
    const struct table *t = &dataset->tables[WM_MENTORS];
    return (struct mentors){t->n_rows,
                            t->cells[table_column(t, "roles")],
                            t->cells[table_column(t, "region")],
                            t->cells[table_column(t, "remote")],
                            t->cells[table_column(t, "hours")],
                            t->cells[table_column(t, "expertise")]};
}

/* quality of a mentor for a post in [0,1]: overlap of expertise with need, region or remote, share of hours free. */
static int64_t mentor_quality(const struct policy *policy, const struct post_terms *terms, int64_t expertise,
                              bool same_region)
{
    int64_t overlap = 0;
    for (size_t d = 0; d < policy->n_domains; d++)
        if (expertise >> d & 1)
            overlap += terms->weight_micro[d];
    double free_share = 1; /* no hours are held before there is a ledger of offers */
    return real_round(
        policy->mentor.expertise * (double)overlap +
        (policy->mentor.place * (same_region ? 1 : policy->mentor.remote) + policy->mentor.free * free_share) * MICRO);
}

/* Of the mentors who know the role, can reach the post and have the hours, the one of the highest quality; ties: the first row. */
static void best_mentor(const struct policy *policy, const struct mentors *mentors, const struct post_terms *terms,
                        int64_t hours, struct wm_offer *offer)
{
    for (size_t m = 0; m < mentors->n; m++) {
        bool same_region = mentors->region[m] == terms->region;
        if (!(mentors->roles[m] >> terms->role & 1) || !(same_region || mentors->remote[m] == 1) ||
            mentors->hours[m] < hours)
            continue;
        int64_t quality = mentor_quality(policy, terms, mentors->expertise[m], same_region);
        if (offer->mentor == WM_NO_ROW || quality > offer->mentor_quality_micro) {
            offer->mentor = (int32_t)m;
            offer->mentor_quality_micro = quality;
        }
    }
}

/* The pot of a scope and code, or WM_MISSING when none is stated. */
static int64_t budget(const struct wm_dataset *dataset, const char *scope, const char *code)
{
    char id[200];
    size_t n = 0, row;
    if (code == NULL)
        return WM_MISSING;
    for (const char *parts[] = {scope, ":", code}, **part = parts; part < parts + 3; part++)
        for (const char *p = *part; *p != '\0' && n < sizeof id - 1; p++)
            id[n++] = *p;
    id[n] = '\0';
    return wm_row_find(dataset, WM_BUDGETS, id, &row) == WM_OK ? cell(dataset, WM_BUDGETS, row, "amount_gbp")
                                                               : WM_MISSING;
}

struct pots {
    int64_t local, central; /* central: the least of national, regional and ICB pots */
};

static struct pots pots_of(const struct wm_dataset *dataset, struct post_terms *terms)
{
    const struct table *organisations = &dataset->tables[WM_ORGANISATIONS];
    const struct vocabulary *regions = policy_vocabulary(&dataset->policy, "region");
    const char *icb = table_text(organisations, terms->organisation, table_column(organisations, "icb_code"));
    int64_t central[] = {budget(dataset, "national", "ENGLAND"), budget(dataset, "icb", icb),
                         terms->region < 0 ? WM_MISSING
                                           : budget(dataset, "region", regions->words[terms->region].name)};
    struct pots pots = {budget(dataset, "organisation", wm_row_id(dataset, WM_ORGANISATIONS, terms->organisation)),
                        WM_MISSING};
    for (size_t i = 0; i < sizeof central / sizeof *central; i++)
        if (central[i] != WM_MISSING && (pots.central == WM_MISSING || central[i] < pots.central))
            pots.central = central[i];
    if (pots.local == WM_MISSING)
        terms->missing |= 1u << WM_MISSING_BIT_local_budget;
    if (pots.central == WM_MISSING)
        terms->missing |= 1u << WM_MISSING_BIT_central_budget;
    return pots;
}

/* Segments are the words of a vocabulary, "1" to "5"; none listed: any organisation, also one whose segment is unknown. */
static bool segment_allowed(const struct wm_dataset *dataset, size_t package, int segment)
{
    int64_t listed = cell(dataset, WM_PACKAGES, package, "segments");
    if (listed == WM_MISSING)
        return true;
    char digit = (char)('0' + segment);
    int word = segment > 0 ? vocabulary_find(policy_vocabulary(&dataset->policy, "segment"), &digit, 1) : -1;
    return word >= 0 && (listed >> word & 1);
}

static enum wm_offer_bar first_bar(const struct wm_dataset *dataset, const struct post_terms *terms, size_t package,
                                   const struct pots *pots, struct wm_offer *offer)
{
    const struct policy *policy = &dataset->policy;
    int64_t stock = cell(dataset, WM_PACKAGES, package, "stock");
    if (!segment_allowed(dataset, package, terms->segment))
        return WM_OFFER_BAR_segment;
    if ((double)cell(dataset, WM_PACKAGES, package, "pay_premium_pct") / 10.0 > policy->rules.premium_cap_pct)
        return WM_OFFER_BAR_premium_cap;
    if (cell(dataset, WM_PACKAGES, package, "relocation_gbp") > policy->rules.relocation_cap_gbp)
        return WM_OFFER_BAR_relocation_cap;
    if (stock != WM_MISSING && stock < 1)
        return WM_OFFER_BAR_stock;
    if (cell(dataset, WM_PACKAGES, package, "mentor_hours") > 0 && offer->mentor == WM_NO_ROW)
        return WM_OFFER_BAR_mentor;
    if (pots->local != WM_MISSING && offer->local_cost_gbp > pots->local) {
        offer->short_by_gbp = offer->local_cost_gbp - pots->local;
        return WM_OFFER_BAR_local_budget;
    }
    if (pots->central != WM_MISSING && offer->central_cost_gbp > pots->central) {
        offer->short_by_gbp = offer->central_cost_gbp - pots->central;
        return WM_OFFER_BAR_central_budget;
    }
    return WM_OFFER_BAR_none;
}

void offers_derive(const struct wm_dataset *dataset, struct post_terms *terms, size_t post, struct wm_offer *out)
{
    const struct policy *policy = &dataset->policy;
    struct pots pots = pots_of(dataset, terms);
    struct mentors mentors = mentors_of(dataset);
    int64_t salary = cell(dataset, WM_POSTS, post, "salary_gbp");
    for (size_t k = 0; k < dataset->tables[WM_PACKAGES].n_rows; k++) {
        struct wm_offer *offer = &out[k];
        *offer = (struct wm_offer){.package = (uint32_t)k, .mentor = WM_NO_ROW};
        int64_t hours = cell(dataset, WM_PACKAGES, k, "mentor_hours");
        if (hours > 0)
            best_mentor(policy, &mentors, terms, hours, offer);
        int64_t premium =
            (salary * cell(dataset, WM_PACKAGES, k, "pay_premium_pct") + 500) / 1000; /* tenths of a percent, a year */
        offer->local_cost_gbp =
            cell(dataset, WM_PACKAGES, k, "local_cost_gbp") + real_round((double)premium * policy->rules.premium_years);
        offer->central_cost_gbp = cell(dataset, WM_PACKAGES, k, "central_cost_gbp");
        offer->needs_approval = salary + premium > policy->rules.approval_salary_gbp;
        offer->bar = first_bar(dataset, terms, k, &pots, offer);
    }
}
