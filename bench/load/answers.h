/*
 * Reads the answers to a load and judges them: the right id, an answer at all, and the same bytes as the first answer to
 * the same topic. Bytes are compared by a 64-bit hash of all but the id; the first ones are kept, to show both.
 */
#ifndef LOAD_ANSWERS_H
#define LOAD_ANSWERS_H

#include "buf.h"
#include "json.h"

struct answer {
    uint64_t id; /* 0: none of ours, which have QUESTION_ID_DIGITS digits */
    int code;    /* 0: a result; else the error's */
    uint64_t hash;
    struct slice line; /* all of it */
};

enum answer_kind {
    ANSWER_OURS,   /* a result or an error with an id */
    ANSWER_STRAY,  /* an error with id null: about the connection, such as that there are too many */
    ANSWER_NOTICE, /* what a service tells on its own */
    ANSWER_BROKEN  /* no JSON-RPC message */
};

enum answer_kind answer_read(const char *line, size_t len, struct answer *out);

struct answers {
    struct known *known; /* [cap] by open addressing */
    size_t n, cap;
    struct buf kept;   /* first answers, for as long as there is room */
    uint64_t compared; /* with an earlier answer to the same topic */
    uint64_t unknown;  /* not compared, because too many topics were known already */
    uint64_t wrong;    /* of any kind */
    struct buf why;    /* what was wrong with the first of them, with both answers */
};

void answers_init(struct answers *answers);
void answers_fini(struct answers *answers);

/* A result to a question of this topic. False: it is wrong. */
bool answers_check(struct answers *answers, uint64_t topic, const struct answer *answer);
/* Adds the question to what is told of the first wrong answer. */
void answers_tell_request(struct answers *answers, struct slice request);
/* Anything else that is wrong: an id that nobody waits for, bytes that are no answer. */
void answers_blame(struct answers *answers, const char *what, struct slice line);

#endif
