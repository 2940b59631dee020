/*
 * rpc.discover: the table of methods as an OpenRPC 1.3 document, so that a client can be generated and a form drawn
 * from it. Nothing here names a method or an error: what is not in the tables cannot be promised. Ours beyond the
 * standard begins with x-.
 */
#include "methods.h"

#include "encode.h"
#include "jsonrpc.h"
#include "params.h"

#include <string.h>

static void put_item(struct buf *out, const char *text)
{
    json_item(out);
    buf_json_string(out, text, strlen(text));
}

/* ---- Schemas ---- */

static void put_names(struct buf *out, const struct choices *names)
{
    json_put_key(out, "enum");
    json_open(out, '[');
    for (size_t i = 0; i < names->n; i++)
        put_item(out, names->name[i]);
    json_close(out, ']');
}

static void put_schema(struct buf *out, const struct wm_dataset *dataset, const struct param *param);

static void put_properties(struct buf *out, const struct wm_dataset *dataset, const struct param *members)
{
    json_put_bool(out, "additionalProperties", members == NULL); /* NULL: the method looks into the object itself */
    json_put_key(out, "properties");
    json_open(out, '{');
    for (const struct param *member = members; member != NULL && member->name != NULL; member++) {
        json_put_key(out, member->name);
        put_schema(out, dataset, member);
    }
    json_close(out, '}');
    json_put_key(out, "required");
    json_open(out, '[');
    for (const struct param *member = members; member != NULL && member->name != NULL; member++)
        if (member->required)
            put_item(out, member->name);
    json_close(out, ']');
}

static void put_item_schema(struct buf *out, const struct wm_dataset *dataset, const struct param *param)
{
    struct choices names = {0};
    json_put_integer(out, "minItems", param->min);
    json_put_integer(out, "maxItems", param->max);
    json_put_key(out, "items");
    json_open(out, '{');
    json_put_text(out, "type", param->type == PARAM_LIST ? "object" : "string");
    if (param->type == PARAM_LIST)
        put_properties(out, dataset, param->members);
    else if (param->type == PARAM_IDS)
        json_put_text(out, "x-kind", param->of);
    else if (param->of != NULL)
        choices_add_words(&names, dataset, param->of);
    if (names.n > 0)
        put_names(out, &names);
    json_close(out, '}');
}

static const char *json_type(enum param_type type)
{
    static const char *const names[] = {
        [PARAM_ID] = "string",     [PARAM_TEXT] = "string",   [PARAM_CHOICE] = "string", [PARAM_INTEGER] = "integer",
        [PARAM_NUMBER] = "number", [PARAM_NANO] = "number",   [PARAM_BOOL] = "boolean",  [PARAM_IDS] = "array",
        [PARAM_WORDS] = "array",   [PARAM_OBJECT] = "object", [PARAM_LIST] = "array"};
    return names[type];
}

static void put_schema(struct buf *out, const struct wm_dataset *dataset, const struct param *param)
{
    struct choices kinds = {0};
    char names[256];
    json_open(out, '{');
    json_put_text(out, "type", json_type(param->type));
    json_put_text(out, "description", param->about);
    switch (param->type) {
    case PARAM_INTEGER:
        json_put_integer(out, "minimum", param->min);
        json_put_integer(out, "maximum", param->max);
        break;
    case PARAM_NUMBER:
        json_put_fixed(out, "minimum", param->min, 3);
        json_put_fixed(out, "maximum", param->max, 3);
        break;
    case PARAM_NANO:
        json_put_fixed(out, "minimum", param->min, 9);
        json_put_fixed(out, "maximum", param->max, 9);
        break;
    case PARAM_CHOICE:
        choices_add_list(&kinds, param->of, names, sizeof names);
        put_names(out, &kinds);
        break;
    case PARAM_IDS:
    case PARAM_WORDS:
    case PARAM_LIST:
        put_item_schema(out, dataset, param);
        break;
    case PARAM_OBJECT:
        put_properties(out, dataset, param->members);
        break;
    case PARAM_ID:
        if (param->of != NULL)
            json_put_text(out, "x-kind", param->of);
        break;
    case PARAM_TEXT:
        choices_add_kinds(&kinds);
        if (param->of != NULL)
            put_names(out, &kinds);
        if (param->max > 0) {
            json_put_integer(out, "minLength", param->min);
            json_put_integer(out, "maxLength", param->max);
        }
        break;
    case PARAM_BOOL:
        break;
    }
    if (param->initial != NULL) {
        json_put_key(out, "default");
        buf_text(out, param->initial);
    }
    json_close(out, '}');
}

/* ---- Methods ---- */

static void put_params(struct buf *out, const struct wm_dataset *dataset, const struct param *param)
{
    json_put_key(out, "params");
    json_open(out, '[');
    for (; param->name != NULL; param++) {
        json_open(out, '{');
        json_put_text(out, "name", param->name);
        json_put_text(out, "summary", param->about);
        json_put_bool(out, "required", param->required);
        json_put_key(out, "schema");
        put_schema(out, dataset, param);
        json_close(out, '}');
    }
    json_close(out, ']');
}

