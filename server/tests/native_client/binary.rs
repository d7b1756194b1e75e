//! The server under test: the binary itself, on free ports.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use super::{PATIENCE, folder::Folder};

/// The room of every test; each has a server of its own.
pub(crate) const ROOM: &str = "consultation";

pub(crate) struct Binary {
    child: Child,
    greeting: mpsc::Receiver<String>,
    http: SocketAddr,
    admin: SocketAddr,
    media: u16,
    /// Where it keeps its data unless its arguments say otherwise; removed after its end.
    _folder: Folder,
}

/// Arguments for a server on this machine with one shard and free ports.
pub(crate) const ALL: [&str; 6] =
    ["all", "--dev", "--http=127.0.0.1:0", "--admin=127.0.0.1:0", "--sfu-udp-port=0", "--shards=1"];

impl Binary {
    pub(crate) fn start() -> Self {
        Self::start_as(bedside().args(ALL))
    }

    /// Starts a command that is made from [`bedside`] and [`ALL`].
    pub(crate) fn start_as(command: &mut Command) -> Self {
        let folder = Folder::new();
        folder.is_home_of(command);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, greeting) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|l| sender.send(l)));
        let mut field = |name: &str| loop {
            let Ok(line) = greeting.recv_timeout(PATIENCE) else {
                let _ = child.kill();
                panic!("the server does not say {name}");
            };
            if let Some(rest) = line.trim_start().strip_prefix(name) {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
        };
        let http = field("http ").parse().unwrap();
        let admin = field("admin ").strip_prefix("http://").unwrap().parse().unwrap();
        // `media 127.0.0.1, UDP 40000`
        let Ok(line) = greeting.recv_timeout(PATIENCE) else {
            panic!("no line after the admin address")
        };
        let media = line.rsplit_once(' ').unwrap().1.parse().unwrap();
        Self { child, greeting, http, admin, media, _folder: folder }
    }

    /// What the greeting says next behind a word, to the end of the line.
    pub(crate) fn said(&mut self, name: &str) -> String {
        loop {
            let line = self.greeting.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("the server does not say {name}"));
            if let Some((_, rest)) = line.split_once(name) {
                break rest.trim().to_owned();
            }
        }
    }

    /// Where media are received.
    pub(crate) fn media(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.media).into()
    }

    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A metric's value, labels written as they are exposed.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let (admin, wanted) = (self.admin, format!("{name} "));
        let text = tokio::task::spawn_blocking(move || metrics(admin)).await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(&wanted)).expect("the metric");
        line.parse::<f64>().unwrap() as u64
    }

    /// Where its signal socket is.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http
    }

    /// Stops the process for so long, and continues it.
    pub(crate) async fn stop_for(&self, time: Duration) {
        self.signal("-STOP");
        tokio::time::sleep(time).await;
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// A join token, made by the binary too.
    pub(crate) fn token(identity: &str) -> String {
        Self::token_with(identity, &["--room", ROOM])
    }

    /// A join token with other arguments than the usual room.
    pub(crate) fn token_with(identity: &str, arguments: &[&str]) -> String {
        let output = bedside()
            .args(["token", "mint", "--dev", "--identity", identity])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Waits until a metric without labels has this value.
    pub(crate) async fn metric_becomes(&self, name: &'static str, value: u64) {
        let admin = self.admin;
        let wanted = format!("{name} {value}");
        let waiting = async {
            let mut pace = tokio::time::interval(Duration::from_millis(100));
            loop {
                pace.tick().await;
                let text = tokio::task::spawn_blocking(move || metrics(admin)).await.unwrap();
                if text.lines().any(|line| line == wanted) {
                    return;
                }
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "no {wanted:?} in time");
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn metrics(admin: SocketAddr) -> String {
    let mut socket = TcpStream::connect(admin).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    text
}

/// The binary, undisturbed by settings of whoever runs the tests.
pub(crate) fn bedside() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedside"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BEDSIDE_") {
            command.env_remove(name);
        }
    }
    command
}
