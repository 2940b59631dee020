/* Severity and packages of a post, by hand: signals, their ages, what is unknown; mentors, costs, bars and budgets. */
#include "gen.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char organisations_heading[] =
    "ods_code,name,type,region,icb_code,icb_name,postcode,latitude,longitude,oversight_segment,segment_as_of,league_"
    "score,in_deficit,"
    "recovery_programme,cqc_overall,cqc_as_of,cqc_well_led,pp1_compassionate_inclusive,pp2_recognised_rewarded,pp3_"
    "voice_counts,pp4_safe_healthy,"
    "pp5_always_learning,pp6_work_flexibly,pp7_team,engagement,morale,survey_as_of,source\n";
static const char posts_heading[] =
    "post_id,ods_code,title,role,grade,salary_gbp,openings,starts,days_vacant,region,need_quality_outcomes,"
    "need_strategy_transformation,need_equality_inequalities,need_governance_assurance,need_culture,"
    "need_partners_communities,accreditation_required,board_role\n";
static const char packages_heading[] =
    "package_id,name,pay_premium_pct,relocation_gbp,development_days,flexible_days,return_right_months,"
    "peer_network,mentor_hours,local_cost_gbp,central_cost_gbp,stock,segments\n";

static void replace(struct gen_set *set, const char *name, const char *heading, const char *rows)
{
    char text[8192];
    int len = snprintf(text, sizeof text, "%s%s", heading, rows);
    gen_replace(set, name, text, (size_t)len);
}

/* Two organisations and a post at the first: everything is given by the rows. */
static struct wm_dataset *build(struct gen_set *set, const char *organisations, const char *post, const char *packages,
                                const char *mentors, const char *budgets)
{
    gen_make(&(struct gen_options){.seed = 1, .leaders = 0, .posts = 1, .packages = 1, .mentors = 0}, set);
    replace(set, "organisations.csv", organisations_heading, organisations);
    replace(set, "posts.csv", posts_heading, post);
    replace(set, "packages.csv", packages_heading, packages);
    replace(set, "mentors.csv", "mentor_id,ods_code,region,roles,expertise,hours,remote\n", mentors);
    replace(set, "budgets.csv", "scope,code,amount_gbp\n", budgets);
    return gen_build(set);
}

#define PLAIN_POST "P1,AAA,T,chair,vsm,100000,1,2027-01-01,,,3,,,3,,,,0\n"
#define PLAIN_PACKAGE "K0,Standard,0,0,0,0,0,0,0,0,0,,\n"

static struct wm_severity severity(const char *organisations, const char *post)
{
    struct gen_set set;
    struct wm_severity out;
    struct wm_dataset *dataset = build(&set, organisations, post, PLAIN_PACKAGE, "", "");
    assert_int_equal(wm_severity_of(dataset, 0, &out), WM_OK);
    assert_int_equal(wm_severity_of(dataset, 1, &out), WM_EUNKNOWN);
    wm_dataset_unref(dataset);
    gen_free(&set);
    int64_t parts = 0, shares = 0;
    for (int s = 0; s < WM_SIGNAL_COUNT; s++) {
        parts += out.part_micro[s];
        shares += out.share_micro[s];
    }
    if (out.known) {
        assert_int_equal(parts, out.used_micro);
        assert_int_equal(shares, 1000000);
    }
    return out;
}

static void nothing_known_is_a_third_state(void **state)
{
    (void)state;
    struct wm_severity s = severity("AAA,A,acute,London,,,,,,,,,,,,,,,,,,,,,,,,\n", PLAIN_POST);
    assert_false(s.known);
    assert_int_equal(s.evidence_micro, 0);
    assert_int_equal(s.used_micro, 500000); /* the policy's stand-in */
}

