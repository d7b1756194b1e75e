//! From the upgrade to the exchange of messages.

use base64::Engine as _;
use futures_util::StreamExt;
use livekit_protocol as proto;
use livekit_protocol::signal_request::Message as Asking;
use livekit_protocol::signal_response::Message as Response;
use prost::Message as _;
use protocol::ids::TrackSid;
use protocol::token::{Audience, verify};
use sfu::words::{
    command::{Command, Connections, RemoteDescription, Request},
    event::{JoinRefusal, Message},
    info::Claims,
};
use signaling::clock::{Clock as _, SystemClock};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message as WsMessage;

use crate::fixture::{Client, Script, bearer, claims, keys, start, token, token_of};

const OFFER: &str = "v=0\r\ns=from the client\r\n";

#[tokio::test]
async fn a_join_is_answered_before_the_upgrade_and_first_on_the_socket() {
    let mut fixture = start(Script::Accept).await;
    let mut client =
        fixture.try_open("auto_subscribe=0&protocol=17&sdk=js&browser=Chrome").await.unwrap();
    let Response::Join(response) = client.next().await else { panic!("not a join") };
    assert_eq!(response.participant.unwrap().sid, "PA_one");
    assert_eq!(response.server_info.unwrap().protocol, 17);
    let join = fixture.next_join().await;
    assert_eq!((join.room.as_str(), join.identity.as_str()), ("room", "doctor"));
    assert!(!join.auto_subscribe && join.may_open_room && join.resume.is_none());
    assert_eq!((join.client.sdk.as_str(), join.client.protocol), ("js", 17));
    assert!((join.unix_ms - SystemClock.now().unix_ms).abs() < 60_000);
    assert_eq!(fixture.signaling.counters().joins, 1);
    assert_eq!(fixture.signaling.counters().sockets_open, 1);
}

#[tokio::test]
async fn a_token_in_the_header_counts_before_one_in_the_query() {
    let mut fixture = start(Script::Accept).await;
    let mut other = claims();
    other.name = "from the query".to_owned();
    let mut request = fixture.request(&format!("//rtc?access_token={}", token_of(&other)));
    let mut own = claims();
    own.name = "from the header".to_owned();
    request.headers_mut().insert("authorization", bearer(&token_of(&own)));
    let (_socket, _) = connect_async(request).await.unwrap();
    assert_eq!(fixture.next_join().await.name, "from the header");
}

#[tokio::test]
async fn every_session_has_its_own_id() {
    let mut fixture = start(Script::Accept).await;
    let (_first_client, first) = fixture.joined("").await;
    let (_second_client, second) = fixture.joined("").await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn requests_and_events_pass_between_client_and_media_plane() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("protocol=17").await;
    client
        .ask(Asking::Offer(proto::SessionDescription {
            r#type: "offer".to_owned(),
            sdp: OFFER.to_owned(),
            id: 5,
            ..Default::default()
        }))
        .await;
    let Command::Request { session: asker, request } = fixture.next_command().await else {
        panic!()
    };
    assert_eq!(asker, session);
    let read = RemoteDescription::parse(OFFER).unwrap();
    assert!(matches!(request, Request::Offer { id: 5, description } if *description == read));
    fixture.tell(
        session,
        Message::Answer {
            id: 5,
            sdp: "v=0 from us".to_owned(),
            mid_to_track: std::collections::BTreeMap::new(),
        },
    );
    let Response::Answer(answer) = client.next().await else { panic!() };
    assert_eq!((answer.id, answer.sdp.as_str()), (5, "v=0 from us"));
}

