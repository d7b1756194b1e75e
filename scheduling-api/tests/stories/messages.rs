//! Messages: who writes to whom, for how long, and how far they are read.

use std::time::Duration;

use axum::http::StatusCode;
use scheduling_api::domain::{
    actor::{Actor, Role},
    id::{PractitionerId, UserId},
};
use serde_json::{Value, json};

use super::{documents::sha256, events::Socket};
use crate::world::{Reply, World, practice::Practice};

/// A visit that was held; its id.
pub async fn held(world: &World, practice: &Practice, start: &str) -> String {
    let ask = world.post("/v1/appointments").by(&practice.patient_token).once(start);
    let booked = ask.send(practice.booking(start)).await.ok();
    let id = booked["id"].as_str().unwrap().to_owned();
    for (verb, by) in [
        ("check-in", &practice.patient_token),
        ("start", &practice.practitioner_token),
        ("finish", &practice.practitioner_token),
    ] {
        world.post(&format!("/v1/appointments/{id}/{verb}")).by(by).reply().await.ok();
    }
    id
}

const NINE: &str = "2026-03-02T06:30:00Z";

fn opening(practice: &Practice, visit: &str, practitioner: Option<&PractitionerId>) -> Value {
    json!({
        "patient": practice.patient,
        "practitioner": practitioner,
        "appointment": visit,
        "subject": "Canarysubject",
        "message": { "text": "Canarytext: is the rash a worry?" },
    })
}

async fn write(world: &World, thread: &str, by: &str, text: &str) -> Reply {
    let path = format!("/v1/threads/{thread}/messages");
    let key = sha256(text.as_bytes());
    world.post(&path).by(by).once(&key).send(json!({ "text": text })).await
}

async fn a_patient_writes_after_a_visit_for_as_long_as_the_clinic_says(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let patient = &practice.patient_token;
    let ask = world.post("/v1/appointments").by(patient).once("later");
    let later = ask.send(practice.booking("2026-03-02T08:00:00Z")).await.ok();
    let begin = async |by: &str, body: Value, key: &str| {
        world.post("/v1/threads").by(by).once(key).send(body).await
    };
    let doctor = Some(&practice.practitioner);
    let early = opening(&practice, later["id"].as_str().unwrap(), doctor);
    assert_eq!(begin(patient, early, "a").await.problem(), (409, "not-possible"));
    let visit = held(&world, &practice, NINE).await;
    let mut about_nothing = opening(&practice, &visit, doctor);
    about_nothing["appointment"] = Value::Null;
    assert_eq!(begin(patient, about_nothing, "b").await.problem(), (409, "not-possible"));
    let begun = begin(patient, opening(&practice, &visit, doctor), "c").await;
    assert_eq!(begun.status, StatusCode::CREATED, "{:?}", begun.body);
    let again = begin(patient, opening(&practice, &visit, doctor), "c").await.ok();
    assert_eq!(again, begun.body, "begun once");
    let id = begun.body["thread"]["id"].as_str().unwrap().to_owned();
    // The practitioner's, and nobody else's: not the desk's either.
    let path = format!("/v1/threads/{id}");
    for other in [&practice.desk, &practice.admin] {
        assert_eq!(world.get(&path).by(other).reply().await.problem(), (403, "forbidden"));
        assert_eq!(write(&world, &id, other, "x").await.problem(), (403, "forbidden"));
        let list = world.get("/v1/threads").by(other).reply().await.ok();
        assert_eq!(list["items"], json!([]));
    }
    let elsewhere = world.practice("UTC", (0, 23)).await;
    let foreign = world.get(&path).by(&elsewhere.practitioner_token).reply().await;
    assert_eq!(foreign.problem(), (404, "not-found"));
    for by in [patient, &practice.practitioner_token] {
        let list = world.get("/v1/threads").by(by).reply().await.ok();
        assert_eq!(list["items"][0]["id"], json!(id));
    }
    // Marks: fetched, then read.
    let messages = format!("{path}/messages");
    let list = world.get(&messages).by(&practice.practitioner_token).reply().await.ok();
    assert_eq!(list["items"][0]["text"], "Canarytext: is the rash a worry?");
    let marks =
        async || world.get(&path).by(patient).reply().await.ok()["thread"]["clinic_marks"].clone();
    assert_eq!(marks().await, json!({ "delivered": 1, "read": 0 }));
    let read = world.put(&format!("{path}/read")).by(&practice.practitioner_token);
    read.send(json!({ "number": 1 })).await.ok();
    assert_eq!(marks().await, json!({ "delivered": 1, "read": 1 }));
    let beyond = world.put(&format!("{path}/read")).by(patient).send(json!({ "number": 9 })).await;
    assert_eq!(beyond.problem(), (412, "stale"));
    // The patient's time ends; an answer gives them as much again.
    let day = Duration::from_secs(24 * 3600);
    world.clock.advance(day * 13);
    write(&world, &id, patient, "still there").await.ok();
    world.clock.advance(day + Duration::from_secs(3600));
    assert_eq!(write(&world, &id, patient, "too late").await.problem(), (409, "not-possible"));
    let answer = write(&world, &id, &practice.practitioner_token, "It is not.").await.ok();
    assert_eq!((&answer["number"], &answer["side"]), (&json!(3), &json!("clinic")));
    let twice = write(&world, &id, &practice.practitioner_token, "It is not.").await.ok();
    assert_eq!(twice, answer, "sent once");
    write(&world, &id, patient, "Thank you.").await.ok();
    let close = format!("{path}/close");
    assert_eq!(world.post(&close).by(patient).reply().await.problem(), (403, "forbidden"));
    world.post(&close).by(&practice.practitioner_token).reply().await.ok();
    for by in [patient, &practice.practitioner_token] {
        assert_eq!(write(&world, &id, by, "more").await.problem(), (409, "not-possible"));
    }
}

