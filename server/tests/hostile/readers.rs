//! Participants that do not read what they are told (T-row M8: slow readers).

use livekit_protocol as proto;
use livekit_protocol::signal_request::Message as Asking;
use tokio::time::{Instant, interval};

use super::{
    ATTACK,
    attacker::{Socket, resident},
    binary::{Binary, ROOM},
    victims::Victims,
};

/// Metadata of half a megabyte each, as large as it may be.
const METADATA_BYTES: usize = 500_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_that_do_not_read_cost_their_budget_and_give_it_back() {
    let victims = Victims::start(&[]).await;
    let pid = victims.server.pid();
    let before = resident(pid);
    let mut readers = Vec::new();
    for number in 0..10 {
        readers.push(Socket::join(&victims.server, &format!("reader-{number}")).await);
    }
    let talker = Binary::token_with("talker", &["--room", ROOM, "--can-update-own-metadata"]);
    let mut talker = Socket::open(&victims.server, &talker, "").await.unwrap();
    let mut pace = interval(std::time::Duration::from_millis(200));
    let (end, mut peak, mut number) = (Instant::now() + ATTACK, 0, 0);
    while Instant::now() < end {
        pace.tick().await;
        number += 1;
        let update = proto::UpdateParticipantMetadata {
            request_id: number,
            metadata: format!("{number}{}", "x".repeat(METADATA_BYTES)),
            ..Default::default()
        };
        if talker.send(Asking::UpdateMetadata(update)).await.is_err() {
            break;
        }
        peak = peak.max(resident(pid));
    }
    assert!(number > 5, "{number}");
    // Ten sockets with 4 MiB each may wait, and what is being written.
    let grown = peak.saturating_sub(before);
    assert!(grown < 128 << 20, "{} MiB at the peak", grown >> 20);
    drop((readers, talker));
    victims.server.metric_becomes("bedside_signaling_waiting_bytes", 0).await;
    victims.assert_undisturbed().await;
    let left = resident(pid).saturating_sub(before);
    assert!(left < before / 10 + (16 << 20), "{} MiB stay of {}", left >> 20, before >> 20);
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_at_its_memory_budget_keeps_its_calls_and_refuses_new_people() {
    let victims = Victims::start(&["--memory-budget-mib=4096"]).await;
    let late = Socket::join(&victims.server, "early").await;
    drop(late);
    victims.assert_undisturbed().await;
    victims.hang_up().await;
    let _turn = super::TURN.lock().await;
    // The binary alone takes more than this: it is at its budget once it looks.
    let mut command = super::binary::bedside();
    let server = Binary::start_as(command.args(super::binary::ALL).arg("--memory-budget-mib=1"));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let refused = Socket::open(&server, &Binary::token("late"), "").await.map(|_| ());
    let Err(tokio_tungstenite::tungstenite::Error::Http(response)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(response.status(), 503);
}
