/* Plans as planners read them: sentences, tables of any width, verdicts and conflicts, and nothing lost without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client_plan_verdict.h"
#include "client_plan_view.h"
#include "client_error.h"
#include "client_view.h"
#include "fault.h"
#include "jsonrpc.h"

enum { ROOM = 1 << 20, ROWS = 100 };

static const struct screen piped = {0, false};

/* Two regions, one post open, one leader outbid, names with accents and an escape sequence. */
static const char plan_text[] =
    "{\"dataset\":\"0123456789abcdef\",\"policy\":\"fedcba9876543210\",\"ledger\":0,\"job\":\"J1-1\","
    "\"plan\":\"P0123456789abcdef\",\"state\":\"done\",\"status\":\"optimal\",\"found\":true,\"value\":0.300000001,"
    "\"bound\":0.300000001,\"gap\":0.000000000,\"priced_bound\":0.310000000,\"elapsed_ms\":12,\"verified\":true,"
    "\"openings\":3,\"must_fill_unfilled\":0,\"local_cost_gbp\":12000,\"central_cost_gbp\":3400,\"request\":{},"
    "\"base\":null,\"change\":null,\"totals\":{\"by_region\":["
    "{\"region\":\"Midlands\",\"openings\":2,\"filled\":1,\"value\":0.100000000,\"local_cost_gbp\":0,"
    "\"central_cost_gbp\":3400},{\"region\":\"North West\",\"openings\":1,\"filled\":1,\"value\":0.200000001,"
    "\"local_cost_gbp\":12000,\"central_cost_gbp\":0}],\"by_organisation\":[],"
    "\"by_package\":[{\"package\":\"K1\",\"name\":\"D\\u00e9m\\u00e9nagement\",\"used\":2,\"stock\":null},"
    "{\"package\":\"K2\",\"name\":\"Full\",\"used\":0,\"stock\":4}],"
    "\"by_mentor\":[{\"mentor\":\"M1\",\"region\":\"Midlands\",\"hours_used\":12,\"hours\":12},"
    "{\"mentor\":\"M2\",\"region\":\"Midlands\",\"hours_used\":0,\"hours\":30}],"
    "\"budgets\":[{\"scope\":\"national\",\"code\":\"ENGLAND\",\"amount_gbp\":10000,\"used_gbp\":3400,"
    "\"left_gbp\":6600},{\"scope\":\"organisation\",\"code\":\"RX1\",\"amount_gbp\":12500,\"used_gbp\":12000,"
    "\"left_gbp\":500},{\"scope\":\"organisation\",\"code\":\"RX2\",\"amount_gbp\":700,\"used_gbp\":0,"
    "\"left_gbp\":700}]},"
    "\"placements\":[{\"leader\":\"L1\",\"post\":\"V1\",\"title\":\"Chair\",\"organisation\":\"\\u00c9lan "
    "\\u001b[2JTrust\",\"region\":\"North West\",\"package\":\"K1\",\"mentor\":null,\"value\":0.200000001,"
    "\"expected\":0.200000001,\"benefit\":0.800000,\"severity\":0.900000,\"fit\":0.888889,\"accept\":0.250000,"
    "\"local_cost_gbp\":12000,\"central_cost_gbp\":0,\"needs_approval\":true,\"missing\":[\"wants\"]},"
    "{\"leader\":\"L2\",\"post\":\"V2\",\"title\":\"Nurse\",\"organisation\":\"B\",\"region\":\"Midlands\","
    "\"package\":\"K1\",\"mentor\":\"M1\",\"value\":0.100000000,\"expected\":0.100000000,\"benefit\":0.500000,"
    "\"severity\":0.600000,\"fit\":0.833333,\"accept\":0.200000,\"local_cost_gbp\":0,\"central_cost_gbp\":3400,"
    "\"needs_approval\":false,\"missing\":[]}],"
    "\"unfilled\":[{\"post\":\"V3\",\"title\":\"Director\",\"organisation\":\"B\",\"region\":\"Midlands\","
    "\"openings\":1,\"reason\":\"mentor\",\"why\":\"mentor hours are short: 12 of M1\",\"nearest\":null,"
    "\"rival_post\":null,\"margin\":0.0,\"resource\":\"mentor_hours\",\"of\":\"M1\",\"short_by\":12,"
    "\"fix\":{\"kind\":\"limit\",\"text\":\"12 more mentor hours of M1 (Midlands) place L3: at least +0.05\"}}],"
    "\"prices\":[{\"resource\":\"mentor_hours\",\"of\":\"M1\",\"price_femto\":12000000000,\"step\":1,"
    "\"gain_least\":0.0,\"gain_most\":0.000012,\"resolved\":0.000011,"
    "\"text\":\"one more mentor hour of M1 (Midlands): +0.000011, solved again\"},"
    "{\"resource\":\"openings\",\"of\":\"V1\",\"price_femto\":15000000000000,\"step\":1,\"gain_least\":0.01,\"gain_"
    "most\":0.02,"
    "\"resolved\":null,\"text\":\"one more opening of V1: +0.02\"}],"
    "\"unplaced\":[{\"leader\":\"L3\",\"reason\":\"mentor\",\"why\":\"mentor hours are short\",\"fix\":null},"
    "{\"leader\":\"L4\",\"reason\":\"outbid\",\"why\":\"the post goes to L1\",\"fix\":null}]}";

