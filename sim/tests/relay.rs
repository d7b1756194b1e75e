//! One room on several shards: whoever listens at an edge notices no difference.

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
    rtp::ids::Ssrc,
    words::{
        command::{Request, TrackPermission, TrackSettings},
        event::{JoinRefusal, LeaveAction},
        info::{LeaveReason, ParticipantState},
    },
};
use sim::{ClientId, Link, TrackSpec, World, judge};

const SECOND: Duration = Duration::from_secs(1);

/// A world in which every listener goes to the shard with the fewest people.
fn spread(seed: u64, shards: u16) -> World {
    let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
    World::with_shards(seed, limits, shards)
}

fn listener(world: &mut World, identity: &str) -> ClientId {
    let id = world.join_with(identity, |join, _| join.permission.can_publish = false);
    // The edge has it before the next one is placed.
    world.run_for(SECOND / 1000);
    id
}

/// A speaker with sound and picture, and listeners on all shards.
fn webinar(seed: u64, shards: u16, listeners: usize) -> (World, ClientId, Vec<ClientId>) {
    let mut world = spread(seed, shards);
    let speaker = world.join("speaker");
    let ids: Vec<_> =
        (0..listeners).map(|number| listener(&mut world, &format!("listener-{number}"))).collect();
    assert!(world.connect(&[speaker]) && world.connect(&ids), "everyone connects");
    world.act(speaker, |client, _| {
        client.publish(TrackSpec::Microphone);
        client.publish(TrackSpec::PlainCamera);
    });
    world.run_for(2 * SECOND);
    (world, speaker, ids)
}

fn names(world: &mut World, id: ClientId) -> Vec<String> {
    let mut names: Vec<_> =
        world.client(id).present().map(|one| one.identity.as_str().to_owned()).collect();
    names.sort();
    names
}

/// Somebody who listens at the home, and somebody who does at an edge.
fn near_and_far(world: &World, ids: &[ClientId]) -> (ClientId, ClientId) {
    let on = |is_home: bool| {
        let found = ids.iter().find(|id| (world.shard_of(**id) == 0) == is_home);
        *found.expect("listeners on every shard")
    };
    (on(true), on(false))
}

fn assert_complete(world: &mut World, to: ClientId, from: ClientId, track: usize, packets: u64) {
    let judgement = judge(&world.delivered(to, from, track));
    assert!(judgement.is_complete(), "{to:?} {judgement:?}");
    assert!(judgement.packets >= packets, "{to:?}: {} of {packets}", judgement.packets);
}

#[test]
fn a_webinar_on_two_and_three_shards_reaches_everyone_complete_and_in_order() {
    for shards in [2, 3] {
        let (mut world, speaker, ids) = webinar(u64::from(shards), shards, 30);
        world.run_for(8 * SECOND);
        for shard in 0..shards {
            let people = world.counters_of(shard).participants;
            assert!((9..=16).contains(&people), "{people} on shard {shard} of {shards}");
        }
        for id in &ids {
            for track in 0..2 {
                let made = world.client(speaker).tracks[track].layers[0].made;
                assert_complete(&mut world, *id, speaker, track, made - 40);
            }
            assert_eq!(world.client(*id).present().count(), 30);
            assert!(world.client(*id).reports >= 3, "sender reports for lip sync");
        }
        let home = world.counters_of(0);
        assert_eq!((home.rooms, home.edges, home.relay_dropped_packets), (1, 0, 0));
        assert!(home.relayed_packets > 1000 * u64::from(shards - 1), "{}", home.relayed_packets);
        assert_eq!(world.counters_of(1).edges, 1);
        assert_eq!(world.nonces.repetitions, 0);
    }
}

