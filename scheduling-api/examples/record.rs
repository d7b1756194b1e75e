//! How fast a patient's record and FHIR searches are, in one process and without a network: `docs/PERFORMANCE.md` has the
//! figures.
//!
//! `cargo run --release -p scheduling-api --example record -- [ROWS [DATABASE]]`; without a database a new SQLite file in the
//! temporary folder. One patient gets 2,000 entries over HTTP; ROWS (1,000,000) observations of 500 others are put beside them
//! by SQL. What those say does not open: they are older than all that a search gives, and in its way all the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a measuring tool: it reads the clock, prints, and may fail loudly"
)]

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, http::Request};
use jiff::{Timestamp, ToSpan as _, civil::Time};
use scheduling_api::{
    Api, Engine, KeyRing, Links, Location, Outbound, StoreSettings, Ways, demo,
    domain::{
        actor::{Actor, Role},
        availability::{DayHours, Window},
        id::{ClinicId, PatientId, PractitionerId, UserId},
        money::Money,
        oauth::scope::Scopes,
        schedule::Hours,
        service::{CancelPolicy, Mode, PayPolicy, ServiceTerms},
    },
    open,
    ports::identify::KnownTokens,
    ports::{files::Files, machine::UnknownMachine, media::MediaServer, payments::Gateways},
    random::Random,
    router,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const ENTRIES: usize = 2_000;
const OTHERS: usize = 500;
const WRITERS: usize = 16;
const ASKED: usize = 300;

#[tokio::main]
async fn main() {
    let rows: u64 = std::env::args().nth(1).map_or(1_000_000, |rows| rows.parse().unwrap());
    let location = location();
    let random = Random::from_system().unwrap();
    let keys = KeyRing::parse(&KeyRing::generate(&random)).unwrap();
    let settings = StoreSettings::at(location.clone());
    let outbound = Outbound::new(false).unwrap();
    let documents = std::env::temp_dir().join(format!("bedside-record-{}", std::process::id()));
    let ways = Ways {
        media: MediaServer::none(),
        outbound,
        files: Files::in_folder(&documents).unwrap(),
        scanner: None,
        recordings: None,
        machine: Arc::new(UnknownMachine),
        gateways: Gateways::default(),
        trusted_proxies: Vec::new(),
    };
    let mut api = open(&settings, keys, Links::at("http://localhost"), ways).await.unwrap();
    let clinic = demo::seed(&api).await.unwrap().clinic;
    let practitioner = practitioner(&api, &clinic).await;
    let patient = demo::add_patient(&api, &clinic).await.unwrap();
    for _ in 0..OTHERS {
        demo::add_patient(&api, &clinic).await.unwrap();
    }
    api.identify = Arc::new(KnownTokens::new(people(&clinic, &practitioner, &patient)));
    let engine = api.store.engine();
    let router = router(api.clone());
    come(&api, &router, &practitioner, &clinic).await;

    let began = Instant::now();
    enter(&router, &patient).await;
    println!("{ENTRIES} entries written over HTTP in {:.1} s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    multiply(&location, engine, rows).await;
    println!("{rows} observations put beside them in {:.1} s", began.elapsed().as_secs_f64());

    let subject = format!("Patient/{}", patient.as_str().replace('_', "-"));
    for (what, by, path) in [
        ("summary", "doctor", format!("/v1/patients/{patient}/record/summary")),
        ("page of 50", "doctor", format!("/v1/patients/{patient}/record?limit=50")),
        (
            "FHIR, by patient and code",
            "doctor",
            format!(
                "/fhir/R4/Observation?patient={subject}&code=http://loinc.org%7C8867-4&_count=50"
            ),
        ),
        (
            "FHIR, by patient, code and date",
            "doctor",
            format!(
                "/fhir/R4/Observation?patient={subject}&code=http://loinc.org%7C8867-4&date=ge2026-01&date=lt2026-02"
            ),
        ),
        (
            "FHIR, by code in the clinic",
            "program",
            "/fhir/R4/Observation?code=http://loinc.org%7C8867-4&_count=50".to_owned(),
        ),
        ("FHIR, all of the clinic", "program", "/fhir/R4/Observation?_count=50".to_owned()),
    ] {
        let mut took = Vec::new();
        let mut bytes = 0;
        for _ in 0..ASKED {
            let request = Request::get(&path).header("authorization", format!("Bearer {by}"));
            let asked = Instant::now();
            bytes = reply(&router, request.body(Body::empty()).unwrap()).await.1;
            took.push(asked.elapsed());
        }
        println!("{what}: {}, {} kB", percentiles(took), bytes / 1000);
    }
}

fn location() -> Location {
    match std::env::args().nth(2) {
        Some(given) => given.parse().unwrap(),
        None => {
            let file = format!("bedside-record-{}.db", std::process::id());
            Location::Sqlite(std::env::temp_dir().join(file))
        }
    }
}

fn people(
    clinic: &ClinicId,
    practitioner: &PractitionerId,
    patient: &PatientId,
) -> HashMap<String, Actor> {
    let person = |role: Role| Actor {
        user: Some("usr_00000000000000000000000000000001".parse::<UserId>().unwrap()),
        clinic: Some(clinic.clone()),
        roles: vec![role],
        second_factor: true,
        ..Actor::default()
    };
    let doctor = Actor { practitioner: Some(practitioner.clone()), ..person(Role::Practitioner) };
    let own = Actor { patients: vec![patient.clone()], ..person(Role::Patient) };
    let program =
        Actor { user: None, scopes: Scopes::parse("system/*.rs"), ..person(Role::Service) };
    HashMap::from([
        ("doctor".to_owned(), doctor),
        ("patient".to_owned(), own),
        ("program".to_owned(), program),
    ])
}

async fn practitioner(api: &Api, clinic: &ClinicId) -> PractitionerId {
    let card = demo::card(api, "Dr. One", "general practice", &["en"]);
    let id = demo::add_practitioner(api, clinic, card).await.unwrap();
    let window = Window { from: Time::midnight(), to: Time::midnight() };
    let weekly = (1..=7).map(|weekday| DayHours { weekday, windows: vec![window] }).collect();
    let hours = Hours { time_zone: "UTC".to_owned(), weekly, overrides: Vec::new() };
    demo::add_hours(api, clinic, &id, hours).await.unwrap();
    id
}

/// The patient comes for a visit, so that the practitioner may read.
async fn come(api: &Api, router: &Router, practitioner: &PractitionerId, clinic: &ClinicId) {
    let service = demo::add_service(api, clinic, terms(practitioner)).await.unwrap();
    let quarter = 15 * 60;
    let start =
        Timestamp::from_second((api.clock.now().as_second() / quarter + 1) * quarter).unwrap();
    let body =
        json!({ "service": service, "practitioner": practitioner, "start": start }).to_string();
    let request = Request::post("/v1/appointments")
        .header("authorization", "Bearer patient")
        .header("idempotency-key", "visit")
        .header("content-type", "application/json");
    let (booked, _) = reply(router, request.body(body.into()).unwrap()).await;
    let path = format!("/v1/appointments/{}/check-in", booked["id"].as_str().unwrap());
    let request = Request::post(path).header("authorization", "Bearer patient");
    reply(router, request.body(Body::empty()).unwrap()).await;
}

/// The entries: twenty conditions, allergies and medicines, and observations of forty kinds.
async fn enter(router: &Router, patient: &PatientId) {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (router, patient) = (router.clone(), patient.clone());
        writers.spawn(async move {
            for number in (writer..ENTRIES).step_by(WRITERS) {
                let body = json!({ "content": content(number) }).to_string();
                let request = Request::post(format!("/v1/patients/{patient}/record"))
                    .header("authorization", "Bearer doctor")
                    .header("idempotency-key", format!("entry-{number}"))
                    .header("content-type", "application/json");
                reply(&router, request.body(body.into()).unwrap()).await;
            }
        });
    }
    writers.join_all().await;
}

fn content(number: usize) -> Value {
    let text = format!("Number {number}");
    match number % 100 {
        0 => {
            json!({ "kind": "condition", "code": { "text": text }, "clinical": "active", "verification": "confirmed" })
        }
        1 => {
            json!({ "kind": "allergy", "code": { "text": text }, "clinical": "active", "verification": "confirmed" })
        }
        2 => {
            json!({ "kind": "medication", "code": { "text": text }, "status": "active", "dosage": "one a day" })
        }
        other => {
            let code =
                if other % 40 == 7 { "8867-4".to_owned() } else { format!("{}-0", other % 40) };
            let day = Timestamp::from_second(1_767_225_600).unwrap()
                + i64::try_from(number).unwrap().hours();
            json!({
                "kind": "observation", "status": "final", "category": "vital-signs", "effective": day,
                "code": { "text": "Heart rate", "codings": [{ "system": "http://loinc.org", "code": code }] },
                "value": { "quantity": { "value": 70.5, "unit": "beats/minute", "code": "/min" } },
            })
        }
    }
}

/// Puts observations of other patients beside, older than the others, a fortieth of them of the code that is searched for.
async fn multiply(location: &Location, engine: Engine, rows: u64) {
    const COLUMNS: &str = "INSERT INTO record_entry (id, clinic_id, patient_id, kind, rev, status, category, from_ms, to_ms, sort_ms,
        lead, body, entered_by, entered_as, entered_ms, created_ms)";
    const CODES: &str = "INSERT INTO record_code (clinic_id, kind, digest, sort_ms, entry_id)
        SELECT e.clinic_id, 'observation', d.digest, e.sort_ms, e.id FROM record_entry e,
            (SELECT digest FROM record_code WHERE kind = 'observation' GROUP BY digest ORDER BY COUNT(*) LIMIT 2) d
        WHERE e.id LIKE 'rec_f%'";
    let values = "e.clinic_id, p.id, 'observation', 1, 'final', 'vital-signs', n.n * 1000, n.n * 1000 + 1, n.n * 1000,
        e.lead, e.body, NULL, 'program', n.n * 1000, n.n * 1000";
    let one = "(SELECT * FROM record_entry WHERE kind = 'observation' LIMIT 1) e";
    let each = rows / OTHERS as u64;
    match (location, engine) {
        (Location::Sqlite(path), _) => {
            let pool =
                sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
            let sql = format!(
                "{COLUMNS} WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {each}),
                p AS (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS at FROM patient ORDER BY id DESC LIMIT {OTHERS})
                SELECT 'rec_f' || printf('%031d', n.n * 1000 + p.at), {values} FROM n, p, {one}"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
            sqlx::raw_sql(CODES).execute(&pool).await.unwrap();
            sqlx::raw_sql("ANALYZE").execute(&pool).await.unwrap();
        }
        (Location::Postgres(options), _) => {
            let pool = sqlx::PgPool::connect_with((**options).clone()).await.unwrap();
            let mut tx = pool.begin().await.unwrap();
            sqlx::raw_sql("SELECT set_config('bedside.clinic', '*', true)")
                .execute(&mut *tx)
                .await
                .unwrap();
            let sql = format!(
                "{COLUMNS} SELECT 'rec_f' || lpad((n.n * 1000 + p.at)::text, 31, '0'), {values}
                FROM generate_series(1::bigint, {each}) n (n),
                    (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS at FROM patient ORDER BY id DESC LIMIT {OTHERS}) p, {one}"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap();
            sqlx::raw_sql(CODES).execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
            sqlx::raw_sql("ANALYZE record_entry, record_code").execute(&pool).await.unwrap();
        }
    }
}

/// A success's body, and its length.
async fn reply(router: &Router, request: Request<Body>) -> (Value, usize) {
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let bytes = axum::body::to_bytes(answer.into_body(), 10_000_000).await.unwrap();
    assert!(status.is_success(), "{status} {}", String::from_utf8_lossy(&bytes));
    (serde_json::from_slice(&bytes).unwrap(), bytes.len())
}

fn percentiles(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let at =
        |share: usize| took[(took.len() * share / 1000).min(took.len() - 1)].as_secs_f64() * 1e3;
    format!("p50 {:.1} ms, p99 {:.1} ms", at(500), at(990))
}

fn terms(practitioner: &PractitionerId) -> ServiceTerms {
    ServiceTerms {
        name: "Visit".to_owned(),
        active: true,
        mode: Mode::Video,
        duration_min: 15,
        step_min: 15,
        buffer_before_min: 0,
        buffer_after_min: 0,
        minimum_notice_min: 0,
        horizon_days: 60,
        daily_limit: 0,
        needs_approval: false,
        approval_ttl_min: 60,
        capacity: 1,
        on_demand: false,
        price: Money { minor: 0, currency: "KES".parse().unwrap() },
        pay: PayPolicy::Free,
        cancel: CancelPolicy {
            free_until_min: 60,
            late_fee_minor: 0,
            no_show_fee_minor: 0,
            no_show_after_min: 15,
            no_show_by_rule: false,
            patient_may_cancel_late: true,
        },
        practitioners: vec![practitioner.clone()],
    }
}