static void one_signal_is_the_severity(void **state)
{
    (void)state;
    struct wm_severity s = severity("AAA,A,acute,London,,,,,,4,2025-12-31,,,,,,,,,,,,,,,,,\n", PLAIN_POST);
    assert_true(s.known && s.present[WM_SIGNAL_segment] && !s.present[WM_SIGNAL_league]);
    assert_int_equal(s.used_micro, 750000);
    s = severity("AAA,A,acute,London,,,,,,3,2025-12-31,,,PIP,,,,,,,,,,,,,,\n",
                 PLAIN_POST); /* the programme stands for segment 5 */
    assert_int_equal(s.used_micro, 1000000);
    s = severity("AAA,A,acute,London,,,,,,3,2025-12-31,,,RSP,,,,,,,,,,,,,,\n",
                 PLAIN_POST); /* historic: shown, not scored */
    assert_int_equal(s.used_micro, 500000);
    s = severity("AAA,A,acute,London,,,,,,,,,,,inadequate,2026-01-01,,,,,,,,,,,,\n", PLAIN_POST);
    assert_int_equal(s.used_micro, 1000000);
    s = severity("AAA,A,acute,London,,,,,,4,,,,,,,,,,,,,,,,,,\n", PLAIN_POST); /* no date: it cannot be aged */
    assert_false(s.known);
    s = severity("AAA,A,acute,London,,,,,,,,,,,,,,,,,,,,,,,,\n",
                 "P1,AAA,T,chair,vsm,100000,1,2027-01-01,73,,3,,,3,,,,0\n");
    assert_int_equal(s.used_micro, 200000); /* 73 of 365 days */
    s = severity("AAA,A,acute,London,,,,,,,,,,,,,,,,,,,,,,,,\n",
                 "P1,AAA,T,chair,vsm,100000,1,2027-01-01,5000,,3,,,3,,,,0\n");
    assert_int_equal(s.used_micro, 1000000); /* no worse than a year */
}

static void a_rating_that_repeats_another_counts_once(void **state)
{
    (void)state;
    struct wm_severity s =
        severity("AAA,A,acute,London,,,,,,1,2026-07-08,,,,inadequate,2026-07-08,inadequate,,,,,,,,,,,\n", PLAIN_POST);
    assert_true(s.present[WM_SIGNAL_cqc_well_led] && !s.present[WM_SIGNAL_cqc_overall]);
    assert_int_equal(s.used_micro, 333333); /* 1.5 against 3 for the segment */
}

/* Weight 3 and 365 days for the segment, 1.5 and 730 for the CQC rating, 10 in all: the sample policy. */
static void older_signals_count_less(void **state)
{
    (void)state;
    struct wm_severity s =
        severity("AAA,A,acute,London,,,,,,1,2026-07-08,,,,inadequate,2024-07-08,,,,,,,,,,,,\n", PLAIN_POST);
    assert_int_equal(s.share_micro[WM_SIGNAL_segment], 800000);
    assert_int_equal(s.share_micro[WM_SIGNAL_cqc_overall], 200000); /* 1.5 halved after two years, against 3 */
    assert_int_equal(s.used_micro, 200000);
    assert_int_equal(s.evidence_micro, 375000);
}

static void engagement_is_ranked_within_the_type(void **state)
{
    (void)state;
    struct wm_severity s = severity("AAA,A,acute,London,,,,,,,,,,,,,,,,,,,,,6.50,,2026-07-08,\n"
                                    "BBB,B,acute,London,,,,,,,,,,,,,,,,,,,,,7.00,,2026-07-08,\n"
                                    "CCC,C,acute,London,,,,,,,,,,,,,,,,,,,,,6.50,,2026-07-08,\n"
                                    "DDD,D,community,London,,,,,,,,,,,,,,,,,,,,,9.00,,2026-07-08,\n",
                                    PLAIN_POST);
    assert_int_equal(s.used_micro, 750000); /* one of two others is better, one equal */
    s = severity("AAA,A,acute,London,,,,,,,,,,,,,,,,,,,,,6.50,,2026-07-08,\n", PLAIN_POST);
    assert_false(s.known); /* nobody to compare with */
}

static struct wm_shortlist *offers(struct gen_set *set, struct wm_dataset **dataset, const char *packages,
                                   const char *mentors, const char *budgets)
{
    struct wm_query query = WM_QUERY_INIT;
    struct wm_shortlist *list;
    *dataset = build(set, "AAA,A,acute,London,QXX,,,,,3,2025-12-31,,,,,,,,,,,,,,,,,\n", PLAIN_POST, packages, mentors,
                     budgets);
    assert_int_equal(wm_shortlist_make(*dataset, &query, &list), WM_OK);
    return list;
}

