/* Each list is a buffer of JSON items, so that putting the question is copying. */
#include "client_question.h"

#include "client_value.h"
#include "jsonrpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct question_source {
    struct question_source *before;
    enum question_list list;
    size_t index;
    const char *option, *text;
};

static const char *const list_names[] = {
#define X(name) #name,
    QUESTION_LISTS(X)
#undef X
};

void question_init(struct question *question)
{
    *question = (struct question){0};
    for (size_t i = 0; i < QUESTION_LIST_COUNT; i++)
        buf_init(&question->lists[i], LINE_MAX_BYTES);
    buf_init(&question->settings, LINE_MAX_BYTES);
}

void question_fini(struct question *question)
{
    for (size_t i = 0; i < QUESTION_LIST_COUNT; i++)
        buf_fini(&question->lists[i]);
    buf_fini(&question->settings);
    while (question->sources) {
        struct question_source *before = question->sources->before;
        free(question->sources);
        question->sources = before;
    }
}

/* The list, ready for one more item, whose source is kept. */
static struct buf *next_item(struct question *question, enum question_list list, const char *option, const char *text)
{
    struct buf *items = &question->lists[list];
    struct question_source *source = malloc(sizeof *source);
    if (source) {
        *source = (struct question_source){question->sources, list, question->n[list], option, text};
        question->sources = source;
    } else {
        question->failed = true;
    }
    if (question->n[list]++ > 0)
        buf_char(items, ',');
    return items;
}

void question_id(struct question *question, enum question_list list, const char *option, const char *text,
                 struct slice id)
{
    struct buf *items = next_item(question, list, option, text);
    buf_json_string(items, id.at, id.len);
}

static void put_part(struct buf *items, const char *key, struct slice value)
{
    if (!value.at)
        return;
    json_put_key(items, key);
    buf_json_string(items, value.at, value.len);
}

void question_rule(struct question *question, enum question_list list, const char *option, const char *text,
                   const struct placement_rule *rule)
{
    struct buf *items = next_item(question, list, option, text);
    json_open(items, '{');
    put_part(items, "leader", rule->leader);
    put_part(items, "post", rule->post);
    put_part(items, "package", rule->package);
    put_part(items, "mentor", rule->mentor);
    json_close(items, '}');
}

static void put_number(struct buf *items, const char *key, const char *number)
{
    json_put_key(items, key);
    buf_text(items, number);
}

static void change_limit(struct question *question, const char *option, const char *text, const struct what_if *change)
{
    struct buf *items = next_item(question, QUESTION_limits, option, text);
    json_open(items, '{');
    json_put_text(items, "resource", change->name);
    put_part(items, "of", change->of);
    put_number(items, change->relative ? "add" : "to", change->number);
    json_close(items, '}');
}

static void change_policy(struct question *question, const char *option, const char *text, const struct what_if *change)
{
    struct buf *items = next_item(question, QUESTION_policy, option, text);
    json_open(items, '{');
    put_part(items, "pointer", change->of);
    put_number(items, "to", change->number);
    json_close(items, '}');
}

static void must_fill(struct question *question, const char *option, const char *text, struct slice ids)
{
    for (size_t at = 0; at < ids.len;) {
        size_t len = 0;
        while (at + len < ids.len && ids.at[at + len] != ',')
            len++;
        if (len > 0)
            question_id(question, QUESTION_must_fill, option, text, (struct slice){ids.at + at, len});
        at += len + 1;
    }
}

void question_change(struct question *question, const char *option, const char *text, const struct what_if *change)
{
    switch (change->kind) {
    case WHAT_IF_LIMIT:
        change_limit(question, option, text, change);
        break;
    case WHAT_IF_POLICY:
        change_policy(question, option, text, change);
        break;
    case WHAT_IF_SETTING:
        question_setting(question, change->name, change->number);
        break;
    case WHAT_IF_LOCK:
    case WHAT_IF_FORBID:
        question_rule(question, change->kind == WHAT_IF_LOCK ? QUESTION_locks : QUESTION_forbids, option, text,
                      &change->rule);
        break;
    case WHAT_IF_MUST_FILL:
        must_fill(question, option, text, change->of);
        break;
    case WHAT_IF_WITHOUT:
        break;
    }
}

