//! Tokens used again and again: every socket has an owner that ends it. T-rows S6, S9, S10 as far as they apply today.

use std::time::Duration;

use tokio_tungstenite::tungstenite::{self, Error};

use super::{
    attacker::{Socket, ask, descriptors, until},
    binary::Binary,
    victims::Victims,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_resume_ends_the_socket_that_it_replaces() {
    let victims = Victims::start(&[]).await;
    let token = Binary::token("attacker");
    let mut first = Socket::open(&victims.server, &token, "").await.unwrap();
    let sid = first.own_sid().await;
    let (mut held, files) = (vec![first], descriptors(victims.server.pid()));
    for _ in 0..40 {
        let query = format!("&reconnect=1&sid={sid}");
        // Too fast for the older ones to be gone: refused, and tried again.
        match Socket::open(&victims.server, &token, &query).await {
            Ok(socket) => held.push(socket),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    let pid = victims.server.pid();
    until("old sockets closed", Duration::from_secs(10), || descriptors(pid) <= files + 1).await;
    victims.server.metric_becomes("bedside_signaling_sockets", 3).await;
    for socket in held.iter_mut().rev().skip(1) {
        socket.until_closed().await;
    }
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_token_joining_again_and_again_holds_one_place() {
    let victims = Victims::start(&[]).await;
    let token = Binary::token("attacker");
    let mut held = Vec::new();
    for _ in 0..40 {
        match Socket::open(&victims.server, &token, "").await {
            Ok(socket) => held.push(socket),
            Err(Error::Http(response)) => assert_eq!(response.status(), 503),
            Err(other) => panic!("{other}"),
        }
    }
    victims.server.metric_becomes("bedside_signaling_sockets", 3).await;
    victims.server.metric_becomes("bedside_sfu_participants{shard=\"0\"}", 3).await;
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_of_another_origin_opens_no_socket() {
    let victims = Victims::start(&["--origins=https://clinic.example"]).await;
    let token = Binary::token("attacker");
    let upgrade = |origin: &str| {
        format!(
            "GET /rtc?access_token={token} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: {origin}\r\n\r\n"
        )
    };
    for origin in [
        "https://evil.example",
        "https://clinic.example.evil.example",
        "https://evilclinic.example",
        "http://clinic.example",
        "https://clinic.example:8443",
        "https://xn--clnic-6ve.example",
        "null",
    ] {
        let answer = ask(victims.server.http(), &upgrade(origin)).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{origin}: {answer}");
    }
    let mut guesses = 0;
    for number in 0..50 {
        let forged = format!("{}{number}", &token[..token.len() - 3]);
        match Socket::open(&victims.server, &forged, "").await.map(|_| ()) {
            Err(tungstenite::Error::Http(response)) if response.status() == 401 => guesses += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(guesses, 50);
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}
