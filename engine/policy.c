/*
 * policy.json to struct policy: every number a planner may argue with, its range checked and its source known.
 *
 * jansson reads the text. It keeps no positions of values, so a fault carries the path to its value and a small walk
 * along the (by then well-formed) text finds line and character. The walk goes on where the last one ended, for faults
 * come nearly in the order of the text, and a text of faults alone is walked once, not once for each of them. Faults do
 * not stop the reading; what a fault has made doubtful (a vocabulary, the domains) is left out of the result, so that
 * CSV cells are not judged by it.
 */
#include "internal.h"
#include "schema.h"
#include "text.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <sha256.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    POLICY_BYTES_MAX = 1 << 20,
    SOURCES_MAX = 1000,
    NAME_MAX_BYTES = 32,
    WORD_MAX_BYTES = 64,
    TITLE_MAX_BYTES = 300,
    PATH_MAX_BYTES = 200,
    MARK_BYTES = 1024, /* of text from one mark to the next */
    DEPTH_MAX = 8      /* steps of the longest path that this file looks at */
};

static const char file_name[] = "policy.json";

#define KEY_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

/* The way from the root to a value; each frame lives on the stack of the function that looks at the value. */
struct at {
    const struct at *up;
    const char *key; /* NULL: an item of an array */
    size_t index;
};

struct mark {
    long line, column;
};

/* A member or item of a container in the text, where the next search in that container begins. */
struct spot {
    const char *container, *child;
    size_t index;
};

struct reader {
    struct arena *arena;
    struct wm_faults *faults;
    const char *text;
    size_t len;
    bool marked;                                          /* the marks are made with the first fault */
    struct mark marks[POLICY_BYTES_MAX / MARK_BYTES + 1]; /* of every MARK_BYTES-th byte */
    struct spot spots[DEPTH_MAX];                         /* found last, by depth */
    json_t *sources;
    struct policy *policy;
    size_t found; /* faults of this file */
    int status;   /* WM_EMEMORY sticks */
};

static int read_json(struct reader *reader, json_t **out);
static void complain_of_json(struct reader *reader, const json_error_t *error);
static void read_root(struct reader *reader, json_t *root);
static void read_sources(struct reader *reader, const struct at *at, json_t *sources);
static void read_domains(struct reader *reader, const struct at *at, json_t *domains);
static void read_components(struct reader *reader, const struct at *at, json_t *components);
static void read_vocabularies(struct reader *reader, const struct at *at, json_t *vocabularies);
static void read_numbers(struct reader *reader, json_t *root);
static int take_digest(json_t *root, char digest[33]);

