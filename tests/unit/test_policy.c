/* policy.json: what it means, what is refused and where, its digest, and memory running out at every step. */
#include "fault.h"
#include "internal.h"
#include "small.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct parsed {
    struct arena arena;
    struct policy policy;
    struct wm_faults *faults;
    int status;
};

static void parse(struct parsed *parsed, const char *bytes, size_t len)
{
    arena_init(&parsed->arena, 1 << 24);
    assert_int_equal(wm_faults_new(100, &parsed->faults), WM_OK);
    parsed->status = policy_parse(&parsed->arena, bytes, len, parsed->faults, &parsed->policy);
    faults_sort(parsed->faults);
}

static void parse_fini(struct parsed *parsed)
{
    wm_faults_free(parsed->faults);
    arena_fini(&parsed->arena);
}

static void means_what_it_says(void **state)
{
    struct small small;
    struct parsed p;
    (void)state;
    small_init(&small);
    parse(&p, small.sources[0].bytes, small.sources[0].len);
    assert_int_equal(p.status, WM_OK);
    const struct policy *policy = &p.policy;
    assert_string_equal(policy->version, "small");
    assert_int_equal(policy->as_of, 20642);
    assert_int_equal(strlen(policy->digest), 32);
    assert_int_equal(policy->n_vocabularies, 12);
    assert_int_equal(policy->n_domains, 2);
    assert_string_equal(policy->domains[1].name, "quality");
    assert_string_equal(policy->domains[1].title, "Quality");
    assert_int_equal(policy->domains[1].n_signals, 2);
    assert_int_equal(policy->domains[1].signals[0], WM_SIGNAL_cqc_overall);
    assert_int_equal(policy->domains[1].signals[1], WM_SIGNAL_segment);
    assert_int_equal(policy->n_components, 2);
    assert_string_equal(policy->components[0].column, "pay_premium_pct");
    assert_int_equal(policy->components[0].full, 150); /* in tenths, as the column is */
    assert_int_equal(policy->components[1].full, 40);
    assert_true(policy->components[1].effect == 0.3);
    assert_true(policy->prior[0][0] == 2.5 && policy->prior[0][1] == 3 && policy->prior[1][1] == 3.5);
    assert_true(policy->rating_level[0] == 0.333333 && policy->rating_level[1] == 1);
    assert_int_equal(policy->programme_segment[0], 5);
    assert_int_equal(policy->programme_segment[1], 0);
    assert_true(policy->severity.weight[WM_SIGNAL_segment] == 3 && policy->severity.weight[WM_SIGNAL_vacancy] == 1);
    assert_true(policy->severity.half_life_days[WM_SIGNAL_engagement] == 545);
    assert_true(policy->severity.vacancy_full_days == 365 && policy->severity.unknown == 0.5);
    assert_true(policy->skill.prior_appraisals == 2 && policy->skill.half_life_days == 730 && policy->fit.boost == 1);
    assert_true(policy->accept.base == -3.2 && policy->accept.distance_per_100km == 0.9 &&
                policy->accept.severity == 0.6);
    assert_true(policy->accept.mentor == 0.6 && policy->accept.preference_first == 1 &&
                policy->accept.preference_step == 0.2);
    assert_true(policy->accept.unknown_excess_km == 200);
    assert_true(policy->mentor.expertise == 0.5 && policy->mentor.place == 0.3 && policy->mentor.free == 0.2 &&
                policy->mentor.remote == 0.5);
    assert_int_equal(policy->rules.grade_steps_up, 1);
    assert_int_equal(policy->rules.grade_steps_down, 2);
    assert_true(policy->rules.premium_cap_pct == 15 && policy->rules.premium_years == 1);
    assert_int_equal(policy->rules.relocation_cap_gbp, 8000);
    assert_int_equal(policy->rules.approval_salary_gbp, 170000);

    const struct vocabulary *accreditation = policy_vocabulary(policy, "accreditation");
    assert_non_null(accreditation);
    assert_int_equal(accreditation->words[0].from, INT32_MIN);
    assert_int_equal(accreditation->words[0].until, INT32_MAX);
    assert_int_equal(accreditation->words[1].until, 20642);
    assert_int_equal(accreditation->words[3].from, 20643);
    assert_string_equal(policy_vocabulary(policy, "role")->words[0].title, "Chief executive");
    assert_string_equal(policy_vocabulary(policy, "role")->words[1].title, "chair"); /* its name stands in */
    assert_int_equal(vocabulary_find(policy_vocabulary(policy, "domain"), "quality", 7), 1);
    assert_int_equal(vocabulary_find(policy_vocabulary(policy, "domain"), "quality", 6), -1);
    assert_int_equal(vocabulary_find(policy_vocabulary(policy, "component"), "payment", 3), 0);
    assert_null(policy_vocabulary(policy, "colour"));
    parse_fini(&p);
    small_fini(&small);
}

