//! What a client publishes: tracks, their layers, the packets of each.
//!
//! A frame's packets leave in one burst, as a browser's do within a millisecond. Payloads follow from a few numbers, so
//! the history that answers NACK keeps those and writes the payload anew. No allocation per packet.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use protocol::{ids::TrackSid, permission::TrackSource};
use rand::{RngExt, rngs::StdRng};
use sfu::{
    connection::srtp::SrtpSender,
    rtp::{
        extension::{ExtensionMap, ExtensionValues, abs_send_time_24},
        header::{self, OutHeader},
        ids::{ExtSeq, Mid, Pt, Rid, Seq, Ssrc},
        rtcp,
    },
};

use crate::{
    encoder::{Encoder, FramePlan, Speech, SpeechFrame, encoder_rng},
    media::{
        DESCRIPTOR_BYTES, FRAME_HEADER_BYTES, PAYLOAD_BYTES_MAX, Picture, STAMP_BYTES, Stamp,
        write_audio, write_red, write_video,
    },
    sdp::OPUS,
};

/// Between two key frames of a live encoder: libwebrtc's.
const KEY_FRAMES_APART: Duration = Duration::from_millis(300);
/// Packets kept for retransmission: libwebrtc's order of magnitude.
const HISTORY_PACKETS: usize = 512;
/// Packets that carry mid and rid before the receiver has surely learnt the SSRC.
const MID_PACKETS: u64 = 100;
/// 20 ms of Opus at 32 kbit/s.
const AUDIO_BYTES: usize = 80;
/// 20 ms of Opus at 32 kbit/s, on the RTP clock.
const AUDIO_TICKS: u16 = 960;
/// Comfort noise: as much as a stamp needs.
const COMFORT_BYTES: usize = STAMP_BYTES;
/// Sealed audio packets kept for whoever asks again: a second.
const SEALED_PACKETS: usize = 50;

/// One simulcast layer, or the only one.
#[derive(Debug, Clone, Copy)]
pub struct LayerSpec {
    /// rid; `None` without simulcast.
    pub rid: Option<&'static str>,
    /// Mean rate of payload.
    pub bitrate_bps: u32,
    /// Frames per second.
    pub fps: u32,
}

/// The layers of a camera as livekit-client publishes it.
pub const SIMULCAST: [LayerSpec; 3] = [
    LayerSpec { rid: Some("q"), bitrate_bps: 150_000, fps: 30 },
    LayerSpec { rid: Some("h"), bitrate_bps: 500_000, fps: 30 },
    LayerSpec { rid: Some("f"), bitrate_bps: 1_500_000, fps: 30 },
];

/// The layers of a camera of 720p as livekit-client asks Chromium to encode it.
pub const LIVE_SIMULCAST: [LayerSpec; 3] = [
    LayerSpec { rid: Some("q"), bitrate_bps: 160_000, fps: 20 },
    LayerSpec { rid: Some("h"), bitrate_bps: 450_000, fps: 20 },
    LayerSpec { rid: Some("f"), bitrate_bps: 1_700_000, fps: 30 },
];

/// How a layer is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Frames of one size, 20 ms of sound in each packet.
    Flat,
    /// A moving picture in so many temporal layers.
    Live {
        /// 1 to 3.
        temporal_layers: u8,
    },
    /// Speech, with pauses.
    Speech {
        /// Nothing is sent in pauses.
        dtx: bool,
    },
}

/// What all layers of a track share.
#[derive(Debug, Clone, Copy)]
pub struct Negotiated {
    /// Its section.
    pub mid: Mid,
    /// Media payload type.
    pub pt: Pt,
    /// Retransmission payload type.
    pub rtx: Option<Pt>,
    /// Payload type of redundant audio, if the track sends that.
    pub red: Option<Pt>,
}

