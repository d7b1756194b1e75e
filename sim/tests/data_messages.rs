//! Data messages: who they are from, who gets them, how often.

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
    limits::Limits,
    words::administration::{Refused, RoomAct},
};
use sim::{ClientId, Envelope, Link, World};

const SECOND: Duration = Duration::from_secs(1);

fn packet(text: &str, claims: &str, destinations: &[&str], sequence: u32) -> Vec<u8> {
    let envelope = Envelope { identity: claims.to_owned(), ..Envelope::of(text) };
    envelope.to(destinations).numbered(sequence).encode()
}

fn text_of(message: &[u8]) -> String {
    String::from_utf8(Envelope::decode(message).payload).unwrap()
}

fn texts(world: &mut World, id: ClientId) -> Vec<String> {
    world.client(id).data.iter().map(|(_, message)| text_of(message)).collect()
}

fn send(world: &mut World, from: ClientId, label: &str, message: &[u8]) {
    let sent = world.act(from, |client, now| client.send_data(label, message, now));
    assert!(sent, "{label} is not open");
}

fn three() -> (World, [ClientId; 3]) {
    let mut world = World::new(1);
    let ids = ["doctor", "patient", "interpreter"].map(|name| world.join(name));
    assert!(world.connect(&ids));
    world.run_for(SECOND);
    (world, ids)
}

#[test]
fn a_message_reaches_the_others_with_its_true_sender() {
    let (mut world, [doctor, patient, interpreter]) = three();
    for label in ["_reliable", "_lossy"] {
        send(&mut world, patient, label, &packet("hello", "doctor", &[], 0));
    }
    world.run_for(SECOND);
    let sid = world.client(patient).sid.clone().unwrap();
    for receiver in [doctor, interpreter] {
        let data = world.client(receiver).data.clone();
        let labels: Vec<_> = data.iter().map(|(label, _)| label.as_str()).collect();
        assert_eq!(labels.len(), 2);
        assert!(labels.contains(&"_reliable") && labels.contains(&"_lossy"), "{labels:?}");
        for (_, message) in &data {
            let envelope = Envelope::decode(message);
            assert_eq!(
                (envelope.identity.as_str(), &envelope.payload[..]),
                ("patient", &b"hello"[..])
            );
            assert_eq!(envelope.sid, sid.as_str());
        }
    }
    assert!(world.client(patient).data.is_empty());
}

#[test]
fn a_message_with_destinations_reaches_only_them() {
    let (mut world, [doctor, patient, interpreter]) = three();
    send(&mut world, patient, "_reliable", &packet("secret", "", &["doctor"], 0));
    world.run_for(SECOND);
    assert_eq!(texts(&mut world, doctor), ["secret"]);
    assert!(texts(&mut world, interpreter).is_empty());
}

#[test]
fn a_reliable_message_that_is_sent_again_is_delivered_once() {
    let (mut world, [doctor, patient, _]) = three();
    for sequence in [1, 2, 2, 1, 3, 3] {
        let message = packet(&sequence.to_string(), "", &[], sequence);
        send(&mut world, patient, "_reliable", &message);
    }
    world.run_for(SECOND);
    assert_eq!(texts(&mut world, doctor), ["1", "2", "3"]);
}

#[test]
fn reliable_messages_are_held_for_someone_who_is_still_connecting() {
    let (mut world, [doctor, patient, _]) = three();
    let relative = world.join("relative");
    world.set_link(relative, Link::cut());
    for sequence in 1..=5 {
        let message = packet(&sequence.to_string(), "", &[], sequence);
        send(&mut world, patient, "_reliable", &message);
        send(&mut world, patient, "_lossy", &packet("lossy", "", &[], 0));
    }
    world.run_for(SECOND);
    assert!(texts(&mut world, relative).is_empty());
    world.set_link(relative, Link::default());
    world.run_for(5 * SECOND);
    assert_eq!(texts(&mut world, relative), ["1", "2", "3", "4", "5"]);
    assert_eq!(texts(&mut world, doctor).len(), 10);
}

