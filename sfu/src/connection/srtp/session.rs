//! The ciphers with one direction's session keys: bytes and an index in, bytes out. Stateless, in
//! place, no allocation.
//!
//! The index is the caller's: sealing two plaintexts under one (SSRC, index) would give away the
//! key stream, and with GCM the authentication key (RFC 7714 §8.1).

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey},
    constant_time::verify_slices_are_equal,
    hmac,
};

use super::{MasterKey, SrtpProfile, derivation::Protocol, derivation::SessionKeys};
use crate::rtp::ids::{ExtSeq, Ssrc};

/// RTCP bytes that stay clear: first header word and the sender's SSRC (RFC 3711 §3.4).
pub(super) const RTCP_CLEAR_LEN: usize = 8;
/// Bytes of E bit and index (RFC 3711 §3.4).
pub(super) const RTCP_INDEX_LEN: usize = 4;
/// The E bit: the packet is encrypted.
pub(super) const RTCP_E_BIT: u32 = 1 << 31;

const GCM_TAG_LEN: usize = 16;
const CM_TAG_LEN: usize = 10;
const GCM_SALT_LEN: usize = 12;
const CM_SALT_LEN: usize = 14;

/// One direction of RTP or of RTCP.
#[expect(
    clippy::large_enum_variant,
    reason = "four per connection; a box would cost a load per packet"
)]
pub(super) enum Session {
    Gcm(GcmSession),
    Cm(CmSession),
}

impl Session {
    #[expect(clippy::expect_used, reason = "the library refuses only lengths that no profile has")]
    pub(super) fn new(profile: SrtpProfile, master: &MasterKey, protocol: Protocol) -> Self {
        Self::derive(profile, master, protocol).expect("keys as long as their profile says")
    }

    fn derive(profile: SrtpProfile, master: &MasterKey, protocol: Protocol) -> Option<Self> {
        let keys = SessionKeys::derive(profile, master, protocol)?;
        let key = keys.key.get(..profile.key_len())?;
        match profile {
            SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => {
                GcmSession::new(key, keys.salt.first_chunk()?).map(Self::Gcm)
            }
            SrtpProfile::AesCm128HmacSha1_80 => {
                CmSession::new(key, &keys.auth, keys.salt).map(Self::Cm)
            }
        }
    }

    pub(super) fn tag_len(&self) -> usize {
        match self {
            Self::Gcm(_) => GCM_TAG_LEN,
            Self::Cm(_) => CM_TAG_LEN,
        }
    }

