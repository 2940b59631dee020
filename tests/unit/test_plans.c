/*
 * Plans: questions are read into one spelling whatever theirs, jobs go through their states, equal ones share, what is
 * kept has its ceilings, and what is asked and answered stands in PROTOCOL.md. Solving is a stand-in that ends when the
 * test says so, but for the answers, which are the engine's on a corner of data/sample.
 */
#include "fault.h"
#include "jsonrpc.h"
#include "method.h"
#include "plans.h"

#include <jansson.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct wm_dataset *dataset; /* data/sample */
static char *protocol;

/* ---- A solver that ends when it is told to ---- */

static atomic_bool gate;      /* open: it ends at once */
static atomic_int n_solving;  /* in it */
static atomic_int n_solved;   /* out of it */
static atomic_int fails_with; /* a WM_E... */
static sem_t begun, ended;

static int stand_in_make(const struct wm_dataset *data, const struct wm_plan_request *request,
                         const struct wm_solve_options *options, struct wm_plan **out)
{
    struct wm_progress progress = {.phase = "prices", .bound = 2};
    (void)request;
    options->progress(options->arg, &progress);
    atomic_fetch_add(&n_solving, 1);
    sem_post(&begun);
    bool stopped = false;
    while (!atomic_load(&gate) && !(stopped = options->stop(options->arg)))
        usleep(200); /* its work */
    atomic_fetch_sub(&n_solving, 1);
    atomic_fetch_add(&n_solved, 1);
    if (atomic_load(&fails_with) != WM_OK)
        return atomic_load(&fails_with);
    struct wm_plan *plan = calloc(1, sizeof *plan);
    assert_non_null(plan);
    plan->status = stopped ? WM_PLAN_DEADLINE : WM_PLAN_OPTIMAL;
    plan->found = true;
    plan->n_resources = wm_resource_count(data);
    plan->limits = calloc(plan->n_resources, sizeof *plan->limits);
    plan->used = calloc(plan->n_resources, sizeof *plan->used);
    plan->prices_femto = calloc(plan->n_resources, sizeof *plan->prices_femto);
    plan->value_nano = 1000000000;
    plan->bound_nano = stopped ? 2000000000 : 1000000000;
    plan->gap = stopped ? 0.5 : 0;
    *out = plan;
    return WM_OK;
}

static int stand_in_explain(const struct wm_dataset *data, const struct wm_plan_request *request,
                            const struct wm_plan *plan, size_t resolve_max, const struct wm_solve_options *options,
                            struct wm_plan_report **out)
{
    (void)data, (void)request, (void)plan, (void)resolve_max, (void)options;
    *out = calloc(1, sizeof **out);
    assert_non_null(*out);
    return WM_OK;
}

static void stand_in_free(struct wm_plan *plan)
{
    free(plan->limits);
    free(plan->used);
    free(plan->prices_femto);
    free(plan);
}

static void stand_in_free_report(struct wm_plan_report *report)
{
    free(report);
}

static const struct plan_solver stand_in = {stand_in_make, stand_in_explain, stand_in_free, stand_in_free_report};

static void on_finished(void *arg)
{
    (void)arg;
    sem_post(&ended);
}

static struct plans *start(struct plans_options options)
{
    struct plans *plans;
    atomic_store(&gate, false);
    atomic_store(&fails_with, WM_OK);
    assert_int_equal(sem_init(&begun, 0, 0), 0);
    assert_int_equal(sem_init(&ended, 0, 0), 0);
    options.solver = &stand_in;
    options.finished = on_finished;
    assert_int_equal(plans_new(&options, &plans), 0);
    return plans;
}

static struct plans_options one_thread(void)
{
    struct plans_options options = PLANS_OPTIONS_INIT;
    options.solving = 1;
    options.nonce = 0xabc123;
    return options;
}

static void open_gate(struct plans *plans, struct plan_job *job)
{
    (void)plans;
    atomic_store(&gate, true);
    while (!plan_job_is_final(job))
        sem_wait(&ended);
    atomic_store(&gate, false);
}

/* ---- Questions ---- */

static struct slice slice(const char *text)
{
    return (struct slice){text, strlen(text)};
}

static int read_question(const char *text, const struct plan_base *base, struct plan_question **out, struct buf *error)
{
    const struct method_call call = {.dataset = dataset, .params = slice(text)};
    struct params params;
    buf_init(error, 100000);
    int code = params_read(&call, base ? plan_what_if_params : plan_allocate_params, &params, error);
    if (code == 0) {
        code = plan_question_read(dataset, &params, base, out, error);
        params_fini(&params);
    }
    buf_char(error, '\0');
    return code;
}

static struct plan_question *question(const char *text)
{
    struct plan_question *read;
    struct buf error;
    if (read_question(text, NULL, &read, &error) != 0)
        fail_msg("%s: %s", text, error.at);
    buf_fini(&error);
    return read;
}

