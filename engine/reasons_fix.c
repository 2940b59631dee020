/*
 * What would have to change: for whoever was left out, the smallest change known to help.
 *
 * Of limits: an option of a free leader that is short of one thing only, added to the plan as it stands, so that it is
 * sure to hold. Changes of different things are compared as shares of the limit they enlarge (an hour of a mentor's 40
 * is less than one opening of one), since money, hours and openings have no common measure; ties go to the greater
 * gain.
 *
 * Of hard rules, where no pair is eligible, or a post would still be open for all that limits can do: a pair with a
 * free leader that is refused by a single rule which a person can turn by time, paper, travel or promotion. Those are
 * compared in this order: days (an earlier date, a paper to renew), kilometres, grades, and last what has no measure (a
 * region to be willing for, a paper never held, data that is missing).
 */
#include "reasons.h"
#include "rules.h"

#include <stdlib.h>
#include <string.h>

/* ---- limits ---- */

struct candidate { /* an entry of a post's menu that is short of one thing at most */
    const struct menu_entry *entry;
    size_t resource;
    int64_t amount; /* 0: short of nothing */
    double share;   /* of the limit */
    bool spare; /* another with a better mentor is short of the same: for leaders whom a lock or forbid names only */
};

struct fixing {
    const struct survey *v;
    struct wm_plan_report *report;
    const uint32_t *post_row, *lane_row;
    double *post_share, *lane_share; /* [rows of the report] of the best fix so far; HUGE: none */
    struct candidate *candidates;    /* of the post at hand, by share, then as in the menu */
    size_t n_candidates;
};

#define HUGE_SHARE 1e300

static double share_of(const struct survey *v, size_t resource, int64_t amount)
{
    int64_t limit = v->plan->limits[resource];
    return (double)amount / (double)(limit > 1 ? limit : 1);
}

/* The entry's shortage, moves apart. */
static struct shortage shortage_of_entry(const struct survey *v, const struct menu_entry *entry)
{
    struct shortage out = {0};
    for (size_t u = 0; u < entry->n_uses; u++) {
        int64_t left = v->left[entry->resource[u]];
        if (left != LIMIT_NONE && entry->use[u] > left)
            out = (struct shortage){out.n + 1, entry->resource[u], entry->use[u] - left};
    }
    return out;
}

static int by_share(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->share != b->share)
        return a->share < b->share ? -1 : 1;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

static void list_candidates(struct fixing *f, size_t post)
{
    const struct menu *menu = &f->v->s.menus[post];
    f->n_candidates = 0;
    for (size_t e = 0; e < menu->n; e++) {
        struct shortage shortage = shortage_of_entry(f->v, &menu->entries[e]);
        if (shortage.n > 1)
            continue;
        double share = shortage.n == 0 ? 0 : share_of(f->v, shortage.resource, shortage.amount);
        f->candidates[f->n_candidates++] =
            (struct candidate){&menu->entries[e], shortage.resource, shortage.amount, share, false};
    }
    qsort(f->candidates, f->n_candidates, sizeof *f->candidates, by_share);
    for (size_t c = 1; c < f->n_candidates; c++) /* a menu has the better mentors of a package first */
        f->candidates[c].spare = f->candidates[c].share == f->candidates[c - 1].share &&
                                 f->candidates[c].entry->package == f->candidates[c - 1].entry->package;
}

struct found_fix {
    const struct candidate *candidate; /* NULL: none */
    size_t resource;
    int64_t amount, gain_nano;
    double share;
};

/* A pair's best candidate of the least share that has any worth something, if that share is at most `share_most`. */
static struct found_fix fix_pair(const struct fixing *f, size_t post, size_t i, double share_most)
{
    const struct survey *v = f->v;
    size_t lane = v->pairs.lane[i];
    bool ruled = v->s.lane_ruled[lane], capped = scenario_is_move(&v->s, lane, post) && v->left[v->s.moves] < 1;
    struct found_fix best = {.share = HUGE_SHARE};
    const struct candidate *first = NULL; /* of the group of equal share */
    int64_t logit = 0;
    for (size_t c = 0; c <= f->n_candidates; c++) {
        const struct candidate *candidate = &f->candidates[c];
        bool ends = c == f->n_candidates || (first != NULL && candidate->share != first->share);
        if (ends && first != NULL) {
            best.gain_nano = survey_value(v, post, i, logit);
            if (best.gain_nano > 0) {
                best.candidate = first;
                best.share = first->share;
                break;
            }
            first = NULL;
        }
        if (c == f->n_candidates || candidate->share > share_most || (capped && candidate->amount > 0))
            break;
        if ((candidate->spare && !ruled) || (ruled && !scenario_allows(&v->s, lane, post, candidate->entry)))
            continue;
        int64_t here = survey_logit(v, i, candidate->entry);
        if (first == NULL || here > logit) {
            first = candidate;
            logit = here;
        }
    }
    if (best.candidate == NULL)
        return best;
    best.resource = capped ? v->s.moves : best.candidate->resource;
    best.amount = capped ? 1 - v->left[v->s.moves] : best.candidate->amount;
    best.share = capped ? share_of(v, v->s.moves, best.amount) : best.share;
    return best;
}