#[tokio::test]
async fn a_client_with_one_connection_joins_with_its_offer_and_is_answered() {
    let mut fixture = start(Script::Accept).await;
    let offer = proto::SessionDescription {
        r#type: "offer".to_owned(),
        sdp: OFFER.to_owned(),
        id: 1,
        ..Default::default()
    };
    let request = proto::JoinRequest {
        client_info: Some(proto::ClientInfo { protocol: 17, ..Default::default() }),
        publisher_offer: Some(offer),
        ..Default::default()
    };
    let wrapped = proto::WrappedJoinRequest {
        compression: proto::wrapped_join_request::Compression::None as i32,
        join_request: request.encode_to_vec(),
    };
    let text = base64::engine::general_purpose::URL_SAFE.encode(wrapped.encode_to_vec());
    let target = format!("/rtc/v1?access_token={}&join_request={text}", token());
    let (socket, _) = connect_async(fixture.request(&target)).await.unwrap();
    let mut client = Client { socket };
    let join = fixture.next_join().await;
    assert_eq!((join.connections, join.client.protocol), (Connections::One, 17));
    assert!(matches!(client.next().await, Response::Join(_)));
    assert!(matches!(client.next().await, Response::RefreshToken(_)));
    let Command::Request { request: Request::Offer { id: 1, description }, .. } =
        fixture.next_command().await
    else {
        panic!("the offer that came with the join")
    };
    assert_eq!(*description, RemoteDescription::parse(OFFER).unwrap());
    let track = TrackSid::try_from("TR_x".to_owned()).unwrap();
    let mid_to_track = [("4".to_owned(), track)].into();
    fixture.tell(join.session, Message::Answer { id: 1, sdp: "v=0".to_owned(), mid_to_track });
    let Response::Answer(answer) = client.next().await else { panic!() };
    assert_eq!((answer.id, answer.mid_to_track_id["4"].as_str()), (1, "TR_x"));
    fixture.tell(join.session, Message::SectionsWanted { audio: 2, video: 0 });
    let Response::MediaSectionsRequirement(wanted) = client.next().await else { panic!() };
    assert_eq!((wanted.num_audios, wanted.num_videos), (2, 0));
}

#[tokio::test]
async fn pings_are_answered() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, _) = fixture.joined("").await;
    client.ask(Asking::Ping(1)).await;
    assert!(matches!(client.next().await, Response::Pong(ms) if ms > 1_600_000_000_000));
    client.ask(Asking::PingReq(proto::Ping { timestamp: 9, rtt: 1 })).await;
    assert!(
        matches!(client.next().await, Response::PongResp(pong) if pong.last_ping_timestamp == 9)
    );
}

#[tokio::test]
async fn a_client_that_begins_with_text_is_answered_in_json() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("").await;
    client.send(WsMessage::Text(r#"{"pingReq":{"timestamp":"9","rtt":"1"}}"#.into())).await;
    assert!(json(&mut client).await["pongResp"]["lastPingTimestamp"] == "9");
    fixture.tell(session, Message::Room(crate::fixture::room(claims().room.unwrap())));
    assert!(json(&mut client).await["roomUpdate"]["room"]["sid"] == "RM_one");
}

#[tokio::test]
async fn a_token_of_the_api_opens_one_session_and_a_failed_join_costs_nothing() {
    let mut fixture = start(Script::Accept).await;
    let mut once = claims();
    (once.id, once.audience) = (Some("rt_1".to_owned()), Audience::Media);
    let token = token_of(&once);
    let open = |query: &str| format!("/rtc?access_token={token}&{query}");
    fixture.follow(Script::Refuse(JoinRefusal::RoomFull));
    let full = fixture.refused(fixture.request(&open(""))).await;
    assert_eq!(full.0, 503);
    fixture.next_join().await;
    fixture.follow(Script::Accept);
    let (socket, _) = connect_async(fixture.request(&open(""))).await.unwrap();
    fixture.next_join().await;
    let used = fixture.refused(fixture.request(&open(""))).await;
    assert_eq!(used.0, 401);
    assert!(used.1.contains("has opened a session before"), "{}", used.1);
    // Whoever resumes names a session; whoever brings another's token, as often as they like, is none of ours.
    assert!(connect_async(fixture.request(&open("reconnect=1&sid=PA_one"))).await.is_ok());
    once.audience = Audience::Unsaid;
    let theirs = token_of(&once);
    for _ in 0..2 {
        let path = format!("/rtc?access_token={theirs}");
        assert!(connect_async(fixture.request(&path)).await.is_ok());
    }
    drop(socket);
}

#[tokio::test]
async fn unknown_requests_are_ignored() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, _) = fixture.joined("").await;
    client.send(WsMessage::Binary(vec![0x9a, 0x06, 0x00].into())).await;
    client.ask(Asking::Ping(1)).await;
    assert!(matches!(client.next().await, Response::Pong(_)));
    assert!(!fixture.has_command());
}

