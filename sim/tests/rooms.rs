//! Who is in the room, who is told, who is refused.

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
    words::{
        command::Request,
        event::{JoinRefusal, LeaveAction, Message, Outcome},
        info::{LeaveReason, ParticipantState},
    },
};
use sim::{Asking, ClientId, Link, TrackSpec, World, judge};

const SECOND: Duration = Duration::from_secs(1);

fn names(world: &mut World, id: ClientId) -> Vec<String> {
    let mut names: Vec<_> =
        world.client(id).present().map(|one| one.identity.as_str().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn everyone_present_sees_everyone_else_and_their_tracks() {
    let mut world = World::new(1);
    let ids = ["doctor", "patient", "interpreter"].map(|name| world.join(name));
    assert!(world.connect(&ids));
    assert_eq!(names(&mut world, ids[0]), ["interpreter", "patient"]);
    assert_eq!(names(&mut world, ids[2]), ["doctor", "patient"]);
    world.act(ids[1], |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(SECOND);
    let sid = world.client(ids[1]).sid.clone().unwrap();
    for viewer in [ids[0], ids[2]] {
        let seen = world.client(viewer).participants[&sid].clone();
        assert_eq!((seen.state, seen.tracks.len()), (ParticipantState::Active, 1));
        assert_eq!(seen.tracks[0].mime_type, "audio/opus");
    }
}

#[test]
fn who_wants_to_be_the_dtls_server_is_called_and_media_and_data_flow_both_ways() {
    let mut world = World::new(20);
    let doctor = world.join("doctor");
    let patient = world.join_with("patient", |_, config| config.is_dtls_server = true);
    assert!(world.connect(&[doctor, patient]));
    for id in [doctor, patient] {
        world.act(id, |client, _| client.publish(TrackSpec::PlainCamera));
    }
    world.run_for(2 * SECOND);
    world.lose_session(patient);
    world.resume(patient);
    world.run_for(2 * SECOND);
    for (to, from) in [(doctor, patient), (patient, doctor)] {
        let judgement = judge(&world.delivered(to, from, 0));
        assert!(judgement.is_complete() && judgement.packets > 200, "{judgement:?}");
        assert!(world.act(from, |client, now| client.send_data("_reliable", b"\x12\0", now)));
        world.run_for(SECOND);
        assert_eq!(world.client(to).data.len(), 1);
    }
    assert_eq!((world.client(doctor).left, world.client(patient).left), (None, None));
}

#[test]
fn someone_who_leaves_is_gone_for_the_others_and_gets_no_more_media() {
    let mut world = World::new(2);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::Microphone));
    world.act(patient, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(2 * SECOND);
    world.request(patient, Request::Leave);
    let address = world.address(patient, sim::Side::Subscriber);
    let before = world.sent_to(address);
    world.run_for(2 * SECOND);
    assert_eq!(world.sent_to(address), before);
    assert!(names(&mut world, doctor).is_empty());
    assert!(world.client(doctor).streams.iter().all(|stream| !stream.is_active));
    assert_eq!(world.counters().participants, 1);
}

#[test]
fn a_muted_track_is_silent_and_flows_again_from_a_key_frame_after_unmuting() {
    let mut world = World::new(3);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::PlainCamera));
    world.run_for(2 * SECOND);
    world.act(doctor, |client, now| client.mute(0, true, now));
    world.run_for(SECOND / 10);
    let sid = world.client(doctor).sid.clone().unwrap();
    assert!(world.client(patient).participants[&sid].tracks[0].muted);
    let at_mute = world.delivered(patient, doctor, 0).len();
    world.run_for(3 * SECOND);
    assert_eq!(world.delivered(patient, doctor, 0).len(), at_mute);
    world.act(doctor, |client, now| client.mute(0, false, now));
    world.run_for(SECOND);
    let delivered = world.delivered(patient, doctor, 0);
    assert!(delivered[at_mute].stamp.unwrap().is_key);
    assert!(delivered.len() > at_mute + 40);
    let judgement = judge(&delivered);
    assert!(judgement.is_complete(), "{judgement:?}");
    assert!(!world.client(patient).participants[&sid].tracks[0].muted);
}

