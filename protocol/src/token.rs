//! The join token: a JWT (RFC 7519) signed with HS256 (RFC 7518 §3.2), in the claims of LiveKit's
//! clients.
//!
//! Owns: the key pairs ([`ApiKeys`]), [`verify`] and [`mint`], and the meaning of absent grants.
//! Never: a clock (time comes in), the token's text in an error or a log, an algorithm or key
//! chosen by the token itself.
//!
//! ```text
//! header.claims.signature
//!   ─► alg HS256, no key in the header ─► iss selects the secret ─► signature ─► times ─► grants
//! ```

use std::collections::BTreeMap;
use std::fmt;

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

use crate::ids::{Identity, NameError, RoomName, SERVER_IDENTITY};
use crate::permission::{Admission, Permission};
use crate::redact::MARK;

mod body;
mod claims;
mod keys;

pub use body::{BodyError, sign_body, verify_body};
pub use keys::{ApiKeys, KeysError, SECRET_BYTES_MIN, SecretPolicy};

/// Longest token that is looked at, in bytes: the longest metadata and attributes, escaped and in
/// base64, fit.
pub const TOKEN_BYTES_MAX: usize = 1024 * 1024;

/// Longest metadata, in bytes. The LiveKit server uses the same bound.
pub const METADATA_BYTES_MAX: usize = 512 * 1024;

/// Longest metadata of a room, in bytes.
pub const ROOM_METADATA_BYTES_MAX: usize = 64 * 1024;

/// Longest attributes, keys and values together, in bytes. The LiveKit server uses the same bound.
pub const ATTRIBUTES_BYTES_MAX: usize = 64 * 1024;

/// How far clocks of minter and verifier may differ, in seconds. The LiveKit server uses the same.
pub const LEEWAY_S: i64 = 60;

/// Furthest expiry that is accepted, in seconds from now: a year and a day. A token that outlives
/// this is a mistake (milliseconds taken for seconds) or a back door.
pub const LIFETIME_S_MAX: i64 = 366 * 24 * 60 * 60;

/// What a verified token says, absent grants already resolved.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims {
    /// What the token itself is called (`jti`), where it also has a `sub`.
    pub id: Option<String>,
    /// Who (`sub`; `jti` in very old tokens). Tokens for server APIs have none.
    pub identity: Option<Identity>,
    /// Display name.
    pub name: String,
    /// Metadata.
    pub metadata: String,
    /// Attributes.
    pub attributes: BTreeMap<String, String>,
    /// Participant kind.
    pub kind: Kind,
    /// The one room the token speaks of, compared byte by byte.
    pub room: Option<RoomName>,
    /// What may be done besides taking part.
    pub grants: Grants,
    /// What the participant may do in the room, once it is admitted.
    pub permission: Permission,
    /// Whether it is admitted (claim `bedside.admission`). Absent means that this room has no waiting area.
    pub admission: Option<Admission>,
    /// The pages that may connect with it (claim `bedside.origins`), as browsers write them; none for any.
    pub origins: Vec<String>,
    /// For whom it is (`aud`).
    pub audience: Audience,
    /// How the room is set up, if this token opens it.
    pub room_config: RoomConfig,
    /// When it was minted, seconds since the Unix epoch, as far as it says so.
    pub issued_unix_s: Option<i64>,
    /// Not valid before, seconds since the Unix epoch.
    pub not_before_unix_s: Option<i64>,
    /// Not valid from, seconds since the Unix epoch.
    pub expires_unix_s: i64,
}

impl Claims {
    /// Claims of somebody who may join `room`, with nothing else said.
    #[must_use]
    pub fn for_join(room: RoomName, identity: Identity, expires_unix_s: i64) -> Self {
        Self {
            id: None,
            identity: Some(identity),
            name: String::new(),
            metadata: String::new(),
            attributes: BTreeMap::new(),
            kind: Kind::Standard,
            room: Some(room),
            grants: Grants { room_join: true, ..Grants::default() },
            permission: Permission::default(),
            admission: None,
            origins: Vec::new(),
            audience: Audience::Unsaid,
            room_config: RoomConfig::default(),
            issued_unix_s: None,
            not_before_unix_s: None,
            expires_unix_s,
        }
    }

    /// The room and identity with which a socket may be opened.
    ///
    /// # Errors
    /// When the token is not for joining, names no room or no identity, or the server's own.
    pub fn join_subject(&self) -> Result<(&RoomName, &Identity), TokenError> {
        if !self.grants.room_join {
            return Err(TokenError::NotForJoin);
        }
        let room = self.room.as_ref().ok_or(TokenError::NoRoom)?;
        let identity = self.identity.as_ref().ok_or(TokenError::NoIdentity)?;
        if identity.as_str() == SERVER_IDENTITY {
            return Err(TokenError::ServerIdentity);
        }
        Ok((room, identity))
    }
}

impl fmt::Debug for Claims {
    /// People are not printed: grants and times only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("identity", &MARK)
            .field("room", &MARK)
            .field("kind", &self.kind)
            .field("grants", &self.grants)
            .field("permission", &self.permission)
            .field("admission", &self.admission)
            .field("not_before_unix_s", &self.not_before_unix_s)
            .field("expires_unix_s", &self.expires_unix_s)
            .finish_non_exhaustive()
    }
}

/// Whom a token is meant for (`aud`, RFC 7519 §4.1.3). Any other audience than the media server's is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Audience {
    /// Not said, as in LiveKit's tokens.
    #[default]
    Unsaid,
    /// This media server ([`MEDIA_AUDIENCE`]).
    Media,
}

/// The audience of a media server's tokens.
pub const MEDIA_AUDIENCE: &str = "bedside.media";

