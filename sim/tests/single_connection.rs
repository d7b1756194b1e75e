//! Clients with one connection: they offer, the server asks for sections and offers, and sends in the answers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use protocol::permission::Permission;
use sfu::words::{
    administration::{ParticipantAct, ParticipantChange},
    command::{Join, Request, Resume},
    event::{JoinRefusal, LeaveAction, Message},
    info::LeaveReason,
};
use sim::{ClientId, Link, Side, TrackSpec, World, judge};

const SECOND: Duration = Duration::from_secs(1);

/// Sections of either kind in which a client receives from the beginning.
const AT_FIRST: usize = 3;

fn join(world: &mut World, identity: &str, is_single: bool) -> ClientId {
    world.join_with(identity, |_, config| config.is_single = is_single)
}

/// A doctor with one connection, and a patient with one or two.
fn pair(world: &mut World, patient_is_single: bool) -> (ClientId, ClientId) {
    let doctor = join(world, "doctor", true);
    let patient = join(world, "patient", patient_is_single);
    assert!(world.connect(&[doctor, patient]));
    (doctor, patient)
}

fn publish(world: &mut World, id: ClientId, spec: TrackSpec) {
    world.act(id, |client, _| client.publish(spec));
}

fn count(world: &mut World, id: ClientId, is_it: impl Fn(&Message) -> bool) -> usize {
    world.client(id).messages.iter().filter(|message| is_it(message)).count()
}

#[test]
fn media_and_data_flow_between_clients_with_one_connection_and_with_two() {
    for patient_is_single in [true, false] {
        let mut world = World::new(1);
        let (doctor, patient) = pair(&mut world, patient_is_single);
        for id in [doctor, patient] {
            publish(&mut world, id, TrackSpec::Microphone);
            publish(&mut world, id, TrackSpec::Camera);
            publish(&mut world, id, TrackSpec::Screen);
        }
        world.run_for(3 * SECOND);
        for (to, from) in [(doctor, patient), (patient, doctor)] {
            for track in 0..3 {
                let judgement = judge(&world.delivered(to, from, track));
                assert!(judgement.is_complete() && judgement.packets > 100, "{judgement:?}");
            }
            for label in ["_reliable", "_lossy"] {
                assert!(world.act(from, |client, now| client.send_data(label, b"\x12\0", now)));
            }
            world.run_for(SECOND);
            assert_eq!(world.client(to).data.len(), 2);
        }
        assert_eq!(count(&mut world, doctor, |one| matches!(one, Message::Offer { .. })), 0);
        assert_eq!(world.client(doctor).sections_wanted, (0, 0), "there were enough");
        assert_eq!((world.client(doctor).left, world.client(patient).left), (None, None));
    }
}

#[test]
fn exactly_the_missing_sections_are_asked_for() {
    let mut world = World::new(2);
    let doctor = join(&mut world, "doctor", true);
    let others: Vec<_> =
        (0..8).map(|i| join(&mut world, &format!("other-{i}"), i % 2 == 0)).collect();
    world.set_link(doctor, Link { delay: Duration::from_millis(50), ..Link::default() });
    world.signal_delay = Duration::from_millis(50);
    assert!(world.connect(&others));
    for id in &others {
        publish(&mut world, *id, TrackSpec::Microphone);
        publish(&mut world, *id, TrackSpec::PlainCamera);
    }
    // Its own offers cross the requests.
    publish(&mut world, doctor, TrackSpec::Microphone);
    publish(&mut world, doctor, TrackSpec::PlainCamera);
    world.run_for(5 * SECOND);
    for other in others {
        for track in 0..2 {
            assert!(world.delivered(doctor, other, track).len() > 50);
        }
    }
    let missing = (8 - AT_FIRST) as u32;
    assert_eq!(world.client(doctor).sections_wanted, (missing, missing));
    assert_eq!(world.client(doctor).offered_sections(), 2 * 8 + 2);
}

#[test]
fn who_comes_late_is_sent_everything_with_the_first_answer() {
    let mut world = World::new(3);
    let (doctor, patient) = pair(&mut world, true);
    for id in [doctor, patient] {
        publish(&mut world, id, TrackSpec::Microphone);
        publish(&mut world, id, TrackSpec::PlainCamera);
    }
    world.run_for(SECOND);
    let relative = join(&mut world, "relative", true);
    world.run_for(2 * SECOND);
    for from in [doctor, patient] {
        assert!(world.delivered(relative, from, 1).len() > 50);
    }
    assert_eq!(count(&mut world, relative, |one| matches!(one, Message::Answer { .. })), 1);
    assert_eq!(count(&mut world, relative, |one| matches!(one, Message::SectionsWanted { .. })), 0);
}

