/*
 * frame.c fed in pieces against a splitter that sees all bytes at once and is too plain to be wrong: the same lines,
 * the same overlong ones, in the same order. The first byte sets the ceiling, the second how the rest is cut into
 * reads.
 */
#include "frame.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void put_line(struct buf *out, const char *line, size_t len)
{
    buf_char(out, '[');
    buf_put(out, line, len);
    buf_char(out, ']');
}

static void split_plainly(const char *bytes, size_t len, size_t line_max, struct buf *out)
{
    for (size_t start = 0; start < len;) {
        size_t end = start;
        while (end < len && bytes[end] != '\n')
            end++;
        size_t n = end - start;
        if (n > 0 && bytes[start + n - 1] == '\r')
            n--;
        bool blank = true;
        for (size_t i = 0; i < n; i++)
            blank = blank && strchr(" \t\r", bytes[start + i]) != NULL && bytes[start + i] != '\0';
        if (n > line_max)
            buf_char(out, '!');
        else if (!blank)
            put_line(out, bytes + start, n);
        start = end + 1;
    }
}

static void split_in_pieces(const char *bytes, size_t len, size_t line_max, unsigned seed, struct buf *out)
{
    struct frame frame;
    const char *line;
    size_t line_len;
    enum frame_event event;
    frame_init(&frame, line_max);
    while (len > 0) {
        seed = seed * 1103515245u + 12345u;
        size_t piece = 1 + (seed >> 16) % (1 + seed % 40);
        if (piece > len)
            piece = len;
        char *read = malloc(piece);
        if (read == NULL)
            abort();
        memcpy(read, bytes, piece);
        const char *at = read;
        size_t left = piece;
        while ((event = frame_next(&frame, &at, &left, &line, &line_len)) != FRAME_MORE) {
            if (event == FRAME_LINE)
                put_line(out, line, line_len);
            else if (event == FRAME_TOO_LONG)
                buf_char(out, '!');
            else
                abort();
        }
        if (left != 0)
            abort();
        free(read);
        bytes += piece;
        len -= piece;
    }
    event = frame_end(&frame, &line, &line_len);
    if (event == FRAME_LINE)
        put_line(out, line, line_len);
    else if (event == FRAME_TOO_LONG)
        buf_char(out, '!');
    frame_fini(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 2)
        return 0;
    const char *text = (const char *)bytes + 2;
    struct buf plain, pieces;
    buf_init(&plain, SIZE_MAX);
    buf_init(&pieces, SIZE_MAX);
    split_plainly(text, len - 2, bytes[0], &plain);
    split_in_pieces(text, len - 2, bytes[0], bytes[1], &pieces);
    if (plain.len != pieces.len || (plain.len > 0 && memcmp(plain.at, pieces.at, plain.len) != 0))
        abort();
    buf_fini(&plain);
    buf_fini(&pieces);
    return 0;
}