#[test]
fn reliable_messages_survive_loss_in_order() {
    let (mut world, [doctor, patient, _]) = three();
    let bad = Link { loss: 0.1, reorder: 0.05, duplicate: 0.05, ..Link::with_delay_ms(20) };
    world.set_link(patient, bad);
    world.set_link(doctor, bad);
    for sequence in 1..=100 {
        let message = packet(&sequence.to_string(), "", &[], sequence);
        send(&mut world, patient, "_reliable", &message);
        world.run_for(SECOND / 20);
    }
    world.run_for(60 * SECOND);
    let expected: Vec<_> = (1..=100).map(|sequence| sequence.to_string()).collect();
    assert_eq!(texts(&mut world, doctor), expected);
}

#[test]
fn whoever_may_not_send_data_is_not_relayed() {
    let mut world = World::new(2);
    let doctor = world.join("doctor");
    let guest = world.join_with("guest", |join, _| join.permission.can_publish_data = false);
    assert!(world.connect(&[doctor, guest]));
    world.run_for(SECOND);
    send(&mut world, guest, "_reliable", &packet("psst", "", &[], 0));
    world.run_for(SECOND);
    assert!(texts(&mut world, doctor).is_empty());
}

#[test]
fn messages_cross_shards_both_ways_and_reach_only_whom_they_are_for() {
    let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
    let mut world = World::with_shards(3, limits, 3);
    let doctor = world.join("doctor");
    let listeners: Vec<_> = (0..6)
        .map(|number| {
            let identity = format!("listener-{number}");
            let id = world.join_with(&identity, |join, _| join.permission.can_publish = false);
            world.run_for(SECOND / 1000);
            id
        })
        .collect();
    assert!(world.connect(&[doctor]) && world.connect(&listeners));
    world.run_for(SECOND);
    let far = |shard| {
        let mut there = listeners.iter().filter(|id| world.shard_of(**id) == shard);
        [*there.next().unwrap(), *there.next().unwrap()]
    };
    let ([first, neighbour], [second, _]) = (far(1), far(2));
    send(&mut world, doctor, "_reliable", &packet("down", "", &[], 1));
    world.run_for(SECOND);
    send(&mut world, first, "_lossy", &packet("up", "doctor", &[], 0));
    world.run_for(SECOND);
    for id in &listeners {
        let heard = texts(&mut world, *id);
        let expected: &[&str] = if *id == first { &["down"] } else { &["down", "up"] };
        assert_eq!(heard, expected);
    }
    assert_eq!(texts(&mut world, doctor), ["up"]);
    let message = world.client(doctor).data[0].1.clone();
    assert_eq!(Envelope::decode(&message).identity, world.identity(first));
    for (to, text) in [(second, "far"), (neighbour, "near"), (doctor, "home")] {
        let name = world.identity(to).to_owned();
        send(&mut world, first, "_reliable", &packet(text, "", &[&name], 0));
    }
    world.run_for(SECOND);
    assert_eq!(texts(&mut world, second).last().unwrap(), "far");
    assert_eq!(texts(&mut world, neighbour).last().unwrap(), "near");
    assert_eq!(texts(&mut world, doctor), ["up", "home"]);
    let all: usize = listeners.iter().map(|id| world.client(*id).data.len()).sum();
    assert_eq!(all, 6 + 5 + 2);
}

#[test]
fn a_message_of_the_server_reaches_whom_it_is_for_and_claims_no_sender() {
    let mut world = World::new(31);
    let (doctor, patient) = world.pair();
    let send = |packet| RoomAct::SendData { packet, lossy: false };
    world.administer_room(send(packet("all", "forged", &[], 0))).unwrap();
    world.administer_room(send(packet("one", "forged", &["patient"], 0))).unwrap();
    world.run_for(SECOND);
    for (id, texts) in [(doctor, 1), (patient, 2)] {
        let data = world.client(id).data.clone();
        assert_eq!(data.len(), texts);
        for (_, message) in data {
            assert!(Envelope::decode(&message).identity.is_empty());
        }
    }
    let broken = world.administer_room(send(vec![0x12, 0x7f]));
    assert_eq!(broken, Err(Refused::BadData));
}
