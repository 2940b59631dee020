/*
 * Plans as the client holds them: one JSON object with the summary and every part. It is what `allocate --json` writes
 * and what check, compare and --from read, from a file or by the id that a service gave.
 */
#ifndef API_CLIENT_PLAN_H
#define API_CLIENT_PLAN_H

#include "client.h"
#include "client_progress.h"
#include "client_question.h"

struct client_plan {
    struct buf text;
    struct slice whole;   /* in `text`; absent until there is a plan */
    struct buf left_open; /* posts that must be filled and cannot be: JSON strings with commas between */
    size_t n_left_open;
};

void client_plan_init(struct client_plan *plan);
void client_plan_fini(struct client_plan *plan);

/* Is this word a plan: a file that is there, "-", or an id (which no file has)? */
bool client_plan_is_named(const char *word);
bool client_plan_is_id(const char *word);

/*
 * Asks plan.allocate, or plan.what_if upon the plan `base` (NULL: none), waits, shows progress, and fetches every part.
 * An interrupt stops the solver; what it has found by then is the plan. What went wrong has been told.
 * Posts that must be filled and that no plan can fill are told, taken out of the question, and listed with the plan.
 */
enum exit_code client_plan_ask(const struct client *client, struct link *link, struct question *question,
                               const char *base, struct client_plan *out);
/* Whether what the question's lists name is there: EXIT_DONE, or it has been told what is not. Solves nothing. */
enum exit_code client_plan_try(const struct client *client, struct link *link, const struct question *question);
/* From a file, or every part of the plan of that id. */
enum exit_code client_plan_open(const struct client *client, struct link *link, const char *word,
                                struct client_plan *out);
/* The question that `plan` answers, asked once more. */
enum exit_code client_plan_ask_again(const struct client *client, struct link *link, const struct client_plan *plan,
                                     struct client_plan *out);
bool client_plan_same_value(const struct client_plan *a, const struct client_plan *b);
/* Is there a cap on moves, or a penalty? Then the plan is to be judged beside the one that it changes. */
bool client_plan_counts_moves(struct slice plan);
/*
 * The members of the question that `plan` answers, put into the open object `params`: all that it is to be judged by.
 * What its moves are counted from is the caller's to put.
 */
void client_plan_put_request(struct buf *params, struct slice plan);
/* The exit code that a plan stands for. */
enum exit_code client_plan_code(const struct client_plan *plan);

#endif
