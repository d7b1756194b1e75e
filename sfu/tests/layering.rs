//! The order of `sfu/src`: arrows only go down, and no file imports in a circle. Read from the `use` lines and the
//! written-out paths of the code that ships. A file and its submodules are one unit to each other: what a child takes
//! from its own parent is no import.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests may fail loudly"
)]

use std::path::Path;

#[path = "layering/imports.rs"]
mod imports;

use imports::{Module, circle, imports_of};

/// From the roof to the ground: whoever stands here may use only what stands further down.
const ORDER: [&str; 24] = [
    "handle",
    "driver",
    "shard",
    "room",
    "context",
    "recording",
    "relay",
    "words",
    "config",
    "turn_relay",
    "connection",
    "bwe",
    "timers",
    "egress",
    "rtp",
    "keys",
    "info",
    "metrics",
    "directory",
    "drop_reason",
    "placement",
    "clock",
    "limits",
    "lib",
];

#[test]
fn arrows_only_go_down() {
    let place = |unit: &str| {
        ORDER.iter().position(|one| *one == unit).unwrap_or_else(|| panic!("`{unit}` has no place"))
    };
    for (from, uses) in imports_of(&sources()) {
        let above = unit(&from);
        for to in uses {
            let below = unit(&to);
            assert!(
                above == below || above == "lib" || place(above) < place(below),
                "{} uses {}, which stands above it",
                from.join("/"),
                to.join("/")
            );
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    assert_eq!(circle(&imports_of(&sources())), None);
}

fn sources() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// What a file belongs to in [`ORDER`]. What clients see stands on the ground, since keys name it.
fn unit(module: &Module) -> &str {
    match module.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "lib",
        ["words", "info"] => "info",
        [first, ..] => first,
    }
}
