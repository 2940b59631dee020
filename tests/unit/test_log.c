/* log.c: the form of a line, what is quoted, what is cut, what is kept from flooding. */
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char said[8192];

/* stderr leads into a file between the two. */
static int real_stderr;
static FILE *file;

static void listen_in(void)
{
    file = tmpfile();
    assert_non_null(file);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
}

static const char *heard(void)
{
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(file);
    size_t n = fread(said, 1, sizeof said - 1, file);
    said[n] = '\0';
    fclose(file);
    return said;
}

static void one_line_an_event(void **state)
{
    (void)state;
    listen_in();
    log_event(LOG_WARNING, "thing", "n", log_number(-5), "address", "tcp://127.0.0.1:1", NULL);
    const char *line = heard();
    int year, month, day, hour, minute, second, milli, end = 0;
    assert_int_equal(
        sscanf(line, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &year, &month, &day, &hour, &minute, &second, &milli, &end), 7);
    assert_string_equal(line + end, " warning event=thing n=-5 address=tcp://127.0.0.1:1\n");
}

static void values_are_quoted_where_needed(void **state)
{
    (void)state;
    static const struct {
        const char *value, *written;
    } cases[] = {
        {"plain", "plain"},
        {"", "\"\""},
        {NULL, "-"},
        {"two words", "\"two words\""},
        {"a=b", "\"a=b\""},
        {"say \"so\"", "\"say \\\"so\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"line\nend event=forged", "\"line\\x0aend event=forged\""},
        {"\x7f", "\"\\x7f\""},
        {"Bront\xc3\xab", "Bront\xc3\xab"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[128];
        snprintf(expected, sizeof expected, " info event=e v=%s\n", cases[i].written);
        listen_in();
        log_event(LOG_INFO, "e", "v", cases[i].value, NULL);
        const char *line = strchr(heard(), ' ');
        assert_non_null(line);
        assert_string_equal(line, expected);
    }
}

static void a_long_line_is_cut_and_ends(void **state)
{
    (void)state;
    static char value[5000];
    memset(value, 'x', sizeof value - 1);
    listen_in();
    log_event(LOG_INFO, "long", "v", value, NULL);
    log_event(LOG_INFO, "next", NULL);
    const char *text = heard();
    const char *end = strchr(text, '\n');
    assert_non_null(end);
    assert_true(end - text < 2048);
    assert_non_null(strstr(end, "event=next\n"));
}

static void levels(void **state)
{
    (void)state;
    enum log_level level = LOG_DEBUG;
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_true(log_level_parse("debug", &level));
    assert_false(log_level_parse("Error", &level));
    assert_false(log_level_parse("", &level));
    assert_int_equal(level, LOG_DEBUG);

    log_set_level(LOG_WARNING);
    assert_int_equal(log_level_now(), LOG_WARNING);
    listen_in();
    log_event(LOG_INFO, "no", NULL);
    log_event(LOG_WARNING, "yes", NULL);
    log_event(LOG_ERROR, "yes", NULL);
    log_event(LOG_DEBUG, "no", NULL);
    const char *text = heard();
    log_set_level(LOG_INFO);
    assert_null(strstr(text, "event=no"));
    assert_non_null(strstr(strstr(text, "event=yes") + 1, "event=yes"));
}

static void eight_numbers_at_a_time(void **state)
{
    (void)state;
    const char *numbers[8];
    for (int i = 0; i < 8; i++)
        numbers[i] = log_number(i - 4);
    for (int i = 0; i < 8; i++)
        assert_int_equal(atoi(numbers[i]), i - 4);
    assert_string_equal(log_number(-9223372036854775807LL - 1), "-9223372036854775808");
}

static void a_flood_is_counted_not_written(void **state)
{
    (void)state;
    struct log_limit limit = {0};
    unsigned n = 0;
    for (int i = 0; i < 1000; i++)
        n += log_due(&limit);
    /* Two bursts when a minute ends in between. */
    assert_true(n == LOG_BURST || n == 2 * LOG_BURST);
    assert_int_equal(log_suppressed(&limit), 1000 - n);
    assert_int_equal(log_suppressed(&limit), 0);
    limit.minute--; /* a minute later */
    assert_true(log_due(&limit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_an_event),           cmocka_unit_test(values_are_quoted_where_needed),
        cmocka_unit_test(a_long_line_is_cut_and_ends), cmocka_unit_test(levels),
        cmocka_unit_test(eight_numbers_at_a_time),     cmocka_unit_test(a_flood_is_counted_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
