//! Nothing of a person, a token or a session description reaches a log, at any level.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "tests may fail loudly, and need only a part of the fixture"
)]

#[path = "socket/fixture.rs"]
mod fixture;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use livekit_protocol as proto;
use livekit_protocol::signal_request::Message as Asking;
use sfu::words::{
    event::{LeaveAction, Message},
    info::LeaveReason,
};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use fixture::{Script, claims, start, token_of};

/// Every person's detail here contains this, and the token's parts begin with the other.
const CANARIES: [&str; 3] = ["canary", "eyJ", "127.0.0.1"];

#[tokio::test]
async fn a_whole_life_of_sockets_logs_nothing_of_people() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let mut claims = claims();
    claims.identity = Some("canary-identity".to_owned().try_into().unwrap());
    claims.room = Some("canary-room".to_owned().try_into().unwrap());
    claims.name = "canary name".to_owned();
    claims.metadata = "canary metadata".to_owned();
    claims.attributes = [("canary".to_owned(), "canary".to_owned())].into();
    let good = token_of(&claims);
    claims.expires_unix_s = 1;
    let expired = token_of(&claims);

    let mut fixture = start(Script::Accept).await;
    for query in [
        format!("access_token={expired}"),
        format!("access_token={good}canary"),
        "access_token=canary".to_owned(),
        format!("access_token={good}&protocol=canary"),
        format!("access_token={good}&attributes=canary"),
        format!("access_token={good}&join_request=canary"),
    ] {
        fixture.refused(fixture.request(&format!("/rtc?{query}"))).await;
        fixture.refused(fixture.request(&format!("/rtc/v1?{query}"))).await;
    }

    let query = format!("/rtc?access_token={good}&browser=canary&sdk=canary&device_model=canary");
    for last in [
        WsMessage::Text("canary".into()),
        WsMessage::Binary(b"canary".to_vec().into()),
        WsMessage::Close(None),
    ] {
        let (socket, _) = connect_async(fixture.request(&query)).await.unwrap();
        let mut client = fixture::Client { socket };
        let session = fixture.next_join().await.session;
        client.ask(Asking::Offer(description())).await;
        client.ask(Asking::UpdateMetadata(metadata())).await;
        fixture.tell(
            session,
            Message::Answer {
                id: 1,
                sdp: "canary sdp".to_owned(),
                mid_to_track: std::collections::BTreeMap::new(),
            },
        );
        client.send(last).await;
        while fixture.signaling.counters().sockets_open > 0 {
            let _ = futures_util::StreamExt::next(&mut client.socket).await;
            tokio::task::yield_now().await;
        }
        while fixture.has_command() {}
    }
    let (socket, _) = connect_async(fixture.request(&query)).await.unwrap();
    let session = fixture.next_join().await.session;
    let (reason, action) = (LeaveReason::ParticipantRemoved, LeaveAction::Disconnect);
    fixture.tell(session, Message::Leave { reason, action });
    drop(socket);
    fixture.signaling.drained().await;

    let text = log.text();
    assert!(text.contains("joined") && text.contains("refused"), "the log is heard: {text}");
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} in the log:\n{text}");
    }
}

fn description() -> proto::SessionDescription {
    proto::SessionDescription {
        r#type: "offer".to_owned(),
        sdp: "v=0 canary".to_owned(),
        ..Default::default()
    }
}

fn metadata() -> proto::UpdateParticipantMetadata {
    proto::UpdateParticipantMetadata {
        name: "canary".to_owned(),
        metadata: "canary".to_owned(),
        ..Default::default()
    }
}

/// Keeps every event and span of every level, from every crate, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    fn note(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
        let mut line = Line(format!("{} {}", metadata.target(), metadata.name()));
        record(&mut line);
        let mut text = self.0.lock().unwrap();
        text.push_str(&line.0);
        text.push('\n');
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.note(span.metadata(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line("recorded".to_owned());
        values.record(&mut line);
        self.0.lock().unwrap().push_str(&line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.note(event.metadata(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
