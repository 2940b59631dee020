/* The command line of wellmatch-bench: what it takes, what it refuses and how it says so; times, goals and mixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "settings.h"

enum { ARGS_MAX = 12 };

static bool read_words(const char *const words[], struct settings *out, char error[SETTINGS_ERROR_CAP])
{
    static char copies[ARGS_MAX][80];
    static char *argv[ARGS_MAX + 1];
    int argc = 0;
    strcpy(copies[argc++], "wellmatch-bench");
    for (; words[argc - 1]; argc++)
        strcpy(copies[argc], words[argc - 1]);
    for (int i = 0; i < argc; i++)
        argv[i] = copies[i];
    error[0] = '\0';
    return settings_read(argc, argv, out, error);
}

static void test_defaults(void **state)
{
    (void)state;
    static const char *const words[ARGS_MAX] = {NULL};
    struct settings settings;
    char error[SETTINGS_ERROR_CAP];
    unsetenv("WELLMATCH_URL");
    assert_true(read_words(words, &settings, error));
    assert_int_equal(settings.command, LOAD_RUN);
    assert_true(settings.rate == 1000 && !settings.closed && !settings.poisson);
    assert_int_equal(settings.distinct, 100);
    assert_int_equal(settings.mix.weight[LOAD_shortlist], 1);
    assert_int_equal(settings.address.port, 7345);
}

static void test_everything(void **state)
{
    (void)state;
    static const char *const words[ARGS_MAX] = {"-c64",        "--rate=2500.5", "-P", "16",
                                                "--arrivals",  "poisson",       "-d", "500ms",
                                                "unix:/tmp/x", "--distinct",    "all"};
    struct settings settings;
    char error[SETTINGS_ERROR_CAP];
    assert_true(read_words(words, &settings, error));
    assert_int_equal(settings.connections, 64);
    assert_int_equal(settings.depth, 16);
    assert_true(settings.rate == 2500.5 && settings.poisson);
    assert_int_equal(settings.duration_ns, 500000000);
    assert_int_equal(settings.distinct, 0);
    assert_true(settings.address.local);
    assert_string_equal(settings.address.path, "/tmp/x");
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"tcp://127.0.0.1:80", "127.0.0.1:80", "localhost:80", "[::1]:80"};
    struct settings settings;
    char error[SETTINGS_ERROR_CAP];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *const words[ARGS_MAX] = {"-u", good[i]};
        assert_true(read_words(words, &settings, error));
        assert_int_equal(settings.address.port, 80);
    }
}

static void test_closed(void **state)
{
    (void)state;
    static const char *const words[ARGS_MAX] = {"--closed", "localhost:1"};
    struct settings settings;
    char error[SETTINGS_ERROR_CAP];
    assert_true(read_words(words, &settings, error));
    assert_true(settings.closed && settings.rate == 0);
}

static void test_compare(void **state)
{
    (void)state;
    static const char *const words[ARGS_MAX] = {"compare", "a.json", "--threshold", "10%", "b.json"};
    struct settings settings;
    char error[SETTINGS_ERROR_CAP];
    assert_true(read_words(words, &settings, error));
    assert_int_equal(settings.command, LOAD_COMPARE);
    assert_true(settings.threshold > 0.0999 && settings.threshold < 0.1001);
    assert_string_equal(settings.files[1], "b.json");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *words[4], *says;
    } cases[] = {
        {{"--closed", "--rate", "5"}, "give one of them"},
        {{"--closed", "--find-max", "p99<5ms"}, "does not have"},
        {{"--find-max", "p99"}, "such as 'p99<5ms'"},
        {{"--find-max=p99<5ms", "--runs=2"}, "leave --runs out"},
        {{"--conections", "5"}, "did you mean --connections?"},
        {{"-x"}, "no option '-x'"},
        {{"--rate"}, "needs a value"},
        {{"--closed=1"}, "takes no value"},
        {{"-c", "0"}, "from 1 to 10000"},
        {{"-c", "10001"}, "from 1 to 10000"},
        {{"-c", "1e3"}, "from 1 to 10000"},
        {{"-d", "0"}, "nothing would be measured"},
        {{"-d", "-1"}, "expected a time"},
        {{"-d", "5 parsecs"}, "expected a time"},
        {{"--rate", "nan"}, "requests a second"},
        {{"--rate", "0"}, "requests a second"},
        {{"--mix", "shortlst=3"}, "did you mean 'shortlist'?"},
        {{"--mix", "ping=-1"}, "whole number"},
        {{"--mix", "ping=0"}, "asks nothing"},
        {{"--mix", "ping=1,"}, "no method ''"},
        {{"--distinct", "0"}, "or 'all'"},
        {{"--arrivals", "sometimes"}, "'poisson'"},
        {{"-u", "tcp://x:1", "y:2"}, "one word too many"},
        {{"-u", "http://x"}, "no address"},
        {{"-u", "tcp://x:0"}, "port 0"},
        {{"compare", "a.json"}, "two files"},
        {{"--threshold", "much"}, "5%"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings settings;
        char error[SETTINGS_ERROR_CAP];
        const char *const words[ARGS_MAX] = {cases[i].words[0], cases[i].words[1], cases[i].words[2]};
        if (read_words(words, &settings, error) || !strstr(error, cases[i].says))
            fail_msg("%s %s: '%s' does not say '%s'", words[0], words[1] ? words[1] : "", error, cases[i].says);
    }
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } good[] = {{"5", 5000000000}, {"0.5s", 500000000}, {"500ms", 500000000},
                {"1.5us", 1500},   {"7ns", 7},          {".5", 500000000}};
    static const char *const bad[] = {"", "s", ".", "5m", "-5", "1e3", "5ms ", "86401"};
    uint64_t ns;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(time_parse(good[i].text, &ns));
        assert_int_equal(ns, good[i].ns);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(time_parse(bad[i], &ns));
}

static void test_goals(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "p99",   "p99<",   "p99<0",   "p0<5ms",
                                      "p101<5ms", "p<5ms", "99<5ms", "p99>5ms", "p99<5ms please"};
    struct goal goal;
    assert_true(goal_parse("p99.9<5ms", &goal));
    assert_true(goal.share > 0.9989 && goal.share < 0.9991);
    assert_int_equal(goal.under_ns, 5000000);
    assert_true(goal_parse("max<=1s", &goal));
    assert_true(goal.share == 1 && goal.under_ns == 1000000000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(goal_parse(bad[i], &goal));
}

/* Weights come out as they went in, and one spelling leads to itself. */
static void test_mix(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    struct mix mix, again;
    struct random random = {5};
    char error[MIX_ERROR_CAP], text[512];
    int drawn[LOAD_METHOD_COUNT] = {0};
    assert_true(mix_parse("shortlist=80,match.explain=15,system.info=5,ping=0", &mix, error));
    mix_format(&mix, text, sizeof text);
    assert_string_equal(text, "info=5,shortlist=80,explain=15");
    assert_true(mix_parse(text, &again, error));
    assert_memory_equal(&mix, &again, sizeof mix);
    for (int i = 0; i < DRAWS; i++)
        drawn[mix_draw(&mix, &random)]++;
    assert_in_range(drawn[LOAD_shortlist], 79500, 80500);
    assert_in_range(drawn[LOAD_explain], 14500, 15500);
    assert_in_range(drawn[LOAD_info], 4700, 5300);
    assert_int_equal(drawn[LOAD_shortlist] + drawn[LOAD_explain] + drawn[LOAD_info], DRAWS);
    assert_true(mix_needs(&mix, TOPIC_POST) && mix_needs(&mix, TOPIC_LEADER));
    assert_true(mix_parse("ping,info", &mix, error));
    assert_false(mix_needs(&mix, TOPIC_POST) || mix_needs(&mix, TOPIC_LEADER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_everything), cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_closed),   cmocka_unit_test(test_compare),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_times),    cmocka_unit_test(test_goals),      cmocka_unit_test(test_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
