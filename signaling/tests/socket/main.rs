//! The signal socket over real TCP, before a media plane that follows a script.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod closing;
mod fixture;
mod http;
mod joining;
mod whip;
