//! What is fuzzed: one function a target, `run(data)`, which panics when a promise is broken.
//!
//! Owns: the promises (see docs/TESTING.md). Never: anything of libFuzzer, so that `server/tests/fuzz_corpus.rs` can
//! include this file and replay the committed corpora in an ordinary test.

pub mod demultiplexer;
pub mod join_token;
mod rehearsal;
pub mod relay;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod signal_frame;
pub mod srtp_unprotect;
pub mod stun;

/// A target: takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also the name of its binary and of its corpus folder.
pub const TARGETS: &[(&str, Target)] = &[
    ("demultiplexer", demultiplexer::run),
    ("join_token", join_token::run),
    ("relay", relay::run),
    ("rtcp", rtcp::run),
    ("rtp", rtp::run),
    ("sdp", sdp::run),
    ("signal_frame", signal_frame::run),
    ("srtp_unprotect", srtp_unprotect::run),
    ("stun", stun::run),
];