/// One published track.
pub struct PublishedTrack {
    /// Our id.
    pub cid: String,
    /// The id in our SDP: another, if the track has been sent before.
    pub msid: String,
    /// The server's, once it answered.
    pub sid: Option<TrackSid>,
    /// Camera, microphone, ...
    pub source: TrackSource,
    /// Video, else audio.
    pub is_video: bool,
    /// Sends nothing.
    pub is_muted: bool,
    /// Taken back.
    pub is_removed: bool,
    /// Its layers follow the line and what the server wants.
    pub adapts: bool,
    /// Audio that repeats itself.
    pub is_redundant: bool,
    /// Layers that the server wants, lowest first.
    pub wanted: [bool; 3],
    /// Audio level that its packets claim, in -dBov.
    pub level_dbov: u8,
    /// Once answered.
    pub negotiated: Option<Negotiated>,
    /// Lowest first.
    pub layers: Vec<Layer>,
}

impl PublishedTrack {
    /// Its packets leave one after the other; those of all others as a burst.
    #[must_use]
    pub fn is_paced(&self) -> bool {
        self.adapts
    }
}

struct Frame {
    left: usize,
    plan: FramePlan,
    is_first: bool,
    timestamp: u32,
    made_ns: u64,
}

#[derive(Clone, Copy)]
struct Sent {
    seq: ExtSeq,
    timestamp: u32,
    marker: bool,
    stamp: Stamp,
    picture: Picture,
}

/// One outgoing stream.
pub struct Layer {
    /// rid.
    pub rid: Option<Rid>,
    /// Media.
    pub ssrc: Ssrc,
    /// Retransmission.
    pub rtx_ssrc: Ssrc,
    /// Sends.
    pub is_active: bool,
    /// Sends a key frame next.
    pub wants_key: bool,
    /// When a key frame was asked for.
    pub key_frame_requests: Vec<Instant>,
    /// Packets made so far; the next stamp's sequence.
    pub made: u64,
    /// Packets sent again.
    pub retransmitted: u64,
    /// Sequence numbers asked for.
    pub nacked: u64,
    /// Decides what its frames are.
    pub encoder: Encoder,
    index: u8,
    tag: u32,
    is_video: bool,
    is_live: bool,
    last_key: Option<Instant>,
    speech: Option<(Speech, bool)>,
    audio_bytes: usize,
    /// The packet before, for redundancy.
    before: Option<(Stamp, u32)>,
    sealed: VecDeque<(Seq, Vec<u8>)>,
    clock_rate: u32,
    interval: Duration,
    next_seq: ExtSeq,
    next_rtx: ExtSeq,
    timestamp_base: u32,
    started: Option<Instant>,
    next_frame: Option<Instant>,
    frame: Option<Frame>,
    picture: Picture,
    history: VecDeque<Sent>,
    asked_again: VecDeque<Seq>,
    /// The first packet of its SSRC: those that follow it name their section.
    named_from: u64,
    bytes: u64,
    last_timestamp: u32,
}

/// What a packet needs besides its layer.
pub struct Wire<'a> {
    /// Seals.
    pub sender: &'a mut SrtpSender,
    /// Ids.
    pub extensions: &'a ExtensionMap,
    /// Transport-wide number of the next packet.
    pub transport_seq: &'a mut u16,
    /// Nanoseconds are counted from here.
    pub epoch: Instant,
}

