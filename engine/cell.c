/*
 * Cells. Every type has one parser, strict on purpose: a planner who exports a wrong column should hear of it here and
 * not find out from a shortlist. Numbers are read as integers, so that no NaN, exponent or rounding can come in.
 */
#include "cell.h"
#include "table.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 2000, DIGITS_MAX = 18, EXPECTED_MAX = 320, ID_BYTES_MAX = 32 };

typedef bool parse(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                   int64_t *value);

static parse parse_text, parse_id, parse_number, parse_date, parse_flag, parse_word, parse_words, parse_references;

static bool refuse(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                   const char *expected);

bool cell_parse(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                int64_t *value)
{
    static parse *const parsers[] = {
        [WM_TEXT] = parse_text,      [WM_ID] = parse_id,       [WM_INTEGER] = parse_number,
        [WM_DECIMAL] = parse_number, [WM_DATE] = parse_date,   [WM_FLAG] = parse_flag,
        [WM_WORD] = parse_word,      [WM_WORDS] = parse_words, [WM_REFERENCES] = parse_references};
    static const char blanks[] = " \t\n";

    *value = WM_MISSING;
    if (len == 0) {
        if (rules->column->required)
            fault_add(place->faults, place->file, place->line, place->number, "a value", "%s is empty",
                      rules->column->name);
        return !rules->column->required;
    }
    if (!text_is_clean(text, len))
        return refuse(rules, place, text, len, "text in UTF-8 without control characters");
    if (memchr(blanks, text[0], 3) || memchr(blanks, text[len - 1], 3))
        return refuse(rules, place, text, len, "no blank before or after the value");
    return parsers[rules->column->type](rules, place, text, len, value);
}

bool cell_is_text(enum wm_type type)
{
    return type == WM_TEXT || type == WM_ID || type == WM_REFERENCES;
}

static bool refuse(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                   const char *expected)
{
    char shown[TEXT_SHOWN];
    fault_add(place->faults, place->file, place->line, place->number, expected, "%s is %s", rules->column->name,
              text_show(shown, text, len));
    return false;
}

/* ---- Text, ids, references ---- */

static bool parse_text(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                       int64_t *value)
{
    if (len > TEXT_BYTES_MAX)
        return refuse(rules, place, text, len, "at most 2000 bytes");
    *value = 0;
    return true;
}

static bool id_well_formed(const char *text, size_t len, bool upper_case)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool also = (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';
        if (!plain && (upper_case || !also))
            return false;
    }
    return len >= 1 && len <= ID_BYTES_MAX;
}

static bool refers(const struct table *target, const char *id, size_t len)
{
    char text[ID_BYTES_MAX + 1];
    size_t row;
    memcpy(text, id, len);
    text[len] = '\0';
    return table_find(target, text, &row) == WM_OK;
}

static bool refuse_reference(const struct cell_rules *rules, const struct cell_place *place, const char *id, size_t len)
{
    char expected[EXPECTED_MAX], shown[TEXT_SHOWN];
    const struct table *target = rules->target;
    struct nearest nearest;
    nearest_init(&nearest, id, len);
    if (faults_all_kept(place->faults) && target->n_rows <= *rules->effort) {
        *rules->effort -= target->n_rows;
        for (size_t row = 0; row < target->n_rows; row++)
            nearest_offer(&nearest, target->id[row]);
    }
    const char *near = nearest_name(&nearest);
    snprintf(expected, sizeof expected, "an id in %s%s%s", rules->column->of, near ? "; the nearest is " : "",
             near ? near : "");
    fault_add(place->faults, place->file, place->line, place->number, expected, "%s names %s, which is not in %s",
              rules->column->name, text_show(shown, id, len), rules->column->of);
    return false;
}

static bool parse_id(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                     int64_t *value)
{
    const struct wm_column *column = rules->column;
    if ((int64_t)len < column->min || (int64_t)len > column->max || !id_well_formed(text, len, rules->upper_case)) {
        char expected[EXPECTED_MAX];
        snprintf(expected, sizeof expected, "an id of %" PRId64 " to %" PRId64 " characters out of %s", column->min,
                 column->max, rules->upper_case ? "A-Z 0-9" : "A-Z a-z 0-9 _ - .");
        return refuse(rules, place, text, len, expected);
    }
    if (rules->target && !refers(rules->target, text, len))
        return refuse_reference(rules, place, text, len);
    *value = 0;
    return true;
}

/* Cuts the next item off a list; false at its end. An empty item comes out with length 0. */
static bool next_item(const char **at, const char *end, const char **item, size_t *len)
{
    if (*at > end)
        return false;
    const char *stop = memchr(*at, ';', (size_t)(end - *at));
    stop = stop ? stop : end;
    *item = *at;
    *len = (size_t)(stop - *at);
    *at = stop + 1;
    return true;
}

