//! One participant receiving one publication: what it negotiated, and the stream it is given.

use std::time::{Duration, Instant};

use protocol::ids::TrackSid;

use super::allocate::Pace;
use crate::{
    keys::{ConnectionKey, LayerIndex, ParticipantKey, PublicationKey},
    rtp::{
        ids::{ExtSeq, Mid, Pt, Seq, Ssrc},
        payload::{
            CodecKind,
            picture::{LastPicture, Offsets, SourceNumbers},
        },
        rewrite::Rewriter,
    },
    words::command::TrackSettings,
};

/// Share of a subscription's media that retransmissions may add, as a divisor: a quarter, and as much again as the media
/// on a line that is known to lose much. Of three in ten lost packets a third of the repairs is lost too.
const RETRANSMISSION_SHARE: u64 = 4;
const RETRANSMISSION_SHARE_LOSSY: u64 = 1;
const LOSSY_PERMILLE: u32 = 50;

/// Bytes of retransmission that are always allowed, for the start and for quiet streams.
const RETRANSMISSION_BYTES_FREE: u64 = 64 * 1024;

/// Temporal layer of a goal that leaves nothing out.
pub(crate) const ALL_FRAMES: u8 = u8::MAX;

/// What allocation wants a subscription to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Goal {
    pub(crate) layer: LayerIndex,
    /// Highest temporal layer, or [`ALL_FRAMES`].
    pub(crate) temporal: u8,
    pub(crate) pace: Pace,
}

impl Goal {
    /// All of a layer.
    pub(crate) fn all_of(layer: LayerIndex) -> Self {
        Self { layer, temporal: ALL_FRAMES, pace: Pace::Running }
    }
}

/// See the module.
pub(crate) struct Subscription {
    pub(crate) subscriber: ParticipantKey,
    pub(crate) publication: PublicationKey,
    pub(crate) track: TrackSid,
    pub(crate) connection: ConnectionKey,
    pub(crate) mid: Mid,
    pub(crate) ssrc: Ssrc,
    pub(crate) rtx: Option<RtxStream>,
    pub(crate) binding: Binding,
    /// Redundant sound is sent once: the line is narrow, and loses little.
    pub(crate) is_plain_sound: bool,
    /// It is sound, and each packet is sent twice: the line loses much, and has room.
    pub(crate) is_sound_doubled: bool,
    pub(crate) settings: TrackSettings,
    pub(crate) stream: Stream,
    pub(crate) repairs: Repairs,
}

/// Packets that were sent again lately: a receiver that asks twice within a round trip has not seen the first answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repairs {
    /// By sequence number; none for sound, which is not sent again.
    slots: Box<[Option<(Seq, Instant)>]>,
}

/// Packets remembered: a whole burst of losses.
const REPAIRS: usize = 64;

/// Part of a round trip within which a second request crosses the first answer, in percent: round trips waver.
const REPAIR_RTT_PERCENT: u32 = 50;

impl Repairs {
    pub(crate) fn new() -> Self {
        Self { slots: vec![None; REPAIRS].into_boxed_slice() }
    }

    /// Whether a packet may be sent again now; remembers it.
    pub(crate) fn may_repair(&mut self, seq: Seq, rtt: Option<Duration>, now: Instant) -> bool {
        let Some(slot) = self.slots.get_mut(usize::from(seq.0) % REPAIRS) else { return true };
        let wait = rtt.unwrap_or_default() * REPAIR_RTT_PERCENT / 100;
        if slot.is_some_and(|(same, at)| same == seq && now.saturating_duration_since(at) < wait) {
            return false;
        }
        *slot = Some((seq, now));
        true
    }
}

/// What the subscriber accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Not answered yet.
    Offered,
    /// Accepted with these payload types.
    Bound(PayloadTypes),
    /// Refused: the subscriber knows none of the codecs.
    Refused,
}

/// The subscriber's payload types for one publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PayloadTypes {
    /// The codec that is published.
    pub(crate) media: Option<Pt>,
    /// Its retransmissions.
    pub(crate) rtx: Option<Pt>,
    /// Redundant audio, if the subscriber takes it.
    pub(crate) red: Option<Pt>,
}

impl PayloadTypes {
    /// The payload type for a packet of this codec, and whether RED must be stripped for it; `is_plain`: it is to be.
    pub(crate) fn of(&self, codec: CodecKind, is_plain: bool) -> Option<(Pt, bool)> {
        match (codec, self.red) {
            (CodecKind::Red, Some(red)) if !is_plain => Some((red, false)),
            (CodecKind::Red, _) => self.media.map(|pt| (pt, true)),
            _ => self.media.map(|pt| (pt, false)),
        }
    }
}

