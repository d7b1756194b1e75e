//! What is written about a visit: who writes it, who sees it when, and that what was signed stays.

use scheduling_api::{
    demo,
    domain::{
        actor::{Actor, Role},
        id::{ClinicId, PractitionerId, UserId},
    },
};
use serde_json::{Value, json};

use crate::world::{World, practice::Practice};

const NINE: &str = "2026-03-02T06:30:00Z";

/// A visit that runs, and who takes part.
struct Visit {
    practice: Practice,
    /// The practitioner, with a fresh proof of identity.
    doctor: String,
    note: String,
    prescriptions: String,
    id: String,
}

impl World {
    async fn running_visit(&self) -> Visit {
        let practice = self.practice("UTC", (0, 23)).await;
        let ask = self.post("/v1/appointments").by(&practice.patient_token).once("book");
        let booked = ask.send(practice.booking(NINE)).await.ok();
        let id = booked["id"].as_str().unwrap().to_owned();
        let doctor = self.doctor(&practice.clinic, &practice.practitioner);
        let path = format!("/v1/appointments/{id}");
        self.post(&format!("{path}/check-in")).by(&practice.patient_token).reply().await.ok();
        self.post(&format!("{path}/start")).by(&doctor).reply().await.ok();
        let (note, prescriptions) = (format!("{path}/note"), format!("{path}/prescriptions"));
        Visit { practice, doctor, note, prescriptions, id }
    }

    /// A practitioner who has just proved their identity anew.
    pub fn doctor(&self, clinic: &ClinicId, practitioner: &PractitionerId) -> String {
        self.token(Actor {
            user: Some(UserId::mint(&self.api.random, "2026-03-01T00:00:00Z".parse().unwrap())),
            clinic: Some(clinic.clone()),
            roles: vec![Role::Practitioner],
            practitioner: Some(practitioner.clone()),
            second_factor: true,
            stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
            ..Actor::default()
        })
    }
}

impl Visit {
    fn patient_path(&self, what: &str) -> String {
        format!("/v1/patients/{}/{what}", self.practice.patient)
    }
}

async fn a_draft_is_the_practitioners_alone_and_a_signed_note_the_patients_too(world: World) {
    let visit = world.running_visit().await;
    let written = world.put(&visit.note).by(&visit.doctor);
    let written = written.send(json!({ "history": "A cough." })).await.ok();
    assert_eq!((&written["state"], &written["rev"]), (&json!("draft"), &json!(1)));
    let by_patient = world.get(&visit.note).by(&visit.practice.patient_token).reply().await;
    assert_eq!(by_patient.problem(), (404, "not-found"));
    for other in [&visit.practice.desk, &visit.practice.admin] {
        assert_eq!(world.get(&visit.note).by(other).reply().await.problem(), (403, "forbidden"));
    }
    let listed = world.get(&visit.patient_path("notes")).by(&visit.practice.patient_token);
    assert_eq!(listed.reply().await.ok()["items"], json!([]));

    let sign = format!("{}/sign", visit.note);
    let signed = world.post(&sign).by(&visit.doctor).seen(1).reply().await.ok();
    assert_eq!((&signed["state"], &signed["rev"]), (&json!("signed"), &json!(2)));
    assert_eq!(signed["signature"]["hash"].as_str().unwrap().len(), 64);
    let read = world.get(&visit.note).by(&visit.practice.patient_token).reply().await.ok();
    assert_eq!(read["text"]["history"], "A cough.");
    let listed = world.get(&visit.patient_path("notes")).by(&visit.practice.patient_token);
    assert_eq!(listed.reply().await.ok()["items"][0]["id"], signed["id"]);
}

async fn a_note_is_saved_in_turn_and_never_over_what_was_not_read(world: World) {
    let visit = world.running_visit().await;
    let write = |seen: Option<u32>, text: &str| {
        let ask = world.put(&visit.note).by(&visit.doctor);
        let ask = if let Some(rev) = seen { ask.seen(rev) } else { ask };
        ask.send(json!({ "plan": text }))
    };
    assert_eq!(write(Some(1), "early").await.problem(), (412, "stale"));
    write(None, "one").await.ok();
    assert_eq!(write(None, "from another window").await.problem(), (412, "stale"));
    assert_eq!(write(Some(1), "two").await.ok()["rev"], 2);
    assert_eq!(write(Some(1), "late").await.problem(), (412, "stale"));
    let sign = format!("{}/sign", visit.note);
    let blind = world.post(&sign).by(&visit.doctor).seen(1).reply().await;
    assert_eq!(blind.problem(), (412, "stale"), "nobody signs what they have not seen");
    assert_eq!(
        world.post(&sign).by(&visit.doctor).reply().await.problem(),
        (428, "if-match-needed")
    );
}

