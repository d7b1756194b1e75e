//! Events of the media plane find their socket: a map from session to a bounded queue.
//!
//! [`EventRouter::sink`] is called on shard threads and never blocks. A queue that is full belongs
//! to a socket that does not read: its session is dropped from the map, which ends the socket, and
//! the client may resume.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use protocol::ids::SessionId;
use sfu::handle::EventSink;
use sfu::shard::command::{Event, Message};
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::limits::EVENTS_QUEUED_MAX;

/// Routes events to sockets. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct EventRouter {
    routes: Arc<Routes>,
}

#[derive(Default)]
struct Routes {
    queues: DashMap<SessionId, mpsc::Sender<Message>>,
    next: AtomicU64,
    overflows: AtomicU64,
}

impl EventRouter {
    /// What the media plane calls for each event.
    #[must_use]
    pub fn sink(&self) -> EventSink {
        let router = self.clone();
        Arc::new(move |event| router.route(event))
    }

    /// Opens a queue for a new session.
    pub(crate) fn open(&self) -> (SessionId, mpsc::Receiver<Message>) {
        let session = SessionId(self.routes.next.fetch_add(1, Ordering::Relaxed).wrapping_add(1));
        let (sender, receiver) = mpsc::channel(EVENTS_QUEUED_MAX);
        self.routes.queues.insert(session, sender);
        (session, receiver)
    }

    /// Forgets a session; later events for it go nowhere.
    pub(crate) fn close(&self, session: SessionId) {
        self.routes.queues.remove(&session);
    }

    /// Sessions that were dropped because their socket did not read.
    pub(crate) fn overflows(&self) -> u64 {
        self.routes.overflows.load(Ordering::Relaxed)
    }

    fn route(&self, event: Event) {
        let Event { session, message } = event;
        let full = self
            .routes
            .queues
            .get(&session)
            .is_some_and(|queue| matches!(queue.try_send(message), Err(TrySendError::Full(_))));
        // The map's guard is gone here: `remove` under it would deadlock.
        if full && self.routes.queues.remove(&session).is_some() {
            self.routes.overflows.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(session: SessionId) -> Event {
        Event { session, message: Message::Participants(Vec::new()) }
    }

    #[test]
    fn events_reach_only_their_session() {
        let router = EventRouter::default();
        let (first, mut first_events) = router.open();
        let (second, mut second_events) = router.open();
        assert_ne!(first, second);
        router.sink()(event(second));
        assert!(first_events.try_recv().is_err());
        assert!(second_events.try_recv().is_ok());
    }

    #[test]
    fn events_for_a_closed_session_go_nowhere() {
        let router = EventRouter::default();
        let (session, mut events) = router.open();
        router.close(session);
        router.sink()(event(session));
        assert_eq!(events.try_recv().unwrap_err(), mpsc::error::TryRecvError::Disconnected);
    }

    #[test]
    fn a_full_queue_ends_its_session_and_is_counted_once() {
        let router = EventRouter::default();
        let (session, mut events) = router.open();
        for _ in 0..EVENTS_QUEUED_MAX + 2 {
            router.sink()(event(session));
        }
        assert_eq!(router.overflows(), 1);
        let delivered = std::iter::from_fn(|| events.try_recv().ok()).count();
        assert_eq!(delivered, EVENTS_QUEUED_MAX);
        assert_eq!(events.try_recv().unwrap_err(), mpsc::error::TryRecvError::Disconnected);
    }
}
