//! Something that is taken to one recipient: what every channel is given, and what it may answer.
//!
//! Adapters stand beside: `email` (SMTP), `sms` (Twilio's shape, and a template over HTTP), `hook` (a clinic's own
//! program). Each knows its wire and its failures, and says in one word whether sending a second time does harm.

use std::{pin::Pin, time::Duration};

use jiff::Timestamp;
use protocol::redact::Redacted;

/// What is taken.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The same for every try: what a receiver knows a repetition by.
    pub key: String,
    /// Where to: a mail address, a telephone, a URL.
    pub to: Redacted<String>,
    /// The subject of a mail.
    pub subject: String,
    /// What is said. May carry a link that signs in.
    pub text: Redacted<String>,
    /// A calendar's entry that goes with a mail.
    pub calendar: Option<CalendarPart>,
    /// The language of the text (BCP 47).
    pub language: String,
    /// Headers of a request to a clinic's program.
    pub headers: Vec<(&'static str, String)>,
    /// The same as a text that a provider has approved beforehand.
    pub template: Option<Template>,
    /// Now.
    pub at: Timestamp,
}

/// A text that a provider keeps, and what is put into its places.
#[derive(Debug, Clone)]
pub struct Template {
    /// Which text.
    pub name: &'static str,
    /// When the visit is, and the link that opens it.
    pub values: Vec<Redacted<String>>,
}

/// A calendar's entry in a mail.
#[derive(Debug, Clone)]
pub struct CalendarPart {
    /// `REQUEST` or `CANCEL`.
    pub method: &'static str,
    /// The file. Carries addresses.
    pub file: Redacted<String>,
}

/// Whether a second sending does harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// The other side knows it by its key and takes it once.
    Recognised,
    /// It may arrive twice, which is better than never. It carries the same message id and the same calendar entry.
    Tolerable,
    /// It would arrive twice, and be paid for twice.
    Harmful,
}

/// Why it was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    /// Not now: worth another try.
    #[error("not taken now: {why}")]
    Later {
        /// In words of this program, or a code of the other side's.
        why: String,
        /// When the other side asked to be asked again.
        after: Option<Duration>,
    },
    /// Never.
    #[error("refused: {why}")]
    Refused {
        /// In words of this program, or a code of the other side's.
        why: String,
    },
    /// Never: there is nobody there any more.
    #[error("nobody is there any more")]
    Gone,
    /// It may have been taken: the answer was lost.
    #[error("no answer: {why}")]
    Unclear {
        /// In words of this program.
        why: String,
    },
}

impl CarryError {
    /// Worth another try.
    pub(crate) fn later(why: impl Into<String>) -> Self {
        Self::Later { why: why.into(), after: None }
    }

    /// Never going to work.
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }

    /// It may have been taken.
    pub(crate) fn unclear(why: impl Into<String>) -> Self {
        Self::Unclear { why: why.into() }
    }
}

/// The answer, later: what the other side calls it, if it calls it anything.
pub type Carrying<'a> =
    Pin<Box<dyn Future<Output = Result<Option<String>, CarryError>> + Send + 'a>>;

/// Takes parcels to people or programs.
pub trait Carry: Send + Sync {
    /// Whether a second sending does harm.
    fn repeats(&self) -> Repeats;

    /// Hands a parcel over. Ends within a minute, whatever the other side does.
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a>;
}
