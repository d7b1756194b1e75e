//! Recordings over the server API: asked for, agreed to over a stock message, told by webhooks.

use livekit_protocol as proto;
use livekit_protocol::WebhookEvent;
use livekit_protocol::signal_request::Message as Request;
use livekit_protocol::signal_response::Message as Response;
use protocol::token::Grants;
use serde_json::{Value, json};

use crate::fixture::{Client, Server, admin, api_token, start, start_with};
use crate::webhooks::{Inbox, bind, config};

fn recorder(room: &str) -> String {
    api_token(room, Grants { room_record: true, ..Grants::default() })
}

async fn ask(server: &Server, method: &str, more: Value) -> (u16, Value) {
    let mut body = json!({ "room": "visit" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.call_of(&recorder("visit"), "bedside.Recording", method, &body).await
}

/// The own entry that says this of the recording.
async fn until_state(client: &mut Client, who: &str, state: &str) -> proto::ParticipantInfo {
    let own = |one: &Response| {
        let Response::Update(update) = one else { return None };
        let mut own = update.participants.iter().filter(|one| one.identity == who);
        let says = |one: &&proto::ParticipantInfo| {
            one.attributes.get("bedside.recording").map_or("", String::as_str) == state
        };
        own.find(says).cloned()
    };
    let told = client.until(|one| own(one).is_some()).await;
    own(&told).unwrap()
}

async fn answer(client: &mut Client, value: &str) {
    let attributes = [("bedside.recording.answer".to_owned(), value.to_owned())].into();
    let update = proto::UpdateParticipantMetadata { attributes, ..Default::default() };
    client.send(Request::UpdateMetadata(update)).await;
}

#[tokio::test]
async fn a_recording_begins_when_all_have_agreed_and_its_webhooks_follow() {
    let folder = std::env::temp_dir().join(format!("bedside-signaling-{}", std::process::id()));
    let (listener, url) = bind().await;
    let inbox = Inbox::default();
    inbox.serve(listener);
    let server = start_with(Some(config(&url)), Some(folder.clone())).await;
    let mut doctor = server.join("visit", "doctor").await;
    let mut patient = server.join("visit", "patient").await;

    let (status, asked) =
        ask(&server, "StartRecording", json!({ "text_version": "2026-03" })).await;
    assert_eq!(
        (status, &asked["state"], &asked["question"]),
        (200, &json!("asked"), &json!("1/2026-03"))
    );
    let id = asked["egress_id"].as_str().unwrap().to_owned();
    let own = until_state(&mut patient, "patient", "asked").await;
    let question = own.attributes["bedside.recording.question"].clone();
    answer(&mut patient, &format!("yes:{question}")).await;
    let leads = Grants { room_join: true, room_record: true, ..Grants::default() };
    let body =
        json!({ "room": "visit", "identity": "doctor", "answer": "yes", "question": question });
    let method = "AnswerRecording";
    let forged =
        server.call_of(&api_token("visit", leads), "bedside.Recording", method, &body).await;
    assert_eq!(forged.0, 403, "who takes part answers for nobody: {}", forged.1);
    let (_, told) = ask(
        &server,
        "AnswerRecording",
        json!({ "identity": "doctor", "answer": "yes", "question": question }),
    )
    .await;
    assert!(told["log"].as_array().unwrap().iter().any(|entry| entry["speaker"] == "clinic"));
    until_state(&mut doctor, "doctor", "running").await;
    let is_lit = |one: &Response| match one {
        Response::RoomUpdate(update) => update.room.as_ref().unwrap().active_recording,
        _ => false,
    };
    doctor.until(is_lit).await;
    let (_, described) = ask(&server, "DescribeRecording", json!({})).await;
    assert_eq!(described["state"], "running");
    let words: Vec<_> = described["log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["asked", "answered", "answered", "running"]);

    answer(&mut patient, "no").await;
    until_state(&mut doctor, "doctor", "paused").await;

    let egress = "livekit.Egress";
    let body = json!({ "egress_id": id });
    let elsewhere = server.call_of(&recorder("other"), egress, "StopEgress", &body).await;
    assert_eq!(elsewhere.0, 404, "a token of another room finds nothing");
    let (status, stopped) = server.call_of(&recorder("visit"), egress, "StopEgress", &body).await;
    assert_eq!((status, &stopped["status"]), (200, &json!("EGRESS_ENDING")));
    until_state(&mut doctor, "doctor", "").await;
    let taken = inbox.until_taken(4).await;
    assert_eq!(
        taken,
        [
            "room_started visit",
            "egress_started visit",
            "egress_updated visit",
            "egress_ended visit"
        ]
    );
    let bodies: Vec<_> = inbox.received.lock().unwrap().iter().map(|one| one.1.clone()).collect();
    let event: WebhookEvent = serde_json::from_slice(bodies.last().unwrap()).unwrap();
    let info = event.egress_info.unwrap();
    assert_eq!((info.egress_id, info.status), (id, proto::EgressStatus::EgressComplete as i32));
    assert!(info.manifest_location.ends_with("manifest.json"));
    let (_, list) = server.call_of(&recorder("visit"), egress, "ListEgress", &json!({})).await;
    assert_eq!(list["items"][0]["status"], "EGRESS_COMPLETE");
    let (_, none) =
        server.call_of(&recorder("visit"), egress, "ListEgress", &json!({ "active": true })).await;
    assert!(none["items"].as_array().is_none_or(Vec::is_empty));
    drop(server);
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn what_is_not_done_here_is_refused_instead_of_half_served() {
    let server = start().await;
    let _doctor = server.join("visit", "doctor").await;
    let token = recorder("visit");
    let participant = |more: Value| {
        let mut body = json!({ "room_name": "visit", "identity": "doctor" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (method, body, status, why) in [
        ("StartRoomCompositeEgress", json!({ "room_name": "visit" }), 501, "composition"),
        ("StartWebEgress", json!({}), 501, "a browser"),
        (
            "StartParticipantEgress",
            participant(json!({ "preset": "H264_720P_30" })),
            400,
            "transcoding",
        ),
        (
            "StartParticipantEgress",
            participant(json!({ "segment_outputs": [{}] })),
            400,
            "segments",
        ),
        (
            "StartParticipantEgress",
            participant(json!({ "file_outputs": [{ "s3": {} }] })),
            400,
            "storage",
        ),
        (
            "StartTrackEgress",
            json!({ "room_name": "visit", "track_id": "TR_1", "websocket_url": "wss://x" }),
            400,
            "sockets",
        ),
        (
            "StartTrackEgress",
            json!({ "room_name": "visit", "track_id": "TR_1" }),
            404,
            "an unknown track",
        ),
        ("StartParticipantEgress", participant(json!({})), 412, "no folder"),
        ("StopEgress", json!({ "egress_id": "EG_unknown" }), 404, "an unknown egress"),
    ] {
        let (found, answer) = server.call_of(&token, "livekit.Egress", method, &body).await;
        assert_eq!(found, status, "{method}, {why}: {answer}");
    }
    for (method, more, status) in [
        ("PauseRecording", json!({}), 404),
        ("StartRecording", json!({ "text_version": "a b" }), 400),
        ("StartRecording", json!({ "layer": "some" }), 400),
        ("StartRecording", json!({ "identity": "doctor", "elsewhere": true }), 400),
        ("AnswerRecording", json!({ "identity": "doctor", "answer": "perhaps" }), 400),
        // Nothing is written here: no folder is needed.
        ("StartRecording", json!({ "elsewhere": true }), 200),
        ("StartRecording", json!({ "elsewhere": true }), 412),
        (
            "AnswerRecording",
            json!({ "identity": "doctor", "answer": "yes", "question": "9/1" }),
            400,
        ),
    ] {
        let (found, answer) = ask(&server, method, more).await;
        assert_eq!(found, status, "{method}: {answer}");
    }
}

#[tokio::test]
async fn recordings_take_a_grant_of_their_own() {
    let server = start().await;
    let _doctor = server.join("visit", "doctor").await;
    for token in [admin("visit"), recorder("other")] {
        let body = json!({ "room": "visit", "elsewhere": true });
        let (status, _) =
            server.call_of(&token, "bedside.Recording", "StartRecording", &body).await;
        assert_eq!(status, 403);
        let body = json!({ "room_name": "visit", "identity": "doctor" });
        let (status, _) =
            server.call_of(&token, "livekit.Egress", "StartParticipantEgress", &body).await;
        assert_eq!(status, 403);
    }
}