static void refuses_and_says_where(void **state)
{
#define COUNTS "a column of packages.csv that counts what a leader is offered"
    static const struct {
        const char *from, *to;
        long line, column;
        const char *what, *expected;
    } cases[] = {
        {"\"format\": 1", "\"format\": 2", 2, 13, "format is 2", "the number 1"},
        {"\"format\": 1, ", "", 1, 1, "the policy has no member format", "each member that belongs there"},
        {"\"version\": \"small\"", "\"version\": \"\"", 2, 27, "version is ''",
         "a string of 1 to 32 bytes without blanks around it"},
        {"\"version\": \"small\"", "\"version\": 7", 2, 27, "version is a number",
         "a string of 1 to 32 bytes without blanks around it"},
        {"2026-07-08", "2026-07-32", 2, 45, "as_of is '2026-07-32'", "a day as YYYY-MM-DD, from 1900 to 2199"},
        {"\"sources\": {", "\"sources\": {\"a b\": {\"title\": \"x\"}, ", 3, 22, "sources.(a key) cannot be a key",
         "a key of at most 64 characters out of A-Z a-z 0-9 _ - ."},
        {"{\"title\": \"Our own judgement\", ", "{", 3, 21, "sources.us has no member title",
         "each member that belongs there"},
        {"\"base\"", "\"bsae\"", 41, 13, "accept.bsae is not a known member", "the nearest known one is base"},
        {"{\"value\": -3.2, \"source\": \"us\"}", "-3.2", 41, 13, "accept.base is a number", "an object"},
        {"{\"value\": -3.2, \"source\": \"us\"}", "{\"value\": -3.2, \"source\": \"su\"}", 41, 39,
         "accept.base.source is 'su'", "a key of sources; the nearest is us"},
        {"{\"value\": -3.2, \"source\": \"us\"}", "{\"value\": -3.2}", 41, 13, "accept.base has no member source",
         "each member that belongs there"},
        {"{\"value\": -3.2, \"source\": \"us\"}", "{\"value\": \"-3.2\", \"source\": \"us\"}", 41, 23,
         "accept.base.value is a string", "a number from -50 to 50"},
        {"{\"value\": -3.2, \"source\": \"us\"}", "{\"value\": null, \"source\": \"us\"}", 41, 23,
         "accept.base.value is null", "a number from -50 to 50"},
        {"-3.2", "-50.5", 41, 23, "accept.base.value is -50.5", "a number from -50 to 50"},
        {"\"severity\": {\"value\": 0.6", "\"severity\": {\"value\": 20.1", 42, 27, "accept.severity.value is 20.1",
         "a number from 0 to 20"},
        {"\"half_life_days\": {\"value\": 545", "\"half_life_days\": {\"value\": 0", 32, 92,
         "severity.signals.engagement.half_life_days.value is 0", "a number from 1 to 36500"},
        {"\"weight\": {\"value\": 3,", "\"weight\": {\"value\": -3,", 28, 39,
         "severity.signals.segment.weight.value is -3", "a number from 0 to 1000"},
        {"\"unknown\": {\"value\": 0.5", "\"unknown\": {\"value\": 1.5", 36, 26, "severity.unknown.value is 1.5",
         "a number from 0 to 1"},
        {"\"grade_steps_up\": {\"value\": 1", "\"grade_steps_up\": {\"value\": 1.5", 51, 33,
         "rules.grade_steps_up.value is 1.5", "a whole number from 0 to 62"},
        {"\"expertise\": {\"value\": 0.5", "\"expertise\": {\"value\": 0.6", 46, 13,
         "mentor has expertise, place and free that add up to 1.1", "shares that add up to 1"},
        {"\"full\": 15", "\"full\": 0", 23, 58, "components[0].full is 0",
         "more than 0, and a value that the column can hold"},
        {"\"full\": 15", "\"full\": 15.05", 23, 58, "components[0].full is 15.05",
         "more than 0, and a value that the column can hold"},
        {"\"full\": 15", "\"full\": 100.1", 23, 58, "components[0].full is 100.1",
         "more than 0, and a value that the column can hold"},
        {"{\"title\": \"Our own judgement\", \"date\": \"2026-07\"}", "{\"title\": \"Our own judgement\"}", 3, 21,
         "sources.us has no member date", "each member that belongs there"},
        {"pay_premium_pct", "name", 23, 31, "components[0].column is 'name'", COUNTS},
        {"pay_premium_pct", "stock", 23, 31, "components[0].column is 'stock'", COUNTS},
        {"pay_premium_pct", "local_cost_gbp", 23, 31, "components[0].column is 'local_cost_gbp'", COUNTS},
        {"pay_premium_pct", "central_cost_gbp", 23, 31, "components[0].column is 'central_cost_gbp'", COUNTS},
        {"\"name\": \"mentoring\"", "\"name\": \"pay\"", 24, 14, "components[1].name repeats 'pay'", "each name once"},
        {"\"name\": \"mentoring\"", "\"name\": \"Mentoring\"", 24, 14, "components[1].name is 'Mentoring'",
         "small letters, digits and underscores"},
        {"[\"engagement\"]", "[\"engagment\"]", 19, 57, "domains[0].signals[0] is no signal",
         "segment, league, cqc_overall, cqc_well_led, engagement or vacancy"},
        {"[\"cqc_overall\", \"segment\"]", "[\"segment\", \"segment\"]", 20, 68,
         "domains[1].signals[1] repeats 'segment'", "each signal once"},
        {"{\"name\": \"London\"}", "{\"name\": \"Lon;don\"}", 5, 51, "vocabularies.region.words[0].name is 'Lon;don'",
         "a word without ; , or quotation marks"},
        {"{\"name\": \"London\"}", "{\"name\": \"London\", \"level\": 1}", 5, 70,
         "vocabularies.region.words[0].level is not a known member", "only members that belong there"},
        {"{\"name\": \"London\"}", "{\"name\": \"North West\"}", 5, 75,
         "vocabularies.region.words[1].name repeats 'North West'", "each name once"},
        {"{\"name\": \"London\"}, {\"name\": \"North West\"}", "", 5, 41, "vocabularies.region.words has 0 items",
         "an array of 1 to 62 items"},
        {"\"until\": \"2026-07-07\"", "\"until\": \"2026-07-07\", \"from\": \"2026-07-08\"", 11, 131,
         "vocabularies.accreditation.words[2].until ends the word before it begins", "a day not before from"},
        {"\"culture\": 2.5, ", "", 9, 35, "vocabularies.grade.words[0].prior has no member culture",
         "each member that belongs there"},
        {"\"culture\": 2.5", "\"culture\": 5.5", 9, 47, "vocabularies.grade.words[0].prior.culture is 5.5",
         "a number from 0 to 5"},
        {"\"level\": 1", "\"level\": 1.5", 14, 111, "vocabularies.rating.words[1].level is 1.5",
         "a number from 0 to 1"},
        {"\"segment\": 5", "\"segment\": 6", 13, 72, "vocabularies.programme.words[0].segment is 6",
         "a whole number from 1 to 5"},
        {"{\"name\": \"4\"}, {\"name\": \"5\"}", "{\"name\": \"4\"}", 15, 42,
         "vocabularies.segment.words holds other words", "the words 1, 2, 3, 4, 5 in this order"},
        {"{\"name\": \"icb\"}", "{\"name\": \"ward\"}", 16, 99, "vocabularies.budget_scope.words[2].name is 'ward'",
         "one of the words that have a meaning in the program"},
        {"\"type\": {", "\"kind\": {", 4, 19, "vocabularies has no member type", "each member that belongs there"},
        {"\"fit\": {\"boost\": {\"value\": 1, \"source\": \"us\"}},", "", 1, 1, "the policy has no member fit",
         "each member that belongs there"},
        {"\"format\": 1,", "\"format\": 1, \"format\": 1,", 2, 16,
         "the text is not JSON: duplicate object key near '\"format\"'", "JSON as RFC 8259"},
        {"\"format\": 1,", "\"format\": 1", 2, 15, "the text is not JSON: '}' expected near '\"version\"'",
         "JSON as RFC 8259"},
        {"-3.2", "NaN", 41, 23, "the text is not JSON: invalid token near 'NaN'", "JSON as RFC 8259"},
        {"-3.2", "}", 41, 23, "the text is not JSON: unexpected token near '}'", "JSON as RFC 8259"},
        {"\"Our own judgement\"", "\"Our \\\"own\\\\\" \"judgement\"", 3, 45,
         "the text is not JSON: '}' expected near '\"judgement\"'", "JSON as RFC 8259"},
        {"\"format\": 1,", "\"format\": 1 \"a name \\\" of more than twenty bytes\",", 2, 15,
         "the text is not JSON: '}' expected", "JSON as RFC 8259"},
        {"Our own", "Our \\q own", 3, 37, "the text is not JSON: invalid escape near '\"Our \\q'", "JSON as RFC 8259"},
        {"Our own", "Our \\u0000 own", 3, 31, "the text is not JSON: \\u0000 may not be part of a string",
         "JSON as RFC 8259"},
        {"-3.2", "1e999", 41, 23, "the text is not JSON: real number overflow near '1e999'", "JSON as RFC 8259"},
        {"Our own", "Our\xff own", 3, 34, "the text is not JSON: unable to decode byte 0xff near '\"Our'",
         "JSON as RFC 8259"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct small small;
        struct parsed p;
        bool found = false;
        small_init(&small);
        small_replace(&small, "policy.json", cases[i].from, cases[i].to);
        parse(&p, small.sources[0].bytes, small.sources[0].len);
        assert_int_equal(p.status, WM_EDATA);
        for (size_t f = 0; f < wm_faults_kept(p.faults) && !found; f++) {
            const struct wm_fault *fault = wm_faults_at(p.faults, f);
            assert_string_equal(fault->file, "policy.json");
            found = strcmp(fault->what, cases[i].what) == 0;
            if (found) {
                assert_string_equal(fault->expected, cases[i].expected);
                assert_int_equal(fault->line, cases[i].line);
                assert_int_equal(fault->column, cases[i].column);
            }
        }
        if (!found) {
            for (size_t f = 0; f < wm_faults_kept(p.faults); f++)
                print_error("%s\n", wm_faults_at(p.faults, f)->what);
            fail_msg("not reported: %s", cases[i].what);
        }
        assert_true(wm_faults_count(p.faults) <= 3); /* one slip is no avalanche */
        parse_fini(&p);
        small_fini(&small);
    }
}

static void refuses_texts_that_are_no_policy(void **state)
{
    static const char *const cases[] = {"",  " ",           "null", "[]", "{}", "7", "\"policy\"", "{\"format\": 1}",
                                        "{", "\xef\xbb\xbf"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parsed p;
        parse(&p, cases[i], strlen(cases[i]));
        assert_int_equal(p.status, WM_EDATA);
        assert_true(wm_faults_count(p.faults) > 0);
        parse_fini(&p);
    }
    static const char wide[] = "\xff\xfe{\0}\0";
    struct parsed utf16;
    parse(&utf16, wide, sizeof wide - 1);
    assert_int_equal(utf16.status, WM_EDATA);
    assert_string_equal(wm_faults_at(utf16.faults, 0)->what, "the file is encoded as UTF-16");
    parse_fini(&utf16);

    size_t len = 2 << 20;
    char *large = calloc(1, len);
    assert_non_null(large);
    struct parsed p;
    parse(&p, large, len);
    assert_int_equal(p.status, WM_EDATA);
    assert_int_equal(wm_faults_at(p.faults, 0)->line, 0);
    parse_fini(&p);
    free(large);
}

/* As many faults as a policy has room for, each at its own place: what finds the place may not start anew each time. */
static void finds_the_places_of_many_faults(void **state)
{
    enum { MANY = 90000, ON_A_LINE = 1000, ROOM = 1 << 20, NAME_LEN = 8 /* "a00000", its quotes included */ };
    struct arena arena;
    struct policy policy;
    struct wm_faults *faults;
    size_t len = 0, n = 0;
    char *text = malloc(ROOM);
    (void)state;
    assert_non_null(text);
    for (int i = 0; i < MANY; i++)
        len += (size_t)snprintf(text + len, ROOM - len, "%s\"a%05d\":0", i == 0 ? "{" : i % ON_A_LINE ? "," : ",\n", i);
    len += (size_t)snprintf(text + len, ROOM - len, "}");
    assert_int_equal(wm_faults_new(2 * MANY, &faults), WM_OK);
    arena_init(&arena, 1 << 24);
    assert_int_equal(policy_parse(&arena, text, len, faults, &policy), WM_EDATA);
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        int name;
        if (sscanf(fault->what, "a%5d is not a known member", &name) != 1)
            continue;
        long on_line = name % ON_A_LINE, first = name < ON_A_LINE ? 2 : 1; /* behind the bracket */
        assert_int_equal(name, (int)n);
        assert_int_equal(fault->line, 1 + name / ON_A_LINE);
        assert_int_equal(fault->column, first + on_line * (NAME_LEN + 3) + NAME_LEN + 1);
        n++;
    }
    assert_int_equal(n, MANY);
    wm_faults_free(faults);
    arena_fini(&arena);
    free(text);
}

