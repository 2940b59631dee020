/*
 * Columns: options worth writing down, by how much each falls short of its leader's and its post's prices. A scan finds the
 * pairs (price_scan), their menus are gone through exactly.
 */
#include "country.h"

#include <stdlib.h>
#include <string.h>

static void note_shortfall(const struct country *c, struct column *column)
{
    uint32_t r[USES_MAX + 1];
    int64_t a[USES_MAX + 1];
    size_t n = pick_uses(&c->s, &column->pick, r, a);
    wide left = (wide)column->value_nano * NANO_IN_FEMTO - c->lane_price[column->pick.lane];
    for (size_t u = 0; u < n; u++)
        left -= (wide)c->price[r[u]] * a[u];
    left = left < -INT64_MAX ? -INT64_MAX : left;
    column->short_femto = left < 0 ? -(int64_t)left : 0;
}

void country_column(const struct country *c, const struct pick *pick, struct column *out)
{
    *out = (struct column){*pick, pick_value_nano(&c->plain, pick), 0};
    note_shortfall(c, out);
}

static int by_lane(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    if (a->post != b->post)
        return a->post < b->post ? -1 : 1;
    return (a->lane > b->lane) - (a->lane < b->lane);
}

/* Those that fall short by at most `most_femto` of a pair's columns, into out[menu's n]; how many. */
static size_t columns_of(const struct country *c, const struct found *found, int64_t most_femto, struct column *out)
{
    const struct scenario *s = &c->s;
    const struct menu *menu = &s->menus[found->post];
    const struct pairs *pairs = &c->all;
    size_t first = pairs->first[found->post], n_here = pairs->first[found->post + 1] - first, n = 0;
    size_t at = first + lanes_seek(pairs->lane + first, n_here, 0, found->lane);
    int64_t penalty = scenario_is_move(s, found->lane, found->post) ? s->move_penalty_nano : 0;
    for (size_t k = 0; k < menu->n; k++) {
        struct column column = {.pick = {found->lane, found->post, (uint16_t)k}};
        const struct menu_entry *entry = &menu->entries[k];
        if (!scenario_allows(s, found->lane, found->post, entry))
            continue;
        int32_t wants = scenario_wants_micro(s, found->lane, entry->package);
        column.value_nano =
            scenario_value_nano(pairs->benefit_micro[at], pairs->common_micro[at] + entry->constant_micro + wants) -
            penalty;
        note_shortfall(c, &column);
        if (column.short_femto <= most_femto)
            out[n++] = column;
    }
    return n;
}

/* The pairs that fall short by less than `most_femto`, each_most a post. */
static int scan_near(struct country *c, int64_t most_femto, size_t each_most, struct arena *arena, struct scan *scan)
{
    struct pricing *pricing = pricing_new(arena, &c->s, c->price, &c->options);
    if (!pricing)
        return WM_EMEMORY;
    int status =
        price_scan(scan, arena, pricing, &c->all, c->price, c->lane_price, -most_femto, each_most, &c->options);
    if (status != WM_OK)
        return status;
    c->scans++;
    c->stopped |= scan->stopped;
    return WM_OK;
}

static size_t largest_menu(const struct scenario *s)
{
    size_t most = 0;
    for (size_t j = 0; j < s->n_posts; j++)
        most = s->menus[j].n > most ? s->menus[j].n : most;
    return most;
}

int country_columns(struct country *c, int64_t most_femto, size_t n_most, struct arena *arena, struct column **out,
                    size_t *n, bool *all)
{
    struct scan scan;
    struct column *columns = arena_alloc(arena, n_most + 1, sizeof *columns);
    struct column *here = arena_alloc(arena, largest_menu(&c->s) + 1, sizeof *here);
    if (!columns || !here)
        return WM_EMEMORY;
    int status = scan_near(c, most_femto, n_most, arena, &scan);
    if (status != WM_OK)
        return status;
    *n = 0;
    *out = columns;
    *all = !scan.stopped && scan.n_found <= n_most; /* each has a column at least */
    if (scan.n_found > 0 && *all)
        qsort(scan.found, scan.n_found, sizeof *scan.found, by_lane);
    for (size_t f = 0; f < scan.n_found && *all; f++) {
        size_t n_here = columns_of(c, &scan.found[f], most_femto, here);
        *all = n_here <= n_most - *n;
        for (size_t k = 0; k < n_here && *all; k++)
            columns[(*n)++] = here[k];
    }
    return WM_OK;
}

/* ---- a few columns of every post, from far around ---- */

static int by_shortfall(const void *left, const void *right)
{
    const struct column *a = left, *b = right;
    if (a->short_femto != b->short_femto)
        return a->short_femto < b->short_femto ? -1 : 1;
    if (a->pick.lane != b->pick.lane)
        return a->pick.lane < b->pick.lane ? -1 : 1;
    return (a->pick.entry > b->pick.entry) - (a->pick.entry < b->pick.entry);
}

/* Of a pair's columns the best few with each package: mentors differ by little. Returns how many stay. */
static size_t keep_mentors(const struct menu *menu, size_t mentors_each, struct column *columns, size_t n)
{
    size_t kept = 0;
    qsort(columns, n, sizeof *columns, by_shortfall);
    for (size_t i = 0; i < n; i++) {
        size_t same = 0;
        for (size_t k = 0; k < kept; k++)
            same += menu->entries[columns[k].pick.entry].package == menu->entries[columns[i].pick.entry].package;
        if (same < mentors_each)
            columns[kept++] = columns[i];
    }
    return kept;
}

int country_columns_far(struct country *c, int64_t most_femto, const struct column_counts *each, struct arena *arena,
                        struct column **out, size_t *n)
{
    struct scan scan;
    const struct scenario *s = &c->s;
    int status = scan_near(c, most_femto, each->pairs, arena, &scan);
    size_t most = 0;
    if (status != WM_OK)
        return status;
    if (scan.n_found > 0)
        qsort(scan.found, scan.n_found, sizeof *scan.found, by_lane);
    for (size_t f = 0, first = 0; f < scan.n_found; f++) {
        first = f > 0 && scan.found[f - 1].post != scan.found[f].post ? f : first;
        most = f + 1 - first > most ? f + 1 - first : most;
    }
    struct column *columns = arena_alloc(arena, s->n_posts * each->columns + 1, sizeof *columns);
    struct column *here = arena_alloc(arena, (most + 1) * (largest_menu(s) + 1), sizeof *here);
    if (!columns || !here)
        return WM_EMEMORY;
    *n = 0;
    *out = columns;
    for (size_t f = 0, n_here = 0; f < scan.n_found; f++) {
        uint32_t post = scan.found[f].post;
        size_t more = columns_of(c, &scan.found[f], most_femto, here + n_here);
        n_here += keep_mentors(&s->menus[post], each->mentors, here + n_here, more);
        if (f + 1 < scan.n_found && scan.found[f + 1].post == post)
            continue;
        qsort(here, n_here, sizeof *here, by_shortfall);
        n_here = n_here < each->columns ? n_here : each->columns;
        memcpy(columns + *n, here, n_here * sizeof *here);
        *n += n_here;
        n_here = 0;
    }
    return WM_OK;
}
