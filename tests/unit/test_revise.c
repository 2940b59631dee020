/*
 * A dataset under another policy answers as one that was loaded with that policy; and what may not differ is refused.
 */
#include "fault.h"
#include "gen.h"
#include "small.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- texts ---- */

static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    size_t head = (size_t)(at - text), rest = strlen(at + strlen(from));
    char *out = malloc(head + strlen(to) + rest + 1);
    memcpy(out, text, head);
    memcpy(out + head, to, strlen(to));
    memcpy(out + head + strlen(to), at + strlen(from), rest + 1);
    return out;
}

static const char *text_of(const struct gen_set *set, const char *name)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->sources[i].name, name) == 0)
            return set->sources[i].bytes;
    fail_msg("no source %s", name);
    return NULL;
}

/* ---- answers ---- */

static void assert_same_matches(const struct wm_match *a, const struct wm_match *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_memory_equal(&a[i].score, &b[i].score, sizeof a[i].score);
        assert_int_equal(a[i].leader, b[i].leader);
        assert_int_equal(a[i].offer.package, b[i].offer.package);
        assert_int_equal(a[i].offer.mentor, b[i].offer.mentor);
        assert_int_equal(a[i].offer.local_cost_gbp, b[i].offer.local_cost_gbp);
        assert_int_equal(a[i].missing, b[i].missing);
        assert_int_equal(a[i].margin_nano, b[i].margin_nano);
        assert_memory_equal(a[i].skill_micro, b[i].skill_micro, sizeof a[i].skill_micro);
    }
}

static void assert_same_answers(const struct wm_dataset *a, const struct wm_dataset *b)
{
    assert_string_equal(wm_dataset_digest(a), wm_dataset_digest(b));
    assert_string_equal(wm_policy_digest(a), wm_policy_digest(b));
    assert_string_equal(wm_policy_version(a), wm_policy_version(b));
    assert_int_equal(wm_policy_as_of(a), wm_policy_as_of(b));
    for (size_t post = 0; post < wm_table_rows(a, WM_POSTS); post++) {
        struct wm_query query = WM_QUERY_INIT;
        struct wm_shortlist *p, *q;
        query.subject = post;
        query.limit = WM_LIMIT_MAX;
        assert_int_equal(wm_shortlist_make(a, &query, &p), WM_OK);
        assert_int_equal(wm_shortlist_make(b, &query, &q), WM_OK);
        assert_memory_equal(&p->severity, &q->severity, sizeof p->severity);
        assert_memory_equal(&p->refusals, &q->refusals, sizeof p->refusals);
        assert_int_equal(p->n_rows, q->n_rows);
        assert_same_matches(p->rows, q->rows, p->n_rows);
        wm_shortlist_free(p);
        wm_shortlist_free(q);
    }
}

/* ---- revising ---- */

static const char *const changes[][2] = {
    {"\"base\": {\"value\": -3.2", "\"base\": {\"value\": -1.5"},
    {"\"distance_per_100km\": {\"value\": 0.9", "\"distance_per_100km\": {\"value\": 0.1"},
    {"\"premium_cap_pct\": {\"value\": 15", "\"premium_cap_pct\": {\"value\": 5"},
    {"\"grade_steps_up\": {\"value\": 1", "\"grade_steps_up\": {\"value\": 0"},
    {"\"as_of\": \"2026-07-08\"", "\"as_of\": \"2026-07-10\""},
};

static void answers_are_those_of_a_dataset_loaded_so(void **state)
{
    (void)state;
    struct gen_set set;
    gen_make(&(struct gen_options){.seed = 3, .leaders = 80, .posts = 6, .packages = 5, .mentors = 5, .missing_pct = 5},
             &set);
    struct wm_dataset *first = gen_build(&set), *last = wm_dataset_ref(first);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct wm_dataset *revised;
        size_t len;
        char *policy = replaced(text_of(&set, "policy.json"), changes[i][0], changes[i][1]);
        assert_int_equal(wm_dataset_revise(last, policy, strlen(policy), NULL, &revised), WM_OK);
        gen_replace(&set, "policy.json", policy, strlen(policy));
        struct wm_dataset *loaded = gen_build(&set);
        assert_true(strcmp(wm_policy_digest(first), wm_policy_digest(revised)) != 0);
        assert_same_answers(loaded, revised);
        assert_memory_equal(wm_policy_json(revised, &len), policy, strlen(policy));
        assert_int_equal(len, strlen(policy));
        wm_dataset_unref(loaded);
        wm_dataset_unref(last); /* a revised dataset is revised again; those before it may go */
        last = revised;
        free(policy);
    }
    wm_dataset_unref(first);
    struct wm_dataset *loaded = gen_build(&set);
    assert_same_answers(loaded, last);
    wm_dataset_unref(loaded);
    wm_dataset_unref(last);
    gen_free(&set);
}

