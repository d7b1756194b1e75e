//! Tells publishers which layers somebody takes, so that they need not encode the rest: a layer that is wanted is asked
//! for at once, one that is not is given up after a while. What a line carries is no matter here: it changes faster than
//! encoders begin.

use std::time::{Duration, Instant};

use super::{
    Room, bandwidth,
    publication::{Origin, Publication},
    subscription::Binding,
};
use crate::{
    context::Context,
    keys::{LayerIndex, PublicationKey},
    words::event::Message,
};

/// How long a layer must be unwanted.
const LOWER_AFTER: Duration = Duration::from_secs(5);

/// What the publisher was told, and since when less is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Demand {
    /// The highest wanted layer; `None`: all, as nothing has been said.
    told: Option<LayerIndex>,
    less_since: Option<Instant>,
}

impl Demand {
    /// Takes what is wanted now; answers whether the publisher must be told.
    fn turn(&mut self, wanted: LayerIndex, highest: LayerIndex, now: Instant) -> bool {
        let told = self.told.unwrap_or(highest);
        if wanted == told {
            self.less_since = None;
            return false;
        }
        if wanted < told {
            let since = *self.less_since.get_or_insert(now);
            if now.saturating_duration_since(since) < LOWER_AFTER {
                return false;
            }
        }
        self.less_since = None;
        self.told = Some(wanted);
        true
    }
}

impl Room {
    /// Looks at all publications of this shard.
    pub(super) fn tell_demands(&mut self, context: &mut Context, now: Instant) {
        for key in self.publications.keys().collect::<Vec<_>>() {
            self.tell_demand(context, key, now);
        }
    }

    /// Tells the publisher of one publication if something else is wanted of it.
    pub(super) fn tell_demand(&mut self, context: &mut Context, key: PublicationKey, now: Instant) {
        let Some(publication) = self.publications.get(key) else { return };
        let Origin::Here(edges) = &publication.origin else { return };
        let layers = &publication.info.layers;
        let Some(highest) = highest(publication).filter(|_| publication.is_video()) else { return };
        let wanted = if edges.is_empty() { self.wanted(publication) } else { highest };
        let told: Vec<_> = (0_u8..)
            .zip(layers)
            .map(|(index, layer)| (layer.quality, LayerIndex(index) <= wanted))
            .collect();
        let publisher = publication.publisher;
        let (track, mime_type) = (publication.sid().clone(), publication.info.mime_type.clone());
        let Some(publication) = self.publications.get_mut(key) else { return };
        if publication.demand.turn(wanted, highest, now) {
            let message = Message::SubscribedQuality { track, mime_type, layers: told };
            context.emit(self.session_of(publisher), message);
        }
    }

    /// The highest layer that somebody here wants. The lowest always is: whoever comes next is to see something at once.
    fn wanted(&self, publication: &Publication) -> LayerIndex {
        let takers = publication.subscribers.iter().filter_map(|key| self.subscriptions.get(*key));
        takers
            .filter(|one| one.binding != Binding::Refused && !one.settings.disabled)
            .map(|one| bandwidth::cap(publication, &one.settings))
            .max()
            .unwrap_or(LayerIndex(0))
    }
}

/// The highest layer of several; `None` for a picture in one.
fn highest(publication: &Publication) -> Option<LayerIndex> {
    let count = publication.info.layers.len();
    u8::try_from(count).ok().filter(|count| *count > 1).map(|count| LayerIndex(count - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_told_at_once_and_less_after_five_seconds() {
        let (start, highest) = (Instant::now(), LayerIndex(2));
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut demand = Demand::default();
        for (second, wanted, told) in [
            (0, 2, false),
            (1, 0, false),
            (4, 1, false),
            (5, 2, false),
            (6, 0, false),
            (10, 0, false),
            (11, 0, true),
            (12, 1, true),
            (13, 1, false),
            (14, 2, true),
        ] {
            assert_eq!(demand.turn(LayerIndex(wanted), highest, at(second)), told, "{second}");
        }
    }
}
