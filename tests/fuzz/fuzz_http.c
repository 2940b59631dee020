/*
 * http.c fed whole and fed in pieces: the same requests, the same refusal, at the same place. And what holds of every
 * request it hands out, whatever the bytes: one Host, no Transfer-Encoding, a target that begins with /, a body as long
 * as it was said to be, inside the bytes that were given. The first byte sets how the rest is cut into reads.
 */
#include "http.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void insist(bool holds)
{
    if (!holds)
        abort();
}

static void look_at_texts(const struct http_request *request)
{
    static struct http_target target;
    const char *reason = NULL;
    bool good = http_read_target(request->target, &target, &reason);
    insist(good == (reason == NULL));
    for (size_t i = 0; good && i < target.n_segments; i++)
        insist(strcmp(target.segment[i], "..") != 0 && !strchr(target.segment[i], '/'));
    if (good && !http_read_form(request->body, &target, &reason))
        insist(reason != NULL);
    http_takes_gzip(request->header[HTTP_H_ACCEPT_ENCODING]);
    http_etag_matches(request->header[HTTP_H_IF_NONE_MATCH], "tag", "-gzip");
    http_date_parse(request->header[HTTP_H_IF_MODIFIED_SINCE]);
    http_type_is(request->header[HTTP_H_CONTENT_TYPE], "application/json");
}

static void put_request(const struct http_request *request, struct buf *out)
{
    insist(request->target.len > 0 && request->target.at[0] == '/');
    insist(request->header[HTTP_H_HOST].len > 0);
    insist(request->header[HTTP_H_TRANSFER_ENCODING].at == NULL);
    insist(request->body.len == request->content_length && request->body.len <= HTTP_BODY_MAX);
    look_at_texts(request);
    buf_format(out, "%d%d%d ", request->verb, request->minor, request->keep_alive);
    buf_put(out, request->target.at, request->target.len);
    for (int i = 0; i < HTTP_H_COUNT; i++) {
        buf_char(out, request->header[i].at ? ':' : '-');
        buf_put(out, request->header[i].at, request->header[i].len);
    }
    buf_char(out, '[');
    buf_put(out, request->body.at, request->body.len);
    buf_char(out, ']');
}

/* Pieces of no more than `most` bytes; 0: in one. */
static void feed(const char *bytes, size_t len, size_t most, unsigned seed, struct buf *out)
{
    struct http http;
    enum http_event event = HTTP_MORE;
    http_init(&http);
    while (len > 0 && event != HTTP_BAD) {
        seed = seed * 1103515245u + 12345u;
        size_t piece = most > 0 ? 1 + (seed >> 16) % most : len;
        if (piece > len)
            piece = len;
        char *read = malloc(piece);
        insist(read != NULL);
        memcpy(read, bytes, piece);
        const char *at = read;
        size_t left = piece;
        while ((event = http_next(&http, &at, &left)) != HTTP_MORE && event != HTTP_BAD)
            if (event == HTTP_WHOLE)
                put_request(&http.request, out);
        insist(event == HTTP_BAD || left == 0);
        free(read);
        bytes += piece;
        len -= piece;
    }
    if (event == HTTP_BAD)
        buf_format(out, "!%d", http.status);
    else
        buf_text(out, http_is_open(&http) ? "..." : ".");
    http_fini(&http);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 2)
        return 0;
    const char *text = (const char *)bytes + 1;
    struct buf whole, pieces;
    buf_init(&whole, SIZE_MAX);
    buf_init(&pieces, SIZE_MAX);
    feed(text, len - 1, 0, 0, &whole);
    feed(text, len - 1, 1 + bytes[0] % 64, bytes[0], &pieces);
    insist(whole.len == pieces.len && memcmp(whole.at, pieces.at, whole.len) == 0);
    buf_fini(&whole);
    buf_fini(&pieces);
    return 0;
}
