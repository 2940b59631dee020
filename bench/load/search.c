/*
 * Doubles while the goal is kept (or halves until it is), then halves the bracket on a scale of ratios, until its ends
 * are 5% apart: nearer, runs of a few seconds do not tell them from each other.
 */
#include "search.h"

#include <math.h>

#define RATIO_DONE 1.05
#define RATE_LEAST 1.0
#define RATE_MOST 10e6

double search_next(const struct search *search, double first)
{
    double rate;
    if (search->n_steps >= SEARCH_STEPS_MAX)
        return 0;
    if (search->n_steps == 0)
        rate = first;
    else if (search->again > 0)
        rate = search->again;
    else if (search->failed == 0)
        rate = search->kept * 2;
    else if (search->kept == 0)
        rate = search->failed / 2;
    else
        rate = search->failed / search->kept > RATIO_DONE ? sqrt(search->failed * search->kept) : 0;
    return rate >= RATE_LEAST && rate <= RATE_MOST ? rate : 0;
}

void search_learn(struct search *search, double rate, bool kept, bool limited)
{
    search->n_steps++;
    search->again = 0;
    if (!kept && limited && search->n_again < SEARCH_AGAIN_MAX) {
        search->n_again++;
        search->again = rate;
        return;
    }
    search->n_again = 0;
    if (kept && rate > search->kept)
        search->kept = rate;
    if (!kept && (search->failed == 0 || rate < search->failed))
        search->failed = rate;
}
