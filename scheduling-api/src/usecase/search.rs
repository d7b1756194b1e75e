//! Finds times that can be booked, and practitioners by what they do and when they are free.
//!
//! A proposal, from calendars that may be cached; whoever books is decided about by the database.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, ToSpan as _};

use crate::{
    api::Api,
    calendar_cache::Calendar,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        availability::Span,
        claim::Resource as Claimed,
        directory::{Found, Wish},
        id::{ClinicId, PractitionerId, ServiceId},
        rev::Rev,
        service::Service,
        slot::{self, Occupied, SEARCH_DAYS_MAX},
    },
    store::{
        Scope, StoreError, Tx, appointments, calendars, claims, directory, schedules, services,
    },
    usecase::Failure,
};

/// Most times that one search gives.
const SLOTS_MAX: usize = 500;

/// Most practitioners that one search of the directory gives.
const FOUND_MAX: usize = 100;

/// How far a calendar is read for the cache, in days: beyond what one search covers, so that it lasts.
const CACHED_DAYS: i64 = 90;

/// A time that can be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FreeSlot {
    pub(crate) practitioner: PractitionerId,
    pub(crate) visit: Span,
}

/// What times are wanted.
#[derive(Debug, Clone)]
pub(crate) struct SlotWish {
    pub(crate) service: ServiceId,
    pub(crate) practitioner: Option<PractitionerId>,
    pub(crate) span: Span,
    pub(crate) limit: usize,
}

/// Finds times that can be booked. Public: it tells when nobody is there, never who is.
pub(crate) async fn search_slots(
    api: &Api,
    caller: &Caller,
    wish: &SlotWish,
) -> Result<Vec<FreeSlot>, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::SearchSlots, &Resource::platform(), now)?;
    if wish.span.end <= wish.span.start {
        return Err(Failure::invalid("/to", "the span must end after it begins"));
    }
    if wish.span.end > wish.span.start + (SEARCH_DAYS_MAX * 24).hours() {
        return Err(Failure::invalid("/to", "a search covers at most 62 days"));
    }
    let practitioner = wish.practitioner.as_ref();
    let (rev, calendar_rev) = calendars::glance(&api.store, &wish.service, practitioner)
        .await?
        .ok_or(Failure::NotFound)?;
    let mut reader = Reader { api, tx: None };
    let service = reader.service(&wish.service, rev).await?;
    let revisions = match practitioner {
        Some(one) => BTreeMap::from([(one.clone(), calendar_rev)]),
        None => calendars::revisions(reader.tx().await?, &service.clinic).await?,
    };
    let offered = service.terms.practitioners.iter();
    let wanted = offered.filter(|id| practitioner.is_none_or(|one| one == *id));
    let limit = wish.limit.clamp(1, SLOTS_MAX);
    let mut found = Vec::new();
    for practitioner in wanted {
        let rev = revisions.get(practitioner).copied().unwrap_or_default();
        let visits = Search { reader: &mut reader, service: &service, now }
            .free(practitioner, rev, wish.span, limit)
            .await?;
        let practitioner = practitioner.clone();
        found.extend(
            visits.into_iter().map(|visit| FreeSlot { practitioner: practitioner.clone(), visit }),
        );
    }
    found.sort_by(|one, other| {
        (one.visit, &one.practitioner).cmp(&(other.visit, &other.practitioner))
    });
    found.truncate(limit);
    Ok(found)
}

