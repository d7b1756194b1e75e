//! Signal requests to the media plane's requests. Sids that are none of ours are left out: nobody
//! has such a track.

use livekit_protocol as proto;
use livekit_protocol::signal_request::Message;
use protocol::ids::{Identity, ParticipantSid, TrackSid};
use protocol::permission::TrackSource;
use protocol::token::{ATTRIBUTES_BYTES_MAX, METADATA_BYTES_MAX};
use sfu::words::{
    command::{
        AddTrack, RemoteDescription, Request, SimulcastCodec, SyncState, TrackPermission,
        TrackSettings,
    },
    event::Outcome,
    info::{MediaKind, Target, VideoLayer, VideoQuality},
};

use super::{
    asked::{Asked, reason},
    data_track,
};
use crate::limits::{
    PARTICIPANT_NAME_BYTES_MAX, PERMISSIONS_MAX, SIDS_MAX, TRACK_PARTS_MAX, TRACK_TEXT_BYTES_MAX,
};
use crate::simulation::Trouble;

#[expect(deprecated, reason = "old clients send them")]
pub(crate) fn translate(message: Message) -> Asked {
    match message {
        Message::Offer(offer) => Asked::Media(described(&offer.sdp, |description| {
            Request::Offer { id: offer.id, description }
        })),
        Message::Answer(answer) => Asked::Media(described(&answer.sdp, |description| {
            Request::Answer { id: answer.id, description }
        })),
        Message::Trickle(trickle) => {
            Asked::Media(Request::Trickle { target: target(trickle.target()) })
        }
        Message::AddTrack(request) => add_track(request),
        Message::Mute(mute) => {
            on_track(mute.sid, |track| Request::Mute { track, muted: mute.muted })
        }
        Message::Subscription(subscription) => Asked::Media(Request::Subscription {
            subscribe: subscription.subscribe,
            tracks: subscription_tracks(subscription),
        }),
        Message::TrackSetting(settings) => track_settings(settings),
        Message::Leave(_) => Asked::Media(Request::Leave),
        Message::SubscriptionPermission(permission) => subscription_permission(permission),
        Message::SyncState(state) => Asked::Media(Request::SyncState(Box::new(sync_state(state)))),
        Message::Ping(_) => Asked::Pong,
        Message::PingReq(ping) => Asked::PongResponse(ping.timestamp),
        Message::UpdateMetadata(update) => update_metadata(update),
        Message::UpdateAudioTrack(update) => on_track(update.track_sid, |track| {
            Request::UpdateAudioTrack { track, features: audio_features(&update.features) }
        }),
        Message::UpdateVideoTrack(update) => on_track(update.track_sid, |track| {
            Request::UpdateVideoTrack { track, width: update.width, height: update.height }
        }),
        Message::PublishDataTrackRequest(request) => data_track::publish(request),
        Message::UnpublishDataTrackRequest(request) => data_track::unpublish(request),
        Message::UpdateDataSubscription(update) => {
            Asked::Media(Request::DataSubscription(data_track::wishes(update)))
        }
        Message::StoreDataBlobRequest(request) => not_supported(request.request_id, None),
        Message::GetDataBlobRequest(request) => not_supported(request.request_id, None),
        Message::Simulate(scenario) => {
            Trouble::of(&scenario).map_or(Asked::Nothing, Asked::Trouble)
        }
        Message::UpdateLayers(_) => Asked::Nothing,
    }
}

/// Descriptions are read here, where only their sender waits, and never on a media thread.
fn described(sdp: &str, request: impl FnOnce(Box<RemoteDescription>) -> Request) -> Request {
    match RemoteDescription::parse(sdp) {
        Ok(description) => request(Box::new(description)),
        Err(error) => {
            tracing::debug!(%error, "description refused");
            Request::Unreadable { too_large: error.is_too_large() }
        }
    }
}

