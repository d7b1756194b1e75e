//! What is fuzzed: one function a target, `run(data)`, which panics when a promise is broken, and what each may cost.
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

/// A target.
pub struct Target {
    /// Also the name of its binary and of its corpus folder.
    pub name: &'static str,
    /// Takes any bytes.
    feed: fn(&[u8]),
    /// Most steps for an input of no bytes: what is set up for each.
    steps_fixed: u64,
    /// Most steps for each further byte.
    steps_per_byte: u64,
}

impl Target {
    const fn new(
        name: &'static str,
        feed: fn(&[u8]),
        steps_fixed: u64,
        steps_per_byte: u64,
    ) -> Self {
        Self { name, feed, steps_fixed, steps_per_byte }
    }

    /// Feeds it. Whatever the input is, it costs in proportion to its length; the promises are each module's.
    pub fn run(&self, data: &[u8]) {
        cost::within(data.len(), self.steps_fixed, self.steps_per_byte, || (self.feed)(data));
    }
}

/// Every target. The bounds of steps are some three times what the dearest inputs took, what is checked afterwards
/// included; parsers have closer ones of their own where that matters.
pub const TARGETS: &[Target] = &[
    Target::new("api_body", api_body::run, 200_000, 400),
    Target::new("data_packet", data_packet::run, 5000, 150),
    Target::new("demultiplexer", demultiplexer::run, 80_000, 100),
    Target::new("dtls_records", dtls_records::run, 300_000, 500),
    Target::new("join_token", join_token::run, 20_000, 400),
    Target::new("relay", relay::run, 10_000, 300),
    Target::new("rtcp", rtcp::run, 5000, 1000),
    Target::new("rtp", rtp::run, 5000, 300),
    Target::new("sctp_packets", sctp_packets::run, 200_000, 500),
    Target::new("sdp", sdp::run, 20_000, 600),
    Target::new("signal_frame", signal_frame::run, 500_000, 600),
    Target::new("srtp_unprotect", srtp_unprotect::run, 100_000, 100),
    Target::new("stun", stun::run, 20_000, 500),
    Target::new("turn_core", turn_core::run, 500_000, 500),
    Target::new("turn_stream", turn_stream::run, 5000, 200),
    Target::new("upgrade_query", upgrade_query::run, 10_000, 100),
];

/// Feeds the target of this name.
///
/// # Panics
/// When a promise is broken, or there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    target.run(data);
}
