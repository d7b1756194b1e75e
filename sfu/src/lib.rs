//! The media plane: a selective forwarding unit (SFU) for rooms of a few people.
//!
//! ```text
//!            datagram                                              datagrams
//!               │                                                      ▲
//!   driver ─► shard ─► demux ─► connection ─► room ─► forward ─► egress ─► driver
//!                        STUN·DTLS·SRTP         per subscription: switch, rewrite, seal
//! ```
//!
//! Owns: everything between a received datagram and the datagrams that follow from it. Never: async, a lock or an
//! allocation on the packet path, a clock or a socket outside `driver/`.
//!
//! A client behind a closed network comes through TURN on the same port: `turn_relay` unwraps what it sends and wraps what it
//! is sent, and everything between does not notice.
//!
//! The one invariant: **a room has one home shard, and a shard is one thread that owns everything in it.** Only values
//! cross: [`Command`](words::command::Command)s in and [`Event`](words::event::Event)s out through [`Handle`], and the
//! batches of a [`relay`] between the home of a large room and its edges on other shards.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::disallowed_methods,
        clippy::too_many_lines,
        reason = "tests may fail loudly"
    )
)]

pub mod bwe;
pub(crate) mod clock;
pub mod config;
pub mod connection;
pub(crate) mod context;
pub mod directory;
mod driver;
pub mod drop_reason;
pub mod egress;
pub mod handle;
pub(crate) mod keys;
pub mod limits;
pub mod metrics;
pub mod placement;
pub mod recording;
pub mod relay;
pub mod room;
pub mod rtp;
pub mod shard;
pub mod timers;
pub(crate) mod turn_relay;
pub mod words;

pub use handle::Handle;
