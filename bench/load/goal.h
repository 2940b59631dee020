/* What --find-max is to keep: a quantile under a time, 'p99<5ms'. */
#ifndef LOAD_GOAL_H
#define LOAD_GOAL_H

#include <stdbool.h>
#include <stdint.h>

struct goal {
    double share; /* 0.99 of p99 */
    uint64_t under_ns;
    char text[32]; /* as it was given */
};

/* pN or max, then < or <=, then a time with its unit. */
bool goal_parse(const char *text, struct goal *out);
/* "5", "0.5s", "500ms", "20us", "100ns"; without a unit seconds. False for anything else, negative or over a day. */
bool time_parse(const char *text, uint64_t *ns);

#endif
