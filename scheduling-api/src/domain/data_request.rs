//! What a patient asks for about their data: a copy of it, or that it is forgotten; and how far that is.
//!
//! ```text
//! requested ─┬─ approve ─► approved ─ carried out by the worker ─► done
//!            └─ refuse ──► refused
//! ```

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{ClinicId, DataRequestId, PatientId, UserId},
    notification::UnknownWord,
    rev::Rev,
};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataRequestKind {
    /// A copy of everything about the patient.
    Export,
    /// That everything is forgotten.
    Erasure,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataRequestState {
    /// The clinic looks at it.
    Requested,
    /// The worker will do it.
    Approved,
    /// The clinic must keep the data, and says so.
    Refused,
    /// It is done.
    Done,
}

impl DataRequestKind {
    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Erasure => "erasure",
        }
    }
}

impl FromStr for DataRequestKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        [Self::Export, Self::Erasure]
            .into_iter()
            .find(|kind| kind.name() == word)
            .ok_or(UnknownWord)
    }
}

impl DataRequestState {
    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Done => "done",
        }
    }
}

impl FromStr for DataRequestState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let all = [Self::Requested, Self::Approved, Self::Refused, Self::Done];
        all.into_iter().find(|state| state.name() == word).ok_or(UnknownWord)
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataRequest {
    /// Which one.
    pub id: DataRequestId,
    /// How often it was changed.
    pub rev: Rev,
    /// Where.
    pub clinic: ClinicId,
    /// About whom.
    pub patient: PatientId,
    /// What is asked for.
    pub kind: DataRequestKind,
    /// How far it is.
    pub state: DataRequestState,
    /// Who asked.
    pub requested_by: Option<UserId>,
    /// Who decided.
    pub reviewed_by: Option<UserId>,
    /// Since when.
    pub created: Timestamp,
    /// When it was decided.
    pub reviewed: Option<Timestamp>,
    /// When it was done.
    pub done: Option<Timestamp>,
}

impl DataRequest {
    /// Decides it.
    ///
    /// # Errors
    /// The state it is in, when it was decided.
    pub fn review(
        &mut self,
        approved: bool,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        if self.state != DataRequestState::Requested {
            return Err(self.state.name());
        }
        self.state = if approved { DataRequestState::Approved } else { DataRequestState::Refused };
        self.reviewed_by = by;
        self.reviewed = Some(now);
        self.rev = self.rev.next();
        Ok(())
    }

    /// It was carried out.
    pub fn finish(&mut self, now: Timestamp) {
        self.state = DataRequestState::Done;
        self.done = Some(now);
        self.rev = self.rev.next();
    }
}
