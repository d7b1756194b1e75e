//! `bedside.Admission`: who is let into a room, sent back to wait, sent away; and what is told to who waits.
//!
//! ```text
//! Admit, Hold {room, identity}            -> {identity, admission, present}
//! Remove      {room, identity}            -> {identity, admission, present}
//! Notify      {room, identity, notice}    -> {identity, admission, present}     an empty notice takes it back
//! ```
//!
//! Takes `roomAdmin` for that room. A decision about somebody who is not there yet is kept until it comes, as long as
//! the room lives. A room that nobody has opened is `not_found`: then the token decides that is joined with.

use std::collections::BTreeMap;

use livekit_protocol as proto;
use protocol::ids::{Identity, RoomName};
use protocol::permission::{Admission, NOTICE_ATTRIBUTE};
use serde::{Deserialize, Serialize};
use sfu::words::administration::{ParticipantAct, ParticipantChange, Report};
use sfu::words::info::ParticipantInfo;

use super::call::{Call, identity, unexpected};
use super::error::{Code, TwirpError};

/// Longest notice, in bytes.
const NOTICE_BYTES_MAX: usize = 2048;

/// What is asked.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AdmissionRequest {
    /// Which room.
    #[prost(string, tag = "1")]
    pub(crate) room: String,
    /// Who.
    #[prost(string, tag = "2")]
    pub(crate) identity: String,
    /// For `Notify`: what to tell.
    #[prost(string, tag = "3")]
    pub(crate) notice: String,
}

/// How it is now.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AdmissionState {
    /// Who.
    #[prost(string, tag = "1")]
    pub(crate) identity: String,
    /// `waiting`, `admitted`, or empty if that was never said.
    #[prost(string, tag = "2")]
    pub(crate) admission: String,
    /// Whether it is in the room.
    #[prost(bool, tag = "3")]
    pub(crate) present: bool,
}

pub(super) async fn admit(
    call: Call,
    room: RoomName,
    request: AdmissionRequest,
) -> Result<AdmissionState, TwirpError> {
    let who = identity(&request.identity)?;
    decide(&call, room, who, ParticipantAct::Admit, Admission::Admitted).await
}

/// Tokens from before do not undo it, whatever becomes of the room.
pub(super) async fn hold(
    call: Call,
    room: RoomName,
    request: AdmissionRequest,
) -> Result<AdmissionState, TwirpError> {
    let who = identity(&request.identity)?;
    call.signaling.shared.revocations.revoke(&room, &who, call.now.unix_s());
    decide(&call, room, who, ParticipantAct::Hold, Admission::Waiting).await
}

pub(super) async fn remove(
    call: Call,
    room: RoomName,
    request: AdmissionRequest,
) -> Result<AdmissionState, TwirpError> {
    let AdmissionRequest { identity, .. } = request;
    let asked = proto::RoomParticipantIdentity {
        room: room.as_str().to_owned(),
        identity: identity.clone(),
        ..Default::default()
    };
    super::room_service::remove_participant::run(call, room, asked).await?;
    Ok(AdmissionState { identity, admission: String::new(), present: false })
}

pub(super) async fn notify(
    call: Call,
    room: RoomName,
    request: AdmissionRequest,
) -> Result<AdmissionState, TwirpError> {
    if request.notice.len() > NOTICE_BYTES_MAX {
        let text = "the notice is longer than 2048 bytes";
        return Err(TwirpError::new(Code::InvalidArgument, text));
    }
    let who = identity(&request.identity)?;
    let attributes = BTreeMap::from([(NOTICE_ATTRIBUTE.to_owned(), request.notice)]);
    let change = ParticipantChange { attributes, ..ParticipantChange::default() };
    let act = ParticipantAct::Update(Box::new(change));
    match call.ask_participant(room, who, act).await? {
        Report::Participant(info) => Ok(state_of(&info)),
        other => Err(unexpected(&other)),
    }
}

async fn decide(
    call: &Call,
    room: RoomName,
    who: Identity,
    act: ParticipantAct,
    word: Admission,
) -> Result<AdmissionState, TwirpError> {
    match call.ask_participant(room, who.clone(), act).await? {
        Report::Participant(info) => Ok(state_of(&info)),
        Report::Done => Ok(AdmissionState {
            identity: who.into(),
            admission: word.as_str().to_owned(),
            present: false,
        }),
        other => Err(unexpected(&other)),
    }
}

fn state_of(info: &ParticipantInfo) -> AdmissionState {
    AdmissionState {
        identity: info.identity.as_str().to_owned(),
        admission: info.attributes.get(Admission::ATTRIBUTE).cloned().unwrap_or_default(),
        present: true,
    }
}
