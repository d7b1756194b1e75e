//! What waits to be written to one client's stream: bounded, the oldest media goes first.
//!
//! Owns: whole frames, so that a slow client loses packets and never the framing. Replies are not dropped: a client who
//! takes none of them reads nothing at all, and its stream is over.

use std::collections::VecDeque;

/// Bytes of media that may wait: half a second of a camera in HD. More would only be old.
const MEDIA_BYTES_MAX: usize = 128 * 1024;

/// Bytes of replies that may wait.
const REPLIES_BYTES_MAX: usize = 32 * 1024;

/// An Allocate success response begins with it.
const ALLOCATED: [u8; 2] = [0x01, 0x03];

/// See the module.
#[derive(Debug, Default)]
pub struct Outbox {
    media: VecDeque<Vec<u8>>,
    media_bytes: usize,
    replies: VecDeque<Vec<u8>>,
    replies_bytes: usize,
    is_over: bool,
    is_allocated: bool,
}

impl Outbox {
    /// Queues a peer's payload with what stands around it; answers how many older ones made way.
    pub fn push_media(&mut self, parts: [&[u8]; 3]) -> u64 {
        let frame = parts.concat();
        self.media_bytes += frame.len();
        self.media.push_back(frame);
        let mut dropped = 0;
        while self.media_bytes > MEDIA_BYTES_MAX
            && let Some(oldest) = self.media.pop_front()
        {
            self.media_bytes -= oldest.len();
            dropped += 1;
        }
        dropped
    }

    /// Queues a reply.
    pub fn push_reply(&mut self, reply: &[u8]) {
        self.is_allocated |= reply.starts_with(&ALLOCATED);
        if self.replies_bytes + reply.len() > REPLIES_BYTES_MAX {
            self.is_over = true;
            return;
        }
        self.replies_bytes += reply.len();
        self.replies.push_back(reply.to_vec());
    }

    /// Takes the next frame, a reply before media. One at a time: each becomes a TLS record of its own, and there are clients
    /// that read no more of a record than its first message (coturn's).
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        if let Some(reply) = self.replies.pop_front() {
            self.replies_bytes -= reply.len();
            return Some(reply);
        }
        let media = self.media.pop_front()?;
        self.media_bytes -= media.len();
        Some(media)
    }

    /// Whether the client has taken so little that its stream must end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether the client has been given an allocation.
    #[must_use]
    pub fn is_allocated(&self) -> bool {
        self.is_allocated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_media_makes_way_and_replies_stay() {
        let mut outbox = Outbox::default();
        outbox.push_reply(b"reply");
        let dropped: u64 = (0..200u8).map(|n| outbox.push_media([&[n; 4], &[n; 1000], b""])).sum();
        assert!(dropped > 0);
        outbox.push_reply(b"another");
        assert_eq!(outbox.pop().unwrap(), b"reply");
        assert_eq!(outbox.pop().unwrap(), b"another");
        let media: Vec<_> = std::iter::from_fn(|| outbox.pop()).collect();
        assert_eq!(media.len(), 200 - dropped as usize);
        assert!(media.iter().all(|frame| frame.len() == 1004), "whole frames");
        assert!(media.len() * 1004 <= MEDIA_BYTES_MAX);
        assert_eq!(media.last().unwrap()[0], 199, "the newest is there");
        assert_eq!((outbox.media_bytes, outbox.replies_bytes, outbox.is_over()), (0, 0, false));
    }

    #[test]
    fn a_client_that_takes_no_replies_is_over() {
        let mut outbox = Outbox::default();
        (0..REPLIES_BYTES_MAX / 100 + 1).for_each(|_| outbox.push_reply(&[0; 100]));
        assert!(outbox.is_over());
    }

    #[test]
    fn an_allocation_is_noticed() {
        let mut outbox = Outbox::default();
        outbox.push_reply(&[0x01, 0x13, 0, 0]);
        assert!(!outbox.is_allocated());
        outbox.push_reply(&[0x01, 0x03, 0, 0]);
        assert!(outbox.is_allocated());
    }
}
