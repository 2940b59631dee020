/* What the texts of a request say: targets, forms, lists, dates. Source: RFC 3986, RFC 9110; HTML's form encoding. */
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static bool decode(struct http_target *out, const char *at, size_t len, bool form, const char **text,
                   const char **reason);
static bool take_segment(struct http_target *out, struct slice segment, const char **reason);
static bool read_pairs(struct http_target *out, struct slice text, const char **reason);
static bool is_utf8(const char *text);

const char *http_verb_name(enum http_verb verb)
{
    static const char *const names[] = {
#define X(name) #name,
        HTTP_VERBS(X)
#undef X
    };
    return names[verb];
}

/* ---- Targets ----------------------------------------------------------------------------------------------------- */

bool http_read_target(struct slice target, struct http_target *out, const char **reason)
{
    out->n_segments = out->n_query = out->room_used = 0;
    const char *query = memchr(target.at, '?', target.len), *end = target.at + target.len;
    const char *path_end = query ? query : end;
    for (const char *at = target.at; at < path_end;) {
        const char *begin = at + 1, *slash = memchr(begin, '/', (size_t)(path_end - begin));
        at = slash ? slash : path_end;
        bool root = begin == path_end && out->n_segments == 0;
        if (!root && !take_segment(out, (struct slice){begin, (size_t)(at - begin)}, reason))
            return false;
    }
    return !query || read_pairs(out, (struct slice){query + 1, (size_t)(end - query - 1)}, reason);
}

static bool take_segment(struct http_target *out, struct slice segment, const char **reason)
{
    const char *text;
    if (out->n_segments == HTTP_SEGMENTS_MAX) {
        *reason = "the path has more than 8 parts";
        return false;
    }
    if (!decode(out, segment.at, segment.len, false, &text, reason))
        return false;
    if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0 || strpbrk(text, "/\\")) {
        *reason = "the path has a part that is ., .., or holds / or \\";
        return false;
    }
    out->segment[out->n_segments++] = text;
    return true;
}

bool http_read_form(struct slice body, struct http_target *out, const char **reason)
{
    if (body.len > HTTP_TARGET_MAX) {
        *reason = "the form is longer than 4096 bytes";
        return false;
    }
    return read_pairs(out, body, reason);
}

static bool read_pairs(struct http_target *out, struct slice text, const char **reason)
{
    const char *at = text.at, *end = text.at + text.len;
    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        stop = stop ? stop : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at)), *name_end = equals ? equals : stop;
        const char *value = equals ? equals + 1 : stop;
        struct http_pair pair;
        if (at < stop) {
            if (out->n_query == HTTP_QUERY_MAX) {
                *reason = "there are more than 32 names in the query";
                return false;
            }
            if (!decode(out, at, (size_t)(name_end - at), true, &pair.name, reason) ||
                !decode(out, value, (size_t)(stop - value), true, &pair.value, reason))
                return false;
            if (http_query(out, pair.name)) {
                *reason = "a name stands twice in the query";
                return false;
            }
            out->query[out->n_query++] = pair;
        }
        at = stop + 1;
    }
    return true;
}

const char *http_query(const struct http_target *target, const char *name)
{
    for (size_t i = 0; i < target->n_query; i++)
        if (strcmp(target->query[i].name, name) == 0)
            return target->query[i].value;
    return NULL;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Into out->room; it cannot grow by decoding, and the ceilings on targets and forms leave room for both. */
static bool decode(struct http_target *out, const char *at, size_t len, bool form, const char **text,
                   const char **reason)
{
    if (out->room_used + len + 1 > sizeof out->room) {
        *reason = "query and form are too long together";
        return false;
    }
    char *to = out->room + out->room_used;
    *text = to;
    for (size_t i = 0; i < len; i++) {
        char c = at[i];
        if (c == '%') {
            int high = i + 2 < len ? hex(at[i + 1]) : -1, low = i + 2 < len ? hex(at[i + 2]) : -1;
            if (high < 0 || low < 0) {
                *reason = "a % is not followed by two hexadecimal digits";
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        } else if (form && c == '+') {
            c = ' ';
        } else if (c == '#') {
            *reason = "the target has a #";
            return false;
        }
        if (((unsigned char)c < 32 && !(form && (c == '\n' || c == '\r' || c == '\t'))) || c == 127) {
            *reason = "the target holds a control character";
            return false;
        }
        *to++ = c;
    }
    *to++ = '\0';
    out->room_used = (size_t)(to - out->room);
    if (!is_utf8(*text)) {
        *reason = "the target is not UTF-8";
        return false;
    }
    return true;
}

/* Shortest form, no surrogates, up to U+10FFFF. */
static bool is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        unsigned lead = *at++, n, least;
        if (lead < 0x80)
            continue;
        if (lead >= 0xC2 && lead < 0xE0) {
            n = 1, least = 0x80, lead &= 0x1F;
        } else if (lead >= 0xE0 && lead < 0xF0) {
            n = 2, least = 0x800, lead &= 0x0F;
        } else if (lead >= 0xF0 && lead < 0xF5) {
            n = 3, least = 0x10000, lead &= 0x07;
        } else {
            return false;
        }
        for (; n > 0; n--, at++) {
            if ((*at & 0xC0) != 0x80)
                return false;
            lead = lead << 6 | (*at & 0x3F);
        }
        if (lead < least || lead > 0x10FFFF || (lead >= 0xD800 && lead < 0xE000))
            return false;
    }
    return true;
}

