/*
 * Draws for the generator, on integers only. SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014. The order of draws is part of the result: two in one expression only where ?:, && or || set
 * their order.
 */
#ifndef GENERATE_RANDOM_H
#define GENERATE_RANDOM_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_mixed(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline uint64_t random_next(struct random *r)
{
    return random_mixed(r->state += UINT64_C(0x9e3779b97f4a7c15));
}

/* A stream of its own for each row of each table. */
static inline struct random random_stream(uint64_t seed, int table, int64_t row)
{
    uint64_t of_table = random_mixed(seed + UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)table);
    return (struct random){random_mixed(of_table + UINT64_C(0xd1342543de82ef95) * ((uint64_t)row + 1))};
}

/* 0 to n - 1, n above 0; the bias of multiply-and-shift is below n / 2^32, which no reader of this data can see. */
static inline int64_t below(struct random *r, int64_t n)
{
    assert(n > 0 && n <= UINT32_MAX);
    return (int64_t)(((random_next(r) >> 32) * (uint64_t)n) >> 32);
}

/* low to high, both included. */
static inline int64_t between(struct random *r, int64_t low, int64_t high)
{
    return low + below(r, high - low + 1);
}

static inline bool chance(struct random *r, int percent)
{
    return below(r, 100) < percent;
}

/* About normal with mean 0: the sum of twelve uniforms has variance 1. */
static inline int64_t bell(struct random *r, int64_t deviation)
{
    int64_t sum = -6 * 65535;
    for (int i = 0; i < 3; i++)
        for (uint64_t bits = random_next(r), k = 0; k < 4; k++, bits >>= 16)
            sum += (int64_t)(bits & 65535);
    return sum * deviation / 65536;
}

/* 0 to max, small values likelier: the product of two uniforms, mean max / 4. */
static inline int64_t skewed(struct random *r, int64_t max)
{
    int64_t value = below(r, max + 1);
    return value * below(r, 1025) / 1024;
}

static inline int64_t clamped(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* An index by shares; what the shares leave of `whole` falls to the last. */
static inline int pick(struct random *r, const int shares[], int n, int whole)
{
    int64_t at = below(r, whole);
    int i = 0;
    while (i < n - 1 && at >= shares[i])
        at -= shares[i++];
    return i;
}

#endif
