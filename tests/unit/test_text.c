/* Distance, nearest names, dates, UTF-8, texts for messages, and the names of every list in wellmatch.h. */
#include "text.h"
#include "wellmatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void distance_of_pairs(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        {"", "", 0},
        {"a", "", 1},
        {"", "abc", 3},
        {"abc", "abc", 0},
        {"ABC", "abc", 0},
        {"grade", "grdae", 1},
        {"grade", "garde", 1},
        {"ca", "abc", 2},
        {"kitten", "sitting", 3},
        {"band_9", "bnad_9", 1},
        {"role", "roles", 1},
        {"a", "b", 1},
        {"ab", "ba", 1},
        {"abcdef", "badcfe", 3},
        {"a cat", "an act", 2},
        {"rosettacode", "raisethysword", 8},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(wm_text_distance(cases[i].a, cases[i].b), cases[i].distance);
        assert_int_equal(wm_text_distance(cases[i].b, cases[i].a), cases[i].distance);
    }
}

/* Every pair and triple of short texts over a small alphabet: a metric, and never more than one edit from a neighbour. */
static void distance_is_a_metric(void **state)
{
    char texts[121][5];
    size_t n = 0;
    (void)state;
    for (int len = 0, limit = 1; len <= 4; len++, limit *= 3)
        for (int code = 0; code < limit; code++, n++) {
            for (int i = 0, rest = code; i < len; i++, rest /= 3)
                texts[n][i] = "abc"[rest % 3];
            texts[n][len] = '\0';
        }
    assert_int_equal(n, 121);
    static unsigned between[121][121];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            between[i][j] = wm_text_distance(texts[i], texts[j]);
            assert_int_equal(between[i][j] == 0, i == j);
        }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            assert_int_equal(between[i][j], between[j][i]);
            for (size_t k = 0; k < n; k++)
                assert_true(between[i][k] <= between[i][j] + between[j][k]);
        }
}

static void distance_counts_64_bytes(void **state)
{
    char a[200], b[200];
    (void)state;
    memset(a, 'x', sizeof a);
    memset(b, 'y', sizeof b);
    a[199] = b[199] = '\0';
    assert_int_equal(wm_text_distance(a, b), 64);
    assert_int_equal(wm_text_distance(a, ""), 64);
    memset(b, 'x', 64);
    assert_int_equal(wm_text_distance(a, b), 0);
}

static void nearest_names_what_is_near_only(void **state)
{
    struct nearest nearest;
    (void)state;
    nearest_init(&nearest, "bnad_9", 6);
    assert_null(nearest_name(&nearest));
    nearest_offer(&nearest, "vsm");
    assert_null(nearest_name(&nearest));
    nearest_offer(&nearest, "band_9");
    nearest_offer(&nearest, "band_8");
    assert_string_equal(nearest_name(&nearest), "band_9");
    nearest_init(&nearest, "xyzzy and more", 5);
    nearest_offer(&nearest, "plugh");
    assert_null(nearest_name(&nearest));
}

static void dates_round_trip(void **state)
{
    int32_t day, first, last;
    char text[11], again[11];
    (void)state;
    assert_true(wm_date_parse("1970-01-01", 10, &day));
    assert_int_equal(day, 0);
    assert_true(wm_date_parse("2026-07-08", 10, &day));
    assert_int_equal(day, 20642);
    assert_true(wm_date_parse("1900-01-01", 10, &first));
    assert_true(wm_date_parse("2199-12-31", 10, &last));
    assert_int_equal(last - first + 1, 109573); /* 300 years of 365 days and 73 leap days: 1900 and 2100 have none */
    int y = 1900, m = 1, d = 1;
    for (day = first; day <= last; day++) {
        static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        int32_t back;
        snprintf(again, sizeof again, "%04u-%02u-%02u", (unsigned)y % 10000u, (unsigned)m % 100u, (unsigned)d % 100u);
        wm_date_format(day, text);
        assert_string_equal(text, again);
        assert_true(wm_date_parse(text, 10, &back));
        assert_int_equal(back, day);
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        if (++d > days[m - 1] + (m == 2 && leap)) {
            d = 1;
            if (++m > 12) {
                m = 1;
                y++;
            }
        }
    }
    wm_date_format(first - 1, text);
    assert_string_equal(text, "0000-00-00");
    wm_date_format(last + 1, text);
    assert_string_equal(text, "0000-00-00");
    wm_date_format(INT32_MIN, text);
    assert_string_equal(text, "0000-00-00");
    wm_date_format(INT32_MAX, text);
    assert_string_equal(text, "0000-00-00");
}

static void refuses_what_is_no_date(void **state)
{
    static const char *const cases[] = {"",           "2026",        "2026-7-8",   "2026-07-8",  "2026/07/08",
                                        "2026-06-31", "2026-02-29",  "2100-02-29", "2026-00-10", "2026-13-01",
                                        "2026-01-00", "1899-12-31",  "2200-01-01", "+026-01-01", "2026-0a-01",
                                        " 026-01-01", "2026-01-011", "20260101  ", "08-07-2026"};
    int32_t day = 77;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_false(wm_date_parse(cases[i], strlen(cases[i]), &day));
    assert_int_equal(day, 77);
    assert_true(wm_date_parse("2024-02-29", 10, &day));
    assert_true(wm_date_parse("2000-02-29", 10, &day));
}

