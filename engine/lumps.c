/*
 * Mentors whose hours do not come out even. A mentor with 60 hours can take one package of 40 and one of 20, or three of
 * 20, but prices by the hour think of one and a half of 40, and bounds become too good to be true.
 *
 * So for such a mentor each size of package gets a price of its own, and what the mentor's hours cost a plan is no more
 * price * hours but the most that any whole packing of them would bring at these prices. It is still a bound for every
 * plan (a Lagrangian decomposition that keeps each mentor's knapsack whole: Guignard and Kim 1987) and as tight as packings
 * can make it. In the scenario a size of a mentor is simply another resource, of which a package uses 1.
 */
#include "country.h"

#include <string.h>

enum { SIZES_MOST = 8, UNITS_MOST = 64 /* hours by their common divisor: what a packing goes through */ };

struct sizes { /* of the packages that a mentor could have to do with */
    uint32_t n;
    bool many; /* too many to count */
    int64_t use[SIZES_MOST];
};

static void note_size(struct sizes *sizes, int64_t use)
{
    uint32_t at = 0;
    while (at < sizes->n && sizes->use[at] < use)
        at++;
    if (at < sizes->n && sizes->use[at] == use)
        return;
    sizes->many |= sizes->n == SIZES_MOST;
    if (sizes->many)
        return;
    memmove(&sizes->use[at + 1], &sizes->use[at], (sizes->n - at) * sizeof *sizes->use);
    sizes->use[at] = use;
    sizes->n++;
}

static void note_sizes(const struct scenario *s, struct sizes *sizes)
{
    for (size_t j = 0; j < s->n_posts; j++)
        for (size_t k = 0; k < s->menus[j].n; k++) {
            const struct menu_entry *entry = &s->menus[j].entries[k];
            if (entry->mentor != WM_NO_ROW)
                note_size(&sizes[entry->mentor], entry->use[entry->n_uses - 1]);
        }
}

/* Prices by the hour say as much as packings do when every size divides the hours. */
static bool is_lumpy(const struct sizes *sizes, int64_t room, int64_t unit)
{
    if (sizes->many || room / unit > UNITS_MOST)
        return false;
    for (uint32_t i = 0; i < sizes->n; i++)
        if (room % sizes->use[i] != 0)
            return true;
    return false;
}

static int find_lumps(struct country *c, const struct sizes *sizes)
{
    struct scenario *s = &c->s;
    size_t n_mentors = s->moves - s->first_mentor, n_slots = 0;
    for (size_t m = 0; m < n_mentors; m++) {
        size_t r = s->first_mentor + m;
        if (c->scarce_at[r] != UINT32_MAX && is_lumpy(&sizes[m], c->room[r], c->unit[r])) {
            c->lump_at[m] = (uint32_t)c->n_lumps++;
            n_slots += sizes[m].n;
        } else {
            c->lump_at[m] = UINT32_MAX;
        }
    }
    c->lump = arena_alloc(c->arena, c->n_lumps + 1, sizeof *c->lump);
    c->slot_units = arena_alloc(c->arena, n_slots + 1, sizeof *c->slot_units);
    if (!c->lump || !c->slot_units)
        return WM_EMEMORY;
    uint32_t next = (uint32_t)s->n_resources;
    for (size_t m = 0; m < n_mentors; m++) {
        if (c->lump_at[m] == UINT32_MAX)
            continue;
        size_t r = s->first_mentor + m;
        c->lump[c->lump_at[m]] = (struct lump){(uint32_t)r, next, sizes[m].n, c->room[r] / c->unit[r]};
        for (uint32_t i = 0; i < sizes[m].n; i++)
            c->slot_units[next++ - s->n_resources] = (uint32_t)(sizes[m].use[i] / c->unit[r]);
    }
    c->n_plain = s->n_resources;
    s->n_resources = next;
    return WM_OK;
}

/* A price of before that still has a slot; anything else in it is passed over. */
static void start_slot(const struct country *c, const struct wm_package_price *start, int64_t *price)
{
    size_t n_mentors = c->s.moves - c->s.first_mentor;
    uint32_t at = start->mentor < n_mentors ? c->lump_at[start->mentor] : UINT32_MAX;
    for (uint32_t i = 0; at != UINT32_MAX && i < c->lump[at].n; i++) {
        uint32_t slot = c->lump[at].first + i;
        if (c->slot_units[slot - c->n_plain] * c->unit[c->lump[at].resource] == start->hours)
            price[slot] = price_counted(&c->plain, c->lump[at].resource, start->price_femto);
    }
}