#[test]
fn a_publisher_that_sends_although_it_is_muted_is_not_forwarded() {
    let mut world = World::new(4);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(SECOND);
    let track = world.client(doctor).tracks[0].sid.clone().unwrap();
    world.request(doctor, Request::Mute { track, muted: true });
    world.run_for(SECOND / 10);
    let before = world.delivered(patient, doctor, 0).len();
    world.run_for(SECOND);
    assert_eq!(world.delivered(patient, doctor, 0).len(), before);
}

#[test]
fn the_same_identity_replaces_the_one_before_and_media_goes_to_the_newcomer() {
    let mut world = World::new(5);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(SECOND);
    let again = world.join("patient");
    assert!(world.connect(&[again]));
    let left = Some((LeaveReason::DuplicateIdentity, LeaveAction::Disconnect));
    assert_eq!(world.client(patient).left, left);
    world.run_for(SECOND);
    assert_eq!(world.counters().participants, 2);
    assert!(judge(&world.delivered(again, doctor, 0)).is_complete());
    let old = world.address(patient, sim::Side::Subscriber);
    let before = world.sent_to(old);
    world.run_for(SECOND);
    assert_eq!(world.sent_to(old), before);
    let sid = world.client(again).sid.clone().unwrap();
    assert_eq!(world.client(doctor).participants[&sid].state, ParticipantState::Active);
}

#[test]
fn media_goes_on_while_the_socket_is_lost_and_after_the_resume() {
    let mut world = World::new(6);
    let (doctor, patient) = world.pair();
    for id in [doctor, patient] {
        world.act(id, |client, _| client.publish(TrackSpec::PlainCamera));
    }
    world.run_for(2 * SECOND);
    world.lose_session(patient);
    world.run_for(3 * SECOND);
    world.resume(patient);
    world.run_for(5 * SECOND);
    assert_eq!(world.client(patient).left, None);
    for (to, from) in [(doctor, patient), (patient, doctor)] {
        let judgement = judge(&world.delivered(to, from, 0));
        assert!(judgement.is_complete() && judgement.packets > 500, "{judgement:?}");
    }
    let resumed = |message: &Message| matches!(message, Message::Resumed(_));
    assert!(world.client(patient).messages.iter().any(resumed));
}

#[test]
fn whoever_resumes_is_told_who_left_meanwhile() {
    let mut world = World::new(7);
    let (doctor, patient) = world.pair();
    let relative = world.join("relative");
    world.run_for(SECOND);
    world.lose_session(patient);
    world.request(relative, Request::Leave);
    world.run_for(SECOND);
    assert_eq!(names(&mut world, patient), ["doctor", "relative"]);
    world.resume(patient);
    assert_eq!(names(&mut world, patient), ["doctor"]);
    assert_eq!(names(&mut world, doctor), ["patient"]);
}

#[test]
fn whoever_does_not_resume_in_time_is_removed() {
    let mut world = World::new(8);
    let (doctor, patient) = world.pair();
    world.lose_session(patient);
    world.run_for(29 * SECOND);
    assert_eq!(names(&mut world, doctor), ["patient"]);
    world.run_for(2 * SECOND);
    assert!(names(&mut world, doctor).is_empty());
    world.resume(patient);
    assert_eq!(world.client(patient).refused, Some(JoinRefusal::StateMismatch));
}

