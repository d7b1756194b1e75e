//! The connection on which a participant receives: its sections, and the offer that is out.
//!
//! ```text
//!   two connections   the server offers: it adds sections at the end, and rejects and renames those that are done with
//!   one connection    the client offers: it is asked for sections and for offers, and answered with what they carry
//! ```

use std::time::Instant;

use crate::{
    connection::sdp::{OfferMedia, RemoteSection, SectionKind},
    keys::{ConnectionKey, SubscriptionKey},
    rtp::ids::Mid,
};

/// The connection on which a participant receives, and how far the negotiation is (RFC 3264).
pub(crate) struct Subscriber {
    pub(crate) connection: ConnectionKey,
    pub(crate) sections: Vec<Section>,
    pub(crate) offerer: Offerer,
    /// The offer that is not answered yet; of a client that offers, the request for one.
    pub(crate) outstanding: Option<Outstanding>,
    /// Something changed that the last offer does not say.
    pub(crate) stale: bool,
    /// A subscription found no section: all are tried again when one comes free.
    pub(crate) is_short_of_sections: bool,
}

/// Who offers.
pub(crate) enum Offerer {
    /// We do.
    Server {
        /// Names every section, and never two: clients on LiveKit's Rust core take a track under a mid that they have
        /// seen for the one that it was.
        next_mid: u32,
        next_offer: u32,
    },
    /// The client does, on its only connection.
    Client(Asked),
}

/// What a client that offers was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Asked {
    /// It offers again when it is asked.
    can_be: bool,
    /// It has offered since it joined or resumed. Before, it is about to.
    has_offered: bool,
    /// Sections of its last offer, those for publishing too.
    offered: usize,
    /// Sections that it was asked for and has not offered yet: clients add them at every request.
    audio: usize,
    video: usize,
}

/// An offer that is not answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outstanding {
    pub(crate) id: u32,
    pub(crate) sent: Instant,
    /// What it said: its answer is judged by this, not by what has changed since.
    pub(crate) sections: Vec<(Mid, Option<SubscriptionKey>)>,
}

/// One m-section in which we send. Where we offer, sections are never removed or reordered; one that has been rejected
/// may be used again under another mid (RFC 9429 §5.2.2). Where the client offers, these are the sections of its last
/// offer in which it receives, under its mids.
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
    /// The outstanding offer tells the client that it is rejected, or the answer under way that nothing is sent: browsers
    /// announce a track only in a section that has been without one.
    Released,
    /// Nothing is sent, and the client knows: free for another track.
    Free,
}

impl Subscriber {
    pub(crate) fn new(connection: ConnectionKey) -> Self {
        let mut subscriber = Self {
            connection,
            sections: Vec::new(),
            offerer: Offerer::Server { next_mid: 0, next_offer: 1 },
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

    /// On the only connection of a client, which offers.
    pub(crate) fn of_offering_client(connection: ConnectionKey, can_be_asked: bool) -> Self {
        Self {
            connection,
            sections: Vec::new(),
            offerer: Offerer::Client(Asked { can_be: can_be_asked, ..Asked::default() }),
            outstanding: None,
            stale: false,
            is_short_of_sections: false,
        }
    }

    /// Whether we offer.
    pub(crate) fn offers(&self) -> bool {
        matches!(self.offerer, Offerer::Server { .. })
    }

    fn new_mid(&mut self) -> Option<Mid> {
        let Offerer::Server { next_mid, .. } = &mut self.offerer else { return None };
        let mid = Mid::new(&next_mid.to_string());
        *next_mid = next_mid.saturating_add(1);
        mid
    }

    /// The client's socket was lost and is there again: what was said last may have died with the old one. A client that
    /// offers restarts ICE, and is told all that changed in the answer.
    pub(crate) fn resume(&mut self) {
        self.outstanding = None;
        self.stale = true;
        if let Offerer::Client(asked) = &mut self.offerer {
            *asked = Asked { can_be: asked.can_be, ..Asked::default() };
        }
    }

    /// The client has offered on its only connection: takes the sections in which it receives. Answers the subscriptions
    /// whose sections are not among them any more.
    pub(crate) fn take_offer(&mut self, offered: &[RemoteSection]) -> Vec<SubscriptionKey> {
        let Offerer::Client(asked) = &mut self.offerer else { return Vec::new() };
        let is_usable = |one: &&RemoteSection| {
            one.kind != SectionKind::Application && !one.rejected && one.direction.receives()
        };
        let usable: Vec<&RemoteSection> = offered.iter().filter(is_usable).collect();
        let mut lost = Vec::new();
        self.sections.retain_mut(|section| {
            let is_kept =
                usable.iter().any(|one| one.mid == section.mid && one.kind == section.kind);
            if !is_kept {
                lost.extend(section.subscription());
            }
            if section.state == SectionState::Releasing {
                section.state = SectionState::Released;
            }
            is_kept
        });
        for one in usable {
            if !self.sections.iter().any(|known| known.mid == one.mid) {
                let state = SectionState::Free;
                self.sections.push(Section { mid: one.mid, kind: one.kind, state });
                let count = asked.count(one.kind);
                *count = count.saturating_sub(1);
            }
        }
        asked.has_offered = true;
        asked.offered = offered.len();
        self.outstanding = None;
        lost
    }

    /// The client's offer is answered.
    pub(crate) fn on_answered(&mut self) {
        self.stale = false;
        for section in &mut self.sections {
            if section.state == SectionState::Released {
                section.state = SectionState::Free;
            }
        }
    }

    /// What to ask a client for that offers, if there is anything: sections for sound and for pictures, of which so many
    /// are missing.
    pub(crate) fn ask(&mut self, missing: (usize, usize), now: Instant) -> Option<(usize, usize)> {
        let Offerer::Client(asked) = &mut self.offerer else { return None };
        if !asked.can_be || !asked.has_offered || self.outstanding.is_some() {
            return None;
        }
        let place = crate::limits::SDP_SECTIONS_MAX.saturating_sub(asked.offered);
        let place = place.saturating_sub(asked.audio + asked.video);
        let audio = missing.0.saturating_sub(asked.audio).min(place);
        let video = missing.1.saturating_sub(asked.video).min(place - audio);
        if !self.stale && (audio, video) == (0, 0) {
            return None;
        }
        asked.audio += audio;
        asked.video += video;
        self.stale = false;
        self.outstanding = Some(Outstanding { id: 0, sent: now, sections: Vec::new() });
        Some((audio, video))
    }

    /// A section for a new subscription: a free one of the same kind, else a new one at the end, if we offer; then in
    /// either case under a mid that no other has had.
    pub(crate) fn assign(
        &mut self,
        kind: SectionKind,
        subscription: SubscriptionKey,
    ) -> Option<Mid> {
        let is_free =
            |section: &Section| section.kind == kind && section.state == SectionState::Free;
        let place = self.sections.iter().position(is_free);
        if let Offerer::Client(_) = self.offerer {
            let free = place.and_then(|place| self.sections.get_mut(place));
            self.is_short_of_sections |= free.is_none();
            self.stale |= free.is_some();
            return free.map(|section| {
                section.state = SectionState::Sending(subscription);
                section.mid
            });
        }
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

impl Asked {
    fn count(&mut self, kind: SectionKind) -> &mut usize {
        if kind == SectionKind::Audio { &mut self.audio } else { &mut self.video }
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
