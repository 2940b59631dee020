/*
 * One request in the order it is taken: http_next -> take_head (scan: line ends, and what must not be between them) ->
 * read_head (llhttp, then the rules that are ours) -> take_body -> handed out.
 *
 * A head is looked through for its end before llhttp sees it, and then given to it whole: what a request means cannot
 * depend on how the network cut it, and a head that came in one piece is never copied. The scan refuses at once what
 * could only lead to waiting for an end that does not come.
 *
 * Sources: RFC 9110, RFC 9112 (whose sections 2.2, 5.2, 6.1 and 11.2 tell what others made of a doubtful request).
 */
#include "http.h"

#include <llhttp.h>
#include <string.h>
#include <strings.h>

enum { KEPT_BYTES = 16384 /* room that is kept from one request to the next */ };

struct reading { /* what llhttp's callbacks tell */
    struct http_request *request;
    int last;    /* header whose name came last; -1: one that nobody looks at */
    size_t n;    /* headers */
    bool twice;  /* one that may stand once stood twice */
    bool whole;  /* the head came to its end */
    bool spaced; /* a name ended in a blank */
};

static enum http_event take_head(struct http *http, const char **bytes, size_t *len);
static enum http_event take_kept_head(struct http *http, const char **bytes, size_t *len);
static enum http_event take_body(struct http *http, const char **bytes, size_t *len);
static enum http_event hand_out(struct http *http, struct slice body);
static void rebase(struct http_request *request, const char *from, const char *to);
static bool scan(struct http *http, const char *head, size_t len);
static bool scan_line(struct http *http, const char *line, size_t len);
static bool scan_request_line(struct http *http, const char *line, size_t len);
static bool scan_rest(struct http *http, const char *rest, size_t len);
static bool read_head(struct http *http, const char *head);
static bool check_head(struct http *http, const struct reading *reading, const llhttp_t *parser);
static bool check_length(struct http *http);
static enum http_event refuse(struct http *http, int status, const char *reason);
static bool bad(struct http *http, int status, const char *reason);
static void begin_anew(struct http *http);

void http_init(struct http *http)
{
    memset(http, 0, sizeof *http);
    buf_init(&http->kept, HTTP_HEAD_MAX + HTTP_BODY_MAX);
}

void http_fini(struct http *http)
{
    buf_fini(&http->kept);
}

bool http_is_open(const struct http *http)
{
    return http->kept.len > 0 && !http->handed && !http->bad;
}

enum http_event http_next(struct http *http, const char **bytes, size_t *len)
{
    if (http->handed)
        begin_anew(http);
    if (http->bad)
        return HTTP_BAD;
    if (http->head_len > 0)
        return take_body(http, bytes, len);
    if (*len == 0)
        return HTTP_MORE;
    return http->kept.len > 0 ? take_kept_head(http, bytes, len) : take_head(http, bytes, len);
}

static void begin_anew(struct http *http)
{
    http->handed = http->told = false;
    http->scanned = http->line_at = http->head_len = 0;
    if (http->kept.cap > KEPT_BYTES)
        buf_fini(&http->kept);
    else
        buf_clear(&http->kept);
}

/* The usual case: all of it lies there. */
static enum http_event take_head(struct http *http, const char **bytes, size_t *len)
{
    const char *head = *bytes;
    if (!scan(http, head, *len))
        return HTTP_BAD;
    size_t taken = http->head_len > 0 ? http->head_len : *len;
    *bytes += taken;
    *len -= taken;
    if (http->head_len > 0 && !read_head(http, head))
        return HTTP_BAD;
    if (http->head_len > 0 && http->request.content_length <= *len) {
        struct slice body = {*bytes, http->request.content_length};
        *bytes += body.len;
        *len -= body.len;
        return hand_out(http, body);
    }
    buf_put(&http->kept, head, taken);
    if (http->kept.failed)
        return refuse(http, 503, "out of memory");
    return http->head_len > 0 ? take_body(http, bytes, len) : HTTP_MORE;
}

/* The head lies in `kept`, which takes of the bytes as many as a head may have, and gives back those behind its end. */
static enum http_event take_kept_head(struct http *http, const char **bytes, size_t *len)
{
    size_t had = http->kept.len, room = HTTP_HEAD_MAX - had, more = *len < room ? *len : room;
    buf_put(&http->kept, *bytes, more);
    if (http->kept.failed)
        return refuse(http, 503, "out of memory");
    if (!scan(http, http->kept.at, http->kept.len))
        return HTTP_BAD;
    if (http->head_len > 0) {
        more = http->head_len - had;
        buf_cut(&http->kept, http->head_len);
    }
    *bytes += more;
    *len -= more;
    if (http->head_len == 0)
        return HTTP_MORE;
    return read_head(http, http->kept.at) ? take_body(http, bytes, len) : HTTP_BAD;
}

