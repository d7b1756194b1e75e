//! Messages in a byte stream: STUN and ChannelData one after the other (RFC 8656 §3.1, §12.5).
//!
//! ```text
//!  | STUN: header names its length | ChannelData: header names its length, padded to 4 | STUN | ...
//! ```
//!
//! Owns: at most one unfinished message of bounded length. Never: guesses. A stream that breaks the framing is over,
//! because nothing after it can be trusted to begin where it seems to.

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

/// See the module.
#[derive(Debug, Default)]
pub struct Deframer {
    /// The beginning of a message, never more than one.
    partial: Vec<u8>,
}

impl Deframer {
    /// Nothing has come yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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
                match split(bytes)? {
                    Some(frame) => {
                        take(bytes.get(..frame.message).unwrap_or_default());
                        bytes = bytes.get(frame.whole..).unwrap_or_default();
                    }
                    None => {
                        self.partial.extend_from_slice(bytes);
                        bytes = &[];
                    }
                }
                continue;
            }
            let wanted = match length(&self.partial)? {
                Some(frame) => frame.whole,
                None => channel_data::HEADER_BYTES,
            };
            let missing = wanted.saturating_sub(self.partial.len()).min(bytes.len());
            let (head, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            self.partial.extend_from_slice(head);
            bytes = rest;
            if let Some(frame) = split(&self.partial)? {
                take(self.partial.get(..frame.message).unwrap_or_default());
                self.partial.clear();
            }
        }
        Ok(())
    }
}

/// A message in the stream: its own bytes, and those with padding.
#[derive(Debug, Clone, Copy)]
struct Frame {
    message: usize,
    whole: usize,
}

/// The message that `bytes` begin with, if all of it is there.
fn split(bytes: &[u8]) -> Result<Option<Frame>, FramingError> {
    Ok(length(bytes)?.filter(|frame| frame.whole <= bytes.len()))
}

/// How long the message is that `bytes` begin with; `None` while its header is not there.
fn length(bytes: &[u8]) -> Result<Option<Frame>, FramingError> {
    let Some(first) = bytes.first() else { return Ok(None) };
    if *first > 3 && !channel_data::is_channel_data(bytes) {
        return Err(FramingError::NotTurn);
    }
    let Some([_, _, high, low]) = bytes.first_chunk() else { return Ok(None) };
    let body = usize::from(u16::from_be_bytes([*high, *low]));
    let frame = if channel_data::is_channel_data(bytes) {
        let message = channel_data::HEADER_BYTES + body;
        Frame { message, whole: message.next_multiple_of(4) }
    } else {
        if !body.is_multiple_of(4) {
            return Err(FramingError::NotTurn);
        }
        let message = stun::HEADER_BYTES + body;
        Frame { message, whole: message }
    };
    if frame.whole > MESSAGE_BYTES_MAX { Err(FramingError::TooLong) } else { Ok(Some(frame)) }
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
        let (mut deframer, mut messages) = (Deframer::new(), Vec::new());
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
        }
    }
}
