/*
 * The scan over all pairs at given prices: which stick out, and the sum that proves the bound.
 *
 * A pair is looked at closely only where the most that it could ever be worth (pairs->most_nano, known before any
 * price), less what the cheapest line of the post costs, reaches what its post and its leader cost at the prices. The
 * test is on integers of 1e-9, thresholds rounded down, so that it never passes over a pair that sticks out; of those
 * that pass the kernel finds the exact worth, sixteen at a time.
 *
 * The thresholds take lane_price for what a leader gets. Where no pair comes up to that after all, the leader's best is
 * not known yet, and a second look, at those leaders only, finds it. The bound so does not depend on lane_price at all.
 *
 * Posts are scanned in parts. Each part keeps each leader's best; all are compared in the order of parts, so that
 * neither the number of parts nor their order in time changes anything.
 */
#include "price_kernel.h"

#include <stdlib.h>
#include <string.h>

enum {
    PARTS = 4,            /* each costs memory and time for a sighting a leader */
    BATCH_PAIRS = 250000, /* between two questions whether to stop */
    EXCESS_STOPPED = 100  /* as a power of two: no sum of worths comes near */
};

#define NANO_MAX 1000000000 /* no value is greater */

struct sighting { /* of a leader: the pair that sticks out most, lane price apart */
    int64_t over; /* INT64_MIN: none seen */
    uint32_t post;
};

struct look { /* all that the parts share */
    const struct pricing *pricing;
    const struct pairs *pairs;
    const int64_t *post_price, *lane_price;
    int64_t tolerance;
    size_t each_most, n_parts;
    size_t batch, n_batches; /* stretches of each part, see scan_all */
    int32_t *least_nano;     /* [n_lanes] a pair must come up to this */
    size_t *first_kept;      /* [n_posts + 1] room in `kept` */
    size_t *n_kept;          /* [n_posts] */
    struct found *kept;      /* the best each_most of a post: a heap, then sorted */
    struct sighting *best;   /* [n_parts][n_lanes] */
    size_t *first_certain;   /* [n_posts + 1] */
    uint32_t *certain;       /* lanes that are looked at closely in any case: at home in the base plan, or locked */
    bool second;             /* the second look: leaders' bests alone */
};

/* ---- comparing ---- */

static bool goes_before(const struct found *a, const struct found *b)
{
    return a->reduced != b->reduced ? a->reduced > b->reduced : a->lane < b->lane;
}

static int compare_found(const void *a, const void *b)
{
    return goes_before(a, b) ? -1 : goes_before(b, a);
}

