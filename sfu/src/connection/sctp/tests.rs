use std::time::Duration;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rtc_datachannel::message::{
    Message,
    message_channel_open::{ChannelType, DataChannelOpen},
};
use rtc_sctp::{Association, AssociationHandle, ClientConfig, Payload};
use rtc_shared::marshal::{Marshal, Unmarshal};

use super::{association::CANDIDATES_MAX, opening::STREAMS_MAX, *};

#[test]
fn a_client_that_sends_init_gets_an_association() {
    let mut world = World::connected();
    assert!(matches!(world.server.state, State::Established(_)));
    assert!(!world.client.is_handshaking());
    assert_eq!(world.server.poll_event(), None);
}

#[test]
fn nothing_is_sent_before_the_client_does() {
    let mut world = World::new();
    world.server.open(ChannelLabel::Reliable);
    assert_eq!(world.server.poll_transmit(world.now), None);
    assert_eq!(world.server.poll_timeout(), None);
    assert_eq!(world.server_send(ChannelLabel::Reliable, b"x"), SendOutcome::NotOpen);
}

#[test]
fn our_channels_open_on_odd_streams_as_their_labels_want() {
    let mut world = World::new();
    for label in ChannelLabel::ALL {
        world.server.open(label);
        world.server.open(label);
    }
    world.run();
    let opens: Vec<_> = world
        .client_opens
        .iter()
        .map(|(stream, open)| {
            (*stream, String::from_utf8(open.label.clone()).unwrap(), open.channel_type)
        })
        .collect();
    let lossy = ChannelType::PartialReliableRexmitUnordered;
    assert_eq!(
        opens,
        [
            (1, "_reliable".to_owned(), ChannelType::Reliable),
            (3, "_lossy".to_owned(), lossy),
            (5, "_data_track".to_owned(), lossy),
        ]
    );
    assert!(world.client_opens.iter().all(|(_, open)| open.reliability_parameter == 0));
    for label in ChannelLabel::ALL {
        assert!(world.server.is_open(label));
        assert_eq!(world.next_event(), Some(Told::Open(label)));
    }
    assert_eq!(world.next_event(), None);
}

#[test]
fn a_channel_asked_for_later_opens_later() {
    let mut world = World::connected();
    world.server.open(ChannelLabel::Lossy);
    world.run();
    assert_eq!(world.next_event(), Some(Told::Open(ChannelLabel::Lossy)));
}

#[test]
fn channels_that_the_client_opens_are_acknowledged_and_usable_both_ways() {
    let mut world = World::connected();
    for (stream, label) in [(0, "_reliable"), (2, "_lossy")] {
        world.client_open(stream, label);
    }
    world.run();
    assert_eq!(world.client_acks, [0, 2]);
    assert_eq!(world.next_event(), Some(Told::Open(ChannelLabel::Reliable)));
    assert_eq!(world.next_event(), Some(Told::Open(ChannelLabel::Lossy)));
    world.client_send(2, b"up");
    world.run();
    let data = Bytes::from_static(b"up");
    assert_eq!(world.next_event(), Some(Told::Message { label: ChannelLabel::Lossy, data }));
    assert_eq!(world.server_send(ChannelLabel::Lossy, b"down"), SENT);
    world.run();
    assert_eq!(world.client_messages, [(2, b"down".to_vec())]);
}

#[test]
fn a_label_that_both_sides_open_is_told_once_and_carries_messages_of_both() {
    let mut world = World::connected();
    world.server.open(ChannelLabel::Reliable);
    world.client_open(0, "_reliable");
    world.run();
    world.client_send(0, b"on mine");
    world.client_send(1, b"on yours");
    world.run();
    let events: Vec<_> = std::iter::from_fn(|| world.next_event()).collect();
    assert_eq!(events[0], Told::Open(ChannelLabel::Reliable));
    assert_eq!(messages(&events), ["on mine", "on yours"]);
    assert_eq!(events.len(), 3);
}

#[test]
fn a_label_that_we_do_not_know_is_accepted_and_ignored() {
    let mut world = World::connected();
    world.client_open(0, "chat of an integrator");
    world.client_send(0, b"hello");
    world.run();
    assert_eq!(world.client_acks, [0]);
    assert_eq!(world.next_event(), None);
}

#[test]
fn data_on_a_stream_that_nobody_opened_is_ignored() {
    let mut world = World::connected();
    world.client_stream(4);
    world.client_send(4, b"hello");
    world.run();
    assert_eq!(world.next_event(), None);
    assert!(matches!(world.server.state, State::Established(_)));
}

