/*
 * Planning again: of the base plan what still holds is the first plan, and with it the prices of before, little is left to
 * do. Whatever no longer passes the rules, is forbidden or does not fit any more is left out, in the base plan's order.
 */
#include "country.h"

#include <string.h>

struct rebase {
    struct country *c;
    int64_t *left; /* [n_resources] of the limits; LIMIT_NONE */
    bool *placed;  /* [n_lanes] */
    struct pick *picks;
    size_t n;
    wide value;
};

static bool is_pair(const struct country *c, uint32_t lane, uint32_t post)
{
    size_t first = c->all.first[post], n = c->all.first[post + 1] - first;
    size_t at = lanes_seek(c->all.lane + first, n, 0, lane);
    return at < n && c->all.lane[first + at] == lane;
}

static void keep(struct rebase *b, const struct pick *pick)
{
    const struct scenario *s = &b->c->plain;
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(s, pick, r, a);
    for (size_t u = 0; u < n; u++)
        if (b->placed[pick->lane] || (b->left[r[u]] != LIMIT_NONE && a[u] > b->left[r[u]]))
            return;
    for (size_t u = 0; u < n; u++)
        b->left[r[u]] -= b->left[r[u]] == LIMIT_NONE ? 0 : a[u];
    b->placed[pick->lane] = true;
    b->picks[b->n++] = *pick;
    b->value += pick_value_nano(s, pick);
}

static void keep_placement(struct rebase *b, const struct wm_placement *placement)
{
    const struct scenario *s = &b->c->plain;
    const struct menu *menu = &s->menus[placement->post];
    struct pick pick = {s->dataset->leaders.lane_of_row[placement->leader], placement->post, 0};
    while (pick.entry < menu->n && (menu->entries[pick.entry].package != placement->package ||
                                    menu->entries[pick.entry].mentor != placement->mentor))
        pick.entry++;
    if (pick.entry < menu->n && is_pair(b->c, pick.lane, pick.post) &&
        scenario_allows(s, pick.lane, pick.post, &menu->entries[pick.entry]) && pick_value_nano(s, &pick) > 0)
        keep(b, &pick);
}

int base_plan(struct country *c)
{
    const struct scenario *s = &c->plain;
    struct rebase b = {.c = c};
    b.left = arena_alloc(c->arena, s->n_resources, sizeof *b.left);
    b.placed = arena_alloc(c->arena, s->n_lanes + 1, sizeof *b.placed);
    b.picks = arena_alloc(c->arena, c->picks_most + 1, sizeof *b.picks);
    if (!b.left || !b.placed || !b.picks)
        return WM_EMEMORY;
    memcpy(b.left, s->limit, s->n_resources * sizeof *b.left);
    for (size_t i = 0; i < c->n_picks; i++) /* what meets the demands comes first */
        keep(&b, &c->picks[i]);
    for (size_t i = 0; i < c->request->n_base; i++)
        keep_placement(&b, &c->request->base[i]);
    country_offer(c, b.picks, b.n, b.value);
    return WM_OK;
}
