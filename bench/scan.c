/*
 * The scan over every pair (engine/price.h), and what share of the machine it uses.
 *
 *   scan DIR [ROUNDS] [THREADS]
 *
 * Timed are: price_pairs, which works out every pair exactly, without any shortcut; and price_scan at no prices, at a
 * tenth of those of a finished plan, and at the plan's own, with leaders' prices from a scan before. A round runs each
 * once, beside the peaks; medians of processor time.
 *
 * What a pair asks for is the arithmetic of the kernel's source in 32-bit operations, a double counting twice: see
 * operations_of. The share of the peak takes all as multiply-adds. The share of the mix's peak gives the divisions, one
 * a package, the time that divisions take at best. The scan, which mostly proves with a comparison that a pair does not
 * matter, is credited with all of a pair's arithmetic: its share says how fast the answer comes, and may be above 1.
 */
#include "peak.h"
#include "price.h"
#include "score.h"
#include "threads.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS_DEFAULT = 9, ROUNDS_MAX = 101, ROWS = 4, ARENA_GIB = 8, EACH_MOST = 20 };

#define TOLERANCE (NANO_IN_FEMTO * 1000) /* a millionth */

struct setting {
    struct wm_dataset *dataset;
    struct scenario scenario;
    struct arena arena;
    struct pairs pairs;
    struct pricing *pricing;
    int64_t *prices, *post_price, *lane_price, *worth;
    uint16_t *entry;
    struct wm_plan *plan;
    size_t threads;
    struct wm_solve_options options;
};

static void die(const char *what)
{
    fprintf(stderr, "scan: %s\n", what);
    exit(1);
}

/* Packages that a leader could get at each post, mean over pairs. */
static double packages_each(const struct setting *s)
{
    double sum = 0;
    for (size_t post = 0; post < s->scenario.n_posts; post++) {
        const struct menu *menu = &s->scenario.menus[post];
        size_t packages = 0;
        for (size_t e = 0; e < menu->n; e++)
            packages += e == 0 || menu->entries[e].package != menu->entries[e - 1].package;
        sum += (double)packages * (double)(s->pairs.first[post + 1] - s->pairs.first[post]);
    }
    return sum / (double)s->pairs.n;
}

/* Divisions apart. */
static double operations_of(const struct setting *s)
{
    double power = 2 * (4 + 7 + 26 + 3) + 2 * 4;    /* limits, reduction, polynomial, scale; conversions */
    double chance = 2 * (2 + 1 + 2 + 2 + 2);        /* product, sum, rounding, how far from where it turns */
    double value = 2 * (2 + 1 + 1) + 2 * 2 + 2 + 2; /* product and sum, scale, rounding; cost; best so far */
    return power + packages_each(s) * (chance + value);
}

/* Prices at `share` of the plan's; a leader's is what its best pair leaves, as one scan finds. */
static void set_prices(struct setting *s, double share)
{
    struct scan scan;
    for (size_t r = 0; r < s->scenario.n_resources; r++)
        s->prices[r] = (int64_t)((double)s->plan->prices_femto[r] * share);
    memcpy(s->post_price, s->prices, s->scenario.n_posts * sizeof *s->post_price);
    s->pricing = pricing_new(&s->arena, &s->scenario, s->prices, &s->options);
    memset(s->lane_price, 0, s->scenario.n_lanes * sizeof *s->lane_price);
    if (!s->pricing || price_scan(&scan, &s->arena, s->pricing, &s->pairs, s->post_price, s->lane_price, 0, EACH_MOST,
                                  &s->options) != WM_OK)
        die("no memory");
    for (size_t i = 0; i < scan.n_found; i++)
        if (scan.found[i].reduced > s->lane_price[scan.found[i].lane])
            s->lane_price[scan.found[i].lane] = scan.found[i].reduced;
}

static struct stopwatch price_once(struct setting *s)
{
    struct stopwatch start = stopwatch_now();
    price_pairs(s->pricing, &s->pairs, s->worth, s->entry, &s->options);
    return stopwatch_since(start);
}

static struct stopwatch scan_once(struct setting *s, int64_t tolerance, struct scan *out)
{
    struct stopwatch start = stopwatch_now();
    if (price_scan(out, &s->arena, s->pricing, &s->pairs, s->post_price, s->lane_price, tolerance, EACH_MOST,
                   &s->options) != WM_OK)
        die("no memory");
    return stopwatch_since(start);
}

