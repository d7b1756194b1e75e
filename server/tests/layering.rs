//! Who may depend on whom, read from the manifests. No arrow points back.
//!
//! ```text
//! server ──► signaling ──► sfu ──► protocol        signaling sees the sfu through its handle only
//!    ├─────► sfu ──► turn ──► protocol              protocol, turn, sfu: no async runtime, no web framework
//!    ├─────► turn
//!    └─────► scheduling-api ──► protocol            the business knows nothing of media, nor media of it
//! sim, bench, fuzz ► the pure parts                 nothing depends on server, bench or fuzz
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

#[path = "../../sfu/tests/layering/imports.rs"]
mod imports;

/// Every crate of the repository with the crates of the repository that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("os", &[]),
    ("turn", &["protocol"]),
    ("sfu", &["protocol", "os", "turn"]),
    ("signaling", &["protocol", "sfu"]),
    ("scheduling-api", &["protocol"]),
    ("server", &["protocol", "os", "turn", "sfu", "signaling", "scheduling-api"]),
    ("sim", &["protocol", "sfu"]),
    ("bench", &["protocol", "turn", "sfu", "sim"]),
    ("fuzz", &["protocol", "turn", "sfu", "signaling"]),
];

/// Crates of others that a crate of ours must not depend on, not even in tests.
const FORBIDDEN: &[(&str, &[&str])] = &[
    // Words and codecs: bytes and values in, values out. No I/O, clock, async, threads.
    (
        "protocol",
        &["tokio", "axum", "hyper", "mio", "socket2", "sqlx", "reqwest", "dashmap", "webrtc"],
    ),
    // A state machine: no I/O, clock, async, threads.
    (
        "turn",
        &[
            "tokio", "axum", "hyper", "mio", "socket2", "libc", "sqlx", "reqwest", "dashmap",
            "webrtc",
        ],
    ),
    // Threads, no async. `webrtc` is the independent client in the server's tests, never the media path.
    (
        "sfu",
        &["tokio", "axum", "hyper", "sqlx", "reqwest", "dashmap", "webrtc", "livekit-protocol"],
    ),
    // No media.
    ("signaling", &["mio", "socket2", "dimpl", "rtc-sctp", "rtc-sdp", "sqlx", "webrtc"]),
    (
        "scheduling-api",
        &["mio", "socket2", "dimpl", "rtc-sctp", "rtc-sdp", "webrtc", "livekit-protocol"],
    ),
];

/// What signalling may name of the sfu: the door, and the words that pass through it.
const SFU_DOOR: &[&str] =
    &["Handle", "handle", "words", "config", "limits", "metrics", "drop_reason"];

#[test]
fn no_crate_depends_on_one_that_it_must_not_know() {
    let ours: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    for (name, allowed) in ALLOWED {
        let dependencies = dependencies(name);
        let wrong: Vec<_> = dependencies
            .iter()
            .filter(|dependency| ours.contains(dependency.as_str()))
            .filter(|dependency| !allowed.contains(&dependency.as_str()))
            .collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
    for (name, forbidden) in FORBIDDEN {
        let dependencies = dependencies(name);
        let wrong: Vec<_> =
            forbidden.iter().filter(|crate_| dependencies.contains(**crate_)).collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
}

#[test]
fn no_files_of_a_crate_import_each_other_in_a_circle() {
    for (name, _) in ALLOWED {
        let sources = repository().join(name).join("src");
        let found = imports::circle(&imports::imports_of(&sources));
        assert_eq!(found, None, "{name}");
    }
}

#[test]
fn every_crate_of_the_workspace_has_a_rule() {
    let root = read_manifest(&repository().join("Cargo.toml"));
    let members = root.get("workspace").and_then(|workspace| workspace.get("members"));
    let members: BTreeSet<&str> = members
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member.as_str().unwrap())
        .collect();
    let ruled: BTreeSet<&str> =
        ALLOWED.iter().map(|(name, _)| *name).filter(|name| *name != "fuzz").collect();
    assert_eq!(members, ruled);
}

#[test]
fn a_dependency_of_every_kind_is_seen() {
    let manifest = r#"
        [dependencies]
        a = "1"
        [dev-dependencies]
        b.workspace = true
        [build-dependencies]
        c = { package = "c-real", version = "1" }
        [target.'cfg(unix)'.dependencies]
        d = "1"
    "#;
    let expected = ["a", "b", "c-real", "d"].map(String::from);
    assert_eq!(dependencies_of(&manifest.parse().unwrap()), BTreeSet::from(expected));
}

#[test]
fn signalling_sees_the_sfu_only_through_its_door() {
    let mut used = BTreeMap::new();
    for file in rust_files(&repository().join("signaling/src")) {
        for name in names_used_of_sfu(&fs::read_to_string(&file).unwrap()) {
            used.insert(name, file.clone());
        }
    }
    used.retain(|name, _| !SFU_DOOR.contains(&name.as_str()));
    assert!(used.is_empty(), "signaling names parts of the sfu that are not its door: {used:?}");
}

#[test]
fn names_are_found_in_paths_and_in_nested_imports() {
    let source = "use sfu::{Handle, shard::command::{self, Event}, rtp};\nlet a = sfu::room::Room;";
    let expected = ["Handle", "shard", "rtp", "room"].map(String::from);
    assert_eq!(names_used_of_sfu(source), BTreeSet::from(expected));
}

/// First path segments after `sfu::`.
fn names_used_of_sfu(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in source.match_indices("sfu::") {
        let rest = &source[at + "sfu::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            names.insert(identifier(rest));
            continue;
        };
        let mut depth = 0_usize;
        let mut item = String::new();
        for character in list.chars() {
            match character {
                '}' if depth == 0 => break,
                ',' if depth == 0 => {
                    names.insert(identifier(&item));
                    item.clear();
                    continue;
                }
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            item.push(character);
        }
        names.insert(identifier(&item));
    }
    names.remove("");
    names
}

fn identifier(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Names of all crates that a crate of ours depends on, of whatever kind.
fn dependencies(crate_: &str) -> BTreeSet<String> {
    dependencies_of(&read_manifest(&repository().join(crate_).join("Cargo.toml")))
}

fn dependencies_of(manifest: &toml::Table) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables =
        targets.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
    for table in tables.chain([manifest]) {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in
                table.get(kind).and_then(toml::Value::as_table).into_iter().flatten()
            {
                let real = value.get("package").and_then(toml::Value::as_str).unwrap_or(name);
                found.insert(real.to_owned());
            }
        }
    }
    found
}

fn read_manifest(path: &Path) -> toml::Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
