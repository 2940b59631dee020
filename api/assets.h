/*
 * What the pages need beside their HTML, compiled into the program: stylesheet, script, icon, as they are and gzipped.
 * Built from api/web by `make web` with npm; without it, a plain stylesheet and no script.
 */
#ifndef API_ASSETS_H
#define API_ASSETS_H

#include "json.h"

#include <stdbool.h>

extern const char assets_hash[]; /* of all of them: a part of their URLs, which may therefore be kept for ever */
extern const bool assets_full;   /* built by `make web` */

struct asset {
    const char *type;
    struct slice plain, gzip;
};
bool asset_find(const char *name, struct asset *out); /* false: there is none */

#endif
