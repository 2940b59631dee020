/* The progress line: what it says, and that it is never wider than a narrow terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client_progress.h"

static void test_text(void **state)
{
    (void)state;
    static const struct {
        struct progress_state state;
        const char *text;
    } cases[] = {
        {{.phase = "prices", .elapsed_ms = 40}, "prices   no plan yet, 0.0 s"},
        {{.phase = "prices", .bounded = true, .bound = 2.94, .elapsed_ms = 1260},
         "prices   no plan yet, at most 2.94, 1.3 s"},
        {{.phase = "plan", .found = true, .value = 2.9}, "plan     2.9, 0.0 s"},
        {{.phase = "search",
          .found = true,
          .bounded = true,
          .value = 2.9131,
          .bound = 2.94,
          .gap = 0.0123,
          .elapsed_ms = 12345,
          .nodes = 367},
         "search   2.9131 of at most 2.94, gap 1.23%, 367 nodes, 12.3 s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[PROGRESS_CAP];
        progress_text(&cases[i].state, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_width(void **state)
{
    (void)state;
    const struct progress_state widest = {.phase = "abcdefghijklmnopqrstuvw",
                                          .found = true,
                                          .bounded = true,
                                          .value = -1.23456e-300,
                                          .bound = -1.23456e-300,
                                          .gap = 1.23456e300,
                                          .elapsed_ms = INT64_MAX,
                                          .nodes = SIZE_MAX};
    char text[PROGRESS_CAP];
    progress_text(&widest, text);
    assert_int_equal(strlen(text), PROGRESS_CAP - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
