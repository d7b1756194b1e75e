//! Starts the binary on free ports and uses it from outside.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

#[path = "fixtures/folder.rs"]
mod folder;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use folder::Folder;

/// Far longer than any start or stop: a hanging server fails the test instead of the whole run.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_dev_server_serves_its_page_and_stops_when_asked() {
    let server = Server::start();
    let links = server.links();
    assert_eq!(links.len(), 2, "{:?}", server.greeting);
    for link in &links {
        assert!(link.starts_with(&format!("http://localhost:{}/#token=", server.http.port())));
    }

    let page = request(server.http, "GET / HTTP/1.1");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    for header in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'self'; connect-src 'self' ws: wss:;",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "permissions-policy: camera=(self)",
    ] {
        assert!(page.contains(header), "{header} is not in\n{page}");
    }
    assert!(page.contains("<html"));

    let head = request(server.http, "HEAD / HTTP/1.1");
    assert!(head.starts_with("HTTP/1.1 200 ") && !head.contains("<html"), "{head}");
    assert!(request(server.http, "GET /nothing HTTP/1.1").starts_with("HTTP/1.1 404 "));
    server.stop();
}

#[test]
fn health_and_metrics_answer_on_the_admin_address() {
    let server = Server::start();
    for address in [server.http, server.admin] {
        assert!(request(address, "GET /healthz HTTP/1.1").starts_with("HTTP/1.1 200 "));
        assert!(request(address, "GET /readyz HTTP/1.1").starts_with("HTTP/1.1 200 "));
    }
    let metrics = request(server.admin, "GET /metrics HTTP/1.1");
    assert!(metrics.contains("\n# TYPE bedside_server_threads gauge\n"), "{metrics}");
    assert!(request(server.http, "GET /metrics HTTP/1.1").starts_with("HTTP/1.1 404 "));
    server.stop();
}

#[test]
fn healthcheck_tells_a_running_server_from_a_stopped_one() {
    let server = Server::start();
    let admin = server.admin.to_string();
    assert!(healthcheck(&["--admin", &admin]));
    assert!(healthcheck(&["--ready", "--admin", &admin]));
    server.stop();
    assert!(!healthcheck(&["--admin", &admin]));
}

#[test]
fn no_query_string_reaches_the_log() {
    let server = Server::start();
    for path in ["/rtc", "/rtc/validate", "/rtc/v1", "/", "/nothing"] {
        request(server.http, &format!("GET {path}?access_token=canary HTTP/1.1"));
    }
    let log = server.stop();
    assert!(log.contains("ready"), "{log}");
    assert!(!log.contains("canary") && !log.contains("access_token"), "{log}");
}

#[test]
fn signalling_is_wired_with_the_keys_of_the_links() {
    let server = Server::start();
    let validate = |token: &str| {
        request(server.http, &format!("GET /rtc/validate?access_token={token} HTTP/1.1"))
    };
    let token = server.links()[0].split_once("#token=").unwrap().1.to_owned();
    assert!(validate(&token).starts_with("HTTP/1.1 200 "), "{}", validate(&token));
    let forged = token.rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
    assert!(validate(&forged).starts_with("HTTP/1.1 401 "));
    assert!(request(server.http, "GET /rtc/v1/validate HTTP/1.1").starts_with("HTTP/1.1 401 "));
    server.stop();
}

#[test]
fn an_exposed_dev_server_speaks_tls_only() {
    let server = Server::start_with(&["--dev-expose", "--advertise=127.0.0.1"]);
    assert!(server.links().iter().all(|link| link.starts_with("https://")));
    // Who asks in the clear is sent to https, and told nothing else.
    let answer = request(server.http, "GET / HTTP/1.1");
    assert!(answer.starts_with("HTTP/1.1 308 ") && answer.contains("https://"), "{answer}");
    let answer = request(server.http, "POST /v1/sessions HTTP/1.1");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    server.stop();
}

#[test]
fn a_json_log_has_one_object_a_line() {
    let log = Server::start_with(&["--log-format=json"]).stop();
    assert!(!log.is_empty());
    assert!(log.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{log}");
}

#[test]
fn a_secret_that_every_user_can_read_is_warned_of() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("keys-that-others-can-read");
    fs::write(&file, "clinic: 0123456789abcdef0123456789abcdef").unwrap();
    let argument = format!("--api-keys-file={}", file.display());
    for (mode, is_warned) in [(0o644, true), (0o600, false)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let log = Server::start_with(&[&argument]).stop();
        assert_eq!(log.contains("every user of this machine can read"), is_warned, "{log}");
        assert!(!log.contains("0123456789abcdef"), "{log}");
    }
}

#[test]
fn a_port_in_use_is_refused_with_advice() {
    let server = Server::start();
    let http = format!("--http={}", server.http);
    let folder = Folder::new();
    let mut second = bedside();
    folder.is_home_of(second.args(["all", "--dev", "--admin=127.0.0.1:0", &http]));
    let output = second.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("choose another address with --http"));
    server.stop();
}

struct Server {
    child: Child,
    greeting: Vec<String>,
    http: SocketAddr,
    admin: SocketAddr,
    /// Where it keeps its data; removed after its end.
    _folder: Folder,
}

impl Server {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let (folder, mut command) = (Folder::new(), bedside());
        folder.is_home_of(&mut command);
        let mut child = command
            .args(["all", "--dev", "--http=127.0.0.1:0", "--admin=127.0.0.1:0"])
            .args(["--sfu-udp-port=0", "--shards=1", "--log-filter=trace"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, greeting) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|l| sender.send(l)));
        let mut read = Vec::new();
        while !read.iter().any(|line: &String| line.trim_start().starts_with("patient")) {
            match greeting.recv_timeout(PATIENCE) {
                Ok(line) => read.push(line),
                Err(_) => {
                    let _ = child.kill();
                    let mut log = String::new();
                    let _ = child.stderr.take().unwrap().read_to_string(&mut log);
                    panic!("no greeting: {read:?} {log}");
                }
            }
        }
        let field = |name: &str| {
            let line = read.iter().find_map(|line| line.trim_start().strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().to_owned()
        };
        let http = field("http ").parse().unwrap();
        let admin = field("admin ").strip_prefix("http://").unwrap().parse().unwrap();
        Self { child, greeting: read, http, admin, _folder: folder }
    }

    fn links(&self) -> Vec<&str> {
        let words = self.greeting.iter().flat_map(|line| line.split_whitespace());
        words.filter(|word| word.contains("#token=")).collect()
    }

    /// Asks it to stop, waits until it has, and gives its log.
    fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut stderr = self.child.stderr.take().unwrap();
        let (sender, log) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            sender.send(text)
        });
        // Standard error ends when the process does.
        let log = log.recv_timeout(PATIENCE).unwrap();
        assert!(self.child.wait().unwrap().success(), "{log}");
        assert!(log.contains("stopped"), "{log}");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn healthcheck(arguments: &[&str]) -> bool {
    bedside().arg("healthcheck").args(arguments).output().unwrap().status.success()
}

fn request(address: SocketAddr, line: &str) -> String {
    String::from_utf8(request_bytes(address, line)).unwrap()
}

fn request_bytes(address: SocketAddr, line: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    // In one piece: a server that refuses the first piece would reset the next.
    let text = format!("{line}\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(text.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A connection that is reset has answered what was read.
    let _ = socket.read_to_end(&mut answer);
    answer
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
