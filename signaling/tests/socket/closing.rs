//! How sockets end, and what the media plane hears of it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use livekit_protocol::signal_request::Message as Asking;
use livekit_protocol::signal_response::Message as Response;
use sfu::handle::SendError;
use sfu::words::{
    command::{Command, Request},
    event::{LeaveAction, Message},
    info::LeaveReason,
};
use signaling::Config;
use signaling::limits::{
    FRAME_BYTES_MAX, FRAME_BYTES_READ_MAX, FRAMES_BURST, OFFERS_BURST, SOCKET_BYTES_MAX,
};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message as WsMessage;

use crate::fixture::{Fixture, Script, start, start_with};

#[tokio::test]
async fn a_frame_over_the_limit_ends_only_its_socket_with_a_leave_and_1009() {
    let mut fixture = start(Script::Accept).await;
    let (mut bystander, _) = fixture.joined("").await;
    let (mut client, session) = fixture.joined("").await;
    client.send(WsMessage::Binary(vec![0; FRAME_BYTES_MAX + 1].into())).await;
    assert_eq!(client.leave_and_close().await, (0, 9, 1009));
    assert_left(&mut fixture, session).await;
    bystander.ask(Asking::Ping(1)).await;
    assert!(matches!(bystander.next().await, Response::Pong(_)));
    assert_eq!(fixture.signaling.counters().closed_oversize, 1);
}

#[tokio::test]
async fn a_frame_too_large_to_be_read_ends_its_socket_too() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("").await;
    // Only the header of a masked binary frame that announces more than is ever read.
    let mut header = vec![0x82, 0xff];
    header.extend((FRAME_BYTES_READ_MAX as u64 + 1).to_be_bytes());
    header.extend([0; 4]);
    raw(&mut client).write_all(&header).await.unwrap();
    assert_eq!(client.leave_and_close().await, (0, 9, 1009));
    assert_left(&mut fixture, session).await;
    assert_eq!(fixture.signaling.counters().closed_oversize, 1);
}

#[tokio::test]
async fn broken_frames_end_their_socket_with_a_leave_and_1007() {
    for broken in
        [WsMessage::Binary(vec![0x0a, 0xff].into()), WsMessage::Binary(vec![0xff; 100].into())]
    {
        let mut fixture = start(Script::Accept).await;
        let (mut client, session) = fixture.joined("").await;
        client.send(broken).await;
        assert_eq!(client.leave_and_close().await, (0, 9, 1007));
        assert_left(&mut fixture, session).await;
        assert_eq!(fixture.signaling.counters().closed_broken, 1);
    }
}

#[tokio::test]
async fn text_that_is_not_utf_8_ends_its_socket_with_a_leave_and_1007() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("").await;
    raw(&mut client).write_all(&[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xff]).await.unwrap();
    assert_eq!(client.leave_and_close().await, (0, 9, 1007));
    assert_left(&mut fixture, session).await;
}

#[tokio::test]
async fn a_frame_without_mask_ends_its_socket_with_1002() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("").await;
    raw(&mut client).write_all(&[0x82, 0x01, 0x00]).await.unwrap();
    assert_eq!(client.leave_and_close().await, (0, 9, 1002));
    assert_left(&mut fixture, session).await;
}

#[tokio::test]
async fn broken_json_is_answered_with_a_leave_in_json() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, _) = fixture.joined("").await;
    client.send(WsMessage::Text("not json".into())).await;
    let WsMessage::Text(text) = client.next_message().await else { panic!() };
    assert!(text.contains(r#""leave":"#) && text.contains("SIGNAL_CLOSE"), "{text}");
    assert_eq!(client.close_code().await, 1007);
}

#[tokio::test]
async fn a_flood_of_frames_ends_its_socket_with_1008() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("").await;
    // An unknown request each, sent in one go; far more than are refilled while they are read.
    for _ in 0..10 * FRAMES_BURST {
        client.socket.feed(WsMessage::Binary(vec![0x9a, 0x06, 0x00].into())).await.unwrap();
    }
    // The server stops reading at some point.
    let _ = client.socket.flush().await;
    assert_eq!(client.leave_and_close().await, (0, 9, 1008));
    assert_left(&mut fixture, session).await;
    assert_eq!(fixture.signaling.counters().closed_rate, 1);
}

#[tokio::test]
async fn a_client_that_leaves_is_closed_without_an_echo() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("").await;
    client.ask(Asking::Leave(Default::default())).await;
    assert_eq!(client.close_code().await, 1000);
    assert_left(&mut fixture, session).await;
}

#[tokio::test]
async fn a_server_leave_arrives_before_the_close_behind_everything_before_it() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("protocol=17").await;
    fixture.tell(
        session,
        Message::Answer {
            id: 1,
            sdp: "x".repeat(100_000),
            mid_to_track: std::collections::BTreeMap::new(),
        },
    );
    let (reason, action) = (LeaveReason::ServerShutdown, LeaveAction::Reconnect);
    fixture.tell(session, Message::Leave { reason, action });
    assert!(matches!(client.next().await, Response::Answer(_)));
    assert_eq!(client.leave_and_close().await, (2, 3, 1000));
    drop(client);
    fixture.signaling.drained().await;
    assert!(!fixture.has_command(), "the media plane knows that the session is over");
}

