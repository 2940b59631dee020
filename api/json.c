/*
 * The strict JSON reader. json_check is one loop over a few states with the open brackets as bits of one word, so it
 * needs no stack; strings, where most bytes are, are skipped eight at a time while they are plain ASCII (the word-at-
 * a-time test is the one of Mycroft, "Determine if a word has a zero byte", with one term for each kind of byte that
 * ends a run).
 */
#include "json.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

_Static_assert(JSON_DEPTH_MAX <= 64, "the open brackets are the bits of one 64-bit word");

struct scan {
    const char *at, *end;
    const char *bad;    /* where it went wrong */
    const char *reason; /* NULL while all is well */
};

static bool fail(struct scan *scan, const char *at, const char *reason)
{
    scan->bad = at;
    scan->reason = reason;
    return false;
}

/* What a byte can be, as bits; those from 0x80 on are none of these. */
enum {
    PLAIN = 1 /* in a string, as it is */,
    BLANK = 2,
    ENDS = 4 /* a scalar */,
    SHAPES = 8 /* quotes and brackets */,
    DIGIT = 16
};

static const unsigned char classes[256] = {
    /* clang-format off */
     0,  0,  0,  0,  0,  0,  0,  0,  0,  6,  6,  0,  0,  6,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     7,  1,  8,  1,  1,  1,  1,  1,  1,  1,  1,  1,  5,  1,  1,  1,
    17, 17, 17, 17, 17, 17, 17, 17, 17, 17,  1,  1,  1,  1,  1,  1,
     1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,
     1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  9,  0, 13,  1,  1,
     1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,
     1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  9,  1, 13,  1,  1,
    /* clang-format on */
};

static bool is(char byte, unsigned class)
{
    return (classes[(unsigned char)byte] & class) != 0;
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && is(*scan->at, BLANK))
        scan->at++;
}

/* ---- Strings ---- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Passes over bytes that are printable ASCII, not a quote and not a backslash. */
static const char *skip_plain(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        word =
            le64toh(word); /* the first byte is the lowest: a borrow that makes a wrong bit comes after the right one */
        uint64_t quote = word ^ EACH('"'), backslash = word ^ EACH('\\');
        uint64_t ends = ((word - EACH(0x20)) | (quote - EACH(1)) | (backslash - EACH(1)) | word) & EACH(0x80);
        if (ends != 0)
            return at + __builtin_ctzll(ends) / 8;
    }
    while (at < end && is(*at, PLAIN))
        at++;
    return at;
}

