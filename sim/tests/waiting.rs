//! The waiting area: who waits neither sees nor reaches anybody, and nobody sees or reaches them, until an administrator
//! lets them in.
//!
//! The oracle of isolation looks at everything that a client was ever given: messages of signalling, media, data.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::{collections::BTreeMap, time::Duration};

use protocol::{
    ids::Identity,
    permission::{Admission, NOTICE_ATTRIBUTE, Permission},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sfu::{
    limits::Limits,
    words::{
        administration::{
            Act, OpenRoom, ParticipantAct, ParticipantChange, Refused, Report, RoomAct,
            RoomSettings,
        },
        command::{DataTrackOffer, Request},
        event::Message,
        info::{DataTrackHandle, LeaveReason, ParticipantInfo, ParticipantState, QualityOf},
        occurrence::What,
    },
};
use sim::{ClientId, Envelope, TrackSpec, World};

const SECOND: Duration = Duration::from_secs(1);

/// How much a client had been given at one time.
#[derive(Clone, Copy)]
struct Mark {
    messages: usize,
    deliveries: usize,
    data: usize,
}

fn mark(world: &mut World, id: ClientId) -> Mark {
    let client = world.client(id);
    Mark {
        messages: client.messages.len(),
        deliveries: client.deliveries.len(),
        data: client.data.len(),
    }
}

/// The oracle: since the mark, nothing of anybody else has come. Who departs for somebody who is sent out may be told.
fn assert_isolated(world: &mut World, id: ClientId, since: Mark) {
    let identity = world.identity(id).to_owned();
    let client = world.client(id);
    assert_eq!(client.deliveries.len(), since.deliveries, "media crossed");
    assert_eq!(client.data.len(), since.data, "data crossed");
    let is_own = |info: &ParticipantInfo| info.identity.as_str() == identity;
    for message in &client.messages[since.messages..] {
        match message {
            Message::Joined(joined) => {
                assert!(joined.others.is_empty(), "the roster crossed");
                assert_eq!((joined.room.participants, joined.room.publishers), (0, 0));
                assert!(joined.room.metadata.is_empty(), "{:?}", joined.room);
            }
            Message::Resumed(resumed) => {
                assert!(resumed.participants.iter().all(is_own), "the roster crossed");
                assert_eq!((resumed.room.participants, resumed.room.publishers), (0, 0));
            }
            Message::Participant(info) => {
                let has_gone = info.state == ParticipantState::Disconnected;
                assert!(is_own(info) || has_gone, "{} crossed", info.identity.as_str());
            }
            Message::Room(room) => assert_eq!((room.participants, room.publishers), (0, 0)),
            Message::Offer { mid_to_track, .. } => assert!(mid_to_track.is_empty()),
            Message::ConnectionQuality(of) => {
                let is_own = |one: &QualityOf| client.sid.as_ref() == Some(&one.participant);
                assert!(of.iter().all(is_own), "others' lines crossed");
            }
            Message::DataTrackHandles(tracks) => assert!(tracks.is_empty()),
            Message::Answer { .. }
            | Message::ClaimsChanged(_)
            | Message::RequestOutcome { .. }
            | Message::DataTrackRefused { .. }
            | Message::TrackUnpublished(_)
            | Message::Leave { .. } => {}
            other => panic!("{other:?} crossed"),
        }
    }
}

fn wait(join: &mut sfu::words::command::Join) {
    join.admission = Some(Admission::Waiting);
}

fn present(world: &mut World, id: ClientId) -> Vec<String> {
    world.client(id).present().map(|one| one.identity.as_str().to_owned()).collect()
}

fn own(world: &mut World, id: ClientId) -> ParticipantInfo {
    match world.administer_client(id, ParticipantAct::Describe).unwrap() {
        Report::Participant(info) => *info,
        other => panic!("{other:?}"),
    }
}

fn say(world: &mut World, from: ClientId, label: &str, text: &str) {
    let message = Envelope::of(text).encode();
    world.act(from, |client, now| client.send_data(label, &message, now));
}

/// A doctor who sends picture and sound, and a patient who waits.
fn waiting_room(seed: u64) -> (World, ClientId, ClientId) {
    waiting_room_of(World::new(seed))
}

fn waiting_room_of(mut world: World) -> (World, ClientId, ClientId) {
    world.observe();
    let doctor = world.join("doctor");
    assert!(world.connect(&[doctor]));
    world.act(doctor, |client, _| client.publish(TrackSpec::PlainCamera));
    world.act(doctor, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(SECOND);
    let patient = world.join_with("patient", |join, _| wait(join));
    assert!(world.connect(&[patient]), "the line of somebody who waits stands");
    world.run_for(SECOND);
    (world, doctor, patient)
}

const BEGINNING: Mark = Mark { messages: 0, deliveries: 0, data: 0 };

#[test]
fn who_waits_is_connected_and_given_nothing_of_the_others_nor_they_of_them() {
    let (mut world, doctor, patient) = waiting_room(1);
    world.administer_room(RoomAct::SetMetadata("visit 7".to_owned())).unwrap();
    say(&mut world, doctor, "_reliable", "to all");
    say(&mut world, doctor, "_lossy", "to all");
    world.run_for(3 * SECOND);
    assert_isolated(&mut world, patient, BEGINNING);
    assert!(present(&mut world, doctor).is_empty());
    let info = own(&mut world, patient);
    assert_eq!(info.attributes[Admission::ATTRIBUTE], "waiting");
    assert_eq!((info.permission, info.state), (Permission::none(), ParticipantState::Active));
    let Ok(Report::Rooms { rooms, .. }) = world
        .administer(Act::ListRooms(sfu::words::administration::ListRooms { name: None, after: 0 }))
    else {
        panic!("rooms")
    };
    assert_eq!(rooms[0].participants, 1, "who waits is not counted as present");
}

#[test]
fn who_is_admitted_sees_hears_and_is_heard() {
    let (mut world, doctor, patient) = waiting_room(2);
    let report = world.administer_client(patient, ParticipantAct::Admit).unwrap();
    let Report::Participant(info) = report else { panic!("{report:?}") };
    assert_eq!(info.attributes[Admission::ATTRIBUTE], "admitted");
    let granted = Permission { can_update_metadata: true, ..Permission::default() };
    assert_eq!(info.permission, granted);
    assert_eq!(present(&mut world, doctor), ["patient"]);
    assert_eq!(present(&mut world, patient), ["doctor"]);
    world.act(patient, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(3 * SECOND);
    assert!(world.delivered(patient, doctor, 0).len() > 50);
    assert!(world.delivered(patient, doctor, 1).len() > 50);
    assert!(world.delivered(doctor, patient, 0).len() > 50);
    say(&mut world, doctor, "_reliable", "hello");
    say(&mut world, patient, "_reliable", "good morning");
    world.run_for(SECOND);
    assert_eq!((world.client(patient).data.len(), world.client(doctor).data.len()), (1, 1));
    let claims = world.client(patient).messages.iter().rev().find_map(|message| match message {
        Message::ClaimsChanged(claims) => Some(claims.clone()),
        _ => None,
    });
    let claims = claims.unwrap();
    assert_eq!((claims.admission, claims.permission), (Some(Admission::Admitted), granted));
}

#[test]
fn a_hostile_client_that_waits_publishes_sends_and_subscribes_in_vain() {
    let (mut world, doctor, patient) = waiting_room(3);
    let before = mark(&mut world, doctor);
    let tracks: Vec<_> =
        world.client(doctor).tracks.iter().map(|track| track.sid.clone().unwrap()).collect();
    world.act(patient, |client, _| client.publish(TrackSpec::Microphone));
    world.act(patient, |client, _| client.publish_by_offer(&[TrackSpec::Microphone]));
    world.request(patient, Request::Subscription { tracks: tracks.clone(), subscribe: true });
    world.request(
        patient,
        Request::SubscriptionPermission { all_participants: true, allowed: Vec::new() },
    );
    let offer = DataTrackOffer {
        handle: DataTrackHandle(1),
        name: "x".to_owned(),
        encryption: 0,
        description: Vec::new(),
    };
    world.request(patient, Request::PublishDataTrack(Box::new(offer)));
    let lie = BTreeMap::from([(Admission::ATTRIBUTE.to_owned(), "admitted".to_owned())]);
    let update = Request::UpdateMetadata {
        request_id: 7,
        name: "the doctor".to_owned(),
        metadata: "x".to_owned(),
        attributes: lie,
    };
    world.request(patient, update);
    for label in ["_reliable", "_lossy", "_data_track"] {
        say(&mut world, patient, label, "let me in");
    }
    let sync = sfu::words::command::SyncState {
        subscription_tracks: tracks,
        subscribe: true,
        ..Default::default()
    };
    world.request(patient, Request::SyncState(Box::new(sync)));
    world.run_for(4 * SECOND);
    assert_isolated(&mut world, patient, BEGINNING);
    let after = mark(&mut world, doctor);
    assert_eq!((after.deliveries, after.data), (before.deliveries, before.data));
    assert!(present(&mut world, doctor).is_empty());
    let told = world.client(doctor).messages[before.messages..].iter();
    let about_patient = told.filter(|message| {
        matches!(message, Message::Participant(info) if info.identity.as_str() == "patient")
    });
    assert_eq!(about_patient.count(), 0);
    assert!(!world.client(patient).track_refusals.is_empty());
    assert_eq!(own(&mut world, patient).attributes[Admission::ATTRIBUTE], "waiting");
    assert!(own(&mut world, patient).tracks.is_empty());
}

#[test]
fn a_hold_in_mid_call_ends_everything_both_ways_until_admitted_again() {
    let (mut world, doctor, patient) = waiting_room(4);
    world.administer_client(patient, ParticipantAct::Admit).unwrap();
    world.act(patient, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(2 * SECOND);
    assert!(world.delivered(doctor, patient, 0).len() > 20);
    let held = mark(&mut world, patient);
    world.administer_client(patient, ParticipantAct::Hold).unwrap();
    assert!(present(&mut world, doctor).is_empty());
    assert!(present(&mut world, patient).is_empty());
    let is_told = |message: &Message| matches!(message, Message::TrackUnpublished(_));
    assert_eq!(world.client(patient).messages.iter().filter(|one| is_told(one)).count(), 1);
    // What was on its way arrives.
    world.run_for(SECOND / 5);
    let (quiet, silent) = (mark(&mut world, patient), mark(&mut world, doctor));
    say(&mut world, doctor, "_reliable", "among ourselves");
    say(&mut world, patient, "_reliable", "is anybody there");
    world.run_for(3 * SECOND);
    assert_isolated(&mut world, patient, quiet);
    assert_isolated(&mut world, patient, Mark { messages: held.messages, ..quiet });
    let after = mark(&mut world, doctor);
    assert_eq!((after.deliveries, after.data), (silent.deliveries, silent.data));

    world.administer_client(patient, ParticipantAct::Admit).unwrap();
    assert_eq!(present(&mut world, doctor), ["patient"]);
    assert_eq!(present(&mut world, patient), ["doctor"]);
    let track = world.act(patient, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(3 * SECOND);
    assert!(world.delivered(doctor, patient, track).len() > 50);
    assert!(world.client(patient).deliveries.len() > quiet.deliveries + 100);
}

#[test]
fn who_resumes_while_waiting_still_waits() {
    let (mut world, _, patient) = waiting_room(5);
    world.lose_session(patient);
    world.run_for(2 * SECOND);
    world.resume(patient);
    world.run_for(3 * SECOND);
    assert_isolated(&mut world, patient, BEGINNING);
    world.administer_client(patient, ParticipantAct::Admit).unwrap();
    world.run_for(2 * SECOND);
    assert_eq!(present(&mut world, patient), ["doctor"]);
    assert!(world.client(patient).deliveries.len() > 50);
}

#[test]
fn who_was_held_or_admitted_while_away_is_so_on_return_whatever_the_token_says() {
    let (mut world, doctor, patient) = waiting_room(6);
    world.administer_client(patient, ParticipantAct::Admit).unwrap();
    world.administer_client(patient, ParticipantAct::Hold).unwrap();
    world.request(patient, Request::Leave);
    // With a token from when it was admitted, and with one that knows of no waiting.
    for admission in [Some(Admission::Admitted), None] {
        let again = world.join_with("patient", |join, _| join.admission = admission);
        assert!(world.connect(&[again]));
        world.run_for(2 * SECOND);
        assert_isolated(&mut world, again, BEGINNING);
        assert!(present(&mut world, doctor).is_empty());
        world.request(again, Request::Leave);
    }
    let who = Identity::try_from("patient".to_owned()).unwrap();
    let act = RoomAct::OfParticipant { identity: who, act: ParticipantAct::Admit };
    assert_eq!(world.administer_room(act), Ok(Report::Done), "decided about somebody who is away");
    let again = world.join_with("patient", |join, _| wait(join));
    assert!(world.connect(&[again]));
    world.run_for(2 * SECOND);
    assert_eq!(present(&mut world, again), ["doctor"]);
}

#[test]
fn an_update_changes_what_who_waits_will_be_allowed_and_does_not_admit() {
    let (mut world, doctor, patient) = waiting_room(7);
    let permission = Permission { can_publish: false, ..Permission::default() };
    let attributes = BTreeMap::from([
        (NOTICE_ATTRIBUTE.to_owned(), "ten minutes late".to_owned()),
        (Admission::ATTRIBUTE.to_owned(), "admitted".to_owned()),
    ]);
    let change = ParticipantChange {
        permission: Some(permission.clone()),
        attributes,
        ..Default::default()
    };
    world.administer_client(patient, ParticipantAct::Update(Box::new(change))).unwrap();
    world.run_for(SECOND);
    assert_isolated(&mut world, patient, BEGINNING);
    let info = own(&mut world, patient);
    assert_eq!(info.attributes[Admission::ATTRIBUTE], "waiting");
    assert_eq!(info.attributes[NOTICE_ATTRIBUTE], "ten minutes late");
    let told = world.client(patient).messages.iter().any(|message| {
        matches!(message, Message::Participant(info) if info.attributes.contains_key(NOTICE_ATTRIBUTE))
    });
    assert!(told, "who waits is told");
    assert!(present(&mut world, doctor).is_empty());
    world.administer_client(patient, ParticipantAct::Admit).unwrap();
    assert_eq!(own(&mut world, patient).permission, permission);
}

#[test]
fn a_full_room_admits_nobody_and_who_waits_takes_no_seat() {
    let mut world = World::new(8);
    let room = "consultation".to_owned().try_into().unwrap();
    let settings = RoomSettings { participants_max: Some(2), ..RoomSettings::default() };
    world.administer(Act::OpenRoom(OpenRoom { room, settings, unix_ms: 1 })).unwrap();
    let (first, second) = (world.join_with("a", |join, _| wait(join)), world.join("b"));
    let third = world.join_with("c", |join, _| wait(join));
    assert!(world.connect(&[first, second, third]));
    world.administer_client(first, ParticipantAct::Admit).unwrap();
    assert_eq!(world.administer_client(third, ParticipantAct::Admit), Err(Refused::Full));
    assert_isolated(&mut world, third, BEGINNING);
    world.request(second, Request::Leave);
    world.administer_client(third, ParticipantAct::Admit).unwrap();
    assert_eq!(present(&mut world, third), ["a"]);
}

#[test]
fn who_waits_can_be_removed_and_the_observer_hears_of_them_all() {
    let (mut world, doctor, patient) = waiting_room(9);
    world.administer_client(patient, ParticipantAct::Remove).unwrap();
    assert_eq!(world.client(patient).left.unwrap().0, LeaveReason::ParticipantRemoved);
    assert!(present(&mut world, doctor).is_empty());
    let seen: Vec<_> = world
        .occurrences
        .iter()
        .filter_map(|one| match &one.what {
            What::ParticipantJoined(info) => Some(("joined", info.identity.as_str().to_owned())),
            What::ParticipantLeft(info) => Some(("left", info.identity.as_str().to_owned())),
            _ => None,
        })
        .collect();
    let seen: Vec<_> = seen.iter().map(|(what, who)| (*what, who.as_str())).collect();
    assert_eq!(seen, [("joined", "doctor"), ("joined", "patient"), ("left", "patient")]);
}

#[test]
fn in_a_spread_room_listeners_at_an_edge_are_held_and_admitted_as_well() {
    // Every listener goes to another shard.
    let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
    let mut world = World::with_shards(10, limits, 2);
    let doctor = world.join("doctor");
    assert!(world.connect(&[doctor]));
    world.act(doctor, |client, _| client.publish(TrackSpec::PlainCamera));
    world.run_for(SECOND);
    let listen = |join: &mut sfu::words::command::Join| join.permission.can_publish = false;
    let far = world.join_with("far", |join, _| listen(join));
    let waits = world.join_with("waits", |join, _| {
        listen(join);
        wait(join);
    });
    assert!(world.connect(&[far, waits]));
    world.run_for(2 * SECOND);
    assert!(world.delivered(far, doctor, 0).len() > 10);
    assert_isolated(&mut world, waits, BEGINNING);
    assert_eq!(present(&mut world, doctor), ["far"]);
    assert_eq!(present(&mut world, far), ["doctor"]);

    world.administer_client(far, ParticipantAct::Hold).unwrap();
    world.run_for(SECOND / 2);
    assert!(present(&mut world, doctor).is_empty());
    assert!(present(&mut world, far).is_empty());
    let quiet = mark(&mut world, far);
    say(&mut world, doctor, "_reliable", "among ourselves");
    say(&mut world, far, "_reliable", "is anybody there");
    world.run_for(2 * SECOND);
    assert_isolated(&mut world, far, quiet);
    assert!(world.client(doctor).data.is_empty());

    for id in [far, waits] {
        world.administer_client(id, ParticipantAct::Admit).unwrap();
    }
    world.run_for(2 * SECOND);
    for (id, before) in [(far, quiet.deliveries), (waits, 0)] {
        assert!(present(&mut world, id).contains(&"doctor".to_owned()));
        assert!(world.client(id).deliveries.len() > before + 10, "{id:?}");
    }
    say(&mut world, doctor, "_reliable", "welcome back");
    world.run_for(SECOND);
    assert_eq!((world.client(far).data.len(), world.client(waits).data.len()), (1, 1));
}

/// People who are let in and sent out at random, while they publish, talk and lose their sockets.
struct Walk {
    world: World,
    people: Vec<ClientId>,
    waits: Vec<bool>,
    is_lost: Vec<bool>,
}

impl Walk {
    fn new(seed: u64, shards: u16) -> Self {
        let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
        let mut world = World::with_shards(seed, limits, shards);
        let people = ["a", "b", "c", "d"].map(|name| {
            world.join_with(name, |join, _| {
                // Half of them may only listen, and are served at edges where there are some.
                join.permission.can_publish = matches!(name, "a" | "b");
                if matches!(name, "b" | "d") {
                    wait(join);
                }
            })
        });
        assert!(world.connect(&people));
        Self {
            world,
            people: people.into(),
            waits: vec![false, true, false, true],
            is_lost: vec![false; 4],
        }
    }

    fn step(&mut self, rng: &mut StdRng) {
        let place = rng.random_range(0..self.people.len());
        let id = self.people[place];
        match rng.random_range(0..6) {
            0 => {
                self.world.administer_client(id, ParticipantAct::Admit).unwrap();
                self.waits[place] = false;
            }
            1 | 2 => {
                self.world.administer_client(id, ParticipantAct::Hold).unwrap();
                self.waits[place] = true;
            }
            3 => {
                self.world.act(id, |client, _| client.publish(TrackSpec::Microphone));
            }
            4 => say(&mut self.world, id, "_reliable", "hello"),
            _ if self.is_lost[place] => {
                self.world.resume(id);
                self.is_lost[place] = false;
            }
            _ => {
                self.world.lose_session(id);
                self.is_lost[place] = true;
            }
        }
    }

    /// What was on its way has arrived: from now on who waits gets nothing.
    fn check(&mut self) {
        self.world.run_for(SECOND / 3);
        let marks: Vec<_> = self.people.iter().map(|id| mark(&mut self.world, *id)).collect();
        self.world.run_for(SECOND / 3);
        let waiting = self.people.iter().zip(marks).zip(&self.waits);
        for ((id, since), _) in waiting.filter(|(_, waits)| **waits) {
            assert_isolated(&mut self.world, *id, since);
        }
    }

    fn make_peace(&mut self) {
        for place in 0..self.people.len() {
            if std::mem::take(&mut self.is_lost[place]) {
                self.world.resume(self.people[place]);
            }
        }
        self.world.run_for(SECOND);
        for id in self.people.clone() {
            self.world.administer_client(id, ParticipantAct::Admit).unwrap();
        }
        self.world.run_for(3 * SECOND);
        for id in self.people.clone() {
            let mut seen = present(&mut self.world, id);
            seen.push(self.world.identity(id).to_owned());
            seen.sort();
            assert_eq!(seen, ["a", "b", "c", "d"], "{id:?}");
        }
    }
}

#[test]
fn whatever_is_decided_and_done_who_waits_gets_nothing_and_in_the_end_everyone_sees_everyone() {
    for seed in 0..12 {
        for shards in [1, 3] {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut walk = Walk::new(seed, shards);
            for _ in 0..20 {
                walk.step(&mut rng);
                walk.check();
            }
            walk.make_peace();
        }
    }
}
