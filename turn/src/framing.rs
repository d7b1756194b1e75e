//! Messages in a byte stream: TURN's (RFC 8656 §3.1, §12.5), or ICE-TCP's (RFC 6544 §3, RFC 4571).
//!
//! ```text
//!  TURN  | STUN: header names its length | ChannelData: header names its length, padded to 4 | STUN | ...
//!  ICE   | length | STUN, DTLS, SRTP or SRTCP | length | ...
//! ```
//!
//! Owns: at most one unfinished message of bounded length. Never: guesses. A stream that breaks the framing is over,
//! because nothing after it can be trusted to begin where it seems to.

use std::ops::Range;

use protocol::stun;

use crate::{channel_data, limits::MESSAGE_BYTES_MAX};

/// Why a stream is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FramingError {
    /// Neither STUN nor ChannelData begins here.
    NotTurn,
    /// A message longer than [`MESSAGE_BYTES_MAX`].
    TooLong,
}

/// How a stream is cut into messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// STUN and ChannelData, which know their own lengths (RFC 8656).
    #[default]
    Turn,
    /// Every message behind its length in 16 bits (RFC 4571): ICE over TCP.
    Ice,
}

impl Framing {
    /// What stands before a message of so many bytes; `None` if it cannot be that long.
    #[must_use]
    pub fn prefix(self, len: usize) -> Option<Prefix> {
        match self {
            Self::Turn => Some(Prefix { bytes: [0; 2], len: 0 }),
            Self::Ice => {
                let bytes = u16::try_from(len).ok()?.to_be_bytes();
                Some(Prefix { bytes, len: ICE_PREFIX_BYTES })
            }
        }
    }
}

/// What stands before a message in a stream.
#[derive(Debug, Clone, Copy)]
pub struct Prefix {
    bytes: [u8; ICE_PREFIX_BYTES],
    len: usize,
}

impl Prefix {
    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

const ICE_PREFIX_BYTES: usize = 2;

/// See the module.
#[derive(Debug, Default)]
pub struct Deframer {
    framing: Framing,
    /// The beginning of a message, never more than one.
    partial: Vec<u8>,
}

impl Deframer {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self { framing, partial: Vec::new() }
    }

