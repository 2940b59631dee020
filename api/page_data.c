/* Data quality: what was read, how old the published sources are, which cells are unknown. */
#include "page_places.h"

#include <stdlib.h>
#include <string.h>

/* ---- What was read ---- */

static int64_t optional_columns(const json_t *table)
{
    const json_t *column;
    size_t i;
    int64_t n = 0;
    json_array_foreach(at(table, "columns"), i, column) n += !true_at(column, "required");
    return n;
}

/* How many rows have nothing in a column. */
static int64_t unknown_cells(struct page *page, const json_t *table, const json_t *column)
{
    const char *name = say_json(page, text_at(column, "name"));
    const char *first = text_at(json_array_get(at(table, "columns"), 0), "name");
    const json_t *list = page_ask(page, "dataset.list",
                                  page_words(page, "{\"kind\":%s,\"filter\":{%s:null},\"limit\":1,\"columns\":[%s]}",
                                             say_json(page, text_at(table, "kind")), name, say_json(page, first)));
    return number_at(list, "matched");
}

static void put_tables(struct page *page, const json_t *info)
{
    static const char *const columns[] = {"File",           "Holds",        "#Rows read", "#Faults",
                                          "#Cells unknown", "-Share known", NULL};
    const json_t *table, *column;
    size_t i, j;
    int64_t rows = 0;
    json_array_foreach(at(info, "tables"), i, table) rows += number_at(table, "rows");
    put(page,
        "<section aria-labelledby=\"read-heading\"><h2 class=\"nhsuk-heading-m\" id=\"read-heading\">%s read without a "
        "fault</h2>"
        "<p class=\"wm-reading\">Data with a fault is never served: it is refused as a whole, with every fault named, "
        "and the data before it stays.</p>",
        say_count(page, rows, "row was", "rows were"));
    table_begin(page, "tables", "Files that were read", columns);
    json_array_foreach(at(info, "tables"), i, table)
    {
        int64_t unknown = 0, cells = optional_columns(table) * number_at(table, "rows");
        json_array_foreach(at(table, "columns"), j, column) if (!true_at(column, "required")) unknown +=
            unknown_cells(page, table, column);
        put(page, "<tr>");
        cell_text(page, text_at(table, "file"));
        cell_text(page, say_word(page, say_kind(page, text_at(table, "kind"), 2)));
        cell_number(page, (double)number_at(table, "rows"), say_number(page, number_at(table, "rows")));
        cell_number(page, 0, "0");
        cell_number(page, (double)unknown, say_number(page, unknown));
        put(page, "<td class=\"nhsuk-table__cell wm-bar-cell wm-part wm-number\">%s",
            cells ? say_percent(page, 1 - (double)unknown / (double)cells, 0) : "100%");
        bar(page, cells ? 1 - (double)unknown / (double)cells : 1, "fill");
        put(page, "</td></tr>");
    }
    table_end(page);
    put(page, "</section>");
}

/* ---- How old ---- */