#[test]
fn messages_of_all_sizes_cross_whole_in_both_directions() {
    let mut world = World::with_reliable();
    let sizes = [0, 1, 2, 100, 1163, 1164, 1165, 5000, 15_000, 60_000, DATA_MESSAGE_BYTES_MAX];
    for size in sizes {
        let message: Vec<u8> = (0..size).map(|at| at as u8).collect();
        let sent = world.server_send(ChannelLabel::Reliable, &message);
        assert_eq!(sent, SENT, "{size}");
        world.client_send(1, &message);
        world.run_for(Duration::from_secs(5));
        assert_eq!(world.client_messages.pop(), Some((1, message.clone())), "{size}");
        let data = Bytes::from(message);
        let label = ChannelLabel::Reliable;
        assert_eq!(world.next_event(), Some(Told::Message { label, data }), "{size}");
    }
}

#[test]
fn packets_fit_into_one_record() {
    let mut world = World::with_reliable();
    world.server_send(ChannelLabel::Reliable, &[7; 60_000]);
    world.run_for(Duration::from_secs(5));
    assert!(world.server_packet_max > 1100 && world.server_packet_max <= 1200);
}

#[test]
fn a_message_that_is_too_large_is_not_sent() {
    let mut world = World::with_reliable();
    let message = vec![0; DATA_MESSAGE_BYTES_MAX + 1];
    let outcome = world.server_send(ChannelLabel::Reliable, &message);
    assert_eq!(outcome, SendOutcome::Dropped);
}

#[test]
fn a_message_that_is_too_large_is_not_delivered() {
    let mut world = World::with_reliable();
    world.client_send(1, &vec![0; DATA_MESSAGE_BYTES_MAX + 1]);
    world.client_send(1, b"next");
    world.run_for(Duration::from_secs(5));
    let events: Vec<_> = std::iter::from_fn(|| world.next_event()).collect();
    assert_eq!(messages(&events), ["next"]);
}

#[test]
fn the_queue_for_a_client_that_does_not_acknowledge_is_full_then_bounded_then_drained() {
    let mut world = World::with_reliable();
    world.loss = 1.0;
    let mut sent = 0;
    while world.server.has_room(world.now) {
        assert_eq!(world.server_send(ChannelLabel::Reliable, &[1; 10_000]), SENT);
        sent += 10_000;
        world.run();
    }
    assert!((DATA_QUEUE_BYTES_FULL..DATA_QUEUE_BYTES_FULL + 10_000).contains(&sent));
    while world.server_send(ChannelLabel::Reliable, &[1; 10_000]) == SENT {
        sent += 10_000;
        assert!(sent <= DATA_QUEUE_BYTES_MAX);
    }
    assert!(sent > DATA_QUEUE_BYTES_MAX - 10_000);
    assert_eq!(world.next_event(), None);
    world.loss = 0.0;
    world.run_for(Duration::from_secs(120));
    assert_eq!(world.client_messages.len(), sent / 10_000);
    assert_eq!(world.next_event(), Some(Told::Drained));
    assert_eq!(world.next_event(), None);
    assert!(world.server.has_room(world.now));
}

#[test]
fn a_full_queue_that_nobody_empties_is_stalled_and_one_that_moves_is_not() {
    let mut world = World::with_reliable();
    let second = Duration::from_secs(1);
    let fill = |world: &mut World| {
        while world.server.has_room(world.now) {
            world.server_send(ChannelLabel::Reliable, &[1; 10_000]);
        }
    };
    world.loss = 1.0;
    fill(&mut world);
    world.run_for(9 * second);
    assert!(!world.server.is_stalled(world.now));
    world.run_for(second);
    assert!(world.server.is_stalled(world.now));
    world.loss = 0.0;
    world.run_for(60 * second);
    assert!(!world.server.is_stalled(world.now));
}

