/*
 * The pages and what they load, over HTTP. Most pages are made on a worker thread, which runs the methods that they
 * ask for then and there. A few need the service itself (to start or stop a plan, to add up what all loops count):
 * those methods are asked of the loop and the page is made from their results.
 */
#include "routes.h"

#include "assets.h"
#include "jsonrpc.h"
#include "page.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

/* ---- Which page ---- */

static const struct page_route {
    const char *pattern;
    void (*write)(struct page *page);
} pages_of[] = {
    {"/", page_overview},
    {"/posts", page_posts},
    {"/posts/{post}", page_post},
    {"/posts/{post}/leaders/{leader}", page_pair},
    {"/plans", page_plans},
    {"/plans/new", page_run},
    {"/plans/{plan}", page_plan},
    {"/jobs/{job}", page_job},
    {"/jobs/{job}/cancel", page_cancel},
    {"/data", page_data},
    {"/service", page_service},
};

static const char *field(const void *self, const char *name)
{
    return route_query(self, name);
}

enum { NONCE_CAP = 48 };

static struct page *begin(const struct route_call *call, char nonce[NONCE_CAP])
{
    static atomic_uint counter;
    struct page_asked asked = {.id = {call->part[0], call->part[1]}, .field = field, .self = call};
    for (size_t i = 0; i < sizeof pages_of / sizeof *pages_of; i++)
        if (strcmp(pages_of[i].pattern, call->route->pattern) == 0)
            asked.write = pages_of[i].write;
    assert(asked.write != NULL);
    asked.sent = call->route->verb == VERB_POST;
    asked.restricted = call->host->feeds_restricted;
    snprintf(nonce, NONCE_CAP, "page-%llx-%x", (unsigned long long)call->now_s, atomic_fetch_add(&counter, 1));
    asked.nonce = nonce;
    return page_new(&asked);
}

/* ---- Running what it asks for ---- */

/* Whether a method is the loop's: it starts or stops a plan, or asks all loops. */
static bool of_service(const char *method)
{
    return strcmp(method, "plan.allocate") == 0 || strcmp(method, "plan.cancel") == 0 ||
           strncmp(method, "system.", 7) == 0;
}

static void run_here(const struct route_call *call, struct page *page, size_t index, const struct page_call *asked)
{
    const struct method *method = method_find((struct slice){asked->method, strlen(asked->method)});
    assert(method != NULL);
    const struct method_call run = {
        .dataset = call->dataset, .host = call->host, .params = {asked->params, strlen(asked->params)}};
    struct buf out;
    buf_init(&out, ANSWER_MAX_BYTES);
    int code = method_run(method, &run, &out);
    page_give(page, index, code, (struct slice){out.at, out.len});
    buf_fini(&out);
}

/* Makes the page as far as it goes without the service. True: it is made; else only methods of the service are open. */
static bool make_here(const struct route_call *call, struct page *page)
{
    while (!page_make(page)) {
        size_t index = 0;
        bool ran = false;
        for (const struct page_call *asked; (asked = page_open(page, index)) != NULL;)
            if (of_service(asked->method)) {
                index++;
            } else {
                run_here(call, page, index, asked);
                ran = true;
            }
        if (!ran)
            return false;
    }
    return true;
}

static void send(struct page *page, struct reply *reply)
{
    reply->type = "text/html; charset=utf-8";
    reply->status = page->html.failed ? 500 : page->status;
    if (page->location)
        snprintf(reply->location, sizeof reply->location, "%s", page->location);
    else if (!page->html.failed)
        buf_put(&reply->body, page->html.at, page->html.len);
}

/* ---- Made at once, on a worker ---- */

static void handle(const struct route_call *call, struct reply *reply)
{
    char nonce[NONCE_CAP];
    struct page *page = begin(call, nonce);
    if (page == NULL) {
        reply->status = 500;
        return;
    }
    make_here(call, page);
    send(page, reply);
    page_free(page);
}