static void complain(struct reader *reader, const struct at *at, const char *expected, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

int policy_parse(struct arena *arena, const char *bytes, size_t len, struct wm_faults *faults, struct policy *out)
{
    struct reader reader = {
        .arena = arena, .faults = faults, .text = bytes, .len = len, .policy = out, .status = WM_OK};
    json_t *root = NULL;

    memset(out, 0, sizeof *out);
    out->as_of = INT32_MIN;
    if (len > POLICY_BYTES_MAX) {
        fault_add(faults, file_name, 0, 0, "at most 1 MiB", "the file has %zu bytes", len);
        return WM_EDATA;
    }
    int status = read_json(&reader, &root);
    if (status != WM_OK)
        return status;
    read_root(&reader, root);
    if (reader.status == WM_OK && reader.found == 0)
        reader.status = take_digest(root, out->digest);
    json_decref(root);
    if (reader.status != WM_OK)
        return reader.status;
    return reader.found ? WM_EDATA : WM_OK;
}

const struct vocabulary *policy_vocabulary(const struct policy *policy, const char *name)
{
    for (size_t v = 0; v < policy->n_vocabularies; v++)
        if (strcmp(policy->vocabularies[v].name, name) == 0)
            return &policy->vocabularies[v];
    return NULL;
}

int vocabulary_find(const struct vocabulary *vocabulary, const char *text, size_t len)
{
    for (size_t i = 0; i < vocabulary->n; i++)
        if (strncmp(vocabulary->words[i].name, text, len) == 0 && vocabulary->words[i].name[len] == '\0')
            return (int)i;
    return -1;
}

/* ---- JSON ---- */

/*
 * Reads the text twice and compares. jansson's lexer does not look at whether its buffer could grow (strbuffer_append_byte
 * in load.c), so that short memory could otherwise pass for another text; two equal readings rule that out.
 */
static int read_json(struct reader *reader, json_t **out)
{
    if (reader->len >= 3 && memcmp(reader->text, "\xef\xbb\xbf", 3) == 0) {
        reader->text += 3;
        reader->len -= 3;
    }
    if (text_is_utf16(reader->text, reader->len)) {
        fault_add(reader->faults, file_name, 0, 0, "UTF-8", "the file is encoded as UTF-16");
        return WM_EDATA;
    }
    json_error_t error, again;
    json_t *root = json_loadb(reader->text, reader->len, JSON_REJECT_DUPLICATES, &error);
    json_t *second = json_loadb(reader->text, reader->len, JSON_REJECT_DUPLICATES, &again);
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
static const char *token_start(const char *text, const char *end)
{
    const char *at = end - 1;
    if (*at == '"' && at > text)
        do
            at--;
        while (at > text && (*at != '"' || at[-1] == '\\'));
    else
        while (at > text && in_a_word(*at) && in_a_word(at[-1]))
            at--;
    return at;
}

static struct mark place_of(struct reader *reader, const char *at);

static void complain_of_json(struct reader *reader, const json_error_t *error)
{
    struct mark place = {error->line > 0 ? error->line : 0, error->column > 0 ? error->column : 0};
    bool inside = error->position > 0 && (size_t)error->position <= reader->len;
    if (inside && ends_a_token(error))
        place = place_of(reader, token_start(reader->text, reader->text + error->position));
    const char *why = !text_is_clean(error->text, strlen(error->text))      ? "an invalid token"
                      : json_error_code(error) == json_error_null_character ? "\\u0000 may not be part of a string"
                                                                            : error->text;
    fault_add(reader->faults, file_name, place.line, place.column, "JSON as RFC 8259", "the text is not JSON: %s", why);
}

static int digest_piece(const char *piece, size_t len, void *hash)
{
    SHA256_Update(hash, (const uint8_t *)piece, len);
    return 0;
}

/* Of a dump with sorted keys and no blanks, so that layout and order of members do not matter. */
static int take_digest(json_t *root, char digest[33])
{
    char hex[SHA256_DIGEST_STRING_LENGTH];
    SHA256_CTX hash;
    SHA256_Init(&hash);
    if (json_dump_callback(root, digest_piece, &hash, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17)) != 0)
        return WM_EMEMORY;
    SHA256_End(&hash, hex);
    memcpy(digest, hex, 32);
    digest[32] = '\0';
    return WM_OK;
}

/* ---- Members: each function complains by itself and gives NULL or false when the value cannot be used ---- */

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

static bool is_object(struct reader *reader, const struct at *at, json_t *value)
{
    if (!json_is_object(value))
        complain(reader, at, "an object", "is %s", kind_of(value));
    return json_is_object(value);
}

static json_t *member(struct reader *reader, const struct at *at, json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (!value)
        complain(reader, at, "each member that belongs there", "has no member %s", name);
    return value;
}

/* Each member of the object must be one of `names`. */
static void check_members(struct reader *reader, const struct at *at, json_t *object, const char *const *names,
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
        complain(reader, &(struct at){at, key, 0}, expected, "is not a known member");
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
        complain(reader, at, expected, "is %s", text ? text_show(shown, text, len) : kind_of(value));
        return NULL;
    }
    const char *copy = arena_text(reader->arena, text, len);
    if (!copy)
        reader->status = WM_EMEMORY;
    return copy;
}

static const char *string_member(struct reader *reader, const struct at *at, json_t *object, const char *name,
                                 size_t max, bool required)
{
    json_t *value = required ? member(reader, at, object, name) : json_object_get(object, name);
    return value ? string(reader, &(struct at){at, name, 0}, value, max) : NULL;
}

/* Names that become parts of headings and of answers: small letters, digits and underscores. */
static const char *name_member(struct reader *reader, const struct at *at, json_t *object)
{
    const char *name = string_member(reader, at, object, "name", NAME_MAX_BYTES, true);
    if (name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")]) {
        complain(reader, &(struct at){at, "name", 0}, "small letters, digits and underscores", "is '%s'", name);
        return NULL;
    }
    return name;
}

static void date_member(struct reader *reader, const struct at *at, json_t *object, const char *name, int32_t *day)
{
    const struct at here = {at, name, 0};
    json_t *value = json_object_get(object, name);
    const char *text = value ? string(reader, &here, value, TITLE_MAX_BYTES) : NULL;
    if (text && !wm_date_parse(text, strlen(text), day))
        complain(reader, &here, "a day as YYYY-MM-DD, from 1900 to 2199", "is '%s'", text);
}

static void check_source(struct reader *reader, const struct at *at, json_t *object)
{
    json_t *value = member(reader, at, object, "source");
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
    complain(reader, &here, expected, "is '%s'", key);
}

