//! Reads transport-wide feedback that a receiver of ours sends
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): which packets came, and when by its clock.
//!
//! Owns the wire format only. Reads in place, twice over at most [`TOLD_MAX`] packets; what is longer, truncated or
//! inconsistent is refused whole.

/// Most packets that one feedback may tell of: twice what we remember having sent. A run-length chunk costs two bytes
/// and could claim 8,191, so that work is bounded by this and not by the packet's size.
pub const TOLD_MAX: u16 = 2048;

/// What a feedback says of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Transport-wide sequence number.
    pub seq: u16,
    /// When it came, in ticks of 250 microseconds of the receiver's clock, modulo 2^32; `None`: it has not come.
    pub arrival: Option<u32>,
}

/// The packets of one feedback, in order of their numbers.
#[derive(Debug, Clone)]
pub struct Arrivals<'a> {
    statuses: Statuses<'a>,
    deltas: &'a [u8],
    seq: u16,
    tick: u32,
}

/// Reads a feedback from its base sequence number on. `None`: it is broken, or tells of too many.
#[must_use]
pub fn read(raw: &[u8]) -> Option<Arrivals<'_>> {
    let ([b0, b1, c0, c1, r0, r1, r2, _count], chunks) = raw.split_first_chunk::<8>()?;
    let left = u16::from_be_bytes([*c0, *c1]);
    if left > TOLD_MAX {
        return None;
    }
    let statuses = Statuses { chunks, chunk: 0, in_chunk: 0, left };
    let mut ahead = statuses.clone();
    let (mut told, mut delta_bytes) = (0, 0);
    for status in ahead.by_ref() {
        told += 1;
        delta_bytes += match status {
            Status::Absent => 0,
            Status::Small => 1,
            Status::Large => 2,
        };
    }
    if told != left || ahead.chunks.len() < delta_bytes {
        return None;
    }
    Some(Arrivals {
        statuses,
        deltas: ahead.chunks,
        seq: u16::from_be_bytes([*b0, *b1]),
        // The reference counts 64 ms: 256 ticks.
        tick: u32::from_be_bytes([*r0, *r1, *r2, 0]),
    })
}

/// A feedback by which every packet has come, a quarter of 64 ms or less after the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllCame {
    /// Number of the first packet.
    pub first: u16,
    /// How many.
    pub count: u16,
    /// When the last came, as in [`Told::arrival`].
    pub last_arrival: u32,
}

/// Reads a feedback that tells of nothing unusual, as most do, without looking at each packet. `None`: look at each.
/// O(chunks), and a sum over a byte for each packet.
#[must_use]
pub fn all_came(raw: &[u8]) -> Option<AllCame> {
    let ([b0, b1, c0, c1, r0, r1, r2, _count], mut rest) = raw.split_first_chunk::<8>()?;
    let count = u16::from_be_bytes([*c0, *c1]);
    let mut left = count;
    if left == 0 || left > TOLD_MAX {
        return None;
    }
    while left > 0 {
        let ([c0, c1], behind) = rest.split_first_chunk::<2>()?;
        rest = behind;
        let chunk = u16::from_be_bytes([*c0, *c1]);
        let told = if chunk & VECTOR == 0 {
            if chunk >> 13 & 3 != 1 || chunk & RUN_MAX == 0 {
                return None;
            }
            chunk & RUN_MAX
        } else {
            let told = left.min(14);
            // The first of the 14 symbols stand highest.
            let all = (0x3fff << (14 - told)) & 0x3fff;
            if chunk & TWO_BITS != 0 || chunk & all != all {
                return None;
            }
            told
        };
        left = left.checked_sub(told)?;
    }
    let deltas = rest.get(..usize::from(count))?;
    let sum: u32 = deltas.iter().map(|delta| u32::from(*delta)).sum();
    Some(AllCame {
        first: u16::from_be_bytes([*b0, *b1]),
        count,
        last_arrival: u32::from_be_bytes([*r0, *r1, *r2, 0]).wrapping_add(sum),
    })
}

impl Iterator for Arrivals<'_> {
    type Item = Told;

    fn next(&mut self) -> Option<Told> {
        let status = self.statuses.next()?;
        let seq = self.seq;
        self.seq = seq.wrapping_add(1);
        let delta = match status {
            Status::Absent => return Some(Told { seq, arrival: None }),
            Status::Small => {
                let (delta, rest) = self.deltas.split_first()?;
                self.deltas = rest;
                i32::from(*delta)
            }
            Status::Large => {
                let ([d0, d1], rest) = self.deltas.split_first_chunk::<2>()?;
                self.deltas = rest;
                i32::from(i16::from_be_bytes([*d0, *d1]))
            }
        };
        self.tick = self.tick.wrapping_add_signed(delta);
        Some(Told { seq, arrival: Some(self.tick) })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Absent,
    Small,
    Large,
}

/// The statuses that the chunks tell; afterwards `chunks` is what follows them.
#[derive(Debug, Clone)]
struct Statuses<'a> {
    chunks: &'a [u8],
    chunk: u16,
    /// Statuses that the chunk still tells.
    in_chunk: u16,
    left: u16,
}

