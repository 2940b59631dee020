/*
 * /openapi.json: the table of routes as an OpenAPI 3.1 document. What is not in the table cannot be promised. The methods
 * of /rpc have a description of their own, /openrpc.json.
 */
#include "routes.h"

#include <stdio.h>
#include <string.h>

enum { KEY_CAP = 128 };

static void put_info(struct buf *out);
static void put_access(struct buf *out);
static void put_components(struct buf *out);
static void put_path(struct buf *out, const struct route *first);
static void put_operation(struct buf *out, const struct route *route);
static void put_parameters(struct buf *out, const struct route *route);
static void put_body(struct buf *out, const struct route *route);
static void put_responses(struct buf *out, const struct route *route);
static bool is_first_of_path(const struct route *route);

/* Keys here are texts of our own tables, which need no escaping. */
static void put_object(struct buf *out, const char *key)
{
    json_put_key(out, key);
    json_open(out, '{');
}

void openapi_put(struct buf *out)
{
    size_t n;
    const struct route_set *const *sets = route_sets(&n);
    json_open(out, '{');
    json_put_text(out, "openapi", "3.1.0");
    put_info(out);
    put_access(out);
    put_object(out, "paths");
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < sets[s]->n; i++)
            if (is_first_of_path(&sets[s]->at[i]))
                put_path(out, &sets[s]->at[i]);
    json_close(out, '}');
    put_components(out);
    json_close(out, '}');
    buf_char(out, '\n');
}

static void put_info(struct buf *out)
{
    put_object(out, "info");
    json_put_text(out, "title", "wellmatch");
    json_put_text(out, "version", WM_VERSION);
    json_put_text(out, "description",
                  "Matches leaders to posts at challenged NHS organisations. /rpc has every method, described by "
                  "/openrpc.json; the rest is for dashboards, monitoring and people.");
    put_object(out, "license");
    json_put_text(out, "name", "MIT");
    json_put_text(out, "identifier", "MIT");
    json_close(out, '}');
    json_close(out, '}');
}

/* Where this document comes from, and nobody has to show who they are. */
static void put_access(struct buf *out)
{
    json_put_key(out, "servers");
    json_open(out, '[');
    json_open(out, '{');
    json_put_text(out, "url", "/");
    json_close(out, '}');
    json_close(out, ']');
    json_put_key(out, "security");
    json_open(out, '[');
    json_close(out, ']');
}

static void put_property(struct buf *out, const char *name, const char *type, const char *about)
{
    put_object(out, name);
    json_put_text(out, "type", type);
    json_put_text(out, "description", about);
    json_close(out, '}');
}

/* What reply_fault writes (RFC 9457). */
static void put_components(struct buf *out)
{
    put_object(out, "components");
    put_object(out, "schemas");
    put_object(out, "refusal");
    json_put_text(out, "type", "object");
    put_object(out, "properties");
    put_property(out, "type", "string", "about:blank: it is what the status says");
    put_property(out, "title", "string", "what that status is called");
    put_property(out, "status", "integer", "the status of the response");
    put_property(out, "detail", "string", "a sentence: what is wrong, and often what to do about it");
    json_close(out, '}');
    json_put_key(out, "required");
    json_open(out, '[');
    static const char *const names[] = {"type", "title", "status", "detail"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_item(out);
        buf_json_string(out, names[i], strlen(names[i]));
    }
    json_close(out, ']');
    json_close(out, '}');
    json_close(out, '}');
    json_close(out, '}');
}

/* Routes of one path stand together in the document, wherever they stand in the table. */
static bool is_first_of_path(const struct route *route)
{
    size_t n;
    const struct route_set *const *sets = route_sets(&n);
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < sets[s]->n; i++)
            if (strcmp(sets[s]->at[i].pattern, route->pattern) == 0)
                return &sets[s]->at[i] == route;
    return false;
}

static void put_path(struct buf *out, const struct route *first)
{
    size_t n;
    const struct route_set *const *sets = route_sets(&n);
    put_object(out, first->pattern);
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < sets[s]->n; i++)
            if (strcmp(sets[s]->at[i].pattern, first->pattern) == 0)
                put_operation(out, &sets[s]->at[i]);
    json_close(out, '}');
}

