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
    json_array_foreach (at(table, "columns"), i, column)
        n += !true_at(column, "required");
    return n;
}

/* A column's name as people say it: "Need for culture", "Date of the CQC ratings". */
static const char *column_words(struct page *page, const char *name)
{
    static const char *const prefixes[][2] = {
        {"need_", "Need for"}, {"score_", "Appraisal score for"}, {"want_", "Wish for"}};
    static const char *const words[][2] = {
        {"ods_code", "Organisation"},
        {"segment_as_of", "Date of the segment"},
        {"cqc_as_of", "Date of the CQC ratings"},
        {"survey_as_of", "Date of the staff survey"},
        {"salary_gbp", "Salary"},
        {"travel_km", "Distance they would travel"},
        {"accredited_until", "Accreditation holds until"},
        {"fit_and_proper_until", "Fit and proper until"},
        {"pp1_compassionate_inclusive", "Compassionate and inclusive"},
        {"pp2_recognised_rewarded", "Recognised and rewarded"},
        {"pp3_voice_counts", "A voice that counts"},
        {"pp4_safe_healthy", "Safe and healthy"},
        {"pp5_always_learning", "Always learning"},
        {"pp6_work_flexibly", "Work flexibly"},
        {"pp7_team", "We are a team"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], name) == 0)
            return words[i][1];
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(prefixes[i][0], name, strlen(prefixes[i][0])) == 0)
            return page_words(page, "%s %s", prefixes[i][1], say_lower(page, name + strlen(prefixes[i][0])));
    return say_word(page, name);
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

struct read {                     /* of all files */
    int64_t rows, cells, unknown; /* cells: those that may be empty */
};

static struct read count_read(struct page *page, const json_t *info)
{
    struct read read = {0};
    const json_t *table, *column;
    size_t i, j;
    json_array_foreach (at(info, "tables"), i, table) {
        read.rows += number_at(table, "rows");
        read.cells += optional_columns(table) * number_at(table, "rows");
        json_array_foreach (at(table, "columns"), j, column)
            if (!true_at(column, "required"))
                read.unknown += unknown_cells(page, table, column);
    }
    return read;
}

static void put_tables(struct page *page, const json_t *info)
{
    static const char *const columns[] = {"File",           "Holds",        "#Rows read", "#Faults",
                                          "#Cells unknown", "#Share known", NULL};
    const json_t *table, *column;
    size_t i, j;
    put(page, "<section aria-labelledby=\"read-heading\"><h2 class=\"nhsuk-heading-m\" id=\"read-heading\">No file has "
              "a fault</h2>"
              "<p class=\"wm-reading\">Data with a fault is never served: it is refused as a whole, with every fault "
              "named, and the data before it stays.</p>");
    table_begin(page, "tables", "Files that were read", columns);
    json_array_foreach (at(info, "tables"), i, table) {
        int64_t unknown = 0, cells = optional_columns(table) * number_at(table, "rows");
        json_array_foreach (at(table, "columns"), j, column)
            if (!true_at(column, "required"))
                unknown += unknown_cells(page, table, column);
        row_begin(page);
        cell_text(page, text_at(table, "file"));
        cell_text(page, say_word(page, say_kind(page, text_at(table, "kind"), 2)));
        cell_number(page, (double)number_at(table, "rows"), say_number(page, number_at(table, "rows")));
        cell_number(page, 0, "0");
        cell_number(page, (double)unknown, say_number(page, unknown));
        double share = cells ? 1 - (double)unknown / (double)cells : 1;
        cell_bar(page, share, say_percent(page, share, 0), share, "fill");
        row_end(page);
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
    json_array_foreach (rows, i, item)
        if (known_at(at(item, "row"), column))
            (*out)[n++] = text_at(at(item, "row"), column);
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
    row_begin(page);
    cell_text(page, name);
    cell_number(page, (double)n, say_number(page, (int64_t)n));
    for (size_t j = 0; j < 3; j++)
        cell_date(page, dates[j == 0 ? 0 : j == 1 ? n / 2 : n - 1]);
    cell_number(page, (double)middle, age_words(page, middle));
    row_end(page);
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
    static const char *const columns[] = {"Column", "Of", "What it is", "#Unknown", "#Share unknown", NULL};
    const json_t *table, *column;
    size_t i, j;
    int64_t all = 0, with = 0;
    json_array_foreach (at(info, "tables"), i, table)
        json_array_foreach (at(table, "columns"), j, column) {
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
    json_array_foreach (at(info, "tables"), i, table)
        json_array_foreach (at(table, "columns"), j, column) {
            int64_t rows = number_at(table, "rows"),
                    unknown = true_at(column, "required") ? 0 : unknown_cells(page, table, column);
            if (unknown == 0 || rows == 0)
                continue;
            double share = (double)unknown / (double)rows;
            row_begin(page);
            cell_under(page, NULL, column_words(page, text_at(column, "name")), text_at(column, "name"));
            cell_text(page, say_word(page, say_kind(page, text_at(table, "kind"), 2)));
            cell_text(page, text_at(column, "about"));
            cell_number(page, (double)unknown,
                        page_words(page, "%s of %s", say_number(page, unknown), say_number(page, rows)));
            cell_bar(page, share, say_percent(page, share, 0), share, "quiet");
            row_end(page);
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
    struct read read = count_read(page, info);
    page_head(page, "/data",
              page_words(page, "%s read without a fault; %s of the cells that may be empty are empty",
                         say_count(page, read.rows, "row was", "rows were"),
                         say_percent(page, read.cells ? (double)read.unknown / (double)read.cells : 0, 0)),
              NULL, 0);
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
