/*
 * Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the other", Annals
 * of Mathematical Statistics 18 (1947). Up to RANK_EXACT_MAX values the distribution of a's rank sum is counted: of all
 * ways to choose a's places among the ranks, how many lie as far from the middle. Ranks are doubled, so that the half
 * ranks of ties are whole numbers and the count is exact with ties as well. Beyond, it is taken as normal, with the
 * variance corrected for ties and half a rank for continuity (Lehmann, "Nonparametrics", 1975, section 1.3).
 */
#include "rank.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct ranked {
    double value;
    bool of_a;
    unsigned doubled_rank;
};

static int by_value(const void *left, const void *right)
{
    const struct ranked *p = left, *q = right;
    return (p->value > q->value) - (p->value < q->value);
}

static int by_number(const void *left, const void *right)
{
    double p = *(const double *)left, q = *(const double *)right;
    return (p > q) - (p < q);
}

double rank_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_number);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* Gives equal values the mean of their ranks; returns the sum of t^3 - t over the ties. */
static double give_ranks(struct ranked *all, size_t n)
{
    double ties = 0;
    qsort(all, n, sizeof *all, by_value);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && all[end].value == all[i].value; end++)
            ;
        double t = (double)(end - i);
        ties += t * t * t - t;
        for (size_t j = i; j < end; j++)
            all[j].doubled_rank = (unsigned)(i + end + 1);
    }
    return ties;
}

/* The share of all choices of n_a ranks whose doubled sum is at least `distance` from the mean. */
static double exact_p(const struct ranked *all, size_t n, size_t n_a, unsigned distance)
{
    enum { SUMS = RANK_EXACT_MAX * (RANK_EXACT_MAX + 1) + 1 };
    static double ways[RANK_EXACT_MAX + 1][SUMS]; /* [chosen][doubled sum]; at most C(40, 20), exact in a double */
    memset(ways, 0, sizeof ways);
    ways[0][0] = 1;
    for (size_t i = 0; i < n; i++)
        for (size_t chosen = n_a; chosen-- > 0;)
            for (size_t sum = 0; sum + all[i].doubled_rank < SUMS; sum++)
                ways[chosen + 1][sum + all[i].doubled_rank] += ways[chosen][sum];
    long mean = (long)(n_a * (n + 1));
    double far = 0, total = 0;
    for (long sum = 0; sum < SUMS; sum++) {
        total += ways[n_a][sum];
        far += labs(sum - mean) >= (long)distance ? ways[n_a][sum] : 0;
    }
    return far / total;
}

static double normal_p(size_t n, size_t n_a, double distance, double ties)
{
    double all = (double)n, a = (double)n_a, b = all - a;
    double variance = a * b / 12 * (all + 1 - ties / (all * (all - 1)));
    if (variance <= 0)
        return 1;
    double z = (distance - 0.5) / sqrt(variance);
    double p = erfc(z / sqrt(2));
    return p < 1 ? p : 1;
}

double rank_test(const double *a, size_t n_a, const double *b, size_t n_b, double *u)
{
    static struct ranked all[2 * RANK_VALUES_MAX];
    size_t n = n_a + n_b;
    for (size_t i = 0; i < n; i++)
        all[i] = (struct ranked){i < n_a ? a[i] : b[i - n_a], i < n_a, 0};
    double ties = give_ranks(all, n);
    unsigned long sum = 0, mean = (unsigned long)(n_a * (n + 1));
    for (size_t i = 0; i < n; i++)
        sum += all[i].of_a ? all[i].doubled_rank : 0;
    unsigned long distance = sum > mean ? sum - mean : mean - sum;
    *u = (double)sum / 2 - (double)(n_a * (n_a + 1)) / 2;
    return n <= RANK_EXACT_MAX ? exact_p(all, n, n_a, (unsigned)distance)
                               : normal_p(n, n_a, (double)distance / 2, ties);
}
