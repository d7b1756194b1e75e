//! One client's stream seen from its socket: messages go in, frames come out.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc};

use protocol::{stun::Message, turn_credential::TurnUser};
use sfu::handle::{ClientStream, ShardId, shard_of};
use tokio::sync::Notify;
use turn::framing::Framing;

use super::{
    alone::{Alone, AloneLine},
    gathering::Seat,
};

/// Who understands what clients say.
#[derive(Clone)]
pub(crate) enum Service {
    /// The media plane in this process, and what clients may speak to it.
    Media { media: sfu::Handle, turn: bool, ice: bool },
    /// A TURN server with relays of its own.
    Alone(Arc<Alone>),
}

impl Service {
    /// Whether such streams are understood.
    pub(crate) fn takes(&self, framing: Framing) -> bool {
        match (self, framing) {
            (Self::Media { turn, .. }, Framing::Turn) => *turn,
            (Self::Media { ice, .. }, Framing::Ice) => *ice,
            (Self::Alone(_), framing) => framing == Framing::Turn,
        }
    }

    /// The thread that a stream is to be served by, if not by any.
    pub(crate) fn seat(&self) -> Option<Seat> {
        match self {
            Self::Media { .. } => None,
            Self::Alone(alone) => Some(alone.seat()),
        }
    }
}

/// A stream joined to whoever understands it.
pub(crate) struct Line {
    peer: SocketAddr,
    framing: Framing,
    /// Woken when there is something to receive, or room to send.
    pub(crate) ready: Arc<Notify>,
    end: End,
    /// It was joined to the shard that its client named.
    has_moved: bool,
}

enum End {
    Media(sfu::Handle, ClientStream),
    Alone(AloneLine),
}

impl Line {
    pub(crate) fn open(service: Service, framing: Framing, peer: SocketAddr) -> Self {
        let ready = Arc::new(Notify::new());
        let end = match service {
            Service::Media { media, .. } => {
                let stream = join(&media, ShardId(0), (peer, framing), &ready);
                End::Media(media, stream)
            }
            Service::Alone(alone) => End::Alone(alone.open_stream(peer, &ready)),
        };
        Self { peer, framing, ready, end, has_moved: false }
    }

    /// Takes whole messages for which there is room; the others stay.
    pub(crate) fn send(&mut self, messages: &mut VecDeque<Vec<u8>>) {
        match &mut self.end {
            End::Media(media, stream) => {
                while let Some(message) = messages.front() {
                    // Once: who names another shard each time would have a queue of its own each time.
                    if !self.has_moved
                        && let Some(shard) = other_shard(media, stream, self.framing, message)
                    {
                        self.has_moved = true;
                        *stream = join(media, shard, (self.peer, self.framing), &self.ready);
                    }
                    if !stream.try_send(message) {
                        break;
                    }
                    messages.pop_front();
                }
            }
            End::Alone(line) => {
                line.send(messages);
                messages.clear();
            }
        }
    }

    /// The next frame that the client is to be sent.
    pub(crate) fn receive(&self) -> Option<Vec<u8>> {
        match &self.end {
            End::Media(_, stream) => stream.receive(),
            End::Alone(line) => line.receive(),
        }
    }

    /// Whether the client takes nothing, so that the stream must end.
    pub(crate) fn is_over(&self) -> bool {
        match &self.end {
            End::Media(_, stream) => stream.is_over(),
            End::Alone(line) => line.is_over(),
        }
    }

    /// Whether the client has an allocation or an answered check, or had one.
    pub(crate) fn is_established(&self) -> bool {
        match &self.end {
            End::Media(_, stream) => stream.is_established(),
            End::Alone(line) => line.is_established(),
        }
    }
}

/// A client's credential, or its check, says which shard its call is on. Any shard challenges, that one serves.
fn other_shard(
    media: &sfu::Handle,
    stream: &ClientStream,
    framing: Framing,
    message: &[u8],
) -> Option<ShardId> {
    if stream.is_established() {
        return None;
    }
    let message = Message::parse(message).ok()?;
    let username = message.username()?;
    let shard = match framing {
        Framing::Turn => ShardId(TurnUser::parse(username)?.shard()?),
        Framing::Ice => shard_of(username)?,
    };
    (shard.0 < media.shards() && shard != stream.shard()).then_some(shard)
}

fn join(
    media: &sfu::Handle,
    shard: ShardId,
    (peer, framing): (SocketAddr, Framing),
    ready: &Arc<Notify>,
) -> ClientStream {
    let ready = Arc::clone(ready);
    media.open_stream(shard, peer, framing, Box::new(move || ready.notify_one()))
}
