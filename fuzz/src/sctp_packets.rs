//! SCTP packets of a participant, behind its handshake: chunks of every kind, with the checksum that they need.
//!
//! Promises: no panic; what waits to be sent and what is delivered is bounded; a packet costs in proportion to its
//! length.

use sfu::connection::sctp::{ChannelEvent, ChannelLabel, DataChannels};

use super::{cost, pieces::pieces, rehearsal::now};

/// An association is set up by one packet, and each may have the engine look through its queues.
const STEPS_FIXED: u64 = 100_000;
const STEPS_PER_BYTE: u64 = 500;

/// Packets in answer to one.
const ANSWERS_MAX: usize = 4096;

/// Packets, each after two bytes of length.
pub fn run(data: &[u8]) {
    let now = now();
    let mut channels = DataChannels::new(now);
    channels.open(ChannelLabel::Reliable);
    for packet in pieces(data) {
        let mut packet = packet.to_vec();
        seal(&mut packet);
        cost::within(packet.len(), STEPS_FIXED, STEPS_PER_BYTE, || {
            channels.handle_packet(&packet, now);
        });
        let answers = (0..=ANSWERS_MAX).take_while(|_| channels.poll_transmit(now).is_some());
        assert!(answers.count() <= ANSWERS_MAX, "more is answered than was asked");
        while let Some(event) = channels.poll_event() {
            let ChannelEvent::Readable(label) = event else { continue };
            while let Some(data) = channels.poll_message(label, now) {
                assert!(data.len() <= sfu::limits::DATA_MESSAGE_BYTES_MAX);
            }
        }
    }
}

/// Writes the checksum (RFC 9260 §6.8), which a fuzzer cannot find.
fn seal(packet: &mut [u8]) {
    if let Some(field) = packet.get_mut(8..12) {
        field.fill(0);
        let checksum = crc32c(packet).to_le_bytes();
        packet[8..12].copy_from_slice(&checksum);
    }
}

/// Castagnoli's polynomial, reflected, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(!0, byte)
}
