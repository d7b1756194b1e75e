//! A TURN server without sockets, clock or threads: bytes and times in, bytes out (RFC 8489, RFC 8656).
//!
//! ```text
//!   client ─► framing ─► Server::handle_client ─┬─► reply          (to the client)
//!                          │ authentication      └─► payload        (to a peer, if the policy and a permission allow)
//!                          │ allocation
//!   peer ───────────────► Server::handle_peer ────► frame + payload (to the client)
//! ```
//!
//! Owns: allocations, permissions, channels, credentials' checks, quotas, who may be a peer. Never: sockets (see
//! [`ports::Ports`]), a clock, an allocation of memory for somebody who has not authenticated.
//!
//! The rule that everything here serves: **a stranger gets little work, no memory, and never more than 1.6 times the
//! bytes that he sent.**

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

mod allocation;
mod authentication;
mod challenge_budget;
pub mod channel_data;
mod client;
pub mod counters;
pub mod framing;
pub mod limits;
pub mod outbox;
pub mod peer_policy;
pub mod ports;
mod server;
mod special;

pub use allocation::AllocationId;
pub use client::Client;
pub use server::{Config, Handled, Server, ToClient};
