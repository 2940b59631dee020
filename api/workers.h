/*
 * A few threads that share one caller's work, part by part: what struct wm_solve_options.parallel asks for. Parts are
 * numbered and may not care who runs them, nor in what order.
 */
#ifndef API_WORKERS_H
#define API_WORKERS_H

#include <stddef.h>

struct workers;

/*
 * Threads for workers_run, `n` in all with the caller's own (at least 1); those made here are this much nicer than the
 * process and take no signals. 0, or -1 when a thread or memory cannot be had; then nothing is left behind.
 */
int workers_new(size_t n, int niceness, struct workers **out);
void workers_free(struct workers *workers); /* not during workers_run; NULL is allowed */

/*
 * Calls part(context, i) for each i below n, once, on these threads and the caller's; returns when all are done. From any
 * thread: a caller who finds the others at work (or `workers` NULL), or is one of them, does all of its own work itself.
 */
void workers_run(struct workers *workers, size_t n, void (*part)(void *context, size_t i), void *context);

/* Threads that the machine has for this process: at least 1. */
size_t workers_processors(void);

#endif
