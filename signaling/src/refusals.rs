//! Recent refusals of the media plane, for `validate`.
//!
//! A browser cannot read the status of a failed WebSocket upgrade, so SDKs ask `validate` why. Only
//! the media plane knows whether a room exists or is full, and only a join asks it: `validate`
//! repeats what the upgrade got.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use protocol::ids::{Identity, RoomName};

use crate::error::Refusal;
use crate::limits::{REFUSAL_SECONDS, REFUSALS_MAX};

/// The last refusal per room and identity, oldest first. Joins are rare: a short list under a lock
/// will do.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Vec<Entry>>);

struct Entry {
    room: RoomName,
    identity: Identity,
    refusal: Refusal,
    at: Instant,
}

impl Refusals {
    pub(crate) fn remember(
        &self,
        room: &RoomName,
        identity: &Identity,
        refusal: Refusal,
        now: Instant,
    ) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| is_fresh(entry, now) && !is_of(entry, room, identity));
        if entries.len() >= REFUSALS_MAX {
            entries.remove(0);
        }
        entries.push(Entry { room: room.clone(), identity: identity.clone(), refusal, at: now });
    }

    pub(crate) fn recall(
        &self,
        room: &RoomName,
        identity: &Identity,
        now: Instant,
    ) -> Option<Refusal> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .iter()
            .find(|entry| is_fresh(entry, now) && is_of(entry, room, identity))
            .map(|entry| entry.refusal)
    }

    pub(crate) fn forget(&self, room: &RoomName, identity: &Identity) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| !is_of(entry, room, identity));
    }
}

fn is_fresh(entry: &Entry, now: Instant) -> bool {
    now.saturating_duration_since(entry.at) < Duration::from_secs(REFUSAL_SECONDS)
}

fn is_of(entry: &Entry, room: &RoomName, identity: &Identity) -> bool {
    entry.room == *room && entry.identity == *identity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an arbitrary origin of time")]
    fn a_refusal_is_recalled_for_its_person_until_it_is_stale_or_forgotten() {
        let (room, other) = (room("a"), room("b"));
        let who = Identity::try_from("doctor".to_owned()).unwrap();
        let start = Instant::now();
        let refusals = Refusals::default();
        refusals.remember(&room, &who, Refusal::RoomFull, start);
        refusals.remember(&room, &who, Refusal::RoomNotFound, start);
        assert_eq!(refusals.recall(&room, &who, start), Some(Refusal::RoomNotFound));
        assert_eq!(refusals.recall(&other, &who, start), None);
        let stale = start + Duration::from_secs(REFUSAL_SECONDS);
        assert_eq!(refusals.recall(&room, &who, stale), None);
        refusals.forget(&room, &who);
        assert_eq!(refusals.recall(&room, &who, start), None);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an arbitrary origin of time")]
    fn the_list_is_bounded() {
        let who = Identity::try_from("doctor".to_owned()).unwrap();
        let start = Instant::now();
        let refusals = Refusals::default();
        for number in 0..REFUSALS_MAX + 10 {
            refusals.remember(&room(&number.to_string()), &who, Refusal::RoomFull, start);
        }
        assert_eq!(refusals.0.lock().unwrap().len(), REFUSALS_MAX);
        assert_eq!(refusals.recall(&room("0"), &who, start), None);
    }

    fn room(name: &str) -> RoomName {
        RoomName::try_from(name.to_owned()).unwrap()
    }
}
