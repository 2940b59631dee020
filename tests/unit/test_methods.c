/*
 * The methods: every example answers, every name is in PROTOCOL.md and in rpc.discover, every wrong parameter says
 * where it is, pages join, parts add up in what is written, answers stop at their ceiling, and every allocation may
 * fail.
 */
#include "fault.h"
#include "gen.h"
#include "jsonrpc.h"
#include "method.h"
#include "snapshot.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct wm_dataset *dataset; /* data/sample */

static struct slice slice(const char *text)
{
    return (struct slice){text, strlen(text)};
}

/* Runs a method by name; the result or error object is in `out`, NUL-terminated. */
static int ask(struct wm_dataset *data, const char *name, const char *params, struct buf *out)
{
    const struct method *method = method_find(slice(name));
    assert_non_null(method);
    const struct method_call call = {data, NULL, params == NULL ? (struct slice){0} : slice(params), NULL};
    buf_init(out, 4 * ANSWER_MAX_BYTES);
    int code = method_run(method, &call, out);
    size_t offset;
    const char *reason;
    assert_false(out->failed);
    if (json_check(out->at, out->len, &offset, &reason) != JSON_OK)
        fail_msg("%s %s: %.*s: %s at %zu", name, params, (int)out->len, out->at, reason, offset);
    buf_char(out, '\0');
    return code;
}

static json_t *parse(const struct buf *out)
{
    json_error_t error;
    json_t *json = json_loads(out->at, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        fail_msg("%s: %s", out->at, error.text);
    return json;
}

/* The result as a tree; fails the test on an error. */
static json_t *answer(struct wm_dataset *data, const char *name, const char *params)
{
    struct buf out;
    if (ask(data, name, params, &out) != 0)
        fail_msg("%s %s: %s", name, params, out.at);
    json_t *json = parse(&out);
    buf_fini(&out);
    return json;
}

/* ---- The table, its examples and its documents ---- */

static void every_example_answers(void **state)
{
    (void)state;
    size_t n;
    const struct method *methods = method_table(&n);
    char begins[128];
    snprintf(begins, sizeof begins, "{\"dataset\":\"%s\",\"policy\":\"%s\",\"ledger\":0", wm_dataset_digest(dataset),
             wm_policy_digest(dataset));
    for (size_t i = 0; i < n; i++) {
        struct buf out;
        assert_ptr_equal(method_find(slice(methods[i].name)), &methods[i]);
        int code = ask(dataset, methods[i].name, methods[i].example, &out);
        bool serves = methods[i].flags & METHOD_RELOAD ||
                      (strncmp(methods[i].name, "plan.", 5) == 0 && !(methods[i].flags & METHOD_LONG));
        if (serves) {
            assert_int_equal(code, RPC_METHOD); /* only a running service has it */
        } else {
            if (code != 0)
                fail_msg("%s %s: %s", methods[i].name, methods[i].example, out.at);
            if (strcmp(methods[i].name, "rpc.discover") != 0 && strncmp(out.at, begins, strlen(begins)) != 0)
                fail_msg("%s begins %.120s", methods[i].name, out.at);
            json_decref(parse(&out));
        }
        buf_fini(&out);
    }
}

static char *protocol;

static void assert_documented(const char *text)
{
    char quoted[128];
    snprintf(quoted, sizeof quoted, "`%s`", text);
    if (strstr(protocol, quoted) == NULL)
        fail_msg("api/PROTOCOL.md says nothing of %s", quoted);
}

static void assert_params_documented(const struct param *param)
{
    for (; param != NULL && param->name != NULL; param++) {
        assert_documented(param->name);
        assert_params_documented(param->members);
    }
}

static void everything_is_in_protocol(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *name, *data;
    } errors[] = {
#define X(constant, value, name, retry, text, data) {value, name, data},
        RPC_ERRORS(X)
#undef X
    };
    size_t n;
    const struct method *methods = method_table(&n);
    for (size_t i = 0; i < n; i++) {
        char heading[80];
        snprintf(heading, sizeof heading, "\n### %s\n", methods[i].name);
        if (strstr(protocol, heading) == NULL)
            fail_msg("api/PROTOCOL.md has no section on %s", methods[i].name);
        assert_params_documented(methods[i].params);
    }
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        char row[64];
        snprintf(row, sizeof row, "| %d | `%s` |", errors[i].code, errors[i].name);
        if (strstr(protocol, row) == NULL)
            fail_msg("api/PROTOCOL.md has no row %s", row);
        assert_non_null(strstr(protocol, errors[i].data));
    }
    for (int i = 0; i < WM_RULE_COUNT; i++)
        assert_documented(wm_rule_name((enum wm_rule)i));
    for (int i = 0; i < WM_MISSING_COUNT; i++)
        assert_documented(wm_missing_name(i));
    for (int i = WM_OFFER_BAR_segment; i < WM_OFFER_BAR_COUNT; i++)
        assert_documented(wm_offer_bar_name((enum wm_offer_bar)i));
    for (int i = 0; i < WM_SIGNAL_COUNT; i++)
        assert_documented(wm_signal_name((enum wm_signal)i));
    for (int i = 0; i < WM_TABLES; i++)
        assert_documented(wm_table_kind((enum wm_table)i));
}

