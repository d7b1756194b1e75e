//! A call while the server's process is stopped and continued, as by a laptop's lid, a hypervisor or a debugger.

use std::time::Duration;

use super::{
    binary::Binary,
    media::Kind,
    participant::Participant,
    scenarios::{own_sid, two_in_a_call},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_goes_on_after_the_server_was_stopped_for_3_seconds() {
    goes_on_after(Duration::from_secs(3)).await;
}

/// Longer than consent lasts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_goes_on_after_the_server_was_stopped_for_22_seconds() {
    goes_on_after(Duration::from_secs(22)).await;
}

/// Longer than this client waits for answers to its checks: see docs/RELIABILITY.md for what is left then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute: cargo test -p server --test native_client -- --ignored"]
async fn a_call_is_still_there_after_the_server_was_stopped_for_60_seconds() {
    let server = Binary::start();
    let (doctor, patient) = two_in_a_call(&server).await;
    server.stop_for(Duration::from_secs(60)).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    for (one, other) in [(&doctor, &patient), (&patient, &doctor)] {
        let sid = other.read(own_sid);
        one.read(|state| assert!(!state.departed.contains(&sid), "{}", state.summary()));
    }
}

async fn goes_on_after(time: Duration) {
    let server = Binary::start();
    let (doctor, patient) = two_in_a_call(&server).await;
    server.stop_for(time).await;
    for (from, to) in [(&doctor, &patient), (&patient, &doctor)] {
        for kind in [Kind::Opus, Kind::Vp8] {
            more(from, to, kind).await;
        }
    }
    for one in [&doctor, &patient] {
        one.read(|state| {
            let summary = state.summary();
            assert!(state.departed.is_empty() && state.leave.is_none(), "{summary}");
            assert!(state.is_socket_open, "{summary}");
        });
    }
    doctor.leave().await;
    patient.leave().await;
}

async fn more(from: &Participant, to: &Participant, kind: Kind) {
    let track = from.track(kind);
    let so_far = to.read(|state| state.received(&track).len());
    to.until("media after the stop", |state| state.received(&track).len() > so_far + 50).await;
}
