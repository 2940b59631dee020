/* A dataset as text that can be spoiled one piece at a time. */
#include "small.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char policy[] =
    "{\n"
    "  \"format\": 1, \"version\": \"small\", \"as_of\": \"2026-07-08\",\n"
    "  \"sources\": {\"us\": {\"title\": \"Our own judgement\", \"date\": \"2026-07\"}},\n"
    "  \"vocabularies\": {\n"
    "    \"region\": {\"source\": \"us\", \"words\": [{\"name\": \"London\"}, {\"name\": \"North West\"}]},\n"
    "    \"type\": {\"source\": \"us\", \"words\": [{\"name\": \"acute\"}, {\"name\": \"community\"}]},\n"
    "    \"role\": {\"source\": \"us\", \"words\": [{\"name\": \"chief_executive\", \"title\": \"Chief executive\"}, "
    "{\"name\": \"chair\"}]},\n"
    "    \"grade\": {\"source\": \"us\", \"words\": [\n"
    "      {\"name\": \"band_9\", \"prior\": {\"culture\": 2.5, \"quality\": 3}},\n"
    "      {\"name\": \"vsm\", \"prior\": {\"culture\": 3, \"quality\": 3.5}}]},\n"
    "    \"accreditation\": {\"source\": \"us\", \"words\": [{\"name\": \"gmc\"}, {\"name\": \"nmc\", \"until\": "
    "\"2026-07-08\"}, "
    "{\"name\": \"old\", \"until\": \"2026-07-07\"}, {\"name\": \"new\", \"from\": \"2026-07-09\"}]},\n"
    "    \"sector\": {\"source\": \"us\", \"words\": [{\"name\": \"acute\"}, {\"name\": \"private\"}]},\n"
    "    \"programme\": {\"source\": \"us\", \"words\": [{\"name\": \"PIP\", \"segment\": 5}, {\"name\": \"RSP\"}]},\n"
    "    \"rating\": {\"source\": \"us\", \"words\": [{\"name\": \"good\", \"level\": 0.333333}, {\"name\": "
    "\"inadequate\", \"level\": 1}]},\n"
    "    \"segment\": {\"source\": \"us\", \"words\": [{\"name\": \"1\"}, {\"name\": \"2\"}, {\"name\": \"3\"}, "
    "{\"name\": \"4\"}, {\"name\": \"5\"}]},\n"
    "    \"budget_scope\": {\"source\": \"us\", \"words\": [{\"name\": \"national\"}, {\"name\": \"region\"}, "
    "{\"name\": \"icb\"}, {\"name\": \"organisation\"}]}\n"
    "  },\n"
    "  \"domains\": [\n"
    "    {\"name\": \"culture\", \"title\": \"Culture\", \"signals\": [\"engagement\"], \"source\": \"us\"},\n"
    "    {\"name\": \"quality\", \"title\": \"Quality\", \"signals\": [\"cqc_overall\", \"segment\"], \"source\": "
    "\"us\"}\n"
    "  ],\n"
    "  \"components\": [\n"
    "    {\"name\": \"pay\", \"column\": \"pay_premium_pct\", \"full\": 15, \"effect\": {\"value\": 0.5, \"source\": "
    "\"us\"}},\n"
    "    {\"name\": \"mentoring\", \"column\": \"mentor_hours\", \"full\": 40, \"effect\": {\"value\": 0.3, "
    "\"source\": \"us\"}}\n"
    "  ],\n"
    "  \"severity\": {\n"
    "    \"signals\": {\n"
    "      \"segment\": {\"weight\": {\"value\": 3, \"source\": \"us\"}, \"half_life_days\": {\"value\": 365, "
    "\"source\": \"us\"}},\n"
    "      \"league\": {\"weight\": {\"value\": 1.5, \"source\": \"us\"}, \"half_life_days\": {\"value\": 365, "
    "\"source\": \"us\"}},\n"
    "      \"cqc_overall\": {\"weight\": {\"value\": 1.5, \"source\": \"us\"}, \"half_life_days\": {\"value\": 730, "
    "\"source\": \"us\"}},\n"
    "      \"cqc_well_led\": {\"weight\": {\"value\": 1.5, \"source\": \"us\"}, \"half_life_days\": {\"value\": 730, "
    "\"source\": \"us\"}},\n"
    "      \"engagement\": {\"weight\": {\"value\": 1.5, \"source\": \"us\"}, \"half_life_days\": {\"value\": 545, "
    "\"source\": \"us\"}},\n"
    "      \"vacancy\": {\"weight\": {\"value\": 1, \"source\": \"us\"}, \"half_life_days\": {\"value\": 365, "
    "\"source\": \"us\"}}\n"
    "    },\n"
    "    \"vacancy_full_days\": {\"value\": 365, \"source\": \"us\"},\n"
    "    \"unknown\": {\"value\": 0.5, \"source\": \"us\"}\n"
    "  },\n"
    "  \"skill\": {\"prior_appraisals\": {\"value\": 2, \"source\": \"us\"}, \"half_life_days\": {\"value\": 730, "
    "\"source\": \"us\"}},\n"
    "  \"fit\": {\"boost\": {\"value\": 1, \"source\": \"us\"}},\n"
    "  \"accept\": {\n"
    "    \"base\": {\"value\": -3.2, \"source\": \"us\"}, \"distance_per_100km\": {\"value\": 0.9, \"source\": "
    "\"us\"},\n"
    "    \"severity\": {\"value\": 0.6, \"source\": \"us\"}, \"mentor\": {\"value\": 0.6, \"source\": \"us\"},\n"
    "    \"preference_first\": {\"value\": 1, \"source\": \"us\"}, \"preference_step\": {\"value\": 0.2, \"source\": "
    "\"us\"},\n"
    "    \"unknown_excess_km\": {\"value\": 200, \"source\": \"us\"}\n"
    "  },\n"
    "  \"mentor\": {\n"
    "    \"expertise\": {\"value\": 0.5, \"source\": \"us\"}, \"place\": {\"value\": 0.3, \"source\": \"us\"},\n"
    "    \"free\": {\"value\": 0.2, \"source\": \"us\"}, \"remote\": {\"value\": 0.5, \"source\": \"us\"}\n"
    "  },\n"
    "  \"rules\": {\n"
    "    \"grade_steps_up\": {\"value\": 1, \"source\": \"us\"}, \"grade_steps_down\": {\"value\": 2, \"source\": "
    "\"us\"},\n"
    "    \"premium_cap_pct\": {\"value\": 15, \"source\": \"us\"}, \"relocation_cap_gbp\": {\"value\": 8000, "
    "\"source\": \"us\"},\n"
    "    \"approval_salary_gbp\": {\"value\": 170000, \"source\": \"us\"}, \"premium_years\": {\"value\": 1, "
    "\"source\": \"us\"}\n"
    "  }\n"
    "}\n";

