//! Strangers who open connections and say nothing, or half of something. Also T-rows S2 and S13: slow headers, half-open
//! connections.

use std::time::Duration;

use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::{
    TURN,
    attacker::{connect, descriptors, get, resident, until},
    binary::{ALL, Binary, bedside},
    victims::Victims,
};

/// Longer than a header may take, with some to spare for a busy machine.
const LONGER_THAN_A_HEADER: Duration = Duration::from_secs(20);

async fn open(server: &Binary, count: usize, text: &str) -> Vec<TcpStream> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let Ok(mut socket) = connect(server.http()).await else { break };
        let _ = socket.write_all(text.as_bytes()).await;
        sockets.push(socket);
    }
    sockets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn half_headers_and_silence_are_cut_and_a_call_does_not_notice() {
    let victims = Victims::start(&[]).await;
    let pid = victims.server.pid();
    let files = descriptors(pid);
    let attack = async || {
        let half = open(&victims.server, 600, "GET / HTTP/1.1\r\nHost: a\r\nX-Half: ").await;
        let silent = open(&victims.server, 300, "").await;
        let idle = open(&victims.server, 300, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(half.len() + silent.len() + idle.len(), 1200);
        until("cut connections", LONGER_THAN_A_HEADER, || descriptors(pid) <= files + 4).await;
    };
    // The allocator keeps what attacks took, by thread, and the next one uses it.
    attack().await;
    attack().await;
    let memory = resident(pid);
    attack().await;
    let grown = resident(pid).saturating_sub(memory);
    assert!(grown < memory / 10, "{grown} bytes more than {memory}");
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_that_takes_what_it_can_leaves_room_for_others() {
    let victims = Victims::start(&["--connections-per-address-max=50"]).await;
    let held = open(&victims.server, 200, "").await;
    victims.server.metric_becomes("bedside_server_http_refused_connections_total", 150).await;
    // Of the same network of 64 bits is tested where addresses can be made up: `listener::door`.
    let other = tokio::net::TcpStream::connect(victims.server.http()).await;
    assert!(other.is_ok());
    let health = get(victims.server.admin(), "/healthz").await;
    assert!(health.starts_with("HTTP/1.1 200 "), "{health}");
    victims.assert_undisturbed().await;
    drop(held);
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn with_few_descriptors_the_admin_address_answers_while_all_others_are_held() {
    let turn = TURN.lock().await;
    let mut limited = std::process::Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_bedside");
    limited.args(["-c", &format!("ulimit -n 400 && exec {binary} \"$@\""), "sh"]).args(ALL);
    for (name, _) in bedside().get_envs() {
        limited.env_remove(name);
    }
    let victims = Victims::on(Binary::start_as(&mut limited), turn).await;
    let held = open(&victims.server, 600, "").await;
    for path in ["/healthz", "/metrics"] {
        let answer = get(victims.server.admin(), path).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
    assert_eq!(victims.server.metric("bedside_server_http_failed_accepts_total").await, 0);
    victims.assert_undisturbed().await;
    drop(held);
    victims.hang_up().await;
}
