//! Replays the committed fuzz corpora: every input that once taught something, through the function that is fuzzed.
//!
//! The targets are included as source, so nothing of libFuzzer is built here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::{fs, panic, path::Path};

#[path = "../../fuzz/src/lib.rs"]
#[allow(
    unreachable_pub,
    dead_code,
    unexpected_cfgs,
    reason = "the fuzz crate exports more than is used here, and is told by cargo fuzz that it is fuzzed"
)]
mod targets;

#[test]
fn every_input_of_every_corpus_is_survived() {
    let mut failed = Vec::new();
    for target in targets::TARGETS {
        let name = target.name;
        let folder = fuzz().join("corpus").join(name);
        let mut inputs = 0;
        for entry in fs::read_dir(&folder).unwrap_or_else(|_| panic!("no corpus for {name}")) {
            let path = entry.unwrap().path();
            let input = fs::read(&path).unwrap();
            inputs += 1;
            if panic::catch_unwind(|| target.run(&input)).is_err() {
                failed.push(path);
            }
        }
        assert!(inputs > 0, "the corpus of {name} is empty");
        println!("{name}: {inputs} inputs");
    }
    assert!(failed.is_empty(), "broken promises: {failed:#?}");
}

#[test]
fn every_target_has_a_binary_and_no_binary_lacks_a_target() {
    let mut binaries: Vec<String> = fs::read_dir(fuzz().join("fuzz_targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    binaries.sort();
    let names: Vec<&str> = targets::TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(binaries, names);
}

fn fuzz() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz"))
}
