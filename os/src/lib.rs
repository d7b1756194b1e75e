//! What Linux has and std has not: [batched UDP](udp), the [time](thread) that a thread has used, the [stack] of one that is
//! silent; and the [pace] of a loop that waits for a socket.
//!
//! Owns: all `unsafe` that the server itself has; nothing that is safe to call here can be used unsafely. Never: decides what is
//! sent, or what a datagram means.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::disallowed_methods,
        reason = "tests may fail loudly"
    )
)]

pub mod pace;
pub mod stack;
pub mod thread;
pub mod udp;
