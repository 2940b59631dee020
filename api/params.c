/*
 * Params are read from the checked text itself, without a tree: every error then knows where it stands, a name given
 * twice or a number of a hundred digits is met where it is, and nothing is allocated but lists of rows.
 */
#include "params.h"

#include "jsonrpc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_CAP = 512, EXPECTED_CAP = 2048, POINTER_CAP = 1024, NAMES_CAP = 256 };

#define NANO INT64_C(1000000000)

/* ---- Errors ---- */

void choices_add(struct choices *choices, const char *name)
{
    assert(choices->n < CHOICES_MAX);
    choices->name[choices->n++] = name;
}

const char *choices_nearest(const struct choices *choices, const char *text)
{
    const char *best = NULL;
    size_t prefix_len = strlen(text);
    unsigned best_distance = 2 + (unsigned)strnlen(text, SHOWN_MAX) / 3; /* further off is another word, not a slip */
    for (size_t i = 0; i < choices->n; i++) {
        unsigned distance = wm_text_distance(text, choices->name[i]);
        if (prefix_len >= 3 && strncmp(text, choices->name[i], prefix_len) == 0)
            distance = 1; /* the beginning of a name is nearer to it than any slip */
        if (distance < best_distance) {
            best_distance = distance;
            best = choices->name[i];
        }
    }
    return best;
}

/* Appends the tokens of a place to a NUL-terminated text, as RFC 6901 writes them; a text that would not fit is cut. */
static void append_pointer(char *text, size_t cap, const struct place *place)
{
    if (place == NULL)
        return;
    append_pointer(text, cap, place->up);
    size_t len = strlen(text);
    if (place->name == NULL) {
        (void)snprintf(text + len, cap - len, "/%zu", place->index);
        return;
    }
    if (len + 2 * SHOWN_MAX + 2 > cap)
        return;
    text[len++] = '/';
    for (const char *at = place->name; *at != '\0'; at++)
        if (*at == '~' || *at == '/') {
            text[len++] = '~';
            text[len++] = *at == '~' ? '0' : '1';
        } else {
            text[len++] = *at;
        }
    text[len] = '\0';
}

/* How many items an array has, counted no further than one past `max`. */
static int64_t count_items(struct slice array, int64_t max)
{
    struct json_walk walk;
    struct slice item;
    int64_t n = 0;
    json_walk_start(&walk, array);
    while (n <= max && json_walk_item(&walk, &item))
        n++;
    return n;
}

/* True for a number that every reader of JSON can take: it is repeated as it is. */
static bool is_plain_number(struct slice got)
{
    enum { DIGITS = 15 }; /* a double holds them all */
    return got.len <= DIGITS && memchr(got.at, 'e', got.len) == NULL && memchr(got.at, 'E', got.len) == NULL;
}

/* Shows what came: a short scalar as it is, anything else in words. */
static void put_got(struct buf *error, struct slice got)
{
    json_put_key(error, "got");
    char kind = got.at == NULL ? '\0' : json_kind(got), text[1];
    bool is_long = got.len > SHOWN_MAX + 2;
    if (kind == '\0')
        buf_text(error, "\"nothing\"");
    else if (kind == '{')
        buf_text(error, "\"an object\"");
    else if (kind == '[')
        buf_format(error, "\"an array of %" PRId64 " items\"", count_items(got, INT64_MAX - 1));
    else if (is_long)
        buf_format(error, "\"a %s of %zu bytes\"", kind == '"' ? "string" : "number", got.len);
    else if (kind == '"' && json_string_copy(json_string_raw(got), text, sizeof text) == SIZE_MAX)
        buf_text(error, "\"a string with \\\\u0000 in it\""); /* which the caller's reader might not take either */
    else if (kind == '0' && !is_plain_number(got))
        buf_format(error, "\"the number %.*s\"", (int)got.len, got.at);
    else
        buf_put(error, got.at, got.len);
}

static int refuse(struct buf *error, const struct place *place, const char *expected, struct slice got,
                  const char *nearest)
{
    char pointer[POINTER_CAP] = "";
    append_pointer(pointer, sizeof pointer, place);
    rpc_error_open(error, RPC_PARAMS);
    json_put_text(error, "pointer", pointer);
    json_put_text(error, "expected", expected);
    put_got(error, got);
    json_put_text(error, "nearest", nearest);
    rpc_error_close(error);
    return RPC_PARAMS;
}

