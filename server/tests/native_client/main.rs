//! An independent native client publishes and subscribes through the real binary.
//!
//! The client is the full `webrtc` stack (ICE, DTLS, SRTP, SCTP, interceptors) behind LiveKit's
//! signalling with two peer connections. Its media are numbered, so that every packet can be told
//! from every other and compared byte for byte with what was sent.
//!
//! This is the only test that links that stack.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

#[allow(dead_code, reason = "tests/hostile needs more of it")]
mod binary;
#[path = "../fixtures/folder.rs"]
mod folder;
mod line;
mod media;
#[allow(dead_code, reason = "the suite of attacks needs more of it")]
mod participant;
mod peer;
mod scenarios;
mod state;
mod stops;
mod visit;

use std::time::Duration;

/// Far longer than anything takes: what hangs fails instead of blocking the whole run.
const PATIENCE: Duration = Duration::from_secs(60);
