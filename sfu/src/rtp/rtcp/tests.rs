//! Our reader and writers against `rtc-rtcp`, both ways, and against hostile bytes.

use proptest::prelude::*;
use rtc_rtcp::{
    goodbye::Goodbye,
    packet::Packet,
    payload_feedbacks::{
        full_intra_request as fir, picture_loss_indication::PictureLossIndication,
        receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate,
    },
    receiver_report::ReceiverReport,
    reception_report::ReceptionReport,
    sender_report::SenderReport,
    source_description::SourceDescription,
    transport_feedbacks::transport_layer_nack::{NackPair, TransportLayerNack},
};

use super::*;
use crate::rtp::ids::Seq;

// ---- their packets, our reader

proptest! {
    #[test]
    fn their_reports_are_read(
        ssrc: u32, ntp_time: u64, rtp_time: u32, packet_count: u32, octet_count: u32,
        reports in prop::collection::vec(reception_report(), 0..=31),
    ) {
        let expected: Vec<_> = reports.iter().map(ours).collect();
        let sr = SenderReport {
            ssrc, ntp_time, rtp_time, packet_count, octet_count,
            reports: reports.clone(), ..Default::default()
        };
        let rr = ReceiverReport { ssrc, reports, ..Default::default() };
        let bytes = marshal(&[Box::new(sr), Box::new(rr)]);
        let read: Vec<_> = packets(&bytes).collect::<Result<_, _>>().unwrap();
        let [RtcpPacket::SenderReport { sender, ntp, rtp_timestamp, packets, bytes, reports },
            RtcpPacket::ReceiverReport { sender: receiver, reports: received }] = &read[..]
            else { panic!("{read:?}") };
        prop_assert_eq!((sender.0, *ntp, *rtp_timestamp), (ssrc, ntp_time, rtp_time));
        prop_assert_eq!((*packets, *bytes, receiver.0), (packet_count, octet_count, ssrc));
        prop_assert_eq!(reports.clone().collect::<Vec<_>>(), expected.clone());
        prop_assert_eq!(received.clone().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn their_feedback_is_read(
        sender: u32, media: u32,
        pairs in prop::collection::vec((any::<u16>(), any::<u16>()), 1..20),
        firs in prop::collection::vec((any::<u32>(), any::<u8>()), 1..5),
        sources in prop::collection::vec(any::<u32>(), 0..=31),
    ) {
        let nacks: Vec<_> =
            pairs.iter().map(|(packet_id, lost_packets)| NackPair { packet_id: *packet_id, lost_packets: *lost_packets }).collect();
        let expected: Vec<_> = nacks.iter().flat_map(NackPair::packet_list).map(Seq).collect();
        let fir = fir::FullIntraRequest {
            sender_ssrc: sender, media_ssrc: media,
            fir: firs.iter().map(|(ssrc, n)| fir::FirEntry { ssrc: *ssrc, sequence_number: *n }).collect(),
        };
        let bytes = marshal(&[
            Box::new(TransportLayerNack { sender_ssrc: sender, media_ssrc: media, nacks }),
            Box::new(PictureLossIndication { sender_ssrc: sender, media_ssrc: media }),
            Box::new(fir),
            Box::new(Goodbye { sources: sources.clone(), reason: "later".into() }),
        ]);
        let read: Vec<_> = packets(&bytes).collect::<Result<_, _>>().unwrap();
        let (sender, media) = (Ssrc(sender), Ssrc(media));
        let RtcpPacket::Nack { sender: s, media: m, pairs } = &read[0] else { panic!("{read:?}") };
        prop_assert_eq!((*s, *m), (sender, media));
        prop_assert_eq!(pairs.clone().collect::<Vec<_>>(), expected);
        prop_assert_eq!(&read[1], &RtcpPacket::Pli { sender, media });
        let RtcpPacket::Fir { sender: s, entries } = &read[2] else { panic!("{read:?}") };
        prop_assert_eq!(*s, sender);
        let entries: Vec<_> = entries.clone().map(|entry| (entry.ssrc.0, entry.sequence)).collect();
        prop_assert_eq!(entries, firs);
        let RtcpPacket::Bye { sources: read } = &read[3] else { panic!("{read:?}") };
        prop_assert_eq!(read.clone().map(|ssrc| ssrc.0).collect::<Vec<_>>(), sources);
    }

    #[test]
    fn their_estimates_are_read(bitrate in 1_000f32..1e12, ssrcs in prop::collection::vec(any::<u32>(), 0..4)) {
        let remb = ReceiverEstimatedMaximumBitrate { sender_ssrc: 7, bitrate, ssrcs };
        let bytes = marshal(&[Box::new(remb)]);
        let read = packets(&bytes).next().unwrap().unwrap();
        let RtcpPacket::Remb { sender: Ssrc(7), bitrate_bps } = read else { panic!("{read:?}") };
        // 18 bits of mantissa.
        prop_assert!((bitrate_bps as f64 / f64::from(bitrate) - 1.0).abs() < 1e-4, "{bitrate_bps}");
    }

    // ---- our packets, their reader

    #[test]
    fn our_reports_are_read_by_them(
        ssrc: u32, ntp: u64, rtp: u32, count: u32, octets: u32,
        reports in prop::collection::vec(reception_report(), 0..=31),
    ) {
        let blocks: Vec<_> = reports.iter().map(ours).collect();
        let mut out = [0xff; 1500];
        let mut len = write_sender_report(&mut out, Ssrc(ssrc), ntp, rtp, count, octets).unwrap();
        len += write_receiver_report(&mut out[len..], Ssrc(ssrc), &blocks).unwrap();
        let read = unmarshal(&out[..len]);
        let expected = SenderReport {
            ssrc, ntp_time: ntp, rtp_time: rtp, packet_count: count, octet_count: octets,
            ..Default::default()
        };
        prop_assert_eq!(read[0].as_any().downcast_ref(), Some(&expected));
        let expected = ReceiverReport { ssrc, reports, ..Default::default() };
        prop_assert_eq!(read[1].as_any().downcast_ref(), Some(&expected));
    }

    #[test]
    fn our_feedback_is_read_by_them(
        sender: u32, media: u32, start: u16,
        gaps in prop::collection::vec(prop_oneof![0..4u16, 1..40u16], 1..100),
        sources in prop::collection::vec(any::<u32>(), 0..=31),
    ) {
        let seqs: Vec<_> = gaps.iter().scan(start, |seq, gap| {
            *seq = seq.wrapping_add(*gap);
            Some(Seq(*seq))
        }).collect();
        let mut out = [0xff; 1500];
        let mut len = write_nack(&mut out, Ssrc(sender), Ssrc(media), &seqs).unwrap();
        len += write_pli(&mut out[len..], Ssrc(sender), Ssrc(media)).unwrap();
        let byes: Vec<_> = sources.iter().map(|ssrc| Ssrc(*ssrc)).collect();
        len += write_bye(&mut out[len..], &byes).unwrap();
        let read = unmarshal(&out[..len]);
        let nack = read[0].as_any().downcast_ref::<TransportLayerNack>().unwrap();
        prop_assert_eq!((nack.sender_ssrc, nack.media_ssrc), (sender, media));
        let mut unique = seqs.clone();
        unique.dedup();
        let asked: Vec<_> = nack.nacks.iter().flat_map(NackPair::packet_list).map(Seq).collect();
        prop_assert_eq!(&asked, &unique);
        let pli = PictureLossIndication { sender_ssrc: sender, media_ssrc: media };
        prop_assert_eq!(read[1].as_any().downcast_ref(), Some(&pli));
        prop_assert_eq!(&read[2].as_any().downcast_ref::<Goodbye>().unwrap().sources, &sources);
        // And by us.
        let RtcpPacket::Nack { pairs, .. } = packets(&out[..len]).next().unwrap().unwrap()
            else { panic!("not a NACK") };
        prop_assert_eq!(pairs.collect::<Vec<_>>(), unique);
    }

    #[test]
    fn our_cname_is_read_by_them(ssrc: u32, cname in "[ -~]{0,255}") {
        let mut out = [0xff; 300];
        let len = write_sdes_cname(&mut out, Ssrc(ssrc), &cname).unwrap();
        let read = unmarshal(&out[..len]);
        let sdes = read[0].as_any().downcast_ref::<SourceDescription>().unwrap();
        prop_assert_eq!(sdes.chunks.len(), 1);
        prop_assert_eq!(sdes.chunks[0].source, ssrc);
        prop_assert_eq!(&sdes.chunks[0].items[0].text[..], cname.as_bytes());
        prop_assert_eq!(packets(&out[..len]).next(), Some(Ok(RtcpPacket::SourceDescription)));
    }

    // ---- hostile bytes

    #[test]
    fn arbitrary_bytes_never_panic_and_end(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drain(&bytes);
        // Again as something that gets further.
        for (at, packet_type) in [(0, 200), (0, 201), (0, 203), (0, 205), (0, 206)] {
            if let Some(head) = bytes.get_mut(at..at + 4) {
                head[0] = head[0] & 0x3f | 0x80;
                head[1] = packet_type;
                head[2] = 0;
                head[3] &= 0x1f;
                drain(&bytes);
            }
        }
    }
}

#[test]
fn every_truncation_of_every_kind_is_an_error_or_a_shorter_compound() {
    let mut out = [0; 1500];
    let block = ReportBlock::default();
    let lens = [
        write_sender_report(&mut out, Ssrc(1), 2, 3, 4, 5).unwrap(),
        write_receiver_report(&mut out, Ssrc(1), &[block; 3]).unwrap(),
    ];
    assert_eq!(lens, [28, 8 + 72]);
    let mut len = 0;
    len += write_sender_report(&mut out[len..], Ssrc(1), 2, 3, 4, 5).unwrap();
    len += write_receiver_report(&mut out[len..], Ssrc(1), &[block; 3]).unwrap();
    len += write_nack(&mut out[len..], Ssrc(1), Ssrc(2), &[Seq(1), Seq(99)]).unwrap();
    len += write_pli(&mut out[len..], Ssrc(1), Ssrc(2)).unwrap();
    len += write_bye(&mut out[len..], &[Ssrc(1)]).unwrap();
    let boundaries = [0, 28, 108, 128, 140, 148];
    assert_eq!(len, 148);
    for cut in 0..=len {
        let whole = packets(&out[..cut]).filter(Result::is_ok).count();
        let failed = packets(&out[..cut]).filter(Result::is_err).count();
        let expected = boundaries.iter().filter(|end| **end > 0 && **end <= cut).count();
        assert_eq!(whole, expected, "{cut}");
        assert_eq!(failed, usize::from(!boundaries.contains(&cut)), "{cut}");
    }
}

#[test]
fn counts_that_exceed_the_body_are_errors() {
    for (packet_type, words) in [(200, 6), (201, 1), (203, 0)] {
        let mut packet = vec![0x81, packet_type, 0, words];
        packet.resize(4 + 4 * usize::from(words), 0);
        assert_eq!(packets(&packet).next(), Some(Err(RtcpError::Truncated)), "{packet_type}");
        packet[0] = 0x80;
        assert!(packets(&packet).next().unwrap().is_ok(), "{packet_type}");
    }
    for packet_type in [205, 206] {
        let packet = [0x81, packet_type, 0, 1, 0, 0, 0, 0];
        assert_eq!(packets(&packet).next(), Some(Err(RtcpError::Truncated)));
    }
}

#[test]
fn padding_is_removed_and_checked() {
    let with = |padding: u8| [0xa1, 203, 0, 2, 0, 0, 0, 9, 0, 0, 0, padding];
    for padding in [0, 9, 255] {
        assert_eq!(packets(&with(padding)).next(), Some(Err(RtcpError::Padding)), "{padding}");
    }
    assert!(packets(&with(4)).next().unwrap().is_ok());
    // All of it is padding: no room for the source that is announced.
    assert_eq!(packets(&with(8)).next(), Some(Err(RtcpError::Truncated)));
    assert_eq!(packets(&[0xa0, 203, 0, 0]).next(), Some(Err(RtcpError::Padding)));
}

#[test]
fn versions_other_than_2_end_the_reading() {
    let compound = [0x80, 203, 0, 0, 0x40, 203, 0, 0, 0x80, 203, 0, 0];
    let read: Vec<_> = packets(&compound).map(Result::err).collect();
    assert_eq!(read, [None, Some(RtcpError::Version)]);
}

#[test]
fn an_absurd_estimate_saturates() {
    let remb = |word: u32| {
        let mut packet = vec![0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0];
        packet.extend(b"REMB");
        packet.extend(word.to_be_bytes());
        match packets(&packet).next() {
            Some(Ok(RtcpPacket::Remb { bitrate_bps, .. })) => bitrate_bps,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(remb(63 << 18 | 0x3_ffff), u64::MAX);
    assert_eq!(remb(63 << 18 | 1), 1 << 63);
    assert_eq!(remb(63 << 18 | 2), u64::MAX);
    assert_eq!(remb(46 << 18 | 0x3_ffff), 0x3_ffff << 46);
    assert_eq!(remb(63 << 18), 0);
    assert_eq!(remb(1), 1);
}

#[test]
fn other_packets_are_told_by_type_and_format() {
    let compound = [0x80, 204, 0, 0, 0x82, 207, 0, 1, 0, 0, 0, 0];
    let read: Vec<_> = packets(&compound).map(Result::unwrap).collect();
    let other = |packet_type, format| RtcpPacket::Other { packet_type, format };
    assert_eq!(read, [other(204, 0), other(207, 2)]);
    let not_remb = [0x8f, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'C'];
    assert_eq!(packets(&not_remb).next(), Some(Ok(other(206, 15))));
    let goog = [0x8f, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4];
    let expected = RtcpPacket::TransportCc { sender: Ssrc(1), media: Ssrc(2), raw: &[1, 2, 3, 4] };
    assert_eq!(packets(&goog).next(), Some(Ok(expected)));
}

#[test]
fn writers_refuse_every_buffer_that_is_too_short_and_every_count_too_large() {
    let block = ReportBlock::default();
    let seqs = [Seq(1), Seq(100)];
    type Write<'a> = &'a dyn Fn(&mut [u8]) -> Option<usize>;
    let writers: [(&str, Write<'_>); 6] = [
        ("sender report", &|out| write_sender_report(out, Ssrc(1), 2, 3, 4, 5)),
        ("receiver report", &|out| write_receiver_report(out, Ssrc(1), &[block; 2])),
        ("cname", &|out| write_sdes_cname(out, Ssrc(1), "abcdef")),
        ("pli", &|out| write_pli(out, Ssrc(1), Ssrc(2))),
        ("nack", &|out| write_nack(out, Ssrc(1), Ssrc(2), &seqs)),
        ("bye", &|out| write_bye(out, &[Ssrc(1), Ssrc(2)])),
    ];
    for (name, write) in writers {
        let len = write(&mut [0; 200]).unwrap();
        assert_eq!(write(&mut vec![0; len]), Some(len), "{name}");
        for short in 0..len {
            assert_eq!(write(&mut vec![0; short]), None, "{name} {short}");
        }
    }
    let mut out = [0; 1500];
    assert_eq!(write_receiver_report(&mut out, Ssrc(1), &[block; 32]), None);
    assert_eq!(write_bye(&mut out, &[Ssrc(1); 32]), None);
    assert_eq!(write_sdes_cname(&mut out, Ssrc(1), &"x".repeat(256)), None);
    assert_eq!(write_nack(&mut out, Ssrc(1), Ssrc(2), &[]), None);
}

#[test]
fn cumulative_loss_is_signed_24_bits() {
    for (written, read) in
        [(-1, -1), (-0x80_0000, -0x80_0000), (i32::MIN, -0x80_0000), (i32::MAX, 0x7f_ffff)]
    {
        let block = ReportBlock { cumulative_lost: written, ..ReportBlock::default() };
        let mut out = [0; 32];
        write_receiver_report(&mut out, Ssrc(1), &[block]).unwrap();
        let Some(Ok(RtcpPacket::ReceiverReport { mut reports, .. })) = packets(&out).next() else {
            panic!("not a receiver report")
        };
        assert_eq!(reports.next().unwrap().cumulative_lost, read);
    }
}

// ---- helpers

fn marshal(packets: &[Box<dyn Packet>]) -> Vec<u8> {
    rtc_rtcp::packet::marshal(packets).unwrap().to_vec()
}

fn unmarshal(mut bytes: &[u8]) -> Vec<Box<dyn Packet>> {
    rtc_rtcp::packet::unmarshal(&mut bytes).unwrap()
}

fn ours(report: &ReceptionReport) -> ReportBlock {
    ReportBlock {
        ssrc: Ssrc(report.ssrc),
        fraction_lost: report.fraction_lost,
        cumulative_lost: report.total_lost as i32,
        highest_seq: report.last_sequence_number,
        jitter: report.jitter,
        last_sr: report.last_sender_report,
        delay_since_last_sr: report.delay,
    }
}

prop_compose! {
    fn reception_report()(
        ssrc: u32, fraction_lost: u8,
        // They know no negative loss.
        total_lost in 0..0x80_0000u32,
        last_sequence_number: u32, jitter: u32, last_sender_report: u32, delay: u32,
    ) -> ReceptionReport {
        ReceptionReport {
            ssrc, fraction_lost, total_lost, last_sequence_number, jitter, last_sender_report, delay,
        }
    }
}

fn drain(bytes: &[u8]) {
    for packet in packets(bytes).flatten() {
        match packet {
            RtcpPacket::SenderReport { reports, .. }
            | RtcpPacket::ReceiverReport { reports, .. } => {
                assert!(reports.count() <= 31);
            }
            RtcpPacket::Nack { pairs, .. } => assert!(pairs.count() <= 17 * bytes.len() / 4),
            RtcpPacket::Fir { entries, .. } => assert!(entries.count() <= bytes.len() / 8),
            RtcpPacket::Bye { sources } => assert!(sources.count() <= 31),
            _ => {}
        }
    }
}
