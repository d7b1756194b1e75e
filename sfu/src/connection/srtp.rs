//! SRTP and SRTCP (RFC 3711, 7714) with keys from DTLS (RFC 5764): our thin layer over `aws-lc-rs`.
//!
//! Owns: session keys, rollover guesses, replay windows, the SRTCP index. Everything works in place
//! on the datagram; per packet nothing is allocated (a new SSRC may grow a table). Never: parses
//! payloads, decides what is forwarded.
//!
//! ```text
//!  RTP  CM   | header | ciphertext | tag 10 |             GCM  | header | ciphertext + tag 16 |
//!  RTCP CM   | 8      | ciphertext | E+index 4 | tag 10 | GCM  | 8      | ciphertext + tag 16 | E+index 4 |
//! ```

mod derivation;
mod receiver;
pub(crate) mod replay;
mod sender;
mod session;

use std::fmt;

pub use receiver::SrtpReceiver;
pub use sender::SrtpSender;

/// A protection profile that we negotiate (RFC 5764 §4.1.2, RFC 7714 §14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpProfile {
    /// `SRTP_AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`.
    AeadAes256Gcm,
    /// `SRTP_AES128_CM_HMAC_SHA1_80`, for old clients.
    AesCm128HmacSha1_80,
}

impl SrtpProfile {
    /// The profile with this number in the `use_srtp` extension.
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        match id {
            0x0001 => Some(Self::AesCm128HmacSha1_80),
            0x0007 => Some(Self::AeadAes128Gcm),
            0x0008 => Some(Self::AeadAes256Gcm),
            _ => None,
        }
    }

    /// Bytes of a master key, and of a session key.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AesCm128HmacSha1_80 => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of a master salt, and of a session salt.
    #[must_use]
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            Self::AesCm128HmacSha1_80 => 14,
        }
    }

    /// Bytes of the authentication tag.
    #[must_use]
    pub const fn tag_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::AesCm128HmacSha1_80 => 10,
        }
    }
}

/// Why a packet was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// Too short, not RTCP where RTCP is due, or SRTCP without encryption.
    #[error("packet is malformed")]
    Malformed,
    /// The tag is wrong.
    #[error("authentication failed")]
    Authentication,
    /// Seen before, or older than the window.
    #[error("packet is a replay or too old")]
    Replay,
    /// One SSRC more than a connection may have.
    #[error("too many SSRCs")]
    SsrcLimit,
}

/// Master key and salt of one direction. Cleared when dropped.
pub(crate) struct MasterKey {
    key: [u8; KEY_LEN_MAX],
    salt: [u8; SALT_LEN_MAX],
}

impl MasterKey {
    fn new(key: &[u8], salt: &[u8]) -> Option<Self> {
        let mut master = Self { key: [0; KEY_LEN_MAX], salt: [0; SALT_LEN_MAX] };
        master.key.get_mut(..key.len())?.copy_from_slice(key);
        master.salt.get_mut(..salt.len())?.copy_from_slice(salt);
        Some(master)
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.key.fill(0);
        self.salt.fill(0);
        // Keeps the stores above from being optimised away.
        std::hint::black_box((&self.key, &self.salt));
    }
}

/// Master keys and salts of both directions. Printed without them.
pub struct SrtpKeys {
    profile: SrtpProfile,
    local: MasterKey,
    remote: MasterKey,
}

impl SrtpKeys {
    /// Splits what the DTLS exporter `EXTRACTOR-dtls_srtp` gave (RFC 5764 §4.2): client key, server
    /// key, client salt, server salt. `is_client` tells which of them is ours. `None` when the
    /// length is not the profile's.
    #[must_use]
    pub fn from_exporter(profile: SrtpProfile, material: &[u8], is_client: bool) -> Option<Self> {
        if material.len() != 2 * (profile.key_len() + profile.salt_len()) {
            return None;
        }
        let (client_key, rest) = material.split_at_checked(profile.key_len())?;
        let (server_key, rest) = rest.split_at_checked(profile.key_len())?;
        let (client_salt, server_salt) = rest.split_at_checked(profile.salt_len())?;
        let client = MasterKey::new(client_key, client_salt)?;
        let server = MasterKey::new(server_key, server_salt)?;
        let (local, remote) = if is_client { (client, server) } else { (server, client) };
        Some(Self { profile, local, remote })
    }

    /// The negotiated profile.
    #[must_use]
    pub fn profile(&self) -> SrtpProfile {
        self.profile
    }
}

impl fmt::Debug for SrtpKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SrtpKeys").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// AES-256.
const KEY_LEN_MAX: usize = 32;
/// The 112 bits of RFC 3711; GCM's 96 bits are followed by zeros (RFC 7714 §11).
const SALT_LEN_MAX: usize = 14;

#[cfg(test)]
mod tests;
