/* The dataset that answers now; a reload swaps it while requests in flight keep theirs. Loop thread only. */
#ifndef API_SNAPSHOT_H
#define API_SNAPSHOT_H

#include "wellmatch.h"

struct snapshot {
    struct wm_dataset *dataset; /* one reference held */
    char key_prefix[96];        /* "VERSION DATASET POLICY LEDGER " for cache keys: Redis outlives a release */
    size_t key_prefix_len;
};

void snapshot_init(struct snapshot *snapshot, struct wm_dataset *dataset); /* takes the reference */
void snapshot_swap(struct snapshot *snapshot, struct wm_dataset *dataset); /* takes the new one, drops the old */
void snapshot_fini(struct snapshot *snapshot);

#endif
