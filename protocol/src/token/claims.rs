//! The claims as they stand in the token, and their meaning.
//!
//! The trap: for `canPublish`, `canSubscribe` and `canPublishData` *absent is not false*. The first
//! two default to true, the third to the value of `canPublish`.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    ATTRIBUTES_BYTES_MAX, Audience, Claims, Grants, Kind, MEDIA_AUDIENCE, METADATA_BYTES_MAX,
    ROOM_METADATA_BYTES_MAX, RoomConfig, TokenError,
};
use crate::ids::{Identity, NameError, RoomName};
use crate::permission::{Admission, Permission, TrackSource};

/// Just enough to select the secret.
#[derive(Deserialize)]
pub(super) struct Issuer {
    pub(super) iss: Option<String>,
}

/// All claims that mean something to us; others are ignored. A claim given twice is refused by
/// serde.
#[derive(Serialize, Deserialize)]
pub(super) struct Wire {
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "numeric_date")]
    pub(super) exp: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "numeric_date")]
    pub(super) nbf: Option<i64>,
    #[serde(default, skip_serializing, deserialize_with = "numeric_date")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video: Option<Video>,
    #[serde(rename = "roomConfig", skip_serializing_if = "Option::is_none")]
    room_config: Option<Room>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bedside: Option<Bedside>,
}

/// Longest name of a token that is kept, in bytes.
const ID_BYTES_MAX: usize = 128;

/// What LiveKit's tokens do not have. An unknown word is refused: it must not admit anybody.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bedside {
    #[serde(skip_serializing_if = "Option::is_none")]
    admission: Option<Admission>,
    /// Absent means that pages of any origin may connect with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    origins: Vec<String>,
}

/// LiveKit's `RoomConfiguration` as protobuf's JSON; 0 and empty mean "not given". Its other fields are ignored.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Room {
    #[serde(alias = "empty_timeout")]
    empty_timeout: u32,
    #[serde(alias = "departure_timeout")]
    departure_timeout: u32,
    #[serde(alias = "max_participants")]
    max_participants: u32,
    metadata: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Video {
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_join: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_create: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_list: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_record: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_admin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ingress_admin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_publish: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_subscribe: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_publish_data: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_publish_sources: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_update_own_metadata: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorder: Option<bool>,
    #[serde(skip_serializing)]
    agent: Option<bool>,
}

impl Wire {
    pub(super) fn resolve(self) -> Result<Claims, TokenError> {
        self.check_sizes()?;
        let audience = match self.aud {
            None => Audience::Unsaid,
            Some(aud) if aud == MEDIA_AUDIENCE => Audience::Media,
            Some(_) => return Err(TokenError::Audience),
        };
        let video = self.video.unwrap_or_default();
        let said = |name: Option<String>| name.filter(|name| !name.is_empty());
        let sub = said(self.sub);
        let jti = said(self.jti);
        let own = self.bedside.unwrap_or_default();
        let id = jti.clone().filter(|id| sub.is_some() && id.len() <= ID_BYTES_MAX);
        Ok(Claims {
            id,
            identity: named::<Identity>(sub.or(jti)).map_err(TokenError::Identity)?,
            name: self.name.unwrap_or_default(),
            metadata: self.metadata.unwrap_or_default(),
            attributes: self.attributes.unwrap_or_default(),
            kind: kind(self.kind.as_deref(), video.agent == Some(true)),
            room: named::<RoomName>(video.room.clone()).map_err(TokenError::Room)?,
            grants: video.grants(),
            permission: video.permission(),
            admission: own.admission,
            origins: own.origins,
            audience,
            room_config: self.room_config.map(Room::resolve).unwrap_or_default(),
            issued_unix_s: self.iat,
            not_before_unix_s: self.nbf,
            expires_unix_s: self.exp.ok_or(TokenError::NoExpiry)?,
        })
    }

    pub(super) fn from_claims(claims: &Claims, issuer: &str) -> Self {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            iss: Some(issuer.to_owned()),
            sub: claims.identity.clone().map(Into::into),
            jti: claims.id.clone(),
            aud: (claims.audience == Audience::Media).then(|| MEDIA_AUDIENCE.into()),
            exp: Some(claims.expires_unix_s),
            nbf: claims.not_before_unix_s,
            iat: None,
            name: said(&claims.name),
            kind: said(kind_text(claims.kind)),
            metadata: said(&claims.metadata),
            attributes: (!claims.attributes.is_empty()).then(|| claims.attributes.clone()),
            video: Some(Video::from_claims(claims)),
            room_config: Some(Room::from_config(&claims.room_config))
                .filter(|room| *room != Room::default()),
            bedside: Some(Bedside { admission: claims.admission, origins: claims.origins.clone() })
                .filter(|own| *own != Bedside::default()),
        }
    }

    pub(super) fn check_sizes(&self) -> Result<(), TokenError> {
        let metadata = self.metadata.as_ref().map_or(0, String::len);
        let of_room = self.room_config.as_ref().map_or(0, |room| room.metadata.len());
        let attributes: usize = self
            .attributes
            .iter()
            .flatten()
            .map(|(key, value)| key.len().saturating_add(value.len()))
            .fold(0, usize::saturating_add);
        if metadata > METADATA_BYTES_MAX
            || of_room > ROOM_METADATA_BYTES_MAX
            || attributes > ATTRIBUTES_BYTES_MAX
        {
            return Err(TokenError::TooLong);
        }
        Ok(())
    }
}

