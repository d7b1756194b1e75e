//! Frames of the signal socket: protobuf in binary frames, protobuf's JSON in text frames (for
//! debugging by hand).

use bytes::Bytes;
use livekit_protocol::{SignalRequest, SignalResponse, signal_request, signal_response};
use prost::Message as _;

use crate::limits::FIELDS_MAX;

pub(crate) mod asked;
pub(crate) mod data_track;
pub(crate) mod from_media;
pub(crate) mod pieces;
pub(crate) mod to_media;

/// One data frame of the socket.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    Binary(Bytes),
    Text(String),
}

/// How the socket's answers are written: as its client writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Protobuf,
    Json,
}

/// A frame is not a signal request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("frame is not a signal request")]
pub(crate) struct BrokenFrame;

impl Frame {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Binary(bytes) => bytes.len(),
            Self::Text(text) => text.len(),
        }
    }

    pub(crate) fn encoding(&self) -> Encoding {
        match self {
            Self::Binary(_) => Encoding::Protobuf,
            Self::Text(_) => Encoding::Json,
        }
    }

    /// The request in it; none if it is of a kind that we do not know.
    pub(crate) fn decode(&self) -> Result<Option<signal_request::Message>, BrokenFrame> {
        let request = match self {
            Self::Binary(bytes) if pieces::are_few(bytes, &[]) => {
                SignalRequest::decode(bytes.clone()).map_err(|_| BrokenFrame)?
            }
            // An empty message in JSON has a brace of its own.
            Self::Text(text) if text.bytes().filter(|byte| *byte == b'{').count() <= FIELDS_MAX => {
                serde_json::from_str(text).map_err(|_| BrokenFrame)?
            }
            Self::Binary(_) | Self::Text(_) => return Err(BrokenFrame),
        };
        Ok(request.message)
    }

    pub(crate) fn encode(message: signal_response::Message, encoding: Encoding) -> Self {
        let response = SignalResponse { message: Some(message) };
        match encoding {
            Encoding::Protobuf => Self::Binary(response.encode_to_vec().into()),
            // Writing JSON fails only for enum numbers without a name; none of ours is. Protobuf
            // says it as well.
            Encoding::Json => serde_json::to_string(&response)
                .map_or_else(|_| Self::Binary(response.encode_to_vec().into()), Self::Text),
        }
    }
}

#[cfg(test)]
mod tests;
