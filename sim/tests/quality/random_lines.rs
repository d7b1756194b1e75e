//! Lines that do what they like: whatever is lost, late, narrow or cut, nobody is given what cannot be decoded as if it
//! could.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use sim::{Burst, Link, QueueLimit};

use super::{
    call::{Call, SECOND},
    seeds,
};

/// Changes of a line within one life.
const CHANGES: usize = 5;

fn any_line(rng: &mut StdRng) -> Link {
    let rate_kbps = [50, 100, 150, 300, 600, 1200, 3000, 10_000][rng.random_range(0..8)];
    let queue = match rng.random_range(0..3) {
        0 => QueueLimit::Bytes(rng.random_range(3_000..60_000)),
        _ => QueueLimit::Wait(Duration::from_millis(rng.random_range(30..800))),
    };
    let share: f64 = rng.random_range(0.0..0.15);
    let burst = rng.random_bool(0.3).then(|| Burst::of(share, rng.random_range(2.0..15.0)));
    let link = Link {
        jitter: Duration::from_millis(rng.random_range(0..40)),
        keeps_order: rng.random_bool(0.7),
        loss: if rng.random_bool(0.5) { rng.random_range(0.0..0.3) } else { 0.0 },
        burst,
        reorder: if rng.random_bool(0.3) { 0.05 } else { 0.0 },
        duplicate: if rng.random_bool(0.2) { 0.03 } else { 0.0 },
        rate_bps: None,
        queue,
        ..Link::with_delay_ms(rng.random_range(1..150))
    };
    if rng.random_bool(0.2) { link } else { link.with_rate_kbps(rate_kbps) }
}

#[test]
fn whatever_the_lines_do_nothing_is_passed_off_as_what_it_is_not() {
    // A search goes on after the first that fails.
    let fails = |seed: &u64| std::panic::catch_unwind(|| live(*seed)).is_err();
    let failed: Vec<_> = seeds(6).filter(fails).collect();
    assert!(failed.is_empty(), "seeds {failed:?}");
}

#[test]
fn nor_with_the_seeds_that_failed_once() {
    for line in include_str!("../../seeds.txt").lines() {
        let words = line.split('#').next().unwrap_or_default();
        if let Some(seed) = words.trim().strip_prefix("lines ") {
            live(seed.parse().unwrap());
        }
    }
}

fn live(seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut watched_over = any_line(&mut rng);
    let mut call = Call::new(seed, "random", watched_over);
    for _ in 0..CHANGES {
        if rng.random_bool(0.15) {
            // Not so long that anybody is taken for gone.
            call.set_line(Link::cut());
            call.tell(format_args!("cut"));
            call.run(Duration::from_millis(rng.random_range(200..4000)));
            call.set_line(watched_over);
        }
        let is_publishers = rng.random_bool(0.3);
        let line = any_line(&mut rng);
        call.tell(format_args!("publisher {is_publishers}, {line:?}"));
        if is_publishers {
            call.set_publisher_line(line);
        } else {
            watched_over = line;
            call.set_line(line);
        }
        if rng.random_bool(0.2) {
            call.tell(format_args!("roams"));
            call.roam();
        }
        call.run(Duration::from_millis(rng.random_range(200..5000)));
    }
    call.tell(format_args!("peace"));
    // Peace: everything is there again.
    call.set_line(Link::with_delay_ms(20));
    call.set_publisher_line(Link::with_delay_ms(20));
    let peace = call.run(15 * SECOND);
    let (seen, heard) = call.judge(peace + 10 * SECOND);
    assert!(seen.fps > 10.0, "seed {seed}: no picture in peace: {seen:?}");
    assert!(heard.concealed_share() < 0.02, "seed {seed}: no sound in peace: {heard:?}");
    call.finish();
}