#[test]
fn simulcast_is_relayed_and_each_listener_gets_the_best_layer() {
    let mut world = spread(3, 2);
    let speaker = world.join("speaker");
    let ids: Vec<_> = (0..4).map(|one| listener(&mut world, &format!("listener-{one}"))).collect();
    assert!(world.connect(&[speaker]) && world.connect(&ids));
    world.act(speaker, |client, _| client.publish(TrackSpec::Camera));
    world.run_for(5 * SECOND);
    let (near, far) = near_and_far(&world, &ids);
    for id in [near, far] {
        let delivered = world.delivered(id, speaker, 0);
        let judgement = judge(&delivered);
        assert!(judgement.is_complete(), "{judgement:?}");
        assert_eq!(delivered.last().unwrap().stamp.unwrap().layer, 2);
    }
}

#[test]
fn a_key_frame_that_a_listener_at_an_edge_needs_is_asked_of_the_publisher() {
    let (mut world, speaker, ids) = webinar(4, 2, 4);
    let (_, far) = near_and_far(&world, &ids);
    world.run_for(2 * SECOND);
    let before = world.client(speaker).tracks[1].layers[0].key_frame_requests.len();
    world.act(far, |client, _| {
        for stream in 0..client.streams.len() {
            client.request_key_frame(stream);
        }
    });
    world.run_for(SECOND / 10);
    let after = world.client(speaker).tracks[1].layers[0].key_frame_requests.len();
    assert_eq!(after, before + 1);
}

#[test]
fn what_a_listener_at_an_edge_loses_is_sent_again_by_the_edge() {
    let (mut world, speaker, ids) = webinar(5, 2, 4);
    let (_, far) = near_and_far(&world, &ids);
    world.set_links(far, Link::default(), Link { loss: 0.05, ..Link::with_delay_ms(10) });
    world.run_for(10 * SECOND);
    world.act(speaker, |client, now| client.mute(1, true, now));
    world.run_for(2 * SECOND);
    let judgement = judge(&world.delivered(far, speaker, 1));
    assert!(judgement.is_sound() && judgement.missing <= 2, "{judgement:?}");
    let shard = world.shard_of(far) as u16;
    assert!(world.counters_of(shard).rtp_retransmitted > 10);
    assert_eq!(world.counters_of(0).rtp_retransmitted, 0);
    assert_eq!(world.counters_of(0).nacks_sent, 0);
}

#[test]
fn muting_unmuting_and_unpublishing_are_seen_at_every_edge() {
    let (mut world, speaker, ids) = webinar(6, 3, 6);
    let sid = world.client(speaker).sid.clone().unwrap();
    world.act(speaker, |client, now| client.mute(1, true, now));
    world.run_for(SECOND / 10);
    let at_mute: Vec<_> = ids.iter().map(|id| world.delivered(*id, speaker, 1).len()).collect();
    world.run_for(2 * SECOND);
    for (id, before) in ids.iter().zip(&at_mute) {
        assert!(world.client(*id).participants[&sid].tracks[1].muted);
        assert_eq!(world.delivered(*id, speaker, 1).len(), *before);
    }
    world.act(speaker, |client, now| client.mute(1, false, now));
    world.run_for(SECOND);
    for (id, before) in ids.iter().zip(&at_mute) {
        let delivered = world.delivered(*id, speaker, 1);
        assert!(delivered.len() > before + 40 && delivered[*before].stamp.unwrap().is_key);
        assert!(judge(&delivered).is_complete());
    }
    world.act(speaker, |client, _| client.unpublish(1));
    world.run_for(SECOND);
    for id in &ids {
        assert_eq!(world.client(*id).participants[&sid].tracks.len(), 1);
        assert_eq!(world.client(*id).streams.iter().filter(|one| one.is_active).count(), 1);
    }
}

#[test]
fn who_speaks_is_told_at_every_edge() {
    let (mut world, speaker, ids) = webinar(7, 2, 4);
    let sid = world.client(speaker).sid.clone().unwrap();
    for id in &ids {
        assert!(world.client(*id).speakers[&sid].active);
    }
    world.act(speaker, |client, now| client.mute(0, true, now));
    world.run_for(2 * SECOND);
    for id in &ids {
        assert!(!world.client(*id).speakers[&sid].active);
    }
}

