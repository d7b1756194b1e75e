//! The clinic's half of the binary, asked over its own wire: alone, guarded by a key service, and with a log that tells
//! nothing about people.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    dead_code,
    unreachable_pub,
    reason = "tests may fail loudly, and use parts of what stories of others are told with"
)]

mod alone;
mod canaries;
#[path = "../fixtures/folder.rs"]
mod folder;
mod guarded_keys;
mod server;
#[path = "../../../scheduling-api/tests/fakes/smtp.rs"]
mod smtp;
#[path = "../../../scheduling-api/tests/fakes/vault.rs"]
mod vault;
