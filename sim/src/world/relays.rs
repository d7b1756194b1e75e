//! The shards of a world and the relay links between them.
//!
//! Batches and resets take [`World::relay_delay`] and keep their order, as the queues of the driver do. A reset voids
//! what is under way in its direction.

use std::time::{Duration, Instant};

use sfu::{
    egress::FREE_SLOTS_MIN,
    metrics::Counters,
    placement::ShardId,
    relay::{outbox::RelayOutput, wire},
    shard::Shard,
    words::command::Command,
};

use super::{ClientId, World};

/// Something on its way from one shard to another.
pub(super) struct Parcel {
    pub(super) at: Instant,
    from: ShardId,
    to: ShardId,
    /// None: the link was reset.
    batch: Option<Vec<u8>>,
}

impl World {
    /// The counters of one shard.
    #[must_use]
    pub fn counters_of(&self, shard: u16) -> Counters {
        self.shards[usize::from(shard)].counters()
    }

    /// Steps of work that one shard has taken.
    #[must_use]
    pub fn steps_of(&self, shard: u16) -> u64 {
        self.shards[usize::from(shard)].steps()
    }

    /// Participants of all shards.
    #[must_use]
    pub fn participants(&self) -> u64 {
        self.shards.iter().map(|shard| shard.counters().participants).sum()
    }

    /// The shard that a client is on.
    #[must_use]
    pub fn shard_of(&self, id: ClientId) -> usize {
        self.residents[id.0].shard
    }

    /// The node stops: every shard tells everyone to leave.
    pub fn drain(&mut self) {
        for shard in &mut self.shards {
            shard.handle_command(Command::Drain, self.now);
        }
        self.settle();
    }

    /// A link between two shards fails: it is reset.
    pub fn break_relay(&mut self, from: u16, to: u16) {
        self.shards[usize::from(from)].break_relay(ShardId(to), self.now);
        self.settle();
    }

    /// Tells every shard the loads of all, as drivers do once a second.
    pub(super) fn tell_loads(&mut self) {
        let loads: Vec<_> = self.shards.iter().map(|shard| shard.counters().load()).collect();
        for shard in &mut self.shards {
            shard.handle_loads(&loads);
        }
    }

    /// Puts what shards say to each other on its way; true if they said anything.
    pub(super) fn take_relays(&mut self) -> bool {
        let mut said = false;
        for place in 0..self.shards.len() {
            let from = ShardId(place as u16);
            while let Some(output) = self.shards[place].poll_relay() {
                said = true;
                let (to, batch) = match output {
                    RelayOutput::Batch(to, batch) => (to, Some(batch.bytes)),
                    RelayOutput::Reset(to) => (to, None),
                };
                if batch.is_none() {
                    let is_void =
                        |one: &Parcel| (one.from, one.to) == (from, to) && one.batch.is_some();
                    self.parcels.retain(|one| !is_void(one));
                }
                let at = self.now + self.relay_delay;
                self.parcels.push_back(Parcel { at, from, to, batch });
            }
        }
        said
    }

    /// Delivers what has arrived; true if anything had.
    pub(super) fn deliver_parcels(&mut self) -> bool {
        let mut delivered = false;
        while self.stop.is_none()
            && self.parcels.front().is_some_and(|parcel| parcel.at <= self.now)
        {
            let Some(Parcel { from, to, batch, .. }) = self.parcels.pop_front() else { break };
            delivered = true;
            let place = to.index();
            let Some(batch) = batch else {
                self.serve(place, |shard, now| shard.handle_relay_reset(from, now));
                continue;
            };
            for frame in wire::frames(&batch) {
                if self.shards[place].egress().free_slots() < FREE_SLOTS_MIN {
                    self.take_egress();
                }
                let frame = frame.expect("shards write what shards can read");
                self.serve(place, |shard, now| shard.handle_relay(from, Ok(frame), now));
            }
            self.shards[place].recycle_relay(batch);
        }
        delivered
    }

    /// When the next parcel arrives. The delay does not change while something is under way.
    pub(super) fn next_parcel(&self) -> Option<Instant> {
        self.parcels.front().filter(|_| self.stop.is_none()).map(|parcel| parcel.at)
    }

    /// The shard that has to do something next.
    pub(super) fn next_shard(&self) -> Option<(Instant, usize)> {
        let due = |(place, shard): (usize, &Shard)| {
            Some((shard.poll_timeout().filter(|_| self.stop.is_none())?, place))
        };
        self.shards.iter().enumerate().filter_map(due).min()
    }

    /// How long a relay takes by default: a thread's wake-up.
    pub(super) const RELAY_DELAY: Duration = Duration::from_micros(50);
}
