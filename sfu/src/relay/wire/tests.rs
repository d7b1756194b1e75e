use proptest::prelude::*;
use protocol::ids::{ParticipantSid, SessionId, TrackSid};

use super::*;
use crate::{
    relay::message::Departure,
    words::{event::LeaveAction, info::LeaveReason},
};

fn batch(write: impl FnOnce(&mut Vec<u8>) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out);
    assert!(write(&mut out));
    out
}

fn only(bytes: &[u8]) -> Result<Frame<'_>, WireError> {
    let mut frames = frames(bytes);
    let frame = frames.next().expect("a frame");
    assert!(frames.next().is_none());
    frame
}

fn sample() -> RelayedPacket<'static> {
    RelayedPacket {
        track: TrackHandle(7),
        layer: 2,
        seq: ExtSeq(70_000),
        meta: PacketMeta { marker: true, timestamp: 90_000, codec: CodecKind::Vp8 },
        extensions: StoredExtensions {
            audio_level: Some(30),
            video_orientation: Some(1),
            playout_delay: Some([1, 2, 3]),
            abs_capture_time: Some(&[4; 16]),
            dependency_descriptor: Some(&[5; 300]),
        },
        payload: &[6; 1200],
    }
}

#[test]
fn the_overhead_of_a_packet_is_what_is_said() {
    let packet = sample();
    let bytes = batch(|out| write_packet(out, EdgeId(1), &packet));
    assert_eq!(bytes.len() - 1 - 16 - 300 - 1200, PACKET_OVERHEAD_BYTES);
}

#[test]
fn every_control_message_comes_back() {
    let sid = ParticipantSid::try_from("PA_one".to_owned()).unwrap();
    let track = TrackSid::try_from("TR_VCone".to_owned()).unwrap();
    let departure =
        Departure { participant: sid, reason: LeaveReason::DuplicateIdentity, is_replaced: true };
    let downs = [
        Down::Departed(departure.clone()),
        Down::SessionClosed(SessionId(u64::MAX)),
        Down::Close(LeaveReason::RoomClosed, LeaveAction::Reconnect),
    ];
    for down in downs {
        let bytes = batch(|out| write_down(out, EdgeId(9), &down));
        let Ok(Frame { edge: EdgeId(9), body: Body::Down(read) }) = only(&bytes) else {
            panic!("{down:?}");
        };
        assert_eq!(format!("{read:?}"), format!("{down:?}"));
    }
    let ups = [
        Up::Departed(departure),
        Up::Want(track.clone(), TrackHandle(u64::MAX)),
        Up::KeyFrame(track, Some(2)),
    ];
    for up in ups {
        let bytes = batch(|out| write_up(out, EdgeId(9), &up));
        let Ok(Frame { body: Body::Up(read), .. }) = only(&bytes) else { panic!("{up:?}") };
        assert_eq!(format!("{read:?}"), format!("{up:?}"));
    }
}

#[test]
fn another_version_and_unknown_kinds_are_refused() {
    let mut bytes = batch(|out| write_restart(out, EdgeId(1), TrackHandle(2), 0));
    assert!(only(&bytes).is_ok());
    bytes[1] = 99;
    assert_eq!(only(&bytes).unwrap_err(), WireError::Malformed);
    bytes[0] = VERSION + 1;
    assert_eq!(only(&bytes).unwrap_err(), WireError::Version(VERSION + 1));
    assert_eq!(only(&[]).unwrap_err(), WireError::Truncated);
}

#[test]
fn a_truncated_batch_yields_what_is_whole_and_then_an_error() {
    let packet = sample();
    let bytes =
        batch(|out| write_packet(out, EdgeId(1), &packet) && write_packet(out, EdgeId(2), &packet));
    let whole = 1 + (bytes.len() - 1) / 2;
    for len in whole + 1..bytes.len() {
        let read: Vec<_> = frames(&bytes[..len]).collect();
        assert!(read.len() == 2 && read[0].is_ok() && read[1].is_err(), "{len}");
    }
}

#[test]
fn a_message_that_is_too_long_leaves_nothing_behind() {
    let reason = "x".repeat(BODY_BYTES_MAX);
    let mut out = Vec::new();
    begin(&mut out);
    let data = RelayedData {
        direction: Direction::Up,
        sender: "PA_one",
        label: ChannelLabel::Reliable,
        message: reason.as_bytes(),
    };
    assert!(!write_data(&mut out, EdgeId(1), &data));
    assert_eq!(out, [VERSION]);
}

proptest! {
    #[test]
    fn packets_come_back_as_they_were(
        (edge, track, seq) in any::<(u64, u64, u64)>(),
        (layer, timestamp, marker) in any::<(u8, u32, bool)>(),
        codec in prop::sample::select(CodecKind::ALL),
        (audio_level, video_orientation, playout_delay) in any::<(Option<u8>, Option<u8>, Option<[u8; 3]>)>(),
        capture in prop::option::of(prop::collection::vec(any::<u8>(), 0..17)),
        descriptor in prop::option::of(prop::collection::vec(any::<u8>(), 0..300)),
        payload in prop::collection::vec(any::<u8>(), 0..1400),
    ) {
        let packet = RelayedPacket {
            track: TrackHandle(track),
            layer,
            seq: ExtSeq(seq),
            meta: PacketMeta { marker, timestamp, codec },
            extensions: StoredExtensions {
                audio_level,
                video_orientation,
                playout_delay,
                abs_capture_time: capture.as_deref(),
                dependency_descriptor: descriptor.as_deref(),
            },
            payload: &payload,
        };
        let bytes = batch(|out| write_packet(out, EdgeId(edge), &packet));
        match only(&bytes) {
            Ok(Frame { edge: read, body: Body::Packet(back) }) => {
                prop_assert_eq!((read, back), (EdgeId(edge), packet));
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn reports_and_data_come_back_as_they_were(
        (track, layer, ntp, rtp_timestamp) in any::<(u64, u8, u64, u32)>(),
        label in prop::sample::select(&ChannelLabel::ALL[..]),
        direction in prop::sample::select(&[Direction::Down, Direction::Up][..]),
        sender in "[A-Za-z0-9_]{0,40}",
        message in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let report = RelayedReport { track: TrackHandle(track), layer, ntp, rtp_timestamp };
        let data = RelayedData { direction, sender: &sender, label, message: &message };
        let bytes = batch(|out| write_report(out, EdgeId(1), &report) && write_data(out, EdgeId(2), &data));
        let read: Vec<_> = frames(&bytes).map(Result::unwrap).collect();
        prop_assert!(matches!(&read[0].body, Body::Report(back) if *back == report));
        prop_assert!(matches!(&read[1].body, Body::Data(back) if *back == data));
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = bytes;
        for first in [VERSION, 0] {
            bytes.insert(0, first);
            prop_assert!(frames(&bytes).count() <= bytes.len());
        }
    }
}
