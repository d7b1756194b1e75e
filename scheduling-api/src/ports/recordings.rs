//! What the media server has recorded: held there until it is taken into the record, then deleted there.
//!
//! Owns: the trait and its values. Never: whose a recording is, or who may see it; that is the record's.

use std::pin::Pin;

/// A recording that is over: nothing is written to it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The media server's id of it (`EG_...`).
    pub id: String,
    /// The room that was recorded.
    pub room: String,
    /// Films, sound and what happened when, by name.
    pub files: Vec<RecordedFile>,
}

/// A file of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFile {
    /// What it is called there: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Whom it shows, by identity in the room, as far as that is known.
    pub identity: Option<String>,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits, as it was written; none when the writing broke off.
    pub sha256: Option<String>,
}

/// The recordings cannot be reached now: worth another try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the media server's recordings: {0}")]
pub struct RecordingsError(pub String);

/// The answer, later.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T, RecordingsError>> + Send + 'a>>;

/// The media server's recordings of visits.
pub trait Recordings: Send + Sync {
    /// Recordings of visits that are over, also those that broke off with their process; some of them, if there are many.
    fn over(&self) -> Doing<'_, Vec<Recorded>>;

    /// So many bytes of a file from there on; fewer where it ends.
    fn read<'a>(
        &'a self,
        recording: &'a str,
        file: &'a str,
        from: u64,
        bytes: usize,
    ) -> Doing<'a, Vec<u8>>;

    /// Deletes a recording with all its files; one that is not there is deleted already.
    fn remove<'a>(&'a self, recording: &'a str) -> Doing<'a, ()>;
}