/// The retransmission stream of a subscription (RFC 4588).
#[derive(Debug, Clone, Copy)]
pub(crate) struct RtxStream {
    pub(crate) ssrc: Ssrc,
    /// Last number used.
    pub(crate) highest: ExtSeq,
}

/// The outgoing stream's running state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) rewriter: Rewriter,
    /// False: the next packet (for video: key frame) begins a new piece.
    pub(crate) running: bool,
    /// What is to be sent, and whether that and what is sent leave nothing out.
    pub(crate) goal: Goal,
    pub(crate) is_plain: bool,
    /// Timestamp of the last still, and when it began.
    pub(crate) still: Option<(u32, Instant)>,
    /// Id of the last picture that was left out.
    skipped_picture: Option<u16>,
    /// Timestamp of the newest packet sent, and when.
    pub(crate) last: Option<(u32, Instant)>,
    /// VP8 numbers of the newest packet sent.
    pub(crate) last_picture: LastPicture,
    /// The subscriber has reported on it: it knows which section it belongs to.
    pub(crate) is_learnt: bool,
    /// For sender reports (RFC 3550 §6.4.1), and to bound retransmission.
    pub(crate) packets: u32,
    pub(crate) bytes: u64,
    pub(crate) retransmitted_bytes: u64,
}

impl Stream {
    pub(crate) fn new(rewriter: Rewriter, goal: Goal) -> Self {
        Self {
            rewriter,
            running: false,
            goal,
            is_plain: true,
            still: None,
            skipped_picture: None,
            last: None,
            last_picture: LastPicture::default(),
            is_learnt: false,
            packets: 0,
            bytes: 0,
            retransmitted_bytes: 0,
        }
    }

    /// The layer that is being sent.
    pub(crate) fn layer(&self) -> Option<LayerIndex> {
        if self.running { self.rewriter.current().map(|epoch| epoch.layer) } else { None }
    }

    /// Highest temporal layer that is sent.
    pub(crate) fn temporal(&self) -> u8 {
        self.rewriter.current().map_or(ALL_FRAMES, |epoch| epoch.temporal)
    }

    /// Begins a new piece with the packet that has these numbers.
    pub(crate) fn begin(
        &mut self,
        layer: LayerIndex,
        source: ExtSeq,
        numbers: SourceNumbers,
        clock_rate: u32,
        now: Instant,
    ) {
        let timestamp = match self.last {
            None => 0,
            Some((last, sent)) => {
                let next = last.wrapping_add(elapsed_ticks(sent, now, clock_rate));
                next.wrapping_sub(numbers.timestamp)
            }
        };
        let continued = self.last.is_some();
        let picture_id = match (self.last_picture.picture_id, numbers.picture_id) {
            (Some(last), Some(first)) if continued => last.wrapping_add(1).wrapping_sub(first),
            _ => 0,
        };
        let tl0_picture_index =
            match (self.last_picture.tl0_picture_index, numbers.tl0_picture_index) {
                (Some(last), Some(first)) if continued => last.wrapping_add(1).wrapping_sub(first),
                _ => 0,
            };
        let offsets = Offsets { timestamp, picture_id, tl0_picture_index };
        self.rewriter.begin(layer, source, offsets, self.goal.temporal);
        self.running = true;
        self.is_plain = is_plain(self.goal, self.goal.temporal);
        if self.goal.pace == Pace::Stills {
            self.still = Some((numbers.timestamp, now));
        }
    }

    /// From now on this is wanted. What runs goes on until it can be reached, unless it is to end.
    pub(crate) fn aim(&mut self, goal: Goal) {
        if goal == self.goal {
            return;
        }
        let was = std::mem::replace(&mut self.goal, goal);
        // After stills and pauses a decoder needs a key frame.
        if goal.pace == Pace::Paused || (goal.pace == Pace::Running && was.pace == Pace::Stills) {
            self.running = false;
        }
        if goal.pace != Pace::Stills {
            self.still = None;
        }
        self.is_plain = is_plain(goal, self.temporal());
    }

    /// A frame of a temporal layer begins with `source`, the newest packet: what is sent from it on. Temporal layers come
    /// back one by one, or what refers to one below that was left out would pass.
    pub(crate) fn turn_temporal(&mut self, temporal: u8, is_switch_point: bool, source: ExtSeq) {
        let (sent, wanted) = (self.temporal(), self.goal.temporal);
        if wanted < sent {
            self.rewriter.turn(source, wanted);
        } else if is_switch_point && temporal <= wanted && temporal.checked_sub(1) == Some(sent) {
            self.rewriter.turn(source, temporal);
        }
    }

