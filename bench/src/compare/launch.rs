//! Programs that a comparison starts: they end with it, whatever happens, and write into a folder that vanishes.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{clock, kernel};

/// A folder for configurations and logs, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new one under the system's folder for temporary files, readable only for us.
    pub(crate) fn new() -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = format!("bench-compare-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }

    /// A path in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that is ended when this is dropped.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a program whose output goes to a log in the folder.
    pub(crate) fn start(command: &mut Command, folder: &Folder, name: &str) -> Result<Self> {
        let log = folder.file(&format!("{name}.log"));
        let out = File::create(&log).context("making a log")?;
        let errors = out.try_clone().context("making a log")?;
        command.stdin(Stdio::null()).stdout(out).stderr(errors);
        kernel::end_with_us(command);
        let program = command.get_program().to_owned();
        let child = command
            .spawn()
            .with_context(|| format!("starting {}", Path::new(&program).display()))?;
        Ok(Self { child, log })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `ready` finds in its log what it looks for.
    pub(crate) fn wait<T>(
        &mut self,
        stop: &AtomicBool,
        mut ready: impl FnMut(&str) -> Option<T>,
    ) -> Result<T> {
        let deadline = clock::now() + START_MAX;
        loop {
            ensure!(!stop.load(Ordering::Relaxed), "interrupted");
            let log = fs::read(&self.log).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            if let Some(found) = ready(&log) {
                return Ok(found);
            }
            let ended = self.child.try_wait().context("looking at a server")?;
            if ended.is_some() || clock::now() > deadline {
                let lines: Vec<_> = log.lines().rev().take(8).collect();
                let last: Vec<_> = lines.into_iter().rev().collect();
                let what = if ended.is_some() { "it ended" } else { "it does not get ready" };
                bail!("{what}; the last that it said:\n{}", last.join("\n"));
            }
            clock::sleep(Duration::from_millis(50));
        }
    }
}

/// Servers need less than a second.
const START_MAX: Duration = Duration::from_secs(15);
/// What a server may use for its farewells.
const STOP_MAX: Duration = Duration::from_secs(5);

impl Drop for Server {
    fn drop(&mut self) {
        kernel::ask_to_end(self.child.id());
        let deadline = clock::now() + STOP_MAX;
        while matches!(self.child.try_wait(), Ok(None)) {
            if clock::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            clock::sleep(Duration::from_millis(20));
        }
    }
}

/// Starts our server on free ports of this machine; answers it and its URL.
pub(super) fn bedside(
    program: &Path,
    folder: &Folder,
    people_max: usize,
    stop: &AtomicBool,
) -> Result<(Server, String)> {
    let mut command = Command::new(program);
    command.args(["all", "--dev", "--shards", "1"]);
    command.args(["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--sfu-udp-port", "0"]);
    command.args(["--turn-secret", TURN_SECRET]);
    command.arg("--data-dir").arg(folder.file("data"));
    if people_max > PARTICIPANTS_DEFAULT {
        command.args(["--participants-per-room-max", &people_max.to_string()]);
    }
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BEDSIDE_") {
            command.env_remove(name);
        }
    }
    let mut server = Server::start(&mut command, folder, "bedside")?;
    let url = server.wait(stop, address).context("starting our server")?;
    Ok((server, url))
}

/// What our server's TURN checks credentials with.
pub(super) const TURN_SECRET: &str = "a-secret-of-the-comparison-only";

/// What our server allows in a room unless it is told otherwise.
const PARTICIPANTS_DEFAULT: usize = 64;

/// The address in what our server says when it is ready.
fn address(log: &str) -> Option<String> {
    let is_ready = log.lines().any(|line| line.trim_start().starts_with("media "));
    let address = log.lines().find_map(|line| line.trim_start().strip_prefix("http "))?;
    is_ready.then(|| format!("ws://{}", address.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_once_the_whole_greeting_is_there() {
        let greeting =
            "bedside 0.1.0 is ready\n  page     http://localhost:1\n  http     127.0.0.1:1\n";
        assert_eq!(address(greeting), None);
        let whole = format!("{greeting}  media    127.0.0.1 UDP 2\n");
        assert_eq!(address(&whole).as_deref(), Some("ws://127.0.0.1:1"));
    }

    #[test]
    fn a_server_that_ends_at_once_is_told_with_its_last_words() {
        let folder = Folder::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such port >&2; exit 1"]);
        let mut server = Server::start(&mut command, &folder, "sh").unwrap();
        let refused = server.wait(&AtomicBool::new(false), |_| None::<()>).unwrap_err();
        assert!(refused.to_string().contains("no such port"), "{refused}");
    }
}
