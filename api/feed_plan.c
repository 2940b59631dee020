/* Feeds of the plan itself: run, one row that says what it comes to; allocation, who goes where; score_term, why. */
#include "feed_parts.h"
#include "feed_tally.h"

#include "encode_parts.h"

#include <stdio.h>
#include <stdlib.h>

enum { NULLABLE = FEED_NULLABLE, RESTRICTED = FEED_RESTRICTED | FEED_NULLABLE };

/* ---- run ---- */

#define RUN_COLUMNS(X)                                                                                         \
    FEED_STAMPS(X)                                                                                             \
    X(status, TEXT, 0, "", 0, "optimal, within_gap, or deadline: stopped with the best so far.")               \
    X(is_what_if, BOOLEAN, 0, "", 0, "Whether it changes another plan.")                                       \
    X(base_run_id, TEXT, 0, "", NULLABLE, "The plan that it changes.")                                         \
    X(dataset_digest, TEXT, 0, "", RESTRICTED, "Which data: equal digests, equal data.")                       \
    X(policy_digest, TEXT, 0, "", 0, "Which policy.")                                                          \
    X(policy_version, TEXT, 0, "", 0, "The planner's name for the policy.")                                    \
    X(solve_seconds, NUMBER, 3, "s", 0, "How long it was solved.")                                             \
    X(gap_ratio, NUMBER, 9, "0-1", 0, "How far at most it is from the best plan there can be.")                \
    X(value, NUMBER, 9, "expected benefit", RESTRICTED, "Sum of the placements' expected benefit.")            \
    X(bound, NUMBER, 9, "expected benefit", RESTRICTED, "No plan is worth more: proven.")                      \
    X(posts, INTEGER, 0, "posts", 0, "Posts that take part.")                                                  \
    X(openings, INTEGER, 0, "openings", 0, "Openings of these posts.")                                         \
    X(leaders, INTEGER, 0, "leaders", NULLABLE, "Leaders there are.")                                          \
    X(leaders_status, TEXT, 0, "", 0, "exact, rounded, zero or suppressed.")                                   \
    X(placed, INTEGER, 0, "leaders", NULLABLE, "Leaders placed: openings filled.")                             \
    X(placed_status, TEXT, 0, "", 0, "exact, rounded, zero or suppressed.")                                    \
    X(unfilled_openings, INTEGER, 0, "openings", NULLABLE, "Openings less leaders placed, as shown.")          \
    X(unfilled_openings_status, TEXT, 0, "", 0, "exact, rounded, zero or suppressed.")                         \
    X(unmatched_leaders, INTEGER, 0, "leaders", NULLABLE, "Leaders less those placed, as shown.")              \
    X(unmatched_leaders_status, TEXT, 0, "", 0, "exact, rounded, zero or suppressed.")                         \
    X(filled_ratio, NUMBER, 6, "0-1", NULLABLE, "Placed of openings, as shown.")                               \
    X(must_fill_unfilled, INTEGER, 0, "posts", RESTRICTED, "Posts that must be filled, with an opening left.") \
    X(local_cost_gbp, NUMBER, 2, "GBP", RESTRICTED, "Of organisations' money.")                                \
    X(central_cost_gbp, NUMBER, 2, "GBP", RESTRICTED, "Of national, regional and ICB money.")                  \
    X(eligible_pairs, INTEGER, 0, "pairs", RESTRICTED, "Leader and post that pass every hard rule.")

enum {
#define X(name, ...) RUN_##name,
    RUN_COLUMNS(X)
#undef X
        RUN_COUNT
};
static const struct feed_column run_columns[] = {RUN_COLUMNS(FEED_COLUMN)};

static int open_run(struct feed_rows *rows)
{
    rows->n = 1;
    rows->state = feed_tally_new(rows->view);
    return rows->state ? WM_OK : WM_EMEMORY;
}

