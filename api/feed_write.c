/*
 * Feeds as text: JSON (RFC 8259), CSV (RFC 4180), schemas, Power Query (M). A value is spelt the same in JSON and CSV, and
 * the same every time: numbers with their column's decimals, dates and times as ISO 8601, unknown as null or nothing.
 */
#include "feed.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TIME_CAP = 32 };

/* ---- Values ---- */

static void put_timestamp(struct buf *out, int64_t seconds)
{
    char text[TIME_CAP] = "";
    time_t at = (time_t)seconds;
    struct tm when;
    if (gmtime_r(&at, &when))
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &when);
    buf_text(out, text);
}

/* All but text, which each format quotes in its own way. */
static void put_plain(struct buf *out, const struct feed_cell *cell)
{
    char day[11];
    switch (cell->column->type) {
    case FEED_BOOLEAN:
        buf_text(out, cell->number ? "true" : "false");
        break;
    case FEED_DATE:
        wm_date_format((int32_t)cell->number, day);
        buf_text(out, day);
        break;
    case FEED_TIMESTAMP:
        put_timestamp(out, cell->number);
        break;
    default:
        buf_fixed(out, cell->number, cell->column->decimals);
    }
}

static size_t last_row(const struct feed_rows *rows, size_t first, size_t n)
{
    return first > rows->n ? first : n > rows->n - first ? rows->n : first + n;
}

/* ---- JSON ---- */

static void put_json_value(struct buf *out, const struct feed_cell *cell)
{
    bool quoted = cell->column->type == FEED_DATE || cell->column->type == FEED_TIMESTAMP;
    if (!cell->known)
        buf_text(out, "null");
    else if (cell->column->type == FEED_TEXT)
        buf_json_string(out, cell->text, strlen(cell->text));
    else {
        buf_text(out, quoted ? "\"" : "");
        put_plain(out, cell);
        buf_text(out, quoted ? "\"" : "");
    }
}

void feed_write_json(struct buf *out, struct feed_rows *rows, size_t first, size_t n)
{
    buf_char(out, '[');
    for (size_t i = first; i < last_row(rows, first, n) && !out->failed; i++) {
        const struct feed_cell *cells = feed_rows_get(rows, i);
        buf_text(out, i > first ? ",\n{" : "\n{");
        for (size_t k = 0; k < rows->table->n_columns; k++) {
            json_put_key(out, rows->table->columns[k].name);
            put_json_value(out, &cells[k]);
        }
        buf_char(out, '}');
    }
    buf_text(out, "\n]\n");
}

/* ---- CSV ---- */

/* Excel and its like take a cell that begins so for a formula, quoted or not (OWASP, CSV injection). */
static bool is_formula(const char *text)
{
    return *text != '\0' && strchr("=+-@\t\r", *text) != NULL;
}

static void put_csv_text(struct buf *out, const char *text, bool excel)
{
    bool guard = excel && is_formula(text), quote = strpbrk(text, "\",\r\n") != NULL;
    if (!quote) {
        buf_text(out, guard ? "'" : "");
        buf_text(out, text);
        return;
    }
    buf_text(out, guard ? "\"'" : "\"");
    for (const char *at = text; *at; at++) {
        if (*at == '"')
            buf_char(out, '"');
        buf_char(out, *at);
    }
    buf_char(out, '"');
}

static void put_csv_header(struct buf *out, const struct feed_table *table)
{
    for (size_t k = 0; k < table->n_columns; k++) {
        buf_text(out, k > 0 ? "," : "");
        buf_text(out, table->columns[k].name);
    }
    buf_text(out, "\r\n");
}

void feed_write_csv(struct buf *out, struct feed_rows *rows, size_t first, size_t n, bool excel)
{
    buf_text(out, excel ? "\xef\xbb\xbf" : "");
    put_csv_header(out, rows->table);
    for (size_t i = first; i < last_row(rows, first, n) && !out->failed; i++) {
        const struct feed_cell *cells = feed_rows_get(rows, i);
        for (size_t k = 0; k < rows->table->n_columns; k++) {
            buf_text(out, k > 0 ? "," : "");
            if (cells[k].known && cells[k].column->type == FEED_TEXT)
                put_csv_text(out, cells[k].text, excel);
            else if (cells[k].known)
                put_plain(out, &cells[k]);
        }
        buf_text(out, "\r\n");
    }
}

/* ---- What feeds there are ---- */

static const char *profile_name(bool restricted)
{
    return restricted ? "restricted" : "public";
}

/* JSON Schema's word for the type of a value, and of a text its format. */
static void put_json_type(struct buf *out, const struct feed_column *column)
{
    static const char *const types[] = {
        [FEED_TEXT] = "string", [FEED_INTEGER] = "integer",  [FEED_NUMBER] = "number",
        [FEED_DATE] = "string", [FEED_TIMESTAMP] = "string", [FEED_BOOLEAN] = "boolean"};
    if (column->flags & FEED_NULLABLE) {
        json_put_key(out, "type");
        buf_format(out, "[\"%s\",\"null\"]", types[column->type]);
    } else {
        json_put_text(out, "type", types[column->type]);
    }
    if (column->type == FEED_DATE || column->type == FEED_TIMESTAMP)
        json_put_text(out, "format", column->type == FEED_DATE ? "date" : "date-time");
}

static void put_property(struct buf *out, const struct feed_column *column)
{
    char text[FEED_TEXT_CAP];
    snprintf(text, sizeof text, "%s%s%s%s", column->about, *column->unit ? " Unit: " : "", column->unit,
             *column->unit ? "." : "");
    json_put_key(out, column->name);
    json_open(out, '{');
    json_put_text(out, "description", text);
    put_json_type(out, column);
    json_close(out, '}');
}

