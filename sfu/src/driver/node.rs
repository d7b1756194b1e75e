//! What the threads of one node's shards share: the directory of rooms, each shard's last snapshot and pulse, the links
//! between them, and how to wake them.
//!
//! Everything here is locked: the directory at joins and when rooms close, a snapshot once a second, a link once a
//! batch. Nothing per packet.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use mio::Waker;

use super::{
    link::{Link, Pushed},
    pulse::Pulse,
    streams::{Arrivals, Ends, StreamNumbers},
};
use crate::{
    directory::Directory,
    metrics::Counters,
    placement::{Load, ShardId},
    relay::outbox::Batch,
};

/// See the module.
pub(crate) struct Node {
    pub(crate) directory: Directory,
    snapshots: Vec<Mutex<Counters>>,
    pulses: Vec<Pulse>,
    wakers: Vec<Waker>,
    /// By sender and receiver, row by row.
    links: Vec<Link>,
    /// By receiver: something may wait in its links.
    mail: Vec<AtomicBool>,
    pub(crate) streams: StreamNumbers,
    /// By shard: streams to look at.
    arrivals: Vec<Arrivals>,
}

impl Node {
    /// A node of as many shards as there are wakers.
    pub(crate) fn new(wakers: Vec<Waker>) -> Self {
        Self {
            directory: Directory::default(),
            snapshots: wakers.iter().map(|_| Mutex::default()).collect(),
            pulses: wakers.iter().map(|_| Pulse::default()).collect(),
            links: (0..wakers.len() * wakers.len()).map(|_| Link::default()).collect(),
            mail: wakers.iter().map(|_| AtomicBool::new(false)).collect(),
            streams: StreamNumbers::default(),
            arrivals: wakers.iter().map(|_| Arrivals::default()).collect(),
            wakers,
        }
    }

    /// Wakes a shard's thread.
    pub(crate) fn wake(&self, shard: ShardId) -> io::Result<()> {
        self.wakers.get(shard.index()).map_or(Ok(()), Waker::wake)
    }

    /// Hands a batch from one shard to another, which is woken if it may sleep.
    pub(crate) fn push(
        &self,
        from: ShardId,
        to: ShardId,
        batch: Batch,
    ) -> (Pushed, Option<Vec<u8>>) {
        let Some(link) = self.link(from, to) else { return (Pushed::Dropped(batch.packets), None) };
        let (pushed, buffer) = link.push(batch);
        if pushed == (Pushed::Taken { wake: true }) {
            self.announce(to);
        }
        (pushed, buffer)
    }

    /// Resets a link; answers how many packets are lost.
    pub(crate) fn reset(&self, from: ShardId, to: ShardId) -> u64 {
        let lost = self.link(from, to).map_or(0, Link::reset);
        self.announce(to);
        lost
    }

    /// The links that lead to a shard, if something may wait in them.
    pub(crate) fn mail(&self, to: ShardId) -> impl Iterator<Item = (ShardId, &Link)> {
        let has_mail =
            self.mail.get(to.index()).is_some_and(|mail| mail.swap(false, Ordering::AcqRel));
        let shards = if has_mail { self.wakers.len() } else { 0 };
        (0..shards)
            .filter_map(|from| u16::try_from(from).ok().map(ShardId))
            .filter(move |from| *from != to)
            .filter_map(move |from| Some((from, self.link(from, to)?)))
    }

    /// Gives a buffer back that came over a link and has been read.
    pub(crate) fn give_back(&self, from: ShardId, to: ShardId, buffer: Vec<u8>) {
        if let Some(link) = self.link(from, to) {
            link.give_back(buffer);
        }
    }

    /// Has a shard look at a stream.
    pub(crate) fn announce_stream(&self, shard: ShardId, number: u32, ends: &Arc<Ends>) {
        if let Some(arrivals) = self.arrivals.get(shard.index()) {
            arrivals.announce(number, Arc::clone(ends));
        }
        // A shard that has stopped serves no streams.
        let _ = self.wake(shard);
    }

    /// Moves the streams that a shard is to look at into its queue.
    pub(crate) fn take_arrivals(&self, shard: ShardId, queue: &mut VecDeque<(u32, Arc<Ends>)>) {
        if let Some(arrivals) = self.arrivals.get(shard.index()) {
            arrivals.take(queue);
        }
    }

    fn link(&self, from: ShardId, to: ShardId) -> Option<&Link> {
        let shards = self.wakers.len();
        let is_known = from.index() < shards && to.index() < shards;
        self.links.get(from.index() * shards + to.index()).filter(|_| is_known)
    }

    /// The flag first: a receiver that wakes in between must find it.
    fn announce(&self, to: ShardId) {
        if let Some(mail) = self.mail.get(to.index()) {
            mail.store(true, Ordering::Release);
        }
        // A shard that has stopped needs no mail.
        let _ = self.wake(to);
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
        let mut loads = self.read(|counters| (counters.load(), counters.joins));
        for ((load, _), pulse) in loads.iter_mut().zip(&self.pulses) {
            load.is_silent = pulse.is_silent();
        }
        loads
    }

    /// Each shard's sign of life.
    pub(crate) fn pulses(&self) -> &[Pulse] {
        &self.pulses
    }

    /// Whether a shard has shown no sign of life for some seconds.
    pub(crate) fn is_silent(&self, shard: ShardId) -> bool {
        self.pulses.get(shard.index()).is_some_and(Pulse::is_silent)
    }

    fn read<T>(&self, read: impl Fn(&Counters) -> T) -> Vec<T> {
        let lock =
            |one: &Mutex<Counters>| read(&one.lock().unwrap_or_else(PoisonError::into_inner));
        self.snapshots.iter().map(lock).collect()
    }
}