static void put_run_counts(const struct feed_view *view, const struct feed_tally *tally, struct feed_cell *cells)
{
    const struct plan_answer *answer = view->plan.answer;
    int64_t all = (int64_t)(answer->plan->n_placements + (answer->report ? answer->report->n_unplaced : 0));
    struct feed_count leaders = view->restricted ? feed_exact(all) : feed_round(all), placed = tally->all.shown;
    feed_put_number(&cells[RUN_posts], (int64_t)tally->n_posts);
    feed_put_number(&cells[RUN_openings], tally->all.openings);
    feed_put_count(&cells[RUN_leaders], leaders);
    feed_put_count(&cells[RUN_placed], placed);
    feed_put_count(&cells[RUN_unfilled_openings], feed_less(feed_exact(tally->all.openings), placed));
    feed_put_count(&cells[RUN_unmatched_leaders], feed_less(leaders, placed));
    feed_put_ratio(&cells[RUN_filled_ratio], placed.shown, tally->all.openings);
    feed_put_gbp(&cells[RUN_local_cost_gbp], tally->all.local_cost_gbp);
    feed_put_gbp(&cells[RUN_central_cost_gbp], tally->all.central_cost_gbp);
}

static void put_run(struct feed_rows *rows, size_t i, struct feed_cell *cells)
{
    const struct feed_view *view = rows->view;
    const struct plan_answer *answer = view->plan.answer;
    const char *base = view->plan.question->base;
    (void)i;
    feed_put_text(&cells[RUN_status], wm_plan_status_name(answer->plan->status));
    feed_put_bool(&cells[RUN_is_what_if], *base != '\0');
    feed_put_text(&cells[RUN_base_run_id], base);
    feed_put_text(&cells[RUN_dataset_digest], wm_dataset_digest(view->plan.dataset));
    feed_put_text(&cells[RUN_policy_digest], wm_policy_digest(view->plan.dataset));
    feed_put_text(&cells[RUN_policy_version], wm_policy_version(view->plan.dataset));
    feed_put_number(&cells[RUN_solve_seconds], view->elapsed_ms);
    feed_put_number(&cells[RUN_gap_ratio], (int64_t)(answer->plan->gap * 1e9 + 0.5));
    feed_put_number(&cells[RUN_value], answer->plan->value_nano);
    feed_put_number(&cells[RUN_bound], answer->plan->bound_nano);
    feed_put_number(&cells[RUN_must_fill_unfilled], (int64_t)answer->must_fill_unfilled);
    feed_put_number(&cells[RUN_eligible_pairs], (int64_t)answer->plan->eligible_pairs);
    put_run_counts(view, rows->state, cells);
}

const struct feed_table feed_run = {
    .name = "run",
    .about = "What a plan is, and what it comes to.",
    .row = "a plan",
    .n_columns = RUN_COUNT,
    .columns = run_columns,
    .open = open_run,
    .put = put_run,
};

/* ---- allocation ---- */

