//! Calls on lines that carry little, lose much or change: what a subscriber sees and hears of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use sfu::words::event::Message;
use sim::{ClientId, Link, TrackSpec, World, delivery::Delivery, judge};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// A frame that a decoder can show.
#[derive(Debug, Clone, Copy)]
struct Frame {
    at: Instant,
}

/// A decoder that waits for what is missing until the next key frame: frames in order, each whole, each after the one
/// before it.
fn decoded(delivered: &[Delivery]) -> Vec<Frame> {
    let by_number: BTreeMap<u64, &Delivery> =
        delivered.iter().map(|one| (one.seq.0, one)).collect();
    let mut frames = Vec::new();
    let (mut begun, mut is_whole, mut at, mut can_follow) = (false, false, None, false);
    let mut last = None;
    let mut shown: Option<Instant> = None;
    for (number, delivery) in by_number {
        let Some(stamp) = delivery.stamp else { continue };
        let follows = last.is_some_and(|last| number == last + 1);
        last = Some(number);
        if !follows {
            (is_whole, can_follow) = (false, false);
        }
        if stamp.is_first {
            begun = true;
            is_whole = follows || stamp.is_key;
            at = None;
        }
        at = at.max(Some(delivery.at));
        if stamp.is_last && begun {
            let is_decodable = is_whole && (stamp.is_key || can_follow);
            can_follow = is_decodable;
            if is_decodable {
                // It is shown after what it follows.
                shown = shown.max(at);
                frames.extend(shown.map(|at| Frame { at }));
            }
            begun = false;
        }
    }
    frames
}

/// The longest time between two frames, from `from` on.
fn longest_freeze(frames: &[Frame], from: Instant, until: Instant) -> Duration {
    let before = frames.iter().rfind(|one| one.at < from).map(|one| one.at);
    let times = before.into_iter().chain(frames.iter().map(|one| one.at).filter(|at| *at >= from));
    let times: Vec<_> = times.chain([until]).collect();
    times
        .windows(2)
        .map(|pair| pair[1].saturating_duration_since(pair[0]))
        .max()
        .unwrap_or_default()
}

/// Part of packets of sound that did not come within 200 ms of when they were made, in thousandths.
fn lost_sound(delivered: &[Delivery], from: Instant, until: Instant, epoch: Instant) -> u64 {
    let made = |one: &Delivery| epoch + Duration::from_nanos(one.stamp.unwrap().made_ns);
    let within: Vec<_> =
        delivered.iter().filter(|one| (from..until).contains(&made(one))).collect();
    let numbers = within.iter().map(|one| one.stamp.unwrap().sequence);
    let (first, last) = (numbers.clone().min().unwrap(), numbers.max().unwrap());
    let in_time = within.iter().filter(|one| one.at - made(one) < 200 * MS).count() as u64;
    (last - first + 1 - in_time) * 1000 / (last - first + 1)
}

struct Call {
    world: World,
    doctor: ClientId,
    patient: ClientId,
}

const SOUND: usize = 0;
const PICTURE: usize = 1;

fn line(rate_bps: u64) -> Link {
    Link { rate_bps: Some(rate_bps), ..Link::with_delay_ms(25) }
}

impl Call {
    /// A doctor with microphone and camera, and a patient behind a line that carries so much towards it.
    fn new(seed: u64, down: Link) -> Self {
        let mut world = World::new(seed);
        let (doctor, patient) = world.pair();
        let mut call = Self { world, doctor, patient };
        call.set_down(down);
        call.world.act(doctor, |client, _| client.publish(TrackSpec::Microphone));
        call.world.act(doctor, |client, _| client.publish(TrackSpec::Camera));
        call
    }

    fn set_down(&mut self, down: Link) {
        let up = Link { loss: 0.0, rate_bps: None, ..down };
        self.world.set_links(self.patient, up, down);
    }

    fn delivered(&mut self, track: usize) -> Vec<Delivery> {
        self.world.delivered(self.patient, self.doctor, track)
    }

    fn frames(&mut self) -> Vec<Frame> {
        decoded(&self.delivered(PICTURE))
    }

    fn layer(&mut self) -> Option<u8> {
        self.delivered(PICTURE).last()?.stamp.map(|stamp| stamp.layer)
    }

