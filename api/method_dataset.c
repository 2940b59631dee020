/*
 * dataset.*: the rows as they were loaded. A filter is read once into conditions whose values are sorted, so that its
 * cost over many rows does not grow with its length in the request.
 */
#include "methods.h"

#include "encode.h"
#include "jsonrpc.h"
#include "params.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_ROWS_MAX = 1000, COLUMNS_MAX = 96, FILTER_VALUES_MAX = 1000 };

const struct param dataset_list_params[] = {
    {"kind", PARAM_TEXT, true, 0, 0, NULL, "What a row is.", NULL, "kind"},
    {"filter", PARAM_OBJECT, false, 0, 0, NULL,
     "Columns and the value, or array of values, one of which a row must have; a list must hold one of them; null: "
     "unknown.",
     NULL, NULL},
    {"offset", PARAM_INTEGER, false, 0, WM_ROWS_MAX, "0", "Rows to skip: next_offset of the page before.", NULL, NULL},
    {"limit", PARAM_INTEGER, false, 1, LIST_ROWS_MAX, "100", "How many rows.", NULL, NULL},
    {"columns", PARAM_WORDS, false, 1, COLUMNS_MAX, NULL, "Only these columns, in this order.", NULL, NULL},
    {.name = NULL},
};

const struct param dataset_get_params[] = {
    {"kind", PARAM_TEXT, true, 0, 0, NULL, "What a row is.", NULL, "kind"},
    {"id", PARAM_ID, true, 0, 0, NULL, "Its id: the first column; of a budget, scope:code.", NULL, NULL},
    {.name = NULL},
};

/* ---- dataset.info ---- */

static const char *type_name(enum wm_type type)
{
    static const char *const names[] = {[WM_TEXT] = "text",       [WM_ID] = "id",       [WM_INTEGER] = "integer",
                                        [WM_DECIMAL] = "decimal", [WM_DATE] = "date",   [WM_FLAG] = "flag",
                                        [WM_WORD] = "word",       [WM_WORDS] = "words", [WM_REFERENCES] = "references"};
    return names[type];
}

