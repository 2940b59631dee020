/* The table of all methods, and how one is found and run. */
#include "methods.h"

#include "jsonrpc.h"
#include "plan_question.h"

#include <assert.h>
#include <string.h>

#define SHORTLIST_EXAMPLE "{\"post\":\"V00001\",\"limit\":3}"
#define PAIR_EXAMPLE "{\"leader\":\"L000001\",\"post\":\"V00001\"}"

#define NAMED(text) text, sizeof text - 1

static const struct method methods[] = {
    {NAMED("match.shortlist"),
     "The best leaders for a post, each with the affordable package of the highest expected benefit.",
     match_shortlist_params, METHOD_PURE | METHOD_SCORES, match_shortlist, SHORTLIST_EXAMPLE},
    {NAMED("match.shortlists"), "Several shortlists at once, each as match.shortlist answers it.",
     match_shortlists_params, METHOD_PURE | METHOD_SCORES, match_shortlists,
     "{\"posts\":[\"V00001\",\"V00002\"],\"limit\":3}"},
    {NAMED("match.opportunities"),
     "The best posts for a leader, the readiness gap in each, and the posts just out of reach.",
     match_opportunities_params, METHOD_PURE | METHOD_SCORES, match_opportunities,
     "{\"leader\":\"L000001\",\"limit\":3}"},
    {NAMED("match.explain"),
     "Everything about one leader and one post: rules, every part, every package, the smallest change.",
     match_pair_params, METHOD_PURE | METHOD_SCORES, match_explain, PAIR_EXAMPLE},
    {NAMED("match.compare_packages"),
     "Every package for one leader and one post side by side: chance, cost, pounds per extra point.", match_pair_params,
     METHOD_PURE | METHOD_SCORES, match_compare_packages, PAIR_EXAMPLE},
    {NAMED("plan.allocate"),
     "Who should go where, with which package and mentor, for the most benefit within every limit: starts a job.",
     plan_allocate_params, METHOD_PLANS | METHOD_ACTS, plan_allocate, "{}"},
    {NAMED("plan.what_if"), "The same question with something changed: starts a job from a plan.", plan_what_if_params,
     METHOD_PLANS | METHOD_ACTS, plan_what_if,
     "{\"plan\":\"P0000000000000000\",\"limits\":[{\"resource\":\"mentor_hours\",\"of\":\"North West\",\"add\":20}]}"},
    {NAMED("plan.wait"), "Waits for a job, and answers with the plan's summary.", plan_wait_params, METHOD_WAITS,
     plan_wait, "{\"job\":\"J000000-1\"}"},
    {NAMED("plan.get"),
     "A plan: its summary, or a page of its placements, of who and what is left out and why, of prices, of totals.",
     plan_get_params, METHOD_PLANS, plan_get, "{\"plan\":\"P0000000000000000\",\"part\":\"placements\",\"limit\":3}"},
    {NAMED("plan.list"), "All jobs and plans that are kept, newest first.", no_params, 0, plan_list, "{}"},
    {NAMED("plan.cancel"), "Stops a job; the best plan so far is kept.", plan_cancel_params, METHOD_WAITS | METHOD_ACTS,
     plan_cancel, "{\"job\":\"J000000-1\"}"},
    {NAMED("plan.compare"), "The difference between two plans, in value and in moves.", plan_compare_params,
     METHOD_PLANS, plan_compare, "{\"a\":\"P0000000000000000\",\"b\":\"P0000000000000000\"}"},
    {NAMED("plan.check"),
     "Judges any plan by code that shares nothing with the solver: every limit, the value, the bound.",
     plan_check_params, METHOD_PLANS | METHOD_LONG, plan_check,
     "{\"placements\":[{\"leader\":\"L000001\",\"post\":\"V00001\",\"package\":\"P00\"}]}"},
    {NAMED("dataset.info"), "What is loaded: digests, tables and their columns, vocabularies.", no_params, METHOD_PURE,
     dataset_info, "{}"},
    {NAMED("dataset.list"), "Rows of one kind, in the order of their ids, narrowed by a filter, a page at a time.",
     dataset_list_params, METHOD_PURE | METHOD_SCORES, dataset_list,
     "{\"kind\":\"post\",\"filter\":{\"role\":\"chief_executive\"},\"limit\":5,\"columns\":[\"title\",\"ods_code\","
     "\"starts\"]}"},
    {NAMED("dataset.get"), "One row by kind and id.", dataset_get_params, METHOD_PURE, dataset_get,
     "{\"kind\":\"post\",\"id\":\"V00001\"}"},
    {NAMED("dataset.reload"), "Reads the data again and swaps it in; bad data keeps what is loaded and says why.",
     no_params, METHOD_RELOAD, NULL, "{}"},
    {NAMED("system.ping"), "Answers at once, with the revisions.", no_params, METHOD_PURE, system_ping, "{}"},
    {NAMED("system.info"), "The service: version, kernel, memory, listeners.", no_params, METHOD_GATHERS, system_info,
     "{}"},
    {NAMED("system.stats"), "Counters and latencies since the start.", no_params, METHOD_GATHERS, system_stats, "{}"},
    {NAMED("system.errors"), "Every error code with its name, meaning, and what its data holds.", no_params,
     METHOD_PURE, system_errors, "{}"},
    {NAMED("rpc.discover"), "This description of all methods, as an OpenRPC document.", no_params, 0, rpc_discover,
     "{}"},
};

