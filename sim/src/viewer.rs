//! A viewer: frame assembly, references, decoder and the adaptive delay before the screen, as libwebrtc does it for VP8.
//!
//! ```text
//!   packets ─► frames (complete?) ─► references by the descriptor (known?) ─► render time ─► shown
//!                                       └► held against the stamps: what really was referred to
//! ```
//!
//! Owns the frames that wait, what was shown and when, and when a key frame is asked for. What the descriptor promises and
//! the stamps deny is counted as torn: the one thing that a server that forwards a choice of frames must never cause.
//! Judges no quality: see [`screen`](crate::screen).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::{
    delivery::Delivery,
    media::{Picture, Stamp},
    playout_delay::PlayoutDelay,
};

/// Without anything to show, a receiver that waits for a key frame asks so often: libwebrtc's.
const KEY_FRAME_WAIT: Duration = Duration::from_millis(200);
/// Any other asks after this: libwebrtc's.
const FRAME_WAIT: Duration = Duration::from_secs(3);
/// A stream is not waited for when nothing came for so long.
const SILENCE: Duration = Duration::from_secs(5);
/// Frames that may wait: libwebrtc's frame buffer holds as many.
const FRAMES_MAX: usize = 800;

/// A frame on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub at: Instant,
    /// When it was made, nanoseconds since the epoch of its maker.
    pub made_ns: u64,
    /// Simulcast layer.
    pub layer: u8,
    /// Temporal layer.
    pub temporal_layer: u8,
    /// A key frame.
    pub is_key: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Viewer {
    /// What was shown, oldest first.
    pub shown: Vec<Shown>,
    /// Key frames that were asked for.
    pub key_frames_asked: Vec<Instant>,
    /// Frames that the descriptor said can be decoded, and that refer to what was not.
    pub torn: Vec<String>,
    /// Frames that were complete and never shown: late, or what they refer to is missing.
    pub undecodable: u64,
    frames: BTreeMap<i64, Frame>,
    highest_id: Option<i64>,
    highest_tl0: Option<i64>,
    decoder: Decoder,
    delay: PlayoutDelay,
    last_packet: Option<Instant>,
    /// Since when nothing new could be shown, or a key frame was asked for.
    waits_since: Option<Instant>,
}

#[derive(Debug)]
struct Frame {
    tl0: i64,
    picture: Picture,
    stamp: Stamp,
    timestamp: u32,
    first: Option<u64>,
    last: Option<u64>,
    seqs: BTreeSet<u64>,
    complete_at: Option<Instant>,
}

/// What has been decoded, by the descriptor and by the stamps.
#[derive(Debug, Default)]
struct Decoder {
    /// Base layer index, and ids of what was decoded since that base frame.
    base: Option<(i64, Vec<i64>)>,
    /// Id of the last that was decoded.
    last: Option<i64>,
    /// Source frames that were decoded: track, layer, number.
    decoded: BTreeSet<(u32, u8, u16)>,
    order: std::collections::VecDeque<(u32, u8, u16)>,
}

/// Source frames remembered: more than any refers back.
const DECODED_MAX: usize = 64;

impl Viewer {
    /// Takes a packet that was not known.
    pub fn on_packet(&mut self, delivery: &Delivery) {
        let (Some(stamp), Some(picture)) = (delivery.stamp, delivery.picture) else { return };
        let now = delivery.at;
        self.waits_since.get_or_insert(now);
        self.last_packet = Some(now);
        let id = extend(&mut self.highest_id, picture.picture_id.into(), 1 << 15);
        let tl0 = extend(&mut self.highest_tl0, picture.tl0_picture_index.into(), 1 << 8);
        if self.decoder.last.is_some_and(|last| id <= last) {
            return;
        }
        let frame = self.frames.entry(id).or_insert_with(|| Frame {
            tl0,
            picture,
            stamp,
            timestamp: delivery.timestamp,
            first: None,
            last: None,
            seqs: BTreeSet::new(),
            complete_at: None,
        });
        let seq = delivery.seq.0;
        frame.seqs.insert(seq);
        if stamp.is_first {
            frame.first = Some(seq);
        }
        if delivery.marker {
            frame.last = Some(seq);
        }
        frame.stamp.is_key |= stamp.is_key;
        if frame.complete_at.is_none() && frame.is_complete() {
            frame.complete_at = Some(now);
            self.delay.on_frame(frame.timestamp, now);
        }
        if self.frames.len() > FRAMES_MAX {
            self.frames.pop_first();
        }
    }

