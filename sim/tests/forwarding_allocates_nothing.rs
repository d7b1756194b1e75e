//! Counts Rust allocations of a whole shard while media flows through it: everything that comes in, what is sent to
//! others, what is lost and sent again, all feedback. Per packet there must be none.
//!
//! The functions below the shard have a test of their own in `sfu/tests/packet_path_allocates_nothing.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
    time::Duration,
};

use sim::{
    TrackSpec,
    stage::{Cast, Losses, Stage, is_media},
};

/// Buffers reach their lasting size in it.
const WARM_UP: Duration = Duration::from_secs(10);
const MEASURED: Duration = Duration::from_secs(10);
/// What a room does without packets, as telling who speaks, it does once in this time.
const ROOM_WINDOW: Duration = Duration::from_millis(400);

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed to the system's allocator unchanged; counting touches only a
// constant-initialised thread-local, which does not allocate. Growing goes through `alloc` too.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_counter_counts() {
    let (_, one) = allocations(|| black_box(Box::new(0_u64)));
    assert_eq!(one, 1);
    let mut many = Vec::with_capacity(1);
    let (_, growing) = allocations(|| many.extend(black_box([1_u64, 2, 3])));
    assert!(growing >= 1);
}

#[test]
fn a_consultation_on_a_clean_network_is_forwarded_without_allocation() {
    let tally = measure(Losses::default(), false);
    assert!(tally.media > 8_000 && tally.feedback > 500, "{tally:?}");
    assert_eq!((tally.nacks, tally.retransmissions), (0, 0), "{tally:?}");
    tally.check();
}

#[test]
fn losses_both_ways_are_asked_for_and_repaired_without_allocation() {
    let tally = measure(Losses { up_one_in: 50, down_one_in: 50 }, false);
    assert!(tally.media > 8_000 && tally.feedback > 500, "{tally:?}");
    assert!(tally.nacks > 200 && tally.retransmissions > 200, "{tally:?}");
    tally.check();
}

#[test]
fn a_consultation_that_is_recorded_is_forwarded_without_allocation() {
    let tally = measure(Losses { up_one_in: 50, down_one_in: 0 }, true);
    assert!(tally.media > 8_000 && tally.recorded > 2_000, "{tally:?}");
    tally.check();
}

/// What passed, and what it allocated.
#[derive(Debug, Default)]
struct Tally {
    media: u64,
    feedback: u64,
    forwarded: u64,
    nacks: u64,
    retransmissions: u64,
    recorded: u64,
    timeouts: u64,
    /// Allocations of handling SRTP.
    by_media: u64,
    /// Of handling SRTCP.
    by_feedback: u64,
    /// Of handling STUN.
    by_checks: u64,
    /// Of walking the batch.
    by_chains: u64,
    /// How many timeouts allocated at all.
    allocating_timeouts: u64,
}

impl Tally {
    fn check(&self) {
        assert!(self.forwarded > 20_000 && self.timeouts > 100, "{self:?}");
        let Self { by_media, by_feedback, by_checks, by_chains, .. } = self;
        assert_eq!([by_media, by_feedback, by_checks, by_chains], [&0; 4], "{self:?}");
        let windows = (MEASURED.as_millis() / ROOM_WINDOW.as_millis()) as u64;
        assert!(self.allocating_timeouts <= windows, "{self:?}");
    }
}

/// Three people with cameras in three layers and microphones, and one who listens.
fn measure(losses: Losses, is_recorded: bool) -> Tally {
    let tracks = [TrackSpec::Microphone, TrackSpec::Camera];
    let mut stage = Stage::new(1, &[Cast { publishers: 3, listeners: 1, tracks: &tracks }]);
    stage.losses = losses;
    if is_recorded {
        stage.record();
    }
    stage.run_for(WARM_UP);
    let before = stage.shard.counters();
    let mut tally = Tally::default();
    let end = stage.now + MEASURED;
    while stage.now < end {
        stage.act();
        step(&mut stage, &mut tally);
        stage.deliver();
        stage.take_recordings();
    }
    let after = stage.shard.counters();
    assert_eq!(stage.corrupt(), 0);
    assert_eq!(after.dropped.iter().map(|(_, count)| count).sum::<u64>(), 0);
    tally.recorded = after.recorded_packets - before.recorded_packets;
    tally.forwarded = after.rtp_forwarded - before.rtp_forwarded;
    tally.nacks = after.nacks_sent - before.nacks_sent;
    tally.retransmissions = after.rtp_retransmitted - before.rtp_retransmitted;
    tally
}

fn step(stage: &mut Stage, tally: &mut Tally) {
    for datagram in &mut stage.inbox {
        let (kind, count) = match datagram.bytes() {
            bytes if is_media(bytes) => (&mut tally.by_media, Some(&mut tally.media)),
            [128..=191, ..] => (&mut tally.by_feedback, Some(&mut tally.feedback)),
            _ => (&mut tally.by_checks, None),
        };
        let shard = &mut stage.shard;
        let ((), allocated) = allocations(|| {
            shard.handle_datagram(datagram.source, datagram.bytes_mut(), stage.now);
        });
        *kind += allocated;
        if let Some(count) = count {
            *count += 1;
        }
    }
    if stage.shard.poll_timeout().is_some_and(|at| at <= stage.now) {
        let ((), allocated) = allocations(|| stage.shard.handle_timeout(stage.now));
        tally.timeouts += 1;
        tally.allocating_timeouts += u64::from(allocated > 0);
    }
    let ((), allocated) = allocations(|| {
        for (to, datagrams) in stage.shard.egress().chains() {
            for datagram in datagrams {
                black_box((to, datagram));
            }
        }
    });
    tally.by_chains += allocated;
}

fn allocations<T>(act: impl FnOnce() -> T) -> (T, u64) {
    let before = ALLOCATIONS.get();
    let done = act();
    (done, ALLOCATIONS.get() - before)
}
