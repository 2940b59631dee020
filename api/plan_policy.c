/*
 * A question under another policy: its changes are spliced into the policy's text in place, so that nothing else of it
 * changes by a round trip through doubles; then the dataset is derived anew.
 */
#include "plan_question_parts.h"

#include "encode.h"
#include "jsonrpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLICY_MAX_BYTES = 16 << 20, FAULTS_TOLD = 100 };

/* The next token of a JSON pointer, escapes undone; false when there is none or it does not fit. */
static bool next_token(const char **pointer, char *out, size_t cap)
{
    const char *at = *pointer;
    size_t len = 0;
    if (*at++ != '/')
        return false;
    for (; *at != '\0' && *at != '/'; at++) {
        char c = *at;
        if (c == '~' && (at[1] == '0' || at[1] == '1'))
            c = *++at == '0' ? '~' : '/';
        if (len + 1 == cap)
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    *pointer = at;
    return true;
}

static bool step_into(struct slice *value, const char *token)
{
    struct json_walk walk;
    struct slice key, inner;
    char kind = json_kind(*value);
    if (kind != '{' && kind != '[')
        return false;
    json_walk_start(&walk, *value);
    while (kind == '{' && json_walk_member(&walk, &key, &inner))
        if (json_string_is(key, token)) {
            *value = inner;
            return true;
        }
    char *end;
    unsigned long wanted = strtoul(token, &end, 10);
    bool counts = kind == '[' && *token >= '0' && *token <= '9' && *end == '\0';
    for (unsigned long i = 0; counts && json_walk_item(&walk, &inner); i++)
        if (i == wanted) {
            *value = inner;
            return true;
        }
    return false;
}

/* No such number: says which pointers lead on from `within`, the last value that was there. */
static int refuse_pointer(struct plan_builder *build, const struct place *place, struct slice got, struct slice within,
                          const char *so_far, size_t so_far_len)
{
    enum { SHOWN = 64 };
    char names[SHOWN][PLAN_POINTER_MAX];
    struct choices choices = {0};
    struct json_walk walk;
    struct slice key, value;
    if (json_kind(within) != '{')
        return refuse_value(build->error, place, "the pointer of a number in policy.json, as /accept/mentor/value",
                            got);
    json_walk_start(&walk, within);
    while (choices.n < SHOWN && json_walk_member(&walk, &key, &value)) {
        char *name = names[choices.n];
        size_t len = (size_t)snprintf(name, PLAN_POINTER_MAX, "%.*s/", (int)so_far_len, so_far);
        if (len < PLAN_POINTER_MAX &&
            json_string_copy(key, name + len, PLAN_POINTER_MAX - len) < PLAN_POINTER_MAX - len)
            choices_add(&choices, name);
    }
    return refuse_choice(build->error, place, &choices, got);
}

/* Finds the number that a pointer names inside `policy`. */
static int find_number(struct plan_builder *build, const struct place *place, struct slice policy, struct slice pointer,
                       struct slice *number)
{
    char text[PLAN_POINTER_MAX + 1], token[PLAN_POINTER_MAX + 1];
    struct place pointer_place = {place, "pointer", 0};
    const char *at = text, *before = text;
    *number = policy;
    if (!read_text(pointer, text, sizeof text))
        return refuse_value(build->error, &pointer_place, "a JSON pointer", pointer);
    while (*at != '\0') {
        before = at;
        if (!next_token(&at, token, sizeof token) || !step_into(number, token))
            return refuse_pointer(build, &pointer_place, pointer, *number, text, (size_t)(before - text));
    }
    return json_kind(*number) == '0'
               ? 0
               : refuse_pointer(build, &pointer_place, pointer, *number, text, (size_t)(at - text));
}

static int read_edit(struct plan_builder *build, const struct params *item, const struct place *place, struct slice raw,
                     void *out)
{
    struct buf *policy = out, *edits = &build->question->edits, before = *policy;
    struct slice pointer = params_get(item, "pointer")->raw, to = params_get(item, "to")->raw, number;
    (void)raw;
    int code = find_number(build, place, (struct slice){before.at, before.len}, pointer, &number);
    if (code != 0)
        return code;
    size_t head = (size_t)(number.at - before.at), tail = head + number.len;
    buf_init(policy, POLICY_MAX_BYTES);
    buf_put(policy, before.at, head);
    buf_put(policy, to.at, to.len);
    buf_put(policy, before.at + tail, before.len - tail);
    buf_fini(&before);
    json_open(edits, '{');
    json_put_key(edits, "pointer");
    buf_put(edits, pointer.at, pointer.len);
    json_put_key(edits, "to");
    buf_put(edits, to.at, to.len);
    json_close(edits, '}');
    return policy->failed || edits->failed ? refuse_memory(build->error) : 0;
}

static int refuse_policy(struct buf *error, const struct wm_faults *faults)
{
    rpc_error_open(error, RPC_INVALID_DATA);
    encode_faults(error, faults);
    json_put_integer(error, "count", (int64_t)wm_faults_count(faults));
    rpc_error_close(error);
    return RPC_INVALID_DATA;
}

static int revise(struct plan_builder *build, const struct buf *policy)
{
    struct wm_faults *faults = NULL;
    int code = wm_faults_new(FAULTS_TOLD, &faults);
    if (code == WM_OK)
        code = wm_dataset_revise(build->dataset, policy->at, policy->len, faults, &build->question->dataset);
    code = code == WM_EDATA     ? refuse_policy(build->error, faults)
           : code == WM_EMEMORY ? refuse_memory(build->error)
           : code != WM_OK      ? refuse_code(build->error, RPC_INTERNAL, wm_error_text(code))
                                : 0;
    wm_faults_free(faults);
    return code;
}

int plan_set_dataset(struct plan_builder *build, struct wm_dataset *dataset)
{
    struct plan_question *question = build->question;
    struct wm_dataset *from = build->base ? build->base->question->dataset : dataset;
    const struct param_value *edits = params_get(build->params, "policy");
    if (build->base)
        buf_put(&question->edits, build->base->question->edits.at, build->base->question->edits.len);
    if (plan_count_items(edits->raw) == 0) {
        question->dataset = wm_dataset_ref(from);
        return 0;
    }
    struct buf policy;
    size_t len, offset;
    const char *text = wm_policy_json(from, &len), *reason;
    if (json_check(text, len, &offset, &reason) != JSON_OK)
        return refuse_code(build->error, RPC_INTERNAL, reason);
    buf_init(&policy, POLICY_MAX_BYTES);
    buf_put(&policy, text, len);
    int code = policy.failed ? refuse_memory(build->error)
                             : plan_read_list(build, "policy", plan_edit_members, read_edit, &policy, 0);
    if (code == 0)
        code = revise(build, &policy);
    buf_fini(&policy);
    return code;
}
