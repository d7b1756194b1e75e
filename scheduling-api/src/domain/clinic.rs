//! A clinic: the tenant that people, hours and appointments belong to.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::domain::{id::ClinicId, rev::Rev};

/// Longest name of a clinic, in characters.
const NAME_CHARS_MAX: usize = 120;

/// A clinic's public card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clinic {
    /// Which one.
    pub id: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// What it is called.
    pub name: String,
    /// IANA name of the zone that it keeps its hours in.
    pub time_zone: String,
    /// Whom a patient calls when nothing else works.
    pub phone: Option<String>,
}

/// Why something about a clinic was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClinicError {
    /// No name, or too long a one.
    #[error("the name must have 1 to 120 characters")]
    Name,
    /// Not in the time zone database.
    #[error("the time zone is not an IANA name such as Africa/Nairobi")]
    TimeZone,
    /// Not a telephone number.
    #[error(
        "the phone number must have 5 to 20 digits, with a + before them and spaces between them allowed"
    )]
    Phone,
}

/// What may be said about a clinic when it is made or changed.
#[derive(Debug, Clone)]
pub struct ClinicCard {
    /// What it is called.
    pub name: String,
    /// IANA name of its zone.
    pub time_zone: String,
    /// Whom a patient calls.
    pub phone: Option<String>,
}

impl Clinic {
    /// A new clinic.
    ///
    /// # Errors
    /// When the card holds something that cannot be.
    pub fn open(id: ClinicId, card: ClinicCard) -> Result<Self, ClinicError> {
        let card = card.checked()?;
        let ClinicCard { name, time_zone, phone } = card;
        Ok(Self { id, rev: Rev::FIRST, name, time_zone, phone })
    }

    /// The clinic with another card.
    ///
    /// # Errors
    /// When the card holds something that cannot be.
    pub fn with_card(self, card: ClinicCard) -> Result<Self, ClinicError> {
        let rev = self.rev.next();
        Self::open(self.id, card).map(|clinic| Self { rev, ..clinic })
    }
}

impl ClinicCard {
    fn checked(mut self) -> Result<Self, ClinicError> {
        self.name = self.name.trim().to_owned();
        if self.name.is_empty() || self.name.chars().count() > NAME_CHARS_MAX {
            return Err(ClinicError::Name);
        }
        if TimeZone::get(&self.time_zone).is_err() {
            return Err(ClinicError::TimeZone);
        }
        if self.phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            return Err(ClinicError::Phone);
        }
        Ok(self)
    }
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    (5..=20).contains(&digits) && rest.chars().all(|c| c.is_ascii_digit() || c == ' ')
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::random::Random;

    fn open(name: &str, time_zone: &str, phone: Option<&str>) -> Result<Clinic, ClinicError> {
        let id = ClinicId::mint(&Random::seeded(1), Timestamp::UNIX_EPOCH);
        let card = ClinicCard {
            name: name.to_owned(),
            time_zone: time_zone.to_owned(),
            phone: phone.map(str::to_owned),
        };
        Clinic::open(id, card)
    }

    #[test]
    fn a_card_is_checked() {
        let zone = "Africa/Nairobi";
        assert_eq!(open(" Mwangaza ", zone, Some("+254 20 123456")).unwrap().name, "Mwangaza");
        assert_eq!(open("  ", zone, None), Err(ClinicError::Name));
        assert_eq!(open(&"x".repeat(121), zone, None), Err(ClinicError::Name));
        assert_eq!(open("A", "Mars/Base", None), Err(ClinicError::TimeZone));
        assert_eq!(open("A", zone, Some("call me")), Err(ClinicError::Phone));
        assert_eq!(open("A", zone, Some("123")), Err(ClinicError::Phone));
    }
}
