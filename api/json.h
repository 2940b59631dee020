/*
 * A strict JSON reader without a tree: checks a text against RFC 8259 and our ceilings, and finds its pieces in place.
 */
#ifndef API_JSON_H
#define API_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_DEPTH_MAX = 64 };

struct slice { /* bytes inside somebody else's buffer; at == NULL: absent */
    const char *at;
    size_t len;
};

enum json_status { JSON_OK, JSON_INVALID, JSON_TOO_DEEP };

/*
 * Checks one complete JSON text: grammar, UTF-8 (shortest form, no surrogates), no lone \u surrogates, no NUL bytes,
 * depth. On failure *offset is the first byte that cannot be right and *reason a short sentence ("expected a value").
 * Recurses nowhere, allocates nothing.
 */
enum json_status json_check(const char *bytes, size_t len, size_t *offset, const char **reason);

/* All that follows reads text that json_check has passed. */

/* The kind of a value that starts at `at`: '{' '[' '"' '0' (number) 't' 'f' 'n'. */
char json_kind(struct slice value);

/* Walks the members of a checked object, or the items of a checked array, in place. */
struct json_walk {
    const char *at, *end;
};
void json_walk_start(struct json_walk *walk, struct slice container);
bool json_walk_member(struct json_walk *walk, struct slice *key /* raw, inside the quotes */, struct slice *value);
bool json_walk_item(struct json_walk *walk, struct slice *value);

/* The raw inside of a string value. */
struct slice json_string_raw(struct slice value);
/* True when the raw inside of a JSON string, escapes undone, equals `text`. */
bool json_string_is(struct slice raw, const char *text);
/* True when two raw insides mean the same string. */
bool json_string_same(struct slice a, struct slice b);
/*
 * Undoes the escapes into `out`, NUL-terminated and cut before the character that would pass `cap` (at least 1).
 * Returns the whole length, so that a result of `cap` or more means it was cut; SIZE_MAX: it holds \u0000, which a C
 * string cannot carry.
 */
size_t json_string_copy(struct slice raw, char *out, size_t cap);

enum json_number { NUMBER_EXACT, NUMBER_ROUNDED /* half away from zero */, NUMBER_TOO_BIG };
/* value * 10^decimals as an integer, without floating point: "1.5e1" with 1 decimal is 150. Within +-10^18. */
enum json_number json_number_scaled(struct slice value, int decimals, int64_t *out);

#endif
