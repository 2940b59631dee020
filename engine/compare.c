/*
 * The difference between two plans, leader by leader: who is placed, who no more, who elsewhere, who on other terms.
 * Both plans are laid into the caller's array, sorted by leader, and neighbours become one move each.
 */
#include "wellmatch_plan.h"

#include <stdlib.h>

static int by_leader(const void *left, const void *right)
{
    const struct wm_move *a = left, *b = right;
    int order = (a->leader > b->leader) - (a->leader < b->leader);
    return order ? order : (b->kind == WM_MOVE_UNPLACED) - (a->kind == WM_MOVE_UNPLACED); /* before comes first */
}

static bool same_terms(const struct wm_placement *a, const struct wm_placement *b)
{
    return a->package == b->package && a->mentor == b->mentor;
}

size_t wm_plan_compare(const struct wm_placement *a, size_t n_a, const struct wm_placement *b, size_t n_b,
                       struct wm_move *moves)
{
    const struct wm_placement none = {0, 0, 0, WM_NO_ROW};
    size_t n = n_a + n_b, kept = 0;
    for (size_t i = 0; i < n_a; i++)
        moves[i] = (struct wm_move){WM_MOVE_UNPLACED, a[i].leader, a[i], none};
    for (size_t i = 0; i < n_b; i++)
        moves[n_a + i] = (struct wm_move){WM_MOVE_PLACED, b[i].leader, none, b[i]};
    if (n > 0)
        qsort(moves, n, sizeof *moves, by_leader);
    for (size_t i = 0; i < n; i++) {
        struct wm_move move = moves[i];
        if (i + 1 < n && moves[i + 1].leader == move.leader) { /* placed in both */
            move.after = moves[++i].after;
            move.kind = move.before.post != move.after.post ? WM_MOVE_POST : WM_MOVE_TERMS;
            if (move.kind == WM_MOVE_TERMS && same_terms(&move.before, &move.after))
                continue;
        }
        moves[kept++] = move;
    }
    return kept;
}