#[tokio::test]
async fn a_resume_is_greeted_with_reconnect_and_the_complete_roster() {
    let mut fixture = start(Script::Accept).await;
    let mut client = fixture.try_open("reconnect=1&sid=PA_one&protocol=17").await.unwrap();
    let join = fixture.next_join().await;
    assert_eq!(join.resume.unwrap().participant.as_str(), "PA_one");
    let Response::Reconnect(reconnect) = client.next().await else { panic!() };
    assert_eq!(reconnect.last_message_seq, 42);
    let Response::Update(update) = client.next().await else { panic!() };
    assert_eq!(update.participants[0].sid, "PA_one");
    assert!(matches!(client.next().await, Response::RoomUpdate(_)));
    assert!(matches!(client.next().await, Response::RefreshToken(_)));
    assert_eq!(fixture.signaling.counters().resumes, 1);
}

#[tokio::test]
async fn a_resume_that_cannot_be_is_told_to_join_anew_on_the_socket() {
    for (refusal, sid) in [
        (JoinRefusal::StateMismatch, "PA_one"),
        (JoinRefusal::RoomNotFound, "PA_one"),
        (JoinRefusal::StateMismatch, "garbage"),
    ] {
        let mut fixture = start(Script::Refuse(refusal)).await;
        let mut client =
            fixture.try_open(&format!("reconnect=1&sid={sid}&protocol=17")).await.unwrap();
        assert_eq!(client.leave_and_close().await, (2, 6, 1000));
        fixture.signaling.drained().await;
        if sid == "PA_one" {
            fixture.next_join().await;
        }
        assert!(!fixture.has_command(), "the media plane knows of no session");
        assert_eq!(fixture.signaling.counters().resumes_mismatched, 1);
    }
}

#[tokio::test]
async fn refresh_tokens_can_be_joined_with() {
    let mut fixture = start(Script::Accept).await;
    let mut client = fixture.try_open("").await.unwrap();
    let session = fixture.next_join().await.session;
    client.next().await;
    let Response::RefreshToken(refreshed) = client.next().await else { panic!() };
    let request = fixture.request(&format!("/rtc?access_token={refreshed}"));
    connect_async(request).await.unwrap();
    fixture.tell(
        session,
        Message::ClaimsChanged(Box::new(Claims {
            name: "new name".to_owned(),
            metadata: String::new(),
            attributes: [("consent".to_owned(), "given".to_owned())].into(),
            permission: claims().permission,
            admission: None,
        })),
    );
    let Response::RefreshToken(changed) = client.next().await else { panic!() };
    let changed = verify(&changed, &keys(), SystemClock.now().unix_s()).unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.attributes["consent"].as_str()),
        ("new name", "given")
    );
}

#[tokio::test]
async fn sockets_are_pinged() {
    let config = signaling::Config {
        ping_interval: std::time::Duration::from_millis(20),
        ..signaling::Config::default()
    };
    let mut fixture = crate::fixture::start_with(Script::Accept, config).await;
    let (mut client, _) = fixture.joined("").await;
    assert!(matches!(client.socket.next().await, Some(Ok(WsMessage::Ping(_)))));
}

async fn json(client: &mut Client) -> serde_json::Value {
    match client.next_message().await {
        WsMessage::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}
