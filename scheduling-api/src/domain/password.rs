//! Which passwords are taken: long enough, not one that everybody guesses first, not the person's own address.
//!
//! Owns: the policy and the embedded list of common passwords. Never: hashes (that is `crypto/password_hash`), asks for
//! character classes or regular changes (NIST SP 800-63B §3.1.1.2 forbids both; ASVS 6.2.5, 6.2.10).

use std::sync::LazyLock;

use aws_lc_rs::digest;
use protocol::redact::Redacted;
use thiserror::Error;

/// A password as typed. Prints nothing, is never trimmed, folded or cut (ASVS 6.2.8).
#[derive(Clone, Debug)]
pub struct Password(Redacted<String>);

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Under [`PASSWORD_CHARS_MIN`] characters.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// Over [`PASSWORD_BYTES_MAX`] bytes.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// On the list of passwords that are tried first, perhaps with digits added.
    #[error(
        "this password is among the most guessed ones; choose another, for example four unrelated words"
    )]
    Common,
    /// Contains the person's own address or the clinic's name.
    #[error("a password must not contain your address or the name of the clinic")]
    Personal,
}

/// ASVS 6.2.1 asks for 8; ten costs a phone's keyboard little and an offline guesser three orders of magnitude.
pub const PASSWORD_CHARS_MIN: usize = 10;

/// ASVS 6.2.9 asks for at least 64 characters; 256 bytes hold 64 of any script, and bound what the hash must read.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// Own words shorter than this are in too many good passwords by chance.
const PERSONAL_WORD_CHARS_MIN: usize = 4;

/// A common word with up to this many digits and marks around it is still that word (`Password2026!`).
const DECORATION_CHARS_MAX: usize = 6;

/// The shortest word that decoration makes common; shorter ones occur in good passwords.
const STEM_CHARS_MIN: usize = 6;

impl Password {
    /// Takes a text for checking against a stored hash; no policy but the bound.
    ///
    /// # Errors
    /// If it is too long to be any password here.
    pub fn offered(text: String) -> Result<Self, PasswordError> {
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(PasswordError::TooLong);
        }
        Ok(Self(Redacted::new(text)))
    }

    /// Takes a text as a new password; `own_words` are the person's address, name, clinic.
    ///
    /// # Errors
    /// Which rule it breaks.
    pub fn chosen(text: String, own_words: &[&str]) -> Result<Self, PasswordError> {
        if text.chars().count() < PASSWORD_CHARS_MIN {
            return Err(PasswordError::TooShort);
        }
        let folded = text.to_lowercase();
        if is_common(&folded) {
            return Err(PasswordError::Common);
        }
        let repeats_own_word = own_words
            .iter()
            .map(|word| word.to_lowercase())
            .any(|word| word.chars().count() >= PERSONAL_WORD_CHARS_MIN && folded.contains(&word));
        if repeats_own_word {
            return Err(PasswordError::Personal);
        }
        Self::offered(text)
    }

    /// The bytes to hash.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

/// Whether a lower-case text is on the list, as it is or under decoration, or one or two characters over and over.
fn is_common(folded: &str) -> bool {
    if on_list(folded) || has_few_distinct_chars(folded) {
        return true;
    }
    let stem = folded.trim_matches(|c: char| !c.is_alphabetic());
    stem.len() != folded.len()
        && stem.chars().count() >= STEM_CHARS_MIN
        && folded.chars().count() - stem.chars().count() <= DECORATION_CHARS_MAX
        && on_list(stem)
}

fn has_few_distinct_chars(text: &str) -> bool {
    let mut seen: Vec<char> = Vec::with_capacity(3);
    for c in text.chars() {
        if !seen.contains(&c) {
            seen.push(c);
            if seen.len() > 2 {
                return false;
            }
        }
    }
    true
}

/// First four bytes of the SHA-256 of each common password, sorted; made by `scripts/common-passwords.py`. A list of
/// 28,000 entries refuses one good password in 150,000 by chance, for a quarter of the bytes of the words.
static COMMON: &[u8] = include_bytes!("../../data/common-passwords.bin");

static COMMON_PREFIXES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    COMMON.as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect()
});

fn on_list(folded: &str) -> bool {
    let hash = digest::digest(&digest::SHA256, folded.as_bytes());
    let Some(prefix) = hash.as_ref().first_chunk::<4>() else { return false };
    COMMON_PREFIXES.binary_search(&u32::from_be_bytes(*prefix)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<PasswordError> {
        Password::chosen(text.to_owned(), &["ann.lee", "Northside"]).err()
    }

    #[test]
    fn the_policy_as_a_table() {
        for (text, expected) in [
            ("short", Some(PasswordError::TooShort)),
            ("1234567890", Some(PasswordError::Common)),
            ("qwertyuiop", Some(PasswordError::Common)),
            ("Password2026!", Some(PasswordError::Common)),
            ("!!liverpool99", Some(PasswordError::Common)),
            ("aaaaaaaaaaaaaaaa", Some(PasswordError::Common)),
            ("abababababababab", Some(PasswordError::Common)),
            ("ann.lee and the boat", Some(PasswordError::Personal)),
            ("NORTHSIDE is a clinic", Some(PasswordError::Personal)),
            ("correct horse battery staple", None),
            ("zebra-cloud-77-oven", None),
            ("пароль из четырёх слов", None),
        ] {
            assert_eq!(refusal(text), expected, "{text}");
        }
    }

    #[test]
    fn length_is_counted_in_characters_and_bounded_in_bytes() {
        assert_eq!(refusal("ключ→замок"), None);
        assert_eq!(refusal(&"ab c".repeat(64)), None);
        assert_eq!(refusal(&"abcd".repeat(65)), Some(PasswordError::TooLong));
        assert_eq!(Password::offered("x".repeat(257)).err(), Some(PasswordError::TooLong));
    }

    #[test]
    fn the_list_is_sorted_and_holds_the_three_thousand_that_asvs_asks_for() {
        assert_eq!(COMMON.len() % 4, 0);
        assert!(COMMON_PREFIXES.len() > 20_000);
        assert!(COMMON_PREFIXES.is_sorted());
    }

    #[test]
    fn nothing_is_trimmed_or_cut() {
        let text = format!(" {} ", "long words ".repeat(8));
        assert_eq!(Password::chosen(text.clone(), &[]).unwrap().expose(), text.as_bytes());
    }
}
