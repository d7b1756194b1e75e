//! A document of a patient: uploaded in parts, judged, then read by who may.
//!
//! ```text
//!            part, part ...
//!              ┌────┐
//!              │    ▼
//!  (created) ─► uploading ── complete ──► checking ── verdict ──► ready
//!                  └── discard, expire ──► discarded     └──────► refused(why)
//! ```
//!
//! Nothing is read of a document before it is `ready`. Its name is never shown by `Debug`.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{AppointmentId, ClinicId, DocumentId, PatientId, PractitionerId, ShareId, UserId},
    profile::{ProfileError, filled, refuse},
    rev::Rev,
};

/// Bytes of every part but the last: one object in the store, one message under the cipher, and what a process holds of
/// a document at a time. At 112 kbit/s it takes five minutes, which is as long as a part may.
pub const PART_BYTES: u64 = 4 * 1024 * 1024;

/// Most bytes of a document whatever the clinic says: 1,024 parts.
pub const DOCUMENT_BYTES_MAX: u64 = 1024 * PART_BYTES;

/// Most uploads of one patient that are not complete.
pub const UPLOADS_OPEN_MAX: i64 = 10;

/// Days after which an upload that nobody went on with is given up.
pub const UPLOAD_DAYS: i64 = 7;

/// Longest share: a year.
pub const SHARE_DAYS_MAX: i64 = 366;

/// Most shares of a patient that are in force.
pub const SHARES_MAX: i64 = 100;

const NAME_CHARS: usize = 200;

/// What a document is, by its first bytes: what we take, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaType {
    /// PDF (ISO 32000).
    Pdf,
    /// JPEG (ISO/IEC 10918).
    Jpeg,
    /// PNG (ISO/IEC 15948).
    Png,
    /// WebP (RFC 9649).
    Webp,
    /// HEIF with HEVC pictures (ISO/IEC 23008-12): what iPhones take.
    Heic,
    /// Text in UTF-8.
    Text,
    /// WebM: a recording of a visit, never an upload.
    Webm,
    /// Matroska (RFC 9559), where a recording is nothing that WebM takes. Never an upload.
    Matroska,
}

impl MediaType {
    /// The type of what begins with these bytes, if it is one that we take.
    ///
    /// A text is only taken for one here; [`TextCheck`] reads all of it.
    #[must_use]
    pub fn sniff(head: &[u8]) -> Option<Self> {
        const HEIC_BRANDS: [&[u8]; 6] = [b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1"];
        let from = |at: usize| head.get(at..).unwrap_or_default();
        let heic =
            from(4).starts_with(b"ftyp") && HEIC_BRANDS.iter().any(|b| from(8).starts_with(b));
        match head {
            _ if head.starts_with(b"%PDF-") => Some(Self::Pdf),
            _ if head.starts_with(b"\xff\xd8\xff") => Some(Self::Jpeg),
            _ if head.starts_with(b"\x89PNG\r\n\x1a\n") => Some(Self::Png),
            _ if head.starts_with(b"RIFF") && from(8).starts_with(b"WEBP") => Some(Self::Webp),
            _ if heic => Some(Self::Heic),
            _ if TextCheck::default().push(head) => Some(Self::Text),
            _ => None,
        }
    }

    /// The type of a file of a recording, which its name tells: our own media server has given it.
    #[must_use]
    pub fn of_recording(name: &str) -> Option<Self> {
        let (_, end) = name.rsplit_once('.')?;
        match end {
            "webm" => Some(Self::Webm),
            "mkv" => Some(Self::Matroska),
            "jsonl" => Some(Self::Text),
            _ => None,
        }
    }

    /// Whether there is something to see or hear in it.
    #[must_use]
    pub const fn is_film(self) -> bool {
        matches!(self, Self::Webm | Self::Matroska)
    }

    /// The type in HTTP. Text says its encoding, so that no browser guesses.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Text => "text/plain; charset=utf-8",
            Self::Webm => "video/webm",
            Self::Matroska => "video/matroska",
        }
    }
}

/// Whether bytes that come in pieces are a text in UTF-8 without control characters other than line breaks and tabs.
#[derive(Debug, Default)]
pub struct TextCheck {
    /// The beginning of a character whose end has not come.
    cut: Vec<u8>,
}

impl TextCheck {
    /// The next piece; whether it still is one.
    pub fn push(&mut self, piece: &[u8]) -> bool {
        let mut bytes = std::mem::take(&mut self.cut);
        bytes.extend_from_slice(piece);
        let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}');
        match std::str::from_utf8(&bytes) {
            Ok(text) => !text.contains(is_odd),
            Err(error) if error.error_len().is_none() => {
                let (whole, cut) = bytes.split_at(error.valid_up_to());
                self.cut = cut.to_vec();
                std::str::from_utf8(whole).is_ok_and(|text| !text.contains(is_odd))
            }
            Err(_) => false,
        }
    }

    /// Whether the last character is whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.cut.is_empty()
    }
}

