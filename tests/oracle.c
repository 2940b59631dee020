/* The plain scalar oracle; see oracle.h. */
#include "oracle.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct oracle {
    const struct wm_dataset *dataset;
    json_t *policy;
};

struct oracle *oracle_new(const struct wm_dataset *dataset, const char *policy_json, size_t len)
{
    struct oracle *oracle = malloc(sizeof *oracle);
    oracle->dataset = dataset;
    oracle->policy = json_loadb(policy_json, len, 0, NULL);
    assert(oracle->policy != NULL);
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    json_decref(oracle->policy);
    free(oracle);
}

static double number(const struct oracle *o, const char *group, const char *name)
{
    return json_number_value(json_object_get(json_object_get(json_object_get(o->policy, group), name), "value"));
}

static int64_t get(const struct oracle *o, enum wm_table table, size_t row, const char *column)
{
    int index = wm_column_find(o->dataset, table, column);
    assert(index >= 0);
    return wm_cell_number(o->dataset, table, row, (size_t)index);
}

static int64_t get2(const struct oracle *o, enum wm_table table, size_t row, const char *prefix, const char *name)
{
    char column[100];
    snprintf(column, sizeof column, "%s%s", prefix, name);
    return get(o, table, row, column);
}

static const char *text(const struct oracle *o, enum wm_table table, size_t row, const char *column, char *buf,
                        size_t cap)
{
    return wm_cell_text(o->dataset, table, row, (size_t)wm_column_find(o->dataset, table, column), buf, cap) == 0 ? NULL
                                                                                                                  : buf;
}

/* 1-based position of `word` in "a;b;c", 0 when absent. */
static int position(const char *list, const char *word)
{
    int at = 0;
    for (char *copy = strdup(list == NULL ? "" : list), *rest = copy, *item;
         (item = strsep(&rest, ";")) != NULL || (free(copy), 0);) {
        at++;
        if (strcmp(item, word) == 0) {
            free(copy);
            return at;
        }
    }
    return 0;
}

static size_t organisation_of(const struct oracle *o, size_t post)
{
    char code[64];
    size_t row;
    int found = wm_row_find(o->dataset, WM_ORGANISATIONS, text(o, WM_POSTS, post, "ods_code", code, sizeof code), &row);
    assert(found == WM_OK);
    return row;
}

/* Single precision, in the order the specification of the kernel gives: great circle by the chord. */
static int64_t distance_hm(const struct oracle *o, size_t leader, size_t organisation)
{
    int64_t lat[2] = {get(o, WM_LEADERS, leader, "latitude"), get(o, WM_ORGANISATIONS, organisation, "latitude")};
    int64_t lon[2] = {get(o, WM_LEADERS, leader, "longitude"), get(o, WM_ORGANISATIONS, organisation, "longitude")};
    float v[2][3];
    if (lat[0] == WM_MISSING || lat[1] == WM_MISSING)
        return -1;
    for (int i = 0; i < 2; i++) {
        double phi = (double)lat[i] * 1e-5 * M_PI / 180, lambda = (double)lon[i] * 1e-5 * M_PI / 180;
        v[i][0] = (float)(cos(phi) * cos(lambda));
        v[i][1] = (float)(cos(phi) * sin(lambda));
        v[i][2] = (float)sin(phi);
    }
    float dx = v[0][0] - v[1][0], dy = v[0][1] - v[1][1], dz = v[0][2] - v[1][2];
    float chord = sqrtf(dx * dx + dy * dy + dz * dz), s = chord * chord / 4;
    float arc = chord * (1 + s * (1.0f / 6 + s * (3.0f / 40 + s * (15.0f / 336))));
    return (int64_t)(arc * 63710.088f + 0.5f);
}