#define ALLOCATION_COLUMNS(X)                                                                      \
    FEED_STAMPS(X)                                                                                 \
    X(leader_id, TEXT, 0, "", 0, "The leader placed.")                                             \
    X(leader_grade, TEXT, 0, "", NULLABLE, "Their grade now.")                                     \
    X(leader_ods_code, TEXT, 0, "", NULLABLE, "Where they are now.")                               \
    X(leader_organisation, TEXT, 0, "", NULLABLE, "Its name.")                                     \
    X(post_id, TEXT, 0, "", 0, "The post they get.")                                               \
    X(post_title, TEXT, 0, "", 0, "Its title.")                                                    \
    X(role, TEXT, 0, "", 0, "Its role.")                                                           \
    X(post_grade, TEXT, 0, "", NULLABLE, "Its grade.")                                             \
    X(starts_date, DATE, 0, "", NULLABLE, "When it starts.")                                       \
    X(ods_code, TEXT, 0, "", 0, "Its organisation.")                                               \
    X(organisation, TEXT, 0, "", 0, "The organisation's name.")                                    \
    X(region, TEXT, 0, "", NULLABLE, "The post's region.")                                         \
    X(icb_code, TEXT, 0, "", NULLABLE, "The organisation's integrated care board.")                \
    X(oversight_segment, INTEGER, 0, "1-5", NULLABLE, "The organisation's; 5 is most challenged.") \
    X(latitude, NUMBER, 5, "degrees", NULLABLE, "Of the organisation, WGS 84.")                    \
    X(longitude, NUMBER, 5, "degrees", NULLABLE, "Of the organisation, WGS 84.")                   \
    X(package_id, TEXT, 0, "", 0, "The incentive package.")                                        \
    X(package, TEXT, 0, "", 0, "Its name.")                                                        \
    X(mentor_id, TEXT, 0, "", NULLABLE, "The mentor, where the package has mentor hours.")         \
    X(value, NUMBER, 9, "expected benefit", 0, "What it adds to the plan.")                        \
    X(expected_benefit, NUMBER, 9, "0-1", 0, "benefit * acceptance_ratio.")                        \
    X(benefit, NUMBER, 6, "0-1", 0, "severity * fit.")                                             \
    X(severity, NUMBER, 6, "0-1", 0, "How challenged the organisation is.")                        \
    X(fit, NUMBER, 6, "0-1", 0, "How much of the post's needs the leader meets.")                  \
    X(acceptance_ratio, NUMBER, 6, "0-1", 0, "The chance that the leader takes it.")               \
    X(distance_km, NUMBER, 3, "km", NULLABLE, "From home to the organisation.")                    \
    X(local_cost_gbp, NUMBER, 2, "GBP", 0, "Of the organisation's money.")                         \
    X(central_cost_gbp, NUMBER, 2, "GBP", 0, "Of national, regional and ICB money.")               \
    X(needs_approval, BOOLEAN, 0, "", 0, "Salary and premium are above the policy's threshold.")   \
    X(missing, TEXT, 0, "", NULLABLE, "What was not known of the pair, with ; between.")

enum {
#define X(name, ...) ALLOCATION_##name,
    ALLOCATION_COLUMNS(X)
#undef X
        ALLOCATION_COUNT
};
static const struct feed_column allocation_columns[] = {ALLOCATION_COLUMNS(FEED_COLUMN)};

static int open_allocation(struct feed_rows *rows)
{
    rows->n = rows->view->plan.answer->plan->n_placements;
    return WM_OK;
}

static void put_missing(struct feed_cell *cell, uint32_t bits)
{
    char text[FEED_TEXT_CAP] = "";
    size_t len = 0;
    for (int bit = 0; bit < WM_MISSING_COUNT; bit++)
        if (bits >> bit & 1)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? ";" : "", wm_missing_name(bit));
    feed_put_text(cell, text);
}

static void put_leader(struct feed_cell *cells, const struct wm_dataset *dataset, size_t leader)
{
    int64_t row = (int64_t)leader, organisation = encode_organisation_of(dataset, WM_LEADERS, leader);
    feed_put_id(&cells[ALLOCATION_leader_id], dataset, WM_LEADERS, row);
    feed_put_cell(&cells[ALLOCATION_leader_grade], dataset, WM_LEADERS, row, "grade");
    feed_put_cell(&cells[ALLOCATION_leader_ods_code], dataset, WM_LEADERS, row, "ods_code");
    feed_put_cell(&cells[ALLOCATION_leader_organisation], dataset, WM_ORGANISATIONS, organisation, "name");
}

