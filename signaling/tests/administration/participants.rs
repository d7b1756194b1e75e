//! Participants: seen, changed, sent away for good.

use livekit_protocol as proto;
use livekit_protocol::signal_response::Message as Response;
use serde_json::json;

use crate::fixture::{admin, join_claims, join_token, start, token_of};

#[tokio::test]
async fn participants_are_listed_and_found() {
    let server = start().await;
    let _doctor = server.join("visit", "doctor").await;
    let mut hidden = join_claims("visit", "auditor");
    hidden.permission.hidden = true;
    let _auditor = server.try_join(&token_of(&hidden)).await.unwrap();
    let token = admin("visit");
    let listed = server.done(&token, "ListParticipants", json!({ "room": "visit" })).await;
    let mut names: Vec<_> = listed["participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["identity"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["auditor", "doctor"]);
    let who = json!({ "room": "visit", "identity": "doctor" });
    let one = server.done(&token, "GetParticipant", who).await;
    assert_eq!(one["state"], "JOINED");
}

#[tokio::test]
async fn a_removed_person_does_not_come_back_with_any_token_from_before() {
    let server = start().await;
    let token = join_token("visit", "patient");
    let mut patient = server.try_join(&token).await.unwrap();
    let told = patient.until(|one| matches!(one, Response::RefreshToken(_))).await;
    let Response::RefreshToken(refresh) = told else { unreachable!() };
    let who = json!({ "room": "visit", "identity": "patient" });
    server.done(&admin("visit"), "RemoveParticipant", who.clone()).await;
    let Response::Leave(leave) = patient.until(|one| matches!(one, Response::Leave(_))).await
    else {
        unreachable!()
    };
    assert_eq!(leave.reason(), proto::DisconnectReason::ParticipantRemoved);
    let mut without_times = join_claims("visit", "patient");
    without_times.not_before_unix_s = None;
    for old in [token, refresh, token_of(&without_times)] {
        let Err(tokio_tungstenite::tungstenite::Error::Http(response)) =
            server.try_join(&old).await
        else {
            panic!("an old token opens the room")
        };
        assert_eq!(response.status().as_u16(), 401);
    }
    // Another room, and another person, are not meant.
    server.join("other", "patient").await;
    server.join("visit", "doctor").await;
    let mut later = join_claims("visit", "patient");
    later.not_before_unix_s = later.not_before_unix_s.map(|now| now + 60);
    // A minute of leeway is what the server grants to clocks that are ahead.
    let invited_again = server.try_join(&token_of(&later)).await;
    assert!(invited_again.is_ok(), "a token from after the removal opens the room");
    let nobody = json!({ "room": "visit", "identity": "x" });
    let absent = server.call(&admin("visit"), "RemoveParticipant", &nobody).await;
    assert_eq!(absent.0, 404);
}

#[tokio::test]
async fn who_was_removed_administers_nothing_with_a_token_from_before() {
    let server = start().await;
    let mut claims = join_claims("visit", "doctor");
    claims.grants.room_admin = true;
    let doctor = token_of(&claims);
    let _joined = server.try_join(&doctor).await.unwrap();
    let room = json!({ "room": "visit" });
    server.done(&doctor, "ListParticipants", room.clone()).await;
    let who = json!({ "room": "visit", "identity": "doctor" });
    server.done(&doctor, "RemoveParticipant", who).await;
    let (status, error) = server.call(&doctor, "ListParticipants", &room).await;
    assert_eq!((status, error["code"].as_str()), (401, Some("unauthenticated")));
    assert!(error["msg"].as_str().unwrap().contains("revoked"), "{error}");
    server.done(&admin("visit"), "ListParticipants", room).await;
}

#[tokio::test]
async fn a_change_reaches_everyone_and_the_next_token() {
    let server = start().await;
    let mut doctor = server.join("visit", "doctor").await;
    let mut patient = server.join("visit", "patient").await;
    let body = json!({
        "room": "visit", "identity": "patient", "name": "Ada", "attributes": { "state": "admitted" },
        "permission": { "can_subscribe": true, "canPublish": true, "canPublishSources": ["MICROPHONE"] },
    });
    let changed = server.done(&admin("visit"), "UpdateParticipant", body).await;
    assert_eq!(changed["permission"]["canPublishSources"], json!(["MICROPHONE"]));
    assert!(changed["permission"].get("canPublishData").is_none());
    let named = |one: &Response| {
        matches!(one, Response::Update(update)
            if update.participants.iter().any(|who| who.name == "Ada"
                && who.attributes.get("state").is_some_and(|state| state == "admitted")))
    };
    doctor.until(named).await;
    patient.until(named).await;
    let told = patient.until(|one| matches!(one, Response::RefreshToken(_))).await;
    let Response::RefreshToken(refresh) = told else { unreachable!() };
    let claims =
        protocol::token::verify(&refresh, &crate::fixture::keys(), later_than_now()).unwrap();
    assert_eq!(claims.name, "Ada");
    assert!(!claims.permission.can_publish_data);
}

fn later_than_now() -> i64 {
    use signaling::clock::Clock as _;
    signaling::clock::SystemClock.now().unix_s()
}

#[tokio::test]
async fn data_and_subscriptions_are_taken_and_tracks_that_are_not_there_are_said_to_be() {
    let server = start().await;
    let _patient = server.join("visit", "patient").await;
    let token = admin("visit");
    let body = json!({ "room": "visit", "data": "aGVsbG8=", "kind": "RELIABLE", "topic": "t",
        "destination_identities": ["patient"], "nonce": "AAAAAAAAAAAAAAAAAAAAAA==" });
    server.done(&token, "SendData", body).await;
    let body =
        json!({ "room": "visit", "identity": "patient", "trackSids": ["TR_x"], "subscribe": true });
    server.done(&token, "UpdateSubscriptions", body).await;
    for sid in ["TR_x", "none"] {
        let body =
            json!({ "room": "visit", "identity": "patient", "track_sid": sid, "muted": true });
        let (status, error) = server.call(&token, "MutePublishedTrack", &body).await;
        assert_eq!((status, error["code"].as_str()), (404, Some("not_found")));
    }
    // The patient has no media connection, over which it could be asked.
    let mut rpc = json!({ "room": "visit", "destinationIdentity": "patient", "method": "echo",
        "payload": "hello", "responseTimeoutMs": 50 });
    let (status, error) = server.call(&token, "PerformRpc", &rpc).await;
    assert_eq!((status, error["code"].as_str()), (408, Some("deadline_exceeded")));
    rpc["destinationIdentity"] = "nobody".into();
    assert_eq!(server.call(&token, "PerformRpc", &rpc).await.0, 404);
    rpc["method"] = "".into();
    assert_eq!(server.call(&token, "PerformRpc", &rpc).await.0, 400);
    // Questions leave nothing behind.
    assert_eq!(server.signaling.counters().sockets_open, 1);
}