    fn fps(&mut self, from: Instant) -> f64 {
        let elapsed = (self.world.now - from).as_secs_f64();
        self.frames().iter().filter(|one| one.at >= from).count() as f64 / elapsed
    }

    fn freeze(&mut self, from: Instant) -> Duration {
        let now = self.world.now;
        longest_freeze(&self.frames(), from, now)
    }

    fn lost_sound(&mut self, from: Instant) -> u64 {
        let (epoch, until) = (self.world.epoch, self.world.now - 300 * MS);
        lost_sound(&self.delivered(SOUND), from, until, epoch)
    }

    fn is_sound(&mut self) {
        let judgement = judge(&self.delivered(PICTURE));
        assert!(judgement.is_sound(), "{judgement:?}");
    }
}

#[test]
fn a_good_line_shows_the_best_layer_within_a_second_and_a_half() {
    let mut call = Call::new(1, line(20_000_000));
    let begun = call.world.run_until(3 * SECOND, |world| {
        !world.delivered(ClientId(1), ClientId(0), PICTURE).is_empty()
    });
    assert!(begun);
    call.world.run_for(1500 * MS);
    assert_eq!(call.layer(), Some(2));
    call.is_sound();
}

#[test]
fn a_drop_to_300_kbit_lowers_the_layer_within_a_second_and_its_end_raises_it_within_eight() {
    for seed in 10..13 {
        let mut call = Call::new(seed, line(2_000_000));
        call.world.run_for(8 * SECOND);
        assert_eq!(call.layer(), Some(2), "seed {seed}");
        let dropped = call.world.now;
        call.set_down(line(300_000));
        call.world.run_for(SECOND);
        assert_eq!(call.layer(), Some(0), "seed {seed}");
        call.world.run_for(19 * SECOND);
        let freeze = call.freeze(dropped);
        assert!(freeze < 1500 * MS, "seed {seed}: frozen for {freeze:?}");
        let fps = call.fps(dropped + 2 * SECOND);
        assert!(fps > 20.0, "seed {seed}: {fps} frames a second");
        let lost = call.lost_sound(dropped + SECOND);
        assert!(lost < 20, "seed {seed}: {lost} of 1000 packets of sound");
        let freed = call.world.now;
        call.set_down(line(2_000_000));
        let is_back = call.world.run_until(12 * SECOND, |world| {
            let delivered = world.delivered(ClientId(1), ClientId(0), PICTURE);
            delivered.last().unwrap().stamp.unwrap().layer == 2
        });
        let after = call.world.now - freed;
        assert!(is_back && after < 8 * SECOND, "seed {seed}: back after {after:?}");
        call.world.run_for(3 * SECOND);
        assert_eq!(call.layer(), Some(2));
        call.is_sound();
    }
}

#[test]
fn ten_percent_of_random_loss_costs_no_layer_and_hardly_a_frame() {
    let loss = Link { loss: 0.1, rate_bps: Some(10_000_000), ..Link::with_delay_ms(50) };
    let mut call = Call::new(20, loss);
    call.world.run_for(5 * SECOND);
    let from = call.world.now;
    call.world.run_for(30 * SECOND);
    assert_eq!(call.layer(), Some(2));
    let (fps, freeze) = (call.fps(from), call.freeze(from));
    assert!(fps > 24.0 && freeze < SECOND, "{fps} frames a second, {freeze:?}");
    call.is_sound();
}

#[test]
fn a_line_of_150_kbit_carries_sound_and_some_picture() {
    let mut call = Call::new(30, line(150_000));
    call.world.run_for(10 * SECOND);
    let from = call.world.now;
    call.world.run_for(20 * SECOND);
    let (lost, frames) = (call.lost_sound(from), call.fps(from));
    assert!(lost < 30, "{lost} of 1000 packets of sound");
    assert!(frames > 0.3, "{frames} frames a second");
    call.is_sound();
}

#[test]
fn a_line_that_carries_little_more_than_sound_is_told_as_such() {
    // Sound takes 61 of it, headers of IP and UDP included.
    let mut call = Call::new(40, line(85_000));
    call.world.run_for(15 * SECOND);
    call.world.run_for(5 * SECOND);
    let told = call.world.client(call.patient).messages.iter().any(|message| {
        matches!(message, Message::Participant(info)
            if info.attributes.get("bedside.low_bandwidth").is_some_and(|value| value == "true"))
    });
    assert!(told, "the patient's own attribute says so");
}
