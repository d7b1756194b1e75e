//! What an administrator does in a room, and what an observer is told of rooms.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use protocol::{
    ids::{RoomName, SessionId, TrackSid},
    permission::{Permission, TrackSource},
};
use sfu::{
    limits::Limits,
    words::{
        administration::{
            Act, ListRooms, OpenRoom, ParticipantAct, ParticipantChange, Question, Refused, Report,
            RoomAct, RoomSettings,
        },
        event::{JoinRefusal, LeaveAction, Message},
        info::{LeaveReason, ParticipantInfo, ParticipantState},
        occurrence::{RoomEnd, What},
    },
};
use sim::{ClientId, Envelope, TrackSpec, World, judge};

const SECOND: Duration = Duration::from_secs(1);

fn opening(name: &str, settings: RoomSettings) -> Act {
    let room = RoomName::try_from(name.to_owned()).unwrap();
    Act::OpenRoom(OpenRoom { room, settings, unix_ms: 1 })
}

fn participants(world: &mut World) -> Vec<ParticipantInfo> {
    match world.administer_room(RoomAct::ListParticipants).unwrap() {
        Report::Participants(everyone) => everyone,
        other => panic!("{other:?}"),
    }
}

fn present(world: &mut World, id: ClientId) -> Vec<String> {
    world.client(id).present().map(|one| one.identity.as_str().to_owned()).collect()
}

fn change(permission: impl FnOnce(&mut Permission)) -> ParticipantAct {
    let mut given = Permission { can_update_metadata: true, ..Permission::default() };
    permission(&mut given);
    let permission = Some(given);
    ParticipantAct::Update(Box::new(ParticipantChange { permission, ..Default::default() }))
}

fn track(world: &mut World, id: ClientId) -> TrackSid {
    world.client(id).tracks[0].sid.clone().unwrap()
}

fn heard(world: &mut World, id: ClientId, is_meant: impl Fn(&Message) -> bool) -> usize {
    world.client(id).messages.iter().filter(|message| is_meant(message)).count()
}

/// A doctor who sends a picture, and a patient who sees it.
fn consultation(seed: u64) -> (World, ClientId, ClientId) {
    let mut world = World::new(seed);
    world.observe();
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::PlainCamera));
    world.run_for(SECOND);
    (world, doctor, patient)
}

#[test]
fn a_room_is_opened_once_keeps_its_settings_and_waits_for_its_first_participant() {
    let mut world = World::new(1);
    let settings = RoomSettings {
        empty_timeout_s: Some(40),
        departure_timeout_s: Some(5),
        participants_max: Some(2),
        metadata: Some("visit 7".to_owned()),
    };
    let opened = world.administer(opening("consultation", settings.clone())).unwrap();
    let again = world.administer(opening("consultation", settings)).unwrap();
    assert_eq!(opened, again);
    let Report::Room(room) = opened else { panic!("{opened:?}") };
    assert_eq!((room.empty_timeout_s, room.departure_timeout_s), (40, 5));
    assert_eq!((room.participants_max, room.metadata.as_str()), (2, "visit 7"));
    world.run_for(39 * SECOND);
    assert_eq!(world.counters().rooms, 1);
    let ids = ["doctor", "patient"].map(|name| world.join(name));
    assert!(world.connect(&ids));
    let third = world.join("third");
    assert_eq!(world.client(third).refused, Some(JoinRefusal::RoomFull));
    for id in ids {
        world.request(id, sfu::words::command::Request::Leave);
    }
    world.run_for(4 * SECOND);
    assert_eq!(world.counters().rooms, 1);
    world.run_for(2 * SECOND);
    assert_eq!(world.counters().rooms, 0);
}

#[test]
fn a_room_that_nobody_joins_ends_after_its_empty_timeout() {
    let mut world = World::new(2);
    let settings = RoomSettings { empty_timeout_s: Some(10), ..RoomSettings::default() };
    world.administer(opening("consultation", settings)).unwrap();
    world.run_for(9 * SECOND);
    assert_eq!(world.counters().rooms, 1);
    world.run_for(2 * SECOND);
    assert_eq!(world.counters().rooms, 0);
    assert_eq!(world.administer_room(RoomAct::ListParticipants), Err(Refused::NoRoom));
}

