/* A plan under way and the columns it is made of: shared by draft.c, which makes it, and polish.c, which makes it better. */
#ifndef WM_DRAFT_H
#define WM_DRAFT_H

#include "country.h"

enum { NO_COLUMN = -1 };

struct draft {
    struct country *c;
    size_t n;
    const struct column *column; /* [n] by post */
    size_t *first;               /* [n_posts + 1] */
    size_t *first_of_lane;       /* [n_lanes + 1] */
    uint32_t *by_lane;           /* [n] columns */
    uint32_t *order;             /* [n] columns in the order in which greed takes them */
    double *weight;              /* [n] share in the fractional answer */
    int64_t *chosen;             /* [n_lanes] column, or NO_COLUMN */
    uint32_t *taken;             /* [n_posts] */
    int64_t *used;               /* [n_resources] */
    wide value;
    size_t steps;
};

/* Columns go in and out; whether they fit is the caller's to know. NO_COLUMN does nothing. */
void draft_take(struct draft *d, int64_t column);
void draft_leave(struct draft *d, int64_t column);

/* How polish goes about it. */
struct parts {
    size_t most;    /* so many are tried */
    size_t posts;   /* at most, of a part */
    size_t columns; /* of one post */
    size_t effort;
    bool far; /* a part is what can be reached by exchanges, the cheapest first */
};

/* polish.c: parts of the plan, where most is lost, made anew by the exact solver until the gap is `wanted`. */
int polish(struct draft *d, double wanted, const struct parts *parts);

#endif
