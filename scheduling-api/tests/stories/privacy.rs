//! What patients may know about their data, and have done with it.

use scheduling_api::Location;
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _};

use super::{
    notifications::{ANN, House, house},
    webhooks::fresh_admin,
};
use crate::world::{World, person::PASSWORD};

async fn a_patient_sees_who_saw_their_data_and_that_looking_is_logged(world: World) {
    let house = house(world).await;
    let booked = house.book("2026-03-09T09:00:00Z").await;
    let patient = booked["patient"].as_str().unwrap().to_owned();
    let read = format!("/v1/patients/{patient}");
    house.world.get(&read).by(&house.practice.desk).reply().await.ok();
    let log = async |by: &str| {
        let reply = house.world.get("/v1/me/access-log").by(by).reply().await.ok();
        reply["items"].as_array().unwrap().clone()
    };
    let acts = |entries: &[Value]| -> Vec<(String, String)> {
        let word = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
        entries.iter().map(|entry| (word(entry, "act"), word(entry, "role"))).collect()
    };
    let entries = log(&house.ann).await;
    let first = acts(&entries);
    assert_eq!(first[0], ("read_patient".to_owned(), "receptionist".to_owned()));
    assert!(first.contains(&("create_appointment".to_owned(), "patient".to_owned())));
    let mine = entries.iter().find(|entry| entry["act"] == "create_appointment").unwrap();
    assert_eq!(mine["by"], "Wanjiru Canary");
    let again = log(&house.ann).await;
    assert_eq!(acts(&again)[0], ("read_access_log".to_owned(), "patient".to_owned()));
    // Nobody else's.
    let foreign = format!("/v1/me/access-log?patient={}", house.practice.patient);
    let foreign = house.world.get(&foreign).by(&house.ann).reply().await;
    assert_eq!(foreign.problem(), (403, "forbidden"));
    let desk = house.world.get("/v1/me/access-log").by(&house.practice.desk).reply().await;
    assert_eq!(desk.problem(), (403, "forbidden"));
}

impl House {
    /// Asks for something about the patient's data; the request.
    pub async fn asked(&self, kind: &str) -> String {
        let token = self.world.stepped_up(&self.world.signed_in(ANN).await).await;
        let body = json!({ "kind": kind });
        let made = self.world.post("/v1/me/data-requests").by(&token).send(body).await.ok();
        assert_eq!((&made["kind"], &made["state"]), (&json!(kind), &json!("requested")));
        made["id"].as_str().unwrap().to_owned()
    }

    /// The patient writes something into their record.
    async fn wrote(&self, patient: &str) {
        let content = json!({
            "kind": "condition", "code": { "text": "Recordcanary", "codings": [{ "system": "urn:x", "code": "y" }] },
            "clinical": "active", "verification": "unconfirmed",
        });
        let ask =
            self.world.post(&format!("/v1/patients/{patient}/record")).by(&self.ann).once("told");
        ask.send(json!({ "content": content })).await.ok();
    }

    pub async fn decided(&self, id: &str, verb: &str) -> crate::world::Reply {
        let admin = fresh_admin(&self.world, &self.practice);
        self.world.post(&format!("/v1/data-requests/{id}/{verb}")).by(&admin).reply().await
    }
}

