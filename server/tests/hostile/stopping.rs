//! SIGTERM with calls under way, once and twice.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Error;

use super::{
    PATIENCE,
    attacker::{Socket, get, until},
    binary::Binary,
    victims::Victims,
};

fn terminate(pid: u32) {
    assert!(Command::new("kill").args(["-TERM", &pid.to_string()]).status().unwrap().success());
}

async fn ended(server: &mut Binary) -> Duration {
    let start = Instant::now();
    until("the end of the process", PATIENCE, || server.child().try_wait().unwrap().is_some())
        .await;
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_graceful_stop_waits_for_the_call_and_ends_with_it() {
    let victims = Victims::start(&["--drain-timeout=60"]).await;
    let (pid, admin) = (victims.server.pid(), victims.server.admin());
    terminate(pid);
    sleep(Duration::from_millis(500)).await;
    let ready = get(admin, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 503 "), "{ready}");
    // Whoever belongs to the call may still come.
    drop(Socket::join(&victims.server, "relative").await);
    victims.assert_undisturbed().await;
    let other = Binary::token_with("stranger", &["--room=another"]);
    match Socket::open(&victims.server, &other, "").await.map(|_| ()) {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("{other:?}"),
    }
    let mut server = victims.hang_up_keeping_the_server().await;
    // The relative's place is kept for a resume; nothing else is waited for.
    assert!(ended(&mut server).await < Duration::from_secs(45));
    assert!(server.child().wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_second_signal_ends_at_once() {
    let mut victims = Victims::start(&["--drain-timeout=600"]).await;
    let pid = victims.server.pid();
    terminate(pid);
    sleep(Duration::from_millis(500)).await;
    assert!(victims.server.child().try_wait().unwrap().is_none());
    terminate(pid);
    assert!(ended(&mut victims.server).await < Duration::from_secs(3));
}
