//! The directory of practitioners: what somebody looks for, and what is found.

use jiff::Timestamp;

use crate::domain::{
    availability::Span,
    id::{PractitionerId, ServiceId},
    money::Money,
    service::Service,
};

/// A practitioner's public card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Who.
    pub id: PractitionerId,
    /// What they are called.
    pub display_name: String,
    /// What they say about themselves.
    pub biography: String,
    /// IANA name of their zone.
    pub time_zone: String,
    /// Where they may practise.
    pub licence_region: Option<String>,
    /// What they do.
    pub specialties: Vec<String>,
    /// What they speak, as BCP 47 tags.
    pub languages: Vec<String>,
}

impl Card {
    /// Whether a lower-case text is part of the name or a specialty.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        self.display_name.to_lowercase().contains(text)
            || self.specialties.iter().any(|specialty| specialty.to_lowercase().contains(text))
    }
}

/// By what the found are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Who is free first.
    #[default]
    NextFree,
    /// Who is cheapest.
    Fee,
    /// By name.
    Name,
}

/// What somebody looks for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// With this specialty.
    pub specialty: Option<String>,
    /// Who speaks this language.
    pub language: Option<String>,
    /// Whose name or specialty contains this.
    pub text: Option<String>,
    /// Who offers this visit type.
    pub service: Option<ServiceId>,
    /// Free from then on.
    pub available_from: Option<Timestamp>,
    /// At most this, in minor units.
    pub max_fee_minor: Option<i64>,
    /// Sorted by this.
    pub order: Order,
}

/// A practitioner who was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Who.
    pub card: Card,
    /// The lowest fee of what they offer.
    pub fee: Option<Money>,
    /// The first time that can be booked, and for which visit type.
    pub next_free: Option<(Span, ServiceId)>,
}

impl Wish {
    /// Whether a visit type of a practitioner counts.
    #[must_use]
    pub fn takes(&self, service: &Service, practitioner: &PractitionerId) -> bool {
        let cheap = self.max_fee_minor.is_none_or(|most| service.terms.price.minor <= most);
        let wanted = self.service.as_ref().is_none_or(|id| *id == service.id);
        cheap
            && wanted
            && service.terms.active
            && service.terms.practitioners.contains(practitioner)
    }

    /// Whether somebody found is shown: who must offer something, or be free, does.
    #[must_use]
    pub fn accepts(&self, found: &Found) -> bool {
        let offers = self.max_fee_minor.is_none() && self.service.is_none() || found.fee.is_some();
        let free = self.available_from.is_none() || found.next_free.is_some();
        offers && free
    }

    /// Sorts the found; who has no time or fee comes last.
    pub fn sort(&self, found: &mut [Found]) {
        let start =
            |found: &Found| found.next_free.as_ref().map_or(Timestamp::MAX, |(v, _)| v.start);
        let fee = |found: &Found| found.fee.map_or(i64::MAX, |fee| fee.minor);
        let name = |found: &Found| found.card.display_name.clone();
        match self.order {
            Order::NextFree => found.sort_by_cached_key(|one| (start(one), name(one))),
            Order::Fee => found.sort_by_cached_key(|one| (fee(one), start(one), name(one))),
            Order::Name => found.sort_by_cached_key(|one| (name(one), one.card.id.clone())),
        }
    }
}

impl Found {
    /// Takes note of what a visit type costs.
    pub fn consider_fee(&mut self, service: &Service) {
        let price = service.terms.price;
        if self.fee.is_none_or(|fee| price.minor < fee.minor) {
            self.fee = Some(price);
        }
    }

    /// Takes note of when a visit type can be booked.
    pub fn consider_slot(&mut self, service: &Service, visit: Option<&Span>) {
        let Some(visit) = visit else { return };
        if self.next_free.as_ref().is_none_or(|(known, _)| visit.start < known.start) {
            self.next_free = Some((*visit, service.id.clone()));
        }
    }
}
