//! The client's half of the signal protocol: what virtual clients say, as LiveKit's messages, and back.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use livekit_protocol::{
    self as proto, signal_request::Message as Asking, signal_response::Message as Response,
};
use protocol::{
    ids::{Identity, ParticipantSid, RoomSid, TrackSid},
    permission::{Permission, TrackSource},
};
use sfu::placement::ShardId;
use sfu::words::{
    command::{AddTrack, Request},
    event::{Joined, LeaveAction, Message, Outcome},
    info::{
        LeaveReason, MediaKind, ParticipantInfo, ParticipantKind, ParticipantState, RoomInfo,
        TrackInfo, VideoQuality,
    },
};
use sim::Side;

/// What the server told.
pub(super) enum Heard {
    /// Something for the virtual client.
    Message(Box<Message>),
    /// An address of the server for one of the connections.
    Candidate(Side, SocketAddr),
    /// Nothing that matters here.
    Nothing,
}

/// A request as it goes over the wire; `None` for what these clients never ask.
pub(super) fn asking(request: sim::Asking) -> Option<Asking> {
    let description = |kind: &str, id, sdp| proto::SessionDescription {
        r#type: kind.to_owned(),
        sdp,
        id,
        ..Default::default()
    };
    match request {
        sim::Asking::Offer { id, sdp } => Some(Asking::Offer(description("offer", id, sdp))),
        sim::Asking::Answer { id, sdp } => Some(Asking::Answer(description("answer", id, sdp))),
        sim::Asking::Other(request) => other(request),
    }
}

fn other(request: Request) -> Option<Asking> {
    match request {
        Request::AddTrack(track) => Some(Asking::AddTrack(add_track(*track))),
        Request::Mute { track, muted } => {
            Some(Asking::Mute(proto::MuteTrackRequest { sid: track.into(), muted }))
        }
        Request::Leave => Some(Asking::Leave(proto::LeaveRequest {
            reason: proto::DisconnectReason::ClientInitiated as i32,
            ..Default::default()
        })),
        _ => None,
    }
}

/// Tells of a host candidate, and that there are no more.
pub(super) fn candidates(side: Side, address: SocketAddr) -> [Asking; 2] {
    let (ip, port) = (address.ip(), address.port());
    let told = format!("candidate:1 1 udp 2130706431 {ip} {port} typ host");
    let trickle = |candidate: &str, r#final| {
        let init = serde_json::json!({
            "candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0,
        });
        let target = match side {
            Side::Publisher => proto::SignalTarget::Publisher,
            Side::Subscriber => proto::SignalTarget::Subscriber,
        };
        Asking::Trickle(proto::TrickleRequest {
            candidate_init: init.to_string(),
            target: target as i32,
            r#final,
        })
    };
    [trickle(&told, false), trickle("", true)]
}

fn add_track(track: AddTrack) -> proto::AddTrackRequest {
    let layer = |layer: &sfu::words::info::VideoLayer| {
        let quality = match layer.quality {
            VideoQuality::Low => proto::VideoQuality::Low,
            VideoQuality::Medium => proto::VideoQuality::Medium,
            VideoQuality::High => proto::VideoQuality::High,
        };
        proto::VideoLayer {
            quality: quality as i32,
            width: layer.width,
            height: layer.height,
            bitrate: layer.bitrate_bps,
            spatial_layer: quality as i32,
            ..Default::default()
        }
    };
    let layers: Vec<_> = track.layers.iter().map(layer).collect();
    let codec = |codec: sfu::words::command::SimulcastCodec| proto::SimulcastCodec {
        codec: codec.codec,
        cid: codec.cid,
        layers: layers.clone(),
        ..Default::default()
    };
    proto::AddTrackRequest {
        r#type: match track.kind {
            MediaKind::Audio => proto::TrackType::Audio,
            MediaKind::Video => proto::TrackType::Video,
        } as i32,
        source: match track.source {
            TrackSource::Camera => proto::TrackSource::Camera,
            TrackSource::Microphone => proto::TrackSource::Microphone,
            TrackSource::ScreenShare => proto::TrackSource::ScreenShare,
            TrackSource::ScreenShareAudio => proto::TrackSource::ScreenShareAudio,
            TrackSource::Unknown => proto::TrackSource::Unknown,
        } as i32,
        simulcast_codecs: track.codecs.into_iter().map(codec).collect(),
        cid: track.cid,
        name: track.name,
        width: track.width,
        height: track.height,
        layers,
        ..Default::default()
    }
}

/// What a response means to a virtual client.
pub(super) fn heard(response: Response) -> Heard {
    let message = match response {
        Response::Join(join) => joined(join),
        Response::Answer(answer) => {
            let (id, sdp) = (answer.id, answer.sdp);
            Some(Message::Answer { id, sdp, mid_to_track: BTreeMap::new() })
        }
        Response::Offer(offer) => {
            Some(Message::Offer { id: offer.id, sdp: offer.sdp, mid_to_track: BTreeMap::new() })
        }
        Response::TrackPublished(published) => published.track.and_then(|track| {
            let track = track_info(track)?;
            Some(Message::TrackPublished { cid: published.cid, track })
        }),
        Response::Leave(leave) => Some(Message::Leave {
            reason: leave_reason(leave.reason()),
            action: LeaveAction::Disconnect,
        }),
        Response::RequestResponse(response) => refused_track(response.request),
        Response::Trickle(trickle) => return trickled(&trickle),
        _ => None,
    };
    message.map_or(Heard::Nothing, |message| Heard::Message(Box::new(message)))
}

