//! The keys of the key file: they wrap data keys, and make the searchable digests of sealed values.
//!
//! The file has one key a line, `name: base64 of 32 bytes`. The first one wraps; all of them unwrap, so that a new first
//! line rotates. The line `index` makes digests and is never rotated, because the digests could not be found again.

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    crypto::{SealError, envelope::DataKey, envelope::KEY_BYTES},
    random::Random,
};

/// The line that makes digests.
const INDEX: &str = "index";

/// A key file that does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// A line that is no key. Its text is not repeated: it may be one.
    #[error("line {0} of the key file is not `name: base64 of 32 bytes`")]
    Line(usize),
    /// Two lines of one name.
    #[error("line {0} of the key file repeats a name")]
    Repeated(usize),
    /// No key that wraps.
    #[error("the key file holds no key to wrap with")]
    NoKey,
    /// No key that makes digests.
    #[error("the key file holds no key named `index`")]
    NoIndex,
}

/// The keys of the key file.
pub struct KeyRing {
    /// Each with its name; the first wraps.
    keys: Vec<(String, DataKey)>,
    index: hmac::Key,
}

impl KeyRing {
    /// Reads a key file's text.
    ///
    /// # Errors
    /// When a line is no key, or one is missing.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys: Vec<(String, DataKey)> = Vec::new();
        let mut index = None;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, key) = parse_line(line).ok_or(KeyRingError::Line(number))?;
            if name == INDEX {
                let key = hmac::Key::new(hmac::HMAC_SHA256, key.bytes());
                if index.replace(key).is_some() {
                    return Err(KeyRingError::Repeated(number));
                }
                continue;
            }
            if keys.iter().any(|(other, _)| other == name) {
                return Err(KeyRingError::Repeated(number));
            }
            keys.push((name.to_owned(), key));
        }
        if keys.is_empty() {
            return Err(KeyRingError::NoKey);
        }
        Ok(Self { keys, index: index.ok_or(KeyRingError::NoIndex)? })
    }

    /// The text of a new key file.
    #[must_use]
    pub fn generate(random: &Random) -> String {
        let key = || BASE64_STANDARD.encode(random.bytes::<KEY_BYTES>());
        format!(
            "# Opens every patient's data: keep it apart from the database and its backups, and never lose it.\n\
             first: {}\n{INDEX}: {}\n",
            key(),
            key()
        )
    }

    /// Wraps a data key; the name of the key that it is wrapped by, and the bytes.
    pub(crate) fn wrap(&self, random: &Random, owner: &str, key: &DataKey) -> (&str, Vec<u8>) {
        match self.keys.first() {
            Some((name, wrapping)) => (name, wrapping.seal(random, &context(owner), key.bytes())),
            // `parse` refuses an empty ring.
            None => ("", Vec::new()),
        }
    }

    /// Unwraps a data key.
    ///
    /// # Errors
    /// When the key file lacks the key that it was wrapped by, or the bytes are not what was wrapped.
    pub(crate) fn unwrap(
        &self,
        owner: &str,
        wrapped_by: &str,
        wrapped: &[u8],
    ) -> Result<DataKey, SealError> {
        let (_, key) = self.keys.iter().find(|(name, _)| name == wrapped_by).ok_or(SealError)?;
        let bytes = key.open(&context(owner), wrapped)?;
        bytes.try_into().map(DataKey::from_bytes).map_err(|_| SealError)
    }

    /// A data key that this file and a text make together: the same for the same text.
    pub(crate) fn derived(&self, kind: &str, text: &str) -> DataKey {
        DataKey::from_bytes(self.digest(kind, text))
    }

    /// A digest that stands for a sealed value in an index: the same for the same value of the same kind, and nothing
    /// to whoever has the database but not the key file.
    pub(crate) fn digest(&self, kind: &str, value: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(hidden)")
    }
}

fn parse_line(line: &str) -> Option<(&str, DataKey)> {
    let (name, key) = line.split_once(':')?;
    let name = name.trim();
    let bytes = BASE64_STANDARD.decode(key.trim()).ok()?;
    let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let key = bytes.try_into().map(DataKey::from_bytes).ok()?;
    named.then_some((name, key))
}

fn context(owner: &str) -> String {
    format!("data_key/{owner}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, byte: u8) -> String {
        format!("{name}: {}\n", BASE64_STANDARD.encode([byte; 32]))
    }

    #[test]
    fn a_generated_file_can_be_read() {
        let text = KeyRing::generate(&Random::seeded(1));
        assert!(KeyRing::parse(&text).is_ok());
    }

    #[test]
    fn a_data_key_survives_a_rotation() {
        let random = Random::seeded(1);
        let index = line("index", 9);
        let before = KeyRing::parse(&(line("one", 1) + &index)).unwrap();
        let key = DataKey::mint(&random);
        let (name, wrapped) = before.wrap(&random, "pat_1", &key);
        let after = KeyRing::parse(&(line("two", 2) + &line("one", 1) + &index)).unwrap();
        assert_eq!(after.wrap(&random, "pat_1", &key).0, "two");
        let unwrapped = after.unwrap("pat_1", name, &wrapped).unwrap();
        assert_eq!(unwrapped.bytes(), key.bytes());
        let alone = KeyRing::parse(&(line("two", 2) + &index)).unwrap();
        assert!(alone.unwrap("pat_1", name, &wrapped).is_err());
        assert!(after.unwrap("pat_2", name, &wrapped).is_err());
    }

    #[test]
    fn a_broken_file_is_refused_without_its_text() {
        let refused = |text: &str| KeyRing::parse(text).unwrap_err();
        assert_eq!(refused("# nothing\n"), KeyRingError::NoKey);
        assert_eq!(refused(&line("one", 1)), KeyRingError::NoIndex);
        assert_eq!(refused("one: hunter2"), KeyRingError::Line(1));
        let twice = line("one", 1) + &line("one", 2);
        assert_eq!(refused(&twice), KeyRingError::Repeated(2));
    }

    #[test]
    fn a_digest_depends_on_the_kind_and_the_value() {
        let ring = KeyRing::parse(&(line("one", 1) + &line("index", 9))).unwrap();
        assert_eq!(ring.digest("email", "a@b"), ring.digest("email", "a@b"));
        assert_ne!(ring.digest("email", "a@b"), ring.digest("phone", "a@b"));
        assert_ne!(ring.digest("email", "a@b"), ring.digest("email", "a@c"));
    }
}
