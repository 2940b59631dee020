/*
 * plan.*: plans asked for, waited for, read, compared, checked. What is asked becomes a job in the process's plans
 * (plans.h), which outlives the call; everything else finds jobs there by their ids.
 */
#include "methods.h"

#include "encode.h"
#include "jsonrpc.h"
#include "plans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIST_MAX = 1000, FAULTS_TOLD = 1000, NEAREST = 3, RETRY_AFTER_S = 5 };

#define END          \
    {                \
        .name = NULL \
    }
#define JOB                                                                       \
    {                                                                             \
        "job", PARAM_TEXT, true, 1, PLAN_ID_CAP - 1, NULL, "The job.", NULL, NULL \
    }

const struct param plan_wait_params[] = {
    JOB,
    {"timeout_ms", PARAM_INTEGER, false, 0, 600000, "30000", "How long to wait; the job goes on.", NULL, NULL},
    END,
};

const struct param plan_cancel_params[] = {JOB, END};

const struct param plan_get_params[] = {
    {"plan", PARAM_TEXT, false, 1, PLAN_ID_CAP - 1, NULL, "The plan. Either this or job.", NULL, NULL},
    {"job", PARAM_TEXT, false, 1, PLAN_ID_CAP - 1, NULL, "The job whose plan is meant.", NULL, NULL},
    {"part", PARAM_CHOICE, false, 0, 0, "\"summary\"", "What of it.", NULL,
     "summary placements unfilled unplaced prices totals"},
    {"limit", PARAM_INTEGER, false, 1, WM_LIMIT_MAX, "100", "How many rows.", NULL, NULL},
    {"offset", PARAM_INTEGER, false, 0, WM_ROWS_MAX, "0", "Rows to skip: next_offset of the page before.", NULL, NULL},
    END,
};

const struct param plan_compare_params[] = {
    {"a", PARAM_TEXT, true, 1, PLAN_ID_CAP - 1, NULL, "The plan before.", NULL, NULL},
    {"b", PARAM_TEXT, true, 1, PLAN_ID_CAP - 1, NULL, "The plan after.", NULL, NULL},
    {"limit", PARAM_INTEGER, false, 1, WM_LIMIT_MAX, "100", "How many moves.", NULL, NULL},
    {"offset", PARAM_INTEGER, false, 0, WM_ROWS_MAX, "0", "Moves to skip: next_offset of the page before.", NULL, NULL},
    END,
};

/* ---- Jobs and plans by their ids ---- */

static struct plans *plans_of(const struct method_call *call)
{
    return call->host ? call->host->plans : NULL;
}

static int refuse_without_plans(struct buf *out)
{
    return refuse_code(out, RPC_METHOD, "only a running service keeps plans");
}

/* A method of a running service: its params read, done, and freed. */
static int with_plans(const struct method_call *call, const struct param *table,
                      int (*run)(const struct method_call *call, const struct params *params, struct buf *out),
                      struct buf *out)
{
    struct params params;
    int code = params_read(call, table, &params, out);
    if (code != 0)
        return code;
    code = plans_of(call) ? run(call, &params, out) : refuse_without_plans(out);
    params_fini(&params);
    return code;
}

static int refuse_unknown(struct buf *error, struct plans *plans, const struct params *params, const char *name,
                          bool is_plan, const char *id)
{
    char nearest[NEAREST][PLAN_ID_CAP];
    size_t n = plans_nearest(plans, is_plan, id, nearest, NEAREST);
    const struct place place = params_place(params, name);
    rpc_error_open(error, RPC_UNKNOWN);
    if (place.name)
        buf_format(error, "\"pointer\":\"/%s\"", place.name);
    else
        buf_format(error, "\"pointer\":\"/%zu\"", place.index);
    json_put_text(error, "id", id);
    json_put_text(error, "kind", is_plan ? "plan" : "job");
    json_put_key(error, "nearest");
    json_open(error, '[');
    for (size_t i = 0; i < n; i++) {
        json_item(error);
        buf_json_string(error, nearest[i], strlen(nearest[i]));
    }
    json_close(error, ']');
    rpc_error_close(error);
    return RPC_UNKNOWN;
}

