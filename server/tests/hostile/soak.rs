//! Joins and leaves for as long as is wanted: what one of them leaves behind shows in the slope of memory, not in a round.
//!
//! `SOAK_SECONDS=3600 cargo test --workspace --test hostile soak -- --ignored --nocapture`. Prints a line a minute, and the
//! slope with its standard error at the end. Fails when something is still held after everybody has left, when memory
//! grows by more than a tenth after the warm-up, or, from half an hour on, by more than half a MiB an hour.

use std::time::Duration;

use livekit_protocol as proto;
use livekit_protocol::signal_request::Message as Asking;
use tokio::time::{Instant, sleep};

use super::{
    TURN,
    attacker::{Socket, descriptors, resident, until},
    binary::Binary,
    participant::Participant,
};

/// People who join over the signal socket alone, in rooms of four, and leave without having set up media.
const GUESTS: usize = 24;

/// Part of the time in which the allocator and the tables find their size.
const WARM_UP: f64 = 0.25;

const MIB: f64 = 1024.0 * 1024.0;

/// Memory at a time after the start.
struct Sample {
    hours: f64,
    mib: f64,
}

/// Slope of a straight line through the samples and its standard error, in MiB an hour.
fn slope(samples: &[Sample]) -> (f64, f64) {
    let count = samples.len() as f64;
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|one| one.hours), mean(|one| one.mib));
    let spread: f64 = samples.iter().map(|one| (one.hours - x).powi(2)).sum();
    let slope = samples.iter().map(|one| (one.hours - x) * (one.mib - y)).sum::<f64>() / spread;
    let rest: f64 = samples.iter().map(|one| (one.mib - y - slope * (one.hours - x)).powi(2)).sum();
    (slope, (rest / (count - 2.0) / spread).sqrt())
}

async fn guests_come_and_go(server: &Binary, tokens: &[String]) {
    let mut sockets = Vec::new();
    for token in tokens {
        sockets.push(Socket::open(server, token, "").await.expect("a join"));
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        socket.own_sid().await;
        // Half of them say so, the others' sockets just end.
        if number % 2 == 0 {
            socket.send(Asking::Leave(proto::LeaveRequest::default())).await.unwrap();
        }
    }
}

async fn two_call(server: &Binary) {
    let mut doctor = Participant::join(server, "doctor", 0).await;
    doctor.publish().await;
    let mut patient = Participant::join(server, "patient", 1).await;
    patient.publish().await;
    sleep(Duration::from_secs(1)).await;
    doctor.leave().await;
    patient.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes as long as SOAK_SECONDS says, two minutes if it says nothing"]
async fn joins_and_leaves_cost_no_memory() {
    let _turn = TURN.lock().await;
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    let length = Duration::from_secs(seconds.unwrap_or(120));
    let server = Binary::start();
    let tokens: Vec<String> = (0..GUESTS)
        .map(|n| {
            let room = format!("soak-{}", n / 4);
            Binary::token_with(&format!("guest-{n}"), &["--room", &room, "--ttl=1d"])
        })
        .collect();
    two_call(&server).await;
    let files = descriptors(server.pid());
    let (start, mut said, mut joins, mut samples) = (Instant::now(), 0, 0, Vec::new());
    while start.elapsed() < length {
        guests_come_and_go(&server, &tokens).await;
        two_call(&server).await;
        joins += GUESTS + 2;
        let sample = Sample {
            hours: start.elapsed().as_secs_f64() / 3600.0,
            mib: resident(server.pid()) as f64 / MIB,
        };
        if start.elapsed().as_secs() / 60 >= said {
            said += 1;
            println!("{:6.0} s, {joins} joins, {:.2} MiB", sample.hours * 3600.0, sample.mib);
        }
        samples.push(sample);
    }
    server.metric_becomes("bedside_signaling_sockets", 0).await;
    until("closed descriptors", Duration::from_secs(60), || descriptors(server.pid()) <= files)
        .await;
    let warm = &samples[(samples.len() as f64 * WARM_UP) as usize..];
    let (slope, error) = slope(warm);
    let (first, last) = (warm.first().unwrap().mib, warm.last().unwrap().mib);
    println!(
        "{joins} joins in {} s; after the warm-up {first:.2} -> {last:.2} MiB, {slope:.2} +- {error:.2} MiB/h",
        start.elapsed().as_secs()
    );
    assert!(last < first * 1.1, "memory grows");
    assert!(length < Duration::from_mins(30) || slope - 2.0 * error < 0.5, "memory grows");
}

#[test]
fn a_line_is_found_in_what_wavers() {
    let samples: Vec<Sample> = (0..1000)
        .map(|n| Sample {
            hours: f64::from(n) / 1000.0,
            mib: 40.0 + 0.003 * f64::from(n) + f64::from(n % 7),
        })
        .collect();
    let (slope, error) = slope(&samples);
    assert!((slope - 3.0).abs() < 3.0 * error && error < 0.3, "{slope} +- {error}");
}
