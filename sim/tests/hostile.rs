//! What an attacker can do from outside, and what a participant can do to the others: nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

use std::{net::SocketAddr, time::Duration};

use protocol::stun::{self, TransactionId};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use sfu::{
    drop_reason::DropReason,
    limits::SSRCS_PER_CONNECTION_MAX,
    rtp::{
        header::is_rtcp,
        ids::{ExtSeq, Seq, Ssrc},
        rtcp,
    },
    words::{
        command::{Request, TrackSettings},
        event::LeaveAction,
        info::LeaveReason,
    },
};
use sim::{ClientId, Identity, Link, Side, TrackSpec, World, judge, transport::Transport};

const SECOND: Duration = Duration::from_secs(1);

/// A doctor who publishes sound and picture, a patient who receives them, and an attacker's address.
fn call(seed: u64) -> (World, ClientId, ClientId, SocketAddr) {
    let mut world = World::new(seed);
    world.captures = true;
    let (doctor, patient) = world.pair();
    world.act(doctor, |client, _| {
        client.publish(TrackSpec::Microphone);
        client.publish(TrackSpec::PlainCamera);
    });
    world.run_for(2 * SECOND);
    let attacker = world.new_address();
    (world, doctor, patient, attacker)
}

fn assert_undisturbed(world: &mut World, doctor: ClientId, patient: ClientId) {
    world.run_for(SECOND);
    let made: Vec<_> =
        (0..2).map(|track| world.client(doctor).tracks[track].layers[0].made).collect();
    for (track, made) in made.into_iter().enumerate() {
        let judgement = judge(&world.delivered(patient, doctor, track));
        assert!(judgement.is_complete(), "{judgement:?}");
        assert!(judgement.packets + 30 > made, "{} of {made}", judgement.packets);
    }
    assert_eq!((world.client(doctor).left, world.client(patient).left), (None, None));
    assert_eq!(world.counters().panics, 0);
}

/// The first flight of a DTLS client that knows everything but a STUN password.
fn client_hello(world: &World) -> Vec<u8> {
    let mut client =
        Transport::new(&Identity::generate(), &[], StdRng::seed_from_u64(1), world.now);
    client.begin_handshake(world.now);
    let mut out = [0; 1500];
    let len = client.poll_transmit(&mut out).expect("a ClientHello");
    assert_eq!(out[0], 22);
    out[..len].to_vec()
}

fn check(username: &str, password: &str) -> Vec<u8> {
    let mut out = [0; 512];
    let id = TransactionId([7; 12]);
    let len = stun::binding_request(&mut out, id, username, true, password.as_bytes()).unwrap();
    out[..len].to_vec()
}