static void questions_have_one_spelling(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "{\"gap\":0.000000000,\"resolve\":20}"},
        {"[]", "{\"gap\":0.000000000,\"resolve\":20}"},
        {"{\"resolve\":2e1,\"deadline_ms\":100,\"progress\":true,\"idempotency_key\":\"k\"}",
         "{\"gap\":0.000000000,\"resolve\":20}"},
        {"{\"posts\":[\"V00002\",\"V00001\",\"V00002\"],\"gap\":0.01}",
         "{\"posts\":[\"V00001\",\"V00002\"],\"gap\":0.010000000,\"resolve\":20}"},
        {"[[\"V00001\",\"V00002\"],null,null,null,null,null,null,null,null,null,null,1e-2]",
         "{\"posts\":[\"V00001\",\"V00002\"],\"gap\":0.010000000,\"resolve\":20}"},
        {"{\"without_leaders\":[],\"locks\":[],\"must_fill\":[\"V00003\"]}",
         "{\"must_fill\":[\"V00003\"],\"gap\":0.000000000,\"resolve\":20}"},
        {"{\"locks\":[{\"post\":\"V00001\",\"leader\":\"L000001\",\"mentor\":null}],\"forbids\":[{\"mentor\":\"M0001\"}"
         "]}",
         "{\"locks\":[{\"leader\":\"L000001\",\"post\":\"V00001\"}],\"forbids\":[{\"mentor\":\"M0001\"}],"
         "\"gap\":0.000000000,\"resolve\":20}"},
        {"{\"limits\":[{\"resource\":\"budget\",\"of\":\"region:Midlands\",\"add\":-1.0},"
         "{\"of\":\"North West\",\"resource\":\"mentor_hours\",\"to\":7}]}",
         "{\"limits\":[{\"resource\":\"budget\",\"of\":\"region:Midlands\",\"add\":-1},"
         "{\"resource\":\"mentor_hours\",\"of\":\"M0007\",\"to\":7}],\"gap\":0.000000000,\"resolve\":20}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plan_question *read = question(cases[i][0]);
        buf_char(&read->text, '\0');
        if (i < 7) /* of the last, the first mentor of a region is the sample's business */
            assert_string_equal(read->text.at, cases[i][1]);
        else
            assert_memory_equal(read->text.at, cases[i][1], 70);
        plan_question_free(read);
    }
}

static void wrong_questions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        const char *pointer, *nearest;
    } cases[] = {
        {"{\"post\":[]}", RPC_PARAMS, "/post", "posts"},
        {"{\"posts\":[]}", RPC_PARAMS, "/posts", NULL},
        {"{\"posts\":[\"V1\"]}", RPC_UNKNOWN, "/posts/0", NULL},
        {"{\"locks\":{}}", RPC_PARAMS, "/locks", NULL},
        {"{\"locks\":[7]}", RPC_PARAMS, "/locks/0", NULL},
        {"{\"locks\":[{\"leader\":\"L000001\"}]}", RPC_PARAMS, "/locks/0/post", NULL},
        {"{\"locks\":[{\"leader\":\"L000001\",\"post\":\"V00001\"},{\"leader\":\"L000001\",\"pots\":1}]}", RPC_PARAMS,
         "/locks/1/pots", "post"},
        {"{\"locks\":[{\"leader\":\"V00001\",\"post\":\"V00001\"}]}", RPC_UNKNOWN, "/locks/0/leader", NULL},
        {"{\"forbids\":[{}]}", RPC_PARAMS, "/forbids/0", NULL},
        {"{\"limits\":[{\"resource\":\"mentor\",\"of\":\"M0001\",\"add\":1}]}", RPC_PARAMS, "/limits/0/resource",
         "mentor_hours"},
        {"{\"limits\":[{\"resource\":\"stock\",\"of\":\"P99\",\"add\":1}]}", RPC_UNKNOWN, "/limits/0/of", NULL},
        {"{\"limits\":[{\"resource\":\"stock\",\"of\":\"P01\"}]}", RPC_PARAMS, "/limits/0", NULL},
        {"{\"limits\":[{\"resource\":\"stock\",\"of\":\"P01\",\"add\":1,\"to\":1}]}", RPC_PARAMS, "/limits/0", NULL},
        {"{\"limits\":[{\"resource\":\"stock\",\"of\":\"P01\",\"to\":-1}]}", RPC_PARAMS, "/limits/0/to", NULL},
        {"{\"policy\":[{\"pointer\":\"/accept/mentro/value\",\"to\":1}]}", RPC_PARAMS, "/policy/0/pointer",
         "/accept/mentor"},
        {"{\"policy\":[{\"pointer\":\"/accept/mentor\",\"to\":1}]}", RPC_PARAMS, "/policy/0/pointer", NULL},
        {"{\"policy\":[{\"pointer\":\"\",\"to\":1}]}", RPC_PARAMS, "/policy/0/pointer", NULL},
        {"{\"policy\":[{\"pointer\":\"/accept/mentor/value\",\"to\":\"1\"}]}", RPC_PARAMS, "/policy/0/to", NULL},
        {"{\"gap\":1.1}", RPC_PARAMS, "/gap", NULL},
        {"{\"gap\":-1e-9}", RPC_PARAMS, "/gap", NULL},
        {"{\"deadline_ms\":99}", RPC_PARAMS, "/deadline_ms", NULL},
        {"{\"resolve\":1001}", RPC_PARAMS, "/resolve", NULL},
        {"{\"idempotency_key\":\"\"}", RPC_PARAMS, "/idempotency_key", NULL},
        {"{\"progress\":1}", RPC_PARAMS, "/progress", NULL},
        {"{\"moves_max\":1}", RPC_PARAMS, "/moves_max", NULL}, /* there is nothing to move away from */
        {"[[\"V00001\",\"V1\"]]", RPC_UNKNOWN, "/0/1", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plan_question *read;
        struct buf error;
        int code = read_question(cases[i].text, NULL, &read, &error);
        if (code != cases[i].code)
            fail_msg("%s: %d %s", cases[i].text, code, error.at);
        json_t *json = json_loads(error.at, 0, NULL);
        const json_t *data = json_object_get(json, "data");
        assert_string_equal(json_string_value(json_object_get(data, "pointer")), cases[i].pointer);
        const char *nearest = json_string_value(json_object_get(data, "nearest"));
        if (cases[i].nearest && (nearest == NULL || strncmp(nearest, cases[i].nearest, strlen(cases[i].nearest)) != 0))
            fail_msg("%s: nearest is %s", cases[i].text, nearest);
        json_decref(json);
        buf_fini(&error);
    }
}

