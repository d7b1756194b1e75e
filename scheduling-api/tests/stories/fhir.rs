//! FHIR R4 over HTTP: the same truth as the API's own face, in FHIR's words and under SMART's scopes.

use scheduling_api::domain::{
    actor::{Actor, Role},
    id::{PatientId, UserId},
    oauth::scope::Scopes,
};
use serde_json::{Value, json};

use crate::{
    record::{Known, condition, pulse},
    world::{Ask, BEGINNING, Reply, World},
};

const LOINC: &str = "http://loinc.org";

impl World {
    fn fhir(&self, path: &str, by: &str) -> Ask {
        self.get(&format!("/fhir/R4/{path}")).by(by)
    }

    async fn fhir_post(&self, path: &str, by: &str, body: Value) -> Reply {
        let ask = self.post(&format!("/fhir/R4/{path}")).by(by);
        ask.with("content-type", "application/fhir+json").raw(body.to_string()).await
    }

    /// A person's program that was launched for a patient.
    fn launched(&self, known: &Known, scopes: &str) -> String {
        self.token(Actor {
            user: Some(UserId::mint(&self.api.random, BEGINNING.parse().unwrap())),
            clinic: Some(known.practice.clinic.clone()),
            roles: vec![Role::User, Role::Practitioner],
            practitioner: Some(known.practice.practitioner.clone()),
            launched_for: Some(known.practice.patient.clone()),
            scopes: Some(Scopes::parse(scopes).unwrap()),
            second_factor: true,
            ..Actor::default()
        })
    }
}

impl Reply {
    /// The status and the code of an `OperationOutcome`.
    fn outcome(&self) -> (u16, &str) {
        assert_eq!(self.headers["content-type"], "application/fhir+json", "{self:?}");
        assert_eq!(self.body["resourceType"], "OperationOutcome", "{self:?}");
        (self.status.as_u16(), self.body["issue"][0]["code"].as_str().unwrap())
    }

    fn entries(self) -> Vec<Value> {
        let body = self.ok();
        assert_eq!(body["resourceType"], "Bundle");
        let entries = body["entry"].as_array().cloned().unwrap_or_default();
        entries.into_iter().map(|entry| entry["resource"].clone()).collect()
    }
}

fn patient_reference(patient: &PatientId) -> String {
    format!("Patient/{}", patient.as_str().replace('_', "-"))
}

fn observation(patient: &PatientId, at: &str, rate: f64) -> Value {
    json!({
        "resourceType": "Observation",
        "status": "final",
        "category": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs",
        }] }],
        "code": { "coding": [{ "system": LOINC, "code": "8867-4", "display": "Heart rate" }] },
        "subject": { "reference": patient_reference(patient) },
        "effectiveDateTime": at,
        "valueQuantity": { "value": rate, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min" },
    })
}

async fn every_error_is_an_operation_outcome(world: World) {
    let known = world.known_patient().await;
    let doctor = &known.practice.practitioner_token;
    let ask = |path: &str| world.fhir(path, doctor).reply();
    assert_eq!(ask("Nothing").await.outcome(), (404, "not-found"));
    assert_eq!(ask("Observation/rec-0").await.outcome(), (404, "not-found"));
    assert_eq!(ask("Observation?colour=red").await.outcome(), (400, "not-supported"));
    assert_eq!(ask("Observation?_count=many").await.outcome(), (400, "structure"));
    assert_eq!(ask("Observation?date=yesterday").await.outcome(), (400, "structure"));
    assert_eq!(ask("Slot/x").await.outcome(), (400, "not-supported"));
    let nobody = world.get("/fhir/R4/Observation").reply().await;
    assert_eq!(nobody.outcome(), (401, "login"));
    assert_eq!(nobody.header("www-authenticate"), "Bearer");
    let wrong = world.fhir("Observation", "wrong").reply().await;
    assert_eq!(wrong.outcome(), (401, "login"));
    let xml = world.fhir("metadata", doctor).with("accept", "application/fhir+xml");
    let _ = xml.reply().await;
    let xml =
        world.fhir("Observation", doctor).with("accept", "application/fhir+xml").reply().await;
    assert_eq!(xml.outcome(), (406, "structure"));
    assert_eq!(ask("Observation?_format=xml").await.outcome(), (406, "structure"));
    let delete = world.ask("DELETE", "/fhir/R4/Observation/rec-0").by(doctor).reply().await;
    assert_eq!(delete.outcome(), (405, "not-supported"));
    let huge = world.fhir_post("Observation", doctor, json!({ "x": "y".repeat(600_000) })).await;
    assert_eq!(huge.outcome(), (413, "too-long"));
    let lenient = world.fhir("Practitioner?colour=red", doctor).with("prefer", "handling=lenient");
    lenient.reply().await.ok();
}

