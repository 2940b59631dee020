/* jsonrpc.c: the rules of the specification one by one, and where it is silent what PROTOCOL.md says. */
#include "jsonrpc.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct request read_one(const char *line)
{
    struct message message;
    struct request request, more;
    jsonrpc_read(line, strlen(line), &message);
    assert_false(message.batch);
    assert_int_equal(message.n, 1);
    assert_true(jsonrpc_next(&message, &request));
    assert_false(jsonrpc_next(&message, &more));
    assert_false(jsonrpc_next(&message, &more));
    return request;
}

static bool is(struct slice slice, const char *text)
{
    if (text == NULL)
        return slice.at == NULL;
    return slice.at != NULL && slice.len == strlen(text) && memcmp(slice.at, text, slice.len) == 0;
}

static void good_requests(void **state)
{
    (void)state;
    static const struct {
        const char *line, *id, *method, *params;
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1}", "1", "a", NULL},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\"}", NULL, "a", NULL},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":null}", "null", "a", NULL},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":\"\"}", "\"\"", "a", NULL},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":\"\\u0000\\n\"}", "\"\\u0000\\n\"", "a", NULL},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1E2}", "1E2", "a", NULL},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":-0.50}", "-0.50", "a", NULL},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":123456789012345678901234567890}",
         "123456789012345678901234567890", "a", NULL},
        {"  { \"id\" : 7 , \"params\" : [ 1 ] , \"method\" : \"\" , \"jsonrpc\" : \"2.0\" }  ", "7", "", "[ 1 ]"},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":{\"b\":[]},\"id\":1}", "1", "a", "{\"b\":[]}"},
        /* member names and the version may be escaped */
        {"{\"\\u006asonrpc\":\"2\\u002e0\",\"\\u006dethod\":\"\\u0061\",\"\\u0069d\":1}", "1", "\\u0061", NULL},
        /* members we do not know are ignored, ours in other cases are not ours */
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1,\"trace\":{\"id\":2},\"Method\":3}", "1", "a", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request = read_one(cases[i].line);
        if (request.code != 0)
            fail_msg("%s: %s", cases[i].line, request.reason);
        assert_true(is(request.id, cases[i].id));
        assert_true(is(request.method, cases[i].method));
        assert_true(is(request.params, cases[i].params));
    }
}

static void bad_requests(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int code;
        const char *id;
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"method\":\"foobar,\"params\":\"bar\",\"baz]", RPC_PARSE, "null"},
        {"", RPC_PARSE, "null"},
        {"{}x", RPC_PARSE, "null"},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1", RPC_PARSE, "null"},
        {"1", RPC_REQUEST, "null"},
        {"\"a\"", RPC_REQUEST, "null"},
        {"null", RPC_REQUEST, "null"},
        {"true", RPC_REQUEST, "null"},
        {"{}", RPC_REQUEST, "null"},
        {"[]", RPC_REQUEST, "null"},
        {"{\"foo\":1}", RPC_REQUEST, "null"},
        {"{\"jsonrpc\":\"1.0\",\"method\":\"x\"}", RPC_REQUEST, "null"},
        {"{\"jsonrpc\":\"2.0\",\"method\":1,\"params\":\"bar\"}", RPC_REQUEST, "null"},
        {"{\"method\":\"x\",\"id\":5}", RPC_REQUEST, "5"},
        {"{\"jsonrpc\":\"2.00\",\"method\":\"x\",\"id\":5}", RPC_REQUEST, "5"},
        {"{\"jsonrpc\":2.0,\"method\":\"x\",\"id\":\"s\"}", RPC_REQUEST, "\"s\""},
        {"{\"jsonrpc\":\"2.0\",\"id\":5}", RPC_REQUEST, "5"},
        {"{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":1}", RPC_REQUEST, "5"},
        {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":null}", RPC_REQUEST, "5"},
        {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"x\",\"params\":1}", RPC_REQUEST, "5"},
        {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"x\",\"params\":null}", RPC_REQUEST, "5"},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":\"p\"}", RPC_REQUEST, "null"},
        {"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"x\"}", RPC_REQUEST, "null"},
        {"{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"x\"}", RPC_REQUEST, "null"},
        {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"x\"}", RPC_REQUEST, "null"},
        {"{\"jsonrpc\":\"1\",\"id\":{},\"method\":\"x\"}", RPC_REQUEST, "null"},
        /* a name given twice, in whatever spelling, known or not */
        {"{\"jsonrpc\":\"2.0\",\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"x\"}", RPC_REQUEST, "5"},
        {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"x\",\"\\u006dethod\":\"x\"}", RPC_REQUEST, "5"},
        {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"x\",\"params\":[],\"params\":[]}", RPC_REQUEST, "5"},
        {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"x\",\"id\":5}", RPC_REQUEST, "null"},
        {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"x\",\"y\":1,\"\\u0079\":2}", RPC_REQUEST, "5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request = read_one(cases[i].line);
        if (request.code != cases[i].code)
            fail_msg("%s: code %d", cases[i].line, request.code);
        if (!is(request.id, cases[i].id))
            fail_msg("%s: id %.*s", cases[i].line, (int)request.id.len, request.id.at);
        assert_non_null(request.reason);
    }
}

