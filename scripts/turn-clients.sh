#!/usr/bin/env bash
# A foreign TURN client (turnutils_uclient of Debian's coturn) against `bedside turn`: UDP, TCP and TLS, with channels and with
# indications. Every message must come back. Addresses are on the loopback network only.
set -euo pipefail
cd "$(dirname "$0")/.."

bedside=${BEDSIDE_BIN:-${CARGO_TARGET_DIR:-target}/debug/bedside}
work=$(mktemp -d)
secret=a-secret-of-the-foreign-turn-client
listen=127.0.0.3
relay=127.0.0.2
peer=127.0.0.1
port=23478
tls_port=25349
peer_port=23480
pids=()
# shellcheck disable=SC2317  # the trap calls it
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
"$bedside" turn --turn-secret "$secret" --advertise "$relay" --admin 127.0.0.1:27881 \
    --turn-listen "$listen:$port" --turn-tls-listen "$listen:$tls_port" --turn-peers-allow "$peer" \
    --tls-cert-file "$work/cert.pem" --tls-key-file "$work/key.pem" >"$work/bedside.log" 2>&1 &
pids+=($!)
turnutils_peer -p "$peer_port" -L "$peer" >"$work/peer.log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do
    if grep -q ready "$work/bedside.log"; then break; fi
    sleep 0.1
done

failed=0
try() {
    local name=$1
    shift
    local log="$work/client.log"
    if timeout 60 turnutils_uclient "$@" -W "$secret" -u tester -e "$peer" -r "$peer_port" -c \
        -n 40 -m 2 -l 170 "$listen" >"$log" 2>&1 && grep -q 'Total lost packets 0 ' "$log"; then
        echo "turn client: $name: nothing lost"
    else
        echo "turn client: $name: FAILED"
        tail -20 "$log"
        failed=1
    fi
}

try "UDP, channels" -p "$port"
try "UDP, indications" -p "$port" -s
try "TCP, channels" -t -p "$port"
try "TCP, indications" -t -s -p "$port"
try "TLS, channels" -t -S -p "$tls_port"
try "TLS, indications" -t -S -s -p "$tls_port"

# What is not allowed is not relayed to.
timeout 60 turnutils_uclient -p "$port" -W "$secret" -u tester -e 127.0.0.4 -r "$peer_port" -c -n 5 -m 1 \
    "$listen" >"$work/refused.log" 2>&1 || true
if grep -q '403 (Forbidden)' "$work/refused.log"; then
    echo "turn client: a peer that is not allowed: refused"
else
    echo "turn client: a peer that is not allowed: NOT REFUSED"
    failed=1
fi
exit "$failed"
