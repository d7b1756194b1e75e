//! `SendData`: a data packet from the server itself. Clients show it without a sender.

use livekit_protocol as proto;
use livekit_protocol::data_packet::{Kind, Value};
use prost::Message as _;
use protocol::ids::RoomName;
use sfu::limits::DATA_MESSAGE_BYTES_MAX;
use sfu::words::administration::RoomAct;

use crate::twirp::call::Call;
use crate::twirp::error::{Code, TwirpError};

pub(super) async fn run(
    call: Call,
    room: RoomName,
    request: proto::SendDataRequest,
) -> Result<proto::SendDataResponse, TwirpError> {
    let lossy = request.kind() == Kind::Lossy;
    let packet = packet(request).encode_to_vec();
    if packet.len() > DATA_MESSAGE_BYTES_MAX {
        return Err(TwirpError::new(Code::InvalidArgument, "the data is longer than 64 KiB"));
    }
    call.ask_room(room, RoomAct::SendData { packet, lossy }).await?;
    Ok(proto::SendDataResponse {})
}

/// Destinations stand in both places: older clients and servers read the inner one.
#[expect(deprecated, reason = "older clients read them")]
fn packet(request: proto::SendDataRequest) -> proto::DataPacket {
    let destination_identities = request.destination_identities;
    let user = proto::UserPacket {
        payload: request.data,
        topic: request.topic,
        nonce: request.nonce,
        destination_sids: request.destination_sids,
        destination_identities: destination_identities.clone(),
        ..Default::default()
    };
    proto::DataPacket {
        destination_identities,
        value: Some(Value::User(user)),
        ..Default::default()
    }
}