async fn a_patient_gets_a_copy_of_everything_once_the_clinic_agreed(world: World) {
    let house = house(world).await;
    let ask = house.world.post("/v1/appointments").by(&house.ann).once("k");
    let mut booking = house.practice.booking("2026-03-09T09:00:00Z");
    booking["reason"] = json!("a cough since Sunday");
    let booked = ask.send(booking).await.ok();
    house.wrote(booked["patient"].as_str().unwrap()).await;
    let body = json!({ "kind": "export" });
    let stale = house.world.post("/v1/me/data-requests").by(&house.practice.patient_token);
    assert_eq!(stale.send(body.clone()).await.problem(), (403, "step-up"));
    let desk = house.world.post("/v1/me/data-requests").by(&house.practice.desk).send(body).await;
    assert_eq!(desk.problem(), (403, "forbidden"));
    let id = house.asked("export").await;
    let path = format!("/v1/me/data-requests/{id}/export");
    let token = house.world.stepped_up(&house.world.signed_in(ANN).await).await;
    let early = house.world.get(&path).by(&token).reply().await;
    assert_eq!(early.problem(), (404, "not-found"));
    let list = house.world.get("/v1/data-requests").by(&house.practice.admin).reply().await.ok();
    assert_eq!(list["items"][0]["id"], json!(id));
    let other = house.world.practice("UTC", (8, 18)).await;
    let stranger = fresh_admin(&house.world, &other);
    let approve = format!("/v1/data-requests/{id}/approve");
    let foreign = house.world.post(&approve).by(&stranger).reply().await;
    assert_eq!(foreign.problem(), (404, "not-found"));
    assert_eq!(house.decided(&id, "approve").await.ok()["state"], "approved");
    assert_eq!(house.decided(&id, "refuse").await.problem(), (409, "not-possible"));
    house.world.work().await;
    let copy = house.world.get(&path).by(&token).reply().await.ok();
    assert_eq!(copy["records"]["patient"][0]["profile"]["family_name"], "Canary");
    let appointment = &copy["records"]["appointment"][0];
    assert_eq!(appointment["id"], booked["id"]);
    assert_eq!(appointment["reason"], "a cough since Sunday");
    assert!(!copy["access_log"].as_array().unwrap().is_empty());
    let record = &copy["records"]["record_entry"][0];
    assert_eq!(record["body"][0]["code"]["text"], "Recordcanary", "{record}");
    assert_eq!((&record["rev"], &record["entered_as"]), (&json!(1), &json!("patient")));
    let theirs = house.world.get(&path).by(&house.practice.admin).reply().await;
    assert!(matches!(theirs.status.as_u16(), 403), "the clinic does not read the copy");
    for file in house.world.files() {
        assert!(!contains(&file, b"Canary") && !contains(&file, b"cough"));
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// How many entries there are, and one more where there are digests of codes.
async fn record_rows(world: &World) -> Option<i64> {
    let Location::Sqlite(path) = &world.location else { return None };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "SELECT (SELECT COUNT(*) FROM record_entry) + (SELECT COUNT(*) > 0 FROM record_code)";
    Some(sqlx::query(sql).fetch_one(&mut db).await.unwrap().get(0))
}

/// The sealed key of a patient, as the database keeps it.
async fn wrapped_key(world: &World, patient: &str) -> Option<Vec<u8>> {
    let Location::Sqlite(path) = &world.location else { return None };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "SELECT wrapped FROM data_key WHERE patient_id = $1";
    sqlx::query(sql).bind(patient).fetch_one(&mut db).await.unwrap().get(0)
}

async fn who_is_forgotten_can_be_read_by_nobody_again(world: World) {
    let house = house(world).await;
    let booked = house.book("2026-03-09T09:00:00Z").await;
    let patient = booked["patient"].as_str().unwrap();
    house.wrote(patient).await;
    assert_eq!(
        record_rows(&house.world).await.unwrap_or(2),
        2,
        "an entry, and the digests of its code"
    );
    let id = house.asked("erasure").await;
    let early = house.decided(&id, "approve").await;
    assert_eq!(early.problem(), (409, "not-possible"), "there is a visit to come");
    let cancel = format!("/v1/appointments/{}/cancel", booked["id"].as_str().unwrap());
    house.world.post(&cancel).by(&house.practice.desk).reply().await.ok();
    house.decided(&id, "approve").await.ok();
    let key = wrapped_key(&house.world, patient).await;
    let holds = |wanted: &[u8]| house.world.files().iter().any(|file| contains(file, wanted));
    if let Some(key) = &key {
        assert!(holds(key) && holds(b"Mwangaza"), "what is there is found");
    }
    house.world.work().await;
    let list = house.world.get("/v1/data-requests").by(&house.practice.admin).reply().await.ok();
    assert_eq!(list["items"][0]["state"], "done");
    // Nobody signs in, nobody reads.
    assert_eq!(house.world.sign_in(ANN, PASSWORD).await.problem(), (401, "credentials"));
    let me = house.world.get("/v1/me").by(&house.ann).reply().await;
    assert_eq!(me.problem(), (401, "not-signed-in"));
    let read = house.world.get(&format!("/v1/patients/{patient}")).by(&house.practice.desk);
    assert_eq!(read.reply().await.problem(), (404, "not-found"));
    // The key is gone from every file, the journal among them, and no name ever was in one.
    if let Some(key) = &key {
        assert!(!holds(key), "the sealed key is overwritten");
        assert!(holds(b"Mwangaza"));
        assert!(!holds(b"Canary") && !holds(b"Wanjiru"));
    }
    assert_eq!(record_rows(&house.world).await.unwrap_or(0), 0, "the record went with its patient");
    // What must stay is there, and whole.
    let path = format!("/v1/appointments/{}", booked["id"].as_str().unwrap());
    let kept = house.world.get(&path).by(&house.practice.desk).reply().await.ok();
    assert_eq!(kept["state"], "cancelled");
    assert!(matches!(house.world.api.verify_audits().await, Ok(Ok(_))));
    // The address is free again.
    house.world.patient(house.practice.clinic.as_str(), ANN).await;
    house.world.signed_in(ANN).await;
}

async fn a_practitioner_breaks_the_glass_for_a_while_and_the_clinic_looks_at_it(world: World) {
    let house = house(world).await;
    let booked = house.book("2026-03-09T09:00:00Z").await;
    let clinic = house.practice.clinic.as_str();
    let njeri = house.world.staff(clinic, "practitioner", "njeri@mwangaza.example").await;
    let visit = format!("/v1/appointments/{}", booked["id"].as_str().unwrap());
    let read = async |path: &str| house.world.get(path).by(&njeri).reply().await.status.as_u16();
    assert_eq!(read(&visit).await, 403, "it is another practitioner's");
    let record = format!("/v1/patients/{}/record/summary", booked["patient"].as_str().unwrap());
    assert_eq!(read(&record).await, 403);
    let plea = |reason: &str, minutes: u32| json!({ "patient": booked["patient"], "why": "emergency", "reason": reason, "minutes": minutes });
    let ask = |by: &str, body: Value| house.world.post("/v1/break-glass").by(by).send(body);
    let why = "collapsed in the corridor";
    assert_eq!(ask(&njeri, plea("hm", 5)).await.problem(), (422, "invalid"));
    assert_eq!(ask(&njeri, plea(why, 61)).await.problem(), (422, "invalid"));
    assert_eq!(ask(&house.practice.desk, plea(why, 5)).await.problem(), (403, "forbidden"));
    let broken = ask(&njeri, plea(why, 5)).await.ok();
    assert_eq!(broken["until"], "2026-03-02T06:05:00Z");
    assert_eq!((read(&visit).await, read(&record).await), (200, 200));
    let all = format!("/v1/appointments?patient={}", booked["patient"].as_str().unwrap());
    let all = house.world.get(&all).by(&njeri).reply().await.ok();
    assert_eq!(all["items"][0]["id"], booked["id"]);
    // Nobody else's.
    let ask = house.world.post("/v1/appointments").by(&house.practice.patient_token).once("o");
    let other = ask.send(house.practice.booking("2026-03-09T10:00:00Z")).await.ok();
    assert_eq!(read(&format!("/v1/appointments/{}", other["id"].as_str().unwrap())).await, 403);
    house.world.clock.advance(std::time::Duration::from_secs(300));
    assert_eq!(read(&visit).await, 403, "the time is over");
    // The clinic looks at it, once; the patient knows.
    let admin = fresh_admin(&house.world, &house.practice);
    let list = house.world.get("/v1/break-glass").by(&admin).reply().await.ok();
    assert_eq!(
        (&list["items"][0]["reason"], &list["items"][0]["overdue"]),
        (&json!(why), &json!(false))
    );
    let review = format!("/v1/break-glass/{}/review", broken["id"].as_str().unwrap());
    let review =
        async || house.world.post(&review).by(&admin).send(json!({ "justified": true })).await;
    assert_eq!(review().await.status.as_u16(), 204);
    assert_eq!(review().await.problem(), (409, "not-possible"));
    let log = house.world.get("/v1/me/access-log").by(&house.ann).reply().await.ok();
    let acts: Vec<_> = log["items"].as_array().unwrap().iter().map(|one| &one["act"]).collect();
    assert!(acts.contains(&&json!("break_glass")) && acts.contains(&&json!("review_break_glass")));
    for file in house.world.files() {
        assert!(!contains(&file, b"collapsed"), "the reason is sealed");
    }
}

stories! {
    a_practitioner_breaks_the_glass_for_a_while_and_the_clinic_looks_at_it
    a_patient_gets_a_copy_of_everything_once_the_clinic_agreed
    who_is_forgotten_can_be_read_by_nobody_again
    a_patient_sees_who_saw_their_data_and_that_looking_is_logged
}