#[test]
fn a_camera_that_is_switched_on_and_off_a_hundred_times_grows_nobodys_sections() {
    let mut world = World::new(4);
    world.signal_delay = Duration::from_millis(20);
    let (doctor, patient) = pair(&mut world, true);
    publish(&mut world, doctor, TrackSpec::Microphone);
    for cycle in 0..100 {
        publish(&mut world, doctor, TrackSpec::PlainCamera);
        world.run_for(SECOND / 2);
        let track = world.client(doctor).tracks.len() - 1;
        assert!(world.delivered(patient, doctor, track).len() > 5, "cycle {cycle}");
        world.act(doctor, |client, _| client.unpublish(track));
        world.run_for(SECOND / 2);
    }
    assert!(world.client(patient).offered_sections() <= 2 * AT_FIRST);
    assert!(world.client(doctor).offered_sections() <= 2 * AT_FIRST + 2);
    let sound = judge(&world.delivered(patient, doctor, 0));
    assert!(sound.is_complete() && sound.packets > 4000, "{sound:?}");
    assert_eq!((world.client(doctor).left, world.client(patient).left), (None, None));
}

#[test]
fn a_track_that_is_muted_or_unwanted_rests_and_comes_back() {
    let mut world = World::new(5);
    let (doctor, patient) = pair(&mut world, true);
    publish(&mut world, doctor, TrackSpec::PlainCamera);
    world.run_for(SECOND);
    let sid = world.client(doctor).tracks[0].sid.clone().unwrap();
    let flows = |world: &mut World| {
        let before = world.delivered(patient, doctor, 0).len();
        world.run_for(SECOND);
        world.delivered(patient, doctor, 0).len() > before + 10
    };
    for _ in 0..3 {
        world.act(doctor, |client, now| client.mute(0, true, now));
        world.run_for(SECOND / 10);
        assert!(!flows(&mut world));
        world.act(doctor, |client, now| client.mute(0, false, now));
        assert!(flows(&mut world));
        for subscribe in [false, true] {
            let tracks = vec![sid.clone()];
            world.request(patient, Request::Subscription { tracks, subscribe });
            world.run_for(SECOND / 10);
            assert_eq!(flows(&mut world), subscribe);
        }
    }
    assert_eq!(world.client(patient).offered_sections(), 2 * AT_FIRST);
}

#[test]
fn media_goes_on_through_a_lost_socket_and_another_network() {
    let mut world = World::new(6);
    let (doctor, patient) = pair(&mut world, true);
    for id in [doctor, patient] {
        publish(&mut world, id, TrackSpec::Microphone);
        publish(&mut world, id, TrackSpec::PlainCamera);
    }
    world.run_for(SECOND);
    world.lose_session(patient);
    // What is published meanwhile stands in the answer to the restart.
    publish(&mut world, doctor, TrackSpec::Screen);
    world.run_for(SECOND);
    world.resume(patient);
    world.run_for(2 * SECOND);
    for (to, from) in [(doctor, patient), (patient, doctor)] {
        let sound = judge(&world.delivered(to, from, 0));
        assert!(sound.is_complete() && sound.packets > 150, "no gap: {sound:?}");
    }
    assert!(world.delivered(patient, doctor, 2).len() > 50);
    let ssrcs = |world: &mut World| -> Vec<_> {
        world.client(patient).streams.iter().map(|stream| stream.ssrc).collect()
    };
    let before = ssrcs(&mut world);
    world.roam(patient);
    world.run_for(2 * SECOND);
    let heard = world.delivered(patient, doctor, 0).len();
    world.run_for(SECOND);
    assert!(world.delivered(patient, doctor, 0).len() > heard + 40);
    assert_eq!(ssrcs(&mut world), before, "the same streams");
    assert_eq!(world.address(patient, Side::Publisher), world.address(patient, Side::Subscriber));
}

#[test]
fn a_stay_is_not_continued_with_another_number_of_connections() {
    let mut world = World::new(7);
    let (doctor, _) = pair(&mut world, false);
    let participant = world.client(doctor).sid.clone().unwrap();
    let other = world.join_with("doctor", |join: &mut Join, _| {
        join.resume = Some(Resume { participant });
    });
    assert_eq!(world.client(other).refused, Some(JoinRefusal::StateMismatch));
}

#[test]
fn who_may_subscribe_only_later_is_sent_what_there_is() {
    let mut world = World::new(8);
    let doctor = join(&mut world, "doctor", true);
    let patient = world.join_with("patient", |join, config| {
        config.is_single = true;
        join.permission = Permission { can_subscribe: false, ..join.permission.clone() };
    });
    assert!(world.connect(&[doctor, patient]));
    publish(&mut world, doctor, TrackSpec::Microphone);
    world.run_for(SECOND);
    assert!(world.delivered(patient, doctor, 0).is_empty());
    let permission = Some(Permission::default());
    let change = ParticipantChange { permission, ..ParticipantChange::default() };
    world.administer_client(patient, ParticipantAct::Update(Box::new(change))).unwrap();
    world.run_for(SECOND);
    assert!(world.delivered(patient, doctor, 0).len() > 40);
}

#[test]
fn who_never_offers_as_it_is_asked_joins_anew() {
    let mut world = World::new(9);
    let (doctor, patient) = pair(&mut world, true);
    world.client(patient).ignores_requests = true;
    publish(&mut world, doctor, TrackSpec::Microphone);
    world.run_for(20 * SECOND);
    let left = Some((LeaveReason::MediaFailure, LeaveAction::Reconnect));
    assert_eq!(world.client(patient).left, left);
}
