/* The usual answer is taken apart by its fixed beginning and 16 digits; any other order of members the long way. */
#include "answers.h"

#include "questions.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":"
#define ERROR_HEAD ",\"error\":{\"code\":"
#define RESULT_HEAD ",\"result\":"

enum {
    HEAD_BYTES = sizeof HEAD - 1,
    KNOWN_CAP_FIRST = 1024,
    KNOWN_CAP_MAX = 1 << 22,
    KEPT_BYTES_MAX = 64 << 20,
    WHY_BYTES_MAX = 1 << 16,
    EXCERPT_BEFORE = 60, /* bytes shown before and after the first that differs */
    EXCERPT_AFTER = 100
};

struct known {
    uint64_t topic, hash; /* topic + 1; 0: free */
    size_t at, len;       /* of its first answer in `kept`; len 0: there was no room */
};

/* ---- Reading ---- */

/* Our ids have a fixed number of digits, the first of them 1 to 9; 0 for anything else. */
static uint64_t id_of(const char *digits)
{
    uint64_t id = 0;
    for (int i = 0; i < QUESTION_ID_DIGITS; i++) {
        unsigned digit = (unsigned char)digits[i] - '0';
        if (digit > 9)
            return 0;
        id = id * 10 + digit;
    }
    return id >= QUESTION_ID_BASE ? id : 0;
}

static int code_of(struct slice error)
{
    struct slice key, value;
    struct json_walk walk;
    if (json_kind(error) != '{')
        return 0;
    json_walk_start(&walk, error);
    while (json_walk_member(&walk, &key, &value))
        if (json_string_is(key, "code") && json_kind(value) == '0')
            return (int)strtol(value.at, NULL, 10);
    return 0;
}

static enum answer_kind read_slowly(struct answer *out)
{
    struct slice key, value, id = {NULL, 0}, result = id, error = id, method = id;
    struct json_walk walk;
    size_t offset;
    const char *reason, *line = out->line.at;
    if (json_check(line, out->line.len, &offset, &reason) != JSON_OK || json_kind(out->line) != '{')
        return ANSWER_BROKEN;
    json_walk_start(&walk, out->line);
    while (json_walk_member(&walk, &key, &value)) {
        struct slice *place = json_string_is(key, "id")       ? &id
                              : json_string_is(key, "result") ? &result
                              : json_string_is(key, "error")  ? &error
                              : json_string_is(key, "method") ? &method
                                                              : NULL;
        if (place)
            *place = value;
    }
    if (method.at && !id.at)
        return ANSWER_NOTICE;
    if (!id.at || !result.at == !error.at)
        return ANSWER_BROKEN;
    out->id = id.len == QUESTION_ID_DIGITS ? id_of(id.at) : 0;
    out->code = error.at ? code_of(error) : 0;
    if (error.at && out->code == 0)
        return ANSWER_BROKEN;
    if (error.at && json_kind(id) == 'n')
        return ANSWER_STRAY;
    size_t before = (size_t)(id.at - line), after = before + id.len;
    out->hash = XXH3_64bits(line, before) ^ XXH3_64bits(line + after, out->line.len - after);
    return ANSWER_OURS;
}

enum answer_kind answer_read(const char *line, size_t len, struct answer *out)
{
    const char *rest = line + HEAD_BYTES + QUESTION_ID_DIGITS;
    *out = (struct answer){.line = {line, len}};
    if (len < HEAD_BYTES + QUESTION_ID_DIGITS + sizeof ERROR_HEAD || line[len - 1] != '}' ||
        memcmp(line, HEAD, HEAD_BYTES) != 0 || memcmp(rest, RESULT_HEAD, sizeof RESULT_HEAD - 1) != 0)
        return read_slowly(out);
    out->id = id_of(line + HEAD_BYTES);
    out->hash = XXH3_64bits(rest, len - (size_t)(rest - line));
    return ANSWER_OURS;
}

/* ---- What is known ---- */

void answers_init(struct answers *answers)
{
    *answers = (struct answers){.known = NULL};
    buf_init(&answers->kept, KEPT_BYTES_MAX);
    buf_init(&answers->why, WHY_BYTES_MAX);
}

void answers_fini(struct answers *answers)
{
    free(answers->known);
    buf_fini(&answers->kept);
    buf_fini(&answers->why);
}

static struct known *place_of(struct known *known, size_t cap, uint64_t topic)
{
    size_t i = (size_t)random_mixed(topic) & (cap - 1);
    while (known[i].topic != 0 && known[i].topic != topic)
        i = (i + 1) & (cap - 1);
    return &known[i];
}

