use std::collections::BTreeMap;
use std::time::Duration;

use livekit_protocol::SignalRequest;
use livekit_protocol::signal_request::Message as Asking;
use proptest::prelude::*;
use prost::Message as _;
use protocol::permission::Admission;
use protocol::token::{Kind, verify};
use protocol::turn_credential::TurnSecret;
use sfu::handle::ShardId;
use sfu::words::{
    command::RemoteDescription,
    event::{Joined, Resumed},
    info::{Claims, Target},
};

use super::*;
use crate::config::Config;
use crate::fallback::Ways;
use crate::ice_servers::IceServers;
use crate::limits::FRAMES_BURST;
use crate::samples::{self, UNIX_S};

#[test]
fn the_first_frame_is_a_complete_join_response() {
    let (_, effects) = opened(17, samples::now());
    let Response::Join(join) = &sent(&effects)[0] else { panic!() };
    assert_eq!(join.room.as_ref().unwrap().sid, "RM_1");
    assert_eq!(join.participant.as_ref().unwrap().sid, "PA_doctor");
    assert_eq!(join.other_participants[0].sid, "PA_patient");
    let server = join.server_info.as_ref().unwrap();
    assert_eq!((server.protocol, server.version.as_str(), server.edition), (17, "1.13.5", 0));
    assert!(server.debug_info.contains("Bedside") && !server.node_id.is_empty());
    assert_eq!(join.server_version, "1.13.5");
    assert_eq!((join.ping_interval, join.ping_timeout), (5, 15));
    assert!(join.subscriber_primary && join.fast_publish);
    assert!(join.ice_servers.is_empty() && join.sif_trailer.is_empty());
    assert_eq!(join.enabled_publish_codecs.len(), 6);
}

#[test]
fn a_client_before_protocol_3_has_no_primary_subscriber() {
    let (_, effects) = opened(2, samples::now());
    let Response::Join(join) = &sent(&effects)[0] else { panic!() };
    assert!(!join.subscriber_primary);
}

#[test]
fn fast_publish_is_for_those_who_may_publish() {
    let mut joined = joined();
    joined.participant.permission.can_publish = false;
    let (_, effects) = greeting(17, &Config::default()).joined(&joined, samples::now());
    let Response::Join(join) = &sent(&effects)[0] else { panic!() };
    assert!(!join.fast_publish);
}

#[test]
fn a_refresh_token_follows_the_join_and_then_comes_every_five_minutes() {
    let start = samples::now();
    let (mut session, effects) = opened(17, start);
    assert_eq!(refresh_tokens(&effects).len(), 1);
    let mut minutes = Vec::new();
    for second in 1..=900 {
        let now = after(start, Duration::from_secs(second));
        session.handle_control(now);
        if !refresh_tokens(&session.handle_timeout(now)).is_empty() {
            minutes.push(second);
        }
    }
    assert_eq!(minutes, [300, 600, 900]);
}

#[test]
fn a_refresh_token_joins_the_same_room_as_the_same_person_and_records_if_the_first_did() {
    let mut token = samples::claims();
    token.kind = Kind::Agent;
    token.grants.room_admin = true;
    token.grants.room_create = true;
    let config = Config::default();
    let greeting = Greeting { token: &token, ..greeting(17, &config) };
    let (_, effects) = greeting.joined(&joined(), samples::now());
    let refreshed = verify(&refresh_tokens(&effects)[0], &samples::keys(), UNIX_S).unwrap();
    let (room, identity) = refreshed.join_subject().unwrap();
    assert_eq!((room.as_str(), identity.as_str()), ("room", "doctor"));
    assert_eq!((refreshed.kind, refreshed.name.as_str()), (Kind::Agent, "Name of doctor"));
    assert_eq!(refreshed.attributes["key"], "value");
    assert!(!refreshed.grants.room_admin && !refreshed.grants.room_create);
    assert!(!refreshed.grants.room_record);

    token.grants.room_record = true;
    token.origins = vec!["https://clinic.example".to_owned()];
    let greeting = Greeting { token: &token, ..self::greeting(17, &config) };
    let (_, effects) = greeting.joined(&joined(), samples::now());
    let refreshed = verify(&refresh_tokens(&effects)[0], &samples::keys(), UNIX_S).unwrap();
    assert!(refreshed.grants.room_record && !refreshed.grants.room_admin);
    assert_eq!(refreshed.origins, token.origins, "a token that renews is good for no other page");
}

