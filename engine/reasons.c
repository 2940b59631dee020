/*
 * Why everybody and everything else was left out: the first half of a plan's report, and the report as a whole.
 *
 * A plan's prices say of every option what it is worth less what it takes from others. An unplaced leader's nearest
 * option is the one of the greatest such worth; it is 0 or less, up to the gap, or the leader would be placed. What it
 * is short of, in whole openings, pounds, pieces, hours and moves, is the reason: the post is full (outbid, by whom, by
 * how much), or a limit is. A post that is not full looks at its eligible leaders in the same way, each less what the
 * leader is worth at the best post for him: the nearest is either elsewhere (outbid), or free, and then something is
 * short.
 *
 * The question is laid out a second time with every limit lifted (survey_begin), because the menus that a plan is made
 * of leave out what no plan can hold, and just that may be the reason: a budget that is smaller than any package.
 */
#include "reasons.h"
#include "real.h"

#include <stdlib.h>

/* ---- the survey ---- */

/* The request with all limits there are set as high as can be. Moves stay uncounted when they were. */
static int lift_limits(struct survey *v, struct arena *arena, const struct wm_plan_request *request)
{
    struct wm_limit_change *changes = arena_alloc(arena, v->plan->n_resources + 1, sizeof *changes);
    if (changes == NULL)
        return WM_EMEMORY;
    size_t n = 0;
    for (size_t r = 0; r < v->plan->n_resources; r++) {
        size_t row;
        enum wm_resource_kind kind = wm_resource_at(v->dataset, r, &row);
        if (v->plan->limits[r] != WM_MISSING)
            changes[n++] = (struct wm_limit_change){kind, (uint32_t)row, false, LIMIT_NONE - 1};
    }
    v->lifted = *request;
    v->lifted.limits = changes;
    v->lifted.n_limits = n;
    return WM_OK;
}

static void fill_wants(struct survey *v)
{
    size_t n_components = v->dataset->policy.n_components;
    for (size_t lane = 0; lane < v->s.n_lanes; lane++)
        for (size_t k = 0; k < v->n_packages; k++)
            for (size_t t = 0; t < n_components; t++)
                v->wants[lane * v->n_packages + k] +=
                    v->dataset->leaders.want[t][lane] * v->dataset->amounts[k * n_components + t];
}

static int find_terms_of_posts(struct survey *v, struct arena *arena);

static int survey_begin(struct survey *v, struct arena *arena, const struct wm_dataset *dataset,
                        const struct wm_plan_request *request, const struct wm_plan *plan,
                        const struct wm_solve_options *options)
{
    *v = (struct survey){.dataset = dataset, .plan = plan};
    int code = lift_limits(v, arena, request);
    code = code == WM_OK ? scenario_init(&v->s, arena, dataset, &v->lifted) : code;
    if (code != WM_OK)
        return code;
    if (options != NULL)
        v->options = *options;
    bool prompt = plan->eligible_pairs > 0 || v->s.n_lanes * v->s.n_posts <= FEW_PAIRS;
    if (prompt && plan->eligible_pairs <= PAIRS_PROMPT)
        v->options.stop = NULL; /* also of a plan that was cut short it is said why others are not in it */
    code = pairs_find(&v->pairs, arena, &v->s, &v->options);
    if (code != WM_OK)
        return code;
    v->stopped = v->pairs.stopped;
    struct pricing *pricing = pricing_new(arena, &v->s, plan->prices_femto, options);
    v->left = arena_alloc(arena, plan->n_resources + 1, sizeof *v->left);
    v->placed = arena_alloc(arena, v->s.n_lanes + 1, sizeof *v->placed);
    v->worth = arena_alloc(arena, v->pairs.n + 1, sizeof *v->worth);
    v->entry = arena_alloc(arena, v->pairs.n + 1, sizeof *v->entry);
    v->n_packages = v->s.first_mentor - v->s.first_package;
    v->wants = arena_alloc(arena, v->s.n_lanes * v->n_packages + 1, sizeof *v->wants);
    if (pricing == NULL || v->wants == NULL || v->left == NULL || v->placed == NULL || v->worth == NULL ||
        v->entry == NULL)
        return WM_EMEMORY;
    for (size_t r = 0; r < plan->n_resources; r++)
        v->left[r] = plan->limits[r] == WM_MISSING ? LIMIT_NONE : plan->limits[r] - plan->used[r];
    for (size_t i = 0; i < plan->n_placements; i++)
        v->placed[dataset->leaders.lane_of_row[plan->placements[i].leader]] = &plan->placements[i];
    fill_wants(v);
    v->stopped = v->stopped || !price_pairs(pricing, &v->pairs, v->worth, v->entry, &v->options);
    return find_terms_of_posts(v, arena);
}