static struct slice checked(const char *text)
{
    size_t offset;
    const char *reason;
    assert_int_equal(json_check(text, strlen(text), &offset, &reason), JSON_OK);
    return (struct slice){text, strlen(text)};
}

static void expect_shown(const char *expected, const struct buf *out)
{
    assert_false(out->failed);
    if (out->len != strlen(expected) || memcmp(out->at, expected, out->len) != 0)
        fail_msg("shown:\n%.*s\nexpected:\n%s", (int)out->len, out->at, expected);
}

static void test_plan(void **state)
{
    (void)state;
    struct buf out;
    struct page page = {&out, &piped, NULL};
    buf_init(&out, ROOM);
    plan_show(&page, checked(plan_text), ROWS);
    page_end(&page);
    expect_shown(
        "2 of 3 openings filled; expected benefit 0.300000 of at most 0.300000 (gap 0%).\n"
        "No plan within these limits is worth more: that is proven. The prices alone prove at most 0.310000 (gap "
        "3.23%), which 'wellmatch check' repeats; the rest the search has proven.\n"
        "It costs organisations £12,000 and central budgets £3,400. The salary of 1 placement (marked !) needs "
        "approval.\n"
        "\n"
        "region      openings  filled   benefit    local  central\n"
        "Midlands           2       1  0.100000       £0   £3,400\n"
        "North West         1       1  0.200000  £12,000       £0\n"
        "\n"
        "Placements\n"
        "region      post  title  organisation         leader  package  mentor  benefit  chance    local  central\n"
        "Midlands    V2    Nurse  B                    L2      K1       M1      0.10000   20.0%       £0   £3,400\n"
        "North West  V1    Chair  \xC3\x89lan \\u001b[2JTrust  L1      K1 !             0.20000   25.0%  £12,000       "
        "£0\n"
        "benefit = severity x fit x chance: what the plan adds up. chance: of a yes on these terms.\n"
        "\n"
        "Posts that stay open, and the cheapest way to fill each\n"
        "  V3, Director at B (Midlands). Mentor hours are short: 12 of M1. 12 more mentor hours of M1 (Midlands) place "
        "L3: at least +0.05.\n"
        "\n"
        "What is scarce, and what more of it would add to the expected benefit\n"
        "  one more mentor hour of M1 (Midlands): +0.000011, solved again\n"
        "\n"
        "Posts where one more opening would add most\n"
        "  one more opening of V1: +0.015000 by its price, at most +0.020000\n"
        "\n"
        "Packages\n"
        "package  name          used     stock\n"
        "K1       D\xC3\xA9m\xC3\xA9nagement     2  no limit\n"
        "K2       Full             0         4\n"
        "\n"
        "Money\n"
        "budget    amount    used    left\n"
        "ENGLAND  £10,000  £3,400  £6,600\n"
        "1 of 2 budgets of organisations are drawn on, £12,000 of £13,200; the least is left with RX1: £500.\n"
        "\n"
        "Mentors\n"
        "1 of 2 mentors have somebody, 1 of them with no hour left; 12 of 42 hours are taken.\n"
        "\n"
        "Leaders without a place\n"
        "leaders  because\n"
        "      1  mentor hours are short\n"
        "      1  worth more elsewhere: others are placed with more benefit\n"
        "'--explain LEADER' says why of each, '--explain POST' how a post came to be filled.\n"
        "\n"
        "dataset 0123456789ab  policy fedcba987654\n",
        &out);
    buf_fini(&out);
}

