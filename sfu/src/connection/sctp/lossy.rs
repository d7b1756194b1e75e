//! Lossy messages that wait for a slow peer: the newest are worth most, so the oldest make way.
//!
//! Owns: their order and bound. Never: what the engine has; it is given little at a time, because what it has cannot be
//! taken back.

use std::collections::VecDeque;

use bytes::Bytes;

use super::ChannelLabel;
use crate::limits::LOSSY_QUEUE_BYTES_MAX;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct LossyQueue {
    messages: VecDeque<(ChannelLabel, Bytes)>,
    bytes: usize,
}

impl LossyQueue {
    /// Takes a message; answers how many older ones made way.
    pub(super) fn push(&mut self, label: ChannelLabel, message: Bytes) -> usize {
        self.bytes += message.len();
        self.messages.push_back((label, message));
        let mut displaced = 0;
        // The newest stays, whatever its size: it is not larger than a message may be.
        while self.bytes > LOSSY_QUEUE_BYTES_MAX && self.messages.len() > 1 {
            displaced += usize::from(self.pop().is_some());
        }
        displaced
    }

    /// The oldest message.
    pub(super) fn pop(&mut self) -> Option<(ChannelLabel, Bytes)> {
        let (label, message) = self.messages.pop_front()?;
        self.bytes -= message.len();
        Some((label, message))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_way_for_the_newest() {
        let mut queue = LossyQueue::default();
        let mut displaced = 0;
        for number in 0..100_u8 {
            displaced += queue.push(ChannelLabel::Lossy, Bytes::from(vec![number; 1000]));
        }
        let left: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, one)| one[0]).collect();
        assert_eq!(left.len() + displaced, 100);
        assert_eq!(left.len(), LOSSY_QUEUE_BYTES_MAX / 1000);
        assert_eq!((left.last(), left.is_sorted()), (Some(&99), true));
        assert_eq!(queue.bytes, 0);
    }

    #[test]
    fn a_message_as_large_as_the_queue_is_kept() {
        let mut queue = LossyQueue::default();
        queue.push(ChannelLabel::Lossy, Bytes::from_static(b"old"));
        let large = Bytes::from(vec![1; 2 * LOSSY_QUEUE_BYTES_MAX]);
        assert_eq!(queue.push(ChannelLabel::DataTrack, large.clone()), 1);
        assert_eq!(queue.pop(), Some((ChannelLabel::DataTrack, large)));
        assert!(queue.is_empty());
    }
}
