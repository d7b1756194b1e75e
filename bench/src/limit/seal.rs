//! RTP packets of the bare loop, and AES-GCM as SRTP uses it (RFC 7714 §8), with nothing around it.
//!
//! ```text
//!   | RTP header 12 | sequence 8 | fill | tag 16 |
//! ```

use anyhow::{Result, anyhow};
use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    rand,
};

use super::Profile;

/// Bytes of the header: no extensions.
pub(super) const HEADER: usize = 12;
/// Bytes of the tag.
pub(super) const TAG: usize = 16;
/// Payload type of video.
pub(super) const VIDEO: u8 = 96;
/// Payload type of audio.
pub(super) const AUDIO: u8 = 111;

/// What a packet's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) pt: u8,
    pub(super) seq: u16,
    pub(super) ssrc: u32,
}

impl Head {
    pub(super) fn write(self, out: &mut [u8]) {
        let [seq_high, seq_low] = self.seq.to_be_bytes();
        out[..4].copy_from_slice(&[0x80, self.pt, seq_high, seq_low]);
        out[4..8].fill(0);
        out[8..HEADER].copy_from_slice(&self.ssrc.to_be_bytes());
    }

    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let [0x80, pt, seq_high, seq_low, _, _, _, _, ssrc @ ..] =
            *packet.first_chunk::<HEADER>()?
        else {
            return None;
        };
        let seq = u16::from_be_bytes([seq_high, seq_low]);
        Some(Self { pt, seq, ssrc: u32::from_be_bytes(ssrc) })
    }
}

/// The sequence number with its rollovers, close to `next`.
pub(super) fn extend(seq: u16, next: u64) -> u64 {
    let distance = seq.wrapping_sub(next as u16).cast_signed();
    next.saturating_add_signed(i64::from(distance))
}

/// Writes a payload that can be checked.
pub(super) fn write_payload(out: &mut [u8], sequence: u64) {
    let (number, fill) = out.split_at_mut(8);
    number.copy_from_slice(&sequence.to_be_bytes());
    fill.fill(sequence as u8);
}

/// The sequence in a payload; `None` if a byte is not as it was written.
pub(super) fn read_payload(payload: &[u8]) -> Option<u64> {
    let (number, fill) = payload.split_first_chunk::<8>()?;
    let sequence = u64::from_be_bytes(*number);
    fill.iter().all(|byte| *byte == sequence as u8).then_some(sequence)
}

/// Key and salt of one direction of one connection.
pub(super) struct Seal {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Seal {
    pub(super) fn random(profile: Profile) -> Result<Self> {
        let mut bytes = [0; 44];
        rand::fill(&mut bytes).map_err(|_| anyhow!("no randomness"))?;
        let (algorithm, key) = match profile {
            Profile::Aes128Gcm => (&AES_128_GCM, &bytes[..16]),
            Profile::Aes256Gcm => (&AES_256_GCM, &bytes[..32]),
        };
        let key = UnboundKey::new(algorithm, key).map_err(|_| anyhow!("key refused"))?;
        let salt = *bytes.last_chunk().expect("44 bytes hold a salt");
        Ok(Self { key: LessSafeKey::new(key), salt })
    }

    /// Seals the payload behind the header in place; answers the packet's length.
    pub(super) fn seal(&self, packet: &mut [u8], payload: usize, ssrc: u32, index: u64) -> usize {
        let (header, rest) = packet.split_at_mut(HEADER);
        let (payload, tag) = rest.split_at_mut(payload);
        let nonce = self.nonce(ssrc, index);
        self.key
            .seal_in_place_scatter(nonce, Aad::from(header), payload, &[], &mut tag[..TAG])
            .expect("lengths are right");
        HEADER + payload.len() + TAG
    }

    /// Seals a payload that stands elsewhere behind the header in `out`; answers the packet's length.
    pub(super) fn seal_scatter(
        &self,
        out: &mut [u8],
        payload: &[u8],
        ssrc: u32,
        index: u64,
    ) -> usize {
        let (header, rest) = out.split_at_mut(HEADER);
        let (sealed, tag) = rest.split_at_mut(payload.len());
        let nonce = self.nonce(ssrc, index);
        self.key
            .seal_out_of_place_scatter(
                nonce,
                Aad::from(header),
                payload,
                sealed,
                &[],
                &mut tag[..TAG],
            )
            .expect("lengths are right");
        HEADER + payload.len() + TAG
    }

    /// Opens a packet in place; its payload, `None` if it is not authentic.
    pub(super) fn open<'a>(&self, packet: &'a mut [u8], ssrc: u32, index: u64) -> Option<&'a [u8]> {
        let (header, rest) = packet.split_at_mut_checked(HEADER)?;
        let (sealed, tag) = rest.split_at_mut_checked(rest.len().checked_sub(TAG)?)?;
        let nonce = self.nonce(ssrc, index);
        self.key.open_in_place_separate_tag(nonce, Aad::from(header), tag, sealed).ok()?;
        Some(sealed)
    }

    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let [s0, s1, s2, s3] = ssrc.to_be_bytes();
        let [_, _, i0, i1, i2, i3, i4, i5] = index.to_be_bytes();
        let mut iv = [0, 0, s0, s1, s2, s3, i0, i1, i2, i3, i4, i5];
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        Nonce::assume_unique_for_key(iv)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_packet_opens_and_a_changed_one_does_not() {
        for profile in [Profile::Aes128Gcm, Profile::Aes256Gcm] {
            let seal = Seal::random(profile).unwrap();
            let head = Head { pt: VIDEO, seq: 9, ssrc: 77 };
            let mut packet = [0; 200];
            head.write(&mut packet);
            write_payload(&mut packet[HEADER..112], 5);
            let plain = packet;
            assert_eq!(seal.seal(&mut packet, 100, 77, 65_545), 128);
            let mut scattered = [0; 200];
            head.write(&mut scattered);
            assert_eq!(seal.seal_scatter(&mut scattered, &plain[HEADER..112], 77, 65_545), 128);
            assert_eq!(packet, scattered);
            assert_eq!(Head::read(&packet), Some(head));
            scattered[60] ^= 1;
            assert_eq!(seal.open(&mut scattered[..128], 77, 65_545), None);
            let payload = seal.open(&mut packet[..128], 77, 65_545).unwrap();
            assert_eq!(read_payload(payload), Some(5));
        }
    }

    #[test]
    fn numbers_are_extended_over_the_rollover_in_both_directions() {
        assert_eq!(extend(3, 65_535), 65_539);
        assert_eq!(extend(65_534, 65_537), 65_534);
        assert_eq!(extend(0, 0), 0);
    }

    #[test]
    fn a_payload_with_one_changed_byte_is_noticed() {
        let mut payload = [0; 30];
        write_payload(&mut payload, 300);
        payload[29] ^= 1;
        assert_eq!(read_payload(&payload), None);
    }
}