int64_t survey_logit(const struct survey *v, size_t i, const struct menu_entry *entry)
{
    return (int64_t)v->pairs.common_micro[i] + entry->constant_micro +
           v->wants[v->pairs.lane[i] * v->n_packages + entry->package];
}

int64_t survey_value(const struct survey *v, size_t post, size_t i, int64_t logit_micro)
{
    double logit = (double)logit_micro * 1e-6;
    logit = logit < -700.0 ? -700.0 : logit > 700.0 ? 700.0 : logit;
    int64_t accept_micro = (int64_t)(1.0 / (1.0 + real_exp(-logit)) * 1e6 + 0.5);
    int64_t value = (v->pairs.benefit_micro[i] * accept_micro + 500) / 1000;
    return value - (scenario_is_move(&v->s, v->pairs.lane[i], post) ? v->s.move_penalty_nano : 0);
}

static void note_shortage(const struct survey *v, struct shortage *out, __int128_t *dearest, size_t resource,
                          int64_t use)
{
    if (v->left[resource] == LIMIT_NONE || use <= v->left[resource])
        return;
    __int128_t cost = (__int128_t)v->plan->prices_femto[resource] * use;
    if (out->n++ > 0 && cost <= *dearest)
        return;
    *dearest = cost;
    out->resource = resource;
    out->amount = use - v->left[resource];
}

struct shortage survey_shortage(const struct survey *v, size_t lane, size_t post, const struct menu_entry *entry)
{
    struct shortage out = {0};
    __int128_t dearest = 0;
    for (size_t u = 0; u < entry->n_uses; u++)
        note_shortage(v, &out, &dearest, entry->resource[u], entry->use[u]);
    if (scenario_is_move(&v->s, lane, post))
        note_shortage(v, &out, &dearest, v->s.moves, 1);
    return out;
}

/*
 * Whether any package may be used on the post at all, forbids apart: no menu tells when a forbid has emptied it.
 * Without one the rule `package` refuses everybody.
 */
static bool has_terms(const struct survey *v, size_t post, struct mentor_for *scratch)
{
    const struct post_terms *terms = &v->dataset->posts[post];
    const int64_t *hours =
        v->dataset->tables[WM_PACKAGES].cells[table_column(&v->dataset->tables[WM_PACKAGES], "mentor_hours")];
    bool mentored = false;
    for (size_t m = mentors_for(v->dataset, terms, scratch); m-- > 0;)
        mentored = mentored || v->s.mentor_in[scratch[m].mentor];
    for (size_t k = 0; k < v->n_packages; k++) {
        enum wm_offer_bar bar = terms->offers[k].bar;
        if (v->s.package_in[k] && bar != WM_OFFER_BAR_segment && bar != WM_OFFER_BAR_premium_cap &&
            bar != WM_OFFER_BAR_relocation_cap && (hours[k] == 0 || mentored))
            return true;
    }
    return false;
}

static int find_terms_of_posts(struct survey *v, struct arena *arena)
{
    v->has_terms = arena_alloc(arena, v->s.n_posts + 1, sizeof *v->has_terms);
    struct mentor_for *scratch = arena_alloc(arena, v->s.moves - v->s.first_mentor + 1, sizeof *scratch);
    if (v->has_terms == NULL || scratch == NULL)
        return WM_EMEMORY;
    for (size_t post = 0; post < v->s.n_posts; post++)
        v->has_terms[post] = v->s.post_in[post] && (v->s.menus[post].n > 0 || has_terms(v, post, scratch));
    return WM_OK;
}

/* ---- the nearest option ---- */

struct nearest { /* of a leader or a post: pair i, at its post */
    bool any;    /* there is an eligible pair, at a post that has terms to offer */
    bool found;  /* and one that locks and forbids leave */
    bool worth;  /* and one that is of any value: those come first, whatever the prices say */
    uint32_t post;
    size_t i;
    __int128_t gain; /* worth less the post's price; of a post, less also what its leader is worth at the best post */
};

