//! Session keys from a master key (RFC 3711 §4.3, with AES-256: RFC 6188, with GCM: RFC 7714 §11).
//! Rate 0: derived once.

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};

use super::{KEY_LEN_MAX, MasterKey, SALT_LEN_MAX, SrtpProfile};

/// What a session key is for: the first of three consecutive labels (RFC 3711 §4.3.1, §4.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Rtp = 0,
    Rtcp = 3,
}

/// HMAC-SHA1 keys are 160 bits (RFC 3711 §8.2).
pub(super) const AUTH_KEY_LEN: usize = 20;

/// Session keys of one direction and protocol. Cleared when dropped.
pub(super) struct SessionKeys {
    pub(super) key: [u8; KEY_LEN_MAX],
    pub(super) auth: [u8; AUTH_KEY_LEN],
    pub(super) salt: [u8; SALT_LEN_MAX],
}

impl SessionKeys {
    /// Derives the three keys; they are as long as the profile says, the rest stays zero.
    pub(super) fn derive(
        profile: SrtpProfile,
        master: &MasterKey,
        protocol: Protocol,
    ) -> Option<Self> {
        let mut keys =
            Self { key: [0; KEY_LEN_MAX], auth: [0; AUTH_KEY_LEN], salt: [0; SALT_LEN_MAX] };
        let master_key = master.key.get(..profile.key_len())?;
        let label = protocol as u8;
        derive(master_key, &master.salt, label, keys.key.get_mut(..profile.key_len())?)?;
        derive(master_key, &master.salt, label + 1, &mut keys.auth)?;
        derive(master_key, &master.salt, label + 2, keys.salt.get_mut(..profile.salt_len())?)?;
        Some(keys)
    }
}

impl Drop for SessionKeys {
    fn drop(&mut self) {
        self.key.fill(0);
        self.auth.fill(0);
        self.salt.fill(0);
        // Keeps the stores above from being optimised away.
        std::hint::black_box((&self.key, &self.auth, &self.salt));
    }
}

/// The key stream of AES in counter mode, from the master salt with the label in its byte 7
/// (`key_id`, r = 0).
pub(super) fn derive(
    key: &[u8],
    salt: &[u8; SALT_LEN_MAX],
    label: u8,
    out: &mut [u8],
) -> Option<()> {
    let mut counter = [0; 16];
    counter.get_mut(..SALT_LEN_MAX)?.copy_from_slice(salt);
    *counter.get_mut(7)? ^= label;
    out.fill(0);
    let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
    let key = EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
    key.less_safe_encrypt(out, EncryptionContext::Iv128(counter.into())).ok()?;
    Some(())
}
