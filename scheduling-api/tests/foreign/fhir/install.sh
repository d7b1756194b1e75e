#!/usr/bin/env bash
# Installs foreign FHIR clients and validators into target/fhir-clients: a virtual environment and npm packages. Does nothing
# that is done.
set -euo pipefail
cd "$(dirname "$0")"

target=${CARGO_TARGET_DIR:-../../../../target}/fhir-clients
mkdir -p "$target"
target=$(cd "$target" && pwd)

made_of=$(python3 --version; node --version; cat requirements.txt package-lock.json)
if [ "$(cat "$target/made-of" 2>/dev/null)" = "$made_of" ]; then
    echo "FHIR clients: all present"
    exit 0
fi

rm -rf "$target"
mkdir -p "$target"
python3 -m venv "$target/venv"
"$target/venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
cp package.json package-lock.json "$target/"
npm --prefix "$target" ci --ignore-scripts --no-audit --no-fund
printf '%s\n' "$made_of" >"$target/made-of"
