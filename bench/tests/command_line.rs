//! The tool as a person at the terminal meets it.

#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench")).args(arguments).output().unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    let output = bench(arguments);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_missing_server_is_told_with_what_to_do() {
    let told = refusal(&["compare", "--server", "no/such/bedside", "--janus", "off"]);
    assert!(told.contains("cargo build --release -p server"), "{told}");
}

#[test]
fn a_server_that_does_not_start_is_told_with_its_last_words() {
    let told = refusal(&["compare", "--server", "/bin/cat", "--janus", "off"]);
    assert!(told.contains("starting our server") && told.contains("unrecognized"), "{told}");
}

#[test]
fn a_running_server_needs_its_process() {
    let told = refusal(&["compare", "--url", "ws://127.0.0.1:1"]);
    assert!(told.contains("--server-pid"), "{told}");
}

#[test]
fn the_process_of_an_unknown_peer_is_refused() {
    let own = std::process::id().to_string();
    let ours = ["compare", "--janus", "off", "--url", "ws://127.0.0.1:1", "--server-pid", &own];
    let told = refusal(&[&ours[..], &["--peer-pid", "other=1"]].concat());
    assert!(told.contains("of which there is no --peer-url"), "{told}");
}

#[test]
fn help_shows_examples() {
    let output = bench(&["compare", "--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("bench compare --scenario") && help.contains("--peer-pid other=4711"));
}
