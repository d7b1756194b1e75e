//! The `join_request` with which a client with one peer connection asks for a socket (v1, `/rtc/v1`): base64, perhaps
//! gzip, protobuf.
//!
//! It may hold the client's first requests, its offer above all, which saves a round trip. What it unpacks to is bounded,
//! and nothing of it is looked at before its token has been verified.

use std::io::Read as _;

use flate2::read::GzDecoder;
use livekit_protocol as proto;
use livekit_protocol::ReconnectReason;
use livekit_protocol::signal_request::Message;
use livekit_protocol::wrapped_join_request::Compression;
use prost::Message as _;
use sfu::words::info::ClientInfo;

use crate::limits::{FIRST_TRACKS_MAX, JOIN_REQUEST_BYTES_MAX};
use crate::query::{
    CAPABILITIES_MAX, ParameterError, Parameters, decode_base64, known_sdk, shortened_browser,
};
use crate::wire::pieces;

/// The fields of a `JoinRequest` that are text: metadata, participant sid.
const TEXTS: [u32; 2] = [3, 9];

const MALFORMED: ParameterError = ParameterError::Value("join_request");

/// Reads the parameter: what the client wishes, and its first requests in their order.
///
/// # Errors
/// When it cannot be read, or unpacks to more than [`JOIN_REQUEST_BYTES_MAX`] or more pieces than any client has.
pub(crate) fn read(text: &str) -> Result<(Parameters, Vec<Message>), ParameterError> {
    let wrapped = decode_base64(text).ok_or(MALFORMED)?;
    let wrapped = proto::WrappedJoinRequest::decode(&*wrapped).map_err(|_| MALFORMED)?;
    let bytes = match Compression::try_from(wrapped.compression) {
        Ok(Compression::None) => wrapped.join_request,
        Ok(Compression::Gzip) => unzip(&wrapped.join_request)?,
        Err(_) => return Err(MALFORMED),
    };
    if bytes.len() > JOIN_REQUEST_BYTES_MAX || !pieces::are_few(&bytes, &TEXTS) {
        return Err(MALFORMED);
    }
    let request = proto::JoinRequest::decode(&*bytes).map_err(|_| MALFORMED)?;
    Ok(parameters_and_requests(request))
}

/// The one member of a gzip file (RFC 1952), if that is not too large.
fn unzip(bytes: &[u8]) -> Result<Vec<u8>, ParameterError> {
    let mut unpacked = Vec::new();
    let bound = JOIN_REQUEST_BYTES_MAX as u64 + 1;
    GzDecoder::new(bytes).take(bound).read_to_end(&mut unpacked).map_err(|_| MALFORMED)?;
    Ok(unpacked)
}

