//! A patient's record beyond visits: who writes it, who reads it, that nothing is overwritten; and questionnaires.

use scheduling_api::{
    demo,
    domain::{
        actor::{Actor, Role},
        id::{ClinicId, PractitionerId, UserId},
        oauth::scope::Scopes,
    },
};
use serde_json::{Value, json};

use crate::world::{BEGINNING, World, practice::Practice};

const NINE: &str = "2026-03-02T06:30:00Z";

/// A practice whose patient has come for a visit; its record's path, and the visit's id.
pub struct Known {
    pub practice: Practice,
    pub record: String,
    pub visit: String,
}

impl World {
    pub async fn known_patient(&self) -> Known {
        let practice = self.practice("UTC", (0, 23)).await;
        let ask = self.post("/v1/appointments").by(&practice.patient_token).once("book");
        let booked = ask.send(practice.booking(NINE)).await.ok();
        let visit = booked["id"].as_str().unwrap().to_owned();
        let come = format!("/v1/appointments/{visit}/check-in");
        self.post(&come).by(&practice.patient_token).reply().await.ok();
        let record = format!("/v1/patients/{}/record", practice.patient);
        Known { practice, record, visit }
    }

    /// A practitioner of a clinic.
    pub fn practitioner_token(&self, clinic: &ClinicId, practitioner: &PractitionerId) -> String {
        self.token(Actor {
            user: Some(UserId::mint(&self.api.random, BEGINNING.parse().unwrap())),
            clinic: Some(clinic.clone()),
            roles: vec![Role::Practitioner],
            practitioner: Some(practitioner.clone()),
            second_factor: true,
            ..Actor::default()
        })
    }

    /// A clinic's own program with these scopes.
    pub fn program(&self, clinic: &ClinicId, scopes: &str) -> String {
        self.token(Actor {
            clinic: Some(clinic.clone()),
            roles: vec![Role::Service],
            scopes: Some(Scopes::parse(scopes).unwrap()),
            ..Actor::default()
        })
    }

    pub async fn enter(&self, known: &Known, by: &str, key: &str, content: Value) -> Value {
        let ask = self.post(&known.record).by(by).once(key);
        ask.send(json!({ "content": content })).await.ok()
    }
}

pub fn condition(text: &str) -> Value {
    json!({
        "kind": "condition", "code": { "text": text, "codings": [{ "system": "http://snomed.info/sct", "code": "195967001" }] },
        "clinical": "active", "verification": "unconfirmed", "onset": "2019-05",
    })
}

pub fn pulse(at: &str, rate: f64) -> Value {
    json!({
        "kind": "observation", "status": "final", "category": "vital-signs", "effective": at,
        "code": { "text": "Heart rate", "codings": [{ "system": "http://loinc.org", "code": "8867-4" }] },
        "value": { "quantity": { "value": rate, "unit": "beats/minute", "code": "/min" } },
    })
}

fn path(entry: &Value) -> String {
    format!("/v1/record/{}", entry["id"].as_str().unwrap())
}

