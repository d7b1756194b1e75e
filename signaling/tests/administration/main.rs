//! `RoomService` and webhooks over real sockets, with a real media plane behind them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "tests may fail loudly"
)]

mod fixture;
mod participants;
mod recording;
mod refusals;
mod rooms;
mod waiting;
mod webhooks;