async fn the_capability_statement_says_what_is_so(world: World) {
    let known = world.known_patient().await;
    let all = world.program(&known.practice.clinic, "system/*.cruds");
    let statement = world.get("/fhir/R4/metadata").reply().await.ok();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    assert!(resources.len() >= 18, "{}", resources.len());
    for resource in resources {
        let name = resource["type"].as_str().unwrap();
        let does = |code: &str| {
            resource["interaction"].as_array().unwrap().iter().any(|one| one["code"] == code)
        };
        for param in resource["searchParam"].as_array().into_iter().flatten() {
            let param = param["name"].as_str().unwrap();
            let reply = world.fhir(&format!("{name}?{param}=1"), &all).reply().await;
            let refused = reply.body["issue"][0]["diagnostics"].as_str().unwrap_or_default();
            assert!(!refused.contains("is not searched by"), "{name}?{param}: {refused}");
            assert!(reply.status.as_u16() < 500, "{name}?{param}");
        }
        let made = world.fhir_post(name, &all, json!({ "resourceType": name })).await;
        assert_eq!(made.status.as_u16() == 405, !does("create"), "{name} {:?}", made.body);
        let put = world.put(&format!("/fhir/R4/{name}/x")).by(&all).seen(1);
        let put = put.with("content-type", "application/fhir+json").raw("{}").await;
        assert_eq!(put.status.as_u16() == 405, !does("update"), "{name} {:?}", put.body);
        let history = world.fhir(&format!("{name}/x/_history"), &all).reply().await;
        let named = history.body["issue"][0]["code"].as_str().unwrap().to_owned();
        assert_eq!((history.status.as_u16(), named.as_str()), (404, "not-found"), "{name}");
    }
}

