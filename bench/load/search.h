/* Which rate to try next, in the search for the highest that keeps a goal. No clock, no load: steps in, steps out. */
#ifndef LOAD_SEARCH_H
#define LOAD_SEARCH_H

#include <stdbool.h>

enum { SEARCH_STEPS_MAX = 60, SEARCH_AGAIN_MAX = 2 };

struct search {
    double kept, failed; /* the highest rate known to keep it, the lowest above that known not to; 0: none yet */
    unsigned n_steps;
    double again;     /* not 0: this rate is tried once more */
    unsigned n_again; /* how often it was */
};

/* The next rate; 0: the search is over, and `kept` is the answer. `first` is where to begin. */
double search_next(const struct search *search, double first);
/*
 * `limited`: the load was held back by who makes it, so that "not kept" tells little of the service: the same rate is
 * tried again, SEARCH_AGAIN_MAX times.
 */
void search_learn(struct search *search, double rate, bool kept, bool limited);

#endif
