/* Reading an answer in place, by path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "client_value.h"

static const char text[] =
    "{\"post\":{\"id\":\"P\\u00e9\\n\",\"n\":0.120},\"rows\":[{\"rank\":1},{\"rank\":2,\"none\":null}],"
    "\"yes\":true,\"face\":\"\\ud83c\\udfe5!\",\"nul\":\"a\\u0000b\",\"big\":-12,\"empty\":[]}";

static struct slice whole(void)
{
    size_t offset;
    const char *reason;
    assert_int_equal(json_check(text, sizeof text - 1, &offset, &reason), JSON_OK);
    return (struct slice){text, sizeof text - 1};
}

static void expect(const char *path, const char *shown)
{
    struct buf out;
    buf_init(&out, 1000);
    value_put(&out, value_at(whole(), path));
    buf_char(&out, '\0');
    assert_string_equal(out.at, shown);
    buf_fini(&out);
}

static void test_put(void **state)
{
    (void)state;
    expect("post/id", "P\xC3\xA9\n");
    expect("post/n", "0.120"); /* as served, last nought and all */
    expect("rows/1/rank", "2");
    expect("rows/1/none", "");
    expect("rows/2/rank", "");
    expect("rows/rank", ""); /* a name is no number of an item */
    expect("face", "\xF0\x9F\x8F\xA5!");
    expect("nul", "a\\u0000b");
    expect("yes", "true");
    expect("rows/0", "{\"rank\":1}");
    expect("nothing/below/here", "");
}

static void test_kinds(void **state)
{
    (void)state;
    struct slice root = whole();
    assert_true(value_missing(value_at(root, "rows/1/none")));
    assert_true(value_missing(value_at(root, "absent")));
    assert_false(value_missing(value_at(root, "big")));
    assert_true(value_true(value_at(root, "yes")));
    assert_false(value_true(value_at(root, "big")));
    assert_true(value_is(value_at(root, "post/id"), "P\xC3\xA9\n"));
    assert_false(value_is(value_at(root, "big"), "-12"));
    assert_int_equal(value_whole(value_at(root, "big")), -12);
    assert_int_equal(value_whole(value_at(root, "yes")), 0);
    assert_true(fabs(value_number(value_at(root, "post/n")) - 0.12) < 1e-15);
    assert_true(isnan(value_number(value_at(root, "post/id"))));
    assert_int_equal(value_count(value_at(root, "rows")), 2);
    assert_int_equal(value_count(value_at(root, "post")), 2);
    assert_int_equal(value_count(value_at(root, "empty")), 0);
    assert_int_equal(value_count(value_at(root, "big")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_put), cmocka_unit_test(test_kinds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
