#!/usr/bin/env bash
# Builds everything and runs all tests. The last line is always "N passed, N failed, N skipped"; the exit code is 0 only if something passed and nothing failed.
#
#   bash tests/run.sh                     everything
#   bash tests/run.sh --filter Dialogue   what dotnet test takes, passed on
#
# Environment: CONFIGURATION (Release), IOTXMPP_TEST_TIMEOUT (15m: a test that hangs longer ends the run of its project), IOTXMPP_TEST_AGAIN (3: at most so many tests
# that failed are run once more, alone; more are no accident, and none of them is; 0: none is).
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

# Servers that nobody here wrote, for tests/Interop: peers, a gateway as a component, an IRC server behind it. Debian's packages where root may install them; none
# of them is started as a service, the tests start their own.
install_servers() {
    local missing=()
    command -v prosody >/dev/null && ls /usr/lib/*/lua/*/lunbound.so >/dev/null 2>&1 || missing+=(prosody lua-unbound)
    command -v ejabberdctl >/dev/null || missing+=(ejabberd)
    command -v biboumi >/dev/null || missing+=(biboumi)
    command -v ngircd >/dev/null || missing+=(ngircd)
    command -v turnserver >/dev/null || missing+=(coturn)
    command -v prometheus >/dev/null || missing+=(prometheus)
    [ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
    /usr/bin/python3 -c 'import slixmpp' >/dev/null 2>&1 || missing+=(python3-slixmpp)
    /usr/bin/python3 -c 'import aiosmtpd' >/dev/null 2>&1 || missing+=(python3-aiosmtpd)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Install ${missing[*]} for the tests with other servers …"
        local policy=/usr/sbin/policy-rc.d
        if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"; fi
        { DEBIAN_FRONTEND=noninteractive timeout 300 apt-get update && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y --no-install-recommends "${missing[@]}"; } >"$results/apt-servers.log" 2>&1
        [ -z "$policy" ] || rm -f "$policy"
    fi
    for name in prosody ejabberdctl biboumi ngircd turnserver prometheus mosquitto; do
        command -v "$name" >/dev/null || echo "skips: interop with ${name%ctl} (it is not installed and cannot be)"
    done
    /usr/bin/python3 -c 'import slixmpp' >/dev/null 2>&1 || echo "skips: interop with slixmpp (it is not installed and cannot be)"
    /usr/bin/python3 -c 'import aiosmtpd' >/dev/null 2>&1 || echo "skips: the e-mail gateway (python3-aiosmtpd is not installed and cannot be)"
}

# Clients that nobody here wrote, for tests/Interop/Clients: libraries of Python, C and C++, a client in a terminal, load. Debian's packages where root may install them.
install_clients() {
    local missing=() name
    /usr/bin/python3 -c 'import aioxmpp' >/dev/null 2>&1 || missing+=(python3-aioxmpp)
    /usr/bin/python3 -c 'import nbxmpp.client' >/dev/null 2>&1 || missing+=(python3-nbxmpp gir1.2-soup-3.0 glib-networking)
    command -v gcc >/dev/null && command -v g++ >/dev/null && command -v pkg-config >/dev/null || missing+=(gcc g++ libc6-dev pkg-config)
    [ -e /usr/include/strophe.h ] || missing+=(libstrophe-dev)
    [ -d /usr/include/qxmpp ] || missing+=(libqxmpp-dev)
    command -v profanity >/dev/null && command -v tmux >/dev/null && command -v openssl >/dev/null || missing+=(profanity tmux openssl)
    command -v tsung >/dev/null || missing+=(tsung)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Install ${missing[*]} for the tests with other clients …"
        { DEBIAN_FRONTEND=noninteractive timeout 300 apt-get update && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y --no-install-recommends "${missing[@]}"; } >"$results/apt-clients.log" 2>&1
    fi
    for name in profanity tmux tsung gcc g++; do
        command -v "$name" >/dev/null || echo "skips: interop with $name (it is not installed and cannot be)"
    done
}

# Chromium shows the flashing page and the dashboard (and npm brings the tool that the one is made of and the charts of the other): Debian's packages where root may install them.
install_chromium() {
    if command -v chromium >/dev/null && command -v npm >/dev/null; then
        return 0
    fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Install chromium for the tests of the flashing page and the dashboard …"
        local missing=()
        command -v chromium >/dev/null || missing+=(chromium)
        command -v npm >/dev/null || missing+=(npm)
        { DEBIAN_FRONTEND=noninteractive timeout 300 apt-get update && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y --no-install-recommends "${missing[@]}"; } >"$results/apt-chromium.log" 2>&1
    fi
    command -v chromium >/dev/null || echo "skips: the flashing page and the dashboard in a browser (chromium is not installed and cannot be)"
    command -v npm >/dev/null || echo "skips: the flashing page with images, the dashboard's charts (npm is not installed and cannot be)"
}

# Web clients that nobody here wrote, for tests/Interop/Web: from npm by their lock file; Chromium, which shows some, is there already where it can be.
install_web_clients() {
    if ! command -v npm >/dev/null; then
        echo "skips: web clients (npm is not installed and cannot be)"
        return 0
    fi
    command -v chromium >/dev/null || echo "skips: web clients in a browser (chromium is not installed and cannot be)"
    if [ ! -d tests/Interop/Web/node_modules ] || [ tests/Interop/Web/package-lock.json -nt tests/Interop/Web/node_modules ]; then
        echo "Install the web clients …"
        if (cd tests/Interop/Web && timeout 600 npm ci --ignore-scripts) >"$results/npm.log" 2>&1; then
            touch tests/Interop/Web/node_modules
        else
            rm -rf tests/Interop/Web/node_modules
            echo "skips: web clients (npm ci failed: $(tail -n 1 "$results/npm.log"))"
        fi
    fi
}

# counted ATTRIBUTE: the sum of a counter of all projects, from their result files.
counted() {
    local sum=0 file
    for file in "$results"/*.trx; do
        [ -e "$file" ] || continue
        sum=$((sum + $(grep -o '<Counters [^>]*>' "$file" | sed "s/.* $1=\"\([0-9]*\)\".*/\1/")))
    done
    echo "$sum"
}

# failures FILE…: a line for each test that failed: program, class.method, and the name that it is shown by, with tabs between.
failures() {
    awk -v RS='>' '
        function value(name,    at) {
            if (!match($0, " " name "=\"[^\"]*\"")) { return "" }
            at = substr($0, RSTART, RLENGTH); sub("^ " name "=\"", "", at); sub("\"$", "", at); return at
        }
        /<UnitTestResult / && value("outcome") == "Failed" { shown[value("testId")] = value("testName") }
        /<UnitTest / { test = value("id") }
        /<TestMethod / && test in shown { print value("codeBase") "\t" value("className") "." value("name") "\t" shown[test] }' "$@" |
        sed 's/&quot;/"/g; s/&apos;/'"'"'/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' | sort -u
}

# broken FILE…: whether a project did not come to its end: it was ended, or tells of an error other than a test that failed.
broken() {
    awk -v RS='>' '
        /<ResultSummary / && /outcome="(Aborted|Error|Timeout)"/ { exit found = 1 }
        /<RunInfo / { error = /outcome="Error"/ }
        error && /<\/Text$/ && !/\[FAIL\]<\/Text$/ { exit found = 1 }
        END { exit !found }' "$@"
}

# again: the few tests that failed are run once more, each project's alone. What passes then is counted as passed, and said: it is not steady, and is to be mended.
# Whoever reads the output sees the first failure above.
again() {
    local bound=${IOTXMPP_TEST_AGAIN:-3} program tests projects
    projects=$(grep -l Microsoft.NET.Test.Sdk tests/*/*.csproj | wc -l)
    if [ "$failed" -gt "$bound" ] || [ "$(ls "$results"/*.trx | wc -l)" -ne "$projects" ] || broken "$results"/*.trx; then
        return
    fi
    failures "$results"/*.trx >"$results/failed.tsv"
    [ "$(wc -l <"$results/failed.tsv")" -eq "$failed" ] || return
    echo
    echo "Run once more, alone:"
    mkdir "$results/again"
    for program in $(cut -f1 "$results/failed.tsv" | sort -u); do
        tests=$(awk -F'\t' -v program="$program" '$1 == program { print "FullyQualifiedName~" $2 }' "$results/failed.tsv" | sort -u | paste -sd '|')
        dotnet test "$program" --nologo --filter "$tests" --logger "console;verbosity=minimal" --logger "trx;LogFileName=$(basename "$program").trx" --results-directory "$results/again" \
            --blame-hang-timeout "${IOTXMPP_TEST_TIMEOUT:-15m}" --blame-hang-dump-type none
        [ -e "$results/again/$(basename "$program").trx" ] || return
        broken "$results/again/$(basename "$program").trx" && return
    done
    failures "$results"/again/*.trx | cut -f3 >"$results/still.txt"
    unsteady=$(cut -f3 "$results/failed.tsv" | grep -vxFf "$results/still.txt" || true)
    local count
    count=$(grep -c . <<<"$unsteady")
    failed=$((failed - count)) passed=$((passed + count))
}

finish() {
    local total passed failed unsteady= code=$1
    total=$(counted total) passed=$(counted passed) failed=$(counted failed)
    if [ "$failed" -gt 0 ] && [ "${2:-}" = whole ]; then
        again
        # Nothing else was wrong than what failed: had a project not come to its end, nothing were run again.
        [ "$failed" -gt 0 ] || code=0
    fi
    if [ -n "$unsteady" ]; then
        echo
        echo "Not steady (failed above, passed when run once more):"
        sed 's/^/  /' <<<"$unsteady"
    fi
    if [ "$failed" -gt 0 ]; then
        echo
        echo "Failed:"
        failures "$results"/*.trx | cut -f3 | { [ -n "$unsteady" ] && grep -vxF "$unsteady" || cat; } | sed 's/^/  /'
    fi
    if [ "$passed" -eq 0 ] || [ "$failed" -gt 0 ]; then
        code=1
    fi
    if [ "$1" -ne 0 ] && [ "$failed" -eq 0 ] && [ "$code" -ne 0 ]; then
        echo "Not all projects came to their end: see above." >&2
    fi
    echo "$passed passed, $failed failed, $((total - passed - failed)) skipped"
    exit "$code"
}

if ! command -v dotnet >/dev/null; then
    echo "The .NET 10 SDK is needed: https://dotnet.microsoft.com/download" >&2
    finish 1
fi

# Before the build: npm brings what the dashboard draws its charts with.
install_chromium

echo "Restore and build ($configuration) …"
if ! dotnet build IotXmpp.sln -c "$configuration" --nologo -v quiet -clp:NoSummary; then
    echo "The build failed: no test was run." >&2
    finish 1
fi

# What a full run would use beyond the SDK. Tests skip what is missing by themselves, with their reason.
[ "$(id -u)" = 0 ] || echo "skips: a full disk (needs root, to mount a small tmpfs)"
start_postgres
install_openscad
install_servers
install_clients
install_web_clients

# One project after the other (-m:1): each runs as many tests at a time as there are cores, and side by side they only took the time from one another.
dotnet test IotXmpp.sln -c "$configuration" --no-build --nologo -v quiet -m:1 \
    --logger "console;verbosity=minimal" --logger "trx" --results-directory "$results" \
    --blame-hang-timeout "${IOTXMPP_TEST_TIMEOUT:-15m}" --blame-hang-dump-type none "$@"
finish $? $([ $# -gt 0 ] || echo whole)
