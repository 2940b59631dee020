/*
 * The questions of a load: which there are, which comes next, and how each is written. They are drawn from the ids of the
 * dataset that the service serves. A question is a method and a number; equal numbers are the same bytes but for the id.
 */
#ifndef LOAD_QUESTIONS_H
#define LOAD_QUESTIONS_H

#include "mix.h"
#include "settings.h"

enum {
    QUESTION_CAP = 512,      /* bytes of a request, its LF included */
    QUESTION_ID_DIGITS = 16, /* of every id, so that it is written in place and read back without looking for its end */
    ID_BYTES_MAX = 64        /* of a post or leader that is asked about */
};

#define QUESTION_ID_BASE UINT64_C(1000000000000000) /* the least number of so many digits; twice that is below 2^53 */

/* Ids of one kind of row, as JSON may hold them between quotes. */
struct ids {
    size_t n, cap;
    char (*id)[ID_BYTES_MAX + 1]; /* [n] */
};
bool ids_add(struct ids *ids, const char *id, size_t len); /* false: no memory */
void ids_free(struct ids *ids);

struct question {
    enum load_method method;
    uint64_t number;
};

struct questions {
    const struct settings *settings;
    const struct ids *posts, *leaders;
    struct random random;
    uint64_t next[LOAD_METHOD_COUNT];  /* --distinct all: the number of the next question */
    struct buf lines;                  /* else: all questions, written out one after the other */
    uint32_t *line[LOAD_METHOD_COUNT]; /* [distinct + 1] where each starts in `lines` */
};

/* Settings and ids are borrowed. `fresh` is where the numbers of --distinct all start. False: no memory. */
bool questions_init(struct questions *questions, const struct settings *settings, const struct ids *posts,
                    const struct ids *leaders, uint64_t fresh);
void questions_fini(struct questions *questions);

struct question questions_draw(struct questions *questions);
/* Writes one request with this id (QUESTION_ID_DIGITS digits) and its LF; returns its length. */
size_t questions_write(const struct questions *questions, struct question question, uint64_t id,
                       char out[QUESTION_CAP]);
/* Questions of one topic must get one answer: it is computed anew when the number differs, but has the same bytes. */
uint64_t questions_topic(const struct questions *questions, struct question question);
/* Different answers that a method's questions can have. */
uint64_t questions_topics(const struct questions *questions, enum load_method method);

#endif
