/*
 * Text and dates: edit distance, nearest names, UTF-8, and the calendar.
 *
 * The distance is Damerau and Levenshtein's with unrestricted adjacent transpositions (Lowrance and Wagner 1975), a true
 * metric. The calendar is Hinnant's days_from_civil ("chrono-compatible low-level date algorithms").
 */
#include "text.h"
#include "wellmatch.h"

#include <string.h>

enum { YEAR_FIRST = 1900, YEAR_LAST = 2199 };

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

unsigned wm_text_distance(const char *a, const char *b)
{
    size_t n = strnlen(a, DISTANCE_BYTES), m = strnlen(b, DISTANCE_BYTES);
    while (n && m && lower(a[n - 1]) == lower(b[m - 1]))
        n--, m--;
    while (n && m && lower(*a) == lower(*b))
        a++, b++, n--, m--;
    if (!n || !m)
        return (unsigned)(n + m);

    /* cost[i + 1][j + 1] of a[0..i) against b[0..j); row and column 0 stand for "never seen". */
    unsigned char cost[DISTANCE_BYTES + 2][DISTANCE_BYTES + 2];
    unsigned char seen_row[256] = {0}; /* the last row whose byte was this, from 1 */
    unsigned never = (unsigned)(n + m);
    cost[0][0] = (unsigned char)never;
    for (size_t i = 0; i <= n; i++) {
        cost[i + 1][0] = (unsigned char)never;
        cost[i + 1][1] = (unsigned char)i;
    }
    for (size_t j = 0; j <= m; j++) {
        cost[0][j + 1] = (unsigned char)never;
        cost[1][j + 1] = (unsigned char)j;
    }
    for (size_t i = 1; i <= n; i++) {
        size_t match_column = 0;
        for (size_t j = 1; j <= m; j++) {
            size_t row = seen_row[lower(b[j - 1])], column = match_column;
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            unsigned best = cost[i][j] + (same ? 0u : 1u);
            unsigned other = cost[i + 1][j] + 1u;
            best = other < best ? other : best;
            other = cost[i][j + 1] + 1u;
            best = other < best ? other : best;
            other = (unsigned)(cost[row][column] + (i - row - 1) + 1 + (j - column - 1));
            best = other < best ? other : best;
            cost[i + 1][j + 1] = (unsigned char)best;
            if (same)
                match_column = j;
        }
        seen_row[lower(a[i - 1])] = (unsigned char)i;
    }
    return cost[n + 1][m + 1];
}

/* ---- Dates ---- */

static int32_t days_of(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400, year_of_era = y - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static bool digits(const char *text, size_t n, int *value)
{
    *value = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *value = *value * 10 + (text[i] - '0');
    }
    return true;
}

bool wm_date_parse(const char *text, size_t len, int32_t *day)
{
    static const unsigned char month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y, m, d;
    if (len != 10 || text[4] != '-' || text[7] != '-')
        return false;
    if (!digits(text, 4, &y) || !digits(text + 5, 2, &m) || !digits(text + 8, 2, &d))
        return false;
    if (y < YEAR_FIRST || y > YEAR_LAST || m < 1 || m > 12 || d < 1)
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (d > month_days[m - 1] + (m == 2 && leap ? 1 : 0))
        return false;
    *day = days_of(y, m, d);
    return true;
}

/* A day outside the years that wm_date_parse accepts is written as 0000-00-00 rather than as some other day. */
void wm_date_format(int32_t day, char out[11])
{
    memcpy(out, "0000-00-00", 11);
    if (day < days_of(YEAR_FIRST, 1, 1) || day > days_of(YEAR_LAST, 12, 31))
        return;
    int z = day + 719468;
    int era = z / 146097, day_of_era = z - era * 146097;
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted = (5 * day_of_year + 2) / 153; /* months from March */
    int month = shifted < 10 ? shifted + 3 : shifted - 9;
    int year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
    int d = day_of_year - (153 * shifted + 2) / 5 + 1;
    int parts[] = {year / 1000, year / 100 % 10, year / 10 % 10, year % 10, 0, month / 10, month % 10,
                   0,           d / 10,          d % 10};
    for (int i = 0; i < 10; i++)
        out[i] = (char)(out[i] + parts[i]);
}

/* ---- Messages ---- */

/* Bytes of the UTF-8 character at `text`, 0 when it is not well formed (RFC 3629, table 3-7 of Unicode). */
static size_t character(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
               : s[0] >= 0xe0 && s[0] <= 0xef ? 3
               : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                              : 0;
    if (n == 0 || n > len)
        return 0;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    return n;
}

static bool control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

bool text_is_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = text[i] >= ' ' && text[i] < 0x7f ? 1 : character(text + i, len - i); /* nearly all is plain ASCII */
        if (n == 0 || (control(text[i]) && text[i] != '\n'))
            return false;
        i += n;
    }
    return true;
}

bool text_is_utf16(const char *bytes, size_t len)
{
    if (len < 2)
        return false;
    if (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0)
        return true;
    return (bytes[0] == '\0') != (bytes[1] == '\0');
}

size_t text_cut(const char *text, size_t len, size_t cap)
{
    if (len <= cap)
        return len;
    while (cap && ((unsigned char)text[cap] & 0xc0) == 0x80)
        cap--;
    return cap;
}

const char *text_show(char buf[TEXT_SHOWN], const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;
    buf[at++] = '\'';
    for (size_t i = 0; i < len;) {
        size_t n = character(text + i, len - i);
        bool plain = n && !control(text[i]);
        if (at + (plain ? n : 4) > TEXT_SHOWN - 5) { /* room for the three dots, the quote and the end */
            memcpy(buf + at, "...", 3);
            at += 3;
            break;
        }
        if (plain) {
            memcpy(buf + at, text + i, n);
            at += n;
            i += n;
        } else {
            unsigned char c = (unsigned char)text[i++];
            char escaped[] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
            memcpy(buf + at, escaped, 4);
            at += 4;
        }
    }
    buf[at++] = '\'';
    buf[at] = '\0';
    return buf;
}

void nearest_init(struct nearest *nearest, const char *to, size_t len)
{
    len = len < sizeof nearest->to ? len : sizeof nearest->to - 1;
    memcpy(nearest->to, to, len);
    nearest->to[len] = '\0';
    nearest->name = NULL;
    nearest->distance = 0;
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    unsigned distance = wm_text_distance(nearest->to, name);
    if (!nearest->name || distance < nearest->distance) {
        nearest->name = name;
        nearest->distance = distance;
    }
}

/* Near: a third of the longer name may differ. More would suggest names that only share a length. */
const char *nearest_name(const struct nearest *nearest)
{
    if (!nearest->name)
        return NULL;
    size_t a = strlen(nearest->to), b = strnlen(nearest->name, DISTANCE_BYTES);
    size_t longer = a > b ? a : b;
    return nearest->distance * 3 <= longer + 1 ? nearest->name : NULL;
}