static bool pair_is_worth(const struct survey *v, uint32_t post, size_t i)
{
    return survey_value(v, post, i, survey_logit(v, i, &v->s.menus[post].entries[v->entry[i]])) > 0;
}

/* Takes the pair if it is nearer, or as near and `tie` says so; its value is only asked for where that may decide. */
static void take_nearer(const struct survey *v, struct nearest *n, uint32_t post, size_t i, __int128_t gain, bool tie)
{
    n->any = n->any || v->has_terms[post];
    if (v->worth[i] == WORTH_NONE || (n->worth && (gain < n->gain || (gain == n->gain && !tie))))
        return;
    bool worth = pair_is_worth(v, post, i);
    if (!n->found || worth != n->worth ? !n->found || worth : gain > n->gain || (gain == n->gain && tie))
        *n = (struct nearest){true, true, worth, post, i, gain};
}

static __int128_t gain_of(const struct survey *v, size_t post, size_t i)
{
    return (__int128_t)v->worth[i] - v->plan->prices_femto[post];
}

static bool survey_stops(struct survey *v)
{
    v->stopped = v->stopped || (v->options.stop && v->options.stop(v->options.arg));
    return v->stopped;
}

/* Every leader's nearest, [n_lanes]: the greatest gain, ties to the lower post. */
static void find_nearest_of_lanes(struct survey *v, struct nearest *of_lane)
{
    for (uint32_t post = 0; post < v->pairs.n_posts && !survey_stops(v); post++)
        for (size_t i = v->pairs.first[post]; i < v->pairs.first[post + 1]; i++)
            take_nearer(v, &of_lane[v->pairs.lane[i]], post, i, gain_of(v, post, i), false);
}

/* A post's nearest: of those who are not there yet, who loses least by coming; ties to the lower row. */
static struct nearest nearest_of_post(const struct survey *v, const struct nearest *of_lane, uint32_t post)
{
    const uint32_t *row = v->dataset->leaders.row_of_lane, *lane = v->pairs.lane;
    struct nearest best = {.any = false};
    for (size_t i = v->pairs.first[post]; i < v->pairs.first[post + 1]; i++) {
        const struct nearest *own = &of_lane[lane[i]];
        const struct wm_placement *placed = v->placed[lane[i]];
        if (placed != NULL && placed->post == post)
            continue;
        __int128_t gain = gain_of(v, post, i) - (own->found && own->gain > 0 ? own->gain : 0);
        take_nearer(v, &best, post, i, gain, best.found && row[lane[i]] < row[lane[best.i]]);
    }
    return best;
}

/* By how much a gain falls short of 0, rounded up. */
static int64_t margin_nano(__int128_t gain)
{
    if (gain >= 0)
        return 0;
    __int128_t nano = (-gain + NANO_IN_FEMTO - 1) / NANO_IN_FEMTO;
    return nano > INT64_MAX ? INT64_MAX : (int64_t)nano;
}

/* ---- reasons ---- */

static enum wm_reason reason_of_kind(enum wm_resource_kind kind)
{
    static const enum wm_reason reasons[WM_RESOURCE_KINDS] = {[WM_RESOURCE_POST] = WM_REASON_outbid,
                                                              [WM_RESOURCE_BUDGET] = WM_REASON_money,
                                                              [WM_RESOURCE_PACKAGE] = WM_REASON_stock,
                                                              [WM_RESOURCE_MENTOR] = WM_REASON_mentor,
                                                              [WM_RESOURCE_MOVES] = WM_REASON_moves};
    return reasons[kind];
}

/* Notes the nearest option, and why it is not in the plan though its leader is free. */
static void tell_nearest(const struct survey *v, const struct nearest *n, struct wm_left_out *out)
{
    size_t lane = v->pairs.lane[n->i], row;
    const struct menu_entry *entry = &v->s.menus[n->post].entries[v->entry[n->i]];
    struct shortage shortage = survey_shortage(v, lane, n->post, entry);
    out->has_nearest = true;
    out->nearest = (struct wm_placement){v->dataset->leaders.row_of_lane[lane], n->post, entry->package, entry->mentor};
    out->nearest_nano = survey_value(v, n->post, n->i, survey_logit(v, n->i, entry));
    out->margin_nano = margin_nano(n->gain);
    if (out->nearest_nano <= 0) {
        bool penalised = scenario_is_move(&v->s, lane, n->post) && out->nearest_nano + v->s.move_penalty_nano > 0;
        out->reason = penalised ? WM_REASON_moves : WM_REASON_no_value;
    } else if (v->left[n->post] < 1) {
        out->reason = WM_REASON_outbid;
    } else if (shortage.n == 0) {
        out->reason = WM_REASON_not_settled;
    } else {
        out->reason = reason_of_kind(wm_resource_at(v->dataset, shortage.resource, &row));
        out->resource = shortage.resource;
        out->short_by = shortage.amount;
    }
}

