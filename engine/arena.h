/* A bump allocator with a ceiling given at birth: the only way the engine takes memory, freed all at once. */
#ifndef WM_ARENA_H
#define WM_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *last;
    size_t used, bytes_max;
};

void arena_init(struct arena *arena, size_t bytes_max);
void arena_fini(struct arena *arena);
/* Zeroed memory for n items of `size` bytes, aligned to 64; NULL when the ceiling or memory is reached, or n * size overflows. */
void *arena_alloc(struct arena *arena, size_t n, size_t size);
char *arena_text(struct arena *arena, const char *text, size_t len); /* a NUL-terminated copy */
#endif
