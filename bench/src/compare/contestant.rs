//! Who takes part, and one turn of it: this program again, as a process of its own, whose JSON is read.

use std::{
    io::Read as _,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::{floor::Floor, launch::Server};
use crate::{clock, kernel};

/// What a contestant is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// The bare loop.
    Limit,
    /// Our server.
    Ours,
    /// The same one, with all media through its TURN.
    Relayed,
    /// Somebody else's.
    Peer,
}

/// See the module.
pub(super) struct Contestant {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// How it is configured.
    pub(super) about: String,
    /// Of this program, without what a turn adds.
    arguments: Vec<String>,
    /// If we started it.
    _server: Option<Server>,
}

/// API key and secret.
pub(super) type Keys<'a> = (&'a str, &'a str);

/// What is the same for everyone in a round.
pub(super) struct Turn<'a> {
    pub(super) scenario: &'a str,
    pub(super) rooms: usize,
    pub(super) seconds: u64,
    pub(super) threads: u64,
    pub(super) seed: u64,
}

/// What is read of a turn's JSON.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub(super) struct Figures {
    #[serde(
        rename(serialize = "cpu_us_per_forwarded_packet"),
        alias = "server_cpu_us_per_forwarded_packet",
        alias = "loop_cpu_us_per_forwarded_packet"
    )]
    pub(super) cpu_us: Option<f64>,
    pub(super) rooms_per_core: Option<f64>,
    pub(super) server_cpu_cores: Option<f64>,
    pub(super) forward_latency_us: Option<Latency>,
    pub(super) rss_kib_per_participant: Option<f64>,
    #[serde(default)]
    pub(super) forwarded_packets: u64,
    #[serde(default)]
    pub(super) lost_packets: u64,
    #[serde(default)]
    pub(super) duplicate_packets: u64,
    #[serde(default)]
    pub(super) reordered_packets: u64,
    #[serde(default)]
    pub(super) wrong_payload_packets: u64,
    #[serde(default)]
    pub(super) srtp_profiles: Vec<String>,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
    #[serde(default)]
    pub(super) faults: Vec<String>,
}

/// Inside the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, Serialize)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl Contestant {
    /// The bare loop.
    pub(super) fn limit(floor: &Floor) -> Self {
        let arguments = [vec!["limit".to_owned()], floor.arguments()].concat();
        let about = format!("bench {}", arguments.join(" "));
        Self { name: "limit".to_owned(), kind: Kind::Limit, about, arguments, _server: None }
    }

    /// Our server.
    pub(super) fn ours(url: &str, pid: u32, keys: Keys<'_>, server: Option<Server>) -> Self {
        let about = match server {
            Some(_) => "bedside all --dev --shards 1".to_owned(),
            None => url.to_owned(),
        };
        let arguments = livekit(url, Some(pid), keys);
        Self { name: "bedside".to_owned(), kind: Kind::Ours, about, arguments, _server: server }
    }

    /// Our server, which [`ours`](Self::ours) owns, with all media through its TURN over UDP.
    pub(super) fn relayed(url: &str, pid: u32, keys: Keys<'_>, secret: &str) -> Self {
        let mut arguments = livekit(url, Some(pid), keys);
        arguments.extend(["--relay-secret", secret].map(str::to_owned));
        Self {
            name: "bedside, relayed".to_owned(),
            kind: Kind::Relayed,
            about: "the same server, all media through its TURN over UDP".to_owned(),
            arguments,
            _server: None,
        }
    }

    /// Janus, whose version and number of threads for all connections are told.
    pub(super) fn janus(version: &str, loops: u16, url: &str, server: Server) -> Self {
        let threads = match loops {
            0 => "a thread for each connection".to_owned(),
            1 => "one event loop".to_owned(),
            loops => format!("{loops} event loops"),
        };
        let pid = server.pid().to_string();
        let arguments = ["load", "--signalling", "janus", "--url", url, "--server-pid", &pid];
        Self {
            name: format!("janus {version}"),
            kind: Kind::Peer,
            about: format!("VideoRoom, one subscriber connection with all feeds, {threads}"),
            arguments: arguments.map(str::to_owned).to_vec(),
            _server: Some(server),
        }
    }

    /// Another server of LiveKit's protocol.
    pub(super) fn peer(name: &str, url: &str, pid: Option<u32>, keys: Keys<'_>) -> Self {
        let (name, about) = (name.to_owned(), url.to_owned());
        let arguments = livekit(url, pid, keys);
        Self { name, kind: Kind::Peer, about, arguments, _server: None }
    }

    /// Takes its turn. The inner result says why there are no figures.
    ///
    /// # Errors
    /// If nobody's turn could be taken, or the comparison is to end.
    pub(super) fn take_turn(
        &self,
        turn: &Turn<'_>,
        stop: &AtomicBool,
    ) -> Result<Result<Figures, String>> {
        let program = std::env::current_exe().context("looking for this program")?;
        let mut command = Command::new(program);
        command.args(&self.arguments).arg("--json");
        command.args(["--seconds", &turn.seconds.to_string()]);
        if self.kind != Kind::Limit {
            command.args(["--scenario", turn.scenario, "--rooms", &turn.rooms.to_string()]);
            command.args(["--threads", &turn.threads.to_string()]);
            // Other rooms than in the last round.
            command.args(["--seed", &turn.seed.to_string()]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        kernel::end_with_us(&mut command);
        let mut child = command.spawn().context("starting this program again")?;
        let mut out = child.stdout.take().context("its output")?;
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).map(|_| text)
        });
        let status = loop {
            if let Some(status) = child.try_wait().context("waiting for a turn")? {
                break status;
            }
            if stop.load(Ordering::Relaxed) {
                let _ = child.kill();
                let _ = child.wait();
                bail!("interrupted");
            }
            clock::sleep(Duration::from_millis(50));
        };
        let text = reader.join().expect("a reader does not panic").context("reading a turn")?;
        Ok(figures(&text).ok_or_else(|| format!("no figures, {status}")))
    }
}

