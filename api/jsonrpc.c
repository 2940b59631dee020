/*
 * JSON-RPC 2.0 requests and replies. A line is checked whole first; then its envelope is sliced in place, so that a
 * request costs no allocation and an id can be echoed byte for byte. Where the specification is silent we are liberal
 * with members we do not know (ignored) and strict with everything that could be read in two ways (a name given twice
 * is refused, known or not).
 */
#include "jsonrpc.h"

#include <assert.h>
#include <string.h>

static const struct slice null_id = {"null", 4};

const char *rpc_error_name(int code)
{
    switch (code) {
#define X(constant, value, name, retry, text, data) \
    case value:                                     \
        return name;
        RPC_ERRORS(X)
#undef X
    }
    return "unknown_error";
}

/* ---- Requests ---- */

static void refuse(struct request *request, int code, size_t limit, const char *reason)
{
    *request = (struct request){.code = code, .id = null_id, .limit = limit, .reason = reason};
}

/* The members of an envelope as they were found; at == NULL: not there. */
struct envelope {
    struct slice version, id, method, params;
    bool id_twice;
};

/* True when one of the members before `key` has its name. */
static bool seen_before(struct slice object, struct slice key)
{
    struct json_walk walk;
    struct slice earlier, value;
    json_walk_start(&walk, object);
    while (json_walk_member(&walk, &earlier, &value) && earlier.at != key.at)
        if (json_string_same(earlier, key))
            return true;
    return false;
}

/* Finds the members that mean something; returns what is wrong with the set of names, or NULL. */
static const char *slice_envelope(struct slice object, struct envelope *out)
{
    const struct {
        const char *name;
        struct slice *value;
    } known[] = {{"jsonrpc", &out->version}, {"id", &out->id}, {"method", &out->method}, {"params", &out->params}};
    enum { KNOWN = sizeof known / sizeof known[0] };
    const char *wrong = NULL;
    struct json_walk walk;
    struct slice key, value;
    json_walk_start(&walk, object);
    for (size_t n = 0; json_walk_member(&walk, &key, &value); n++) {
        if (n == MEMBERS_MAX)
            return "more than 32 members";
        size_t i = 0;
        while (i < KNOWN && !json_string_is(key, known[i].name))
            i++;
        bool twice = i < KNOWN ? known[i].value->at != NULL : seen_before(object, key);
        if (twice) {
            wrong = "a member is given twice";
            out->id_twice = out->id_twice || (i < KNOWN && known[i].value == &out->id);
        }
        if (i < KNOWN)
            *known[i].value = value;
    }
    return wrong;
}

/* What is wrong with the members found, or NULL. */
static const char *judge_envelope(const struct envelope *found)
{
    if (found->version.at == NULL || json_kind(found->version) != '"' ||
        !json_string_is(json_string_raw(found->version), "2.0"))
        return "jsonrpc must be \"2.0\"";
    if (found->method.at == NULL || json_kind(found->method) != '"')
        return "method must be a string";
    if (found->params.at != NULL && json_kind(found->params) != '{' && json_kind(found->params) != '[')
        return "params must be an object or an array";
    return NULL;
}

static bool is_id(struct slice value)
{
    char kind = json_kind(value);
    return kind == '"' || kind == '0' || kind == 'n';
}

static void read_request(struct slice value, struct request *out)
{
    if (json_kind(value) != '{') {
        refuse(out, RPC_REQUEST, 0, json_kind(value) == '[' ? "a batch inside a batch" : "a request must be an object");
        return;
    }
    struct envelope found = {0};
    const char *wrong = slice_envelope(value, &found);
    struct slice id = found.id_twice ? (struct slice){0} : found.id;
    if (wrong == NULL && id.at != NULL && !is_id(id)) {
        id.at = NULL;
        wrong = "id must be a string, a number or null";
    }
    if (id.at != NULL && id.len > ID_MAX_BYTES) {
        refuse(out, RPC_TOO_LARGE, ID_MAX_BYTES, "id");
        return;
    }
    if (wrong == NULL)
        wrong = judge_envelope(&found);
    if (wrong != NULL) {
        refuse(out, RPC_REQUEST, 0, wrong);
        if (id.at != NULL && is_id(id))
            out->id = id;
        return;
    }
    *out = (struct request){.id = id, .method = json_string_raw(found.method), .params = found.params};
}