/* ---- Headers ----------------------------------------------------------------------------------------------------- */

/* The next item of a list, blanks cut; false at its end. Commas inside quotes are not looked for: no list here has any. */
static bool next_item(struct slice *list, struct slice *item)
{
    while (list->len > 0 && (*list->at == ' ' || *list->at == '\t' || *list->at == ',')) {
        list->at++;
        list->len--;
    }
    if (list->len == 0)
        return false;
    const char *comma = memchr(list->at, ',', list->len);
    size_t len = comma ? (size_t)(comma - list->at) : list->len;
    *item = (struct slice){list->at, len};
    list->at += len;
    list->len -= len;
    while (item->len > 0 && (item->at[item->len - 1] == ' ' || item->at[item->len - 1] == '\t'))
        item->len--;
    return true;
}

/* What stands before the ; of an item. */
static struct slice bare(struct slice item)
{
    const char *semicolon = memchr(item.at, ';', item.len);
    if (semicolon)
        item.len = (size_t)(semicolon - item.at);
    while (item.len > 0 && (item.at[item.len - 1] == ' ' || item.at[item.len - 1] == '\t'))
        item.len--;
    return item;
}

static bool same(struct slice a, const char *text)
{
    return a.len == strlen(text) && strncasecmp(a.at, text, a.len) == 0;
}

bool http_list_has(struct slice list, const char *token)
{
    struct slice item;
    while (list.at && next_item(&list, &item))
        if (same(bare(item), token))
            return true;
    return false;
}

/* The weight of an item is none: q=0, q=0.0, ... */
static bool is_refused(struct slice item)
{
    const char *q = memmem(item.at, item.len, "q=", 2);
    if (!q)
        return false;
    for (q += 2; q < item.at + item.len; q++)
        if (*q != '0' && *q != '.')
            return false;
    return true;
}

bool http_takes_gzip(struct slice list)
{
    struct slice item;
    bool any = false;
    while (list.at && next_item(&list, &item)) {
        if (same(bare(item), "gzip"))
            return !is_refused(item);
        any |= same(bare(item), "*") && !is_refused(item);
    }
    return any;
}

bool http_type_is(struct slice value, const char *type)
{
    return value.at && same(bare(value), type);
}

bool http_etag_matches(struct slice list, const char *etag, const char *suffix)
{
    struct slice item;
    size_t len = strlen(etag), suffix_len = strlen(suffix);
    while (list.at && next_item(&list, &item)) {
        if (same(item, "*"))
            return true;
        if (item.len > 2 && memcmp(item.at, "W/", 2) == 0) {
            item.at += 2;
            item.len -= 2;
        }
        if (item.len < 2 || item.at[0] != '"' || item.at[item.len - 1] != '"')
            continue;
        struct slice tag = {item.at + 1, item.len - 2};
        if (tag.len == len + suffix_len && memcmp(tag.at + len, suffix, suffix_len) == 0)
            tag.len = len;
        if (tag.len == len && memcmp(tag.at, etag, len) == 0)
            return true;
    }
    return false;
}

/* ---- Dates: names in English whatever the locale ------------------------------------------------------------------ */

static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void http_date_format(int64_t seconds, char out[HTTP_DATE_CAP])
{
    struct tm tm;
    time_t time = (time_t)seconds;
    if (!gmtime_r(&time, &tm) || tm.tm_year + 1900 > 9999 || tm.tm_year < -1900) {
        time = 0;
        gmtime_r(&time, &tm);
    }
    snprintf(out, HTTP_DATE_CAP, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday % 7], tm.tm_mday % 100,
             months[tm.tm_mon % 12], (tm.tm_year + 1900) % 10000, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
}

int64_t http_date_parse(struct slice text)
{
    char copy[HTTP_DATE_CAP], day[4], month[4], end;
    struct tm tm = {0};
    if (text.len != 29)
        return -1;
    memcpy(copy, text.at, 29);
    copy[29] = '\0';
    if (sscanf(copy, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GM%c", day, &tm.tm_mday, month, &tm.tm_year,
               &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 8 ||
        end != 'T' || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return -1;
    for (tm.tm_mon = 0; tm.tm_mon < 12 && strcmp(months[tm.tm_mon], month) != 0;)
        tm.tm_mon++;
    if (tm.tm_mon == 12 || tm.tm_year < 1970)
        return -1;
    tm.tm_year -= 1900;
    return (int64_t)timegm(&tm);
}

const char *http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {204, "No Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Unknown";
}
