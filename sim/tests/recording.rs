//! What is recorded, and of whom: not a packet is handed over while somebody present has not said yes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::too_many_lines,
    reason = "tests may fail loudly"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use protocol::{permission::Admission, recording::TextVersion};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sfu::{
    limits::Limits,
    recording::feed::Moment,
    words::{
        administration::{ParticipantAct, Refused, Report, RoomAct},
        command::Request,
        event::{Message, Outcome},
        info::ParticipantKind,
        recording::{
            ConsentEvent, ConsentStage, LayerPolicy, RecordAct, RecordingReport, Scope,
            StartRecording, WhyPaused,
        },
    },
};
use sim::{ClientId, Link, TrackSpec, World};

const SECOND: Duration = Duration::from_secs(1);

fn start_of(scope: Scope) -> RecordAct {
    let version = TextVersion::try_from("2026-03".to_owned()).unwrap();
    RecordAct::Start(StartRecording {
        scope,
        version,
        layer: LayerPolicy::Best,
        unix_ms: 1_000_000,
    })
}

fn record(world: &mut World, act: RecordAct) -> Result<RecordingReport, Refused> {
    match world.administer_room(RoomAct::Record(Box::new(act)))? {
        Report::Recording(report) => Ok(*report),
        other => panic!("{other:?}"),
    }
}

fn start(world: &mut World) -> RecordingReport {
    record(world, start_of(Scope::Room)).unwrap()
}

fn answer(world: &mut World, id: ClientId, value: &str) {
    let attributes = BTreeMap::from([("bedside.recording.answer".to_owned(), value.to_owned())]);
    let (name, metadata) = (String::new(), String::new());
    world.request(id, Request::UpdateMetadata { request_id: 7, name, metadata, attributes });
}

fn yes(world: &mut World, id: ClientId) {
    let own = own_attributes(world, id);
    let question = &own["bedside.recording.question"];
    answer(world, id, &format!("yes:{question}"));
}

/// What the client was told last of itself.
fn own_attributes(world: &mut World, id: ClientId) -> BTreeMap<String, String> {
    let sid = world.client(id).sid.clone().unwrap();
    let told = world.client(id).messages.iter().rev().find_map(|message| match message {
        Message::Participant(info) if info.sid == sid => Some(info.attributes.clone()),
        Message::Joined(joined) => Some(joined.participant.attributes.clone()),
        Message::Resumed(resumed) => {
            resumed.participants.iter().find(|one| one.sid == sid).map(|one| one.attributes.clone())
        }
        _ => None,
    });
    told.unwrap_or_default()
}

fn state(world: &mut World, id: ClientId) -> String {
    own_attributes(world, id).get("bedside.recording").cloned().unwrap_or_default()
}

fn sign(world: &mut World, id: ClientId) -> bool {
    let told = world.client(id).messages.iter().rev().find_map(|message| match message {
        Message::Room(room) => Some(room.active_recording),
        Message::Joined(joined) => Some(joined.room.active_recording),
        _ => None,
    });
    told.unwrap()
}

/// Two people who publish sound and picture.
fn call(seed: u64) -> (World, ClientId, ClientId) {
    let mut world = World::new(seed);
    world.open_recordings();
    let (doctor, patient) = world.pair();
    for id in [doctor, patient] {
        world.act(id, |client, _| client.publish(TrackSpec::Microphone));
        world.act(id, |client, _| client.publish(TrackSpec::PlainCamera));
    }
    world.run_for(SECOND);
    (world, doctor, patient)
}

fn count(world: &World, identity: &str) -> usize {
    world.recordings.packets.iter().filter(|one| one.identity == identity).count()
}

