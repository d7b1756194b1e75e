//! Refresh tokens: a client reconnects with the newest token it was given, so that a long
//! consultation outlives a short token.
//!
//! A refresh token allows joining the same room as the same person, and recording it if the first token did: whoever
//! leads a long consultation asks for that an hour in. All other grants for server APIs are left out, for a client has no
//! use for them.

use protocol::ids::{Identity, RoomName};
use protocol::permission::Admission;
use protocol::token::{self, ApiKeys, Kind, TokenError};
use sfu::words::info::{Claims, ParticipantInfo};

/// Shortest lifetime of a refresh token, in seconds: longer than a client's whole reconnection.
const LIFETIME_S_MIN: i64 = 10 * 60;

/// What the next refresh token of one participant will say.
pub(crate) struct Refresh {
    room: RoomName,
    identity: Identity,
    kind: Kind,
    expires_unix_s: i64,
    may_record: bool,
    origins: Vec<String>,
    claims: Claims,
}

impl Refresh {
    /// Starts from the token that joined, and the participant as the media plane has it.
    pub(crate) fn new(
        room: RoomName,
        identity: Identity,
        token: &token::Claims,
        own: &ParticipantInfo,
    ) -> Self {
        let admission = own.attributes.get(Admission::ATTRIBUTE);
        let admission = admission.and_then(|said| Admission::of_attribute(said));
        // Who waits may do nothing yet: its token says what it is to be allowed.
        let waits = admission == Some(Admission::Waiting);
        let permission = if waits { &token.permission } else { &own.permission };
        Self {
            room,
            identity,
            kind: token.kind,
            expires_unix_s: token.expires_unix_s,
            may_record: token.grants.room_record,
            origins: token.origins.clone(),
            claims: Claims {
                name: own.name.clone(),
                metadata: own.metadata.clone(),
                attributes: own.attributes.clone(),
                permission: permission.clone(),
                admission,
            },
        }
    }

    /// The participant changed.
    pub(crate) fn on_claims_changed(&mut self, claims: Claims) {
        self.claims = claims;
    }

    /// Mints a token that lives as long as the first one, at least ten minutes.
    pub(crate) fn mint(&self, keys: &ApiKeys, now_unix_s: i64) -> Result<String, TokenError> {
        let expires_unix_s = self.expires_unix_s.max(now_unix_s.saturating_add(LIFETIME_S_MIN));
        let mut claims =
            token::Claims::for_join(self.room.clone(), self.identity.clone(), expires_unix_s);
        claims.name.clone_from(&self.claims.name);
        claims.metadata.clone_from(&self.claims.metadata);
        claims.attributes.clone_from(&self.claims.attributes);
        claims.permission.clone_from(&self.claims.permission);
        claims.admission = self.claims.admission;
        claims.kind = self.kind;
        claims.grants.room_record = self.may_record;
        claims.origins.clone_from(&self.origins);
        claims.not_before_unix_s = Some(now_unix_s);
        token::mint(&claims, keys)
    }
}
