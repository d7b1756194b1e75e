//! The binary with a key service: its key file opens nothing alone, a service that is away is answered 503 and never
//! hangs, and all is well when it is back.

use std::{fs, path::Path, process::Command};

use serde_json::json;

use super::{
    folder::Folder,
    server::{Demo, PATIENCE, Server, bedside, pause, said},
    vault::{FakeVault, Mood},
};

fn guarded(folder: &Path, vault: &FakeVault) -> Command {
    let mut command = bedside(folder);
    command
        .env("BEDSIDE_KEY_SERVICE_URL", vault.url())
        .env("BEDSIDE_KEY_SERVICE_KEY", "transit/bedside")
        .env("BEDSIDE_KEY_SERVICE_TOKEN_FILE", folder.join("token"))
        .env("BEDSIDE_KEY_SERVICE_KEEP_S", "1");
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clinics_keys_are_wrapped_and_nobody_hangs_while_the_service_is_away() {
    let folder = Folder::new();
    let home = folder.path().to_owned();
    let vault = FakeVault::start("hvs.token").await;
    fs::write(home.join("token"), "hvs.token\n").unwrap();
    // A clinic that had a plain file.
    let demo = Demo::make(&mut bedside(&home));
    let plain = fs::read_to_string(home.join("data-keys")).unwrap();
    let served = vault.clone();
    tokio::task::spawn_blocking(move || story(&home, &plain, &demo, &served)).await.unwrap();
}

fn story(home: &Path, plain: &str, demo: &Demo, vault: &FakeVault) {
    let serve = ["scheduling-api", "--http=127.0.0.1:0"];
    let unwrapped = guarded(home, vault).args(serve).output().unwrap();
    let why = String::from_utf8_lossy(&unwrapped.stderr).into_owned();
    assert!(!unwrapped.status.success() && why.contains("wrap-keys"), "{why}");
    said(&guarded(home, vault).args(["admin", "wrap-keys"]).output().unwrap());
    let wrapped = fs::read_to_string(home.join("data-keys")).unwrap();
    for line in plain.lines().filter(|line| !line.starts_with('#')) {
        let (_, key) = line.split_once(": ").unwrap();
        assert!(!wrapped.contains(key));
    }
    let alone = bedside(home).args(serve).output().unwrap();
    assert!(!alone.status.success(), "the file alone opens nothing");

    let server = Server::start(guarded(home, vault).args(serve));
    let patient = server.sign_in("patient@bedside.example", &demo.patients_password);
    let profile = format!("/v1/patients/{}", demo.patient);
    assert_eq!(patient.get(&profile).ok()["profile"]["given_name"], "Asha");
    for mood in [Mood::Sealed, Mood::Silent] {
        vault.feel(mood);
        let away = until(|| (patient.get(&profile).status == 503).then(|| patient.get(&profile)));
        assert_eq!(away.body["type"], json!("urn:bedside:problem:unavailable"), "{away:?}");
        assert!(away.header("retry-after").is_some());
        // What opens nothing goes on, and nobody waits for the service.
        patient.get("/v1/clinics").ok();
        vault.feel(Mood::Well);
        until(|| (patient.get(&profile).status == 200).then_some(()));
    }
    vault.rotate();
    said(&guarded(home, vault).args(["admin", "wrap-keys"]).output().unwrap());
    let anew = fs::read_to_string(home.join("data-keys")).unwrap();
    assert!(anew.contains("vault:v2:") && !anew.contains("vault:v1:"), "{anew}");
    let (status, written) = server.stop();
    assert!(status.success());
    assert!(!written.contains("hvs.token"), "no token is logged");
    let again = Server::start(guarded(home, vault).args(serve));
    assert_eq!(again.caller(&patient.token).get(&profile).status, 200);
    drop(again);
    // At the start a service that is away is told, and not waited for.
    vault.feel(Mood::Sealed);
    let sealed = guarded(home, vault).args(serve).output().unwrap();
    let why = String::from_utf8_lossy(&sealed.stderr).into_owned();
    assert!(!sealed.status.success() && why.contains("Vault is sealed"), "{why}");
}

/// Looks again and again.
fn until<T>(look: impl Fn() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / 20 {
        if let Some(found) = look() {
            return found;
        }
        pause();
    }
    panic!("never so");
}
