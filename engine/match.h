/* The passes that every answer goes through: refuse by rule, then score what is left. match.c is where to start reading. */
#ifndef WM_MATCH_H
#define WM_MATCH_H

#include "score.h"

/* One post against all leaders; what is pointed to lies in `arena`, which is the caller's. */
struct sweep {
    struct arena *arena;
    const struct post_terms *terms;
    const struct wm_offer *offers; /* [n_packages] with the query's own bars added */
    struct kernel_post post;
    struct sieve sieve; /* refusals, and who is eligible */
    size_t n_passed;    /* of the post's preferences, by the ranking */
    size_t n_ranked;
    struct ranked *ranked; /* the eligible, in lane order until ranked_select */
};

struct ranked {
    int32_t expected_nano;
    uint32_t row; /* of the other side: what breaks ties */
    uint32_t lane, offer;
};

/*
 * Post row `post` against all leaders. First all that is known before a leader is looked at; `query` may be NULL. Then
 * the leaders are passed over once for any number of sweeps, which stay where they are. WM_EMEMORY.
 */
int sweep_begin(const struct wm_dataset *dataset, size_t post, const struct wm_query *query, struct arena *arena,
                struct sweep *out);
int sweeps_run(const struct wm_dataset *dataset, struct sweep sweeps[], size_t n);
void refusals_count(const uint16_t *refused, const uint16_t *unknown, size_t n, struct wm_refusals *out);
/* Moves the best `n` of `ranked` to its front, in order: expected benefit falling, then row rising. */
void ranked_select(struct ranked *ranked, size_t n_ranked, size_t n);

enum { MARK_AMONG = 1, MARK_WITHOUT = 2 }; /* what a query's lists say of a row */

/* Bars added by a query's packages and cost limits: a copy in the arena when there are any; NULL without memory. */
const struct wm_offer *query_offers(const struct wm_dataset *dataset, const struct post_terms *terms,
                                    const struct wm_query *query, struct arena *arena);
/* WM_OK, or the error a query earns before anything is computed; its lists hold rows of `others`. */
int query_check(const struct wm_dataset *dataset, const struct wm_query *query, enum wm_table subjects,
                enum wm_table others);
/* All of one match but its margin. */
void match_fill(const struct wm_dataset *dataset, size_t post, size_t lane, const struct wm_offer *offer,
                struct wm_match *out);

#endif
