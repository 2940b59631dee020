/*
 * policy.json as JSON. jansson reads the text; a fault carries the path to its value, and locate.c finds its line and
 * character.
 */
#include "reader.h"
#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { POLICY_BYTES_MAX = LOCATE_BYTES_MAX, PATH_MAX_BYTES = 200 };

static const char file_name[] = "policy.json";

static void complain_of_json(struct reader *reader, const json_error_t *error);
static size_t write_path(const struct at *at, char *buf, size_t cap);

/* ---- The text ---- */

/*
 * Reads the text twice and compares. jansson's lexer does not look at whether its buffer could grow (strbuffer_append_byte
 * in load.c), so that short memory could otherwise pass for another text; two equal readings rule that out.
 */
int reader_read(struct reader *reader, const char *bytes, size_t len, json_t **out)
{
    if (len > POLICY_BYTES_MAX) {
        fault_add(reader->faults, file_name, 0, 0, "at most 1 MiB", "the file has %zu bytes", len);
        return WM_EDATA;
    }
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        len -= 3;
    }
    if (text_is_utf16(bytes, len)) {
        fault_add(reader->faults, file_name, 0, 0, "UTF-8", "the file is encoded as UTF-16");
        return WM_EDATA;
    }
    reader->locator.text = bytes;
    reader->locator.len = len;
    json_error_t error, again;
    json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
    json_t *second = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &again);
    int status = WM_OK;
    if (root && second) {
        status = json_equal(root, second) ? WM_OK : WM_EMEMORY;
    } else if (root || second || !*error.text || json_error_code(&error) == json_error_out_of_memory ||
               strcmp(error.text, again.text) != 0) {
        status = WM_EMEMORY;
    } else {
        complain_of_json(reader, &error);
        status = WM_EDATA;
    }
    json_decref(second);
    if (status == WM_OK)
        *out = root;
    else
        json_decref(root);
    return status;
}

/* jansson stops behind the token that it cannot take. Whether this is such a fault, and not one inside a string. */
static bool ends_a_token(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
    case json_error_numeric_overflow:
    case json_error_null_character:
    case json_error_end_of_input_expected:
        return true;
    case json_error_invalid_syntax:
        return strstr(error->text, " expected") || strstr(error->text, " token");
    default:
        return false;
    }
}

static bool in_a_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("+-._", c));
}

/* Of the token that ends before `end`. Of the quotation marks within a string only its first has no \ before it. */
static size_t token_start(const char *text, size_t end)
{
    const char *at = text + end - 1;
    if (*at == '"' && at > text)
        do
            at--;
        while (at > text && (*at != '"' || at[-1] == '\\'));
    else
        while (at > text && in_a_word(*at) && in_a_word(at[-1]))
            at--;
    return (size_t)(at - text);
}

static void complain_of_json(struct reader *reader, const json_error_t *error)
{
    struct place place = {error->line > 0 ? error->line : 0, error->column > 0 ? error->column : 0};
    bool inside = error->position > 0 && (size_t)error->position <= reader->locator.len;
    if (inside && ends_a_token(error))
        place = locate_byte(&reader->locator, token_start(reader->locator.text, (size_t)error->position));
    const char *why = !text_is_clean(error->text, strlen(error->text))      ? "an invalid token"
                      : json_error_code(error) == json_error_null_character ? "\\u0000 may not be part of a string"
                                                                            : error->text;
    fault_add(reader->faults, file_name, place.line, place.column, "JSON as RFC 8259", "the text is not JSON: %s", why);
}

/* ---- Complaining ---- */

void reader_complain(struct reader *reader, const struct at *at, const char *expected, const char *format, ...)
{
    struct place place = {1, 1};
    char what[TITLE_MAX_BYTES + TEXT_SHOWN] = "", path[PATH_MAX_BYTES] = "";
    reader->found++;
    if (faults_all_kept(reader->faults)) {
        place = locate_value(&reader->locator, at);
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(what, sizeof what, format, arguments);
        va_end(arguments);
        write_path(at, path, sizeof path);
    }
    fault_add(reader->faults, file_name, place.line, place.column, expected, "%s %s", at ? path : "the policy", what);
}

static size_t write_path(const struct at *at, char *buf, size_t cap)
{
    if (!at) {
        *buf = '\0';
        return 0;
    }
    size_t len = write_path(at->up, buf, cap);
    if (len >= cap)
        return len;
    bool plain = at->key && reader_is_key(at->key);
    int more = at->key ? snprintf(buf + len, cap - len, "%s%s", len ? "." : "", plain ? at->key : "(a key)")
                       : snprintf(buf + len, cap - len, "[%zu]", at->index);
    return len + (size_t)more;
}

/* ---- Values ---- */

bool reader_is_key(const char *key)
{
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    return strlen(key) <= WORD_MAX_BYTES && !key[strspn(key, characters)];
}

static const char *kind_of(json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    default:
        return "null";
    }
}

bool reader_is_object(struct reader *reader, const struct at *at, json_t *value)
{
    if (!json_is_object(value))
        reader_complain(reader, at, "an object", "is %s", kind_of(value));
    return json_is_object(value);
}

json_t *reader_member(struct reader *reader, const struct at *at, json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (!value)
        reader_complain(reader, at, "each member that belongs there", "has no member %s", name);
    return value;
}