/* Widths of terminals: no line passes it, and every leader with a place is named. */
static void test_widths(void **state)
{
    (void)state;
    for (size_t width = 40; width <= 140; width += 5) {
        const struct screen screen = {width, false};
        struct buf out;
        struct page page = {&out, &screen, NULL};
        buf_init(&out, ROOM);
        plan_show(&page, checked(plan_text), ROWS);
        page_end(&page);
        buf_char(&out, '\0');
        assert_false(out.failed);
        assert_non_null(strstr(out.at, "L1"));
        assert_non_null(strstr(out.at, "L2"));
        for (const char *line = out.at; *line;) {
            size_t len = strcspn(line, "\n");
            if (text_width(line, len) > width)
                fail_msg("%zu: %.*s", width, (int)len, line);
            line += len + (line[len] == '\n');
        }
        buf_fini(&out);
    }
}

static void test_few_rows(void **state)
{
    (void)state;
    struct buf out;
    struct page page = {&out, &piped, NULL};
    buf_init(&out, ROOM);
    plan_show(&page, checked(plan_text), 1);
    page_end(&page);
    buf_char(&out, '\0');
    assert_non_null(strstr(out.at, "... and 1 more placements: --json has all.\n"));
    assert_null(strstr(out.at, "L1 "));
    buf_fini(&out);
}

static void expect_headline(const char *plan, const char *expected)
{
    struct buf out;
    struct page page = {&out, &piped, NULL};
    buf_init(&out, ROOM);
    plan_show_headline(&page, checked(plan), false);
    page_end(&page);
    expect_shown(expected, &out);
    buf_fini(&out);
}

static void test_headlines(void **state)
{
    (void)state;
    expect_headline("{\"status\":\"within_gap\",\"found\":true,\"value\":1.0,\"bound\":1.001,\"gap\":0.000999001,"
                    "\"openings\":1,\"must_fill_unfilled\":0,\"placements\":[{}],\"local_cost_gbp\":0,"
                    "\"central_cost_gbp\":0}",
                    "1 of 1 opening filled; expected benefit 1.000000 of at most 1.001000 (gap 0.0999%).\n"
                    "It is proven to be within 0.0999% of the best there can be.\n"
                    "It costs organisations £0 and central budgets £0.\n");
    expect_headline("{\"status\":\"deadline\",\"found\":true,\"value\":1.0,\"bound\":2.0,\"gap\":0.5,\"openings\":4,"
                    "\"must_fill_unfilled\":2,\"placements\":[],\"local_cost_gbp\":0,\"central_cost_gbp\":0}",
                    "0 of 4 openings filled; expected benefit 1.000000 of at most 2.000000 (gap 50%).\n"
                    "It was stopped before the best was proven: this plan is within 50% of it.\n"
                    "2 posts that must be filled are not.\n"
                    "It costs organisations £0 and central budgets £0.\n");
    expect_headline("{\"status\":\"deadline\",\"found\":false,\"value\":null,\"bound\":2.0}",
                    "No plan was found in the time; none is worth more than 2.000; --time-limit S allows more.\n");
    expect_headline("{\"status\":\"deadline\",\"found\":false,\"bound\":null}",
                    "No plan was found in the time; --time-limit S allows more.\n");
}

static void test_reasons(void **state)
{
    (void)state;
    static const char ranks[] = "{\"rows\":[{\"rank\":1,\"leader_id\":\"L1\",\"expected_benefit\":0.2},"
                                "{\"rank\":2,\"leader_id\":\"L2\",\"expected_benefit\":0.15},"
                                "{\"rank\":3,\"leader_id\":\"L9\",\"expected_benefit\":0.1}]}";
    struct slice plan = checked(plan_text);
    struct buf out;
    struct page page = {&out, &piped, NULL};
    assert_int_equal(plan_knows(plan, "V1"), PLAN_KNOWS_POST);
    assert_int_equal(plan_knows(plan, "V3"), PLAN_KNOWS_POST);
    assert_int_equal(plan_knows(plan, "L1"), PLAN_KNOWS_LEADER);
    assert_int_equal(plan_knows(plan, "L4"), PLAN_KNOWS_LEADER);
    assert_int_equal(plan_knows(plan, "K1"), PLAN_KNOWS_NOT);
    buf_init(&out, ROOM);
    assert_false(plan_show_reason(&page, plan, "K1", (struct slice){0}));
    assert_int_equal(out.len, 0);
    assert_true(plan_show_reason(&page, plan, "V1", checked(ranks)));
    page_end(&page);
    expect_shown(
        "L1 takes V1, Chair at \xC3\x89lan \\u001b[2JTrust (North West), with package K1.\n"
        "Expected benefit 0.200000 = severity 0.900 x fit 0.889 x chance 25.0%. It costs £12,000 locally and £0 "
        "centrally, and the salary needs approval.\n"
        "Not known of this match: wants.\n"
        "Worth having: one more opening of V1: +0.015000 by its price, at most +0.020000.\n"
        "\n"
        "The best for this post, if it were the only one, and where the plan has them\n"
        "rank  leader  benefit  in the plan\n"
        "   1  L1      0.20000  here with package K1, benefit 0.20000\n"
        "   2  L2      0.15000  V2 with package K1 and mentor M1, benefit 0.10000\n"
        "   3  L9      0.10000  no place\n"
        "\n"
        "dataset 0123456789ab  policy fedcba987654\n",
        &out);
    buf_clear(&out);
    page = (struct page){&out, &piped, NULL};
    assert_true(plan_show_reason(&page, plan, "L4", (struct slice){0}));
    page_end(&page);
    expect_shown("L4 has no place in the plan.\n"
                 "The post goes to L1.\n"
                 "No single change is known that would help.\n"
                 "\n"
                 "dataset 0123456789ab  policy fedcba987654\n",
                 &out);
    buf_clear(&out);
    plan_put_reason(&out, plan, "V3");
    buf_char(&out, '\0');
    struct slice reason = checked(out.at);
    assert_true(value_is(value_at(reason, "post"), "V3"));
    assert_int_equal(value_count(value_at(reason, "placements")), 0);
    assert_true(value_is(value_at(reason, "unfilled/reason"), "mentor"));
    buf_fini(&out);
}

