/*
 * The scoring kernel against the machine and against plain code, and a shortlist's latency in this process.
 *
 *   micro DIR [ROUNDS]
 *
 * Every contender scores the same pairs: all leaders of DIR for a spread of posts, distance included. A round runs each
 * contender once, so that a machine that slows down slows them all; medians of the rounds are printed, and ratios are
 * of processor time, so that a busy neighbour counts little. `plain` is what one would write first: a struct a leader,
 * one pair at a time, double precision, exp() of the C library. Its answers are compared with the kernel's, so that no
 * contender is fast by doing something else.
 *
 * The peak is measured, not looked up: the arithmetic of a score by itself, in registers (mix.h).
 */
#include "ask.h"
#include "mix.h"
#include "score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POSTS_SCORED = 20, ROUNDS_DEFAULT = 15, ROUNDS_MAX = 101, CONTENDERS_MAX = 4 };

/* ---- The plain version ---- */

struct plain_leader {
    double x, y, z;
    double skill[WM_DOMAINS_MAX];
    int want[WM_COMPONENTS_MAX];
    int travel_hm;
    bool located;
};

static struct plain_leader *plain_leaders(const struct wm_dataset *dataset)
{
    const struct leader_columns *c = &dataset->leaders;
    struct plain_leader *leaders = calloc(c->n, sizeof *leaders);
    for (size_t i = 0; leaders && i < c->n; i++) {
        struct plain_leader *leader = &leaders[i];
        *leader = (struct plain_leader){(double)c->x[i], (double)c->y[i],   (double)c->z[i], {0}, {0},
                                        c->travel_hm[i], c->located[i] != 0};
        for (size_t d = 0; d < dataset->policy.n_domains; d++)
            leader->skill[d] = (double)c->skill[d][i];
        for (size_t t = 0; t < dataset->policy.n_components; t++)
            leader->want[t] = c->want[t][i];
    }
    return leaders;
}

/* Expected benefit in nano. */
static int plain_score(const struct plain_leader *leader, const struct kernel_post *post, int preference_micro)
{
    double fit = 0;
    for (size_t d = 0; d < post->n_domains; d++)
        fit += floor(fmin(leader->skill[d] * (double)post->weight_per_skill[d], (double)post->weight[d]) + 0.5);

    double logit = preference_micro;
    if (leader->located && post->located) {
        double dx = leader->x - (double)post->x, dy = leader->y - (double)post->y, dz = leader->z - (double)post->z;
        double hm = floor(2 * asin(sqrt(dx * dx + dy * dy + dz * dz) / 2) * 63710.088 + 0.5);
        if (hm > leader->travel_hm)
            logit -= (hm - leader->travel_hm) * post->distance_micro_per_hm;
    } else {
        logit -= post->unknown_distance_micro;
    }

    double best = -HUGE_VAL;
    for (size_t k = 0; k < post->n_offers; k++) {
        double offer = post->constant_micro[k];
        for (size_t t = 0; t < post->n_components; t++)
            offer += (double)leader->want[t] * post->amount[k][t];
        if (offer > best)
            best = offer;
    }
    double accept = 1 / (1 + exp(-(logit + best) * 1e-6));
    return (int)(post->severity_micro * 1e-6 * fit * 1e-6 * accept * 1e9 + 0.5);
}

/* ---- The contest ---- */

struct setting {
    const struct wm_dataset *dataset;
    const struct plain_leader *leaders;
    int32_t no_preference[BATCH_LANES]; /* zeros */
    size_t n_posts;
    struct kernel_post posts[POSTS_SCORED];
};

struct contender {
    const char *name;
    const struct kernel *kernel;                                 /* NULL: the plain version */
    double wall[ROUNDS_MAX], cpu[ROUNDS_MAX], least[ROUNDS_MAX]; /* seconds; least: of a pair's arithmetic */
};

/* The next leaders, as many as are ranked at a time; how many. */
static size_t take_lanes(const struct leader_columns *c, size_t from, uint32_t lanes[BATCH_LANES])
{
    size_t n = c->n - from < BATCH_LANES ? c->n - from : BATCH_LANES;
    for (size_t i = 0; i < n; i++)
        lanes[i] = (uint32_t)(from + i);
    return n;
}

