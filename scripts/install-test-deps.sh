#!/usr/bin/env bash
# Installs what the tests need beyond cargo and node: Chromium and Firefox (the browser tests), ip (their network
# namespace), nft (a firewall in it), shellcheck, valgrind (the instruction count), python3 with venv (stock SDKs), coturn (a
# foreign TURN client), PostgreSQL (the scheduling API's stories run over it too), Authlib (a foreign client of its
# authorization server), nginx and Caddy (the examples of deploy/), clamd (documents are scanned), pdftotext (papers are read),
# ffmpeg (sends and plays recordings),
# FHIR clients and validators. Only what is missing, through apt, with sudo if need be.
# Debian starts the services it installs.
set -euo pipefail

# command:package
wanted=(
    chromium:chromium
    firefox-esr:firefox-esr
    ip:iproute2
    nft:nftables
    psql:postgresql
    shellcheck:shellcheck
    turnutils_uclient:coturn
    valgrind:valgrind
    python3:python3
    nginx:nginx-light
    caddy:caddy
    clamd:clamav-daemon
    pdftotext:poppler-utils
    curl:curl
    ffmpeg:ffmpeg
    openssl:openssl
)

missing_commands=()
missing_packages=()
for entry in "${wanted[@]}"; do
    if ! PATH="$PATH:/usr/sbin:/sbin" command -v "${entry%%:*}" >/dev/null; then
        missing_commands+=("${entry%%:*}")
        missing_packages+=("${entry##*:}")
    fi
done

# Debian ships Python without what makes virtual environments.
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    missing_commands+=("python3 -m venv")
    missing_packages+=(python3-venv)
fi

if ! /usr/bin/python3 -c 'import authlib, requests' 2>/dev/null; then
    missing_commands+=("python3 with authlib and requests")
    missing_packages+=(python3-authlib python3-requests)
fi

# Foreign FHIR clients come from PyPI and npm.
fhir_clients=$(cd "$(dirname "$0")/.." && pwd)/scheduling-api/tests/foreign/fhir/install.sh

if [ "${#missing_packages[@]}" -eq 0 ]; then
    echo "test dependencies: all present"
    "$fhir_clients"
    exit 0
fi

echo "test dependencies: missing ${missing_commands[*]}"
if ! command -v apt-get >/dev/null; then
    cat >&2 <<MESSAGE
This system has no apt-get. Install by its own means, so that these commands are found in PATH:
    ${missing_commands[*]}
then run the same command again. (The tests are run on Debian 12; \`make run\` needs none of these.)
MESSAGE
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        printf 'Neither root nor sudo. As root: apt-get install %s\n' "${missing_packages[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

"${as_root[@]}" apt-get update --quiet
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet --no-install-recommends "${missing_packages[@]}"
"$fhir_clients"
