#!/usr/bin/env bash
# Every gate, in the order in which a mistake shows soonest. CI runs exactly this.
#
#   scripts/test.sh            everything
#   scripts/test.sh --no-e2e   without the browsers
set -euo pipefail
cd "$(dirname "$0")/.."

started=$SECONDS
step() {
    printf '\n==> [%4d s] %s\n' "$((SECONDS - started))" "$1"
}

step "tools and test dependencies"
scripts/check-tools.sh
if [ "${1:-}" != "--no-e2e" ]; then
    scripts/install-test-deps.sh
fi

step "npm packages; web page (the binary embeds it)"
make --no-print-directory web

step "TypeScript: types, linter, unit tests, size budget"
npm --prefix clients run check

step "Rust: formatting, clippy, rustdoc; shell scripts"
scripts/lint.sh --rust-only

step "Rust: tests, with fuzz corpora, layering and documentation checks"
cargo test --workspace --locked

step "instructions per forwarded packet, against bench/instructions.toml"
if command -v valgrind >/dev/null; then
    scripts/instructions.sh
else
    echo "skipped: valgrind is not installed (make test-deps)"
fi

if [ "${1:-}" != "--no-e2e" ]; then
    # The test build above has left the binary; building it again would compile it with other features.
    step "browsers against the binary"
    make --no-print-directory e2e-prebuilt

    step "a foreign TURN client against the binary"
    make --no-print-directory turn-clients-prebuilt
fi

step "all gates passed"