/* Keeps the best n_max of what is offered; the root is the one that goes last. */
static void keep(struct found *heap, size_t *n, size_t n_max, struct found moving)
{
    size_t at;
    if (*n < n_max) {
        for (at = (*n)++; at > 0 && goes_before(&heap[(at - 1) / 2], &moving); at = (at - 1) / 2)
            heap[at] = heap[(at - 1) / 2];
        heap[at] = moving;
        return;
    }
    if (n_max == 0 || !goes_before(&moving, &heap[0]))
        return;
    at = 0;
    for (size_t child; (child = 2 * at + 1) < *n; at = child) {
        if (child + 1 < *n && goes_before(&heap[child], &heap[child + 1]))
            child++;
        if (!goes_before(&moving, &heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

static int64_t less(int64_t a, int64_t b)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return a < 0 ? INT64_MIN + 1 : INT64_MAX;
    return difference == INT64_MIN ? INT64_MIN + 1 : difference;
}

/* Down to 1e-9, within what no value exceeds: a threshold that is never too high for a pair that reaches it. */
static int32_t nano_below(__int128_t femto)
{
    __int128_t nano = femto / NANO_IN_FEMTO;
    nano -= nano * NANO_IN_FEMTO > femto;
    return nano > NANO_MAX ? NANO_MAX : nano < -NANO_MAX ? -NANO_MAX : (int32_t)nano;
}

/* ---- one post ---- */

static void judge_batch(const struct look *look, size_t post, struct sighting *best, struct batch *b)
{
    if (b->n == 0)
        return;
    pricing_batch(look->pricing, post, b);
    for (size_t i = 0; i < b->n; i++) {
        uint16_t entry;
        uint32_t lane = b->lane[i];
        int64_t worth = pricing_settle(look->pricing, post, b, i, &entry);
        if (worth == WORTH_NONE)
            continue;
        int64_t over = less(worth, look->post_price[post]), reduced = less(over, look->lane_price[lane]);
        if (over > best[lane].over)
            best[lane] = (struct sighting){over, (uint32_t)post};
        if (reduced > look->tolerance && !look->second)
            keep(look->kept + look->first_kept[post], &look->n_kept[post], look->each_most,
                 (struct found){(uint32_t)post, lane, reduced});
    }
    b->n = 0;
}

static void add_pair(const struct look *look, size_t post, struct sighting *best, struct batch *b, size_t pair)
{
    b->lane[b->n] = look->pairs->lane[pair];
    b->benefit_micro[b->n] = look->pairs->benefit_micro[pair];
    b->common_micro[b->n] = look->pairs->common_micro[pair];
    if (++b->n == LANES)
        judge_batch(look, post, best, b);
}

/* What the post costs a leader at least, in 1e-9: its price, its cheapest line, and the surcharge of a move. */
static int32_t floor_nano(const struct look *look, size_t post)
{
    const struct pricing *p = look->pricing;
    const struct line *lines = p->lines + p->first_line[post];
    int64_t least = lines[0].cost;
    for (uint32_t l = 1; l < p->n_lines[post]; l++)
        least = lines[l].cost < least ? lines[l].cost : least;
    return nano_below((__int128_t)look->post_price[post] + least + p->surcharge);
}

/* Which of the pairs from `at` on, up to LANES, may stick out. */
static uint32_t glance(const struct look *look, size_t at, size_t n, int32_t floor)
{
    const struct pairs *pairs = look->pairs;
    int32_t most_nano[LANES];
    uint32_t lane[LANES] = {0};
    if (at + LANES <= pairs->n && pairs->most_nano != NULL)
        return look->pricing->kernel->may(pairs->most_nano + at, floor, look->least_nano, pairs->lane + at);
    for (size_t i = 0; i < LANES; i++)
        most_nano[i] = i < n && pairs->most_nano != NULL ? pairs->most_nano[at + i] : NANO_MAX;
    memcpy(lane, pairs->lane + at, n * sizeof *lane);
    return look->pricing->kernel->may(most_nano, floor, look->least_nano, lane);
}

/*
 * Whether a pair may still be its leader's best, or among the best of its post: what it is worth at most, less what the
 * post costs at least, says no of most while prices are rough.
 */
static bool may_matter(const struct look *look, size_t post, const struct sighting *best, size_t pair, int32_t floor)
{
    const struct pairs *pairs = look->pairs;
    uint32_t lane = pairs->lane[pair];
    if (pairs->most_nano == NULL || floor <= -NANO_MAX || look->each_most == 0)
        return true; /* nothing is known */
    int64_t over = ((int64_t)pairs->most_nano[pair] - floor) * NANO_IN_FEMTO;
    if (over > best[lane].over)
        return true;
    const struct found *worst = look->kept + look->first_kept[post];
    return !look->second &&
           (look->n_kept[post] < look->each_most || less(over, look->lane_price[lane]) >= worst->reduced);
}

static void judge_certain(const struct look *look, size_t post, struct sighting *best, struct batch *b)
{
    size_t first = look->pairs->first[post], n = look->pairs->first[post + 1] - first, at = 0;
    for (size_t c = look->first_certain[post]; c < look->first_certain[post + 1] && at < n; c++) {
        at = lanes_seek(look->pairs->lane + first, n, at, look->certain[c]);
        if (at < n && look->pairs->lane[first + at] == look->certain[c])
            add_pair(look, post, best, b, first + at);
    }
}

static void scan_post(const struct look *look, size_t post, struct sighting *best)
{
    const struct scenario *s = look->pricing->scenario;
    size_t end = look->pairs->first[post + 1];
    struct batch b = {.n = 0};
    if (look->pricing->n_lines[post] == 0)
        return;
    int32_t floor = floor_nano(look, post);
    if (!look->second)
        judge_certain(look, post, best, &b);
    for (size_t at = look->pairs->first[post]; at < end; at += LANES) {
        size_t n = end - at < LANES ? end - at : LANES;
        uint32_t left = glance(look, at, n, floor) & (uint32_t)((UINT64_C(1) << n) - 1);
        for (; left != 0; left &= left - 1) {
            size_t pair = at + (unsigned)__builtin_ctz(left);
            if ((!s->has_moves || s->base_post[look->pairs->lane[pair]] != post) && /* those were certain */
                may_matter(look, post, best, pair, floor))
                add_pair(look, post, best, &b, pair);
        }
    }
    judge_batch(look, post, best, &b);
    if (!look->second)
        qsort(look->kept + look->first_kept[post], look->n_kept[post], sizeof *look->kept, compare_found);
}

static void scan_part(void *context, size_t part)
{
    const struct look *look = context;
    size_t from, to;
    pairs_part(look->pairs, part, look->n_parts, &from, &to);
    size_t n = to - from, first = from + n * look->batch / look->n_batches;
    for (size_t post = first; post < from + n * (look->batch + 1) / look->n_batches; post++)
        scan_post(look, post, look->best + part * look->pricing->scenario->n_lanes);
}

/* All parts, a stretch of each at a time; between them it is asked whether to stop. False: it was. */
static bool scan_all(struct look *look, const struct wm_solve_options *options)
{
    look->n_batches = 1 + look->pairs->n / BATCH_PAIRS;
    for (look->batch = 0; look->batch < look->n_batches; look->batch++) {
        if (options != NULL && options->stop != NULL && options->stop(options->arg))
            return false;
        each_part(options, look->n_parts, scan_part, look);
    }
    return true;
}

/* ---- before the first look ---- */

/* In the order of posts, then lanes. */
static bool list_certain(struct look *look, struct arena *scratch)
{
    const struct scenario *s = look->pricing->scenario;
    size_t *next = look->first_certain = arena_alloc(scratch, s->n_posts + 2, sizeof *next);
    look->certain = arena_alloc(scratch, 2 * s->n_lanes + 1, sizeof *look->certain);
    if (next == NULL || look->certain == NULL)
        return false;
    for (int filling = 0; filling < 2; filling++) {
        for (size_t lane = 0; lane < s->n_lanes; lane++) {
            uint32_t home = s->has_moves ? s->base_post[lane] : UINT32_MAX;
            uint32_t locked = s->lock_of_lane[lane] < 0 ? UINT32_MAX : (uint32_t)s->locks[s->lock_of_lane[lane]].post;
            uint32_t posts[] = {home, locked == home ? UINT32_MAX : locked};
            for (size_t i = 0; i < 2; i++) {
                if (posts[i] == UINT32_MAX)
                    continue;
                if (filling)
                    look->certain[next[posts[i] + 1]++] = (uint32_t)lane;
                else
                    next[posts[i] + 2]++;
            }
        }
        for (size_t post = 0; !filling && post < s->n_posts; post++)
            next[post + 2] += next[post + 1]; /* where each begins, one place on: filling moves it to its end */
    }
    return true;
}

static bool locked(const struct scenario *s, size_t lane)
{
    return s->lock_of_lane[lane] >= 0;
}

static bool look_init(struct look *look, struct arena *scratch)
{
    const struct scenario *s = look->pricing->scenario;
    look->least_nano = arena_alloc(scratch, s->n_lanes + 1, sizeof *look->least_nano);
    look->first_kept = arena_alloc(scratch, s->n_posts + 1, sizeof *look->first_kept);
    look->n_kept = arena_alloc(scratch, s->n_posts + 1, sizeof *look->n_kept);
    look->best = arena_alloc(scratch, s->n_lanes * look->n_parts + 1, sizeof *look->best);
    if (look->least_nano == NULL || look->first_kept == NULL || look->n_kept == NULL || look->best == NULL ||
        !list_certain(look, scratch))
        return false;
    for (size_t post = 0; post < s->n_posts; post++) {
        size_t n = look->pairs->first[post + 1] - look->pairs->first[post];
        look->first_kept[post + 1] = look->first_kept[post] + (n < look->each_most ? n : look->each_most);
    }
    look->kept = arena_alloc(scratch, look->first_kept[s->n_posts] + 1, sizeof *look->kept);
    int64_t slack = look->tolerance < 0 ? look->tolerance : 0;
    for (size_t lane = 0; lane < s->n_lanes;
         lane++) /* who is locked is certain where the lock says, and nowhere else */
        look->least_nano[lane] = locked(s, lane) ? INT32_MAX : nano_below((__int128_t)look->lane_price[lane] + slack);
    for (size_t i = 0; i < s->n_lanes * look->n_parts; i++)
        look->best[i].over = INT64_MIN;
    return look->kept != NULL;
}

/* ---- after it ---- */

/* Each leader's best of all parts, into the first's; of equals the one of the lower post. */
static void join_bests(struct look *look)
{
    size_t n = look->pricing->scenario->n_lanes;
    for (size_t part = 1; part < look->n_parts; part++)
        for (size_t lane = 0; lane < n; lane++) {
            struct sighting *here = &look->best[part * n + lane], *all = &look->best[lane];
            if (here->over > all->over || (here->over == all->over && here->post < all->post))
                *all = *here;
            here->over = INT64_MIN;
        }
}

/* Leaders of whom no pair came up to their threshold, though one above 0 would have been below it. */
static bool any_unknown(struct look *look)
{
    const struct scenario *s = look->pricing->scenario;
    __int128_t slack = look->tolerance < 0 ? look->tolerance : 0;
    bool any = false;
    for (size_t lane = 0; lane < s->n_lanes; lane++) {
        __int128_t least = look->lane_price[lane] + slack;
        bool known =
            locked(s, lane) || least <= 0 || (look->best[lane].over != INT64_MIN && look->best[lane].over >= least);
        look->least_nano[lane] = known ? INT32_MAX : 0;
        any |= !known;
    }
    return any;
}

static __int128_t add_excess(const struct look *look)
{
    const struct scenario *s = look->pricing->scenario;
    __int128_t sum = 0;
    for (size_t lane = 0; lane < s->n_lanes; lane++) {
        int64_t over = look->best[lane].over;
        if (over > 0 || (locked(s, lane) && over != INT64_MIN))
            sum += over;
    }
    return sum;
}

/* A leader's best that sticks out and is not among those kept of its post, which are full then. */
static bool is_extra(const struct look *look, size_t lane, struct found *out)
{
    const struct sighting *best = &look->best[lane];
    if (best->over == INT64_MIN)
        return false;
    *out = (struct found){best->post, (uint32_t)lane, less(best->over, look->lane_price[lane])};
    size_t n = look->n_kept[best->post];
    return out->reduced > look->tolerance &&
           (n == 0 || goes_before(&look->kept[look->first_kept[best->post] + n - 1], out));
}

/* Kept and extra pairs of each post, sorted: extras go behind those kept. */
static int write_found(struct scan *out, struct arena *arena, struct arena *scratch, const struct look *look)
{
    const struct scenario *s = look->pricing->scenario;
    size_t *next = arena_alloc(scratch, s->n_posts + 2, sizeof *next);
    struct found extra;
    if (next == NULL)
        return WM_EMEMORY;
    for (size_t post = 0; post < s->n_posts; post++)
        next[post + 1] = look->n_kept[post];
    for (size_t lane = 0; lane < s->n_lanes; lane++)
        if (is_extra(look, lane, &extra))
            next[extra.post + 1]++;
    for (size_t post = 0; post < s->n_posts; post++)
        next[post + 1] += next[post];
    out->n_found = next[s->n_posts];
    out->found = arena_alloc(arena, out->n_found + 1, sizeof *out->found);
    if (out->found == NULL)
        return WM_EMEMORY;
    for (size_t post = 0; post < s->n_posts; post++) {
        memcpy(out->found + next[post], look->kept + look->first_kept[post], look->n_kept[post] * sizeof *out->found);
        next[post] += look->n_kept[post];
    }
    for (size_t lane = 0; lane < s->n_lanes; lane++)
        if (is_extra(look, lane, &extra))
            out->found[next[extra.post]++] = extra;
    for (size_t post = 0, from = 0; post < s->n_posts; from = next[post++]) {
        size_t kept = from + look->n_kept[post];
        qsort(out->found + kept, next[post] - kept, sizeof *out->found, compare_found);
    }
    return WM_OK;
}

int price_scan(struct scan *out, struct arena *arena, const struct pricing *pricing, const struct pairs *pairs,
               const int64_t *post_price, const int64_t *lane_price, int64_t tolerance, size_t each_most,
               const struct wm_solve_options *options)
{
    struct look look = {.pricing = pricing,
                        .pairs = pairs,
                        .post_price = post_price,
                        .lane_price = lane_price,
                        .tolerance = tolerance,
                        .each_most = each_most,
                        .n_parts = options != NULL && options->parallel != NULL ? PARTS : 1};
    struct arena scratch;
    int code = WM_EMEMORY;
    *out = (struct scan){.excess = 0};
    arena_init(&scratch, SIZE_MAX);
    if (!look_init(&look, &scratch))
        goto done;
    out->stopped = !scan_all(&look, options);
    join_bests(&look);
    look.second = true;
    if (!out->stopped && any_unknown(&look)) {
        out->stopped = !scan_all(&look, options);
        join_bests(&look);
    }
    if (out->stopped) {
        out->excess = (__int128_t)1 << EXCESS_STOPPED;
        code = WM_OK;
        goto done;
    }
    out->excess = add_excess(&look);
    for (size_t post = 0; post < pairs->n_posts; post++)
        out->options += (pairs->first[post + 1] - pairs->first[post]) * pricing->scenario->menus[post].n;
    code = write_found(out, arena, &scratch, &look);
done:
    arena_fini(&scratch);
    return code;
}
