/* The growing byte buffer and the append writer of JSON: doubling up to a ceiling, failure is sticky. */
#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 256 };

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_fini(struct buf *buf)
{
    free(buf->at);
    buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = buf->starved = false;
}

void buf_cut(struct buf *buf, size_t len)
{
    assert(len <= buf->len);
    buf->len = len;
}

/* Room for `len` more bytes, or the sticky failure. */
static bool reserve(struct buf *buf, size_t len)
{
    if (buf->failed)
        return false;
    if (len <= buf->cap - buf->len && len <= buf->max - buf->len)
        return true;
    if (buf->len > buf->max || len > buf->max - buf->len) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + len, cap = buf->cap < FIRST_CAP / 2 ? FIRST_CAP : buf->cap * 2;
    if (cap < need)
        cap = need;
    if (cap > buf->max)
        cap = buf->max;
    char *at = realloc(buf->at, cap);
    if (at == NULL) {
        buf->failed = buf->starved = true;
        return false;
    }
    buf->at = at;
    buf->cap = cap;
    return true;
}

void buf_put(struct buf *buf, const void *bytes, size_t len)
{
    if (len == 0 || !reserve(buf, len))
        return;
    memcpy(buf->at + buf->len, bytes, len);
    buf->len += len;
}

char *buf_room(struct buf *buf, size_t len)
{
    if (!reserve(buf, len))
        return NULL;
    char *at = buf->at + buf->len;
    buf->len += len;
    return at;
}

void buf_text(struct buf *buf, const char *text)
{
    buf_put(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
    if (reserve(buf, 1))
        buf->at[buf->len++] = c;
}

void buf_integer(struct buf *buf, int64_t value)
{
    buf_fixed(buf, value, 0);
}

/* Two digits at a time, from the last: half as many divisions, which each wait for the one before. */
static char *put_digits(char *end, uint64_t value)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445"
        "46474849505152535455565758596061626364656667686970717273747576777879808182838485868788899091"
        "9293949596979899";
    for (; value >= 100; value /= 100)
        memcpy(end -= 2, pairs + 2 * (value % 100), 2);
    if (value >= 10)
        memcpy(end -= 2, pairs + 2 * value, 2);
    else
        *--end = (char)('0' + value);
    return end;
}

void buf_fixed(struct buf *buf, int64_t value, int decimals)
{
    static const uint64_t powers[] = {1,
                                      10,
                                      100,
                                      1000,
                                      10000,
                                      100000,
                                      1000000,
                                      10000000,
                                      100000000,
                                      1000000000,
                                      10000000000,
                                      100000000000,
                                      1000000000000,
                                      10000000000000,
                                      100000000000000,
                                      1000000000000000,
                                      10000000000000000,
                                      100000000000000000,
                                      1000000000000000000};
    assert(decimals >= 0 && decimals <= 18);
    char digits[24], *end = digits + sizeof digits, *at = end;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (decimals > 0) {
        uint64_t whole = rest / powers[decimals], fraction = rest - whole * powers[decimals];
        at = put_digits(at, fraction + powers[decimals]); /* a leading 1 keeps the zeros, and gives way to the point */
        *at = '.';
        rest = whole;
    }
    at = put_digits(at, rest);
    if (value < 0)
        *--at = '-';
    buf_put(buf, at, (size_t)(end - at));
}

void buf_format(struct buf *buf, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    assert(len >= 0);
    /* vsnprintf ends its text with a NUL, which must find room even though it does not count. */
    if (reserve(buf, (size_t)len + 1)) {
        (void)vsnprintf(buf->at + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    va_end(arguments);
}

static void put_escape(struct buf *buf, unsigned char c)
{
    static const char shorts[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                     {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
    for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++)
        if (c == (unsigned char)shorts[i][0]) {
            buf_put(buf, (char[2]){'\\', shorts[i][1]}, 2);
            return;
        }
    static const char hex[] = "0123456789abcdef";
    buf_put(buf, (char[6]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

void buf_json_string(struct buf *buf, const char *text, size_t len)
{
    buf_char(buf, '"');
    size_t run = 0; /* start of the bytes not yet put */
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(buf, text + run, i - run);
        put_escape(buf, c);
        run = i + 1;
    }
    buf_put(buf, text + run, len - run);
    buf_char(buf, '"');
}

/* A comma is due after a complete value: whatever stands there is neither an opening bracket nor a separator. */
static bool comma_due(const struct buf *buf)
{
    char last = buf->len > 0 ? buf->at[buf->len - 1] : ',';
    return last != '{' && last != '[' && last != ':' && last != ',' && last != '\n' && last != '\0';
}

static void put_comma(struct buf *buf)
{
    if (comma_due(buf))
        buf_char(buf, ',');
}

void json_open(struct buf *buf, char bracket)
{
    put_comma(buf);
    buf_char(buf, bracket);
}

void json_close(struct buf *buf, char bracket)
{
    buf_char(buf, bracket);
}

void json_put_key(struct buf *buf, const char *key)
{
    size_t len = strlen(key);
    bool comma = comma_due(buf);
    if (!reserve(buf, len + 3 + comma))
        return;
    char *at = buf->at + buf->len;
    if (comma)
        *at++ = ',';
    *at++ = '"';
    memcpy(at, key, len);
    at[len] = '"';
    at[len + 1] = ':';
    buf->len = (size_t)(at + len + 2 - buf->at);
}

void json_item(struct buf *buf)
{
    put_comma(buf);
}

void json_put_text(struct buf *buf, const char *key, const char *text)
{
    json_put_key(buf, key);
    if (text == NULL)
        buf_text(buf, "null");
    else
        buf_json_string(buf, text, strlen(text));
}

void json_put_integer(struct buf *buf, const char *key, int64_t value)
{
    json_put_key(buf, key);
    buf_integer(buf, value);
}

void json_put_fixed(struct buf *buf, const char *key, int64_t value, int decimals)
{
    json_put_key(buf, key);
    buf_fixed(buf, value, decimals);
}

void json_put_bool(struct buf *buf, const char *key, bool value)
{
    json_put_key(buf, key);
    buf_text(buf, value ? "true" : "false");
}

void json_put_null(struct buf *buf, const char *key)
{
    json_put_key(buf, key);
    buf_text(buf, "null");
}
