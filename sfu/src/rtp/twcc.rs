//! Arrival times of a transport's packets, and the feedback that carries them to the sender
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01), who estimates bandwidth from it.
//!
//! Owns a window of the last 1024 transport-wide sequence numbers, 4 KiB per connection. Late
//! packets are reported with what came after them again, as libwebrtc does.

pub mod reader;

use std::time::{Duration, Instant};

use crate::rtp::{
    ids::{ExtSeq, Seq, SeqExtender, Ssrc},
    rtcp::{FORMAT_TRANSPORT_CC, TRANSPORT_FEEDBACK, Writer},
};

/// Time between feedbacks: libwebrtc's default, twice per round trip of a distant network.
const INTERVAL: Duration = Duration::from_millis(100);
/// Time between feedbacks when many packets wait: libwebrtc's least.
const INTERVAL_BUSY: Duration = Duration::from_millis(50);
/// "Many": 5 Mbit/s of full packets in the shorter interval.
const BUSY: u32 = 64;
/// Sequence numbers remembered: over 100 Mbit/s in one interval. A power of two.
const WINDOW: u16 = 1024;
/// Unit of the deltas.
const TICK_US: u128 = 250;

/// Records arrivals of one transport.
#[derive(Debug)]
pub struct ArrivalRecorder {
    extender: SeqExtender,
    /// Arrival ticks by `seq % WINDOW`, for the sequence numbers up to the highest; [`ABSENT`] if
    /// not received.
    arrivals: Box<[u32]>,
    /// First sequence number that the next feedback tells: what was never told, or arrived since.
    start: Option<ExtSeq>,
    /// Arrivals since the last feedback.
    waiting: u32,
    epoch: Option<Instant>,
    /// When the last feedback was complete, or the first packet arrived.
    since: Option<Instant>,
    feedback_count: u8,
}

impl Default for ArrivalRecorder {
    fn default() -> Self {
        Self {
            extender: SeqExtender::default(),
            arrivals: vec![ABSENT; usize::from(WINDOW)].into_boxed_slice(),
            start: None,
            waiting: 0,
            epoch: None,
            since: None,
            feedback_count: 0,
        }
    }
}

impl ArrivalRecorder {
    /// Notes a packet's arrival. Repetitions and packets older than the window are ignored. Hot:
    /// O(1), or O(gap).
    pub fn on_packet(&mut self, transport_seq: u16, now: Instant) {
        let epoch = *self.epoch.get_or_insert(now);
        self.since.get_or_insert(now);
        let previous = self.extender.highest();
        let seq = self.extender.extend(Seq(transport_seq));
        if let Some(previous) = previous {
            if seq > previous {
                // All that the window moves over; beyond a whole window the rest would be cleared
                // twice.
                for skipped in
                    (previous.0 + 1).max((seq.0 + 1).saturating_sub(WINDOW.into()))..seq.0
                {
                    self.set(ExtSeq(skipped), ABSENT);
                }
            } else if previous.0 - seq.0 >= WINDOW.into() || self.arrival(seq).is_some() {
                return;
            }
        }
        self.set(seq, ticks(now.saturating_duration_since(epoch)));
        self.start = Some(self.start.map_or(seq, |start| start.min(seq)));
        self.waiting = self.waiting.saturating_add(1);
    }

    /// Whether feedback should be sent now.
    #[must_use]
    pub fn due(&self, now: Instant) -> bool {
        self.poll_timeout().is_some_and(|at| now >= at)
    }