static void another_policy(void **state)
{
    (void)state;
    struct plan_question *plain = question("{}");
    struct plan_question *same = question("{\"policy\":[{\"pointer\":\"/accept/mentor/value\",\"to\":0.6}]}");
    struct plan_question *other = question("{\"policy\":[{\"pointer\":\"/accept/mentor/value\",\"to\":0.65},"
                                           "{\"pointer\":\"/accept/mentor/value\",\"to\":0.7}]}");
    assert_string_equal(wm_policy_digest(plain->dataset), wm_policy_digest(same->dataset));
    assert_string_not_equal(wm_policy_digest(plain->dataset), wm_policy_digest(other->dataset));
    assert_string_equal(wm_dataset_digest(plain->dataset), wm_dataset_digest(other->dataset));
    assert_false(plan_question_same(plain, other));
    size_t len;
    assert_non_null(strstr(wm_policy_json(other->dataset, &len), "\"mentor\": {\"value\": 0.7, "));
    plan_question_free(plain);
    plan_question_free(same);
    plan_question_free(other);

    struct plan_question *refused;
    struct buf error;
    assert_int_equal(
        read_question("{\"policy\":[{\"pointer\":\"/rules/grade_steps_up/value\",\"to\":-3}]}", NULL, &refused, &error),
        RPC_INVALID_DATA);
    assert_non_null(strstr(error.at, "\"file\":\"policy.json\""));
    buf_fini(&error);
}

static void what_if_adds_to_the_base(void **state)
{
    (void)state;
    struct plan_question *first = question("{\"posts\":[\"V00002\"],\"locks\":[{\"leader\":\"L000001\",\"post\":"
                                           "\"V00002\"}],\"gap\":0.5,\"deadline_ms\":500}");
    size_t n = wm_resource_count(dataset);
    struct wm_placement placement = {1, 2, 0, WM_NO_ROW};
    int64_t *prices = calloc(n, sizeof *prices);
    struct wm_plan plan = {
        .value_nano = 5, .n_placements = 1, .placements = &placement, .n_resources = n, .prices_femto = prices};
    /* Hours for a region go to its mentor with the highest price: the last one. */
    int region = wm_column_find(dataset, WM_MENTORS, "region");
    size_t last = 0;
    for (size_t row = 0; row < wm_table_rows(dataset, WM_MENTORS); row++) {
        char name[64];
        wm_cell_text(dataset, WM_MENTORS, row, (size_t)region, name, sizeof name);
        if (strcmp(name, "North West") == 0)
            last = row;
    }
    prices[wm_resource_index(dataset, WM_RESOURCE_MENTOR, last)] = 9;
    const struct plan_base base = {"Pbase", first, &plan};
    struct plan_question *then;
    struct buf error;
    assert_int_equal(read_question("{\"plan\":\"Pbase\",\"posts\":[\"V00001\"],\"forbids\":[{\"post\":\"V00001\"}],"
                                   "\"limits\":[{\"resource\":\"mentor_hours\",\"of\":\"North West\",\"add\":20}],"
                                   "\"moves_max\":3,\"move_penalty\":0.25}",
                                   &base, &then, &error),
                     0);
    char expected[400];
    snprintf(expected, sizeof expected,
             "{\"plan\":\"Pbase\",\"posts\":[\"V00001\",\"V00002\"],\"locks\":[{\"leader\":\"L000001\",\"post\":"
             "\"V00002\"}],\"forbids\":[{\"post\":\"V00001\"}],\"limits\":[{\"resource\":\"mentor_hours\",\"of\":"
             "\"%s\",\"add\":20}],\"move_penalty\":0.250000000,\"moves_max\":3,\"gap\":0.500000000,\"resolve\":20}",
             wm_row_id(dataset, WM_MENTORS, last));
    buf_char(&then->text, '\0');
    assert_string_equal(then->text.at, expected);
    assert_int_equal(then->deadline_ms, 500);
    assert_int_equal(then->base_nano, 5);
    assert_int_equal(then->request.n_base, 1);
    assert_memory_equal(then->request.base, &placement, sizeof placement);
    assert_ptr_not_equal(then->request.start_femto, prices);
    plan_question_free(first);
    plan_question_free(then);
    buf_fini(&error);
    free(prices);
}