/* Room for one more topic; false: there are too many. */
static bool make_room(struct answers *answers)
{
    if (answers->n < answers->cap / 2)
        return true;
    size_t cap = answers->cap ? 2 * answers->cap : KNOWN_CAP_FIRST;
    struct known *more = cap <= KNOWN_CAP_MAX ? calloc(cap, sizeof *more) : NULL;
    if (!more)
        return answers->cap > 0 && answers->n < answers->cap / 4 * 3;
    for (size_t i = 0; i < answers->cap; i++)
        if (answers->known[i].topic != 0)
            *place_of(more, cap, answers->known[i].topic) = answers->known[i];
    free(answers->known);
    answers->known = more;
    answers->cap = cap;
    return true;
}

static void remember(struct answers *answers, struct known *known, uint64_t topic, const struct answer *answer)
{
    *known = (struct known){topic, answer->hash, answers->kept.len, answer->line.len};
    answers->n++;
    if (answers->kept.failed || answer->line.len > KEPT_BYTES_MAX - answers->kept.len)
        known->len = 0;
    else
        buf_put(&answers->kept, answer->line.at, answer->line.len);
    if (answers->kept.failed)
        known->len = 0;
}

/* ---- What is wrong ---- */

/* Where two answers first differ, apart from the digits of their ids. */
static size_t first_difference(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len, i = 0;
    bool ids_apart = n > HEAD_BYTES + QUESTION_ID_DIGITS && memcmp(a.at, HEAD, HEAD_BYTES) == 0;
    for (; i < n; i++) {
        bool in_id = ids_apart && i >= HEAD_BYTES && i < HEAD_BYTES + QUESTION_ID_DIGITS;
        if (a.at[i] != b.at[i] && !in_id)
            break;
    }
    return i;
}

/* ASCII alone: it may begin or end in the middle of a character, and a terminal must not be steered. */
static void put_excerpt(struct buf *out, const char *title, struct slice line, size_t around)
{
    size_t from = around > EXCERPT_BEFORE ? around - EXCERPT_BEFORE : 0;
    size_t to = around + EXCERPT_AFTER < line.len ? around + EXCERPT_AFTER : line.len;
    buf_format(out, "  %s %s", title, from ? "..." : "");
    for (size_t i = from; i < to; i++)
        buf_char(out, line.at[i] < 0x20 || line.at[i] >= 0x7f ? '?' : line.at[i]);
    buf_text(out, to < line.len ? "...\n" : "\n");
}

static void show_both(struct answers *answers, const struct known *known, const struct answer *answer)
{
    struct buf *why = &answers->why;
    struct slice first = {answers->kept.at + known->at, known->len};
    if (known->len == 0) {
        buf_text(why, "The same question had another answer before (too long ago to show).\n");
        put_excerpt(why, "now  ", answer->line, 0);
        return;
    }
    size_t at = first_difference(first, answer->line);
    buf_format(why, "The same question had another answer before; they differ from byte %zu on (%zu and %zu bytes).\n",
               at, first.len, answer->line.len);
    put_excerpt(why, "first", first, at);
    put_excerpt(why, "now  ", answer->line, at);
}

bool answers_check(struct answers *answers, uint64_t topic, const struct answer *answer)
{
    struct known *known = NULL;
    bool room = make_room(answers);
    if (answers->cap > 0)
        known = place_of(answers->known, answers->cap, topic + 1);
    if (known && known->topic != 0) {
        answers->compared++;
        if (known->hash == answer->hash)
            return true;
        if (answers->wrong++ == 0)
            show_both(answers, known, answer);
        return false;
    }
    struct answer whole = *answer; /* the first of a topic is read in full; the others have its bytes */
    if (read_slowly(&whole) != ANSWER_OURS || whole.code != 0) {
        answers_blame(answers, "An answer is no JSON-RPC 2.0.", answer->line);
        return false;
    }
    if (room && known)
        remember(answers, known, topic + 1, answer);
    else
        answers->unknown++;
    return true;
}

void answers_tell_request(struct answers *answers, struct slice request)
{
    put_excerpt(&answers->why, "asked", request, 0);
}

void answers_blame(struct answers *answers, const char *what, struct slice line)
{
    if (answers->wrong++ > 0)
        return;
    buf_format(&answers->why, "%s\n", what);
    put_excerpt(&answers->why, "came ", line, 0);
}