/* get_feeds_v1_file: by which generated clients call their functions. */
static void put_operation_id(struct buf *out, const char *verb, const char *pattern)
{
    char name[KEY_CAP];
    size_t len = (size_t)snprintf(name, sizeof name, "%s", verb);
    for (const char *at = pattern; *at && len < sizeof name - 1; at++)
        if (!strchr("{}", *at))
            name[len++] = strchr("/.", *at) ? '_' : *at;
    name[len] = '\0';
    json_put_text(out, "operationId", name);
}

static void put_operation(struct buf *out, const struct route *route)
{
    char verb[KEY_CAP];
    snprintf(verb, sizeof verb, "%s", http_verb_name(route->verb));
    for (char *at = verb; *at; at++)
        *at = (char)(*at | 32);
    put_object(out, verb);
    put_operation_id(out, verb, route->pattern);
    json_put_text(out, "summary", route->summary);
    put_parameters(out, route);
    put_body(out, route);
    put_responses(out, route);
    json_close(out, '}');
}

static void put_parameter(struct buf *out, const char *name, const char *in, const char *about, const char *type,
                          bool required)
{
    json_open(out, '{');
    json_put_text(out, "name", name);
    json_put_text(out, "in", in);
    if (about)
        json_put_text(out, "description", about);
    json_put_bool(out, "required", required);
    put_object(out, "schema");
    json_put_text(out, "type", type);
    json_close(out, '}');
    json_close(out, '}');
}

static void put_parameters(struct buf *out, const struct route *route)
{
    json_put_key(out, "parameters");
    json_open(out, '[');
    for (const char *at = strchr(route->pattern, '{'); at; at = strchr(at + 1, '{')) {
        char name[KEY_CAP];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        put_parameter(out, name, "path", NULL, "string", true);
    }
    const struct route_param *param = route->flags & ROUTE_FORM ? NULL : route->params;
    for (; param && param->name; param++)
        put_parameter(out, param->name, "query", param->about, param->type, param->required);
    json_close(out, ']');
}

static void put_form(struct buf *out, const struct route_param *params)
{
    put_object(out, "properties");
    for (const struct route_param *param = params; param && param->name; param++) {
        put_object(out, param->name);
        json_put_text(out, "type", param->type);
        json_put_text(out, "description", param->about);
        json_close(out, '}');
    }
    json_close(out, '}');
}

static void put_body(struct buf *out, const struct route *route)
{
    if (!(route->flags & (ROUTE_FORM | ROUTE_JSON)))
        return;
    put_object(out, "requestBody");
    json_put_bool(out, "required", true);
    put_object(out, "content");
    put_object(out, route->flags & ROUTE_JSON ? "application/json" : "application/x-www-form-urlencoded");
    put_object(out, "schema");
    if (route->flags & ROUTE_FORM) {
        json_put_text(out, "type", "object");
        put_form(out, route->params);
    }
    json_close(out, '}');
    json_close(out, '}');
    json_close(out, '}');
    json_close(out, '}');
}

static void put_response(struct buf *out, const char *status, const char *about, const char *type)
{
    put_object(out, status);
    json_put_text(out, "description", about);
    if (type) {
        put_object(out, "content");
        put_object(out, type);
        json_close(out, '}');
        json_close(out, '}');
    }
    json_close(out, '}');
}

static void put_refusals(struct buf *out, const char *statuses, const char *about, const struct route *route)
{
    put_object(out, statuses);
    json_put_text(out, "description", about);
    put_object(out, "content");
    put_object(out, "application/problem+json");
    put_object(out, "schema");
    json_put_text(out, "$ref", "#/components/schemas/refusal");
    json_close(out, '}');
    json_close(out, '}');
    if (route->flags & ROUTE_PAGE) { /* for who accepts it */
        put_object(out, "text/html");
        json_close(out, '}');
    }
    json_close(out, '}');
    json_close(out, '}');
}

static void put_responses(struct buf *out, const struct route *route)
{
    put_object(out, "responses");
    put_response(out, "200", "the answer", route->type);
    if (route->flags & ROUTE_RPC)
        put_response(out, "204", "there were notifications only, which have no answer", NULL);
    if (route->flags & ROUTE_FORM)
        put_response(out, "303", "it is done: what came of it is at the Location", NULL);
    if (route->verb == VERB_GET && !(route->flags & ROUTE_LIVE))
        put_response(out, "304", "the asker has it already", NULL);
    put_refusals(out, "4XX", "the request cannot be answered as it is", route);
    put_refusals(out, "5XX", "the service cannot answer it now", route);
    json_close(out, '}');
}
