//! How many sockets each person has open in each room, joins under way included.

use std::sync::Arc;

use dashmap::DashMap;
use protocol::ids::{Identity, RoomName};

use crate::limits::SOCKETS_PER_PERSON_MAX;

/// See the module. Bounded by the sockets of the node.
#[derive(Debug, Default)]
pub(crate) struct People(DashMap<Person, u32>);

type Person = (RoomName, Identity);

/// One socket of a person. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    person: Person,
    people: Arc<People>,
}

impl People {
    /// Takes a seat; none if the person has as many as there may be.
    pub(crate) fn sit(self: &Arc<Self>, room: &RoomName, identity: &Identity) -> Option<Seat> {
        let person = (room.clone(), identity.clone());
        let mut taken = self.0.entry(person.clone()).or_default();
        if *taken >= SOCKETS_PER_PERSON_MAX {
            return None;
        }
        *taken += 1;
        Some(Seat { person, people: Arc::clone(self) })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(mut taken) = self.people.0.get_mut(&self.person) {
            debug_assert!(*taken > 0);
            *taken = taken.saturating_sub(1);
        }
        self.people.0.remove_if(&self.person, |_, taken| *taken == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_person_has_a_few_seats_and_leaves_nothing_behind() {
        let people = Arc::new(People::default());
        let (room, doctor) = (samples::room_name(), samples::identity("doctor"));
        let sit = |who: &Identity| people.sit(&room, who);
        let mut seats: Vec<_> =
            (0..SOCKETS_PER_PERSON_MAX).map(|_| sit(&doctor).unwrap()).collect();
        assert!(sit(&doctor).is_none());
        assert!(sit(&samples::identity("patient")).is_some());
        seats.pop();
        seats.push(sit(&doctor).unwrap());
        drop(seats);
        assert!(people.0.is_empty());
    }
}
