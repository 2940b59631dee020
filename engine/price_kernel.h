/*
 * What the files of pricing share: the menus at prices, and the kernel that prices LANES pairs of one post at a time.
 */
#ifndef WM_PRICE_KERNEL_H
#define WM_PRICE_KERNEL_H

#include "price.h"

/* An entry of a post's menu that can be the best for somebody, and what it costs at the prices. */
struct line {
    int64_t cost;   /* 1e-15; the post's own opening apart */
    double against; /* e^-(constant of the logit) */
    int32_t constant_micro;
    uint32_t package;
    uint32_t entry; /* in the post's menu */
};

struct price_kernel {
    /*
     * Of LANES pairs: the line of the greatest value * 1e6 - cost (ties: the lower), and that; n >= 1.
     * against[lane][package] is e^-(what the leader's wants add to the logit). Returns the pairs (bit i) of which it is
     * not sure: see price.inc.c.
     */
    uint32_t (*best)(const struct line *lines, size_t n, const double *against, size_t n_packages,
                     const uint32_t lane[LANES], const int32_t benefit_micro[LANES], const int32_t common_micro[LANES],
                     int64_t worth[LANES], uint32_t line[LANES]);
    /* Bit i: most_nano[i] - floor_nano >= least_nano[lane[i]]. No difference may overflow. */
    uint32_t (*may)(const int32_t most_nano[LANES], int32_t floor_nano, const int32_t *least_nano,
                    const uint32_t lane[LANES]);
};

extern const struct price_kernel price_baseline;
#if defined(__x86_64__)
extern const struct price_kernel price_avx2, price_avx512;
#endif

struct pricing {
    const struct scenario *scenario;
    const struct price_kernel *kernel;
    size_t n_packages;
    struct line *lines; /* those of post j from first_line[j] on, n_lines[j] of them */
    size_t *first_line; /* [n_posts + 1] */
    uint32_t *n_lines;  /* [n_posts] */
    int64_t *prices;    /* [n_resources] as they count */
    int64_t surcharge;  /* of a move: penalty and price */
};

/* Up to LANES pairs of a post, which has lines: worth before any surcharge, by all of its lines, rules or no rules. */
struct batch {
    size_t n;
    uint32_t lane[LANES];
    int32_t benefit_micro[LANES], common_micro[LANES];
    int64_t worth[LANES];
    uint32_t line[LANES];
};
void pricing_batch(const struct pricing *pricing, size_t post, struct batch *batch);
/* What a leader whom locks or forbids name can get, by all of the menu; WORTH_NONE: nothing. */
int64_t pricing_by_rules(const struct pricing *pricing, size_t post, const struct batch *batch, size_t i,
                         uint16_t *entry);

/* The worth of pair i of a batch as it counts, rules and moves seen to; and its entry (UINT16_MAX: WORTH_NONE). */
static inline int64_t pricing_settle(const struct pricing *p, size_t post, const struct batch *b, size_t i,
                                     uint16_t *entry)
{
    const struct scenario *s = p->scenario;
    int64_t worth = b->worth[i];
    *entry = (uint16_t)p->lines[p->first_line[post] + b->line[i]].entry;
    if (s->lane_ruled[b->lane[i]])
        worth = pricing_by_rules(p, post, b, i, entry);
    bool move = s->has_moves && s->base_post[b->lane[i]] != post;
    return worth == WORTH_NONE || !move ? worth : worth - p->surcharge;
}

/* Part `part` of `n` of the posts, of about as many pairs as the others: [*from, *to). */
void pairs_part(const struct pairs *pairs, size_t part, size_t n, size_t *from, size_t *to);
#endif