/* Tables are still read when the policy is faulty, but not judged by what it fails to say. */
static void faulty_policy_does_not_blame_the_tables(void **state)
{
    static const struct {
        const char *from, *to, *faults;
    } cases[] = {
        {"\"format\": 1", "\"format\": 1 \"x\"",
         "policy.json:2:15: the text is not JSON: '}' expected near '\"x\"'; JSON as RFC 8259\n"
         "posts.csv:2:7: openings is 'many'; a whole number from 1 to 1000\n"},
        {"{\"name\": \"London\"}", "{\"name\": \"\"}",
         "policy.json:5:51: vocabularies.region.words[0].name is ''; a string of 1 to 64 bytes without blanks around "
         "it\n"
         "posts.csv:2:7: openings is 'many'; a whole number from 1 to 1000\n"},
        {"\"title\": \"Culture\"", "\"title\": \"\"",
         "policy.json:19:34: domains[0].title is ''; a string of 1 to 300 bytes without blanks around it\n"
         "posts.csv:2:7: openings is 'many'; a whole number from 1 to 1000\n"},
    };
    static char faults[100000];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct small small;
        struct wm_dataset *dataset = NULL;
        small_init(&small);
        small_replace(&small, "policy.json", cases[i].from, cases[i].to);
        small_replace(&small, "posts.csv", "180000,1,", "180000,many,");
        assert_int_equal(small_build(&small, &dataset, faults, sizeof faults), WM_EDATA);
        assert_string_equal(faults, cases[i].faults);
        small_fini(&small);
    }
}

