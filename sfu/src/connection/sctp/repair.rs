//! Sends lost packets again, and keeps what is on the way within the [`Window`].
//!
//! ```text
//!   engine ─► packet with DATA ─► remembered ─► peer
//!   engine ◄─ SACK without gaps, window = ours ◄─ judged: what came, what was lost (sent again at once) ◄─ peer's SACK
//! ```
//!
//! The engine follows the textbook, which takes each lost packet for congestion, repairs one packet a round trip and
//! waits a second when that is lost as well. So it is not told of gaps, and of a window as wide as we want it to be; its
//! own timer stays behind all this for outages. Loss is told by time (RFC 8985): what was sent later has come, be it for the
//! first time or again. What is lost leaves again as the window allows, so that whole windows of losses don't leave at once.
//!
//! Owns: copies of the packets under way. Never: the order of TSNs, or what is in a message; lossy chunks are not sent
//! again, and their gaps are shown to the engine, which gives them up (RFC 3758).

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    guard::{Chunk, DATA, SACK, chunks, read_u16, read_u32},
    receipt::sign,
    window::Window,
};

/// What was overtaken by less may only be late.
const REORDER_MIN: Duration = Duration::from_millis(5);

/// The last packet may be lost: nothing after it tells. Longer than the 200 ms that a peer may wait with a SACK.
const PROBE_AFTER: Duration = Duration::from_millis(250);

/// Then it is the engine's turn.
const PROBES_MAX: u32 = 2;

/// Unordered: what lossy channels send (RFC 9260 §3.3.1).
const FLAG_UNORDERED: u8 = 1 << 2;

/// Packets remembered; the window keeps it below. Those beyond are the engine's alone.
const SENT_MAX: usize = 4096;

/// TSN, window, and the numbers of gaps and duplicates (RFC 9260 §3.3.4).
const SACK_HEADER_BYTES: usize = 12;

/// See the module.
#[derive(Debug)]
pub(super) struct Repair {
    /// Oldest first; all before the first has come.
    sent: VecDeque<Sent>,
    window: Window,
    /// Bytes of `sent` that have come, out of order, and that are on the way.
    come_bytes: usize,
    away_bytes: usize,
    /// Since when nothing was heard or sent.
    quiet_since: Instant,
    probes: u32,
}

#[derive(Debug)]
struct Sent {
    first: u32,
    last: u32,
    bytes: usize,
    packet: Bytes,
    at: Instant,
    is_again: bool,
    is_lossy: bool,
    fate: Fate,
}

/// What is known of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Away,
    /// It waits to be sent again.
    Lost,
    Come,
}