/// Searches the directory of practitioners. Public.
pub(crate) async fn search_practitioners(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    wish: &Wish,
) -> Result<Vec<Found>, Failure> {
    let now = api.clock.now();
    let resource = Resource::of_clinic(clinic);
    let _ = access::decide(&caller.actor, Act::SearchPractitioners, &resource, now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    let cards = directory::search(&mut tx, clinic, wish).await?;
    let offers = services::offers(&mut tx, clinic).await?;
    let revisions = calendars::revisions(&mut tx, clinic).await?;
    let from = wish.available_from.unwrap_or(now).max(now);
    let span = Span { start: from, end: from + (SEARCH_DAYS_MAX * 24).hours() };
    let mut reader = Reader { api, tx: Some(tx) };
    let mut found = Vec::new();
    for card in cards {
        let rev = revisions.get(&card.id).copied().unwrap_or_default();
        let id = card.id.clone();
        let mut entry = Found { card, fee: None, next_free: None };
        for service in offers.iter().filter(|service| wish.takes(service, &id)) {
            entry.consider_fee(service);
            let mut search = Search { reader: &mut reader, service, now };
            let visits = search.free(&id, rev, span, 1).await?;
            entry.consider_slot(service, visits.first());
        }
        if wish.accepts(&entry) {
            found.push(entry);
        }
    }
    wish.sort(&mut found);
    found.truncate(FOUND_MAX);
    Ok(found)
}

/// Reads what is not known yet; a search that knows all opens no transaction.
struct Reader<'a> {
    api: &'a Api,
    tx: Option<Tx>,
}

impl Reader<'_> {
    async fn tx(&mut self) -> Result<&mut Tx, StoreError> {
        match &mut self.tx {
            Some(tx) => Ok(tx),
            none => Ok(none.insert(self.api.store.read(Scope::Platform).await?)),
        }
    }

    async fn service(&mut self, id: &ServiceId, rev: Rev) -> Result<Arc<Service>, Failure> {
        if let Some(known) = self.api.calendars.find_service(id, rev) {
            return Ok(known);
        }
        let service = services::find(self.tx().await?, id).await?.ok_or(Failure::NotFound)?;
        let service = Arc::new(service);
        self.api.calendars.keep_service(&service);
        Ok(service)
    }
}

struct Search<'a, 'b> {
    reader: &'a mut Reader<'b>,
    service: &'a Service,
    now: Timestamp,
}

impl Search<'_, '_> {
    async fn free(
        &mut self,
        practitioner: &PractitionerId,
        rev: i64,
        span: Span,
        limit: usize,
    ) -> Result<Vec<Span>, Failure> {
        let terms = &self.service.terms;
        let bookable = slot::bookable_span(terms, self.now);
        let span = Span { start: span.start.max(bookable.start), end: span.end.min(bookable.end) };
        if !terms.active || span.end <= span.start {
            return Ok(Vec::new());
        }
        let reach = slot::claim_of(terms, slot::visit_at(terms, span.end));
        let reach = Span { start: span.start - 4.hours(), end: reach.end };
        let calendar = self.calendar(practitioner, rev, reach).await?;
        let Some(availability) = &calendar.availability else { return Ok(Vec::new()) };
        let busy = calendar.busy_at(reach, self.now);
        let visits = if terms.daily_limit == 0 {
            Vec::new()
        } else {
            let around = Span { start: span.start - 48.hours(), end: span.end + 48.hours() };
            appointments::starts(self.reader.tx().await?, practitioner, &self.service.id, around)
                .await?
        };
        let occupied = Occupied { busy, visits };
        Ok(slot::free(terms, availability, &occupied, span, limit, self.now))
    }

    async fn calendar(
        &mut self,
        practitioner: &PractitionerId,
        rev: i64,
        reach: Span,
    ) -> Result<Arc<Calendar>, Failure> {
        if let Some(known) = self.reader.api.calendars.find(practitioner, rev, reach) {
            return Ok(known);
        }
        let wide =
            Span { start: self.now - 48.hours(), end: self.now + (CACHED_DAYS * 24).hours() };
        let covers = if wide.contains(&reach) { wide } else { reach };
        let schedule = schedules::of_practitioner(self.reader.tx().await?, practitioner).await?;
        let hours = schedule.map(|schedule| schedule.hours.availability()).transpose()?;
        let clinic = &self.service.clinic;
        let resource = Claimed::from(practitioner);
        let busy = claims::active(self.reader.tx().await?, clinic, &resource, covers).await?;
        let calendar = Arc::new(Calendar { rev, availability: hours, busy, covers });
        self.reader.api.calendars.keep(practitioner, Arc::clone(&calendar));
        Ok(calendar)
    }
}
