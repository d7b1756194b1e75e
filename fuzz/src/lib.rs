//! What is fuzzed: one function a target, `run(data)`, which panics when a promise is broken.
//!
//! Owns: the promises (see docs/TESTING.md). Never: anything of libFuzzer, so that `server/tests/fuzz_corpus.rs` can
//! include this file and replay the committed corpora in an ordinary test.

pub mod api_body;
pub mod cost;
pub mod data_packet;
pub mod demultiplexer;
pub mod dtls_records;
pub mod join_token;
pub mod pieces;
mod rehearsal;
pub mod relay;
pub mod rtcp;
pub mod rtp;
pub mod sctp_packets;
pub mod sdp;
pub mod signal_frame;
pub mod srtp_unprotect;
pub mod stun;
pub mod turn_core;
pub mod turn_stream;
pub mod upgrade_query;

/// A target: takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also the name of its binary and of its corpus folder.
pub const TARGETS: &[(&str, Target)] = &[
    ("api_body", api_body::run),
    ("data_packet", data_packet::run),
    ("demultiplexer", demultiplexer::run),
    ("dtls_records", dtls_records::run),
    ("join_token", join_token::run),
    ("relay", relay::run),
    ("rtcp", rtcp::run),
    ("rtp", rtp::run),
    ("sctp_packets", sctp_packets::run),
    ("sdp", sdp::run),
    ("signal_frame", signal_frame::run),
    ("srtp_unprotect", srtp_unprotect::run),
    ("stun", stun::run),
    ("turn_core", turn_core::run),
    ("turn_stream", turn_stream::run),
    ("upgrade_query", upgrade_query::run),
];
