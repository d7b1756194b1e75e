//! Who was removed from a room, and which of its tokens no longer open it.
//!
//! `RemoveParticipant` revokes the tokens of one identity for one room that were minted before an instant. A token says
//! by `nbf` (or `iat`) when that was; one that says neither counts as minted before everything. Kept in memory only: a
//! restart of the server forgets, and so does the list when it is full.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use protocol::ids::{Identity, RoomName};
use protocol::token::Claims;

use crate::limits::REVOCATIONS_MAX;

/// Revocations, the oldest first. Removals and joins are rare: a list under a lock will do.
#[derive(Default)]
pub(crate) struct Revocations(Mutex<VecDeque<Revocation>>);

struct Revocation {
    room: RoomName,
    identity: Identity,
    before_unix_s: i64,
}

impl Revocations {
    /// From now on tokens of this identity for this room that were minted before then are refused.
    pub(crate) fn revoke(&self, room: &RoomName, identity: &Identity, before_unix_s: i64) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = list.iter().position(|one| one.is_of(room, identity));
        let earlier = known.and_then(|place| list.remove(place));
        if list.len() >= REVOCATIONS_MAX {
            list.pop_front();
        }
        // What was revoked stays so.
        let before_unix_s = before_unix_s.max(earlier.map_or(i64::MIN, |one| one.before_unix_s));
        let (room, identity) = (room.clone(), identity.clone());
        list.push_back(Revocation { room, identity, before_unix_s });
    }

    /// Whether this token is refused, whatever it is used for.
    pub(crate) fn has(&self, token: &Claims) -> bool {
        let (Some(room), Some(identity)) = (&token.room, &token.identity) else { return false };
        let minted = token.not_before_unix_s.or(token.issued_unix_s).unwrap_or(i64::MIN);
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter().any(|one| one.is_of(room, identity) && minted < one.before_unix_s)
    }
}

impl Revocation {
    fn is_of(&self, room: &RoomName, identity: &Identity) -> bool {
        self.identity == *identity && self.room == *room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn token_of(room: &RoomName, who: &Identity) -> Claims {
        let (room, identity) = (Some(room.clone()), Some(who.clone()));
        Claims { room, identity, ..samples::claims() }
    }

    #[test]
    fn older_tokens_of_that_person_for_that_room_are_refused() {
        let revocations = Revocations::default();
        let (room, who) = (samples::room_name(), samples::identity("doctor"));
        revocations.revoke(&room, &who, 1000);
        revocations.revoke(&room, &who, 900);
        let token = |not_before, issued| {
            let mut claims = token_of(&room, &who);
            (claims.not_before_unix_s, claims.issued_unix_s) = (not_before, issued);
            claims
        };
        for (token, refused) in [
            (token(Some(999), None), true),
            (token(Some(1000), None), false),
            (token(None, Some(999)), true),
            (token(None, Some(1000)), false),
            (token(Some(1000), Some(1)), false),
            (token(None, None), true),
        ] {
            assert_eq!(revocations.has(&token), refused);
            let identity = Some(samples::identity("patient"));
            assert!(!revocations.has(&Claims { identity, ..token.clone() }));
            let room = Some(RoomName::try_from("other".to_owned()).unwrap());
            assert!(!revocations.has(&Claims { room, ..token.clone() }));
            assert!(!revocations.has(&Claims { room: None, identity: None, ..token }));
        }
    }

    #[test]
    fn the_list_is_bounded_and_forgets_the_oldest() {
        let revocations = Revocations::default();
        let room = samples::room_name();
        let name = |number: usize| samples::identity(&format!("p{number}"));
        let token = |number| token_of(&room, &name(number));
        for number in 0..=REVOCATIONS_MAX {
            revocations.revoke(&room, &name(number), 10);
        }
        assert!(!revocations.has(&token(0)));
        assert!(revocations.has(&token(1)));
        assert!(revocations.has(&token(REVOCATIONS_MAX)));
    }
}
