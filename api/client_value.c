/* Answers by path: every step walks the members from the first, which for objects of a few dozen members is quick enough. */
#include "client_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct slice step(struct slice value, const char *name, size_t len);

struct items value_items(struct slice array)
{
    struct items items = {.any = array.at && json_kind(array) == '['};
    if (items.any)
        json_walk_start(&items.walk, array);
    return items;
}

bool value_next(struct items *items, struct slice *value)
{
    return items->any && json_walk_item(&items->walk, value);
}

struct items value_members(struct slice object)
{
    struct items items = {.any = object.at && json_kind(object) == '{'};
    if (items.any)
        json_walk_start(&items.walk, object);
    return items;
}

bool value_next_member(struct items *items, struct slice *key, struct slice *value)
{
    return items->any && json_walk_member(&items->walk, key, value);
}

struct slice value_at(struct slice value, const char *path)
{
    while (value.at && *path) {
        size_t len = strcspn(path, "/");
        value = step(value, path, len);
        path += len + (path[len] == '/');
    }
    return value;
}

static struct slice step(struct slice value, const char *name, size_t len)
{
    struct slice key, found;
    struct items members = value_members(value), items = value_items(value);
    while (value_next_member(&members, &key, &found))
        if (key.len == len && memcmp(key.at, name, len) == 0)
            return found;
    if (!items.any || strspn(name, "0123456789") != len)
        return (struct slice){0};
    unsigned long wanted = strtoul(name, NULL, 10);
    for (unsigned long i = 0; value_next(&items, &found); i++)
        if (i == wanted)
            return found;
    return (struct slice){0};
}

bool value_missing(struct slice value)
{
    return !value.at || json_kind(value) == 'n';
}

bool value_true(struct slice value)
{
    return value.at && json_kind(value) == 't';
}

bool value_true_at(struct slice value, const char *path)
{
    return value_true(value_at(value, path));
}

bool value_is(struct slice value, const char *text)
{
    return value.at && json_kind(value) == '"' && json_string_is(json_string_raw(value), text);
}

double value_number(struct slice value)
{
    char digits[64]; /* longer than any number a service writes; the text itself has no end */
    if (!value.at || json_kind(value) != '0' || value.len >= sizeof digits)
        return (double)NAN;
    memcpy(digits, value.at, value.len);
    digits[value.len] = '\0';
    return strtod(digits, NULL);
}

int64_t value_whole(struct slice value)
{
    double number = value_number(value);
    return fabs(number) < 9e18 ? llround(number) : 0;
}

size_t value_count(struct slice value)
{
    struct slice key, found;
    struct items members = value_members(value), items = value_items(value);
    size_t n = 0;
    while (value_next_member(&members, &key, &found) || value_next(&items, &found))
        n++;
    return n;
}

void value_put(struct buf *out, struct slice value)
{
    if (value_missing(value))
        return;
    bool string = json_kind(value) == '"';
    struct slice text = string ? json_string_raw(value) : value;
    size_t start = out->len;
    buf_put(out, text.at, text.len);
    if (out->failed || !string || !memchr(text.at, '\\', text.len))
        return;
    /* Undoing an escape always saves a byte, so the raw text has made enough room. One that holds \u0000 stays raw. */
    size_t len = json_string_copy(text, out->at + start, text.len);
    if (len == SIZE_MAX)
        memcpy(out->at + start, text.at, text.len);
    else
        buf_cut(out, start + len);
}
