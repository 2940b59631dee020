/* Every package on one post: what it costs, who would mentor, and the first thing that bars it. The same for every leader. */
#include "internal.h"
#include "real.h"

#include <stdio.h>

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
static int64_t quality_of(const struct policy *policy, const struct post_terms *terms, int64_t expertise,
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

static bool can_mentor(const struct mentors *mentors, const struct post_terms *terms, size_t mentor)
{
    return (mentors->roles[mentor] >> terms->role & 1) &&
           (mentors->region[mentor] == terms->region || mentors->remote[mentor] == 1);
}

static int64_t quality_at(const struct policy *policy, const struct mentors *mentors, const struct post_terms *terms,
                          size_t mentor)
{
    return quality_of(policy, terms, mentors->expertise[mentor], mentors->region[mentor] == terms->region);
}

size_t mentors_for(const struct wm_dataset *dataset, const struct post_terms *terms, struct mentor_for *out)
{
    struct mentors mentors = mentors_of(dataset);
    size_t n = 0;
    for (size_t m = 0; m < mentors.n; m++)
        if (can_mentor(&mentors, terms, m))
            out[n++] = (struct mentor_for){(uint32_t)m, (int32_t)quality_at(&dataset->policy, &mentors, terms, m)};
    return n;
}

/* Of the mentors who know the role, can reach the post and have the hours, the one of the highest quality; ties: the first row. */
static void best_mentor(const struct policy *policy, const struct mentors *mentors, const struct post_terms *terms,
                        int64_t hours, struct wm_offer *offer)
{
    for (size_t m = 0; m < mentors->n; m++) {
        if (!can_mentor(mentors, terms, m) || mentors->hours[m] < hours)
            continue;
        int64_t quality = quality_at(policy, mentors, terms, m);
        if (offer->mentor == WM_NO_ROW || quality > offer->mentor_quality_micro) {
            offer->mentor = (int32_t)m;
            offer->mentor_quality_micro = quality;
        }
    }
}

/* The row of the pot of a scope and code, or WM_NO_ROW when none is stated. */
static int32_t find_pot(const struct wm_dataset *dataset, const char *scope, const char *code)
{
    char id[200];
    size_t row;
    if (code == NULL)
        return WM_NO_ROW;
    snprintf(id, sizeof id, "%s:%s", scope, code);
    return wm_row_find(dataset, WM_BUDGETS, id, &row) == WM_OK ? (int32_t)row : WM_NO_ROW;
}

static void find_pots(const struct wm_dataset *dataset, struct post_terms *terms)
{
    const struct table *organisations = &dataset->tables[WM_ORGANISATIONS];
    const struct vocabulary *regions = policy_vocabulary(&dataset->policy, "region");
    size_t organisation = terms->organisation;
    terms->pots[POT_ORGANISATION] =
        find_pot(dataset, "organisation", wm_row_id(dataset, WM_ORGANISATIONS, organisation));
    terms->pots[POT_NATIONAL] = find_pot(dataset, "national", "ENGLAND");
    terms->pots[POT_REGION] =
        find_pot(dataset, "region", terms->region < 0 ? NULL : regions->words[terms->region].name);
    terms->pots[POT_ICB] =
        find_pot(dataset, "icb", table_text(organisations, organisation, table_column(organisations, "icb_code")));
    if (terms->pots[POT_ORGANISATION] == WM_NO_ROW)
        terms->missing |= 1u << WM_MISSING_BIT_local_budget;
    if (terms->pots[POT_NATIONAL] == WM_NO_ROW && terms->pots[POT_REGION] == WM_NO_ROW &&
        terms->pots[POT_ICB] == WM_NO_ROW)
        terms->missing |= 1u << WM_MISSING_BIT_central_budget;
}

int64_t pot_amount(const struct wm_dataset *dataset, const struct post_terms *terms, enum pot pot)
{
    return terms->pots[pot] == WM_NO_ROW
               ? WM_MISSING
               : table_cell(&dataset->tables[WM_BUDGETS], (size_t)terms->pots[pot], "amount_gbp");
}

int64_t pot_use(const struct wm_offer *offer, enum pot pot)
{
    return pot == POT_ORGANISATION ? offer->local_cost_gbp : offer->central_cost_gbp;
}

/* The pot that is shortest, of the organisation's own or else of the others; and by how much. */
static enum wm_offer_bar budget_bar(const struct wm_dataset *dataset, const struct post_terms *terms,
                                    struct wm_offer *offer)
{
    enum wm_offer_bar bar = WM_OFFER_BAR_none;
    for (int pot = 0; pot < POT_COUNT && bar != WM_OFFER_BAR_local_budget; pot++) {
        int64_t amount = pot_amount(dataset, terms, (enum pot)pot), use = pot_use(offer, (enum pot)pot);
        if (amount == WM_MISSING || use - amount <= offer->short_by_gbp)
            continue;
        offer->short_by_gbp = use - amount;
        bar = pot == POT_ORGANISATION ? WM_OFFER_BAR_local_budget : WM_OFFER_BAR_central_budget;
    }
    return bar;
}

/* Segments are the words of a vocabulary, "1" to "5"; none listed: any organisation, also one whose segment is unknown. */
static bool segment_allowed(const struct wm_dataset *dataset, size_t package, int segment)
{
    int64_t listed = table_cell(&dataset->tables[WM_PACKAGES], package, "segments");
    if (listed == WM_MISSING)
        return true;
    char digit = (char)('0' + segment);
    int word = segment > 0 ? vocabulary_find(policy_vocabulary(&dataset->policy, "segment"), &digit, 1) : -1;
    return word >= 0 && (listed >> word & 1);
}

static enum wm_offer_bar first_bar(const struct wm_dataset *dataset, const struct post_terms *terms, size_t package,
                                   struct wm_offer *offer)
{
    const struct table *packages = &dataset->tables[WM_PACKAGES];
    const struct policy *policy = &dataset->policy;
    int64_t stock = table_cell(packages, package, "stock");
    if (!segment_allowed(dataset, package, terms->segment))
        return WM_OFFER_BAR_segment;
    if ((double)table_cell(packages, package, "pay_premium_pct") / 10.0 > policy->rules.premium_cap_pct)
        return WM_OFFER_BAR_premium_cap;
    if (table_cell(packages, package, "relocation_gbp") > policy->rules.relocation_cap_gbp)
        return WM_OFFER_BAR_relocation_cap;
    if (stock != WM_MISSING && stock < 1)
        return WM_OFFER_BAR_stock;
    if (table_cell(packages, package, "mentor_hours") > 0 && offer->mentor == WM_NO_ROW)
        return WM_OFFER_BAR_mentor;
    return budget_bar(dataset, terms, offer);
}

void offers_derive(const struct wm_dataset *dataset, struct post_terms *terms, size_t post, struct wm_offer *out)
{
    const struct policy *policy = &dataset->policy;
    const struct table *packages = &dataset->tables[WM_PACKAGES];
    struct mentors mentors = mentors_of(dataset);
    find_pots(dataset, terms);
    int64_t salary = table_cell(&dataset->tables[WM_POSTS], post, "salary_gbp");
    for (size_t k = 0; k < packages->n_rows; k++) {
        struct wm_offer *offer = &out[k];
        *offer = (struct wm_offer){.package = (uint32_t)k, .mentor = WM_NO_ROW};
        int64_t hours = table_cell(packages, k, "mentor_hours");
        if (hours > 0)
            best_mentor(policy, &mentors, terms, hours, offer);
        int64_t premium =
            (salary * table_cell(packages, k, "pay_premium_pct") + 500) / 1000; /* tenths of a percent, a year */
        offer->local_cost_gbp =
            table_cell(packages, k, "local_cost_gbp") + real_round((double)premium * policy->rules.premium_years);
        offer->central_cost_gbp = table_cell(packages, k, "central_cost_gbp");
        offer->needs_approval = salary + premium > policy->rules.approval_salary_gbp;
        offer->bar = first_bar(dataset, terms, k, offer);
    }
}
