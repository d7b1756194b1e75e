//! TURN's sockets: clients' streams on the HTTP listener, ICE's among them, and everything of the role `turn`.
//!
//! Owns: bytes between sockets and the state machines that understand them (`sfu`'s shards, or a `turn::Server`). Never:
//! who may do what.

pub(crate) mod alone;
mod gathering;
pub(crate) mod line;
pub(crate) mod role;
pub(crate) mod stream;
pub(crate) mod urls;

pub(crate) use gathering::Seat;
pub(crate) use line::Service;
