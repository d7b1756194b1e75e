//! `bedside.Admission`: who waits is let in, sent back, told and sent away.

use livekit_protocol as proto;
use livekit_protocol::signal_response::Message as Response;
use protocol::permission::Admission;
use protocol::token::verify;
use serde_json::{Value, json};

use crate::fixture::{Client, Server, admin, api_token, join_claims, keys, start, token_of};

async fn decide(server: &Server, token: &str, method: &str, who: &str) -> (u16, Value) {
    let body = json!({ "room": "visit", "identity": who, "notice": "ten minutes late" });
    server.call_of(token, "bedside.Admission", method, &body).await
}

async fn waiting(server: &Server, who: &str) -> (Client, proto::JoinResponse) {
    let mut claims = join_claims("visit", who);
    claims.admission = Some(Admission::Waiting);
    let mut client = server.try_join(&token_of(&claims)).await.unwrap();
    match client.until(|one| matches!(one, Response::Join(_))).await {
        Response::Join(join) => (client, join),
        other => panic!("{other:?}"),
    }
}

fn names(update: &Response) -> Vec<&str> {
    let Response::Update(update) = update else { return Vec::new() };
    update.participants.iter().map(|one| one.identity.as_str()).collect()
}

#[tokio::test]
async fn who_waits_is_let_in_over_the_api_and_their_next_token_says_so() {
    let server = start().await;
    let mut doctor = server.join("visit", "doctor").await;
    let (mut patient, join) = waiting(&server, "patient").await;
    assert!(join.other_participants.is_empty());
    let own = join.participant.unwrap();
    assert_eq!(own.attributes["bedside.admission"], "waiting");
    assert!(!own.permission.unwrap().can_subscribe);
    assert!(join.subscriber_primary, "the line is tried while one waits");

    let told = decide(&server, &admin("visit"), "Notify", "patient").await;
    assert_eq!(
        told,
        (200, json!({ "identity": "patient", "admission": "waiting", "present": true }))
    );
    let told = patient.until(|one| names(one) == ["patient"]).await;
    let Response::Update(told) = told else { unreachable!() };
    assert_eq!(told.participants[0].attributes["bedside.notice"], "ten minutes late");

    let admitted = decide(&server, &admin("visit"), "Admit", "patient").await;
    let expected = json!({ "identity": "patient", "admission": "admitted", "present": true });
    assert_eq!(admitted, (200, expected));
    patient.until(|one| names(one).contains(&"doctor")).await;
    doctor.until(|one| names(one).contains(&"patient")).await;
    let is_admitting = |one: &Response| {
        let Response::RefreshToken(token) = one else { return false };
        let claims = verify(token, &keys(), crate::fixture::now_s()).unwrap();
        claims.admission == Some(Admission::Admitted) && claims.permission.can_subscribe
    };
    patient.until(is_admitting).await;

    decide(&server, &admin("visit"), "Remove", "patient").await;
    patient.until(|one| matches!(one, Response::Leave(_))).await;
}

#[tokio::test]
async fn a_decision_about_somebody_who_is_not_there_counts_when_they_come() {
    let server = start().await;
    let absent = decide(&server, &admin("visit"), "Admit", "patient").await;
    assert_eq!(absent.0, 404, "a room that nobody has opened decides nothing");
    let _doctor = server.join("visit", "doctor").await;
    let (status, answer) = decide(&server, &admin("visit"), "Admit", "patient").await;
    assert_eq!((status, &answer["present"]), (200, &json!(false)));
    let (_patient, join) = waiting(&server, "patient").await;
    assert_eq!(join.participant.unwrap().attributes["bedside.admission"], "admitted");
    assert_eq!(join.other_participants.len(), 1);
}

#[tokio::test]
async fn only_who_administers_the_room_decides() {
    let server = start().await;
    let (mut patient, _) = waiting(&server, "patient").await;
    let may_create = protocol::token::Grants { room_create: true, ..Default::default() };
    for token in [admin("other"), api_token("visit", may_create)] {
        for method in ["Admit", "Hold", "Remove", "Notify"] {
            let (status, answer) = decide(&server, &token, method, "patient").await;
            assert_eq!((status, &answer["code"]), (403, &json!("permission_denied")), "{method}");
        }
    }
    let mut own = join_claims("visit", "patient");
    own.admission = Some(Admission::Waiting);
    assert_eq!(decide(&server, &token_of(&own), "Admit", "patient").await.0, 403);
    assert_eq!(decide(&server, &admin("visit"), "Hold", "patient").await.0, 200);
    assert_eq!(decide(&server, &admin("visit"), "Evict", "patient").await.0, 501);
    decide(&server, &admin("visit"), "Remove", "patient").await;
    patient.until(|one| matches!(one, Response::Leave(_))).await;
}
