//! Threads of their own for what TURN relays, which gather datagrams under load, as a shard does (docs/adr/0008): bursts are read
//! and sent in one go, instead of waking up for every packet.
//!
//! ```text
//!   datagrams, and the relays of who comes by them ─► the first thread
//!   a stream, and the relays of whom it belongs to ─► one thread: the first that has room
//! ```
//!
//! What belongs to one client stays on one thread, so that nobody is woken up by another. Each runs a runtime; it naps just
//! before that looks at its sockets.

use std::{
    cell::{Cell, RefCell},
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use os::pace::{Pace, Rest};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use crate::clock;

/// Threads, at most: beyond, the lock around the state machine is what they would wait for.
const THREADS_MAX: usize = 16;

/// Share of a thread, in thousandths, from which on new streams go elsewhere: streams grow.
const FULL: u32 = 500;

/// What a stream will take of a thread, in thousandths, before it has been seen: a call's.
const STREAM: u32 = 4;

thread_local! {
    static PACE: RefCell<Option<Pace>> = const { RefCell::new(None) };
    static HAS_RECEIVED: Cell<bool> = const { Cell::new(false) };
}

/// The running threads. Dropped: they end, and their tasks with them.
#[derive(Debug)]
pub(super) struct Gathering {
    first: Gatherer,
    rest: Vec<Gatherer>,
}

#[derive(Debug)]
struct Gatherer {
    handle: Handle,
    burden: Arc<Burden>,
    _ends: oneshot::Sender<()>,
}

/// What a thread has to do.
#[derive(Debug, Default)]
struct Burden {
    /// Share of its time, in thousandths.
    load: AtomicU32,
    streams: AtomicU32,
}

impl Burden {
    fn share(&self) -> u32 {
        let expected = self.streams.load(Ordering::Relaxed).saturating_mul(STREAM);
        self.load.load(Ordering::Relaxed).max(expected)
    }
}

/// A stream's place on a thread. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    handle: Handle,
    burden: Arc<Burden>,
}

impl Seat {
    fn on(one: &Gatherer) -> Self {
        one.burden.streams.fetch_add(1, Ordering::Relaxed);
        Self { handle: one.handle.clone(), burden: Arc::clone(&one.burden) }
    }

    /// Where its tasks are spawned.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.burden.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gathering {
    /// As many threads as the machine has cores.
    ///
    /// # Errors
    /// When the system has no thread or no descriptor left.
    pub(super) fn start(name: &str) -> io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        let start = |number| Gatherer::start(format!("{name}-{number}"));
        Ok(Self { first: start(0)?, rest: (1..threads).map(start).collect::<io::Result<_>>()? })
    }

    /// Where tasks for datagrams are spawned.
    pub(super) fn datagrams(&self) -> &Handle {
        &self.first.handle
    }

    /// A place for a stream: on the first thread that has room, as streams that share a thread share its wake-ups; where none
    /// has, on the one that has least to do.
    pub(super) fn seat(&self) -> Seat {
        let all = || std::iter::once(&self.first).chain(&self.rest);
        let roomy = all().find(|one| one.burden.share() < FULL);
        let least = || all().min_by_key(|one| one.burden.share());
        Seat::on(roomy.or_else(least).unwrap_or(&self.first))
    }
}

impl Gatherer {
    fn start(name: String) -> io::Result<Self> {
        let burden = Arc::<Burden>::default();
        let seen = Arc::clone(&burden);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .on_thread_unpark(begin)
            .on_thread_park(move || rest(&seen))
            .build()?;
        let handle = runtime.handle().clone();
        let (ends, ended) = oneshot::channel::<()>();
        thread::Builder::new().name(name).spawn(move || {
            os::thread::sleep_precisely();
            // An error says that the other end is gone, which is what is waited for.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { handle, burden, _ends: ends })
    }
}

/// The calling task has found data: gathering was worth it.
pub(super) fn has_received() {
    HAS_RECEIVED.set(true);
}

/// The runtime has something to do.
fn begin() {
    let now = clock::now();
    PACE.with_borrow_mut(|pace| pace.get_or_insert_with(|| Pace::new(now)).begin(now));
}

/// The runtime is about to look at its sockets.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share, 0 to 1")]
fn rest(burden: &Burden) {
    let now = clock::now();
    let (rest, load) = PACE.with_borrow_mut(|pace| {
        let pace = pace.get_or_insert_with(|| Pace::new(now));
        (pace.end(HAS_RECEIVED.take(), now), pace.load())
    });
    burden.load.store((load * 1000.0) as u32, Ordering::Relaxed);
    if let Rest::Nap(nap) = rest
        && !nap.is_zero()
    {
        #[expect(
            clippy::disallowed_methods,
            reason = "a thread of its own, which gathers meanwhile"
        )]
        thread::sleep(nap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_share_a_thread_until_it_is_half_busy_and_then_the_least_busy_one() {
        let start = |number| Gatherer::start(format!("test-{number}")).unwrap();
        let gathering = Gathering { first: start(0), rest: vec![start(1), start(2)] };
        let streams = || {
            let all = std::iter::once(&gathering.first).chain(&gathering.rest);
            all.map(|one| one.burden.streams.load(Ordering::Relaxed)).collect::<Vec<_>>()
        };
        let each = FULL.div_ceil(STREAM);
        let mut seats: Vec<_> = (0..each).map(|_| gathering.seat()).collect();
        assert_eq!(streams(), [each, 0, 0]);
        seats.extend((0..2 * each).map(|_| gathering.seat()));
        assert_eq!(streams(), [each, each, each]);
        seats.extend((0..3).map(|_| gathering.seat()));
        assert_eq!(streams(), [each + 1, each + 1, each + 1]);
        seats.clear();
        assert_eq!(streams(), [0, 0, 0]);
    }
}
