//! Which times can be booked: the hours of a practitioner, cut into starts, minus what is occupied.
//!
//! Pure: what is occupied comes in. A search only proposes; the database decides when somebody books. Starts lie on a
//! grid from the beginning of each window, by elapsed time, so that a day with a change of the clocks has as many starts
//! as it has hours. The visit lies within the hours; the buffers around it may reach beyond, where nobody waits.

use jiff::{Timestamp, ToSpan as _, civil::Date};

use crate::domain::{
    availability::{Availability, Span},
    service::ServiceTerms,
};

/// Longest span that one search covers, in days: two months of a calendar view.
pub const SEARCH_DAYS_MAX: i64 = 62;

/// Why a time cannot be booked, whoever asks; staff may override.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotRefusal {
    /// The visit type is switched off.
    #[error("this visit type cannot be booked")]
    Inactive,
    /// It has begun.
    #[error("the time is past")]
    Past,
    /// Too soon.
    #[error("the time is too soon: the notice is too short")]
    Notice,
    /// Too far ahead.
    #[error("the time is too far ahead")]
    Horizon,
    /// The practitioner is not there, or visits do not begin then.
    #[error("no visit can begin at that time")]
    OutsideHours,
    /// The day is full by its limit.
    #[error("no more visits of this type on that day")]
    DailyLimit,
}

/// What a practitioner has on, as far as a search needs to know.
#[derive(Debug, Clone, Default)]
pub struct Occupied {
    /// Active claims, buffers included, in order; no two overlap.
    pub busy: Vec<Span>,
    /// Starts of the active visits of the type that is searched for.
    pub visits: Vec<Timestamp>,
}

/// The visit that begins at an instant.
#[must_use]
pub fn visit_at(terms: &ServiceTerms, start: Timestamp) -> Span {
    Span { start, end: start + i64::from(terms.duration_min).minutes() }
}

/// What a visit occupies: itself and its buffers.
#[must_use]
pub fn claim_of(terms: &ServiceTerms, visit: Span) -> Span {
    Span {
        start: visit.start - i64::from(terms.buffer_before_min).minutes(),
        end: visit.end + i64::from(terms.buffer_after_min).minutes(),
    }
}

/// The span in which a visit may begin now.
#[must_use]
pub fn bookable_span(terms: &ServiceTerms, now: Timestamp) -> Span {
    Span {
        start: now + i64::from(terms.minimum_notice_min).minutes(),
        end: now + (i64::from(terms.horizon_days) * 24).hours(),
    }
}

/// The visits that can be booked and begin within a span, in order, at most `limit`.
#[must_use]
pub fn free(
    terms: &ServiceTerms,
    availability: &Availability,
    occupied: &Occupied,
    span: Span,
    limit: usize,
    now: Timestamp,
) -> Vec<Span> {
    debug_assert!(occupied.busy.is_sorted_by(|one, other| one.end <= other.start));
    let mut found = Vec::new();
    if !terms.active {
        return found;
    }
    let bookable = bookable_span(terms, now);
    let span = Span { start: span.start.max(bookable.start), end: span.end.min(bookable.end) };
    if span.end <= span.start {
        return found;
    }
    let mut day = DayCount::new(terms, availability, occupied);
    for window in availability.windows(span) {
        for visit in starts(terms, window, span.start) {
            if visit.start >= span.end || found.len() >= limit {
                break;
            }
            if is_free(&occupied.busy, claim_of(terms, visit)) && day.has_room(visit.start) {
                found.push(visit);
            }
        }
    }
    found
}

/// Checks that a visit may begin at an instant, apart from what is occupied.
///
/// # Errors
/// Why it may not.
pub fn check(
    terms: &ServiceTerms,
    availability: &Availability,
    visits: &[Timestamp],
    start: Timestamp,
    now: Timestamp,
) -> Result<Span, SlotRefusal> {
    let bookable = bookable_span(terms, now);
    let visit = visit_at(terms, start);
    if !terms.active {
        return Err(SlotRefusal::Inactive);
    }
    if start < now {
        return Err(SlotRefusal::Past);
    }
    if start < bookable.start {
        return Err(SlotRefusal::Notice);
    }
    if start >= bookable.end {
        return Err(SlotRefusal::Horizon);
    }
    let mut windows = availability.windows(visit).into_iter();
    if !windows.any(|window| starts(terms, window, start).next() == Some(visit)) {
        return Err(SlotRefusal::OutsideHours);
    }
    let occupied = Occupied { busy: Vec::new(), visits: visits.to_vec() };
    if DayCount::new(terms, availability, &occupied).has_room(start) {
        Ok(visit)
    } else {
        Err(SlotRefusal::DailyLimit)
    }
}

/// The visits within a window that begin at `from` or later.
fn starts(terms: &ServiceTerms, window: Span, from: Timestamp) -> impl Iterator<Item = Span> {
    let step_ms = i64::from(terms.step_min.max(1)) * 60_000;
    let behind_ms = (from.as_millisecond() - window.start.as_millisecond()).max(0);
    // Rounded up to the grid.
    let first = (behind_ms + step_ms - 1) / step_ms;
    let terms = (terms.duration_min, window);
    (first..).map_while(move |number| {
        let (duration_min, window) = terms;
        let start = window.start + (number * step_ms).milliseconds();
        let end = start + i64::from(duration_min).minutes();
        (end <= window.end).then_some(Span { start, end })
    })
}

fn is_free(busy: &[Span], claim: Span) -> bool {
    let next = busy.partition_point(|other| other.end <= claim.start);
    busy.get(next).is_none_or(|other| !other.overlaps(&claim))
}

/// Counts visits by civil day, for the daily limit.
struct DayCount<'a> {
    limit: usize,
    availability: &'a Availability,
    /// Days of the visits that there are.
    days: Vec<Date>,
}

impl<'a> DayCount<'a> {
    fn new(terms: &ServiceTerms, availability: &'a Availability, occupied: &Occupied) -> Self {
        let limit = terms.daily_limit as usize;
        let day = |start: &Timestamp| availability.zone.to_datetime(*start).date();
        let days = if limit == 0 { Vec::new() } else { occupied.visits.iter().map(day).collect() };
        Self { limit, availability, days }
    }

    fn has_room(&mut self, start: Timestamp) -> bool {
        if self.limit == 0 {
            return true;
        }
        let day = self.availability.zone.to_datetime(start).date();
        self.days.iter().filter(|other| **other == day).count() < self.limit
    }
}

#[cfg(test)]
mod tests;
