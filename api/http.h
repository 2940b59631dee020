/*
 * HTTP/1.1: bytes -> requests, no I/O. The grammar is llhttp's (RFC 9112, every leniency off), and before and after it
 * stand rules of our own that leave a request one reading only: what two servers could take for two different requests is
 * refused, and nothing behind it is read.
 */
#ifndef API_HTTP_H
#define API_HTTP_H

#include "buf.h"
#include "json.h"

enum {
    HTTP_HEAD_MAX = 8192,    /* request line and headers, the blank line counted */
    HTTP_TARGET_MAX = 4096,  /* of which the target */
    HTTP_HEADERS_MAX = 64,   /* lines */
    HTTP_BODY_MAX = 1 << 20, /* the longest line of the JSON socket */
    HTTP_SEGMENTS_MAX = 8,   /* of a path */
    HTTP_QUERY_MAX = 32,     /* names in a query, or in a form */
    HTTP_AUTHORITY_CAP = 264 /* room for a host's name and a port */
};

/* HTTP calls them methods; here that word is JSON-RPC's. */
#define HTTP_VERBS(X) X(GET) X(HEAD) X(POST) X(PUT) X(DELETE) X(PATCH) X(OPTIONS) X(TRACE) X(CONNECT)
enum http_verb {
#define X(name) VERB_##name,
    HTTP_VERBS(X)
#undef X
        VERB_COUNT
};
const char *http_verb_name(enum http_verb verb);

/* Headers that somebody here looks at; each may stand once, but for the lists among them. */
#define HTTP_HEADERS(X)                             \
    X(HOST, "host", true)                           \
    X(CONTENT_LENGTH, "content-length", true)       \
    X(CONTENT_TYPE, "content-type", true)           \
    X(CONTENT_ENCODING, "content-encoding", true)   \
    X(ORIGIN, "origin", true)                       \
    X(EXPECT, "expect", true)                       \
    X(ACCEPT, "accept", false)                      \
    X(ACCEPT_ENCODING, "accept-encoding", false)    \
    X(IF_NONE_MATCH, "if-none-match", false)        \
    X(IF_MODIFIED_SINCE, "if-modified-since", true) \
    X(LAST_EVENT_ID, "last-event-id", true)         \
    X(SEC_FETCH_SITE, "sec-fetch-site", true)       \
    X(CONNECTION, "connection", false)              \
    X(TRANSFER_ENCODING, "transfer-encoding", false)
enum http_header {
#define X(id, name, once) HTTP_H_##id,
    HTTP_HEADERS(X)
#undef X
        HTTP_H_COUNT
};

struct http_request {
    enum http_verb verb;
    int minor; /* of HTTP/1.x: 0 or 1 */
    bool keep_alive;
    bool expects; /* Expect: 100-continue, and the body has not come */
    size_t content_length;
    struct slice target; /* origin-form: begins with / */
    struct slice header
        [HTTP_H_COUNT]; /* value, blanks around it cut; at == NULL: absent. Of a list in several lines: the first */
    struct slice body;
};

enum http_event {
    HTTP_MORE,     /* feed again */
    HTTP_CONTINUE, /* the head of a request that waits for 100 Continue; then feed on */
    HTTP_WHOLE,    /* a whole request */
    HTTP_BAD       /* status and reason say what; nothing behind it can be trusted, the connection has to end */
};

struct http {
    struct http_request request;
    int status;         /* HTTP_BAD: 400, 413, 414, 417, 431, 501, 505 */
    const char *reason; /* one sentence for the peer */
    /* The rest is http.c's. */
    struct buf kept;  /* head (and body) of a request that did not come in one piece */
    const char *base; /* where the head lay when `request` was read from it */
    size_t scanned;   /* of the head, looked through for line ends */
    size_t line_at;   /* where its last line begins */
    size_t head_len;  /* 0: the head has not ended */
    bool told;        /* HTTP_CONTINUE was given out */
    bool handed;      /* `request` was given out last */
    bool bad;
};

void http_init(struct http *http);
void http_fini(struct http *http);
/*
 * Takes from *bytes (advanced, *len lessened) up to the end of one request. HTTP_WHOLE: http->request points into
 * these bytes or into memory of its own, valid until the next call. Call until HTTP_MORE or HTTP_BAD.
 */
enum http_event http_next(struct http *http, const char **bytes, size_t *len);
/* Copies the request handed out last into `text` (empty), and *out with it: its slices point there. */
void http_copy(const struct http *http, struct buf *text, struct http_request *out);
/* Whether a request has begun and not ended. */
bool http_is_open(const struct http *http);

/* ---- What a target says ------------------------------------------------------------------------------------------ */

struct http_pair {
    const char *name, *value; /* decoded, valid UTF-8, NUL-terminated; they hold no NUL */
};

struct http_target {
    size_t n_segments, n_query;
    const char *segment[HTTP_SEGMENTS_MAX]; /* decoded; "/" has none, "/feeds/" has "feeds" and "" */
    struct http_pair query[HTTP_QUERY_MAX];
    size_t room_used;
    char room[2 * HTTP_TARGET_MAX + HTTP_SEGMENTS_MAX + 2 * HTTP_QUERY_MAX];
};

/*
 * Takes a target apart. Refused (false, *reason a sentence): %-escapes that are none, controls, what is not UTF-8, . and ..
 * in any spelling, / \ in an escape, too many parts, a name twice.
 */
bool http_read_target(struct slice target, struct http_target *out, const char **reason);
/* Adds the fields of an application/x-www-form-urlencoded body to those of the query; false: likewise. */
bool http_read_form(struct slice body, struct http_target *out, const char **reason);
/* NULL: the query has no such name. */
const char *http_query(const struct http_target *target, const char *name);

/* ---- What headers say -------------------------------------------------------------------------------------------- */

/* True when a comma-separated list has this token, in any case; what follows a ; is not looked at. */
bool http_list_has(struct slice list, const char *token);
/* True when Accept-Encoding allows gzip. */
bool http_takes_gzip(struct slice accept_encoding);
/* True when a Content-Type or Accept item is this type, whatever its parameters. */
bool http_type_is(struct slice value, const char *type);
/* True when If-None-Match names this tag (opaque, without quotes), with or without W/ and with or without `suffix`. */
bool http_etag_matches(struct slice if_none_match, const char *etag, const char *suffix);
/* Sun, 06 Nov 1994 08:49:37 GMT */
enum { HTTP_DATE_CAP = 32 };
void http_date_format(int64_t seconds, char out[HTTP_DATE_CAP]);
/* -1: it is no date of that form. */
int64_t http_date_parse(struct slice text);

const char *http_status_text(int status);

#endif
