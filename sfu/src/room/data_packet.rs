//! The envelope of a data message: LiveKit's `DataPacket` protobuf, read and stamped without knowing its contents.
//!
//! The server decides who a message is from: whatever the sender claims in `participant_identity`, `participant_sid`
//! or the deprecated copies inside `UserPacket` is removed and the truth appended. All other fields, known or not, are
//! copied byte for byte, so that new kinds of messages pass through us unharmed.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint,
};

/// Field numbers of `DataPacket`.
mod field {
    pub(super) const KIND: u32 = 1;
    pub(super) const USER: u32 = 2;
    pub(super) const SPEAKER: u32 = 3;
    pub(super) const PARTICIPANT_IDENTITY: u32 = 4;
    pub(super) const DESTINATION_IDENTITIES: u32 = 5;
    pub(super) const TRANSCRIPTION: u32 = 7;
    pub(super) const METRICS: u32 = 8;
    pub(super) const RPC_ACK: u32 = 11;
    pub(super) const RPC_RESPONSE: u32 = 12;
    pub(super) const SEQUENCE: u32 = 16;
    pub(super) const PARTICIPANT_SID: u32 = 17;
}

/// Field of `RpcAck` and `RpcResponse`: what they answer.
const REQUEST_ID: u32 = 1;

/// Field numbers of `UserPacket`.
mod user_field {
    pub(super) const PARTICIPANT_SID: u32 = 1;
    pub(super) const DESTINATION_SIDS: u32 = 3;
    pub(super) const PARTICIPANT_IDENTITY: u32 = 5;
    pub(super) const DESTINATION_IDENTITIES: u32 = 6;
}

/// Most destinations one message may name: as many as a room may hold.
const DESTINATIONS_MAX: usize = 256;

/// Why a message is not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DataPacketError {
    /// Not a protobuf message, or longer than it says.
    #[error("malformed data packet")]
    Malformed,
    /// A kind that only the server may send, or that is meant for the server.
    #[error("this kind of data packet is not relayed")]
    NotRelayed,
    /// Too many destinations.
    #[error("more destinations than a room can hold")]
    TooManyDestinations,
}

/// A message ready for its receivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// The message with the true sender.
    pub bytes: Bytes,
    /// Identities it is meant for; empty means everyone else.
    pub destinations: Vec<String>,
    /// Sids it is meant for (old clients), in addition.
    pub destination_sids: Vec<String>,
    /// The sender's counter on the reliable channel; 0 if it has none.
    pub sequence: u32,
}

/// Who the message is from, as the server knows.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// Identity; empty for a hidden participant.
    pub identity: &'a str,
    /// Sid.
    pub sid: &'a str,
    /// Agents alone may send transcriptions.
    pub is_agent: bool,
    /// The channel it came on, which decides the deprecated `kind`.
    pub lossy: bool,
}

/// Reads and stamps one message.
///
/// # Errors
/// When the message is malformed or must not be relayed.
pub fn stamp(message: &[u8], sender: Sender<'_>) -> Result<Stamped, DataPacketError> {
    let mut out =
        BytesMut::with_capacity(message.len() + sender.identity.len() + sender.sid.len() + 16);
    let mut stamped = Stamped {
        bytes: Bytes::new(),
        destinations: Vec::new(),
        destination_sids: Vec::new(),
        sequence: 0,
    };
    let mut input = message;
    let mut has_user = false;
    while input.has_remaining() {
        let element = next_field(&mut input)?;
        match element.number {
            // Each would be stamped: thousands of empty ones would make a message of megabytes.
            field::USER if std::mem::replace(&mut has_user, true) => {
                return Err(DataPacketError::Malformed);
            }
            field::SPEAKER | field::METRICS => return Err(DataPacketError::NotRelayed),
            field::TRANSCRIPTION if !sender.is_agent => return Err(DataPacketError::NotRelayed),
            field::KIND | field::PARTICIPANT_IDENTITY | field::PARTICIPANT_SID => {}
            field::USER => {
                let user = element.text_bytes()?;
                let user = stamp_user(user, sender, &mut stamped)?;
                encode_bytes(field::USER, &user, &mut out);
            }
            field::DESTINATION_IDENTITIES => {
                push_destination(&mut stamped.destinations, element.text()?)?;
                out.put_slice(element.raw);
            }
            field::SEQUENCE => {
                stamped.sequence = element.varint()?;
                out.put_slice(element.raw);
            }
            _ => out.put_slice(element.raw),
        }
    }
    if sender.lossy {
        encode_key(field::KIND, WireType::Varint, &mut out);
        encode_varint(1, &mut out);
    }
    encode_bytes(field::PARTICIPANT_IDENTITY, sender.identity.as_bytes(), &mut out);
    encode_bytes(field::PARTICIPANT_SID, sender.sid.as_bytes(), &mut out);
    stamped.bytes = out.freeze();
    Ok(stamped)
}

