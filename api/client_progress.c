/* The solver tells more often than anybody reads; the caller's pace is kept. */
#include "client_progress.h"

#include "buf.h"
#include "client_value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void progress_start(struct progress_line *line)
{
    *line = (struct progress_line){.on = isatty(STDERR_FILENO)};
}

void progress_text(const struct progress_state *state, char out[PROGRESS_CAP])
{
    char line[1024], *end = line + sizeof line, *at = line;
    at += snprintf(at, (size_t)(end - at), "%-8.16s ", state->phase);
    at += state->found ? snprintf(at, (size_t)(end - at), "%.6g", state->value)
                       : snprintf(at, (size_t)(end - at), "no plan yet");
    if (state->bounded)
        at += snprintf(at, (size_t)(end - at), "%s at most %.6g", state->found ? " of" : ",", state->bound);
    if (state->found && state->bounded)
        at += snprintf(at, (size_t)(end - at), ", gap %.3g%%", 100 * state->gap);
    if (state->nodes > 0)
        at += snprintf(at, (size_t)(end - at), ", %zu nodes", state->nodes);
    snprintf(at, (size_t)(end - at), ", %.1f s", (double)state->elapsed_ms / 1000);
    line[PROGRESS_CAP - 1] = '\0';
    memcpy(out, line, PROGRESS_CAP);
}

void progress_tell(struct progress_line *line, const struct progress_state *state)
{
    char text[PROGRESS_CAP];
    if (!line->on)
        return;
    progress_text(state, text);
    fprintf(stderr, "\r%s\033[K", text);
    line->shown = true;
}

void progress_tell_json(struct progress_line *line, struct slice params)
{
    struct progress_state state = {.value = value_number(value_at(params, "value"))};
    struct slice phase = value_at(params, "phase"), bound = value_at(params, "bound");
    state.bound = value_number(bound.at ? bound : value_at(params, "best_bound"));
    state.gap = value_number(value_at(params, "gap"));
    state.found = !isnan(state.value);
    state.bounded = !isnan(state.bound);
    state.elapsed_ms = value_whole(value_at(params, "elapsed_ms"));
    if (phase.at && json_kind(phase) == '"')
        json_string_copy(json_string_raw(phase), state.phase, sizeof state.phase);
    for (char *at = state.phase; *at; at++) /* what came from the network cannot steer the terminal */
        if (*at < ' ' || *at > '~')
            *at = '?';
    progress_tell(line, &state);
}

void progress_end(struct progress_line *line)
{
    if (line->shown)
        fputs("\r\033[K", stderr);
    line->shown = false;
}
