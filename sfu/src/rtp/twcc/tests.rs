//! Feedback decoded by `rtc-rtcp` must tell exactly the arrivals that were recorded.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rtc_rtcp::transport_feedbacks::transport_layer_cc::{
    PacketStatusChunk, SymbolTypeTcc, TransportLayerCc,
};

use super::*;

const SENDER: Ssrc = Ssrc(0x0102_0304);
const MEDIA: Ssrc = Ssrc(0x0506_0708);

#[test]
fn feedback_is_due_after_100_ms_or_when_busy_after_50() {
    let (mut recorder, start) = (ArrivalRecorder::default(), start());
    assert_eq!(recorder.poll_timeout(), None);
    assert!(!recorder.due(start));
    recorder.on_packet(1, start);
    assert_eq!(recorder.poll_timeout(), Some(start + INTERVAL));
    assert!(!recorder.due(start + Duration::from_millis(99)));
    assert!(recorder.due(start + INTERVAL));
    for seq in 2..=63 {
        recorder.on_packet(seq, start);
    }
    assert_eq!(recorder.poll_timeout(), Some(start + INTERVAL));
    recorder.on_packet(64, start);
    assert_eq!(recorder.poll_timeout(), Some(start + INTERVAL_BUSY));
    let built = start + Duration::from_millis(70);
    assert!(recorder.build(&mut [0; 1200], SENDER, MEDIA, built).is_some());
    assert_eq!(recorder.build(&mut [0; 1200], SENDER, MEDIA, built), None);
    assert_eq!(recorder.poll_timeout(), None);
    recorder.on_packet(65, built);
    assert_eq!(recorder.poll_timeout(), Some(built + INTERVAL));
}

#[test]
fn repetitions_are_not_reported_again() {
    let (mut recorder, start) = (ArrivalRecorder::default(), start());
    recorder.on_packet(1, start);
    drain(&mut recorder, 1200, start);
    recorder.on_packet(1, start);
    assert_eq!(recorder.poll_timeout(), None);
    assert_eq!(drain(&mut recorder, 1200, start), []);
}

#[test]
fn a_loss_between_two_feedbacks_is_told_by_the_second() {
    let (mut recorder, start) = (ArrivalRecorder::default(), start());
    recorder.on_packet(65_534, start);
    drain(&mut recorder, 1200, start);
    recorder.on_packet(1, start);
    // 65,535 and 0 are lost.
    let told = drain(&mut recorder, 1200, start);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].statuses.keys().copied().collect::<Vec<_>>(), [65_535, 65_536, 65_537]);
    let received: Vec<_> = told[0].statuses.values().map(Option::is_some).collect();
    assert_eq!(received, [false, false, true]);
}

#[test]
fn a_late_packet_is_told_with_those_after_it() {
    let (mut recorder, start) = (ArrivalRecorder::default(), start());
    recorder.on_packet(10, start);
    recorder.on_packet(12, start);
    drain(&mut recorder, 1200, start);
    recorder.on_packet(11, start + Duration::from_millis(30));
    let told = drain(&mut recorder, 1200, start);
    let statuses: Vec<_> =
        told[0].statuses.iter().map(|(seq, tick)| (*seq, tick.is_some())).collect();
    assert_eq!(statuses, [(11, true), (12, true)]);
}

#[test]
fn feedback_is_split_when_a_delta_cannot_be_told() {
    let (mut recorder, start) = (ArrivalRecorder::default(), start());
    recorder.on_packet(1, start);
    recorder.on_packet(2, start + Duration::from_secs(9));
    recorder.on_packet(3, start + Duration::from_secs(9));
    let told = drain(&mut recorder, 1200, start);
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].statuses.len(), 2);
    assert_eq!((told[0].count, told[1].count), (0, 1));
}

#[test]
fn a_jump_of_half_the_numbers_costs_one_window() {
    let (mut recorder, start) = (ArrivalRecorder::default(), start());
    recorder.on_packet(0, start);
    recorder.on_packet(0x7fff, start);
    let told = drain(&mut recorder, 1200, start);
    let statuses: usize = told.iter().map(|feedback| feedback.statuses.len()).sum();
    assert!(statuses <= usize::from(WINDOW), "{statuses}");
    assert!(told.last().unwrap().statuses[&0x7fff].is_some());
}

#[test]
fn a_long_loss_that_does_not_fit_is_left_untold() {
    let (mut recorder, start) = (ArrivalRecorder::default(), start());
    recorder.on_packet(0, start);
    drain(&mut recorder, 1200, start);
    recorder.on_packet(1000, start);
    let told = drain(&mut recorder, 28, start);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].statuses.keys().copied().collect::<Vec<_>>(), [1000]);
    assert_eq!(recorder.poll_timeout(), None);
}

#[test]
fn a_buffer_without_room_for_one_packet_is_refused() {
    for room in 0..60 {
        let (mut recorder, start) = (ArrivalRecorder::default(), start());
        for seq in 0..5 {
            recorder.on_packet(seq * 3, start);
        }
        let mut out = vec![0; room];
        let built = recorder.build(&mut out, SENDER, MEDIA, start);
        assert_eq!(built.is_some(), room >= 26, "{room}");
        assert!(built.unwrap_or(0) <= room);
    }
}

