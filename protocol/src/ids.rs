//! Identifiers, each its own type so that none can stand where another belongs.
//!
//! Names come from outside (a token, an operator) and are checked at the door; sids are minted by us. Sid prefixes
//! (`RM_`, `PA_`, `TR_`, `DTR_`) are part of the LiveKit client protocol: Rust-based SDKs refuse a sid without its prefix.

use std::fmt;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Longest room name or identity that is accepted, in bytes. The LiveKit server uses the same bound.
pub const NAME_BYTES_MAX: usize = 256;

/// Random characters after a sid's prefix: 12 of 62 are 71 bits, unguessable within a room's life.
const SID_RANDOM_CHARS: usize = 12;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The name has no characters.
    #[error("name is empty")]
    Empty,
    /// The name is longer than [`NAME_BYTES_MAX`].
    #[error("name is longer than 256 bytes")]
    TooLong,
    /// The name holds a control character.
    #[error("name holds a control character")]
    ControlCharacter,
}

fn check_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        Err(NameError::Empty)
    } else if name.len() > NAME_BYTES_MAX {
        Err(NameError::TooLong)
    } else if name.chars().any(char::is_control) {
        Err(NameError::ControlCharacter)
    } else {
        Ok(())
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, NameError> {
                check_name(&name).map(|()| Self(name))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name_type! {
    /// A room's name, as the join token says it. May identify people: never logged.
    RoomName
}
name_type! {
    /// A participant's identity within a room (`sub` of the join token). Never logged.
    Identity
}

/// Under this identity the server itself asks clients, which answer nobody without a name. Nobody may join as it.
pub const SERVER_IDENTITY: &str = "bedside-server";

macro_rules! sid_type {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every such sid begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Mints a fresh sid.
            #[must_use]
            pub fn random(rng: &mut impl Rng) -> Self {
                Self(random_sid($prefix, rng))
            }

            /// The sid as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = SidError;

            fn try_from(sid: String) -> Result<Self, SidError> {
                check_sid(&sid, $prefix).map(|()| Self(sid))
            }
        }

        impl From<$name> for String {
            fn from(sid: $name) -> Self {
                sid.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

sid_type! {
    /// One life of a room: a new one each time the room is opened.
    RoomSid, "RM_"
}
sid_type! {
    /// One stay of a participant in a room: a new one at each join, kept over a resume.
    ParticipantSid, "PA_"
}
sid_type! {
    /// One publication.
    TrackSid, "TR_"
}
sid_type! {
    /// One data track.
    DataTrackSid, "DTR_"
}

sid_type! {
    /// One recording of a room: LiveKit's egress.
    EgressSid, "EG_"
}

impl TrackSid {
    /// Mints a sid whose fourth and fifth characters tell media kind and source, as LiveKit's do (`TR_AM…` is a
    /// microphone). Letters: A audio, V video; C camera, M microphone, S screen, s screen audio, U unknown.
    #[must_use]
    pub fn random_with_hint(hint: &str, rng: &mut impl Rng) -> Self {
        Self(random_sid(&format!("TR_{hint}"), rng))
    }
}

/// Text that is not a sid of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a sid of this kind")]
pub struct SidError;

fn check_sid(sid: &str, prefix: &str) -> Result<(), SidError> {
    let random = sid.strip_prefix(prefix).ok_or(SidError)?;
    let plain = !random.is_empty()
        && random.len() <= 64
        && random.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { Ok(()) } else { Err(SidError) }
}

fn random_sid(prefix: &str, rng: &mut impl Rng) -> String {
    let mut sid = String::with_capacity(prefix.len() + SID_RANDOM_CHARS);
    sid.push_str(prefix);
    sid.extend(random_base62(rng).take(SID_RANDOM_CHARS));
    sid
}

/// Endless random base-62 characters.
pub fn random_base62(rng: &mut impl Rng) -> impl Iterator<Item = char> {
    std::iter::repeat_with(move || {
        let index = rng.random_range(0..BASE62.len());
        BASE62.get(index).map_or('0', |byte| char::from(*byte))
    })
}

/// One WebSocket of the signalling server. Never reused within a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S_{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn a_minted_sid_has_its_prefix_and_parses_back() {
        let mut rng = StdRng::seed_from_u64(1);
        let sid = ParticipantSid::random(&mut rng);
        assert!(sid.as_str().starts_with("PA_"));
        assert_eq!(ParticipantSid::try_from(sid.to_string()), Ok(sid));
    }

    #[test]
    fn a_sid_of_another_kind_is_refused() {
        assert_eq!(TrackSid::try_from("PA_abc".to_owned()), Err(SidError));
        assert_eq!(TrackSid::try_from("TR_".to_owned()), Err(SidError));
        assert_eq!(TrackSid::try_from("TR_a b".to_owned()), Err(SidError));
    }

    #[test]
    fn names_are_bounded() {
        assert_eq!(RoomName::try_from(String::new()), Err(NameError::Empty));
        assert_eq!(RoomName::try_from("a".repeat(257)), Err(NameError::TooLong));
        assert_eq!(RoomName::try_from("a\n".to_owned()), Err(NameError::ControlCharacter));
        assert!(RoomName::try_from("a".repeat(256)).is_ok());
    }
}