async fn a_signed_note_is_final_and_is_added_to(world: World) {
    let visit = world.running_visit().await;
    world.put(&visit.note).by(&visit.doctor).send(json!({ "plan": "Rest." })).await.ok();
    let addenda = format!("{}/addenda", visit.note);
    let early = world.post(&addenda).by(&visit.doctor).send(json!({ "text": "More." })).await;
    assert_eq!(early.problem(), (409, "not-possible"));
    let sign = format!("{}/sign", visit.note);
    world.post(&sign).by(&visit.doctor).seen(1).reply().await.ok();
    let over = world.put(&visit.note).by(&visit.doctor).seen(2).send(json!({ "plan": "Run." }));
    assert_eq!(over.await.problem(), (409, "not-possible"));
    let again = world.post(&sign).by(&visit.doctor).seen(2).reply().await;
    assert_eq!(again.problem(), (409, "not-possible"));
    for text in ["First.", "Second."] {
        world.post(&addenda).by(&visit.doctor).send(json!({ "text": text })).await.ok();
    }
    let read = world.get(&visit.note).by(&visit.practice.patient_token).reply().await.ok();
    assert_eq!(read["text"]["plan"], "Rest.");
    let texts: Vec<_> =
        read["addenda"].as_array().unwrap().iter().map(|one| one["text"].clone()).collect();
    assert_eq!(texts, ["First.", "Second."]);
}

async fn signing_asks_for_a_fresh_proof_of_identity_and_a_visit_that_has_begun(world: World) {
    let visit = world.running_visit().await;
    world.put(&visit.note).by(&visit.doctor).send(json!({ "plan": "Rest." })).await.ok();
    let sign = format!("{}/sign", visit.note);
    let stale_proof = world.post(&sign).by(&visit.practice.practitioner_token).seen(1);
    assert_eq!(stale_proof.reply().await.problem(), (403, "step-up"));

    let later = "2026-03-02T12:00:00Z";
    let ask = world.post("/v1/appointments").by(&visit.practice.patient_token).once("later");
    let booked = ask.send(visit.practice.booking(later)).await.ok();
    let note = format!("/v1/appointments/{}/note", booked["id"].as_str().unwrap());
    world.put(&note).by(&visit.doctor).send(json!({ "reason": "Prepared." })).await.ok();
    let unborn = world.post(&format!("{note}/sign")).by(&visit.doctor).seen(1).reply().await;
    assert_eq!(unborn.problem(), (409, "not-possible"));
    let cancel = format!("/v1/appointments/{}/cancel", booked["id"].as_str().unwrap());
    world.post(&cancel).by(&visit.practice.desk).reply().await.ok();
    let dead = world.put(&note).by(&visit.doctor).seen(1).send(json!({ "reason": "Gone." })).await;
    assert_eq!(dead.problem(), (409, "not-possible"));
}

