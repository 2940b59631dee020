/* Both lists of placements are sorted by leader and walked together, as two plans of the country have thousands each. */
#include "client_moves.h"

#include <stdlib.h>
#include <string.h>

struct place {
    struct slice leader, row;
};

static const char *const kind_names[] = {"placed", "unplaced", "post", "terms"};

const char *move_kind_name(enum move_kind kind)
{
    return kind_names[kind];
}

/* Ids as they are written: a service writes each in one way. */
static int compare_text(struct slice a, struct slice b)
{
    int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_places(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    return compare_text(one->leader, other->leader);
}

static struct place *places_of(struct slice plan, size_t *n)
{
    struct slice rows = value_at(plan, "placements");
    struct place *places = calloc(value_count(rows) + 1, sizeof *places);
    struct items items = value_items(rows);
    *n = 0;
    for (struct slice row; places && value_next(&items, &row);) {
        struct slice leader = value_at(row, "leader");
        if (leader.at && json_kind(leader) == '"')
            places[(*n)++] = (struct place){leader, row};
    }
    if (places)
        qsort(places, *n, sizeof *places, compare_places);
    return places;
}

static bool same(struct slice a, struct slice b, const char *member)
{
    struct slice x = value_at(a, member), y = value_at(b, member);
    return value_missing(x) ? value_missing(y) : !value_missing(y) && compare_text(x, y) == 0;
}

static void add(struct moves *moves, enum move_kind kind, struct slice leader, struct slice before, struct slice after)
{
    moves->at[moves->n++] = (struct move){kind, leader, before, after};
    moves->counts[kind]++;
}

static void walk(const struct place *a, size_t n_a, const struct place *b, size_t n_b, struct moves *out)
{
    const struct slice none = {0};
    for (size_t i = 0, j = 0; i < n_a || j < n_b;) {
        int order = i == n_a ? 1 : j == n_b ? -1 : compare_places(&a[i], &b[j]);
        if (order < 0)
            add(out, MOVE_UNPLACED, a[i].leader, a[i].row, none);
        else if (order > 0)
            add(out, MOVE_PLACED, b[j].leader, none, b[j].row);
        else if (!same(a[i].row, b[j].row, "post"))
            add(out, MOVE_POST, a[i].leader, a[i].row, b[j].row);
        else if (!same(a[i].row, b[j].row, "package") || !same(a[i].row, b[j].row, "mentor"))
            add(out, MOVE_TERMS, a[i].leader, a[i].row, b[j].row);
        i += order <= 0;
        j += order >= 0;
    }
}

bool moves_between(struct slice plan_a, struct slice plan_b, struct moves *out)
{
    size_t n_a, n_b;
    struct place *a = places_of(plan_a, &n_a), *b = places_of(plan_b, &n_b);
    *out = (struct moves){0};
    if (a && b)
        out->at = calloc(n_a + n_b + 1, sizeof *out->at);
    if (out->at)
        walk(a, n_a, b, n_b, out);
    free(a);
    free(b);
    return out->at != NULL;
}

void moves_free(struct moves *moves)
{
    free(moves->at);
    *moves = (struct moves){0};
}
