//! The access matrix of FHIR's face and SMART's discovery: every route that is mounted, everybody of `COLUMNS`, and programs
//! that act for somebody.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use scheduling_api::fhir_routes;
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    STRANGERS,
    calls::{Call, at, form},
    class,
    story::{APPS, COLUMNS, Somebody, Story},
};
use crate::world::World;

/// A method, a path below `/fhir/R4/` (or from the root), and a letter for each of `COLUMNS` and of `APPS`: the patient's,
/// another patient's; the practitioner's, launched, launched for another patient; one for allergies only.
///
/// A row of `b` alone is of what FHIR has no such interaction for: nobody is let in.
const ROWS: &str = "\
GET  metadata                                      2 222 22 22 22 22 2 22 222 2
GET  .well-known/smart-configuration               2 222 22 22 22 22 2 22 222 2
GET  /.well-known/smart-configuration              2 222 22 22 22 22 2 22 222 2
GET  Patient/{id}/$everything                      1 233 22 22 43 23 3 23 223 3
GET  Appointment/$find                             2 222 22 22 22 22 2 22 222 2
POST Appointment/$hold                             1 233 23 22 43 23 3 23 223 3
POST Appointment/$book                             1 234 23 22 43 23 3 23 223 3
POST Appointment/{id}/$cancel                      1 234 23 22 43 23 3 23 223 3
GET  AllergyIntolerance                            1 234 23 33 43 23 3 23 223 2
POST AllergyIntolerance/_search                    1 234 23 33 43 23 3 23 223 2
GET  AllergyIntolerance/{id}                       1 234 23 33 43 23 3 23 223 2
POST AllergyIntolerance                            1 234 23 33 43 23 3 23 223 3
PUT  AllergyIntolerance/{id}                       1 234 23 33 43 23 3 23 223 3
GET  AllergyIntolerance/{id}/_history              1 234 23 33 43 23 3 23 223 2
GET  AllergyIntolerance/{id}/_history/{version}    1 234 23 33 43 23 3 23 223 2
GET  Appointment                                   1 233 22 22 23 23 3 23 223 3
POST Appointment/_search                           1 233 22 22 23 23 3 23 223 3
GET  Appointment/{id}                              1 234 23 22 43 23 3 23 223 3
GET  AuditEvent                                    1 233 33 33 33 33 3 23 333 3
POST AuditEvent/_search                            1 233 33 33 33 33 3 23 333 3
GET  AuditEvent/{id}                               b bbb bb bb bb bb b bb bbb b
GET  Binary                                        b bbb bb bb bb bb b bb bbb b
POST Binary/_search                                b bbb bb bb bb bb b bb bbb b
GET  Binary/{id}                                   1 234 23 33 43 23 3 23 223 3
GET  Composition                                   1 234 23 33 43 23 3 23 223 3
POST Composition/_search                           1 234 23 33 43 23 3 23 223 3
GET  Composition/{id}                              1 234 23 33 43 23 3 23 223 3
GET  Condition                                     1 234 23 33 43 23 3 23 223 3
POST Condition/_search                             1 234 23 33 43 23 3 23 223 3
GET  Condition/{id}                                1 234 23 33 43 23 3 23 223 3
POST Condition                                     1 234 23 33 43 23 3 23 223 3
PUT  Condition/{id}                                1 234 23 33 43 23 3 23 223 3
GET  Condition/{id}/_history                       1 234 23 33 43 23 3 23 223 3
GET  Condition/{id}/_history/{version}             1 234 23 33 43 23 3 23 223 3
GET  DocumentReference                             1 234 23 33 43 23 3 23 223 3
POST DocumentReference/_search                     1 234 23 33 43 23 3 23 223 3
GET  DocumentReference/{id}                        1 234 23 33 43 23 3 23 223 3
GET  Encounter                                     1 233 22 22 23 23 3 23 223 3
POST Encounter/_search                             1 233 22 22 23 23 3 23 223 3
GET  Encounter/{id}                                1 234 23 22 43 23 3 23 223 3
GET  HealthcareService                             1 222 22 22 21 23 2 22 222 3
POST HealthcareService/_search                     1 222 22 22 21 23 2 22 222 3
GET  HealthcareService/{id}                        1 224 22 22 41 23 2 22 222 3
GET  MedicationRequest                             1 234 23 33 43 23 3 23 223 3
POST MedicationRequest/_search                     1 234 23 33 43 23 3 23 223 3
GET  MedicationRequest/{id}                        1 234 23 33 43 23 3 23 223 3
GET  MedicationStatement                           1 234 23 33 43 23 3 23 223 3
POST MedicationStatement/_search                   1 234 23 33 43 23 3 23 223 3
GET  MedicationStatement/{id}                      1 234 23 33 43 23 3 23 223 3
POST MedicationStatement                           1 234 23 33 43 23 3 23 223 3
PUT  MedicationStatement/{id}                      1 234 23 33 43 23 3 23 223 3
GET  MedicationStatement/{id}/_history             1 234 23 33 43 23 3 23 223 3
GET  MedicationStatement/{id}/_history/{version}   1 234 23 33 43 23 3 23 223 3
GET  Observation                                   1 234 23 33 43 23 3 23 223 3
POST Observation/_search                           1 234 23 33 43 23 3 23 223 3
GET  Observation/{id}                              1 234 23 33 43 23 3 23 223 3
POST Observation                                   1 234 23 33 43 23 3 23 223 3
GET  Observation/{id}/_history                     1 234 23 33 43 23 3 23 223 3
GET  Observation/{id}/_history/{version}           1 234 23 33 43 23 3 23 223 3
GET  Organization                                  1 222 22 22 21 23 2 22 222 3
POST Organization/_search                          1 222 22 22 21 23 2 22 222 3
GET  Organization/{id}                             1 224 22 22 41 23 2 22 222 3
GET  Patient                                       1 222 22 22 23 23 3 22 222 3
POST Patient/_search                               1 222 22 22 23 23 3 22 222 3
GET  Patient/{id}                                  1 233 22 22 43 23 3 23 223 3
GET  Practitioner                                  1 222 22 22 21 23 2 22 222 3
POST Practitioner/_search                          1 222 22 22 21 23 2 22 222 3
GET  Practitioner/{id}                             1 224 22 22 41 23 2 22 222 3
GET  PractitionerRole                              1 222 22 22 21 23 2 22 222 3
POST PractitionerRole/_search                      1 222 22 22 21 23 2 22 222 3
GET  PractitionerRole/{id}                         1 224 22 22 41 23 2 22 222 3
GET  Provenance                                    1 234 23 33 43 23 3 23 223 3
POST Provenance/_search                            1 234 23 33 43 23 3 23 223 3
GET  Provenance/{id}                               b bbb bb bb bb bb b bb bbb b
GET  Questionnaire                                 1 222 22 22 23 23 3 22 222 3
POST Questionnaire/_search                         1 222 22 22 23 23 3 22 222 3
GET  Questionnaire/{id}                            1 224 22 22 43 23 3 22 222 3
GET  QuestionnaireResponse                         1 234 23 33 43 23 3 23 223 3
POST QuestionnaireResponse/_search                 1 234 23 33 43 23 3 23 223 3
GET  QuestionnaireResponse/{id}                    1 234 23 33 43 23 3 23 223 3
POST QuestionnaireResponse                         1 234 23 33 43 23 3 23 223 3
PUT  QuestionnaireResponse/{id}                    1 234 23 33 43 23 3 23 223 3
GET  QuestionnaireResponse/{id}/_history           1 234 23 33 43 23 3 23 223 3
GET  QuestionnaireResponse/{id}/_history/{version} 1 234 23 33 43 23 3 23 223 3
GET  Schedule                                      1 222 22 22 21 23 2 22 222 3
POST Schedule/_search                              1 222 22 22 21 23 2 22 222 3
GET  Schedule/{id}                                 1 224 22 22 41 23 2 22 222 3
GET  Slot                                          2 222 22 22 22 23 2 22 222 3
POST Slot/_search                                  2 222 22 22 22 23 2 22 222 3
GET  Slot/{id}                                     b bbb bb bb bb bb b bb bbb b
";

