//! An operator's bad day: nobody reads the log, its pipe is closed, its disk is full.

use std::{fs::OpenOptions, process::Stdio};

use super::{
    TURN,
    attacker::{Socket, get},
    binary::{ALL, Binary, bedside},
    victims::Victims,
};

/// More lines than a pipe and the queue hold.
async fn talk_much(victims: &Victims) {
    for number in 0..3 {
        let _ = Socket::join(&victims.server, &format!("somebody-{number}")).await;
        for _ in 0..200 {
            let _ = get(victims.server.http(), "/rtc/validate?access_token=x").await;
        }
    }
}

async fn survives(stderr: Stdio, after_start: impl FnOnce(&mut Binary)) -> Victims {
    let turn = TURN.lock().await;
    let mut server = Binary::start_as(bedside().args(ALL).arg("--log-filter=trace").stderr(stderr));
    after_start(&mut server);
    let victims = Victims::on(server, turn).await;
    talk_much(&victims).await;
    victims.assert_undisturbed().await;
    victims
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_that_nobody_reads_costs_lines_and_no_call() {
    let victims = survives(Stdio::piped(), |_| ()).await;
    let lost = "bedside_server_lost_log_lines_total{reason=\"queue_full\"}";
    // How many lines fill the pipe and the queue depends on what is logged.
    for _ in 0..20 {
        if victims.server.metric(lost).await > 0 {
            break;
        }
        talk_much(&victims).await;
    }
    assert!(victims.server.metric(lost).await > 0);
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_whose_pipe_is_closed_costs_lines_and_no_call() {
    let victims = survives(Stdio::piped(), |server| drop(server.child().stderr.take())).await;
    let lost = "bedside_server_lost_log_lines_total{reason=\"write_failed\"}";
    assert!(victims.server.metric(lost).await > 0);
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_on_a_full_disk_costs_lines_and_no_call() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let victims = survives(full.into(), |_| ()).await;
    let lost = "bedside_server_lost_log_lines_total{reason=\"write_failed\"}";
    assert!(victims.server.metric(lost).await > 0);
    victims.hang_up().await;
}