    /// Shows what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((id, at)) = self.next_frame().filter(|(_, at)| *at <= now) {
            self.show(id, at);
        }
    }

    /// When to look again.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next_frame().map(|(_, at)| at)
    }

    /// Whether a key frame must be asked for now; answers once.
    pub fn asks_key_frame(&mut self, now: Instant) -> bool {
        let is_live = |at: Instant| now.saturating_duration_since(at) < SILENCE;
        if !self.last_packet.is_some_and(is_live) {
            return false;
        }
        let wait = if self.shown.is_empty() { KEY_FRAME_WAIT } else { FRAME_WAIT };
        if self.waits_since.is_none_or(|since| now.saturating_duration_since(since) < wait) {
            return false;
        }
        self.note_key_frame_asked(now);
        true
    }

    /// A key frame was asked for.
    pub fn note_key_frame_asked(&mut self, now: Instant) {
        self.waits_since = Some(now);
        self.key_frames_asked.push(now);
    }

    /// The first frame that can be decoded, and when it is to be shown.
    fn next_frame(&self) -> Option<(i64, Instant)> {
        let (id, frame) = self.frames.iter().find(|(id, frame)| {
            frame.complete_at.is_some() && self.decoder.can_decode(**id, frame)
        })?;
        let complete = frame.complete_at?;
        let due = self.delay.render_at(frame.timestamp).unwrap_or(complete).max(complete);
        let at = self.shown.last().map_or(due, |last| due.max(last.at));
        Some((*id, at))
    }

    fn show(&mut self, id: i64, at: Instant) {
        let later = self.frames.split_off(&(id + 1));
        let mut passed = std::mem::replace(&mut self.frames, later);
        let Some(frame) = passed.remove(&id) else { return };
        self.undecodable += passed.values().filter(|one| one.complete_at.is_some()).count() as u64;
        if let Err(missing) = self.decoder.decode(id, &frame) {
            self.torn.push(missing);
        }
        let Stamp { made_ns, layer, temporal_layer, is_key, .. } = frame.stamp;
        self.shown.push(Shown { at, made_ns, layer, temporal_layer, is_key });
        self.waits_since = Some(at);
    }
}

impl Frame {
    fn is_complete(&self) -> bool {
        let (Some(first), Some(last)) = (self.first, self.last) else { return false };
        // libwebrtc goes by sequence numbers: what strays into a picture id does not count.
        first <= last && last + 1 - first == self.seqs.range(first..=last).count() as u64
    }
}

impl Decoder {
    /// What a receiver believes, by the descriptor (libwebrtc's RtpVp8RefFinder).
    fn can_decode(&self, id: i64, frame: &Frame) -> bool {
        if frame.stamp.is_key {
            return true;
        }
        let Some((tl0, since)) = &self.base else { return false };
        if frame.picture.temporal_layer == 0 {
            return frame.tl0 == tl0 + 1;
        }
        let follows = since.last().is_some_and(|last| last + 1 == id);
        let is_whole = since.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        frame.tl0 == *tl0 && (frame.picture.is_layer_sync || (follows && is_whole))
    }

    /// Decodes; an error says what was missing in truth.
    fn decode(&mut self, id: i64, frame: &Frame) -> Result<(), String> {
        self.last = Some(id);
        match &mut self.base {
            Some((_, since)) if frame.picture.temporal_layer > 0 => since.push(id),
            base => *base = Some((frame.tl0, vec![id])),
        }
        let Stamp { tag, layer, frame: number, refers_back, is_key, .. } = frame.stamp;
        let referred = (tag, layer, number.wrapping_sub(refers_back.into()));
        let is_whole = is_key || self.decoded.contains(&referred);
        // What was decoded from something torn is torn itself, but one report is enough.
        self.decoded.insert((tag, layer, number));
        self.order.push_back((tag, layer, number));
        if self.order.len() > DECODED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.decoded.remove(&oldest);
        }
        if is_whole {
            return Ok(());
        }
        Err(format!("picture {id}: frame {number} of layer {layer} needs {}", referred.2))
    }
}

