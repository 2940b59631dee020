/*
 * A line goes the whole way: checked, sliced, run on data/sample, answered. Every reply must be JSON to our reader
 * and to jansson, and echo an id that was sent. On the way the two readers are compared: they agree on what JSON is,
 * and on every value in it, but for
 * - depth: ours ends at 64 levels;
 * - numbers beyond a double, which jansson refuses and we leave to whom it concerns;
 * - \u0000 in a member name, which jansson cannot hold;
 * - a NUL byte, never JSON, which jansson swallows after a number.
 */
#include "dispatch.h"

#include <jansson.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define READ_FLAGS (JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)

static void demand(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_jsonrpc: %s\n", what);
    abort();
}

static void compare_string(struct slice raw, const json_t *json)
{
    size_t len = json_string_length(json);
    const char *text = json_string_value(json);
    char *copy = malloc(len + 1);
    demand(copy != NULL, "memory");
    if (memchr(text, '\0', len) != NULL) {
        demand(json_string_copy(raw, copy, len + 1) == SIZE_MAX, "\\u0000 went unseen");
    } else {
        demand(json_string_copy(raw, copy, len + 1) == len && memcmp(copy, text, len + 1) == 0, "strings differ");
        demand(json_string_is(raw, text), "a string is not itself");
    }
    free(copy);
}

static void compare_number(struct slice value, double real)
{
    int64_t micro;
    enum json_number found = json_number_scaled(value, 6, &micro);
    double scaled = real * 1e6, allowed = 1 + fabs(scaled) * 1e-15;
    if (found == NUMBER_TOO_BIG)
        demand(fabs(scaled) > 0.99e18, "a number that fits is called too big");
    else
        demand(fabs((double)micro - scaled) <= allowed, "numbers differ");
}

/* Walks both readings in step. Depth is at most 64. */
static void compare(struct slice value, const json_t *json)
{
    struct json_walk walk;
    struct slice key, item;
    size_t n = 0;
    switch (json_kind(value)) {
    case '{':
        demand(json_is_object(json), "an object is none");
        json_walk_start(&walk, value);
        while (json_walk_member(&walk, &key, &item))
            n++;
        demand(n >= json_object_size(json), "members were lost");
        if (n > json_object_size(json))
            return; /* a name twice: jansson keeps the last */
        json_walk_start(&walk, value);
        while (json_walk_member(&walk, &key, &item)) {
            char *name = malloc(key.len + 1);
            demand(name != NULL, "memory");
            demand(json_string_copy(key, name, key.len + 1) <= key.len, "a name grew");
            const json_t *member = json_object_get(json, name);
            demand(member != NULL, "a name is not found");
            compare(item, member);
            free(name);
        }
        break;
    case '[':
        demand(json_is_array(json), "an array is none");
        json_walk_start(&walk, value);
        while (json_walk_item(&walk, &item)) {
            demand(n < json_array_size(json), "too many items");
            compare(item, json_array_get(json, n++));
        }
        demand(n == json_array_size(json), "too few items");
        break;
    case '"':
        demand(json_is_string(json), "a string is none");
        compare_string(json_string_raw(value), json);
        break;
    case '0':
        demand(json_is_real(json), "a number is none");
        compare_number(value, json_real_value(json));
        break;
    case 't':
        demand(json_is_true(json), "true is not");
        break;
    case 'f':
        demand(json_is_false(json), "false is not");
        break;
    default:
        demand(json_is_null(json), "null is not");
    }
}

/* What both make of a text. */
static void compare_readers(const char *text, size_t len)
{
    size_t offset;
    const char *reason;
    json_error_t error;
    enum json_status status = json_check(text, len, &offset, &reason);
    json_t *json = json_loadb(text, len, READ_FLAGS, &error);
    if (json == NULL && status == JSON_OK)
        demand(json_error_code(&error) == json_error_numeric_overflow ||
                   json_error_code(&error) == json_error_null_byte_in_key,
               "only we take this for JSON");
    if (json != NULL && memchr(text, '\0', len) == NULL)
        demand(status != JSON_INVALID, "only jansson takes this for JSON");
    if (status != JSON_OK)
        demand(offset <= len && reason != NULL, "no place or reason");
    if (json != NULL && status == JSON_OK) {
        while (len > 0 && strchr(" \t\r\n", *text) != NULL) {
            text++;
            len--;
        }
        while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
            len--;
        compare((struct slice){text, len}, json);
    }
    json_decref(json);
}

static bool same(struct slice a, struct slice b)
{
    return a.at == b.at && a.len == b.len;
}

/* What the quick slicer recognises, the reader slices the same way, where the params alone are JSON. */
static void compare_slicers(const char *text, size_t len)
{
    struct request sliced, read;
    struct message message;
    size_t offset;
    const char *reason;
    if (!jsonrpc_slice(text, len, &sliced) ||
        (sliced.params.at && json_check(sliced.params.at, sliced.params.len, &offset, &reason) != JSON_OK))
        return;
    jsonrpc_read(text, len, &message);
    demand(!message.batch && jsonrpc_next(&message, &read), "a request is none");
    if (read.code == RPC_TOO_LARGE)
        return; /* the envelope is one level of depth */
    demand(read.code == 0 && same(read.id, sliced.id) && same(read.method, sliced.method) &&
               same(read.params, sliced.params),
           "sliced in two ways");
}

static void check_reply(const struct buf *reply)
{
    size_t offset;
    const char *reason;
    demand(!reply->failed, "the reply has no room");
    if (reply->len == 0)
        return;
    demand(json_check(reply->at, reply->len, &offset, &reason) == JSON_OK, "the reply is no JSON to us");
    demand(memchr(reply->at, '\n', reply->len) == NULL, "the reply is more than a line");
    json_error_t error;
    json_t *json = json_loadb(reply->at, reply->len, READ_FLAGS | JSON_REJECT_DUPLICATES, &error);
    /* An id is echoed even when jansson could not hold it; nothing else in a reply is out of its reach. */
    demand(json != NULL || json_error_code(&error) == json_error_numeric_overflow, "the reply is no JSON to jansson");
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct wm_dataset *dataset; /* kept for all inputs; reachable, so no leak */
    if (dataset == NULL)
        demand(wm_dataset_load("data/sample", NULL, &dataset) == WM_OK,
               "data/sample cannot be loaded: run this from the repository's root");
    const char *text = (const char *)bytes;
    compare_readers(text, len);
    if (memchr(text, '\n', len) != NULL)
        return 0; /* no line */
    compare_slicers(text, len);
    struct buf reply;
    buf_init(&reply, (size_t)BATCH_MAX * 1000000);
    dispatch_line(dataset, NULL, text, len, &reply);
    check_reply(&reply);
    buf_fini(&reply);
    return 0;
}
