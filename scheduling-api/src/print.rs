//! Papers that are handed out: PDF made here, from nothing but values and two fonts that are part of the program.
//!
//! ```text
//! prescription (what stands where, in which words) ─► sheet (lines, words, shaping, pages) ─► krilla (PDF)
//! ```
//!
//! Pure: values in, bytes out. Never: loads anything, or decides who may. A letter that the fonts do not have is refused,
//! since a box in its place could be read as another medicine.

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
