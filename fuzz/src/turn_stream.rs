//! TURN messages, or those of ICE over TCP, in a byte stream.
//!
//! Promises: no panic; no more is kept than one message; a stream reads the same however it is cut; every message that comes
//! out is one that fits a datagram.

use turn::{
    framing::{Deframer, Framing, FramingError},
    limits::MESSAGE_BYTES_MAX,
};

/// The first byte says how the rest is cut, its lowest bit which messages they are.
pub fn run(data: &[u8]) {
    let Some((cut, stream)) = data.split_first() else { return };
    let framing = if cut % 2 == 0 { Framing::Turn } else { Framing::Ice };
    let whole = read(framing, std::iter::once(stream));
    let cut = read(framing, stream.chunks(usize::from(*cut) + 1));
    // An error may be noticed earlier or later, but what came before it is the same.
    assert_eq!(whole, cut, "the stream depends on how it is cut");
    for message in &whole.0 {
        assert!(message.len() <= MESSAGE_BYTES_MAX, "{} bytes", message.len());
        let is_turn = matches!(message.first(), Some(0..=3 | 64..=127));
        assert!(is_turn || framing == Framing::Ice, "not a message");
    }
}

fn read<'a>(
    framing: Framing,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (Vec<Vec<u8>>, Option<FramingError>) {
    let (mut deframer, mut messages) = (Deframer::new(framing), Vec::new());
    for piece in pieces {
        if let Err(error) = deframer.read(piece, |message| messages.push(message.to_vec())) {
            return (messages, Some(error));
        }
    }
    (messages, None)
}
