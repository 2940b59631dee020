/* The command line: options anywhere, values checked, what is misspelt named with its nearest, and the JSON it becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client_options.h"

enum { ARGS_MAX = 14 };

static bool read_words(const char *const words[], struct options *out, char error[OPTIONS_ERROR_CAP])
{
    static char copies[ARGS_MAX][64];
    static char *argv[ARGS_MAX + 1];
    int argc = 0;
    strcpy(copies[argc++], "wellmatch");
    for (; words[argc - 1]; argc++)
        strcpy(copies[argc], words[argc - 1]);
    for (int i = 0; i < argc; i++)
        argv[i] = copies[i];
    argv[argc] = NULL;
    return options_read(argc, argv, out, error);
}

static void test_anywhere(void **state)
{
    (void)state;
    static const char *const lines[][ARGS_MAX] = {
        {"--limit", "5", "--json", "shortlist", "P1", "-u", "unix:x"},
        {"shortlist", "--limit=5", "P1", "-uunix:x", "--json"},
        {"-u", "unix:x", "shortlist", "P1", "--json", "--limit", "7", "--limit", "5"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct options options;
        char error[OPTIONS_ERROR_CAP] = "";
        assert_true(read_words(lines[i], &options, error));
        assert_int_equal(options.n_words, 2);
        assert_string_equal(options.words[0], "shortlist");
        assert_string_equal(options.words[1], "P1");
        assert_int_equal(options_integer(&options, OPTION_limit, 10), 5);
        assert_string_equal(options_value(&options, OPTION_url), "unix:x");
        assert_non_null(options_value(&options, OPTION_json));
        assert_null(options_value(&options, OPTION_csv));
        assert_int_equal(options_integer(&options, OPTION_offset, 3), 3);
        options_free(&options);
    }
}

static void test_ended(void **state)
{
    (void)state;
    static const char *const words[] = {"call", "-", "--", "--json", "-u", NULL};
    struct options options;
    char error[OPTIONS_ERROR_CAP];
    assert_true(read_words(words, &options, error));
    assert_int_equal(options.n_words, 4);
    assert_string_equal(options.words[1], "-");
    assert_string_equal(options.words[2], "--json");
    assert_int_equal(options.n_given, 0);
    options_free(&options);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *sentence;
    } cases[] = {
        {{"--limt", "5"}, "there is no option '--limt'; did you mean '--limit'?"},
        {{"--limt=5"}, "there is no option '--limt=5'; did you mean '--limit'?"},
        {{"--zzzzzzzzzz"}, "there is no option '--zzzzzzzzzz'; 'wellmatch --help' lists them"},
        {{"-z"}, "there is no option '-z'; 'wellmatch --help' lists them"},
        {{"--limit"}, "--limit needs a value: --limit N"},
        {{"--limit", "-5"}, "--limit is '-5'; expected a whole number, 0 or more"},
        {{"--limit", "5x"}, "--limit is '5x'; expected a whole number, 0 or more"},
        {{"--limit="}, "--limit is ''; expected a whole number, 0 or more"},
        {{"--seed", "1234567890123456"}, "--seed is '1234567890123456'; expected a whole number, 0 or more"},
        {{"--within", "1e3"}, "--within is '1e3'; expected a number, 0 or more"},
        {{"--gap", "2"}, "--gap is '2'; expected a share from 0 to 1, or a percentage: 0.02 and 2% are the same"},
        {{"--gap", "101%"}, "--gap is '101%'; expected a share from 0 to 1, or a percentage: 0.02 and 2% are the same"},
        {{"--gap", "%"}, "--gap is '%'; expected a share from 0 to 1, or a percentage: 0.02 and 2% are the same"},
        {{"--timeout", "0"}, "--timeout is '0'; expected seconds, 0.001 to 86400"},
        {{"--timeout", "1e3"}, "--timeout is '1e3'; expected seconds, 0.001 to 86400"},
        {{"--timeout", "."}, "--timeout is '.'; expected seconds, 0.001 to 86400"},
        {{"--json=1"}, "--json takes no value: '--json=1'"},
        {{"--data="}, "--data is ''; expected DIR"},
        {{"--package", ""}, "--package is ''; expected ID,..."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct options options;
        char error[OPTIONS_ERROR_CAP] = "";
        assert_false(read_words(cases[i].words, &options, error));
        assert_string_equal(error, cases[i].sentence);
    }
}

static void test_misplaced(void **state)
{
    (void)state;
    static const char *const words[] = {"info", "--limit", "5", NULL};
    struct options options;
    char error[OPTIONS_ERROR_CAP] = "";
    assert_true(read_words(words, &options, error));
    assert_false(options_misplaced(&options, OPTION_BIT(limit), "info", error));
    assert_true(options_misplaced(&options, OPTION_BIT(json), "info", error));
    assert_string_equal(error, "info takes no option --limit; 'wellmatch info --help' lists those it takes");
    options_free(&options);
}

static void test_timeout(void **state)
{
    (void)state;
    static const char *const words[] = {"info", "--timeout", "0.25", NULL};
    struct options options;
    char error[OPTIONS_ERROR_CAP];
    assert_true(read_words(words, &options, error));
    assert_int_equal(options_milliseconds(&options, OPTION_timeout, 30000), 250);
    options_free(&options);
}

static void expect_params(const char *const words[], const char *json)
{
    struct options options;
    char error[OPTIONS_ERROR_CAP];
    struct buf params;
    assert_true(read_words(words, &options, error));
    buf_init(&params, 4096);
    json_open(&params, '{');
    options_put_params(&options, "leaders", &params);
    json_close(&params, '}');
    buf_char(&params, '\0');
    assert_string_equal(params.at, json);
    buf_fini(&params);
    options_free(&options);
}

static void test_params(void **state)
{
    (void)state;
    static const char *const none[] = {"info", NULL};
    static const char *const all[] = {"shortlist", "--package", "A,B",         "--within",   "12.5", "--package=C,",
                                      "--grade",   "band_9",    "--limit=007", "--among=L1", NULL};
    expect_params(none, "{}");
    expect_params(all, "{\"limit\":7,\"packages\":[\"A\",\"B\",\"C\"],\"filters\":{\"grades\":[\"band_9\"],\"within_"
                       "km\":12.500,\"leaders\":[\"L1\"]}}");
}

static void test_parts(void **state)
{
    (void)state;
    static const char *const words[] = {"allocate",     "--lock",    "A:B,,C:D", "--what-if", "x,y",
                                        "--lock=,E:F,", "--what-if", "z",        NULL};
    static const char *const locks[] = {"A:B", "C:D", "E:F"}, *const changes[] = {"x,y", "z"};
    struct options options;
    char error[OPTIONS_ERROR_CAP];
    assert_true(read_words(words, &options, error));
    struct options_walk walk = {0};
    struct slice part;
    for (size_t i = 0; i < 3; i++) {
        assert_true(options_next(&options, OPTION_lock, &walk, &part));
        assert_int_equal(part.len, 3);
        assert_memory_equal(part.at, locks[i], 3);
    }
    assert_false(options_next(&options, OPTION_lock, &walk, &part));
    walk = (struct options_walk){0};
    for (size_t i = 0; i < 2; i++) {
        assert_true(options_next(&options, OPTION_what_if, &walk, &part));
        assert_int_equal(part.len, strlen(changes[i]));
        assert_memory_equal(part.at, changes[i], part.len);
    }
    assert_false(options_next(&options, OPTION_what_if, &walk, &part));
    walk = (struct options_walk){0};
    assert_false(options_next(&options, OPTION_forbid, &walk, &part));
    options_free(&options);
}

static void test_names(void **state)
{
    (void)state;
    char name[32];
    assert_string_equal(options_name_of("/limit", name), "--limit");
    assert_string_equal(options_name_of("/packages/1", name), "--package");
    assert_string_equal(options_name_of("/filters/within_km", name), "--within");
    assert_string_equal(options_name_of("/filters/posts/0", name), "--among");
    assert_string_equal(options_name_of("/locks/0/leader", name), "--lock");
    assert_string_equal(options_name_of("/deadline_ms", name), "--time-limit");
    assert_null(options_name_of("/post", name));
    assert_null(options_name_of("/limits", name));
    static const char *const names[] = {"shortlist", "opportunities", "list"};
    assert_string_equal(options_nearest("shorlist", names, 3), "shortlist");
    assert_string_equal(options_nearest("lsit", names, 3), "list");
    assert_null(options_nearest("weather", names, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_anywhere),  cmocka_unit_test(test_ended),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_misplaced), cmocka_unit_test(test_timeout), cmocka_unit_test(test_params),
        cmocka_unit_test(test_names),     cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