/// The full number of one that wraps at `size`, nearest to the highest so far.
fn extend(highest: &mut Option<i64>, value: i64, size: i64) -> i64 {
    let Some(known) = *highest else {
        *highest = Some(value);
        return value;
    };
    let ahead = (value - known).rem_euclid(size);
    let full = if ahead < size / 2 { known + ahead } else { known + ahead - size };
    *highest = Some(known.max(full));
    full
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};
    use sfu::rtp::ids::{ExtSeq, Pt, Ssrc};

    use super::*;
    use crate::encoder::Encoder;

    const FRAME: Duration = Duration::from_millis(33);

    /// Frames of one packet each, in three temporal layers.
    struct Source {
        encoder: Encoder,
        start: Instant,
        sent: u64,
        tl0: u8,
        id: u16,
    }

    impl Source {
        #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
        fn new() -> Self {
            let encoder = Encoder::live(500_000, 30, 3, StdRng::seed_from_u64(1));
            // Both wrap soon.
            Self { encoder, start: Instant::now(), sent: 0, tl0: 250, id: 0x7ffe }
        }

        fn next(&mut self) -> Delivery {
            let plan = self.encoder.next(self.sent == 0).unwrap();
            let number = self.sent;
            self.sent += 1;
            self.id = (self.id + 1) & 0x7fff;
            self.tl0 = self.tl0.wrapping_add(u8::from(plan.temporal_layer == 0));
            let stamp = Stamp {
                is_key: plan.is_key,
                is_first: true,
                is_last: true,
                frame: plan.frame,
                refers_back: plan.refers_back,
                temporal_layer: plan.temporal_layer,
                ..Stamp::default()
            };
            let picture = Picture {
                picture_id: self.id,
                tl0_picture_index: self.tl0,
                key_index: 0,
                temporal_layer: plan.temporal_layer,
                is_layer_sync: plan.is_layer_sync,
                is_non_reference: plan.is_non_reference,
            };
            Delivery {
                at: self.start + FRAME * number as u32,
                ssrc: Ssrc(1),
                seq: ExtSeq(100 + number),
                timestamp: 3000 * number as u32,
                marker: true,
                pt: Pt(96),
                is_retransmission: false,
                audio_level: None,
                stamp: Some(stamp),
                picture: Some(picture),
            }
        }
    }

    fn watch(deliveries: impl Iterator<Item = Delivery>) -> Viewer {
        let mut viewer = Viewer::default();
        for delivery in deliveries {
            viewer.handle_timeout(delivery.at);
            viewer.on_packet(&delivery);
        }
        while let Some(at) = viewer.poll_timeout() {
            viewer.handle_timeout(at);
        }
        viewer
    }

    #[test]
    fn an_unbroken_stream_is_shown_frame_by_frame() {
        let mut source = Source::new();
        let viewer = watch((0..600).map(|_| source.next()));
        assert_eq!((viewer.shown.len(), viewer.torn.len(), viewer.undecodable), (600, 0, 0));
        assert!(viewer.shown.windows(2).all(|pair| pair[1].at - pair[0].at <= 2 * FRAME));
    }

    #[test]
    fn a_lost_frame_that_nothing_refers_to_costs_itself_and_the_one_that_might_have_needed_it() {
        let mut source = Source::new();
        // 0, 2, 1, 2: the first of the top layer in the fourth round. The second waits for all between it and its base, as
        // libwebrtc lets it.
        let viewer = watch((0..40).map(|_| source.next()).filter(|one| one.seq.0 != 113));
        assert_eq!((viewer.shown.len(), viewer.torn.len()), (38, 0));
    }

    #[test]
    fn a_lost_base_frame_stops_the_picture_until_a_key_frame_is_asked_for() {
        let mut source = Source::new();
        let mut viewer = Viewer::default();
        let mut asked = None;
        for _ in 0..150 {
            let delivery = source.next();
            viewer.handle_timeout(delivery.at);
            if viewer.asks_key_frame(delivery.at) && asked.is_none() {
                asked = Some(delivery.at - source.start);
            }
            if delivery.seq.0 != 112 {
                viewer.on_packet(&delivery);
            }
        }
        assert_eq!(viewer.shown.len(), 12);
        let asked = asked.expect("asks");
        assert!((FRAME_WAIT..FRAME_WAIT + 20 * FRAME).contains(&asked), "{asked:?}");
    }

    #[test]
    fn a_server_that_leaves_out_a_frame_and_hides_the_gap_is_found_out() {
        let mut source = Source::new();
        let mut hidden = 0;
        let viewer = watch((0..40).map(|_| source.next()).filter_map(|mut delivery| {
            // A frame of the middle layer is left out; the numbers of what follows close up.
            if delivery.seq.0 == 114 {
                hidden = 1;
                return None;
            }
            delivery.seq.0 -= hidden;
            let picture = delivery.picture.as_mut().unwrap();
            picture.picture_id = picture.picture_id.wrapping_sub(hidden as u16) & 0x7fff;
            Some(delivery)
        }));
        assert_eq!(viewer.torn.len(), 1, "{:?}", viewer.torn);
    }
}
