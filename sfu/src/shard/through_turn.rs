//! What comes to a shard wrapped in TURN, over its own port or over a stream, and what comes by streams of ICE.
//!
//! The payload is routed as if it had come by itself, by a path that means "through this allocation". Only once: a relayed
//! payload that is TURN again goes nowhere, so there is no loop.

use std::{
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use protocol::{
    ids::{Identity, RoomName, SessionId},
    stun,
};
use turn::{AllocationId, Client, framing::Framing};

use super::Shard;
use crate::{
    config::TurnConfig,
    connection::demux::{self, Protocol},
    drop_reason::DropReason,
    egress::{Egress, EgressTag},
    keys::{ParticipantKey, RoomKey},
    turn_relay::{
        TurnRelay, TurnStart, Unwrapped, Way, is_direct, stream_path, turn_port_path, way,
    },
};

/// The way out: what is to be sent, and how what goes through allocations is wrapped.
pub(crate) struct WayOut<'a> {
    pub(crate) egress: &'a Egress,
    pub(crate) turn: Option<&'a mut TurnRelay>,
    pub(crate) now: Instant,
}

impl Shard {
    /// Takes clients' TURN from now on. `nonce_key` is the same on all shards: a client is challenged by one and served by
    /// another.
    pub fn open_turn(
        &mut self,
        config: &TurnConfig,
        nonce_key: [u8; 32],
        seed: [u8; 32],
        unix: Duration,
        now: Instant,
    ) {
        let start = TurnStart {
            secret: config.secret.clone(),
            nonce_key,
            allocations_max: config.allocations_max,
            nodes: config.nodes.clone(),
            seed,
            unix,
        };
        let peers = self.context.config.candidates.clone();
        self.turn = Some(Box::new(TurnRelay::new(self.context.config.shard, start, peers, now)));
    }

    /// Handles one message of a client's stream, without its padding.
    pub(crate) fn handle_stream(
        &mut self,
        (stream, framing): (u32, Framing),
        peer: SocketAddr,
        message: &mut [u8],
        now: Instant,
    ) {
        self.handle_datagram(stream_path(peer, stream, framing), message, now);
    }

    /// Handles one datagram that came by the port for TURN alone.
    pub(crate) fn handle_turn_datagram(
        &mut self,
        source: SocketAddr,
        datagram: &mut [u8],
        now: Instant,
    ) {
        self.handle_datagram(turn_port_path(source), datagram, now);
    }

    /// A client's stream has ended.
    pub(crate) fn close_stream(
        &mut self,
        (stream, framing): (u32, Framing),
        peer: SocketAddr,
        now: Instant,
    ) {
        match framing {
            Framing::Turn => {
                if let Some(turn) = &mut self.turn {
                    turn.close(Client { address: peer, stream });
                }
            }
            Framing::Ice => {
                let now = self.context.begin(now);
                let path = stream_path(peer, stream, framing);
                let key = self.context.paths.get(&path).copied();
                let connection = key.and_then(|key| self.context.connections.get_mut(key));
                if let Some(connection) = connection {
                    connection.ice.on_closed(path, now);
                }
            }
        }
    }

    /// A session speaks for a participant from now on.
    pub(super) fn begin_session(
        &mut self,
        session: SessionId,
        (room, identity): (&RoomName, &Identity),
        place: (RoomKey, ParticipantKey),
    ) {
        self.sessions.insert(session, place);
        if let Some(turn) = &mut self.turn {
            turn.hold(session, room, identity);
        }
    }

    /// It does not any more. Whom it spoke for.
    pub(super) fn end_session(&mut self, session: SessionId) -> Option<(RoomKey, ParticipantKey)> {
        if let Some(turn) = &mut self.turn {
            turn.release(session);
        }
        self.sessions.remove(&session)
    }