#[test]
fn what_is_not_fetched_closes_the_window_and_nothing_is_lost() {
    let mut world = World::with_reliable();
    for number in 0..100_u8 {
        world.client_send(1, &[number; 10_000]);
    }
    world.run_for(Duration::from_secs(10));
    let (endpoint, association) = world.held();
    assert!(association < guard::ENGINE_WINDOW_BYTES as usize, "{association}");
    assert!(endpoint > 600_000, "the client has the rest: {endpoint}");
    let start = world.now;
    let mut fetched = Vec::new();
    while fetched.len() < 100 {
        while let Some(told) = world.next_event() {
            if let Told::Message { data, .. } = told {
                fetched.push(data[0]);
            }
        }
        world.run();
        assert!(world.now < start + Duration::from_secs(1), "waits for a probe");
        world.now += Duration::from_millis(1);
    }
    assert_eq!(fetched, (0..100).collect::<Vec<_>>());
}

#[test]
fn the_end_of_a_large_message_is_acknowledged_at_once_and_a_small_one_soon() {
    let mut world = World::with_reliable();
    for size in [15_000, 40_000, 1100] {
        world.client_send(1, &vec![1; size]);
        let start = world.now;
        while world.client_unacknowledged() > 0 {
            world.run();
            let timers = [world.client.poll_timeout(), world.server.poll_timeout()];
            let next =
                timers.into_iter().flatten().min().filter(|_| world.client_unacknowledged() > 0);
            world.now = world.now.max(next.unwrap_or(world.now));
            world.server.handle_timeout(world.now);
        }
        let waited = world.now - start;
        assert!(waited <= Duration::from_millis(if size > 1163 { 0 } else { 10 }), "{waited:?}");
        while world.next_event().is_some() {}
    }
}

