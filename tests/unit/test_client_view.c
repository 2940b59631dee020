/* Views of answers: what people read, and that an allocation that fails leaves no half page, no leak and no crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client_error.h"
#include "client_view.h"
#include "fault.h"
#include "jsonrpc.h"

enum { ROOM = 1 << 20 };

static const struct screen piped = {0, false}, terminal = {70, true};

static const char shortlist[] =
    "{\"dataset\":\"0123456789abcdef\",\"policy\":\"fedcba9876543210\",\"ledger\":0,"
    "\"post\":{\"post_id\":\"P1\",\"title\":\"Chair\",\"organisation\":\"\\u00c9lan "
    "\\u001b[2JTrust\",\"ods_code\":\"RX1\","
    "\"region\":\"London\",\"grade\":\"appointee\",\"salary_gbp\":1234567,\"openings\":2,\"starts\":\"2026-10-01\","
    "\"severity\":{\"known\":false,\"value\":0.500000}},"
    "\"considered\":3,\"eligible\":2,"
    "\"refused\":[{\"rule\":\"role\",\"meaning\":\"no\",\"refused\":1,\"only\":1,\"unknown\":0}],"
    "\"packages\":[{\"package_id\":\"K9\",\"name\":\"Dear\",\"allowed\":false,\"bar_text\":\"too dear\","
    "\"short_by_gbp\":-1500}],\"offset\":0,"
    "\"rows\":[{\"rank\":1,\"leader_id\":\"L1\",\"expected_benefit\":0.123456789,\"parts\":{\"fit\":0.5,\"accept\":0."
    "25},"
    "\"evidence\":0.1,\"package_id\":\"K1\",\"mentor_id\":null,\"local_cost_gbp\":0,\"central_cost_gbp\":1000,"
    "\"needs_approval\":true,\"margin\":null,\"distance_km\":null,\"missing\":[\"skills\",\"wants\"]}],"
    "\"next_offset\":1}";

static struct slice checked(const char *text)
{
    size_t offset;
    const char *reason;
    assert_int_equal(json_check(text, strlen(text), &offset, &reason), JSON_OK);
    return (struct slice){text, strlen(text)};
}

static void test_shortlist(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, ROOM);
    view_result(&out, &piped, "match.shortlist", checked(shortlist));
    buf_char(&out, '\0');
    assert_string_equal(
        out.at,
        "P1, Chair at \xC3\x89lan \\u001b[2JTrust (RX1), London; appointee, starts 2026-10-01, salary £1,234,567, 2 "
        "openings.\n"
        "Severity is unknown: there is no public signal; 0.50 of 1 stands in.\n"
        "2 of 3 leaders are eligible; here are ranks 1 to 1 (--offset 1 goes on).\n"
        "\n"
        "rank  leader  benefit  margin   fit  chance  evidence  package  mentor  local  central  km  missing\n"
        "   1  L1      0.12346          0.50   25.0%     10.0%  K1 !                £0   £1,000      skills, wants\n"
        "\n"
        "benefit = severity x fit x chance; margin: above the next in rank; evidence: how much of the skill is "
        "appraisal, "
        "the rest is the mean of the grade.\n"
        "! the salary with this package's premium needs approval.\n"
        "\n"
        "Packages that may not be offered\n"
        "  K9, Dear: too dear, short by -£1,500.\n"
        "\n"
        "Refused leaders, by the first rule that does\n"
        "rule  refused  by it alone  data missing  meaning\n"
        "role        1            1             0  no\n"
        "\n"
        "dataset 0123456789ab  policy fedcba987654\n");
    buf_fini(&out);
}

static void test_csv(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, ROOM);
    view_csv(&out, false, "match.shortlist", checked(shortlist));
    buf_char(&out, '\0');
    assert_string_equal(out.at, "rank,leader_id,expected_benefit,parts/fit,parts/accept,evidence,package_id,mentor_id,"
                                "local_cost_gbp,central_cost_gbp,needs_approval,margin,distance_km,missing\r\n"
                                "1,L1,0.123456789,0.5,0.25,0.1,K1,,0,1000,true,,,skills;wants\r\n");
    buf_fini(&out);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *error, *sentence;
    } cases[] = {
        {RPC_UNKNOWN, "{\"data\":{\"pointer\":\"/post\",\"id\":\"P9\",\"kind\":\"post\",\"nearest\":[\"P1\",\"P2\"]}}",
         "wellmatch: there is no post 'P9'; the nearest are P1, P2\n"},
        {RPC_UNKNOWN, "{\"data\":{\"pointer\":\"/packages/0\",\"id\":\"K\",\"kind\":\"package\",\"nearest\":[]}}",
         "wellmatch: --package: there is no package 'K'\n"},
        {RPC_UNKNOWN,
         "{\"data\":{\"pointer\":\"/"
         "leader\",\"id\":\"P1\",\"kind\":\"leader\",\"nearest\":[\"L1\"],\"is_a\":\"post\"}}",
         "wellmatch: there is no leader 'P1': it is a post\n"},
        {RPC_METHOD, "{\"data\":{\"method\":\"nope\",\"nearest\":null}}",
         "wellmatch: there is no method 'nope'; 'wellmatch call rpc.discover' lists them\n"},
        {RPC_METHOD, "{\"data\":{\"method\":\"pong\",\"nearest\":\"ping\"}}",
         "wellmatch: there is no method 'pong'; the nearest is ping\n"},
        {RPC_PARAMS, "{\"data\":{\"pointer\":\"/0\",\"expected\":\"the id of a post\",\"got\":1}}",
         "wellmatch: the parameter at /0 is 1; expected the id of a post\n"},
        {RPC_PARAMS, "{\"data\":{\"pointer\":\"/limit\",\"expected\":\"an integer from 1 to 1000\",\"got\":0}}",
         "wellmatch: --limit is 0; expected an integer from 1 to 1000\n"},
        {RPC_PARAMS,
         "{\"data\":{\"pointer\":\"/limt\",\"expected\":\"one of limit\",\"got\":\"limt\",\"nearest\":\"limit\"}}",
         "wellmatch: there is no parameter 'limt'; expected one of limit; the nearest is limit\n"},
        {RPC_PARAMS, "{\"data\":{\"pointer\":\"\",\"expected\":\"an object\",\"got\":3}}",
         "wellmatch: the parameters are 3; expected an object\n"},
        {RPC_INVALID_DATA,
         "{\"data\":{\"count\":1,\"faults\":[{\"file\":\"posts.csv\",\"line\":3,\"column\":2,\"what\":\"w\","
         "\"expected\":\"e\"}]}}",
         "posts.csv:3:2: w; expected e\nwellmatch: the data has 1 fault; the running data stays\n"},
        {RPC_TOO_LARGE, "{\"data\":{\"limit\":900000,\"what\":\"answer\",\"remedy\":\"ask for less\"}}",
         "wellmatch: the answer passes the ceiling of 900,000; ask for less\n"},
        {RPC_OVERLOADED, "{\"data\":{\"retry_after_s\":1,\"queue_depth\":4096}}",
         "wellmatch: A queue is full. retry_after_s: 1. queue_depth: 4096.\n"},
        {77, "{\"message\":\"odd\"}",
         "wellmatch: The service answered with an error that this client does not know.\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, ROOM);
        view_error(&out, checked(cases[i].error), cases[i].code, NULL, NULL);
        buf_char(&out, '\0');
        assert_string_equal(out.at, cases[i].sentence);
        buf_fini(&out);
    }
}

static void test_swapped(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, ROOM);
    view_error(&out, checked("{\"data\":{\"id\":\"P1\",\"kind\":\"leader\",\"is_a\":\"post\"}}"), RPC_UNKNOWN,
               "explain LEADER POST", NULL);
    buf_char(&out, '\0');
    assert_string_equal(
        out.at, "wellmatch: there is no leader 'P1': it is a post; the order is: wellmatch explain LEADER POST\n");
    buf_fini(&out);
}

static const char any[] =
    "{\"a\":1,\"b\":{\"x\":{\"n\":1},\"y\":{\"n\":null}},\"c\":[[1,2],{\"d\":\"e\"}],\"f\":{\"g\":{}}}";

static void make(int which, struct buf *out)
{
    switch (which) {
    case 0:
        view_result(out, &terminal, "match.shortlist", checked(shortlist));
        break;
    case 1:
        view_csv(out, true, "match.shortlist", checked(shortlist));
        break;
    case 2:
        view_result(out, &piped, "other", checked(any));
        break;
    case 3:
        view_csv(out, false, "other", checked(any));
        break;
    default:
        view_error(out, checked("{\"data\":{\"pointer\":\"/limit\",\"expected\":\"e\",\"got\":[1]}}"), RPC_PARAMS, NULL,
                   NULL);
    }
}

static void test_memory(void **state)
{
    (void)state;
    for (int which = 0; which < 5; which++) {
        struct buf whole, out;
        buf_init(&whole, ROOM);
        make(which, &whole);
        assert_false(whole.failed);
        bool reached = true;
        for (size_t n = 1; reached; n++) {
            buf_init(&out, ROOM);
            fault_after(n);
            make(which, &out);
            reached = fault_count() >= n;
            fault_off();
            assert_true(out.failed || out.len == whole.len);
            if (!out.failed)
                assert_memory_equal(out.at, whole.at, whole.len);
            assert_true(reached || !out.failed);
            buf_fini(&out);
        }
        buf_fini(&whole);
    }
}

static void test_any(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, ROOM);
    view_result(&out, &piped, "other", checked(any));
    buf_char(&out, '\0');
    assert_string_equal(out.at, "a  1\n\nb\n   n\nx  1\ny\n\nc\nd\n\ne\n  1, 2\n\nf\ng  {}\n");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shortlist), cmocka_unit_test(test_csv), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_swapped),   cmocka_unit_test(test_any), cmocka_unit_test(test_memory),
    };
    text_locale();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