async fn only_who_treats_a_patient_reads_their_notes(world: World) {
    let visit = world.running_visit().await;
    world.put(&visit.note).by(&visit.doctor).send(json!({ "plan": "Rest." })).await.ok();
    world.post(&format!("{}/sign", visit.note)).by(&visit.doctor).seen(1).reply().await.ok();

    let clinic = &visit.practice.clinic;
    let colleague = world.practitioner(clinic, "Dr. Njeri Kamau").await;
    let colleague_token = world.doctor(clinic, &colleague);
    let list = visit.patient_path("notes");
    for path in [&list, &visit.note] {
        let refused = world.get(path).by(&colleague_token).reply().await;
        assert_eq!(refused.problem(), (403, "forbidden"), "{path}");
    }
    let hours = crate::world::practice::every_day("UTC", 0, 23);
    demo::add_hours(&world.api, clinic, &colleague, hours).await.unwrap();
    let terms = crate::world::practice::terms(vec![colleague.clone()]);
    let service = demo::add_service(&world.api, clinic, terms).await.unwrap();
    let body =
        json!({ "service": service, "practitioner": colleague, "start": "2026-03-02T07:00:00Z" });
    let ask = world.post("/v1/appointments").by(&visit.practice.patient_token).once("second");
    let second = ask.send(body).await.ok();
    let booked_only = world.get(&list).by(&colleague_token).reply().await;
    assert_eq!(booked_only.problem(), (403, "forbidden"), "a booking alone opens no record");
    let come = format!("/v1/appointments/{}/check-in", second["id"].as_str().unwrap());
    world.post(&come).by(&visit.practice.patient_token).reply().await.ok();
    let read = world.get(&list).by(&colleague_token).reply().await.ok();
    assert_eq!(read["items"].as_array().unwrap().len(), 1);
    // Reading is one thing, writing another.
    let over =
        world.put(&visit.note).by(&colleague_token).seen(2).send(json!({ "plan": "x" })).await;
    assert_eq!(over.problem(), (403, "forbidden"));

    let elsewhere: ClinicId = world.clinic("Other").await.parse().unwrap();
    let stranger = world.practitioner(&elsewhere, "Dr. Stranger").await;
    let stranger = world.doctor(&elsewhere, &stranger);
    for path in [&list, &visit.note] {
        let refused = world.get(path).by(&stranger).reply().await;
        assert_eq!(refused.problem(), (404, "not-found"), "{path}");
    }
}

async fn what_is_written_about_health_is_in_no_file_of_the_database_or_the_audit(world: World) {
    let visit = world.running_visit().await;
    let text = json!({ "assessment": "Diagnosiscanary." });
    world.put(&visit.note).by(&visit.doctor).send(text).await.ok();
    world.post(&format!("{}/sign", visit.note)).by(&visit.doctor).seen(1).reply().await.ok();
    let addenda = format!("{}/addenda", visit.note);
    world.post(&addenda).by(&visit.doctor).send(json!({ "text": "Addendumcanary." })).await.ok();
    let draft = prescribe(&world, &visit, "Medicinecanary 5 mg").await;
    let path = format!("/v1/prescriptions/{}", draft["id"].as_str().unwrap());
    world.post(&format!("{path}/sign")).by(&visit.doctor).seen(1).reply().await.ok();
    let cancel = world.post(&format!("{path}/cancel")).by(&visit.doctor).seen(2);
    cancel.send(json!({ "reason": "Reasoncanary." })).await.ok();
    for canary in ["Diagnosiscanary", "Addendumcanary", "Medicinecanary", "Reasoncanary"] {
        let found = world
            .files()
            .iter()
            .any(|bytes| bytes.windows(canary.len()).any(|part| part == canary.as_bytes()));
        assert!(!found, "{canary}");
    }
    let audit = format!("/v1/clinics/{}/audit", visit.practice.clinic);
    let audit = world.get(&audit).by(&visit.practice.admin).reply().await.ok().to_string();
    assert!(audit.contains("sign_note") && !audit.contains("canary"));
}

