/* Which methods a load asks, and in what proportion: --mix shortlist=80,explain=15,info=5. */
#ifndef LOAD_MIX_H
#define LOAD_MIX_H

#include "generate_random.h"

#include <stddef.h>

/* What a question is about: where its different questions come from. */
enum topic { TOPIC_NONE, TOPIC_POST, TOPIC_LEADER, TOPIC_PAIR };

/*
 * id, short name, method, topic, whether --limit applies, whether the answer is a pure function of the question (so that
 * the same question must get the same bytes).
 */
#define LOAD_METHODS(X)                                                                \
    X(ping, "ping", "system.ping", TOPIC_NONE, false, true)                            \
    X(info, "info", "system.info", TOPIC_NONE, false, false)                           \
    X(stats, "stats", "system.stats", TOPIC_NONE, false, false)                        \
    X(errors, "errors", "system.errors", TOPIC_NONE, false, true)                      \
    X(discover, "discover", "rpc.discover", TOPIC_NONE, false, true)                   \
    X(data, "data", "dataset.info", TOPIC_NONE, false, true)                           \
    X(list, "list", "dataset.list", TOPIC_NONE, true, true)                            \
    X(get, "get", "dataset.get", TOPIC_LEADER, false, true)                            \
    X(shortlist, "shortlist", "match.shortlist", TOPIC_POST, true, true)               \
    X(opportunities, "opportunities", "match.opportunities", TOPIC_LEADER, true, true) \
    X(explain, "explain", "match.explain", TOPIC_PAIR, false, true)                    \
    X(compare, "compare", "match.compare_packages", TOPIC_PAIR, false, true)

enum load_method {
#define X(id, name, method, topic, limit, pure) LOAD_##id,
    LOAD_METHODS(X)
#undef X
        LOAD_METHOD_COUNT
};

struct load_method_spec {
    const char *name, *method;
    enum topic topic;
    bool takes_limit, pure;
};
extern const struct load_method_spec load_methods[LOAD_METHOD_COUNT];

enum { MIX_WEIGHT_MAX = 1000000, MIX_ERROR_CAP = 200 };

struct mix {
    uint32_t weight[LOAD_METHOD_COUNT];
    uint32_t total;
};

/* Short names or whole method names; a name without =WEIGHT weighs 1. False: *error says what was expected. */
bool mix_parse(const char *text, struct mix *out, char error[MIX_ERROR_CAP]);
enum load_method mix_draw(const struct mix *mix, struct random *random);
/* One spelling of a mix, in the order of the table; fits into 512 bytes. */
void mix_format(const struct mix *mix, char *out, size_t cap);
bool mix_needs(const struct mix *mix, enum topic topic); /* a pair needs leaders and posts as well */

#endif
