//! `UpdateSubscriptions`: subscribes somebody to tracks, or unsubscribes.

use livekit_protocol as proto;
use protocol::ids::RoomName;
use sfu::words::administration::ParticipantAct;

use crate::limits::SIDS_MAX;
use crate::twirp::call::{Call, identity, tracks};
use crate::twirp::error::{Code, TwirpError};

pub(super) async fn run(
    call: Call,
    room: RoomName,
    request: proto::UpdateSubscriptionsRequest,
) -> Result<proto::UpdateSubscriptionsResponse, TwirpError> {
    let who = identity(&request.identity)?;
    let of_participants = request.participant_tracks.into_iter().flat_map(|one| one.track_sids);
    let sids: Vec<_> = request.track_sids.into_iter().chain(of_participants).collect();
    if sids.len() > SIDS_MAX {
        return Err(TwirpError::new(Code::InvalidArgument, "too many tracks"));
    }
    let act = ParticipantAct::Subscribe { tracks: tracks(sids), subscribe: request.subscribe };
    call.ask_participant(room, who, act).await?;
    Ok(proto::UpdateSubscriptionsResponse {})
}
