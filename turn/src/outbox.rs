//! What waits to be written to one client's stream: bounded, the oldest media goes first.
//!
//! Owns: whole frames, so that a slow client loses packets and never the framing. Replies are not dropped: a client who
//! takes none of them reads nothing at all, and its stream is over.

use std::collections::VecDeque;

use crate::framing::Framing;

/// Bytes of media that may wait: half a second of a camera in HD. More would only be old.
const MEDIA_BYTES_MAX: usize = 128 * 1024;

/// Bytes of replies that may wait.
const REPLIES_BYTES_MAX: usize = 32 * 1024;

/// What the answer begins with by which a client is somebody: an allocation's, or that of an ICE check, which is answered to
/// nobody who has not authenticated.
const ALLOCATED: [u8; 2] = [0x01, 0x03];
const CHECKED: [u8; 2] = [0x01, 0x01];

/// See the module.
#[derive(Debug, Default)]
pub struct Outbox {
    framing: Framing,
    media: VecDeque<Vec<u8>>,
    media_bytes: usize,
    replies: VecDeque<Vec<u8>>,
    replies_bytes: usize,
    is_over: bool,
    is_established: bool,
}

impl Outbox {
    /// Nothing waits.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self { framing, ..Self::default() }
    }

    /// Queues a peer's payload with what stands around it; answers how many older ones made way.
    pub fn push_media(&mut self, parts: [&[u8]; 3]) -> u64 {
        let Some(frame) = self.frame(parts) else { return 1 };
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
        self.is_established |= reply.starts_with(match self.framing {
            Framing::Turn => &ALLOCATED,
            Framing::Ice => &CHECKED,
        });
        let Some(frame) = self.frame([reply, &[], &[]]) else { return };
        if self.replies_bytes + frame.len() > REPLIES_BYTES_MAX {
            self.is_over = true;
            return;
        }
        self.replies_bytes += frame.len();
        self.replies.push_back(frame);
    }

    fn frame(&self, [before, payload, behind]: [&[u8]; 3]) -> Option<Vec<u8>> {
        let prefix = self.framing.prefix(before.len() + payload.len() + behind.len())?;
        Some([prefix.bytes(), before, payload, behind].concat())
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

    /// Whether the client has been given an allocation, or its check has been answered.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.is_established
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
    fn an_allocation_is_noticed_and_so_is_an_answered_check() {
        const OTHERS: [[u8; 4]; 2] = [[0x01, 0x13, 0, 0], [0x01, 0x11, 0, 0]];
        for (framing, right, wrong) in [
            (Framing::Turn, [0x01, 0x03, 0, 0], [0x01, 0x01, 0, 0]),
            (Framing::Ice, [0x01, 0x01, 0, 0], [0x01, 0x03, 0, 0]),
        ] {
            let mut outbox = Outbox::new(framing);
            OTHERS.iter().chain([&wrong]).for_each(|reply| outbox.push_reply(reply));
            assert!(!outbox.is_established(), "{framing:?}");
            outbox.push_reply(&right);
            assert!(outbox.is_established(), "{framing:?}");
        }
    }

    #[test]
    fn frames_of_ice_say_their_length() {
        let mut outbox = Outbox::new(Framing::Ice);
        outbox.push_media([b"", b"media", b""]);
        outbox.push_reply(b"reply!");
        assert_eq!(outbox.pop().unwrap(), b"\x00\x06reply!");
        assert_eq!(outbox.pop().unwrap(), b"\x00\x05media");
        assert_eq!((outbox.media_bytes, outbox.replies_bytes), (0, 0));
    }
}
