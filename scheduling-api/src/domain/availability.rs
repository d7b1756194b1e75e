//! When a practitioner is there: weekly hours in an IANA zone, and dates on which they differ.
//!
//! Hours are civil times; they become instants a day at a time. A time that the clocks skip moves to the first minute
//! that exists; a time that happens twice means the earlier one. So a day of 23 or 25 hours needs no other rule.
//! Owns: the rules and [`Availability::windows`]. Never: what is already booked; see `slot`.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time, Weekday},
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

/// Most windows on one day: nobody has more shifts.
pub const WINDOWS_PER_DAY_MAX: usize = 8;

/// Most dated exceptions of one schedule.
pub const OVERRIDES_MAX: usize = 400;

/// A part of a day, from its start to before its end. An end of 00:00 is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// From this civil time.
    pub from: Time,
    /// To before this one; midnight is the end of the day.
    pub to: Time,
}

/// The hours of one day of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayHours {
    /// Which day: 1 is Monday, 7 Sunday (ISO 8601).
    pub weekday: i8,
    /// When, in order and apart from each other.
    pub windows: Vec<Window>,
}

/// Dates on which the weekly hours do not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// From this date.
    pub first: Date,
    /// To this date, itself included.
    pub last: Date,
    /// The hours of each of these dates instead; none is leave.
    pub windows: Vec<Window>,
}

/// Why hours were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AvailabilityError {
    /// Not in the time zone database.
    #[error("the time zone is not an IANA name such as Africa/Nairobi")]
    TimeZone,
    /// No day of the week.
    #[error("a weekday is 1 (Monday) to 7 (Sunday), each once")]
    Weekday,
    /// Windows that are empty, overlap, or are too many.
    #[error("windows must be in order, apart from each other, and at most 8 a day")]
    Windows,
    /// An exception that ends before it begins, or too many.
    #[error(
        "an override must not end before it begins, nor last over two years, and there are at most 400"
    )]
    Override,
}

/// When a practitioner is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// The zone that the hours are meant in.
    pub zone: TimeZone,
    /// The weekly hours; a day without a row is free.
    pub weekly: Vec<DayHours>,
    /// Exceptions; of two for one date the later in the list holds.
    pub overrides: Vec<Override>,
}

/// A time span, from its start to before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
}

impl Span {
    /// Whether the two have an instant in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether the other lies within this one.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

impl Availability {
    /// Checks hours that came from outside.
    ///
    /// # Errors
    /// When they cannot be.
    pub fn new(
        zone: &str,
        weekly: Vec<DayHours>,
        overrides: Vec<Override>,
    ) -> Result<Self, AvailabilityError> {
        let zone = TimeZone::get(zone).map_err(|_| AvailabilityError::TimeZone)?;
        for (index, day) in weekly.iter().enumerate() {
            let earlier = weekly.iter().take(index);
            if Weekday::from_monday_one_offset(day.weekday).is_err()
                || earlier.into_iter().any(|other| other.weekday == day.weekday)
            {
                return Err(AvailabilityError::Weekday);
            }
            check_windows(&day.windows)?;
        }
        if overrides.len() > OVERRIDES_MAX {
            return Err(AvailabilityError::Override);
        }
        for exception in &overrides {
            let longest = exception.first.checked_add(2.years());
            if exception.last < exception.first || !longest.is_ok_and(|end| exception.last <= end) {
                return Err(AvailabilityError::Override);
            }
            check_windows(&exception.windows)?;
        }
        Ok(Self { zone, weekly, overrides })
    }

    /// The windows that touch a span, in order. Costs a step for each day of the span.
    #[must_use]
    pub fn windows(&self, span: Span) -> Vec<Span> {
        let mut found = Vec::new();
        let mut date = self.zone.to_datetime(span.start).date();
        let last = self.zone.to_datetime(span.end).date();
        // A window that ends at midnight belongs to the day before.
        while date <= last {
            for window in self.windows_of(date) {
                let window = Span {
                    start: self.instant(date.to_datetime(window.from)),
                    end: self.end_instant(date, window.to),
                };
                // Hours that the clocks skip whole leave nothing.
                if window.start < window.end && window.overlaps(&span) {
                    found.push(window);
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        found
    }

    fn windows_of(&self, date: Date) -> &[Window] {
        let exception =
            self.overrides.iter().rev().find(|other| (other.first..=other.last).contains(&date));
        if let Some(exception) = exception {
            return &exception.windows;
        }
        let weekday = date.weekday().to_monday_one_offset();
        let day = self.weekly.iter().find(|day| day.weekday == weekday);
        day.map_or(&[], |day| &day.windows)
    }

    fn end_instant(&self, date: Date, to: Time) -> Timestamp {
        let date = if to == Time::midnight() { date.tomorrow().unwrap_or(date) } else { date };
        self.instant(date.to_datetime(to))
    }

    /// The instant of a civil time: skipped, the first that exists after it; doubled, the earlier.
    fn instant(&self, civil: DateTime) -> Timestamp {
        let ambiguous = self.zone.to_ambiguous_timestamp(civil);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { after, .. } => {
                // Read with the offset that holds later, a skipped time lies before the change, by less than the gap.
                let before = after.to_timestamp(civil).unwrap_or(Timestamp::MIN);
                let mut changes = self.zone.following(before);
                changes.next().map_or(before, |change| change.timestamp())
            }
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                // Out of jiff's range is the year 9999.
                ambiguous.earlier().unwrap_or(Timestamp::MAX)
            }
        }
    }
}

fn check_windows(windows: &[Window]) -> Result<(), AvailabilityError> {
    let midnight = Time::midnight();
    let ends = |window: &Window| window.to == midnight || window.from < window.to;
    let apart = windows.windows(2).all(|pair| match pair {
        [one, two] => one.to != midnight && one.to <= two.from,
        _ => true,
    });
    if windows.len() <= WINDOWS_PER_DAY_MAX && windows.iter().all(ends) && apart {
        Ok(())
    } else {
        Err(AvailabilityError::Windows)
    }
}

#[cfg(test)]
mod tests;
