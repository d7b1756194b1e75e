//! The ways between clients and shards: bottlenecks, links, translators, addresses that change.
//!
//! ```text
//!   client ─► NAT ─► bottleneck, its own or one that several share ─► line ─► shard         and the same way back
//! ```
//!
//! Everything that leaves a shard is seen by the nonce oracle first.

use std::{
    cmp::Reverse,
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Instant,
};

use super::{ClientId, Flight, World, address_of, association};
use crate::{
    link::{Link, bottleneck::Bottleneck},
    nat::{Nat, NatKind},
    transport::Side,
};

/// Towards the server, or from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// A datagram that waits for its turn on a line, and whose line it is.
pub(super) struct Waiting {
    whose: ClientId,
    direction: Direction,
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// A bottleneck that several clients share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedLine {
    up: usize,
    down: usize,
}

/// What a bottleneck has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineCounts {
    /// Datagrams that found its queue full.
    pub lost: u64,
    /// Bytes that it has carried, headers included.
    pub carried_bytes: u64,
}

impl World {
    /// Sets both directions of a client's link.
    pub fn set_link(&mut self, id: ClientId, link: Link) {
        self.set_links(id, link, link);
    }

    /// Sets the directions to the server and from it. On a line that is shared, rate and queue are the line's.
    pub fn set_links(&mut self, id: ClientId, up: Link, down: Link) {
        let resident = &mut self.residents[id.0];
        (resident.up.link, resident.down.link) = (up, down);
        let (own_up, own_down) = (2 * id.0, 2 * id.0 + 1);
        self.ways[own_up].set(up, self.now);
        self.ways[own_down].set(down, self.now);
    }

    /// Gives clients one line with the rates and queues of these links; delays and losses stay each client's own.
    pub fn share_line(&mut self, clients: &[ClientId], up: Link, down: Link) -> SharedLine {
        let line = SharedLine { up: self.shared.len(), down: self.shared.len() + 1 };
        self.shared.push(Bottleneck::new(up, self.now));
        self.shared.push(Bottleneck::new(down, self.now));
        for id in clients {
            self.residents[id.0].shared = Some(line);
        }
        line
    }

    /// Rates and queues of a shared line change.
    pub fn set_shared_line(&mut self, line: SharedLine, up: Link, down: Link) {
        self.shared[line.up].set(up, self.now);
        self.shared[line.down].set(down, self.now);
    }

    /// What the client's bottleneck towards it has done.
    #[must_use]
    pub fn down_line(&self, id: ClientId) -> LineCounts {
        let way = match self.residents[id.0].shared {
            Some(line) => &self.shared[line.down],
            None => &self.ways[2 * id.0 + 1],
        };
        LineCounts { lost: way.lost, carried_bytes: way.carried_bytes }
    }