    /// A packet of the running layer is left out.
    pub(crate) fn skip(&mut self, layer: LayerIndex, source: ExtSeq, picture: Option<u16>) {
        let is_new = picture.is_some() && self.skipped_picture != picture;
        self.skipped_picture = picture;
        self.rewriter.skip(layer, source, is_new);
    }

    /// The layer began anew under another SSRC.
    pub(crate) fn restart(&mut self, layer: LayerIndex) {
        self.running &= self.layer() != Some(layer);
        self.rewriter.forget(layer);
    }

    /// Whether `bytes` more of retransmission stay within the share.
    pub(crate) fn may_retransmit(&self, bytes: u64, loss_permille: u32) -> bool {
        let share = if loss_permille < LOSSY_PERMILLE {
            RETRANSMISSION_SHARE
        } else {
            RETRANSMISSION_SHARE_LOSSY
        };
        self.retransmitted_bytes + bytes <= RETRANSMISSION_BYTES_FREE + self.bytes / share
    }
}

/// Whether all packets of a layer are forwarded without a look at each.
fn is_plain(goal: Goal, sent: u8) -> bool {
    goal.pace == Pace::Running && goal.temporal == ALL_FRAMES && sent == ALL_FRAMES
}

/// Time since `then` in clock ticks, at least one.
fn elapsed_ticks(then: Instant, now: Instant, clock_rate: u32) -> u32 {
    let micros = now.saturating_duration_since(then).as_micros();
    let ticks = micros * u128::from(clock_rate) / 1_000_000;
    // Timestamps wrap: the low 32 bits are the value (RFC 3550 §5.1).
    ((ticks & 0xffff_ffff) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_continues_timestamp_and_picture_numbers() {
        let start = Instant::now();
        let mut stream = Stream::new(Rewriter::new(Seq(1)), Goal::all_of(LayerIndex(2)));
        let first =
            SourceNumbers { timestamp: 9000, picture_id: Some(30), tl0_picture_index: Some(3) };
        stream.begin(LayerIndex(2), ExtSeq(10), first, 90_000, start);
        assert_eq!(stream.rewriter.current().unwrap().offsets, Offsets::default());
        stream.last = Some((9000, start));
        stream.last_picture = LastPicture { picture_id: Some(30), tl0_picture_index: Some(3) };
        let second =
            SourceNumbers { timestamp: 500, picture_id: Some(700), tl0_picture_index: Some(90) };
        stream.begin(LayerIndex(0), ExtSeq(40), second, 90_000, start + Duration::from_millis(100));
        let offsets = stream.rewriter.current().unwrap().offsets;
        assert_eq!(500_u32.wrapping_add(offsets.timestamp), 18_000);
        assert_eq!(700_u16.wrapping_add(offsets.picture_id), 31);
        assert_eq!(90_u8.wrapping_add(offsets.tl0_picture_index), 4);
    }

    #[test]
    fn a_packet_is_sent_again_once_in_a_round_trip() {
        let (mut repairs, start) = (Repairs::new(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        let rtt = Some(Duration::from_millis(100));
        assert!(repairs.may_repair(Seq(5), rtt, at(0)) && repairs.may_repair(Seq(6), rtt, at(0)));
        assert!(
            !repairs.may_repair(Seq(5), rtt, at(45)) && repairs.may_repair(Seq(5), rtt, at(50))
        );
        assert!(repairs.may_repair(Seq(5), None, at(50)));
    }

    #[test]
    fn retransmission_is_bounded_by_a_quarter_of_the_media() {
        let mut stream = Stream::new(Rewriter::new(Seq(1)), Goal::all_of(LayerIndex(2)));
        assert!(stream.may_retransmit(RETRANSMISSION_BYTES_FREE, 0));
        assert!(!stream.may_retransmit(RETRANSMISSION_BYTES_FREE + 1, 49));
        stream.bytes = 400_000;
        assert!(stream.may_retransmit(RETRANSMISSION_BYTES_FREE + 100_000, 0));
        assert!(!stream.may_retransmit(RETRANSMISSION_BYTES_FREE + 100_001, 0));
        assert!(stream.may_retransmit(RETRANSMISSION_BYTES_FREE + 400_000, 300));
    }

    #[test]
    fn red_is_stripped_for_those_who_do_not_take_it() {
        let with = PayloadTypes { media: Some(Pt(111)), rtx: None, red: Some(Pt(63)) };
        let without = PayloadTypes { red: None, ..with };
        assert_eq!(with.of(CodecKind::Red, false), Some((Pt(63), false)));
        assert_eq!(with.of(CodecKind::Red, true), Some((Pt(111), true)));
        assert_eq!(without.of(CodecKind::Red, false), Some((Pt(111), true)));
        assert_eq!(with.of(CodecKind::Opus, true), Some((Pt(111), false)));
    }
}
