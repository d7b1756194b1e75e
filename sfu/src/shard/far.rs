//! A shard's part in relays: which room a frame is for, what is said to other shards, links that are reset.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use protocol::ids::ParticipantSid;

use crate::{
    drop_reason::DropReason,
    keys::RoomKey,
    placement::{Load, ShardId},
    relay::{
        Direction, FarEnd,
        message::{Down, Opening},
        outbox::RelayOutput,
        wire::{Body, Frame, RelayedData, WireError},
    },
    room::Room,
    shard::Shard,
    timers::Timer,
    words::{
        command::Join,
        event::{LeaveAction, Message},
        info::LeaveReason,
    },
};

impl Shard {
    /// Tells the loads of all shards, this one's included, in the order of their numbers: listeners are placed by them.
    pub fn handle_loads(&mut self, loads: &[Load]) {
        self.context.relays.loads.clear();
        self.context.relays.loads.extend_from_slice(loads);
    }

    /// Handles one frame of another shard. A frame that cannot be read resets the link.
    pub fn handle_relay(
        &mut self,
        from: ShardId,
        frame: Result<Frame<'_>, WireError>,
        now: Instant,
    ) {
        let now = self.context.begin(now);
        match frame {
            Ok(frame) => {
                if catch_unwind(AssertUnwindSafe(|| self.relayed(from, frame, now))).is_err() {
                    self.context.counters.panics += 1;
                    self.context.drop_count(DropReason::Panicked);
                    self.context.relays.broken.push(from);
                }
            }
            Err(error) => {
                tracing::warn!(shard = from.0, %error, "a relay frame cannot be read");
                self.context.relays.broken.push(from);
            }
        }
        self.settle(now);
    }

    /// A batch for another shard could not be carried: resets the link.
    pub fn break_relay(&mut self, peer: ShardId, now: Instant) {
        let now = self.context.begin(now);
        self.context.relays.broken.push(peer);
        self.settle(now);
    }

    /// The other shard has reset the link, before everything that it says from now on. Whoever is served here by one of
    /// its edges is told to join anew. What it said until then may have opened edges that it has forgotten: if the reset
    /// is not the answer to ours, it is answered, so that the same is true the other way round.
    pub fn handle_relay_reset(&mut self, peer: ShardId, now: Instant) {
        let now = self.context.begin(now);
        let relays = &mut self.context.relays;
        if let Some(place) = relays.awaited.iter().position(|one| *one == peer) {
            relays.awaited.swap_remove(place);
            self.end_edges(peer, |home| home == peer, now);
        } else {
            relays.outbox.reset(peer);
            self.context.counters.relay_resets += 1;
            self.end_edges(peer, |_| true, now);
        }
        self.settle(now);
    }

    /// What is to be carried to other shards.
    pub fn poll_relay(&mut self) -> Option<RelayOutput> {
        self.context.relays.outbox.poll()
    }

    /// Takes the buffer of a batch back that was carried.
    pub fn recycle_relay(&mut self, buffer: Vec<u8>) {
        self.context.relays.outbox.recycle(buffer);
    }

    fn relayed(&mut self, from: ShardId, frame: Frame<'_>, now: Instant) {
        let Frame { edge, body } = frame;
        let own = self.context.config.shard;
        let home = match &body {
            Body::Up(_) | Body::Data(RelayedData { direction: Direction::Up, .. }) => own,
            _ => from,
        };
        let at = FarEnd { shard: from, edge };
        if let Body::Down(message) = body {
            return self.on_home(at, *message, now);
        }
        // An edge that has ended may still be spoken of.
        let Some(key) = self.context.relays.rooms.get(&(home, edge)).copied() else { return };
        let Some(room) = self.rooms.get_mut(key) else { return };
        let context = &mut self.context;
        match body {
            Body::Packet(packet) => room.on_relayed_packet(context, &packet, now),
            Body::Report(report) => room.on_relayed_report(&report, now),
            Body::Restart(track, layer) => room.on_relayed_restart(track, layer),
            Body::Data(data) => {
                if let Err(reason) = room.on_relayed_data(context, at, &data, now) {
                    context.drop_count(reason);
                }
            }
            Body::Up(message) => {
                if let Some(at) = room.edge_at(from, edge) {
                    room.on_edge(context, at, *message, now);
                }
            }
            Body::Down(_) => {}
        }
    }