static void questions_survive_any_failed_allocation(void **state)
{
    (void)state;
    static const char text[] = "{\"posts\":[\"V00001\",\"V00002\"],\"without_leaders\":[\"L000001\"],\"locks\":[{"
                               "\"leader\":\"L000002\",\"post\":"
                               "\"V00002\"}],\"forbids\":[{\"mentor\":\"M0001\"}],\"limits\":[{\"resource\":\"stock\","
                               "\"of\":\"P01\",\"to\":1}],"
                               "\"policy\":[{\"pointer\":\"/accept/mentor/value\",\"to\":0.5}]}";
    for (size_t n = 1;; n++) {
        struct plan_question *read = NULL;
        struct buf error;
        fault_after(n);
        int code = read_question(text, NULL, &read, &error);
        bool reached = fault_count() >= n;
        fault_off();
        if (code == 0)
            plan_question_free(read);
        else
            assert_int_equal(code, RPC_INTERNAL);
        buf_fini(&error);
        if (!reached) {
            assert_int_equal(code, 0);
            break;
        }
        assert_true(n < 5000);
    }
}

/* ---- Jobs ---- */

static void a_job_from_queued_to_done(void **state)
{
    (void)state;
    struct plans *plans = start(one_thread());
    struct plan_job *job, *other, *again;
    struct plan_news news;
    int64_t expired_at;
    assert_int_equal(plans_ask(plans, question("{}"), NULL, dataset, &job), PLANS_NEW);
    assert_string_equal(plan_job_id(job), "Jabc123-1");
    sem_wait(&begun);
    plan_job_news(job, &news);
    assert_int_equal(news.state, PLAN_running);
    assert_string_equal(news.phase, "prices");
    assert_false(news.found);
    assert_int_equal(plans_ask(plans, question("{\"gap\":0.1}"), NULL, dataset, &other), PLANS_NEW);
    plan_job_news(other, &news);
    assert_int_equal(news.state, PLAN_queued);
    assert_int_equal(plans_find_job(plans, "Jabc123-2", &again, &expired_at), PLANS_HELD);
    assert_ptr_equal(again, other);
    plan_job_release(again);

    open_gate(plans, job);
    open_gate(plans, other);
    plan_job_news(job, &news);
    assert_int_equal(news.state, PLAN_done);
    assert_true(news.found);
    char plan[PLAN_ID_CAP];
    snprintf(plan, sizeof plan, "P%s", plan_job_question(job)->digest);
    assert_string_equal(plan_job_plan(job), plan);
    assert_int_equal(plans_find_plan(plans, plan, &again, &expired_at), PLANS_HELD);
    assert_ptr_equal(again, job);
    plan_job_release(again);
    struct plan_job *all[4];
    assert_int_equal(plans_list(plans, all, 4), 2);
    assert_ptr_equal(all[0], other);
    assert_ptr_equal(all[1], job);
    struct plans_stats stats;
    plans_stats(plans, &stats);
    assert_int_equal(stats.kept, 2);
    assert_int_equal(stats.running + stats.queued, 0);
    struct plan_job *held[] = {job, other, all[0], all[1]};
    for (size_t i = 0; i < 4; i++)
        plan_job_release(held[i]);
    plans_free(plans);
}

static void equal_questions_share(void **state)
{
    (void)state;
    struct plans *plans = start(one_thread());
    struct plan_job *job, *same;
    int before = atomic_load(&n_solved);
    assert_int_equal(plans_ask(plans, question("{\"posts\":[\"V00001\",\"V00002\"]}"), NULL, dataset, &job), PLANS_NEW);
    assert_int_equal(
        plans_ask(plans, question("{\"posts\":[\"V00002\",\"V00001\"],\"progress\":true}"), NULL, dataset, &same),
        PLANS_FOUND);
    assert_ptr_equal(same, job);
    plan_job_release(same);
    /* On its way with another deadline: it may be cut where this one is not. */
    assert_int_equal(
        plans_ask(plans, question("{\"posts\":[\"V00002\",\"V00001\"],\"deadline_ms\":70000}"), NULL, dataset, &same),
        PLANS_NEW);
    plan_job_cancel(same);
    plan_job_release(same);
    open_gate(plans, job);
    assert_int_equal(
        plans_ask(plans, question("{\"posts\":[\"V00002\",\"V00001\"],\"deadline_ms\":80000}"), NULL, dataset, &same),
        PLANS_FOUND);
    assert_ptr_equal(same, job);
    plan_job_release(same);
    plan_job_release(job);
    plans_free(plans);
    assert_int_equal(atomic_load(&n_solved) - before, 1);
}