/* The value of a hexadecimal digit, or -1. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The four digits after \u, or -1. */
static int hex_four(const char *at)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high_surrogate(int unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

static bool scan_hex_four(struct scan *scan, int *unit)
{
    for (int i = 0; i < 4; i++)
        if (scan->at + i >= scan->end || hex_digit(scan->at[i]) < 0)
            return fail(scan, scan->at + i, "expected four hexadecimal digits after \\u");
    *unit = hex_four(scan->at);
    scan->at += 4;
    return true;
}

static bool scan_escape(struct scan *scan)
{
    const char *start = scan->at++;
    if (scan->at >= scan->end)
        return fail(scan, scan->end, "expected the rest of an escape");
    char c = *scan->at++;
    if (c != 'u')
        return (c != '\0' && strchr("\"\\/bfnrt", c) != NULL) ||
               fail(scan, scan->at - 1, "expected one of \\ \" / b f n r t u after \\");
    int unit, low;
    if (!scan_hex_four(scan, &unit))
        return false;
    if (is_low_surrogate(unit))
        return fail(scan, start, "a low surrogate without a high one before it");
    if (!is_high_surrogate(unit))
        return true;
    if (scan->end - scan->at < 2 || scan->at[0] != '\\' || scan->at[1] != 'u')
        return fail(scan, start, "a high surrogate without a low one after it");
    scan->at += 2;
    if (!scan_hex_four(scan, &low))
        return false;
    return is_low_surrogate(low) || fail(scan, start, "a high surrogate without a low one after it");
}

/* One character of two to four bytes, as table 3-7 of the Unicode standard allows. */
static bool scan_utf8(struct scan *scan)
{
    const char *start = scan->at;
    unsigned char lead = (unsigned char)*scan->at++;
    unsigned char low = 0x80, high = 0xBF; /* of the second byte */
    int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if (lead < 0xC2 || lead > 0xF4)
        return fail(scan, start, "a byte that cannot begin a UTF-8 character");
    if (lead == 0xE0)
        low = 0xA0;
    else if (lead == 0xED)
        high = 0x9F;
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F;
    for (; more > 0; more--, low = 0x80, high = 0xBF) {
        if (scan->at >= scan->end || (unsigned char)*scan->at < low || (unsigned char)*scan->at > high)
            return fail(scan, scan->at, "a broken UTF-8 character");
        scan->at++;
    }
    return true;
}

/* From the opening quote to past the closing one. */
static bool scan_string(struct scan *scan)
{
    scan->at++;
    for (;;) {
        scan->at = skip_plain(scan->at, scan->end);
        if (scan->at >= scan->end)
            return fail(scan, scan->end, "expected the closing quote of a string");
        unsigned char c = (unsigned char)*scan->at;
        if (c == '"') {
            scan->at++;
            return true;
        }
        if (c < 0x20)
            return fail(scan, scan->at, "a control character in a string must be escaped");
        if (c == '\\' ? !scan_escape(scan) : !scan_utf8(scan))
            return false;
    }
}

/* ---- Numbers and words ---- */

static bool scan_digits(struct scan *scan)
{
    const char *start = scan->at;
    while (scan->at < scan->end && is(*scan->at, DIGIT))
        scan->at++;
    return scan->at > start || fail(scan, scan->at, "expected a digit");
}

static bool scan_number(struct scan *scan)
{
    if (*scan->at == '-')
        scan->at++;
    if (scan->at < scan->end && *scan->at == '0')
        scan->at++; /* nothing but a point or an exponent may follow: the next state refuses a digit */
    else if (!scan_digits(scan))
        return false;
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        if (!scan_digits(scan))
            return false;
    }
    if (scan->at < scan->end && (*scan->at | 0x20) == 'e') {
        scan->at++;
        if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
            scan->at++;
        return scan_digits(scan);
    }
    return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
    for (; *word != '\0'; word++, scan->at++)
        if (scan->at >= scan->end || *scan->at != *word)
            return fail(scan, scan->at, "expected true, false or null");
    return true;
}