#[test]
fn the_reliable_channel_survives_loss_in_order() {
    for seed in 0..4 {
        let mut world = World::with_reliable();
        world.rng = StdRng::seed_from_u64(seed);
        world.loss = 0.15;
        for number in 0..40_u8 {
            world.server_send(ChannelLabel::Reliable, &[number; 3000]);
            world.client_send(1, &[number; 3000]);
            world.run_for(Duration::from_millis(50));
        }
        world.run_for(Duration::from_secs(600));
        let down: Vec<_> = world.client_messages.iter().map(|(_, data)| data[0]).collect();
        assert_eq!(down, (0..40).collect::<Vec<_>>(), "seed {seed}");
        let up: Vec<_> = std::iter::from_fn(|| world.next_event())
            .map(|event| match event {
                Told::Message { data, .. } => data[0],
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(up, (0..40).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[test]
fn the_lossy_channel_loses_what_is_lost_and_does_not_wait_for_it() {
    let mut world = World::connected();
    world.server.open(ChannelLabel::Lossy);
    world.run();
    for number in 0..100_u8 {
        world.loss = if number == 50 { 1.0 } else { 0.0 };
        let sent = world.server_send(ChannelLabel::Lossy, &[number]);
        assert_eq!(sent, SENT);
        world.run();
        world.loss = 0.0;
        world.now += Duration::from_millis(1);
        let expected = usize::from(number) + usize::from(number < 50);
        assert_eq!(world.client_messages.len(), expected, "message {number}");
    }
    world.run_for(Duration::from_secs(60));
    assert!(world.client_messages.iter().all(|(_, data)| data != &[50]));
    assert_eq!(world.client_messages.len(), 99);
}

#[test]
fn a_whole_window_that_is_lost_is_sent_again_at_once_when_something_comes_through() {
    let mut world = World::with_reliable();
    let message = [1; 60_000];
    for _ in 0..10 {
        world.server_send(ChannelLabel::Reliable, &message);
        world.run_for(Duration::from_millis(20));
    }
    let before = world.client_messages.len();
    for loss in [1.0, 0.9] {
        world.loss = loss;
        for _ in 0..4 {
            world.server_send(ChannelLabel::Reliable, &message);
        }
        world.run();
        world.loss = 0.0;
        world.run_for(Duration::from_millis(400));
        world.run_for(Duration::from_millis(400));
    }
    assert_eq!(world.client_messages.len(), before + 8);
}

#[test]
fn data_survives_an_outage_of_many_time_outs() {
    let mut world = World::with_reliable();
    world.loss = 1.0;
    world.server_send(ChannelLabel::Reliable, b"patience");
    world.run_for(Duration::from_secs(400));
    assert!(world.client_messages.is_empty());
    world.loss = 0.0;
    world.run_for(Duration::from_secs(120));
    assert_eq!(world.client_messages, [(1, b"patience".to_vec())]);
}

#[test]
fn a_repeated_init_still_gives_one_association() {
    let mut world = World::new();
    let init = world.drain_client();
    for _ in 0..10 {
        world.server.handle_packet(&init[0], world.now);
    }
    let State::Waiting(candidates) = &world.server.state else { panic!("established by INIT") };
    assert_eq!(candidates.len(), CANDIDATES_MAX);
    world.run();
    assert!(matches!(world.server.state, State::Established(_)));
    world.server.open(ChannelLabel::Reliable);
    world.run();
    assert!(world.server.is_open(ChannelLabel::Reliable));
    world.server.handle_packet(&init[0], world.now);
    assert!(world.server.is_open(ChannelLabel::Reliable));
    assert_eq!(world.server.poll_transmit(world.now), None);
}

#[test]
fn a_handshake_under_loss_is_completed() {
    for seed in 0..8 {
        let mut world = World::new();
        world.rng = StdRng::seed_from_u64(seed);
        world.loss = 0.3;
        world.server.open(ChannelLabel::Reliable);
        world.run_for(Duration::from_secs(120));
        assert!(world.server.is_open(ChannelLabel::Reliable), "seed {seed}");
    }
}

#[test]
fn an_abort_closes_the_channels_and_then_there_is_silence() {
    let mut world = World::with_reliable();
    world.client.abort().unwrap();
    world.run();
    assert_eq!(world.next_event(), Some(Told::Closed(ChannelLabel::Reliable)));
    assert_eq!(world.next_event(), None);
    assert!(!world.server.is_open(ChannelLabel::Reliable));
    assert_eq!(world.server.poll_timeout(), None);
    assert_eq!(world.server.poll_transmit(world.now), None);
    let outcome = world.server_send(ChannelLabel::Reliable, b"x");
    assert_eq!(outcome, SendOutcome::NotOpen);
}

#[test]
fn a_channel_that_the_client_closes_is_closed() {
    let mut world = World::with_reliable();
    world.client_open(0, "_lossy");
    world.run();
    assert_eq!(world.next_event(), Some(Told::Open(ChannelLabel::Lossy)));
    let now = world.now;
    world.client.stream(0).unwrap().close(now).unwrap();
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.next_event(), Some(Told::Closed(ChannelLabel::Lossy)));
    assert!(world.server.is_open(ChannelLabel::Reliable));
}

#[test]
fn a_client_that_opens_streams_without_end_loses_its_association() {
    let mut world = World::with_reliable();
    for stream in 0..STREAMS_MAX as u16 {
        world.client_stream(stream * 2);
        world.client_send(stream * 2, b"x");
        world.run();
    }
    assert_eq!(world.next_event(), Some(Told::Closed(ChannelLabel::Reliable)));
    assert!(matches!(world.server.state, State::Broken));
    assert!(world.client.is_closed(), "the client hears an ABORT");
}

#[test]
fn a_message_that_never_ends_breaks_the_association_within_a_megabyte() {
    let mut world = World::with_reliable();
    let mut tsn = world.client_next_tsn();
    let mut fed = 0;
    for _ in 0..5000 {
        world.feed(&[data_chunk(tsn, 1, fed == 0, &[1; 1100])]);
        tsn = tsn.wrapping_add(1);
        fed += 1100;
        if matches!(world.server.state, State::Broken) {
            break;
        }
    }
    assert!(matches!(world.server.state, State::Broken));
    assert!(fed <= 1024 * 1024 + 2 * 1100, "{fed}");
    assert_eq!(world.next_event(), Some(Told::Closed(ChannelLabel::Reliable)));
}

#[test]
fn chunks_of_one_byte_that_never_end_break_the_association_too() {
    let mut world = World::with_reliable();
    let mut tsn = world.client_next_tsn();
    for packet in 0..1000 {
        let chunks: Vec<_> = (0..50)
            .map(|chunk| data_chunk(tsn.wrapping_add(chunk), 1, packet + chunk == 0, &[1]))
            .collect();
        world.feed(&chunks);
        tsn = tsn.wrapping_add(50);
        if matches!(world.server.state, State::Broken) {
            assert!(packet < 400);
            return;
        }
    }
    panic!("never broken");
}

#[test]
fn a_chunk_without_data_breaks_the_association() {
    let mut world = World::with_reliable();
    let tsn = world.client_next_tsn();
    world.feed(&[data_chunk(tsn, 0, true, &[])]);
    assert!(matches!(world.server.state, State::Broken));
}

#[test]
fn a_forward_tsn_over_half_the_number_space_costs_nothing() {
    let mut world = World::with_reliable();
    let tsn = world.client_next_tsn();
    for skip in [20_000, 1 << 20, (1 << 31) - 2] {
        world.feed(&[chunk(192, 0, &tsn.wrapping_add(skip).to_be_bytes())]);
    }
    world.client_send(1, b"still here");
    world.run();
    let events: Vec<_> = std::iter::from_fn(|| world.next_event()).collect();
    assert_eq!(messages(&events), ["still here"]);
}

#[test]
fn data_far_ahead_is_ignored() {
    let mut world = World::with_reliable();
    let tsn = world.client_next_tsn();
    for ahead in 0..10_000 {
        world.feed(&[data_chunk(tsn.wrapping_add(5000 + ahead), 1, true, &[1; 100])]);
    }
    world.client_send(1, b"still here");
    world.run();
    let events: Vec<_> = std::iter::from_fn(|| world.next_event()).collect();
    assert_eq!(messages(&events), ["still here"]);
}

#[test]
fn stream_resets_that_can_never_be_done_do_not_pile_up() {
    let mut world = World::with_reliable();
    for number in 0..2000_u32 {
        // Outgoing SSN reset request whose last TSN lies far ahead (RFC 6525 §4.1).
        let mut parameter = vec![0, 13, 0, 18];
        parameter.extend(number.to_be_bytes());
        parameter.extend(0_u32.to_be_bytes());
        parameter.extend(world.client_next_tsn().wrapping_add(1_000_000).to_be_bytes());
        parameter.extend([0, 1, 0, 0]);
        world.feed(&[chunk(130, 0, &parameter)]);
        while world.server.poll_transmit(world.now).is_some() {
            world.server_packets += 1;
        }
    }
    assert!(world.server_packets <= 256, "{}", world.server_packets);
    assert!(world.server_packets > 0);
    assert!(world.server.is_open(ChannelLabel::Reliable));
}

#[test]
fn a_second_init_inside_the_association_does_not_touch_it() {
    let mut world = World::with_reliable();
    let mut value = 1_u32.to_be_bytes().to_vec();
    value.extend([0, 1, 0, 0, 0, 10, 0, 10, 0, 0, 0, 1]);
    world.feed(&[chunk(1, 0, &value)]);
    assert!(world.server.is_open(ChannelLabel::Reliable));
}

#[test]
fn a_sack_with_overlapping_gaps_is_ignored() {
    let mut world = World::with_reliable();
    let mut value = vec![0; 12];
    value[9] = 200;
    value.extend([0, 1, 0xFF, 0xFF].repeat(200));
    world.feed(&[chunk(3, 0, &value)]);
    assert!(world.server.is_open(ChannelLabel::Reliable));
}

#[test]
fn a_packet_with_a_wrong_checksum_or_tag_is_ignored() {
    let mut world = World::with_reliable();
    let tsn = world.client_next_tsn();
    let mut packet = world.packet(&[data_chunk(tsn, 0, true, &[])]);
    packet[9] ^= 1;
    world.server.handle_packet(&packet, world.now);
    let tag = world.tag;
    world.tag = tag.wrapping_add(1);
    world.feed(&[data_chunk(tsn, 0, true, &[])]);
    assert!(world.server.is_open(ChannelLabel::Reliable));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn arbitrary_bytes_never_panic(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..20)) {
        let mut world = World::with_reliable();
        for packet in packets {
            world.server.handle_packet(&packet, world.now);
        }
        prop_assert!(world.server.is_open(ChannelLabel::Reliable));
    }

    #[test]
    fn arbitrary_chunks_in_good_packets_never_panic_nor_loop(
        packets in proptest::collection::vec(
            proptest::collection::vec(any_chunk(), 1..4), 1..12),
        established in any::<bool>(),
    ) {
        let mut world = if established { World::with_reliable() } else { World::new() };
        for chunks in packets {
            world.feed(&chunks);
            world.now += Duration::from_millis(300);
            world.server.handle_timeout(world.now);
            while world.server.poll_event().is_some() {}
            let packets = std::iter::from_fn(|| world.server.poll_transmit(world.now));
            prop_assert!(packets.take(5000).count() < 5000);
        }
    }

    #[test]
    fn a_clients_packets_with_changed_bytes_never_panic(
        changes in proptest::collection::vec(
            (0..14_usize, any::<prop::sample::Index>(), prop_oneof![0..20_u8, any::<u8>()]), 1..6),
    ) {
        let mut world = World::new();
        world.changes = changes;
        world.server.open(ChannelLabel::Reliable);
        world.run_for(Duration::from_secs(3));
        if !world.client.is_handshaking() && !world.client.is_closed() {
            world.client_open(0, "_lossy");
            world.client_send(0, &[1; 3000]);
            world.run_for(Duration::from_secs(3));
            let now = world.now;
            let _ = world.client.stream(0).and_then(|mut stream| stream.close(now));
            world.run_for(Duration::from_secs(3));
        }
    }

    #[test]
    fn arbitrary_channel_control_never_panics(messages in proptest::collection::vec(
        (any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40)), 1..10)) {
        let mut world = World::connected();
        world.client_stream(0);
        for (first, rest) in messages {
            let mut message = vec![first % 8];
            message.extend(rest);
            let now = world.now;
            let dcep = PayloadProtocolIdentifier::Dcep;
            world.client.stream(0).unwrap().write_with_ppi(now, &message, dcep).unwrap();
            world.run();
        }
        let alive = matches!(world.server.state, State::Established(_));
        prop_assert!(alive);
    }
}

fn any_chunk() -> impl Strategy<Value = Vec<u8>> {
    let kinds = vec![0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 64, 130, 192, 255];
    let value = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80),
        // Small numbers reach further than random ones.
        proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(16), any::<u8>()], 0..80),
    ];
    (proptest::sample::select(kinds), any::<u8>(), value)
        .prop_map(|(kind, flags, value)| chunk(kind, flags, &value))
}

