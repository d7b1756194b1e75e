//! Events of the media plane find their socket: a map from session to what waits for it ([`Outbox`]).
//!
//! [`EventRouter::sink`] is called on shard threads and never waits. An outbox that is full belongs to a socket that
//! does not read: its session is dropped from the map, which ends the socket, and the client may resume. One socket
//! speaks for a participant: a newer one ends the older.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use dashmap::DashMap;
use protocol::ids::{ParticipantSid, SessionId};
use sfu::handle::EventSink;
use sfu::words::event::{Event, Message};
use sfu::words::occurrence::{OBSERVER, Occurrence};

use crate::outbox::{Closure, NodeBytes, Outbox};

/// Routes events to sockets. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct EventRouter {
    routes: Arc<Routes>,
}

#[derive(Default)]
struct Routes {
    outboxes: DashMap<SessionId, Arc<Outbox>>,
    /// The session that speaks for each participant.
    speakers: DashMap<ParticipantSid, SessionId>,
    next: AtomicU64,
    overflows: AtomicU64,
    bytes: Arc<NodeBytes>,
    observer: OnceLock<Observer>,
}

/// Is told what happens in rooms, on shard threads: must not block.
pub(crate) type Observer = Box<dyn Fn(Occurrence) + Send + Sync>;

impl EventRouter {
    /// What the media plane calls for each event.
    #[must_use]
    pub fn sink(&self) -> EventSink {
        let router = self.clone();
        Arc::new(move |event| router.route(event))
    }

    /// Opens an outbox for a new session.
    pub(crate) fn open(&self) -> (SessionId, Arc<Outbox>) {
        let session = SessionId(self.routes.next.fetch_add(1, Ordering::Relaxed).wrapping_add(1));
        let outbox = Arc::new(Outbox::new(Arc::clone(&self.routes.bytes)));
        self.routes.outboxes.insert(session, Arc::clone(&outbox));
        (session, outbox)
    }

    /// From now on this session speaks for a participant. Whether an older one did, whose socket ends.
    pub(crate) fn speak(&self, participant: ParticipantSid, session: SessionId) -> bool {
        let older = self.routes.speakers.insert(participant, session);
        older.filter(|older| *older != session).is_some_and(|older| {
            let outbox = self.routes.outboxes.remove(&older);
            outbox.map(|(_, outbox)| outbox.close(Closure::Superseded)).is_some()
        })
    }

    /// From now on this is told what happens in rooms. The first observer stays.
    pub(crate) fn observe(&self, observer: Observer) {
        let is_first = self.routes.observer.set(observer).is_ok();
        debug_assert!(is_first, "there is one observer");
    }

    /// Forgets a session; later events for it go nowhere.
    pub(crate) fn close(&self, session: SessionId, participant: Option<&ParticipantSid>) {
        if let Some((_, outbox)) = self.routes.outboxes.remove(&session) {
            outbox.close(Closure::Gone);
        }
        if let Some(participant) = participant {
            self.routes.speakers.remove_if(participant, |_, speaker| *speaker == session);
        }
    }

    /// Sessions that were dropped because their socket did not read.
    pub(crate) fn overflows(&self) -> u64 {
        self.routes.overflows.load(Ordering::Relaxed)
    }

    /// Bytes that wait to be written to all sockets.
    pub(crate) fn bytes_waiting(&self) -> u64 {
        self.routes.bytes.load()
    }

    fn route(&self, event: Event) {
        let Event { session, message } = event;
        let message = match message {
            Message::Happened(occurrence) => {
                debug_assert_eq!(session, OBSERVER, "nobody else is told");
                if let Some(observer) = self.routes.observer.get() {
                    observer(*occurrence);
                }
                return;
            }
            message => message,
        };
        let outbox = self.routes.outboxes.get(&session).map(|outbox| Arc::clone(&outbox));
        if outbox.is_some_and(|outbox| !outbox.push(message)) {
            self.routes.outboxes.remove(&session);
            self.routes.overflows.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use sfu::words::event::Message;

    use super::*;
    use crate::limits::EVENTS_QUEUED_MAX;
    use crate::samples;

    fn event(session: SessionId) -> Event {
        Event { session, message: Message::TrackUnpublished(samples::track_sid("TR_1")) }
    }

    #[tokio::test]
    async fn events_reach_only_their_session() {
        let router = EventRouter::default();
        let (first, first_events) = router.open();
        let (second, second_events) = router.open();
        assert_ne!(first, second);
        router.sink()(event(second));
        assert_eq!(second_events.take().await.unwrap().messages.len(), 1);
        router.close(first, None);
        assert_eq!(first_events.take().await.unwrap_err(), Closure::Gone);
    }

    #[tokio::test]
    async fn a_full_outbox_ends_its_session_and_is_counted_once() {
        let router = EventRouter::default();
        let (session, events) = router.open();
        for _ in 0..EVENTS_QUEUED_MAX + 2 {
            router.sink()(event(session));
        }
        assert_eq!(router.overflows(), 1);
        assert_eq!(events.take().await.unwrap_err(), Closure::Slow);
        assert_eq!(router.bytes_waiting(), 0);
    }

    #[tokio::test]
    async fn a_newer_session_of_a_participant_ends_the_older_one() {
        let router = EventRouter::default();
        let participant = samples::participant_sid("PA_1");
        let ((older, older_events), (newer, _events)) = (router.open(), router.open());
        assert!(!router.speak(participant.clone(), older));
        assert!(!router.speak(participant.clone(), older));
        assert!(router.speak(participant.clone(), newer));
        assert_eq!(older_events.take().await.unwrap_err(), Closure::Superseded);
        // The older one's end does not make the newer one a stranger.
        router.close(older, Some(&participant));
        assert!(router.routes.speakers.contains_key(&participant));
        router.close(newer, Some(&participant));
        assert!(router.routes.speakers.is_empty() && router.routes.outboxes.is_empty());
    }
}