impl Layer {
    /// A layer; `index` counts from the lowest.
    #[must_use]
    pub fn new(
        spec: LayerSpec,
        encoding: Encoding,
        (index, tag): (u8, u32),
        is_video: bool,
        rng: &mut StdRng,
    ) -> Self {
        let (clock_rate, interval) = if is_video {
            (90_000, Duration::from_secs(1) / spec.fps)
        } else {
            (48_000, Duration::from_millis(20))
        };
        let encoder = match encoding {
            Encoding::Live { temporal_layers } => {
                Encoder::live(spec.bitrate_bps, spec.fps, temporal_layers, encoder_rng(rng))
            }
            _ => Encoder::flat(spec.bitrate_bps, spec.fps),
        };
        let speech = match encoding {
            Encoding::Speech { dtx } => Some((Speech::new(encoder_rng(rng)), dtx)),
            _ => None,
        };
        // Chromium begins in 1..32,768, so that the first packets cannot wrap (RFC 3711 §3.3.1).
        let mut number = || ExtSeq(rng.random_range(1..0x8000));
        let (next_seq, next_rtx) = (number(), number());
        Self {
            rid: spec.rid.and_then(Rid::new),
            ssrc: Ssrc(rng.random()),
            rtx_ssrc: Ssrc(rng.random()),
            is_active: true,
            wants_key: true,
            key_frame_requests: Vec::new(),
            made: 0,
            retransmitted: 0,
            nacked: 0,
            encoder,
            index,
            tag,
            is_video,
            is_live: matches!(encoding, Encoding::Live { .. }),
            last_key: None,
            speech,
            audio_bytes: match encoding {
                Encoding::Speech { .. } => (spec.bitrate_bps as usize / 8 / 50).max(COMFORT_BYTES),
                _ => AUDIO_BYTES,
            },
            before: None,
            sealed: VecDeque::new(),
            clock_rate,
            interval,
            next_seq,
            next_rtx,
            timestamp_base: rng.random(),
            started: None,
            next_frame: None,
            frame: None,
            picture: Picture { picture_id: rng.random_range(0..0x8000), ..Picture::default() },
            history: VecDeque::with_capacity(HISTORY_PACKETS),
            asked_again: VecDeque::new(),
            named_from: 0,
            bytes: 0,
            last_timestamp: 0,
        }
    }

    /// What its stamps say of whose it is.
    #[must_use]
    pub fn tag(&self) -> u32 {
        self.tag
    }

    /// Moves the sequence numbers: before anything is sent, so that a test meets a rollover soon.
    pub fn start_at(&mut self, seq: u16) {
        assert!(self.made == 0, "already sending");
        self.next_seq = ExtSeq(seq.into());
    }

    /// Goes on under another SSRC and other numbers, as after a sender was replaced.
    pub fn begin_anew(&mut self, ssrc: Ssrc, seq: u16) {
        self.ssrc = ssrc;
        self.next_seq = ExtSeq(seq.into());
        self.named_from = self.made;
        self.history.clear();
        self.asked_again.clear();
        self.wants_key = true;
    }

    /// Frames come from `now` on.
    pub fn start(&mut self, now: Instant) {
        self.started.get_or_insert(now);
        self.next_frame = Some(now);
        self.wants_key = true;
    }

    /// No more frames.
    pub fn stop(&mut self) {
        self.next_frame = None;
        self.frame = None;
    }

    /// The server asks for a key frame. A live encoder makes none twice within [`KEY_FRAMES_APART`].
    pub fn on_key_frame_request(&mut self, now: Instant) {
        self.key_frame_requests.push(now);
        let is_recent = |at: Instant| now.saturating_duration_since(at) < KEY_FRAMES_APART;
        self.wants_key |= !(self.is_live && self.last_key.is_some_and(is_recent));
    }

    /// The server asks for packets again.
    pub fn on_nack(&mut self, seq: Seq) {
        self.nacked += 1;
        if self.asked_again.len() < HISTORY_PACKETS {
            self.asked_again.push_back(seq);
        }
    }

