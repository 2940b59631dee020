#!/bin/sh
# Proves the layering of the code and the purity of the library from includes and symbols. Needs no running program.
#
#   BUILD=build sh tests/layers.sh     after make; prints one line a rule, "ok" or what breaks it
set -u

build=${BUILD:-build}
version=$(sed -n 's/^#define WM_VERSION "\(.*\)"/\1/p' include/wellmatch.h)
shared=$build/libwellmatch.so.$version
static=$build/libwellmatch.a
failed=0

# rule NAME OFFENCES: empty offences are a pass.
rule() {
    if [ -z "$2" ]; then
        echo "ok      $1"
    else
        echo "BROKEN  $1"
        printf '%s\n' "$2" | sed 's/^/          /'
        failed=$((failed + 1))
    fi
}

# own DIR: "file header" for each #include "header" in DIR.
own() { grep -H '^ *# *include "' "$1"/*.[ch] | sed 's|^\([^:]*\):[^"]*"\([^"]*\)".*|\1 \2|'; }

# ---- Includes: include <- engine <- api, and one way inside api ----

public() { [ "$1" = wellmatch.h ] || [ "$1" = wellmatch_plan.h ]; }

rule "include/wellmatch.h includes nothing of ours" "$(grep -n '#include "' include/wellmatch.h)"
rule "include/wellmatch_plan.h includes wellmatch.h only" \
    "$(grep -n '#include "' include/wellmatch_plan.h | grep -v '"wellmatch.h"')"

rule "engine includes engine and the public headers only" "$(own engine | while read -r file header; do
    public "$header" || [ -e "engine/$header" ] || echo "$file includes $header"
done)"

rule "api sees of the engine the public headers only" "$(own api | while read -r file header; do
    public "$header" || [ -e "api/$header" ] || echo "$file includes $header"
done)"

# The storeys of api, lowest first. A module includes its own storey and those below; service and client never meet.
storey() {
    case $1 in
        address | buf | config | events | generate | generate_* | json | log | loops | lru | metrics | redis_url | workers) echo 1 base ;;
        batch | cache | frame | http | http_text | jsonrpc | jsonrpc_slice | redis | redis_uv) echo 2 wire ;;
        encode | encode_* | feed | feed_* | method | methods | method_* | openapi | openrpc | params | plan_* | plans | plans_* | reply | route | route_* | routes | snapshot | telling) echo 3 answers ;;
        conn | conn_* | job | listener | planning | planning_* | reload | service | wellmatchd) echo 4 service ;;
        client | client_* | wellmatch) echo 4 client ;;
        assets) echo 1 base ;;
        page | page_*) echo 3 answers ;;
        *) echo 0 none ;;
    esac
}
stem() { basename "$1" | sed 's/\.[ch]$//'; }

rule "every module of api has its storey in tests/layers.sh" "$(for file in api/*.[ch]; do
    [ "$(storey "$(stem "$file")")" != "0 none" ] || echo "$file"
done | sort -u)"

rule "api includes point down: base <- wire <- answers <- service, client" "$(own api | while read -r file header; do
    ! public "$header" || continue
    set -- $(storey "$(stem "$file")") $(storey "$(stem "$header")")
    [ "$3" -lt "$1" ] || [ "$2" = "$4" ] || echo "$file ($2) includes $header ($4)"
done)"

# What judges a plan must not be led by what made it.
solver='allocate|assign|auction|branch|bundle|core|country|cuts|descend|dive|draft|factor|lift|lumps|matching|model|nest|pairs|price|scenario|simplex|solve'
rule "the checks of plans include nothing of the solver" "$(own engine | grep -E '/verify[a-z_]*\.[ch] ' | grep -E " ($solver)[a-z_]*\.h\$")"

for dir in engine api; do
    rule "no ring of headers in $dir" "$(own $dir | while read -r file header; do
        case $file in *.h) [ ! -e "$dir/$header" ] || echo "${file##*/} $header" ;; esac
    done | tsort 2>&1 >/dev/null | sed 's/^tsort: //')"
done

# ---- Headers compile alone ----

alone() { # COMPILER LANGUAGE STANDARD HEADER...
    compiler=$1 language=$2 standard=$3
    shift 3
    command -v "$compiler" >/dev/null || { echo "skipped $compiler is not here" >&2; return; }
    for header in "$@"; do
        echo "#include \"$header\"" | "$compiler" -x "$language" "-std=$standard" -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror \
            -fsyntax-only -I. -Iinclude -Iengine -Iapi - 2>&1 | head -n 5
    done
}
for face in wellmatch.h wellmatch_plan.h; do
    for compiler in gcc clang; do
        rule "$face compiles alone: C11, $compiler" "$(alone $compiler c c11 include/$face)"
    done
    for compiler in g++ clang++; do
        rule "$face compiles alone: C++11 and C++20, $compiler" \
            "$(alone $compiler c++ c++11 include/$face; alone $compiler c++ c++20 include/$face)"
    done
