//! From a verified token and a client's wishes to the media plane's `Join`. Pure.

use protocol::ids::{ParticipantSid, SessionId};
use protocol::permission::SERVER_ATTRIBUTES;
use protocol::token::{
    ATTRIBUTES_BYTES_MAX, Claims, Kind, METADATA_BYTES_MAX, RoomConfig, TokenError,
};
use sfu::words::administration::RoomSettings;
use sfu::words::{
    command::{Connections, Join, Resume},
    info::ParticipantKind,
};

use crate::error::Refusal;
use crate::query::{ParameterError, Parameters};

/// What the client's `reconnect` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A new stay.
    Fresh,
    /// A stay is continued.
    Resumed(ParticipantSid),
    /// A stay is to be continued that cannot have been ours: the client is told to join anew.
    Mismatched,
}

impl Entry {
    pub(crate) fn of(parameters: &Parameters) -> Self {
        match &parameters.reconnect {
            None => Self::Fresh,
            Some(sid) => {
                ParticipantSid::try_from(sid.clone()).map_or(Self::Mismatched, Self::Resumed)
            }
        }
    }
}

/// Builds the command.
///
/// # Errors
/// When the token is not for joining, or the client's attributes are too long.
pub(crate) fn join(
    session: SessionId,
    claims: &Claims,
    parameters: &Parameters,
    entry: &Entry,
    may_open_room: bool,
    unix_ms: i64,
) -> Result<Join, Refusal> {
    let (room, identity) = claims.join_subject()?;
    let (mut metadata, mut attributes) = (&claims.metadata, claims.attributes.clone());
    if claims.permission.can_update_metadata {
        let may_say = |key: &str| !key.starts_with(SERVER_ATTRIBUTES);
        let said = parameters.attributes.iter();
        let said = said.filter(|(key, value)| !value.is_empty() && may_say(key));
        attributes.extend(said.map(|(key, value)| (key.clone(), value.clone())));
        if !parameters.metadata.is_empty() {
            metadata = &parameters.metadata;
        }
    }
    if metadata.len() > METADATA_BYTES_MAX {
        return Err(ParameterError::Value("metadata").into());
    }
    let bytes = attributes.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    if bytes > ATTRIBUTES_BYTES_MAX {
        return Err(ParameterError::Value("attributes").into());
    }
    let resume = match entry {
        Entry::Resumed(participant) => Some(Resume { participant: participant.clone() }),
        Entry::Fresh | Entry::Mismatched => None,
    };
    Ok(Join {
        session,
        room: room.clone(),
        may_open_room,
        room_settings: room_settings(&claims.room_config),
        identity: identity.clone(),
        name: claims.name.clone(),
        metadata: metadata.clone(),
        attributes,
        kind: kind(claims.kind),
        permission: claims.permission.clone(),
        admission: claims.admission,
        auto_subscribe: parameters.auto_subscribe,
        adaptive_stream: parameters.adaptive_stream,
        may_pause: parameters.may_pause,
        connections: if parameters.single_connection { Connections::One } else { Connections::Two },
        client: parameters.client.clone(),
        resume,
        unix_ms,
        only_asks: false,
    })
}

fn room_settings(config: &RoomConfig) -> RoomSettings {
    RoomSettings {
        empty_timeout_s: config.empty_timeout_s,
        departure_timeout_s: config.departure_timeout_s,
        participants_max: config.participants_max,
        metadata: config.metadata.clone(),
    }
}

fn kind(kind: Kind) -> ParticipantKind {
    match kind {
        Kind::Standard => ParticipantKind::Standard,
        Kind::Ingress => ParticipantKind::Ingress,
        Kind::Egress => ParticipantKind::Egress,
        Kind::Sip => ParticipantKind::Sip,
        Kind::Agent => ParticipantKind::Agent,
        Kind::Connector => ParticipantKind::Connector,
        Kind::Bridge => ParticipantKind::Bridge,
    }
}

impl From<&TokenError> for Refusal {
    fn from(error: &TokenError) -> Self {
        Self::Token(*error)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use protocol::ids::{Identity, RoomName};

    use super::*;
    use crate::query::RawQuery;

    #[test]
    fn a_join_carries_the_claims_and_the_wishes() {
        let mut claims = claims();
        claims.name = "Dr. A".to_owned();
        claims.kind = Kind::Agent;
        let parameters = parameters("auto_subscribe=0&adaptive_stream=1&protocol=17");
        let join = join(SessionId(7), &claims, &parameters, &Entry::Fresh, true, 99).unwrap();
        assert_eq!((join.room.as_str(), join.identity.as_str()), ("room", "doctor"));
        assert_eq!((join.name.as_str(), join.kind), ("Dr. A", ParticipantKind::Agent));
        assert!(!join.auto_subscribe && join.adaptive_stream && join.may_open_room);
        assert_eq!((join.session, join.client.protocol, join.unix_ms), (SessionId(7), 17, 99));
        assert!(join.resume.is_none());
    }

    #[test]
    fn client_attributes_count_only_with_the_permission_and_erase_nothing() {
        let mut claims = claims();
        claims.attributes = attributes(&[("a", "token"), ("b", "token")]);
        let mut parameters = parameters("");
        parameters.attributes = attributes(&[("a", "client"), ("b", ""), ("c", "client")]);
        let joined = |claims: &Claims| {
            join(SessionId(1), claims, &parameters, &Entry::Fresh, true, 0).unwrap().attributes
        };
        assert_eq!(joined(&claims), claims.attributes);
        claims.permission.can_update_metadata = true;
        let merged = attributes(&[("a", "client"), ("b", "token"), ("c", "client")]);
        assert_eq!(joined(&claims), merged);
    }

    #[test]
    fn attributes_stay_bounded_when_merged() {
        let mut claims = claims();
        claims.permission.can_update_metadata = true;
        claims.attributes = attributes(&[("a", &"x".repeat(ATTRIBUTES_BYTES_MAX / 2))]);
        let mut parameters = parameters("");
        parameters.attributes = attributes(&[("b", &"x".repeat(ATTRIBUTES_BYTES_MAX / 2))]);
        let refused = join(SessionId(1), &claims, &parameters, &Entry::Fresh, true, 0);
        assert_eq!(refused.unwrap_err(), ParameterError::Value("attributes").into());
    }

    #[test]
    fn a_reconnect_without_a_participant_sid_is_a_mismatch() {
        let sid = ParticipantSid::try_from("PA_abc".to_owned()).unwrap();
        for (query, entry) in [
            ("", Entry::Fresh),
            ("reconnect=1&sid=PA_abc", Entry::Resumed(sid)),
            ("reconnect=1&sid=RM_abc", Entry::Mismatched),
            ("reconnect=1", Entry::Mismatched),
        ] {
            assert_eq!(Entry::of(&parameters(query)), entry, "{query}");
        }
    }

    fn claims() -> Claims {
        Claims::for_join(
            RoomName::try_from("room".to_owned()).unwrap(),
            Identity::try_from("doctor".to_owned()).unwrap(),
            1,
        )
    }

    fn parameters(query: &str) -> Parameters {
        RawQuery::of(&format!("/rtc?{query}").parse().unwrap()).unwrap().parse().unwrap()
    }

    fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }
}
