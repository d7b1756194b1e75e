//! X12: segments of elements, as insurers in the USA exchange them (ASC X12 5010).
//!
//! ```text
//! ISA*00*...*:~GS*HP*...~ST*835*0001~ ... ~SE*24*0001~GE*1*1~IEA*1*000000001~
//! └ 106 characters, which say by what the rest is divided: element `*`, component `:`, segment `~`
//! ```
//!
//! Reading takes whatever comes: it is bounded by [`BYTES_MAX`], [`SEGMENTS_MAX`] and [`ELEMENTS_MAX`], and refuses what
//! is no single interchange with one group and one transaction. Writing takes only what it can write.

use std::fmt::Write as _;

/// Largest file that is read.
pub const BYTES_MAX: usize = 512 * 1024;

/// Most segments of a file.
pub const SEGMENTS_MAX: usize = 20_000;

/// Most elements of a segment; the standard has none with more than 30.
pub const ELEMENTS_MAX: usize = 64;

/// Length of an interchange's header.
const ISA: usize = 106;

/// Why a file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum X12Error {
    /// Too large in one way or another.
    #[error("it is larger than what is read")]
    TooLarge,
    /// No interchange.
    #[error("it does not begin with an X12 interchange (ISA)")]
    NoInterchange,
    /// Its envelopes do not close, or there are several.
    #[error(
        "it is not one interchange with one group and one transaction, each closed with the right number"
    )]
    Envelope,
    /// Something else.
    #[error("it is no {0}")]
    OtherTransaction(&'static str),
    /// A segment that has to be there is not, or is no good.
    #[error("its {0} segment is missing or no good")]
    Segment(&'static str),
    /// Its sums do not agree.
    #[error("its parts do not make its total")]
    Unbalanced,
    /// It moves money that is no claim's.
    #[error("it adjusts the provider's balance (PLB), which is not posted by itself")]
    ProviderAdjustment,
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Its elements; the first is its name.
    elements: Vec<&'a str>,
}

impl<'a> Segment<'a> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.at(0)
    }

    /// An element, trimmed; empty when it is not there.
    #[must_use]
    pub fn at(&self, number: usize) -> &'a str {
        self.elements.get(number).map_or("", |text| text.trim())
    }

    /// How many there are, the name among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }
}

/// Reads a file that is to be one transaction of a kind (`835`): the segments between `ST` and `SE`.
///
/// # Errors
/// When it is not, or too large.
pub fn read<'a>(text: &'a str, kind: &'static str) -> Result<Vec<Segment<'a>>, X12Error> {
    if text.len() > BYTES_MAX {
        return Err(X12Error::TooLarge);
    }
    let head = text.get(..ISA).filter(|head| head.is_ascii() && head.starts_with("ISA"));
    let head = head.ok_or(X12Error::NoInterchange)?.as_bytes();
    let mark = |at: usize| head.get(at).copied().map_or(' ', char::from);
    let (element, component, end) = (mark(3), mark(104), mark(105));
    let is_mark = |mark: char| !mark.is_ascii_alphanumeric() && !matches!(mark, ' ' | '.' | '-');
    let differ = element != component && component != end && element != end;
    if !differ || ![element, component, end].into_iter().all(is_mark) {
        return Err(X12Error::NoInterchange);
    }
    let mut segments = Vec::new();
    for text in text.split(end) {
        let text = text.trim_matches(['\r', '\n', ' ']);
        if text.is_empty() {
            continue;
        }
        let elements: Vec<&str> = text.split(element).take(ELEMENTS_MAX + 1).collect();
        if segments.len() == SEGMENTS_MAX || elements.len() > ELEMENTS_MAX {
            return Err(X12Error::TooLarge);
        }
        segments.push(Segment { elements });
    }
    unwrap(segments, kind)
}

/// Takes the envelopes off.
fn unwrap<'a>(
    mut segments: Vec<Segment<'a>>,
    kind: &'static str,
) -> Result<Vec<Segment<'a>>, X12Error> {
    let inner = segments.len().checked_sub(6).ok_or(X12Error::Envelope)?;
    let at = |number: usize| segments.get(number).ok_or(X12Error::Envelope);
    let (isa, gs, st) = (at(0)?, at(1)?, at(2)?);
    let (se, ge, iea) = (at(inner + 3)?, at(inner + 4)?, at(inner + 5)?);
    let names = [(isa, "ISA"), (gs, "GS"), (st, "ST"), (se, "SE"), (ge, "GE"), (iea, "IEA")];
    if names.iter().any(|(segment, name)| segment.name() != *name) {
        return Err(X12Error::Envelope);
    }
    if st.at(1) != kind {
        return Err(X12Error::OtherTransaction(kind));
    }
    let numbers = isa.at(13) == iea.at(2) && gs.at(6) == ge.at(2) && st.at(2) == se.at(2);
    // `SE` counts what is between, and `ST` and itself.
    let counts = iea.at(1) == "1" && ge.at(1) == "1" && se.at(1).parse() == Ok(inner + 2);
    if !numbers || !counts {
        return Err(X12Error::Envelope);
    }
    segments.truncate(inner + 3);
    segments.drain(..3);
    let envelopes = ["ISA", "GS", "ST", "SE", "GE", "IEA"];
    if segments.iter().any(|segment| envelopes.contains(&segment.name())) {
        return Err(X12Error::Envelope);
    }
    Ok(segments)
}

/// Why something cannot be written: the field that has a letter which X12's basic and extended sets have not, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is missing, or has letters that an X12 file cannot carry")]
pub struct Unwritable(pub &'static str);

/// Writes segments.
#[derive(Debug, Default)]
pub struct Writer {
    text: String,
    segments: usize,
}

impl Writer {
    /// Adds a segment. Empty elements at its end are left out.
    pub fn segment(&mut self, elements: &[&str]) {
        let last = elements.iter().rposition(|element| !element.is_empty()).map_or(0, |at| at + 1);
        let _ = writeln!(self.text, "{}~", elements.get(..last).unwrap_or_default().join("*"));
        self.segments += 1;
    }

    /// How many there are.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// The file.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }
}

/// A text as an element: upper case, within a length, of letters that a file can carry.
///
/// # Errors
/// When it has others, or is empty.
pub fn element(field: &'static str, text: &str, length_max: usize) -> Result<String, Unwritable> {
    let carried =
        |letter: char| matches!(letter, ' '..='}') && !matches!(letter, '*' | ':' | '^' | '`');
    let text = text.trim().to_ascii_uppercase();
    if text.is_empty() || text.len() > length_max || !text.chars().all(carried) {
        return Err(Unwritable(field));
    }
    Ok(text)
}