static bool number(struct reader *reader, const struct at *at, json_t *value, double min, double max, bool whole,
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
        complain(reader, at, expected, "is %.10g", v);
    else
        complain(reader, at, expected, "is %s", kind_of(value));
    return false;
}

static bool number_member(struct reader *reader, const struct at *at, json_t *object, const char *name, double min,
                          double max, double *out)
{
    json_t *value = member(reader, at, object, name);
    return value && number(reader, &(struct at){at, name, 0}, value, min, max, false, out);
}

/* The member {"value": N, "source": "key"} of an object. */
static bool sourced_member(struct reader *reader, const struct at *at, json_t *object, const char *name, double min,
                           double max, bool whole, double *out)
{
    static const char *const members[] = {"value", "source"};
    const struct at here = {at, name, 0};
    json_t *sourced = member(reader, at, object, name);
    if (!sourced || !is_object(reader, &here, sourced))
        return false;
    check_members(reader, &here, sourced, members, 2);
    check_source(reader, &here, sourced);
    json_t *value = member(reader, &here, sourced, "value");
    return value && number(reader, &(struct at){&here, "value", 0}, value, min, max, whole, out);
}

/* The array's length when it is an array of min to max items, else 0. */
static size_t array_length(struct reader *reader, const struct at *at, json_t *array, size_t min, size_t max)
{
    size_t n = json_array_size(array);
    if (json_is_array(array) && n >= min && n <= max)
        return n;
    char expected[TEXT_SHOWN];
    snprintf(expected, sizeof expected, "an array of %zu to %zu items", min, max);
    if (json_is_array(array))
        complain(reader, at, expected, "has %zu items", n);
    else
        complain(reader, at, expected, "is %s", kind_of(array));
    return 0;
}

/* ---- The whole ---- */

static void read_root(struct reader *reader, json_t *root)
{
    static const char *const members[] = {"format",  "version",    "as_of",    "sources", "vocabularies",
                                          "domains", "components", "severity", "skill",   "fit",
                                          "accept",  "mentor",     "rules"};
    struct policy *policy = reader->policy;
    double format;
    json_t *part;

    if (!is_object(reader, NULL, root))
        return;
    check_members(reader, NULL, root, members, sizeof members / sizeof *members);
    number_member(reader, NULL, root, "format", 1, 1, &format);
    policy->version = string_member(reader, NULL, root, "version", NAME_MAX_BYTES, true);
    if (member(reader, NULL, root, "as_of"))
        date_member(reader, NULL, root, "as_of", &policy->as_of);
    /* Sources first, for all else refers to them; then the domains, for grades have a prior in each. */
    if ((part = member(reader, NULL, root, "sources")))
        read_sources(reader, &(struct at){NULL, "sources", 0}, part);
    if ((part = member(reader, NULL, root, "domains")))
        read_domains(reader, &(struct at){NULL, "domains", 0}, part);
    if ((part = member(reader, NULL, root, "components")))
        read_components(reader, &(struct at){NULL, "components", 0}, part);
    if ((part = member(reader, NULL, root, "vocabularies")))
        read_vocabularies(reader, &(struct at){NULL, "vocabularies", 0}, part);
    read_numbers(reader, root);
}

static void read_sources(struct reader *reader, const struct at *at, json_t *sources)
{
    static const char *const members[] = {"title", "date", "where"};
    if (!is_object(reader, at, sources))
        return;
    reader->sources = sources;
    if (json_object_size(sources) > SOURCES_MAX)
        complain(reader, at, "at most 1000", "holds %zu", json_object_size(sources));
    for (void *each = json_object_iter(sources); each; each = json_object_iter_next(sources, each)) {
        const char *key = json_object_iter_key(each);
        json_t *source = json_object_iter_value(each);
        const struct at here = {at, key, 0};
        if (strlen(key) > WORD_MAX_BYTES || key[strspn(key, KEY_CHARACTERS)])
            complain(reader, &here, "a key of at most 64 characters out of A-Z a-z 0-9 _ - .", "cannot be a key");
        if (!is_object(reader, &here, source))
            continue;
        check_members(reader, &here, source, members, 3);
        string_member(reader, &here, source, "title", TITLE_MAX_BYTES, true);
        string_member(reader, &here, source, "date", NAME_MAX_BYTES, true);
        string_member(reader, &here, source, "where", TITLE_MAX_BYTES, false);
    }
}

/* ---- Domains and components ---- */

static int signal_find(const char *name)
{
    for (int s = 0; s < WM_SIGNAL_COUNT; s++)
        if (strcmp(wm_signal_name((enum wm_signal)s), name) == 0)
            return s;
    return -1;
}