#[test]
fn a_refresh_token_lives_ten_minutes_or_as_long_as_the_first_token() {
    for (expires, expected) in [(300, 600), (599, 600), (7200, 7200)] {
        let mut token = samples::claims();
        token.expires_unix_s = UNIX_S + expires;
        let config = Config::default();
        let greeting = Greeting { token: &token, ..greeting(17, &config) };
        let (_, effects) = greeting.joined(&joined(), samples::now());
        let refreshed = verify(&refresh_tokens(&effects)[0], &samples::keys(), UNIX_S).unwrap();
        assert_eq!(refreshed.expires_unix_s, UNIX_S + expected);
    }
}

#[test]
fn changed_claims_bring_a_refresh_token_that_says_them() {
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    let mut permission = samples::participant("doctor").permission;
    permission.can_publish = false;
    let claims = Claims {
        name: "New name".to_owned(),
        metadata: "new metadata".to_owned(),
        attributes: [("new".to_owned(), "value".to_owned())].into(),
        permission,
        admission: Some(Admission::Waiting),
    };
    let effects = session.handle_event(Message::ClaimsChanged(Box::new(claims)), start);
    let refreshed = verify(&refresh_tokens(&effects)[0], &samples::keys(), UNIX_S).unwrap();
    assert_eq!(
        (refreshed.name.as_str(), refreshed.metadata.as_str()),
        ("New name", "new metadata")
    );
    assert_eq!(refreshed.attributes["new"], "value");
    assert!(!refreshed.permission.can_publish);
    assert_eq!(refreshed.admission, Some(Admission::Waiting), "a reconnect admits nobody");
}

#[test]
fn a_resume_tells_who_left_before_who_is_there_and_then_the_room() {
    let mut gone = samples::participant("nurse");
    gone.state = ParticipantState::Disconnected;
    gone.disconnect_reason = Some(LeaveReason::ClientInitiated);
    let resumed = Resumed {
        shard: ShardId(0),
        room: samples::room(),
        participants: vec![gone, samples::participant("patient"), samples::participant("doctor")],
        last_message_seq: 42,
    };
    let config = Config::default();
    let (_, effects) = greeting(17, &config).resumed(resumed, samples::now()).unwrap();
    let responses = sent(&effects);
    let Response::Reconnect(reconnect) = &responses[0] else { panic!() };
    assert_eq!(reconnect.last_message_seq, 42);
    assert_eq!(reconnect.server_info.as_ref().unwrap().protocol, 17);
    let Response::Update(departed) = &responses[1] else { panic!() };
    assert_eq!((departed.participants.len(), departed.participants[0].state), (1, 3));
    assert_eq!(departed.participants[0].disconnect_reason, 1);
    let Response::Update(present) = &responses[2] else { panic!() };
    let sids: Vec<_> = present.participants.iter().map(|info| info.sid.as_str()).collect();
    assert_eq!(sids, ["PA_patient", "PA_doctor"]);
    assert!(matches!(responses[3], Response::RoomUpdate(_)));
    assert!(matches!(responses[4], Response::RefreshToken(_)));
}

#[test]
fn our_turn_is_named_to_a_client_when_it_joins_and_anew_when_it_resumes() {
    let shard_1 = "turn:192.0.2.1:7883?transport=udp";
    let ice_servers = IceServers {
        secret: TurnSecret::new(b"a secret of the tests"),
        urls_by_shard: vec![vec!["turn:192.0.2.1:7882?transport=udp".into()], vec![shard_1.into()]],
        force_relay: true,
        is_held: false,
    };
    let config = Config { ice_servers: Some(ice_servers), ..Config::default() };
    let joined = Joined { shard: ShardId(1), ..joined() };
    let (_, effects) = greeting(17, &config).joined(&joined, samples::now());
    let Response::Join(join) = &sent(&effects)[0] else { panic!() };
    let resumed = Resumed {
        shard: ShardId(1),
        room: samples::room(),
        participants: vec![samples::participant("doctor")],
        last_message_seq: 0,
    };
    let later = after(samples::now(), Duration::from_secs(3600 * 24));
    let (_, effects) = greeting(17, &config).resumed(resumed, later).unwrap();
    let Response::Reconnect(reconnect) = &sent(&effects)[0] else { panic!() };
    for (servers, client) in [
        (&join.ice_servers, &join.client_configuration),
        (&reconnect.ice_servers, &reconnect.client_configuration),
    ] {
        assert_eq!(servers[0].urls, [shard_1]);
        assert!(!servers[0].username.contains("doctor") && !servers[0].credential.is_empty());
        let forced = client.as_ref().unwrap().force_relay();
        assert_eq!(forced, livekit_protocol::ClientConfigSetting::Enabled);
    }
    assert_ne!(join.ice_servers[0].username, reconnect.ice_servers[0].username);
}

