/* Cells, rows and lists of a CSV file in the making. A full disk shows when the file is closed. */
#include "generate_sheet.h"

#include "wellmatch.h"

#include <assert.h>
#include <string.h>

static void start_cell(struct sheet *s)
{
    if (s->in_row)
        putc_unlocked(',', s->file);
    s->in_row = true;
}

void sheet_unknown(struct sheet *s)
{
    start_cell(s);
}

void sheet_text(struct sheet *s, const char *text)
{
    start_cell(s);
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, s->file);
        return;
    }
    putc_unlocked('"', s->file);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putc_unlocked('"', s->file);
        putc_unlocked(*text, s->file);
    }
    putc_unlocked('"', s->file);
}

void sheet_decimal(struct sheet *s, int64_t scaled, int decimals)
{
    char text[32], *at = text + sizeof text;
    uint64_t left = scaled < 0 ? -(uint64_t)scaled : (uint64_t)scaled;
    *--at = '\0';
    for (int digit = 0; digit <= decimals || left > 0; digit++, left /= 10) {
        if (digit == decimals && decimals > 0)
            *--at = '.';
        *--at = (char)('0' + left % 10);
    }
    if (scaled < 0)
        *--at = '-';
    sheet_text(s, at);
}

void sheet_integer(struct sheet *s, int64_t value)
{
    sheet_decimal(s, value, 0);
}

void sheet_day(struct sheet *s, int64_t day)
{
    char text[11];
    wm_date_format((int32_t)day, text);
    sheet_text(s, text);
}

void sheet_end_row(struct sheet *s)
{
    putc_unlocked('\n', s->file);
    s->in_row = false;
}

void sheet_headings(struct sheet *s, const char *names)
{
    for (size_t len; *names != '\0'; names += len + (names[len] == ' ')) {
        char name[64];
        len = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)len, names);
        sheet_text(s, name);
    }
}

void sheet_list_add(struct sheet_list *list, const char *word)
{
    int n = snprintf(list->text + list->len, sizeof list->text - list->len, "%s%s", list->len > 0 ? ";" : "", word);
    assert(n > 0 && list->len + (size_t)n < sizeof list->text);
    list->len += (size_t)n;
}