static struct wm_placement placement_of(const struct survey *v, size_t post, size_t lane,
                                        const struct menu_entry *entry)
{
    return (struct wm_placement){v->dataset->leaders.row_of_lane[lane], (uint32_t)post, entry->package, entry->mentor};
}

/* Notes a fix that is better than the row's: less of a change, or as little for more gain, or for an earlier leader. */
static void note_fix(const struct survey *v, size_t post, size_t lane, const struct found_fix *fix,
                     struct wm_left_out *row, double *share)
{
    struct wm_placement placement = placement_of(v, post, lane, fix->candidate->entry);
    bool better = fix->share < *share ||
                  (fix->share == *share &&
                   (fix->gain_nano > row->fix.gain_nano ||
                    (fix->gain_nano == row->fix.gain_nano && placement.leader < row->fix.placement.leader)));
    if (!better)
        return;
    *share = fix->share;
    row->fix = (struct wm_fix){WM_FIX_LIMIT, fix->resource, fix->amount, placement, fix->gain_nano, {0}};
}

static void fix_post(struct fixing *f, size_t post)
{
    const struct survey *v = f->v;
    uint32_t post_row = f->post_row[post];
    list_candidates(f, post);
    if (f->n_candidates == 0)
        return;
    for (size_t i = v->pairs.first[post]; i < v->pairs.first[post + 1]; i++) {
        size_t lane = v->pairs.lane[i];
        uint32_t lane_row = f->lane_row[lane];
        if (lane_row == NO_REPORT_ROW)
            continue;
        double most = f->lane_share[lane_row];
        if (post_row != NO_REPORT_ROW && f->post_share[post_row] > most)
            most = f->post_share[post_row];
        struct found_fix fix = fix_pair(f, post, i, most);
        if (fix.candidate == NULL)
            continue;
        note_fix(v, post, lane, &fix, &f->report->unplaced[lane_row], &f->lane_share[lane_row]);
        if (post_row != NO_REPORT_ROW)
            note_fix(v, post, lane, &fix, &f->report->unfilled[post_row], &f->post_share[post_row]);
    }
}

/* A fix that changes nothing is none: the plan was not finished. */
static void note_unsettled(struct wm_left_out *row)
{
    if (row->fix.kind != WM_FIX_LIMIT || row->fix.amount > 0)
        return;
    row->reason = WM_REASON_not_settled;
    row->has_nearest = true;
    row->nearest = row->fix.placement;
    row->nearest_nano = row->fix.gain_nano;
    row->rival = WM_NO_ROW;
    row->margin_nano = 0;
    row->resource = 0;
    row->short_by = 0;
    row->fix = (struct wm_fix){0};
}

static int fix_limits(struct fixing *f, struct arena *arena)
{
    const struct survey *v = f->v;
    size_t largest = 0;
    for (size_t post = 0; post < v->s.n_posts; post++)
        largest = v->s.menus[post].n > largest ? v->s.menus[post].n : largest;
    f->candidates = arena_alloc(arena, largest + 1, sizeof *f->candidates);
    f->post_share = arena_alloc(arena, f->report->n_unfilled + 1, sizeof *f->post_share);
    f->lane_share = arena_alloc(arena, f->report->n_unplaced + 1, sizeof *f->lane_share);
    if (f->candidates == NULL || f->post_share == NULL || f->lane_share == NULL)
        return WM_EMEMORY;
    for (size_t i = 0; i < f->report->n_unfilled; i++)
        f->post_share[i] = HUGE_SHARE;
    for (size_t i = 0; i < f->report->n_unplaced; i++)
        f->lane_share[i] = HUGE_SHARE;
    for (size_t post = 0; post < v->pairs.n_posts; post++)
        fix_post(f, post);
    for (size_t i = 0; i < f->report->n_unfilled; i++)
        note_unsettled(&f->report->unfilled[i]);
    for (size_t i = 0; i < f->report->n_unplaced; i++)
        note_unsettled(&f->report->unplaced[i]);
    return WM_OK;
}

/* ---- rules ---- */

enum measure { MEASURE_DAYS, MEASURE_KM, MEASURE_GRADES, MEASURE_NONE };

struct near { /* the pair that one rule keeps apart */
    bool found;
    enum measure measure;
    int64_t by;
    bool open; /* the post has an opening left */
    uint32_t post, lane;
    uint16_t refused, unknown;
};