/* Every member name of an answer stands in PROTOCOL.md, but for those that are data. */
static void assert_members_documented(const json_t *json, const char *within)
{
    static const char *const data[] = {"row", "by_domain", "fit_parts", "wants", "vocabularies", "holds"};
    for (size_t i = 0; within != NULL && i < sizeof data / sizeof data[0]; i++)
        if (strcmp(within, data[i]) == 0)
            return;
    const char *key;
    const json_t *value;
    size_t index;
    json_object_foreach ((json_t *)(uintptr_t)json, key, value) {
        assert_documented(key);
        assert_members_documented(value, key);
    }
    json_array_foreach (json, index, value)
        assert_members_documented(value, NULL);
}

static void every_member_is_in_protocol(void **state)
{
    (void)state;
    static const char *const asked[][2] = {
        {"match.shortlist", "[\"V00001\",2]"},
        {"match.shortlists", "[[\"V00001\"],2]"},
        {"match.opportunities", "[\"L000167\",2]"},
        {"match.explain", "[\"L000001\",\"V00031\"]"},
        {"match.explain", "[\"L000167\",\"V00001\"]"},
        {"match.compare_packages", "[\"L000167\",\"V00001\"]"},
        {"dataset.info", NULL},
        {"dataset.list", "[\"post\"]"},
        {"dataset.get", "[\"post\",\"V00001\"]"},
        {"system.ping", NULL},
        {"system.info", NULL},
        {"system.errors", NULL},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        json_t *json = answer(dataset, asked[i][0], asked[i][1]);
        assert_members_documented(json, NULL);
        json_decref(json);
    }
}

static void discover_lists_the_table(void **state)
{
    (void)state;
    json_t *document = answer(dataset, "rpc.discover", NULL), *methods = json_object_get(document, "methods");
    size_t n;
    const struct method *table = method_table(&n);
    assert_int_equal(json_array_size(methods), n);
    for (size_t i = 0; i < n; i++) {
        const json_t *method = json_array_get(methods, i), *params = json_object_get(method, "params");
        assert_string_equal(json_string_value(json_object_get(method, "name")), table[i].name);
        size_t j = 0;
        for (; table[i].params[j].name != NULL; j++) {
            const json_t *param = json_array_get(params, j);
            assert_string_equal(json_string_value(json_object_get(param, "name")), table[i].params[j].name);
            assert_int_equal(json_is_true(json_object_get(param, "required")), table[i].params[j].required);
        }
        assert_int_equal(json_array_size(params), j);
    }
    const json_t *ceilings = json_object_get(document, "x-ceilings");
    assert_int_equal(json_integer_value(json_object_get(ceilings, "line_bytes")), LINE_MAX_BYTES);
    assert_int_equal(json_integer_value(json_object_get(ceilings, "batch")), BATCH_MAX);
    assert_int_equal(json_integer_value(json_object_get(ceilings, "answer_bytes")), ANSWER_MAX_BYTES);
    assert_int_equal(json_integer_value(json_object_get(ceilings, "depth")), JSON_DEPTH_MAX);
    assert_true(json_array_size(json_object_get(document, "x-errors")) >= 15);
    json_decref(document);
}

static void unknown_names(void **state)
{
    (void)state;
    assert_null(method_find(slice("match.shortlis")));
    assert_null(method_find(slice("Match.shortlist")));
    assert_null(method_find(slice("rpc.")));
    assert_non_null(method_find(slice("match\\u002eshortlist")));
    struct buf out;
    buf_init(&out, 10000);
    method_put_unknown(&out, slice("\\u0000"));
    buf_char(&out, '\0');
    assert_string_equal(
        out.at, "{\"code\":-32601,\"message\":\"method_not_found\",\"data\":{\"method\":\"\",\"nearest\":null}}");
    buf_clear(&out);
    char longest[5000];
    memset(longest, 'x', sizeof longest);
    method_put_unknown(&out, (struct slice){longest, sizeof longest});
    assert_true(out.len < 200);
    buf_fini(&out);
}