static int refuse_gone(struct buf *error, bool is_plan, const char *id, int64_t expired_at)
{
    char text[32] = "";
    time_t at = (time_t)expired_at;
    struct tm when;
    if (expired_at && gmtime_r(&at, &when))
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &when);
    rpc_error_open(error, RPC_GONE);
    json_put_text(error, "id", id);
    json_put_text(error, "kind", is_plan ? "plan" : "job");
    json_put_text(error, "expired_at", text[0] ? text : NULL);
    json_put_text(error, "remedy",
                  "ask the question again: equal questions to equal data get equal plans; a plan in use stays");
    rpc_error_close(error);
    return RPC_GONE;
}

/* The job that the parameter `name` names, held. */
static int find(struct plans *plans, const struct params *params, const char *name, bool is_plan, struct plan_job **out,
                struct buf *error)
{
    char id[PLAN_ID_CAP];
    int64_t expired_at;
    (void)json_string_copy(json_string_raw(params_get(params, name)->raw), id, sizeof id);
    switch ((is_plan ? plans_find_plan : plans_find_job)(plans, id, out, &expired_at)) {
    case PLANS_HELD:
        return 0;
    case PLANS_GONE:
        return refuse_gone(error, is_plan, id, expired_at);
    default:
        return refuse_unknown(error, plans, params, name, is_plan, id);
    }
}

/* ---- What is said of a job ---- */

static void put_double(struct buf *out, const char *key, bool is_there, double value)
{
    if (is_there)
        json_put_fixed(out, key, (int64_t)(value * 1e9 + (value < 0 ? -0.5 : 0.5)), 9);
    else
        json_put_null(out, key);
}

/* Opens the answer with what the job is computed from, and names it. */
static void open_answer(struct buf *out, struct plan_job *job, const struct plan_news *news)
{
    json_open(out, '{');
    encode_revisions(out, plan_job_question(job)->dataset);
    json_put_text(out, "job", plan_job_id(job));
    json_put_text(out, "state", plan_state_name(news->state));
}

static void put_values(struct buf *out, const struct plan_news *news, const char *bound_key)
{
    put_double(out, "value", news->found, news->value);
    put_double(out, bound_key, news->bounded, news->bound);
    put_double(out, "gap", news->found, news->gap);
}

static void put_news(struct buf *out, const struct plan_news *news, const char *bound_key)
{
    put_values(out, news, bound_key);
    json_put_integer(out, "elapsed_ms", news->elapsed_ms);
}

/* Why a job that was stopped has no plan: what it was at. */
static const char *why_none(const struct plan_news *news)
{
    static const char *const at[][2] = {
        {"", "stopped before solving began: there is no plan"},
        {"pairs", "stopped while it was looking for who may take which post: no plan was found yet"},
        {"prices", "stopped while it was looking for prices, which come before a first plan: no plan was found yet"},
        {"conflict", "stopped while it was looking for which demands contradict each other: no plan was found yet"},
    };
    if (news->state == PLAN_queued || news->state == PLAN_running)
        return "it is being stopped";
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        if (strcmp(at[i][0], news->phase) == 0)
            return at[i][1];
    return "stopped before a first plan was found";
}

static void put_ending(struct buf *out, const struct plan_news *news)
{
    char text[200];
    const char *how = news->state == PLAN_cancelled ? "stopped: the best plan so far" : "it had ended before: its plan";
    if (news->state == PLAN_failed)
        snprintf(text, sizeof text, "it had failed before");
    else if (news->found)
        snprintf(text, sizeof text, "%s is worth %.6f of at most %.6f, a gap of %.3g%%", how, news->value, news->bound,
                 100 * news->gap);
    else
        snprintf(text, sizeof text, "%s", news->state == PLAN_done ? "it had ended before: no plan" : why_none(news));
    json_put_text(out, "text", text);
}

