//! What waits to be written to one socket: bounded in bytes and in number, newest news of each participant only.
//!
//! ```text
//!   shard thread ─► push ─► [Joined] [participant A, v7] [Offer] [participant B, v2] ─► take ─► socket's task
//!                             a newer A takes the older one's place
//! ```
//!
//! What several sockets are told of a participant is one shared value. Bytes count until they are written: for the
//! socket while they wait, for the node until the [`Charge`] that goes with them is dropped.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::ids::ParticipantSid;
use sfu::words::{
    event::{Joined, Message, Resumed},
    info::ParticipantInfo,
};
use tokio::sync::Notify;

use crate::limits::{
    EVENTS_QUEUED_MAX, NODE_BYTES_MAX, SOCKET_BYTES_MAX, SOCKET_BYTES_MAX_WHEN_SHORT,
    WRITE_BYTES_AT_ONCE,
};

/// Why an outbox takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closure {
    /// Its socket does not read fast enough.
    Slow,
    /// Another socket speaks for the participant now.
    Superseded,
    /// Its socket is gone.
    Gone,
}

/// Bytes that wait or are being written, of all sockets.
#[derive(Debug, Default)]
pub(crate) struct NodeBytes(AtomicU64);

impl NodeBytes {
    pub(crate) fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Notify,
    node: Arc<NodeBytes>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// How many were taken out: the number of the first that waits.
    taken: u64,
    /// The number of what waits of each participant.
    newest: HashMap<ParticipantSid, u64>,
    bytes: usize,
    closure: Option<Closure>,
}

#[derive(Debug)]
struct Waiting {
    message: Message,
    bytes: usize,
}

/// Messages that left an outbox.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) messages: Vec<Message>,
    /// To be kept until they are written.
    pub(crate) charge: Charge,
}

/// Bytes of the node that are in use until this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    bytes: usize,
    node: Arc<NodeBytes>,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.node.0.fetch_sub(self.bytes as u64, Ordering::Relaxed);
    }
}

impl Outbox {
    pub(crate) fn new(node: Arc<NodeBytes>) -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), node }
    }

    /// Queues a message; false if it found no place, which closes the outbox. Never waits.
    pub(crate) fn push(&self, message: Message) -> bool {
        let bytes = weight(&message);
        let mut state = self.lock();
        if state.closure.is_some() {
            return true;
        }
        let (before, fits) = (state.bytes, state.insert(message, bytes, self.socket_bytes_max()));
        let after = state.bytes;
        if !fits {
            state.close(Closure::Slow);
        }
        drop(state);
        self.account(before, if fits { after } else { 0 });
        self.changed.notify_one();
        fits
    }

    /// Takes no more. What waits is forgotten.
    pub(crate) fn close(&self, closure: Closure) {
        let mut state = self.lock();
        let before = state.bytes;
        state.close(closure);
        drop(state);
        self.account(before, 0);
        self.changed.notify_one();
    }

    /// What waits, in order, as much as is to be written at once; or why there will be no more.
    pub(crate) async fn take(&self) -> Result<Batch, Closure> {
        self.take_some(MESSAGES_AT_ONCE_MAX).await
    }

    /// As [`Self::take`], one message.
    pub(crate) async fn take_one(&self) -> Result<Batch, Closure> {
        self.take_some(1).await
    }

    async fn take_some(&self, count_max: usize) -> Result<Batch, Closure> {
        loop {
            let changed = self.changed.notified();
            if let Some(taken) = self.try_take(count_max) {
                return taken;
            }
            changed.await;
        }
    }

    fn try_take(&self, count_max: usize) -> Option<Result<Batch, Closure>> {
        let mut state = self.lock();
        if let Some(closure) = state.closure {
            return Some(Err(closure));
        }
        let (messages, bytes) = state.pop(count_max);
        if messages.is_empty() {
            return None;
        }
        // Still counted for the node.
        let charge = Charge { bytes, node: Arc::clone(&self.node) };
        Some(Ok(Batch { messages, charge }))
    }

    /// When much waits on the node, the slowest sockets must go.
    fn socket_bytes_max(&self) -> usize {
        if self.node.load() < NODE_BYTES_MAX {
            SOCKET_BYTES_MAX
        } else {
            SOCKET_BYTES_MAX_WHEN_SHORT
        }
    }

    fn account(&self, before: usize, after: usize) {
        self.node.0.fetch_add(after as u64, Ordering::Relaxed);
        self.node.0.fetch_sub(before as u64, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.close(Closure::Gone);
    }
}

