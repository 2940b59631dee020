/* /feeds/v1/: feed_serve.h over HTTP. On a worker, as a national table takes some 100 ms to write. */
#include "routes.h"

#include "feed_serve.h"

#include <stdio.h>

static const struct route_param feed_params[] = {
    {"run", "latest, or the id of a plan", "string", false},
    {"limit", "rows at most; of a run that is named", "integer", false},
    {"offset", "rows to skip; of a run that is named", "integer", false},
    {"bom", "1: CSV for Excel, with a byte order mark and cells guarded against formulas", "integer", false},
    {.name = NULL},
};

static bool is_known(void *arg, const char *etag)
{
    const struct route_call *call = arg;
    struct slice match = call->request->header[HTTP_H_IF_NONE_MATCH];
    return match.at && http_etag_matches(match, etag, "-gzip");
}

static void answer(const struct route_call *call, const char *file, struct reply *reply)
{
    struct feed_pair query[HTTP_QUERY_MAX];
    struct route_call asked = *call;
    struct feed_reply made = {.body = reply->body};
    for (size_t i = 0; i < call->target->n_query; i++)
        query[i] = (struct feed_pair){call->target->query[i].name, call->target->query[i].value};
    const struct feed_ask ask = {file, call->target->n_query, query, call->authority, call->host->feeds_restricted};
    feed_answer(&ask, call->host->plans, call->dataset, is_known, &asked, &made);
    reply->status = made.status;
    reply->type = made.type;
    reply->body = made.body;
    reply->last_modified_s = made.finished_at;
    reply->retry_after_s = made.retry_after_s;
    snprintf(reply->etag, sizeof reply->etag, "%s", made.etag);
}

static void feed(const struct route_call *call, struct reply *reply)
{
    answer(call, call->part[0], reply);
}

static void list(const struct route_call *call, struct reply *reply)
{
    answer(call, "", reply);
}

static void point_to_list(const struct route_call *call, struct reply *reply)
{
    (void)call;
    reply->status = 308;
    snprintf(reply->location, sizeof reply->location, "/feeds/v1/");
}

static const struct route routes[] = {
    {VERB_GET, "/feeds/v1/", 0, "The feeds there are.", "application/json", .handle = list},
    {VERB_GET, "/feeds/v1", 0, "The same, with a slash.", "text/plain", .handle = point_to_list},
    {VERB_GET, "/feeds/v1/{file}", ROUTE_WORKER,
     "A stored plan as a flat table, for dashboards: TABLE.json or .csv; TABLE.schema.json is its JSON Schema, "
     "TABLE.columns.json lists its columns, TABLE.pq is a Power Query of it.",
     "application/json", feed_params, .handle = feed},
};

const struct route_set feed_routes = {routes, sizeof routes / sizeof routes[0]};