/* ---- Params ---- */

static void by_name_and_by_position_are_the_same(void **state)
{
    (void)state;
    static const char *const same[][3] = {
        {"match.shortlist", "{\"post\":\"V00001\",\"limit\":3,\"offset\":1,\"packages\":[\"P01\",\"P00\"]}",
         "[\"V00001\",3,1,[\"P00\",\"P01\",\"P00\"]]"},
        {"match.shortlist", "{\"filters\":{\"within_km\":1e2,\"grades\":null},\"post\":\"V00001\"}",
         "[\"V00001\",1.0e1,0,null,{\"within_km\":100.000}]"},
        {"match.shortlist", "{\"post\":\"V00001\"}",
         "{\"post\":\"V0000\\u0031\",\"limit\":10,\"offset\":0,\"filters\":{}}"},
        {"match.opportunities", "{\"leader\":\"L000167\",\"limit\":2}", "[\"L000167\",2]"},
        {"match.explain", "{\"post\":\"V00001\",\"leader\":\"L000167\"}", "[\"L000167\",\"V00001\"]"},
        {"dataset.list", "{\"kind\":\"post\",\"limit\":2,\"filter\":{\"role\":\"chair\"}}",
         "[\"post\",{\"role\":[\"chair\",\"chair\"]},0,2]"},
        {"system.ping", NULL, "[]"},
        {"system.ping", "{}", "[]"},
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct buf named, placed;
        assert_int_equal(ask(dataset, same[i][0], same[i][1], &named), 0);
        assert_int_equal(ask(dataset, same[i][0], same[i][2], &placed), 0);
        assert_string_equal(named.at, placed.at);
        buf_fini(&named);
        buf_fini(&placed);
    }
}