static void load(struct setting *s, const char *dir)
{
    static const struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    int code = wm_dataset_load(dir, NULL, &s->dataset);
    arena_init(&s->arena, (size_t)ARENA_GIB << 30);
    if (code == WM_OK)
        code = wm_plan_make(s->dataset, &request, &s->options, &s->plan);
    if (code == WM_OK)
        code = scenario_init(&s->scenario, &s->arena, s->dataset, &request);
    struct stopwatch start = stopwatch_now();
    if (code == WM_OK)
        code = pairs_find(&s->pairs, &s->arena, &s->scenario, &s->options);
    struct stopwatch found = stopwatch_since(start);
    if (code != WM_OK)
        die(wm_error_text(code));
    s->prices = arena_alloc(&s->arena, s->scenario.n_resources + 1, sizeof *s->prices);
    s->post_price = arena_alloc(&s->arena, s->scenario.n_posts + 1, sizeof *s->post_price);
    s->lane_price = arena_alloc(&s->arena, s->scenario.n_lanes + LANES, sizeof *s->lane_price);
    s->worth = arena_alloc(&s->arena, s->pairs.n + LANES, sizeof *s->worth);
    s->entry = arena_alloc(&s->arena, s->pairs.n + LANES, sizeof *s->entry);
    if (!s->prices || !s->post_price || !s->lane_price || !s->worth || !s->entry || s->pairs.n == 0)
        die("no memory, or no pair");
    double asked = (double)s->scenario.n_posts * (double)s->scenario.n_lanes;
    printf("{\"pairs\": %zu, \"packages_each\": %.2f, \"operations_each\": %.0f, \"find_cpu\": %.4f, "
           "\"find_million_each_s\": %.0f, \"rows\": [\n",
           s->pairs.n, packages_each(s), operations_of(s), found.cpu, asked / found.cpu * 1e-6);
}

struct row {
    const char *name;
    double share; /* of the plan's prices */
    bool all;     /* price_pairs */
    double cpu[ROUNDS_MAX], wall[ROUNDS_MAX];
    struct scan scan;
};

static void print_rows(const struct setting *s, struct row *rows, size_t rounds, double peak, double divisions)
{
    double pairs = (double)s->pairs.n, each = packages_each(s);
    for (size_t k = 0; k < ROWS; k++) {
        double cpu = quantile(rows[k].cpu, rounds, 0.5), rate = pairs / cpu;
        printf("%s{\"what\": \"%s\", \"cpu\": %.4f, \"wall\": %.4f, \"million_pairs_s\": %.1f, \"found\": %zu, "
               "\"share_of_peak\": %.3f, \"share_of_mix\": %.3f}",
               k ? ",\n " : " ", rows[k].name, cpu, quantile(rows[k].wall, rounds, 0.5), rate * 1e-6,
               rows[k].scan.n_found, rate * (operations_of(s) + 2 * each) / peak,
               rate * (operations_of(s) / peak + each / divisions));
    }
    printf("], \"kernel\": \"%s\", \"peak_billion_s\": %.1f, \"peak_divisions_billion_s\": %.2f}\n",
           wm_dataset_kernel(s->dataset), peak * 1e-9, divisions * 1e-9);
}

int main(int argc, char *argv[])
{
    static struct setting s = {.threads = 1};
    static struct row rows[ROWS] = {{.name = "price_pairs: every pair exactly", .share = 1, .all = true},
                                    {.name = "price_scan at no prices", .share = 0},
                                    {.name = "price_scan at a tenth of the plan's", .share = 0.1},
                                    {.name = "price_scan at the plan's prices", .share = 1}};
    static double peak[ROUNDS_MAX], divisions[ROUNDS_MAX];
    size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : ROUNDS_DEFAULT;
    s.threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
    if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX || s.threads < 1 || s.threads > THREADS_MAX)
        die("usage: scan DIR [ROUNDS, 1 to 101] [THREADS, 1 to 64]");
    s.options = (struct wm_solve_options){.gap = 0.01, .parallel = s.threads > 1 ? run_parts : NULL, .arg = &s.threads};
    load(&s, argv[1]);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t k = 0; k < ROWS; k++) {
            set_prices(&s, rows[k].share);
            struct stopwatch taken = rows[k].all ? price_once(&s) : scan_once(&s, TOLERANCE, &rows[k].scan);
            rows[k].cpu[round] = taken.cpu;
            rows[k].wall[round] = taken.wall;
        }
        peak[round] = peak_of(wm_dataset_kernel(s.dataset));
        divisions[round] = peak_divisions_of(wm_dataset_kernel(s.dataset));
    }
    print_rows(&s, rows, rounds, quantile(peak, rounds, 0.5), quantile(divisions, rounds, 0.5));
    wm_plan_free(s.plan);
    arena_fini(&s.arena);
    wm_dataset_unref(s.dataset);
    return 0;
}
