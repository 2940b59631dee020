/* The rules of feeds: a feed that keeps all, then for each rule feeds that break it and it alone, and where it says so. */
#include "client_feed_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STAMPS "\"run_id\":\"P1\",\"data_date\":\"2026-07-08\",\"generated_at\":\"2026-07-08T09:30:00Z\""
#define HEAD "run_id,data_date,generated_at"
#define ROW "P1,2026-07-08,2026-07-08T09:30:00Z"

enum form { JSON, CSV, EXCEL };

struct broken {
    enum form form;
    const char *bytes;
    enum feed_rule rule;
    const char *told; /* a part of what is told */
};

static void check_bytes(struct feed_check *check, enum form form, const char *bytes)
{
    feed_check_init(check, form != JSON, form == EXCEL);
    feed_check_bytes(check, bytes, strlen(bytes));
}

static void test_kept(void **state)
{
    static const struct {
        enum form form;
        const char *bytes;
        size_t rows;
    } feeds[] = {
        {JSON, "[]", 0},
        {JSON, " [\n]\n", 0},
        {JSON, "[{" STAMPS ",\"a\":null,\"cost_gbp\":12.50},{" STAMPS ",\"a\":\"x\",\"cost_gbp\":null}]", 2},
        {JSON, "[{" STAMPS ",\"n\":null,\"n_status\":\"suppressed\",\"fill_ratio\":0.5,\"b\":true}]", 1},
        {JSON, "[{" STAMPS ",\"n\":10,\"n_status\":\"rounded\",\"m\":0,\"m_status\":\"zero\",\"fill_ratio\":1}]", 1},
        {JSON, "[{" STAMPS ",\"job_status\":\"done\"}]", 1}, /* no count of that name */
        {CSV, HEAD "\r\n", 0},
        {CSV, HEAD ",note,cost_gbp\r\n" ROW ",\"a,\"\"b\"\"\r\nc\",-3.10\r\n" ROW ",,\r\n", 2},
        {CSV, HEAD ",note\r\n" ROW ",\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xc2\x80\r\n", 1},
        {CSV, HEAD ",note\r\n" ROW ",=1+1\r\n", 1}, /* a spreadsheet is not what this one is for */
        {EXCEL, "\xef\xbb\xbf" HEAD ",note,x\r\n" ROW ",'=1+1,-5.5\r\n", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof feeds / sizeof feeds[0]; i++) {
        struct feed_check check;
        check_bytes(&check, feeds[i].form, feeds[i].bytes);
        for (enum feed_rule rule = 0; rule < FEED_RULE_COUNT; rule++)
            if (check.n_faults[rule])
                fail_msg("%s: %s: %.*s", feeds[i].bytes, feed_rule_text(rule), (int)check.told[rule].len,
                         check.told[rule].at);
        assert_true(feed_check_passed(&check));
        assert_int_equal(check.n_rows, feeds[i].rows);
        feed_check_fini(&check);
    }
}

static const struct broken broken[] = {
    {JSON, "\xef\xbb\xbf[]", FEED_RULE_text, "begins with a byte order mark"},
    {CSV, "\xef\xbb\xbf" HEAD "\r\n", FEED_RULE_text, "begins with a byte order mark"},
    {EXCEL, HEAD "\r\n", FEED_RULE_text, "no byte order mark"},
    {CSV, HEAD ",a\r\n" ROW ",\xff\r\n", FEED_RULE_text, "not UTF-8"},
    {CSV, HEAD ",a\r\n" ROW ",\xc3", FEED_RULE_text, "not UTF-8"},
    {CSV, HEAD ",a\r\n" ROW ",\xe0\x80\xaf\r\n", FEED_RULE_text, "not UTF-8"}, /* a longer form than need be */
    {CSV, HEAD ",a\r\n" ROW ",\xf0\x80\x80\xaf\r\n", FEED_RULE_text, "not UTF-8"},
    {CSV, HEAD ",a\r\n" ROW ",\xed\xa0\x80\r\n", FEED_RULE_text, "not UTF-8"},     /* half a surrogate pair */
    {CSV, HEAD ",a\r\n" ROW ",\xf4\x90\x80\x80\r\n", FEED_RULE_text, "not UTF-8"}, /* past U+10FFFF */
    {CSV, HEAD ",a\r\n" ROW ",\x80\r\n", FEED_RULE_text, "not UTF-8"},
    {JSON, "[{" STAMPS ",\"a\":\"\xed\xa0\x80\"}]", FEED_RULE_text, "not UTF-8"},
    {JSON, "", FEED_RULE_form, "no JSON"},
    {JSON, "[{]", FEED_RULE_form, "no JSON: at byte 2"},
    {JSON, "{\"rows\":[]}", FEED_RULE_form, "no array"},
    {JSON, "[{" STAMPS ",\"a\":{}}]", FEED_RULE_form, "row 1, column a: holds an object"},
    {JSON, "[{" STAMPS ",\"a\":[]}]", FEED_RULE_form, "row 1, column a: holds an array"},
    {JSON, "[{" STAMPS "},5]", FEED_RULE_form, "row 2: is no object"},
    {CSV, "", FEED_RULE_form, "there is a header still"},
    {CSV, HEAD "\n", FEED_RULE_form, "ends in LF"},
    {CSV, HEAD "\r\n" ROW, FEED_RULE_form, "no CRLF"},
    {CSV, HEAD "\r" ROW "\r\n", FEED_RULE_form, "comma or CRLF"},
    {CSV, HEAD ",a\r\n" ROW ",\"x\"y\r\n", FEED_RULE_form, "comma or CRLF"},
    {CSV, HEAD ",a\r\n" ROW ",x\"y\r\n", FEED_RULE_form, "row 1: a quote stands"},
    {CSV, HEAD ",a\r\n" ROW ",\"x\r\n", FEED_RULE_form, "not closed"},
    {JSON, "[{" STAMPS ",\"Leader\":1}]", FEED_RULE_names, "'Leader' is not snake_case"},
    {CSV, HEAD ",cost-gbp\r\n", FEED_RULE_names, "'cost-gbp' is not"},
    {CSV, HEAD ",\r\n", FEED_RULE_names, "'' is not"},
    {CSV, HEAD ",run_id\r\n", FEED_RULE_names, "'run_id' stands twice"},
    {JSON, "[{" STAMPS ",\"a\":1,\"b\":2},{" STAMPS ",\"b\":2,\"a\":1}]", FEED_RULE_keys,
     "row 2: has 'b' where the first row has 'a'"},
    {JSON, "[{" STAMPS ",\"a\":1},{" STAMPS "}]", FEED_RULE_keys, "row 2, column a: is missing"},
    {JSON, "[{" STAMPS "},{" STAMPS ",\"a\":1}]", FEED_RULE_keys, "has no more"},
    {CSV, HEAD "\r\n" ROW ",x\r\n", FEED_RULE_keys, "row 1: has 4 cells; the header has 3"},
    {CSV, HEAD "\r\n" ROW "\r\n\r\n", FEED_RULE_keys, "row 2: has 1 cells"},
    {JSON, "[{\"run_id\":\"P1\",\"data_date\":\"2026-07-08\"}]", FEED_RULE_stamps, "no column generated_at"},
    {JSON, "[{" STAMPS "},{\"run_id\":\"P2\",\"data_date\":\"2026-07-08\",\"generated_at\":\"2026-07-08T09:30:00Z\"}]",
     FEED_RULE_stamps, "row 2, column run_id: 'P2', but 'P1'"},
    {CSV, HEAD "\r\n,2026-07-08,2026-07-08T09:30:00Z\r\n", FEED_RULE_stamps, "row 1, column run_id: is unknown"},
    {JSON, "[{" STAMPS ",\"a\":1},{" STAMPS ",\"a\":\"1\"}]", FEED_RULE_types,
     "row 2, column a: '1' is text, but there was a number"},
    {JSON, "[{" STAMPS ",\"a\":true},{" STAMPS ",\"a\":0}]", FEED_RULE_types, "a number, but there was a boolean"},
    {JSON, "[{" STAMPS ",\"a\":\"\"}]", FEED_RULE_unknown, "column a: ''"},
    {JSON, "[{" STAMPS ",\"a\":\"N/A\"}]", FEED_RULE_unknown, "'N/A'"},
    {CSV, HEAD ",a\r\n" ROW ",null\r\n", FEED_RULE_unknown, "row 1, column a: 'null'"},
    {JSON, "[{" STAMPS ",\"starts_date\":\"08/07/2026\"}]", FEED_RULE_dates, "row 1, column starts_date: '08/07/2026'"},
    {CSV, HEAD ",starts_date\r\n" ROW ",2026-02-30\r\n", FEED_RULE_dates, "2026-02-30"},
    {CSV, HEAD ",seen_at\r\n" ROW ",2026-02-20 10:00:00\r\n", FEED_RULE_dates, "is no time"},
    {CSV, HEAD ",seen_at\r\n" ROW ",2026-02-20T24:00:00Z\r\n", FEED_RULE_dates, "is no time"},
    {JSON, "[{" STAMPS ",\"seen_at\":20260708}]", FEED_RULE_dates, "20260708"},
    {JSON, "[{" STAMPS ",\"cost_gbp\":1.005}]", FEED_RULE_money, "1.005 has more than two decimals"},
    {JSON, "[{" STAMPS ",\"cost_gbp\":\"12.00\"}]", FEED_RULE_money, "'12.00' is no number"},
    {CSV, HEAD ",cost_gbp\r\n" ROW ",\"1,000\"\r\n", FEED_RULE_money, "row 1, column cost_gbp: '1,000'"},
    {CSV, HEAD ",cost_gbp\r\n" ROW ",12.\r\n", FEED_RULE_money, "'12.' is no number"},
    {JSON, "[{" STAMPS ",\"fill_ratio\":50}]", FEED_RULE_ratio, "50 is not from 0 to 1"},
    {JSON, "[{" STAMPS ",\"fill_ratio\":-0.1}]", FEED_RULE_ratio, "-0.1 is not"},
    {CSV, HEAD ",fill_ratio\r\n" ROW ",50%\r\n", FEED_RULE_ratio, "'50%' is no number"},
    {JSON, "[{" STAMPS ",\"n\":3,\"n_status\":\"suppressed\"}]", FEED_RULE_status, "row 1, column n: '3' is shown"},
    {JSON, "[{" STAMPS ",\"n\":null,\"n_status\":\"rounded\"}]", FEED_RULE_status, "is unknown, but"},
    {JSON, "[{" STAMPS ",\"n\":12,\"n_status\":\"rounded\"}]", FEED_RULE_status, "not rounded to 5"},
    {CSV, HEAD ",n,n_status\r\n" ROW ",1,zero\r\n", FEED_RULE_status, "is not 0"},
    {CSV, HEAD ",n,n_status\r\n" ROW ",1,hidden\r\n", FEED_RULE_status, "none of exact, rounded"},
    {EXCEL, "\xef\xbb\xbf" HEAD ",note\r\n" ROW ",=1+1\r\n", FEED_RULE_guard, "row 1, column note: '=1+1'"},
    {EXCEL, "\xef\xbb\xbf" HEAD ",note\r\n" ROW ",\"@x,\"\r\n", FEED_RULE_guard, "'@x,'"},
    {EXCEL, "\xef\xbb\xbf" HEAD ",note\r\n" ROW ",-1+2\r\n", FEED_RULE_guard, "'-1+2'"},
};

static void test_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct feed_check check;
        check_bytes(&check, broken[i].form, broken[i].bytes);
        assert_false(feed_check_passed(&check));
        struct buf *told = &check.told[broken[i].rule];
        buf_char(told, '\0');
        if (!check.n_faults[broken[i].rule] || !strstr(told->at, broken[i].told))
            fail_msg("%s: expected '%s' of '%s', got '%s'", broken[i].bytes, broken[i].told,
                     feed_rule_text(broken[i].rule), told->at);
        feed_check_fini(&check);
    }
}

/* Only the first few are told of each rule, and all are counted. */
static void test_many_faults(void **state)
{
    struct feed_check check;
    struct buf csv;
    size_t lines = 0;
    (void)state;
    buf_init(&csv, 1 << 20);
    buf_text(&csv, HEAD ",cost_gbp\r\n");
    for (int i = 0; i < 1000; i++)
        buf_text(&csv, ROW ",x\r\n");
    buf_char(&csv, '\0');
    check_bytes(&check, CSV, csv.at);
    assert_int_equal(check.n_faults[FEED_RULE_money], 1000);
    for (size_t i = 0; i < check.told[FEED_RULE_money].len; i++)
        lines += check.told[FEED_RULE_money].at[i] == '\n';
    assert_int_equal(lines, FEED_FAULTS_TOLD);
    feed_check_fini(&check);
    buf_fini(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_many_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
