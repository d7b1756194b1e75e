//! One client's stream seen from its socket: messages go in, frames come out.

use std::{net::SocketAddr, sync::Arc};

use protocol::{stun::Message, turn_credential::TurnUser};
use sfu::handle::{ClientStream, ShardId};
use tokio::sync::Notify;

use super::alone::{Alone, AloneLine};

/// Who understands what clients say.
#[derive(Clone)]
pub(crate) enum Service {
    /// The media plane in this process.
    Media(sfu::Handle),
    /// A TURN server with relays of its own.
    Alone(Arc<Alone>),
}

/// A stream joined to whoever understands it.
pub(crate) struct Line {
    peer: SocketAddr,
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
    pub(crate) fn open(service: Service, peer: SocketAddr) -> Self {
        let ready = Arc::new(Notify::new());
        let end = match service {
            Service::Media(media) => {
                let stream = join(&media, ShardId(0), peer, &ready);
                End::Media(media, stream)
            }
            Service::Alone(alone) => End::Alone(alone.open_stream(peer, &ready)),
        };
        Self { peer, ready, end, has_moved: false }
    }

    /// Gives one whole message; false if it must wait.
    pub(crate) fn try_send(&mut self, message: &[u8]) -> bool {
        match &mut self.end {
            End::Media(media, stream) => {
                // Once: who names another shard each time would have a queue of its own each time.
                if !self.has_moved
                    && let Some(shard) = other_shard(media, stream, message)
                {
                    self.has_moved = true;
                    *stream = join(media, shard, self.peer, &self.ready);
                }
                stream.try_send(message)
            }
            End::Alone(line) => {
                line.send(message);
                true
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

    /// Whether the client has an allocation, or had one.
    pub(crate) fn is_allocated(&self) -> bool {
        match &self.end {
            End::Media(_, stream) => stream.is_allocated(),
            End::Alone(line) => line.is_allocated(),
        }
    }
}

/// A client's credential says which shard its call is on. Any shard challenges, that one serves.
fn other_shard(media: &sfu::Handle, stream: &ClientStream, message: &[u8]) -> Option<ShardId> {
    if stream.is_allocated() {
        return None;
    }
    let message = Message::parse(message).ok()?;
    let shard = TurnUser::parse(message.username()?)?.shard()?;
    (shard < media.shards() && ShardId(shard) != stream.shard()).then_some(ShardId(shard))
}

fn join(
    media: &sfu::Handle,
    shard: ShardId,
    peer: SocketAddr,
    ready: &Arc<Notify>,
) -> ClientStream {
    let ready = Arc::clone(ready);
    media.open_stream(shard, peer, Box::new(move || ready.notify_one()))
}
