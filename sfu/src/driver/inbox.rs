//! What crosses into a shard's thread, and out of it.

use std::sync::Arc;

use crate::words::{command::Command, event::Event};

/// Called on a shard's thread for each event; must not block.
pub type EventSink = Arc<dyn Fn(Event) + Send + Sync>;

/// What crosses into a shard's thread.
pub(crate) enum Envelope {
    Command(Box<Command>),
    Stop,
}
