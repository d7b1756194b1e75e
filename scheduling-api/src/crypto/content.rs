//! Sealing what is too large to be held at once: a document, part by part.
//!
//! Each document has a key of its own, which is kept sealed with its patient's. A part is sealed as other bytes are
//! (`version (1) | nonce (12) | ciphertext | tag (16)`), in place, for its document, its number and the size of the
//! whole: so parts cannot change places, be left out at the end, or be put into another document.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::{
    crypto::{DataKey, SealError, envelope::VERSION},
    random::Random,
};

/// Bytes before a part's text.
pub(crate) const PART_HEAD: usize = 1 + NONCE_LEN;

/// Bytes behind it.
pub(crate) const PART_TAIL: usize = 16;

/// A document's key.
pub(crate) struct ContentKey(LessSafeKey);

/// Which part of which whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The document.
    pub(crate) document: &'a str,
    /// The part's number.
    pub(crate) number: u64,
    /// Bytes of the whole document.
    pub(crate) size: u64,
}

impl ContentKey {
    /// A new key, and it sealed with the patient's.
    pub(crate) fn mint(
        random: &Random,
        patient: &DataKey,
        document: &str,
    ) -> Result<(Self, Vec<u8>), SealError> {
        let bytes: [u8; 32] = random.bytes();
        let sealed = patient.seal(random, &context(document), &bytes);
        Self::of(&bytes).map(|key| (key, sealed))
    }

    /// Opens a document's key.
    ///
    /// # Errors
    /// When the patient's key is another, or a bit was changed.
    pub(crate) fn open(
        patient: &DataKey,
        document: &str,
        sealed: &[u8],
    ) -> Result<Self, SealError> {
        Self::of(&patient.open(&context(document), sealed)?)
    }

    /// Seals a part in place: `buffer` is [`PART_HEAD`] bytes of anything, then the text.
    ///
    /// # Errors
    /// When the buffer is shorter than its head.
    pub(crate) fn seal(
        &self,
        random: &Random,
        place: Place<'_>,
        mut buffer: Vec<u8>,
    ) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let (head, text) = buffer.split_first_chunk_mut::<PART_HEAD>().ok_or(SealError)?;
        let [version, place_of_nonce @ ..] = head;
        (*version, *place_of_nonce) = (VERSION, nonce);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, place.aad(), text);
        buffer.extend_from_slice(tag.map_err(|_| SealError)?.as_ref());
        Ok(buffer)
    }

    /// Opens a part in place; where its text stands in the buffer.
    ///
    /// # Errors
    /// When it is not what was sealed for this place.
    pub(crate) fn open_part(
        &self,
        place: Place<'_>,
        buffer: &mut [u8],
    ) -> Result<std::ops::Range<usize>, SealError> {
        let (head, text) = buffer.split_at_mut_checked(PART_HEAD).ok_or(SealError)?;
        let (version, nonce) = head.split_first().ok_or(SealError)?;
        if *version != VERSION {
            return Err(SealError);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let plain = self.0.open_in_place(nonce, place.aad(), text).map_err(|_| SealError)?;
        Ok(PART_HEAD..PART_HEAD + plain.len())
    }

    fn of(bytes: &[u8]) -> Result<Self, SealError> {
        UnboundKey::new(&AES_256_GCM, bytes)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| SealError)
    }
}

impl Place<'_> {
    fn aad(&self) -> Aad<String> {
        Aad::from(format!("document/{}/{}/{}", self.document, self.number, self.size))
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(hidden)")
    }
}

fn context(document: &str) -> String {
    format!("document.content_key/{document}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"a finding";

    fn buffer() -> Vec<u8> {
        [&[0; PART_HEAD][..], TEXT].concat()
    }

    #[test]
    fn a_part_opens_in_its_place_only_and_whole() {
        let random = Random::seeded(1);
        let patient = DataKey::mint(&random);
        let (key, sealed_key) = ContentKey::mint(&random, &patient, "doc_1").unwrap();
        let place = Place { document: "doc_1", number: 1, size: 20 };
        let sealed = key.seal(&random, place, buffer()).unwrap();
        assert_eq!(sealed.len(), PART_HEAD + TEXT.len() + PART_TAIL);
        let again = ContentKey::open(&patient, "doc_1", &sealed_key).unwrap();
        let mut copy = sealed.clone();
        let range = again.open_part(place, &mut copy).unwrap();
        assert_eq!(&copy[range], TEXT);
        for wrong in [
            Place { number: 0, ..place },
            Place { size: 19, ..place },
            Place { document: "doc_2", ..place },
        ] {
            assert!(key.open_part(wrong, &mut sealed.clone()).is_err(), "{wrong:?}");
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open_part(place, &mut changed).is_err());
            assert!(key.open_part(place, &mut sealed[..at].to_vec()).is_err());
        }
        assert!(ContentKey::open(&patient, "doc_2", &sealed_key).is_err());
        assert!(ContentKey::open(&DataKey::mint(&random), "doc_1", &sealed_key).is_err());
    }
}