static void wrong_params(void **state)
{
    (void)state;
    static const struct {
        const char *method, *params, *pointer, *nearest;
    } cases[] = {
        {"match.shortlist", NULL, "/post", NULL},
        {"match.shortlist", "[]", "/post", NULL},
        {"match.shortlist", "[null]", "/post", NULL},
        {"match.shortlist", "{\"post\":null}", "/post", NULL},
        {"match.shortlist", "{\"post\":\"V00001\",\"limt\":1}", "/limt", "limit"},
        {"match.shortlist", "{\"post\":\"V00001\",\"filters\":{\"within\":1}}", "/filters/within", "within_km"},
        {"match.shortlist", "{\"post\":\"V00001\",\"filters\":[]}", "/filters", NULL},
        {"match.shortlist", "[\"V00001\",0]", "/1", NULL},
        {"match.shortlist", "[\"V00001\",1001]", "/1", NULL},
        {"match.shortlist", "[\"V00001\",1e3,-1]", "/2", NULL},
        {"match.shortlist", "[\"V00001\",1e400]", "/1", NULL},
        {"match.shortlist", "[\"V00001\",true]", "/1", NULL},
        {"match.shortlist", "[\"V00001\",10,0,[\"P00\",null]]", "/3/1", NULL},
        {"match.shortlist", "[\"V00001\",10,0,null,{\"grades\":[\"band_9\",\"bnad_9\"]}]", "/4/grades/1", "band_9"},
        {"match.shortlist", "[\"V00001\",10,0,null,{\"grades\":[]}]", "/4/grades", NULL},
        {"match.shortlist", "[\"V00001\",10,0,null,{\"within_km\":20000.001}]", "/4/within_km", NULL},
        {"match.shortlist", "{\"post\":\"V00001\",\"post\":\"V00001\"}", "/post", NULL},
        {"match.shortlist", "{\"post\":\"V00001\",\"filters\":{\"without\":[],\"without\":[]}}", "/filters/without",
         NULL},
        {"match.shortlist", "{\"post\":\"V00001\",\"a\\u0000b\":1}", "", NULL},
        {"match.shortlist", "{\"post\":\"V00001\",\"packages\":[\"\\u0000\"]}", "/packages/0", NULL},
        {"match.explain", "[\"L000001\",\"V00001\",1]", "/2", NULL},
        {"dataset.get", "[\"post\",7]", "/1", NULL},
        {"dataset.get", "[\"post\",\"a\\u0000\"]", "/1", NULL},
        {"dataset.get", "[\"psot\",\"V00001\"]", "/0", "post"},
        {"dataset.list", "{\"kind\":\"post\",\"filter\":{\"titel\":1}}", "/filter/titel", "title"},
        {"dataset.list", "{\"kind\":\"post\",\"filter\":{\"title\":1}}", "/filter/title", NULL},
        {"dataset.list", "{\"kind\":\"post\",\"filter\":{\"title\":[\"a\",{}]}}", "/filter/title/1", NULL},
        {"dataset.list", "{\"kind\":\"post\",\"filter\":{\"openings\":1.5}}", "/filter/openings", NULL},
        {"dataset.list", "{\"kind\":\"post\",\"filter\":{\"board_role\":1}}", "/filter/board_role", NULL},
        {"dataset.list", "{\"kind\":\"post\",\"filter\":{\"starts\":\"2026-2-3\"}}", "/filter/starts", NULL},
        {"dataset.list", "{\"kind\":\"post\",\"filter\":{\"grade\":\"vms\"}}", "/filter/grade", "vsm"},
        {"dataset.list", "{\"kind\":\"post\",\"filter\":{\"title\":\"x\",\"t\\u0069tle\":\"y\"}}", "/filter/title",
         NULL},
        {"dataset.list", "{\"kind\":\"post\",\"columns\":[\"titel\"]}", "/columns/0", "title"},
        {"dataset.list", "{\"kind\":\"post\",\"columns\":[1]}", "/columns/0", NULL},
        {"dataset.list", "[\"post\",{\"nme\":1}]", "/1/nme", NULL},
        {"system.ping", "[1]", "/0", NULL},
        {"rpc.discover", "{\"a\":1}", "/a", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out;
        int code = ask(dataset, cases[i].method, cases[i].params, &out);
        if (code != RPC_PARAMS)
            fail_msg("%s %s: %s", cases[i].method, cases[i].params, out.at);
        json_t *error = parse(&out);
        const json_t *data = json_object_get(error, "data");
        const char *pointer = json_string_value(json_object_get(data, "pointer"));
        const char *nearest = json_string_value(json_object_get(data, "nearest"));
        if (strcmp(pointer, cases[i].pointer) != 0)
            fail_msg("%s %s: points at %s", cases[i].method, cases[i].params, pointer);
        if ((nearest == NULL) != (cases[i].nearest == NULL) ||
            (nearest != NULL && strcmp(nearest, cases[i].nearest) != 0))
            fail_msg("%s %s: nearest is %s", cases[i].method, cases[i].params, nearest);
        assert_non_null(json_object_get(data, "got"));
        assert_true(strlen(json_string_value(json_object_get(data, "expected"))) > 0);
        json_decref(error);
        buf_fini(&out);
    }
}

/* However long what came is, the error stays short and is still JSON (ask checks that). */
static void long_texts_are_cut(void **state)
{
    (void)state;
    enum { LEN = 100000 };
    static const char *const forms[] = {
        "{\"%s\":1}", "{\"post\":\"%s\"}", "{\"post\":\"V00001\",\"packages\":[\"%s\"]}",
        "{\"post\":\"V00001\",\"limit\":\"%s\"}", "{\"post\":\"V00001\",\"filters\":{\"%s\":1}}"};
    static const char *const fillings[] = {"x", "/", "~", "\\n", "\xe2\x82\xac", "\\ud83d\\ude00"};
    char *text = malloc(LEN + 1), *params = malloc(LEN + 100);
    assert_non_null(text);
    assert_non_null(params);
    for (size_t i = 0; i < sizeof fillings / sizeof fillings[0]; i++) {
        size_t len = strlen(fillings[i]), n = LEN / len;
        for (size_t j = 0; j < n; j++)
            memcpy(text + j * len, fillings[i], len);
        text[n * len] = '\0';
        for (size_t j = 0; j < sizeof forms / sizeof forms[0]; j++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(params, LEN + 100, forms[j], text);
#pragma GCC diagnostic pop
            struct buf out;
            assert_int_not_equal(ask(dataset, "match.shortlist", params, &out), 0);
            assert_true(out.len < 2000);
            buf_fini(&out);
        }
    }
    free(text);
    free(params);
}

static void unknown_rows_name_the_nearest(void **state)
{
    (void)state;
    struct buf out;
    assert_int_equal(ask(dataset, "match.shortlist", "{\"post\":\"V0001\"}", &out), RPC_UNKNOWN);
    json_t *error = parse(&out);
    const json_t *data = json_object_get(error, "data");
    assert_string_equal(json_string_value(json_object_get(data, "pointer")), "/post");
    assert_string_equal(json_string_value(json_object_get(data, "id")), "V0001");
    assert_string_equal(json_string_value(json_object_get(data, "kind")), "post");
    assert_string_equal(json_string_value(json_array_get(json_object_get(data, "nearest"), 0)), "V00001");
    json_decref(error);
    buf_fini(&out);
}

/* ---- Answers ---- */

static int64_t scaled(const json_t *number, double scale)
{
    assert_true(json_is_number(number));
    return llround(json_number_value(number) * scale);
}

static int64_t sum_of(const json_t *object, double scale)
{
    int64_t sum = 0;
    const char *key;
    const json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)object, key, value)
        if (json_is_number(value))
            sum += scaled(value, scale);
    return sum;
}

