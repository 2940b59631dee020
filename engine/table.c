/*
 * Tables: records of a CSV file become columns of numbers, sealed in the order of ids; and the way to read them.
 *
 * The lines of the file bound the number of rows and its bytes bound the text, so every array is taken once, at its
 * bound; pages that turn out not to be needed are never touched. Rows are read in the order of the file and put into the
 * order of ids at the end, one column after the other.
 */
#include "table.h"
#include "cell.h"
#include "csv_records.h"
#include "schema.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEAREST_MAX = 16, UNUSED = -1, EXPECTED_MAX = 480 };

#define SCRATCH_BYTES_MAX ((size_t)16 << 30)

struct loading {
    struct table_context *context;
    enum wm_table which;
    const char *file;
    struct table *table;
    struct cell_rules *rules;      /* [n_columns] */
    bool *present;                 /* [n_columns] the file has it */
    int column_of_cell[CELLS_MAX]; /* UNUSED: a heading that was refused */
    size_t n_headings, rows_max;
    bool header_read, complete;
    char *text; /* [text_cap] */
    size_t text_len;
    int64_t *id_at; /* [rows_max] offset into text */
    uint32_t *line; /* [rows_max] of the record */
};

struct id_row {
    const char *id;
    uint32_t row;
};

static int find_vocabularies(const struct table_context *context, struct table *table);
static int open_columns(struct loading *loading, struct arena *scratch, const struct wm_source *source);
static on_record read_record, read_header;
static void read_heading(struct loading *loading, const struct record *record, size_t cell);
static void check_pair(struct loading *loading, const struct record *record);
static void check_budget(struct loading *loading, const struct record *record, size_t row);
static bool keep_id(struct loading *loading, size_t row);
static int64_t keep_text(struct loading *loading, const char *text, size_t len);
static int seal(struct loading *loading, struct arena *scratch);
static int seal_order(struct loading *loading, struct id_row *order, struct arena *scratch);
static int by_id(const void *left, const void *right);

int table_read(struct table_context *context, enum wm_table table, const struct wm_source *source, struct table *out)
{
    struct loading loading = {
        .context = context, .which = table, .file = wm_table_name(table), .table = out, .complete = true};
    struct wm_faults *faults = context->faults;
    struct arena scratch;
    size_t n_broken = 0;

    context->complete[table] = false;
    memset(out, 0, sizeof *out);
    int status = schema_columns(context->arena, table, context->policy, &out->columns, &out->n_columns);
    if (status == WM_OK)
        status = find_vocabularies(context, out);
    if (status != WM_OK)
        return status;
    if (!source || !source->bytes) {
        if (table < WM_TABLES && (!source || source->len != SOURCE_UNREADABLE))
            fault_add(faults, loading.file, 0, 0, "a CSV file with the table's headings", "the file is absent");
        return WM_OK;
    }
    if (text_is_utf16(source->bytes, source->len)) {
        fault_add(faults, loading.file, 0, 0, "UTF-8; spreadsheets offer it as 'CSV UTF-8'",
                  "the file is encoded as UTF-16");
        return WM_OK;
    }

    arena_init(&scratch, SCRATCH_BYTES_MAX);
    status = open_columns(&loading, &scratch, source);
    if (status == WM_OK)
        status = csv_records(&scratch, source, faults, read_record, &loading, &n_broken);
    if (status == WM_EDATA)
        status = WM_OK; /* reading ended early for a fault that stands in the list */
    if (status == WM_OK && !loading.header_read && n_broken == 0)
        fault_add(faults, loading.file, 0, 0, "a first row with the table's headings", "the file is empty");
    if (status == WM_OK)
        status = seal(&loading, &scratch);
    if (status == WM_OK) {
        context->complete[table] = loading.header_read && loading.complete && n_broken == 0;
        if (context->complete[table] && out->n_rows == 0 && schema_must_have_rows(table))
            fault_add(faults, loading.file, 0, 0, "at least one row", "there are headings but no row");
    }
    arena_fini(&scratch);
    return status;
}

/* ---- Reading ---- */

