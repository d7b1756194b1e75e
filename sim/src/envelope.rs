//! The envelope of a data message as clients write and read it: the part of `DataPacket` that tests look at.

/// `DataPacket { user { payload }, participant_identity, destination_identities, sequence }` of LiveKit's protobuf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `user.payload`.
    pub payload: Vec<u8>,
    /// Who the sender claims to be, or is.
    pub identity: String,
    /// Likewise.
    pub sid: String,
    /// For whom; for everybody if empty.
    pub destinations: Vec<String>,
    /// The sender's count on the reliable channel; 0 if it does not count.
    pub sequence: u32,
}

mod field {
    pub(super) const USER: u64 = 2;
    pub(super) const PARTICIPANT_IDENTITY: u64 = 4;
    pub(super) const DESTINATION_IDENTITIES: u64 = 5;
    pub(super) const SEQUENCE: u64 = 16;
    pub(super) const PARTICIPANT_SID: u64 = 17;
    /// Of `UserPacket`.
    pub(super) const PAYLOAD: u64 = 2;
}

impl Envelope {
    /// A message to everybody.
    #[must_use]
    pub fn of(payload: impl Into<Vec<u8>>) -> Self {
        Self { payload: payload.into(), ..Self::default() }
    }

    /// With its place in what its sender says.
    #[must_use]
    pub fn numbered(self, sequence: u32) -> Self {
        Self { sequence, ..self }
    }

    /// For these alone.
    #[must_use]
    pub fn to(self, destinations: &[&str]) -> Self {
        let destinations = destinations.iter().map(|one| (*one).to_owned()).collect();
        Self { destinations, ..self }
    }

    /// As bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut user = Vec::new();
        put(field::PAYLOAD, &self.payload, &mut user);
        let mut packet = Vec::new();
        put(field::USER, &user, &mut packet);
        put(field::PARTICIPANT_IDENTITY, self.identity.as_bytes(), &mut packet);
        for destination in &self.destinations {
            put(field::DESTINATION_IDENTITIES, destination.as_bytes(), &mut packet);
        }
        if self.sequence > 0 {
            put_varint(field::SEQUENCE << 3, &mut packet);
            put_varint(self.sequence.into(), &mut packet);
        }
        put(field::PARTICIPANT_SID, self.sid.as_bytes(), &mut packet);
        packet
    }

    /// Of bytes that our server sent.
    #[must_use]
    pub fn decode(mut bytes: &[u8]) -> Self {
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).expect("a name");
        let mut envelope = Self::default();
        while let Some((number, value)) = next(&mut bytes) {
            match (number, value) {
                (field::USER, Value::Bytes(mut user)) => {
                    while let Some((number, value)) = next(&mut user) {
                        if let (field::PAYLOAD, Value::Bytes(payload)) = (number, value) {
                            envelope.payload = payload.to_vec();
                        }
                    }
                }
                (field::PARTICIPANT_IDENTITY, Value::Bytes(value)) => {
                    envelope.identity = text(value);
                }
                (field::PARTICIPANT_SID, Value::Bytes(value)) => envelope.sid = text(value),
                (field::DESTINATION_IDENTITIES, Value::Bytes(value)) => {
                    envelope.destinations.push(text(value));
                }
                (field::SEQUENCE, Value::Number(value)) => envelope.sequence = value as u32,
                _ => {}
            }
        }
        envelope
    }
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn put(number: u64, value: &[u8], out: &mut Vec<u8>) {
    put_varint(number << 3 | 2, out);
    put_varint(value.len() as u64, out);
    out.extend(value);
}

fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn next<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    if bytes.is_empty() {
        return None;
    }
    let key = varint(bytes);
    let first = varint(bytes);
    if key & 7 != 2 {
        return Some((key >> 3, Value::Number(first)));
    }
    let (value, rest) = bytes.split_at(first as usize);
    *bytes = rest;
    Some((key >> 3, Value::Bytes(value)))
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let envelope = Envelope {
            identity: "doctor".to_owned(),
            sid: "PA_1".to_owned(),
            ..Envelope::of(vec![1; 300]).numbered(70_000).to(&["patient", "interpreter"])
        };
        assert_eq!(Envelope::decode(&envelope.encode()), envelope);
    }
}