    /// When feedback is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let interval = match self.waiting {
            0 => return None,
            1..BUSY => INTERVAL,
            _ => INTERVAL_BUSY,
        };
        self.since.map(|since| since + interval)
    }

    /// When to look again after a feedback: as if packets went on, so that the next ones need not ask for a look of
    /// their own. `None` when they have stopped.
    #[must_use]
    pub fn next_look(&self, now: Instant) -> Option<Instant> {
        let at = self.since? + INTERVAL;
        self.poll_timeout().or_else(|| (at > now).then_some(at))
    }

    /// What waits cannot be told now, for want of a path or of room: it is due again as if it had just begun to wait.
    pub fn postpone(&mut self, now: Instant) {
        self.since = Some(now);
    }

    /// Writes one feedback packet of at most `out.len()` bytes; call until `None`, each result a
    /// packet of its own.
    ///
    /// `media` is an SSRC of the reported packets: libwebrtc drops feedback about any other. `None` also when `out`
    /// has no room for one packet (27 bytes are enough).
    pub fn build(
        &mut self,
        out: &mut [u8],
        sender: Ssrc,
        media: Ssrc,
        now: Instant,
    ) -> Option<usize> {
        if self.waiting == 0 {
            return None;
        }
        let highest = self.extender.highest()?;
        let oldest = ExtSeq((highest.0 + 1).saturating_sub(WINDOW.into()));
        let start = self.start?.max(oldest);
        let range = self.fitting(start, highest, out.len()).or_else(|| {
            // A long loss in front does not fit: leave it untold.
            let received = (start.0..=highest.0).find(|seq| self.arrival(ExtSeq(*seq)).is_some());
            self.fitting(ExtSeq(received?), highest, out.len())
        })?;
        let len = self.write(out, sender, media, &range)?;
        self.feedback_count = self.feedback_count.wrapping_add(1);
        self.start = Some(ExtSeq(range.end));
        if range.end > highest.0 {
            self.waiting = 0;
            self.since = Some(now);
        }
        Some(len)
    }

    /// The longest range from `start` that fits, and whose deltas can be told; it ends with a
    /// received packet.
    fn fitting(&self, start: ExtSeq, highest: ExtSeq, room: usize) -> Option<Range> {
        let room = room.min(FEEDBACK_BYTES_MAX);
        let mut range = Range { start: start.0, end: start.0, reference: 0 };
        let mut delta_bytes = 0;
        let mut last = None;
        for seq in start.0..=highest.0 {
            let Some(tick) = self.arrival(ExtSeq(seq)) else { continue };
            let (first_reference, before) = match last {
                None => (tick >> 8, tick & !0xff),
                Some(last) => (range.reference, last),
            };
            delta_bytes += match Symbol::of(tick.wrapping_sub(before)) {
                Some(Symbol::Small) => 1,
                Some(_) => 2,
                None => break,
            };
            // Every chunk but the last tells at least 7 statuses, and 3 bytes may be padding.
            let statuses = seq + 1 - range.start;
            let chunk_bytes = 2 * usize::try_from(statuses.div_ceil(7)).ok()?;
            if HEAD_LEN + chunk_bytes + delta_bytes + 3 > room {
                break;
            }
            range.end = seq + 1;
            range.reference = first_reference;
            last = Some(tick);
        }
        (range.end > range.start).then_some(range)
    }

    fn write(&self, out: &mut [u8], sender: Ssrc, media: Ssrc, range: &Range) -> Option<usize> {
        let mut writer = Writer::new(out)?;
        writer.u32(sender.0)?;
        writer.u32(media.0)?;
        writer.u16(ExtSeq(range.start).seq().0)?;
        writer.u16(u16::try_from(range.end - range.start).ok()?)?;
        writer.u32(range.reference << 8 | u32::from(self.feedback_count))?;
        let mut at = SymbolCursor { before: range.reference << 8, seq: range.start };
        while at.seq < range.end {
            let (chunk, next) = self.chunk(at, range.end);
            writer.u16(chunk)?;
            at = next;
        }
        let mut before = range.reference << 8;
        for tick in (range.start..range.end).filter_map(|seq| self.arrival(ExtSeq(seq))) {
            let [high, middle, b1, b0] = tick.wrapping_sub(before).to_be_bytes();
            if [high, middle, b1] == [0; 3] {
                writer.bytes(&[b0])?;
            } else {
                writer.bytes(&[b1, b0])?;
            }
            before = tick;
        }
        writer.finish_padded(TRANSPORT_FEEDBACK, FORMAT_TRANSPORT_CC)
    }

    /// The chunk that tells most from here on, and where the next begins (§3.1.3, §3.1.4).
    fn chunk(&self, at: SymbolCursor, end: u64) -> (u16, SymbolCursor) {
        let (first, mut cursor) = self.symbol(at);
        let mut run = 1;
        while cursor.seq < end && run < RUN_MAX {
            let (symbol, next) = self.symbol(cursor);
            if symbol != first {
                break;
            }
            run += 1;
            cursor = next;
        }
        if run >= ONE_BIT_SYMBOLS || cursor.seq == end {
            return ((first as u16) << 13 | run, cursor);
        }
        // The status vectors: 14 symbols of one bit, unless one of them is large; else 7 of two
        // bits.
        let (mut bits, mut cursor) = (0, at);
        for place in 0..ONE_BIT_SYMBOLS {
            if cursor.seq == end {
                break;
            }
            let (symbol, next) = self.symbol(cursor);
            if symbol == Symbol::Large {
                return self.two_bit_chunk(at, end);
            }
            bits |= (symbol as u16) << (ONE_BIT_SYMBOLS - 1 - place);
            cursor = next;
        }
        (VECTOR | bits, cursor)
    }

    fn two_bit_chunk(&self, at: SymbolCursor, end: u64) -> (u16, SymbolCursor) {
        let (mut bits, mut cursor) = (0, at);
        for place in 0..TWO_BIT_SYMBOLS {
            if cursor.seq == end {
                break;
            }
            let (symbol, next) = self.symbol(cursor);
            bits |= (symbol as u16) << (2 * (TWO_BIT_SYMBOLS - 1 - place));
            cursor = next;
        }
        (VECTOR | TWO_BITS | bits, cursor)
    }

    /// The status of the packet under the cursor, and the cursor moved on.
    fn symbol(&self, at: SymbolCursor) -> (Symbol, SymbolCursor) {
        let next = SymbolCursor { seq: at.seq + 1, ..at };
        match self.arrival(ExtSeq(at.seq)) {
            None => (Symbol::NotReceived, next),
            Some(tick) => {
                let symbol = Symbol::of(tick.wrapping_sub(at.before)).unwrap_or(Symbol::Large);
                (symbol, SymbolCursor { before: tick, ..next })
            }
        }
    }

    fn arrival(&self, seq: ExtSeq) -> Option<u32> {
        self.arrivals.get(place(seq)).copied().filter(|tick| *tick != ABSENT)
    }

    fn set(&mut self, seq: ExtSeq, tick: u32) {
        if let Some(arrival) = self.arrivals.get_mut(place(seq)) {
            *arrival = tick;
        }
    }
}

