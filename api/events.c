/* A ring of events under a mutex: they come a few times a second, and are read by each loop as often. */
#include "events.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct event {
    enum event_type type;
    size_t len;
    char *data;
};

struct events {
    pthread_mutex_t mutex;
    uint64_t first, newest; /* numbers given; the n-th lies at n % EVENTS_KEPT */
    struct event ring[EVENTS_KEPT];
};

const char *event_name(enum event_type type)
{
    static const char *const names[] = {
#define X(name, about) #name,
        EVENT_TYPES(X)
#undef X
    };
    return names[type];
}

int events_new(uint64_t first, struct events **out)
{
    struct events *events = calloc(1, sizeof *events);
    if (!events)
        return -1;
    events->first = events->newest = first;
    pthread_mutex_init(&events->mutex, NULL);
    *out = events;
    return 0;
}

void events_free(struct events *events)
{
    if (!events)
        return;
    for (size_t i = 0; i < EVENTS_KEPT; i++)
        free(events->ring[i].data);
    pthread_mutex_destroy(&events->mutex);
    free(events);
}

void events_add(struct events *events, enum event_type type, struct slice data)
{
    char *copy = data.len > 0 && data.len <= EVENT_BYTES_MAX ? malloc(data.len) : NULL;
    if (!copy)
        return;
    memcpy(copy, data.at, data.len);
    pthread_mutex_lock(&events->mutex);
    struct event *event = &events->ring[++events->newest % EVENTS_KEPT];
    free(event->data);
    *event = (struct event){type, data.len, copy};
    pthread_mutex_unlock(&events->mutex);
}

uint64_t events_newest(struct events *events)
{
    pthread_mutex_lock(&events->mutex);
    uint64_t newest = events->newest;
    pthread_mutex_unlock(&events->mutex);
    return newest;
}

static bool reaches(const struct events *events, uint64_t serial)
{
    return serial >= events->first && serial <= events->newest && events->newest - serial <= EVENTS_KEPT;
}

bool events_reach(struct events *events, uint64_t serial)
{
    pthread_mutex_lock(&events->mutex);
    bool reached = reaches(events, serial);
    pthread_mutex_unlock(&events->mutex);
    return reached;
}

bool events_since(struct events *events, uint64_t *serial, unsigned types, struct buf *out)
{
    pthread_mutex_lock(&events->mutex);
    bool reached = reaches(events, *serial);
    for (uint64_t i = *serial + 1; reached && i <= events->newest; i++) {
        const struct event *event = &events->ring[i % EVENTS_KEPT];
        if (!(types >> event->type & 1))
            continue;
        buf_format(out, "id: %llu\n", (unsigned long long)i);
        events_put(out, event->type, (struct slice){event->data, event->len});
    }
    *serial = events->newest;
    pthread_mutex_unlock(&events->mutex);
    return reached;
}

void events_put(struct buf *out, enum event_type type, struct slice data)
{
    buf_format(out, "event: %s\ndata: ", event_name(type));
    buf_put(out, data.at, data.len);
    buf_text(out, "\n\n");
}
