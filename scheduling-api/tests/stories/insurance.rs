//! Insurance: who is billed, by whom patients are insured, and what becomes of the money.

use scheduling_api::domain::{
    actor::{Actor, Role},
    id::UserId,
    service::PayPolicy,
};
use serde_json::{Value, json};

use crate::{
    payments::{Till, till},
    world::{BEGINNING, Reply, World},
};

struct Office {
    till: Till,
    admin: String,
    payer: String,
}

/// A clinic whose visits are paid by an insurer: patients pay 500.00 of 2,500.00.
async fn office(world: World) -> Office {
    let till = till(world, PayPolicy::Insurance, |_| ()).await;
    let admin = till.world.token(Actor {
        user: Some(UserId::mint(&till.world.api.random, BEGINNING.parse().unwrap())),
        clinic: Some(till.practice.clinic.clone()),
        roles: vec![Role::ClinicAdmin],
        second_factor: true,
        stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        ..Actor::default()
    });
    let payer = till.world.post("/v1/payers").by(&admin).once("payer");
    let payer = payer.send(card("SHA-01")).await.ok();
    let payer = payer["id"].as_str().unwrap().to_owned();
    Office { till, admin, payer }
}

fn card(code: &str) -> Value {
    json!({ "name": "Social Health Authority", "code": code, "provider_number": "1234567893",
        "share": { "kind": "fixed", "amount": { "minor": 50_000, "currency": "KES" } } })
}

impl Office {
    fn world(&self) -> &World {
        &self.till.world
    }

    fn coverage(&self) -> Value {
        json!({ "patient": self.till.practice.patient, "payer": self.payer, "member_id": "MEMBER-4711",
            "plan": "Silver", "relationship": "self", "starts_on": "2026-01-01", "ends_on": "2026-12-31" })
    }

    async fn insure(&self, key: &str, body: Value) -> Reply {
        self.world().post("/v1/coverages").by(&self.till.practice.patient_token).once(key).send(body).await
    }
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

async fn a_coverage_is_written_down_by_its_patient_and_seen_by_the_desk(world: World) {
    let office = office(world).await;
    let (world, practice) = (office.world(), &office.till.practice);
    let (ann, desk) = (&practice.patient_token, &practice.desk);
    let twice = world.post("/v1/payers").by(&office.admin).once("p2").send(card("SHA-01")).await;
    assert_eq!(twice.problem(), (409, "exists"));
    let good = office.coverage();
    let made = office.insure("c1", good.clone()).await;
    assert_eq!((made.status.as_u16(), &made.body["member_id"]), (201, &json!("MEMBER-4711")));
    let id = made.body["id"].as_str().unwrap().to_owned();
    assert_eq!(office.insure("c1", good.clone()).await.ok()["id"], json!(id), "the same request");
    for (key, bad, status) in [
        ("b1", with(good.clone(), "member_id", json!("4711*~")), 422),
        ("b2", with(good.clone(), "ends_on", json!("2025-01-01")), 422),
        ("b3", with(good.clone(), "relationship", json!("child")), 422),
        ("b4", with(good.clone(), "document", json!("doc_01932f3e5a7c7d2e8f3a000000000001")), 422),
        ("b5", with(good.clone(), "payer", json!("pyr_01932f3e5a7c7d2e8f3a000000000001")), 422),
        ("b6", with(good.clone(), "memberid", json!("x")), 400),
    ] {
        assert_eq!(office.insure(key, bad).await.status.as_u16(), status, "{key}");
    }
    let list = world.get("/v1/coverages").by(desk).reply().await.ok();
    assert_eq!(list["items"][0]["id"], json!(id));
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let path = format!("/v1/coverages/{id}");
    let mut ended = with(good, "active", json!(false));
    ended.as_object_mut().unwrap().retain(|field, _| field != "patient" && field != "payer");
    let stale = world.put(&path).by(desk).seen(7).send(ended.clone()).await;
    assert_eq!(stale.status.as_u16(), 412);
    let ended = world.put(&path).by(desk).seen(1).send(ended).await.ok();
    assert_eq!((&ended["active"], &ended["rev"]), (&json!(false), &json!(2)));
    let read = world.get(&path).by(ann).reply().await.ok();
    assert_eq!((&read["active"], &read["plan"]), (&json!(false), &json!("Silver")));
    assert_eq!(world.get(&path).by(&practice.practitioner_token).reply().await.status.as_u16(), 403);
    // Twenty at most; the number is nowhere in the open.
    for n in 1..20 {
        office.insure(&format!("n{n}"), office.coverage()).await.ok();
    }
    assert_eq!(office.insure("n20", office.coverage()).await.problem(), (409, "not-possible"));
    for file in world.files() {
        assert!(!file.windows(11).any(|window| window == b"MEMBER-4711"));
    }
}

stories! {
    a_coverage_is_written_down_by_its_patient_and_seen_by_the_desk
}
