/* The language of --what-if: what each sentence of it means, and where a wrong one goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "client_question.h"
#include "client_what_if.h"

/* A change as the params it becomes; of without, the ids as they stand. */
static void expect(const char *text, const char *params)
{
    struct what_if change;
    struct what_if_error error = {0};
    struct question question;
    struct buf out;
    if (!what_if_read(text, &change, &error))
        fail_msg("%s: %s at %zu", text, error.text, error.at);
    question_init(&question);
    buf_init(&out, 4096);
    json_open(&out, '{');
    if (change.kind == WHAT_IF_WITHOUT)
        buf_format(&out, "-%.*s", (int)change.of.len, change.of.at);
    question_change(&question, "--what-if", text, &change);
    question_put(&question, &out);
    json_close(&out, '}');
    buf_char(&out, '\0');
    assert_false(out.failed);
    assert_string_equal(out.at, params);
    buf_fini(&out);
    question_fini(&question);
}

static void test_changes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"mentor_hours[North West]+=20",
         "{\"limits\":[{\"resource\":\"mentor_hours\",\"of\":\"North West\",\"add\":20}]}"},
        {"  mentor_hours [North West]  += 20 ",
         "{\"limits\":[{\"resource\":\"mentor_hours\",\"of\":\"North West\",\"add\":20}]}"},
        {"budget[region:Midlands]=100000",
         "{\"limits\":[{\"resource\":\"budget\",\"of\":\"region:Midlands\",\"to\":100000}]}"},
        {"budget[region:Midlands]+=1,250,000",
         "{\"limits\":[{\"resource\":\"budget\",\"of\":\"region:Midlands\",\"add\":1250000}]}"},
        {"budget[national:ENGLAND]-=1,000",
         "{\"limits\":[{\"resource\":\"budget\",\"of\":\"national:ENGLAND\",\"add\":-1000}]}"},
        {"stock[P06]-=2", "{\"limits\":[{\"resource\":\"stock\",\"of\":\"P06\",\"add\":-2}]}"},
        {"stock[P06]=0", "{\"limits\":[{\"resource\":\"stock\",\"of\":\"P06\",\"to\":0}]}"},
        {"stock[P06]-=0", "{\"limits\":[{\"resource\":\"stock\",\"of\":\"P06\",\"add\":-0}]}"},
        {"stock[P06]=007", "{\"limits\":[{\"resource\":\"stock\",\"of\":\"P06\",\"to\":7}]}"},
        {"openings[V00001]+=1", "{\"limits\":[{\"resource\":\"openings\",\"of\":\"V00001\",\"add\":1}]}"},
        {"policy[/accept/mentor/value]=1.2", "{\"policy\":[{\"pointer\":\"/accept/mentor/value\",\"to\":1.2}]}"},
        {"policy[/a]=-1e-3", "{\"policy\":[{\"pointer\":\"/a\",\"to\":-1e-3}]}"},
        {"moves_max=5", "{\"moves_max\":5}"},
        {"moves_max=0", "{\"moves_max\":0}"},
        {"move_penalty=0.001", "{\"move_penalty\":0.001}"},
        {"-L000001", "{-L000001}"},
        {"without[L000001]", "{-L000001}"},
        {"without[L000001,V00002]", "{-L000001,V00002}"},
        {"lock[L1]=V3", "{\"locks\":[{\"leader\":\"L1\",\"post\":\"V3\"}]}"},
        {"lock[L1]=V3/P1", "{\"locks\":[{\"leader\":\"L1\",\"post\":\"V3\",\"package\":\"P1\"}]}"},
        {"lock[L1]=V3/P1/M2", "{\"locks\":[{\"leader\":\"L1\",\"post\":\"V3\",\"package\":\"P1\",\"mentor\":\"M2\"}]}"},
        {"lock[L1]=V3:*:M2", "{\"locks\":[{\"leader\":\"L1\",\"post\":\"V3\",\"mentor\":\"M2\"}]}"},
        {"forbid[L1]", "{\"forbids\":[{\"leader\":\"L1\"}]}"},
        {"forbid[L1]=V3", "{\"forbids\":[{\"leader\":\"L1\",\"post\":\"V3\"}]}"},
        {"forbid[*]=V3//M2", "{\"forbids\":[{\"post\":\"V3\",\"mentor\":\"M2\"}]}"},
        {"forbid[*]=*/P7", "{\"forbids\":[{\"package\":\"P7\"}]}"},
        {"must_fill[V1]", "{\"must_fill\":[\"V1\"]}"},
        {"must_fill[V1,V2]", "{\"must_fill\":[\"V1\",\"V2\"]}"},
        {"stock[\xC3\x89\"]=1", "{\"limits\":[{\"resource\":\"stock\",\"of\":\"\xC3\x89\\\"\",\"to\":1}]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i][0], cases[i][1]);
}

