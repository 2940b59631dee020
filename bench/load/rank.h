/* Order statistics of repeated runs: the median, and whether two sets of runs differ by more than chance. */
#ifndef LOAD_RANK_H
#define LOAD_RANK_H

#include <stddef.h>

enum {
    RANK_VALUES_MAX = 1000, /* of one side */
    RANK_EXACT_MAX = 40     /* values of both sides together, up to which the distribution is counted out */
};

/* The middle value, or the mean of the two; sorts `values` in place. n is at least 1. */
double rank_median(double *values, size_t n);

/*
 * The two-sided p of Mann and Whitney's U (1947): how likely ranks as uneven as these are if both sides were drawn from
 * the same. *u is that of `a`: pairs in which a's value is the larger, ties counting half. Both have 1 to
 * RANK_VALUES_MAX values.
 */
double rank_test(const double *a, size_t n_a, const double *b, size_t n_b, double *u);

#endif
