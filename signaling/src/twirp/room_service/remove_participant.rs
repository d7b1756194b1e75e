//! `RemoveParticipant`: sends somebody away, whose tokens from before do not let it in again.

use livekit_protocol as proto;
use protocol::ids::RoomName;
use protocol::token::{LEEWAY_S, LIFETIME_S_MAX};
use sfu::words::administration::ParticipantAct;

use crate::twirp::call::{Call, identity};
use crate::twirp::error::{Code, TwirpError};

/// The revocation comes first, and stands even if nobody of that identity is in the room just now.
pub(in crate::twirp) async fn run(
    call: Call,
    room: RoomName,
    request: proto::RoomParticipantIdentity,
) -> Result<proto::RemoveParticipantResponse, TwirpError> {
    let who = identity(&request.identity)?;
    let now = call.now.unix_s();
    let before = match request.revoke_token_ts {
        // The protocol's default: clocks of minters may be ahead.
        0 => now.saturating_add(LEEWAY_S),
        given => given,
    };
    if before > now.saturating_add(LIFETIME_S_MAX) {
        let text = "revoke_token_ts is more than a year ahead; it is in seconds";
        return Err(TwirpError::new(Code::InvalidArgument, text));
    }
    call.signaling.shared.revocations.revoke(&room, &who, before);
    call.ask_participant(room, who, ParticipantAct::Remove).await?;
    Ok(proto::RemoveParticipantResponse {})
}
