/* When requests are due in an open load: fixed before anything is sent, and the same for the same seed. */
#ifndef LOAD_ARRIVALS_H
#define LOAD_ARRIVALS_H

#include "generate_random.h"

struct arrivals {
    struct random random;
    bool poisson;
    double gap_ns, at_ns; /* mean gap; when the next one is due, from the start */
    uint64_t n;           /* already given */
};

/* `rate` arrivals a second: evenly, or as independent callers make them (a Poisson process). */
void arrivals_start(struct arrivals *arrivals, double rate, bool poisson, uint64_t seed);
/* When the next arrival is due, in nanoseconds from the start; never less than the one before. */
uint64_t arrivals_next(struct arrivals *arrivals);

#endif
