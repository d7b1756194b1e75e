//! A whole visit through the binary: booked, checked in, waited while no media crosses, admitted, talked, ended, and the
//! audit log is whole.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use serde_json::{Value, json};

use super::{
    PATIENCE,
    binary::{ALL, Binary, bedside},
    folder::Folder,
    media::Kind,
    participant::Participant,
};

/// Pictures that the doctor has sent while the patient waited: several seconds of them.
const SENT_IN_VAIN: u32 = 100;

/// The argument for a folder.
fn data_dir(folder: &Folder) -> String {
    format!("--data-dir={}", folder.path().display())
}

/// One request over a connection of its own: the status and the body.
fn ask(server: SocketAddr, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let mut socket = TcpStream::connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let authorization =
        if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n{authorization}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    let status = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// Somebody who asks the API.
#[derive(Clone)]
struct Caller {
    server: SocketAddr,
    token: String,
}

impl Caller {
    async fn ask(&self, method: &'static str, path: String, body: Value) -> (u16, Value) {
        let Self { server, token } = self.clone();
        let asked = move || ask(server, method, &path, &token, &body);
        tokio::task::spawn_blocking(asked).await.unwrap()
    }

    async fn post(&self, path: String, body: Value) -> Value {
        let (status, answer) = self.ask("POST", path.clone(), body).await;
        assert!(matches!(status, 200 | 201), "{path}: {status} {answer}");
        answer
    }

    /// Waits until the visit is in this state.
    async fn visit_becomes(&self, visit: &str, state: &str) -> Value {
        let waiting = async {
            let mut pace = tokio::time::interval(std::time::Duration::from_millis(100));
            loop {
                pace.tick().await;
                let path = format!("/v1/consultations/{visit}");
                let (_, seen) = self.ask("GET", path, Value::Null).await;
                if seen["state"] == state {
                    return seen;
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never {state}"))
    }
}

/// Signs the demo doctor in, by what the greeting says.
async fn doctor(server: SocketAddr, password: &str, code: &str) -> Caller {
    let anybody = Caller { server, token: String::new() };
    let body =
        json!({ "email": "doctor@bedside.example", "password": password, "carrier": "token" });
    let first = anybody.post("/v1/auth/login".to_owned(), body).await;
    let proof = json!({
        "challenge": first["challenge"],
        "recovery_code": code,
        "carrier": "token",
    });
    let signed_in = anybody.post("/v1/auth/mfa".to_owned(), proof).await;
    Caller { server, token: signed_in["token"].as_str().expect("a token").to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patient_waits_without_media_is_admitted_talks_and_the_visit_is_held() {
    let folder = Folder::new();
    let made = bedside().args(["demo", &data_dir(&folder)]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut server = Binary::start_as(bedside().args(ALL).arg(data_dir(&folder)));
    let at = server.http();
    let password = server.said("password ");
    let codes = server.said("each once: ");
    let code = codes.split_whitespace().next().unwrap();
    let link = server.said("patient  http");

    let secret = link.split_once('#').expect("a secret in the fragment").1.to_owned();
    let anybody = Caller { server: at, token: String::new() };
    let entered = anybody.post("/v1/join/exchange".to_owned(), json!({ "secret": secret })).await;
    let patient =
        Caller { server: at, token: entered["session_token"].as_str().unwrap().to_owned() };
    let visit = entered["visit"]["id"].as_str().unwrap().to_owned();
    let appointment = entered["visit"]["appointment"].as_str().unwrap().to_owned();
    let part = entered["visit"]["me"]["participant"].as_str().unwrap().to_owned();
    let path = |what: &str| format!("/v1/consultations/{visit}/{what}");
    let checked = json!({ "camera": "ok", "microphone": "ok", "speaker": "ok", "network": "ok" });
    let waiting = patient.post(path("check-in"), checked).await;
    assert_eq!(waiting["me"]["state"], "waiting");

    let doctor = doctor(at, &password, code).await;
    let of_doctor = doctor.post(path("token"), json!({})).await;
    let of_patient = patient.post(path("token"), json!({})).await;
    assert_eq!((&of_doctor["admitted"], &of_patient["admitted"]), (&json!(true), &json!(false)));
    assert_eq!(of_patient["url"], format!("ws://localhost:{}", at.port()));

    let text = |token: &Value| token["token"].as_str().unwrap().to_owned();
    let mut talking = Participant::join_as(&server, text(&of_doctor), 1).await;
    talking.publish().await;
    let mut waits = Participant::join_as(&server, text(&of_patient), 2).await;
    let audio = talking.audio.ssrc;
    Participant::until_line("a second of sound into the void", &talking.published, |log| {
        log.outgoing.get(&audio).is_some_and(|sent| *sent >= SENT_IN_VAIN)
    })
    .await;
    waits.read(|state| {
        assert!(state.others.is_empty() && state.packets.is_empty(), "{}", state.summary());
        assert_eq!(state.own.attributes["bedside.admission"], "waiting");
        assert!(!state.own.permission.as_ref().unwrap().can_subscribe);
    });
    talking.read(|state| assert!(state.others.is_empty(), "{}", state.summary()));
    let seen = doctor.visit_becomes(&visit, "open").await;
    assert_eq!(seen["participants"][0]["state"], "waiting");

    let admitted = doctor.post(path(&format!("participants/{part}/admit")), json!({})).await;
    assert_eq!(admitted["participants"][0]["role"], "patient");
    waits.until("the doctor", |state| state.others.len() == 1).await;
    waits
        .until("its admission", |state| state.own.attributes["bedside.admission"] == "admitted")
        .await;
    waits.publish().await;
    for (from, to) in [(&talking, &waits), (&waits, &talking)] {
        for kind in [Kind::Opus, Kind::Vp8] {
            let track = from.track(kind);
            to.until("media", |state| state.received(&track).len() > 20).await;
        }
    }
    let live = doctor.visit_becomes(&visit, "live").await;
    assert!(live["live_since"].is_string());

    let ended = doctor.post(path("end"), json!({})).await;
    assert_eq!(ended["state"], "ended");
    for one in [&talking, &waits] {
        one.until("the end", |state| state.leave.is_some()).await;
    }
    let (_, held) = doctor.ask("GET", format!("/v1/appointments/{appointment}"), Value::Null).await;
    assert_eq!(held["state"], "completed", "{held}");
    let (status, problem) = patient.ask("POST", path("token"), json!({})).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:bedside:problem:visit-ended")));
    drop(server);

    assert_audit_is_whole(&folder);
}

/// Puts a copy in another place, where every audit log is checked.
fn assert_audit_is_whole(folder: &Folder) {
    let backup = folder.path().join("copy.db");
    let elsewhere = format!("--data-dir={}", folder.path().join("restored").display());
    let backup = backup.to_str().unwrap();
    let copied = bedside().args(["backup", &data_dir(folder), backup]).output().unwrap();
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let keys = format!("--data-keys-file={}", folder.path().join("data-keys").display());
    let restored = bedside().args(["restore", &elsewhere, &keys, backup]).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let said = String::from_utf8_lossy(&restored.stdout).into_owned();
    assert!(said.contains("2 audit logs are whole"), "{said}");
}
