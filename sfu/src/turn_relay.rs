//! TURN in front of a shard: what comes through an allocation goes straight in, and what goes to it straight out.
//!
//! ```text
//!   client ─► ChannelData ─► TurnRelay ─► (path, payload) ─► connection      no socket in between
//!   client ◄─ ChannelData ◄─ TurnRelay ◄─ (path, payload) ◄─ egress
//!
//!   client ─► ChannelData ─► TurnRelay ─► (path, payload) ─► egress ─► relay socket ─► another node
//!   client ◄─ ChannelData ◄─ TurnRelay ◄─ (path, payload) ◄─ egress ◄─ relay socket ◄─
//! ```
//!
//! A *path* is a socket address everywhere in the shard. One that leads through an allocation is the relayed address,
//! written as IPv6, with the allocation in the flow label and the peer's place in the scope; one that leads through a stream
//! has the stream there. The driver hands in sources without either, so nobody can come by such a path but through here, and
//! a direct path costs one comparison a batch.
//!
//! Owns: the TURN server of one shard, whose peers are this shard's media addresses, those of the cluster's other nodes, and
//! nothing else. Never: sockets; the driver has those towards other nodes.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6},
    ops::Range,
    time::{Duration, Instant},
};

use protocol::{
    ids::{Identity, RoomName, SessionId},
    turn_credential::TurnSecret,
};
use turn::{
    AllocationId, Client, Handled, Server, ToClient, counters::Counters, framing::Framing,
    peer_policy::PeerPolicy, ports::Ports,
};

use crate::placement::ShardId;

/// Ports of relayed addresses: enough for any number of allocations on a shard. Nothing listens there, but for those whose
/// client speaks to another node.
const RELAYED_PORTS: std::ops::RangeInclusive<u16> = 20_000..=u16::MAX;

/// Allocations of one person at once: two connections, over UDP, TCP and TLS, on each of five interfaces.
const ALLOCATIONS_PER_USER_MAX: u32 = 30;

/// What an allocation may carry in a second, both ways: more than the ceiling of one participant, of which there may be
/// two connections, and a full grid of others' video.
const ALLOCATION_BYTES_PER_SECOND_MAX: u64 = 8 * 1024 * 1024;

/// Scopes of paths through streams; the other ones are peers' places, from 1.
const TURN_STREAM: u32 = u32::MAX;
const ICE_STREAM: u32 = u32::MAX - 1;
/// Scope of a path through the port for TURN alone.
const TURN_PORT: u32 = u32::MAX - 2;
/// Scope of a path to another node, by the relay socket of an allocation.
const NODE: u32 = u32::MAX - 3;

/// What a shard's TURN is told at start.
pub(crate) struct TurnStart {
    pub(crate) secret: TurnSecret,
    pub(crate) nonce_key: [u8; 32],
    pub(crate) allocations_max: u32,
    pub(crate) nodes: Vec<SocketAddr>,
    pub(crate) seed: [u8; 32],
    /// Unix time when it begins.
    pub(crate) unix: Duration,
}

/// See the module.
pub(crate) struct TurnRelay {
    shard: ShardId,
    secret: TurnSecret,
    server: Server<NotMedia>,
    /// Whose credentials are good for as long as their sessions last.
    held: HashMap<SessionId, String>,
    /// Our media addresses, and behind them those of other nodes: a path names them by their place.
    peers: Vec<SocketAddr>,
    /// How many are ours.
    own: usize,
}

/// Relayed addresses are numbers until a client speaks to another node, but none of them may look like one of ours.
struct NotMedia {
    media: Vec<SocketAddr>,
    /// Whether the driver may have opened sockets, and wants to know which are over.
    has_sockets: bool,
    closed: Vec<SocketAddr>,
}

impl Ports for NotMedia {
    fn open(&mut self, address: SocketAddr) -> bool {
        !self.media.contains(&address)
    }

    fn close(&mut self, address: SocketAddr) {
        if self.has_sockets {
            self.closed.push(address);
        }
    }
}

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// A datagram to this address.
    Direct,
    /// A datagram to this address, from the port for TURN alone.
    TurnPort(SocketAddr),
    /// This stream: media itself over ICE's, nothing but TURN over TURN's.
    Stream(u32, Framing),
    /// Through an allocation, from the media address of this place.
    Allocation(AllocationId, usize),
    /// A datagram to another node, from the relay socket of this allocation.
    Node(AllocationId, SocketAddr),
}

