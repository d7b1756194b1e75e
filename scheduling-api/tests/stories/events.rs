//! Watching what happens, over a real socket.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use scheduling_api::domain::actor::Actor;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

use super::notifications::{ANN, house};
use crate::world::{World, practice::Practice};

const NINE: &str = "2026-03-02T09:00:00Z";
const TEN: &str = "2026-03-02T10:00:00Z";

/// Somebody's socket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(world: &World, address: &str, by: &str, last: Option<&str>) -> (Self, Value) {
        let ticket = world.post("/v1/events/ticket").by(by).reply().await.ok();
        let ticket = ticket["ticket"].as_str().unwrap();
        let last = last.map_or(String::new(), |last| format!("&last_event_id={last}"));
        let url = format!("ws://{address}/v1/events?ticket={ticket}{last}");
        let mut socket = Self(connect_async(url).await.unwrap().0);
        let hello = socket.next().await;
        assert_eq!(hello["type"], "hello");
        (socket, hello)
    }

    /// The next message; `{"closed": code}` at the end.
    pub async fn next(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await;
            match message.expect("something is told").unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => {
                    let frame = frame.unwrap();
                    return json!({ "closed": u16::from(frame.code), "reason": frame.reason.as_str() });
                }
                _ => {}
            }
        }
    }

    /// The topics of the next so many events.
    async fn topics(&mut self, count: usize) -> Vec<String> {
        let mut topics = Vec::new();
        for _ in 0..count {
            let event = self.next().await;
            topics.push(event["topic"].as_str().unwrap_or_else(|| panic!("{event}")).to_owned());
        }
        topics
    }
}

async fn booked(world: &World, practice: &Practice, start: &str) -> Value {
    let ask = world.post("/v1/appointments").by(&practice.patient_token).once(start);
    ask.send(practice.booking(start)).await.ok()
}

async fn everybody_hears_of_what_concerns_them_and_of_nothing_else(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let other = world.practice("UTC", (8, 18)).await;
    let neighbour = scheduling_api::demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let neighbour = world.patient_token(&practice.clinic, &neighbour);
    let address = world.serve().await;
    let mut sockets = Vec::new();
    for by in [
        &practice.patient_token,
        &practice.practitioner_token,
        &practice.desk,
        &neighbour,
        &other.desk,
    ] {
        sockets.push(Socket::open(&world, &address, by, None).await.0);
    }
    let mine = booked(&world, &practice, NINE).await;
    // So that those who hear nothing hear something at last.
    let ask = world.post("/v1/appointments").by(&neighbour).once("n");
    let beside = ask.send(practice.booking(TEN)).await.ok();
    let theirs = booked(&world, &other, NINE).await;
    world.work().await;
    // The neighbour hears nothing of mine; practitioner and desk hear of both; the other clinic of its own.
    let expected = [
        vec![&mine, &mine],
        vec![&mine, &beside, &mine, &beside],
        vec![&mine, &beside, &mine, &beside],
        vec![&beside, &beside],
        vec![&theirs, &theirs],
    ];
    for (socket, expected) in sockets.iter_mut().zip(expected) {
        let mut heard = Vec::new();
        for _ in &expected {
            let event = socket.next().await;
            heard.push((event["topic"].clone(), event["about"].clone()));
        }
        for appointment in expected {
            let about = heard.iter().filter(|(_, about)| *about == appointment["id"]);
            let topics: Vec<_> = about.map(|(topic, _)| topic.as_str().unwrap()).collect();
            assert_eq!(topics, ["appointment.held", "appointment.booked"]);
        }
    }
}

async fn who_comes_back_is_told_what_was_missed_once_and_in_order(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let address = world.serve().await;
    let (mut socket, _) = Socket::open(&world, &address, &practice.desk, None).await;
    booked(&world, &practice, NINE).await;
    world.work().await;
    let first = socket.next().await;
    drop(socket);
    booked(&world, &practice, TEN).await;
    world.work().await;
    let last = first["id"].as_str().unwrap();
    let (mut socket, hello) = Socket::open(&world, &address, &practice.desk, Some(last)).await;
    assert_eq!(hello["resumed"], true);
    booked(&world, &practice, "2026-03-02T11:00:00Z").await;
    world.work().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(socket.next().await["id"].as_str().unwrap().parse::<i64>().unwrap());
    }
    let last: i64 = last.parse().unwrap();
    assert_eq!(ids, (last + 1..=last + 5).collect::<Vec<_>>());
    let far = Socket::open(&world, &address, &practice.desk, Some("999999")).await;
    assert_eq!(far.1["resumed"], false, "a number from another life");
}

async fn events_of_another_process_are_told_too(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let address = world.serve().await;
    let (mut socket, _) = Socket::open(&world, &address, &practice.desk, None).await;
    booked(&world, &practice, NINE).await;
    // Its own bus, the same database: nobody watches there.
    let mut elsewhere = world.api.clone();
    elsewhere.live = std::sync::Arc::default();
    scheduling_api::work_once(&elsewhere).await.unwrap();
    world.work().await;
    assert_eq!(socket.topics(2).await, ["appointment.held", "appointment.booked"]);
}

async fn a_ticket_opens_one_socket_and_none_for_another_sites_page(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let address = world.serve().await;
    let refused = async |ticket: &str, origin: Option<&str>| {
        let url = format!("ws://{address}/v1/events?ticket={ticket}");
        let mut request = url.into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match connect_async(request).await {
            Ok(_) => 101,
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
        }
    };
    let ticket = async || {
        let made = world.post("/v1/events/ticket").by(&practice.desk).reply().await.ok();
        made["ticket"].as_str().unwrap().to_owned()
    };
    let first = ticket().await;
    assert_eq!(refused(&first, None).await, 101);
    assert_eq!(refused(&first, None).await, 410);
    assert_eq!(refused("bt_made_up", None).await, 410);
    let second = ticket().await;
    assert_eq!(refused(&second, Some("https://evil.example")).await, 403);
    assert_eq!(refused(&second, Some("https://clinic.example")).await, 101);
    let third = ticket().await;
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(refused(&third, None).await, 410);
    assert_eq!(world.post("/v1/events/ticket").reply().await.problem(), (401, "not-signed-in"));
    let nowhere = world.token(Actor::anyone());
    assert_eq!(world.post("/v1/events/ticket").by(&nowhere).reply().await.problem().0, 401);
}

async fn a_socket_ends_with_its_session(world: World) {
    let house = house(world).await;
    let address = house.world.serve().await;
    let (mut socket, _) = Socket::open(&house.world, &address, &house.ann, None).await;
    house.world.post("/v1/auth/logout").by(&house.ann).reply().await;
    assert_eq!(socket.next().await, json!({ "closed": 4401, "reason": "session-ended" }));
    // Who signs in again goes on.
    let ann = house.world.signed_in(ANN).await;
    let (mut socket, _) = Socket::open(&house.world, &address, &ann, None).await;
    socket.0.send(Message::Ping(Vec::new().into())).await.unwrap();
    assert!(matches!(socket.0.next().await, Some(Ok(Message::Pong(_) | Message::Ping(_)))));
}

stories! {
    everybody_hears_of_what_concerns_them_and_of_nothing_else
    who_comes_back_is_told_what_was_missed_once_and_in_order
    events_of_another_process_are_told_too
    a_ticket_opens_one_socket_and_none_for_another_sites_page
    a_socket_ends_with_its_session
}