/* In 1e-4. */
static int64_t skill(const struct oracle *o, size_t leader, const char *domain)
{
    int64_t score = get2(o, WM_LEADERS, leader, "score_", domain), n = get(o, WM_LEADERS, leader, "appraisals");
    int64_t day = get(o, WM_LEADERS, leader, "appraised_on"), grade = get(o, WM_LEADERS, leader, "grade");
    double n0 = number(o, "skill", "prior_appraisals"), prior = 0, evidence = 0;
    if (grade != WM_MISSING) {
        json_t *words = json_object_get(json_object_get(json_object_get(o->policy, "vocabularies"), "grade"), "words");
        prior =
            json_number_value(json_object_get(json_object_get(json_array_get(words, (size_t)grade), "prior"), domain));
    }
    if (score != WM_MISSING && n != WM_MISSING && day != WM_MISSING) {
        double age = (double)(wm_policy_as_of(o->dataset) - day);
        evidence = (double)n * pow(2, -(age > 0 ? age : 0) / number(o, "skill", "half_life_days"));
    }
    if (!(evidence + n0 > 0))
        return 0;
    double value = (evidence * (score == WM_MISSING ? 0 : (double)score / 10) + n0 * prior) / (evidence + n0);
    return (int64_t)floor(value * 1e4 + 0.5);
}

static int64_t fit(const struct oracle *o, size_t leader, size_t post, const int64_t *weight_micro)
{
    int64_t sum = 0;
    for (size_t d = 0; d < wm_domain_count(o->dataset); d++) {
        const char *domain = wm_domain_name(o->dataset, d);
        int64_t need = get2(o, WM_POSTS, post, "need_", domain);
        if (need == WM_MISSING || need == 0)
            continue;
        int64_t have = skill(o, leader, domain), want = need * 1000; /* both in 1e-4 */
        sum += have >= want ? weight_micro[d] : (2 * weight_micro[d] * have + want) / (2 * want);
    }
    return sum;
}

static int64_t round_micro(double x)
{
    return x < 0 ? -(int64_t)floor(-x + 0.5) : (int64_t)floor(x + 0.5);
}

static int64_t amount(const struct oracle *o, size_t package, size_t component)
{
    json_t *c = json_array_get(json_object_get(o->policy, "components"), component);
    const char *column = json_string_value(json_object_get(c, "column"));
    const struct wm_column *columns = wm_table_columns(o->dataset, WM_PACKAGES, &(size_t){0});
    int index = wm_column_find(o->dataset, WM_PACKAGES, column);
    double value = (double)get(o, WM_PACKAGES, package, column);
    for (int i = 0; i < columns[index].decimals; i++)
        value /= 10;
    double share = value / json_number_value(json_object_get(c, "full"));
    return round_micro(json_number_value(json_object_get(json_object_get(c, "effect"), "value")) *
                       (share < 1 ? share : 1) * 1e4);
}

static int64_t logit_of(const struct oracle *o, size_t leader, size_t post, const struct wm_severity *severity,
                        const struct wm_offer *offer, int64_t hm)
{
    int64_t travel_km = get(o, WM_LEADERS, leader, "travel_km");
    int64_t excess = hm < 0 ? (int64_t)(number(o, "accept", "unknown_excess_km") * 10 + 0.5)
                            : hm - (travel_km == WM_MISSING ? 0 : travel_km) * 10;
    int64_t logit = round_micro(number(o, "accept", "base") * 1e6);
    logit -= round_micro(number(o, "accept", "severity") * (double)severity->used_micro);
    logit -= excess > 0 ? excess * round_micro(number(o, "accept", "distance_per_100km") * 1e3) : 0;
    logit += round_micro(number(o, "accept", "mentor") * (double)offer->mentor_quality_micro);
    char list[4096];
    int choice =
        position(text(o, WM_LEADERS, leader, "preferences", list, sizeof list), wm_row_id(o->dataset, WM_POSTS, post));
    double preference = number(o, "accept", "preference_first") - (choice - 1) * number(o, "accept", "preference_step");
    logit += choice > 0 && preference > 0 ? round_micro(preference * 1e6) : 0;
    for (size_t t = 0; t < wm_component_count(o->dataset); t++) {
        int64_t want = get2(o, WM_LEADERS, leader, "want_", wm_component_name(o->dataset, t));
        logit += want == WM_MISSING ? 0 : want * amount(o, offer->package, t);
    }
    return logit;
}

static void verdict(struct oracle_pair *out, enum wm_rule rule, bool refuses, bool unsure)
{
    out->refused |= (unsigned)(refuses || unsure) << rule;
    out->unknown |= (unsigned)unsure << rule;
}

