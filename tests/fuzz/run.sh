#!/bin/sh
# Runs each fuzz target for FUZZ_SECONDS. New inputs that reach new code join tests/fuzz/corpus/NAME (kept small by a
# merge), crashes become tests/fuzz/regression/NAME/HASH, and `make test` replays both from then on.
set -u

build=${BUILD:-build/fuzz}
seconds=${FUZZ_SECONDS:-60}
failed=0

for source in tests/fuzz/fuzz_*.c; do
    name=${source#tests/fuzz/fuzz_}
    name=${name%.c}
    corpus=tests/fuzz/corpus/$name
    found=$build/found/$name
    log=$build/$name.log
    rm -rf "$found"
    mkdir -p "$corpus" "$found/corpus" "$found/crash"
    dictionary=
    [ ! -e "tests/fuzz/$name.dict" ] || dictionary=-dict=tests/fuzz/$name.dict

    "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 $dictionary \
        -artifact_prefix="$found/crash/" "$found/corpus" "$corpus" >"$log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    covered=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    "$build/tests/fuzz/fuzz_$name" -merge=1 "$corpus" "$found/corpus" >>"$log" 2>&1

    crashes=$(find "$found/crash" -type f | wc -l)
    echo "$name: ${runs:-?} inputs in $seconds s, ${covered:-?} edges, $(find "$corpus" -type f | wc -l) kept, $crashes crashes"
    if [ "$status" -ne 0 ] || [ "$crashes" -ne 0 ]; then
        failed=1
        mkdir -p "tests/fuzz/regression/$name"
        find "$found/crash" -type f -exec cp {} "tests/fuzz/regression/$name/" \;
        grep -E 'ERROR|SUMMARY|runtime error|Assertion' "$log" | head -n 5 | sed 's/^/    /'
        echo "    the inputs are in tests/fuzz/regression/$name, the whole log is $log"
    fi
done
[ "$failed" -eq 0 ]
