//! Calls on bad lines, as stories: what the viewer sees and hears while the line falls, recovers, loses, is shared or dies.
//!
//! Each story is a doctor with camera and microphone, and a patient who watches over a line of the story's. What is
//! promised stands in docs/QUALITY.md, with figures. More seeds: `SIM_SEEDS=1000 SIM_FIRST=1`, as for the random walks.
//! `QUALITY_CSV=folder` writes what each story saw, for the plots.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]
#![allow(clippy::print_stdout, reason = "the figures of docs/QUALITY.md")]

#[path = "quality/call.rs"]
mod call;
#[path = "quality/random_lines.rs"]
mod random_lines;
#[path = "quality/series.rs"]
mod series;

use std::time::Duration;

use sfu::words::{
    event::Message,
    info::{ConnectionQuality, ParticipantState},
};
use sim::{Burst, Link, QueueLimit, client::Feedback};

use self::call::{Call, SECOND};

const MS: Duration = Duration::from_millis(1);

/// A line of a home: 20 ms each way, and a queue of a quarter of a second.
fn line_kbps(rate_kbps: u64) -> Link {
    let queue = QueueLimit::Wait(250 * MS);
    Link { queue, ..Link::with_delay_ms(20).with_rate_kbps(rate_kbps) }
}

/// Of a story: `usual` many, or as the environment says.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let number = |name, usual: u64| {
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
    };
    let first = number("SIM_FIRST", 1);
    first..first + number("SIM_SEEDS", usual)
}

#[test]
fn a_clean_line_shows_the_best_layer_without_a_freeze_and_all_of_the_sound() {
    for seed in seeds(1) {
        let mut call = Call::new(seed, "clean", line_kbps(8000));
        let start = call.run(20 * SECOND);
        let (seen, heard) = call.judge(start + 4 * SECOND);
        assert_eq!((seen.layer, seen.freezes.len()), (Some(2), 0), "seed {seed}: {seen:?}");
        assert!(seen.fps > 28.0, "seed {seed}: {seen:?}");
        assert!(heard.concealed_share() < 0.001, "seed {seed}: {heard:?}");
        call.finish();
    }
}

#[test]
fn a_line_that_drops_to_300_kbit_s_shows_a_lower_layer_soon_and_the_best_again_when_it_is_back() {
    for seed in seeds(1) {
        let mut call = Call::new(seed, "drop", line_kbps(2000));
        call.run(15 * SECOND);
        call.set_line(line_kbps(300));
        let dropped = call.run(20 * SECOND);
        let (seen, heard) = call.judge(dropped);
        assert!(seen.longest_freeze < 1500 * MS, "seed {seed}: {seen:?}");
        let down = call.first_shown_below(2, dropped);
        println!("seed {seed}: a lower layer is shown after {down:?}");
        // Decided within a second; its key frame takes its own time on the line.
        assert!(down < 1000 * MS + 300 * MS, "seed {seed}: lower after {down:?}");
        assert!(heard.longest_gap < 500 * MS, "seed {seed}: {heard:?}");
        let (_, heard) = call.judge(dropped + 3 * SECOND);
        assert!(heard.concealed_share() < 0.01, "seed {seed}: {heard:?}");
        call.set_line(line_kbps(2000));
        let back = call.run(20 * SECOND);
        let used = call.carried_share(back + 12 * SECOND, 2000);
        println!("seed {seed}: {used:.2} of the line is used after 12 s");
        assert!(used > 0.8, "seed {seed}: {used} of the line is used");
        call.finish();
    }
}

#[test]
fn a_better_layer_is_shown_soon_after_it_was_asked_for() {
    for seed in seeds(1) {
        let mut call = Call::new(seed, "up", line_kbps(600));
        call.run(15 * SECOND);
        call.set_line(line_kbps(6000));
        let back = call.run(20 * SECOND);
        let switch = call.up_switch(back);
        println!("seed {seed}: the best layer {switch:?} after it was asked for");
        // Of the round trip of 60 ms the way to the publisher is already over.
        assert!(switch.is_some_and(|one| one < 400 * MS + 50 * MS), "seed {seed}: {switch:?}");
        call.finish();
    }
}

