//! The world: a virtual clock, lossy links, virtual clients and oracles around the real media plane.
//!
//! ```text
//!   VirtualClient ──datagram──► link (delay, loss, reorder, duplicate) ──► sfu::shard::Shard
//!        ▲  requests, messages: the words of sfu::words::command              │
//!        └──────────────── link ◄── wire oracle: no nonce twice ◄─────────────┘
//! ```
//!
//! Owns: clients that do what a browser does (ICE, DTLS, SRTP, RTCP, SCTP, offer and answer), media that can be checked
//! packet by packet, a [`World`] in which a minute takes a moment, and a [`Stage`](stage::Stage) on which the shard's share
//! can be measured alone. Never: sockets, threads or the real clock; a load generator that wants those drives
//! [`VirtualClient`] itself.
//!
//! Loss, delay and order are decided by the seed. The bytes of DTLS handshakes are not: their keys come from the
//! system.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a simulator may fail loudly: nothing here serves the network"
)]

pub mod channels;
pub mod client;
pub mod delivery;
pub mod encoder;
pub mod envelope;
pub mod ice_role;
pub mod incoming;
pub mod judge;
pub mod link;
pub mod listener;
pub mod media;
pub mod nat;
pub mod oracle;
pub mod outgoing;
pub mod playout_delay;
pub mod rate_control;
pub mod screen;
pub mod sdp;
pub mod stage;
pub mod transport;
pub mod transport_feedback;
pub mod viewer;
pub mod world;

pub use client::{Asking, ClientConfig, TrackSpec, VirtualClient};
pub use envelope::Envelope;
pub use judge::{Judgement, judge};
pub use link::{Burst, Link, QueueLimit};
pub use nat::{Dependence, NatKind};
pub use transport::{Identity, Side};
pub use world::{ClientId, World};
