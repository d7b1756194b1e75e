//! The binary under attack, with a call that goes on: strangers, participants and an operator's bad day.
//!
//! One file a subject. Every attack is bounded in time and rate, and aims at a server of its own on loopback. Beside it
//! two native clients (`tests/native_client`) talk to each other and must not lose a packet. What is attacked by
//! simulation is in `sim/tests/hostile.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, and wait for a real server"
)]

#[allow(dead_code, reason = "the native client's own tests need more of it")]
#[path = "../native_client/binary.rs"]
mod binary;
#[path = "../fixtures/folder.rs"]
mod folder;
#[path = "../native_client/line.rs"]
mod line;
#[allow(dead_code, reason = "the native client's own tests need more of it")]
#[path = "../native_client/media.rs"]
mod media;
#[allow(dead_code, reason = "the native client's own tests need more of it")]
#[path = "../native_client/participant.rs"]
mod participant;
#[path = "../native_client/peer.rs"]
mod peer;
#[allow(dead_code, reason = "the native client's own tests need more of it")]
#[path = "../native_client/state.rs"]
mod state;

mod attacker;
mod victims;

mod clinic;
mod connections;
mod datagrams;
mod exposure;
mod http;
mod logs;
mod nodes;
mod readers;
mod relay;
mod requests;
mod sessions;
mod soak;
mod stopping;
mod turn;

use std::time::Duration;

/// Far longer than anything takes: what hangs fails instead of blocking the whole run.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long an attack goes on.
const ATTACK: Duration = Duration::from_secs(3);

/// Attacks take turns: two at once would measure each other.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