#[test]
fn a_line_that_dies_is_told_as_lost_and_after_the_grace_time_as_gone() {
    for seed in seeds(1) {
        let mut call = Call::new(seed, "dying", line_kbps(4000));
        call.run(10 * SECOND);
        call.set_publisher_line(Link::cut());
        let doctor = call.doctor_sid();
        let lost = call.told_within(10 * SECOND, |message| match message {
            Message::ConnectionQuality(all) => all
                .iter()
                .any(|one| one.participant == doctor && one.quality == ConnectionQuality::Lost),
            _ => false,
        });
        println!("dying seed {seed}: told as lost after {lost:?}");
        assert!(lost.is_some_and(|after| after < 5 * SECOND), "seed {seed}: {lost:?}");
        let gone = call.told_within(60 * SECOND, |message| match message {
            Message::Participant(one) => {
                one.sid == doctor && one.state == ParticipantState::Disconnected
            }
            _ => false,
        });
        println!("dying seed {seed}: gone after {gone:?}");
        assert!(gone.is_some(), "seed {seed}");
        call.finish();
    }
}

#[test]
fn ten_of_a_hundred_lost_cost_little_of_the_sound_and_of_the_picture() {
    for seed in seeds(1) {
        let lossy = Link { loss: 0.1, ..Link::with_delay_ms(50) };
        let mut call = Call::new(seed, "loss-10", lossy);
        let start = call.run(30 * SECOND);
        let (seen, heard) = call.judge(start + 4 * SECOND);
        assert!(heard.concealed_share() < 0.02, "seed {seed}: {heard:?}");
        assert!(seen.frozen_share < 0.02, "seed {seed}: {seen:?}");
        call.finish();
    }
}

#[test]
fn a_call_goes_on_when_thirty_of_a_hundred_are_lost() {
    for seed in seeds(1) {
        let lossy = Link { loss: 0.3, ..Link::with_delay_ms(50) };
        let mut call = Call::new(seed, "loss-30", lossy);
        let start = call.run(30 * SECOND);
        let (seen, heard) = call.judge(start + 4 * SECOND);
        assert!(heard.concealed_share() < 0.08, "seed {seed}: {heard:?}");
        assert!(seen.fps > 1.0, "seed {seed}: {seen:?}");
        call.finish();
    }
}

#[test]
fn a_burst_of_losses_does_not_stop_the_call() {
    for seed in seeds(1) {
        let burst = Some(Burst::of(0.05, 8.0));
        let mut call = Call::new(seed, "burst", Link { burst, ..Link::with_delay_ms(40) });
        let start = call.run(30 * SECOND);
        let (seen, heard) = call.judge(start + 4 * SECOND);
        assert!(heard.concealed_share() < 0.06, "seed {seed}: {heard:?}");
        assert!(seen.longest_freeze < 1500 * MS, "seed {seed}: {seen:?}");
        call.finish();
    }
}

#[test]
fn a_line_of_150_kbit_s_carries_the_sound_and_a_picture_of_five_frames() {
    for seed in seeds(1) {
        let mut call = Call::new(seed, "150-kbit", line_kbps(2000));
        call.run(10 * SECOND);
        call.set_line(line_kbps(150));
        let start = call.run(30 * SECOND);
        let (seen, heard) = call.judge(start + 5 * SECOND);
        assert!(heard.concealed_share() < 0.01, "seed {seed}: {heard:?}");
        // The aim is 5: see what falls short in docs/QUALITY.md.
        assert!(seen.fps >= 4.0, "seed {seed}: {seen:?}");
        call.finish();
    }
}

#[test]
fn a_line_of_50_kbit_s_carries_the_sound() {
    for seed in seeds(1) {
        let mut call = Call::new(seed, "50-kbit", line_kbps(2000));
        call.speak_at(16_000);
        call.run(10 * SECOND);
        call.set_line(line_kbps(50));
        let start = call.run(30 * SECOND);
        let (_, heard) = call.judge(start + 5 * SECOND);
        // One life in five tries a picture that the line does not carry: see what falls short in docs/QUALITY.md.
        assert!(heard.concealed_share() < 0.08, "seed {seed}: {heard:?}");
        call.finish();
    }
}

