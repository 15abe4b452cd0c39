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
trap 'rm -rf "$results"' EXIT

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

dotnet test IotXmpp.sln -c "$configuration" --no-build --nologo -v quiet \
    --logger "console;verbosity=minimal" --logger "trx" --results-directory "$results" \
    --blame-hang-timeout "${IOTXMPP_TEST_TIMEOUT:-15m}" --blame-hang-dump-type none "$@"
finish $?
