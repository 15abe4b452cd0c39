# Sourced by compare.sh: starts one server at a time in a folder of its own, on free ports of 127.0.0.1, with the same accounts.
# After start_NAME: SERVER_PID, PORT, TLS_PORT, CA; stop_server ends it (by its id) and waits until it has gone.

# A TCP port of 127.0.0.1 that nobody listens on now, outside the range the kernel hands to clients.
free_port() {
    local port
    for _ in $(seq 200); do
        port=$((20000 + RANDOM % 10000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return 0; fi
    done
    echo "no free port found" >&2; return 1
}

# wait_port PORT PID: until something accepts, at most 60 s; fails at once when the process has ended.
wait_port() {
    for _ in $(seq 600); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
        kill -0 "$2" 2>/dev/null || { echo "server ended before it listened; see $DIR" >&2; return 1; }
        sleep 0.1
    done
    echo "server does not listen on $1 after 60 s; see $DIR" >&2; return 1
}

# fill TEMPLATE TARGET
fill() {
    sed -e "s|@DIR@|$DIR|g" -e "s|@PORT@|$PORT|g" -e "s|@TLS_PORT@|$TLS_PORT|g" -e "s|@API_PORT@|${API_PORT:-0}|g" -e "s|@DOMAIN@|$DOMAIN|g" "$1" > "$2"
}

new_folder() {
    DIR=$(mktemp -d "$WORK/$1.XXXXXX"); PORT=$(free_port); TLS_PORT=$(free_port)
    cp "$WORK/cert.pem" "$WORK/key.pem" "$DIR/"; cat "$DIR/cert.pem" "$DIR/key.pem" > "$DIR/both.pem"
    CA=$WORK/cert.pem
}

# A self-signed P-256 certificate: what the hub makes for itself is the same size, so that TLS memory compares.
make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$DOMAIN" \
        -addext "subjectAltName=DNS:$DOMAIN,DNS:pubsub.$DOMAIN" -addext "basicConstraints=critical,CA:TRUE" \
        -keyout "$WORK/key.pem" -out "$WORK/cert.pem" 2>/dev/null
}

# Prosody's own account files; it turns each password into SCRAM keys at the first log-in.
prosody_accounts() {
    local folder="$1/$(echo "$DOMAIN" | sed -e 's/\./%2e/g' -e 's/-/%2d/g')/accounts" i
    mkdir -p "$folder"
    for ((i = 0; i < ACCOUNTS; i++)); do
        printf 'return {\n["password"] = "%s";\n};\n' "$PASSWORD" > "$folder/load$i.dat"
    done
}

# XEP-0227, what ejabberd imports.
portable_accounts() {
    local i
    echo "<?xml version='1.0'?><server-data xmlns='urn:xmpp:pie:0'><host jid='$DOMAIN'>"
    for ((i = 0; i < ACCOUNTS; i++)); do echo "<user name='load$i' password='$PASSWORD'/>"; done
    echo "</host></server-data>"
}

start_prosody() {
    new_folder prosody
    mkdir -p "$DIR/data"; prosody_accounts "$DIR/data"
    fill "$HERE/servers/prosody.cfg.lua" "$DIR/prosody.cfg.lua"
    prosody -F --config "$DIR/prosody.cfg.lua" > "$DIR/out" 2>&1 &
    SERVER_PID=$!
    wait_port "$PORT" "$SERVER_PID"
}

start_ejabberd() {
    new_folder ejabberd; API_PORT=$(free_port)
    mkdir -p "$DIR/spool"; portable_accounts > "$DIR/accounts.xml"
    fill "$HERE/servers/ejabberd.yml" "$DIR/ejabberd.yml"
    # The same arguments as Debian's ejabberdctl, without a distributed node: so it needs neither epmd nor a cookie.
    HOME=$DIR ERL_LIBS=/usr/lib/x86_64-linux-gnu EJABBERD_CONFIG_PATH=$DIR/ejabberd.yml EJABBERD_LOG_PATH=$DIR/ejabberd.log ERL_MAX_PORTS=32000 ERL_CRASH_DUMP=$DIR/crash \
        erl +K true +P 250000 +Q 65536 -noinput -mnesia dir "\"$DIR/spool\"" -s ejabberd > "$DIR/out" 2>&1 &
    SERVER_PID=$!
    wait_port "$API_PORT" "$SERVER_PID" && wait_port "$PORT" "$SERVER_PID"
    curl -sS --max-time 300 -d "{\"file\": \"$DIR/accounts.xml\"}" "http://127.0.0.1:$API_PORT/api/import_piefxis" > "$DIR/import.out"
}

start_mosquitto() {
    new_folder mosquitto
    fill "$HERE/servers/mosquitto.conf" "$DIR/mosquitto.conf"
    mosquitto -c "$DIR/mosquitto.conf" > "$DIR/out" 2>&1 &
    SERVER_PID=$!
    wait_port "$PORT" "$SERVER_PID"
}

stop_server() {
    [ -n "${SERVER_PID:-}" ] || return 0
    kill "$SERVER_PID" 2>/dev/null
    for _ in $(seq 100); do kill -0 "$SERVER_PID" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$SERVER_PID" 2>/dev/null
    wait "$SERVER_PID" 2>/dev/null
    SERVER_PID=
    [ -n "${KEEP:-}" ] || rm -rf "$DIR"
}

start_hub() {
    new_folder hub
    # The accounts are imported once; each start has a copy.
    if [ ! -d "$WORK/hub-data" ]; then
        local i
        for ((i = 0; i < ACCOUNTS; i++)); do echo "load$i,$PASSWORD"; done > "$WORK/accounts.csv"
        dotnet "$ROOT/tools/Cli/bin/Release/net10.0/iotxmpp.dll" account import "$WORK/accounts.csv" --data "$WORK/hub-data" --domain "$DOMAIN" > "$WORK/import.out" 2>&1 ||
            { cat "$WORK/import.out" >&2; return 1; }
    fi
    cp -r "$WORK/hub-data" "$DIR/data"
    # What follows is what a hub under load test needs and an installation does not: SASL without TLS, no log-in delay.
    local settings='{ "Security": { "LoginThrottle": { "Enabled": false } } }'
    echo "${HUB_SETTINGS:-$settings}" > "$DIR/settings.json"
    dotnet "$ROOT/hub/Server/bin/Release/net10.0/IotXmpp.Server.dll" --domain "$DOMAIN" --data "$DIR/data" --c2s "127.0.0.1:$PORT" --c2s-tls "127.0.0.1:$TLS_PORT" \
        --http "" --plaintext loopback --cert "$DIR/cert.pem" --key "$DIR/key.pem" --settings "$DIR/settings.json" > "$DIR/out" 2>&1 &
    SERVER_PID=$!
    wait_port "$PORT" "$SERVER_PID"
}

# Whether a server is there to be started.
available() {
    case $1 in
        hub) [ -f "$ROOT/hub/Server/bin/Release/net10.0/IotXmpp.Server.dll" ] ;;
        ejabberd) [ -d /usr/lib/x86_64-linux-gnu ] && compgen -G "/usr/lib/*/ejabberd-*" > /dev/null ;;
        *) command -v "$1" > /dev/null ;;
    esac
}
