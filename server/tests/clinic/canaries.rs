//! Words that are said nowhere else, about people and from them, through every kind of request that the API takes, also
//! those that fail: none of them is in the log at its most talkative, in a file of the database, or in a backup. The same
//! search finds what may be there.

use std::{fs, path::Path, sync::Arc};

use serde_json::{Value, json};

use super::{
    folder::Folder,
    server::{Caller, Demo, PATIENCE, Server, bedside, free_start, pause, said},
    smtp::Smtp,
};

/// What nobody may find. All of them contain this.
const CANARY: &str = "kanarie";

const EMAIL: &str = "kanarie.post@vogel.example";
const PASSWORD: &str = "Kanarienpasswort 77 zebra";

/// Public or the operator's own: the search must find it.
const PUBLIC_URL: &str = "http://spatzenort.example";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_about_people_is_in_the_log_the_database_or_a_backup() {
    let letters = Arc::new(Smtp::start().await);
    let folder = Folder::new();
    let home = folder.path().to_owned();
    tokio::task::spawn_blocking(move || story(&home, &letters)).await.unwrap();
}

fn story(home: &Path, letters: &Smtp) {
    let mut demo = Demo::make(&mut bedside(home));
    let server = Server::start(bedside(home).args([
        "all",
        "--dev",
        "--http=127.0.0.1:0",
        "--admin=127.0.0.1:0",
        "--sfu-udp-port=0",
        "--shards=1",
        "--log-filter=trace",
        &format!("--public-url={PUBLIC_URL}"),
        &format!("--smtp-url={}", letters.address),
        "--mail-from=clinic@clinic.example",
    ]));
    demo.greeted_by(&server);
    let mut secrets = register(&server, &demo, letters);
    let patient = server.sign_in(EMAIL, PASSWORD);
    secrets.push(patient.token.clone());
    books(&server, &patient, &demo);
    let doctor = server.sign_doctor_in(&mut demo);
    secrets.push(doctor.token.clone());
    visits(&server, &doctor, &demo);
    fails(&server, &patient, &doctor, &demo);

    let backup = home.join("backup.db");
    said(&bedside(home).args(["backup", backup.to_str().unwrap()]).output().unwrap());
    let (status, written) = server.stop();
    assert!(status.success());

    let mut places = vec![("the log".to_owned(), written.to_ascii_lowercase().into_bytes())];
    files(home, &mut places);
    // Positive control: what the search must find, it finds.
    let found = |word: &str| {
        let holders = places.iter().filter(|(_, bytes)| holds(bytes, word));
        holders.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    assert!(
        found("spatzenort.example").contains(&"the log"),
        "the operator's own words are logged"
    );
    assert!(found("trace").contains(&"the log"), "the log is at its most talkative");
    for file in ["bedside.db", "backup.db"] {
        assert!(found("mwangaza clinic").contains(&file), "{file} holds what is public");
        assert!(found(&demo.patient).contains(&file), "{file} holds ids");
    }
    for (name, bytes) in &places {
        assert_eq!(around(bytes, CANARY), None, "{name}");
    }
    for secret in &secrets {
        assert_eq!(found(secret), Vec::<&str>::new(), "a secret that opens something");
    }
}

/// Registers with canaries; the secrets that came by mail.
fn register(server: &Server, demo: &Demo, letters: &Smtp) -> Vec<String> {
    let anybody = server.caller("");
    let registration = json!({
        "clinic_id": demo.clinic,
        "email": EMAIL,
        "password": PASSWORD,
        "given_name": "Kanarienvorname",
        "family_name": "Kanariensippe",
        "language": "en",
        "time_zone": "Africa/Nairobi",
    });
    anybody.post("/v1/auth/register", &registration).ok();
    let letter = wait_for_letter(letters);
    let secret = letter.split_once("#token=").expect("a link").1;
    let secret = secret.split_whitespace().next().unwrap().to_owned();
    anybody.post("/v1/auth/verify-email", &json!({ "token": secret })).ok();
    vec![secret]
}

fn wait_for_letter(letters: &Smtp) -> String {
    for _ in 0..PATIENCE.as_millis() / 20 {
        if let Some(letter) = letters.to(EMAIL).first() {
            return letter.text();
        }
        pause();
    }
    panic!("no letter comes")
}

/// A profile, a booking with a reason.
fn books(server: &Server, patient: &Caller, demo: &Demo) {
    let me = patient.get("/v1/me").ok();
    let id = me["memberships"][0]["patient_id"].as_str().unwrap_or_else(|| panic!("{me}"));
    let path = format!("/v1/patients/{id}");
    let mut profile = patient.get(&path).ok()["profile"].clone();
    profile["preferred_name"] = json!("Kanarienrufname");
    profile["phone"] = json!("+254700555777");
    profile["address"] =
        json!({ "lines": ["Kanarienweg 7"], "city": "Kanarienstadt", "country": "KE" });
    patient.put(&path, Some(1), &profile).ok();
    assert_eq!(patient.get(&path).ok()["profile"]["preferred_name"], "Kanarienrufname");
    let start = free_start(&server.caller(""), demo);
    let hold = json!({ "service": demo.service, "practitioner": demo.practitioner, "start": start,
        "reason": "Kanarienhusten seit Tagen" });
    let hold = patient.post_once("/v1/holds", "hold", &hold).ok();
    let book = json!({ "hold_id": hold["id"] });
    let booked = patient.post_once("/v1/appointments", "book", &book).ok();
    assert_eq!(booked["state"], "booked");
}

/// A visit with a note, a prescription, an entry of the record, messages.
fn visits(server: &Server, doctor: &Caller, demo: &Demo) {
    let patient = server.sign_in("patient@bedside.example", &demo.patients_password);
    let visit = format!("/v1/appointments/{}", demo.appointment);
    patient.post(&format!("{visit}/check-in"), &Value::Null).ok();
    doctor.post(&format!("{visit}/start"), &Value::Null).ok();
    let note = json!({ "findings": "Kanarienbefund", "plan": "Kanarienruhe" });
    doctor.put(&format!("{visit}/note"), None, &note).ok();
    doctor.post(&format!("{visit}/finish"), &Value::Null).ok();
    let thread = json!({
        "patient": demo.patient,
        "practitioner": demo.practitioner,
        "appointment": demo.appointment,
        "subject": "Kanarienbetreff",
        "message": { "text": "Kanarienfrage: ist das schlimm?" },
    });
    let thread = patient.post_once("/v1/threads", "thread", &thread).ok();
    let path = format!("/v1/threads/{}/messages", thread["thread"]["id"].as_str().unwrap());
    doctor.post_once(&path, "answer", &json!({ "text": "Kanarienantwort" })).ok();
    // Words in a query.
    doctor.get("/v1/patients?name=Kanariensippe").ok();
}

/// What is refused, unreadable, or not there.
fn fails(server: &Server, patient: &Caller, doctor: &Caller, demo: &Demo) {
    let anybody = server.caller("");
    let refused = |reply: super::server::Reply| {
        assert!((400..500).contains(&reply.status), "{reply:?}");
    };
    let wrong = json!({ "email": EMAIL, "password": "Kanarienirrtum 1", "carrier": "token" });
    refused(anybody.post("/v1/auth/login", &wrong));
    refused(anybody.post("/v1/auth/verify-email", &json!({ "token": "bo_kanariengeheimnis" })));
    refused(anybody.post("/v1/join/exchange", &json!({ "secret": "bj_kanarienlink" })));
    refused(anybody.ask("POST", "/v1/auth/login", &[], "{\"email\": \"kanarienbruch"));
    refused(anybody.post("/v1/auth/login", &json!({ "kanarienfeld": "kanarienwert" })));
    refused(server.caller("bs_kanarienmarke").get("/v1/me"));
    refused(server.caller("kanarienmarke").get("/v1/me"));
    refused(anybody.get("/v1/me?token=kanarienabfrage"));
    refused(anybody.get("/rtc?access_token=kanarieneintritt"));
    refused(anybody.ask(
        "GET",
        "/v1/me",
        &[("Cookie", "__Host-bedside_session=bs_kanarienkeks")],
        "",
    ));
    refused(patient.post_once("/v1/appointments", "other", &json!({ "hold_id": "kanarienhalt" })));
    refused(patient.post_once(
        "/v1/holds",
        "k",
        &json!({ "service": demo.service, "start": "kanarienzeit" }),
    ));
    let visit = format!("/v1/appointments/{}", demo.appointment);
    refused(doctor.put(&format!("{visit}/note"), Some(9), &json!({ "plan": "Kanarienveraltet" })));
    refused(patient.put(&format!("{visit}/note"), None, &json!({ "plan": "Kanarienverboten" })));
    refused(doctor.get("/v1/patients?name=Kanariensippe&page=kanarienseite&limit=kanarienzahl"));
}

/// Every file below a folder, but the keys; in small letters.
fn files(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files(&path, into);
        } else if name != "data-keys" {
            into.push((name, fs::read(&path).unwrap().to_ascii_lowercase()));
        }
    }
}

/// What stands around a word, if it is there.
fn around(bytes: &[u8], word: &str) -> Option<String> {
    let at = bytes.windows(word.len()).position(|part| part == word.as_bytes())?;
    let part = &bytes[at.saturating_sub(80)..bytes.len().min(at + 80)];
    Some(String::from_utf8_lossy(part).into_owned())
}

/// Whether bytes in small letters hold a word, in whatever case.
fn holds(bytes: &[u8], word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}