void plan_put_cancelled(struct plan_job *job, struct buf *out)
{
    struct plan_news news;
    plan_job_news(job, &news);
    bool final = news.state != PLAN_queued && news.state != PLAN_running;
    open_answer(out, job, &news);
    json_put_text(out, "plan", final ? plan_job_plan(job) : NULL);
    json_put_bool(out, "found", news.found);
    put_values(out, &news, "bound");
    json_put_text(out, "phase", news.phase[0] ? news.phase : NULL);
    put_ending(out, &news);
    json_close(out, '}');
}

static int refuse_unfinished(struct plan_job *job, const struct plan_news *news, struct buf *error)
{
    rpc_error_open(error, RPC_DEADLINE);
    json_put_text(error, "job", plan_job_id(job));
    json_put_text(error, "state", plan_state_name(news->state));
    json_put_text(error, "phase", news->phase[0] ? news->phase : NULL);
    put_news(error, news, "best_bound");
    rpc_error_close(error);
    return RPC_DEADLINE;
}

static void put_progress(struct plan_job *job, struct buf *out)
{
    struct plan_news news;
    plan_job_news(job, &news);
    json_put_text(out, "job", plan_job_id(job));
    json_put_text(out, "state", plan_state_name(news.state));
    json_put_text(out, "phase", news.phase[0] ? news.phase : NULL);
    put_news(out, &news, "bound");
}

void plan_put_event(struct plan_job *job, struct buf *out)
{
    bool final = plan_job_is_final(job); /* first: it may come to its end meanwhile */
    buf_char(out, '{');
    put_progress(job, out);
    json_put_text(out, "plan", final ? plan_job_plan(job) : NULL);
    buf_char(out, '}');
}

void plan_put_progress(struct plan_job *job, uint64_t missed, struct buf *out)
{
    buf_text(out, "{\"jsonrpc\":\"2.0\",\"method\":\"plan.progress\",\"params\":");
    buf_char(out, '{');
    put_progress(job, out);
    if (missed > 0)
        json_put_integer(out, "missed", (int64_t)missed);
    buf_text(out, "}}");
}

/* Why a job has no plan to show: an error is put, its code returned; 0: it has one. Its answer is not looked at before it
   is final: until then it is being written. */
static int refuse_planless(struct plan_job *job, const struct plan_news *news, struct buf *error)
{
    if (news->state == PLAN_queued || news->state == PLAN_running)
        return refuse_unfinished(job, news, error);
    if (news->state == PLAN_failed)
        return refuse_code(error, RPC_INTERNAL, wm_error_text(plan_job_failure(job)));
    const struct plan_answer *answer = plan_job_answer(job);
    const struct plan_label label = {plan_job_id(job), plan_job_plan(job), NULL, 0};
    if (answer && answer->plan->status == WM_PLAN_INFEASIBLE) {
        encode_plan_conflict(error, &label, plan_job_question(job), answer->plan);
        return RPC_INFEASIBLE;
    }
    return 0;
}

int plan_put_outcome(struct plan_job *job, struct buf *out)
{
    struct plan_news news;
    plan_job_news(job, &news);
    int code = refuse_planless(job, &news, out);
    if (code != 0)
        return code;
    const struct plan_label label = {plan_job_id(job), plan_job_plan(job), plan_state_name(news.state),
                                     news.elapsed_ms};
    json_open(out, '{');
    encode_revisions(out, plan_job_question(job)->dataset);
    encode_plan_summary(out, &label, plan_job_question(job), plan_job_answer(job));
    json_close(out, '}');
    return 0;
}

/* ---- plan.allocate, plan.what_if ---- */

static int refuse_full(struct buf *error, struct plans *plans)
{
    struct plans_stats stats;
    plans_stats(plans, &stats);
    rpc_error_open(error, RPC_OVERLOADED);
    json_put_integer(error, "retry_after_s", RETRY_AFTER_S);
    json_put_integer(error, "queue_depth", (int64_t)stats.queued);
    json_put_text(error, "what", "plans");
    json_put_integer(error, "limit", (int64_t)stats.queued);
    rpc_error_close(error);
    return RPC_OVERLOADED;
}