static void put_post(struct feed_cell *cells, const struct wm_dataset *dataset, size_t post)
{
    char region[PLAN_NAME_CAP];
    int64_t row = (int64_t)post, organisation = (int64_t)feed_organisation_of_post(dataset, post);
    plan_region_of_post(dataset, post, region, sizeof region);
    feed_put_id(&cells[ALLOCATION_post_id], dataset, WM_POSTS, row);
    feed_put_cell(&cells[ALLOCATION_post_title], dataset, WM_POSTS, row, "title");
    feed_put_cell(&cells[ALLOCATION_role], dataset, WM_POSTS, row, "role");
    feed_put_cell(&cells[ALLOCATION_post_grade], dataset, WM_POSTS, row, "grade");
    feed_put_cell(&cells[ALLOCATION_starts_date], dataset, WM_POSTS, row, "starts");
    feed_put_cell(&cells[ALLOCATION_ods_code], dataset, WM_POSTS, row, "ods_code");
    feed_put_cell(&cells[ALLOCATION_organisation], dataset, WM_ORGANISATIONS, organisation, "name");
    feed_put_text(&cells[ALLOCATION_region], region);
    feed_put_cell(&cells[ALLOCATION_icb_code], dataset, WM_ORGANISATIONS, organisation, "icb_code");
    feed_put_cell(&cells[ALLOCATION_oversight_segment], dataset, WM_ORGANISATIONS, organisation, "oversight_segment");
    feed_put_cell(&cells[ALLOCATION_latitude], dataset, WM_ORGANISATIONS, organisation, "latitude");
    feed_put_cell(&cells[ALLOCATION_longitude], dataset, WM_ORGANISATIONS, organisation, "longitude");
}

static void put_allocation(struct feed_rows *rows, size_t i, struct feed_cell *cells)
{
    const struct plan_view *view = &rows->view->plan;
    const struct wm_dataset *dataset = view->dataset;
    const struct wm_placement *at = &view->answer->plan->placements[i];
    struct wm_match match = {0};
    put_leader(cells, dataset, at->leader);
    put_post(cells, dataset, at->post);
    feed_put_id(&cells[ALLOCATION_package_id], dataset, WM_PACKAGES, at->package);
    feed_put_cell(&cells[ALLOCATION_package], dataset, WM_PACKAGES, at->package, "name");
    feed_put_id(&cells[ALLOCATION_mentor_id], dataset, WM_MENTORS, at->mentor);
    (void)wm_placement_match(dataset, at, &match); /* its rows are in range: the plan was verified */
    feed_put_number(&cells[ALLOCATION_value], view->answer->terms[i].value_nano);
    feed_put_number(&cells[ALLOCATION_expected_benefit], match.score.expected_nano);
    feed_put_number(&cells[ALLOCATION_benefit], match.score.benefit_micro);
    feed_put_number(&cells[ALLOCATION_severity], match.score.severity_micro);
    feed_put_number(&cells[ALLOCATION_fit], match.score.fit_micro);
    feed_put_number(&cells[ALLOCATION_acceptance_ratio], match.score.accept_micro);
    feed_put_number(&cells[ALLOCATION_distance_km], match.distance_m);
    feed_put_gbp(&cells[ALLOCATION_local_cost_gbp], match.offer.local_cost_gbp);
    feed_put_gbp(&cells[ALLOCATION_central_cost_gbp], match.offer.central_cost_gbp);
    feed_put_bool(&cells[ALLOCATION_needs_approval], match.offer.needs_approval);
    put_missing(&cells[ALLOCATION_missing], match.missing);
}

const struct feed_table feed_allocation = {
    .name = "allocation",
    .about = "Who goes where, on what terms.",
    .row = "a leader placed at a post",
    .restricted = true,
    .n_columns = ALLOCATION_COUNT,
    .columns = allocation_columns,
    .open = open_allocation,
    .put = put_allocation,
};

/* ---- score_term ---- */

#define TERM_COLUMNS(X)                                                                                                \
    FEED_STAMPS(X)                                                                                                     \
    X(leader_id, TEXT, 0, "", 0, "The leader placed.")                                                                 \
    X(post_id, TEXT, 0, "", 0, "The post they get.")                                                                   \
    X(score, TEXT, 0, "", 0, "What it is a part of: expected_benefit, fit, severity, or logit of the acceptance.")     \
    X(term, TEXT, 0, "", 0, "The part: a domain, a public signal, a term of the acceptance, a component of packages.") \
    X(value, NUMBER, 9, "as the score", 0, "The parts of one score add up to it.")

