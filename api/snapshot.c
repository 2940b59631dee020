/* The dataset that answers now, with the prefix its cache keys begin with. */
#include "snapshot.h"

#include "encode.h"

#include <assert.h>
#include <stdio.h>

void snapshot_init(struct snapshot *snapshot, struct wm_dataset *dataset)
{
    snapshot->dataset = dataset;
    int len = snprintf(snapshot->key_prefix, sizeof snapshot->key_prefix, WM_VERSION " %s %s %d ",
                       wm_dataset_digest(dataset), wm_policy_digest(dataset), LEDGER_REVISION);
    assert(len > 0 && (size_t)len < sizeof snapshot->key_prefix);
    snapshot->key_prefix_len = (size_t)len;
}

void snapshot_swap(struct snapshot *snapshot, struct wm_dataset *dataset)
{
    struct wm_dataset *old = snapshot->dataset;
    snapshot_init(snapshot, dataset);
    wm_dataset_unref(old);
}

void snapshot_fini(struct snapshot *snapshot)
{
    wm_dataset_unref(snapshot->dataset);
    snapshot->dataset = NULL;
}
