//! What the threads of one node's shards share: the directory of rooms, each shard's last snapshot, and how to wake it.
//!
//! Everything here is locked: the directory at joins and when rooms close, a snapshot once a second. Nothing per
//! packet.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use mio::Waker;

use crate::{
    directory::Directory,
    metrics::Counters,
    placement::{Load, ShardId},
};

/// See the module.
pub(crate) struct Node {
    pub(crate) directory: Directory,
    snapshots: Vec<Mutex<Counters>>,
    wakers: Vec<Waker>,
}

impl Node {
    /// A node of as many shards as there are wakers.
    pub(crate) fn new(wakers: Vec<Waker>) -> Self {
        Self {
            directory: Directory::default(),
            snapshots: wakers.iter().map(|_| Mutex::default()).collect(),
            wakers,
        }
    }

    /// Wakes a shard's thread.
    pub(crate) fn wake(&self, shard: ShardId) -> io::Result<()> {
        self.wakers.get(shard.index()).map_or(Ok(()), Waker::wake)
    }

    /// Replaces a shard's snapshot.
    pub(crate) fn publish(&self, shard: ShardId, counters: Counters) {
        if let Some(snapshot) = self.snapshots.get(shard.index()) {
            *snapshot.lock().unwrap_or_else(PoisonError::into_inner) = counters;
        }
    }

    /// Copies of all snapshots; at most a second old.
    pub(crate) fn counters(&self) -> Vec<Counters> {
        self.read(Counters::clone)
    }

    /// Each shard's load, with the joins it had taken by then.
    pub(crate) fn loads(&self) -> Vec<(Load, u64)> {
        self.read(|counters| (counters.load(), counters.joins))
    }

    fn read<T>(&self, read: impl Fn(&Counters) -> T) -> Vec<T> {
        let lock =
            |one: &Mutex<Counters>| read(&one.lock().unwrap_or_else(PoisonError::into_inner));
        self.snapshots.iter().map(lock).collect()
    }
}
