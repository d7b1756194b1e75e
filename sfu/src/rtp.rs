//! RTP, RTCP and payload formats: bytes in, views and bytes out.
//!
//! Owns the wire formats of RFC 3550, 3551, 8285, 4585, 4588, 5104, 5761 and what follows from them
//! alone (loss detection, arrival records, statistics, the retransmission history). Knows no keys,
//! no rooms and no addresses; works on plaintext. Nothing here panics on any input, and the
//! per-packet functions do not allocate.

pub(crate) mod allowance;
pub mod extension;
pub mod header;
pub mod history;
pub mod ids;
pub mod nack;
pub(crate) mod packet;
pub mod payload;
pub mod reception;
pub(crate) mod rewrite;
pub mod rtcp;
pub mod rtx;
pub mod twcc;