fn messages(events: &[Told]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match event {
            Told::Message { data, .. } => Some(str::from_utf8(data).unwrap()),
            _ => None,
        })
        .collect()
}

fn chunk(kind: u8, flags: u8, value: &[u8]) -> Vec<u8> {
    let mut chunk = vec![kind, flags];
    chunk.extend((value.len() as u16 + 4).to_be_bytes());
    chunk.extend(value);
    chunk.resize(chunk.len().next_multiple_of(4), 0);
    chunk
}

/// Ordered data of stream 1 that never ends its message.
fn data_chunk(tsn: u32, ssn: u16, begins: bool, payload: &[u8]) -> Vec<u8> {
    let mut value = tsn.to_be_bytes().to_vec();
    value.extend([0, 1]);
    value.extend(ssn.to_be_bytes());
    value.extend(53_u32.to_be_bytes());
    value.extend(payload);
    chunk(0, if begins { 2 } else { 0 }, &value)
}

/// CRC-32C, reflected polynomial 0x82F63B78 (RFC 9260 appendix A).
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 }
        })
    })
}

/// An event, or the message that it announced.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Open(ChannelLabel),
    Message { label: ChannelLabel, data: Bytes },
    Drained,
    Closed(ChannelLabel),
}

const SENT: SendOutcome = SendOutcome::Sent { displaced: 0 };

