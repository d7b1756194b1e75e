//! Who asks: long-term credentials with nonces that nobody has to remember (RFC 8489 §9.2).
//!
//! ```text
//!   nonce     HMAC(key, half hour, client's address and port)     checked by making it again
//!   password  HMAC(secret, username)                              likewise; username = expiry:who
//! ```
//!
//! A challenge has two forms. The short one fits any request without growing: realm and a nonce of four characters. The
//! long one offers SHA-256 besides MD5 and takes more room, so it goes to whoever asked with enough bytes. A nonce only
//! shows that the address is its sender's own; who he is, the integrity shows.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use aws_lc_rs::{constant_time, hmac};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use protocol::{
    stun::{AttributeKind, Builder, ErrorCode, LongTermKey, Message, PasswordAlgorithm},
    turn_credential::{TurnSecret, TurnUser},
};

use crate::{
    counters::Refusal,
    limits::{CREDENTIAL_LIFE_MAX, NONCE_EPOCH},
};

/// The realm of every server of ours. Four characters: the short challenge has room for no more.
pub(crate) const REALM: &str = "turn";

/// Begins a nonce that tells features, then come those: password algorithms (RFC 8489 §9.2, §18.1).
const FEATURES: &str = "obMatJos2gAAA";

/// What is offered, the better one first, each without parameters (RFC 8489 §14.11).
const ALGORITHMS: [u8; 8] = [0, 2, 0, 0, 0, 1, 0, 0];

/// Bytes of the hash in a nonce: 24 bits where room is short. A guess wins nothing without a password.
const SHORT_HASH_BYTES: usize = 3;
const LONG_HASH_BYTES: usize = 9;

/// Two forms of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// MD5 only.
    Short,
    /// With a choice of algorithms.
    Long,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Authentication {
    secret: TurnSecret,
    nonce_key: hmac::Key,
}

/// Somebody who has authenticated.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) username: String,
    pub(crate) key: LongTermKey,
    /// The answer uses the same.
    uses_sha256: bool,
}

impl Caller {
    /// Ends an answer to the caller.
    pub(crate) fn finish(&self, builder: Builder<'_>) -> Option<usize> {
        if self.uses_sha256 {
            builder.finish_with_integrity_sha256(self.key.as_bytes())
        } else {
            builder.finish_with_integrity(self.key.as_bytes())
        }
    }
}

impl Authentication {
    pub(crate) fn new(secret: TurnSecret, nonce_key: &[u8; 32]) -> Self {
        Self { secret, nonce_key: hmac::Key::new(hmac::HMAC_SHA256, nonce_key) }
    }

