//! A media shard that hangs: one thread of the real binary is held by the debugger's system call, the others run.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]
#![cfg(target_os = "linux")]

#[path = "fixtures/folder.rs"]
mod folder;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    ptr,
    time::{Duration, Instant},
};

use folder::Folder;

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_shard_that_hangs_is_told_by_probes_metrics_and_log_gets_no_joins_and_is_taken_back() {
    let mut server = Server::start();
    assert!(server.asked("/healthz").starts_with("HTTP/1.1 200 "));
    let held = Instant::now();
    server.hold("shard-0");
    server.until("/readyz", "HTTP/1.1 503 ");
    assert!(held.elapsed() < Duration::from_secs(6), "{:?}", held.elapsed());
    assert!(server.asked("/readyz").ends_with("silent media shards: 0\n"));
    assert!(server.asked("/healthz").starts_with("HTTP/1.1 503 "));
    assert!(!server.healthcheck(&[]) && !server.healthcheck(&["--ready"]));
    server.until("/metrics", "bedside_sfu_silent{shard=\"0\"} 1\n");
    server.let_go();
    server.until("/readyz", "HTTP/1.1 200 ");
    assert!(server.healthcheck(&["--ready"]));
    let (log, took) = server.terminate();
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(log.contains("a media shard is silent") && log.contains("state t"), "{log}");
    assert!(log.contains("that was silent is back"), "{log}");
}

#[test]
fn a_server_with_a_shard_that_hangs_ends_soon_when_asked() {
    let mut server = Server::start();
    server.hold("shard-0");
    let (log, took) = server.terminate();
    // Two seconds of patience with the shard, half a second for the sockets of others.
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(log.contains("a media shard did not stop"), "{log}");
}

unsafe fn ptrace(request: libc::c_uint, thread: i32) -> libc::c_long {
    let nothing = ptr::null_mut::<libc::c_void>();
    // SAFETY: the caller's.
    unsafe { libc::ptrace(request, thread, nothing, nothing) }
}

/// Until a held thread has stopped or ended.
fn wait_for(thread: i32) {
    let mut status = 0;
    // SAFETY: the status outlives the call that writes it.
    unsafe {
        libc::waitpid(thread, &raw mut status, libc::__WALL);
    }
}

struct Server {
    child: Child,
    admin: SocketAddr,
    /// The thread that is held; the calling thread is its tracer.
    held: Option<i32>,
    /// Where it keeps its data; removed after its end.
    _folder: Folder,
}

impl Server {
    fn start() -> Self {
        let (folder, mut command) = (Folder::new(), bedside());
        folder.is_home_of(&mut command);
        let mut child = command
            .args(["all", "--dev", "--http=127.0.0.1:0", "--admin=127.0.0.1:0"])
            .args(["--sfu-udp-port=0", "--shards=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let admin = lines
            .filter_map(|line| {
                let address = line.trim_start().strip_prefix("admin")?.trim_start();
                address.strip_prefix("http://").map(str::to_owned)
            })
            .map(|rest| rest.split_whitespace().next().unwrap().parse().unwrap())
            .next();
        Self { child, admin: admin.unwrap(), held: None, _folder: folder }
    }

    /// Stops one thread of the server.
    fn hold(&mut self, name: &str) {
        let thread = self.thread_of(name);
        // SAFETY: the requests take no memory of ours.
        unsafe {
            let seized = ptrace(libc::PTRACE_SEIZE, thread);
            assert_eq!(seized, 0, "{}", std::io::Error::last_os_error());
            assert_eq!(ptrace(libc::PTRACE_INTERRUPT, thread), 0);
        }
        wait_for(thread);
        self.held = Some(thread);
    }

    fn let_go(&mut self) {
        // SAFETY: the request takes no memory of ours.
        unsafe {
            assert_eq!(ptrace(libc::PTRACE_DETACH, self.held.take().unwrap()), 0);
        }
    }

    /// The number of a thread of the server.
    fn thread_of(&self, name: &str) -> i32 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let is_named = |task: &fs::DirEntry| {
            fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
        };
        let task = tasks.map_while(Result::ok).find(is_named).unwrap();
        task.file_name().to_str().unwrap().parse().unwrap()
    }

    fn asked(&self, path: &str) -> String {
        let mut socket = TcpStream::connect(self.admin).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = self.admin;
        let text = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        socket.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    fn until(&self, path: &str, what: &str) {
        let began = Instant::now();
        while !self.asked(path).contains(what) {
            assert!(began.elapsed() < PATIENCE, "{path} never says {what}: {}", self.asked(path));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn healthcheck(&self, arguments: &[&str]) -> bool {
        let admin = format!("--admin={}", self.admin);
        let output = bedside().arg("healthcheck").arg(admin).args(arguments).output();
        output.unwrap().status.success()
    }

    /// Asks it to stop; its log, and how long it took.
    fn terminate(mut self) -> (String, Duration) {
        let began = Instant::now();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut log = String::new();
        // Standard error ends when the process does.
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (log, began.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        // A process is not over before its tracer has heard of the end of each thread that it holds.
        self.held.into_iter().for_each(wait_for);
        let _ = self.child.wait();
    }
}

fn bedside() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedside"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BEDSIDE_") {
            command.env_remove(name);
        }
    }
    command
}