static void the_same_policy_gives_the_same_dataset(void **state)
{
    (void)state;
    struct wm_dataset *dataset, *revised;
    size_t len;
    assert_int_equal(wm_dataset_load("data/sample", NULL, &dataset), WM_OK);
    assert_int_equal(wm_dataset_use_kernel(dataset, "baseline"), WM_OK);
    const char *policy = wm_policy_json(dataset, &len);
    assert_int_equal(wm_dataset_revise(dataset, policy, len, NULL, &revised), WM_OK);
    assert_string_equal(wm_dataset_kernel(revised), "baseline");
    assert_same_answers(dataset, revised);
    wm_dataset_unref(dataset);
    assert_int_equal(wm_table_rows(revised, WM_POSTS) > 0, 1); /* the tables are held */
    assert_string_equal(wm_row_id(revised, WM_POSTS, 0), "V00001");
    wm_dataset_unref(revised);
}

/* ---- what may not differ ---- */

static int revise(const struct wm_dataset *dataset, const char *from, const char *to, char *told, size_t cap)
{
    size_t len;
    const char *json = wm_policy_json(dataset, &len);
    char *text = calloc(len + 1, 1);
    memcpy(text, json, len);
    char *policy = replaced(text, from, to);
    struct wm_faults *faults;
    struct wm_dataset *revised = NULL;
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    int code = wm_dataset_revise(dataset, policy, strlen(policy), faults, &revised);
    assert_int_equal(revised != NULL, code == WM_OK);
    assert_int_equal(wm_faults_count(faults) > 0, code != WM_OK);
    snprintf(told, cap, "%s", wm_faults_count(faults) ? wm_faults_at(faults, 0)->what : "");
    wm_dataset_unref(revised);
    wm_faults_free(faults);
    free(policy);
    free(text);
    return code;
}

static void other_words_and_parts_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *told;
    } cases[] = {
        {"{\"name\": \"London\"}, {\"name\": \"North West\"}", "{\"name\": \"North West\"}, {\"name\": \"London\"}",
         "vocabulary 'region' has other words"},
        {"{\"name\": \"private\"}", "{\"name\": \"public\"}", "vocabulary 'sector' has other words"},
        {"{\"name\": \"private\"}", "{\"name\": \"private\"}, {\"name\": \"third\"}",
         "vocabulary 'sector' has other words"},
        {"\"signals\": [\"engagement\"]", "\"signals\": [\"vacancy\"]", "domain 'culture' has other signals"},
        {"\"name\": \"pay\", \"column\": \"pay_premium_pct\"", "\"name\": \"pay\", \"column\": \"relocation_gbp\"",
         "component 'pay' has another column"},
        {"\"name\": \"mentoring\"", "\"name\": \"guiding\"", "vocabulary 'component' has other words"},
        {"\"as_of\": \"2026-07-08\"", "\"as_of\": \"2026-07-09\"",
         "accreditation of leaders.csv holds 'nmc', which is not valid on 2026-07-09"},
        {"\"until\": \"2026-07-08\"", "\"until\": \"2026-07-07\"",
         "accreditation of leaders.csv holds 'nmc', which is not valid on 2026-07-08"},
        {"\"value\": -3.2", "\"value\": -3000", ""},
        {"\"format\": 1", "\"format\": 1,,", ""},
    };
    struct small small;
    struct wm_dataset *dataset;
    char told[400];
    small_init(&small);
    assert_int_equal(small_build(&small, &dataset, told, sizeof told), WM_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(revise(dataset, cases[i].from, cases[i].to, told, sizeof told), WM_EDATA);
        if (cases[i].told[0] != '\0')
            assert_string_equal(told, cases[i].told);
    }
    /* Titles, words' days that rule out nothing in use, and numbers may differ. */
    assert_int_equal(revise(dataset, "\"title\": \"Culture\"", "\"title\": \"Ways\"", told, sizeof told), WM_OK);
    assert_int_equal(revise(dataset, "\"until\": \"2026-07-07\"", "\"until\": \"2020-01-01\"", told, sizeof told),
                     WM_OK);
    assert_int_equal(revise(dataset, "\"level\": 0.333333", "\"level\": 0.5", told, sizeof told), WM_OK);
    wm_dataset_unref(dataset);
    small_fini(&small);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct small small;
    struct wm_dataset *dataset, *revised = NULL;
    char told[400];
    size_t len;
    small_init(&small);
    assert_int_equal(small_build(&small, &dataset, told, sizeof told), WM_OK);
    const char *policy = wm_policy_json(dataset, &len);
    int code = WM_EMEMORY;
    fault_install();
    for (size_t n = 1; code != WM_OK; n++) {
        fault_after(n);
        code = wm_dataset_revise(dataset, policy, len, NULL, &revised);
        fault_off();
        assert_true(code == WM_OK || code == WM_EMEMORY);
        assert_true(n < 100000);
    }
    wm_dataset_unref(revised);
    wm_dataset_unref(dataset);
    small_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_a_dataset_loaded_so),
        cmocka_unit_test(the_same_policy_gives_the_same_dataset),
        cmocka_unit_test(other_words_and_parts_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