static void read_domain_signals(struct reader *reader, const struct at *at, json_t *signals, struct policy_domain *out)
{
    size_t n = array_length(reader, at, signals, 0, WM_SIGNAL_COUNT);
    for (size_t i = 0; i < n; i++) {
        const struct at here = {at, NULL, i};
        json_t *item = json_array_get(signals, i);
        int signal = json_is_string(item) ? signal_find(json_string_value(item)) : -1;
        bool twice = false;
        for (size_t j = 0; j < out->n_signals; j++)
            twice |= out->signals[j] == signal;
        if (signal < 0)
            complain(reader, &here, "segment, league, cqc_overall, cqc_well_led, engagement or vacancy",
                     "is no signal");
        else if (twice)
            complain(reader, &here, "each signal once", "repeats '%s'", wm_signal_name((enum wm_signal)signal));
        else
            out->signals[out->n_signals++] = signal;
    }
}

static void add_vocabulary(struct reader *reader, const char *name, struct word *words, size_t n);

/* The words of the vocabularies "domain" and "component" are the names of the two lists. */
static void add_list_vocabulary(struct reader *reader, const char *vocabulary, size_t n, const char *const *names,
                                const char *const *titles)
{
    struct word *words = arena_alloc(reader->arena, n, sizeof *words);
    if (!words) {
        reader->status = WM_EMEMORY;
        return;
    }
    for (size_t i = 0; i < n; i++)
        words[i] = (struct word){names[i], titles[i], INT32_MIN, INT32_MAX};
    add_vocabulary(reader, vocabulary, words, n);
}

static bool name_is_new(struct reader *reader, const struct at *at, const char *name, const char *const *names,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            complain(reader, &(struct at){at, "name", 0}, "each name once", "repeats '%s'", name);
            return false;
        }
    }
    return true;
}

static void read_domains(struct reader *reader, const struct at *at, json_t *domains)
{
    static const char *const members[] = {"name", "title", "signals", "source"};
    const char *names[WM_DOMAINS_MAX], *titles[WM_DOMAINS_MAX];
    size_t found = reader->found, n = array_length(reader, at, domains, 1, WM_DOMAINS_MAX), kept = 0;
    for (size_t i = 0; i < n; i++) {
        const struct at here = {at, NULL, i};
        json_t *domain = json_array_get(domains, i), *signals;
        struct policy_domain *out = &reader->policy->domains[i];
        if (!is_object(reader, &here, domain))
            continue;
        check_members(reader, &here, domain, members, 4);
        check_source(reader, &here, domain);
        out->name = name_member(reader, &here, domain);
        out->title = string_member(reader, &here, domain, "title", TITLE_MAX_BYTES, true);
        if ((signals = member(reader, &here, domain, "signals")))
            read_domain_signals(reader, &(struct at){&here, "signals", 0}, signals, out);
        if (out->name && name_is_new(reader, &here, out->name, names, kept)) {
            names[kept] = out->name;
            titles[kept++] = out->title ? out->title : out->name;
        }
    }
    if (n == 0 || reader->found != found || reader->status != WM_OK)
        return;
    reader->policy->n_domains = n;
    add_list_vocabulary(reader, "domain", n, names, titles);
}

/* Numbers of a package, but not of what is in it for the leader. */
static bool is_beside_the_offer(const struct wm_column *column)
{
    return strcmp(column->name, "local_cost_gbp") == 0 || strcmp(column->name, "central_cost_gbp") == 0 ||
           strcmp(column->name, "stock") == 0;
}

/* The amount of a package's column that counts as full, in the column's own scale. */
static void read_component_column(struct reader *reader, const struct at *at, json_t *component,
                                  struct policy_component *out)
{
    out->column = string_member(reader, at, component, "column", NAME_MAX_BYTES, true);
    const struct wm_column *column = out->column ? schema_column(WM_PACKAGES, out->column) : NULL;
    bool counts = column && !is_beside_the_offer(column) &&
                  (column->type == WM_INTEGER || column->type == WM_DECIMAL || column->type == WM_FLAG);
    double scale = 1, full;
    if (out->column && !counts)
        complain(reader, &(struct at){at, "column", 0}, "a column of packages.csv that counts what a leader is offered",
                 "is '%s'", out->column);
    for (int i = 0; counts && i < column->decimals; i++)
        scale *= 10;
    if (!number_member(reader, at, component, "full", 0, 1e9, &full) || !counts)
        return;
    double scaled = floor(full * scale + 0.5);
    if (scaled < 1 || scaled > (double)column->max || fabs(scaled - full * scale) > 1e-6)
        complain(reader, &(struct at){at, "full", 0}, "more than 0, and a value that the column can hold", "is %.10g",
                 full);
    out->full = (int64_t)scaled;
}