#[test]
fn times_go_on_when_the_reference_wraps() {
    let (mut recorder, start) = (ArrivalRecorder::default(), start());
    recorder.on_packet(0, start);
    drain(&mut recorder, 1200, start);
    // 2^32 ticks of 250 us, less one millisecond.
    let late = start + Duration::from_micros((1u64 << 32) * 250 - 1000);
    for seq in 1..20 {
        recorder.on_packet(seq, late + Duration::from_micros(250) * u32::from(seq));
    }
    let told = drain(&mut recorder, 1200, late);
    let ticks: Vec<_> = told[0].statuses.values().map(|tick| tick.unwrap()).collect();
    // Tick 0 stands for absence and is told as 1: a quarter of a millisecond, once in twelve days.
    for (at, pair) in ticks.windows(2).enumerate() {
        assert!((0..=2).contains(&(pair[1] - pair[0])), "{at} {ticks:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn their_decoder_reads_exactly_what_was_recorded(
        steps in prop::collection::vec(
            (
                // Sequence step, time step in ticks, whether feedback is built after it.
                prop_oneof![8 => Just(1i64), 2 => 1..30i64, 1 => -20..20i64, 1 => 100..400i64],
                prop_oneof![6 => 0..8u64, 3 => 200..300u64, 1 => 0..9000u64, 1 => 30_000..40_000u64],
                prop::bool::weighted(0.03),
            ),
            1..400
        ),
        first: u16,
        room in prop_oneof![Just(1200usize), 40..200usize],
    ) {
        let (mut recorder, start) = (ArrivalRecorder::default(), start());
        let mut highest = 0x1_0000 | i64::from(first);
        let mut elapsed = 4; // never tick 0
        recorder.on_packet(first, start);
        let mut arrivals = BTreeMap::from([(highest, 1u64)]);
        let mut told = BTreeMap::new();
        let mut count = 0u8;
        let total = steps.len();
        for (number, (step, wait, build)) in steps.into_iter().enumerate() {
            let seq = (highest + step).max(0);
            elapsed += wait;
            recorder.on_packet(seq as u16, start + Duration::from_micros(250) * elapsed as u32);
            let in_window = seq > highest - i64::from(WINDOW);
            if in_window {
                arrivals.entry(seq).or_insert(elapsed);
            }
            highest = highest.max(seq);
            if build || number + 1 == total {
                let mut end = None;
                for feedback in drain(&mut recorder, room, start) {
                    prop_assert_eq!(feedback.count, count);
                    count = count.wrapping_add(1);
                    for (seq, tick) in feedback.statuses {
                        // Place the 16 bits next to the highest.
                        let offset = (seq as u16).wrapping_sub(highest as u16).cast_signed();
                        let seq = highest + i64::from(offset);
                        prop_assert!(end.is_none_or(|end| seq > end), "in order");
                        end = Some(seq);
                        let arrived = arrivals.get(&seq).map(|tick| *tick as i64);
                        prop_assert_eq!(tick, arrived, "packet {}", seq);
                        if tick.is_some() {
                            told.insert(seq, ());
                        }
                    }
                }
                prop_assert_eq!(end, Some(highest).filter(|_| end.is_some()));
                prop_assert_eq!(recorder.poll_timeout(), None);
                // Everything that is in the window has been told by now.
                for seq in arrivals.range(highest - i64::from(WINDOW) + 1..).map(|(seq, _)| seq) {
                    prop_assert!(told.contains_key(seq), "packet {} was never told", seq);
                }
                arrivals.retain(|seq, _| *seq > highest - i64::from(WINDOW));
            }
        }
    }
}

// ---- helpers

#[derive(Debug, PartialEq, Eq)]
struct Told {
    count: u8,
    /// Arrival ticks by sequence number, extended upwards from the base.
    statuses: BTreeMap<u32, Option<i64>>,
}

/// Builds all feedback there is and decodes it with rtc-rtcp.
fn drain(recorder: &mut ArrivalRecorder, room: usize, now: Instant) -> Vec<Told> {
    let mut all = Vec::new();
    let mut out = vec![0xff; room];
    while let Some(len) = recorder.build(&mut out, SENDER, MEDIA, now) {
        assert!(len <= room && len % 4 == 0);
        let mut bytes = &out[..len];
        let packets = rtc_rtcp::packet::unmarshal(&mut bytes).unwrap();
        assert_eq!(packets.len(), 1);
        all.push(told(packets[0].as_any().downcast_ref().unwrap()));
        assert!(all.len() < 2000, "feedback does not end");
    }
    all
}

fn told(feedback: &TransportLayerCc) -> Told {
    assert_eq!((feedback.sender_ssrc, feedback.media_ssrc), (SENDER.0, MEDIA.0));
    let mut symbols = Vec::new();
    for chunk in &feedback.packet_chunks {
        match chunk {
            PacketStatusChunk::RunLengthChunk(run) => {
                symbols.extend(vec![run.packet_status_symbol; usize::from(run.run_length)]);
            }
            PacketStatusChunk::StatusVectorChunk(vector) => {
                symbols.extend(vector.symbol_list.iter().copied());
            }
        }
    }
    let count = usize::from(feedback.packet_status_count);
    assert!(symbols.len() >= count && symbols.len() < count + 14);
    assert!(symbols[count..].iter().all(|s| *s == SymbolTypeTcc::PacketNotReceived));
    let mut tick = i64::from(feedback.reference_time) << 8;
    let mut deltas = feedback.recv_deltas.iter();
    let mut statuses = BTreeMap::new();
    for (place, symbol) in symbols[..count].iter().enumerate() {
        let arrival = (*symbol != SymbolTypeTcc::PacketNotReceived).then(|| {
            tick += deltas.next().unwrap().delta / 250;
            tick
        });
        statuses.insert(u32::from(feedback.base_sequence_number) + place as u32, arrival);
    }
    assert!(deltas.next().is_none());
    Told { count: feedback.fb_pkt_count, statuses }
}

#[expect(clippy::disallowed_methods, reason = "any instant will do")]
fn start() -> Instant {
    Instant::now()
}