/// A client and our server with a link between them that loses packets at random.
struct World {
    server: DataChannels,
    endpoint: Endpoint,
    handle: AssociationHandle,
    client: Association,
    now: Instant,
    rng: StdRng,
    loss: f64,
    /// What the client puts into its packets' headers.
    tag: u32,
    /// The highest TSN that the client used.
    client_tsn: u32,
    client_opens: Vec<(StreamId, DataChannelOpen)>,
    client_acks: Vec<StreamId>,
    /// Streams whose OPEN the client has yet to acknowledge.
    client_owes: Vec<StreamId>,
    client_messages: Vec<(StreamId, Vec<u8>)>,
    server_packet_max: usize,
    server_packets: usize,
    client_packets: usize,
    readable: Vec<ChannelLabel>,
    /// Bytes of messages fetched from the server, and given to the client.
    fetched: usize,
    client_sent: usize,
    /// Which packet of the client, where, to what.
    changes: Vec<(usize, prop::sample::Index, u8)>,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn new() -> Self {
        let now = Instant::now();
        let config = Arc::new(EndpointConfig::new());
        let mut endpoint = Endpoint::new(SYNTHETIC_ADDRESS, TransportProtocol::UDP, config, None);
        let timers = TimerConfig {
            max_t1_init_retrans: 100,
            max_t1_cookie_retrans: 100,
            max_t3_rtx_retrans: usize::MAX,
            ..TimerConfig::default()
        };
        let transport = TransportConfig::default().with_timer_config(timers);
        let (handle, client) =
            endpoint.connect(now, ClientConfig::new(transport), SYNTHETIC_ADDRESS).unwrap();
        Self {
            server: DataChannels::new(now),
            endpoint,
            handle,
            client,
            now,
            rng: StdRng::seed_from_u64(1),
            loss: 0.0,
            tag: 0,
            client_tsn: 0,
            client_opens: Vec::new(),
            client_acks: Vec::new(),
            client_owes: Vec::new(),
            client_messages: Vec::new(),
            server_packet_max: 0,
            server_packets: 0,
            client_packets: 0,
            readable: Vec::new(),
            fetched: 0,
            client_sent: 0,
            changes: Vec::new(),
        }
    }

