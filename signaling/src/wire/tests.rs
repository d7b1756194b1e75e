use livekit_protocol as proto;
use livekit_protocol::signal_request::Message as Asking;
use livekit_protocol::signal_response::Message as Response;
use proptest::prelude::*;
use prost::Message as _;
use protocol::ids::DataTrackSid;
use protocol::permission::TrackSource;
use sfu::words::{
    command::{DataTrackRequest, Request},
    event::{LeaveAction, Outcome, SubscriptionError},
    info::{
        DataTrackInfo, LeaveReason, MediaKind, ParticipantKind, ParticipantState, VideoQuality,
    },
};

use super::asked::{Asked, reason};
use super::to_media::translate;
use super::*;
use crate::limits::{TRACK_PARTS_MAX, TRACK_TEXT_BYTES_MAX, UPDATE_BYTES_MAX};
use crate::samples;

/// Numbers as the `.proto` files have them, written out: the wire is the contract, not the crate's
/// names.
#[test]
fn enums_have_the_numbers_of_the_wire() {
    use super::from_media as from;
    let table: Vec<(i32, i32)> = vec![
        (from::leave_reason(LeaveReason::Unknown) as i32, 0),
        (from::leave_reason(LeaveReason::ClientInitiated) as i32, 1),
        (from::leave_reason(LeaveReason::DuplicateIdentity) as i32, 2),
        (from::leave_reason(LeaveReason::ServerShutdown) as i32, 3),
        (from::leave_reason(LeaveReason::ParticipantRemoved) as i32, 4),
        (from::leave_reason(LeaveReason::RoomDeleted) as i32, 5),
        (from::leave_reason(LeaveReason::StateMismatch) as i32, 6),
        (from::leave_reason(LeaveReason::JoinFailure) as i32, 7),
        (from::leave_reason(LeaveReason::Migration) as i32, 8),
        (from::leave_reason(LeaveReason::SignalClose) as i32, 9),
        (from::leave_reason(LeaveReason::RoomClosed) as i32, 10),
        (from::leave_reason(LeaveReason::ConnectionTimeout) as i32, 14),
        (from::leave_reason(LeaveReason::MediaFailure) as i32, 15),
        (from::leave_action(LeaveAction::Disconnect) as i32, 0),
        (from::leave_action(LeaveAction::Resume) as i32, 1),
        (from::leave_action(LeaveAction::Reconnect) as i32, 2),
        (reason(Outcome::Ok) as i32, 0),
        (reason(Outcome::NotFound) as i32, 1),
        (reason(Outcome::NotAllowed) as i32, 2),
        (reason(Outcome::LimitExceeded) as i32, 3),
        (reason(Outcome::Queued) as i32, 4),
        (reason(Outcome::UnsupportedType) as i32, 5),
        (from::subscription_error(SubscriptionError::CodecUnsupported) as i32, 1),
        (from::subscription_error(SubscriptionError::TrackNotFound) as i32, 2),
        (from::quality(VideoQuality::Low) as i32, 0),
        (from::quality(VideoQuality::Medium) as i32, 1),
        (from::quality(VideoQuality::High) as i32, 2),
        (from::source(TrackSource::Unknown) as i32, 0),
        (from::source(TrackSource::Camera) as i32, 1),
        (from::source(TrackSource::Microphone) as i32, 2),
        (from::source(TrackSource::ScreenShare) as i32, 3),
        (from::source(TrackSource::ScreenShareAudio) as i32, 4),
        (from::media_kind(MediaKind::Audio) as i32, 0),
        (from::media_kind(MediaKind::Video) as i32, 1),
        (from::state(ParticipantState::Joining) as i32, 0),
        (from::state(ParticipantState::Joined) as i32, 1),
        (from::state(ParticipantState::Active) as i32, 2),
        (from::state(ParticipantState::Disconnected) as i32, 3),
        (from::kind(ParticipantKind::Standard) as i32, 0),
        (from::kind(ParticipantKind::Ingress) as i32, 1),
        (from::kind(ParticipantKind::Egress) as i32, 2),
        (from::kind(ParticipantKind::Sip) as i32, 3),
        (from::kind(ParticipantKind::Agent) as i32, 4),
        (from::kind(ParticipantKind::Connector) as i32, 7),
        (from::kind(ParticipantKind::Bridge) as i32, 8),
    ];
    for (row, (ours, wire)) in table.into_iter().enumerate() {
        assert_eq!(ours, wire, "row {row}");
    }
    assert_eq!(LeaveReason::MediaFailure as u8, 15, "the media plane's own numbers agree");
}

