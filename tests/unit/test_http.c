/*
 * http.c and http_text.c: what is a request and what is none, each whole and a byte at a time; ceilings at and one past;
 * targets, lists, tags and dates; memory failing at every allocation.
 */
#include "http.h"

#include "fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define H "Host: localhost\r\n"
#define GET "GET / HTTP/1.1\r\n" H

/*
 * Feeds bytes in pieces and writes what comes out: VERB target [body] for each request, "100" for a wait to go on, the
 * status of what is bad; then how many bytes lie behind it.
 */
static void feed(const char *bytes, size_t len, size_t piece, struct buf *out)
{
    struct http http;
    enum http_event event = HTTP_MORE;
    http_init(&http);
    while (len > 0 && event != HTTP_BAD) {
        size_t n = len < piece ? len : piece;
        char *exact = malloc(n); /* as a read's buffer: gone when the next comes */
        assert_non_null(exact);
        memcpy(exact, bytes, n);
        const char *at = exact;
        size_t left = n;
        while ((event = http_next(&http, &at, &left)) != HTTP_MORE && event != HTTP_BAD) {
            const struct http_request *request = &http.request;
            if (event == HTTP_CONTINUE) {
                buf_text(out, "100 ");
                continue;
            }
            buf_format(out, "%s ", http_verb_name(request->verb));
            buf_put(out, request->target.at, request->target.len);
            buf_text(out, " [");
            buf_put(out, request->body.at, request->body.len);
            buf_format(out, "]%s ", request->keep_alive ? "" : " close");
            assert_false(http_is_open(&http));
        }
        if (event == HTTP_BAD)
            buf_format(out, "%d", http.status);
        else
            assert_int_equal(left, 0);
        free(exact);
        bytes += n;
        len -= n;
    }
    if (event == HTTP_MORE && http_is_open(&http))
        buf_text(out, "...");
    if (event == HTTP_BAD) {
        const char *at = "GET";
        size_t left = 3;
        assert_non_null(http.reason);
        assert_int_equal(http_next(&http, &at, &left), HTTP_BAD); /* and stays so */
        assert_int_equal(left, 3);
    }
    http_fini(&http);
}

static void expect(const char *bytes, size_t len, const char *expected)
{
    for (size_t piece = len; piece > 0; piece = piece > 1 ? (piece > 7 ? 7 : 1) : 0) {
        struct buf out;
        buf_init(&out, 1 << 22);
        feed(bytes, len, piece, &out);
        buf_char(&out, '\0');
        /* Only a body that is not there yet is waited for with 100. */
        const char *told = out.at;
        if (strncmp(told, "100 ", 4) == 0 && strncmp(expected, "100 ", 4) != 0)
            told += 4;
        if (strcmp(told, expected) != 0)
            fail_msg("in pieces of %zu: %.200s\n  gives    %.200s\n  expected %.200s", piece, bytes, told, expected);
        buf_fini(&out);
    }
}

struct sample {
    const char *bytes;
    size_t len;
    const char *expected;
};
#define SAMPLE(bytes, expected)           \
    {                                     \
        bytes, sizeof bytes - 1, expected \
    }

static void requests(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        SAMPLE(GET "\r\n", "GET / [] "),
        SAMPLE("GET /a?b=c HTTP/1.0\r\n" H "\r\n", "GET /a?b=c [] close "),
        SAMPLE("GET / HTTP/1.0\r\n" H "Connection: keep-alive\r\n\r\n", "GET / [] "),
        SAMPLE(GET "Connection: close\r\n\r\n", "GET / [] close "),
        SAMPLE(GET "Connection: x, CLOSE\r\n\r\n", "GET / [] close "),
        SAMPLE("HEAD / HTTP/1.1\r\n" H "\r\n", "HEAD / [] "),
        SAMPLE("OPTIONS /x HTTP/1.1\r\n" H "\r\n", "OPTIONS /x [] "),
        SAMPLE("POST /rpc HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello", "POST /rpc [hello] "),
        SAMPLE("POST /rpc HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", "POST /rpc [] "),
        SAMPLE("POST /rpc HTTP/1.1\r\n" H "\r\n", "POST /rpc [] "),
        SAMPLE("POST /rpc HTTP/1.1\r\n" H "content-LENGTH:   007 \r\n\r\n1234567", "POST /rpc [1234567] "),
        SAMPLE("POST /rpc HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhel", "..."),
        SAMPLE("GET / HTTP/1.1\r\nHost: loc", "..."),
        SAMPLE(GET "\r\n" GET "\r\n"
                   "POST /b HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nxy" GET "\r\n",
               "GET / [] GET / [] POST /b [xy] GET / [] "),
        SAMPLE(GET "\r\n"
                   "rubbish",
               "GET / [] 400"),
        SAMPLE(GET "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n" GET "\r\n", "GET / [] GET / [] "),
        SAMPLE(GET "Accept: a\r\nAccept: b\r\n\r\n", "GET / [] "),
        SAMPLE(GET "X-Empty:\r\nX-High: \xc3\xa9\r\n\r\n", "GET / [] "),
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        expect(samples[i].bytes, samples[i].len, samples[i].expected);
}