async fn the_desk_answers_for_the_clinic_and_hands_over_to_a_practitioner(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let visit = held(&world, &practice, NINE).await;
    let path = format!("/v1/clinics/{}/record-settings", practice.clinic);
    let settings = json!({
        "urgent_notice": "In an emergency call 112.",
        "office_hours": [{ "weekday": 1, "windows": [{ "from": "11:00:00", "to": "18:00:00" }] }],
    });
    world.put(&path).by(&practice.admin).seen(0).send(settings).await.ok();
    let ask = world.post("/v1/threads").by(&practice.patient_token).once("t");
    let begun = ask.send(opening(&practice, &visit, None)).await.ok();
    // A Monday, before the hours.
    assert_eq!(
        (&begun["staffed"], &begun["urgent_notice"]),
        (&json!(false), &json!("In an emergency call 112."))
    );
    let id = begun["thread"]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/threads/{id}");
    world.clock.advance(Duration::from_secs(3 * 3600));
    let read = world.get(&path).by(&practice.desk).reply().await.ok();
    assert_eq!(read["staffed"], true);
    // Another practitioner reads it once it is theirs to look after.
    let njeri = world.practitioner(&practice.clinic, "Dr. Njeri").await;
    let token =
        world.staff(practice.clinic.as_str(), "practitioner", "njeri@mwangaza.example").await;
    let user = world.get("/v1/me").by(&token).reply().await.ok()["id"].clone();
    let read = async || world.get(&path).by(&token).reply().await.status.as_u16();
    assert_eq!(read().await, 403);
    let assign = format!("{path}/assignment");
    let stranger = UserId::mint(&world.api.random, "2026-03-01T00:00:00Z".parse().unwrap());
    let to =
        |user: Value| world.put(&assign).by(&practice.desk).seen(1).send(json!({ "user": user }));
    assert_eq!(to(json!(stranger)).await.problem(), (422, "invalid"));
    to(user.clone()).await.ok();
    assert_eq!(to(user).await.problem(), (412, "stale"));
    assert_eq!(read().await, 200);
    write(&world, &id, &token, "I looked at it.").await.ok();
    let list = world.get("/v1/threads").by(&token).reply().await.ok();
    assert_eq!(list["items"][0]["id"], json!(id));
    let other = world.token(Actor {
        user: Some(UserId::mint(&world.api.random, "2026-03-01T00:00:00Z".parse().unwrap())),
        clinic: Some(practice.clinic.clone()),
        roles: vec![Role::Practitioner],
        practitioner: Some(njeri),
        second_factor: true,
        ..Actor::default()
    });
    assert_eq!(world.get(&path).by(&other).reply().await.problem(), (403, "forbidden"));
}

async fn documents_of_the_patient_go_with_a_message_and_no_others(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let visit = held(&world, &practice, NINE).await;
    let body = json!({ "patient": practice.patient, "name": "a.pdf", "size": 5 });
    let document = world.post("/v1/documents").by(&practice.patient_token).once("d").send(body);
    let document = document.await.ok()["document"]["id"].clone();
    let neighbour = scheduling_api::demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let token = world.patient_token(&practice.clinic, &neighbour);
    let body = json!({ "patient": neighbour, "name": "b.pdf", "size": 5 });
    let foreign = world.post("/v1/documents").by(&token).once("d").send(body).await;
    let foreign = foreign.ok()["document"]["id"].clone();
    let begin = |documents: Value, key: &str| {
        let mut body = opening(&practice, &visit, Some(&practice.practitioner));
        body["message"]["documents"] = documents;
        world.post("/v1/threads").by(&practice.patient_token).once(key).send(body)
    };
    let refused = begin(json!([document, foreign]), "a").await;
    assert_eq!(
        (refused.problem(), &refused.body["field"]),
        ((422, "invalid"), &json!("/documents"))
    );
    let begun = begin(json!([document]), "b").await.ok();
    let path = format!("/v1/threads/{}/messages", begun["thread"]["id"].as_str().unwrap());
    let list = world.get(&path).by(&practice.practitioner_token).reply().await.ok();
    assert_eq!(list["items"][0]["documents"], json!([document]));
}