/// What a message says to a remote procedure call, with the call's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    /// It was received.
    Received(&'a str),
    /// This is its result, or why there is none.
    Result(&'a str),
}

/// Reads whether a message answers a call; `None` if it says something else.
pub(super) fn answer(message: &[u8]) -> Option<Answer<'_>> {
    let mut input = message;
    while input.has_remaining() {
        let element = next_field(&mut input).ok()?;
        let kind = match element.number {
            field::RPC_ACK => Answer::Received,
            field::RPC_RESPONSE => Answer::Result,
            _ => continue,
        };
        let mut inner = element.text_bytes().ok()?;
        while inner.has_remaining() {
            let element = next_field(&mut inner).ok()?;
            if element.number == REQUEST_ID {
                return element.text().ok().map(kind);
            }
        }
    }
    None
}

fn stamp_user(
    user: &[u8],
    sender: Sender<'_>,
    stamped: &mut Stamped,
) -> Result<BytesMut, DataPacketError> {
    let mut out =
        BytesMut::with_capacity(user.len() + sender.identity.len() + sender.sid.len() + 8);
    let mut input = user;
    while input.has_remaining() {
        let element = next_field(&mut input)?;
        match element.number {
            user_field::PARTICIPANT_SID | user_field::PARTICIPANT_IDENTITY => continue,
            user_field::DESTINATION_SIDS => {
                push_destination(&mut stamped.destination_sids, element.text()?)?;
            }
            user_field::DESTINATION_IDENTITIES => {
                push_destination(&mut stamped.destinations, element.text()?)?;
            }
            _ => {}
        }
        out.put_slice(element.raw);
    }
    encode_bytes(user_field::PARTICIPANT_SID, sender.sid.as_bytes(), &mut out);
    encode_bytes(user_field::PARTICIPANT_IDENTITY, sender.identity.as_bytes(), &mut out);
    Ok(out)
}

fn push_destination(list: &mut Vec<String>, name: &str) -> Result<(), DataPacketError> {
    if list.iter().any(|known| known == name) {
        return Ok(());
    }
    if list.len() >= DESTINATIONS_MAX {
        return Err(DataPacketError::TooManyDestinations);
    }
    list.push(name.to_owned());
    Ok(())
}

fn encode_bytes(number: u32, value: &[u8], out: &mut BytesMut) {
    if value.is_empty() {
        return;
    }
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(value.len() as u64, out);
    out.put_slice(value);
}

/// One protobuf field: its number, its bytes with key, and its value.
struct Field<'a> {
    number: u32,
    wire_type: WireType,
    raw: &'a [u8],
    value: &'a [u8],
}

impl<'a> Field<'a> {
    fn text_bytes(&self) -> Result<&'a [u8], DataPacketError> {
        if self.wire_type == WireType::LengthDelimited {
            Ok(self.value)
        } else {
            Err(DataPacketError::Malformed)
        }
    }

    fn text(&self) -> Result<&'a str, DataPacketError> {
        std::str::from_utf8(self.text_bytes()?).map_err(|_| DataPacketError::Malformed)
    }

    fn varint(&self) -> Result<u32, DataPacketError> {
        if self.wire_type != WireType::Varint {
            return Err(DataPacketError::Malformed);
        }
        let value = decode_varint(&mut &*self.value).map_err(|_| DataPacketError::Malformed)?;
        u32::try_from(value).map_err(|_| DataPacketError::Malformed)
    }
}

