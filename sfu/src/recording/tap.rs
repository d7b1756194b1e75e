//! The room's end of a recorded track: copies packets into buffers that it was given.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use super::feed::{AUDIO_BUFFERS, Item, Packet, Report, TrackFeed, VIDEO_BUFFERS, Wishes};
use crate::{
    keys::LayerIndex,
    limits::DATAGRAM_BYTES_MAX,
    rtp::packet::Arrived,
    words::{info::TrackInfo, recording::LayerPolicy},
};
use protocol::{
    ids::{Identity, ParticipantSid},
    permission::TrackSource,
};

/// Reports that may wait beside the packets: one a layer and second, and two seconds of them.
const REPORTS_WAITING_MAX: usize = 8;

/// Shortest time between two key frames that a recording asks for: a disk that is always too slow must not spoil the
/// picture for those who are there.
const ASK_INTERVAL: Duration = Duration::from_secs(1);

/// See the module. Dropping it ends the track's recording.
pub(crate) struct Tap {
    items: SyncSender<Item>,
    spare: Receiver<Vec<u8>>,
    policy: LayerPolicy,
    is_video: bool,
    /// The layer that is taken; none before its first key frame.
    layer: Option<LayerIndex>,
    /// The layer that is to be taken from its next key frame on.
    next: Option<LayerIndex>,
    /// Packets without a buffer since the last that had one.
    missed: u32,
    /// What came after packets without a buffer is of no use before a key frame.
    is_behind_gap: bool,
    /// When a key frame was asked for last.
    asked: Option<Instant>,
    wishes: Arc<Wishes>,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Of another layer, or before the first key frame.
    No,
    Yes,
    /// There was no buffer: the writer is behind.
    Missed,
}

impl Tap {
    /// A tap and its end for the writer. Allocates all that it will ever use.
    pub(crate) fn open(
        track: &TrackInfo,
        codec: crate::rtp::payload::CodecKind,
        (participant, identity): (ParticipantSid, Identity),
        policy: LayerPolicy,
    ) -> (Self, TrackFeed) {
        let is_video = !codec.is_audio();
        let buffers = if is_video { VIDEO_BUFFERS } else { AUDIO_BUFFERS };
        let (items, outlet) = sync_channel(buffers + REPORTS_WAITING_MAX);
        let (give_back, spare) = sync_channel(buffers);
        for _ in 0..buffers {
            // There is a place for each.
            let _ = give_back.try_send(Vec::with_capacity(DATAGRAM_BYTES_MAX));
        }
        let wishes = Arc::new(Wishes::default());
        let is_screen =
            matches!(track.source, TrackSource::ScreenShare | TrackSource::ScreenShareAudio);
        let feed = TrackFeed {
            sid: track.sid.clone(),
            participant,
            identity,
            is_screen,
            codec,
            width: track.width,
            height: track.height,
            items: outlet,
            spare: give_back,
            wishes: Arc::clone(&wishes),
        };
        let tap = Self {
            items,
            spare,
            policy,
            is_video,
            layer: None,
            next: None,
            missed: 0,
            is_behind_gap: false,
            asked: None,
            wishes,
        };
        (tap, feed)
    }

    /// Takes a packet if it is of the layer that is recorded. Hot: one copy.
    pub(crate) fn take(
        &mut self,
        layer: LayerIndex,
        packet: &Arrived<'_>,
        is_key: bool,
        now: Instant,
    ) -> Taken {
        if self.layer != Some(layer) {
            let is_next = match self.next {
                Some(next) => next == layer,
                None => self.layer.is_none(),
            };
            if !is_next || (self.is_video && !is_key) {
                return Taken::No;
            }
            (self.layer, self.next) = (Some(layer), None);
        }
        let Ok(mut payload) = self.spare.try_recv() else { return self.miss() };
        payload.clear();
        payload.extend_from_slice(packet.payload);
        let item = Item::Packet(Packet {
            layer: layer.0,
            seq: packet.seq,
            timestamp: packet.timestamp,
            marker: packet.marker,
            is_key,
            codec: packet.codec,
            at: now,
            missed: self.missed,
            payload,
        });
        if self.items.try_send(item).is_err() {
            return self.miss();
        }
        self.is_behind_gap |= self.missed > 0;
        self.missed = 0;
        Taken::Yes
    }

