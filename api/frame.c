/* Cuts a byte stream into lines. The common case, whole lines in one read, copies nothing and allocates nothing. */
#include "frame.h"

#include <string.h>

void frame_init(struct frame *frame, size_t line_max)
{
    *frame = (struct frame){.line_max = line_max};
    buf_init(&frame->partial, line_max + 1); /* one more: the CR of a line at the ceiling */
}

void frame_fini(struct frame *frame)
{
    buf_fini(&frame->partial);
}

/* A line without its CR; false when nothing but blanks is left. */
static bool trim(const char *bytes, size_t len, const char **line, size_t *line_len)
{
    if (len > 0 && bytes[len - 1] == '\r')
        len--;
    *line = bytes;
    *line_len = len;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r')
            return true;
    return false;
}

/* True when a line that begins with these bytes is too long whatever follows. */
static bool overlong(const struct frame *frame, size_t len, char last)
{
    return len > frame->line_max + 1 || (len == frame->line_max + 1 && last != '\r');
}

/* Drops what is kept of the current line. */
static void forget(struct frame *frame)
{
    buf_fini(&frame->partial);
    frame->handed = false;
}

/* Keeps the start of a line, or all of it. */
static enum frame_event keep(struct frame *frame, const char *bytes, size_t len)
{
    if (len > 0 && overlong(frame, frame->partial.len + len, bytes[len - 1])) {
        forget(frame);
        return FRAME_TOO_LONG;
    }
    buf_put(&frame->partial, bytes, len);
    if (frame->partial.failed) {
        forget(frame);
        return FRAME_MEMORY;
    }
    return FRAME_MORE;
}

enum frame_event frame_next(struct frame *frame, const char **bytes, size_t *len, const char **line, size_t *line_len)
{
    if (frame->handed)
        forget(frame);
    while (*len > 0) {
        const char *start = *bytes, *end = memchr(start, '\n', *len);
        size_t taken = end == NULL ? *len : (size_t)(end - start);
        *bytes += taken + (end != NULL);
        *len -= taken + (end != NULL);
        if (frame->skipping) {
            frame->skipping = end == NULL;
            continue;
        }
        if (end == NULL || frame->partial.len > 0) {
            enum frame_event event = keep(frame, start, taken);
            if (event != FRAME_MORE) {
                frame->skipping = end == NULL;
                return event;
            }
            if (end == NULL)
                return FRAME_MORE;
            start = frame->partial.at;
            taken = frame->partial.len;
            frame->handed = true;
        }
        bool filled = trim(start, taken, line, line_len);
        if (*line_len > frame->line_max)
            return FRAME_TOO_LONG;
        if (filled)
            return FRAME_LINE;
        if (frame->handed)
            forget(frame);
    }
    return FRAME_MORE;
}

bool frame_is_open(const struct frame *frame)
{
    return frame->partial.len > 0 && !frame->handed;
}

enum frame_event frame_end(struct frame *frame, const char **line, size_t *line_len)
{
    if (frame->handed)
        forget(frame);
    if (frame->partial.len == 0)
        return FRAME_MORE;
    frame->handed = true;
    if (!trim(frame->partial.at, frame->partial.len, line, line_len))
        return FRAME_MORE;
    return *line_len > frame->line_max ? FRAME_TOO_LONG : FRAME_LINE;
}