static void ceilings(void **state)
{
    (void)state;
    char line[ID_MAX_BYTES + 200];
    for (int past = 0; past <= 1; past++) {
        char id[ID_MAX_BYTES + 2];
        memset(id, '7', sizeof id);
        id[ID_MAX_BYTES + past] = '\0';
        snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":%s}", id);
        struct request request = read_one(line);
        assert_int_equal(request.code, past ? RPC_TOO_LARGE : 0);
        if (past) {
            assert_int_equal(request.limit, ID_MAX_BYTES);
            assert_string_equal(request.reason, "id");
            assert_true(is(request.id, "null"));
        }

        size_t len = (size_t)snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1");
        for (int i = 3; i < MEMBERS_MAX + past; i++)
            len += (size_t)snprintf(line + len, sizeof line - len, ",\"m%d\":0", i);
        snprintf(line + len, sizeof line - len, "}");
        assert_int_equal(read_one(line).code, past ? RPC_REQUEST : 0);

        /* the envelope is a level, too */
        int depth = JSON_DEPTH_MAX - 1 + past;
        len = (size_t)snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1,\"params\":");
        memset(line + len, '[', (size_t)depth);
        memset(line + len + depth, ']', (size_t)depth);
        snprintf(line + len + 2 * depth, sizeof line - len - (size_t)(2 * depth), "}");
        request = read_one(line);
        assert_int_equal(request.code, past ? RPC_TOO_LARGE : 0);
        if (past) {
            assert_int_equal(request.limit, JSON_DEPTH_MAX);
            assert_string_equal(request.reason, "depth");
        }
    }
}

static void batches(void **state)
{
    (void)state;
    static const char line[] =
        "[{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1},1,[],[{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":9}], "
        "{\"foo\":\"boo\"},{\"jsonrpc\":\"2.0\",\"method\":\"n\"}]";
    static const struct {
        int code;
        const char *id;
    } expected[] = {
        {0, "1"}, {RPC_REQUEST, "null"}, {RPC_REQUEST, "null"}, {RPC_REQUEST, "null"}, {RPC_REQUEST, "null"},
        {0, NULL}};
    struct message message;
    struct request request;
    jsonrpc_read(line, sizeof line - 1, &message);
    assert_true(message.batch);
    assert_int_equal(message.n, 6);
    for (int i = 0; i < 6; i++) {
        assert_true(jsonrpc_next(&message, &request));
        assert_int_equal(request.code, expected[i].code);
        assert_true(is(request.id, expected[i].id));
    }
    assert_false(jsonrpc_next(&message, &request));
    assert_false(jsonrpc_next(&message, &request));
}

static void batch_ceiling(void **state)
{
    (void)state;
    char line[2 * BATCH_MAX + 8];
    for (int past = 0; past <= 1; past++) {
        int n = BATCH_MAX + past;
        size_t len = 0;
        line[len++] = '[';
        for (int i = 0; i < n; i++) {
            line[len++] = '1';
            line[len++] = i + 1 < n ? ',' : ']';
        }
        struct message message;
        jsonrpc_read(line, len, &message);
        assert_int_equal(message.batch, !past);
        assert_int_equal(message.n, past ? 1 : BATCH_MAX);
        struct request request;
        assert_true(jsonrpc_next(&message, &request));
        assert_int_equal(request.code, past ? RPC_TOO_LARGE : RPC_REQUEST);
        assert_true(is(request.id, "null"));
        if (past) {
            assert_int_equal(request.limit, BATCH_MAX);
            assert_string_equal(request.reason, "batch");
            assert_false(jsonrpc_next(&message, &request));
        }
    }
}

static void assert_text(const struct buf *buf, const char *text)
{
    assert_false(buf->failed);
    if (buf->len != strlen(text) || memcmp(buf->at, text, buf->len) != 0)
        fail_msg("%.*s", (int)buf->len, buf->at);
}