static void none(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        /* What is not a request line. */
        SAMPLE("\r\n" GET "\r\n", "400"),
        SAMPLE("{\"jsonrpc\":\"2.0\"}\n", "400"),
        SAMPLE("\x16\x03\x01\x02", "400"),
        SAMPLE("get / HTTP/1.1\r\n" H "\r\n", "400"),
        SAMPLE("GET /\r\n", "400"),
        SAMPLE("GET / HTTP/1.1 \r\n", "400"),
        SAMPLE("GET  / HTTP/1.1\r\n" H "\r\n", "400"),
        SAMPLE("GET\t/ HTTP/1.1\r\n" H "\r\n", "400"),
        SAMPLE("BREW / HTTP/1.1\r\n" H "\r\n", "501"),
        SAMPLE("PROPFIND / HTTP/1.1\r\n" H "\r\n", "501"),
        SAMPLE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
        SAMPLE("GET / HTTP/2.0\r\n" H "\r\n", "505"),
        SAMPLE("GET / HTTP/0.9\r\n" H "\r\n", "505"),
        SAMPLE("GET / HTTP/1.2\r\n" H "\r\n", "505"),
        SAMPLE("GET / HTTP/9.9\r\n" H "\r\n", "505"),
        /* Targets of other forms. */
        SAMPLE("GET http://localhost/ HTTP/1.1\r\n" H "\r\n", "400"),
        SAMPLE("OPTIONS * HTTP/1.1\r\n" H "\r\n", "400"),
        SAMPLE("CONNECT localhost:80 HTTP/1.1\r\n" H "\r\n", "400"),
        SAMPLE("GET /a b HTTP/1.1\r\n" H "\r\n", "400"),
        /* Line ends. */
        SAMPLE("GET / HTTP/1.1\nHost: localhost\n\n", "400"),
        SAMPLE(GET "A: b\nC: d\r\n\r\n", "400"),
        SAMPLE(GET "\n", "400"),
        SAMPLE(GET "A: b\rC: d\r\n\r\n", "400"),
        SAMPLE("GET / HTTP/1.1\rHost: localhost\r\r", "400"),
        SAMPLE(GET "A: b\r\r\n\r\n", "400"),
        SAMPLE(GET "A: b\0c\r\n\r\n", "400"),
        SAMPLE("GET /\0 HTTP/1.1\r\n" H "\r\n", "400"),
        SAMPLE("GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", "400"),
        SAMPLE("GET / HTTP/1.1\r\n" H "A: b\r\n\tc\r\n\r\n", "400"),
        SAMPLE("GET / HTTP/1.1\r\n A: b\r\n" H "\r\n", "400"),
        /* Headers. */
        SAMPLE(GET "A : b\r\n\r\n", "400"),
        SAMPLE(GET "A\r\n\r\n", "400"),
        SAMPLE(GET ": b\r\n\r\n", "400"),
        SAMPLE(GET "A(b): c\r\n\r\n", "400"),
        SAMPLE(GET "A: b\x01\r\n\r\n", "400"),
        SAMPLE(GET "A: b\x7f\r\n\r\n", "400"),
        SAMPLE("GET / HTTP/1.1\r\n\r\n", "400"),
        SAMPLE("GET / HTTP/1.1\r\nHost:\r\n\r\n", "400"),
        SAMPLE("GET / HTTP/1.1\r\nHost: \t \r\n\r\n", "400"),
        SAMPLE("GET / HTTP/1.0\r\n\r\n", "400"),
        SAMPLE(GET H "\r\n", "400"),
        SAMPLE(GET "host: other\r\n\r\n", "400"),
        SAMPLE(GET "Origin: a\r\nOrigin: b\r\n\r\n", "400"),
        /* Lengths. */
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\nhello", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\nhello", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\nhello", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\nhello", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551615\r\n\r\n", "413"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: 1048577\r\n\r\n", "413"),
        SAMPLE(GET "Content-Length: 5\r\n\r\nhello", "400"),
        SAMPLE("HEAD / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "501"),
        SAMPLE(GET "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "501"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n", "501"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"),
        /* What is not met. */
        SAMPLE("POST / HTTP/1.1\r\n" H "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "415"),
        SAMPLE("POST / HTTP/1.1\r\n" H "Expect: more\r\nContent-Length: 1\r\n\r\nx", "417"),
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        expect(samples[i].bytes, samples[i].len, samples[i].expected);
}

static void waits_to_go_on(void **state)
{
    (void)state;
    struct http http;
    static const char head[] = "POST / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
    const char *at = head, *body = "xy";
    size_t left = sizeof head - 1, two = 2;
    http_init(&http);
    assert_int_equal(http_next(&http, &at, &left), HTTP_CONTINUE);
    assert_int_equal(http_next(&http, &at, &left), HTTP_MORE); /* told once */
    assert_true(http_is_open(&http));
    assert_int_equal(http_next(&http, &body, &two), HTTP_WHOLE);
    assert_memory_equal(http.request.body.at, "xy", 2);
    http_fini(&http);
}

/* A GET whose head is `len` bytes long, by a header that nobody looks at. */
static size_t long_head(char *out, size_t len)
{
    size_t n = (size_t)sprintf(out, GET "X: ");
    memset(out + n, 'x', len - n);
    memcpy(out + len - 4, "\r\n\r\n", 4);
    return len;
}

static void ceilings(void **state)
{
    (void)state;
    static char text[HTTP_HEAD_MAX + HTTP_BODY_MAX + 64], expected[HTTP_BODY_MAX + 64];
    expect(text, long_head(text, HTTP_HEAD_MAX), "GET / [] ");
    expect(text, long_head(text, HTTP_HEAD_MAX + 1), "431");
    expect(text, long_head(text, 10240), "431");

    for (size_t more = 0; more < 2; more++) {
        size_t n = (size_t)sprintf(text, "GET /");
        memset(text + n, 'a', HTTP_TARGET_MAX - 1 + more);
        n += HTTP_TARGET_MAX - 1 + more;
        n += (size_t)sprintf(text + n, " HTTP/1.1\r\n" H "\r\n");
        snprintf(expected, sizeof expected, "GET %.*s [] ", HTTP_TARGET_MAX, text + 4);
        expect(text, n, more ? "414" : expected);
    }
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    expect(text, 20000, "414");

    for (size_t headers = HTTP_HEADERS_MAX; headers <= HTTP_HEADERS_MAX + 1; headers++) {
        size_t n = (size_t)sprintf(text, GET);
        for (size_t i = 1; i < headers; i++)
            n += (size_t)sprintf(text + n, "X-%zu: y\r\n", i);
        n += (size_t)sprintf(text + n, "\r\n");
        expect(text, n, headers > HTTP_HEADERS_MAX ? "431" : "GET / [] ");
    }

    size_t n = (size_t)sprintf(text, "POST / HTTP/1.1\r\n" H "Content-Length: %d\r\n\r\n", HTTP_BODY_MAX);
    memset(text + n, 'b', HTTP_BODY_MAX);
    size_t m = (size_t)sprintf(expected, "POST / [");
    memset(expected + m, 'b', HTTP_BODY_MAX);
    strcpy(expected + m + HTTP_BODY_MAX, "] ");
    expect(text, n + HTTP_BODY_MAX, expected);
}

static void headers_found(void **state)
{
    (void)state;
    static const char text[] = "POST /x HTTP/1.1\r\nHOST: a:1 \r\naccept:  text/html \r\nContent-Length: 3\r\n"
                               "If-None-Match:\r\nLast-Event-ID: 7\r\n\r\nabc";
    for (size_t piece = 1; piece <= sizeof text; piece += sizeof text - 1) {
        struct http http;
        struct buf copy;
        struct http_request held;
        const char *at = text;
        size_t left = 0;
        http_init(&http);
        buf_init(&copy, 4096);
        enum http_event event = HTTP_MORE;
        for (const char *end = text; event == HTTP_MORE;) {
            size_t more = piece < sizeof text - 1 ? piece : sizeof text - 1;
            end += more;
            left = (size_t)(end - at);
            event = http_next(&http, &at, &left);
        }
        assert_int_equal(event, HTTP_WHOLE);
        http_copy(&http, &copy, &held);
        http_fini(&http);
        assert_memory_equal(held.header[HTTP_H_HOST].at, "a:1", 3);
        assert_int_equal(held.header[HTTP_H_HOST].len, 3);
        assert_memory_equal(held.header[HTTP_H_ACCEPT].at, "text/html", 9);
        assert_int_equal(held.header[HTTP_H_ACCEPT].len, 9);
        assert_non_null(held.header[HTTP_H_IF_NONE_MATCH].at);
        assert_int_equal(held.header[HTTP_H_IF_NONE_MATCH].len, 0);
        assert_memory_equal(held.header[HTTP_H_LAST_EVENT_ID].at, "7", 1);
        assert_null(held.header[HTTP_H_ORIGIN].at);
        assert_memory_equal(held.target.at, "/x", 2);
        assert_memory_equal(held.body.at, "abc", 3);
        buf_fini(&copy);
    }
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

/* Segments in / and query in name=value; the reason in ( ). */
static const char *target_as(const char *text)
{
    static char told[4096];
    static struct http_target target;
    const char *reason = NULL;
    size_t n = 0;
    if (!http_read_target((struct slice){text, strlen(text)}, &target, &reason)) {
        snprintf(told, sizeof told, "(%s)", reason);
        return told;
    }
    told[0] = '\0';
    for (size_t i = 0; i < target.n_segments; i++)
        n += (size_t)snprintf(told + n, sizeof told - n, "/%s", target.segment[i]);
    for (size_t i = 0; i < target.n_query; i++)
        n += (size_t)snprintf(told + n, sizeof told - n, " %s=%s", target.query[i].name, target.query[i].value);
    return told;
}

static void targets(void **state)
{
    (void)state;
    static const char *const samples[][2] = {
        {"/", ""},
        {"/a", "/a"},
        {"/a/", "/a/"},
        {"/a/b.json?x=1&y=&z", "/a/b.json x=1 y= z="},
        {"/%61%C3%A9?%78=a+b%20c%26&=v", "/a\xc3\xa9 x=a b c& =v"},
        {"/a+b", "/a+b"},
        {"/?", ""},
        {"/?&&a=1&", " a=1"},
        {"/?a=b=c", " a=b=c"},
        {"/?a=/../%2e", " a=/../."},
        {"/a?x=%0A", "/a x=\n"},
        {"/...", "/..."},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        assert_string_equal(target_as(samples[i][0]), samples[i][1]);
}

static void wrong_targets(void **state)
{
    (void)state;
    static const char *const samples[] = {
        "/..",    "/../etc/passwd", "/a/../b",   "/a/./b", "/%2e%2e/x",  "/a/%2E",     "/.%2e",
        "/a%2fb", "/a%5Cb",         "/a\\b",     "/%",     "/%4",        "/%zz",       "/a%4",
        "/%00",   "/a%0d%0a",       "/%7f",      "/%ff",   "/%c0%af",    "/%ed%a0%80", "/%f4%90%80%80",
        "/?a=%",  "/?a=%00",        "/?a=1&a=2", "/a#b",   "/?%66=1&f=", "/%e2%82",    "/1/2/3/4/5/6/7/8/9",
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        assert_int_equal(target_as(samples[i])[0], '(');
    char many[512] = "/?";
    for (int i = 0; i <= HTTP_QUERY_MAX; i++)
        sprintf(many + strlen(many), "a%d&", i);
    assert_int_equal(target_as(many)[0], '(');
}

static void forms(void **state)
{
    (void)state;
    static struct http_target target;
    const char *reason;
    assert_true(http_read_target((struct slice){"/p?a=1", 6}, &target, &reason));
    assert_true(http_read_form((struct slice){"b=x+y%0D%0A&c=", 14}, &target, &reason));
    assert_string_equal(http_query(&target, "a"), "1");
    assert_string_equal(http_query(&target, "b"), "x y\r\n");
    assert_string_equal(http_query(&target, "c"), "");
    assert_null(http_query(&target, "d"));
    assert_false(http_read_form((struct slice){"a=2", 3}, &target, &reason)); /* stands in the query already */
    static char longest[HTTP_TARGET_MAX + 2] = "x=";
    memset(longest + 2, 'y', HTTP_TARGET_MAX - 1);
    assert_true(http_read_form((struct slice){longest, HTTP_TARGET_MAX}, &target, &reason));
    assert_false(http_read_form((struct slice){longest, HTTP_TARGET_MAX + 1}, &target, &reason));
}

static struct slice text(const char *at)
{
    return (struct slice){at, at ? strlen(at) : 0};
}

static void lists(void **state)
{
    (void)state;
    assert_true(http_takes_gzip(text("gzip")));
    assert_true(http_takes_gzip(text("deflate, GZIP;q=0.5")));
    assert_true(http_takes_gzip(text("*")));
    assert_false(http_takes_gzip(text(NULL)));
    assert_false(http_takes_gzip(text("")));
    assert_false(http_takes_gzip(text("identity, br")));
    assert_false(http_takes_gzip(text("gzip;q=0")));
    assert_false(http_takes_gzip(text("*, gzip;q=0.000")));
    assert_true(http_type_is(text("Application/JSON ; charset=utf-8"), "application/json"));
    assert_false(http_type_is(text("application/jsonx"), "application/json"));
    assert_false(http_type_is(text(NULL), "application/json"));
    assert_true(http_etag_matches(text("\"a\", W/\"b\""), "b", "-gzip"));
    assert_true(http_etag_matches(text("\"b-gzip\""), "b", "-gzip"));
    assert_true(http_etag_matches(text("*"), "b", "-gzip"));
    assert_false(http_etag_matches(text("b, \"bb\", \"-gzip\", \""), "b", "-gzip"));
    assert_false(http_etag_matches(text(NULL), "b", "-gzip"));
}

static void dates(void **state)
{
    (void)state;
    char out[HTTP_DATE_CAP];
    http_date_format(784111777, out);
    assert_string_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_int_equal(http_date_parse(text(out)), 784111777);
    static const int64_t moments[] = {0, 951782399, 951782400, 1795331281, 4102444800};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        http_date_format(moments[i], out);
        assert_int_equal(http_date_parse(text(out)), moments[i]);
    }
    static const char *const wrong[] = {"",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994",
                                        "Sun, 06 Now 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 24:49:37 GMT",
                                        "Sun, 00 Nov 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 08:49:37 UTC"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(http_date_parse(text(wrong[i])), -1);
}

static void out_of_memory(void **state)
{
    (void)state;
    static const char bytes[] = "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello";
    bool failed = true;
    for (size_t nth = 1; failed && nth < 100; nth++) {
        struct http http;
        http_init(&http);
        enum http_event event = HTTP_MORE;
        fault_after(nth);
        for (size_t i = 0; i < sizeof bytes - 1 && event == HTTP_MORE; i++) {
            const char *at = bytes + i;
            size_t one = 1;
            event = http_next(&http, &at, &one);
        }
        failed = fault_count() >= nth;
        fault_off();
        assert_int_equal(event, failed ? HTTP_BAD : HTTP_WHOLE);
        if (failed)
            assert_int_equal(http.status, 503);
        http_fini(&http);
    }
    assert_false(failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),      cmocka_unit_test(none),          cmocka_unit_test(waits_to_go_on),
        cmocka_unit_test(ceilings),      cmocka_unit_test(headers_found), cmocka_unit_test(targets),
        cmocka_unit_test(wrong_targets), cmocka_unit_test(forms),         cmocka_unit_test(lists),
        cmocka_unit_test(dates),         cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