static int64_t score_with_kernel(const struct setting *s, const struct kernel *kernel, const struct kernel_post *post)
{
    const struct leader_columns *c = &s->dataset->leaders;
    int64_t sum = 0;
    uint32_t lanes[BATCH_LANES];
    int32_t expected_nano[BATCH_LANES], offer[BATCH_LANES];
    for (size_t lane = 0, n; lane < c->n; lane += n) {
        n = take_lanes(c, lane, lanes);
        kernel->rank(c, lanes, n, post, s->no_preference, expected_nano, offer);
        for (size_t i = 0; i < n; i++)
            sum += expected_nano[i];
    }
    return sum;
}

static int64_t score_plainly(const struct setting *s, const struct kernel_post *post)
{
    int64_t sum = 0;
    for (size_t i = 0; i < s->dataset->leaders.n; i++)
        sum += plain_score(&s->leaders[i], post, 0);
    return sum;
}

/* Scores every pair; returns the sum of all expected benefits, which nobody can skip computing. */
static int64_t contender_run(const struct setting *s, const struct contender *contender)
{
    int64_t sum = 0;
    for (size_t p = 0; p < s->n_posts; p++)
        sum +=
            contender->kernel ? score_with_kernel(s, contender->kernel, &s->posts[p]) : score_plainly(s, &s->posts[p]);
    return sum;
}

/*
 * The kernel rounds the distance to 100 m and the chance to a millionth, in single precision where that is enough. So
 * the two may differ by what 100 m are worth, a thousandth of the score, and by a few millionths; more is a fault.
 */
static bool plain_agrees(const struct setting *s, const struct kernel *kernel)
{
    const struct leader_columns *c = &s->dataset->leaders;
    double worst = 0;
    uint32_t lanes[BATCH_LANES];
    int32_t expected_nano[BATCH_LANES], offer[BATCH_LANES];
    for (size_t lane = 0, n; lane < c->n; lane += n) {
        n = take_lanes(c, lane, lanes);
        kernel->rank(c, lanes, n, &s->posts[0], s->no_preference, expected_nano, offer);
        for (size_t i = 0; i < n; i++) {
            int plain = plain_score(&s->leaders[lane + i], &s->posts[0], 0);
            worst = fmax(worst, (abs(expected_nano[i] - plain) - 5000) / (plain + 1.0));
        }
    }
    return worst <= 0.001;
}

static bool setting_fill(struct setting *s, const struct wm_dataset *dataset)
{
    *s = (struct setting){.dataset = dataset, .leaders = plain_leaders(dataset)};
    size_t n = dataset->tables[WM_POSTS].n_rows;
    for (size_t i = 0; i < POSTS_SCORED && i < n; i++) {
        const struct post_terms *terms = &dataset->posts[i * (n / POSTS_SCORED > 0 ? n / POSTS_SCORED : 1)];
        kernel_post_fill(dataset, terms, terms->offers, &s->posts[s->n_posts]);
        s->n_posts += s->posts[s->n_posts].n_offers > 0;
    }
    return s->leaders && s->n_posts > 0;
}

/* What the posts of `s` ask for on average. */
static struct mix mean_mix(const struct setting *s)
{
    struct mix mean = {0};
    for (size_t p = 0; p < s->n_posts; p++) {
        struct mix mix = mix_of(&s->posts[p]);
        double share = 1 / (double)s->n_posts;
        mean.single += mix.single * share;
        mean.root += mix.root * share;
        mean.integer += mix.integer * share;
        mean.product += mix.product * share;
        mean.real += mix.real * share;
        mean.division += mix.division * share;
        mean.conversion += mix.conversion * share;
    }
    return mean;
}

static void print_contest(const struct setting *s, struct contender *contenders, size_t n, size_t rounds)
{
    struct mix mix = mean_mix(s);
    double pairs = (double)s->n_posts * (double)s->dataset->leaders.n, plain = 0;
    for (size_t i = 0; i < n; i++)
        if (!contenders[i].kernel)
            plain = quantile(contenders[i].cpu, rounds, 0.5);
    printf("%zu leaders x %zu posts, medians of %zu rounds. A pair asks for %.0f single, %.0f integer and %.0f double "
           "operations,\n%.1f integer products, %.0f conversions, %.0f division, %.0f root.\n\n",
           s->dataset->leaders.n, s->n_posts, rounds, mix.single, mix.integer, mix.real, mix.product, mix.conversion,
           mix.division, mix.root);
    printf("| kernel | million pairs/s | ns CPU/pair | ns CPU/pair of the same arithmetic in registers | share | times "
           "plain |\n");
    printf("|---|--:|--:|--:|--:|--:|\n");
    for (size_t i = 0; i < n; i++) {
        struct contender *c = &contenders[i];
        double wall = quantile(c->wall, rounds, 0.5), each = quantile(c->cpu, rounds, 0.5) / pairs;
        printf("| %s | %.1f | %.2f | ", c->name, pairs / wall * 1e-6, each * 1e9);
        if (c->kernel) {
            double least = quantile(c->least, rounds, 0.5);
            printf("%.2f | %.2f | %.1f |\n", least * 1e9, least / each, plain / pairs / each);
        } else {
            printf("| | 1.0 |\n");
        }
    }
}

