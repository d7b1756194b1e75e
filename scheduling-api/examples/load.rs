//! How fast bookings and searches are, in one process and without a network: `docs/PERFORMANCE.md` has the figures.
//!
//! `cargo run --release -p scheduling-api --example load -- [EACH [DATABASE]]`; without a database a new SQLite file in
//! the temporary folder. 200 practitioners with EACH (500) appointments each are put in first.

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
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use jiff::{Timestamp, ToSpan as _, civil::Time};
use scheduling_api::{
    Api, KeyRing, Links, Location, Outbound, StoreSettings, Ways, demo,
    domain::{
        actor::{Actor, Role},
        availability::{DayHours, Window},
        id::{ClinicId, PatientId, PractitionerId, ServiceId, UserId},
        money::Money,
        schedule::Hours,
        service::{CancelPolicy, Mode, PayPolicy, ServiceTerms},
    },
    open,
    ports::files::Files,
    ports::identify::KnownTokens,
    ports::{machine::UnknownMachine, media::MediaServer, payments::Gateways},
    random::Random,
    router,
};
use tower::ServiceExt as _;

const PRACTITIONERS: usize = 200;
const BOOKERS: usize = 16;
const BOOKINGS: usize = 3_000;
const SEARCHES_PER_S: u64 = 200;
const SEARCH_S: u64 = 10;

/// Bookings that were asked for again.
static AGAIN: AtomicU64 = AtomicU64::new(0);

#[tokio::main]
async fn main() {
    let location = location();
    let random = Random::from_system().unwrap();
    let keys = KeyRing::parse(&KeyRing::generate(&random)).unwrap();
    let links = Links::at("http://localhost");
    let settings = StoreSettings::at(location);
    let outbound = Outbound::new(false).unwrap();
    let documents = std::env::temp_dir().join(format!("bedside-load-{}", std::process::id()));
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
    let mut api = open(&settings, keys, links, ways).await.unwrap();
    let clinic = demo::seed(&api).await.unwrap().clinic;
    let house = House::build(&api, clinic).await;
    api.identify = Arc::new(KnownTokens::new(HashMap::from([("desk".to_owned(), house.desk())])));
    let router = router(api);
    house.fill(&router).await;
    house.measure_bookings(&router).await;
    house.measure_searches(&router).await;
}

fn location() -> Location {
    match std::env::args().nth(2) {
        Some(given) => given.parse().unwrap(),
        None => {
            let file = format!("bedside-load-{}.db", std::process::id());
            Location::Sqlite(std::env::temp_dir().join(file))
        }
    }
}

#[derive(Clone)]
struct House {
    clinic: ClinicId,
    practitioners: Vec<PractitionerId>,
    service: ServiceId,
    patients: Vec<PatientId>,
    first: Timestamp,
    /// Appointments of each practitioner that are put in first.
    each: usize,
}

impl House {
    async fn build(api: &Api, clinic: ClinicId) -> Self {
        let midnight = Time::midnight();
        let windows = vec![Window { from: midnight, to: midnight }];
        let weekly = (1..=7).map(|weekday| DayHours { weekday, windows: windows.clone() });
        let weekly: Vec<_> = weekly.collect();
        let mut practitioners = Vec::new();
        for number in 0..PRACTITIONERS {
            let card = demo::card(api, &format!("Dr. {number}"), "general practice", &["en"]);
            let id = demo::add_practitioner(api, &clinic, card).await.unwrap();
            let hours = Hours {
                time_zone: "UTC".to_owned(),
                weekly: weekly.clone(),
                overrides: Vec::new(),
            };
            demo::add_hours(api, &clinic, &id, hours).await.unwrap();
            practitioners.push(id);
        }
        let service = demo::add_service(api, &clinic, terms(&practitioners)).await.unwrap();
        let mut patients = Vec::new();
        for _ in 0..PRACTITIONERS {
            patients.push(demo::add_patient(api, &clinic).await.unwrap());
        }
        let day = 86_400;
        let tomorrow = (api.clock.now().as_second() / day + 1) * day;
        let first = Timestamp::from_second(tomorrow).unwrap();
        let each = std::env::args().nth(1).map_or(500, |each| each.parse().unwrap());
        Self { clinic, practitioners, service, patients, first, each }
    }

