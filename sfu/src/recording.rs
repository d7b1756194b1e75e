//! Recording: packets that a room forwards, written to files by a thread of their own.
//!
//! ```text
//!   room ── Tap (one a track) ── bounded queue ──► Feed ──► writer: reorder ─ frames ─ wall clock ─ Matroska ─► files
//!    └───── notes (joins, mutes, pauses, consent) ──────────►  timeline.jsonl, manifest.json
//! ```
//!
//! A tap takes what has been accepted once and repaired, where it is forwarded. It copies into a buffer that was made
//! when the tap was opened and hands it over; with no buffer left it counts. It never waits, allocates, locks or makes a
//! system call. Whether there may be a tap at all is the room's to decide (`room/recording.rs`): this module asks
//! nobody.

pub(crate) mod assemble;
pub(crate) mod av1;
pub mod counts;
pub(crate) mod depacketize;
pub mod feed;
pub(crate) mod file;
pub(crate) mod h264;
pub(crate) mod manifest;
pub(crate) mod matroska;
pub(crate) mod picture;
pub(crate) mod reel;
pub(crate) mod session;
pub(crate) mod tap;
pub(crate) mod vp9;
pub(crate) mod wall;
pub mod writer;

#[cfg(test)]
mod tests;
