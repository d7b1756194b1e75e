//! Which layer a subscriber is given. For now: the highest that is being sent; a switch happens on a key frame only,
//! so that a decoder never sees a torn picture.

use std::time::Instant;

use super::{publication::Publication, subscription::Stream};

use crate::keys::LayerIndex;

/// What to do with one packet for one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It belongs to the layer that is being sent.
    Forward,
    /// A new piece of the stream begins with it.
    Begin,
    /// Another layer's.
    Drop,
}

/// Decides for one packet of `layer`. Constant time; called for every packet and subscriber.
pub(super) fn decide(
    publication: &Publication,
    stream: &Stream,
    layer: LayerIndex,
    is_key_frame: bool,
    now: Instant,
) -> Decision {
    match stream.layer() {
        Some(current) if current == layer => Decision::Forward,
        None if !publication.is_video() || is_key_frame => Decision::Begin,
        Some(current)
            if is_key_frame && (layer > current || is_silent(publication, current, now)) =>
        {
            Decision::Begin
        }
        _ => Decision::Drop,
    }
}

/// The layer a subscriber waits for, if it is not the one it gets: ask that one for a key frame.
pub(super) fn awaited(
    publication: &Publication,
    stream: &Stream,
    now: Instant,
) -> Option<LayerIndex> {
    let best = publication.highest_active(now)?;
    match stream.layer() {
        Some(current) if current == best => None,
        Some(current) if best < current && !is_silent(publication, current, now) => None,
        _ => Some(best),
    }
}

fn is_silent(publication: &Publication, layer: LayerIndex, now: Instant) -> bool {
    publication.layer(layer).is_none_or(|layer| !layer.is_active(now))
}
