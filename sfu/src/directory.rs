//! Where rooms live: the one list of rooms and their home shards, above the shards.
//!
//! ```text
//!   join ─► entry of the room (new: least loaded shard) ─► counted, queued to the home ─► the home counts it too
//!                                                                                              │
//!   entry removed, if every counted join has been seen ◄──────── closed(room, joins seen) ◄────┘
//! ```
//!
//! A room has exactly one home as long as its entry stands. The entry is removed when the home says that the room is
//! closed *and* no join is on its way to it: otherwise that join would open the room there while another opens it
//! elsewhere. A join is queued under the list's lock, so that joins reach the home in the order in which they were
//! counted. A lock is allowed here and nowhere below: joins are rare.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, PoisonError},
};

use protocol::ids::RoomName;

use crate::placement::{Load, ShardId, least_loaded};

/// What a shard says when a name of its directory entry is no longer in use there: see the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedRoom {
    /// Which.
    pub room: RoomName,
    /// Joins into it that the shard has taken since the room opened; 1 for a join that found and opened none.
    pub joins: u64,
}

/// See the module. Bounded by the rooms of the shards and the joins in their queues.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rooms: HashMap<RoomName, Home>,
    /// Joins ever queued to each shard.
    queued: Vec<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Home {
    shard: ShardId,
    /// Joins queued to the home that it has not reported back.
    joins: u64,
}

impl Directory {
    /// Finds or chooses the home of a room and has `queue` hand a join to it. `loads` gives each shard's last load with
    /// the number of joins it had taken by then.
    ///
    /// # Errors
    /// What `queue` says; nothing is remembered then.
    pub(crate) fn join<E>(
        &self,
        room: &RoomName,
        loads: impl FnOnce() -> Vec<(Load, u64)>,
        queue: impl FnOnce(ShardId) -> Result<(), E>,
    ) -> Result<ShardId, E> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let shard = match state.rooms.get(room) {
            Some(home) => home.shard,
            None => state.choose(loads()),
        };
        queue(shard)?;
        let home = state.rooms.entry(room.clone()).or_insert(Home { shard, joins: 0 });
        home.joins += 1;
        if state.queued.len() <= shard.index() {
            state.queued.resize(shard.index() + 1, 0);
        }
        if let Some(queued) = state.queued.get_mut(shard.index()) {
            *queued += 1;
        }
        Ok(shard)
    }

    /// Where a room is at home, if it is known.
    pub(crate) fn home(&self, room: &RoomName) -> Option<ShardId> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.rooms.get(room).map(|home| home.shard)
    }

    /// A shard no longer has the room.
    pub(crate) fn closed(&self, closed: ClosedRoom) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut entry) = state.rooms.entry(closed.room) {
            let left = entry.get().joins.saturating_sub(closed.joins);
            entry.get_mut().joins = left;
            if left == 0 {
                entry.remove();
            }
        }
    }
}