/// Whether a path is a plain address: what almost every one is.
pub(crate) fn is_direct(path: SocketAddr) -> bool {
    match path {
        SocketAddr::V4(_) => true,
        SocketAddr::V6(path) => path.scope_id() == 0,
    }
}

pub(crate) fn way(path: SocketAddr) -> Way {
    match path {
        SocketAddr::V6(path) if path.scope_id() == TURN_PORT => {
            Way::TurnPort(SocketAddr::new(path.ip().to_canonical(), path.port()))
        }
        SocketAddr::V6(path) if path.scope_id() == NODE => {
            let node = SocketAddr::new(path.ip().to_canonical(), path.port());
            Way::Node(AllocationId(path.flowinfo()), node)
        }
        SocketAddr::V6(path) if path.scope_id() == TURN_STREAM => {
            Way::Stream(path.flowinfo(), Framing::Turn)
        }
        SocketAddr::V6(path) if path.scope_id() == ICE_STREAM => {
            Way::Stream(path.flowinfo(), Framing::Ice)
        }
        SocketAddr::V6(path) if path.scope_id() != 0 => {
            let place = usize::try_from(path.scope_id() - 1).unwrap_or(usize::MAX);
            Way::Allocation(AllocationId(path.flowinfo()), place)
        }
        _ => Way::Direct,
    }
}

/// The path of a client's stream.
pub(crate) fn stream_path(client: SocketAddr, stream: u32, framing: Framing) -> SocketAddr {
    let scope = match framing {
        Framing::Turn => TURN_STREAM,
        Framing::Ice => ICE_STREAM,
    };
    SocketAddrV6::new(ipv6(client.ip()), client.port(), stream, scope).into()
}

/// The path of a client that comes by the port for TURN alone.
pub(crate) fn turn_port_path(client: SocketAddr) -> SocketAddr {
    SocketAddrV6::new(ipv6(client.ip()), client.port(), 0, TURN_PORT).into()
}

fn ipv6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

/// What a client sent, unwrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unwrapped {
    /// Nothing for anybody.
    Nothing,
    /// So many bytes in the buffer go back.
    Reply(usize),
    /// A part of the message is as if it had come by this path.
    Payload(SocketAddr, Range<usize>),
    /// A part of the message leaves by this path, for another node.
    ToNode(SocketAddr, Range<usize>),
}

impl TurnRelay {
    /// For a shard with these media addresses.
    pub(crate) fn new(
        shard: ShardId,
        start: TurnStart,
        peers: Vec<SocketAddr>,
        now: Instant,
    ) -> Self {
        let secret = start.secret.clone();
        let own = peers.len();
        let has_sockets = !start.nodes.is_empty();
        let ports = NotMedia { media: peers.clone(), has_sockets, closed: Vec::new() };
        let relay_addresses = peers.iter().map(SocketAddr::ip).collect();
        let peers = [peers, start.nodes].concat();
        let config = turn::Config {
            secret: start.secret,
            nonce_key: start.nonce_key,
            relay_addresses,
            relay_ports: RELAYED_PORTS,
            policy: PeerPolicy::Only(peers.clone()),
            allocations_max: usize::try_from(start.allocations_max).unwrap_or(usize::MAX),
            allocations_per_user_max: ALLOCATIONS_PER_USER_MAX,
            allocation_bytes_per_second_max: ALLOCATION_BYTES_PER_SECOND_MAX,
            // What comes by the media port does not get here: it is a check, or nothing.
            answers_binding: true,
            takes_old_channel_numbers: false,
        };
        let server = Server::new(config, ports, start.seed, now, start.unix);
        Self { shard, secret, server, held: HashMap::new(), peers, own }
    }

    /// Somebody's session has begun: credentials of theirs are good for as long as it lasts.
    pub(crate) fn hold(&mut self, session: SessionId, room: &RoomName, identity: &Identity) {
        let who = self.secret.who(room.as_str(), identity.as_str(), self.shard.0);
        self.server.arrive(&who);
        if let Some(before) = self.held.insert(session, who) {
            self.server.depart(&before);
        }
    }

    /// A session has ended.
    pub(crate) fn release(&mut self, session: SessionId) {
        if let Some(who) = self.held.remove(&session) {
            self.server.depart(&who);
        }
    }

