#!/bin/sh
# Installs into an empty folder, uses the library from there as a stranger would, uninstalls, and expects nothing left.
set -eu

build=${BUILD:-build}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

make BUILD="$build" DESTDIR="$root" PREFIX=/opt/wellmatch install >/dev/null
tree=$root/opt/wellmatch

cat >"$root/stranger.c" <<'END'
#include <stdio.h>
#include <wellmatch_plan.h>

int main(int argc, char *argv[])
{
    struct wm_dataset *dataset;
    if (argc != 2 || wm_dataset_load(argv[1], NULL, &dataset) != WM_OK)
        return 1;
    printf("%s %zu %zu\n", wm_dataset_digest(dataset), wm_table_rows(dataset, WM_LEADERS), wm_resource_count(dataset));
    wm_dataset_unref(dataset);
    return 0;
}
END
export PKG_CONFIG_PATH="$tree/lib/pkgconfig"
flags="--define-variable=prefix=$tree wellmatch"
# shellcheck disable=SC2046 # the flags are words
${CC:-cc} "$root/stranger.c" -o "$root/shared" $(pkg-config --cflags --libs $flags)
${CC:-cc} "$root/stranger.c" -o "$root/static" $(pkg-config --cflags $flags) "$tree/lib/libwellmatch.a" \
    $(pkg-config --static --libs-only-l $flags | sed 's/-lwellmatch//')
from_shared=$(LD_LIBRARY_PATH="$tree/lib" "$root/shared" "$tree/share/wellmatch/sample")
from_static=$("$root/static" "$tree/share/wellmatch/sample")
[ -n "$from_shared" ] && [ "$from_shared" = "$from_static" ]
"$tree/bin/wellmatch" --help >/dev/null
"$tree/bin/wellmatchd" --help >/dev/null
"$tree/bin/wellmatch-bench" --help >/dev/null
for page in wellmatch wellmatchd wellmatch-bench; do
    [ -s "$tree/share/man/man1/$page.1" ] || { echo "the man page of $page is not installed" >&2; exit 1; }
done
for file in README.md LICENSE; do # the sample's attribution and the licence go where the sample goes
    [ -s "$tree/share/wellmatch/$file" ] || { echo "$file is not installed" >&2; exit 1; }
done
for file in grafana/wellmatch.json grafana/datasources.yml prometheus/alerts.yml prometheus/scrape.yml; do
    [ -s "$tree/share/wellmatch/dashboards/$file" ] || { echo "$file is not installed" >&2; exit 1; }
done
grep -q 'path: /opt/wellmatch/share/wellmatch/dashboards/grafana$' "$tree/share/wellmatch/dashboards/grafana/dashboards.yml"
[ "$(pkg-config --modversion wellmatch)" = "$(sed -n 's/^#define WM_VERSION "\(.*\)"/\1/p' include/wellmatch.h)" ]

make BUILD="$build" DESTDIR="$root" PREFIX=/opt/wellmatch uninstall >/dev/null
left=$(find "$tree" ! -type d)
[ -z "$left" ] || { echo "uninstall left behind:" >&2; echo "$left" >&2; exit 1; }

# Without a clone around it, generate draws on the sample that was installed.
make BUILD="$build" PREFIX="$root/here" install >/dev/null
(cd "$root" && here/bin/wellmatch generate --leaders 3 --posts 2 made >/dev/null && here/bin/wellmatch validate made >/dev/null)
cmp "$root/made/organisations.csv" data/sample/organisations.csv
make BUILD="$build" PREFIX="$root/here" uninstall >/dev/null

echo "ok      installs, serves a stranger shared and static, uninstalls whole"
