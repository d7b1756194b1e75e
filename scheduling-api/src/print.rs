//! Papers that are handed out: PDF made here, from nothing but values and two fonts that are part of the program.
//!
//! ```text
//! prescription, invoice (what stands where, in which words) ─► sheet (lines, words, shaping, pages) ─► krilla (PDF)
//! ```
//!
//! Pure: values in, bytes out. Never: loads anything, or decides who may. A letter that the fonts do not have is refused,
//! since a box in its place could be read as another medicine.

use jiff::{Timestamp, tz::TimeZone};

pub(crate) mod invoice;
pub(crate) mod prescription;
mod sheet;

/// Why a paper cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PrintError {
    /// The fonts have no such letter.
    #[error("the letter {0:?} cannot be printed")]
    Letter(char),
    /// More than a paper takes.
    #[error("it does not fit on {0} pages")]
    Pages(usize),
    /// The fonts of the program, or the maker of the PDF.
    #[error("the paper could not be made")]
    Maker,
}

/// The languages of papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    French,
    Spanish,
    Arabic,
    Swahili,
}

impl Language {
    /// The language of a BCP 47 tag; English when it is none of ours.
    fn of(tag: &str) -> Self {
        match tag.split('-').next().unwrap_or_default() {
            "fr" => Self::French,
            "es" => Self::Spanish,
            "ar" => Self::Arabic,
            "sw" => Self::Swahili,
            _ => Self::English,
        }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Arabic => "ar",
            Self::Swahili => "sw",
        }
    }

    const fn is_right_to_left(self) -> bool {
        matches!(self, Self::Arabic)
    }
}

/// A day as everybody reads it alike (ISO 8601).
fn day(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at).date().to_string()
}
