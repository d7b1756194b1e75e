//! Each shard's sign of life, and who has shown none for too long.
//!
//! ```text
//!   shard's thread ── beat, once a turn ──► Pulse ◄── look, twice a second ── Watch ─► silent: no new rooms, reported
//!                                                                                 └──► beats again: as if nothing was
//! ```
//!
//! Looks are counted, not time: whoever stops the process stops the watch too, and no shard is silent because of that.
//! Atomics are allowed here, at the edge of the driver: one store a turn.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

/// Looks at an unchanged pulse after which a shard is silent. An idle shard turns once a second: three times that.
const SILENT_LOOKS: u32 = 6;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    turns: AtomicU64,
    thread: AtomicI32,
    is_silent: AtomicBool,
}

impl Pulse {
    /// The shard's thread, as the system numbers it, begins to run.
    pub(crate) fn begin(&self, thread: i32) {
        self.thread.store(thread, Ordering::Relaxed);
    }

    /// A turn begins. Only ever called by the shard's thread.
    pub(crate) fn beat(&self) {
        // One writer: no need for an atomic addition.
        self.turns.store(self.turns.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The system's number of the shard's thread; 0 before it runs.
    pub(crate) fn thread(&self) -> i32 {
        self.thread.load(Ordering::Relaxed)
    }

    /// Whether the shard has shown no life for some seconds.
    pub(crate) fn is_silent(&self) -> bool {
        self.is_silent.load(Ordering::Relaxed)
    }
}

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Nothing new.
    Same,
    /// The shard has fallen silent.
    Silent,
    /// A silent shard beats again.
    Back,
}

/// Watches one pulse.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    turns: u64,
    unchanged: u32,
}

impl Watch {
    /// Looks, and marks the pulse.
    pub(crate) fn look(&mut self, pulse: &Pulse) -> Finding {
        let turns = pulse.turns.load(Ordering::Relaxed);
        let was_silent = pulse.is_silent();
        if turns == self.turns {
            self.unchanged = self.unchanged.saturating_add(1);
        } else {
            (self.turns, self.unchanged) = (turns, 0);
        }
        let is_silent = self.unchanged >= SILENT_LOOKS;
        pulse.is_silent.store(is_silent, Ordering::Relaxed);
        match (was_silent, is_silent) {
            (false, true) => Finding::Silent,
            (true, false) => Finding::Back,
            _ => Finding::Same,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_silent_after_six_looks_without_a_beat_and_until_the_next_beat() {
        let (pulse, mut watch) = (Pulse::default(), Watch::default());
        for _ in 0..10 {
            pulse.beat();
            assert_eq!(watch.look(&pulse), Finding::Same);
            assert_eq!(watch.look(&pulse), Finding::Same);
        }
        for _ in 0..SILENT_LOOKS - 2 {
            assert_eq!((watch.look(&pulse), pulse.is_silent()), (Finding::Same, false));
        }
        assert_eq!((watch.look(&pulse), pulse.is_silent()), (Finding::Silent, true));
        assert_eq!((watch.look(&pulse), pulse.is_silent()), (Finding::Same, true));
        pulse.beat();
        assert_eq!((watch.look(&pulse), pulse.is_silent()), (Finding::Back, false));
        assert_eq!(watch.look(&pulse), Finding::Same);
    }
}
