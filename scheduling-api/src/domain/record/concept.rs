//! What something is called: words for people, and codes for programs (FHIR R4 `CodeableConcept`).

use serde::{Deserialize, Serialize};

use crate::domain::profile::{ProfileError, filled, line, refuse};

/// Most codes of one concept: a local one and its translations.
pub const CODINGS_MAX: usize = 5;

const TEXT_CHARS: usize = 500;
const SYSTEM_CHARS: usize = 200;
const CODE_CHARS: usize = 100;

/// A concept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concept {
    /// In words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// In codes; the first is the one it was chosen by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codings: Vec<Coding>,
}

/// A code of a code system.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coding {
    /// The code system's address, such as `http://loinc.org`.
    pub system: String,
    /// The code there.
    pub code: String,
    /// What the system calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display: String,
}

impl Concept {
    /// In words alone.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { text: text.to_owned(), codings: Vec::new() }
    }

    /// The concept, tidied.
    ///
    /// # Errors
    /// When it has neither words nor codes, too many, or ones that are none.
    pub fn checked(self, field: &'static str) -> Result<Self, ProfileError> {
        if self.codings.len() > CODINGS_MAX {
            return refuse(field, "at most 5 codes");
        }
        let text = line(field, &self.text, TEXT_CHARS)?;
        if text.is_empty() && self.codings.is_empty() {
            return refuse(field, "needs words or a code");
        }
        let codings = self.codings.into_iter().map(|coding| coding.checked(field));
        Ok(Self { text, codings: codings.collect::<Result<_, _>>()? })
    }
}

impl Coding {
    fn checked(self, field: &'static str) -> Result<Self, ProfileError> {
        let sound = |text: &str| !text.contains(char::is_whitespace) && !text.contains(['|', ',']);
        let system = filled(field, &self.system, SYSTEM_CHARS)?;
        // Codes with single spaces inside exist; those at the ends do not (FHIR R4 `code`).
        let code = filled(field, &self.code, CODE_CHARS)?;
        if !sound(&system) || code.contains(['|', ',']) {
            return refuse(field, "a system is an address, and neither it nor a code has | or ,");
        }
        Ok(Self { system, code, display: line(field, &self.display, TEXT_CHARS)? })
    }
}
