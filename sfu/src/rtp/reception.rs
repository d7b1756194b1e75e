//! Reception statistics of one incoming SSRC (RFC 3550 §6.4.1, appendices A.3 and A.8).

use std::time::{Duration, Instant};

use crate::rtp::{
    ids::{ExtSeq, Ssrc},
    rtcp::ReportBlock,
};

/// Counts what a report block tells the sender.
#[derive(Debug)]
pub struct Reception {
    clock_rate: u32,
    stream: Option<Stream>,
    sender_report: Option<SenderReport>,
}

#[derive(Debug)]
struct Stream {
    /// Lowest and highest sequence number so far.
    base: ExtSeq,
    highest: ExtSeq,
    received: u64,
    expected_prior: u64,
    received_prior: u64,
    /// Arrival of the first packet: arrivals are measured from here.
    epoch: Instant,
    transit: u32,
    /// In timestamp units, 4 fractional bits (appendix A.8).
    jitter_q4: u32,
}

#[derive(Debug)]
struct SenderReport {
    /// Middle 32 bits of its NTP timestamp.
    middle: u32,
    arrived: Instant,
}

impl Reception {
    /// Nothing received yet. `clock_rate` is the payload format's, in Hz.
    #[must_use]
    pub fn new(clock_rate: u32) -> Self {
        Self { clock_rate, stream: None, sender_report: None }
    }

    /// Notes a packet of the stream, in order of arrival. O(1).
    pub fn on_packet(&mut self, seq: ExtSeq, rtp_timestamp: u32, now: Instant) {
        let Some(stream) = &mut self.stream else {
            self.stream = Some(Stream {
                base: seq,
                highest: seq,
                received: 1,
                expected_prior: 0,
                received_prior: 0,
                epoch: now,
                transit: 0u32.wrapping_sub(rtp_timestamp),
                jitter_q4: 0,
            });
            return;
        };
        stream.base = stream.base.min(seq);
        stream.highest = stream.highest.max(seq);
        stream.received += 1;
        let elapsed = now.saturating_duration_since(stream.epoch);
        let transit = timestamp_units(elapsed, self.clock_rate).wrapping_sub(rtp_timestamp);
        let difference = transit.wrapping_sub(stream.transit).cast_signed().unsigned_abs();
        stream.transit = transit;
        // A new timestamp base is not jitter: beyond 10 s the difference starts afresh.
        if difference < self.clock_rate.saturating_mul(10) {
            let decay = stream.jitter_q4.saturating_add(8) >> 4;
            stream.jitter_q4 = stream.jitter_q4.saturating_add(difference).saturating_sub(decay);
        }
    }

    /// Notes a sender report of the stream: its 64-bit NTP timestamp.
    pub fn on_sender_report(&mut self, ntp: u64, now: Instant) {
        #[expect(clippy::cast_possible_truncation, reason = "the middle 32 of 64 bits are wanted")]
        let middle = (ntp >> 16) as u32;
        self.sender_report = Some(SenderReport { middle, arrived: now });
    }

    /// The highest sequence number received.
    #[must_use]
    pub fn highest(&self) -> Option<ExtSeq> {
        self.stream.as_ref().map(|stream| stream.highest)
    }

    /// A report block; the fraction lost counts from the previous one.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "RFC 3550 sends the low 32 bits, 8 and 24 clamped"
    )]
    pub fn report(&mut self, ssrc: Ssrc, now: Instant) -> ReportBlock {
        let mut block = ReportBlock { ssrc, ..ReportBlock::default() };
        if let Some(stream) = &mut self.stream {
            let expected = stream.highest.0 - stream.base.0 + 1;
            let lost = expected.cast_signed() - stream.received.cast_signed();
            let expected_interval = expected.saturating_sub(stream.expected_prior);
            let received_interval = stream.received - stream.received_prior;
            let lost_interval = expected_interval.saturating_sub(received_interval);
            let fraction = (lost_interval << 8).checked_div(expected_interval).unwrap_or(0);
            stream.expected_prior = expected;
            stream.received_prior = stream.received;
            block.fraction_lost = fraction.min(255) as u8;
            block.cumulative_lost = lost.clamp(-0x80_0000, 0x7f_ffff) as i32;
            block.highest_seq = stream.highest.0 as u32;
            block.jitter = stream.jitter_q4 >> 4;
        }
        if let Some(report) = &self.sender_report {
            let delay = now.saturating_duration_since(report.arrived);
            block.last_sr = report.middle;
            block.delay_since_last_sr = timestamp_units(delay, 65_536);
        }
        block
    }
}

