//! Words that two crates must agree on.
//!
//! Owns: identifiers, grants and permissions, the join token, the TURN credential, the STUN codec, redaction. Never: I/O, a clock, async,
//! threads. Everything here takes bytes or values in and gives values out, so that the SFU, the signalling server,
//! the TURN server and the scheduling API cannot disagree about them.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "tests may fail loudly"
    )
)]

pub mod ids;
pub mod permission;
pub mod recording;
pub mod redact;
pub mod stun;
pub mod token;
pub mod turn_credential;
