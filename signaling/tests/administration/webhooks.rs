//! Webhooks: signed, in order, again and again while the receiver is down.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use livekit_protocol::WebhookEvent;
use protocol::token::verify_body;
use serde_json::{Value, json};
use signaling::clock::{Clock as _, SystemClock};
use signaling::webhooks::{Config, LocalReceiver, Taking, Webhooks};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::fixture::{PATIENCE, Server, admin, keys, start_with_webhooks};

/// What a receiver was sent, and how it answers.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    pub(crate) received: Arc<Mutex<Vec<(HeaderMap, Bytes, StatusCode)>>>,
    /// Statuses of the next answers; then 200.
    answers: Arc<Mutex<Vec<StatusCode>>>,
}

impl Inbox {
    pub(crate) fn serve(&self, listener: TcpListener) {
        let router = Router::new().route("/hook", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    /// Events that were taken, as `name room`.
    fn taken(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        let taken = received.iter().filter(|(_, _, status)| *status == StatusCode::OK);
        taken
            .map(|(_, body, _)| {
                let event: WebhookEvent = serde_json::from_slice(body).unwrap();
                format!("{} {}", event.event, event.room.unwrap().name)
            })
            .collect()
    }

    pub(crate) async fn until_taken(&self, count: usize) -> Vec<String> {
        let all = async {
            while self.taken().len() < count {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, all).await.expect("the events in time");
        self.taken()
    }
}

async fn take(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut answers = inbox.answers.lock().unwrap();
    let status = if answers.is_empty() { StatusCode::OK } else { answers.remove(0) };
    inbox.received.lock().unwrap().push((headers, body, status));
    status
}

pub(crate) fn config(url: &str) -> Config {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(rustls::RootCertStore::empty())
    .with_no_client_auth();
    Config {
        retry_first: Duration::from_millis(20),
        retry_max: Duration::from_millis(100),
        ..Config::new(vec![url.parse().unwrap()], None, Arc::new(tls))
    }
}

pub(crate) async fn bind() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    (listener, url)
}

async fn open_and_end(server: &Server, room: &str) {
    let token = admin(room);
    server.done(&token, "CreateRoom", json!({ "name": room })).await;
    server.done(&token, "DeleteRoom", json!({ "room": room })).await;
}

async fn drained(webhooks: &Webhooks) {
    timeout(PATIENCE, webhooks.drained()).await.expect("nothing waits any more");
}

#[tokio::test]
async fn an_event_is_signed_over_its_very_bytes() {
    let (listener, url) = bind().await;
    let inbox = Inbox::default();
    inbox.serve(listener);
    let server = start_with_webhooks(Some(config(&url))).await;
    open_and_end(&server, "visit").await;
    assert_eq!(inbox.until_taken(2).await, ["room_started visit", "room_finished visit"]);
    for (headers, body, _) in inbox.received.lock().unwrap().iter() {
        assert_eq!(headers[header::CONTENT_TYPE], "application/webhook+json");
        let token = headers[header::AUTHORIZATION].to_str().unwrap();
        let now = SystemClock.now().unix_s();
        protocol::token::verify(token, &keys(), now).expect("signed with an API key");
        let claims = token.split('.').nth(1).unwrap();
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
        assert_eq!(claims["sha256"], STANDARD.encode(digest));
    }
}

#[tokio::test]
async fn a_room_keeps_its_order_over_failures_and_a_refusal_is_final() {
    let (listener, url) = bind().await;
    let inbox = Inbox::default();
    let answers = [500, 503, 429, 200, 400];
    *inbox.answers.lock().unwrap() =
        answers.map(|status| StatusCode::from_u16(status).unwrap()).to_vec();
    inbox.serve(listener);
    let server = start_with_webhooks(Some(config(&url))).await;
    open_and_end(&server, "visit").await;
    let webhooks = server.webhooks.as_ref().unwrap();
    drained(webhooks).await;
    assert_eq!(inbox.taken(), ["room_started visit"]);
    let counters = webhooks.counters();
    assert_eq!((counters.delivered, counters.retried, counters.dropped_refused), (1, 3, 1));
    let ids: std::collections::BTreeSet<String> = inbox.received.lock().unwrap()[..4]
        .iter()
        .map(|(_, body, _)| serde_json::from_slice::<WebhookEvent>(body).unwrap().id)
        .collect();
    assert_eq!(ids.len(), 1, "a retry has the id of the first attempt");
    open_and_end(&server, "next").await;
    inbox.until_taken(3).await;
}

#[tokio::test]
async fn a_receiver_that_was_down_misses_nothing() {
    let (listener, url) = bind().await;
    let address = listener.local_addr().unwrap();
    drop(listener);
    let server = start_with_webhooks(Some(config(&url))).await;
    for room in ["one", "two"] {
        open_and_end(&server, room).await;
    }
    let webhooks = server.webhooks.as_ref().unwrap();
    let failed = async {
        while webhooks.counters().retried < 4 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, failed).await.expect("attempts while it is down");
    assert_eq!(webhooks.counters().pending, 4);
    let inbox = Inbox::default();
    inbox.serve(TcpListener::bind(address).await.unwrap());
    let taken = inbox.until_taken(4).await;
    for room in ["one", "two"] {
        let of_room: Vec<_> = taken.iter().filter(|event| event.ends_with(room)).collect();
        assert_eq!(of_room, [&format!("room_started {room}"), &format!("room_finished {room}")]);
    }
    drained(webhooks).await;
}

#[tokio::test]
async fn one_receiver_that_is_down_keeps_no_other_waiting() {
    let (dead, dead_url) = bind().await;
    drop(dead);
    let (listener, url) = bind().await;
    let inbox = Inbox::default();
    inbox.serve(listener);
    let config =
        Config { urls: vec![dead_url.parse().unwrap(), url.parse().unwrap()], ..config(&url) };
    let server = start_with_webhooks(Some(config)).await;
    open_and_end(&server, "visit").await;
    inbox.until_taken(2).await;
    // The receiver has them before its answer is counted.
    let webhooks = server.webhooks.as_ref().unwrap();
    let counted = async {
        while webhooks.counters().delivered < 2 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, counted).await.expect("both are delivered");
}

#[tokio::test]
async fn who_joins_without_media_is_told_as_aborted() {
    let (listener, url) = bind().await;
    let inbox = Inbox::default();
    inbox.serve(listener);
    let server = start_with_webhooks(Some(config(&url))).await;
    let doctor = server.join("visit", "doctor").await;
    drop(doctor);
    let taken = inbox.until_taken(2).await;
    assert_eq!(taken, ["room_started visit", "participant_connection_aborted visit"]);
}

#[tokio::test]
async fn a_receiver_within_the_process_is_told_of_its_own_rooms_again_until_it_takes_them() {
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let take = move |body: Bytes, signature: String| -> Taking {
        let sender = sender.clone();
        Box::pin(async move {
            // The test may have ended.
            let _ = sender.send((body, signature));
            StatusCode::SERVICE_UNAVAILABLE
        })
    };
    let mut config = Config::without_urls(None);
    config.retry_first = Duration::from_millis(10);
    config.local =
        Some(LocalReceiver { wants: |room| room.starts_with("ours"), take: Arc::new(take) });
    let server = start_with_webhooks(Some(config)).await;
    let _other = server.join("other", "doctor").await;
    let _ours = server.join("ours-1", "doctor").await;
    let mut next = async || timeout(PATIENCE, heard.recv()).await.unwrap().unwrap();
    let (first, signature) = next().await;
    assert_eq!(verify_body(&first, &signature, &keys(), SystemClock.now().unix_s()), Ok(()));
    let event: WebhookEvent = serde_json::from_slice(&first).unwrap();
    assert_eq!(
        (event.event.as_str(), event.room.unwrap().name.as_str()),
        ("room_started", "ours-1")
    );
    assert_eq!(next().await.0, first, "what was not taken comes again, before anything else");
}
