//! A network address translator between a client and the world, with the behaviours of RFC 4787.
//!
//! ```text
//!   client 10.0.0.2:p ──► mapping: which outer port? ──► server
//!                    ◄── filtering: who may answer?  ◄──
//! ```
//!
//! Owns bindings and when they were last used. A binding that stood idle is gone (§4.3), and the next datagram gets
//! another port: what the server sees then is a client that roams without knowing. Knows no bytes.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

/// On what of the other end a behaviour depends (RFC 4787 §4.1, §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependence {
    /// On nothing.
    Endpoint,
    /// On its address.
    Address,
    /// On its address and port.
    AddressAndPort,
}

/// A kind of translator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NatKind {
    /// Which outer port serves a destination.
    pub mapping: Dependence,
    /// Whose datagrams are let in.
    pub filtering: Dependence,
    /// A binding without outgoing datagrams lives so long (§4.3 asks for two minutes; many give thirty seconds).
    pub idle: Duration,
}

impl NatKind {
    /// What most homes have.
    #[must_use]
    pub fn home() -> Self {
        Self {
            mapping: Dependence::Endpoint,
            filtering: Dependence::AddressAndPort,
            idle: Duration::from_secs(120),
        }
    }

    /// What mobile carriers and hospitals have: another port for every destination.
    #[must_use]
    pub fn symmetric() -> Self {
        Self {
            mapping: Dependence::AddressAndPort,
            filtering: Dependence::AddressAndPort,
            idle: Duration::from_secs(30),
        }
    }
}

impl Dependence {
    fn key(self, of: SocketAddr) -> Option<(IpAddr, u16)> {
        match self {
            Self::Endpoint => None,
            Self::Address => Some((of.ip(), 0)),
            Self::AddressAndPort => Some((of.ip(), of.port())),
        }
    }
}

struct Binding {
    outer: SocketAddr,
    used: Instant,
    /// To whom something was sent, as the filter sees them.
    permitted: Vec<Option<(IpAddr, u16)>>,
}

/// See the module.
pub struct Nat {
    kind: NatKind,
    outer: IpAddr,
    next_port: u16,
    bindings: BTreeMap<(SocketAddr, Option<(IpAddr, u16)>), Binding>,
}

impl Nat {
    /// A translator with one outer address.
    #[must_use]
    pub fn new(kind: NatKind, outer: IpAddr) -> Self {
        Self { kind, outer, next_port: 30_000, bindings: BTreeMap::new() }
    }

    /// It was switched off and on, or the line was given another address.
    pub fn forget(&mut self, outer: IpAddr) {
        self.outer = outer;
        self.bindings.clear();
    }

    /// From where the world sees a datagram.
    pub fn outbound(&mut self, inner: SocketAddr, to: SocketAddr, now: Instant) -> SocketAddr {
        let key = (inner, self.kind.mapping.key(to));
        let idle = self.kind.idle;
        let is_live = |one: &Binding| now.saturating_duration_since(one.used) < idle;
        if !self.bindings.get(&key).is_some_and(is_live) {
            let outer = SocketAddr::new(self.outer, self.next_port);
            self.next_port = self.next_port.checked_add(1).unwrap_or(30_000);
            self.bindings.insert(key, Binding { outer, used: now, permitted: Vec::new() });
        }
        let binding = self.bindings.get_mut(&key).expect("just inserted");
        binding.used = now;
        let permitted = self.kind.filtering.key(to);
        if !binding.permitted.contains(&permitted) {
            binding.permitted.push(permitted);
        }
        binding.outer
    }

    /// To whom a datagram of the world goes; `None`: it is not let in.
    #[must_use]
    pub fn inbound(&self, outer: SocketAddr, from: SocketAddr, now: Instant) -> Option<SocketAddr> {
        let sender = self.kind.filtering.key(from);
        let (key, _) = self.bindings.iter().find(|(_, one)| {
            one.outer == outer
                && now.saturating_duration_since(one.used) < self.kind.idle
                && one.permitted.contains(&sender)
        })?;
        Some(key.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(30);

    #[test]
    fn each_behaviour_maps_and_filters_as_rfc_4787_says() {
        use Dependence::{Address, AddressAndPort, Endpoint};
        let now = now();
        let (server, other_port) = (address("192.0.2.1:7882"), address("192.0.2.1:7883"));
        let other_host = address("192.0.2.9:7882");
        // Whether another port and another host: see the same outer port; may answer.
        let cases =
            [(Endpoint, [true, true]), (Address, [true, false]), (AddressAndPort, [false, false])];
        for (dependence, expected) in cases {
            let kind = NatKind { mapping: dependence, filtering: Endpoint, idle: IDLE };
            let mut nat = Nat::new(kind, address("203.0.113.5:0").ip());
            let outer = nat.outbound(inner(), server, now);
            let same = [other_port, other_host].map(|to| nat.outbound(inner(), to, now) == outer);
            assert_eq!(same, expected, "mapping {dependence:?}");

            let kind = NatKind { mapping: Endpoint, filtering: dependence, idle: IDLE };
            let mut nat = Nat::new(kind, address("203.0.113.5:0").ip());
            let outer = nat.outbound(inner(), server, now);
            assert_eq!(nat.inbound(outer, server, now), Some(inner()));
            let may = [other_port, other_host].map(|from| nat.inbound(outer, from, now).is_some());
            assert_eq!(may, expected, "filtering {dependence:?}");
        }
    }

    #[test]
    fn a_binding_that_stood_idle_is_gone_and_the_next_has_another_port() {
        let mut nat = Nat::new(NatKind::symmetric(), address("203.0.113.5:0").ip());
        let (server, start) = (address("192.0.2.1:7882"), now());
        let outer = nat.outbound(inner(), server, start);
        let later = start + IDLE - Duration::from_millis(1);
        assert_eq!(nat.outbound(inner(), server, later), outer);
        let gone = later + IDLE;
        assert_eq!(nat.inbound(outer, server, gone), None);
        assert_ne!(nat.outbound(inner(), server, gone), outer);
    }

    fn inner() -> SocketAddr {
        address("10.0.0.2:5000")
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn now() -> Instant {
        Instant::now()
    }
}
