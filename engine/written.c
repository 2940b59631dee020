/*
 * A plan's question written out in full, for other solvers: every option of every leader as a line of an explicit
 * problem (problem.h). Groups are leaders, named by their ids; an option is named after its post, package and mentor; a
 * resource after what it limits. What has no limit is left out.
 *
 * A lock need not say package and mentor, so it cannot be one option: its leader's group must take one of its options,
 * and has none that the lock does not allow. Forbidden options are not written either.
 */
#include "pairs.h"
#include "problem.h"

#include <stdio.h>
#include <string.h>

enum { OPTIONS_MAX = 20000000, ID_BYTES = 300 };

#define AMOUNT_MAX INT64_C(1000000000000) /* of a problem's limits */

struct writing {
    struct scenario s;
    struct pairs pairs;
    size_t *first;         /* [n_lanes + 1] a leader's pairs, by post */
    uint32_t *post, *pair; /* [pairs] */
    int64_t *most;         /* [n_resources] that one option uses */
    uint32_t *number;      /* [n_resources] in the problem, NOT_WRITTEN */
    struct problem_room room;
    struct wm_problem *problem;
};

#define NOT_WRITTEN UINT32_MAX

/* ---- before writing: whose pairs, how much of everything ---- */

static bool turn_pairs_round(struct writing *w, struct arena *arena)
{
    const struct pairs *pairs = &w->pairs;
    size_t *next = arena_alloc(arena, w->s.n_lanes + 2, sizeof *next);
    w->post = arena_alloc(arena, pairs->n + 1, sizeof *w->post);
    w->pair = arena_alloc(arena, pairs->n + 1, sizeof *w->pair);
    if (next == NULL || w->post == NULL || w->pair == NULL)
        return false;
    for (size_t i = 0; i < pairs->n; i++)
        next[pairs->lane[i] + 2]++;
    for (size_t lane = 0; lane < w->s.n_lanes; lane++)
        next[lane + 2] += next[lane + 1];
    for (size_t post = 0; post < pairs->n_posts; post++)
        for (size_t i = pairs->first[post]; i < pairs->first[post + 1]; i++) {
            size_t at = next[pairs->lane[i] + 1]++;
            w->post[at] = (uint32_t)post;
            w->pair[at] = (uint32_t)i;
        }
    w->first = next;
    return true;
}

static void count_options(struct writing *w)
{
    for (size_t post = 0; post < w->s.n_posts; post++) {
        const struct menu *menu = &w->s.menus[post];
        for (size_t i = w->pairs.first[post]; i < w->pairs.first[post + 1] && w->room.options <= OPTIONS_MAX; i++)
            for (size_t e = 0; e < menu->n; e++)
                if (scenario_allows(&w->s, w->pairs.lane[i], post, &menu->entries[e])) {
                    w->room.options++;
                    w->room.uses += menu->entries[e].n_uses + 1; /* a move's too */
                }
    }
}

static void find_most(struct writing *w)
{
    w->most[w->s.moves] = 1;
    for (size_t post = 0; post < w->s.n_posts; post++)
        for (size_t e = 0; e < w->s.menus[post].n; e++) {
            const struct menu_entry *entry = &w->s.menus[post].entries[e];
            for (size_t u = 0; u < entry->n_uses; u++)
                if (entry->use[u] > w->most[entry->resource[u]])
                    w->most[entry->resource[u]] = entry->use[u];
        }
}

/* ---- resources ---- */

static void name_resource(const struct writing *w, size_t resource, char name[ID_BYTES])
{
    static const char *const kinds[] = {"openings", "budget", "stock", "mentor"};
    static const enum wm_table tables[] = {WM_POSTS, WM_BUDGETS, WM_PACKAGES, WM_MENTORS};
    size_t row;
    enum wm_resource_kind kind = wm_resource_at(w->s.dataset, resource, &row);
    if (kind == WM_RESOURCE_MOVES)
        snprintf(name, ID_BYTES, "moves");
    else
        snprintf(name, ID_BYTES, "%s:%s", kinds[kind], wm_row_id(w->s.dataset, tables[kind], row));
    for (char *at = name; *at != '\0'; at++)
        *at = *at == ' ' || *at == '=' ? '_' : *at; /* a problem's names have neither */
}

static int write_resources(struct writing *w)
{
    const struct scenario *s = &w->s;
    for (size_t r = 0; r < s->n_resources; r++) {
        char name[ID_BYTES];
        int64_t limit = s->limit[r];
        w->number[r] = NOT_WRITTEN;
        if (limit == LIMIT_NONE)
            continue;
        if (limit >
            AMOUNT_MAX) { /* more than a problem can say: as good as the most it can, if that is enough for all */
            if (w->most[r] > AMOUNT_MAX / (int64_t)(s->n_lanes + 1))
                return WM_ELIMIT;
            limit = AMOUNT_MAX;
        }
        name_resource(w, r, name);
        w->number[r] = (uint32_t)w->problem->n_resources;
        int code = problem_add_resource(w->problem, name, limit * MICRO, r < s->n_posts && s->must_fill[r]);
        if (code != WM_OK)
            return code;
    }
    return WM_OK;
}