fn parameters_and_requests(request: proto::JoinRequest) -> (Parameters, Vec<Message>) {
    let settings = request.connection_settings;
    let client = request.client_info.unwrap_or_default();
    let parameters = Parameters {
        auto_subscribe: settings.as_ref().is_none_or(|one| one.auto_subscribe),
        adaptive_stream: settings.as_ref().is_some_and(|one| one.adaptive_stream),
        may_pause: settings.as_ref().and_then(|one| one.subscriber_allow_pause).unwrap_or(true),
        reconnect: request.reconnect.then_some(request.participant_sid),
        media_failed: request.reconnect
            && matches!(
                ReconnectReason::try_from(request.reconnect_reason),
                Ok(ReconnectReason::RrPublisherFailed | ReconnectReason::RrSubscriberFailed)
            ),
        single_connection: true,
        client: ClientInfo {
            sdk: known_sdk(&client.sdk().as_str_name().replace('_', "")).to_owned(),
            browser: shortened_browser(&client.browser),
            protocol: u32::try_from(client.protocol).unwrap_or(0),
            client_protocol: client.client_protocol,
            capabilities: client
                .capabilities
                .iter()
                .copied()
                .filter(|number| proto::client_info::Capability::try_from(*number).is_ok())
                .take(CAPABILITIES_MAX)
                .collect(),
        },
        metadata: request.metadata,
        attributes: request.participant_attributes.into_iter().collect(),
    };
    let state = request.sync_state.map(Message::SyncState);
    let tracks = request.add_track_requests.into_iter().take(FIRST_TRACKS_MAX);
    // An offer without text is none: a client that is asked for nothing leaves the field in its default.
    let offer = request.publisher_offer.filter(|offer| !offer.sdp.is_empty()).map(Message::Offer);
    (parameters, state.into_iter().chain(tracks.map(Message::AddTrack)).chain(offer).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use flate2::{Compression as Level, write::GzEncoder};

    use super::*;
    use crate::limits::FIELDS_MAX;

    fn request() -> proto::JoinRequest {
        proto::JoinRequest {
            client_info: Some(proto::ClientInfo {
                sdk: proto::client_info::Sdk::ReactNative as i32,
                protocol: 17,
                client_protocol: 2,
                browser: "Chrome".to_owned(),
                capabilities: vec![2, 77],
                ..Default::default()
            }),
            connection_settings: Some(proto::ConnectionSettings {
                adaptive_stream: true,
                subscriber_allow_pause: Some(false),
                ..Default::default()
            }),
            metadata: "m".to_owned(),
            participant_attributes: [("k".to_owned(), "v?>~\u{ff}".to_owned())].into(),
            add_track_requests: vec![proto::AddTrackRequest::default(); 3],
            publisher_offer: Some(proto::SessionDescription {
                sdp: "v=0".to_owned(),
                id: 1,
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    fn wrapped(compression: Compression, join_request: Vec<u8>) -> Vec<u8> {
        proto::WrappedJoinRequest { compression: compression as i32, join_request }.encode_to_vec()
    }

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut zip = GzEncoder::new(Vec::new(), Level::default());
        zip.write_all(bytes).unwrap();
        zip.finish().unwrap()
    }

    #[test]
    fn a_request_is_read_in_every_encoding() {
        let bytes = request().encode_to_vec();
        let all =
            [wrapped(Compression::None, bytes.clone()), wrapped(Compression::Gzip, zipped(&bytes))];
        for (wrapped, engine) in
            all.iter().flat_map(|one| [&STANDARD, &URL_SAFE, &URL_SAFE_NO_PAD].map(|e| (one, e)))
        {
            let (parameters, first) = read(&engine.encode(wrapped)).unwrap();
            assert!(parameters.single_connection && parameters.adaptive_stream);
            assert!(!parameters.auto_subscribe && !parameters.may_pause);
            assert_eq!(
                (parameters.client.sdk.as_str(), parameters.client.protocol),
                ("reactnative", 17)
            );
            assert_eq!(parameters.client.capabilities, [2]);
            assert_eq!(parameters.attributes["k"], "v?>~\u{ff}");
            assert_eq!((parameters.metadata.as_str(), parameters.reconnect), ("m", None));
            assert!(
                matches!(&first[..], [.., Message::AddTrack(_), Message::Offer(offer)] if offer.id == 1)
            );
            assert_eq!(first.len(), 4);
        }
    }

    #[test]
    fn a_resume_says_its_state_before_it_offers() {
        let request = proto::JoinRequest {
            reconnect: true,
            participant_sid: "PA_x".to_owned(),
            sync_state: Some(proto::SyncState::default()),
            ..request()
        };
        let text = STANDARD.encode(wrapped(Compression::None, request.encode_to_vec()));
        let (parameters, first) = read(&text).unwrap();
        assert_eq!(parameters.reconnect.as_deref(), Some("PA_x"));
        assert!(matches!(first[0], Message::SyncState(_)));
    }

    #[test]
    fn nothing_said_means_the_defaults() {
        let text = STANDARD.encode(wrapped(Compression::None, Vec::new()));
        let (parameters, first) = read(&text).unwrap();
        assert!(parameters.auto_subscribe && parameters.may_pause && first.is_empty());
        assert_eq!(parameters.client.sdk, "unknown");
    }

    #[test]
    fn what_unpacks_to_too_much_or_cannot_be_read_is_refused() {
        let bomb = wrapped(Compression::Gzip, zipped(&vec![0; 64 * JOIN_REQUEST_BYTES_MAX]));
        assert!(bomb.len() < JOIN_REQUEST_BYTES_MAX / 10);
        let mut cut = wrapped(Compression::Gzip, zipped(&request().encode_to_vec()));
        cut.truncate(cut.len() - 9);
        let tracks = proto::JoinRequest {
            add_track_requests: vec![proto::AddTrackRequest::default(); FIELDS_MAX + 1],
            ..Default::default()
        };
        let many = wrapped(Compression::Gzip, zipped(&tracks.encode_to_vec()));
        let unknown = proto::WrappedJoinRequest { compression: 7, join_request: Vec::new() };
        for bytes in [bomb, cut, many, unknown.encode_to_vec(), b"\xff\xff".to_vec()] {
            assert_eq!(read(&STANDARD.encode(bytes)).unwrap_err(), MALFORMED);
        }
        assert_eq!(read("!!!").unwrap_err(), MALFORMED);
    }
}
