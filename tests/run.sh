#!/usr/bin/env bash
# Builds everything and runs all tests. The last line is always "N passed, N failed, N skipped"; the exit code is 0 only if something passed and nothing failed.
#
#   bash tests/run.sh                     everything
#   bash tests/run.sh --filter Dialogue   what dotnet test takes, passed on
#
# Environment: CONFIGURATION (Release), IOTXMPP_TEST_TIMEOUT (15m: a test that hangs longer ends the run of its project).
set -uo pipefail
cd "$(dirname "$0")/.."
configuration=${CONFIGURATION:-Release}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
results=$(mktemp -d)
postgres=
trap 'stop_postgres; rm -rf "$results"' EXIT

# PostgreSQL for the specification of the stores: a cluster of its own in a temporary folder, on a free port of 127.0.0.1. Debian's package where root may
# install it; without, those tests say why they are skipped.
start_postgres() {
    [ -z "${IOTXMPP_TEST_POSTGRES:-}" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "skips: PostgreSQL (only root may start one here; or set IOTXMPP_TEST_POSTGRES to a connection string)"
        return 0
    fi
    local bin port
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
    if [ -z "$bin" ] && command -v apt-get >/dev/null; then
        echo "Install PostgreSQL for the tests of the stores …"
        mkdir -p /etc/postgresql-common/createcluster.d
        echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/iotxmpp-tests.conf
        { DEBIAN_FRONTEND=noninteractive timeout 300 apt-get update && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y --no-install-recommends postgresql; } >"$results/apt.log" 2>&1
        bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
    fi
    if [ -z "$bin" ]; then
        echo "skips: PostgreSQL (it is not installed and cannot be)"
        return 0
    fi
    postgres=$(mktemp -d) && chown postgres "$postgres"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || echo $((20000 + RANDOM % 10000)))
    if (cd / && runuser -u postgres -- "$bin/initdb" -D "$postgres/data" -A trust -E UTF8 --locale=C >"$results/postgres.log" 2>&1 &&
        runuser -u postgres -- "$bin/pg_ctl" -D "$postgres/data" -w -t 60 -l "$postgres/log" -o "-p $port -h 127.0.0.1 -k $postgres -c fsync=off" start >>"$results/postgres.log" 2>&1); then
        postgres_bin=$bin
        export IOTXMPP_TEST_POSTGRES="Host=127.0.0.1;Port=$port;Username=postgres;Database=postgres"
    else
        echo "skips: PostgreSQL (it does not start: $(tail -n 1 "$results/postgres.log"))"
    fi
}

stop_postgres() {
    [ -n "$postgres" ] || return 0
    [ -z "${postgres_bin:-}" ] || (cd / && runuser -u postgres -- "$postgres_bin/pg_ctl" -D "$postgres/data" -m immediate -w stop >/dev/null 2>&1)
    rm -rf "$postgres"
}

# openscad (17 MB) renders the printable parts of hardware/Enclosures, xvfb is the display its pictures need: Debian's packages where root may install them.
install_openscad() {
    if command -v openscad >/dev/null && command -v xvfb-run >/dev/null; then
        return 0
    fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Install openscad for the tests of the enclosures …"
        { DEBIAN_FRONTEND=noninteractive timeout 300 apt-get update && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y --no-install-recommends openscad xvfb xauth; } >"$results/apt-openscad.log" 2>&1
    fi
    command -v openscad >/dev/null || echo "skips: enclosures (openscad is not installed and cannot be)"
}

finish() {
    # The counters of all projects, from their result files.
    local total=0 passed=0 failed=0 file counters
    for file in "$results"/*.trx; do
        [ -e "$file" ] || continue
        counters=$(grep -o '<Counters [^>]*>' "$file")
        total=$((total + $(sed 's/.* total="\([0-9]*\)".*/\1/' <<<"$counters")))
        passed=$((passed + $(sed 's/.* passed="\([0-9]*\)".*/\1/' <<<"$counters")))
        failed=$((failed + $(sed 's/.* failed="\([0-9]*\)".*/\1/' <<<"$counters")))
    done
    if [ "$failed" -gt 0 ]; then
        echo
        echo "Failed:"
        grep -ho '<UnitTestResult [^>]*outcome="Failed"[^>]*>' "$results"/*.trx | sed 's/.* testName="\([^"]*\)".*/  \1/; s/&quot;/"/g; s/&amp;/\&/g' | sort
    fi
    local code=$1
    if [ "$passed" -eq 0 ] || [ "$failed" -gt 0 ]; then
        code=1
    fi
    if [ "$1" -ne 0 ] && [ "$failed" -eq 0 ]; then
        echo "Not all projects came to their end: see above." >&2
    fi
    echo "$passed passed, $failed failed, $((total - passed - failed)) skipped"
    exit "$code"
}

if ! command -v dotnet >/dev/null; then
    echo "The .NET 10 SDK is needed: https://dotnet.microsoft.com/download" >&2
    finish 1
fi

echo "Restore and build ($configuration) …"
if ! dotnet build IotXmpp.sln -c "$configuration" --nologo -v quiet -clp:NoSummary; then
    echo "The build failed: no test was run." >&2
    finish 1
fi

# What a full run would use beyond the SDK. Tests skip what is missing by themselves, with their reason.
[ "$(id -u)" = 0 ] || echo "skips: a full disk (needs root, to mount a small tmpfs)"
start_postgres
install_openscad

dotnet test IotXmpp.sln -c "$configuration" --no-build --nologo -v quiet \
    --logger "console;verbosity=minimal" --logger "trx" --results-directory "$results" \
    --blame-hang-timeout "${IOTXMPP_TEST_TIMEOUT:-15m}" --blame-hang-dump-type none "$@"
finish $?