#[test]
fn enums_survive_a_round_trip() {
    use super::{from_media as from, to_media as to};
    for source in (0..5).map(|number| proto::TrackSource::try_from(number).unwrap()) {
        assert_eq!(from::source(to::source(source)), source);
    }
    for quality in (0..3).map(|number| proto::VideoQuality::try_from(number).unwrap()) {
        assert_eq!(to::quality(quality).map(from::quality), Some(quality));
    }
}

#[test]
fn a_participant_arrives_whole() {
    let info = from_media::participant(samples::participant("patient"));
    assert_eq!((info.sid.as_str(), info.identity.as_str()), ("PA_patient", "patient"));
    assert_eq!((info.name.as_str(), info.metadata.as_str()), ("Name of patient", "metadata"));
    assert_eq!((info.state, info.version, info.kind), (2, 3, 0));
    assert_eq!((info.joined_at, info.joined_at_ms), (1_700_000_001, 1_700_000_001_500));
    assert_eq!(info.attributes["key"], "value");
    assert_eq!((info.client_protocol, info.capabilities), (2, vec![1, 2]));
    assert!(info.is_publisher);
    let permission = info.permission.unwrap();
    assert!(permission.can_publish && permission.can_subscribe && permission.can_publish_data);
    assert_eq!(info.tracks.len(), 1);
    assert_eq!(info.disconnect_reason, 0);
}