    /// Seals `payload_len` bytes after the header; answers the packet's length.
    pub(super) fn seal_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        payload_len: usize,
        ssrc: Ssrc,
        index: ExtSeq,
    ) -> Option<usize> {
        let (header, rest) = packet.split_at_mut_checked(header_len)?;
        match self {
            Self::Gcm(gcm) => {
                let (payload, tag) = rest.split_at_mut_checked(payload_len)?;
                let tag = tag.get_mut(..GCM_TAG_LEN)?;
                let nonce = gcm.nonce(ssrc, index.0);
                gcm.key.seal_in_place_scatter(nonce, Aad::from(header), payload, &[], tag).ok()?;
            }
            Self::Cm(cm) => {
                // Refuses before it touches anything.
                rest.get(..payload_len + CM_TAG_LEN)?;
                cm.apply(rest.get_mut(..payload_len)?, ssrc, index.0)?;
                cm.sign_rtp(packet, header_len + payload_len, index)?;
            }
        }
        Some(header_len + payload_len + self.tag_len())
    }

    /// As [`seal_rtp`](Self::seal_rtp), with the payload elsewhere.
    pub(super) fn seal_rtp_scatter(
        &self,
        out: &mut [u8],
        header_len: usize,
        payload: &[u8],
        ssrc: Ssrc,
        index: ExtSeq,
    ) -> Option<usize> {
        let (header, rest) = out.split_at_mut_checked(header_len)?;
        let (ciphertext, tag) = rest.split_at_mut_checked(payload.len())?;
        match self {
            Self::Gcm(gcm) => {
                let tag = tag.get_mut(..GCM_TAG_LEN)?;
                let nonce = gcm.nonce(ssrc, index.0);
                let aad = Aad::from(header);
                gcm.key
                    .seal_out_of_place_scatter(nonce, aad, payload, ciphertext, &[], tag)
                    .ok()?;
                Some(header_len + payload.len() + GCM_TAG_LEN)
            }
            Self::Cm(_) => {
                ciphertext.copy_from_slice(payload);
                self.seal_rtp(out, header_len, payload.len(), ssrc, index)
            }
        }
    }

    /// Opens everything after the header; answers the plaintext packet's length. `None`: not
    /// authentic.
    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        ssrc: Ssrc,
        index: ExtSeq,
    ) -> Option<usize> {
        let plain_len = packet.len().checked_sub(self.tag_len())?;
        let (plain, tag) = packet.split_at_mut_checked(plain_len)?;
        match self {
            Self::Gcm(gcm) => {
                let (header, payload) = plain.split_at_mut_checked(header_len)?;
                let nonce = gcm.nonce(ssrc, index.0);
                gcm.key.open_in_place_separate_tag(nonce, Aad::from(header), tag, payload).ok()?;
            }
            Self::Cm(cm) => {
                let expected = cm.mac(plain, &index.rollover().to_be_bytes());
                verify_slices_are_equal(&expected, tag).ok()?;
                cm.apply(plain.get_mut(header_len..)?, ssrc, index.0)?;
            }
        }
        Some(plain_len)
    }

    /// Seals an RTCP compound of `len` bytes under a 31-bit index; answers the packet's length.
    pub(super) fn seal_rtcp(
        &self,
        packet: &mut [u8],
        len: usize,
        ssrc: Ssrc,
        index: u32,
    ) -> Option<usize> {
        let total = len.checked_add(self.tag_len() + RTCP_INDEX_LEN)?;
        let packet = packet.get_mut(..total)?;
        let word = (RTCP_E_BIT | index).to_be_bytes();
        let (clear, rest) = packet.split_first_chunk_mut::<RTCP_CLEAR_LEN>()?;
        let (secret, trailer) = rest.split_at_mut_checked(len.checked_sub(RTCP_CLEAR_LEN)?)?;
        match self {
            Self::Gcm(gcm) => {
                let (tag, index_place) = trailer.split_first_chunk_mut::<GCM_TAG_LEN>()?;
                let nonce = gcm.nonce(ssrc, u64::from(index));
                let aad = Aad::from(rtcp_aad(*clear, word));
                gcm.key.seal_in_place_scatter(nonce, aad, secret, &[], tag).ok()?;
                index_place.copy_from_slice(&word);
            }
            Self::Cm(cm) => {
                cm.apply(secret, ssrc, u64::from(index))?;
                let (index_place, _) = trailer.split_first_chunk_mut::<RTCP_INDEX_LEN>()?;
                *index_place = word;
                let (signed, tag) = packet.split_at_mut_checked(len + RTCP_INDEX_LEN)?;
                tag.copy_from_slice(&cm.mac(signed, &[]));
            }
        }
        Some(total)
    }

    /// The E bit and index of an SRTCP packet. `None`: too short.
    pub(super) fn rtcp_word(&self, packet: &[u8]) -> Option<u32> {
        if packet.len() < RTCP_CLEAR_LEN + RTCP_INDEX_LEN + self.tag_len() {
            return None;
        }
        let end = match self {
            Self::Gcm(_) => packet.len(),
            Self::Cm(_) => packet.len().checked_sub(CM_TAG_LEN)?,
        };
        Some(u32::from_be_bytes(*packet.get(..end)?.last_chunk()?))
    }

    /// Opens an SRTCP packet whose E bit is set; answers the plaintext's length. `None`: not
    /// authentic.
    pub(super) fn open_rtcp(&self, packet: &mut [u8], ssrc: Ssrc, index: u32) -> Option<usize> {
        let plain_len = packet.len().checked_sub(self.tag_len() + RTCP_INDEX_LEN)?;
        match self {
            Self::Gcm(gcm) => {
                let (clear, rest) = packet.split_first_chunk_mut::<RTCP_CLEAR_LEN>()?;
                let (rest, word) = rest.split_last_chunk_mut::<RTCP_INDEX_LEN>()?;
                let (secret, tag) = rest.split_last_chunk_mut::<GCM_TAG_LEN>()?;
                let nonce = gcm.nonce(ssrc, u64::from(index));
                let aad = Aad::from(rtcp_aad(*clear, *word));
                gcm.key.open_in_place_separate_tag(nonce, aad, tag, secret).ok()?;
            }
            Self::Cm(cm) => {
                let (signed, tag) = packet.split_last_chunk_mut::<CM_TAG_LEN>()?;
                verify_slices_are_equal(&cm.mac(signed, &[]), tag).ok()?;
                cm.apply(signed.get_mut(RTCP_CLEAR_LEN..plain_len)?, ssrc, u64::from(index))?;
            }
        }
        Some(plain_len)
    }
}

