//! Documents as a person's program uploads them, over real connections: a process that is killed in the middle, and how
//! much memory a large one takes. `BEDSIDE_TEST_UPLOAD_MIB` makes it larger by hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests may fail loudly"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Far longer than anything here takes: a hanging server fails the test instead of the whole run.
const PATIENCE: Duration = Duration::from_secs(120);

/// As the server says it.
const PART: usize = 4 * 1024 * 1024;

/// What a process may grow by while it takes a document of any size, in MiB: the parts that are on their way.
const GROWTH_MIB_MAX: u64 = 48;

#[test]
fn a_large_upload_survives_kill_9_in_flat_memory() {
    let folder = Folder::new("uploads");
    let demo =
        Command::new(env!("CARGO_BIN_EXE_bedside")).arg("demo").current_dir(&folder.0).output();
    let demo = String::from_utf8(demo.unwrap().stdout).unwrap();
    let (email, password) = patient_of(&demo);
    let server = Server::start(&folder.0);
    let token = server.signed_in(&email, &password);
    let me = server.json("GET", "/v1/me", Some(&token), None);
    let patient = me["memberships"][0]["patient_id"].as_str().unwrap().to_owned();
    let mib = std::env::var("BEDSIDE_TEST_UPLOAD_MIB").map_or(72, |mib| mib.parse().unwrap());
    let file = File { bytes: mib * 1024 * 1024 + 77 };
    let body = json!({ "patient": patient, "name": "film.pdf", "size": file.bytes });
    let begun = server.json("POST", "/v1/documents", Some(&token), Some(&body));
    let id = begun["document"]["id"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
    let parts = begun["parts"].as_u64().unwrap() as usize;

    for number in 0..parts / 2 {
        server.part(&token, &id, number, &file.part(number));
    }
    // Half a part is on its way when the process dies.
    let half = file.part(parts / 2);
    let mut socket = server.begin_part(&token, &id, parts / 2, half.len());
    socket.write_all(&half[..half.len() / 2]).unwrap();
    socket.flush().unwrap();
    server.kill();

    let server = Server::start(&folder.0);
    let token = server.signed_in(&email, &password);
    let path = format!("/v1/documents/{id}");
    let read = server.json("GET", &path, Some(&token), None);
    let missing: Vec<_> = (parts / 2..parts).map(|number| json!(number)).collect();
    assert_eq!(read["missing"], json!(missing), "nothing that was said to be there is lost");
    let before = server.memory_mib("VmRSS");
    let began = Instant::now();
    for number in parts / 2..parts {
        server.part(&token, &id, number, &file.part(number));
    }
    let took = began.elapsed();
    let done = server.json(
        "POST",
        &format!("{path}/complete"),
        Some(&token),
        Some(&json!({ "sha256": file.sha256() })),
    );
    assert_eq!(done["state"], "checking", "{done}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let read = server.json("GET", &path, Some(&token), None);
        match read["document"]["state"].as_str().unwrap() {
            "ready" => break,
            state => assert!(state == "checking" && Instant::now() < deadline, "{read}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let head = server.content(&token, &id, &file);
    assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    let grown = server.memory_mib("VmHWM").saturating_sub(before);
    eprintln!(
        "{mib} MiB: second half uploaded in {took:?}, grown by {grown} MiB from {before} MiB"
    );
    assert!(grown <= GROWTH_MIB_MAX, "grown by {grown} MiB");
}

/// A file of any size that is nowhere: bytes by their place.
struct File {
    bytes: usize,
}

impl File {
    fn part(&self, number: usize) -> Vec<u8> {
        let from = number * PART;
        let to = self.bytes.min(from + PART);
        let mut state = number as u64 + 1;
        let mut bytes: Vec<u8> = Vec::with_capacity(to - from);
        while bytes.len() < to - from {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            bytes.extend_from_slice(&state.to_le_bytes());
        }
        bytes.truncate(to - from);
        if number == 0 {
            bytes[..5].copy_from_slice(b"%PDF-");
        }
        bytes
    }

    fn sha256(&self) -> String {
        let mut child =
            Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        for number in 0..self.bytes.div_ceil(PART) {
            input.write_all(&self.part(number)).unwrap();
        }
        drop(input);
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        child.wait().unwrap();
        text.split_whitespace().next().unwrap().to_owned()
    }
}

/// The demo clinic's patient, as the demo tells.
fn patient_of(demo: &str) -> (String, String) {
    let line = demo.lines().find(|line| line.trim_start().starts_with("or ")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    (words[1].to_owned(), words[3].to_owned())
}

struct Server {
    child: Child,
    http: SocketAddr,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bedside"))
            .args(["all", "--dev", "--http=127.0.0.1:0", "--admin=127.0.0.1:0"])
            .args(["--sfu-udp-port=0", "--shards=1"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, greeting) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|l| sender.send(l)));
        loop {
            let line = greeting.recv_timeout(PATIENCE).expect("a greeting");
            if let Some(rest) = line.trim_start().strip_prefix("http ") {
                let http = rest.split_whitespace().next().unwrap().parse().unwrap();
                // What is said further is read and dropped.
                std::thread::spawn(move || while greeting.recv().is_ok() {});
                return Self { child, http };
            }
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn signed_in(&self, email: &str, password: &str) -> String {
        let body = json!({ "email": email, "password": password, "carrier": "token" });
        let deadline = Instant::now() + PATIENCE;
        loop {
            // The API opens a moment after the address is told.
            let reply = self.json("POST", "/v1/auth/login", None, Some(&body));
            match reply["token"].as_str() {
                Some(token) => return token.to_owned(),
                None => assert!(Instant::now() < deadline, "{reply}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn ask(&self, head: &str, token: Option<&str>, body: Option<&Value>) -> TcpStream {
        let mut socket = TcpStream::connect(self.http).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = body.map(ToString::to_string).unwrap_or_default();
        let token =
            token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
        let text = format!(
            "{head} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{token}Idempotency-Key: upload\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.http,
            body.len()
        );
        socket.write_all(text.as_bytes()).unwrap();
        socket
    }

    fn json(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Value {
        let mut answer = String::new();
        let _ = self.ask(&format!("{method} {path}"), token, body).read_to_string(&mut answer);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).unwrap_or(Value::String(answer.clone()))
    }

    fn begin_part(&self, token: &str, id: &str, number: usize, length: usize) -> TcpStream {
        let mut socket = TcpStream::connect(self.http).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let text = format!(
            "PUT /v1/documents/{id}/parts/{number} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n",
            self.http
        );
        socket.write_all(text.as_bytes()).unwrap();
        socket
    }

    fn part(&self, token: &str, id: &str, number: usize, bytes: &[u8]) {
        let mut socket = self.begin_part(token, id, number, bytes.len());
        socket.write_all(bytes).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    }

    /// Reads a document back, comparing as it comes; the answer's head.
    fn content(&self, token: &str, id: &str, file: &File) -> String {
        let socket = self.ask(&format!("GET /v1/documents/{id}/content"), Some(token), None);
        let mut socket = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(socket.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let mut bytes = vec![0; PART];
        for number in 0..file.bytes.div_ceil(PART) {
            let expected = file.part(number);
            socket.read_exact(&mut bytes[..expected.len()]).unwrap();
            assert!(bytes[..expected.len()] == expected, "part {number}");
        }
        assert_eq!(socket.read(&mut bytes).unwrap(), 0, "nothing more");
        head
    }

    /// A line of the process's memory, in MiB.
    fn memory_mib(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bedside-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