#[tokio::test]
async fn a_socket_that_is_lost_or_closed_without_a_leave_is_reported() {
    let mut fixture = start(Script::Accept).await;
    let (client, session) = fixture.joined("").await;
    drop(client);
    assert_closed(&mut fixture, session).await;
    let (mut client, session) = fixture.joined("").await;
    client.socket.close(None).await.unwrap();
    assert_closed(&mut fixture, session).await;
    // The close is answered in kind.
    while let Some(message) = client.socket.next().await {
        assert!(message.unwrap().is_close());
    }
    fixture.signaling.drained().await;
}

#[tokio::test]
async fn a_silent_socket_is_closed_and_reported() {
    let config = Config { idle_timeout: Duration::from_millis(50), ..Config::default() };
    let mut fixture = start_with(Script::Accept, config).await;
    let (mut client, session) = fixture.joined("").await;
    assert_eq!(client.close_code().await, 1001);
    assert_closed(&mut fixture, session).await;
    assert_eq!(fixture.signaling.counters().closed_idle, 1);
}

#[tokio::test]
async fn a_socket_that_does_not_read_is_closed_and_reported() {
    let config = Config { write_timeout: Duration::from_millis(200), ..Config::default() };
    let mut fixture = start_with(Script::Accept, config).await;
    let (_client, session) = fixture.joined("").await;
    while fixture.signaling.counters().closed_write == 0 {
        fixture.tell(
            session,
            Message::Answer {
                id: 1,
                sdp: "x".repeat(50_000),
                mid_to_track: std::collections::BTreeMap::new(),
            },
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_closed(&mut fixture, session).await;
    until_nothing_waits(&fixture).await;
}

#[tokio::test]
async fn a_socket_that_is_told_more_than_its_budget_is_closed_and_its_bytes_given_back() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("").await;
    for _ in 0..=SOCKET_BYTES_MAX / 50_000 {
        fixture.tell(
            session,
            Message::Answer {
                id: 1,
                sdp: "x".repeat(50_000),
                mid_to_track: std::collections::BTreeMap::new(),
            },
        );
    }
    assert_eq!(fixture.signaling.counters().closed_slow, 1);
    assert_eq!(client.close_code().await, 1013);
    assert_closed(&mut fixture, session).await;
    until_nothing_waits(&fixture).await;
}

#[tokio::test]
async fn a_resume_closes_the_socket_that_it_replaces() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("").await;
    let mut newer = fixture.try_open("reconnect=1&sid=PA_one&protocol=17").await.unwrap();
    assert!(matches!(newer.next().await, Response::Reconnect(_)));
    assert_eq!(client.close_code().await, 1000);
    fixture.next_join().await;
    assert_closed(&mut fixture, session).await;
    assert_eq!(fixture.signaling.counters().closed_superseded, 1);
    newer.ask(Asking::Ping(1)).await;
    loop {
        if let Response::Pong(_) = newer.next().await {
            break;
        }
    }
}

#[tokio::test]
async fn offers_in_a_row_end_their_socket_with_1008() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, _) = fixture.joined("").await;
    for _ in 0..10 * OFFERS_BURST {
        let offer =
            livekit_protocol::SessionDescription { sdp: "v=0".to_owned(), ..Default::default() };
        client.ask(Asking::Offer(offer)).await;
    }
    assert_eq!(client.leave_and_close().await, (0, 9, 1008));
    assert_eq!(fixture.signaling.counters().closed_work, 1);
}

async fn until_nothing_waits(fixture: &Fixture) {
    fixture.signaling.drained().await;
    assert_eq!(fixture.signaling.counters().bytes_waiting, 0);
}

#[tokio::test]
async fn an_overloaded_media_plane_closes_the_socket_and_hears_of_it_later() {
    let mut fixture = start(Script::Accept).await;
    let (mut client, session) = fixture.joined("").await;
    fixture.follow(Script::Fail(SendError::Overloaded));
    client.ask(Asking::Trickle(Default::default())).await;
    assert_eq!(client.close_code().await, 1013);
    fixture.follow(Script::Accept);
    assert_closed(&mut fixture, session).await;
    assert_eq!(fixture.signaling.counters().closed_overload, 1);
}

async fn assert_left(fixture: &mut Fixture, expected: protocol::ids::SessionId) {
    match fixture.next_command().await {
        Command::Request { session, request: Request::Leave } => assert_eq!(session, expected),
        other => panic!("{other:?}"),
    }
    assert!(!fixture.has_command());
}

async fn assert_closed(fixture: &mut Fixture, expected: protocol::ids::SessionId) {
    match fixture.next_command().await {
        Command::SessionClosed(session) => assert_eq!(session, expected),
        other => panic!("{other:?}"),
    }
}

fn raw(client: &mut crate::fixture::Client) -> &mut tokio::net::TcpStream {
    match client.socket.get_mut() {
        MaybeTlsStream::Plain(stream) => stream,
        _ => panic!("no TLS here"),
    }
}