async fn who_takes_part_hears_of_messages_at_once_and_nobody_else(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let visit = held(&world, &practice, NINE).await;
    world.work().await;
    let address = world.serve().await;
    let mut sockets = Vec::new();
    for by in [&practice.patient_token, &practice.practitioner_token, &practice.desk] {
        sockets.push(Socket::open(&world, &address, by, None).await.0);
    }
    let ask = world.post("/v1/threads").by(&practice.patient_token).once("t");
    let begun = ask.send(opening(&practice, &visit, Some(&practice.practitioner))).await.ok();
    let id = begun["thread"]["id"].as_str().unwrap().to_owned();
    world.work().await;
    for socket in &mut sockets[..2] {
        let event = socket.next().await;
        assert_eq!((&event["topic"], &event["about"]), (&json!("thread.opened"), &json!(id)));
        assert!(!event.to_string().contains("Canary"));
    }
    let messages = format!("/v1/threads/{id}/messages");
    world.get(&messages).by(&practice.practitioner_token).reply().await.ok();
    let event = sockets[0].next().await;
    assert_eq!(
        (&event["topic"], &event["data"]["delivered"]),
        (&json!("message.delivered"), &json!(1))
    );
    // What the desk hears first is for the desk.
    let ask = world.post("/v1/threads").by(&practice.patient_token).once("u");
    let other = ask.send(opening(&practice, &visit, None)).await.ok();
    world.work().await;
    assert_eq!(sockets[2].next().await["about"], other["thread"]["id"]);
}

async fn a_clinic_keeps_templates(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let body = json!({ "name": "Results", "text": "Your results are there." });
    let make = |by: &str| world.post("/v1/message-templates").by(by).send(body.clone());
    for other in [&practice.patient_token, &practice.practitioner_token] {
        assert_eq!(make(other).await.problem(), (403, "forbidden"));
    }
    let made = make(&practice.desk).await.ok();
    let list = world.get("/v1/message-templates").by(&practice.practitioner_token).reply().await;
    assert_eq!(list.ok()["items"], json!([made]));
    let path = format!("/v1/message-templates/{}", made["id"].as_str().unwrap());
    let next = json!({ "name": "Results", "text": "Please call us." });
    let put = |seen| world.put(&path).by(&practice.desk).seen(seen).send(next.clone());
    assert_eq!(put(1).await.ok()["rev"], 2);
    assert_eq!(put(1).await.problem(), (412, "stale"));
    let elsewhere = world.practice("UTC", (0, 23)).await;
    let end = |by: &str| world.ask("DELETE", &path).by(by).reply();
    assert_eq!(end(&elsewhere.desk).await.problem(), (404, "not-found"));
    assert_eq!(end(&practice.desk).await.status, StatusCode::NO_CONTENT);
    assert_eq!(end(&practice.desk).await.problem(), (404, "not-found"));
}

async fn what_is_written_is_in_no_file_of_the_database(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let visit = held(&world, &practice, NINE).await;
    let ask = world.post("/v1/threads").by(&practice.patient_token).once("t");
    let begun = ask.send(opening(&practice, &visit, None)).await.ok();
    let id = begun["thread"]["id"].as_str().unwrap();
    write(&world, id, &practice.desk, "Canaryanswer").await.ok();
    world.work().await;
    for bytes in world.files() {
        assert!(!bytes.windows(6).any(|part| part == b"Canary"));
    }
    let audit = format!("/v1/clinics/{}/audit", practice.clinic);
    let audit = world.get(&audit).by(&practice.admin).reply().await.ok().to_string();
    assert!(audit.contains("create_message") && !audit.contains("Canary"));
}

stories! {
    a_patient_writes_after_a_visit_for_as_long_as_the_clinic_says
    the_desk_answers_for_the_clinic_and_hands_over_to_a_practitioner
    documents_of_the_patient_go_with_a_message_and_no_others
    who_takes_part_hears_of_messages_at_once_and_nobody_else
    a_clinic_keeps_templates
    what_is_written_is_in_no_file_of_the_database
}
