//! What participants publish reaches the others: all of it, once, in order, unchanged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use sim::{Link, TrackSpec, World, judge};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn two_parties_on_a_clean_link_receive_each_other_complete_and_in_order() {
    let mut world = World::new(1);
    let (doctor, patient) = world.pair();
    for id in [doctor, patient] {
        world.act(id, |client, _| {
            client.publish(TrackSpec::Microphone);
            client.publish(TrackSpec::PlainCamera);
        });
    }
    world.run_for(10 * SECOND);
    for (to, from) in [(doctor, patient), (patient, doctor)] {
        for track in 0..2 {
            let delivered = world.delivered(to, from, track);
            let judgement = judge(&delivered);
            assert!(judgement.is_complete(), "{judgement:?}");
            // Everything that was made reached the server; what was made before the subscription stood is not owed.
            let made = world.client(from).tracks[track].layers[0].made;
            assert!(judgement.packets + 30 > made && made > 400, "{} of {made}", judgement.packets);
            assert!(delivered.iter().all(|one| !one.is_retransmission));
        }
    }
    let counters = world.counters();
    assert_eq!((counters.nacks_sent, counters.nacks_received), (0, 0));
    assert!(world.nonces.packets > 4_000);
    assert_eq!(world.nonces.repetitions, 0);
}

#[test]
fn three_parties_receive_each_other_complete_and_in_order() {
    let mut world = World::new(2);
    let ids = ["doctor", "patient", "interpreter"].map(|name| world.join(name));
    assert!(world.connect(&ids));
    for id in ids {
        world.set_link(id, Link::with_delay_ms(20));
        world.act(id, |client, _| {
            client.publish(TrackSpec::Microphone);
            client.publish(TrackSpec::Camera);
        });
    }
    world.run_for(10 * SECOND);
    for to in ids {
        for from in ids.into_iter().filter(|from| *from != to) {
            for track in 0..2 {
                let judgement = judge(&world.delivered(to, from, track));
                assert!(judgement.is_complete(), "{judgement:?}");
                assert!(judgement.packets > 400);
            }
        }
    }
}

#[test]
fn the_audio_level_and_the_speaker_are_told() {
    let mut world = World::new(3);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(2 * SECOND);
    assert!(
        world.delivered(patient, doctor, 0).iter().all(|one| one.audio_level == Some(0x80 | 20))
    );
    let sid = world.client(doctor).sid.clone().unwrap();
    assert!(world.client(patient).speakers[&sid].active);
    world.act(doctor, |client, now| client.mute(0, true, now));
    world.run_for(2 * SECOND);
    assert!(!world.client(patient).speakers[&sid].active);
}

#[test]
fn media_is_reported_and_acknowledged() {
    let mut world = World::new(4);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::PlainCamera));
    world.run_for(5 * SECOND);
    let publisher = world.client(doctor);
    assert!(publisher.feedback_packets >= 30, "transport-wide feedback every 100 ms");
    assert!(publisher.reports >= 3, "receiver reports every second");
    assert!(world.client(patient).reports >= 3, "sender reports every second");
    assert_eq!(world.client(doctor).unauthentic + world.client(patient).unauthentic, 0);
}

#[test]
fn a_rollover_of_the_publishers_sequence_number_is_not_noticed() {
    let mut world = World::new(5);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| {
        client.publish(TrackSpec::PlainCamera);
        client.tracks[0].layers[0].start_at(65_400);
    });
    world.run_for(10 * SECOND);
    let judgement = judge(&world.delivered(patient, doctor, 0));
    assert!(judgement.is_complete() && judgement.packets > 500, "{judgement:?}");
}

#[test]
fn a_rollover_of_the_subscribers_sequence_number_under_loss_is_not_noticed() {
    let mut world = World::new(6);
    let (doctor, patient) = world.pair();
    world.set_link(patient, Link { loss: 0.02, reorder: 0.02, ..Link::with_delay_ms(10) });
    world.act(doctor, |client, _| client.publish(TrackSpec::Screen));
    // 180 packets a second from a first number below 32,768.
    let rolled = world.run_until(380 * SECOND, |world| {
        let last = world.client(patient).deliveries.last();
        last.is_some_and(|one| one.seq.0 > 0x1_0000 + 2000)
    });
    assert!(rolled);
    world.run_for(SECOND);
    let judgement = judge(&world.delivered(patient, doctor, 0));
    assert!(judgement.is_sound(), "{judgement:?}");
    assert!(judgement.missing < 100, "{judgement:?}");
    assert_eq!(world.client(patient).unauthentic, 0);
}

#[test]
fn what_is_lost_is_recovered_by_retransmission_and_nothing_comes_twice() {
    for seed in 0..6 {
        let mut world = World::new(100 + seed);
        let (doctor, patient) = world.pair();
        let bad = Link {
            loss: 0.05,
            reorder: 0.05,
            duplicate: 0.02,
            jitter: Duration::from_millis(2),
            ..Link::with_delay_ms(15)
        };
        world.set_link(doctor, bad);
        world.set_link(patient, bad);
        world.act(doctor, |client, _| {
            client.publish(TrackSpec::Microphone);
            client.publish(TrackSpec::PlainCamera);
        });
        world.run_for(20 * SECOND);
        // What is under way when the picture stops may still be asked for.
        world.act(doctor, |client, now| client.mute(1, true, now));
        world.run_for(2 * SECOND);
        let video = world.delivered(patient, doctor, 1);
        let judgement = judge(&video);
        assert!(judgement.is_sound(), "seed {seed}: {judgement:?}");
        let recovered = video.iter().filter(|one| one.is_retransmission).count();
        assert!(recovered > 40, "seed {seed}: {recovered}");
        // Ten requests at 5 % loss each way leave practically nothing.
        assert!(judgement.missing <= 2, "seed {seed}: {judgement:?}");
        let audio = judge(&world.delivered(patient, doctor, 0));
        assert!(audio.is_sound() && audio.packets > 850, "seed {seed}: {audio:?}");
        assert_eq!(world.client(patient).unauthentic, 0);
    }
}