int refuse_value(struct buf *error, const struct place *place, const char *expected, struct slice got)
{
    return refuse(error, place, expected, got, NULL);
}

/* "one of a, b, c" */
static void choices_write(const struct choices *choices, char *out, size_t cap)
{
    size_t len = (size_t)snprintf(out, cap, "one of ");
    for (size_t i = 0; i < choices->n && len < cap; i++)
        len += (size_t)snprintf(out + len, cap - len, "%s%s", i == 0 ? "" : ", ", choices->name[i]);
}

int refuse_choice(struct buf *error, const struct place *place, const struct choices *choices, struct slice got)
{
    char expected[EXPECTED_CAP], text[SHOWN_MAX + 1];
    choices_write(choices, expected, sizeof expected);
    bool named = got.at != NULL && json_kind(got) == '"' &&
                 json_string_copy(json_string_raw(got), text, sizeof text) < sizeof text;
    return refuse(error, place, expected, got, named ? choices_nearest(choices, text) : NULL);
}

/* The kind of row that has this id, or NULL. */
static const char *kind_of_id(const struct wm_dataset *dataset, const char *id)
{
    size_t row;
    for (int table = 0; table < WM_TABLES; table++)
        if (wm_row_find(dataset, (enum wm_table)table, id, &row) == WM_OK)
            return wm_table_kind((enum wm_table)table);
    return NULL;
}

int refuse_row(struct buf *error, const struct place *place, const struct wm_dataset *dataset, enum wm_table table,
               const char *id)
{
    enum { NEAREST = 3 };
    const char *nearest[NEAREST];
    size_t n = wm_row_nearest(dataset, table, id, nearest, NEAREST);
    char pointer[POINTER_CAP] = "";
    append_pointer(pointer, sizeof pointer, place);
    rpc_error_open(error, RPC_UNKNOWN);
    json_put_text(error, "pointer", pointer);
    json_put_text(error, "id", id);
    json_put_text(error, "kind", wm_table_kind(table));
    json_put_key(error, "nearest");
    json_open(error, '[');
    for (size_t i = 0; i < n; i++) {
        json_item(error);
        buf_json_string(error, nearest[i], strlen(nearest[i]));
    }
    json_close(error, ']');
    const char *other = kind_of_id(dataset, id);
    if (other)
        json_put_text(error, "is_a", other);
    rpc_error_close(error);
    return RPC_UNKNOWN;
}

int refuse_code(struct buf *error, int code, const char *reason)
{
    rpc_error_open(error, code);
    json_put_text(error, "reason", reason);
    rpc_error_close(error);
    return code;
}

int refuse_memory(struct buf *error)
{
    return refuse_code(error, RPC_INTERNAL, "out of memory");
}

/* ---- Names ---- */

/* The table of a kind ("post"), or -1. */
static int kind_find(const char *kind)
{
    for (int table = 0; table < WM_TABLES; table++)
        if (strcmp(kind, wm_table_kind((enum wm_table)table)) == 0)
            return table;
    return -1;
}

void choices_add_kinds(struct choices *choices)
{
    for (int table = 0; table < WM_TABLES; table++)
        choices_add(choices, wm_table_kind((enum wm_table)table));
}

void choices_add_words(struct choices *choices, const struct wm_dataset *dataset, const char *vocabulary)
{
    size_t n = wm_vocabulary_count(dataset, vocabulary);
    for (size_t i = 0; i < n; i++)
        choices_add(choices, wm_vocabulary_word(dataset, vocabulary, i));
}

void choices_add_list(struct choices *choices, const char *list, char *room, size_t cap)
{
    char *rest = room;
    assert(strlen(list) < cap);
    memcpy(room, list, strlen(list) + 1);
    for (const char *name; (name = strsep(&rest, " ")) != NULL;)
        choices_add(choices, name);
}

bool read_text(struct slice value, char *out, size_t cap)
{
    return json_kind(value) == '"' && json_string_copy(json_string_raw(value), out, cap) < cap;
}

