/* The rules of feeds one by one. A column's name says what its values are: that is the agreement with dashboards. */
#include "client_feed_rules.h"

#include "wellmatch.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_MAX_BYTES = 100000, DETAIL_CAP = 600, GBP_DECIMALS = 2, RATIO_DECIMALS = 15 };

const char *feed_rule_text(enum feed_rule rule)
{
    static const char *const texts[] = {
#define X(name, text) text,
        FEED_RULES(X)
#undef X
    };
    return texts[rule];
}

/* ---- Faults ---- */

void feed_check_init(struct feed_check *check, bool csv, bool excel)
{
    *check = (struct feed_check){.csv = csv, .excel = excel};
    for (size_t i = 0; i < FEED_RULE_COUNT; i++)
        buf_init(&check->told[i], TOLD_MAX_BYTES);
}

void feed_check_fini(struct feed_check *check)
{
    for (size_t i = 0; i < FEED_RULE_COUNT; i++)
        buf_fini(&check->told[i]);
    free(check->columns);
}

bool feed_check_passed(const struct feed_check *check)
{
    for (size_t i = 0; i < FEED_RULE_COUNT; i++)
        if (check->n_faults[i] > 0)
            return false;
    return !check->starved;
}

void feed_check_look(struct feed_check *check, enum feed_rule rule)
{
    check->checked |= UINT32_C(1) << rule;
}

void feed_check_fault(struct feed_check *check, enum feed_rule rule, size_t row, const char *column, const char *format,
                      ...)
{
    char detail[DETAIL_CAP];
    struct buf *told = &check->told[rule];
    feed_check_look(check, rule);
    if (check->n_faults[rule]++ >= FEED_FAULTS_TOLD)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    if (row > 0)
        buf_format(told, "row %zu%s", row, column ? ", " : ": ");
    if (column)
        buf_format(told, "column %s: ", column);
    buf_format(told, "%s\n", detail);
}

/* ---- Columns ---- */

