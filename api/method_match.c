/*
 * match.*: who fits a post, what suits a leader, and why. Params become a wm_query; the engine answers; encode.c
 * writes.
 */
#include "methods.h"

#include "encode.h"
#include "jsonrpc.h"
#include "params.h"

#define KM_MAX 20000000 /* thousandths: half the way round the earth */
#define COST_MAX INT64_C(1000000000000)
#define LIST_MAX WM_FILTER_IDS_MAX

#define LIMIT                                                                              \
    {                                                                                      \
        "limit", PARAM_INTEGER, false, 1, WM_LIMIT_MAX, "10", "How many rows.", NULL, NULL \
    }
#define OFFSET                                                                                                       \
    {                                                                                                                \
        "offset", PARAM_INTEGER, false, 0, WM_ROWS_MAX, "0", "Ranks to skip: next_offset of the page before.", NULL, \
            NULL                                                                                                     \
    }
#define PACKAGES                                                                                                \
    {                                                                                                           \
        "packages", PARAM_IDS, false, 1, LIST_MAX, NULL, "Only these packages may be offered.", NULL, "package" \
    }
#define WITHIN                                                                                              \
    {                                                                                                       \
        "within_km", PARAM_NUMBER, false, 0, KM_MAX, NULL,                                                  \
            "Only within this distance of the organisation; an unknown distance does not pass.", NULL, NULL \
    }
#define LOCAL_COST                                                                                                     \
    {                                                                                                                  \
        "max_local_cost_gbp", PARAM_INTEGER, false, 0, COST_MAX, NULL, "Packages of no higher local cost.", NULL, NULL \
    }
#define CENTRAL_COST                                                                                                  \
    {                                                                                                                 \
        "max_central_cost_gbp", PARAM_INTEGER, false, 0, COST_MAX, NULL, "Packages of no higher central cost.", NULL, \
            NULL                                                                                                      \
    }
#define END          \
    {                \
        .name = NULL \
    }

static const struct param shortlist_filters[] = {
    {"grades", PARAM_WORDS, false, 1, 62, NULL, "Only leaders of these grades.", NULL, "grade"},
    {"sectors", PARAM_WORDS, false, 1, 62, NULL, "Only leaders who have worked in one of these sectors.", NULL,
     "sector"},
    WITHIN,
    LOCAL_COST,
    CENTRAL_COST,
    {"leaders", PARAM_IDS, false, 1, LIST_MAX, NULL, "Only these leaders.", NULL, "leader"},
    {"without", PARAM_IDS, false, 0, LIST_MAX, NULL, "Not these leaders.", NULL, "leader"},
    END,
};

const struct param match_shortlist_params[] = {
    {"post", PARAM_ID, true, 0, 0, NULL, "The post to fill.", NULL, "post"},
    LIMIT,
    OFFSET,
    PACKAGES,
    {"filters", PARAM_OBJECT, false, 0, 0, NULL, "Each narrows; those left out count as refused by the rule filter.",
     shortlist_filters, NULL},
    END,
};

const struct param match_shortlists_params[] = {
    {"posts", PARAM_IDS, true, 1, WM_SHORTLISTS_TOGETHER, NULL, "The posts to fill.", NULL, "post"},
    LIMIT,
    OFFSET,
    PACKAGES,
    {"filters", PARAM_OBJECT, false, 0, 0, NULL, "Each narrows; those left out count as refused by the rule filter.",
     shortlist_filters, NULL},
    END,
};

static const struct param opportunity_filters[] = {
    {"regions", PARAM_WORDS, false, 1, 62, NULL, "Only posts at organisations in these regions.", NULL, "region"},
    WITHIN,
    LOCAL_COST,
    CENTRAL_COST,
    {"posts", PARAM_IDS, false, 1, LIST_MAX, NULL, "Only these posts; also those of unknown severity.", NULL, "post"},
    {"without", PARAM_IDS, false, 0, LIST_MAX, NULL, "Not these posts.", NULL, "post"},
    END,
};

const struct param match_opportunities_params[] = {
    {"leader", PARAM_ID, true, 0, 0, NULL, "The leader to find posts for.", NULL, "leader"},
    LIMIT,
    OFFSET,
    PACKAGES,
    {"filters", PARAM_OBJECT, false, 0, 0, NULL, "Each narrows; those left out count as refused by the rule filter.",
     opportunity_filters, NULL},
    END,
};

const struct param match_pair_params[] = {
    {"leader", PARAM_ID, true, 0, 0, NULL, "The leader.", NULL, "leader"},
    {"post", PARAM_ID, true, 0, 0, NULL, "The post.", NULL, "post"},
    END,
};

/* The engine refuses only what params_read has let through by mistake, or for want of memory. */
static int engine_failed(struct buf *out, int code)
{
    return code == WM_EMEMORY ? refuse_memory(out) : refuse_code(out, RPC_INTERNAL, wm_error_text(code));
}

static int64_t number_or_any(const struct params *params, const char *name)
{
    const struct param_value *value = params_get(params, name);
    return value->given ? value->number : WM_MISSING;
}