async fn a_prescription_is_seen_once_signed_and_then_only_taken_back(world: World) {
    let visit = world.running_visit().await;
    let draft = prescribe(&world, &visit, "Amoxicillin 500 mg capsule").await;
    let path = format!("/v1/prescriptions/{}", draft["id"].as_str().unwrap());
    let patient = &visit.practice.patient_token;
    assert_eq!(world.get(&path).by(patient).reply().await.problem(), (404, "not-found"));
    let list = visit.patient_path("prescriptions");
    assert_eq!(world.get(&list).by(patient).reply().await.ok()["items"], json!([]));
    assert_eq!(
        world.get(&list).by(&visit.doctor).reply().await.ok()["items"][0]["id"],
        draft["id"]
    );

    let mut text = draft["text"].clone();
    text["items"][0]["duration_days"] = json!(7);
    world.put(&path).by(&visit.doctor).seen(1).send(text.clone()).await.ok();
    let early = world.post(&format!("{path}/cancel")).by(&visit.doctor).seen(2);
    assert_eq!(early.send(json!({ "reason": "x" })).await.problem(), (409, "not-possible"));
    let signed = world.post(&format!("{path}/sign")).by(&visit.doctor).seen(2).reply().await.ok();
    assert_eq!((&signed["state"], &signed["rev"]), (&json!("active"), &json!(3)));
    let read = world.get(&path).by(patient).reply().await.ok();
    assert_eq!(read["text"]["items"][0]["duration_days"], 7);
    let over = world.put(&path).by(&visit.doctor).seen(3).send(text).await;
    assert_eq!(over.problem(), (409, "not-possible"));
    let by_patient = world.post(&format!("{path}/cancel")).by(patient).seen(3);
    assert_eq!(by_patient.send(json!({ "reason": "x" })).await.problem(), (403, "forbidden"));

    let cancel = format!("{path}/cancel");
    let silent = world.post(&cancel).by(&visit.doctor).seen(3).send(json!({ "reason": " " })).await;
    assert_eq!(silent.problem(), (422, "invalid"));
    let cancelled = world.post(&cancel).by(&visit.doctor).seen(3);
    let cancelled = cancelled.send(json!({ "reason": "An allergy." })).await.ok();
    assert_eq!(
        (&cancelled["state"], &cancelled["cancel_reason"]),
        (&json!("cancelled"), &json!("An allergy."))
    );
    let listed = world.get(&list).by(patient).reply().await.ok();
    assert_eq!(listed["items"][0]["state"], "cancelled");
}

async fn the_draft_of_a_prescription_is_given_up_and_a_signed_one_is_not(world: World) {
    let visit = world.running_visit().await;
    let draft = prescribe(&world, &visit, "Canarycillin").await;
    let path = format!("/v1/prescriptions/{}", draft["id"].as_str().unwrap());
    let discard = |by: &str, seen| world.ask("DELETE", &path).by(by).seen(seen).reply();
    let patient = &visit.practice.patient_token;
    assert_eq!(discard(patient, 1).await.problem(), (403, "forbidden"));
    assert_eq!(discard(&visit.practice.desk, 1).await.problem(), (403, "forbidden"));
    world.put(&path).by(&visit.doctor).seen(1).send(medicines("Other")).await.ok();
    assert_eq!(discard(&visit.doctor, 1).await.problem(), (412, "stale"));
    assert_eq!(discard(&visit.doctor, 2).await.status.as_u16(), 204);
    assert_eq!(discard(&visit.doctor, 2).await.problem(), (404, "not-found"));
    let listed = world.get(&visit.patient_path("prescriptions")).by(&visit.doctor).reply().await;
    assert_eq!(listed.ok()["items"], json!([]));
    let audit = format!("/v1/clinics/{}/audit", visit.practice.clinic);
    let audit = world.get(&audit).by(&visit.practice.admin).reply().await.ok().to_string();
    assert!(audit.contains("discard_prescription"));

    let ask = world.post(&visit.prescriptions).by(&visit.doctor).once("again");
    let draft = ask.send(medicines("Canarycillin")).await.ok();
    let path = format!("/v1/prescriptions/{}", draft["id"].as_str().unwrap());
    world.post(&format!("{path}/sign")).by(&visit.doctor).seen(1).reply().await.ok();
    let signed = world.ask("DELETE", &path).by(&visit.doctor).seen(2).reply().await;
    assert_eq!(signed.problem(), (409, "not-possible"));
}

async fn a_prescription_is_begun_once_however_often_it_is_sent(world: World) {
    let visit = world.running_visit().await;
    let first = prescribe(&world, &visit, "Ibuprofen 400 mg").await;
    let second = prescribe(&world, &visit, "Ibuprofen 400 mg").await;
    assert_eq!(first, second);
    let other = world.post(&visit.prescriptions).by(&visit.doctor).once("rx");
    let other = other.send(medicines("Aspirin 100 mg")).await;
    assert_eq!(other.problem(), (422, "idempotency-key-reused"));
    let keyless = world.post(&visit.prescriptions).by(&visit.doctor).send(medicines("x")).await;
    assert_eq!(keyless.problem(), (400, "idempotency-key-needed"));
    let by_desk = world.post(&visit.prescriptions).by(&visit.practice.desk).once("desk");
    assert_eq!(by_desk.send(medicines("x")).await.problem(), (403, "forbidden"));
    let empty = world.post(&visit.prescriptions).by(&visit.doctor).once("empty");
    assert_eq!(empty.send(json!({ "items": [] })).await.problem(), (422, "invalid"));
    assert!(visit.prescriptions.contains(&visit.id));
}