static void assert_parts_add_up(const json_t *row)
{
    const json_t *parts = json_object_get(row, "parts"), *accept = json_object_get(row, "accept_parts");
    assert_int_equal(sum_of(json_object_get(parts, "by_domain"), 1e9),
                     scaled(json_object_get(row, "expected_benefit"), 1e9));
    assert_int_equal(sum_of(json_object_get(row, "fit_parts"), 1e6), scaled(json_object_get(parts, "fit"), 1e6));
    int64_t logit = scaled(json_object_get(accept, "logit"), 1e6);
    assert_int_equal(sum_of(accept, 1e6) - logit + sum_of(json_object_get(accept, "wants"), 1e6), logit);
}

static void parts_add_up_as_written(void **state)
{
    (void)state;
    json_t *list = answer(dataset, "match.shortlist", "[\"V00001\",50]");
    size_t i;
    json_t *row, *rows = json_object_get(list, "rows");
    assert_true(json_array_size(rows) > 10);
    json_array_foreach (rows, i, row) {
        assert_parts_add_up(row);
        assert_int_equal(json_integer_value(json_object_get(row, "rank")), i + 1);
        const json_t *next = json_array_get(rows, i + 1);
        if (next != NULL)
            assert_int_equal(scaled(json_object_get(row, "expected_benefit"), 1e9) -
                                 scaled(json_object_get(next, "expected_benefit"), 1e9),
                             scaled(json_object_get(row, "margin"), 1e9));
    }
    int64_t refused = 0;
    json_array_foreach (json_object_get(list, "refused"), i, row)
        refused += json_integer_value(json_object_get(row, "refused"));
    assert_int_equal(refused + json_integer_value(json_object_get(list, "eligible")),
                     json_integer_value(json_object_get(list, "considered")));
    json_decref(list);

    json_t *pair = answer(dataset, "match.explain", "[\"L000167\",\"V00001\"]");
    assert_parts_add_up(json_object_get(pair, "match"));
    json_decref(pair);
}

/* All rows by pages of `limit`, compared to one page of them all. */
static void assert_pages_join(const char *method, const char *subject, const char *all_params)
{
    json_t *all = answer(dataset, method, all_params), *rows = json_object_get(all, "rows");
    assert_true(json_is_null(json_object_get(all, "next_offset")));
    size_t at = 0;
    for (json_int_t offset = 0;;) {
        char params[200];
        snprintf(params, sizeof params, "{%s,\"limit\":7,\"offset\":%d}", subject, (int)offset);
        json_t *page = answer(dataset, method, params);
        size_t i;
        const json_t *row;
        json_array_foreach (json_object_get(page, "rows"), i, row)
            assert_true(json_equal(row, json_array_get(rows, at++)));
        json_t *next = json_object_get(page, "next_offset");
        bool last = json_is_null(next);
        offset = json_integer_value(next);
        json_decref(page);
        if (last)
            break;
        assert_int_equal(offset, at);
    }
    assert_int_equal(at, json_array_size(rows));
    json_decref(all);
}

static void pages_join(void **state)
{
    (void)state;
    assert_pages_join("match.shortlist", "\"post\":\"V00001\"", "{\"post\":\"V00001\",\"limit\":500}");
    assert_pages_join("match.opportunities", "\"leader\":\"L000167\"", "{\"leader\":\"L000167\",\"limit\":500}");
    assert_pages_join("dataset.list", "\"kind\":\"budget\"", "{\"kind\":\"budget\",\"limit\":1000}");
    assert_pages_join("dataset.list", "\"kind\":\"leader\",\"filter\":{\"grade\":\"vsm\"}",
                      "{\"kind\":\"leader\",\"filter\":{\"grade\":\"vsm\"},\"limit\":1000}");
}