static void read_components(struct reader *reader, const struct at *at, json_t *components)
{
    static const char *const members[] = {"name", "column", "full", "effect"};
    const char *names[WM_COMPONENTS_MAX];
    size_t found = reader->found, n = array_length(reader, at, components, 1, WM_COMPONENTS_MAX), kept = 0;
    for (size_t i = 0; i < n; i++) {
        const struct at here = {at, NULL, i};
        json_t *component = json_array_get(components, i);
        struct policy_component *out = &reader->policy->components[i];
        if (!is_object(reader, &here, component))
            continue;
        check_members(reader, &here, component, members, 4);
        out->name = name_member(reader, &here, component);
        read_component_column(reader, &here, component, out);
        sourced_member(reader, &here, component, "effect", 0, 20, false, &out->effect);
        if (out->name && name_is_new(reader, &here, out->name, names, kept))
            names[kept++] = out->name;
    }
    if (n == 0 || reader->found != found || reader->status != WM_OK)
        return;
    reader->policy->n_components = n;
    add_list_vocabulary(reader, "component", n, names, names);
}

/* ---- Vocabularies ---- */

enum { VOCABULARIES_MAX = 12, EXTRA_NONE = 0, EXTRA_PRIOR, EXTRA_LEVEL, EXTRA_SEGMENT };

static const struct {
    const char *name;
    int extra;                /* what else a word of it carries */
    const char *const *fixed; /* the only words it may have, as the code knows them; ends in NULL */
    bool all;                 /* and it has all of them, in this order */
} vocabularies_known[] = {
    {"region", EXTRA_NONE, NULL, false},
    {"type", EXTRA_NONE, NULL, false},
    {"role", EXTRA_NONE, NULL, false},
    {"grade", EXTRA_PRIOR, NULL, false},
    {"accreditation", EXTRA_NONE, NULL, false},
    {"sector", EXTRA_NONE, NULL, false},
    {"programme", EXTRA_SEGMENT, NULL, false},
    {"rating", EXTRA_LEVEL, NULL, false},
    {"segment", EXTRA_NONE, (const char *const[]){"1", "2", "3", "4", "5", NULL}, true},
    {"budget_scope", EXTRA_NONE, (const char *const[]){"national", "region", "icb", "organisation", NULL}, false},
};

enum { VOCABULARIES_KNOWN = sizeof vocabularies_known / sizeof *vocabularies_known };

static void read_vocabulary(struct reader *reader, const struct at *at, json_t *vocabulary, size_t known);
static bool read_word(struct reader *reader, const struct at *at, json_t *item, size_t known, size_t i,
                      struct word *out);
static void read_word_extra(struct reader *reader, const struct at *at, json_t *item, int extra, size_t i);

static void read_vocabularies(struct reader *reader, const struct at *at, json_t *vocabularies)
{
    const char *names[VOCABULARIES_KNOWN];
    if (!is_object(reader, at, vocabularies))
        return;
    for (size_t v = 0; v < VOCABULARIES_KNOWN; v++)
        names[v] = vocabularies_known[v].name;
    check_members(reader, at, vocabularies, names, VOCABULARIES_KNOWN);
    for (size_t v = 0; v < VOCABULARIES_KNOWN; v++) {
        json_t *vocabulary = member(reader, at, vocabularies, names[v]);
        if (vocabulary)
            read_vocabulary(reader, &(struct at){at, names[v], 0}, vocabulary, v);
    }
}

static void read_vocabulary(struct reader *reader, const struct at *at, json_t *vocabulary, size_t known)
{
    static const char *const members[] = {"source", "words"};
    const struct at here = {at, "words", 0};
    const char *const *fixed = vocabularies_known[known].fixed;
    size_t found = reader->found;
    if (!is_object(reader, at, vocabulary))
        return;
    check_members(reader, at, vocabulary, members, 2);
    check_source(reader, at, vocabulary);
    json_t *items = member(reader, at, vocabulary, "words");
    size_t n = items ? array_length(reader, &here, items, 1, VOCABULARY_MAX) : 0;
    struct word *words = arena_alloc(reader->arena, n, sizeof *words);
    const char *names[VOCABULARY_MAX];
    if (!words) {
        reader->status = WM_EMEMORY;
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const struct at item = {&here, NULL, i};
        if (read_word(reader, &item, json_array_get(items, i), known, i, &words[i]) &&
            name_is_new(reader, &item, words[i].name, names, kept))
            names[kept++] = words[i].name;
    }
    if (n && vocabularies_known[known].all)
        for (size_t i = 0; i < n || fixed[i]; i++)
            if (i >= n || !fixed[i] || !words[i].name || strcmp(fixed[i], words[i].name) != 0) {
                complain(reader, &here, "the words 1, 2, 3, 4, 5 in this order", "holds other words");
                break;
            }
    if (n && reader->found == found && reader->status == WM_OK)
        add_vocabulary(reader, vocabularies_known[known].name, words, n);
}

