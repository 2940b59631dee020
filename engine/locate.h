/* Where a value or a byte stands in a JSON text, by line and character: jansson keeps no positions. */
#ifndef WM_LOCATE_H
#define WM_LOCATE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    LOCATE_BYTES_MAX = 1 << 20, /* of a text */
    LOCATE_MARK_BYTES = 1024,   /* of text from one mark to the next */
    LOCATE_DEPTH_MAX = 8        /* steps of the longest path that is looked for */
};

/* The way from the root to a value; each frame lives on the stack of the function that looks at the value. */
struct at {
    const struct at *up;
    const char *key; /* NULL: an item of an array */
    size_t index;
};

struct place {
    long line, column;
};

/* A member or item of a container in the text, where the next search in that container begins. */
struct spot {
    const char *container, *child;
    size_t index;
};

struct locator { /* zeroed but for the text */
    const char *text;
    size_t len;
    bool marked;
    struct place marks[LOCATE_BYTES_MAX / LOCATE_MARK_BYTES + 1]; /* of every LOCATE_MARK_BYTES-th byte */
    struct spot spots[LOCATE_DEPTH_MAX];                          /* found last, by depth */
};

/*
 * Of the value that `at` leads to (NULL: the root), in a text that is known to be JSON; where something on the way is
 * missing, of the innermost value that is there.
 */
struct place locate_value(struct locator *locator, const struct at *at);
struct place locate_byte(struct locator *locator, size_t offset); /* of any text; 0 to len */

#endif