#[test]
fn a_track_that_is_taken_back_ends_and_its_section_serves_the_next_one() {
    let mut world = World::new(9);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::Screen));
    world.run_for(SECOND);
    world.act(doctor, |client, _| client.unpublish(0));
    world.run_for(SECOND);
    assert!(world.client(patient).streams.iter().all(|stream| !stream.is_active));
    assert_eq!(world.counters().publications, 0);
    world.act(doctor, |client, _| client.publish(TrackSpec::PlainCamera));
    world.run_for(2 * SECOND);
    let judgement = judge(&world.delivered(patient, doctor, 1));
    assert!(judgement.is_complete() && judgement.packets > 60, "{judgement:?}");
    let streams = &world.client(patient).streams;
    assert_ne!(streams[0].mid, streams[1].mid);
    // The data channels and one track: neither description has grown.
    assert_eq!(world.client(patient).subscriber.remote().unwrap().sections.len(), 2);
    assert_eq!(world.client(doctor).offered_sections(), 1);
}

#[test]
fn a_track_that_was_taken_back_and_is_published_again_reaches_everyone() {
    for pause in [Duration::ZERO, 2 * SECOND] {
        let mut world = World::new(26);
        let (doctor, patient) = world.pair();
        world.act(doctor, |client, _| client.publish(TrackSpec::PlainCamera));
        world.run_for(SECOND);
        world.act(doctor, |client, _| client.unpublish(0));
        world.run_for(pause);
        world.act(doctor, |client, _| client.publish_again(0, TrackSpec::PlainCamera));
        world.run_for(2 * SECOND);
        let judgement = judge(&world.delivered(patient, doctor, 1));
        assert!(judgement.is_complete() && judgement.packets > 60, "{pause:?} {judgement:?}");
        let sid = world.client(doctor).sid.clone().unwrap();
        assert_eq!(world.client(patient).participants[&sid].tracks.len(), 1);
    }
}

#[test]
fn a_thousand_times_camera_and_microphone_on_and_off_leave_no_trace() {
    let mut world = World::new(21);
    let (doctor, patient) = world.pair();
    for cycle in 0..1000 {
        let tracks = world.act(doctor, |client, _| {
            [TrackSpec::Camera, TrackSpec::Microphone].map(|spec| client.publish(spec))
        });
        let came = |world: &mut World, track: usize| {
            world.run_until(2 * SECOND, |world| {
                let sid = world.client(doctor).tracks[track].sid.clone();
                let client = world.client(patient);
                sid.and_then(|sid| client.stream_of(&sid)).is_some_and(|one| one.totals.packets > 0)
            })
        };
        for track in tracks {
            assert!(came(&mut world, track), "cycle {cycle}: track {track} did not come");
        }
        for track in tracks {
            world.act(doctor, |client, _| client.unpublish(track));
        }
        world.run_for(SECOND / 50);
        world.client(patient).deliveries.clear();
        world.client(patient).messages.clear();
        world.client(doctor).messages.clear();
    }
    assert_eq!((world.client(doctor).left, world.client(patient).left), (None, None));
    assert_eq!(world.client(patient).unauthentic, 0);
    // Data channels and two tracks, and perhaps two whose end was not confirmed yet.
    assert!(world.client(doctor).offered_sections() <= 4);
    assert!(world.client(patient).subscriber.remote().unwrap().sections.len() <= 5);
}

#[test]
fn an_answer_is_judged_by_the_offer_that_it_answers() {
    let mut world = World::new(22);
    world.signal_delay = SECOND / 10;
    let (doctor, patient) = world.pair();
    let camera = world.act(doctor, |client, _| client.publish(TrackSpec::PlainCamera));
    world.run_for(2 * SECOND);
    let tracks = vec![world.client(doctor).tracks[camera].sid.clone().unwrap()];
    let asked = world.client(doctor).tracks[camera].layers[0].key_frame_requests.len();
    // Each wish reaches the server while an offer that says otherwise is out.
    for subscribe in [false, true, false, true, false, true] {
        world.request(patient, Request::Subscription { tracks: tracks.clone(), subscribe });
        world.run_for(SECOND / 10);
    }
    world.act(doctor, |client, _| client.publish(TrackSpec::Screen));
    world.run_for(3 * SECOND);
    for track in 0..2 {
        let sid = world.client(doctor).tracks[track].sid.clone().unwrap();
        let stream = world.client(patient).stream_of(&sid).expect("an active stream");
        assert!(stream.first_frame.is_some() && stream.totals.packets > 50);
    }
    assert!(world.client(doctor).tracks[camera].layers[0].key_frame_requests.len() > asked);
    let failed = |message: &Message| matches!(message, Message::SubscriptionFailed { .. });
    assert!(!world.client(patient).messages.iter().any(failed));
}

