/*
 * The last events of the process, numbered, for those who listen at /events: a ring that forgets the oldest. Any thread.
 */
#ifndef API_EVENTS_H
#define API_EVENTS_H

#include "buf.h"
#include "json.h"

/* Name on the wire, and what its data is. */
#define EVENT_TYPES(X)                                                              \
    X(plan, "how far a job is, as plan.progress tells it, and its plan at the end") \
    X(stats, "what system.stats answers, every two seconds")                        \
    X(reload, "what dataset.reload answered, whoever asked")

enum event_type {
#define X(name, about) EVENT_##name,
    EVENT_TYPES(X)
#undef X
        EVENT_TYPE_COUNT
};
const char *event_name(enum event_type type);
enum { EVENT_ALL = (1 << EVENT_TYPE_COUNT) - 1, EVENTS_KEPT = 256, EVENT_BYTES_MAX = 65536 };

struct events;

/* Numbers go on from `first`, so that those of an earlier process are not taken for ours. 0, or -1: out of memory. */
int events_new(uint64_t first, struct events **out);
void events_free(struct events *events); /* NULL is allowed */

/* Keeps an event, whose data is JSON on one line; what is too long, or finds no memory, is lost. */
void events_add(struct events *events, enum event_type type, struct slice data);
/* The number of the last one. */
uint64_t events_newest(struct events *events);
/* Whether everything after this number is still kept. */
bool events_reach(struct events *events, uint64_t serial);
/*
 * Writes what came after *serial, of those types (a mask of 1 << enum event_type), as server-sent events, and moves
 * *serial to the last one. False, and nothing written: some have been forgotten; *serial is moved all the same.
 */
bool events_since(struct events *events, uint64_t *serial, unsigned types, struct buf *out);
/* Writes one event without a number. */
void events_put(struct buf *out, enum event_type type, struct slice data);

#endif
