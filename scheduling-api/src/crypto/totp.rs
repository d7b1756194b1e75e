//! Codes of an authenticator app: RFC 6238 over HMAC-SHA-1, six digits, thirty seconds.
//!
//! SHA-1, six digits and thirty seconds because those are the only parameters that every app honours. Owns: computing
//! and comparing. Never: stores. That a step is used once (RFC 6238 §5.2) is kept by the caller, who passes the last
//! step that was used.

use aws_lc_rs::{constant_time, hmac};
use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::random::Random;

/// The secret an app and we share.
#[derive(Clone, Debug)]
pub(crate) struct TotpSecret(Redacted<[u8; SECRET_BYTES]>);

/// A step of thirty seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step(pub i64);

/// RFC 4226 §4 R6 recommends 160 bits.
pub(crate) const SECRET_BYTES: usize = 20;

const STEP_SECONDS: i64 = 30;
const DIGITS: usize = 6;

/// One step either way: RFC 6238 §5.2 allows for the delay of typing and a phone's clock, no more.
const STEPS_AROUND: i64 = 1;

impl TotpSecret {
    /// A new one.
    #[must_use]
    pub(crate) fn mint(random: &Random) -> Self {
        Self(Redacted::new(random.bytes()))
    }

    /// From stored bytes.
    #[must_use]
    pub(crate) fn from_bytes(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(Redacted::new(bytes))
    }

    /// For sealing into the store.
    #[must_use]
    pub(crate) fn expose(&self) -> &[u8; SECRET_BYTES] {
        self.0.expose()
    }

    /// In base 32, as a person types it into an app.
    #[must_use]
    pub(crate) fn to_base32(&self) -> String {
        base32(self.0.expose())
    }

    /// The step whose code this is, if it is one of now's and later than the last one used.
    #[must_use]
    pub(crate) fn verify(
        &self,
        code: &str,
        last_used: Option<Step>,
        now: Timestamp,
    ) -> Option<Step> {
        let current = now.as_second().div_euclid(STEP_SECONDS);
        (current - STEPS_AROUND..=current + STEPS_AROUND)
            .map(Step)
            .filter(|step| last_used.is_none_or(|last| *step > last))
            .find(|step| {
                constant_time::verify_slices_are_equal(self.code(*step).as_bytes(), code.as_bytes())
                    .is_ok()
            })
    }

    /// The code of a step (RFC 4226 §5.3).
    #[must_use]
    pub(crate) fn code(&self, step: Step) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.expose());
        let tag = hmac::sign(&key, &step.0.to_be_bytes());
        let offset = usize::from(tag.as_ref().last().copied().unwrap_or_default() & 0x0f);
        let word = tag
            .as_ref()
            .get(offset..)
            .and_then(<[u8]>::first_chunk::<4>)
            .copied()
            .unwrap_or_default();
        let number = (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000;
        format!("{number:0DIGITS$}")
    }

    /// What an app scans: the key URI format that authenticator apps share.
    #[must_use]
    pub(crate) fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (percent(issuer), percent(account));
        format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", self.to_base32())
    }
}

/// RFC 4648 §6 without padding: apps refuse the padding.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: [char; 32] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R',
        'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
    ];
    bytes
        .chunks(5)
        .flat_map(|group| {
            let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte))
                << (40 - 8 * group.len());
            (0..(group.len() * 8).div_ceil(5))
                .map(move |index| usize::try_from(bits >> (35 - 5 * index) & 31))
        })
        .filter_map(|index| ALPHABET.get(index.ok()?).copied())
        .collect()
}

fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn rfc_secret() -> TotpSecret {
        TotpSecret::from_bytes(*b"12345678901234567890")
    }

    #[test]
    fn the_vectors_of_rfc_6238_appendix_b() {
        // The RFC prints eight digits; six are their tail.
        for (second, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(rfc_secret().code(Step(second / 30)), eight[2..]);
        }
    }

    #[test]
    fn one_step_either_way_is_taken_and_two_are_not() {
        let (secret, now) = (rfc_secret(), at(90_015));
        for (step, taken) in
            [(2998, false), (2999, true), (3000, true), (3001, true), (3002, false)]
        {
            let code = secret.code(Step(step));
            assert_eq!(secret.verify(&code, None, now).is_some(), taken, "{step}");
        }
    }

    #[test]
    fn a_step_is_used_once_and_never_an_earlier_one_after_it() {
        let (secret, now) = (rfc_secret(), at(90_015));
        let used = secret.verify(&secret.code(Step(3000)), None, now);
        assert_eq!(used, Some(Step(3000)));
        assert_eq!(secret.verify(&secret.code(Step(3000)), used, now), None);
        assert_eq!(secret.verify(&secret.code(Step(2999)), used, now), None);
        assert_eq!(secret.verify(&secret.code(Step(3001)), used, now), Some(Step(3001)));
    }

    #[test]
    fn other_texts_are_no_codes() {
        for text in ["", "0", "1234567", "abcdef", "４５６７８９", "-00001"] {
            assert_eq!(rfc_secret().verify(text, None, at(90_015)), None, "{text}");
        }
    }

    #[test]
    fn base_32_as_in_rfc_4648() {
        for (bytes, text) in [
            (&b"f"[..], "MY"),
            (b"fo", "MZXQ"),
            (b"foo", "MZXW6"),
            (b"foob", "MZXW6YQ"),
            (b"fooba", "MZXW6YTB"),
        ] {
            assert_eq!(base32(bytes), text);
        }
        assert_eq!(
            rfc_secret().uri("Bedside Clinic", "ann@x.y"),
            "otpauth://totp/Bedside%20Clinic:ann%40x.y?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bedside%20Clinic"
        );
    }
}
