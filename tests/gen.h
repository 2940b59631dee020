/* Random small datasets for tests: the real organisations and policy, and made-up rows that visit every corner. */
#ifndef TESTS_GEN_H
#define TESTS_GEN_H

#include "wellmatch.h"

struct gen_options {
    uint64_t seed;
    size_t leaders, posts, packages, mentors;
    unsigned missing_pct; /* of optional cells that are left empty */
    bool twins;           /* every leader alike but for the id: nothing but ties */
    bool zero_needs;      /* needs 0 or empty */
    bool narrow;          /* one role, one grade, one region, no dates in the past: most pairs are eligible */
};

struct gen_set {
    struct wm_sources *read; /* policy.json and organisations.csv of data/sample */
    size_t n;
    struct wm_source sources[16];
};

void gen_make(const struct gen_options *options, struct gen_set *out);
void gen_free(struct gen_set *set);
/* Replaces the bytes of one source (copied). */
void gen_replace(struct gen_set *set, const char *name, const char *bytes, size_t len);
/* Shuffles the rows below the heading of one source. No quoted line ends. */
void gen_shuffle(struct gen_set *set, const char *name, uint64_t seed);
/* Sets one cell of a source, found by the row's first cell and the heading. No cell holds a quote. */
void gen_set_cell(struct gen_set *set, const char *name, const char *id, const char *column, const char *text);
/* Builds, and fails the test with the first fault when it cannot. */
struct wm_dataset *gen_build(const struct gen_set *set);

uint64_t gen_next(uint64_t *state); /* splitmix64: Steele, Lea and Flood 2014 */
uint64_t gen_below(uint64_t *state, uint64_t n);

#endif
