/* Tables by name, and rows as both profiles see them: the stamps that every row carries, and what the public one hides. */
#include "feed.h"

#include "feed_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct feed_table *const feed_tables[] = {
#define X(name) &feed_##name,
    FEED_TABLES(X)
#undef X
};
const size_t feed_table_count = sizeof feed_tables / sizeof feed_tables[0];

const struct feed_table *feed_find(const char *name)
{
    for (size_t i = 0; i < feed_table_count; i++)
        if (strcmp(feed_tables[i]->name, name) == 0)
            return feed_tables[i];
    return NULL;
}

const char *feed_type_name(enum feed_type type)
{
    static const char *const names[] = {
        [FEED_TEXT] = "text", [FEED_INTEGER] = "integer",     [FEED_NUMBER] = "number",
        [FEED_DATE] = "date", [FEED_TIMESTAMP] = "timestamp", [FEED_BOOLEAN] = "boolean"};
    return names[type];
}

/* ---- Rows ---- */

int feed_rows_open(const struct feed_table *table, const struct feed_view *view, struct feed_rows *out)
{
    *out = (struct feed_rows){.table = table, .view = view};
    if (view == NULL)
        return WM_OK;
    assert(view->restricted || !table->restricted);
    out->cells = calloc(table->n_columns, sizeof *out->cells);
    int code = out->cells ? table->open(out) : WM_EMEMORY;
    if (code != WM_OK)
        feed_rows_close(out);
    return code;
}

void feed_rows_close(struct feed_rows *rows)
{
    free(rows->cells);
    free(rows->state);
    rows->cells = NULL;
    rows->state = NULL;
}

const struct feed_cell *feed_rows_get(struct feed_rows *rows, size_t i)
{
    const struct feed_table *table = rows->table;
    const struct feed_view *view = rows->view;
    assert(i < rows->n);
    for (size_t k = 0; k < table->n_columns; k++) {
        rows->cells[k].column = &table->columns[k];
        rows->cells[k].known = false;
    }
    feed_put_text(&rows->cells[FEED_STAMP_run_id], view->run);
    feed_put_number(&rows->cells[FEED_STAMP_data_date], wm_policy_as_of(view->plan.dataset));
    feed_put_number(&rows->cells[FEED_STAMP_generated_at], view->finished_at);
    table->put(rows, i, rows->cells);
    for (size_t k = 0; k < table->n_columns && !view->restricted; k++)
        if (table->columns[k].flags & FEED_RESTRICTED)
            rows->cells[k].known = false;
    return rows->cells;
}

/* ---- Cells ---- */

void feed_put_number(struct feed_cell *cell, int64_t number)
{
    cell->known = number != WM_MISSING;
    cell->number = number;
}

/* Money leaves in pounds with two digits of pence, whatever it is counted in. */
void feed_put_gbp(struct feed_cell *cell, int64_t pounds)
{
    feed_put_number(cell, pounds == WM_MISSING ? WM_MISSING : pounds * 100);
}

void feed_put_bool(struct feed_cell *cell, bool value)
{
    feed_put_number(cell, value);
}

void feed_put_text(struct feed_cell *cell, const char *text)
{
    cell->known = text != NULL && *text != '\0';
    if (cell->known)
        snprintf(cell->text, sizeof cell->text, "%s", text);
}

void feed_put_id(struct feed_cell *cell, const struct wm_dataset *dataset, enum wm_table table, int64_t row)
{
    feed_put_text(cell, row == WM_NO_ROW ? NULL : wm_row_id(dataset, table, (size_t)row));
}

void feed_put_cell(struct feed_cell *cell, const struct wm_dataset *dataset, enum wm_table table, int64_t row,
                   const char *column)
{
    size_t n;
    int index = wm_column_find(dataset, table, column);
    assert(index >= 0);
    if (row == WM_NO_ROW)
        return;
    if (cell->column->type == FEED_TEXT) {
        cell->known = wm_cell_text(dataset, table, (size_t)row, (size_t)index, cell->text, sizeof cell->text) > 0;
        return;
    }
    const struct wm_column *theirs = &wm_table_columns(dataset, table, &n)[index];
    int64_t number = wm_cell_number(dataset, table, (size_t)row, (size_t)index);
    assert(theirs->decimals <= cell->column->decimals);
    for (int i = theirs->decimals; i < cell->column->decimals && number != WM_MISSING; i++)
        number *= 10;
    feed_put_number(cell, number);
}

void feed_put_ratio(struct feed_cell *cell, int64_t part, int64_t whole)
{
    enum { MILLION = 1000000 };
    assert(cell->column->decimals == 6);
    if (part != WM_MISSING && whole != WM_MISSING && whole > 0)
        feed_put_number(cell, part >= whole ? MILLION : (part * MILLION + whole / 2) / whole);
}
