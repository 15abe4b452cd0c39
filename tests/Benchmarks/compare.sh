#!/usr/bin/env bash
# The same load on the hub and on Debian's prosody, ejabberd and mosquitto, one after the other on this machine, and a table of what each costs.
#   bash tests/Benchmarks/compare.sh [SERVER…]        (default: hub prosody ejabberd mosquitto; what is not installed is skipped, and said)
# Environment: CASES (names below), SECONDS_EACH (10), WARMUP (4), PAIRS (100), IDLE (2000 sessions), ACCOUNTS (2000), OUT (folder for results), KEEP=1 (server folders).
# Bounded: every wait of the generator has an end, each case at most 5 minutes. Everything listens on 127.0.0.1 and lives in a temporary folder.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd); ROOT=$(cd "$HERE/../.." && pwd)
DOMAIN=localhost PASSWORD=loadtest
ACCOUNTS=${ACCOUNTS:-2000} SECONDS_EACH=${SECONDS_EACH:-10} WARMUP=${WARMUP:-4} PAIRS=${PAIRS:-100} IDLE=${IDLE:-2000}
CASES=${CASES:-message iq ping fanout persist presence login idle-plain idle-tls}
WORK=$(mktemp -d); OUT=${OUT:-$WORK/out}; RESULTS=$OUT/results.jsonl
mkdir -p "$OUT"; : > "$RESULTS"
# shellcheck source=servers/servers.sh
. "$HERE/servers/servers.sh"
trap 'stop_server; [ -n "${KEEP:-}" ] || rm -rf "$WORK"' EXIT

if [ -z "${NO_BUILD:-}" ]; then
    for project in tools/LoadGenerator tests/Benchmarks tools/Cli hub/Server; do
        dotnet build "$ROOT/$project" -c Release -v q -clp:NoSummary --nologo || exit 1
    done
fi
GENERATOR=(dotnet "$ROOT/tools/LoadGenerator/bin/Release/net10.0/IotXmpp.LoadGenerator.dll")
make_certificate || { echo "openssl is needed for a certificate" >&2; exit 1; }

# arguments of one case for one server; empty: that server has no such thing
arguments() {
    local xmpp="--sasl scram-sha-1"
    case $1:$2 in
        message:mosquitto) echo "message --protocol mqtt --plain --pairs $PAIRS" ;;
        fanout:mosquitto) echo "pubsub --protocol mqtt --plain --pairs 1 --fanout 100" ;;
        login:mosquitto) echo "login --protocol mqtt --plain" ;;
        idle-plain:mosquitto) echo "idle --protocol mqtt --plain --sessions $IDLE" ;;
        idle-tls:mosquitto) echo "idle --protocol mqtt --tls --sessions $IDLE" ;;
        *:mosquitto) ;;
        message:*) echo "message $xmpp --plain --pairs $PAIRS" ;;
        iq:*) echo "iq $xmpp --plain --pairs $PAIRS" ;;
        ping:*) echo "iq --iq-to server $xmpp --plain --pairs $PAIRS" ;;
        fanout:*) echo "pubsub $xmpp --plain --pairs 1 --fanout 100" ;;
        persist:*) echo "pubsub $xmpp --plain --pairs $PAIRS --persist" ;;
        presence:*) echo "presence $xmpp --plain --pairs $PAIRS" ;;
        login:*) echo "login $xmpp --plain" ;;
        idle-plain:*) echo "idle $xmpp --plain --sessions $IDLE" ;;
        idle-tls:*) echo "idle $xmpp --tls --sessions $IDLE" ;;
    esac
}

run_case() {
    local server=$1 case=$2 args port
    args=$(arguments "$case" "$server"); [ -n "$args" ] || return 0
    "start_$server" || { echo "$server: does not start" >&2; cat "$DIR"/out 2>/dev/null | tail -5 >&2; stop_server; return 1; }
    port=$PORT; [ "$case" != idle-tls ] || port=$TLS_PORT
    echo "== $server $case: $args" >&2
    # shellcheck disable=SC2086
    timeout 300 "${GENERATOR[@]}" $args --port "$port" --domain "$DOMAIN" --password "$PASSWORD" --account-count "$ACCOUNTS" --ca "$CA" --window 8 \
        --duration "$SECONDS_EACH" --warmup "$WARMUP" --server-pid "$SERVER_PID" --json --label "$server $case" >> "$RESULTS" 2> "$OUT/$server-$case.log" ||
        echo "$server $case: errors, see the table and $OUT/$server-$case.log" >&2
    stop_server
}

[ $# -gt 0 ] || set -- hub prosody ejabberd mosquitto
for case in $CASES; do
    # All servers of a case one after the other, so that what else the machine does meets all alike.
    for server in "$@"; do
        if ! available "$server"; then echo "$server: not installed, skipped" >&2; continue; fi
        run_case "$server" "$case"
    done
done
dotnet "$ROOT/tests/Benchmarks/bin/Release/net10.0/IotXmpp.Benchmarks.dll" table "$RESULTS"
