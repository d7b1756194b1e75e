//! The link between two shards: how a room that is larger than one shard reaches the others.
//!
//! ```text
//!   home shard: Room ─► Outbox ─► batches ─► driver's queue ─► frames ─► Room :edge shard
//!                                 (media and control, in order, one queue for each ordered pair of shards)
//! ```
//!
//! A room has one *home*, with its publishers and the one true roster, and any number of *edges* on other shards, which
//! serve listeners; [`EdgeId`] names one edge for its life, on both sides. What crosses is a wire format
//! ([`wire`]) with control messages in it ([`message`]), because it will cross hosts too. Pure: an [`outbox`] yields
//! batches, [`wire::frames`] reads them; queues and threads are the driver's.
//!
//! A link loses no control message and changes no order. Where that cannot be held, it is *reset*: both shards end every
//! edge between them, and the listeners there join anew.

pub(crate) mod links;
pub mod message;
pub mod outbox;
pub mod wire;

use serde::{Deserialize, Serialize};

use crate::placement::ShardId;

/// One edge of a room: a number that its home shard gives once and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EdgeId(pub u64);

/// A publication as its receiver names it: an edge tells the home under which number it wants to be sent packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrackHandle(pub u64);

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the home to an edge.
    Down,
    /// From an edge to the home.
    Up,
}

/// The other end of an edge's link: the shard that is reached, and which edge is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FarEnd {
    pub(crate) shard: ShardId,
    pub(crate) edge: EdgeId,
}