/// Which side it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The patient, or who acts for them.
    Patient,
    /// The clinic.
    Clinic,
}

impl Side {
    /// The name in the API and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Clinic => "clinic",
        }
    }
}

/// Text that is no side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither patient nor clinic")]
pub struct SideError;

impl std::str::FromStr for Side {
    type Err = SideError;

    fn from_str(text: &str) -> Result<Self, SideError> {
        [Self::Patient, Self::Clinic].into_iter().find(|side| side.name() == text).ok_or(SideError)
    }
}

/// Why a document is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedFor {
    /// The scanner found something.
    Infected,
    /// The scanner does not take as much.
    Unscannable,
    /// It is not of the type that its beginning said.
    Type,
    /// Its hash is not the one that the client told.
    Hash,
    /// What the store holds is not what was uploaded.
    Damaged,
}

impl RefusedFor {
    const ALL: [Self; 5] =
        [Self::Infected, Self::Unscannable, Self::Type, Self::Hash, Self::Damaged];

    /// The name in the API and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Infected => "infected",
            Self::Unscannable => "unscannable",
            Self::Type => "type",
            Self::Hash => "hash",
            Self::Damaged => "damaged",
        }
    }

    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Parts are missing.
    Uploading,
    /// All there; not read by anybody before the verdict.
    Checking,
    /// Can be read. `scanned` is false where no scanner is set.
    Ready {
        /// Whether a scanner has looked at it.
        scanned: bool,
    },
    /// Not taken; its bytes are deleted.
    Refused {
        /// Why.
        why: RefusedFor,
        /// What the scanner calls it.
        finding: Option<String>,
    },
    /// Given up before it was complete; its bytes are deleted.
    Discarded,
}

impl Standing {
    /// The name in the API and the database.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Checking => "checking",
            Self::Ready { .. } => "ready",
            Self::Refused { .. } => "refused",
            Self::Discarded => "discarded",
        }
    }
}

/// What is known of a document's content, sealed with the patient's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// What it is called: a file's name.
    pub name: String,
    /// Its type, known with its first bytes.
    pub media_type: Option<MediaType>,
    /// SHA-256 of the whole, in hexadecimal digits: what the client told, then what was counted.
    pub sha256: Option<String>,
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Card(hidden)")
    }
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Which one.
    pub id: DocumentId,
    /// Whose.
    pub clinic: ClinicId,
    /// About whom.
    pub patient: PatientId,
    /// The visit that it belongs to.
    pub appointment: Option<AppointmentId>,
    /// Who uploads it; nobody where the media server has recorded it.
    pub by: Option<UserId>,
    /// Which file of which recording it is: `EG_.../name`.
    pub recorded_as: Option<String>,
    /// From which side.
    pub side: Side,
    /// How often it changed.
    pub rev: Rev,
    /// Bytes of the whole.
    pub size: u64,
    /// What it is.
    pub card: Card,
    /// Where it stands.
    pub standing: Standing,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// What a new document is to be.
#[derive(Debug, Clone)]
pub struct Intent {
    /// About whom.
    pub patient: PatientId,
    /// The visit that it belongs to.
    pub appointment: Option<AppointmentId>,
    /// A file's name.
    pub name: String,
    /// Bytes of the whole.
    pub size: u64,
}

impl Intent {
    /// The intent, if it can be.
    ///
    /// # Errors
    /// When the name cannot be, or it is empty or larger than the clinic takes.
    pub fn checked(mut self, bytes_max: u64) -> Result<Self, ProfileError> {
        self.name = filled("/name", &self.name, NAME_CHARS)?;
        // A name, not a way through somebody's folders; and nothing that turns its end around.
        let bidi = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if self.name.contains(['/', '\\']) || self.name.contains(bidi) {
            return refuse("/name", "a file's name without folders");
        }
        if self.size == 0 || self.size > bytes_max.min(DOCUMENT_BYTES_MAX) {
            return refuse("/size", "not empty, and at most what the clinic takes");
        }
        Ok(self)
    }
}

