//! Recordings of visits: who may ask for one, how it comes into the record, who sees it, and how it ends there.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use scheduling_api::{
    domain::{
        actor::{Actor, Role},
        document::PART_BYTES,
    },
    ports::scanner::Clamd,
};
use serde_json::{Value, json};

use crate::{
    documents::sha256,
    notifications::{ANN, house},
    visit::{Booked, booked, checked, text},
    webhooks::fresh_admin,
    world::World,
};

const PART: usize = PART_BYTES as usize;
const RECORDING: &str = "EG_recordedvisit";
const FILM: &str = "PA_1-camera-001.webm";

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

/// A film's beginning, then bytes that no two places have alike.
fn film(size: usize) -> Vec<u8> {
    let mut bytes = b"\x1a\x45\xdf\xa3Canaryfilm".to_vec();
    let mut state = 1_u32;
    bytes.resize_with(size, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    bytes
}

/// A recording of a visit is over: one film, and what happened when.
fn recorded(world: &World, id: &str, visit: &str, who: &str, film: &[u8]) {
    let timeline = b"{\"at_ms\":1,\"consent\":\"running\"}\n";
    let files = [(FILM, Some(who), film), ("timeline.jsonl", None, &timeline[..])];
    world.recordings.hold(id, visit, &files);
}

async fn listed(world: &World, appointment: &str, token: &str) -> Vec<Value> {
    let path = format!("/v1/appointments/{appointment}/recordings");
    let found = world.get(&path).by(token).reply().await.ok();
    found["items"].as_array().unwrap().clone()
}

/// The document whose name ends so.
fn named<'a>(all: &'a [Value], name: &str) -> &'a Value {
    let found = all.iter().find(|one| text(&one["name"]).ends_with(name));
    found.unwrap_or_else(|| panic!("no {name} in {all:?}"))
}

fn content(document: &Value) -> String {
    format!("/v1/documents/{}/content", text(&document["id"]))
}

async fn a_recording_comes_into_the_record_and_each_view_of_it_is_written_down(world: World) {
    // A scanner that is away: it is not asked about what our own media server wrote.
    let world = world.with_scanner(Arc::new(Clamd::Tcp("127.0.0.1:1".to_owned())));
    let booked = booked(&world).await;
    let (patient, practitioner) = (&booked.practice.patient_token, booked.practice());
    booked.do_by(&world, patient, "check-in", checked()).await.ok();
    let film = film(2 * PART + 1000);
    recorded(&world, RECORDING, &booked.visit, &booked.patient, &film);
    assert!(listed(&world, &booked.appointment, practitioner).await.is_empty());

    // The media server is away in the middle, and the rest is taken in afterwards.
    world.recordings.fail_after(1);
    world.work().await;
    assert_eq!(world.recordings.ids(), [RECORDING], "the only copy stays");
    let begun = listed(&world, &booked.appointment, patient).await;
    assert_eq!(begun[0]["state"], "uploading");
    let begun = format!("/v1/documents/{}", text(&begun[0]["id"]));
    let forged = world.put(&format!("{begun}/parts/1")).by(patient).raw(vec![0; PART]).await;
    let completed = world.post(&format!("{begun}/complete")).by(practitioner).send(json!({})).await;
    let given_up = world.ask("DELETE", &begun).by(patient).reply().await;
    for refused in [forged, completed, given_up] {
        assert_eq!(refused.problem(), (409, "not-possible"), "it is the media server's");
    }
    world.work().await;
    assert!(world.recordings.ids().is_empty(), "deleted there once it is ready here");

    let all = listed(&world, &booked.appointment, practitioner).await;
    let (shown, timeline) = (named(&all, FILM), named(&all, "timeline.jsonl"));
    assert_eq!(all.len(), 2);
    assert_eq!(
        (&shown["name"], &shown["media_type"], &shown["state"], &shown["scanned"]),
        (&json!(format!("patient {FILM}")), &json!("video/webm"), &json!("ready"), &json!(false))
    );
    assert_eq!(
        (&shown["recording"], &shown["size"], &shown["sha256"], &shown["appointment"]),
        (&json!(RECORDING), &json!(film.len()), &json!(sha256(&film)), &json!(booked.appointment))
    );
    assert!(shown.get("created_by").is_none(), "nobody has uploaded it");
    assert_eq!(timeline["media_type"], "text/plain; charset=utf-8");

    let part = world.get(&content(shown)).by(practitioner).with("range", "bytes=4194300-4194400");
    let part = part.bytes().await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert!(part.bytes == film[4_194_300..=4_194_400]);
    let whole = world.get(&content(shown)).by(patient).bytes().await;
    assert!(whole.bytes == film, "the patient sees what was recorded of them");
    assert_eq!(listed(&world, &booked.appointment, patient).await.len(), 2);

    nobody_else_sees(&world, &booked, shown).await;

    let audit = format!("/v1/clinics/{}/audit?limit=200", booked.practice.clinic);
    let audit = world.get(&audit).by(&booked.practice.admin).reply().await.ok();
    let acts = |act: &str| {
        let entries = audit["items"].as_array().unwrap().iter();
        entries.filter(|entry| entry["act"] == act).count()
    };
    assert_eq!((acts("download_document"), acts("take_recording")), (2, 4), "{audit}");
    assert_eq!(acts("list_recordings"), 4);

    let mut files: Vec<_> =
        world.objects().iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(files.len(), 4);
    files.extend(world.files());
    let canary = b"Canaryfilm";
    assert!(!files.iter().any(|file| file.windows(canary.len()).any(|part| part == canary)));
}

