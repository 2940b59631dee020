/* The list of everything wrong with the input: bounded in number and in bytes, counted without bound. */
#include "internal.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 640, BYTES_A_FAULT = 2048 };

struct wm_faults {
    struct arena texts;
    size_t kept_max, count, n, cap;
    struct wm_fault *kept; /* [cap] */
};

static bool make_room(struct wm_faults *faults);
static const char *keep_text(struct wm_faults *faults, const char *text);
static int by_place(const void *left, const void *right);

int wm_faults_new(size_t kept_max, struct wm_faults **out)
{
    if (kept_max == 0)
        return WM_EARGUMENT;
    struct wm_faults *faults = calloc(1, sizeof *faults);
    if (!faults)
        return WM_EMEMORY;
    faults->kept_max = kept_max;
    arena_init(&faults->texts, kept_max > SIZE_MAX / BYTES_A_FAULT - 4 ? SIZE_MAX : (kept_max + 4) * BYTES_A_FAULT);
    *out = faults;
    return WM_OK;
}

void wm_faults_free(struct wm_faults *faults)
{
    if (!faults)
        return;
    arena_fini(&faults->texts);
    free(faults->kept);
    free(faults);
}

size_t wm_faults_count(const struct wm_faults *faults)
{
    return faults->count;
}

size_t wm_faults_kept(const struct wm_faults *faults)
{
    return faults->n;
}

const struct wm_fault *wm_faults_at(const struct wm_faults *faults, size_t i)
{
    return i < faults->n ? &faults->kept[i] : NULL;
}

void fault_add(struct wm_faults *faults, const char *file, long line, long column, const char *expected,
               const char *what_format, ...)
{
    if (!faults)
        return;
    faults->count++;
    if (faults->n == faults->kept_max || !make_room(faults))
        return;
    char what[TEXT_MAX];
    va_list arguments;
    va_start(arguments, what_format);
    vsnprintf(what, sizeof what, what_format, arguments);
    va_end(arguments);
    struct wm_fault fault = {keep_text(faults, file), line, column, keep_text(faults, what),
                             keep_text(faults, expected)};
    if (fault.file && fault.what && fault.expected)
        faults->kept[faults->n++] = fault;
}

bool faults_all_kept(const struct wm_faults *faults)
{
    return faults && faults->n == faults->count;
}

void faults_sort(struct wm_faults *faults)
{
    if (faults->n)
        qsort(faults->kept, faults->n, sizeof *faults->kept, by_place);
}

static bool make_room(struct wm_faults *faults)
{
    if (faults->n < faults->cap)
        return true;
    size_t cap = faults->cap ? faults->cap * 2 : 16;
    cap = cap < faults->kept_max ? cap : faults->kept_max;
    struct wm_fault *kept = realloc(faults->kept, cap * sizeof *kept);
    if (!kept)
        return false;
    faults->kept = kept;
    faults->cap = cap;
    return true;
}

static const char *keep_text(struct wm_faults *faults, const char *text)
{
    size_t len = strnlen(text, TEXT_MAX);
    return arena_text(&faults->texts, text, text_cut(text, len, TEXT_MAX - 8)); /* never inside a character */
}

static int by_place(const void *left, const void *right)
{
    const struct wm_fault *a = left, *b = right;
    int order = strcmp(a->file, b->file);
    if (order == 0)
        order = (a->line > b->line) - (a->line < b->line);
    if (order == 0)
        order = (a->column > b->column) - (a->column < b->column);
    return order ? order : strcmp(a->what, b->what);
}
