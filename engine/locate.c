/*
 * A small walk along the text. It goes on where the last one ended, for faults come nearly in the order of the text,
 * and a text of faults alone is walked once, not once for each of them. Lines and characters are counted from marks
 * along the text, made when the first place is asked for.
 */
#include "locate.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

static const char *find_value(struct locator *locator, const struct at *at);
static const char *find_child(struct spot *spot, const struct at *at, const char *end);
static bool same_key(const char *raw, const char *end, const char *key);
static const char *skip_blank(const char *p, const char *end);
static const char *skip_string(const char *p, const char *end);
static const char *skip_value(const char *p, const char *end);
static void step(struct place *mark, char c);

/* ---- From the root to a value ---- */

struct place locate_value(struct locator *locator, const struct at *at)
{
    return locate_byte(locator, (size_t)(find_value(locator, at) - locator->text));
}

static const char *find_value(struct locator *locator, const struct at *at)
{
    const char *end = locator->text + locator->len;
    if (!at)
        return skip_blank(locator->text, end);
    size_t depth = 0;
    for (const struct at *up = at->up; up; up = up->up)
        depth++;
    assert(depth < LOCATE_DEPTH_MAX);
    struct spot *spot = &locator->spots[depth];
    const char *container = find_value(locator, at->up), *found = NULL;
    const struct spot first = {container, container + 1, 0};
    if (spot->container == container)
        found = find_child(spot, at, end);
    if (!found) {
        *spot = first;
        found = find_child(spot, at, end);
    }
    return found ? found : container;
}

/* Looks for the child that `at` names, from `spot` to the container's end; moves `spot` there and gives its value. */
static const char *find_child(struct spot *spot, const struct at *at, const char *end)
{
    const char *p = spot->child;
    for (size_t i = spot->index; p < end; i++) {
        const char *child = p = skip_blank(p, end);
        bool here = !at->key && i == at->index;
        if (p < end && at->key) {
            p = skip_string(p, end);
            here = *child == '"' && same_key(child, p, at->key);
            p = skip_blank(p, end);
            p = skip_blank(p < end ? p + 1 : end, end); /* past the colon */
        }
        if (here && p < end) {
            spot->child = child;
            spot->index = i;
            return p;
        }
        p = skip_value(p, end);
        if (p >= end || *p != ',')
            return NULL;
        p++;
    }
    return NULL;
}

/* Compares the raw text of a key with its meaning. */
static bool same_key(const char *raw, const char *end, const char *key)
{
    size_t len = (size_t)(end - raw) - 2;
    if (!memchr(raw, '\\', len + 2))
        return strlen(key) == len && memcmp(raw + 1, key, len) == 0;
    json_t *decoded = json_loadb(raw, len + 2, JSON_DECODE_ANY, NULL);
    bool same = decoded && strcmp(json_string_value(decoded), key) == 0;
    json_decref(decoded);
    return same;
}

static const char *skip_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        p += *p == '\\';
    return p < end ? p + 1 : end;
}

static const char *skip_value(const char *p, const char *end)
{
    size_t depth = 0;
    while (p < end) {
        if (depth == 0 && (*p == ',' || *p == '}' || *p == ']'))
            return p;
        depth += *p == '{' || *p == '[';
        depth -= *p == '}' || *p == ']';
        p = *p == '"' ? skip_string(p, end) : p + 1;
    }
    return end;
}

/* ---- Lines and characters ---- */

struct place locate_byte(struct locator *locator, size_t offset)
{
    struct place mark = {1, 1};
    for (size_t i = 0; i <= locator->len && !locator->marked; i++) {
        if (i % LOCATE_MARK_BYTES == 0)
            locator->marks[i / LOCATE_MARK_BYTES] = mark;
        if (i < locator->len)
            step(&mark, locator->text[i]);
    }
    locator->marked = true;
    mark = locator->marks[offset / LOCATE_MARK_BYTES];
    for (size_t i = offset - offset % LOCATE_MARK_BYTES; i < offset; i++)
        step(&mark, locator->text[i]);
    return mark;
}

static void step(struct place *mark, char c)
{
    if (c == '\n')
        *mark = (struct place){mark->line + 1, 1};
    else
        mark->column += ((unsigned char)c & 0xc0) != 0x80;
}