struct rule_fixing {
    const struct survey *v;
    struct near *of_row[2]; /* [n_unfilled], [n_unplaced] */
    uint8_t *wanted;        /* [lanes] not_eligible */
    uint8_t *block_wanted;  /* [blocks] any of its lanes is */
    uint64_t *block_roles;  /* [blocks] */
    uint32_t *excluded;     /* [lanes] 1 + the post at hand */
};

static const uint16_t closable = 1u << WM_RULE_grade | 1u << WM_RULE_accreditation | 1u << WM_RULE_fit_and_proper |
                                 1u << WM_RULE_ready | 1u << WM_RULE_place;

static struct near near_by(enum measure measure, int64_t by)
{
    return (struct near){.found = true, .measure = measure, .by = by};
}

static int64_t apart(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

static struct near days_until(int32_t day, int32_t starts)
{
    return day == DAY_UNKNOWN ? near_by(MEASURE_NONE, 0) : near_by(MEASURE_DAYS, apart(starts, day));
}

/* How far off the pair is, by the single rule that refuses it. */
static struct near near_of(const struct wm_dataset *dataset, const struct post_terms *terms, size_t lane,
                           int32_t distance_hm, uint16_t refused)
{
    const struct leader_columns *c = &dataset->leaders;
    int32_t grade = c->grade[lane];
    switch (__builtin_ctz(refused)) {
    case WM_RULE_ready:
        return days_until(c->ready_from[lane], terms->starts);
    case WM_RULE_fit_and_proper:
        return days_until(c->fit_and_proper_until[lane], terms->starts);
    case WM_RULE_accreditation:
        return c->accreditations[lane] >> terms->accreditation & 1
                   ? days_until(c->accredited_until[lane], terms->starts)
                   : near_by(MEASURE_NONE, 0);
    case WM_RULE_place:
        return c->located[lane] && terms->located && c->travel_hm[lane] >= 0
                   ? near_by(MEASURE_KM, (distance_hm + 9) / 10 - c->travel_hm[lane] / 10)
                   : near_by(MEASURE_NONE, 0);
    default:
        return grade < 0 ? near_by(MEASURE_NONE, 0) : near_by(MEASURE_GRADES, apart(grade, terms->grade));
    }
}

/* Nearer first; then where there is room; then a post's earlier leader, and a leader's earlier post (seen first). */
static bool nearer(const struct survey *v, const struct near *a, const struct near *b)
{
    if (!b->found || a->measure != b->measure)
        return !b->found || a->measure < b->measure;
    if (a->by != b->by || a->open != b->open)
        return a->by != b->by ? a->by < b->by : a->open;
    const uint32_t *row = v->dataset->leaders.row_of_lane;
    return a->post == b->post && row[a->lane] < row[b->lane];
}

static void look_at_block(struct rule_fixing *f, const uint32_t *post_row, const uint32_t *lane_row, uint32_t post,
                          const struct kernel_post *kernel_post, size_t from, bool post_wanted)
{
    const struct wm_dataset *dataset = f->v->dataset;
    int32_t distance[LANES];
    uint16_t refused[LANES], unknown[LANES];
    dataset->kernel->distance(&dataset->leaders, from, kernel_post, distance);
    dataset->kernel->rules(&dataset->leaders, from, kernel_post, distance, refused, unknown);
    for (size_t i = 0; i < LANES && from + i < f->v->s.n_lanes; i++) {
        size_t lane = from + i;
        if ((refused[i] & (refused[i] - 1)) != 0 || !(refused[i] & closable) || !(post_wanted || f->wanted[lane]) ||
            f->excluded[lane] == post + 1 || !f->v->s.lane_in[lane] || lane_row[lane] == NO_REPORT_ROW)
            continue;
        struct near near = near_of(dataset, &dataset->posts[post], lane, distance[i], refused[i]);
        near.open = f->v->left[post] > 0;
        near.post = post;
        near.lane = (uint32_t)lane;
        near.refused = refused[i];
        near.unknown = unknown[i];
        struct near *of_post = post_wanted ? &f->of_row[0][post_row[post]] : NULL;
        struct near *of_lane = f->wanted[lane] ? &f->of_row[1][lane_row[lane]] : NULL;
        if (of_post != NULL && nearer(f->v, &near, of_post))
            *of_post = near;
        if (of_lane != NULL && nearer(f->v, &near, of_lane))
            *of_lane = near;
    }
}

/* Nobody is eligible, or those who are are elsewhere, and no limit brings a free one. */
static bool wants_rule(const struct wm_left_out *post)
{
    return post->fix.kind == WM_FIX_NONE &&
           (post->reason == WM_REASON_not_eligible || post->reason == WM_REASON_outbid ||
            post->reason == WM_REASON_money || post->reason == WM_REASON_mentor || post->reason == WM_REASON_stock);
}

static void look_at_post(struct rule_fixing *f, const struct wm_plan_report *report, const uint32_t *post_row,
                         const uint32_t *lane_row, uint32_t post)
{
    const struct wm_dataset *dataset = f->v->dataset;
    const struct post_terms *terms = &dataset->posts[post];
    const uint32_t *const *excluders = dataset->leaders.excluders;
    struct kernel_post kernel_post;
    bool wanted = post_row[post] != NO_REPORT_ROW && wants_rule(&report->unfilled[post_row[post]]);
    if (f->v->s.menus[post].n == 0)
        return;
    kernel_post_fill(dataset, terms, terms->offers, &kernel_post);
    for (const uint32_t *lane = excluders[terms->organisation]; lane < excluders[terms->organisation + 1]; lane++)
        f->excluded[*lane] = post + 1;
    for (size_t block = 0; block < dataset->leaders.n_padded / LANES; block++)
        if ((f->block_roles[block] & kernel_post.role_bit) && (wanted || f->block_wanted[block]))
            look_at_block(f, post_row, lane_row, post, &kernel_post, block * LANES, wanted);
}

/* The best terms that fit what is left, if any do; else the first of the menu, for no gain. */
static void find_terms(const struct survey *v, const struct near *near, struct wm_fix *fix)
{
    const struct menu *menu = &v->s.menus[near->post];
    fix->placement = placement_of(v, near->post, near->lane, &menu->entries[0]);
    for (size_t e = 0; e < menu->n && near->open; e++) {
        const struct menu_entry *entry = &menu->entries[e];
        if (survey_shortage(v, near->lane, near->post, entry).n > 0 ||
            !scenario_allows(&v->s, near->lane, near->post, entry))
            continue;
        int64_t value = scenario_value(&v->s, near->lane, near->post, entry);
        if (value > fix->gain_nano) {
            fix->placement = placement_of(v, near->post, near->lane, entry);
            fix->gain_nano = value;
        }
    }
}

static void tell_rule(const struct survey *v, const struct near *near, struct wm_left_out *row)
{
    struct wm_rule_outcome rule;
    if (!near->found)
        return;
    rule_tell(v->dataset, near->post, near->lane, (enum wm_rule)__builtin_ctz(near->refused), near->refused,
              near->unknown, &rule);
    if (rule.n_changes == 0)
        return;
    row->fix = (struct wm_fix){.kind = WM_FIX_RULE, .rule = rule};
    find_terms(v, near, &row->fix);
}

static int fix_rules(const struct survey *v, struct wm_plan_report *report, const uint32_t *post_row,
                     const uint32_t *lane_row, struct arena *arena)
{
    const struct leader_columns *c = &v->dataset->leaders;
    struct rule_fixing f = {.v = v,
                            .of_row = {arena_alloc(arena, report->n_unfilled + 1, sizeof(struct near)),
                                       arena_alloc(arena, report->n_unplaced + 1, sizeof(struct near))},
                            .wanted = arena_alloc(arena, c->n_padded + 1, 1),
                            .block_wanted = arena_alloc(arena, c->n_padded / LANES + 1, 1),
                            .block_roles = arena_alloc(arena, c->n_padded / LANES + 1, sizeof *f.block_roles),
                            .excluded = arena_alloc(arena, c->n_padded + 1, sizeof *f.excluded)};
    if (f.of_row[0] == NULL || f.of_row[1] == NULL || f.wanted == NULL || f.block_wanted == NULL ||
        f.block_roles == NULL || f.excluded == NULL)
        return WM_EMEMORY;
    for (size_t lane = 0; lane < v->s.n_lanes; lane++) {
        f.block_roles[lane / LANES] |= c->roles[lane];
        f.wanted[lane] =
            lane_row[lane] != NO_REPORT_ROW && report->unplaced[lane_row[lane]].reason == WM_REASON_not_eligible;
        f.block_wanted[lane / LANES] |= f.wanted[lane];
    }
    for (uint32_t post = 0; post < v->s.n_posts; post++)
        look_at_post(&f, report, post_row, lane_row, post);
    for (size_t i = 0; i < report->n_unfilled; i++)
        tell_rule(v, &f.of_row[0][i], &report->unfilled[i]);
    for (size_t i = 0; i < report->n_unplaced; i++)
        tell_rule(v, &f.of_row[1][i], &report->unplaced[i]);
    return WM_OK;
}

int survey_fix(const struct survey *v, struct wm_plan_report *report, const uint32_t *post_row,
               const uint32_t *lane_row)
{
    struct arena arena;
    struct fixing limits = {.v = v, .report = report, .post_row = post_row, .lane_row = lane_row};
    arena_init(&arena, SIZE_MAX);
    int code = fix_limits(&limits, &arena);
    code = code == WM_OK ? fix_rules(v, report, post_row, lane_row, &arena) : code;
    arena_fini(&arena);
    return code;
}
