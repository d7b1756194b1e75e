//! The queue that carries relay batches from one shard's thread to another's, and empty buffers back.
//!
//! Locked once a batch on either side. Packets alone may be dropped when too much waits; a batch with a control message
//! in it that finds the queue full resets the link instead.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::relay::outbox::Batch;

/// Batches of packets alone that may wait: 8 MiB, a second of a shard's busiest room.
const PACKET_BATCHES_MAX: usize = 128;

/// Batches that may wait in all: control messages pass where packets are dropped already.
const BATCHES_MAX: usize = 512;

/// Empty buffers that wait to go back.
const EMPTIES_MAX: usize = 8;

/// See the module.
#[derive(Default)]
pub(crate) struct Link {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    batches: VecDeque<Batch>,
    empties: Vec<Vec<u8>>,
    /// Resets that the receiver has not seen.
    resets: u32,
}

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits; with the receiver to be woken, if nothing waited before.
    Taken { wake: bool },
    /// Dropped, with so many packets.
    Dropped(u32),
    /// It may not be dropped and cannot wait: reset the link.
    Full,
}

impl Link {
    /// Hands a batch over; a buffer may come back for it.
    pub(crate) fn push(&self, batch: Batch) -> (Pushed, Option<Vec<u8>>) {
        let mut state = self.lock();
        let waiting = state.batches.len();
        if waiting >= BATCHES_MAX || (waiting >= PACKET_BATCHES_MAX && !batch.has_control) {
            let pushed =
                if batch.has_control { Pushed::Full } else { Pushed::Dropped(batch.packets) };
            return (pushed, Some(batch.bytes));
        }
        state.batches.push_back(batch);
        let wake = waiting == 0;
        (Pushed::Taken { wake }, state.empties.pop())
    }

    /// Voids what waits and leaves a mark in its place. Answers how many packets are lost.
    pub(crate) fn reset(&self) -> u64 {
        let mut state = self.lock();
        state.resets += 1;
        state.batches.drain(..).map(|batch| u64::from(batch.packets)).sum()
    }

    /// Takes what waits; answers how often the link was reset before it.
    pub(crate) fn take(&self, batches: &mut VecDeque<Batch>) -> u32 {
        let mut state = self.lock();
        batches.append(&mut state.batches);
        std::mem::take(&mut state.resets)
    }

    /// Gives a buffer back that has been read.
    pub(crate) fn give_back(&self, buffer: Vec<u8>) {
        let mut state = self.lock();
        if state.empties.len() < EMPTIES_MAX {
            state.empties.push(buffer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(has_control: bool) -> Batch {
        Batch { bytes: vec![1], packets: 2, has_control }
    }

    #[test]
    fn only_the_first_of_several_batches_wakes_the_receiver() {
        let link = Link::default();
        assert_eq!(link.push(batch(false)).0, Pushed::Taken { wake: true });
        assert_eq!(link.push(batch(false)).0, Pushed::Taken { wake: false });
        let mut taken = VecDeque::new();
        assert_eq!(link.take(&mut taken), 0);
        assert_eq!(taken.len(), 2);
        assert_eq!(link.push(batch(false)).0, Pushed::Taken { wake: true });
    }

    #[test]
    fn a_full_queue_drops_packets_first_and_refuses_control_last() {
        let link = Link::default();
        for _ in 0..PACKET_BATCHES_MAX {
            assert!(matches!(link.push(batch(false)).0, Pushed::Taken { .. }));
        }
        assert_eq!(link.push(batch(false)).0, Pushed::Dropped(2));
        for _ in PACKET_BATCHES_MAX..BATCHES_MAX {
            assert!(matches!(link.push(batch(true)).0, Pushed::Taken { .. }));
        }
        assert_eq!(link.push(batch(true)).0, Pushed::Full);
        assert_eq!(link.reset(), 2 * BATCHES_MAX as u64);
        assert!(matches!(link.push(batch(true)).0, Pushed::Taken { .. }));
        let mut taken = VecDeque::new();
        assert_eq!(link.take(&mut taken), 1);
        assert_eq!(taken.len(), 1);
        assert_eq!(link.take(&mut taken), 0);
    }

    #[test]
    fn buffers_that_were_read_go_back_to_the_sender() {
        let link = Link::default();
        link.give_back(vec![0; 7]);
        assert_eq!(link.push(batch(false)).1, Some(vec![0; 7]));
        assert_eq!(link.push(batch(false)).1, None);
    }
}
