/* Conditions (RFC 9110, section 13), compression and heads of replies, once for all routes. */
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

#define GZIP_SUFFIX "-gzip"

/* A page may load and send to nowhere but here, and stands in nobody's frame. */
#define PAGE_HEADERS                                                                                             \
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " \
    "object-src 'none'\r\n"                                                                                      \
    "Referrer-Policy: same-origin\r\n"                                                                           \
    "Cross-Origin-Opener-Policy: same-origin\r\n"

static void tag(struct reply *reply, const struct http_request *request);
static bool is_compressible(const char *type);
static bool is_known_to(const struct reply *reply, const struct http_request *request);
static bool is_known_as_gzip(const struct reply *reply, const struct http_request *request);

void reply_init(struct reply *reply, size_t body_max)
{
    memset(reply, 0, offsetof(struct reply, location));
    reply->location[0] = reply->filename[0] = '\0';
    reply->gzipped = false;
    reply->status = 200;
    reply->type = "text/plain; charset=utf-8";
    buf_init(&reply->body, body_max);
}

void reply_fini(struct reply *reply)
{
    buf_fini(&reply->body);
}

void reply_fault(struct reply *reply, int status, const char *reason)
{
    static const char starved[] =
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"out of memory\"}\n";
    reply->status = status;
    reply->type = "application/problem+json";
    reply->fixed = reply->fixed_gzip = (struct slice){NULL, 0};
    reply->gzipped = false;
    reply->etag[0] = reply->location[0] = reply->filename[0] = '\0';
    reply->last_modified_s = reply->max_age_s = 0;
    if (status == 503 && reply->retry_after_s == 0)
        reply->retry_after_s = 1;
    buf_clear(&reply->body);
    json_open(&reply->body, '{');
    json_put_text(&reply->body, "type", "about:blank");
    json_put_text(&reply->body, "title", http_status_text(status));
    json_put_integer(&reply->body, "status", status);
    json_put_text(&reply->body, "detail", reason);
    json_close(&reply->body, '}');
    buf_char(&reply->body, '\n');
    if (!reply->body.failed)
        return;
    buf_fini(&reply->body);
    reply->status = 503;
    reply->retry_after_s = 1;
    reply->fixed = (struct slice){starved, sizeof starved - 1};
}

struct slice reply_body(const struct reply *reply)
{
    if (!reply->fixed.at)
        return (struct slice){reply->body.at, reply->body.len};
    return reply->gzipped ? reply->fixed_gzip : reply->fixed;
}

void reply_settle(struct reply *reply, const struct route *route, const struct http_request *request)
{
    if (reply->body.failed) {
        bool starved = reply->body.starved;
        buf_fini(&reply->body);
        reply_fault(reply, 500, starved ? "out of memory" : "the reply is longer than the service may queue");
    }
    if (reply->status >= 500 && reply_body(reply).len == 0)
        reply_fault(reply, reply->status, "memory is short, or the reply too long");
    bool get = request->verb == VERB_GET || request->verb == VERB_HEAD;
    bool cached = get && route && !(route->flags & ROUTE_LIVE);
    if (cached && reply->status == 200)
        tag(reply, request);
    if (cached && reply->status == 304)
        reply->gzipped = is_known_as_gzip(reply, request);
}

static void tag(struct reply *reply, const struct http_request *request)
{
    if (!reply->etag[0]) {
        struct slice body = reply_body(reply);
        unsigned long long hash = XXH3_64bits(body.at ? body.at : "", body.len);
        snprintf(reply->etag, sizeof reply->etag, "%016llx", hash);
    }
    if (is_known_to(reply, request))
        reply->status = 304;
}

/* If-None-Match where it is sent, else If-Modified-Since. */
static bool is_known_to(const struct reply *reply, const struct http_request *request)
{
    struct slice match = request->header[HTTP_H_IF_NONE_MATCH], since = request->header[HTTP_H_IF_MODIFIED_SINCE];
    if (match.at)
        return http_etag_matches(match, reply->etag, GZIP_SUFFIX);
    return since.at && reply->last_modified_s > 0 && http_date_parse(since) >= reply->last_modified_s;
}

/* A 304 bears the tag that a 200 would, by which caches know which of the two they keep it is about. */
static bool is_known_as_gzip(const struct reply *reply, const struct http_request *request)
{
    char packed[sizeof reply->etag + sizeof GZIP_SUFFIX];
    struct slice match = request->header[HTTP_H_IF_NONE_MATCH];
    snprintf(packed, sizeof packed, "%s" GZIP_SUFFIX, reply->etag);
    return match.at && http_takes_gzip(request->header[HTTP_H_ACCEPT_ENCODING]) && http_etag_matches(match, packed, "");
}

/* ---- Compression ------------------------------------------------------------------------------------------------- */

bool reply_wants_gzip(const struct reply *reply, const struct http_request *request)
{
    return !reply->gzipped && reply->status == 200 && reply_body(reply).len >= REPLY_GZIP_MIN &&
           is_compressible(reply->type) && http_takes_gzip(request->header[HTTP_H_ACCEPT_ENCODING]);
}

