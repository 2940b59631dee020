/* Questions: lists and settings in one object, and the way back from a pointer to the words of the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client_question.h"
#include "fault.h"

static struct slice text(const char *words)
{
    return (struct slice){words, strlen(words)};
}

static void fill(struct question *question)
{
    static const struct placement_rule rule = {.leader = {"L1", 2}, .post = {"V1", 2}};
    static const struct what_if change = {.kind = WHAT_IF_LIMIT, .name = "stock", .of = {"P6", 2}, .number = "3"};
    question_id(question, QUESTION_posts, "--posts", "V1,V2", text("V1"));
    question_id(question, QUESTION_posts, "--posts", "V1,V2", text("V2"));
    question_rule(question, QUESTION_locks, "--lock", "L1:V1", &rule);
    question_change(question, "--what-if", "stock[P6]=3", &change);
    question_setting(question, "gap", "0.1");
}

static void expect_put(const struct question *question, const char *json)
{
    struct buf out;
    buf_init(&out, 4096);
    json_open(&out, '{');
    question_put(question, &out);
    json_close(&out, '}');
    buf_char(&out, '\0');
    assert_false(out.failed);
    assert_string_equal(out.at, json);
    buf_fini(&out);
}

static const char once[] = "{\"posts\":[\"V1\",\"V2\"],\"locks\":[{\"leader\":\"L1\",\"post\":\"V1\"}],"
                           "\"limits\":[{\"resource\":\"stock\",\"of\":\"P6\",\"to\":3}],\"gap\":0.1}";

static void test_put(void **state)
{
    (void)state;
    struct question question;
    question_init(&question);
    expect_put(&question, "{}");
    fill(&question);
    expect_put(&question, once);
    question_fini(&question);
}

static void test_append(void **state)
{
    (void)state;
    struct question question, more;
    char subject[64];
    question_init(&question);
    question_init(&more);
    fill(&more);
    question_append(&question, &more);
    expect_put(&question, once);
    expect_put(&more, "{}");
    question_id(&more, QUESTION_posts, "--posts", "V3", text("V3"));
    question_append(&question, &more);
    question_append(&question, &more);
    assert_string_equal(question_subject(&question, "/posts/2", subject, sizeof subject), "--posts 'V3'");
    assert_string_equal(question_subject(&question, "/posts/0", subject, sizeof subject), "--posts 'V1,V2'");
    question_fini(&more);
    question_fini(&question);
}

static void test_subject(void **state)
{
    (void)state;
    struct question question;
    char subject[64];
    question_init(&question);
    fill(&question);
    assert_string_equal(question_subject(&question, "/limits/0/of", subject, sizeof subject),
                        "--what-if 'stock[P6]=3'");
    assert_string_equal(question_subject(&question, "/locks/0", subject, sizeof subject), "--lock 'L1:V1'");
    static const char *const nobodys[] = {"",          "/",       "/limits", "/limits/", "/limits/x",
                                          "/limits/1", "/lock/0", "/gap",    "posts/0"};
    for (size_t i = 0; i < sizeof nobodys / sizeof *nobodys; i++)
        assert_null(question_subject(&question, nobodys[i], subject, sizeof subject));
    question_fini(&question);
}

static void test_drop(void **state)
{
    (void)state;
    struct question question;
    question_init(&question);
    for (size_t i = 0; i < 2; i++)
        fill(&question);
    question_id(&question, QUESTION_posts, "--posts", "V1", text("V1"));
    assert_int_equal(question.n[QUESTION_posts], 5);
    assert_false(question_drop(&question, QUESTION_posts, text("\"V\"")));
    assert_false(question_drop(&question, QUESTION_must_fill, text("\"V1\"")));
    for (size_t n = 1; n <= 2; n++) { /* without memory nothing is dropped, and nothing lost */
        fault_after(n);
        assert_false(question_drop(&question, QUESTION_posts, text("\"V1\"")));
        fault_off();
        assert_int_equal(question.n[QUESTION_posts], 5);
    }
    assert_true(question_drop(&question, QUESTION_posts, text("\"V1\""))); /* as often as it is there */
    assert_int_equal(question.n[QUESTION_posts], 2);
    assert_true(question.lists[QUESTION_posts].len == 9 &&
                memcmp(question.lists[QUESTION_posts].at, "\"V2\",\"V2\"", 9) == 0);
    assert_true(question_drop(&question, QUESTION_posts, text("\"V2\"")));
    assert_int_equal(question.n[QUESTION_posts], 0);
    question_fini(&question);
}

static void test_memory(void **state)
{
    (void)state;
    bool reached = true;
    for (size_t n = 1; reached; n++) {
        struct question question, more;
        struct buf out;
        question_init(&question);
        question_init(&more);
        buf_init(&out, 4096);
        fault_after(n);
        fill(&question);
        fill(&more);
        question_append(&question, &more);
        question_put(&question, &out);
        reached = fault_count() >= n;
        fault_off();
        assert_int_equal(out.failed, reached);
        buf_fini(&out);
        question_fini(&more);
        question_fini(&question);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put),  cmocka_unit_test(test_append), cmocka_unit_test(test_subject),
        cmocka_unit_test(test_drop), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
