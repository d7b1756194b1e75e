//! The note of a visit: written while it is open, final once signed, afterwards only added to.
//!
//! ```text
//! draft ── write ──► draft (rev + 1)
//!   └───── sign ───► signed ── addend ──► signed, one addendum more
//! ```
//!
//! The sections are those of a SOAP note with its reason in front. Texts are never shown by `Debug`.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    appointment::State,
    id::{AddendumId, AppointmentId, ClinicId, NoteId, PatientId, PractitionerId},
    profile::{ProfileError, refuse},
    rev::Rev,
    signature::{RecordError, Signature},
};

/// Longest section, in characters: some ten pages.
pub const SECTION_CHARS_MAX: usize = 20_000;

/// Most addenda of one note: years of a correspondence.
pub const ADDENDA_MAX: usize = 100;

/// What was written, by section.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoteText {
    /// Why the patient came.
    pub reason: String,
    /// What the patient tells.
    pub history: String,
    /// What was found.
    pub findings: String,
    /// What it is thought to be.
    pub assessment: String,
    /// What shall be done.
    pub plan: String,
}

impl NoteText {
    /// The text, if it can be kept.
    ///
    /// # Errors
    /// The section that is too long, or holds control characters.
    pub fn checked(self) -> Result<Self, ProfileError> {
        let sections = [
            ("/reason", &self.reason),
            ("/history", &self.history),
            ("/findings", &self.findings),
            ("/assessment", &self.assessment),
            ("/plan", &self.plan),
        ];
        for (field, text) in sections {
            paragraphs(field, text)?;
        }
        Ok(self)
    }

    fn is_empty(&self) -> bool {
        [&self.reason, &self.history, &self.findings, &self.assessment, &self.plan]
            .into_iter()
            .all(|text| text.trim().is_empty())
    }
}

impl fmt::Debug for NoteText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoteText(hidden)")
    }
}

/// Checks a text of several lines.
///
/// # Errors
/// When it is too long, or holds control characters other than line breaks and tabs.
pub fn paragraphs(field: &'static str, text: &str) -> Result<(), ProfileError> {
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() > SECTION_CHARS_MAX || text.chars().any(is_odd) {
        return refuse(field, "at most 20,000 characters, without control characters");
    }
    Ok(())
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Which one.
    pub id: NoteId,
    /// Whose.
    pub clinic: ClinicId,
    /// Of this visit.
    pub appointment: AppointmentId,
    /// About whom.
    pub patient: PatientId,
    /// Who gave the visit.
    pub practitioner: PractitionerId,
    /// How often it was written.
    pub rev: Rev,
    /// What was written.
    pub text: NoteText,
    /// Who stands for it; a draft until then.
    pub signature: Option<Signature>,
    /// What was added after signing, oldest first.
    pub addenda: Vec<Addendum>,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// Something added to a signed note.
#[derive(Clone, PartialEq, Eq)]
pub struct Addendum {
    /// Which one.
    pub id: AddendumId,
    /// What was written.
    pub text: String,
    /// Who stands for it.
    pub signature: Signature,
}

impl fmt::Debug for Addendum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addendum").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Note {
    /// Replaces the draft's text.
    ///
    /// # Errors
    /// [`RecordError::Signed`] when it is final.
    pub fn write(&mut self, text: NoteText) -> Result<(), RecordError> {
        self.must_be_draft()?;
        self.text = text;
        self.rev = self.rev.next();
        Ok(())
    }

    /// Makes it final.
    ///
    /// # Errors
    /// When it is so already, holds nothing, or the visit has not begun.
    pub fn sign(&mut self, visit: &State, signature: Signature) -> Result<(), RecordError> {
        self.must_be_draft()?;
        if self.text.is_empty() {
            return Err(RecordError::Empty);
        }
        has_begun(visit)?;
        self.signature = Some(signature);
        self.rev = self.rev.next();
        Ok(())
    }

    /// Adds to what is final.
    ///
    /// # Errors
    /// When it is a draft, or has enough of them.
    pub fn addend(&mut self, addendum: Addendum) -> Result<(), RecordError> {
        if self.signature.is_none() {
            return Err(RecordError::Draft);
        }
        if addendum.text.trim().is_empty() {
            return Err(RecordError::Empty);
        }
        if self.addenda.len() >= ADDENDA_MAX {
            return Err(RecordError::TooMany(ADDENDA_MAX));
        }
        self.addenda.push(addendum);
        Ok(())
    }

    fn must_be_draft(&self) -> Result<(), RecordError> {
        if self.signature.is_some() { Err(RecordError::Signed) } else { Ok(()) }
    }
}

