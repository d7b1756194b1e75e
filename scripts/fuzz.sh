#!/usr/bin/env bash
# Fuzzes targets with libFuzzer and AddressSanitizer, on the stable toolchain.
#
#   scripts/fuzz.sh SECONDS [TARGET ...]     all targets, if none is named
#
# New inputs go to fuzz/grown/ (not committed); the committed corpus is only read. A crash stays in fuzz/artifacts/:
# minimise it (`cargo fuzz tmin`), put it into fuzz/corpus/TARGET/ with a name that says what it shows, fix the cause.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?"usage: scripts/fuzz.sh SECONDS [TARGET ...]"}
shift
targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
    for file in fuzz/fuzz_targets/*.rs; do
        targets+=("$(basename "$file" .rs)")
    done
fi

if ! command -v cargo-fuzz >/dev/null; then
    echo "cargo-fuzz is missing: cargo install cargo-fuzz --locked" >&2
    exit 1
fi

# Sanitizers and coverage instrumentation are unstable flags of rustc; this lets the stable one take them.
export RUSTC_BOOTSTRAP=1
# Counts steps, so that targets can bound them for each byte: see fuzz/src/cost.rs.
export RUSTFLAGS="${RUSTFLAGS:-} -Cllvm-args=-sanitizer-coverage-trace-pc"
for target in "${targets[@]}"; do
    printf '\n==> %s, %s s\n' "$target" "$seconds"
    mkdir -p "fuzz/grown/$target"
    cargo fuzz run "$target" "fuzz/grown/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -print_final_stats=1
done
