//! What all recordings of a node have come to: counted by the writer, read by metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// What all recordings of this node have come to.
#[derive(Debug, Default)]
pub struct Counts {
    active: AtomicU64,
    frames: AtomicU64,
    bytes: AtomicU64,
    gaps: AtomicU64,
    lost: AtomicU64,
    missed: AtomicU64,
    failed: AtomicU64,
}

/// A copy of the counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Recordings that are asked for, run or pause (gauge).
    pub active: u64,
    /// Frames written.
    pub frames: u64,
    /// Bytes of frames written.
    pub bytes: u64,
    /// Gaps marked.
    pub gaps: u64,
    /// Packets that never came.
    pub lost_packets: u64,
    /// Packets that our disk was too slow for.
    pub missed_packets: u64,
    /// Recordings that had to end.
    pub failed: u64,
}

impl Counts {
    pub(crate) fn count_frame(&self, bytes: usize) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_gap(&self, lost: u64, missed: u64) {
        self.gaps.fetch_add(1, Ordering::Relaxed);
        self.lost.fetch_add(lost, Ordering::Relaxed);
        self.missed.fetch_add(missed, Ordering::Relaxed);
    }

    pub(crate) fn count_failure(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_active(&self, recordings: usize) {
        self.active.store(recordings as u64, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counters {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counters {
            active: read(&self.active),
            frames: read(&self.frames),
            bytes: read(&self.bytes),
            gaps: read(&self.gaps),
            lost_packets: read(&self.lost),
            missed_packets: read(&self.missed),
            failed: read(&self.failed),
        }
    }
}