    fn on_home(&mut self, home: FarEnd, message: Down, now: Instant) {
        if let Down::Open(opening) = message {
            return self.open_edge(home, opening, now);
        }
        let Some(key) = self.context.relays.rooms.get(&(home.shard, home.edge)).copied() else {
            return;
        };
        let Some(room) = self.rooms.get_mut(key) else { return };
        match message {
            Down::Admit(sid, join) => self.admit_at_edge(key, sid, *join, now),
            Down::Resume(join) => {
                let session = join.session;
                let (name, identity) = (join.room.clone(), join.identity.clone());
                match room.join(&mut self.context, *join, now) {
                    Ok(participant) => {
                        self.begin_session(session, (&name, &identity), (key, participant));
                    }
                    Err(refusal) => self.context.emit(Some(session), Message::Refused(refusal)),
                }
            }
            Down::SessionClosed(session) => self.close_session(session, now),
            Down::Close(reason, action) => {
                room.remove_all(&mut self.context, reason, action, now);
                self.drop_edge(home, key);
            }
            message => room.on_home(&mut self.context, message, now),
        }
    }

    fn open_edge(&mut self, home: FarEnd, opening: Opening, now: Instant) {
        let limits = self.context.config.limits;
        let key = self.rooms.insert_with_key(|key| Room::edge(key, home, opening, limits, now));
        self.context.relays.rooms.insert((home.shard, home.edge), key);
        self.context.timers.schedule(now, Timer::Room(key));
    }

    fn admit_at_edge(&mut self, key: RoomKey, sid: ParticipantSid, join: Join, now: Instant) {
        let Some(room) = self.rooms.get_mut(key) else { return };
        let session = join.session;
        let (name, identity) = (join.room.clone(), join.identity.clone());
        let participant = room.admit(&mut self.context, sid, join, now);
        self.begin_session(session, (&name, &identity), (key, participant));
    }

    fn drop_edge(&mut self, home: FarEnd, key: RoomKey) {
        self.context.relays.close(home.shard, home.edge);
        self.rooms.remove(key);
    }

    /// Resets the links on which something was lost.
    pub(super) fn reset_broken(&mut self, now: Instant) {
        while let Some(peer) = self.context.relays.broken.pop() {
            let relays = &mut self.context.relays;
            relays.outbox.reset(peer);
            relays.awaited.push(peer);
            self.context.counters.relay_resets += 1;
            self.end_edges(peer, |_| true, now);
        }
    }

    /// Ends the edges between this shard and another whose home is as asked.
    fn end_edges(&mut self, peer: ShardId, is_meant: impl Fn(ShardId) -> bool, now: Instant) {
        tracing::warn!(shard = peer.0, "relay link reset");
        let own = self.context.config.shard;
        let rooms = self.context.relays.rooms.iter();
        let mut ends: Vec<_> = rooms
            .filter(|((home, _), _)| is_meant(*home))
            .map(|((home, edge), key)| (*home, *edge, *key))
            .collect();
        ends.sort_unstable_by_key(|(home, edge, _)| (*home, *edge));
        for (home, edge, key) in ends {
            let Some(room) = self.rooms.get_mut(key) else { continue };
            if home == own {
                room.lose_edge(&mut self.context, peer, now);
            } else if home == peer {
                let (reason, action) = (LeaveReason::Migration, LeaveAction::Reconnect);
                room.remove_all(&mut self.context, reason, action, now);
                self.drop_edge(FarEnd { shard: home, edge }, key);
            }
        }
    }
}
