//! Several layers of one picture: the best that flows is forwarded, and a subscriber never notices a change.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

use std::time::{Duration, Instant};

use sim::{ClientId, Link, TrackSpec, World, delivery::Delivery, judge};

const SECOND: Duration = Duration::from_secs(1);
const HIGHEST: u8 = 2;

fn layer_of(delivered: &[Delivery]) -> Option<u8> {
    delivered.last()?.stamp.map(|stamp| stamp.layer)
}

fn with_camera(seed: u64) -> (World, ClientId, ClientId) {
    let mut world = World::new(seed);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::Camera));
    world.run_for(3 * SECOND);
    (world, doctor, patient)
}

#[test]
fn the_highest_layer_that_flows_is_forwarded() {
    let (mut world, doctor, patient) = with_camera(1);
    let delivered = world.delivered(patient, doctor, 0);
    assert_eq!(layer_of(&delivered), Some(HIGHEST));
    let judgement = judge(&delivered);
    assert!(judgement.is_complete(), "{judgement:?}");
}

#[test]
fn a_layer_that_stops_is_replaced_at_a_key_frame_and_returned_to_at_a_key_frame() {
    let (mut world, doctor, patient) = with_camera(2);
    world.client(doctor).tracks[0].layers[2].is_active = false;
    world.run_for(3 * SECOND);
    assert_eq!(layer_of(&world.delivered(patient, doctor, 0)), Some(1));
    world.client(doctor).tracks[0].layers[1].is_active = false;
    world.run_for(3 * SECOND);
    assert_eq!(layer_of(&world.delivered(patient, doctor, 0)), Some(0));
    world.act(doctor, |client, now| {
        for layer in &mut client.tracks[0].layers[1..] {
            layer.is_active = true;
            layer.start(now);
        }
    });
    world.run_for(3 * SECOND);
    let delivered = world.delivered(patient, doctor, 0);
    assert_eq!(layer_of(&delivered), Some(HIGHEST));
    let judgement = judge(&delivered);
    assert!(judgement.is_complete(), "{judgement:?}");
    let downs: Vec<_> = judgement.switches.iter().filter(|(from, to)| to < from).collect();
    assert_eq!(downs, [&(2, 1), &(1, 0)]);
}

#[test]
fn a_picture_does_not_stand_still_for_long_when_its_layer_stops() {
    let (mut world, doctor, patient) = with_camera(3);
    world.client(doctor).tracks[0].layers[2].is_active = false;
    world.run_for(3 * SECOND);
    let delivered = world.delivered(patient, doctor, 0);
    let pause = longest_pause(&delivered);
    assert!(pause < Duration::from_millis(1500), "{pause:?}");
}

#[test]
fn a_layer_that_returns_without_a_key_frame_is_asked_for_one() {
    let (mut world, doctor, patient) = with_camera(4);
    world.client(doctor).tracks[0].layers[2].is_active = false;
    world.run_for(3 * SECOND);
    world.act(doctor, |client, now| {
        let layer = &mut client.tracks[0].layers[2];
        layer.is_active = true;
        layer.start(now);
        layer.wants_key = false;
    });
    world.run_for(3 * SECOND);
    let delivered = world.delivered(patient, doctor, 0);
    assert_eq!(layer_of(&delivered), Some(HIGHEST));
    assert!(judge(&delivered).is_complete());
}

#[test]
fn numbers_continue_over_many_changes_of_layer_under_loss() {
    for seed in 10..16 {
        let (mut world, doctor, patient) = with_camera(seed);
        let bad = Link { loss: 0.05, reorder: 0.05, ..Link::with_delay_ms(15) };
        world.set_link(doctor, bad);
        world.set_link(patient, bad);
        for _ in 0..6 {
            world.client(doctor).tracks[0].layers[2].is_active = false;
            world.run_for(2 * SECOND);
            world.act(doctor, |client, now| {
                client.tracks[0].layers[2].is_active = true;
                client.tracks[0].layers[2].start(now);
            });
            world.run_for(2 * SECOND);
        }
        let judgement = judge(&world.delivered(patient, doctor, 0));
        assert!(judgement.is_sound(), "seed {seed}: {judgement:?}");
        assert!(judgement.switches.len() >= 8, "seed {seed}: {judgement:?}");
    }
}

#[test]
fn a_storm_of_requests_reaches_the_publisher_once_per_300_ms_and_layer() {
    let mut world = World::new(5);
    let (doctor, patient) = world.pair();
    let interpreter = world.join("interpreter");
    world.connect(&[interpreter]);
    world.act(doctor, |client, _| client.publish(TrackSpec::Camera));
    world.run_for(3 * SECOND);
    for _ in 0..2000 {
        for viewer in [patient, interpreter] {
            world.act(viewer, |client, _| client.request_key_frame(0));
        }
        world.run_for(Duration::from_millis(1));
    }
    assert!(world.counters().key_frame_requests_received > 3000);
    for layer in 0..3 {
        let times = world.client(doctor).tracks[0].layers[layer].key_frame_requests.clone();
        let close =
            times.windows(2).filter(|pair| pair[1] - pair[0] < Duration::from_millis(300)).count();
        assert_eq!(close, 0, "layer {layer}: {times:?}");
    }
    let asked = world.client(doctor).tracks[0].layers[2].key_frame_requests.len();
    assert!((3..=12).contains(&asked), "{asked}");
}

#[test]
fn retransmission_never_adds_more_than_its_share() {
    let (mut world, doctor, patient) = with_camera(6);
    // The whole history, again and again.
    for _ in 0..500 {
        let delivered = world.delivered(patient, doctor, 0);
        let last: Vec<_> = delivered.iter().rev().take(60).map(|one| one.seq.seq()).collect();
        let ssrc = delivered.last().unwrap().ssrc;
        world.act(patient, |client, _| client.send_nack(ssrc, &last));
        world.run_for(Duration::from_millis(10));
    }
    let counters = world.counters();
    assert!(counters.nacks_received > 20_000);
    assert!(counters.rtp_retransmitted > 200);
    let repeated = world.client(patient).streams[0].totals.repeated_bytes;
    let media = counters.rtp_forwarded * 1100;
    assert!(repeated <= 64 * 1024 + media / 4, "{repeated} of {media}");
    assert!(judge(&world.delivered(patient, doctor, 0)).is_complete());
}

fn longest_pause(delivered: &[Delivery]) -> Duration {
    let times: Vec<Instant> = delivered.iter().map(|one| one.at).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}
