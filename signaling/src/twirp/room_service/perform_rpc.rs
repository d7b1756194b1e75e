//! `PerformRpc`: calls a method of a participant's client, and answers what that answers. The client sees the caller
//! `bedside-server`.

use std::time::Duration;

use livekit_protocol as proto;
use livekit_protocol::{data_packet::Value, rpc_response};
use prost::Message as _;
use protocol::ids::{RoomName, SessionId};
use sfu::words::administration::{ParticipantAct, Question, RoomAct};
use tokio::time::timeout;

use crate::twirp::call::{Call, identity};
use crate::twirp::error::{Code, TwirpError};

/// Longest payload and method, in bytes: what clients hold themselves to.
const PAYLOAD_BYTES_MAX: usize = 15 * 1024;
const METHOD_BYTES_MAX: usize = 64;

/// How long an answer is waited for at most, and if nothing else is asked. Shorter than a call may take.
const PATIENCE_MAX: Duration = Duration::from_secs(9);

/// Version of the calls: payload in the packet itself.
const VERSION: u32 = 1;

pub(super) async fn run(
    call: Call,
    room: RoomName,
    request: proto::PerformRpcRequest,
) -> Result<proto::PerformRpcResponse, TwirpError> {
    let who = identity(&request.destination_identity)?;
    let is_named = (1..=METHOD_BYTES_MAX).contains(&request.method.len());
    if !is_named || request.payload.len() > PAYLOAD_BYTES_MAX {
        let text = "a method has 1 to 64 bytes, its payload 15 KiB at most";
        return Err(TwirpError::new(Code::InvalidArgument, text));
    }
    let patience = match request.response_timeout_ms {
        0 => PATIENCE_MAX,
        asked => Duration::from_millis(asked.into()).min(PATIENCE_MAX),
    };
    let patience_ms = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    let mut is_received = false;
    let question = |session: SessionId| {
        // Unlike any other that the participant's client has heard of.
        let id = format!("RPC_{}", session.0);
        let packet = packet(id.clone(), &request, patience_ms);
        let act = ParticipantAct::Ask(Box::new(Question { packet, id, session, patience_ms }));
        RoomAct::OfParticipant { identity: who, act }
    };
    let answer = call.converse(room, question, |packet| match value_of(&packet) {
        Some(Value::RpcResponse(response)) => Some(response),
        _ => {
            is_received = true;
            None
        }
    });
    match timeout(patience, answer).await {
        Ok(response) => result(response?),
        Err(_) if is_received => {
            Err(TwirpError::new(Code::DeadlineExceeded, "1502: the client answers too late"))
        }
        Err(_) => Err(TwirpError::new(Code::DeadlineExceeded, "1501: the client is not reached")),
    }
}

fn packet(id: String, request: &proto::PerformRpcRequest, patience_ms: u32) -> Vec<u8> {
    let value = proto::RpcRequest {
        id,
        method: request.method.clone(),
        payload: request.payload.clone(),
        response_timeout_ms: patience_ms,
        version: VERSION,
        ..Default::default()
    };
    let destination_identities = vec![request.destination_identity.clone()];
    let value = Some(Value::RpcRequest(value));
    proto::DataPacket { destination_identities, value, ..Default::default() }.encode_to_vec()
}

fn value_of(packet: &[u8]) -> Option<Value> {
    proto::DataPacket::decode(packet).ok()?.value
}

/// What the client answered; an error of its own has its number in front.
fn result(response: proto::RpcResponse) -> Result<proto::PerformRpcResponse, TwirpError> {
    match response.value {
        Some(rpc_response::Value::Payload(payload)) => Ok(proto::PerformRpcResponse { payload }),
        None => Ok(proto::PerformRpcResponse::default()),
        Some(rpc_response::Value::Error(error)) => {
            let text = format!("{}: {}", error.code, error.message);
            Err(TwirpError::new(Code::FailedPrecondition, text))
        }
        Some(_) => {
            Err(TwirpError::new(Code::Internal, "the client answers in a form not asked for"))
        }
    }
}
