//! A track that a participant publishes, and its layers as they arrive.

use std::time::{Duration, Instant};

use protocol::ids::TrackSid;

use super::{demand::Demand, key_frame::KeyFrameRequests, meter::Meter};
use crate::{
    connection::srtp::replay::ReplayWindow,
    keys::{LayerIndex, ParticipantKey, SubscriptionKey},
    limits::{
        AUDIO_BYTES_PER_SECOND_MAX, AUDIO_PACKETS_PER_SECOND_MAX, VIDEO_BPS_MAX, VIDEO_BPS_SLACK,
        VIDEO_PACKET_BYTES_MEAN_MIN, VIDEO_PACKETS_PER_SECOND_MIN,
    },
    recording::tap::Tap,
    room::interest::Interest,
    rtp::{
        allowance::{Allowance, Ceiling},
        history::History,
        ids::{ExtSeq, Mid, Rid, Ssrc},
        nack::NackTracker,
        payload::CodecKind,
        reception::Reception,
        rtcp::ReportBlock,
    },
    words::info::{TrackInfo, VideoLayer, VideoQuality},
};

/// Most layers of a publication: `q`, `h`, `f`.
pub(crate) const LAYERS_MAX: usize = 3;

/// A layer that has sent nothing for so long has stopped: publishers switch layers off when bandwidth falls.
pub(crate) const LAYER_SILENT: Duration = Duration::from_millis(700);

/// Packet history of one video layer: three quarters of a second at its declared rate, a round trip of a distant network
/// and the wait before asking. The least holds a small layer's key frame, the most half a second of 2 Mbit/s.
const HISTORY_MS: u64 = 750;
const HISTORY_BYTES_MIN: u64 = 32 * 1024;
const HISTORY_BYTES_MAX: u64 = 128 * 1024;
/// As many full packets as the most bytes hold, twice: frames of small layers are smaller than a packet.
const HISTORY_PACKETS: usize = 256;

/// See the module.
pub(crate) struct Publication {
    pub(crate) publisher: ParticipantKey,
    pub(crate) origin: Origin,
    pub(crate) info: TrackInfo,
    pub(crate) mid: Mid,
    /// The client's id, and the id in its SDP.
    pub(crate) cid: String,
    /// What subscribers are offered: the codec that is sent, with its parameters (RED is offered beside Opus).
    pub(crate) codec: CodecKind,
    pub(crate) fmtp: String,
    pub(crate) red: bool,
    pub(crate) stereo: bool,
    /// rids in ascending quality; empty without simulcast.
    pub(crate) rids: Vec<Rid>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) subscribers: Vec<SubscriptionKey>,
    /// The publisher knows that someone receives it.
    pub(crate) told_subscribed: bool,
    /// Which layers the publisher knows to be wanted.
    pub(crate) demand: Demand,
    /// Its recording, while it may be recorded.
    pub(super) tap: Option<Box<Tap>>,
}

/// Where its packets come from.
pub(crate) enum Origin {
    /// From a connection of this shard; these edges want them too.
    Here(Vec<Interest>),
    /// From the room's home, if it has been told that someone here wants them.
    Relayed { wanted: bool },
}

impl Publication {
    pub(crate) fn sid(&self) -> &TrackSid {
        &self.info.sid
    }

    pub(crate) fn is_video(&self) -> bool {
        !self.codec.is_audio()
    }

    /// The layer of a rid, or the only one, made when its first packet comes; and the SSRC it had before, if it begins
    /// anew.
    pub(crate) fn layer_for(
        &mut self,
        rid: Option<Rid>,
        ssrc: Ssrc,
    ) -> Option<(LayerIndex, Option<Ssrc>)> {
        let index = self.layer_of_rid(rid)?;
        if usize::from(index.0) >= LAYERS_MAX {
            return None;
        }
        let before = self.layer(index).map(|layer| layer.ssrc);
        if before.is_some() {
            self.begin_relay_anew(index);
        }
        let layer = self.new_layer(index, ssrc);
        match self.layer_mut(index) {
            Some(present) => *present = layer,
            None => self.layers.push(layer),
        }
        self.layers.sort_by_key(|layer| layer.index);
        Some((index, before))
    }

    fn new_layer(&self, index: LayerIndex, ssrc: Ssrc) -> Layer {
        let declared = self.info.layers.get(usize::from(index.0));
        let declared = declared.map_or(0, |layer| layer.bitrate_bps);
        // One stream may carry all that was announced, as layers of its own (SVC).
        let all = self.info.layers.iter().map(|layer| layer.bitrate_bps);
        let announced =
            if self.rids.len() > 1 { declared } else { all.fold(0, u32::saturating_add) };
        Layer::new(index, ssrc, self.codec, declared, ceiling(self.codec, announced))
    }

    /// The layer that a rid names, whether or not it has come yet.
    pub(crate) fn layer_of_rid(&self, rid: Option<Rid>) -> Option<LayerIndex> {
        let place = match rid {
            Some(rid) => self.rids.iter().position(|known| *known == rid)?,
            None if self.rids.len() > 1 => return None,
            None => 0,
        };
        u8::try_from(place).ok().map(LayerIndex)
    }

