//! A message that only one browser can read: Message Encryption for Web Push (RFC 8291) in the `aes128gcm` coding
//! (RFC 8188), one record.
//!
//! ```text
//! salt (16) │ record size (4) │ length of our key (1) │ our public key (65) │ AES-128-GCM(text ‖ 2 ‖ padding)
//! ```
//!
//! Owns: the keys' derivation and the record's form. Never: sends; chooses no randomness, the caller brings it.

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree},
    hkdf::{HKDF_SHA256, KeyType, Salt},
};

/// A browser's key, or ours, that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key of the subscription is not a point of P-256")]
pub(crate) struct UnusableKey;

/// The record's size as it is told: push services take 4096 bytes at most.
const RECORD_BYTES: u32 = 4096;

/// Text and padding together: nobody on the way tells one kind of message from another by its length.
const PADDED_BYTES: usize = 256;

/// Whom a message is sealed for, as their browser told (RFC 8291 §3).
pub(crate) struct Receiver<'a> {
    /// `p256dh`: an uncompressed point, 65 bytes.
    pub(crate) public: &'a [u8],
    /// `auth`: 16 bytes.
    pub(crate) auth: &'a [u8],
}

/// Seals a text. `private` and `salt` are random and used once.
///
/// # Errors
/// When a key is no point of the curve.
pub(crate) fn seal(
    receiver: &Receiver<'_>,
    private: &[u8; 32],
    salt: [u8; 16],
    text: &[u8],
) -> Result<Vec<u8>, UnusableKey> {
    let mut padded = text.to_vec();
    padded.push(2);
    padded.resize(PADDED_BYTES.max(padded.len()), 0);
    seal_padded(receiver, private, salt, padded)
}

fn seal_padded(
    receiver: &Receiver<'_>,
    private: &[u8; 32],
    salt: [u8; 16],
    mut record: Vec<u8>,
) -> Result<Vec<u8>, UnusableKey> {
    let private = PrivateKey::from_private_key(&ECDH_P256, private).map_err(|_| UnusableKey)?;
    let ours = private.compute_public_key().map_err(|_| UnusableKey)?;
    let ours = ours.as_ref();
    let theirs = UnparsedPublicKey::new(&ECDH_P256, receiver.public);
    let (key, nonce) = agree(&private, theirs, UnusableKey, |shared| {
        let info = [b"WebPush: info\0", receiver.public, ours].concat();
        let input = derive::<32>(receiver.auth, shared, &info)?;
        let key = derive::<16>(&salt, &input, b"Content-Encoding: aes128gcm\0")?;
        let nonce = derive::<12>(&salt, &input, b"Content-Encoding: nonce\0")?;
        Ok((key, nonce))
    })?;
    let key = UnboundKey::new(&AES_128_GCM, &key).map_err(|_| UnusableKey)?;
    LessSafeKey::new(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
        .map_err(|_| UnusableKey)?;
    let length = u8::try_from(ours.len()).map_err(|_| UnusableKey)?;
    let mut message = salt.to_vec();
    message.extend(RECORD_BYTES.to_be_bytes());
    message.push(length);
    message.extend(ours);
    message.extend(record);
    Ok(message)
}

/// The public half of a private key: an uncompressed point.
pub(crate) fn public_of(private: &[u8; 32]) -> Result<Vec<u8>, UnusableKey> {
    let private = PrivateKey::from_private_key(&ECDH_P256, private).map_err(|_| UnusableKey)?;
    private.compute_public_key().map(|key| key.as_ref().to_vec()).map_err(|_| UnusableKey)
}

/// How many bytes are derived.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF with SHA-256 (RFC 5869).
fn derive<const N: usize>(salt: &[u8], input: &[u8], info: &[u8]) -> Result<[u8; N], UnusableKey> {
    let mut bytes = [0; N];
    let prk = Salt::new(HKDF_SHA256, salt).extract(input);
    let info = [info];
    let okm = prk.expand(&info, Length(N)).map_err(|_| UnusableKey)?;
    okm.fill(&mut bytes).map_err(|_| UnusableKey)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// RFC 8291 §5 and appendix A.
    #[test]
    fn the_standards_example_is_sealed_as_it_says() {
        let public = bytes(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        );
        let auth = bytes("BTBZMqHH6r4Tts7J_aSIgg");
        let private = bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").try_into().unwrap();
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let receiver = Receiver { public: &public, auth: &auth };
        let mut text = b"When I grow up, I want to be a watermelon".to_vec();
        text.push(2);
        let sealed = seal_padded(&receiver, &private, salt, text).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz\
                        AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(sealed), expected);
    }

    #[test]
    fn lengths_tell_nothing_and_a_wrong_key_is_refused() {
        let public = public_of(&[7; 32]).unwrap();
        let receiver = Receiver { public: &public, auth: &[1; 16] };
        let short = seal(&receiver, &[9; 32], [3; 16], b"a").unwrap();
        let long = seal(&receiver, &[9; 32], [3; 16], &[b'a'; 200]).unwrap();
        assert_eq!(short.len(), long.len());
        let nobody = Receiver { public: &[4; 65], auth: &[1; 16] };
        assert_eq!(seal(&nobody, &[9; 32], [3; 16], b"a"), Err(UnusableKey));
    }
}