static void keys_name_what_was_asked(void **state)
{
    (void)state;
    struct plans *plans = start(one_thread());
    struct plan_job *job, *same;
    assert_int_equal(plans_ask(plans, question("{\"deadline_ms\":100}"), "k", dataset, &job), PLANS_NEW);
    while (!plan_job_is_final(job)) /* cut at its deadline: an equal question would solve anew */
        sem_wait(&ended);
    assert_true(plan_job_answer(job)->cut);
    assert_int_equal(plans_ask(plans, question("{\"deadline_ms\":100}"), "k", dataset, &same), PLANS_FOUND);
    assert_ptr_equal(same, job);
    plan_job_release(same);
    assert_int_equal(plans_ask(plans, question("{\"deadline_ms\":101}"), "k", dataset, &same), PLANS_KEY_TAKEN);
    assert_int_equal(plans_ask(plans, question("{\"gap\":0.1,\"deadline_ms\":100}"), "k", dataset, &same),
                     PLANS_KEY_TAKEN);
    plan_job_release(job);

    struct plan_job *shared;
    assert_int_equal(plans_ask(plans, question("{\"gap\":0.2}"), "one", dataset, &job), PLANS_NEW);
    assert_int_equal(plans_ask(plans, question("{\"gap\":0.2}"), "two", dataset, &shared), PLANS_FOUND);
    assert_ptr_equal(job, shared);
    plan_job_release(shared);
    for (size_t i = 2; i <= PLANS_KEYS_MAX; i++) {
        char key[24];
        snprintf(key, sizeof key, "key %zu", i);
        enum plans_asked asked = plans_ask(plans, question("{\"gap\":0.2}"), key, dataset, &same);
        assert_int_equal(asked, i < PLANS_KEYS_MAX ? PLANS_FOUND : PLANS_KEYS_FULL);
        if (asked == PLANS_FOUND)
            plan_job_release(same);
    }
    plan_job_cancel(job);
    while (!plan_job_is_final(job))
        sem_wait(&ended);
    static const char *const keys[] = {"one", "two"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(plans_ask(plans, question("{\"gap\":0.2}"), keys[i], dataset, &same), PLANS_FOUND);
        assert_ptr_equal(same, job);
        plan_job_release(same);
    }
    plan_job_release(job);
    plans_free(plans);
}

static void cancelled_jobs_keep_what_they_have(void **state)
{
    (void)state;
    struct plans *plans = start(one_thread());
    struct plan_job *running, *queued, *anew;
    struct plan_news news;
    plans_ask(plans, question("{}"), NULL, dataset, &running);
    plans_ask(plans, question("{\"gap\":0.1}"), NULL, dataset, &queued);
    sem_wait(&begun);
    plan_job_cancel(queued);
    plan_job_news(queued, &news);
    assert_int_equal(news.state, PLAN_cancelled);
    assert_null(plan_job_answer(queued));
    assert_null(plan_job_plan(queued));
    plan_job_cancel(running);
    plan_job_cancel(running);
    while (!plan_job_is_final(running))
        sem_wait(&ended);
    plan_job_news(running, &news);
    assert_int_equal(news.state, PLAN_cancelled);
    assert_int_equal(plan_job_answer(running)->plan->status, WM_PLAN_DEADLINE);
    char plan[2 * PLAN_ID_CAP];
    snprintf(plan, sizeof plan, "P%s-%s", plan_job_question(running)->digest, plan_job_id(running));
    assert_string_equal(plan_job_plan(running), plan);
    assert_int_equal(plans_ask(plans, question("{}"), NULL, dataset, &anew), PLANS_NEW);
    open_gate(plans, anew);
    assert_int_equal(strlen(plan_job_plan(anew)), 17);
    plan_job_cancel(anew); /* too late, which is no fault */
    plan_job_news(anew, &news);
    assert_int_equal(news.state, PLAN_done);
    plan_job_release(running);
    plan_job_release(queued);
    plan_job_release(anew);
    plans_free(plans);
}

static void the_queue_has_a_ceiling(void **state)
{
    (void)state;
    struct plans_options options = one_thread();
    options.waiting_max = 2;
    struct plans *plans = start(options);
    struct plan_job *jobs[3], *refused;
    plans_ask(plans, question("{\"resolve\":0}"), NULL, dataset, &jobs[0]);
    sem_wait(&begun);
    assert_int_equal(plans_ask(plans, question("{\"resolve\":1}"), NULL, dataset, &jobs[1]), PLANS_NEW);
    assert_int_equal(plans_ask(plans, question("{\"resolve\":2}"), NULL, dataset, &jobs[2]), PLANS_NEW);
    assert_int_equal(plans_ask(plans, question("{\"resolve\":3}"), NULL, dataset, &refused), PLANS_FULL);
    assert_int_equal(plans_ask(plans, question("{\"resolve\":2}"), NULL, dataset, &refused), PLANS_FOUND);
    plan_job_release(refused);
    plan_job_cancel(jobs[1]);
    assert_int_equal(plans_ask(plans, question("{\"resolve\":3}"), NULL, dataset, &refused), PLANS_NEW);
    plan_job_release(refused);
    for (size_t i = 0; i < 3; i++)
        plan_job_release(jobs[i]);
    plans_stop(plans); /* in the middle of the first */
    plans_free(plans);
    assert_int_equal(atomic_load(&n_solving), 0);
}

