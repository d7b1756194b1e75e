//! Sealed bytes: `version (1) | nonce (12) | ciphertext | tag (16)`.
//!
//! What is sealed is bound to its place: the same context must be given to open it, so that a sealed column copied to
//! another row or column does not open there. Nonces are random: with 96 bits and one key a patient, a collision is out
//! of reach (2^32 values a key keep it below 2^-32, NIST SP 800-38D §8.3).

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};

use crate::{crypto::SealError, random::Random};

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;

/// The only layout so far.
pub(super) const VERSION: u8 = 1;

/// A key that seals one patient's data, or other data keys.
pub(crate) struct DataKey([u8; KEY_BYTES]);

impl DataKey {
    /// A new key.
    pub(crate) fn mint(random: &Random) -> Self {
        Self(random.bytes())
    }

    pub(super) fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Seals bytes for one place, such as `patient.profile/pat_...`.
    pub(crate) fn seal(&self, random: &Random, context: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        let mut text = plain.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let done = self.cipher().and_then(|cipher| {
            let aad = Aad::from(context.as_bytes());
            cipher.seal_in_place_append_tag(nonce, aad, &mut text).map_err(|_| SealError)
        });
        // Fails only beyond 64 GiB (NIST SP 800-38D §5.2.1.1); a column has kilobytes.
        debug_assert!(done.is_ok(), "bytes of a column can be sealed");
        if done.is_err() {
            return Vec::new();
        }
        sealed.append(&mut text);
        sealed
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// When the key or the place is another, or a bit was changed.
    pub(crate) fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(SealError)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let aad = Aad::from(context.as_bytes());
        let cipher = self.cipher()?;
        let plain = cipher.open_in_place(nonce, aad, &mut text).map_err(|_| SealError)?;
        Ok(plain.to_vec())
    }

    /// What binds a signature to a text about this patient: HMAC-SHA-256 over parts in order, each behind its length, so that
    /// no two lists of parts are the same bytes. In hexadecimal digits. Keyed, since texts about health are few enough to
    /// be tried one by one; with the key destroyed it says nothing any more.
    pub(crate) fn content_hash(&self, parts: &[&[u8]]) -> String {
        // A key of its own: one key serves one algorithm.
        let own = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), b"content hash");
        let mut hash = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()));
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new).map_err(|_| SealError)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let random = Random::seeded(1);
        let (key, other) = (DataKey::mint(&random), DataKey::mint(&random));
        let sealed = key.seal(&random, "patient.profile/1", b"Wanjiru");
        assert_eq!(key.open("patient.profile/1", &sealed), Ok(b"Wanjiru".to_vec()));
        assert_eq!(key.open("patient.profile/2", &sealed), Err(SealError));
        assert_eq!(other.open("patient.profile/1", &sealed), Err(SealError));
    }

    #[test]
    fn a_changed_or_cut_text_does_not_open() {
        let random = Random::seeded(1);
        let key = DataKey::mint(&random);
        let sealed = key.seal(&random, "c", b"note");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open("c", &changed), Err(SealError));
            assert_eq!(key.open("c", &sealed[..at]), Err(SealError));
        }
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        let random = Random::seeded(1);
        let key = DataKey::mint(&random);
        assert_ne!(key.seal(&random, "c", b"note"), key.seal(&random, "c", b"note"));
    }

    #[test]
    fn a_content_hash_is_of_one_key_and_of_where_its_parts_end() {
        let random = Random::seeded(1);
        let (key, other) = (DataKey::mint(&random), DataKey::mint(&random));
        assert_ne!(key.content_hash(&[b"ab", b"c"]), key.content_hash(&[b"a", b"bc"]));
        assert_ne!(key.content_hash(&[b"ab"]), other.content_hash(&[b"ab"]));
        assert_eq!(key.content_hash(&[b"ab"]).len(), 64);
    }

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?}", DataKey::mint(&Random::seeded(1))), "DataKey(hidden)");
    }
}