    /// An address that nobody has.
    pub fn new_address(&mut self) -> SocketAddr {
        self.next_port += 1;
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)), self.next_port)
    }

    /// Where a connection of a client is.
    #[must_use]
    pub fn address(&self, id: ClientId, side: Side) -> SocketAddr {
        self.residents[id.0].addresses[&side]
    }

    /// The client's network changes: a connection has another address from now on. It does not know.
    pub fn move_address(&mut self, id: ClientId, side: Side) -> SocketAddr {
        let address = self.new_address();
        let resident = &mut self.residents[id.0];
        resident.addresses.insert(side, address);
        if resident.client.is_single() {
            resident
                .addresses
                .extend([Side::Publisher, Side::Subscriber].map(|one| (one, address)));
        }
        self.owners.insert(address, (id, side));
        address
    }

    /// The client walks from one network into another: both connections have other addresses, and it notices.
    pub fn roam(&mut self, id: ClientId) {
        for side in [Side::Publisher, Side::Subscriber] {
            self.move_address(id, side);
            self.act(id, |client, now| client.transport(side).check_now(now));
        }
    }

    /// From now on a translator stands before the client.
    pub fn put_behind(&mut self, id: ClientId, kind: NatKind) {
        let outer = self.new_outer();
        self.residents[id.0].nat = Some(Nat::new(kind, outer));
    }

    /// The client's translator is switched off and on. The client does not know.
    pub fn restart_nat(&mut self, id: ClientId) {
        let outer = self.new_outer();
        if let Some(nat) = &mut self.residents[id.0].nat {
            nat.forget(outer);
        }
    }

    fn new_outer(&mut self) -> IpAddr {
        self.next_outer += 1;
        IpAddr::V4(Ipv4Addr::new(203, 0, 113, self.next_outer))
    }

    /// A firewall lets no UDP through, either way.
    pub fn block_udp(&mut self, id: ClientId) {
        self.set_link(id, Link::cut());
    }

    /// Gives the first shard a datagram from anywhere, at once.
    pub fn inject(&mut self, from: SocketAddr, mut bytes: Vec<u8>) {
        self.serve(0, |shard, now| shard.handle_datagram(from, &mut bytes, now));
        self.settle();
    }

    /// Datagrams that the server has sent to an address, delivered or not.
    #[must_use]
    pub fn sent_to(&self, address: SocketAddr) -> u64 {
        self.sent_to.get(&address).copied().unwrap_or(0)
    }

    /// A digest of all that was put on the way so far: when, from where, to where, how much. Handshakes aside, whose keys
    /// the seed does not decide. Two runs of one seed have the same.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.transcript.finish()
    }

    /// When the first datagram leaves a bottleneck.
    pub(super) fn next_departure(&self) -> Option<Instant> {
        self.ways.iter().chain(&self.shared).filter_map(Bottleneck::poll_timeout).min()
    }

    /// Lets one datagram leave that is due.
    pub(super) fn depart(&mut self) {
        let now = self.now;
        let mut ways = self.ways.iter_mut().chain(&mut self.shared);
        if let Some(waiting) = ways.find_map(|way| way.pop(now)) {
            self.fly(waiting);
        }
    }

    /// Puts a datagram at the end of its bottleneck, or on its line.
    fn send(&mut self, waiting: Waiting) {
        if is_decided(&waiting.bytes) {
            let at = self.now.saturating_duration_since(self.epoch);
            (at, waiting.from, waiting.to, waiting.bytes.len()).hash(&mut self.transcript);
        }
        let is_up = waiting.direction == Direction::Up;
        let way = match self.residents[waiting.whose.0].shared {
            Some(line) => &mut self.shared[if is_up { line.up } else { line.down }],
            None => &mut self.ways[2 * waiting.whose.0 + usize::from(!is_up)],
        };
        if way.is_limited() {
            way.push(waiting.bytes.len(), waiting, self.now);
        } else {
            self.fly(waiting);
        }
    }

    fn fly(&mut self, waiting: Waiting) {
        let Waiting { whose, direction, from, to, bytes } = waiting;
        let resident = &mut self.residents[whose.0];
        let line = match direction {
            Direction::Up => &mut resident.up,
            Direction::Down => &mut resident.down,
        };
        for at in line.carry(&mut self.rng, self.now).into_iter().flatten() {
            let number = self.next_flight;
            self.next_flight += 1;
            let bytes = bytes.clone();
            self.flights.push(Reverse(Flight { at, number, from, to, bytes }));
        }
    }

    /// A datagram has come to its end.
    pub(super) fn arrive(&mut self, mut flight: Flight) {
        let shard = (0..self.shards.len()).find(|place| address_of(*place) == flight.to);
        if let Some(place) = shard {
            if let Some(stop) = &mut self.stop {
                stop.keep(flight);
            } else {
                self.serve(place, |shard, now| {
                    shard.handle_datagram(flight.from, &mut flight.bytes, now);
                });
            }
            return;
        }
        let Some((id, side)) = self.owners.get(&flight.to).copied() else { return };
        let resident = &mut self.residents[id.0];
        let inner = match &resident.nat {
            Some(nat) => nat.inbound(flight.to, flight.from, self.now),
            None => Some(flight.to),
        };
        // An address that the client has left behind hears nothing.
        if inner == Some(resident.addresses[&side]) {
            let (from, bytes) = (flight.from, &mut flight.bytes);
            resident.client.handle_datagram(side, from, bytes, self.now);
            self.pump(id);
        }
    }

    /// Puts what a client sends on its way.
    pub(super) fn pump(&mut self, id: ClientId) {
        let mut out = [0; 1500];
        loop {
            let resident = &mut self.residents[id.0];
            let to = address_of(resident.shard);
            let Some((side, len)) = resident.client.poll_transmit(&mut out, self.now) else {
                return;
            };
            let inner = resident.addresses[&side];
            let from = match &mut resident.nat {
                Some(nat) => nat.outbound(inner, to, self.now),
                None => inner,
            };
            if from != inner {
                self.owners.insert(from, (id, side));
            }
            let bytes = out[..len].to_vec();
            self.nonces.on_datagram((association(id, side), false), &bytes);
            if self.captures {
                self.captured.push((from, bytes.clone()));
            }
            self.send(Waiting { whose: id, direction: Direction::Up, from, to, bytes });
        }
    }

    /// Puts what shards send on its way, in the order in which it leaves.
    pub(super) fn take_egress(&mut self) {
        let mut datagrams = Vec::new();
        for (place, shard) in self.shards.iter_mut().enumerate() {
            let from = address_of(place);
            for (to, chain) in shard.egress().chains() {
                datagrams.extend(chain.map(|bytes| (from, to, bytes.to_vec())));
            }
            shard.egress().clear();
        }
        for (from, to, bytes) in datagrams {
            *self.sent_to.entry(to).or_default() += 1;
            if self.captures {
                self.heard.push((to, bytes.clone()));
            }
            let Some((id, side)) = self.owners.get(&to).copied() else { continue };
            self.nonces.on_datagram((association(id, side), true), &bytes);
            self.send(Waiting { whose: id, direction: Direction::Down, from, to, bytes });
        }
    }
}

/// The transcript of a world at its beginning.
pub(super) fn new_transcript() -> DefaultHasher {
    DefaultHasher::new()
}

/// Whether the seed decides even the length: a signature of a handshake has one of its own.
fn is_decided(datagram: &[u8]) -> bool {
    !matches!(datagram.first(), Some(20..=63))
}