    fn miss(&mut self) -> Taken {
        self.missed = self.missed.saturating_add(1);
        Taken::Missed
    }

    /// The publisher's clock. One that finds no place is made up for by the next.
    pub(crate) fn report(&self, layer: LayerIndex, ntp: u64, timestamp: u32, at: Instant) {
        let _ = self.items.try_send(Item::Report(Report { layer: layer.0, ntp, timestamp, at }));
    }

    /// Chooses the layer by what flows, `layers` in ascending quality; answers the layer that is to send a key frame.
    /// Asked a few times a second.
    pub(crate) fn choose(
        &mut self,
        mut flowing: impl DoubleEndedIterator<Item = LayerIndex>,
        now: Instant,
    ) -> Option<LayerIndex> {
        if !self.is_video {
            return None;
        }
        let wanted = match self.policy {
            LayerPolicy::Best => flowing.next_back(),
            LayerPolicy::Least => flowing.next(),
        };
        // Nothing flows: what was taken is taken on.
        self.next = wanted.filter(|wanted| self.layer != Some(*wanted));
        if self.asked.is_some_and(|at| now.saturating_duration_since(at) < ASK_INTERVAL) {
            return None;
        }
        let layer = self.next.or_else(|| {
            let is_wished = self.wishes.take_key_frame() | std::mem::take(&mut self.is_behind_gap);
            self.layer.filter(|_| is_wished)
        });
        if layer.is_some() {
            self.asked = Some(now);
        }
        layer
    }

