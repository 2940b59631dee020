/* Solving a question, then what its summary adds up: once, on the thread that solved it, so that every view is cheap. */
#include "plan_answer.h"

#include <stdlib.h>
#include <string.h>

const struct plan_solver plan_solver_engine = {wm_plan_make, wm_plan_explain, wm_plan_free, wm_plan_report_free};

/* The caller's stop, noting that it said so. */
struct watch {
    const struct wm_solve_options *options;
    bool stopped;
};

static bool on_stop(void *arg)
{
    struct watch *watch = arg;
    watch->stopped = watch->stopped || (watch->options->stop && watch->options->stop(watch->options->arg));
    return watch->stopped;
}

static void on_progress(void *arg, const struct wm_progress *progress)
{
    const struct watch *watch = arg;
    if (watch->options->progress)
        watch->options->progress(watch->options->arg, progress);
}

/* The plan is there; why everything else is not in it, and what limits are worth, is being worked out. */
static void tell_reasons(struct watch *watch, const struct wm_plan *plan)
{
    const struct wm_progress progress = {.phase = "reasons",
                                         .found = true,
                                         .value = (double)plan->value_nano / 1e9,
                                         .bound = (double)plan->bound_nano / 1e9,
                                         .gap = plan->gap,
                                         .nodes = plan->nodes};
    on_progress(watch, &progress);
}

static void on_parallel(void *arg, size_t n, void (*part)(void *context, size_t i), void *context)
{
    const struct watch *watch = arg;
    watch->options->parallel(watch->options->arg, n, part, context);
}

bool plan_takes_post(const struct plan_question *question, size_t post)
{
    const struct wm_plan_request *request = &question->request;
    struct wm_severity severity;
    for (size_t i = 0; i < request->n_without_posts; i++)
        if (request->without_posts[i] == post)
            return false;
    if (request->posts == NULL)
        return wm_severity_of(question->dataset, post, &severity) == WM_OK && severity.known;
    for (size_t i = 0; i < request->n_posts; i++)
        if (request->posts[i] == post)
            return true;
    return false;
}

/* A placement that the base plan does not have. */
static bool is_move(const struct wm_plan_request *request, const struct wm_placement *placement)
{
    for (size_t i = 0; i < request->n_base; i++)
        if (request->base[i].leader == placement->leader && request->base[i].post == placement->post)
            return false;
    return true;
}

static int add_placements(const struct plan_question *question, struct plan_answer *answer)
{
    const struct wm_plan *plan = answer->plan;
    const struct wm_plan_request *request = &question->request;
    answer->terms = calloc(plan->n_placements + 1, sizeof *answer->terms);
    if (answer->terms == NULL)
        return WM_EMEMORY;
    for (size_t i = 0; i < plan->n_placements; i++) {
        struct wm_match match;
        int code = wm_placement_match(question->dataset, &plan->placements[i], &match);
        if (code != WM_OK)
            return code;
        bool dearer = request->move_penalty_nano > 0 && is_move(request, &plan->placements[i]);
        answer->terms[i] = (struct plan_terms){match.score.expected_nano - (dearer ? request->move_penalty_nano : 0),
                                               match.offer.local_cost_gbp, match.offer.central_cost_gbp};
        answer->local_cost_gbp += match.offer.local_cost_gbp;
        answer->central_cost_gbp += match.offer.central_cost_gbp;
    }
    return WM_OK;
}

static void add_posts(const struct plan_question *question, struct plan_answer *answer)
{
    const struct wm_plan *plan = answer->plan;
    for (size_t post = 0; post < wm_table_rows(question->dataset, WM_POSTS); post++) {
        size_t resource = wm_resource_index(question->dataset, WM_RESOURCE_POST, post);
        if (plan_takes_post(question, post) && plan->limits[resource] != WM_MISSING)
            answer->openings += (size_t)plan->limits[resource];
    }
    for (size_t i = 0; i < question->request.n_must_fill; i++) {
        size_t resource = wm_resource_index(question->dataset, WM_RESOURCE_POST, question->request.must_fill[i]);
        answer->must_fill_unfilled += plan->used[resource] < plan->limits[resource];
    }
}

static int add_moves(const struct plan_question *question, struct plan_answer *answer)
{
    const struct wm_plan_request *request = &question->request;
    const struct wm_plan *plan = answer->plan;
    if (question->base[0] == '\0')
        return WM_OK;
    struct wm_move *moves = calloc(request->n_base + plan->n_placements + 1, sizeof *moves);
    if (moves == NULL)
        return WM_EMEMORY;
    size_t n = wm_plan_compare(request->base, request->n_base, plan->placements, plan->n_placements, moves);
    for (size_t i = 0; i < n; i++)
        answer->moves[moves[i].kind]++;
    free(moves);
    return WM_OK;
}

static size_t count_bytes(const struct plan_question *question, const struct plan_answer *answer)
{
    const struct wm_plan *plan = answer->plan;
    size_t bytes = sizeof *plan + question->text.cap + question->edits.cap;
    bytes += plan->n_placements * (sizeof *plan->placements + sizeof *answer->terms);
    bytes += plan->n_resources * (sizeof *plan->limits + sizeof *plan->used + sizeof *plan->prices_femto);
    bytes += plan->n_package_prices * sizeof *plan->package_prices;
    bytes += question->request.n_base * sizeof *question->request.base;
    bytes += question->base[0] == '\0' ? 0 : plan->n_resources * sizeof *question->request.start_femto;
    bytes += question->request.n_start_packages * sizeof *question->request.start_packages;
    if (answer->report)
        bytes += (answer->report->n_unfilled + answer->report->n_unplaced) * sizeof *answer->report->unfilled +
                 answer->report->n_worth * sizeof *answer->report->worth;
    return bytes;
}

int plan_answer_make(const struct plan_question *question, const struct plan_solver *solver,
                     const struct wm_solve_options *options, struct plan_answer *out)
{
    struct watch watch = {options, false};
    struct wm_solve_options watched = {.gap = (double)question->gap_nano / 1e9,
                                       .stop = on_stop,
                                       .progress = on_progress,
                                       .parallel = options->parallel ? on_parallel : NULL,
                                       .arg = &watch};
    const struct wm_dataset *dataset = question->dataset;
    *out = (struct plan_answer){.solver = solver};
    int code = solver->make(dataset, &question->request, &watched, &out->plan);
    if (code == WM_OK && out->plan->found) {
        tell_reasons(&watch, out->plan);
        watched.progress = NULL; /* of the plan there will be nothing new */
        code = solver->explain(dataset, &question->request, out->plan, question->resolve, &watched, &out->report);
    }
    if (code == WM_OK)
        code = plan_answer_add_up(question, out);
    if (code == WM_OK)
        out->cut = watch.stopped;
    else
        plan_answer_fini(out);
    return code;
}

int plan_answer_add_up(const struct plan_question *question, struct plan_answer *answer)
{
    int code = add_placements(question, answer);
    if (code == WM_OK && answer->plan->found) {
        add_posts(question, answer);
        code = add_moves(question, answer);
    }
    if (code == WM_OK)
        answer->bytes = count_bytes(question, answer);
    return code;
}

void plan_answer_fini(struct plan_answer *answer)
{
    if (answer->plan)
        answer->solver->free_plan(answer->plan);
    if (answer->report)
        answer->solver->free_report(answer->report);
    free(answer->terms);
    *answer = (struct plan_answer){0};
}
