//! The only place with sockets, threads and a clock: reads batches, feeds a shard, sends what it says.

mod pace;
pub(crate) mod run;
pub(crate) mod udp;
