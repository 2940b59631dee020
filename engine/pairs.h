/*
 * Leader-post pairs that pass every hard rule, by post: what the scan prices. Both the whole list of a dataset and the
 * few candidates of the master are such lists.
 */
#ifndef WM_PAIRS_H
#define WM_PAIRS_H

#include "scenario.h"

enum {
    PAIRS_PROMPT = 4000000, /* so many are gone through in a moment, also for one who wants to stop */
    FEW_PAIRS = 8000000     /* leaders times posts that pairs are found among as fast */
};

struct pairs {
    size_t n_posts, n;
    size_t *first;          /* [n_posts + 1] pairs of post j stand from [j] to [j + 1] */
    uint32_t *lane;         /* [n] rising within a post */
    int32_t *benefit_micro; /* [n] severity * fit */
    int32_t *common_micro;  /* [n] logit of distance and preference */
    /*
     * [n] the most that any entry of the post's menu could be worth for the leader, in 1e-9, whatever it costs; NULL:
     * not known. With it a scan passes over most pairs at a glance.
     */
    int32_t *most_nano;
    bool stopped; /* before all were found: nothing can be said of them */
};

/*
 * All of the scenario: posts that take part, leaders who do. In parallel by posts, the same whatever the threads. What
 * locks, forbids and menus rule out is still a pair here. When the caller stops it, there are none, and it is said that it
 * was. WM_EMEMORY.
 */
int pairs_find(struct pairs *out, struct arena *arena, const struct scenario *scenario,
               const struct wm_solve_options *options);

/* The first place from `at` on where lanes[n], rising, is not below `lane`; n: none. */
size_t lanes_seek(const uint32_t *lanes, size_t n, size_t at, uint32_t lane);

/* part(context, i) for every i below n: by options->parallel when there is one, else one after another. */
void each_part(const struct wm_solve_options *options, size_t n, void (*part)(void *context, size_t i), void *context);

/* As each_part, some at a time; between them it is asked whether to stop. False: it was. */
bool each_part_or_stop(const struct wm_solve_options *options, size_t n, void (*part)(void *context, size_t i),
                       void *context);

#endif