static void each_bar_is_named(void **state)
{
    (void)state;
    struct gen_set set;
    struct wm_dataset *dataset;
    struct wm_shortlist *list =
        offers(&set, &dataset,
               "K0,ok,15.0,8000,0,0,0,0,0,100,0,1,3\n"
               "K1,premium,15.1,0,0,0,0,0,0,0,0,,\n"
               "K2,relocation,0,8001,0,0,0,0,0,0,0,,\n"
               "K3,stock,0,0,0,0,0,0,0,0,0,0,\n"
               "K4,segment,0,0,0,0,0,0,0,0,0,,4;5\n"
               "K5,mentor,0,0,0,0,0,0,41,0,0,,\n"
               "K6,local,0,0,0,0,0,0,0,20001,0,,\n"
               "K7,central,0,0,0,0,0,0,0,0,5001,,\n"
               "K8,just,0,0,0,0,0,0,40,20000,5000,,\n",
               "M1,,Midlands,chair,culture,40,0\nM2,,London,chair,culture,40,0\nM3,,Midlands,chair,"
               "quality_outcomes;governance_assurance,40,1\nM4,,London,finance_director,quality_outcomes,90,1\n",
               "organisation,AAA,20000\nnational,ENGLAND,9000\nregion,London,5000\nicb,QXX,6000\nregion,Midlands,1\n");
    static const enum wm_offer_bar bars[] = {
        WM_OFFER_BAR_none,         WM_OFFER_BAR_premium_cap,    WM_OFFER_BAR_relocation_cap,
        WM_OFFER_BAR_stock,        WM_OFFER_BAR_segment,        WM_OFFER_BAR_mentor,
        WM_OFFER_BAR_local_budget, WM_OFFER_BAR_central_budget, WM_OFFER_BAR_none};
    assert_int_equal(list->n_offers, 9);
    for (size_t k = 0; k < 9; k++)
        assert_string_equal(wm_offer_bar_name(list->offers[k].bar), wm_offer_bar_name(bars[k]));
    assert_int_equal(list->offers[0].local_cost_gbp, 100 + 15000); /* the premium on the salary of 100,000 */
    assert_int_equal(list->offers[6].short_by_gbp, 1);
    assert_int_equal(list->offers[7].short_by_gbp, 1);
    assert_int_equal(list->offers[0].mentor, WM_NO_ROW);
    assert_string_equal(wm_row_id(dataset, WM_MENTORS, (size_t)list->offers[8].mentor),
                        "M3"); /* knows the needs, though remote */
    assert_int_equal(list->offers[8].mentor_quality_micro, 500000 + 300000 / 2 + 200000);
    wm_shortlist_free(list);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

static void high_pay_is_flagged(void **state)
{
    (void)state;
    struct gen_set set;
    struct wm_dataset *dataset = build(&set, "AAA,A,acute,London,QXX,,,,,3,2025-12-31,,,,,,,,,,,,,,,,,\n",
                                       "P1,AAA,T,chair,vsm,160000,1,2027-01-01,,,3,,,3,,,,0\n",
                                       "K0,x,6.2,0,0,0,0,0,0,0,0,,\nK1,x,6.3,0,0,0,0,0,0,0,0,,\n", "", "");
    struct wm_query query = WM_QUERY_INIT;
    struct wm_shortlist *list;
    assert_int_equal(wm_shortlist_make(dataset, &query, &list), WM_OK);
    assert_false(list->offers[0].needs_approval); /* 169,920 */
    assert_true(list->offers[1].needs_approval);  /* 170,080 */
    wm_shortlist_free(list);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_known_is_a_third_state),
        cmocka_unit_test(one_signal_is_the_severity),
        cmocka_unit_test(a_rating_that_repeats_another_counts_once),
        cmocka_unit_test(older_signals_count_less),
        cmocka_unit_test(engagement_is_ranked_within_the_type),
        cmocka_unit_test(each_bar_is_named),
        cmocka_unit_test(high_pay_is_flagged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