/* ---- Made from what the service answers ---- */

static bool ask(const struct route_call *call, struct route_asks *asks, struct reply *reply)
{
    char nonce[NONCE_CAP];
    struct page *page = begin(call, nonce);
    if (page == NULL) {
        reply->status = 500;
        return false;
    }
    bool made = make_here(call, page);
    for (size_t i = 0; !made && page_open(page, i); i++) {
        const struct page_call *asked = page_open(page, i);
        buf_text(&asks->params, asked->params);
        route_ask(asks, asked->method);
    }
    if (made)
        send(page, reply);
    page_free(page);
    return !made;
}

static void render(const struct route_call *call, const struct route_result *results, size_t n_results,
                   struct reply *reply)
{
    char nonce[NONCE_CAP];
    struct page *page = begin(call, nonce);
    if (page == NULL) {
        reply->status = 500;
        return;
    }
    if (!make_here(call, page))
        for (size_t i = 0; i < n_results && page_open(page, 0); i++)
            page_give(page, 0, results[i].code, results[i].body);
    make_here(call, page);
    send(page, reply);
    page_free(page);
}

/* ---- Refusals ---- */

static const char *no_field(const void *self, const char *name)
{
    (void)self;
    (void)name;
    return NULL;
}

void page_put_refusal(int status, const char *reason, struct reply *reply)
{
    const struct page_asked asked = {.write = page_refusal, .id = {reason}, .field = no_field, .refused = status};
    struct page *page = page_new(&asked);
    reply_fault(reply, status, reason);
    if (page && page_make(page) && !page->html.failed) {
        buf_clear(&reply->body);
        send(page, reply);
    }
    page_free(page);
}

/* ---- What pages load ---- */

static void serve_asset(const struct route_call *call, struct reply *reply)
{
    struct asset asset;
    if (strcmp(call->part[0], assets_hash) != 0 || !asset_find(call->part[1], &asset)) {
        reply_fault(reply, 404, "No such asset: the page that named it is of another version.");
        return;
    }
    reply->type = asset.type;
    reply->fixed = asset.plain;
    reply->fixed_gzip = asset.gzip;
    reply->max_age_s = 365 * 24 * 3600;
}

#define PAGE(pattern, summary)                                                                            \
    {                                                                                                     \
        VERB_GET, pattern, ROUTE_PAGE | ROUTE_LIVE | ROUTE_WORKER, summary, "text/html", .handle = handle \
    }

static const struct route routes[] = {
    PAGE("/", "The overview, for people."),
    PAGE("/posts", "All posts, for people."),
    PAGE("/posts/{post}", "A post and its shortlist, for people."),
    PAGE("/posts/{post}/leaders/{leader}", "A leader at a post, for people."),
    PAGE("/plans", "All plans, for people."),
    PAGE("/plans/new", "The form that makes a plan."),
    {VERB_POST, "/plans/new", ROUTE_PAGE | ROUTE_LIVE | ROUTE_FORM | ROUTE_WORKER,
     "Starts a plan, and goes to its job.", "text/html", .ask = ask, .render = render},
    PAGE("/plans/{plan}", "A plan, for people."),
    PAGE("/jobs/{job}", "A plan that is being made; goes to the plan when it is there."),
    {VERB_POST, "/jobs/{job}/cancel", ROUTE_PAGE | ROUTE_LIVE | ROUTE_FORM | ROUTE_WORKER,
     "Stops a plan, and goes to its job.", "text/html", .ask = ask, .render = render},
    PAGE("/data", "The quality of the data, for people."),
    {VERB_GET, "/service", ROUTE_PAGE | ROUTE_LIVE | ROUTE_WORKER, "How the service does, for people.", "text/html",
     .ask = ask, .render = render},
    {VERB_GET, "/assets/{hash}/{name}", 0, "What pages load: stylesheet, script, icon.", "text/css",
     .handle = serve_asset},
};

const struct route_set page_routes = {routes, sizeof routes / sizeof routes[0]};
