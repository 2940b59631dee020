/*
 * policy.json as JSON: its text to a tree, then its values by type. What does not fit is complained of in here, with
 * the line and character of the value.
 */
#ifndef WM_READER_H
#define WM_READER_H

#include "internal.h"
#include "locate.h"

#include <jansson.h>

enum { SOURCES_MAX = 1000, NAME_MAX_BYTES = 32, WORD_MAX_BYTES = 64, TITLE_MAX_BYTES = 300 };

struct reader { /* zeroed but for arena, faults and policy */
    struct arena *arena;
    struct wm_faults *faults;
    struct policy *policy; /* what the caller fills */
    struct locator locator;
    json_t *sources; /* what a source may name; NULL: not known */
    size_t found;    /* faults of this file */
    int status;      /* WM_EMEMORY sticks */
};

/* The tree is the caller's. The bytes are looked at for as long as there may be complaints. WM_EDATA, WM_EMEMORY. */
int reader_read(struct reader *reader, const char *bytes, size_t len, json_t **out);

/* Of the value that `at` leads to (NULL: the whole). */
void reader_complain(struct reader *reader, const struct at *at, const char *expected, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* At most 64 characters out of A-Z a-z 0-9 _ - . */
bool reader_is_key(const char *key);

/*
 * Each of these complains by itself and gives NULL, false or 0 when the value cannot be used. `at` leads to the value,
 * or to the object whose member it is. Texts are copies in the arena.
 */
bool reader_is_object(struct reader *reader, const struct at *at, json_t *value);
json_t *reader_member(struct reader *reader, const struct at *at, json_t *object, const char *name);
/* Each member of the object must be one of `names`. */
void reader_check_members(struct reader *reader, const struct at *at, json_t *object, const char *const *names,
                          size_t n);
/* A string of 1 to `max` bytes on one line. */
const char *reader_string_member(struct reader *reader, const struct at *at, json_t *object, const char *name,
                                 size_t max, bool required);
/* The member "name". Names become parts of headings and of answers: small letters, digits and underscores. */
const char *reader_name_member(struct reader *reader, const struct at *at, json_t *object);
/* Leaves *day alone when there is no such member. */
void reader_date_member(struct reader *reader, const struct at *at, json_t *object, const char *name, int32_t *day);
/* The object's member "source" must be one of the sources. */
void reader_check_source(struct reader *reader, const struct at *at, json_t *object);
bool reader_number(struct reader *reader, const struct at *at, json_t *value, double min, double max, bool whole,
                   double *out);
bool reader_number_member(struct reader *reader, const struct at *at, json_t *object, const char *name, double min,
                          double max, double *out);
/* The member {"value": N, "source": "key"} of an object. */
bool reader_sourced_member(struct reader *reader, const struct at *at, json_t *object, const char *name, double min,
                           double max, bool whole, double *out);
/* The array's length when it is an array of min to max items. */
size_t reader_array_length(struct reader *reader, const struct at *at, json_t *array, size_t min, size_t max);

#endif