/* Of those who hold a post, the one who is worth least there at the plan's prices; WM_NO_ROW: nobody does. */
static int32_t weakest_holder(const struct survey *v, size_t first, size_t n)
{
    const struct wm_placement *held = v->plan->placements + first;
    int32_t weakest = WM_NO_ROW;
    __int128_t least = 0;
    for (size_t p = 0; p < n; p++) {
        size_t lane = v->dataset->leaders.lane_of_row[held[p].leader];
        const struct menu *menu = &v->s.menus[held[p].post];
        for (size_t e = 0; e < menu->n; e++) {
            const struct menu_entry *entry = &menu->entries[e];
            if (entry->package != held[p].package || entry->mentor != held[p].mentor)
                continue;
            __int128_t worth = (__int128_t)scenario_value(&v->s, lane, held[p].post, entry) * NANO_IN_FEMTO;
            for (size_t u = 0; u < entry->n_uses; u++)
                worth -= (__int128_t)v->plan->prices_femto[entry->resource[u]] * entry->use[u];
            if (weakest == WM_NO_ROW || worth < least) {
                weakest = (int32_t)held[p].leader;
                least = worth;
            }
        }
    }
    return weakest;
}

/* [n_posts] the weakest holder of each post; the placements are in the order of posts. */
static int32_t *find_holders(const struct survey *v, struct arena *arena)
{
    int32_t *holder = arena_alloc(arena, v->s.n_posts + 1, sizeof *holder);
    for (size_t j = 0; holder != NULL && j < v->s.n_posts; j++)
        holder[j] = WM_NO_ROW;
    for (size_t first = 0, end; holder != NULL && first < v->plan->n_placements; first = end) {
        uint32_t post = v->plan->placements[first].post;
        for (end = first + 1; end < v->plan->n_placements && v->plan->placements[end].post == post; end++)
            ;
        holder[post] = weakest_holder(v, first, end - first);
    }
    return holder;
}

static void tell_leader(const struct survey *v, size_t lane, const struct nearest *n, const int32_t *holder,
                        struct wm_left_out *out)
{
    *out = (struct wm_left_out){.row = v->dataset->leaders.row_of_lane[lane], .rival = WM_NO_ROW};
    if (!v->s.lane_in[lane])
        out->reason = WM_REASON_not_asked;
    else if (v->stopped)
        out->reason = WM_REASON_not_settled;
    else if (!n->any)
        out->reason = WM_REASON_not_eligible;
    else if (!n->found)
        out->reason = WM_REASON_forbidden;
    else
        tell_nearest(v, n, out);
    if (out->reason == WM_REASON_outbid)
        out->rival = holder[n->post];
}

static void tell_post(const struct survey *v, uint32_t post, const struct nearest *of_lane, struct wm_left_out *out)
{
    struct nearest n = {.any = false};
    if (!v->stopped)
        n = nearest_of_post(v, of_lane, post);
    *out = (struct wm_left_out){.row = post, .rival = WM_NO_ROW, .openings = (size_t)v->left[post]};
    if (!v->s.post_in[post])
        out->reason = v->lifted.posts == NULL && !v->dataset->posts[post].severity.known ? WM_REASON_severity_unknown
                                                                                         : WM_REASON_not_asked;
    else if (v->stopped)
        out->reason = WM_REASON_not_settled;
    else if (!n.any)
        out->reason = WM_REASON_not_eligible;
    else if (!n.found)
        out->reason = WM_REASON_forbidden;
    else {
        const struct wm_placement *elsewhere = v->placed[v->pairs.lane[n.i]];
        tell_nearest(v, &n, out);
        if (elsewhere != NULL && out->nearest_nano > 0) {
            out->reason = WM_REASON_outbid;
            out->rival = (int32_t)elsewhere->post;
            out->resource = 0;
            out->short_by = 0;
        }
    }
}

/* ---- the report ---- */

struct report_block { /* what wm_plan_report_free frees: the answer first, so that its address is the block's */
    struct wm_plan_report answer;
    struct arena arena;
};

