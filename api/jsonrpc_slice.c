/*
 * The usual request, sliced in one pass: an object of "jsonrpc", "id", "method" and perhaps "params" in any order, with
 * blanks between as the common encoders put them. It recognises, it does not judge: whatever has an escape, another
 * member, a strange id or a fault is left to jsonrpc_read, which says what is wrong. What is recognised here,
 * jsonrpc_read slices the same way, provided that the params are JSON: a fuzzer and a test hold the two together.
 */
#include "jsonrpc.h"

#include <string.h>

enum { INTEGER_DIGITS_MAX = 18 };

struct cursor {
    const char *at, *end;
};

/* Whether a text may hold it that is taken as it stands. */
static inline bool is_plain(char c)
{
    return (unsigned char)(c - ' ') <= '~' - ' ' && c != '"' && c != '\\';
}

static void pass_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at == ' ')
        cursor->at++;
}

/* Passes this byte, and blanks before it. */
static bool pass(struct cursor *cursor, char c)
{
    pass_blanks(cursor);
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

/* Past the closing quote, the opening one being passed. Printable ASCII without escapes only. */
static bool pass_text(struct cursor *cursor, struct slice *inside)
{
    const char *start = cursor->at, *at = start;
    while (at < cursor->end && is_plain(*at))
        at++;
    if (at == cursor->end || *at != '"')
        return false;
    *inside = (struct slice){start, (size_t)(at - start)};
    cursor->at = at + 1;
    return true;
}

/* Plain text, or an integer that is written as JSON wants it. */
static bool pass_id(struct cursor *cursor, struct slice *id)
{
    pass_blanks(cursor);
    const char *start = cursor->at;
    struct slice inside;
    if (pass(cursor, '"')) {
        if (!pass_text(cursor, &inside) || inside.len + 2 > ID_MAX_BYTES)
            return false;
    } else {
        pass(cursor, '-');
        const char *digits = cursor->at;
        while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9')
            cursor->at++;
        size_t n = (size_t)(cursor->at - digits);
        if (n == 0 || n > INTEGER_DIGITS_MAX || (*digits == '0' && n > 1))
            return false;
    }
    *id = (struct slice){start, (size_t)(cursor->at - start)};
    return true;
}

/* From bracket to bracket, whatever is between; strings count as a whole, one with an escape is not the usual. */
static bool pass_params(struct cursor *cursor, struct slice *params)
{
    pass_blanks(cursor);
    const char *start = cursor->at;
    size_t depth = 0;
    do {
        if (cursor->at == cursor->end)
            return false;
        struct slice inside;
        char c = *cursor->at++;
        if (c == '"' && !pass_text(cursor, &inside))
            return false;
        depth += c == '{' || c == '[';
        depth -= depth > 0 && (c == '}' || c == ']');
    } while (depth > 0);
    *params = (struct slice){start, (size_t)(cursor->at - start)};
    return *start == '{' || *start == '[';
}

static bool is(struct slice text, const char *name, size_t len)
{
    return text.len == len && memcmp(text.at, name, len) == 0;
}

/* One member, its name's opening quote being passed; a second of the same name is not the usual. */
static bool pass_member(struct cursor *cursor, struct slice *version, struct request *out)
{
    struct slice name;
    if (!pass_text(cursor, &name) || !pass(cursor, ':'))
        return false;
    if (is(name, "jsonrpc", 7))
        return !version->at && pass(cursor, '"') && pass_text(cursor, version) && is(*version, "2.0", 3);
    if (is(name, "id", 2))
        return !out->id.at && pass_id(cursor, &out->id);
    if (is(name, "method", 6))
        return !out->method.at && pass(cursor, '"') && pass_text(cursor, &out->method);
    if (is(name, "params", 6))
        return !out->params.at && pass_params(cursor, &out->params);
    return false;
}

bool jsonrpc_slice(const char *line, size_t len, struct request *out)
{
    static const char head[] = "{\"jsonrpc\":\"2.0\","; /* how most requests begin, to the byte */
    struct cursor cursor = {line, line + len};
    struct slice version = {NULL, 0};
    *out = (struct request){0};
    if (len >= sizeof head && memcmp(line, head, sizeof head - 1) == 0) {
        version = (struct slice){line + 12, 3};
        cursor.at += sizeof head - 1;
    } else if (!pass(&cursor, '{')) {
        return false;
    }
    do
        if (!pass(&cursor, '"') || !pass_member(&cursor, &version, out))
            return false;
    while (pass(&cursor, ','));
    if (!pass(&cursor, '}'))
        return false;
    pass_blanks(&cursor);
    return cursor.at == cursor.end && version.at && out->id.at && out->method.at;
}