    fn connected() -> Self {
        let mut world = Self::new();
        world.run();
        world
    }

    /// With `_reliable` opened by us on stream 1.
    fn with_reliable() -> Self {
        let mut world = Self::connected();
        world.server.open(ChannelLabel::Reliable);
        world.run();
        assert_eq!(world.next_event(), Some(Told::Open(ChannelLabel::Reliable)));
        world
    }

    /// What happened next; messages are fetched as soon as there are any.
    fn next_event(&mut self) -> Option<Told> {
        loop {
            let readable = self.readable.iter().copied();
            let mut fetches = readable
                .filter_map(|label| Some((label, self.server.poll_message(label, self.now)?)));
            let fetched = fetches.next();
            if let Some((label, data)) = fetched {
                self.fetched += data.len();
                return Some(Told::Message { label, data });
            }
            self.readable.clear();
            match self.server.poll_event()? {
                ChannelEvent::Open(label) => return Some(Told::Open(label)),
                ChannelEvent::Closed(label) => return Some(Told::Closed(label)),
                ChannelEvent::Drained => return Some(Told::Drained),
                ChannelEvent::Readable(label) => self.readable.push(label),
            }
        }
    }

    /// Bytes that the client has and that we have, waiting.
    fn held(&mut self) -> (usize, usize) {
        let client = self.client_unacknowledged();
        let fetched = self.fetched;
        (client, self.client_sent - client - fetched)
    }

    /// Bytes that the client has not seen acknowledged on stream 1.
    fn client_unacknowledged(&mut self) -> usize {
        self.client.stream(1).unwrap().buffered_amount().unwrap()
    }

    fn server_send(&mut self, label: ChannelLabel, data: &[u8]) -> SendOutcome {
        self.server.send(label, &Bytes::copy_from_slice(data), self.now)
    }

    /// Exchanges packets until both sides are silent; time stands still.
    fn run(&mut self) {
        for _ in 0..10_000 {
            let up = self.drain_client();
            for packet in &up {
                let packet = self.changed(packet);
                if !self.is_lost() {
                    self.server.handle_packet(&packet, self.now);
                }
            }
            let down: Vec<_> = std::iter::from_fn(|| self.server.poll_transmit(self.now)).collect();
            for packet in &down {
                self.server_packet_max = self.server_packet_max.max(packet.len());
                if !self.is_lost() {
                    self.give_client(packet.clone());
                }
            }
            if up.is_empty() && down.is_empty() {
                return;
            }
        }
        panic!("never silent");
    }