struct Row {
    method: &'static str,
    path: &'static str,
    cells: Vec<char>,
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| ROWS.lines().map(row).collect());

fn row(line: &'static str) -> Row {
    let (method, rest) = line.split_once(' ').expect("a method");
    let (path, cells) = rest.trim_start().split_once(' ').expect("a path and its cells");
    let cells: Vec<char> = cells.chars().filter(|cell| !cell.is_whitespace()).collect();
    assert_eq!(cells.len(), COLUMNS.len() + APPS.len(), "{path}");
    Row { method, path, cells }
}

impl Row {
    fn address(&self) -> String {
        if self.path.starts_with('/') {
            self.path.to_owned()
        } else {
            format!("/fhir/R4/{}", self.path)
        }
    }

    fn kind(&self) -> &'static str {
        self.path.split('/').next().unwrap()
    }

    /// Whether somebody reads by it what is about the patient, and says so.
    fn is_about_the_patient(&self) -> bool {
        let is_read = self.cells.iter().any(|cell| *cell == '2' && !self.changes(*cell));
        let of_nobody = [
            "Binary",
            "Slot",
            "HealthcareService",
            "Organization",
            "Practitioner",
            "PractitionerRole",
            "Questionnaire",
            "Schedule",
            "metadata",
            ".well-known",
            "",
        ];
        is_read && !of_nobody.contains(&self.kind()) && !self.path.ends_with("$find")
    }

    /// Whether a cell is asked in a world of its own.
    fn changes(&self, wanted: char) -> bool {
        wanted == '2' && self.method != "GET" && !self.path.ends_with("/_search")
    }
}