/* Of the array of rows. Columns that come later are not forbidden by it: whoever keeps a copy may validate with it on. */
void feed_write_schema(struct buf *out, const struct feed_table *table)
{
    char text[FEED_TEXT_CAP];
    snprintf(text, sizeof text, "%s One row is %s.", table->about, table->row);
    json_open(out, '{');
    json_put_text(out, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_put_text(out, "title", table->name);
    json_put_text(out, "description", text);
    json_put_text(out, "type", "array");
    json_put_key(out, "items");
    json_open(out, '{');
    json_put_text(out, "type", "object");
    json_put_key(out, "properties");
    json_open(out, '{');
    for (size_t k = 0; k < table->n_columns; k++)
        put_property(out, &table->columns[k]);
    json_close(out, '}');
    json_put_key(out, "required");
    json_open(out, '[');
    for (size_t k = 0; k < table->n_columns; k++) {
        json_item(out);
        buf_json_string(out, table->columns[k].name, strlen(table->columns[k].name));
    }
    json_close(out, ']');
    json_close(out, '}');
    json_close(out, '}');
    buf_char(out, '\n');
}

/* The same for people and tools that lay out tables: flat, so that it loads as the feeds do. */
void feed_write_columns(struct buf *out, const struct feed_table *table)
{
    json_open(out, '[');
    for (size_t k = 0; k < table->n_columns; k++) {
        const struct feed_column *column = &table->columns[k];
        json_open(out, '{');
        json_put_text(out, "name", column->name);
        json_put_text(out, "type", feed_type_name(column->type));
        json_put_text(out, "unit", *column->unit ? column->unit : NULL);
        json_put_integer(out, "decimals", column->decimals);
        json_put_bool(out, "nullable", column->flags & FEED_NULLABLE);
        json_put_text(out, "profile", profile_name(table->restricted || (column->flags & FEED_RESTRICTED)));
        json_put_text(out, "description", column->about);
        json_close(out, '}');
    }
    json_close(out, ']');
    buf_char(out, '\n');
}

static void put_path(struct buf *out, const char *key, const char *table, const char *ending)
{
    json_put_key(out, key);
    buf_format(out, "\"/feeds/v1/%s%s\"", table, ending);
}

void feed_write_index(struct buf *out, bool restricted)
{
    json_open(out, '[');
    for (size_t i = 0; i < feed_table_count; i++) {
        const struct feed_table *table = feed_tables[i];
        json_open(out, '{');
        json_put_text(out, "table", table->name);
        json_put_text(out, "description", table->about);
        json_put_text(out, "row", table->row);
        json_put_text(out, "profile", profile_name(table->restricted));
        json_put_bool(out, "served", restricted || !table->restricted);
        put_path(out, "json", table->name, ".json");
        put_path(out, "csv", table->name, ".csv");
        put_path(out, "schema", table->name, ".schema.json");
        put_path(out, "power_query", table->name, ".pq");
        put_path(out, "columns", table->name, ".columns.json");
        json_close(out, '}');
    }
    json_close(out, ']');
    buf_char(out, '\n');
}

/* ---- Power Query ---- */

static const char *m_type(enum feed_type type)
{
    static const char *const names[] = {
        [FEED_TEXT] = "type text", [FEED_INTEGER] = "Int64.Type",          [FEED_NUMBER] = "type number",
        [FEED_DATE] = "type date", [FEED_TIMESTAMP] = "type datetimezone", [FEED_BOOLEAN] = "type logical"};
    return names[type];
}

/*
 * CSV rather than JSON: it has its header at zero rows, so that types can be set when there is no plan yet. The base is a
 * constant and the rest RelativePath and Query, as a scheduled refresh asks for; columns that come later pass untyped.
 */
void feed_write_pq(struct buf *out, const struct feed_table *table, const char *authority)
{
    buf_format(
        out,
        "// %s: %s One row is %s.\n"
        "// Power BI, Excel: Get data, Blank query, Advanced editor; paste all of this. Change Base to where the\n"
        "// service is reached from, and latest to a run_id for a plan that stays. Asked how to sign in, say "
        "Anonymous, or\n"
        "// Basic where a proxy before the service wants a name and a password. The Power BI service needs a data "
        "gateway\n"
        "// to refresh from an address that only your network knows.\n"
        "let\n"
        "    Base = \"http://%s\",\n"
        "    Source = Web.Contents(Base, [RelativePath = \"feeds/v1/%s.csv\", Query = [run = \"latest\"]]),\n"
        "    Cells = Csv.Document(Source, [Delimiter = \",\", Encoding = 65001, QuoteStyle = QuoteStyle.Csv]),\n"
        "    Named = Table.PromoteHeaders(Cells, [PromoteAllScalars = true]),\n"
        "    Known = Table.ReplaceValue(Named, \"\", null, Replacer.ReplaceValue, Table.ColumnNames(Named)),\n"
        "    Typed = Table.TransformColumnTypes(Known, {\n",
        table->name, table->about, table->row, authority, table->name);
    for (size_t k = 0; k < table->n_columns; k++)
        buf_format(out, "        {\"%s\", %s}%s\n", table->columns[k].name, m_type(table->columns[k].type),
                   k + 1 < table->n_columns ? "," : "");
    buf_text(out, "    }, \"en-GB\")\n"
                  "in\n"
                  "    Typed\n");
}