/// Everything that somebody can send who has not authenticated.
fn hostile_datagrams(world: &mut World, victim: ClientId) -> Vec<Vec<u8>> {
    let ssrc = world.client(victim).tracks.first().map_or(Ssrc(1), |track| track.layers[0].ssrc);
    let remote = world.client(victim).publisher.remote().cloned();
    let ufrag = remote.map_or("nobody".to_owned(), |remote| remote.ufrag);
    let local = world.client(victim).publisher.ufrag.clone();
    let mut rtp = vec![0x80, 111, 0x10, 0, 0, 0, 0, 0];
    rtp.extend(ssrc.0.to_be_bytes());
    rtp.extend([0x55; 100]);
    let mut rtcp = vec![0x80, 201, 0, 1];
    rtcp.extend(ssrc.0.to_be_bytes());
    rtcp.extend([0x55; 30]);
    let mut all = vec![
        client_hello(world),
        rtp,
        rtcp,
        check(&format!("{ufrag}:{local}"), "0123456789012345678901"),
        check(&format!("{ufrag}:"), ""),
        check("", "0123456789012345678901"),
        check(&ufrag, "0123456789012345678901"),
        // A bare binding request, an indication, an answer, a TURN allocation.
        [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[1; 12]].concat(),
        [&[0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[1; 12]].concat(),
        [&[1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[1; 12]].concat(),
        [&[0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[1; 12]].concat(),
        Vec::new(),
        vec![0x80; 3000],
    ];
    let mut rng = StdRng::seed_from_u64(9);
    for first in 0..=255 {
        let mut garbage = vec![0; rng.random_range(1..1500)];
        rng.fill_bytes(&mut garbage);
        garbage[0] = first;
        all.push(garbage);
    }
    all
}

#[test]
fn an_address_that_has_not_authenticated_gets_no_answer_and_disturbs_nobody() {
    let (mut world, doctor, patient, attacker) = call(1);
    for _ in 0..20 {
        for datagram in hostile_datagrams(&mut world, doctor) {
            world.inject(attacker, datagram);
        }
        world.run_for(SECOND / 10);
    }
    assert_eq!(world.sent_to(attacker), 0);
    for reason in [DropReason::UnknownPath, DropReason::StunIntegrity, DropReason::StunUnknownUfrag]
    {
        assert!(world.dropped(reason) > 0, "{reason:?}");
    }
    assert_undisturbed(&mut world, doctor, patient);
}

#[test]
fn a_race_for_the_handshake_is_won_by_whoever_authenticated() {
    for seed in 0..10 {
        let mut world = World::new(20 + seed);
        let doctor = world.join("doctor");
        world.set_link(doctor, Link::with_delay_ms(30));
        let attacker = world.new_address();
        let hello = client_hello(&world);
        let connected = world.run_until(SECOND, |world| {
            world.inject(attacker, hello.clone());
            let client = world.client(doctor);
            client.publisher.is_open() && client.subscriber.is_open()
        });
        assert!(connected);
        let waited = world.now - world.epoch;
        // One round trip of ICE, two of DTLS.
        assert!(waited < Duration::from_millis(250), "{waited:?}");
        assert_eq!(world.sent_to(attacker), 0);
    }
}

#[test]
fn captured_media_that_is_replayed_is_not_forwarded_and_its_sender_gets_nothing() {
    let (mut world, doctor, patient, attacker) = call(2);
    // What is still under way would arrive as itself.
    let captured = world.captured.clone();
    world.run_for(SECOND / 100);
    let victim = world.address(doctor, Side::Publisher);
    let media: Vec<_> = captured
        .into_iter()
        .filter(|(from, bytes)| *from == victim && bytes[0] >= 128)
        .map(|(_, bytes)| bytes)
        .collect();
    assert!(media.len() > 150);
    let before = world.counters();
    for datagram in &media {
        world.inject(attacker, datagram.clone());
    }
    assert_eq!(world.counters().rtp_received, before.rtp_received);
    assert_eq!(world.dropped(DropReason::UnknownPath), media.len() as u64);
    // From the victim's own address, at once and after a thousand packets more.
    for _ in 0..2 {
        let forwarded = world.counters().rtp_forwarded;
        for datagram in &media {
            world.inject(victim, datagram.clone());
        }
        assert_eq!(world.counters().rtp_forwarded, forwarded);
        world.run_for(10 * SECOND);
    }
    assert!(world.dropped(DropReason::SrtpReplay) >= 2 * media.len() as u64);
    assert_eq!(world.sent_to(attacker), 0);
    assert_undisturbed(&mut world, doctor, patient);
}

#[test]
fn forged_and_cut_packets_from_the_victims_address_change_nothing() {
    let (mut world, doctor, patient, _) = call(3);
    let victim = world.address(doctor, Side::Publisher);
    let media: Vec<_> =
        world.captured.iter().filter(|(from, _)| *from == victim).cloned().collect();
    let is_rtp = |bytes: &[u8]| bytes[0] >= 128 && !is_rtcp(bytes);
    let (_, last_rtp) = media.iter().rfind(|(_, bytes)| is_rtp(bytes)).unwrap();
    // Sequence numbers far ahead, to move the rollover counter.
    for ahead in [1, 100, 0x4000, 0x7fff, 0x8000, 0xffff_u16] {
        let mut forged = last_rtp.clone();
        let seq = u16::from_be_bytes([forged[2], forged[3]]).wrapping_add(ahead);
        forged[2..4].copy_from_slice(&seq.to_be_bytes());
        world.inject(victim, forged);
    }
    for (_, bytes) in media.iter().rev().take(20) {
        for len in 0..bytes.len().min(60) {
            world.inject(victim, bytes[..len].to_vec());
        }
        for at in 0..bytes.len().min(60) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            world.inject(victim, changed);
        }
    }
    assert!(world.dropped(DropReason::SrtpAuthentication) > 100);
    assert_undisturbed(&mut world, doctor, patient);
}

#[test]
fn media_follows_a_client_only_after_its_nominated_check() {
    let (mut world, doctor, patient, _) = call(4);
    let old = world.address(patient, Side::Subscriber);
    let captured: Vec<_> =
        world.captured.iter().filter(|(from, _)| *from == old).cloned().collect();
    let new = world.move_address(patient, Side::Subscriber);
    for (_, bytes) in captured.iter().filter(|(_, bytes)| bytes[0] > 3) {
        world.inject(new, bytes.clone());
    }
    world.run_for(SECOND / 10);
    assert_eq!(world.sent_to(new), 0);
    let mut out = [0; 256];
    let len = world.client(patient).subscriber.write_check(&mut out, false).unwrap();
    world.inject(new, out[..len].to_vec());
    world.run_for(SECOND / 10);
    // The answer, and nothing else: the path is known, but not nominated.
    assert_eq!(world.sent_to(new), 1);
    let to_old = world.sent_to(old);
    world.run_for(SECOND / 10);
    assert!(world.sent_to(old) > to_old);
    let at_move = world.sent_to(old);
    world.act(patient, |client, now| client.subscriber.check_now(now));
    world.run_for(SECOND / 50);
    let to_old = world.sent_to(old);
    world.run_for(2 * SECOND);
    assert!(at_move > 0 && world.sent_to(new) > 100);
    assert_eq!(world.sent_to(old), to_old);
    let judgement = judge(&world.delivered(patient, doctor, 0));
    assert!(judgement.is_sound() && judgement.corrupt == 0, "{judgement:?}");
    assert_eq!(world.client(patient).mapped_address(Side::Subscriber), Some(new));
}

#[test]
fn a_publisher_that_moves_is_heard_again_after_its_check() {
    let (mut world, doctor, patient, _) = call(5);
    world.move_address(doctor, Side::Publisher);
    let before = world.delivered(patient, doctor, 0).len();
    world.run_for(SECOND / 2);
    assert!(world.delivered(patient, doctor, 0).len() <= before + 1);
    world.act(doctor, |client, now| client.publisher.check_now(now));
    world.run_for(2 * SECOND);
    assert!(world.delivered(patient, doctor, 0).len() > before + 80);
    assert!(judge(&world.delivered(patient, doctor, 1)).is_sound());
}

#[test]
fn checks_that_do_not_authenticate_keep_nobody_alive() {
    let (mut world, _, patient, _) = call(6);
    world.set_links(patient, Link::cut(), Link::default());
    let gone = world.now;
    let addresses = [Side::Publisher, Side::Subscriber].map(|side| world.address(patient, side));
    while world.counters().participants == 2 && world.now - gone < 40 * SECOND {
        for datagram in hostile_datagrams(&mut world, patient) {
            for address in addresses {
                if datagram.first().is_some_and(|first| *first < 4) {
                    world.inject(address, datagram.clone());
                }
            }
        }
        world.run_for(SECOND);
    }
    assert!(world.now - gone <= 30 * SECOND, "{:?}", world.now - gone);
}

#[test]
fn a_participant_cannot_speak_with_the_ssrc_of_another() {
    let (mut world, doctor, patient, _) = call(7);
    let hostile = world.join("hostile");
    assert!(world.connect(&[hostile]));
    let ssrcs: Vec<_> =
        world.client(doctor).tracks.iter().map(|track| track.layers[0].ssrc).collect();
    world.act(hostile, |client, _| {
        client.publish(TrackSpec::Microphone);
        client.publish(TrackSpec::PlainCamera);
        for (track, ssrc) in client.tracks.iter_mut().zip(&ssrcs) {
            track.layers[0].ssrc = *ssrc;
        }
    });
    world.run_for(2 * SECOND);
    let mut bye = [0; 100];
    for side in [Side::Publisher, Side::Subscriber] {
        let len = rtcp::write_bye(&mut bye, &ssrcs).unwrap();
        world.act(hostile, |client, _| client.send_rtcp(side, &bye[..len]));
        let report = rtcp::write_sender_report(&mut bye, ssrcs[0], 1, 2, 3, 4).unwrap();
        world.act(hostile, |client, _| client.send_rtcp(side, &bye[..report]));
    }
    assert_undisturbed(&mut world, doctor, patient);
    // Its own tracks are its own, whatever their numbers.
    assert!(judge(&world.delivered(patient, hostile, 0)).is_complete());
}

#[test]
fn feedback_about_what_one_does_not_receive_is_ignored() {
    let (mut world, doctor, patient, _) = call(8);
    let hostile = world.join_with("hostile", |join, _| join.auto_subscribe = false);
    assert!(world.connect(&[hostile]));
    let tracks = vec![world.client(doctor).tracks[0].sid.clone().unwrap()];
    world.request(hostile, Request::Subscription { tracks, subscribe: true });
    world.run_for(SECOND);
    assert!(judge(&world.delivered(hostile, doctor, 0)).is_complete());
    let video = world.client(doctor).tracks[1].layers[0].ssrc;
    let foreign = world.client(patient).streams[1].ssrc;
    let asked = world.client(doctor).tracks[1].layers[0].key_frame_requests.len();
    let retransmitted = world.counters().rtp_retransmitted;
    let highest = world.delivered(patient, doctor, 1).last().unwrap().seq.seq();
    for _ in 0..50 {
        world.act(hostile, |client, _| {
            for media in [video, foreign] {
                client.send_pli(media);
                client.send_nack(media, &[highest]);
            }
        });
        world.run_for(SECOND / 50);
    }
    assert!(world.dropped(DropReason::ForeignFeedback) >= 200);
    assert_eq!(world.client(doctor).tracks[1].layers[0].key_frame_requests.len(), asked);
    assert_eq!(world.counters().rtp_retransmitted, retransmitted);
    assert_undisturbed(&mut world, doctor, patient);
}

/// A receiver's estimate in bits a second: a mantissa of 18 bits and an exponent.
fn remb(mantissa: u32, exponent: u32) -> Vec<u8> {
    let mut packet = vec![0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0];
    packet.extend(b"REMB");
    packet.extend((1 << 24 | exponent << 18 | mantissa).to_be_bytes());
    packet.extend(7_u32.to_be_bytes());
    packet
}

#[test]
fn feedback_in_a_flood_costs_the_others_nothing_and_its_sender_a_share() {
    let (mut world, doctor, patient, _) = call(11);
    let hostile =
        world.join_with("hostile", |_, config| config.feedback = sim::client::Feedback::Remb);
    assert!(world.connect(&[hostile]));
    world.run_for(2 * SECOND);
    assert!(judge(&world.delivered(hostile, doctor, 1)).is_complete());
    let video = world.client(hostile).streams[1].ssrc;
    let tracks = vec![world.client(doctor).tracks[1].sid.clone().unwrap()];
    let asked = world.client(doctor).tracks[1].layers[0].key_frame_requests.len();
    let before = world.counters();
    let sent = world.sent_to(world.address(hostile, Side::Subscriber));
    for round in 0..100_u32 {
        let highest = world.delivered(hostile, doctor, 1).last().unwrap().seq.seq();
        world.act(hostile, |client, _| {
            // A thousand requests for a key frame a second, all of the history again, and as many opinions of the line.
            for back in 0..20 {
                client.send_pli(video);
                let start = highest.0.wrapping_sub(back * 16);
                let seqs: Vec<_> = (0..16).map(|n| Seq(start.wrapping_sub(n))).collect();
                client.send_nack(video, &seqs);
                let estimate = if back % 2 == 0 { remb(1, 0) } else { remb(0x3_ffff, 63) };
                client.send_rtcp(Side::Subscriber, &estimate);
            }
        });
        // And fifty wishes a second.
        let (width, height) = if round % 2 == 0 { (160, 90) } else { (1280, 720) };
        let settings = TrackSettings { width, height, ..TrackSettings::default() };
        world.request(hostile, Request::TrackSettings { tracks: tracks.clone(), settings });
        world.run_for(SECOND / 50);
    }
    // Two seconds: one request in 300 ms.
    let asked = world.client(doctor).tracks[1].layers[0].key_frame_requests.len() - asked;
    assert!(asked <= 8, "{asked} requests for a key frame");
    let again = world.counters().rtp_retransmitted - before.rtp_retransmitted;
    let sent = world.sent_to(world.address(hostile, Side::Subscriber)) - sent;
    assert!(again * 2 <= sent, "{again} of {sent} are retransmissions");
    assert!(world.dropped(DropReason::FeedbackExcess) > 500, "most opinions wait");
    assert_undisturbed(&mut world, doctor, patient);
}

#[test]
fn what_goes_out_in_the_clear_names_nobody() {
    let (mut world, doctor, _, _) = call(12);
    world.heard.clear();
    let victim = world.address(doctor, Side::Publisher);
    let ssrc = world.client(doctor).tracks[0].layers[0].ssrc;
    let forwarded = world.counters().rtp_forwarded;
    // A client that says more than was agreed on: an extension that nobody knows, with a name in it.
    let mut packet = vec![0x90, 111, 0, 0, 0, 0, 0, 0];
    packet.extend(ssrc.0.to_be_bytes());
    packet.extend([0xbe, 0xde, 0, 2, 0xe6]);
    packet.extend(b"Dr Osei");
    let is_sound = |bytes: &[u8]| bytes[0] >= 128 && bytes[8..12] == ssrc.0.to_be_bytes();
    let (_, last) = world.captured.iter().rfind(|(_, bytes)| is_sound(bytes)).unwrap();
    // Numbers begin below half of their range: there has been no rollover.
    let seq = ExtSeq(u64::from(u16::from_be_bytes([last[2], last[3]])) + 50);
    let header_len = packet.len();
    packet[2..4].copy_from_slice(&seq.seq().0.to_be_bytes());
    packet.extend([0x55; 60]);
    packet.resize(packet.len() + 20, 0);
    let keys = world.client(doctor).publisher.keys.as_mut().unwrap();
    let len = keys.sender.protect_rtp(&mut packet, header_len, 60, seq).unwrap();
    world.inject(victim, packet[..len].to_vec());
    assert_eq!(world.counters().rtp_forwarded, forwarded + 1);
    world.run_for(2 * SECOND);
    assert!(world.heard.len() > 200);
    for name in ["Dr Osei", "doctor", "patient", "demo"] {
        let says = |bytes: &Vec<u8>| bytes.windows(name.len()).any(|at| at == name.as_bytes());
        assert!(!world.heard.iter().any(|(_, bytes)| says(bytes)), "{name}");
    }
}

#[test]
fn a_flood_of_streams_from_a_participant_is_bounded_and_ends_its_session_only() {
    let (mut world, doctor, patient, _) = call(9);
    let hostile = world.join("hostile");
    assert!(world.connect(&[hostile]));
    world.act(hostile, |client, _| client.publish(TrackSpec::Microphone));
    world.run_for(SECOND);
    let from = world.address(hostile, Side::Publisher);
    let flood = u32::try_from(SSRCS_PER_CONNECTION_MAX).unwrap() + 10;
    for number in 0..flood {
        let mut packet = [0; 200];
        packet[..4].copy_from_slice(&[0x80, 111, 0, 1]);
        packet[8..12].copy_from_slice(&(0x7700_0000 + number).to_be_bytes());
        let Some(keys) = world.client(hostile).publisher.keys.as_mut() else { break };
        let len = keys.sender.protect_rtp(&mut packet, 12, 100, ExtSeq(1)).unwrap();
        world.inject(from, packet[..len].to_vec());
    }
    assert_eq!(world.dropped(DropReason::SsrcLimit), 1);
    let left = Some((LeaveReason::MediaFailure, LeaveAction::Reconnect));
    assert_eq!(world.client(hostile).left, left);
    assert_undisturbed(&mut world, doctor, patient);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "only overflow checks make the engine panic")]
fn a_panic_while_handling_one_participant_ends_that_one_only_and_is_counted() {
    let (mut world, doctor, patient, _) = call(10);
    // With overflow checks the SCTP engine panics when a client's TSNs wrap.
    let hostile = world.join_with("hostile", |_, config| config.wraps_tsn = true);
    assert!(world.connect(&[hostile]));
    let address = world.address(hostile, Side::Publisher);
    let mut sent = 0;
    for _ in 0..20 {
        world.act(hostile, |client, now| client.send_data("_reliable", &[0; 3000], now));
        let panicked = world.run_until(SECOND / 10, |world| {
            if world.counters().panics > 0 {
                return true;
            }
            sent = world.sent_to(address);
            false
        });
        if panicked {
            // What is left of the connection is in no known state: it is not asked for a farewell.
            assert_eq!(world.sent_to(address), sent);
            break;
        }
    }
    assert_eq!(world.counters().panics, 1, "nothing panicked: find another honest trigger");
    assert_eq!(world.dropped(DropReason::Panicked), world.counters().panics);
    let left = world.client(hostile).left.map(|(reason, _)| reason);
    assert_eq!(left, Some(LeaveReason::MediaFailure));
    assert_eq!(world.counters().participants, 2);
    world.run_for(SECOND);
    for track in 0..2 {
        let judgement = judge(&world.delivered(patient, doctor, track));
        assert!(judgement.is_complete() && judgement.packets > 100, "{judgement:?}");
    }
    // The room still takes new participants.
    let relative = world.join("relative");
    assert!(world.connect(&[relative]));
}
