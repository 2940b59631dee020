/*
 * A national problem cut down to what an explicit solver can hold: for each post only the leaders who are worth most
 * there when nothing is scarce, for each of a post's packages only its best mentors.
 *
 *   pruned DIR LEADERS MENTORS FILE     so many leaders a post, so many mentors a package; 0: all
 *
 * Written in the text format of `wellmatch solve`. What is left out makes the problem easier and its optimum lower: it
 * favours whoever solves it.
 */
#include "pairs.h"
#include "price.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_GIB = 4 };

struct ranked {
    int64_t worth;
    size_t pair;
};

struct writer {
    struct scenario s;
    struct pairs pairs;
    size_t leaders, mentors;
    FILE *file;
    size_t n_options;
};

static void die(const char *what)
{
    fprintf(stderr, "pruned: %s\n", what);
    exit(1);
}

static int by_worth(const void *a, const void *b)
{
    const struct ranked *p = a, *q = b;
    return p->worth != q->worth ? (p->worth < q->worth ? 1 : -1) : (p->pair > q->pair) - (p->pair < q->pair);
}

static int by_lane(const void *a, const void *b)
{
    const struct ranked *p = a, *q = b;
    return p->worth != q->worth ? (p->worth > q->worth ? 1 : -1) : (p->pair > q->pair) - (p->pair < q->pair);
}

/* The pairs that are kept, by leader (`worth` then holds the lane); returns how many. */
static size_t keep_best(struct writer *w, struct arena *arena, struct ranked *kept)
{
    int64_t *prices = arena_alloc(arena, w->s.n_resources, sizeof *prices);
    int64_t *worth = arena_alloc(arena, w->pairs.n + 1, sizeof *worth);
    uint16_t *entry = arena_alloc(arena, w->pairs.n + 1, sizeof *entry);
    struct pricing *pricing = prices ? pricing_new(arena, &w->s, prices, NULL) : NULL;
    if (!worth || !entry || !pricing)
        die("no memory");
    price_pairs(pricing, &w->pairs, worth, entry, NULL);
    size_t n = 0;
    for (size_t post = 0; post < w->pairs.n_posts; post++) {
        size_t first = n, count = 0;
        for (size_t i = w->pairs.first[post]; i < w->pairs.first[post + 1]; i++)
            if (worth[i] != WORTH_NONE) {
                kept[first + count++] = (struct ranked){worth[i], i};
            }
        qsort(kept + first, count, sizeof *kept, by_worth);
        n = first + (w->leaders > 0 && count > w->leaders ? w->leaders : count);
    }
    for (size_t i = 0; i < n; i++)
        kept[i].worth = w->pairs.lane[kept[i].pair];
    qsort(kept, n, sizeof *kept, by_lane);
    return n;
}

static void write_option(struct writer *w, size_t lane, size_t post, size_t e)
{
    const struct menu_entry *entry = &w->s.menus[post].entries[e];
    int64_t value = scenario_value(&w->s, lane, post, entry);
    fprintf(w->file, "option %" PRId64 ".%09" PRId64 " p%zu.%zu", value / NANO, value % NANO, post, e);
    for (size_t u = 0; u < entry->n_uses; u++)
        if (w->s.limit[entry->resource[u]] != LIMIT_NONE)
            fprintf(w->file, " r%" PRIu32 "=%" PRId64, entry->resource[u], entry->use[u]);
    fputc('\n', w->file);
    w->n_options++;
}

/* Options of one pair: menus stand by package, the best mentor first. */
static void write_pair(struct writer *w, size_t lane, size_t post)
{
    size_t same = 0;
    for (size_t e = 0; e < w->s.menus[post].n; e++) {
        const struct menu_entry *entry = &w->s.menus[post].entries[e];
        same = e > 0 && entry->package == entry[-1].package ? same + 1 : 0;
        if ((w->mentors == 0 || same < w->mentors) && scenario_allows(&w->s, lane, post, entry))
            write_option(w, lane, post, e);
    }
}

static size_t post_of(const struct pairs *pairs, size_t pair)
{
    size_t low = 0, high = pairs->n_posts;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        *(pairs->first[middle] <= pair ? &low : &high) = middle;
    }
    return low;
}

int main(int argc, char *argv[])
{
    struct wm_dataset *dataset;
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    struct arena arena;
    struct writer w = {.n_options = 0};
    if (argc != 5)
        die("usage: pruned DIR LEADERS MENTORS FILE");
    w.leaders = strtoul(argv[2], NULL, 10);
    w.mentors = strtoul(argv[3], NULL, 10);
    w.file = fopen(argv[4], "w");
    arena_init(&arena, (size_t)ARENA_GIB << 30);
    if (!w.file || wm_dataset_load(argv[1], NULL, &dataset) != WM_OK ||
        scenario_init(&w.s, &arena, dataset, &request) != WM_OK || pairs_find(&w.pairs, &arena, &w.s, NULL) != WM_OK)
        die("DIR cannot be loaded, or FILE cannot be written");
    struct ranked *kept = arena_alloc(&arena, w.pairs.n + 1, sizeof *kept);
    if (!kept)
        die("no memory");
    size_t n = keep_best(&w, &arena, kept), groups = 0;
    fputs("wellmatch-problem 1\nsense max\n", w.file);
    for (size_t r = 0; r < w.s.n_resources; r++)
        if (w.s.limit[r] != LIMIT_NONE)
            fprintf(w.file, "resource r%zu %" PRId64 "\n", r, w.s.limit[r]);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || kept[i].worth != kept[i - 1].worth) {
            fprintf(w.file, "group l%" PRId64 "\n", kept[i].worth);
            groups++;
        }
        write_pair(&w, (size_t)kept[i].worth, post_of(&w.pairs, kept[i].pair));
    }
    if (fclose(w.file) != 0)
        die(argv[4]);
    printf("{\"eligible_pairs\": %zu, \"pairs\": %zu, \"groups\": %zu, \"options\": %zu, \"resources\": %zu}\n",
           w.pairs.n, n, groups, w.n_options, w.s.n_resources);
    arena_fini(&arena);
    wm_dataset_unref(dataset);
    return 0;
}
