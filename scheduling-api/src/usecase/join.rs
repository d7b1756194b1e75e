//! Room tokens: minted here and nowhere else.
//!
//! A token is for one room and one identity, says whether it lets in or has to wait, is meant for the media server
//! alone (`aud`), opens one session (`jti`), and lives two minutes: long enough to connect with. Whoever is in the call goes on by the refresh
//! tokens that the media server itself gives.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _};
use protocol::{
    ids::{Identity, RoomName},
    permission::{Admission, Permission},
    token::{Audience, Claims, RoomConfig, mint},
};

use crate::{
    api::Api, crypto::secret_token::SecretToken, ports::media::MediaError, usecase::Failure,
};

/// How long a room token is good, in seconds.
pub(crate) const TOKEN_S: i64 = 120;

/// Whom a token is for, and what it allows.
pub(crate) struct Entrance<'a> {
    pub(crate) room: &'a str,
    pub(crate) identity: &'a str,
    pub(crate) name: &'a str,
    pub(crate) permission: Permission,
    pub(crate) admission: Option<Admission>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) metadata: String,
    pub(crate) participants_max: Option<u32>,
    /// May ask for a recording (`roomRecord`); the media server asks everyone present.
    pub(crate) may_record: bool,
    /// The pages that may connect with it; none for any.
    pub(crate) origins: Vec<String>,
}

/// A token, with where it is to be brought.
pub(crate) struct RoomToken {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) expires: Timestamp,
}

/// Mints a token.
///
/// # Errors
/// [`Failure::Invalid`] for a name that the media server would not take; [`Failure::Media`] without a media server.
pub(crate) fn room_token(
    api: &Api,
    entrance: Entrance<'_>,
    now: Timestamp,
) -> Result<RoomToken, Failure> {
    let keys = api.media.keys.as_ref().ok_or(MediaError::Unreachable)?;
    let room = RoomName::try_from(entrance.room.to_owned())
        .map_err(|error| Failure::invalid("/room", error))?;
    let identity = Identity::try_from(entrance.identity.to_owned())
        .map_err(|error| Failure::invalid("/identity", error))?;
    let expires = now + TOKEN_S.seconds();
    let mut claims = Claims::for_join(room, identity, expires.as_second());
    // Opens one session: who has caught it opens nothing.
    claims.id = Some(SecretToken::mint("rt", &api.random).expose().to_owned());
    entrance.name.clone_into(&mut claims.name);
    claims.grants.room_record = entrance.may_record;
    claims.permission = entrance.permission;
    claims.origins = entrance.origins;
    claims.admission = entrance.admission;
    claims.audience = Audience::Media;
    claims.attributes = entrance.attributes;
    claims.metadata = entrance.metadata;
    claims.not_before_unix_s = Some(now.as_second());
    claims.room_config =
        RoomConfig { participants_max: entrance.participants_max, ..RoomConfig::default() };
    let token = mint(&claims, keys).map_err(|error| Failure::invalid("/", error))?;
    Ok(RoomToken { url: api.media.url.clone(), token, expires })
}
