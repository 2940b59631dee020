/*
 * One figure at a time of what kernel.py compares: it calls this beside its peers, round by round.
 *
 *   kernel DIR export FILE     the leaders and some posts as plain arrays, for the peers
 *   kernel DIR score           nanoseconds a pair: every leader scored for each of those posts
 *   kernel DIR shortlists N    microseconds a post: N shortlists of ten by the engine one by one, as JSON, and by the
 *                              engine together; bytes a leader
 *
 * All in processor time of one thread.
 */
#include "ask.h"
#include "score.h"
#include "stopwatch.h"

#include <stdio.h>
#include <string.h>

enum { POSTS_SCORED = 20, RUN_MS = 200 };

static int fail(const char *what)
{
    fprintf(stderr, "kernel: %s\n", what);
    return 1;
}

/* The i-th of a spread of posts as the kernel reads it; NULL when nothing may be offered there. */
static const struct post_terms *fill_post(const struct wm_dataset *dataset, size_t i, struct kernel_post *post)
{
    size_t n = dataset->tables[WM_POSTS].n_rows, step = n / POSTS_SCORED > 0 ? n / POSTS_SCORED : 1;
    if (i * step >= n)
        return NULL;
    const struct post_terms *terms = &dataset->posts[i * step];
    kernel_post_fill(dataset, terms, terms->offers, post);
    return post->n_offers > 0 ? terms : NULL;
}

/* All leaders for one post; the sum of all expected benefits, which nobody can skip computing. */
static int64_t score_all(const struct wm_dataset *dataset, const struct kernel_post *post)
{
    static const int32_t no_preference[BATCH_LANES];
    const struct leader_columns *c = &dataset->leaders;
    int32_t expected_nano[BATCH_LANES], offer[BATCH_LANES];
    uint32_t lanes[BATCH_LANES];
    int64_t sum = 0;
    for (size_t lane = 0, n; lane < c->n; lane += n) {
        n = c->n - lane < BATCH_LANES ? c->n - lane : BATCH_LANES;
        for (size_t i = 0; i < n; i++)
            lanes[i] = (uint32_t)(lane + i);
        dataset->kernel->rank(c, lanes, n, post, no_preference, expected_nano, offer);
        for (size_t i = 0; i < n; i++)
            sum += expected_nano[i];
    }
    return sum;
}

/* ---- export ---- */

static void export_leaders(const struct wm_dataset *dataset, FILE *file)
{
    const struct leader_columns *c = &dataset->leaders;
    for (size_t d = 0; d < dataset->policy.n_domains; d++)
        fwrite(c->skill[d], sizeof(int32_t), c->n, file);
    for (size_t t = 0; t < dataset->policy.n_components; t++)
        fwrite(c->want[t], sizeof(int32_t), c->n, file);
    fwrite(c->x, sizeof(float), c->n, file);
    fwrite(c->y, sizeof(float), c->n, file);
    fwrite(c->z, sizeof(float), c->n, file);
    fwrite(c->travel_hm, sizeof(int32_t), c->n, file);
    fwrite(c->located, sizeof(int32_t), c->n, file);
}

/* Every offer that may be made: that some can be nobody's best is what the kernel finds out by itself. */
static size_t export_offers(const struct wm_dataset *dataset, const struct post_terms *terms, FILE *file)
{
    size_t n = 0, components = dataset->policy.n_components;
    for (size_t k = 0; k < dataset->tables[WM_PACKAGES].n_rows; k++) {
        if (terms->offers[k].bar != WM_OFFER_BAR_none)
            continue;
        double offer[1 + WM_COMPONENTS_MAX] = {
            offer_constant_micro(dataset, terms, terms->offers[k].mentor_quality_micro, NULL)};
        for (size_t t = 0; t < components; t++)
            offer[1 + t] = dataset->amounts[k * components + t];
        n++;
        if (file)
            fwrite(offer, sizeof(double), 1 + components, file);
    }
    return n;
}

static void export_post(const struct wm_dataset *dataset, const struct post_terms *terms,
                        const struct kernel_post *post, FILE *file)
{
    double head[] = {(double)post->x,
                     (double)post->y,
                     (double)post->z,
                     post->located,
                     post->distance_micro_per_hm,
                     post->unknown_distance_micro,
                     post->severity_micro,
                     (double)score_all(dataset, post),
                     (double)export_offers(dataset, terms, NULL)};
    fwrite(head, sizeof head, 1, file);
    fwrite(post->weight_per_skill, sizeof(double), post->n_domains, file);
    fwrite(post->weight, sizeof(double), post->n_domains, file);
    (void)export_offers(dataset, terms, file);
}

