// A network namespace of its own that has nothing but a loopback and a veth pair; it vanishes with its last process.
// Firefox refuses candidates on 127.0.0.1, so whatever it takes part in runs inside one, server and all. That needs root,
// or a kernel that lets users make namespaces.

/** The address of the namespace's veth; from TEST-NET-2 (RFC 5737), so it can collide with nothing real. */
const NAMESPACE_ADDRESS = '198.51.100.1';
/** Nobody lives there: whatever leaves for the outside world gets lost. */
const NAMESPACE_GATEWAY = '198.51.100.2';

/** What the environment tells those inside: the address that media can be received on. */
export const NAMESPACE_ENVIRONMENT = { BEDSIDE_E2E_ADDRESS: NAMESPACE_ADDRESS };

/** A firewall that lets no UDP through, as hospitals' do. */
const NO_UDP =
  "nft 'add table inet closed; add chain inet closed out { type filter hook output priority 0; };" +
  " add rule inet closed out meta l4proto udp counter drop'";

/** The command, and its parameters, that runs `command` inside; `isClosed`: without UDP. */
export function inNamespace(command, parameters, isClosed = false) {
  const setUp = [
    'ip link set lo up',
    'ip link add veth-call type veth peer name veth-far',
    `ip addr add ${NAMESPACE_ADDRESS}/24 dev veth-call`,
    'ip link set veth-call up',
    'ip link set veth-far up',
    // Firefox finds the address it offers by asking for the way to the outside: without a default route it has none.
    `ip route add default via ${NAMESPACE_GATEWAY} dev veth-call`,
    ...(isClosed ? [NO_UDP] : []),
    'exec "$@"',
  ].join(' && ');
  const isolate = process.getuid?.() === 0 ? ['--net'] : ['--net', '--map-root-user'];
  return ['unshare', [...isolate, 'sh', '-c', setUp, 'sh', command, ...parameters]];
}
