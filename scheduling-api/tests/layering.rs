//! Which part may use which: arrows only go down.
//!
//! ```text
//! http, worker ─► usecase ─► api ─► ports, store ─► audit, crypto ─► domain ─► random, clock
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

use imports::{Module, circle, imports_of};

/// Each part with the parts that it may name.
const ALLOWED: &[(&str, &[&str])] = &[
    // `http` names the store for one thing: its errors, which `error` turns into problems.
    ("http", &["usecase", "api", "domain", "store", "gate"]),
    ("worker", &["usecase", "api", "domain", "store", "ports"]),
    ("demo", &["usecase", "api", "domain", "store", "crypto", "clock", "gate", "links"]),
    (
        "opening",
        &[
            "usecase", "api", "store", "ports", "crypto", "clock", "random", "gate", "links",
            "outbound",
        ],
    ),
    (
        "usecase",
        &[
            "api",
            "calendar_cache",
            "domain",
            "store",
            "ports",
            "crypto",
            "audit",
            "gate",
            "links",
            "live",
            "outbound",
            "print",
            "random",
        ],
    ),
    (
        "api",
        &[
            "store",
            "domain",
            "calendar_cache",
            "crypto",
            "ports",
            "clock",
            "random",
            "gate",
            "links",
            "live",
            "outbound",
        ],
    ),
    ("live", &["crypto", "domain", "random"]),
    ("outbound", &["domain", "ports"]),
    ("calendar_cache", &["domain"]),
    ("gate", &["crypto", "domain", "random"]),
    ("links", &["crypto", "domain"]),
    ("print", &["domain"]),
    ("ports", &["domain", "store", "crypto", "random"]),
    ("store", &["domain", "audit", "crypto", "random"]),
    ("audit", &["domain"]),
    ("crypto", &["random"]),
    ("domain", &["random"]),
    ("random", &[]),
    ("clock", &[]),
];

/// What parts must not name of other crates.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("usecase", &["axum", "sqlx", "utoipa"]),
    ("store", &["axum", "utoipa"]),
    ("audit", &["axum", "sqlx", "tokio", "utoipa"]),
    ("crypto", &["axum", "sqlx", "tokio", "utoipa"]),
    ("domain", &["axum", "sqlx", "tokio", "utoipa", "tracing"]),
    ("print", &["axum", "sqlx", "tokio", "utoipa", "tracing"]),
    ("http", &["sqlx"]),
];

/// What `http` may name of the store.
const STORE_IN_HTTP: &str = "StoreError";

#[test]
fn arrows_only_go_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let part = part_of(file.strip_prefix(&source).unwrap());
        if part == "lib" {
            continue;
        }
        let (_, allowed) = ALLOWED
            .iter()
            .find(|(name, _)| *name == part)
            .unwrap_or_else(|| panic!("{part} has no rule: {}", file.display()));
        let text = without_tests(&fs::read_to_string(&file).unwrap());
        for name in parts_named(&text) {
            if name != part && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{} names {name}", file.display()));
            }
        }
        for crate_ in FORBIDDEN.iter().filter(|(name, _)| *name == part).flat_map(|(_, all)| *all) {
            if text.contains(&format!("{crate_}::")) {
                wrong.push(format!("{} names {crate_}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Of files and folders beside each other: what is within one is its own affair. So no files are in a circle either.
#[test]
fn neighbours_do_not_use_each_other_in_a_circle() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(circle(&neighbours(&imports_of(&source))), None);
}

#[test]
fn a_circle_through_a_folder_is_found() {
    let module = |path: &str| -> Module { path.split('/').map(str::to_owned).collect() };
    let uses = |from: &str, to: &str| (module(from), BTreeSet::from([module(to)]));
    let files = BTreeMap::from([uses("a/x", "b"), uses("b", "a/y"), uses("a/y", "a/z")]);
    assert_eq!(circle(&files), None);
    assert!(circle(&neighbours(&files)).is_some());
}

/// Which of those that stand beside each other use which.
fn neighbours(files: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut found: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (from, to) in files.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to))) {
        let shared = from.iter().zip(to).take_while(|(one, other)| one == other).count();
        found.entry(from[..=shared].to_vec()).or_default().insert(to[..=shared].to_vec());
    }
    found
}

#[test]
fn http_knows_of_the_store_only_its_errors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    for file in rust_files(&folder) {
        let text = fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("store::") {
            let named = &text[at + "store::".len()..];
            assert!(named.starts_with(STORE_IN_HTTP), "{}: {named:.40}", file.display());
        }
    }
}

#[test]
fn parts_are_found_in_paths_and_in_nested_imports() {
    let text = "use crate::{\n    api::Api,\n    domain::{actor::Caller, id},\n};\nlet a = crate::http::x;";
    assert_eq!(parts_named(text), ["api", "domain", "http"]);
}

fn part_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.strip_suffix(".rs").unwrap_or(first).to_owned()
}

/// First path segments after `crate::`, each once, in order.
fn parts_named(text: &str) -> Vec<String> {
    let mut found = BTreeMap::new();
    for (at, _) in text.match_indices("crate::") {
        // `$crate::` of another crate's macro is not ours; ours names parts all the same.
        let rest = &text[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.insert(identifier(rest), ());
            continue;
        };
        let mut depth = 0_usize;
        let mut item = String::new();
        for character in list.chars() {
            match character {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.insert(identifier(&item), ());
                    item.clear();
                    continue;
                }
                _ => {}
            }
            item.push(character);
        }
        found.insert(identifier(&item), ());
    }
    found.remove("");
    found.into_keys().collect()
}

fn identifier(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Tests may name what they like.
fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name().is_some_and(|name| name != "tests.rs")
        {
            files.push(path);
        }
    }
    files
}
