/*
 * A plan at once, so that whoever stops the solver has one. An assignment at some prices places each leader once and no
 * post too often, but heeds limits only as far as prices do: its placements are taken in the order of their value, each on
 * its own terms or, where those no longer fit, on the best that do.
 *
 * Good prices make it better, so it is made again as prices improve. It is a rough one: what works on a plan that is nearly
 * right (dive.c, draft.c) begins without it.
 */
#include "country.h"

#include <stdlib.h>
#include <string.h>

struct offered {
    struct pick pick;
    int64_t value_nano;
};

static int by_value(const void *left, const void *right)
{
    const struct offered *a = left, *b = right;
    if (a->value_nano != b->value_nano)
        return a->value_nano > b->value_nano ? -1 : 1;
    if (a->pick.post != b->pick.post)
        return a->pick.post < b->pick.post ? -1 : 1;
    return (a->pick.lane > b->pick.lane) - (a->pick.lane < b->pick.lane);
}

static bool fits(const struct scenario *s, const int64_t *left, const struct pick *pick)
{
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(s, pick, r, a);
    for (size_t u = 0; u < n; u++)
        if (left[r[u]] != LIMIT_NONE && a[u] > left[r[u]])
            return false;
    return true;
}

static void use(const struct scenario *s, int64_t *left, const struct pick *pick)
{
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(s, pick, r, a);
    for (size_t u = 0; u < n; u++)
        left[r[u]] -= left[r[u]] == LIMIT_NONE ? 0 : a[u];
}

/* The best terms of the pair that still fit, into *offered; false: none that are worth anything. */
static bool fit(const struct scenario *s, const int64_t *left, struct offered *offered)
{
    const struct menu *menu = &s->menus[offered->pick.post];
    struct offered best = {.value_nano = 0};
    if (fits(s, left, &offered->pick))
        return offered->value_nano > 0;
    for (size_t k = 0; k < menu->n; k++) {
        struct offered other = {{offered->pick.lane, offered->pick.post, (uint16_t)k}, 0};
        if (!fits(s, left, &other.pick) || !scenario_allows(s, other.pick.lane, other.pick.post, &menu->entries[k]))
            continue;
        other.value_nano = pick_value_nano(s, &other.pick);
        if (other.value_nano > best.value_nano)
            best = other;
    }
    *offered = best;
    return best.value_nano > 0;
}

int early_plan(struct country *c, const struct pick *picks, size_t n)
{
    const struct scenario *s = &c->plain;
    struct arena arena;
    if ((c->found && !c->rough) || s->n_locks + c->request->n_must_fill > 0)
        return WM_OK;
    arena_init(&arena, SIZE_MAX);
    struct offered *offered = arena_alloc(&arena, n + 1, sizeof *offered);
    struct pick *taken = arena_alloc(&arena, n + 1, sizeof *taken);
    int64_t *left = arena_alloc(&arena, s->n_resources, sizeof *left);
    int status = offered && taken && left ? WM_OK : WM_EMEMORY;
    if (status == WM_OK) {
        size_t n_taken = 0;
        wide value = 0;
        memcpy(left, s->limit, s->n_resources * sizeof *left);
        for (size_t i = 0; i < n; i++)
            offered[i] = (struct offered){picks[i], pick_value_nano(s, &picks[i])};
        qsort(offered, n, sizeof *offered, by_value);
        for (size_t i = 0; i < n; i++)
            if (fit(s, left, &offered[i])) {
                use(s, left, &offered[i].pick);
                taken[n_taken++] = offered[i].pick;
                value += offered[i].value_nano;
            }
        if (!c->found || value > c->value_nano) {
            country_offer(c, taken, n_taken, value);
            c->rough = true;
        }
    }
    arena_fini(&arena);
    return status;
}
