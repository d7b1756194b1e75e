//! Of how many fields a message is made, before it is decoded: an empty track is two bytes on the wire and some hundreds
//! in memory, so that a frame of 2 MiB would become hundreds of MiB.

use bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use crate::limits::FIELDS_MAX;

/// Whether a message, and the messages right inside it, have at most [`FIELDS_MAX`] fields together. `texts` are those of
/// its fields that are no messages. What is malformed passes: decoding refuses it.
pub(crate) fn are_few(message: &[u8], texts: &[u32]) -> bool {
    let mut left = FIELDS_MAX;
    each_field(message, |number, value| {
        take_one(&mut left)
            && (texts.contains(&number) || each_field(value, |_, _| take_one(&mut left)))
    })
}

fn take_one(left: &mut usize) -> bool {
    let has_one = *left > 0;
    *left = left.saturating_sub(1);
    has_one
}

/// Calls for each field, with the bytes of those that have a length; false as soon as a call says so.
fn each_field(mut input: &[u8], mut goes_on: impl FnMut(u32, &[u8]) -> bool) -> bool {
    while input.has_remaining() {
        let Ok((number, wire_type)) = decode_key(&mut input) else { return true };
        let value = if wire_type == WireType::LengthDelimited {
            let len = decode_varint(&mut input).ok().and_then(|len| usize::try_from(len).ok());
            let Some((value, rest)) = len.and_then(|len| input.split_at_checked(len)) else {
                return true;
            };
            input = rest;
            value
        } else {
            let skipped = skip_field(wire_type, number, &mut input, DecodeContext::default());
            if skipped.is_err() {
                return true;
            }
            &[]
        };
        if !goes_on(number, value) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use livekit_protocol as proto;
    use livekit_protocol::signal_request::Message as Request;
    use prost::Message as _;

    use super::*;

    fn frame(tracks: usize) -> Vec<u8> {
        let publish_tracks = vec![proto::TrackPublishedResponse::default(); tracks];
        let state = proto::SyncState { publish_tracks, ..Default::default() };
        proto::SignalRequest { message: Some(Request::SyncState(state)) }.encode_to_vec()
    }

    #[test]
    fn a_message_of_more_pieces_than_any_client_has_is_found_before_it_is_decoded() {
        assert!(are_few(&[], &[]) && are_few(b"\xff\xff", &[]));
        // The state is a field as well.
        assert!(are_few(&frame(FIELDS_MAX - 1), &[]));
        assert!(!are_few(&frame(FIELDS_MAX), &[]));
    }

    #[test]
    fn a_long_text_is_one_piece() {
        let metadata = "a".repeat(512 * 1024);
        let request = proto::JoinRequest { metadata: metadata.clone(), ..Default::default() };
        let bytes = request.encode_to_vec();
        assert!(are_few(&bytes, &[3]) && !are_few(&bytes, &[]));
        let update = proto::UpdateParticipantMetadata { metadata, ..Default::default() };
        let message = Some(Request::UpdateMetadata(update));
        assert!(are_few(&proto::SignalRequest { message }.encode_to_vec(), &[]));
    }
}
