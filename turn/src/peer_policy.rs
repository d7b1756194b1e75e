//! Who may be a peer.
//!
//! Within a media server only its own media addresses may: a relay that reaches nothing else cannot be abused. Alone, a
//! TURN server needs rules: what is denied, then what is allowed, then the public internet without special-purpose
//! addresses and without the ports of services.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use crate::special::is_special;

/// Below are the services of hosts, which a media peer never is: a relay to them is somebody else's attack.
const PEER_PORT_MIN: u16 = 1024;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerPolicy {
    /// Exactly these.
    Only(Vec<SocketAddr>),
    /// Whoever the rules let.
    Rules(PeerRules),
}

/// Rules of a server that stands alone: what is first found decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerRules {
    /// Never: the server's own addresses, from whose relays a loop could be made.
    pub own: Vec<IpAddr>,
    /// Never.
    pub deny: Vec<Network>,
    /// Always, special-purpose or not, any port.
    pub allow: Vec<Network>,
    /// Whether public addresses that neither list names may be peers.
    pub allows_public: bool,
}

impl PeerPolicy {
    /// Whether there may be a permission for an address.
    #[must_use]
    pub fn allows_address(&self, address: IpAddr) -> bool {
        match self {
            Self::Only(peers) => peers.iter().any(|peer| peer.ip() == address),
            Self::Rules(rules) => rules.verdict(address).is_some(),
        }
    }

    /// Whether data may go to an address and port.
    #[must_use]
    pub fn allows(&self, peer: SocketAddr) -> bool {
        match self {
            Self::Only(peers) => peers.contains(&peer),
            Self::Rules(rules) => match rules.verdict(peer.ip()) {
                Some(Grant::AnyPort) => peer.port() != 0,
                Some(Grant::HighPorts) => peer.port() >= PEER_PORT_MIN,
                None => false,
            },
        }
    }
}

enum Grant {
    AnyPort,
    HighPorts,
}

impl PeerRules {
    fn verdict(&self, address: IpAddr) -> Option<Grant> {
        let is_in = |networks: &[Network]| networks.iter().any(|network| network.contains(address));
        // A mapped address is its IPv4 self to the kernel, and so to every rule that forbids.
        let is_own = self.own.iter().any(|own| own.to_canonical() == address.to_canonical());
        let is_denied = self.deny.iter().any(|network| network.contains(address.to_canonical()));
        if is_own || is_denied || is_in(&self.deny) {
            None
        } else if is_in(&self.allow) {
            Some(Grant::AnyPort)
        } else if self.allows_public && !is_special(address) {
            Some(Grant::HighPorts)
        } else {
            None
        }
    }
}

/// An address with a prefix length: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    length: u32,
}

impl Network {
    /// Whether an address of the same family lies within.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= self.length
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= self.length
            }
            _ => false,
        }
    }
}

/// Text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotANetwork;

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(whole), str::parse).map_err(|_| NotANetwork)?;
        if length > whole {
            return Err(NotANetwork);
        }
        Ok(Self { address, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::tests::{SPECIAL_IPV4, SPECIAL_IPV6, encodings};

    fn rules(deny: &[&str], allow: &[&str]) -> PeerPolicy {
        let parse = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        PeerPolicy::Rules(PeerRules {
            own: vec!["9.9.9.9".parse().unwrap()],
            deny: parse(deny),
            allow: parse(allow),
            allows_public: true,
        })
    }

    #[test]
    fn the_media_server_allows_its_own_media_addresses_and_nothing_beside_them() {
        let own: SocketAddr = "192.0.2.5:7882".parse().unwrap();
        let policy = PeerPolicy::Only(vec![own]);
        assert!(policy.allows(own) && policy.allows_address(own.ip()));
        for other in
            ["192.0.2.5:5432", "192.0.2.6:7882", "127.0.0.1:7882", "[::ffff:192.0.2.5]:7882"]
        {
            assert!(!policy.allows(other.parse().unwrap()), "{other}");
        }
        assert!(!policy.allows_address("::ffff:192.0.2.5".parse().unwrap()));
    }

    #[test]
    fn alone_no_special_purpose_address_is_a_peer_in_any_encoding() {
        let policy = rules(&[], &[]);
        let natives = SPECIAL_IPV4.iter().chain(SPECIAL_IPV6).map(|text| text.parse().unwrap());
        let encoded =
            SPECIAL_IPV4.iter().flat_map(|text| encodings(text.parse().unwrap())).map(IpAddr::from);
        for address in natives.chain(encoded) {
            assert!(!policy.allows_address(address), "{address}");
            assert!(!policy.allows(SocketAddr::new(address, 50_000)), "{address}");
        }
        assert!(policy.allows("1.1.1.1:50000".parse().unwrap()));
        assert!(policy.allows("[2606:4700::1111]:50000".parse().unwrap()));
    }

    #[test]
    fn alone_the_ports_of_services_are_not_reached() {
        let policy = rules(&[], &["10.0.0.5"]);
        for port in [0, 53, 123, 389, 1023] {
            assert!(!policy.allows(SocketAddr::from(([1, 1, 1, 1], port))), "{port}");
        }
        assert!(policy.allows(SocketAddr::from(([10, 0, 0, 5], 443))), "allowed by name");
        assert!(!policy.allows(SocketAddr::from(([10, 0, 0, 5], 0))));
    }

    #[test]
    fn what_is_denied_stays_denied_whatever_is_allowed_and_so_do_our_own_addresses() {
        let policy = rules(&["10.1.0.0/16", "2606:4700::/32"], &["10.0.0.0/8", "9.9.9.9"]);
        for (peer, expected) in [
            ("10.2.0.1:9000", true),
            ("10.1.0.1:9000", false),
            ("[2606:4700::1]:9000", false),
            ("9.9.9.9:9000", false),
            ("[::ffff:9.9.9.9]:9000", false),
            ("[::ffff:10.2.0.1]:9000", false),
        ] {
            assert_eq!(policy.allows(peer.parse().unwrap()), expected, "{peer}");
        }
        let mapped = rules(&["10.1.0.0/16"], &["::/0"]);
        assert!(!mapped.allows("[::ffff:10.1.0.1]:9000".parse().unwrap()));
    }

    #[test]
    fn networks_are_read_strictly() {
        for text in ["10.0.0.0/8", "10.0.0.1", "::/0", "2001:db8::/32", "0.0.0.0/0"] {
            assert!(text.parse::<Network>().is_ok(), "{text}");
        }
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "host"] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork), "{text}");
        }
        let everything: Network = "0.0.0.0/0".parse().unwrap();
        assert!(everything.contains("255.255.255.255".parse().unwrap()));
        assert!(!everything.contains("::1".parse().unwrap()));
    }
}