enum { METHODS = sizeof methods / sizeof methods[0] };

const struct method *method_table(size_t *n)
{
    *n = METHODS;
    return methods;
}

const struct method *method_find(struct slice raw_name)
{
    for (size_t i = 0; i < METHODS; i++)
        if (methods[i].name_len == raw_name.len && memcmp(raw_name.at, methods[i].name, raw_name.len) == 0)
            return &methods[i];
    for (size_t i = 0; i < METHODS && memchr(raw_name.at, '\\', raw_name.len); i++)
        if (json_string_is(raw_name, methods[i].name))
            return &methods[i];
    return NULL;
}

const struct method *method_find_own(const char *name)
{
    static const struct method own[] = {
        {NAMED("/metrics"), "", no_params, METHOD_GATHERS, system_metrics, "{}"},
        {NAMED("/openmetrics"), "", no_params, METHOD_GATHERS, system_openmetrics, "{}"},
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(own[i].name, name) == 0)
            return &own[i];
    return NULL;
}

/* The method that is called so behind its dot: "shortlist" is match.shortlist. */
static const char *with_tail(const char *name)
{
    for (size_t i = 0; i < METHODS; i++)
        if (strcmp(strchr(methods[i].name, '.') + 1, name) == 0)
            return methods[i].name;
    return NULL;
}

void method_put_unknown(struct buf *error, struct slice raw_name)
{
    struct choices choices = {0};
    char shown[SHOWN_MAX + 1];
    if (json_string_copy(raw_name, shown, sizeof shown) == SIZE_MAX)
        shown[0] = '\0'; /* \u0000 in it: near to nothing */
    for (size_t i = 0; i < METHODS; i++)
        choices_add(&choices, methods[i].name);
    rpc_error_open(error, RPC_METHOD);
    json_put_text(error, "method", shown);
    const char *nearest = with_tail(shown);
    json_put_text(error, "nearest", nearest ? nearest : choices_nearest(&choices, shown));
    rpc_error_close(error);
}

static int refuse_answer(struct buf *out)
{
    rpc_error_open(out, RPC_TOO_LARGE);
    json_put_integer(out, "limit", ANSWER_MAX_BYTES);
    json_put_text(out, "what", "answer");
    json_put_text(out, "remedy", "ask for fewer rows with a smaller limit, and go on at next_offset");
    rpc_error_close(out);
    return RPC_TOO_LARGE;
}

int method_run(const struct method *method, const struct method_call *call, struct buf *out)
{
    assert(!out->failed && out->len <= out->max);
    size_t start = out->len, max = out->max, room = ANSWER_MAX_BYTES - ENVELOPE_MAX_BYTES;
    if (max - start > room)
        out->max = start + room;
    int code = method->run == NULL ? refuse_code(out, RPC_METHOD, "only a running service can do this")
                                   : method->run(call, out);
    out->max = max;
    if (!out->failed)
        return code;
    /* Make room for saying so: what was written so far is cut, and an error object fits where it stood. */
    bool starved = out->starved;
    buf_cut(out, start);
    out->failed = out->starved = false;
    code = starved ? refuse_memory(out) : refuse_answer(out);
    if (out->failed)
        buf_cut(out, start);
    return code;
}

size_t method_pairs(const struct method *method, const struct wm_dataset *dataset)
{
    if (!(method->flags & METHOD_SCORES))
        return 0;
    return wm_table_rows(dataset, method->run == match_opportunities ? WM_POSTS : WM_LEADERS);
}