/// A colleague, the desk and the administrator of the clinic, and a practitioner elsewhere.
async fn nobody_else_sees(world: &World, booked: &Booked, shown: &Value) {
    let colleague = world.practitioner(&booked.practice.clinic, "Dr. Baraka").await;
    let colleague = world.token(Actor {
        clinic: Some(booked.practice.clinic.clone()),
        roles: vec![Role::Practitioner],
        practitioner: Some(colleague),
        second_factor: true,
        ..Actor::default()
    });
    let elsewhere = world.practice("UTC", (6, 18)).await;
    let path = format!("/v1/appointments/{}/recordings", booked.appointment);
    for (token, status) in [
        (&colleague, 403),
        (&booked.practice.desk, 403),
        (&booked.practice.admin, 403),
        (&elsewhere.practitioner_token, 404),
    ] {
        assert_eq!(world.get(&path).by(token).reply().await.status, status);
        assert_eq!(world.get(&content(shown)).by(token).reply().await.status, status);
    }
}

async fn what_is_not_what_was_written_stays_with_the_media_server(world: World) {
    let booked = booked(&world).await;
    let practitioner = booked.practice();
    booked.do_by(&world, &booked.practice.patient_token, "check-in", checked()).await.ok();
    recorded(&world, RECORDING, &booked.visit, &booked.patient, &film(1000));
    world.recordings.spoil(RECORDING);
    world.work().await;
    let all = listed(&world, &booked.appointment, practitioner).await;
    let spoilt = named(&all, FILM);
    assert_eq!((&spoilt["state"], &spoilt["refused_for"]), (&json!("refused"), &json!("hash")));
    assert_eq!(named(&all, "timeline.jsonl")["state"], "ready");
    assert_eq!(world.recordings.ids(), [RECORDING]);
    let refused = world.get(&content(spoilt)).by(practitioner).reply().await;
    assert_eq!(refused.problem(), (409, "not-possible"));

    // Rooms that are no visits of ours are nobody's record.
    recorded(&world, "EG_elsewhere", "cons_01932f3ea5b07c3e8d9a6b1c2d3e4f50", "x", &film(10));
    recorded(&world, "EG_noroom", "some room", "x", &film(10));
    // One that everybody refused has nothing in it.
    world.recordings.hold("EG_refused", &booked.visit, &[("timeline.jsonl", None, b"{}\n")]);
    world.work().await;
    assert_eq!(world.recordings.ids(), ["EG_elsewhere", "EG_noroom", RECORDING]);
    assert_eq!(listed(&world, &booked.appointment, practitioner).await.len(), 2);
}