fn livekit(url: &str, pid: Option<u32>, (key, secret): Keys<'_>) -> Vec<String> {
    let mut arguments =
        ["load", "--url", url, "--key", key, "--secret", secret].map(str::to_owned).to_vec();
    if let Some(pid) = pid {
        arguments.extend(["--server-pid".to_owned(), pid.to_string()]);
    }
    arguments
}

fn figures(text: &str) -> Option<Figures> {
    serde_json::from_str(text).ok()
}

/// Reads `NAME=VALUE`.
pub(super) fn named(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("NAME=VALUE is wanted, for example other=ws://127.0.0.1:7880".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_of_the_loop_and_of_a_server() {
        let limit = figures(
            r#"{"kind":"limit","loop_cpu_us_per_forwarded_packet":1.5,"rooms_per_core":600.0,
                "forwarded_packets":9,"lost_packets":0,"faults":[],"profile":"aes-256-gcm"}"#,
        );
        assert_eq!(limit.unwrap().cpu_us, Some(1.5));
        let load = figures(
            r#"{"kind":"load","server_cpu_us_per_forwarded_packet":3.0,"rooms_per_core":300.0,
                "forward_latency_us":{"count":1,"p50":90.0,"p95":1.0,"p99":400.0},
                "lost_packets":2,"faults":["2 packets lost"]}"#,
        );
        let load = load.unwrap();
        assert_eq!(load.forward_latency_us, Some(Latency { p50: 90.0, p99: 400.0 }));
        assert_eq!((load.lost_packets, load.faults.len()), (2, 1));
    }

    #[test]
    fn a_turn_without_cost_or_without_json_is_no_reason_to_stop() {
        let unknown = figures(r#"{"server_cpu_us_per_forwarded_packet":null}"#).unwrap();
        assert_eq!(unknown.cpu_us, None);
        assert_eq!(figures("thread main panicked"), None);
    }

    #[test]
    fn a_peer_is_named() {
        assert_eq!(named("a=ws://b"), Ok(("a".to_owned(), "ws://b".to_owned())));
        assert!(named("ws://b").is_err() && named("=ws://b").is_err());
    }
}
