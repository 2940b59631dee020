/* What a plan comes to by organisation and by package: counted once, and protected together for the public profile. */
#ifndef API_FEED_TALLY_H
#define API_FEED_TALLY_H

#include "feed.h"
#include "feed_public.h"

struct feed_sums {
    int64_t openings; /* known to everybody: organisations */
    int64_t filled;   /* placements */
    int64_t value_nano, local_cost_gbp, central_cost_gbp;
    struct feed_count shown; /* filled, as this profile may see it */
};

struct feed_tally {
    size_t n_organisations, n_packages;
    struct feed_sums *organisations, *packages; /* [rows]; one allocation, which begins with this struct */
    size_t n_listed, *listed;                   /* organisations with an opening, or one placed there */
    struct feed_sums all;
    size_t n_posts; /* that take part */
};

/* NULL when there is no memory; free() it. */
struct feed_tally *feed_tally_new(const struct feed_view *view);

/* A count, and its status in the column after it. */
void feed_put_count(struct feed_cell cells[2], struct feed_count count);

/* The organisation of a post; a post always has one. */
size_t feed_organisation_of_post(const struct wm_dataset *dataset, size_t post);

#endif
