//! Data tracks, between the wire and the media plane.
//!
//! How frames are encoded is between clients: the two fields that say so pass through the media plane as bytes.

use livekit_protocol as proto;
use livekit_protocol::signal_response::Message as Response;
use prost::Message as _;
use protocol::ids::DataTrackSid;
use sfu::words::{
    command::{DataTrackOffer, DataTrackRequest, KnownDataTrack, Request},
    event::Outcome,
    info::{DataTrackHandle, DataTrackInfo},
};

use super::asked::{Asked, reason};
use crate::limits::{SIDS_MAX, TRACK_TEXT_BYTES_MAX};

/// Longest description of frames: two names of the longest kind, and their numbers.
const DESCRIPTION_BYTES_MAX: usize = 2 * TRACK_TEXT_BYTES_MAX + 64;

pub(crate) fn publish(request: proto::PublishDataTrackRequest) -> Asked {
    let offer = offer(&request);
    // 256 characters have up to four bytes each; the media plane counts characters.
    let is_too_long = request.name.len() > 4 * TRACK_TEXT_BYTES_MAX
        || offer.description.len() > DESCRIPTION_BYTES_MAX;
    if u16::try_from(request.pub_handle).is_err() {
        return refused(Outcome::InvalidHandle, "a handle has 16 bits", publish_again(request));
    }
    if is_too_long {
        return refused(Outcome::LimitExceeded, "this is too long", publish_again(request));
    }
    if proto::encryption::Type::try_from(request.encryption).is_err() {
        let message = "this encryption is not known here";
        return refused(Outcome::UnsupportedType, message, publish_again(request));
    }
    Asked::Media(Request::PublishDataTrack(Box::new(offer)))
}

pub(crate) fn unpublish(request: proto::UnpublishDataTrackRequest) -> Asked {
    match u16::try_from(request.pub_handle) {
        Ok(handle) => Asked::Media(Request::UnpublishDataTrack(DataTrackHandle(handle))),
        Err(_) => refused(
            Outcome::InvalidHandle,
            "a handle has 16 bits",
            proto::request_response::Request::UnpublishDataTrack(request),
        ),
    }
}

/// Which data tracks are wanted; the publisher's own rate is all that is offered.
pub(crate) fn wishes(update: proto::UpdateDataSubscription) -> Vec<(DataTrackSid, bool)> {
    let updates = update.updates.into_iter().take(SIDS_MAX);
    updates
        .filter_map(|one| Some((DataTrackSid::try_from(one.track_sid).ok()?, one.subscribe)))
        .collect()
}

pub(crate) fn info(info: DataTrackInfo) -> proto::DataTrackInfo {
    // Written by `offer`.
    let described = proto::DataTrackInfo::decode(&info.description[..]).unwrap_or_default();
    proto::DataTrackInfo {
        pub_handle: info.handle.0.into(),
        sid: info.sid.into(),
        name: info.name,
        encryption: info.encryption,
        ..described
    }
}

pub(crate) fn published(track: DataTrackInfo) -> Response {
    Response::PublishDataTrackResponse(proto::PublishDataTrackResponse { info: Some(info(track)) })
}

pub(crate) fn unpublished(track: DataTrackInfo) -> Response {
    let info = Some(info(track));
    Response::UnpublishDataTrackResponse(proto::UnpublishDataTrackResponse { info })
}

pub(crate) fn handles(known: Vec<KnownDataTrack>) -> Response {
    let handle = |one: KnownDataTrack| {
        let track = proto::data_track_subscriber_handles::PublishedDataTrack {
            publisher_identity: one.publisher_identity.into(),
            publisher_sid: one.publisher.into(),
            track_sid: one.track.into(),
        };
        (u32::from(one.handle.0), track)
    };
    Response::DataTrackSubscriberHandles(proto::DataTrackSubscriberHandles {
        sub_handles: known.into_iter().map(handle).collect(),
    })
}

pub(crate) fn request(request: DataTrackRequest) -> proto::request_response::Request {
    match request {
        DataTrackRequest::Publish(offer) => {
            let described =
                proto::DataTrackInfo::decode(&offer.description[..]).unwrap_or_default();
            publish_again(proto::PublishDataTrackRequest {
                pub_handle: offer.handle.0.into(),
                name: offer.name,
                encryption: offer.encryption,
                frame_encoding: described.frame_encoding,
                schema: described.schema,
            })
        }
        DataTrackRequest::Unpublish(handle) => {
            let pub_handle = handle.0.into();
            let request = proto::UnpublishDataTrackRequest { pub_handle };
            proto::request_response::Request::UnpublishDataTrack(request)
        }
    }
}

fn offer(request: &proto::PublishDataTrackRequest) -> DataTrackOffer {
    let described = proto::DataTrackInfo {
        frame_encoding: request.frame_encoding.clone(),
        schema: request.schema.clone(),
        ..Default::default()
    };
    DataTrackOffer {
        handle: DataTrackHandle(u16::try_from(request.pub_handle).unwrap_or_default()),
        name: request.name.clone(),
        encryption: request.encryption,
        description: described.encode_to_vec(),
    }
}

fn publish_again(request: proto::PublishDataTrackRequest) -> proto::request_response::Request {
    proto::request_response::Request::PublishDataTrack(request)
}

fn refused(outcome: Outcome, message: &str, request: proto::request_response::Request) -> Asked {
    Asked::Refused(proto::RequestResponse {
        request_id: 0,
        reason: reason(outcome) as i32,
        message: message.to_owned(),
        request: Some(request),
    })
}