    /// A client's message. A reply is written into `out`.
    pub(crate) fn unwrap(
        &mut self,
        client: Client,
        message: &[u8],
        out: &mut [u8],
        now: Instant,
    ) -> Unwrapped {
        match self.server.handle_client(client, message, out, now) {
            Handled::Nothing => Unwrapped::Nothing,
            Handled::Reply(len) => Unwrapped::Reply(len),
            Handled::ToPeer { allocation, relayed, peer, payload } => {
                let Some(place) = self.place(peer) else { return Unwrapped::Nothing };
                if place >= self.own {
                    let path = SocketAddrV6::new(ipv6(peer.ip()), peer.port(), allocation.0, NODE);
                    return Unwrapped::ToNode(path.into(), payload);
                }
                path_through(allocation, relayed, place)
                    .map_or(Unwrapped::Nothing, |path| Unwrapped::Payload(path, payload))
            }
        }
    }

    fn place(&self, peer: SocketAddr) -> Option<usize> {
        self.peers.iter().position(|one| *one == peer)
    }

    /// The path to the client of an allocation for what another node has sent to its relay socket; `None` if it is not one of
    /// the nodes that were named.
    pub(crate) fn path_from_node(
        &self,
        allocation: AllocationId,
        relayed: SocketAddr,
        node: SocketAddr,
    ) -> Option<SocketAddr> {
        let place = self.place(node).filter(|place| *place >= self.own)?;
        path_through(allocation, relayed, place)
    }

    /// Whether there are other nodes.
    pub(crate) fn has_nodes(&self) -> bool {
        self.peers.len() > self.own
    }

    /// The relayed address by which an allocation speaks to another node.
    pub(crate) fn relayed(&self, allocation: AllocationId, node: SocketAddr) -> Option<SocketAddr> {
        self.server.relayed(allocation, node.ip())
    }

    /// Relayed addresses that are over since this was asked last: their sockets close.
    pub(crate) fn take_closed(&mut self) -> Vec<SocketAddr> {
        std::mem::take(&mut self.server.ports_mut().closed)
    }

    /// How a datagram of so many bytes goes through an allocation; `None` if it does not any more.
    pub(crate) fn wrap(
        &mut self,
        allocation: AllocationId,
        place: usize,
        len: usize,
        now: Instant,
    ) -> Option<ToClient> {
        let peer = *self.peers.get(place)?;
        self.server.handle_peer(allocation, peer, len, now).ok()
    }

    /// A client's stream has ended.
    pub(crate) fn close(&mut self, client: Client) {
        self.server.close_client(client);
    }

    pub(crate) fn drain(&mut self) {
        self.server.drain();
    }

    /// Somebody who knows the time says it.
    pub(crate) fn set_unix_time(&mut self, unix: Duration, now: Instant) {
        self.server.set_unix_time(unix, now);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.server.poll_timeout()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.server.handle_timeout(now);
    }

    pub(crate) fn counters(&self) -> &Counters {
        self.server.counters()
    }
}

fn path_through(allocation: AllocationId, relayed: SocketAddr, place: usize) -> Option<SocketAddr> {
    let scope = u32::try_from(place + 1).ok()?;
    Some(SocketAddrV6::new(ipv6(relayed.ip()), relayed.port(), allocation.0, scope).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_where_it_leads_and_answers_name_the_relayed_address() {
        let direct: [SocketAddr; 2] =
            ["192.0.2.1:5000".parse().unwrap(), "[2001:db8::1]:5000".parse().unwrap()];
        for path in direct {
            assert!(is_direct(path));
            assert_eq!(way(path), Way::Direct);
            for framing in [Framing::Turn, Framing::Ice] {
                let stream = stream_path(path, 7, framing);
                assert!(!is_direct(stream));
                assert_eq!(way(stream), Way::Stream(7, framing));
                assert_eq!((stream.ip().to_canonical(), stream.port()), (path.ip(), 5000));
            }
        }
        for path in direct {
            assert!(!is_direct(turn_port_path(path)));
            assert_eq!(way(turn_port_path(path)), Way::TurnPort(path));
        }
        let relayed = SocketAddrV6::new(ipv6(direct[0].ip()), 30_000, 9, 2).into();
        assert_eq!(way(relayed), Way::Allocation(AllocationId(9), 1));
        assert_eq!(relayed.ip().to_canonical(), direct[0].ip());
    }
}