static uint32_t *rows_of_report(struct arena *arena, size_t n)
{
    uint32_t *rows = arena_alloc(arena, n + 1, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < n; i++)
        rows[i] = NO_REPORT_ROW;
    return rows;
}

static int report_left_out(struct wm_plan_report *report, struct arena *arena, struct arena *scratch, struct survey *v)
{
    size_t n_lanes = v->s.n_lanes, n_posts = v->s.n_posts;
    struct nearest *of_lane = arena_alloc(scratch, n_lanes + 1, sizeof *of_lane);
    int32_t *holder = find_holders(v, scratch);
    uint32_t *post_row = rows_of_report(scratch, n_posts), *lane_row = rows_of_report(scratch, n_lanes);
    if (of_lane == NULL || holder == NULL || post_row == NULL || lane_row == NULL)
        return WM_EMEMORY;
    for (uint32_t j = 0; j < n_posts; j++)
        if (v->left[j] > 0)
            post_row[j] = (uint32_t)report->n_unfilled++;
    for (uint32_t row = 0; row < n_lanes; row++)
        if (v->placed[v->dataset->leaders.lane_of_row[row]] == NULL)
            lane_row[v->dataset->leaders.lane_of_row[row]] = (uint32_t)report->n_unplaced++;
    report->unfilled = arena_alloc(arena, report->n_unfilled + 1, sizeof *report->unfilled);
    report->unplaced = arena_alloc(arena, report->n_unplaced + 1, sizeof *report->unplaced);
    if (report->unfilled == NULL || report->unplaced == NULL)
        return WM_EMEMORY;
    find_nearest_of_lanes(v, of_lane);
    for (uint32_t j = 0; j < n_posts; j++)
        if (post_row[j] != NO_REPORT_ROW)
            tell_post(v, j, of_lane, &report->unfilled[post_row[j]]);
    for (size_t lane = 0; lane < n_lanes; lane++)
        if (lane_row[lane] != NO_REPORT_ROW)
            tell_leader(v, lane, &of_lane[lane], holder, &report->unplaced[lane_row[lane]]);
    return v->stopped ? WM_OK : survey_fix(v, report, post_row, lane_row);
}

static int report_make(struct report_block *block, const struct wm_dataset *dataset,
                       const struct wm_plan_request *request, const struct wm_plan *plan, size_t resolve_max,
                       const struct wm_solve_options *options)
{
    struct arena scratch;
    struct survey survey;
    if (!plan->found)
        return WM_OK;               /* nothing to be left out of */
    arena_init(&scratch, SIZE_MAX); /* everything taken is sized by rows and pairs, which a dataset bounds */
    int code = survey_begin(&survey, &scratch, dataset, request, plan, options);
    code = code == WM_OK ? report_left_out(&block->answer, &block->arena, &scratch, &survey) : code;
    code = code == WM_OK && !survey.stopped
               ? survey_worth(&survey, &block->answer, &block->arena, request, resolve_max, options)
               : code;
    arena_fini(&scratch);
    return code;
}

int wm_plan_explain(const struct wm_dataset *dataset, const struct wm_plan_request *request, const struct wm_plan *plan,
                    size_t resolve_max, const struct wm_solve_options *options, struct wm_plan_report **out)
{
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    struct report_block *block = arena_alloc(&arena, 1, sizeof *block);
    if (block == NULL) {
        arena_fini(&arena);
        return WM_EMEMORY;
    }
    block->arena = arena;
    int code = report_make(block, dataset, request, plan, resolve_max, options);
    if (code != WM_OK) {
        wm_plan_report_free(&block->answer);
        return code;
    }
    *out = &block->answer;
    return WM_OK;
}

void wm_plan_report_free(struct wm_plan_report *report)
{
    if (report == NULL)
        return;
    struct arena arena = ((struct report_block *)report)->arena; /* the block lies in it */
    arena_fini(&arena);
}

#define NAME(names, i) ((size_t)(i) < sizeof(names) / sizeof *(names) ? (names)[i] : "unknown")

const char *wm_reason_name(enum wm_reason reason)
{
#define X(name, text) #name,
    static const char *const names[] = {WM_REASONS(X)};
#undef X
    return NAME(names, reason);
}

const char *wm_reason_text(enum wm_reason reason)
{
#define X(name, text) text,
    static const char *const texts[] = {WM_REASONS(X)};
#undef X
    return NAME(texts, reason);
}
