//! What of a picture a subscriber is sent, packet by packet: the goal that allocation has set, reached only where a
//! decoder can follow. Layers change at key frames; temporal layers go at any frame and come back at a switch point
//! (VP8's Y bit, RFC 7741 §4.2); until the wanted layer's key frame comes, the old layer goes on.

use std::time::{Duration, Instant};

use super::{allocate::Pace, publication::Publication, subscription::Stream};

use crate::{
    keys::LayerIndex,
    rtp::{ids::ExtSeq, payload::vp8},
};

/// Time between two stills.
pub(super) const STILL_INTERVAL: Duration = Duration::from_secs(2);

/// What to do with one packet for one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It belongs to what is being sent.
    Forward,
    /// A new piece of the stream begins with it.
    Begin,
    /// Left out of the piece that is being sent: what follows takes its number.
    Skip,
    /// Another layer's, or not wanted.
    Drop,
}

/// What is looked at in a packet.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) layer: LayerIndex,
    pub(super) seq: ExtSeq,
    pub(super) is_key_frame: bool,
    pub(super) timestamp: u32,
    pub(super) descriptor: Option<&'a vp8::Descriptor>,
}

/// Decides for one packet. Constant time; called for every packet and subscriber, and mostly two comparisons.
pub(super) fn decide(
    publication: &Publication,
    stream: &mut Stream,
    seen: Seen<'_>,
    now: Instant,
) -> Decision {
    match stream.layer() {
        Some(current) if current == seen.layer && stream.is_plain => Decision::Forward,
        Some(current) if current == seen.layer => thinned(stream, seen, now),
        None if !publication.is_video() => Decision::Begin,
        current if seen.is_key_frame && leads(publication, stream, current, seen.layer, now) => {
            Decision::Begin
        }
        _ => Decision::Drop,
    }
}

/// A packet of the layer that is being sent, of which not all frames are wanted.
fn thinned(stream: &mut Stream, seen: Seen<'_>, now: Instant) -> Decision {
    match stream.goal.pace {
        Pace::Paused => Decision::Drop,
        Pace::Stills => match stream.still {
            Some((timestamp, _)) if timestamp == seen.timestamp => Decision::Forward,
            still if seen.is_key_frame && is_still_due(still, now) => Decision::Begin,
            _ => Decision::Drop,
        },
        Pace::Running => {
            let Some(descriptor) = seen.descriptor else { return Decision::Forward };
            let Some(temporal) = descriptor.temporal_layer else { return Decision::Forward };
            if !stream.rewriter.is_newest(seen.layer, seen.seq) {
                // Late: it shares the lot of its time, which its epoch knows, and changes nothing for what came since.
                return Decision::Forward;
            }
            if descriptor.start_of_partition && descriptor.partition == 0 {
                let is_switch_point = descriptor.is_layer_sync;
                stream.turn_temporal(temporal, is_switch_point, seen.seq);
            }
            if temporal <= stream.temporal() { Decision::Forward } else { Decision::Skip }
        }
    }
}

/// Whether a key frame of `layer` brings the stream nearer to its goal.
fn leads(
    publication: &Publication,
    stream: &Stream,
    current: Option<LayerIndex>,
    layer: LayerIndex,
    now: Instant,
) -> bool {
    let goal = stream.goal;
    let is_within = layer <= goal.layer;
    match (goal.pace, current) {
        (Pace::Paused, _) => false,
        (_, None) => is_within || is_silent(publication, goal.layer, now),
        (_, Some(current)) if layer > current => is_within,
        (_, Some(current)) => layer >= goal.layer || is_silent(publication, current, now),
    }
}

/// The layer of which a key frame is to be asked for, if the subscriber waits for one.
pub(super) fn awaited(
    publication: &Publication,
    stream: &Stream,
    now: Instant,
) -> Option<LayerIndex> {
    let goal = stream.goal;
    let is_live = |layer| !is_silent(publication, layer, now);
    match (goal.pace, stream.layer()) {
        (Pace::Paused, _) => None,
        (Pace::Running, Some(current)) if current == goal.layer => None,
        (Pace::Stills, Some(current)) if current == goal.layer => {
            is_still_due(stream.still, now).then_some(current)
        }
        _ if is_live(goal.layer) => Some(goal.layer),
        (_, Some(current)) if is_live(current) => None,
        _ => {
            let mut lower = publication.layers.iter().rev().filter(|one| one.index <= goal.layer);
            let lower = lower.find(|one| one.is_active(now)).map(|one| one.index);
            lower.or_else(|| publication.highest_active(now))
        }
    }
}

fn is_still_due(still: Option<(u32, Instant)>, now: Instant) -> bool {
    still.is_none_or(|(_, sent)| now.saturating_duration_since(sent) >= STILL_INTERVAL)
}

fn is_silent(publication: &Publication, layer: LayerIndex, now: Instant) -> bool {
    publication.layer(layer).is_none_or(|layer| !layer.is_active(now))
}
