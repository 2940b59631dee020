/* frame.c: the same lines whatever the reads; the ceiling, at it and one past; memory failing at every allocation. */
#include "frame.h"

#include "fault.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*
 * Feeds `bytes` in pieces of `piece` and writes what comes out: each line in [ ], overlong as !, want of memory as ?.
 */
static void feed(struct frame *frame, const char *bytes, size_t len, size_t piece, bool end, struct buf *out)
{
    const char *line;
    size_t line_len;
    enum frame_event event;
    while (len > 0) {
        size_t n = len < piece ? len : piece;
        char *exact = malloc(n); /* as a read's buffer: gone when the next comes */
        assert_non_null(exact);
        memcpy(exact, bytes, n);
        const char *at = exact;
        size_t left = n;
        while ((event = frame_next(frame, &at, &left, &line, &line_len)) != FRAME_MORE) {
            if (event == FRAME_LINE) {
                buf_char(out, '[');
                buf_put(out, line, line_len);
                buf_char(out, ']');
            } else {
                buf_char(out, event == FRAME_TOO_LONG ? '!' : '?');
            }
        }
        assert_int_equal(left, 0);
        free(exact);
        bytes += n;
        len -= n;
    }
    if (!end)
        return;
    event = frame_end(frame, &line, &line_len);
    if (event == FRAME_LINE) {
        buf_text(out, "end[");
        buf_put(out, line, line_len);
        buf_char(out, ']');
    } else if (event == FRAME_TOO_LONG) {
        buf_text(out, "end!");
    }
    assert_int_equal(frame_end(frame, &line, &line_len), FRAME_MORE);
}

static void lines(void **state)
{
    (void)state;
    enum { MAX = 6 };
    static const struct {
        const char *bytes, *events;
    } cases[] = {
        {"", ""},
        {"abc\n", "[abc]"},
        {"abc", "end[abc]"},
        {"abc\r\n", "[abc]"},
        {"abc\r", "end[abc]"},
        {"a\rb\r\r\n", "[a\rb\r]"},
        {"\n\n\r\n \t\n", ""},
        {" \t\r", ""},
        {" a \n", "[ a ]"},
        {"a\nb\nc", "[a][b]end[c]"},
        {"123456\n", "[123456]"},
        {"123456\r\n", "[123456]"},
        {"123456", "end[123456]"},
        {"123456\r", "end[123456]"},
        {"1234567\n", "!"},
        {"1234567\r\n", "!"},
        {"1234567", "!"},
        {"123456\r\r\n", "!"},
        {"123456\rx\n", "!"},
        {"       \n", "!"},
        {"1234567890123456789012345678901234567890\nabc\n", "![abc]"},
        {"1234567890123456789012345678901234567890", "!"},
        {"a\n1234567\n1234567\nb\n", "[a]!![b]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t piece = 1; piece <= 50; piece++) {
            struct frame frame;
            struct buf out;
            buf_init(&out, 1000);
            frame_init(&frame, MAX);
            feed(&frame, cases[i].bytes, strlen(cases[i].bytes), piece, true, &out);
            buf_char(&out, '\0');
            if (strcmp(out.at, cases[i].events) != 0)
                fail_msg("'%s' in pieces of %zu gave %s", cases[i].bytes, piece, out.at);
            frame_fini(&frame);
            buf_fini(&out);
        }
}

static void whole_lines_are_not_copied(void **state)
{
    (void)state;
    static const char bytes[] = "one\ntwo\n";
    const char *at = bytes, *line;
    size_t left = sizeof bytes - 1, len;
    struct frame frame;
    frame_init(&frame, 100);
    fault_after(0);
    assert_int_equal(frame_next(&frame, &at, &left, &line, &len), FRAME_LINE);
    assert_ptr_equal(line, bytes);
    assert_int_equal(frame_next(&frame, &at, &left, &line, &len), FRAME_LINE);
    assert_ptr_equal(line, bytes + 4);
    assert_int_equal(frame_next(&frame, &at, &left, &line, &len), FRAME_MORE);
    assert_int_equal(fault_count(), 0);
    fault_off();
    frame_fini(&frame);
}

static void zero_bytes_are_bytes(void **state)
{
    (void)state;
    struct frame frame;
    struct buf out;
    buf_init(&out, 100);
    frame_init(&frame, 10);
    feed(&frame, "a\0b\n\0\n", 6, 2, true, &out);
    assert_int_equal(out.len, 8);
    assert_memory_equal(out.at, "[a\0b][\0]", 8);
    frame_fini(&frame);
    buf_fini(&out);
}

static void partial_memory_is_freed(void **state)
{
    (void)state;
    struct frame frame;
    struct buf out;
    buf_init(&out, 1 << 20);
    frame_init(&frame, 1 << 16);
    char long_line[5001];
    memset(long_line, 'x', 5000);
    feed(&frame, long_line, 5000, 1000, false, &out);
    assert_true(frame.partial.cap >= 5000);
    feed(&frame, "\nnext\n", 6, 6, false, &out);
    assert_int_equal(frame.partial.cap, 0);
    assert_int_equal(out.len, 5002 + 6);
    frame_fini(&frame);
    buf_fini(&out);
}

/* A line that cannot be kept is lost with one event; the next one is whole. */
static void every_allocation_fails_in_turn(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct frame frame;
        struct buf out;
        char line[701];
        memset(line, 'x', 700);
        line[700] = '\n';
        buf_init(&out, 10000);
        buf_put(&out, line, 700); /* its room is there before allocations fail */
        buf_clear(&out);
        frame_init(&frame, 1000);
        const char *given;
        size_t given_len;
        int memory = 0, good = 0;
        fault_after(n);
        for (size_t i = 0; i < 701; i++) {
            const char *at = line + i;
            size_t left = 1;
            enum frame_event event;
            while ((event = frame_next(&frame, &at, &left, &given, &given_len)) != FRAME_MORE) {
                memory += event == FRAME_MEMORY;
                good += event == FRAME_LINE && given_len == 700;
            }
        }
        bool reached = fault_count() >= n;
        fault_off();
        assert_int_equal(memory, reached);
        assert_int_equal(good, !reached);
        feed(&frame, "ok\n", 3, 1, true, &out);
        assert_int_equal(out.len, 4);
        assert_memory_equal(out.at, "[ok]", 4);
        frame_fini(&frame);
        buf_fini(&out);
        if (!reached)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(whole_lines_are_not_copied),
        cmocka_unit_test(zero_bytes_are_bytes),
        cmocka_unit_test(partial_memory_is_freed),
        cmocka_unit_test(every_allocation_fails_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