void reader_check_members(struct reader *reader, const struct at *at, json_t *object, const char *const *names,
                          size_t n)
{
    for (void *each = json_object_iter(object); each; each = json_object_iter_next(object, each)) {
        const char *key = json_object_iter_key(each);
        size_t i = 0;
        while (i < n && strcmp(names[i], key) != 0)
            i++;
        if (i < n)
            continue;
        char expected[TEXT_SHOWN];
        struct nearest nearest;
        nearest_init(&nearest, key, strlen(key));
        for (i = 0; i < n; i++)
            nearest_offer(&nearest, names[i]);
        const char *near = nearest_name(&nearest);
        snprintf(expected, sizeof expected, "%s%s",
                 near ? "the nearest known one is " : "only members that belong there", near ? near : "");
        reader_complain(reader, &(struct at){at, key, 0}, expected, "is not a known member");
    }
}

/* A copy of a string of 1 to `max` bytes on one line. */
static const char *string(struct reader *reader, const struct at *at, json_t *value, size_t max)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    bool fine = text && len >= 1 && len <= max && text_is_clean(text, len) && !memchr(text, '\n', len) &&
                *text != ' ' && text[len - 1] != ' ';
    if (!fine) {
        char expected[TEXT_SHOWN], shown[TEXT_SHOWN];
        snprintf(expected, sizeof expected, "a string of 1 to %zu bytes without blanks around it", max);
        reader_complain(reader, at, expected, "is %s", text ? text_show(shown, text, len) : kind_of(value));
        return NULL;
    }
    const char *copy = arena_text(reader->arena, text, len);
    if (!copy)
        reader->status = WM_EMEMORY;
    return copy;
}

const char *reader_string_member(struct reader *reader, const struct at *at, json_t *object, const char *name,
                                 size_t max, bool required)
{
    json_t *value = required ? reader_member(reader, at, object, name) : json_object_get(object, name);
    return value ? string(reader, &(struct at){at, name, 0}, value, max) : NULL;
}

const char *reader_name_member(struct reader *reader, const struct at *at, json_t *object)
{
    const char *name = reader_string_member(reader, at, object, "name", NAME_MAX_BYTES, true);
    if (name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")]) {
        reader_complain(reader, &(struct at){at, "name", 0}, "small letters, digits and underscores", "is '%s'", name);
        return NULL;
    }
    return name;
}

void reader_date_member(struct reader *reader, const struct at *at, json_t *object, const char *name, int32_t *day)
{
    const struct at here = {at, name, 0};
    json_t *value = json_object_get(object, name);
    const char *text = value ? string(reader, &here, value, TITLE_MAX_BYTES) : NULL;
    if (text && !wm_date_parse(text, strlen(text), day))
        reader_complain(reader, &here, "a day as YYYY-MM-DD, from 1900 to 2199", "is '%s'", text);
}

void reader_check_source(struct reader *reader, const struct at *at, json_t *object)
{
    json_t *value = reader_member(reader, at, object, "source");
    const struct at here = {at, "source", 0};
    const char *key = value ? string(reader, &here, value, TITLE_MAX_BYTES) : NULL;
    if (!key || !reader->sources || json_object_get(reader->sources, key))
        return;
    struct nearest nearest;
    char expected[160];
    nearest_init(&nearest, key, strlen(key));
    void *each = json_object_iter(reader->sources);
    for (size_t i = 0; each && i < SOURCES_MAX; i++, each = json_object_iter_next(reader->sources, each))
        nearest_offer(&nearest, json_object_iter_key(each));
    const char *near = nearest_name(&nearest);
    snprintf(expected, sizeof expected, "a key of sources%s%.60s", near ? "; the nearest is " : "", near ? near : "");
    reader_complain(reader, &here, expected, "is '%s'", key);
}

bool reader_number(struct reader *reader, const struct at *at, json_t *value, double min, double max, bool whole,
                   double *out)
{
    double v = json_number_value(value);
    if (json_is_number(value) && v >= min && v <= max && (!whole || v == floor(v))) {
        *out = v;
        return true;
    }
    char expected[TEXT_SHOWN];
    if (min == max)
        snprintf(expected, sizeof expected, "the number %.10g", min);
    else
        snprintf(expected, sizeof expected, "a %snumber from %.10g to %.10g", whole ? "whole " : "", min, max);
    if (json_is_number(value))
        reader_complain(reader, at, expected, "is %.10g", v);
    else
        reader_complain(reader, at, expected, "is %s", kind_of(value));
    return false;
}

bool reader_number_member(struct reader *reader, const struct at *at, json_t *object, const char *name, double min,
                          double max, double *out)
{
    json_t *value = reader_member(reader, at, object, name);
    return value && reader_number(reader, &(struct at){at, name, 0}, value, min, max, false, out);
}

bool reader_sourced_member(struct reader *reader, const struct at *at, json_t *object, const char *name, double min,
                           double max, bool whole, double *out)
{
    static const char *const members[] = {"value", "source"};
    const struct at here = {at, name, 0};
    json_t *sourced = reader_member(reader, at, object, name);
    if (!sourced || !reader_is_object(reader, &here, sourced))
        return false;
    reader_check_members(reader, &here, sourced, members, 2);
    reader_check_source(reader, &here, sourced);
    json_t *value = reader_member(reader, &here, sourced, "value");
    return value && reader_number(reader, &(struct at){&here, "value", 0}, value, min, max, whole, out);
}

size_t reader_array_length(struct reader *reader, const struct at *at, json_t *array, size_t min, size_t max)
{
    size_t n = json_array_size(array);
    if (json_is_array(array) && n >= min && n <= max)
        return n;
    char expected[TEXT_SHOWN];
    snprintf(expected, sizeof expected, "an array of %zu to %zu items", min, max);
    if (json_is_array(array))
        reader_complain(reader, at, expected, "has %zu items", n);
    else
        reader_complain(reader, at, expected, "is %s", kind_of(array));
    return 0;
}