impl Iterator for Statuses<'_> {
    type Item = Status;

    fn next(&mut self) -> Option<Status> {
        if self.left == 0 {
            return None;
        }
        while self.in_chunk == 0 {
            let ([c0, c1], rest) = self.chunks.split_first_chunk::<2>()?;
            self.chunks = rest;
            self.chunk = u16::from_be_bytes([*c0, *c1]);
            self.in_chunk = match self.chunk {
                chunk if chunk & VECTOR == 0 => chunk & RUN_MAX,
                chunk if chunk & TWO_BITS == 0 => 14,
                _ => 7,
            };
        }
        self.left -= 1;
        self.in_chunk -= 1;
        let symbol = match self.chunk {
            chunk if chunk & VECTOR == 0 => chunk >> 13 & 3,
            chunk if chunk & TWO_BITS == 0 => chunk >> self.in_chunk & 1,
            chunk => chunk >> (2 * self.in_chunk) & 3,
        };
        match symbol {
            0 => Some(Status::Absent),
            1 => Some(Status::Small),
            2 => Some(Status::Large),
            // Reserved: nothing after it can be trusted.
            _ => {
                self.left = 0;
                None
            }
        }
    }
}

const VECTOR: u16 = 0x8000;
const TWO_BITS: u16 = 0x4000;
const RUN_MAX: u16 = 0x1fff;

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;
    use crate::rtp::{
        ids::Ssrc,
        rtcp::{self, RtcpPacket},
        twcc::ArrivalRecorder,
    };

    #[test]
    fn a_feedback_of_nothing_unusual_is_read_at_a_glance() {
        let good = [0, 7, 0, 3, 0, 0, 1, 0, 0x20, 3, 4, 5, 6];
        assert_eq!(all_came(&good), Some(AllCame { first: 7, count: 3, last_arrival: 256 + 15 }));
        // The same as a vector of one bit each; then with one missing, with a large delta, and cut off.
        assert!(all_came(&[0, 7, 0, 3, 0, 0, 1, 0, 0xb8, 0, 4, 5, 6]).is_some());
        assert!(all_came(&[0, 7, 0, 3, 0, 0, 1, 0, 0xa8, 0, 4, 5]).is_none());
        assert!(all_came(&[0, 7, 0, 3, 0, 0, 1, 0, 0x40, 3, 0, 4, 0, 5, 0, 6]).is_none());
        assert!(all_came(&good[..12]).is_none());
    }

    #[test]
    fn what_is_short_long_or_inconsistent_is_refused() {
        // Base 7, 3 packets, reference 1; run of 3 small deltas.
        let good = [0, 7, 0, 3, 0, 0, 1, 0, 0x20, 3, 4, 5, 6];
        let told: Vec<_> = read(&good).unwrap().collect();
        assert_eq!(told.last(), Some(&Told { seq: 9, arrival: Some(256 + 15) }));
        for len in 0..good.len() {
            assert!(read(&good[..len]).is_none(), "{len}");
        }
        let mut reserved = good;
        reserved[8] = 0x60;
        assert!(read(&reserved).is_none());
        let too_many = [0, 7, 0x08, 0x01, 0, 0, 1, 0, 0x1f, 0xff];
        assert!(read(&too_many).is_none());
        let empty_runs = [0, 7, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0];
        assert!(read(&empty_runs).is_none());
    }

    proptest! {
        #[test]
        fn what_our_own_recorder_writes_is_read_back(
            steps in prop::collection::vec((1_u16..20, 0_u64..300), 1..200)
        ) {
            let start = Instant::now();
            let (mut recorder, mut now, mut seq) = (ArrivalRecorder::default(), start, 65_000_u16);
            let mut arrived = Vec::new();
            for (step, wait_ms) in steps {
                seq = seq.wrapping_add(step);
                now += Duration::from_millis(wait_ms);
                recorder.on_packet(seq, now);
                arrived.push((seq, now));
            }
            let (mut out, mut told) = ([0; 1200], Vec::new());
            while let Some(len) = recorder.build(&mut out, Ssrc(1), Ssrc(2), now) {
                let Some(Ok(RtcpPacket::TransportCc { raw, .. })) = rtcp::packets(&out[..len]).next() else {
                    panic!("feedback");
                };
                if let Some(all) = all_came(raw) {
                    let each: Vec<_> = read(raw).expect("ours is sound").collect();
                    prop_assert!(each.iter().all(|one| one.arrival.is_some()));
                    prop_assert_eq!(each.len(), usize::from(all.count));
                    prop_assert_eq!((each[0].seq, each.last().unwrap().arrival), (all.first, Some(all.last_arrival)));
                }
                told.extend(read(raw).expect("ours is sound").filter_map(|one| Some((one.seq, one.arrival?))));
            }
            // The recorder remembers the last 1024 numbers.
            let known: Vec<_> = arrived.iter().filter(|(one, _)| seq.wrapping_sub(*one) < 900).collect();
            let told: Vec<_> = told.iter().filter(|(one, _)| seq.wrapping_sub(*one) < 900).collect();
            prop_assert_eq!(known.len(), told.len());
            for pair in known.windows(2).zip(told.windows(2)) {
                let (known, told) = pair;
                prop_assert_eq!(known[0].0, told[0].0);
                let ticks = u128::from(told[1].1.wrapping_sub(told[0].1));
                // The very first arrival is told a tick late, since 0 means none.
                prop_assert!(ticks.abs_diff((known[1].1 - known[0].1).as_millis() * 4) <= 1);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_end(raw in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = all_came(&raw);
            if let Some(arrivals) = read(&raw) {
                prop_assert!(arrivals.count() <= usize::from(TOLD_MAX));
            }
        }
    }
}