static int export_all(const struct wm_dataset *dataset, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return fail("cannot write the file");
    struct kernel_post post;
    int32_t head[] = {(int32_t)dataset->leaders.n, (int32_t)dataset->policy.n_domains,
                      (int32_t)dataset->policy.n_components, 0};
    for (size_t i = 0; i < POSTS_SCORED; i++)
        head[3] += fill_post(dataset, i, &post) != NULL;
    fwrite(head, sizeof head, 1, file);
    export_leaders(dataset, file);
    for (size_t i = 0; i < POSTS_SCORED; i++) {
        const struct post_terms *terms = fill_post(dataset, i, &post);
        if (terms)
            export_post(dataset, terms, &post, file);
    }
    bool written = ferror(file) == 0;
    written = fclose(file) == 0 && written;
    return written ? 0 : fail("cannot write the file");
}

/* ---- figures ---- */

static int score(const struct wm_dataset *dataset)
{
    struct kernel_post post;
    size_t n = 0;
    int64_t sum = 0;
    struct stopwatch start = stopwatch_now();
    while (stopwatch_since(start).cpu < RUN_MS * 1e-3)
        for (size_t i = 0; i < POSTS_SCORED; i++)
            if (fill_post(dataset, i, &post)) {
                sum += score_all(dataset, &post);
                n++;
            }
    double taken = stopwatch_since(start).cpu;
    if (n == 0 || sum == 0)
        return fail("no post to score");
    printf("%.4f\n", taken / (double)n / (double)dataset->leaders.n * 1e9);
    return 0;
}

/* Microseconds for each of `n` posts; negative when one failed. */
static double time_posts(struct wm_dataset *dataset, size_t n, bool (*ask)(struct wm_dataset *, size_t))
{
    size_t n_posts = wm_table_rows(dataset, WM_POSTS), asked = 0;
    if (!ask(dataset, 0)) /* warms up */
        return -1;
    struct stopwatch start = stopwatch_now();
    do {
        for (size_t i = 0; i < n; i++, asked++)
            if (!ask(dataset, i * n_posts / n % n_posts))
                return -1;
    } while (stopwatch_since(start).cpu < RUN_MS * 1e-3);
    return stopwatch_since(start).cpu / (double)asked * 1e6;
}

/* The same posts, WM_SHORTLISTS_TOGETHER in a call. */
static double time_together(const struct wm_dataset *dataset, size_t n)
{
    size_t n_posts = wm_table_rows(dataset, WM_POSTS), asked = 0;
    struct stopwatch start = stopwatch_now();
    do {
        for (size_t from = 0; from < n; from += WM_SHORTLISTS_TOGETHER) {
            struct wm_query queries[WM_SHORTLISTS_TOGETHER];
            struct wm_shortlist *made[WM_SHORTLISTS_TOGETHER];
            size_t some = n - from < WM_SHORTLISTS_TOGETHER ? n - from : WM_SHORTLISTS_TOGETHER;
            for (size_t i = 0; i < some; i++) {
                queries[i] = (struct wm_query)WM_QUERY_INIT;
                queries[i].subject = (from + i) * n_posts / n % n_posts;
            }
            if (wm_shortlists_make(dataset, queries, some, made) != WM_OK)
                return -1;
            for (size_t i = 0; i < some; i++)
                wm_shortlist_free(made[i]);
            asked += some;
        }
    } while (stopwatch_since(start).cpu < RUN_MS * 1e-3);
    return stopwatch_since(start).cpu / (double)asked * 1e6;
}

static int shortlists(struct wm_dataset *dataset, size_t n)
{
    if (n == 0 || wm_table_rows(dataset, WM_POSTS) == 0)
        return fail("no post");
    double engine = time_posts(dataset, n, ask_engine), method = time_posts(dataset, n, ask_method),
           together = time_together(dataset, n);
    size_t leaders = wm_table_rows(dataset, WM_LEADERS);
    if (engine < 0 || method < 0 || together < 0)
        return fail("a shortlist failed");
    printf("%.3f %.3f %.3f %.1f\n", engine, method, together,
           (double)wm_dataset_bytes(dataset) / (double)(leaders ? leaders : 1));
    return 0;
}

int main(int argc, char *argv[])
{
    struct wm_dataset *dataset;
    if (argc < 3)
        return fail("usage: kernel DIR export FILE | score | shortlists N") + 1;
    int code = wm_dataset_load(argv[1], NULL, &dataset);
    if (code != WM_OK)
        return fail(wm_error_text(code));
    if (strcmp(argv[2], "export") == 0 && argc == 4)
        code = export_all(dataset, argv[3]);
    else if (strcmp(argv[2], "shortlists") == 0 && argc == 4)
        code = shortlists(dataset, strtoul(argv[3], NULL, 10));
    else
        code = score(dataset);
    wm_dataset_unref(dataset);
    return code;
}