#[test]
#[expect(deprecated, reason = "older clients read them")]
fn a_track_arrives_whole() {
    let track = from_media::track(samples::track());
    assert_eq!((track.sid.as_str(), track.name.as_str()), ("TR_VC1", "camera"));
    assert_eq!((track.r#type, track.source, track.encryption), (1, 1, 1));
    assert_eq!((track.width, track.height), (1280, 720));
    assert!(track.muted && track.simulcast && track.disable_red && track.stereo);
    assert!(!track.disable_dtx);
    assert_eq!((track.mime_type.as_str(), track.mid.as_str()), ("video/VP8", "1"));
    assert_eq!((track.stream.as_str(), track.audio_features), ("camera", vec![0, 3]));
    assert_eq!(track.version.unwrap().ticks, 5);
    let codec = &track.codecs[0];
    assert_eq!((codec.cid.as_str(), codec.sdp_cid.as_str()), ("cid", "sdp-cid"));
    for layer in track.layers.iter().chain(&codec.layers) {
        assert_eq!((layer.quality, layer.width, layer.height), (1, 640, 360));
        assert_eq!((layer.bitrate, layer.ssrc), (500_000, 7));
    }
}

#[test]
fn a_room_arrives_whole() {
    let room = from_media::room(samples::room());
    assert_eq!((room.sid.as_str(), room.name.as_str()), ("RM_1", "room"));
    assert_eq!((room.empty_timeout, room.departure_timeout), (300, 20));
    assert_eq!((room.creation_time, room.creation_time_ms), (1_700_000_000, 1_700_000_000_999));
    assert_eq!((room.max_participants, room.num_participants, room.num_publishers), (64, 2, 1));
    assert!(room.active_recording);
    assert_eq!(room.metadata, "room metadata");
}

#[test]
fn video_codecs_are_announced_before_audio_codecs() {
    let mimes: Vec<_> = from_media::enabled_codecs().into_iter().map(|codec| codec.mime).collect();
    let expected = ["video/VP8", "video/H264", "video/VP9", "video/AV1", "audio/opus", "audio/red"];
    assert_eq!(mimes, expected);
}

#[test]
fn large_updates_are_split_without_losing_anybody() {
    let people: Vec<_> = (0..40)
        .map(|number| {
            let mut info = samples::participant(&format!("p{number}"));
            info.metadata = "m".repeat(10_000);
            info
        })
        .collect();
    let updates = from_media::updates(people.clone());
    assert!(updates.len() > 1);
    let mut sids = Vec::new();
    for update in updates {
        let Response::Update(update) = update else { panic!() };
        assert!(update.encoded_len() <= UPDATE_BYTES_MAX + 16 * update.participants.len());
        sids.extend(update.participants.into_iter().map(|info| info.sid));
    }
    let expected: Vec<_> = people.iter().map(|info| info.sid.to_string()).collect();
    assert_eq!(sids, expected);
    assert!(from_media::updates(Vec::new()).is_empty());
}

#[test]
fn a_participant_larger_than_an_update_is_sent_alone() {
    let mut info = samples::participant("big");
    info.metadata = "m".repeat(UPDATE_BYTES_MAX + 1);
    let updates =
        from_media::updates(vec![samples::participant("a"), info, samples::participant("b")]);
    assert_eq!(updates.len(), 3);
}

#[test]
#[expect(deprecated, reason = "older clients send them")]
fn a_track_to_publish_is_read_whole() {
    let Asked::Media(Request::AddTrack(track)) = translate(Asking::AddTrack(add_track())) else {
        panic!()
    };
    assert_eq!((track.cid.as_str(), track.name.as_str()), ("cid", "camera"));
    assert_eq!((track.kind, track.source), (MediaKind::Video, TrackSource::Camera));
    assert_eq!((track.width, track.height, track.encryption), (1280, 720, 1));
    assert!(track.muted && track.disable_red);
    assert_eq!(track.stream, "camera");
    assert_eq!(track.layers[0].quality, VideoQuality::Medium);
    assert_eq!((track.codecs[0].codec.as_str(), track.codecs[0].cid.as_str()), ("vp8", "cid"));
    assert_eq!(track.audio_features, [3, 0], "unknown and repeated ones left out, stereo added");
    assert_eq!(track.existing, None);
    let echo = from_media::add_track(*track);
    let sent = proto::AddTrackRequest {
        audio_features: vec![3, 0],
        stereo: false,
        layers: vec![proto::VideoLayer { spatial_layer: 1, ..add_track().layers[0].clone() }],
        ..add_track()
    };
    assert_eq!(echo, sent);
}

#[test]
fn tracks_that_cannot_be_published_are_refused_with_an_echo() {
    let with = |change: fn(&mut proto::AddTrackRequest)| {
        let mut request = add_track();
        change(&mut request);
        request
    };
    for (request, reason) in [
        (with(|track| track.r#type = proto::TrackType::Data as i32), 5),
        (with(|track| track.r#type = 99), 5),
        (with(|track| track.encryption = 99), 5),
        (with(|track| track.sid = "PA_x".to_owned()), 1),
        (with(|track| track.cid = "c".repeat(TRACK_TEXT_BYTES_MAX + 1)), 3),
        (with(|track| track.name = "n".repeat(TRACK_TEXT_BYTES_MAX + 1)), 3),
        (with(|track| track.layers = vec![Default::default(); TRACK_PARTS_MAX + 1]), 3),
        (with(|track| track.simulcast_codecs[0].cid = "c".repeat(2000)), 3),
    ] {
        let Asked::Refused(refusal) = translate(Asking::AddTrack(request.clone())) else {
            panic!("{reason}")
        };
        assert_eq!(refusal.reason, reason);
        let echo = proto::request_response::Request::AddTrack(request);
        assert_eq!(refusal.request, Some(echo));
    }
}

#[test]
fn subscriptions_by_participant_count_and_foreign_sids_do_not() {
    let subscription = proto::UpdateSubscription {
        track_sids: vec!["TR_a".to_owned(), "garbage".to_owned()],
        subscribe: true,
        participant_tracks: vec![proto::ParticipantTracks {
            participant_sid: "PA_x".to_owned(),
            track_sids: vec!["TR_b".to_owned()],
        }],
    };
    let asked = translate(Asking::Subscription(subscription));
    let Asked::Media(Request::Subscription { tracks, subscribe }) = asked else { panic!() };
    assert_eq!(tracks, [samples::track_sid("TR_a"), samples::track_sid("TR_b")]);
    assert!(subscribe);
}

#[test]
fn track_settings_are_read_and_quality_off_disables() {
    let settings = |quality: i32| {
        let settings = proto::UpdateTrackSettings {
            track_sids: vec!["TR_a".to_owned()],
            quality,
            width: 640,
            height: 360,
            fps: 15,
            priority: 2,
            ..Default::default()
        };
        match translate(Asking::TrackSetting(settings)) {
            Asked::Media(Request::TrackSettings { settings, .. }) => settings,
            _ => panic!(),
        }
    };
    let medium = settings(1);
    assert_eq!(medium.quality, Some(VideoQuality::Medium));
    assert_eq!((medium.width, medium.height, medium.fps, medium.priority), (640, 360, 15, 2));
    assert!(!medium.disabled);
    assert!(settings(3).disabled);
    assert_eq!(settings(99).quality, None);
}

#[test]
fn a_sync_state_keeps_its_mismatches() {
    let published = |sid: &str| proto::TrackPublishedResponse {
        cid: "cid".to_owned(),
        track: Some(proto::TrackInfo { sid: sid.to_owned(), ..Default::default() }),
    };
    let state = proto::SyncState {
        subscription: Some(proto::UpdateSubscription {
            track_sids: vec!["TR_off".to_owned()],
            ..Default::default()
        }),
        publish_tracks: vec![
            published("TR_mine"),
            proto::TrackPublishedResponse::default(),
            published("garbage"),
        ],
        track_sids_disabled: vec!["TR_dark".to_owned()],
        ..Default::default()
    };
    let Asked::Media(Request::SyncState(state)) = translate(Asking::SyncState(state)) else {
        panic!()
    };
    assert_eq!(state.published, [Some(samples::track_sid("TR_mine")), None, None]);
    assert_eq!(state.subscription_tracks, [samples::track_sid("TR_off")]);
    assert_eq!(state.disabled, [samples::track_sid("TR_dark")]);
    assert!(!state.subscribe);
}

#[test]
fn subscription_permissions_name_people_by_sid_or_identity() {
    let permission = proto::SubscriptionPermission {
        all_participants: false,
        track_permissions: vec![
            proto::TrackPermission {
                participant_sid: "PA_x".to_owned(),
                all_tracks: true,
                ..Default::default()
            },
            proto::TrackPermission {
                participant_identity: "patient".to_owned(),
                track_sids: vec!["TR_a".to_owned()],
                ..Default::default()
            },
        ],
    };
    let asked = translate(Asking::SubscriptionPermission(permission));
    let Asked::Media(Request::SubscriptionPermission { all_participants, allowed }) = asked else {
        panic!()
    };
    assert!(!all_participants);
    assert_eq!(allowed[0].participant, Some(samples::participant_sid("PA_x")));
    assert!(allowed[0].identity.is_none() && allowed[0].all_tracks);
    assert_eq!(allowed[1].identity, Some(samples::identity("patient")));
    assert_eq!(allowed[1].tracks, [samples::track_sid("TR_a")]);
}

#[test]
fn requests_about_no_track_of_ours_do_nothing() {
    let mute = proto::MuteTrackRequest { sid: "garbage".to_owned(), muted: true };
    assert!(matches!(translate(Asking::Mute(mute)), Asked::Nothing));
    let update = proto::UpdateLocalVideoTrack::default();
    assert!(matches!(translate(Asking::UpdateVideoTrack(update)), Asked::Nothing));
}

#[test]
fn too_much_metadata_is_refused_with_its_request_id() {
    let update = proto::UpdateParticipantMetadata {
        metadata: "m".repeat(protocol::token::METADATA_BYTES_MAX + 1),
        request_id: 9,
        ..Default::default()
    };
    let Asked::Refused(refusal) = translate(Asking::UpdateMetadata(update)) else { panic!() };
    assert_eq!((refusal.request_id, refusal.reason), (9, 3));
}

#[test]
fn data_blobs_are_refused_as_unsupported() {
    let request = proto::GetDataBlobRequest { request_id: 4, ..Default::default() };
    let Asked::Refused(refusal) = translate(Asking::GetDataBlobRequest(request)) else { panic!() };
    assert_eq!((refusal.reason, refusal.request_id), (5, 4));
}

#[test]
fn what_only_clients_understand_of_a_data_track_comes_back_as_it_went() {
    let request = proto::PublishDataTrackRequest {
        pub_handle: 7,
        name: "pulse".to_owned(),
        encryption: 1,
        frame_encoding: Some(proto::DataTrackFrameEncoding {
            value: Some(proto::data_track_frame_encoding::Value::Custom("hl7".to_owned())),
        }),
        schema: Some(proto::DataTrackSchemaId { name: "pulse.v1".to_owned(), encoding: None }),
    };
    let asked = translate(Asking::PublishDataTrackRequest(request.clone()));
    let Asked::Media(Request::PublishDataTrack(offer)) = asked else { panic!() };
    assert_eq!((offer.handle.0, offer.name.as_str(), offer.encryption), (7, "pulse", 1));
    let info = data_track::info(DataTrackInfo {
        sid: DataTrackSid::try_from("DTR_1".to_owned()).unwrap(),
        handle: offer.handle,
        name: offer.name.clone(),
        encryption: offer.encryption,
        description: offer.description.clone(),
    });
    assert_eq!((info.pub_handle, info.sid.as_str()), (7, "DTR_1"));
    assert_eq!((&info.frame_encoding, &info.schema), (&request.frame_encoding, &request.schema));
    let echo = data_track::request(DataTrackRequest::Publish(*offer));
    assert_eq!(echo, proto::request_response::Request::PublishDataTrack(request));
}

#[test]
fn a_data_track_that_cannot_be_is_refused_and_echoed() {
    let good = proto::PublishDataTrackRequest {
        pub_handle: 1,
        name: "n".to_owned(),
        ..Default::default()
    };
    let long = "n".repeat(5000);
    for (request, reason) in [
        (proto::PublishDataTrackRequest { pub_handle: 65_536, ..good.clone() }, 7),
        (proto::PublishDataTrackRequest { name: long, ..good.clone() }, 3),
        (proto::PublishDataTrackRequest { encryption: 99, ..good }, 5),
    ] {
        let asked = translate(Asking::PublishDataTrackRequest(request.clone()));
        let Asked::Refused(refusal) = asked else { panic!() };
        assert_eq!(refusal.reason, reason);
        let echo = proto::request_response::Request::PublishDataTrack(request);
        assert_eq!(refusal.request, Some(echo));
    }
}

#[test]
fn a_json_frame_says_the_same_as_a_protobuf_frame() {
    let json = r#"{"mute":{"sid":"TR_a","muted":true,"futureField":1}}"#;
    let request = SignalRequest {
        message: Some(Asking::Mute(proto::MuteTrackRequest {
            sid: "TR_a".to_owned(),
            muted: true,
        })),
    };
    let binary = Frame::Binary(request.encode_to_vec().into());
    assert_eq!(Frame::Text(json.to_owned()).decode(), binary.decode());
    assert_eq!(binary.decode(), Ok(request.message));
}

#[test]
fn json_answers_are_camel_case_with_long_numbers_as_text() {
    let pong = Response::PongResp(proto::Pong { last_ping_timestamp: 5, timestamp: 6 });
    let Frame::Text(text) = Frame::encode(pong, Encoding::Json) else { panic!() };
    assert_eq!(text, r#"{"pongResp":{"lastPingTimestamp":"5","timestamp":"6"}}"#);
}

#[test]
fn unknown_requests_decode_to_nothing_and_broken_ones_do_not_decode() {
    // Field 99, length-delimited, empty.
    assert_eq!(Frame::Binary(Bytes::from_static(&[0x9a, 0x06, 0x00])).decode(), Ok(None));
    assert_eq!(Frame::Binary(Bytes::new()).decode(), Ok(None));
    assert_eq!(Frame::Text(r#"{"future":{}}"#.to_owned()).decode(), Ok(None));
    assert_eq!(Frame::Binary(Bytes::from_static(&[0x0a, 0xff])).decode(), Err(BrokenFrame));
    assert_eq!(Frame::Text("{".to_owned()).decode(), Err(BrokenFrame));
    let deep = "[".repeat(100_000);
    assert_eq!(Frame::Text(format!(r#"{{"mute":{deep}"#)).decode(), Err(BrokenFrame));
}

proptest! {
    #[test]
    fn any_bytes_decode_or_are_broken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(Some(message)) = Frame::Binary(bytes.into()).decode() {
            translate(message);
        }
    }
}

#[expect(deprecated, reason = "older clients send them")]
fn add_track() -> proto::AddTrackRequest {
    proto::AddTrackRequest {
        cid: "cid".to_owned(),
        name: "camera".to_owned(),
        r#type: proto::TrackType::Video as i32,
        width: 1280,
        height: 720,
        muted: true,
        source: proto::TrackSource::Camera as i32,
        layers: vec![proto::VideoLayer {
            quality: 1,
            width: 640,
            height: 360,
            bitrate: 500_000,
            ..Default::default()
        }],
        simulcast_codecs: vec![proto::SimulcastCodec {
            codec: "vp8".to_owned(),
            cid: "cid".to_owned(),
            ..Default::default()
        }],
        stereo: true,
        disable_red: true,
        encryption: 1,
        stream: "camera".to_owned(),
        audio_features: vec![3, 3, 99],
        ..Default::default()
    }
}