    pub(crate) fn layer(&self, index: LayerIndex) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.index == index)
    }

    pub(crate) fn layer_mut(&mut self, index: LayerIndex) -> Option<&mut Layer> {
        self.layers.iter_mut().find(|layer| layer.index == index)
    }

    /// The layer of a packet that was relayed: made when its first one comes.
    pub(crate) fn relayed_layer(&mut self, index: LayerIndex) -> Option<&mut Layer> {
        if self.layer(index).is_none() {
            if usize::from(index.0) >= LAYERS_MAX {
                return None;
            }
            // The home has its SSRC; here nobody hears of it.
            let layer = self.new_layer(index, Ssrc(0));
            self.layers.push(layer);
            self.layers.sort_by_key(|layer| layer.index);
        }
        self.layer_mut(index)
    }

    /// The best layer that is being sent.
    pub(crate) fn highest_active(&self, now: Instant) -> Option<LayerIndex> {
        self.layers.iter().rev().find(|layer| layer.is_active(now)).map(|layer| layer.index)
    }
}

/// The quality names of layers, lowest first (rids `q`, `h`, `f`).
pub(crate) fn quality_of(index: usize) -> VideoQuality {
    match index {
        0 => VideoQuality::Low,
        1 => VideoQuality::Medium,
        _ => VideoQuality::High,
    }
}

/// Layers as declared, in ascending quality and each once.
pub(crate) fn sorted_layers(mut layers: Vec<VideoLayer>) -> Vec<VideoLayer> {
    layers.sort_by_key(|layer| layer.quality);
    layers.dedup_by_key(|layer| layer.quality);
    layers
}

/// Bytes of history for a layer of this rate; 0: not declared.
fn history_bytes(rate_bps: u32) -> usize {
    let bytes = match rate_bps {
        0 => HISTORY_BYTES_MAX,
        rate => u64::from(rate) / 8 * HISTORY_MS / 1000,
    };
    // At most 128 KiB.
    bytes.clamp(HISTORY_BYTES_MIN, HISTORY_BYTES_MAX) as usize
}

/// What may come of a stream of this codec for which so many bits a second were announced; 0: nothing was.
fn ceiling(codec: CodecKind, announced_bps: u32) -> Ceiling {
    if codec.is_audio() {
        let (bytes, packets) = (AUDIO_BYTES_PER_SECOND_MAX, AUDIO_PACKETS_PER_SECOND_MAX);
        return Ceiling { bytes, packets };
    }
    let bps = match announced_bps {
        0 => VIDEO_BPS_MAX,
        bps => bps.saturating_mul(2).saturating_add(VIDEO_BPS_SLACK).min(VIDEO_BPS_MAX),
    };
    let bytes = bps / 8;
    let packets = (bytes / VIDEO_PACKET_BYTES_MEAN_MIN).max(VIDEO_PACKETS_PER_SECOND_MIN);
    Ceiling { bytes, packets }
}

/// One incoming stream of a publication.
pub(crate) struct Layer {
    pub(crate) index: LayerIndex,
    pub(crate) ssrc: Ssrc,
    /// For retransmission; none for audio, which is not retransmitted to subscribers.
    pub(crate) history: Option<History>,
    pub(crate) nack: NackTracker,
    pub(crate) reception: Reception,
    pub(crate) allowance: Allowance,
    pub(crate) requests: KeyFrameRequests,
    pub(crate) meter: Meter,
    /// Number of the first packet of the newest key frame.
    pub(crate) last_key_frame: Option<ExtSeq>,
    /// What its publisher was told last of its reception.
    pub(crate) last_report: Option<ReportBlock>,
    /// What has come, by media or by retransmission: each number is forwarded once, ever.
    arrived: Option<ReplayWindow>,
    pub(crate) last_packet: Option<Instant>,
    pub(crate) sender_report: Option<SenderReport>,
}

/// The publisher's clock, from its last sender report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SenderReport {
    pub(crate) ntp: u64,
    pub(crate) rtp_timestamp: u32,
    pub(crate) received: Instant,
}

impl Layer {
    fn new(
        index: LayerIndex,
        ssrc: Ssrc,
        codec: CodecKind,
        rate_bps: u32,
        ceiling: Ceiling,
    ) -> Self {
        Self {
            index,
            ssrc,
            history: (!codec.is_audio())
                .then(|| History::new(history_bytes(rate_bps), HISTORY_PACKETS)),
            nack: NackTracker::default(),
            reception: Reception::new(codec.clock_rate()),
            allowance: Allowance::new(ceiling),
            requests: KeyFrameRequests::default(),
            meter: Meter::default(),
            last_key_frame: None,
            last_report: None,
            arrived: None,
            last_packet: None,
            sender_report: None,
        }
    }

    /// Whether this packet comes for the first time; remembers it.
    pub(crate) fn accept(&mut self, seq: ExtSeq) -> bool {
        match &mut self.arrived {
            None => self.arrived = Some(ReplayWindow::new(seq.0)),
            Some(window) if window.check(seq.0) => window.accept(seq.0),
            Some(_) => return false,
        }
        true
    }

    pub(crate) fn is_active(&self, now: Instant) -> bool {
        self.last_packet.is_some_and(|last| now.duration_since(last) < LAYER_SILENT)
    }

    /// The full number of a sequence number that a retransmission names, in the numbering of `highest`.
    pub(crate) fn extend(seq: crate::rtp::ids::Seq, highest: ExtSeq) -> Option<ExtSeq> {
        let behind = highest.seq().0.wrapping_sub(seq.0);
        if behind < 0x8000 {
            highest.0.checked_sub(u64::from(behind)).map(ExtSeq)
        } else {
            Some(ExtSeq(highest.0 + u64::from(seq.0.wrapping_sub(highest.seq().0))))
        }
    }
}