#[test]
fn whoever_unsubscribes_gets_nothing_until_subscribing_again() {
    let mut world = World::new(10);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::PlainCamera));
    world.run_for(SECOND);
    let tracks = vec![world.client(doctor).tracks[0].sid.clone().unwrap()];
    world.request(patient, Request::Subscription { tracks: tracks.clone(), subscribe: false });
    world.run_for(SECOND / 10);
    let before = world.delivered(patient, doctor, 0).len();
    world.run_for(SECOND);
    assert_eq!(world.delivered(patient, doctor, 0).len(), before);
    world.request(patient, Request::Subscription { tracks, subscribe: true });
    world.run_for(SECOND);
    let after = world.delivered(patient, doctor, 0);
    assert!(after.len() > before + 40);
    let fresh: Vec<_> = after[before..].to_vec();
    assert!(judge(&fresh).is_complete(), "{:?}", judge(&fresh));
}

#[test]
fn sixty_four_participants_fit_and_the_next_is_refused() {
    let mut world = World::new(11);
    let ids: Vec<_> = (0..64).map(|number| world.join(&format!("guest-{number}"))).collect();
    let late = world.join("late");
    assert_eq!(world.client(late).refused, Some(JoinRefusal::RoomFull));
    assert_eq!(world.counters().participants, 64);
    assert_eq!(world.client(ids[0]).present().count(), 63);
    // An identity that is present may always come again.
    let again = world.join("guest-5");
    assert_eq!(world.client(again).refused, None);
    world.request(ids[9], Request::Leave);
    let after = world.join("late");
    assert_eq!(world.client(after).refused, None);
}

#[test]
fn sixteen_publications_fit_and_the_next_is_refused() {
    let mut world = World::new(12);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| {
        for _ in 0..17 {
            client.publish(TrackSpec::Microphone);
        }
    });
    world.run_for(2 * SECOND);
    assert_eq!(world.client(doctor).track_refusals, [Outcome::LimitExceeded]);
    assert_eq!(world.counters().publications, 16);
    for track in 0..16 {
        assert!(judge(&world.delivered(patient, doctor, track)).is_complete(), "track {track}");
    }
    assert_eq!(world.client(doctor).left, None);
}

#[test]
fn an_abandoned_room_closes_after_the_departure_timeout() {
    let mut world = World::new(13);
    let (doctor, patient) = world.pair();
    world.request(doctor, Request::Leave);
    world.request(patient, Request::Leave);
    let wait = Duration::from_secs(Limits::default().departure_timeout_s.into());
    world.run_for(wait - SECOND);
    assert_eq!(world.counters().rooms, 1);
    world.run_for(2 * SECOND);
    assert_eq!(world.counters().rooms, 0);
}