#[expect(clippy::too_many_lines, reason = "one story, told from its beginning to its end")]
async fn an_ehr_writes_what_the_patient_reads_and_nothing_is_lost(world: World) {
    let known = world.known_patient().await;
    let (clinic, patient) = (&known.practice.clinic, &known.practice.patient);
    let ehr = world.program(clinic, "system/Observation.crs system/Condition.cru");
    let made = world
        .fhir_post("Observation", &ehr, observation(patient, "2026-03-01T08:00:00Z", 71.0))
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    assert_eq!(made.header("etag"), "W/\"1\"");
    assert!(made.header("location").ends_with("/_history/1"), "{}", made.header("location"));
    let made = made.body;
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("rec-") && !id.contains('_'), "{id}");
    let read =
        world.fhir(&format!("Observation/{id}"), &known.practice.patient_token).reply().await;
    assert_eq!(read.header("etag"), "W/\"1\"");
    assert_eq!(read.ok()["valueQuantity"]["value"], 71.0);
    let ours = world
        .get(&format!("/v1/record/{}", id.replace('-', "_")))
        .by(&known.practice.patient_token);
    let ours = ours.reply().await.ok();
    assert_eq!(ours["content"]["value"]["quantity"]["value"], 71.0);
    assert_eq!(ours["entered"]["as"], "program");

    // What is not kept is refused by name.
    let mut more = observation(patient, "2026-03-01", 70.0);
    more["device"] = json!({ "display": "watch" });
    let refused = world.fhir_post("Observation", &ehr, more).await;
    assert_eq!(refused.outcome(), (400, "structure"));
    assert!(refused.body["issue"][0]["diagnostics"].as_str().unwrap().contains("device"));

    // Once is enough.
    let once = |query: String| {
        let ask = world.post("/fhir/R4/Observation").by(&ehr).with("if-none-exist", &query);
        let ask = ask.with("content-type", "application/fhir+json");
        ask.raw(observation(patient, "2026-03-01T08:00:00Z", 71.0).to_string())
    };
    let subject = patient_reference(patient);
    let there = once(format!("patient={subject}&code={LOINC}|8867-4&date=2026-03-01")).await;
    assert_eq!((there.status.as_u16(), there.body["id"].as_str()), (200, Some(id)));
    let new = once(format!("patient={subject}&code={LOINC}|8867-4&date=2026-03-02")).await;
    assert_eq!(new.status, 201);
    let several = once(format!("patient={subject}&code={LOINC}|8867-4")).await;
    assert_eq!(several.outcome(), (412, "conflict"));

    // A condition is corrected in the version that was read, and every version stays.
    let asthma = |status: &str| {
        json!({
            "resourceType": "Condition",
            "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": status }] },
            "code": { "text": "Asthma" }, "subject": { "reference": subject },
        })
    };
    let made = world.fhir_post("Condition", &ehr, asthma("active")).await.ok();
    let path = format!("/fhir/R4/Condition/{}", made["id"].as_str().unwrap());
    let put = |seen: Option<&str>, body: Value| {
        let mut body = body;
        body["id"] = made["id"].clone();
        let ask = world.put(&path).by(&ehr).with("content-type", "application/fhir+json");
        let ask = match seen {
            Some(tag) => ask.with("if-match", tag),
            None => ask,
        };
        ask.raw(body.to_string())
    };
    assert_eq!(put(None, asthma("resolved")).await.outcome(), (428, "required"));
    let changed = put(Some("W/\"1\""), asthma("resolved")).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "W/\"2\""));
    assert_eq!(put(Some("W/\"1\""), asthma("active")).await.outcome(), (412, "conflict"));
    let history = world.get(&format!("{path}/_history")).by(&ehr).reply().await.entries();
    assert_eq!(history.len(), 2);
    let first = world.get(&format!("{path}/_history/1")).by(&ehr).reply().await.ok();
    assert_eq!(first["clinicalStatus"]["coding"][0]["code"], "active");
    let target = format!("Provenance?target=Condition/{}", made["id"].as_str().unwrap());
    let doctor = &known.practice.practitioner_token;
    assert_eq!(world.fhir(&target, doctor).reply().await.entries().len(), 2);
}

