//! What is known about people beyond their account.
//!
//! Owns: the profiles' fields and bounds, and the small texts they share (languages, zones, telephone numbers). Never:
//! prints a value of a person: patients' profiles have no field that `Debug` shows.

pub mod patient;
pub mod practitioner;

use jiff::tz::TimeZone;
use thiserror::Error;

/// Which field of a profile cannot be, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field}: {why}")]
pub struct ProfileError {
    /// The field, as the API writes it.
    pub field: &'static str,
    /// What it must be.
    pub why: &'static str,
}

pub(crate) fn refuse<T>(field: &'static str, why: &'static str) -> Result<T, ProfileError> {
    Err(ProfileError { field, why })
}

/// A text of some characters on one line, trimmed.
pub(crate) fn line(
    field: &'static str,
    text: &str,
    chars_max: usize,
) -> Result<String, ProfileError> {
    let text = text.trim();
    if text.chars().count() > chars_max || text.chars().any(char::is_control) {
        return refuse(field, "too long, or with line breaks");
    }
    Ok(text.to_owned())
}

/// The same, and not empty.
pub(crate) fn filled(
    field: &'static str,
    text: &str,
    chars_max: usize,
) -> Result<String, ProfileError> {
    let text = line(field, text, chars_max)?;
    if text.is_empty() { refuse(field, "must not be empty") } else { Ok(text) }
}

/// A language tag (BCP 47) in its usual case: `en`, `pt-BR`, `zh-Hant`.
pub(crate) fn language(field: &'static str, text: &str) -> Result<String, ProfileError> {
    const WHY: &str = "must be a language tag such as en or pt-BR";
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let is_language =
        (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    let subtags_are_sound = parts.clone().all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if !is_language || !subtags_are_sound || text.len() > 35 {
        return refuse(field, WHY);
    }
    let mut tag = first.to_ascii_lowercase();
    for part in parts {
        tag.push('-');
        match part.len() {
            2 => tag.push_str(&part.to_ascii_uppercase()),
            4 => {
                let (head, rest) = part.split_at(1);
                tag.push_str(&head.to_ascii_uppercase());
                tag.push_str(&rest.to_ascii_lowercase());
            }
            _ => tag.push_str(&part.to_ascii_lowercase()),
        }
    }
    Ok(tag)
}

/// The name of a time zone in the IANA database.
pub(crate) fn time_zone(field: &'static str, text: &str) -> Result<String, ProfileError> {
    if text.len() > 64 || TimeZone::get(text).is_err() {
        return refuse(field, "must be an IANA zone such as Africa/Nairobi");
    }
    Ok(text.to_owned())
}

/// A telephone number with its country: `+254 20 123456` becomes `+25420123456` (E.164).
pub(crate) fn phone(field: &'static str, text: &str) -> Result<String, ProfileError> {
    let digits: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    let number = digits.strip_prefix('+').unwrap_or_default();
    let sound = (7..=15).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && !number.starts_with('0');
    if sound {
        Ok(digits)
    } else {
        refuse(field, "must begin with + and the country, such as +254 20 123456")
    }
}

/// A country (ISO 3166-1 alpha-2).
pub(crate) fn country(field: &'static str, text: &str) -> Result<String, ProfileError> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        Ok(text.to_ascii_uppercase())
    } else {
        refuse(field, "must be a country code of two letters")
    }
}

/// At most so many.
pub(crate) fn at_most<T>(field: &'static str, items: &[T], max: usize) -> Result<(), ProfileError> {
    if items.len() > max { refuse(field, "too many entries") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_take_their_usual_case() {
        for (text, tag) in [
            ("EN", Some("en")),
            ("pt-br", Some("pt-BR")),
            ("zh-hant-tw", Some("zh-Hant-TW")),
            ("sw", Some("sw")),
        ] {
            assert_eq!(language("language", text).ok().as_deref(), tag);
        }
        for bad in ["", "e", "english", "en_GB", "en-", "en-toolongsubtag", "日本"] {
            assert!(language("language", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn telephone_numbers_carry_their_country() {
        assert_eq!(phone("phone", "+254 (20) 123-456").as_deref(), Ok("+25420123456"));
        for bad in ["", "020 123456", "+0 123456789", "+12", "+1234567890123456", "+12345x7"] {
            assert!(phone("phone", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_has_no_line_breaks_and_a_bound() {
        assert_eq!(line("name", " Ann ", 5).as_deref(), Ok("Ann"));
        assert!(line("name", "Ann\nLee", 50).is_err() && line("name", "Annabel", 5).is_err());
        assert!(filled("name", "  ", 5).is_err());
    }
}
