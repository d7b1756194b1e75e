//! The binary is killed (SIGKILL) at every step from a booking to the wire, and started again on the same data: no message
//! is lost, no text message comes twice, and a mail comes again only from a later process than the one that sent it: that
//! one died after the mail's server had taken it, and nobody could know.
//!
//! ```text
//! booked ─(1)─ handed out ─(2)─ marked as sending ─(3)─ taken by the other side, not answered ─(4)─ answered ─(5)─ written down
//! ```
//!
//! 1 to 3 by delays after the booking's answer, 4 and 5 by the other side, which tells when it has taken something and when
//! it has answered. A worker that dies holds its deliveries for two minutes, and so this takes five: `scripts/test.sh` runs it
//! beside the browsers, `cargo test --workspace` leaves it out.
//! `cargo test --workspace --locked --test outbox_kills -- --ignored`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "a test may fail loudly, reads the clock, and tells one story from top to bottom"
)]

#[path = "fixtures/folder.rs"]
mod folder;

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use folder::Folder;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a dead worker's deliveries are left alone (`LEASE_S`), and more.
const LEASE: Duration = Duration::from_secs(150);

/// Where the binary is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// So long after the booking was answered.
    After(u64),
    /// The mail server has taken a message and does not answer.
    MailTaken,
    /// The mail server has answered.
    MailAnswered,
    /// The text message provider has taken a message and does not answer.
    TextTaken,
    /// The text message provider has answered.
    TextAnswered,
}

const POINTS: [Point; 12] = [
    Point::After(0),
    Point::After(3),
    Point::After(8),
    Point::After(20),
    Point::After(50),
    Point::After(120),
    Point::MailTaken,
    Point::MailAnswered,
    Point::TextTaken,
    Point::TextAnswered,
    Point::MailTaken,
    Point::TextTaken,
];

/// One message that the other side has taken: what it knows it by, what it says, and which process sent it.
#[derive(Debug, Clone)]
struct Message {
    id: String,
    text: String,
    from: SocketAddr,
}

/// Whether a message is answered, and who is told that it was taken, or answered.
type Trap = (bool, Sender<()>);

/// The other side of a channel.
#[derive(Clone)]
struct Side {
    talk: fn(&Side, TcpStream) -> Option<()>,
    taken: Arc<Mutex<Vec<Message>>>,
    /// What is to be done at the next message: tell, and perhaps never answer.
    trap: Arc<Mutex<Option<Trap>>>,
}

impl Side {
    fn new(talk: fn(&Side, TcpStream) -> Option<()>) -> Self {
        Self { talk, taken: Arc::default(), trap: Arc::default() }
    }

    /// An address of its own for each process: what comes to it is that process's, however late it is read.
    fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let this = self.clone();
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let side = this.clone();
                thread::spawn(move || (side.talk)(&side, socket));
            }
        });
        address
    }

    /// Has the next message tell when it is taken, or answered.
    fn trap(&self, answers: bool) -> Receiver<()> {
        let (sender, receiver) = mpsc::channel();
        *self.trap.lock().unwrap() = Some((answers, sender));
        receiver
    }

    /// Takes a message; answers unless it is not to.
    fn take(&self, message: Message, socket: &mut TcpStream, answer: &str) -> Option<()> {
        self.taken.lock().unwrap().push(message);
        match self.trap.lock().unwrap().take() {
            None => socket.write_all(answer.as_bytes()).ok(),
            Some((true, told)) => {
                socket.write_all(answer.as_bytes()).ok()?;
                socket.flush().ok()?;
                told.send(()).ok()
            }
            Some((false, told)) => {
                told.send(()).ok()?;
                // Until the other end is dead.
                thread::sleep(PATIENCE);
                None
            }
        }
    }

    fn taken(&self) -> Vec<Message> {
        self.taken.lock().unwrap().clone()
    }
}

/// SMTP, as little as it takes (RFC 5321).
fn mail(side: &Side, mut socket: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(socket.try_clone().ok()?);
    socket.write_all(b"220 mail\r\n").ok()?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "DATA" => {
                socket.write_all(b"354 go on\r\n").ok()?;
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    if lines.read_line(&mut text).ok()? == 0 {
                        return None;
                    }
                }
                let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: "));
                let from = socket.local_addr().ok()?;
                let message = Message { id: id?.to_owned(), text: text.replace("=\r\n", ""), from };
                side.take(message, &mut socket, "250 taken\r\n")?;
            }
            "QUIT" => return socket.write_all(b"221 bye\r\n").ok(),
            _ => socket.write_all(b"250 yes\r\n").ok()?,
        }
    }
}