/* Behind the head in `kept`. */
static enum http_event take_body(struct http *http, const char **bytes, size_t *len)
{
    size_t body_len = http->request.content_length, left = http->head_len + body_len - http->kept.len;
    size_t more = *len < left ? *len : left;
    buf_put(&http->kept, *bytes, more);
    if (http->kept.failed)
        return refuse(http, 503, "out of memory");
    *bytes += more;
    *len -= more;
    if (more == left) {
        struct slice body = {http->kept.at + http->head_len, body_len};
        return hand_out(http, body);
    }
    if (http->request.expects && !http->told) {
        http->told = true;
        return HTTP_CONTINUE;
    }
    return HTTP_MORE;
}

/* The head may have moved since it was read. */
static enum http_event hand_out(struct http *http, struct slice body)
{
    if (http->kept.len > 0) {
        rebase(&http->request, http->base, http->kept.at);
        http->base = http->kept.at;
    }
    http->request.body = body;
    http->handed = true;
    return HTTP_WHOLE;
}

static void rebase(struct http_request *request, const char *from, const char *to)
{
    request->target.at = to + (request->target.at - from);
    for (int i = 0; i < HTTP_H_COUNT; i++)
        if (request->header[i].at)
            request->header[i].at = to + (request->header[i].at - from);
}

void http_copy(const struct http *http, struct buf *text, struct http_request *out)
{
    *out = http->request;
    buf_put(text, http->base, http->head_len);
    buf_put(text, out->body.at, out->body.len);
    if (text->failed)
        return;
    rebase(out, http->base, text->at);
    out->body.at = text->at + http->head_len;
}

/* ---- The scan ---------------------------------------------------------------------------------------------------- */

/* Goes on through a head of which so much is there, and sets head_len at its end. False: it is bad. */
static bool scan(struct http *http, const char *head, size_t len)
{
    const char *end;
    size_t seen = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX;
    if (http->scanned == 0 && (head[0] < 'A' || head[0] > 'Z'))
        return bad(http, 400, "a request begins with a method in capitals");
    while ((end = memchr(head + http->scanned, '\n', seen - http->scanned)) != NULL) {
        const char *line = head + http->line_at;
        if (!scan_line(http, line, (size_t)(end - line)))
            return false;
        http->scanned = (size_t)(end - head) + 1;
        bool blank = end - line == 1;
        http->line_at = http->scanned;
        if (blank) {
            http->head_len = http->scanned;
            return true;
        }
    }
    http->scanned = seen;
    if (len >= HTTP_HEAD_MAX)
        return bad(http, http->line_at == 0 ? 414 : 431, "the request's head is longer than 8192 bytes");
    return scan_rest(http, head + http->line_at, seen - http->line_at);
}

/* A line without its LF. */
static bool scan_line(struct http *http, const char *line, size_t len)
{
    if (len == 0 || line[len - 1] != '\r')
        return bad(http, 400, "a line ends with CR and LF, and this one with LF alone");
    if (!scan_rest(http, line, len))
        return false;
    if (http->line_at == 0)
        return scan_request_line(http, line, len - 1);
    if (line[0] == ' ' || line[0] == '\t')
        return bad(http, 400, "a header is folded over several lines");
    return true;
}

static bool scan_request_line(struct http *http, const char *line, size_t len)
{
    static const char version[] = " HTTP/";
    size_t tail = sizeof version - 1 + 3; /* " HTTP/1.1" */
    if (len < tail || memcmp(line + len - tail, version, sizeof version - 1) != 0)
        return bad(http, 400, "a request line is a method, a target and HTTP/1.1, a blank between");
    const char *target = (const char *)memchr(line, ' ', len) + 1, *end = line + len - tail;
    if (target >= end || memchr(target, ' ', (size_t)(end - target)))
        return bad(http, 400, "a request line is a method, a target and HTTP/1.1, a blank between");
    if (end - target > HTTP_TARGET_MAX)
        return bad(http, 414, "the request's target is longer than 4096 bytes");
    return true;
}

/* What may stand nowhere in a line, ended or not. */
static bool scan_rest(struct http *http, const char *rest, size_t len)
{
    const char *cr = memchr(rest, '\r', len);
    if (cr && cr != rest + len - 1)
        return bad(http, 400, "CR without LF");
    if (memchr(rest, '\0', len))
        return bad(http, 400, "a NUL byte");
    return true;
}

/* ---- llhttp ------------------------------------------------------------------------------------------------------ */

static struct slice trimmed(const char *at, size_t len)
{
    while (len > 0 && (*at == ' ' || *at == '\t')) {
        at++;
        len--;
    }
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    return (struct slice){at, len};
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    struct reading *reading = parser->data;
    reading->request->target = (struct slice){at, len};
    return 0;
}

static int find_header(const char *name, size_t len)
{
    static const struct {
        const char *name;
        size_t len;
    } known[] = {
#define X(id, name, once) {name, sizeof name - 1},
        HTTP_HEADERS(X)
#undef X
    };
    for (int i = 0; i < HTTP_H_COUNT; i++)
        if (known[i].len == len && strncasecmp(known[i].name, name, len) == 0)
            return i;
    return -1;
}