#[test]
fn a_recorder_takes_no_seat_of_a_room_but_one_of_the_node() {
    let limits = Limits { participants_per_room: 3, ..Limits::default() };
    let mut world = World::with_limits(3, limits);
    let settings = RoomSettings { participants_max: Some(1), ..RoomSettings::default() };
    world.administer(opening("consultation", settings)).unwrap();
    let recorder = |world: &mut World, name: &str| {
        world.join_with(name, |join, _| {
            (join.permission.hidden, join.permission.recorder) = (true, true);
        })
    };
    let first = recorder(&mut world, "recorder-1");
    let patient = world.join("patient");
    let second = recorder(&mut world, "recorder-2");
    assert!(world.connect(&[first, patient, second]));
    let beyond_the_node = recorder(&mut world, "recorder-3");
    assert_eq!(world.client(beyond_the_node).refused, Some(JoinRefusal::RoomFull));
}

#[test]
fn settings_of_a_join_count_only_if_it_opens_the_room() {
    let mut world = World::new(4);
    let metadata =
        |text: &str| RoomSettings { metadata: Some(text.to_owned()), ..Default::default() };
    world.join_with("doctor", |join, _| join.room_settings = metadata("first"));
    world.join_with("patient", |join, _| join.room_settings = metadata("second"));
    let Ok(Report::Rooms { rooms, next: None }) =
        world.administer(Act::ListRooms(ListRooms { name: None, after: 0 }))
    else {
        panic!("rooms")
    };
    assert_eq!(rooms[0].metadata, "first");
}

#[test]
fn rooms_are_listed_in_pages_each_room_once() {
    let mut world = World::new(5);
    for number in 0..150 {
        world.administer(opening(&format!("room-{number}"), RoomSettings::default())).unwrap();
    }
    let (mut names, mut after, mut pages) = (Vec::new(), Some(0), 0);
    while let Some(place) = after {
        let page = Act::ListRooms(ListRooms { name: None, after: place });
        let Ok(Report::Rooms { rooms, next }) = world.administer(page) else { panic!("a page") };
        names.extend(rooms.into_iter().map(|room| room.name.as_str().to_owned()));
        (after, pages) = (next, pages + 1);
    }
    names.sort();
    names.dedup();
    assert_eq!((names.len(), pages), (150, 3));
    let name = Some(RoomName::try_from("room-7".to_owned()).unwrap());
    let one = world.administer(Act::ListRooms(ListRooms { name, after: 0 }));
    assert!(matches!(one, Ok(Report::Rooms { rooms, next: None }) if rooms.len() == 1));
}

#[test]
fn a_closed_room_sends_everyone_away_and_another_life_begins() {
    let (mut world, doctor, patient) = consultation(6);
    assert_eq!(world.administer_room(RoomAct::Close), Ok(Report::Done));
    for id in [doctor, patient] {
        let left = Some((LeaveReason::RoomDeleted, LeaveAction::Disconnect));
        assert_eq!(world.client(id).left, left);
    }
    assert_eq!(world.counters().rooms, 0);
    assert_eq!(world.administer_room(RoomAct::Close), Err(Refused::NoRoom));
    let again = world.join("doctor");
    assert!(world.connect(&[again]));
    let sids: std::collections::BTreeSet<_> =
        world.occurrences.iter().map(|one| one.room.sid.as_str().to_owned()).collect();
    assert_eq!(sids.len(), 2);
}

#[test]
fn a_removed_participant_is_told_and_is_gone_for_the_others() {
    let (mut world, doctor, patient) = consultation(7);
    assert_eq!(world.administer_client(doctor, ParticipantAct::Remove), Ok(Report::Done));
    let left = Some((LeaveReason::ParticipantRemoved, LeaveAction::Disconnect));
    assert_eq!(world.client(doctor).left, left);
    assert!(present(&mut world, patient).is_empty());
    let again = world.administer_client(doctor, ParticipantAct::Remove);
    assert_eq!(again, Err(Refused::NoParticipant));
}

#[test]
fn a_track_is_muted_from_afar_but_never_unmuted() {
    let (mut world, doctor, patient) = consultation(8);
    let track = track(&mut world, doctor);
    let mute = |muted| ParticipantAct::Mute { track: track.clone(), muted };
    let Ok(Report::Track(info)) = world.administer_client(doctor, mute(true)) else {
        panic!("the track")
    };
    assert!(info.muted);
    let is_told = |message: &Message| matches!(message, Message::RemoteMute { muted: true, .. });
    assert_eq!(heard(&mut world, doctor, is_told), 1);
    let before = world.delivered(patient, doctor, 0).len();
    world.run_for(SECOND);
    assert_eq!(world.delivered(patient, doctor, 0).len(), before);
    assert_eq!(world.administer_client(doctor, mute(false)), Err(Refused::RemoteUnmute));
    assert_eq!(world.administer_client(patient, mute(true)), Err(Refused::NoTrack));
}