static bool read_word(struct reader *reader, const struct at *at, json_t *item, size_t known, size_t i,
                      struct word *out)
{
    static const char *const extras[] = {
        [EXTRA_NONE] = "name", [EXTRA_PRIOR] = "prior", [EXTRA_LEVEL] = "level", [EXTRA_SEGMENT] = "segment"};
    int extra = vocabularies_known[known].extra;
    const char *const members[] = {"name", "title", "from", "until", extras[extra]};
    const char *const *fixed = vocabularies_known[known].fixed;
    const struct at name_at = {at, "name", 0};
    *out = (struct word){NULL, NULL, INT32_MIN, INT32_MAX};
    if (!is_object(reader, at, item))
        return false;
    check_members(reader, at, item, members, 5);
    out->title = string_member(reader, at, item, "title", TITLE_MAX_BYTES, false);
    date_member(reader, at, item, "from", &out->from);
    date_member(reader, at, item, "until", &out->until);
    if (out->from > out->until)
        complain(reader, &(struct at){at, "until", 0}, "a day not before from", "ends the word before it begins");
    read_word_extra(reader, at, item, extra, i);
    out->name = string_member(reader, at, item, "name", WORD_MAX_BYTES, true);
    if (!out->name)
        return false;
    if (!out->title)
        out->title = out->name;
    if (strpbrk(out->name, ";,\"")) {
        complain(reader, &name_at, "a word without ; , or quotation marks", "is '%s'", out->name);
        return false;
    }
    for (size_t f = 0; fixed && strcmp(fixed[f], out->name) != 0; f++)
        if (!fixed[f + 1]) {
            complain(reader, &name_at, "one of the words that have a meaning in the program", "is '%s'", out->name);
            break;
        }
    return true;
}

static void read_word_extra(struct reader *reader, const struct at *at, json_t *item, int extra, size_t i)
{
    struct policy *policy = reader->policy;
    if (extra == EXTRA_LEVEL) {
        number_member(reader, at, item, "level", 0, 1, &policy->rating_level[i]);
    } else if (extra == EXTRA_SEGMENT) {
        json_t *value = json_object_get(item, "segment");
        double segment;
        if (value && number(reader, &(struct at){at, "segment", 0}, value, 1, 5, true, &segment))
            policy->programme_segment[i] = (int)segment;
    } else if (extra == EXTRA_PRIOR) {
        json_t *prior = member(reader, at, item, "prior");
        const struct at here = {at, "prior", 0};
        const char *names[WM_DOMAINS_MAX];
        if (!prior || !is_object(reader, &here, prior) || policy->n_domains == 0)
            return;
        for (size_t d = 0; d < policy->n_domains; d++) {
            names[d] = policy->domains[d].name;
            number_member(reader, &here, prior, names[d], 0, 5, &policy->prior[i][d]);
        }
        check_members(reader, &here, prior, names, policy->n_domains);
    }
}

static void add_vocabulary(struct reader *reader, const char *name, struct word *words, size_t n)
{
    struct policy *policy = reader->policy;
    if (!policy->vocabularies)
        policy->vocabularies = arena_alloc(reader->arena, VOCABULARIES_MAX, sizeof *policy->vocabularies);
    if (policy->vocabularies)
        policy->vocabularies[policy->n_vocabularies++] = (struct vocabulary){name, n, words};
    else
        reader->status = WM_EMEMORY;
}

/* ---- Numbers ---- */

enum { WHOLE = 1 };

