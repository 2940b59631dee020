/* Bytes -> complete lines, no I/O. A whole line in one read is handed out in place; only a partial one is copied. */
#ifndef API_FRAME_H
#define API_FRAME_H

#include "buf.h"

struct frame {
    struct buf partial; /* start of a line whose end has not come yet; freed again once it has */
    size_t line_max;
    bool skipping; /* past the ceiling: bytes are dropped up to the next LF */
    bool handed;   /* `partial` is the line that was given out last */
};

enum frame_event {
    FRAME_MORE /* feed again */,
    FRAME_LINE,
    FRAME_TOO_LONG /* once for each overlong line */,
    FRAME_MEMORY
};

void frame_init(struct frame *frame, size_t line_max);
void frame_fini(struct frame *frame);
/*
 * Takes from *bytes (advanced, *len lessened) up to one line. FRAME_LINE: *line (no LF, no CR before it) is valid
 * until the next call; blank lines are skipped. Call until FRAME_MORE.
 */
enum frame_event frame_next(struct frame *frame, const char **bytes, size_t *len, const char **line, size_t *line_len);
/* Whether a line has begun and not ended. */
bool frame_is_open(const struct frame *frame);
/* At EOF: the last line without LF, if any. */
enum frame_event frame_end(struct frame *frame, const char **line, size_t *line_len);

#endif
