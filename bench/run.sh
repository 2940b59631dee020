#!/bin/sh
# The numbers of bench/README.md, on this machine: the kernel, a shortlist, and the daemon beside a bare libuv server.
#
#   BUILD=build ROUNDS=3 SECONDS_EACH=3 sh bench/run.sh
set -eu

build=${BUILD:-build}
rounds=${ROUNDS:-3}
seconds=${SECONDS_EACH:-3}
national=build/national
work=$build/bench/work
open_rate_max=20000 # half the daemon's best rate, but no more than one client can time one by one
mkdir -p "$work"

if [ ! -e "$national/policy.json" ]; then
    echo "Generating $national: 36,000 leaders, 2,000 posts."
    "$build/wellmatch" generate --leaders 36000 --posts 2000 --seed 2026 "$national"
fi
printf 'Machine: %s; %s processors; %s; %s\n\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
    "$(uname -sr)" "$(cc --version | head -n 1)"

"$build/bench/micro" "$national"

# ---- The daemon beside the echo server, round by round ----

daemon=
echo_server=
stop() { [ -z "$1" ] || { kill "$1" 2>/dev/null || true; wait "$1" 2>/dev/null || true; }; }
trap 'stop "$daemon"; stop "$echo_server"' EXIT

# start_daemon OPTIONS...: sets daemon and daemon_address.
start_daemon() {
    : >"$work/daemon.log"
    "$build/wellmatchd" --data "$national" --listen tcp://127.0.0.1:0 --redis none "$@" >"$work/daemon.log" 2>&1 &
    daemon=$!
    tries=0
    until daemon_address=$(sed -n 's/.*event=listening address=\(tcp:[^ ]*\).*/\1/p' "$work/daemon.log" | grep .); do
        tries=$((tries + 1))
        if [ "$tries" -eq 300 ] || ! kill -0 "$daemon" 2>/dev/null; then
            cat "$work/daemon.log" >&2
            exit 1
        fi
        sleep 0.1
    done
}

# start_echo BYTES: sets echo_server and echo_address.
start_echo() {
    : >"$work/echo.address" # empty before anybody looks
    "$build/bench/echo" "$1" >"$work/echo.address" &
    echo_server=$!
    until echo_address=$(grep . "$work/echo.address"); do
        kill -0 "$echo_server"
        sleep 0.05
    done
}

# median FILE KEY
median() { tr ' ' '\n' <"$1" | sed -n "s/^$2=//p" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# compare TITLE REQUESTS: a row of the table.
compare() {
    title=$1 requests=$2
    rm -f "$work"/daemon.runs "$work"/echo.runs "$work"/open.runs "$work"/calm.runs
    "$build/bench/load" -a "$daemon_address" -f "$requests" -s 1 >"$work/first"
    start_echo "$(median "$work/first" reply_bytes)"
    for _ in $(seq "$rounds"); do
        "$build/bench/load" -a "$daemon_address" -f "$requests" -s "$seconds" -p "$daemon" >>"$work/daemon.runs"
        "$build/bench/load" -a "$echo_address" -f "$requests" -s "$seconds" -p "$echo_server" >>"$work/echo.runs"
    done
    calm=$(($(median "$work/daemon.runs" rate) / 2))
    [ "$calm" -le "$open_rate_max" ] || calm=$open_rate_max
    "$build/bench/load" -a "$daemon_address" -f "$requests" -s "$seconds" -r "$calm" >>"$work/open.runs"
    "$build/bench/load" -a "$echo_address" -f "$requests" -s "$seconds" -r "$calm" >>"$work/calm.runs"
    stop "$echo_server"
    echo_server=
    awk -v OFS=' | ' -v title="$title" -v bytes="$(median "$work/first" reply_bytes)" \
        -v rate="$(median "$work/daemon.runs" rate)" -v bare="$(median "$work/echo.runs" rate)" \
        -v cpu="$(median "$work/daemon.runs" server_cpu_us)" -v bare_cpu="$(median "$work/echo.runs" server_cpu_us)" \
        -v open="$(median "$work/open.runs" rate)" \
        -v p50="$(median "$work/open.runs" p50_us)" -v p99="$(median "$work/open.runs" p99_us)" \
        -v bare_p50="$(median "$work/calm.runs" p50_us)" -v bare_p99="$(median "$work/calm.runs" p99_us)" \
        'BEGIN { print "| " title, bytes, rate, bare, sprintf("%.2f", rate / bare), cpu, bare_cpu, open, p50, p99, bare_p50, bare_p99 " |" }'
}

echo '{"jsonrpc":"2.0","id":1,"method":"system.ping"}' >"$work/ping"
sed '1d; s/,.*//' "$national/posts.csv" |
    awk '{ printf "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"match.shortlist\",\"params\":{\"post\":\"%s\"}}\n", NR, $1 }' >"$work/all"
head -n 100 "$work/all" >"$work/hundred"

printf '\nEight connections, 16 requests outstanding each, %s rounds of %s s, medians, processor time a request; then\nthe latency of an open load:\n\n' \
    "$rounds" "$seconds"
echo '| request | reply bytes | daemon/s | bare/s | share | daemon CPU us | bare CPU us | open load/s | p50 us | p99 us | bare p50 | bare p99 |'
echo '|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|'
start_daemon
compare "system.ping" "$work/ping"
compare "match.shortlist, 100 posts, from the cache" "$work/hundred"
stop "$daemon"
start_daemon --cache-mib 0
compare "match.shortlist, 2,000 posts, computed" "$work/all"
stop "$daemon"

# ---- The service as its users see it ----

printf '\nOpen load, latency from when a request was due:\n\n'
start_daemon
"$build/wellmatch-bench" "$daemon_address" --rate 5000 --mix shortlist=80,explain=15,info=5 -d "$seconds" \
    --json "$build/bench/mix.json" --hgrm "$build/bench/mix.hgrm"
echo
"$build/wellmatch-bench" "$daemon_address" --find-max 'p99<5ms' --rate 4000 -d 1 --warmup 0.2
echo
"$build/wellmatch-bench" "$daemon_address" --rate 500 --distinct all -d "$seconds"
