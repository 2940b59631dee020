#!/bin/sh
# Runs every test program and ends with one line, "N passed, N failed". With a name, only the tests of that name.
#
#   BUILD=build sh tests/run.sh [NAME]
#
# Programs speak TAP (cmocka, the fuzz replays) or end as Python's unittest does; each has $limit seconds. A crash, a
# plan not run to its end, a program without any result, or a wrong exit status counts as a failure.
set -u

build=${BUILD:-build}
python=${PYTHON:-/usr/bin/python3}
limit=${TEST_SECONDS:-150}
name=${1:-}
logs=$build/tests/logs
passed=0 failed=0 programs=0

export BUILD="$build" CMOCKA_MESSAGE_OUTPUT=TAP
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
for variable in $(env | sed -n 's/^\(WELLMATCH_[A-Z0-9_]*\)=.*/\1/p'); do unset "$variable"; done
mkdir -p "$logs"

# count LOG STATUS: prints "passed failed skipped" of one program.
count() {
    awk -v status="$2" '
        function number(word,   text) { return match($0, word "=[0-9]+") ? substr($0, RSTART + length(word) + 1, RLENGTH) + 0 : 0 }
        /^1\.\.[0-9]+/             { planned += substr($0, 4) + 0 }
        /^(not )?ok [0-9]+ .*# SKIP/ { skip++; next }
        /^ok [0-9]+/               { ok++ }
        /^not ok [0-9]+/           { bad++ }
        /^Ran [0-9]+ tests? in /   { planned += $2; ran += $2 }
        ran && /^(OK|FAILED)( \(|$)/ {
            wrong = number("failures") + number("errors") + number("unexpected successes")
            left = number("skipped")
            bad += wrong; skip += left; good = ran - wrong - left; ok += good > 0 ? good : 0; ran = 0
        }
        END {
            lost = planned - ok - bad - skip
            if (lost > 0) bad += lost
            if (bad == 0 && (status != 0 || planned == 0)) bad = 1
            print ok + 0, bad + 0, skip + 0
        }' "$1"
}

# run TITLE COMMAND...
run() {
    title=$1
    shift
    base=${title##*/}
    case "$name" in
        "" | "$base" | "${base%.py}" | "$title") ;;
        *) [ "$name" = "$(echo "${base%.py}" | sed 's/^[a-z]*_//')" ] || return 0 ;;
    esac
    programs=$((programs + 1))
    log=$logs/$base.log
    timeout -k 5 "$limit" "$@" >"$log" 2>&1 </dev/null
    status=$?
    set -- $(count "$log" "$status")
    passed=$((passed + $1)) failed=$((failed + $2))
    printf '%-40s %4d passed' "$title" "$1"
    [ "$2" -eq 0 ] || printf ', %d failed' "$2"
    [ "$3" -eq 0 ] || printf ', %d skipped' "$3"
    [ "$status" -ne 124 ] || printf ', stopped after %s s' "$limit"
    printf '\n'
    [ "$2" -eq 0 ] || { echo "    exit status $status, the end of $log:"; tail -n 60 "$log" | sed 's/^/    /'; }
}

for source in tests/unit/test_*.c tests/property/prop_*.c; do
    [ -e "$source" ] || continue
    title=${source#tests/}
    run "${title%.c}" "$build/${source%.c}"
done
for source in tests/fuzz/fuzz_*.c; do
    [ -e "$source" ] || continue
    target=${source#tests/fuzz/fuzz_}
    target=${target%.c}
    run "fuzz/replay_$target" "$build/tests/fuzz/replay_$target" "tests/fuzz/corpus/$target" "tests/fuzz/regression/$target"
done
for source in tests/integration/test_*.py; do
    [ -e "$source" ] || continue
    run "${source#tests/}" "$python" "$source"
done

if [ "$programs" -eq 0 ]; then
    echo "There is no test${name:+ named $name}." >&2
    failed=1
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
