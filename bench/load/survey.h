/* What a load learns of the service before it begins: who it is, and the ids to ask about. */
#ifndef LOAD_SURVEY_H
#define LOAD_SURVEY_H

#include "client_link.h"
#include "questions.h"

enum { IDS_MAX = 100000 /* of one kind: more would not make a load more varied */ };

struct survey {
    char version[32], kernel[32], dataset[40], policy[40]; /* "" where the service does not say */
    struct ids posts, leaders;
};

/* Asks only for what the mix needs. On failure `error` is a sentence; survey_free either way. */
enum link_status survey_make(struct survey *survey, const struct settings *settings, char error[LINK_ERROR_CAP]);
void survey_free(struct survey *survey);

#endif
