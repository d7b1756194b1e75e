//! Data tracks: who may publish, who receives what under which handle, here and on other shards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use protocol::ids::DataTrackSid;
use sfu::{
    limits::Limits,
    words::{
        command::{DataTrackOffer, KnownDataTrack, Request},
        event::{Message, Outcome},
        info::{DataTrackHandle, DataTrackInfo},
    },
};
use sim::{ClientId, World};

const SECOND: Duration = Duration::from_secs(1);

fn offer(handle: u16, name: &str) -> Request {
    Request::PublishDataTrack(Box::new(DataTrackOffer {
        handle: DataTrackHandle(handle),
        name: name.to_owned(),
        encryption: 0,
        description: vec![1, 2, 3],
    }))
}

fn publish(world: &mut World, id: ClientId, handle: u16, name: &str) -> DataTrackInfo {
    world.request(id, offer(handle, name));
    world.run_for(SECOND / 10);
    let last = world.client(id).messages.iter().rev().find_map(|message| match message {
        Message::DataTrackPublished(info) => Some(info.clone()),
        _ => None,
    });
    last.expect("published")
}

fn want(world: &mut World, id: ClientId, track: &DataTrackSid, wants: bool) {
    world.request(id, Request::DataSubscription(vec![(track.clone(), wants)]));
    world.run_for(SECOND / 10);
}

fn handles(world: &mut World, id: ClientId) -> Vec<KnownDataTrack> {
    let last = world.client(id).messages.iter().rev().find_map(|message| match message {
        Message::DataTrackHandles(known) => Some(known.clone()),
        _ => None,
    });
    last.unwrap_or_default()
}

fn frame(handle: u16, payload: u8) -> Vec<u8> {
    let mut packet = vec![0x18, 0];
    packet.extend(handle.to_be_bytes());
    packet.extend([0, 1, 0, 2, 0, 0, 0, 3, payload]);
    packet
}

fn send(world: &mut World, id: ClientId, packet: &[u8]) {
    assert!(world.act(id, |client, now| client.send_data("_data_track", packet, now)));
    world.run_for(SECOND / 10);
}

fn received(world: &mut World, id: ClientId) -> Vec<Vec<u8>> {
    let data = std::mem::take(&mut world.client(id).data);
    data.into_iter().filter(|(label, _)| label == "_data_track").map(|(_, one)| one).collect()
}

#[test]
fn frames_reach_those_who_asked_under_handles_of_their_own() {
    let mut world = World::new(1);
    let ids = ["monitor", "doctor", "patient"].map(|name| world.join(name));
    assert!(world.connect(&ids));
    world.run_for(SECOND);
    let [monitor, doctor, patient] = ids;
    let pulse = publish(&mut world, monitor, 500, "pulse");
    let spo2 = publish(&mut world, monitor, 7, "spo2");
    assert_eq!(pulse.description, [1, 2, 3]);
    let seen = world.client(doctor).present().find(|one| !one.data_tracks.is_empty()).unwrap();
    assert_eq!(seen.data_tracks, [pulse.clone(), spo2.clone()]);
    want(&mut world, doctor, &spo2.sid, true);
    want(&mut world, doctor, &pulse.sid, true);
    let known = handles(&mut world, doctor);
    assert_eq!(known.len(), 2);
    assert_ne!(known[0].handle, known[1].handle);
    assert_eq!(known[0].publisher_identity.as_str(), "monitor");
    send(&mut world, monitor, &frame(500, 42));
    send(&mut world, monitor, &frame(7, 43));
    let handle =
        |info: &DataTrackInfo| known.iter().find(|one| one.track == info.sid).unwrap().handle.0;
    let expected = [frame(handle(&pulse), 42), frame(handle(&spo2), 43)];
    assert_eq!(received(&mut world, doctor), expected);
    assert!(received(&mut world, patient).is_empty() && received(&mut world, monitor).is_empty());
    want(&mut world, doctor, &pulse.sid, false);
    assert_eq!(handles(&mut world, doctor).len(), 1);
    send(&mut world, monitor, &frame(500, 44));
    assert!(received(&mut world, doctor).is_empty());
    world.request(monitor, Request::UnpublishDataTrack(DataTrackHandle(7)));
    world.run_for(SECOND / 10);
    assert!(handles(&mut world, doctor).is_empty());
    send(&mut world, monitor, &frame(7, 45));
    assert!(received(&mut world, doctor).is_empty());
    let seen = world.client(doctor).present().find(|one| !one.data_tracks.is_empty()).unwrap();
    assert_eq!(seen.data_tracks, [pulse]);
}