impl Video {
    fn grants(&self) -> Grants {
        let granted = |grant: Option<bool>| grant == Some(true);
        Grants {
            room_join: granted(self.room_join),
            room_create: granted(self.room_create),
            room_list: granted(self.room_list),
            room_record: granted(self.room_record),
            room_admin: granted(self.room_admin),
            ingress_admin: granted(self.ingress_admin),
        }
    }

    fn permission(&self) -> Permission {
        let can_publish = self.can_publish.unwrap_or(true);
        let named = self.can_publish_sources.as_deref().unwrap_or_default();
        let sources: Vec<_> = named.iter().filter_map(|name| source(name)).collect();
        // An empty list means any source: a list of only unknown names must not become one.
        let only_unknown = !named.is_empty() && sources.is_empty();
        Permission {
            can_subscribe: self.can_subscribe.unwrap_or(true),
            can_publish: can_publish && !only_unknown,
            can_publish_data: self.can_publish_data.unwrap_or(can_publish),
            can_publish_sources: sources,
            hidden: self.hidden == Some(true),
            recorder: self.recorder == Some(true),
            can_update_metadata: self.can_update_own_metadata == Some(true),
        }
    }

    fn from_claims(claims: &Claims) -> Self {
        let grant = |granted: bool| granted.then_some(true);
        let permission = &claims.permission;
        let sources: Vec<String> = permission
            .can_publish_sources
            .iter()
            .map(|source| source_text(*source).to_owned())
            .collect();
        Self {
            room: claims.room.clone().map(Into::into),
            room_join: grant(claims.grants.room_join),
            room_create: grant(claims.grants.room_create),
            room_list: grant(claims.grants.room_list),
            room_record: grant(claims.grants.room_record),
            room_admin: grant(claims.grants.room_admin),
            ingress_admin: grant(claims.grants.ingress_admin),
            can_publish: Some(permission.can_publish),
            can_subscribe: Some(permission.can_subscribe),
            can_publish_data: Some(permission.can_publish_data),
            can_publish_sources: (!permission.can_publish_sources.is_empty()).then_some(sources),
            can_update_own_metadata: grant(permission.can_update_metadata),
            hidden: grant(permission.hidden),
            recorder: grant(permission.recorder),
            agent: None,
        }
    }
}

/// Seconds since the Unix epoch, maybe with a fraction (RFC 7519 §2), which is cut off: some minters divide
/// milliseconds by a thousand.
fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NumericDate {
        Whole(i64),
        Fraction(f64),
    }
    match Option::<NumericDate>::deserialize(deserializer)? {
        None => Ok(None),
        Some(NumericDate::Whole(seconds)) => Ok(Some(seconds)),
        Some(NumericDate::Fraction(seconds)) if seconds.abs() < NUMERIC_DATE_MAX =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "bounded, and cutting is meant")]
            Ok(Some(seconds.floor() as i64))
        }
        Some(NumericDate::Fraction(_)) => Err(D::Error::custom("no date")),
    }
}

/// Below 2^53, where every whole number is a float. The year is 285 million.
const NUMERIC_DATE_MAX: f64 = 9_007_199_254_740_992.0;

impl Room {
    fn from_config(config: &RoomConfig) -> Self {
        Self {
            empty_timeout: config.empty_timeout_s.unwrap_or_default(),
            departure_timeout: config.departure_timeout_s.unwrap_or_default(),
            max_participants: config.participants_max.unwrap_or_default(),
            metadata: config.metadata.clone().unwrap_or_default(),
        }
    }

    fn resolve(self) -> RoomConfig {
        let given = |value: u32| (value > 0).then_some(value);
        RoomConfig {
            empty_timeout_s: given(self.empty_timeout),
            departure_timeout_s: given(self.departure_timeout),
            participants_max: given(self.max_participants),
            metadata: Some(self.metadata).filter(|text| !text.is_empty()),
        }
    }
}

/// Absent and empty are the same; anything else must be a name.
fn named<N: TryFrom<String, Error = NameError>>(
    name: Option<String>,
) -> Result<Option<N>, NameError> {
    name.filter(|name| !name.is_empty()).map(N::try_from).transpose()
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::Standard, "standard"),
    (Kind::Ingress, "ingress"),
    (Kind::Egress, "egress"),
    (Kind::Sip, "sip"),
    (Kind::Agent, "agent"),
    (Kind::Connector, "connector"),
    (Kind::Bridge, "bridge"),
];

/// Unknown kinds are standard, the kind without privileges. `agent` is the older form of kind
/// `agent`.
fn kind(text: Option<&str>, agent: bool) -> Kind {
    let named = KINDS.iter().find(|(_, name)| Some(*name) == text).map(|(kind, _)| *kind);
    match named {
        None | Some(Kind::Standard) if agent => Kind::Agent,
        named => named.unwrap_or_default(),
    }
}

fn kind_text(kind: Kind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, name)| name)
}

const SOURCES: [(TrackSource, &str); 4] = [
    (TrackSource::Camera, "camera"),
    (TrackSource::Microphone, "microphone"),
    (TrackSource::ScreenShare, "screen_share"),
    (TrackSource::ScreenShareAudio, "screen_share_audio"),
];

fn source(text: &str) -> Option<TrackSource> {
    SOURCES.iter().find(|(_, name)| *name == text).map(|(source, _)| *source)
}

fn source_text(source: TrackSource) -> &'static str {
    SOURCES.iter().find(|(known, _)| *known == source).map_or("unknown", |(_, name)| name)
}
