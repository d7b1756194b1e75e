//! What a result cannot be read without: the machine, its kernel, the commit, the command, and who else was busy.

use std::{env, fs, process::Command};

use serde::Serialize;

/// Facts about the machine and the run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// As `/proc/cpuinfo` names it.
    pub(crate) cpu: String,
    /// Cores this process may use.
    pub(crate) cores: usize,
    /// Kernel release.
    pub(crate) kernel: String,
    /// Commit of the working directory, `-dirty` with changes.
    pub(crate) commit: String,
    /// `release` or `debug`: figures of a debug build mean nothing.
    pub(crate) build: &'static str,
    /// Load average over a minute, before the run: other work on the machine.
    pub(crate) load_before: f64,
    /// The command line, secrets hidden.
    pub(crate) command: String,
}

impl Machine {
    /// Asks the operating system.
    pub(crate) fn detect() -> Self {
        Self {
            cpu: cpu_model().unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            kernel: read("/proc/sys/kernel/osrelease"),
            commit: commit(),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            load_before: read("/proc/loadavg")
                .split(' ')
                .next()
                .and_then(|load| load.parse().ok())
                .unwrap_or_default(),
            command: without_secret(env::args()),
        }
    }

    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let Self { cpu, cores, kernel, commit, build, load_before, .. } = self;
        format!(
            "{cpu}, {cores} cores, Linux {kernel}, {commit}, {build} build, load {load_before} before"
        )
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn cpu_model() -> Option<String> {
    let text = read("/proc/cpuinfo");
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn commit() -> String {
    let output = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    output
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_else(|| "unknown".to_owned())
}

fn without_secret(arguments: impl Iterator<Item = String>) -> String {
    let mut hide_next = false;
    let shown: Vec<String> = arguments
        .map(|argument| {
            let is_secret = |name: &str| matches!(name, "--secret" | "--peer-secret");
            let hide = std::mem::replace(&mut hide_next, is_secret(&argument));
            match argument.split_once('=') {
                _ if hide => "***".to_owned(),
                Some((name, _)) if is_secret(name) => format!("{name}=***"),
                _ => argument,
            }
        })
        .collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_does_not_tell_the_secret() {
        let shown = |line: &str| without_secret(line.split(' ').map(str::to_owned));
        assert_eq!(shown("bench --secret abc --rooms 2"), "bench --secret *** --rooms 2");
        assert_eq!(shown("bench --secret=abc"), "bench --secret=***");
    }
}
