//! The visit: booked, checked in, waited, admitted, held, ended - and what remains of it.

use std::time::Duration;

use protocol::{permission::Admission, token::Audience};
use scheduling_api::demo;
use serde_json::{Value, json};

use crate::world::{
    World,
    media::{URL, stay},
    practice::Practice,
};

/// An hour after every story begins.
const SEVEN: &str = "2026-03-02T07:00:00Z";

/// A visit that is about to begin.
pub struct Booked {
    pub practice: Practice,
    pub appointment: String,
    pub visit: String,
    pub patient: String,
    pub practitioner: String,
}

pub async fn booked(world: &World) -> Booked {
    world.set_media_clock();
    let practice = world.practice("UTC", (6, 18)).await;
    let ask = world.post("/v1/appointments").by(&practice.patient_token).once("book");
    let made = ask.send(practice.booking(SEVEN)).await.ok();
    let appointment = text(&made["id"]);
    wait(world, 55 * 60);
    let path = format!("/v1/appointments/{appointment}/consultation");
    let seen = world.get(&path).by(&practice.practitioner_token).reply().await.ok();
    let id_of = |role: &str| {
        let people = seen["participants"].as_array().unwrap().iter();
        text(&people.clone().find(|one| one["role"] == role).unwrap()["id"])
    };
    Booked {
        appointment,
        visit: text(&seen["id"]),
        patient: id_of("patient"),
        practitioner: id_of("practitioner"),
        practice,
    }
}

impl Booked {
    pub async fn do_by(
        &self,
        world: &World,
        token: &str,
        what: &str,
        body: Value,
    ) -> crate::world::Reply {
        let path = format!("/v1/consultations/{}/{what}", self.visit);
        world.post(&path).by(token).send(body).await
    }

    async fn turn(&self, world: &World, token: &str, who: &str, door: &str) -> crate::world::Reply {
        self.do_by(world, token, &format!("participants/{who}/{door}"), json!({})).await
    }

    pub async fn seen_by(&self, world: &World, token: &str) -> Value {
        world.get(&format!("/v1/consultations/{}", self.visit)).by(token).reply().await.ok()
    }

    async fn appointment_state(&self, world: &World) -> String {
        let path = format!("/v1/appointments/{}", self.appointment);
        text(&world.get(&path).by(&self.practice.desk).reply().await.ok()["state"])
    }

    async fn told(&self, world: &World, event: &str, who: &str, number: u64, extra: Value) {
        let event = stay(event, &self.visit, who, number, extra);
        assert_eq!(world.tell(&event).await.status, 204);
    }