impl State {
    /// Whether it fits. A single message always does: a join into a full room is one.
    fn insert(&mut self, message: Message, bytes: usize, bytes_max: usize) -> bool {
        if let Message::Participant(info) = &message {
            if let Some(older) = self.older_news(&info.sid) {
                let replaced = std::mem::replace(older, Waiting { message, bytes });
                self.bytes = self.bytes.saturating_sub(replaced.bytes).saturating_add(bytes);
                return self.bytes <= bytes_max || self.waiting.len() == 1;
            }
            let number = self.taken.saturating_add(self.waiting.len() as u64);
            self.newest.insert(info.sid.clone(), number);
        }
        self.waiting.push_back(Waiting { message, bytes });
        self.bytes = self.bytes.saturating_add(bytes);
        let is_alone = self.waiting.len() == 1;
        self.waiting.len() <= EVENTS_QUEUED_MAX && (self.bytes <= bytes_max || is_alone)
    }

    fn older_news(&mut self, sid: &ParticipantSid) -> Option<&mut Waiting> {
        let place = self.newest.get(sid)?.checked_sub(self.taken)?;
        self.waiting.get_mut(usize::try_from(place).ok()?)
    }

    /// The first, and as many behind it as are small enough together.
    fn pop(&mut self, count_max: usize) -> (Vec<Message>, usize) {
        let (mut messages, mut bytes) = (Vec::new(), 0_usize);
        while let Some(next) = self.waiting.front() {
            let is_enough = messages.len() >= count_max
                || bytes.saturating_add(next.bytes) > WRITE_BYTES_AT_ONCE;
            if is_enough && !messages.is_empty() {
                break;
            }
            let Some(next) = self.waiting.pop_front() else { break };
            if let Message::Participant(info) = &next.message {
                let forgotten = self.newest.remove(&info.sid);
                debug_assert_eq!(forgotten, Some(self.taken), "news of a participant waits once");
            }
            self.taken = self.taken.saturating_add(1);
            self.bytes = self.bytes.saturating_sub(next.bytes);
            bytes = bytes.saturating_add(next.bytes);
            messages.push(next.message);
        }
        (messages, bytes)
    }

    /// The first reason stays.
    fn close(&mut self, closure: Closure) {
        self.closure.get_or_insert(closure);
        self.waiting = VecDeque::new();
        self.newest = HashMap::new();
        self.bytes = 0;
    }
}

/// About the bytes that a message takes, waiting or written.
fn weight(message: &Message) -> usize {
    MESSAGE_BYTES
        + match message {
            Message::Participant(info) => participant_weight(info),
            Message::Joined(joined) => {
                let Joined { room, participant, others, .. } = &**joined;
                room.metadata.len() + participant_weight(participant) + participants_weight(others)
            }
            Message::Resumed(resumed) => {
                let Resumed { room, participants, .. } = &**resumed;
                room.metadata.len() + participants_weight(participants)
            }
            Message::Answer { sdp, .. } | Message::Offer { sdp, .. } => sdp.len(),
            Message::Room(room) => room.metadata.len(),
            Message::DataTrackHandles(known) => TRACK_BYTES * known.len(),
            Message::ClaimsChanged(claims) => {
                claims.name.len() + claims.metadata.len() + attributes_weight(&claims.attributes)
            }
            _ => 0,
        }
}

/// Bounds how long a client's frames wait behind what it is told.
const MESSAGES_AT_ONCE_MAX: usize = 32;

/// A message's fixed part, its place in the queue, and the frame's overhead.
const MESSAGE_BYTES: usize = 256;
/// A track without its texts.
const TRACK_BYTES: usize = 256;

fn participants_weight(participants: &[ParticipantInfo]) -> usize {
    participants.iter().map(participant_weight).sum()
}

fn participant_weight(info: &ParticipantInfo) -> usize {
    let tracks =
        info.tracks.iter().map(|track| TRACK_BYTES + track.name.len() + track.stream.len());
    let data_tracks = info.data_tracks.iter();
    let data_tracks =
        data_tracks.map(|track| TRACK_BYTES + track.name.len() + track.description.len());
    MESSAGE_BYTES
        + data_tracks.sum::<usize>()
        + info.name.len()
        + info.metadata.len()
        + attributes_weight(&info.attributes)
        + tracks.sum::<usize>()
}

