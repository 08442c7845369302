#!/usr/bin/env bash
# Runs every test: installs what is missing (tests/tools.sh), builds, runs the Rust suites, then the conformance clients in
# Python, PHP and Node against a `prima up` of its own. Prints the time of each step; ends non-zero when anything failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
export CARGO_TERM_PROGRESS_WHEN=${CARGO_TERM_PROGRESS_WHEN:-never}
export RUST_BACKTRACE=${RUST_BACKTRACE:-1}
# A text that differs from its snapshot fails its test; nothing is written beside it.
export INSTA_UPDATE=${INSTA_UPDATE:-no}
# A token, an endpoint or a setting of the caller's must not reach the tests.
while IFS='=' read -r name _; do
    unset "$name"
done < <(env | grep -E '^PRIMA_([A-Z]+__|TOKEN=|ENDPOINT=|CA_FILE=)' || true)

summary=()
# step NAME COMMAND…: runs the command, prints how long it took. No `if` or `||` around it: they would switch -e off inside.
step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n--- %s\n' "$name"
    "$@"
    summary+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
    printf -- '--- %s: %d s\n' "$name" $((SECONDS - start))
}

server=
work=
database=
finish() {
    local status=$?
    trap - EXIT
    if [ -n "$database" ]; then
        as_database "$PRIMA_PG_BIN/pg_ctl" -D "$database/data" -m immediate stop >/dev/null 2>&1 || true
        rm -rf "$database"
    fi
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
        kill -TERM "$server" 2>/dev/null || true
        # It stops within its grace time; after that there is nothing to wait for.
        for _ in $(seq 150); do
            kill -0 "$server" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if [ "$status" != 0 ] && [ -n "$work" ] && [ -s "$work/log" ]; then
        printf '\n--- last lines of prima up\n'
        tail -n 40 "$work/log"
    fi
    [ -z "$work" ] || rm -rf "$work"
    printf '\n'
    [ ${#summary[@]} = 0 ] || printf '%s\n' "${summary[@]}"
    if [ "$status" = 0 ]; then echo "tests: all passed in $SECONDS s"; else echo "tests: FAILED after $SECONDS s"; fi
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Of the whole workspace, so that the tests that follow find their dependencies built with the same features.
build() {
    cargo build --locked --workspace --bin prima
}

rust_tests() {
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --locked --workspace --profile ci
    else
        # One at a time: the suites that own servers must not run beside each other.
        cargo test --locked --workspace -- --test-threads=1
    fi
}

# As a user that PostgreSQL agrees to run as.
as_database() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}

# A PostgreSQL for the suites of single services, which make a schema for each test; those that crash one start their own.
database() {
    local port
    database=$(mktemp -d "${TMPDIR:-/tmp}/prima-database.XXXXXX")
    [ "$(id -u)" != 0 ] || chown postgres "$database"
    port=$("$PRIMA_PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    (
        cd "$database"
        as_database "$PRIMA_PG_BIN/initdb" -D data -U prima --auth=trust -E UTF8 --no-sync >log 2>&1 &&
            as_database "$PRIMA_PG_BIN/pg_ctl" -D data -l server.log -w -o "-p $port -c listen_addresses=127.0.0.1 \
                -c unix_socket_directories= -c max_connections=200 -c fsync=off" start >>log 2>&1
    ) || { cat "$database/log"; return 1; }
    export PRIMA_TEST_POSTGRES_URL=postgres://prima@127.0.0.1:$port/postgres
}

conformance() {
    local port endpoint deadline
    work=$(mktemp -d "${TMPDIR:-/tmp}/prima-conformance.XXXXXX")
    port=$("$PRIMA_PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    endpoint=http://127.0.0.1:$port
    PRIMA_RANKING__HISTORY_STEP_SECONDS=1 PRIMA_PUBLICATION__OBJECTION_HOURS=0 "$PRIMA_BIN" up --data "$work/data" --listen "127.0.0.1:$port" </dev/null >"$work/log" 2>&1 &
    server=$!
    deadline=$((SECONDS + 60))
    until "$PRIMA_BIN" health --endpoint "$endpoint" >/dev/null 2>&1; do
        kill -0 "$server" 2>/dev/null || { echo "prima up ended early"; return 1; }
        [ "$SECONDS" -lt "$deadline" ] || { echo "prima up is not serving after 60 s"; return 1; }
        sleep 0.2
    done
    "$PRIMA_BIN" token --key "$work/data/key.pem" --subject loket --roles intake --agencies uji >"$work/intake"
    "$PRIMA_BIN" token --key "$work/data/key.pem" --subject penilai --roles evaluator >"$work/evaluator"
    "$PRIMA_BIN" token --key "$work/data/key.pem" --subject pencatat --roles operator >"$work/operator"
    "$PRIMA_PYTHON" -B tests/conformance/conformance.py --endpoint "127.0.0.1:$port" --token-file "$work/data/token" \
        --evaluator-token-file "$work/evaluator" --operator-token-file "$work/operator" --intake-token-file "$work/intake" \
        --public "$work/data/public" --record "$work/record"
    other_languages "$endpoint"
    "$PRIMA_PYTHON" -B tests/seeds/seeds.py --endpoint "127.0.0.1:$port" --token-file "$work/data/token"
    kill -TERM "$server"
    # A clean stop is part of what is tested.
    wait "$server" || { echo "prima up ended with status $? after SIGTERM"; return 1; }
    server=
}

# What regional systems are written in, over JSON: plain PHP, and Node with generated stubs. What was sent and answered in JSON is
# validated by the descriptions of the API.
other_languages() {
    php -d memory_limit=256M tests/conformance/region.php --endpoint="$1" --token-file="$work/data/token" \
        --operator-token-file="$work/operator" --evaluator-token-file="$work/evaluator" --record="$work/record"
    "$PRIMA_BIN" api openapi >"$work/openapi.json"
    "$PRIMA_BIN" api asyncapi >"$work/asyncapi.json"
    "$PRIMA_PYTHON" -B tests/conformance/schemas.py --endpoint "$1" --openapi "$work/openapi.json" \
        --asyncapi "$work/asyncapi.json" --record "$work/record"
    mkdir "$work/node"
    # Node looks for packages beside the script that it runs.
    ln -s "$PRIMA_NODE_MODULES" "$work/node/node_modules"
    cp tests/conformance/region.mjs "$work/node/"
    printf 'version: v2\nplugins:\n  - local: %s\n    out: %s\n    opt: [target=js, import_extension=js]\n' \
        "$PRIMA_NODE_MODULES/.bin/protoc-gen-es" "$work/node/gen" >"$work/node/buf.gen.yaml"
    "$PRIMA_BUF" generate --template "$work/node/buf.gen.yaml" proto
    node "$work/node/region.mjs" "$1" "$work/data/token"
}

tools() {
    # shellcheck source=tests/tools.sh
    . tests/tools.sh tests
    PRIMA_BIN=${CARGO_TARGET_DIR:-$PWD/target}/debug/prima
    # For the Rust harness, which starts services as processes.
    export PRIMA_BIN
}

step "tools" tools
step "build" build
step "database" database
step "Rust suites" rust_tests
step "conformance (Python, PHP, Node)" conformance