/* ---- groups and options ---- */

static int write_option(struct writing *w, size_t lane, size_t post, size_t pair, const struct menu_entry *entry)
{
    const struct scenario *s = &w->s;
    const struct wm_dataset *dataset = s->dataset;
    char name[ID_BYTES];
    bool move = scenario_is_move(s, lane, post), mentored = entry->mentor != WM_NO_ROW;
    int32_t logit = w->pairs.common_micro[pair] + entry->constant_micro + scenario_wants_micro(s, lane, entry->package);
    int64_t value = scenario_value_nano(w->pairs.benefit_micro[pair], logit) - (move ? s->move_penalty_nano : 0);
    snprintf(name, sizeof name, "%s/%s%s%s", wm_row_id(dataset, WM_POSTS, post),
             wm_row_id(dataset, WM_PACKAGES, entry->package), mentored ? "/" : "",
             mentored ? wm_row_id(dataset, WM_MENTORS, (size_t)entry->mentor) : "");
    int code = problem_add_option(w->problem, name, value);
    for (size_t u = 0; u < entry->n_uses && code == WM_OK; u++)
        code = problem_add_use(w->problem, w->number[entry->resource[u]], entry->use[u] * MICRO);
    if (code == WM_OK && move && w->number[s->moves] != NOT_WRITTEN)
        code = problem_add_use(w->problem, w->number[s->moves], MICRO);
    return code;
}

/* Options are written as they are found; a group without any is only written when it must have one. */
static int write_leader(struct writing *w, size_t lane)
{
    const struct scenario *s = &w->s;
    bool must = s->lock_of_lane[lane] >= 0, begun = false;
    const char *name = wm_row_id(s->dataset, WM_LEADERS, s->dataset->leaders.row_of_lane[lane]);
    int code = WM_OK;
    for (size_t i = w->first[lane]; i < w->first[lane + 1] && code == WM_OK; i++) {
        const struct menu *menu = &s->menus[w->post[i]];
        for (size_t e = 0; e < menu->n && code == WM_OK; e++) {
            if (!scenario_allows(s, lane, w->post[i], &menu->entries[e]))
                continue;
            if (!begun)
                code = problem_add_group(w->problem, name, must);
            begun = true;
            if (code == WM_OK)
                code = write_option(w, lane, w->post[i], w->pair[i], &menu->entries[e]);
        }
    }
    return code == WM_OK && must && !begun ? problem_add_group(w->problem, name, must) : code;
}

static int write_problem(struct writing *w)
{
    const struct leader_columns *leaders = &w->s.dataset->leaders;
    int code = write_resources(w);
    for (size_t row = 0; row < leaders->n && code == WM_OK; row++)
        code = write_leader(w, leaders->lane_of_row[row]);
    return code;
}

static int prepare(struct writing *w, struct arena *arena, const struct wm_dataset *dataset,
                   const struct wm_plan_request *request)
{
    int code = scenario_init(&w->s, arena, dataset, request);
    if (code != WM_OK)
        return code;
    code = pairs_find(&w->pairs, arena, &w->s, NULL);
    if (code != WM_OK)
        return code;
    count_options(w);
    if (w->room.options > OPTIONS_MAX || w->pairs.n > UINT32_MAX || request->move_penalty_nano > AMOUNT_MAX)
        return WM_ELIMIT;
    w->room.groups = w->s.n_lanes;
    w->room.resources = w->s.n_resources;
    w->most = arena_alloc(arena, w->s.n_resources, sizeof *w->most);
    w->number = arena_alloc(arena, w->s.n_resources, sizeof *w->number);
    if (w->most == NULL || w->number == NULL || !turn_pairs_round(w, arena))
        return WM_EMEMORY;
    find_most(w);
    return problem_new(&w->room, false, &w->problem);
}

int wm_plan_problem(const struct wm_dataset *dataset, const struct wm_plan_request *request, struct wm_problem **out)
{
    struct writing writing = {.problem = NULL};
    struct arena arena;
    arena_init(&arena, SIZE_MAX); /* sized by rows, which a dataset bounds */
    int code = prepare(&writing, &arena, dataset, request);
    if (code == WM_OK)
        code = write_problem(&writing);
    if (code == WM_OK)
        *out = writing.problem;
    else
        wm_problem_free(writing.problem);
    arena_fini(&arena);
    return code;
}
