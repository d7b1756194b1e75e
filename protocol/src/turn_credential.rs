//! Time-limited TURN credentials: minted by signalling, checked by the TURN server, stored by neither.
//!
//! ```text
//!   username  1764237600:3-9f86d081884c7d65    expiry (Unix s) : shard - tag of who it was minted for
//!   password  base64(HMAC-SHA1(secret, username))
//! ```
//!
//! The form is that of coturn's `use-auth-secret`, so that either side may be another product. The tag is a keyed hash
//! of the join token's room and identity: it counts one person's allocations and names nobody. Never: a clock.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::redact::MARK;

/// Shortest secret that is accepted, in bytes: that of the hash's output.
pub const TURN_SECRET_BYTES_MIN: usize = 20;

/// Longest username that is looked at, in bytes. Ours have some 40.
pub const TURN_USERNAME_BYTES_MAX: usize = 128;

/// Bytes of the tag: two people share one with a chance of 2^-64.
const TAG_BYTES: usize = 8;

/// What the TURN server and whoever mints credentials for it share. Never printed.
#[derive(Clone)]
pub struct TurnSecret {
    key: hmac::Key,
    tag_key: hmac::Key,
}

/// Username and password of one client, for `iceServers`. The password is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnCredential {
    /// Sent in clear by the client.
    pub username: String,
    /// Never sent.
    pub password: String,
}

impl fmt::Debug for TurnCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnCredential").field("username", &self.username).finish_non_exhaustive()
    }
}

impl fmt::Debug for TurnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}

impl TurnSecret {
    /// A secret of any length; whoever takes it from an operator checks [`TURN_SECRET_BYTES_MIN`].
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
        // A key of its own: what is known of one hash says nothing about the other.
        let own = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"bedside turn tag");
        Self { key, tag_key: hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()) }
    }

    /// A credential that opens allocations until `expires_at` (Unix seconds), for the holder of a join token.
    #[must_use]
    pub fn mint(&self, room: &str, identity: &str, shard: u16, expires_at: u64) -> TurnCredential {
        let username = format!("{expires_at}:{}", self.who(room, identity, shard));
        let password = self.password(&username);
        TurnCredential { username, password }
    }

    /// Whose allocations are counted together: [`TurnUser::who`] of that person's credentials. Cost: one HMAC-SHA256.
    #[must_use]
    pub fn who(&self, room: &str, identity: &str, shard: u16) -> String {
        let mut context = hmac::Context::with_key(&self.tag_key);
        // The length first: no two pairs are the same bytes.
        context.update(&(room.len() as u64).to_be_bytes());
        context.update(room.as_bytes());
        context.update(identity.as_bytes());
        let tag = context.sign();
        let tag: String =
            tag.as_ref().iter().take(TAG_BYTES).map(|byte| format!("{byte:02x}")).collect();
        format!("{shard}-{tag}")
    }

    /// The password that belongs to a username. Cost: one HMAC-SHA1.
    #[must_use]
    pub fn password(&self, username: &str) -> String {
        STANDARD.encode(hmac::sign(&self.key, username.as_bytes()))
    }

    /// Whether a credential is one of ours, compared in constant time.
    #[must_use]
    pub fn is_minted(&self, credential: &TurnCredential) -> bool {
        let password = self.password(&credential.username);
        constant_time::verify_slices_are_equal(password.as_bytes(), credential.password.as_bytes())
            .is_ok()
    }
}

/// What a username says. Nothing of it is authenticated before the password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnUser<'a> {
    /// Until when it opens allocations, in Unix seconds.
    pub expires_at: u64,
    /// Whose allocations are counted together.
    pub who: &'a str,
}

impl<'a> TurnUser<'a> {
    /// Reads `expiry:who`. `None` for anything else, and for what is too long or not printable ASCII.
    #[must_use]
    pub fn parse(username: &'a str) -> Option<Self> {
        if username.len() > TURN_USERNAME_BYTES_MAX
            || !username.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return None;
        }
        let (expires_at, who) = username.split_once(':')?;
        if !expires_at.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self { expires_at: expires_at.parse().ok()?, who })
    }

    /// The shard that a credential of ours was minted for: where its stream is best served. A hint, not a right.
    #[must_use]
    pub fn shard(&self) -> Option<u16> {
        let (shard, _) = self.who.split_once('-')?;
        shard.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> TurnSecret {
        TurnSecret::new(b"a secret of the tests, long enough")
    }

    #[test]
    fn a_minted_credential_is_ours_and_says_until_when_and_where() {
        let credential = secret().mint("room", "dr-mora", 3, 1_764_237_600);
        assert!(secret().is_minted(&credential));
        let user = TurnUser::parse(&credential.username).unwrap();
        assert_eq!((user.expires_at, user.shard()), (1_764_237_600, Some(3)));
    }

    #[test]
    fn a_username_names_nobody_and_is_the_same_for_the_same_person() {
        let [a, b] = [1, 2].map(|expiry| secret().mint("room", "dr-mora", 0, expiry).username);
        assert!(!a.contains("mora") && !a.contains("room"));
        assert_eq!(TurnUser::parse(&a).unwrap().who, TurnUser::parse(&b).unwrap().who);
        let others = [("room", "dr-mor"), ("roo", "mdr-mora"), ("room2", "dr-mora")];
        for (room, identity) in others {
            let other = secret().mint(room, identity, 0, 1).username;
            assert_ne!(TurnUser::parse(&a).unwrap().who, TurnUser::parse(&other).unwrap().who);
        }
    }

    #[test]
    fn nobody_prolongs_or_guesses_a_credential() {
        let credential = secret().mint("room", "dr-mora", 3, 1000);
        let longer = TurnCredential {
            username: credential.username.replace("1000", "9000"),
            ..credential.clone()
        };
        assert!(!secret().is_minted(&longer));
        assert!(!TurnSecret::new(b"another").is_minted(&credential));
        let nothing = TurnCredential { password: String::new(), ..credential };
        assert!(!secret().is_minted(&nothing));
    }

    #[test]
    fn the_password_is_what_other_products_compute() {
        // printf '1700000000:alice' | openssl dgst -sha1 -hmac north -binary | base64
        let password = TurnSecret::new(b"north").password("1700000000:alice");
        assert_eq!(password, "Cd/49soE35ICqcJF/bCTn8Z4OyE=");
    }

    #[test]
    fn what_is_no_expiry_and_user_is_refused() {
        let long = format!("1:{}", "a".repeat(200));
        let wrong =
            ["", "1", ":a", "+1:a", "-1:a", "99999999999999999999:a", "1:a b", "1:\u{e9}", &long];
        for username in wrong {
            assert_eq!(TurnUser::parse(username), None, "{username}");
        }
        assert_eq!(TurnUser::parse("1:a").unwrap().shard(), None);
    }

    #[test]
    fn secrets_and_passwords_are_not_printed() {
        let credential = secret().mint("room", "dr-mora", 3, 1000);
        let shown = format!("{credential:?} {:?}", secret());
        assert!(!shown.contains(&credential.password));
    }
}
