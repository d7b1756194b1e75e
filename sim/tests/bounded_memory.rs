//! What a shard holds does not grow with the packets that it carries, however many are lost, late or asked for again.

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
    time::Duration,
};

use sim::{Burst, Link, TrackSpec, World};

struct Weighing;

thread_local! {
    static WEIGHS: Cell<bool> = const { Cell::new(false) };
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn add(bytes: i64) {
    if WEIGHS.with(Cell::get) {
        HELD.with(|held| held.set(held.get() + bytes));
    }
}

// SAFETY: every call is passed to the system's allocator unchanged; weighing touches only constant-initialised
// thread-locals, which do not allocate.
unsafe impl GlobalAlloc for Weighing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as i64);
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        add(-(layout.size() as i64));
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Weighing = Weighing;

const SECOND: Duration = Duration::from_secs(1);

/// Bytes that may be told to clients, and so leave the shard, in the time that is weighed; a byte for each packet would be
/// as much.
const GROWTH_MAX: i64 = 48 * 1024;

#[test]
fn a_shard_holds_no_more_after_two_minutes_of_a_bad_line_than_after_one() {
    let mut world = World::new(1);
    let ids = ["doctor", "patient", "interpreter"].map(|name| {
        world.join_with(name, |_, config| {
            config.attends = true;
            (config.keeps_messages, config.keeps_deliveries) = (false, false);
        })
    });
    assert!(world.connect(&ids));
    for id in ids {
        world.act(id, |client, _| {
            client.publish(TrackSpec::LiveMicrophone { dtx: true, bitrate_bps: 24_000 });
            client.publish(TrackSpec::LiveCamera);
        });
    }
    let bad = Link {
        loss: 0.05,
        burst: Some(Burst::of(0.03, 6.0)),
        reorder: 0.02,
        duplicate: 0.01,
        ..Link::with_delay_ms(40)
    };
    let narrow = bad.with_rate_kbps(400);
    world.meter = Some(|begins| WEIGHS.with(|weighs| weighs.set(begins)));
    let mut held = Vec::new();
    for minute in 0..2 {
        for place in 0..6 {
            for (number, id) in ids.into_iter().enumerate() {
                world.set_link(id, if (place + number) % 3 == 0 { narrow } else { bad });
            }
            world.run_for(10 * SECOND);
        }
        held.push(HELD.with(Cell::get));
        assert!(world.counters().rtp_received > 10_000 * (minute + 1), "media flows");
    }
    let growth = held[1] - held[0];
    assert!(growth < GROWTH_MAX, "{growth} bytes more in the second minute: {held:?}");
}
