//! Clinics' own programs that are told of events.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use scheduling_api::{
    Outbound,
    domain::actor::{Actor, Role},
};
use serde_json::{Value, json};

use crate::{
    fakes::http::{Asked, Fate, Http},
    world::{World, practice::Practice},
};

/// A program that a clinic named.
pub struct Program {
    server: Http,
    pub id: String,
    pub secret: Vec<u8>,
}

fn key(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap().strip_prefix("whsec_").unwrap();
    BASE64_STANDARD.decode(text).unwrap()
}

/// An administrator who has just proved who they are.
pub fn fresh_admin(world: &World, practice: &Practice) -> String {
    world.token(Actor {
        clinic: Some(practice.clinic.clone()),
        roles: vec![Role::ClinicAdmin],
        second_factor: true,
        stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        ..Actor::default()
    })
}

impl Program {
    pub async fn named(world: &World, practice: &Practice, topics: &[&str]) -> Self {
        let server = Http::start().await;
        let admin = fresh_admin(world, practice);
        let body = json!({ "url": format!("{}/hook", server.address), "topics": topics });
        let made = world.post("/v1/webhook-endpoints").by(&admin).send(body).await.ok();
        let id = made["endpoint"]["id"].as_str().unwrap().to_owned();
        Self { server, id, secret: key(&made["secret"]) }
    }

    pub fn told(&self) -> Vec<Asked> {
        self.server.asked()
    }
}

/// As a receiver checks it, by the specification's words.
fn is_signed(asked: &Asked, secret: &[u8]) -> bool {
    let (id, at) = (asked.header("webhook-id"), asked.header("webhook-timestamp"));
    let text = format!("{id}.{at}.{}", asked.body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let wanted = format!("v1,{}", BASE64_STANDARD.encode(hmac::sign(&key, text.as_bytes())));
    asked.header("webhook-signature").split(' ').any(|signature| signature == wanted)
}

async fn booked(world: &World, practice: &Practice, start: &str) -> Value {
    let ask = world.post("/v1/appointments").by(&practice.patient_token).once(start);
    ask.send(practice.booking(start)).await.ok()
}

const NINE: &str = "2026-03-02T09:00:00Z";
const TEN: &str = "2026-03-02T10:00:00Z";

async fn log(world: &World, admin: &str, program: &Program) -> Vec<Value> {
    let path = format!("/v1/webhook-endpoints/{}/deliveries", program.id);
    world.get(&path).by(admin).reply().await.ok()["items"].as_array().unwrap().clone()
}

async fn a_program_is_told_signed_of_what_it_asked_for_and_of_nothing_else(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let program = Program::named(&world, &practice, &["appointment.booked"]).await;
    let other = world.practice("UTC", (8, 18)).await;
    let appointment = booked(&world, &practice, NINE).await;
    booked(&world, &other, NINE).await;
    world.work().await;
    let [asked] = &program.told()[..] else { panic!("{:?}", program.told()) };
    assert!(is_signed(asked, &program.secret));
    assert!(!is_signed(asked, b"another key"));
    assert_eq!(asked.header("webhook-timestamp"), "1772431200");
    let body = asked.json();
    assert_eq!(
        (&body["type"], &body["aggregate"]),
        (&json!("appointment.booked"), &appointment["id"])
    );
    assert_eq!(body["data"]["practitioner"], json!(practice.practitioner));
    assert_eq!((&asked.method, asked.path.as_str()), (&axum::http::Method::POST, "/hook"));
}

async fn a_program_that_fails_is_told_again_and_the_log_says_so(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let program = Program::named(&world, &practice, &["appointment.booked"]).await;
    program.server.next(Fate::status(500));
    program.server.next(Fate { retry_after: Some("60"), ..Fate::status(429) });
    program.server.next(Fate::silent());
    booked(&world, &practice, NINE).await;
    for wait in [0, 3, 59, 20, 15] {
        world.clock.advance(Duration::from_secs(wait));
        world.work().await;
    }
    let told = program.told();
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|asked| asked.header("webhook-id") == told[0].header("webhook-id")));
    assert!(told.iter().all(|asked| is_signed(asked, &program.secret)));
    let log = log(&world, &practice.admin, &program).await;
    assert_eq!((&log[0]["state"], &log[0]["attempts"]), (&json!("sent"), &json!(4)));
}