static bool parse_references(const struct cell_rules *rules, const struct cell_place *place, const char *text,
                             size_t len, int64_t *value)
{
    const char *items[REFERENCES_MAX];
    size_t lens[REFERENCES_MAX], n = 0, item_len;
    const char *at = text, *end = text + len, *item;
    bool fine = true;
    while (next_item(&at, end, &item, &item_len)) {
        if (n == REFERENCES_MAX)
            return refuse(rules, place, text, len, "at most 1000 ids");
        if (!id_well_formed(item, item_len, false))
            return refuse(rules, place, text, len, "ids separated by ';', without blanks");
        for (size_t i = 0; i < n; i++)
            if (lens[i] == item_len && memcmp(items[i], item, item_len) == 0)
                return refuse(rules, place, text, len, "each id once");
        items[n] = item;
        lens[n++] = item_len;
        if (rules->target && !refers(rules->target, item, item_len))
            fine = refuse_reference(rules, place, item, item_len);
    }
    *value = 0;
    return fine;
}

/* ---- Numbers, dates, flags ---- */

/* -?digits(.digits)? with no needless zero in front, as an integer scaled by 10^decimals. */
static bool scan_number(const char *text, size_t len, int decimals, int64_t *value)
{
    const char *at = text, *end = text + len;
    bool negative = at < end && *at == '-';
    at += negative;
    const char *whole = at;
    int64_t sum = 0;
    while (at < end && *at >= '0' && *at <= '9' && at - whole < DIGITS_MAX)
        sum = sum * 10 + (*at++ - '0');
    if (at == whole || (*whole == '0' && at - whole > 1))
        return false;
    if (at < end && *at == '.' && decimals > 0) {
        const char *point = at++;
        while (at < end && *at >= '0' && *at <= '9' && at - point <= decimals && at - whole <= DIGITS_MAX) {
            sum = sum * 10 + (*at++ - '0');
        }
        if (at - point == 1)
            return false;
        decimals -= (int)(at - point) - 1;
    }
    while (decimals-- > 0)
        if (__builtin_mul_overflow(sum, 10, &sum))
            return false;
    *value = negative ? -sum : sum;
    return at == end;
}

static size_t write_number(char *out, int64_t value, int decimals);

static bool parse_number(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                         int64_t *value)
{
    const struct wm_column *column = rules->column;
    bool sign_fits = column->min < 0 || *text != '-';
    if (sign_fits && scan_number(text, len, column->decimals, value) && *value >= column->min && *value <= column->max)
        return true;
    char expected[EXPECTED_MAX], low[24], high[24];
    low[write_number(low, column->min, column->decimals)] = '\0';
    high[write_number(high, column->max, column->decimals)] = '\0';
    if (column->decimals)
        snprintf(expected, sizeof expected, "a number from %s to %s with at most %d digit%s after the point", low, high,
                 column->decimals, column->decimals == 1 ? "" : "s");
    else
        snprintf(expected, sizeof expected, "a whole number from %s to %s", low, high);
    return refuse(rules, place, text, len, expected);
}

static bool parse_date(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                       int64_t *value)
{
    int32_t day;
    if (!wm_date_parse(text, len, &day))
        return refuse(rules, place, text, len, "a day as YYYY-MM-DD, from 1900 to 2199");
    *value = day;
    return true;
}

static bool parse_flag(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                       int64_t *value)
{
    if (len != 1 || (*text != '0' && *text != '1'))
        return refuse(rules, place, text, len, "0 or 1");
    *value = *text - '0';
    return true;
}

/* ---- Words ---- */

static bool refuse_word(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len)
{
    const struct vocabulary *vocabulary = rules->vocabulary;
    char expected[EXPECTED_MAX] = "";
    if (faults_all_kept(place->faults)) {
        struct nearest nearest;
        nearest_init(&nearest, text, len);
        for (size_t i = 0; i < vocabulary->n; i++)
            nearest_offer(&nearest, vocabulary->words[i].name);
        const char *near = nearest_name(&nearest);
        int at = snprintf(expected, sizeof expected, "one of ");
        for (size_t i = 0; i < vocabulary->n; i++) {
            if (at + strlen(vocabulary->words[i].name) + 100 > sizeof expected) { /* room for the nearest one */
                at += snprintf(expected + at, sizeof expected - at, "%s...", i ? ", " : "");
                break;
            }
            at += snprintf(expected + at, sizeof expected - at, "%s%s", i ? ", " : "", vocabulary->words[i].name);
        }
        if (near)
            snprintf(expected + at, sizeof expected - at, "; the nearest is %s", near);
    }
    return refuse(rules, place, text, len, expected);
}

