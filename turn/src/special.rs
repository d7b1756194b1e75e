//! Addresses that no stranger's relay may reach: everything that IANA registers for a special purpose, in every form.
//!
//! IPv4 is a list of what is refused. IPv6 is the other way round: only what is allocated as global unicast, 2000::/3,
//! may be a peer, and of that nothing that holds an IPv4 address (6to4, Teredo, ISATAP) or is for documentation. So the
//! mapped, compatible and translated forms (`::ffff:0:0/96`, `::/96`, `64:ff9b::/96`, `64:ff9b:1::/48`) need no list of
//! their own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IANA's special-purpose registry, multicast, the reserved block and broadcast: network and prefix length.
const IPV4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    // With the metadata service of clouds, 169.254.169.254.
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Within global unicast: protocol assignments with Teredo, documentation, 6to4, documentation, direct delegation (AS112).
const IPV6: &[(u128, u32)] = &[
    (0x2001_0000 << 96, 23),
    (0x2001_0DB8 << 96, 32),
    (0x2002 << 112, 16),
    (0x2620_004F_8000 << 80, 48),
    (0x3FFF << 112, 20),
];

/// Whether an address serves a special purpose, however it is written.
pub(crate) fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_special_ipv4(address),
        IpAddr::V6(address) => is_special_ipv6(address),
    }
}

fn is_special_ipv4(address: Ipv4Addr) -> bool {
    let is_in = |(network, length): &([u8; 4], u32)| {
        let differ = address.to_bits() ^ u32::from_be_bytes(*network);
        differ.leading_zeros() >= *length
    };
    IPV4.iter().any(is_in)
}

fn is_special_ipv6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    let is_global_unicast = bits >> 125 == 0b001;
    let is_in = |(network, length): &(u128, u32)| (bits ^ network).leading_zeros() >= *length;
    !is_global_unicast || is_isatap(bits) || IPV6.iter().any(is_in)
}

/// An interface identifier of `0000:5efe` or `0200:5efe` and an IPv4 address (RFC 5214 §6.1).
fn is_isatap(bits: u128) -> bool {
    (bits >> 32 & 0xFDFF_FFFF) == 0x0000_5EFE
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One address of the beginning, the end and the inside of every IPv4 range of the threat list.
    pub(crate) const SPECIAL_IPV4: &[&str] = &[
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.254",
        "255.255.255.255",
    ];

    pub(crate) const SPECIAL_IPV6: &[&str] = &[
        "::",
        "::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2001:20::1",
        "2002::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
    ];

    /// Every way to write an IPv4 address as an IPv6 one.
    pub(crate) fn encodings(address: Ipv4Addr) -> Vec<Ipv6Addr> {
        let bits = u128::from(address.to_bits());
        let inverted = u128::from(!address.to_bits());
        vec![
            Ipv6Addr::from_bits(0xFFFF << 32 | bits),           // mapped
            Ipv6Addr::from_bits(bits),                          // compatible
            Ipv6Addr::from_bits(0xFFFF_0000 << 32 | bits),      // translated, RFC 2765
            Ipv6Addr::from_bits(0x0064_FF9B << 96 | bits),      // NAT64
            Ipv6Addr::from_bits(0x0064_FF9B_0001 << 80 | bits), // NAT64, local
            Ipv6Addr::from_bits(0x2002 << 112 | bits << 80 | 1), // 6to4
            Ipv6Addr::from_bits(0x2001_0000 << 96 | bits << 64), // Teredo, server
            Ipv6Addr::from_bits(0x2001_0000 << 96 | inverted),  // Teredo, client
            Ipv6Addr::from_bits(0xFE80 << 112 | 0x5EFE << 32 | bits), // ISATAP, link-local
            Ipv6Addr::from_bits(0x2606_4700 << 96 | 0x5EFE << 32 | bits), // ISATAP, global
            Ipv6Addr::from_bits(0x2606_4700 << 96 | 0x0200_5EFE << 32 | bits),
        ]
    }

    #[test]
    fn special_addresses_are_special_in_every_encoding() {
        for text in SPECIAL_IPV4 {
            let address: Ipv4Addr = text.parse().unwrap();
            assert!(is_special(address.into()), "{address}");
            for encoded in encodings(address) {
                assert!(is_special(encoded.into()), "{address} as {encoded}");
            }
        }
        for text in SPECIAL_IPV6 {
            assert!(is_special(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_not_special_but_their_encodings_are() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
        ] {
            let address: Ipv4Addr = text.parse().unwrap();
            assert!(!is_special(address.into()), "{address}");
            assert!(encodings(address).into_iter().all(|encoded| is_special(encoded.into())));
        }
        for text in ["2606:4700::1111", "2a00:1450::1", "2001:4860::8888", "2001:200::1", "3ffe::1"]
        {
            assert!(!is_special(text.parse().unwrap()), "{text}");
        }
    }
}