/* What a filter lets through is what looking at every row lets through. */
static void filters_of_rows(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *column;
        const char *any[4]; /* JSON texts of the values, one of which the cell is or holds */
    } cases[] = {
        {"{\"grade\":\"vsm\"}", "grade", {"\"vsm\""}},
        {"{\"grade\":[\"vsm\",null,\"band_9\"]}", "grade", {"\"vsm\"", "\"band_9\"", "null"}},
        {"{\"grade\":null}", "grade", {"null"}},
        {"{\"roles\":[\"chair\",\"chief_nurse\"]}", "roles", {"\"chair\"", "\"chief_nurse\""}},
        {"{\"salary_gbp\":[254000,1]}", "salary_gbp", {"254000"}},
        {"{\"score_culture\":[3.3,4.10,null]}", "score_culture", {"3.3", "4.1", "null"}},
        {"{\"appraisals\":2}", "appraisals", {"2"}},
        {"{\"fit_and_proper_until\":\"2026-05-05\"}", "fit_and_proper_until", {"\"2026-05-05\""}},
        {"{\"preferences\":[\"V00031\",\"V00052\"]}", "preferences", {"\"V00031\"", "\"V00052\""}},
        {"{\"leader_id\":[\"L000003\",\"L000001\"]}", "leader_id", {"\"L000001\"", "\"L000003\""}},
        {"{\"grade\":[]}", "grade", {NULL}},
    };
    json_t *all = answer(dataset, "dataset.list", "{\"kind\":\"leader\",\"limit\":1000}"),
           *rows = json_object_get(all, "rows");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *expected = json_array();
        size_t r, v;
        json_t *row, *item;
        json_array_foreach (rows, r, row) {
            json_t *cell = json_object_get(json_object_get(row, "row"), cases[i].column);
            bool met = false;
            for (int k = 0; k < 4 && cases[i].any[k] != NULL; k++) {
                json_t *wanted = json_loads(cases[i].any[k], JSON_DECODE_ANY, NULL);
                met = met || json_equal(cell, wanted);
                json_array_foreach (cell, v, item)
                    met = met || json_equal(item, wanted);
                json_decref(wanted);
            }
            if (met)
                json_array_append(expected, row);
        }
        char params[300];
        snprintf(params, sizeof params, "{\"kind\":\"leader\",\"limit\":1000,\"filter\":%s}", cases[i].filter);
        json_t *list = answer(dataset, "dataset.list", params);
        if (!json_equal(json_object_get(list, "rows"), expected))
            fail_msg("%s: %zu rows, not %zu", cases[i].filter, json_array_size(json_object_get(list, "rows")),
                     json_array_size(expected));
        assert_int_equal(json_integer_value(json_object_get(list, "matched")), json_array_size(expected));
        assert_true(cases[i].any[0] == NULL || json_array_size(expected) > 0); /* the case says something */
        json_decref(list);
        json_decref(expected);
    }
    json_decref(all);
}

static void filter_values_have_a_ceiling(void **state)
{
    (void)state;
    for (int past = 0; past <= 1; past++) {
        struct buf params, out;
        buf_init(&params, 100000);
        buf_text(&params, "{\"kind\":\"post\",\"filter\":{\"openings\":[");
        for (int i = 0; i < 1000 + past; i++) {
            json_item(&params);
            buf_integer(&params, i);
        }
        buf_text(&params, "]}}");
        buf_char(&params, '\0');
        assert_int_equal(ask(dataset, "dataset.list", params.at, &out), past ? RPC_PARAMS : 0);
        buf_fini(&params);
        buf_fini(&out);
    }
}

static void answers_have_a_ceiling(void **state)
{
    (void)state;
    const struct gen_options options = {
        .seed = 7, .leaders = 1200, .posts = 3, .packages = 4, .mentors = 5, .narrow = true};
    struct gen_set set;
    gen_make(&options, &set);
    struct wm_dataset *many = gen_build(&set);
    struct buf out;
    char params[100];
    size_t offset = 0, n_pages = 0;
    for (json_int_t next = 0; next >= 0;
         n_pages++) { /* a page ends where it would be too large; the next goes on from there */
        snprintf(params, sizeof params, "[\"%s\",1000,%zu]", wm_row_id(many, WM_POSTS, 0), offset);
        assert_int_equal(ask(many, "match.shortlist", params, &out), 0);
        assert_true(out.len <= ANSWER_MAX_BYTES - ENVELOPE_MAX_BYTES + 1);
        json_t *page = parse(&out);
        size_t n = json_array_size(json_object_get(page, "rows"));
        const json_t *first = json_array_get(json_object_get(page, "rows"), 0);
        assert_in_range(n, 1, 1000);
        assert_int_equal(json_integer_value(json_object_get(first, "rank")), offset + 1);
        if (n_pages == 0)
            assert_in_range(n, 500, 999);
        offset += n;
        const json_t *given = json_object_get(page, "next_offset");
        next = json_is_null(given) ? -1 : json_integer_value(given);
        assert_true(next == -1 || (size_t)next == offset);
        if (next == -1)
            assert_int_equal(json_integer_value(json_object_get(page, "eligible")), offset);
        json_decref(page);
        buf_fini(&out);
    }
    assert_true(n_pages > 1);
    wm_dataset_unref(many);
    gen_free(&set);
}

