/* The linker leads malloc, calloc and realloc here; a counter says when to refuse. Counts across threads. */
#include "fault.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static atomic_size_t seen, failing; /* failing: 0 = none */

void fault_install(void)
{
    json_set_alloc_funcs(__wrap_malloc, free);
}

void fault_after(size_t n)
{
    atomic_store(&seen, 0);
    atomic_store(&failing, n);
}

void fault_off(void)
{
    atomic_store(&failing, 0);
}

size_t fault_count(void)
{
    return atomic_load(&seen);
}

static bool refuse(void)
{
    return atomic_fetch_add(&seen, 1) + 1 == atomic_load(&failing);
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return refuse() ? NULL : __real_realloc(memory, size);
}