impl Repair {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            sent: VecDeque::new(),
            window: Window::new(now),
            come_bytes: 0,
            away_bytes: 0,
            quiet_since: now,
            probes: 0,
        }
    }

    /// A packet of the engine leaves.
    pub(super) fn on_sent(&mut self, packet: &Bytes, now: Instant) {
        let data = chunks(packet).filter(|chunk| chunk.kind == DATA);
        let Some(sent) = Sent::of(packet, data, now) else { return };
        self.quiet_since = now;
        if self.sent.back().is_none_or(|known| is_after(sent.first, known.last)) {
            if self.sent.len() < SENT_MAX {
                self.away_bytes += sent.bytes;
                self.sent.push_back(sent);
            }
            return;
        }
        // The engine's own repetition: what it covers is on the way anew.
        let covered = |known: &&mut Sent| {
            !is_after(known.first, sent.last) && !is_after(sent.first, known.last)
        };
        let away_bytes = &mut self.away_bytes;
        self.sent.iter_mut().filter(covered).for_each(|known| known.leave(now, away_bytes));
    }

    /// Judges a packet of the peer with a SACK in it: answers what the engine is to be given instead, and adds what is to
    /// be sent again.
    pub(super) fn on_sack(
        &mut self,
        packet: &[u8],
        again: &mut VecDeque<Bytes>,
        now: Instant,
    ) -> Option<Bytes> {
        let sack = chunks(packet).find(|chunk| chunk.kind == SACK)?;
        let (come, window) = (read_u32(sack.value, 0)?, read_u32(sack.value, 4)?);
        self.window.on_flight(self.away_bytes);
        let mut newest = self.on_all_come(come, now);
        let gaps = sack.value.get(SACK_HEADER_BYTES..)?.chunks_exact(4);
        for gap in gaps.take(read_u16(sack.value, 8)?.into()) {
            let [start, end] = [read_u16(gap, 0)?, read_u16(gap, 2)?].map(u32::from);
            let (first, last) = (come.wrapping_add(start), come.wrapping_add(end));
            newest = newest.max(self.on_some_come(first, last, now));
        }
        self.judge(newest);
        self.send_lost_again(again, now);
        let is_lossy_missing = self.is_lossy_missing();
        if newest.is_some() {
            (self.quiet_since, self.probes) = (now, 0);
        }
        self.window.on_time(now);
        let wide = u32::try_from(self.window.bytes()).unwrap_or(u32::MAX).min(window);
        if is_lossy_missing {
            return Some(rewritten(packet, wide, true));
        }
        // The engine counts as on the way what has come behind a gap.
        let come_bytes = u32::try_from(self.come_bytes).unwrap_or(u32::MAX);
        Some(rewritten(packet, wide.saturating_add(come_bytes), false))
    }

    /// Everything up to this TSN has come; answers when the newest of it was sent.
    fn on_all_come(&mut self, tsn: u32, now: Instant) -> Option<Instant> {
        let mut newest = None;
        while let Some(mut sent) = self.sent.pop_front_if(|sent| !is_after(sent.last, tsn)) {
            newest = newest.max(self.on_come(&mut sent, now));
            self.come_bytes -= sent.bytes;
        }
        newest
    }

    /// This range has come as well.
    fn on_some_come(&mut self, first: u32, last: u32, now: Instant) -> Option<Instant> {
        let mut newest = None;
        let start = self.sent.partition_point(|sent| is_after(first, sent.first));
        let mut sent = std::mem::take(&mut self.sent);
        for one in sent.iter_mut().skip(start).take_while(|one| !is_after(one.last, last)) {
            newest = newest.max(self.on_come(one, now));
        }
        self.sent = sent;
        newest
    }

    /// A packet has come, perhaps long known; answers when it was sent, if that is new and certain.
    fn on_come(&mut self, sent: &mut Sent, now: Instant) -> Option<Instant> {
        match std::mem::replace(&mut sent.fate, Fate::Come) {
            Fate::Come => return None,
            Fate::Away => self.away_bytes -= sent.bytes,
            Fate::Lost => {}
        }
        self.come_bytes += sent.bytes;
        self.window.on_arrived(sent.bytes);
        let took = now.saturating_duration_since(sent.at);
        if !sent.is_again {
            self.window.on_round_trip(took);
        } else if took < self.window.distance() {
            // It cannot have been answered so soon: what was answered is the first one (RFC 8985 §6.2).
            return None;
        }
        Some(sent.at)
    }

    /// What was sent well before something that has come is lost.
    fn judge(&mut self, newest: Option<Instant>) {
        let Some(newest) = newest else { return };
        let reorder =
            self.window.round_trip().map_or(REORDER_MIN, |took| took / 4).max(REORDER_MIN);
        for sent in &mut self.sent {
            let is_overtaken = sent.at + reorder < newest;
            if !is_overtaken && !sent.is_again {
                // Nor are those behind it: they left later.
                break;
            }
            if is_overtaken && sent.fate == Fate::Away && !sent.is_lossy {
                sent.fate = Fate::Lost;
                self.away_bytes -= sent.bytes;
                self.window.on_lost(sent.bytes);
            }
        }
    }

    /// Sends again what is lost, oldest first, as far as the window goes.
    fn send_lost_again(&mut self, again: &mut VecDeque<Bytes>, now: Instant) {
        for sent in self.sent.iter_mut().filter(|sent| sent.fate == Fate::Lost) {
            if self.away_bytes > 0 && self.away_bytes + sent.bytes > self.window.bytes() {
                break;
            }
            sent.leave(now, &mut self.away_bytes);
            again.push_back(sent.packet.clone());
        }
    }

    /// Whether something lossy is missing before something that has come.
    fn is_lossy_missing(&self) -> bool {
        if self.come_bytes == 0 {
            return false;
        }
        let last_come = self.sent.iter().rposition(|sent| sent.fate == Fate::Come);
        let before = self.sent.iter().take(last_come.unwrap_or_default());
        before.into_iter().any(|sent| sent.is_lossy && sent.fate != Fate::Come)
    }

    /// When [`probe`](Self::probe) has something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.probes >= PROBES_MAX || self.oldest_missing().is_none() {
            return None;
        }
        let patience = PROBE_AFTER + self.window.round_trip().unwrap_or_default();
        Some(self.quiet_since + patience * (self.probes + 1))
    }

    /// Nothing is heard: the oldest packet that has not come leaves again.
    pub(super) fn probe(&mut self, now: Instant) -> Option<Bytes> {
        let place = self.oldest_missing()?;
        let sent = self.sent.get_mut(place)?;
        sent.leave(now, &mut self.away_bytes);
        self.probes += 1;
        self.quiet_since = now;
        Some(sent.packet.clone())
    }

    fn oldest_missing(&self) -> Option<usize> {
        self.sent.iter().position(|sent| sent.fate != Fate::Come && !sent.is_lossy)
    }
}

