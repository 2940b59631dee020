/* Random questions about plans, small enough to be answered by loops. */
#include "request.h"
#include "gen.h"

#include <pthread.h>
#include <stdatomic.h>

static uint32_t row(const struct wm_dataset *dataset, enum wm_table table, uint64_t *state)
{
    return (uint32_t)gen_below(state, wm_table_rows(dataset, table));
}

static size_t rows(const struct wm_dataset *dataset, enum wm_table table, uint64_t *state, uint32_t *out, size_t n_max)
{
    size_t n = gen_below(state, n_max + 1);
    for (size_t i = 0; i < n; i++)
        out[i] = row(dataset, table, state);
    return n;
}

static int32_t row_or_any(const struct wm_dataset *dataset, enum wm_table table, uint64_t *state)
{
    return gen_below(state, 2) ? WM_NO_ROW : (int32_t)row(dataset, table, state);
}

static struct wm_plan_rule rule(const struct wm_dataset *dataset, uint64_t *state, bool lock)
{
    struct wm_plan_rule out = {row_or_any(dataset, WM_LEADERS, state), row_or_any(dataset, WM_POSTS, state),
                               row_or_any(dataset, WM_PACKAGES, state),
                               gen_below(state, 2) ? WM_NO_ROW : row_or_any(dataset, WM_MENTORS, state)};
    if (lock || (out.leader == WM_NO_ROW && out.post == WM_NO_ROW && out.package == WM_NO_ROW))
        out.leader = (int32_t)row(dataset, WM_LEADERS, state);
    if (lock)
        out.post = (int32_t)row(dataset, WM_POSTS, state);
    return out;
}

static struct wm_limit_change change(const struct wm_dataset *dataset, uint64_t *state)
{
    static const enum wm_table tables[] = {WM_POSTS, WM_BUDGETS, WM_PACKAGES, WM_MENTORS};
    static const int64_t ranges[] = {3, 60000, 3, 60};
    size_t kind = gen_below(state, 4);
    struct wm_limit_change out = {.kind = (enum wm_resource_kind)kind, .relative = gen_below(state, 2)};
    out.row = row(dataset, tables[kind], state);
    out.amount = (int64_t)gen_below(state, (uint64_t)ranges[kind]) - (out.relative ? ranges[kind] / 2 : 0);
    return out;
}

static void draw_base(struct drawn_request *out, const struct wm_dataset *dataset, uint64_t *state)
{
    out->request.n_base = gen_below(state, REQUEST_ROWS + 1);
    for (size_t i = 0; i < out->request.n_base; i++)
        out->base[i] = (struct wm_placement){row(dataset, WM_LEADERS, state), row(dataset, WM_POSTS, state),
                                             row(dataset, WM_PACKAGES, state), WM_NO_ROW};
    out->request.base = out->base;
    if (gen_below(state, 2))
        out->request.move_penalty_nano = (int64_t)gen_below(state, 30000000);
    if (gen_below(state, 2))
        out->request.moves_max = (int64_t)gen_below(state, 4);
}

void request_draw(struct drawn_request *out, const struct wm_dataset *dataset, uint64_t seed)
{
    uint64_t state = seed * 7919 + 17;
    *out = (struct drawn_request){.request = WM_PLAN_REQUEST_INIT};
    struct wm_plan_request *r = &out->request;
    if (gen_below(&state, 3) == 0) {
        r->n_posts = rows(dataset, WM_POSTS, &state, out->posts, sizeof out->posts / sizeof *out->posts);
        r->posts = out->posts;
    }
    if (gen_below(&state, 4) == 0) {
        r->n_leaders = rows(dataset, WM_LEADERS, &state, out->leaders, sizeof out->leaders / sizeof *out->leaders);
        r->leaders = out->leaders;
    }
    if (gen_below(&state, 4) == 0) {
        r->n_packages = rows(dataset, WM_PACKAGES, &state, out->packages, REQUEST_ROWS);
        r->packages = out->packages;
    }
    r->without_posts = out->without_posts;
    r->n_without_posts = rows(dataset, WM_POSTS, &state, out->without_posts, gen_below(&state, 3));
    r->without_leaders = out->without_leaders;
    r->n_without_leaders = rows(dataset, WM_LEADERS, &state, out->without_leaders, gen_below(&state, 3));
    r->without_mentors = out->without_mentors;
    r->n_without_mentors = rows(dataset, WM_MENTORS, &state, out->without_mentors, gen_below(&state, 3));
    r->must_fill = out->must_fill;
    r->n_must_fill = rows(dataset, WM_POSTS, &state, out->must_fill, gen_below(&state, 3));
    r->locks = out->locks;
    r->n_locks = gen_below(&state, 4);
    for (size_t i = 0; i < r->n_locks; i++)
        out->locks[i] = rule(dataset, &state, true);
    r->forbids = out->forbids;
    r->n_forbids = gen_below(&state, 7);
    for (size_t i = 0; i < r->n_forbids; i++)
        out->forbids[i] = rule(dataset, &state, false);
    r->limits = out->limits;
    r->n_limits = gen_below(&state, 7);
    for (size_t i = 0; i < r->n_limits; i++)
        out->limits[i] = change(dataset, &state);
    if (gen_below(&state, 2))
        draw_base(out, dataset, &state);
}

/* ---- parts ---- */

void parts_backwards(void *arg, size_t n, void (*part)(void *context, size_t i), void *context)
{
    (void)arg;
    while (n-- > 0)
        part(context, n);
}

struct crew {
    size_t n;
    void (*part)(void *context, size_t i);
    void *context;
    atomic_size_t next;
};

static void *work(void *arg)
{
    struct crew *crew = arg;
    for (size_t i; (i = atomic_fetch_add(&crew->next, 1)) < crew->n;)
        crew->part(crew->context, i);
    return NULL;
}

void parts_on_threads(void *arg, size_t n, void (*part)(void *context, size_t i), void *context)
{
    (void)arg;
    struct crew crew = {.n = n, .part = part, .context = context};
    pthread_t threads[2];
    bool started[2];
    for (int t = 0; t < 2; t++)
        started[t] = pthread_create(&threads[t], NULL, work, &crew) == 0;
    work(&crew);
    for (int t = 0; t < 2; t++)
        if (started[t])
            pthread_join(threads[t], NULL);
}