static bool is_compressible(const char *type)
{
    static const char *const kinds[] = {"text/",
                                        "application/json",
                                        "application/javascript",
                                        "image/svg+xml",
                                        "application/openmetrics-text",
                                        "application/manifest+json"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(type, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return false;
}

void reply_gzip(struct reply *reply)
{
    if (reply->fixed.at && reply->fixed_gzip.at) {
        reply->gzipped = true;
        return;
    }
    struct slice body = reply_body(reply);
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)body.at, .avail_in = (unsigned)body.len};
    enum { GZIP_WINDOW = 15 + 16, MEMORY = 8, LEVEL = 5 };
    if (body.len > UINT32_MAX || deflateInit2(&stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY))
        return;
    struct buf smaller;
    buf_init(&smaller, body.len);
    char *room = buf_room(&smaller, body.len - 1);
    stream.next_out = (unsigned char *)room;
    stream.avail_out = room ? (unsigned)body.len - 1 : 0;
    bool done = room && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    size_t len = body.len - 1 - stream.avail_out;
    deflateEnd(&stream);
    if (!done) {
        buf_fini(&smaller);
        return;
    }
    buf_cut(&smaller, len);
    buf_fini(&reply->body);
    reply->body = smaller;
    reply->fixed = (struct slice){NULL, 0};
    reply->gzipped = true;
}

/* ---- The head ---------------------------------------------------------------------------------------------------- */

#define PUT(out, text) buf_put(out, text, sizeof text - 1)

static void put_status(struct buf *out, int status)
{
    if (status == 200) {
        PUT(out, "HTTP/1.1 200 OK\r\nDate: ");
        return;
    }
    PUT(out, "HTTP/1.1 ");
    buf_integer(out, status);
    buf_char(out, ' ');
    buf_text(out, http_status_text(status));
    PUT(out, "\r\nDate: ");
}

static void put_allow(struct buf *out, unsigned allow)
{
    const char *comma = "";
    PUT(out, "Allow: ");
    for (unsigned verb = 0; verb < VERB_COUNT; verb++)
        if (allow >> verb & 1) {
            buf_text(out, comma);
            buf_text(out, http_verb_name(verb));
            comma = ", ";
        }
    PUT(out, "\r\n");
}

static void put_caching(struct buf *out, const struct reply *reply)
{
    if (!reply->etag[0] || (reply->status != 200 && reply->status != 304)) {
        PUT(out, "Cache-Control: no-store\r\n");
        return;
    }
    buf_format(out, "ETag: \"%s%s\"\r\n", reply->etag, reply->gzipped ? GZIP_SUFFIX : "");
    if (reply->last_modified_s > 0) {
        char date[HTTP_DATE_CAP];
        http_date_format(reply->last_modified_s, date);
        buf_format(out, "Last-Modified: %s\r\n", date);
    }
    if (reply->max_age_s > 0)
        buf_format(out, "Cache-Control: max-age=%d, immutable\r\n", reply->max_age_s);
    else
        PUT(out, "Cache-Control: no-cache\r\n");
    if (is_compressible(reply->type))
        PUT(out, "Vary: Accept-Encoding\r\n");
}

static void put_rare(struct buf *out, const struct reply *reply, const struct reply_terms *terms)
{
    if (reply->status == 405)
        put_allow(out, terms->allow);
    if (reply->location[0])
        buf_format(out, "Location: %s\r\n", reply->location);
    if (reply->retry_after_s > 0)
        buf_format(out, "Retry-After: %d\r\n", reply->retry_after_s);
    if (reply->filename[0])
        buf_format(out, "Content-Disposition: attachment; filename=\"%s\"\r\n", reply->filename);
}

void reply_put_head(struct buf *out, const struct reply *reply, const struct route *route,
                    const struct reply_terms *terms)
{
    put_status(out, reply->status);
    buf_text(out, terms->date);
    bool bodiless = reply->status == 304 || reply->status == 204;
    bool endless = route && route->flags & ROUTE_EVENTS && reply->status == 200; /* asked for by HEAD */
    if (!bodiless) {
        PUT(out, "\r\nContent-Type: ");
        buf_text(out, reply->type);
    }
    if (!bodiless && !endless) {
        PUT(out, "\r\nContent-Length: ");
        buf_integer(out, (int64_t)terms->body_len);
    }
    PUT(out, "\r\n");
    if (reply->gzipped && reply->status == 200)
        PUT(out, "Content-Encoding: gzip\r\n");
    put_caching(out, reply);
    put_rare(out, reply, terms);
    PUT(out, "X-Content-Type-Options: nosniff\r\n");
    if ((route && route->flags & ROUTE_PAGE) || strncmp(reply->type, "text/html", 9) == 0)
        PUT(out, PAGE_HEADERS);
    if (terms->close)
        PUT(out, "Connection: close\r\n");
    else if (terms->request->minor == 0)
        PUT(out, "Connection: keep-alive\r\n");
    PUT(out, "\r\n");
}
