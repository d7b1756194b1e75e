//! The generated pages say what the code says. `UPDATE_DOCS=1 cargo test -p server --test docs` writes them anew.

#![allow(clippy::expect_used, clippy::panic, reason = "tests may fail loudly")]

use std::{path::PathBuf, process::Command};

#[test]
fn config_md_is_up_to_date() {
    compare("CONFIG.md", &["config", "docs"]);
}

#[test]
fn metrics_md_is_up_to_date() {
    compare("METRICS.md", &["metrics-docs"]);
}

fn compare(name: &str, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_bedside")).args(arguments).output();
    let output = output.expect("bedside runs");
    assert!(output.status.success());
    let generated = String::from_utf8(output.stdout).expect("the page is text");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &generated).expect("the page can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "docs/{name} is out of date: run UPDATE_DOCS=1 cargo test -p server --test docs"
    );
}