static void test_difference(void **state)
{
    (void)state;
    static const char other[] = "{\"value\":0.25,\"bound\":0.26,\"local_cost_gbp\":0,\"central_cost_gbp\":4400,"
                                "\"placements\":[{\"leader\":\"L2\","
                                "\"post\":\"V3\",\"package\":\"K1\",\"mentor\":\"M1\",\"value\":0.25}]}";
    static const char *const names[] = {"before", "after"};
    struct buf out;
    struct page page = {&out, &piped, NULL};
    buf_init(&out, ROOM);
    plan_show_difference(&page, checked(plan_text), checked(other), names, ROWS);
    page_end(&page);
    expect_shown("Expected benefit 0.300000 (before) to 0.250000 (after): -0.050000.\n"
                 "Not both are proven best: between the best of each it is -0.050000 to -0.040000.\n"
                 "It costs organisations -£12,000 and central budgets +£1,000.\n"
                 "2 leaders: 0 placed who had no place, 1 without a place who had one, 1 to another post, 0 on other "
                 "terms.\n"
                 "\n"
                 "Moves (post, package, mentor, benefit)\n"
                 "leader  what          before             after\n"
                 "L1      no place now  V1 K1, 0.20000\n"
                 "L2      another post  V2 K1 M1, 0.10000  V3 K1 M1, 0.25000\n",
                 &out);
    buf_clear(&out);
    plan_put_difference(&out, checked(plan_text), checked(other));
    buf_char(&out, '\0');
    struct slice json = checked(out.at);
    assert_true(value_number(value_at(json, "difference")) == -0.050000001);
    assert_int_equal(value_whole(value_at(json, "counts/post")), 1);
    assert_int_equal(value_count(value_at(json, "moves")), 2);
    assert_true(value_missing(value_at(json, "moves/0/after")));
    buf_fini(&out);
}

static void expect_verdict(const char *verdict, bool holds, const char *expected)
{
    struct buf out;
    struct page page = {&out, &piped, NULL};
    buf_init(&out, ROOM);
    assert_int_equal(plan_holds(checked(plan_text), checked(verdict)), holds);
    plan_show_verdict(&page, checked(plan_text), checked(verdict));
    page_end(&page);
    expect_shown(expected, &out);
    buf_clear(&out);
    plan_put_verdict(&out, checked(plan_text), checked(verdict));
    buf_char(&out, '\0');
    assert_int_equal(value_true_at(checked(out.at), "holds"), holds);
    buf_fini(&out);
}

