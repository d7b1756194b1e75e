//! The keys of the key file: they wrap data keys, and make the searchable digests of sealed values.
//!
//! The file has one key a line, `name: base64 of 32 bytes`. The first one wraps; all of them unwrap, so that a new first
//! line rotates. The line `index` makes digests and is never rotated, because the digests could not be found again.
//! Where a key service guards the file, the lines hold what it wrapped (`ports/key_service`), and the ring is closed when
//! the service has not opened them for a while: then nothing is wrapped or unwrapped until it does again. Digests are made
//! on, for they open nothing.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

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

/// A data key is not unwrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    /// The ring is closed: the key service has not opened it for too long.
    #[error("the key service has not opened the keys")]
    Closed,
    /// The key file lacks the key that it was wrapped by, or the bytes are not what was wrapped.
    #[error(transparent)]
    Sealed(#[from] SealError),
}

/// The ring is closed: the key service has not opened it for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key service has not opened the keys")]
pub(crate) struct RingClosed;

/// One line of a key file: its number, the key's name, and what stands for the key.
#[derive(Clone, Copy)]
pub(crate) struct KeyLine<'a> {
    /// Its number, from 1.
    pub(crate) number: usize,
    /// The key's name.
    pub(crate) name: &'a str,
    /// The key in base64, or what a key service made of it.
    pub(crate) key: &'a str,
}

/// Each key with its name; the first wraps.
type Keys = Arc<[(String, DataKey)]>;

/// The keys of the key file.
pub struct KeyRing {
    /// None while it is closed.
    keys: RwLock<Option<Keys>>,
    index: hmac::Key,
}

impl KeyRing {
    /// Reads the text of a key file whose keys stand in it.
    ///
    /// # Errors
    /// When a line is no key, or one is missing.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys = Vec::new();
        for line in key_lines(text)? {
            let bytes = BASE64_STANDARD.decode(line.key).ok();
            let key = bytes.and_then(|bytes| bytes.try_into().ok());
            keys.push((line.name.to_owned(), key.ok_or(KeyRingError::Line(line.number))?));
        }
        Self::of(keys)
    }

    /// Makes a ring of keys in their order.
    ///
    /// # Errors
    /// When one is missing.
    pub fn of(keys: Vec<(String, [u8; KEY_BYTES])>) -> Result<Self, KeyRingError> {
        let (index, keys): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(name, _)| name == INDEX);
        if keys.is_empty() {
            return Err(KeyRingError::NoKey);
        }
        let (_, index) = index.first().ok_or(KeyRingError::NoIndex)?;
        let keys = keys.into_iter().map(|(name, key)| (name, DataKey::from_bytes(key)));
        let index = hmac::Key::new(hmac::HMAC_SHA256, index);
        Ok(Self { keys: RwLock::new(Some(keys.collect())), index })
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

    /// Whether it wraps and unwraps.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.keys().is_ok()
    }

    /// Forgets the keys that open data.
    pub fn close(&self) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Takes over the keys of another ring of the same file.
    pub fn reopen(&self, other: &Self) {
        let keys = other.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn keys(&self) -> Result<Keys, RingClosed> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.as_ref().map(Arc::clone).ok_or(RingClosed)
    }

    /// Wraps a data key; the name of the key that it is wrapped by, and the bytes.
    ///
    /// # Errors
    /// While the ring is closed.
    pub(crate) fn wrap(
        &self,
        random: &Random,
        owner: &str,
        key: &DataKey,
    ) -> Result<(String, Vec<u8>), RingClosed> {
        let keys = self.keys()?;
        // `of` refuses an empty ring.
        let (name, wrapping) = keys.first().ok_or(RingClosed)?;
        Ok((name.clone(), wrapping.seal(random, &context(owner), key.bytes())))
    }

    /// Unwraps a data key.
    ///
    /// # Errors
    /// When it cannot be, or not now.
    pub(crate) fn unwrap(
        &self,
        owner: &str,
        wrapped_by: &str,
        wrapped: &[u8],
    ) -> Result<DataKey, UnwrapError> {
        let keys = self.keys().map_err(|RingClosed| UnwrapError::Closed)?;
        let (_, key) = keys.iter().find(|(name, _)| name == wrapped_by).ok_or(SealError)?;
        let bytes = key.open(&context(owner), wrapped)?;
        let key = bytes.try_into().map(DataKey::from_bytes).map_err(|_| SealError)?;
        Ok(key)
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

/// Reads a key file's lines, whatever their keys are.
///
/// # Errors
/// When a line has no name, or one that was there before.
pub(crate) fn key_lines(text: &str) -> Result<Vec<KeyLine<'_>>, KeyRingError> {
    let mut lines: Vec<KeyLine<'_>> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, key) = line.split_once(':').ok_or(KeyRingError::Line(number))?;
        let (name, key) = (name.trim(), key.trim());
        let is_named =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_named || key.is_empty() {
            return Err(KeyRingError::Line(number));
        }
        if lines.iter().any(|other| other.name == name) {
            return Err(KeyRingError::Repeated(number));
        }
        lines.push(KeyLine { number, name, key });
    }
    Ok(lines)
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
        let (name, wrapped) = before.wrap(&random, "pat_1", &key).unwrap();
        let after = KeyRing::parse(&(line("two", 2) + &line("one", 1) + &index)).unwrap();
        assert_eq!(after.wrap(&random, "pat_1", &key).unwrap().0, "two");
        let unwrapped = after.unwrap("pat_1", &name, &wrapped).unwrap();
        assert_eq!(unwrapped.bytes(), key.bytes());
        let alone = KeyRing::parse(&(line("two", 2) + &index)).unwrap();
        assert!(alone.unwrap("pat_1", &name, &wrapped).is_err());
        assert!(after.unwrap("pat_2", &name, &wrapped).is_err());
    }

    #[test]
    fn a_closed_ring_wraps_and_unwraps_nothing_and_digests_on() {
        let random = Random::seeded(1);
        let text = line("one", 1) + &line("index", 9);
        let (ring, again) = (KeyRing::parse(&text).unwrap(), KeyRing::parse(&text).unwrap());
        let key = DataKey::mint(&random);
        let (name, wrapped) = ring.wrap(&random, "pat_1", &key).unwrap();
        let digest = ring.digest("email", "a@b");
        ring.close();
        assert!(!ring.is_open());
        assert_eq!(ring.wrap(&random, "pat_1", &key), Err(RingClosed));
        assert_eq!(ring.unwrap("pat_1", &name, &wrapped).unwrap_err(), UnwrapError::Closed);
        assert_eq!(ring.digest("email", "a@b"), digest);
        ring.reopen(&again);
        assert_eq!(ring.unwrap("pat_1", &name, &wrapped).unwrap().bytes(), key.bytes());
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
