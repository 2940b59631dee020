/*
 * The params of a question about plans, gathered from options and changes; and where on the command line each item came
 * from, so that what a service says of "/limits/1/of" can be told of the words that a person wrote.
 */
#ifndef API_CLIENT_QUESTION_H
#define API_CLIENT_QUESTION_H

#include "client_options.h"
#include "client_what_if.h"

/* The lists of plan.allocate that are made item by item. */
#define QUESTION_LISTS(X) \
    X(posts)              \
    X(leaders)            \
    X(packages)           \
    X(without_posts) X(without_leaders) X(without_mentors) X(locks) X(forbids) X(must_fill) X(limits) X(policy)
enum question_list {
#define X(name) QUESTION_##name,
    QUESTION_LISTS(X)
#undef X
        QUESTION_LIST_COUNT
};

struct question_source;

struct question {
    struct buf lists[QUESTION_LIST_COUNT]; /* items as JSON; `failed` when there is no memory, or no end */
    size_t n[QUESTION_LIST_COUNT];
    struct buf settings;             /* members: gap, deadline_ms, moves_max, ... */
    struct question_source *sources; /* of items, last first */
    bool failed;
};

void question_init(struct question *question);
void question_fini(struct question *question);

/* `option` and `text` (both borrowed) are where the item comes from: "--must-fill", "V00001,V00002". */
void question_id(struct question *question, enum question_list list, const char *option, const char *text,
                 struct slice id);
void question_rule(struct question *question, enum question_list list, const char *option, const char *text,
                   const struct placement_rule *rule);
/* All kinds but WHAT_IF_WITHOUT: whose ids those are is not in the text. */
void question_change(struct question *question, const char *option, const char *text, const struct what_if *change);
/* A member whose value is JSON. */
void question_setting(struct question *question, const char *name, const char *json);

/* Adds what `more` holds; its sources with it, so that `more` is empty then. */
void question_append(struct question *question, struct question *more);

/* Takes out of a list of ids the one that is `id`, as JSON; false: it is not there. */
bool question_drop(struct question *question, enum question_list list, struct slice id);

/* Puts all into the open object `params`; a failure marks it as failed. */
void question_put(const struct question *question, struct buf *params);
void question_put_lists(const struct question *question, struct buf *params); /* the lists only */
/* "--what-if 'stock[P06]-=2'" for "/limits/0/of"; NULL when nothing on the command line made that. */
const char *question_subject(const struct question *question, const char *pointer, char *out, size_t cap);

#endif