fn attributes_weight(attributes: &std::collections::BTreeMap<String, String>) -> usize {
    attributes.iter().map(|(key, value)| key.len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn outbox() -> (Outbox, Arc<NodeBytes>) {
        let node = Arc::new(NodeBytes::default());
        (Outbox::new(Arc::clone(&node)), node)
    }

    fn news(who: &str, version: u32, metadata_bytes: usize) -> Message {
        Message::Participant(Arc::new(ParticipantInfo {
            version,
            metadata: "x".repeat(metadata_bytes),
            ..samples::participant(who)
        }))
    }

    fn answer(bytes: usize) -> Message {
        Message::Answer {
            id: 1,
            sdp: "x".repeat(bytes),
            mid_to_track: std::collections::BTreeMap::new(),
        }
    }

    fn versions(outbox: &Outbox) -> Vec<u32> {
        let Some(Ok(batch)) = outbox.try_take(MESSAGES_AT_ONCE_MAX) else { return Vec::new() };
        let versions = batch.messages.iter().map(|message| match message {
            Message::Participant(info) => info.version,
            _ => 0,
        });
        versions.collect()
    }

    #[test]
    fn newer_news_of_a_participant_take_the_place_of_older_ones() {
        let (outbox, _) = outbox();
        for message in [news("a", 1, 0), answer(1), news("b", 2, 0), news("a", 3, 0)] {
            assert!(outbox.push(message));
        }
        assert_eq!(versions(&outbox), [3, 0, 2]);
        assert!(outbox.push(news("a", 4, 0)) && outbox.push(news("a", 5, 0)));
        assert_eq!(versions(&outbox), [5]);
        assert!(outbox.try_take(MESSAGES_AT_ONCE_MAX).is_none());
    }

    #[test]
    fn a_socket_that_does_not_read_costs_its_budget_and_then_nothing() {
        let (outbox, node) = outbox();
        let mut pushed = 0;
        while outbox.push(answer(100_000)) {
            pushed += 100_000;
            assert!(node.load() as usize <= SOCKET_BYTES_MAX);
        }
        assert!(pushed + 200_000 > SOCKET_BYTES_MAX);
        assert_eq!(outbox.try_take(MESSAGES_AT_ONCE_MAX).unwrap().unwrap_err(), Closure::Slow);
        assert_eq!(node.load(), 0);
        assert!(outbox.push(answer(1)), "told once only");
    }

    #[test]
    fn any_number_of_changes_of_one_participant_costs_one() {
        let (outbox, node) = outbox();
        assert!((0..10_000).all(|version| outbox.push(news("a", version, 500_000))));
        assert!(node.load() < 600_000);
    }

    #[test]
    fn the_number_of_messages_is_bounded_too() {
        let (outbox, _) = outbox();
        assert!((0..EVENTS_QUEUED_MAX).all(|_| outbox.push(answer(0))));
        assert!(!outbox.push(answer(0)));
    }

    #[test]
    fn one_message_fits_however_large_it_is() {
        let (outbox, _) = outbox();
        assert!(outbox.push(answer(2 * SOCKET_BYTES_MAX)));
        assert!(!outbox.push(answer(1)));
    }

    #[test]
    fn little_is_written_at_once_and_counted_until_it_is_written() {
        let (outbox, node) = outbox();
        assert!((0..4).all(|_| outbox.push(answer(WRITE_BYTES_AT_ONCE / 2))));
        let before = node.load();
        let batch = outbox.try_take(MESSAGES_AT_ONCE_MAX).unwrap().unwrap();
        assert_eq!((batch.messages.len(), node.load()), (1, before));
        drop(batch);
        assert!(node.load() < before);
        drop(outbox);
        assert_eq!(node.load(), 0);
    }

    #[test]
    fn a_node_short_of_bytes_lets_go_of_slow_sockets_first() {
        let node = Arc::new(NodeBytes::default());
        node.0.store(NODE_BYTES_MAX, Ordering::Relaxed);
        let outbox = Outbox::new(Arc::clone(&node));
        assert!(outbox.push(answer(10)) && outbox.push(answer(10)));
        assert!(!outbox.push(answer(SOCKET_BYTES_MAX_WHEN_SHORT)));
    }

    #[tokio::test]
    async fn whoever_waits_learns_of_the_end() {
        let (outbox, _) = outbox();
        let outbox = Arc::new(outbox);
        let waiting = tokio::spawn({
            let outbox = Arc::clone(&outbox);
            async move { outbox.take().await.map(|_| ()) }
        });
        outbox.close(Closure::Superseded);
        outbox.close(Closure::Gone);
        assert_eq!(waiting.await.unwrap(), Err(Closure::Superseded));
    }
}