/* ---- One value ---- */

struct reader {
    const struct wm_dataset *dataset;
    struct params *params;
    struct buf *error;
};

/* "the id of a post" */
static void write_expected_id(const char *kind, char *out, size_t cap)
{
    if (kind == NULL)
        (void)snprintf(out, cap, "an id");
    else
        (void)snprintf(out, cap, "the id of %s %s", strchr("aeiou", *kind) != NULL ? "an" : "a", kind);
}

/* What a parameter wants, in words. */
static void write_expected(const struct wm_dataset *dataset, const struct param *param, char *out, size_t cap)
{
    struct choices choices = {0};
    char names[NAMES_CAP];
    switch (param->type) {
    case PARAM_ID:
        write_expected_id(param->of, out, cap);
        break;
    case PARAM_TEXT:
        if (param->of != NULL) {
            choices_add_kinds(&choices);
            choices_write(&choices, out, cap);
        } else if (param->max > 0) {
            (void)snprintf(out, cap, "a string of %" PRId64 " to %" PRId64 " bytes", param->min, param->max);
        } else {
            (void)snprintf(out, cap, "a string");
        }
        break;
    case PARAM_CHOICE:
        choices_add_list(&choices, param->of, names, sizeof names);
        choices_write(&choices, out, cap);
        break;
    case PARAM_INTEGER:
        (void)snprintf(out, cap, "an integer from %" PRId64 " to %" PRId64, param->min, param->max);
        break;
    case PARAM_NUMBER:
        (void)snprintf(out, cap, "a number from %" PRId64 " to %" PRId64, param->min / 1000, param->max / 1000);
        break;
    case PARAM_NANO:
        (void)snprintf(out, cap, "a number from %" PRId64 " to %" PRId64, param->min / NANO, param->max / NANO);
        break;
    case PARAM_BOOL:
        (void)snprintf(out, cap, "true or false");
        break;
    case PARAM_IDS:
        (void)snprintf(out, cap, "an array of %" PRId64 " to %" PRId64 " %s ids", param->min, param->max, param->of);
        break;
    case PARAM_WORDS:
        (void)snprintf(out, cap, "an array of %" PRId64 " to %" PRId64 " names", param->min, param->max);
        if (param->of != NULL) {
            size_t len = strlen(out);
            (void)snprintf(out + len, cap - len, ", each ");
            choices_add_words(&choices, dataset, param->of);
            choices_write(&choices, out + len + 7, cap - len - 7);
        }
        break;
    case PARAM_OBJECT:
        (void)snprintf(out, cap, "an object");
        break;
    case PARAM_LIST:
        (void)snprintf(out, cap, "an array of %" PRId64 " to %" PRId64 " objects", param->min, param->max);
        break;
    }
}

static int refuse_param(struct reader *reader, const struct param *param, const struct place *place, struct slice got)
{
    char expected[EXPECTED_CAP];
    write_expected(reader->dataset, param, expected, sizeof expected);
    return refuse_value(reader->error, place, expected, got);
}

/* The row of the id in `value`. */
static int read_row(struct reader *reader, const char *kind, const struct place *place, struct slice value,
                    int64_t *row)
{
    int table = kind_find(kind);
    assert(table >= 0);
    char id[TEXT_CAP];
    if (json_kind(value) != '"' || json_string_copy(json_string_raw(value), id, sizeof id) == SIZE_MAX) {
        char expected[64];
        write_expected_id(kind, expected, sizeof expected);
        return refuse_value(reader->error, place, expected, value);
    }
    size_t found;
    if (!read_text(value, id, sizeof id) || wm_row_find(reader->dataset, (enum wm_table)table, id, &found) != WM_OK) {
        char shown[SHOWN_MAX + 1];
        (void)json_string_copy(json_string_raw(value), shown, sizeof shown);
        return refuse_row(reader->error, place, reader->dataset, (enum wm_table)table, shown);
    }
    *row = (int64_t)found;
    return 0;
}

