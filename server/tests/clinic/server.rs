//! The binary with the demo clinic: started, asked, and everything that it wrote.

use std::{
    io::{Read, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, without any setting of whoever runs the tests, at home in a folder.
pub fn bedside(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedside"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BEDSIDE_") {
            command.env_remove(name);
        }
    }
    command.env("BEDSIDE_DATA_DIR", home).env("NO_COLOR", "1");
    command
}

/// What a command that must succeed says.
pub fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The demo clinic, and its people's ways in.
pub struct Demo {
    pub clinic: String,
    pub service: String,
    pub practitioner: String,
    pub patient: String,
    pub appointment: String,
    pub doctors_password: String,
    pub doctors_codes: Vec<String>,
    pub patients_password: String,
}

impl Demo {
    /// Makes it in a folder's database.
    pub fn make(command: &mut Command) -> Self {
        let text = said(&command.arg("demo").output().unwrap());
        Self {
            clinic: behind(&text, "clinic "),
            service: behind(&text, "visit type "),
            practitioner: behind(&text, "practitioner "),
            patient: behind(&text, "patient "),
            appointment: behind(&text, "appointment "),
            doctors_password: behind(&text, "doctor@bedside.example   password "),
            doctors_codes: codes(&text),
            patients_password: behind(&text, "patient@bedside.example   password "),
        }
    }

    /// Takes over the ways in that a development server has made anew and greets with.
    pub fn greeted_by(&mut self, server: &Server) {
        for _ in 0..PATIENCE.as_millis() / 20 {
            let text = server.written();
            if text.contains("patient@bedside.example   password ") {
                self.doctors_password = behind(&text, "doctor@bedside.example   password ");
                self.doctors_codes = codes(&text);
                self.patients_password = behind(&text, "patient@bedside.example   password ");
                return;
            }
            pause();
        }
        panic!("no greeting: {}", server.written());
    }
}

/// The word behind another.
fn behind(text: &str, word: &str) -> String {
    let found = text.split_once(word).unwrap_or_else(|| panic!("no {word} in {text}")).1;
    found.split_whitespace().next().unwrap().to_owned()
}

/// The doctor's second factors.
fn codes(text: &str) -> Vec<String> {
    let codes = text.split_once("each once: ").unwrap().1.lines().next().unwrap();
    codes.split_whitespace().map(str::to_owned).collect()
}

/// The binary while it runs.
pub struct Server {
    child: Child,
    pub http: SocketAddr,
    /// Everything that it has written, on both outputs.
    written: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    /// Starts it, until its log says that it is ready.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let written = Arc::new(Mutex::new(Vec::new()));
        collect(child.stdout.take().unwrap(), &written);
        collect(child.stderr.take().unwrap(), &written);
        let mut server = Self { child, http: SocketAddr::from(([0, 0, 0, 0], 0)), written };
        for _ in 0..PATIENCE.as_millis() / 20 {
            let text = server.written();
            if let Some((_, rest)) = text.split_once(": ready http=") {
                server.http = rest.split_whitespace().next().unwrap().parse().unwrap();
                return server;
            }
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended at start: {text}");
            pause();
        }
        panic!("never ready: {}", server.written());
    }

    /// Everything that it has written so far.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    /// Somebody who asks it.
    pub fn caller(&self, token: &str) -> Caller {
        Caller { server: self.http, token: token.to_owned() }
    }

    /// Signs somebody in by a password alone.
    pub fn sign_in(&self, email: &str, password: &str) -> Caller {
        let body = json!({ "email": email, "password": password, "carrier": "token" });
        let answer = self.caller("").post("/v1/auth/login", &body).ok();
        self.caller(answer["token"].as_str().expect("a token"))
    }

    /// Signs the demo doctor in.
    pub fn sign_doctor_in(&self, demo: &mut Demo) -> Caller {
        let (email, password) = ("doctor@bedside.example", &demo.doctors_password);
        let body = json!({ "email": email, "password": password, "carrier": "token" });
        let first = self.caller("").post("/v1/auth/login", &body).ok();
        let proof = json!({
            "challenge": first["challenge"],
            "recovery_code": demo.doctors_codes.remove(0),
            "carrier": "token",
        });
        let answer = self.caller("").post("/v1/auth/mfa", &proof).ok();
        self.caller(answer["token"].as_str().expect("a token"))
    }

    /// Asks it to stop (SIGTERM); how it ended, and everything that it wrote.
    pub fn stop(mut self) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        for _ in 0..PATIENCE.as_millis() / 20 {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What is in the pipes is read a moment later.
                pause();
                return (status, self.written());
            }
            pause();
        }
        panic!("it does not stop: {}", self.written());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut pipe: impl Read + Send + 'static, into: &Arc<Mutex<Vec<u8>>>) {
    let into = Arc::clone(into);
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(read @ 1..) = pipe.read(&mut buffer) {
            into.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
    });
}

/// Between two looks at something that takes its time.
#[expect(clippy::disallowed_methods, reason = "a test waits for another process")]
pub fn pause() {
    thread::sleep(Duration::from_millis(20));
}

/// Somebody who asks.
#[derive(Clone)]
pub struct Caller {
    server: SocketAddr,
    pub token: String,
}

impl Caller {
    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, &[], &body.to_string())
    }

    /// To take effect once.
    pub fn post_once(&self, path: &str, key: &str, body: &Value) -> Reply {
        self.ask("POST", path, &[("Idempotency-Key", key)], &body.to_string())
    }

    pub fn put(&self, path: &str, seen: Option<u32>, body: &Value) -> Reply {
        let seen = seen.map(|rev| format!("\"{rev}\""));
        let headers: Vec<_> = seen.iter().map(|seen| ("If-Match", seen.as_str())).collect();
        self.ask("PUT", path, &headers, &body.to_string())
    }

    /// One request over a connection of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let Self { server, token } = self;
        let mut socket = TcpStream::connect(server).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        if !token.is_empty() {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        socket.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text}"));
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
        Reply { status, head: head.to_lowercase(), body }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Reply {
    /// The body of a success.
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// So many days from now, as the API writes instants.
pub fn in_days(days: u32) -> String {
    let ahead = format!("+{days} days");
    let output = Command::new("date").args(["-u", "-d", &ahead, "+%FT00:00:00Z"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The first start of the demo doctor's that is free in the next week.
pub fn free_start(caller: &Caller, demo: &Demo) -> String {
    let (service, practitioner) = (&demo.service, &demo.practitioner);
    let (from, to) = (in_days(1), in_days(8));
    let path =
        format!("/v1/slots?service={service}&practitioner={practitioner}&from={from}&to={to}");
    let found = caller.get(&path).ok();
    found["items"][0]["start"].as_str().unwrap_or_else(|| panic!("no time: {found}")).to_owned()
}