static void digest_ignores_layout_only(void **state)
{
    static const struct {
        const char *from, *to;
        bool same;
    } cases[] = {
        {"\"format\": 1, ", "\n\t\"format\"   :1,\r\n", true},
        {"{\"value\": -3.2, \"source\": \"us\"}", "{\"source\": \"us\", \"value\": -3.2}", true},
        {"-3.2", "-3.20", true},
        {"-3.2", "-32e-1", true},
        {"\"small\"", "\"sm\\u0061ll\"", true},
        {"-3.2", "-3.3", false},
        {"-3.2", "-3.2000000000000006", false},
        {"Our own judgement", "Our own judgment", false},
        {"{\"name\": \"London\"}, {\"name\": \"North West\"}", "{\"name\": \"North West\"}, {\"name\": \"London\"}",
         false},
    };
    struct small small;
    struct parsed first;
    (void)state;
    small_init(&small);
    parse(&first, small.sources[0].bytes, small.sources[0].len);
    small_fini(&small);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parsed p;
        small_init(&small);
        small_replace(&small, "policy.json", cases[i].from, cases[i].to);
        parse(&p, small.sources[0].bytes, small.sources[0].len);
        assert_int_equal(p.status, WM_OK);
        assert_int_equal(strcmp(p.policy.digest, first.policy.digest) == 0, cases[i].same);
        parse_fini(&p);
        small_fini(&small);
    }
    parse_fini(&first);
}