    /// What stands in the egress, and how it is wrapped.
    pub(crate) fn way_out(&mut self) -> WayOut<'_> {
        let now = self.context.now;
        WayOut { egress: &self.context.egress, turn: self.turn.as_deref_mut(), now }
    }

    /// A client's TURN message. Cost beyond the payload's own: two lookups.
    pub(super) fn unwrap(
        &mut self,
        source: SocketAddr,
        message: &mut [u8],
        now: Instant,
        otherwise: DropReason,
    ) -> Result<(), DropReason> {
        let Some(turn) = &mut self.turn else { return Err(otherwise) };
        let client = match way(source) {
            // The path, not the address: answers go back by the same port.
            Way::Direct | Way::TurnPort(_) => Client { address: source, stream: 0 },
            Way::Stream(stream, Framing::Turn) => {
                let address = SocketAddr::new(source.ip().to_canonical(), source.port());
                Client { address, stream }
            }
            Way::Stream(_, Framing::Ice) | Way::Allocation(..) | Way::Node(..) => {
                return Err(otherwise);
            }
        };
        let slot = self.context.egress.reserve().ok_or(DropReason::EgressFull)?;
        match turn.unwrap(client, message, slot, now) {
            Unwrapped::Nothing => Ok(()),
            Unwrapped::Reply(len) => {
                self.context.egress.commit(&mut EgressTag::default(), source, len);
                Ok(())
            }
            Unwrapped::Payload(path, range) => {
                let payload = message.get_mut(range).unwrap_or_default();
                self.handle_payload(path, payload, now)
            }
            Unwrapped::ToNode(path, range) => {
                let payload = message.get(range).unwrap_or_default();
                if !may_cross(payload) {
                    return Err(otherwise);
                }
                let front = slot.get_mut(..payload.len()).ok_or(DropReason::TooLong)?;
                front.copy_from_slice(payload);
                self.context.egress.commit(&mut self.node_tag, path, payload.len());
                Ok(())
            }
        }
    }

    /// Whether clients may reach other nodes through us.
    pub(crate) fn has_nodes(&self) -> bool {
        self.turn.as_ref().is_some_and(|turn| turn.has_nodes())
    }

    /// Relayed addresses that are over since this was asked last.
    pub(crate) fn take_closed_relays(&mut self) -> Vec<SocketAddr> {
        self.turn.as_mut().map(|turn| turn.take_closed()).unwrap_or_default()
    }

    /// Handles one datagram that came to the relay socket of an allocation: it goes to the client if another node has sent it.
    pub(crate) fn handle_node_datagram(
        &mut self,
        (allocation, relayed): (AllocationId, SocketAddr),
        source: SocketAddr,
        datagram: &[u8],
        now: Instant,
    ) {
        let now = self.context.begin(now);
        let Some(turn) = &self.turn else { return };
        let path = turn.path_from_node(allocation, relayed, source);
        let handled = path.ok_or(DropReason::UnknownPath).and_then(|path| {
            let slot = self.context.egress.reserve().ok_or(DropReason::EgressFull)?;
            let front = slot.get_mut(..datagram.len()).ok_or(DropReason::TooLong)?;
            front.copy_from_slice(datagram);
            self.context.egress.commit(&mut self.node_tag, path, datagram.len());
            Ok(())
        });
        if let Err(reason) = handled {
            self.context.drop_count(reason);
        }
        self.settle(now);
    }

    /// As `handle_datagram`, with the blame on whom the path belongs to.
    fn handle_payload(
        &mut self,
        path: SocketAddr,
        payload: &mut [u8],
        now: Instant,
    ) -> Result<(), DropReason> {
        debug_assert!(!is_direct(path));
        let key = self.context.paths.get(&path).copied();
        let handled = catch_unwind(AssertUnwindSafe(|| self.route(path, key, payload, now)));
        handled.unwrap_or_else(|_| {
            self.on_panic(key, now);
            Ok(())
        })
    }
}

/// What may go to another node through a relay: what a media address takes, and no TURN, of which a loop could be made.
fn may_cross(payload: &[u8]) -> bool {
    match demux::classify(payload) {
        Some(Protocol::Stun) => {
            stun::Message::parse(payload).is_ok_and(|one| one.method() == stun::Method::BINDING)
        }
        Some(Protocol::Dtls | Protocol::Rtp | Protocol::Rtcp) => true,
        Some(Protocol::ChannelData) | None => false,
    }
}

#[cfg(test)]
pub(crate) mod tests;
