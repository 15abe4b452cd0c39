#!/usr/bin/env bash
# Telemetry through the hub's own sockets: things publish batches of samples of one field, and each is answered when it is durable (SQLite, synchronous=FULL). First as many as the
# hub takes, with one publication of each thing in flight; then so many a second as the goal says, in an open loop.
#   bash tests/Benchmarks/ingest.sh [THINGS] [SAMPLES]     (default: 200 things, 10 samples in a publication)
# Environment: GOAL (20000 samples a second), SECONDS_EACH (10), WARMUP (5), NO_BUILD=1. Not a test: nothing here asserts a time. Everything listens on 127.0.0.1 and lives in a temporary folder.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd); ROOT=$(cd "$HERE/../.." && pwd)
DOMAIN=localhost PASSWORD=loadtest
THINGS=${1:-200} SAMPLES=${2:-10} GOAL=${GOAL:-20000} SECONDS_EACH=${SECONDS_EACH:-10} WARMUP=${WARMUP:-5}
ACCOUNTS=$((THINGS * 2))
WORK=$(mktemp -d)
# shellcheck source=servers/servers.sh
. "$HERE/servers/servers.sh"
trap 'stop_server; rm -rf "$WORK"' EXIT

if [ -z "${NO_BUILD:-}" ]; then
    for project in tools/LoadGenerator tools/Cli hub/Server; do
        dotnet build "$ROOT/$project" -c Release -v q -clp:NoSummary --nologo || exit 1
    done
fi
GENERATOR=(dotnet "$ROOT/tools/LoadGenerator/bin/Release/net10.0/IotXmpp.LoadGenerator.dll")
make_certificate || { echo "openssl is needed for a certificate" >&2; exit 1; }

# number KEY: of the report
number() { sed -n "s/.*\"$1\":\([0-9.eE+-]*\).*/\1/p" "$WORK/report"; }

# run LABEL ACCOUNTS OPTION…
run() {
    local label=$1 accounts=$2; shift 2
    timeout 200 "${GENERATOR[@]}" telemetry --sasl scram-sha-1 --plain --pairs "$THINGS" --samples "$SAMPLES" --port "$PORT" --domain "$DOMAIN" --accounts "$accounts" \
        --duration "$SECONDS_EACH" --warmup "$WARMUP" --server-pid "$SERVER_PID" --json "$@" > "$WORK/report" 2> "$WORK/log" || { cat "$WORK/report" >&2; tail -3 "$WORK/log" >&2; }
    awk -v label="$label" -v n="$SAMPLES" -v rate="$(number delivered_per_s)" -v cpu="$(number server_cpu_us_per_delivered)" -v p50="$(number latency_p50_us)" -v p99="$(number latency_p99_us)" \
        'BEGIN { printf "%s: %.0f samples/s durable, %.1f µs of CPU of the hub a sample (%.0f %% of a core), answered after %.1f ms (p50), %.1f ms (p99)\n", label, rate * n, cpu / n, rate * cpu / 1e4, p50 / 1000, p99 / 1000 }'
}

start_hub || { echo "the hub does not start" >&2; tail -5 "$DIR/out" >&2; exit 1; }
# Other things the second time: their nodes are new, too. What the hub has compiled by then stays.
head -n "$THINGS" "$WORK/accounts.csv" > "$WORK/first.csv"
tail -n "$THINGS" "$WORK/accounts.csv" > "$WORK/second.csv"
run "as many as it takes" "$WORK/first.csv" --window 1
run "$GOAL samples a second" "$WORK/second.csv" --rate $((GOAL / SAMPLES))
