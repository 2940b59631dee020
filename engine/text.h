/* Small services on text: UTF-8, showing a value in a message, and finding what a misspelt name may have meant. */
#ifndef WM_TEXT_H
#define WM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISTANCE_BYTES = 64 }; /* of each text that count for its distance from another */

enum { TEXT_SHOWN = 96 };

/* The text in single quotes for a message: unprintable bytes as \xNN, cut with "..." where it is long. Returns buf. */
const char *text_show(char buf[TEXT_SHOWN], const char *text, size_t len);

/* Well-formed UTF-8 (no overlong forms, no surrogates) without control characters; line feeds pass. */
bool text_is_clean(const char *text, size_t len);

/* Begins as UTF-16 does: with a byte order mark of it, or with an ASCII character in two bytes. */
bool text_is_utf16(const char *bytes, size_t len);

/* The longest prefix of at most `cap` bytes that ends between two UTF-8 characters. */
size_t text_cut(const char *text, size_t len, size_t cap);

/* What a misspelt name may have meant: offer it every known name, in an order of your own; the first of equals wins. */
struct nearest {
    char to[65];
    const char *name;
    unsigned distance;
};

void nearest_init(struct nearest *nearest, const char *to, size_t len);
void nearest_offer(struct nearest *nearest, const char *name);
const char *nearest_name(const struct nearest *nearest); /* NULL when nothing offered is near */

#endif
