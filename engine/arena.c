/*
 * The engine's allocator: memory is taken in chunks, handed out from front to back and given back all at once.
 *
 * Chunks come zeroed from calloc and are never handed out twice, so nothing is cleared by hand, and the pages of a
 * large array that is never filled are never touched. A large request gets a chunk of its own, placed behind the
 * current one, so that the room left in the current one is not lost.
 */
#include "arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, CHUNK_FIRST = 4096, CHUNK_LARGEST = 1 << 20 };

struct arena_chunk {
    struct arena_chunk *before;
    char *at, *end; /* what is free */
    size_t bytes;   /* all of it, header included */
};

static void *take(struct arena *arena, size_t len, size_t alignment);
static struct arena_chunk *chunk_new(struct arena *arena, size_t len);

void arena_init(struct arena *arena, size_t bytes_max)
{
    *arena = (struct arena){NULL, 0, bytes_max};
}

void arena_fini(struct arena *arena)
{
    while (arena->last) {
        struct arena_chunk *before = arena->last->before;
        free(arena->last);
        arena->last = before;
    }
    arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t n, size_t size)
{
    size_t len;
    if (__builtin_mul_overflow(n, size, &len))
        return NULL;
    return take(arena, len, ALIGNMENT);
}

char *arena_text(struct arena *arena, const char *text, size_t len)
{
    size_t room;
    if (__builtin_add_overflow(len, 1, &room))
        return NULL;
    char *copy = take(arena, room, 1);
    if (copy && len)
        memcpy(copy, text, len); /* the end is zero already */
    return copy;
}

static void *take(struct arena *arena, size_t len, size_t alignment)
{
    struct arena_chunk *chunk = arena->last;
    if (chunk) {
        size_t skip = -(uintptr_t)chunk->at & (alignment - 1);
        size_t left = (size_t)(chunk->end - chunk->at);
        if (skip <= left && len <= left - skip) {
            char *taken = chunk->at + skip;
            chunk->at = taken + len;
            return taken;
        }
    }
    chunk = chunk_new(arena, len);
    if (!chunk)
        return NULL;
    char *taken = chunk->at + (-(uintptr_t)chunk->at & (alignment - 1));
    chunk->at = taken + len;
    return taken;
}

/* A chunk with room for `len` bytes at any alignment; it becomes the current one unless it is made for a large request. */
static struct arena_chunk *chunk_new(struct arena *arena, size_t len)
{
    size_t overhead = sizeof(struct arena_chunk) + ALIGNMENT;
    size_t room = arena->bytes_max > arena->used ? arena->bytes_max - arena->used : 0;
    if (room < overhead || len > room - overhead)
        return NULL;

    struct arena_chunk *last = arena->last;
    bool apart = last && len > CHUNK_LARGEST / 4;
    size_t bytes = len + overhead;
    if (!apart) {
        size_t usual = last ? last->bytes * 2 : CHUNK_FIRST;
        usual = usual < CHUNK_LARGEST ? usual : CHUNK_LARGEST;
        usual = usual < room ? usual : room;
        bytes = bytes > usual ? bytes : usual;
    }

    struct arena_chunk *chunk = calloc(1, bytes);
    if (!chunk)
        return NULL;
    chunk->at = (char *)(chunk + 1);
    chunk->end = (char *)chunk + bytes;
    chunk->bytes = bytes;
    if (apart) {
        chunk->before = last->before;
        last->before = chunk;
    } else {
        chunk->before = last;
        arena->last = chunk;
    }
    arena->used += bytes;
    return chunk;
}
