//! The patient's record beyond visits: conditions, allergies, medicines, observations, history, answers to questionnaires.
//!
//! ```text
//! entry ── correct(content) ──► entry, one revision more      (what stood before is kept, with who said it and when)
//! ```
//!
//! One shape for all kinds: who said it, which revision, what it says. The words of closed lists are FHIR R4's. Pure.
//! Never: overwrites; what was wrong is corrected to `entered-in-error`. Contents are never shown by `Debug`.

pub mod concept;
pub mod content;
pub mod moment;

use jiff::Timestamp;

use crate::domain::{
    id::{AppointmentId, ClinicId, PatientId, QuestionnaireId, RecordEntryId, UserId},
    record::content::Content,
    rev::Rev,
    words::words,
};

/// Most revisions of one entry: somebody's error that corrects itself in a loop ends here.
pub const REVISIONS_MAX: i64 = 100;

/// Most entries of one patient: a life of measuring daily, and somebody who writes in a loop ends here.
pub const ENTRIES_MAX: usize = 50_000;

/// Longest list of what one entry holds: reactions, components, codings times two.
pub const LIST_MAX: usize = 20;

words! {
    /// What an entry is about.
    EntryKind {
        Condition "condition",
        Allergy "allergy",
        Medication "medication",
        Observation "observation",
        History "history",
        Answers "answers",
    }

    /// As what somebody said it.
    EnteredAs {
        Patient "patient",
        Practitioner "practitioner",
        Program "program",
    }
}

impl EntryKind {
    /// What FHIR R4 calls it; history has no one name there.
    #[must_use]
    pub const fn fhir(self) -> Option<&'static str> {
        match self {
            Self::Condition => Some("Condition"),
            Self::Allergy => Some("AllergyIntolerance"),
            Self::Medication => Some("MedicationStatement"),
            Self::Observation => Some("Observation"),
            Self::Answers => Some("QuestionnaireResponse"),
            Self::History => None,
        }
    }

    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Condition,
        Self::Allergy,
        Self::Medication,
        Self::Observation,
        Self::History,
        Self::Answers,
    ];
}

/// Who said something, as what, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The account; none for a program.
    pub by: Option<UserId>,
    /// As what.
    pub role: EnteredAs,
    /// When.
    pub at: Timestamp,
}

/// One entry, in one revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which one.
    pub id: RecordEntryId,
    /// Whose record's clinic.
    pub clinic: ClinicId,
    /// About whom.
    pub patient: PatientId,
    /// The visit that it was said in.
    pub appointment: Option<AppointmentId>,
    /// How often it was written.
    pub rev: Rev,
    /// What it says.
    pub content: Content,
    /// Why it was corrected; empty in the first revision.
    pub reason: String,
    /// Who said this revision.
    pub entered: Provenance,
    /// When the first revision was written.
    pub created_at: Timestamp,
}

/// Why an entry is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A correction that makes something else of it.
    #[error("a correction keeps the kind of an entry")]
    OtherKind,
    /// A patient corrects what a practitioner said.
    #[error("what the clinic wrote is corrected by the clinic")]
    NotYours,
    /// It is marked as an error already, which is the last word.
    #[error("it was marked as entered in error")]
    EnteredInError,
    /// Corrected too often.
    #[error("it was corrected {REVISIONS_MAX} times, which is the most")]
    TooOften,
}

impl Entry {
    /// Replaces what it says by what is right; the revision before is kept elsewhere.
    ///
    /// # Errors
    /// When the corrector may not, or the entry has had its last word.
    pub fn correct(
        &mut self,
        content: Content,
        reason: String,
        by: Provenance,
    ) -> Result<(), EntryError> {
        if content.kind() != self.content.kind() || !content.continues(&self.content) {
            return Err(EntryError::OtherKind);
        }
        if by.role == EnteredAs::Patient && self.entered.role != EnteredAs::Patient {
            return Err(EntryError::NotYours);
        }
        if self.content.is_in_error() {
            return Err(EntryError::EnteredInError);
        }
        if self.rev.0 >= REVISIONS_MAX {
            return Err(EntryError::TooOften);
        }
        self.content = content;
        self.reason = reason;
        self.entered = by;
        self.rev = self.rev.next();
        Ok(())
    }

    /// The questionnaire that it answers.
    #[must_use]
    pub fn questionnaire(&self) -> Option<&QuestionnaireId> {
        match &self.content {
            Content::Answers(answers) => Some(&answers.questionnaire),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