/// Why a document does not go there from where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Everything is there already.
    #[error("it is not being uploaded any more")]
    NotUploading,
    /// Some parts are not there.
    #[error("{0} parts are missing")]
    Missing(u64),
    /// It cannot be read yet.
    #[error("it is not checked yet")]
    NotReady,
    /// It is no recording.
    #[error("it is no recording")]
    NotRecorded,
    /// The bytes are of no type that is taken.
    #[error("this is no PDF, JPEG, PNG, WebP, HEIC or plain text")]
    Type,
    /// There is no part of that number, or not of that length.
    #[error("part {number} has {bytes} bytes")]
    Length {
        /// Which.
        number: u64,
        /// How many it must have; 0: there is no such part.
        bytes: u64,
    },
    /// Enough.
    #[error("there are {0} already, which is the most")]
    TooMany(i64),
}

impl Document {
    /// How many parts it has.
    #[must_use]
    pub const fn parts(&self) -> u64 {
        self.size.div_ceil(PART_BYTES)
    }

    /// Bytes of a part, numbered from 0.
    ///
    /// # Errors
    /// When there is no such part.
    pub fn part_bytes(&self, number: u64) -> Result<u64, DocumentError> {
        if number >= self.parts() {
            return Err(DocumentError::Length { number, bytes: 0 });
        }
        Ok((self.size - number * PART_BYTES).min(PART_BYTES))
    }

    /// Takes a first part's word on what the document is.
    ///
    /// # Errors
    /// When it is nothing that we take.
    pub fn sniffed(&mut self, head: &[u8]) -> Result<(), DocumentError> {
        self.must_be_uploading()?;
        self.card.media_type = Some(MediaType::sniff(head).ok_or(DocumentError::Type)?);
        Ok(())
    }

    /// All parts are there: it waits for its verdict.
    ///
    /// # Errors
    /// When some are not.
    pub fn complete(&mut self, there: u64, sha256: Option<String>) -> Result<(), DocumentError> {
        self.must_be_uploading()?;
        if there < self.parts() || self.card.media_type.is_none() {
            return Err(DocumentError::Missing(self.parts().saturating_sub(there).max(1)));
        }
        self.card.sha256 = sha256;
        self.step(Standing::Checking);
        Ok(())
    }

    /// Gives it up.
    ///
    /// # Errors
    /// When it is complete.
    pub fn discard(&mut self) -> Result<(), DocumentError> {
        self.must_be_uploading()?;
        self.step(Standing::Discarded);
        Ok(())
    }

    /// The recording that it is of.
    #[must_use]
    pub fn recording(&self) -> Option<&str> {
        self.recorded_as.as_deref()?.split_once('/').map(|(recording, _)| recording)
    }

    /// A recording is not kept any longer.
    ///
    /// # Errors
    /// When it is none, or not in the record.
    pub fn end(&mut self) -> Result<(), DocumentError> {
        self.must_be_ready()?;
        if self.recorded_as.is_none() {
            return Err(DocumentError::NotRecorded);
        }
        self.step(Standing::Discarded);
        Ok(())
    }

    /// The verdict.
    ///
    /// # Errors
    /// When it had one.
    pub fn judge(&mut self, verdict: Standing) -> Result<(), DocumentError> {
        if self.standing != Standing::Checking {
            return Err(DocumentError::NotUploading);
        }
        self.step(verdict);
        Ok(())
    }

    /// Whether it may be read.
    ///
    /// # Errors
    /// When not.
    pub fn must_be_ready(&self) -> Result<(), DocumentError> {
        match self.standing {
            Standing::Ready { .. } => Ok(()),
            _ => Err(DocumentError::NotReady),
        }
    }

    /// Whether parts are taken.
    ///
    /// # Errors
    /// When not.
    pub fn must_be_uploading(&self) -> Result<(), DocumentError> {
        if self.standing == Standing::Uploading { Ok(()) } else { Err(DocumentError::NotUploading) }
    }

    fn step(&mut self, standing: Standing) {
        self.standing = standing;
        self.rev = self.rev.next();
    }
}

/// That a patient lets a practitioner read a document, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Which one.
    pub id: ShareId,
    /// Where.
    pub clinic: ClinicId,
    /// Whose documents.
    pub patient: PatientId,
    /// Which one; all of them when none is named.
    pub document: Option<DocumentId>,
    /// Who may read.
    pub practitioner: PractitionerId,
    /// Who shared.
    pub by: UserId,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// The end of a share, if it can be one.
///
/// # Errors
/// When it lies behind us, or more than a year ahead.
pub fn share_until(until: Timestamp, now: Timestamp) -> Result<Timestamp, ProfileError> {
    let days = (until.as_second() - now.as_second()) / (24 * 3600);
    if until <= now || days >= SHARE_DAYS_MAX {
        return refuse("/until", "a time to come, within a year");
    }
    Ok(until)
}

#[cfg(test)]
mod tests;