void question_setting(struct question *question, const char *name, const char *json)
{
    json_put_key(&question->settings, name);
    buf_text(&question->settings, json);
}

void question_append(struct question *question, struct question *more)
{
    struct question_source *first = more->sources;
    for (struct question_source *source = more->sources; source; source = source->before) {
        source->index += question->n[source->list];
        first = source;
    }
    for (size_t i = 0; i < QUESTION_LIST_COUNT; i++) {
        struct buf *items = &question->lists[i];
        if (more->n[i] == 0)
            continue;
        json_item(items);
        buf_put(items, more->lists[i].at, more->lists[i].len);
        items->failed = items->failed || more->lists[i].failed;
        question->n[i] += more->n[i];
    }
    if (more->settings.len > 0) {
        json_item(&question->settings);
        buf_put(&question->settings, more->settings.at, more->settings.len);
    }
    question->failed = question->failed || more->failed || more->settings.failed;
    if (first) {
        first->before = question->sources;
        question->sources = more->sources;
    }
    more->sources = NULL;
    question_fini(more);
    question_init(more);
}

bool question_drop(struct question *question, enum question_list list, struct slice id)
{
    struct buf *items = &question->lists[list], whole, kept;
    size_t n = 0;
    buf_init(&whole, LINE_MAX_BYTES + 2);
    buf_init(&kept, LINE_MAX_BYTES);
    buf_char(&whole, '[');
    buf_put(&whole, items->at, items->len);
    buf_char(&whole, ']');
    struct items walk = value_items((struct slice){whole.at, whole.failed ? 0 : whole.len});
    for (struct slice item; !whole.failed && value_next(&walk, &item);) {
        if (item.len == id.len && memcmp(item.at, id.at, id.len) == 0)
            continue;
        json_item(&kept);
        buf_put(&kept, item.at, item.len);
        n++;
    }
    bool dropped = !whole.failed && !kept.failed && n < question->n[list];
    buf_fini(&whole);
    if (dropped) {
        buf_fini(items);
        *items = kept;
        question->n[list] = n;
    } else {
        buf_fini(&kept);
    }
    return dropped;
}

void question_put_lists(const struct question *question, struct buf *params)
{
    for (size_t i = 0; i < QUESTION_LIST_COUNT; i++) {
        const struct buf *items = &question->lists[i];
        if (question->n[i] == 0)
            continue;
        json_put_key(params, list_names[i]);
        json_open(params, '[');
        buf_put(params, items->at, items->len);
        json_close(params, ']');
        params->failed = params->failed || items->failed;
    }
    params->failed = params->failed || question->failed;
}

void question_put(const struct question *question, struct buf *params)
{
    question_put_lists(question, params);
    if (question->settings.len > 0) {
        json_item(params);
        buf_put(params, question->settings.at, question->settings.len);
    }
    params->failed = params->failed || question->settings.failed;
}

const char *question_subject(const struct question *question, const char *pointer, char *out, size_t cap)
{
    if (*pointer != '/')
        return NULL;
    size_t len = strcspn(pointer + 1, "/");
    const char *rest = pointer + 1 + len;
    if (*rest != '/' || rest[1] < '0' || rest[1] > '9')
        return NULL;
    size_t index = strtoul(rest + 1, NULL, 10);
    for (const struct question_source *source = question->sources; source; source = source->before) {
        const char *name = list_names[source->list];
        if (source->index == index && strlen(name) == len && memcmp(name, pointer + 1, len) == 0) {
            snprintf(out, cap, "%s '%s'", source->option, source->text);
            return out;
        }
    }
    return NULL;
}
