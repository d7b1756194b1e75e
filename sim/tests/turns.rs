//! What may not hold a shard up: whatever happens, a turn ends, and a call goes on after a stop.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use sfu::{
    drop_reason::DropReason,
    limits::{AUDIO_PACKETS_PER_SECOND_MAX, Limits},
    rtp::ids::ExtSeq,
    words::{
        command::Request,
        event::{Message, Outcome},
        info::LeaveReason,
    },
};
use sim::{ClientId, Side, TrackSpec, World, judge};

const SECOND: Duration = Duration::from_secs(1);

/// A doctor and a patient who hear and see each other.
fn call(seed: u64) -> (World, [ClientId; 2]) {
    let mut world = World::new(seed);
    let (doctor, patient) = world.pair();
    for one in [doctor, patient] {
        world.act(one, |client, _| {
            client.publish(TrackSpec::Microphone);
            client.publish(TrackSpec::PlainCamera);
        });
    }
    world.run_for(2 * SECOND);
    (world, [doctor, patient])
}

/// Packets of each track that each gets of the other in so long, and that all of them are as they were sent.
fn delivered_in(world: &mut World, people: [ClientId; 2], time: Duration) -> [usize; 4] {
    for one in people {
        world.client(one).deliveries.clear();
    }
    world.run_for(time);
    let [doctor, patient] = people;
    let streams =
        [(doctor, patient, 0), (doctor, patient, 1), (patient, doctor, 0), (patient, doctor, 1)];
    streams.map(|(from, to, track)| {
        let delivered = world.delivered(to, from, track);
        let judgement = sim::Judgement { began_torn: false, ..judge(&delivered) };
        assert!(judgement.is_sound(), "{judgement:?}");
        delivered.len()
    })
}

#[test]
fn a_publisher_without_consent_whose_arrivals_cannot_be_told_holds_nobody_up() {
    let (mut world, people) = call(1);
    let hostile = world.join("hostile");
    assert!(world.connect(&[hostile]));
    // 50 packets a second: below the rate at which feedback is due twice as often.
    world.act(hostile, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(2 * SECOND);
    world.client(hostile).transport(Side::Publisher).is_mute = true;
    let muted = world.now;
    let is_gone = world.run_until(40 * SECOND, |world| world.counters().participants == 2);
    assert!(is_gone && world.now - muted < 32 * SECOND, "{:?}", world.now - muted);
    assert_eq!(world.counters().panics, 0);
    let delivered = delivered_in(&mut world, people, 2 * SECOND);
    assert!(
        delivered.iter().all(|count| *count > 95 || (*count > 55 && *count < 400)),
        "{delivered:?}"
    );
    let left = world.client(hostile).left.map(|(reason, _)| reason);
    assert_eq!(left, Some(LeaveReason::ConnectionTimeout));
}

#[test]
fn calls_survive_stops_of_the_server_of_any_length() {
    for (seed, seconds) in (2..).zip([1, 3, 10, 20, 22, 30, 60]) {
        let (mut world, people) = call(seed);
        world.stop_server(seconds * SECOND);
        world.run_for(SECOND);
        let delivered = delivered_in(&mut world, people, 2 * SECOND);
        assert!(delivered.iter().all(|count| *count > 55), "after {seconds} s: {delivered:?}");
        for one in people {
            let client = world.client(one);
            assert_eq!((client.left, client.replays), (None, 0), "after {seconds} s");
        }
        let counters = world.counters();
        assert_eq!((counters.participants, counters.panics), (2, 0), "after {seconds} s");
        // Who stops checking after a stop has as little time as anybody.
        world.client(people[0]).transport(Side::Publisher).is_mute = true;
        world.client(people[0]).transport(Side::Subscriber).is_mute = true;
        let muted = world.now;
        assert!(world.run_until(40 * SECOND, |world| world.counters().participants == 1));
        assert!(world.now - muted <= 30 * SECOND, "{:?}", world.now - muted);
    }
}

#[test]
fn an_edge_without_anybody_costs_no_more_than_its_looks() {
    let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
    let mut world = World::with_shards(20, limits, 2);
    let doctor = world.join("doctor");
    let listener = world.join_with("listener", |join, _| join.permission.can_publish = false);
    assert!(world.run_until(10 * SECOND, |world| world.client(listener).subscriber.is_open()));
    let edge = (0..2).find(|shard| world.counters_of(*shard).edges == 1).expect("an edge");
    world.request(doctor, Request::Leave);
    world.run_for(SECOND);
    // The home hears of nothing any more, so that it cannot end the edge.
    world.relay_delay = 3600 * SECOND;
    world.request(listener, Request::Leave);
    let before = world.steps_of(edge);
    world.run_for(60 * SECOND);
    assert_eq!(world.counters_of(edge).edges, 1, "the home has heard of it");
    // A look every 400 ms.
    assert!(world.steps_of(edge) - before < 200, "{}", world.steps_of(edge) - before);
}

#[test]
fn a_track_that_floods_is_cut_to_what_it_may_send_and_its_publisher_is_told() {
    let (mut world, people) = call(40);
    let hostile = world.join("hostile");
    assert!(world.connect(&[hostile]));
    world.act(hostile, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(2 * SECOND);
    let from = world.address(hostile, Side::Publisher);
    let track = &mut world.client(hostile).tracks[0];
    track.layers[0].stop();
    let (ssrc, pt) = (track.layers[0].ssrc, track.negotiated.unwrap().pt);
    let before = world.counters();
    let mut seq = 40_000_u64;
    for _ in 0..5 {
        for one in people {
            world.client(one).deliveries.clear();
        }
        for _ in 0..12_000 {
            seq += 1;
            let mut packet = [0; 200];
            packet[..2].copy_from_slice(&[0x80, pt.0]);
            packet[2..4].copy_from_slice(&ExtSeq(seq).seq().0.to_be_bytes());
            packet[8..12].copy_from_slice(&ssrc.0.to_be_bytes());
            let keys = world.client(hostile).publisher.keys.as_mut().unwrap();
            let len = keys.sender.protect_rtp(&mut packet, 12, 100, ExtSeq(seq)).unwrap();
            world.inject(from, packet[..len].to_vec());
        }
        world.run_for(SECOND);
    }
    let most = u64::from(AUDIO_PACKETS_PER_SECOND_MAX) * 6 * 2;
    // The doctor and the patient forward to each other, and to the hostile one: 80 packets a second each.
    let others = 5 * 80 * 2 * 2 + 200;
    let forwarded = world.counters().rtp_forwarded - before.rtp_forwarded;
    assert!(forwarded <= most + others, "{forwarded} packets of 120,000 were forwarded");
    assert!(world.dropped(DropReason::TrackCeiling) > 5 * 6_000);
    assert!(world.dropped(DropReason::ParticipantCeiling) > 5 * 3_000);
    let is_told = |message: &&Message| {
        matches!(message, Message::RequestOutcome { outcome: Outcome::LimitExceeded, .. })
    };
    assert_eq!(world.client(hostile).messages.iter().filter(is_told).count(), 1);
    let delivered = delivered_in(&mut world, people, 2 * SECOND);
    assert!(delivered.iter().all(|count| *count > 55), "{delivered:?}");
}

#[test]
#[should_panic(expected = "watchdog: ")]
fn the_watchdog_barks() {
    let (mut world, people) = call(30);
    world.steps_max = 0;
    world.act(people[0], |client, now| client.send_data("_reliable", b"hello", now));
    world.run_for(SECOND);
}
