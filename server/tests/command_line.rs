//! The binary as an operator meets it: precedence of settings, refusals, tokens.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::{
    path::PathBuf,
    process::{Command, Output},
};

#[test]
fn flags_win_over_the_environment_over_the_file_over_defaults() {
    let file = File::new("precedence", "sockets_max = 30\ndev = true\n");
    let config = file.path();
    for (flag, environment, in_file, effective) in [
        (Some("10"), Some("20"), true, "sockets_max = 10"),
        (None, Some("20"), true, "sockets_max = 20"),
        (None, None, true, "sockets_max = 30"),
        (None, None, false, "sockets_max = 10000"),
        (Some("10"), None, false, "sockets_max = 10"),
    ] {
        let mut command = bedside(&["config", "check", "--offline"]);
        if let Some(value) = flag {
            command.arg(format!("--sockets-max={value}"));
        }
        if let Some(value) = environment {
            command.env("BEDSIDE_SOCKETS_MAX", value);
        }
        command.arg(if in_file { format!("--config={config}") } else { "--dev".to_owned() });
        let output = command.output().unwrap();
        let shown = stdout(&output);
        assert!(shown.lines().any(|line| line == effective), "{effective} is not in\n{shown}");
    }
}

#[test]
fn the_environment_can_name_the_file() {
    let file = File::new("named", "dev = true\nsockets_max = 30\n");
    let output = bedside(&["config", "check", "--offline"])
        .env("BEDSIDE_CONFIG", file.path())
        .output()
        .unwrap();
    assert!(stdout(&output).contains("sockets_max = 30"));
}

#[test]
fn an_unknown_key_of_the_file_is_refused_with_its_line() {
    let file = File::new("unknown", "dev = true\nsocket_max = 30\n");
    let output =
        bedside(&["config", "check", "--offline", "--config", &file.path()]).output().unwrap();
    let error = refusal(&output);
    assert!(error.contains("line 2") && error.contains("socket_max"), "{error}");
}

#[test]
fn a_refused_value_of_the_environment_names_its_variable() {
    let output =
        bedside(&["config", "check", "--dev"]).env("BEDSIDE_SHARDS", "many").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("environment variable BEDSIDE_SHARDS"), "{error}");
    let by_flag = bedside(&["config", "check", "--dev", "--shards=many"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&by_flag.stderr).contains("environment"));
}

#[test]
fn check_tries_what_a_start_would_do_and_leaves_nothing_behind() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = format!("--sfu-udp-port={}", taken.local_addr().unwrap().port());
    let folder = std::env::temp_dir().join(format!("bedside-check-{}", std::process::id()));
    let data = format!("--data-dir={}", folder.join("data").display());
    let check =
        ["config", "check", "--dev", "--http=127.0.0.1:0", "--admin=127.0.0.1:0", "--shards=1"];
    let refused = bedside(&check).args([&port, &data]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let shown = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(shown.contains("# FAILED  UDP") && shown.contains("--sfu-udp-port"), "{shown}");

    drop(taken);
    let fine = stdout(&bedside(&check).args(["--sfu-udp-port=0", &data]).output().unwrap());
    assert!(fine.contains("work here") && !fine.contains("FAILED"), "{fine}");
    assert!(!folder.exists(), "nothing is made");

    let key = File::new("key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    let cert = File::new("cert", "");
    let files =
        [format!("--tls-cert-file={}", cert.path()), format!("--tls-key-file={}", key.path())];
    let output = bedside(&check).args([&port, &data]).args(&files).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("# FAILED  certificate"));
    let offline = bedside(&check).args([&port, &data]).args(&files).arg("--offline").output();
    assert!(stdout(&offline.unwrap()).contains("nothing was tried"));
}

#[test]
fn a_slip_in_a_variables_name_is_recognised() {
    let output = bedside(&["config", "check", "--dev", "--offline"])
        .env("BEDSIDE_HTPP", "x")
        .output()
        .unwrap();
    let shown = stdout(&output);
    assert!(shown.contains("BEDSIDE_HTPP: is BEDSIDE_HTTP meant?"), "{shown}");
}