async fn a_program_that_is_gone_is_given_up_and_can_be_told_again(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let program = Program::named(&world, &practice, &[]).await;
    program.server.next(Fate::status(410));
    program.server.next(Fate::status(410));
    booked(&world, &practice, NINE).await;
    world.work().await;
    let entries = log(&world, &practice.admin, &program).await;
    assert!(entries.iter().all(|one| one["state"] == "failed" && one["reason"] == "status 410"));
    let id = entries[0]["id"].as_str().unwrap();
    let path = format!("/v1/webhook-deliveries/{id}/replay");
    let other = world.practice("UTC", (8, 18)).await;
    assert_eq!(world.post(&path).by(&other.admin).reply().await.problem(), (404, "not-found"));
    assert_eq!(world.post(&path).by(&practice.admin).reply().await.status.as_u16(), 204);
    world.work().await;
    let last = program.told().pop().unwrap();
    assert_eq!(last.header("webhook-id"), id);
    // And once more, as somebody whose disk was lost asks for.
    assert_eq!(world.post(&path).by(&practice.admin).reply().await.status.as_u16(), 204);
    world.work().await;
    assert_eq!(program.told().last().unwrap().header("webhook-id"), id);
}

async fn a_replaced_key_signs_beside_the_new_one_for_a_day(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let program = Program::named(&world, &practice, &["appointment.booked"]).await;
    let admin = fresh_admin(&world, &practice);
    let path = format!("/v1/webhook-endpoints/{}/rotate-secret", program.id);
    assert_eq!(world.post(&path).by(&practice.admin).reply().await.problem(), (403, "step-up"));
    let rotated = world.post(&path).by(&admin).reply().await.ok();
    let new = key(&rotated["secret"]);
    booked(&world, &practice, NINE).await;
    world.work().await;
    let asked = program.told().pop().unwrap();
    assert!(is_signed(&asked, &program.secret) && is_signed(&asked, &new));
    world.clock.advance(Duration::from_secs(24 * 3600));
    booked(&world, &practice, "2026-03-04T09:00:00Z").await;
    world.work().await;
    let asked = program.told().pop().unwrap();
    assert!(!is_signed(&asked, &program.secret) && is_signed(&asked, &new));
}

async fn an_endpoint_is_read_changed_switched_off_and_ended(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let program = Program::named(&world, &practice, &[]).await;
    let admin = fresh_admin(&world, &practice);
    let path = format!("/v1/webhook-endpoints/{}", program.id);
    let read = world.get(&path).by(&practice.admin).reply().await.ok();
    assert!(!read.to_string().contains("whsec_"));
    let list = world.get("/v1/webhook-endpoints").by(&practice.admin).reply().await.ok();
    assert_eq!(list["items"], json!([read]));
    let off = json!({ "url": read["url"], "active": false });
    assert_eq!(world.put(&path).by(&admin).seen(1).send(off.clone()).await.ok()["active"], false);
    assert_eq!(world.put(&path).by(&admin).seen(1).send(off).await.problem(), (412, "stale"));
    booked(&world, &practice, NINE).await;
    world.work().await;
    assert_eq!(program.told().len(), 0);
    let other = world.practice("UTC", (8, 18)).await;
    assert_eq!(world.get(&path).by(&other.admin).reply().await.problem(), (404, "not-found"));
    assert_eq!(world.get(&path).by(&practice.desk).reply().await.problem(), (403, "forbidden"));
    let end = world.ask("DELETE", &path).by(&practice.admin).reply().await;
    assert_eq!(end.status.as_u16(), 204);
    assert_eq!(world.get(&path).by(&practice.admin).reply().await.problem(), (404, "not-found"));
    booked(&world, &practice, TEN).await;
    world.work().await;
    assert_eq!(program.told().len(), 0);
}

async fn an_address_within_the_network_is_not_asked(world: World) {
    let world = world.with_outbound(|_| Outbound::new(false).unwrap());
    let practice = world.practice("UTC", (8, 18)).await;
    let admin = fresh_admin(&world, &practice);
    for url in [
        "http://clinic.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://0177.0.0.1/",
        "https://user@clinic.example/",
        "nonsense",
    ] {
        let body = json!({ "url": url });
        let reply = world.post("/v1/webhook-endpoints").by(&admin).send(body).await;
        assert_eq!(reply.problem(), (422, "invalid"), "{url}");
    }
    // A name is looked at when it is asked, whatever it meant before.
    let body = json!({ "url": "https://localhost/" });
    world.post("/v1/webhook-endpoints").by(&admin).send(body).await.ok();
    booked(&world, &practice, NINE).await;
    world.work().await;
    let jobs = world.get("/v1/admin/jobs?kind=webhook").by(&practice.admin).reply().await.ok();
    let jobs = jobs["items"].as_array().unwrap();
    assert!(jobs.iter().all(|job| job["reason"] == "cannot be reached"), "{jobs:?}");
}

stories! {
    a_program_is_told_signed_of_what_it_asked_for_and_of_nothing_else
    a_program_that_fails_is_told_again_and_the_log_says_so
    a_program_that_is_gone_is_given_up_and_can_be_told_again
    a_replaced_key_signs_beside_the_new_one_for_a_day
    an_endpoint_is_read_changed_switched_off_and_ended
    an_address_within_the_network_is_not_asked
}