    /// Hands every message that `bytes` completes to `take`, ChannelData without its padding. Cost: each byte is looked
    /// at once, and copied only if its message came in pieces.
    ///
    /// # Errors
    /// [`FramingError`]; the stream must be closed.
    pub fn read(
        &mut self,
        mut bytes: &[u8],
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), FramingError> {
        while !bytes.is_empty() {
            if self.partial.is_empty() {
                match split(self.framing, bytes)? {
                    Some(frame) => {
                        take(bytes.get(frame.message()).unwrap_or_default());
                        bytes = bytes.get(frame.whole..).unwrap_or_default();
                    }
                    None => {
                        self.partial.extend_from_slice(bytes);
                        bytes = &[];
                    }
                }
                continue;
            }
            let wanted = match length(self.framing, &self.partial)? {
                Some(frame) => frame.whole,
                // Where the length ends.
                None if self.framing == Framing::Ice => ICE_PREFIX_BYTES,
                None => channel_data::HEADER_BYTES,
            };
            let missing = wanted.saturating_sub(self.partial.len()).min(bytes.len());
            let (head, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            self.partial.extend_from_slice(head);
            bytes = rest;
            if let Some(frame) = split(self.framing, &self.partial)? {
                take(self.partial.get(frame.message()).unwrap_or_default());
                self.partial.clear();
            }
        }
        Ok(())
    }
}

/// A message in the stream: where its own bytes begin and end, and how long it is with all that is around them.
#[derive(Debug, Clone, Copy)]
struct Frame {
    start: usize,
    end: usize,
    whole: usize,
}

impl Frame {
    fn message(self) -> Range<usize> {
        self.start..self.end
    }
}

/// The message that `bytes` begin with, if all of it is there.
fn split(framing: Framing, bytes: &[u8]) -> Result<Option<Frame>, FramingError> {
    Ok(length(framing, bytes)?.filter(|frame| frame.whole <= bytes.len()))
}

/// How long the message is that `bytes` begin with; `None` while its header is not there.
fn length(framing: Framing, bytes: &[u8]) -> Result<Option<Frame>, FramingError> {
    let frame = match framing {
        Framing::Turn => turn_length(bytes)?,
        Framing::Ice => ice_length(bytes),
    };
    if frame.is_some_and(|frame| frame.whole > MESSAGE_BYTES_MAX) {
        return Err(FramingError::TooLong);
    }
    Ok(frame)
}

fn ice_length(bytes: &[u8]) -> Option<Frame> {
    let end = ICE_PREFIX_BYTES + usize::from(u16::from_be_bytes(*bytes.first_chunk()?));
    Some(Frame { start: ICE_PREFIX_BYTES, end, whole: end })
}

fn turn_length(bytes: &[u8]) -> Result<Option<Frame>, FramingError> {
    let Some(first) = bytes.first() else { return Ok(None) };
    if *first > 3 && !channel_data::is_channel_data(bytes) {
        return Err(FramingError::NotTurn);
    }
    let Some([_, _, high, low]) = bytes.first_chunk() else { return Ok(None) };
    let body = usize::from(u16::from_be_bytes([*high, *low]));
    if channel_data::is_channel_data(bytes) {
        let end = channel_data::HEADER_BYTES + body;
        return Ok(Some(Frame { start: 0, end, whole: end.next_multiple_of(4) }));
    }
    if !body.is_multiple_of(4) {
        return Err(FramingError::NotTurn);
    }
    let end = stun::HEADER_BYTES + body;
    Ok(Some(Frame { start: 0, end, whole: end }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stun_of(body: usize) -> Vec<u8> {
        let mut message = vec![0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        message.resize(stun::HEADER_BYTES + body, 7);
        message[2..4].copy_from_slice(&(body as u16).to_be_bytes());
        message
    }

    fn channel(payload: &[u8]) -> Vec<u8> {
        let mut message = channel_data::header(0x4000, payload.len()).unwrap().to_vec();
        message.extend(payload);
        message
    }

    fn padded(mut message: Vec<u8>) -> Vec<u8> {
        message.resize(message.len().next_multiple_of(4), 0);
        message
    }

    fn read(pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, FramingError> {
        read_as(Framing::Turn, pieces)
    }

    fn read_as(framing: Framing, pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, FramingError> {
        let (mut deframer, mut messages) = (Deframer::new(framing), Vec::new());
        for piece in pieces {
            deframer.read(piece, |message| messages.push(message.to_vec()))?;
        }
        assert!(deframer.partial.len() <= MESSAGE_BYTES_MAX);
        Ok(messages)
    }

    #[test]
    fn messages_come_whole_however_the_stream_is_cut() {
        let expected =
            vec![stun_of(8), channel(b"hello"), channel(b""), stun_of(0), channel(b"four")];
        let stream: Vec<u8> = expected.iter().cloned().flat_map(padded).collect();
        assert_eq!(read(&[&stream]).unwrap(), expected);
        for step in 1..stream.len() {
            let pieces: Vec<_> = stream.chunks(step).collect();
            assert_eq!(read(&pieces).unwrap(), expected, "pieces of {step}");
        }
    }

    #[test]
    fn what_is_not_turn_ends_the_stream() {
        for first in [0x16, 0x80, 4, 0x3F, 0xFF] {
            assert_eq!(read(&[&[first, 0, 0, 0]]), Err(FramingError::NotTurn), "{first}");
            assert_eq!(read(&[&[first]]), Err(FramingError::NotTurn), "{first}, alone");
        }
        assert_eq!(read(&[&[0, 1, 0, 3]]), Err(FramingError::NotTurn), "no multiple of four");
    }

    #[test]
    fn a_message_that_claims_too_much_ends_the_stream_before_it_is_kept() {
        for claim in [&[0, 1, 0xFF, 0xFC][..], &[0x40, 0, 0xFF, 0xFF], &[0x40, 0, 0x07, 0xFD]] {
            assert_eq!(read(&[claim]), Err(FramingError::TooLong), "{claim:?}");
        }
        assert_eq!(read(&[&padded(channel(&[1; MESSAGE_BYTES_MAX - 4]))]).unwrap().len(), 1);
    }

    #[test]
    fn messages_of_ice_stand_behind_their_length_whatever_they_are() {
        let expected: Vec<Vec<u8>> =
            vec![stun_of(8), vec![], vec![22; 300], vec![0x80], vec![7; MESSAGE_BYTES_MAX - 2]];
        let mut stream = Vec::new();
        for message in &expected {
            stream.extend(Framing::Ice.prefix(message.len()).unwrap().bytes());
            stream.extend(message);
        }
        for step in [1, 2, 3, 100, stream.len()] {
            let pieces: Vec<_> = stream.chunks(step).collect();
            assert_eq!(read_as(Framing::Ice, &pieces).unwrap(), expected, "pieces of {step}");
        }
        assert_eq!(read_as(Framing::Ice, &[&[0x08, 0]]), Err(FramingError::TooLong));
        assert_eq!(read_as(Framing::Ice, &[&[0xFF], &[0xFF]]), Err(FramingError::TooLong));
        assert!(Framing::Ice.prefix(0x1_0000).is_none());
        assert!(Framing::Turn.prefix(7).unwrap().bytes().is_empty());
    }

    proptest! {
        #[test]
        fn any_stream_reads_the_same_in_any_pieces(
            messages in prop::collection::vec(
                prop_oneof![
                    (0..100usize).prop_map(|words| stun_of(words * 4)),
                    prop::collection::vec(any::<u8>(), 0..300).prop_map(|payload| channel(&payload)),
                ],
                0..20,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let stream: Vec<u8> = messages.iter().cloned().flat_map(padded).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut rest = &stream[..];
            let mut at = 0;
            for cut in cuts {
                let (head, tail) = rest.split_at(cut - at);
                pieces.push(head);
                (rest, at) = (tail, cut);
            }
            pieces.push(rest);
            prop_assert_eq!(read(&pieces).unwrap(), messages);
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_never_pile_up(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..8),
        ) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let _ = read(&pieces);
            let _ = read_as(Framing::Ice, &pieces);
        }
    }
}