    /// As [`World::run`], with time moving from timer to timer.
    fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        for _ in 0..10_000 {
            self.run();
            let timers = [self.client.poll_timeout(), self.server.poll_timeout()];
            let next = timers.into_iter().flatten().min().filter(|next| *next <= end);
            self.now = self.now.max(next.unwrap_or(end));
            if next.is_none() {
                return;
            }
            self.client.handle_timeout(self.now);
            self.server.handle_timeout(self.now);
        }
        panic!("timers do not advance");
    }

    /// Applies the change that is meant for this packet of the client, with a checksum that fits again.
    fn changed(&mut self, packet: &Bytes) -> Vec<u8> {
        let mut packet = packet.to_vec();
        let number = self.client_packets;
        self.client_packets += 1;
        for (which, at, value) in &self.changes {
            if *which == number {
                let at = 12 + at.index(packet.len() - 12);
                packet[at] = *value;
                packet[8..12].fill(0);
                let checksum = crc32c(&packet);
                packet[8..12].copy_from_slice(&checksum.to_le_bytes());
            }
        }
        packet
    }

    fn is_lost(&mut self) -> bool {
        self.loss > 0.0 && self.rng.random_bool(self.loss)
    }

    fn drain_client(&mut self) -> Vec<Bytes> {
        let mut packets = Vec::new();
        let (now, dcep) = (self.now, PayloadProtocolIdentifier::Dcep);
        // Refused before the client knows that the association stands.
        let client = &mut self.client;
        self.client_owes.retain(|id| {
            client.stream(*id).is_ok_and(|mut s| s.write_with_ppi(now, &[2], dcep).is_err())
        });
        while let Some(transmit) = self.client.poll_transmit(self.now) {
            if let Payload::RawEncode(raw) = transmit.message {
                packets.extend(raw);
            }
        }
        for packet in &packets {
            self.tag = u32::from_be_bytes(packet[4..8].try_into().unwrap());
            match packet[12] {
                0 => self.client_tsn = u32::from_be_bytes(packet[16..20].try_into().unwrap()),
                1 => {
                    let initial = u32::from_be_bytes(packet[28..32].try_into().unwrap());
                    self.client_tsn = initial.wrapping_sub(1);
                }
                _ => {}
            }
        }
        packets
    }

    fn client_next_tsn(&self) -> u32 {
        self.client_tsn.wrapping_add(1)
    }

    fn give_client(&mut self, packet: Bytes) {
        let given = self.endpoint.handle(self.now, SYNTHETIC_ADDRESS, None, packet);
        if let Some((handle, DatagramEvent::AssociationEvent(event))) = given {
            assert_eq!(handle, self.handle);
            self.client.handle_event(event);
        }
        while let Some(event) = self.client.poll() {
            if let Event::Stream(StreamEvent::Readable { id }) = event {
                self.client_read(id);
            }
        }
    }

    fn client_read(&mut self, id: StreamId) {
        while let Ok(Some(chunks)) = self.client.stream(id).and_then(|mut s| s.read_sctp()) {
            let data = chunks.to_payload(1 << 20).unwrap().to_vec();
            match chunks.ppi {
                PayloadProtocolIdentifier::Dcep => {
                    match Message::unmarshal(&mut &data[..]).unwrap() {
                        Message::DataChannelOpen(open) => {
                            self.client_opens.push((id, open));
                            self.client_owes.push(id);
                        }
                        Message::DataChannelAck(_) => self.client_acks.push(id),
                        other => panic!("{other:?}"),
                    }
                }
                PayloadProtocolIdentifier::BinaryEmpty => {
                    self.client_messages.push((id, Vec::new()));
                }
                _ => self.client_messages.push((id, data)),
            }
        }
    }

    fn client_stream(&mut self, id: StreamId) {
        self.client.open_stream(id, PayloadProtocolIdentifier::Binary).unwrap();
    }

    fn client_open(&mut self, id: StreamId, label: &str) {
        self.client_stream(id);
        let open = Message::DataChannelOpen(DataChannelOpen {
            channel_type: ChannelType::Reliable,
            priority: 256,
            reliability_parameter: 0,
            label: label.as_bytes().to_vec(),
            protocol: Vec::new(),
        });
        let bytes = open.marshal().unwrap();
        let now = self.now;
        let dcep = PayloadProtocolIdentifier::Dcep;
        self.client.stream(id).unwrap().write_with_ppi(now, &bytes, dcep).unwrap();
    }

    fn client_send(&mut self, id: StreamId, data: &[u8]) {
        self.client_sent += data.len();
        let (data, kind) = match data {
            [] => (&[0][..], PayloadProtocolIdentifier::BinaryEmpty),
            _ => (data, PayloadProtocolIdentifier::Binary),
        };
        let now = self.now;
        self.client.stream(id).unwrap().write_with_ppi(now, data, kind).unwrap();
    }

    /// A packet as if from the client, with a good checksum.
    fn packet(&self, chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut packet = vec![0x13, 0x88, 0x13, 0x88];
        packet.extend(self.tag.to_be_bytes());
        packet.extend([0; 4]);
        packet.extend(chunks.concat());
        let checksum = crc32c(&packet);
        packet[8..12].copy_from_slice(&checksum.to_le_bytes());
        packet
    }

    /// Gives the server a hostile packet, and takes its answers.
    fn feed(&mut self, chunks: &[Vec<u8>]) {
        let packet = self.packet(chunks);
        self.server.handle_packet(&packet, self.now);
        if chunks.iter().all(|chunk| chunk[0] == 0) {
            while self.server.poll_transmit(self.now).is_some() {}
        }
    }
}