static int on_field(llhttp_t *parser, const char *at, size_t len)
{
    static const bool once[] = {
#define X(id, name, once) once,
        HTTP_HEADERS(X)
#undef X
    };
    struct reading *reading = parser->data;
    reading->n++;
    reading->spaced |= len == 0 || at[len - 1] == ' ' || at[len - 1] == '\t';
    int header = find_header(at, len);
    reading->last = header;
    if (header >= 0 && reading->request->header[header].at) {
        reading->twice |= once[header];
        reading->last = -1;
    } else if (header >= 0) {
        reading->request->header[header] = (struct slice){at, 0}; /* there, even if no value follows */
    }
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct reading *reading = parser->data;
    if (reading->last >= 0)
        reading->request->header[reading->last] = trimmed(at, len);
    return 0;
}

static int on_head(llhttp_t *parser)
{
    struct reading *reading = parser->data;
    reading->whole = true;
    reading->request->keep_alive = llhttp_should_keep_alive(parser);
    return HPE_PAUSED; /* the body is counted here, not there */
}

static bool read_head(struct http *http, const char *head)
{
    static const llhttp_settings_t settings = {
        .on_url = on_url, .on_header_field = on_field, .on_header_value = on_value, .on_headers_complete = on_head};
    llhttp_t parser;
    memset(&http->request, 0, sizeof http->request);
    struct reading reading = {.request = &http->request, .last = -1};
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &reading;
    http->base = head;
    llhttp_errno_t error = llhttp_execute(&parser, head, http->head_len);
    if (error == HPE_INVALID_METHOD)
        return bad(http, 501, "the method is not known");
    if (error == HPE_INVALID_VERSION)
        return bad(http, 505, "the version is not HTTP/1.1 or HTTP/1.0");
    if (error != HPE_PAUSED || !reading.whole)
        return bad(http, 400, "the head of the request is malformed");
    return check_head(http, &reading, &parser);
}

/* What llhttp lets pass, or leaves to its caller. */
static bool check_head(struct http *http, const struct reading *reading, const llhttp_t *parser)
{
    static const struct {
        int theirs;
        enum http_verb ours;
    } verbs[] = {
#define X(name) {HTTP_##name, VERB_##name},
        HTTP_VERBS(X)
#undef X
    };
    struct http_request *request = &http->request;
    size_t verb = 0;
    while (verb < VERB_COUNT && verbs[verb].theirs != parser->method)
        verb++;
    if (verb == VERB_COUNT)
        return bad(http, 501, "the method is not known");
    if (parser->http_major != 1 || parser->http_minor > 1)
        return bad(http, 505, "the version is not HTTP/1.1 or HTTP/1.0");
    if (reading->n > HTTP_HEADERS_MAX)
        return bad(http, 431, "there are more than 64 headers");
    if (reading->spaced)
        return bad(http, 400, "a header's name ends in a blank");
    if (reading->twice)
        return bad(http, 400, "a header that may stand once stands twice");
    if (!request->header[HTTP_H_HOST].at || request->header[HTTP_H_HOST].len == 0)
        return bad(http, 400, "there is no Host header");
    if (request->header[HTTP_H_TRANSFER_ENCODING].at)
        return bad(http, 501, "requests are taken with a Content-Length only, not with a Transfer-Encoding");
    if (request->target.len == 0 || request->target.at[0] != '/')
        return bad(http, 400, "the target does not begin with /");
    request->verb = verbs[verb].ours;
    request->minor = parser->http_minor;
    return check_length(http);
}

static bool check_length(struct http *http)
{
    struct http_request *request = &http->request;
    struct slice length = request->header[HTTP_H_CONTENT_LENGTH], expect = request->header[HTTP_H_EXPECT];
    struct slice coding = request->header[HTTP_H_CONTENT_ENCODING];
    size_t n = 0;
    for (size_t i = 0; i < length.len; i++) {
        if (length.at[i] < '0' || length.at[i] > '9')
            return bad(http, 400, "Content-Length is not a number");
        n = n > HTTP_BODY_MAX ? n : n * 10 + (size_t)(length.at[i] - '0');
    }
    if (length.at && length.len == 0)
        return bad(http, 400, "Content-Length is not a number");
    if (n > HTTP_BODY_MAX)
        return bad(http, 413, "the body is longer than 1048576 bytes");
    if (n > 0 && (request->verb == VERB_GET || request->verb == VERB_HEAD))
        return bad(http, 400, "a GET has no body");
    if (coding.at && !http_type_is(coding, "identity"))
        return bad(http, 415, "bodies are taken as they are, without a Content-Encoding");
    if (expect.at && !(expect.len == 12 && strncasecmp(expect.at, "100-continue", 12) == 0))
        return bad(http, 417, "the only expectation that is met is 100-continue");
    request->content_length = n;
    request->expects = expect.at && request->minor == 1 && n > 0;
    return true;
}

static enum http_event refuse(struct http *http, int status, const char *reason)
{
    bad(http, status, reason);
    return HTTP_BAD;
}

static bool bad(struct http *http, int status, const char *reason)
{
    http->bad = true;
    http->status = status;
    http->reason = reason;
    return false;
}
