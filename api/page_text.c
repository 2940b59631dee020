/* What pages are written with: escaping, numbers, dates and words as people read them, and the reading of results. */
#include "page.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- Writing ---- */

static void put_escaped(struct buf *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            buf_text(out, "&amp;");
            break;
        case '<':
            buf_text(out, "&lt;");
            break;
        case '>':
            buf_text(out, "&gt;");
            break;
        case '"':
            buf_text(out, "&quot;");
            break;
        case '\'':
            buf_text(out, "&#39;");
            break;
        default:
            buf_char(out, *text);
        }
}

/* The places of put(); the compiler has checked format and arguments against printf's rules, of which these are a
   few. */
void page_put(struct page *page, const char *format, ...)
{
    struct buf *out = &page->html;
    va_list list;
    va_start(list, format);
    while (*format) {
        size_t len = strcspn(format, "%");
        buf_put(out, format, len);
        format += len;
        if (*format == '\0')
            break;
        if (strncmp(format, "%s", 2) == 0) {
            const char *text = va_arg(list, const char *);
            put_escaped(out, text ? text : "");
            format += 2;
        } else if (strncmp(format, "%d", 2) == 0) {
            buf_integer(out, va_arg(list, int));
            format += 2;
        } else if (strncmp(format, "%zu", 3) == 0) {
            buf_integer(out, (int64_t)va_arg(list, size_t));
            format += 3;
        } else if (strncmp(format, "%lld", 4) == 0) {
            buf_integer(out, va_arg(list, long long));
            format += 4;
        } else if (format[1] == '.' && format[2] >= '0' && format[2] <= '9' && format[3] == 'f') {
            buf_format(out, "%.*f", format[2] - '0', va_arg(list, double));
            format += 4;
        } else {
            assert(format[1] == '%');
            buf_char(out, '%');
            format += 2;
        }
    }
    va_end(list);
}

const char *page_words(struct page *page, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int len = vsnprintf(NULL, 0, format, list);
    va_end(list);
    char *text = len < 0 ? NULL : page_room(page, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text ? text : "";
}

/* ---- Numbers ---- */

const char *say_number(struct page *page, int64_t number)
{
    char digits[24], grouped[40];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)(number < 0 ? -number : number));
    size_t len = 0;
    if (number < 0)
        len = (size_t)snprintf(grouped, sizeof grouped, "\u2212");
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            grouped[len++] = ',';
        grouped[len++] = digits[i];
    }
    grouped[len] = '\0';
    return page_words(page, "%s", grouped);
}

const char *say_count(struct page *page, int64_t number, const char *one, const char *many)
{
    return page_words(page, "%s %s", number == 0 ? "No" : say_number(page, number), number == 1 ? one : many);
}

const char *say_pounds(struct page *page, int64_t pounds)
{
    return page_words(page, "%s£%s", pounds < 0 ? "\u2212" : "", say_number(page, pounds < 0 ? -pounds : pounds));
}

const char *say_percent(struct page *page, double share, int decimals)
{
    return page_words(page, "%.*f%%", decimals, share * 100 + 0.0);
}

const char *say_benefit(struct page *page, double benefit)
{
    return page_words(page, "%.4f", fabs(benefit) < 5e-5 ? 0.0 : benefit);
}

const char *say_length(struct page *page, int64_t ms)
{
    if (ms < 1000)
        return "less than a second";
    int64_t s = (ms + 500) / 1000;
    if (s < 120)
        return say_count(page, s, "second", "seconds");
    int64_t minutes = (s + 30) / 60;
    if (minutes < 120)
        return say_count(page, minutes, "minute", "minutes");
    return say_count(page, (minutes + 30) / 60, "hour", "hours");
}

/* ---- Dates and words ---- */

