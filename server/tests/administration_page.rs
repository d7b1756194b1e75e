//! Runs the commands of docs/ADMINISTRATION.md, as a reader would, against a server.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

#[path = "fixtures/folder.rs"]
mod folder;

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use folder::Folder;

/// A development server that ends with the test.
struct Server {
    child: Child,
    http: String,
    /// Where it keeps its data; removed after its end.
    _folder: Folder,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start() -> Server {
    let (folder, mut command) = (Folder::new(), Command::new(env!("CARGO_BIN_EXE_bedside")));
    folder.is_home_of(&mut command);
    let mut child = command
        .args(["all", "--dev", "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .args(["--sfu-udp-port", "0", "--shards", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The line of the greeting that says where it is.
    let mut found = lines.map_while(Result::ok).filter_map(|line| {
        let address = line.trim_start().strip_prefix("http ")?.trim().to_owned();
        Some(address.split_whitespace().next()?.to_owned())
    });
    let http = found.next().unwrap();
    Server { child, http, _folder: folder }
}

/// The commands of the page, in one script.
fn script() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ADMINISTRATION.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_command_of_the_page_does_what_the_page_says() {
    let server = start();
    let binary = Path::new(env!("CARGO_BIN_EXE_bedside")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script()])
        .env("PATH", path)
        .env("BEDSIDE", format!("http://{}", server.http))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = answers.lines().collect();
    let expected = [
        "\"emptyTimeout\":3600",
        "\"name\":\"visit-7\"",
        "\"metadata\":",
        "{}",
        "\"code\":\"not_found\"",
        "\"code\":\"not_found\"",
        "{}",
    ];
    assert_eq!(answers.len(), expected.len(), "{answers:#?}");
    for (answer, expected) in answers.iter().zip(expected) {
        assert!(answer.contains(expected), "{expected} is not in {answer}");
    }
}