static int refuse_key(struct buf *error, const struct params *params)
{
    struct place place = params_place(params, "idempotency_key");
    return refuse_value(error, &place, "a key of its own: this one named another question",
                        params_get(params, "idempotency_key")->raw);
}

static int refuse_keys(struct buf *error)
{
    rpc_error_open(error, RPC_TOO_LARGE);
    json_put_integer(error, "limit", PLANS_KEYS_MAX);
    json_put_text(error, "what", "keys");
    rpc_error_close(error);
    return RPC_TOO_LARGE;
}

static void put_order(struct buf *out, struct plan_job *job)
{
    struct plan_news news;
    plan_job_news(job, &news);
    open_answer(out, job, &news);
    json_put_text(out, "plan", news.state == PLAN_queued || news.state == PLAN_running ? NULL : plan_job_plan(job));
    json_close(out, '}');
}

/* Takes the question. */
static int order(const struct method_call *call, const struct params *params, struct plan_question *question,
                 struct buf *out)
{
    char key[PLAN_KEY_MAX + 1];
    const struct param_value *given = params_get(params, "idempotency_key");
    struct plan_job *job;
    if (given->given)
        (void)json_string_copy(json_string_raw(given->raw), key, sizeof key);
    switch (plans_ask(plans_of(call), question, given->given ? key : NULL, call->dataset, &job)) {
    case PLANS_FULL:
        return refuse_full(out, plans_of(call));
    case PLANS_KEY_TAKEN:
        return refuse_key(out, params);
    case PLANS_KEYS_FULL:
        return refuse_keys(out);
    case PLANS_NO_MEMORY:
        return refuse_memory(out);
    default:
        break;
    }
    put_order(out, job);
    if (call->wish && params_get(params, "progress")->number) {
        call->wish->job = job;
        call->wish->follow = true;
    } else {
        plan_job_release(job);
    }
    return 0;
}

static int allocate(const struct method_call *call, const struct params *params, struct buf *out)
{
    struct plan_question *question;
    int code = plan_question_read(call->dataset, params, NULL, &question, out);
    return code == 0 ? order(call, params, question, out) : code;
}

int plan_allocate(const struct method_call *call, struct buf *out)
{
    return with_plans(call, plan_allocate_params, allocate, out);
}

static int refuse_stale(struct buf *error, const struct plan_job *base, const struct wm_dataset *current)
{
    rpc_error_open(error, RPC_STALE);
    json_put_key(error, "current");
    json_open(error, '{');
    encode_revisions(error, current);
    json_close(error, '}');
    json_put_key(error, "asked_of");
    json_open(error, '{');
    json_put_text(error, "dataset", plan_job_dataset(base));
    json_put_text(error, "policy", plan_job_policy(base));
    json_close(error, '}');
    json_put_text(error, "remedy", "ask the plan's question again, of the data loaded now, and change that plan");
    rpc_error_close(error);
    return RPC_STALE;
}

/* The base must have a plan, and be of what is loaded now: its question is asked again. */
static int judge_base(const struct method_call *call, struct plan_job *base, struct buf *error)
{
    struct plan_news news;
    plan_job_news(base, &news);
    if (strcmp(plan_job_dataset(base), wm_dataset_digest(call->dataset)) != 0 ||
        strcmp(plan_job_policy(base), wm_policy_digest(call->dataset)) != 0)
        return refuse_stale(error, base, call->dataset);
    return refuse_planless(base, &news, error);
}

static int what_if(const struct method_call *call, const struct params *params, struct buf *out)
{
    struct plan_job *base;
    struct plan_question *question;
    int code = find(plans_of(call), params, "plan", true, &base, out);
    if (code != 0)
        return code;
    code = judge_base(call, base, out);
    if (code == 0) {
        const struct plan_base from = {plan_job_plan(base), plan_job_question(base), plan_job_answer(base)->plan};
        code = plan_question_read(call->dataset, params, &from, &question, out);
    }
    if (code == 0)
        code = order(call, params, question, out);
    plan_job_release(base);
    return code;
}

