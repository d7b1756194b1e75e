//! Values for tests: one room, its people and their tracks.

use std::time::Instant;

use protocol::ids::{DataTrackSid, Identity, ParticipantSid, RoomName, RoomSid, TrackSid};
use protocol::permission::{Permission, TrackSource};
use protocol::token::{ApiKeys, Claims, SecretPolicy};
use sfu::words::info::{
    CodecInfo, DataTrackHandle, DataTrackInfo, MediaKind, ParticipantInfo, ParticipantKind,
    ParticipantState, RoomInfo, TrackInfo, VideoLayer, VideoQuality,
};

use crate::clock::Now;

pub(crate) const UNIX_S: i64 = 1_800_000_000;

#[expect(clippy::disallowed_methods, reason = "an arbitrary origin of time")]
pub(crate) fn now() -> Now {
    Now { instant: Instant::now(), unix_ms: UNIX_S * 1000 + 123 }
}

pub(crate) fn keys() -> ApiKeys {
    ApiKeys::parse("key: secret", SecretPolicy::Dev).unwrap()
}

pub(crate) fn identity(name: &str) -> Identity {
    Identity::try_from(name.to_owned()).unwrap()
}

pub(crate) fn room_name() -> RoomName {
    RoomName::try_from("room".to_owned()).unwrap()
}

pub(crate) fn track_sid(sid: &str) -> TrackSid {
    TrackSid::try_from(sid.to_owned()).unwrap()
}

pub(crate) fn participant_sid(sid: &str) -> ParticipantSid {
    ParticipantSid::try_from(sid.to_owned()).unwrap()
}

pub(crate) fn claims() -> Claims {
    Claims::for_join(room_name(), identity("doctor"), UNIX_S + 300)
}

pub(crate) fn room() -> RoomInfo {
    RoomInfo {
        sid: RoomSid::try_from("RM_1".to_owned()).unwrap(),
        name: room_name(),
        empty_timeout_s: 300,
        departure_timeout_s: 20,
        participants_max: 64,
        created_unix_ms: 1_700_000_000_999,
        metadata: "room metadata".to_owned(),
        participants: 2,
        publishers: 1,
        active_recording: true,
    }
}

pub(crate) fn participant(name: &str) -> ParticipantInfo {
    ParticipantInfo {
        sid: participant_sid(&format!("PA_{name}")),
        identity: identity(name),
        name: format!("Name of {name}"),
        state: ParticipantState::Active,
        tracks: vec![track()],
        metadata: "metadata".to_owned(),
        attributes: [("key".to_owned(), "value".to_owned())].into(),
        joined_unix_ms: 1_700_000_001_500,
        version: 3,
        permission: Permission::default(),
        kind: ParticipantKind::Standard,
        is_publisher: true,
        client_protocol: 2,
        capabilities: vec![1, 2],
        data_tracks: vec![DataTrackInfo {
            sid: DataTrackSid::try_from("DTR_pulse".to_owned()).unwrap(),
            handle: DataTrackHandle(7),
            name: "pulse".to_owned(),
            encryption: 1,
            description: Vec::new(),
        }],
        disconnect_reason: None,
    }
}

pub(crate) fn track() -> TrackInfo {
    let layer = VideoLayer {
        quality: VideoQuality::Medium,
        width: 640,
        height: 360,
        bitrate_bps: 500_000,
        ssrc: 7,
    };
    TrackInfo {
        sid: track_sid("TR_VC1"),
        kind: MediaKind::Video,
        name: "camera".to_owned(),
        muted: true,
        width: 1280,
        height: 720,
        simulcast: true,
        source: TrackSource::Camera,
        layers: vec![layer.clone()],
        mime_type: "video/VP8".to_owned(),
        mid: "1".to_owned(),
        codecs: vec![CodecInfo {
            mime_type: "video/VP8".to_owned(),
            mid: "1".to_owned(),
            cid: "cid".to_owned(),
            sdp_cid: "sdp-cid".to_owned(),
            layers: vec![layer],
        }],
        encryption: 1,
        stream: "camera".to_owned(),
        disable_red: true,
        audio_features: vec![0, 3],
        version: 5,
    }
}