#[test]
fn whose_datagrams_failed_is_sent_through_streams() {
    let (udp, tcp) = ("turn:192.0.2.1:7882?transport=udp", "turn:192.0.2.1:443?transport=tcp");
    let ice_servers = IceServers {
        secret: TurnSecret::new(b"a secret of the tests"),
        urls_by_shard: vec![vec![udp.into(), tcp.into()]],
        force_relay: false,
        is_held: true,
    };
    let config = Config { ice_servers: Some(ice_servers), ..Config::default() };
    let greeting = Greeting { ways: Ways::Streams, ..greeting(17, &config) };
    let (_, effects) = greeting.joined(&joined(), samples::now());
    let Response::Join(join) = &sent(&effects)[0] else { panic!() };
    assert_eq!(join.ice_servers[0].urls, [tcp]);
    let forced = join.client_configuration.as_ref().unwrap().force_relay();
    assert_eq!(forced, livekit_protocol::ClientConfigSetting::Enabled);
}

#[test]
fn a_mismatched_resume_is_told_to_join_anew() {
    let effects = Greeting::mismatched(17);
    let Response::Leave(leave) = &sent(&effects)[0] else { panic!() };
    assert_eq!((leave.action, leave.reason, leave.can_reconnect), (2, 6, false));
    assert!(matches!(effects[1], Effect::End(End::Refused)));
    let Response::Leave(old) = &sent(&Greeting::mismatched(12))[0] else { panic!() };
    assert!(old.can_reconnect);
}

#[test]
fn pings_are_answered_in_milliseconds() {
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    let effects = session.handle_frame(&frame(Asking::Ping(5)), start);
    assert_eq!(sent(&effects), [Response::Pong(start.unix_ms)]);
    let ping = proto::Ping { timestamp: 77, rtt: 3 };
    let effects = session.handle_frame(&frame(Asking::PingReq(ping)), start);
    let pong = proto::Pong { last_ping_timestamp: 77, timestamp: start.unix_ms };
    assert_eq!(sent(&effects), [Response::PongResp(pong)]);
}

#[test]
fn requests_go_to_the_media_plane() {
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    let offer = proto::SessionDescription {
        r#type: "offer".to_owned(),
        sdp: "v=0".to_owned(),
        id: 3,
        ..Default::default()
    };
    let effects = session.handle_frame(&frame(Asking::Offer(offer)), start);
    let [Effect::Media(Request::Offer { id: 3, description })] = &effects[..] else { panic!() };
    assert_eq!(**description, RemoteDescription::parse("v=0").unwrap());
    let broken = proto::SessionDescription { sdp: "v=1".to_owned(), ..Default::default() };
    for asking in [Asking::Offer(broken.clone()), Asking::Answer(broken)] {
        let effects = session.handle_frame(&frame(asking), start);
        assert!(matches!(&effects[..], [Effect::Media(Request::Unreadable { too_large: false })]));
    }
    let trickle = proto::TrickleRequest { target: 1, ..Default::default() };
    let effects = session.handle_frame(&frame(Asking::Trickle(trickle)), start);
    let [Effect::Media(Request::Trickle { target: Target::Subscriber })] = &effects[..] else {
        panic!()
    };
}

#[test]
fn a_client_that_leaves_hears_no_echo() {
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    let effects = session.handle_frame(&frame(Asking::Leave(Default::default())), start);
    assert!(matches!(effects[..], [Effect::Media(Request::Leave), Effect::End(End::Left)]));
    assert!(session.handle_event(Message::Room(samples::room()), start).is_empty());
    assert!(session.handle_frame(&frame(Asking::Ping(1)), start).is_empty());
}

#[test]
fn a_server_leave_is_sent_before_the_end() {
    for (protocol, action, number, can_reconnect) in [
        (17, LeaveAction::Disconnect, 0, false),
        (17, LeaveAction::Reconnect, 2, false),
        (12, LeaveAction::Reconnect, 2, true),
        (12, LeaveAction::Disconnect, 0, false),
    ] {
        let start = samples::now();
        let (mut session, _) = opened(protocol, start);
        let message = Message::Leave { reason: LeaveReason::DuplicateIdentity, action };
        let effects = session.handle_event(message, start);
        let [Effect::Send(response), Effect::End(End::Left)] = &effects[..] else { panic!() };
        let Response::Leave(leave) = &**response else { panic!() };
        assert_eq!((leave.action, leave.reason), (number, 2));
        assert_eq!(leave.can_reconnect, can_reconnect);
    }
}