enum {
#define X(name, ...) TERM_##name,
    TERM_COLUMNS(X)
#undef X
        TERM_COUNT
};
static const struct feed_column term_columns[] = {TERM_COLUMNS(FEED_COLUMN)};

/* The placement looked at last: its rows come one after another. */
struct terms {
    size_t placement, per_placement;
    struct wm_match match;
    struct wm_severity severity;
};

static int open_terms(struct feed_rows *rows)
{
    const struct plan_view *view = &rows->view->plan;
    struct terms *terms = malloc(sizeof *terms);
    if (terms == NULL)
        return WM_EMEMORY;
    terms->placement = SIZE_MAX;
    terms->per_placement =
        2 * wm_domain_count(view->dataset) + WM_SIGNAL_COUNT + WM_ACCEPT_TERM_COUNT + wm_component_count(view->dataset);
    rows->n = view->answer->plan->n_placements * terms->per_placement;
    rows->state = terms;
    return WM_OK;
}

static void put_term(struct feed_cell *cells, const char *score, const char *term, int64_t nano)
{
    feed_put_text(&cells[TERM_score], score);
    feed_put_text(&cells[TERM_term], term);
    feed_put_number(&cells[TERM_value], nano);
}

/* The k-th part of a placement: domains twice, signals, terms of the acceptance, components. */
static void put_part(const struct terms *terms, const struct wm_dataset *dataset, size_t k, struct feed_cell *cells)
{
    enum { NANO_IN_MICRO = 1000 };
    const struct wm_score *score = &terms->match.score;
    size_t n = wm_domain_count(dataset);
    if (k < n)
        put_term(cells, "expected_benefit", wm_domain_name(dataset, k), score->expected_part_nano[k]);
    else if ((k -= n) < n)
        put_term(cells, "fit", wm_domain_name(dataset, k), score->fit_part_micro[k] * NANO_IN_MICRO);
    else if ((k -= n) < WM_SIGNAL_COUNT)
        put_term(cells, "severity", wm_signal_name((enum wm_signal)k),
                 terms->severity.present[k] ? terms->severity.part_micro[k] * NANO_IN_MICRO : 0);
    else if ((k -= WM_SIGNAL_COUNT) < WM_ACCEPT_TERM_COUNT)
        put_term(cells, "logit", wm_accept_term_name((enum wm_accept_term)k),
                 score->logit_term_micro[k] * NANO_IN_MICRO);
    else if ((k -= WM_ACCEPT_TERM_COUNT) < wm_component_count(dataset))
        put_term(cells, "logit", wm_component_name(dataset, k), score->logit_want_micro[k] * NANO_IN_MICRO);
}

static void put_terms(struct feed_rows *rows, size_t i, struct feed_cell *cells)
{
    struct terms *terms = rows->state;
    const struct plan_view *view = &rows->view->plan;
    size_t placement = i / terms->per_placement;
    const struct wm_placement *at = &view->answer->plan->placements[placement];
    if (placement != terms->placement) {
        (void)wm_placement_match(view->dataset, at, &terms->match);
        (void)wm_severity_of(view->dataset, at->post, &terms->severity);
        terms->placement = placement;
    }
    feed_put_id(&cells[TERM_leader_id], view->dataset, WM_LEADERS, at->leader);
    feed_put_id(&cells[TERM_post_id], view->dataset, WM_POSTS, at->post);
    put_part(terms, view->dataset, i % terms->per_placement, cells);
}

const struct feed_table feed_score_term = {
    .name = "score_term",
    .about = "What the score of each placement is made of.",
    .row = "a part of a placement's score",
    .restricted = true,
    .n_columns = TERM_COUNT,
    .columns = term_columns,
    .open = open_terms,
    .put = put_terms,
};
