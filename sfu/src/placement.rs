//! Which shard serves what: pure functions of the shards' loads.
//!
//! Owns: the numbers of shards, what a load is, and the two decisions: where a new room gets its home, and where a
//! listener of a room is served. Never: who is where (`directory.rs`, `room/spread/home.rs`).

use serde::{Deserialize, Serialize};

/// A shard of this node, in `0..shards`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ShardId(pub u16);

impl ShardId {
    /// Its place in a list of all shards.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// How much a shard has to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Share of the last second that its thread was busy, in thousandths.
    pub busy_permille: u32,
    /// Participants whose connections it serves, those on their way included.
    pub people: u32,
    /// It has shown no sign of life for some seconds: nobody may be placed there.
    pub is_silent: bool,
}

impl Load {
    /// The two added up, a person as a thousandth of a core, which is about what a participant of a consultation costs.
    /// Busy time alone lags by a second and is noise while little happens; people alone do not tell that one of them
    /// publishes to a hundred.
    #[must_use]
    pub fn score(&self) -> u32 {
        self.busy_permille.saturating_add(self.people)
    }
}

/// Busy time from which a home hands listeners on, in thousandths: there must be some left for the peaks of key frames.
const BUSY_PERMILLE_HIGH: u32 = 700;

/// How much less another shard must be loaded to be worth a relay.
const CLEARLY_LESS: u32 = 200;

/// The shard for a new room: the least loaded of those that live, the first of equals. None if all are silent.
#[must_use]
pub fn least_loaded(loads: &[Load]) -> Option<ShardId> {
    let living = (0..).zip(loads).filter(|(_, load)| !load.is_silent);
    living.min_by_key(|(_, load)| load.score()).map(|(shard, _)| ShardId(shard))
}

/// The shard for one more listener of a room whose home has `subscriptions` of it already: the home, unless that is
/// more than `subscriptions_max` or the home is busy and another shard clearly is not.
#[must_use]
pub fn place_listener(
    home: ShardId,
    loads: &[Load],
    subscriptions: usize,
    subscriptions_max: usize,
) -> ShardId {
    let Some(own) = loads.get(home.index()) else { return home };
    let Some(best) = least_loaded(loads) else { return home };
    let Some(other) = loads.get(best.index()) else { return home };
    let is_large = subscriptions >= subscriptions_max && other.score() < own.score();
    let is_busy = own.busy_permille >= BUSY_PERMILLE_HIGH
        && other.score().saturating_add(CLEARLY_LESS) <= own.score();
    if is_large || is_busy { best } else { home }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loads(loads: &[(u32, u32)]) -> Vec<Load> {
        loads
            .iter()
            .map(|(busy_permille, people)| Load {
                busy_permille: *busy_permille,
                people: *people,
                is_silent: false,
            })
            .collect()
    }

    #[test]
    fn a_room_goes_to_the_least_loaded_shard() {
        let table: [(&[(u32, u32)], u16); 5] = [
            (&[(900, 900)], 0),
            (&[(0, 0), (0, 0)], 0),
            (&[(10, 3), (9, 3)], 1),
            (&[(300, 10), (100, 40), (100, 30)], 2),
            (&[(0, 500), (300, 0)], 1),
        ];
        for (given, expected) in table {
            assert_eq!(least_loaded(&loads(given)), Some(ShardId(expected)), "{given:?}");
        }
        assert_eq!(least_loaded(&[]), None);
    }

    #[test]
    fn nobody_is_placed_on_a_silent_shard() {
        let mut loads = loads(&[(0, 0), (300, 40), (500, 40)]);
        for (silent, expected) in [(0, Some(1)), (1, Some(2)), (2, None)] {
            loads[silent].is_silent = true;
            assert_eq!(least_loaded(&loads), expected.map(ShardId));
        }
        loads[2].is_silent = false;
        assert_eq!(place_listener(ShardId(2), &loads, 1000, 256), ShardId(2));
    }

    #[test]
    fn a_storm_of_rooms_spreads_evenly_before_any_load_is_measured() {
        let mut loads = loads(&[(5, 0), (0, 0), (2, 0)]);
        for _ in 0..300 {
            let shard = least_loaded(&loads).unwrap();
            loads[shard.index()].people += 1;
        }
        assert!(loads.iter().all(|load| (95..=105).contains(&load.people)), "{loads:?}");
    }

    #[test]
    fn a_listener_stays_at_home_until_the_home_is_full_or_busy() {
        // Loads of shards 0 (home), 1, 2; subscriptions at home, most of them; expected.
        type Case = (&'static [(u32, u32)], usize, usize, u16);
        let table: [Case; 9] = [
            (&[(100, 50), (0, 0)], 10, 256, 0),
            (&[(100, 50), (0, 0)], 256, 256, 1),
            (&[(100, 50), (140, 20)], 300, 256, 0),
            (&[(100, 50), (140, 0), (20, 0)], 300, 256, 2),
            (&[(800, 50), (100, 50)], 10, 256, 1),
            (&[(800, 50), (700, 50)], 10, 256, 0),
            (&[(800, 50)], 1000, 256, 0),
            (&[], 1000, 256, 0),
            (&[(0, 1), (0, 0)], 0, 0, 1),
        ];
        for (given, subscriptions, max, expected) in table {
            let placed = place_listener(ShardId(0), &loads(given), subscriptions, max);
            assert_eq!(placed, ShardId(expected), "{given:?} {subscriptions} of {max}");
        }
    }
}
