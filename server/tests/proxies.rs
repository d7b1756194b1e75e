//! The proxy examples of `deploy/`, each run in front of the real binary: the page and the signal socket come through, and
//! no log holds a token, even when the upstream is gone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, say what they skip, and wait by the real clock"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

/// Far longer than any start: what hangs fails the test instead of the whole run.
const PATIENCE: Duration = Duration::from_secs(30);

const TOKEN_SEPARATOR: &str = "#token=";

#[test]
fn nginx_passes_pages_and_sockets_and_logs_no_token() {
    if !is_installed("nginx") {
        return;
    }
    a_proxy_passes_everything_and_logs_no_token(|folder, upstream, port| {
        let site = example("nginx.conf")
            .replace("listen [::]:443 ssl;", "")
            .replace("443 ssl", &format!("127.0.0.1:{port} ssl"))
            .replace("127.0.0.1:7880", &format!("127.0.0.1:{upstream}"))
            .replace("/etc/letsencrypt/live/video.clinic.example/fullchain.pem", "cert.pem")
            .replace("/etc/letsencrypt/live/video.clinic.example/privkey.pem", "key.pem")
            .replace("/var/log/nginx/", "");
        fs::write(folder.join("site.conf"), site).unwrap();
        let main = "daemon off;\npid nginx.pid;\nerror_log all.log info;\nevents {}\nhttp {\n\
                    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n\
                    uwsgi_temp_path uwsgi; scgi_temp_path scgi;\ninclude site.conf;\n}\n";
        fs::write(folder.join("nginx.conf"), main).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "all.log"]);
        command
    });
}

#[test]
fn caddy_passes_pages_and_sockets_and_logs_no_token() {
    if !is_installed("caddy") {
        return;
    }
    a_proxy_passes_everything_and_logs_no_token(|folder, upstream, port| {
        let file = example("Caddyfile")
            .replacen("{\n", "{\n\tadmin off\n\tauto_https disable_redirects\n", 1)
            .replace(
                "video.clinic.example {",
                &format!("https://localhost:{port} {{\n\ttls cert.pem key.pem"),
            )
            .replace("127.0.0.1:7880", &format!("127.0.0.1:{upstream}"));
        fs::write(folder.join("Caddyfile"), file).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
        command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
        command
    });
}

/// `proxy` writes its settings into the folder, given Bedside's port and its own, and says how it is started there.
fn a_proxy_passes_everything_and_logs_no_token(proxy: impl Fn(&Path, u16, u16) -> Command) {
    let folder = Folder::new();
    let bedside = Bedside::start(&folder.0);
    let port = free_port();
    folder.write_certificate();
    let log = fs::File::create(folder.0.join("output.log")).unwrap();
    let started = proxy(&folder.0, bedside.port, port)
        .current_dir(&folder.0)
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn();
    let running = Running(started.unwrap());
    wait_for(port);

    let page = curl(port, "/", &[]);
    assert!(page.contains(" 200") && page.contains("<html"), "{page}");
    assert!(curl(port, "/readyz", &[]).contains(" 200"));
    let socket = format!("/rtc?access_token={}&protocol=15", bedside.token);
    let upgrade = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    let joined = curl(port, &socket, &upgrade);
    assert!(joined.starts_with("HTTP/1.1 101"), "{joined}");

    let token = bedside.token.clone();
    drop(bedside);
    let gone = curl(port, &format!("/rtc/validate?access_token={token}"), &[]);
    assert!(gone.contains(" 502"), "{gone}");
    drop(running);
    let logs = folder.logs();
    assert!(logs.contains("/rtc"), "the requests were logged: {logs}");
    let signature = token.rsplit('.').next().unwrap();
    assert!(!logs.contains(signature) && !logs.contains("access_token"), "{logs}");
}

fn example(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)).unwrap()
}

/// Tests' own dependencies are installed by `make test-deps`; who runs this test alone may lack them.
fn is_installed(program: &str) -> bool {
    let found = ["/usr/sbin", "/usr/bin", "/usr/local/bin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).exists());
    if !found {
        println!("skipped: {program} is not installed (make test-deps)");
    }
    found
}

/// Headers and body of the answer. A socket that stays open is left after a moment.
fn curl(port: u16, path: &str, headers: &[&str]) -> String {
    let mut command = Command::new("curl");
    command.args(["--silent", "--insecure", "--include", "--http1.1", "--max-time", "2"]);
    for header in headers {
        command.args(["--header", header]);
    }
    let output = command.arg(format!("https://localhost:{port}{path}")).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(port: u16) {
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "the proxy did not start");
        std::thread::yield_now();
    }
}

struct Bedside {
    child: Running,
    port: u16,
    token: String,
}

impl Bedside {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bedside"))
            .args(["all", "--dev", "--http=127.0.0.1:0", "--admin=127.0.0.1:0"])
            .args(["--sfu-udp-port=0", "--shards=1"])
            .arg(format!("--data-dir={}", folder.join("data").display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let child = Running(child);
        let (sender, greeting) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|l| sender.send(l)));
        let link = loop {
            let line = greeting.recv_timeout(PATIENCE).unwrap();
            if let Some(word) = line.split_whitespace().find(|word| word.contains(TOKEN_SEPARATOR))
            {
                break word.to_owned();
            }
        };
        let (page, token) = link.split_once(TOKEN_SEPARATOR).unwrap();
        let port = page.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port, token: token.to_owned() }
    }
}

impl Drop for Bedside {
    fn drop(&mut self) {
        let _ = self.child.0.kill();
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.0.wait();
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("bedside-proxy-{}-{}", std::process::id(), free_port());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write_certificate(&self) {
        let status = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
            ])
            .args([
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
            ])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(&self.0)
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success());
    }

    fn logs(&self) -> String {
        let files = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let logs = files.filter(|path| path.extension().is_some_and(|end| end == "log"));
        logs.map(|path| fs::read_to_string(path).unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