async fn a_patient_tells_a_practitioner_confirms_and_nothing_is_overwritten(world: World) {
    let known = world.known_patient().await;
    let (patient, doctor) = (&known.practice.patient_token, &known.practice.practitioner_token);
    let told = world.enter(&known, patient, "one", condition("Asthma")).await;
    assert_eq!((&told["rev"], &told["entered"]["as"]), (&json!(1), &json!("patient")));
    let sure = json!({ "kind": "condition", "code": { "text": "Asthma" }, "clinical": "active", "verification": "confirmed" });
    let claimed =
        world.post(&known.record).by(patient).once("two").send(json!({ "content": sure })).await;
    assert_eq!(claimed.problem(), (422, "invalid"), "what a patient tells is unconfirmed");

    let correction = json!({ "content": sure, "reason": "Heard and measured." });
    let blind = world.put(&path(&told)).by(doctor).send(correction.clone()).await;
    assert_eq!(blind.problem(), (428, "if-match-needed"));
    let confirmed = world.put(&path(&told)).by(doctor).seen(1).send(correction.clone()).await.ok();
    assert_eq!(
        (&confirmed["rev"], &confirmed["entered"]["as"]),
        (&json!(2), &json!("practitioner"))
    );
    let late = world.put(&path(&told)).by(doctor).seen(1).send(correction.clone()).await;
    assert_eq!(late.problem(), (412, "stale"));
    let over = world
        .put(&path(&told))
        .by(patient)
        .seen(2)
        .send(json!({ "content": condition("No") }))
        .await;
    assert_eq!(
        over.problem(),
        (403, "forbidden"),
        "what the clinic wrote is corrected by the clinic"
    );

    let versions = world.get(&format!("{}/versions", path(&told))).by(patient).reply().await.ok();
    let says: Vec<_> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["rev"].as_i64().unwrap(),
                one["content"]["verification"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(says, [(2, "confirmed".to_owned()), (1, "unconfirmed".to_owned())]);
    assert_eq!(versions["items"][0]["reason"], "Heard and measured.");
}

async fn an_entry_is_written_once_for_a_key_and_marked_as_an_error_for_good(world: World) {
    let known = world.known_patient().await;
    let doctor = &known.practice.practitioner_token;
    let one = world.enter(&known, doctor, "key", pulse("2026-03-01", 70.0)).await;
    let again = world.enter(&known, doctor, "key", pulse("2026-03-01", 70.0)).await;
    assert_eq!(one["id"], again["id"]);
    let reused = world
        .post(&known.record)
        .by(doctor)
        .once("key")
        .send(json!({ "content": pulse("2026-03-01", 71.0) }))
        .await;
    assert_eq!(reused.problem(), (422, "idempotency-key-reused"));
    let mut wrong = pulse("2026-03-01", 70.0);
    wrong["status"] = json!("entered-in-error");
    let marked =
        world.put(&path(&one)).by(doctor).seen(1).send(json!({ "content": wrong })).await.ok();
    assert_eq!(marked["status"], "entered-in-error");
    let back = json!({ "content": pulse("2026-03-01", 70.0) });
    let back = world.put(&path(&one)).by(doctor).seen(2).send(back).await;
    assert_eq!(back.problem(), (409, "not-possible"));
}

async fn the_record_is_found_by_code_time_and_state_in_pages(world: World) {
    let known = world.known_patient().await;
    let doctor = &known.practice.practitioner_token;
    for (key, month) in ["2025-11", "2025-12", "2026-01", "2026-02"].iter().enumerate() {
        world.enter(&known, doctor, &key.to_string(), pulse(month, 70.0)).await;
    }
    world.enter(&known, doctor, "asthma", condition("Asthma")).await;
    let list = |query: &str| world.get(&format!("{}?{query}", known.record)).by(doctor).reply();
    let times = |reply: Value| -> Vec<String> {
        let items = reply["items"].as_array().unwrap().iter();
        items.map(|one| one["content"]["effective"].as_str().unwrap_or("-").to_owned()).collect()
    };
    let all = list("limit=2").await.ok();
    let rest = list(&format!("limit=50&after={}", all["next"].as_str().unwrap())).await.ok();
    assert_eq!(
        [times(all), times(rest)].concat(),
        ["2026-02", "2026-01", "2025-12", "2025-11", "-"]
    );
    let by_code = list("code=http://loinc.org|8867-4&from=2025-12&to=2026-02").await.ok();
    assert_eq!(times(by_code), ["2026-01", "2025-12"]);
    assert_eq!(times(list("code=8867-4").await.ok()).len(), 4);
    assert_eq!(times(list("code=http://loinc.org|8867-5").await.ok()).len(), 0);
    assert_eq!(times(list("kind=condition&status=active").await.ok()), ["-"]);
    assert_eq!(times(list("kind=condition&status=resolved").await.ok()).len(), 0);
    assert_eq!(list("kind=odd").await.problem(), (400, "bad-request"));
    assert_eq!(list("from=yesterday").await.problem(), (400, "bad-request"));

    let summary = world.get(&format!("{}/summary", known.record)).by(doctor).reply().await.ok();
    assert_eq!(summary["conditions"][0]["content"]["code"]["text"], "Asthma");
    assert_eq!(summary["observations"].as_array().unwrap().len(), 1, "the latest of each kind");
    assert_eq!(summary["observations"][0]["content"]["effective"], "2026-02");
    assert_eq!(
        (&summary["counts"]["observation"], &summary["counts"]["allergy"]),
        (&json!(4), &json!(0))
    );
}

async fn only_who_treats_a_patient_reads_the_record_and_each_look_is_seen(world: World) {
    let known = world.known_patient().await;
    let clinic = &known.practice.clinic;
    let entry =
        world.enter(&known, &known.practice.practitioner_token, "one", condition("Asthma")).await;
    let colleague = world.practitioner(clinic, "Dr. Njeri Kamau").await;
    let colleague = world.practitioner_token(clinic, &colleague);
    let elsewhere: ClinicId = world.clinic("Other").await.parse().unwrap();
    let stranger = world.practitioner(&elsewhere, "Dr. Stranger").await;
    let stranger = world.practitioner_token(&elsewhere, &stranger);
    let other = demo::add_patient(&world.api, clinic).await.unwrap();
    let other = world.patient_token(clinic, &other);
    let key_only = world.program(clinic, "people:read appointments:read");
    for asked in [
        known.record.clone(),
        format!("{}/summary", known.record),
        path(&entry),
        format!("{}/versions", path(&entry)),
    ] {
        for (by, expected) in [
            (&colleague, 403),
            (&other, 403),
            (&known.practice.desk, 403),
            (&known.practice.admin, 403),
            (&key_only, 403),
            (&stranger, 404),
            (&known.practice.practitioner_token, 200),
            (&known.practice.patient_token, 200),
        ] {
            let reply = world.get(&asked).by(by).reply().await;
            assert_eq!(reply.status.as_u16(), expected, "{asked} {:?}", reply.body);
        }
    }
    let log = world.get("/v1/me/access-log").by(&known.practice.patient_token).reply().await.ok();
    assert!(log.to_string().contains("read_record_entry"), "{log}");
    let audit = format!("/v1/clinics/{clinic}/audit?limit=200");
    let audit = world.get(&audit).by(&known.practice.admin).reply().await.ok().to_string();
    for act in [
        "create_record_entry",
        "read_record_entry",
        "list_record_versions",
        "list_record_entries",
        "read_record_summary",
    ] {
        assert!(audit.contains(act), "{act}");
    }
}

async fn what_the_record_says_is_in_no_file(world: World) {
    let known = world.known_patient().await;
    let doctor = &known.practice.practitioner_token;
    let mut content = condition("Textcanary");
    content["note"] = json!("Notecanary");
    content["code"]["codings"] = json!([{ "system": "urn:systemcanary", "code": "codecanary" }]);
    let entry = world.enter(&known, doctor, "one", content.clone()).await;
    let correction = json!({ "content": content, "reason": "Reasoncanary" });
    world.put(&path(&entry)).by(doctor).seen(1).send(correction).await.ok();
    for canary in ["Textcanary", "Notecanary", "systemcanary", "codecanary", "Reasoncanary"] {
        let found = world.files().iter().any(|bytes| {
            bytes.windows(canary.len()).any(|part| part.eq_ignore_ascii_case(canary.as_bytes()))
        });
        assert!(!found, "{canary}");
    }
}

async fn a_questionnaire_is_asked_and_answered_in_its_revision(world: World) {
    let known = world.known_patient().await;
    let (patient, doctor) = (&known.practice.patient_token, &known.practice.practitioner_token);
    let definition = json!({
        "title": "Before the visit", "status": "active", "services": [known.practice.service],
        "items": [
            { "link_id": "smokes", "text": "Do you smoke?", "type": "boolean", "required": true },
            { "link_id": "a-day", "text": "How many a day?", "type": "integer", "required": true,
              "enable_when": [{ "question": "smokes", "operator": "=", "answer": { "boolean": true } }] },
        ],
    });
    let refused = world.post("/v1/questionnaires").by(patient).send(definition.clone()).await;
    assert_eq!(refused.problem(), (403, "forbidden"));
    let made = world.post("/v1/questionnaires").by(doctor).send(definition.clone()).await.ok();
    let list = format!("/v1/questionnaires?status=active&service={}", known.practice.service);
    let listed = world.get(&list).by(patient).reply().await.ok();
    assert_eq!(listed["items"][0]["items"][1]["link_id"], "a-day");

    let answers = |status: &str, items: Value| {
        json!({
            "kind": "answers", "questionnaire": made["id"], "questionnaire_rev": 1, "status": status, "items": items,
        })
    };
    let yes = json!({ "link_id": "smokes", "answers": [{ "boolean": true }] });
    let half = answers("completed", json!([yes]));
    let half =
        world.post(&known.record).by(patient).once("half").send(json!({ "content": half })).await;
    assert_eq!((half.problem(), half.body["field"].as_str()), ((422, "invalid"), Some("/items")));
    let begun = world.enter(&known, patient, "begun", answers("in-progress", json!([yes]))).await;

    // The clinic asks something else meanwhile; what was begun is finished as it was begun.
    let mut other = definition.clone();
    other["items"] = json!([{ "link_id": "name", "text": "Name?", "type": "text" }]);
    let changed = format!("/v1/questionnaires/{}", made["id"].as_str().unwrap());
    world.put(&changed).by(doctor).seen(1).send(other).await.ok();
    let whole = json!([yes, { "link_id": "a-day", "answers": [{ "integer": 5 }] }]);
    let done = json!({ "content": answers("completed", whole.clone()) });
    let done = world.put(&path(&begun)).by(patient).seen(1).send(done).await.ok();
    assert_eq!(done["status"], "completed");
    let mut present = answers("completed", whole);
    present["questionnaire_rev"] = json!(2);
    let wrong = world
        .post(&known.record)
        .by(patient)
        .once("wrong")
        .send(json!({ "content": present }))
        .await;
    assert_eq!(wrong.problem(), (422, "invalid"));
    let again = json!({ "content": answers("in-progress", json!([yes])) });
    let again = world.put(&path(&begun)).by(patient).seen(2).send(again).await;
    assert_eq!(again.problem(), (422, "invalid"), "what was completed is not begun again");
}

stories! {
    a_patient_tells_a_practitioner_confirms_and_nothing_is_overwritten
    an_entry_is_written_once_for_a_key_and_marked_as_an_error_for_good
    the_record_is_found_by_code_time_and_state_in_pages
    only_who_treats_a_patient_reads_the_record_and_each_look_is_seen
    what_the_record_says_is_in_no_file
    a_questionnaire_is_asked_and_answered_in_its_revision
}