#[test]
fn every_fhir_route_has_a_row_and_every_row_a_route_and_somebody_who_is_let_in() {
    let routes: BTreeSet<(&str, String)> = fhir_routes().into_iter().collect();
    let rows: BTreeSet<(&str, String)> =
        TABLE.iter().map(|row| (row.method, row.address())).collect();
    assert_eq!(rows.len(), TABLE.len(), "a row is written twice");
    let (bare, idle): (Vec<_>, Vec<_>) =
        (routes.difference(&rows).collect(), rows.difference(&routes).collect());
    assert!(
        bare.is_empty() && idle.is_empty(),
        "without a row: {bare:?}, without a route: {idle:?}"
    );
    for row in TABLE.iter() {
        let is_open = row.cells.contains(&'2') || row.cells.iter().all(|cell| *cell == 'b');
        assert!(is_open, "{} {}: nobody is let in", row.method, row.path);
    }
}

/// Asks for one cell; what is wrong with the answer, and whether it names the patient.
async fn cell(story: &Story, world: &World, row: &Row, column: usize) -> (Option<String>, bool) {
    let who = columns(story).nth(column).unwrap();
    let call = call(story, row);
    let reply = call.ask(world, row.method, &row.address(), who.token.as_deref()).await;
    let (found, wanted) = (class(&reply), row.cells[column]);
    let about = format!("{} {}, {}", row.method, row.path, who.name);
    let body = reply.body.to_string();
    let told = || format!("{} {body:.300}", reply.status);
    // A page's link repeats what was asked, and tells nothing.
    let mut answered = reply.body.clone();
    if let Some(fields) = answered.as_object_mut() {
        fields.remove("link");
    }
    let names_them = answered.to_string().contains(&fhir(story.patient.as_str()));
    if found != wanted {
        let why = format!("{about}: {wanted} expected, {found} came: {}", told());
        return (Some(why), names_them);
    }
    let is_bare = reply.body["resourceType"].is_null() && !row.path.contains("smart-configuration");
    let wrong = if is_bare {
        Some("no resource of FHIR's came")
    } else {
        (names_them && STRANGERS.contains(&who.name)).then_some("names the patient")
    };
    (wrong.map(|wrong| format!("{about}: {wrong}: {}", told())), names_them)
}