static const struct {
    const char *group, *name;
    size_t offset; /* in struct policy: a double, or an int64_t when whole */
    int whole;
    double min, max;
} numbers[] = {
#define N(group, name, whole, min, max)                                     \
    {                                                                       \
#group, #name, offsetof(struct policy, group.name), whole, min, max \
    }
    N(severity, vacancy_full_days, 0, 1, 36500),
    N(severity, unknown, 0, 0, 1),
    N(skill, prior_appraisals, 0, 0.01, 1000),
    N(skill, half_life_days, 0, 1, 36500),
    N(fit, boost, 0, 0, 20),
    N(accept, base, 0, -50, 50),
    N(accept, distance_per_100km, 0, 0, 20),
    N(accept, severity, 0, 0, 20),
    N(accept, mentor, 0, 0, 20),
    N(accept, preference_first, 0, 0, 20),
    N(accept, preference_step, 0, 0, 20),
    N(accept, unknown_excess_km, 0, 0, 2000),
    N(mentor, expertise, 0, 0, 1),
    N(mentor, place, 0, 0, 1),
    N(mentor, free, 0, 0, 1),
    N(mentor, remote, 0, 0, 1),
    N(rules, grade_steps_up, WHOLE, 0, VOCABULARY_MAX),
    N(rules, grade_steps_down, WHOLE, 0, VOCABULARY_MAX),
    N(rules, premium_cap_pct, 0, 0, 100),
    N(rules, relocation_cap_gbp, WHOLE, 0, 1e9),
    N(rules, approval_salary_gbp, WHOLE, 0, 1e9),
    N(rules, premium_years, 0, 0, 10),
#undef N
};

enum { NUMBERS = sizeof numbers / sizeof *numbers };

static void read_group(struct reader *reader, json_t *root, const char *name);
static void read_signals(struct reader *reader, const struct at *at, json_t *signals);

static void read_numbers(struct reader *reader, json_t *root)
{
    const struct policy *policy = reader->policy;
    size_t found = reader->found;
    for (size_t i = 0; i < NUMBERS; i++)
        if (i == 0 || strcmp(numbers[i].group, numbers[i - 1].group) != 0)
            read_group(reader, root, numbers[i].group);
    json_t *severity = json_object_get(root, "severity"), *signals;
    const struct at severity_at = {NULL, "severity", 0};
    if (json_is_object(severity) && (signals = member(reader, &severity_at, severity, "signals")))
        read_signals(reader, &(struct at){&severity_at, "signals", 0}, signals);

    double shares = policy->mentor.expertise + policy->mentor.place + policy->mentor.free;
    if (reader->found == found && fabs(shares - 1) > 1e-9)
        complain(reader, &(struct at){NULL, "mentor", 0}, "shares that add up to 1",
                 "has expertise, place and free that add up to %.10g", shares);
}

static void read_group(struct reader *reader, json_t *root, const char *name)
{
    const struct at at = {NULL, name, 0};
    json_t *group = member(reader, NULL, root, name);
    const char *members[NUMBERS + 1] = {"signals"};
    size_t n = strcmp(name, "severity") == 0 ? 1 : 0;
    if (!group || !is_object(reader, &at, group))
        return;
    for (size_t i = 0; i < NUMBERS; i++) {
        double value;
        if (strcmp(numbers[i].group, name) != 0)
            continue;
        members[n++] = numbers[i].name;
        if (!sourced_member(reader, &at, group, numbers[i].name, numbers[i].min, numbers[i].max, numbers[i].whole,
                            &value))
            continue;
        char *field = (char *)reader->policy + numbers[i].offset;
        int64_t count = (int64_t)value;
        if (numbers[i].whole)
            memcpy(field, &count, sizeof count);
        else
            memcpy(field, &value, sizeof value);
    }
    check_members(reader, &at, group, members, n);
}

static void read_signals(struct reader *reader, const struct at *at, json_t *signals)
{
    static const char *const members[] = {"weight", "half_life_days"};
    struct policy *policy = reader->policy;
    const char *names[WM_SIGNAL_COUNT];
    size_t found = reader->found;
    double sum = 0;
    if (!is_object(reader, at, signals))
        return;
    for (int s = 0; s < WM_SIGNAL_COUNT; s++) {
        names[s] = wm_signal_name((enum wm_signal)s);
        const struct at here = {at, names[s], 0};
        json_t *signal = member(reader, at, signals, names[s]);
        if (!signal || !is_object(reader, &here, signal))
            continue;
        check_members(reader, &here, signal, members, 2);
        sourced_member(reader, &here, signal, "weight", 0, 1000, false, &policy->severity.weight[s]);
        sourced_member(reader, &here, signal, "half_life_days", 1, 36500, false, &policy->severity.half_life_days[s]);
        sum += policy->severity.weight[s];
    }
    check_members(reader, at, signals, names, WM_SIGNAL_COUNT);
    if (reader->found == found && !(sum > 0))
        complain(reader, at, "at least one weight above 0", "has only weights of 0");
}

/* ---- Where a value stands ---- */

