//! What has been sent on a connection lately, by transport-wide sequence number: what feedback is matched with.
//!
//! A fixed ring, one word a packet. Hot: noting a packet is one store.

/// Packets remembered: two and a half seconds of 4 Mbit/s in full packets, beyond which feedback is of no use. A power
/// of two, so that the low bits of the number do. 8 KiB a subscriber.
const PACKETS: usize = 1024;

/// `abs-send-time` counts 2^-18 s in 24 bits.
const CLOCK_MASK: u32 = 0x00ff_ffff;

/// Half the 64 s after which that clock comes round.
const AGE_TICKS_MAX: u32 = CLOCK_MASK / 2;

/// A packet as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// When, in microseconds before the feedback came.
    pub age_us: u32,
    /// Bytes of the datagram.
    pub len: u16,
    /// Nothing but padding.
    pub is_padding: bool,
    /// What had been told of it before.
    pub before: Fate,
}

/// What is known of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing yet.
    Unknown,
    /// It had not come when it was told of.
    Missing,
    /// It came.
    Received,
}

/// See the module.
#[derive(Debug)]
pub struct SentPackets {
    slots: Box<[u64; PACKETS]>,
}

impl Default for SentPackets {
    fn default() -> Self {
        Self { slots: Box::new([0; PACKETS]) }
    }
}

impl SentPackets {
    /// Notes a packet. `clock` is the running `abs-send-time`. Hot: one store, no branch.
    pub fn note(&mut self, seq: u16, len: usize, clock: u32) {
        self.put(seq, len, clock, 0);
    }

    /// The same for a packet that is nothing but padding.
    pub fn note_padding(&mut self, seq: u16, len: usize, clock: u32) {
        self.put(seq, len, clock, PADDING);
    }

    fn put(&mut self, seq: u16, len: usize, clock: u32, flags: u64) {
        let word = flags
            | u64::from(clock & CLOCK_MASK)
            | UNKNOWN << STATE_AT
            | (len as u64 & 0xffff) << LEN_AT
            | u64::from(seq) << SEQ_AT;
        if let Some(slot) = self.slots.get_mut(usize::from(seq) % PACKETS) {
            *slot = word;
        }
    }

    /// The packet with that number, which feedback now tells the fate of; `None` if it is forgotten.
    pub fn take(&mut self, seq: u16, is_received: bool, clock: u32) -> Option<Sent> {
        let slot = self.slots.get_mut(usize::from(seq) % PACKETS)?;
        let word = *slot;
        let before = match word >> STATE_AT & 3 {
            UNKNOWN => Fate::Unknown,
            MISSING => Fate::Missing,
            RECEIVED => Fate::Received,
            _ => return None,
        };
        let (sent, age) = (low(word), clock.wrapping_sub(low(word)) & CLOCK_MASK);
        debug_assert!(sent <= CLOCK_MASK);
        if word >> SEQ_AT != u64::from(seq) || age > AGE_TICKS_MAX {
            return None;
        }
        if before != Fate::Received {
            let now = if is_received { RECEIVED } else { MISSING };
            *slot = word & !(3 << STATE_AT) | now << STATE_AT;
        }
        let is_padding = word & PADDING != 0;
        Some(Sent { age_us: ticks_to_us(age), len: len_of(word), is_padding, before })
    }

    /// As [`take`](Self::take) without a change.
    #[must_use]
    pub fn peek(&self, seq: u16, clock: u32) -> Option<Sent> {
        let word = *self.slots.get(usize::from(seq) % PACKETS)?;
        let age = clock.wrapping_sub(low(word)) & CLOCK_MASK;
        let is_known = word >> STATE_AT & 3 == UNKNOWN && word >> SEQ_AT == u64::from(seq);
        (is_known && age <= AGE_TICKS_MAX).then(|| Sent {
            age_us: ticks_to_us(age),
            len: len_of(word),
            is_padding: word & PADDING != 0,
            before: Fate::Unknown,
        })
    }

    /// Bytes of the packets from `first` up to but not including `end`.
    #[must_use]
    pub fn bytes_between(&self, first: u16, end: u16) -> u64 {
        let count = usize::from(end.wrapping_sub(first)).min(PACKETS);
        let slots = (0..count).filter_map(|step| {
            let at = (usize::from(first) + step) % PACKETS;
            self.slots.get(at)
        });
        slots.map(|word| u64::from(len_of(*word))).sum()
    }
}

const STATE_AT: u32 = 24;
const PADDING: u64 = 1 << 26;
const LEN_AT: u32 = 32;
const SEQ_AT: u32 = 48;
const UNKNOWN: u64 = 1;
const MISSING: u64 = 2;
const RECEIVED: u64 = 3;

#[expect(clippy::cast_possible_truncation, reason = "masked to 24 bits")]
fn low(word: u64) -> u32 {
    (word & u64::from(CLOCK_MASK)) as u32
}

fn len_of(word: u64) -> u16 {
    (word >> LEN_AT & 0xffff) as u16
}

/// 2^-18 s are 3.8 microseconds.
fn ticks_to_us(ticks: u32) -> u32 {
    u32::try_from((u64::from(ticks) * 1_000_000) >> 18).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_found_with_its_age_until_another_takes_its_place() {
        let mut sent = SentPackets::default();
        sent.note(65_535, 1200, CLOCK_MASK);
        // The clock came round: one tick before the end to a quarter of a second after it.
        let found = sent.take(65_535, false, (1 << 16) - 1).unwrap();
        assert_eq!((found.len, found.before, found.age_us), (1200, Fate::Unknown, 250_000));
        assert_eq!(sent.take(65_535, true, 1 << 16).unwrap().before, Fate::Missing);
        assert_eq!(sent.take(65_535, false, 1 << 16).unwrap().before, Fate::Received);
        assert_eq!(sent.take(65_535, true, 1 << 16).unwrap().before, Fate::Received);
        assert_eq!(sent.take(1023, true, 0), None);
        sent.note(1023, 100, 0);
        assert_eq!(sent.take(65_535, true, 1 << 16), None);
        assert_eq!(sent.bytes_between(1023, 1024), 100);
        assert_eq!(sent.bytes_between(1022, 1022), 0);
    }

    #[test]
    fn what_was_never_sent_is_not_found() {
        assert_eq!(SentPackets::default().take(0, true, 0), None);
    }
}