#[test]
fn nothing_is_recorded_before_everyone_has_said_yes_and_all_of_it_after() {
    let (mut world, doctor, patient) = call(1);
    let report = start(&mut world);
    assert_eq!((report.stage, report.question.as_str()), (Some(ConsentStage::Asked), "1/2026-03"));
    yes(&mut world, doctor);
    world.run_for(SECOND);
    assert_eq!((world.recordings.packets.len(), world.recordings.open_tracks()), (0, 0));
    assert!(!sign(&mut world, patient));
    assert_eq!(state(&mut world, patient), "asked");
    yes(&mut world, patient);
    world.run_for(2 * SECOND);
    for (id, name) in [(doctor, "doctor"), (patient, "patient")] {
        assert_eq!((state(&mut world, id).as_str(), sign(&mut world, id)), ("running", true));
        // 50 packets of sound a second, and 30 pictures.
        assert!(count(&world, name) > 150, "{name}: {}", count(&world, name));
    }
    assert!(world.recordings.packets.iter().all(|one| one.stamp.is_some() && one.missed == 0));
    assert!(world.recordings.reports > 4);
    let words: Vec<_> = world.recordings.consent.iter().map(|entry| entry.what.clone()).collect();
    assert_eq!(words.len(), 4);
    assert_eq!(words[3], ConsentEvent::Running);
}

#[test]
fn pictures_begin_with_a_key_frame_and_nothing_of_them_is_missing() {
    let (mut world, doctor, patient) = call(2);
    start(&mut world);
    yes(&mut world, doctor);
    yes(&mut world, patient);
    world.run_for(3 * SECOND);
    let stamps = |world: &World, identity: &str, is_video: bool| {
        let own = world.recordings.packets.iter().filter(|one| one.identity == identity);
        let stamps = own.filter_map(|one| one.stamp);
        let mut by_tag = BTreeMap::<u32, Vec<_>>::new();
        for stamp in stamps {
            by_tag.entry(stamp.tag).or_default().push(stamp);
        }
        let is_wanted = |stamps: &Vec<sim::media::Stamp>| stamps[0].is_key == is_video;
        by_tag.into_values().find(is_wanted).unwrap()
    };
    for is_video in [true, false] {
        let stamps = stamps(&world, "doctor", is_video);
        assert!(!is_video || stamps[0].is_first);
        let numbers: Vec<_> = stamps.iter().map(|one| one.sequence).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
    }
}