static void tells_clean_text(void **state)
{
    static const struct {
        const char *text;
        bool clean;
    } cases[] = {
        {"", true},
        {"plain", true},
        {"two\nlines", true},
        {"St Mary\xe2\x80\x99s", true},
        {"\xc3\xa9", true},
        {"\xf0\x9f\x99\x82", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"a\tb", false},
        {"a\rb", false},
        {"\x7f", false},
        {"\xff", false},
        {"\xc3", false},
        {"\xc0\x80", false},
        {"\xe0\x80\x80", false},
        {"\xed\xa0\x80", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xe2\x80", false},
        {"\x80", false},
        {"a\xc3(", false},
        {"\xf0\x80\x80\x80", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(text_is_clean(cases[i].text, strlen(cases[i].text)), cases[i].clean);
    assert_false(text_is_clean("a\0b", 3));
}

static void knows_utf16(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool utf16;
    } cases[] = {
        {"\xff\xfei\0", 4, true}, {"\xfe\xff\0i", 4, true}, {"i\0d\0", 4, true},
        {"\0i\0d", 4, true},      {"id", 2, false},         {"", 0, false},
        {"\xff", 1, false},       {"\0\0", 2, false},       {"\xef\xbb\xbfi", 4, false},
        {"i", 1, false},          {"\xc3\xa9", 2, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(text_is_utf16(cases[i].bytes, cases[i].len), cases[i].utf16);
}

static void shows_any_bytes(void **state)
{
    char buf[TEXT_SHOWN], bytes[300];
    (void)state;
    assert_string_equal(text_show(buf, "abc", 3), "'abc'");
    assert_string_equal(text_show(buf, "", 0), "''");
    assert_string_equal(text_show(buf, "a\tb\xff", 4), "'a\\x09b\\xff'");
    assert_string_equal(text_show(buf, "\xc3\xa9", 2), "'\xc3\xa9'");
    for (int fill = 0; fill < 256; fill++)
        for (size_t len = 80; len < 120; len++) {
            memset(bytes, fill, sizeof bytes);
            text_show(buf, bytes, len);
            assert_true(strlen(buf) < TEXT_SHOWN);
            assert_true(text_is_clean(buf, strlen(buf)));
        }
    for (size_t len = 0; len < 200; len += 2) { /* two-byte characters are not cut apart */
        for (size_t i = 0; i < len; i += 2)
            memcpy(bytes + i, "\xc3\xa9", 2);
        text_show(buf, bytes, len);
        assert_true(text_is_clean(buf, strlen(buf)));
        assert_null(strstr(buf, "\\x"));
    }
}

static void cuts_between_characters(void **state)
{
    (void)state;
    assert_int_equal(text_cut("abc", 3, 5), 3);
    assert_int_equal(text_cut("abcdef", 6, 5), 5);
    assert_int_equal(text_cut("ab\xe2\x80\x99z", 6, 4), 2);
    assert_int_equal(text_cut("ab\xe2\x80\x99z", 6, 5), 5);
}

static void every_name_is_there(void **state)
{
    (void)state;
    assert_string_equal(wm_error_name(WM_OK), "ok");
    assert_string_equal(wm_error_name(WM_EDATA), "invalid_data");
    assert_string_equal(wm_error_name(12345), "unknown_error");
    assert_non_null(wm_error_text(-999));
    assert_string_equal(wm_signal_name(WM_SIGNAL_segment), "segment");
    assert_string_equal(wm_signal_name(WM_SIGNAL_vacancy), "vacancy");
    assert_string_equal(wm_signal_name(WM_SIGNAL_COUNT), "unknown");
    assert_string_equal(wm_rule_name(WM_RULE_role), "role");
    assert_string_equal(wm_rule_name(WM_RULE_filter), "filter");
    assert_string_equal(wm_missing_name(WM_MISSING_BIT_central_budget), "central_budget");
    assert_string_equal(wm_missing_name(-1), "unknown");
    assert_string_equal(wm_offer_bar_name(WM_OFFER_BAR_none), "none");
    assert_string_equal(wm_accept_term_name(WM_ACCEPT_preference), "preference");
    for (int i = 0; i < WM_RULE_COUNT; i++)
        assert_true(strlen(wm_rule_text((enum wm_rule)i)) > 5);
    for (int i = 0; i < WM_MISSING_COUNT; i++)
        assert_true(strlen(wm_missing_text(i)) > 5);
    for (int i = 0; i < WM_OFFER_BAR_COUNT; i++)
        assert_true(strlen(wm_offer_bar_text((enum wm_offer_bar)i)) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_of_pairs),
        cmocka_unit_test(distance_is_a_metric),
        cmocka_unit_test(distance_counts_64_bytes),
        cmocka_unit_test(nearest_names_what_is_near_only),
        cmocka_unit_test(dates_round_trip),
        cmocka_unit_test(refuses_what_is_no_date),
        cmocka_unit_test(tells_clean_text),
        cmocka_unit_test(shows_any_bytes),
        cmocka_unit_test(knows_utf16),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(every_name_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
