/* Questions, when they are due, and the judging of answers: what a load is made of, without a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "answers.h"
#include "arrivals.h"
#include "questions.h"
#include "search.h"

static struct ids ids_of(const char *prefix, size_t n)
{
    struct ids ids = {0};
    for (size_t i = 0; i < n; i++) {
        char id[16];
        int len = snprintf(id, sizeof id, "%s%zu", prefix, i);
        assert_true(ids_add(&ids, id, (size_t)len));
    }
    return ids;
}

static const char *written(const struct questions *questions, struct question question, uint64_t id)
{
    static char line[QUESTION_CAP + 1];
    line[questions_write(questions, question, id, line)] = '\0';
    return line;
}

static void test_written(void **state)
{
    (void)state;
    struct settings settings = {.distinct = 5, .limit = 3};
    struct ids posts = ids_of("V", 2), leaders = ids_of("L", 3);
    struct questions questions;
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        settings.mix.total += settings.mix.weight[i] = 1;
    assert_true(questions_init(&questions, &settings, &posts, &leaders, 1));
    assert_string_equal(written(&questions, (struct question){LOAD_ping, 0}, 1234567890123456),
                        "{\"jsonrpc\":\"2.0\",\"id\":1234567890123456,\"method\":\"system.ping\"}\n");
    assert_string_equal(written(&questions, (struct question){LOAD_shortlist, 1}, QUESTION_ID_BASE),
                        "{\"jsonrpc\":\"2.0\",\"id\":1000000000000000,\"method\":\"match.shortlist\",\"params\":"
                        "{\"post\":\"V1\",\"limit\":3}}\n");
    assert_string_equal(written(&questions, (struct question){LOAD_shortlist, 4}, QUESTION_ID_BASE + 1),
                        "{\"jsonrpc\":\"2.0\",\"id\":1000000000000001,\"method\":\"match.shortlist\",\"params\":"
                        "{\"post\":\"V0\",\"limit\":3,\"filters\":{\"max_local_cost_gbp\":500000000002}}}\n");
    assert_string_equal(written(&questions, (struct question){LOAD_explain, 4}, QUESTION_ID_BASE),
                        "{\"jsonrpc\":\"2.0\",\"id\":1000000000000000,\"method\":\"match.explain\",\"params\":"
                        "{\"leader\":\"L1\",\"post\":\"V0\"}}\n");
    questions_fini(&questions);
    ids_free(&posts);
    ids_free(&leaders);
}

/* The topics of pairs are all pairs, once each; --distinct all never asks one again before that. */
static void test_all_new(void **state)
{
    (void)state;
    enum { POSTS = 6, LEADERS = 9 };
    struct settings settings = {.distinct = 0, .mix = {.weight = {[LOAD_explain] = 1}, .total = 1}};
    struct ids posts = ids_of("V", POSTS), leaders = ids_of("L", LEADERS);
    struct questions questions;
    char seen[POSTS * LEADERS][QUESTION_CAP + 1];
    assert_true(questions_init(&questions, &settings, &posts, &leaders, 12345));
    for (size_t i = 0; i < POSTS * LEADERS; i++) {
        strcpy(seen[i], written(&questions, questions_draw(&questions), QUESTION_ID_BASE));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(seen[i], seen[j]);
    }
    questions_fini(&questions);
    ids_free(&posts);
    ids_free(&leaders);
}

/* The same seed asks the same, another seed something else; N different questions are all asked, and no more. */
static void test_drawn(void **state)
{
    (void)state;
    enum { DISTINCT = 7, DRAWS = 500 };
    struct settings settings = {.distinct = DISTINCT, .seed = 3, .mix = {.weight = {[LOAD_shortlist] = 1}, .total = 1}};
    struct settings other = settings;
    struct ids posts = ids_of("V", 3), none = {0};
    struct questions a, b, c;
    unsigned seen = 0, differ = 0;
    other.seed = 4;
    assert_true(questions_init(&a, &settings, &posts, &none, 1) && questions_init(&b, &settings, &posts, &none, 2) &&
                questions_init(&c, &other, &posts, &none, 1));
    for (int i = 0; i < DRAWS; i++) {
        struct question question = questions_draw(&a);
        assert_true(question.number < DISTINCT);
        assert_int_equal(question.number, questions_draw(&b).number);
        differ += question.number != questions_draw(&c).number;
        seen |= 1u << question.number;
    }
    assert_int_equal(seen, (1u << DISTINCT) - 1);
    assert_true(differ > DRAWS / 2);
    questions_fini(&a);
    questions_fini(&b);
    questions_fini(&c);
    ids_free(&posts);
}

static void test_arrivals(void **state)
{
    (void)state;
    enum { N = 100000 };
    struct arrivals even, poisson, again;
    uint64_t last = 0;
    double squares = 0;
    arrivals_start(&even, 50000, false, 1);
    arrivals_start(&poisson, 50000, true, 1);
    arrivals_start(&again, 50000, true, 1);
    for (int i = 0; i < N; i++) {
        assert_int_equal(arrivals_next(&even), (uint64_t)i * 20000);
        uint64_t at = arrivals_next(&poisson);
        assert_int_equal(at, arrivals_next(&again));
        assert_true(at >= last);
        squares += (double)(at - last) * (double)(at - last);
        last = at;
    }
    /* Exponential gaps: the mean of their squares is twice the square of their mean. */
    double mean = (double)last / N;
    assert_true(fabs(mean / 20000 - 1) < 0.02);
    assert_true(fabs(squares / N / (mean * mean) / 2 - 1) < 0.05);
}

