//! Recordings of visits: who may ask for one.

use scheduling_api::domain::actor::{Actor, Role};
use serde_json::json;

use crate::{
    visit::{Booked, booked, checked, text},
    world::World,
};

/// The clinic chooses whether its visits may be recorded.
async fn allow(world: &World, booked: &Booked, recording: bool) {
    let path = format!("/v1/clinics/{}/record-settings", booked.practice.clinic);
    let admin = &booked.practice.admin;
    let read = world.get(&path).by(admin).reply().await;
    let seen = read.header("etag").trim_matches('"').parse().unwrap();
    let mut settings = read.ok();
    settings["recording"] = json!(recording);
    let chosen = world.put(&path).by(admin).seen(seen).send(settings).await.ok();
    assert_eq!(chosen["recording"], recording);
}

/// Whether somebody's token for the visit lets them ask for a recording.
async fn may_record(world: &World, booked: &Booked, token: &str) -> bool {
    let minted = booked.do_by(world, token, "token", json!({})).await.ok();
    let grants = world.claims(&minted["token"]).grants;
    assert!(grants.room_join && !grants.room_admin && !grants.room_create && !grants.room_list);
    grants.room_record
}

/// Somebody who comes by a link, and has checked in.
async fn guest(world: &World, booked: &Booked, role: &str) -> String {
    let path = format!("/v1/appointments/{}/join-links", booked.appointment);
    let body = json!({ "role": role, "name": format!("A {role}") });
    let link = world.post(&path).by(&booked.practice.desk).send(body).await.ok();
    let entered = world.post("/v1/join/exchange").send(json!({ "secret": link["secret"] })).await;
    let entered = entered.ok();
    let token = text(&entered["session_token"]);
    booked.do_by(world, &token, "check-in", checked()).await;
    let (who, practitioner) = (&entered["visit"]["me"]["participant"], booked.practice());
    let admit = format!("participants/{}/admit", text(who));
    booked.do_by(world, practitioner, &admit, json!({})).await;
    token
}

async fn the_practitioner_of_a_visit_asks_for_a_recording_where_the_clinic_allows_it(world: World) {
    let booked = booked(&world).await;
    let (patient, practitioner) = (&booked.practice.patient_token, booked.practice());
    booked.do_by(&world, patient, "check-in", checked()).await.ok();
    assert!(!may_record(&world, &booked, practitioner).await, "off until the clinic says so");
    let path = format!("/v1/clinics/{}/record-settings", booked.practice.clinic);
    let read = world.get(&path).by(practitioner).reply().await.ok();
    assert_eq!(read["recording"], false);

    allow(&world, &booked, true).await;
    assert!(may_record(&world, &booked, practitioner).await);
    assert!(!may_record(&world, &booked, patient).await, "who waits");
    let admit = format!("participants/{}/admit", booked.patient);
    booked.do_by(&world, practitioner, &admit, json!({})).await.ok();
    assert!(!may_record(&world, &booked, patient).await, "who is let in");
    for role in ["relative", "interpreter", "clinician", "patient"] {
        let guest = guest(&world, &booked, role).await;
        assert!(!may_record(&world, &booked, &guest).await, "{role}");
    }
    let colleague = world.practitioner(&booked.practice.clinic, "Dr. Baraka").await;
    let colleague = world.token(Actor {
        clinic: Some(booked.practice.clinic.clone()),
        roles: vec![Role::Practitioner],
        practitioner: Some(colleague),
        second_factor: true,
        ..Actor::default()
    });
    let refused = booked.do_by(&world, &colleague, "token", json!({})).await;
    assert_eq!(refused.problem(), (403, "forbidden"), "a colleague has no token at all");

    allow(&world, &booked, false).await;
    assert!(!may_record(&world, &booked, practitioner).await, "the next token knows");
}

impl Booked {
    fn practice(&self) -> &str {
        &self.practice.practitioner_token
    }
}

stories! {
    the_practitioner_of_a_visit_asks_for_a_recording_where_the_clinic_allows_it
}
