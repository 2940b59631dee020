#!/bin/sh
# The same questions to builds of gcc and clang, optimised and not, with each kernel this machine can run, one thread
# and many: every answer must be the same, byte for byte. Then the same through the client.
#
#   sh tests/reproduce.sh [DIR]     DIR: another dataset than data/sample
set -eu

data=${1:-data/sample}
work=build/reproduce
reference=
failed=0
runs=0

build() { # NAME COMPILER OPTIONS
    make CC="$2" OPT="$3" BUILD="$work/$1" all "$work/$1/tests/reproduce/answers" >/dev/null
}
builds="gcc-O3 gcc-native clang-O0 clang-O3"
build gcc-O3 gcc "-O3"
build gcc-native gcc "-O3 -march=native"
build clang-O0 clang "-O0"
build clang-O3 clang "-O3"

# same TITLE COMMAND...: the command's output must equal the first one's.
same() {
    title=$1
    shift
    status=0
    "$@" >"$work/answers" || status=$?
    if [ "$status" -eq 3 ]; then
        echo "skipped $title: not on this machine"
        return
    fi
    sum=$(sha256sum <"$work/answers" | cut -c 1-16)
    runs=$((runs + 1))
    reference=${reference:-$sum}
    if [ "$status" -eq 0 ] && [ "$sum" = "$reference" ]; then
        echo "ok      $title: $(wc -l <"$work/answers") lines, $sum"
        [ -e "$work/expected" ] || cp "$work/answers" "$work/expected"
    else
        echo "DIFFERS $title: exit status $status, $sum"
        cmp "$work/expected" "$work/answers" || true
        failed=$((failed + 1))
    fi
}

rm -f "$work/expected"
for build in $builds; do
    for kernel in baseline avx2 avx512; do
        same "$build $kernel, 1 thread" "$work/$build/tests/reproduce/answers" "$data" $kernel 1
    done
    same "$build baseline, 8 threads" "$work/$build/tests/reproduce/answers" "$data" baseline 8
done

reference=
rm -f "$work/expected"
for build in gcc-O3 clang-O0; do
    for post in $(sed '1d; s/,.*//' "$data/posts.csv" | head -n 20); do
        "$work/$build/wellmatch" --data "$data" --json shortlist "$post" || { echo "exit status $?"; break; }
    done >"$work/client"
    same "$build, the client" sh -c '! grep -q "^exit status" "$1" && cat "$1"' sh "$work/client" # equal failures are none
done

echo "$runs runs, $failed differ"
[ "$failed" -eq 0 ]
