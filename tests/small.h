/* The smallest dataset that has everything, as text, and ways to spoil it: for tests of what is accepted and what is not. */
#ifndef WM_TEST_SMALL_H
#define WM_TEST_SMALL_H

#include "wellmatch.h"

enum { SMALL_FILES = WM_TABLES_ALL + 1 };

struct small {
    char *text[SMALL_FILES];
    struct wm_source sources[SMALL_FILES]; /* policy.json first, then every table in order */
};

/* Two organisations, two posts, three leaders, two packages, one mentor, four budgets; monitoring and history are absent. */
void small_init(struct small *small);
void small_fini(struct small *small);

/* Puts `to` in the place of the first `from` of a file, which must be there. */
void small_replace(struct small *small, const char *file, const char *from, const char *to);

/* The whole file anew, NULL: absent. Bytes may hold NUL. */
void small_set(struct small *small, const char *file, const char *bytes, size_t len);

/* Builds, and writes every kept fault as "file:line:column: what; expected\n". Returns what wm_dataset_build returned. */
int small_build(const struct small *small, struct wm_dataset **out, char *faults, size_t cap);

#endif
