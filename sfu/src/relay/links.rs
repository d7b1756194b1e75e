//! What a shard knows of its links to others: who is at their ends, what waits for them, which broke.

use crate::{
    keys::{FastMap, RoomKey},
    placement::{Load, ShardId},
    relay::{
        EdgeId, FarEnd, TrackHandle,
        message::{Down, Up},
        outbox::Outbox,
        wire::{RelayedData, RelayedPacket, RelayedReport},
    },
};

/// What a shard knows of the others.
#[derive(Default)]
pub(crate) struct Relays {
    /// Every edge that begins or ends here, by its home and number. Bounded by the rooms of all shards.
    pub(crate) rooms: FastMap<(ShardId, EdgeId), RoomKey>,
    /// The shards' loads, as last told.
    pub(crate) loads: Vec<Load>,
    pub(crate) outbox: Outbox,
    /// Links on which something was lost that must not be.
    pub(crate) broken: Vec<ShardId>,
    /// Shards whose answer to a reset has not come, once for each reset.
    pub(crate) awaited: Vec<ShardId>,
    next_edge: u64,
}

impl Relays {
    /// A new edge of a room that is at home here.
    pub(crate) fn open(&mut self, own: ShardId, room: RoomKey) -> EdgeId {
        let edge = EdgeId(self.next_edge);
        self.next_edge += 1;
        self.rooms.insert((own, edge), room);
        edge
    }

    /// The edge is no more.
    pub(crate) fn close(&mut self, home: ShardId, edge: EdgeId) {
        self.rooms.remove(&(home, edge));
    }

    /// Somebody goes to a shard: counted until its load is told again.
    pub(crate) fn count_person(&mut self, shard: ShardId) {
        if let Some(load) = self.loads.get_mut(shard.index()) {
            load.people = load.people.saturating_add(1);
        }
    }

    pub(crate) fn down(&mut self, to: FarEnd, message: &Down) {
        let is_said = self.outbox.down(to.shard, to.edge, message);
        self.check(to, is_said);
    }

    pub(crate) fn up(&mut self, to: FarEnd, message: &Up) {
        let is_said = self.outbox.up(to.shard, to.edge, message);
        self.check(to, is_said);
    }

    /// False if it is dropped.
    pub(crate) fn data(&mut self, to: FarEnd, data: &RelayedData<'_>) -> bool {
        let is_said = self.outbox.data(to.shard, to.edge, data);
        self.check(to, is_said || !data.label.is_reliable());
        is_said
    }

    pub(crate) fn restart(&mut self, to: FarEnd, track: TrackHandle, layer: u8) {
        let is_said = self.outbox.restart(to.shard, to.edge, track, layer);
        self.check(to, is_said);
    }

    /// False if it is dropped.
    pub(crate) fn packet(&mut self, to: FarEnd, packet: &RelayedPacket<'_>) -> bool {
        self.outbox.packet(to.shard, to.edge, packet)
    }

    pub(crate) fn report(&mut self, to: FarEnd, report: &RelayedReport) {
        // The next one comes in a second.
        let _ = self.outbox.report(to.shard, to.edge, report);
    }

    fn check(&mut self, to: FarEnd, is_said: bool) {
        if !is_said {
            self.broken.push(to.shard);
        }
    }
}