static void replies(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    jsonrpc_put_reply(&buf, (struct slice){"1E2", 3}, 0, (struct slice){"{\"a\":1}", 7});
    assert_text(&buf, "{\"jsonrpc\":\"2.0\",\"id\":1E2,\"result\":{\"a\":1}}");
    buf_clear(&buf);
    jsonrpc_put_reply(&buf, (struct slice){0}, RPC_INTERNAL, (struct slice){"{}", 2});
    assert_text(&buf, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{}}");
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"[1,]",
         "{\"code\":-32700,\"message\":\"parse_error\",\"data\":{\"offset\":3,\"reason\":\"expected a value\"}}"},
        {"[]", "{\"code\":-32600,\"message\":\"invalid_request\",\"data\":{\"reason\":\"an empty batch\"}}"},
        {"{}",
         "{\"code\":-32600,\"message\":\"invalid_request\",\"data\":{\"reason\":\"jsonrpc must be \\\"2.0\\\"\"}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request = read_one(cases[i].line);
        buf_clear(&buf);
        jsonrpc_put_fault(&buf, &request);
        assert_text(&buf, cases[i].error);
    }
    buf_clear(&buf);
    jsonrpc_put_fault(&buf, &(struct request){.code = RPC_TOO_LARGE, .limit = LINE_MAX_BYTES, .reason = "line"});
    assert_text(&buf, "{\"code\":-32002,\"message\":\"too_large\",\"data\":{\"limit\":1048576,\"what\":\"line\"}}");
    buf_fini(&buf);
}

static void names_of_errors(void **state)
{
    (void)state;
    assert_string_equal(rpc_error_name(RPC_PARSE), "parse_error");
    assert_string_equal(rpc_error_name(RPC_GONE), "gone");
    assert_string_equal(rpc_error_name(12345), "unknown_error");
}

/* What a reply has around its result never exceeds what method_run leaves free for it. */
static void envelope_fits(void **state)
{
    (void)state;
    char id[ID_MAX_BYTES];
    memset(id, '1', sizeof id);
    struct buf buf;
    buf_init(&buf, 10000);
    jsonrpc_put_reply(&buf, (struct slice){id, sizeof id}, 0, (struct slice){"", 0});
    assert_true(buf.len <= ENVELOPE_MAX_BYTES);
    buf_fini(&buf);
}

static bool same(struct slice a, struct slice b)
{
    return a.at == b.at && a.len == b.len;
}

/* The usual request, as common encoders write it, is recognised; what is unusual in any way is left to the reader. */
static void usual_requests(void **state)
{
    (void)state;
    static const char *const usual[] = {
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a.b\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":-0,\"method\":\"a\",\"params\":{}}",
        ("{\"jsonrpc\": \"2.0\", \"method\": \"a\", \"params\": {\"b\": [1, {\"c\": \"}]\"}]}, \"id\": "
         "123456789012345678}"),
        "{\"method\":\"a\",\"params\":[\"x\"],\"id\":\"6f1c-4e\",\"jsonrpc\":\"2.0\"}",
        " { \"id\" : \"\" , \"jsonrpc\" : \"2.0\" , \"method\" : \"\" } ",
    };
    static const char *const others[] = {
        "",
        "{",
        "{}",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}]",
        "{\"jsonrpc\":\"2.0\",\"method\":\"a\"}", /* a notification */
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}x",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",}",
        "{\"jsonrpc\":\"2.0\",,\"id\":1,\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":- 1,\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":,\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1234567890123456789,\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"\\n\",\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"\xc3\xa9\",\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":1,\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"jsonrpc\":\"2.0\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"more\":1}",
        "{\"jsonrpc\":\"2.1\",\"id\":1,\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":{\"b\":\"\\\"\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":{\"b\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\"\t:\"a\"}",
    };
    struct request sliced;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        struct request request = read_one(usual[i]);
        assert_int_equal(request.code, 0);
        if (!jsonrpc_slice(usual[i], strlen(usual[i]), &sliced))
            fail_msg("not recognised: %s", usual[i]);
        assert_true(same(sliced.id, request.id) && same(sliced.method, request.method));
        assert_true(same(sliced.params, request.params));
        for (size_t len = 0; len < strlen(usual[i]) - 1; len++)
            assert_false(jsonrpc_slice(usual[i], len, &sliced));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (jsonrpc_slice(others[i], strlen(others[i]), &sliced))
            fail_msg("recognised: %s", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_requests),   cmocka_unit_test(bad_requests),  cmocka_unit_test(ceilings),
        cmocka_unit_test(batches),         cmocka_unit_test(batch_ceiling), cmocka_unit_test(replies),
        cmocka_unit_test(names_of_errors), cmocka_unit_test(envelope_fits), cmocka_unit_test(usual_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
