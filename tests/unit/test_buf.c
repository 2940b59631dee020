/* buf.c: what is written, byte for byte; the ceiling, at it and one past; memory failing at every allocation. */
#include "buf.h"

#include "fault.h"

#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(const struct buf *buf, const char *text)
{
    assert_false(buf->failed);
    assert_int_equal(buf->len, strlen(text));
    assert_memory_equal(buf->at, text, buf->len);
}

static void fixed_decimals(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        int decimals;
        const char *text;
    } cases[] = {
        {0, 0, "0"},
        {0, 6, "0.000000"},
        {7, 0, "7"},
        {-7, 0, "-7"},
        {-1500000, 6, "-1.500000"},
        {-5, 6, "-0.000005"},
        {999999, 6, "0.999999"},
        {1000000, 6, "1.000000"},
        {12345, 2, "123.45"},
        {5, 1, "0.5"},
        {INT64_MAX, 0, "9223372036854775807"},
        {INT64_MIN, 0, "-9223372036854775808"},
        {INT64_MIN, 18, "-9.223372036854775808"},
        {INT64_MAX, 9, "9223372036.854775807"},
    };
    struct buf buf;
    buf_init(&buf, 100);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&buf);
        buf_fixed(&buf, cases[i].value, cases[i].decimals);
        assert_text(&buf, cases[i].text);
    }
    buf_fini(&buf);
}

static void strings_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *json;
    } cases[] = {
        {"", 0, "\"\""},
        {"plain", 5, "\"plain\""},
        {"a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\""},
        {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
        {"\0\x1f", 2, "\"\\u0000\\u001f\""},
        {"\x7f", 1, "\"\x7f\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\"\"", 2, "\"\\\"\\\"\""},
    };
    struct buf buf;
    buf_init(&buf, 100);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&buf);
        buf_json_string(&buf, cases[i].text, cases[i].len);
        assert_text(&buf, cases[i].json);
    }
    buf_fini(&buf);
}

/* Every count of digits, and the numbers beside each, as the C library writes them. */
static void numbers_of_every_length(void **state)
{
    (void)state;
    struct buf buf;
    char text[64];
    buf_init(&buf, 100);
    int64_t power = 1;
    for (int digits = 0; digits < 19; digits++, power *= digits < 18 ? 10 : 1)
        for (int64_t value = power - 1; value <= power + 1; value++)
            for (int decimals = 0; decimals <= 18; decimals++)
                for (int sign = -1; sign <= 1; sign += 2) {
                    int64_t signed_value = sign * value, unit = 1;
                    for (int i = 0; i < decimals; i++)
                        unit *= 10;
                    int len = snprintf(text, sizeof text, "%s%" PRId64, signed_value < 0 ? "-" : "", value / unit);
                    if (decimals > 0)
                        snprintf(text + len, sizeof text - len, ".%0*" PRId64, decimals, value % unit);
                    buf_clear(&buf);
                    buf_fixed(&buf, signed_value, decimals);
                    assert_text(&buf, text);
                }
    buf_fini(&buf);
}

/* Keys and strings of every length that is copied in its own way, with an escape in every place or in none. */
static void strings_of_every_length(void **state)
{
    (void)state;
    static const char signs[] = "\"\\\x1f";
    struct buf buf;
    buf_init(&buf, 300);
    for (size_t len = 1; len <= 40; len++)
        for (size_t at = 0; at <= len; at++)
            for (size_t sign = 0; sign < sizeof signs - 1; sign++) {
                char key[41], text[41], expected[200];
                for (size_t i = 0; i < len; i++) {
                    key[i] = (char)('a' + i % 26);
                    text[i] = (char)('A' + i % 26);
                }
                key[len] = text[len] = '\0';
                char escape[8] = {'\\', signs[sign], '\0'};
                if (signs[sign] < ' ')
                    snprintf(escape, sizeof escape, "\\u%04x", (unsigned)signs[sign]);
                if (at < len)
                    text[at] = signs[sign];
                int put = snprintf(expected, sizeof expected, "{\"%s\":\"%.*s%s%s\"", key, (int)at, text,
                                   at < len ? escape : "", at < len ? text + at + 1 : "");
                snprintf(expected + put, sizeof expected - put, ",\"%s\":-1.5}", key);
                buf_clear(&buf);
                json_open(&buf, '{');
                json_put_text(&buf, key, text);
                json_put_fixed(&buf, key, -15, 1);
                json_close(&buf, '}');
                assert_text(&buf, expected);
            }
    buf_fini(&buf);
}

