//! Which shard a room lives on: a pure function of its name, so that every caller agrees without asking.

use protocol::ids::RoomName;

/// The shard of a room, in `0..shards` (FNV-1a over the name; stable across releases and hosts).
#[must_use]
pub fn shard_of(room: &RoomName, shards: usize) -> usize {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let hash = room
        .as_str()
        .bytes()
        .fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    let shards = u64::try_from(shards.max(1)).unwrap_or(1);
    usize::try_from(hash % shards).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_spread_over_the_shards_and_stay_there() {
        let mut rooms = [0_usize; 4];
        for number in 0..4000 {
            let name = RoomName::try_from(format!("room-{number}")).unwrap();
            assert_eq!(shard_of(&name, 4), shard_of(&name, 4));
            rooms[shard_of(&name, 4)] += 1;
        }
        assert!(rooms.iter().all(|count| (800..1200).contains(count)), "{rooms:?}");
    }
}
