/* Even gaps are multiplied, not added up, so that an hour of them ends on time; Poisson gaps are exponential. */
#include "arrivals.h"

#include <math.h>

void arrivals_start(struct arrivals *arrivals, double rate, bool poisson, uint64_t seed)
{
    *arrivals = (struct arrivals){.random = {random_mixed(seed)}, .poisson = poisson, .gap_ns = 1e9 / rate};
}

uint64_t arrivals_next(struct arrivals *arrivals)
{
    if (!arrivals->poisson)
        return (uint64_t)((double)arrivals->n++ * arrivals->gap_ns);
    uint64_t at = (uint64_t)arrivals->at_ns;
    double uniform = ((double)(random_next(&arrivals->random) >> 11) + 1) * 0x1p-53; /* above 0, at most 1 */
    arrivals->at_ns -= log(uniform) * arrivals->gap_ns;
    return at;
}
