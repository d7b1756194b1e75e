//! A session's place in the books, from before its join to after its socket: a guard, so that a
//! client that goes away at any moment, even before its upgrade, leaves nothing behind.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use protocol::ids::{Identity, ParticipantSid, RoomName, SessionId};
use sfu::handle::{SendError, ShardId};
use sfu::words::command::{Command, Join};

use crate::error::Refusal;
use crate::media_link::MediaLink;
use crate::metrics::count;
use crate::outbox::Outbox;
use crate::people::Seat;
use crate::simulation::Next;
use crate::{Phase, Shared};

/// While it lives, events find the session and its socket is counted. When it is dropped, the media
/// plane learns that the socket is gone, unless it knows already.
pub(crate) struct Registration {
    pub(crate) session: SessionId,
    room: RoomName,
    identity: Identity,
    shared: Arc<Shared>,
    /// The shard that knows of the session and not of its end.
    shard: Option<ShardId>,
    participant: Option<ParticipantSid>,
    _seat: Seat,
}

impl Registration {
    /// Takes one of the sockets there may be, in all and of this person.
    pub(crate) fn open(
        shared: &Arc<Shared>,
        room: &RoomName,
        identity: &Identity,
    ) -> Result<(Self, Arc<Outbox>), Refusal> {
        if shared.is_at(Phase::Stopping) {
            return Err(Refusal::Stopping);
        }
        let seat = shared.people.sit(room, identity).ok_or(Refusal::PersonFull)?;
        let max = shared.config.sockets_max;
        shared
            .metrics
            .sockets_open
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| {
                (open < max).then_some(open + 1)
            })
            .map_err(|_| Refusal::ServerFull)?;
        let (session, events) = shared.events.open();
        let registration = Self {
            session,
            room: room.clone(),
            identity: identity.clone(),
            shared: Arc::clone(shared),
            shard: None,
            participant: None,
            _seat: seat,
        };
        Ok((registration, events))
    }

    pub(crate) fn room(&self) -> &RoomName {
        &self.room
    }

    /// Keeps in mind what is to happen at this person's next socket.
    pub(crate) fn remember(&self, next: Next) {
        self.shared.simulations.remember(&self.room, &self.identity, next);
    }

    /// Asks the media plane to let this session in.
    pub(crate) fn join(&mut self, join: Join) -> Result<(), SendError> {
        self.shard = Some(self.shared.link.join(join)?);
        Ok(())
    }

    /// The media plane says where the session is, and for whom it speaks: an older one's socket ends.
    pub(crate) fn speaks_for(&mut self, participant: &ParticipantSid, shard: ShardId) {
        self.shard = Some(shard);
        self.participant = Some(participant.clone());
        if self.shared.events.speak(participant.clone(), self.session) {
            count(&self.shared.metrics.closed_superseded);
        }
    }

    /// Sends a command of this session, once it has joined.
    pub(crate) fn send(&self, command: Command) -> Result<(), SendError> {
        self.shard.map_or(Ok(()), |shard| self.shared.link.send(shard, command))
    }

    /// The media plane knows that the session is over: it said so, or was told to end it.
    pub(crate) fn end(&mut self) {
        self.shard = None;
    }

    /// Tells the media plane that the socket is gone, unless it knows, and takes no more events.
    pub(crate) fn conclude(&mut self) {
        self.shared.events.close(self.session, self.participant.as_ref());
        if let Some(shard) = self.shard.take() {
            report_closed(&self.shared.link, shard, self.session);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.conclude();
        self.shared.metrics.sockets_open.fetch_sub(1, Ordering::AcqRel);
        self.shared.socket_closed.notify_waiters();
    }
}

/// An overloaded shard is told later: without, its participant would linger.
fn report_closed(link: &Arc<dyn MediaLink>, shard: ShardId, session: SessionId) {
    let sent = link.send(shard, Command::SessionClosed(session));
    let (Err(SendError::Overloaded), Ok(runtime)) = (sent, tokio::runtime::Handle::try_current())
    else {
        return;
    };
    let link = Arc::clone(link);
    runtime.spawn(async move {
        for _ in 0..CLOSED_TRIES_MAX {
            tokio::time::sleep(CLOSED_RETRY).await;
            if link.send(shard, Command::SessionClosed(session)) != Err(SendError::Overloaded) {
                return;
            }
        }
        tracing::warn!(%session, "the media shard stayed overloaded; a closed session may linger");
    });
}

/// With [`CLOSED_RETRY`] a minute in all: longer than any overload that is not a failure.
const CLOSED_TRIES_MAX: u32 = 240;
const CLOSED_RETRY: Duration = Duration::from_millis(250);
