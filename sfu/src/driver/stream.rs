//! The listener's end of a stream.

use std::{net::SocketAddr, sync::Arc};

use turn::framing::Framing;

use super::{node::Node, streams::Ends};
use crate::placement::ShardId;

/// A client's TCP or TLS stream, joined to a shard. Its end ends the client's allocation, or the path that it is.
pub struct Stream {
    number: u32,
    shard: ShardId,
    ends: Arc<Ends>,
    node: Arc<Node>,
}

impl Stream {
    /// Joins a stream from `peer` to a shard. `wake` is called, on the shard's thread, when there is something to receive or
    /// room to send again; it must not block.
    pub(crate) fn open(
        node: Arc<Node>,
        shard: ShardId,
        peer: SocketAddr,
        framing: Framing,
        wake: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        let number = node.streams.next();
        Self { number, shard, ends: Arc::new(Ends::new(peer, framing, wake)), node }
    }

    /// The shard that it is joined to.
    #[must_use]
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// Gives the shard one whole message; false if it must wait until woken.
    #[must_use]
    pub fn try_send(&self, message: &[u8]) -> bool {
        let pushed = self.ends.push_inward(message);
        if pushed == Some(true) {
            self.node.announce_stream(self.shard, self.number, &self.ends);
        }
        pushed.is_some()
    }

    /// The next frame that the client is to be sent.
    #[must_use]
    pub fn receive(&self) -> Option<Vec<u8>> {
        self.ends.pop_outward()
    }

    /// Whether the client takes nothing, so that the stream must end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ends.is_over()
    }

    /// Whether the client has been given an allocation, or its check has been answered.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.ends.is_established()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.ends.close_inward() {
            self.node.announce_stream(self.shard, self.number, &self.ends);
        }
    }
}