static const char organisations[] =
    "ods_code,name,type,region,icb_code,icb_name,postcode,latitude,longitude,oversight_segment,segment_as_of,league_"
    "score,in_deficit,"
    "recovery_programme,cqc_overall,cqc_as_of,cqc_well_led,pp1_compassionate_inclusive,pp2_recognised_rewarded,pp3_"
    "voice_counts,"
    "pp4_safe_healthy,pp5_always_learning,pp6_work_flexibly,pp7_team,engagement,morale,survey_as_of,source\n"
    "RX1,\"First, \"\"and\"\" foremost\",acute,London,QA1,London ICB,SW1A "
    "1AA,51.5,-0.12,4,2025-12-31,2.36,1,PIP,inadequate,2024-03-01,good,"
    "7.27,5.90,6.63,6.16,5.55,6.15,6.72,6.73,5.86,2025-12-31,us\n"
    "RA2,Second,,North West,,,,,,,,,,,,,,,,,,,,,,,,\n";

static const char posts[] = "post_id,ods_code,title,role,grade,salary_gbp,openings,starts,days_vacant,region,need_"
                            "culture,need_quality,accreditation_required,board_role\n"
                            "P1,RX1,Chief executive,chief_executive,vsm,180000,1,2026-10-01,90,,4,3.5,,1\n"
                            "P2,RA2,Chair,chair,vsm,60000,1,2026-11-01,,London,,2,gmc,0\n";