async fn a_token_reaches_as_far_as_its_scopes_and_its_patient(world: World) {
    let known = world.known_patient().await;
    let (clinic, patient) = (&known.practice.clinic, &known.practice.patient);
    let doctor = &known.practice.practitioner_token;
    let pulse = world.enter(&known, doctor, "one", pulse("2026-03-01", 70.0)).await;
    world.enter(&known, doctor, "two", condition("Asthma")).await;
    let pulse = format!("Observation/{}", pulse["id"].as_str().unwrap().replace('_', "-"));
    let (one, list, conditions) = (pulse.as_str(), "Observation", "Condition");
    let profile = patient_reference(patient);
    let other = scheduling_api::demo::add_patient(&world.api, clinic).await.unwrap();
    let others = format!("Observation?patient={}", patient_reference(&other));
    let other = patient_reference(&other);
    let (mine, theirs, list_of_theirs) = (profile.as_str(), other.as_str(), others.as_str());
    for (token, cases) in [
        (
            world.program(clinic, "system/Observation.r"),
            [
                (one, 200),
                (list, 403),
                (conditions, 403),
                (mine, 403),
                (theirs, 403),
                (list_of_theirs, 403),
            ],
        ),
        (
            world.program(clinic, "system/Observation.rs"),
            [
                (one, 200),
                (list, 200),
                (conditions, 403),
                (mine, 403),
                (theirs, 403),
                (list_of_theirs, 200),
            ],
        ),
        // A word of our own opens nothing here.
        (
            world.program(clinic, "people:read appointments:read"),
            [
                (one, 403),
                (list, 403),
                (conditions, 403),
                (mine, 403),
                (theirs, 403),
                (list_of_theirs, 403),
            ],
        ),
        // A program without people has no use for their scopes.
        (
            world.program(clinic, "user/*.rs patient/*.rs"),
            [
                (one, 403),
                (list, 403),
                (conditions, 403),
                (mine, 403),
                (theirs, 403),
                (list_of_theirs, 403),
            ],
        ),
        // Who was launched for a patient sees no other, though the person might.
        (
            world.launched(&known, "patient/Observation.rs patient/Patient.rs"),
            [
                (one, 200),
                (list, 200),
                (conditions, 403),
                (mine, 200),
                (theirs, 403),
                (list_of_theirs, 403),
            ],
        ),
        (
            world.launched(&known, "user/Patient.rs"),
            [
                (one, 403),
                (list, 403),
                (conditions, 403),
                (mine, 200),
                (theirs, 200),
                (list_of_theirs, 403),
            ],
        ),
    ] {
        for (path, expected) in cases {
            let reply = world.fhir(path, &token).reply().await;
            assert_eq!(reply.status.as_u16(), expected, "{path} {:?}", reply.body);
        }
    }
    // A launch for one patient does not list the practitioner's other visits.
    let launched = world.launched(&known, "patient/Appointment.rs");
    let visits = world.fhir("Appointment", &launched).reply().await.entries();
    assert!(visits.iter().all(|one| one.to_string().contains(&profile)) && !visits.is_empty());
    let writes = world
        .fhir_post(
            "Observation",
            &world.program(clinic, "system/Observation.rs"),
            observation(patient, "2026", 1.0),
        )
        .await;
    assert_eq!(writes.outcome(), (403, "forbidden"));
    // Front desk and administrators see no record, here as elsewhere.
    for token in [&known.practice.desk, &known.practice.admin] {
        assert_eq!(
            world.fhir(&format!("Observation?patient={profile}"), token).reply().await.outcome(),
            (403, "forbidden")
        );
    }
}

async fn pages_lead_to_everything_and_bring_what_is_referred_to(world: World) {
    let known = world.known_patient().await;
    let (doctor, patient) = (&known.practice.practitioner_token, &known.practice.patient);
    for day in 1..=7 {
        world
            .enter(&known, doctor, &day.to_string(), pulse(&format!("2026-02-0{day}"), 60.0))
            .await;
    }
    let subject = patient_reference(patient);
    let mut path = format!(
        "Observation?patient={subject}&date=ge2026-02-02&_count=2&_include=Observation:patient&_total=accurate"
    );
    let (mut days, mut pages) = (Vec::new(), 0);
    loop {
        let bundle = world.fhir(&path, doctor).reply().await.ok();
        assert_eq!(bundle["total"], 6);
        for entry in bundle["entry"].as_array().unwrap() {
            match entry["search"]["mode"].as_str().unwrap() {
                "match" => {
                    days.push(entry["resource"]["effectiveDateTime"].as_str().unwrap().to_owned());
                }
                _ => assert_eq!(
                    format!("Patient/{}", entry["resource"]["id"].as_str().unwrap()),
                    subject
                ),
            }
        }
        pages += 1;
        let links = bundle["link"].as_array().unwrap();
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else { break };
        path = next["url"].as_str().unwrap().split("/fhir/R4/").nth(1).unwrap().to_owned();
    }
    assert_eq!(
        days,
        ["2026-02-07", "2026-02-06", "2026-02-05", "2026-02-04", "2026-02-03", "2026-02-02"]
    );
    assert_eq!(pages, 3);
    let by_post = world.post("/fhir/R4/Observation/_search").by(doctor);
    let by_post = by_post.with("content-type", "application/x-www-form-urlencoded");
    let by_post =
        by_post.raw(format!("patient={subject}&date=2026-02-03&code={LOINC}|8867-4")).await;
    assert_eq!(by_post.entries().len(), 1);
    let counted = world
        .fhir(&format!("Observation?patient={subject}&_count=0&_total=accurate"), doctor)
        .reply()
        .await
        .ok();
    assert_eq!((&counted["total"], counted.get("entry")), (&json!(7), None));

    let mut path = format!("{subject}/$everything?_count=3");
    let mut kinds = std::collections::BTreeMap::new();
    for _ in 0..50 {
        let bundle = world.fhir(&path, doctor).reply().await.ok();
        for entry in bundle["entry"].as_array().into_iter().flatten() {
            *kinds
                .entry(entry["resource"]["resourceType"].as_str().unwrap().to_owned())
                .or_insert(0) += 1;
        }
        let links = bundle["link"].as_array().unwrap();
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else { break };
        path = next["url"].as_str().unwrap().split("/fhir/R4/").nth(1).unwrap().to_owned();
    }
    let of = |kind: &str| kinds.get(kind).copied().unwrap_or(0);
    assert_eq!(
        (of("Patient"), of("Observation"), of("Appointment"), of("Encounter")),
        (1, 7, 1, 1),
        "{kinds:?}"
    );
}

