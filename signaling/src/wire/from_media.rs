//! The media plane's messages to signal responses.

use std::collections::BTreeMap;

use livekit_protocol as proto;
use livekit_protocol::signal_response::Message as Response;
use prost::Message as _;
use protocol::{
    ids::{ParticipantSid, TrackSid},
    permission::{Permission, TrackSource},
};
use sfu::words::{
    command::AddTrack,
    event::{LeaveAction, SubscriptionError},
    info::{
        CodecInfo, ConnectionQuality, LeaveReason, MediaKind, ParticipantInfo, ParticipantKind,
        ParticipantState, QualityOf, RoomInfo, TrackInfo, VideoLayer, VideoQuality,
    },
    recording::{RecordedFile, RecordingInfo, RecordingStatus, Scope},
};

use crate::limits::UPDATE_BYTES_MAX;

/// `tracks` are those that stand in it, by mid.
pub(crate) fn description(
    kind: &str,
    id: u32,
    sdp: String,
    tracks: BTreeMap<String, TrackSid>,
) -> proto::SessionDescription {
    let mid_to_track_id = tracks.into_iter().map(|(mid, track)| (mid, track.into())).collect();
    proto::SessionDescription { r#type: kind.to_owned(), sdp, id, mid_to_track_id }
}

/// Updates of at most [`UPDATE_BYTES_MAX`], or of one participant.
pub(crate) fn updates(participants: Vec<ParticipantInfo>) -> Vec<Response> {
    let mut updates: Vec<proto::ParticipantUpdate> = Vec::new();
    let mut bytes = usize::MAX;
    for participant in participants {
        let participant = self::participant(participant);
        let length = participant.encoded_len();
        bytes = bytes.saturating_add(length);
        match updates.last_mut() {
            Some(update) if bytes <= UPDATE_BYTES_MAX => update.participants.push(participant),
            _ => {
                updates.push(proto::ParticipantUpdate { participants: vec![participant] });
                bytes = length;
            }
        }
    }
    updates.into_iter().map(Response::Update).collect()
}

/// An update of one participant.
pub(crate) fn update(info: ParticipantInfo) -> Response {
    Response::Update(proto::ParticipantUpdate { participants: vec![participant(info)] })
}

/// One update with all of them: a list that clients take for complete is not split.
pub(crate) fn complete_update(participants: Vec<ParticipantInfo>) -> Response {
    let participants = participants.into_iter().map(participant).collect();
    Response::Update(proto::ParticipantUpdate { participants })
}

pub(crate) fn participant(info: ParticipantInfo) -> proto::ParticipantInfo {
    proto::ParticipantInfo {
        sid: info.sid.into(),
        identity: info.identity.into(),
        state: state(info.state) as i32,
        tracks: info.tracks.into_iter().map(track).collect(),
        metadata: info.metadata,
        joined_at: info.joined_unix_ms.div_euclid(1000),
        joined_at_ms: info.joined_unix_ms,
        name: info.name,
        version: info.version,
        permission: Some(permission(&info.permission)),
        is_publisher: info.is_publisher,
        kind: kind(info.kind) as i32,
        attributes: info.attributes.into_iter().collect(),
        disconnect_reason: info.disconnect_reason.map_or(0, |reason| leave_reason(reason) as i32),
        client_protocol: info.client_protocol,
        capabilities: info.capabilities,
        data_tracks: info.data_tracks.into_iter().map(super::data_track::info).collect(),
        ..Default::default()
    }
}

#[expect(deprecated, reason = "older clients read them")]
pub(crate) fn track(info: TrackInfo) -> proto::TrackInfo {
    let has = |feature: proto::AudioTrackFeature| info.audio_features.contains(&(feature as i32));
    proto::TrackInfo {
        stereo: has(proto::AudioTrackFeature::TfStereo),
        disable_dtx: has(proto::AudioTrackFeature::TfNoDtx),
        sid: info.sid.into(),
        r#type: media_kind(info.kind) as i32,
        name: info.name,
        muted: info.muted,
        width: info.width,
        height: info.height,
        simulcast: info.simulcast,
        source: source(info.source) as i32,
        layers: info.layers.iter().map(layer).collect(),
        mime_type: info.mime_type,
        mid: info.mid,
        codecs: info.codecs.into_iter().map(codec).collect(),
        disable_red: info.disable_red,
        encryption: info.encryption,
        stream: info.stream,
        version: Some(proto::TimedVersion {
            unix_micro: 0,
            ticks: i32::try_from(info.version).unwrap_or(i32::MAX),
        }),
        audio_features: info.audio_features,
        ..Default::default()
    }
}

fn codec(info: CodecInfo) -> proto::SimulcastCodecInfo {
    proto::SimulcastCodecInfo {
        mime_type: info.mime_type,
        mid: info.mid,
        cid: info.cid,
        layers: info.layers.iter().map(layer).collect(),
        sdp_cid: info.sdp_cid,
        ..Default::default()
    }
}

fn layer(layer: &VideoLayer) -> proto::VideoLayer {
    let quality = quality(layer.quality);
    proto::VideoLayer {
        quality: quality as i32,
        width: layer.width,
        height: layer.height,
        bitrate: layer.bitrate_bps,
        ssrc: layer.ssrc,
        spatial_layer: quality as i32,
        ..Default::default()
    }
}

pub(crate) fn room(info: RoomInfo) -> proto::Room {
    proto::Room {
        sid: info.sid.into(),
        name: info.name.into(),
        empty_timeout: info.empty_timeout_s,
        departure_timeout: info.departure_timeout_s,
        max_participants: info.participants_max,
        creation_time: info.created_unix_ms.div_euclid(1000),
        creation_time_ms: info.created_unix_ms,
        enabled_codecs: enabled_codecs(),
        metadata: info.metadata,
        num_participants: info.participants,
        num_publishers: info.publishers,
        active_recording: info.active_recording,
        ..Default::default()
    }
}

/// What may be published: video first (an old Flutter SDK takes the first entry as the video
/// codec).
pub(crate) fn enabled_codecs() -> Vec<proto::Codec> {
    ["video/VP8", "video/H264", "video/VP9", "video/AV1", "audio/opus", "audio/red"]
        .map(|mime| proto::Codec { mime: mime.to_owned(), fmtp_line: String::new() })
        .into()
}

#[expect(deprecated, reason = "older clients read it")]
fn permission(permission: &Permission) -> proto::ParticipantPermission {
    proto::ParticipantPermission {
        can_subscribe: permission.can_subscribe,
        can_publish: permission.can_publish,
        can_publish_data: permission.can_publish_data,
        can_publish_sources: permission
            .can_publish_sources
            .iter()
            .map(|allowed| source(*allowed) as i32)
            .collect(),
        hidden: permission.hidden,
        recorder: permission.recorder,
        can_update_metadata: permission.can_update_metadata,
        ..Default::default()
    }
}

/// A refused `add_track`, as the client sent it.
pub(crate) fn add_track(request: AddTrack) -> proto::AddTrackRequest {
    proto::AddTrackRequest {
        cid: request.cid,
        name: request.name,
        r#type: media_kind(request.kind) as i32,
        width: request.width,
        height: request.height,
        muted: request.muted,
        source: source(request.source) as i32,
        layers: request.layers.iter().map(layer).collect(),
        simulcast_codecs: request
            .codecs
            .into_iter()
            .map(|codec| proto::SimulcastCodec {
                codec: codec.codec,
                cid: codec.cid,
                ..Default::default()
            })
            .collect(),
        sid: request.existing.map(Into::into).unwrap_or_default(),
        disable_red: request.disable_red,
        encryption: request.encryption,
        stream: request.stream,
        audio_features: request.audio_features,
        ..Default::default()
    }
}

/// LiveKit protocols below 13 know `can_reconnect` only; they have no resume by leave.
pub(crate) fn leave(
    reason: LeaveReason,
    action: LeaveAction,
    client_protocol_number: u32,
) -> Response {
    Response::Leave(proto::LeaveRequest {
        can_reconnect: client_protocol_number < 13 && action != LeaveAction::Disconnect,
        reason: leave_reason(reason) as i32,
        action: leave_action(action) as i32,
        regions: None,
    })
}

pub(crate) fn leave_reason(reason: LeaveReason) -> proto::DisconnectReason {
    match reason {
        LeaveReason::Unknown => proto::DisconnectReason::UnknownReason,
        LeaveReason::ClientInitiated => proto::DisconnectReason::ClientInitiated,
        LeaveReason::DuplicateIdentity => proto::DisconnectReason::DuplicateIdentity,
        LeaveReason::ServerShutdown => proto::DisconnectReason::ServerShutdown,
        LeaveReason::ParticipantRemoved => proto::DisconnectReason::ParticipantRemoved,
        LeaveReason::RoomDeleted => proto::DisconnectReason::RoomDeleted,
        LeaveReason::StateMismatch => proto::DisconnectReason::StateMismatch,
        LeaveReason::JoinFailure => proto::DisconnectReason::JoinFailure,
        LeaveReason::Migration => proto::DisconnectReason::Migration,
        LeaveReason::SignalClose => proto::DisconnectReason::SignalClose,
        LeaveReason::RoomClosed => proto::DisconnectReason::RoomClosed,
        LeaveReason::ConnectionTimeout => proto::DisconnectReason::ConnectionTimeout,
        LeaveReason::MediaFailure => proto::DisconnectReason::MediaFailure,
    }
}

pub(crate) fn leave_action(action: LeaveAction) -> proto::leave_request::Action {
    match action {
        LeaveAction::Disconnect => proto::leave_request::Action::Disconnect,
        LeaveAction::Resume => proto::leave_request::Action::Resume,
        LeaveAction::Reconnect => proto::leave_request::Action::Reconnect,
    }
}

pub(crate) fn subscription_error(error: SubscriptionError) -> proto::SubscriptionError {
    match error {
        SubscriptionError::CodecUnsupported => proto::SubscriptionError::SeCodecUnsupported,
        SubscriptionError::TrackNotFound => proto::SubscriptionError::SeTrackNotfound,
    }
}

pub(crate) fn connection_quality(updates: Vec<QualityOf>) -> Response {
    let level = |quality| match quality {
        ConnectionQuality::Lost => proto::ConnectionQuality::Lost,
        ConnectionQuality::Poor => proto::ConnectionQuality::Poor,
        ConnectionQuality::Good => proto::ConnectionQuality::Good,
        ConnectionQuality::Excellent => proto::ConnectionQuality::Excellent,
    };
    let updates = updates.into_iter().map(|one| proto::ConnectionQualityInfo {
        participant_sid: one.participant.into(),
        quality: level(one.quality) as i32,
        score: one.score,
    });
    Response::ConnectionQuality(proto::ConnectionQualityUpdate { updates: updates.collect() })
}

pub(crate) fn stream_state(
    publisher: ParticipantSid,
    track: TrackSid,
    is_paused: bool,
) -> Response {
    let state = if is_paused { proto::StreamState::Paused } else { proto::StreamState::Active };
    Response::StreamStateUpdate(proto::StreamStateUpdate {
        stream_states: vec![proto::StreamStateInfo {
            participant_sid: publisher.into(),
            track_sid: track.into(),
            state: state as i32,
        }],
    })
}

/// Clients with one codec a track read the older list, those with several the newer.
#[expect(deprecated, reason = "older clients read it")]
pub(crate) fn subscribed_quality(
    track: TrackSid,
    mime_type: &str,
    layers: Vec<(VideoQuality, bool)>,
) -> Response {
    let qualities: Vec<_> = layers
        .into_iter()
        .map(|(quality, enabled)| proto::SubscribedQuality {
            quality: self::quality(quality) as i32,
            enabled,
        })
        .collect();
    let codec = mime_type.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    Response::SubscribedQualityUpdate(proto::SubscribedQualityUpdate {
        track_sid: track.into(),
        subscribed_qualities: qualities.clone(),
        subscribed_codecs: vec![proto::SubscribedCodec { codec, qualities }],
    })
}

pub(crate) fn quality(quality: VideoQuality) -> proto::VideoQuality {
    match quality {
        VideoQuality::Low => proto::VideoQuality::Low,
        VideoQuality::Medium => proto::VideoQuality::Medium,
        VideoQuality::High => proto::VideoQuality::High,
    }
}

pub(crate) fn source(source: TrackSource) -> proto::TrackSource {
    match source {
        TrackSource::Unknown => proto::TrackSource::Unknown,
        TrackSource::Camera => proto::TrackSource::Camera,
        TrackSource::Microphone => proto::TrackSource::Microphone,
        TrackSource::ScreenShare => proto::TrackSource::ScreenShare,
        TrackSource::ScreenShareAudio => proto::TrackSource::ScreenShareAudio,
    }
}

pub(crate) fn media_kind(kind: MediaKind) -> proto::TrackType {
    match kind {
        MediaKind::Audio => proto::TrackType::Audio,
        MediaKind::Video => proto::TrackType::Video,
    }
}

pub(crate) fn state(state: ParticipantState) -> proto::participant_info::State {
    match state {
        ParticipantState::Joining => proto::participant_info::State::Joining,
        ParticipantState::Joined => proto::participant_info::State::Joined,
        ParticipantState::Active => proto::participant_info::State::Active,
        ParticipantState::Disconnected => proto::participant_info::State::Disconnected,
    }
}

pub(crate) fn kind(kind: ParticipantKind) -> proto::participant_info::Kind {
    match kind {
        ParticipantKind::Standard => proto::participant_info::Kind::Standard,
        ParticipantKind::Ingress => proto::participant_info::Kind::Ingress,
        ParticipantKind::Egress => proto::participant_info::Kind::Egress,
        ParticipantKind::Sip => proto::participant_info::Kind::Sip,
        ParticipantKind::Agent => proto::participant_info::Kind::Agent,
        ParticipantKind::Connector => proto::participant_info::Kind::Connector,
        ParticipantKind::Bridge => proto::participant_info::Kind::Bridge,
    }
}

/// A recording, as the egress that SDKs know. Times are in nanoseconds there.
pub(crate) fn egress(info: RecordingInfo) -> proto::EgressInfo {
    let folder = std::path::Path::new(&info.folder);
    let files = info.files.iter().map(|file| egress_file(file, folder)).collect();
    let manifest = if info.folder.is_empty() {
        None
    } else {
        folder.join(MANIFEST).to_str().map(str::to_owned)
    };
    let room_name = info.room_name.as_str().to_owned();
    let request = match &info.scope {
        Scope::Participant(identity) => {
            Some(proto::egress_info::Request::Participant(proto::ParticipantEgressRequest {
                room_name: room_name.clone(),
                identity: identity.as_str().to_owned(),
                ..Default::default()
            }))
        }
        Scope::Track(track) => {
            Some(proto::egress_info::Request::Track(proto::TrackEgressRequest {
                room_name: room_name.clone(),
                track_id: track.as_str().to_owned(),
                ..Default::default()
            }))
        }
        // A file for each: LiveKit has no name for it.
        Scope::Room | Scope::Elsewhere => None,
    };
    proto::EgressInfo {
        egress_id: info.id.into(),
        room_id: info.room.into(),
        room_name,
        source_type: proto::EgressSourceType::Sdk as i32,
        status: egress_status(info.status) as i32,
        started_at: ns(info.started_unix_ms),
        ended_at: ns(info.ended_unix_ms),
        updated_at: ns(info.updated_unix_ms),
        file_results: files,
        error: info.error,
        manifest_location: manifest.unwrap_or_default(),
        request,
        ..Default::default()
    }
}

/// The name of a recording's manifest in its folder.
const MANIFEST: &str = "manifest.json";

fn egress_file(file: &RecordedFile, folder: &std::path::Path) -> proto::FileInfo {
    proto::FileInfo {
        filename: file.name.clone(),
        started_at: ns(file.started_unix_ms),
        ended_at: ns(file.started_unix_ms.saturating_add(file.duration_ms)),
        duration: ns(file.duration_ms),
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        location: folder.join(&file.name).to_string_lossy().into_owned(),
    }
}

fn ns(ms: i64) -> i64 {
    ms.saturating_mul(1_000_000)
}

fn egress_status(status: RecordingStatus) -> proto::EgressStatus {
    match status {
        RecordingStatus::Starting => proto::EgressStatus::EgressStarting,
        RecordingStatus::Active => proto::EgressStatus::EgressActive,
        RecordingStatus::Ending => proto::EgressStatus::EgressEnding,
        RecordingStatus::Complete => proto::EgressStatus::EgressComplete,
        RecordingStatus::Failed => proto::EgressStatus::EgressFailed,
        RecordingStatus::Aborted => proto::EgressStatus::EgressAborted,
    }
}
