//! What configuration needs to know of the machine: cores, addresses and memory, found once at start.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::memory;

/// Facts about the machine.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Processor cores this process may use.
    pub(crate) cores: u16,
    /// Addresses by which other machines on the network reach this one, IPv4 first.
    pub(crate) lan_addresses: Vec<IpAddr>,
    /// Memory that this process may use, in bytes.
    pub(crate) memory_bytes: u64,
}

impl Machine {
    /// Asks the operating system.
    pub(crate) fn detect() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            cores: u16::try_from(cores).unwrap_or(u16::MAX),
            lan_addresses: lan_addresses(),
            memory_bytes: memory::available_bytes(),
        }
    }
}

/// The source address that the routing table chooses for the documentation networks (RFC 5737, RFC 3849), which lie
/// behind the default route. Connecting a UDP socket sends nothing.
fn lan_addresses() -> Vec<IpAddr> {
    let routes: [(SocketAddr, SocketAddr); 2] = [
        ((Ipv4Addr::UNSPECIFIED, 0).into(), (Ipv4Addr::new(192, 0, 2, 1), 9).into()),
        (
            (Ipv6Addr::UNSPECIFIED, 0).into(),
            (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into(),
        ),
    ];
    let sources = routes.into_iter().filter_map(|(any, beyond)| {
        let socket = UdpSocket::bind(any).ok()?;
        socket.connect(beyond).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    sources.filter(|ip| !ip.is_loopback() && !ip.is_unspecified()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detected_machine_has_a_core_and_no_loopback_among_its_lan_addresses() {
        let machine = Machine::detect();
        assert!(machine.cores >= 1);
        assert!(machine.lan_addresses.iter().all(|ip| !ip.is_loopback()));
    }
}