async fn an_appointment_is_found_held_booked_and_cancelled(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let patient = &practice.patient_token;
    let service = practice.service.as_str().replace('_', "-");
    let schedule = format!("Schedule/{}", practice.practitioner.as_str().replace("prac_", "sch-"));
    let slots = format!(
        "Slot?schedule={schedule}&service-type={service}&start=ge2026-03-03T09:00:00Z&start=lt2026-03-03T11:00:00Z"
    );
    let slots = world.fhir(&slots, patient).reply().await.entries();
    assert_eq!(slots.len(), 4);
    let find = format!(
        "Appointment/$find?start=2026-03-03T09:00:00Z&end=2026-03-03T11:00:00Z&schedule={schedule}&service-type={service}"
    );
    let found = world.fhir(&find, patient).reply().await.entries();
    assert_eq!(found.len(), 4);
    assert_eq!((&found[0]["status"], &found[0]["start"]), (&json!("proposed"), &slots[0]["start"]));
    let with = |mut appointment: Value| {
        let person = json!({ "actor": { "reference": patient_reference(&practice.patient) }, "status": "accepted" });
        appointment["participant"].as_array_mut().unwrap().push(person);
        json!({ "resourceType": "Parameters", "parameter": [{ "name": "appointment", "resource": appointment }] })
    };
    let held = world.fhir_post("Appointment/$hold", patient, with(found[0].clone())).await.ok();
    assert_eq!(held["status"], "pending");
    let busy = world.fhir_post("Appointment/$hold", patient, with(found[0].clone())).await;
    assert_eq!(busy.status.as_u16(), 409, "{:?}", busy.body);
    let book = |body: Value| {
        let ask = world.post("/fhir/R4/Appointment/$book").by(patient).once("book");
        ask.with("content-type", "application/fhir+json").raw(body.to_string())
    };
    let meant = json!({ "resourceType": "Parameters", "parameter": [{ "name": "appointment", "resource": {
        "resourceType": "Appointment", "id": held["id"] } }] });
    let booked = book(meant.clone()).await.ok();
    assert_eq!((&booked["status"], &booked["id"]), (&json!("booked"), &held["id"]));
    assert_eq!(book(meant).await.ok()["id"], booked["id"], "sent again, it is the same");
    let id = booked["id"].as_str().unwrap();
    let ours = world
        .get(&format!("/v1/appointments/{}", id.replace('-', "_")))
        .by(patient)
        .reply()
        .await
        .ok();
    assert_eq!((ours["state"].as_str(), &ours["start"]), (Some("booked"), &booked["start"]));
    let listed =
        world.fhir("Appointment?status=booked&date=2026-03-03", patient).reply().await.entries();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        world.fhir("Appointment?status=cancelled", patient).reply().await.entries().len(),
        0
    );
    assert_eq!(
        world
            .fhir(&format!("Encounter/{}", id.replace("apt", "enc")), patient)
            .reply()
            .await
            .outcome(),
        (404, "not-found")
    );
    let cancelled =
        world.fhir_post(&format!("Appointment/{id}/$cancel"), patient, json!({})).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["cancelationReason"]["coding"][0]["code"], "pat");
}

