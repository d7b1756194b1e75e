//! What went wrong in the store, in words that both engines share.

use std::error::Error as _;

use crate::crypto::{RingClosed, UnwrapError};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection, or none free in time. Worth another try later.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Option<sqlx::Error>),
    /// A statement took too long and was given up.
    #[error("a statement took longer than it may")]
    TimedOut,
    /// Two transactions were in each other's way. Worth another try at once.
    #[error("the transaction collided with another")]
    Collided,
    /// The resource is occupied in that time, by the database's own rule.
    #[error("the time is taken")]
    SlotTaken,
    /// A uniqueness rule, by the name of its constraint or columns.
    #[error("already there: {0}")]
    Duplicate(String),
    /// The row was changed by somebody else since it was read.
    #[error("changed since it was read")]
    Stale,
    /// A row holds what no version of this program writes.
    #[error("column {column} holds something unreadable")]
    Corrupt {
        /// Where.
        column: &'static str,
    },
    /// The key service has not opened the keys. Worth another try later.
    #[error("the key service has not opened the keys")]
    KeysClosed,
    /// The schema is not what this program expects.
    #[error("the schema does not fit: {0}")]
    Schema(String),
    /// Something else.
    #[error("the database refused")]
    Other(#[source] sqlx::Error),
}

/// The name of the rule against overlapping claims, in both engines' DDL.
const NO_OVERLAP: &str = "claim_no_overlap";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) => match Refusal::of(refusal.as_ref()) {
                Refusal::SlotTaken => Self::SlotTaken,
                Refusal::Duplicate(name) => Self::Duplicate(name),
                Refusal::Collided => Self::Collided,
                Refusal::TimedOut => Self::TimedOut,
                Refusal::Unavailable => Self::Unavailable(Some(error)),
                Refusal::Other => Self::Other(error),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(Some(error)),
            _ => Self::Other(error),
        }
    }
}

impl From<RingClosed> for StoreError {
    fn from(RingClosed: RingClosed) -> Self {
        Self::KeysClosed
    }
}

impl From<UnwrapError> for StoreError {
    fn from(error: UnwrapError) -> Self {
        match error {
            UnwrapError::Closed => Self::KeysClosed,
            UnwrapError::Sealed(_) => Self::Corrupt { column: "wrapped" },
        }
    }
}

impl StoreError {
    /// The causes, outermost first, for a log line. Messages of both engines name tables and constraints; PostgreSQL's
    /// detail lines, which hold values, are not part of them.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

enum Refusal {
    SlotTaken,
    Duplicate(String),
    Collided,
    TimedOut,
    Unavailable,
    Other,
}

impl Refusal {
    fn of(error: &dyn sqlx::error::DatabaseError) -> Self {
        if error.message().contains(NO_OVERLAP) || error.constraint() == Some(NO_OVERLAP) {
            return Self::SlotTaken;
        }
        if error.is_unique_violation() {
            let name = error.constraint().unwrap_or_else(|| error.message());
            return Self::Duplicate(name.to_owned());
        }
        match error.code().as_deref() {
            // PostgreSQL: serialization_failure, deadlock_detected, lock_not_available.
            Some("40001" | "40P01" | "55P03") => Self::Collided,
            // SQLite: BUSY and its extended codes (RECOVERY, SNAPSHOT, TIMEOUT), LOCKED.
            Some("5" | "6" | "261" | "517" | "773") => Self::Collided,
            // PostgreSQL: query_canceled (statement_timeout). SQLite: INTERRUPT.
            Some("57014" | "9") => Self::TimedOut,
            // PostgreSQL: shutting down, starting up, too many connections, read-only after a failover; SQLite: IOERR,
            // FULL, CANTOPEN and READONLY.
            Some(code) if is_outage(code) => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

fn is_outage(code: &str) -> bool {
    if let Ok(sqlite) = code.parse::<u32>()
        && code.len() < 5
    {
        return matches!(sqlite & 0xFF, 8 | 10 | 13 | 14);
    }
    matches!(code, "57P01" | "57P02" | "57P03" | "53300" | "53200" | "53100" | "25006")
        || code.starts_with("08")
}
