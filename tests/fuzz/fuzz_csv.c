/*
 * Any bytes as CSV files. The input is a row of files, each after a line "=posts.csv"; they are read as a dataset reads
 * them, under a small policy. What is accepted must be sealed in order and come back from its own canonical text.
 */
#include "cell.h"
#include "schema.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define ALWAYS INT32_MIN, INT32_MAX
#define WORDS(list) (sizeof list / sizeof *list), list

static struct word regions[] = {{"London", "London", ALWAYS}, {"North West", "North West", ALWAYS}};
static struct word roles[] = {{"chief_executive", "", ALWAYS}, {"chair", "", ALWAYS}, {"old", "", INT32_MIN, 0}};
static struct word grades[] = {{"band_9", "", ALWAYS}, {"vsm", "", ALWAYS}};
static struct word things[] = {{"acute", "", ALWAYS}, {"gmc", "", ALWAYS}, {"good", "", ALWAYS}, {"PIP", "", ALWAYS}};
static struct word segments[] = {
    {"1", "", ALWAYS}, {"2", "", ALWAYS}, {"3", "", ALWAYS}, {"4", "", ALWAYS}, {"5", "", ALWAYS}};
static struct word scopes[] = {
    {"national", "", ALWAYS}, {"region", "", ALWAYS}, {"icb", "", ALWAYS}, {"organisation", "", ALWAYS}};
static struct word domains[] = {{"culture", "", ALWAYS}, {"quality", "", ALWAYS}};
static struct word components[] = {{"pay", "", ALWAYS}, {"mentoring", "", ALWAYS}};
static struct vocabulary vocabularies[] = {
    {"region", WORDS(regions)},      {"role", WORDS(roles)},           {"grade", WORDS(grades)},
    {"type", WORDS(things)},         {"accreditation", WORDS(things)}, {"sector", WORDS(things)},
    {"programme", WORDS(things)},    {"rating", WORDS(things)},        {"segment", WORDS(segments)},
    {"budget_scope", WORDS(scopes)}, {"domain", WORDS(domains)},       {"component", WORDS(components)}};
static const struct policy policy = {.as_of = 20642,
                                     .n_vocabularies = sizeof vocabularies / sizeof *vocabularies,
                                     .vocabularies = vocabularies,
                                     .n_domains = 2,
                                     .domains = {{.name = "culture"}, {.name = "quality"}},
                                     .n_components = 2,
                                     .components = {{.name = "pay"}, {.name = "mentoring"}}};

static void demand(bool holds)
{
    if (!holds)
        abort();
}

/* Finds "=file\n" at the start of a line; the file's bytes run to the next line that begins with '='. */
static struct wm_source source_of(const char *bytes, size_t len, const char *file)
{
    const char *end = bytes + len, *at = bytes;
    size_t name_len = strlen(file);
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        const char *next = line_end ? line_end + 1 : end;
        bool named =
            line_end && (size_t)(line_end - at) == name_len + 1 && *at == '=' && memcmp(at + 1, file, name_len) == 0;
        at = next;
        if (!named)
            continue;
        const char *stop = at;
        while (stop < end && *stop != '=') {
            const char *feed = memchr(stop, '\n', (size_t)(end - stop));
            stop = feed ? feed + 1 : end;
        }
        return (struct wm_source){file, at, (size_t)(stop - at)};
    }
    return (struct wm_source){file, NULL, 0};
}

static void check_table(const struct table *table)
{
    for (size_t row = 0; row < table->n_rows; row++) {
        size_t found;
        demand(row == 0 || strcmp(table->id[row - 1], table->id[row]) < 0);
        demand(table_find(table, table->id[row], &found) == WM_OK && found == row);
        for (size_t c = 0; c < table->n_columns; c++) {
            char text[8192], again[8192];
            const struct wm_column *column = &table->columns[c];
            const char *kept = cell_is_text(column->type) ? table_text(table, row, (int)c) : NULL;
            int64_t value, before = table->cells[c][row];
            size_t len = cell_format(column, table->vocabularies[c], before, kept, text, sizeof text);
            if (len >= sizeof text)
                continue; /* a long list of references */
            struct cell_rules rules = {.column = column, .vocabulary = table->vocabularies[c], .as_of = INT32_MIN};
            const struct cell_place nowhere = {NULL, "", 0, 0};
            demand(cell_parse(&rules, &nowhere, text, len, &value));
            demand(cell_is_text(column->type) ? (value == WM_MISSING) == (before == WM_MISSING) : value == before);
            demand(cell_format(column, table->vocabularies[c], before, kept, again, len / 2 + 1) == len);
            demand(memcmp(text, again, len / 2) == 0 && again[len / 2] == '\0');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena arena;
    struct table tables[WM_TABLES_ALL] = {{0}};
    struct wm_faults *faults;
    demand(wm_faults_new(20, &faults) == WM_OK);
    arena_init(&arena, 1 << 28);
    struct table_context context = {
        .arena = &arena, .faults = faults, .policy = &policy, .tables = tables, .effort = 1000};
    for (int table = 0; table < WM_TABLES_ALL; table++) {
        const char *file = wm_table_name((enum wm_table)table);
        const struct wm_source source = source_of((const char *)bytes, len, file);
        size_t before = wm_faults_count(faults);
        demand(table_read(&context, (enum wm_table)table, &source, &tables[table]) == WM_OK);
        if (wm_faults_count(faults) == before)
            check_table(&tables[table]);
    }
    faults_sort(faults);
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        demand(fault->line >= 0 && fault->column >= 0 && *fault->what && schema_table(fault->file) >= 0);
        demand(fault->line == 0 || (size_t)fault->line <= len + 1);
    }
    wm_faults_free(faults);
    arena_fini(&arena);
    return 0;
}