async fn a_signed_note_and_a_prescription_are_there_and_a_draft_is_not(world: World) {
    let known = world.known_patient().await;
    let start = format!("/v1/appointments/{}/start", known.visit);
    let doctor = world.token(Actor {
        user: Some(UserId::mint(&world.api.random, BEGINNING.parse().unwrap())),
        clinic: Some(known.practice.clinic.clone()),
        roles: vec![Role::Practitioner],
        practitioner: Some(known.practice.practitioner.clone()),
        second_factor: true,
        stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        ..Actor::default()
    });
    world.post(&start).by(&doctor).reply().await.ok();
    let note = format!("/v1/appointments/{}/note", known.visit);
    world.put(&note).by(&doctor).send(json!({ "history": "A <cough>.\nSince Monday." })).await.ok();
    let ehr = world.program(&known.practice.clinic, "system/*.rs");
    let subject = patient_reference(&known.practice.patient);
    let id = known.visit.replace("apt_", "note-");
    for token in [&doctor, &known.practice.patient_token, &ehr] {
        let listed = world.fhir(&format!("Composition?patient={subject}"), token).reply().await;
        assert_eq!(listed.entries().len(), 0, "a draft is on no face");
        assert_eq!(
            world.fhir(&format!("Binary/{id}"), token).reply().await.outcome(),
            (404, "not-found")
        );
    }
    world.post(&format!("{note}/sign")).by(&doctor).seen(1).reply().await.ok();
    let prescriptions = format!("/v1/appointments/{}/prescriptions", known.visit);
    let items = json!({ "items": [
        { "medicine": "Amoxicillin 500 mg", "dose": "1 capsule", "frequency": "3 times a day", "duration_days": 7 },
        { "medicine": "Paracetamol 500 mg", "dose": "1 tablet", "frequency": "as needed" },
    ] });
    let draft = world.post(&prescriptions).by(&doctor).once("rx").send(items).await.ok();
    assert_eq!(
        world
            .fhir(&format!("MedicationRequest?patient={subject}"), &ehr)
            .reply()
            .await
            .entries()
            .len(),
        0
    );
    let sign = format!("/v1/prescriptions/{}/sign", draft["id"].as_str().unwrap());
    world.post(&sign).by(&doctor).seen(1).reply().await.ok();
    for token in [&doctor, &known.practice.patient_token, &ehr] {
        let documents = world
            .fhir(&format!("DocumentReference?patient={subject}"), token)
            .reply()
            .await
            .entries();
        let url = documents[0]["content"][0]["attachment"]["url"].as_str().unwrap();
        let binary = world.fhir(url.split("/fhir/R4/").nth(1).unwrap(), token).reply().await.ok();
        assert_eq!(binary["contentType"], "text/plain; charset=utf-8");
        let composition = world.fhir(&format!("Composition/{id}"), token).reply().await.ok();
        assert!(
            composition["section"][0]["text"]["div"].as_str().unwrap().contains("A &lt;cough&gt;.")
        );
        let medicines = world
            .fhir(&format!("MedicationRequest?patient={subject}&status=active"), token)
            .reply()
            .await
            .entries();
        assert_eq!(medicines.len(), 2);
        let one = format!("MedicationRequest/{}", medicines[1]["id"].as_str().unwrap());
        assert_eq!(
            world.fhir(&one, token).reply().await.ok()["medicationCodeableConcept"]["text"],
            "Paracetamol 500 mg"
        );
        let encounters = world
            .fhir(&format!("Encounter?patient={subject}&status=in-progress"), token)
            .reply()
            .await
            .entries();
        assert_eq!(encounters[0]["class"]["code"], "VR");
    }
    let seen = world.fhir("AuditEvent", &known.practice.patient_token).reply().await.entries();
    assert!(seen.iter().any(|one| one["subtype"][0]["code"] == "list_notes"), "{seen:?}");
}

