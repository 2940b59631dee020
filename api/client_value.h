/*
 * Reading an answer in place, by path. No tree is built: numbers keep the very digits that were served, so that a table,
 * CSV and --json never disagree in the last one.
 */
#ifndef API_CLIENT_VALUE_H
#define API_CLIENT_VALUE_H

#include "buf.h"
#include "json.h"

/* Every slice here is a value of a text that json_check has passed, or absent (at == NULL); absent is passed on. */

/* "leader/grade", "rows/0/rank": members by name and items by number; absent when any step is. */
struct slice value_at(struct slice value, const char *path);
/* Absent, or null. */
bool value_missing(struct slice value);
bool value_true(struct slice value);
bool value_true_at(struct slice value, const char *path);
bool value_is(struct slice value, const char *text); /* a string equal to `text` */
double value_number(struct slice value);             /* NAN when it is no number */
int64_t value_whole(struct slice value);             /* rounded; 0 when it is no number */
size_t value_count(struct slice value);              /* members or items; 0 for anything else */

/* A string with its escapes undone, other scalars and containers as they are written, nothing for null and absent. */
void value_put(struct buf *out, struct slice value);

/* Walks the items of an array; of anything else there are none. */
struct items {
    struct json_walk walk;
    bool any;
};
struct items value_items(struct slice array);
bool value_next(struct items *items, struct slice *value);
/* The members of an object likewise; `key` is what stands inside the quotes. */
struct items value_members(struct slice object);
bool value_next_member(struct items *items, struct slice *key, struct slice *value);

#endif
