/*
 * Question k of a shortlist is about post k modulo the posts. When all posts have had their turn, the next round adds a
 * ceiling on local cost so high that no package reaches it, another one each round: the service's caches know nothing of
 * it and compute, yet the answer has the same bytes, which is checked. Pairs have no such parameter: they are walked
 * through in an order that changes leader and post every time, and come again only when all have been asked.
 */
#include "questions.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":"
#define CEILING_BASE UINT64_C(500000000000) /* pounds: the service takes up to 10^12 */
#define CEILING_SPAN UINT64_C(400000000000)

/* ---- Ids ---- */

bool ids_add(struct ids *ids, const char *id, size_t len)
{
    assert(len <= ID_BYTES_MAX);
    if (ids->n == ids->cap) {
        size_t cap = ids->cap ? 2 * ids->cap : 1024;
        void *more = realloc(ids->id, cap * sizeof *ids->id);
        if (!more)
            return false;
        ids->id = more;
        ids->cap = cap;
    }
    memcpy(ids->id[ids->n], id, len);
    ids->id[ids->n++][len] = '\0';
    return true;
}

void ids_free(struct ids *ids)
{
    free(ids->id);
    *ids = (struct ids){0};
}

/* ---- Which ---- */

uint64_t questions_topics(const struct questions *questions, enum load_method method)
{
    switch (load_methods[method].topic) {
    case TOPIC_POST:
        return questions->posts->n;
    case TOPIC_LEADER:
        return questions->leaders->n;
    case TOPIC_PAIR:
        return questions->leaders->n * questions->posts->n;
    case TOPIC_NONE:
        break;
    }
    return 1;
}

uint64_t questions_topic(const struct questions *questions, struct question question)
{
    return (uint64_t)question.method << 56 | question.number % questions_topics(questions, question.method);
}

struct question questions_draw(struct questions *questions)
{
    enum load_method method = mix_draw(&questions->settings->mix, &questions->random);
    uint64_t distinct = questions->settings->distinct;
    if (distinct == 0)
        return (struct question){method, questions->next[method]++};
    return (struct question){method, (uint64_t)below(&questions->random, (int64_t)distinct)};
}

/* ---- How it is written ---- */

static char *put(char *at, const char *text)
{
    size_t len = strlen(text);
    memcpy(at, text, len);
    return at + len;
}

static char *put_digits(char *at, uint64_t number, int n)
{
    for (int i = n; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + n;
}

/* Members that the topic fills; `first` is what opens the first one. */
static char *put_topic(const struct questions *questions, struct question question, char *at)
{
    const struct ids *posts = questions->posts, *leaders = questions->leaders;
    uint64_t k = question.number;
    switch (load_methods[question.method].topic) {
    case TOPIC_POST:
        at = put(at, "\"post\":\"");
        return put(put(at, posts->id[k % posts->n]), "\"");
    case TOPIC_LEADER:
        at = put(at, question.method == LOAD_get ? "\"kind\":\"leader\",\"id\":\"" : "\"leader\":\"");
        return put(put(at, leaders->id[k % leaders->n]), "\"");
    case TOPIC_PAIR: /* k to leader k mod L and post (k / L + k) mod P: each pair once in L * P steps */
        at = put(put(at, "\"leader\":\""), leaders->id[k % leaders->n]);
        at = put(put(at, "\",\"post\":\""), posts->id[(k / leaders->n + k % leaders->n) % posts->n]);
        return put(at, "\"");
    case TOPIC_NONE:
        break;
    }
    return question.method == LOAD_list ? put(at, "\"kind\":\"leader\"") : at;
}

static size_t write_whole(const struct questions *questions, struct question question, uint64_t id, char *out)
{
    const struct load_method_spec *spec = &load_methods[question.method];
    unsigned limit = spec->takes_limit ? questions->settings->limit : 0;
    bool bare = spec->topic == TOPIC_NONE && question.method != LOAD_list;
    char *at = put_digits(put(out, HEAD), id, QUESTION_ID_DIGITS);
    at = put(put(put(at, ",\"method\":\""), spec->method), "\"");
    if (!bare) {
        at = put_topic(questions, question, put(at, ",\"params\":{"));
        if (limit)
            at += sprintf(at, ",\"limit\":%u", limit);
        uint64_t round = question.number / questions_topics(questions, question.method);
        if (round > 0 && (question.method == LOAD_shortlist || question.method == LOAD_opportunities)) {
            at = put(at, ",\"filters\":{\"max_local_cost_gbp\":");
            at = put(put_digits(at, CEILING_BASE + round % CEILING_SPAN, 12), "}");
        }
        at = put(at, "}");
    }
    at = put(at, "}\n");
    assert(at - out < QUESTION_CAP);
    return (size_t)(at - out);
}

size_t questions_write(const struct questions *questions, struct question question, uint64_t id, char out[QUESTION_CAP])
{
    const uint32_t *line = questions->line[question.method];
    if (!line)
        return write_whole(questions, question, id, out);
    size_t len = line[question.number + 1] - line[question.number];
    memcpy(out, questions->lines.at + line[question.number], len);
    put_digits(out + sizeof HEAD - 1, id, QUESTION_ID_DIGITS);
    return len;
}

/* ---- Before and after ---- */

static bool write_out(struct questions *questions, enum load_method method)
{
    char line[QUESTION_CAP];
    uint64_t n = questions->settings->distinct;
    uint32_t *starts = malloc((n + 1) * sizeof *starts);
    for (uint64_t k = 0; starts && k <= n; k++) {
        starts[k] = (uint32_t)questions->lines.len;
        if (k < n)
            buf_put(&questions->lines, line,
                    write_whole(questions, (struct question){method, k}, QUESTION_ID_BASE, line));
    }
    questions->line[method] = starts;
    return starts && !questions->lines.failed;
}

bool questions_init(struct questions *questions, const struct settings *settings, const struct ids *posts,
                    const struct ids *leaders, uint64_t fresh)
{
    *questions = (struct questions){.settings = settings, .posts = posts, .leaders = leaders};
    questions->random = (struct random){random_mixed(settings->seed + 1)};
    buf_init(&questions->lines, UINT32_MAX);
    for (enum load_method method = 0; method < LOAD_METHOD_COUNT; method++) {
        uint64_t topics = questions_topics(questions, method);
        if (!settings->mix.weight[method] || settings->distinct == 0)
            questions->next[method] = load_methods[method].topic == TOPIC_PAIR ? fresh : fresh * topics;
        else if (!write_out(questions, method))
            return false;
    }
    return true;
}

void questions_fini(struct questions *questions)
{
    for (enum load_method method = 0; method < LOAD_METHOD_COUNT; method++)
        free(questions->line[method]);
    buf_fini(&questions->lines);
}
