//! How an input holds several datagrams: each after two bytes of length.

/// Most pieces of one input: more find nothing new and take long.
const PIECES_MAX: usize = 32;

/// The pieces in order; the last may be cut short.
pub fn pieces(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let next = move || {
        let (length, rest) = data.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (piece, rest) = rest.split_at(length);
        data = rest;
        Some(piece)
    };
    std::iter::from_fn(next).take(PIECES_MAX)
}
