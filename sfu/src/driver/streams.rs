//! Clients' TCP and TLS streams between the listener, which reads and writes them, and a shard, which understands them.
//!
//! ```text
//!   listener ─► inward: messages, bounded; full: the listener stops reading, and TCP makes the client wait ─► shard
//!   listener ◄─ outward: frames, bounded; full: the oldest media goes, as on a slow link ◄─ shard
//! ```
//!
//! Each stream has queues of its own, so that one that is slow or stuck takes nobody's place. A shard takes a few messages
//! of each in turn. Locked once a message on either side; nothing of this is on the way of a client who comes by UDP.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use turn::{framing::Framing, outbox::Outbox};

/// Messages of one stream that may wait for the shard.
const INWARD_MESSAGES_MAX: usize = 64;

/// Messages of one stream that a shard takes before the others get their turn.
pub(crate) const MESSAGES_PER_TURN: usize = 16;

/// What the listener and a shard share of one stream.
pub(crate) struct Ends {
    pub(crate) peer: SocketAddr,
    pub(crate) framing: Framing,
    inward: Mutex<Inward>,
    outward: Mutex<Outbox>,
    /// Tells the listener that there is room, or something to write.
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Inward {
    messages: VecDeque<Vec<u8>>,
    /// The shard has been told, and has not looked yet.
    is_announced: bool,
    is_closed: bool,
}

/// What a shard finds in a stream.
pub(crate) struct Taken {
    pub(crate) messages: Vec<Vec<u8>>,
    /// More waits.
    pub(crate) has_more: bool,
    /// Nothing will come any more.
    pub(crate) is_closed: bool,
}

impl Ends {
    pub(crate) fn new(
        peer: SocketAddr,
        framing: Framing,
        wake: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        let outward = Mutex::new(Outbox::new(framing));
        Self { peer, framing, inward: Mutex::default(), outward, wake }
    }

    /// Queues a message for the shard; `None` if it must wait, else whether the shard is to be told.
    pub(crate) fn push_inward(&self, message: &[u8]) -> Option<bool> {
        let mut inward = lock(&self.inward);
        if inward.messages.len() >= INWARD_MESSAGES_MAX {
            return None;
        }
        inward.messages.push_back(message.to_vec());
        Some(!std::mem::replace(&mut inward.is_announced, true))
    }

    /// Nothing will come any more. Whether the shard is to be told.
    pub(crate) fn close_inward(&self) -> bool {
        let mut inward = lock(&self.inward);
        inward.is_closed = true;
        !std::mem::replace(&mut inward.is_announced, true)
    }

    /// A turn's worth of one stream. If more waits, it counts as announced, and is to be looked at again.
    pub(crate) fn take_inward(&self) -> Taken {
        let taken = {
            let mut inward = lock(&self.inward);
            let count = inward.messages.len().min(MESSAGES_PER_TURN);
            let messages = inward.messages.drain(..count).collect();
            let has_more = !inward.messages.is_empty();
            inward.is_announced = has_more;
            Taken { messages, has_more, is_closed: inward.is_closed && !has_more }
        };
        (self.wake)();
        taken
    }

    /// Queues a frame made of these parts; answers how many had no room.
    fn push_outward(&self, parts: [&[u8]; 3], is_media: bool) -> u64 {
        let dropped = {
            let mut outward = lock(&self.outward);
            if is_media {
                outward.push_media(parts)
            } else {
                outward.push_reply(&parts.concat());
                0
            }
        };
        (self.wake)();
        dropped
    }

    /// The next frame for the client.
    pub(crate) fn pop_outward(&self) -> Option<Vec<u8>> {
        lock(&self.outward).pop()
    }

    pub(crate) fn is_over(&self) -> bool {
        lock(&self.outward).is_over()
    }

    pub(crate) fn is_established(&self) -> bool {
        lock(&self.outward).is_established()
    }
}

/// The streams of one shard that wait to be looked at.
#[derive(Default)]
pub(crate) struct Arrivals {
    /// Something may wait: looked at once a turn without a lock.
    any: AtomicBool,
    queue: Mutex<Vec<(u32, Arc<Ends>)>>,
}

impl Arrivals {
    /// Each stream is here once at most: whoever announces has asked it first.
    pub(crate) fn announce(&self, number: u32, ends: Arc<Ends>) {
        lock(&self.queue).push((number, ends));
        self.any.store(true, Ordering::Release);
    }

    pub(crate) fn take(&self, queue: &mut VecDeque<(u32, Arc<Ends>)>) {
        if self.any.load(Ordering::Relaxed) && self.any.swap(false, Ordering::AcqRel) {
            queue.extend(lock(&self.queue).drain(..));
        }
    }
}

/// Numbers of streams, from 1.
#[derive(Default)]
pub(crate) struct StreamNumbers(AtomicU32);

impl StreamNumbers {
    pub(crate) fn next(&self) -> u32 {
        loop {
            let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            if number != 0 {
                return number;
            }
        }
    }
}

/// The streams that a shard's thread knows.
#[derive(Default)]
pub(crate) struct StreamTable {
    open: HashMap<u32, Arc<Ends>>,
    /// Frames that had no room.
    pub(crate) dropped: u64,
}

impl StreamTable {
    pub(crate) fn insert(&mut self, number: u32, ends: &Arc<Ends>) {
        self.open.entry(number).or_insert_with(|| Arc::clone(ends));
    }

    pub(crate) fn remove(&mut self, number: u32) {
        self.open.remove(&number);
    }

    /// Gives a frame to a stream, if it is still there.
    pub(crate) fn send(&mut self, number: u32, parts: [&[u8]; 3], is_media: bool) {
        if let Some(ends) = self.open.get(&number) {
            self.dropped += ends.push_outward(parts, is_media);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> Ends {
        Ends::new(([192, 0, 2, 1], 5000).into(), Framing::Turn, Box::new(|| {}))
    }

    #[test]
    fn a_shard_is_told_once_until_it_has_looked() {
        let ends = ends();
        assert_eq!(ends.push_inward(b"a"), Some(true));
        assert_eq!(ends.push_inward(b"b"), Some(false));
        let taken = ends.take_inward();
        assert_eq!((taken.messages.len(), taken.has_more, taken.is_closed), (2, false, false));
        assert!(ends.close_inward());
        assert!(ends.take_inward().is_closed);
    }

    #[test]
    fn what_waits_for_the_shard_is_bounded_and_taken_in_turns() {
        let ends = ends();
        let taken = (0..1000).filter(|_| ends.push_inward(b"x").is_some()).count();
        assert_eq!(taken, INWARD_MESSAGES_MAX);
        assert!(!ends.close_inward(), "already announced");
        let mut turns = 0;
        loop {
            let taken = ends.take_inward();
            turns += 1;
            assert!(taken.messages.len() <= MESSAGES_PER_TURN);
            if taken.is_closed {
                break;
            }
        }
        assert_eq!(turns, INWARD_MESSAGES_MAX / MESSAGES_PER_TURN);
    }
}