static void what_is_kept_has_ceilings(void **state)
{
    (void)state;
    for (int by_bytes = 0; by_bytes <= 1; by_bytes++) {
        struct plans_options options = one_thread();
        if (by_bytes)
            options.kept_bytes_max = 1; /* the newest stays all the same */
        else
            options.kept_max = 1;
        struct plans *plans = start(options);
        struct plan_job *first, *second, *found;
        char job[PLAN_ID_CAP], plan[PLAN_ID_CAP];
        int64_t expired_at;
        plans_ask(plans, question("{\"resolve\":1}"), "key", dataset, &first);
        open_gate(plans, first);
        snprintf(job, sizeof job, "%s", plan_job_id(first));
        snprintf(plan, sizeof plan, "%s", plan_job_plan(first));
        assert_int_equal(plans_find_plan(plans, plan, &found, &expired_at), PLANS_HELD);
        plan_job_release(found);
        plans_ask(plans, question("{\"resolve\":2}"), NULL, dataset, &second);
        open_gate(plans, second);
        assert_int_equal(plans_find_plan(plans, plan, &found, &expired_at), PLANS_GONE);
        assert_true(expired_at > 1700000000);
        assert_int_equal(plans_find_job(plans, job, &found, &expired_at), PLANS_GONE);
        assert_true(expired_at > 1700000000);
        assert_int_equal(plans_find_plan(plans, plan_job_plan(second), &found, &expired_at), PLANS_HELD);
        plan_job_release(found);
        assert_int_equal(plans_find_job(plans, "Jabc123-3", &found, &expired_at), PLANS_UNKNOWN);
        assert_int_equal(plans_find_job(plans, "Jabc124-1", &found, &expired_at), PLANS_UNKNOWN);
        assert_int_equal(plans_find_job(plans, "Jabc123-01", &found, &expired_at), PLANS_UNKNOWN);
        assert_int_equal(plans_find_plan(plans, "P0123456789abcdef", &found, &expired_at), PLANS_UNKNOWN);
        assert_int_equal(plans_find_plan(plans, "", &found, &expired_at), PLANS_UNKNOWN);
        char nearest[3][PLAN_ID_CAP];
        assert_int_equal(plans_nearest(plans, false, "Jabc123-22", nearest, 3), 1);
        assert_string_equal(nearest[0], "Jabc123-2");
        assert_int_equal(plan_job_answer(first)->plan->value_nano, 1000000000); /* whoever holds it still can read */
        plan_job_release(first);
        plan_job_release(second);
        plans_free(plans);
    }
    struct plans_options options = one_thread();
    options.kept_ms = 0;
    struct plans *plans = start(options);
    struct plan_job *job, *found;
    int64_t expired_at;
    plans_ask(plans, question("{}"), NULL, dataset, &job);
    open_gate(plans, job);
    assert_int_equal(plans_find_job(plans, plan_job_id(job), &found, &expired_at), PLANS_GONE);
    plan_job_release(job);
    plans_free(plans);
}

/* Reading one, or asking for it again, keeps it; the one that nobody looked at goes. */
static void what_is_used_is_kept(void **state)
{
    (void)state;
    struct plans_options options = one_thread();
    options.kept_max = 3;
    struct plans *plans = start(options);
    struct plan_job *jobs[5], *found;
    char ids[5][PLAN_ID_CAP], text[40];
    int64_t expired_at;
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof text, "{\"resolve\":%d}", i);
        assert_int_equal(plans_ask(plans, question(text), NULL, dataset, &jobs[i]), PLANS_NEW);
        open_gate(plans, jobs[i]);
        snprintf(ids[i], sizeof ids[i], "%s", plan_job_plan(jobs[i]));
        assert_int_equal(plans_find_plan(plans, ids[0], &found, &expired_at), PLANS_HELD);
        plan_job_release(found);
        if (i == 3) { /* 0, 2 and 3 are there */
            assert_int_equal(plans_ask(plans, question("{\"resolve\":2}"), NULL, dataset, &found), PLANS_FOUND);
            plan_job_release(found);
        }
    }
    for (int i = 0; i < 5; i++) {
        enum plans_found is = plans_find_plan(plans, ids[i], &found, &expired_at);
        assert_int_equal(is, i == 1 || i == 3 ? PLANS_GONE : PLANS_HELD);
        plan_job_release(is == PLANS_HELD ? found : NULL);
        plan_job_release(jobs[i]);
    }
    plans_free(plans);
}

