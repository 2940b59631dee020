/* One structured line an event to stderr: `2026-07-08T09:00:00.123Z info event=stopped exit=0`. No names of people. */
#ifndef API_LOG_H
#define API_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
/* "error", "warning", "info" or "debug"; false for anything else. */
bool log_level_parse(const char *name, enum log_level *out);
enum log_level log_level_now(void);
/* Pairs of key, value (both const char *), ended by NULL. Values with blanks, quotes or controls are quoted. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* A number as text for log_event, in one of a few static thread-local buffers: valid until the eighth next call. */
const char *log_number(long long value);

/*
 * For events that a peer could provoke without end: at most LOG_BURST lines a minute from one place. One thread only.
 *     if (log_due(&limit))
 *         log_event(LOG_WARNING, "event", "suppressed", log_number(log_suppressed(&limit)), NULL);
 */
enum { LOG_BURST = 10 };
struct log_limit {
    long long minute;
    unsigned n, n_suppressed;
};
bool log_due(struct log_limit *limit);
unsigned
log_suppressed(struct log_limit *limit); /* lines swallowed since the last one that was due; starts again at 0 */

#endif
