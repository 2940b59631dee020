#!/bin/sh
# Gathers what is compiled into the daemon for its pages: what `make web` built, or else the stylesheet that needs no building.
#
#   sh api/web/embed.sh build/web     writes app.css, app.js, icon.svg, each also gzipped, and embedded.h, where they changed
set -eu
web=$1
here=$(dirname "$0")
mkdir -p "$web"

keep() { # FROM TO
    cmp -s "$1" "$web/$2" && [ -e "$web/$2.gz" ] && return
    cp "$1" "$web/$2"
    gzip -9nc "$1" >"$web/$2.gz"
}

full=false
if [ -s "$web/full/app.css" ] && [ -s "$web/full/app.js" ]; then
    full=true
    keep "$web/full/app.css" app.css
    keep "$web/full/app.js" app.js
else
    cat "$here/base.css" "$here/page.css" >"$web/plain.css"
    keep "$web/plain.css" app.css
    keep /dev/null app.js
fi
keep "$here/icon.svg" icon.svg

hash=$(cat "$web/app.css" "$web/app.js" "$web/icon.svg" | sha256sum | cut -c1-16)
header=$(printf '/* Written by api/web/embed.sh. */\n#define EMBEDDED_HASH "%s"\n#define EMBEDDED_FULL %s\n#define EMBEDDED_FROM "%s"' "$hash" "$full" "$web")
[ "$(cat "$web/embedded.h" 2>/dev/null)" = "$header" ] || printf '%s\n' "$header" >"$web/embedded.h"