static int open_columns(struct loading *loading, struct arena *scratch, const struct wm_source *source)
{
    const struct table_context *context = loading->context;
    struct table *table = loading->table;
    size_t lines = 1;
    for (const char *at = source->bytes, *end = at + source->len; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    loading->rows_max = lines < WM_ROWS_MAX ? lines : WM_ROWS_MAX;

    /* A budget's id repeats two of its cells, hence twice the bytes. Every kept text ends where the file had a separator. */
    loading->text = arena_alloc(scratch, source->len + 1, 2);
    loading->id_at = arena_alloc(scratch, loading->rows_max, sizeof *loading->id_at);
    loading->line = arena_alloc(scratch, loading->rows_max, sizeof *loading->line);
    loading->rules = arena_alloc(scratch, table->n_columns, sizeof *loading->rules);
    loading->present = arena_alloc(scratch, table->n_columns, sizeof *loading->present);
    table->cells = arena_alloc(context->arena, table->n_columns, sizeof *table->cells);
    if (!loading->text || !loading->id_at || !loading->line || !loading->rules || !loading->present || !table->cells)
        return WM_EMEMORY;

    for (size_t c = 0; c < table->n_columns; c++) {
        const struct wm_column *column = &table->columns[c];
        struct cell_rules *rules = &loading->rules[c];
        *rules = (struct cell_rules){.column = column,
                                     .vocabulary = table->vocabularies[c],
                                     .as_of = context->policy->as_of,
                                     .effort = &loading->context->effort};
        rules->upper_case = loading->which == WM_ORGANISATIONS && c == 0;
        if (column->of && cell_is_text(column->type)) {
            int target = schema_table(column->of);
            rules->target = context->complete[target] ? &context->tables[target] : NULL;
        }
        table->cells[c] = arena_alloc(context->arena, loading->rows_max, sizeof **table->cells);
        if (!table->cells[c])
            return WM_EMEMORY;
    }
    return WM_OK;
}

static int find_vocabularies(const struct table_context *context, struct table *table)
{
    table->vocabularies = arena_alloc(context->arena, table->n_columns, sizeof *table->vocabularies);
    if (!table->vocabularies)
        return WM_EMEMORY;
    for (size_t c = 0; c < table->n_columns; c++)
        if (table->columns[c].type == WM_WORD || table->columns[c].type == WM_WORDS)
            table->vocabularies[c] = policy_vocabulary(context->policy, table->columns[c].of);
    return WM_OK;
}

static int read_record(void *context, const struct record *record)
{
    struct loading *loading = context;
    struct table *table = loading->table;
    struct wm_faults *faults = loading->context->faults;
    if (!loading->header_read)
        return read_header(loading, record);
    if (record->n_cells != loading->n_headings) {
        fault_add(faults, loading->file, record->line, 0, "one for each heading",
                  "the row has %zu cell%s and there are %zu headings", record->n_cells, record->n_cells == 1 ? "" : "s",
                  loading->n_headings);
        loading->complete = false;
        return WM_OK;
    }
    if (table->n_rows == loading->rows_max) {
        fault_add(faults, loading->file, record->line, 0, "fewer rows", "there are more than %d rows", WM_ROWS_MAX);
        loading->complete = false;
        return WM_EDATA;
    }

    size_t row = table->n_rows;
    for (size_t c = 0; c < table->n_columns; c++)
        table->cells[c][row] = WM_MISSING;
    for (size_t i = 0; i < record->n_cells; i++) {
        const struct record_cell *cell = &record->cells[i];
        int column = loading->column_of_cell[i];
        if (column == UNUSED)
            continue;
        const struct cell_place place = {faults, loading->file, cell->line, (long)i + 1};
        int64_t value;
        if (!cell_parse(&loading->rules[column], &place, cell->text, cell->len, &value))
            continue;
        if (value != WM_MISSING && cell_is_text(table->columns[column].type))
            value = keep_text(loading, cell->text, cell->len);
        table->cells[column][row] = value;
    }
    check_pair(loading, record);
    if (loading->which == WM_BUDGETS)
        check_budget(loading, record, row);
    loading->line[row] = (uint32_t)record->line;
    if (keep_id(loading, row))
        table->n_rows++;
    else
        loading->complete = false;
    return WM_OK;
}

static int read_header(void *context, const struct record *record)
{
    struct loading *loading = context;
    struct table *table = loading->table;
    struct wm_faults *faults = loading->context->faults;
    bool any = false;

    loading->header_read = true;
    loading->n_headings = record->n_cells;
    if (record->n_cells > CELLS_MAX) {
        fault_add(faults, loading->file, record->line, 0, "the table's headings", "there are %zu headings",
                  record->n_cells);
        loading->complete = false;
        return WM_EDATA;
    }
    for (size_t i = 0; i < record->n_cells && !any; i++)
        for (size_t c = 0; c < table->n_columns && !any; c++)
            any = strcmp(record->cells[i].text, table->columns[c].name) == 0;
    if (!any) {
        char shown[TEXT_SHOWN], expected[EXPECTED_MAX];
        snprintf(expected, sizeof expected, "headings separated by commas, such as %s,%s", table->columns[0].name,
                 table->columns[1].name);
        fault_add(faults, loading->file, record->line, 0, expected, "none of the headings is known; the first is %s",
                  text_show(shown, record->cells[0].text, record->cells[0].len));
        loading->complete = false;
        return WM_EDATA;
    }
    for (size_t i = 0; i < record->n_cells; i++)
        read_heading(loading, record, i);
    for (size_t c = 0; c < table->n_columns; c++)
        if (!loading->present[c])
            fault_add(faults, loading->file, record->line, 0, "each heading of the table", "the heading %s is missing",
                      table->columns[c].name);
    loading->complete = loading->present[0];
    return WM_OK;
}

static void read_heading(struct loading *loading, const struct record *record, size_t cell)
{
    const struct table *table = loading->table;
    const struct policy *policy = loading->context->policy;
    const struct record_cell *heading = &record->cells[cell];
    struct wm_faults *faults = loading->context->faults;
    size_t c = 0;

    loading->column_of_cell[cell] = UNUSED;
    while (c < table->n_columns && (strlen(table->columns[c].name) != heading->len ||
                                    memcmp(table->columns[c].name, heading->text, heading->len) != 0))
        c++;
    if (c < table->n_columns) {
        if (loading->present[c])
            fault_add(faults, loading->file, heading->line, (long)cell + 1, "each heading once",
                      "the heading %s stands twice", table->columns[c].name);
        else
            loading->column_of_cell[cell] = (int)c;
        loading->present[c] = true;
        return;
    }
    if ((policy->n_domains == 0 || policy->n_components == 0) && schema_is_expanded(loading->which, heading->text))
        return; /* it cannot be judged while the policy cannot be read */

    char shown[TEXT_SHOWN], expected[EXPECTED_MAX];
    struct nearest nearest;
    nearest_init(&nearest, heading->text, heading->len);
    for (c = 0; c < table->n_columns; c++)
        nearest_offer(&nearest, table->columns[c].name);
    const char *near = nearest_name(&nearest);
    snprintf(expected, sizeof expected, "%s%s", near ? "the nearest is " : "a heading of this table", near ? near : "");
    fault_add(faults, loading->file, heading->line, (long)cell + 1, expected, "unknown heading %s",
              text_show(shown, heading->text, heading->len));
}

/* The number of a column's cell in the file, for a fault that is about the whole row's sense. */
static long cell_number(const struct loading *loading, int column)
{
    for (size_t i = 0; i < loading->n_headings; i++)
        if (loading->column_of_cell[i] == column)
            return (long)i + 1;
    return 0;
}

/* Half a coordinate is a slip: a place with one of the two would be somewhere else. */
static void check_pair(struct loading *loading, const struct record *record)
{
    const struct table *table = loading->table;
    const char *const names[] = {"latitude", "longitude"};
    int columns[2];
    bool known[2];
    for (int i = 0; i < 2; i++) {
        columns[i] = table_column(table, names[i]);
        long number = columns[i] < 0 ? 0 : cell_number(loading, columns[i]);
        if (number == 0)
            return;
        known[i] = record->cells[number - 1].len != 0; /* as written, also when it is faulty: one slip, one fault */
    }
    if (known[0] == known[1])
        return;
    int absent = known[0] ? 1 : 0;
    long number = cell_number(loading, columns[absent]);
    fault_add(loading->context->faults, loading->file, record->cells[number - 1].line, number, "both or neither",
              "%s is empty but %s is given", names[absent], names[!absent]);
}

/* A budget's code must be a code of its scope. */
static void check_budget(struct loading *loading, const struct record *record, size_t row)
{
    const struct table_context *context = loading->context;
    const struct table *organisations = &context->tables[WM_ORGANISATIONS];
    const struct vocabulary *scopes = loading->rules[0].vocabulary;
    const struct vocabulary *regions = policy_vocabulary(context->policy, "region");
    int64_t scope = loading->table->cells[0][row], code_at = loading->table->cells[1][row];
    if (!scopes || scope == WM_MISSING || code_at == WM_MISSING)
        return;
    const char *name = scopes->words[scope].name, *code = loading->text + code_at, *expected = NULL;
    size_t found;
    if (strcmp(name, "national") == 0) {
        if (strcmp(code, "ENGLAND") != 0)
            expected = "ENGLAND";
    } else if (strcmp(name, "region") == 0) {
        if (regions && vocabulary_find(regions, code, strlen(code)) < 0)
            expected = "a word of the vocabulary region";
    } else if (!context->complete[WM_ORGANISATIONS]) {
        return;
    } else if (strcmp(name, "organisation") == 0) {
        if (table_find(organisations, code, &found) != WM_OK)
            expected = "an ods_code in organisations.csv";
    } else {
        int column = table_column(organisations, "icb_code");
        expected = "an icb_code in organisations.csv";
        for (size_t i = 0; i < organisations->n_rows && expected; i++) {
            const char *icb = table_text(organisations, i, column);
            if (icb && strcmp(icb, code) == 0)
                expected = NULL;
        }
    }
    if (expected) {
        char shown[TEXT_SHOWN];
        long number = cell_number(loading, 1);
        fault_add(context->faults, loading->file, record->cells[number - 1].line, number, expected,
                  "code of a budget of scope %s is %s", name, text_show(shown, code, strlen(code)));
    }
}

static bool keep_id(struct loading *loading, size_t row)
{
    const struct table *table = loading->table;
    int64_t first = table->cells[0][row];
    if (first == WM_MISSING)
        return false;
    loading->id_at[row] = first;
    if (loading->which != WM_BUDGETS)
        return true;
    const struct vocabulary *scopes = loading->rules[0].vocabulary;
    if (table->cells[1][row] == WM_MISSING || !scopes)
        return false;
    const char *scope = scopes->words[first].name;
    size_t scope_len = strlen(scope);
    const char *code = loading->text + table->cells[1][row];
    char *id = loading->text + loading->text_len;
    loading->id_at[row] = (int64_t)loading->text_len;
    memcpy(id, scope, scope_len);
    id[scope_len] = ':';
    memcpy(id + scope_len + 1, code, strlen(code) + 1);
    loading->text_len += scope_len + strlen(code) + 2;
    return true;
}

static int64_t keep_text(struct loading *loading, const char *text, size_t len)
{
    int64_t at = (int64_t)loading->text_len;
    memcpy(loading->text + at, text, len + 1);
    loading->text_len += len + 1;
    return at;
}

/* ---- Sealing ---- */

static int seal(struct loading *loading, struct arena *scratch)
{
    struct arena *arena = loading->context->arena;
    struct table *table = loading->table;
    size_t n = table->n_rows;
    struct id_row *order = arena_alloc(scratch, n, sizeof *order);
    table->text = arena_alloc(arena, loading->text_len + 1, 1);
    table->id = arena_alloc(arena, n, sizeof *table->id);
    if (!order || !table->text || !table->id)
        return WM_EMEMORY;
    memcpy(table->text, loading->text, loading->text_len);
    table->text_len = loading->text_len;
    for (size_t row = 0; row < n; row++)
        order[row] = (struct id_row){table->text + loading->id_at[row], (uint32_t)row};
    int status = seal_order(loading, order, scratch);
    for (size_t row = 0; row < n; row++)
        table->id[row] = order[row].id;
    return status;
}

static int seal_order(struct loading *loading, struct id_row *order, struct arena *scratch)
{
    struct table *table = loading->table;
    size_t n = table->n_rows;
    bool sorted = true;
    for (size_t i = 1; i < n && sorted; i++)
        sorted = strcmp(order[i - 1].id, order[i].id) < 0;
    if (sorted)
        return WM_OK;

    int64_t *moved = arena_alloc(scratch, n, sizeof *moved);
    if (!moved)
        return WM_EMEMORY;
    qsort(order, n, sizeof *order, by_id);
    for (size_t i = 1, first = 0; i < n; i++) {
        if (strcmp(order[first].id, order[i].id) != 0) {
            first = i;
            continue;
        }
        char shown[TEXT_SHOWN];
        fault_add(loading->context->faults, loading->file, (long)loading->line[order[i].row],
                  loading->which == WM_BUDGETS ? 0 : cell_number(loading, 0), "each id once",
                  "the id %s stands already on line %lu", text_show(shown, order[i].id, strlen(order[i].id)),
                  (unsigned long)loading->line[order[first].row]);
    }
    for (size_t c = 0; c < table->n_columns; c++) {
        for (size_t i = 0; i < n; i++)
            moved[i] = table->cells[c][order[i].row];
        memcpy(table->cells[c], moved, n * sizeof *moved);
    }
    return WM_OK;
}

static int by_id(const void *left, const void *right)
{
    const struct id_row *a = left, *b = right;
    int order = strcmp(a->id, b->id);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

/* ---- Inside the engine ---- */

int table_find(const struct table *table, const char *id, size_t *row)
{
    size_t low = 0, high = table->n_rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(table->id[middle], id);
        if (order == 0) {
            *row = middle;
            return WM_OK;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return WM_EUNKNOWN;
}

int table_column(const struct table *table, const char *name)
{
    for (size_t c = 0; c < table->n_columns; c++)
        if (*table->columns[c].name == *name && strcmp(table->columns[c].name, name) == 0)
            return (int)c; /* answers look columns up by name: mostly the first byte tells */
    return -1;
}

const char *table_text(const struct table *table, size_t row, int column)
{
    int64_t at = table->cells[column][row];
    return at == WM_MISSING ? NULL : table->text + at;
}

/* ---- Public ---- */

static const struct table *table_of(const struct wm_dataset *dataset, enum wm_table table)
{
    return (size_t)table < WM_TABLES ? &dataset->tables[table] : NULL;
}

size_t wm_table_rows(const struct wm_dataset *dataset, enum wm_table table)
{
    const struct table *t = table_of(dataset, table);
    return t ? t->n_rows : 0;
}

const struct wm_column *wm_table_columns(const struct wm_dataset *dataset, enum wm_table table, size_t *n)
{
    const struct table *t = table_of(dataset, table);
    *n = t ? t->n_columns : 0;
    return t ? t->columns : NULL;
}

int wm_row_find(const struct wm_dataset *dataset, enum wm_table table, const char *id, size_t *row)
{
    const struct table *t = table_of(dataset, table);
    return t ? table_find(t, id, row) : WM_EUNKNOWN;
}

const char *wm_row_id(const struct wm_dataset *dataset, enum wm_table table, size_t row)
{
    const struct table *t = table_of(dataset, table);
    return t && row < t->n_rows ? t->id[row] : NULL;
}

/* Never more than NEAREST_MAX: nobody reads a longer list of guesses. */
size_t wm_row_nearest(const struct wm_dataset *dataset, enum wm_table table, const char *id, const char *out[],
                      size_t n_max)
{
    const struct table *t = table_of(dataset, table);
    unsigned distances[NEAREST_MAX];
    size_t n = 0, id_len = strnlen(id, DISTANCE_BYTES);
    n_max = n_max < NEAREST_MAX ? n_max : NEAREST_MAX;
    for (size_t row = 0; t && n_max && row < t->n_rows; row++) {
        unsigned distance = wm_text_distance(id, t->id[row]);
        size_t len = strnlen(t->id[row], DISTANCE_BYTES), longer = len > id_len ? len : id_len;
        if (distance * 2 > longer + 1 || (n == n_max && distance >= distances[n - 1]))
            continue; /* half of it differs: another id, not a slip */
        size_t at = n < n_max ? n++ : n - 1;
        for (; at > 0 && distances[at - 1] > distance; at--) {
            distances[at] = distances[at - 1];
            out[at] = out[at - 1];
        }
        distances[at] = distance;
        out[at] = t->id[row];
    }
    return n;
}

size_t wm_cell_text(const struct wm_dataset *dataset, enum wm_table table, size_t row, size_t column, char *buf,
                    size_t cap)
{
    const struct table *t = table_of(dataset, table);
    if (!t || row >= t->n_rows || column >= t->n_columns) {
        if (cap)
            *buf = '\0';
        return 0;
    }
    const struct wm_column *c = &t->columns[column];
    const char *text = cell_is_text(c->type) ? table_text(t, row, (int)column) : NULL;
    return cell_format(c, t->vocabularies[column], t->cells[column][row], text, buf, cap);
}

int64_t wm_cell_number(const struct wm_dataset *dataset, enum wm_table table, size_t row, size_t column)
{
    const struct table *t = table_of(dataset, table);
    if (!t || row >= t->n_rows || column >= t->n_columns || cell_is_text(t->columns[column].type))
        return WM_MISSING;
    return t->cells[column][row];
}

int wm_column_find(const struct wm_dataset *dataset, enum wm_table table, const char *name)
{
    const struct table *t = table_of(dataset, table);
    return t ? table_column(t, name) : -1;
}