/* What fits to the byte is written, and one byte less is a failure: no writer asks for room that it does not use. */
static void members_up_to_the_ceiling(void **state)
{
    (void)state;
    static const char all[] = "{\"a\":-1234.567890,\"bb\":\"text\",\"ccc\":false,\"d\":null}";
    for (size_t max = sizeof all - 2; max <= sizeof all - 1; max++) {
        struct buf buf;
        buf_init(&buf, max);
        json_open(&buf, '{');
        json_put_fixed(&buf, "a", -1234567890, 6);
        json_put_text(&buf, "bb", "text");
        json_put_bool(&buf, "ccc", false);
        json_put_null(&buf, "d");
        json_close(&buf, '}');
        assert_int_equal(buf.failed, max < sizeof all - 1);
        if (!buf.failed)
            assert_text(&buf, all);
        buf_fini(&buf);
    }
}

static void commas_come_by_themselves(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    json_open(&buf, '{');
    json_put_text(&buf, "a", "ends in [");
    json_put_text(&buf, "b", NULL);
    json_put_integer(&buf, "c", -1);
    json_put_key(&buf, "d");
    json_open(&buf, '[');
    json_item(&buf);
    buf_integer(&buf, 1);
    json_item(&buf);
    buf_integer(&buf, 2);
    json_open(&buf, '{');
    json_close(&buf, '}');
    json_open(&buf, '[');
    json_close(&buf, ']');
    json_close(&buf, ']');
    json_put_bool(&buf, "e", true);
    json_put_bool(&buf, "f", false);
    json_put_null(&buf, "g");
    json_put_fixed(&buf, "h", 25, 1);
    json_close(&buf, '}');
    assert_text(
        &buf,
        "{\"a\":\"ends in [\",\"b\":null,\"c\":-1,\"d\":[1,2,{},[]],\"e\":true,\"f\":false,\"g\":null,\"h\":2.5}");
    buf_fini(&buf);
}

static void formats(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 300);
    char long_text[251];
    memset(long_text, 'x', 250);
    long_text[250] = '\0';
    buf_format(&buf, "%s-%d", "a", 5);
    buf_format(&buf, "%s", long_text);
    assert_false(buf.failed);
    assert_int_equal(buf.len, 253);
    assert_memory_equal(buf.at, "a-5xxx", 6);
    buf_format(&buf, "%s", long_text);
    assert_true(buf.failed);
    assert_int_equal(buf.len, 253);
    buf_fini(&buf);
}

static void ceiling(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    buf_put(&buf, "0123456789", 10);
    assert_false(buf.failed);
    assert_int_equal(buf.cap, 10);
    buf_put(&buf, "", 0);
    assert_false(buf.failed);
    buf_char(&buf, 'x');
    assert_true(buf.failed);
    assert_false(buf.starved);
    assert_int_equal(buf.len, 10);
    buf_cut(&buf, 0);
    buf_char(&buf, 'x'); /* still failed: a writer looks once, at its end */
    assert_int_equal(buf.len, 0);
    buf_clear(&buf);
    buf_put(&buf, "01234567890", 11);
    assert_true(buf.failed);
    buf_clear(&buf);
    buf_text(&buf, "again");
    assert_text(&buf, "again");
    buf_fini(&buf);

    buf_init(&buf, 0);
    buf_char(&buf, 'x');
    assert_true(buf.failed);
    assert_null(buf.at);
    buf_fini(&buf);
}

static void growth_is_by_doubling(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1u << 20);
    fault_after(0);
    for (int i = 0; i < 1 << 20; i++)
        buf_char(&buf, 'x');
    assert_false(buf.failed);
    assert_int_equal(buf.len, 1 << 20);
    assert_true(fault_count() <= 13);
    fault_off();
    buf_fini(&buf);
}

static void every_allocation_fails_in_turn(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct buf buf;
        buf_init(&buf, 10000);
        fault_after(n);
        for (int i = 0; i < 3000; i++)
            buf_put(&buf, "abc", 3);
        bool reached = fault_count() >= n;
        fault_off();
        assert_int_equal(buf.failed, reached);
        assert_int_equal(buf.starved, reached);
        buf_clear(&buf);
        buf_text(&buf, "works again");
        assert_text(&buf, "works again");
        buf_fini(&buf);
        if (!reached)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_decimals),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(numbers_of_every_length),
        cmocka_unit_test(strings_of_every_length),
        cmocka_unit_test(members_up_to_the_ceiling),
        cmocka_unit_test(commas_come_by_themselves),
        cmocka_unit_test(formats),
        cmocka_unit_test(ceiling),
        cmocka_unit_test(growth_is_by_doubling),
        cmocka_unit_test(every_allocation_fails_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
