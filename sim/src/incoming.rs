//! What a client receives: streams, what each delivered, what is asked again.

use std::time::Instant;

use protocol::ids::TrackSid;
use sfu::rtp::{
    ids::{ExtSeq, Mid, Pt, Seq, Ssrc},
    nack::NackTracker,
    reception::Reception,
};

use crate::{
    delivery::Delivery,
    listener::Listener,
    media::{Stamp, read_red, read_video},
    viewer::Viewer,
};

/// Running totals of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamTotals {
    /// Delivered packets.
    pub packets: u64,
    /// Of these, retransmissions.
    pub retransmissions: u64,
    /// Packets that had been delivered before, thrown away.
    pub repeated: u64,
    /// Their bytes of payload.
    pub repeated_bytes: u64,
    /// Packets that came after a later one.
    pub late: u64,
    /// Payloads that were not what was sent.
    pub corrupt: u64,
}

/// A received stream.
pub struct IncomingStream {
    /// Which track.
    pub track: TrackSid,
    /// Its section.
    pub mid: Mid,
    /// Media.
    pub ssrc: Ssrc,
    /// Retransmission.
    pub rtx: Option<Ssrc>,
    /// Payload type of media.
    pub pt: Option<Pt>,
    /// Payload type of redundant audio, if the server may send that.
    pub red: Option<Pt>,
    /// Who looks at it, if anybody does.
    pub viewer: Option<Box<Viewer>>,
    /// Who listens to it.
    pub listener: Option<Box<Listener>>,
    /// Bytes of payload that came.
    pub bytes: u64,
    /// Video, else audio.
    pub is_video: bool,
    /// Still offered.
    pub is_active: bool,
    /// Ask for what is missing.
    pub asks_again: bool,
    /// Totals.
    pub totals: StreamTotals,
    /// Gaps.
    pub nack: NackTracker,
    /// For receiver reports.
    pub reception: Reception,
    /// When the first packet came.
    pub first_packet: Option<Instant>,
    /// When the last packet of the first whole key frame came, or the first audio packet.
    pub first_frame: Option<Instant>,
    highest: Option<ExtSeq>,
    seen: Window,
    /// Which of media and retransmission came with the mid.
    learnt: (bool, bool),
}

impl IncomingStream {
    /// A stream that an offer announced.
    #[must_use]
    pub fn new(track: TrackSid, mid: Mid, ssrcs: (Ssrc, Option<Ssrc>), is_video: bool) -> Self {
        let clock_rate = if is_video { 90_000 } else { 48_000 };
        Self {
            track,
            mid,
            ssrc: ssrcs.0,
            rtx: ssrcs.1,
            pt: None,
            red: None,
            viewer: None,
            listener: None,
            bytes: 0,
            is_video,
            is_active: true,
            asks_again: true,
            totals: StreamTotals::default(),
            nack: NackTracker::default(),
            reception: Reception::new(clock_rate),
            first_packet: None,
            first_frame: None,
            highest: None,
            seen: Window::default(),
            learnt: (false, false),
        }
    }

    /// Whether a packet is taken. As Firefox does it: once any of the section's streams was learnt by mid (RFC 9143 §9.2), one
    /// that never came with the mid is none of it, whatever the offer says of SSRCs.
    pub fn belongs(&mut self, is_rtx: bool, mid: Option<Mid>) -> bool {
        let (media, rtx) = &mut self.learnt;
        let (this, other) = if is_rtx { (rtx, *media) } else { (media, *rtx) };
        *this |= mid == Some(self.mid);
        *this || !other
    }

    /// The full number of what a retransmission names.
    #[must_use]
    pub fn extend(&self, seq: Seq) -> Option<ExtSeq> {
        let highest = self.highest?;
        let distance = seq.0.wrapping_sub(highest.seq().0).cast_signed();
        highest.0.checked_add_signed(i64::from(distance)).map(ExtSeq)
    }

    /// Takes a packet whose numbers and time stand in `delivery`; `None` if it had come before. Hot.
    pub fn on_packet(&mut self, mut delivery: Delivery, payload: &[u8]) -> Option<Delivery> {
        if !self.seen.insert(delivery.seq.0) {
            self.totals.repeated += 1;
            self.totals.repeated_bytes += payload.len() as u64;
            return None;
        }
        self.totals.packets += 1;
        self.bytes += payload.len() as u64;
        self.totals.retransmissions += u64::from(delivery.is_retransmission);
        self.totals.late += u64::from(self.highest.is_some_and(|highest| delivery.seq < highest));
        self.highest = self.highest.max(Some(delivery.seq));
        self.nack.on_packet(delivery.seq, delivery.at);
        self.first_packet.get_or_insert(delivery.at);
        if self.is_video {
            if let Some((stamp, picture)) = read_video(payload) {
                (delivery.stamp, delivery.picture) = (Some(stamp), Some(picture));
                if stamp.is_key && stamp.is_last {
                    self.first_frame.get_or_insert(delivery.at);
                }
            }
            if let Some(viewer) = &mut self.viewer {
                viewer.on_packet(&delivery);
            }
        } else {
            delivery.stamp = self.hear(&delivery, payload);
            self.first_frame.get_or_insert(delivery.at);
        }
        self.totals.corrupt += u64::from(delivery.stamp.is_none());
        Some(delivery)
    }
}

impl IncomingStream {
    /// From now on somebody looks, or listens.
    pub fn attend(&mut self) {
        if self.is_video {
            self.viewer.get_or_insert_default();
        } else {
            self.listener.get_or_insert_default();
        }
    }

    /// The stamp of a packet of sound: of its primary block, if it is redundant.
    fn hear(&mut self, delivery: &Delivery, payload: &[u8]) -> Option<Stamp> {
        let (stamp, ages) = if self.red == Some(delivery.pt) {
            let blocks = read_red(payload);
            // Every block must be what was sent.
            let stamps: Option<Vec<_>> = blocks.iter().map(|(_, one)| Stamp::read(one)).collect();
            let ages = blocks.iter().map(|(age, _)| *age).collect();
            (stamps.and_then(|stamps| stamps.last().copied()), ages)
        } else {
            (Stamp::read(payload), Vec::new())
        };
        if let Some(listener) = &mut self.listener {
            listener.on_packet(delivery.seq, delivery.timestamp, &ages, delivery.at);
        }
        stamp
    }
}

/// The last few thousand numbers.
struct Window {
    highest: u64,
    bits: [u64; WORDS],
}

const WORDS: usize = 64;

impl Default for Window {
    fn default() -> Self {
        Self { highest: 0, bits: [0; WORDS] }
    }
}

impl Window {
    /// False if the number is known, or too old to tell.
    fn insert(&mut self, number: u64) -> bool {
        let size = WORDS as u64 * 64;
        if number > self.highest {
            let first = (self.highest + 1).max((number + 1).saturating_sub(size));
            for skipped in first..=number {
                self.bits[(skipped % size / 64) as usize] &= !(1 << (skipped % 64));
            }
            self.highest = number;
        } else if self.highest - number >= size {
            return false;
        }
        let (word, bit) = (&mut self.bits[(number % size / 64) as usize], 1 << (number % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_takes_each_number_once() {
        let mut window = Window::default();
        for number in [5000, 5001, 4000, 9000, 8999] {
            assert!(window.insert(number), "{number}");
            assert!(!window.insert(number), "{number}");
        }
        assert!(!window.insert(4000));
    }
}