static bool refuse_day(const struct cell_rules *rules, const struct cell_place *place, const struct word *word)
{
    char expected[EXPECTED_MAX], day[11], other[11];
    bool over = word->until < rules->as_of;
    wm_date_format(rules->as_of, day);
    wm_date_format(over ? word->until : word->from, other);
    snprintf(expected, sizeof expected, "a word that is valid on %s, the policy's day", day);
    fault_add(place->faults, place->file, place->line, place->number, expected, "%s is '%s', which is valid only %s %s",
              rules->column->name, word->name, over ? "until" : "from", other);
    return false;
}

/* One word of the vocabulary; *index stays 0 when there is no vocabulary to check against. */
static bool read_word(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                      int *index)
{
    *index = 0;
    if (!rules->vocabulary)
        return true;
    int found = vocabulary_find(rules->vocabulary, text, len);
    if (found < 0)
        return refuse_word(rules, place, text, len);
    const struct word *word = &rules->vocabulary->words[found];
    if (rules->as_of != INT32_MIN && (rules->as_of < word->from || rules->as_of > word->until))
        return refuse_day(rules, place, word);
    *index = found;
    return true;
}

static bool parse_word(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                       int64_t *value)
{
    int index;
    bool fine = read_word(rules, place, text, len, &index);
    *value = index;
    return fine;
}

static bool parse_words(const struct cell_rules *rules, const struct cell_place *place, const char *text, size_t len,
                        int64_t *value)
{
    const char *at = text, *end = text + len, *item;
    size_t item_len;
    bool fine = true;
    *value = 0;
    while (next_item(&at, end, &item, &item_len)) {
        int index;
        if (item_len == 0)
            return refuse(rules, place, text, len, "words separated by ';', none of them empty");
        if (!read_word(rules, place, item, item_len, &index)) {
            fine = false;
        } else if (rules->vocabulary) {
            if (*value >> index & 1)
                return refuse(rules, place, text, len, "each word once");
            *value |= INT64_C(1) << index;
        }
    }
    return fine;
}

/* ---- Back to text ---- */

struct writer {
    char *buf;
    size_t cap, len; /* len counts on when the room is used up */
};

static void put(struct writer *writer, const char *text, size_t len)
{
    if (writer->len < writer->cap) {
        size_t room = writer->cap - writer->len;
        memcpy(writer->buf + writer->len, text, len < room ? len : room);
    }
    writer->len += len;
}

/* At most 21 bytes, no NUL. Zeros at the end of the fraction are left out. */
static size_t write_number(char *out, int64_t value, int decimals)
{
    char reversed[24];
    size_t n = 0, len = 0;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    while (decimals > 0 && rest % 10 == 0) {
        rest /= 10;
        decimals--;
    }
    bool fraction = decimals > 0;
    do {
        if (fraction && decimals-- == 0)
            reversed[n++] = '.';
        reversed[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest || (fraction && decimals >= 0));
    if (value < 0)
        out[len++] = '-';
    while (n)
        out[len++] = reversed[--n];
    return len;
}

static void put_words(struct writer *writer, const struct vocabulary *vocabulary, uint64_t set)
{
    const char *separator = "";
    for (; set; set &= set - 1) {
        size_t i = (size_t)__builtin_ctzll(set);
        put(writer, separator, strlen(separator));
        put(writer, vocabulary->words[i].name, strlen(vocabulary->words[i].name));
        separator = ";";
    }
}

size_t cell_format(const struct wm_column *column, const struct vocabulary *vocabulary, int64_t value, const char *text,
                   char *buf, size_t cap)
{
    struct writer writer = {buf, cap, 0};
    char number[24];
    if (value == WM_MISSING) {
        if (cap)
            *buf = '\0';
        return 0;
    }
    switch (column->type) {
    case WM_TEXT:
    case WM_ID:
    case WM_REFERENCES:
        put(&writer, text, strlen(text));
        break;
    case WM_INTEGER:
    case WM_DECIMAL:
    case WM_FLAG:
        put(&writer, number, write_number(number, value, column->decimals));
        break;
    case WM_DATE:
        wm_date_format((int32_t)value, number);
        put(&writer, number, 10);
        break;
    case WM_WORD:
        put(&writer, vocabulary->words[value].name, strlen(vocabulary->words[value].name));
        break;
    case WM_WORDS:
        put_words(&writer, vocabulary, (uint64_t)value);
        break;
    }
    if (cap)
        buf[text_cut(buf, writer.len, cap - 1)] = '\0';
    return writer.len;
}
