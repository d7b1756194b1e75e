//! What a participant is asked before a consultation is recorded, and what it answers.
//!
//! ```text
//! own entry:   bedside.recording = asked | running | paused      bedside.recording.question = 2/2026-03
//! client sets: bedside.recording.answer = yes:2/2026-03 | no:2/2026-03
//! ```
//!
//! The attributes are the server's; of the third a client may set its own, whatever else it may change. A question is
//! the number of the asking in this room's life and the version of the text that is shown, so that no answer counts for
//! another text or another asking.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The attribute that says whether a recording is asked for, runs or pauses. Absent: none is.
pub const STATE_ATTRIBUTE: &str = "bedside.recording";
/// The attribute that says which question is to be answered.
pub const QUESTION_ATTRIBUTE: &str = "bedside.recording.question";
/// The attribute by which a client answers, and in which everyone sees what was answered.
pub const ANSWER_ATTRIBUTE: &str = "bedside.recording.answer";

/// Longest version of a text, in characters.
const VERSION_CHARS_MAX: usize = 64;

/// A question: which asking, and with which text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Counts the askings in one life of the room, from 1.
    pub number: u32,
    /// Which text is shown.
    pub version: TextVersion,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.version.0)
    }
}

/// The version of the text that people are asked with: up to 64 letters, digits, dots, hyphens and underscores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TextVersion(String);

/// What is no version of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a text's version is 1 to 64 letters, digits, dots, hyphens and underscores")]
pub struct TextVersionError;

impl TextVersion {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TextVersion {
    /// The first.
    fn default() -> Self {
        Self("1".to_owned())
    }
}

impl TryFrom<String> for TextVersion {
    type Error = TextVersionError;

    fn try_from(text: String) -> Result<Self, TextVersionError> {
        let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_version =
            !text.is_empty() && text.len() <= VERSION_CHARS_MAX && text.chars().all(is_known);
        is_version.then_some(Self(text)).ok_or(TextVersionError)
    }
}

impl From<TextVersion> for String {
    fn from(version: TextVersion) -> Self {
        version.0
    }
}

/// What somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// May be recorded.
    Yes,
    /// Must not be recorded; also what withdraws a yes.
    No,
}

impl Answer {
    /// As the attribute says it, to this question.
    #[must_use]
    pub fn to(self, question: &Question) -> String {
        let word = match self {
            Self::Yes => "yes",
            Self::No => "no",
        };
        format!("{word}:{question}")
    }

    /// What an attribute answers to this question. A no needs no question: whoever says no to an old one means it.
    #[must_use]
    pub fn read(value: &str, question: &Question) -> Option<Self> {
        let (word, named) = value.split_once(':').unwrap_or((value, ""));
        match word {
            "yes" => (named == question.to_string()).then_some(Self::Yes),
            "no" => Some(Self::No),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_counts_for_its_question_alone_and_a_no_for_any() {
        let version = TextVersion::try_from("2026-03".to_owned()).unwrap();
        let question = Question { number: 2, version };
        for (value, answer) in [
            ("yes:2/2026-03", Some(Answer::Yes)),
            ("no:2/2026-03", Some(Answer::No)),
            ("no:1/2026-03", Some(Answer::No)),
            ("no", Some(Answer::No)),
            ("yes:1/2026-03", None),
            ("yes:2/2026-02", None),
            ("yes:2/2026-03 ", None),
            ("yes", None),
            ("YES:2/2026-03", None),
            ("", None),
        ] {
            assert_eq!(Answer::read(value, &question), answer, "{value}");
        }
        for answer in [Answer::Yes, Answer::No] {
            assert_eq!(Answer::read(&answer.to(&question), &question), Some(answer));
        }
    }

    #[test]
    fn versions_are_short_and_plain() {
        for good in ["1", "2026-03.de_2", &"a".repeat(64)] {
            assert!(TextVersion::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "a:b", "ä", &"a".repeat(65)] {
            assert!(TextVersion::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