#[test]
fn name_metadata_and_attributes_change_for_everyone_and_for_the_next_token() {
    let (mut world, doctor, patient) = consultation(9);
    let attributes = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let update = |name: &str, pairs| {
        ParticipantAct::Update(Box::new(ParticipantChange {
            name: name.to_owned(),
            attributes: attributes(pairs),
            ..ParticipantChange::default()
        }))
    };
    world
        .administer_client(patient, update("Waiting", &[("state", "waiting"), ("x", "1")]))
        .unwrap();
    world.administer_client(patient, update("", &[("state", "admitted"), ("x", "")])).unwrap();
    let sid = world.client(patient).sid.clone().unwrap();
    let seen = world.client(doctor).participants[&sid].clone();
    assert_eq!(seen.name, "Waiting");
    assert_eq!(seen.attributes, attributes(&[("state", "admitted")]));
    let is_told = |message: &Message| matches!(message, Message::ClaimsChanged(_));
    assert_eq!(heard(&mut world, patient, is_told), 2);
    let too_long = update("", &[("k", &"x".repeat(70_000))]);
    assert_eq!(world.administer_client(patient, too_long), Err(Refused::TooLong));
}

#[test]
fn who_may_no_longer_publish_is_silent_at_once_and_who_may_again_can() {
    let (mut world, doctor, patient) = consultation(10);
    let camera_only = change(|one| one.can_publish_sources = vec![TrackSource::Microphone]);
    world.administer_client(doctor, camera_only).unwrap();
    let is_told = |message: &Message| matches!(message, Message::TrackUnpublished(_));
    assert_eq!(heard(&mut world, doctor, is_told), 1);
    let before = world.delivered(patient, doctor, 0).len();
    world.run_for(SECOND);
    assert_eq!(world.delivered(patient, doctor, 0).len(), before);
    let info = participants(&mut world).into_iter().find(|one| one.identity.as_str() == "doctor");
    assert!(info.unwrap().tracks.is_empty());
    world.act(doctor, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(SECOND);
    assert!(judge(&world.delivered(patient, doctor, 1)).packets > 10);
}

#[test]
fn who_may_no_longer_receive_gets_nothing_until_allowed_again() {
    let (mut world, doctor, patient) = consultation(11);
    world.administer_client(patient, change(|one| one.can_subscribe = false)).unwrap();
    world.run_for(SECOND / 10);
    let before = world.delivered(patient, doctor, 0).len();
    world.run_for(SECOND);
    assert_eq!(world.delivered(patient, doctor, 0).len(), before);
    world.administer_client(patient, change(|_| ())).unwrap();
    world.run_for(2 * SECOND);
    assert!(world.delivered(patient, doctor, 0).len() > before + 20);
}

#[test]
fn who_could_not_receive_at_first_receives_when_allowed() {
    let mut world = World::new(12);
    let doctor = world.join("doctor");
    let patient = world.join_with("patient", |join, _| join.permission.can_subscribe = false);
    assert!(world.connect(&[doctor]));
    world.act(doctor, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(SECOND);
    assert!(world.delivered(patient, doctor, 0).is_empty());
    world.administer_client(patient, change(|_| ())).unwrap();
    world.run_for(3 * SECOND);
    assert!(world.delivered(patient, doctor, 0).len() > 50);
}

#[test]
fn who_is_hidden_is_gone_for_the_others_and_comes_back() {
    let (mut world, doctor, patient) = consultation(13);
    world.administer_client(patient, change(|one| one.hidden = true)).unwrap();
    assert!(present(&mut world, doctor).is_empty());
    assert_eq!(participants(&mut world).len(), 2);
    world.administer_client(patient, change(|_| ())).unwrap();
    assert_eq!(present(&mut world, doctor), ["patient"]);
}

#[test]
fn a_recorder_lights_the_recording_sign_as_long_as_it_is_one() {
    let (mut world, doctor, patient) = consultation(14);
    let is_on = |message: &Message, on: bool| matches!(message, Message::Room(room) if room.active_recording == on);
    world.administer_client(patient, change(|one| one.recorder = true)).unwrap();
    assert_eq!(heard(&mut world, doctor, |message| is_on(message, true)), 1);
    world.administer_client(patient, change(|_| ())).unwrap();
    assert_eq!(heard(&mut world, doctor, |message| is_on(message, false)), 1);
}

#[test]
fn an_administrator_switches_subscriptions() {
    let (mut world, doctor, patient) = consultation(15);
    let tracks = vec![track(&mut world, doctor)];
    let set = |subscribe| ParticipantAct::Subscribe { tracks: tracks.clone(), subscribe };
    world.administer_client(patient, set(false)).unwrap();
    world.run_for(SECOND / 10);
    let before = world.delivered(patient, doctor, 0).len();
    world.run_for(SECOND);
    assert_eq!(world.delivered(patient, doctor, 0).len(), before);
    world.administer_client(patient, set(true)).unwrap();
    world.run_for(2 * SECOND);
    assert!(world.delivered(patient, doctor, 0).len() > before + 20);
}

#[test]
fn room_metadata_reaches_everyone_and_stays() {
    let (mut world, doctor, _) = consultation(16);
    world.administer_room(RoomAct::SetMetadata("recording off".to_owned())).unwrap();
    let is_told = |message: &Message| matches!(message, Message::Room(room) if room.metadata == "recording off");
    assert_eq!(heard(&mut world, doctor, is_told), 1);
    let late = world.join("interpreter");
    let joined = |message: &Message| matches!(message, Message::Joined(joined) if joined.room.metadata == "recording off");
    assert_eq!(heard(&mut world, late, joined), 1);
    let too_long = RoomAct::SetMetadata("x".repeat(65 * 1024));
    assert_eq!(world.administer_room(too_long), Err(Refused::TooLong));
}

#[test]
fn a_listener_at_an_edge_is_administered_through_its_home() {
    let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
    let mut world = World::with_shards(17, limits, 2);
    world.observe();
    let speaker = world.join("speaker");
    let mut listeners = Vec::new();
    for name in ["a", "b", "c"] {
        listeners.push(world.join_with(name, |join, _| join.permission.can_publish = false));
        world.run_for(SECOND / 1000);
    }
    assert!(world.connect(&[speaker]) && world.connect(&listeners));
    let far = *listeners.iter().find(|id| world.shard_of(**id) == 1).expect("one at the edge");
    world.run_for(SECOND);

    world.administer_room(RoomAct::SetMetadata("far".to_owned())).unwrap();
    world.run_for(SECOND / 10);
    let room = |message: &Message| matches!(message, Message::Room(room) if room.metadata == "far");
    assert_eq!(heard(&mut world, far, room), 1);

    let listens = |permission: &mut Permission| {
        (permission.can_publish, permission.can_publish_data) = (false, true);
    };
    let named = ParticipantAct::Update(Box::new(ParticipantChange {
        name: "Far away".to_owned(),
        permission: Some({
            let mut permission = Permission::default();
            listens(&mut permission);
            permission
        }),
        ..ParticipantChange::default()
    }));
    let Ok(Report::Participant(info)) = world.administer_client(far, named) else { panic!("far") };
    assert_eq!(info.name, "Far away");
    world.run_for(SECOND / 10);
    let sid = world.client(far).sid.clone().unwrap();
    assert_eq!(world.client(speaker).participants[&sid].name, "Far away");
    let claims = |message: &Message| matches!(message, Message::ClaimsChanged(_));
    assert_eq!(heard(&mut world, far, claims), 1);

    world.administer_client(far, ParticipantAct::Remove).unwrap();
    world.run_for(SECOND / 10);
    let left = Some((LeaveReason::ParticipantRemoved, LeaveAction::Disconnect));
    assert_eq!(world.client(far).left, left);
    assert!(!present(&mut world, speaker).contains(&world.identity(far).to_owned()));
    let joined =
        world.occurrences.iter().filter(|one| matches!(one.what, What::ParticipantJoined(_)));
    assert_eq!(joined.count(), 4);
    let gone = world.occurrences.iter().filter(|one| matches!(one.what, What::ParticipantLeft(_)));
    assert_eq!(gone.count(), 1);
}

#[test]
fn a_listener_at_an_edge_that_may_publish_now_joins_anew() {
    let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
    let mut world = World::with_shards(18, limits, 2);
    let speaker = world.join("speaker");
    let listeners = ["a", "b"].map(|name| {
        let id = world.join_with(name, |join, _| join.permission.can_publish = false);
        world.run_for(SECOND / 1000);
        id
    });
    assert!(world.connect(&[speaker]) && world.connect(&listeners));
    let far = *listeners.iter().find(|id| world.shard_of(**id) == 1).expect("one at the edge");
    world.administer_client(far, change(|_| ())).unwrap();
    world.run_for(SECOND / 10);
    assert_eq!(world.client(far).left, Some((LeaveReason::Migration, LeaveAction::Reconnect)));
    let claims = |message: &Message| matches!(message, Message::ClaimsChanged(claims) if claims.permission.can_publish);
    assert_eq!(heard(&mut world, far, claims), 1);
}

/// A remote procedure call's packet: 10 asks, 11 says that it came, 12 answers.
fn rpc(kind: u8, id: &str) -> Vec<u8> {
    let len = u8::try_from(id.len()).unwrap();
    [&[kind << 3 | 2, len + 2, 0x0a, len], id.as_bytes()].concat()
}

#[test]
fn a_client_is_asked_wherever_it_is_and_its_answer_goes_to_who_asked_alone() {
    let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
    let mut world = World::with_shards(20, limits, 2);
    let speaker = world.join("speaker");
    let listeners = ["a", "b"].map(|name| {
        let id = world.join_with(name, |join, _| join.permission.can_publish = false);
        world.run_for(SECOND / 1000);
        id
    });
    assert!(world.connect(&[speaker]) && world.connect(&listeners));
    assert!(listeners.iter().any(|id| world.shard_of(*id) == 1), "one is at the edge");
    world.run_for(SECOND);
    let asker = SessionId(9999);
    for (asked, other) in
        [(speaker, listeners[0]), (listeners[0], speaker), (listeners[1], speaker)]
    {
        let id = format!("RPC_{}", world.identity(asked));
        let (packet, patience_ms) = (rpc(10, &id), 5000);
        let question = Question { packet, id: id.clone(), session: asker, patience_ms };
        world.administer_client(asked, ParticipantAct::Ask(Box::new(question))).unwrap();
        world.run_for(SECOND / 2);
        let (_, came) = world.client(asked).data.pop().expect("the question");
        assert!(came.starts_with(&rpc(10, &id)));
        assert_eq!(Envelope::decode(&came).identity, "bedside-server");
        assert!(world.client(other).data.is_empty());

        // Somebody else's word is no answer: it goes to the others, as any message.
        world.act(other, |client, now| client.send_data("_reliable", &rpc(12, &id), now));
        world.run_for(SECOND / 2);
        assert!(world.answered.is_empty());
        for kind in [11, 12] {
            world.act(asked, |client, now| client.send_data("_reliable", &rpc(kind, &id), now));
        }
        world.run_for(SECOND / 2);
        let said = std::mem::take(&mut world.answered);
        assert_eq!(said.len(), 2, "{said:?}");
        for ((session, packet), kind) in said.iter().zip([11, 12]) {
            assert!(*session == asker && packet.starts_with(&rpc(kind, &id)));
        }
        assert!(world.client(other).data.is_empty());
        for id in [speaker, listeners[0], listeners[1]] {
            world.client(id).data.clear();
        }
    }
}

#[test]
fn an_observer_is_told_everything_once_and_in_order() {
    let (mut world, doctor, patient) = consultation(19);
    world.join("half-way");
    world.request(doctor, sfu::words::command::Request::Leave);
    world.administer_client(patient, ParticipantAct::Remove).unwrap();
    world.administer_room(RoomAct::Close).unwrap();
    let told: Vec<String> = world
        .occurrences
        .iter()
        .map(|one| match &one.what {
            What::RoomStarted => "room started".to_owned(),
            What::RoomFinished(RoomEnd::Closed) => "room finished".to_owned(),
            What::ParticipantJoined(who) => {
                assert_eq!(who.state, ParticipantState::Active);
                format!("{} joined", who.identity.as_str())
            }
            What::ParticipantQuality(who, samples) => {
                assert!(!samples.is_empty());
                format!("{}'s stay", who.identity.as_str())
            }
            What::ParticipantLeft(who) => format!("{} left", who.identity.as_str()),
            What::ParticipantAborted(who) => format!("{} aborted", who.identity.as_str()),
            What::TrackPublished(who, _) => format!("{} published", who.identity.as_str()),
            What::TrackUnpublished(who, _) => format!("{} unpublished", who.identity.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    let mut joins = told[1..3].to_vec();
    joins.sort();
    assert_eq!(joins, ["doctor joined", "patient joined"]);
    assert_eq!(told[0], "room started");
    assert_eq!(
        told[3..],
        [
            "doctor published",
            "doctor unpublished",
            "doctor's stay",
            "doctor left",
            "patient's stay",
            "patient left",
            "half-way aborted",
            "room finished"
        ]
    );
}

#[test]
fn nobody_is_told_who_has_not_asked() {
    let mut world = World::new(20);
    world.pair();
    assert!(world.occurrences.is_empty());
}