/// A text message provider that knows no key.
fn texts(side: &Side, mut socket: TcpStream) -> Option<()> {
    let (_, body) = read_http(&mut socket)?;
    let body: Value = serde_json::from_str(&body).ok()?;
    let text = body["text"].as_str()?.to_owned();
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let from = socket.local_addr().ok()?;
    side.take(Message { id: text.clone(), text, from }, &mut socket, answer)
}

/// A head and a body of the length that it tells.
fn read_http(socket: &mut TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(socket.try_clone().ok()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

/// The server under test.
struct Server {
    child: Child,
    http: SocketAddr,
    doctor: String,
    code: String,
    patient: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL: nothing is finished, nothing is said.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(folder: &Folder, mails: &Side, texts: &Side) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedside"));
    command.args(["all", "--dev", "--http=127.0.0.1:0", "--admin=127.0.0.1:0"]);
    command.args(["--sfu-udp-port=0", "--shards=1", "--reminders-min=20160"]);
    command.arg(format!("--data-dir={}", folder.path().display()));
    command.arg(format!("--smtp-url=smtp://{}", mails.listen()));
    command.arg("--mail-from=Clinic <no-reply@clinic.example>");
    command.arg(format!("--sms-http-url=http://{}/send", texts.listen()));
    command.arg(r#"--sms-http-body={"to":"{to}","text":"{text}"}"#);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, greeting) = mpsc::channel();
    thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let said = |name: &str| loop {
        let line = greeting.recv_timeout(PATIENCE);
        let line = line.unwrap_or_else(|_| panic!("the server does not say {name}"));
        if let Some((_, rest)) = line.split_once(name) {
            break rest.trim().to_owned();
        }
    };
    let http = said("http ").split_whitespace().next().unwrap().parse().unwrap();
    let doctor = said("password ");
    let code = said("each once: ").split_whitespace().next().unwrap().to_owned();
    let patient = said("password ");
    Server { child, http, doctor, code, patient }
}

impl Server {
    fn ask(
        &self,
        method: &str,
        path: &str,
        token: &str,
        headers: &str,
        body: &Value,
    ) -> (u16, Value) {
        let body = body.to_string();
        let mut socket = TcpStream::connect(self.http).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let bearer = if token.is_empty() {
            String::new()
        } else {
            format!("authorization: Bearer {token}\r\n")
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{bearer}{headers}\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.http,
            body.len()
        );
        socket.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        let status = text.split_whitespace().nth(1).unwrap().parse().unwrap();
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn post(&self, path: &str, token: &str, body: &Value) -> Value {
        let (status, answer) = self.ask("POST", path, token, "", body);
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    fn get(&self, path: &str, token: &str) -> Value {
        let (status, answer) = self.ask("GET", path, token, "", &Value::Null);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    fn patient(&self) -> String {
        let body = json!({ "email": "patient@bedside.example", "password": self.patient, "carrier": "token" });
        self.post("/v1/auth/login", "", &body)["token"].as_str().unwrap().to_owned()
    }

    fn doctor(&self) -> String {
        let body = json!({ "email": "doctor@bedside.example", "password": self.doctor, "carrier": "token" });
        let first = self.post("/v1/auth/login", "", &body);
        let proof = json!({ "challenge": first["challenge"], "recovery_code": self.code, "carrier": "token" });
        self.post("/v1/auth/mfa", "", &proof)["token"].as_str().unwrap().to_owned()
    }
}

fn wait_for(what: &str, patience: Duration, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < patience, "{what}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// The first time that is free from an instant on.
fn free_from(server: &Server, service: &str, from: &str, to: &str) -> Value {
    let search = format!("/v1/slots?service={service}&from={from}&to={to}&limit=1");
    let found = server.get(&search, "");
    found["items"].get(0).unwrap_or_else(|| panic!("nothing is free from {from}")).clone()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The messages that speak of an appointment: how many times each id was taken from each process.
fn about(messages: &[Message], appointment: &str) -> BTreeMap<String, BTreeMap<SocketAddr, usize>> {
    let mut found: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for one in messages.iter().filter(|one| one.text.contains(appointment)) {
        *found.entry(one.id.clone()).or_default().entry(one.from).or_default() += 1;
    }
    found
}

#[test]
#[ignore = "waits minutes for the deliveries of dead workers; scripts/test.sh runs it"]
fn whatever_dies_no_message_is_lost_and_no_text_message_comes_twice() {
    let folder = Folder::new();
    let (mails, sms) = (Side::new(mail), Side::new(texts));
    let data = format!("--data-dir={}", folder.path().display());
    let made = Command::new(env!("CARGO_BIN_EXE_bedside")).args(["demo", &data]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut server = start(&folder, &mails, &sms);
    let token = server.patient();
    let choices = json!({ "email": true, "sms": true, "phone": "+254700000001" });
    let path = "/v1/me/notification-preferences";
    let (status, answer) = server.ask("PUT", path, &token, "if-match: \"0\"\r\n", &choices);
    assert_eq!(status, 200, "{answer}");
    let sent = server.post("/v1/me/phone-code", &token, &json!({}));
    wait_for("no code came", PATIENCE, || !sms.taken().is_empty());
    let code = sms.taken()[0].text.rsplit(' ').next().unwrap().to_owned();
    let confirm = json!({ "challenge": sent["challenge"], "code": code });
    server.post("/v1/me/phone-code/confirm", &token, &confirm);

    let listed = server.get("/v1/appointments", &token);
    let service = listed["items"][0]["service"].as_str().unwrap().to_owned();
    let day = |days: u32| {
        let days = format!("+{days} day");
        let date = Command::new("date").args(["-u", "-d", &days, "+%FT%TZ"]).output().unwrap();
        String::from_utf8(date.stdout).unwrap().trim().to_owned()
    };
    // After everything that the patient is at already.
    let ends = listed["items"].as_array().unwrap().iter().map(|one| text_of(&one["end"]));
    let mut from = ends.chain([day(1)]).max().unwrap();

    let mut booked: BTreeMap<String, Point> = BTreeMap::new();
    for (number, point) in POINTS.into_iter().enumerate() {
        let told = match point {
            Point::After(_) => None,
            Point::MailTaken => Some(mails.trap(false)),
            Point::MailAnswered => Some(mails.trap(true)),
            Point::TextTaken => Some(sms.trap(false)),
            Point::TextAnswered => Some(sms.trap(true)),
        };
        let token = server.patient();
        let slot = free_from(&server, &service, &from, &day(60));
        from = text_of(&slot["end"]);
        let body = json!({ "service": service, "practitioner": slot["practitioner"], "start": slot["start"] });
        let key = format!("idempotency-key: kill-{number}\r\n");
        let (status, answer) = server.ask("POST", "/v1/appointments", &token, &key, &body);
        assert_eq!(status, 201, "{answer}");
        match (told, point) {
            (Some(told), _) => told.recv_timeout(PATIENCE).expect("the other side is asked"),
            (None, Point::After(wait)) => thread::sleep(Duration::from_millis(wait)),
            (None, _) => {}
        }
        drop(server);
        booked.insert(answer["id"].as_str().unwrap().to_owned(), point);
        *mails.trap.lock().unwrap() = None;
        *sms.trap.lock().unwrap() = None;
        server = start(&folder, &mails, &sms);
    }
    wait_for("a mail was lost", LEASE + PATIENCE, || {
        let taken = mails.taken();
        booked.keys().all(|id| !about(&taken, id).is_empty())
    });
    let doctor = server.doctor();
    let states = |id: &str| {
        let jobs = server.get(&format!("/v1/admin/jobs?kind=sms&about={id}"), &doctor);
        let jobs = jobs["items"].as_array().unwrap().clone();
        let now = jobs.iter().filter(|job| job["message"] == "appointment.booked");
        now.map(|job| job["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    wait_for("a text message is left as it is", LEASE + PATIENCE, || {
        booked.keys().all(|id| states(id).iter().all(|state| state == "sent" || state == "unknown"))
    });
    for (id, point) in &booked {
        let mails = about(&mails.taken(), id);
        // To the patient, and to the doctor, who gives the visit: two messages, or one where the doctor is another.
        assert!((1..=2).contains(&mails.len()), "{point:?}: {mails:?}");
        let once_a_process = mails.values().flat_map(BTreeMap::values).all(|&times| times == 1);
        assert!(once_a_process, "{point:?}: a living process sent a mail again: {mails:?}");
        let texts_of = about(&sms.taken(), id).values().flat_map(BTreeMap::values).sum::<usize>();
        let states = states(id);
        assert!(texts_of <= 1, "{point:?}: {texts_of} text messages");
        assert_eq!(states.len(), 1, "{point:?}: {states:?}");
        assert!(texts_of == 1 || states[0] == "unknown", "{point:?}: lost, and nobody is told");
        let copies = mails.values().map(BTreeMap::len).collect::<Vec<_>>();
        eprintln!("{point:?}: mails {copies:?}, {texts_of} text messages, {}", states[0]);
    }
}
