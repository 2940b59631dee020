/*
 * The log: one line an event, `TIME LEVEL event=NAME key=value ...`, written with one write() so that lines of several
 * threads and processes do not mix. A line is cut at LINE_CAP rather than allocated for: logging must not fail for
 * want of memory.
 */
#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_CAP = 2048 };

struct line {
    char at[LINE_CAP];
    size_t len;
};

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static atomic_int level_now = LOG_INFO;

static void put_time(struct line *line);
static void put_value(struct line *line, const char *value);
static bool is_plain(const char *value);
static void put_char(struct line *line, char c);
static void put_text(struct line *line, const char *text);

void log_set_level(enum log_level level)
{
    atomic_store(&level_now, (int)level);
}

bool log_level_parse(const char *name, enum log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    return false;
}

enum log_level log_level_now(void)
{
    return (enum log_level)atomic_load(&level_now);
}

void log_event(enum log_level level, const char *event, ...)
{
    if (level > log_level_now())
        return;
    struct line line;
    line.len = 0;
    put_time(&line);
    put_char(&line, ' ');
    put_text(&line, level_names[level]);
    put_text(&line, " event=");
    put_value(&line, event);

    va_list pairs;
    va_start(pairs, event);
    for (const char *key; (key = va_arg(pairs, const char *)) != NULL;) {
        const char *value = va_arg(pairs, const char *);
        put_char(&line, ' ');
        put_text(&line, key);
        put_char(&line, '=');
        put_value(&line, value ? value : "-");
    }
    va_end(pairs);

    line.at[line.len++] = '\n';
    /* A log that cannot be written has nobody left to tell. */
    ssize_t written = write(STDERR_FILENO, line.at, line.len);
    (void)written;
}

static void put_time(struct line *line)
{
    struct timespec now;
    struct tm tm;
    char text[40];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03dZ", (int)(now.tv_nsec / 1000000));
    put_text(line, text);
}

static void put_value(struct line *line, const char *value)
{
    if (is_plain(value)) {
        put_text(line, value);
        return;
    }
    put_char(line, '"');
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\') {
            put_char(line, '\\');
            put_char(line, *c);
        } else if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            char escape[5];
            snprintf(escape, sizeof escape, "\\x%02x", (unsigned)(unsigned char)*c);
            put_text(line, escape);
        } else {
            put_char(line, *c);
        }
    }
    put_char(line, '"');
}

static bool is_plain(const char *value)
{
    if (!*value)
        return false;
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f || *c == '"' || *c == '\\' || *c == '=')
            return false;
    return true;
}

static void put_char(struct line *line, char c)
{
    if (line->len < LINE_CAP - 1) /* the last byte is the LF's */
        line->at[line->len++] = c;
}

static void put_text(struct line *line, const char *text)
{
    for (; *text; text++)
        put_char(line, *text);
}

const char *log_number(long long value)
{
    enum { N = 8 };
    static _Thread_local char texts[N][24];
    static _Thread_local unsigned next;
    char *text = texts[next++ % N];
    snprintf(text, sizeof texts[0], "%lld", value);
    return text;
}

bool log_due(struct log_limit *limit)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long minute = (long long)now.tv_sec / 60 + 1; /* never 0, which is a fresh limit */
    if (limit->minute != minute) {
        limit->minute = minute;
        limit->n = 0;
    }
    if (limit->n >= LOG_BURST) {
        limit->n_suppressed++;
        return false;
    }
    limit->n++;
    return true;
}

unsigned log_suppressed(struct log_limit *limit)
{
    unsigned n = limit->n_suppressed;
    limit->n_suppressed = 0;
    return n;
}