#[test]
fn success_of_a_request_is_told_from_protocol_15_on_and_failure_always() {
    for (protocol, outcome, told) in
        [(14, Outcome::Ok, 0), (15, Outcome::Ok, 1), (14, Outcome::NotAllowed, 1)]
    {
        let start = samples::now();
        let (mut session, _) = opened(protocol, start);
        let message = Message::RequestOutcome {
            request_id: 8,
            outcome,
            message: String::new(),
            add_track: None,
        };
        let effects = session.handle_event(message, start);
        assert_eq!(effects.len(), told);
    }
}

#[test]
fn an_offer_carries_its_id_and_the_map_of_mids() {
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    let message = Message::Offer {
        id: 4,
        sdp: "v=0".to_owned(),
        mid_to_track: [("1".to_owned(), samples::track_sid("TR_a"))].into(),
    };
    let effects = session.handle_event(message, start);
    let [Response::Offer(offer)] = &sent(&effects)[..] else { panic!() };
    assert_eq!((offer.r#type.as_str(), offer.id, offer.sdp.as_str()), ("offer", 4, "v=0"));
    assert_eq!(offer.mid_to_track_id["1"], "TR_a");
    let answer = Message::Answer { id: 9, sdp: "v=0".to_owned(), mid_to_track: BTreeMap::new() };
    let effects = session.handle_event(answer, start);
    let [Response::Answer(answer)] = &sent(&effects)[..] else { panic!() };
    assert_eq!((answer.r#type.as_str(), answer.id), ("answer", 9));
}

#[test]
fn every_other_message_is_one_response() {
    let track = || samples::track_sid("TR_a");
    let publisher = || samples::participant_sid("PA_a");
    let speaker = sfu::words::info::Speaker { participant: publisher(), level: 0.5, active: true };
    let messages = [
        Message::TrackPublished { cid: "cid".to_owned(), track: samples::track() },
        Message::TrackUnpublished(track()),
        Message::TrackSubscribed(track()),
        Message::Participant(Arc::new(samples::participant("a"))),
        Message::Room(samples::room()),
        Message::Speakers(vec![speaker]),
        Message::RemoteMute { track: track(), muted: true },
        Message::SubscriptionAllowed { publisher: publisher(), track: track(), allowed: true },
        Message::SubscriptionFailed {
            track: track(),
            error: sfu::words::event::SubscriptionError::TrackNotFound,
        },
    ];
    let expected = [6, 17, 23, 5, 11, 10, 9, 15, 21];
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    for (message, field) in messages.into_iter().zip(expected) {
        let effects = session.handle_event(message, start);
        let [response] = &sent(&effects)[..] else { panic!() };
        let response = livekit_protocol::SignalResponse { message: Some(response.clone()) };
        let bytes = response.encode_to_vec();
        let tag = prost::encoding::decode_varint(&mut &bytes[..]).unwrap();
        assert_eq!(tag >> 3, field);
    }
}

#[test]
fn broken_and_oversized_frames_end_the_session_with_a_leave() {
    let oversized = Frame::Binary(vec![0; FRAME_BYTES_MAX + 1].into());
    for (frame, violation) in [
        (Frame::Binary(vec![0x0a, 0xff].into()), Violation::Broken),
        (Frame::Text("not json".to_owned()), Violation::Broken),
        (oversized, Violation::Oversize),
    ] {
        let start = samples::now();
        let (mut session, _) = opened(17, start);
        assert_violation(&session.handle_frame(&frame, start), violation);
        assert!(session.has_ended());
    }
}

#[test]
fn a_frame_of_exactly_the_limit_is_accepted() {
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    // Unknown field 99 as padding: tag, three bytes of length, content.
    let length = FRAME_BYTES_MAX - 5;
    let mut bytes = vec![0x9a, 0x06];
    prost::encoding::encode_varint(length as u64, &mut bytes);
    bytes.resize(bytes.len() + length, 0);
    assert_eq!(bytes.len(), FRAME_BYTES_MAX);
    assert!(session.handle_frame(&Frame::Binary(bytes.into()), start).is_empty());
}

#[test]
fn too_many_frames_end_the_session() {
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    for _ in 0..FRAMES_BURST {
        assert_eq!(session.handle_frame(&frame(Asking::Ping(1)), start).len(), 1);
    }
    assert_violation(&session.handle_frame(&frame(Asking::Ping(1)), start), Violation::Rate);
    let (mut session, _) = opened(17, start);
    for _ in 0..FRAMES_BURST {
        assert!(session.handle_control(start).is_empty());
    }
    assert_violation(&session.handle_control(start), Violation::Rate);
}

#[test]
fn unknown_requests_are_ignored() {
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    let future = Frame::Binary(vec![0x9a, 0x06, 0x00].into());
    assert!(session.handle_frame(&future, start).is_empty());
    assert!(!session.has_ended());
}

#[test]
fn the_first_frame_decides_the_encoding() {
    let start = samples::now();
    let text = Frame::Text(r#"{"ping":"1"}"#.to_owned());
    let (mut session, _) = opened(17, start);
    assert_eq!(session.encoding(), Encoding::Protobuf);
    session.handle_frame(&text, start);
    assert_eq!(session.encoding(), Encoding::Json);
    let (mut session, _) = opened(17, start);
    session.handle_frame(&frame(Asking::Ping(1)), start);
    session.handle_frame(&text, start);
    assert_eq!(session.encoding(), Encoding::Protobuf);
}

#[test]
fn a_silent_socket_is_pinged_every_ten_seconds_and_ended_after_thirty() {
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    let mut pings = Vec::new();
    let ended = loop {
        let due = session.poll_timeout();
        let waited = due - start.instant;
        let effects = session.handle_timeout(after(start, waited));
        match &effects[..] {
            [Effect::Ping] => pings.push(waited.as_secs()),
            [Effect::End(End::Silent)] => break waited.as_secs(),
            _ => panic!(),
        }
    };
    assert_eq!((pings, ended), (vec![10, 20], 30));
}

#[test]
fn any_frame_keeps_a_socket_open() {
    let start = samples::now();
    let (mut session, _) = opened(17, start);
    session.handle_control(after(start, Duration::from_secs(29)));
    session.handle_timeout(after(start, Duration::from_secs(58)));
    assert!(!session.has_ended());
    session.handle_timeout(after(start, Duration::from_secs(59)));
    assert!(session.has_ended());
}

proptest! {
    #[test]
    fn no_sequence_of_frames_panics_or_speaks_after_the_end(
        frames in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..60), 0..20,
        ),
    ) {
        let start = samples::now();
        let (mut session, _) = opened(17, start);
        for bytes in frames {
            let ended = session.has_ended();
            let effects = session.handle_frame(&Frame::Binary(bytes.into()), start);
            prop_assert!(!ended || effects.is_empty());
            prop_assert_eq!(
                session.has_ended(),
                ended || matches!(effects.last(), Some(Effect::End(_)))
            );
        }
    }
}

fn assert_violation(effects: &[Effect], expected: Violation) {
    let [Effect::Send(response), Effect::Media(Request::Leave), Effect::End(end)] = effects else {
        panic!("{effects:?}")
    };
    let Response::Leave(leave) = &**response else { panic!() };
    assert_eq!((leave.action, leave.reason), (0, 9));
    assert_eq!(*end, End::Violated(expected));
}

fn opened(protocol: u32, now: Now) -> (Session, Vec<Effect>) {
    greeting(protocol, &Config::default()).joined(&joined(), now)
}

fn greeting(protocol: u32, config: &Config) -> Greeting<'_> {
    Greeting {
        session: SessionId(1),
        room: samples::room_name(),
        identity: samples::identity("doctor"),
        token: Box::leak(Box::new(samples::claims())),
        protocol,
        ways: Ways::All,
        config,
        keys: Box::leak(Box::new(samples::keys())),
    }
}

fn joined() -> Joined {
    Joined {
        shard: ShardId(0),
        room: samples::room(),
        participant: samples::participant("doctor"),
        others: vec![samples::participant("patient")],
        subscriber_primary: true,
    }
}

fn frame(message: Asking) -> Frame {
    Frame::Binary(SignalRequest { message: Some(message) }.encode_to_vec().into())
}

fn sent(effects: &[Effect]) -> Vec<Response> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(response) => Some((**response).clone()),
            _ => None,
        })
        .collect()
}

fn refresh_tokens(effects: &[Effect]) -> Vec<String> {
    sent(effects)
        .into_iter()
        .filter_map(|response| match response {
            Response::RefreshToken(token) => Some(token),
            _ => None,
        })
        .collect()
}

fn after(now: Now, passed: Duration) -> Now {
    let passed_ms = i64::try_from(passed.as_millis()).unwrap();
    Now { instant: now.instant + passed, unix_ms: now.unix_ms + passed_ms }
}