/* What all questions share but whom they are about; rows are borrowed from `params`. */
static struct wm_query query_of(const struct params *params, const char *among)
{
    struct wm_query query = WM_QUERY_INIT;
    query.offset = (size_t)params_get(params, "offset")->number;
    query.limit = (size_t)params_get(params, "limit")->number;
    query.packages = params_get(params, "packages")->rows;
    query.n_packages = params_get(params, "packages")->n_rows;
    query.within_m = number_or_any(params, "within_km");
    query.max_local_cost_gbp = number_or_any(params, "max_local_cost_gbp");
    query.max_central_cost_gbp = number_or_any(params, "max_central_cost_gbp");
    query.among = params_get(params, among)->rows;
    query.n_among = params_get(params, among)->n_rows;
    query.without = params_get(params, "without")->rows;
    query.n_without = params_get(params, "without")->n_rows;
    return query;
}

static struct wm_query shortlist_query(const struct params *params)
{
    struct wm_query query = query_of(params, "leaders");
    query.grades = params_get(params, "grades")->words;
    query.sectors = params_get(params, "sectors")->words;
    return query;
}

static void put_shortlist(struct buf *out, const struct wm_dataset *dataset, const struct wm_query *query,
                          const struct wm_shortlist *shortlist)
{
    json_open(out, '{');
    encode_revisions(out, dataset);
    encode_shortlist(out, dataset, query, shortlist);
    json_close(out, '}');
}

int match_shortlist(const struct method_call *call, struct buf *out)
{
    struct params params;
    int code = params_read(call, match_shortlist_params, &params, out);
    if (code != 0)
        return code;
    struct wm_query query = shortlist_query(&params);
    query.subject = (size_t)params_get(&params, "post")->number;
    struct wm_shortlist *shortlist;
    code = wm_shortlist_make(call->dataset, &query, &shortlist);
    params_fini(&params);
    if (code != WM_OK)
        return engine_failed(out, code);
    put_shortlist(out, call->dataset, &query, shortlist);
    wm_shortlist_free(shortlist);
    return 0;
}

/* Each with the room it would have alone, so that its pages end where they would end alone. */
static void put_shortlists(struct buf *out, const struct wm_dataset *dataset, const struct wm_query *queries,
                           struct wm_shortlist *const *shortlists, size_t n)
{
    struct buf one;
    buf_init(&one, ANSWER_MAX_BYTES - ENVELOPE_MAX_BYTES);
    json_open(out, '{');
    encode_revisions(out, dataset);
    json_put_key(out, "shortlists");
    json_open(out, '[');
    for (size_t i = 0; i < n && !out->failed; i++) {
        buf_clear(&one);
        put_shortlist(&one, dataset, &queries[i], shortlists[i]);
        json_item(out);
        buf_put(out, one.at, one.len);
        out->failed |= one.failed;
        out->starved |= one.starved;
    }
    json_close(out, ']');
    json_close(out, '}');
    buf_fini(&one);
}

int match_shortlists(const struct method_call *call, struct buf *out)
{
    struct params params;
    int code = params_read(call, match_shortlists_params, &params, out);
    if (code != 0)
        return code;
    struct wm_query queries[WM_SHORTLISTS_TOGETHER];
    struct wm_shortlist *shortlists[WM_SHORTLISTS_TOGETHER];
    const struct param_value *posts = params_get(&params, "posts");
    size_t n = posts->n_rows;
    for (size_t i = 0; i < n; i++) {
        queries[i] = shortlist_query(&params);
        queries[i].subject = posts->rows[i];
    }
    code = wm_shortlists_make(call->dataset, queries, n, shortlists);
    params_fini(&params);
    if (code != WM_OK)
        return engine_failed(out, code);
    put_shortlists(out, call->dataset, queries, shortlists, n);
    for (size_t i = 0; i < n; i++)
        wm_shortlist_free(shortlists[i]);
    return 0;
}

int match_opportunities(const struct method_call *call, struct buf *out)
{
    struct params params;
    int code = params_read(call, match_opportunities_params, &params, out);
    if (code != 0)
        return code;
    struct wm_query query = query_of(&params, "posts");
    query.subject = (size_t)params_get(&params, "leader")->number;
    query.regions = params_get(&params, "regions")->words;
    struct wm_opportunities *opportunities;
    code = wm_opportunities_make(call->dataset, &query, &opportunities);
    params_fini(&params);
    if (code != WM_OK)
        return engine_failed(out, code);
    json_open(out, '{');
    encode_revisions(out, call->dataset);
    encode_opportunities(out, call->dataset, &query, opportunities);
    json_close(out, '}');
    wm_opportunities_free(opportunities);
    return 0;
}

static int explain_with(const struct method_call *call, struct buf *out,
                        void (*encode)(struct buf *, const struct wm_dataset *, const struct wm_explanation *))
{
    struct params params;
    int code = params_read(call, match_pair_params, &params, out);
    if (code != 0)
        return code;
    size_t leader = (size_t)params_get(&params, "leader")->number, post = (size_t)params_get(&params, "post")->number;
    struct wm_explanation *explanation;
    code = wm_explain_pair(call->dataset, leader, post, &explanation);
    params_fini(&params);
    if (code != WM_OK)
        return engine_failed(out, code);
    json_open(out, '{');
    encode_revisions(out, call->dataset);
    encode(out, call->dataset, explanation);
    json_close(out, '}');
    wm_explanation_free(explanation);
    return 0;
}

int match_explain(const struct method_call *call, struct buf *out)
{
    return explain_with(call, out, encode_explanation);
}

int match_compare_packages(const struct method_call *call, struct buf *out)
{
    return explain_with(call, out, encode_comparison);
}