fn add_track(request: proto::AddTrackRequest) -> Asked {
    let texts = [&request.cid, &request.name, &request.stream, &request.sid];
    let parts =
        [request.layers.len(), request.simulcast_codecs.len(), request.audio_features.len()];
    let too_long = texts.iter().any(|text| text.len() > TRACK_TEXT_BYTES_MAX)
        || request
            .simulcast_codecs
            .iter()
            .any(|codec| codec.cid.len().max(codec.codec.len()) > TRACK_TEXT_BYTES_MAX)
        || parts.iter().any(|count| *count > TRACK_PARTS_MAX);
    if too_long {
        return refused_track(Outcome::LimitExceeded, request);
    }
    let kind = match request.r#type() {
        proto::TrackType::Audio => MediaKind::Audio,
        proto::TrackType::Video => MediaKind::Video,
        proto::TrackType::Data => return refused_track(Outcome::UnsupportedType, request),
    };
    if proto::TrackType::try_from(request.r#type).is_err()
        || proto::encryption::Type::try_from(request.encryption).is_err()
    {
        return refused_track(Outcome::UnsupportedType, request);
    }
    let existing = match request.sid.as_str() {
        "" => None,
        _ => match TrackSid::try_from(request.sid.clone()) {
            Ok(sid) => Some(sid),
            Err(_) => return refused_track(Outcome::NotFound, request),
        },
    };
    Asked::Media(Request::AddTrack(Box::new(AddTrack {
        kind,
        source: source(request.source()),
        muted: request.muted,
        width: request.width,
        height: request.height,
        layers: request.layers.iter().map(layer).collect(),
        codecs: request.simulcast_codecs.iter().map(codec).collect(),
        encryption: request.encryption,
        disable_red: request.disable_red,
        audio_features: all_audio_features(&request),
        existing,
        cid: request.cid,
        name: request.name,
        stream: request.stream,
    })))
}

/// The two features that older clients say in fields of their own.
#[expect(deprecated, reason = "older clients send them")]
fn all_audio_features(request: &proto::AddTrackRequest) -> Vec<i32> {
    let mut features = audio_features(&request.audio_features);
    let legacy = [
        (request.stereo, proto::AudioTrackFeature::TfStereo as i32),
        (request.disable_dtx, proto::AudioTrackFeature::TfNoDtx as i32),
    ];
    for (said, feature) in legacy {
        if said && !features.contains(&feature) {
            features.push(feature);
        }
    }
    features
}

fn update_metadata(update: proto::UpdateParticipantMetadata) -> Asked {
    let attributes: usize =
        update.attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
    if update.metadata.len() > METADATA_BYTES_MAX
        || update.name.len() > PARTICIPANT_NAME_BYTES_MAX
        || attributes > ATTRIBUTES_BYTES_MAX
    {
        return Asked::Refused(proto::RequestResponse {
            request_id: update.request_id,
            reason: proto::request_response::Reason::LimitExceeded as i32,
            message: "name, metadata or attributes are too long".to_owned(),
            request: None,
        });
    }
    Asked::Media(Request::UpdateMetadata {
        request_id: update.request_id,
        name: update.name,
        metadata: update.metadata,
        attributes: update.attributes.into_iter().collect(),
    })
}

fn track_settings(settings: proto::UpdateTrackSettings) -> Asked {
    let quality = proto::VideoQuality::try_from(settings.quality).ok();
    Asked::Media(Request::TrackSettings {
        settings: TrackSettings {
            disabled: settings.disabled || quality == Some(proto::VideoQuality::Off),
            quality: quality.and_then(self::quality),
            width: settings.width,
            height: settings.height,
            fps: settings.fps,
            priority: settings.priority,
        },
        tracks: track_sids(settings.track_sids),
    })
}

fn subscription_permission(permission: proto::SubscriptionPermission) -> Asked {
    let mut left = SIDS_MAX;
    let allowed = permission
        .track_permissions
        .into_iter()
        .take(PERMISSIONS_MAX)
        .map(|entry| {
            let tracks = track_sids(entry.track_sids.into_iter().take(left));
            left -= tracks.len();
            TrackPermission {
                participant: ParticipantSid::try_from(entry.participant_sid).ok(),
                identity: Identity::try_from(entry.participant_identity).ok(),
                all_tracks: entry.all_tracks,
                tracks,
            }
        })
        .collect();
    Asked::Media(Request::SubscriptionPermission {
        all_participants: permission.all_participants,
        allowed,
    })
}