const char *say_date(struct page *page, const char *iso)
{
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    int year, month, day, end = 0;
    if (sscanf(iso, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || iso[end] != '\0' || month < 1 || month > 12)
        return page_words(page, "%s", iso);
    return page_words(page, "%d %s %d", day, months[month - 1], year);
}

/* Whether a date of ten characters begins here. */
static bool is_date(const char *text)
{
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

const char *say_sentence(struct page *page, const char *sentence)
{
    struct buf out;
    buf_init(&out, 8 * strlen(sentence) + 64);
    for (const char *at_text = sentence; *at_text;) {
        size_t word = strspn(at_text, "abcdefghijklmnopqrstuvwxyz_0123456789");
        if (is_date(at_text)) {
            char iso[11] = {0};
            memcpy(iso, at_text, 10);
            buf_text(&out, say_date(page, iso));
            at_text += 10;
        } else if (memchr(at_text, '_', word) || (word == 3 && memcmp(at_text, "vsm", word) == 0)) {
            buf_text(&out, say_lower(page, page_words(page, "%.*s", (int)word, at_text)));
            at_text += word;
        } else {
            buf_put(&out, at_text, word ? word : 1);
            at_text += word ? word : 1;
        }
    }
    buf_char(&out, '\0');
    const char *said = out.failed ? "" : page_words(page, "%s", out.at);
    buf_fini(&out);
    return said;
}

/* Words of vocabularies that are more than their letters. */
static const char *known_word(const char *word)
{
    static const char *const words[][2] = {
        {"vsm", "very senior manager"},
        {"cqc_overall", "CQC overall rating"},
        {"cqc_well_led", "CQC well-led rating"},
        {"segment", "oversight segment"},
        {"league", "league table score"},
        {"engagement", "staff engagement"},
        {"vacancy", "time vacant"},
        {"icb", "integrated care board"},
        {"non_executive", "non-executive director"},
        {"fit_and_proper", "fit and proper person check"},
        {"fit_and_proper_until", "fit and proper person check"},
        {"nmc", "NMC registration"},
        {"gmc", "GMC registration"},
        {"hcpc", "HCPC registration"},
        {"gphc", "GPhC registration"},
        {"gdc", "GDC registration"},
        {"ccab", "CCAB qualification"},
        {"cipd", "CIPD membership"},
        {"flexible", "flexible working"},
        {"return_right", "right to return"},
        {"mentoring", "mentor's hours"},
        {"quality_outcomes", "quality and outcomes"},
        {"strategy_transformation", "strategy and transformation"},
        {"equality_inequalities", "equality and inequalities"},
        {"governance_assurance", "governance and assurance"},
        {"partners_communities", "partners and communities"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], word) == 0)
            return words[i][1];
    return NULL;
}

const char *say_lower(struct page *page, const char *word)
{
    const char *known = known_word(word), *from = known ? known : word;
    size_t size = strlen(from) + 1;
    char *said = page_room(page, size);
    if (said == NULL)
        return "";
    memcpy(said, from, size);
    for (char *c = said; *c; c++)
        if (*c == '_')
            *c = ' ';
    return said;
}

const char *say_upper(struct page *page, const char *text)
{
    size_t size = strlen(text) + 1;
    char *said = page_room(page, size);
    if (said == NULL)
        return "";
    memcpy(said, text, size);
    if (said[0] >= 'a' && said[0] <= 'z')
        said[0] = (char)(said[0] - 'a' + 'A');
    return said;
}

const char *say_inside(struct page *page, const char *text)
{
    bool capital = text[0] >= 'A' && text[0] <= 'Z', word = text[0] && text[1] >= 'a' && text[1] <= 'z';
    return capital && word ? page_words(page, "%c%s", text[0] - 'A' + 'a', text + 1) : text;
}

const char *say_word(struct page *page, const char *word)
{
    return say_upper(page, say_lower(page, word));
}

const char *say_rule(struct page *page, const char *rule)
{
    static const char *const rules[][2] = {
        {"role", "Role held before"},
        {"ready", "Ready in time"},
        {"excluded", "Not ruled out by the leader"},
        {"package", "A package can be offered"},
        {"filter", "As asked for"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i][0], rule) == 0)
            return rules[i][1];
    return say_word(page, rule);
}

const char *say_words(struct page *page, const json_t *words)
{
    const char *said = "";
    size_t n = json_array_size(words);
    for (size_t i = 0; i < n; i++) {
        const char *word = json_string_value(json_array_get(words, i));
        const char *joint = i == 0 ? "" : i + 1 == n ? " and " : ", ";
        said = page_words(page, "%s%s%s", said, joint, say_lower(page, word ? word : ""));
    }
    return said;
}

const char *say_segment(struct page *page, const json_t *segment)
{
    if (!json_is_integer(segment))
        return "No segment";
    return page_words(page, "Segment %lld", (long long)json_integer_value(segment));
}

const char *say_kind(struct page *page, const char *kind, int64_t number)
{
    static const char *const kinds[][3] = {
        {"organisation", "organisation", "organisations"},
        {"post", "post", "posts"},
        {"leader", "leader", "leaders"},
        {"package", "package", "packages"},
        {"mentor", "mentor", "mentors"},
        {"budget", "budget", "budgets"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i][0], kind) == 0)
            return kinds[i][number == 1 ? 1 : 2];
    return say_lower(page, kind);
}

/* ---- Ids and texts in URLs and params ---- */

const char *say_url(struct page *page, const char *id)
{
    char *said = page_room(page, 3 * strlen(id) + 1), *to = said;
    if (said == NULL)
        return "";
    for (; *id; id++) {
        unsigned char c = (unsigned char)*id;
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~", c))
            *to++ = (char)c;
        else
            to += snprintf(to, 4, "%%%02X", c);
    }
    *to = '\0';
    return said;
}

const char *say_json(struct page *page, const char *text)
{
    struct buf out;
    buf_init(&out, 6 * strlen(text) + 3);
    buf_json_string(&out, text, strlen(text));
    buf_char(&out, '\0');
    const char *said = out.failed ? "\"\"" : page_words(page, "%s", out.at);
    buf_fini(&out);
    return said;
}

/* ---- Queries and forms ---- */

const char *page_field(struct page *page, const char *name)
{
    const char *value = page->asked.field ? page->asked.field(page->asked.self, name) : NULL;
    return value ? value : "";
}

size_t page_number(struct page *page, const char *name, size_t max)
{
    const char *text = page_field(page, name);
    if (*text < '0' || *text > '9')
        return 0;
    unsigned long long number = strtoull(text, NULL, 10);
    return number > max ? max : (size_t)number;
}

/* ---- Reading results ---- */

json_t *at(const json_t *json, const char *path)
{
    char name[64];
    json_t *found = NULL;
    while (*path) {
        size_t len = strcspn(path, "/");
        assert(len < sizeof name);
        memcpy(name, path, len);
        name[len] = '\0';
        json = found = json_object_get(json, name);
        path += len + (path[len] == '/');
    }
    return json_is_null(found) ? NULL : found;
}

const char *text_at(const json_t *json, const char *path)
{
    const char *text = json_string_value(at(json, path));
    return text ? text : "";
}

int64_t number_at(const json_t *json, const char *path)
{
    return json_integer_value(at(json, path));
}

double real_at(const json_t *json, const char *path)
{
    return json_number_value(at(json, path));
}

bool true_at(const json_t *json, const char *path)
{
    return json_is_true(at(json, path));
}

bool known_at(const json_t *json, const char *path)
{
    return at(json, path) != NULL;
}
