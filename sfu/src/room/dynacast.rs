//! Tells publishers which layers somebody takes, so that they need not encode the rest: a layer that is wanted is asked
//! for at once, one that is not is given up after a while. What a line carries is no matter here: it changes faster than
//! encoders begin.

use std::time::Instant;

use super::{
    Room, ladder,
    publication::{Origin, Publication},
    subscription::Binding,
};
use crate::{
    context::Context,
    keys::{LayerIndex, PublicationKey},
    words::event::Message,
};

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
        let recorded = publication.tap.as_ref().zip(highest(publication));
        takers
            .filter(|one| one.binding != Binding::Refused && !one.settings.disabled)
            .map(|one| ladder::cap(publication, &one.settings))
            .chain(recorded.map(|(tap, highest)| tap.wanted(highest)))
            .max()
            .unwrap_or(LayerIndex(0))
    }
}

/// The highest layer of several; `None` for a picture in one.
fn highest(publication: &Publication) -> Option<LayerIndex> {
    let count = publication.info.layers.len();
    u8::try_from(count).ok().filter(|count| *count > 1).map(|count| LayerIndex(count - 1))
}