/// AEAD_AES_128_GCM or AEAD_AES_256_GCM (RFC 7714).
pub(super) struct GcmSession {
    key: LessSafeKey,
    salt: [u8; GCM_SALT_LEN],
}

impl GcmSession {
    pub(super) fn new(key: &[u8], salt: &[u8; GCM_SALT_LEN]) -> Option<Self> {
        let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
        Some(Self { key: LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?), salt: *salt })
    }

    /// `00 00 | SSRC | 48-bit index`, xored with the salt (RFC 7714 §8.1; for SRTCP §9.1, its index
    /// has 31 bits).
    fn nonce(&self, ssrc: Ssrc, index: u64) -> Nonce {
        let [s0, s1, s2, s3] = ssrc.0.to_be_bytes();
        let [_, _, i0, i1, i2, i3, i4, i5] = index.to_be_bytes();
        let mut iv = [0, 0, s0, s1, s2, s3, i0, i1, i2, i3, i4, i5];
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        Nonce::assume_unique_for_key(iv)
    }
}

/// What GCM authenticates beside the ciphertext of SRTCP (RFC 7714 §9.2).
fn rtcp_aad(clear: [u8; RTCP_CLEAR_LEN], word: [u8; RTCP_INDEX_LEN]) -> [u8; 12] {
    let [a, b, c, d, e, f, g, h] = clear;
    let [i, j, k, l] = word;
    [a, b, c, d, e, f, g, h, i, j, k, l]
}

/// AES-128 in counter mode with HMAC-SHA1-80 (RFC 3711 §4.1.1, §4.2.1).
pub(super) struct CmSession {
    key: EncryptingKey,
    auth: hmac::Key,
    salt: [u8; CM_SALT_LEN],
}

impl CmSession {
    pub(super) fn new(key: &[u8], auth: &[u8], salt: [u8; CM_SALT_LEN]) -> Option<Self> {
        Some(Self {
            key: EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, key).ok()?).ok()?,
            auth: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth),
            salt,
        })
    }

    /// Encrypts or decrypts; the counter starts at `salt * 2^16 ^ SSRC * 2^64 ^ index * 2^16`.
    pub(super) fn apply(&self, data: &mut [u8], ssrc: Ssrc, index: u64) -> Option<()> {
        let counter = (u128::from(ssrc.0) << 64) ^ (u128::from(index) << 16);
        let mut iv = counter.to_be_bytes();
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        self.key.less_safe_encrypt(data, EncryptionContext::Iv128(iv.into())).ok()?;
        Some(())
    }

    fn mac(&self, data: &[u8], then: &[u8]) -> [u8; CM_TAG_LEN] {
        let mut context = hmac::Context::with_key(&self.auth);
        context.update(data);
        context.update(then);
        context.sign().as_ref().first_chunk().copied().unwrap_or_default()
    }

    /// Signs the first `len` bytes and the rollover counter; the tag goes behind them.
    fn sign_rtp(&self, packet: &mut [u8], len: usize, index: ExtSeq) -> Option<()> {
        let (signed, tag) = packet.split_at_mut_checked(len)?;
        *tag.first_chunk_mut()? = self.mac(signed, &index.rollover().to_be_bytes());
        Some(())
    }
}
