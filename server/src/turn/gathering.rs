//! A thread of its own for datagrams, which gathers them under load, as a shard does (docs/adr/0008): bursts are read and sent
//! in one go, instead of waking up for every packet.
//!
//! The thread runs a runtime; it naps just before that looks at its sockets.

use std::{
    cell::{Cell, RefCell},
    io, thread,
};

use os::pace::{Pace, Rest};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use crate::clock;

thread_local! {
    static PACE: RefCell<Option<Pace>> = const { RefCell::new(None) };
    static HAS_RECEIVED: Cell<bool> = const { Cell::new(false) };
}

/// The running thread. Dropped: it ends, and its tasks with it.
#[derive(Debug)]
pub(super) struct Gathering {
    handle: Handle,
    _ends: oneshot::Sender<()>,
}

impl Gathering {
    /// # Errors
    /// When the system has no thread or no descriptor left.
    pub(super) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .on_thread_unpark(begin)
            .on_thread_park(rest)
            .build()?;
        let handle = runtime.handle().clone();
        let (ends, ended) = oneshot::channel::<()>();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            os::thread::sleep_precisely();
            // An error says that the other end is gone, which is what is waited for.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { handle, _ends: ends })
    }

    /// Where its tasks are spawned.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// The calling task has found datagrams: gathering was worth it.
pub(super) fn has_received() {
    HAS_RECEIVED.set(true);
}

/// The runtime has something to do.
fn begin() {
    let now = clock::now();
    PACE.with_borrow_mut(|pace| pace.get_or_insert_with(|| Pace::new(now)).begin(now));
}

/// The runtime is about to look at its sockets.
fn rest() {
    let now = clock::now();
    let rest = PACE.with_borrow_mut(|pace| {
        pace.get_or_insert_with(|| Pace::new(now)).end(HAS_RECEIVED.take(), now)
    });
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
