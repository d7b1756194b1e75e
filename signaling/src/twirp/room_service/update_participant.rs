//! `UpdateParticipant`: name, metadata, attributes, and what somebody may do from now on.

use livekit_protocol as proto;
use protocol::ids::RoomName;
use protocol::permission::Permission;
use sfu::words::administration::{ParticipantAct, ParticipantChange, Report};

use crate::twirp::call::{Call, identity, participant, unexpected};
use crate::twirp::error::TwirpError;
use crate::wire::to_media;

pub(super) async fn run(
    call: Call,
    room: RoomName,
    request: proto::UpdateParticipantRequest,
) -> Result<proto::ParticipantInfo, TwirpError> {
    let who = identity(&request.identity)?;
    let change = ParticipantChange {
        name: request.name,
        metadata: request.metadata,
        attributes: request.attributes.into_iter().collect(),
        permission: request.permission.map(permission),
    };
    let act = ParticipantAct::Update(Box::new(change));
    match call.ask_participant(room, who, act).await? {
        Report::Participant(info) => Ok(participant(*info)),
        other => Err(unexpected(&other)),
    }
}

/// The permission as a whole: what is absent is not permitted. Sources that we do not know are nobody's, and a list of
/// only such ones permits none.
#[expect(deprecated, reason = "SDKs still set `recorder`")]
fn permission(given: proto::ParticipantPermission) -> Permission {
    let named = given.can_publish_sources.len();
    let sources: Vec<_> = given
        .can_publish_sources
        .into_iter()
        .filter_map(|source| proto::TrackSource::try_from(source).ok())
        .map(to_media::source)
        .collect();
    Permission {
        can_subscribe: given.can_subscribe,
        can_publish: given.can_publish && (named == 0 || !sources.is_empty()),
        can_publish_data: given.can_publish_data,
        can_publish_sources: sources,
        hidden: given.hidden,
        recorder: given.recorder,
        can_update_metadata: given.can_update_metadata,
    }
}

#[cfg(test)]
mod tests {
    use protocol::permission::TrackSource;

    use super::*;

    #[test]
    fn a_permission_is_taken_whole_and_unknown_sources_permit_nothing() {
        let given = proto::ParticipantPermission { can_publish: true, ..Default::default() };
        assert!(permission(given.clone()).allows_source(TrackSource::Camera));
        assert!(!permission(given.clone()).can_subscribe);
        let sources = |numbers: &[i32]| {
            permission(proto::ParticipantPermission {
                can_publish_sources: numbers.to_vec(),
                ..given.clone()
            })
        };
        let microphone = proto::TrackSource::Microphone as i32;
        assert_eq!(sources(&[microphone, 99]).can_publish_sources, [TrackSource::Microphone]);
        assert!(!sources(&[99]).allows_source(TrackSource::Camera));
    }
}
