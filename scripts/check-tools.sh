#!/usr/bin/env bash
# Says what is missing before a build starts, instead of letting the build fail half-way.
# Installs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

node_version_min=20.19
rust_version_min=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
missing=0

complain() {
    printf 'missing: %s\n         %s\n' "$1" "$2" >&2
    missing=1
}

# at_least VERSION MINIMUM
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort --version-sort | head -n 1)" = "$2" ]
}

if ! command -v cargo >/dev/null; then
    complain "Rust" "install rustup (https://rustup.rs), then: rustup toolchain install stable"
else
    rust_version=$(rustc --version | awk '{ print $2 }')
    if ! at_least "$rust_version" "$rust_version_min"; then
        complain "Rust $rust_version_min or newer (this is $rust_version)" "rustup update stable"
    fi
fi

if ! command -v cc >/dev/null && ! command -v clang >/dev/null; then
    complain "a C compiler (for the cryptography library)" "Debian, Ubuntu: apt-get install build-essential"
fi

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    complain "Node.js with npm" "Node $node_version_min or newer, from https://nodejs.org or your system"
else
    node_version=$(node --version | tr -d v)
    if ! at_least "$node_version" "$node_version_min"; then
        complain "Node.js $node_version_min or newer (this is $node_version)" "https://nodejs.org"
    fi
fi

if [ "$missing" -ne 0 ]; then
    printf '\nPut these in place and run the same command again.\n' >&2
    exit 1
fi