static void test_verdicts(void **state)
{
    (void)state;
    expect_verdict(
        "{\"feasible\":true,\"faults\":[],\"value\":0.300000001,\"bound\":0.310000000,\"gap\":0.032258061}", true,
        "The plan holds: every rule and limit is kept.\n"
        "Its value, added up again: 0.300000001.\n"
        "Proven here by its prices alone, over every option there is: no plan is worth more than 0.310000000. To "
        "that, the plan's gap is 3.23%.\n"
        "Its maker says that a search has proven more: no plan is worth more than 0.300000001, a gap of 0%. That is "
        "not repeated here.\n");
    expect_verdict("{\"feasible\":true,\"faults\":[],\"value\":0.300000000,\"bound\":0.310000001,\"gap\":0.5}", false,
                   "The plan does not hold: it keeps every rule and limit, but is not what it says.\n"
                   "Its value, added up again: 0.300000000; it says 0.300000001.\n"
                   "Proven here by its prices alone, over every option there is: no plan is worth more than "
                   "0.310000001; it says 0.310000000. To that, the plan's gap is 50%.\n"
                   "Its maker says that a search has proven more: no plan is worth more than 0.300000001, a gap of "
                   "0%. That is not repeated here.\n");
    expect_verdict(
        "{\"feasible\":false,\"faults\":[{\"placement\":0,\"what\":\"L1 is placed twice\",\"expected\":\"one "
        "place a leader\"}],\"value\":0.300000001,\"bound\":null,\"gap\":null}",
        false,
        "The plan does not hold.\n"
        "Its value, added up again: 0.300000001.\n"
        "It comes without prices, so nothing is said of how much better another could be.\n"
        "\n"
        "1 fault\n"
        "  L1 is placed twice; one place a leader.\n");
}

static void test_conflicts(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"data\":{\"conflict\":[{\"kind\":\"lock\",\"text\":\"L1 at V1 with M1 is locked\"},"
         "{\"kind\":\"must_fill\",\"text\":\"post V2 must be filled\"}],\"least\":true,\"relaxations\":[\"drop "
         "it\",\"wait\"]}}",
         "wellmatch: no plan: these 2 cannot all hold; without any one of them the others can\n"
         "  L1 at V1 with M1 is locked\n"
         "  post V2 must be filled\n"
         "What would help: drop it\n"
         "or: wait\n"},
        {"{\"data\":{\"conflict\":[{\"kind\":\"must_fill\",\"text\":\"post V2 must be filled\"}],\"least\":true}}",
         "wellmatch: no plan: post V2 must be filled, which cannot hold within the limits\n"},
        {"{\"data\":{\"conflict\":[{\"kind\":\"must_fill\",\"text\":\"post V2 must be filled\"},"
         "{\"kind\":\"forbid\",\"text\":\"anyone at V2 is forbidden\"}],\"relaxations\":[\"this\",\"that\"]}}",
         "wellmatch: no plan: post V2 must be filled, which cannot hold:\n"
         "  anyone at V2 is forbidden\n"
         "What would help: this\n"
         "or: that\n"},
        {"{\"data\":{\"conflict\":[],\"least\":false}}",
         "wellmatch: no plan: not all locks and posts that must be filled can hold; which was not found in the time\n"},
        {"{}",
         "wellmatch: no plan: not all locks and posts that must be filled can hold; which was not found in the time\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, ROOM);
        view_error(&out, checked(cases[i][0]), RPC_INFEASIBLE, NULL, NULL);
        expect_shown(cases[i][1], &out);
        buf_fini(&out);
    }
}

static void make(int which, struct buf *out)
{
    static const char *const names[] = {"a", "b"};
    struct page page = {out, &piped, NULL};
    struct slice plan = checked(plan_text);
    switch (which) {
    case 0:
        plan_show(&page, plan, ROWS);
        break;
    case 1:
        plan_show_reason(&page, plan, "V1", plan);
        break;
    case 2:
        plan_show_difference(&page, plan, checked("{\"placements\":[]}"), names, ROWS);
        break;
    case 3:
        plan_put_difference(out, plan, checked("{\"placements\":[]}"));
        break;
    case 4:
        plan_show_list(&page, checked("{\"jobs\":[{\"job\":\"J1\",\"gap\":0.1,\"elapsed_ms\":1,\"age_s\":2}]}"));
        break;
    default:
        plan_show_verdict(&page, plan, checked("{\"feasible\":false,\"value\":1,\"faults\":[{\"what\":\"x\"}]}"));
    }
    page_end(&page);
}

static void test_memory(void **state)
{
    (void)state;
    for (int which = 0; which < 6; which++) {
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
            assert_int_equal(out.failed, reached);
            if (!out.failed)
                assert_memory_equal(out.at, whole.at, whole.len);
            buf_fini(&out);
        }
        buf_fini(&whole);
    }
}

int main(void)
{
    text_locale();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),      cmocka_unit_test(test_widths),    cmocka_unit_test(test_few_rows),
        cmocka_unit_test(test_headlines), cmocka_unit_test(test_reasons),   cmocka_unit_test(test_difference),
        cmocka_unit_test(test_verdicts),  cmocka_unit_test(test_conflicts), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
