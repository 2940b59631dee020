/* Two plans side by side: what becomes of each leader who has a place in either. */
#ifndef API_CLIENT_MOVES_H
#define API_CLIENT_MOVES_H

#include "client_value.h"

enum move_kind { MOVE_PLACED, MOVE_UNPLACED, MOVE_POST, MOVE_TERMS, MOVE_KINDS };
const char *move_kind_name(enum move_kind kind); /* as on the wire: "placed", "unplaced", "post", "terms" */

struct move {
    enum move_kind kind;
    struct slice leader;        /* JSON string */
    struct slice before, after; /* placements; absent where there is none */
};

struct moves {
    struct move *at;
    size_t n, counts[MOVE_KINDS];
};

/* By leader. False: no memory. Free with moves_free. */
bool moves_between(struct slice plan_a, struct slice plan_b, struct moves *out);
void moves_free(struct moves *moves);

#endif
