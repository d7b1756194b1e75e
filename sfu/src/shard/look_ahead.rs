//! Fetches what a batch of datagrams will need before it is handled, so that the memory behind different datagrams is
//! waited for together and not one after the other.
//!
//! ```text
//!   datagrams ─► path ─► connection ─► publication ─► subscription ─► receiver's connection
//!                  each arrow for all datagrams, then the next: cache misses of one stage overlap
//! ```
//!
//! In small rooms nearly every packet comes from somebody whose state has left the cache since, and a packet touches
//! some thirty lines of it. Here they are only read: nothing is decided or changed, nothing is trusted (the SSRC comes from
//! an unauthenticated header and merely chooses what is fetched), and a wrong guess costs a few loads.

use std::{hint::black_box, net::SocketAddr};

use super::Shard;
use crate::{
    connection::incoming::Route,
    keys::{ConnectionKey, Owner},
    rtp::ids::Ssrc,
};

/// Datagrams looked at in one go: a receive batch.
pub(crate) const AHEAD_MAX: usize = 64;

/// What is known of a datagram so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead {
    connection: ConnectionKey,
    ssrc: Ssrc,
    place: Option<(Owner, Route)>,
}

impl Shard {
    /// Fetches what these datagrams will need. Call right before [`handle_datagram`](Self::handle_datagram) is called
    /// for each. Changes nothing that can be observed; allocates nothing.
    pub fn look_ahead<'a>(&mut self, batch: impl Iterator<Item = (SocketAddr, &'a [u8])>) {
        let mut ahead = std::mem::take(&mut self.ahead);
        ahead.clear();
        let mut before = None;
        for (source, datagram) in batch.take(AHEAD_MAX) {
            // A frame's packets come one after the other: the first fetches for all.
            if before.replace(source) != Some(source)
                && let Some(ssrc) = datagram.get(8..12).and_then(|bytes| bytes.first_chunk())
                && let Some(connection) = self.context.paths.get(&source)
            {
                let ssrc = Ssrc(u32::from_be_bytes(*ssrc));
                ahead.push(Ahead { connection: *connection, ssrc, place: None });
            }
        }
        for one in &mut ahead {
            let Some(connection) = self.context.connections.get(one.connection) else { continue };
            connection.fetch(one.ssrc);
            let route = connection.incoming.route(one.ssrc);
            one.place = route.map(|route| (connection.owner, route));
        }
        for (owner, route) in ahead.iter().filter_map(|one| one.place) {
            if let Some(room) = self.rooms.get(owner.room) {
                room.fetch(route);
            }
        }
        for (owner, route) in ahead.iter().filter_map(|one| one.place) {
            let Some(room) = self.rooms.get(owner.room) else { continue };
            for connection in room.receivers(route) {
                if let Some(connection) = self.context.connections.get(connection) {
                    black_box((connection.is_open(), connection.ice.path()));
                }
            }
        }
        self.ahead = ahead;
    }
}
