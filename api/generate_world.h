/* What a generated dataset is built around: the policy's words and numbers, and the real organisations. */
#ifndef GENERATE_WORLD_H
#define GENERATE_WORLD_H

#include "generate_facts.h"
#include "wellmatch.h"

#include <jansson.h>

enum {
    REGIONS_MAX = 62,
    NAME_MAX_BYTES = 64 /* of a word in policy.json, its end included */
};

struct organisation {
    char code[33], icb[33];
    int region;              /* index into the policy's regions */
    const struct kind *kind; /* NULL: unknown */
    bool located;
    int32_t latitude, longitude; /* 1e-5 degrees */
    int segment;                 /* 1-5, 0 unknown */
    int level[WM_SIGNAL_COUNT];  /* percent from best to worst, -1 unknown */
    int severity;                /* their mean, 50 when none is known */
    int64_t demand;              /* how likely a post is here: sum up to this row */
    int64_t calm;                /* how likely a mentor is from here: sum up to this row */
    uint32_t seats_taken;        /* board roles that have a post already */
    int64_t posts, need_gbp;     /* drawn so far */
};

struct component {
    const char *name, *column; /* column of packages.csv */
    int64_t full;              /* tenths */
    int64_t effect_milli;
};

struct world {
    char *error; /* where a refusal is told */
    size_t error_cap;
    char *organisations_bytes, *policy_bytes; /* as read, to be copied */
    size_t organisations_len, policy_len;
    json_t *policy;

    int32_t as_of;
    size_t n_regions, n_domains, n_components;
    const char *regions[REGIONS_MAX];
    uint64_t neighbours[REGIONS_MAX]; /* bit sets of regions */
    const char *domains[WM_DOMAINS_MAX];
    int domain_known[WM_DOMAINS_MAX];        /* enum domain, -1 = one the tables do not know */
    uint32_t domain_signals[WM_DOMAINS_MAX]; /* bits of enum wm_signal */
    struct component components[WM_COMPONENTS_MAX];
    int64_t prior[GRADES][WM_DOMAINS_MAX];                                /* tenths */
    int64_t accept_base, accept_distance, accept_severity, accept_mentor; /* thousandths of a logit */

    size_t n_organisations;
    struct organisation *organisations; /* in the order of the file */
};

/*
 * Reads both files into a zeroed world whose error is set. WM_EREAD, WM_EDATA or WM_EMEMORY with a sentence; what was
 * read until then is freed by world_fini all the same.
 */
int world_read(struct world *world, const char *policy_path, const char *organisations_path);
void world_fini(struct world *world);

/* Writes the sentence and returns the code. */
int world_complain(const struct world *world, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