fn sync_state(state: proto::SyncState) -> SyncState {
    let subscription = state.subscription.unwrap_or_default();
    SyncState {
        subscribe: subscription.subscribe,
        subscription_tracks: subscription_tracks(subscription),
        published: state
            .publish_tracks
            .into_iter()
            .take(SIDS_MAX)
            .map(|published| TrackSid::try_from(published.track?.sid).ok())
            .collect(),
        disabled: track_sids(state.track_sids_disabled),
        data_wanted: state.data_subscription.map(data_track::wishes).unwrap_or_default(),
    }
}

fn subscription_tracks(subscription: proto::UpdateSubscription) -> Vec<TrackSid> {
    let by_participant =
        subscription.participant_tracks.into_iter().flat_map(|tracks| tracks.track_sids);
    track_sids(subscription.track_sids.into_iter().chain(by_participant))
}

fn track_sids(sids: impl IntoIterator<Item = String>) -> Vec<TrackSid> {
    sids.into_iter().take(SIDS_MAX).filter_map(|sid| TrackSid::try_from(sid).ok()).collect()
}

fn on_track(sid: String, request: impl FnOnce(TrackSid) -> Request) -> Asked {
    TrackSid::try_from(sid).map_or(Asked::Nothing, |track| Asked::Media(request(track)))
}

fn refused_track(outcome: Outcome, request: proto::AddTrackRequest) -> Asked {
    Asked::Refused(proto::RequestResponse {
        request_id: 0,
        reason: reason(outcome) as i32,
        message: "this track cannot be published here".to_owned(),
        request: Some(proto::request_response::Request::AddTrack(request)),
    })
}

fn not_supported(request_id: u32, request: Option<proto::request_response::Request>) -> Asked {
    Asked::Refused(proto::RequestResponse {
        request_id,
        reason: proto::request_response::Reason::UnsupportedType as i32,
        message: "this server does not support this request".to_owned(),
        request,
    })
}

/// An update that comes too soon after others.
pub(crate) fn too_often(request_id: u32) -> proto::RequestResponse {
    proto::RequestResponse {
        request_id,
        reason: proto::request_response::Reason::LimitExceeded as i32,
        message: "too many updates: wait a few seconds".to_owned(),
        request: None,
    }
}

/// Known features, once each.
fn audio_features(numbers: &[i32]) -> Vec<i32> {
    let mut features = Vec::new();
    for number in numbers {
        let known = proto::AudioTrackFeature::try_from(*number).is_ok();
        if known && !features.contains(number) {
            features.push(*number);
        }
    }
    features
}

fn codec(codec: &proto::SimulcastCodec) -> SimulcastCodec {
    SimulcastCodec { codec: codec.codec.clone(), cid: codec.cid.clone() }
}

fn layer(layer: &proto::VideoLayer) -> VideoLayer {
    VideoLayer {
        quality: quality(layer.quality()).unwrap_or(VideoQuality::High),
        width: layer.width,
        height: layer.height,
        bitrate_bps: layer.bitrate,
        ssrc: layer.ssrc,
    }
}

pub(crate) fn quality(quality: proto::VideoQuality) -> Option<VideoQuality> {
    match quality {
        proto::VideoQuality::Low => Some(VideoQuality::Low),
        proto::VideoQuality::Medium => Some(VideoQuality::Medium),
        proto::VideoQuality::High => Some(VideoQuality::High),
        proto::VideoQuality::Off => None,
    }
}

pub(crate) fn source(source: proto::TrackSource) -> TrackSource {
    match source {
        proto::TrackSource::Unknown => TrackSource::Unknown,
        proto::TrackSource::Camera => TrackSource::Camera,
        proto::TrackSource::Microphone => TrackSource::Microphone,
        proto::TrackSource::ScreenShare => TrackSource::ScreenShare,
        proto::TrackSource::ScreenShareAudio => TrackSource::ScreenShareAudio,
    }
}

pub(crate) fn target(target: proto::SignalTarget) -> Target {
    match target {
        proto::SignalTarget::Publisher => Target::Publisher,
        proto::SignalTarget::Subscriber => Target::Subscriber,
    }
}
