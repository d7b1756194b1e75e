#!/usr/bin/env bash
# Counts the instructions of forwarding with callgrind and compares them with bench/instructions.toml.
#
#   scripts/instructions.sh             compare: fails when a count is off by more than the tolerance, up or down
#   scripts/instructions.sh --update    write what is found into bench/instructions.toml
#
# The profiles stay in target/instructions/, for callgrind_annotate.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
    echo "valgrind is missing: make test-deps" >&2
    exit 1
fi

# The media plane as a release has it, on top of the dependencies as the tests have built them: a release build would
# compile everything once more (cryptography in C is most of it). One codegen unit: what is inlined then does not hang on
# where code stands.
options=()
for package in protocol turn sfu sim; do
    for setting in opt-level=3 codegen-units=1 debug-assertions=false overflow-checks=false; do
        options+=(--config "profile.dev.package.$package.$setting")
    done
done

# All packages, and a benchmark beside the binary: that selects the same features of dependencies as the tests do.
CARGO_INCREMENTAL=0 cargo build --workspace --locked --quiet --bin bench --bench packet_path "${options[@]}"

"${CARGO_TARGET_DIR:-target}/debug/bench" instructions "$@"
