/* Random questions about plans, and ways to run the parts of a calculation: for tests of what answers them. */
#ifndef TESTS_REQUEST_H
#define TESTS_REQUEST_H

#include "wellmatch_plan.h"

enum { REQUEST_ROWS = 12 };

struct drawn_request {
    struct wm_plan_request request;
    uint32_t posts[REQUEST_ROWS * 4], leaders[REQUEST_ROWS * 8], packages[REQUEST_ROWS];
    uint32_t without_posts[2], without_leaders[2], without_mentors[2], must_fill[2];
    struct wm_plan_rule locks[3], forbids[6];
    struct wm_limit_change limits[6];
    struct wm_placement base[REQUEST_ROWS];
};

/* Every member drawn, each kind of it sometimes absent. The dataset has posts, leaders, packages and mentors. */
void request_draw(struct drawn_request *out, const struct wm_dataset *dataset, uint64_t seed);

/* For wm_solve_options.parallel: the last part first; and all parts on three threads at once. */
void parts_backwards(void *arg, size_t n, void (*part)(void *context, size_t i), void *context);
void parts_on_threads(void *arg, size_t n, void (*part)(void *context, size_t i), void *context);

#endif