#[test]
fn an_unknown_variable_is_reported() {
    let output = bedside(&["config", "check", "--offline", "--dev"])
        .env("BEDSIDE_SOCKET_MAX", "x")
        .output()
        .unwrap();
    assert!(stdout(&output).contains("BEDSIDE_SOCKET_MAX"));
}

#[test]
fn the_example_is_a_valid_file() {
    let example = stdout(&bedside(&["config", "example"]).output().unwrap());
    let file = File::new("example", &example);
    let output = bedside(&["config", "check", "--offline", "--dev", "--config", &file.path()])
        .output()
        .unwrap();
    assert!(stdout(&output).contains("sockets_max = 10000"));
}

#[test]
fn secrets_are_shown_neither_by_check_nor_by_help_nor_in_errors() {
    let canary = "canary-canary-canary-canary-canary";
    let environment = format!("clinic: {canary}");
    for arguments in [
        &["config", "check", "--offline", "--advertise=192.0.2.1"][..],
        &["config", "check", "--offline", "--advertise=nonsense"],
        &["all", "--help"],
        &["token", "mint", "--help"],
        &["config", "check", "--offline"],
    ] {
        let output = bedside(arguments).env("BEDSIDE_API_KEYS", &environment).output().unwrap();
        let shown = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&shown).contains("canary"), "{arguments:?}");
    }
}

#[test]
fn keys_come_from_a_file_and_short_ones_are_refused() {
    let good = File::new("keys", "# of the clinic\nclinic: 0123456789abcdef0123456789abcdef\n");
    let check = ["config", "check", "--offline", "--advertise=192.0.2.1", "--api-keys-file"];
    let output = bedside(&check).arg(good.path()).output().unwrap();
    assert!(stdout(&output).contains("advertise = [\"192.0.2.1\"]"));

    let weak = File::new("weak", "clinic: secret\n");
    let error = refusal(&bedside(&check).arg(weak.path()).output().unwrap());
    assert!(error.contains("shorter than 32 bytes"), "{error}");
}

#[test]
fn production_without_keys_or_addresses_is_refused_with_advice() {
    let error = refusal(&bedside(&["all"]).output().unwrap());
    assert!(error.contains("advertise"), "{error}");
    let error = refusal(&bedside(&["all", "--advertise=192.0.2.1"]).output().unwrap());
    assert!(error.contains("BEDSIDE_API_KEYS") && error.contains("--dev"), "{error}");
}

#[test]
fn a_relay_on_an_address_of_another_machine_is_refused_with_advice() {
    let secret = "--turn-secret=a-secret-of-more-than-twenty-bytes";
    let listen = ["--turn-listen=127.0.0.1:0", "--admin=127.0.0.1:0"];
    let mut turn = bedside(&["turn", secret, "--advertise=1.0.0.1"]);
    let refused = refusal(&turn.args(listen).output().unwrap());
    assert!(refused.contains("1.0.0.1: --advertise wants addresses of this machine"), "{refused}");
}

#[test]
fn dev_mode_refuses_to_be_reachable_unless_told_twice() {
    let exposed = ["config", "check", "--offline", "--dev", "--http=0.0.0.0:7880"];
    let error = refusal(&bedside(&exposed).output().unwrap());
    assert!(error.contains("--dev-expose"), "{error}");
    let output = bedside(&exposed).args(["--dev-expose", "--advertise=192.0.2.1"]).output();
    assert!(stdout(&output.unwrap()).contains("http = \"0.0.0.0:7880\""));
}

#[test]
fn a_minted_token_is_three_parts_on_one_line_and_needs_a_key() {
    let mint = ["token", "mint", "--room=visit", "--identity=doctor", "--name=Dr. Amara Osei"];
    let token = stdout(&bedside(&mint).arg("--dev").output().unwrap());
    assert_eq!(token.trim_end().split('.').count(), 3, "{token}");
    assert_eq!(token.lines().count(), 1);
    refusal(&bedside(&mint).output().unwrap());
}

fn bedside(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedside"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BEDSIDE_") {
            command.env_remove(name);
        }
    }
    command.args(arguments);
    command
}

fn stdout(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr.clone()).unwrap()
}

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("bedside-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> String {
        self.0.to_str().unwrap().to_owned()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
