//! A session's place in the books, from before its join to after its socket: a guard, so that a
//! client that goes away at any moment, even before its upgrade, leaves nothing behind.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use protocol::ids::{RoomName, SessionId};
use sfu::handle::SendError;
use sfu::shard::command::{Command, Message};
use tokio::sync::mpsc;

use crate::Shared;
use crate::error::Refusal;
use crate::media_link::MediaLink;

/// While it lives, events find the session and its socket is counted. When it is dropped, the media
/// plane learns that the socket is gone, unless it knows already.
pub(crate) struct Registration {
    pub(crate) session: SessionId,
    room: RoomName,
    shared: Arc<Shared>,
    /// The media plane has been told of the session and not of its end.
    known_to_media: bool,
}

impl Registration {
    /// Takes one of the sockets there may be.
    pub(crate) fn open(
        shared: &Arc<Shared>,
        room: &RoomName,
    ) -> Result<(Self, mpsc::Receiver<Message>), Refusal> {
        if shared.stopping.load(Ordering::Relaxed) {
            return Err(Refusal::Stopping);
        }
        let max = shared.config.sockets_max;
        shared
            .metrics
            .sockets_open
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| {
                (open < max).then_some(open + 1)
            })
            .map_err(|_| Refusal::ServerFull)?;
        let (session, events) = shared.events.open();
        let registration =
            Self { session, room: room.clone(), shared: Arc::clone(shared), known_to_media: false };
        Ok((registration, events))
    }

    pub(crate) fn room(&self) -> &RoomName {
        &self.room
    }

    /// Sends a command of this session.
    pub(crate) fn send(&mut self, command: Command) -> Result<(), SendError> {
        self.shared.link.send(&self.room, command)?;
        self.known_to_media = true;
        Ok(())
    }

    /// The media plane knows that the session is over: it said so, or was told to end it.
    pub(crate) fn end(&mut self) {
        self.known_to_media = false;
    }

    /// Tells the media plane that the socket is gone, unless it knows, and takes no more events.
    pub(crate) fn conclude(&mut self) {
        self.shared.events.close(self.session);
        if std::mem::take(&mut self.known_to_media) {
            report_closed(&self.shared.link, &self.room, self.session);
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
fn report_closed(link: &Arc<dyn MediaLink>, room: &RoomName, session: SessionId) {
    let sent = link.send(room, Command::SessionClosed(session));
    let (Err(SendError::Overloaded), Ok(runtime)) = (sent, tokio::runtime::Handle::try_current())
    else {
        return;
    };
    let (link, room) = (Arc::clone(link), room.clone());
    runtime.spawn(async move {
        for _ in 0..CLOSED_TRIES_MAX {
            tokio::time::sleep(CLOSED_RETRY).await;
            if link.send(&room, Command::SessionClosed(session)) != Err(SendError::Overloaded) {
                return;
            }
        }
        tracing::warn!(%session, "the media shard stayed overloaded; a closed session may linger");
    });
}

/// With [`CLOSED_RETRY`] a minute in all: longer than any overload that is not a failure.
const CLOSED_TRIES_MAX: u32 = 240;
const CLOSED_RETRY: Duration = Duration::from_millis(250);