    /// The highest layer of so many that is wanted of the publisher.
    pub(crate) fn wanted(&self, highest: LayerIndex) -> LayerIndex {
        match self.policy {
            LayerPolicy::Best => highest,
            LayerPolicy::Least => LayerIndex(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::ids::TrackSid;

    use super::*;
    use crate::{
        rtp::{extension::ExtensionValues, ids::ExtSeq, payload::CodecKind},
        words::info::MediaKind,
    };

    fn track(kind: MediaKind) -> TrackInfo {
        TrackInfo {
            sid: TrackSid::try_from("TR_1".to_owned()).unwrap(),
            kind,
            name: String::new(),
            muted: false,
            width: 640,
            height: 480,
            simulcast: false,
            source: TrackSource::Camera,
            layers: Vec::new(),
            mime_type: String::new(),
            mid: String::new(),
            codecs: Vec::new(),
            encryption: 0,
            stream: String::new(),
            disable_red: false,
            audio_features: Vec::new(),
            version: 0,
        }
    }

    fn open(codec: CodecKind, policy: LayerPolicy) -> (Tap, TrackFeed) {
        let whose = (
            ParticipantSid::try_from("PA_1".to_owned()).unwrap(),
            Identity::try_from("doctor".to_owned()).unwrap(),
        );
        let kind = if codec.is_audio() { MediaKind::Audio } else { MediaKind::Video };
        Tap::open(&track(kind), codec, whose, policy)
    }

    fn packet(codec: CodecKind, seq: u64) -> Arrived<'static> {
        Arrived {
            seq: ExtSeq(seq),
            marker: true,
            timestamp: 0,
            codec,
            values: ExtensionValues::default(),
            payload: b"payload",
        }
    }

    #[test]
    fn a_writer_that_does_not_come_costs_packets_and_the_next_one_says_how_many() {
        let (mut tap, feed) = open(CodecKind::Opus, LayerPolicy::Best);
        let now = Instant::now();
        let mut seq = 0;
        let mut take = |tap: &mut Tap| {
            seq += 1;
            tap.take(LayerIndex(0), &packet(CodecKind::Opus, seq), true, now)
        };
        for _ in 0..AUDIO_BUFFERS {
            assert_eq!(take(&mut tap), Taken::Yes);
        }
        for _ in 0..3 {
            assert_eq!(take(&mut tap), Taken::Missed);
        }
        let Ok(Item::Packet(first)) = feed.items.try_recv() else { panic!("a packet") };
        assert_eq!(first.payload, b"payload");
        feed.spare.try_send(first.payload).unwrap();
        assert_eq!(take(&mut tap), Taken::Yes);
        let last = feed.items.try_iter().last();
        assert!(matches!(last, Some(Item::Packet(Packet { missed: 3, .. }))));
    }

    #[test]
    fn another_layer_is_taken_from_its_key_frame_on() {
        let (mut tap, _feed) = open(CodecKind::Vp8, LayerPolicy::Best);
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let (low, high) = (LayerIndex(0), LayerIndex(1));
        let one = packet(CodecKind::Vp8, 1);
        assert_eq!(tap.take(low, &one, false, start), Taken::No);
        assert_eq!(tap.take(low, &one, true, start), Taken::Yes);
        assert_eq!(tap.choose([low].into_iter(), at(0)), None);
        assert_eq!(tap.choose([low, high].into_iter(), at(1)), Some(high));
        assert_eq!(tap.take(high, &one, false, start), Taken::No);
        assert_eq!(tap.take(low, &one, false, start), Taken::Yes);
        assert_eq!(tap.take(high, &one, true, start), Taken::Yes);
        assert_eq!(tap.take(low, &one, true, start), Taken::No);
        // The better one has stopped.
        assert_eq!(tap.choose([low].into_iter(), at(2)), Some(low));
        // And nothing flows at all: the one that is taken stays.
        assert_eq!(tap.choose([].into_iter(), at(3)), None);
        assert_eq!(tap.take(high, &one, false, start), Taken::Yes);
    }

    #[test]
    fn the_least_layer_is_taken_if_that_is_the_policy() {
        let (mut tap, _feed) = open(CodecKind::Vp8, LayerPolicy::Least);
        let now = Instant::now();
        let (low, high) = (LayerIndex(0), LayerIndex(1));
        let one = packet(CodecKind::Vp8, 1);
        assert_eq!(tap.choose([low, high].into_iter(), now), Some(low));
        assert_eq!(tap.take(high, &one, true, now), Taken::No);
        assert_eq!(tap.take(low, &one, true, now), Taken::Yes);
        assert_eq!((tap.wanted(high), tap.choose([low, high].into_iter(), now)), (low, None));
    }

    #[test]
    fn a_wish_of_the_writer_asks_for_a_key_frame_once() {
        let (mut tap, feed) = open(CodecKind::Vp8, LayerPolicy::Best);
        let (low, now) = (LayerIndex(0), Instant::now());
        tap.take(low, &packet(CodecKind::Vp8, 1), true, now);
        feed.wishes.want_key_frame();
        assert_eq!(tap.choose([low].into_iter(), now), Some(low));
        assert_eq!(tap.choose([low].into_iter(), now + 2 * ASK_INTERVAL), None);
    }

    #[test]
    fn a_disk_that_is_too_slow_asks_when_it_goes_on_and_not_too_often() {
        let (mut tap, feed) = open(CodecKind::Vp8, LayerPolicy::Best);
        let (low, start) = (LayerIndex(0), Instant::now());
        let one = packet(CodecKind::Vp8, 1);
        let mut asked = 0;
        for step in 0..100_u32 {
            let now = start + ASK_INTERVAL / 10 * step;
            while tap.take(low, &one, true, now) == Taken::Yes {}
            asked += u32::from(tap.choose([low].into_iter(), now).is_some());
            // Nothing comes back for the first half.
            if step >= 50
                && let Ok(Item::Packet(packet)) = feed.items.try_recv()
            {
                feed.spare.try_send(packet.payload).unwrap();
            }
        }
        assert!((4..=6).contains(&asked), "{asked}");
    }
}
