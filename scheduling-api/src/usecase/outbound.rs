//! What becomes of a message after its transaction: handed out, sent, told.
//!
//! ```text
//! outbox ─► fan_out ─┬─► delivery (one a recipient and channel) ─► send ─► ports/carry
//!                    └─► live_event ─► tail ─► live (sockets)
//! ```
//!
//! Everything up to a delivery is one transaction: a crash leaves a message handed out or not. From there on the row
//! itself tells what may have gone out.

pub(crate) mod fan_out;
mod parcel;
pub(crate) mod send;
pub(crate) mod tail;
