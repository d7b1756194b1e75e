//! Breaking the glass: a practitioner who is not part of a patient's visits looks at them all the same, in an emergency.
//! They say why, for an hour at most, and the clinic looks at each within three days.

use std::str::FromStr;

use jiff::{Timestamp, ToSpan as _};
use protocol::redact::Redacted;
use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{BreakGlassId, ClinicId, PatientId, PractitionerId, UserId},
    notification::UnknownWord,
    rev::Rev,
};

/// Longest.
pub const MINUTES_MAX: u32 = 60;

/// Shortest reason, in characters: one that says something.
pub const REASON_CHARS_MIN: usize = 10;

/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// When the clinic shall have looked at it.
pub const REVIEW_HOURS: i64 = 72;

/// Why, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Life or health is at risk.
    Emergency,
    /// Stands in for who treats the patient.
    Substitute,
    /// Something else; the reason says what.
    Other,
}

impl Why {
    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Substitute => "substitute",
            Self::Other => "other",
        }
    }
}

impl FromStr for Why {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let all = [Self::Emergency, Self::Substitute, Self::Other];
        all.into_iter().find(|why| why.name() == word).ok_or(UnknownWord)
    }
}

/// What the clinic says of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Who looked at it.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// Whether it was right.
    pub justified: bool,
}

/// One breaking of the glass.
#[derive(Debug, Clone)]
pub struct BreakGlass {
    /// Which one.
    pub id: BreakGlassId,
    /// How often it was changed.
    pub rev: Rev,
    /// Where.
    pub clinic: ClinicId,
    /// Who.
    pub user: UserId,
    /// As which practitioner.
    pub practitioner: PractitionerId,
    /// Whose data.
    pub patient: PatientId,
    /// Why.
    pub why: Why,
    /// In their words; none once the patient is forgotten.
    pub reason: Option<Redacted<String>>,
    /// From when.
    pub created: Timestamp,
    /// To before when.
    pub until: Timestamp,
    /// What the clinic says.
    pub review: Option<Review>,
}

impl BreakGlass {
    /// Whether the clinic should have looked at it by now.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.review.is_none() && now > self.created + REVIEW_HOURS.hours()
    }
}