static void failures_are_told(void **state)
{
    (void)state;
    struct plans *plans = start(one_thread());
    struct plan_job *job;
    struct plan_news news;
    atomic_store(&fails_with, WM_EMEMORY);
    plans_ask(plans, question("{}"), NULL, dataset, &job);
    open_gate(plans, job);
    plan_job_news(job, &news);
    assert_int_equal(news.state, PLAN_failed);
    assert_int_equal(plan_job_failure(job), WM_EMEMORY);
    assert_null(plan_job_plan(job));
    plan_job_release(job);
    plans_free(plans);
}

/* ---- Answers: the engine's, on a corner of the sample, solved as they are asked for ---- */

#define CORNER "\"posts\":[\"V00001\",\"V00031\",\"V00002\"],\"resolve\":1"

static struct method_host host;

static int ask(const char *name, const char *params, struct buf *out)
{
    const struct method *method = method_find(slice(name));
    assert_non_null(method);
    const struct method_call call = {.dataset = dataset, .host = &host, .params = slice(params)};
    buf_init(out, 2 * ANSWER_MAX_BYTES);
    int code = method_run(method, &call, out);
    assert_false(out->failed);
    buf_char(out, '\0');
    return code;
}

static json_t *parse(const char *name, const char *params, int expected)
{
    struct buf out;
    int code = ask(name, params, &out);
    if (code != expected)
        fail_msg("%s %s: %d %s", name, params, code, out.at);
    json_t *json = json_loads(out.at, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    buf_fini(&out);
    return json;
}

/* A member of the answer to a question, copied. */
static void member(json_t *json, const char *key, char out[PLAN_ID_CAP])
{
    const char *text = json_string_value(json_object_get(json, key));
    assert_non_null(text);
    snprintf(out, PLAN_ID_CAP, "%s", text);
    json_decref(json);
}

static void assert_documented(const json_t *json, const char *within)
{
    static const char *const data[] = {"parts", "current"};
    for (size_t i = 0; within && i < sizeof data / sizeof data[0]; i++)
        if (strcmp(within, data[i]) == 0)
            return;
    const char *key;
    const json_t *value;
    size_t index;
    json_object_foreach ((json_t *)(uintptr_t)json, key, value) {
        char quoted[100];
        snprintf(quoted, sizeof quoted, "`%s`", key);
        if (strstr(protocol, quoted) == NULL)
            fail_msg("api/PROTOCOL.md says nothing of %s", quoted);
        assert_documented(value, key);
    }
    json_array_foreach (json, index, value)
        assert_documented(value, NULL);
}

static int64_t nano(const json_t *number)
{
    double value = json_number_value(number);
    return (int64_t)(value * 1e9 + (value < 0 ? -0.5 : 0.5));
}

static void every_part_of_a_plan(void **state)
{
    (void)state;
    static const char *const parts[] = {"placements", "unfilled", "unplaced", "prices", "totals"};
    char plan[PLAN_ID_CAP], job[PLAN_ID_CAP], params[300];
    json_t *order = parse("plan.allocate", "{" CORNER "}", 0);
    assert_string_equal(json_string_value(json_object_get(order, "state")), "done");
    member(json_incref(order), "plan", plan);
    member(order, "job", job);

    snprintf(params, sizeof params, "[\"%s\"]", job);
    json_t *summary = parse("plan.wait", params, 0);
    assert_documented(summary, NULL);
    assert_string_equal(json_string_value(json_object_get(summary, "status")), "optimal");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(params, sizeof params, "{\"plan\":\"%s\",\"part\":\"%s\",\"limit\":1000}", plan, parts[i]);
        json_t *page = parse("plan.get", params, 0);
        assert_documented(page, NULL);
        const json_t *total = json_object_get(summary, parts[i]);
        if (i < 3)
            assert_int_equal(json_array_size(json_object_get(page, "rows")), json_integer_value(total));
        json_decref(page);
    }
    snprintf(params, sizeof params, "[\"%s\",null,\"placements\",1000]", plan);
    json_t *page = parse("plan.get", params, 0), *row;
    size_t i;
    int64_t value = 0;
    json_array_foreach (json_object_get(page, "rows"), i, row) {
        const char *domain;
        const json_t *part;
        int64_t sum = 0;
        json_object_foreach (json_object_get(row, "parts"), domain, part)
            sum += nano(part);
        assert_int_equal(sum, nano(json_object_get(row, "expected")));
        value += nano(json_object_get(row, "value"));
    }
    assert_int_equal(value, nano(json_object_get(summary, "value")));
    json_decref(page);
    json_decref(summary);

    snprintf(params, sizeof params, "[\"%s\"]", plan);
    json_t *verdict = parse("plan.check", params, 0);
    assert_documented(verdict, NULL);
    assert_true(json_is_true(json_object_get(verdict, "feasible")));
    assert_int_equal(nano(json_object_get(verdict, "value")), value);
    json_decref(verdict);
}