#[test]
fn a_long_way_with_jitter_is_neither_taken_for_a_narrow_one_nor_heard() {
    for seed in seeds(1) {
        let far = Link { jitter: 60 * MS, keeps_order: true, ..Link::with_delay_ms(120) };
        let mut call = Call::new(seed, "far", far);
        let start = call.run(30 * SECOND);
        let (seen, heard) = call.judge(start + 8 * SECOND);
        assert_eq!(seen.layer, Some(2), "seed {seed}: {seen:?}");
        assert!(heard.concealed_share() < 0.01, "seed {seed}: {heard:?}");
        assert!(seen.frozen_share < 0.02, "seed {seed}: {seen:?}");
        call.finish();
    }
}

#[test]
fn a_way_that_becomes_longer_is_soon_known_to_be_no_narrow_one() {
    for seed in seeds(1) {
        let mut call = Call::new(seed, "longer", Link::with_delay_ms(20));
        call.run(15 * SECOND);
        // To another network, another route. Of five lives one takes 9 s: see what falls short in docs/QUALITY.md.
        call.set_line(Link { jitter: 60 * MS, keeps_order: true, ..Link::with_delay_ms(140) });
        let start = call.run(10 * SECOND);
        let (seen, heard) = call.judge(start + 3 * SECOND);
        call.finish();
        assert_eq!(seen.layer, Some(2), "seed {seed}: {seen:?}");
        assert!(seen.fps > 25.0, "seed {seed}: {seen:?}");
        assert!(heard.concealed_share() < 0.01, "seed {seed}: {heard:?}");
    }
}

#[test]
fn two_who_share_a_line_of_3_mbit_s_each_get_a_fair_part() {
    for seed in seeds(1) {
        let mut call = Call::new(seed, "shared", Link::with_delay_ms(20));
        let other = call.another_couple();
        call.share_line(other, line_kbps(3000));
        let start = call.run(40 * SECOND);
        let shares = call.received_shares(other, start + 15 * SECOND, 3000);
        // The aim is 0.35: see what falls short in docs/QUALITY.md.
        assert!(shares.iter().all(|share| *share > 0.33), "seed {seed}: {shares:?}");
        call.finish();
    }
}

#[test]
fn a_receiver_that_tells_an_estimate_of_its_own_is_served_by_it() {
    for seed in seeds(1) {
        let mut call = Call::with_feedback(seed, "remb", line_kbps(2000), Feedback::Remb);
        call.run(15 * SECOND);
        call.set_line(line_kbps(300));
        let dropped = call.run(20 * SECOND);
        let (seen, heard) = call.judge(dropped);
        // An estimate once a second is late: one picture may be lost beyond repair, and is asked for after 3 s.
        assert!(seen.longest_freeze < 4000 * MS, "seed {seed}: {seen:?}");
        assert!(heard.concealed_share() < 0.08, "seed {seed}: {heard:?}");
        call.finish();
    }
}

#[test]
fn a_publisher_on_a_narrow_line_is_seen_in_fewer_layers_and_heard() {
    for seed in seeds(1) {
        let mut call = Call::new(seed, "uplink", line_kbps(8000));
        call.set_publisher_line(line_kbps(400));
        let start = call.run(30 * SECOND);
        let (seen, heard) = call.judge(start + 10 * SECOND);
        assert!(seen.fps > 10.0 && seen.frozen_share < 0.1, "seed {seed}: {seen:?}");
        assert!(heard.concealed_share() < 0.08, "seed {seed}: {heard:?}");
        call.finish();
    }
}

#[test]
fn a_seed_decides_a_run_to_the_last_byte_and_moment() {
    let digest = || {
        let bad = Link {
            loss: 0.05,
            reorder: 0.02,
            duplicate: 0.01,
            burst: Some(Burst::of(0.02, 4.0)),
            jitter: 10 * MS,
            ..line_kbps(3000)
        };
        let mut call = Call::new(7, "twice", bad);
        call.run(15 * SECOND);
        call.digest()
    };
    assert_eq!(digest(), digest());
}