/* What stands before it in the buffer is left alone, and counts neither for the ceiling nor for the error's room. */
static void appends_to_what_is_there(void **state)
{
    (void)state;
    struct buf out;
    const struct method_call call = {dataset, NULL, {0}, NULL};
    buf_init(&out, 2000);
    buf_text(&out, "before:");
    assert_int_equal(method_run(method_find(slice("system.ping")), &call, &out), 0);
    assert_memory_equal(out.at, "before:{\"dataset\":", 17);
    buf_cut(&out, 7);
    assert_int_equal(method_run(method_find(slice("dataset.info")), &call, &out), RPC_TOO_LARGE);
    assert_memory_equal(out.at, "before:{\"code\":-32002,", 22);
    assert_int_equal(out.max, 2000);
    buf_fini(&out);
}

/* All posts at once are the posts one by one, byte for byte. */
static void shortlists_are_those_asked_singly(void **state)
{
    (void)state;
    struct buf expected, out, one;
    buf_init(&expected, ANSWER_MAX_BYTES);
    assert_int_equal(ask(dataset, "match.shortlists", "{\"posts\":[\"V00001\"],\"limit\":1}", &out), 0);
    const char *start = strstr(out.at, "\"shortlists\":[");
    assert_non_null(start);
    buf_put(&expected, out.at, (size_t)(start - out.at));
    buf_text(&expected, "\"shortlists\":[");
    buf_fini(&out);
    char params[2000] = "{\"limit\":4,\"offset\":1,\"filters\":{\"within_km\":200},\"posts\":[";
    for (int post = 1; post <= WM_SHORTLISTS_TOGETHER; post++) {
        char single[200];
        (void)snprintf(single, sizeof single,
                       "{\"post\":\"V%05d\",\"limit\":4,\"offset\":1,\"filters\":{\"within_km\":200}}", post);
        (void)snprintf(params + strlen(params), sizeof params - strlen(params), "\"V%05d\"%s", post,
                       post < WM_SHORTLISTS_TOGETHER ? "," : "]}");
        assert_int_equal(ask(dataset, "match.shortlist", single, &one), 0);
        buf_put(&expected, one.at, one.len - 1);
        buf_text(&expected, post < WM_SHORTLISTS_TOGETHER ? "," : "]}");
        buf_fini(&one);
    }
    assert_int_equal(ask(dataset, "match.shortlists", params, &out), 0);
    assert_int_equal(out.len, expected.len + 1);
    assert_memory_equal(out.at, expected.at, expected.len);
    buf_fini(&out);
    buf_fini(&expected);
}

static void every_allocation_fails_in_turn(void **state)
{
    (void)state;
    static const char *const asked[][2] = {
        {"match.shortlist",
         "{\"post\":\"V00001\",\"limit\":5,\"packages\":[\"P00\"],\"filters\":{\"without\":[\"L000001\"]}}"},
        {"match.shortlists",
         "{\"posts\":[\"V00001\",\"V00002\",\"V00001\"],\"limit\":2,\"filters\":{\"within_km\":90}}"},
        {"match.opportunities", "[\"L000167\",2]"},
        {"match.explain", "[\"L000167\",\"V00001\"]"},
        {"dataset.list",
         "{\"kind\":\"leader\",\"filter\":{\"roles\":\"chair\",\"preferences\":\"V00031\",\"ods_code\":null}}"},
        {"dataset.get", "[\"leader\",\"L000001\"]"},
        {"dataset.info", "[]"},
        {"rpc.discover", "[]"},
        {"match.shortlist", "[\"V1\"]"},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct buf expected, out;
        int expected_code = ask(dataset, asked[i][0], asked[i][1], &expected);
        const struct method_call call = {dataset, NULL, slice(asked[i][1]), NULL};
        for (size_t n = 1; n < 1000; n++) {
            buf_init(&out, ANSWER_MAX_BYTES);
            fault_after(n);
            int code = method_run(method_find(slice(asked[i][0])), &call, &out);
            bool reached = fault_count() >= n;
            fault_off();
            if (code == expected_code) { /* nothing failed, or what failed was not needed */
                assert_int_equal(out.len, expected.len - 1);
                assert_memory_equal(out.at, expected.at, out.len);
            } else {
                assert_int_equal(code, RPC_INTERNAL);
                assert_true(out.failed ? out.len == 0 : strncmp(out.at, "{\"code\":-32603,", 15) == 0);
            }
            buf_fini(&out);
            if (!reached)
                break;
            assert_true(n < 999);
        }
        buf_fini(&expected);
    }
}

