/*
 * A hash table (uthash) whose entries also stand in a ring ordered by use. A hash only finds the chain: keys are
 * compared whole. uthash's own memory is counted by its allocation macros, so that `bytes` is all that was asked for.
 */
#include "lru.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void *table_alloc(struct lru *lru, size_t size);
static void table_free(struct lru *lru, void *at, size_t size);

/* Each use of a uthash macro below stands where `lru` is in scope. */
#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) table_alloc(lru, size)
#define uthash_free(at, size) table_free(lru, at, size)
#include <uthash.h>
#include <xxhash.h>

enum { ALLOCATION_EXTRA = 16 }; /* what malloc adds to a block, near enough */

struct ring {
    struct ring *older, *newer;
};

struct entry {
    struct ring ring; /* first, so that a link of the ring is its entry */
    UT_hash_handle hh;
    size_t key_len, value_len;
    char bytes[]; /* key, then value */
};

struct lru {
    struct entry *table;
    struct ring ring; /* ring.newer is the least recently used, ring.older the most */
    size_t bytes, bytes_max, entries;
    uint64_t evictions, seed;
};

static unsigned hash_of(const struct lru *lru, const char *key, size_t key_len);
static struct entry *find(struct lru *lru, unsigned hash, const char *key, size_t key_len);
static void add(struct lru *lru, unsigned hash, struct entry *entry);
static void evict(struct lru *lru, size_t room);
static void drop(struct lru *lru, struct entry *entry);
static size_t cost_of(size_t key_len, size_t value_len);
static void ring_leave(struct ring *link);
static void ring_join(struct ring *ring, struct ring *link);

struct lru *lru_new(size_t bytes_max, uint64_t seed)
{
    struct lru *lru = calloc(1, sizeof *lru);
    if (!lru)
        return NULL;
    lru->ring.older = lru->ring.newer = &lru->ring;
    lru->bytes = sizeof *lru + ALLOCATION_EXTRA;
    lru->bytes_max = bytes_max;
    lru->seed = seed;
    return lru;
}

void lru_free(struct lru *lru)
{
    if (!lru)
        return;
    while (lru->table)
        drop(lru, lru->table);
    free(lru);
}

struct slice lru_get(struct lru *lru, const char *key, size_t key_len)
{
    struct entry *entry = find(lru, hash_of(lru, key, key_len), key, key_len);
    if (!entry)
        return (struct slice){NULL, 0};
    ring_leave(&entry->ring);
    ring_join(&lru->ring, &entry->ring);
    return (struct slice){entry->bytes + entry->key_len, entry->value_len};
}

void lru_put(struct lru *lru, const char *key, size_t key_len, const char *value, size_t value_len)
{
    unsigned hash = hash_of(lru, key, key_len);
    struct entry *entry = find(lru, hash, key, key_len);
    if (entry)
        drop(lru, entry);
    if (key_len > UINT_MAX /* all that uthash carries */ || key_len > lru->bytes_max ||
        value_len > lru->bytes_max - key_len || cost_of(key_len, value_len) > lru->bytes_max)
        return;
    evict(lru, cost_of(key_len, value_len));
    entry = malloc(sizeof *entry + key_len + value_len);
    if (!entry)
        return;
    entry->key_len = key_len;
    entry->value_len = value_len;
    memcpy(entry->bytes, key, key_len);
    if (value_len > 0)
        memcpy(entry->bytes + key_len, value, value_len);
    add(lru, hash, entry);
    evict(lru, 0); /* the table itself may have grown */
}

void lru_stats(const struct lru *lru, struct lru_stats *out)
{
    *out = (struct lru_stats){lru->bytes, lru->entries, lru->evictions};
}

static unsigned hash_of(const struct lru *lru, const char *key, size_t key_len)
{
    return (unsigned)XXH3_64bits_withSeed(key, key_len, lru->seed);
}

static struct entry *find(struct lru *lru, unsigned hash, const char *key, size_t key_len)
{
    struct entry *entry;
    if (key_len > UINT_MAX)
        return NULL;
    HASH_FIND_BYHASHVALUE(hh, lru->table, key, (unsigned)key_len, hash, entry);
    return entry;
}

static void add(struct lru *lru, unsigned hash, struct entry *entry)
{
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, lru->table, entry->bytes, entry->key_len, hash, entry);
    if (!entry->hh.tbl) { /* no memory for a larger table: uthash took the entry out again */
        free(entry);
        return;
    }
    ring_join(&lru->ring, &entry->ring);
    lru->bytes += cost_of(entry->key_len, entry->value_len);
    lru->entries++;
}

/* Until `room` more bytes fit, or nothing is left. */
static void evict(struct lru *lru, size_t room)
{
    while (lru->table && lru->bytes > lru->bytes_max - room) {
        drop(lru, (struct entry *)lru->ring.newer);
        lru->evictions++;
    }
}

static void drop(struct lru *lru, struct entry *entry)
{
    HASH_DEL(lru->table, entry);
    ring_leave(&entry->ring);
    assert(lru->ring.newer != &entry->ring);
    lru->bytes -= cost_of(entry->key_len, entry->value_len);
    lru->entries--;
    free(entry);
}

static size_t cost_of(size_t key_len, size_t value_len)
{
    return sizeof(struct entry) + key_len + value_len + ALLOCATION_EXTRA;
}

static void ring_leave(struct ring *link)
{
    link->older->newer = link->newer;
    link->newer->older = link->older;
}

/* As the most recently used: the ring's own link stands after the newest and before the oldest. */
static void ring_join(struct ring *ring, struct ring *link)
{
    link->newer = ring;
    link->older = ring->older;
    ring->older->newer = link;
    ring->older = link;
}

static void *table_alloc(struct lru *lru, size_t size)
{
    void *at = malloc(size);
    if (at)
        lru->bytes += size + ALLOCATION_EXTRA;
    return at;
}

static void table_free(struct lru *lru, void *at, size_t size)
{
    lru->bytes -= size + ALLOCATION_EXTRA;
    free(at);
}
