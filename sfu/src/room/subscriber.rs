//! The connection on which a participant receives: its sections, and the offer that is out.

use std::time::Instant;

use crate::{
    connection::sdp::{OfferMedia, SectionKind},
    keys::{ConnectionKey, SubscriptionKey},
    rtp::ids::Mid,
};

/// The connection on which the server offers, and how far the negotiation is (RFC 3264).
pub(crate) struct Subscriber {
    pub(crate) connection: ConnectionKey,
    pub(crate) sections: Vec<Section>,
    /// Names every section, and never two: clients on LiveKit's Rust core take a track under a mid that they have seen
    /// for the one that it was.
    next_mid: u32,
    pub(crate) next_offer: u32,
    /// The offer that is not answered yet.
    pub(crate) outstanding: Option<Outstanding>,
    /// Something changed that the last offer does not say.
    pub(crate) stale: bool,
    /// A subscription found no section: all are tried again when one comes free.
    pub(crate) is_short_of_sections: bool,
}

/// An offer that is not answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outstanding {
    pub(crate) id: u32,
    pub(crate) sent: Instant,
    /// What it said: its answer is judged by this, not by what has changed since.
    pub(crate) sections: Vec<(Mid, Option<SubscriptionKey>)>,
}

/// One m-section of the subscriber connection. Sections are never removed or reordered; one that has been rejected may
/// be used again under another mid (RFC 9429 §5.2.2).
pub(crate) struct Section {
    pub(crate) mid: Mid,
    pub(crate) kind: SectionKind,
    pub(crate) state: SectionState,
}

/// What a section is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SectionState {
    /// Data channels.
    Data,
    /// A subscription.
    Sending(SubscriptionKey),
    /// No longer used; the client has not been told.
    Releasing,
    /// The outstanding offer tells the client that it is rejected.
    Released,
    /// Rejected and confirmed: free for another track.
    Free,
}

impl Subscriber {
    pub(crate) fn new(connection: ConnectionKey) -> Self {
        let mut subscriber = Self {
            connection,
            sections: Vec::new(),
            next_mid: 0,
            next_offer: 1,
            outstanding: None,
            stale: true,
            is_short_of_sections: false,
        };
        // The first section carries the bundle's transport and must stay (RFC 9143 §7.5.3): data never ends.
        let (kind, state) = (SectionKind::Application, SectionState::Data);
        let data = subscriber.new_mid().map(|mid| Section { mid, kind, state });
        subscriber.sections.extend(data);
        subscriber
    }

    fn new_mid(&mut self) -> Option<Mid> {
        let mid = Mid::new(&self.next_mid.to_string());
        self.next_mid = self.next_mid.saturating_add(1);
        mid
    }

    /// A section for a new subscription: a free one of the same kind, else a new one at the end; in either case under a
    /// mid that no other has had.
    pub(crate) fn assign(
        &mut self,
        kind: SectionKind,
        subscription: SubscriptionKey,
    ) -> Option<Mid> {
        let is_free =
            |section: &Section| section.kind == kind && section.state == SectionState::Free;
        let place = self.sections.iter().position(is_free);
        if place.is_none() && self.sections.len() >= crate::limits::SDP_SECTIONS_MAX {
            self.is_short_of_sections = true;
            return None;
        }
        let mid = self.new_mid()?;
        let section = Section { mid, kind, state: SectionState::Sending(subscription) };
        match place.and_then(|place| self.sections.get_mut(place)) {
            Some(free) => *free = section,
            None => self.sections.push(section),
        }
        self.stale = true;
        Some(mid)
    }

    pub(crate) fn release(&mut self, subscription: SubscriptionKey) {
        for section in &mut self.sections {
            if section.state == SectionState::Sending(subscription) {
                section.state = SectionState::Releasing;
                self.stale = true;
            }
        }
    }
}

impl Section {
    /// The subscription that it carries.
    pub(crate) fn subscription(&self) -> Option<SubscriptionKey> {
        match self.state {
            SectionState::Sending(subscription) => Some(subscription),
            _ => None,
        }
    }

    /// The section as it stands in an offer, when it sends nothing.
    pub(crate) fn idle_media(&self) -> OfferMedia {
        match self.kind {
            SectionKind::Application => OfferMedia::Data,
            kind => OfferMedia::Rejected { kind },
        }
    }
}
