/*
 * What the client's commands share: what was asked for on the command line, the way to an answer, and the one place
 * where text leaves for a terminal. Output is gathered and written once, so that a failure never leaves half an answer.
 */
#ifndef API_CLIENT_H
#define API_CLIENT_H

#include "client_link.h"
#include "client_options.h"
#include "client_table.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_INTERNAL = 1,
    EXIT_INPUT = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_UNFILLED = 4,   /* a plan, without posts that must be filled and cannot be */
    EXIT_INFEASIBLE = 5, /* no plan: locks and musts cannot all hold */
    EXIT_DEADLINE = 6    /* a plan, or none, stopped before the gap was closed */
};

enum { OUTPUT_MAX_BYTES = 256 << 20, FAULTS_LISTED = 20 /* on stderr, when --data cannot be loaded */ };

struct command; /* a row of wellmatch.c's table */

struct client {
    const struct command *command;
    const char *usage; /* "explain LEADER POST": where a leader and a post can have been swapped; else NULL */
    struct options options;
    struct screen screen;
    bool terminal, json, csv;
    struct buf out; /* of the answer; written at the end */
};

/* One sentence on stderr; what came from data or the network cannot steer the terminal. */
void client_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Everything in `out`, at once. Nobody reading any more is no failure; being unable to write is. */
enum exit_code client_write(struct buf *out, int fd);

/* The way that the options ask for; what went wrong has been told. link_close when done. */
enum exit_code client_open(const struct client *client, struct link *link);
/* An error answer: with --json the object as it came, else a sentence; both on stderr. `subject` as in view_error. */
enum exit_code client_tell_error(const struct client *client, const struct link_answer *answer, const char *subject);
/* Puts the answer to `method` into client->out, in the form that was asked for. */
void client_show(struct client *client, const char *method, struct slice result);
/* JSON on a line of its own into client->out; harmless for a terminal, else byte for byte. */
void client_put_json(struct client *client, struct slice value);
/* How many rows of a list to show people: --limit, or 100. */
size_t client_rows_max(const struct client *client);
/* All of the above, for a command that is one question. */
enum exit_code client_ask(struct client *client, const char *method, struct slice params);

/* A file, or standard input for "-", appended to `out`. False: told why. */
bool client_read_file(const char *path, struct buf *out);
/* file:line:column: what; expected ..., a line each. */
void client_list_faults(const struct wm_faults *faults, size_t n_max, struct buf *out);
bool client_environment_has(const char *name);
/* From now on the first Ctrl-C sets what this points to; the next ends the program as ever. */
const volatile sig_atomic_t *client_catch_interrupt(void);
bool client_was_interrupted(void); /* since the first of those */

#endif
