/*
 * The cache as solving threads reach it: what they ask is carried to the loop, whose cache it is, and the answer back.
 */
#ifndef API_PLANNING_CACHE_H
#define API_PLANNING_CACHE_H

#include "service.h"

struct planning_cache;

/* Loop thread. NULL: memory or descriptors cannot be had. */
struct planning_cache *planning_cache_new(struct service *service);
/* Whoever waits goes on without; nothing is asked of the loop any more. Closes the handle. */
void planning_cache_close(struct planning_cache *plans);
/* After the loop has ended. NULL is allowed. */
void planning_cache_free(struct planning_cache *plans);

/* Any thread but the loop's: waits for the cache's answer, which knows its time. True: `bytes` has it. */
bool planning_cache_get(struct planning_cache *plans, struct slice key, struct buf *bytes);
void planning_cache_put(struct planning_cache *plans, struct slice key, struct slice bytes);

#endif
