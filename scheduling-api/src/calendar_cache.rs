//! Calendars and visit types that were read before, for searches.
//!
//! A calendar holds as long as its practitioner's counter in the store is the same, a visit type as long as its revision
//! is, so nothing needs to be told to forget; a search reads those first. Never asked when something is booked: the database decides that.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::domain::{
    availability::{Availability, Span},
    id::{PractitionerId, ServiceId},
    rev::Rev,
    service::Service,
};

/// Most calendars that are kept: 2,000 of a full quarter are some 50 MB. Beyond it all are forgotten and read again.
const CALENDARS_MAX: usize = 2_000;

/// Most visit types that are kept: with 200 practitioners each, some 10 MB. Beyond it all are forgotten and read again.
const SERVICES_MAX: usize = 1_000;

/// A practitioner's calendar as a search needs it.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// The counter that it was read at.
    pub(crate) rev: i64,
    /// The hours; none when there are none.
    pub(crate) availability: Option<Availability>,
    /// Active claims in order, with when each ends by itself.
    pub(crate) busy: Vec<(Span, Option<Timestamp>)>,
    /// The span that `busy` is complete for.
    pub(crate) covers: Span,
}

impl Calendar {
    /// What is occupied within a span at an instant: claims that have ended by themselves are not.
    pub(crate) fn busy_at(&self, span: Span, now: Timestamp) -> Vec<Span> {
        let first = self.busy.partition_point(|(busy, _)| busy.end <= span.start);
        let rest = self.busy.iter().skip(first);
        let within = rest.take_while(|(busy, _)| busy.start < span.end);
        let active = within.filter(|(_, until)| until.is_none_or(|until| now < until));
        active.map(|(busy, _)| *busy).collect()
    }
}

/// What was read before.
#[derive(Debug, Default)]
pub struct CalendarCache {
    calendars: Mutex<HashMap<PractitionerId, Arc<Calendar>>>,
    services: Mutex<HashMap<ServiceId, Arc<Service>>>,
}

impl CalendarCache {
    /// A calendar, if it is known as of that counter and for that span.
    pub(crate) fn find(&self, of: &PractitionerId, rev: i64, span: Span) -> Option<Arc<Calendar>> {
        let calendars = self.calendars.lock().unwrap_or_else(PoisonError::into_inner);
        let calendar = calendars.get(of)?;
        (calendar.rev == rev && calendar.covers.contains(&span)).then(|| Arc::clone(calendar))
    }

    /// Keeps a calendar.
    pub(crate) fn keep(&self, of: &PractitionerId, calendar: Arc<Calendar>) {
        let mut calendars = self.calendars.lock().unwrap_or_else(PoisonError::into_inner);
        if calendars.len() >= CALENDARS_MAX && !calendars.contains_key(of) {
            calendars.clear();
        }
        calendars.insert(of.clone(), calendar);
    }

    /// A visit type, if it is known in that revision.
    pub(crate) fn find_service(&self, id: &ServiceId, rev: Rev) -> Option<Arc<Service>> {
        let services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        services.get(id).filter(|service| service.rev == rev).map(Arc::clone)
    }

    /// Keeps a visit type.
    pub(crate) fn keep_service(&self, service: &Arc<Service>) {
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        if services.len() >= SERVICES_MAX && !services.contains_key(&service.id) {
            services.clear();
        }
        services.insert(service.id.clone(), Arc::clone(service));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn span(start: i64, end: i64) -> Span {
        Span { start: at(start), end: at(end) }
    }

    fn calendar() -> Calendar {
        let busy = vec![(span(10, 20), None), (span(20, 30), Some(at(5))), (span(40, 50), None)];
        Calendar { rev: 3, availability: None, busy, covers: span(0, 100) }
    }

    #[test]
    fn a_calendar_of_another_counter_or_span_is_not_known() {
        let cache = CalendarCache::default();
        let id = PractitionerId::mint(&Random::seeded(1), at(0));
        cache.keep(&id, Arc::new(calendar()));
        assert!(cache.find(&id, 3, span(0, 100)).is_some());
        assert!(cache.find(&id, 4, span(0, 100)).is_none());
        assert!(cache.find(&id, 3, span(0, 101)).is_none());
    }

    #[test]
    fn a_hold_that_has_ended_occupies_nothing() {
        let busy = |now| calendar().busy_at(span(15, 45), at(now));
        assert_eq!(busy(4), [span(10, 20), span(20, 30), span(40, 50)]);
        assert_eq!(busy(5), [span(10, 20), span(40, 50)]);
    }

    #[test]
    fn only_what_touches_the_span_counts() {
        assert_eq!(calendar().busy_at(span(20, 40), at(9)), []);
    }
}
