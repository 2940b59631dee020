/*
 * json.c: what is JSON and what is not. The cases go through the concerns of the public JSON parsing test suite
 * (structure, numbers, strings, escapes, encodings, depth) in our own words; every text is checked in memory of
 * exactly its length, so that reading past it shows under a sanitizer.
 */
#include "json.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum json_status check(const char *text, size_t len, size_t *offset, const char **reason)
{
    char *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    enum json_status status = json_check(exact, len, offset, reason);
    free(exact);
    return status;
}

#define TEXT(literal) literal, sizeof literal - 1

static void accepts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {TEXT("{}")},
        {TEXT("[]")},
        {TEXT("\"\"")},
        {TEXT("0")},
        {TEXT("-0")},
        {TEXT("true")},
        {TEXT("false")},
        {TEXT("null")},
        {TEXT(" \t\r\n[ \t\r\n] \t\r\n")},
        {TEXT("{ \"a\" : 1 , \"b\" : [ ] }")},
        {TEXT("{\"\":0}")},
        {TEXT("{\"a\":1,\"a\":1}")},
        {TEXT("[null,1,\"1\",{}]")},
        {TEXT("[[],[[]],{\"a\":{}}]")},
        {TEXT("[true]\n")},
        /* numbers */
        {TEXT("[10]")},
        {TEXT("[-10]")},
        {TEXT("[0.5]")},
        {TEXT("[-0.0]")},
        {TEXT("[1e1]")},
        {TEXT("[1E1]")},
        {TEXT("[1e+1]")},
        {TEXT("[1e-1]")},
        {TEXT("[0e1]")},
        {TEXT("[0e+1]")},
        {TEXT("[12.34E-56]")},
        {TEXT("[1e00]")},
        {TEXT("[1e400]")},
        {TEXT("[123456789012345678901234567890]")},
        {TEXT("[0.0000000000000000000000000000000000000000001]")},
        /* strings */
        {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")},
        {TEXT("\"\\u0000\"")},
        {TEXT("\"\\u00e9\\u00E9\"")},
        {TEXT("\"\\uD834\\uDD1E\"")},
        {TEXT("\"\\uDBFF\\uDFFF\"")},
        {TEXT("\"\\uFFFF\"")},
        {TEXT("\"\\\\u0000\"")},
        {TEXT("\"\x7f\"")},
        {TEXT("\"a/b\"")},
        {TEXT("\"\xc2\x80\"")},
        {TEXT("\"\xdf\xbf\"")},
        {TEXT("\"\xe0\xa0\x80\"")},
        {TEXT("\"\xed\x9f\xbf\"")},
        {TEXT("\"\xee\x80\x80\"")},
        {TEXT("\"\xef\xbf\xbf\"")},
        {TEXT("\"\xf0\x90\x80\x80\"")},
        {TEXT("\"\xf4\x8f\xbf\xbf\"")},
        {TEXT("\"\xe2\x80\xa8\xe2\x80\xa9\"")},
        {TEXT("\"0123456\\\"89abcdef\xc3\xa9 0123456789\"")},
        {TEXT("{\"\\u006dethod\":\"x\"}")},
        {TEXT("\"[{,:}]\"")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t offset = 999;
        const char *reason = "";
        if (check(cases[i].text, cases[i].len, &offset, &reason) != JSON_OK)
            fail_msg("%s: refused at %zu, %s", cases[i].text, offset, reason);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len, offset;
    } cases[] = {
        /* nothing, too little, too much */
        {TEXT(""), 0},
        {TEXT("  "), 2},
        {TEXT("["), 1},
        {TEXT("{"), 1},
        {TEXT("[1"), 2},
        {TEXT("[1,"), 3},
        {TEXT("{\"a\""), 4},
        {TEXT("{\"a\":"), 5},
        {TEXT("{\"a\":1"), 6},
        {TEXT("[]]"), 2},
        {TEXT("{}}"), 2},
        {TEXT("[][]"), 2},
        {TEXT("1 2"), 2},
        {TEXT("]"), 0},
        {TEXT("}"), 0},
        {TEXT(","), 0},
        {TEXT(":"), 0},
        {TEXT("[1}"), 2},
        {TEXT("{\"a\":1]"), 6},
        {TEXT("[,]"), 1},
        {TEXT("[1,]"), 3},
        {TEXT("[1,,2]"), 3},
        {TEXT("[,1]"), 1},
        {TEXT("[1 2]"), 3},
        {TEXT("[1:2]"), 2},
        {TEXT("{\"a\" 1}"), 5},
        {TEXT("{\"a\":1,}"), 7},
        {TEXT("{,}"), 1},
        {TEXT("{1:1}"), 1},
        {TEXT("{a:1}"), 1},
        {TEXT("{'a':1}"), 1},
        {TEXT("{\"a\":}"), 5},
        {TEXT("{\"a\"::1}"), 5},
        {TEXT("{\"a\":1 \"b\":2}"), 7},
        {TEXT("{\"a\",\"b\"}"), 4},
        {TEXT("{null:1}"), 1},
        {TEXT("{[]:1}"), 1},
        {TEXT("[\"a\":1]"), 4},
        {TEXT("/* */1"), 0},
        {TEXT("1//"), 1},
        {TEXT("[1]\x00"), 3},
        {TEXT("\x00"), 0},
        {TEXT("\xef\xbb\xbf{}"), 0},
        {TEXT("[\x0c]"), 1},
        {TEXT("[\xc2\xa0]"), 1},
        {TEXT("[\xe2\x81\xa0]"), 1},
        {TEXT("[*]"), 1},
        {TEXT("['a']"), 1},
        /* words */
        {TEXT("tru"), 3},
        {TEXT("trux"), 3},
        {TEXT("TRUE"), 0},
        {TEXT("nul"), 3},
        {TEXT("nulll"), 4},
        {TEXT("falsee"), 5},
        {TEXT("NaN"), 0},
        {TEXT("Infinity"), 0},
        {TEXT("-Infinity"), 1},
        {TEXT("undefined"), 0},
        {TEXT("[a"), 1},
        /* numbers */
        {TEXT("-"), 1},
        {TEXT("+1"), 0},
        {TEXT("01"), 1},
        {TEXT("-01"), 2},
        {TEXT("00"), 1},
        {TEXT("1."), 2},
        {TEXT("1.e1"), 2},
        {TEXT(".5"), 0},
        {TEXT("-.5"), 1},
        {TEXT("1e"), 2},
        {TEXT("1e+"), 3},
        {TEXT("1e-"), 3},
        {TEXT("1ea"), 2},
        {TEXT("1e1.5"), 3},
        {TEXT("0x1"), 1},
        {TEXT("1_0"), 1},
        {TEXT("--1"), 1},
        {TEXT("1+2"), 1},
        {TEXT("1.2.3"), 3},
        {TEXT("0e"), 2},
        {TEXT("[1-1]"), 2},
        {TEXT("\xef\xbc\x91"), 0},
        {TEXT("- 1"), 1},
        /* strings */
        {TEXT("\""), 1},
        {TEXT("\"a"), 2},
        {TEXT("\"\\"), 2},
        {TEXT("\"\\\""), 3},
        {TEXT("\"\\x\""), 2},
        {TEXT("\"\\a\""), 2},
        {TEXT("\"\\\x00\""), 2},
        {TEXT("\"\x00\""), 1},
        {TEXT("\"\n\""), 1},
        {TEXT("\"\t\""), 1},
        {TEXT("\"\x1f\""), 1},
        {TEXT("\"01234567\x1f\""), 9},
        {TEXT("\"\\u\""), 3},
        {TEXT("\"\\u00\""), 5},
        {TEXT("\"\\u00A\""), 6},
        {TEXT("\"\\u00AG\""), 6},
        {TEXT("\"\\u+00A\""), 3},
        {TEXT("\"\\U0041\""), 2},
        {TEXT("\"\\u004"), 6},
        {TEXT("\"\\ud800\""), 1},
        {TEXT("\"\\ud800\\"), 1},
        {TEXT("\"\\ud800\\u\""), 9},
        {TEXT("\"\\ud800\\n\""), 1},
        {TEXT("\"\\ud800\\u0041\""), 1},
        {TEXT("\"\\ud800\\ud800\""), 1},
        {TEXT("\"\\udc00\""), 1},
        {TEXT("\"\\udc00\\ud800\""), 1},
        {TEXT("\"a\\ud800b\""), 2},
        {TEXT("\"\\ud83"), 6},
        /* encodings */
        {TEXT("\"\x80\""), 1},
        {TEXT("\"\xbf\""), 1},
        {TEXT("\"\xc0\xaf\""), 1},
        {TEXT("\"\xc1\xbf\""), 1},
        {TEXT("\"\xc3\""), 2},
        {TEXT("\"\xc3"), 2},
        {TEXT("\"\xe0\x9f\xbf\""), 2},
        {TEXT("\"\xe2\x82\""), 3},
        {TEXT("\"\xed\xa0\x80\""), 2},
        {TEXT("\"\xf0\x8f\xbf\xbf\""), 2},
        {TEXT("\"\xf4\x90\x80\x80\""), 2},
        {TEXT("\"\xf5\x80\x80\x80\""), 1},
        {TEXT("\"\xf0\x9f\x98\""), 4},
        {TEXT("\"\xfc\x80\x80\x80\x80\x80\""), 1},
        {TEXT("\"\xff\""), 1},
        {TEXT("\"\xe9\""), 2},
        {TEXT("\xff\xfe{\x00}\x00"), 0},
        {TEXT("{\"\xff\":1}"), 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t offset = 999;
        const char *reason = NULL;
        if (check(cases[i].text, cases[i].len, &offset, &reason) != JSON_INVALID)
            fail_msg("%s: not refused", cases[i].text);
        assert_non_null(reason);
        if (offset != cases[i].offset)
            fail_msg("%s: refused at %zu, not at %zu (%s)", cases[i].text, offset, cases[i].offset, reason);
    }
}

/* Every beginning of a good text is refused at its end, and none reads past it. */
static void refuses_every_beginning(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\\u00e9\\ud834\\udd1e\":[-12.5e+3,true,false,null,\"\xf0\x9f\x98\x80 and plain ASCII of some length\"]}";
    size_t offset;
    const char *reason;
    assert_int_equal(check(text, sizeof text - 1, &offset, &reason), JSON_OK);
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_int_equal(check(text, len, &offset, &reason), JSON_INVALID);
}

/* A byte that ends a plain run is found wherever it stands in a word of eight. */
static void finds_bytes_at_any_offset(void **state)
{
    (void)state;
    static const unsigned char bad[] = {0x00, 0x01, 0x09, 0x0a, 0x1f, 0x80, 0xc0, 0xff, '\\'};
    for (size_t len = 1; len < 40; len++)
        for (size_t at = 1; at <= len; at++)
            for (size_t i = 0; i < sizeof bad; i++) {
                char text[48];
                memset(text, '!', sizeof text);
                text[0] = text[len + 1] = '"';
                text[at] = (char)bad[i];
                size_t offset;
                const char *reason;
                assert_int_equal(check(text, len + 2, &offset, &reason), JSON_INVALID);
                assert_in_range(offset, at, at + 2); /* a backslash takes the quote with it */
            }
}

static void depth(void **state)
{
    (void)state;
    char text[2 * JSON_DEPTH_MAX + 3];
    size_t offset;
    const char *reason;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    assert_int_equal(check(text, (size_t)2 * JSON_DEPTH_MAX, &offset, &reason), JSON_OK);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_int_equal(check(text, (size_t)2 * JSON_DEPTH_MAX + 2, &offset, &reason), JSON_TOO_DEEP);
    assert_int_equal(offset, JSON_DEPTH_MAX);

    /* Objects and arrays in turn: each closes as it was opened. */
    char mixed[JSON_DEPTH_MAX * 6];
    size_t len = 0;
    for (int i = 0; i < JSON_DEPTH_MAX / 2; i++)
        len += (size_t)snprintf(mixed + len, sizeof mixed - len, "{\"a\":[");
    for (int i = 0; i < JSON_DEPTH_MAX / 2; i++)
        len += (size_t)snprintf(mixed + len, sizeof mixed - len, "]}");
    assert_int_equal(check(mixed, len, &offset, &reason), JSON_OK);
}

static struct slice slice(const char *text)
{
    return (struct slice){text, strlen(text)};
}

static void assert_slice(struct slice found, const char *text)
{
    assert_int_equal(found.len, strlen(text));
    assert_memory_equal(found.at, text, found.len);
}

static void walks(void **state)
{
    (void)state;
    struct json_walk walk;
    struct slice key, value;
    json_walk_start(&walk, slice("{ \"a\" : [1,{\"]\":\"}\"}] ,\"\\\"\":\"\\\\\" , \"c\":-1.5e3,\"d\":{}}"));
    static const char *const expected[][2] = {
        {"a", "[1,{\"]\":\"}\"}]"}, {"\\\"", "\"\\\\\""}, {"c", "-1.5e3"}, {"d", "{}"}};
    for (int i = 0; i < 4; i++) {
        assert_true(json_walk_member(&walk, &key, &value));
        assert_slice(key, expected[i][0]);
        assert_slice(value, expected[i][1]);
    }
    assert_false(json_walk_member(&walk, &key, &value));
    assert_false(json_walk_member(&walk, &key, &value));

    json_walk_start(&walk, slice("[ 1 , \"x\",[ ],null ,true]"));
    static const char *const items[] = {"1", "\"x\"", "[ ]", "null", "true"};
    static const char kinds[] = "0\"[nt";
    for (int i = 0; i < 5; i++) {
        assert_true(json_walk_item(&walk, &value));
        assert_slice(value, items[i]);
        assert_int_equal(json_kind(value), kinds[i]);
    }
    assert_false(json_walk_item(&walk, &value));
    json_walk_start(&walk, slice("[ ]"));
    assert_false(json_walk_item(&walk, &value));
    json_walk_start(&walk, slice("{}"));
    assert_false(json_walk_member(&walk, &key, &value));
}

static void strings_compare(void **state)
{
    (void)state;
    assert_true(json_string_is(slice("method"), "method"));
    assert_true(json_string_is(slice("\\u006dethod"), "method"));
    assert_true(json_string_is(slice("\\u006D\\u0065thod"), "method"));
    assert_true(json_string_is(slice("\\/\\\\\\\"\\b\\f\\n\\r\\t"), "/\\\"\b\f\n\r\t"));
    assert_true(json_string_is(slice("\\u00e9\\u20ac\\ud83d\\ude00"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
    assert_true(json_string_is(slice(""), ""));
    assert_false(json_string_is(slice("method"), "metho"));
    assert_false(json_string_is(slice("metho"), "method"));
    assert_false(json_string_is(slice("\\u006detho"), "method"));
    assert_false(json_string_is(slice("\\u006dethods"), "method"));
    assert_false(json_string_is(slice("method\\u0000"), "method"));
    assert_false(json_string_is(slice("Method"), "method"));
    assert_true(json_string_same(slice("a\\u0062c"), slice("\\u0061bc")));
    assert_true(json_string_same(slice("abc"), slice("abc")));
    assert_false(json_string_same(slice("abc"), slice("a\\u0062")));
    assert_false(json_string_same(slice("\\u0000"), slice("")));
    assert_false(json_string_same(slice("\\u00e9"), slice("e")));
}

static void strings_copy(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(json_string_copy(slice("a\\nb"), out, sizeof out), 3);
    assert_string_equal(out, "a\nb");
    assert_int_equal(json_string_copy(slice("1234567"), out, sizeof out), 7);
    assert_string_equal(out, "1234567");
    assert_int_equal(json_string_copy(slice("12345678"), out, sizeof out), 8);
    assert_string_equal(out, "1234567");
    /* Cut before a character, never inside one; what is short enough after it does not slip in. */
    assert_int_equal(json_string_copy(slice("12345\xe2\x82\xac"
                                            "a"),
                                      out, sizeof out),
                     9);
    assert_string_equal(out, "12345");
    assert_true(json_string_copy(slice("a\\u0000"), out, sizeof out) == SIZE_MAX);
    assert_true(json_string_copy(slice("123456789\\u0000"), out, sizeof out) == SIZE_MAX);
    assert_int_equal(json_string_copy(slice("x"), out, 1), 1);
    assert_string_equal(out, "");
}

static void numbers_scale(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int decimals;
        enum json_number result;
        int64_t value;
    } cases[] = {
        {"0", 0, NUMBER_EXACT, 0},
        {"-0", 0, NUMBER_EXACT, 0},
        {"10", 0, NUMBER_EXACT, 10},
        {"10.0", 0, NUMBER_EXACT, 10},
        {"1e1", 0, NUMBER_EXACT, 10},
        {"1E+1", 0, NUMBER_EXACT, 10},
        {"100e-1", 0, NUMBER_EXACT, 10},
        {"-12.5", 1, NUMBER_EXACT, -125},
        {"1.5e1", 1, NUMBER_EXACT, 150},
        {"0.05", 3, NUMBER_EXACT, 50},
        {"10.5", 0, NUMBER_ROUNDED, 11},
        {"10.4999", 0, NUMBER_ROUNDED, 10},
        {"-10.5", 0, NUMBER_ROUNDED, -11},
        {"0.0004", 3, NUMBER_ROUNDED, 0},
        {"0.0005", 3, NUMBER_ROUNDED, 1},
        {"1e-400", 3, NUMBER_ROUNDED, 0},
        {"0e400", 3, NUMBER_EXACT, 0},
        {"0e99999999999999999999", 0, NUMBER_EXACT, 0},
        {"1e-99999999999999999999", 0, NUMBER_ROUNDED, 0},
        {"1000000000000000000", 0, NUMBER_EXACT, 1000000000000000000},
        {"1000000000000000001", 0, NUMBER_TOO_BIG, 0},
        {"999999999999999999.9", 0, NUMBER_ROUNDED, 1000000000000000000},
        {"1e18", 0, NUMBER_EXACT, 1000000000000000000},
        {"1e19", 0, NUMBER_TOO_BIG, 0},
        {"1e18", 1, NUMBER_TOO_BIG, 0},
        {"1e99999999999999999999", 0, NUMBER_TOO_BIG, 0},
        {"123456789012345678901234567890", 0, NUMBER_TOO_BIG, 0},
        {"-123456789012345678901234567890", 0, NUMBER_TOO_BIG, 0},
        {"0.000000000000000000000000000001e30", 0, NUMBER_EXACT, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 0;
        if (json_number_scaled(slice(cases[i].text), cases[i].decimals, &value) != cases[i].result ||
            value != cases[i].value)
            fail_msg("%s with %d decimals is %lld", cases[i].text, cases[i].decimals, (long long)value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_every_beginning),
        cmocka_unit_test(finds_bytes_at_any_offset),
        cmocka_unit_test(depth),
        cmocka_unit_test(walks),
        cmocka_unit_test(strings_compare),
        cmocka_unit_test(strings_copy),
        cmocka_unit_test(numbers_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
