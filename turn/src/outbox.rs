//! What waits to be written to one client's stream: bounded, the oldest media goes first.
//!
//! Owns: whole frames, so that a slow client loses packets and never the framing. Replies are not dropped: a client who
//! takes none of them reads nothing at all, and its stream is over. Nor are data channels' packets, as long as their sender
//! heeds the round trip: on a stream they wait and are not lost, and dropping the oldest would make holes of them.

use std::{collections::VecDeque, ops::RangeInclusive};

use crate::framing::Framing;

/// Bytes of media that may wait: half a second of a camera in HD. More would only be old.
const MEDIA_BYTES_MAX: usize = 128 * 1024;

/// Bytes of data channels' packets that may wait. Their sender notices that they wait, and stops well before, but for its
/// first growth on a fast line.
const DATA_BYTES_MAX: usize = 512 * 1024;

/// First bytes of DTLS records, which are what data channels travel in (RFC 7983 §7).
const DTLS: RangeInclusive<u8> = 20..=63;

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
    media: Lane,
    data: Lane,
    replies: Lane,
    /// Counts media and data: of the two, what has come first leaves first.
    pushed: u64,
    is_over: bool,
    is_established: bool,
}

/// Frames of one kind, with their places in the order.
#[derive(Debug, Default)]
struct Lane {
    frames: VecDeque<(u64, Vec<u8>)>,
    bytes: usize,
}

impl Lane {
    fn push(&mut self, place: u64, frame: Vec<u8>) {
        self.bytes += frame.len();
        self.frames.push_back((place, frame));
    }

    fn pop(&mut self) -> Option<Vec<u8>> {
        let (_, frame) = self.frames.pop_front()?;
        self.bytes -= frame.len();
        Some(frame)
    }

    /// The place of the next one.
    fn next(&self) -> Option<u64> {
        self.frames.front().map(|(place, _)| *place)
    }
}

impl Outbox {
    /// Nothing waits.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self { framing, ..Self::default() }
    }

    /// Queues a peer's payload with what stands around it; answers how many had no room: older media, or newer data.
    pub fn push_media(&mut self, parts: [&[u8]; 3]) -> u64 {
        let Some(frame) = self.frame(parts) else { return 1 };
        let [_, payload, _] = parts;
        self.pushed += 1;
        if payload.first().is_some_and(|first| DTLS.contains(first)) {
            if self.data.bytes + frame.len() > DATA_BYTES_MAX {
                return 1;
            }
            self.data.push(self.pushed, frame);
            return 0;
        }
        self.media.push(self.pushed, frame);
        let mut dropped = 0;
        while self.media.bytes > MEDIA_BYTES_MAX && self.media.pop().is_some() {
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
        if self.replies.bytes + frame.len() > REPLIES_BYTES_MAX {
            self.is_over = true;
            return;
        }
        self.replies.push(0, frame);
    }

    fn frame(&self, [before, payload, behind]: [&[u8]; 3]) -> Option<Vec<u8>> {
        let prefix = self.framing.prefix(before.len() + payload.len() + behind.len())?;
        Some([prefix.bytes(), before, payload, behind].concat())
    }

    /// Takes the next frame, a reply before the rest. One at a time: each becomes a TLS record of its own, and there are
    /// clients that read no more of a record than its first message (coturn's).
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        let is_data_first = match (self.data.next(), self.media.next()) {
            (Some(data), Some(media)) => data < media,
            (data, _) => data.is_some(),
        };
        let rest = if is_data_first { &mut self.data } else { &mut self.media };
        self.replies.pop().or_else(|| rest.pop())
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

    /// The first byte of RTP and RTCP (RFC 7983 §7).
    const MEDIA: u8 = 0x80;

    #[test]
    fn the_oldest_media_makes_way_and_replies_stay() {
        let mut outbox = Outbox::default();
        outbox.push_reply(b"reply");
        let dropped: u64 =
            (0..200u8).map(|n| outbox.push_media([&[n; 4], &[MEDIA; 1000], b""])).sum();
        assert!(dropped > 0);
        outbox.push_reply(b"another");
        assert_eq!(outbox.pop().unwrap(), b"reply");
        assert_eq!(outbox.pop().unwrap(), b"another");
        let media: Vec<_> = std::iter::from_fn(|| outbox.pop()).collect();
        assert_eq!(media.len(), 200 - dropped as usize);
        assert!(media.iter().all(|frame| frame.len() == 1004), "whole frames");
        assert!(media.len() * 1004 <= MEDIA_BYTES_MAX);
        assert_eq!(media.last().unwrap()[0], 199, "the newest is there");
        assert_eq!((outbox.media.bytes, outbox.replies.bytes, outbox.is_over()), (0, 0, false));
    }

    #[test]
    fn data_waits_in_its_turn_and_makes_no_way_for_media() {
        let mut outbox = Outbox::default();
        let data = |n: u8| [22, n];
        assert_eq!(outbox.push_media([b"", &[MEDIA, 0], b""]), 0);
        assert_eq!(outbox.push_media([b"", &data(1), b""]), 0);
        assert_eq!(outbox.push_media([b"", &[MEDIA, 2], b""]), 0);
        for expected in [[MEDIA, 0], data(1), [MEDIA, 2]] {
            assert_eq!(outbox.pop().unwrap(), expected);
        }
        outbox.push_media([b"", &data(3), b""]);
        let dropped: u64 = (0..300).map(|_| outbox.push_media([b"", &[MEDIA; 1000], b""])).sum();
        assert!(dropped > 100);
        assert_eq!(outbox.pop().unwrap(), data(3), "the oldest media went, and data stayed");
        let refused: u64 = (0..2000).map(|_| outbox.push_media([b"", &[22; 1000], b""])).sum();
        assert_eq!(refused, 2000 - (DATA_BYTES_MAX / 1000) as u64, "it is bounded as well");
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
        assert_eq!((outbox.media.bytes, outbox.replies.bytes), (0, 0));
    }
}
