//! The thread that watches the shards' pulses: see `pulse.rs`.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::Duration,
};

use super::{
    node::Node,
    pulse::{Finding, Watch},
};

/// Time between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Ends the watch when it is dropped.
#[derive(Debug)]
pub(crate) struct WatchGuard(#[expect(dead_code, reason = "only dropped")] Sender<()>);

/// Watches until the guard is dropped.
pub(crate) fn start(node: Arc<Node>) -> io::Result<WatchGuard> {
    let (guard, ended) = channel();
    let thread = std::thread::Builder::new().name("shard-watch".to_owned());
    thread.spawn(move || watch(&node, &ended))?;
    Ok(WatchGuard(guard))
}

fn watch(node: &Node, ended: &Receiver<()>) {
    let mut watches: Vec<Watch> = node.pulses().iter().map(|_| Watch::default()).collect();
    while ended.recv_timeout(LOOK_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        for (shard, (watch, pulse)) in (0..).zip(watches.iter_mut().zip(node.pulses())) {
            match watch.look(pulse) {
                Finding::Same => {}
                Finding::Silent => {
                    let place = os::stack::of_thread(pulse.thread());
                    tracing::error!(shard, %place, "a media shard is silent: its calls stand still");
                }
                Finding::Back => tracing::warn!(shard, "a media shard that was silent is back"),
            }
        }
    }
}
