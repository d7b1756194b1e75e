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

step "the outbox under kill -9: five minutes of waiting, beside what follows"
kills_log="${CARGO_TARGET_DIR:-target}/outbox-kills.log"
cargo test --workspace --locked --test outbox_kills -- --ignored >"$kills_log" 2>&1 &
kills=$!
trap 'kill "$kills" 2>/dev/null || true' EXIT

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

step "what came of the outbox under kill -9"
if ! wait "$kills"; then
    cat "$kills_log"
    exit 1
fi
trap - EXIT

step "all gates passed"