static void rules(const struct oracle *o, size_t leader, size_t post, int64_t hm, struct oracle_pair *out)
{
    size_t organisation = organisation_of(o, post);
    int64_t starts = get(o, WM_POSTS, post, "starts"), v, w;
    v = get(o, WM_LEADERS, leader, "roles");
    verdict(out, WM_RULE_role, v != WM_MISSING && !(v >> get(o, WM_POSTS, post, "role") & 1), v == WM_MISSING);
    v = get(o, WM_LEADERS, leader, "grade");
    w = get(o, WM_POSTS, post, "grade");
    verdict(out, WM_RULE_grade,
            v != WM_MISSING && ((double)(w - v) > number(o, "rules", "grade_steps_up") ||
                                (double)(v - w) > number(o, "rules", "grade_steps_down")),
            v == WM_MISSING);
    w = get(o, WM_POSTS, post, "accreditation_required");
    if (w != WM_MISSING) {
        int64_t held = get(o, WM_LEADERS, leader, "accreditation"),
                until = get(o, WM_LEADERS, leader, "accredited_until");
        bool holds = held != WM_MISSING && (held >> w & 1),
             unsure = held == WM_MISSING || (holds && until == WM_MISSING);
        verdict(out, WM_RULE_accreditation, !unsure && (!holds || until < starts), unsure);
    }
    if (get(o, WM_POSTS, post, "board_role") == 1) {
        v = get(o, WM_LEADERS, leader, "fit_and_proper_until");
        verdict(out, WM_RULE_fit_and_proper, v != WM_MISSING && v < starts, v == WM_MISSING);
    }
    v = get(o, WM_LEADERS, leader, "ready_from");
    verdict(out, WM_RULE_ready, v != WM_MISSING && v > starts, v == WM_MISSING);

    int64_t region = get(o, WM_POSTS, post, "region"), travel = get(o, WM_LEADERS, leader, "travel_km");
    if (region == WM_MISSING)
        region = get(o, WM_ORGANISATIONS, organisation, "region");
    v = get(o, WM_LEADERS, leader, "regions_willing");
    bool willing = v != WM_MISSING && (v >> region & 1),
         near = hm >= 0 && hm <= (travel == WM_MISSING ? 0 : travel) * 10;
    bool unsure = !willing && !near && (v == WM_MISSING || hm < 0 || travel == WM_MISSING);
    verdict(out, WM_RULE_place, !willing && !near && !unsure, unsure);

    char list[4096];
    verdict(out, WM_RULE_excluded,
            position(text(o, WM_LEADERS, leader, "organisations_excluded", list, sizeof list),
                     wm_row_id(o->dataset, WM_ORGANISATIONS, organisation)) > 0,
            false);
}

void oracle_score(const struct oracle *o, size_t leader, size_t post, const struct wm_severity *severity,
                  const int64_t *weight_micro, const struct wm_offer *offers, size_t n_offers, struct oracle_pair *out)
{
    int64_t hm = distance_hm(o, leader, organisation_of(o, post)), best_cost = 0;
    *out = (struct oracle_pair){.package = -1, .logit_micro = INT64_MIN};
    rules(o, leader, post, hm, out);
    out->distance_m = hm < 0 ? WM_MISSING : hm * 100;
    out->fit_micro = fit(o, leader, post, weight_micro);
    for (size_t k = 0; k < n_offers; k++) {
        if (offers[k].bar != WM_OFFER_BAR_none)
            continue;
        int64_t logit = logit_of(o, leader, post, severity, &offers[k], hm),
                cost = offers[k].local_cost_gbp + offers[k].central_cost_gbp;
        if (out->package < 0 || logit > out->logit_micro || (logit == out->logit_micro && cost < best_cost)) {
            out->logit_micro = logit;
            out->package = (int32_t)offers[k].package;
            best_cost = cost;
        }
    }
    verdict(out, WM_RULE_package, out->package < 0, false);
    if (out->package < 0)
        return;
    out->accept_micro = (int64_t)floor(1e6 / (1 + exp(-(double)out->logit_micro / 1e6)) + 0.5);
    int64_t benefit = (severity->used_micro * out->fit_micro + 500000) / 1000000;
    out->expected_nano = (benefit * out->accept_micro + 500) / 1000;
}