/* Days since 1 March 0000 of an ISO date: differences are days. */
static int64_t day_number(const char *iso)
{
    long year = strtol(iso, NULL, 10), month = strlen(iso) >= 7 ? strtol(iso + 5, NULL, 10) : 1;
    long day = strlen(iso) >= 10 ? strtol(iso + 8, NULL, 10) : 1;
    year -= month <= 2;
    month += month <= 2 ? 9 : -3;
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *age_words(struct page *page, int64_t days)
{
    if (days < 60)
        return say_count(page, days, "day", "days");
    if (days < 730)
        return say_count(page, days * 12 / 365, "month", "months");
    return page_words(page, "%.1f years", (double)days / 365.25);
}

/* The dates of a column, sorted. */
static size_t read_dates(struct page *page, const json_t *rows, const char *column, const char ***out)
{
    size_t n = 0, i;
    const json_t *item;
    *out = page_room(page, (json_array_size(rows) + 1) * sizeof **out);
    if (*out == NULL)
        return 0;
    json_array_foreach(rows, i, item) if (known_at(at(item, "row"), column))(*out)[n++] =
        text_at(at(item, "row"), column);
    qsort(*out, n, sizeof **out, by_text);
    return n;
}

static void put_source(struct page *page, const json_t *rows, const char *column, const char *name, const char *as_of)
{
    const char **dates;
    size_t n = read_dates(page, rows, column, &dates);
    if (n == 0)
        return;
    int64_t now = day_number(as_of), middle = now - day_number(dates[n / 2]);
    put(page, "<tr>");
    cell_text(page, name);
    cell_number(page, (double)n, say_number(page, (int64_t)n));
    for (size_t j = 0; j < 3; j++) {
        const char *date = dates[j == 0 ? 0 : j == 1 ? n / 2 : n - 1];
        put(page, "<td class=\"nhsuk-table__cell wm-nowrap\" data-value=\"%s\">%s</td>", date, say_date(page, date));
    }
    cell_number(page, (double)middle, age_words(page, middle));
    put(page, "</tr>");
}

static void put_ages(struct page *page, const char *as_of)
{
    static const char *const columns[] = {"Source", "#Organisations", "Oldest", "Middle",
                                          "Newest", "#Middle age",    NULL};
    static const char members[] =
        "\"kind\":\"organisation\",\"columns\":[\"segment_as_of\",\"cqc_as_of\",\"survey_as_of\"]";
    size_t first = 0;
    const json_t *rows = at(ask_rows(page, "dataset.list", members, &first), "rows");
    const char **dates;
    size_t n = read_dates(page, rows, "cqc_as_of", &dates);
    put(page, "<section aria-labelledby=\"age-heading\"><h2 class=\"nhsuk-heading-m\" id=\"age-heading\">");
    if (n)
        put(page, "Half of the CQC ratings are older than %s</h2>",
            age_words(page, day_number(as_of) - day_number(dates[n / 2])));
    else
        put(page, "How old the published sources are</h2>");
    put(page,
        "<p class=\"wm-reading\">Ages are counted to %s, the day the data speaks of. Older signals count less.</p>",
        say_date(page, as_of));
    table_begin(page, "ages", "Age of each source", columns);
    put_source(page, rows, "segment_as_of", "Oversight segment and league table", as_of);
    put_source(page, rows, "cqc_as_of", "CQC ratings", as_of);
    put_source(page, rows, "survey_as_of", "NHS Staff Survey", as_of);
    table_end(page);
    put(page, "</section>");
}

/* ---- What is not known ---- */

static void put_unknown(struct page *page, const json_t *info)
{
    static const char *const columns[] = {"Column", "Of", "What it is", "#Unknown", "-Share unknown", NULL};
    const json_t *table, *column;
    size_t i, j;
    int64_t all = 0, with = 0;
    json_array_foreach(at(info, "tables"), i, table) json_array_foreach(at(table, "columns"), j, column)
    {
        all++;
        with += !true_at(column, "required") && unknown_cells(page, table, column) > 0;
    }
    put(page,
        "<section aria-labelledby=\"unknown-heading\"><h2 class=\"nhsuk-heading-m\" id=\"unknown-heading\">%s of %s "
        "columns have unknown cells</h2>",
        say_number(page, with), say_number(page, all));
    put(page, "<p class=\"wm-reading\">Unknown is never taken for agreement: a check that is not known to hold "
              "refuses, and a signal that is not there "
              "counts as missing evidence.</p>");
    table_begin(page, "unknown", "Columns with unknown cells", columns);
    json_array_foreach(at(info, "tables"), i, table) json_array_foreach(at(table, "columns"), j, column)
    {
        int64_t rows = number_at(table, "rows"),
                unknown = true_at(column, "required") ? 0 : unknown_cells(page, table, column);
        if (unknown == 0 || rows == 0)
            continue;
        put(page, "<tr>");
        cell_text(page, say_word(page, text_at(column, "name")));
        cell_text(page, say_word(page, say_kind(page, text_at(table, "kind"), 2)));
        cell_text(page, text_at(column, "about"));
        cell_number(page, (double)unknown,
                    page_words(page, "%s of %s", say_number(page, unknown), say_number(page, rows)));
        put(page, "<td class=\"nhsuk-table__cell wm-bar-cell wm-part wm-number\" data-value=\"%.6f\">%s",
            (double)unknown / (double)rows, say_percent(page, (double)unknown / (double)rows, 0));
        bar(page, (double)unknown / (double)rows, "quiet");
        put(page, "</td></tr>");
    }
    table_end(page);
    put(page, "</section>");
}

void page_data(struct page *page)
{
    const json_t *info = page_ask(page, "dataset.info", "{}");
    if (info == NULL) {
        page_error(page, page_failed(page, "dataset.info", "{}"));
        return;
    }
    page_head(page, "/data", "Data quality", NULL, 0);
    put(page, "<dl class=\"nhsuk-summary-list wm-facts\">");
    fact(page, "Day the data speaks of", say_date(page, text_at(info, "as_of")));
    fact(page, "Policy", text_at(info, "policy_version"));
    put(page,
        "<div class=\"nhsuk-summary-list__row\"><dt class=\"nhsuk-summary-list__key\">Fingerprints</dt><dd "
        "class=\"nhsuk-summary-list__value wm-quiet\">data <code>%s</code>, policy <code>%s</code></dd></div></dl>",
        page_words(page, "%.12s", text_at(info, "dataset")), page_words(page, "%.12s", text_at(info, "policy")));
    put_tables(page, info);
    put_ages(page, text_at(info, "as_of"));
    put_unknown(page, info);
    page_foot(page);
}