/* The resources' arrays grow by the slots, which take the mentors' places among the scarce. */
static int add_slots(struct country *c)
{
    struct scenario *s = &c->s;
    size_t n = s->n_resources;
    int64_t *limit = arena_alloc(c->arena, n, sizeof *limit), *room = arena_alloc(c->arena, n, sizeof *room);
    int64_t *price = arena_alloc(c->arena, n, sizeof *price);
    uint32_t *scarce_at = arena_alloc(c->arena, n, sizeof *scarce_at);
    uint32_t *scarce = arena_alloc(c->arena, n, sizeof *scarce);
    if (!limit || !room || !price || !scarce_at || !scarce)
        return WM_EMEMORY;
    memcpy(limit, s->limit, c->n_plain * sizeof *limit);
    memcpy(room, c->room, c->n_plain * sizeof *room);
    memcpy(price, c->price, c->n_plain * sizeof *price);
    for (size_t l = 0; l < c->n_lumps; l++)
        for (uint32_t i = 0; i < c->lump[l].n; i++) {
            size_t slot = c->lump[l].first + i, units = c->slot_units[slot - c->n_plain];
            limit[slot] = room[slot] = c->lump[l].units / (int64_t)units;
            price[slot] = price[c->lump[l].resource] * (int64_t)units * c->unit[c->lump[l].resource];
        }
    for (size_t i = 0; i < c->request->n_start_packages; i++)
        start_slot(c, &c->request->start_packages[i], price);
    for (size_t l = 0; l < c->n_lumps; l++)
        price[c->lump[l].resource] = 0;
    c->n_scarce = 0;
    for (size_t r = 0; r < n; r++) {
        bool lumpy = r >= s->first_mentor && r < s->moves && c->lump_at[r - s->first_mentor] != UINT32_MAX;
        bool counts = r >= c->n_plain || (c->scarce_at[r] != UINT32_MAX && !lumpy);
        scarce_at[r] = counts ? (uint32_t)c->n_scarce : UINT32_MAX;
        if (counts)
            scarce[c->n_scarce++] = (uint32_t)r;
    }
    s->limit = limit;
    c->room = room;
    c->price = price;
    c->scarce = scarce;
    c->scarce_at = scarce_at;
    return WM_OK;
}

static void put_slot(const struct country *c, struct menu_entry *entry)
{
    uint32_t at = entry->mentor == WM_NO_ROW ? UINT32_MAX : c->lump_at[entry->mentor];
    if (at == UINT32_MAX)
        return;
    const struct lump *lump = &c->lump[at];
    uint32_t last = entry->n_uses - 1, units = (uint32_t)(entry->use[last] / c->unit[lump->resource]),
             slot = lump->first;
    while (c->slot_units[slot - c->n_plain] != units)
        slot++;
    entry->resource[last] = slot;
    entry->use[last] = 1;
}

static int rewrite_menus(struct country *c)
{
    struct scenario *s = &c->s;
    struct menu *menus = arena_alloc(c->arena, s->n_posts + 1, sizeof *menus);
    if (!menus)
        return WM_EMEMORY;
    for (size_t j = 0; j < s->n_posts; j++) {
        menus[j] = s->menus[j];
        struct menu_entry *entries = arena_alloc(c->arena, menus[j].n + 1, sizeof *entries);
        if (!entries)
            return WM_EMEMORY;
        for (size_t k = 0; k < menus[j].n; k++) {
            entries[k] = menus[j].entries[k];
            put_slot(c, &entries[k]);
        }
        menus[j].entries = entries;
    }
    s->menus = menus;
    return WM_OK;
}

int country_lump(struct country *c)
{
    struct scenario *s = &c->s;
    size_t n_mentors = s->moves - s->first_mentor;
    struct sizes *sizes = arena_alloc(c->arena, n_mentors + 1, sizeof *sizes);
    c->lump_at = arena_alloc(c->arena, n_mentors + 1, sizeof *c->lump_at);
    c->n_lumps = 0;
    if (!sizes || !c->lump_at)
        return WM_EMEMORY;
    note_sizes(s, sizes);
    int status = find_lumps(c, sizes);
    if (status != WM_OK || c->n_lumps == 0)
        return status;
    status = add_slots(c);
    return status == WM_OK ? rewrite_menus(c) : status;
}

/* The most that whole packings of the hours bring, by dynamic programming over units; ties to the smaller size. */
static wide pack(const struct country *c, const struct lump *lump, const int64_t *price, double *slope)
{
    wide best[UNITS_MOST + 1];
    uint8_t last[UNITS_MOST + 1]; /* the slot packed last, SIZES_MOST: a unit is left empty */
    best[0] = 0;
    for (int64_t u = 1; u <= lump->units; u++) {
        best[u] = best[u - 1];
        last[u] = SIZES_MOST;
        for (uint32_t i = 0; i < lump->n; i++) {
            int64_t units = c->slot_units[lump->first + i - c->n_plain];
            wide sum = units <= u ? best[u - units] + price[lump->first + i] : -1;
            if (sum > best[u]) {
                best[u] = sum;
                last[u] = (uint8_t)i;
            }
        }
    }
    for (int64_t u = lump->units; slope && u > 0;) {
        bool empty = last[u] == SIZES_MOST;
        if (!empty)
            slope[c->scarce_at[lump->first + last[u]]] += 1;
        u -= empty ? 1 : c->slot_units[lump->first + last[u] - c->n_plain];
    }
    return best[lump->units];
}

void country_plain_prices(const struct country *c, int64_t *out)
{
    memcpy(out, c->price, c->plain.n_resources * sizeof *out);
    for (size_t l = 0; l < c->n_lumps; l++) {
        const struct lump *lump = &c->lump[l];
        out[lump->resource] = (int64_t)(pack(c, lump, c->price, NULL) / c->room[lump->resource]);
    }
}

wide country_limits(const struct country *c, const int64_t *price, double *slope)
{
    wide sum = 0;
    for (size_t i = 0; i < c->n_scarce; i++) {
        uint32_t r = c->scarce[i];
        bool slot = c->n_lumps > 0 && r >= c->n_plain;
        if (slope)
            slope[i] = slot ? 0 : (double)c->room[r];
        sum += slot ? 0 : (wide)price[r] * c->room[r];
    }
    for (size_t l = 0; l < c->n_lumps; l++)
        sum += pack(c, &c->lump[l], price, slope);
    return sum;
}
