#!/usr/bin/env bash
# What a stanza costs the hub with all modules on, beside what it costs with those left out that can be (Modules:Disabled): for each case both in turn, several times, and the ratio of the sums.
#   bash tests/Benchmarks/modules.sh [CASE…]     (default: all of CASES)
# Environment: CASES, ROUNDS (2), SECONDS_EACH (2), WARMUP (2), PAIRS (50), IDLE (2000 sessions), ACCOUNTS (400), LIMIT (340 s for all of it), NO_BUILD=1.
# Not a test: nothing here asserts a time. Bounded: what does not fit in LIMIT is left out, and said. Everything listens on 127.0.0.1 and lives in a temporary folder.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd); ROOT=$(cd "$HERE/../.." && pwd)
DOMAIN=localhost PASSWORD=loadtest
ACCOUNTS=${ACCOUNTS:-400} ROUNDS=${ROUNDS:-2} SECONDS_EACH=${SECONDS_EACH:-2} WARMUP=${WARMUP:-2} PAIRS=${PAIRS:-50} IDLE=${IDLE:-2000} LIMIT=${LIMIT:-340}
CASES=${*:-${CASES:-message message-kept iq ping presence fanout persist login idle}}
WORK=$(mktemp -d); RESULTS=$WORK/results.tsv; : > "$RESULTS"
# shellcheck source=servers/servers.sh
. "$HERE/servers/servers.sh"
trap 'stop_server; rm -rf "$WORK"' EXIT
BEGIN=$SECONDS

if [ -z "${NO_BUILD:-}" ]; then
    for project in tools/LoadGenerator tools/Cli hub/Server; do
        dotnet build "$ROOT/$project" -c Release -v q -clp:NoSummary --nologo || exit 1
    done
fi
GENERATOR=(dotnet "$ROOT/tools/LoadGenerator/bin/Release/net10.0/IotXmpp.LoadGenerator.dll")
make_certificate || { echo "openssl is needed for a certificate" >&2; exit 1; }
LEAN='"Archive","Blocking","Bookmarks","Carbons","ClientState","ContactAddresses","LastActivity","LegacySession","Offline","Pep","Privacy","PrivateXml","Rooms","StreamLimits","Time","VCard","Version"'

# settings SET CASE: message is a message that nobody keeps (its accounts want no archive), message-kept one that two archives keep.
settings() {
    local disabled='' archive=''
    [ "$1" = all ] || disabled="\"Modules\": { \"Disabled\": [$LEAN] }, "
    case $2:$1 in message-kept:*) ;; *:all) archive='"Archive": { "Default": "never" }, ' ;; esac
    echo "{ $disabled$archive\"Security\": { \"LoginThrottle\": { \"Enabled\": false } } }"
}

arguments() {
    local xmpp="--sasl scram-sha-1 --plain"
    case $1 in
        message*) echo "message $xmpp --pairs $PAIRS" ;;
        iq) echo "iq $xmpp --pairs $PAIRS" ;;
        ping) echo "iq --iq-to server $xmpp --pairs $PAIRS" ;;
        presence) echo "presence $xmpp --pairs $PAIRS" ;;
        fanout) echo "pubsub $xmpp --pairs 1 --fanout 100" ;;
        persist) echo "pubsub $xmpp --pairs $PAIRS --persist" ;;
        login) echo "login $xmpp" ;;
        idle) echo "idle $xmpp --sessions $IDLE" ;;
        *) echo "no case $1" >&2; return 1 ;;
    esac
}

# run CASE SET: a line CASE, SET, cost
run() {
    local args key value
    args=$(arguments "$1") || return 1
    case $1 in persist) key=server_cpu_us_per_operation ;; idle) key=kb_per_session_second_half ;; *) key=server_cpu_us_per_delivered ;; esac
    HUB_SETTINGS=$(settings "$2" "$1") start_hub || { echo "the hub does not start" >&2; tail -5 "$DIR/out" >&2; stop_server; return 1; }
    # shellcheck disable=SC2086
    value=$(timeout 60 "${GENERATOR[@]}" $args --port "$PORT" --domain "$DOMAIN" --password "$PASSWORD" --account-count "$ACCOUNTS" --window 8 \
        --duration "$SECONDS_EACH" --warmup "$WARMUP" --server-pid "$SERVER_PID" --json --label "$1 $2" 2> "$WORK/log" | sed -n "s/.*\"$key\":\([0-9.eE+-]*\).*/\1/p")
    stop_server
    [ -n "$value" ] || { echo "$1 $2: no result: $(tail -1 "$WORK/log")" >&2; return 1; }
    printf '%s\t%s\t%s\n' "$1" "$2" "$value" >> "$RESULTS"
    echo "$1 $2: $value" >&2
}

for round in $(seq "$ROUNDS"); do
    for case in $CASES; do
        # Each is first as often as second: what else the machine does, and what the first has left warm, meets both.
        sets="lean all"; [ $((round % 2)) = 1 ] || sets="all lean"
        for set in $sets; do
            if [ $((SECONDS - BEGIN)) -gt "$LIMIT" ]; then echo "$case $set, round $round: no time left, skipped" >&2; continue; fi
            run "$case" "$set"
        done
    done
done

awk -F'\t' '
    { sum[$1 SUBSEP $2] += $3; count[$1 SUBSEP $2]++; if (!($1 in seen)) { seen[$1] = 1; order[++n] = $1 } }
    BEGIN {
        unit["message"] = "µs a message, kept by nobody"; unit["message-kept"] = "µs a message, kept in two archives"; unit["iq"] = "µs a stanza, client to client"; unit["ping"] = "µs a round trip"
        unit["presence"] = "µs a stanza"; unit["fanout"] = "µs a notification, 1 → 100"; unit["persist"] = "µs a publish, persisted"; unit["login"] = "µs a log-in"; unit["idle"] = "KB an idle session, plain"
    }
    END {
        print "| what it costs the hub | lean | all modules | ratio |\n|---|---:|---:|---:|"
        for (i = 1; i <= n; i++) {
            l = order[i] SUBSEP "lean"; a = order[i] SUBSEP "all"
            if (count[l] && count[a]) printf "| %s: %s | %.1f | %.1f | %.2f |\n", order[i], unit[order[i]], sum[l] / count[l], sum[a] / count[a], (sum[a] / count[a]) / (sum[l] / count[l])
        }
    }' "$RESULTS"