    /// Patient and practitioner are both in the call.
    async fn live(&self, world: &World) {
        world.media.open(&self.visit);
        self.do_by(world, &self.practice.patient_token, "check-in", checked()).await.ok();
        self.told(world, "participant_joined", &self.practitioner, 1, json!({})).await;
        self.turn(world, &self.practice.practitioner_token, &self.patient, "admit").await.ok();
        self.told(world, "participant_joined", &self.patient, 2, json!({})).await;
        assert_eq!(self.seen_by(world, &self.practice.desk).await["state"], "live");
        world.media.asked();
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}

pub fn checked() -> Value {
    json!({ "camera": "ok", "microphone": "ok", "speaker": "skipped", "network": "failed", "browser": "Firefox 145" })
}

fn wait(world: &World, seconds: u64) {
    world.clock.advance(Duration::from_secs(seconds));
    world.set_media_clock();
}

async fn a_booked_patient_checks_in_waits_is_admitted_talks_and_the_visit_is_recorded_as_held(
    world: World,
) {
    let booked = booked(&world).await;
    let Practice { patient_token, practitioner_token, desk, clinic, .. } = &booked.practice;
    let early = booked.do_by(&world, patient_token, "token", json!({})).await;
    assert_eq!(early.problem(), (409, "not-possible"), "who has not checked in waits nowhere");

    let waiting = booked.do_by(&world, patient_token, "check-in", checked()).await.ok();
    assert_eq!((&waiting["state"], &waiting["me"]["state"]), (&json!("open"), &json!("waiting")));
    assert_eq!(waiting["participants"].as_array().unwrap().len(), 1, "patients see themselves");
    assert_eq!(booked.appointment_state(&world).await, "checked_in");
    let token = booked.do_by(&world, patient_token, "token", json!({})).await.ok();
    assert_eq!((&token["admitted"], &token["url"]), (&json!(false), &json!(URL)));
    let claims = world.claims(&token["token"]);
    assert_eq!((claims.admission, claims.audience), (Some(Admission::Waiting), Audience::Media));
    assert_eq!(claims.room.unwrap().as_str(), booked.visit);
    assert_eq!(claims.identity.unwrap().as_str(), booked.patient);
    assert_eq!(claims.expires_unix_s - claims.not_before_unix_s.unwrap(), 120);

    wait(&world, 5 * 60 + 30);
    let line = world.get("/v1/waiting-room").by(practitioner_token).reply().await.ok();
    let line = &line["items"][0];
    assert_eq!((&line["id"], &line["state"]), (&json!(booked.visit), &json!("waiting")));
    assert_eq!(line["late_by_s"], 0);
    let token = booked.do_by(&world, practitioner_token, "token", json!({})).await.ok();
    assert_eq!(token["admitted"], true, "the practitioner's right is the appointment's");
    assert_eq!(world.claims(&token["token"]).admission, Some(Admission::Admitted));
    let seen = booked.seen_by(&world, practitioner_token).await;
    assert_eq!(seen["participants"][0]["device_check"]["network"], "failed");

    world.media.open(&booked.visit);
    booked.told(&world, "participant_joined", &booked.practitioner, 1, json!({})).await;
    let waits = json!({ "attributes": { "bedside.admission": "waiting" } });
    booked.told(&world, "participant_joined", &booked.patient, 2, waits).await;
    assert_eq!(booked.seen_by(&world, desk).await["state"], "open", "who waits is not in the call");
    assert!(world.media.asked().is_empty());
    let live = booked.turn(&world, practitioner_token, &booked.patient, "admit").await.ok();
    let admit = ("Admit".to_owned(), booked.visit.clone(), booked.patient.clone());
    assert_eq!(world.media.asked(), [admit]);
    assert_eq!(live["state"], "live");
    assert_eq!(live["participants"][0]["state"], "connected");
    assert_eq!(booked.appointment_state(&world).await, "in_progress");
    let token = booked.do_by(&world, patient_token, "token", json!({})).await.ok();
    assert_eq!(token["admitted"], true);

    wait(&world, 20 * 60);
    let ended = booked.do_by(&world, practitioner_token, "end", json!({})).await.ok();
    assert_eq!(ended["state"], "ended");
    assert_eq!(world.media.asked()[0].0, "DeleteRoom");
    assert_eq!(booked.appointment_state(&world).await, "completed");
    let late = booked.do_by(&world, patient_token, "token", json!({})).await;
    assert_eq!(late.problem(), (409, "visit-ended"));
    assert!(world.api.verify_audit(clinic).await.unwrap().unwrap() > 5);
}

async fn a_media_server_that_is_down_admits_nobody_and_nothing_changes(world: World) {
    let booked = booked(&world).await;
    let Practice { patient_token, practitioner_token, .. } = &booked.practice;
    booked.do_by(&world, patient_token, "check-in", checked()).await.ok();
    let before = booked.seen_by(&world, practitioner_token).await;
    world.media.switch(false);
    for what in ["admit", "remove"] {
        let refused = booked.turn(&world, practitioner_token, &booked.patient, what).await;
        assert_eq!(refused.problem(), (503, "unavailable"));
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    let refused = booked.do_by(&world, practitioner_token, "end", json!({})).await;
    assert_eq!(refused.problem(), (503, "unavailable"));
    let after = booked.seen_by(&world, practitioner_token).await;
    assert_eq!(before, after);
    // What does not need it goes on.
    let body = json!({ "text": "running ten minutes late" });
    let told = booked.do_by(&world, practitioner_token, "message", body).await.ok();
    assert_eq!(told["message"], "running ten minutes late");
    world.media.switch(true);
    let admitted = booked.turn(&world, practitioner_token, &booked.patient, "admit").await.ok();
    assert_eq!(admitted["participants"][0]["state"], "admitted");
}

async fn words_of_the_media_server_come_late_twice_and_forged(world: World) {
    let booked = booked(&world).await;
    booked.live(&world).await;
    let desk = &booked.practice.desk;
    let before = booked.seen_by(&world, desk).await;
    booked.told(&world, "participant_joined", &booked.patient, 2, json!({})).await;
    booked.told(&world, "participant_left", "part_of-nobody", 9, json!({})).await;
    let event = stay("participant_left", "a-room-of-somebody-else", &booked.patient, 2, json!({}));
    assert_eq!(world.tell(&event).await.status, 204);
    assert_eq!(booked.seen_by(&world, desk).await, before, "no news changes nothing");

    let body = stay("participant_left", &booked.visit, &booked.patient, 2, json!({})).to_string();
    for signature in ["", "x.y.z"] {
        let ask = world.post("/internal/media-events").with("authorization", signature);
        assert_eq!(ask.raw(body.clone()).await.status, 401);
    }
    assert_eq!(booked.seen_by(&world, desk).await, before);

    // The line breaks: the new stay's beginning is heard before the old one's end.
    booked.told(&world, "participant_joined", &booked.practitioner, 8, json!({})).await;
    booked.told(&world, "participant_left", &booked.practitioner, 1, json!({})).await;
    assert_eq!(booked.seen_by(&world, desk).await["state"], "live");
}

async fn the_last_clinicians_leaving_pauses_and_the_grace_ends_it(world: World) {
    let booked = booked(&world).await;
    booked.live(&world).await;
    let Practice { patient_token, practitioner_token, desk, .. } = &booked.practice;
    let by_choice = json!({ "disconnectReason": "CLIENT_INITIATED" });
    booked.told(&world, "participant_left", &booked.practitioner, 1, by_choice.clone()).await;
    let paused = booked.seen_by(&world, desk).await;
    assert_eq!(
        (&paused["state"], &paused["participants"][1]["state"]),
        (&json!("paused"), &json!("left"))
    );
    wait(&world, 60);
    let back = booked.do_by(&world, practitioner_token, "token", json!({})).await.ok();
    assert_eq!(back["admitted"], true, "who dropped gets back in");
    booked.told(&world, "participant_joined", &booked.practitioner, 3, json!({})).await;
    assert_eq!(booked.seen_by(&world, desk).await["state"], "live");
    booked.told(&world, "participant_left", &booked.practitioner, 3, by_choice).await;
    wait(&world, 3 * 60);
    assert_eq!(booked.seen_by(&world, patient_token).await["state"], "ended", "by the clock");
    let late = booked.do_by(&world, patient_token, "token", json!({})).await;
    assert_eq!(late.problem(), (409, "visit-ended"));
    // Whatever is heard next writes it down.
    booked.told(&world, "participant_left", &booked.patient, 2, json!({})).await;
    assert_eq!(booked.appointment_state(&world).await, "completed");
}

async fn a_visit_that_nobody_leads_is_ended_by_the_worker_and_its_room_closed(world: World) {
    let booked = booked(&world).await;
    booked.live(&world).await;
    booked.told(&world, "participant_left", &booked.practitioner, 1, json!({})).await;
    wait(&world, 3 * 60);
    let ended = async {
        let mut asked = Vec::new();
        for _ in 0..1000 {
            asked.extend(world.media.asked());
            let state = booked.appointment_state(&world).await;
            if state == "completed" && !asked.is_empty() {
                return asked;
            }
        }
        panic!("the worker does not end it")
    };
    let asked = tokio::select! {
        asked = ended => asked,
        () = scheduling_api::work(world.api.clone()) => panic!("it works for ever"),
    };
    assert_eq!(asked, [("DeleteRoom".to_owned(), booked.visit.clone(), String::new())]);
}

async fn a_door_that_stands_otherwise_in_the_media_server_is_turned(world: World) {
    let booked = booked(&world).await;
    let Practice { patient_token, practitioner_token, .. } = &booked.practice;
    booked.do_by(&world, patient_token, "check-in", checked()).await.ok();
    // Nobody has opened the room when the patient is admitted; they come with a token from before.
    booked.turn(&world, practitioner_token, &booked.patient, "admit").await.ok();
    world.media.asked();
    let waits = json!({ "attributes": { "bedside.admission": "waiting" } });
    booked.told(&world, "participant_joined", &booked.patient, 1, waits).await;
    world.media.open(&booked.visit);
    let said =
        |method: &str| vec![(method.to_owned(), booked.visit.clone(), booked.patient.clone())];
    assert_eq!(world.media.asked(), said("Admit"));
    // Sent back to wait, and returns with a token that lets in.
    booked.turn(&world, practitioner_token, &booked.patient, "hold").await.ok();
    assert_eq!(world.media.asked(), said("Hold"));
    booked.told(&world, "participant_joined", &booked.patient, 2, json!({})).await;
    assert_eq!(world.media.asked(), said("Hold"));
    booked.turn(&world, practitioner_token, &booked.patient, "remove").await.ok();
    world.media.asked();
    booked.told(&world, "participant_joined", &booked.patient, 3, json!({})).await;
    assert_eq!(world.media.asked(), said("Remove"));
    let refused = booked.do_by(&world, patient_token, "token", json!({})).await;
    assert_eq!(refused.problem(), (409, "not-possible"));
}

async fn who_may_turn_a_door_is_decided_by_the_appointment(world: World) {
    let booked = booked(&world).await;
    let Practice { patient_token, practitioner_token, desk, admin, clinic, .. } = &booked.practice;
    booked.do_by(&world, patient_token, "check-in", checked()).await.ok();
    let other = demo::add_patient(&world.api, clinic).await.unwrap();
    let other = world.patient_token(clinic, &other);
    let elsewhere = world.practice("UTC", (6, 18)).await;
    for (token, status) in
        [(patient_token, 403), (&other, 403), (&elsewhere.practitioner_token, 404)]
    {
        for door in ["admit", "hold", "remove"] {
            let refused = booked.turn(&world, token, &booked.patient, door).await;
            assert_eq!(refused.status, status, "{door}");
        }
        assert_eq!(booked.do_by(&world, token, "end", json!({})).await.status, status);
    }
    let path = format!("/v1/consultations/{}", booked.visit);
    assert_eq!(world.get(&path).by(&other).reply().await.status, 403);
    assert_eq!(world.get(&path).reply().await.status, 401);
    assert_eq!(world.get(&path).by(&elsewhere.desk).reply().await.status, 404);
    for token in [desk, admin] {
        booked.turn(&world, token, &booked.patient, "admit").await.ok();
        let refused = booked.do_by(&world, token, "end", json!({})).await;
        assert_eq!(refused.status, 403, "only a clinician ends it for others");
        let refused = booked.do_by(&world, token, "token", json!({})).await;
        assert_eq!(refused.status, 403, "who looks after it does not take part");
    }
    let refused = booked.turn(&world, desk, &booked.practitioner, "remove").await;
    assert_eq!(refused.problem(), (403, "forbidden"));
    booked.do_by(&world, practitioner_token, "extend", json!({ "minutes": 15 })).await.ok();
    let seen = booked.seen_by(&world, patient_token).await;
    assert_eq!(seen["ends_at"], "2026-03-02T07:45:00Z");
    let refused =
        booked.do_by(&world, practitioner_token, "extend", json!({ "minutes": 300 })).await;
    assert_eq!(refused.problem(), (422, "invalid"));
    assert!(world.media.asked().iter().all(|(method, ..)| method == "Admit"));
}

async fn nobody_comes_too_early_or_to_a_cancelled_appointment(world: World) {
    world.set_media_clock();
    let practice = world.practice("UTC", (6, 18)).await;
    let ask = world.post("/v1/appointments").by(&practice.patient_token).once("book");
    let made = ask.send(practice.booking("2026-03-02T09:00:00Z")).await.ok();
    let id = text(&made["id"]);
    let path = format!("/v1/appointments/{id}/consultation");
    let seen = world.get(&path).by(&practice.patient_token).reply().await.ok();
    assert_eq!(
        (&seen["state"], &seen["opens_at"]),
        (&json!("scheduled"), &json!("2026-03-02T08:00:00Z"))
    );
    let check_in = format!("/v1/consultations/{}/check-in", text(&seen["id"]));
    let early = world.post(&check_in).by(&practice.patient_token).send(checked()).await;
    assert_eq!(early.problem(), (409, "visit-not-open"));
    let cancel = format!("/v1/appointments/{id}/cancel");
    world.post(&cancel).by(&practice.desk).reply().await.ok();
    wait(&world, 2 * 3600 + 1800);
    let late = world.post(&check_in).by(&practice.patient_token).send(checked()).await;
    assert_eq!(late.problem(), (409, "not-possible"));
}

async fn a_visit_moves_with_its_appointment_and_is_handed_over_with_it(world: World) {
    let booked = booked(&world).await;
    let Practice { patient_token, practitioner_token, desk, clinic, .. } = &booked.practice;
    let path = format!("/v1/appointments/{}", booked.appointment);
    let rev = world.get(&path).by(desk).reply().await.ok()["rev"].as_u64().unwrap();
    let colleague = world.practitioner(clinic, "Dr. Njeri Kamau").await;
    let hours = crate::world::practice::every_day("UTC", 6, 18);
    demo::add_hours(&world.api, clinic, &colleague, hours).await.unwrap();
    let service = format!("/v1/services/{}", booked.practice.service);
    let mut terms = world.get(&service).reply().await.ok();
    let seen = terms["rev"].as_u64().unwrap();
    for read_only in ["id", "rev", "clinic"] {
        terms.as_object_mut().unwrap().remove(read_only);
    }
    terms["practitioners"] = json!([booked.practice.practitioner, colleague]);
    world.put(&service).by(&booked.practice.admin).seen(seen as u32).send(terms).await.ok();

    let body = json!({ "start": "2026-03-02T09:00:00Z", "practitioner": colleague });
    let moved = world.post(&format!("{path}/reschedule")).by(desk).seen(rev as u32);
    moved.send(body).await.ok();
    let visit = booked.seen_by(&world, patient_token).await;
    assert_eq!(visit["starts_at"], "2026-03-02T09:00:00Z");
    let early = booked.do_by(&world, patient_token, "check-in", checked()).await;
    assert_eq!(early.problem().0, 409, "not at the old hour");
    let old = world.get(&format!("/v1/consultations/{}", booked.visit)).by(practitioner_token);
    assert_eq!(old.reply().await.problem(), (403, "forbidden"));
    wait(&world, 2 * 60 * 60);
    let come = booked.do_by(&world, patient_token, "check-in", checked()).await.ok();
    assert_eq!(come["me"]["state"], "waiting");
}

stories! {
    a_visit_moves_with_its_appointment_and_is_handed_over_with_it
    a_booked_patient_checks_in_waits_is_admitted_talks_and_the_visit_is_recorded_as_held
    a_media_server_that_is_down_admits_nobody_and_nothing_changes
    words_of_the_media_server_come_late_twice_and_forged
    the_last_clinicians_leaving_pauses_and_the_grace_ends_it
    a_visit_that_nobody_leads_is_ended_by_the_worker_and_its_room_closed
    a_door_that_stands_otherwise_in_the_media_server_is_turned
    who_may_turn_a_door_is_decided_by_the_appointment
    nobody_comes_too_early_or_to_a_cancelled_appointment
}