static void test_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        const char *says;
    } cases[] = {
        {"", 0, "expected openings, budget"},
        {"  ", 2, "expected openings, budget"},
        {"7", 0, "expected openings, budget"},
        {"mentor_hour[North West]+=20", 0, "no 'mentor_hour' to change; did you mean 'mentor_hours'?"},
        {" bugdet[x]=1", 1, "did you mean 'budget'?"},
        {"stock", 5, "expected [ and a name, as in stock[P06]-=2"},
        {"stock=2", 5, "expected [ and a name"},
        {"stock[]=2", 6, "expected a name"},
        {"stock[ ]=2", 6, "expected a name"},
        {"stock[P06", 9, "expected ]"},
        {"stock[P06]", 10, "expected +=, -= or ="},
        {"stock[P06]*=2", 10, "expected +=, -= or ="},
        {"stock[P06]+2", 10, "expected +=, -= or ="},
        {"stock[P06]+=", 12, "expected a whole number"},
        {"stock[P06]+=-2", 12, "expected a whole number without a sign"},
        {"stock[P06]=+2", 11, "expected a whole number without a sign"},
        {"budget[x]+=1e5", 12, "expected a whole number to end here, as in budget[region:Midlands]+=100000"},
        {"budget[x]+=100,000.50", 18, "expected a whole number to end here"},
        {"stock[P06]=\xC2\xA3"
         "1",
         11, "expected a whole number"},
        {"stock[P06]+=2.5", 13, "expected a whole number to end here"},
        {"stock[P06]+=2 openings[V1]+=1", 14, "each change has a --what-if of its own"},
        {"budget[x]=1,00", 10, "expected a whole number, as in budget[region:Midlands]+=100000"},
        {"budget[x]=1000,000", 10, "expected a whole number"},
        {"budget[x]=,000", 10, "expected a whole number"},
        {"budget[x]=1,", 10, "expected a whole number"},
        {"budget[x]=12345678901234567890", 10, "expected a whole number"},
        {"policy[/a]+=1", 10, "expected =, as in policy[/accept/mentor/value]=1.2"},
        {"policy[/a]=x", 11, "expected a number"},
        {"policy[/a]=.5", 11, "expected a number"},
        {"policy[/a]=true", 11, "expected a number"},
        {"moves_max", 9, "expected ="},
        {"moves_max[1]=2", 9, "expected ="},
        {"moves_max+=2", 9, "expected ="},
        {"-", 1, "expected the id of a leader"},
        {"-L1 x", 4, "expected nothing more"},
        {"without[L1]=3", 11, "expected nothing more"},
        {"lock[L1]", 8, "expected = and a post"},
        {"lock[L1]=", 9, "expected a post"},
        {"lock[*]=V1", 5, "expected a leader"},
        {"lock[L1]=*/P1", 9, "expected a post"},
        {"lock[L1]=V1/P1/M1/X", 18, "expected no more than post, package and mentor"},
        {"forbid[*]", 9, "expected = and a post"},
        {"forbid[*]=*", 10, "expected something that is not *"},
        {"forbid[L1]V1", 10, "expected = and a post"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct what_if change;
        struct what_if_error error = {0};
        if (what_if_read(cases[i].text, &change, &error))
            fail_msg("%s is read", cases[i].text);
        if (error.at != cases[i].at || !strstr(error.text, cases[i].says))
            fail_msg("%s: at %zu, not %zu: %s", cases[i].text, error.at, cases[i].at, error.text);
    }
}

static void expect_rule(const char *text, bool lock, const char *json)
{
    struct placement_rule rule;
    struct what_if_error error;
    struct question question;
    struct buf out;
    assert_true(placement_rule_read((struct slice){text, strlen(text)}, lock, &rule, &error));
    question_init(&question);
    buf_init(&out, 4096);
    question_rule(&question, QUESTION_locks, "--lock", text, &rule);
    question_put(&question, &out);
    buf_char(&out, '\0');
    assert_string_equal(out.at, json);
    buf_fini(&out);
    question_fini(&question);
}

static void test_rules(void **state)
{
    (void)state;
    expect_rule("L1:V3", true, "\"locks\":[{\"leader\":\"L1\",\"post\":\"V3\"}]");
    expect_rule("L1:V3:P1:M2", true,
                "\"locks\":[{\"leader\":\"L1\",\"post\":\"V3\",\"package\":\"P1\",\"mentor\":\"M2\"}]");
    expect_rule("L1/V3//M2", true, "\"locks\":[{\"leader\":\"L1\",\"post\":\"V3\",\"mentor\":\"M2\"}]");
    expect_rule("*:V3:P7", false, "\"locks\":[{\"post\":\"V3\",\"package\":\"P7\"}]");
    expect_rule("::P7", false, "\"locks\":[{\"package\":\"P7\"}]");
    expect_rule("L1:V1:P1:M1:", true,
                "\"locks\":[{\"leader\":\"L1\",\"post\":\"V1\",\"package\":\"P1\",\"mentor\":\"M1\"}]");
    expect_rule("L1", false, "\"locks\":[{\"leader\":\"L1\"}]");
    static const struct {
        const char *text;
        bool lock;
        size_t at;
    } wrong[] = {
        {"", true, 0},        {":V1", true, 0},
        {"L1", true, 2},      {"L1:", true, 3},
        {"L1:*:P1", true, 3}, {"L1:V1:P1:M1:X", true, 12},
        {"*:*:*", false, 0},  {"L1:V1:P1:M1:X", false, 12},
        {"", false, 0},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct placement_rule rule;
        struct what_if_error error = {.at = 99};
        struct slice text = {wrong[i].text, strlen(wrong[i].text)};
        assert_false(placement_rule_read(text, wrong[i].lock, &rule, &error));
        assert_int_equal(error.at, wrong[i].at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