int plan_what_if(const struct method_call *call, struct buf *out)
{
    return with_plans(call, plan_what_if_params, what_if, out);
}

/* ---- plan.wait, plan.cancel ---- */

/* Finds the job of a call that may be answered later; `cancel`: stops it. */
static int wait_for(const struct method_call *call, const struct param *table, bool cancel, struct buf *out)
{
    struct params params;
    struct plan_job *job;
    int code = params_read(call, table, &params, out);
    if (code != 0)
        return code;
    code = plans_of(call) ? find(plans_of(call), &params, "job", false, &job, out) : refuse_without_plans(out);
    int64_t timeout_ms = cancel || code != 0 ? -1 : params_get(&params, "timeout_ms")->number;
    params_fini(&params);
    if (code != 0)
        return code;
    if (cancel)
        plan_job_cancel(job);
    if (call->wish && timeout_ms != 0 && !plan_job_is_final(job)) {
        *call->wish = (struct method_wish){.job = job, .cancelled = cancel, .timeout_ms = timeout_ms};
        return METHOD_LATER;
    }
    if (cancel)
        plan_put_cancelled(job, out);
    else
        code = plan_put_outcome(job, out);
    plan_job_release(job);
    return code;
}

int plan_wait(const struct method_call *call, struct buf *out)
{
    return wait_for(call, plan_wait_params, false, out);
}

int plan_cancel(const struct method_call *call, struct buf *out)
{
    return wait_for(call, plan_cancel_params, true, out);
}

/* ---- plan.get, plan.list ---- */

static int put_page(const struct params *params, struct plan_job *job, struct buf *out)
{
    struct plan_news news;
    enum plan_part part = (enum plan_part)params_get(params, "part")->number;
    if (part == PLAN_PART_summary)
        return plan_put_outcome(job, out);
    plan_job_news(job, &news);
    int code = refuse_planless(job, &news, out);
    if (code != 0)
        return code;
    if (plan_job_answer(job) == NULL || !plan_job_answer(job)->plan->found) /* stopped before there was one */
        return refuse_unfinished(job, &news, out);
    json_open(out, '{');
    encode_revisions(out, plan_job_question(job)->dataset);
    json_put_text(out, "plan", plan_job_plan(job));
    encode_plan_page(out, plan_job_question(job), plan_job_answer(job), part,
                     (size_t)params_get(params, "offset")->number, (size_t)params_get(params, "limit")->number);
    json_close(out, '}');
    return 0;
}

static int get(const struct method_call *call, const struct params *params, struct buf *out)
{
    bool by_plan = params_get(params, "plan")->given, by_job = params_get(params, "job")->given;
    struct plan_job *job;
    if (by_plan == by_job) {
        struct place place = params_place(params, by_plan ? "job" : "plan");
        return refuse_value(out, &place, "either plan or job",
                            by_plan ? params_get(params, "job")->raw : (struct slice){0});
    }
    int code = find(plans_of(call), params, by_plan ? "plan" : "job", by_plan, &job, out);
    if (code != 0)
        return code;
    code = put_page(params, job, out);
    plan_job_release(job);
    return code;
}

int plan_get(const struct method_call *call, struct buf *out)
{
    return with_plans(call, plan_get_params, get, out);
}

static void put_listed(struct buf *out, struct plan_job *job)
{
    struct plan_news news;
    plan_job_news(job, &news);
    bool final = news.state != PLAN_queued && news.state != PLAN_running;
    const struct plan_answer *answer = final ? plan_job_answer(job) : NULL;
    json_open(out, '{');
    json_put_text(out, "job", plan_job_id(job));
    json_put_text(out, "plan", final ? plan_job_plan(job) : NULL);
    json_put_text(out, "state", plan_state_name(news.state));
    json_put_text(out, "status", answer ? wm_plan_status_name(answer->plan->status) : NULL);
    put_double(out, "value", news.found, news.value);
    put_double(out, "gap", news.found, news.gap);
    json_put_integer(out, "elapsed_ms", news.elapsed_ms);
    json_put_integer(out, "age_s", plan_job_age_ms(job) / 1000);
    json_close(out, '}');
}

