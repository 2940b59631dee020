/* Bytes kept by key, bounded in bytes with every table and entry counted; the least recently used go first. */
#ifndef API_LRU_H
#define API_LRU_H

#include "json.h"

#include <stdint.h>

struct lru;

struct lru_stats {
    size_t bytes, entries;
    uint64_t evictions; /* entries that went to make room */
};

/* bytes_max holds between calls, whatever is put. The seed spreads the keys over the table. NULL: no memory. */
struct lru *lru_new(size_t bytes_max, uint64_t seed);
void lru_free(struct lru *lru); /* NULL is allowed */

/* The bytes put under this very key, now the most recently used, valid until the next call; at == NULL: not there. */
struct slice lru_get(struct lru *lru, const char *key, size_t key_len);
/* Copies both. What was kept under the key goes, also when the new value finds no room or no memory. */
void lru_put(struct lru *lru, const char *key, size_t key_len, const char *value, size_t value_len);
void lru_stats(const struct lru *lru, struct lru_stats *out);

#endif
