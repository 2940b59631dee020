/* The table of all routes, and how one is found. */
#include "routes.h"

#include <assert.h>
#include <string.h>

static bool matches(const char *pattern, const struct http_target *target, const char *part[ROUTE_PARTS_MAX]);

const struct route_set *const *route_sets(size_t *n)
{
    static const struct route_set *const sets[] = {&system_routes, &feed_routes, &page_routes};
    *n = sizeof sets / sizeof sets[0];
    return sets;
}

const struct route *route_find(enum http_verb verb, const struct http_target *target, const char *part[ROUTE_PARTS_MAX],
                               unsigned *allow)
{
    size_t n;
    const struct route_set *const *sets = route_sets(&n);
    enum http_verb wanted = verb == VERB_HEAD ? VERB_GET : verb;
    *allow = 0;
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < sets[s]->n; i++) {
            const struct route *route = &sets[s]->at[i];
            if (!matches(route->pattern, target, part))
                continue;
            if (route->verb == wanted)
                return route;
            *allow |= 1u << route->verb | (route->verb == VERB_GET ? 1u << VERB_HEAD : 0);
        }
    return NULL;
}

bool route_is_for_programs(const struct http_target *target)
{
    size_t n;
    const struct route_set *const *sets = route_sets(&n);
    const char *first = target->n_segments > 0 ? target->segment[0] : "";
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < sets[s]->n; i++) {
            const struct route *route = &sets[s]->at[i];
            size_t len = strcspn(route->pattern + 1, "/");
            if (!(route->flags & ROUTE_PAGE) && strlen(first) == len && memcmp(route->pattern + 1, first, len) == 0)
                return true;
        }
    return false;
}

static bool matches(const char *pattern, const struct http_target *target, const char *part[ROUTE_PARTS_MAX])
{
    size_t n_parts = 0, i = 0;
    if (strcmp(pattern, "/") == 0)
        return target->n_segments == 0;
    for (; *pattern; i++) {
        const char *begin = pattern + 1, *end = strchrnul(begin, '/');
        size_t len = (size_t)(end - begin);
        if (i == target->n_segments)
            return false;
        const char *segment = target->segment[i];
        if (*begin == '{') {
            assert(n_parts < ROUTE_PARTS_MAX);
            if (!*segment)
                return false;
            part[n_parts++] = segment;
        } else if (strncmp(segment, begin, len) != 0 || segment[len]) {
            return false;
        }
        pattern = end;
    }
    return i == target->n_segments;
}

const char *route_query(const struct route_call *call, const char *name)
{
    return http_query(call->target, name);
}

void route_ask(struct route_asks *asks, const char *method)
{
    assert(asks->n < ROUTE_ASKS_MAX);
    size_t from = asks->n > 0 ? asks->ask[asks->n - 1].from + asks->ask[asks->n - 1].len : 0;
    asks->ask[asks->n].method = method;
    asks->ask[asks->n].from = from;
    asks->ask[asks->n++].len = asks->params.len - from;
}
