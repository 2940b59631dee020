#!/bin/sh
# Runs each fuzz target for FUZZ_SECONDS. What it learns stays in build/fuzz/found, where the next run goes on; inputs
# that reach new code join tests/fuzz/corpus/NAME, crashes become tests/fuzz/regression/NAME/HASH, and `make test`
# replays both from then on.
set -u

build=${BUILD:-build/fuzz}
seconds=${FUZZ_SECONDS:-60}
failed=0

for source in tests/fuzz/fuzz_*.c; do
    name=${source#tests/fuzz/fuzz_}
    name=${name%.c}
    target=$build/tests/fuzz/fuzz_$name
    corpus=tests/fuzz/corpus/$name
    found=$build/found/$name
    log=$build/$name.log
    rm -rf "$found/crash"
    mkdir -p "$corpus" "$found/corpus" "$found/crash"
    dictionary=tests/fuzz/$name.dict

    "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        $([ ! -e "$dictionary" ] || echo "-dict=$dictionary") -artifact_prefix="$found/crash/" "$found/corpus" "$corpus" \
        >"$log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    covered=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    # Only edges count here: how often one was taken would let the kept corpus grow without end.
    "$target" -merge=1 -use_counters=0 "$corpus" "$found/corpus" >>"$log" 2>&1 || status=1

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