fn columns(story: &Story) -> impl Iterator<Item = &Somebody> {
    story.everybody.iter().chain(&story.apps)
}

async fn fhir_refuses_whom_its_row_says_and_who_reads_is_told_what_is_theirs(world: World) {
    let story = Story::told(world).await;
    let mut wrong = Vec::new();
    for row in TABLE.iter() {
        let mut is_named = false;
        for column in 0..row.cells.len() {
            if !row.changes(row.cells[column]) {
                let (why, names_them) = cell(&story, &story.world, row, column).await;
                wrong.extend(why);
                is_named |= names_them;
            }
        }
        // What finds nothing hides nothing.
        if row.is_about_the_patient() && !is_named {
            wrong.push(format!("{} {}: names the patient to nobody", row.method, row.path));
        }
    }
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_change_something_by_fhir_is_let_and_nobody_else() {
    let story = Arc::new(Story::told(World::on_sqlite().await).await);
    let frozen = Arc::new(story.world.frozen().await);
    let (mut asked, at_once) = (JoinSet::new(), Arc::new(Semaphore::new(4)));
    for row in TABLE.iter() {
        for column in (0..row.cells.len()).filter(|column| row.changes(row.cells[*column])) {
            let (story, frozen, at_once) = (story.clone(), frozen.clone(), at_once.clone());
            asked.spawn(async move {
                let _turn = at_once.acquire().await.unwrap();
                let world = story.world.thawed(&frozen).await;
                cell(&story, &world, row, column).await.0
            });
        }
    }
    let count = asked.len();
    let wrong: Vec<_> = asked.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {count} cells:\n{}", wrong.len(), wrong.join("\n"));
}

/// One of our ids as FHIR's face writes it.
fn fhir(id: &str) -> String {
    id.replacen('_', "-", 1)
}

/// The same thing under another prefix.
fn other(prefix: &str, id: &str) -> String {
    format!("{prefix}-{}", id.split_once('_').unwrap().1)
}

/// A valid request for a route.
fn call(story: &Story, row: &Row) -> Call {
    let kind = row.kind();
    let id = id_of(story, kind);
    let id = id.as_str();
    let (method, tail) = (row.method, row.path.strip_prefix(kind).unwrap_or_default());
    match (method, tail) {
        ("GET", "/$find") => {
            let service = fhir(story.id("service"));
            let fields = [
                ("start", "2026-03-02T10:00:00Z"),
                ("end", "2026-03-02T11:00:00Z"),
                ("service-type", service.as_str()),
            ];
            at(&[]).query(form(&fields))
        }
        ("POST", "/$hold" | "/$book") => at(&[]).body(proposed(story)),
        ("POST", "/{id}/$cancel") => at(&[id]),
        ("GET", "") => at(&[]).query(form(&fields(&wish(story, kind)))),
        ("POST", "/_search") => at(&[]).form(&fields(&wish(story, kind))),
        ("POST", "") => at(&[]).body(resource(story, kind, None)),
        ("PUT", "/{id}") => at(&[id]).seen(1).body(resource(story, kind, Some(id))),
        _ => at(&[id, "1"]),
    }
}

fn fields<'a>(wish: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    wish.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// The id of something of a kind that is about the patient, where it can be.
fn id_of(story: &Story, kind: &str) -> String {
    let doctor = story.practitioner.as_str();
    match kind {
        "Patient" => fhir(story.patient.as_str()),
        "Appointment" => fhir(story.id("later")),
        "Encounter" => other("enc", story.id("finished")),
        "Composition" | "DocumentReference" | "Binary" => other("note", story.id("finished")),
        "MedicationRequest" => format!("{}-1", fhir(story.id("signed"))),
        "AllergyIntolerance" => fhir(story.id("allergy")),
        "Condition" => fhir(story.id("entry")),
        "MedicationStatement" => fhir(story.id("medication")),
        "Observation" => fhir(story.id("observation")),
        "QuestionnaireResponse" => fhir(story.id("answers")),
        "Questionnaire" => fhir(story.id("questionnaire")),
        "HealthcareService" => fhir(story.id("service")),
        "Organization" => fhir(story.clinic.as_str()),
        "Practitioner" => fhir(doctor),
        "PractitionerRole" => other("role", doctor),
        "Schedule" => other("sch", doctor),
        // They are only searched for.
        _ => "x".to_owned(),
    }
}

/// What is searched for: what is the patient's, where it can be.
fn wish(story: &Story, kind: &str) -> Vec<(&'static str, String)> {
    match kind {
        "Patient" => vec![("name", "Canary".to_owned())],
        "Provenance" => {
            vec![("target", format!("Condition/{}", fhir(story.id("entry"))))]
        }
        "Slot" => vec![
            ("service-type", fhir(story.id("service"))),
            ("start", "ge2026-03-02T10:00:00Z".to_owned()),
            ("start", "lt2026-03-02T11:00:00Z".to_owned()),
        ],
        "HealthcareService" | "Organization" | "Practitioner" | "PractitionerRole"
        | "Questionnaire" | "Schedule" | "Binary" | "metadata" => Vec::new(),
        _ => vec![("patient", format!("Patient/{}", fhir(story.patient.as_str())))],
    }
}

/// What a program sends that books a time for the patient.
fn proposed(story: &Story) -> Value {
    let actor = |kind: &str, id: &str| json!({ "actor": { "reference": format!("{kind}/{}", fhir(id)) }, "status": "accepted" });
    let appointment = json!({
        "resourceType": "Appointment",
        "status": "proposed",
        "serviceType": [{ "coding": [{ "code": fhir(story.id("service")) }] }],
        "start": "2026-03-02T11:00:00Z",
        "participant": [
            actor("Practitioner", story.practitioner.as_str()),
            actor("Patient", story.patient.as_str()),
        ],
    });
    json!({ "resourceType": "Parameters", "parameter": [{ "name": "appointment", "resource": appointment }] })
}

/// An entry of the record that a patient may write too.
fn resource(story: &Story, kind: &str, id: Option<&str>) -> Value {
    let patient = json!({ "reference": format!("Patient/{}", fhir(story.patient.as_str())) });
    let (active, words) =
        (json!({ "coding": [{ "code": "active" }] }), json!({ "text": "Asthma" }));
    let mut body = match kind {
        "AllergyIntolerance" => {
            json!({ "clinicalStatus": active, "code": words, "patient": patient })
        }
        "Condition" => json!({ "clinicalStatus": active, "code": words, "subject": patient }),
        "MedicationStatement" => {
            json!({ "status": "active", "medicationCodeableConcept": words, "subject": patient })
        }
        "Observation" => json!({ "status": "final", "code": words, "subject": patient,
            "effectiveDateTime": "2026-03-01", "valueString": "well" }),
        "QuestionnaireResponse" => json!({ "status": "completed", "subject": patient,
            "questionnaire": format!("Questionnaire/{}|1", fhir(story.id("questionnaire"))),
            "item": [{ "linkId": "smokes", "answer": [{ "valueBoolean": false }] }] }),
        _ => panic!("{kind} is not written"),
    };
    body["resourceType"] = json!(kind);
    if let Some(id) = id {
        body["id"] = json!(id);
    }
    body
}

stories! {
    fhir_refuses_whom_its_row_says_and_who_reads_is_told_what_is_theirs
}