static bool is_snake_case(const char *name)
{
    return islower((unsigned char)*name) && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static int find_column(const struct feed_check *check, const char *name)
{
    for (size_t i = 0; i < check->n_columns; i++)
        if (strcmp(check->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

bool feed_check_name(struct feed_check *check, const char *name)
{
    struct feed_check_column *columns = realloc(check->columns, (check->n_columns + 1) * sizeof *columns);
    if (columns == NULL) {
        check->starved = true;
        return false;
    }
    check->columns = columns;
    feed_check_look(check, FEED_RULE_names);
    if (!is_snake_case(name))
        feed_check_fault(check, FEED_RULE_names, 0, NULL, "'%.100s' is not snake_case", name);
    if (find_column(check, name) >= 0)
        feed_check_fault(check, FEED_RULE_names, 0, NULL, "'%.100s' stands twice", name);
    columns[check->n_columns] = (struct feed_check_column){.kind = FEED_KIND_NULL};
    snprintf(columns[check->n_columns].name, sizeof columns[0].name, "%s", name);
    check->n_columns++;
    return true;
}

void feed_check_columns(struct feed_check *check)
{
    static const char *const stamps[] = {"run_id", "data_date", "generated_at"};
    if (check->n_columns == 0)
        return; /* JSON without rows says nothing of them */
    feed_check_look(check, FEED_RULE_stamps);
    for (size_t i = 0; i < sizeof stamps / sizeof stamps[0]; i++)
        if (find_column(check, stamps[i]) < 0)
            feed_check_fault(check, FEED_RULE_stamps, 0, NULL, "there is no column %s", stamps[i]);
}

/* ---- Values ---- */

static bool ends_in(const char *name, const char *ending)
{
    size_t len = strlen(name), end = strlen(ending);
    return len > end && strcmp(name + len - end, ending) == 0;
}

static bool is_stamp(const char *name)
{
    return strcmp(name, "run_id") == 0 || strcmp(name, "data_date") == 0 || strcmp(name, "generated_at") == 0;
}

/* -?digits[.digits]; CSV has no other way to say that a cell is a number. */
static bool is_decimal(const char *text)
{
    size_t sign = *text == '-', whole = strspn(text + sign, "0123456789");
    const char *rest = text + sign + whole;
    if (whole == 0)
        return false;
    return *rest == '\0' || (*rest == '.' && rest[1] != '\0' && strspn(rest + 1, "0123456789") == strlen(rest + 1));
}

static bool is_timestamp(const char *text)
{
    int32_t day;
    static const char pattern[] = "T00:00:00Z";
    if (strlen(text) != 20 || !wm_date_parse(text, 10, &day))
        return false;
    for (size_t i = 0; i < sizeof pattern - 1; i++)
        if (pattern[i] == '0' ? !isdigit((unsigned char)text[10 + i]) : text[10 + i] != pattern[i])
            return false;
    return strncmp(text + 11, "24", 2) < 0 && text[14] < '6' && text[17] < '6';
}

static bool means_unknown(const char *text)
{
    static const char *const words[] = {"", "null", "NULL", "NaN", "nan", "N/A", "n/a", "#N/A", "None", "Infinity"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static void check_number(struct feed_check *check, enum feed_rule rule, size_t row, const char *name,
                         enum feed_kind kind, const char *text)
{
    int64_t number;
    bool money = rule == FEED_RULE_money, is_number = check->csv ? is_decimal(text) : kind == FEED_KIND_NUMBER;
    feed_check_look(check, rule);
    enum json_number exact = NUMBER_TOO_BIG;
    if (is_number)
        exact = json_number_scaled((struct slice){text, strlen(text)}, money ? GBP_DECIMALS : RATIO_DECIMALS, &number);
    if (!is_number)
        feed_check_fault(check, rule, row, name, "'%.60s' is no number", text);
    else if (money && exact != NUMBER_EXACT)
        feed_check_fault(check, rule, row, name, "%.60s has more than two decimals", text);
    else if (!money && (exact == NUMBER_TOO_BIG || number < 0 || number > INT64_C(1000000000000000)))
        feed_check_fault(check, rule, row, name, "%.60s is not from 0 to 1", text);
}

static void check_date(struct feed_check *check, size_t row, const char *name, enum feed_kind kind, const char *text)
{
    int32_t day;
    bool timed = ends_in(name, "_at");
    feed_check_look(check, FEED_RULE_dates);
    if (kind != FEED_KIND_TEXT || !(timed ? is_timestamp(text) : wm_date_parse(text, strlen(text), &day)))
        feed_check_fault(check, FEED_RULE_dates, row, name, "'%.60s' is no %s", text,
                         timed ? "time as 2026-07-08T09:30:00Z" : "date as 2026-07-08");
}

static void check_stamp(struct feed_check *check, size_t row, struct feed_check_column *column, enum feed_kind kind,
                        const char *text)
{
    if (kind == FEED_KIND_NULL)
        feed_check_fault(check, FEED_RULE_stamps, row, column->name, "is unknown");
    else if (column->stamp[0] == '\0')
        snprintf(column->stamp, sizeof column->stamp, "%s", text);
    else if (strcmp(column->stamp, text) != 0)
        feed_check_fault(check, FEED_RULE_stamps, row, column->name, "'%.60s', but '%.60s' in the first row", text,
                         column->stamp);
}

static void check_type(struct feed_check *check, size_t row, struct feed_check_column *column, enum feed_kind kind,
                       const char *text)
{
    static const char *const names[] = {"null", "text", "a number", "a boolean"};
    feed_check_look(check, FEED_RULE_types);
    if (column->kind == FEED_KIND_NULL)
        column->kind = kind;
    if (kind != column->kind)
        feed_check_fault(check, FEED_RULE_types, row, column->name, "'%.60s' is %s, but there was %s before", text,
                         names[kind], names[column->kind]);
}

void feed_check_value(struct feed_check *check, size_t row, size_t at, enum feed_kind kind, const char *text)
{
    struct feed_check_column *column = &check->columns[at];
    const char *name = column->name;
    feed_check_look(check, FEED_RULE_unknown);
    if (is_stamp(name))
        check_stamp(check, row, column, kind, text);
    if (kind == FEED_KIND_NULL)
        return;
    if (kind == FEED_KIND_TEXT && means_unknown(text))
        feed_check_fault(check, FEED_RULE_unknown, row, name, "'%s' stands where nothing is known", text);
    if (!check->csv)
        check_type(check, row, column, kind, text);
    if (ends_in(name, "_gbp"))
        check_number(check, FEED_RULE_money, row, name, kind, text);
    if (ends_in(name, "_ratio"))
        check_number(check, FEED_RULE_ratio, row, name, kind, text);
    if (ends_in(name, "_date") || ends_in(name, "_at"))
        check_date(check, row, name, kind, text);
    if (check->excel && strchr("=+-@\t\r", *text) && *text != '\0' && !is_decimal(text))
        feed_check_fault(check, FEED_RULE_guard, row, name, "'%.60s' begins like a formula", text);
}

/* What is wrong with a count beside this status; NULL: nothing. */
static const char *judge_count(const struct feed_value *count, const char *status)
{
    bool known = count->kind != FEED_KIND_NULL;
    long long number = known ? atoll(count->text) : 0;
    if (strcmp(status, "suppressed") == 0)
        return known ? "is shown, but its status is suppressed" : NULL;
    if (!known)
        return "is unknown, but its status is not suppressed";
    if (!is_decimal(count->text) || strchr(count->text, '.') || number < 0)
        return "is no count";
    if (strcmp(status, "zero") == 0)
        return number != 0 ? "is not 0, but its status is zero" : NULL;
    if (strcmp(status, "rounded") == 0)
        return number % 5 != 0 ? "is not rounded to 5, but its status is rounded" : NULL;
    return strcmp(status, "exact") == 0 ? NULL : "has a status that is none of exact, rounded, zero, suppressed";
}

/* Counts and their statuses: X beside X_status. */
void feed_check_row(struct feed_check *check, size_t row, const struct feed_value *values)
{
    char name[sizeof check->columns[0].name];
    for (size_t i = 0; i < check->n_columns; i++) {
        if (!ends_in(check->columns[i].name, "_status"))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(strlen(check->columns[i].name) - strlen("_status")),
                 check->columns[i].name);
        int count = find_column(check, name);
        if (count < 0)
            continue;
        feed_check_look(check, FEED_RULE_status);
        const char *fault = judge_count(&values[count], values[i].text);
        if (fault)
            feed_check_fault(check, FEED_RULE_status, row, name, "'%.60s' %s ('%.60s')", values[count].text, fault,
                             values[i].text);
    }
}
