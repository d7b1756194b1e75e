//! What a patient says of a visit that was held: looked at by the clinic before others see it.
//!
//! ```text
//! pending ── publish ──► published ── refuse(why) ──► refused ── publish ──► published
//!    └────── refuse(why) ───────────────────────────────┘
//! ```
//!
//! Others are shown the published ones of a practitioner, and their mean, from so many on; with fewer a mean would tell who
//! said what. Texts are never shown by `Debug`.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    appointment::{Appointment, State},
    id::{AppointmentId, ClinicId, PatientId, PractitionerId, ReviewId},
    note::paragraphs,
    profile::{ProfileError, refuse},
    rev::Rev,
};

/// Longest text, in characters.
pub const TEXT_CHARS_MAX: usize = 2_000;

/// What is written of a visit, sealed with the patient's key.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// What the patient says.
    pub text: String,
    /// What the practitioner answers.
    pub reply: Option<String>,
    /// Why the clinic does not show it.
    pub refused_for: Option<String>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(hidden)")
    }
}

/// Where a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The clinic has not looked at it.
    Pending,
    /// Others may see it.
    Published,
    /// They may not.
    Refused,
}

impl Standing {
    /// The name in the API and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Published => "published",
            Self::Refused => "refused",
        }
    }
}

/// Text that is no standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither pending, published nor refused")]
pub struct StandingError;

impl std::str::FromStr for Standing {
    type Err = StandingError;

    fn from_str(text: &str) -> Result<Self, StandingError> {
        let all = [Self::Pending, Self::Published, Self::Refused];
        all.into_iter().find(|one| one.name() == text).ok_or(StandingError)
    }
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Which one.
    pub id: ReviewId,
    /// Where.
    pub clinic: ClinicId,
    /// Of which visit.
    pub appointment: AppointmentId,
    /// By whom.
    pub patient: PatientId,
    /// Of whom.
    pub practitioner: PractitionerId,
    /// How often it changed.
    pub rev: Rev,
    /// Where it stands.
    pub standing: Standing,
    /// 1 to 5.
    pub stars: u8,
    /// What is written.
    pub words: Words,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Why a review does not go there from where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// Only a visit that was held is reviewed.
    #[error("only a visit that was held can be reviewed")]
    Visit,
    /// It is there already.
    #[error("it is so already")]
    Already,
    /// Only what others see is answered.
    #[error("only a published review is answered")]
    NotPublished,
}

/// Stars and a text, if they can be kept.
///
/// # Errors
/// The field that cannot be so.
pub fn checked(stars: u8, text: &str) -> Result<(), ProfileError> {
    if !(1..=5).contains(&stars) {
        return refuse("/stars", "1 to 5");
    }
    words("/text", text)
}

/// Checks a text about a review.
///
/// # Errors
/// When it is too long, or holds control characters.
pub fn words(field: &'static str, text: &str) -> Result<(), ProfileError> {
    paragraphs(field, text)?;
    if text.chars().count() > TEXT_CHARS_MAX {
        return refuse(field, "at most 2,000 characters");
    }
    Ok(())
}

/// Whether a visit can be reviewed.
///
/// # Errors
/// When it was not held.
pub fn may_be_reviewed(visit: &Appointment) -> Result<(), ReviewError> {
    if visit.state == State::Completed { Ok(()) } else { Err(ReviewError::Visit) }
}

impl Review {
    /// The clinic's word: shown, or not and why.
    ///
    /// # Errors
    /// When it was said already.
    pub fn moderate(&mut self, refused_for: Option<String>) -> Result<(), ReviewError> {
        let next = if refused_for.is_some() { Standing::Refused } else { Standing::Published };
        if self.standing == next {
            return Err(ReviewError::Already);
        }
        self.standing = next;
        self.words.refused_for = refused_for;
        self.rev = self.rev.next();
        Ok(())
    }

    /// The practitioner's answer, in place of an earlier one.
    ///
    /// # Errors
    /// When others do not see the review.
    pub fn reply(&mut self, reply: String) -> Result<(), ReviewError> {
        if self.standing != Standing::Published {
            return Err(ReviewError::NotPublished);
        }
        self.words.reply = Some(reply);
        self.rev = self.rev.next();
        Ok(())
    }
}

/// What others are told of a practitioner: only from so many reviews on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aggregate {
    /// How many are published.
    pub count: u64,
    /// Tenths of a star.
    pub mean_tenths: u64,
}

impl Aggregate {
    /// Of so many reviews with so many stars; nothing below the clinic's least.
    #[must_use]
    pub fn of(count: u64, stars: u64, least: u16) -> Option<Self> {
        if count == 0 || count < u64::from(least) {
            return None;
        }
        Some(Self { count, mean_tenths: (stars * 10 + count / 2) / count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn a_mean_is_told_from_so_many_on_and_rounded() {
        assert_eq!(Aggregate::of(4, 20, 5), None);
        assert_eq!(Aggregate::of(0, 0, 0), None);
        assert_eq!(Aggregate::of(5, 23, 5), Some(Aggregate { count: 5, mean_tenths: 46 }));
        assert_eq!(Aggregate::of(3, 10, 3), Some(Aggregate { count: 3, mean_tenths: 33 }));
    }

    #[test]
    fn a_review_is_answered_only_while_others_see_it() {
        let (random, at) = (Random::seeded(1), Timestamp::UNIX_EPOCH);
        let mut one = Review {
            id: ReviewId::mint(&random, at),
            clinic: ClinicId::mint(&random, at),
            appointment: AppointmentId::mint(&random, at),
            patient: PatientId::mint(&random, at),
            practitioner: PractitionerId::mint(&random, at),
            rev: Rev::FIRST,
            standing: Standing::Pending,
            stars: 5,
            words: Words { text: "canary".to_owned(), ..Words::default() },
            created_at: at,
        };
        assert!(!format!("{one:?}").contains("canary"));
        assert_eq!(one.reply("thanks".to_owned()), Err(ReviewError::NotPublished));
        one.moderate(None).unwrap();
        assert_eq!(one.moderate(None), Err(ReviewError::Already));
        one.reply("thanks".to_owned()).unwrap();
        one.moderate(Some("names somebody".to_owned())).unwrap();
        assert_eq!(one.reply("again".to_owned()), Err(ReviewError::NotPublished));
        assert_eq!(one.rev, Rev(4));
    }
}
