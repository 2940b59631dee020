/* A CSV file in the making: cells put one after another, quoted where RFC 4180 asks for it, lines ended by LF. */
#ifndef GENERATE_SHEET_H
#define GENERATE_SHEET_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct sheet {
    FILE *file;
    char part[PATH_MAX]; /* its name while it is being written; "" when there is none */
    bool in_row;
};

void sheet_text(struct sheet *sheet, const char *text);
void sheet_unknown(struct sheet *sheet);
void sheet_integer(struct sheet *sheet, int64_t value);
void sheet_decimal(struct sheet *sheet, int64_t scaled, int decimals); /* scaled by 10^decimals; all of them shown */
void sheet_day(struct sheet *sheet, int64_t day);
void sheet_headings(struct sheet *sheet, const char *names); /* separated by blanks */
void sheet_end_row(struct sheet *sheet);

/* A cell of several words or ids. Room for every region a policy may name; more is the caller's mistake. */
struct sheet_list {
    char text[4096];
    size_t len;
};
void sheet_list_add(struct sheet_list *list, const char *word);

#endif