fn next_field<'a>(input: &mut &'a [u8]) -> Result<Field<'a>, DataPacketError> {
    let start = *input;
    let (number, wire_type) = decode_key(input).map_err(|_| DataPacketError::Malformed)?;
    let before_value = *input;
    let value = match wire_type {
        WireType::LengthDelimited => {
            let len = decode_varint(input).map_err(|_| DataPacketError::Malformed)?;
            let len = usize::try_from(len).map_err(|_| DataPacketError::Malformed)?;
            let value = input.get(..len).ok_or(DataPacketError::Malformed)?;
            input.advance(len);
            value
        }
        _ => {
            prost::encoding::skip_field(wire_type, number, input, DecodeContext::default())
                .map_err(|_| DataPacketError::Malformed)?;
            before_value.get(..before_value.len() - input.len()).unwrap_or_default()
        }
    };
    let raw = start.get(..start.len() - input.len()).unwrap_or_default();
    Ok(Field { number, wire_type, raw, value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SENDER: Sender<'_> =
        Sender { identity: "patient", sid: "PA_1", is_agent: false, lossy: false };

    fn text(number: u32, value: &str, out: &mut BytesMut) {
        encode_bytes(number, value.as_bytes(), out);
    }

    fn fields(mut bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let field = next_field(&mut bytes).unwrap();
            fields.push((field.number, field.value.to_vec()));
        }
        fields
    }

    #[test]
    fn a_message_of_many_user_packets_is_refused_before_it_grows() {
        let empty = [0x12, 0];
        assert!(stamp(&empty, SENDER).unwrap().bytes.len() < 64);
        assert_eq!(stamp(&empty.repeat(7000), SENDER), Err(DataPacketError::Malformed));
    }

    #[test]
    fn a_claimed_sender_is_replaced_by_the_true_one() {
        let mut user = BytesMut::new();
        text(1, "PA_forged", &mut user);
        text(2, "hello", &mut user);
        text(5, "doctor", &mut user);
        let mut packet = BytesMut::new();
        encode_bytes(2, &user, &mut packet);
        text(4, "doctor", &mut packet);
        text(17, "PA_forged", &mut packet);
        text(99, "future", &mut packet);
        let stamped = stamp(&packet, SENDER).unwrap();
        let out = fields(&stamped.bytes);
        let identity: Vec<_> = out.iter().filter(|(number, _)| *number == 4).collect();
        assert_eq!(identity, [&(4, b"patient".to_vec())]);
        assert!(out.contains(&(17, b"PA_1".to_vec())));
        assert!(out.contains(&(99, b"future".to_vec())));
        let user = fields(&out.iter().find(|(number, _)| *number == 2).unwrap().1);
        assert_eq!(user, [(2, b"hello".to_vec()), (1, b"PA_1".to_vec()), (5, b"patient".to_vec())]);
    }

    #[test]
    fn destinations_and_sequence_are_read_and_kept() {
        let mut packet = BytesMut::new();
        text(5, "doctor", &mut packet);
        text(5, "interpreter", &mut packet);
        encode_key(16, WireType::Varint, &mut packet);
        encode_varint(42, &mut packet);
        let stamped = stamp(&packet, SENDER).unwrap();
        assert_eq!(stamped.destinations, ["doctor", "interpreter"]);
        assert_eq!(stamped.sequence, 42);
        assert_eq!(fields(&stamped.bytes).iter().filter(|(number, _)| *number == 5).count(), 2);
    }

    #[test]
    fn speaker_metrics_and_forged_transcriptions_are_not_relayed() {
        for number in [3, 7, 8] {
            let mut packet = BytesMut::new();
            text(number, "x", &mut packet);
            assert_eq!(stamp(&packet, SENDER), Err(DataPacketError::NotRelayed));
        }
    }

    #[test]
    fn a_length_past_the_end_is_refused() {
        assert_eq!(stamp(&[0x12, 0x7f, 1], SENDER), Err(DataPacketError::Malformed));
    }

    proptest! {
        #[test]
        fn any_bytes_are_stamped_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(stamped) = stamp(&bytes, SENDER) {
                let twice = stamp(&stamped.bytes, SENDER).unwrap();
                prop_assert_eq!(twice.destinations, stamped.destinations);
            }
        }
    }
}