static int compare_rows(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static int read_rows(struct reader *reader, const struct param *param, const struct place *place,
                     struct param_value *value)
{
    int64_t n = count_items(value->raw, param->max);
    value->rows = malloc((size_t)(n + 1) * sizeof *value->rows); /* one more: an empty list is not NULL */
    if (value->rows == NULL)
        return refuse_memory(reader->error);
    struct json_walk walk;
    struct slice item;
    json_walk_start(&walk, value->raw);
    for (size_t i = 0; json_walk_item(&walk, &item); i++) {
        int64_t row;
        int code = read_row(reader, param->of, &(struct place){place, NULL, i}, item, &row);
        if (code != 0)
            return code;
        value->rows[i] = (uint32_t)row;
    }
    qsort(value->rows, (size_t)n, sizeof *value->rows, compare_rows);
    for (int64_t i = 0; i < n; i++)
        if (value->n_rows == 0 || value->rows[value->n_rows - 1] != value->rows[i])
            value->rows[value->n_rows++] = value->rows[i];
    return 0;
}

/* The bit set of an array of words; `place` is that of the array. */
static int read_words(const struct wm_dataset *dataset, const char *vocabulary, const struct place *place,
                      struct slice array, uint64_t *out, struct buf *error)
{
    struct choices choices = {0};
    choices_add_words(&choices, dataset, vocabulary);
    struct json_walk walk;
    struct slice item;
    json_walk_start(&walk, array);
    *out = 0;
    for (size_t i = 0; json_walk_item(&walk, &item); i++) {
        size_t word = 0;
        while (word < choices.n &&
               !(json_kind(item) == '"' && json_string_is(json_string_raw(item), choices.name[word])))
            word++;
        if (word == choices.n)
            return refuse_choice(error, &(struct place){place, NULL, i}, &choices, item);
        *out |= UINT64_C(1) << word;
    }
    return 0;
}

static int read_members(struct reader *reader, const struct param *table, size_t first, const struct place *up,
                        struct slice object);

static int read_kind(struct reader *reader, const struct place *place, struct param_value *value)
{
    char text[TEXT_CAP];
    int table = read_text(value->raw, text, sizeof text) ? kind_find(text) : -1;
    if (table < 0) {
        struct choices choices = {0};
        choices_add_kinds(&choices);
        return refuse_choice(reader->error, place, &choices, value->raw);
    }
    value->number = table;
    return 0;
}

static int read_choice(struct reader *reader, const struct param *param, const struct place *place,
                       struct param_value *value)
{
    struct choices choices = {0};
    char names[NAMES_CAP];
    choices_add_list(&choices, param->of, names, sizeof names);
    for (size_t i = 0; i < choices.n; i++)
        if (json_string_is(json_string_raw(value->raw), choices.name[i])) {
            value->number = (int64_t)i;
            return 0;
        }
    return refuse_choice(reader->error, place, &choices, value->raw);
}

/* Decimals of the integer that a number is kept as. */
static int decimals_of(const struct param *param)
{
    return param->type == PARAM_NANO ? 9 : param->type == PARAM_NUMBER ? 3 : 0;
}

static int read_number(struct reader *reader, const struct param *param, const struct place *place,
                       struct param_value *value)
{
    enum json_number found = json_number_scaled(value->raw, decimals_of(param), &value->number);
    bool whole = found == NUMBER_EXACT || (found == NUMBER_ROUNDED && param->type != PARAM_INTEGER);
    if (!whole || value->number < param->min || value->number > param->max)
        return refuse_param(reader, param, place, value->raw);
    return 0;
}

/* The index of the first value that belongs inside the object parameter at `index`. */
static size_t members_first(const struct params *params, size_t index)
{
    const struct param *wanted = params->param[index]->members;
    size_t i = index;
    while (params->param[i] != wanted)
        i++;
    return i;
}

/* Reads params->value[index].raw as the type its parameter wants. */
static int read_value(struct reader *reader, size_t index, const struct place *place)
{
    const struct param *param = reader->params->param[index];
    struct param_value *value = &reader->params->value[index];
    static const char kinds[] = {
        [PARAM_ID] = '"',   [PARAM_TEXT] = '"', [PARAM_CHOICE] = '"', [PARAM_INTEGER] = '0', [PARAM_NUMBER] = '0',
        [PARAM_NANO] = '0', [PARAM_IDS] = '[',  [PARAM_WORDS] = '[',  [PARAM_OBJECT] = '{',  [PARAM_LIST] = '['};
    char kind = json_kind(value->raw), text[1];
    if (param->type == PARAM_BOOL ? kind != 't' && kind != 'f' : kind != kinds[param->type])
        return refuse_param(reader, param, place, value->raw);
    if (kind == '"' && json_string_copy(json_string_raw(value->raw), text, sizeof text) == SIZE_MAX)
        return refuse_value(reader->error, place, "a string without \\u0000", value->raw);
    if (param->type == PARAM_TEXT && param->max > 0) {
        int64_t len = (int64_t)json_string_copy(json_string_raw(value->raw), text, sizeof text);
        if (len < param->min || len > param->max)
            return refuse_param(reader, param, place, value->raw);
    }
    if (kind == '[') {
        int64_t n = count_items(value->raw, param->max);
        if (n < param->min || n > param->max)
            return refuse_param(reader, param, place, value->raw);
    }
    switch (param->type) {
    case PARAM_ID:
        return param->of == NULL ? 0 : read_row(reader, param->of, place, value->raw, &value->number);
    case PARAM_TEXT:
        return param->of == NULL ? 0 : read_kind(reader, place, value);
    case PARAM_CHOICE:
        return read_choice(reader, param, place, value);
    case PARAM_INTEGER:
    case PARAM_NUMBER:
    case PARAM_NANO:
        return read_number(reader, param, place, value);
    case PARAM_BOOL:
        value->number = kind == 't';
        return 0;
    case PARAM_IDS:
        return read_rows(reader, param, place, value);
    case PARAM_WORDS:
        return param->of == NULL
                   ? 0
                   : read_words(reader->dataset, param->of, place, value->raw, &value->words, reader->error);
    case PARAM_OBJECT:
        return param->members == NULL
                   ? 0
                   : read_members(reader, param->members, members_first(reader->params, index), place, value->raw);
    case PARAM_LIST:
        return 0; /* params_read_object, item by item */
    }
    return 0;
}

/* ---- All values ---- */

static const struct slice nothing = {0};

/* Gives a parameter that was not sent its default, or refuses. */
static int read_absent(struct reader *reader, size_t index, const struct place *up, struct slice got)
{
    const struct param *param = reader->params->param[index];
    struct param_value *value = &reader->params->value[index];
    value->raw = nothing;
    value->given = false;
    if (param->required)
        return refuse_param(reader, param, &(struct place){up, param->name, 0}, got);
    if (param->initial == NULL)
        return 0;
    struct slice initial = {param->initial, strlen(param->initial)};
    if (param->type == PARAM_BOOL)
        value->number = *initial.at == 't';
    else if (param->type == PARAM_CHOICE)
        value->number = 0; /* the first of them is the default, where there is one */
    else
        (void)json_number_scaled(initial, decimals_of(param), &value->number);
    return 0;
}

static int read_defaults(struct reader *reader, const struct param *table, size_t first, const struct place *up)
{
    for (size_t i = 0; table[i].name != NULL; i++) {
        struct slice raw = reader->params->value[first + i].raw;
        if (raw.at != NULL && json_kind(raw) != 'n')
            continue;
        int code = read_absent(reader, first + i, up, raw);
        if (code != 0)
            return code;
    }
    return 0;
}

static int read_given(struct reader *reader, size_t index, const struct place *place, struct slice raw)
{
    struct param_value *value = &reader->params->value[index];
    value->raw = raw;
    value->given = json_kind(raw) != 'n'; /* null is how some clients say "not given" */
    return value->given ? read_value(reader, index, place) : 0;
}

static int refuse_name(struct reader *reader, const struct param *table, const struct place *up, struct slice key)
{
    struct slice quoted = {key.at - 1, key.len + 2};
    char shown[SHOWN_MAX + 1];
    if (json_string_copy(key, shown, sizeof shown) == SIZE_MAX)
        return refuse_value(reader->error, up, "names without \\u0000", quoted);
    struct place place = {up, shown, 0};
    struct choices choices = {0};
    for (size_t i = 0; table[i].name != NULL; i++)
        choices_add(&choices, table[i].name);
    if (choices.n == 0)
        return refuse_value(reader->error, &place, "no parameters", quoted);
    return refuse_choice(reader->error, &place, &choices, quoted);
}

static int read_members(struct reader *reader, const struct param *table, size_t first, const struct place *up,
                        struct slice object)
{
    struct json_walk walk;
    struct slice key, raw;
    json_walk_start(&walk, object);
    while (json_walk_member(&walk, &key, &raw)) {
        size_t i = 0;
        while (table[i].name != NULL && !json_string_is(key, table[i].name))
            i++;
        if (table[i].name == NULL)
            return refuse_name(reader, table, up, key);
        struct place place = {up, table[i].name, 0};
        if (reader->params->value[first + i].raw.at != NULL)
            return refuse_value(reader->error, &place, "this name once", raw);
        int code = read_given(reader, first + i, &place, raw);
        if (code != 0)
            return code;
    }
    return read_defaults(reader, table, first, up);
}

static int read_items(struct reader *reader, const struct param *table, struct slice array)
{
    struct json_walk walk;
    struct slice raw;
    json_walk_start(&walk, array);
    for (size_t i = 0; json_walk_item(&walk, &raw); i++) {
        struct place place = {NULL, NULL, i};
        if (table[i].name == NULL) {
            char expected[40];
            (void)snprintf(expected, sizeof expected, "at most %zu parameters", i);
            return refuse_value(reader->error, &place, i == 0 ? "no parameters" : expected, raw);
        }
        int code = read_given(reader, i, &place, raw);
        if (code != 0)
            return code;
    }
    return read_defaults(reader, table, 0, NULL);
}

/* Lays out the values: those of the table first, then those of each of its objects. */
static void lay_out(struct params *params, const struct param *table)
{
    for (; table->name != NULL; table++) {
        assert(params->n < PARAMS_MAX);
        params->param[params->n++] = table;
    }
    for (size_t i = 0, n = params->n; i < n; i++)
        if (params->param[i]->type == PARAM_OBJECT)
            for (const struct param *member = params->param[i]->members; member != NULL && member->name != NULL;
                 member++) {
                assert(params->n < PARAMS_MAX);
                params->param[params->n++] = member;
            }
}

int params_read(const struct method_call *call, const struct param *table, struct params *out, struct buf *error)
{
    *out = (struct params){0};
    lay_out(out, table);
    struct reader reader = {call->dataset, out, error};
    struct slice sent = call->params.at == NULL ? (struct slice){"{}", 2} : call->params;
    out->positional = json_kind(sent) == '[';
    int code = out->positional ? read_items(&reader, table, sent) : read_members(&reader, table, 0, NULL, sent);
    if (code != 0)
        params_fini(out);
    return code;
}

const struct param no_params[] = {{.name = NULL}};

int params_read_none(const struct method_call *call, struct buf *error)
{
    struct params params;
    int code = params_read(call, no_params, &params, error);
    if (code == 0)
        params_fini(&params);
    return code;
}

int params_read_object(const struct wm_dataset *dataset, const struct param *table, const struct place *place,
                       struct slice object, struct params *out, struct buf *error)
{
    *out = (struct params){0};
    lay_out(out, table);
    struct reader reader = {dataset, out, error};
    int code = json_kind(object) == '{' ? read_members(&reader, table, 0, place, object)
                                        : refuse_value(error, place, "an object", object);
    if (code != 0)
        params_fini(out);
    return code;
}

void params_fini(struct params *params)
{
    for (size_t i = 0; i < params->n; i++)
        free(params->value[i].rows);
    params->n = 0;
}

const struct param_value *params_get(const struct params *params, const char *name)
{
    size_t i = 0;
    while (i < params->n && strcmp(params->param[i]->name, name) != 0)
        i++;
    assert(i < params->n);
    return &params->value[i];
}

struct place params_place(const struct params *params, const char *name)
{
    size_t i = (size_t)(params_get(params, name) - params->value);
    return params->positional ? (struct place){NULL, NULL, i} : (struct place){NULL, name, 0};
}