/// Whether something may be written about a visit: it is to come, runs, or was held.
///
/// # Errors
/// [`RecordError::Visit`] when not.
pub fn may_be_written(visit: &State) -> Result<(), RecordError> {
    match visit {
        State::Booked | State::CheckedIn | State::InProgress | State::Completed => Ok(()),
        other => Err(RecordError::Visit(other.name())),
    }
}

/// Whether something about a visit may be signed: it runs, or was held.
///
/// # Errors
/// [`RecordError::Visit`] when not.
pub fn has_begun(visit: &State) -> Result<(), RecordError> {
    match visit {
        State::InProgress | State::Completed => Ok(()),
        other => Err(RecordError::Visit(other.name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::id::UserId, random::Random};

    #[test]
    fn a_signed_note_is_final_and_can_only_be_added_to() {
        let mut note = note();
        assert_eq!(note.addend(addendum("later")), Err(RecordError::Draft));
        assert_eq!(note.sign(&State::InProgress, signature()), Err(RecordError::Empty));
        note.write(text("cough")).unwrap();
        assert_eq!(
            note.sign(&State::CheckedIn, signature()),
            Err(RecordError::Visit("checked_in"))
        );
        note.sign(&State::Completed, signature()).unwrap();
        assert_eq!(note.write(text("other")), Err(RecordError::Signed));
        assert_eq!(note.sign(&State::Completed, signature()), Err(RecordError::Signed));
        note.addend(addendum("later")).unwrap();
        assert_eq!(note.addend(addendum(" \n")), Err(RecordError::Empty));
        assert_eq!((note.text, note.addenda.len(), note.rev), (text("cough"), 1, Rev(3)));
    }

    #[test]
    fn a_note_has_no_more_addenda_than_the_limit() {
        let mut note = note();
        note.write(text("cough")).unwrap();
        note.sign(&State::Completed, signature()).unwrap();
        for _ in 0..ADDENDA_MAX {
            note.addend(addendum("more")).unwrap();
        }
        assert_eq!(note.addend(addendum("more")), Err(RecordError::TooMany(ADDENDA_MAX)));
    }

    #[test]
    fn a_section_is_bounded_and_holds_no_control_characters() {
        assert!(text(&"x".repeat(SECTION_CHARS_MAX)).checked().is_ok());
        assert!(text("two\nlines\tand a tab").checked().is_ok());
        assert_eq!(
            text(&"x".repeat(SECTION_CHARS_MAX + 1)).checked().unwrap_err().field,
            "/history"
        );
        assert!(text("\u{1b}[2J").checked().is_err());
    }

    #[test]
    fn what_was_written_is_not_shown() {
        let mut note = note();
        note.write(text("canary")).unwrap();
        note.sign(&State::Completed, signature()).unwrap();
        note.addend(addendum("canary")).unwrap();
        assert!(!format!("{note:?}").contains("canary"));
    }

    fn text(history: &str) -> NoteText {
        NoteText { history: history.to_owned(), ..NoteText::default() }
    }

    fn signature() -> Signature {
        let by = UserId::mint(&Random::seeded(3), Timestamp::UNIX_EPOCH);
        Signature { by, at: Timestamp::UNIX_EPOCH, hash: "00".to_owned() }
    }

    fn addendum(text: &str) -> Addendum {
        let id = AddendumId::mint(&Random::seeded(4), Timestamp::UNIX_EPOCH);
        Addendum { id, text: text.to_owned(), signature: signature() }
    }

    fn note() -> Note {
        let (random, at) = (Random::seeded(1), Timestamp::UNIX_EPOCH);
        Note {
            id: NoteId::mint(&random, at),
            clinic: ClinicId::mint(&random, at),
            appointment: AppointmentId::mint(&random, at),
            patient: PatientId::mint(&random, at),
            practitioner: PractitionerId::mint(&random, at),
            rev: Rev::FIRST,
            text: NoteText::default(),
            signature: None,
            addenda: Vec::new(),
            created_at: at,
        }
    }
}