#[test]
fn a_malformed_description_removes_its_sender_only() {
    let without_sections =
        "v=0\r\ns=-\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:active";
    let texts = ["v=0\r\nnonsense", "", "\u{0}", "v=0\r\nm=audio", without_sections];
    for (text, is_offer) in texts.iter().flat_map(|text| [(*text, true), (*text, false)]) {
        if text == without_sections && is_offer {
            continue;
        }
        let mut world = World::new(14);
        let (doctor, patient) = world.pair();
        world.act(doctor, |client, _| client.publish(TrackSpec::Microphone));
        let hostile = world.join("hostile");
        if is_offer {
            world.request(hostile, Asking::Offer { id: 99, sdp: text.to_owned() });
        } else {
            world.client(hostile).answers_with = Some(text.to_owned());
            world.act(patient, |client, _| client.publish(TrackSpec::Microphone));
        }
        world.run_for(2 * SECOND);
        let left = world.client(hostile).left.map(|(reason, _)| reason);
        assert_eq!(left, Some(LeaveReason::MediaFailure), "{text:?} {is_offer}");
        assert_eq!(world.counters().participants, 2);
        let judgement = judge(&world.delivered(patient, doctor, 0));
        assert!(judgement.is_complete() && judgement.packets > 80, "{judgement:?}");
        assert_eq!((world.client(doctor).left, world.client(patient).left), (None, None));
    }
}

#[test]
fn a_description_that_has_grown_too_large_lets_its_sender_come_back() {
    let mut world = World::new(23);
    let (doctor, patient) = world.pair();
    let section = "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n";
    let sdp = format!("v=0\r\n{}", section.repeat(300));
    world.request(patient, Asking::Offer { id: 99, sdp });
    let left = Some((LeaveReason::MediaFailure, LeaveAction::Reconnect));
    assert_eq!(world.client(patient).left, left);
    assert_eq!(world.client(doctor).left, None);
}

#[test]
fn whoever_never_connects_is_removed_after_a_minute() {
    let mut world = World::new(16);
    let doctor = world.join("doctor");
    let ghost = world.join("ghost");
    world.set_link(ghost, Link::cut());
    world.run_for(58 * SECOND);
    assert_eq!(names(&mut world, doctor), ["ghost"]);
    world.run_for(4 * SECOND);
    assert!(names(&mut world, doctor).is_empty());
    let left = world.client(ghost).left.map(|(reason, _)| reason);
    assert_eq!(left, Some(LeaveReason::ConnectionTimeout));
}

#[test]
fn a_client_that_falls_silent_is_gone_for_the_others_after_fifteen_seconds() {
    let mut world = World::new(15);
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| client.publish(TrackSpec::Microphone));
    world.act(patient, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(5 * SECOND);
    world.set_links(patient, Link::cut(), Link::default());
    let gone = world.now;
    world.run_for(14 * SECOND);
    assert_eq!(names(&mut world, doctor), ["patient"]);
    assert!(world.run_until(20 * SECOND, |world| world.counters().participants == 1));
    let waited = world.now - gone;
    assert!((15 * SECOND..=16 * SECOND).contains(&waited), "{waited:?}");
    assert!(names(&mut world, doctor).is_empty());
    let address = world.address(patient, sim::Side::Subscriber);
    let before = world.sent_to(address);
    world.run_for(5 * SECOND);
    assert_eq!(world.sent_to(address), before);
}

#[test]
fn a_line_that_fails_for_fourteen_seconds_costs_nobody_the_room() {
    let mut world = World::new(24);
    let (doctor, patient) = world.pair();
    for id in [doctor, patient] {
        world.act(id, |client, _| client.publish(TrackSpec::Microphone));
    }
    for _ in 0..3 {
        world.run_for(5 * SECOND);
        world.set_link(patient, Link::cut());
        world.run_for(14 * SECOND);
        world.set_link(patient, Link::default());
    }
    world.run_for(20 * SECOND);
    assert_eq!((world.client(doctor).left, world.client(patient).left), (None, None));
    assert_eq!(names(&mut world, doctor), ["patient"]);
}

#[test]
fn who_only_listens_to_nobody_is_not_taken_for_dead() {
    let mut world = World::new(25);
    let (doctor, patient) = world.pair();
    world.run_for(120 * SECOND);
    assert_eq!((world.client(doctor).left, world.client(patient).left), (None, None));
}
