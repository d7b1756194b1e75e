//! Documents name files that exist, and their links lead somewhere.

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
};

/// Documents with promises about files: all Markdown at the root and under docs/.
fn documents() -> Vec<PathBuf> {
    let root = repository();
    let folders = [root.clone(), root.join("docs"), root.join("docs/adr")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

#[test]
fn every_file_named_in_a_document_exists() {
    let mut missing = Vec::new();
    for document in documents() {
        for name in quoted(&fs::read_to_string(&document).unwrap()) {
            if names_a_file(&name) && !repository().join(&name).exists() {
                missing.push(format!("{}: {name}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "no such file:\n{}", missing.join("\n"));
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let mut broken = Vec::new();
    for document in documents() {
        for target in links(&fs::read_to_string(&document).unwrap()) {
            if !document.parent().unwrap().join(&target).exists() {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn names_and_links_are_found() {
    let text = "see `sfu/src/x.rs`, `word` and [a](b/c.md#d), [e](https://f.example), ![g](h.png)";
    let names: Vec<_> = quoted(text).into_iter().filter(|name| names_a_file(name)).collect();
    assert_eq!(names, ["sfu/src/x.rs"]);
    assert_eq!(links(text), ["b/c.md", "h.png"]);
}

/// A path from the root of the repository, without a pattern in it and not made by a build or a test.
fn names_a_file(name: &str) -> bool {
    let folders = [
        "protocol/",
        "sfu/",
        "signaling/",
        "server/",
        "turn/",
        "scheduling-api/",
        "sim/",
        "bench/",
        "deploy/",
        "examples/",
        "fuzz/",
        "clients/",
        "docs/",
        "scripts/",
        ".ci/",
    ];
    let made = ["fuzz/artifacts", "fuzz/grown"];
    folders.iter().any(|folder| name.starts_with(folder))
        && !made.iter().any(|made| name.starts_with(made))
        && !name.contains(['*', '<', ' '])
}

/// What stands between single backticks.
fn quoted(text: &str) -> Vec<String> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// Relative link targets, without their fragment.
fn links(text: &str) -> Vec<String> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .map(|target| target.split('#').next().unwrap_or(target).to_owned())
        .collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