/* The example's params, which the table holds as an object. */
static void put_example(struct buf *out, const char *example)
{
    struct json_walk walk;
    struct slice key, value;
    json_put_key(out, "examples");
    json_open(out, '[');
    json_open(out, '{');
    json_put_text(out, "name", "on the sample data");
    json_put_key(out, "params");
    json_open(out, '[');
    json_walk_start(&walk, (struct slice){example, strlen(example)});
    while (json_walk_member(&walk, &key, &value)) {
        json_open(out, '{');
        json_put_key(out, "name");
        buf_json_string(out, key.at, key.len);
        json_put_key(out, "value");
        buf_put(out, value.at, value.len);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_close(out, '}');
    json_close(out, ']');
}

static void put_method(struct buf *out, const struct wm_dataset *dataset, const struct method *method)
{
    json_open(out, '{');
    json_put_text(out, "name", method->name);
    json_put_text(out, "summary", method->summary);
    json_put_text(out, "paramStructure", "either");
    put_params(out, dataset, method->params);
    json_put_key(out, "result");
    json_open(out, '{');
    json_put_text(out, "name", "answer");
    json_put_key(out, "schema");
    json_open(out, '{');
    json_put_text(out, "$ref",
                  method->run == rpc_discover ? "#/components/schemas/document" : "#/components/schemas/answer");
    json_close(out, '}');
    json_close(out, '}');
    put_example(out, method->example);
    json_put_bool(out, "x-pure", (method->flags & METHOD_PURE) != 0);
    json_close(out, '}');
}

/* ---- The rest of the document ---- */

static void put_info(struct buf *out)
{
    json_put_key(out, "info");
    json_open(out, '{');
    json_put_text(out, "title", "wellmatch");
    json_put_text(out, "version", WM_VERSION);
    json_put_text(out, "description",
                  "Matches leaders to posts at challenged NHS organisations and chooses the package of support and "
                  "incentives. One JSON-RPC "
                  "2.0 message a line. It recommends; a named person decides.");
    json_put_key(out, "license");
    json_open(out, '{');
    json_put_text(out, "name", "MIT");
    json_close(out, '}');
    json_close(out, '}');
}

static void put_ceilings(struct buf *out, const struct method_host *host)
{
    json_put_key(out, "x-ceilings");
    json_open(out, '{');
    json_put_integer(out, "line_bytes", LINE_MAX_BYTES);
    json_put_integer(out, "batch", BATCH_MAX);
    json_put_integer(out, "answer_bytes", ANSWER_MAX_BYTES);
    json_put_integer(out, "depth", JSON_DEPTH_MAX);
    json_put_integer(out, "id_bytes", ID_MAX_BYTES);
    json_put_integer(out, "request_members", MEMBERS_MAX);
    if (host != NULL && host->put_ceilings != NULL)
        host->put_ceilings(host->self, out);
    json_close(out, '}');
}

static void put_components(struct buf *out)
{
    static const char *const revisions[] = {"dataset", "policy", "ledger"};
    json_put_key(out, "components");
    json_open(out, '{');
    json_put_key(out, "schemas");
    json_open(out, '{');
    json_put_key(out, "document");
    json_open(out, '{');
    json_put_text(out, "type", "object");
    json_put_text(out, "description", "An OpenRPC document: this one.");
    json_close(out, '}');
    json_put_key(out, "answer");
    json_open(out, '{');
    json_put_text(out, "type", "object");
    json_put_text(
        out, "description",
        "Every answer begins with what it was computed from; api/PROTOCOL.md has each answer's other members.");
    json_put_key(out, "required");
    json_open(out, '[');
    for (size_t i = 0; i < 3; i++)
        put_item(out, revisions[i]);
    json_close(out, ']');
    json_put_key(out, "properties");
    json_open(out, '{');
    for (size_t i = 0; i < 3; i++) {
        json_put_key(out, revisions[i]);
        json_open(out, '{');
        json_put_text(out, "type", i < 2 ? "string" : "integer");
        json_close(out, '}');
    }
    json_close(out, '}');
    json_close(out, '}');
    json_close(out, '}');
    json_close(out, '}');
}

int rpc_discover(const struct method_call *call, struct buf *out)
{
    int code = params_read_none(call, out);
    if (code != 0)
        return code;
    size_t n;
    const struct method *methods = method_table(&n);
    json_open(out, '{');
    json_put_text(out, "openrpc", "1.3.2");
    put_info(out);
    json_put_text(out, "x-dataset", wm_dataset_digest(call->dataset));
    json_put_text(out, "x-policy", wm_policy_digest(call->dataset));
    json_put_integer(out, "x-ledger", LEDGER_REVISION);
    put_ceilings(out, call->host);
    json_put_key(out, "x-errors");
    put_error_catalogue(out);
    json_put_key(out, "methods");
    json_open(out, '[');
    for (size_t i = 0; i < n; i++)
        put_method(out, call->dataset, &methods[i]);
    json_close(out, ']');
    put_components(out);
    json_close(out, '}');
    return 0;
}