/// A duration in units of a clock, modulo 2^32.
#[expect(clippy::cast_possible_truncation, reason = "timestamps are modulo 2^32")]
fn timestamp_units(duration: Duration, clock_rate: u32) -> u32 {
    let whole = duration.as_secs().wrapping_mul(u64::from(clock_rate));
    let fraction = u64::from(duration.subsec_nanos()) * u64::from(clock_rate) / 1_000_000_000;
    whole.wrapping_add(fraction) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_counted_since_the_start_and_since_the_last_report() {
        let (mut reception, now) = (Reception::new(90_000), start());
        for seq in [65_534, 65_535, 65_538, 65_537] {
            reception.on_packet(ExtSeq(seq), 0, now);
        }
        let block = reception.report(Ssrc(7), now);
        assert_eq!(block.ssrc, Ssrc(7));
        assert_eq!((block.cumulative_lost, block.fraction_lost), (1, 51));
        assert_eq!(block.highest_seq, 0x1_0002);
        for seq in 65_539..=65_542 {
            reception.on_packet(ExtSeq(seq), 0, now);
        }
        let block = reception.report(Ssrc(7), now);
        assert_eq!((block.cumulative_lost, block.fraction_lost), (1, 0));
        let block = reception.report(Ssrc(7), now);
        assert_eq!((block.cumulative_lost, block.fraction_lost), (1, 0));
    }

    #[test]
    fn duplicates_make_the_loss_negative_and_the_fraction_zero() {
        let (mut reception, now) = (Reception::new(90_000), start());
        for seq in [9, 9, 9, 10] {
            reception.on_packet(ExtSeq(seq), 0, now);
        }
        let block = reception.report(Ssrc(7), now);
        assert_eq!((block.cumulative_lost, block.fraction_lost), (-2, 0));
    }

    #[test]
    fn a_packet_older_than_the_first_moves_the_start() {
        let (mut reception, now) = (Reception::new(90_000), start());
        reception.on_packet(ExtSeq(10), 0, now);
        reception.on_packet(ExtSeq(8), 0, now);
        assert_eq!(reception.report(Ssrc(7), now).cumulative_lost, 1);
        assert_eq!(reception.highest(), Some(ExtSeq(10)));
    }

    #[test]
    fn an_absurd_jump_is_clamped_to_24_bits() {
        let (mut reception, now) = (Reception::new(90_000), start());
        reception.on_packet(ExtSeq(1), 0, now);
        reception.on_packet(ExtSeq(1 << 40), 0, now);
        let block = reception.report(Ssrc(7), now);
        assert_eq!((block.cumulative_lost, block.fraction_lost), (0x7f_ffff, 255));
    }

    #[test]
    fn jitter_follows_the_formula_of_appendix_a8() {
        let (mut reception, start) = (Reception::new(8_000), start());
        // 20 ms packets, every second one 5 ms (40 units) late: |D| is 40 each time.
        let (mut jitter, mut count) = (0u32, 0);
        for packet in 0..200u32 {
            let late = u64::from(packet % 2) * 5;
            let arrival = start + Duration::from_millis(u64::from(packet) * 20 + late);
            reception.on_packet(ExtSeq(u64::from(packet)), packet.wrapping_mul(160), arrival);
            if packet > 0 {
                jitter = jitter + 40 - ((jitter + 8) >> 4);
                count += 1;
            }
        }
        assert_eq!(count, 199);
        assert_eq!(reception.report(Ssrc(7), start).jitter, jitter >> 4);
        assert!((38..=40).contains(&(jitter >> 4)));
    }

    #[test]
    fn an_even_stream_over_the_timestamp_wrap_has_no_jitter() {
        let (mut reception, start) = (Reception::new(90_000), start());
        for packet in 0..100u32 {
            let arrival = start + Duration::from_millis(u64::from(packet) * 10);
            let timestamp = u32::MAX.wrapping_sub(9_000).wrapping_add(packet * 900);
            reception.on_packet(ExtSeq(u64::from(packet)), timestamp, arrival);
        }
        assert_eq!(reception.report(Ssrc(7), start).jitter, 0);
    }

    #[test]
    fn a_sender_report_is_echoed_with_its_age() {
        let (mut reception, start) = (Reception::new(90_000), start());
        let block = reception.report(Ssrc(7), start);
        assert_eq!(block, ReportBlock { ssrc: Ssrc(7), ..ReportBlock::default() });
        reception.on_sender_report(0x1111_2222_3333_4444, start);
        let block = reception.report(Ssrc(7), start + Duration::from_millis(1500));
        assert_eq!(block.last_sr, 0x2222_3333);
        assert_eq!(block.delay_since_last_sr, 0x1_8000);
    }

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn start() -> Instant {
        Instant::now()
    }
}
