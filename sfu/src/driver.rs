//! The only place with sockets, threads and a clock: reads batches, feeds a shard, sends what it says.

pub(crate) mod busy;
mod departure;
pub(crate) mod inbox;
pub(crate) mod link;
pub(crate) mod node;
mod node_relays;
pub(crate) mod pulse;
pub(crate) mod run;
pub(crate) mod stream;
pub(crate) mod streams;
pub(crate) mod watch;
