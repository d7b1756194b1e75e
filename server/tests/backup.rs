//! The scheduling API's database: demo clinic, backup, restore, as an operator does it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

#[test]
fn a_backup_restores_the_clinic_that_it_was_made_of() {
    let folder = Folder::new("restores");
    let made = bedside(&folder.0, &["demo"]);
    let clinic = word_after(&made, "clinic");
    succeed(&bedside(&folder.0, &["backup", "backup.db"]));
    fs::remove_file(folder.0.join("bedside-data/bedside.db")).unwrap();
    let restored = bedside(&folder.0, &["restore", "backup.db"]);
    assert!(succeed(&restored).contains("2 audit logs are whole"), "{restored:?}");
    let bytes = fs::read(folder.0.join("bedside-data/bedside.db")).unwrap();
    assert!(bytes.windows(clinic.len()).any(|window| window == clinic.as_bytes()));
}

#[test]
fn a_backup_that_was_tampered_with_is_refused_and_taken_back() {
    let folder = Folder::new("tampered");
    succeed(&bedside(&folder.0, &["demo"]));
    succeed(&bedside(&folder.0, &["backup", "backup.db"]));
    fs::remove_file(folder.0.join("bedside-data/bedside.db")).unwrap();
    let backup = folder.0.join("backup.db");
    let mut bytes = fs::read(&backup).unwrap();
    // The act of an audit entry, in place.
    let at = find(&bytes, b"create_clinicdone");
    bytes[at..at + 6].copy_from_slice(b"delete");
    fs::write(&backup, bytes).unwrap();
    let refused = bedside(&folder.0, &["restore", "backup.db"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("audit log"), "{refused:?}");
    assert!(!folder.0.join("bedside-data/bedside.db").exists());
}

#[test]
fn nothing_that_exists_is_overwritten() {
    let folder = Folder::new("overwritten");
    succeed(&bedside(&folder.0, &["demo"]));
    succeed(&bedside(&folder.0, &["backup", "backup.db"]));
    assert!(!bedside(&folder.0, &["backup", "backup.db"]).status.success());
    assert!(!bedside(&folder.0, &["restore", "backup.db"]).status.success());
    assert!(folder.0.join("bedside-data/bedside.db").exists());
}

#[test]
fn the_first_administrator_is_invited_with_a_link_and_only_the_first() {
    let folder = Folder::new("administrator");
    let invite = |email: &str| bedside(&folder.0, &["admin", "create", "--email", email]);
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