impl State {
    /// What was queued since a load was measured counts, so that a storm spreads. If all shards are silent it is any:
    /// `queue` refuses.
    fn choose(&self, loads: Vec<(Load, u64)>) -> ShardId {
        let loads: Vec<_> = (0..)
            .zip(loads)
            .map(|(shard, (load, taken))| {
                let queued = self.queued.get(shard).copied().unwrap_or(0).saturating_sub(taken);
                let queued = u32::try_from(queued).unwrap_or(u32::MAX);
                Load { people: load.people.saturating_add(queued), ..load }
            })
            .collect();
        least_loaded(&loads).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn name(number: u8) -> RoomName {
        RoomName::try_from(format!("room-{number}")).unwrap()
    }

    fn join(directory: &Directory, room: u8) -> ShardId {
        let loads = || vec![(Load::default(), 0); 3];
        directory.join(&name(room), loads, |_| Ok::<_, Infallible>(())).unwrap()
    }

    fn closed(directory: &Directory, room: u8, joins: u64) {
        directory.closed(ClosedRoom { room: name(room), joins });
    }

    fn rooms(directory: &Directory) -> usize {
        directory.state.lock().unwrap().rooms.len()
    }

    #[test]
    fn a_storm_of_rooms_spreads_and_each_keeps_its_home() {
        let directory = Directory::default();
        let homes: Vec<_> = (0..30).map(|room| join(&directory, room)).collect();
        for shard in 0..3 {
            assert_eq!(homes.iter().filter(|home| **home == ShardId(shard)).count(), 10);
        }
        for (room, home) in (0..).zip(homes) {
            assert_eq!(join(&directory, room), home);
        }
    }

    #[test]
    fn a_room_that_closes_while_a_join_is_on_its_way_keeps_its_home() {
        let directory = Directory::default();
        join(&directory, 0);
        let home = join(&directory, 1);
        assert_eq!(join(&directory, 1), home);
        closed(&directory, 1, 1);
        assert_eq!((rooms(&directory), join(&directory, 1)), (2, home));
        closed(&directory, 1, 2);
        assert_eq!(rooms(&directory), 1);
    }

    #[test]
    fn a_join_that_cannot_be_queued_leaves_nothing_behind() {
        let directory = Directory::default();
        assert_eq!(directory.join(&name(1), Vec::new, |_| Err(7)), Err(7));
        assert_eq!(rooms(&directory), 0);
        join(&directory, 1);
        assert_eq!(directory.join(&name(1), Vec::new, |_| Err(7)), Err(7));
        closed(&directory, 1, 1);
        assert_eq!(rooms(&directory), 0);
    }

    /// A shard as the directory sees it: a queue of joins, and rooms with the joins they took.
    #[derive(Default)]
    struct Shard {
        queue: std::collections::VecDeque<(u8, bool)>,
        open: HashMap<u8, u64>,
        reports: std::collections::VecDeque<ClosedRoom>,
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_room_is_ever_open_on_two_shards_and_nothing_is_left_over(
            steps in prop::collection::vec((0..6_u8, 0..4_u8, 0..3_usize, any::<bool>()), 1..300),
        ) {
            let directory = Directory::default();
            let mut shards: [Shard; 3] = Default::default();
            let drain = (0..2_000).map(|step| (2 + (step % 3) as u8, (step / 3 % 4) as u8, step / 12 % 3, true));
            for (what, room, shard, opens) in steps.into_iter().chain(drain) {
                match what {
                    0 | 1 => {
                        let loads = || vec![(Load::default(), 0); 3];
                        let queue = |home: ShardId| {
                            shards[home.index()].queue.push_back((room, opens));
                            Ok::<_, Infallible>(())
                        };
                        directory.join(&name(room), loads, queue).unwrap();
                    }
                    // The shard takes a join, which opens the room if it may.
                    2 => if let Some((room, opens)) = shards[shard].queue.pop_front() {
                        match shards[shard].open.get_mut(&room) {
                            Some(joins) => *joins += 1,
                            None if opens => { shards[shard].open.insert(room, 1); }
                            None => shards[shard].reports.push_back(ClosedRoom { room: name(room), joins: 1 }),
                        }
                    },
                    3 => if let Some(joins) = shards[shard].open.remove(&room) {
                        shards[shard].reports.push_back(ClosedRoom { room: name(room), joins });
                    },
                    _ => if let Some(report) = shards[shard].reports.pop_front() {
                        directory.closed(report);
                    },
                }
                for room in 0..4 {
                    let homes = shards.iter().filter(|one| one.open.contains_key(&room)).count();
                    prop_assert!(homes <= 1, "room {} has {} homes", room, homes);
                }
            }
            prop_assert!(shards.iter().all(|shard| shard.queue.is_empty() && shard.open.is_empty()));
            prop_assert_eq!(rooms(&directory), 0);
        }
    }
}
