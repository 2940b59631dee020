/* One line on a terminal's stderr that tells how far a solver is, overwritten in place and gone at the end. */
#ifndef API_CLIENT_PROGRESS_H
#define API_CLIENT_PROGRESS_H

#include "json.h"

struct progress_line {
    bool on;    /* stderr is a terminal */
    bool shown; /* there is something to overwrite */
};

struct progress_state {
    char phase[24];
    bool found, bounded;
    double value, bound, gap;
    int64_t elapsed_ms;
    size_t nodes; /* 0: not told */
};

void progress_start(struct progress_line *line);
void progress_tell(struct progress_line *line, const struct progress_state *state);
/* The params of a plan.progress notification, or the data of deadline_exceeded. */
void progress_tell_json(struct progress_line *line, struct slice params);
void progress_end(struct progress_line *line);

/* The line itself, without what moves the cursor: never wider than 79 cells. */
enum { PROGRESS_CAP = 80 };
void progress_text(const struct progress_state *state, char out[PROGRESS_CAP]);

#endif