int plan_list(const struct method_call *call, struct buf *out)
{
    struct plan_job *jobs[LIST_MAX];
    int code = params_read_none(call, out);
    if (code != 0)
        return code;
    if (!plans_of(call))
        return refuse_without_plans(out);
    size_t n = plans_list(plans_of(call), jobs, LIST_MAX);
    json_open(out, '{');
    encode_revisions(out, call->dataset);
    json_put_key(out, "jobs");
    json_open(out, '[');
    for (size_t i = 0; i < n; i++) {
        put_listed(out, jobs[i]);
        plan_job_release(jobs[i]);
    }
    json_close(out, ']');
    json_close(out, '}');
    return 0;
}

/* ---- plan.compare ---- */

static int put_comparison(const struct params *params, struct plan_job *a, struct plan_job *b, struct buf *out)
{
    struct plan_news news;
    plan_job_news(a, &news);
    int code = refuse_planless(a, &news, out);
    plan_job_news(b, &news);
    if (code == 0)
        code = refuse_planless(b, &news, out);
    if (code != 0)
        return code;
    if (strcmp(plan_job_dataset(a), plan_job_dataset(b)) != 0) {
        struct place place = params_place(params, "b");
        return refuse_value(out, &place, "a plan of the same dataset", params_get(params, "b")->raw);
    }
    json_open(out, '{');
    encode_revisions(out, plan_job_question(b)->dataset);
    json_put_text(out, "a", plan_job_plan(a));
    json_put_text(out, "b", plan_job_plan(b));
    code = encode_plan_comparison(out, plan_job_question(b)->dataset, plan_job_answer(a)->plan,
                                  plan_job_answer(b)->plan, (size_t)params_get(params, "offset")->number,
                                  (size_t)params_get(params, "limit")->number);
    json_close(out, '}');
    out->failed = out->starved = out->failed || code != WM_OK;
    return 0;
}

static int compare(const struct method_call *call, const struct params *params, struct buf *out)
{
    struct plan_job *a = NULL, *b = NULL;
    int code = find(plans_of(call), params, "a", true, &a, out);
    if (code == 0)
        code = find(plans_of(call), params, "b", true, &b, out);
    if (code == 0)
        code = put_comparison(params, a, b, out);
    plan_job_release(a);
    plan_job_release(b);
    return code;
}

int plan_compare(const struct method_call *call, struct buf *out)
{
    return with_plans(call, plan_compare_params, compare, out);
}

/* ---- plan.check ---- */

/* What is to be checked; the placements are either the caller's or a kept plan's. */
struct check {
    const struct plan_question *question;
    const struct wm_placement *placements;
    size_t n;
    const struct wm_prices *prices; /* NULL: none */
};

static int put_verdict(const struct check *check, struct buf *out)
{
    struct wm_plan_verdict verdict;
    struct wm_faults *faults;
    if (wm_faults_new(FAULTS_TOLD, &faults) != WM_OK)
        return refuse_memory(out);
    int code = wm_plan_verify(check->question->dataset, &check->question->request, check->placements, check->n,
                              check->prices, NULL, faults, &verdict);
    if (code == WM_OK) {
        json_open(out, '{');
        encode_revisions(out, check->question->dataset);
        encode_plan_verdict(out, faults, &verdict);
        json_close(out, '}');
    }
    wm_faults_free(faults);
    return code == WM_OK        ? 0
           : code == WM_EMEMORY ? refuse_memory(out)
                                : refuse_code(out, RPC_INTERNAL, wm_error_text(code));
}