/// Only what a virtual client reads of a join; who else is there is told by the subscriber offers.
fn joined(join: proto::JoinResponse) -> Option<Message> {
    let me = join.participant?;
    let room = join.room?;
    let room = RoomInfo {
        sid: RoomSid::try_from(room.sid).ok()?,
        name: room.name.try_into().ok()?,
        empty_timeout_s: 0,
        departure_timeout_s: 0,
        participants_max: 0,
        created_unix_ms: 0,
        metadata: String::new(),
        participants: 0,
        publishers: 0,
        active_recording: false,
    };
    let participant = ParticipantInfo {
        sid: ParticipantSid::try_from(me.sid).ok()?,
        identity: Identity::try_from(me.identity).ok()?,
        name: String::new(),
        state: ParticipantState::Joined,
        tracks: Vec::new(),
        metadata: String::new(),
        attributes: BTreeMap::new(),
        joined_unix_ms: 0,
        version: me.version,
        permission: Permission::default(),
        kind: ParticipantKind::Standard,
        is_publisher: false,
        client_protocol: 0,
        capabilities: Vec::new(),
        data_tracks: Vec::new(),
        disconnect_reason: None,
    };
    Some(Message::Joined(Box::new(Joined {
        shard: ShardId(0),
        room,
        participant,
        others: Vec::new(),
        subscriber_primary: join.subscriber_primary,
    })))
}

fn track_info(track: proto::TrackInfo) -> Option<TrackInfo> {
    let kind = match track.r#type() {
        proto::TrackType::Audio => MediaKind::Audio,
        proto::TrackType::Video => MediaKind::Video,
        proto::TrackType::Data => return None,
    };
    Some(TrackInfo {
        sid: TrackSid::try_from(track.sid).ok()?,
        kind,
        name: track.name,
        muted: track.muted,
        width: track.width,
        height: track.height,
        simulcast: false,
        source: TrackSource::Unknown,
        layers: Vec::new(),
        mime_type: track.mime_type,
        mid: track.mid,
        codecs: Vec::new(),
        encryption: 0,
        stream: track.stream,
        disable_red: false,
        audio_features: Vec::new(),
        version: 0,
    })
}

fn refused_track(request: Option<proto::request_response::Request>) -> Option<Message> {
    let Some(proto::request_response::Request::AddTrack(track)) = request else { return None };
    let refused = AddTrack {
        cid: track.cid,
        name: String::new(),
        kind: MediaKind::Audio,
        source: TrackSource::Unknown,
        muted: false,
        width: 0,
        height: 0,
        layers: Vec::new(),
        codecs: Vec::new(),
        encryption: 0,
        stream: String::new(),
        disable_red: false,
        audio_features: Vec::new(),
        existing: None,
    };
    Some(Message::RequestOutcome {
        request_id: 0,
        outcome: Outcome::NotAllowed,
        message: String::new(),
        add_track: Some(Box::new(refused)),
    })
}

fn leave_reason(reason: proto::DisconnectReason) -> LeaveReason {
    match reason {
        proto::DisconnectReason::DuplicateIdentity => LeaveReason::DuplicateIdentity,
        proto::DisconnectReason::ServerShutdown => LeaveReason::ServerShutdown,
        proto::DisconnectReason::ParticipantRemoved => LeaveReason::ParticipantRemoved,
        proto::DisconnectReason::RoomDeleted => LeaveReason::RoomDeleted,
        proto::DisconnectReason::StateMismatch => LeaveReason::StateMismatch,
        proto::DisconnectReason::JoinFailure => LeaveReason::JoinFailure,
        proto::DisconnectReason::RoomClosed => LeaveReason::RoomClosed,
        proto::DisconnectReason::ConnectionTimeout => LeaveReason::ConnectionTimeout,
        proto::DisconnectReason::MediaFailure => LeaveReason::MediaFailure,
        _ => LeaveReason::Unknown,
    }
}

fn trickled(trickle: &proto::TrickleRequest) -> Heard {
    let side = match trickle.target() {
        proto::SignalTarget::Publisher => Side::Publisher,
        proto::SignalTarget::Subscriber => Side::Subscriber,
    };
    candidate(&trickle.candidate_init).map_or(Heard::Nothing, |to| Heard::Candidate(side, to))
}

/// The address in a trickled candidate of UDP (RFC 8839 §5.1); an empty one means that there are no more.
fn candidate(init: &str) -> Option<SocketAddr> {
    let init: serde_json::Value = serde_json::from_str(init).ok()?;
    let text = init.get("candidate")?.as_str()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_udp = words.get(2)?.eq_ignore_ascii_case("udp");
    let ip: IpAddr = words.get(4)?.parse().ok()?;
    let port = words.get(5)?.parse().ok()?;
    is_udp.then_some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickled_candidate_reads_back_as_the_address_and_the_last_says_so() {
        let address = "192.0.2.7:5000".parse().unwrap();
        let [first, last] = candidates(Side::Subscriber, address).map(|asking| match asking {
            Asking::Trickle(trickle) => trickle,
            other => panic!("{other:?}"),
        });
        let Heard::Candidate(side, heard) = trickled(&first) else { panic!("no candidate") };
        assert_eq!((side, heard, first.r#final), (Side::Subscriber, address, false));
        assert!(matches!(trickled(&last), Heard::Nothing) && last.r#final);
    }

    #[test]
    fn only_udp_candidates_are_addresses() {
        let init = |protocol: &str| {
            let text = format!("candidate:1 1 {protocol} 2130706431 192.0.2.7 7882 typ host");
            serde_json::json!({ "candidate": text, "sdpMid": "0" }).to_string()
        };
        assert_eq!(candidate(&init("udp")), Some("192.0.2.7:7882".parse().unwrap()));
        assert_eq!(candidate(&init("tcp")), None);
        assert_eq!(candidate(r#"{"candidate":"","sdpMid":"0","sdpMLineIndex":0}"#), None);
    }
}