/// Settings of a room (`roomConfig`); absent ones have the server's defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomConfig {
    /// Seconds it waits for its first participant.
    pub empty_timeout_s: Option<u32>,
    /// Seconds it waits for someone to return.
    pub departure_timeout_s: Option<u32>,
    /// Most participants.
    pub participants_max: Option<u32>,
    /// Metadata.
    pub metadata: Option<String>,
}

/// Grants that concern a room from outside; absent means no.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "these are the independent grants of the wire")]
#[expect(missing_docs, reason = "the names are LiveKit's")]
pub struct Grants {
    pub room_join: bool,
    pub room_create: bool,
    pub room_list: bool,
    pub room_record: bool,
    pub room_admin: bool,
    pub ingress_admin: bool,
}

/// LiveKit participant kinds, as the token writes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are LiveKit's")]
pub enum Kind {
    #[default]
    Standard,
    Ingress,
    Egress,
    Sip,
    Agent,
    Connector,
    Bridge,
}

/// Why a token is refused. The texts are for people and hold nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three base64url parts of JSON, or longer than [`TOKEN_BYTES_MAX`].
    #[error("the token is malformed")]
    Malformed,
    /// Signed by something else than HS256.
    #[error("the token is not signed with HS256")]
    Algorithm,
    /// The header names a key, or asks for an extension (`crit`).
    #[error("the token's header asks for something that is not supported")]
    Header,
    /// Unknown `iss`, or the signature does not match: not told apart, so that keys cannot be
    /// guessed.
    #[error("the token's key or signature is not valid")]
    Signature,
    /// A claim is absent or of the wrong type.
    #[error("the token's claims are malformed")]
    Claims,
    /// There is no `exp`.
    #[error("the token has no expiry")]
    NoExpiry,
    /// `exp` has passed.
    #[error("the token is expired")]
    Expired,
    /// `exp` is further away than [`LIFETIME_S_MAX`].
    #[error("the token expires too far in the future")]
    ExpiresTooLate,
    /// `nbf` has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `aud` is not the media server's: the token is meant for somebody else (RFC 7519 §4.1.3).
    #[error("the token is meant for another service")]
    Audience,
    /// Metadata or attributes are longer than their bounds.
    #[error("the token's metadata or attributes are too long")]
    TooLong,
    /// The room name is not acceptable.
    #[error("the token's room {0}")]
    Room(NameError),
    /// The identity is not acceptable.
    #[error("the token's identity {0}")]
    Identity(NameError),
    /// `roomJoin` is not granted.
    #[error("the token does not allow joining a room")]
    NotForJoin,
    /// `roomJoin` without a room.
    #[error("the token names no room")]
    NoRoom,
    /// `roomJoin` without an identity.
    #[error("the token names no identity")]
    NoIdentity,
    /// `roomJoin` under the server's own identity.
    #[error("the token's identity is the server's own: {SERVER_IDENTITY}")]
    ServerIdentity,
}

/// Checks a token and resolves its grants.
///
/// # Errors
/// When it is not, in every part, a token that one of `keys` signed and that is valid now.
pub fn verify(token: &str, keys: &ApiKeys, now_unix_s: i64) -> Result<Claims, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Malformed);
    }
    let secret = check_header_and_select_secret(token, keys)?;
    let claims = jsonwebtoken::decode::<claims::Wire>(
        token,
        &DecodingKey::from_secret(secret),
        &signature_only(),
    )
    .map_err(|error| classify(&error))?
    .claims;
    check_times(&claims, now_unix_s)?;
    claims.resolve()
}

/// Signs claims with the first key pair.
///
/// # Errors
/// When the claims are not ones that [`verify`] would accept, times apart.
pub fn mint(claims: &Claims, keys: &ApiKeys) -> Result<String, TokenError> {
    let (key, secret) = keys.signing_pair();
    let wire = claims::Wire::from_claims(claims, key);
    wire.check_sizes()?;
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &wire,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .map_err(|_| TokenError::Claims)
}

/// Nothing here is trusted yet: it only selects which secret the signature is checked with.
fn check_header_and_select_secret<'k>(
    token: &str,
    keys: &'k ApiKeys,
) -> Result<&'k [u8], TokenError> {
    let header = jsonwebtoken::decode_header(token).map_err(|error| classify(&error))?;
    if header.alg != Algorithm::HS256 {
        return Err(TokenError::Algorithm);
    }
    let issuer = insecure_decode_claims::<claims::Issuer>(token)
        .map_err(|error| classify(&error))?
        .iss
        .ok_or(TokenError::Signature)?;
    let asks = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.x5t.is_some()
        || header.x5t_s256.is_some()
        || header.crit.is_some()
        || header.zip.is_some()
        || header.enc.is_some()
        || header.cty.is_some()
        || header.typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT"))
        || header.kid.is_some_and(|kid| kid != issuer);
    if asks {
        return Err(TokenError::Header);
    }
    keys.secret(&issuer).map(str::as_bytes).ok_or(TokenError::Signature)
}

/// Times are checked by [`check_times`], against the clock that is given.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn classify(error: &jsonwebtoken::errors::Error) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => TokenError::Algorithm,
        ErrorKind::Json(_) => TokenError::Claims,
        _ => TokenError::Malformed,
    }
}

fn check_times(claims: &claims::Wire, now_unix_s: i64) -> Result<(), TokenError> {
    let expires_unix_s = claims.exp.ok_or(TokenError::NoExpiry)?;
    if expires_unix_s.saturating_add(LEEWAY_S) <= now_unix_s {
        return Err(TokenError::Expired);
    }
    if expires_unix_s.saturating_sub(now_unix_s) > LIFETIME_S_MAX {
        return Err(TokenError::ExpiresTooLate);
    }
    if claims.nbf.is_some_and(|from| from.saturating_sub(LEEWAY_S) > now_unix_s) {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