static size_t count_items(struct slice array)
{
    struct json_walk walk;
    struct slice item;
    size_t n = 0;
    json_walk_start(&walk, array);
    while (n <= BATCH_MAX && json_walk_item(&walk, &item))
        n++;
    return n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The value without the blanks around it. */
static struct slice trim(const char *line, size_t len)
{
    while (len > 0 && is_blank(line[len - 1]))
        len--;
    while (len > 0 && is_blank(*line)) {
        line++;
        len--;
    }
    return (struct slice){line, len};
}

void jsonrpc_read(const char *line, size_t len, struct message *out)
{
    *out = (struct message){.n = 1};
    size_t offset = 0;
    const char *reason = NULL;
    switch (json_check(line, len, &offset, &reason)) {
    case JSON_INVALID:
        refuse(&out->first, RPC_PARSE, 0, reason);
        out->first.offset = offset;
        return;
    case JSON_TOO_DEEP:
        refuse(&out->first, RPC_TOO_LARGE, JSON_DEPTH_MAX, "depth");
        return;
    case JSON_OK:
        break;
    }
    struct slice value = trim(line, len);
    if (json_kind(value) != '[') {
        read_request(value, &out->first);
        return;
    }
    size_t n = count_items(value);
    if (n == 0) {
        refuse(&out->first, RPC_REQUEST, 0, "an empty batch");
    } else if (n > BATCH_MAX) {
        refuse(&out->first, RPC_TOO_LARGE, BATCH_MAX, "batch");
    } else {
        out->batch = true;
        out->n = n;
        json_walk_start(&out->walk, value);
    }
}

bool jsonrpc_next(struct message *message, struct request *out)
{
    if (message->batch) {
        struct slice item;
        if (!json_walk_item(&message->walk, &item))
            return false;
        read_request(item, out);
        return true;
    }
    if (message->walk.at != NULL)
        return false;
    message->walk.at = message->walk.end = ""; /* `first` has been given */
    *out = message->first;
    return true;
}

/* ---- Replies ---- */

void jsonrpc_put_reply(struct buf *buf, struct slice id, int code, struct slice body)
{
    jsonrpc_put_head(buf, id, code);
    buf_put(buf, body.at, body.len);
    buf_char(buf, '}');
}

void jsonrpc_put_head(struct buf *buf, struct slice id, int code)
{
    static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":", result[] = ",\"result\":", error[] = ",\"error\":";
    enum { HEAD = sizeof head - 1, RESULT = sizeof result - 1, ERROR = sizeof error - 1 };
    if (id.at == NULL)
        id = null_id;
    char *at = buf_room(buf, HEAD + id.len + (code == 0 ? RESULT : ERROR));
    if (at == NULL)
        return;
    at = mempcpy(at, head, HEAD);
    at = mempcpy(at, id.at, id.len);
    memcpy(at, code == 0 ? result : error, code == 0 ? RESULT : ERROR);
}

void jsonrpc_put_fault(struct buf *error, const struct request *request)
{
    assert(request->code != 0);
    rpc_error_open(error, request->code);
    if (request->code == RPC_TOO_LARGE) {
        json_put_integer(error, "limit", (int64_t)request->limit);
        json_put_text(error, "what", request->reason);
    } else {
        if (request->code == RPC_PARSE)
            json_put_integer(error, "offset", (int64_t)request->offset);
        json_put_text(error, "reason", request->reason);
    }
    rpc_error_close(error);
}

void rpc_error_open(struct buf *error, int code)
{
    json_open(error, '{');
    json_put_integer(error, "code", code);
    json_put_text(error, "message", rpc_error_name(code));
    json_put_key(error, "data");
    json_open(error, '{');
}

void rpc_error_close(struct buf *error)
{
    json_close(error, '}');
    json_close(error, '}');
}