static void put_table(struct buf *out, const struct wm_dataset *dataset, enum wm_table table)
{
    size_t n;
    const struct wm_column *columns = wm_table_columns(dataset, table, &n);
    json_open(out, '{');
    json_put_text(out, "kind", wm_table_kind(table));
    json_put_text(out, "file", wm_table_name(table));
    json_put_integer(out, "rows", (int64_t)wm_table_rows(dataset, table));
    json_put_key(out, "columns");
    json_open(out, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(out, '{');
        json_put_text(out, "name", columns[i].name);
        json_put_text(out, "type", type_name(columns[i].type));
        json_put_text(out, "of", columns[i].of);
        json_put_text(out, "unit", columns[i].unit);
        json_put_bool(out, "required", columns[i].required);
        json_put_text(out, "about", columns[i].about);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_close(out, '}');
}

static void put_names(struct buf *out, const char *key, size_t n, const struct wm_dataset *dataset,
                      const char *(*name)(const struct wm_dataset *, size_t))
{
    json_put_key(out, key);
    json_open(out, '[');
    for (size_t i = 0; i < n; i++) {
        json_item(out);
        buf_json_string(out, name(dataset, i), strlen(name(dataset, i)));
    }
    json_close(out, ']');
}

static void put_vocabularies(struct buf *out, const struct wm_dataset *dataset)
{
    static const char *const vocabularies[] = {"region", "type",      "role",   "grade",   "accreditation",
                                               "sector", "programme", "rating", "segment", "budget_scope"};
    json_put_key(out, "vocabularies");
    json_open(out, '{');
    for (size_t i = 0; i < sizeof vocabularies / sizeof vocabularies[0]; i++) {
        struct choices words = {0};
        choices_add_words(&words, dataset, vocabularies[i]);
        json_put_key(out, vocabularies[i]);
        json_open(out, '[');
        for (size_t j = 0; j < words.n; j++) {
            json_item(out);
            buf_json_string(out, words.name[j], strlen(words.name[j]));
        }
        json_close(out, ']');
    }
    json_close(out, '}');
}

int dataset_info(const struct method_call *call, struct buf *out)
{
    int code = params_read_none(call, out);
    if (code != 0)
        return code;
    char as_of[11];
    wm_date_format(wm_policy_as_of(call->dataset), as_of);
    json_open(out, '{');
    encode_revisions(out, call->dataset);
    json_put_text(out, "policy_version", wm_policy_version(call->dataset));
    json_put_text(out, "as_of", as_of);
    json_put_key(out, "tables");
    json_open(out, '[');
    for (int table = 0; table < WM_TABLES; table++)
        put_table(out, call->dataset, (enum wm_table)table);
    json_close(out, ']');
    put_vocabularies(out, call->dataset);
    put_names(out, "domains", wm_domain_count(call->dataset), call->dataset, wm_domain_name);
    put_names(out, "components", wm_component_count(call->dataset), call->dataset, wm_component_name);
    json_close(out, '}');
    return 0;
}

/* ---- The filter of dataset.list ---- */

/* One column and what it may be. Words of a list are a bit set, other numbers and texts are sorted. */
struct condition {
    size_t column;
    const struct wm_column *about;
    bool unknown; /* null is among the values */
    uint64_t words;
    size_t first, n; /* into numbers or texts of the filter */
};

struct filter {
    const struct wm_dataset *dataset;
    enum wm_table table;
    struct buf *error;
    size_t n, n_numbers, n_texts;
    struct condition conditions[COLUMNS_MAX];
    int64_t numbers[FILTER_VALUES_MAX];
    const char *texts[FILTER_VALUES_MAX];
    char *room; /* what `texts` point into */
    size_t room_len;
    struct buf cell; /* the text being compared */
};

static bool is_textual(const struct wm_column *column)
{
    return column->type == WM_TEXT || column->type == WM_ID || column->type == WM_REFERENCES;
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The table that a column refers to by its file name, or -1. */
static int table_referred(const struct wm_column *column)
{
    for (int table = 0; column->of != NULL && table < WM_TABLES; table++)
        if (strcmp(column->of, wm_table_name((enum wm_table)table)) == 0)
            return table;
    return -1;
}

static int filter_text(struct filter *filter, const struct condition *condition, const struct place *place,
                       struct slice value)
{
    size_t cap = value.len; /* escapes only shrink, and the two quotes leave room for the NUL */
    char *text = filter->room + filter->room_len;
    if (json_kind(value) != '"' || json_string_copy(json_string_raw(value), text, cap) == SIZE_MAX)
        return refuse_value(filter->error, place, "a string without \\u0000, or null", value);
    int table = is_textual(condition->about) ? table_referred(condition->about) : -1;
    size_t row;
    if (table >= 0 && wm_row_find(filter->dataset, (enum wm_table)table, text, &row) != WM_OK) {
        char shown[SHOWN_MAX + 1];
        (void)json_string_copy(json_string_raw(value), shown, sizeof shown);
        return refuse_row(filter->error, place, filter->dataset, (enum wm_table)table, shown);
    }
    filter->room_len += strlen(text) + 1;
    filter->texts[filter->n_texts++] = text;
    return 0;
}

/* A number as the cells of the column hold it. */
static int filter_number(struct filter *filter, const struct condition *condition, const struct place *place,
                         struct slice value)
{
    const struct wm_column *column = condition->about;
    int64_t *number = &filter->numbers[filter->n_numbers];
    char text[16], expected[64];
    int decimals = column->type == WM_DECIMAL ? column->decimals : 0;
    int32_t day;
    switch (column->type) {
    case WM_FLAG:
        if (strchr("tf", json_kind(value)) == NULL)
            return refuse_value(filter->error, place, "true, false or null", value);
        *number = json_kind(value) == 't';
        break;
    case WM_DATE:
        if (!read_text(value, text, sizeof text) || !wm_date_parse(text, strlen(text), &day))
            return refuse_value(filter->error, place, "a date YYYY-MM-DD, or null", value);
        *number = day;
        break;
    default:
        if (json_kind(value) != '0' || json_number_scaled(value, decimals, number) != NUMBER_EXACT) {
            (void)snprintf(expected, sizeof expected, "a number with at most %d digits after the point, or null",
                           decimals);
            return refuse_value(filter->error, place, decimals == 0 ? "a whole number, or null" : expected, value);
        }
    }
    filter->n_numbers++;
    return 0;
}

static int filter_word(struct filter *filter, struct condition *condition, const struct place *place,
                       struct slice value)
{
    struct choices words = {0};
    choices_add_words(&words, filter->dataset, condition->about->of);
    size_t i = 0;
    while (i < words.n && !(json_kind(value) == '"' && json_string_is(json_string_raw(value), words.name[i])))
        i++;
    if (i == words.n)
        return refuse_choice(filter->error, place, &words, value);
    condition->words |= UINT64_C(1) << i;
    return 0;
}

static int filter_value(struct filter *filter, struct condition *condition, const struct place *place,
                        struct slice value)
{
    if (filter->n_numbers + filter->n_texts == FILTER_VALUES_MAX)
        return refuse_value(filter->error, place, "at most 1000 values in a filter", value);
    if (json_kind(value) == 'n') {
        condition->unknown = true;
        return 0;
    }
    if (condition->about->type == WM_WORD || condition->about->type == WM_WORDS)
        return filter_word(filter, condition, place, value);
    return is_textual(condition->about) ? filter_text(filter, condition, place, value)
                                        : filter_number(filter, condition, place, value);
}

static int filter_condition(struct filter *filter, struct condition *condition, const struct place *place,
                            struct slice value)
{
    bool textual = is_textual(condition->about);
    condition->first = textual ? filter->n_texts : filter->n_numbers;
    int code = 0;
    if (json_kind(value) == '[') {
        struct json_walk walk;
        struct slice item;
        json_walk_start(&walk, value);
        for (size_t i = 0; code == 0 && json_walk_item(&walk, &item); i++)
            code = filter_value(filter, condition, &(struct place){place, NULL, i}, item);
    } else {
        code = filter_value(filter, condition, place, value);
    }
    condition->n = (textual ? filter->n_texts : filter->n_numbers) - condition->first;
    if (textual)
        qsort(filter->texts + condition->first, condition->n, sizeof *filter->texts, compare_texts);
    else
        qsort(filter->numbers + condition->first, condition->n, sizeof *filter->numbers, compare_numbers);
    return code;
}

/* The column a name in the request means, or -1 with the error object put. */
static int find_column(const struct wm_dataset *dataset, enum wm_table table, const struct place *place,
                       struct slice raw, struct slice shown, struct buf *error, int *code)
{
    size_t n;
    const struct wm_column *columns = wm_table_columns(dataset, table, &n);
    struct choices names = {0};
    for (size_t i = 0; i < n; i++) {
        if (raw.at != NULL && json_string_is(raw, columns[i].name))
            return (int)i;
        choices_add(&names, columns[i].name);
    }
    *code = refuse_choice(error, place, &names, shown);
    return -1;
}

static int filter_members(struct filter *filter, const struct place *place, struct slice object)
{
    struct json_walk walk;
    struct slice key, value;
    json_walk_start(&walk, object);
    while (json_walk_member(&walk, &key, &value)) {
        int code = 0;
        char name[SHOWN_MAX + 1];
        if (json_string_copy(key, name, sizeof name) == SIZE_MAX)
            return refuse_value(filter->error, place, "names without \\u0000", (struct slice){key.at - 1, key.len + 2});
        struct place at = {place, name, 0};
        int column = find_column(filter->dataset, filter->table, &at, key, (struct slice){key.at - 1, key.len + 2},
                                 filter->error, &code);
        if (column < 0)
            return code;
        for (size_t i = 0; i < filter->n; i++)
            if (filter->conditions[i].column == (size_t)column)
                return refuse_value(filter->error, &at, "this name once", value);
        size_t n;
        struct condition *condition = &filter->conditions[filter->n++];
        *condition = (struct condition){.column = (size_t)column,
                                        .about = wm_table_columns(filter->dataset, filter->table, &n) + column};
        code = filter_condition(filter, condition, &at, value);
        if (code != 0)
            return code;
    }
    return 0;
}

/* The text of a cell in filter->cell, NUL-terminated; NULL when memory ran out. */
static char *cell_text(struct filter *filter, size_t row, size_t column, size_t *len)
{
    char room[256];
    *len = wm_cell_text(filter->dataset, filter->table, row, column, room, sizeof room);
    buf_clear(&filter->cell);
    if (*len < sizeof room) {
        buf_put(&filter->cell, room, *len + 1);
    } else {
        char *whole = malloc(*len + 1);
        if (whole == NULL)
            return NULL;
        (void)wm_cell_text(filter->dataset, filter->table, row, column, whole, *len + 1);
        buf_put(&filter->cell, whole, *len + 1);
        free(whole);
    }
    return filter->cell.failed ? NULL : filter->cell.at;
}

static bool has_text(const struct filter *filter, const struct condition *condition, const char *text)
{
    return bsearch(&text, filter->texts + condition->first, condition->n, sizeof text, compare_texts) != NULL;
}

/* 1: the row meets the condition, 0: not, -1: out of memory. */
static int meets_text(struct filter *filter, const struct condition *condition, size_t row)
{
    size_t len;
    char *text = cell_text(filter, row, condition->column, &len);
    if (text == NULL)
        return -1;
    if (len == 0)
        return condition->unknown;
    if (condition->about->type != WM_REFERENCES)
        return has_text(filter, condition, text);
    for (char *end; text != NULL; text = end) {
        end = strchr(text, ';');
        if (end != NULL)
            *end++ = '\0';
        if (has_text(filter, condition, text))
            return 1;
    }
    return 0;
}

static int meets(struct filter *filter, const struct condition *condition, size_t row)
{
    if (is_textual(condition->about))
        return meets_text(filter, condition, row);
    int64_t number = wm_cell_number(filter->dataset, filter->table, row, condition->column);
    if (number == WM_MISSING)
        return condition->unknown;
    if (condition->about->type == WM_WORDS)
        return ((uint64_t)number & condition->words) != 0;
    if (condition->about->type == WM_WORD)
        return (condition->words >> number & 1) != 0;
    return bsearch(&number, filter->numbers + condition->first, condition->n, sizeof number, compare_numbers) != NULL;
}

static int meets_all(struct filter *filter, size_t row)
{
    for (size_t i = 0; i < filter->n; i++) {
        int met = meets(filter, &filter->conditions[i], row);
        if (met != 1)
            return met;
    }
    return 1;
}

/* ---- dataset.list ---- */

struct selection { /* which columns a row shows */
    size_t n;
    size_t column[COLUMNS_MAX];
};

static int select_columns(const struct wm_dataset *dataset, enum wm_table table, const struct params *params,
                          struct selection *out, struct buf *error)
{
    const struct param_value *value = params_get(params, "columns");
    const struct place place = params_place(params, "columns");
    size_t n_columns;
    (void)wm_table_columns(dataset, table, &n_columns);
    assert(n_columns <= COLUMNS_MAX);
    out->n = 0;
    if (!value->given) {
        while (out->n < n_columns) {
            out->column[out->n] = out->n;
            out->n++;
        }
        return 0;
    }
    struct json_walk walk;
    struct slice item;
    json_walk_start(&walk, value->raw);
    for (size_t i = 0; json_walk_item(&walk, &item); i++) {
        struct place at = {&place, NULL, i};
        struct slice raw = json_kind(item) == '"' ? json_string_raw(item) : (struct slice){0};
        int code = 0, column = find_column(dataset, table, &at, raw, item, error, &code);
        if (column < 0)
            return code;
        for (size_t j = 0; j < out->n; j++)
            if (out->column[j] == (size_t)column)
                return refuse_value(error, &at, "each column once", item);
        out->column[out->n++] = (size_t)column;
    }
    return 0;
}

/* The members "id" and "row". */
static void put_row(struct buf *out, const struct wm_dataset *dataset, enum wm_table table, size_t row,
                    const struct selection *selection)
{
    size_t n;
    const struct wm_column *columns = wm_table_columns(dataset, table, &n);
    json_put_text(out, "id", wm_row_id(dataset, table, row));
    json_put_key(out, "row");
    json_open(out, '{');
    for (size_t i = 0; i < selection->n; i++) {
        json_put_key(out, columns[selection->column[i]].name);
        encode_cell(out, dataset, table, row, selection->column[i]);
    }
    json_close(out, '}');
}

/* Writes the page and how many rows matched; false when memory ran out. */
static bool put_page(struct buf *out, struct filter *filter, const struct selection *selection, size_t offset,
                     size_t limit)
{
    size_t n_rows = wm_table_rows(filter->dataset, filter->table), matched = 0, shown = 0;
    json_put_key(out, "rows");
    json_open(out, '[');
    for (size_t row = 0; row < n_rows && !out->failed; row++) {
        int met = meets_all(filter, row);
        if (met < 0)
            return false;
        if (met == 1 && matched >= offset && shown < limit) {
            json_open(out, '{');
            put_row(out, filter->dataset, filter->table, row, selection);
            json_close(out, '}');
            shown++;
        }
        matched += met == 1;
    }
    json_close(out, ']');
    json_put_integer(out, "matched", (int64_t)matched);
    if (shown > 0 && offset + shown < matched)
        json_put_integer(out, "next_offset", (int64_t)(offset + shown));
    else
        json_put_null(out, "next_offset");
    return true;
}

static int list_rows(const struct method_call *call, const struct params *params, struct filter *filter,
                     struct buf *out)
{
    const struct param_value *given = params_get(params, "filter");
    struct selection selection;
    int code = select_columns(call->dataset, filter->table, params, &selection, out);
    if (code == 0 && given->given) {
        filter->room = malloc(given->raw.len);
        if (filter->room == NULL)
            return refuse_memory(out);
        const struct place place = params_place(params, "filter");
        code = filter_members(filter, &place, given->raw);
    }
    if (code != 0)
        return code;
    size_t offset = (size_t)params_get(params, "offset")->number, limit = (size_t)params_get(params, "limit")->number;
    json_open(out, '{');
    encode_revisions(out, call->dataset);
    json_put_text(out, "kind", wm_table_kind(filter->table));
    json_put_integer(out, "considered", (int64_t)wm_table_rows(call->dataset, filter->table));
    json_put_integer(out, "offset", (int64_t)offset);
    json_put_integer(out, "limit", (int64_t)limit);
    if (!put_page(out, filter, &selection, offset, limit))
        out->failed = out->starved = true; /* method_run says so in place of half an answer */
    json_close(out, '}');
    return 0;
}

int dataset_list(const struct method_call *call, struct buf *out)
{
    struct params params;
    int code = params_read(call, dataset_list_params, &params, out);
    if (code != 0)
        return code;
    struct filter *filter = malloc(sizeof *filter);
    if (filter == NULL) {
        code = refuse_memory(out);
    } else {
        *filter = (struct filter){
            .dataset = call->dataset, .table = (enum wm_table)params_get(&params, "kind")->number, .error = out};
        buf_init(&filter->cell, SIZE_MAX);
        code = list_rows(call, &params, filter, out);
        buf_fini(&filter->cell);
        free(filter->room);
        free(filter);
    }
    params_fini(&params);
    return code;
}

/* ---- dataset.get ---- */

static int get_row(const struct method_call *call, const struct params *params, struct buf *out)
{
    enum wm_table table = (enum wm_table)params_get(params, "kind")->number;
    struct slice value = params_get(params, "id")->raw;
    const struct place place = params_place(params, "id");
    char id[512];
    size_t row;
    if (!read_text(value, id, sizeof id) || wm_row_find(call->dataset, table, id, &row) != WM_OK) {
        char shown[SHOWN_MAX + 1];
        (void)json_string_copy(json_string_raw(value), shown, sizeof shown);
        return refuse_row(out, &place, call->dataset, table, shown);
    }
    struct selection all;
    (void)wm_table_columns(call->dataset, table, &all.n);
    for (size_t i = 0; i < all.n; i++)
        all.column[i] = i;
    json_open(out, '{');
    encode_revisions(out, call->dataset);
    json_put_text(out, "kind", wm_table_kind(table));
    put_row(out, call->dataset, table, row, &all);
    json_close(out, '}');
    return 0;
}

int dataset_get(const struct method_call *call, struct buf *out)
{
    struct params params;
    int code = params_read(call, dataset_get_params, &params, out);
    if (code != 0)
        return code;
    code = get_row(call, &params, out);
    params_fini(&params);
    return code;
}