    /// When a packet is due.
    #[must_use]
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        if self.frame.is_some() || !self.asked_again.is_empty() {
            return Some(now);
        }
        self.next_frame.filter(|_| self.is_active)
    }

    /// Writes the next packet that is due. Hot: no allocation.
    pub fn poll_transmit(
        &mut self,
        out: &mut [u8],
        track: Negotiated,
        level_dbov: u8,
        wire: &mut Wire<'_>,
        now: Instant,
    ) -> Option<usize> {
        while let Some(seq) = self.asked_again.pop_front() {
            if !self.is_video {
                // Without RTX a browser sends the very packet again; here byte by byte.
                let Some((_, bytes)) = self.sealed.iter().find(|(one, _)| *one == seq) else {
                    continue;
                };
                out[..bytes.len()].copy_from_slice(bytes);
                self.retransmitted += 1;
                return Some(bytes.len());
            }
            if let Some(len) = self.retransmit(out, seq, track, wire, now) {
                return Some(len);
            }
        }
        if !self.is_active {
            self.frame = None;
            return None;
        }
        if self.frame.is_none() {
            self.begin_frame(wire.epoch, now)?;
        }
        let sent = self.next_packet()?;
        self.history.truncate(HISTORY_PACKETS - 1);
        self.history.push_front(sent);
        let len = self.write(out, &sent, None, track, level_dbov, wire, now)?;
        if self.speech.is_some() {
            self.before = Some((sent.stamp, sent.timestamp));
            self.sealed.truncate(SEALED_PACKETS - 1);
            self.sealed.push_front((sent.seq.seq(), out[..len].to_vec()));
        }
        Some(len)
    }

    fn begin_frame(&mut self, epoch: Instant, now: Instant) -> Option<()> {
        let due = self.next_frame.filter(|due| *due <= now)?;
        // After a long pause no burst of what was missed.
        let late = now.saturating_duration_since(due);
        let next = if late > Duration::from_secs(1) { now } else { due };
        self.next_frame = Some(next + self.interval);
        let started = self.started?;
        let ticks = next.saturating_duration_since(started).as_nanos()
            * u128::from(self.clock_rate)
            / 1_000_000_000;
        let plan = if self.is_video { self.plan_picture() } else { self.plan_sound() }?;
        if plan.is_key {
            self.last_key = Some(now);
        }
        self.frame = Some(Frame {
            left: plan.bytes,
            plan,
            is_first: true,
            timestamp: self.timestamp_base.wrapping_add(ticks as u32),
            made_ns: now.saturating_duration_since(epoch).as_nanos() as u64,
        });
        Some(())
    }

    fn plan_picture(&mut self) -> Option<FramePlan> {
        let plan = self.encoder.next(self.wants_key)?;
        self.wants_key &= !plan.is_key;
        let picture = &mut self.picture;
        picture.picture_id = (picture.picture_id + 1) & 0x7fff;
        let is_base = plan.temporal_layer == 0;
        picture.tl0_picture_index = picture.tl0_picture_index.wrapping_add(is_base.into());
        picture.key_index = (picture.key_index + u8::from(plan.is_key)) & 0x1f;
        picture.temporal_layer = plan.temporal_layer;
        picture.is_layer_sync = plan.is_layer_sync;
        picture.is_non_reference = plan.is_non_reference;
        Some(plan)
    }

    fn plan_sound(&mut self) -> Option<FramePlan> {
        let bytes = match &mut self.speech {
            Some((speech, true)) => match speech.next_frame() {
                SpeechFrame::Sound => self.audio_bytes,
                SpeechFrame::Comfort => COMFORT_BYTES,
                SpeechFrame::Nothing => return None,
            },
            _ => self.audio_bytes,
        };
        Some(FramePlan {
            bytes,
            is_key: false,
            temporal_layer: 0,
            is_layer_sync: false,
            is_non_reference: false,
            refers_back: 0,
            frame: 0,
        })
    }

    fn next_packet(&mut self) -> Option<Sent> {
        let frame = self.frame.as_mut()?;
        let head = match (self.is_video, frame.is_first) {
            (false, _) => 0,
            (true, false) => DESCRIPTOR_BYTES,
            (true, true) => DESCRIPTOR_BYTES + FRAME_HEADER_BYTES,
        };
        let size = frame.left.clamp(head + STAMP_BYTES, PAYLOAD_BYTES_MAX);
        frame.left = frame.left.saturating_sub(size);
        let is_last = frame.left == 0;
        let stamp = Stamp {
            tag: self.tag,
            layer: self.index,
            is_key: frame.plan.is_key,
            is_first: frame.is_first,
            is_last,
            len: (size - head) as u16,
            sequence: self.made,
            made_ns: frame.made_ns,
            frame: frame.plan.frame,
            refers_back: frame.plan.refers_back,
            temporal_layer: frame.plan.temporal_layer,
        };
        let sent = Sent {
            seq: self.next_seq,
            timestamp: frame.timestamp,
            marker: self.is_video && is_last,
            stamp,
            picture: self.picture,
        };
        frame.is_first = false;
        if is_last {
            self.frame = None;
        }
        self.next_seq = ExtSeq(self.next_seq.0 + 1);
        self.made += 1;
        self.bytes += size as u64;
        self.last_timestamp = sent.timestamp;
        Some(sent)
    }

    fn retransmit(
        &mut self,
        out: &mut [u8],
        seq: Seq,
        track: Negotiated,
        wire: &mut Wire<'_>,
        now: Instant,
    ) -> Option<usize> {
        track.rtx?;
        let sent = *self.history.iter().find(|sent| sent.seq.seq() == seq)?;
        let number = self.next_rtx;
        self.next_rtx = ExtSeq(number.0 + 1);
        self.retransmitted += 1;
        self.write(out, &sent, Some(number), track, 0, wire, now)
    }

    #[expect(clippy::too_many_arguments, reason = "one packet, seen from all sides")]
    fn write(
        &self,
        out: &mut [u8],
        sent: &Sent,
        again: Option<ExtSeq>,
        track: Negotiated,
        level_dbov: u8,
        wire: &mut Wire<'_>,
        now: Instant,
    ) -> Option<usize> {
        let (pt, ssrc, seq) = match again {
            Some(number) => (track.rtx?, self.rtx_ssrc, number),
            None => (track.red.unwrap_or(track.pt), self.ssrc, sent.seq),
        };
        let names = again.is_some() || sent.stamp.sequence < self.named_from + MID_PACKETS;
        let rid = self.rid.filter(|_| names);
        let values = ExtensionValues {
            mid: names.then_some(track.mid),
            rid: rid.filter(|_| again.is_none()),
            repaired_rid: rid.filter(|_| again.is_some()),
            audio_level: (!self.is_video).then_some(0x80 | level_dbov),
            transport_cc: Some(*wire.transport_seq),
            abs_send_time: Some(abs_send_time_24(now.saturating_duration_since(wire.epoch))),
            ..ExtensionValues::default()
        };
        let header =
            OutHeader { marker: sent.marker, pt, seq: seq.seq(), timestamp: sent.timestamp, ssrc };
        let header_len = header::write(out, header, wire.extensions, &values)?;
        let mut at = header_len;
        if again.is_some() {
            out[at..at + 2].copy_from_slice(&sent.seq.seq().0.to_be_bytes());
            at += 2;
        }
        let payload = &mut out[at..];
        at += if self.is_video {
            write_video(payload, &sent.stamp, sent.picture)
        } else if track.red.is_some() {
            self.write_red(payload, sent)
        } else {
            write_audio(payload, &sent.stamp)
        };
        *wire.transport_seq = wire.transport_seq.wrapping_add(1);
        wire.sender.protect_rtp(out, header_len, at - header_len, seq)
    }

    /// The packet before, unless it lies behind a pause, and this one.
    fn write_red(&self, payload: &mut [u8], sent: &Sent) -> usize {
        let primary = (0, sent.stamp);
        let is_next = |(_, timestamp): &(Stamp, u32)| {
            sent.timestamp.wrapping_sub(*timestamp) == u32::from(AUDIO_TICKS)
        };
        match self.before.filter(is_next) {
            Some((before, _)) => write_red(payload, OPUS.0, &[(AUDIO_TICKS, before), primary]),
            None => write_red(payload, OPUS.0, &[primary]),
        }
    }

    /// Writes a sender report; `None` before the first packet.
    pub fn write_report(&self, out: &mut [u8], ntp: u64) -> Option<usize> {
        if self.made == 0 {
            return None;
        }
        rtcp::write_sender_report(
            out,
            self.ssrc,
            ntp,
            self.last_timestamp,
            self.made as u32,
            self.bytes as u32,
        )
    }
}
