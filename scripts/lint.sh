#!/usr/bin/env bash
# The gates that run nothing: formatting, clippy, rustdoc, shellcheck. Warnings are errors.
# TypeScript has its own (`npm run check` in clients/), which scripts/test.sh and the last lines here call.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "-- cargo fmt"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

echo "-- shellcheck"
if command -v shellcheck >/dev/null; then
    shellcheck scripts/*.sh .ci/run
else
    echo "shellcheck is not installed (make test-deps): skipped"
fi

echo "-- clippy"
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

echo "-- rustdoc"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

if [ "${1:-}" != "--rust-only" ]; then
    echo "-- TypeScript"
    npm --prefix clients run lint
    npm --prefix clients run typecheck
fi
