/* Whether the service lives, whether it is ready, and what it offers. */
#include "routes.h"

#include "jsonrpc.h"

#include <string.h>

static const struct route_param verbose_param[] = {
    {"verbose", "tells each check on a line of its own", "string", false}, {.name = NULL}};

static void livez(const struct route_call *call, struct reply *reply)
{
    (void)call;
    reply->fixed = (struct slice){"ok\n", 3};
}

/* Redis away costs speed only: degraded, and ready. */
static void readyz(const struct route_call *call, struct reply *reply)
{
    if (call->draining) {
        reply->status = 503;
        reply->retry_after_s = 1;
    }
    if (route_query(call, "verbose") && call->host->put_checks)
        call->host->put_checks(call->host->self, &reply->body);
    buf_text(&reply->body, call->draining ? "draining\n" : "ok\n");
}

static bool ask_openrpc(const struct route_call *call, struct route_asks *asks, struct reply *reply)
{
    (void)call;
    (void)reply;
    route_ask(asks, "rpc.discover");
    return true;
}

static void put_document(const struct route_call *call, const struct route_result *results, size_t n_results,
                         struct reply *reply)
{
    (void)call;
    (void)n_results;
    reply->type = "application/json";
    reply->status = results[0].code ? 503 : 200;
    buf_put(&reply->body, results[0].body.at, results[0].body.len);
    buf_char(&reply->body, '\n');
}

static void openapi(const struct route_call *call, struct reply *reply)
{
    (void)call;
    reply->type = "application/json";
    openapi_put(&reply->body);
}

#define TEXT_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define OPEN_METRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

static bool wants_openmetrics(const struct route_call *call)
{
    return http_list_has(call->request->header[HTTP_H_ACCEPT], "application/openmetrics-text");
}

static bool ask_metrics(const struct route_call *call, struct route_asks *asks, struct reply *reply)
{
    (void)reply;
    route_ask(asks, wants_openmetrics(call) ? "/openmetrics" : "/metrics");
    return true;
}

static void put_metrics(const struct route_call *call, const struct route_result *results, size_t n_results,
                        struct reply *reply)
{
    (void)n_results;
    if (results[0].code) {
        reply_fault(reply, 503, "the counters could not be gathered");
        return;
    }
    reply->type = wants_openmetrics(call) ? OPEN_METRICS : TEXT_METRICS;
    buf_put(&reply->body, results[0].body.at, results[0].body.len);
}

static const struct route_param events_params[] = {
    {"types", "of events, commas between: plan, stats, reload; all when absent", "string", false}, {.name = NULL}};

/* What HEAD is told; a GET becomes a stream. */
static void events_head(const struct route_call *call, struct reply *reply)
{
    (void)call;
    reply->type = "text/event-stream";
}

static const struct route routes[] = {
    {VERB_GET, "/livez", ROUTE_LIVE | ROUTE_DRAINS, "The process answers.", "text/plain", .handle = livez},
    {VERB_GET, "/readyz", ROUTE_LIVE | ROUTE_DRAINS, "It takes requests; 503 while it drains.", "text/plain",
     verbose_param, .handle = readyz},
    {VERB_POST, "/rpc", ROUTE_RPC | ROUTE_JSON, "JSON-RPC 2.0: every method, one request or a batch.",
     "application/json", .params = NULL},
    {VERB_GET, "/openrpc.json", 0, "The methods of /rpc, as rpc.discover answers.", "application/json",
     .ask = ask_openrpc, .render = put_document},
    {VERB_GET, "/openapi.json", 0, "This description of all paths.", "application/json", .handle = openapi},
    {VERB_GET, "/events", ROUTE_LIVE | ROUTE_EVENTS,
     "Server-sent events: how far jobs are, reloads, counters; Last-Event-ID goes on.", "text/event-stream",
     events_params, .handle = events_head},
    {VERB_GET, "/metrics", ROUTE_LIVE | ROUTE_DRAINS, "Counters, for Prometheus.", "text/plain", .ask = ask_metrics,
     .render = put_metrics},
};

const struct route_set system_routes = {routes, sizeof routes / sizeof routes[0]};
