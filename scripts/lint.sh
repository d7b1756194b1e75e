#!/usr/bin/env bash
# The gates that run nothing: formatting, clippy, rustdoc, shellcheck. Warnings are errors.
#
#   scripts/lint.sh                all of it
#   scripts/lint.sh --rust-only    without TypeScript, whose check scripts/test.sh runs as a whole
set -euo pipefail
cd "$(dirname "$0")/.."

echo "-- cargo fmt"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

echo "-- shellcheck"
if command -v shellcheck >/dev/null; then
    shellcheck scripts/*.sh .ci/run
else
    echo "skipped: shellcheck is not installed (make test-deps)"
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