async fn patients_are_found_by_what_is_known_of_them(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let profile = |given: &str, family: &str, born: &str| {
        json!({
            "given_name": given, "family_name": family, "birth_date": born, "gender": "female", "language": "sw", "time_zone": "UTC",
        })
    };
    let mut ids = vec![practice.patient.clone()];
    for _ in 0..2 {
        ids.push(scheduling_api::demo::add_patient(&world.api, &practice.clinic).await.unwrap());
    }
    for (id, (given, family, born)) in ids.iter().zip([
        ("Wanjirũ", "Kamau", "1984-05-01"),
        ("Asha", "Kamau", "1990-01-01"),
        ("Asha", "Odera", "1990-01-01"),
    ]) {
        let change = world.put(&format!("/v1/patients/{id}")).by(&practice.desk).seen(1);
        change.send(profile(given, family, born)).await.ok();
    }
    for (query, expected) in [
        ("family=kamau", 2),
        ("name=Asha", 2),
        ("name=asha&family=odera", 1),
        ("birthdate=1984-05-01", 1),
        ("given=WANJIR%C5%A8", 1),
        ("family=amau", 0),
        ("gender=male", 0),
        ("_count=2", 2),
    ] {
        let found = world.fhir(&format!("Patient?{query}"), &practice.desk).reply().await.entries();
        assert_eq!(found.len(), expected, "{query}");
    }
    let own = world.fhir("Patient?family=kamau", &practice.patient_token).reply().await.entries();
    assert_eq!(own.len(), 1, "a patient finds themselves");
    let found = world.get("/v1/patients?name=odera").by(&practice.desk).reply().await.ok();
    assert_eq!(found["items"][0]["id"], ids[2].as_str());
}

/// The matrix of the API's own face has no FHIR routes: here every role without a part in the patient's care asks for everything
/// of theirs.
async fn who_has_no_part_in_the_care_sees_nothing_of_it(world: World) {
    let known = world.known_patient().await;
    let (clinic, patient) = (&known.practice.clinic, &known.practice.patient);
    let doctor = &known.practice.practitioner_token;
    let entry = world.enter(&known, doctor, "one", condition("Asthma")).await;
    let entry = entry["id"].as_str().unwrap().replace('_', "-");
    let subject = patient_reference(patient);
    let elsewhere = world.practice("UTC", (0, 23)).await;
    let person = |role: Role, clinic: Option<&scheduling_api::domain::id::ClinicId>| {
        world.token(Actor {
            user: Some(UserId::mint(&world.api.random, BEGINNING.parse().unwrap())),
            clinic: clinic.cloned(),
            roles: vec![role],
            second_factor: true,
            ..Actor::default()
        })
    };
    let mut strangers: Vec<String> = Role::OF_REQUESTS
        .into_iter()
        // Programs have scopes, which another story is about.
        .filter(|role| !matches!(role, Role::Anyone | Role::Service))
        .flat_map(|role| {
            [person(role, Some(clinic)), person(role, Some(&elsewhere.clinic)), person(role, None)]
        })
        .collect();
    strangers.extend([
        elsewhere.patient_token,
        elsewhere.practitioner_token,
        world.program(clinic, "rooms"),
        world.program(&elsewhere.clinic, "system/*.cruds"),
    ]);
    let of_record = [
        "AllergyIntolerance",
        "AuditEvent",
        "Composition",
        "Condition",
        "DocumentReference",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "QuestionnaireResponse",
    ];
    let mut asked = 0;
    for token in &strangers {
        let paths = of_record.iter().map(|kind| format!("{kind}?patient={subject}"));
        let one = [
            format!("Condition/{entry}"),
            format!("Condition/{entry}/_history"),
            format!("Provenance?target=Condition/{entry}"),
        ];
        for path in paths.chain(one) {
            let reply = world.fhir(&path, token).reply().await;
            let refused = matches!(reply.status.as_u16(), 401 | 403 | 404);
            assert!(refused, "{path} {:?}", reply.body);
            asked += 1;
        }
    }
    assert!(asked > 200, "{asked}");
}

stories! {
    who_has_no_part_in_the_care_sees_nothing_of_it
    every_error_is_an_operation_outcome
    the_capability_statement_says_what_is_so
    an_ehr_writes_what_the_patient_reads_and_nothing_is_lost
    a_token_reaches_as_far_as_its_scopes_and_its_patient
    pages_lead_to_everything_and_bring_what_is_referred_to
    an_appointment_is_found_held_booked_and_cancelled
    a_signed_note_and_a_prescription_are_there_and_a_draft_is_not
    patients_are_found_by_what_is_known_of_them
}