done
rule "every private header compiles alone" "$(alone "${CC:-cc}" c c11 engine/*.h api/*.h)"

# ---- Symbols: what the library takes, keeps and gives ----

# All it may ask of the world: memory, strings, sorting, text to number, its three libraries. No clock, socket, random
# source, environment, log or thread; files only where bytes of a dataset are read, in csv.c. (__...ti..: 128-bit arithmetic.)
allowed='^(malloc|calloc|realloc|free|mem(chr|cmp|cpy|move|rchr|set)|str(chr|cmp|len|ncmp|nlen|rchr|spn|cspn|pbrk|str)
|strerrordesc_np|strto(ll|ull|d)|v?snprintf|qsort(_r)?|bsearch|abort|__errno_location|__assert_fail|__stack_chk_fail
|__(mem(cpy|move|set)|v?snprintf)_chk|__cpu_(model|indicator_init)|_GLOBAL_OFFSET_TABLE_|(sqrt|floor|ceil|rint|lrint|llrint|round)f?
|__(fixdfti|floatti[ds]f|u?divti3|u?modti3)|csv_.*|json.*|SHA256.*)$'
allowed=$(printf '%s' "$allowed" | tr -d '\n')
files='^(open|openat|read|close|fstat|fopen|fclose|fread|ferror|feof)$'

objects=$(for source in engine/*.c; do
    case $source in *.inc.c) ;; *) echo "$build/obj/${source%.c}.o" ;; esac
done)
inside=$(nm --defined-only -g $objects | awk 'NF == 3 { print $3 }' | sort -u)

rule "the library imports memory, strings and its libraries only; files in csv.c only" "$(for object in $objects; do
    nm -u "$object" | awk '{ print $2 }' | grep -vxF "$inside" | grep -vE "$allowed" | while read -r symbol; do
        case $object in */csv.o) printf '%s\n' "$symbol" | grep -qE "$files" && continue ;; esac
        echo "$(basename "$object" .o).c uses $symbol"
    done
done)"

# Constant tables of pointers (.data.rel.ro) are written by the dynamic linker and then sealed; anything else writable is state.
rule "the library keeps no global or static variable" "$(for object in $objects; do
    objdump -t "$object" | awk -v file="$(basename "$object" .o).c" '
        / O / { section = $0; sub(/.* O /, "", section); split(section, part, /[ \t]+/)
                if (part[1] ~ /^(\.data|\.bss|\.tbss|\.tdata|\*COM\*)/ && part[1] !~ /^\.data\.rel\.ro/) print file ": " part[3] }'
done)"

rule "no name is defined twice, in engine or api" "$(for source in engine/*.c api/*.c; do
    object=$build/obj/${source%.c}.o
    [ ! -e "$object" ] || nm --defined-only -g "$object" | awk 'NF == 3 && $3 != "main" { print $3 }'
done | sort | uniq -d)"

libraries=$(ldd "$build/wellmatchd" "$build/wellmatch" 2>/dev/null | awk '/=> \// { print $3 }' | grep -v '/libc\.' | sort -u)
theirs=$(nm -D --defined-only $libraries 2>/dev/null | awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }' | sort -u)
rule "no name of ours is also a library's" "$(for source in engine/*.c api/*.c; do
    object=$build/obj/${source%.c}.o
    [ ! -e "$object" ] || nm --defined-only -g "$object" | awk -v file="$source" 'NF == 3 { print $3, "in", file }'
done | awk -v theirs="$theirs" 'BEGIN { n = split(theirs, name, "\n"); for (i = 1; i <= n; i++) taken[name[i]] = 1 } $1 in taken')"

declared=$(grep -oh '\bwm_[a-z_]*(' include/wellmatch.h include/wellmatch_plan.h | tr -d '(' | sort -u)
exported=$(nm -D --defined-only "$shared" | awk '{ print $3 }' | sort -u)
visible=$(nm -g --defined-only "$static" | awk 'NF == 3 { print $3 }' | sort -u)
rule "the shared library exports what the headers declare, no more" "$(printf '%s\n' "$exported" | grep -vxF "$declared")"
rule "the shared library defines all that the headers declare" "$(printf '%s\n' "$declared" | grep -vxF "$exported")"
rule "the static library shows the same names" "$(printf '%s\n' "$visible" | grep -vxF "$exported"; printf '%s\n' "$exported" | grep -vxF "$visible")"

soname=$(objdump -p "$shared" | awk '/SONAME/ { print $2 }')
rule "the soname carries the major version" "$([ "$soname" = "libwellmatch.so.${version%%.*}" ] || echo "$soname")"

[ "$failed" -eq 0 ] || echo "$failed rules are broken" >&2
[ "$failed" -eq 0 ]