static const char leaders[] =
    "leader_id,ods_code,roles,grade,salary_gbp,score_culture,score_quality,appraisals,appraised_on,accreditation,"
    "accredited_until,"
    "fit_and_proper_until,ready_from,latitude,longitude,travel_km,regions_willing,sectors,want_pay,want_mentoring,"
    "organisations_excluded,preferences\n"
    "L3,RX1,chief_executive;chair,vsm,150000,4.1,3,2,2026-01-31,gmc;nmc,2027-01-01,2028-01-01,2026-08-01,51.4,-0.5,60,"
    "London;North West,acute,0.5,0.25,RA2,P2;P1\n"
    "L1,,,,,,,,,,,,,,,,,,,,,\n"
    "L2,RA2,chair,band_9,90000,2,2.5,1,2025-05-01,,,,,53.5,-2.3,30,North West,private,1,0,,\n";

static const char packages[] = "package_id,name,pay_premium_pct,relocation_gbp,development_days,flexible_days,return_"
                               "right_months,peer_network,mentor_hours,"
                               "local_cost_gbp,central_cost_gbp,stock,segments\n"
                               "K1,Nothing more,0,0,0,0,0,0,0,0,0,,\n"
                               "K2,All of it,12.5,8000,10,20,24,1,40,9000,4000,5,4;5\n";

static const char mentors[] = "mentor_id,ods_code,region,roles,expertise,hours,remote\n"
                              "M1,RX1,London,chief_executive,culture;quality,80,1\n";

static const char budgets[] = "scope,code,amount_gbp\n"
                              "national,ENGLAND,1000000\n"
                              "region,North West,400000\n"
                              "icb,QA1,200000\n"
                              "organisation,RX1,50000\n";

static const char *const names[SMALL_FILES] = {"policy.json", "organisations.csv", "posts.csv",
                                               "leaders.csv", "packages.csv",      "mentors.csv",
                                               "budgets.csv", "monitoring.csv",    "history.csv"};
static const char *const texts[SMALL_FILES] = {policy,  organisations, posts, leaders, packages,
                                               mentors, budgets,       NULL,  NULL};

void small_init(struct small *small)
{
    for (int i = 0; i < SMALL_FILES; i++) {
        small->text[i] = NULL;
        small->sources[i].name = names[i];
        small_set(small, names[i], texts[i], texts[i] ? strlen(texts[i]) : 0);
    }
}

void small_fini(struct small *small)
{
    for (int i = 0; i < SMALL_FILES; i++)
        free(small->text[i]);
}

static int find(const char *file)
{
    for (int i = 0; i < SMALL_FILES; i++)
        if (strcmp(names[i], file) == 0)
            return i;
    abort(); /* no such file */
}

void small_replace(struct small *small, const char *file, const char *from, const char *to)
{
    int i = find(file);
    const char *text = small->text[i], *at = strstr(text, from);
    assert(at && "the text to replace is there");
    size_t before = (size_t)(at - text), to_len = strlen(to), after = strlen(at + strlen(from));
    char *changed = malloc(before + to_len + after + 1);
    assert(changed);
    memcpy(changed, text, before);
    memcpy(changed + before, to, to_len);
    memcpy(changed + before + to_len, at + strlen(from), after + 1);
    small_set(small, file, changed, before + to_len + after);
    free(changed);
}

/* One byte more than given, for strstr; the source does not count it. */
void small_set(struct small *small, const char *file, const char *bytes, size_t len)
{
    int i = find(file);
    free(small->text[i]);
    small->text[i] = NULL;
    if (bytes) {
        small->text[i] = malloc(len + 1);
        assert(small->text[i]);
        memcpy(small->text[i], bytes, len);
        small->text[i][len] = '\0';
    }
    small->sources[i] = (struct wm_source){names[i], small->text[i], bytes ? len : 0};
}

int small_build(const struct small *small, struct wm_dataset **out, char *faults, size_t cap)
{
    struct wm_faults *list;
    int status = wm_faults_new(WM_FAULTS_SHOWN, &list);
    assert(status == WM_OK);
    status = wm_dataset_build(small->sources, SMALL_FILES, list, out);
    size_t at = 0;
    faults[0] = '\0';
    for (size_t i = 0; i < wm_faults_kept(list) && at < cap; i++) {
        const struct wm_fault *fault = wm_faults_at(list, i);
        at += (size_t)snprintf(faults + at, cap - at, "%s:%ld:%ld: %s; %s\n", fault->file, fault->line, fault->column,
                               fault->what, fault->expected);
    }
    wm_faults_free(list);
    return status;
}