static struct answer read_line(const char *line, enum answer_kind expected)
{
    struct answer answer;
    if (answer_read(line, strlen(line), &answer) != expected)
        fail_msg("taken for something else: %s", line);
    return answer;
}

static void test_read(void **state)
{
    (void)state;
    struct answer answer = read_line("{\"jsonrpc\":\"2.0\",\"id\":1000000000000042,\"result\":{\"a\":1}}", ANSWER_OURS);
    assert_int_equal(answer.id, QUESTION_ID_BASE + 42);
    assert_int_equal(answer.code, 0);
    uint64_t hash = answer.hash;
    answer = read_line("{\"jsonrpc\":\"2.0\",\"id\":1000000000000043,\"result\":{\"a\":1}}", ANSWER_OURS);
    assert_true(answer.hash == hash);
    answer = read_line("{\"jsonrpc\":\"2.0\",\"id\":1000000000000043,\"result\":{\"a\":2}}", ANSWER_OURS);
    assert_true(answer.hash != hash);
    answer = read_line("{\"result\":{\"a\":1},\"id\":1000000000000044,\"jsonrpc\":\"2.0\"}", ANSWER_OURS);
    assert_int_equal(answer.id, QUESTION_ID_BASE + 44);
    answer = read_line(
        "{\"jsonrpc\":\"2.0\",\"id\":1000000000000042,\"error\":{\"code\":-32000,\"message\":\"overloaded\"}}",
        ANSWER_OURS);
    assert_int_equal(answer.code, -32000);
    assert_int_equal(read_line("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}", ANSWER_OURS).id, 0);
    assert_int_equal(read_line("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000}}", ANSWER_STRAY).code,
                     -32000);
    assert_int_equal(read_line("{\"jsonrpc\":\"2.0\",\"id\":\"1000000000000\",\"result\":{}}", ANSWER_OURS).id, 0);
    read_line("{\"jsonrpc\":\"2.0\",\"method\":\"plan.progress\",\"params\":{}}", ANSWER_NOTICE);
    read_line("{\"jsonrpc\":\"2.0\",\"id\":1000000000000042}", ANSWER_BROKEN);
    read_line("{\"jsonrpc\":\"2.0\",\"id\":1000000000000042,\"error\":{}}", ANSWER_BROKEN);
    read_line("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", ANSWER_BROKEN);
}

static bool check_line(struct answers *answers, uint64_t topic, const char *line)
{
    struct answer answer = read_line(line, ANSWER_OURS);
    return answers_check(answers, topic, &answer);
}

static void test_checked(void **state)
{
    (void)state;
    enum { TOPICS = 5000 };
    struct answers answers;
    char line[200];
    answers_init(&answers);
    for (int round = 0; round < 2; round++)
        for (uint64_t topic = 0; topic < TOPICS; topic++) {
            snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"result\":{\"of\":%llu}}",
                     (unsigned long long)(QUESTION_ID_BASE + topic + (uint64_t)round), (unsigned long long)topic);
            assert_true(check_line(&answers, topic, line));
        }
    assert_int_equal(answers.compared, TOPICS);
    assert_int_equal(answers.wrong, 0);
    assert_false(check_line(&answers, 17, "{\"jsonrpc\":\"2.0\",\"id\":1000000000000042,\"result\":{\"of\":18}}"));
    answers_tell_request(&answers, (struct slice){"the question", 12});
    buf_char(&answers.why, '\0');
    assert_non_null(strstr(answers.why.at, "{\"of\":17}}"));
    assert_non_null(strstr(answers.why.at, "{\"of\":18}}"));
    assert_non_null(strstr(answers.why.at, "the question"));
    assert_false(check_line(&answers, TOPICS + 2,
                            "{\"jsonrpc\":\"2.0\",\"id\":1000000000000042,\"result\":1,\"error\":{\"code\":1}}"));
    assert_false(
        check_line(&answers, TOPICS + 1,
                   "{\"jsonrpc\":\"2.0\",\"id\":1000000000000042,\"result\":{\"of\", \"padding\": \"padding\"}}"));
    assert_int_equal(answers.wrong, 3);
    answers_fini(&answers);
}

/* Against services that keep the goal up to a rate known to the test alone. */
static void test_search(void **state)
{
    (void)state;
    static const double limits[] = {3, 700, 1000, 1e5, 3e6};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct search search = {0};
        for (double rate; (rate = search_next(&search, 1000)) > 0;)
            search_learn(&search, rate, rate <= limits[i], false);
        assert_true(search.kept <= limits[i] && search.kept > limits[i] / 1.05);
        assert_true(search.n_steps < SEARCH_STEPS_MAX);
    }
    struct search never = {0};
    for (double rate; (rate = search_next(&never, 1000)) > 0;)
        search_learn(&never, rate, false, false);
    assert_true(never.kept == 0);
    struct search noisy = {0}; /* two of three tries fail by the client's own fault */
    unsigned tries = 0;
    for (double rate; (rate = search_next(&noisy, 1000)) > 0 && noisy.n_steps < SEARCH_STEPS_MAX; tries++)
        search_learn(&noisy, rate, rate <= 3000 && tries % 3 == 2, true);
    assert_true(noisy.kept > 3000 / 1.05 && noisy.kept <= 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written),  cmocka_unit_test(test_all_new), cmocka_unit_test(test_drawn),
        cmocka_unit_test(test_arrivals), cmocka_unit_test(test_read),    cmocka_unit_test(test_checked),
        cmocka_unit_test(test_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
