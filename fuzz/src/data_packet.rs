//! Messages of data channels, as the room stamps them with their sender.
//!
//! Promises: no panic; whoever a message says it is from, it arrives from its sender; its parts cost in proportion to
//! its length.

use livekit_protocol::{DataPacket, data_packet::Value};
use prost::Message as _;
use sfu::room::data_packet::{Sender, stamp};

use super::cost;

const STEPS_FIXED: u64 = 5_000;

/// A list of destinations is short, and looked through for each of them.
const STEPS_PER_BYTE: u64 = 100;

/// The first byte chooses the channel and the kind of sender, the rest is a message.
pub fn run(data: &[u8]) {
    let Some((choice, message)) = data.split_first() else { return };
    let sender = Sender {
        identity: "doctor",
        sid: "PA_doctor",
        is_agent: choice & 1 == 1,
        lossy: choice & 2 == 2,
    };
    let stamped =
        cost::within(message.len(), STEPS_FIXED, STEPS_PER_BYTE, || stamp(message, sender));
    let Ok(stamped) = stamped else { return };
    assert!(stamped.bytes.len() <= message.len() + 256, "a message does not grow");
    let Ok(read) = DataPacket::decode(stamped.bytes.as_ref()) else { return };
    assert_eq!(read.participant_identity, sender.identity);
    assert_eq!(read.participant_sid, sender.sid);
    #[allow(deprecated, reason = "old clients send it")]
    match read.value {
        Some(Value::Speaker(_) | Value::Metrics(_)) => panic!("only a server says this"),
        Some(Value::Transcription(_)) => assert!(sender.is_agent),
        _ => {}
    }
}