static void changed_questions_tell_the_difference(void **state)
{
    (void)state;
    char plan[PLAN_ID_CAP], other[PLAN_ID_CAP], params[300];
    member(parse("plan.allocate", "{" CORNER "}", 0), "plan", plan);
    snprintf(params, sizeof params, "{\"plan\":\"%s\",\"without_posts\":[\"V00001\"],\"moves_max\":5}", plan);
    member(parse("plan.what_if", params, 0), "plan", other);
    snprintf(params, sizeof params, "[\"%s\"]", other);
    json_t *summary = parse("plan.get", params, 0);
    assert_documented(summary, NULL);
    assert_string_equal(json_string_value(json_object_get(summary, "base")), plan);
    assert_true(nano(json_object_get(json_object_get(summary, "change"), "value")) <= 0);
    snprintf(params, sizeof params, "{\"a\":\"%s\",\"b\":\"%s\"}", plan, other);
    json_t *moves = parse("plan.compare", params, 0);
    assert_documented(moves, NULL);
    assert_true(
        json_equal(json_object_get(moves, "counts"), json_object_get(json_object_get(summary, "change"), "moves")));
    assert_int_equal(nano(json_object_get(moves, "difference")),
                     nano(json_object_get(json_object_get(summary, "change"), "value")));
    json_decref(moves);
    json_decref(summary);
}

static void conflicts_are_named(void **state)
{
    (void)state;
    char job[PLAN_ID_CAP], params[100];
    static const char twice[] =
        "{\"locks\":[{\"leader\":\"L000167\",\"post\":\"V00001\"},{\"leader\":\"L000167\",\"post\":"
        "\"V00031\"}],\"without_posts\":[\"V00003\"]}";
    member(parse("plan.allocate", twice, 0), "job", job);
    snprintf(params, sizeof params, "[\"%s\"]", job);
    json_t *error = parse("plan.wait", params, RPC_INFEASIBLE);
    const json_t *data = json_object_get(error, "data"), *conflict = json_object_get(data, "conflict");
    assert_documented(data, NULL);
    assert_true(json_array_size(conflict) >= 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(conflict, 0), "kind")), "lock");
    assert_true(json_array_size(json_object_get(data, "relaxations")) >= 1);
    json_decref(error);
}

static void ids_that_are_none(void **state)
{
    (void)state;
    static const char *const asked[][3] = {{"plan.wait", "{\"job\":\"J1\"}", "/job"},
                                           {"plan.get", "[\"P1\"]", "/0"},
                                           {"plan.get", "[null,\"J1\"]", "/1"},
                                           {"plan.what_if", "{\"plan\":\"P1\"}", "/plan"},
                                           {"plan.cancel", "[\"J1\"]", "/0"},
                                           {"plan.compare", "{\"a\":\"P1\",\"b\":\"P2\"}", "/a"},
                                           {"plan.check", "{\"plan\":\"J000000-1\"}", "/plan"}};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        json_t *error = parse(asked[i][0], asked[i][1], RPC_UNKNOWN);
        const json_t *data = json_object_get(error, "data");
        assert_string_equal(json_string_value(json_object_get(data, "pointer")), asked[i][2]);
        json_decref(error);
    }
    json_decref(parse("plan.get", "{}", RPC_PARAMS));
    json_decref(parse("plan.get", "{\"plan\":\"P1\",\"job\":\"J1\"}", RPC_PARAMS));
    json_decref(parse("plan.get", "{\"plan\":\"P1\",\"part\":\"prise\"}", RPC_PARAMS));
    json_decref(parse("plan.check", "{}", RPC_PARAMS));
    json_decref(parse("plan.check", "{\"plan\":\"P1\",\"posts\":[\"V00001\"]}", RPC_PARAMS));
    json_t *list = parse("plan.list", "[]", 0);
    assert_documented(list, NULL);
    json_decref(list);
}

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        return NULL;
    size_t len = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(len + 1);
    if (text != NULL)
        text[fread(text, 1, len, file)] = '\0';
    fclose(file);
    return text;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_have_one_spelling),
        cmocka_unit_test(wrong_questions),
        cmocka_unit_test(another_policy),
        cmocka_unit_test(what_if_adds_to_the_base),
        cmocka_unit_test(questions_survive_any_failed_allocation),
        cmocka_unit_test(a_job_from_queued_to_done),
        cmocka_unit_test(equal_questions_share),
        cmocka_unit_test(keys_name_what_was_asked),
        cmocka_unit_test(cancelled_jobs_keep_what_they_have),
        cmocka_unit_test(the_queue_has_a_ceiling),
        cmocka_unit_test(what_is_kept_has_ceilings),
        cmocka_unit_test(what_is_used_is_kept),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(every_part_of_a_plan),
        cmocka_unit_test(changed_questions_tell_the_difference),
        cmocka_unit_test(conflicts_are_named),
        cmocka_unit_test(ids_that_are_none),
    };
    const struct plans_options options = PLANS_OPTIONS_INIT;
    protocol = read_whole("api/PROTOCOL.md");
    if (protocol == NULL || wm_dataset_load("data/sample", NULL, &dataset) != WM_OK ||
        plans_new(&options, &host.plans)) {
        fputs("api/PROTOCOL.md or data/sample cannot be read: run this from the repository's root\n", stderr);
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    plans_free(host.plans);
    wm_dataset_unref(dataset);
    free(protocol);
    return failed;
}