#[test]
fn whoever_leaves_an_edge_or_the_home_is_gone_for_everyone() {
    let (mut world, speaker, ids) = webinar(8, 2, 6);
    let (near, far) = near_and_far(&world, &ids);
    for gone in [near, far] {
        world.request(gone, Request::Leave);
    }
    world.run_for(SECOND);
    for id in ids.iter().copied().filter(|id| ![near, far].contains(id)).chain([speaker]) {
        assert_eq!(names(&mut world, id).len(), 4);
    }
    world.request(speaker, Request::Leave);
    world.run_for(SECOND);
    for id in ids.iter().copied().filter(|id| ![near, far].contains(id)) {
        assert_eq!(names(&mut world, id).len(), 3);
        assert!(world.client(id).streams.iter().all(|stream| !stream.is_active));
    }
}

#[test]
fn a_newcomer_at_an_edge_and_a_newcomer_at_home_see_everyone_who_is_there() {
    let (mut world, speaker, _) = webinar(9, 3, 6);
    let late = listener(&mut world, "late");
    let second = world.join("second speaker");
    assert!(world.connect(&[late, second]));
    world.act(second, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(2 * SECOND);
    for id in [late, second, speaker] {
        assert_eq!(names(&mut world, id).len(), 8);
    }
    assert_complete(&mut world, late, second, 0, 60);
    assert_complete(&mut world, late, speaker, 1, 100);
    let sid = world.client(late).sid.clone().unwrap();
    assert_eq!(world.client(speaker).participants[&sid].state, ParticipantState::Active);
}

#[test]
fn a_packet_is_relayed_only_while_someone_beyond_wants_it() {
    let (mut world, speaker, ids) = webinar(10, 2, 2);
    let (_, far) = near_and_far(&world, &ids);
    let tracks: Vec<_> =
        (0..2).map(|track| world.client(speaker).tracks[track].sid.clone().unwrap()).collect();
    world.request(far, Request::Subscription { tracks: tracks.clone(), subscribe: false });
    world.run_for(SECOND / 10);
    let before = world.counters_of(0).relayed_packets;
    world.run_for(SECOND);
    assert_eq!(world.counters_of(0).relayed_packets, before);
    world.request(far, Request::Subscription { tracks: tracks.clone(), subscribe: true });
    let at = world.delivered(far, speaker, 1).len();
    world.run_for(SECOND);
    let fresh = world.delivered(far, speaker, 1)[at..].to_vec();
    assert!(judge(&fresh).is_complete() && fresh.len() > 40, "{:?}", judge(&fresh));
    for disabled in [true, false] {
        let settings = TrackSettings { disabled, ..TrackSettings::default() };
        world.request(far, Request::TrackSettings { tracks: tracks.clone(), settings });
        world.run_for(SECOND);
        let flowing = world.counters_of(0).relayed_packets;
        world.run_for(SECOND);
        assert_eq!(world.counters_of(0).relayed_packets > flowing, !disabled);
    }
}

#[test]
fn a_name_that_changes_at_an_edge_is_seen_everywhere_once() {
    let (mut world, speaker, ids) = webinar(21, 3, 6);
    let (near, far) = near_and_far(&world, &ids);
    let other = *ids.iter().find(|id| world.shard_of(**id) == 3 - world.shard_of(far)).unwrap();
    let sid = world.client(far).sid.clone().unwrap();
    let rename = Request::UpdateMetadata {
        request_id: 1,
        name: "Renamed".to_owned(),
        metadata: String::new(),
        attributes: [("hand".to_owned(), "raised".to_owned())].into(),
    };
    world.request(far, rename);
    world.run_for(SECOND);
    for id in [speaker, near, other] {
        let seen = world.client(id).participants[&sid].clone();
        assert_eq!((seen.name.as_str(), seen.attributes["hand"].as_str()), ("Renamed", "raised"));
    }
}

#[test]
fn a_publisher_s_choice_of_audience_holds_at_edges() {
    let (mut world, speaker, ids) = webinar(22, 2, 6);
    let (near, far) = near_and_far(&world, &ids);
    let allowed = [near, far]
        .iter()
        .map(|id| TrackPermission {
            participant: world.client(*id).sid.clone(),
            identity: None,
            all_tracks: true,
            tracks: Vec::new(),
        })
        .collect();
    world.request(speaker, Request::SubscriptionPermission { all_participants: false, allowed });
    let late = listener(&mut world, "late");
    assert!(world.connect(&[late]));
    world.run_for(SECOND);
    let before: Vec<_> = ids.iter().map(|id| world.delivered(*id, speaker, 0).len()).collect();
    world.run_for(SECOND);
    for (id, before) in ids.iter().zip(before) {
        let flows = world.delivered(*id, speaker, 0).len() > before;
        assert_eq!(flows, [near, far].contains(id));
    }
    assert!(world.client(late).streams.is_empty());
    let everyone = Request::SubscriptionPermission { all_participants: true, allowed: Vec::new() };
    world.request(speaker, everyone);
    world.run_for(SECOND);
    for id in ids.iter().chain([&late]) {
        assert!(world.client(*id).streams.iter().filter(|one| one.is_active).count() == 2);
    }
}

#[test]
fn a_hidden_listener_at_an_edge_is_seen_by_nobody() {
    let (mut world, speaker, ids) = webinar(23, 2, 4);
    let hidden: Vec<_> = (0..2)
        .map(|number| {
            let id = world.join_with(&format!("hidden-{number}"), |join, _| {
                join.permission.can_publish = false;
                join.permission.hidden = true;
            });
            world.run_for(SECOND / 1000);
            id
        })
        .collect();
    assert!(world.connect(&hidden));
    world.run_for(SECOND);
    for id in ids.iter().chain([&speaker]) {
        assert_eq!(world.client(*id).present().count(), 4);
    }
    for id in hidden {
        assert_eq!(world.client(id).present().count(), 5);
        assert_complete(&mut world, id, speaker, 1, 30);
        world.request(id, Request::Leave);
    }
    world.run_for(SECOND);
    for id in ids.iter().chain([&speaker]) {
        assert_eq!(world.client(*id).participants.len(), 4);
    }
}

#[test]
fn a_layer_that_begins_anew_is_taken_up_at_edges() {
    let (mut world, speaker, ids) = webinar(24, 2, 4);
    world.act(speaker, |client, _| client.tracks[1].layers[0].begin_anew(Ssrc(4711), 1));
    world.run_for(3 * SECOND);
    for id in ids {
        assert_complete(&mut world, id, speaker, 1, 280);
    }
}

#[test]
fn somebody_at_an_edge_resumes_there() {
    let (mut world, speaker, ids) = webinar(11, 2, 4);
    let (_, far) = near_and_far(&world, &ids);
    let shard = world.shard_of(far);
    let sid = world.client(far).sid.clone();
    world.lose_session(far);
    world.run_for(3 * SECOND);
    world.resume(far);
    world.run_for(3 * SECOND);
    assert_eq!((world.client(far).left, world.client(far).refused), (None, None));
    assert_eq!((world.shard_of(far), world.client(far).sid.clone()), (shard, sid));
    assert_complete(&mut world, far, speaker, 1, 400);
    assert_eq!(names(&mut world, speaker).len(), 4);
    world.lose_session(far);
    world.run_for(32 * SECOND);
    assert_eq!(names(&mut world, speaker).len(), 3);
    world.resume(far);
    assert!(world.run_until(SECOND, |world| world.client(far).refused.is_some()));
}

#[test]
fn the_same_identity_replaces_the_one_before_wherever_either_is() {
    let (mut world, speaker, ids) = webinar(12, 3, 6);
    for (turn, id) in ids.iter().enumerate() {
        let identity = format!("listener-{turn}");
        let again =
            if turn % 2 == 0 { listener(&mut world, &identity) } else { world.join(&identity) };
        assert!(world.connect(&[again]));
        let left = Some((LeaveReason::DuplicateIdentity, LeaveAction::Disconnect));
        assert_eq!(world.client(*id).left, left);
        world.run_for(SECOND);
        assert_complete(&mut world, again, speaker, 1, 60);
        assert_eq!(world.participants(), 7);
        assert_eq!(names(&mut world, speaker).len(), 6);
    }
}

#[test]
fn a_session_that_closes_before_it_was_told_its_shard_leaves_nobody_behind() {
    let (mut world, speaker, _) = webinar(13, 2, 2);
    world.relay_delay = SECOND / 5;
    world.run_for(SECOND);
    let hasty: Vec<_> = (0..2).map(|one| listener(&mut world, &format!("hasty-{one}"))).collect();
    for id in hasty {
        assert_eq!(world.client(id).sid, None);
        world.lose_session(id);
    }
    world.run_for(2 * SECOND);
    assert_eq!(world.participants(), 3);
    assert_eq!(names(&mut world, speaker), ["listener-0", "listener-1"]);
}

#[test]
fn a_full_room_counts_whoever_is_at_edges() {
    let limits =
        Limits { overflow_subscriptions: 0, participants_per_room: 5, ..Limits::default() };
    let mut world = World::with_shards(14, limits, 2);
    let ids: Vec<_> = (0..5).map(|one| listener(&mut world, &format!("listener-{one}"))).collect();
    let late = listener(&mut world, "late");
    world.run_for(SECOND);
    assert!(world.client(late).refused.is_some());
    world.request(ids[0], Request::Leave);
    world.request(ids[1], Request::Leave);
    world.run_for(SECOND);
    let after = listener(&mut world, "after");
    world.run_for(SECOND);
    assert!(world.client(after).refused.is_none());
}

#[test]
fn an_edge_ends_with_its_last_listener_and_the_room_with_its_last_participant() {
    let (mut world, speaker, ids) = webinar(15, 2, 4);
    for id in &ids {
        world.request(*id, Request::Leave);
    }
    world.run_for(SECOND);
    assert_eq!((world.counters_of(0).rooms, world.counters_of(1).edges), (1, 0));
    let back = [listener(&mut world, "back-0"), listener(&mut world, "back-1")];
    assert!(world.connect(&back));
    world.run_for(SECOND);
    assert_eq!(world.counters_of(1).edges, 1);
    for id in [speaker, back[0], back[1]] {
        world.request(id, Request::Leave);
    }
    world.run_for(25 * SECOND);
    for shard in 0..2 {
        let counters = world.counters_of(shard);
        assert_eq!((counters.rooms, counters.edges, counters.participants), (0, 0, 0));
    }
}

#[test]
fn a_link_that_is_reset_costs_the_listeners_beyond_a_new_join_and_nobody_else_anything() {
    for (from, to) in [(0, 1), (1, 0)] {
        let (mut world, speaker, ids) = webinar(16, 3, 9);
        world.break_relay(from, to);
        world.run_for(SECOND / 2);
        let rejoin = Some((LeaveReason::Migration, LeaveAction::Reconnect));
        let (lost, kept): (Vec<_>, Vec<_>) =
            ids.iter().copied().partition(|id| world.shard_of(*id) == 1);
        assert!(!lost.is_empty());
        for id in &lost {
            assert_eq!(world.client(*id).left, rejoin);
        }
        for id in &kept {
            assert_eq!(world.client(*id).left, None);
            assert_eq!(names(&mut world, *id).len(), kept.len());
        }
        assert_eq!((world.counters_of(1).edges, world.counters_of(2).edges), (0, 1));
        let back: Vec<_> = lost
            .iter()
            .map(|id| world.identity(*id).to_owned())
            .collect::<Vec<_>>()
            .iter()
            .map(|identity| listener(&mut world, identity))
            .collect();
        assert!(world.connect(&back));
        world.run_for(2 * SECOND);
        assert!(back.iter().any(|id| world.shard_of(*id) == 1));
        for id in back.iter().chain(&kept) {
            assert_complete(&mut world, *id, speaker, 1, 100);
            assert_eq!(names(&mut world, *id).len(), 9);
        }
        for shard in 0..2 {
            assert_eq!(world.counters_of(shard).relay_resets, 1);
        }
    }
}

#[test]
fn a_join_that_is_lost_with_its_link_is_refused() {
    let (mut world, speaker, _) = webinar(25, 2, 2);
    world.relay_delay = SECOND / 5;
    world.run_for(SECOND);
    let lost = [listener(&mut world, "lost-0"), listener(&mut world, "lost-1")];
    let lost: Vec<_> = lost.into_iter().filter(|id| world.client(*id).sid.is_none()).collect();
    assert!(!lost.is_empty());
    world.break_relay(0, 1);
    for id in lost {
        assert_eq!(world.client(id).refused, Some(JoinRefusal::NodeFull));
    }
    world.run_for(SECOND);
    assert_eq!(world.participants(), world.client(speaker).present().count() as u64 + 1);
}

#[test]
fn resets_from_both_sides_while_people_join_leave_no_edge_that_only_one_side_knows() {
    let (mut world, speaker, _) = webinar(17, 2, 4);
    world.relay_delay = SECOND / 20;
    world.run_for(SECOND);
    for turn in 0..12_u16 {
        let _ = listener(&mut world, &format!("late-{turn}"));
        world.break_relay(turn % 2, 1 - turn % 2);
        if turn % 3 == 0 {
            world.break_relay(1 - turn % 2, turn % 2);
        }
        world.run_for(Duration::from_millis(u64::from(turn) * 17));
    }
    world.run_for(2 * SECOND);
    let seen = world.client(speaker).present().count() as u64;
    assert_eq!(world.participants(), seen + 1);
    let after = [listener(&mut world, "after-0"), listener(&mut world, "after-1")];
    assert!(world.connect(&after));
    world.run_for(2 * SECOND);
    for id in after {
        assert_complete(&mut world, id, speaker, 1, 100);
    }
}

#[test]
fn a_drain_tells_everyone_at_home_and_at_edges_to_reconnect() {
    let (mut world, speaker, ids) = webinar(18, 3, 6);
    world.drain();
    world.run_for(SECOND);
    let shutdown = Some((LeaveReason::ServerShutdown, LeaveAction::Reconnect));
    for id in ids.iter().chain([&speaker]) {
        assert_eq!(world.client(*id).left, shutdown);
    }
    assert_eq!(world.participants(), 0);
}

#[test]
fn a_slow_link_changes_nothing_but_the_delay() {
    let mut world = spread(19, 2);
    world.relay_delay = SECOND / 10;
    let speaker = world.join("speaker");
    let ids: Vec<_> = (0..6).map(|one| listener(&mut world, &format!("listener-{one}"))).collect();
    assert!(world.connect(&[speaker]) && world.connect(&ids));
    world.act(speaker, |client, _| client.publish(TrackSpec::PlainCamera));
    world.run_for(5 * SECOND);
    for id in &ids {
        assert_complete(&mut world, *id, speaker, 0, 200);
        assert_eq!(names(&mut world, *id).len(), 6);
    }
}

#[test]
fn two_rooms_with_homes_on_different_shards_have_edges_on_each_other() {
    let mut world = spread(20, 2);
    let mut rooms = Vec::new();
    for home in 0..2 {
        world.next_home = home;
        let room = format!("room-{home}");
        let name = protocol::ids::RoomName::try_from(room).unwrap();
        let speaker = world.join_with("speaker", |join, _| join.room = name.clone());
        let ids: Vec<_> = (0..4)
            .map(|number| {
                let id = world.join_with(&format!("listener-{number}"), |join, _| {
                    join.room = name.clone();
                    join.permission.can_publish = false;
                });
                world.run_for(SECOND / 1000);
                id
            })
            .collect();
        assert!(world.connect(&[speaker]) && world.connect(&ids));
        world.act(speaker, |client, _| client.publish(TrackSpec::PlainCamera));
        rooms.push((speaker, ids));
    }
    world.run_for(5 * SECOND);
    for (speaker, ids) in rooms {
        for id in ids {
            assert_complete(&mut world, id, speaker, 0, 200);
        }
    }
    for shard in 0..2 {
        assert_eq!((world.counters_of(shard).rooms, world.counters_of(shard).edges), (1, 1));
    }
}
