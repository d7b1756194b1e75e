//! Five hundred sign-ins a second by strangers: they are refused with a time to come back, and nobody else waits.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use scheduling_api::{Gate, HashCost, HashQueueLimits, domain::actor::Role, router};
use serde_json::json;

use crate::world::{Ask, World, person::PASSWORD};

const ASHA: &str = "asha@patients.example";
const A_SECOND: usize = 500;
const SECONDS: usize = 3;

static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[expect(clippy::disallowed_methods, reason = "how long people wait is measured on a real clock")]
async fn a_flood_of_sign_ins_starves_nobody(world: World) {
    // One engine at a time: two floods at once would measure each other.
    let _alone = ALONE.lock().await;
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let device =
        world.sign_in(ASHA, PASSWORD).await.ok()["device_token"].as_str().unwrap().to_owned();
    let mut api = world.api.clone();
    let gate = Gate::open(HashQueueLimits::DEFAULT, HashCost::DEFAULT, &api.random);
    api.gate = Arc::new(gate.unwrap());
    let router = router(api);

    let mut flood = tokio::task::JoinSet::new();
    let mut reads = Vec::new();
    let desk = world.member(Role::Receptionist, Some(&clinic));
    let began = Instant::now();
    for index in 0..A_SECOND * SECONDS {
        let due = began
            + Duration::from_secs(1) * u32::try_from(index).unwrap()
                / u32::try_from(A_SECOND).unwrap();
        tokio::time::sleep_until(due.into()).await;
        let ask = Ask::new(router.clone(), "POST", "/v1/auth/login").from(&format!(
            "10.{}.{}.1",
            index / 250,
            index % 250
        ));
        let body = json!({ "email": format!("user{index}@flood.example"), "password": "a guess of a stranger" });
        flood.spawn(async move {
            let asked = Instant::now();
            (ask.send(body).await, asked.elapsed())
        });
        if index % 25 == 0 {
            let asked = Instant::now();
            Ask::new(router.clone(), "GET", "/v1/clinics").by(&desk).reply().await.ok();
            reads.push(asked.elapsed());
        }
    }
    let known = json!({ "email": ASHA, "password": PASSWORD, "carrier": "token" });
    let ask = Ask::new(router.clone(), "POST", "/v1/auth/login")
        .with("bedside-device", &device)
        .from("192.0.2.7");
    assert_eq!(
        ask.send(known).await.ok()["status"],
        "signed_in",
        "a known device enters during the flood"
    );

    let (mut hashed, mut refused, mut slowest) = (0, 0, Duration::ZERO);
    while let Some(answered) = flood.join_next().await {
        let (reply, took) = answered.unwrap();
        slowest = slowest.max(took);
        match reply.status.as_u16() {
            401 => hashed += 1,
            429 | 503 => {
                assert!(!reply.header("retry-after").is_empty());
                refused += 1;
            }
            other => panic!("{other} {}", reply.body),
        }
    }
    reads.sort();
    let (median, worst) = (reads[reads.len() / 2], reads[reads.len() * 99 / 100]);
    eprintln!(
        "hashed {hashed}, refused {refused}, slowest sign-in {slowest:?}, reads p50 {median:?} p99 {worst:?}"
    );
    assert_eq!(hashed + refused, A_SECOND * SECONDS);
    assert!(hashed > 0 && refused > hashed, "the queue is bounded");
    // Against the flood's own waiting, not a clock: test machines are shared. What must not happen is that a read waits
    // for the hashes.
    assert!(worst * 4 < slowest && median * 20 < slowest, "{median:?} {worst:?} {slowest:?}");
}

stories! { a_flood_of_sign_ins_starves_nobody }
