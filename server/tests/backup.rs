//! The scheduling API's database: demo clinic, backup, restore, as an operator does it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

#[path = "fixtures/folder.rs"]
mod folder;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use folder::Folder;

#[test]
fn a_backup_restores_the_clinic_that_it_was_made_of() {
    let folder = Folder::new();
    let made = bedside(folder.path(), &["demo"]);
    let clinic = word_after(&made, "clinic");
    succeed(&bedside(folder.path(), &["backup", "backup.db"]));
    fs::remove_file(folder.path().join("bedside-data/bedside.db")).unwrap();
    let restored = bedside(folder.path(), &["restore", "backup.db"]);
    assert!(succeed(&restored).contains("2 audit logs are whole"), "{restored:?}");
    let bytes = fs::read(folder.path().join("bedside-data/bedside.db")).unwrap();
    assert!(bytes.windows(clinic.len()).any(|window| window == clinic.as_bytes()));
}

#[test]
fn an_audit_log_that_was_changed_is_found() {
    let folder = Folder::new();
    succeed(&bedside(folder.path(), &["demo"]));
    let whole = bedside(folder.path(), &["admin", "verify-audit"]);
    assert!(succeed(&whole).contains("2 audit logs are whole"), "{whole:?}");
    // Past the database's own guards, in the file.
    let path = folder.path().join("bedside-data/bedside.db");
    let mut bytes = fs::read(&path).unwrap();
    let at = find(&bytes, b"create_clinicdone");
    bytes[at..at + 6].copy_from_slice(b"delete");
    fs::write(&path, bytes).unwrap();
    let changed = bedside(folder.path(), &["admin", "verify-audit"]);
    assert_eq!(changed.status.code(), Some(1));
    let said = String::from_utf8_lossy(&changed.stderr);
    assert!(said.contains("is not what was written, from "), "{said}");
    fs::remove_file(&path).unwrap();
    let nowhere = bedside(folder.path(), &["admin", "verify-audit"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(!path.exists(), "a check makes no database");
}

#[test]
fn a_backup_tells_nothing_of_the_demo_clinics_patients() {
    let folder = Folder::new();
    succeed(&bedside(folder.path(), &["demo"]));
    succeed(&bedside(folder.path(), &["backup", "backup.db"]));
    let bytes = fs::read(folder.path().join("backup.db")).unwrap();
    let is_there = |word: &str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    // What anybody may read is found by the same search.
    for public in ["Mwangaza Clinic", "Dr. Amara Osei", "Video visit"] {
        assert!(is_there(public), "{public} is public, and not found: the search finds nothing");
    }
    // Of names, a note, a prescription, the record, a thread and a review (`scheduling-api/src/demo/history.rs`).
    for secret in [
        "Zainab",
        "Hassan",
        "worse at night",
        "Breathes easily",
        "Salbutamol",
        "Penicillin",
        "Asthma",
        "brushing my teeth",
        "Rinse your mouth",
        "I waited ten minutes",
        "patient@bedside.example",
    ] {
        assert!(!is_there(secret), "{secret}");
    }
}

#[test]
fn a_backup_that_was_tampered_with_is_refused_and_taken_back() {
    let folder = Folder::new();
    succeed(&bedside(folder.path(), &["demo"]));
    succeed(&bedside(folder.path(), &["backup", "backup.db"]));
    fs::remove_file(folder.path().join("bedside-data/bedside.db")).unwrap();
    let backup = folder.path().join("backup.db");
    let mut bytes = fs::read(&backup).unwrap();
    // The act of an audit entry, in place.
    let at = find(&bytes, b"create_clinicdone");
    bytes[at..at + 6].copy_from_slice(b"delete");
    fs::write(&backup, bytes).unwrap();
    let refused = bedside(folder.path(), &["restore", "backup.db"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("audit log"), "{refused:?}");
    assert!(!folder.path().join("bedside-data/bedside.db").exists());
}

#[test]
fn nothing_that_exists_is_overwritten() {
    let folder = Folder::new();
    succeed(&bedside(folder.path(), &["demo"]));
    succeed(&bedside(folder.path(), &["backup", "backup.db"]));
    assert!(!bedside(folder.path(), &["backup", "backup.db"]).status.success());
    assert!(!bedside(folder.path(), &["restore", "backup.db"]).status.success());
    assert!(folder.path().join("bedside-data/bedside.db").exists());
}

#[test]
fn the_first_administrator_is_invited_with_a_link_and_only_the_first() {
    let folder = Folder::new();
    let invite = |email: &str| bedside(folder.path(), &["admin", "create", "--email", email]);
    assert!(!invite("nobody").status.success());
    let link = succeed(&invite("root@clinic.example"));
    assert!(link.starts_with("http://localhost:7880/invitation#token=bo_"), "{link}");
}

fn bedside(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedside"));
    command.args(arguments).current_dir(folder).output().unwrap()
}

fn succeed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn word_after(output: &Output, word: &str) -> String {
    let text = succeed(output);
    let line = text.lines().find(|line| line.starts_with(word)).unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|window| window == wanted).unwrap()
}