    fn desk(&self) -> Actor {
        Actor {
            user: Some("usr_00000000000000000000000000000001".parse::<UserId>().unwrap()),
            clinic: Some(self.clinic.clone()),
            roles: vec![Role::Receptionist],
            second_factor: true,
            ..Actor::default()
        }
    }

    /// The booking of that number: no two for one practitioner or patient at one time.
    fn booking(&self, number: usize) -> Request<Body> {
        let who = number % PRACTITIONERS;
        let slot = i64::try_from(number / PRACTITIONERS).unwrap();
        let start = self.first + (slot * 15).minutes();
        let body = serde_json::json!({ "service": self.service, "practitioner": self.practitioners[who],
            "patient": self.patients[who], "start": start });
        Request::post("/v1/appointments")
            .header("authorization", "Bearer desk")
            .header("idempotency-key", format!("load-{number}"))
            .header("content-type", "application/json")
            .body(body.to_string().into())
            .unwrap()
    }

    async fn book(self: &Arc<Self>, router: &Router, from: usize, count: usize) -> Vec<Duration> {
        let mut bookers = tokio::task::JoinSet::new();
        for booker in 0..BOOKERS {
            let (house, router) = (Arc::clone(self), router.clone());
            bookers.spawn(async move {
                let mut took = Vec::new();
                for number in (from + booker..from + count).step_by(BOOKERS) {
                    let asked = Instant::now();
                    loop {
                        let reply = router.clone().oneshot(house.booking(number)).await.unwrap();
                        if reply.status() == StatusCode::CREATED {
                            break;
                        }
                        // Others have the machine: asked again, and the time counts.
                        assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
                        AGAIN.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    took.push(asked.elapsed());
                }
                took
            });
        }
        bookers.join_all().await.into_iter().flatten().collect()
    }

    async fn fill(&self, router: &Router) {
        let began = Instant::now();
        let house = Arc::new(self.clone());
        let count = PRACTITIONERS * self.each;
        house.book(router, 0, count).await;
        let took = began.elapsed().as_secs_f64();
        println!("filled with {count} appointments in {took:.1} s, {}", busy());
    }

    async fn measure_bookings(&self, router: &Router) {
        let began = Instant::now();
        let from = PRACTITIONERS * self.each;
        let took = Arc::new(self.clone()).book(router, from, BOOKINGS).await;
        let rate = f64::from(u32::try_from(BOOKINGS).unwrap()) / began.elapsed().as_secs_f64();
        let told = percentiles(took);
        println!("bookings: {rate:.0}/s with {BOOKERS} at once, {told}, {}", busy());
    }

    async fn measure_searches(&self, router: &Router) {
        let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / SEARCHES_PER_S));
        let mut asked = tokio::task::JoinSet::new();
        let (from, to) = (self.first, self.first + (7 * 24).hours());
        for number in 0..SEARCHES_PER_S * SEARCH_S {
            ticks.tick().await;
            let who = &self.practitioners[usize::try_from(number).unwrap() * 7 % PRACTITIONERS];
            let path = format!(
                "/v1/slots?service={}&practitioner={who}&from={from}&to={to}&limit=50",
                self.service
            );
            let router = router.clone();
            asked.spawn(async move {
                let began = Instant::now();
                let request = Request::get(path).body(Body::empty()).unwrap();
                let reply = router.oneshot(request).await.unwrap();
                assert_eq!(reply.status(), StatusCode::OK);
                began.elapsed()
            });
        }
        let took = asked.join_all().await;
        println!("slot searches at {SEARCHES_PER_S}/s: {}, {}", percentiles(took), busy());
    }
}

/// How busy the machine is, and how often it was too busy so far.
fn busy() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("load {load}, {} answers of 503 so far", AGAIN.load(Ordering::Relaxed))
}

fn percentiles(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let at =
        |share: usize| took[(took.len() * share / 1000).min(took.len() - 1)].as_secs_f64() * 1e3;
    format!("p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms", at(500), at(990), at(999))
}

fn terms(practitioners: &[PractitionerId]) -> ServiceTerms {
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
        practitioners: practitioners.to_vec(),
    }
}