#[test]
fn what_cannot_be_published_is_refused_with_its_reason() {
    let mut world = World::new(2);
    let monitor = world.join("monitor");
    let guest = world.join_with("guest", |join, _| join.permission.can_publish_data = false);
    assert!(world.connect(&[monitor, guest]));
    publish(&mut world, monitor, 1, "pulse");
    let long = "n".repeat(257);
    for (id, request, expected) in [
        (monitor, offer(0, "zero"), Outcome::InvalidHandle),
        (monitor, offer(2, ""), Outcome::InvalidName),
        (monitor, offer(2, &long), Outcome::InvalidName),
        (monitor, offer(1, "other"), Outcome::DuplicateHandle),
        (monitor, offer(2, "pulse"), Outcome::DuplicateName),
        (monitor, Request::UnpublishDataTrack(DataTrackHandle(9)), Outcome::NotFound),
        (guest, offer(1, "psst"), Outcome::NotAllowed),
    ] {
        world.request(id, request);
        world.run_for(SECOND / 10);
        let refusals = world.client(id).messages.iter().rev();
        let mut refusals = refusals.filter_map(|message| match message {
            Message::DataTrackRefused { outcome, .. } => Some(*outcome),
            _ => None,
        });
        let outcome = refusals.next().expect("a refusal");
        assert_eq!(outcome, expected);
    }
    for handle in 2..=16 {
        publish(&mut world, monitor, handle, &format!("track-{handle}"));
    }
    world.request(monitor, offer(17, "one more"));
    world.run_for(SECOND / 10);
    let last = world.client(monitor).messages.last().cloned();
    assert!(matches!(
        last,
        Some(Message::DataTrackRefused { outcome: Outcome::LimitExceeded, .. })
    ));
}

#[test]
fn frames_cross_shards_both_ways_for_those_who_want_them_alone() {
    let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
    let mut world = World::with_shards(3, limits, 3);
    let doctor = world.join("doctor");
    let listeners: Vec<_> = (0..4)
        .map(|number| {
            let name = format!("listener-{number}");
            let id = world.join_with(&name, |join, _| join.permission.can_publish = false);
            world.run_for(SECOND / 1000);
            id
        })
        .collect();
    assert!(world.connect(&[doctor]) && world.connect(&listeners));
    world.run_for(SECOND);
    let far = |shard| *listeners.iter().find(|id| world.shard_of(**id) == shard).unwrap();
    let (first, second) = (far(1), far(2));
    // From the home to an edge, and from that edge through the home to the other.
    let down = publish(&mut world, doctor, 3, "down");
    let up = publish(&mut world, first, 3, "up");
    want(&mut world, first, &down.sid, true);
    want(&mut world, second, &up.sid, true);
    want(&mut world, doctor, &up.sid, true);
    send(&mut world, doctor, &frame(3, 1));
    send(&mut world, first, &frame(3, 2));
    for (id, info, payload) in [(first, &down, 1), (second, &up, 2), (doctor, &up, 2)] {
        let known = handles(&mut world, id);
        assert_eq!(known.len(), 1);
        assert_eq!(known[0].track, info.sid);
        assert_eq!(received(&mut world, id), [frame(known[0].handle.0, payload)]);
    }
    let idle = listeners.iter().filter(|id| **id != first && **id != second).copied();
    for id in idle.collect::<Vec<_>>() {
        assert!(received(&mut world, id).is_empty());
    }
    // Who published is gone: so are its tracks.
    world.request(first, Request::Leave);
    world.run_for(SECOND);
    assert!(handles(&mut world, second).is_empty() && handles(&mut world, doctor).is_empty());
}

#[test]
fn handles_and_wishes_survive_a_resume() {
    let mut world = World::new(4);
    let (monitor, doctor) = world.pair();
    let pulse = publish(&mut world, monitor, 9, "pulse");
    want(&mut world, doctor, &pulse.sid, true);
    let known = handles(&mut world, doctor);
    world.lose_session(doctor);
    world.run_for(SECOND);
    world.resume(doctor);
    world.run_for(SECOND);
    world.client(doctor).messages.clear();
    let state = sfu::words::command::SyncState {
        subscribe: true,
        data_wanted: vec![(pulse.sid, true)],
        ..Default::default()
    };
    world.request(doctor, Request::SyncState(Box::new(state)));
    world.run_for(SECOND);
    assert_eq!(handles(&mut world, doctor), known);
    send(&mut world, monitor, &frame(9, 1));
    assert_eq!(received(&mut world, doctor), [frame(known[0].handle.0, 1)]);
}