    /// Appends realm, nonce and, in the long form, the algorithms.
    pub(crate) fn challenge<'b>(
        &self,
        builder: Builder<'b>,
        client: SocketAddr,
        form: Form,
        unix: Duration,
    ) -> Builder<'b> {
        let nonce = self.nonce(client, form, epoch(unix));
        let builder = builder
            .attribute(AttributeKind::REALM, REALM.as_bytes())
            .attribute(AttributeKind::NONCE, nonce.as_bytes());
        match form {
            Form::Short => builder,
            Form::Long => builder.attribute(AttributeKind::PASSWORD_ALGORITHMS, &ALGORITHMS),
        }
    }

    /// Checks who asks, against a known key if the client has an allocation already.
    ///
    /// # Errors
    /// What to answer, and what to count.
    pub(crate) fn check(
        &self,
        request: &Message<'_>,
        client: SocketAddr,
        known: Option<(&str, &LongTermKey)>,
        unix: Duration,
    ) -> Result<Caller, (ErrorCode, Refusal)> {
        if !request.has_integrity() && !request.has_integrity_sha256() {
            return Err((ErrorCode::Unauthenticated, Refusal::Unauthenticated));
        }
        let bad = (ErrorCode::BadRequest, Refusal::BadRequest);
        let text = |kind| request.attribute(kind).and_then(|value| str::from_utf8(value).ok());
        let (Some(username), Some(realm), Some(nonce)) =
            (request.username(), text(AttributeKind::REALM), text(AttributeKind::NONCE))
        else {
            return Err(bad);
        };
        let algorithm = chosen_algorithm(request, nonce).ok_or(bad)?;
        let wrong = (ErrorCode::Unauthenticated, Refusal::WrongCredential);
        TurnUser::parse(username).filter(|_| realm == REALM).ok_or(wrong)?;
        let key = match known {
            Some((name, key)) if name == username && key.algorithm() == algorithm => key.clone(),
            _ => {
                let password = self.secret.password(username);
                LongTermKey::derive(algorithm, username, REALM, &password)
            }
        };
        let uses_sha256 = request.has_integrity_sha256();
        let is_right = if uses_sha256 {
            request.check_integrity_sha256(key.as_bytes())
        } else {
            request.check_integrity(key.as_bytes())
        };
        if !is_right {
            return Err(wrong);
        }
        if !self.is_fresh(nonce, client, unix) {
            return Err((ErrorCode::StaleNonce, Refusal::StaleNonce));
        }
        Ok(Caller { username: username.to_owned(), key, uses_sha256 })
    }

    fn is_fresh(&self, nonce: &str, client: SocketAddr, unix: Duration) -> bool {
        let form = if nonce.starts_with(FEATURES) { Form::Long } else { Form::Short };
        let now = epoch(unix);
        [now, now.saturating_sub(1)].into_iter().any(|epoch| {
            let ours = self.nonce(client, form, epoch);
            constant_time::verify_slices_are_equal(ours.as_bytes(), nonce.as_bytes()).is_ok()
        })
    }

    fn nonce(&self, client: SocketAddr, form: Form, epoch: u64) -> String {
        let mut context = hmac::Context::with_key(&self.nonce_key);
        context.update(&epoch.to_be_bytes());
        match client.ip().to_canonical() {
            IpAddr::V4(ip) => context.update(&ip.octets()),
            IpAddr::V6(ip) => context.update(&ip.octets()),
        }
        context.update(&client.port().to_be_bytes());
        let (features, bytes) = match form {
            Form::Short => ("", SHORT_HASH_BYTES),
            Form::Long => (FEATURES, LONG_HASH_BYTES),
        };
        context.update(features.as_bytes());
        let hash = context.sign();
        let hash = STANDARD_NO_PAD.encode(hash.as_ref().get(..bytes).unwrap_or_default());
        format!("{features}{hash}")
    }
}

/// Whether a user may open allocations: until the time in the name, if that is one that we could have named, and after it for
/// as long as the user `is_present`.
pub(crate) fn is_in_time(user: &TurnUser<'_>, is_present: bool, unix: Duration) -> bool {
    let expires = Duration::from_secs(user.expires_at);
    (expires > unix || is_present) && expires <= unix.saturating_add(CREDENTIAL_LIFE_MAX)
}

/// The algorithm that a request was made with; `None` if it says so in a way that nobody offered (RFC 8489 §9.2.4).
fn chosen_algorithm(request: &Message<'_>, nonce: &str) -> Option<PasswordAlgorithm> {
    let offered = request.attribute(AttributeKind::PASSWORD_ALGORITHMS);
    let chosen = request.attribute(AttributeKind::PASSWORD_ALGORITHM);
    match (offered, chosen) {
        (None, None) => Some(PasswordAlgorithm::Md5),
        (Some(offered), Some([high, low, 0, 0]))
            if offered == ALGORITHMS && nonce.starts_with(FEATURES) =>
        {
            PasswordAlgorithm::from_number(u16::from_be_bytes([*high, *low]))
        }
        _ => None,
    }
}

fn epoch(unix: Duration) -> u64 {
    unix.as_secs() / NONCE_EPOCH.as_secs()
}