static void every_allocation_may_fail(void **state)
{
    struct small small;
    struct parsed right;
    size_t failed = 0;
    (void)state;
    small_init(&small);
    parse(&right, small.sources[0].bytes, small.sources[0].len);
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct arena arena;
        struct policy policy;
        arena_init(&arena, 1 << 24);
        fault_after(n);
        int status = policy_parse(&arena, small.sources[0].bytes, small.sources[0].len, NULL, &policy);
        fault_off();
        done = fault_count() < n;
        /* jansson may do without some memory; what it must never do is to read another policy out of the same text. */
        assert_true(status == WM_EMEMORY || status == WM_OK);
        if (status == WM_OK)
            assert_string_equal(policy.digest, right.policy.digest);
        assert_true(status == WM_OK || !done);
        failed += status != WM_OK;
        arena_fini(&arena);
    }
    assert_true(failed > 500);
    parse_fini(&right);
    small_fini(&small);
}

static int install(void **state)
{
    (void)state;
    fault_install();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_what_it_says),
        cmocka_unit_test(refuses_and_says_where),
        cmocka_unit_test(refuses_texts_that_are_no_policy),
        cmocka_unit_test(finds_the_places_of_many_faults),
        cmocka_unit_test(faulty_policy_does_not_blame_the_tables),
        cmocka_unit_test(digest_ignores_layout_only),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