static void hosts_add_members(void *self, struct buf *out)
{
    json_put_text(out, "added", self);
}

static void a_host_adds_to_what_it_knows(void **state)
{
    (void)state;
    static const char *const asked[] = {"system.info", "system.stats", "rpc.discover"};
    char by[] = "the service";
    const struct method_host host = {
        .self = by, .put_info = hosts_add_members, .put_stats = hosts_add_members, .put_ceilings = hosts_add_members};
    const struct method_call call = {dataset, &host, {0}, NULL};
    for (size_t i = 0; i < 3; i++) {
        struct buf out;
        buf_init(&out, ANSWER_MAX_BYTES);
        assert_int_equal(method_run(method_find(slice(asked[i])), &call, &out), 0);
        buf_char(&out, '\0');
        assert_non_null(strstr(out.at, ",\"added\":\"the service\"}"));
        json_decref(parse(&out));
        buf_fini(&out);
    }
}

static void pairs(void **state)
{
    (void)state;
    assert_int_equal(method_pairs(method_find(slice("match.shortlist")), dataset), wm_table_rows(dataset, WM_LEADERS));
    assert_int_equal(method_pairs(method_find(slice("match.opportunities")), dataset),
                     wm_table_rows(dataset, WM_POSTS));
    assert_int_equal(method_pairs(method_find(slice("system.ping")), dataset), 0);
}

static void snapshots(void **state)
{
    (void)state;
    struct snapshot snapshot;
    char prefix[96];
    size_t len = (size_t)snprintf(prefix, sizeof prefix, WM_VERSION " %s %s 0 ", wm_dataset_digest(dataset),
                                  wm_policy_digest(dataset));
    snapshot_init(&snapshot, wm_dataset_ref(dataset));
    assert_int_equal(snapshot.key_prefix_len, len);
    assert_memory_equal(snapshot.key_prefix, prefix, len);

    const struct gen_options options = {.seed = 1, .leaders = 3, .posts = 2, .packages = 1, .mentors = 1};
    struct gen_set set;
    gen_make(&options, &set);
    snapshot_swap(&snapshot, gen_build(&set));
    const char *digest = snapshot.key_prefix + strlen(WM_VERSION " ");
    assert_memory_equal(digest, wm_dataset_digest(snapshot.dataset), 32);
    assert_memory_not_equal(digest, wm_dataset_digest(dataset), 32);
    snapshot_fini(&snapshot);
    gen_free(&set);
}

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        return NULL;
    size_t len = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(len + 1);
    if (text != NULL)
        text[fread(text, 1, len, file)] = '\0';
    fclose(file);
    return text;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_answers),
        cmocka_unit_test(everything_is_in_protocol),
        cmocka_unit_test(every_member_is_in_protocol),
        cmocka_unit_test(discover_lists_the_table),
        cmocka_unit_test(unknown_names),
        cmocka_unit_test(by_name_and_by_position_are_the_same),
        cmocka_unit_test(wrong_params),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(unknown_rows_name_the_nearest),
        cmocka_unit_test(parts_add_up_as_written),
        cmocka_unit_test(pages_join),
        cmocka_unit_test(filters_of_rows),
        cmocka_unit_test(filter_values_have_a_ceiling),
        cmocka_unit_test(answers_have_a_ceiling),
        cmocka_unit_test(appends_to_what_is_there),
        cmocka_unit_test(shortlists_are_those_asked_singly),
        cmocka_unit_test(every_allocation_fails_in_turn),
        cmocka_unit_test(a_host_adds_to_what_it_knows),
        cmocka_unit_test(pairs),
        cmocka_unit_test(snapshots),
    };
    protocol = read_whole("api/PROTOCOL.md");
    if (protocol == NULL || wm_dataset_load("data/sample", NULL, &dataset) != WM_OK) {
        fputs("api/PROTOCOL.md or data/sample cannot be read: run this from the repository's root\n", stderr);
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    wm_dataset_unref(dataset);
    free(protocol);
    return failed;
}