static bool scan_scalar(struct scan *scan)
{
    switch (*scan->at) {
    case '"':
        return scan_string(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        if (*scan->at == '-' || is(*scan->at, DIGIT))
            return scan_number(scan);
        return fail(scan, scan->at, "expected a value");
    }
}

/* ---- The whole text ---- */

enum expect { A_VALUE, A_VALUE_OR_END, A_KEY, A_KEY_OR_END, A_COMMA_OR_END };

static bool scan_key(struct scan *scan)
{
    if (*scan->at != '"')
        return fail(scan, scan->at, "expected a member name in quotes");
    if (!scan_string(scan))
        return false;
    skip_blanks(scan);
    if (scan->at >= scan->end || *scan->at != ':')
        return fail(scan, scan->at, "expected a colon");
    scan->at++;
    return true;
}

enum json_status json_check(const char *bytes, size_t len, size_t *offset, const char **reason)
{
    struct scan scan = {.at = bytes, .end = bytes + len};
    uint64_t objects = 0; /* bit 0 is the innermost open bracket: 1 for { */
    int depth = 0;
    enum expect expect = A_VALUE;
    enum json_status status = JSON_INVALID;

    for (;;) {
        skip_blanks(&scan);
        if (scan.at >= scan.end) {
            if (depth == 0 && expect == A_COMMA_OR_END)
                return JSON_OK;
            fail(&scan, scan.end, depth == 0 ? "expected a value" : "the text ends too early");
            break;
        }
        char c = *scan.at;
        bool object = objects & 1;
        if (depth > 0 && c == (object ? '}' : ']') && expect != A_VALUE && expect != A_KEY) {
            scan.at++;
            objects >>= 1;
            depth--;
            expect = A_COMMA_OR_END;
        } else if (expect == A_COMMA_OR_END) {
            if (depth == 0 || c != ',') {
                fail(&scan, scan.at,
                     depth == 0 ? "expected nothing more"
                     : object   ? "expected , or }"
                                : "expected , or ]");
                break;
            }
            scan.at++;
            expect = object ? A_KEY : A_VALUE;
        } else if (expect == A_KEY || expect == A_KEY_OR_END) {
            if (!scan_key(&scan))
                break;
            expect = A_VALUE;
        } else if (c == '{' || c == '[') {
            if (depth == JSON_DEPTH_MAX) {
                fail(&scan, scan.at, "nested too deeply");
                status = JSON_TOO_DEEP;
                break;
            }
            scan.at++;
            objects = objects << 1 | (c == '{');
            depth++;
            expect = c == '{' ? A_KEY_OR_END : A_VALUE_OR_END;
        } else {
            if (!scan_scalar(&scan))
                break;
            expect = A_COMMA_OR_END;
        }
    }
    *offset = (size_t)(scan.bad - bytes);
    *reason = scan.reason;
    return status;
}

/* ---- Reading checked text ---- */

char json_kind(struct slice value)
{
    assert(value.at != NULL && value.len > 0);
    char c = *value.at;
    return c == '-' || is(c, DIGIT) ? '0' : c;
}

/* Past the string whose opening quote is at `at`. */
static const char *pass_string(const char *at, const char *end)
{
    at++;
    for (;;) {
        at = skip_plain(at, end);
        assert(at < end);
        if (*at == '"')
            return at + 1;
        at += *at == '\\' ? 2 : 1;
    }
}

/* Past the value at `at`. */
static const char *pass_value(const char *at, const char *end)
{
    int depth = 0;
    do {
        assert(at < end);
        switch (*at) {
        case '"':
            at = pass_string(at, end);
            break;
        case '{':
        case '[':
            depth++;
            at++;
            break;
        case '}':
        case ']':
            depth--;
            at++;
            break;
        default:
            at++;
            /*
             * Inside a container all is passed up to the next quote or bracket; a scalar ends where something else
             * begins.
             */
            while (at < end && !is(*at, depth > 0 ? SHAPES : ENDS))
                at++;
        }
    } while (depth > 0);
    return at;
}

static const char *pass_blanks(const char *at, const char *end)
{
    while (at < end && is(*at, BLANK))
        at++;
    return at;
}

void json_walk_start(struct json_walk *walk, struct slice container)
{
    assert(container.len >= 2 && (*container.at == '{' || *container.at == '['));
    walk->at = container.at + 1;
    walk->end = container.at + container.len;
}

/* To the start of the next key or item; false at the closing bracket. */
static bool walk_next(struct json_walk *walk)
{
    walk->at = pass_blanks(walk->at, walk->end);
    if (walk->at < walk->end && *walk->at == ',')
        walk->at = pass_blanks(walk->at + 1, walk->end);
    return walk->at < walk->end && *walk->at != '}' && *walk->at != ']';
}

bool json_walk_member(struct json_walk *walk, struct slice *key, struct slice *value)
{
    if (!walk_next(walk))
        return false;
    const char *start = walk->at, *end = pass_string(start, walk->end);
    *key = (struct slice){start + 1, (size_t)(end - start) - 2};
    walk->at = pass_blanks(end, walk->end) + 1; /* the colon */
    return json_walk_item(walk, value);
}

bool json_walk_item(struct json_walk *walk, struct slice *value)
{
    if (!walk_next(walk))
        return false;
    const char *start = walk->at;
    walk->at = pass_value(start, walk->end);
    *value = (struct slice){start, (size_t)(walk->at - start)};
    return true;
}

/* ---- Strings of checked text ---- */

struct slice json_string_raw(struct slice value)
{
    assert(json_kind(value) == '"');
    return (struct slice){value.at + 1, value.len - 2};
}

static size_t put_utf8(uint32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xC0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xE0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

/* The bytes of the next character of a raw string, escapes undone; 0 at its end. */
static size_t next_character(struct slice *raw, char out[4])
{
    if (raw->len == 0)
        return 0;
    const char *at = raw->at;
    size_t taken, put;
    if (*at != '\\') {
        unsigned char lead = (unsigned char)*at;
        taken = put = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        memcpy(out, at, put);
    } else if (at[1] == 'u') {
        int unit = hex_four(at + 2);
        uint32_t point = (uint32_t)unit;
        taken = 6;
        if (is_high_surrogate(unit)) {
            point = 0x10000 + ((point - 0xD800) << 10) + (uint32_t)(hex_four(at + 8) - 0xDC00);
            taken = 12;
        }
        put = put_utf8(point, out);
    } else {
        static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
        const char *found = strchr(from, at[1]);
        out[0] = found == NULL ? at[1] : to[found - from];
        taken = 2;
        put = 1;
    }
    raw->at += taken;
    raw->len -= taken;
    return put;
}

bool json_string_is(struct slice raw, const char *text)
{
    size_t len = strlen(text);
    if (raw.len < len) /* escapes are longer than what they stand for */
        return false;
    bool escaped = memchr(raw.at, '\\', raw.len) != NULL;
    if (!escaped || raw.len == len)
        return !escaped && raw.len == len && memcmp(raw.at, text, len) == 0;
    char character[4];
    size_t put;
    while ((put = next_character(&raw, character)) > 0) {
        if (put > len || memcmp(character, text, put) != 0)
            return false;
        text += put;
        len -= put;
    }
    return len == 0;
}

bool json_string_same(struct slice a, struct slice b)
{
    if (memchr(a.at, '\\', a.len) == NULL && memchr(b.at, '\\', b.len) == NULL)
        return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
    for (;;) {
        char left[4], right[4];
        size_t n = next_character(&a, left);
        if (n != next_character(&b, right) || memcmp(left, right, n) != 0)
            return false;
        if (n == 0)
            return true;
    }
}

size_t json_string_copy(struct slice raw, char *out, size_t cap)
{
    assert(cap > 0);
    char character[4];
    size_t whole = 0, len = 0, put;
    while ((put = next_character(&raw, character)) > 0) {
        if (put == 1 && character[0] == '\0')
            return SIZE_MAX;
        if (len == whole && put < cap - len) { /* nothing was cut so far */
            memcpy(out + len, character, put);
            len += put;
        }
        whole += put;
    }
    out[len] = '\0';
    return whole;
}

/* ---- Numbers of checked text ---- */

enum json_number json_number_scaled(struct slice value, int decimals, int64_t *out)
{
    enum { EXPONENT_MAX = 1 << 24 }; /* past any text we accept: more cannot matter */
    static const int64_t limit = INT64_C(1000000000000000000);
    const char *at = value.at, *end = at + value.len, *mantissa, *mantissa_end;
    bool negative = *at == '-', point = false;
    at += negative;
    mantissa = at;
    int64_t exponent = decimals; /* what the digits, read as one integer, are to be multiplied by */
    int64_t written = 0;
    for (; at < end && (*at | 0x20) != 'e'; at++) {
        exponent -= point && *at != '.';
        point = point || *at == '.';
    }
    mantissa_end = at;
    if (at < end) {
        at++;
        bool below = *at == '-';
        at += *at == '-' || *at == '+';
        for (; at < end; at++)
            if (written < EXPONENT_MAX)
                written = written * 10 + (*at - '0');
        exponent += below ? -written : written;
    }

    int64_t digits = 0; /* of the mantissa, point left out, still to be used */
    for (at = mantissa; at < mantissa_end; at++)
        digits += *at != '.';
    int64_t whole = 0;
    enum json_number result = NUMBER_EXACT;
    bool round_up = false;
    for (at = mantissa; at < mantissa_end; at++) {
        if (*at == '.')
            continue;
        int digit = *at - '0';
        if (digits + exponent > 0) { /* this digit stands before the scaled point */
            if (whole > limit / 10)
                return NUMBER_TOO_BIG;
            whole = whole * 10 + digit;
        } else {
            round_up = round_up || (digits + exponent == 0 && digit >= 5);
            if (digit != 0)
                result = NUMBER_ROUNDED;
        }
        digits--;
    }
    for (; exponent > 0 && whole != 0; exponent--) {
        if (whole > limit / 10)
            return NUMBER_TOO_BIG;
        whole *= 10;
    }
    whole += round_up;
    if (whole > limit)
        return NUMBER_TOO_BIG;
    *out = negative ? -whole : whole;
    return result;
}
