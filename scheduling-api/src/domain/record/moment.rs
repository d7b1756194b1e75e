//! When something was: as exactly as somebody knows it (FHIR R4 `dateTime`: a year, a month, a day, or an instant).

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A year, month, day, or instant with its zone, as it was written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment {
    text: String,
    from: Timestamp,
    to: Timestamp,
}

/// A text that is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither YYYY, YYYY-MM, YYYY-MM-DD nor YYYY-MM-DDThh:mm:ss with a zone")]
pub struct MomentError;

impl Moment {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none, or lies before the year 1 or after 9999.
    pub fn parse(text: &str) -> Result<Self, MomentError> {
        let (from, to) = bounds(text).ok_or(MomentError)?;
        Ok(Self { text: text.to_owned(), from, to })
    }

    /// An instant.
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        Self::parse(&instant.to_string()).unwrap_or(Self {
            text: instant.to_string(),
            from: instant,
            to: instant,
        })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first instant that it may mean; days begin at midnight UTC.
    #[must_use]
    pub const fn from(&self) -> Timestamp {
        self.from
    }

    /// The first instant after all that it may mean; of an instant, itself.
    #[must_use]
    pub const fn to(&self) -> Timestamp {
        self.to
    }
}

/// The millisecond that it begins and the one that it ends before; an instant in whole seconds lasts a second, one with a
/// fraction a millisecond.
fn bounds(text: &str) -> Option<(Timestamp, Timestamp)> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let day = |year: &str, month: &str, day: &str| {
        let sound = year.len() == 4 && month.len() == 2 && day.len() == 2;
        let sound = sound && digits(year) && digits(month) && digits(day);
        let date = || Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok();
        if sound { date() } else { None }
    };
    let whole = |first: Date, next: Option<Date>| {
        let at = |date: Date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
        Some((at(first)?, at(next?)?))
    };
    if text.len() > 10 {
        return instant(text);
    }
    match parts.as_slice() {
        [year] => {
            let first = day(year, "01", "01")?;
            whole(first, first.checked_add(1.year()).ok())
        }
        [year, month] => {
            let first = day(year, month, "01")?;
            whole(first, first.checked_add(1.month()).ok())
        }
        [year, month, number] => {
            let first = day(year, month, number)?;
            whole(first, first.tomorrow().ok())
        }
        _ => None,
    }
}

fn instant(text: &str) -> Option<(Timestamp, Timestamp)> {
    let shaped = text.as_bytes().get(10) == Some(&b'T') && text.len() <= 40;
    // RFC 9557's zone in brackets is jiff's, not FHIR's.
    let from: Timestamp = if shaped && !text.contains('[') { text.parse().ok()? } else { None? };
    let from = Timestamp::from_millisecond(from.as_millisecond()).ok()?;
    let lasts = if text.contains('.') { 1.millisecond() } else { 1.second() };
    Some((from, from.checked_add(lasts).ok()?))
}

impl TryFrom<String> for Moment {
    type Error = MomentError;

    fn try_from(text: String) -> Result<Self, MomentError> {
        Self::parse(&text)
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_as_long_as_it_is_exact() {
        for (text, from, to) in [
            ("2015", "2015-01-01T00:00:00Z", "2016-01-01T00:00:00Z"),
            ("2015-12", "2015-12-01T00:00:00Z", "2016-01-01T00:00:00Z"),
            ("2016-02-29", "2016-02-29T00:00:00Z", "2016-03-01T00:00:00Z"),
            ("2016-02-29T12:00:00+03:00", "2016-02-29T09:00:00Z", "2016-02-29T09:00:01Z"),
            ("2016-02-29T09:00:00.250Z", "2016-02-29T09:00:00.25Z", "2016-02-29T09:00:00.251Z"),
        ] {
            let moment = Moment::parse(text).unwrap();
            let expected = (from.parse().unwrap(), to.parse().unwrap());
            assert_eq!((moment.from(), moment.to()), expected, "{text}");
            assert_eq!(moment.as_str(), text);
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "15",
            "2015-13",
            "2015-02-30",
            "2015-2-3",
            "2015-02-03T10:00:00",
            "+2015",
            "20150203",
            "2015-02-03T",
            "9999-12-31T23:59:59.999999Z[UTC]",
            "2015-02-03 10:00:00Z",
            "9999",
        ] {
            assert_eq!(Moment::parse(text).err(), Some(MomentError), "{text}");
        }
    }
}