static size_t write_path(const struct at *at, char *buf, size_t cap)
{
    if (!at) {
        *buf = '\0';
        return 0;
    }
    size_t len = write_path(at->up, buf, cap);
    if (len >= cap)
        return len;
    bool plain = at->key && strlen(at->key) <= WORD_MAX_BYTES && !at->key[strspn(at->key, KEY_CHARACTERS)];
    int more = at->key ? snprintf(buf + len, cap - len, "%s%s", len ? "." : "", plain ? at->key : "(a key)")
                       : snprintf(buf + len, cap - len, "[%zu]", at->index);
    return len + (size_t)more;
}

static const char *skip_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        p += *p == '\\';
    return p < end ? p + 1 : end;
}

static const char *skip_value(const char *p, const char *end)
{
    size_t depth = 0;
    while (p < end) {
        if (depth == 0 && (*p == ',' || *p == '}' || *p == ']'))
            return p;
        depth += *p == '{' || *p == '[';
        depth -= *p == '}' || *p == ']';
        p = *p == '"' ? skip_string(p, end) : p + 1;
    }
    return end;
}

/* Compares the raw text of a key with its meaning. */
static bool same_key(const char *raw, const char *end, const char *key)
{
    size_t len = (size_t)(end - raw) - 2;
    if (!memchr(raw, '\\', len + 2))
        return strlen(key) == len && memcmp(raw + 1, key, len) == 0;
    json_t *decoded = json_loadb(raw, len + 2, JSON_DECODE_ANY, NULL);
    bool same = decoded && strcmp(json_string_value(decoded), key) == 0;
    json_decref(decoded);
    return same;
}

/* Looks for the child that `at` names, from `spot` to the container's end; moves `spot` there and gives its value. */
static const char *find_child(struct spot *spot, const struct at *at, const char *end)
{
    const char *p = spot->child;
    for (size_t i = spot->index; p < end; i++) {
        const char *child = p = skip_blank(p, end);
        bool here = !at->key && i == at->index;
        if (p < end && at->key) {
            p = skip_string(p, end);
            here = *child == '"' && same_key(child, p, at->key);
            p = skip_blank(p, end);
            p = skip_blank(p < end ? p + 1 : end, end); /* past the colon */
        }
        if (here && p < end) {
            spot->child = child;
            spot->index = i;
            return p;
        }
        p = skip_value(p, end);
        if (p >= end || *p != ',')
            return NULL;
        p++;
    }
    return NULL;
}

/* The text of the value that a path leads to; the text is known to be JSON and to hold it. The innermost found, if not all. */
static const char *locate(struct reader *reader, const struct at *at)
{
    const char *end = reader->text + reader->len;
    if (!at)
        return skip_blank(reader->text, end);
    size_t depth = 0;
    for (const struct at *up = at->up; up; up = up->up)
        depth++;
    assert(depth < DEPTH_MAX);
    struct spot *spot = &reader->spots[depth];
    const char *container = locate(reader, at->up), *found = NULL;
    const struct spot first = {container, container + 1, 0};
    if (spot->container == container)
        found = find_child(spot, at, end);
    if (!found) {
        *spot = first;
        found = find_child(spot, at, end);
    }
    return found ? found : container;
}

static void step(struct mark *mark, char c)
{
    if (c == '\n')
        *mark = (struct mark){mark->line + 1, 1};
    else
        mark->column += ((unsigned char)c & 0xc0) != 0x80;
}

static struct mark place_of(struct reader *reader, const char *at)
{
    size_t offset = (size_t)(at - reader->text);
    struct mark mark = {1, 1};
    for (size_t i = 0; i <= reader->len && !reader->marked; i++) {
        if (i % MARK_BYTES == 0)
            reader->marks[i / MARK_BYTES] = mark;
        if (i < reader->len)
            step(&mark, reader->text[i]);
    }
    reader->marked = true;
    mark = reader->marks[offset / MARK_BYTES];
    for (size_t i = offset - offset % MARK_BYTES; i < offset; i++)
        step(&mark, reader->text[i]);
    return mark;
}

static void complain(struct reader *reader, const struct at *at, const char *expected, const char *format, ...)
{
    struct mark place = {1, 1};
    char what[TITLE_MAX_BYTES + TEXT_SHOWN] = "", path[PATH_MAX_BYTES] = "";
    reader->found++;
    if (faults_all_kept(reader->faults)) {
        place = place_of(reader, locate(reader, at));
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(what, sizeof what, format, arguments);
        va_end(arguments);
        write_path(at, path, sizeof path);
    }
    fault_add(reader->faults, file_name, place.line, place.column, expected, "%s %s", at ? path : "the policy", what);
}
