//! Compound RTCP packets.
//!
//! Promises: no panic; every iteration ends and yields no more than the bytes can hold; a NACK that is written again
//! names the same packets.

use std::collections::BTreeSet;

use sfu::rtp::{
    ids::{Seq, Ssrc},
    rtcp::{RtcpPacket, packets, write_nack},
};

/// The bytes are a decrypted compound packet.
pub fn run(data: &[u8]) {
    let mut count = 0;
    for packet in packets(data) {
        count += 1;
        assert!(count <= data.len() / 4 + 1, "more packets than bytes");
        match packet {
            Ok(packet) => read(packet, data.len()),
            Err(_) => break,
        }
    }
}

fn read(packet: RtcpPacket<'_>, bytes: usize) {
    match packet {
        RtcpPacket::SenderReport { reports, .. } | RtcpPacket::ReceiverReport { reports, .. } => {
            assert!(reports.count() <= 31);
        }
        RtcpPacket::Nack { pairs, .. } => {
            let seqs: BTreeSet<u16> = pairs.take(bytes * 17).map(|seq| seq.0).collect();
            nack_reads_back(&seqs);
        }
        RtcpPacket::Fir { entries, .. } => assert!(entries.count() <= bytes / 8),
        RtcpPacket::TransportCc { raw, .. } => assert!(raw.len() <= bytes),
        _ => {}
    }
}

fn nack_reads_back(seqs: &BTreeSet<u16>) {
    let sorted: Vec<Seq> = seqs.iter().map(|seq| Seq(*seq)).collect();
    let mut out = [0; 1500];
    let Some(len) = write_nack(&mut out, Ssrc(1), Ssrc(2), &sorted) else { return };
    let mut read_back = BTreeSet::new();
    for packet in packets(&out[..len]) {
        if let Ok(RtcpPacket::Nack { pairs, .. }) = packet {
            read_back.extend(pairs.map(|seq| seq.0));
        }
    }
    assert_eq!(read_back, *seqs);
}