async fn recordings_of_a_forgotten_patient_are_deleted_here_and_there(world: World) {
    let house = house(world).await;
    let world = &house.world;
    world.set_media_clock();
    let made = house.book("2026-03-02T10:00:00Z").await;
    let appointment = text(&made["id"]);
    let path = format!("/v1/appointments/{appointment}/consultation");
    let visit = world.get(&path).by(&house.ann).reply().await.ok();
    let (visit, who) = (text(&visit["id"]), text(&visit["participants"][0]["id"]));
    recorded(world, RECORDING, &visit, &who, &film(PART + 10));
    world.work().await;
    assert_eq!(listed(world, &appointment, &house.ann).await.len(), 2);
    assert_eq!(world.objects().len(), 3);

    // Nobody is forgotten who has an appointment to come.
    let rev = u32::try_from(made["rev"].as_u64().unwrap()).unwrap();
    let cancel = format!("/v1/appointments/{appointment}/cancel");
    world.post(&cancel).by(&house.ann).seen(rev).send(json!({})).await.ok();
    let token = world.stepped_up(&world.signed_in(ANN).await).await;
    let body = json!({ "kind": "erasure" });
    let made = world.post("/v1/me/data-requests").by(&token).send(body).await.ok();
    let admin = fresh_admin(world, &house.practice);
    let approve = format!("/v1/data-requests/{}/approve", text(&made["id"]));
    world.post(&approve).by(&admin).reply().await.ok();
    // One more was still with the media server.
    recorded(world, "EG_late", &visit, &who, &film(20));
    world.work().await;
    assert!(world.objects().is_empty(), "their bytes are deleted");
    let left =
        world.raw("SELECT id FROM document WHERE recorded_as IS NOT NULL AND state <> 'erased'");
    assert_eq!(left.await.len(), 0);
    world.work().await;
    assert!(world.recordings.ids().is_empty(), "and what was never taken in");
    let taken = world.raw("SELECT id FROM document WHERE recorded_as IS NOT NULL").await;
    assert_eq!(taken.len(), 2, "it was not taken in first");
    assert!(matches!(world.api.verify_audits().await, Ok(Ok(_))));
}

async fn a_clinic_keeps_recordings_as_long_as_it_says(world: World) {
    let booked = booked(&world).await;
    let practitioner = booked.practice();
    booked.do_by(&world, &booked.practice.patient_token, "check-in", checked()).await.ok();
    recorded(&world, RECORDING, &booked.visit, &booked.patient, &film(1000));
    world.work().await;
    let later = |days: u64| world.clock.advance(Duration::from_secs(days * 24 * 3600));
    later(100);
    scheduling_api::sweep_once(&world.api).await.unwrap();
    world.work().await;
    let all = listed(&world, &booked.appointment, practitioner).await;
    assert_eq!(all.len(), 2, "with the record, unless the clinic says otherwise");

    let path = format!("/v1/clinics/{}/retention", booked.practice.clinic);
    let admin = fresh_admin(&world, &booked.practice);
    let mut kept = world.get(&path).by(&admin).reply().await.ok();
    assert!(kept.get("recordings_days").is_none());
    for (days, expected) in [(0, 422), (101, 200)] {
        kept["recordings_days"] = json!(days);
        let put = world.put(&path).by(&admin).seen(0).send(kept.clone()).await;
        assert_eq!(put.status, expected);
    }
    scheduling_api::sweep_once(&world.api).await.unwrap();
    assert_eq!(listed(&world, &booked.appointment, practitioner).await.len(), 2, "a day to go");
    later(2);
    scheduling_api::sweep_once(&world.api).await.unwrap();
    assert!(listed(&world, &booked.appointment, practitioner).await.is_empty());
    let refused = world.get(&content(&all[0])).by(practitioner).reply().await;
    assert_eq!(refused.problem(), (409, "not-possible"));
    world.work().await;
    assert!(world.objects().is_empty());
    assert!(world.api.verify_audit(&booked.practice.clinic).await.unwrap().is_ok());
}

async fn where_recordings_cannot_be_kept_nobody_may_ask_for_one(world: World) {
    let world = world.without_recordings();
    let booked = booked(&world).await;
    allow(&world, &booked, true).await;
    assert!(!may_record(&world, &booked, booked.practice()).await);
}

impl Booked {
    fn practice(&self) -> &str {
        &self.practice.practitioner_token
    }
}

stories! {
    the_practitioner_of_a_visit_asks_for_a_recording_where_the_clinic_allows_it
    a_recording_comes_into_the_record_and_each_view_of_it_is_written_down
    what_is_not_what_was_written_stays_with_the_media_server
    recordings_of_a_forgotten_patient_are_deleted_here_and_there
    a_clinic_keeps_recordings_as_long_as_it_says
    where_recordings_cannot_be_kept_nobody_may_ask_for_one
}