async fn a_signed_prescription_is_printed_and_checked_by_its_code(world: World) {
    let visit = world.running_visit().await;
    let draft = prescribe(&world, &visit, "Canarycillin 500 mg").await;
    let path = format!("/v1/prescriptions/{}", draft["id"].as_str().unwrap());
    let pdf = format!("{path}/pdf");
    let early = world.get(&pdf).by(&visit.doctor).reply().await;
    assert_eq!(early.problem(), (409, "not-possible"), "a draft is no paper");
    world.post(&format!("{path}/sign")).by(&visit.doctor).seen(1).reply().await.ok();
    let patient = &visit.practice.patient_token;
    for language in ["en", "ar"] {
        let paper = world.get(&format!("{pdf}?language={language}")).by(patient).bytes().await;
        assert_eq!(paper.headers["content-type"], "application/pdf");
        assert!(paper.bytes.starts_with(b"%PDF-"));
    }
    for other in [&visit.practice.desk, &visit.practice.admin] {
        assert_eq!(world.get(&pdf).by(other).reply().await.problem(), (403, "forbidden"));
    }
    let paper = world.get(&pdf).by(patient).bytes().await.bytes;
    let url = text_of(&paper).lines().find_map(|line| {
        line.split_whitespace()
            .find(|word| word.contains("/v1/prescription-checks/"))
            .map(str::to_owned)
    });
    let url = url.expect("the paper says where it is checked");
    let check = url.strip_prefix("https://clinic.example").unwrap();
    let valid = world.get(check).reply().await.ok();
    assert_eq!(valid, json!({ "state": "valid" }), "and nothing else");
    let page = world.get(check).with("accept", "text/html").with("accept-language", "fr").bytes();
    let page = page.await;
    assert_eq!(
        page.headers["content-security-policy"],
        "default-src 'none'; style-src 'unsafe-inline'"
    );
    let page = String::from_utf8(page.bytes).unwrap();
    assert!(page.contains("Cette ordonnance est valable.") && !page.contains("Canary"));
    let guessed = world.get("/v1/prescription-checks/AAAAAAAAAAAAAAAAAAAAAAAAAA").reply().await;
    assert_eq!((guessed.status.as_u16(), &guessed.body), (404, &json!({ "state": "unknown" })));
    let cancel = world.post(&format!("{path}/cancel")).by(&visit.doctor).seen(2);
    cancel.send(json!({ "reason": "An allergy." })).await.ok();
    assert_eq!(world.get(check).reply().await.ok(), json!({ "state": "cancelled" }));
    let paper = text_of(&world.get(&pdf).by(patient).bytes().await.bytes);
    assert!(paper.contains("CANCELLED") && paper.contains("Canarycillin 500 mg"));
}

/// The text of a PDF, by a program that is not ours.
pub fn text_of(pdf: &[u8]) -> String {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };
    let mut child = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("pdftotext is needed for this test: make test-deps");
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

async fn prescribe(world: &World, visit: &Visit, medicine: &str) -> Value {
    let ask = world.post(&visit.prescriptions).by(&visit.doctor).once("rx");
    ask.send(medicines(medicine)).await.ok()
}

fn medicines(medicine: &str) -> Value {
    json!({ "items": [{ "medicine": medicine, "dose": "1 tablet", "frequency": "3 times a day" }] })
}

stories! {
    a_draft_is_the_practitioners_alone_and_a_signed_note_the_patients_too
    a_note_is_saved_in_turn_and_never_over_what_was_not_read
    a_signed_note_is_final_and_is_added_to
    signing_asks_for_a_fresh_proof_of_identity_and_a_visit_that_has_begun
    only_who_treats_a_patient_reads_their_notes
    what_is_written_about_health_is_in_no_file_of_the_database_or_the_audit
    a_prescription_is_seen_once_signed_and_then_only_taken_back
    the_draft_of_a_prescription_is_given_up_and_a_signed_one_is_not
    a_prescription_is_begun_once_however_often_it_is_sent
    a_signed_prescription_is_printed_and_checked_by_its_code
}