/* With the caller's placements and prices where they are given, else those in `check`. */
static int check_given(const struct params *params, struct check *check, struct buf *out)
{
    struct wm_placement *placements = NULL;
    struct plan_prices prices = {0};
    int code = 0;
    if (params_get(params, "placements")->given) {
        code = plan_placements_read(check->question->dataset, params, "placements", &placements, &check->n, out);
        check->placements = placements;
    }
    if (code == 0 && params_get(params, "prices")->given) {
        code = plan_prices_read(check->question->dataset, params, &prices, out);
        check->prices = &prices.prices;
    }
    if (code == 0)
        code = put_verdict(check, out);
    free(placements);
    plan_prices_fini(&prices);
    return code;
}

/* A kept plan, or other placements for its question: which is then not asked otherwise. */
static int check_plan(const struct method_call *call, const struct params *params, struct buf *out)
{
    struct plan_job *job;
    struct plan_news news;
    if (!plans_of(call))
        return refuse_without_plans(out);
    for (size_t i = 3; i < params->n; i++)
        if (params->value[i].given) {
            struct place place = params_place(params, params->param[i]->name);
            return refuse_value(out, &place, "nothing beside plan but placements and prices", params->value[i].raw);
        }
    int code = find(plans_of(call), params, "plan", true, &job, out);
    if (code != 0)
        return code;
    plan_job_news(job, &news);
    code = refuse_planless(job, &news, out);
    if (code == 0) {
        const struct wm_plan *plan = plan_job_answer(job)->plan;
        const struct wm_prices prices = {plan->prices_femto, plan->n_package_prices, plan->package_prices};
        struct check check = {plan_job_question(job), plan->placements, plan->n_placements, &prices};
        code = check_given(params, &check, out);
    }
    plan_job_release(job);
    return code;
}

/* What moves are counted from: the caller's placements, or a kept plan's; without them there is nothing to move from. */
static int with_base(const struct method_call *call, const struct params *params, struct plan_question *question,
                     struct check *check, struct buf *out)
{
    bool listed = params_get(params, "base")->given, named = params_get(params, "base_plan")->given;
    bool moves = params_get(params, "moves_max")->given || params_get(params, "move_penalty")->given;
    struct wm_placement *placements = NULL;
    struct plan_job *job = NULL;
    int code = 0;
    if ((listed && named) || (moves && !listed && !named)) {
        struct place place = params_place(params, named ? "base_plan" : "base");
        return refuse_value(out, &place, "either base or base_plan, from which moves are counted",
                            listed ? params_get(params, "base")->raw : (struct slice){0});
    }
    if (listed) {
        code = plan_placements_read(question->dataset, params, "base", &placements, &question->request.n_base, out);
        question->request.base = placements;
    } else if (named) {
        code = plans_of(call) ? find(plans_of(call), params, "base_plan", true, &job, out) : refuse_without_plans(out);
        if (code == 0)
            code = judge_base(call, job, out);
        if (code == 0) {
            question->request.base = plan_job_answer(job)->plan->placements;
            question->request.n_base = plan_job_answer(job)->plan->n_placements;
        }
    }
    if (code == 0)
        code = check_given(params, check, out);
    free(placements);
    plan_job_release(job);
    return code;
}

static int check_question(const struct method_call *call, const struct params *params, struct buf *out)
{
    struct plan_question *question;
    if (!params_get(params, "placements")->given) {
        struct place place = params_place(params, "placements");
        return refuse_value(out, &place, "placements, or a plan", (struct slice){0});
    }
    int code = plan_question_read(call->dataset, params, NULL, &question, out);
    if (code != 0)
        return code;
    struct check check = {question, NULL, 0, NULL};
    code = with_base(call, params, question, &check, out);
    plan_question_free(question);
    return code;
}

int plan_check(const struct method_call *call, struct buf *out)
{
    struct params params;
    int code = params_read(call, plan_check_params, &params, out);
    if (code != 0)
        return code;
    code = params_get(&params, "plan")->given ? check_plan(call, &params, out) : check_question(call, &params, out);
    params_fini(&params);
    return code;
}