#[test]
fn a_newcomer_pauses_it_before_anything_more_is_written() {
    let (mut world, doctor, patient) = call(3);
    start(&mut world);
    yes(&mut world, doctor);
    yes(&mut world, patient);
    world.run_for(SECOND);
    let relative = world.join("relative");
    let before = world.recordings.packets.len();
    assert_eq!(world.recordings.open_tracks(), 0);
    assert!(world.connect(&[relative]));
    world.act(relative, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(SECOND);
    assert_eq!(world.recordings.packets.len(), before);
    for id in [doctor, patient, relative] {
        assert_eq!((state(&mut world, id).as_str(), sign(&mut world, id)), ("paused", false));
    }
    yes(&mut world, relative);
    world.run_for(SECOND);
    assert!(count(&world, "relative") > 40);
    assert_eq!(state(&mut world, doctor), "running");
    let moments: Vec<_> = world.recordings.moments.iter().map(|(_, what)| what).collect();
    assert!(moments.contains(&&Moment::Paused));
}

#[test]
fn a_withdrawal_stops_it_with_the_next_packet() {
    let (mut world, doctor, patient) = call(4);
    start(&mut world);
    yes(&mut world, doctor);
    yes(&mut world, patient);
    world.run_for(SECOND);
    answer(&mut world, patient, "no");
    let before = world.recordings.packets.len();
    world.run_for(SECOND);
    assert_eq!((world.recordings.packets.len(), world.recordings.open_tracks()), (before, 0));
    assert!(!sign(&mut world, doctor));
    let last = world.recordings.consent.last().unwrap();
    assert_eq!(last.what, ConsentEvent::Paused(WhyPaused::Refused));
}

#[test]
fn somebody_who_waits_is_not_asked_until_it_is_let_in() {
    let (mut world, doctor, patient) = call(5);
    start(&mut world);
    yes(&mut world, doctor);
    yes(&mut world, patient);
    let third = world.join_with("third", |join, _| join.admission = Some(Admission::Waiting));
    world.run_for(SECOND);
    assert_eq!(
        (state(&mut world, doctor).as_str(), state(&mut world, third).as_str()),
        ("running", "")
    );
    assert!(!sign(&mut world, third));
    world.administer_client(third, ParticipantAct::Admit).unwrap();
    assert_eq!(world.recordings.open_tracks(), 0);
    assert_eq!(state(&mut world, third), "paused");
    world.administer_client(third, ParticipantAct::Hold).unwrap();
    assert_eq!(
        (state(&mut world, doctor).as_str(), state(&mut world, third).as_str()),
        ("running", "")
    );
}

#[test]
fn who_reloads_the_page_has_said_yes_and_who_is_hidden_is_asked_too() {
    let (mut world, doctor, patient) = call(6);
    start(&mut world);
    yes(&mut world, doctor);
    yes(&mut world, patient);
    let again = world.join("patient");
    assert!(world.connect(&[again]));
    assert_eq!(state(&mut world, again), "running");
    let question = own_attributes(&mut world, again)["bedside.recording.answer"].clone();
    assert_eq!(question, "yes:1/2026-03");
    let hidden = world.join_with("hidden", |join, _| join.permission.hidden = true);
    assert_eq!(
        (state(&mut world, doctor).as_str(), state(&mut world, hidden).as_str()),
        ("paused", "paused")
    );
}

#[test]
fn an_answer_needs_no_grant_and_nothing_else_of_the_server_can_be_set() {
    let mut world = World::new(7);
    world.open_recordings();
    let doctor = world.join_with("doctor", |join, _| join.permission.can_update_metadata = false);
    assert!(world.connect(&[doctor]));
    let outcome = |world: &mut World| {
        let told = world.client(doctor).messages.iter().rev().find_map(|message| match message {
            Message::RequestOutcome { outcome, .. } => Some(*outcome),
            _ => None,
        });
        told.unwrap()
    };
    answer(&mut world, doctor, "yes:1/2026-03");
    assert_eq!(outcome(&mut world), Outcome::NotFound);
    start(&mut world);
    answer(&mut world, doctor, "yes:1/2026-02");
    assert_eq!(
        (outcome(&mut world), state(&mut world, doctor).as_str()),
        (Outcome::NotAllowed, "asked")
    );
    yes(&mut world, doctor);
    assert_eq!((outcome(&mut world), state(&mut world, doctor).as_str()), (Outcome::Ok, "running"));
    let attributes = BTreeMap::from([("bedside.recording".to_owned(), "off".to_owned())]);
    let (name, metadata) = (String::new(), String::new());
    world.request(doctor, Request::UpdateMetadata { request_id: 8, name, metadata, attributes });
    assert_eq!(
        (outcome(&mut world), state(&mut world, doctor).as_str()),
        (Outcome::NotAllowed, "running")
    );
}

#[test]
fn the_attributes_of_a_token_say_nothing_of_a_recording() {
    let mut world = World::new(8);
    world.open_recordings();
    let sly = world.join_with("sly", |join, _| {
        join.attributes.insert("bedside.recording.answer".to_owned(), "yes:1/2026-03".to_owned());
        join.attributes.insert("bedside.recording".to_owned(), "running".to_owned());
    });
    assert!(own_attributes(&mut world, sly).is_empty());
    let report = start(&mut world);
    assert_eq!(report.people, [("sly".to_owned().try_into().unwrap(), None)]);
}

#[test]
fn who_records_receives_only_while_everyone_agrees() {
    let (mut world, doctor, patient) = call(9);
    let recorder = world.join_with("recorder", |join, _| {
        (join.permission.recorder, join.permission.hidden) = (true, true);
    });
    let egress = world.join_with("egress", |join, _| {
        (join.kind, join.permission.hidden) = (ParticipantKind::Egress, true);
    });
    assert!(world.connect(&[recorder, egress]));
    world.run_for(SECOND);
    let received = |world: &mut World| {
        [recorder, egress]
            .map(|id| (0..2).map(|track| world.delivered(id, doctor, track).len()).sum::<usize>())
    };
    assert_eq!(received(&mut world), [0, 0]);
    let report = record(&mut world, start_of(Scope::Elsewhere)).unwrap();
    assert_eq!(report.people.len(), 2);
    yes(&mut world, doctor);
    world.run_for(SECOND);
    assert_eq!(received(&mut world), [0, 0]);
    yes(&mut world, patient);
    world.run_for(2 * SECOND);
    let during = received(&mut world);
    assert!(during.iter().all(|count| *count > 100), "{during:?}");
    answer(&mut world, patient, "no");
    let before = [recorder, egress].map(|id| {
        let address = world.address(id, sim::Side::Subscriber);
        (address, world.sent_to(address))
    });
    let at_stop = received(&mut world);
    world.run_for(2 * SECOND);
    // What was under way arrives.
    assert!(received(&mut world).iter().zip(at_stop).all(|(after, before)| *after < before + 20));
    let media = before.map(|(address, count)| world.sent_to(address) - count);
    assert!(media.iter().all(|count| *count < 40), "only checks and reports: {media:?}");
    assert!(world.recordings.packets.is_empty());
}

#[test]
fn a_writer_that_stands_still_costs_packets_of_the_recording_and_none_of_the_call() {
    let (mut world, doctor, patient) = call(10);
    start(&mut world);
    yes(&mut world, doctor);
    yes(&mut world, patient);
    world.run_for(SECOND);
    world.recordings.is_stuck = true;
    let heard = world.delivered(patient, doctor, 0).len();
    world.run_for(30 * SECOND);
    assert!(world.delivered(patient, doctor, 0).len() - heard > 1400);
    assert!(world.counters().recording_missed_packets > 1000);
    world.recordings.is_stuck = false;
    let asked = world.counters().key_frame_requests_sent;
    world.run_for(2 * SECOND);
    assert!(world.recordings.packets.iter().map(|one| one.missed).sum::<u32>() > 1000);
    assert!(world.counters().key_frame_requests_sent > asked, "a picture goes on with a key frame");
}

#[test]
fn the_writers_wish_for_a_key_frame_reaches_the_publisher() {
    let (mut world, doctor, patient) = call(11);
    start(&mut world);
    yes(&mut world, doctor);
    yes(&mut world, patient);
    world.run_for(2 * SECOND);
    let asked = world.counters().key_frame_requests_sent;
    world.recordings.want_key_frames();
    world.run_for(SECOND);
    assert_eq!(world.counters().key_frame_requests_sent - asked, 2);
}

#[test]
fn a_recording_that_fails_ends_and_everyone_is_told() {
    let (mut world, doctor, patient) = call(12);
    start(&mut world);
    yes(&mut world, doctor);
    yes(&mut world, patient);
    world.run_for(SECOND);
    assert!(sign(&mut world, patient));
    world.recordings.standings().for_each(|standing| standing.fail());
    world.run_for(SECOND);
    assert!(!sign(&mut world, patient));
    assert_eq!((state(&mut world, patient).as_str(), world.recordings.ended), ("", 1));
    // And may be asked for again, with a new question.
    assert_eq!(start(&mut world).question, "2/2026-03");
}

#[test]
fn a_clinician_pauses_resumes_and_stops() {
    let (mut world, doctor, patient) = call(13);
    assert_eq!(record(&mut world, RecordAct::Pause), Err(Refused::NoRecording));
    start(&mut world);
    assert_eq!(record(&mut world, start_of(Scope::Room)), Err(Refused::Recording));
    yes(&mut world, doctor);
    yes(&mut world, patient);
    world.run_for(SECOND);
    record(&mut world, RecordAct::Pause).unwrap();
    let before = world.recordings.packets.len();
    world.run_for(SECOND);
    assert_eq!(world.recordings.packets.len(), before);
    record(&mut world, RecordAct::Resume).unwrap();
    world.run_for(SECOND);
    assert!(world.recordings.packets.len() > before + 100);
    let report = record(&mut world, RecordAct::Stop { id: None }).unwrap();
    assert_eq!(report.stage, None);
    let after = world.recordings.packets.len();
    world.run_for(SECOND);
    assert_eq!((world.recordings.packets.len(), world.recordings.ended), (after, 1));
    assert_eq!(state(&mut world, doctor), "");
}

#[test]
fn one_participant_or_one_track_is_recorded_if_that_was_asked_for() {
    let (mut world, doctor, patient) = call(14);
    let who = "doctor".to_owned().try_into().unwrap();
    record(&mut world, start_of(Scope::Participant(who))).unwrap();
    yes(&mut world, doctor);
    yes(&mut world, patient);
    world.run_for(SECOND);
    assert_eq!(world.recordings.open_tracks(), 2);
    assert_eq!(count(&world, "patient"), 0);
    record(&mut world, RecordAct::Stop { id: None }).unwrap();
    let track = world.client(patient).tracks[0].sid.clone().unwrap();
    record(&mut world, start_of(Scope::Track(track))).unwrap();
    yes(&mut world, doctor);
    yes(&mut world, patient);
    world.run_for(SECOND);
    assert_eq!(world.recordings.open_tracks(), 1);
    assert!(count(&world, "patient") > 40);
}

#[test]
fn the_best_layer_is_recorded_and_another_when_that_stops() {
    let mut world = World::new(15);
    world.open_recordings();
    let doctor = world.join("doctor");
    assert!(world.connect(&[doctor]));
    world.act(doctor, |client, _| client.publish(TrackSpec::Camera));
    world.run_for(SECOND);
    start(&mut world);
    yes(&mut world, doctor);
    world.run_for(3 * SECOND);
    let layer = |world: &World| world.recordings.packets.last().unwrap().stamp.unwrap().layer;
    assert_eq!(
        layer(&world),
        2,
        "nobody else is there, and the publisher is asked for all the same"
    );
    world.act(doctor, |client, _| client.tracks[0].layers[2].is_active = false);
    world.run_for(3 * SECOND);
    assert_eq!(layer(&world), 1);
    let switch = world.recordings.packets.windows(2).find_map(|pair| {
        let [one, other] = [pair[0].stamp.unwrap(), pair[1].stamp.unwrap()];
        (one.layer == 2 && other.layer == 1).then_some(other)
    });
    assert!(switch.is_some_and(|stamp| stamp.is_key && stamp.is_first));
}

#[test]
fn without_a_folder_nothing_is_recorded_and_a_large_room_is_refused() {
    let mut world = World::new(16);
    world.pair();
    assert_eq!(record(&mut world, start_of(Scope::Room)), Err(Refused::RecordingOff));
    let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
    let mut world = World::with_shards(17, limits, 2);
    world.open_recordings();
    let _doctor = world.join("doctor");
    let listener = world.join_with("listener", |join, _| join.permission.can_publish = false);
    world.run_for(SECOND);
    assert_eq!(record(&mut world, start_of(Scope::Room)), Err(Refused::TooLarge));
    world.request(listener, Request::Leave);
    world.run_for(SECOND);
    start(&mut world);
    let again = world.join_with("listener", |join, _| join.permission.can_publish = false);
    world.run_for(SECOND);
    assert_eq!(world.counters().joins_handed_on, 1, "who comes now stays where consent is watched");
    assert_eq!(state(&mut world, again), "asked");
}

/// Random lives of a recorded room, with an oracle that knows nothing of the consent code: who is present is asked of the
/// room's roster, who has said yes is known by having been said here.
struct Walk {
    world: World,
    rng: StdRng,
    people: Vec<(ClientId, bool)>,
    joined: usize,
    /// Said to the recording that is under way.
    said: BTreeMap<String, bool>,
    is_on: bool,
    checked: usize,
    recorded: usize,
    log: Vec<String>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        world.open_recordings();
        Self {
            world,
            rng: StdRng::seed_from_u64(seed),
            people: Vec::new(),
            joined: 0,
            said: BTreeMap::new(),
            is_on: false,
            checked: 0,
            recorded: 0,
            log: Vec::new(),
        }
    }

    /// Everyone in the room who does not wait.
    fn present(&mut self) -> BTreeSet<String> {
        match self.world.administer_room(RoomAct::ListParticipants) {
            Ok(Report::Participants(everyone)) => {
                let waits = Some("waiting");
                let is_in = |attributes: &BTreeMap<String, String>| {
                    attributes.get(Admission::ATTRIBUTE).map(String::as_str) != waits
                };
                let inside = everyone.into_iter().filter(|one| is_in(&one.attributes));
                inside.map(|one| one.identity.as_str().to_owned()).collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// What was handed over since the last look, while `present` were there all the time.
    fn check(&mut self, present: &BTreeSet<String>) {
        let agreed = |who: &String| self.said.get(who) == Some(&true);
        let against: Vec<_> = present.iter().filter(|who| !agreed(who)).collect();
        for one in &self.world.recordings.packets[self.checked..] {
            let context = || format!("{:?}\n{}", one, self.log.join("\n"));
            assert!(self.is_on, "nobody asked: {}", context());
            assert!(against.is_empty(), "{against:?} did not agree: {}", context());
            assert!(agreed(&one.identity), "written of somebody who did not agree: {}", context());
            assert!(one.stamp.is_some(), "something else than what was sent: {}", context());
        }
        self.recorded += self.world.recordings.packets.len() - self.checked;
        self.checked = self.world.recordings.packets.len();
    }

    fn run(&mut self, time: Duration) {
        let mut left = time;
        while left > Duration::ZERO {
            let step = left.min(Duration::from_millis(100));
            let before = self.present();
            self.world.run_for(step);
            let after = self.present();
            self.check(&before.intersection(&after).cloned().collect());
            left -= step;
        }
    }

    fn step(&mut self) {
        let place = (!self.people.is_empty()).then(|| self.rng.random_range(0..self.people.len()));
        let what = self.rng.random_range(0..20);
        self.log.push(format!("{:?}: {what} by {place:?}", self.world.now - self.world.epoch));
        let Some((place, (id, is_lost))) = place.map(|place| (place, self.people[place])) else {
            return self.enter();
        };
        let who = self.world.identity(id).to_owned();
        match what {
            0 | 1 => self.enter(),
            2 if !is_lost => {
                self.people.remove(place);
                self.world.request(id, Request::Leave);
            }
            3 | 4 => {
                let spec =
                    [TrackSpec::Microphone, TrackSpec::PlainCamera][self.rng.random_range(0..2)];
                self.world.act(id, |client, _| {
                    if client.tracks.iter().filter(|track| !track.is_removed).count() < 3 {
                        client.publish(spec);
                    }
                });
            }
            5 if is_lost && self.world.client(id).sid.is_some() => {
                self.people[place].1 = false;
                self.world.resume(id);
            }
            5 if self.world.client(id).sid.is_some() => {
                self.people[place].1 = true;
                self.world.lose_session(id);
            }
            6 => {
                let _ = record(&mut self.world, RecordAct::Pause);
            }
            7 => {
                let _ = record(&mut self.world, RecordAct::Resume);
            }
            8 if self.rng.random_bool(0.5) => {
                self.is_on = false;
                let _ = record(&mut self.world, RecordAct::Stop { id: None });
                self.said.clear();
            }
            9 => {
                let act = if self.rng.random_bool(0.5) {
                    ParticipantAct::Hold
                } else {
                    ParticipantAct::Admit
                };
                let _ = self.world.administer_client(id, act);
            }
            10 if !is_lost => {
                // Who was taken out of the room meanwhile says nothing any more.
                let client = self.world.client(id);
                let is_there =
                    client.sid.is_some() && client.left.is_none() && client.refused.is_none();
                if is_there && self.present().contains(&who) {
                    self.said.insert(who.clone(), false);
                    answer(&mut self.world, id, "no");
                    self.assert_refused(&who);
                }
            }
            11 => {
                let loss = self.rng.random_range(0.0..0.15);
                self.world.set_link(id, Link { loss, ..Link::default() });
            }
            12 => self.people_answer_the_clinic(&who),
            _ if !is_lost => self.agree(id, who),
            _ => {}
        }
        if !self.is_on && record(&mut self.world, start_of(Scope::Room)).is_ok() {
            self.is_on = true;
            self.said.clear();
        }
    }

    fn assert_refused(&mut self, who: &str) {
        let Ok(report) = record(&mut self.world, RecordAct::Describe) else { return };
        let said = report.people.iter().find(|(one, _)| one.as_str() == who);
        let no = Some(protocol::recording::Answer::No);
        assert!(said.is_none_or(|(_, answer)| *answer == no), "{who}\n{}", self.log.join("\n"));
    }

    fn people_answer_the_clinic(&mut self, who: &str) {
        let Ok(report) = record(&mut self.world, RecordAct::Describe) else { return };
        let answer = protocol::recording::Answer::Yes;
        let act = RecordAct::Answer {
            who: who.to_owned().try_into().unwrap(),
            answer,
            question: report.question,
        };
        self.said.insert(who.to_owned(), true);
        record(&mut self.world, act).unwrap();
    }

    /// Answers what it was told last, which may be an old question.
    fn agree(&mut self, id: ClientId, who: String) {
        if self.world.client(id).sid.is_none() {
            return;
        }
        let own = own_attributes(&mut self.world, id);
        let Some(question) = own.get("bedside.recording.question") else { return };
        self.said.insert(who, true);
        answer(&mut self.world, id, &format!("yes:{question}"));
    }

    fn enter(&mut self) {
        if self.people.len() >= 4 && self.rng.random_bool(0.7) {
            return;
        }
        // Sometimes somebody who was there comes again.
        if self.rng.random_bool(0.7) || self.joined == 0 {
            self.joined += 1;
        }
        let identity = format!("person-{}", self.rng.random_range(0..self.joined));
        let (hidden, waits) = (self.rng.random_bool(0.1), self.rng.random_bool(0.1));
        let id = self.world.join_with(&identity, |join, _| {
            join.permission.hidden = hidden;
            join.admission = waits.then_some(Admission::Waiting);
        });
        self.people.retain(|(one, _)| self.world.identity(*one) != identity);
        self.people.push((id, false));
    }
}

#[test]
fn in_whatever_life_of_a_room_no_packet_is_written_without_everyones_consent() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let (first, seeds) = (number("SIM_FIRST", 0), number("SIM_SEEDS", 200));
    let (mut recorded, mut walks) = (0, 0);
    for seed in first..first + seeds {
        let mut walk = Walk::new(seed);
        walk.log.push(format!("seed {seed}"));
        for _ in 0..40 {
            walk.step();
            let present = walk.present();
            walk.check(&present);
            let pause = walk.rng.random_range(50..400);
            walk.run(Duration::from_millis(pause));
        }
        recorded += walk.recorded;
        walks += u64::from(walk.recorded > 0);
    }
    // An oracle that never sees a packet says nothing.
    assert!(walks * 10 >= seeds * 3, "{walks} of {seeds} walks were recorded");
    println!("{recorded} packets recorded in {walks} of {seeds} walks");
}
