/* Makes a chosen allocation fail, so that every place that runs out of memory is visited. */
#ifndef WM_TEST_FAULT_H
#define WM_TEST_FAULT_H

#include <stddef.h>

/*
 * Works on programs linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc: allocations of our own objects, of libcsv
 * (the engine hands it realloc) and, after fault_install, of jansson.
 */
void fault_install(void);

/* The n-th allocation from now fails (n from 1), those before and after it do not. Counting starts anew. */
void fault_after(size_t n);

/* No allocation fails from now on. The count stays. */
void fault_off(void);

/* Allocations asked for since fault_after: at least n when the n-th was reached and failed. */
size_t fault_count(void);

#endif
