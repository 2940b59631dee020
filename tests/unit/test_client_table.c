/* Text for people: nothing steers the terminal, columns line up in cells and fit the width; CSV reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client_table.h"

enum { ROOM = 1 << 20 };

static const struct screen piped = {0, false};

static void expect(struct buf *out, const char *text)
{
    assert_false(out->failed);
    buf_char(out, '\0');
    assert_string_equal(out->at, text);
    buf_fini(out);
}

#define TEXT(literal) literal, sizeof literal - 1

static void test_clean(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        size_t len;
        const char *to;
    } cases[] = {
        {TEXT("plain"), "plain"},
        {TEXT("Ystradgynlais \xC5\xB4yn"), "Ystradgynlais \xC5\xB4yn"},
        {TEXT("red \033[31m"), "red \\u001b[31m"},
        {TEXT("\xC2\x9B"
              "31m"),
         "\\u009b31m"}, /* CSI in one C1 character */
        {TEXT("a\nb\tc\rd"), "a\\nb\\tc\\u000dd"},
        {TEXT("nul\0end"), "nul\\u0000end"},
        {TEXT("del\x7F"), "del\\u007f"},
        {TEXT("\xE2\x80\xAE"
              "txt"),
         "\\u202etxt"}, /* right-to-left override */
        {TEXT("\xE2\x80\xA8"), "\\u2028"},
        {TEXT("\xFF\xC3"), "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {TEXT("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* overlong */
        {TEXT("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* surrogate */
        {TEXT("\xF0\x9F\x8F\xA5"), "\xF0\x9F\x8F\xA5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, ROOM);
        text_clean(&out, cases[i].from, cases[i].len);
        expect(&out, cases[i].to);
    }
}

static void test_clean_json(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, ROOM);
    text_clean_json(&out, TEXT("{\"a\":\"\x7F\xC2\x9B\xC3\xA9\\n\"}"));
    expect(&out, "{\"a\":\"\\u007f\\u009b\xC3\xA9\\n\"}");
}

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(text_width(TEXT("abc")), 3);
    assert_int_equal(text_width(TEXT("\xC3\xA9t\xC3\xA9")), 3);
    assert_int_equal(text_width(TEXT("e\xCC\x81")), 1);                /* combining accent */
    assert_int_equal(text_width(TEXT("\xE5\x8C\xBB\xE9\x99\xA2")), 4); /* two wide characters */
}

static const struct column columns[] = {{"id", false, 0, 0}, {"name", false, 0, 6}, {"GBP", true, 1, 0}};

static void fill(struct table *table)
{
    table_init(table, columns, 3);
    static const char *const cells[] = {"A1", "\xC3\x89lan Hospital", "1,200", "B22", "\xE5\x8C\xBB", "7", "C3", "",
                                        ""};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        table_cell(table, STYLE_PLAIN, cells[i]);
}

static void put(const struct screen *screen, enum narrowing narrowing, size_t n_left_out, const char *text)
{
    struct table table;
    struct buf out;
    buf_init(&out, ROOM);
    fill(&table);
    table_put(&table, screen, 0, narrowing, &out);
    assert_int_equal(table.n_left_out, n_left_out);
    table_fini(&table);
    expect(&out, text);
}

static void test_table(void **state)
{
    (void)state;
    put(&piped, NARROW_WRAP, 0,
        "id   name             GBP\n"
        "A1   \xC3\x89lan Hospital  1,200\n"
        "B22  \xE5\x8C\xBB                 7\n"
        "C3\n");
    const struct screen wide = {25, false}, narrow = {20, false};
    put(&wide, NARROW_WRAP, 0, /* fits to the last cell */
        "id   name             GBP\n"
        "A1   \xC3\x89lan Hospital  1,200\n"
        "B22  \xE5\x8C\xBB                 7\n"
        "C3\n");
    put(&narrow, NARROW_WRAP, 0,
        "id   name        GBP\n"
        "A1   \xC3\x89lan      1,200\n"
        "     Hospital\n"
        "B22  \xE5\x8C\xBB            7\n"
        "C3\n");
    put(&narrow, NARROW_CUT, 0,
        "id   name        GBP\n"
        "A1   \xC3\x89lan Ho\xE2\x80\xA6  1,200\n"
        "B22  \xE5\x8C\xBB            7\n"
        "C3\n");
}

static void test_narrow(void **state)
{
    (void)state;
    const struct screen small = {12, false}, tiny = {10, false};
    put(&small, NARROW_CUT, 1,
        "id   name\n"
        "A1   \xC3\x89lan H\xE2\x80\xA6\n"
        "B22  \xE5\x8C\xBB\n"
        "C3\n");
    put(&small, NARROW_WRAP, 1,
        "id   name\n"
        "A1   \xC3\x89lan\n"
        "     Hospita\n" /* a word longer than the column is broken */
        "     l\n"
        "B22  \xE5\x8C\xBB\n"
        "C3\n");
    put(&tiny, NARROW_WRAP, 0,
        "id    A1\n"
        "name  \xC3\x89lan\n"
        "      Hospital\n"
        "GBP   1,200\n"
        "\n"
        "id    B22\n"
        "name  \xE5\x8C\xBB\n"
        "GBP   7\n"
        "\n"
        "id    C3\n");
}

static void test_colour(void **state)
{
    (void)state;
    const struct screen colour = {0, true};
    static const struct column one[] = {{"verdict", false, 0, 0}};
    struct table table;
    struct buf out;
    buf_init(&out, ROOM);
    table_init(&table, one, 1);
    table_cell(&table, STYLE_GOOD, "passed");
    table_cell(&table, STYLE_PLAIN, "plain");
    table_put(&table, &colour, 2, NARROW_WRAP, &out);
    table_fini(&table);
    expect(&out, "  \033[1mverdict\033[0m\n  \033[32mpassed\033[0m\n  plain\n");
}

static void test_paragraph(void **state)
{
    (void)state;
    const struct screen narrow = {16, false};
    struct buf out;
    buf_init(&out, ROOM);
    text_paragraph(&out, &narrow, 2, STYLE_PLAIN, "one two three four averyveryverylongword five");
    expect(&out, "  one two three\n    four\n    averyveryverylongword\n    five\n");
    buf_init(&out, ROOM);
    text_paragraph(&out, &piped, 0, STYLE_PLAIN, "one two three four five six seven eight nine ten");
    expect(&out, "one two three four five six seven eight nine ten\n");
}

static void test_csv(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, ROOM);
    csv_field(&out, true, TEXT("plain"));
    csv_field(&out, false, TEXT("Bart's, \"London\""));
    csv_field(&out, false, TEXT("two\nlines"));
    csv_field(&out, false, TEXT(""));
    csv_field(&out, false, TEXT(" blank "));
    csv_end(&out);
    expect(&out, "plain,\"Bart's, \"\"London\"\"\",\"two\nlines\",,\" blank \"\r\n");
}

static void test_ceiling(void **state)
{
    (void)state;
    struct table table;
    struct buf out;
    buf_init(&out, 40); /* less than the table takes */
    fill(&table);
    table_put(&table, &piped, 0, NARROW_WRAP, &out);
    assert_true(out.failed);
    table_fini(&table);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),     cmocka_unit_test(test_clean_json), cmocka_unit_test(test_width),
        cmocka_unit_test(test_table),     cmocka_unit_test(test_narrow),     cmocka_unit_test(test_colour),
        cmocka_unit_test(test_paragraph), cmocka_unit_test(test_csv),        cmocka_unit_test(test_ceiling),
    };
    text_locale();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
