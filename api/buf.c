/* The growing byte buffer and the append writer of JSON: doubling up to a ceiling, failure is sticky. */
#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 256, QUICK_CAP = 4096 };

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
    size_t need = buf->len + len, cap = buf->cap * (buf->cap < QUICK_CAP ? 4 : 2);
    if (cap < FIRST_CAP)
        cap = FIRST_CAP;
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

/* Digits are counted first, so that they are written where they stay. */
static size_t count_digits(uint64_t value)
{
    size_t n = 1;
    while (n < sizeof powers / sizeof powers[0] && value >= powers[n])
        n++;
    return n;
}

static void put_pair(char *at, uint32_t value)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445"
        "46474849505152535455565758596061626364656667686970717273747576777879808182838485868788899091"
        "9293949596979899";
    memcpy(at, pairs + 2 * value, 2);
}

/* The last `n` digits: six at a time, none of which waits for another, then two. */
static void put_digits(char *at, uint64_t value, size_t n)
{
    for (; n >= 6; value /= 1000000) {
        uint32_t six = (uint32_t)(value % 1000000);
        n -= 6;
        put_pair(at + n, six / 10000);
        put_pair(at + n + 2, six / 100 % 100);
        put_pair(at + n + 4, six % 100);
    }
    for (; n >= 2; value /= 100)
        put_pair(at + (n -= 2), (uint32_t)(value % 100));
    if (n > 0)
        *at = (char)('0' + value % 10);
}

/* A number on its way: its size is known before there is room for it. */
struct fixed {
    uint64_t whole, fraction;
    size_t whole_len, decimals;
    bool negative;
};

static struct fixed fixed_of(int64_t value, int decimals)
{
    assert(decimals >= 0 && decimals <= 18);
    uint64_t all = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    struct fixed fixed = {.decimals = (size_t)decimals, .negative = value < 0};
    if (decimals == 0)
        fixed.whole = all;
    else if (decimals == 6) /* by a constant, which costs a product; most are such */
        fixed.whole = all / 1000000;
    else if (all >= powers[decimals])
        fixed.whole = all / powers[decimals];
    fixed.fraction = all - fixed.whole * powers[decimals];
    fixed.whole_len = count_digits(fixed.whole);
    return fixed;
}

static size_t fixed_len(const struct fixed *fixed)
{
    return fixed->negative + fixed->whole_len + (fixed->decimals > 0) + fixed->decimals;
}

static void put_fixed(char *at, const struct fixed *fixed)
{
    if (fixed->negative)
        *at++ = '-';
    put_digits(at, fixed->whole, fixed->whole_len);
    if (fixed->decimals > 0) {
        at[fixed->whole_len] = '.';
        put_digits(at + fixed->whole_len + 1, fixed->fraction, fixed->decimals);
    }
}

void buf_fixed(struct buf *buf, int64_t value, int decimals)
{
    struct fixed fixed = fixed_of(value, decimals);
    char *at = buf_room(buf, fixed_len(&fixed));
    if (at)
        put_fixed(at, &fixed);
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

/* Whether no byte needs an escape; eight at a time, by the arithmetic of "a byte below n" in Bit Twiddling Hacks. */
static bool is_plain(const char *text, size_t len)
{
    const uint64_t ones = 0x0101010101010101, tops = ones << 7;
    uint64_t found = 0, eight;
    for (; len >= sizeof eight; text += sizeof eight, len -= sizeof eight) {
        memcpy(&eight, text, sizeof eight);
        uint64_t quote = eight ^ ones * '"', slash = eight ^ ones * '\\';
        found |= ((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
    }
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == '"' || text[i] == '\\')
            return false;
    return !(found & tops);
}

static void put_escaped(struct buf *buf, const char *text, size_t len)
{
    size_t run = 0; /* start of the bytes not yet put */
    buf_char(buf, '"');
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

/* As memcpy, which costs more to call than keys are long: from both ends, which meet or overlap. */
static void put_short(char *to, const char *from, size_t len)
{
    if (len > 16) {
        memcpy(to, from, len);
    } else if (len >= 8) {
        memcpy(to, from, 8);
        memcpy(to + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, from, 4);
        memcpy(to + len - 4, from + len - 4, 4);
    } else {
        for (size_t i = 0; i < len; i++)
            to[i] = from[i];
    }
}

static void put_quoted(char *at, const char *text, size_t len)
{
    at[0] = at[len + 1] = '"';
    put_short(at + 1, text, len);
}

void buf_json_string(struct buf *buf, const char *text, size_t len)
{
    char *at;
    if (!is_plain(text, len))
        put_escaped(buf, text, len);
    else if ((at = buf_room(buf, len + 2)) != NULL)
        put_quoted(at, text, len);
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

/* A key with all before and behind it, and room for a value of so many bytes, where the caller writes it. */
static char *put_key(struct buf *buf, const char *key, size_t len, size_t value_len)
{
    bool comma = comma_due(buf);
    char *at = buf_room(buf, comma + len + 3 + value_len);
    if (!at)
        return NULL;
    if (comma)
        *at++ = ',';
    *at++ = '"';
    put_short(at, key, len);
    at[len] = '"';
    at[len + 1] = ':';
    return at + len + 2;
}

void json_put_name(struct buf *buf, const char *key, size_t len)
{
    (void)put_key(buf, key, len, 0);
}

void json_item(struct buf *buf)
{
    put_comma(buf);
}

void json_put_string(struct buf *buf, const char *key, size_t key_len, const char *text, size_t len)
{
    if (!is_plain(text, len)) {
        json_put_name(buf, key, key_len);
        put_escaped(buf, text, len);
        return;
    }
    char *at = put_key(buf, key, key_len, len + 2);
    if (at)
        put_quoted(at, text, len);
}

void json_put_number(struct buf *buf, const char *key, size_t key_len, int64_t value, int decimals)
{
    struct fixed fixed = fixed_of(value, decimals);
    char *at = put_key(buf, key, key_len, fixed_len(&fixed));
    if (at)
        put_fixed(at, &fixed);
}

void json_put_word(struct buf *buf, const char *key, size_t key_len, const char *word, size_t len)
{
    char *at = put_key(buf, key, key_len, len);
    if (at)
        put_short(at, word, len);
}
