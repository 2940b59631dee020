/* What a planner wishes for on the command line, read into questions. What is wrong with it has been told. */
#ifndef API_CLIENT_WISHES_H
#define API_CLIENT_WISHES_H

#include "client.h"
#include "client_question.h"

struct wishes {
    const struct client *client;
    struct link *link;         /* asked whose an id is */
    struct question *question; /* what the options ask */
    struct question *changes;  /* what --what-if and the options about moves change; NULL for wishes_read alone */
};

enum exit_code wishes_read(const struct wishes *wishes);
enum exit_code wishes_read_changes(const struct wishes *wishes);
/* How far to go, --time-limit, --gap and --resolve: the same for a plan and for its change. */
void wishes_set_effort(const struct options *options, struct question *question);

/* EXIT_INPUT, having told so, when --explain names no post and no leader of the data. */
enum exit_code wishes_check_explained(const struct wishes *wishes);

#endif
