//! The ways of sending one picture to one subscriber, from what comes of it and what the subscriber wishes.

use std::time::Instant;

use protocol::permission::TrackSource;

use super::{
    allocate::{Ladder, Pace, Rung},
    publication::{Layer, Publication},
    subscription::{ALL_FRAMES, Goal, Subscription},
};
use crate::{
    keys::LayerIndex,
    words::{command::TrackSettings, info::VideoLayer},
};

/// A still costs this part of the layer's stream: a key frame of a quarter of a second's bits every two seconds.
const STILL_DIVISOR: u64 = 8;

/// A requested height is met by a layer of this part of it, in percent (LiveKit's rule).
const HEIGHT_PERCENT: u32 = 90;

/// What a subscription costs as it is sent, or as it is to be sent.
pub(super) fn current_bps(
    publication: &Publication,
    subscription: &Subscription,
    ladder: &Ladder,
) -> u64 {
    let stream = &subscription.stream;
    let sent = stream.layer().and_then(|layer| publication.layer(layer));
    let sent_bps = sent.map_or(0, |layer| layer.meter.bps(stream.temporal()));
    let goal = stream.goal;
    let rungs = (0..ladder.len()).filter_map(|place| ladder.get(place));
    let meant = rungs
        .filter(|rung| {
            (rung.layer, rung.temporal, rung.pace) == (goal.layer, goal.temporal, goal.pace)
        })
        .map(|rung| rung.bps)
        .max();
    match goal.pace {
        Pace::Paused => 0,
        Pace::Stills => meant.unwrap_or(0),
        Pace::Running => sent_bps.max(meant.unwrap_or(0)),
    }
}

/// The ways of sending a publication that a subscriber's wishes leave, of layers that come.
pub(super) fn ladder(publication: &Publication, settings: &TrackSettings, now: Instant) -> Ladder {
    let cap = cap(publication, settings);
    let live = || publication.layers.iter().filter(|layer| layer.is_active(now));
    let lowest = live().map(|layer| layer.index).min();
    let mut ladder = Ladder::default();
    // If only layers beyond the wish come, the least of them does.
    let is_wanted = |layer: &&Layer| layer.index <= cap || Some(layer.index) == lowest;
    for layer in live().filter(is_wanted) {
        let meter = &layer.meter;
        let declared = publication.info.layers.get(usize::from(layer.index.0));
        let all_bps = match meter.bps(ALL_FRAMES) {
            0 => declared.map_or(0, |one| one.bitrate_bps.into()),
            measured => measured,
        };
        let rung = |temporal, pace, bps| Rung { layer: layer.index, temporal, pace, bps };
        let is_lowest = Some(layer.index) == lowest;
        if is_lowest && publication.info.source != TrackSource::ScreenShare {
            ladder.push(rung(ALL_FRAMES, Pace::Stills, all_bps / STILL_DIVISOR));
        }
        let highest = meter.highest_temporal();
        let first = if is_lowest { 0 } else { highest.saturating_sub(1) };
        for temporal in first..highest {
            ladder.push(rung(temporal, Pace::Running, meter.bps(temporal)));
            if is_fast_enough(meter.fps(temporal), settings.fps) {
                return ladder;
            }
        }
        ladder.push(rung(ALL_FRAMES, Pace::Running, all_bps));
    }
    ladder
}

/// Whether so many frames a second are as many as are wanted; 0: no wish.
fn is_fast_enough(fps: u64, wanted: u32) -> bool {
    wanted > 0 && fps >= u64::from(wanted)
}

/// The highest layer that a subscriber wants (LiveKit's rules: by height if it gives one, else by quality).
pub(super) fn cap(publication: &Publication, settings: &TrackSettings) -> LayerIndex {
    let layers = &publication.info.layers;
    let highest = u8::try_from(layers.len().saturating_sub(1)).unwrap_or(0);
    let wanted = if settings.height > 0 && settings.width > 0 {
        by_height(layers, settings.height)
    } else {
        settings.quality.map(|quality| quality as u8)
    };
    LayerIndex(wanted.unwrap_or(highest).min(highest))
}

/// The lowest layer that is nearly as high; of two of one height the upper. `None`: the highest.
fn by_height(layers: &[VideoLayer], height: u32) -> Option<u8> {
    let wanted = u64::from(height) * u64::from(HEIGHT_PERCENT);
    let place = layers
        .iter()
        .position(|layer| layer.height > 0 && u64::from(layer.height) * 100 >= wanted)?;
    let found = layers.get(place)?.height;
    let same = layers.iter().skip(place).take_while(|layer| layer.height == found).count();
    u8::try_from(place + same - 1).ok()
}

/// What a new subscription aims at, before anything is known of the line: a picture soon, and no burst.
pub(super) fn first_goal(
    is_adaptive: bool,
    publication: &Publication,
    settings: &TrackSettings,
) -> Goal {
    let first = LayerIndex(u8::from(!is_adaptive));
    Goal::all_of(if publication.info.layers.len() > 1 {
        first.min(cap(publication, settings))
    } else {
        LayerIndex(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::info::VideoQuality;

    fn layers(heights: &[u32]) -> Vec<VideoLayer> {
        let layer = |(index, height): (usize, &u32)| VideoLayer {
            quality: [VideoQuality::Low, VideoQuality::Medium, VideoQuality::High][index],
            width: height * 16 / 9,
            height: *height,
            bitrate_bps: 0,
            ssrc: 0,
        };
        heights.iter().enumerate().map(layer).collect()
    }

    #[test]
    fn a_height_asks_for_the_lowest_layer_that_nearly_has_it() {
        for (heights, asked, wanted) in [
            (&[180, 360, 720][..], 100, Some(0)),
            (&[180, 360, 720], 200, Some(0)),
            (&[180, 360, 720], 201, Some(1)),
            (&[180, 360, 720], 400, Some(1)),
            (&[180, 360, 720], 720, Some(2)),
            (&[180, 360, 720], 1080, None),
            (&[360, 360, 720], 300, Some(1)),
            (&[0, 0, 0], 300, None),
        ] {
            assert_eq!(by_height(&layers(heights), asked), wanted, "{heights:?} {asked}");
        }
    }
}