/// The packets that one feedback tells.
#[derive(Debug)]
struct Range {
    start: u64,
    /// One past the last.
    end: u64,
    /// In 64 ms.
    reference: u32,
}

/// Status of one packet (§3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbol {
    NotReceived = 0,
    Small = 1,
    Large = 2,
}

impl Symbol {
    /// How a difference of ticks is told; `None`: not at all.
    fn of(delta: u32) -> Option<Self> {
        match delta.cast_signed() {
            0..=255 => Some(Self::Small),
            -0x8000..=0x7fff => Some(Self::Large),
            _ => None,
        }
    }
}

/// A place in the sequence, with the arrival that the next delta counts from.
#[derive(Debug, Clone, Copy)]
struct SymbolCursor {
    before: u32,
    seq: u64,
}

/// Ticks since the epoch, modulo 2^32: their upper 24 bits are then the reference time modulo 2^24.
/// Never [`ABSENT`].
#[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 is meant")]
fn ticks(since_epoch: Duration) -> u32 {
    ((since_epoch.as_micros() / TICK_US) as u32).max(ABSENT + 1)
}

fn place(seq: ExtSeq) -> usize {
    // A window that divides 2^16 lets the low bits do.
    usize::from(seq.seq().0 % WINDOW)
}

const ABSENT: u32 = 0;

/// RTCP header, two SSRCs, base, count, reference time.
const HEAD_LEN: usize = 20;
/// RTCP counts 2^16 words; nobody has more room.
const FEEDBACK_BYTES_MAX: usize = 4 << 16;

const VECTOR: u16 = 0x8000;
const TWO_BITS: u16 = 0x4000;
const ONE_BIT_SYMBOLS: u16 = 14;
const TWO_BIT_SYMBOLS: u16 = 7;
/// 13 bits.
const RUN_MAX: u16 = 0x1fff;

#[cfg(test)]
mod tests;
