//! When a shard must look after something without being asked.
//!
//! A heap of (when, what). An entry is a promise to look, not a promise that something is due: whoever is looked at
//! compares with its own deadline and asks again. That makes moving a deadline later free, and moving it earlier one
//! push.

use std::{cmp::Reverse, collections::BinaryHeap, time::Instant};

use crate::{connection::ConnectionKey, room::RoomKey};

/// What to look after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A connection: ICE consent, DTLS and SCTP retransmission, feedback, reports.
    Connection(ConnectionKey),
    /// A room: speakers, resume windows, timeouts, stale layers.
    Room(RoomKey),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Timer)>>,
}

impl Timers {
    /// Looks after `timer` at `at`.
    pub fn schedule(&mut self, at: Instant, timer: Timer) {
        self.heap.push(Reverse((at, timer)));
    }

    /// The next look.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes one entry that is due.
    pub fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, timer))| timer)
    }
}
