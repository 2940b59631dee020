/* The mix of methods: parsed, drawn from, written. */
#include "mix.h"

#include "client_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct load_method_spec load_methods[LOAD_METHOD_COUNT] = {
#define X(id, name, method, topic, limit, pure) {name, method, topic, limit, pure},
    LOAD_METHODS(X)
#undef X
};

static enum load_method method_named(const char *name)
{
    enum load_method method = 0;
    while (method < LOAD_METHOD_COUNT && strcmp(load_methods[method].name, name) != 0 &&
           strcmp(load_methods[method].method, name) != 0)
        method++;
    return method;
}

static bool complain_of(const char *name, char error[MIX_ERROR_CAP])
{
    const char *names[LOAD_METHOD_COUNT];
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        names[i] = load_methods[i].name;
    const char *nearest = options_nearest(name, names, LOAD_METHOD_COUNT);
    if (nearest) {
        snprintf(error, MIX_ERROR_CAP, "there is no method '%.40s' to ask; did you mean '%s'?", name, nearest);
        return false;
    }
    int len = snprintf(error, MIX_ERROR_CAP, "there is no method '%.40s' to ask; there are", name);
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT && len < MIX_ERROR_CAP; i++)
        len += snprintf(error + len, (size_t)(MIX_ERROR_CAP - len), "%s %s", i ? "," : "", names[i]);
    return false;
}

/* One NAME or NAME=WEIGHT. */
static bool take_part(char *part, struct mix *mix, char error[MIX_ERROR_CAP])
{
    char *equals = strchr(part, '='), *end = NULL;
    long weight = 1;
    if (equals) {
        *equals = '\0';
        weight = equals[1] >= '0' && equals[1] <= '9' ? strtol(equals + 1, &end, 10) : -1;
    }
    enum load_method method = method_named(part);
    if (method == LOAD_METHOD_COUNT)
        return complain_of(part, error);
    if (weight < 0 || weight > MIX_WEIGHT_MAX || (end && *end)) {
        snprintf(error, MIX_ERROR_CAP, "the weight of %s is a whole number from 0 to %d, not '%.40s'", part,
                 MIX_WEIGHT_MAX, equals + 1);
        return false;
    }
    mix->weight[method] = (uint32_t)weight;
    return true;
}

bool mix_parse(const char *text, struct mix *out, char error[MIX_ERROR_CAP])
{
    struct mix mix = {.total = 0};
    char copy[512], *rest = copy;
    if (strlen(text) >= sizeof copy) {
        snprintf(error, MIX_ERROR_CAP, "the mix is too long");
        return false;
    }
    memcpy(copy, text, strlen(text) + 1);
    for (char *part; (part = strsep(&rest, ",")) != NULL;)
        if (!take_part(part, &mix, error))
            return false;
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        mix.total += mix.weight[i];
    if (mix.total == 0) {
        snprintf(error, MIX_ERROR_CAP, "the mix asks nothing: all its weights are 0");
        return false;
    }
    *out = mix;
    return true;
}

enum load_method mix_draw(const struct mix *mix, struct random *random)
{
    uint32_t at = (uint32_t)below(random, mix->total);
    enum load_method method = 0;
    while (at >= mix->weight[method])
        at -= mix->weight[method++];
    return method;
}

void mix_format(const struct mix *mix, char *out, size_t cap)
{
    size_t len = 0;
    *out = '\0';
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        if (mix->weight[i] && len < cap)
            len += (size_t)snprintf(out + len, cap - len, "%s%s=%u", len ? "," : "", load_methods[i].name,
                                    (unsigned)mix->weight[i]);
}

bool mix_needs(const struct mix *mix, enum topic topic)
{
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        if (mix->weight[i] && load_methods[i].topic != TOPIC_NONE &&
            (load_methods[i].topic == topic || load_methods[i].topic == TOPIC_PAIR))
            return true;
    return false;
}
