//! What signalling carries between clients and shards: messages one way, requests the other.

use protocol::ids::SessionId;
use sfu::words::{
    command::Command,
    event::{Event, Message},
};

use super::World;
use crate::client::Asking;

/// A message of signalling under way.
pub(super) enum Signal {
    ToClient(Event),
    ToServer(SessionId, Asking),
}

impl World {
    pub(super) fn deliver(&mut self, signal: Signal) {
        match signal {
            Signal::ToClient(Event { message: Message::Happened(occurrence), .. }) => {
                self.occurrences.push(*occurrence);
            }
            Signal::ToClient(Event { session, message: Message::Administered(answer) }) => {
                self.administered.insert(session, *answer);
            }
            Signal::ToClient(Event { session, message: Message::Answered(packet) }) => {
                self.answered.push((session, packet));
            }
            Signal::ToClient(event) => {
                if let Some(seat) = self.sessions.get_mut(&event.session) {
                    let resident = &mut self.residents[seat.client.0];
                    let shard = match &event.message {
                        Message::Joined(joined) => Some(joined.shard.index()),
                        Message::Resumed(resumed) => Some(resumed.shard.index()),
                        _ => None,
                    };
                    if let Some(shard) = shard {
                        (seat.shard, seat.is_answered, resident.shard) = (shard, true, shard);
                    }
                    resident.client.handle_message(event.message, self.now);
                }
            }
            Signal::ToServer(session, request) => {
                if let Some(stop) = &mut self.stop {
                    stop.requests.push((session, request));
                } else if let Some(shard) = self.sessions.get(&session).map(|seat| seat.shard) {
                    let command = Command::Request { session, request: request.read() };
                    self.serve(shard, |shard, now| shard.handle_command(command, now));
                    self.take_egress();
                }
            }
        }
    }
}
