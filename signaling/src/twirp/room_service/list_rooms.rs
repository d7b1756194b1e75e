//! `ListRooms`: the rooms of all shards, or those of some names.
//!
//! Shards are asked one after the other and answer in pages, so that none of them is kept from its packets.

use livekit_protocol as proto;
use prost::Message as _;
use protocol::ids::RoomName;
use sfu::handle::ShardId;
use sfu::words::administration::{Act, ListRooms, Report};
use sfu::words::command::Command;

use crate::limits::{API_ANSWER_BYTES_MAX, LISTED_NAMES_MAX};
use crate::twirp::call::{Call, room, unexpected};
use crate::twirp::error::{Code, TwirpError};

pub(super) async fn run(
    call: Call,
    request: proto::ListRoomsRequest,
) -> Result<proto::ListRoomsResponse, TwirpError> {
    if request.names.len() > LISTED_NAMES_MAX {
        return Err(TwirpError::new(Code::InvalidArgument, "too many names"));
    }
    let mut list = Listing { call: &call, rooms: Vec::new(), bytes: 0 };
    if request.names.is_empty() {
        for shard in 0..call.link().shards() {
            list.add(ShardId(shard), None).await?;
        }
    }
    // What cannot be a name is nobody's.
    for name in request.names.into_iter().filter_map(|name| RoomName::try_from(name).ok()) {
        if let Some(home) = call.link().home_of(&name) {
            list.add(home, Some(name)).await?;
        }
    }
    Ok(proto::ListRoomsResponse { rooms: list.rooms })
}

struct Listing<'a> {
    call: &'a Call,
    rooms: Vec<proto::Room>,
    bytes: usize,
}

impl Listing<'_> {
    async fn add(&mut self, shard: ShardId, name: Option<RoomName>) -> Result<(), TwirpError> {
        let mut after = Some(0);
        while let Some(place) = after {
            let page = Act::ListRooms(ListRooms { name: name.clone(), after: place });
            let link = self.call.link();
            let send =
                |session| link.send(shard, Command::Administer { session, act: Box::new(page) });
            let (rooms, next) = match self.call.ask(send).await? {
                Report::Rooms { rooms, next } => (rooms, next),
                other => return Err(unexpected(&other)),
            };
            for info in rooms {
                let room = room(info);
                self.bytes = self.bytes.saturating_add(room.encoded_len());
                self.rooms.push(room);
            }
            if self.bytes > API_ANSWER_BYTES_MAX {
                let text = "the list is too long: ask for rooms by their names";
                return Err(TwirpError::new(Code::ResourceExhausted, text));
            }
            debug_assert!(next.is_none_or(|next| next > place), "pages go forward");
            after = next;
        }
        Ok(())
    }
}
