//! What an administrator asks of this shard: finding the room, opening and closing rooms, listing them in pages.

use std::time::Instant;

use protocol::ids::SessionId;
use slotmap::Key as _;

use super::Shard;
use crate::{
    directory::ClosedRoom,
    keys::RoomKey,
    room::Room,
    words::{
        administration::{
            Act, Administered, ListRooms, OpenRoom, ROOMS_PER_PAGE, Refused, Report, RoomAct,
        },
        event::Message,
        occurrence::RoomEnd,
    },
};

impl Shard {
    /// Does one act and answers it.
    pub(super) fn administer(&mut self, session: SessionId, act: Act, now: Instant) {
        let answer = match act {
            Act::OpenRoom(opening) => self.open_for_administrator(opening, now),
            Act::ListRooms(page) => self.list_rooms(&page),
            Act::InRoom { room, act } => match self.names.get(&room) {
                Some(key) => self.administer_room(*key, act, now),
                None => Err(Refused::NoRoom),
            },
        };
        self.context.emit(Some(session), Message::Administered(Box::new(answer)));
    }

    /// Counted as a join, for the directory counts it as one.
    fn open_for_administrator(&mut self, opening: OpenRoom, now: Instant) -> Administered {
        self.context.counters.joins += 1;
        let OpenRoom { room: name, settings, unix_ms } = opening;
        let present = self.names.get(&name).copied();
        let opened = present.or_else(|| self.insert_room(&name, settings.clone(), unix_ms, now));
        let Some(room) = opened.and_then(|key| self.rooms.get_mut(key)) else {
            self.closed.push_back(ClosedRoom { room: name, joins: 1 });
            return Err(Refused::Full);
        };
        room.joins += 1;
        room.administer_opening(&mut self.context, settings, now)
    }

    fn administer_room(&mut self, key: RoomKey, act: RoomAct, now: Instant) -> Administered {
        let Some(room) = self.rooms.get_mut(key) else { return Err(Refused::NoRoom) };
        let closes = matches!(act, RoomAct::Close);
        let answer = room.administer(&mut self.context, act, now);
        if closes {
            self.close_room(key, RoomEnd::Closed);
        }
        answer
    }

    /// Rooms at home here, in the order of their places. A page costs a pass over the places and the description of at
    /// most [`ROOMS_PER_PAGE`] rooms.
    fn list_rooms(&self, page: &ListRooms) -> Administered {
        if let Some(name) = &page.name {
            let room = self.names.get(name).and_then(|key| self.rooms.get(*key));
            let rooms = room.map(Room::describe_room).into_iter().collect();
            return Ok(Report::Rooms { rooms, next: None });
        }
        let mut rest =
            self.rooms.iter().filter(|(_, room)| room.is_home()).filter_map(|(key, room)| {
                (place_of(key) >= page.after).then_some((place_of(key), room))
            });
        let rooms = rest.by_ref().take(ROOMS_PER_PAGE).map(|(_, room)| room.describe_room());
        let rooms: Vec<_> = rooms.collect();
        let next = rest.next().map(|(place, _)| place);
        Ok(Report::Rooms { rooms, next })
    }
}

/// A room's place in the slot map: its iteration goes in this order.
fn place_of(key: RoomKey) -> u32 {
    // The index is the lower half (documented of `KeyData::as_ffi`).
    (key.data().as_ffi() & 0xffff_ffff) as u32
}