static bool contest(const struct wm_dataset *dataset, size_t rounds)
{
    static struct contender contenders[CONTENDERS_MAX] = {{.name = "plain"},
                                                          {.name = "baseline", .kernel = &kernel_baseline}};
    size_t n = 2;
    struct setting s;
#if defined(__x86_64__)
    if (kernel_best() != &kernel_baseline && __builtin_cpu_supports("fma"))
        contenders[n++] = (struct contender){.name = "avx2", .kernel = &kernel_avx2};
    if (kernel_best() == &kernel_avx512)
        contenders[n++] = (struct contender){.name = "avx512", .kernel = &kernel_avx512};
#endif
    bool good = setting_fill(&s, dataset) && plain_agrees(&s, kernel_best());
    int64_t sum = good ? contender_run(&s, &contenders[1]) : 0;
    struct mix mix = mean_mix(&s);
    for (size_t round = 0; good && round < rounds; round++) {
        for (size_t i = 0; i < n; i++) {
            struct contender *c = &contenders[i];
            struct stopwatch start = stopwatch_now();
            int64_t own = contender_run(&s, c);
            struct stopwatch taken = stopwatch_since(start);
            good &= !c->kernel || own == sum; /* all kernels give the same bits */
            c->wall[round] = taken.wall;
            c->cpu[round] = taken.cpu;
            c->least[round] = c->kernel ? mix_seconds(c->name, &mix) : 0;
        }
    }
    if (good)
        print_contest(&s, contenders, n, rounds);
    else
        fputs("the contenders disagree, or the dataset has no post to score\n", stderr);
    free((void *)(uintptr_t)s.leaders);
    return good;
}

/* ---- Latency of a shortlist ---- */

static bool latency(struct wm_dataset *dataset, const char *title, bool (*ask)(struct wm_dataset *, size_t))
{
    size_t n = wm_table_rows(dataset, WM_POSTS);
    double *taken = calloc(n, sizeof *taken);
    bool good = taken != NULL;
    double cpu = 0;
    for (size_t post = 0; good && post < n; post++) {
        struct stopwatch start = stopwatch_now();
        good = ask(dataset, post);
        struct stopwatch once = stopwatch_since(start);
        taken[post] = once.wall * 1e6;
        cpu += once.cpu * 1e6;
    }
    if (good)
        printf("| %s | %.0f | %.0f | %.0f | %.0f | %.0f |\n", title, quantile(taken, n, 0.5), quantile(taken, n, 0.9),
               quantile(taken, n, 0.99), quantile(taken, n, 1), cpu / (double)n);
    free(taken);
    return good;
}

int main(int argc, char *argv[])
{
    struct wm_dataset *dataset;
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : ROUNDS_DEFAULT;
    if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: micro DIR [ROUNDS, 1 to %d]\n", ROUNDS_MAX);
        return 2;
    }
    struct stopwatch start = stopwatch_now();
    int code = wm_dataset_load(argv[1], NULL, &dataset);
    if (code != WM_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], wm_error_text(code));
        return 2;
    }
    printf("loaded in %.2f s, %.1f MiB\n\n", stopwatch_since(start).wall,
           (double)wm_dataset_bytes(dataset) / (1 << 20));

    bool good = contest(dataset, (size_t)rounds);
    printf("\nShortlist of ten, every post once, one thread, kernel %s, in microseconds:\n\n",
           wm_dataset_kernel(dataset));
    printf("| | p50 | p90 | p99 | max | mean CPU |\n|---|--:|--:|--:|--:|--:|\n");
    good = good && ask_engine(dataset, 0) && latency(dataset, "wm_shortlist_make", ask_engine);
    good = good && ask_method(dataset, 0) && latency(dataset, "match.shortlist as JSON", ask_method);
    wm_dataset_unref(dataset);
    return good ? 0 : 1;
}