impl Sent {
    fn of<'a>(packet: &Bytes, data: impl Iterator<Item = Chunk<'a>>, at: Instant) -> Option<Self> {
        let mut sent: Option<Self> = None;
        for chunk in data {
            let tsn = read_u32(chunk.value, 0)?;
            let bytes = chunk.value.len().saturating_sub(DATA_HEADER_BYTES);
            let is_lossy = chunk.flags & FLAG_UNORDERED != 0;
            match &mut sent {
                None => {
                    sent = Some(Self {
                        first: tsn,
                        last: tsn,
                        bytes,
                        packet: packet.clone(),
                        at,
                        is_again: false,
                        is_lossy,
                        fate: Fate::Away,
                    });
                }
                Some(sent) => {
                    sent.last = tsn;
                    sent.bytes += bytes;
                    sent.is_lossy &= is_lossy;
                }
            }
        }
        sent
    }

    /// It leaves again.
    fn leave(&mut self, now: Instant, away_bytes: &mut usize) {
        (self.at, self.is_again) = (now, true);
        if self.fate == Fate::Lost {
            self.fate = Fate::Away;
            *away_bytes += self.bytes;
        }
    }
}

/// TSN, stream, sequence number and payload protocol identifier (RFC 9260 §3.3.1).
const DATA_HEADER_BYTES: usize = 12;

/// Serial number arithmetic (RFC 1982).
fn is_after(one: u32, other: u32) -> bool {
    one != other && one.wrapping_sub(other) < 1 << 31
}

/// The packet with another window in its SACK, and with or without the gaps.
fn rewritten(packet: &[u8], window: u32, keeps_gaps: bool) -> Bytes {
    let mut out = packet.get(..12).unwrap_or_default().to_vec();
    for chunk in chunks(packet) {
        let mut value = chunk.value.to_vec();
        if chunk.kind == SACK {
            if let Some(place) = value.get_mut(4..8) {
                place.copy_from_slice(&window.to_be_bytes());
            }
            if !keeps_gaps {
                value.truncate(SACK_HEADER_BYTES);
                if let Some(counts) = value.get_mut(8..) {
                    counts.fill(0);
                }
            }
        }
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        out.extend_from_slice(&[chunk.kind, chunk.flags]);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&value);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    sign(&mut out);
    Bytes::from(out)
}
